//! Trees of the file in the common form.

use super::{
    Places, Refusal,
    ctr::single,
    file::{Nested, Oblivious, OneOrMany, Split},
    hash_of,
};
use crate::trees::{Comparison, Node, Rule, Tree, TreeParts};

/// An oblivious tree with `d` splits is a complete tree of depth `d`: the answer to split `i` is bit `i` of
/// the leaf's number, so the last split stands at the root.
pub(super) fn from_oblivious(
    index: usize,
    tree: &Oblivious,
    n_outputs: usize,
    places: &Places,
) -> Result<Tree, Refusal> {
    let at = format!("oblivious_trees[{index}]");
    let splits = tree.splits.as_deref().unwrap_or_default();
    let depth = u32::try_from(splits.len()).unwrap_or(u32::MAX);
    let n_leaves = 1_usize.checked_shl(depth).filter(|n| n.checked_mul(n_outputs) == Some(tree.leaf_values.len()));
    let Some(n_leaves) = n_leaves else {
        return Err(format!(
            "`{at}` has {} leaf values, which does not fit {depth} splits and {n_outputs} outputs",
            tree.leaf_values.len()
        )
        .into());
    };
    let mut nodes = Vec::with_capacity(2 * n_leaves - 1);
    for (level, split) in splits.iter().rev().enumerate() {
        let (feature, rule) = question(split, &at, places)?;
        for _ in 0..1_usize << level {
            let here = nodes.len();
            nodes.push(Node::Split { feature, rule: rule.clone(), left: 2 * here + 1, right: 2 * here + 2 });
        }
    }
    nodes.extend((0..n_leaves).map(Node::Leaf));
    let covers = (tree.leaf_weights.len() == n_leaves).then(|| {
        // From the bottom up: a node is reached by what reaches its children.
        let mut covers = vec![0.0; n_leaves - 1];
        covers.extend(&tree.leaf_weights);
        for node in (0..n_leaves - 1).rev() {
            let below: f64 = covers.get(2 * node + 1..2 * node + 3).map_or(0.0, |children| children.iter().sum());
            if let Some(cover) = covers.get_mut(node) {
                *cover = below;
            }
        }
        covers
    });
    finish(TreeParts { nodes, values: tree.leaf_values.clone(), covers, ..TreeParts::default() }, n_outputs, &at)
}

/// A tree written as nodes within nodes.
pub(super) fn from_nested(index: usize, root: &Nested, n_outputs: usize, places: &Places) -> Result<Tree, Refusal> {
    let at = format!("trees[{index}]");
    let mut parts = TreeParts::default();
    let mut weights = Vec::new();
    let mut order = vec![root];
    let mut next = 0;
    while let Some(node) = order.get(next).copied() {
        next += 1;
        match (&node.split, &node.left, &node.right) {
            (Some(split), Some(left), Some(right)) => {
                let (feature, rule) = question(split, &at, places)?;
                let children = (order.len(), order.len() + 1);
                order.extend([left.as_ref(), right.as_ref()]);
                parts.nodes.push(Node::Split { feature, rule, left: children.0, right: children.1 });
                weights.push(None);
            }
            (None, None, None) => {
                let value = node.value.as_ref().unwrap_or(&OneOrMany::Many(Vec::new())).values(n_outputs);
                let value = value.map_err(|problem| format!("`{at}`: leaf {}: {problem}", parts.values.len()))?;
                parts.nodes.push(Node::Leaf(parts.values.len() / n_outputs));
                parts.values.extend(value);
                weights.push(node.weight);
            }
            _ => return Err(format!("`{at}`: node {} has not both a split and two children", next - 1).into()),
        }
    }
    parts.covers = covers(&parts.nodes, weights);
    finish(parts, n_outputs, &at)
}

/// Weights of all nodes from those of the leaves. Children come after their parents.
fn covers(nodes: &[Node], mut weights: Vec<Option<f64>>) -> Option<Vec<f64>> {
    for (index, node) in nodes.iter().enumerate().rev() {
        if let Node::Split { left, right, .. } = node {
            let below = [left, right].map(|child| weights.get(*child).copied().flatten());
            *weights.get_mut(index)? = below[0].zip(below[1]).map(|(left, right)| left + right);
        }
    }
    weights.into_iter().collect()
}

fn finish(mut parts: TreeParts, n_outputs: usize, at: &str) -> Result<Tree, Refusal> {
    parts.output = (n_outputs == 1).then_some(0);
    Tree::new(parts, n_outputs).map_err(|error| format!("`{at}`: {error}").into())
}

/// What a split asks: the answer yes goes right.
fn question(split: &Split, at: &str, places: &Places) -> Result<(usize, Rule), Refusal> {
    let lost = |what: &str| Refusal::from(format!("`{at}`: a split asks for a {what} that does not exist"));
    let threshold = |border: Option<f64>, nan_right: bool| {
        let rule = |border| Rule::Threshold {
            threshold: f64::from(single(border)),
            comparison: Comparison::LessOrEqual,
            zero_is_missing: false,
            missing_left: !nan_right,
        };
        border.map(rule).ok_or_else(|| lost("border"))
    };
    match split.split_type.as_str() {
        "FloatFeature" => {
            let place = split.float_feature_index.and_then(|index| places.numbers.get(&index));
            let (feature, nan_right) = *place.ok_or_else(|| lost("number"))?;
            Ok((feature, threshold(split.border, nan_right)?))
        }
        "OneHotFeature" => {
            let index = split.cat_feature_index.ok_or_else(|| lost("category"))?;
            let feature = *places.categories.get(&index).ok_or_else(|| lost("category"))?;
            let code = split.value.and_then(|value| places.codes.get(&(index, hash_of(value))));
            let listed = Box::new([*code.ok_or_else(|| lost("value"))?]);
            Ok((feature, Rule::Categories { listed, listed_left: false, missing_left: true }))
        }
        "OnlineCtr" => {
            let index = split.split_index.ok_or_else(|| lost("target statistic"))?;
            let ctr = places.ctr_of(index).ok_or_else(|| lost("target statistic"))?;
            Ok((places.first_ctr + ctr, threshold(split.border, false)?))
        }
        other => Err(Refusal::Unsupported {
            problem: format!("splits of the kind `{other}` are not supported"),
            hint: "train without text and embedding features, or serve the model from an endpoint",
        }),
    }
}

impl Places {
    /// The target statistic that a binary feature belongs to: binary features are numbered through borders of
    /// numbers, one-hot values and borders of target statistics.
    fn ctr_of(&self, split_index: usize) -> Option<usize> {
        let mut left = split_index.checked_sub(self.n_plain_splits)?;
        for (ctr, n_borders) in self.ctr_borders.iter().enumerate() {
            match left.checked_sub(*n_borders) {
                Some(rest) => left = rest,
                None => return Some(ctr),
            }
        }
        None
    }
}
