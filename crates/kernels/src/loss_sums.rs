//! What is known of the losses of some rows after one pass.

use crate::{Confidence, Mean, Measured, Merge, compare_proportions, t_two_sided, wilson};

/// The loss of every row, as error analysis takes it in.
#[derive(Clone, Copy, Debug)]
pub enum Losses<'a> {
    /// 1 for an error, 0 for none: sums of them are exact.
    Flags(&'a [u8]),
    /// Any number that is not negative.
    Values(&'a [f64]),
}

/// Rows, weights and losses of some rows: `Σw, Σw², Σw·e, Σw²·e, Σw²·e²` with `e` the loss of a row.
///
/// *Exact* for flags without weights, otherwise *stable*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSums {
    /// Number of rows.
    pub rows: u64,
    /// `Σw, Σw², Σw·e, Σw²·e, Σw²·e²`
    pub sums: [f64; 5],
}

impl Losses<'_> {
    /// Number of rows.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Flags(v) => v.len(),
            Self::Values(v) => v.len(),
        }
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The loss of a row; 0 beyond the last.
    #[inline]
    #[must_use]
    pub fn at(self, row: usize) -> f64 {
        match self {
            Self::Flags(v) => v.get(row).copied().map_or(0.0, f64::from),
            Self::Values(v) => v.get(row).copied().unwrap_or(0.0),
        }
    }

    /// True for errors that are counted.
    #[must_use]
    pub fn is_flags(self) -> bool {
        matches!(self, Self::Flags(_))
    }
}

impl Merge for LossSums {
    fn merge_from(&mut self, other: Self) {
        let Self { rows, sums } = other;
        self.rows += rows;
        for (mine, theirs) in self.sums.iter_mut().zip(sums) {
            *mine += theirs;
        }
    }
}

impl LossSums {
    /// Of counted errors without weights.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    pub fn of_counts(rows: u64, errors: u64) -> Self {
        let (n, e) = (rows as f64, errors as f64);
        Self { rows, sums: [n, n, e, e, e] }
    }

    /// Of losses without weights: how many, their sum, and the sum of their squares.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    pub fn of_values(rows: u64, sum: f64, squares: f64) -> Self {
        let n = rows as f64;
        Self { rows, sums: [n, n, sum, sum, squares] }
    }

    /// Takes in one row.
    #[inline]
    pub fn push(&mut self, loss: f64, weight: f64) {
        let ww = weight * weight;
        let [w, squares, by_weight, by_squares, second] = &mut self.sums;
        self.rows += 1;
        *w += weight;
        *squares += ww;
        *by_weight += weight * loss;
        *by_squares += ww * loss;
        *second += ww * loss * loss;
    }

    /// Sum of weights.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.sums[0]
    }

    /// Weighted sum of losses.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.sums[2]
    }

    /// The rows that are not in `part`. Exact for counts.
    #[must_use]
    pub fn without(&self, part: &Self) -> Self {
        let mut sums = self.sums;
        for (mine, theirs) in sums.iter_mut().zip(part.sums) {
            *mine = (*mine - theirs).max(0.0);
        }
        Self { rows: self.rows.saturating_sub(part.rows), sums }
    }

    /// The mean loss with its standard error.
    #[must_use]
    pub fn mean(&self) -> Mean {
        Mean::from_sums(self.rows, 0.0, self.sums)
    }

    /// The mean loss with its interval: Wilson's for shares (at Kish's effective number of rows), Student's otherwise.
    #[must_use]
    pub fn measure(&self, is_share: bool, confidence: Confidence) -> Measured {
        let mean = self.mean();
        if !is_share {
            return mean.measure(confidence);
        }
        let value = mean.value().map(|p| p.clamp(0.0, 1.0));
        let ends = value.ok().and_then(|p| wilson(p, mean.n_effective(), confidence));
        Measured::new(value, ends, "wilson")
    }

    /// Two-sided test that these rows and `rest` have the same mean loss, with the test's name: Fisher's exact or the
    /// two-proportion z for counted errors without weights, Welch's t otherwise. None when a side has no spread at all.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    pub fn compare(&self, rest: &Self, is_counted: bool) -> Option<(f64, &'static str)> {
        if is_counted {
            let errors = |s: &Self| s.loss().round().max(0.0) as u64;
            return compare_proportions(errors(self), self.rows, errors(rest), rest.rows)
                .map(|t| (t.p_value, t.method));
        }
        let (a, b) = (self.mean(), rest.mean());
        let difference = a.value().ok()? - b.value().ok()?;
        let (va, vb) = (a.standard_error()?.powi(2), b.standard_error()?.powi(2));
        if va + vb <= 0.0 {
            return None;
        }
        let df = (va + vb).powi(2) / (va * va / (a.n_effective() - 1.0) + vb * vb / (b.n_effective() - 1.0));
        Some((t_two_sided(difference / libm::sqrt(va + vb), df), "welch_t"))
    }

    /// Welch's statistic of these rows against `rest` with population variances:
    ///
    /// ```text
    /// z = (m − m') / √(v/n + v'/n')      v = Σe²/n − m²
    /// ```
    ///
    /// with Kish's effective numbers of rows under weights. None when a side is empty or neither varies.
    #[must_use]
    pub fn welch_z(&self, rest: &Self) -> Option<f64> {
        let of = |s: &Self| {
            let [w, ww, e, we, wee] = s.sums;
            if w <= 0.0 || ww <= 0.0 {
                return None;
            }
            let m = e / w;
            // Σw²(x − m)² / (Σw)²
            let variance = (wee - 2.0 * m * we + m * m * ww).max(0.0) / (w * w);
            Some((m, variance))
        };
        let ((a, va), (b, vb)) = (of(self)?, of(rest)?);
        let z = (a - b) / libm::sqrt(va + vb);
        z.is_finite().then_some(z)
    }
}

/// The sums of the rows in `rows`, in their order.
#[must_use]
pub fn sum_losses(losses: Losses<'_>, weight: Option<&[f64]>, rows: impl Iterator<Item = usize>) -> LossSums {
    let mut sums = LossSums::default();
    for row in rows {
        sums.push(losses.at(row), weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0)));
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 errors of 40 against 6 of 60: m = ¼ and 0.1, v = 0.1875 and 0.09.
    #[test]
    fn welch_by_hand() {
        let (slice, rest) = (LossSums::of_counts(40, 10), LossSums::of_counts(60, 6));
        let z = 0.15 / (0.1875_f64 / 40.0 + 0.09 / 60.0).sqrt();
        assert!((slice.welch_z(&rest).unwrap() - z).abs() < 1e-14);
        assert_eq!(LossSums::of_counts(100, 16).without(&slice), rest);
        assert_eq!(LossSums::of_counts(5, 0).welch_z(&LossSums::of_counts(9, 0)), None);
    }

    #[test]
    fn a_weight_of_one_changes_nothing() {
        let losses = [1_u8, 0, 0, 1, 1];
        let plain = sum_losses(Losses::Flags(&losses), None, 0..5);
        assert_eq!(plain, LossSums::of_counts(5, 3));
        assert_eq!(sum_losses(Losses::Flags(&losses), Some(&[1.0; 5]), 0..5), plain);
        let value = plain.measure(true, Confidence::at(0.95));
        assert_eq!((value.value, value.method), (Ok(0.6), "wilson"));
    }
}
