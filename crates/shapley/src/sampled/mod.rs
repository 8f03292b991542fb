//! Shapley values of any game from some of its coalitions, with standard errors.

mod cholesky;
mod design;
mod odd;
mod permutation;
mod regression;

pub use permutation::{PermutationOptions, permutation};
pub use regression::{RegressionOptions, regression};

/// Sampled values of one game.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// Shapley values, shape `(n_players, n_outputs)`; they sum to what everybody achieves beyond nobody.
    pub values: Vec<f64>,
    /// Their standard errors, same shape: spread over the choice of coalitions. Where few draws leave the spread itself
    /// uncertain they are wider, so that 1.96 of them hold the exact value in 95 of 100 cases.
    pub standard_errors: Vec<f64>,
    /// What nobody achieves, one number per output.
    pub base: Vec<f64>,
    /// What everybody achieves, one number per output.
    pub full: Vec<f64>,
    /// Coalitions that were asked for.
    pub n_coalitions: usize,
    /// Mean standard error over mean absolute value: the relative error that was reached; the worst output's.
    pub error: f64,
    /// True when the error is not above the asked one.
    pub reached: bool,
}

/// Mean standard error over mean absolute value, for the worst output; 0 where all is zero.
fn relative_error(values: &[f64], standard_errors: &[f64], n_outputs: usize) -> f64 {
    let of = |all: &[f64], k: usize| all.iter().skip(k).step_by(n_outputs.max(1)).map(|x| x.abs()).sum::<f64>();
    let one = |k: usize| {
        let (size, error) = (of(values, k), of(standard_errors, k));
        if error > 0.0 { error / size.max(f64::MIN_POSITIVE) } else { 0.0 }
    };
    (0..n_outputs).map(one).fold(0.0, f64::max)
}
