//! Every conjunction out of a few larger tables.
//!
//! Counting each set of `L` columns by itself takes a pass over the rows for each. A table over more columns takes one pass
//! too, and all sets within it are sums over it, which cost cells and not rows (Gray et al. 1997,
//! doi:10.1023/A:1009726021843). So few tables are chosen that hold every set between them: for twelve columns and `L = 3`
//! some twenty instead of 220.

use rayon::prelude::*;

use super::search::Seen;
use super::table::BlockColumn;
use super::{SliceOptions, SliceTerm};
use crate::LossSums;

/// Most cells of a table: a key with the error of a row fits into 16 bits.
const MOST_CELLS: usize = 1 << 15;
/// Most columns that a search may have here: sets of them are words.
const MOST_COLUMNS: usize = 64;
/// Most sets of `L` columns.
const MOST_SETS: u64 = 200_000;
/// Rows that are keyed at once.
const CHUNK: usize = 4_096;
/// Tables that are counted side by side before somebody may stop it.
const WAVE: usize = 32;

/// The tables that are counted, and what they cost.
pub(super) struct Cube {
    tables: Vec<Table>,
    /// Nanoseconds on a common machine, as far as such a thing can be foretold.
    pub(super) cost: f64,
}

/// A table over some columns and the sets of columns that are read off it.
struct Table {
    /// Places of the columns in the block, ascending.
    columns: Vec<usize>,
    /// Sets of them: bit `i` is `columns[i]`.
    sets: Vec<u32>,
}

/// Counts of right and then of wrong rows over some axes, the last one counting fastest.
struct Counts {
    /// Bits of the table's columns.
    axes: Vec<u32>,
    widths: Vec<usize>,
    cells: Vec<u32>,
}

/// Widths of columns as they are counted: the code for the rest takes a place only where it occurs.
pub(super) fn widths(columns: &[BlockColumn]) -> Vec<usize> {
    let width = |column: &BlockColumn| {
        let highest = column.codes.par_chunks(1 << 16).map(|c| c.iter().copied().max().unwrap_or(0)).max();
        usize::from(highest.unwrap_or(0)).max(column.levels.len().saturating_sub(1)) + 1
    };
    columns.iter().map(width).collect()
}

impl Cube {
    /// Few and small tables that hold every set of up to `max_terms` columns between them; none where there are too many
    /// columns or levels.
    pub(super) fn plan(n_rows: usize, widths: &[usize], max_terms: usize) -> Option<Self> {
        let m = widths.len();
        let most = max_terms.min(m);
        if m > MOST_COLUMNS || most < 2 || u32::try_from(n_rows).is_err() {
            return None;
        }
        let sets = Sets::of(m, most)?;
        let mut seen: Vec<Vec<bool>> =
            (0..=most).map(|size| vec![false; usize::try_from(sets.choose(m, size)).unwrap_or(0)]).collect();
        let (mut tables, mut total) = (Vec::new(), 0.0);
        while let Some(first) = seen.get(most)?.iter().position(|s| !s) {
            let mut columns = sets.at(m, most, first as u64);
            let product = |columns: &[usize]| columns.iter().filter_map(|c| widths.get(*c)).product::<usize>();
            if product(&columns) > MOST_CELLS {
                return None;
            }
            let mut gain = 1.0;
            loop {
                let before = gain / cost(n_rows, columns.len(), product(&columns));
                let options = (0..m).filter(|c| !columns.contains(c)).filter_map(|c| {
                    let cells = product(&columns) * widths.get(c)?;
                    let fresh = sets.fresh(&columns, c, most, seen.get(most)?);
                    let rate = (gain + fresh) / cost(n_rows, columns.len() + 1, cells);
                    (cells <= MOST_CELLS && rate > before).then_some((rate, c, fresh))
                });
                let best = options.reduce(|a, b| if b.0 > a.0 { b } else { a });
                let Some((_, column, fresh)) = best else { break };
                gain += fresh;
                columns.push(column);
            }
            columns.sort_unstable();
            total += cost(n_rows, columns.len(), product(&columns));
            let mut own = Vec::new();
            for set in 1_u32..1 << columns.len() {
                let size = set.count_ones() as usize;
                if !(2..=most).contains(&size) {
                    continue;
                }
                let rank = sets.rank(members(&columns, set));
                if let Some(slot) = seen.get_mut(size).and_then(|s| s.get_mut(rank))
                    && !std::mem::replace(slot, true)
                {
                    own.push(set);
                }
            }
            tables.push(Table { columns, sets: own });
        }
        Some(Self { tables, cost: total })
    }

