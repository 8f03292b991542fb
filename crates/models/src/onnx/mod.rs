//! ONNX: pipelines as skl2onnx and onnxmltools write them, and small networks, evaluated without a runtime.
//!
//! Numbers are 32-bit floats where the file says so, as in ONNX Runtime; answers agree with it within 1e-5. Operators
//! that are not supported are refused by name.

mod additive;
mod attributes;
mod columns;
mod forest;
mod graph;
mod ops;
mod proto;
mod signature;
mod tensor;
#[cfg(test)]
mod tests;

use equipoise_document::{ModelSpec, Task};
use prost::Message;
use rayon::prelude::*;

use self::columns::Gathered;
use self::graph::{Graph, Refusal};
use self::proto::ModelProto;
use self::signature::{GraphInput, GraphOutput, Links, Meaning};
use self::tensor::{Fault, Tensor, element};
use crate::{Additive, Input, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs, TreeEnsemble};

/// Rows evaluated together. Cut the same whatever the number of threads, so that the answers are the same.
const BLOCK_ROWS: usize = 1024;

/// As [`BLOCK_ROWS`] for networks on pictures, whose rows are large.
const BLOCK_PICTURES: usize = 32;

/// Reads a model from the bytes of an ONNX file; `path` is only for messages.
///
/// # Errors
/// When it is not ONNX, is broken, needs what is not supported, or has another number of classes than `spec` names.
pub(crate) fn read(path: &str, bytes: &[u8], spec: &ModelSpec) -> Result<OnnxModel, ModelError> {
    let mut model = OnnxModel::from_bytes(path, bytes)?;
    if !spec.classes.is_empty() {
        let n_classes = model.n_classes();
        if model.output.meaning == Meaning::Values || n_classes.is_some_and(|n| n != spec.classes.len()) {
            let has = n_classes.map_or_else(|| "numbers as answers".to_owned(), |n| n.to_string());
            return Err(ModelError::Unsupported {
                path: path.to_owned(),
                problem: format!("{} classes are named for a model with {has}", spec.classes.len()),
                hint: "name the classes in the order of the model's outputs".to_owned(),
            });
        }
        model.info.classes = Some(spec.classes.clone());
    }
    Ok(model)
}

/// A model out of an ONNX file.
pub(crate) struct OnnxModel {
    info: ModelInfo,
    graph: Graph,
    inputs: Vec<GraphInput>,
    output: GraphOutput,
    block_rows: usize,
    /// Its trees, when there is nothing beside them but columns made ready.
    trees: Option<TreeEnsemble>,
    linear: Option<additive::LinearEnd>,
}

impl OnnxModel {
    /// Reads the content of a file; `path` is only for messages.
    ///
    /// # Errors
    /// When it is not ONNX, is broken, or needs what is not supported.
    pub(crate) fn from_bytes(path: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let malformed = |problem: String| ModelError::Malformed {
            path: path.to_owned(),
            format: "ONNX",
            problem,
            hint: "export the model again, and check the file with `onnx.checker.check_model`".to_owned(),
        };
        let refuse = |refusal: Refusal| match refusal {
            Refusal::Malformed(problem) => malformed(problem),
            Refusal::Unsupported(problem) => unsupported(path, problem),
        };
        let model =
            ModelProto::decode(bytes).map_err(|e| malformed(format!("it is truncated or not protobuf ({e})")))?;
        let graph = model.graph.as_ref().ok_or_else(|| malformed("it has no graph".to_owned()))?;
        let links = Links::over(graph);
        let inputs = links.inputs().map_err(|problem| unsupported(path, problem))?;
        if inputs.is_empty() {
            return Err(unsupported(path, "it has no inputs".to_owned()));
        }
        let output = links.output().map_err(|problem| unsupported(path, problem))?;
        let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        let ready = Graph::over(&model, graph, &names, std::slice::from_ref(&output.name)).map_err(refuse)?;
        let n_rows = inputs.iter().filter_map(|input| input.n_rows).max();
        if inputs.iter().any(|input| input.n_rows.is_some() && input.n_rows != n_rows) {
            return Err(malformed("its inputs insist on different numbers of rows".to_owned()));
        }
        let block_rows = n_rows.unwrap_or(if ready.is_heavy() { BLOCK_PICTURES } else { BLOCK_ROWS });
        let info = describe(&model, &ready, &inputs, &output);
        let trees = ready.trees().and_then(|trees| forest::of_graph(&model, graph, &inputs, &output, trees));
        let linear =
            if n_rows.is_some() { None } else { additive::LinearEnd::find(&model, graph, &inputs, &output.name) };
        Ok(Self { info, graph: ready, inputs, output, block_rows, trees, linear })
    }

