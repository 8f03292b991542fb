//! The lasso by coordinate descent on cross products (Friedman, Hastie & Tibshirani 2010, doi:10.18637/jss.v033.i01,
//! "covariance updates"): a step costs the number of columns, whatever the number of rows.

use super::{Centre, Gram, LinearFit};

/// Sweeps after which a solution is taken as it is.
const MAX_SWEEPS: usize = 2_000;
/// Largest change of a standardised coefficient, as a share of the target's deviation, that ends the sweeps.
const TOLERANCE: f64 = 1e-7;

/// Cross products of standardised columns with each other and with the target, and what has been solved so far.
pub struct LassoPath<'a> {
    gram: &'a Gram,
    centre: &'a Centre,
    predictors: &'a [usize],
    target: usize,
    correlation: Vec<f64>,
    with_target: Vec<f64>,
    scale: Vec<f64>,
    coefficients: Vec<f64>,
    /// `with_target − correlation·coefficients`.
    gradient: Vec<f64>,
    spread: f64,
}

impl<'a> LassoPath<'a> {
    /// Prepares the path of the column `target` on `predictors`; constant predictors get a coefficient of 0.
    #[must_use]
    pub fn new(gram: &'a Gram, centre: &'a Centre, predictors: &'a [usize], target: usize) -> Self {
        let scale: Vec<f64> = predictors
            .iter()
            .map(|p| {
                let raw = gram.at(p + 1, p + 1) / gram.weight();
                let variance = gram.variance(*p);
                if variance > 1e-12 * raw { libm::sqrt(variance) } else { 0.0 }
            })
            .collect();
        let standard = |a: f64, b: f64, covariance: f64| if a > 0.0 && b > 0.0 { covariance / (a * b) } else { 0.0 };
        let mut correlation = Vec::with_capacity(predictors.len() * predictors.len());
        for (p, a) in predictors.iter().zip(&scale) {
            correlation.extend(predictors.iter().zip(&scale).map(|(q, b)| standard(*a, *b, gram.covariance(*p, *q))));
        }
        let with_target: Vec<f64> =
            predictors.iter().zip(&scale).map(|(p, a)| standard(*a, 1.0, gram.covariance(*p, target))).collect();
        Self {
            gram,
            centre,
            predictors,
            target,
            correlation,
            gradient: with_target.clone(),
            coefficients: vec![0.0; scale.len()],
            spread: libm::sqrt(gram.variance(target)),
            with_target,
            scale,
        }
    }

    /// The smallest penalty at which all coefficients are 0.
    #[must_use]
    pub fn largest_penalty(&self) -> f64 {
        self.with_target.iter().fold(0.0, |m: f64, c| m.max(c.abs()))
    }

    /// Minimises `Σ w·(y − ŷ)² / (2·Σw) + penalty·Σ |coefficient·sd|`, starting from the last solution: a falling
    /// sequence of penalties is cheap.
    #[allow(clippy::indexing_slicing, reason = "hot loop over the cells of a p × p matrix")]
    pub fn solve(&mut self, penalty: f64) -> LinearFit {
        let p = self.scale.len();
        let limit = TOLERANCE * self.spread.max(f64::MIN_POSITIVE);
        for _ in 0..MAX_SWEEPS {
            let mut largest: f64 = 0.0;
            for j in 0..p {
                if self.scale[j] == 0.0 {
                    continue;
                }
                let old = self.coefficients[j];
                let pull = self.gradient[j] + old;
                let new = pull.signum() * (pull.abs() - penalty).max(0.0);
                let step = new - old;
                if step != 0.0 {
                    self.coefficients[j] = new;
                    for (g, c) in self.gradient.iter_mut().zip(&self.correlation[j * p..(j + 1) * p]) {
                        *g -= step * c;
                    }
                    largest = largest.max(step.abs());
                }
            }
            if largest <= limit {
                break;
            }
        }
        self.fit()
    }

    fn fit(&self) -> LinearFit {
        let slopes: Vec<f64> =
            self.coefficients.iter().zip(&self.scale).map(|(b, s)| if *s > 0.0 { b / s } else { 0.0 }).collect();
        let constant = self.gram.mean(self.target)
            - slopes.iter().zip(self.predictors).map(|(b, p)| b * self.gram.mean(*p)).sum::<f64>();
        let solved: Vec<f64> = std::iter::once(constant).chain(slopes).collect();
        LinearFit::from_centred(&solved, self.centre, self.predictors, self.target)
    }
}

/// The lasso at one penalty; see [`LassoPath::solve`] for what is minimised.
#[must_use]
pub fn lasso(gram: &Gram, centre: &Centre, predictors: &[usize], target: usize, penalty: f64) -> LinearFit {
    LassoPath::new(gram, centre, predictors, target).solve(penalty)
}
