//! Logistic regression by Newton's method with step-halving, with and without a ridge.

use libm::{log, log1p, sqrt};

use super::exp::sigmoid;
use super::gram::{add_products, dot};
use super::{Cholesky, Gram};
use crate::machine::{Machine, on_each_machine};

/// Rows in one tile; see the Gram matrix.
const TILE: usize = 256;
/// Newton steps after which the fit is taken as it is.
const MAX_STEPS: usize = 60;
/// A chance this near 0 or 1 on every row of a class means that a line parts the classes.
const CERTAIN: f64 = 1e-8;

/// What to fit: minimises `Σ w·log loss + ½·penalty·Σ (coefficient·sd)²`, the constant unpenalised.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logistic<'a> {
    /// Weight of the ridge on standardised coefficients (scikit-learn's `1/C`); 0 for maximum likelihood.
    pub penalty: f64,
    /// Where to begin: the solution of a fit on nearly the same rows.
    pub start: Option<&'a [f64]>,
}

/// A fitted logistic regression: `P(y = 1) = 1 / (1 + exp(−intercept − Σ coefficient·x))`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticFit {
    /// Log odds at zero.
    pub intercept: f64,
    /// One per column, in the columns' own units; 0 for a column that says nothing new.
    pub coefficients: Vec<f64>,
    /// Whether the gradient vanished.
    pub converged: bool,
    /// Whether the classes are (almost) parted by a line, so that maximum likelihood runs away to infinity.
    pub separated: bool,
    /// Newton steps taken.
    pub steps: usize,
    /// The solution on standardised columns, the constant first.
    solution: Vec<f64>,
}

/// How columns are brought to mean 0 and variance 1 over some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    pub(crate) mean: Vec<f64>,
    /// One over the standard deviation; 0 for a column that does not vary.
    pub(crate) inverse: Vec<f64>,
}

/// Log loss, its gradient and its second derivatives at one point.
struct Point {
    loss: f64,
    gradient: Vec<f64>,
    hessian: Gram,
    n_uncertain: f64,
}

impl Logistic<'_> {
    /// Fits on the given rows. `target` is between 0 and 1.
    #[must_use]
    pub fn fit(&self, columns: &[&[f64]], target: &[f64], weight: Option<&[f64]>, rows: &[u32]) -> LogisticFit {
        let standard = Standard::of(columns, weight, rows);
        let m = columns.len() + 1;
        let mut b = match self.start {
            Some(start) if start.len() == m => start.to_vec(),
            _ => {
                let mut b = vec![0.0; m];
                if let Some(constant) = b.first_mut() {
                    *constant = log_odds(target, weight, rows);
                }
                b
            }
        };
        let view = View { columns, target, weight, rows, standard: &standard };
        let mut point = view.at(&b);
        let mut fit_loss = point.loss + self.ridge(&b);
        let total: f64 = point.hessian_weight(weight, rows);
        let (mut converged, mut steps, mut shrunken) = (false, 0, false);
        let mut first_rank = None;
        for step in 0..MAX_STEPS {
            steps = step;
            let gradient: Vec<f64> = point
                .gradient
                .iter()
                .zip(&b)
                .enumerate()
                .map(|(i, (g, b))| g - if i > 0 { self.penalty * b } else { 0.0 })
                .collect();
            let factor =
                Cholesky::of(m, |i, j| point.hessian.at(i, j) + if i == j && i > 0 { self.penalty } else { 0.0 });
            // A column that said something at first and nothing later: its rows have become certain.
            shrunken = shrunken || factor.rank() < *first_rank.get_or_insert(factor.rank());
            let direction = factor.solve(&gradient);
            let decrement: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
            if !decrement.is_finite() {
                break;
            }
            let (next, next_point, next_loss) = {
                let mut share = 1.0;
                loop {
                    let next: Vec<f64> = b.iter().zip(&direction).map(|(b, d)| b + share * d).collect();
                    let point = view.at(&next);
                    let loss = point.loss + self.ridge(&next);
                    // Rounding of the sum may hide the last gain.
                    if loss <= fit_loss + 1e-12 * fit_loss.abs().max(1.0) || share < 1e-6 {
                        break (next, point, loss);
                    }
                    share *= 0.5;
                }
            };
            let moved = next.iter().zip(&b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
            (b, point, fit_loss) = (next, next_point, next_loss);
            // Convergence is quadratic: after a step this small the next one is below rounding.
            if moved < 1e-9 || decrement.abs() < 1e-22 * total {
                // Steps that stay long while nothing is gained run away to infinity.
                converged = moved < 1e-3;
                break;
            }
            if self.penalty == 0.0 && (point.n_uncertain == 0.0 || fit_loss < 1e-9 * total) {
                break;
            }
        }
        let runs_away = b.iter().skip(1).any(|b| b.abs() > 50.0);
        let separated = self.penalty == 0.0 && (!converged || runs_away || shrunken);
        let coefficients: Vec<f64> = b.iter().skip(1).zip(&standard.inverse).map(|(b, i)| b * i).collect();
        let moved: f64 = coefficients.iter().zip(&standard.mean).map(|(b, m)| b * m).sum();
        let intercept = b.first().copied().unwrap_or(0.0) - moved;
        LogisticFit { intercept, coefficients, converged, separated, steps: steps + 1, solution: b }
    }

    fn ridge(&self, b: &[f64]) -> f64 {
        0.5 * self.penalty * b.iter().skip(1).map(|b| b * b).sum::<f64>()
    }
}

