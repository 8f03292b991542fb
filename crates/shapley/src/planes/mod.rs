//! Attributions of many rows at once from tables of bytes.
//!
//! Each tree is cut into stops ([`stops`]), whose tables ([`fill`]) are kept as whole numbers, a plane for each byte
//! ([`quantise`]). A block of 64 rows is turned into one mask of 64 bits for each question of a tree; masks are put together to
//! patterns, one byte for each row; and a pattern's byte of a plane is looked up for all rows at once, added up, and turned
//! into 64-bit numbers only once for several trees. Sums of whole numbers do not depend on their order: every machine and every
//! number of threads gives the same bytes.

mod fill;
mod narrow;
mod portable;
mod quantise;
mod stops;
mod tally;
#[cfg(target_arch = "x86_64")]
mod wide;

use rayon::prelude::*;

pub(crate) use fill::{Filled, Give};
pub(crate) use narrow::{Narrow, fits};
#[cfg(target_arch = "x86_64")]
pub(crate) use wide::{made as made_wide, run as run_wide, seen as seen_wide};
pub(crate) use {portable::run as run_anywhere, portable::seen as seen_anywhere, stops::Cut, stops::MOST_BITS};

use crate::{
    block::ROWS,
    forest::{Forest, Shape},
    machine::Machine,
    options::Precision,
};
use fill::Filling;
use narrow::Ask;
use quantise::{LIMB_BITS, Line, n_lines};
use stops::{Stop, Turn};

/// Trees that are read together, and the bytes that their tables take at most (but for a single tree): what stays near the
/// processor while blocks go by.
const TREES: usize = 24;
const LINES: usize = 6_000;

/// Tables whose sums of bytes stay within two bytes.
const MOST_READS: usize = 256;

/// Trees as tables of bytes.
#[derive(Clone, Debug)]
pub(crate) struct Planes {
    batches: Vec<Batch>,
    /// By cell: what every row gets.
    offsets: Vec<f64>,
    /// By output: what the trees say on average, without the ensemble's base.
    pub(crate) expected: Vec<f64>,
}

/// Trees that are read together.
#[derive(Clone, Debug)]
struct Batch {
    programs: Vec<Program>,
    /// Lines that the patterns of all stops take.
    n_patterns: usize,
    targets: Vec<Target>,
    reads: Vec<Read>,
    lines: Vec<Line>,
}

/// A sum of tables of one step.
#[derive(Clone, Copy, Debug)]
struct Target {
    cell: u32,
    step: f64,
    /// Tables of up to 64 patterns, of 128 and of more, one kind after the other.
    n_reads: [u32; 3],
}

/// A table read at the pattern of a stop.
#[derive(Clone, Copy, Debug)]
struct Read {
    /// The pattern's first line.
    pattern: u32,
    n_bits: u32,
}

/// The questions of a tree, and how its patterns are made of the answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    asks: Vec<Ask>,
    /// For categories of few codes.
    codes: Vec<Line>,
    turns: Vec<Turn>,
    /// Masks of all stops' bits, one stop after the other.
    bits: Vec<u32>,
    /// Bits of each stop.
    stops: Vec<u32>,
}

/// What one thread needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    patterns: Vec<Line>,
    masks: Vec<u64>,
}

/// A block of rows and its sums by cell.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub(crate) rows: Narrow,
    pub(crate) cells: Vec<[f64; ROWS]>,
}

impl Sums {
    pub(crate) fn new(forest: &Forest, n_cells: usize) -> Self {
        Self { rows: Narrow::new(forest), cells: vec![[0.0; ROWS]; n_cells] }
    }
}

/// What tables are made from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Training rows at each split.
    Shares,
    /// Background rows by block, with their weights.
    Rows(&'a [(Narrow, [f64; ROWS])], Machine),
}

/// What is made, and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'g> {
    pub(crate) give: Give<'g>,
    pub(crate) precision: Precision,
    pub(crate) n_players: usize,
}

/// Tables of one tree.
pub(crate) struct Made {
    program: Program,
    tables: Vec<Kept>,
    lines: Vec<Line>,
    offsets: Vec<(u32, f64)>,
    expected: Vec<f64>,
}

/// A table of one tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    cell: u32,
    step: f64,
    stop: u32,
    n_bits: u32,
    /// Where its lines begin.
    start: u32,
}

impl Program {
    pub(crate) fn over(forest: &Forest, shape: &Shape, cut: &Cut) -> Self {
        let mut out = Self { turns: cut.turns.clone(), ..Self::default() };
        out.asks = shape.splits.iter().map(|split| Ask::of(forest, split.test, &mut out.codes)).collect();
        for stop in &cut.stops {
            out.bits.extend(&stop.bits);
            out.stops.push(stop.bits.len() as u32);
        }
        out
    }

