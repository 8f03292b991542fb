//! How the loss of rows is added up in the cells of a table, by kind of loss.

use super::table::{Block, BlockColumn, counted_pairs, counted_singles};
use crate::LossSums;

/// A kind of loss: what a row brings and what a cell keeps.
pub(super) trait Kind: Send + Sync + 'static {
    /// What a row brings.
    type Row: Copy + Send + Sync;
    /// What is kept of the rows of a cell.
    type Cell: Copy + Default + Send + Sync;

    /// Adds a row.
    fn add(cell: &mut Self::Cell, row: Self::Row);
    /// Number of rows of a cell.
    fn rows(cell: &Self::Cell) -> u64;
    /// Sums of a cell.
    fn sums(cell: &Self::Cell) -> LossSums;
    /// Largest loss of a cell, or a bound of it; none where score bounds are not known.
    fn largest(cell: &Self::Cell) -> Option<f64>;

    /// The errors of rows where they are counted without weights: then every conjunction can be summed up from larger tables
    /// to the same bit.
    fn flags(_: &[Self::Row]) -> Option<&[u8]> {
        None
    }

    /// Sums by code of one column.
    #[allow(clippy::indexing_slicing, reason = "a hot loop: codes are below the width the table was made for")]
    fn singles(rows: &[Self::Row], column: &BlockColumn) -> Vec<Self::Cell> {
        let mut cells = vec![Self::Cell::default(); column.width()];
        for (code, row) in column.codes.iter().zip(rows) {
            Self::add(&mut cells[usize::from(*code)], *row);
        }
        cells
    }

    /// Tables of a column with later ones: cell `code·width + partner's code`.
    fn tables(rows: &[Self::Row], head: &BlockColumn, partners: &[BlockColumn]) -> Vec<Vec<Self::Cell>>
    where
        Self: Sized,
    {
        Block::<Self>::tables(rows, head, partners)
    }
}

/// Counted errors without weights: rows in the upper half and errors in the lower half of a word.
pub(super) struct Counted;

impl Kind for Counted {
    type Row = u8;
    type Cell = u64;

    #[inline]
    fn add(cell: &mut u64, row: u8) {
        *cell += (1 << 32) | u64::from(row);
    }

    #[inline]
    fn rows(cell: &u64) -> u64 {
        cell >> 32
    }

    fn sums(cell: &u64) -> LossSums {
        LossSums::of_counts(cell >> 32, cell & 0xffff_ffff)
    }

    fn largest(cell: &u64) -> Option<f64> {
        Some(if cell & 0xffff_ffff > 0 { 1.0 } else { 0.0 })
    }

    fn flags(rows: &[u8]) -> Option<&[u8]> {
        Some(rows)
    }

    fn singles(rows: &[u8], column: &BlockColumn) -> Vec<u64> {
        counted_singles(rows, column)
    }

    fn tables(rows: &[u8], head: &BlockColumn, partners: &[BlockColumn]) -> Vec<Vec<u64>> {
        counted_pairs(rows, head, partners)
    }
}

/// Losses without weights.
pub(super) struct Valued;

/// Rows, sum, sum of squares and largest loss.
#[derive(Clone, Copy, Default)]
pub(super) struct ValuedCell {
    rows: u64,
    sum: f64,
    squares: f64,
    largest: f64,
}

impl Kind for Valued {
    type Row = f64;
    type Cell = ValuedCell;

    #[inline]
    fn add(cell: &mut ValuedCell, row: f64) {
        cell.rows += 1;
        cell.sum += row;
        cell.squares += row * row;
        if row > cell.largest {
            cell.largest = row;
        }
    }

    fn rows(cell: &ValuedCell) -> u64 {
        cell.rows
    }

    fn sums(cell: &ValuedCell) -> LossSums {
        LossSums::of_values(cell.rows, cell.sum, cell.squares)
    }

    fn largest(cell: &ValuedCell) -> Option<f64> {
        Some(cell.largest)
    }
}

/// Losses with weights.
pub(super) struct Weighed;

impl Kind for Weighed {
    type Row = (f64, f64);
    type Cell = LossSums;

    #[inline]
    fn add(cell: &mut LossSums, (loss, weight): (f64, f64)) {
        cell.push(loss, weight);
    }

    fn rows(cell: &LossSums) -> u64 {
        cell.rows
    }

    fn sums(cell: &LossSums) -> LossSums {
        *cell
    }

    fn largest(_: &LossSums) -> Option<f64> {
        // A slice of few heavy rows may weigh anything, so that nothing can be passed over.
        None
    }
}
