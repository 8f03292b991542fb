//! One tree of the file.

use super::{Refusal, value::Field};
use crate::trees::{Categories, Comparison, Node, Rule, Tree, TreeParts};

/// A tree's arrays. Invariant: their lengths are the number of nodes.
pub(super) struct RawTree {
    path: String,
    left: Vec<i64>,
    right: Vec<i64>,
    features: Vec<i64>,
    conditions: Vec<f64>,
    default_left: Vec<bool>,
    hessians: Option<Vec<f64>>,
    /// By node: the categories that go right.
    categories: Vec<Option<Vec<i64>>>,
}

impl RawTree {
    pub(super) fn read(tree: &Field<'_>) -> Result<Self, Refusal> {
        if let Some(size) = tree.at("tree_param")?.find("size_leaf_vector")
            && size.count()? > 1
        {
            return Err(Refusal::Unsupported {
                problem: "the leaves hold vectors (`multi_strategy` is `multi_output_tree`)".into(),
                hint: "train with `multi_strategy=\"one_output_per_tree\"`",
            });
        }
        let left = whole(&tree.at("left_children")?, None)?;
        let n = left.len();
        let is_right = |x: &f64| *x != 0.0;
        let hessians = tree.find("sum_hessian").map(|field| field.numbers_of(n).map(<[f64]>::to_vec)).transpose()?;
        Ok(Self {
            path: tree.path.clone(),
            right: whole(&tree.at("right_children")?, Some(n))?,
            features: whole(&tree.at("split_indices")?, Some(n))?,
            conditions: tree.at("split_conditions")?.numbers_of(n)?.to_vec(),
            default_left: tree.at("default_left")?.numbers_of(n)?.iter().map(is_right).collect(),
            hessians,
            categories: categories(tree, n)?,
            left,
        })
    }

    /// Features split by categories with the codes in their sets.
    pub(super) fn category_splits(&self) -> impl Iterator<Item = (usize, &[i64])> {
        let splits = self.features.iter().zip(&self.categories);
        splits.filter_map(|(feature, codes)| Some((usize::try_from(*feature).ok()?, codes.as_deref()?)))
    }

    /// The tree in the common form. Nodes that pruning has cut off are left out.
    pub(super) fn finish(
        &self,
        index: usize,
        output: usize,
        weight: Option<f64>,
        categories: &[Option<Categories>],
    ) -> Result<Tree, String> {
        let problem = |what: String| format!("tree {index}: {what}");
        let mut parts = TreeParts { output: Some(output), ..TreeParts::default() };
        let mut covers = Vec::new();
        // Old places by new place; a place that comes up twice is a cycle or a shared branch.
        let mut order = vec![0_usize];
        let mut is_seen = vec![false; self.left.len()];
        let mut at = 0;
        while let Some(old) = order.get(at).copied() {
            at += 1;
            let n_nodes = self.left.len();
            match is_seen.get_mut(old) {
                Some(seen) if !*seen => *seen = true,
                Some(_) => return Err(problem(format!("node {old} is reached twice"))),
                None => return Err(problem(format!("there is no node {old} among {n_nodes}"))),
            }
            let get = |values: &[i64]| values.get(old).copied().unwrap_or(-1);
            let condition = self.conditions.get(old).copied().unwrap_or(f64::NAN);
            covers.push(self.hessians.as_ref().and_then(|h| h.get(old)).copied().unwrap_or(f64::NAN));
            if get(&self.left) == -1 {
                parts.nodes.push(Node::Leaf(parts.values.len()));
                parts.values.push(leaf_value(condition, weight));
                continue;
            }
            let child = |values: &[i64]| {
                let child = get(values);
                let found = usize::try_from(child).ok().filter(|c| *c < n_nodes);
                found.ok_or_else(|| problem(format!("node {old} has the child {child}, which does not exist")))
            };
            let (left, right) = (child(&self.left)?, child(&self.right)?);
            let feature = get(&self.features);
            let known = usize::try_from(feature).ok().filter(|f| *f < categories.len());
            let feature =
                known.ok_or_else(|| problem(format!("node {old} splits feature {feature}, which does not exist")))?;
            let rule = self.rule(old, condition, categories.get(feature).and_then(Option::as_ref));
            let rule = rule.ok_or_else(|| {
                problem(format!("node {old} splits feature {feature} by number, but elsewhere it is split by category"))
            })?;
            let children = (order.len(), order.len() + 1);
            order.extend([left, right]);
            parts.nodes.push(Node::Split { feature, rule, left: children.0, right: children.1 });
        }
        parts.covers = self.hessians.is_some().then_some(covers);
        Tree::new(parts, 1).map_err(|error| format!("{}: {error}", self.path))
    }

