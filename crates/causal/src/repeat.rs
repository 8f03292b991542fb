//! Several splits of the rows into folds, and one number out of them.

use equipoise_kernels::normal_quantile;

use crate::Scored;

/// An estimate over several splits.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeated {
    /// Median of the estimates.
    pub theta: f64,
    /// Standard error: the median of the upper 97.5 % limits, less the median estimate, in units of 1.96.
    pub se: f64,
    /// Smallest and largest estimate of a split.
    pub range: (f64, f64),
    /// The split whose estimate is nearest to the median: its influences and nuisances stand for all.
    pub typical: usize,
}

/// Median aggregation over splits (Chernozhukov et al. 2018, §3.4, as DoubleML computes it); none without splits.
#[must_use]
pub fn aggregate(estimates: &[Scored]) -> Option<Repeated> {
    let z = normal_quantile(0.975);
    let thetas: Vec<f64> = estimates.iter().map(|e| e.theta).collect();
    let theta = median(&thetas)?;
    let upper: Vec<f64> = estimates.iter().map(|e| e.theta + z * e.se).collect();
    let se = (median(&upper)? - theta) / z;
    let mut typical = (0, f64::INFINITY);
    for (i, t) in thetas.iter().enumerate() {
        if (t - theta).abs() < typical.1 {
            typical = (i, (t - theta).abs());
        }
    }
    let range = thetas.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(*t), b.max(*t)));
    Some(Repeated { theta, se, range, typical: typical.0 })
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let (a, b) = (sorted.get(n.checked_sub(1)? / 2)?, sorted.get(n / 2)?);
    Some(0.5 * (a + b))
}
