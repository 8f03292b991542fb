//! One pass over the rows: counts of truth and prediction in every combination of groups.

use std::collections::BTreeMap;

use equipoise_data::{Frame, Rows};
use equipoise_document::Task;
use equipoise_kernels::{Confusion, Merge};

use crate::counted::{Cell, codes_of};

/// Rows whose keys are made at once; the keys stay in the nearest cache.
const BLOCK: usize = 4096;
/// Up to this many different keys are counted in a plain array.
const DENSE_KEYS: u64 = 16_384;
/// Up to this many are counted in pairs: two tables of pairs stay in the nearest cache.
const MOST_IN_PAIRS: usize = 48;

/// How group codes, truth and prediction become one number, the last counting fastest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Keys {
    /// Number of groups of each grouping of the frame.
    pub radices: Vec<u64>,
    /// Number of classes; 1 for regression, where cells are plain groups.
    pub n_classes: u64,
}

impl Keys {
    /// The keys of a frame; none when there are more combinations than 64 bits can name.
    pub(super) fn of(frame: &Frame) -> Option<Self> {
        let n_classes = if frame.task == Task::Regression { 1 } else { frame.classes.len().max(1) as u64 };
        let radices: Vec<u64> = frame.groupings().iter().map(|g| g.levels.len().max(1) as u64).collect();
        let cells = n_classes.checked_mul(n_classes)?;
        radices.iter().try_fold(cells, |n, r| n.checked_mul(*r))?;
        Some(Self { radices, n_classes })
    }

    /// Cells of one group.
    pub(super) fn n_cells(&self) -> u64 {
        self.n_classes * self.n_classes
    }

    fn n_keys(&self) -> u64 {
        self.n_cells() * self.radices.iter().product::<u64>()
    }

    /// Keys of the groups of a block of rows, without truth and prediction.
    pub(super) fn of_groups(&self, rows: &Rows<'_>, from: usize, keys: &mut [u64]) {
        keys.fill(0);
        for (grouping, radix) in self.radices.iter().enumerate() {
            let codes = rows.groups(grouping).get(from..from + keys.len()).unwrap_or_default();
            for (key, code) in keys.iter_mut().zip(codes) {
                *key = *key * radix + u64::from(*code);
            }
        }
    }

    /// The same in 16 bits with truth and prediction, for few keys: four times as many at once.
    fn of_cells(&self, rows: &Rows<'_>, from: usize, keys: &mut [u16]) {
        keys.fill(0);
        let mut append = |codes: &[u16], radix: u64| {
            #[allow(clippy::cast_possible_truncation, reason = "only called for at most DENSE_KEYS keys")]
            let radix = radix as u16;
            for (key, code) in keys.iter_mut().zip(codes) {
                *key = key.wrapping_mul(radix).wrapping_add(*code);
            }
        };
        let to = from + BLOCK.min(rows.len() - from);
        for (grouping, radix) in self.radices.iter().enumerate() {
            append(rows.groups(grouping).get(from..to).unwrap_or_default(), *radix);
        }
        if self.n_classes > 1 {
            let predicted = rows.predicted.map(|p| p.classes()).unwrap_or_default();
            append(rows.truth.classes().get(from..to).unwrap_or_default(), self.n_classes);
            append(predicted.get(from..to).unwrap_or_default(), self.n_classes);
        }
    }

    /// Group codes out of a group key.
    pub(super) fn codes(&self, key: u64) -> Vec<u16> {
        codes_of(key, &self.radices)
    }
}

/// Cells by key. *Exact* for rows, *stable* for weights (1e-12 relative for any cut of the rows).
#[derive(Clone, Debug)]
pub(super) enum CellTable {
    /// All keys in order.
    Dense(Vec<Cell>),
    /// Those that occur.
    Sparse(BTreeMap<u64, Cell>),
}

impl CellTable {
    /// Counts a cohort's rows.
    pub(super) fn count(frame: &Frame, cohort: usize, keys: &Keys) -> BTreeMap<u64, Cell> {
        let is_dense = keys.n_keys() <= DENSE_KEYS;
        let size = if is_dense { usize::try_from(keys.n_keys()).unwrap_or(0) } else { 0 };
        let start = || if is_dense { Self::Dense(vec![Cell::default(); size]) } else { Self::Sparse(BTreeMap::new()) };
        let table = frame.reduce(cohort, start, |table, rows| table.push_rows(keys, rows));
        match table {
            Self::Sparse(cells) => cells,
            Self::Dense(cells) => {
                cells.into_iter().enumerate().filter(|(_, c)| c.rows > 0).map(|(k, c)| (k as u64, c)).collect()
            }
        }
    }

    fn push_rows(&mut self, keys: &Keys, rows: &Rows<'_>) {
        match (self, rows.weight) {
            (Self::Dense(cells), None) => count_dense(cells, keys, rows),
            (Self::Dense(cells), Some(weight)) => {
                let mut block = [0_u16; BLOCK];
                for (i, weights) in weight.chunks(BLOCK).enumerate() {
                    keys.of_cells(rows, i * BLOCK, &mut block);
                    for (key, w) in block.iter().zip(weights) {
                        if let Some(cell) = cells.get_mut(usize::from(*key)) {
                            cell.merge_from(Cell::of_row(*w));
                        }
                    }
                }
            }
            (Self::Sparse(cells), _) => count_sparse(cells, keys, rows),
        }
    }
}

