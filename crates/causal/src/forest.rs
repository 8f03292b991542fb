//! Causal forest: effects that differ in any shape, with intervals (Athey, Tibshirani & Wager 2019, doi:10.1214/18-AOS1709).
//!
//! A tree parts one half of its rows where the effect of the residual treatment `v` on the residual outcome `u` differs
//! most and keeps, in each leaf, the means of `v²` and `v·u` over its other half (honesty). Over all trees
//!
//! ```text
//! θ(x) = Σ mean(v·u) / Σ mean(v²)                       leaf of x in each tree
//! Var θ(x) = (between bags − within bags / (m − 1)) / J(x)²,   J(x) = average of mean(v²)
//! ```
//!
//! Trees come in bags of `m` on one half-sample of the rows; the spread of the bags about θ is the variance of the
//! estimate, less what a bag's own randomness adds, kept positive by an objective Bayes correction as in the authors'
//! program. Who is in a bag follows from a hash of bag and row (or cluster), so that nothing of size rows × trees is ever
//! held: a node takes 12 bytes. All sums are weighted where rows are.

use equipoise_kernels::boost::Binned;
use equipoise_kernels::{Draws, split_mix};
use rayon::prelude::*;

use crate::{Residuals, Rows};

/// How a forest is grown.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestOptions {
    /// Number of trees, rounded up to whole bags.
    pub n_trees: usize,
    /// Trees of a bag.
    pub bag: usize,
    /// Smallest number of rows of either half in a leaf; where absent a twentieth of the root of the number of rows, 5 at
    /// least: leaves must grow with the rows, or the error of a leaf never falls.
    pub min_leaf_rows: Option<u32>,
    /// Smallest share of a node's rows that a side of its split gets.
    pub balance: f64,
    /// Columns tried at a split; all where absent.
    pub columns: Option<usize>,
    /// Seed.
    pub seed: u64,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self { n_trees: 500, bag: 4, min_leaf_rows: None, balance: 0.05, columns: None, seed: 0 }
    }
}

/// A split or a leaf in 12 bytes.
#[derive(Clone, Copy, Debug)]
enum Node {
    /// Column, last bin of the left side, and place of the right child; the left one comes next.
    Split(u16, u8, u32),
    /// Means of `v²` and `v·u` over the honest half.
    Leaf(f32, f32),
}

/// A grown forest.
#[derive(Clone, Debug)]
pub struct CausalForest {
    trees: Vec<Vec<Node>>,
    bag: usize,
    seed: u64,
    /// Cluster of each row, where rows of one are drawn together.
    clusters: Option<Vec<u32>>,
}

/// What a cell of a histogram holds: pseudo-outcomes and rows of the one half, rows of the other.
#[derive(Clone, Copy, Default)]
struct Cell {
    rho: f64,
    weight: f64,
    n: u32,
    honest: u32,
}

struct Ground<'a> {
    data: &'a Binned,
    u: &'a [f64],
    v: &'a [f64],
    options: &'a ForestOptions,
    min_leaf_rows: u32,
    rows: Rows<'a>,
}

fn usual_leaf(n_rows: usize) -> u32 {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number of rows"
    )]
    let rows = (0.05 * libm::sqrt(n_rows as f64)) as u32;
    rows.max(5)
}

/// Whether a row, or its cluster, belongs to the half-sample of a bag.
fn in_bag(seed: u64, bag: usize, unit: u64) -> bool {
    split_mix(split_mix(seed ^ split_mix(bag as u64)) ^ unit) & 1 == 1
}

/// What is drawn: the row, or its cluster.
fn unit(clusters: Option<&[u32]>, row: usize) -> u64 {
    clusters.and_then(|c| c.get(row)).map_or(row as u64, |c| u64::from(*c))
}

impl CausalForest {
    /// Grows a forest on residuals. `data` holds the features by which the effect may differ.
    #[must_use]
    pub fn grow(data: &Binned, residuals: &Residuals, options: &ForestOptions, rows: Rows<'_>) -> Self {
        let bag = options.bag.max(2);
        let n_bags = options.n_trees.div_ceil(bag).max(2);
        let ground = Ground {
            data,
            u: &residuals.outcome,
            v: &residuals.treatment,
            options,
            min_leaf_rows: options.min_leaf_rows.unwrap_or_else(|| usual_leaf(data.n_rows())).max(1),
            rows,
        };
        let grow = |tree| if rows.stop.is_asked() { Vec::new() } else { ground.tree(tree / bag, tree) };
        let trees = (0..n_bags * bag).into_par_iter().map(grow).collect();
        Self { trees, bag, seed: options.seed, clusters: rows.clusters.map(<[u32]>::to_vec) }
    }

    /// Effect and standard error for a row of the data the forest was grown on, by the bags that have not seen it; none
    /// where all have.
    #[must_use]
    pub fn out_of_bag(&self, data: &Binned, row: usize) -> Option<(f64, f64)> {
        let unit = unit(self.clusters.as_deref(), row);
        self.combine(data.bytes(row), |bag| !in_bag(self.seed, bag, unit))
    }

