//! The error tree: where structure is learned from some rows and numbers come from others.

use equipoise_kernels::{CodeSet, GrowOptions, LossSums, LossTable, LossTree, grow, holm};

use super::mask::RowMask;
use super::matrix::ErrorMatrix;

/// How a tree is grown.
#[derive(Clone, Debug)]
pub struct TreeOptions {
    /// Depth, leaves, rows of a leaf.
    pub grow: GrowOptions,
    /// The columns to split by, by their places; all when absent.
    pub columns: Option<Vec<usize>>,
    /// Whether numbers come from rows that the structure has not seen.
    pub honest: bool,
}

/// A tree with the numbers of its nodes.
#[derive(Clone, Debug)]
pub struct ErrorTree {
    /// The nodes; the first is the root, and children follow their parents.
    pub nodes: Vec<ErrorNode>,
    /// Rows that the structure was learned from.
    pub n_learned: u64,
    /// Whether these are other rows than the numbers' own.
    pub is_honest: bool,
}

/// A node with its numbers.
#[derive(Clone, Debug)]
pub struct ErrorNode {
    /// Its place in the tree, from 0.
    pub id: usize,
    /// The node above.
    pub parent: Option<usize>,
    /// Splits between the root and this node.
    pub depth: usize,
    /// Whether it is split further.
    pub is_leaf: bool,
    /// The last condition that leads here, in words; `all rows` at the root.
    pub label: String,
    /// All conditions that lead here, in words.
    pub path: String,
    /// All conditions that lead here, as a predicate of a cohort.
    pub predicate: String,
    /// The conditions: columns with codes.
    pub conditions: Vec<(usize, CodeSet)>,
    /// Rows, weights and losses.
    pub sums: LossSums,
    /// Share of the root's loss.
    pub coverage: Option<f64>,
    /// Test against the rows outside the node: p-value and its name. None at the root, and where structure and numbers
    /// come from the same rows, for which no test holds.
    pub test: Option<(f64, &'static str)>,
    /// The p-value adjusted over the nodes (Holm), which holds however the nodes depend on each other.
    pub adjusted: Option<f64>,
}

impl ErrorMatrix {
    /// The error tree of some rows.
    #[must_use]
    pub fn tree(&self, mask: &RowMask, options: &TreeOptions) -> ErrorTree {
        let all = self.columns();
        let places: Vec<usize> = options.columns.clone().unwrap_or_else(|| (0..all.len()).collect());
        let columns: Vec<_> = places.iter().filter_map(|p| all.get(*p)).copied().collect();
        let table = LossTable { columns: &columns, losses: self.losses(), weight: self.weight() };
        let (learn, measure) = self.learn_and_measure(mask, options.honest);
        let tree = grow(&table, &learn, &options.grow);
        let sums = tree.sums(&table, &measure);
        let place = |conditions: Vec<(usize, CodeSet)>| -> Vec<(usize, CodeSet)> {
            conditions.into_iter().filter_map(|(c, set)| Some((*places.get(c)?, set))).collect()
        };
        let mut nodes: Vec<ErrorNode> =
            (0..tree.nodes.len()).filter_map(|id| self.node(&tree, id, &sums, place(tree.path(id)), &places)).collect();
        if options.honest {
            self.test(&mut nodes);
        }
        ErrorTree { nodes, n_learned: learn.len() as u64, is_honest: options.honest }
    }

    fn node(
        &self,
        tree: &LossTree,
        id: usize,
        sums: &[LossSums],
        conditions: Vec<(usize, CodeSet)>,
        places: &[usize],
    ) -> Option<ErrorNode> {
        let node = tree.nodes.get(id)?;
        let parent = node.parent.and_then(|p| tree.nodes.get(p));
        let column = parent.and_then(|p| p.split).and_then(|c| places.get(c));
        let last: Vec<(usize, CodeSet)> = column.map(|column| (*column, node.codes)).into_iter().collect();
        let (own, root) = (*sums.get(id)?, *sums.first()?);
        Some(ErrorNode {
            id,
            parent: node.parent,
            depth: node.depth,
            is_leaf: node.children.is_empty(),
            label: self.says(&last),
            path: self.says(&conditions),
            predicate: self.predicate(&conditions),
            conditions,
            sums: own,
            coverage: (root.loss() > 0.0).then(|| own.loss() / root.loss()),
            test: None,
            adjusted: None,
        })
    }

    /// Tests every node but the root against the rows outside it.
    fn test(&self, nodes: &mut [ErrorNode]) {
        let Some(root) = nodes.first().map(|n| n.sums) else { return };
        let mut p = Vec::new();
        for node in nodes.iter_mut().skip(1) {
            node.test = node.sums.compare(&root.without(&node.sums), self.is_counted());
            p.extend(node.test.map(|(p, _)| p));
        }
        let mut adjusted = holm(&p).into_iter();
        for node in nodes.iter_mut().filter(|n| n.test.is_some()) {
            node.adjusted = adjusted.next();
        }
    }
}
