//! The search: singles, then pairs, then everything below each single that may still hold one of the best.

use rayon::prelude::*;

use super::cells::{Counted, Kind, Valued, Weighed};
use super::cube::{self, Cube};
use super::family::Family;
use super::sink::{Sink, bound};
use super::table::{Block, BlockColumn};
use super::{SliceColumn, SliceOptions, SliceSearch, SliceTerm};
use crate::{LossSums, Losses};

/// The best slices of some rows: exactly those that looking at every conjunction would give, with all ties of the last.
///
/// Rows that share a condition are laid side by side, and pairs of the other columns are counted in them in one pass
/// each, so that every conjunction of up to `max_terms` conditions with at least `min_rows` rows is seen. Where that
/// would take more than `max_visits`, what cannot be among the best by its score is passed over (bounds of Sagadeeva &
/// Boehm 2021), and the family of p-values is only bounded in size. The answer is the same for any number of threads.
///
/// `stop` is asked now and then; once it says yes, the best so far is handed back.
#[must_use]
pub fn find_slices(
    columns: &[SliceColumn<'_>],
    losses: Losses<'_>,
    weight: Option<&[f64]>,
    rows: &[u32],
    options: &SliceOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> SliceSearch {
    let pick = |values: &[f64], row: u32| values.get(row as usize).copied().unwrap_or(0.0);
    match (losses, weight) {
        (Losses::Flags(flags), None) => {
            let of_row = |row: u32| flags.get(row as usize).copied().unwrap_or(0);
            run::<Counted>(columns, rows, of_row, options, stop)
        }
        (Losses::Values(values), None) => run::<Valued>(columns, rows, |row| pick(values, row), options, stop),
        (losses, Some(weight)) => {
            run::<Weighed>(columns, rows, |row| (losses.at(row as usize), pick(weight, row)), options, stop)
        }
    }
}

/// Who is told of the slices with enough rows.
pub(super) trait Seen {
    /// A slice: the conditions of a prefix and further ones.
    fn offer(&mut self, prefix: &[SliceTerm], last: &[SliceTerm], sums: &LossSums);

    /// The score that is worth going on for.
    fn threshold(&self) -> f64 {
        f64::NEG_INFINITY
    }
}

/// Below which single a search goes on.
pub(super) struct Task {
    /// Column of the block.
    column: usize,
    code: u8,
    /// Later columns of the block with the codes that are still of interest.
    keep: Vec<(usize, Vec<u8>)>,
    /// Highest score of anything below.
    bound: f64,
}

pub(super) struct Search<'a> {
    pub(super) options: &'a SliceOptions,
    pub(super) total: &'a LossSums,
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
    pub(super) prunes: bool,
}

/// Whether a cell has enough rows to be a slice.
pub(super) fn enough_rows<K: Kind>(options: &SliceOptions, cell: &K::Cell) -> bool {
    K::rows(cell) >= options.min_rows.max(1)
}

/// Tasks that run side by side before the best of them raise the bar for the next ones.
const WAVE: usize = 16;

fn run<K: Kind>(
    columns: &[SliceColumn<'_>],
    rows: &[u32],
    of_row: impl Fn(u32) -> K::Row + Sync,
    options: &SliceOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> SliceSearch {
    let block = root::<K>(columns, rows, of_row);
    let mut whole = K::Cell::default();
    block.rows.iter().for_each(|row| K::add(&mut whole, *row));
    let total = K::sums(&whole);
    let mut visits = (rows.len() * columns.len()) as u64;
    let singles: Vec<Vec<K::Cell>> = (0..columns.len()).into_par_iter().map(|i| block.singles(i)).collect();
    let enough = |cell: &K::Cell| enough_rows::<K>(options, cell);
    let block = frequent(block, &singles, enough);
    let widths: Vec<u64> = block.columns.iter().map(|c| c.levels.len() as u64).collect();
    let prunes = options.always_prune || visits_of(rows.len(), widths.len(), options.max_terms) > options.max_visits;
    let search = Search { options, total: &total, stop, prunes };
    let mut sink = Sink::new(options, &total, !prunes);
    for (place, cells) in singles.iter().enumerate() {
        let n_levels = columns.get(place).map_or(0, |c| c.n_levels);
        for (level, cell) in (0..=u8::MAX).zip(cells).take(n_levels).filter(|(_, cell)| enough(cell)) {
            sink.offer(&[], &[SliceTerm { column: place, level }], &K::sums(cell));
        }
    }
    let mut complete_to = 1;
    let mut was_stopped = false;
    let cube = if prunes { None } else { cube_of(&block, &singles, options) };
    if let Some((cube, widths, flags)) = cube {
        complete_to = options.max_terms;
        let make = || Sink::new(options, &total, true);
        match cube.search((&block.columns, &widths), flags, options, make, |own| sink.merge(own), stop) {
            Some(seen) => visits += seen,
            None => (was_stopped, complete_to) = (true, 1),
        }
    } else if options.max_terms >= 2 && block.columns.len() >= 2 {
        let mut tasks = Vec::new();
        complete_to = options.max_terms;
        let heads: Vec<usize> = (0..block.columns.len() - 1).collect();
        for wave in heads.chunks(WAVE) {
            if stop() || visits > options.max_visits {
                (was_stopped, complete_to) = (stop(), 1);
                break;
            }
            let threshold = sink.threshold();
            let step = |head: &usize| {
                let mut own = Sink::new(options, &total, !prunes);
                let below = search.head(&block, &[], *head, threshold, &mut own);
                (own, below)
            };
            let done: Vec<(Sink<'_>, Vec<Task>)> = wave.par_iter().map(step).collect();
            for (head, (own, below)) in wave.iter().zip(done) {
                visits += (rows.len() * (block.columns.len() - head - 1)) as u64;
                sink.merge(own);
                tasks.extend(below);
            }
        }
        if complete_to > 1 {
            let deep = search.below(&block, tasks, &mut sink, &mut visits);
            was_stopped = was_stopped || deep.1;
            complete_to = if deep.0 { options.max_terms } else { 2 };
        }
    }
    let (by_score, by_difference, p) = sink.finish();
    let is_exact = !prunes && complete_to >= options.max_terms && !was_stopped;
    let n = if is_exact { p.len() as u64 } else { most_conjunctions(&widths, options.max_terms) };
    let family = Family::new(p, n, is_exact);
    let complete_to = complete_to.min(options.max_terms);
    SliceSearch { by_score, by_difference, family, total, complete_to, visits, was_stopped }
}

/// How to read every conjunction off a few tables, where that is quicker than to look below each single.
fn cube_of<'a, K: Kind>(
    block: &'a Block<K>,
    singles: &[Vec<K::Cell>],
    options: &SliceOptions,
) -> Option<(Cube, Vec<usize>, &'a [u8])> {
    let flags = K::flags(&block.rows)?;
    let widths = cube::widths(&block.columns);
    let cube = Cube::plan(flags.len(), &widths, options.max_terms)?;
    let shares: Vec<Vec<f64>> = block
        .columns
        .iter()
        .map(|column| {
            let cells = singles.get(column.place).map(Vec::as_slice).unwrap_or_default();
            let own = column.levels.iter().filter_map(|level| cells.get(usize::from(*level)));
            #[allow(clippy::cast_precision_loss, reason = "an estimate")]
            own.map(|cell| K::rows(cell) as f64 / flags.len().max(1) as f64).collect()
        })
        .collect();
    (cube.cost <= lattice_cost(flags.len(), &shares, options)).then_some((cube, widths, flags))
}

/// Nanoseconds to look below each single, were columns independent: a conjunction is gone into where it is expected to have
/// enough rows.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn lattice_cost(n_rows: usize, shares: &[Vec<f64>], options: &SliceOptions) -> f64 {
    /// Of a visit to a cell, the laying side by side of rows included.
    const VISIT: f64 = 2.0;
    let (n, m) = (n_rows as f64, shares.len());
    let least = options.min_rows.max(1) as f64;
    let highest: Vec<f64> = shares.iter().map(|s| s.iter().copied().fold(0.0, f64::max)).collect();
    // Visits below a prefix that holds a share of the rows and ends with a column.
    fn below(shares: &[Vec<f64>], highest: &[f64], share: f64, from: usize, more: usize, least: f64) -> f64 {
        let kept = highest.iter().skip(from).filter(|h| share * **h >= least).count() as f64;
        let mut sum = share * kept * (kept - 1.0).max(0.0) / 2.0;
        if more > 0 {
            for (place, own) in shares.iter().enumerate().skip(from) {
                for next in own.iter().filter(|s| share * **s >= least) {
                    sum += below(shares, highest, share * next, place + 1, more - 1, least);
                }
            }
        }
        sum
    }
    let deeper = match options.max_terms {
        0..=2 => 0.0,
        3 | 4 => {
            let more = options.max_terms - 3;
            let of = |(place, own): (usize, &Vec<f64>)| {
                own.iter().map(|s| below(shares, &highest, *s, place + 1, more, least / n.max(1.0))).sum::<f64>()
            };
            shares.iter().enumerate().map(of).sum::<f64>() * n
        }
        _ => return 0.0,
    };
    VISIT * (n * (m * m.saturating_sub(1) / 2) as f64 + deeper)
}

impl Search<'_> {
    /// Looks at all pairs of a column with later ones, and hands back what to go on with.
    pub(super) fn head<K: Kind>(
        &self,
        block: &Block<K>,
        prefix: &[SliceTerm],
        head: usize,
        threshold: f64,
        sink: &mut impl Seen,
    ) -> Vec<Task> {
        let Some(column) = block.columns.get(head) else { return Vec::new() };
        let goes_on = prefix.len() + 2 < self.options.max_terms;
        let mut below: Vec<Task> = (0..=u8::MAX)
            .take(column.levels.len())
            .map(|code| Task { column: head, code, keep: Vec::new(), bound: f64::NEG_INFINITY })
            .collect();
        for (k, table) in block.pairs(head).iter().enumerate().map(|(i, table)| (head + 1 + i, table)) {
            let Some(partner) = block.columns.get(k) else { continue };
            let lines = table.chunks_exact(partner.width());
            for ((level, task), cells) in column.levels.iter().zip(&mut below).zip(lines) {
                let first = SliceTerm { column: column.place, level: *level };
                let mut keep = Vec::new();
                for ((code, other), cell) in (0..=u8::MAX).zip(&partner.levels).zip(cells) {
                    if !enough_rows::<K>(self.options, cell) {
                        continue;
                    }
                    let sums = K::sums(cell);
                    sink.offer(prefix, &[first, SliceTerm { column: partner.place, level: *other }], &sums);
                    if !goes_on {
                        continue;
                    }
                    let most = if self.prunes { bound(&sums, K::largest(cell), self.total, self.options) } else { 0.0 };
                    if !self.prunes || (most > 0.0 && most >= threshold.max(sink.threshold())) {
                        keep.push(code);
                        task.bound = task.bound.max(most);
                    }
                }
                if !keep.is_empty() {
                    task.keep.push((k, keep));
                }
            }
        }
        // A third condition must come from another column than the second.
        below.retain(|task| task.keep.len() >= 2);
        below
    }

    /// Everything below some tasks. Whether it came to its end, and whether it was stopped.
    fn below<K: Kind>(
        &self,
        block: &Block<K>,
        mut tasks: Vec<Task>,
        sink: &mut Sink<'_>,
        visits: &mut u64,
    ) -> (bool, bool) {
        if self.prunes {
            // Where the best may be first; the bar rises soonest so.
            tasks.sort_by(|a, b| b.bound.total_cmp(&a.bound).then((a.column, a.code).cmp(&(b.column, b.code))));
        }
        let wave = if self.prunes { WAVE } else { WAVE * 16 };
        for wave in tasks.chunks(wave) {
            let threshold = sink.threshold();
            if self.prunes && wave.first().is_some_and(|task| task.bound < threshold) {
                // Tasks are in falling order of what they may hold.
                return (true, false);
            }
            if (self.stop)() {
                return (false, true);
            }
            if *visits > self.options.max_visits {
                return (false, false);
            }
            let one = |task: &Task| {
                let mut own = Sink::new(self.options, self.total, !self.prunes);
                let visits = self.deeper(block, &[], task, threshold, &mut own);
                (own, visits)
            };
            let done: Vec<(Sink<'_>, u64)> = wave.par_iter().map(one).collect();
            for (own, seen) in done {
                sink.merge(own);
                *visits += seen;
            }
        }
        (true, (self.stop)())
    }

    /// Lays the rows of a condition side by side and looks at all pairs in them; the number of visits.
    pub(super) fn deeper<K: Kind>(
        &self,
        block: &Block<K>,
        prefix: &[SliceTerm],
        task: &Task,
        threshold: f64,
        sink: &mut impl Seen,
    ) -> u64 {
        if (self.stop)() {
            return 0;
        }
        let Some(column) = block.columns.get(task.column) else { return 0 };
        let level = column.levels.get(usize::from(task.code)).copied().unwrap_or(0);
        let own = block.refined(task.column, task.code, &task.keep);
        let prefix: Vec<SliceTerm> =
            prefix.iter().copied().chain([SliceTerm { column: column.place, level }]).collect();
        let n = own.columns.len();
        let mut visits = (block.rows.len() + own.rows.len() * n) as u64;
        for head in 0..n.saturating_sub(1) {
            visits += (own.rows.len() * (n - head - 1)) as u64;
            let below = self.head(&own, &prefix, head, threshold, sink);
            for task in below {
                visits += self.deeper(&own, &prefix, &task, threshold, sink);
            }
        }
        visits
    }
}

/// All rows with all levels; codes without a level become the last code.
#[allow(clippy::indexing_slicing, reason = "codes index a table of 256, and rows are rows of the table")]
pub(super) fn root<K: Kind>(
    columns: &[SliceColumn<'_>],
    rows: &[u32],
    of_row: impl Fn(u32) -> K::Row + Sync,
) -> Block<K> {
    let run = rows.first().zip(rows.last()).filter(|(a, b)| (**b - **a) as usize + 1 == rows.len());
    let make = |(place, column): (usize, &SliceColumn<'_>)| {
        let rest = u8::try_from(column.n_levels).unwrap_or(u8::MAX);
        let mut level_of = [rest; 256];
        for (slot, level) in level_of.iter_mut().zip(&column.level_of) {
            *slot = level.unwrap_or(rest);
        }
        let codes = column.column.codes;
        let codes = match run.and_then(|(a, _)| codes.get(*a as usize..*a as usize + rows.len())) {
            Some(codes) => codes.iter().map(|code| level_of[usize::from(*code)]).collect(),
            None => rows.iter().map(|row| level_of[usize::from(codes[*row as usize])]).collect(),
        };
        BlockColumn { place, codes, levels: (0..rest).collect() }
    };
    let rows_of = rows.par_iter().with_min_len(16_384).map(|row| of_row(*row)).collect();
    Block { columns: columns.par_iter().enumerate().map(make).collect(), rows: rows_of }
}

/// The block with levels that have enough rows alone, and columns that have such levels.
pub(super) fn frequent<K: Kind>(
    block: Block<K>,
    singles: &[Vec<K::Cell>],
    enough: impl Fn(&K::Cell) -> bool,
) -> Block<K> {
    let Block { columns, rows } = block;
    let keep = |(mut column, cells): (BlockColumn, &Vec<K::Cell>)| {
        let kept: Vec<u8> = (0..=u8::MAX)
            .zip(cells)
            .take(column.levels.len())
            .filter(|(_, c)| enough(c))
            .map(|(code, _)| code)
            .collect();
        if kept.len() == column.levels.len() {
            return column;
        }
        let last = u8::try_from(kept.len()).unwrap_or(u8::MAX);
        let mut new_code = [last; 256];
        for (new, old) in (0..=u8::MAX).zip(&kept) {
            if let Some(slot) = new_code.get_mut(usize::from(*old)) {
                *slot = new;
            }
        }
        column.codes.iter_mut().for_each(|code| *code = new_code.get(usize::from(*code)).copied().unwrap_or(last));
        column.levels = kept;
        column
    };
    let columns: Vec<BlockColumn> = columns.into_iter().zip(singles).map(keep).collect();
    Block { columns: columns.into_iter().filter(|c| !c.levels.is_empty()).collect(), rows }
}

/// Visits that looking at everything takes: `n·(C(m, 2) + … + C(m, L))`.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
fn visits_of(n_rows: usize, n_columns: usize, max_terms: usize) -> u64 {
    let m = n_columns as f64;
    let (mut subsets, mut sum) = (m, 0.0);
    for l in 2..=max_terms.min(n_columns) {
        subsets *= (m - l as f64 + 1.0) / l as f64;
        sum += subsets;
    }
    (n_rows as f64 * sum).min(1e18) as u64
}

/// How many conjunctions of 1 to `max_terms` levels of different columns there are.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bound")]
fn most_conjunctions(widths: &[u64], max_terms: usize) -> u64 {
    // Elementary symmetric polynomials of the numbers of levels.
    let mut e = vec![0.0; max_terms + 1];
    if let Some(one) = e.first_mut() {
        *one = 1.0;
    }
    for width in widths {
        for l in (1..=max_terms).rev() {
            let less = e.get(l - 1).copied().unwrap_or(0.0);
            if let Some(slot) = e.get_mut(l) {
                *slot += less * *width as f64;
            }
        }
    }
    e.iter().skip(1).sum::<f64>().min(1e18) as u64
}
