//! An ensemble in a graph as trees of our own, where the rest of the graph only prepares columns one by one.
//!
//! The part of the graph before the ensemble is followed structurally: each number that the trees are given must come
//! from one column of the data (through casts, encoders, indicators, scalers, imputers, joining and reshaping). It
//! becomes a feature that is derived from that column, computed by the same operators. Anything else (columns mixed
//! before the trees, several ensembles, more work after them) stays a graph without trees of its own.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::attributes::Attributes;
use super::columns::Gathered;
use super::graph::{Graph, opset};
use super::ops::trees::{Aggregate, FlatTrees, Link as Answer, Mode, Node as FlatNode, Split};
use super::ops::{Data, Fault, PostTransform, Tensor};
use super::proto::{GraphProto, ModelProto, NodeProto};
use super::signature::{GraphInput, GraphOutput, Meaning};
use super::tensor::{constant, element};
use super::{BLOCK_ROWS, predict_error};
use crate::trees::{
    Categories, Comparison, Derive, EnsembleParts, Feature, Link, Node, Precision, Rule, Together, Tree, TreeEnsemble,
    TreeParts,
};
use crate::{Inputs, ModelError};

/// Numbers that trees are given at most.
const MAX_WIDTH: usize = 1 << 16;

/// The ensemble of a graph, when all of the graph is columns, then trees, then the answer.
pub(super) fn of_graph(
    model: &ModelProto,
    graph: &GraphProto,
    inputs: &[GraphInput],
    output: &GraphOutput,
    trees: &FlatTrees,
) -> Option<TreeEnsemble> {
    if output.meaning == Meaning::Labels || inputs.iter().any(|input| input.n_rows.is_some() || input.width == 0) {
        return None;
    }
    let makers = makers_of(graph);
    let node = tree_node(graph, &makers, output)?;
    let given = node.input.first()?;
    let origins = Origins { model, graph, makers: &makers, inputs }.of(given, 0)?;
    if origins.places.len() < trees.n_features || origins.places.len() > MAX_WIDTH {
        return None;
    }
    let mut features = Vec::new();
    for input in inputs {
        match input.width {
            _ if input.element == element::STRING => {
                let levels = input.levels.clone().unwrap_or_default();
                features.push(Feature::category(input.name.clone(), Categories::named(levels)));
            }
            1 => features.push(Feature::number(input.name.clone())),
            width => features.extend((0..width).map(|i| Feature::number(format!("{}[{i}]", input.name)))),
        }
    }
    let n_inputs = features.len();
    let is_input = inputs.iter().any(|input| input.name == *given && n_inputs == origins.places.len());
    let first = if is_input { 0 } else { n_inputs };
    let is_double = inputs.iter().any(|input| input.element == element::DOUBLE);
    if !is_input {
        let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        let prefix = Graph::over(model, graph, &names, std::slice::from_ref(given)).ok()?;
        let prefix: Arc<dyn Together> =
            Arc::new(Prefix { graph: prefix, inputs: inputs.to_vec(), width: origins.places.len() });
        for (place, origin) in origins.places.iter().enumerate() {
            let source = features.get(origin.column)?.name.clone();
            let name = match &origin.value {
                Some(value) => format!("{source}={value}"),
                None => source,
            };
            let derive = FromGraph { prefix: Arc::clone(&prefix), place, source: [origin.column] };
            features.push(Feature { name, kind: crate::trees::FeatureKind::Derived(Arc::new(derive)) });
        }
    }
    ensemble(trees, features, first, is_double)
}

/// The trees with what is done around them.
fn ensemble(flat: &FlatTrees, features: Vec<Feature>, first: usize, is_double: bool) -> Option<TreeEnsemble> {
    let Margins { targets, link } = Margins::of(flat)?;
    let n_outputs = targets.len();
    let base = |target: usize| flat.base_values.get(target % flat.base_values.len().max(1)).copied().unwrap_or(0.0);
    let of = |output: &[(usize, f64)]| output.iter().map(|(target, times)| times * base(*target)).sum();
    let trees: Option<Vec<Tree>> = flat.roots.iter().map(|root| tree(flat, *root, first, &targets)).collect();
    let parts = EnsembleParts {
        features,
        trees: trees?,
        base: targets.iter().map(|output| of(output)).collect(),
        scale: match flat.aggregate {
            Aggregate::Sum => 1.0,
            Aggregate::Average => 1.0 / flat.roots.len().max(1) as f64,
            Aggregate::Min | Aggregate::Max => return None,
        },
        link,
        features_in: if is_double { Precision::Double } else { Precision::Single },
        sums_in: Precision::Double,
    };
    debug_assert_eq!(parts.base.len(), n_outputs, "one base for each output");
    TreeEnsemble::new(parts).ok()
}

