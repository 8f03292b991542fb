//! Symmetric positive definite systems.

/// `A = L·Lᵀ`, the lower triangle stored row by row.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    n: usize,
    /// Row-major `n × n`; only the lower triangle is read.
    lower: Vec<f64>,
}

/// A sum of products in eight lanes, the same on every machine.
#[inline]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
}

impl Cholesky {
    /// Factors a symmetric matrix in place; none when it is not positive definite.
    #[allow(clippy::indexing_slicing, reason = "a hot kernel; every index is below n·n by the loops' bounds")]
    pub(super) fn of(mut a: Vec<f64>, n: usize) -> Option<Self> {
        if a.len() != n * n {
            return None;
        }
        for i in 0..n {
            let (done, row) = a.split_at_mut(i * n);
            for j in 0..i {
                let other = &done[j * n..j * n + j + 1];
                let x = (row[j] - dot(&row[..j], &other[..j])) / other[j];
                row[j] = x;
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            row[i] = libm::sqrt(pivot);
        }
        Some(Self { n, lower: a })
    }

    /// `ln det A / 2`.
    #[allow(clippy::indexing_slicing, reason = "the diagonal of an n × n matrix")]
    pub(super) fn half_log_determinant(&self) -> f64 {
        (0..self.n).map(|i| libm::log(self.lower[i * self.n + i])).sum()
    }

    /// `L⁻¹·b`.
    #[allow(clippy::indexing_slicing, reason = "a hot kernel; b has n values")]
    pub(super) fn forward(&self, b: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut x = Vec::with_capacity(n);
        for i in 0..n.min(b.len()) {
            let row = &self.lower[i * n..i * n + i + 1];
            x.push((b[i] - dot(&row[..i], &x)) / row[i]);
        }
        x
    }

    /// `L⁻ᵀ·b`.
    #[allow(clippy::indexing_slicing, reason = "a hot kernel; b has n values")]
    pub(super) fn backward(&self, b: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut x = b.to_vec();
        for i in (0..n.min(b.len())).rev() {
            let row = &self.lower[i * n..i * n + i + 1];
            let value = x[i] / row[i];
            x[i] = value;
            for (sum, l) in x[..i].iter_mut().zip(row) {
                *sum -= l * value;
            }
        }
        x
    }

    /// `A⁻¹·b`.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        self.backward(&self.forward(b))
    }

    /// The diagonal of `A⁻¹`: squared column norms of `L⁻¹`.
    pub(super) fn inverse_diagonal(&self) -> Vec<f64> {
        use rayon::prelude::*;
        let one = |i: usize| {
            // L⁻¹·e_i is zero above place i.
            let column = self.forward_unit(i);
            dot(&column, &column)
        };
        (0..self.n).into_par_iter().map(one).collect()
    }

    #[allow(clippy::indexing_slicing, reason = "a hot kernel; every index is below n·n by the loops' bounds")]
    fn forward_unit(&self, at: usize) -> Vec<f64> {
        let n = self.n;
        let mut x = Vec::with_capacity(n - at);
        for i in at..n {
            let row = &self.lower[i * n + at..i * n + i + 1];
            let k = i - at;
            let b = if k == 0 { 1.0 } else { 0.0 };
            x.push((b - dot(&row[..k], &x)) / row[k]);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_system_by_hand() {
        // A = [[4, 2], [2, 3]]: L = [[2, 0], [1, √2]], det 8, A⁻¹ = [[3, −2], [−2, 4]] / 8.
        let l = Cholesky::of(vec![4.0, 2.0, 2.0, 3.0], 2).unwrap();
        assert!((l.half_log_determinant() - 0.5 * 8.0_f64.ln()).abs() < 1e-15);
        let x = l.solve(&[8.0, 0.0]);
        assert!((x[0] - 3.0).abs() < 1e-15 && (x[1] + 2.0).abs() < 1e-15);
        let diagonal = l.inverse_diagonal();
        assert!((diagonal[0] - 0.375).abs() < 1e-15 && (diagonal[1] - 0.5).abs() < 1e-15);
        assert!(Cholesky::of(vec![1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
