//! Which rows take part.

use equipoise_data::{Frame, Rows};
use equipoise_kernels::Merge;

/// A set of rows, 64 a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowMask {
    words: Vec<u64>,
    n_rows: usize,
}

impl RowMask {
    /// All of `n_rows` rows.
    #[must_use]
    pub fn all(n_rows: usize) -> Self {
        let mut words = vec![u64::MAX; n_rows.div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !n_rows.is_multiple_of(64)
        {
            *last = (1 << (n_rows % 64)) - 1;
        }
        Self { words, n_rows }
    }

    /// The rows for which this says yes.
    #[must_use]
    pub fn over(n_rows: usize, mut is_member: impl FnMut(usize) -> bool) -> Self {
        let mut mask = Self { words: vec![0; n_rows.div_ceil(64)], n_rows };
        for (place, word) in mask.words.iter_mut().enumerate() {
            for bit in 0..64.min(n_rows - place * 64) {
                *word |= u64::from(is_member(place * 64 + bit)) << bit;
            }
        }
        mask
    }

    /// The rows of a cohort of a frame.
    #[must_use]
    pub fn of_cohort(frame: &Frame, cohort: usize) -> Self {
        if cohort == 0 {
            return Self::all(frame.n_rows());
        }
        let push = |ids: &mut Ids, rows: &Rows<'_>| ids.0.extend((0..rows.len()).map(|i| rows.id(i)));
        let ids = frame.reduce(cohort, Ids::default, push).0;
        let mut mask = Self { words: vec![0; frame.n_rows().div_ceil(64)], n_rows: frame.n_rows() };
        for id in ids {
            if let Some(word) = usize::try_from(id / 64).ok().and_then(|place| mask.words.get_mut(place)) {
                *word |= 1 << (id % 64);
            }
        }
        mask
    }

    /// The rows that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect();
        Self { words, n_rows: self.n_rows }
    }

    /// The rows that are in this and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & !b).collect();
        Self { words, n_rows: self.n_rows }
    }

    /// Number of rows in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The numbers of its rows in ascending order.
    #[must_use]
    pub fn rows(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.len());
        for (start, word) in (0_u32..).step_by(64).zip(&self.words) {
            let mut left = *word;
            while left != 0 {
                rows.push(start + left.trailing_zeros());
                left &= left - 1;
            }
        }
        rows
    }
}

#[derive(Default)]
struct Ids(Vec<u64>);

impl Merge for Ids {
    fn merge_from(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        for n in [0, 1, 63, 64, 65, 200] {
            assert_eq!(RowMask::all(n).len(), n);
            let odd = RowMask::over(n, |i| i % 2 == 1);
            assert_eq!(odd.rows(), (0..n as u32).filter(|i| i % 2 == 1).collect::<Vec<_>>());
            assert_eq!(RowMask::all(n).without(&odd).and(&odd).len(), 0);
        }
    }
}
