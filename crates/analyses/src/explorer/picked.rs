//! Rows that enter the views of pairs: all of them, or of many as many as asked, with their columns side by side.

use equipoise_data::{Column, MISSING, Rows};
use equipoise_kernels::{Merge, split_mix};

use crate::context::Part;
use crate::{AnalysisError, Context};

/// Values of one column in the picked rows.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// NaN is missing.
    Numbers(Vec<f64>),
    /// Codes of levels; [`MISSING`] is missing.
    Codes(Vec<u32>),
}

/// The picked rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Picked {
    pub(super) columns: Vec<Values>,
    /// Weights, where rows have them.
    pub(super) weight: Vec<f64>,
    n: usize,
    /// Rows they were picked from.
    n_all: usize,
}

impl Values {
    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(values) => values.get(row).is_none_or(|x| x.is_nan()),
            Self::Codes(codes) => codes.get(row).is_none_or(|c| *c == MISSING),
        }
    }

    fn extend(&mut self, other: Self) {
        match (self, other) {
            (Self::Numbers(mine), Self::Numbers(theirs)) => mine.extend(theirs),
            (Self::Codes(mine), Self::Codes(theirs)) => mine.extend(theirs),
            _ => {}
        }
    }
}

impl Merge for Picked {
    fn merge_from(&mut self, other: Self) {
        if self.columns.is_empty() {
            *self = other;
            return;
        }
        self.columns.iter_mut().zip(other.columns).for_each(|(mine, theirs)| mine.extend(theirs));
        self.weight.extend(other.weight);
        self.n += other.n;
    }
}

impl Picked {
    /// Number of picked rows.
    pub(super) fn len(&self) -> usize {
        self.n
    }

    /// True when not all rows were picked.
    pub(super) fn is_part(&self) -> bool {
        self.n < self.n_all
    }

    /// Rows they were picked from.
    pub(super) fn n_all(&self) -> usize {
        self.n_all
    }

    /// Weight of a picked row.
    pub(super) fn weight_at(&self, row: usize) -> f64 {
        if self.weight.is_empty() { 1.0 } else { self.weight.get(row).copied().unwrap_or(0.0) }
    }

    /// Picks rows by hashing their numbers: about `most` of them, all where there are no more.
    pub(super) fn from(
        part: &Part<'_>,
        places: &[usize],
        most: usize,
        context: &Context<'_>,
    ) -> Result<Self, AnalysisError> {
        context.check_stop()?;
        let n_all = part.frame.n_rows();
        // A row is picked when its hash lies in the lowest share of all hashes.
        #[allow(clippy::cast_possible_truncation, reason = "most < n_all, so the quotient is below 2^64")]
        let limit = (n_all > most).then(|| ((most as u128) << 64).div_euclid(n_all as u128) as u64);
        let push = |picked: &mut Self, rows: &Rows<'_>, columns: &[Column]| {
            let keep = |i: &usize| limit.is_none_or(|limit| split_mix(rows.id(*i)) < limit);
            let kept: Vec<usize> = (0..rows.len()).filter(keep).collect();
            let take = |column: &Column| match column {
                Column::Number(values) => {
                    Values::Numbers(kept.iter().filter_map(|i| values.get(*i).copied()).collect())
                }
                Column::Codes { codes, .. } => {
                    Values::Codes(kept.iter().filter_map(|i| codes.get(*i).copied()).collect())
                }
            };
            picked.merge_from(Self {
                columns: columns.iter().map(take).collect(),
                weight: if rows.weight.is_some() {
                    kept.iter().map(|i| rows.weight_at(*i)).collect()
                } else {
                    Vec::new()
                },
                n: kept.len(),
                n_all: 0,
            });
        };
        let mut picked = part.frame.reduce_with(0, part.dataset, places, Self::default, push)?;
        picked.n_all = n_all;
        Ok(picked)
    }
}