    fn rule(&self, node: usize, condition: f64, categories: Option<&Categories>) -> Option<Rule> {
        let missing_left = self.default_left.get(node).copied().unwrap_or(false);
        match (self.categories.get(node).and_then(Option::as_ref), categories) {
            (None, None) => Some(Rule::Threshold {
                threshold: single(condition),
                comparison: Comparison::Less,
                zero_is_missing: false,
                missing_left,
            }),
            (Some(codes), Some(categories)) => {
                let mut listed: Vec<u32> = if categories.is_unknown_missing() {
                    let code = |c: &i64| u32::try_from(*c).ok().filter(|c| *c < categories.other());
                    codes.iter().filter_map(code).collect()
                } else {
                    codes.iter().filter_map(|code| categories.code(Some(&code.to_string()))).collect()
                };
                listed.sort_unstable();
                listed.dedup();
                Some(Rule::Categories { listed: listed.into(), listed_left: false, missing_left })
            }
            (None, Some(_)) | (Some(_), None) => None,
        }
    }
}

/// A number as the library holds it.
#[allow(clippy::cast_possible_truncation, reason = "the library computes in single precision")]
fn single(x: f64) -> f64 {
    f64::from(x as f32)
}

/// A leaf, weighted where trees were dropped in training.
#[allow(clippy::cast_possible_truncation, reason = "the library computes in single precision")]
fn leaf_value(value: f64, weight: Option<f64>) -> f64 {
    let value = value as f32;
    f64::from(weight.map_or(value, |weight| value * weight as f32))
}

/// Whole numbers, `expected` of them if given.
fn whole(field: &Field<'_>, expected: Option<usize>) -> Result<Vec<i64>, String> {
    let numbers = match expected {
        Some(expected) => field.numbers_of(expected)?,
        None => field.numbers()?,
    };
    let whole = |x: &f64| {
        #[allow(clippy::cast_possible_truncation, reason = "checked before")]
        let found = (x.fract() == 0.0 && x.abs() < 1e15).then_some(*x as i64);
        found.ok_or_else(|| format!("`{}` holds `{x}`, which is not a whole number", field.path))
    };
    numbers.iter().map(whole).collect()
}

/// The category sets by node.
fn categories(tree: &Field<'_>, n_nodes: usize) -> Result<Vec<Option<Vec<i64>>>, String> {
    let mut sets = vec![None; n_nodes];
    let Some(nodes) = tree.find("categories_nodes") else { return Ok(sets) };
    let listed = whole(&nodes, None)?;
    let starts = whole(&tree.at("categories_segments")?, Some(listed.len()))?;
    let sizes = whole(&tree.at("categories_sizes")?, Some(listed.len()))?;
    let codes = whole(&tree.at("categories")?, None)?;
    // Sets lie side by side; overlapping ones could ask for far more memory than the file has bytes.
    let total = sizes.iter().fold(0_i64, |sum, size| sum.saturating_add((*size).max(0)));
    if total > i64::try_from(codes.len()).unwrap_or(i64::MAX) {
        return Err(format!("`{}` holds {} values, {total} are needed", tree.path, codes.len()));
    }
    for ((node, start), size) in listed.iter().zip(starts).zip(sizes) {
        let range = usize::try_from(start).ok().zip(usize::try_from(size).ok());
        let set = range.and_then(|(start, size)| codes.get(start..start.checked_add(size)?));
        let slot = usize::try_from(*node).ok().and_then(|node| sets.get_mut(node));
        match (set, slot) {
            (Some(set), Some(slot)) if slot.is_none() => *slot = Some(set.to_vec()),
            _ => return Err(format!("`{}` lists node {node}, whose set of categories does not exist", nodes.path)),
        }
    }
    Ok(sets)
}
