//! Effects that differ from row to row: the linear final stage (`LinearDML`).

use equipoise_kernels::linear::{Cholesky, Inverse};

use crate::score::Rows;

/// Which covariance the coefficients have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covariance {
    /// White's: `(A'A)⁻¹·A'diag(r²)A·(A'A)⁻¹`.
    Hc0,
    /// The same times `n/(n − k)`.
    Hc1,
    /// Each residual over one less the row's leverage, near the jackknife (MacKinnon and White 1985): where single rows weigh
    /// much. With clusters as `Hc1`.
    Hc3,
    /// One variance for all rows: `r'r/(n − k)·(A'A)⁻¹`.
    Homoskedastic,
}

/// `θ(x) = [x, 1]·β`, the last coefficient being the constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Cate {
    /// One per feature, and the constant at the end.
    pub coefficients: Vec<f64>,
    /// Their covariance, row by row.
    pub covariance: Vec<f64>,
    /// Weighted means of the features, and 1.
    means: Vec<f64>,
}

impl Cate {
    /// Regresses residual outcomes on residual treatments times features, without a constant of its own. A feature that
    /// says nothing new gets a coefficient of 0.
    #[must_use]
    pub fn fit(
        outcome: &[f64],
        treatment: &[f64],
        features: &[&[f64]],
        covariance: Covariance,
        rows: Rows<'_>,
    ) -> Self {
        Self::solve(outcome, treatment, features, features.len() + 1, covariance, rows)
    }

