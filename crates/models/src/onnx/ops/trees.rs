//! Tree ensembles as ONNX writes them: parallel lists, one entry per node.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::tensor::Data;
use super::scores::{Labels, PostTransform, finish, largest};
use super::{Args, Attributes, Fault, Kernel, Tensor, count};

/// How a node decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Leq,
    Lt,
    Gte,
    Gt,
    Eq,
    Neq,
    /// Whether the value is in the set with this number.
    Member(u32),
}

/// A node that asks a question. Children are indices into [`FlatTrees::nodes`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    pub(crate) feature: u32,
    pub(crate) mode: Mode,
    pub(crate) missing_is_true: bool,
    pub(crate) threshold: f64,
    pub(crate) if_true: u32,
    pub(crate) if_false: u32,
}

/// A node of a tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Node {
    /// A question.
    Split(Split),
    /// An answer: a range of [`FlatTrees::weights`].
    Leaf { start: u32, end: u32 },
}

/// How the trees' answers are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

/// What is done with the aggregated scores.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    /// Numbers.
    Regression,
    /// Probabilities of these classes. `single` is the one that all leaves speak of, in a model of two classes.
    Classes { labels: Labels, single: Option<usize>, all_positive: bool },
}

/// An ensemble. Invariant: every child index is valid and greater structures are trees, so that each walk ends.
#[derive(Clone, Debug)]
pub(crate) struct FlatTrees {
    pub(crate) nodes: Vec<Node>,
    pub(crate) roots: Vec<u32>,
    /// `(target, weight)` of leaves.
    pub(crate) weights: Vec<(u32, f64)>,
    pub(crate) sets: Vec<Vec<f64>>,
    pub(crate) n_targets: usize,
    /// Features needed at least.
    pub(crate) n_features: usize,
    pub(crate) base_values: Vec<f64>,
    pub(crate) aggregate: Aggregate,
    pub(crate) transform: PostTransform,
    pub(crate) link: Link,
}

/// `TreeEnsembleRegressor`.
pub(crate) fn regressor(a: &Attributes<'_>) -> Result<Kernel, String> {
    let n_targets =
        usize::try_from(a.int("n_targets", 1)).ok().filter(|&n| n > 0).ok_or("`n_targets` is not positive")?;
    let aggregate = match a.text("aggregate_function", "SUM")?.as_str() {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => return Err(format!("`aggregate_function` is `{other}`, which does not exist")),
    };
    kernel(listed(a, "target", n_targets, aggregate, |_| Link::Regression)?)
}

/// `TreeEnsembleClassifier`.
pub(crate) fn classifier(a: &Attributes<'_>) -> Result<Kernel, String> {
    let labels = Labels::of(a, "classlabels_int64s")?;
    let n_classes = labels.len();
    kernel(listed(a, "class", n_classes, Aggregate::Sum, |weights| {
        let first = weights.first().map(|w| w.0);
        let is_single = n_classes == 2 && weights.iter().all(|w| Some(w.0) == first);
        let single = first.filter(|_| is_single).map(|target| target as usize);
        Link::Classes { labels, single, all_positive: weights.iter().all(|w| w.1 >= 0.0) }
    })?)
}

