//! The leaves of all trees side by side, so that a part of the search is bounded by a few passes over words.

use super::boxes::Bits;
use super::cells::Cells;
use super::domain::{Domain, Sets};

/// Words of the tables at most; beyond, trees are looked at one by one.
const MOST_WORDS: usize = 12_000_000;

/// All trees of a condition over the classes of each feature.
pub(crate) struct Dense {
    n_words: usize,
    /// By bit.
    values: Vec<f64>,
    /// The first word of each tree, and the end.
    starts: Vec<usize>,
    /// Every tree has one word.
    is_plain: bool,
    sides: Vec<Side>,
}

/// What the classes of one feature leave of all trees; shapes `(n_cells, n_words)`. Empty where no tree asks.
#[derive(Default)]
struct Side {
    at: Vec<u64>,
    /// Leaves that a class or one before it reaches; it or one behind it.
    upto: Vec<u64>,
    from: Vec<u64>,
}

#[allow(clippy::indexing_slicing, reason = "the tables have every class, and these are the innermost loops")]
impl Dense {
    /// None where the tables would be too large.
    pub(crate) fn of(trees: &[Bits], cells: &[Cells]) -> Option<Self> {
        let mut starts = vec![0];
        for tree in trees {
            starts.push(starts.last()? + tree.n_words);
        }
        let n_words = *starts.last()?;
        let n_rows: usize =
            cells.iter().map(|c| (c.len() + 1) * if matches!(c, Cells::Numbers(_)) { 3 } else { 1 }).sum();
        if n_rows.saturating_mul(n_words) > MOST_WORDS {
            return None;
        }
        let mut values = vec![f64::NEG_INFINITY; n_words * 64];
        for (tree, start) in trees.iter().zip(&starts) {
            values[start * 64..start * 64 + tree.values.len()].copy_from_slice(&tree.values);
        }
        let mut sides: Vec<Side> = Vec::with_capacity(cells.len());
        for (variable, cells) in cells.iter().enumerate() {
            let mut side = Side::default();
            let parts = trees.iter().zip(&starts).flat_map(|(tree, start)| {
                tree.parts.iter().filter(|p| p.variable == variable).map(move |p| (p, *start, tree.n_words))
            });
            let n = cells.len() + 1;
            for (part, start, width) in parts {
                let tables = [(&mut side.at, &part.at), (&mut side.upto, &part.upto), (&mut side.from, &part.from)];
                for (table, words) in tables.into_iter().take(if matches!(cells, Cells::Numbers(_)) { 3 } else { 1 }) {
                    if table.is_empty() {
                        table.resize(n * n_words, u64::MAX);
                    }
                    for cell in 0..n {
                        let local = part.local[cell] as usize * width;
                        table[cell * n_words + start..][..width].copy_from_slice(&words[local..local + width]);
                    }
                }
            }
            sides.push(side);
        }
        let is_plain = trees.iter().all(|tree| tree.n_words == 1);
        Some(Self { n_words, values, starts, is_plain, sides })
    }

    /// What a feature's class leaves.
    fn at(&self, variable: usize, cell: u32) -> Option<&[u64]> {
        let start = cell as usize * self.n_words;
        self.sides[variable].at.get(start..start + self.n_words)
    }

    /// Leaves that some of the classes reach.
    pub(crate) fn any(&self, variable: usize, cells: &[u32]) -> Vec<u64> {
        let mut all = Vec::new();
        for words in cells.iter().filter_map(|cell| self.at(variable, *cell)) {
            if all.is_empty() {
                all.extend_from_slice(words);
            } else {
                all.iter_mut().zip(words).for_each(|(a, b): (&mut u64, _)| *a |= b);
            }
        }
        all
    }

    /// Takes out of `left` what domains do not reach.
    pub(crate) fn keep(&self, domains: &[Domain], sets: &Sets<'_>, objective: usize, left: &mut Vec<u64>) {
        left.clear();
        left.resize(self.n_words, u64::MAX);
        for (variable, domain) in domains.iter().enumerate() {
            match *domain {
                Domain::Range(low, high) if low == high => and(left, self.at(variable, low)),
                Domain::Range(low, high) => {
                    let side = &self.sides[variable];
                    let (low, high) = (low as usize * self.n_words, high as usize * self.n_words);
                    let upto = side.upto.get(high..high + self.n_words);
                    let from = side.from.get(low..low + self.n_words);
                    if let (Some(upto), Some(from)) = (upto, from) {
                        left.iter_mut().zip(upto.iter().zip(from)).for_each(|(word, (a, b))| *word &= a & b);
                    }
                }
                Domain::Names(set) => and(left, sets.any(set, objective)),
            }
        }
    }

    /// Takes out of `left` what the classes of a point do not reach, one feature left open where it is named.
    pub(crate) fn keep_at(&self, point: &[u32], open: Option<usize>, left: &mut Vec<u64>) {
        left.clear();
        left.resize(self.n_words, u64::MAX);
        for (variable, cell) in point.iter().enumerate() {
            if Some(variable) != open {
                and(left, self.at(variable, *cell));
            }
        }
    }

    /// The sum over the trees of the best leaf that is left.
    pub(crate) fn best(&self, left: &[u64]) -> f64 {
        if self.is_plain {
            return left.iter().zip(self.values.as_chunks::<64>().0).map(|(word, values)| first(*word, values)).sum();
        }
        self.starts.windows(2).map(|ends| self.of_tree(left, ends[0], ends[1]).1).sum()
    }

    /// The same with one more feature at a class.
    pub(crate) fn best_with(&self, left: &[u64], variable: usize, cell: u32) -> f64 {
        let Some(at) = self.at(variable, cell) else { return self.best(left) };
        if self.is_plain {
            let both = left.iter().zip(at).zip(self.values.as_chunks::<64>().0);
            return both.map(|((a, b), values)| first(a & b, values)).sum();
        }
        let both: Vec<u64> = left.iter().zip(at).map(|(a, b)| a & b).collect();
        self.best(&both)
    }

    /// The best leaf of each tree, as bit.
    pub(crate) fn leaves(&self, left: &[u64], found: &mut Vec<u32>) {
        found.clear();
        found.extend(self.starts.windows(2).map(|ends| self.of_tree(left, ends[0], ends[1]).0));
    }

    fn of_tree(&self, left: &[u64], start: usize, end: usize) -> (u32, f64) {
        for (place, word) in left[start..end].iter().enumerate() {
            if *word != 0 {
                let bit = place * 64 + word.trailing_zeros() as usize;
                return (bit as u32, self.values[start * 64 + bit]);
            }
        }
        (u32::MAX, f64::NEG_INFINITY)
    }
}

fn and(left: &mut [u64], words: Option<&[u64]>) {
    if let Some(words) = words {
        left.iter_mut().zip(words).for_each(|(a, b)| *a &= b);
    }
}

fn first(word: u64, values: &[f64; 64]) -> f64 {
    values.get(word.trailing_zeros() as usize).copied().unwrap_or(f64::NEG_INFINITY)
}
