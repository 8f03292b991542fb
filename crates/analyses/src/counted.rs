//! Rows counted by several codes at once: what a cell holds, and how its key is taken apart.

use equipoise_kernels::Merge;

/// Rows, `Σ w` and `Σ w²` of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) rows: u64,
    pub(crate) weight: f64,
    pub(crate) squares: f64,
}

impl Cell {
    /// One row.
    pub(crate) fn of_row(w: f64) -> Self {
        Self { rows: 1, weight: w, squares: w * w }
    }
}

impl Merge for Cell {
    fn merge_from(&mut self, other: Self) {
        let Self { rows, weight, squares } = other;
        self.rows += rows;
        self.weight += weight;
        self.squares += squares;
    }
}

/// The codes that a key was made of, the last one counting fastest: `key = (a·sizes₁ + b)·sizes₂ + c …`.
pub(crate) fn codes_of(mut key: u64, sizes: &[u64]) -> Vec<u16> {
    let mut codes: Vec<u16> = sizes
        .iter()
        .rev()
        .map(|size| {
            let code = key % size;
            key /= size;
            u16::try_from(code).unwrap_or(u16::MAX)
        })
        .collect();
    codes.reverse();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_apart_as_they_were_made() {
        // (2·3 + 1)·5 + 4 = 39
        assert_eq!(codes_of(39, &[4, 3, 5]), [2, 1, 4]);
        assert_eq!(codes_of(0, &[]), [0_u16; 0]);
    }
}
