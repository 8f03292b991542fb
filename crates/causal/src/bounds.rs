//! How strong an unobserved confounder would have to be (Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis 2022, "Long
//! story short", arXiv:2112.13398).
//!
//! A confounder that explains the share `c_y` of the outcome's and `c_d` of the treatment's unexplained variation moves
//! the estimate by at most `S·B`:
//!
//! ```text
//! S = |ρ|·√(c_y·c_d / (1 − c_d))        B = √(σ²·ν²)        θ± = θ̂ ± S·B
//! influence of B  = (σ²·ψ_ν + ν²·ψ_σ) / (2·B)
//! influence of θ± = −ψ/J ± S·(influence of B)
//! ```
//!
//! The influence of θ̂ is `−ψ/J`: with `+ψ/J` the standard errors of the two bounds change places.

use equipoise_kernels::normal_quantile;

use crate::score::{Rows, Scored};

/// An estimate with what is needed to bound its bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    theta: f64,
    /// Variance of the outcome's errors.
    pub sigma_squared: f64,
    /// Mean square of the Riesz representer.
    pub nu_squared: f64,
    /// Variance of the estimate's influence, of `B`'s, and their covariance, each over `Σ w`-scaled rows.
    spread: [f64; 3],
}

/// One side of the bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// The estimate if the confounder pushed it this way.
    pub theta: f64,
    /// Its standard error.
    pub se: f64,
    /// End of the one-sided confidence interval.
    pub ci: f64,
}

/// Both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The lower side.
    pub lower: Bound,
    /// The upper side.
    pub upper: Bound,
}

/// Bounds over a grid of strengths.
#[derive(Clone, Debug, PartialEq)]
pub struct Contour {
    /// Shares of the outcome's unexplained variation.
    pub outcome: Vec<f64>,
    /// Shares of the treatment's unexplained variation.
    pub treatment: Vec<f64>,
    /// Bound nearest to the null hypothesis, outcome by treatment in rows.
    pub theta: Vec<f64>,
    /// End of the confidence interval nearest to the null hypothesis.
    pub ci: Vec<f64>,
}

impl Sensitivity {
    /// Of partialling out: `ν² = 1/mean(v²)`, `ψ_ν = ν² − v²·ν⁴`.
    #[must_use]
    pub fn partially_linear(scored: &Scored, errors: &[f64], squares: &[f64], rows: Rows<'_>) -> Self {
        let nu = 1.0 / rows.mean(squares);
        let psi_nu = squares.iter().map(|s| nu - s * nu * nu).collect::<Vec<f64>>();
        Self::new(scored, errors, nu, &psi_nu, rows)
    }

    /// Of the interactive model: `ν² = mean(2·m(W, α) − α²)` and its elements.
    #[must_use]
    pub fn interactive(scored: &Scored, errors: &[f64], riesz: &[f64], rows: Rows<'_>) -> Self {
        let nu = rows.mean(riesz);
        let psi_nu = riesz.iter().map(|r| r - nu).collect::<Vec<f64>>();
        Self::new(scored, errors, nu, &psi_nu, rows)
    }

    fn new(scored: &Scored, errors: &[f64], nu: f64, psi_nu: &[f64], rows: Rows<'_>) -> Self {
        let sigma = rows.mean(errors);
        let b = libm::sqrt((sigma * nu).max(0.0));
        let of_b: Vec<f64> = errors
            .iter()
            .zip(psi_nu)
            .map(|(e, p)| if b > 0.0 { (sigma * p + nu * (e - sigma)) / (2.0 * b) } else { 0.0 })
            .collect();
        let se = |x: &[f64]| rows.standard_error(x);
        let sum: Vec<f64> = scored.influence.iter().zip(&of_b).map(|(a, b)| a + b).collect();
        let (a, b, both) = (se(&scored.influence), se(&of_b), se(&sum));
        let covariance = 0.5 * (both * both - a * a - b * b);
        Self { theta: scored.theta, sigma_squared: sigma, nu_squared: nu, spread: [a * a, b * b, covariance] }
    }

    /// The size `B = √(σ²·ν²)` of the bias at full strength.
    #[must_use]
    pub fn scale(&self) -> f64 {
        libm::sqrt((self.sigma_squared * self.nu_squared).max(0.0))
    }

    /// Bounds for a confounder of strength `c_y`, `c_d` below 1 and correlation `rho`, with one-sided confidence `level`.
    #[must_use]
    pub fn bounds(&self, c_y: f64, c_d: f64, rho: f64, level: f64) -> Bounds {
        let s = rho.abs() * libm::sqrt(c_y * c_d / (1.0 - c_d));
        let z = normal_quantile(level);
        let side = |sign: f64| {
            let theta = self.theta + sign * s * self.scale();
            let [a, b, covariance] = self.spread;
            let se = libm::sqrt((a + s * s * b + 2.0 * sign * s * covariance).max(0.0));
            Bound { theta, se, ci: theta + sign * z * se }
        };
        Bounds { lower: side(-1.0), upper: side(1.0) }
    }

    /// The strength `c_y = c_d` at which the estimate reaches the null hypothesis: with `t = |θ̂ − H₀|/B` the root of
    /// `r²/(1 − r) = t²`.
    #[must_use]
    pub fn robustness_value(&self, null: f64) -> f64 {
        let t = (self.theta - null).abs() / self.scale();
        let squared = t * t;
        if squared.is_finite() { 0.5 * (libm::sqrt(squared * squared + 4.0 * squared) - squared) } else { 1.0 }
    }

    /// The strength at which the confidence bound reaches the null hypothesis; 0 where it has from the start.
    #[must_use]
    pub fn robustness_value_of_interval(&self, null: f64, level: f64) -> f64 {
        let sign = if self.theta > null { 1.0 } else { -1.0 };
        let reaches = |r: f64| {
            let bounds = self.bounds(r, r, 1.0, level);
            sign * (if sign > 0.0 { bounds.lower.ci } else { bounds.upper.ci } - null) <= 0.0
        };
        if reaches(0.0) {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1.0 - 1e-12);
        if !reaches(high) {
            return 1.0;
        }
        // Halving until neighbouring floats.
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if reaches(middle) { high = middle } else { low = middle }
        }
        0.5 * (low + high)
    }

    /// The bound nearest to the null hypothesis over a grid of strengths.
    #[must_use]
    pub fn contour(&self, outcome: &[f64], treatment: &[f64], null: f64, level: f64) -> Contour {
        let (mut theta, mut ci) = (Vec::new(), Vec::new());
        for c_y in outcome {
            for c_d in treatment {
                let bounds = self.bounds(*c_y, *c_d, 1.0, level);
                let near = if self.theta > null { bounds.lower } else { bounds.upper };
                theta.push(near.theta);
                ci.push(near.ci);
            }
        }
        Contour { outcome: outcome.to_vec(), treatment: treatment.to_vec(), theta, ci }
    }
}
