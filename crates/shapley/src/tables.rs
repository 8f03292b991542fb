//! Attributions looked up by pattern: a table for each leaf, or for two leaves below one split, is made once and
//! then read for any number of rows.

use rayon::prelude::*;

use crate::{
    block::{Block, ROWS},
    fold::{Fold, independent},
    forest::{Forest, Shape},
    patterns::{Bits, Patterns, Stop, Trail},
    reference::Betas,
    sweep::Real,
};

/// Bits beyond which no table is made, whatever the budget.
const MOST_BITS: usize = 16;

/// A tree as tables.
#[derive(Clone, Debug)]
pub(crate) struct Tables<T> {
    patterns: Patterns,
    /// By stop.
    parts: Vec<Part<T>>,
    /// Outputs that its leaves hold.
    width: usize,
    /// Who gets anything.
    pub(crate) players: Vec<u32>,
}

/// What is known of a stop.
#[derive(Clone, Debug)]
enum Part<T> {
    /// By output of the leaf and player, one number per pattern.
    Table(Vec<T>),
    /// The background's patterns with their weights, where tables would be too large. Of a pair, the pair's patterns.
    Seen(Vec<(u32, f64)>),
}

/// What a table is made from.
#[derive(Clone, Copy, Debug)]
enum Weights<'a> {
    /// Training rows at each split.
    Shares,
    /// Background rows.
    Rows(&'a [WeighedBlock]),
}

/// A block of rows with their weights.
pub(crate) type WeighedBlock = (Block, [f64; ROWS]);

/// Numbers that the tables of a stop hold.
fn table_len(stop: &Stop, width: usize) -> usize {
    (stop.players.len() * width) << stop.n_bits
}

/// The most bits of a pattern for which all tables of all trees stay within a budget of bytes.
fn most_bits<T>(forest: &Forest, all: &[Patterns], trees: &[&Shape], budget: usize) -> usize {
    let mut by_bits = [0_usize; MOST_BITS + 1];
    for (patterns, shape) in all.iter().zip(trees) {
        let width = shape.width(forest.n_outputs);
        for stop in &patterns.stops {
            if let Some(sum) = by_bits.get_mut(stop.n_bits) {
                *sum = sum.saturating_add(table_len(stop, width).saturating_mul(size_of::<T>()));
            }
        }
    }
    let mut total = 0_usize;
    by_bits
        .iter()
        .take_while(|bytes| {
            total = total.saturating_add(**bytes);
            total <= budget
        })
        .count()
        .saturating_sub(1)
}

/// Tables of some trees over a background; `None` when one has more players on a way than a pattern has bits.
pub(crate) fn tables_of<T: Real>(
    forest: &Forest,
    trees: &[&Shape],
    rows: &[WeighedBlock],
    budget: usize,
) -> Option<Vec<Tables<T>>> {
    let all: Option<Vec<Patterns>> = trees.par_iter().map(|shape| Patterns::over(shape)).collect();
    let all = all?;
    let most = most_bits::<T>(forest, &all, trees, budget);
    let make =
        |(patterns, shape): (Patterns, &&Shape)| Tables::over(forest, shape, patterns, Weights::Rows(rows), most);
    Some(all.into_par_iter().zip(trees).map(make).collect())
}

/// A tree as tables of the path-dependent game.
pub(crate) fn path_dependent<T: Real>(forest: &Forest, shape: &Shape) -> Option<Tables<T>> {
    let patterns = Patterns::over(shape)?;
    let is_small = patterns.stops.iter().all(|stop| stop.n_bits <= MOST_BITS);
    is_small.then(|| Tables::over(forest, shape, patterns, Weights::Shares, MOST_BITS))
}

/// What looking up a tree's tables costs for each row, what making them costs, and the bytes that they take; the unit is
/// one operation on [`crate::machine`]'s registers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) per_row: f64,
    pub(crate) once: f64,
    pub(crate) bytes: usize,
}