/// The ensemble of the first operators: nodes named by tree and node number.
fn listed(
    a: &Attributes<'_>,
    leaf: &str,
    n_targets: usize,
    aggregate: Aggregate,
    link: impl FnOnce(&[(u32, f64)]) -> Link,
) -> Result<FlatTrees, String> {
    let (tree_ids, node_ids) = (a.ints("nodes_treeids"), a.ints("nodes_nodeids"));
    let (modes, features) = (a.texts("nodes_modes")?, a.ints("nodes_featureids"));
    let (if_true, if_false) = (a.ints("nodes_truenodeids"), a.ints("nodes_falsenodeids"));
    let values = a.floats_or_doubles("nodes_values")?;
    let missing = a.ints("nodes_missing_value_tracks_true");
    let n = node_ids.len();
    let lengths = [
        ("nodes_treeids", tree_ids.len()),
        ("nodes_modes", modes.len()),
        ("nodes_featureids", features.len()),
        ("nodes_truenodeids", if_true.len()),
        ("nodes_falsenodeids", if_false.len()),
        ("nodes_values", values.len()),
        ("nodes_missing_value_tracks_true", if missing.is_empty() { n } else { missing.len() }),
    ];
    if let Some((name, length)) = lengths.into_iter().find(|&(_, length)| length != n) {
        return Err(format!("`nodes_nodeids` has {n} entries, but `{name}` has {length}"));
    }
    let mut places: HashMap<(i64, i64), u32> = HashMap::with_capacity(n);
    for (i, key) in tree_ids.iter().copied().zip(node_ids.iter().copied()).enumerate() {
        if places.insert(key, i as u32).is_some() {
            return Err(format!("node {} of tree {} is there twice", key.1, key.0));
        }
    }
    let (mut nodes, weights) =
        (vec![Node::Leaf { start: 0, end: 0 }; n], leaf_weights(a, leaf, n_targets, &places, &mut vec![])?);
    // Leaves first: each takes its range of the weights, which are sorted by node.
    let mut at = 0usize;
    while let Some(&(node, ..)) = weights.get(at) {
        let end = at + weights.iter().skip(at).take_while(|w| w.0 == node).count();
        if let Some(slot) = nodes.get_mut(node as usize) {
            *slot = Node::Leaf { start: at as u32, end: end as u32 };
        }
        at = end;
    }
    let mut n_features = 0usize;
    let columns = modes.iter().zip(&features).zip(if_true.iter().zip(&if_false)).zip(tree_ids.iter().zip(&node_ids));
    for (i, (((mode, &feature), (&t, &f)), (&tree, &node))) in columns.enumerate() {
        let mode = match mode.as_str() {
            "LEAF" => continue,
            "BRANCH_LEQ" => Mode::Leq,
            "BRANCH_LT" => Mode::Lt,
            "BRANCH_GTE" => Mode::Gte,
            "BRANCH_GT" => Mode::Gt,
            "BRANCH_EQ" => Mode::Eq,
            "BRANCH_NEQ" => Mode::Neq,
            other => return Err(format!("node {node} of tree {tree} has the mode `{other}`, which does not exist")),
        };
        let child = |id: i64| {
            let place = places.get(&(tree, id)).copied();
            place.ok_or_else(|| format!("node {node} of tree {tree} leads to node {id}, which does not exist"))
        };
        let split = Split {
            feature: feature_id(feature)?,
            mode,
            missing_is_true: missing.get(i).is_some_and(|&m| m != 0),
            threshold: values.get(i).copied().unwrap_or(0.0),
            if_true: child(t)?,
            if_false: child(f)?,
        };
        n_features = n_features.max(split.feature as usize + 1);
        if let Some(slot) = nodes.get_mut(i) {
            *slot = Node::Split(split);
        }
    }
    let weights: Vec<(u32, f64)> = weights.into_iter().map(|(_, target, weight)| (target, weight)).collect();
    let trees = FlatTrees {
        roots: roots_of(&nodes, &tree_ids)?,
        sets: Vec::new(),
        n_targets,
        n_features,
        base_values: a.floats_or_doubles("base_values")?,
        aggregate,
        transform: PostTransform::of(a)?,
        link: link(&weights),
        nodes,
        weights,
    };
    trees.check()
}

/// `(node, target, weight)` sorted by node.
fn leaf_weights(
    a: &Attributes<'_>,
    leaf: &str,
    n_targets: usize,
    places: &HashMap<(i64, i64), u32>,
    out: &mut Vec<(u32, u32, f64)>,
) -> Result<Vec<(u32, u32, f64)>, String> {
    let ints = |name: &str| a.ints(&format!("{leaf}_{name}"));
    let (trees, nodes, targets) = (ints("treeids"), ints("nodeids"), ints("ids"));
    let weights = a.floats_or_doubles(&format!("{leaf}_weights"))?;
    if [trees.len(), targets.len(), weights.len()].iter().any(|&n| n != nodes.len()) {
        return Err(format!(
            "`{leaf}_nodeids` has {} entries, but `{leaf}_treeids` {}, `{leaf}_ids` {} and `{leaf}_weights` {}",
            nodes.len(),
            trees.len(),
            targets.len(),
            weights.len()
        ));
    }
    for ((&tree, &node), (&target, &weight)) in trees.iter().zip(&nodes).zip(targets.iter().zip(&weights)) {
        let place = places.get(&(tree, node));
        let place =
            place.ok_or_else(|| format!("a weight is given for node {node} of tree {tree}, which does not exist"))?;
        let target = u32::try_from(target).ok().filter(|&t| (t as usize) < n_targets);
        let target = target.ok_or_else(|| format!("a leaf of tree {tree} speaks of a target that does not exist"))?;
        out.push((*place, target, weight));
    }
    out.sort_by_key(|w| w.0);
    Ok(std::mem::take(out))
}

