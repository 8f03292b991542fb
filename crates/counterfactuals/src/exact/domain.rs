//! The classes of values that a feature may still take within a part of the search.

use super::boxes::{BitPart, Bits, Objective};

/// What a feature may still be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Classes between two, both included; one class where they are the same.
    Range(u32, u32),
    /// Names, as bits.
    Names(Box<[u64]>),
}

impl Domain {
    pub(crate) fn names(codes: impl IntoIterator<Item = u32>, n: usize) -> Self {
        let mut words = vec![0_u64; n.div_ceil(64).max(1)];
        for code in codes {
            if let Some(word) = words.get_mut(code as usize / 64) {
                *word |= 1 << (code % 64);
            }
        }
        Self::Names(words.into())
    }

    pub(crate) fn has(&self, cell: u32) -> bool {
        match self {
            Self::Range(low, high) => (*low..=*high).contains(&cell),
            Self::Names(words) => words.get(cell as usize / 64).is_some_and(|w| w >> (cell % 64) & 1 == 1),
        }
    }

    /// The classes in it.
    pub(crate) fn cells(&self) -> Vec<u32> {
        match self {
            Self::Range(low, high) => (*low..=*high).collect(),
            Self::Names(words) => {
                let n = (words.len() * 64) as u32;
                (0..n).filter(|c| self.has(*c)).collect()
            }
        }
    }

    pub(crate) fn is_single(&self) -> bool {
        match self {
            Self::Range(low, high) => low == high,
            Self::Names(words) => words.iter().map(|w| w.count_ones()).sum::<u32>() <= 1,
        }
    }
}

/// Most words of a tree that are looked at without taking memory.
const SMALL: usize = 4;

impl Objective {
    /// The largest value that any row within the domains can have, by the best leaf of each tree. `best` receives the
    /// leaf (as bit) of each tree where it is given.
    pub(crate) fn bound(&self, domains: &[Domain], mut best: Option<&mut Vec<u32>>) -> f64 {
        let mut total = self.base;
        if let Some(best) = best.as_deref_mut() {
            best.clear();
        }
        for tree in &self.trees {
            let bit = tree.first(|part, words| part.keep(tree.n_words, domains, words));
            total += tree.values.get(bit as usize).copied().unwrap_or(f64::NEG_INFINITY);
            if let Some(best) = best.as_deref_mut() {
                best.push(bit);
            }
        }
        total
    }

    /// The value at one class of each feature.
    pub(crate) fn at(&self, point: &[u32], mut leaves: Option<&mut Vec<u32>>) -> f64 {
        let mut total = self.base;
        if let Some(leaves) = leaves.as_deref_mut() {
            leaves.clear();
        }
        for tree in &self.trees {
            let bit = tree.first(|part, words| part.keep_at(tree.n_words, point, words));
            total += tree.values.get(bit as usize).copied().unwrap_or(f64::NEG_INFINITY);
            if let Some(leaves) = leaves.as_deref_mut() {
                leaves.push(bit);
            }
        }
        total
    }
}

impl Bits {
    /// The first leaf that is left once every part has taken out what it does not reach.
    #[inline]
    fn first(&self, keep: impl Fn(&BitPart, &mut [u64])) -> u32 {
        let mut small = [u64::MAX; SMALL];
        let mut large;
        let words: &mut [u64] = if self.n_words <= SMALL {
            small.get_mut(..self.n_words).unwrap_or_default()
        } else {
            large = vec![u64::MAX; self.n_words];
            &mut large
        };
        for part in &self.parts {
            keep(part, words);
        }
        let place = words.iter().position(|w| *w != 0);
        place.map_or(u32::MAX, |p| p as u32 * 64 + words.get(p).map_or(0, |w| w.trailing_zeros()))
    }
}

#[allow(clippy::indexing_slicing, reason = "the tables have every class, and this is the innermost loop")]
impl BitPart {
    #[inline]
    fn keep_at(&self, n_words: usize, point: &[u32], words: &mut [u64]) {
        let class = self.local[point[self.variable] as usize] as usize * n_words;
        for (word, at) in words.iter_mut().zip(&self.at[class..class + n_words]) {
            *word &= at;
        }
    }

    #[inline]
    fn keep(&self, n_words: usize, domains: &[Domain], words: &mut [u64]) {
        match &domains[self.variable] {
            Domain::Range(low, high) => {
                let (low, high) =
                    (self.local[*low as usize] as usize * n_words, self.local[*high as usize] as usize * n_words);
                if low == high {
                    for (word, at) in words.iter_mut().zip(&self.at[low..low + n_words]) {
                        *word &= at;
                    }
                } else {
                    let (upto, from) = (&self.upto[high..high + n_words], &self.from[low..low + n_words]);
                    for (word, (a, b)) in words.iter_mut().zip(upto.iter().zip(from)) {
                        *word &= a & b;
                    }
                }
            }
            Domain::Names(names) => {
                for (place, word) in words.iter_mut().enumerate() {
                    let mut any = 0;
                    for (block, bits) in names.iter().enumerate() {
                        let mut rest = *bits;
                        while rest != 0 {
                            let code = block * 64 + rest.trailing_zeros() as usize;
                            rest &= rest - 1;
                            any |= self.at[self.local[code] as usize * n_words + place];
                        }
                    }
                    *word &= any;
                }
            }
        }
    }

    /// Whether a leaf (as bit) is reached by a class.
    pub(crate) fn reaches(&self, n_words: usize, cell: u32, bit: u32) -> bool {
        let word = self.local[cell as usize] as usize * n_words + bit as usize / 64;
        self.at[word] >> (bit % 64) & 1 == 1
    }
}
