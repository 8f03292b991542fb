//! What a graph takes and gives, read from its declarations and from the nodes at its ends.

use std::collections::HashMap;

use super::attributes::Attributes;
use super::proto::{GraphProto, NodeProto, ValueInfoProto};
use super::tensor::{Data, constant, element};

/// An input of the graph.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GraphInput {
    pub(crate) name: String,
    /// Element type.
    pub(crate) element: i32,
    /// Dimensions of one row; empty when the input is a plain list with one element per row.
    pub(crate) row: Vec<usize>,
    /// Numbers in one row; 0 when any number will do.
    pub(crate) width: usize,
    /// The number of rows the file insists on.
    pub(crate) n_rows: Option<usize>,
    /// The names its encoder knows.
    pub(crate) levels: Option<Vec<String>>,
}

/// What the answer of the graph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Probabilities, one column per class.
    Probabilities,
    /// The probability of the second of two classes.
    Probability,
    /// The predicted class.
    Labels,
    /// A number.
    Values,
}

/// The output to ask for, and what it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GraphOutput {
    pub(crate) name: String,
    pub(crate) meaning: Meaning,
    pub(crate) classes: Option<Vec<String>>,
    /// Columns, where the file says so.
    pub(crate) width: Option<usize>,
}

/// Nodes by the values they make and read.
pub(crate) struct Links<'g> {
    graph: &'g GraphProto,
    makers: HashMap<&'g str, (&'g NodeProto, usize)>,
    readers: HashMap<&'g str, Vec<&'g NodeProto>>,
}

impl<'g> Links<'g> {
    /// Of a graph.
    pub(crate) fn over(graph: &'g GraphProto) -> Self {
        let (mut makers, mut readers): (HashMap<_, _>, HashMap<_, Vec<_>>) = (HashMap::new(), HashMap::new());
        for node in &graph.node {
            for (i, name) in node.output.iter().enumerate() {
                makers.insert(name.as_str(), (node, i));
            }
            for name in &node.input {
                readers.entry(name.as_str()).or_default().push(node);
            }
        }
        Self { graph, makers, readers }
    }

    fn initializer(&self, name: &str) -> Option<Data> {
        let proto = self.graph.initializer.iter().find(|t| t.name == name)?;
        constant(proto).ok().map(|t| (*t.data).clone())
    }

    fn initializer_dims(&self, name: &str) -> Option<Vec<usize>> {
        let proto = self.graph.initializer.iter().find(|t| t.name == name)?;
        proto.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect()
    }

    /// The inputs that must be given.
    ///
    /// # Errors
    /// When one has no tensor type or makes no sense.
    pub(crate) fn inputs(&self) -> Result<Vec<GraphInput>, String> {
        let is_constant = |v: &&ValueInfoProto| self.graph.initializer.iter().any(|t| t.name == v.name);
        self.graph.input.iter().filter(|v| !is_constant(v)).map(|v| self.input(v)).collect()
    }

    fn input(&self, value: &ValueInfoProto) -> Result<GraphInput, String> {
        let name = &value.name;
        let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let tensor = tensor.ok_or_else(|| format!("the input `{name}` is not a tensor"))?;
        let known = [element::FLOAT, element::DOUBLE, element::INT64, element::INT32, element::BOOL, element::STRING];
        if !known.contains(&tensor.elem_type) {
            return Err(format!("the input `{name}` has the element type {}", element::name(tensor.elem_type)));
        }
        let size = |dim: Option<i64>| dim.and_then(|d| usize::try_from(d).ok()).filter(|&d| d > 0);
        let (n_rows, row): (Option<usize>, Vec<Option<usize>>) = match &tensor.shape {
            None => (None, vec![None]),
            Some(shape) => {
                let mut dims = shape.dim.iter().map(|dim| size(dim.dim_value));
                (dims.next().flatten(), dims.collect())
            }
        };
        let open = row.iter().filter(|dim| dim.is_none()).count();
        let fixed = row.iter().flatten().try_fold(1usize, |n, &dim| n.checked_mul(dim)).filter(|&n| n <= 1 << 20);
        let fixed = fixed.ok_or_else(|| format!("one row of the input `{name}` has more than a million numbers"))?;
        if open > 1 || (open == 1 && row.len() > 1) {
            return Err(format!("the input `{name}` has {open} dimensions of any length beside the rows"));
        }
        let width = if open == 1 { self.width_by_use(name).unwrap_or(0) } else { fixed };
        if n_rows.is_some_and(|n| n > 1 << 16) {
            return Err(format!("the input `{name}` insists on more than 65,536 rows at once"));
        }
        Ok(GraphInput {
            name: name.clone(),
            element: tensor.elem_type,
            row: if open == 1 { vec![width] } else { row.into_iter().flatten().collect() },
            width,
            n_rows,
            levels: if tensor.elem_type == element::STRING { self.levels(name) } else { None },
        })
    }