fn feature_id(feature: i64) -> Result<u32, String> {
    u32::try_from(feature).ok().filter(|&f| f < 1 << 24).ok_or_else(|| format!("feature {feature} does not exist"))
}

/// The node of each tree that no other leads to, trees in order of their first node.
fn roots_of(nodes: &[Node], tree_ids: &[i64]) -> Result<Vec<u32>, String> {
    let mut has_parent = vec![false; nodes.len()];
    for node in nodes {
        if let Node::Split(split) = node {
            for child in [split.if_true, split.if_false] {
                match has_parent.get_mut(child as usize) {
                    Some(seen) if !*seen => *seen = true,
                    _ => return Err("two branches lead to the same node, so it is not a tree".to_owned()),
                }
            }
        }
    }
    let mut roots: Vec<u32> = Vec::new();
    let mut last: HashMap<i64, ()> = HashMap::new();
    for (i, (&tree, _)) in tree_ids.iter().zip(&has_parent).enumerate().filter(|(_, (_, has))| !**has) {
        if last.insert(tree, ()).is_some() {
            return Err(format!("tree {tree} has two roots"));
        }
        roots.push(i as u32);
    }
    let n_trees = tree_ids.iter().collect::<std::collections::HashSet<_>>().len();
    if roots.len() != n_trees {
        return Err("a tree has no root: its nodes lead round in a circle".to_owned());
    }
    Ok(roots)
}

/// `TreeEnsemble`, the operator of version 5: leaves beside the nodes, roots named.
pub(crate) fn ensemble(a: &Attributes<'_>) -> Result<Kernel, String> {
    let numbers = |name: &str| -> Result<Vec<f64>, String> {
        match a.tensor(name)?.map(|t| t.data) {
            None => Ok(Vec::new()),
            Some(data) => match &*data {
                Data::F32(v) => Ok(v.iter().map(|&x| f64::from(x)).collect()),
                Data::F64(v) => Ok(v.clone()),
                Data::I32(v) => Ok(v.iter().map(|&x| f64::from(x)).collect()),
                other => Err(format!("`{name}` holds {}", other.kind())),
            },
        }
    };
    let (features, modes, splits) = (a.ints("nodes_featureids"), numbers("nodes_modes")?, numbers("nodes_splits")?);
    let (if_true, if_false) = (a.ints("nodes_truenodeids"), a.ints("nodes_falsenodeids"));
    let (true_leafs, false_leafs) = (a.ints("nodes_trueleafs"), a.ints("nodes_falseleafs"));
    let missing = a.ints("nodes_missing_value_tracks_true");
    let (targets, leaf_values) = (a.ints("leaf_targetids"), numbers("leaf_weights")?);
    let n = features.len();
    let lengths = [modes.len(), splits.len(), if_true.len(), if_false.len(), true_leafs.len(), false_leafs.len()];
    if lengths.iter().any(|&length| length != n) || !(missing.is_empty() || missing.len() == n) {
        return Err(format!("`nodes_featureids` has {n} entries, but the other lists of nodes {lengths:?}"));
    }
    if targets.len() != leaf_values.len() {
        return Err(format!(
            "`leaf_targetids` has {} entries, but `leaf_weights` {}",
            targets.len(),
            leaf_values.len()
        ));
    }
    let n_targets =
        usize::try_from(a.int("n_targets", 1)).ok().filter(|&n| n > 0).ok_or("`n_targets` is not positive")?;
    let weights: Option<Vec<(u32, f64)>> = targets
        .iter()
        .zip(&leaf_values)
        .map(|(&t, &w)| Some((u32::try_from(t).ok().filter(|&t| (t as usize) < n_targets)?, w)))
        .collect();
    let weights = weights.ok_or("a leaf speaks of a target that does not exist")?;
    let mut sets: Vec<Vec<f64>> = vec![Vec::new()];
    for value in numbers("membership_values")? {
        match sets.last_mut() {
            Some(set) if !value.is_nan() => set.push(value),
            _ => sets.push(Vec::new()),
        }
    }
    let (mut next_set, mut n_features) = (0u32, 0usize);
    let mut nodes: Vec<Node> = Vec::with_capacity(n * 2);
    let mut leaves: Vec<Node> = Vec::new();
    for i in 0..n {
        let int = |list: &[i64]| list.get(i).copied().unwrap_or(-1);
        let mut child = |id: i64, is_leaf: i64| -> Result<u32, String> {
            let limit = if is_leaf != 0 { weights.len() } else { n };
            let id = u32::try_from(id).ok().filter(|&id| (id as usize) < limit);
            let id = id.ok_or_else(|| format!("node {i} leads to a node or leaf that does not exist"))?;
            if is_leaf == 0 {
                return Ok(id);
            }
            leaves.push(Node::Leaf { start: id, end: id + 1 });
            Ok((n + leaves.len() - 1) as u32)
        };
        let (if_true, if_false) = (child(int(&if_true), int(&true_leafs))?, child(int(&if_false), int(&false_leafs))?);
        let mode = match modes.get(i).map(|&m| m as i64) {
            Some(0) => Mode::Leq,
            Some(1) => Mode::Lt,
            Some(2) => Mode::Gte,
            Some(3) => Mode::Gt,
            Some(4) => Mode::Eq,
            Some(5) => Mode::Neq,
            Some(6) => {
                next_set += 1;
                Mode::Member(next_set - 1)
            }
            other => return Err(format!("node {i} has the mode {other:?}, which does not exist")),
        };
        let feature = feature_id(int(&features))?;
        n_features = n_features.max(feature as usize + 1);
        let threshold = splits.get(i).copied().unwrap_or(0.0);
        let missing_is_true = missing.get(i).is_some_and(|&m| m != 0);
        nodes.push(Node::Split(Split { feature, mode, missing_is_true, threshold, if_true, if_false }));
    }
    nodes.extend(leaves);
    let roots: Option<Vec<u32>> =
        a.ints("tree_roots").iter().map(|&r| u32::try_from(r).ok().filter(|&r| (r as usize) < n)).collect();
    let aggregate = match a.int("aggregate_function", 1) {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(format!("`aggregate_function` is {other}, which does not exist")),
    };
    let trees = FlatTrees {
        nodes,
        roots: roots.ok_or("a root is not among the nodes")?,
        weights,
        sets,
        n_targets,
        n_features,
        base_values: Vec::new(),
        aggregate,
        transform: PostTransform::numbered(a.int("post_transform", 0))?,
        link: Link::Regression,
    };
    kernel(trees.check()?)
}

