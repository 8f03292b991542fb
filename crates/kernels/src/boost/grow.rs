//! One tree, leaf by leaf: the leaf whose split gains most is parted next.

use super::bins::{Binned, Cut};
use super::fit::Boosting;
use super::histogram::{Cell, Histogram};
use super::split::Split;
use super::tree::{BoostNode, BoostTree, FastNode, Rule};

/// What all trees of a fit share.
pub(crate) struct Ground<'a> {
    pub(crate) data: &'a Binned,
    pub(crate) offsets: &'a [usize],
    pub(crate) n_cells: usize,
    pub(crate) task: &'a Boosting,
}

/// A leaf that may still be parted.
struct Open {
    node: usize,
    depth: u32,
    /// Its rows within the order.
    range: std::ops::Range<usize>,
    histogram: Option<Histogram>,
    split: Option<Split>,
}

/// A grown tree, and which rows ended in which leaf.
pub(crate) struct Grown {
    pub(crate) tree: BoostTree,
    /// Rows by leaf.
    pub(crate) order: Vec<u32>,
    /// Leaf value and its range within the order.
    pub(crate) leaves: Vec<(f64, std::ops::Range<usize>)>,
}

impl Ground<'_> {
    /// Grows a tree on the given rows (ascending).
    #[allow(clippy::indexing_slicing, reason = "ranges and places were made here and lie inside")]
    pub(crate) fn grow(&self, rows: &[u32], derivatives: &[(f64, f64)], columns: &[bool]) -> Grown {
        let mut order = rows.to_vec();
        let mut sums = Cell::default();
        for row in rows {
            let (g, h) = derivatives[*row as usize];
            sums = sums.plus(Cell { g, h, n: 1 });
        }
        let mut nodes = vec![self.leaf(sums)];
        let mut totals = vec![sums];
        let mut splits: Vec<Option<Split>> = vec![None];
        let mut open = vec![self.open(0, 0, 0..order.len(), sums, None, (&order, derivatives), columns)];
        let mut scratch = Vec::new();
        let mut n_leaves = 1;
        while n_leaves < self.task.max_leaves.max(2) {
            // The first of equal gains is taken.
            let mut best: Option<(usize, f64)> = None;
            for (i, leaf) in open.iter().enumerate() {
                if let Some(split) = leaf.split.as_ref().filter(|s| best.is_none_or(|(_, gain)| s.gain > gain)) {
                    best = Some((i, split.gain));
                }
            }
            let Some((at, _)) = best else { break };
            let leaf = open.remove(at);
            let Some(split) = leaf.split else { break };
            let middle = leaf.range.start + self.part(&split, &mut order[leaf.range.clone()], &mut scratch);
            let (left, right) = (nodes.len(), nodes.len() + 1);
            nodes[leaf.node] = self.node(&split, left, right, totals[leaf.node]);
            nodes.extend([self.leaf(split.left), self.leaf(split.right)]);
            totals.extend([split.left, split.right]);
            splits.extend([None, None]);
            let ranges = (leaf.range.start..middle, middle..leaf.range.end);
            let depth = leaf.depth + 1;
            // The smaller child is summed, the larger one is the rest.
            let may_part = n_leaves + 1 < self.task.max_leaves && depth < self.task.max_depth;
            let (small, large) = if may_part {
                let is_left = split.left.n <= split.right.n;
                let range = if is_left { &ranges.0 } else { &ranges.1 };
                let small = self.sum(&order[range.clone()], derivatives);
                let large = leaf.histogram.map(|parent| parent.minus(&small));
                if is_left { (Some(small), large) } else { (large, Some(small)) }
            } else {
                (None, None)
            };
            let context = (order.as_slice(), derivatives);
            open.push(self.open(left, depth, ranges.0, split.left, small, context, columns));
            open.push(self.open(right, depth, ranges.1, split.right, large, context, columns));
            splits[leaf.node] = Some(split);
            n_leaves += 1;
        }
        let fast = self.fast(&nodes, &splits);
        let mut leaves = Vec::new();
        for leaf in open {
            if let BoostNode::Leaf { value, .. } = &nodes[leaf.node] {
                leaves.push((*value, leaf.range));
            }
        }
        Grown { tree: BoostTree { nodes, fast }, order, leaves }
    }

    fn sum(&self, rows: &[u32], derivatives: &[(f64, f64)]) -> Histogram {
        Histogram::over(self.data, self.offsets, self.n_cells, rows, derivatives)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of a leaf")]
    #[allow(clippy::indexing_slicing, reason = "ranges lie inside the order")]
    fn open(
        &self,
        node: usize,
        depth: u32,
        range: std::ops::Range<usize>,
        sums: Cell,
        histogram: Option<Histogram>,
        (order, derivatives): (&[u32], &[(f64, f64)]),
        columns: &[bool],
    ) -> Open {
        let may_part = depth < self.task.max_depth && sums.n >= 2 * self.task.min_leaf_rows.max(1);
        let histogram = match histogram {
            Some(histogram) => Some(histogram),
            None if depth == 0 => Some(self.sum(&order[range.clone()], derivatives)),
            None => None,
        };
        let split = histogram.as_ref().filter(|_| may_part).and_then(|h| {
            let may_use = |column: usize| columns.get(column).copied().unwrap_or(true);
            self.task.best_split(self.data, self.offsets, &h.cells, sums, may_use)
        });
        // Without a split the sums are of no use any more.
        let histogram = if split.is_some() { histogram } else { None };
        Open { node, depth, range, histogram, split }
    }

    fn leaf(&self, sums: Cell) -> BoostNode {
        let value = -self.task.learning_rate * sums.g / (sums.h + self.task.l2);
        BoostNode::Leaf { value: if value.is_finite() { value } else { 0.0 }, n: sums.n, cover: sums.h }
    }

    fn node(&self, split: &Split, left: usize, right: usize, sums: Cell) -> BoostNode {
        let goes_left = |bin: usize| split.bins.get(bin >> 6).is_some_and(|w| w >> (bin & 63) & 1 == 1);
        let rule = match self.data.cut(split.column) {
            Some(Cut::Number { edges }) => {
                let last = (1..=edges.len() + 1).rev().find(|b| goes_left(*b)).unwrap_or(0);
                // All values to the left (missing ones to the right) have no edge of their own.
                Rule::AtMost(last.checked_sub(1).and_then(|e| edges.get(e)).copied().unwrap_or(if last == 0 {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }))
            }
            Some(Cut::Codes { bin_of }) => Rule::Among(bin_of.iter().map(|b| goes_left(usize::from(*b))).collect()),
            None => Rule::Among(Vec::new()),
        };
        BoostNode::Split {
            column: split.column,
            rule,
            missing_left: goes_left(0),
            left,
            right,
            gain: split.gain,
            n: sums.n,
            cover: sums.h,
        }
    }

    /// Moves the rows of the left child to the front, in their order; returns how many there are.
    #[allow(clippy::indexing_slicing, reason = "hot loop: a split's column is a column")]
    fn part(&self, split: &Split, rows: &mut [u32], scratch: &mut Vec<u32>) -> usize {
        scratch.clear();
        let mut n_left = 0;
        for i in 0..rows.len() {
            let row = rows[i];
            let bin = self.data.row(row as usize)[split.column];
            if split.bins[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1 {
                rows[n_left] = row;
                n_left += 1;
            } else {
                scratch.push(row);
            }
        }
        rows[n_left..].copy_from_slice(scratch);
        n_left
    }

    fn fast(&self, nodes: &[BoostNode], splits: &[Option<Split>]) -> Vec<FastNode> {
        let small = |x: usize| u32::try_from(x).unwrap_or(u32::MAX);
        nodes
            .iter()
            .zip(splits)
            .map(|(node, split)| match (node, split) {
                (BoostNode::Split { column, left, right, .. }, Some(split)) => FastNode {
                    column: small(*column),
                    left: small(*left),
                    right: small(*right),
                    bins: split.bins,
                    value: 0.0,
                },
                (BoostNode::Leaf { value, .. }, _) => {
                    FastNode { column: 0, left: 0, right: 0, bins: [0; 4], value: *value }
                }
                (BoostNode::Split { .. }, None) => FastNode { column: 0, left: 0, right: 0, bins: [0; 4], value: 0.0 },
            })
            .collect()
    }
}
