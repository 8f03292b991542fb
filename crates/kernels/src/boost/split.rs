//! The best split of a node out of its sums by bin.

use super::bins::{Binned, Cut};
use super::fit::Boosting;
use super::histogram::Cell;

/// Levels up to which a column of names is tried without extra smoothing.
const FEW_LEVELS: usize = 4;
/// Added to the second derivatives of columns of many names, whose order is fitted to the same rows.
const CATEGORY_SMOOTHING: f64 = 10.0;

/// A way to part a node.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) column: usize,
    pub(crate) gain: f64,
    /// Bins that go to the left; bit 0 is for missing values.
    pub(crate) bins: [u64; 4],
    pub(crate) left: Cell,
    pub(crate) right: Cell,
}

fn score(cell: Cell, l2: f64) -> f64 {
    cell.g * cell.g / (cell.h + l2)
}

fn with_bin(mut bins: [u64; 4], bin: usize) -> [u64; 4] {
    if let Some(word) = bins.get_mut(bin >> 6) {
        *word |= 1 << (bin & 63);
    }
    bins
}

impl Boosting {
    fn may_stand(&self, cell: Cell) -> bool {
        cell.n >= self.min_leaf_rows && cell.h >= self.min_leaf_weight
    }

    /// The best split over the columns that `may_use` allows; none where nothing gains.
    pub(crate) fn best_split(
        &self,
        data: &Binned,
        offsets: &[usize],
        cells: &[Cell],
        whole: Cell,
        may_use: impl Fn(usize) -> bool,
    ) -> Option<Split> {
        let mut best: Option<Split> = None;
        for (column, offset) in offsets.iter().enumerate().filter(|(c, _)| may_use(*c)) {
            let n_bins = data.n_bins.get(column).copied().unwrap_or(0);
            let Some(cells) = cells.get(*offset..offset + n_bins) else { continue };
            let found = match data.cut(column) {
                Some(Cut::Number { .. }) => self.best_threshold(column, cells, whole),
                Some(Cut::Codes { .. }) => self.best_subset(column, cells, whole),
                None => None,
            };
            // The first of equal ones stays: a tie must not hang on anything else.
            if let Some(found) = found.filter(|f| best.as_ref().is_none_or(|b| f.gain > b.gain)) {
                best = Some(found);
            }
        }
        best
    }

    fn offer(&self, best: &mut Option<Split>, column: usize, whole: Cell, left: Cell, l2: f64, bins: [u64; 4]) {
        let right = whole.minus(left);
        if !(self.may_stand(left) && self.may_stand(right)) {
            return;
        }
        let gain = score(left, l2) + score(right, l2) - score(whole, l2);
        if gain > self.min_gain && gain.is_finite() && best.as_ref().is_none_or(|b| gain > b.gain) {
            *best = Some(Split { column, gain, bins, left, right });
        }
    }

    fn best_threshold(&self, column: usize, cells: &[Cell], whole: Cell) -> Option<Split> {
        let mut best = None;
        let missing = cells.first().copied().unwrap_or_default();
        let (mut left, mut bins) = (Cell::default(), [0; 4]);
        let last = cells.iter().rposition(|c| c.n > 0).unwrap_or(0);
        for (bin, cell) in cells.iter().enumerate().skip(1) {
            bins = with_bin(bins, bin);
            if cell.n == 0 {
                continue;
            }
            left = left.plus(*cell);
            if bin == last {
                // Values against missing ones: every value goes to the left, whatever it is.
                if missing.n > 0 {
                    let all = (1..cells.len()).fold([0; 4], with_bin);
                    self.offer(&mut best, column, whole, left, self.l2, all);
                }
                break;
            }
            self.offer(&mut best, column, whole, left, self.l2, bins);
            if missing.n > 0 {
                self.offer(&mut best, column, whole, left.plus(missing), self.l2, with_bin(bins, 0));
            }
        }
        // A value that was never missing here goes with the larger side when it is missing later.
        if missing.n == 0
            && let Some(split) = best.as_mut()
            && split.left.n >= split.right.n
        {
            split.bins = with_bin(split.bins, 0);
        }
        best
    }

    fn best_subset(&self, column: usize, cells: &[Cell], whole: Cell) -> Option<Split> {
        let mut levels: Vec<(usize, Cell)> = cells.iter().copied().enumerate().filter(|(_, c)| c.n > 0).collect();
        if levels.len() < 2 {
            return None;
        }
        let l2 = if levels.len() > FEW_LEVELS { self.l2 + CATEGORY_SMOOTHING } else { self.l2 };
        let rank = |c: &Cell| c.g / (c.h + CATEGORY_SMOOTHING);
        levels.sort_by(|(i, a), (j, b)| rank(a).total_cmp(&rank(b)).then(i.cmp(j)));
        let mut best = None;
        let (mut left, mut bins) = (Cell::default(), [0; 4]);
        for (bin, cell) in levels.iter().take(levels.len() - 1) {
            left = left.plus(*cell);
            bins = with_bin(bins, *bin);
            self.offer(&mut best, column, whole, left, l2, bins);
        }
        // Names that have no rows here, and missing values where there were none, go with the larger side.
        if let Some(split) = best.as_mut()
            && split.left.n >= split.right.n
        {
            for (bin, _) in cells.iter().enumerate().filter(|(_, c)| c.n == 0) {
                split.bins = with_bin(split.bins, bin);
            }
        }
        best
    }
}
