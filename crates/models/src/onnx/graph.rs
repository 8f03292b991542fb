//! A graph made ready: constants read, operators looked up, nodes in an order in which each finds its inputs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::attributes::Attributes;
use super::ops::{self, Args, FlatTrees, Kernel, Lookup};
use super::proto::{GraphProto, ModelProto, NodeProto};
use super::tensor::{Fault, MAX_ELEMENTS, Tensor, constant};

/// Elements all values of one block of rows may have together.
const MAX_LIVE: usize = 4 * MAX_ELEMENTS;

/// What a file holds that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// It breaks the format's rules.
    Malformed(String),
    /// It asks for something that is not here.
    Unsupported(String),
}

/// Nodes in running order, and the values they read and write by number.
pub(crate) struct Graph {
    /// Constants by value number.
    constants: Vec<Option<Tensor>>,
    steps: Vec<Step>,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

struct Step {
    kernel: Kernel,
    /// Operator and node for messages.
    says: String,
    inputs: Vec<Option<usize>>,
    outputs: Vec<Option<usize>>,
    /// Values nobody needs after this step.
    done: Vec<usize>,
}

/// Version of an operator set, 1 where the file does not say.
pub(crate) fn opset(model: &ModelProto, domain: &str) -> i64 {
    let is_default = |d: &str| d.is_empty() || d == "ai.onnx";
    let same = |d: &str| d == domain || (is_default(d) && is_default(domain));
    model.opset_import.iter().filter(|o| same(&o.domain)).map(|o| o.version).max().unwrap_or(1)
}

/// A node in words.
fn in_words(node: &NodeProto) -> String {
    let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
    let name = if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name };
    format!("node `{name}` (operator `{}` of `{domain}`)", node.op_type)
}

impl Graph {
    /// Makes ready what is needed to compute `outputs` from `inputs`.
    ///
    /// # Errors
    /// When the graph is broken, leads round in a circle, or needs an operator that is not supported.
    pub(crate) fn over(
        model: &ModelProto,
        graph: &GraphProto,
        inputs: &[String],
        outputs: &[String],
    ) -> Result<Self, Refusal> {
        if !graph.sparse_initializer.is_empty() {
            return Err(Refusal::Unsupported("it has sparse constants, which are not supported".to_owned()));
        }
        let mut numbers = Numbers::default();
        let mut constants = Vec::new();
        for proto in &graph.initializer {
            let slot = numbers.of(&proto.name);
            constants.resize(numbers.len(), None);
            if let Some(place) = constants.get_mut(slot) {
                *place = Some(constant(proto).map_err(Refusal::Malformed)?);
            }
        }
        let input_slots: Vec<usize> = inputs.iter().map(|name| numbers.of(name)).collect();
        let order = running_order(graph, inputs, outputs)?;
        let mut steps = Vec::with_capacity(order.len());
        for node in order {
            let attributes = Attributes::of(node, opset(model, &node.domain));
            let kernel = match ops::kernel(&node.domain, &node.op_type, &attributes) {
                Ok(Lookup::Kernel(kernel)) => kernel,
                Ok(Lookup::Unknown) => {
                    return Err(Refusal::Unsupported(format!("{} is not supported", in_words(node))));
                }
                Err(problem) => return Err(Refusal::Malformed(format!("{}: {problem}", in_words(node)))),
            };
            let mut slot = |name: &String| (!name.is_empty()).then(|| numbers.of(name));
            steps.push(Step {
                kernel,
                says: in_words(node),
                inputs: node.input.iter().map(&mut slot).collect(),
                outputs: node.output.iter().map(&mut slot).collect(),
                done: Vec::new(),
            });
        }
        let outputs: Vec<usize> = outputs.iter().map(|name| numbers.of(name)).collect();
        constants.resize(numbers.len(), None);
        let mut wanted: HashSet<usize> = outputs.iter().copied().collect();
        for step in steps.iter_mut().rev() {
            let touched: HashSet<usize> = step.inputs.iter().chain(&step.outputs).copied().flatten().collect();
            step.done = touched.into_iter().filter(|slot| wanted.insert(*slot)).collect();
        }
        Ok(Self { constants, steps, inputs: input_slots, outputs })
    }

