//! A group's number together with its interval at any level, so that intervals of gaps can be built from it.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use crate::{Confidence, Ends, logit_interval, mover, normal_two_sided, t_quantile, wilson};

/// A number of one group and what is needed to put an interval around it at any level.
///
/// Numbers of disjoint groups are independent, so the interval of their difference or ratio follows from their own
/// intervals (see [`difference_ends`](crate::difference_ends)).
///
/// ```
/// use equipoise_kernels::{Confidence, Limits};
///
/// let rate = Limits::Share { share: 0.3, n: 50.0 };
/// let ends = rate.ends(Confidence::at(0.95)).unwrap();
/// assert!(ends.low > 0.18 && ends.high < 0.44);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Limits {
    /// A share of `n` rows (under weights: Kish's effective number): Wilson's interval.
    Share {
        /// The share, 0 to 1.
        share: f64,
        /// Rows.
        n: f64,
    },
    /// A mean of any sign: `mean ± t·se`.
    Mean {
        /// The mean.
        mean: f64,
        /// Its standard error.
        se: f64,
        /// Degrees of freedom of the standard error; infinite for the normal.
        df: f64,
    },
    /// A positive number, symmetric on the logarithm: `value·exp(±t·se/value)`.
    Positive {
        /// The number.
        value: f64,
        /// Its standard error.
        se: f64,
        /// Degrees of freedom.
        df: f64,
    },
    /// A number between 0 and 1 that is no share of rows, symmetric on the logit; at 0 and 1, and where the standard
    /// error is 0, Wilson's interval with `n` rows.
    Unit {
        /// The number.
        value: f64,
        /// Its standard error.
        se: f64,
        /// Rows to fall back on.
        n: f64,
    },
    /// A rising function of another number.
    Through(Rising, Box<Limits>),
    /// `Σ c·θ` of independent numbers.
    Sum(Vec<(f64, Limits)>),
}

/// Rising functions that carry an interval's ends along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rising {
    /// `√x`: a root mean squared error out of a mean squared error.
    Root,
    /// `2x / (1 + x)`: F1 out of Jaccard's share `tp / (tp + fp + fn)`, which is a share of rows.
    F1OfJaccard,
    /// `x / (1 − x)`: the ratio of two counts out of the share of the first.
    Odds,
}

impl Rising {
    /// The function.
    #[must_use]
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Root => sqrt(x.max(0.0)),
            Self::F1OfJaccard => 2.0 * x / (1.0 + x),
            Self::Odds => x / (1.0 - x),
        }
    }
}

impl Limits {
    /// The number itself.
    #[must_use]
    pub fn value(&self) -> f64 {
        match self {
            Self::Share { share, .. } => *share,
            Self::Mean { mean, .. } => *mean,
            Self::Positive { value, .. } | Self::Unit { value, .. } => *value,
            Self::Through(rising, inner) => rising.of(inner.value()),
            Self::Sum(terms) => terms.iter().map(|(c, term)| c * term.value()).sum(),
        }
    }

    /// Its interval; none where it has no finite one.
    #[must_use]
    pub fn ends(&self, confidence: Confidence) -> Option<Ends> {
        let ends = match self {
            Self::Share { share, n } => wilson(*share, *n, confidence)?,
            Self::Mean { mean, se, df } => {
                let half = t_of(confidence, *df)? * se;
                Ends { low: mean - half, high: mean + half }
            }
            Self::Positive { value, se, df } => {
                let t = t_of(confidence, *df)?;
                if *value <= 0.0 {
                    return (*se == 0.0).then_some(Ends { low: *value, high: *value });
                }
                let half = t * se / value;
                Ends { low: value * libm::exp(-half), high: value * libm::exp(half) }
            }
            Self::Unit { value, se, n } => {
                let inside = if *se > 0.0 { logit_interval(*value, *se, confidence) } else { None };
                inside.or_else(|| wilson(*value, *n, confidence))?
            }
            Self::Through(rising, inner) => inner.ends(confidence)?.map(|x| rising.of(x)),
            Self::Sum(terms) => {
                let parts: Option<Vec<(f64, f64, Ends)>> =
                    terms.iter().map(|(c, term)| Some((*c, term.value(), term.ends(confidence)?))).collect();
                mover(&parts?)?
            }
        };
        (ends.low.is_finite() && ends.high.is_finite()).then_some(ends)
    }

