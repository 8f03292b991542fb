//! A block of rows, turned on its side: ranks and codes by lane.

use crate::forest::{Forest, Lane, Test};

/// Rows of a block.
pub(crate) const ROWS: usize = 64;

/// Ranks and codes of up to [`ROWS`] rows. Rows beyond the last one repeat what was there before.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    ranks: Vec<[i32; ROWS]>,
}

impl Block {
    pub(crate) fn new(forest: &Forest) -> Self {
        Self { ranks: vec![[0; ROWS]; forest.lanes.len()] }
    }

    /// Takes rows in, row by row of `n_features`.
    pub(crate) fn fill(&mut self, forest: &Forest, rows: &[f64]) {
        let lanes = forest.lanes.iter().zip(&forest.thresholds);
        for (ranks, (lane, thresholds)) in self.ranks.iter_mut().zip(lanes) {
            let (Lane::Number { feature, .. } | Lane::Category { feature, .. }) = lane;
            for (rank, row) in ranks.iter_mut().zip(rows.chunks_exact(forest.n_features.max(1))) {
                *rank = rank_of(*lane, thresholds, row.get(*feature).copied().unwrap_or(f64::NAN));
            }
        }
    }

    /// Takes rows in whose ranks are known.
    pub(crate) fn fill_ranks(&mut self, rows: &[&[i32]]) {
        for (lane, ranks) in self.ranks.iter_mut().enumerate() {
            for (rank, row) in ranks.iter_mut().zip(rows) {
                *rank = row.get(lane).copied().unwrap_or(0);
            }
        }
    }

    /// For each row 1 when it goes left, otherwise 0.
    #[inline(always)]
    pub(crate) fn ask(&self, forest: &Forest, test: Test) -> [u32; ROWS] {
        let mut left = [0; ROWS];
        match test {
            Test::Number { lane, rank } => {
                if let Some(ranks) = self.ranks.get(lane as usize) {
                    for (left, r) in left.iter_mut().zip(ranks) {
                        *left = u32::from(*r <= rank);
                    }
                }
            }
            Test::Category { lane, start, n_words } => {
                let words = forest.words.get(start as usize..(start + n_words) as usize).unwrap_or_default();
                if let Some(codes) = self.ranks.get(lane as usize) {
                    for (left, code) in left.iter_mut().zip(codes) {
                        let word = words.get((*code >> 6) as usize).copied().unwrap_or(0);
                        *left = ((word >> (*code & 63)) & 1) as u32;
                    }
                }
            }
        }
        left
    }
}

/// Thresholds that a number is beyond, or a code.
pub(crate) fn rank_of(lane: Lane, thresholds: &[f64], x: f64) -> i32 {
    match lane {
        Lane::Number { missing_left, zero_is_missing, is_less, .. } => {
            if x.is_nan() || (zero_is_missing && is_zero(x)) {
                return if missing_left { -1 } else { i32::MAX };
            }
            let beyond =
                if is_less { thresholds.partition_point(|t| *t <= x) } else { thresholds.partition_point(|t| *t < x) };
            beyond as i32
        }
        Lane::Category { other, .. } => {
            if x.is_nan() {
                return (other + 1) as i32;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are encoded whole")]
            let code = x as u32;
            code.min(other) as i32
        }
    }
}

/// Zero in the sense of LightGBM, whose bound is a single-precision constant.
fn is_zero(x: f64) -> bool {
    x.abs() <= f64::from(1e-35_f32)
}

/// Ranks and codes of one row, by lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranks<'a>(pub(crate) &'a [i32]);

/// Ranks and codes of many rows, row by row.
pub(crate) fn ranks_of(forest: &Forest, rows: &[f64]) -> Vec<i32> {
    let lanes = || forest.lanes.iter().zip(&forest.thresholds);
    let rows = rows.chunks_exact(forest.n_features.max(1));
    rows.flat_map(|row| {
        lanes().map(|(lane, thresholds)| {
            let (Lane::Number { feature, .. } | Lane::Category { feature, .. }) = lane;
            rank_of(*lane, thresholds, row.get(*feature).copied().unwrap_or(f64::NAN))
        })
    })
    .collect()
}

/// Whether a row goes left.
#[inline]
pub(crate) fn goes_left(forest: &Forest, test: Test, ranks: Ranks<'_>) -> bool {
    match test {
        Test::Number { lane, rank } => ranks.0.get(lane as usize).is_some_and(|r| *r <= rank),
        Test::Category { lane, start, .. } => {
            let code = ranks.0.get(lane as usize).copied().unwrap_or(0);
            let word = forest.words.get(start as usize + (code >> 6) as usize).copied().unwrap_or(0);
            (word >> (code & 63)) & 1 == 1
        }
    }
}