    /// Number of features that the nodes reading a value ask for.
    fn width_by_use(&self, name: &str) -> Option<usize> {
        let mut name = name;
        for _ in 0..16 {
            let readers = self.readers.get(name)?;
            for node in readers {
                let a = Attributes::of(node, 1);
                let found = match node.op_type.as_str() {
                    "Scaler" => Some(a.floats("offset").len().max(a.floats("scale").len())).filter(|&n| n > 1),
                    "Imputer" => {
                        let n = a.floats("imputed_value_floats").len().max(a.ints("imputed_value_int64s").len());
                        Some(n).filter(|&n| n > 1)
                    }
                    "LinearRegressor" => {
                        a.floats("coefficients").len().checked_div(usize::try_from(a.int("targets", 1)).ok()?)
                    }
                    "LinearClassifier" => a.floats("coefficients").len().checked_div(a.floats("intercepts").len()),
                    "MatMul" | "Gemm" if node.input.first().is_some_and(|x| x == name) => {
                        let dims = node.input.get(1).and_then(|w| self.initializer_dims(w))?;
                        let flips = node.op_type == "Gemm" && a.int("transB", 0) != 0;
                        if flips { dims.get(1).copied() } else { dims.first().copied() }
                    }
                    "Sub" | "Add" | "Mul" | "Div" => {
                        let other = node.input.iter().find(|x| *x != name)?;
                        self.initializer_dims(other).and_then(|dims| dims.last().copied()).filter(|&n| n > 1)
                    }
                    _ => None,
                };
                if found.is_some() {
                    return found;
                }
            }
            let passes =
                ["Cast", "Identity", "Scaler", "Imputer", "Normalizer", "Binarizer", "Sub", "Add", "Mul", "Div"];
            let next = readers.iter().find(|node| passes.contains(&node.op_type.as_str()))?;
            name = next.output.first()?;
        }
        None
    }

    /// The names that the encoder of a text input knows.
    fn levels(&self, name: &str) -> Option<Vec<String>> {
        let mut name = name;
        for _ in 0..16 {
            let [node] = self.readers.get(name)?.as_slice() else { return None };
            let a = Attributes::of(node, 1);
            match node.op_type.as_str() {
                "OneHotEncoder" => return a.texts("cats_strings").ok(),
                "LabelEncoder" | "CategoryMapper" => {
                    let key = if node.op_type == "LabelEncoder" { "keys_strings" } else { "cats_strings" };
                    let listed = a.texts(key).ok().filter(|levels| !levels.is_empty());
                    return listed.or_else(|| match &*a.tensor("keys_tensor").ok()??.data {
                        Data::Text(text) => Some(text.iter().map(str::to_owned).collect()),
                        _ => None,
                    });
                }
                "Gather" | "Reshape" | "Flatten" | "Identity" => name = node.output.first()?,
                _ => return None,
            }
        }
        None
    }

    /// Which output to ask for: probabilities before labels before numbers.
    ///
    /// # Errors
    /// When the graph has none that can be understood.
    pub(crate) fn output(&self) -> Result<GraphOutput, String> {
        let described: Vec<(GraphOutput, bool)> = self.graph.output.iter().filter_map(|v| self.describe(v)).collect();
        let rank = |(output, _): &&(GraphOutput, bool)| match output.meaning {
            Meaning::Probabilities | Meaning::Probability => 0,
            Meaning::Labels => 1,
            Meaning::Values => 2,
        };
        let best = described.iter().min_by_key(rank).ok_or("it has no output of numbers or names")?;
        let mut output = best.0.clone();
        let labels = self.graph.output.iter().filter(|v| is_label(v)).find_map(|v| self.class_names(&v.name));
        // A label output names the classes best: its names may be texts where the probabilities only have numbers.
        let fits = |names: &Vec<String>| output.width.is_none_or(|w| w == names.len()) && names.len() > 1;
        output.classes = labels.filter(fits).or(output.classes);
        Ok(output)
    }

