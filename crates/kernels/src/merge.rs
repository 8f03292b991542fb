//! States that can be made in parts.

use std::collections::BTreeMap;

/// A state that can take over what a neighbour has seen. Merging is associative up to the promise a state states
/// (exact for counts, within rounding for sums) and merging an empty state changes nothing.
pub trait Merge {
    /// Takes over what `other` has seen; `other` saw later rows.
    fn merge_from(&mut self, other: Self);
}

impl<A: Merge, B: Merge> Merge for (A, B) {
    fn merge_from(&mut self, other: Self) {
        self.0.merge_from(other.0);
        self.1.merge_from(other.1);
    }
}

impl<A: Merge, B: Merge, C: Merge> Merge for (A, B, C) {
    fn merge_from(&mut self, other: Self) {
        self.0.merge_from(other.0);
        self.1.merge_from(other.1);
        self.2.merge_from(other.2);
    }
}

/// Position by position; a longer neighbour lengthens.
impl<T: Merge> Merge for Vec<T> {
    fn merge_from(&mut self, other: Self) {
        let mut other = other.into_iter();
        for (mine, theirs) in self.iter_mut().zip(other.by_ref()) {
            mine.merge_from(theirs);
        }
        self.extend(other);
    }
}

impl<K: Ord, T: Merge> Merge for BTreeMap<K, T> {
    fn merge_from(&mut self, other: Self) {
        for (key, theirs) in other {
            match self.entry(key) {
                std::collections::btree_map::Entry::Occupied(mut mine) => mine.get_mut().merge_from(theirs),
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(theirs);
                }
            }
        }
    }
}

impl<T: Merge> Merge for Option<T> {
    fn merge_from(&mut self, other: Self) {
        match (self.as_mut(), other) {
            (Some(mine), Some(theirs)) => mine.merge_from(theirs),
            (None, Some(theirs)) => *self = Some(theirs),
            (_, None) => {}
        }
    }
}

impl Merge for u64 {
    fn merge_from(&mut self, other: Self) {
        *self += other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_neighbour_lengthens() {
        let mut a = vec![1_u64, 2];
        a.merge_from(vec![10, 20, 30]);
        assert_eq!(a, [11, 22, 30]);
    }

    #[test]
    fn maps_merge_by_key() {
        let mut a = BTreeMap::from([("x", 1_u64)]);
        a.merge_from(BTreeMap::from([("x", 2), ("y", 5)]));
        assert_eq!(a, BTreeMap::from([("x", 3), ("y", 5)]));
    }
}
