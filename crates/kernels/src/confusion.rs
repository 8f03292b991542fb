//! Counts of truth by prediction: the one thing every label metric is made from.

use serde::{Deserialize, Serialize};

use crate::{Confusion, Confusion2, Merge, kish};

/// Rows, weights and squared weights of every pair of truth and prediction among `k` classes.
///
/// The squared weights make intervals right under weights: the variance of a linear function `Σ g·p` of the cells'
/// shares `p` is `Σ (Σ_cell w²)·(g − ḡ)² / (Σ w)²`, and Kish's effective number of any set of cells is
/// `(Σ w)² / Σ w²` over them.
///
/// *Exact* for row counts, *stable* for weights (1e-13 relative for any cut of the rows).
///
/// ```
/// use equipoise_kernels::CellCounts;
///
/// let mut counts = CellCounts::among(2);
/// counts.push_rows(&[1, 1, 0], &[1, 0, 0], None);
/// assert_eq!(counts.binary(1).true_positive_rate(), Ok(0.5));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CellCounts {
    k: usize,
    /// Row-major: the truth counts slowly, the prediction fast.
    rows: Vec<u64>,
    weight: Vec<f64>,
    squares: Vec<f64>,
}

impl CellCounts {
    /// Nothing counted yet, `k` classes.
    #[must_use]
    pub fn among(k: usize) -> Self {
        Self { k, rows: vec![0; k * k], weight: vec![0.0; k * k], squares: vec![0.0; k * k] }
    }

    /// Counts rows; without weights each weighs 1. Rows whose class is not below `k` are left out.
    pub fn push_rows(&mut self, truth: &[u16], predicted: &[u16], weight: Option<&[f64]>) {
        match weight {
            Some(weight) => self.push_weighted(truth, predicted, weight),
            None if self.k == 2 && truth.iter().chain(predicted).all(|class| *class < 2) => {
                self.push_two(truth, predicted);
            }
            None => self.push_unweighted(truth, predicted),
        }
    }

    /// Two classes without weights: three sums of 0s and 1s, which the compiler turns into wide additions.
    fn push_two(&mut self, truth: &[u16], predicted: &[u16]) {
        const BLOCK: usize = 32_768;
        let (mut n, mut positives, mut selected, mut both) = (0_u64, 0_u64, 0_u64, 0_u64);
        for (truth, predicted) in truth.chunks(BLOCK).zip(predicted.chunks(BLOCK)) {
            let (mut y, mut d, mut yd) = (0_u16, 0_u16, 0_u16);
            for (truth, predicted) in truth.iter().zip(predicted) {
                y += truth;
                d += predicted;
                yd += truth & predicted;
            }
            n += truth.len().min(predicted.len()) as u64;
            positives += u64::from(y);
            selected += u64::from(d);
            both += u64::from(yd);
        }
        let cells = [n + both - positives - selected, selected - both, positives - both, both];
        self.add_rows(&cells);
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop: both classes are checked to be below k first")]
    fn push_unweighted(&mut self, truth: &[u16], predicted: &[u16]) {
        let k = self.k;
        let mut cells = vec![0_u64; k * k];
        for (truth, predicted) in truth.iter().zip(predicted) {
            let (truth, predicted) = (usize::from(*truth), usize::from(*predicted));
            if truth < k && predicted < k {
                cells[truth * k + predicted] += 1;
            }
        }
        self.add_rows(&cells);
    }

    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    fn add_rows(&mut self, cells: &[u64]) {
        let sums = self.rows.iter_mut().zip(&mut self.weight).zip(&mut self.squares);
        for (((rows, weight), squares), cell) in sums.zip(cells) {
            *rows += cell;
            *weight += *cell as f64;
            *squares += *cell as f64;
        }
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop: both classes are checked to be below k first")]
    fn push_weighted(&mut self, truth: &[u16], predicted: &[u16], weight: &[f64]) {
        let k = self.k;
        for ((truth, predicted), w) in truth.iter().zip(predicted).zip(weight) {
            let (truth, predicted) = (usize::from(*truth), usize::from(*predicted));
            if truth < k && predicted < k {
                let cell = truth * k + predicted;
                self.rows[cell] += 1;
                self.weight[cell] += w;
                self.squares[cell] += w * w;
            }
        }
    }

    /// Number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.k
    }

    /// Rows per cell, row-major, truth first.
    #[must_use]
    pub fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.rows.iter().sum()
    }

    /// Kish's effective number of rows; the number of rows when all weigh the same.
    #[must_use]
    pub fn n_effective(&self) -> f64 {
        kish(self.weight.iter().sum(), self.squares.iter().sum())
    }

    /// Weights per cell, for the metrics of any number of classes.
    #[must_use]
    pub fn weights(&self) -> Confusion {
        Confusion::from_cells(self.k, self.weight.clone())
    }

