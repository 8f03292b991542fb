//! One decision tree: its nodes, its rules and what its leaves say.

/// How a number is held against a threshold to go left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Left when `x <= threshold` (LightGBM, CatBoost, scikit-learn).
    LessOrEqual,
    /// Left when `x < threshold` (XGBoost).
    Less,
}

/// Which way a row goes at a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// By a number.
    Threshold {
        /// The number it is held against.
        threshold: f64,
        /// How.
        comparison: Comparison,
        /// Numbers within `1e-35` of zero count as missing (LightGBM's `zero_as_missing`).
        zero_is_missing: bool,
        /// Missing goes left.
        missing_left: bool,
    },
    /// By a category.
    Categories {
        /// Codes in ascending order.
        listed: Box<[u32]>,
        /// Listed codes go left and all others right, or the other way round.
        listed_left: bool,
        /// Missing goes left.
        missing_left: bool,
    },
}

/// What stands at a place in a tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A question.
    Split {
        /// Index into the ensemble's features.
        feature: usize,
        /// Which way.
        rule: Rule,
        /// Node for those that go left.
        left: usize,
        /// Node for those that go right.
        right: usize,
    },
    /// An answer: index of the leaf, `0..n_leaves`.
    Leaf(usize),
}

/// A linear model in a leaf: `constant + Σ coefficient·x`, or the leaf's plain value when an `x` is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinearLeaf {
    /// Constant term.
    pub constant: f64,
    /// Features with their coefficients.
    pub terms: Vec<(usize, f64)>,
}

/// What a tree is made of, unchecked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeParts {
    /// Nodes; the first is the root.
    pub nodes: Vec<Node>,
    /// Leaf values, leaf by leaf: shape `(n_leaves, width)`, where width is 1 for a tree with one output and
    /// the number of outputs otherwise.
    pub values: Vec<f64>,
    /// The output it adds to, or `None` when its leaves hold a value for each output.
    pub output: Option<usize>,
    /// Training weight that reached each node (rows, weights or sums of hessians), where the file has it.
    pub covers: Option<Vec<f64>>,
    /// Linear models in the leaves, one per leaf, or none.
    pub linear: Vec<LinearLeaf>,
}

/// A decision tree. Invariant: node 0 is the root, every other node is the child of exactly one split, and
/// every leaf index occurs once.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    parts: TreeParts,
    n_leaves: usize,
    depth: usize,
}

/// Parts that are not a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// There are no nodes.
    #[error("there are no nodes")]
    Empty,
    /// A child lies outside of the tree.
    #[error("node {node} has the child {child}, but there are {n_nodes} nodes")]
    ChildOutOfRange {
        /// The node.
        node: usize,
        /// Its child.
        child: usize,
        /// Number of nodes.
        n_nodes: usize,
    },
    /// A node has two parents, or is its own ancestor.
    #[error("node {node} is reached twice (the nodes form a cycle or share a branch)")]
    ReachedTwice {
        /// The node.
        node: usize,
    },
    /// Nothing leads to a node.
    #[error("node {node} is not reached from the root")]
    Unreached {
        /// The node.
        node: usize,
    },
    /// Leaf indices are not `0..n_leaves`, each once.
    #[error("leaf {leaf} is out of range or occurs twice among {n_leaves} leaves")]
    Leaf {
        /// The leaf.
        leaf: usize,
        /// Number of leaves.
        n_leaves: usize,
    },
    /// An array has another length than the nodes or leaves ask for.
    #[error("there are {found} {what}, {expected} are needed")]
    Length {
        /// Which array.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What it should be.
        expected: usize,
    },
}

impl Rule {
    /// Whether an encoded value goes left. A number stands for itself, a category for its code; NaN is
    /// missing. See [`crate::TreeEnsemble::encode`].
    #[must_use]
    pub fn goes_left(&self, x: f64) -> bool {
        match self {
            Self::Threshold { threshold, comparison, zero_is_missing, missing_left } => {
                if x.is_nan() || (*zero_is_missing && is_zero(x)) {
                    return *missing_left;
                }
                match comparison {
                    Comparison::LessOrEqual => x <= *threshold,
                    Comparison::Less => x < *threshold,
                }
            }
            Self::Categories { listed, listed_left, missing_left } => {
                if x.is_nan() {
                    return *missing_left;
                }
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are encoded whole")]
                let code = x as u32;
                listed.binary_search(&code).is_ok() == *listed_left
            }
        }
    }
}