/// What the outputs are made of: by output, the targets that are added with a sign; and the way to the answer.
struct Margins {
    targets: Vec<Vec<(usize, f64)>>,
    link: Link,
}

impl Margins {
    fn of(flat: &FlatTrees) -> Option<Self> {
        let each = |n: usize| (0..n).map(|k| vec![(k, 1.0)]).collect();
        let (targets, link) = match (&flat.link, flat.transform) {
            (Answer::Regression, PostTransform::None) => (each(flat.n_targets), Link::Identity),
            (Answer::Regression, PostTransform::Logistic) => (each(flat.n_targets), Link::Logistic { scale: 1.0 }),
            (Answer::Regression, PostTransform::Softmax) => (each(flat.n_targets), Link::Softmax),
            // Every leaf speaks of one of two classes: its score alone says everything.
            (Answer::Classes { single: Some(target), .. }, transform) => {
                let link = match transform {
                    PostTransform::None => Link::Identity,
                    PostTransform::Logistic => Link::Logistic { scale: 1.0 },
                    // Of the scores -s and s.
                    PostTransform::Softmax => Link::Logistic { scale: 2.0 },
                    PostTransform::SoftmaxZero | PostTransform::Probit => return None,
                };
                (vec![vec![(*target, 1.0)]], link)
            }
            // Of two classes the second is what is answered.
            (Answer::Classes { single: None, .. }, transform) if flat.n_targets == 2 => match transform {
                PostTransform::None => (vec![vec![(1, 1.0)]], Link::Identity),
                PostTransform::Logistic => (vec![vec![(1, 1.0)]], Link::Logistic { scale: 1.0 }),
                PostTransform::Softmax => (vec![vec![(1, 1.0), (0, -1.0)]], Link::Logistic { scale: 1.0 }),
                PostTransform::SoftmaxZero | PostTransform::Probit => return None,
            },
            (Answer::Classes { single: None, .. }, PostTransform::None) => (each(flat.n_targets), Link::Identity),
            (Answer::Classes { single: None, .. }, PostTransform::Softmax) => (each(flat.n_targets), Link::Softmax),
            (Answer::Classes { single: None, .. }, PostTransform::Logistic) => {
                (each(flat.n_targets), Link::Logistic { scale: 1.0 })
            }
            (_, PostTransform::SoftmaxZero | PostTransform::Probit) => return None,
        };
        Some(Self { targets, link })
    }
}

/// One tree; `None` when a question is not about a threshold.
fn tree(flat: &FlatTrees, root: u32, first: usize, targets: &[Vec<(usize, f64)>]) -> Option<Tree> {
    let width = targets.len();
    let (mut nodes, mut values): (Vec<Node>, Vec<f64>) = (Vec::new(), Vec::new());
    // A node to visit, and the split with the side that leads to it.
    let mut stack = vec![(root, None::<(usize, bool)>)];
    while let Some((at, from)) = stack.pop() {
        let here = nodes.len();
        match flat.nodes.get(at as usize)? {
            FlatNode::Leaf { start, end } => {
                let mut scores = vec![0.0; flat.n_targets];
                for (target, weight) in flat.weights.get(*start as usize..*end as usize)? {
                    *scores.get_mut(*target as usize)? += weight;
                }
                nodes.push(Node::Leaf(values.len() / width.max(1)));
                let score = |target: usize| scores.get(target).copied().unwrap_or(0.0);
                values.extend(
                    targets.iter().map(|output| output.iter().map(|(k, times)| times * score(*k)).sum::<f64>()),
                );
            }
            FlatNode::Split(split) => {
                let (rule, left, right) = rule_of(split)?;
                nodes.push(Node::Split { feature: first + split.feature as usize, rule, left: 0, right: 0 });
                stack.push((right, Some((here, false))));
                stack.push((left, Some((here, true))));
            }
        }
        if let Some((parent, is_left)) = from
            && let Some(Node::Split { left, right, .. }) = nodes.get_mut(parent)
        {
            *(if is_left { left } else { right }) = here;
        }
    }
    let output = only_output(&values, width);
    if let Some(output) = output {
        values = values.chunks_exact(width).filter_map(|row| row.get(output).copied()).collect();
    }
    Tree::new(TreeParts { nodes, values, output, covers: None, linear: Vec::new() }, width).ok()
}

/// The only output that a tree's leaves speak of.
fn only_output(values: &[f64], width: usize) -> Option<usize> {
    let mut spoken = (0..width).filter(|k| values.iter().skip(*k).step_by(width).any(|v| v.abs() > 0.0));
    let only = spoken.next().unwrap_or(0);
    spoken.next().is_none().then_some(only)
}

