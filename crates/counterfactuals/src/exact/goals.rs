//! A wish about answers as conditions on margins, which are sums over trees.

use equipoise_models::trees::Link;

use crate::{CounterfactualError, Goal};

/// `Σ coefficient_k · margin_k ≥ at_least`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Half {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) at_least: f64,
}

/// Ways in which the goal is met; in each, all conditions hold. Strict conditions are taken as weak ones: the model itself
/// has the last word.
pub(crate) fn halves(goal: Goal, link: Link, n_outputs: usize) -> Result<Vec<Vec<Half>>, CounterfactualError> {
    let unit = |k: usize, sign: f64| {
        let mut coefficients = vec![0.0; n_outputs];
        if let Some(c) = coefficients.get_mut(k) {
            *c = sign;
        }
        coefficients
    };
    let above = |k: usize, x: f64| Half { coefficients: unit(k, 1.0), at_least: before(link, x) };
    let below = |k: usize, x: f64| Half { coefficients: unit(k, -1.0), at_least: -before(link, x) };
    if matches!(link, Link::Softmax) && !matches!(goal, Goal::Largest(_) | Goal::NotLargest(_)) {
        return Err(super::refused("the probability of one of several classes is not a sum over trees".to_owned()));
    }
    let largest = |k: usize| -> Vec<Half> {
        let beats = |j: usize| {
            let mut coefficients = unit(k, 1.0);
            if let Some(c) = coefficients.get_mut(j) {
                *c = -1.0;
            }
            Half { coefficients, at_least: 0.0 }
        };
        (0..n_outputs).filter(|j| *j != k).map(beats).collect()
    };
    Ok(match goal {
        Goal::AtLeast(k, x) => vec![vec![above(k, x)]],
        Goal::AtMost(k, x) | Goal::Below(k, x) => vec![vec![below(k, x)]],
        Goal::Within(low, high) => vec![vec![above(0, low), below(0, high)]],
        Goal::Largest(k) => vec![largest(k)],
        Goal::NotLargest(k) => (0..n_outputs).filter(|j| *j != k).map(largest).collect(),
    })
}

/// The margin that a link turns into an answer.
fn before(link: Link, x: f64) -> f64 {
    match link {
        Link::Identity | Link::Softmax => x,
        Link::Logistic { scale } => (libm::log(x.max(0.0)) - libm::log1p(-x.min(1.0))) / scale,
        Link::Exp => libm::log(x.max(0.0)),
        Link::Log1pExp => {
            if x > 35.0 {
                x
            } else {
                libm::log(libm::expm1(x.max(0.0)))
            }
        }
        Link::SignedSquare => libm::sqrt(x.abs()).copysign(x),
        // 1 from any margin above 0.
        Link::Step => 0.0,
    }
}
