//! A weighted mean with its standard error.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use crate::{Confidence, Defined, Ends, Measured, Merge, Undefined, kish, t_quantile};

/// A weighted mean `m = Σ w·x / Σ w` with the variance that sampling rows gives it:
///
/// ```text
/// n/(n − 1) · Σ w²·(x − m)² / (Σ w)²        n = (Σ w)² / Σ w²
/// ```
///
/// which is `s²/n` when all weights are equal. *Stable*: moments are taken about a local mean and merged exactly as
/// Chan, Golub & LeVeque (1979) do, so that a large mean does not swallow a small spread.
///
/// ```
/// use equipoise_kernels::Mean;
///
/// let mut mean = Mean::default();
/// mean.push_all(&[1.0, 2.0, 3.0], None);
/// assert_eq!(mean.value(), Ok(2.0));
/// assert!((mean.standard_error().unwrap() - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    rows: u64,
    weight: f64,
    squares: f64,
    /// Σ w·x / Σ w
    mean: f64,
    /// Σ w²·x / Σ w²
    mean_by_squares: f64,
    /// Σ w²·(x − mean_by_squares)²
    spread: f64,
}

impl Mean {
    /// Takes in values; without weights each weighs 1.
    pub fn push_all(&mut self, values: &[f64], weight: Option<&[f64]>) {
        let Some(shift) = values.first().copied() else { return };
        let mut part = Self { rows: values.len() as u64, ..Self::default() };
        match weight {
            None => {
                #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53 values")]
                let n = values.len() as f64;
                let sum: f64 = values.iter().map(|x| x - shift).sum();
                part.weight = n;
                part.squares = n;
                part.mean = shift + sum / n;
                part.mean_by_squares = part.mean;
                part.spread = values.iter().map(|x| (x - part.mean) * (x - part.mean)).sum();
            }
            Some(weight) => {
                let (mut sum, mut sum_by_squares) = (0.0, 0.0);
                for (x, w) in values.iter().zip(weight) {
                    let (x, ww) = (x - shift, w * w);
                    part.weight += w;
                    part.squares += ww;
                    sum += w * x;
                    sum_by_squares += ww * x;
                }
                if part.weight <= 0.0 {
                    self.rows += part.rows;
                    return;
                }
                part.mean = shift + sum / part.weight;
                part.mean_by_squares = shift + sum_by_squares / part.squares;
                for (x, w) in values.iter().zip(weight) {
                    let away = w * (x - part.mean_by_squares);
                    part.spread += away * away;
                }
            }
        }
        self.merge_from(part);
    }

    /// Out of raw sums about a shift near the mean: `Σw, Σw², Σw·d, Σw²·d, Σw²·d²` with `d = x − shift`.
    #[must_use]
    pub fn from_sums(rows: u64, shift: f64, sums: [f64; 5]) -> Self {
        let [weight, squares, by_weight, by_squares, second] = sums;
        if weight <= 0.0 || squares <= 0.0 {
            return Self { rows, ..Self::default() };
        }
        let away = by_squares / squares;
        Self {
            rows,
            weight,
            squares,
            mean: shift + by_weight / weight,
            mean_by_squares: shift + away,
            spread: (second - away * by_squares).max(0.0),
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Sum of weights.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Kish's effective number of rows.
    #[must_use]
    pub fn n_effective(&self) -> f64 {
        kish(self.weight, self.squares)
    }

    /// The mean.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without rows, [`Undefined::ZeroWeight`] when all weights are zero,
    /// [`Undefined::NotFinite`] when a value was not a finite number.
    pub fn value(&self) -> Defined {
        if self.rows == 0 {
            Err(Undefined::Empty)
        } else if self.weight <= 0.0 {
            Err(Undefined::ZeroWeight)
        } else if self.mean.is_finite() {
            Ok(self.mean)
        } else {
            Err(Undefined::NotFinite)
        }
    }

    /// Standard error of the mean; none for a single row.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        let n = self.n_effective();
        if n <= 1.0 {
            return None;
        }
        let off = self.mean_by_squares - self.mean;
        let sum = self.spread + self.squares * off * off;
        let se = sqrt(n / (n - 1.0) * sum) / self.weight;
        se.is_finite().then_some(se)
    }

    /// What is left when a part is taken out again: the rows of `self` that are not in `part`. Loses digits when little
    /// is left.
    #[must_use]
    pub fn without(&self, part: &Self) -> Self {
        let (weight, squares) = (self.weight - part.weight, self.squares - part.squares);
        let rows = self.rows.saturating_sub(part.rows);
        if rows == 0 || weight <= 0.0 || squares <= 0.0 {
            return Self { rows, ..Self::default() };
        }
        let mean = self.mean + (self.mean - part.mean) * (part.weight / weight);
        let mean_by_squares =
            self.mean_by_squares + (self.mean_by_squares - part.mean_by_squares) * (part.squares / squares);
        let away = part.mean_by_squares - mean_by_squares;
        let spread = self.spread - part.spread - away * away * (part.squares * (squares / self.squares));
        Self { rows, weight, squares, mean, mean_by_squares, spread: spread.max(0.0) }
    }

    /// The mean with Student's interval on the effective number of rows.
    #[must_use]
    pub fn measure(&self, confidence: Confidence) -> Measured {
        let value = self.value();
        let ends = value.ok().zip(self.standard_error()).map(|(mean, se)| {
            let half = self.t(confidence) * se;
            Ends { low: mean - half, high: mean + half }
        });
        Measured::new(value, ends, "student_t")
    }

    /// Two-sided Student's quantile for this many effective rows.
    fn t(&self, confidence: Confidence) -> f64 {
        let df = self.n_effective() - 1.0;
        // Beyond a million rows t and z agree to seven digits.
        if df > 1e6 { confidence.z() } else { t_quantile(0.5 + 0.5 * confidence.level(), df) }
    }
}

impl Merge for Mean {
    fn merge_from(&mut self, other: Self) {
        let Self { rows, weight, squares, mean, mean_by_squares, spread } = other;
        self.rows += rows;
        if weight <= 0.0 {
            return;
        }
        if self.weight <= 0.0 {
            *self = Self { rows: self.rows, ..other };
            return;
        }
        let (total, total_squares) = (self.weight + weight, self.squares + squares);
        self.mean += (mean - self.mean) * (weight / total);
        let away = mean_by_squares - self.mean_by_squares;
        self.spread += spread + away * away * (self.squares * (squares / total_squares));
        self.mean_by_squares += away * (squares / total_squares);
        self.weight = total;
        self.squares = total_squares;
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "small whole numbers")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_by_hand() {
        let mut mean = Mean::default();
        mean.push_all(&[10.0, 20.0], Some(&[1.0, 3.0]));
        assert_eq!(mean.value(), Ok(70.0 / 4.0));
        assert_eq!(mean.n_effective(), 1.6);
        // Σ w²(x − 17.5)² = 56.25 + 9·6.25 = 112.5; n/(n−1) = 1.6/0.6; (Σ w)² = 16.
        let se = (1.6 / 0.6 * 112.5 / 16.0_f64).sqrt();
        assert!((mean.standard_error().unwrap() - se).abs() < 1e-12);
    }

