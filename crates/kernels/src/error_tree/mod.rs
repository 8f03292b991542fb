//! A tree that parts rows where the loss is high from rows where it is low.

mod grow;
mod histogram;
mod split;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::{BinnedColumn, CodeSet, LossSums, Losses, Merge};

pub use grow::grow;

/// How a tree is grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowOptions {
    /// Most splits between the root and a leaf.
    pub max_depth: usize,
    /// Most leaves.
    pub num_leaves: usize,
    /// Fewest rows of a leaf.
    pub min_child_samples: u64,
}

/// A table of binned columns with a loss for each row.
#[derive(Clone, Copy, Debug)]
pub struct LossTable<'a> {
    /// The columns.
    pub columns: &'a [BinnedColumn<'a>],
    /// The loss of each row.
    pub losses: Losses<'a>,
    /// Row weights; 1 where absent.
    pub weight: Option<&'a [f64]>,
}

/// A tree: the first node is the root, and children follow their parents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossTree {
    /// The nodes.
    pub nodes: Vec<LossNode>,
}

/// A node of a tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossNode {
    /// The node above; none at the root.
    pub parent: Option<usize>,
    /// Splits between the root and this node.
    pub depth: usize,
    /// The codes of the parent's split column that lead here; empty at the root.
    pub codes: CodeSet,
    /// The column it is split by, where it is; the children's codes partition that column's codes.
    pub split: Option<usize>,
    /// The nodes below.
    pub children: Vec<usize>,
    /// How much the split lowers the weighted sum of squares of the loss; 0 at a leaf.
    pub gain: f64,
    /// The rows the structure was learned from.
    pub learned: LossSums,
}

/// Rows of a part that walk down a tree together.
const BLOCK: usize = 65_536;

impl LossTree {
    /// The sums of every node over some rows, which need not be those it was learned from. Blocks are merged in order,
    /// so that the sums are the same for any number of threads.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "every row walks along: codes index 256 places and children exist")]
    pub fn sums(&self, table: &LossTable<'_>, rows: &[u32]) -> Vec<LossSums> {
        // For each node the child that a code leads to.
        let route = |node: &LossNode| -> Option<(usize, Vec<usize>)> {
            let column = node.split?;
            let child = |code: u8| node.children.iter().copied().find(|c| self.nodes[*c].codes.contains(code));
            let last = node.children.last().copied().unwrap_or(0);
            Some((column, (0..=u8::MAX).map(|code| child(code).unwrap_or(last)).collect()))
        };
        let routes: Vec<Option<(usize, Vec<usize>)>> = self.nodes.iter().map(route).collect();
        let one = |block: &[u32]| {
            let mut sums = vec![LossSums::default(); self.nodes.len()];
            for row in block {
                let row = *row as usize;
                let mut at = 0;
                while let Some((column, children)) = &routes[at] {
                    at = children[usize::from(table.columns[*column].codes[row])];
                }
                sums[at].push(table.losses.at(row), table.weight.map_or(1.0, |w| w[row]));
            }
            sums
        };
        let mut total = vec![LossSums::default(); self.nodes.len()];
        if self.nodes.is_empty() {
            return total;
        }
        let parts: Vec<Vec<LossSums>> = rows.par_chunks(BLOCK).map(one).collect();
        for part in parts {
            total.merge_from(part);
        }
        // Children follow their parents, so from the last node on every child is complete when it is added.
        for node in (1..self.nodes.len()).rev() {
            if let Some(parent) = self.nodes[node].parent {
                let of_child = total[node];
                total[parent].merge_from(of_child);
            }
        }
        total
    }

    /// The conditions from the root to a node: columns with the codes that are let through, each column once.
    #[must_use]
    pub fn path(&self, node: usize) -> Vec<(usize, CodeSet)> {
        let mut up = Vec::new();
        let mut at = self.nodes.get(node);
        while let Some(node) = at {
            let parent = node.parent.and_then(|p| self.nodes.get(p));
            if let Some(column) = parent.and_then(|p| p.split) {
                up.push((column, node.codes));
            }
            at = parent;
        }
        let mut path: Vec<(usize, CodeSet)> = Vec::new();
        for (column, codes) in up.into_iter().rev() {
            match path.iter_mut().find(|(c, _)| *c == column) {
                Some((_, so_far)) => *so_far = so_far.and(&codes),
                None => path.push((column, codes)),
            }
        }
        path
    }
}