/// A question about a threshold, with the nodes to the left and to the right.
fn rule_of(split: &Split) -> Option<(Rule, u32, u32)> {
    // Beyond a threshold is the other side of being at most it.
    let (comparison, is_turned) = match split.mode {
        Mode::Leq => (Comparison::LessOrEqual, false),
        Mode::Lt => (Comparison::Less, false),
        Mode::Gt => (Comparison::LessOrEqual, true),
        Mode::Gte => (Comparison::Less, true),
        Mode::Eq | Mode::Neq | Mode::Member(_) => return None,
    };
    let (left, right) = if is_turned { (split.if_false, split.if_true) } else { (split.if_true, split.if_false) };
    let missing_left = split.missing_is_true != is_turned;
    let threshold = split.threshold;
    Some((Rule::Threshold { threshold, comparison, zero_is_missing: false, missing_left }, left, right))
}

/// Nodes by the values they make.
fn makers_of(graph: &GraphProto) -> HashMap<&str, &NodeProto> {
    let nodes = graph.node.iter();
    nodes.flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node))).collect()
}

/// The ensemble that makes the output, seen through nodes that only pass it on.
fn tree_node<'g>(
    graph: &'g GraphProto,
    makers: &HashMap<&str, &'g NodeProto>,
    output: &GraphOutput,
) -> Option<&'g NodeProto> {
    let mut name = output.name.as_str();
    for _ in 0..graph.node.len() {
        let node = *makers.get(name)?;
        match node.op_type.as_str() {
            "Identity" | "Cast" | "Reshape" | "Flatten" | "Squeeze" | "ZipMap" => name = node.input.first()?,
            "TreeEnsembleClassifier" if node.output.get(1).is_some_and(|scores| scores == name) => return Some(node),
            "TreeEnsembleRegressor" | "TreeEnsemble" => return Some(node),
            _ => return None,
        }
    }
    None
}

/// Where a number that the trees are given comes from.
#[derive(Clone, Debug, PartialEq)]
struct Origin {
    /// Among the columns of the data.
    column: usize,
    /// The value that it is the indicator of.
    value: Option<String>,
}

/// The numbers of one row of a value, in order.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    places: Vec<Origin>,
    /// All dimensions before the last one, rows left out, are 1.
    is_flat: bool,
}

/// Follows values back to columns.
struct Origins<'a> {
    model: &'a ModelProto,
    graph: &'a GraphProto,
    makers: &'a HashMap<&'a str, &'a NodeProto>,
    inputs: &'a [GraphInput],
}

/// Nodes on a way from the trees back to a column.
const MAX_STEPS: usize = 64;

impl Origins<'_> {
    fn of(&self, name: &str, depth: usize) -> Option<Row> {
        if depth > MAX_STEPS {
            return None;
        }
        let mut start = 0;
        for input in self.inputs {
            if input.name == name {
                let places = (start..start + input.width).map(|column| Origin { column, value: None }).collect();
                return Some(Row { places, is_flat: input.row.len() <= 1 });
            }
            start += input.width;
        }
        let node = *self.makers.get(name)?;
        let a = Attributes::of(node, opset(self.model, &node.domain));
        let first = || self.of(node.input.first()?, depth + 1);
        match node.op_type.as_str() {
            "Cast" | "Identity" | "LabelEncoder" | "CategoryMapper" | "Imputer" | "Scaler" | "Binarizer"
            | "Dropout" => first(),
            "Reshape" | "Flatten" => Some(Row { is_flat: true, ..first()? }),
            "Add" | "Sub" | "Mul" | "Div" => {
                let [one, other] = node.input.as_slice() else { return None };
                match (self.is_constant(one), self.is_constant(other)) {
                    (false, true) => self.of(one, depth + 1),
                    (true, false) => self.of(other, depth + 1),
                    _ => None,
                }
            }
            "OneHotEncoder" => {
                let row = first()?;
                let texts = a.texts("cats_strings").ok()?;
                let values: Vec<String> =
                    if texts.is_empty() { a.ints("cats_int64s").iter().map(i64::to_string).collect() } else { texts };
                let is_flat = row.places.len() == 1;
                let indicators = row.places.iter().flat_map(|origin| {
                    values.iter().map(|value| Origin { column: origin.column, value: Some(value.clone()) })
                });
                Some(Row { places: indicators.collect(), is_flat })
            }
            "Concat" => {
                let mut places = Vec::new();
                let rows: Option<Vec<Row>> = node.input.iter().map(|input| self.of(input, depth + 1)).collect();
                let rows = rows?;
                if a.int("axis", 1) == 0 || rows.iter().any(|row| !row.is_flat) {
                    return None;
                }
                rows.into_iter().for_each(|row| places.extend(row.places));
                (places.len() <= MAX_WIDTH).then_some(Row { places, is_flat: true })
            }
            "Gather" if a.int("axis", 0) == 1 => {
                let row = first().filter(|row| row.is_flat)?;
                let picked = self.constant(node.input.get(1)?)?;
                let width = row.places.len() as i64;
                let place = |index: &i64| {
                    let index = if *index < 0 { *index + width } else { *index };
                    usize::try_from(index).ok().and_then(|index| row.places.get(index).cloned())
                };
                let places: Option<Vec<Origin>> = picked.iter().map(place).collect();
                Some(Row { places: places?, is_flat: true })
            }
            "ArrayFeatureExtractor" => {
                let row = first().filter(|row| row.is_flat)?;
                let picked = self.constant(node.input.get(1)?)?;
                let place = |index: &i64| usize::try_from(*index).ok().and_then(|at| row.places.get(at).cloned());
                let places: Option<Vec<Origin>> = picked.iter().map(place).collect();
                Some(Row { places: places?, is_flat: true })
            }
            _ => None,
        }
    }

    fn is_constant(&self, name: &str) -> bool {
        self.graph.initializer.iter().any(|tensor| tensor.name == name)
    }

    /// Whole numbers that the file holds.
    fn constant(&self, name: &str) -> Option<Vec<i64>> {
        let proto = self.graph.initializer.iter().find(|tensor| tensor.name == name)?;
        match &*constant(proto).ok()?.data {
            Data::I64(values) => Some(values.clone()),
            Data::I32(values) => Some(values.iter().map(|v| i64::from(*v)).collect()),
            _ => None,
        }
    }
}

