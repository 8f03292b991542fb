//! Linear models at the end of a pipeline that treats every column by itself: additive in the columns.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::attributes::Attributes;
use super::columns::Gathered;
use super::graph::Graph;
use super::proto::{GraphProto, ModelProto, NodeProto};
use super::signature::GraphInput;
use super::tensor::Fault;
use super::{BLOCK_ROWS, predict_error};
use crate::{Additive, Inputs, ModelError};

/// Operators whose every output cell is made of one input cell of the same row (and constants).
const BY_CELL: [&str; 14] = [
    "Imputer",
    "Scaler",
    "OneHotEncoder",
    "Concat",
    "Reshape",
    "Cast",
    "Identity",
    "LabelEncoder",
    "Flatten",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Binarizer",
];

/// Operators that may follow the linear model: they hand its answer on.
const AFTER: [&str; 6] = ["Normalizer", "ZipMap", "Cast", "Identity", "Reshape", "Concat"];

/// `margin_k = b_k + Σ_j w_kj·z_j`, where each `z_j` depends on one column.
pub(super) struct LinearEnd {
    /// Computes `z`.
    before: Graph,
    inputs: Vec<GraphInput>,
    /// Output by output: coefficients and intercept.
    sets: Vec<(Vec<f64>, f64)>,
}

impl LinearEnd {
    /// The linear model that ends a graph; none when there is none or anything mixes columns before it.
    pub(super) fn find(model: &ModelProto, graph: &GraphProto, inputs: &[GraphInput], output: &str) -> Option<Self> {
        let makers: HashMap<&str, &NodeProto> =
            graph.node.iter().flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node))).collect();
        let constants: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let mut name = output;
        let linear = loop {
            let node = *makers.get(name)?;
            match node.op_type.as_str() {
                "LinearClassifier" | "LinearRegressor" => break node,
                op if AFTER.contains(&op) => name = node.input.iter().find(|i| !constants.contains(i.as_str()))?,
                _ => return None,
            }
        };
        let entry = linear.input.first()?;
        let given: HashSet<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let mut waiting = vec![entry.as_str()];
        let mut seen = HashSet::new();
        while let Some(name) = waiting.pop() {
            if given.contains(name) || constants.contains(name) || !seen.insert(name) {
                continue;
            }
            let node = *makers.get(name)?;
            if !BY_CELL.contains(&node.op_type.as_str()) {
                return None;
            }
            let is_arithmetic = ["Add", "Sub", "Mul", "Div"].contains(&node.op_type.as_str());
            if is_arithmetic && !node.input.iter().any(|i| constants.contains(i.as_str())) {
                return None;
            }
            waiting.extend(node.input.iter().filter(|i| !i.is_empty()).map(String::as_str));
        }
        let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        let before = Graph::over(model, graph, &names, std::slice::from_ref(entry)).ok()?;
        Some(Self { before, inputs: inputs.to_vec(), sets: sets(linear)? })
    }

    fn block(&self, gathered: &Gathered, start: usize, end: usize) -> Result<Vec<f64>, Fault> {
        let tensors = gathered.block(&self.inputs, start, end, end - start)?;
        let answers = self.before.run(tensors)?;
        let z = answers.first().ok_or_else(|| Fault::Problem("the linear model has no input".to_owned()))?;
        let (n_rows, width) = z.rows();
        if n_rows != end - start || self.sets.iter().any(|(weights, _)| weights.len() != width) {
            return Err(Fault::Problem("the linear model is given another number of features".to_owned()));
        }
        let cells = z.floats()?;
        let row = |cells: &[f32]| {
            let margin = |(weights, intercept): &(Vec<f64>, f64)| {
                intercept + weights.iter().zip(cells).map(|(w, x)| w * f64::from(*x)).sum::<f64>()
            };
            self.sets.iter().map(margin).collect::<Vec<_>>()
        };
        Ok(cells.chunks_exact(width.max(1)).flat_map(row).collect())
    }
}

/// One set of weights for two classes or a number, else one for each class.
fn sets(node: &NodeProto) -> Option<Vec<(Vec<f64>, f64)>> {
    let a = Attributes::of(node, 1);
    let (weights, intercepts) = (a.floats("coefficients"), a.floats("intercepts"));
    let is_classifier = node.op_type == "LinearClassifier";
    let transform = a.text("post_transform", "NONE").ok()?;
    let n_sets = if is_classifier { intercepts.len() } else { usize::try_from(a.int("targets", 1)).ok()? };
    if n_sets == 0
        || weights.is_empty()
        || !weights.len().is_multiple_of(n_sets)
        || (!is_classifier && transform != "NONE")
    {
        return None;
    }
    let one = |(weights, place): (&[f32], usize)| {
        let intercept = intercepts.get(place).copied().unwrap_or(0.0);
        (weights.iter().map(|w| f64::from(*w)).collect::<Vec<_>>(), f64::from(intercept))
    };
    let all: Vec<(Vec<f64>, f64)> = weights.chunks_exact(weights.len() / n_sets).zip(0..).map(one).collect();
    match (is_classifier, transform.as_str(), all.as_slice()) {
        (true, "SOFTMAX", [(w0, b0), (w1, b1)]) => {
            // Of two classes the margin is the difference of the scores.
            Some(vec![(w1.iter().zip(w0).map(|(a, b)| a - b).collect(), b1 - b0)])
        }
        (true, "LOGISTIC", [_, second]) => Some(vec![second.clone()]),
        (true, "LOGISTIC" | "SOFTMAX", _) | (false, _, _) => Some(all),
        (true, ..) => None,
    }
}

impl Additive for LinearEnd {
    fn n_outputs(&self) -> usize {
        self.sets.len()
    }

    fn margins(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError> {
        let gathered = Gathered::over(&self.inputs, batch).map_err(predict_error)?;
        let starts: Vec<usize> = (0..batch.n_rows).step_by(BLOCK_ROWS).collect();
        let blocks: Result<Vec<Vec<f64>>, Fault> = starts
            .into_par_iter()
            .map(|start| self.block(&gathered, start, (start + BLOCK_ROWS).min(batch.n_rows)))
            .collect();
        Ok(blocks.map_err(predict_error)?.concat())
    }
}
