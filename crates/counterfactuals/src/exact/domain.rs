//! The classes of values that a feature may still take within a part of the search.

use std::collections::BTreeMap;

use super::boxes::{BitPart, Bits, Objective};

/// What a feature may still be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Classes between two, both included; one class where they are the same.
    Range(u32, u32),
    /// One of the sets of names.
    Names(u32),
}

/// The sets of names that a search has come across, with the leaves that each reaches.
pub(crate) struct Sets<'a> {
    objectives: Vec<&'a Objective>,
    known: BTreeMap<(usize, Vec<u32>), u32>,
    all: Vec<Set>,
}

struct Set {
    /// Ascending.
    cells: Vec<u32>,
    /// By condition, where its trees lie side by side.
    any: Vec<Vec<u64>>,
}

#[allow(clippy::indexing_slicing, reason = "a domain holds the place of a set that was made here")]
impl<'a> Sets<'a> {
    pub(crate) fn over(objectives: Vec<&'a Objective>) -> Self {
        Self { objectives, known: BTreeMap::new(), all: Vec::new() }
    }

    /// The set of these classes, ascending.
    pub(crate) fn of(&mut self, variable: usize, cells: Vec<u32>) -> Domain {
        let key = (variable, cells);
        if let Some(place) = self.known.get(&key) {
            return Domain::Names(*place);
        }
        let any = |o: &&Objective| o.dense.as_ref().map_or_else(Vec::new, |dense| dense.any(variable, &key.1));
        let any = self.objectives.iter().map(any).collect();
        let place = self.all.len() as u32;
        self.all.push(Set { cells: key.1.clone(), any });
        self.known.insert(key, place);
        Domain::Names(place)
    }

    /// The classes of a set.
    pub(crate) fn cells(&self, set: u32) -> &[u32] {
        &self.all[set as usize].cells
    }

    /// Leaves that a set reaches; none where it rules nothing out.
    pub(crate) fn any(&self, set: u32, objective: usize) -> Option<&[u64]> {
        let words = &self.all[set as usize].any[objective];
        if words.is_empty() { None } else { Some(words) }
    }

    pub(crate) fn has(&self, domain: Domain, cell: u32) -> bool {
        match domain {
            Domain::Range(low, high) => (low..=high).contains(&cell),
            Domain::Names(set) => self.cells(set).binary_search(&cell).is_ok(),
        }
    }

    /// Whether one class is left.
    pub(crate) fn is_single(&self, domain: Domain) -> bool {
        match domain {
            Domain::Range(low, high) => low == high,
            Domain::Names(set) => self.cells(set).len() <= 1,
        }
    }
}

/// Most words of a tree that are looked at without taking memory.
const SMALL: usize = 4;

/// What bounds and values are worked out in.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) left: Vec<u64>,
}

impl Objective {
    /// The largest value that any row within the domains can have, by the best leaf of each tree. `best` receives the
    /// leaf (as bit) of each tree where it is given. `place` is this condition's among those of the sets.
    pub(crate) fn bound(
        &self,
        domains: &[Domain],
        sets: &Sets<'_>,
        place: usize,
        room: &mut Room,
        best: Option<&mut Vec<u32>>,
    ) -> f64 {
        if let Some(dense) = &self.dense {
            dense.keep(domains, sets, place, &mut room.left);
            if let Some(best) = best {
                dense.leaves(&room.left, best);
            }
            return self.base + dense.best(&room.left);
        }
        self.sum(best, |tree| tree.first(|part, words| part.keep(tree.n_words, domains, sets, words)))
    }

    /// The value at one class of each feature.
    pub(crate) fn at(&self, point: &[u32], room: &mut Room, leaves: Option<&mut Vec<u32>>) -> f64 {
        if let Some(dense) = &self.dense {
            dense.keep_at(point, None, &mut room.left);
            if let Some(leaves) = leaves {
                dense.leaves(&room.left, leaves);
            }
            return self.base + dense.best(&room.left);
        }
        self.sum(leaves, |tree| tree.first(|part, words| part.keep_at(tree.n_words, point, words)))
    }

    /// The values at each of some classes of one feature, the others at a point.
    pub(crate) fn along(&self, point: &[u32], variable: usize, cells: &[u32], room: &mut Room) -> Vec<f64> {
        if let Some(dense) = &self.dense {
            dense.keep_at(point, Some(variable), &mut room.left);
            return cells.iter().map(|cell| self.base + dense.best_with(&room.left, variable, *cell)).collect();
        }
        let mut point = point.to_vec();
        let mut value = |cell: &u32| {
            if let Some(at) = point.get_mut(variable) {
                *at = *cell;
            }
            self.at(&point, room, None)
        };
        cells.iter().map(&mut value).collect()
    }

    fn sum(&self, mut leaves: Option<&mut Vec<u32>>, first: impl Fn(&Bits) -> u32) -> f64 {
        let mut total = 0.0;
        if let Some(leaves) = leaves.as_deref_mut() {
            leaves.clear();
        }
        for tree in &self.trees {
            let bit = first(tree);
            total += tree.values.get(bit as usize).copied().unwrap_or(f64::NEG_INFINITY);
            if let Some(leaves) = leaves.as_deref_mut() {
                leaves.push(bit);
            }
        }
        self.base + total
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
    fn keep(&self, n_words: usize, domains: &[Domain], sets: &Sets<'_>, words: &mut [u64]) {
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
            Domain::Names(set) => {
                for (place, word) in words.iter_mut().enumerate() {
                    let any =
                        |all: u64, cell: &u32| all | self.at[self.local[*cell as usize] as usize * n_words + place];
                    *word &= sets.cells(*set).iter().fold(0, any);
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
