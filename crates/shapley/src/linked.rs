//! Shapley values of what a model answers (a probability) instead of its margin.
//!
//! A link joins all trees, so values no longer add up leaf by leaf. Against one background row, though, the margin is a
//! function of who comes from the row among the few players in whom the two differ: every leaf that a mixture reaches
//! has players that must come from the row (`A`) and players that must not (`B`), and
//!
//! ```text
//! margin(S) = Σ_leaves v·∏_{i∈A} [i∈S]·∏_{j∈B} (1 − [j∈S]) = Σ_{U⊆S} m(U),   m(A∪T) += (−1)^|T|·v  for each T ⊆ B
//! ```
//!
//! All `2^m` margins come out of one sum over subsets; the link is applied to each, and Shapley's definition is summed as
//! it stands. Exact for each background row; over a background drawn from a population, the mean has the standard
//! error that is given.

use equipoise_models::trees::Link;

use crate::{
    block::Ranks,
    forest::{Forest, Shape},
    players::Roster,
    reference::{Betas, Reached, Walk},
};

/// Players whose coalitions are all asked.
pub(crate) const MOST_PLAYERS: usize = 16;

/// The leaves that mixtures of two rows reach.
#[derive(Clone, Debug, Default)]
struct Leaves {
    /// Tree, leaf, and how many of `players` are in A and in B.
    leaves: Vec<(u32, u32, u32, u32)>,
    players: Vec<u32>,
    tree: u32,
}

impl Reached for Leaves {
    fn leaf(&mut self, leaf: u32, row: &[u32], background: &[u32]) {
        self.leaves.push((self.tree, leaf, row.len() as u32, background.len() as u32));
        self.players.extend(row);
        self.players.extend(background);
    }
}

/// What one thread needs to compare rows.
#[derive(Clone, Debug)]
pub(crate) struct LinkedRoom {
    walk: Walk,
    leaves: Leaves,
    /// By player: its bit, for those that matter.
    bits: Vec<Option<u32>>,
    /// By bit: its player.
    mattering: Vec<u32>,
    margins: Vec<f64>,
}

/// Mean and spread over the background, by column and output.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    pub(crate) mean: Vec<f64>,
    squares: Vec<f64>,
    weight: f64,
    weight_squares: f64,
}

impl Spread {
    pub(crate) fn new(n: usize) -> Self {
        Self { mean: vec![0.0; n], squares: vec![0.0; n], weight: 0.0, weight_squares: 0.0 }
    }

    /// West, 1979, doi:10.1145/359146.359153.
    pub(crate) fn push(&mut self, values: &[f64], weight: f64) {
        self.weight += weight;
        self.weight_squares += weight * weight;
        for ((mean, squares), x) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let gap = x - *mean;
            *mean += gap * weight / self.weight;
            *squares += weight * gap * (x - *mean);
        }
    }

    /// Standard errors of the means; `None` for a single row.
    pub(crate) fn standard_errors(&self) -> Option<Vec<f64>> {
        let share = self.weight_squares / (self.weight * self.weight);
        // Variance of a row's value, unbiased by the effective number of rows.
        let of = |squares: &f64| (squares / self.weight / (1.0 - share) * share).max(0.0).sqrt();
        (share < 1.0 - 1e-12).then(|| self.squares.iter().map(of).collect())
    }
}

impl LinkedRoom {
    pub(crate) fn new(n_players: usize) -> Self {
        Self {
            walk: Walk::new(n_players),
            leaves: Leaves::default(),
            bits: vec![None; n_players],
            mattering: Vec::new(),
            margins: Vec::new(),
        }
    }