/// Cost of a tree's path-dependent tables; `None` when there can be none. `read` is the cost of reading a table of so
/// many bits for one row.
pub(crate) fn cost_of<T>(shape: &Shape, width: usize, read: impl Fn(usize) -> f64) -> Option<Cost> {
    let patterns = Patterns::over(shape)?;
    let mut cost = Cost::default();
    for stop in &patterns.stops {
        if stop.n_bits > MOST_BITS {
            return None;
        }
        let n = stop.players.len();
        let n_leaves = stop.leaves.iter().flatten().count();
        cost.per_row += (n * width) as f64 * read(stop.n_bits);
        cost.once += (n_leaves * n * n.div_ceil(2).max(1) * 3 + n * width) as f64 * f64::from(1_u32 << stop.n_bits);
        cost.bytes += table_len(stop, width) * size_of::<T>();
    }
    Some(cost)
}

impl<T: Real> Tables<T> {
    fn over(forest: &Forest, shape: &Shape, patterns: Patterns, weights: Weights<'_>, most: usize) -> Self {
        let width = shape.width(forest.n_outputs);
        let mut seen = match weights {
            Weights::Shares => Vec::new(),
            Weights::Rows(blocks) => histograms(forest, shape, &patterns, blocks, most),
        };
        let parts = patterns.stops.iter().enumerate().map(|(at, stop)| {
            let seen = seen.get_mut(at).map(std::mem::take);
            match seen {
                Some(Histogram::Sparse(mut list)) => {
                    merge(&mut list);
                    Part::Seen(list)
                }
                Some(Histogram::Dense(weights)) => {
                    let of_leaf = |is_right| {
                        let mut own = vec![0.0; 1 << stop.players.len()];
                        for (pattern, weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
                            if let Some(sum) = own.get_mut(stop.of_leaf(pattern, is_right)) {
                                *sum += weight;
                            }
                        }
                        own
                    };
                    Part::Table(table(stop, shape, width, of_leaf))
                }
                None => {
                    let [left, right] = &stop.shares;
                    let of_leaf = |is_right: bool| {
                        let mut weights = Vec::new();
                        independent(if is_right { right } else { left }.iter().copied(), &mut weights);
                        weights
                    };
                    Part::Table(table(stop, shape, width, of_leaf))
                }
            }
        });
        let parts = parts.collect();
        let mut players: Vec<u32> = shape.splits.iter().map(|s| s.player).collect();
        players.sort_unstable();
        players.dedup();
        Self { patterns, parts, width, players }
    }

    /// Adds a tree's attributions for a block, of the output at `place` in its leaves, to `shares` by player. `read`
    /// adds what stands in a table at each pattern.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "the parts of one thread's room, which are borrowed apart")]
    pub(crate) fn add(
        &self,
        (forest, shape): (&Forest, &Shape),
        block: &Block,
        place: usize,
        betas: &Betas,
        trail: &mut Trail,
        shares: &mut [[T; ROWS]],
        read: impl Fn(&[T], &Bits, &mut [T; ROWS]),
    ) {
        self.patterns.walk(forest, shape, block, trail, |at, bits| {
            let (Some(stop), Some(part)) = (self.patterns.stops.get(at), self.parts.get(at)) else { return };
            match part {
                Part::Table(table) => {
                    let size = 1 << stop.n_bits;
                    let tables = table.chunks_exact(size).skip(place * stop.players.len());
                    for (player, table) in stop.players.iter().zip(tables) {
                        if let Some(share) = shares.get_mut(*player as usize) {
                            read(table, bits, share);
                        }
                    }
                }
                Part::Seen(seen) => {
                    for (row, pattern) in bits.iter().enumerate() {
                        compare(stop, shape, (place, self.width), *pattern, seen, betas, row, shares);
                    }
                }
            }
        });
    }
}

