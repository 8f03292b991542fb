//! Intervals around one number.

use libm::{exp, log, sqrt, tanh};
use serde::{Deserialize, Serialize};

use crate::{beta_quantile, normal_quantile};

/// How sure an interval is to be: its nominal coverage and the normal quantile that goes with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    level: f64,
    z: f64,
}

/// The two ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Confidence {
    /// This coverage; what lies outside 0.01 to 0.999999 is moved there.
    ///
    /// ```
    /// assert!((equipoise_kernels::Confidence::at(0.95).z() - 1.959_963_984_540_054).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn at(level: f64) -> Self {
        let level = if level.is_nan() { 0.95 } else { level.clamp(0.01, 0.999_999) };
        Self { level, z: normal_quantile(0.5 + 0.5 * level) }
    }

    /// Nominal coverage, for example 0.95.
    #[must_use]
    pub fn level(self) -> f64 {
        self.level
    }

    /// Two-sided normal quantile, for example 1.96.
    #[must_use]
    pub fn z(self) -> f64 {
        self.z
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self::at(0.95)
    }
}

impl Ends {
    /// Both ends moved into `[low, high]`.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high) }
    }

    /// Both ends through a rising function.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { low: f(self.low), high: f(self.high) }
    }

    /// Both ends through a falling function: they change places.
    #[must_use]
    pub fn map_falling(self, f: impl Fn(f64) -> f64) -> Self {
        Self { low: f(self.high), high: f(self.low) }
    }

    /// True when the number lies between the ends.
    #[must_use]
    pub fn contains(self, x: f64) -> bool {
        (self.low..=self.high).contains(&x)
    }
}

/// Kish's effective number of rows `(Σw)² / Σw²`; 0 without weight.
#[must_use]
pub fn kish(sum: f64, sum_of_squares: f64) -> f64 {
    if sum_of_squares > 0.0 { sum * sum / sum_of_squares } else { 0.0 }
}

/// Wilson's score interval for a share `p` of `n` rows (Wilson 1927; Brown, Cai & DasGupta 2001,
/// doi:10.1214/ss/1009213286):
///
/// ```text
/// (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
/// ```
///
/// `n` may be a fraction: under weights it is Kish's effective number. No interval for `n ≤ 0`.
///
/// ```
/// use equipoise_kernels::{Confidence, wilson};
///
/// let ends = wilson(0.0, 10.0, Confidence::at(0.95)).unwrap();
/// assert_eq!(ends.low, 0.0);
/// assert!((ends.high - 0.2775).abs() < 1e-4);
/// ```
#[must_use]
pub fn wilson(p: f64, n: f64, confidence: Confidence) -> Option<Ends> {
    if !(n > 0.0 && (-1e-9..=1.0 + 1e-9).contains(&p)) {
        return None;
    }
    let p = p.clamp(0.0, 1.0);
    let zz = confidence.z * confidence.z;
    let middle = (p + zz / (2.0 * n)) / (1.0 + zz / n);
    let half = confidence.z * sqrt(p * (1.0 - p) / n + zz / (4.0 * n * n)) / (1.0 + zz / n);
    // At 0 and 1 the outer end is exact in theory; rounding must not cross the share itself.
    Some(Ends { low: (middle - half).clamp(0.0, p), high: (middle + half).clamp(p, 1.0) })
}

/// Clopper and Pearson's interval for `k` hits in `n` rows (1934, doi:10.1093/biomet/26.4.404): never below its
/// nominal coverage, hence wide. `k` and `n` may be fractions. No interval unless `0 ≤ k ≤ n` and `n > 0`.
#[must_use]
pub fn clopper_pearson(k: f64, n: f64, confidence: Confidence) -> Option<Ends> {
    if !(n > 0.0 && (0.0..=n).contains(&k)) {
        return None;
    }
    let tail = 0.5 - 0.5 * confidence.level;
    let low = if k > 0.0 { beta_quantile(tail, k, n - k + 1.0) } else { 0.0 };
    let high = if k < n { beta_quantile(1.0 - tail, k + 1.0, n - k) } else { 1.0 };
    Some(Ends { low, high })
}

/// `value ± z·se`; none when the standard error is not a finite number.
#[must_use]
pub fn normal_interval(value: f64, standard_error: f64, confidence: Confidence) -> Option<Ends> {
    let half = confidence.z * standard_error;
    (half.is_finite() && half >= 0.0).then_some(Ends { low: value - half, high: value + half })
}

/// For a positive number, symmetric on the logarithm: `value · exp(±z·se/value)`, `se` on the scale of the number.
#[must_use]
pub fn log_interval(value: f64, standard_error: f64, confidence: Confidence) -> Option<Ends> {
    let half = confidence.z * standard_error / value;
    (value > 0.0 && half.is_finite() && half >= 0.0).then(|| Ends { low: value * exp(-half), high: value * exp(half) })
}

/// For a number strictly between 0 and 1, symmetric on the logit: the ends stay between 0 and 1.
/// `se` is on the scale of the number.
#[must_use]
pub fn logit_interval(value: f64, standard_error: f64, confidence: Confidence) -> Option<Ends> {
    let half = confidence.z * standard_error / (value * (1.0 - value));
    if !(value > 0.0 && value < 1.0 && half.is_finite() && half >= 0.0) {
        return None;
    }
    let centre = log(value / (1.0 - value));
    Some(Ends { low: centre - half, high: centre + half }.map(|x| 1.0 / (1.0 + exp(-x))))
}