    /// Lines that the patterns take: a second one for bits beyond the seventh.
    fn n_patterns(&self) -> usize {
        self.stops.iter().map(|n_bits| n_patterns(*n_bits)).sum()
    }
}

fn n_patterns(n_bits: u32) -> usize {
    if n_bits > 7 { 2 } else { 1 }
}

/// Bytes that the tables of a cut take.
pub(crate) fn bytes_of(cut: &Cut, width: usize, wanted: Wanted<'_>) -> usize {
    let n_limbs = n_limbs(wanted.precision) as usize;
    let of = |stop: &Stop| wanted.give.cells()(stop.players.len()) * n_lines(stop.bits.len());
    cut.stops.iter().map(of).sum::<usize>() * width * n_limbs * size_of::<Line>()
}

/// What making the tables of a cut costs, in operations on registers of 16 numbers.
pub(crate) fn making(cut: &Cut, width: usize, give: Give<'_>) -> f64 {
    let of = |stop: &Stop| {
        let leaves = stop.leaves.iter().map(|leaf| {
            let n = leaf.terms.len();
            let cells = give.cells()(n) as f64;
            cells * n.div_ceil(2).max(1) as f64 * libm::exp2(n as f64) + cells * libm::exp2(stop.bits.len() as f64)
        });
        leaves.sum::<f64>() * width as f64
    };
    cut.stops.iter().map(of).sum()
}

fn n_limbs(precision: Precision) -> u32 {
    match precision {
        Precision::Fast => 1,
        Precision::Exact => 2,
    }
}

impl Planes {
    /// Tables of trees with their cuts.
    pub(crate) fn over(
        forest: &Forest,
        trees: &[(&Shape, &Cut)],
        source: Source<'_>,
        wanted: Wanted<'_>,
        machine: Machine,
    ) -> Self {
        let made: Vec<Made> = trees
            .par_iter()
            .map_init(Filled::default, |room, (shape, cut)| machine.made((forest, shape, cut), source, wanted, room))
            .collect();
        let n_cells = match wanted.give {
            Give::Values | Give::Owen(_) => wanted.n_players,
            Give::Pairs(_) => wanted.n_players * wanted.n_players,
        };
        let mut out = Self {
            batches: Vec::new(),
            offsets: vec![0.0; n_cells * forest.n_outputs],
            expected: vec![0.0; forest.n_outputs],
        };
        let mut some: Vec<Made> = Vec::new();
        let mut n_lines = 0;
        for ((shape, _), made) in trees.iter().zip(made) {
            let outputs = out.expected.iter_mut().skip(shape.output.unwrap_or(0));
            outputs.zip(&made.expected).for_each(|(sum, expected)| *sum += expected);
            for (cell, offset) in &made.offsets {
                if let Some(sum) = out.offsets.get_mut(*cell as usize) {
                    *sum += offset;
                }
            }
            if !some.is_empty() && (some.len() == TREES || n_lines + made.lines.len() > LINES) {
                out.batches.push(batch(&std::mem::take(&mut some)));
                n_lines = 0;
            }
            n_lines += made.lines.len();
            some.push(made);
        }
        if !some.is_empty() {
            out.batches.push(batch(&some));
        }
        out
    }

    /// Adds what every row gets whatever it is.
    fn add_offsets(&self, blocks: &mut [Sums]) {
        for block in blocks {
            for (sums, offset) in block.cells.iter_mut().zip(&self.offsets) {
                sums.iter_mut().for_each(|sum| *sum += offset);
            }
        }
    }
}

