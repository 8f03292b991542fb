//! Sums of derivatives by bin, the only thing a split is chosen from.

use super::bins::Binned;

/// Sums over the rows of one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) g: f64,
    pub(crate) h: f64,
    pub(crate) n: u64,
}

/// Cells of all columns, one column after the other.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    pub(crate) cells: Vec<Cell>,
}

impl Cell {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { g: self.g + other.g, h: self.h + other.h, n: self.n + other.n }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { g: self.g - other.g, h: self.h - other.h, n: self.n.saturating_sub(other.n) }
    }
}

/// Where the cells of each column begin, and how many there are in all.
pub(crate) fn offsets(data: &Binned) -> (Vec<usize>, usize) {
    let mut offsets = Vec::with_capacity(data.n_bins.len());
    let mut end = 0;
    for n in &data.n_bins {
        offsets.push(end);
        end += n;
    }
    (offsets, end)
}

impl Histogram {
    /// Sums over some rows. `derivatives` are indexed by row; rows come in ascending order.
    #[allow(clippy::indexing_slicing, reason = "hot loop: a byte is below its column's number of bins")]
    pub(crate) fn over(
        data: &Binned,
        offsets: &[usize],
        n_cells: usize,
        rows: &[u32],
        derivatives: &[(f64, f64)],
    ) -> Self {
        let mut cells = vec![Cell::default(); n_cells];
        for row in rows {
            let row = *row as usize;
            let (g, h) = derivatives[row];
            for (bin, offset) in data.row(row).iter().zip(offsets) {
                let cell = &mut cells[offset + usize::from(*bin)];
                cell.g += g;
                cell.h += h;
                cell.n += 1;
            }
        }
        Self { cells }
    }

    /// What is left of a parent without one child.
    pub(crate) fn minus(mut self, child: &Self) -> Self {
        for (mine, theirs) in self.cells.iter_mut().zip(&child.cells) {
            *mine = mine.minus(*theirs);
        }
        self
    }
}
