//! Rows of a logistic regression gathered once, so that the fits of all folds walk over them together.
//!
//! Derivatives of the log likelihood add up over parts, so the training rows of a fold are *total − part*. With second
//! derivatives at one point, which all folds share, each fold needs nothing but first derivatives at a point of its own.

use rayon::prelude::*;

use super::exp::sigmoid;
use super::gram::{add_products, dot};
use super::{Gram, LogisticFit, Standard};
use crate::machine::{Machine, on_each_machine};

/// Rows in one tile: tiles of a few dozen columns stay in the nearest cache.
const TILE: usize = 128;
/// Tiles of one block.
const BLOCK: usize = 32;

/// Rows of one part, standardised, tile by tile; what a tile lacks in rows has weight 0.
#[derive(Clone, Debug)]
pub struct LogisticPart {
    /// Columns and the constant in front of them.
    m: usize,
    n_rows: usize,
    blocks: Vec<Block>,
}

/// Some tiles of a part.
#[derive(Clone, Debug)]
struct Block {
    /// For each tile `m` columns of [`TILE`] numbers.
    cells: Vec<f64>,
    target: Vec<f64>,
    weight: Vec<f64>,
}

impl LogisticPart {
    /// Gathers the rows of each part, a block of each at a time: where parts lie mixed, what one of them reads is near what
    /// the next one will.
    #[must_use]
    pub fn gather(
        columns: &[&[f64]],
        standard: &Standard,
        target: &[f64],
        weight: Option<&[f64]>,
        parts: &[Vec<u32>],
    ) -> Vec<Self> {
        let m = columns.len() + 1;
        let n_blocks = parts.iter().map(|rows| rows.len().div_ceil(BLOCK * TILE)).max().unwrap_or(0);
        let of_block = |block: usize| -> Vec<Block> {
            let part_of = |rows: &Vec<u32>| {
                let n = rows.len();
                let rows = rows.get((block * BLOCK * TILE).min(n)..((block + 1) * BLOCK * TILE).min(n));
                Block::new(m, rows.map_or(0, <[u32]>::len))
            };
            let mut out: Vec<Block> = parts.iter().map(part_of).collect();
            for tile in 0..BLOCK {
                for (rows, to) in parts.iter().zip(&mut out) {
                    let start = ((block * BLOCK + tile) * TILE).min(rows.len());
                    let end = (start + TILE).min(rows.len());
                    if let Some(rows) = rows.get(start..end).filter(|rows| !rows.is_empty()) {
                        to.put(tile, columns, standard, target, weight, rows);
                    }
                }
            }
            out
        };
        let found: Vec<Vec<Block>> = (0..n_blocks).into_par_iter().map(of_block).collect();
        let mut out: Vec<Self> =
            parts.iter().map(|rows| Self { m, n_rows: rows.len(), blocks: Vec::with_capacity(n_blocks) }).collect();
        for blocks in found {
            out.iter_mut().zip(blocks).for_each(|(part, block)| part.blocks.push(block));
        }
        out
    }

    /// First and second derivatives of the log likelihood (the latter with its sign turned) at coefficients of standardised
    /// columns, the constant first.
    #[must_use]
    pub fn derivatives(&self, b: &[f64]) -> (Vec<f64>, Gram) {
        self.derivatives_on(Machine::found(), b)
    }

    fn derivatives_on(&self, machine: Machine, b: &[f64]) -> (Vec<f64>, Gram) {
        let (mut gradient, mut hessian) = (vec![0.0; self.m], vec![0.0; self.m * self.m]);
        add_derivatives(machine, self, b, &mut gradient, &mut hessian);
        (gradient, Gram::from_upper(self.m, hessian))
    }

    /// First derivatives at several points, in one walk.
    #[must_use]
    pub fn gradients(&self, points: &[&[f64]]) -> Vec<Vec<f64>> {
        self.gradients_on(Machine::found(), points)
    }

    fn gradients_on(&self, machine: Machine, points: &[&[f64]]) -> Vec<Vec<f64>> {
        let mut gradients = vec![vec![0.0; self.m]; points.len()];
        add_gradients(machine, self, points, &mut gradients);
        gradients
    }