    /// Number of classes, where the file says so.
    fn n_classes(&self) -> Option<usize> {
        n_classes(&self.output)
    }

    /// The answers for rows `start..end`; taken apart further where they would be too large.
    fn block(&self, gathered: &Gathered, start: usize, end: usize) -> Result<Vec<Tensor>, Fault> {
        let fixed = self.inputs.iter().any(|input| input.n_rows.is_some());
        let tensors = gathered.block(&self.inputs, start, end, if fixed { self.block_rows } else { end - start })?;
        match self.graph.run(tensors) {
            Err(Fault::TooLarge) if end - start > 1 && !fixed => {
                let middle = start + (end - start) / 2;
                let mut answers = self.block(gathered, start, middle)?;
                answers.extend(self.block(gathered, middle, end)?);
                Ok(answers)
            }
            other => other,
        }
    }
}

impl Model for OnnxModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let gathered = Gathered::over(&self.inputs, batch).map_err(predict_error)?;
        let starts: Vec<usize> = (0..batch.n_rows).step_by(self.block_rows.max(1)).collect();
        let blocks: Result<Vec<Vec<Tensor>>, Fault> = starts
            .into_par_iter()
            .map(|start| self.block(&gathered, start, (start + self.block_rows).min(batch.n_rows)))
            .collect();
        let blocks = blocks.map_err(predict_error)?;
        let is_padded = self.inputs.iter().any(|input| input.n_rows.is_some());
        columns::outputs(&blocks, &self.output, batch.n_rows, is_padded).map_err(predict_error)
    }

    fn trees(&self) -> Option<&TreeEnsemble> {
        self.trees.as_ref()
    }

    fn additive(&self) -> Option<&dyn Additive> {
        self.linear.as_ref().map(|linear| linear as &dyn Additive)
    }
}

/// A fault in words for the person who runs the model.
fn predict_error(fault: Fault) -> ModelError {
    let (problem, hint) = match fault {
        Fault::TooLarge => (
            "one row needs more than 8 million numbers at once".to_owned(),
            "serve the model and give its address, or store its predictions in a column of the data".to_owned(),
        ),
        Fault::Problem(problem) => {
            (problem, "check that the columns are those the model was trained on, in their order".to_owned())
        }
    };
    ModelError::Predict { problem, hint }
}

fn unsupported(path: &str, problem: String) -> ModelError {
    ModelError::Unsupported {
        path: path.to_owned(),
        problem,
        hint: "serve the model and give its address, or store its predictions in a column of the data".to_owned(),
    }
}

/// What is known of the model without asking it.
fn describe(model: &ModelProto, graph: &Graph, inputs: &[GraphInput], output: &GraphOutput) -> ModelInfo {
    let inputs = inputs.iter().map(|input| {
        let kind = match input.element {
            _ if input.width != 1 => InputKind::Tensor(input.width),
            element::STRING => InputKind::Category(input.levels.clone()),
            _ => InputKind::Number,
        };
        Input { name: input.name.clone(), kind }
    });
    let task = match (output.meaning, n_classes(output)) {
        (Meaning::Values, _) => Some(Task::Regression),
        (_, Some(2)) => Some(Task::Binary),
        (_, Some(_)) => Some(Task::Multiclass),
        (_, None) => None,
    };
    let kind = match graph.trees() {
        Some(trees) if trees.roots.len() == 1 => "a decision tree".to_owned(),
        Some(trees) => format!("tree ensemble, {} trees", trees.roots.len()),
        None => "a graph".to_owned(),
    };
    let producer = if model.producer_name.is_empty() { String::new() } else { format!(" by {}", model.producer_name) };
    ModelInfo {
        format: "onnx".to_owned(),
        describes: format!("{kind} in ONNX{producer}"),
        inputs: inputs.collect(),
        task,
        classes: output.classes.clone(),
    }
}

/// Number of classes, where the file says so.
fn n_classes(output: &GraphOutput) -> Option<usize> {
    match output.meaning {
        Meaning::Probability => Some(2),
        Meaning::Values => None,
        Meaning::Probabilities | Meaning::Labels => {
            output.classes.as_ref().map(Vec::len).or(output.width.filter(|&w| w > 1))
        }
    }
}