/// The node's work.
fn kernel(trees: FlatTrees) -> Result<Kernel, String> {
    let trees = Arc::new(trees);
    let shared = Arc::clone(&trees);
    let run = move |args: &Args<'_>| -> Result<Vec<Tensor>, Fault> {
        let x = args.need(0)?;
        let (n_rows, width) = x.rows();
        if width < shared.n_features {
            return Err(format!("its trees ask for {} features, but it is given {width}", shared.n_features).into());
        }
        count(&[n_rows, shared.n_targets.max(2)])?;
        let rows: Vec<f64> = match &*x.data {
            Data::F64(v) => v.clone(),
            _ => x.floats()?.iter().map(|&v| f64::from(v)).collect(),
        };
        shared.answer(&rows, n_rows, width)
    };
    Ok(Kernel { run: Box::new(run), trees: Some(trees) })
}

/// Rows that go down a tree together, so that its nodes stay in the cache.
const BLOCK: usize = 64;

impl FlatTrees {
    /// Itself, when every walk from a root ends.
    fn check(self) -> Result<Self, String> {
        let mut seen = vec![false; self.nodes.len()];
        for &root in &self.roots {
            let mut open = vec![root];
            while let Some(place) = open.pop() {
                match seen.get_mut(place as usize) {
                    Some(seen) if !*seen => *seen = true,
                    _ => return Err("its nodes lead round in a circle or share a branch".to_owned()),
                }
                if let Some(Node::Split(split)) = self.nodes.get(place as usize) {
                    open.extend([split.if_true, split.if_false]);
                    if let Mode::Member(set) = split.mode
                        && set as usize >= self.sets.len()
                    {
                        return Err("a node asks for a set that is not given".to_owned());
                    }
                }
            }
        }
        if seen.contains(&false) {
            return Err("a node is not reached from any root".to_owned());
        }
        if !(self.base_values.len() <= 1 || self.base_values.len() == self.n_targets) {
            return Err(format!("it has {} base values for {} targets", self.base_values.len(), self.n_targets));
        }
        Ok(self)
    }