    /// Effect and standard error for bins of new features.
    #[must_use]
    pub fn predict(&self, bins: &[u8]) -> Option<(f64, f64)> {
        self.combine(bins, |_| true)
    }

    /// Bytes the trees take.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.trees.iter().map(|t| t.capacity() * std::mem::size_of::<Node>()).sum()
    }

    fn combine(&self, bins: &[u8], uses: impl Fn(usize) -> bool) -> Option<(f64, f64)> {
        let mut bags: Vec<Vec<(f64, f64)>> = Vec::new();
        for (bag, trees) in self.trees.chunks(self.bag).enumerate().filter(|(bag, _)| uses(*bag)) {
            let _ = bag;
            bags.push(trees.iter().filter_map(|tree| leaf(tree, bins)).collect());
        }
        bags.retain(|b| b.len() == self.bag);
        if bags.len() < 2 {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "numbers of trees and bags")]
        let (n_bags, m) = (bags.len() as f64, self.bag as f64);
        let (mut j, mut a) = (0.0, 0.0);
        for (vv, vu) in bags.iter().flatten() {
            j += vv;
            a += vu;
        }
        let theta = a / j;
        j /= n_bags * m;
        let (mut between, mut total) = (0.0, 0.0);
        for bag in &bags {
            let moments = bag.iter().map(|(vv, vu)| vu - theta * vv);
            let mean = moments.clone().sum::<f64>() / m;
            between += mean * mean;
            total += moments.map(|s| s * s).sum::<f64>() / m;
        }
        let (between, total) = (between / n_bags, total / n_bags);
        let noise = (total - between) / (m - 1.0);
        let se = libm::sqrt(debiased(between, noise, n_bags)) / j;
        (theta.is_finite() && se.is_finite()).then_some((theta, se))
    }
}

/// `between − noise`, known to be positive: the mean of a normal of that centre cut off at 0, with the error of an
/// estimated variance.
fn debiased(between: f64, noise: f64, n_bags: f64) -> f64 {
    let centre = between - noise;
    let error = between.max(noise) * libm::sqrt(2.0 / n_bags);
    if error <= 0.0 {
        return centre.max(0.0);
    }
    let ratio = centre / error;
    let density = libm::exp(-0.5 * ratio * ratio) / libm::sqrt(2.0 * std::f64::consts::PI);
    let beyond = 0.5 * libm::erfc(-ratio * std::f64::consts::FRAC_1_SQRT_2);
    centre + error * density / beyond
}

fn leaf(tree: &[Node], bins: &[u8]) -> Option<(f64, f64)> {
    let mut place = 0;
    loop {
        match tree.get(place)? {
            Node::Split(column, bin, right) => {
                let here = bins.get(usize::from(*column)).copied().unwrap_or(0);
                place = if here <= *bin { place + 1 } else { *right as usize };
            }
            Node::Leaf(vv, vu) => return Some((f64::from(*vv), f64::from(*vu))),
        }
    }
}