    #[test]
    fn a_large_mean_does_not_swallow_the_spread() {
        let mut mean = Mean::default();
        mean.push_all(&[1e9 + 1.0, 1e9 + 2.0], None);
        mean.push_all(&[1e9 + 3.0], None);
        assert!((mean.standard_error().unwrap() - (1.0_f64 / 3.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn nothing_says_why() {
        let mut mean = Mean::default();
        assert_eq!(mean.value(), Err(Undefined::Empty));
        mean.push_all(&[1.0], Some(&[0.0]));
        assert_eq!(mean.value(), Err(Undefined::ZeroWeight));
        mean.push_all(&[f64::INFINITY, 1.0], None);
        assert_eq!(mean.value(), Err(Undefined::NotFinite));
    }

    #[test]
    fn raw_sums_give_the_same() {
        let (x, w) = ([3.0, 1.0, 4.0], [1.0, 2.0, 3.0]);
        let mut mean = Mean::default();
        mean.push_all(&x, Some(&w));
        let mut sums = [0.0; 5];
        for (x, w) in x.iter().zip(w) {
            let d = x - 2.5;
            for (sum, term) in sums.iter_mut().zip([w, w * w, w * d, w * w * d, w * w * d * d]) {
                *sum += term;
            }
        }
        let raw = Mean::from_sums(3, 2.5, sums);
        assert!((raw.value().unwrap() - mean.value().unwrap()).abs() < 1e-14);
        assert!((raw.standard_error().unwrap() - mean.standard_error().unwrap()).abs() < 1e-14);
    }

    #[test]
    fn what_is_left_without_a_part() {
        let (x, w) = ([3.0, 1.0, 4.0, 1.0, 5.0, 9.0], [1.0, 2.0, 1.0, 3.0, 1.0, 2.0]);
        let of = |range: std::ops::Range<usize>| {
            let mut mean = Mean::default();
            mean.push_all(&x[range.clone()], Some(&w[range]));
            mean
        };
        let (left, direct) = (of(0..6).without(&of(0..2)), of(2..6));
        assert!((left.value().unwrap() - direct.value().unwrap()).abs() < 1e-12);
        assert!((left.standard_error().unwrap() - direct.standard_error().unwrap()).abs() < 1e-12);
        assert_eq!(of(0..6).without(&of(0..6)).value(), Err(Undefined::Empty));
    }

    proptest! {
        #[test]
        fn any_cut(rows in prop::collection::vec((-1e3..1e3_f64, 0.0..5.0_f64), 1..100), cut in 0_usize..100) {
            let (x, w): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let cut = cut.min(x.len());
            let mut whole = Mean::default();
            whole.push_all(&x, Some(&w));
            let mut parts = Mean::default();
            parts.push_all(&x[..cut], Some(&w[..cut]));
            let mut rest = Mean::default();
            rest.push_all(&x[cut..], Some(&w[cut..]));
            parts.merge_from(rest);
            parts.merge_from(Mean::default());
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
            prop_assert!(near(whole.value().unwrap_or(0.0), parts.value().unwrap_or(0.0)));
            if let (Some(a), Some(b)) = (whole.standard_error(), parts.standard_error()) {
                prop_assert!(near(a, b), "{a} {b}");
            }
        }

        #[test]
        fn weight_two_is_a_row_twice(x in prop::collection::vec(-1e3..1e3_f64, 2..50)) {
            let mut heavy = Mean::default();
            heavy.push_all(&x, Some(&vec![2.0; x.len()]));
            let twice: Vec<f64> = x.iter().chain(&x).copied().collect();
            let mut double = Mean::default();
            double.push_all(&twice, None);
            prop_assert!((heavy.value().unwrap() - double.value().unwrap()).abs() < 1e-9);
        }
    }
}
