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
//!
//! Where more than 16 players matter, orders in which they come are drawn, each walked forwards and backwards. Along an order a
//! leaf is reached from the step at which the last of `A` comes until the first of `B` does, so that all margins of a walk are
//! one sum of differences, whatever the number of players.

use equipoise_kernels::Draws;
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
    /// By bit: its place in the order, from 1.
    places: Vec<u32>,
    /// Players whose coalitions are all asked.
    most: usize,
}

/// Values of one row against one background row.
#[derive(Clone, Debug)]
pub(crate) struct Against {
    /// By column and output.
    pub(crate) values: Vec<f64>,
    /// Variance of each by the orders that were drawn; none when it is exact.
    pub(crate) variances: Option<Vec<f64>>,
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
    pub(crate) fn new(n_players: usize, most: usize) -> Self {
        Self {
            most,
            walk: Walk::new(n_players),
            leaves: Leaves::default(),
            bits: vec![None; n_players],
            mattering: Vec::new(),
            margins: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Attributions of one row against one background row. `n_orders` are drawn, each with its reverse, where too many
    /// players matter.
    pub(crate) fn compare(
        &mut self,
        forest: &Forest,
        roster: &Roster,
        link: Link,
        (row, background): (Ranks<'_>, Ranks<'_>),
        betas: &Betas,
        (n_orders, draws): (usize, &mut Draws),
    ) -> Against {
        self.reach(forest, row, background);
        let m = self.mattering.len();
        if m > self.most {
            return self.drawn(forest, roster, link, n_orders, draws);
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
        Against { values, variances: None }
    }

    /// Mean gains over random orders.
    fn drawn(&mut self, forest: &Forest, roster: &Roster, link: Link, n_orders: usize, draws: &mut Draws) -> Against {
        let (m, n_outputs) = (self.mattering.len(), forest.n_outputs);
        let mut order: Vec<usize> = (0..m).collect();
        let mut gains = Spread::new(m * n_outputs);
        for _ in 0..n_orders {
            for last in (1..m).rev() {
                order.swap(last, draws.below(last as u64 + 1) as usize);
            }
            self.places.clear();
            self.places.resize(m, 0);
            for (place, bit) in (1..).zip(&order) {
                if let Some(slot) = self.places.get_mut(*bit) {
                    *slot = place;
                }
            }
            let mut gain = vec![0.0; m * n_outputs];
            for is_back in [false, true] {
                self.along(forest, link, is_back);
                for (bit, place) in self.places.iter().enumerate() {
                    let place = if is_back { m + 1 - *place as usize } else { *place as usize };
                    for output in 0..n_outputs {
                        let answer = |step: usize| self.margins.get(step * n_outputs + output).copied().unwrap_or(0.0);
                        if let Some(slot) = gain.get_mut(bit * n_outputs + output) {
                            *slot += 0.5 * (answer(place) - answer(place - 1));
                        }
                    }
                }
            }
            gains.push(&gain, 1.0);
        }
        let errors = gains.standard_errors().unwrap_or_else(|| vec![0.0; m * n_outputs]);
        let mut out = Against { values: vec![0.0; roster.n_columns() * n_outputs], variances: None };
        let mut variances = out.values.clone();
        for (bit, player) in self.mattering.iter().enumerate() {
            for output in 0..n_outputs {
                let at = |all: &[f64]| all.get(bit * n_outputs + output).copied().unwrap_or(0.0);
                for (column, share) in roster.shares(*player as usize) {
                    let cell = column * n_outputs + output;
                    if let (Some(value), Some(variance)) = (out.values.get_mut(cell), variances.get_mut(cell)) {
                        *value += share * at(&gains.mean);
                        *variance += share * share * at(&errors) * at(&errors);
                    }
                }
            }
        }
        out.variances = Some(variances);
        out
    }

    /// Linked margins along an order, or back along it: shape `(m + 1, n_outputs)`.
    fn along(&mut self, forest: &Forest, link: Link, is_back: bool) {
        let (n_outputs, m) = (forest.n_outputs, self.mattering.len() as u32);
        self.margins.clear();
        self.margins.resize((m as usize + 1) * n_outputs, 0.0);
        let mut at = 0;
        for (tree, leaf, n_row, n_background) in &self.leaves.leaves {
            let mut ends_of = |n: u32| {
                let players = self.leaves.players.get(at..at + n as usize).unwrap_or_default();
                at += n as usize;
                let bits = players.iter().filter_map(|player| self.bits.get(*player as usize).copied().flatten());
                let places = bits.filter_map(|bit| self.places.get(bit as usize).copied());
                let places = places.map(|place| if is_back { m + 1 - place } else { place });
                places.fold((m + 1, 0), |(first, last), place| (first.min(place), last.max(place)))
            };
            let ((_, from), (to, _)) = (ends_of(*n_row), ends_of(*n_background));
            let Some(shape) = forest.trees.get(*tree as usize).filter(|_| from < to) else { continue };
            add_leaf(&mut self.margins, shape, n_outputs, *leaf, from as usize, 1.0);
            if to <= m {
                add_leaf(&mut self.margins, shape, n_outputs, *leaf, to as usize, -1.0);
            }
        }
        for at in n_outputs..self.margins.len() {
            let before = self.margins.get(at - n_outputs).copied().unwrap_or(0.0);
            if let Some(slot) = self.margins.get_mut(at) {
                *slot += before;
            }
        }
        for step in self.margins.chunks_exact_mut(n_outputs.max(1)) {
            step.iter_mut().zip(&forest.base).for_each(|(slot, base)| *slot += base);
        }
        link.apply(&mut self.margins, n_outputs);
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
