//! Weighted cross products of columns, which add up over parts of the rows.

use crate::Merge;
use crate::machine::{Machine, on_each_machine};

/// Rows in one tile: small enough that the tile of a few dozen columns stays in the nearest cache.
const TILE: usize = 256;
/// Rows whose means are the centre, or up to twice as many.
const CENTRE_ROWS: usize = 4096;

/// Where columns are moved to before they are multiplied: means near zero keep cross products accurate.
#[derive(Clone, Debug, PartialEq)]
pub struct Centre {
    /// Subtracted from each column.
    pub shift: Vec<f64>,
}

/// Cross products `Σ w·z·zᵀ` with `z = (1, x₁ − c₁, …, x_q − c_q)`, upper triangle.
///
/// Merging is stable (floating sums in blocks); [`Gram::minus`] takes a part away again.
#[derive(Clone, Debug, PartialEq)]
pub struct Gram {
    /// Columns and the constant in front of them.
    q: usize,
    /// Row by row, `q × q`; only the upper triangle is kept.
    sums: Vec<f64>,
    /// Rows that entered with a positive weight.
    n: u64,
}

impl Centre {
    /// Weighted means of the columns over rows that are spread evenly, [`CENTRE_ROWS`] at most twice; 0 for a column without a
    /// finite mean. Cross products are exact about any centre: it only keeps numbers small.
    #[must_use]
    pub fn near_means(columns: &[&[f64]], weight: Option<&[f64]>) -> Self {
        let step = |x: &[f64]| (x.len() / CENTRE_ROWS).max(1);
        let shift = columns.iter().map(|x| {
            let (mut top, mut all) = (0.0, 0.0);
            for (row, x) in x.iter().enumerate().step_by(step(x)) {
                let w = weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0));
                top += w * x;
                all += w;
            }
            let mean = top / all;
            if mean.is_finite() { mean } else { 0.0 }
        });
        Self { shift: shift.collect() }
    }
}

impl Gram {
    /// No rows of `n_columns` columns.
    #[must_use]
    pub fn empty(n_columns: usize) -> Self {
        let q = n_columns + 1;
        Self { q, sums: vec![0.0; q * q], n: 0 }
    }

    /// Cross products of the given rows. `columns` all have the same length, beyond every row number.
    #[must_use]
    pub fn over(columns: &[&[f64]], centre: &Centre, weight: Option<&[f64]>, rows: &[u32]) -> Self {
        let mut gram = Self::empty(columns.len());
        gram.push(columns, centre, weight, rows);
        gram
    }

    /// Adds the given rows.
    #[allow(clippy::indexing_slicing, reason = "hot loop: tiles have q columns of TILE rows, triangles q × q cells")]
    pub fn push(&mut self, columns: &[&[f64]], centre: &Centre, weight: Option<&[f64]>, rows: &[u32]) {
        let (q, machine) = (self.q, Machine::found());
        let mut tile = vec![0.0; q * TILE];
        let mut weighted = vec![0.0; TILE];
        for rows in rows.chunks(TILE) {
            let m = rows.len();
            tile[..m].fill(1.0);
            for ((x, shift), place) in columns.iter().zip(&centre.shift).zip(tile[TILE..].chunks_exact_mut(TILE)) {
                for (to, row) in place.iter_mut().zip(rows) {
                    *to = x[*row as usize] - shift;
                }
            }
            let w: Option<Vec<f64>> = weight.map(|w| rows.iter().map(|row| w[*row as usize]).collect());
            self.n += w.as_ref().map_or(m, |w| w.iter().filter(|w| **w > 0.0).count()) as u64;
            add_tile(machine, &tile, m, w.as_deref(), &mut weighted, &mut self.sums);
        }
    }

    /// A matrix whose upper triangle was summed elsewhere; `q` counts the constant.
    pub(crate) fn from_upper(q: usize, sums: Vec<f64>) -> Self {
        Self { q, sums, n: 0 }
    }

    /// What is left when a part of the rows is taken away.
    #[must_use]
    pub fn minus(&self, part: &Self) -> Self {
        let sums = self.sums.iter().zip(&part.sums).map(|(a, b)| a - b).collect();
        Self { q: self.q, sums, n: self.n.saturating_sub(part.n) }
    }

