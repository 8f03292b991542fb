//! What stands in the tables of a stop, in 64 bits.

use std::ops::Range;

use super::stops::{Cells, Hanging, Stop, Term};
use crate::{
    Interaction,
    fold::{Fold, independent},
    forest::Shape,
};

/// What tables give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Give<'g> {
    /// Shapley values: a cell for each player.
    Values,
    /// Owen values of players in these groups: likewise.
    Owen(&'g [u32]),
    /// Interactions: a cell for each pair of players `i <= j`, with single values in the diagonal.
    Pairs(Interaction),
}

impl Give<'_> {
    /// Cells of so many players.
    pub(crate) fn cells(self) -> Cells {
        match self {
            Self::Values | Self::Owen(_) => |n| n,
            Self::Pairs(_) => |n| n * (n + 1) / 2,
        }
    }

    /// Players of each cell of a leaf or stop, by their places: single ones, or the upper triangle row by row.
    fn pairs(self, n: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let is_single = !matches!(self, Self::Pairs(_));
        (0..n).flat_map(move |i| {
            let end = if is_single { i + 1 } else { n };
            (i..end).map(move |j| (i, j))
        })
    }
}

/// Tables of one tree, with the room to make them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    pub(crate) numbers: Vec<f64>,
    pub(crate) tables: Vec<Filling>,
    /// By output of the leaves: what the tree says on average.
    pub(crate) expected: Vec<f64>,
    leaf: Vec<f64>,
    own: Vec<u16>,
    weights: Vec<f64>,
    fold: Fold,
}

/// One table.
#[derive(Clone, Debug)]
pub(crate) struct Filling {
    pub(crate) stop: u32,
    pub(crate) players: (u32, u32),
    /// Output among those of the tree's leaves.
    pub(crate) place: usize,
    /// Where its numbers stand.
    pub(crate) range: Range<usize>,
}

impl Filled {
    pub(crate) fn clear(&mut self, width: usize) {
        self.expected.clear();
        self.expected.resize(width, 0.0);
        self.numbers.clear();
        self.tables.clear();
    }

    /// Adds the tables of a stop. With weights by pattern of the background the game is interventional, otherwise
    /// path-dependent.
    #[inline(always)]
    pub(crate) fn stop(
        &mut self,
        at: usize,
        stop: &Stop,
        shape: &Shape,
        width: usize,
        give: Give<'_>,
        seen: Option<&[f64]>,
    ) {
        let size = 1_usize << stop.bits.len();
        let start = self.numbers.len();
        let n_cells = give.cells()(stop.players.len());
        self.numbers.resize(start + n_cells * width * size, 0.0);
        let mut from = start;
        for place in 0..width {
            for (i, j) in give.pairs(stop.players.len()) {
                let name = |at: usize| stop.players.get(at).copied().unwrap_or(0);
                let (players, range) = ((name(i), name(j)), from..from + size);
                self.tables.push(Filling { stop: at as u32, players, place, range });
                from += size;
            }
        }
        for leaf in &stop.leaves {
            stop.of_leaf(leaf, &mut self.own);
            self.leaf(leaf, give, seen);
            let values = shape.values.get(leaf.leaf as usize * width..).unwrap_or_default();
            let n = leaf.terms.len();
            let reached = self.weights.last().copied().unwrap_or(0.0);
            self.expected.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * reached);
            for ((i, j), folded) in give.pairs(n).zip(self.leaf.chunks_exact(1 << n)) {
                let name = |at: usize| leaf.terms.get(at).map_or(0, |term| term.player);
                let (i, j) = (name(i).min(name(j)), name(i).max(name(j)));
                let places = |player: u32| stop.players.binary_search(&player).unwrap_or(0);
                let Some(cell) = cell_of(give, stop.players.len(), places(i), places(j)) else { continue };
                for (place, value) in values.iter().take(width).enumerate() {
                    let at = start + (place * n_cells + cell) * size;
                    let sums = self.numbers.get_mut(at..at + size).unwrap_or_default();
                    add(sums, folded, &self.own, *value);
                }
            }
        }
    }

    /// Tables of a leaf of value 1 by its own pattern.
    #[inline(always)]
    fn leaf(&mut self, leaf: &Hanging, give: Give<'_>, seen: Option<&[f64]>) {
        let (n, weights) = (leaf.terms.len(), &mut self.weights);
        match seen {
            Some(seen) => {
                weights.clear();
                weights.resize(1 << n, 0.0);
                for (own, weight) in self.own.iter().zip(seen) {
                    if let Some(sum) = weights.get_mut(usize::from(*own)) {
                        *sum += weight;
                    }
                }
            }
            None => independent(leaf.terms.iter().map(|term| term.share), weights),
        }
        match give {
            Give::Values => self.fold.values(weights, n, &mut self.leaf),
            Give::Owen(groups) => {
                let group = |term: &Term| groups.get(term.player as usize).copied().unwrap_or(term.player);
                let groups: Vec<u32> = leaf.terms.iter().map(group).collect();
                self.fold.owen(weights, &groups, &mut self.leaf);
            }
            Give::Pairs(index) => self.fold.pairs(weights, n, index, &mut self.leaf),
        }
    }
}

/// The place of a pair of players `i <= j` among the cells.
fn cell_of(give: Give<'_>, n: usize, i: usize, j: usize) -> Option<usize> {
    match give {
        Give::Values | Give::Owen(_) => (i == j).then_some(i),
        // Rows above have n, n − 1, … cells.
        Give::Pairs(_) => Some(i * n - i * i.saturating_sub(1) / 2 + j - i),
    }
}

/// Adds a leaf's table, read at the leaf's pattern for each pattern of the stop.
#[allow(clippy::indexing_slicing, reason = "the innermost loop; a pattern of a leaf of n terms is below 2^n")]
#[inline(always)]
fn add(sums: &mut [f64], folded: &[f64], own: &[u16], value: f64) {
    let last = folded.len() - 1;
    for (sum, own) in sums.iter_mut().zip(own) {
        *sum += value * folded[usize::from(*own) & last];
    }
}
