//! Sums of the loss by code, for all columns of a node.

use rayon::prelude::*;

use super::LossTable;
use crate::{BinnedColumn, Losses};

/// Rows, weight and loss of one code.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bin {
    pub(super) rows: u64,
    pub(super) weight: f64,
    pub(super) loss: f64,
}

impl Bin {
    #[inline]
    pub(super) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.weight += other.weight;
        self.loss += other.loss;
    }

    #[inline]
    pub(super) fn plus(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    #[inline]
    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_sub(other.rows),
            weight: self.weight - other.weight,
            loss: self.loss - other.loss,
        }
    }

    /// `(Σw·e)² / Σw`: what the bin's mean explains of the sum of squares.
    #[inline]
    pub(super) fn explained(self) -> f64 {
        if self.weight > 0.0 { self.loss * self.loss / self.weight } else { 0.0 }
    }
}

/// The bins of every column.
pub(super) type Histograms = Vec<Vec<Bin>>;

/// One pass over the rows for each column. Columns are independent, so any number of threads gives the same sums.
pub(super) fn histograms(table: &LossTable<'_>, rows: &[u32]) -> Histograms {
    match (table.losses, table.weight) {
        (Losses::Flags(flags), None) => {
            // Rows in the upper half and errors in the lower half of one word.
            let steps: Vec<u64> = gather(rows, |row| (1 << 32) | u64::from(flags.get(row).copied().unwrap_or(0)));
            table.columns.par_iter().map(|column| counted(column, rows, &steps)).collect()
        }
        (losses, weight) => {
            let steps: Vec<[f64; 2]> = gather(rows, |row| {
                let w = weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0));
                [w, w * losses.at(row)]
            });
            table.columns.par_iter().map(|column| weighed(column, rows, &steps)).collect()
        }
    }
}

/// What the larger child has is what the smaller one leaves of the parent.
pub(super) fn remainder(parent: &Histograms, others: &[&Histograms]) -> Histograms {
    let of_column = |(place, bins): (usize, &Vec<Bin>)| {
        let taken = |code: usize| others.iter().filter_map(move |o| o.get(place)?.get(code));
        bins.iter().enumerate().map(|(code, bin)| taken(code).fold(*bin, |left, other| left.minus(*other))).collect()
    };
    parent.iter().enumerate().map(of_column).collect()
}

fn gather<T: Send>(rows: &[u32], of_row: impl Fn(usize) -> T + Sync) -> Vec<T> {
    rows.par_iter().with_min_len(16_384).map(|row| of_row(*row as usize)).collect()
}

#[allow(clippy::indexing_slicing, reason = "the hottest loop: a code indexes 256 places, a row is one of the table's")]
fn counted(column: &BinnedColumn<'_>, rows: &[u32], steps: &[u64]) -> Vec<Bin> {
    // Two tables in turn: equal codes in neighbouring rows need not wait for each other.
    let mut tables = [[0_u64; 256]; 2];
    let [even, odd] = &mut tables;
    let (pairs, rest) = rows.as_chunks::<2>();
    let (step_pairs, step_rest) = steps.as_chunks::<2>();
    for ([a, b], [x, y]) in pairs.iter().zip(step_pairs) {
        even[usize::from(column.codes[*a as usize])] += x;
        odd[usize::from(column.codes[*b as usize])] += y;
    }
    for (row, step) in rest.iter().zip(step_rest) {
        even[usize::from(column.codes[*row as usize])] += step;
    }
    let bin = |(a, b): (&u64, &u64)| {
        let sum = a + b;
        #[allow(clippy::cast_precision_loss, reason = "below 2^32")]
        let (rows, loss) = ((sum >> 32) as f64, (sum & 0xffff_ffff) as f64);
        Bin { rows: sum >> 32, weight: rows, loss }
    };
    even.iter().zip(odd.iter()).take(column.n_codes).map(bin).collect()
}

#[allow(clippy::indexing_slicing, reason = "the hottest loop: a code indexes 256 places, a row is one of the table's")]
fn weighed(column: &BinnedColumn<'_>, rows: &[u32], steps: &[[f64; 2]]) -> Vec<Bin> {
    let mut bins = [Bin::default(); 256];
    for (row, [weight, loss]) in rows.iter().zip(steps) {
        let bin = &mut bins[usize::from(column.codes[*row as usize])];
        bin.rows += 1;
        bin.weight += weight;
        bin.loss += loss;
    }
    bins.iter().take(column.n_codes).copied().collect()
}
