//! From a linear score to an estimate with its standard error.

use equipoise_kernels::Stop;

use crate::CausalError;

/// What rows count for, which belong together, and whether work on them is still wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rows<'a> {
    /// Weights; 1 each without.
    pub weight: Option<&'a [f64]>,
    /// Clusters numbered from 0, whose rows are not independent of each other.
    pub clusters: Option<&'a [u32]>,
    /// Forests, searches and simulations end early once it is asked; what they give then is of no use.
    pub stop: Stop<'a>,
}

/// An estimate and what each row contributed.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The estimate.
    pub theta: f64,
    /// Its standard error.
    pub se: f64,
    /// Mean of `ψ_a`.
    pub j: f64,
    /// Influence of each row, `−ψ/J`: the estimate moves by `w·influence / Σ w` when the row counts a little more.
    pub influence: Vec<f64>,
}

impl Rows<'_> {
    /// Weight of a row.
    #[inline]
    #[must_use]
    pub fn weight_of(&self, row: usize) -> f64 {
        self.weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0))
    }

    /// Weighted mean of a value per row.
    #[must_use]
    pub fn mean(&self, values: &[f64]) -> f64 {
        match self.weight {
            #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
            None => pairwise(values) / values.len() as f64,
            Some(w) => {
                let products: Vec<f64> = values.iter().zip(w).map(|(x, w)| x * w).collect();
                pairwise(&products) / pairwise(w)
            }
        }
    }

    /// Standard error of a weighted mean of values whose mean is 0: `√(Σ (w·x)²) / Σ w`, sums within clusters first.
    #[must_use]
    pub fn standard_error(&self, centred: &[f64]) -> f64 {
        let total: f64 = (0..centred.len()).map(|row| self.weight_of(row)).sum();
        let weighted = centred.iter().enumerate().map(|(row, x)| self.weight_of(row) * x);
        let squares: f64 = match self.clusters {
            None => weighted.map(|x| x * x).sum(),
            Some(clusters) => {
                let n = clusters.iter().copied().max().map_or(0, |m| m as usize + 1);
                let mut sums = vec![0.0; n];
                for (x, cluster) in weighted.zip(clusters) {
                    if let Some(sum) = sums.get_mut(*cluster as usize) {
                        *sum += x;
                    }
                }
                sums.iter().map(|x| x * x).sum()
            }
        };
        libm::sqrt(squares) / total
    }
}

/// Sum in blocks, so that the error does not grow with the number of rows.
pub(crate) fn pairwise(values: &[f64]) -> f64 {
    if values.len() <= 128 {
        return values.iter().sum();
    }
    let (left, right) = values.split_at(values.len() / 2);
    pairwise(left) + pairwise(right)
}

/// Solves `Σ w·(ψ_a·θ + ψ_b) = 0`.
///
/// # Errors
/// [`CausalError::NoVariation`] where `Σ w·ψ_a` is 0.
pub fn solve(psi_a: &[f64], psi_b: &[f64], rows: Rows<'_>) -> Result<Scored, CausalError> {
    let (j, b) = (rows.mean(psi_a), rows.mean(psi_b));
    let theta = -b / j;
    if !theta.is_finite() {
        return Err(CausalError::NoVariation);
    }
    let influence: Vec<f64> = psi_a.iter().zip(psi_b).map(|(a, b)| -(a * theta + b) / j).collect();
    Ok(Scored { theta, se: rows.standard_error(&influence), j, influence })
}
