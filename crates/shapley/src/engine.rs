//! How each tree is worked out, and what that needs.

use rayon::prelude::*;

use crate::{
    Options, Precision, ShapleyError,
    background::{blocks_of, narrow_of},
    block::{Block, ROWS},
    forest::{Forest, Shape},
    machine::{Machine, TableRoom},
    planes::{Cut, Desk, Give, MOST_BITS, Planes, Source, Sums, Wanted, bytes_of, fits, making},
    sweep::{Real, Scratch, Sweep},
    tables::{Tables, cost_of, path_dependent, tables_of},
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
    /// Those of the trees that are tables of bytes.
    pub(crate) planes: Option<Planes>,
    /// Splits on the longest way, and most nodes of a quadrature.
    pub(crate) depth: usize,
    pub(crate) n_nodes: usize,
}

/// How one tree is worked out.
#[derive(Clone, Debug)]
pub(crate) enum Way<T> {
    Sweep(Sweep<T>),
    Tables(Tables<T>),
    /// In [`Ready::planes`].
    Bytes,
}

/// How a tree shall be worked out.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    Sweep,
    Tables,
    Bytes(Cut),
}

/// What one thread needs.
pub(crate) struct Room<T> {
    /// Blocks of rows, and their sums by player and output.
    pub(crate) blocks: Vec<Block>,
    pub(crate) sums: Vec<Sums>,
    pub(crate) desk: Desk,
    pub(crate) scratch: Scratch<T>,
    pub(crate) tables: TableRoom,
    /// Within a tree, by player.
    pub(crate) shares: Vec<[T; ROWS]>,
}

/// Trees of the choices that are tables of bytes.
fn chosen<'c>(forest: &'c Forest, choices: &'c [Choice]) -> Vec<(&'c Shape, &'c Cut)> {
    let of = |(shape, choice): (&'c Shape, &'c Choice)| match choice {
        Choice::Bytes(cut) => Some((shape, cut)),
        Choice::Sweep | Choice::Tables => None,
    };
    forest.trees.iter().zip(choices).filter_map(of).collect()
}

impl<T: Real> Ready<T> {
    /// Each tree as it was chosen, of the path-dependent game; by a sweep where patterns are too long.
    pub(crate) fn over(
        forest: &Forest,
        wanted: Wanted<'_>,
        choices: &[Choice],
        machine: Machine,
        budget: usize,
    ) -> Result<Self, ShapleyError> {
        let all = || forest.trees.iter().zip(choices);
        let swept = || all().filter(|(_, choice)| matches!(choice, Choice::Sweep)).map(|(shape, _)| shape);
        let n_nodes = forest.trees.iter().map(Sweep::<T>::n_nodes).max().unwrap_or(1);
        let depth = forest.trees.iter().map(|shape| shape.depth).max().unwrap_or(0);
        let constants: usize = swept().map(Sweep::<T>::bytes).sum();
        let needed = constants + Scratch::<T>::bytes(depth, n_nodes) + wanted.n_players * size_of::<[T; ROWS]>();
        if needed > budget {
            return Err(ShapleyError::Memory { what: "the trees", needed, budget });
        }
        let trees: Vec<(&Shape, &Choice)> = all().collect();
        let way = |(shape, choice): (&Shape, &Choice)| match choice {
            Choice::Bytes(_) => Way::Bytes,
            Choice::Tables => path_dependent(forest, shape)
                .map_or_else(|| Way::Sweep(Sweep::over(shape, forest.n_outputs)), Way::Tables),
            Choice::Sweep => Way::Sweep(Sweep::over(shape, forest.n_outputs)),
        };
        let some = chosen(forest, choices);
        let planes = (!some.is_empty()).then(|| Planes::over(forest, &some, Source::Shares, wanted, machine));
        Ok(Self { trees: trees.into_par_iter().map(way).collect(), planes, depth, n_nodes })
    }

    /// Each tree over a background: by bytes where it can be, by the other tables elsewhere. `None` when a tree has more
    /// players on a way than a pattern has bits.
    pub(crate) fn interventional(
        forest: &Forest,
        wanted: Wanted<'_>,
        (ranks, weights): (&[i32], &[f64]),
        machine: Machine,
        budget: usize,
    ) -> Option<Self> {
        let is_grouped = matches!(wanted.give, Give::Owen(_));
        let choices =
            if is_grouped { cut_all(forest, wanted, budget) } else { by_bytes(forest, machine, wanted, budget) };
        let some = chosen(forest, &choices);
        let planes = (!some.is_empty()).then(|| {
            let blocks = narrow_of(forest, ranks, weights);
            Planes::over(forest, &some, Source::Rows(&blocks, machine), wanted, machine)
        });
        let all = || forest.trees.iter().zip(&choices);
        let rest: Vec<&Shape> = all().filter(|(_, c)| !matches!(c, Choice::Bytes(_))).map(|(shape, _)| shape).collect();
        if is_grouped && !rest.is_empty() {
            return None;
        }
        let mut tables = if rest.is_empty() {
            Vec::new()
        } else {
            tables_of(forest, &rest, &blocks_of(forest, ranks, weights), budget)?
        }
        .into_iter();
        let way = |choice: &Choice| match choice {
            Choice::Bytes(_) => Some(Way::Bytes),
            Choice::Sweep | Choice::Tables => tables.next().map(Way::Tables),
        };
        let trees: Option<Vec<Way<T>>> = choices.iter().map(way).collect();
        let depth = forest.trees.iter().map(|shape| shape.depth).max().unwrap_or(0);
        Some(Self { trees: trees?, planes, depth, n_nodes: 1 })
    }