/// LightGBM's `kZeroThreshold`, a single-precision constant.
pub(super) const ZERO: f64 = 1e-35_f32 as f64;

/// Zero in the sense of LightGBM.
pub(super) fn is_zero(x: f64) -> bool {
    (-ZERO..=ZERO).contains(&x)
}

impl Tree {
    /// Checks the parts: children within range, each node reached exactly once from the root (so there are
    /// neither cycles nor shared branches), each leaf index once, arrays of the right length. `n_outputs` is
    /// the width of the leaves of a tree without an output of its own.
    ///
    /// # Errors
    /// Says which node, leaf or array is wrong.
    pub fn new(parts: TreeParts, n_outputs: usize) -> Result<Self, TreeError> {
        let n_nodes = parts.nodes.len();
        let n_leaves = parts.nodes.iter().filter(|n| matches!(n, Node::Leaf(_))).count();
        let mut seen = vec![false; n_nodes];
        let mut leaf_seen = vec![false; n_leaves];
        let mut depth = 0;
        let mut stack = vec![(0_usize, 0_usize)];
        if n_nodes == 0 {
            return Err(TreeError::Empty);
        }
        while let Some((at, level)) = stack.pop() {
            match seen.get_mut(at) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(TreeError::ReachedTwice { node: at }),
            }
            depth = depth.max(level);
            match parts.nodes.get(at) {
                Some(Node::Split { left, right, .. }) => {
                    for child in [*right, *left] {
                        if child >= n_nodes {
                            return Err(TreeError::ChildOutOfRange { node: at, child, n_nodes });
                        }
                        stack.push((child, level + 1));
                    }
                }
                Some(Node::Leaf(leaf)) => match leaf_seen.get_mut(*leaf) {
                    Some(seen) if !*seen => *seen = true,
                    _ => return Err(TreeError::Leaf { leaf: *leaf, n_leaves }),
                },
                None => return Err(TreeError::Unreached { node: at }),
            }
        }
        if let Some(node) = seen.iter().position(|s| !s) {
            return Err(TreeError::Unreached { node });
        }
        let width = if parts.output.is_some() { 1 } else { n_outputs };
        let length = |what, found, expected| {
            if found == expected { Ok(()) } else { Err(TreeError::Length { what, found, expected }) }
        };
        length("leaf values", parts.values.len(), n_leaves.saturating_mul(width))?;
        if let Some(covers) = &parts.covers {
            length("node covers", covers.len(), n_nodes)?;
        }
        if !parts.linear.is_empty() {
            length("linear leaves", parts.linear.len(), n_leaves)?;
        }
        Ok(Self { parts, n_leaves, depth })
    }

    /// The nodes; the first is the root.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.parts.nodes
    }

    /// Leaf values, shape `(n_leaves, width)`: width 1 when [`Tree::output`] names an output, otherwise the
    /// ensemble's number of outputs.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.parts.values
    }

    /// The output it adds to; `None` when it adds to all of them.
    #[must_use]
    pub fn output(&self) -> Option<usize> {
        self.parts.output
    }

    /// Training weight that reached each node: rows in LightGBM, sums of hessians in XGBoost, weights in
    /// CatBoost. `None` where the file does not say.
    #[must_use]
    pub fn covers(&self) -> Option<&[f64]> {
        self.parts.covers.as_deref()
    }

    /// Linear models in the leaves, one per leaf; empty for constant leaves.
    #[must_use]
    pub fn linear(&self) -> &[LinearLeaf] {
        &self.parts.linear
    }

    /// Number of leaves.
    #[must_use]
    pub fn n_leaves(&self) -> usize {
        self.n_leaves
    }

    /// Splits on the longest way from the root to a leaf.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The leaf that an encoded row falls into.
    #[must_use]
    pub fn leaf_of(&self, row: &[f64]) -> Option<usize> {
        let mut at = 0;
        loop {
            match self.parts.nodes.get(at)? {
                Node::Leaf(leaf) => return Some(*leaf),
                Node::Split { feature, rule, left, right } => {
                    at = if rule.goes_left(*row.get(*feature)?) { *left } else { *right };
                }
            }
        }
    }
}