impl Ground<'_> {
    fn tree(&self, bag: usize, tree: usize) -> Vec<Node> {
        let seed = self.options.seed;
        let key = split_mix(split_mix(seed ^ 0x5eed) ^ tree as u64);
        let (mut grown, mut honest) = (Vec::new(), Vec::new());
        for row in 0..self.data.n_rows() {
            let unit = unit(self.rows.clusters, row);
            if !in_bag(seed, bag, unit) {
                continue;
            }
            // Nine tenths of the half-sample, one half of them for the leaves.
            let draw = split_mix(key ^ unit);
            if (draw >> 8).is_multiple_of(10) {
                continue;
            }
            let Ok(row) = u32::try_from(row) else { continue };
            if draw & 1 == 1 { grown.push(row) } else { honest.push(row) }
        }
        let mut draws = Draws::new(seed, "causal_forest", tree as u64);
        let mut nodes = Vec::new();
        let mut scratch = Vec::new();
        self.part(&mut grown, &mut honest, &mut draws, &mut nodes, &mut scratch);
        nodes.shrink_to_fit();
        nodes
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop: rows are rows of the data")]
    fn part(
        &self,
        grown: &mut [u32],
        honest: &mut [u32],
        draws: &mut Draws,
        nodes: &mut Vec<Node>,
        scratch: &mut Vec<u32>,
    ) {
        let place = nodes.len();
        nodes.push(self.end(honest));
        let Some((column, bin)) = self.best(grown, honest, draws) else { return };
        let goes_left = |row: &u32| self.data.bytes(*row as usize)[column] <= bin;
        let (n_grown, n_honest) = (split(grown, goes_left, scratch), split(honest, goes_left, scratch));
        let (grown_left, grown_right) = grown.split_at_mut(n_grown);
        let (honest_left, honest_right) = honest.split_at_mut(n_honest);
        self.part(grown_left, honest_left, draws, nodes, scratch);
        let right = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        self.part(grown_right, honest_right, draws, nodes, scratch);
        nodes[place] = Node::Split(u16::try_from(column).unwrap_or(u16::MAX), bin, right);
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop: rows are rows of the data")]
    fn end(&self, honest: &[u32]) -> Node {
        let (mut vv, mut vu, mut total) = (0.0, 0.0, 0.0);
        for row in honest {
            let (u, v, w) = self.row(*row as usize);
            vv += w * v * v;
            vu += w * v * u;
            total += w;
        }
        #[allow(clippy::cast_possible_truncation, reason = "means of a leaf")]
        let mean = |x: f64| if total > 0.0 { (x / total) as f32 } else { 0.0 };
        Node::Leaf(mean(vv), mean(vu))
    }

    /// Residuals and weight of a row.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "hot loop: rows are rows of the data")]
    fn row(&self, row: usize) -> (f64, f64, f64) {
        (self.u[row], self.v[row], self.rows.weight.map_or(1.0, |w| w[row]))
    }

    /// The column and bin whose split makes the effects of both sides differ most.
    #[allow(clippy::indexing_slicing, reason = "hot loop: a bin is below its column's number of bins")]
    fn best(&self, grown: &[u32], honest: &[u32], draws: &mut Draws) -> Option<(usize, u8)> {
        let min = self.min_leaf_rows;
        let n = u32::try_from(grown.len()).ok()?;
        let n_honest = u32::try_from(honest.len()).ok()?;
        if n < 2 * min || n_honest < 2 * min {
            return None;
        }
        let (mut vv, mut vu, mut weight) = (0.0, 0.0, 0.0);
        for row in grown {
            let (u, v, w) = self.row(*row as usize);
            vv += w * v * v;
            vu += w * v * u;
            weight += w;
        }
        if vv <= 0.0 {
            return None;
        }
        let theta = vu / vv;
        let scale = weight / vv;
        let p = self.data.n_columns();
        let mut columns: Vec<usize> = (0..p).collect();
        let wanted = self.options.columns.unwrap_or(p).clamp(1, p);
        if wanted < p {
            for i in 0..wanted {
                let j = i + usize::try_from(draws.below((p - i) as u64)).unwrap_or(0);
                columns.swap(i, j);
            }
            columns.truncate(wanted);
            columns.sort_unstable();
        }
        let mut offsets = Vec::with_capacity(columns.len());
        let mut n_cells = 0;
        for column in &columns {
            offsets.push(n_cells);
            n_cells += self.data.n_bins_of(*column);
        }
        let mut cells = vec![Cell::default(); n_cells];
        for row in grown {
            let row = *row as usize;
            let (u, v, w) = self.row(row);
            // The influence of the row on the node's effect.
            let rho = w * scale * v * (u - theta * v);
            let bytes = self.data.bytes(row);
            for (column, offset) in columns.iter().zip(&offsets) {
                let cell = &mut cells[offset + usize::from(bytes[*column])];
                cell.rho += rho;
                cell.weight += w;
                cell.n += 1;
            }
        }
        for row in honest {
            let bytes = self.data.bytes(*row as usize);
            for (column, offset) in columns.iter().zip(&offsets) {
                cells[offset + usize::from(bytes[*column])].honest += 1;
            }
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the rows")]
        let least = min.max((self.options.balance * f64::from(n)) as u32);
        let mut best: Option<(f64, usize, u8)> = None;
        for (column, offset) in columns.iter().zip(&offsets) {
            let bins = self.data.n_bins_of(*column);
            let of_column = &cells[*offset..offset + bins];
            let total: f64 = of_column.iter().map(|c| c.rho).sum();
            let mut left = Cell::default();
            for (bin, cell) in of_column.iter().enumerate().take(bins.saturating_sub(1)) {
                left.rho += cell.rho;
                left.weight += cell.weight;
                left.n += cell.n;
                left.honest += cell.honest;
                let (right, right_honest) = (n - left.n, n_honest - left.honest);
                if cell.n == 0 || left.n < least || right < least || left.honest < min || right_honest < min {
                    continue;
                }
                let rest = total - left.rho;
                let gain = left.rho * left.rho / left.weight + rest * rest / (weight - left.weight);
                if best.is_none_or(|(g, ..)| gain > g)
                    && let Ok(bin) = u8::try_from(bin)
                {
                    best = Some((gain, *column, bin));
                }
            }
        }
        best.map(|(_, column, bin)| (column, bin))
    }
}

/// Moves the rows that go to the left to the front, in their order.
#[allow(clippy::indexing_slicing, reason = "hot loop over one slice")]
fn split(rows: &mut [u32], goes_left: impl Fn(&u32) -> bool, scratch: &mut Vec<u32>) -> usize {
    scratch.clear();
    let mut n = 0;
    for i in 0..rows.len() {
        let row = rows[i];
        if goes_left(&row) {
            rows[n] = row;
            n += 1;
        } else {
            scratch.push(row);
        }
    }
    rows[n..].copy_from_slice(scratch);
    n
}
