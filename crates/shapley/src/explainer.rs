//! Trees, made ready once and then asked about any number of rows.

use equipoise_models::TreeEnsemble;
use rayon::prelude::*;

use crate::{
    Attributions, Background, Interaction, Interactions, Method, Options, Precision, ShapleyError,
    block::{Block, ROWS, Ranks, goes_left, ranks_of},
    forest::{Child, Forest, Shape},
    interactions::{PairSums, Pairs},
    paths::Paths,
    players::Roster,
    reference::{Betas, Doubles, Singles, Walk},
    sweep::{Real, Scratch, Sweep},
};

/// Exact Shapley values of a tree ensemble's margins.
///
/// ```text
/// margin_k(x) = base_k + Σ_columns values[row, column, k]
/// ```
///
/// It is made once from the trees and a definition of absence ([`Method`]), keeps what it needs of both, and then explains
/// encoded rows ([`TreeEnsemble::encode`]). The same rows give the same bytes whatever the number of threads.
#[derive(Clone, Debug)]
pub struct TreeExplainer {
    roster: Roster,
    forest: Forest,
    base: Vec<f64>,
    engine: Engine,
    memory_budget: usize,
}

/// By what the values are computed.
#[derive(Clone, Debug)]
enum Engine {
    Fast(Sweeps<f32>),
    Exact(Sweeps<f64>),
    Compared(Compared),
}

/// Sweeps of all trees, and what one thread needs for them.
#[derive(Clone, Debug)]
struct Sweeps<T> {
    trees: Vec<Sweep<T>>,
    depth: usize,
    n_nodes: usize,
}

/// Background rows to compare with.
#[derive(Clone, Debug)]
struct Compared {
    ranks: Vec<i32>,
    weights: Vec<f64>,
    betas: Betas,
}

impl TreeExplainer {
    /// Makes an ensemble ready.
    ///
    /// # Errors
    /// When leaves hold linear models, training weights are missing, the background is empty or of another width, or
    /// the trees need more than the memory budget.
    pub fn new(ensemble: &TreeEnsemble, options: &Options<'_>) -> Result<Self, ShapleyError> {
        let roster = Roster::over(ensemble, options.players)?;
        let counted = match options.method {
            Method::PathDependentOver(background) => Some(covers_over(ensemble, &roster, background)?),
            Method::PathDependent | Method::Interventional(_) => None,
        };
        let needs_covers = !matches!(options.method, Method::Interventional(_));
        let forest = Forest::over(ensemble, &roster, counted.as_deref(), needs_covers)?;
        let (engine, base) = match options.method {
            Method::Interventional(background) => {
                let (ranks, weights) = background_of(&forest, background)?;
                let base = forest.mean_margins(&ranks, &weights);
                (Engine::Compared(Compared { ranks, weights, betas: Betas::new() }), base)
            }
            Method::PathDependent | Method::PathDependentOver(_) => {
                let engine = match options.precision {
                    Precision::Fast => Engine::Fast(Sweeps::over(&forest, &roster, options.memory_budget)?),
                    Precision::Exact => Engine::Exact(Sweeps::over(&forest, &roster, options.memory_budget)?),
                };
                (engine, forest.expected())
            }
        };
        Ok(Self { roster, forest, base, engine, memory_budget: options.memory_budget })
    }

