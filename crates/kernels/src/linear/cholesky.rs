//! Symmetric positive systems, with columns that say nothing new left out.

use libm::sqrt;

/// A pivot below this share of its diagonal means that the column is a combination of those before it.
const COLLINEAR: f64 = 1e-10;

/// The factor `A = L·Lᵀ` of a symmetric matrix of which some rows and columns may have been left out.
///
/// Columns are taken in order; one that is a combination of those before it (its pivot falls below 1e-10 of its
/// diagonal) is left out: its coefficient is 0.
#[derive(Clone, Debug)]
pub struct Cholesky {
    m: usize,
    /// Row by row, lower triangle.
    factor: Vec<f64>,
    left_out: Vec<bool>,
}

/// The inverse of a symmetric matrix; rows and columns left out are zero.
#[derive(Clone, Debug)]
pub struct Inverse {
    m: usize,
    cells: Vec<f64>,
}

impl Cholesky {
    /// Factors the `m × m` matrix whose cells `of` gives (only `i ≥ j` is asked).
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "hot loop over the cells of an m × m triangle")]
    pub fn of(m: usize, of: impl Fn(usize, usize) -> f64) -> Self {
        let mut factor = vec![0.0; m * m];
        let mut left_out = vec![false; m];
        for j in 0..m {
            let diagonal = of(j, j);
            let mut pivot = diagonal;
            for k in 0..j {
                let l = factor[j * m + k];
                pivot -= l * l;
            }
            // Not finite or not positive counts as nothing new, too.
            if !(pivot > COLLINEAR * diagonal && pivot.is_finite()) {
                left_out[j] = true;
                for k in 0..m {
                    factor[j * m + k] = 0.0;
                }
                continue;
            }
            let root = sqrt(pivot);
            factor[j * m + j] = root;
            for i in j + 1..m {
                let mut cell = of(i, j);
                for k in 0..j {
                    cell -= factor[i * m + k] * factor[j * m + k];
                }
                factor[i * m + j] = cell / root;
            }
        }
        Self { m, factor, left_out }
    }

    /// Solves `A·x = b`; what was left out has 0.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "hot loop over the cells of an m × m triangle")]
    #[allow(clippy::needless_range_loop, reason = "rows and columns of one triangle are walked together")]
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let m = self.m;
        let mut x = vec![0.0; m];
        for i in 0..m.min(b.len()) {
            if self.left_out[i] {
                continue;
            }
            let mut cell = b[i];
            for k in 0..i {
                cell -= self.factor[i * m + k] * x[k];
            }
            x[i] = cell / self.factor[i * m + i];
        }
        for i in (0..m).rev() {
            if self.left_out[i] {
                x[i] = 0.0;
                continue;
            }
            let mut cell = x[i];
            for k in i + 1..m {
                if !self.left_out[k] {
                    cell -= self.factor[k * m + i] * x[k];
                }
            }
            x[i] = cell / self.factor[i * m + i];
        }
        x
    }

    /// Which columns were left out.
    #[must_use]
    pub fn left_out(&self) -> &[bool] {
        &self.left_out
    }

    /// Number of columns kept.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.left_out.iter().filter(|l| !**l).count()
    }

    /// The inverse, column by column.
    #[must_use]
    pub fn inverse(&self) -> Inverse {
        let mut cells = Vec::with_capacity(self.m * self.m);
        for j in 0..self.m {
            let unit: Vec<f64> = (0..self.m).map(|i| if i == j { 1.0 } else { 0.0 }).collect();
            cells.extend(self.solve(&unit));
        }
        Inverse { m: self.m, cells }
    }
}

impl Inverse {
    /// One cell.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.cells.get(j * self.m + i).copied().unwrap_or(0.0)
    }

    /// `A⁻¹·M·A⁻¹` for a symmetric `m × m` matrix in rows: the sandwich of a robust covariance.
    #[must_use]
    pub fn sandwich(&self, meat: &[f64]) -> Vec<f64> {
        let m = self.m;
        let cell = |i: usize, j: usize| meat.get(i * m + j).copied().unwrap_or(0.0);
        let mut half = vec![0.0; m * m];
        for (place, to) in half.iter_mut().enumerate() {
            let (i, j) = (place / m, place % m);
            *to = (0..m).map(|k| self.at(i, k) * cell(k, j)).sum();
        }
        let mut out = vec![0.0; m * m];
        for (place, to) in out.iter_mut().enumerate() {
            let (i, j) = (place / m, place % m);
            *to = (0..m).map(|k| half.get(i * m + k).copied().unwrap_or(0.0) * self.at(k, j)).sum();
        }
        out
    }
}