    /// Chances of the part's rows, in their order.
    #[must_use]
    pub fn chances(&self, b: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n_rows.next_multiple_of(TILE)];
        put_chances(Machine::found(), self, b, &mut out);
        out.truncate(self.n_rows);
        out
    }

    #[inline(always)]
    fn tiles(&self) -> impl Iterator<Item = (&[f64], &[f64], &[f64])> {
        self.blocks.iter().flat_map(|block| {
            let rows = block.target.chunks_exact(TILE).zip(block.weight.chunks_exact(TILE));
            block.cells.chunks_exact(self.m * TILE).zip(rows).map(|(cells, (target, weight))| (cells, target, weight))
        })
    }
}

impl Block {
    fn new(m: usize, n_rows: usize) -> Self {
        let n_tiles = n_rows.div_ceil(TILE);
        let [target, weight] = [(); 2].map(|()| vec![0.0; n_tiles * TILE]);
        Self { cells: vec![0.0; n_tiles * m * TILE], target, weight }
    }

    /// Puts the rows of a tile.
    #[allow(
        clippy::indexing_slicing,
        reason = "hot loop: every column holds every row, tiles m columns of TILE numbers"
    )]
    fn put(
        &mut self,
        tile: usize,
        columns: &[&[f64]],
        standard: &Standard,
        target: &[f64],
        weight: Option<&[f64]>,
        rows: &[u32],
    ) {
        let m = columns.len() + 1;
        let cells = &mut self.cells[tile * m * TILE..(tile + 1) * m * TILE];
        cells[..rows.len()].fill(1.0);
        for (j, (x, place)) in columns.iter().zip(cells[TILE..].chunks_exact_mut(TILE)).enumerate() {
            let (mean, inverse) = (standard.mean[j], standard.inverse[j]);
            for (to, row) in place.iter_mut().zip(rows) {
                *to = (x[*row as usize] - mean) * inverse;
            }
        }
        for (i, row) in rows.iter().enumerate() {
            self.target[tile * TILE + i] = target[*row as usize];
            self.weight[tile * TILE + i] = weight.map_or(1.0, |w| w[*row as usize]);
        }
    }
}

on_each_machine! {
    #[allow(clippy::indexing_slicing, reason = "hot loop: tiles have m columns of TILE numbers, triangles m × m cells")]
    fn add_derivatives(part: &LogisticPart, b: &[f64], gradient: &mut [f64], hessian: &mut [f64]) {
        let m = part.m;
        let (mut residual, mut spread, mut scratch) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        for (cells, target, weight) in part.tiles() {
            let eta = scores(cells, b);
            for i in 0..TILE {
                let (p, _) = sigmoid(eta[i]);
                residual[i] = weight[i] * (target[i] - p);
                spread[i] = weight[i] * p * (1.0 - p);
            }
            for (i, a) in cells.chunks_exact(TILE).enumerate() {
                gradient[i] += dot(a, &residual);
                for ((to, a), s) in scratch.iter_mut().zip(a).zip(&spread) {
                    *to = a * s;
                }
                add_products(&scratch, &cells[i * TILE..], TILE, &mut hessian[i * m + i..(i + 1) * m]);
            }
        }
    }
}

on_each_machine! {
    #[allow(clippy::indexing_slicing, reason = "hot loop: tiles have m columns of TILE numbers")]
    fn add_gradients(part: &LogisticPart, points: &[&[f64]], gradients: &mut [Vec<f64>]) {
        let mut residual = [0.0; TILE];
        for (cells, target, weight) in part.tiles() {
            for (b, gradient) in points.iter().zip(&mut *gradients) {
                let eta = scores(cells, b);
                for i in 0..TILE {
                    residual[i] = weight[i] * (target[i] - sigmoid(eta[i]).0);
                }
                add_products(&residual, cells, TILE, gradient);
            }
        }
    }
}

on_each_machine! {
    fn put_chances(part: &LogisticPart, b: &[f64], out: &mut [f64]) {
        for ((cells, ..), to) in part.tiles().zip(out.chunks_exact_mut(TILE)) {
            for (to, eta) in to.iter_mut().zip(&scores(cells, b)) {
                *to = sigmoid(*eta).0;
            }
        }
    }
}