    /// Aggregated raw scores `(n_rows × n_targets)` with the base values, summed in 64 bits in the order of the trees and
    /// rounded once: nearer to the library that grew them than a sum in 32 bits.
    fn scores(&self, rows: &[f64], n_rows: usize, width: usize) -> Vec<f32> {
        let k = self.n_targets;
        let start = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => 0.0,
            Aggregate::Min => f64::INFINITY,
            Aggregate::Max => f64::NEG_INFINITY,
        };
        let mut out = vec![start; n_rows * k];
        for (block, sums) in rows.chunks(width.max(1) * BLOCK).zip(out.chunks_mut(k * BLOCK)) {
            for &root in &self.roots {
                for (row, sums) in block.chunks_exact(width.max(1)).zip(sums.chunks_exact_mut(k)) {
                    for &(target, weight) in self.leaf(root, row) {
                        if let Some(sum) = sums.get_mut(target as usize) {
                            *sum = match self.aggregate {
                                Aggregate::Sum | Aggregate::Average => *sum + weight,
                                Aggregate::Min => sum.min(weight),
                                Aggregate::Max => sum.max(weight),
                            };
                        }
                    }
                }
            }
        }
        match self.aggregate {
            Aggregate::Average => out.iter_mut().for_each(|s| *s /= self.roots.len().max(1) as f64),
            Aggregate::Sum => {}
            // A target that no leaf spoke of.
            Aggregate::Min | Aggregate::Max => {
                out.iter_mut().filter(|s| s.is_infinite()).for_each(|s| *s = 0.0);
            }
        }
        for (score, base) in out.iter_mut().zip(self.base_values.iter().cycle()) {
            *score += base;
        }
        out.into_iter().map(|score| score as f32).collect()
    }

    /// The weights of the leaf that a row falls into.
    fn leaf(&self, root: u32, row: &[f64]) -> &[(u32, f64)] {
        let mut place = root;
        loop {
            match self.nodes.get(place as usize) {
                Some(Node::Split(split)) => {
                    let x = row.get(split.feature as usize).copied().unwrap_or(f64::NAN);
                    place = if self.goes_true(split, x) { split.if_true } else { split.if_false };
                }
                Some(Node::Leaf { start, end }) => {
                    return self.weights.get(*start as usize..*end as usize).unwrap_or(&[]);
                }
                None => return &[],
            }
        }
    }

    #[allow(clippy::float_cmp, reason = "two modes ask for equality")]
    fn goes_true(&self, split: &Split, x: f64) -> bool {
        let t = split.threshold;
        let holds = match split.mode {
            Mode::Leq => x <= t,
            Mode::Lt => x < t,
            Mode::Gte => x >= t,
            Mode::Gt => x > t,
            Mode::Eq => x == t,
            Mode::Neq => x != t,
            Mode::Member(set) => self.sets.get(set as usize).is_some_and(|set| set.contains(&x)),
        };
        holds || (split.missing_is_true && x.is_nan())
    }

    /// The outputs of the operator.
    fn answer(&self, rows: &[f64], n_rows: usize, width: usize) -> Result<Vec<Tensor>, Fault> {
        let k = self.n_targets;
        let mut scores = self.scores(rows, n_rows, width);
        let Link::Classes { labels, single, all_positive } = &self.link else {
            self.transform.apply(&mut scores, k);
            return Ok(vec![Tensor::new(vec![n_rows, k], Data::F32(scores))?]);
        };
        let Some(target) = *single else {
            return finish(labels, self.transform, scores, n_rows, k);
        };
        // Two classes, and every leaf speaks of the same one: its score alone, the other's is the rest.
        let raw: Vec<f32> = scores.chunks_exact(2).filter_map(|pair| pair.get(target).copied()).collect();
        if *all_positive || self.transform != PostTransform::None {
            return finish(labels, self.transform, raw, n_rows, 1);
        }
        let both: Vec<f32> = raw.iter().flat_map(|&s| [-s, s]).collect();
        let chosen: Vec<usize> = both.chunks_exact(2).map(largest).collect();
        Ok(vec![labels.pick(&chosen)?, Tensor::new(vec![n_rows, 2], Data::F32(both))?])
    }
}
