//! What is boosted: first and second derivatives of a loss.

use libm::{exp, log, log1p};

/// A loss and the scale that trees add up on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `½·(y − f)²`; the sum of trees is the prediction.
    Squared,
    /// Log loss of a target between 0 and 1; the sum of trees is the log odds.
    Logistic,
}

impl Loss {
    /// The constant with the smallest loss, from the weighted mean of the target.
    pub(crate) fn base(self, mean: f64) -> f64 {
        match self {
            Self::Squared => mean,
            Self::Logistic => {
                let p = mean.clamp(1e-9, 1.0 - 1e-9);
                log(p / (1.0 - p))
            }
        }
    }

    /// First and second derivative by the score.
    #[inline]
    pub(crate) fn derivatives(self, target: f64, score: f64) -> (f64, f64) {
        match self {
            Self::Squared => (score - target, 1.0),
            Self::Logistic => {
                let p = 1.0 / (1.0 + exp(-score));
                (p - target, (p * (1.0 - p)).max(1e-12))
            }
        }
    }

    /// Loss of one row: half the squared error, or the log loss.
    #[must_use]
    pub fn of(self, target: f64, score: f64) -> f64 {
        match self {
            Self::Squared => 0.5 * (target - score) * (target - score),
            Self::Logistic => log1p(exp(-score.abs())) + score.max(0.0) - target * score,
        }
    }

    /// From the sum of trees to the prediction.
    #[inline]
    #[must_use]
    pub fn predicted(self, score: f64) -> f64 {
        match self {
            Self::Squared => score,
            Self::Logistic => 1.0 / (1.0 + exp(-score)),
        }
    }
}
