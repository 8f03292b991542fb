//! The partially linear model `Y = θ·D + g(X) + ε`, with and without an instrument.

use crate::CausalError;
use crate::bounds::Sensitivity;
use crate::score::{Rows, Scored, solve};

/// What is left of outcome and treatment once the covariates are taken out, out of fold.
#[derive(Clone, Debug, PartialEq)]
pub struct Residuals {
    /// `Y − E[Y given X]`.
    pub outcome: Vec<f64>,
    /// `D − E[D given X]`.
    pub treatment: Vec<f64>,
}

fn subtract(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn multiply(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

impl Residuals {
    /// Residuals out of values and their out-of-fold predictions.
    #[must_use]
    pub fn new(y: &[f64], d: &[f64], y_given_x: &[f64], d_given_x: &[f64]) -> Self {
        Self { outcome: subtract(y, y_given_x), treatment: subtract(d, d_given_x) }
    }

    /// Partialling out (Robinson 1988; Chernozhukov et al. 2018, eq. 4.4): `ψ_a = −v²`, `ψ_b = v·u`.
    ///
    /// # Errors
    /// When nothing is left of the treatment.
    pub fn partialling_out(&self, rows: Rows<'_>) -> Result<Scored, CausalError> {
        let psi_a: Vec<f64> = self.treatment.iter().map(|v| -v * v).collect();
        solve(&psi_a, &multiply(&self.treatment, &self.outcome), rows)
    }

    /// The score that treats the residual treatment as its own instrument (eq. 4.3): `ψ_a = −v·d`, `ψ_b = v·(y − g)` with
    /// `g = E[Y − θ₀·D given X]`.
    ///
    /// # Errors
    /// When nothing is left of the treatment.
    pub fn iv_type(&self, y: &[f64], d: &[f64], g: &[f64], rows: Rows<'_>) -> Result<Scored, CausalError> {
        let psi_a: Vec<f64> = self.treatment.iter().zip(d).map(|(v, d)| -v * d).collect();
        solve(&psi_a, &multiply(&self.treatment, &subtract(y, g)), rows)
    }

    /// The effect within each group of rows (`group[row]` below `n_groups`): the best linear predictor of the effect by
    /// the groups, `θ_g = Σ_g w·v·u / Σ_g w·v²`. None for a group in which the treatment does not vary.
    #[must_use]
    pub fn within(&self, member: &[bool], rows: Rows<'_>) -> Option<Scored> {
        let keep = |x: &[f64]| -> Vec<f64> { x.iter().zip(member).map(|(x, m)| if *m { *x } else { 0.0 }).collect() };
        let part = Self { outcome: keep(&self.outcome), treatment: keep(&self.treatment) };
        part.partialling_out(rows).ok()
    }

    /// What an unobserved confounder would do to the estimate of partialling out.
    #[must_use]
    pub fn sensitivity(&self, scored: &Scored, rows: Rows<'_>) -> Sensitivity {
        let errors: Vec<f64> = self
            .outcome
            .iter()
            .zip(&self.treatment)
            .map(|(u, v)| (u - scored.theta * v) * (u - scored.theta * v))
            .collect();
        let squares: Vec<f64> = multiply(&self.treatment, &self.treatment);
        Sensitivity::partially_linear(scored, &errors, &squares, rows)
    }
}
