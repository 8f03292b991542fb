//! How large the largest statistic of all slices is when errors fall at random.

use rayon::prelude::*;

use super::cells::{Counted, Kind as _};
use super::cube::{self, Cube};
use super::search::{Seen, enough_rows, frequent, root};
use super::{SliceColumn, SliceOptions, SliceTerm};
use crate::{Draws, LossSums};

/// The largest statistic of all slices in each of many data sets whose errors were dealt out anew.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceMaxima {
    /// In ascending order.
    maxima: Vec<f64>,
}

impl SliceMaxima {
    /// How often chance alone gives a slice somewhere that is at least as clear as one with Welch's statistic `z`:
    /// `(1 + how many maxima are not smaller) / (1 + how many there are)`. None is a slice whose sides do not vary.
    ///
    /// It is Westfall and Young's single-step max-T (1993, *Resampling-Based Multiple Testing*, section 2.6): it holds
    /// whatever the dependence between slices, and uses it.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a number of permutations")]
    pub fn adjusted(&self, z: Option<f64>) -> f64 {
        let smaller = self.maxima.partition_point(|m| *m < z.unwrap_or(f64::INFINITY));
        (1 + self.maxima.len() - smaller) as f64 / (1 + self.maxima.len()) as f64
    }

    /// How many permutations there were.
    #[must_use]
    pub fn n(&self) -> usize {
        self.maxima.len()
    }
}

/// Deals the errors of some rows out anew, `permutations` times, and looks at every slice each time. None where there are too
/// many columns or levels to do so (see [`find_slices`](super::find_slices): what it passes over cannot be among the largest by
/// score, but may be by this statistic), or when stopped.
#[must_use]
pub fn slice_maxima(
    columns: &[SliceColumn<'_>],
    flags: &[u8],
    rows: &[u32],
    options: &SliceOptions,
    (permutations, seed): (u32, u64),
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<SliceMaxima> {
    let block = root::<Counted>(columns, rows, |row| flags.get(row as usize).copied().unwrap_or(0));
    let singles: Vec<Vec<u64>> = (0..columns.len()).map(|i| block.singles(i)).collect();
    let block = frequent(block, &singles, |cell| enough_rows::<Counted>(options, cell));
    let widths = cube::widths(&block.columns);
    let most = options.max_terms.min(block.columns.len());
    let cube = if most >= 2 { Some(Cube::plan(block.rows.len(), &widths, most)?) } else { None };
    let errors = block.rows.iter().map(|flag| u64::from(*flag)).sum();
    let total = LossSums::of_counts(block.rows.len() as u64, errors);
    let one = |permutation: u32| -> Option<f64> {
        if stop() {
            return None;
        }
        let mut flags = block.rows.clone();
        shuffle(&mut flags, &mut Draws::new(seed, "slices.max_t", u64::from(permutation)));
        let mut all = Largest { total: &total, z: f64::NEG_INFINITY };
        for column in &block.columns {
            let cells = Counted::singles(&flags, column);
            for (cell, level) in cells.iter().zip(&column.levels) {
                all.offer(&[], &[SliceTerm { column: column.place, level: *level }], &Counted::sums(cell));
            }
        }
        if let Some(cube) = &cube {
            let make = || Largest { total: &total, z: f64::NEG_INFINITY };
            let take = |own: Largest<'_>| all.z = all.z.max(own.z);
            cube.search((&block.columns, &widths), &flags, options, make, take, stop)?;
        }
        Some(all.z)
    };
    let mut maxima: Vec<f64> = (0..permutations).into_par_iter().map(one).collect::<Option<_>>()?;
    maxima.sort_unstable_by(f64::total_cmp);
    Some(SliceMaxima { maxima })
}

/// The largest statistic so far.
struct Largest<'a> {
    total: &'a LossSums,
    z: f64,
}

impl Seen for Largest<'_> {
    fn offer(&mut self, _: &[SliceTerm], _: &[SliceTerm], sums: &LossSums) {
        let rest = self.total.without(sums);
        let z = sums.welch_z(&rest).unwrap_or_else(|| {
            // Both sides are constant: different constants leave no doubt.
            let is_worse = rest.rows > 0 && sums.loss() * rest.weight() > rest.loss() * sums.weight();
            if is_worse { f64::INFINITY } else { 0.0 }
        });
        self.z = self.z.max(z);
    }
}

