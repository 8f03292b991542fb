//! Columns cut into at most 256 bins, one byte a row.

/// A column as codes. Every code is below `n_codes`.
#[derive(Clone, Copy, Debug)]
pub struct BinnedColumn<'a> {
    /// One code per row.
    pub codes: &'a [u8],
    /// Number of codes, that of missing values included.
    pub n_codes: usize,
    /// The code of missing values, where the column has one.
    pub missing: Option<u8>,
    /// Whether the codes ascend with the values (numbers and dates), or are names in no order.
    pub is_ordered: bool,
}

/// A set of codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeSet([u64; 4]);

impl CodeSet {
    /// A set of one code.
    #[must_use]
    pub fn of(code: u8) -> Self {
        let mut set = Self::default();
        set.insert(code);
        set
    }

    /// Adds a code.
    pub fn insert(&mut self, code: u8) {
        if let Some(word) = self.0.get_mut(usize::from(code >> 6)) {
            *word |= 1 << (code & 63);
        }
    }

    /// Takes a code out.
    pub fn remove(&mut self, code: u8) {
        if let Some(word) = self.0.get_mut(usize::from(code >> 6)) {
            *word &= !(1 << (code & 63));
        }
    }

    /// True when the code is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, code: u8) -> bool {
        self.0.get(usize::from(code >> 6)).is_some_and(|word| word >> (code & 63) & 1 == 1)
    }

    /// The codes in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|code| self.contains(*code))
    }

    /// Number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// True without codes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The codes that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut out = *self;
        for (mine, theirs) in out.0.iter_mut().zip(other.0) {
            *mine &= theirs;
        }
        out
    }
}

impl Extend<u8> for CodeSet {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, codes: I) {
        codes.into_iter().for_each(|code| self.insert(code));
    }
}

impl FromIterator<u8> for CodeSet {
    fn from_iter<I: IntoIterator<Item = u8>>(codes: I) -> Self {
        let mut set = Self::default();
        set.extend(codes);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        let set: CodeSet = [3, 255, 64, 3].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 64, 255]);
        assert!(set.contains(64) && !set.contains(65) && set.len() == 3);
        let mut other = set;
        other.remove(64);
        assert_eq!(set.and(&other), other);
        assert_eq!(CodeSet::of(7).iter().collect::<Vec<_>>(), [7]);
    }
}