/// Counts rows of few keys. Equal keys one after the other would wait for each other, so several tables take turns; with
/// very few keys two rows are counted by one increment in a table of pairs.
#[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
fn count_dense(cells: &mut [Cell], keys: &Keys, rows: &Rows<'_>) {
    let size = cells.len();
    let is_paired = size <= MOST_IN_PAIRS;
    let (width, lanes) = match size {
        _ if is_paired => (size * size, 2),
        0..=2048 => (size, 4),
        _ => (size, 1),
    };
    let mut counts = vec![0_u32; width * lanes];
    let mut block = [0_u16; BLOCK];
    let mut last = Vec::new();
    for from in (0..rows.len()).step_by(BLOCK) {
        let n = BLOCK.min(rows.len() - from);
        keys.of_cells(rows, from, &mut block);
        let block = block.get(..n).unwrap_or_default();
        let mut add = |place: usize| {
            if let Some(count) = counts.get_mut(place) {
                *count += 1;
            }
        };
        let (fours, rest) = block.as_chunks::<4>();
        match (is_paired, lanes) {
            (true, _) => {
                for keys in fours {
                    let [a, b, c, d] = keys.map(usize::from);
                    add(a * size + b);
                    add(width + c * size + d);
                }
                last.extend_from_slice(rest);
            }
            (false, 4) => {
                for keys in fours {
                    let [a, b, c, d] = keys.map(usize::from);
                    add(a);
                    add(width + b);
                    add(2 * width + c);
                    add(3 * width + d);
                }
                rest.iter().for_each(|key| add(usize::from(*key)));
            }
            (false, _) => block.iter().for_each(|key| add(usize::from(*key))),
        }
    }
    for lane in counts.chunks_exact(width.max(1)) {
        if is_paired {
            for (first, row) in lane.chunks_exact(size.max(1)).enumerate() {
                let n: u64 = row.iter().map(|count| u64::from(*count)).sum();
                if let Some(cell) = cells.get_mut(first) {
                    cell.rows += n;
                }
                for (cell, count) in cells.iter_mut().zip(row) {
                    cell.rows += u64::from(*count);
                }
            }
        } else {
            for (cell, count) in cells.iter_mut().zip(lane) {
                cell.rows += u64::from(*count);
            }
        }
    }
    for key in last {
        if let Some(cell) = cells.get_mut(usize::from(key)) {
            cell.rows += 1;
        }
    }
    for cell in cells {
        cell.weight = cell.rows as f64;
        cell.squares = cell.weight;
    }
}

fn count_sparse(cells: &mut BTreeMap<u64, Cell>, keys: &Keys, rows: &Rows<'_>) {
    let mut block = vec![0_u64; BLOCK];
    let (truth, predicted) = (rows.truth.classes(), rows.predicted.map(|p| p.classes()).unwrap_or_default());
    for from in (0..rows.len()).step_by(BLOCK) {
        let n = BLOCK.min(rows.len() - from);
        let Some(block) = block.get_mut(..n) else { continue };
        keys.of_groups(rows, from, block);
        for (i, group) in block.iter().enumerate() {
            let place = from + i;
            let class = |of: &[u16]| of.get(place).copied().map_or(0, u64::from);
            let cell = if keys.n_classes > 1 { class(truth) * keys.n_classes + class(predicted) } else { 0 };
            let w = rows.weight_at(place);
            cells.entry(group * keys.n_cells() + cell).or_default().merge_from(Cell::of_row(w));
        }
    }
}

impl Merge for CellTable {
    fn merge_from(&mut self, other: Self) {
        match (self, other) {
            (Self::Dense(mine), Self::Dense(theirs)) => mine.merge_from(theirs),
            (Self::Sparse(mine), Self::Sparse(theirs)) => mine.merge_from(theirs),
            // All states of a pass start alike.
            (Self::Dense(_), Self::Sparse(_)) | (Self::Sparse(_), Self::Dense(_)) => {}
        }
    }
}

/// Truth by prediction of every combination of groups that occurs among a cohort's rows, in one pass: group codes in the
/// order of the frame's groupings, and weights. Every label metric of every grouping follows from it.
///
/// None when the combinations cannot be told apart in 64 bits, or without classes.
#[must_use]
pub fn confusion_by_group(frame: &Frame, cohort: usize) -> Option<Vec<(Vec<u16>, Confusion)>> {
    let keys = Keys::of(frame).filter(|keys| keys.n_classes > 1)?;
    let k = usize::try_from(keys.n_classes).ok()?;
    let mut by_group: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (key, cell) in CellTable::count(frame, cohort, &keys) {
        let cells = by_group.entry(key / keys.n_cells()).or_insert_with(|| vec![0.0; k * k]);
        if let Some(place) = usize::try_from(key % keys.n_cells()).ok().and_then(|place| cells.get_mut(place)) {
            *place += cell.weight;
        }
    }
    Some(by_group.into_iter().map(|(key, cells)| (keys.codes(key), Confusion::from_cells(k, cells))).collect())
}
