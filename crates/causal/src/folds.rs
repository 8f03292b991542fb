//! Which rows are predicted together by a fit that has not seen them.

use equipoise_kernels::split_mix;

use crate::CausalError;

/// A partition of the rows. Invariant: every row belongs to exactly one fold and no fold is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Folds {
    of: Vec<u8>,
    rows: Vec<Vec<u32>>,
}

impl Folds {
    /// Folds as given: `of[row]` is below the number of folds.
    ///
    /// # Errors
    /// Fewer than two folds, or one without rows.
    pub fn given(of: Vec<u8>) -> Result<Self, CausalError> {
        let k = of.iter().copied().max().map_or(0, |m| usize::from(m) + 1);
        let mut rows = vec![Vec::new(); k];
        for (row, fold) in of.iter().enumerate() {
            if let (Some(list), Ok(row)) = (rows.get_mut(usize::from(*fold)), u32::try_from(row)) {
                list.push(row);
            }
        }
        if k < 2 || rows.iter().any(Vec::is_empty) {
            return Err(CausalError::TooFewRows { rows: of.len(), folds: k.max(2) });
        }
        Ok(Self { of, rows })
    }

    /// `k` folds of about equal size within each stratum. Rows are put in the order of a hash of their key, the seed and
    /// the repetition, and dealt out: with keys made of what a row says, the order of the rows does not matter.
    ///
    /// # Errors
    /// When there are too few rows.
    pub fn dealt(keys: &[u64], strata: &[u32], k: usize, seed: u64, repetition: u64) -> Result<Self, CausalError> {
        let salt = split_mix(seed ^ split_mix(repetition));
        let stratum = |row: usize| strata.get(row).copied().unwrap_or(0);
        let mut order: Vec<(u32, u64, usize)> =
            keys.iter().enumerate().map(|(row, key)| (stratum(row), split_mix(key ^ salt), row)).collect();
        order.sort_unstable();
        let mut of = vec![0_u8; keys.len()];
        let k = k.clamp(2, 255);
        for (place, (.., row)) in order.iter().enumerate() {
            if let Some(fold) = of.get_mut(*row) {
                *fold = u8::try_from(place % k).unwrap_or(0);
            }
        }
        if keys.len() < 2 * k {
            return Err(CausalError::TooFewRows { rows: keys.len(), folds: k });
        }
        Self::given(of)
    }

    /// As [`Folds::dealt`], with the rows of a cluster always together. Clusters are numbered from 0.
    ///
    /// # Errors
    /// When there are too few clusters.
    pub fn of_clusters(clusters: &[u32], k: usize, seed: u64, repetition: u64) -> Result<Self, CausalError> {
        let n = clusters.iter().copied().max().map_or(0, |m| m as usize + 1);
        let keys: Vec<u64> = (0..n as u64).collect();
        let dealt = Self::dealt(&keys, &[], k, seed, repetition)?;
        Self::given(clusters.iter().map(|c| dealt.of.get(*c as usize).copied().unwrap_or(0)).collect())
    }

    /// Number of folds.
    #[must_use]
    pub fn k(&self) -> usize {
        self.rows.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.of.len()
    }

    /// The fold of each row.
    #[must_use]
    pub fn of(&self) -> &[u8] {
        &self.of
    }

    /// Rows of each fold, ascending.
    #[must_use]
    pub fn rows(&self) -> &[Vec<u32>] {
        &self.rows
    }

    /// Places `start..end` of the rows of each part in turn, `step` at a time. Where parts lie mixed, rows that are taken one
    /// after the other are near each other in memory.
    pub(crate) fn in_turn(
        parts: &[Vec<u32>],
        step: usize,
        (start, end): (usize, usize),
    ) -> impl Iterator<Item = (usize, &[u32])> {
        (start..end).step_by(step).flat_map(move |from| {
            parts.iter().enumerate().filter_map(move |(part, rows)| {
                let rows = rows.get(from.min(rows.len())..(from + step).min(end).min(rows.len()))?;
                (!rows.is_empty()).then_some((part, rows))
            })
        })
    }

    /// Rows outside of a fold, ascending, and of the subset if there is one.
    #[must_use]
    pub fn outside(&self, fold: usize, subset: Option<&[bool]>) -> Vec<u32> {
        let is_in = |row: usize| subset.is_none_or(|s| s.get(row).copied().unwrap_or(false));
        let rows = self.of.iter().enumerate().filter(|(row, f)| usize::from(**f) != fold && is_in(*row));
        rows.filter_map(|(row, _)| u32::try_from(row).ok()).collect()
    }

    /// Rows of a fold that are in the subset.
    #[must_use]
    pub fn inside(&self, fold: usize, subset: Option<&[bool]>) -> Vec<u32> {
        let is_in = |row: &u32| subset.is_none_or(|s| s.get(*row as usize).copied().unwrap_or(false));
        self.rows.get(fold).map(|rows| rows.iter().copied().filter(is_in).collect()).unwrap_or_default()
    }
}
