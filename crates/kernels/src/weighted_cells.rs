//! The bootstrap of weighted rows, when only weights of cells matter.

use crate::{Draws, binomial};

/// Weights of cells to be resampled.
///
/// The Poisson bootstrap takes every row a Poisson(1) number of times `K`, so that the weight of a cell becomes `Σ w·K`
/// with mean `W = Σ w` and variance `Q = Σ w²`. It is drawn as one number a cell, a scaled Poisson with the same mean and
/// variance (Bohm & Zech 2014, Nuclear Instruments and Methods A 748:1):
///
/// ```text
/// (Q/W) · Poisson(W²/Q)
/// ```
///
/// Exact in distribution when a cell's weights are equal; otherwise right in the first two moments. The cost does not
/// depend on the number of rows.
///
/// ```
/// use equipoise_kernels::{Draws, WeightedCells};
///
/// let cells = WeightedCells::of_sums([(30.0, 45.0), (0.0, 0.0)]);
/// let mut replicate = [0.0; 2];
/// cells.draw(&mut Draws::new(17, "example", 0), &mut replicate);
/// assert!(replicate[0] > 0.0 && replicate[1] == 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedCells {
    /// `Q/W` and `W²/Q`; both 0 for a cell without weight.
    cells: Vec<(f64, f64)>,
}

impl WeightedCells {
    /// Out of `(Σ w, Σ w²)` of each cell.
    #[must_use]
    pub fn of_sums(sums: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let cell = |(w, q): (f64, f64)| if w > 0.0 && q > 0.0 { (q / w, w * (w / q)) } else { (0.0, 0.0) };
        Self { cells: sums.into_iter().map(cell).collect() }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// True without cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// One replicate into `weights`, which has one place for each cell.
    pub fn draw(&self, draws: &mut Draws, weights: &mut [f64]) {
        for (weight, (scale, mean)) in weights.iter_mut().zip(&self.cells) {
            #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
            let times = poisson(draws, *mean) as f64;
            *weight = scale * times;
        }
    }
}

/// A Poisson number as a binomial one of very many trials, whose distribution is within `mean / trials` of it (Le Cam
/// 1960): 1e-3 and, for means below 10,000, 1e-5.
fn poisson(draws: &mut Draws, mean: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows, made larger")]
    let trials = (1 << 30).max((mean * 1024.0) as u64);
    #[allow(clippy::cast_precision_loss, reason = "only the quotient matters")]
    binomial(draws, trials, mean / trials as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_variances_are_those_of_the_rows() {
        let sums = [(3.5, 2.75), (900.0, 1_200.0), (4e6, 9e6), (0.0, 0.0)];
        let cells = WeightedCells::of_sums(sums);
        let reps = 20_000;
        let (mut sum, mut square, mut out) = ([0.0; 4], [0.0; 4], [0.0; 4]);
        for b in 0..reps {
            cells.draw(&mut Draws::new(1, "weighted_cells", b), &mut out);
            for c in 0..4 {
                sum[c] += out[c] - sums[c].0;
                square[c] += (out[c] - sums[c].0).powi(2);
            }
        }
        for c in 0..3 {
            let reps = reps as f64;
            let (bias, variance) = (sum[c] / reps, square[c] / reps);
            assert!(bias.abs() < 4.0 * (sums[c].1 / reps).sqrt(), "cell {c}: {bias}");
            assert!((variance / sums[c].1 - 1.0).abs() < 0.06, "cell {c}: {variance}");
        }
        assert!(square[3].abs() <= 0.0);
    }
}