/// For a number strictly between −1 and 1, symmetric on Fisher's z = artanh: the ends stay between −1 and 1.
/// `se` is on the scale of the number.
#[must_use]
pub fn fisher_interval(value: f64, standard_error: f64, confidence: Confidence) -> Option<Ends> {
    let half = confidence.z * standard_error / (1.0 - value * value);
    if !(value > -1.0 && value < 1.0 && half.is_finite() && half >= 0.0) {
        return None;
    }
    let centre = libm::atanh(value);
    Some(Ends { low: tanh(centre - half), high: tanh(centre + half) })
}

/// Interval of a weighted sum `Σ c·θ` of independent numbers out of their own intervals (MOVER: Zou & Donner 2008,
/// doi:10.1002/sim.3095), for coefficients of either sign:
///
/// ```text
/// low  = Σ c·θ − √( Σ c²·(θ − nearer end that lowers the sum)² )
/// high = Σ c·θ + √( Σ c²·(the end that raises the sum − θ)² )
/// ```
///
/// With Wilson's intervals and coefficients 1 and −1 it is Newcombe's interval (1998, method 10) of a difference of
/// shares. None without terms.
#[must_use]
pub fn mover(terms: &[(f64, f64, Ends)]) -> Option<Ends> {
    if terms.is_empty() {
        return None;
    }
    let (mut sum, mut below, mut above) = (0.0, 0.0, 0.0);
    for (c, value, ends) in terms {
        let (down, up) = (c * (value - ends.low), c * (ends.high - value));
        let (down, up) = if *c >= 0.0 { (down, up) } else { (up, down) };
        sum += c * value;
        below += down * down;
        above += up * up;
    }
    let ends = Ends { low: sum - sqrt(below), high: sum + sqrt(above) };
    (ends.low.is_finite() && ends.high.is_finite()).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draws;
    use proptest::prelude::*;

    #[test]
    fn wilson_as_published() {
        // Newcombe (1998), table I: 81/263, 15/148, 0/20, 1/29.
        let published = [
            (81.0, 263.0, 0.2553, 0.3662),
            (15.0, 148.0, 0.0624, 0.1605),
            (0.0, 20.0, 0.0, 0.1611),
            (1.0, 29.0, 0.0061, 0.1718),
        ];
        for (k, n, low, high) in published {
            let ends = wilson(k / n, n, Confidence::at(0.95)).unwrap();
            assert!((ends.low - low).abs() < 5e-5 && (ends.high - high).abs() < 5e-5, "{k}/{n}: {ends:?}");
        }
    }

    #[test]
    fn clopper_pearson_as_published() {
        // Newcombe (1998), table I.
        let published = [
            (81.0, 263.0, 0.2527, 0.3676),
            (15.0, 148.0, 0.0578, 0.1617),
            (0.0, 20.0, 0.0, 0.1684),
            (1.0, 29.0, 0.0009, 0.1776),
        ];
        for (k, n, low, high) in published {
            let ends = clopper_pearson(k, n, Confidence::at(0.95)).unwrap();
            assert!((ends.low - low).abs() < 5e-5 && (ends.high - high).abs() < 5e-5, "{k}/{n}: {ends:?}");
        }
    }

    #[test]
    fn mover_of_two_shares_is_newcombe() {
        // Newcombe (1998) "Interval estimation for the difference", table II, method 10: 56/70 − 48/80.
        let of = |k: f64, n: f64| (k / n, wilson(k / n, n, Confidence::at(0.95)).unwrap());
        let ((p, a), (q, b)) = (of(56.0, 70.0), of(48.0, 80.0));
        let ends = mover(&[(1.0, p, a), (-1.0, q, b)]).unwrap();
        assert!((ends.low - 0.0524).abs() < 5e-5 && (ends.high - 0.3339).abs() < 5e-5, "{ends:?}");
    }

    #[test]
    fn wilson_covers() {
        // 4,000 samples for each share; average coverage lies within 2 points of 95 %.
        let mut draws = Draws::new(3, "coverage", 0);
        for p in [0.03, 0.2, 0.5, 0.9] {
            let hits = (0..4_000)
                .filter(|_| {
                    let k = (0..60).filter(|_| draws.uniform() < p).count() as f64;
                    wilson(k / 60.0, 60.0, Confidence::at(0.95)).unwrap().contains(p)
                })
                .count();
            let coverage = hits as f64 / 4_000.0;
            assert!((0.93..0.985).contains(&coverage), "{p}: {coverage}");
        }
    }

    proptest! {
        #[test]
        fn ends_enclose_the_share(k in 0_u32..500, extra in 0_u32..500) {
            let (k, n) = (f64::from(k), f64::from(k + extra));
            for confidence in [Confidence::at(0.8), Confidence::at(0.99)] {
                match (wilson(k / n, n, confidence), clopper_pearson(k, n, confidence)) {
                    (Some(w), Some(c)) => {
                        prop_assert!(w.contains(k / n) && c.contains(k / n));
                        prop_assert!(0.0 <= w.low && w.high <= 1.0 && 0.0 <= c.low && c.high <= 1.0);
                    }
                    (None, None) => prop_assert!(n == 0.0),
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }

        #[test]
        fn transformed_ends_stay_inside(p in 0.001..0.999_f64, se in 0.0..0.5_f64) {
            let ends = logit_interval(p, se, Confidence::default()).unwrap();
            prop_assert!(0.0 <= ends.low && ends.low <= p + 1e-12 && p - 1e-12 <= ends.high && ends.high <= 1.0);
            let r = 2.0 * p - 1.0;
            let ends = fisher_interval(r, se, Confidence::default()).unwrap();
            prop_assert!(-1.0 <= ends.low && ends.low <= r + 1e-12 && r - 1e-12 <= ends.high && ends.high <= 1.0);
        }
    }
}
