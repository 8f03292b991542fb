//! A fitted linear function, and least squares with and without a ridge.

use super::{Centre, Cholesky, Gram};

/// A linear function of columns: `intercept + Σ coefficient·x`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearFit {
    /// Value at zero.
    pub intercept: f64,
    /// One per column, in the columns' own units; 0 for a column that says nothing new.
    pub coefficients: Vec<f64>,
}

impl LinearFit {
    /// Ordinary least squares of the column `target` of a Gram matrix on the columns `predictors`.
    #[must_use]
    pub fn ols(gram: &Gram, centre: &Centre, predictors: &[usize], target: usize) -> Self {
        Self::ridge(gram, centre, predictors, target, 0.0)
    }

    /// Ridge regression on standardised columns: minimises `Σ w·(y − ŷ)² / (2·Σw) + ½·penalty·Σ (coefficient·sd)²`.
    /// A penalty of 0 is ordinary least squares.
    #[must_use]
    pub fn ridge(gram: &Gram, centre: &Centre, predictors: &[usize], target: usize, penalty: f64) -> Self {
        // The constant is the first column; it is not penalised.
        let at = |i: usize| if i == 0 { 0 } else { predictors.get(i - 1).map_or(0, |p| p + 1) };
        let scale: Vec<f64> = predictors.iter().map(|p| gram.variance(*p)).collect();
        let cell = |i: usize, j: usize| {
            let ridge =
                if i == j && i > 0 { scale.get(i - 1).map_or(0.0, |s| s * penalty * gram.weight()) } else { 0.0 };
            gram.at(at(i), at(j)) + ridge
        };
        let m = predictors.len() + 1;
        let factor = Cholesky::of(m, cell);
        let b: Vec<f64> = (0..m).map(|i| gram.at(at(i), target + 1)).collect();
        Self::from_centred(&factor.solve(&b), centre, predictors, target)
    }

    /// A fit out of coefficients of centred columns, the constant's first.
    pub(crate) fn from_centred(solved: &[f64], centre: &Centre, predictors: &[usize], target: usize) -> Self {
        let shift = |column: usize| centre.shift.get(column).copied().unwrap_or(0.0);
        let coefficients: Vec<f64> = solved.iter().skip(1).copied().collect();
        let moved: f64 = coefficients.iter().zip(predictors).map(|(b, p)| b * shift(*p)).sum();
        Self { intercept: solved.first().copied().unwrap_or(0.0) + shift(target) - moved, coefficients }
    }

    /// Mean squared error on the rows of a Gram matrix, without looking at the rows.
    #[must_use]
    pub fn mean_squared_error(&self, gram: &Gram, centre: &Centre, predictors: &[usize], target: usize) -> f64 {
        let shift = |column: usize| centre.shift.get(column).copied().unwrap_or(0.0);
        let moved: f64 = self.coefficients.iter().zip(predictors).map(|(b, p)| b * shift(*p)).sum();
        // Residual = Σ c·z over the constant, the predictors and the target, all about their centres.
        let mut terms = vec![(0, -(self.intercept + moved - shift(target))), (target + 1, 1.0)];
        terms.extend(self.coefficients.iter().zip(predictors).filter(|(b, _)| **b != 0.0).map(|(b, p)| (p + 1, -b)));
        let mut sum = 0.0;
        for (i, a) in &terms {
            for (j, b) in &terms {
                sum += a * b * gram.at(*i, *j);
            }
        }
        (sum / gram.weight()).max(0.0)
    }

    /// Values for some rows, column by column.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "hot loop: every column holds every row")]
    pub fn predict(&self, columns: &[&[f64]], rows: &[u32]) -> Vec<f64> {
        let mut out = vec![self.intercept; rows.len()];
        for (x, b) in columns.iter().zip(&self.coefficients) {
            if *b != 0.0 {
                for (to, row) in out.iter_mut().zip(rows) {
                    *to += b * x[*row as usize];
                }
            }
        }
        out
    }
}
