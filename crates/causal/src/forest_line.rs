//! A causal forest beside a straight line: what is linear in the effect is taken out before trees are grown.
//!
//! A leaf averages over its rows, so where the effect rises steadily a forest is flatter than the truth, and intervals that
//! know of chance alone miss it (the reason for local linear forests, Friedberg, Tibshirani, Athey & Wager 2020,
//! doi:10.1080/10618600.2020.1831930). Here
//!
//! ```text
//! θ(x) = [x, 1]·β + θ_forest(x)          the forest grown on u − v·[x, 1]·β
//! Var θ(x) = [x, 1]·V·[x, 1]' + Var θ_forest(x)
//! ```
//!
//! The forest takes part of the line's error back, so that the sum is rather too large than too small.

use equipoise_kernels::boost::Binned;

use crate::{Cate, CausalForest, Covariance, ForestOptions, Residuals, Rows};

/// A line and the forest that grew on what it leaves.
#[derive(Clone, Debug)]
pub struct LinearForest {
    line: Cate,
    forest: CausalForest,
}

impl LinearForest {
    /// Fits the line by least squares on residuals and grows the forest. `features` are the columns of `data` as numbers.
    #[must_use]
    pub fn fit(
        data: &Binned,
        features: &[&[f64]],
        residuals: &Residuals,
        options: &ForestOptions,
        rows: Rows<'_>,
    ) -> Self {
        let line = Cate::fit(&residuals.outcome, &residuals.treatment, features, Covariance::Hc1, rows);
        let mut left = residuals.outcome.clone();
        for (row, (u, v)) in left.iter_mut().zip(&residuals.treatment).enumerate() {
            *u -= v * line.value_of(features, row);
        }
        let left = Residuals { outcome: left, treatment: residuals.treatment.clone() };
        Self { line, forest: CausalForest::grow(data, &left, options, rows) }
    }

    /// Effect and standard error for a row it was fitted on, by the bags that have not seen it; none where all have.
    #[must_use]
    pub fn out_of_bag(&self, data: &Binned, features: &[&[f64]], row: usize) -> Option<(f64, f64)> {
        let (more, its_error) = self.forest.out_of_bag(data, row)?;
        let x: Vec<f64> = features.iter().filter_map(|x| x.get(row)).copied().collect();
        let (value, error) = self.line.at(&x);
        Some((value + more, libm::sqrt(error * error + its_error * its_error)))
    }

    /// Bytes the trees take.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.forest.n_bytes()
    }
}
