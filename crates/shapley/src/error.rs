//! What cannot be explained, and what to do about it.

/// Why there are no attributions.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ShapleyError {
    /// Leaves hold linear models.
    #[error(
        "tree {tree} has linear models in its leaves, for which tree attributions are not defined\nhint: use a method for any model (permutation or kernel)"
    )]
    LinearLeaves {
        /// The tree.
        tree: usize,
    },
    /// The path-dependent method needs the training weight of each node.
    #[error(
        "tree {tree} does not say how many training rows reached its nodes\nhint: give rows to count them by, or use the interventional method"
    )]
    NoCovers {
        /// The tree.
        tree: usize,
    },
    /// A cover that is no weight.
    #[error(
        "node {node} of tree {tree} has the training weight `{cover}`\nhint: the model file is damaged; save the model again"
    )]
    BadCover {
        /// The tree.
        tree: usize,
        /// The node.
        node: usize,
        /// What it says.
        cover: f64,
    },
    /// The background is empty or weighs nothing.
    #[error("the background has no rows of positive weight\nhint: give rows that stand for the population")]
    EmptyBackground,
    /// A weight that is no weight.
    #[error("background row {row} has the weight `{weight}`\nhint: weights are finite and not negative")]
    BadWeight {
        /// The row.
        row: usize,
        /// Its weight.
        weight: f64,
    },
    /// Values that do not make whole rows.
    #[error("{found} {what} were given, {expected} are needed\nhint: encode the rows with the same model")]
    Shape {
        /// Which values.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many make sense.
        expected: usize,
    },
    /// A feature's group that has no name.
    #[error("feature {feature} belongs to the group {group}, but there are {count} groups\nhint: name each group")]
    Group {
        /// The feature.
        feature: usize,
        /// Its group.
        group: usize,
        /// How many there are.
        count: usize,
    },
    /// A tree is deeper than what is supported.
    #[error(
        "tree {tree} is {depth} splits deep, more than the {limit} that are supported\nhint: use a method for any model (permutation or kernel)"
    )]
    TooDeep {
        /// The tree.
        tree: usize,
        /// Its depth.
        depth: usize,
        /// The bound.
        limit: usize,
    },
    /// Owen values of the path-dependent game need tables.
    #[error(
        "tree {tree} asks more columns on one way than the {limit} that path-dependent values of groups are made for\nhint: use the interventional method, or leave the groups out"
    )]
    TooManyOnPath {
        /// The tree.
        tree: usize,
        /// The bound.
        limit: usize,
    },
    /// What is asked is not defined for groups of columns.
    #[error("{what} cannot be had of columns in groups\nhint: leave the groups out, or make each group one player")]
    Grouped {
        /// What was asked.
        what: &'static str,
    },
    /// What is asked needs a background.
    #[error("{what} needs a background\nhint: use the interventional method")]
    NeedsBackground {
        /// What was asked.
        what: &'static str,
    },
    /// More memory than allowed.
    #[error(
        "{what} needs {needed} bytes, more than the budget of {budget}\nhint: raise the memory budget or explain fewer rows at once"
    )]
    Memory {
        /// What for.
        what: &'static str,
        /// How much.
        needed: usize,
        /// The bound.
        budget: usize,
    },
}