    /// Names of those that attributions go to: the data's columns, or all features of the trees.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.roster.names
    }

    /// Number of columns or features that attributions go to.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.roster.n_columns()
    }

    /// Number of margins.
    #[must_use]
    pub fn n_outputs(&self) -> usize {
        self.forest.n_outputs
    }

    /// What each margin is when nothing is known of a row.
    #[must_use]
    pub fn base(&self) -> &[f64] {
        &self.base
    }

    /// Margins of encoded rows, summed in 64 bits: what attributions plus base add up to.
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn margins(&self, rows: &[f64]) -> Result<Vec<f64>, ShapleyError> {
        self.n_rows(rows)?;
        let n_outputs = self.forest.n_outputs;
        let chunks = rows.par_chunks(self.forest.n_features.max(1) * ROWS);
        let margins: Vec<Vec<f64>> = chunks
            .map(|rows| {
                let ranks = ranks_of(&self.forest, rows);
                let mut out = Vec::with_capacity(ROWS * n_outputs);
                for row in ranks.chunks_exact(self.forest.lanes.len().max(1)) {
                    out.extend(self.forest.margins(Ranks(row)));
                }
                out
            })
            .collect();
        Ok(margins.concat())
    }

    /// Attributions of encoded rows, row by row of as many values as the ensemble has features.
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn explain(&self, rows: &[f64]) -> Result<Attributions, ShapleyError> {
        let n_rows = self.n_rows(rows)?;
        let (n_features, n_outputs) = (self.n_features(), self.n_outputs());
        let mut values = vec![0.0; n_rows * n_features * n_outputs];
        let out = values.par_chunks_mut((n_features * n_outputs * ROWS).max(1));
        let chunks = rows.par_chunks((self.forest.n_features * ROWS).max(1));
        let work = out.zip(chunks);
        match &self.engine {
            Engine::Fast(sweeps) => {
                work.for_each_init(|| self.room(sweeps), |room, (out, rows)| self.swept(sweeps, room, rows, out));
            }
            Engine::Exact(sweeps) => {
                work.for_each_init(|| self.room(sweeps), |room, (out, rows)| self.swept(sweeps, room, rows, out));
            }
            Engine::Compared(compared) => work.for_each(|(out, rows)| self.compared(compared, rows, out)),
        }
        Ok(Attributions { n_rows, n_features, n_outputs, values, base: self.base.clone() })
    }

    /// Interaction values of encoded rows.
    ///
    /// # Errors
    /// When the values are not whole rows, or the answer is larger than the memory budget.
    pub fn interactions(&self, rows: &[f64], index: Interaction) -> Result<Interactions, ShapleyError> {
        let n_rows = self.n_rows(rows)?;
        let (n_features, n_outputs) = (self.n_features(), self.n_outputs());
        let per_row = n_features * n_features * n_outputs;
        let needed = n_rows.saturating_mul(per_row).saturating_mul(size_of::<f64>());
        if needed > self.memory_budget {
            return Err(ShapleyError::Memory { what: "the interaction values", needed, budget: self.memory_budget });
        }
        let mut values = vec![0.0; n_rows * per_row];
        let out = values.par_chunks_mut((per_row * ROWS).max(1));
        let work = out.zip(rows.par_chunks((self.forest.n_features * ROWS).max(1)));
        if let Engine::Compared(compared) = &self.engine {
            work.for_each(|(out, rows)| self.compared_pairs(compared, index, rows, out));
        } else {
            let pairs: Vec<Pairs> = self.forest.trees.par_iter().map(Pairs::over).collect();
            work.for_each(|(out, rows)| self.swept_pairs(&pairs, index, rows, out));
        }
        Ok(Interactions { n_rows, n_features, n_outputs, values, base: self.base.clone() })
    }

    fn n_rows(&self, rows: &[f64]) -> Result<usize, ShapleyError> {
        rows_in(rows, self.forest.n_features)
    }

    fn room<T: Real>(&self, sweeps: &Sweeps<T>) -> Room<T> {
        Room {
            block: Block::new(&self.forest),
            scratch: Scratch::new(sweeps.depth, sweeps.n_nodes, self.roster.n_players()),
            sums: vec![[0.0; ROWS]; self.roster.n_players() * self.forest.n_outputs],
        }
    }

    /// Sweeps over a block of rows.
    fn swept<T: Real>(&self, sweeps: &Sweeps<T>, room: &mut Room<T>, rows: &[f64], out: &mut [f64]) {
        let n_outputs = self.forest.n_outputs;
        room.block.fill(&self.forest, rows);
        room.sums.fill([0.0; ROWS]);
        for (sweep, shape) in sweeps.trees.iter().zip(&self.forest.trees) {
            for k in 0..shape.width(n_outputs) {
                for player in &sweep.players {
                    if let Some(share) = room.scratch.shares.get_mut(*player as usize) {
                        *share = [T::default(); ROWS];
                    }
                }
                sweep.add::<false>(&self.forest, shape, &room.block, k, &mut room.scratch);
                let output = shape.output.unwrap_or(k);
                for player in &sweep.players {
                    let share = room.scratch.shares.get(*player as usize);
                    let sum = room.sums.get_mut(*player as usize * n_outputs + output);
                    if let (Some(share), Some(sum)) = (share, sum) {
                        sum.iter_mut().zip(share).for_each(|(sum, share)| *sum += share.double());
                    }
                }
            }
        }
        for (player, sums) in room.sums.chunks_exact(n_outputs).enumerate() {
            for (column, share) in self.roster.shares(player) {
                for (output, sums) in sums.iter().enumerate() {
                    let cells = out.iter_mut().skip(column * n_outputs + output);
                    let cells = cells.step_by(self.n_features() * n_outputs);
                    cells.zip(sums).for_each(|(cell, sum)| *cell += share * sum);
                }
            }
        }
    }

    /// Compares each row with each background row.
    fn compared(&self, compared: &Compared, rows: &[f64], out: &mut [f64]) {
        let (n_outputs, n_lanes) = (self.forest.n_outputs, self.forest.lanes.len().max(1));
        let ranks = ranks_of(&self.forest, rows);
        let mut walk = Walk::new(self.roster.n_players());
        let mut sums = vec![0.0; self.roster.n_players() * n_outputs];
        for (row, out) in ranks.chunks_exact(n_lanes).zip(out.chunks_exact_mut(self.n_features() * n_outputs)) {
            sums.fill(0.0);
            for shape in &self.forest.trees {
                for (background, weight) in compared.rows(n_lanes) {
                    let mut singles = Singles { shape, n_outputs, weight, betas: &compared.betas, sums: &mut sums };
                    walk.over(&self.forest, shape, Ranks(row), background, &mut singles);
                }
            }
            for (player, sums) in sums.chunks_exact(n_outputs).enumerate() {
                for (column, share) in self.roster.shares(player) {
                    let cells = out.iter_mut().skip(column * n_outputs);
                    cells.zip(sums).for_each(|(cell, sum)| *cell += share * sum);
                }
            }
        }
    }

    fn compared_pairs(&self, compared: &Compared, index: Interaction, rows: &[f64], out: &mut [f64]) {
        let (n_players, n_outputs, n_columns) = (self.roster.n_players(), self.forest.n_outputs, self.n_features());
        let n_lanes = self.forest.lanes.len().max(1);
        let ranks = ranks_of(&self.forest, rows);
        let mut walk = Walk::new(n_players);
        let mut sums = vec![0.0; n_players * n_players * n_outputs];
        let outs = out.chunks_exact_mut((n_columns * n_columns * n_outputs).max(1));
        for (row, out) in ranks.chunks_exact(n_lanes).zip(outs) {
            sums.fill(0.0);
            for shape in &self.forest.trees {
                for (background, weight) in compared.rows(n_lanes) {
                    let betas = &compared.betas;
                    let mut doubles = Doubles { shape, n_players, n_outputs, weight, index, betas, sums: &mut sums };
                    walk.over(&self.forest, shape, Ranks(row), background, &mut doubles);
                }
            }
            for output in 0..n_outputs {
                let cell =
                    |i: usize, j: usize| sums.get((i * n_players + j) * n_outputs + output).copied().unwrap_or(0.0);
                self.spread(&cell, index, output, out);
            }
        }
    }

    fn swept_pairs(&self, pairs: &[Pairs], index: Interaction, rows: &[f64], out: &mut [f64]) {
        let (n_players, n_outputs, n_columns) = (self.roster.n_players(), self.forest.n_outputs, self.n_features());
        let mut block = Block::new(&self.forest);
        block.fill(&self.forest, rows);
        let mut sums = PairSums::new(n_players);
        for output in 0..n_outputs {
            sums.clear();
            for (pairs, shape) in pairs.iter().zip(&self.forest.trees) {
                let width = shape.width(n_outputs);
                let place = match shape.output {
                    Some(o) if o != output => continue,
                    Some(_) => 0,
                    None => output,
                };
                let value = |leaf: u32| shape.values.get(leaf as usize * width + place).copied().unwrap_or(0.0);
                pairs.add(&self.forest, shape, &block, value, index, &mut sums);
            }
            let outs = out.chunks_exact_mut((n_columns * n_columns * n_outputs).max(1));
            for (row, out) in outs.enumerate() {
                let cell = |i: usize, j: usize| {
                    sums.values
                        .get(i * n_players + j)
                        .and_then(|row_values| row_values.get(row))
                        .copied()
                        .unwrap_or(0.0)
                };
                self.spread(&cell, index, output, out);
            }
        }
    }

    /// From single values on the diagonal and whole interactions above it, by player, to the matrix of one row by
    /// column.
    fn spread(&self, cell: &dyn Fn(usize, usize) -> f64, index: Interaction, output: usize, out: &mut [f64]) {
        let (n_players, n_columns, n_outputs) = (self.roster.n_players(), self.n_features(), self.n_outputs());
        let mut add = |i: usize, j: usize, value: f64| {
            for (a, share) in self.roster.shares(i) {
                for (b, other) in self.roster.shares(j) {
                    if let Some(slot) = out.get_mut((a * n_columns + b) * n_outputs + output) {
                        *slot += share * other * value;
                    }
                }
            }
        };
        for i in 0..n_players {
            let mut own = cell(i, i);
            for j in (0..n_players).filter(|j| *j != i) {
                let half = cell(i.min(j), i.max(j)) / 2.0;
                add(i, j, half);
                if index == Interaction::Shapley {
                    own -= half;
                }
            }
            add(i, i, own);
        }
    }
}