    /// Counts all tables and tells of every conjunction with enough rows: each table's to one that is made for it and taken in
    /// order. The number of visits; none when stopped.
    pub(super) fn search<S: Seen + Send>(
        &self,
        (columns, widths): (&[BlockColumn], &[usize]),
        flags: &[u8],
        options: &SliceOptions,
        make: impl Fn() -> S + Sync,
        mut take: impl FnMut(S),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<u64> {
        for wave in self.tables.chunks(WAVE) {
            if stop() {
                return None;
            }
            let one = |table: &Table| {
                let mut own = make();
                let counts = table.count(columns, widths, flags);
                let mut offer = |counts: &Counts| counts.offer(&table.columns, columns, options, &mut own);
                counts.descend(table.sets.clone(), &mut offer);
                own
            };
            let done: Vec<S> = wave.par_iter().map(one).collect();
            done.into_iter().for_each(&mut take);
        }
        Some((self.tables.len() * flags.len()) as u64)
    }
}

impl Table {
    /// One pass: keys by Horner's rule, so that every column is one multiplication and one addition a row.
    #[allow(
        clippy::indexing_slicing,
        reason = "a hot loop: keys stay below the number of cells, which are digits' products"
    )]
    fn count(&self, columns: &[BlockColumn], widths: &[usize], flags: &[u8]) -> Counts {
        let own: Vec<usize> = self.columns.iter().filter_map(|c| widths.get(*c).copied()).collect();
        let mut cells = vec![0_u32; 2 * own.iter().product::<usize>()];
        let mut keys = [0_u16; CHUNK];
        for (start, flags) in (0..).step_by(CHUNK).zip(flags.chunks(CHUNK)) {
            let keys = &mut keys[..flags.len()];
            keys.iter_mut().zip(flags).for_each(|(key, flag)| *key = u16::from(*flag));
            for (place, width) in self.columns.iter().zip(&own) {
                let codes = &columns[*place].codes[start..start + flags.len()];
                let width = u16::try_from(*width).unwrap_or(u16::MAX);
                for (key, code) in keys.iter_mut().zip(codes) {
                    *key = key.wrapping_mul(width).wrapping_add(u16::from(*code));
                }
            }
            for key in &*keys {
                cells[usize::from(*key)] += 1;
            }
        }
        Counts { axes: (0..).take(own.len()).collect(), widths: own, cells }
    }
}

impl Counts {
    /// Sums axes out one by one until each set that is wanted stands alone, the same sums being shared by many sets.
    fn descend(&self, mut sets: Vec<u32>, offer: &mut dyn FnMut(&Self)) {
        let all = self.axes.iter().fold(0_u32, |set, axis| set | 1 << axis);
        let before = sets.len();
        sets.retain(|set| *set != all);
        if sets.len() < before {
            offer(self);
        }
        while !sets.is_empty() {
            // The axis that most of them lack; of equals the widest.
            let lack = |axis: u32| sets.iter().filter(|set| *set >> axis & 1 == 0).count();
            let by_use = (0..self.axes.len()).max_by_key(|place| {
                let axis = self.axes.get(*place).copied().unwrap_or(0);
                (lack(axis), self.widths.get(*place).copied().unwrap_or(0))
            });
            let Some((place, axis)) = by_use.and_then(|place| Some((place, *self.axes.get(place)?))) else { return };
            let (with, without): (Vec<u32>, Vec<u32>) = sets.into_iter().partition(|set| set >> axis & 1 == 1);
            self.without(place).descend(without, offer);
            sets = with;
        }
    }

    /// Summed over an axis.
    fn without(&self, place: usize) -> Self {
        let (mut axes, mut widths) = (self.axes.clone(), self.widths.clone());
        axes.remove(place);
        let width = widths.remove(place);
        let inner = widths.iter().skip(place).product::<usize>();
        let mut cells = vec![0_u32; self.cells.len() / width.max(1)];
        let outer = self.cells.chunks_exact((width * inner).max(1));
        if inner == 1 {
            cells.iter_mut().zip(outer).for_each(|(cell, parts)| *cell = parts.iter().sum());
        } else {
            for (into, parts) in cells.chunks_exact_mut(inner.max(1)).zip(outer) {
                for part in parts.chunks_exact(inner) {
                    into.iter_mut().zip(part).for_each(|(cell, count)| *cell += count);
                }
            }
        }
        Self { axes, widths, cells }
    }

    /// Offers the conjunctions of all axes that have enough rows.
    fn offer(&self, of_table: &[usize], columns: &[BlockColumn], options: &SliceOptions, sink: &mut impl Seen) {
        let (right, wrong) = self.cells.split_at(self.cells.len() / 2);
        let own: Vec<&BlockColumn> =
            self.axes.iter().filter_map(|axis| columns.get(*of_table.get(*axis as usize)?)).collect();
        let mut terms: Vec<SliceTerm> = own.iter().map(|c| SliceTerm { column: c.place, level: 0 }).collect();
        let least = options.min_rows.max(1);
        for (cell, (right, wrong)) in right.iter().zip(wrong).enumerate() {
            let (errors, rows) = (u64::from(*wrong), u64::from(*right) + u64::from(*wrong));
            if rows < least {
                continue;
            }
            let mut key = cell;
            let mut is_named = true;
            for ((term, column), width) in terms.iter_mut().zip(&own).zip(&self.widths).rev() {
                // The code of the rest has no level: such a cell is no conjunction.
                let level = column.levels.get(key % width).copied();
                is_named = is_named && level.is_some();
                term.level = level.unwrap_or(0);
                key /= width;
            }
            if is_named {
                sink.offer(&[], &terms, &LossSums::of_counts(rows, errors));
            }
        }
    }
}

