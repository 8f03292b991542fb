//! All slices with enough rows, however many conditions they have, and what each condition does to the loss.

use std::collections::HashMap;

use rayon::prelude::*;

use super::cells::{Counted, Kind, Valued, Weighed};
use super::search::{Search, Seen, enough_rows, frequent, root};
use super::{SliceColumn, SliceOptions, SliceTerm};
use crate::{LossSums, Losses};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrequentOptions {
    /// Fewest rows of a slice.
    pub min_rows: u64,
    /// Most conditions of a slice.
    pub max_terms: usize,
    /// Most slices: beyond it the search ends and is not complete.
    pub most: usize,
}

/// A slice with enough rows.
#[derive(Clone, Debug, PartialEq)]
pub struct FrequentSlice {
    /// Its conditions, columns ascending.
    pub terms: Vec<SliceTerm>,
    /// Its rows and their loss. Rows of weight 0 count towards the rows and have no loss.
    pub sums: LossSums,
}

/// All slices with enough rows: fewer conditions first, then the earlier columns and levels.
#[derive(Clone, Debug, PartialEq)]
pub struct FrequentSlices {
    /// The slices.
    pub slices: Vec<FrequentSlice>,
    /// All rows.
    pub total: LossSums,
    /// False when the search was stopped or there were more than the most.
    pub is_complete: bool,
    /// For each slice the slices with one condition fewer, in the order of its conditions; the empty one is `u32::MAX`.
    parts: Vec<Vec<u32>>,
    is_share: bool,
}