/// What one thread needs.
struct Room<T> {
    block: Block,
    scratch: Scratch<T>,
    /// By player and output.
    sums: Vec<[f64; ROWS]>,
}

impl<T: Real> Sweeps<T> {
    fn over(forest: &Forest, roster: &Roster, budget: usize) -> Result<Self, ShapleyError> {
        let n_nodes = forest.trees.iter().map(Sweep::<T>::n_nodes).max().unwrap_or(1);
        let depth = forest.trees.iter().map(|shape| shape.depth).max().unwrap_or(0);
        let constants: usize = forest.trees.iter().map(Sweep::<T>::bytes).sum();
        let needed = constants + Scratch::<T>::bytes(depth, n_nodes, roster.n_players());
        if needed > budget {
            return Err(ShapleyError::Memory { what: "the trees", needed, budget });
        }
        let trees = forest.trees.par_iter().map(|shape| Sweep::over(shape, forest.n_outputs)).collect();
        Ok(Self { trees, depth, n_nodes })
    }
}

impl Compared {
    /// The background rows with their weights.
    fn rows(&self, n_lanes: usize) -> impl Iterator<Item = (Ranks<'_>, f64)> {
        self.ranks.chunks_exact(n_lanes).map(Ranks).zip(self.weights.iter().copied())
    }
}

