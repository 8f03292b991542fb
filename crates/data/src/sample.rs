//! Which rows stand for all of them, when quantiles are cut and when an analysis needs no more than a sample.

use std::sync::Arc;

use crate::{Column, SAMPLE_ROWS};

/// Rows that stand for all: every row of small data, otherwise [`SAMPLE_ROWS`] of them picked by hashing the row number,
/// so that each row is as likely as any other.
#[derive(Clone, Debug)]
pub struct SampledRows {
    pub(crate) rows: Arc<[usize]>,
    pub(crate) columns: Vec<Column>,
}

impl SampledRows {
    /// The rows' numbers in the dataset, ascending.
    #[must_use]
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The values of a column of the dataset in these rows; text is missing throughout.
    #[must_use]
    pub fn column(&self, column: usize) -> Option<&Column> {
        self.columns.get(column)
    }
}

/// Picks the [`SAMPLE_ROWS`] rows whose numbers hash lowest. The choice depends on the number of rows alone,
/// not on where they lie or in which pieces they come.
#[derive(Debug)]
pub(crate) struct RowSample {
    hashes: Vec<u64>,
    rows: Vec<usize>,
    limit: u64,
}

impl Default for RowSample {
    fn default() -> Self {
        Self { hashes: Vec::new(), rows: Vec::new(), limit: u64::MAX }
    }
}

/// What happened to the sample when rows were offered.
pub(crate) struct Offered {
    /// Rows of the partition to be kept, ascending.
    pub(crate) rows: Vec<usize>,
}

impl RowSample {
    /// Looks at the rows `start..start + n`; the caller appends the values of the returned rows.
    pub(crate) fn offer(&mut self, start: usize, n: usize) -> Offered {
        let mut rows = Vec::new();
        for row in 0..n {
            let hash = splitmix64((start + row) as u64);
            if hash <= self.limit {
                self.hashes.push(hash);
                self.rows.push(start + row);
                rows.push(row);
            }
        }
        Offered { rows }
    }

    /// Once far too many rows were kept, says which of them stay, in order; `None` while there is room.
    pub(crate) fn thin(&mut self, is_last: bool) -> Option<Vec<bool>> {
        let most = if is_last { SAMPLE_ROWS } else { 3 * SAMPLE_ROWS };
        if self.hashes.len() <= most {
            return None;
        }
        let mut sorted = self.hashes.clone();
        let (_, limit, _) = sorted.select_nth_unstable(SAMPLE_ROWS - 1);
        self.limit = *limit;
        let stays: Vec<bool> = self.hashes.iter().map(|h| *h <= self.limit).collect();
        let limit = self.limit;
        self.hashes.retain(|h| *h <= limit);
        let mut stay = stays.iter();
        self.rows.retain(|_| stay.next().copied().unwrap_or(false));
        Some(stays)
    }

    /// Numbers of the rows that are kept.
    pub(crate) fn into_rows(self) -> Vec<usize> {
        self.rows
    }
}

/// The output function of SplitMix64 at state `x` (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195):
/// a bijection of 64-bit numbers, so no two rows share a hash.
fn splitmix64(x: u64) -> u64 {
    let z = x.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_outputs_of_the_published_generator() {
        // The reference implementation seeded with 0 gives these.
        assert_eq!(splitmix64(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(splitmix64(1), 0x6E78_9E6A_A1B9_65F4);
    }

    fn sampled(n: usize, cut: usize) -> Vec<usize> {
        let mut sample = RowSample::default();
        let mut kept: Vec<usize> = Vec::new();
        let thin = |sample: &mut RowSample, kept: &mut Vec<usize>, is_last| {
            if let Some(stays) = sample.thin(is_last) {
                let mut stays = stays.into_iter();
                kept.retain(|_| stays.next().unwrap());
            }
        };
        for start in (0..n).step_by(cut) {
            kept.extend(sample.offer(start, cut.min(n - start)).rows.iter().map(|r| start + r));
            thin(&mut sample, &mut kept, false);
        }
        thin(&mut sample, &mut kept, true);
        assert_eq!(sample.into_rows(), kept);
        kept
    }

    #[test]
    fn the_lowest_hashes_stay_however_the_rows_are_cut() {
        let n = 5 * SAMPLE_ROWS + 7;
        let mut by_hash: Vec<usize> = (0..n).collect();
        by_hash.sort_by_key(|row| splitmix64(*row as u64));
        by_hash.truncate(SAMPLE_ROWS);
        by_hash.sort_unstable();
        assert_eq!(sampled(n, 65_536), by_hash);
        assert_eq!(sampled(n, 1_000), by_hash);
        assert_eq!(sampled(100, 7), (0..100).collect::<Vec<_>>());
    }
}