    /// The ensemble of trees, when there is exactly one.
    pub(crate) fn trees(&self) -> Option<&Arc<FlatTrees>> {
        let mut found = self.steps.iter().filter_map(|step| step.kernel.trees.as_ref());
        found.next().filter(|_| found.next().is_none())
    }

    /// Whether it computes over windows of pictures.
    pub(crate) fn is_heavy(&self) -> bool {
        self.steps.iter().any(|step| step.says.contains("`Conv`"))
    }

    /// The outputs for one block of rows.
    pub(crate) fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Fault> {
        let mut values: Vec<Option<Tensor>> = vec![None; self.constants.len()];
        let mut live = 0usize;
        for (&slot, tensor) in self.inputs.iter().zip(inputs) {
            live += tensor.len();
            if let Some(place) = values.get_mut(slot) {
                *place = Some(tensor);
            }
        }
        for step in &self.steps {
            let answers = {
                let lookup = |slot: &Option<usize>| {
                    let slot = (*slot)?;
                    values.get(slot).and_then(Option::as_ref).or_else(|| self.constants.get(slot)?.as_ref())
                };
                let args = Args(step.inputs.iter().map(lookup).collect());
                (step.kernel.run)(&args).map_err(|fault| match fault {
                    Fault::Problem(problem) => Fault::Problem(format!("{}: {problem}", step.says)),
                    Fault::TooLarge => Fault::TooLarge,
                })?
            };
            for (slot, tensor) in step.outputs.iter().zip(answers) {
                if let Some(place) = slot.and_then(|slot| values.get_mut(slot)) {
                    live += tensor.len();
                    *place = Some(tensor);
                }
            }
            if live > MAX_LIVE {
                return Err(Fault::TooLarge);
            }
            for &slot in &step.done {
                if let Some(tensor) = values.get_mut(slot).and_then(Option::take) {
                    live = live.saturating_sub(tensor.len());
                }
            }
        }
        self.outputs
            .iter()
            .map(|&slot| {
                let value = values.get(slot).cloned().flatten().or_else(|| self.constants.get(slot).cloned().flatten());
                value.ok_or_else(|| Fault::Problem("an output is not computed".to_owned()))
            })
            .collect()
    }
}

/// Numbers given to names of values.
#[derive(Default)]
struct Numbers(HashMap<String, usize>);

impl Numbers {
    fn of(&mut self, name: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The nodes that `outputs` depend on, each after those it reads from.
fn running_order<'g>(
    graph: &'g GraphProto,
    inputs: &[String],
    outputs: &[String],
) -> Result<Vec<&'g NodeProto>, Refusal> {
    let mut maker: HashMap<&str, usize> = HashMap::new();
    for (i, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if maker.insert(name, i).is_some() {
                return Err(Refusal::Malformed(format!("the value `{name}` is made twice")));
            }
        }
    }
    let given: HashSet<&str> =
        inputs.iter().map(String::as_str).chain(graph.initializer.iter().map(|t| t.name.as_str())).collect();
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; graph.node.len()];
    let mut order = Vec::new();
    // Depth first with a stack of its own: a chain may be as long as the file.
    let mut stack: Vec<(&str, bool)> = outputs.iter().rev().map(|name| (name.as_str(), false)).collect();
    while let Some((name, is_leaving)) = stack.pop() {
        if given.contains(name) {
            continue;
        }
        let Some(&i) = maker.get(name) else {
            return Err(Refusal::Malformed(format!("the value `{name}` is used, but nothing makes it")));
        };
        let (Some(node), Some(now)) = (graph.node.get(i), state.get_mut(i)) else { continue };
        match (*now, is_leaving) {
            (State::Open, true) => {
                *now = State::Done;
                order.push(node);
            }
            (State::New, _) => {
                *now = State::Open;
                stack.push((name, true));
                stack.extend(node.input.iter().filter(|input| !input.is_empty()).map(|input| (input.as_str(), false)));
            }
            (State::Open, false) => {
                return Err(Refusal::Malformed(format!("{} depends on itself", in_words(node))));
            }
            (State::Done, _) => {}
        }
    }
    Ok(order)
}
