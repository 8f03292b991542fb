//! Robustness of a regression coefficient (Cinelli & Hazlett 2020, doi:10.1111/rssb.12348) and the E-value (VanderWeele &
//! Ding 2017, doi:10.7326/M16-2607).

use equipoise_kernels::t_quantile;
use libm::{exp, sqrt};

/// How much an unobserved confounder would have to explain of a least squares coefficient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearRobustness {
    /// Share of the outcome's residual variation that the treatment explains.
    pub partial_r_squared: f64,
    /// Share of both residual variations at which the estimate falls by the asked share.
    pub value: f64,
    /// Share at which it is no longer significant.
    pub value_of_interval: f64,
}

/// The smallest risk ratio by which a confounder must go with treatment and outcome to explain a number away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EValue {
    /// For the estimate.
    pub estimate: f64,
    /// For the end of the interval that is nearest to no effect; 1 where the interval holds no effect.
    pub interval: f64,
}

impl LinearRobustness {
    /// With `f = share·|t|/√df`: `RV = ½(√(f⁴ + 4f²) − f²)`; for the interval `f` is lowered by
    /// `t_{1−α/2, df−1}/√(df − 1)`.
    #[must_use]
    pub fn new(estimate: f64, se: f64, df: f64, share: f64, alpha: f64) -> Self {
        let t = estimate / se;
        let f = share * t.abs() / sqrt(df);
        let rv = |f: f64| 0.5 * (sqrt(f * f * f * f + 4.0 * f * f) - f * f);
        let critical = t_quantile(1.0 - alpha / 2.0, df - 1.0) / sqrt(df - 1.0);
        let beyond = f - critical;
        let value_of_interval = if beyond <= 0.0 {
            0.0
        } else if beyond <= 1.0 / critical {
            rv(beyond)
        } else {
            (f * f - critical * critical) / (1.0 + f * f)
        };
        Self { partial_r_squared: t * t / (t * t + df), value: rv(f), value_of_interval }
    }
}

fn e_value(risk_ratio: f64) -> f64 {
    let rr = if risk_ratio < 1.0 { 1.0 / risk_ratio } else { risk_ratio };
    rr + sqrt(rr * (rr - 1.0))
}

impl EValue {
    /// Of a difference of means: the standardised difference `d` stands for a risk ratio of `exp(0.91·d)` and its
    /// interval for `exp(0.91·d ± 1.78·se)`.
    #[must_use]
    pub fn of_difference(estimate: f64, se: f64, outcome_sd: f64) -> Self {
        let (d, error) = (estimate / outcome_sd, se / outcome_sd);
        Self::of_ratio(exp(0.91 * d), exp(0.91 * d - 1.78 * error), exp(0.91 * d + 1.78 * error))
    }

    /// Of a risk ratio with the ends of its interval.
    #[must_use]
    pub fn of_ratio(ratio: f64, low: f64, high: f64) -> Self {
        let near = if ratio >= 1.0 { low } else { high };
        let crosses = (ratio >= 1.0 && near <= 1.0) || (ratio < 1.0 && near >= 1.0);
        Self { estimate: e_value(ratio), interval: if crosses { 1.0 } else { e_value(near) } }
    }
}