/// Log odds of a tile's rows.
#[inline(always)]
fn scores(cells: &[f64], b: &[f64]) -> [f64; TILE] {
    let mut eta = [0.0; TILE];
    for (z, b) in cells.chunks_exact(TILE).zip(b) {
        for (eta, z) in eta.iter_mut().zip(z) {
            *eta += b * z;
        }
    }
    eta
}

impl Standard {
    /// Coefficients of standardised columns, the constant first, out of a fit in the columns' own units.
    #[must_use]
    pub fn coefficients_of(&self, fit: &LogisticFit) -> Vec<f64> {
        let moved: f64 = fit.coefficients.iter().zip(&self.mean).map(|(b, m)| b * m).sum();
        let slopes = fit.coefficients.iter().zip(&self.inverse).map(|(b, i)| if *i > 0.0 { b / i } else { 0.0 });
        std::iter::once(fit.intercept + moved).chain(slopes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draws;

    fn part() -> (LogisticPart, Vec<Vec<f64>>, Vec<f64>, Vec<f64>) {
        let mut draws = Draws::new(4, "parts", 0);
        let x: Vec<Vec<f64>> = (0..6).map(|_| (0..500).map(|_| 3.0 + 2.0 * draws.normal()).collect()).collect();
        let target: Vec<f64> = (0..500).map(|_| f64::from(draws.uniform() < 0.4)).collect();
        let weight: Vec<f64> = (0..500).map(|_| draws.uniform()).collect();
        let columns: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let rows: Vec<u32> = (0..500).filter(|i| i % 3 != 1).collect();
        let standard = Standard::of(&columns, Some(&weight), &rows);
        let gathered = LogisticPart::gather(&columns, &standard, &target, Some(&weight), &[rows]);
        (gathered.into_iter().next().unwrap(), x, target, weight)
    }

    #[test]
    fn derivatives_are_those_of_the_formula() {
        let (part, x, target, weight) = part();
        let b = [0.2, -0.4, 0.3, 0.0, 1.2, -0.7, 0.1];
        let rows: Vec<usize> = (0..500).filter(|i| i % 3 != 1).collect();
        let total: f64 = rows.iter().map(|r| weight[*r]).sum();
        let z = |j: usize, r: usize| {
            if j == 0 {
                return 1.0;
            }
            let x = &x[j - 1];
            let mean = rows.iter().map(|r| weight[*r] * x[*r]).sum::<f64>() / total;
            let sd = (rows.iter().map(|r| weight[*r] * (x[*r] - mean).powi(2)).sum::<f64>() / total).sqrt();
            (x[r] - mean) / sd
        };
        let p = |r: usize| 1.0 / (1.0 + (-(0..7).map(|j| b[j] * z(j, r)).sum::<f64>()).exp());
        let (gradient, hessian) = part.derivatives(&b);
        let (i, j) = (2, 5);
        let first: f64 = rows.iter().map(|r| weight[*r] * (target[*r] - p(*r)) * z(i, *r)).sum();
        let second: f64 = rows.iter().map(|r| weight[*r] * p(*r) * (1.0 - p(*r)) * z(i, *r) * z(j, *r)).sum();
        assert!((gradient[i] - first).abs() < 1e-10 && (hessian.at(i, j) - second).abs() < 1e-10);
        assert_eq!(part.gradients(&[&b, &[0.0; 7]])[0].len(), 7);
        assert!((part.gradients(&[&[0.0; 7], &b])[1][i] - first).abs() < 1e-10);
        assert!((part.chances(&b)[1] - p(2)).abs() < 1e-12);
    }

    #[test]
    fn every_machine_finds_the_same_bits() {
        let (part, ..) = part();
        let b = [0.1, -0.4, 0.3, 0.0, 1.2, -2.0, 0.5];
        let bits = |machine| {
            let (mut all, hessian) = part.derivatives_on(machine, &b);
            all.extend((0..7).flat_map(|i| (0..7).map(move |j| (i, j))).map(|(i, j)| hessian.at(i, j)));
            all.extend(part.gradients_on(machine, &[&b]).concat());
            all.into_iter().map(f64::to_bits).collect::<Vec<u64>>()
        };
        for machine in Machine::all() {
            assert_eq!(bits(machine), bits(Machine::Any), "{machine:?}");
        }
    }
}