impl LogisticFit {
    /// Chances for some rows.
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
        to_chances(Machine::found(), &mut out);
        out
    }

    /// The solution on standardised columns, the constant first: where a fit on similar rows may begin.
    #[must_use]
    pub fn solution(&self) -> &[f64] {
        &self.solution
    }

    /// Weighted sum of the log loss over some rows.
    #[must_use]
    pub fn log_loss(&self, columns: &[&[f64]], target: &[f64], weight: Option<&[f64]>, rows: &[u32]) -> f64 {
        let chances = self.predict(columns, rows);
        let of = |row: &u32, values: &[f64]| values.get(*row as usize).copied().unwrap_or(0.0);
        rows.iter()
            .zip(chances)
            .map(|(row, p)| {
                let (y, p) = (of(row, target), p.clamp(1e-15, 1.0 - 1e-15));
                -weight.map_or(1.0, |w| of(row, w)) * (y * log(p) + (1.0 - y) * log1p(-p))
            })
            .sum()
    }
}

fn log_odds(target: &[f64], weight: Option<&[f64]>, rows: &[u32]) -> f64 {
    let (mut top, mut all) = (0.0, 0.0);
    for row in rows {
        let at = |values: &[f64]| values.get(*row as usize).copied().unwrap_or(0.0);
        let w = weight.map_or(1.0, at);
        top += w * at(target);
        all += w;
    }
    let share: f64 = top / all;
    if share > 0.0 && share < 1.0 { log(share / (1.0 - share)) } else { 0.0 }
}

impl Standard {
    /// Weighted means and deviations over some rows.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "hot loop: every column holds every row")]
    pub fn of(columns: &[&[f64]], weight: Option<&[f64]>, rows: &[u32]) -> Self {
        let weight_of = |row: &u32| weight.map_or(1.0, |w| w[*row as usize]);
        let total: f64 = rows.iter().map(weight_of).sum();
        let (mut mean, mut inverse) = (Vec::new(), Vec::new());
        for x in columns {
            let m = in_lanes(rows, |row| weight_of(row) * x[*row as usize]) / total;
            let squares = in_lanes(rows, |row| {
                let d = x[*row as usize] - m;
                weight_of(row) * d * d
            });
            let s = sqrt(squares / total);
            mean.push(m);
            inverse.push(if s > 1e-12 * m.abs() && s > 0.0 && s.is_finite() { 1.0 / s } else { 0.0 });
        }
        Self { mean, inverse }
    }
}

/// A sum in eight running ones, none of which waits for another.
#[inline(always)]
fn in_lanes(rows: &[u32], of: impl Fn(&u32) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (whole, rest) = rows.as_chunks::<8>();
    for eight in whole {
        for (sum, row) in sums.iter_mut().zip(eight) {
            *sum += of(row);
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest.iter().map(of).sum::<f64>()
}

struct View<'a> {
    columns: &'a [&'a [f64]],
    target: &'a [f64],
    weight: Option<&'a [f64]>,
    rows: &'a [u32],
    standard: &'a Standard,
}

impl View<'_> {
    /// Loss, gradient (of the log likelihood) and Hessian at standardised coefficients, in one pass over the rows.
    fn at(&self, b: &[f64]) -> Point {
        self.at_on(Machine::found(), b)
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop: tiles have m columns of TILE rows")]
    fn at_on(&self, machine: Machine, b: &[f64]) -> Point {
        let m = self.columns.len() + 1;
        let mut tile = vec![0.0; m * TILE];
        let mut eta = vec![0.0; TILE];
        let mut sums = TileSums { gradient: vec![0.0; m], hessian: vec![0.0; m * m], ..TileSums::default() };
        let (mut loss, mut n_uncertain) = (0.0, 0.0);
        for rows in self.rows.chunks(TILE) {
            let n = rows.len();
            tile[..n].fill(1.0);
            eta[..n].fill(b[0]);
            for (j, x) in self.columns.iter().enumerate() {
                let (mean, inverse, slope) = (self.standard.mean[j], self.standard.inverse[j], b[j + 1]);
                let place = &mut tile[(j + 1) * TILE..(j + 1) * TILE + n];
                for ((to, eta), row) in place.iter_mut().zip(&mut eta).zip(rows) {
                    *to = (x[*row as usize] - mean) * inverse;
                    *eta += slope * *to;
                }
            }
            let (mut y, mut w) = ([0.0; TILE], [1.0; TILE]);
            for ((y, w), row) in y.iter_mut().zip(&mut w).zip(rows) {
                (*y, *w) = (self.target[*row as usize], self.weight.map_or(1.0, |w| w[*row as usize]));
            }
            add_rows(machine, &tile, &eta[..n], (&y, &w), &mut sums);
            // Without weights the logarithms of a tile are that of one product, at most 2 to the number of its rows.
            let logs: f64 = match self.weight {
                None => log(sums.one_and[..n].iter().product()),
                Some(_) => sums.one_and[..n].iter().zip(&w).map(|(x, w)| w * log(*x)).sum(),
            };
            loss += logs + sums.straight[..n].iter().sum::<f64>();
            n_uncertain += sums.certain[..n].iter().sum::<f64>();
        }
        Point { loss, gradient: sums.gradient, hessian: Gram::from_upper(m, sums.hessian), n_uncertain }
    }
}