    /// Squared weights per cell, for intervals.
    #[must_use]
    pub fn squares(&self) -> Confusion {
        Confusion::from_cells(self.k, self.squares.clone())
    }

    /// Weights of one class against all others.
    #[must_use]
    pub fn binary(&self, positive: usize) -> Confusion2 {
        against_rest(self.k, positive, &self.weight)
    }

    /// Squared weights of one class against all others.
    #[must_use]
    pub fn binary_squares(&self, positive: usize) -> Confusion2 {
        against_rest(self.k, positive, &self.squares)
    }

    /// Rows of one class against all others: `(true positive, false positive, false negative, true negative)`.
    #[must_use]
    pub fn binary_rows(&self, positive: usize) -> [u64; 4] {
        let mut cells = [0_u64; 4];
        for (place, rows) in self.rows.iter().enumerate() {
            let [tp, fp, fn_, tn] = &mut cells;
            match (place / self.k == positive, place % self.k == positive) {
                (true, true) => *tp += rows,
                (false, true) => *fp += rows,
                (true, false) => *fn_ += rows,
                (false, false) => *tn += rows,
            }
        }
        cells
    }
}

fn against_rest(k: usize, positive: usize, cells: &[f64]) -> Confusion2 {
    let mut out = Confusion2::default();
    for (place, weight) in cells.iter().enumerate() {
        out.push(place / k == positive, place % k == positive, *weight);
    }
    out
}

impl Merge for CellCounts {
    fn merge_from(&mut self, other: Self) {
        if self.k == 0 {
            *self = other;
            return;
        }
        let Self { k, rows, weight, squares } = other;
        debug_assert!(k == 0 || k == self.k, "neighbours count the same classes");
        for (mine, theirs) in self.rows.iter_mut().zip(rows) {
            *mine += theirs;
        }
        for (mine, theirs) in self.weight.iter_mut().zip(weight) {
            *mine += theirs;
        }
        for (mine, theirs) in self.squares.iter_mut().zip(squares) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts are exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(k: usize, rows: &[(u16, u16, f64)], is_weighted: bool) -> CellCounts {
        let truth: Vec<u16> = rows.iter().map(|r| r.0).collect();
        let predicted: Vec<u16> = rows.iter().map(|r| r.1).collect();
        let weight: Vec<f64> = rows.iter().map(|r| r.2).collect();
        let mut counts = CellCounts::among(k);
        counts.push_rows(&truth, &predicted, is_weighted.then_some(&weight[..]));
        counts
    }

    #[test]
    fn seven_rows_of_three_classes() {
        let counts =
            counted(3, &[(0, 0, 1.), (0, 1, 1.), (1, 1, 1.), (1, 1, 1.), (2, 0, 1.), (2, 2, 1.), (2, 2, 1.)], false);
        assert_eq!(counts.rows(), [1, 1, 0, 0, 2, 0, 1, 0, 2]);
        // Class 1 against the rest: truly 1 and so predicted twice, 0 taken for 1 once, never missed.
        assert_eq!(counts.binary(1), Confusion2 { tp: 2.0, fp: 1.0, fn_: 0.0, tn: 4.0 });
        assert_eq!(counts.binary_rows(1), [2, 1, 0, 4]);
    }

    #[test]
    fn kish_of_unequal_weights() {
        let counts = counted(2, &[(1, 1, 3.0), (0, 0, 1.0)], true);
        // (3 + 1)² / (9 + 1)
        assert_eq!(counts.n_effective(), 1.6);
    }

    proptest! {
        #[test]
        fn two_classes_count_like_many(rows in prop::collection::vec((0_u16..3, 0_u16..2), 0..400)) {
            let rows: Vec<_> = rows.into_iter().map(|(t, p)| (t, p, 1.0)).collect();
            let (fast, slow) = (counted(2, &rows, false), counted(2, &rows, true));
            prop_assert_eq!(fast, slow);
        }

        #[test]
        fn any_cut_and_any_order(
            mut rows in prop::collection::vec((0_u16..4, 0_u16..4, 0..8_u8), 0..200), cut in 0_usize..200, seed in any::<u64>(),
        ) {
            let whole: Vec<_> = rows.iter().map(|(t, p, w)| (*t, *p, f64::from(*w))).collect();
            let cut = cut.min(whole.len());
            let mut parts = counted(4, &whole[..cut], true);
            parts.merge_from(counted(4, &whole[cut..], true));
            parts.merge_from(CellCounts::among(4));
            let mut draws = crate::Draws::new(seed, "order", 0);
            for i in (1..rows.len()).rev() {
                rows.swap(i, usize::try_from(draws.below(i as u64 + 1)).unwrap());
            }
            let shuffled: Vec<_> = rows.iter().map(|(t, p, w)| (*t, *p, f64::from(*w))).collect();
            prop_assert_eq!(&parts, &counted(4, &whole, true));
            prop_assert_eq!(&parts, &counted(4, &shuffled, true));
        }
    }
}