    fn describe(&self, value: &ValueInfoProto) -> Option<(GraphOutput, bool)> {
        let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let is_list = value.r#type.as_ref().is_some_and(|t| t.sequence_type.is_some());
        let width = tensor.and_then(|t| t.shape.as_ref()).and_then(|shape| match shape.dim.as_slice() {
            [_] => Some(1),
            [_, last] => last.dim_value.and_then(|d| usize::try_from(d).ok()).filter(|&d| d > 0),
            _ => None,
        });
        let output = |meaning, classes| GraphOutput { name: value.name.clone(), meaning, classes, width };
        if is_label(value) {
            return Some((output(Meaning::Labels, self.class_names(&value.name)), true));
        }
        if !is_list && !tensor.is_some_and(|t| [element::FLOAT, element::DOUBLE].contains(&t.elem_type)) {
            return None;
        }
        let origin = self.origin(&value.name);
        let op = origin.map_or("", |(node, _)| node.op_type.as_str());
        let gives_scores_only = origin.is_some_and(|(node, _)| {
            let a = Attributes::of(node, 1);
            let raw = a.text("post_transform", "NONE").is_ok_and(|t| t == "NONE");
            (op == "LinearClassifier" && raw) || (op == "SVMClassifier" && !a.has("prob_a"))
        });
        let named = value.name.to_lowercase().contains("prob");
        let is_classifier = ["LinearClassifier", "TreeEnsembleClassifier", "SVMClassifier"].contains(&op);
        let meaning = if gives_scores_only {
            return None;
        } else if is_list || is_classifier || op == "Softmax" || (named && width != Some(1)) {
            Meaning::Probabilities
        } else if op == "Sigmoid" || named {
            Meaning::Probability
        } else {
            Meaning::Values
        };
        let classes = if meaning == Meaning::Probabilities { self.class_names(&value.name) } else { None };
        Some((output(meaning, classes), false))
    }

    /// The node that makes a value, seen through nodes that only pass it on.
    fn origin(&self, name: &str) -> Option<(&'g NodeProto, usize)> {
        let mut found = *self.makers.get(name)?;
        for _ in 0..64 {
            let passes =
                ["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout", "ZipMap", "Normalizer"];
            if !passes.contains(&found.0.op_type.as_str()) {
                break;
            }
            match found.0.input.first().and_then(|input| self.makers.get(input.as_str())) {
                Some(next) => found = *next,
                None => break,
            }
        }
        Some(found)
    }

    /// The classes behind a label or a table of probabilities, in the order of the probabilities.
    fn class_names(&self, name: &str) -> Option<Vec<String>> {
        let mut renamed: Vec<&NodeProto> = Vec::new();
        let mut name = name;
        for _ in 0..64 {
            let (node, _) = self.makers.get(name)?;
            let a = Attributes::of(node, 1);
            match node.op_type.as_str() {
                "ZipMap" | "LinearClassifier" | "TreeEnsembleClassifier" | "SVMClassifier" => {
                    let ints = if a.has("classlabels_int64s") { "classlabels_int64s" } else { "classlabels_ints" };
                    let texts = a.texts("classlabels_strings").ok()?;
                    let names =
                        if texts.is_empty() { a.ints(ints).iter().map(i64::to_string).collect() } else { texts };
                    return rename(names, &renamed);
                }
                "ArrayFeatureExtractor" => {
                    let names = match self.initializer(node.input.first()?)? {
                        Data::I64(v) => v.iter().map(i64::to_string).collect(),
                        Data::I32(v) => v.iter().map(i32::to_string).collect(),
                        Data::Text(text) => text.iter().map(str::to_owned).collect(),
                        _ => return None,
                    };
                    return rename(names, &renamed);
                }
                "LabelEncoder" => {
                    renamed.push(node);
                    name = node.input.first()?;
                }
                "Identity" | "Cast" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Normalizer" => {
                    name = node.input.first()?;
                }
                "ArgMax" => {
                    // The places themselves, named by the encoder after it.
                    let encoder = renamed.last()?;
                    let n = Attributes::of(encoder, 1).ints("keys_int64s").len();
                    return rename((0..n).map(|i| i.to_string()).collect(), &renamed);
                }
                _ => return None,
            }
        }
        None
    }
}

/// Names after the encoders that follow, the one nearest to the classes last in the list.
fn rename(names: Vec<String>, encoders: &[&NodeProto]) -> Option<Vec<String>> {
    encoders.iter().rev().try_fold(names, |names, encoder| {
        let a = Attributes::of(encoder, 1);
        let keys: Vec<String> = match a.texts("keys_strings").ok()? {
            texts if !texts.is_empty() => texts,
            _ => a.ints("keys_int64s").iter().map(i64::to_string).collect(),
        };
        let values: Vec<String> = match a.texts("values_strings").ok()? {
            texts if !texts.is_empty() => texts,
            _ => a.ints("values_int64s").iter().map(i64::to_string).collect(),
        };
        let table: HashMap<&String, &String> = keys.iter().zip(&values).collect();
        names.iter().map(|name| table.get(name).map(|value| (*value).clone())).collect()
    })
}

/// Whether an output is a class: whole numbers or texts.
fn is_label(value: &ValueInfoProto) -> bool {
    let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    tensor.is_some_and(|t| [element::INT64, element::INT32, element::STRING, element::BOOL].contains(&t.elem_type))
}