    /// Its variance by the delta method, for Wald tests; none where it cannot be told.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        match self {
            Self::Share { share, n } => (*n > 0.0).then(|| share * (1.0 - share) / n),
            Self::Mean { se, .. } | Self::Positive { se, .. } | Self::Unit { se, .. } => Some(se * se),
            Self::Through(rising, inner) => {
                let x = inner.value();
                let slope = match rising {
                    Rising::Root => 0.5 / sqrt(x),
                    Rising::F1OfJaccard => 2.0 / ((1.0 + x) * (1.0 + x)),
                    Rising::Odds => 1.0 / ((1.0 - x) * (1.0 - x)),
                };
                inner.variance().map(|v| slope * slope * v)
            }
            Self::Sum(terms) => terms.iter().map(|(c, term)| term.variance().map(|v| c * c * v)).sum(),
        }
        .filter(|v| v.is_finite())
    }

    /// Degrees of freedom of the standard error; infinite unless the number is a mean.
    #[must_use]
    pub fn degrees(&self) -> f64 {
        match self {
            Self::Mean { df, .. } | Self::Positive { df, .. } => *df,
            Self::Through(_, inner) => inner.degrees(),
            Self::Share { .. } | Self::Unit { .. } | Self::Sum(_) => f64::INFINITY,
        }
    }
}

/// Student's quantile with the same tails as the normal one; none without a degree of freedom.
fn t_of(confidence: Confidence, df: f64) -> Option<f64> {
    if df.is_infinite() || df > 1e6 {
        return Some(confidence.z());
    }
    let t = t_quantile(1.0 - 0.5 * normal_two_sided(confidence.z()), df);
    (df > 0.0 && t.is_finite()).then_some(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_carries_the_ends_along() {
        // tp = 6 of tp + fp + fn = 10 rows: Jaccard 0.6, F1 = 12/16.
        let jaccard = Limits::Share { share: 0.6, n: 10.0 };
        let f1 = Limits::Through(Rising::F1OfJaccard, Box::new(jaccard.clone()));
        assert!((f1.value() - 0.75).abs() < 1e-15);
        let (inner, outer) = (jaccard.ends(Confidence::at(0.9)).unwrap(), f1.ends(Confidence::at(0.9)).unwrap());
        assert!((outer.low - 2.0 * inner.low / (1.0 + inner.low)).abs() < 1e-15);
        assert!((f1.variance().unwrap() - (2.0 / 2.56_f64).powi(2) * 0.024).abs() < 1e-12);
    }

    #[test]
    fn half_the_sum_of_two_shares() {
        let recall = |share, n| (0.5, Limits::Share { share, n });
        let balanced = Limits::Sum(vec![recall(0.8, 100.0), recall(0.6, 50.0)]);
        let ends = balanced.ends(Confidence::at(0.95)).unwrap();
        let (a, b) =
            (wilson(0.8, 100.0, Confidence::at(0.95)).unwrap(), wilson(0.6, 50.0, Confidence::at(0.95)).unwrap());
        let low = 0.7 - 0.5 * ((0.8 - a.low).powi(2) + (0.6 - b.low).powi(2)).sqrt();
        assert!((balanced.value() - 0.7).abs() < 1e-15 && (ends.low - low).abs() < 1e-12);
    }

    #[test]
    fn one_row_has_no_interval_of_its_mean() {
        assert_eq!(Limits::Mean { mean: 2.0, se: 0.0, df: 0.0 }.ends(Confidence::at(0.95)), None);
    }
}
