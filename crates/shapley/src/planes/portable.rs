//! The same sums on any machine, row by row.

use super::{
    Desk, Narrow, Planes, Program, Sums,
    narrow::{Ask, Column},
    quantise::{Line, PLANES},
    tally::Tally,
};
use crate::{block::ROWS, forest::Forest};

/// Adds all tables for some blocks.
pub(crate) fn run(planes: &Planes, forest: &Forest, blocks: &mut [Sums], desk: &mut Desk) {
    for batch in &planes.batches {
        desk.patterns.resize(batch.n_patterns, Line([0; ROWS]));
        for block in blocks.iter_mut() {
            let mut place = 0;
            for program in &batch.programs {
                masks(program, forest, &block.rows, &mut desk.masks);
                place = patterns(program, &desk.masks, place, &mut desk.patterns);
            }
            let (mut first, mut lines) = (0, batch.lines.as_slice());
            for target in &batch.targets {
                let end = first + target.n_reads.iter().sum::<u32>() as usize;
                let mut sums = [0_u32; ROWS];
                for read in batch.reads.get(first..end).unwrap_or_default() {
                    let n_bits = read.n_bits as usize;
                    let (table, rest) = lines.split_at(super::n_lines(n_bits).min(lines.len()));
                    lines = rest;
                    let at = read.pattern as usize;
                    let high = (n_bits > 7).then(|| desk.patterns.get(at + 1)).flatten();
                    let Some(low) = desk.patterns.get(at) else { continue };
                    for (row, sum) in sums.iter_mut().enumerate() {
                        let (low, high) = (byte(low, row), high.map_or(0, |line| byte(line, row)));
                        *sum += number(table, n_bits, low, high);
                    }
                }
                first = end;
                let Some(cell) = block.cells.get_mut(target.cell as usize) else { continue };
                for (byte, q) in sums.iter().enumerate() {
                    if let Some(sum) = cell.get_mut((byte % 4) * (ROWS / 4) + byte / 4) {
                        *sum = f64::from(*q).mul_add(target.step, *sum);
                    }
                }
            }
        }
    }
    planes.add_offsets(blocks);
}

/// Weights of some rows' patterns at each stop, one stop after the other.
pub(crate) fn seen(program: &Program, forest: &Forest, blocks: &[(Narrow, [f64; ROWS])]) -> Vec<f64> {
    let mut tally = Tally::new(program, blocks.iter().map(|(_, weights)| weights));
    let mut all = vec![Line([0; ROWS]); program.n_patterns()];
    let mut found = Vec::new();
    for (rows, weights) in blocks {
        masks(program, forest, rows, &mut found);
        patterns(program, &found, 0, &mut all);
        tally.add(program, &all, weights);
    }
    tally.weights()
}

fn byte(line: &Line, at: usize) -> u8 {
    line.0.get(at).copied().unwrap_or(0)
}

/// The whole number of a table at a pattern.
fn number(table: &[Line], n_bits: usize, low: u8, high: u8) -> u32 {
    let halves = if n_bits <= 6 { 1 } else { 2 };
    let (half, place) = (usize::from(low) / 64, usize::from(low) % 64);
    (0..PLANES)
        .map(|plane| {
            let line = table.get((usize::from(high) * PLANES + plane) * halves + half);
            line.map_or(0, |line| u32::from(byte(line, place))) << (8 * plane)
        })
        .sum()
}

/// One mask for all rows, for each split and for each turn.
fn masks(program: &Program, forest: &Forest, rows: &Narrow, out: &mut Vec<u64>) {
    out.clear();
    out.push(u64::MAX);
    for ask in &program.asks {
        out.push(answer(*ask, program, forest, rows));
    }
    out.resize(out.len() + program.turns.len(), 0);
    super::turned(program, out);
}

/// Bit `i` for byte `i` of the block.
pub(super) fn answer(ask: Ask, program: &Program, forest: &Forest, rows: &Narrow) -> u64 {
    let each = |lane: u32, is_left: &dyn Fn(u16) -> bool| {
        let of = |byte: usize| match rows.columns.get(lane as usize) {
            Some(Column::Bytes(line)) => line.0.get(byte).map_or(0, |x| u16::from(*x)),
            Some(Column::Words(words)) => words.as_flattened().get(byte).copied().unwrap_or(0),
            None => 0,
        };
        (0..ROWS).fold(0, |mask, byte| mask | u64::from(is_left(of(byte))) << byte)
    };
    match ask {
        Ask::Byte { lane, most } => each(lane, &|x| x <= u16::from(most)),
        Ask::Word { lane, most } => each(lane, &|x| x <= most),
        Ask::Code { lane, start } => each(lane, &|code| {
            let word = forest.words.get(start as usize + usize::from(code >> 6)).copied().unwrap_or(0);
            word >> (code & 63) & 1 == 1
        }),
        Ask::ByteCode { lane, start } => each(lane, &|code| {
            let line = program.codes.get(start as usize + usize::from(code >> 6));
            line.is_some_and(|line| byte(line, usize::from(code & 63)) > 0)
        }),
    }
}

/// Patterns of a tree's stops, from a place on; the place after them.
fn patterns(program: &Program, masks: &[u64], mut place: usize, out: &mut [Line]) -> usize {
    let mut left = program.bits.as_slice();
    for n_bits in &program.stops {
        let (bits, rest) = left.split_at((*n_bits as usize).min(left.len()));
        left = rest;
        for (line, bits) in bits.chunks(7).chain(bits.is_empty().then_some(&[][..])).enumerate() {
            let Some(line) = out.get_mut(place + line) else { continue };
            line.0.fill(0);
            for (bit, mask) in bits.iter().enumerate() {
                let mask = masks.get(*mask as usize).copied().unwrap_or(0);
                for (at, byte) in line.0.iter_mut().enumerate() {
                    *byte |= u8::from(mask >> at & 1 == 1) << bit;
                }
            }
        }
        place += super::n_patterns(*n_bits);
    }
    place
}
