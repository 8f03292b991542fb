//! How much each column tells of the loss.

use equipoise_kernels::{AssociationOptions, MutualInformation, benjamini_hochberg, mutual_information};
use rayon::prelude::*;

use super::heat_map::runs;
use super::mask::RowMask;
use super::matrix::ErrorMatrix;
use super::params::BinRule;

/// How much a column tells of the loss.
#[derive(Clone, Debug)]
pub struct Association {
    /// Place of the column.
    pub column: usize,
    /// Its name.
    pub name: String,
    /// Mutual information; none without rows.
    pub information: Option<MutualInformation>,
    /// Adjusted p-value over the columns (Benjamini & Hochberg).
    pub adjusted: Option<f64>,
    /// Levels of the column that occur.
    pub n_levels: usize,
    /// Number of rows.
    pub n: u64,
}

/// Quantile bins of columns of numbers, and of losses that are not counted.
const BINS: u32 = 8;

impl ErrorMatrix {
    /// The columns by how much they tell of the loss of some rows, most first.
    #[must_use]
    pub fn association(
        &self,
        mask: &RowMask,
        permutations: u32,
        replicates: u32,
        level: f64,
        seed: u64,
    ) -> Vec<Association> {
        let rows = self.eligible(mask).rows();
        let (marks, n_marks) = self.marks(&rows);
        let one = |column: usize| {
            let coding = self.codings.get(column)?;
            let levels = self.levels(column);
            let n_places = levels.iter().map(|l| usize::from(*l) + 1).max().unwrap_or(1);
            let mut counts = vec![0_u64; n_places * n_marks];
            let mut weighed = vec![0.0; n_places * n_marks];
            let (codes, weight) = (self.codes(column), self.weight());
            let (mut sum, mut squares) = (0.0, 0.0);
            for (row, mark) in rows.iter().zip(&marks) {
                let row = *row as usize;
                let level = codes.get(row).and_then(|code| levels.get(usize::from(*code))).copied().unwrap_or(0);
                let place = usize::from(level) * n_marks + usize::from(*mark);
                if let (Some(count), Some(share)) = (counts.get_mut(place), weighed.get_mut(place)) {
                    *count += 1;
                    if let Some(w) = weight.and_then(|w| w.get(row)) {
                        *share += w;
                        sum += w;
                        squares += w * w;
                    }
                }
            }
            let stream = format!("errors.association.{}", coding.name);
            let options = AssociationOptions { permutations, replicates, level, seed, stream: &stream };
            let weighted = weight.map(|_| (weighed.as_slice(), equipoise_kernels::kish(sum, squares)));
            let weighted = weighted.filter(|(_, n)| *n > 0.0);
            let information = mutual_information(&counts, n_marks, weighted, &options);
            let n = rows.len() as u64;
            let n_levels = counts.chunks(n_marks.max(1)).filter(|level| level.iter().any(|c| *c > 0)).count();
            Some(Association { column, name: coding.name.clone(), information, adjusted: None, n_levels, n })
        };
        let mut all: Vec<Association> = (0..self.codings.len()).into_par_iter().filter_map(one).collect();
        let p: Vec<f64> = all.iter().filter_map(|a| a.information.as_ref()?.p_value).collect();
        let mut adjusted = benjamini_hochberg(&p).into_iter();
        for association in &mut all {
            association.adjusted =
                association.information.as_ref().and_then(|i| i.p_value).and_then(|_| adjusted.next());
        }
        let size = |a: &Association| a.information.as_ref().map_or(0.0, |i| i.corrected);
        let p = |a: &Association| a.information.as_ref().and_then(|i| i.p_value).unwrap_or(1.0);
        all.sort_by(|a, b| size(b).total_cmp(&size(a)).then(p(a).total_cmp(&p(b))).then(a.column.cmp(&b.column)));
        all
    }

    /// The level of each code: names, quantile bins of numbers, missing values a level of their own.
    fn levels(&self, column: usize) -> Vec<u8> {
        let Some(coding) = self.codings.get(column) else { return Vec::new() };
        let groups = if coding.is_ordered() {
            runs(&coding.cuts(BinRule::Quantile, BINS), coding.n_valued())
        } else {
            (0..coding.n_valued()).filter_map(|c| u8::try_from(c).ok()).map(equipoise_kernels::CodeSet::of).collect()
        };
        let last = u8::try_from(groups.len()).unwrap_or(u8::MAX);
        (0..=u8::MAX)
            .take(coding.n_codes())
            .map(|code| (0..=u8::MAX).zip(&groups).find(|(_, set)| set.contains(code)).map_or(last, |(level, _)| level))
            .collect()
    }

    /// The loss of each row as one of a few marks: counted errors as they are, others by their quantile.
    fn marks(&self, rows: &[u32]) -> (Vec<u8>, usize) {
        let losses = self.losses();
        if losses.is_flags() {
            return (rows.iter().map(|row| u8::from(losses.at(*row as usize) > 0.0)).collect(), 2);
        }
        let mut sorted: Vec<f64> = rows.iter().map(|row| losses.at(*row as usize)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |i: u32| sorted.get(sorted.len() * i as usize / BINS as usize).copied();
        let mut edges: Vec<f64> = (1..BINS).filter_map(at).collect();
        edges.dedup();
        let mark = |row: &u32| u8::try_from(edges.partition_point(|e| *e <= losses.at(*row as usize))).unwrap_or(0);
        (rows.iter().map(mark).collect(), edges.len() + 1)
    }
}
