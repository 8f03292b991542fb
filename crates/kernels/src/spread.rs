//! The mean of a number and how well it is known.

use serde::{Deserialize, Serialize};

use crate::{Merge, Tally};

/// Weighted mean of numbers with its variance, in one pass (stable).
///
/// With `m = Σw·y / Σw`:
///
/// ```text
/// variance of the mean = n/(n−1) · Σ w²·(y − m)² / (Σw)²
/// ```
///
/// Without weights it is the textbook `s²/n`. Sums are about a running mean (Welford 1962; Chan, Golub & LeVeque 1983),
/// so that a large mean costs no digits.
///
/// ```
/// use equipoise_kernels::Spread;
///
/// let mut spread = Spread::default();
/// for y in [1.0, 2.0, 3.0] {
///     spread.push(1.0, y);
/// }
/// assert_eq!(spread.mean(), Some(2.0));
/// assert!((spread.variance_of_mean().unwrap_or(0.0) - 1.0 / 3.0).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    tally: Tally,
    mean: f64,
    /// `Σ w²·(y − mean)`.
    first: f64,
    /// `Σ w²·(y − mean)²`.
    second: f64,
}

impl Spread {
    /// Adds a row; its weight counts from above 0.
    pub fn push(&mut self, w: f64, y: f64) {
        let ww = self.tally.ww;
        self.tally.push(w);
        if w > 0.0 {
            self.move_mean(self.mean + (y - self.mean) * (w / self.tally.w), ww);
            let distance = y - self.mean;
            self.first += w * w * distance;
            self.second += w * w * distance * distance;
        }
    }

    /// Rows and weights.
    #[must_use]
    pub fn tally(self) -> Tally {
        self.tally
    }

    /// The mean; none at zero weight.
    #[must_use]
    pub fn mean(self) -> Option<f64> {
        (self.tally.w > 0.0 && self.mean.is_finite()).then_some(self.mean)
    }

    /// Variance of the mean; none below two rows.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
    pub fn variance_of_mean(self) -> Option<f64> {
        self.mean()?;
        let n = self.tally.n as f64;
        let variance = n / (n - 1.0) * self.second.max(0.0) / (self.tally.w * self.tally.w);
        (n > 1.0 && variance.is_finite()).then_some(variance)
    }

    /// Restates the sums, which hold weights `ww` so far, about another mean.
    fn move_mean(&mut self, mean: f64, ww: f64) {
        let step = mean - self.mean;
        self.second += step * (step * ww - 2.0 * self.first);
        self.first -= step * ww;
        self.mean = mean;
    }
}

impl Merge for Spread {
    fn merge_from(&mut self, other: Self) {
        let Self { tally, mean, .. } = other;
        let w = self.tally.w + tally.w;
        if w > 0.0 {
            let mean = self.mean + (mean - self.mean) * (tally.w / w);
            let mut other = other;
            other.move_mean(mean, tally.ww);
            self.move_mean(mean, self.tally.ww);
            self.first += other.first;
            self.second += other.second;
        }
        self.tally.merge_from(tally);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the two-pass definition, for any cut into two parts and with a large common offset.
        #[test]
        fn any_cut_gives_the_two_pass_answer(rows in prop::collection::vec((0.1..3.0_f64, -5.0..5.0_f64), 2..50), cut in 0_usize..50) {
            let cut = cut.min(rows.len());
            let mut parts = [Spread::default(), Spread::default()];
            for (i, (w, y)) in rows.iter().enumerate() {
                parts[usize::from(i >= cut)].push(*w, y + 1e6);
            }
            let [mut whole, rest] = parts;
            whole.merge_from(rest);
            let total: f64 = rows.iter().map(|r| r.0).sum();
            let mean = rows.iter().map(|(w, y)| w * y).sum::<f64>() / total;
            let second: f64 = rows.iter().map(|(w, y)| w * w * (y - mean) * (y - mean)).sum();
            let n = rows.len() as f64;
            let variance = n / (n - 1.0) * second / (total * total);
            prop_assert!((whole.mean().unwrap() - 1e6 - mean).abs() < 1e-8);
            prop_assert!((whole.variance_of_mean().unwrap() - variance).abs() < 1e-6 * variance + 1e-12);
        }
    }

    #[test]
    fn too_few_rows() {
        let mut spread = Spread::default();
        assert_eq!((spread.mean(), spread.variance_of_mean()), (None, None));
        spread.push(0.0, 7.0);
        assert_eq!(spread.mean(), None);
        spread.push(1.0, 7.0);
        assert_eq!(spread.mean(), Some(7.0));
    }
}