    /// What all trees say on average over a background, base included.
    pub(crate) fn expected(&self, forest: &Forest, (ranks, weights): (&[i32], &[f64])) -> Vec<f64> {
        let all = forest.trees.iter().zip(&self.trees);
        let others = all.filter(|(_, way)| !matches!(way, Way::Bytes)).map(|(shape, _)| shape);
        let mut out = forest.mean_of(others, ranks, weights);
        let known = self.planes.as_ref().map_or(&[][..], |planes| &planes.expected);
        out.iter_mut().zip(known).for_each(|(sum, expected)| *sum += expected);
        out.iter_mut().zip(&forest.base).for_each(|(sum, base)| *sum += base);
        out
    }
}

/// Bytes for each tree that can be cut, within the budget.
pub(crate) fn by_bytes(forest: &Forest, machine: Machine, wanted: Wanted<'_>, budget: usize) -> Vec<Choice> {
    if machine.reads_bytes() { cut_all(forest, wanted, budget) } else { vec![Choice::Sweep; forest.trees.len()] }
}

/// The same, whether or not it is the fastest way.
pub(crate) fn cut_all(forest: &Forest, wanted: Wanted<'_>, budget: usize) -> Vec<Choice> {
    if !fits(forest) {
        return vec![Choice::Sweep; forest.trees.len()];
    }
    let cuts: Vec<Option<Cut>> = forest.trees.par_iter().map(|shape| Cut::over(shape, wanted.give.cells())).collect();
    let mut left = budget;
    let choice = |(shape, cut): (&Shape, Option<Cut>)| match cut {
        Some(cut) if take(&mut left, bytes_of(&cut, shape.width(forest.n_outputs), wanted)) => Choice::Bytes(cut),
        _ => Choice::Sweep,
    };
    forest.trees.iter().zip(cuts).map(choice).collect()
}

fn take(left: &mut usize, bytes: usize) -> bool {
    let fits = bytes <= *left;
    *left -= if fits { bytes } else { 0 };
    fits
}

/// By tree: what costs least for the path-dependent game, preparation included, within the memory budget.
///
/// # Errors
/// When players are in groups, and a tree cannot be cut.
pub(crate) fn pay_off(
    forest: &Forest,
    machine: Machine,
    options: &Options<'_>,
    wanted: Wanted<'_>,
) -> Result<Vec<Choice>, ShapleyError> {
    if matches!(wanted.give, Give::Owen(_)) {
        let choices = cut_all(forest, wanted, options.memory_budget);
        return match choices.iter().position(|choice| !matches!(choice, Choice::Bytes(_))) {
            Some(tree) => Err(ShapleyError::TooManyOnPath { tree, limit: MOST_BITS }),
            None => Ok(choices),
        };
    }
    let n_rows = options.expected_rows as f64;
    let is_fast = options.precision == Precision::Fast;
    // Half of the budget is left to sweeps and rows.
    let mut left = options.memory_budget / 2;
    let swept = |shape: &Shape| {
        let n_nodes = if is_fast { Sweep::<f32>::n_nodes(shape) } else { 2 * Sweep::<f64>::n_nodes(shape) };
        (shape.splits.len() * shape.width(forest.n_outputs) * n_nodes) as f64 * machine.sweeping() * n_rows
    };
    if machine.reads_bytes() && fits(forest) {
        let cells = wanted.give.cells();
        let cuts: Vec<Option<Cut>> = forest
            .trees
            .par_iter()
            .map(|shape| {
                let width = shape.width(forest.n_outputs);
                let cut = Cut::over(shape, cells)?;
                let n_limbs = if is_fast { 1.0 } else { 2.0 };
                let cost = cut.cost(cells) * width as f64 * n_limbs * n_rows + making(&cut, width, wanted.give);
                (cost < swept(shape)).then_some(cut)
            })
            .collect();
        let choice = |(shape, cut): (&Shape, Option<Cut>)| match cut {
            Some(cut) if take(&mut left, bytes_of(&cut, shape.width(forest.n_outputs), wanted)) => Choice::Bytes(cut),
            _ => Choice::Sweep,
        };
        return Ok(forest.trees.iter().zip(cuts).map(choice).collect());
    }
    if !is_fast {
        return Ok(vec![Choice::Sweep; forest.trees.len()]);
    }
    let costs = forest.trees.par_iter().map(|shape| {
        let width = shape.width(forest.n_outputs);
        let cost = cost_of::<f32>(shape, width, |n_bits| machine.reading(n_bits))?;
        (cost.per_row * n_rows + cost.once < swept(shape)).then_some(cost.bytes)
    });
    let costs: Vec<Option<usize>> = costs.collect();
    let choice = |bytes: Option<usize>| {
        if bytes.is_some_and(|bytes| take(&mut left, bytes)) { Choice::Tables } else { Choice::Sweep }
    };
    Ok(costs.into_iter().map(choice).collect())
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