/// Nanoseconds of a table: keys and counts of all rows, sums over its cells.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn cost(n_rows: usize, n_columns: usize, cells: usize) -> f64 {
    // Tables beyond the nearest cache are a little slower to count into.
    let reach = if cells > 1 << 12 { 0.5 } else { 0.0 };
    n_rows as f64 * (1.0 + reach + 0.25 * n_columns as f64) + 6.0 * cells as f64
}

/// What the rows of a set of columns' bits are.
fn members(columns: &[usize], set: u32) -> impl Iterator<Item = usize> {
    columns.iter().enumerate().filter(move |(bit, _)| set >> bit & 1 == 1).map(|(_, column)| *column)
}

/// Sets of numbers below `m`, ranked: `C(c₁, 1) + C(c₂, 2) + …` with `c` ascending.
struct Sets {
    /// `choose[n][k]`
    choose: Vec<Vec<u64>>,
}

impl Sets {
    fn of(m: usize, most: usize) -> Option<Self> {
        let mut choose = vec![vec![0_u64; most + 1]; m + 1];
        for n in 0..=m {
            for k in 0..=most.min(n) {
                let above = |k: usize| n.checked_sub(1).and_then(|n| choose.get(n)?.get(k).copied()).unwrap_or(0);
                let value = if k == 0 { 1 } else { above(k - 1).saturating_add(above(k)) };
                if let Some(slot) = choose.get_mut(n).and_then(|line| line.get_mut(k)) {
                    *slot = value;
                }
            }
        }
        let sets = Self { choose };
        (sets.choose(m, most) <= MOST_SETS).then_some(sets)
    }

    fn choose(&self, n: usize, k: usize) -> u64 {
        self.choose.get(n).and_then(|line| line.get(k)).copied().unwrap_or(0)
    }

    /// Rank of ascending numbers among all sets of as many.
    fn rank(&self, ascending: impl Iterator<Item = usize>) -> usize {
        let rank: u64 = ascending.zip(1..).map(|(c, k)| self.choose(c, k)).sum();
        usize::try_from(rank).unwrap_or(usize::MAX)
    }

    /// The set of `k` numbers below `m` with a rank.
    fn at(&self, m: usize, k: usize, mut rank: u64) -> Vec<usize> {
        let mut set = Vec::with_capacity(k);
        let mut below = m;
        for k in (1..=k).rev() {
            let highest = (0..below).rev().find(|c| self.choose(*c, k) <= rank).unwrap_or(0);
            rank -= self.choose(highest, k);
            set.push(highest);
            below = highest;
        }
        set.reverse();
        set
    }

    /// How many sets of `size` columns that nobody has seen a table would gain by a column.
    fn fresh(&self, columns: &[usize], column: usize, size: usize, seen: &[bool]) -> f64 {
        let mut n = 0.0;
        for set in 0_u32..1 << columns.len() {
            if set.count_ones() as usize + 1 != size {
                continue;
            }
            let mut all: Vec<usize> = members(columns, set).chain([column]).collect();
            all.sort_unstable();
            if seen.get(self.rank(all.into_iter())) == Some(&false) {
                n += 1.0;
            }
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_the_rank_they_are_found_by() {
        let sets = Sets::of(9, 4).unwrap();
        for size in 2..=4 {
            for rank in 0..sets.choose(9, size) {
                assert_eq!(sets.rank(sets.at(9, size, rank).into_iter()) as u64, rank);
            }
        }
        assert_eq!(sets.choose(9, 4), 126);
        assert!(Sets::of(64, 6).is_none());
    }

    /// Every set of two to `max_terms` columns is read off exactly one table, and the tables are far fewer.
    #[test]
    fn every_set_is_read_once() {
        for (widths, max_terms, most) in [
            (vec![2, 3, 4, 5, 6, 7, 9, 12, 5, 5, 5, 5], 3, 45),
            (vec![2; 10], 2, 3),
            (vec![3; 8], 4, 12),
            (vec![4, 4], 3, 1),
            (vec![30; 5], 3, 10),
        ] {
            let cube = Cube::plan(100_000, &widths, max_terms).unwrap();
            let mut found: Vec<Vec<usize>> = cube
                .tables
                .iter()
                .flat_map(|t| t.sets.iter().map(|set| members(&t.columns, *set).collect::<Vec<_>>()))
                .collect();
            found.sort();
            let mut all: Vec<Vec<usize>> = (0_u32..1 << widths.len())
                .filter(|set| (2..=max_terms).contains(&(set.count_ones() as usize)))
                .map(|set| (0..widths.len()).filter(|bit| set >> bit & 1 == 1).collect())
                .collect();
            all.sort();
            assert_eq!(found, all);
            assert!(cube.tables.len() <= most, "{} tables", cube.tables.len());
        }
        // A table of three such columns has too many cells.
        assert!(Cube::plan(1_000, &[40, 40, 40], 3).is_none());
        assert!(Cube::plan(1_000, &[4; 65], 2).is_none());
    }
}