impl Forest {
    /// Margins of one row.
    fn margins(&self, ranks: Ranks<'_>) -> Vec<f64> {
        let mut out = self.base.clone();
        for shape in &self.trees {
            let leaf = self.leaf(shape, ranks, |_| {});
            let width = shape.width(self.n_outputs);
            let values = shape.values.get(leaf as usize * width..).unwrap_or_default();
            let outputs = out.iter_mut().skip(shape.output.unwrap_or(0)).take(width);
            outputs.zip(values).for_each(|(sum, value)| *sum += value);
        }
        out
    }

    /// The leaf a row falls into; tells of each split on its way.
    fn leaf(&self, shape: &Shape, ranks: Ranks<'_>, mut passes: impl FnMut(bool)) -> u32 {
        let mut at = shape.root;
        loop {
            match at {
                Child::Leaf(leaf) => return leaf,
                Child::Split(place) => {
                    let Some(split) = shape.splits.get(place as usize) else { return 0 };
                    let is_left = goes_left(self, split.test, ranks);
                    passes(is_left);
                    at = if is_left { split.left } else { split.right };
                }
            }
        }
    }

    /// Weighted mean of the margins.
    fn mean_margins(&self, ranks: &[i32], weights: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n_outputs];
        for (row, weight) in ranks.chunks_exact(self.lanes.len().max(1)).zip(weights) {
            out.iter_mut().zip(self.margins(Ranks(row))).for_each(|(sum, margin)| *sum += weight * margin);
        }
        out
    }

    /// Margins when nothing is known, by the training rows.
    fn expected(&self) -> Vec<f64> {
        let trees: Vec<Vec<f64>> = self
            .trees
            .par_iter()
            .map(|shape| Paths::over(shape).expected(shape, shape.width(self.n_outputs)))
            .collect();
        let mut out = self.base.clone();
        for (shape, expected) in self.trees.iter().zip(trees) {
            out.iter_mut().skip(shape.output.unwrap_or(0)).zip(expected).for_each(|(sum, e)| *sum += e);
        }
        out
    }
}

