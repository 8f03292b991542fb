//! Mean, spread and skew of numbers, from sums about a fixed shift.

use equipoise_kernels::{Confidence, Ends, Merge, Tally, t_quantile};

/// Sums of `d = x − shift` over finite numbers. Merging adds; the shift is the same in every part.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    shift: f64,
    tally: Tally,
    /// `Σ w·d, Σ w·d², Σ w·d³`.
    powers: [f64; 3],
    /// `Σ w²·d, Σ w²·d²`.
    squares: [f64; 2],
    n_infinite: u64,
    n_zero: Tally,
    has_fractions: bool,
}

impl Moments {
    pub(super) fn about(shift: f64) -> Self {
        Self { shift, ..Self::default() }
    }

    /// Adds a number that is not NaN.
    #[inline]
    pub(super) fn push(&mut self, x: f64, w: f64) {
        if !x.is_finite() {
            self.n_infinite += 1;
            return;
        }
        let d = x - self.shift;
        let (wd, wdd) = (w * d, w * d * d);
        self.tally.push(w);
        let [a, b, c] = &mut self.powers;
        *a += wd;
        *b += wdd;
        *c += wdd * d;
        let [a, b] = &mut self.squares;
        *a += w * wd;
        *b += w * wdd;
        if x == 0.0 {
            self.n_zero.push(w);
        }
        self.has_fractions |= x.fract() != 0.0;
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    pub(super) fn zeros(&self) -> Tally {
        self.n_zero
    }

    pub(super) fn n_infinite(&self) -> u64 {
        self.n_infinite
    }

    /// True when every number is whole.
    pub(super) fn are_whole(&self) -> bool {
        !self.has_fractions && self.n_infinite == 0
    }

    /// `Σ w·x / Σ w`.
    pub(super) fn mean(&self) -> Option<f64> {
        let mean = self.shift + self.powers[0] / self.tally.w;
        (self.tally.w > 0.0 && mean.is_finite()).then_some(mean)
    }

    /// Mean of `(x − mean)²`.
    fn variance(&self) -> Option<f64> {
        let w = self.tally.w;
        let m = self.powers[0] / w;
        (w > 0.0).then(|| (self.powers[1] / w - m * m).max(0.0)).filter(|v| v.is_finite())
    }

    /// Sample standard deviation: the variance times `n/(n − 1)` with the effective number of rows, and its root.
    pub(super) fn standard_deviation(&self) -> Option<f64> {
        let n = self.tally.n_effective().filter(|n| *n > 1.0)?;
        Some((self.variance()? * n / (n - 1.0)).sqrt())
    }

    /// Third standardised moment `m₃ / m₂^{3/2}`; none without spread.
    pub(super) fn skewness(&self) -> Option<f64> {
        let variance = self.variance().filter(|v| *v > 0.0)?;
        let [a, b, c] = self.powers.map(|p| p / self.tally.w);
        let third = c - 3.0 * a * b + 2.0 * a * a * a;
        Some(third / variance.powf(1.5)).filter(|s| s.is_finite())
    }

    /// Student's interval of the mean; its variance is linearised: `n/(n−1) · Σ w²·(x − mean)² / (Σ w)²`.
    pub(super) fn mean_ends(&self, confidence: Confidence) -> Option<Ends> {
        let mean = self.mean()?;
        let n = self.tally.n_effective().filter(|n| *n > 1.0)?;
        let m = mean - self.shift;
        let [a, b] = self.squares;
        let sum = (b - 2.0 * m * a + m * m * self.tally.ww).max(0.0);
        let se = (n / (n - 1.0) * sum).sqrt() / self.tally.w;
        let t = t_quantile(0.5 + 0.5 * confidence.level(), n - 1.0);
        let half = t * se;
        half.is_finite().then_some(Ends { low: mean - half, high: mean + half })
    }
}

impl Merge for Moments {
    fn merge_from(&mut self, other: Self) {
        let Self { shift: _, tally, powers, squares, n_infinite, n_zero, has_fractions } = other;
        self.tally.merge_from(tally);
        self.powers.iter_mut().zip(powers).for_each(|(mine, theirs)| *mine += theirs);
        self.squares.iter_mut().zip(squares).for_each(|(mine, theirs)| *mine += theirs);
        self.n_infinite += n_infinite;
        self.n_zero.merge_from(n_zero);
        self.has_fractions |= has_fractions;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut moments = Moments::about(10.0);
        [1.0, 2.0, 3.0, 10.0].iter().for_each(|x| moments.push(*x, 1.0));
        // Mean 4; deviations −3, −2, −1, 6: squares 50, cubes −27 − 8 − 1 + 216 = 180.
        assert!((moments.mean().unwrap() - 4.0).abs() < 1e-12);
        assert!((moments.standard_deviation().unwrap() - (50.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((moments.skewness().unwrap() - 45.0 / 12.5_f64.powf(1.5)).abs() < 1e-12);
        // Student: t(0.975, 3) = 3.182446; standard error √(50/3/4).
        let ends = moments.mean_ends(Confidence::at(0.95)).unwrap();
        assert!((ends.high - 4.0 - 3.182_446_305 * (50.0_f64 / 12.0).sqrt()).abs() < 1e-6);
        assert!(moments.are_whole());
    }
}
