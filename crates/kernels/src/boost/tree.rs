//! A boosted model and its trees, open to be read.

use super::bins::Binned;
use super::{BoostColumn, Loss};

/// How a split sends a value to the left.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Numbers at or below the threshold.
    AtMost(f64),
    /// The codes for which this is true; a code beyond the list goes where missing values go.
    Among(Vec<bool>),
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq)]
pub enum BoostNode {
    /// Rows part here.
    Split {
        /// The column.
        column: usize,
        /// Which values go to the left.
        rule: Rule,
        /// Whether missing values go to the left.
        missing_left: bool,
        /// Place of the left child.
        left: usize,
        /// Place of the right child.
        right: usize,
        /// What the split gained.
        gain: f64,
        /// Training rows.
        n: u64,
        /// Sum of their second derivatives times weights (for squared loss: of the weights).
        cover: f64,
    },
    /// Rows end here.
    Leaf {
        /// What is added to the score.
        value: f64,
        /// Training rows.
        n: u64,
        /// Sum of their second derivatives times weights.
        cover: f64,
    },
}

/// A tree; the root is the first node.
#[derive(Clone, Debug, PartialEq)]
pub struct BoostTree {
    /// The nodes; a child stands behind its parent.
    pub nodes: Vec<BoostNode>,
    /// The same, on bytes.
    pub(crate) fast: Vec<FastNode>,
}

/// A node on bytes: the bins that go to the left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FastNode {
    pub(crate) column: u32,
    /// Place of the left child; 0 at a leaf.
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) bins: [u64; 4],
    pub(crate) value: f64,
}

/// A fitted model: `base + Σ trees` on the scale of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Boosted {
    /// The loss it was fitted by.
    pub loss: Loss,
    /// What is there before the first tree.
    pub base: f64,
    /// The trees; their leaves hold the learning rate already.
    pub trees: Vec<BoostTree>,
}

impl FastNode {
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "hot loop: a byte shifted by six is below four")]
    pub(crate) fn goes_left(&self, bin: u8) -> bool {
        self.bins[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1
    }
}

impl BoostTree {
    /// Value of a row of bytes.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "hot loop: children and columns were made by the grower")]
    pub(crate) fn value_of_bytes(&self, row: &[u8]) -> f64 {
        let mut node = &self.fast[0];
        while node.left != 0 {
            let bin = row[node.column as usize];
            node = &self.fast[if node.goes_left(bin) { node.left } else { node.right } as usize];
        }
        node.value
    }

    /// Value of a row of columns.
    #[must_use]
    pub fn value(&self, columns: &[BoostColumn<'_>], row: usize) -> f64 {
        let mut place = 0;
        loop {
            match self.nodes.get(place) {
                None => return 0.0,
                Some(BoostNode::Leaf { value, .. }) => return *value,
                Some(BoostNode::Split { column, rule, missing_left, left, right, .. }) => {
                    let is_left = columns.get(*column).and_then(|c| rule.sends_left(c, row)).unwrap_or(*missing_left);
                    place = if is_left { *left } else { *right };
                }
            }
        }
    }
}

impl Rule {
    /// Whether the value goes to the left; none for a missing one.
    fn sends_left(&self, column: &BoostColumn<'_>, row: usize) -> Option<bool> {
        match (self, column) {
            (Self::AtMost(threshold), BoostColumn::Number(x)) => {
                x.get(row).copied().filter(|x| !x.is_nan()).map(|x| x <= *threshold)
            }
            (Self::Among(left), BoostColumn::Codes { codes, .. }) => {
                codes.get(row).and_then(|c| left.get(*c as usize)).copied()
            }
            _ => None,
        }
    }
}

impl Boosted {
    /// Scores (before the link) of some rows by the first `n_trees` trees.
    #[must_use]
    pub fn scores(&self, data: &Binned, rows: &[u32], n_trees: usize) -> Vec<f64> {
        rows.iter()
            .map(|row| {
                let bytes = data.row(*row as usize);
                self.trees.iter().take(n_trees).fold(self.base, |sum, tree| sum + tree.value_of_bytes(bytes))
            })
            .collect()
    }

    /// Predictions (chances for the logistic loss) of some rows of the data it was fitted on.
    #[must_use]
    pub fn predict_binned(&self, data: &Binned, rows: &[u32]) -> Vec<f64> {
        let mut out = self.scores(data, rows, self.trees.len());
        out.iter_mut().for_each(|s| *s = self.loss.predicted(*s));
        out
    }

    /// Predictions of the first `n_rows` rows of any columns of the same kinds in the same order.
    #[must_use]
    pub fn predict(&self, columns: &[BoostColumn<'_>], n_rows: usize) -> Vec<f64> {
        (0..n_rows)
            .map(|row| self.loss.predicted(self.trees.iter().fold(self.base, |s, tree| s + tree.value(columns, row))))
            .collect()
    }

    /// The gain that each of `n_columns` columns brought, summed over all splits.
    #[must_use]
    pub fn gains(&self, n_columns: usize) -> Vec<f64> {
        let mut gains = vec![0.0; n_columns];
        for node in self.trees.iter().flat_map(|t| &t.nodes) {
            if let BoostNode::Split { column, gain, .. } = node
                && let Some(sum) = gains.get_mut(*column)
            {
                *sum += gain;
            }
        }
        gains
    }
}
