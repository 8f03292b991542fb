//! Which rows a slice holds, and how far two slices hold the same.

use super::{SliceColumn, SliceTerm};

/// The rows of a slice among some rows, 64 a word in the order of `rows`.
#[must_use]
pub fn members(columns: &[SliceColumn<'_>], terms: &[SliceTerm], rows: &[u32]) -> Vec<u64> {
    let tests: Vec<(&[u8], crate::CodeSet)> = terms
        .iter()
        .filter_map(|term| columns.get(term.column).map(|c| (c.column.codes, c.codes(term.level))))
        .collect();
    let is_member =
        |row: u32| tests.iter().all(|(codes, set)| codes.get(row as usize).is_some_and(|c| set.contains(*c)));
    let word = |chunk: &[u32]| chunk.iter().enumerate().fold(0, |w, (bit, row)| w | u64::from(is_member(*row)) << bit);
    rows.chunks(64).map(word).collect()
}

/// Jaccard's similarity `|A ∩ B| / |A ∪ B|` of two sets of rows; 0 when both are empty.
#[must_use]
pub fn overlap(a: &[u64], b: &[u64]) -> f64 {
    let (both, either) = a.iter().zip(b).fold((0_u64, 0_u64), |(both, either), (x, y)| {
        (both + u64::from((x & y).count_ones()), either + u64::from((x | y).count_ones()))
    });
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    let share = both as f64 / either.max(1) as f64;
    share
}
