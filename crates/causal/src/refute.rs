//! Attempts to break an estimate. Nuisances stay as they are, so that a simulation costs one pass over residuals.

use equipoise_kernels::Draws;
use rayon::prelude::*;

use crate::plr::Residuals;
use crate::score::Rows;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refuter {
    /// The treatment is dealt out anew: the effect should vanish.
    Placebo,
    /// A covariate of pure chance is added: the effect should stay.
    RandomCommonCause,
    /// Only this share of the rows is kept: the effect should stay.
    Subset(f64),
    /// Rows are drawn with replacement: the effect should stay.
    Bootstrap,
    /// The outcome is replaced by chance: the effect should vanish.
    DummyOutcome,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refutation {
    /// Mean of the simulated estimates.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// The 2.5 % and 97.5 % quantiles.
    pub range: (f64, f64),
    /// Two-sided p-value of what should hold: that 0 (placebo, dummy outcome) or the estimate (the others) is one of the
    /// simulated values.
    pub p_value: f64,
}

impl Refuter {
    /// Name for streams of draws.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Placebo => "placebo_treatment",
            Self::RandomCommonCause => "random_common_cause",
            Self::Subset(_) => "data_subset",
            Self::Bootstrap => "bootstrap",
            Self::DummyOutcome => "dummy_outcome",
        }
    }

    /// Whether the effect should vanish rather than stay.
    #[must_use]
    pub fn should_vanish(self) -> bool {
        matches!(self, Self::Placebo | Self::DummyOutcome)
    }
}

/// Runs a refuter `n` times on residuals; none where no simulation gives a number.
#[must_use]
pub fn refute(
    residuals: &Residuals,
    estimate: f64,
    refuter: Refuter,
    n: usize,
    seed: u64,
    rows: Rows<'_>,
) -> Option<Refutation> {
    let one = |i: usize| match rows.stop.is_asked() {
        true => f64::NAN,
        false => simulate(residuals, refuter, &mut Draws::new(seed, refuter.name(), i as u64), rows),
    };
    let mut found: Vec<f64> = (0..n).into_par_iter().map(one).collect::<Vec<f64>>();
    found.retain(|x| x.is_finite());
    found.sort_by(f64::total_cmp);
    if found.is_empty() {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of simulations")]
    let m = found.len() as f64;
    let mean = found.iter().sum::<f64>() / m;
    let sd = libm::sqrt(found.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (m - 1.0).max(1.0));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
    let quantile = |share: f64| found.get((share * (m - 1.0)) as usize).copied().unwrap_or(mean);
    let looked_for = if refuter.should_vanish() { 0.0 } else { estimate };
    #[allow(clippy::cast_precision_loss, reason = "a number of simulations")]
    let below = found.partition_point(|x| *x < looked_for) as f64;
    #[allow(clippy::cast_precision_loss, reason = "a number of simulations")]
    let at_most = found.partition_point(|x| *x <= looked_for) as f64;
    let tail = (at_most + 1.0).min(m - below + 1.0) / (m + 1.0);
    Some(Refutation { mean, sd, range: (quantile(0.025), quantile(0.975)), p_value: (2.0 * tail).min(1.0) })
}

#[allow(clippy::indexing_slicing, reason = "hot loop: drawn places are below the number of rows")]
fn simulate(residuals: &Residuals, refuter: Refuter, draws: &mut Draws, rows: Rows<'_>) -> f64 {
    let (u, v) = (&residuals.outcome, &residuals.treatment);
    let n = u.len();
    let (mut top, mut bottom) = (0.0, 0.0);
    let mut add = |row: usize, u: f64, v: f64, times: f64| {
        let w = rows.weight_of(row) * times;
        top += w * u * v;
        bottom += w * v * v;
    };
    match refuter {
        Refuter::Placebo => {
            let mut dealt = v.clone();
            for i in (1..n).rev() {
                #[allow(clippy::cast_possible_truncation, reason = "below a number of rows")]
                let j = draws.below(i as u64 + 1) as usize;
                dealt.swap(i, j);
            }
            (0..n).for_each(|row| add(row, u[row], dealt[row], 1.0));
        }
        Refuter::DummyOutcome => {
            let scale = libm::sqrt(rows.mean(&u.iter().map(|u| u * u).collect::<Vec<f64>>()));
            (0..n).for_each(|row| add(row, scale * draws.normal(), v[row], 1.0));
        }
        Refuter::Subset(share) => {
            (0..n).for_each(|row| add(row, u[row], v[row], if draws.uniform() < share { 1.0 } else { 0.0 }));
        }
        Refuter::Bootstrap => {
            let mut times = vec![0.0; n];
            for _ in 0..n {
                #[allow(clippy::cast_possible_truncation, reason = "below a number of rows")]
                let row = draws.below(n as u64) as usize;
                times[row] += 1.0;
            }
            (0..n).for_each(|row| add(row, u[row], v[row], times[row]));
        }
        Refuter::RandomCommonCause => return with_noise(u, v, draws, rows),
    }
    top / bottom
}

/// The coefficient of the treatment beside a covariate of pure chance (Frisch & Waugh).
fn with_noise(u: &[f64], v: &[f64], draws: &mut Draws, rows: Rows<'_>) -> f64 {
    let (mut vv, mut vx, mut xx, mut uv, mut ux) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (row, (u, v)) in u.iter().zip(v).enumerate() {
        // Any law will do; this one is the cheapest to draw from.
        let (x, w) = (draws.uniform() - 0.5, rows.weight_of(row));
        vv += w * v * v;
        vx += w * v * x;
        xx += w * x * x;
        uv += w * u * v;
        ux += w * u * x;
    }
    (uv * xx - ux * vx) / (vv * xx - vx * vx)
}
