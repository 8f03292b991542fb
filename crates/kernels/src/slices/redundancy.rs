//! Which rows a slice holds, and how far two slices hold the same.

use super::{SliceColumn, SliceTerm};

/// The rows of a slice among some rows, 64 a word in the order of `rows`.
#[must_use]
pub fn members(columns: &[SliceColumn<'_>], terms: &[SliceTerm], rows: &[u32]) -> Vec<u64> {
    let mut words = vec![u64::MAX; rows.len().div_ceil(64)];
    if let Some(last) = words.last_mut()
        && !rows.len().is_multiple_of(64)
    {
        *last = (1 << (rows.len() % 64)) - 1;
    }
    for term in terms {
        let Some(column) = columns.get(term.column) else { continue };
        let mut is_member = [0_u8; 256];
        for (slot, level) in is_member.iter_mut().zip(&column.level_of) {
            *slot = u8::from(*level == Some(term.level));
        }
        narrow(&mut words, column.column.codes, &is_member, rows);
    }
    words
}

/// Keeps the rows whose code is a member.
#[allow(clippy::indexing_slicing, reason = "a hot loop: codes index a table of 256, and rows are rows of the column")]
fn narrow(words: &mut [u64], codes: &[u8], is_member: &[u8; 256], rows: &[u32]) {
    let is_run = rows.first().zip(rows.last()).is_some_and(|(a, b)| (*b - *a) as usize + 1 == rows.len());
    let start = rows.first().map_or(0, |row| *row as usize);
    let of_run = if is_run { codes.get(start..start + rows.len()).unwrap_or_default() } else { &[] };
    let mut flags = [0_u8; 64];
    for (place, word) in words.iter_mut().enumerate() {
        let from = place * 64;
        let n = 64.min(rows.len() - from);
        if is_run {
            flags.iter_mut().zip(&of_run[from..from + n]).for_each(|(f, code)| *f = is_member[usize::from(*code)]);
        } else {
            let rows = &rows[from..from + n];
            flags.iter_mut().zip(rows).for_each(|(f, row)| *f = is_member[usize::from(codes[*row as usize])]);
        }
        *word &= packed(&flags);
    }
}

/// 64 bytes that are 0 or 1 as bits, the first the lowest.
pub(super) fn packed(flags: &[u8; 64]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    // Eight bytes' lowest bits meet in the highest byte.
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    eights.iter().zip((0..64).step_by(8)).fold(0, |word, (eight, shift)| word | bits(eight) << shift)
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