    /// As [`Cate::fit`] without the constant: `θ(x) = x·β`.
    #[must_use]
    pub fn without_constant(
        outcome: &[f64],
        treatment: &[f64],
        features: &[&[f64]],
        covariance: Covariance,
        rows: Rows<'_>,
    ) -> Self {
        Self::solve(outcome, treatment, features, features.len(), covariance, rows)
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop over the cells of a k × k matrix")]
    #[allow(clippy::needless_range_loop, reason = "a row of every column is needed")]
    fn solve(
        outcome: &[f64],
        treatment: &[f64],
        features: &[&[f64]],
        k: usize,
        covariance: Covariance,
        rows: Rows<'_>,
    ) -> Self {
        let feature = |row: usize, j: usize| features.get(j).map_or(1.0, |x| x[row]);
        let fill = |row: usize, a: &mut [f64]| {
            a.iter_mut().enumerate().for_each(|(j, a)| *a = treatment[row] * feature(row, j));
        };
        let (mut gram, mut moment) = (vec![0.0; k * k], vec![0.0; k]);
        let mut a = vec![0.0; k];
        for row in 0..outcome.len() {
            fill(row, &mut a);
            let w = rows.weight_of(row);
            for i in 0..k {
                moment[i] += w * a[i] * outcome[row];
                for j in i..k {
                    gram[i * k + j] += w * a[i] * a[j];
                }
            }
        }
        let factor = Cholesky::of(k, |i, j| gram[j * k + i]);
        let coefficients = factor.solve(&moment);
        let inverse = factor.inverse();
        let inverse_cells = cells(&inverse, k);
        let (mut meat, mut squares) = (vec![0.0; k * k], 0.0);
        let mut cluster_sums: Vec<f64> = match rows.clusters {
            Some(c) => vec![0.0; (c.iter().copied().max().map_or(0, |m| m as usize + 1)) * k],
            None => Vec::new(),
        };
        for row in 0..outcome.len() {
            fill(row, &mut a);
            let r = outcome[row] - a.iter().zip(&coefficients).map(|(a, b)| a * b).sum::<f64>();
            let w = rows.weight_of(row);
            squares += w * r * r;
            match rows.clusters {
                Some(c) => {
                    let at = c[row] as usize * k;
                    cluster_sums[at..at + k].iter_mut().zip(&a).for_each(|(s, a)| *s += w * r * a);
                }
                None => {
                    let r =
                        if covariance == Covariance::Hc3 { r / (1.0 - w * leverage(&inverse_cells, &a)) } else { r };
                    add_outer(&mut meat, &a, w * w * r * r);
                }
            }
        }
        for sums in cluster_sums.chunks_exact(k.max(1)) {
            add_outer(&mut meat, sums, 1.0);
        }
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        let n = outcome.len() as f64;
        #[allow(clippy::cast_precision_loss, reason = "a number of columns")]
        let df = n - factor.rank() as f64;
        let covariance = match covariance {
            Covariance::Hc0 => inverse.sandwich(&meat),
            Covariance::Hc3 if rows.clusters.is_none() => inverse.sandwich(&meat),
            Covariance::Hc1 | Covariance::Hc3 => inverse.sandwich(&meat).iter().map(|c| c * n / df).collect(),
            Covariance::Homoskedastic => cells(&inverse, k).iter().map(|c| c * squares / df).collect(),
        };
        let mut means: Vec<f64> = features.iter().map(|x| rows.mean(x)).collect();
        means.resize(k, 1.0);
        Self { coefficients, covariance, means }
    }

    /// Effect and standard error at a row's features.
    #[must_use]
    pub fn at(&self, features: &[f64]) -> (f64, f64) {
        let point: Vec<f64> = features.iter().copied().chain(std::iter::once(1.0)).collect();
        self.along(&point)
    }

    /// Effect at the features of a row.
    pub(crate) fn value_of(&self, features: &[&[f64]], row: usize) -> f64 {
        let x = features.iter().map(|x| x.get(row).copied().unwrap_or(0.0)).chain(std::iter::once(1.0));
        self.coefficients.iter().zip(x).map(|(b, x)| b * x).sum()
    }

    /// Mean effect over the rows it was fitted on, with features taken as they are.
    #[must_use]
    pub fn average(&self) -> (f64, f64) {
        self.along(&self.means)
    }

    /// Standard errors of the coefficients.
    #[must_use]
    pub fn standard_errors(&self) -> Vec<f64> {
        let k = self.coefficients.len();
        (0..k).map(|i| libm::sqrt(self.covariance.get(i * k + i).copied().unwrap_or(0.0).max(0.0))).collect()
    }

    /// Wald's chi-squared statistic of "these coefficients are all 0", and its degrees of freedom.
    #[must_use]
    pub fn wald(&self, which: std::ops::Range<usize>) -> (f64, usize) {
        let (k, first) = (self.coefficients.len(), which.start);
        let factor =
            Cholesky::of(which.len(), |i, j| self.covariance.get((first + i) * k + first + j).copied().unwrap_or(0.0));
        let b: Vec<f64> = self.coefficients.get(which).unwrap_or_default().to_vec();
        (factor.solve(&b).iter().zip(&b).map(|(a, b)| a * b).sum(), factor.rank())
    }

    /// `p'β` and `√(p'Vp)`.
    #[must_use]
    pub fn along(&self, point: &[f64]) -> (f64, f64) {
        let k = self.coefficients.len();
        let value = point.iter().zip(&self.coefficients).map(|(p, b)| p * b).sum();
        let mut variance = 0.0;
        for (i, a) in point.iter().enumerate() {
            for (j, b) in point.iter().enumerate() {
                variance += a * b * self.covariance.get(i * k + j).copied().unwrap_or(0.0);
            }
        }
        (value, libm::sqrt(variance.max(0.0)))
    }
}

fn cells(inverse: &Inverse, k: usize) -> Vec<f64> {
    (0..k * k).map(|place| inverse.at(place / k, place % k)).collect()
}

/// `a'·(A'WA)⁻¹·a`.
fn leverage(inverse: &[f64], a: &[f64]) -> f64 {
    let rows = inverse.chunks_exact(a.len().max(1)).zip(a);
    rows.map(|(row, x)| x * row.iter().zip(a).map(|(c, y)| c * y).sum::<f64>()).sum()
}

fn add_outer(to: &mut [f64], a: &[f64], scale: f64) {
    for (row, x) in to.chunks_exact_mut(a.len().max(1)).zip(a) {
        row.iter_mut().zip(a).for_each(|(cell, y)| *cell += scale * x * y);
    }
}