/// The part of a graph before its trees.
struct Prefix {
    graph: Graph,
    inputs: Vec<GraphInput>,
    width: usize,
}

impl std::fmt::Debug for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prefix").field("width", &self.width).finish_non_exhaustive()
    }
}

impl Prefix {
    /// Appends what the trees are given for rows `start..end` to the columns.
    fn block(&self, gathered: &Gathered<'_>, start: usize, end: usize, out: &mut [Vec<f64>]) -> Result<(), Fault> {
        let tensors = gathered.block(&self.inputs, start, end, end - start)?;
        let answers: Vec<Tensor> = match self.graph.run(tensors) {
            Err(Fault::TooLarge) if end - start > 1 => {
                let middle = start + (end - start) / 2;
                self.block(gathered, start, middle, out)?;
                return self.block(gathered, middle, end, out);
            }
            other => other?,
        };
        let answer = answers.first().ok_or("nothing is given to the trees")?;
        let values: Vec<f64> = match &*answer.data {
            Data::F64(values) => values.clone(),
            _ => answer.floats()?.iter().map(|x| f64::from(*x)).collect(),
        };
        if values.len() != (end - start) * self.width {
            return Err(format!("the trees are given {} numbers for {} rows", values.len(), end - start).into());
        }
        for row in values.chunks_exact(self.width) {
            out.iter_mut().zip(row).for_each(|(column, x)| column.push(*x));
        }
        Ok(())
    }
}

impl Together for Prefix {
    fn columns(&self, batch: &Inputs<'_>) -> Result<Vec<Vec<f64>>, ModelError> {
        let gathered = Gathered::over(&self.inputs, batch).map_err(predict_error)?;
        let starts: Vec<usize> = (0..batch.n_rows).step_by(BLOCK_ROWS).collect();
        let block = |start: usize| {
            let mut out: Vec<Vec<f64>> = vec![Vec::with_capacity(BLOCK_ROWS); self.width];
            self.block(&gathered, start, (start + BLOCK_ROWS).min(batch.n_rows), &mut out)?;
            Ok(out)
        };
        let blocks: Result<Vec<Vec<Vec<f64>>>, Fault> = starts.into_par_iter().map(block).collect();
        let mut out: Vec<Vec<f64>> = vec![Vec::with_capacity(batch.n_rows); self.width];
        for block in blocks.map_err(predict_error)? {
            out.iter_mut().zip(block).for_each(|(column, part)| column.extend(part));
        }
        Ok(out)
    }
}

/// One number that the trees are given.
#[derive(Debug)]
struct FromGraph {
    prefix: Arc<dyn Together>,
    place: usize,
    source: [usize; 1],
}

impl Derive for FromGraph {
    fn sources(&self) -> &[usize] {
        &self.source
    }

    fn values(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError> {
        Ok(self.prefix.columns(batch)?.into_iter().nth(self.place).unwrap_or_default())
    }

    fn together(&self) -> Option<(Arc<dyn Together>, usize)> {
        Some((Arc::clone(&self.prefix), self.place))
    }
}
