//! A block of rows as one instruction wants it: the rank or code of each row in one or two bytes.

use super::quantise::Line;
use crate::{
    block::{ROWS, rank_of},
    forest::{Forest, Lane, Test},
};

/// Thresholds and codes of a lane that two bytes can tell apart.
const MOST_RANKS: usize = 65_000;
/// Those that one byte can.
const MOST_BYTES: usize = 250;

/// Ranks and codes of [`ROWS`] rows by lane. Byte `4i + a` is row `16a + i`, because sums of bytes come apart in four.
#[derive(Clone, Debug)]
pub(crate) struct Narrow {
    pub(crate) columns: Vec<Column>,
}

/// One lane. Missing to the left is 0, and a rank is one more than thresholds are passed; codes are themselves.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    Bytes(Line),
    /// Rows 0 to 31 and 32 to 63 of the block's order, two bytes each.
    Words([[u16; 32]; 2]),
}

/// A question at a split; the row goes left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    /// When the byte is at most this.
    Byte { lane: u32, most: u8 },
    /// When the word is.
    Word { lane: u32, most: u16 },
    /// When the bit of the code is set, in the words of [`Forest::words`] from here on.
    Code { lane: u32, start: u32 },
    /// When the byte of the code is not 0, in four of the program's lines.
    ByteCode { lane: u32, start: u32 },
}

/// True when every lane fits.
pub(crate) fn fits(forest: &Forest) -> bool {
    (0..forest.lanes.len()).all(|lane| n_ranks(forest, lane) <= MOST_RANKS)
}

fn n_ranks(forest: &Forest, lane: usize) -> usize {
    match forest.lanes.get(lane) {
        Some(Lane::Category { other, .. }) => *other as usize + 2,
        _ => forest.thresholds.get(lane).map_or(0, Vec::len),
    }
}

/// The row at a byte.
fn row_at(byte: usize) -> usize {
    (byte % 4) * (ROWS / 4) + byte / 4
}

impl Narrow {
    pub(crate) fn new(forest: &Forest) -> Self {
        let column = |lane| {
            if n_ranks(forest, lane) <= MOST_BYTES {
                Column::Bytes(Line([0; ROWS]))
            } else {
                Column::Words([[0; 32]; 2])
            }
        };
        Self { columns: (0..forest.lanes.len()).map(column).collect() }
    }

    /// Takes rows in, row by row of the ensemble's features; rows beyond the last one keep what was there.
    pub(crate) fn fill(&mut self, forest: &Forest, rows: &[f64]) {
        let lanes = forest.lanes.iter().zip(&forest.thresholds);
        let n_features = forest.n_features.max(1);
        for (column, (lane, thresholds)) in self.columns.iter_mut().zip(lanes) {
            let (Lane::Number { feature, .. } | Lane::Category { feature, .. }) = lane;
            column.fill(*lane, |row| {
                let x = rows.get(row * n_features + feature)?;
                Some(rank_of(*lane, thresholds, *x))
            });
        }
    }

    /// Takes rows in whose ranks are known.
    pub(crate) fn fill_ranks(&mut self, forest: &Forest, rows: &[&[i32]]) {
        for (at, (column, lane)) in self.columns.iter_mut().zip(&forest.lanes).enumerate() {
            column.fill(*lane, |row| rows.get(row).and_then(|ranks| ranks.get(at)).copied());
        }
    }
}

impl Column {
    fn fill(&mut self, lane: Lane, rank: impl Fn(usize) -> Option<i32>) {
        let code = |rank: i32, most: u16| match lane {
            Lane::Category { .. } => u16::try_from(rank).unwrap_or(most),
            Lane::Number { .. } => u16::try_from(rank.saturating_add(1)).unwrap_or(most).min(most),
        };
        match self {
            Self::Bytes(line) => {
                for (byte, slot) in line.0.iter_mut().enumerate() {
                    if let Some(rank) = rank(row_at(byte)) {
                        *slot = u8::try_from(code(rank, 255)).unwrap_or(255);
                    }
                }
            }
            Self::Words(words) => {
                for (byte, slot) in words.as_flattened_mut().iter_mut().enumerate() {
                    if let Some(rank) = rank(row_at(byte)) {
                        *slot = code(rank, u16::MAX);
                    }
                }
            }
        }
    }
}

impl Ask {
    /// The question of a split; categories of few codes get lines of their own.
    pub(crate) fn of(forest: &Forest, test: Test, lines: &mut Vec<Line>) -> Self {
        match test {
            Test::Number { lane, rank } => {
                // One more than the rank, as the columns have it; no rank goes left of all, only missing does.
                let most = (rank + 1).max(0);
                match u8::try_from(most) {
                    Ok(most) if n_ranks(forest, lane as usize) <= MOST_BYTES => Self::Byte { lane, most },
                    _ => Self::Word { lane, most: u16::try_from(most).unwrap_or(u16::MAX - 1) },
                }
            }
            Test::Category { lane, start, n_words } if n_ranks(forest, lane as usize) <= MOST_BYTES => {
                let words = forest.words.get(start as usize..(start + n_words) as usize).unwrap_or_default();
                let first = lines.len() as u32;
                for part in 0..4 {
                    let word = words.get(part).copied().unwrap_or(0);
                    lines.push(Line(std::array::from_fn(|bit| u8::from(word >> bit & 1 == 1))));
                }
                Self::ByteCode { lane, start: first }
            }
            Test::Category { lane, start, .. } => Self::Code { lane, start },
        }
    }
}