    /// Attributions of one row against one background row, by column and output.
    ///
    /// # Errors
    /// The number of players that matter when they are too many.
    pub(crate) fn compare(
        &mut self,
        forest: &Forest,
        roster: &Roster,
        link: Link,
        (row, background): (Ranks<'_>, Ranks<'_>),
        betas: &Betas,
    ) -> Result<Vec<f64>, usize> {
        self.reach(forest, row, background);
        let m = self.mattering.len();
        if m > MOST_PLAYERS {
            return Err(m);
        }
        self.ask_all(forest, link);
        let n_outputs = forest.n_outputs;
        let mut values = vec![0.0; roster.n_columns() * n_outputs];
        for (bit, player) in self.mattering.iter().enumerate() {
            for output in 0..n_outputs {
                let answer = |set: usize| self.margins.get(set * n_outputs + output).copied().unwrap_or(0.0);
                let without = (0..1_usize << m).filter(|set| set >> bit & 1 == 0);
                let value: f64 = without
                    .map(|set| {
                        let size = set.count_ones() as usize;
                        betas.get(size, m - 1 - size) * (answer(set | 1 << bit) - answer(set))
                    })
                    .sum();
                for (column, share) in roster.shares(*player as usize) {
                    if let Some(slot) = values.get_mut(column * n_outputs + output) {
                        *slot += share * value;
                    }
                }
            }
        }
        Ok(values)
    }

    /// Walks all trees and gives each player that matters a bit.
    fn reach(&mut self, forest: &Forest, row: Ranks<'_>, background: Ranks<'_>) {
        let Self { walk, leaves, bits, mattering, .. } = self;
        leaves.leaves.clear();
        leaves.players.clear();
        mattering.clear();
        bits.fill(None);
        for (tree, shape) in forest.trees.iter().enumerate() {
            leaves.tree = tree as u32;
            walk.over(forest, shape, row, background, leaves);
        }
        for player in &leaves.players {
            if let Some(slot @ None) = bits.get_mut(*player as usize) {
                *slot = Some(mattering.len() as u32);
                mattering.push(*player);
            }
        }
    }

    /// Linked margins of every coalition: shape `(2^m, n_outputs)`.
    fn ask_all(&mut self, forest: &Forest, link: Link) {
        let (n_outputs, m) = (forest.n_outputs, self.mattering.len());
        self.margins.clear();
        self.margins.resize(n_outputs << m, 0.0);
        let mut at = 0;
        for (tree, leaf, n_row, n_background) in &self.leaves.leaves {
            let mut set_of = |n: u32| {
                let players = self.leaves.players.get(at..at + n as usize).unwrap_or_default();
                at += n as usize;
                let bits = players.iter().filter_map(|player| self.bits.get(*player as usize).copied().flatten());
                bits.fold(0_usize, |set, bit| set | 1 << bit)
            };
            let (own, other) = (set_of(*n_row), set_of(*n_background));
            let Some(shape) = forest.trees.get(*tree as usize) else { continue };
            // Every subset of the others, the empty one last.
            let mut part = other;
            loop {
                let sign = if part.count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
                add_leaf(&mut self.margins, shape, n_outputs, *leaf, own | part, sign);
                if part == 0 {
                    break;
                }
                part = (part - 1) & other;
            }
        }
        for (slot, base) in self.margins.iter_mut().zip(&forest.base) {
            *slot += base;
        }
        // Sums over subsets, one player after the other.
        for bit in 0..m {
            let width = n_outputs << bit;
            for block in self.margins.chunks_exact_mut(2 * width) {
                let (without, with) = block.split_at_mut(width);
                with.iter_mut().zip(without).for_each(|(w, wo)| *w += *wo);
            }
        }
        link.apply(&mut self.margins, n_outputs);
    }
}

fn add_leaf(margins: &mut [f64], shape: &Shape, n_outputs: usize, leaf: u32, set: usize, sign: f64) {
    let width = shape.width(n_outputs);
    let values = shape.values.iter().skip(leaf as usize * width).take(width);
    let slots = margins.iter_mut().skip(set * n_outputs + shape.output.unwrap_or(0));
    slots.zip(values).for_each(|(slot, value)| *slot += sign * value);
}
