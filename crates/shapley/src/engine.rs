//! How each tree is worked out, and what that needs.

use rayon::prelude::*;

use crate::{
    Options, ShapleyError,
    block::{Block, ROWS},
    forest::{Forest, Shape},
    machine::{Machine, TableRoom},
    sweep::{Real, Scratch, Sweep},
    tables::{Tables, cost_of, path_dependent},
};

/// By what the values are computed.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    Fast(Ready<f32>),
    Exact(Ready<f64>),
    /// Each row with each background row: trees too deep for patterns.
    Compared,
}

/// All trees made ready.
#[derive(Clone, Debug)]
pub(crate) struct Ready<T> {
    pub(crate) trees: Vec<Way<T>>,
    /// Splits on the longest way, and most nodes of a quadrature.
    pub(crate) depth: usize,
    pub(crate) n_nodes: usize,
}

/// How one tree is worked out.
#[derive(Clone, Debug)]
pub(crate) enum Way<T> {
    Sweep(Sweep<T>),
    Tables(Tables<T>),
}

/// What one thread needs.
pub(crate) struct Room<T> {
    /// Blocks of rows with their sums by player and output.
    pub(crate) blocks: Vec<(Block, Vec<[f64; ROWS]>)>,
    pub(crate) scratch: Scratch<T>,
    pub(crate) tables: TableRoom,
    /// Within a tree, by player.
    pub(crate) shares: Vec<[T; ROWS]>,
}

impl<T: Real> Ready<T> {
    /// Each tree by tables where `by_tables` says so and patterns allow it, otherwise by a sweep.
    pub(crate) fn over(
        forest: &Forest,
        n_players: usize,
        by_tables: &[bool],
        budget: usize,
    ) -> Result<Self, ShapleyError> {
        let choices = || forest.trees.iter().zip(by_tables.iter().copied().chain(std::iter::repeat(false)));
        let swept = || choices().filter(|(_, by_tables)| !by_tables).map(|(shape, _)| shape);
        let n_nodes = forest.trees.iter().map(Sweep::<T>::n_nodes).max().unwrap_or(1);
        let depth = forest.trees.iter().map(|shape| shape.depth).max().unwrap_or(0);
        let constants: usize = swept().map(Sweep::<T>::bytes).sum();
        let needed = constants + Scratch::<T>::bytes(depth, n_nodes) + n_players * size_of::<[T; ROWS]>();
        if needed > budget {
            return Err(ShapleyError::Memory { what: "the trees", needed, budget });
        }
        let choices: Vec<(&Shape, bool)> = choices().collect();
        let way = |(shape, by_tables): (&Shape, bool)| {
            let tables = if by_tables { path_dependent(forest, shape) } else { None };
            tables.map_or_else(|| Way::Sweep(Sweep::over(shape, forest.n_outputs)), Way::Tables)
        };
        Ok(Self { trees: choices.into_par_iter().map(way).collect(), depth, n_nodes })
    }

    pub(crate) fn of_tables(tables: Vec<Tables<T>>) -> Self {
        let depth = tables.iter().map(Tables::depth).max().unwrap_or(0);
        Self { trees: tables.into_iter().map(Way::Tables).collect(), depth, n_nodes: 1 }
    }
}

/// By tree: whether tables of 32-bit numbers cost less than sweeps, preparation included, within the memory budget.
pub(crate) fn pay_off(forest: &Forest, machine: Machine, options: &Options<'_>) -> Vec<bool> {
    let n_rows = options.expected_rows as f64;
    let costs = forest.trees.par_iter().map(|shape| {
        let width = shape.width(forest.n_outputs);
        let swept = (shape.splits.len() * width * Sweep::<f32>::n_nodes(shape)) as f64 * machine.sweeping();
        let cost = cost_of::<f32>(shape, width, |n_bits| machine.reading(n_bits))?;
        (cost.per_row * n_rows + cost.once < swept * n_rows).then_some(cost.bytes)
    });
    let costs: Vec<Option<usize>> = costs.collect();
    // Half of the budget is left to sweeps and rows.
    let mut left = options.memory_budget / 2;
    let mut take = |bytes: usize| {
        let fits = bytes <= left;
        left -= if fits { bytes } else { 0 };
        fits
    };
    costs.into_iter().map(|bytes| bytes.is_some_and(&mut take)).collect()
}

/// Adds what one tree gave to the sums over trees, and clears it.
pub(crate) fn flush<T: Real>(
    players: &[u32],
    shares: &mut [[T; ROWS]],
    sums: &mut [[f64; ROWS]],
    output: usize,
    n_outputs: usize,
) {
    for player in players {
        let share = shares.get_mut(*player as usize);
        let sum = sums.get_mut(*player as usize * n_outputs + output);
        if let (Some(share), Some(sum)) = (share, sum) {
            sum.iter_mut().zip(share.iter()).for_each(|(sum, share)| *sum += share.double());
            *share = [T::default(); ROWS];
        }
    }
}