fn rows_in(rows: &[f64], n_features: usize) -> Result<usize, ShapleyError> {
    let n_rows = rows.len() / n_features.max(1);
    if n_rows * n_features != rows.len() {
        let expected = (n_rows + 1) * n_features;
        return Err(ShapleyError::Shape { what: "values", found: rows.len(), expected });
    }
    Ok(n_rows)
}

/// Ranks of the background and weights that sum to 1, without rows that weigh nothing.
fn background_of(forest: &Forest, background: Background<'_>) -> Result<(Vec<i32>, Vec<f64>), ShapleyError> {
    let n_rows = rows_in(background.rows, forest.n_features)?;
    let weights = weights_of(background, n_rows)?;
    let n_features = forest.n_features.max(1);
    let heavy = background.rows.chunks_exact(n_features).zip(&weights).filter(|(_, w)| **w > 0.0);
    let ranks = heavy.flat_map(|(row, _)| ranks_of(forest, row)).collect();
    Ok((ranks, weights.into_iter().filter(|w| *w > 0.0).collect()))
}

fn weights_of(background: Background<'_>, n_rows: usize) -> Result<Vec<f64>, ShapleyError> {
    let given = match background.weights {
        Some(weights) if weights.len() != n_rows => {
            return Err(ShapleyError::Shape { what: "weights", found: weights.len(), expected: n_rows });
        }
        Some(weights) => weights.to_vec(),
        None => vec![1.0; n_rows],
    };
    if let Some((row, weight)) = given.iter().enumerate().find(|(_, w)| !w.is_finite() || **w < 0.0) {
        return Err(ShapleyError::BadWeight { row, weight: *weight });
    }
    let total: f64 = given.iter().sum();
    if total > 0.0 { Ok(given.iter().map(|w| w / total).collect()) } else { Err(ShapleyError::EmptyBackground) }
}

/// Weight of the rows that reach each node, by tree and node.
fn covers_over(
    ensemble: &TreeEnsemble,
    roster: &Roster,
    background: Background<'_>,
) -> Result<Vec<Vec<f64>>, ShapleyError> {
    use equipoise_models::trees::Node;
    let forest = Forest::over(ensemble, roster, None, false)?;
    let (ranks, weights) = background_of(&forest, background)?;
    let count = |(shape, tree): (&Shape, &equipoise_models::trees::Tree)| {
        let mut covers = vec![0.0; tree.nodes().len()];
        for (row, weight) in ranks.chunks_exact(forest.lanes.len().max(1)).zip(&weights) {
            let mut at = 0;
            let mut add = |at: usize| {
                if let Some(cover) = covers.get_mut(at) {
                    *cover += weight;
                }
            };
            add(at);
            forest.leaf(shape, Ranks(row), |is_left| {
                if let Some(Node::Split { left, right, .. }) = tree.nodes().get(at) {
                    at = if is_left { *left } else { *right };
                    add(at);
                }
            });
        }
        covers
    };
    Ok(forest.trees.par_iter().zip(ensemble.trees()).map(count).collect())
}