#[inline(always)]
pub(crate) fn made(
    (forest, shape, cut): (&Forest, &Shape, &Cut),
    source: Source<'_>,
    wanted: Wanted<'_>,
    room: &mut Filled,
) -> Made {
    let program = Program::over(forest, shape, cut);
    let seen = match source {
        Source::Shares => Vec::new(),
        Source::Rows(blocks, machine) => machine.seen(&program, forest, blocks),
    };
    let width = shape.width(forest.n_outputs);
    room.clear(width);
    let mut seen_left = seen.as_slice();
    for (at, stop) in cut.stops.iter().enumerate() {
        let own = match source {
            Source::Shares => None,
            Source::Rows(..) => {
                let (own, rest) = seen_left.split_at(seen_left.len().min(1 << stop.bits.len()));
                seen_left = rest;
                Some(own)
            }
        };
        room.stop(at, stop, shape, width, wanted.give, own);
    }
    let bounds: Vec<(f64, f64)> = room.tables.iter().map(|table| quantise::bounds(numbers(room, table))).collect();
    let ranges = || bounds.iter().map(|(least, most)| most - least);
    let (most, total) = ranges().fold((0.0_f64, 0.0), |(most, total), range| (most.max(range), total + range));
    // Where few leaves are far beyond all others, one limb would count the others too coarsely.
    let is_spread = most * bounds.len() as f64 > 256.0 * total;
    let n_limbs = if is_spread { 2 } else { n_limbs(wanted.precision) };
    let step = quantise::step_of(most, n_limbs);
    let mut made =
        Made { program, tables: Vec::new(), lines: Vec::new(), offsets: Vec::new(), expected: room.expected.clone() };
    for (table, (least, most)) in room.tables.iter().zip(bounds) {
        let (i, j) = table.players;
        let player = match wanted.give {
            Give::Values | Give::Owen(_) => i as usize,
            Give::Pairs(_) => i as usize * wanted.n_players + j as usize,
        };
        let cell = (player * forest.n_outputs + shape.output.unwrap_or(table.place)) as u32;
        made.offsets.push((cell, least));
        if most <= least {
            continue;
        }
        let numbers = numbers(room, table);
        for limb in 0..n_limbs {
            let start = made.lines.len() as u32;
            quantise::write(numbers, least, step, limb, &mut made.lines);
            let step = libm::ldexp(step, (limb * LIMB_BITS) as i32);
            made.tables.push(Kept { cell, step, stop: table.stop, n_bits: numbers.len().ilog2(), start });
        }
    }
    made
}

fn numbers<'f>(filled: &'f Filled, table: &Filling) -> &'f [f64] {
    filled.numbers.get(table.range.clone()).unwrap_or_default()
}

/// Tables of up to 64 patterns, of 128 and of more are read in different ways.
fn kind(n_bits: u32) -> usize {
    match n_bits {
        0..=6 => 0,
        7 => 1,
        _ => 2,
    }
}

/// Puts trees together: tables of one cell and step are read one after the other, and stand so.
fn batch(trees: &[Made]) -> Batch {
    let n_all = trees.iter().map(|made| made.lines.len()).sum();
    let mut out = Batch {
        programs: Vec::with_capacity(trees.len()),
        n_patterns: 0,
        targets: Vec::new(),
        reads: Vec::new(),
        lines: Vec::with_capacity(n_all),
    };
    // By table: what it is added to, its tree and the first line of its pattern.
    let mut all: Vec<(u32, u64, usize, u32, Kept)> = Vec::new();
    for (tree, made) in trees.iter().enumerate() {
        let mut places = Vec::with_capacity(made.program.stops.len());
        for n_bits in &made.program.stops {
            places.push(out.n_patterns as u32);
            out.n_patterns += n_patterns(*n_bits);
        }
        for kept in &made.tables {
            let pattern = places.get(kept.stop as usize).copied().unwrap_or(0);
            all.push((kept.cell, kept.step.to_bits(), tree, pattern, *kept));
        }
        out.programs.push(made.program.clone());
    }
    all.sort_by_key(|(cell, step, tree, pattern, kept)| (*cell, *step, kind(kept.n_bits), *tree, *pattern));
    for same in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        for some in same.chunks(MOST_READS) {
            let Some((cell, _, _, _, first)) = some.first() else { continue };
            for (_, _, tree, pattern, kept) in some {
                out.reads.push(Read { pattern: *pattern, n_bits: kept.n_bits });
                let lines = trees.get(*tree).map_or(&[][..], |made| &made.lines);
                let range = kept.start as usize..kept.start as usize + n_lines(kept.n_bits as usize);
                out.lines.extend_from_slice(lines.get(range).unwrap_or_default());
            }
            let n_reads = [0, 1, 2].map(|k| some.iter().filter(|read| kind(read.4.n_bits) == k).count() as u32);
            out.targets.push(Target { cell: *cell, step: first.step, n_reads });
        }
    }
    out
}

/// Makes the masks of all turns, which stand behind the others.
#[inline(always)]
fn turned(program: &Program, masks: &mut [u64]) {
    let first = 1 + program.asks.len();
    for (at, Turn { before, split, is_left }) in (first..).zip(&program.turns) {
        let of = |at: u32| masks.get(at as usize).copied().unwrap_or(0);
        let left = of(split + 1);
        let mask = of(*before) & if *is_left { left } else { !left };
        if let Some(slot) = masks.get_mut(at) {
            *slot = mask;
        }
    }
}