/// Fisher and Yates' shuffle.
fn shuffle(values: &mut [u8], draws: &mut Draws) {
    for last in (1..values.len()).rev() {
        let other = usize::try_from(draws.below(last as u64 + 1)).unwrap_or(last);
        values.swap(last, other);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "quotients of small whole numbers")]
mod tests {
    use super::*;
    use crate::{BinnedColumn, Losses, find_slices};

    fn never() -> bool {
        false
    }

    fn table(seed: u64, n: usize, shape: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let mut draws = Draws::new(seed, "max_t.tests", 0);
        let codes: Vec<Vec<u8>> =
            shape.iter().map(|k| (0..n).map(|_| u8::try_from(draws.below(*k as u64)).unwrap()).collect()).collect();
        let flags = (0..n).map(|_| u8::from(draws.uniform() < 0.2)).collect();
        (codes, flags)
    }

    fn columns<'a>(codes: &'a [Vec<u8>], shape: &[usize]) -> Vec<SliceColumn<'a>> {
        let one = |(codes, n): (&'a Vec<u8>, &usize)| SliceColumn {
            column: BinnedColumn { codes, n_codes: *n, missing: None, is_ordered: false },
            level_of: (0..*n).map(|c| Some(u8::try_from(c).unwrap())).collect(),
            n_levels: *n,
        };
        codes.iter().zip(shape).map(one).collect()
    }

    /// The largest statistic of a data set is that of its surest slice when its errors are as they are dealt.
    #[test]
    fn maxima_are_those_of_a_search_of_each_permutation() {
        let shape = [2, 3, 4];
        let (codes, flags) = table(1, 500, &shape);
        let columns = columns(&codes, &shape);
        let rows: Vec<u32> = (0..500).collect();
        let options = SliceOptions { min_rows: 15, k: 100_000, ..SliceOptions::default() };
        let found = slice_maxima(&columns, &flags, &rows, &options, (20, 9), &never).unwrap();
        let mut expected: Vec<f64> = (0..20)
            .map(|permutation| {
                let mut dealt = flags.clone();
                shuffle(&mut dealt, &mut Draws::new(9, "slices.max_t", permutation));
                assert_eq!(dealt.iter().map(|f| u32::from(*f)).sum::<u32>(), flags.iter().map(|f| u32::from(*f)).sum());
                // Every slice that is worse is named: the quantile 0 makes the lower bound the difference.
                let all = SliceOptions { z: 0.0, ..options };
                let search = find_slices(&columns, Losses::Flags(&dealt), None, &rows, &all, &never);
                search.by_difference.iter().filter_map(|s| s.z).fold(f64::NEG_INFINITY, f64::max)
            })
            .collect();
        expected.sort_by(f64::total_cmp);
        assert_eq!(found.maxima, expected);
        assert_eq!(found.adjusted(Some(f64::INFINITY)), 1.0 / 21.0);
        assert_eq!(found.adjusted(Some(-10.0)), 1.0);
        assert_eq!(found.adjusted(Some(expected[10])), 11.0 / 21.0);
        assert_eq!(slice_maxima(&columns, &flags, &rows, &options, (5, 9), &|| true), None);
    }

    /// Without any real slice the largest one is called so in about one data set of twenty: 150·0.05 ± 3 standard errors.
    #[test]
    fn the_level_holds() {
        let shape = [2, 3, 4, 3];
        let mut n_found = 0;
        for set in 0..150 {
            let (codes, flags) = table(1_000 + set, 600, &shape);
            let columns = columns(&codes, &shape);
            let rows: Vec<u32> = (0..600).collect();
            let options = SliceOptions { min_rows: 30, ..SliceOptions::default() };
            let maxima = slice_maxima(&columns, &flags, &rows, &options, (99, 1), &never).unwrap();
            let found = find_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &never);
            let all = found.by_difference.iter().chain(&found.by_score);
            n_found += u32::from(all.into_iter().any(|s| maxima.adjusted(s.z) <= 0.05));
        }
        assert!(n_found <= 15, "{n_found}");
    }
}