    /// Every sum times a number.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        Self { q: self.q, sums: self.sums.iter().map(|x| x * factor).collect(), n: self.n }
    }

    /// Number of columns, without the constant.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.q - 1
    }

    /// Rows that entered.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.n
    }

    /// Sum of the weights.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.sums.first().copied().unwrap_or(0.0)
    }

    /// One cross product; 0 is the constant, `j + 1` the column `j`.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let (i, j) = if i <= j { (i, j) } else { (j, i) };
        self.sums.get(i * self.q + j).copied().unwrap_or(0.0)
    }

    /// Weighted mean of a column about its centre.
    #[must_use]
    pub fn mean(&self, column: usize) -> f64 {
        self.at(0, column + 1) / self.weight()
    }

    /// Weighted variance of a column (divided by the sum of weights).
    #[must_use]
    pub fn variance(&self, column: usize) -> f64 {
        let mean = self.mean(column);
        (self.at(column + 1, column + 1) / self.weight() - mean * mean).max(0.0)
    }

    /// Weighted covariance of two columns (divided by the sum of weights).
    #[must_use]
    pub fn covariance(&self, a: usize, b: usize) -> f64 {
        self.at(a + 1, b + 1) / self.weight() - self.mean(a) * self.mean(b)
    }
}

impl Merge for Gram {
    fn merge_from(&mut self, other: Self) {
        let Self { q: _, sums, n } = other;
        for (mine, theirs) in self.sums.iter_mut().zip(sums) {
            *mine += theirs;
        }
        self.n += n;
    }
}

on_each_machine! {
    /// Adds a tile of `m` rows: columns of [`TILE`] numbers each, the first of them the constant.
    #[allow(clippy::indexing_slicing, reason = "hot loop: tiles have q columns of TILE rows, triangles q × q cells")]
    fn add_tile(tile: &[f64], m: usize, weight: Option<&[f64]>, scratch: &mut [f64], sums: &mut [f64]) {
        let q = tile.len() / TILE;
        for i in 0..q {
            let a = &tile[i * TILE..i * TILE + m];
            let left: &[f64] = match weight {
                None => a,
                Some(w) => {
                    for ((to, a), w) in scratch.iter_mut().zip(a).zip(w) {
                        *to = a * w;
                    }
                    &scratch[..m]
                }
            };
            add_products_of(left, &tile[i * TILE..], TILE, m, &mut sums[i * q + i..(i + 1) * q]);
        }
    }
}

/// `Σ a·b` in eight running sums, which the compiler keeps in vector registers.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (whole_a, rest_a) = a.as_chunks::<8>();
    let (whole_b, rest_b) = b.as_chunks::<8>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest
}

/// Adds to each sum the product of `a` with a column of `tile`, columns standing `step` numbers apart.
#[inline(always)]
pub(crate) fn add_products(a: &[f64], tile: &[f64], step: usize, sums: &mut [f64]) {
    add_products_of(a, tile, step, a.len(), sums);
}

/// As [`add_products`] over the first `m` numbers of each column. Four columns at a time share the reading of `a` and
/// keep the processor's adders busy; each sum is that of [`dot`] to the bit.
#[allow(clippy::indexing_slicing, reason = "hot loop: the tile holds a column for each sum")]
#[inline(always)]
fn add_products_of(a: &[f64], tile: &[f64], step: usize, m: usize, sums: &mut [f64]) {
    let n = sums.len();
    let whole = n - n % 4;
    let a = &a[..m];
    for j in (0..whole).step_by(4) {
        let column = |k: usize| &tile[(j + k) * step..(j + k) * step + m];
        let found = dots(a, [column(0), column(1), column(2), column(3)]);
        for (sum, found) in sums[j..j + 4].iter_mut().zip(found) {
            *sum += found;
        }
    }
    for (j, sum) in sums.iter_mut().enumerate().skip(whole) {
        *sum += dot(a, &tile[j * step..j * step + m]);
    }
}

/// Four times [`dot`].
#[inline(always)]
fn dots(a: &[f64], columns: [&[f64]; 4]) -> [f64; 4] {
    let (whole_a, rest_a) = a.as_chunks::<8>();
    let [p, q, r, s] = columns.map(|c| c.as_chunks::<8>());
    let mut sums = [[0.0; 8]; 4];
    for ((((a, p), q), r), s) in whole_a.iter().zip(p.0).zip(q.0).zip(r.0).zip(s.0) {
        for lane in 0..8 {
            for (sums, b) in sums.iter_mut().zip([p, q, r, s]) {
                if let (Some(sum), Some(a), Some(b)) = (sums.get_mut(lane), a.get(lane), b.get(lane)) {
                    *sum += a * b;
                }
            }
        }
    }
    let rests = [p.1, q.1, r.1, s.1].map(|rest| rest_a.iter().zip(rest).map(|(a, b)| a * b).sum::<f64>());
    let mut out = [0.0; 4];
    for ((out, [a, b, c, d, e, f, g, h]), rest) in out.iter_mut().zip(sums).zip(rests) {
        *out = ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest;
    }
    out
}