/// Sums over tiles, and what the last one said of each row.
struct TileSums {
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// `1 + exp(−|η|)`.
    one_and: [f64; TILE],
    /// The rest of the loss.
    straight: [f64; TILE],
    /// 1 where the chance is neither 0 nor 1.
    certain: [f64; TILE],
}

impl Default for TileSums {
    fn default() -> Self {
        let [one_and, straight, certain] = [[0.0; TILE]; 3];
        Self { gradient: Vec::new(), hessian: Vec::new(), one_and, straight, certain }
    }
}

on_each_machine! {
    /// Adds a tile's rows, with their log odds, targets and weights.
    #[allow(clippy::indexing_slicing, reason = "hot loop: tiles have m columns of TILE rows, triangles m × m cells")]
    fn add_rows(tile: &[f64], eta: &[f64], rows: (&[f64; TILE], &[f64; TILE]), sums: &mut TileSums) {
        let ((y, w), n, m) = (rows, eta.len(), tile.len() / TILE);
        let (mut residual, mut spread, mut scratch) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        for i in 0..n {
            let (p, e) = sigmoid(eta[i]);
            residual[i] = w[i] * (y[i] - p);
            spread[i] = w[i] * p * (1.0 - p);
            sums.one_and[i] = 1.0 + e;
            sums.certain[i] = f64::from(u8::from(p > CERTAIN && p < 1.0 - CERTAIN));
            sums.straight[i] = w[i] * (eta[i].max(0.0) - y[i] * eta[i]);
        }
        for i in 0..m {
            let a = &tile[i * TILE..i * TILE + n];
            sums.gradient[i] += dot(a, &residual[..n]);
            for ((to, a), s) in scratch.iter_mut().zip(a).zip(&spread[..n]) {
                *to = a * s;
            }
            add_products(&scratch[..n], &tile[i * TILE..], TILE, &mut sums.hessian[i * m + i..(i + 1) * m]);
        }
    }
}

on_each_machine! {
    /// Log odds become chances.
    fn to_chances(values: &mut [f64]) {
        for eta in values {
            *eta = sigmoid(*eta).0;
        }
    }
}

impl Point {
    fn hessian_weight(&self, weight: Option<&[f64]>, rows: &[u32]) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        weight.map_or(rows.len() as f64, |w| rows.iter().filter_map(|row| w.get(*row as usize)).sum())
    }
}

/// Second derivatives `Σ w·p·(1−p)·z·zᵀ` of the log loss at a fit, `z = (1, x − centre)`: for standard errors.
#[must_use]
pub fn logistic_gram(
    fit: &LogisticFit,
    columns: &[&[f64]],
    centre: &super::Centre,
    weight: Option<&[f64]>,
    rows: &[u32],
) -> Gram {
    let n = columns.first().map_or(0, |x| x.len());
    let mut spread = vec![0.0; n];
    for (row, p) in rows.iter().zip(fit.predict(columns, rows)) {
        if let Some(to) = spread.get_mut(*row as usize) {
            *to = weight.map_or(1.0, |w| w.get(*row as usize).copied().unwrap_or(0.0)) * p * (1.0 - p);
        }
    }
    Gram::over(columns, centre, Some(&spread), rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draws;

    #[test]
    fn every_machine_finds_the_same_bits() {
        let mut draws = Draws::new(9, "logistic", 0);
        let x: Vec<Vec<f64>> = (0..5).map(|_| (0..700).map(|_| draws.normal()).collect()).collect();
        let target: Vec<f64> = (0..700).map(|_| f64::from(draws.uniform() < 0.3)).collect();
        let weight: Vec<f64> = (0..700).map(|_| draws.uniform()).collect();
        let columns: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let rows: Vec<u32> = (0..700).filter(|i| i % 7 != 3).collect();
        let standard = Standard::of(&columns, Some(&weight), &rows);
        let view = View { columns: &columns, target: &target, weight: Some(&weight), rows: &rows, standard: &standard };
        let bits = |machine| {
            let point = view.at_on(machine, &[0.1, -0.4, 0.3, 0.0, 1.2, -2.0]);
            let mut all = point.gradient.clone();
            all.extend((0..6).flat_map(|i| (0..6).map(move |j| (i, j))).map(|(i, j)| point.hessian.at(i, j)));
            all.into_iter().map(f64::to_bits).collect::<Vec<u64>>()
        };
        for machine in Machine::all() {
            assert_eq!(bits(machine), bits(Machine::Any), "{machine:?}");
        }
    }
}
