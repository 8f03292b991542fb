//! The conjunctions of a few conditions under which the loss is high.

mod cells;
mod cube;
mod family;
mod frequent;
mod max_t;
mod redundancy;
mod search;
mod sink;
mod table;
#[cfg(test)]
mod tests;

use crate::{BinnedColumn, CodeSet, LossSums};

pub use family::Family;
pub use frequent::{FrequentOptions, FrequentSlice, FrequentSlices, frequent_slices};
pub use max_t::{SliceMaxima, slice_maxima};
pub use redundancy::{members, overlap};
pub use search::find_slices;

/// A column whose codes stand for the conditions that slices are made of.
#[derive(Clone, Debug)]
pub struct SliceColumn<'a> {
    /// The codes.
    pub column: BinnedColumn<'a>,
    /// The level of each code: codes of one level are one condition. Codes without a level are in no slice.
    pub level_of: Vec<Option<u8>>,
    /// Number of levels.
    pub n_levels: usize,
}

/// One condition: a column has one of the codes of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SliceTerm {
    /// The column.
    pub column: usize,
    /// The level.
    pub level: u8,
}

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SliceOptions {
    /// Most conditions of a slice.
    pub max_terms: usize,
    /// Fewest rows of a slice.
    pub min_rows: u64,
    /// How much the loss counts against the size, 0 to 1.
    pub alpha: f64,
    /// How many slices are wanted; those that score as the last one are kept too.
    pub k: usize,
    /// Least difference between the mean loss of a slice and that of the rows outside it, for a slice to be named.
    pub min_difference: f64,
    /// Least ratio of the two, for a slice to be named.
    pub min_ratio: f64,
    /// Normal quantile of the lower bound that the second list is ordered by.
    pub z: f64,
    /// Visits of a row's cell up to which every slice is looked at; beyond it those that cannot be among the best are
    /// passed over, and none is looked at once so many visits were made.
    pub max_visits: u64,
    /// Passes over what cannot be among the best although the visits would allow to look at all.
    pub always_prune: bool,
}

impl Default for SliceOptions {
    fn default() -> Self {
        Self {
            max_terms: 3,
            min_rows: 1,
            alpha: 0.95,
            k: 10,
            min_difference: 0.0,
            min_ratio: 1.0,
            z: 1.959_963_984_540_054,
            max_visits: 4_000_000_000,
            always_prune: false,
        }
    }
}

/// A slice that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Its conditions, columns ascending.
    pub terms: Vec<SliceTerm>,
    /// Its rows and their loss.
    pub sums: LossSums,
    /// SliceLine's score (Sagadeeva & Boehm 2021, doi:10.1145/3448016.3457323, equation 1):
    /// `α·(ē_S/ē − 1) − (1 − α)·(n/|S| − 1)`.
    pub score: f64,
    /// Welch's statistic against the rows outside it.
    pub z: Option<f64>,
    /// Two-sided p-value of it, from the normal distribution.
    pub p_value: f64,
    /// Lower end of the interval of the difference to the rows outside it.
    pub low: f64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SliceSearch {
    /// Highest score first; of equal scores fewer conditions, then the earlier columns and levels.
    pub by_score: Vec<Slice>,
    /// Largest lower bound of the difference first. Empty when slices were passed over.
    pub by_difference: Vec<Slice>,
    /// All slices with enough rows, as far as they were looked at.
    pub family: Family,
    /// Everything that was asked.
    pub total: LossSums,
    /// Conditions up to which every slice that could be among the best was looked at.
    pub complete_to: usize,
    /// Visits of a row's cell.
    pub visits: u64,
    /// True when it was stopped before its end.
    pub was_stopped: bool,
}

impl SliceColumn<'_> {
    /// The codes of a level.
    #[must_use]
    pub fn codes(&self, level: u8) -> CodeSet {
        let of_level = self.level_of.iter().zip(0..=u8::MAX).filter(|(l, _)| **l == Some(level));
        of_level.map(|(_, code)| code).collect()
    }
}

/// Order of the answer: high score first, then fewer conditions, then columns and levels.
pub(crate) fn ordered(a: (f64, &[SliceTerm]), b: (f64, &[SliceTerm])) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.len().cmp(&b.1.len())).then(a.1.cmp(b.1))
}