/// One row's pattern against all patterns of the background: see [`crate::reference`].
#[allow(clippy::too_many_arguments, reason = "one place of use, whose state it shares")]
fn compare<T: Real>(
    stop: &Stop,
    shape: &Shape,
    (place, width): (usize, usize),
    pattern: u32,
    seen: &[(u32, f64)],
    betas: &Betas,
    row: usize,
    shares: &mut [[T; ROWS]],
) {
    let all = (1_u32 << stop.players.len()) - 1;
    for (side, leaf) in stop.leaves.iter().enumerate() {
        let Some(value) = leaf.and_then(|leaf| shape.values.get(leaf as usize * width + place)) else { continue };
        let s = stop.of_leaf(pattern as usize, side == 1) as u32;
        for (background, weight) in seen {
            let u = stop.of_leaf(*background as usize, side == 1) as u32;
            if s | u != all {
                continue;
            }
            let (own, other) = (s & !u, u & !s);
            let (n, m) = (own.count_ones() as usize, other.count_ones() as usize);
            let mut give = |mut set: u32, amount: f64| {
                while set != 0 {
                    let bit = set.trailing_zeros() as usize;
                    let share = stop.players.get(bit).and_then(|p| shares.get_mut(*p as usize));
                    if let Some(cell) = share.and_then(|share| share.get_mut(row)) {
                        *cell += T::of(amount);
                    }
                    set &= set - 1;
                }
            };
            if n > 0 {
                give(own, value * weight * betas.get(n - 1, m));
            }
            if m > 0 {
                give(other, -value * weight * betas.get(n, m - 1));
            }
        }
    }
}

/// Tables of a stop, from the weights of its leaves' patterns.
fn table<T: Real>(stop: &Stop, shape: &Shape, width: usize, of_leaf: impl Fn(bool) -> Vec<f64>) -> Vec<T> {
    let (n, size) = (stop.players.len(), 1_usize << stop.n_bits);
    let mut sums = vec![0.0; table_len(stop, width)];
    let (mut fold, mut folded) = (Fold::default(), Vec::new());
    for (side, leaf) in stop.leaves.iter().enumerate() {
        let Some(leaf) = leaf else { continue };
        fold.values(&of_leaf(side == 1), n, &mut folded);
        let values = shape.values.iter().skip(*leaf as usize * width).take(width);
        for (sums, value) in sums.chunks_exact_mut((size * n).max(1)).zip(values) {
            for (sums, folded) in sums.chunks_exact_mut(size).zip(folded.chunks_exact(1 << n)) {
                for (pattern, sum) in sums.iter_mut().enumerate() {
                    *sum += value * folded.get(stop.of_leaf(pattern, side == 1)).copied().unwrap_or(0.0);
                }
            }
        }
    }
    sums.into_iter().map(T::of).collect()
}

/// Weights of the patterns that were seen at a stop.
#[derive(Clone, Debug)]
enum Histogram {
    Dense(Vec<f64>),
    Sparse(Vec<(u32, f64)>),
}

impl Default for Histogram {
    fn default() -> Self {
        Self::Dense(Vec::new())
    }
}

/// Weights of the background's patterns by stop, in the order of its rows.
fn histograms(
    forest: &Forest,
    shape: &Shape,
    patterns: &Patterns,
    blocks: &[WeighedBlock],
    most: usize,
) -> Vec<Histogram> {
    let of = |stop: &Stop| match stop.n_bits {
        n if n <= most => Histogram::Dense(vec![0.0; 1 << n]),
        _ => Histogram::Sparse(Vec::new()),
    };
    let mut out: Vec<Histogram> = patterns.stops.iter().map(of).collect();
    let mut trail = Trail::new(shape.depth);
    for (block, weights) in blocks {
        patterns.walk(forest, shape, block, &mut trail, |at, bits| match out.get_mut(at) {
            Some(Histogram::Dense(sums)) => {
                for (bits, weight) in bits.iter().zip(weights) {
                    if let Some(sum) = sums.get_mut(*bits as usize) {
                        *sum += weight;
                    }
                }
            }
            Some(Histogram::Sparse(list)) => {
                // A row that weighs nothing fills up the last block.
                list.extend(bits.iter().copied().zip(weights.iter().copied()).filter(|(_, w)| *w > 0.0));
                if list.len() > 1 << 12 {
                    merge(list);
                }
            }
            None => {}
        });
    }
    out
}

/// Adds up the weights of equal patterns.
fn merge(list: &mut Vec<(u32, f64)>) {
    list.sort_by_key(|(pattern, _)| *pattern);
    list.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1 += next.1;
        }
        is_same
    });
}