/// Every conjunction of conditions with at least `min_rows` rows, whatever its length, with the loss of its rows. It is what
/// frequent-pattern mining with an outcome gives (Pastor, de Alfaro and Baralis 2021, doi:10.1145/3448016.3457284); a weight
/// of 0 marks rows that have no outcome but count as rows. The answer is the same for any number of threads.
#[must_use]
pub fn frequent_slices(
    columns: &[SliceColumn<'_>],
    losses: Losses<'_>,
    weight: Option<&[f64]>,
    rows: &[u32],
    options: &FrequentOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> FrequentSlices {
    let pick = |values: &[f64], row: u32| values.get(row as usize).copied().unwrap_or(0.0);
    let (slices, total, is_complete) = match (losses, weight) {
        (Losses::Flags(flags), None) => {
            let of_row = |row: u32| flags.get(row as usize).copied().unwrap_or(0);
            all::<Counted>(columns, rows, of_row, options, stop)
        }
        (Losses::Values(values), None) => all::<Valued>(columns, rows, |row| pick(values, row), options, stop),
        (losses, Some(weight)) => {
            all::<Weighed>(columns, rows, |row| (losses.at(row as usize), pick(weight, row)), options, stop)
        }
    };
    let [w, ww, ..] = total.sums;
    // Weights of 0 and 1 alone leave counts of errors.
    let is_share = losses.is_flags() && (w - ww).abs() < 1e-9 * w.abs();
    let parts = parts(&slices);
    FrequentSlices { slices, total, is_complete, parts, is_share }
}

impl FrequentSlices {
    /// `m_S − m`: mean loss of a slice less that of all rows; none where a mean does not exist.
    #[must_use]
    pub fn divergence(&self, place: usize) -> Option<f64> {
        Some(mean(&self.slices.get(place)?.sums)? - mean(&self.total)?)
    }

    /// The size of the divergence in standard errors, as DivExplorer has it. For errors that are counted, means and variances
    /// are those of the Beta distributions with `1 + errors` and `1 + others`; otherwise population variances over rows. Both
    /// take the slice and all rows as though they shared none.
    #[must_use]
    pub fn t(&self, place: usize) -> Option<f64> {
        let of = |sums: &LossSums| {
            let [w, ww, e, we, wee] = sums.sums;
            if self.is_share {
                let (pos, neg) = (1.0 + e, 1.0 + w - e);
                let n = pos + neg;
                return Some((pos / n, pos * neg / (n * n * (n + 1.0))));
            }
            let m = mean(sums)?;
            Some((m, (wee - 2.0 * m * we + m * m * ww).max(0.0) / (w * w)))
        };
        let ((a, va), (b, vb)) = (of(&self.slices.get(place)?.sums)?, of(&self.total)?);
        let t = (a - b).abs() / libm::sqrt(va + vb);
        t.is_finite().then_some(t)
    }

    /// What each condition of a slice contributes to its divergence: Shapley's value over the parts of the slice, in the order
    /// of its conditions. They add up to the divergence.
    #[must_use]
    pub fn contributions(&self, place: usize) -> Option<Vec<f64>> {
        let k = self.slices.get(place)?.terms.len();
        // More conditions than this are in no slice that anybody reads.
        if k > 16 {
            return None;
        }
        let whole = (1_usize << k) - 1;
        let mut place_of = vec![u32::MAX; whole + 1];
        *place_of.get_mut(whole)? = u32::try_from(place).ok()?;
        let mut value = vec![0.0; whole + 1];
        for set in (1..=whole).rev() {
            let own = *place_of.get(set)? as usize;
            *value.get_mut(set)? = self.divergence(own)?;
            let members = (0..k).filter(|bit| set >> bit & 1 == 1);
            for (bit, part) in members.zip(self.parts.get(own)?) {
                *place_of.get_mut(set & !(1 << bit))? = *part;
            }
        }
        let weights = shapley_weights(k);
        let of = |bit: usize| {
            let with = (1..=whole).filter(|set| set >> bit & 1 == 1);
            with.map(|set| {
                let others = set.count_ones() as usize - 1;
                let gain = value.get(set).unwrap_or(&0.0) - value.get(set & !(1 << bit)).unwrap_or(&0.0);
                weights.get(others).unwrap_or(&0.0) * gain
            })
            .sum()
        };
        Some((0..k).map(of).collect())
    }

    /// What each condition contributes over all slices with enough rows: Shapley's value generalised to items
    /// (Pastor et al. 2021, “global divergence”):
    ///
    /// ```text
    /// Σ over slices S with the condition  |B|! (|A| − |B| − 1)! / (|A|! Π m) · (Δ(S) − Δ(S without it))
    /// ```
    ///
    /// `A` are the columns with frequent conditions, `B` those of `S` without the condition's, `m` how many frequent
    /// conditions a column of `S` has. Slices without a mean, or whose part has none, add nothing.
    #[must_use]
    pub fn global_contributions(&self) -> Vec<(SliceTerm, f64)> {
        let singles = || self.slices.iter().take_while(|s| s.terms.len() == 1).filter_map(|s| s.terms.first());
        let n_columns = singles().map(|t| t.column).max().map_or(0, |c| c + 1);
        let mut levels = vec![0_u32; n_columns];
        singles().for_each(|t| levels.iter_mut().skip(t.column).take(1).for_each(|n| *n += 1));
        let weights = shapley_weights(levels.iter().filter(|n| **n > 0).count());
        let mut sums: Vec<(SliceTerm, f64)> = singles().map(|t| (*t, 0.0)).collect();
        for (place, slice) in self.slices.iter().enumerate() {
            let Some(own) = self.divergence(place) else { continue };
            let of_column = |t: &SliceTerm| f64::from(levels.get(t.column).copied().unwrap_or(1));
            let ways: f64 = slice.terms.iter().map(of_column).product();
            let weight = weights.get(slice.terms.len() - 1).copied().unwrap_or(0.0) / ways;
            for (term, part) in slice.terms.iter().zip(self.parts.get(place).into_iter().flatten()) {
                let without = if *part == u32::MAX { Some(0.0) } else { self.divergence(*part as usize) };
                let slot = sums.binary_search_by(|(t, _)| t.cmp(term)).ok().and_then(|i| sums.get_mut(i));
                if let (Some(without), Some((_, sum))) = (without, slot) {
                    *sum += weight * (own - without);
                }
            }
        }
        sums
    }

    /// Whether a slice tells nothing new: a condition can be left out and the divergence stays the same but for `tolerance`.
    #[must_use]
    pub fn is_redundant(&self, place: usize, tolerance: f64) -> bool {
        let Some(own) = self.divergence(place) else { return false };
        self.parts.get(place).into_iter().flatten().any(|part| {
            let without = if *part == u32::MAX { Some(0.0) } else { self.divergence(*part as usize) };
            without.is_some_and(|without| (own - without).abs() <= tolerance)
        })
    }
}

fn mean(sums: &LossSums) -> Option<f64> {
    (sums.weight() > 0.0).then(|| sums.loss() / sums.weight())
}

/// `b! (a − b − 1)! / a!` for `b` of `0..a`.
fn shapley_weights(a: usize) -> Vec<f64> {
    let mut weights = Vec::with_capacity(a);
    // 1/a at first, then each one is the last times b / (a − b).
    let mut weight = 1.0;
    for b in 0..a {
        #[allow(clippy::cast_precision_loss, reason = "small whole numbers")]
        let factor = if b == 0 { 1.0 / a as f64 } else { b as f64 / (a - b) as f64 };
        weight *= factor;
        weights.push(weight);
    }
    weights
}

/// Places of the slices with one condition fewer; every one of them has enough rows, too.
fn parts(slices: &[FrequentSlice]) -> Vec<Vec<u32>> {
    let places: HashMap<&[SliceTerm], u32> = slices.iter().map(|s| s.terms.as_slice()).zip(0..).collect();
    let of = |slice: &FrequentSlice| {
        let mut fewer = Vec::with_capacity(slice.terms.len());
        (0..slice.terms.len())
            .map(|out| {
                fewer.clear();
                fewer.extend(slice.terms.iter().enumerate().filter(|(i, _)| *i != out).map(|(_, term)| *term));
                places.get(fewer.as_slice()).copied().unwrap_or(u32::MAX)
            })
            .collect()
    };
    slices.par_iter().with_min_len(1_024).map(of).collect()
}

impl Seen for Vec<FrequentSlice> {
    fn offer(&mut self, prefix: &[SliceTerm], last: &[SliceTerm], sums: &LossSums) {
        let terms = prefix.iter().chain(last).copied().collect();
        self.push(FrequentSlice { terms, sums: *sums });
    }
}

/// Tasks between looks at how many slices there are.
const WAVE: usize = 32;

fn all<K: Kind>(
    columns: &[SliceColumn<'_>],
    rows: &[u32],
    of_row: impl Fn(u32) -> K::Row + Sync,
    options: &FrequentOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> (Vec<FrequentSlice>, LossSums, bool) {
    let wanted =
        SliceOptions { min_rows: options.min_rows.max(1), max_terms: options.max_terms, ..SliceOptions::default() };
    let block = root::<K>(columns, rows, of_row);
    let mut whole = K::Cell::default();
    block.rows.iter().for_each(|row| K::add(&mut whole, *row));
    let total = K::sums(&whole);
    let singles: Vec<Vec<K::Cell>> = (0..columns.len()).into_par_iter().map(|i| block.singles(i)).collect();
    let mut found = Vec::new();
    for (place, cells) in singles.iter().enumerate().filter(|_| options.max_terms > 0) {
        let n_levels = columns.get(place).map_or(0, |c| c.n_levels);
        let of_column = (0..=u8::MAX).zip(cells).take(n_levels);
        for (level, cell) in of_column.filter(|(_, cell)| enough_rows::<K>(&wanted, cell)) {
            found.offer(&[], &[SliceTerm { column: place, level }], &K::sums(cell));
        }
    }
    let block = frequent(block, &singles, |cell| enough_rows::<K>(&wanted, cell));
    let search = Search { options: &wanted, total: &total, stop, prunes: false };
    let mut is_complete = true;
    if options.max_terms >= 2 && block.columns.len() >= 2 {
        let heads: Vec<(Vec<FrequentSlice>, Vec<_>)> = (0..block.columns.len() - 1)
            .into_par_iter()
            .map(|head| {
                let mut own = Vec::new();
                let below = search.head(&block, &[], head, f64::NEG_INFINITY, &mut own);
                (own, below)
            })
            .collect();
        let mut tasks = Vec::new();
        for (own, below) in heads {
            found.extend(own);
            tasks.extend(below);
        }
        for wave in tasks.chunks(WAVE) {
            if stop() || found.len() > options.most {
                is_complete = false;
                break;
            }
            let one = |task| {
                let mut own = Vec::new();
                search.deeper(&block, &[], task, f64::NEG_INFINITY, &mut own);
                own
            };
            let done: Vec<Vec<FrequentSlice>> = wave.par_iter().map(one).collect();
            found.extend(done.into_iter().flatten());
        }
    }
    is_complete = is_complete && !stop() && found.len() <= options.most;
    found.sort_unstable_by(|a, b| a.terms.len().cmp(&b.terms.len()).then_with(|| a.terms.cmp(&b.terms)));
    if found.len() > options.most {
        // Parts come before wholes, so that what stays is closed.
        found.truncate(options.most);
    }
    (found, total, is_complete)
}

#[cfg(test)]
mod tests;
