//! scikit-learn's trees, from the arrays it keeps them in.

use equipoise_service::models::trees::{
    Answer, Categories, Comparison, EnsembleParts, Feature, FeatureKind, Link, Node, Precision, Rule, Tree, TreeParts,
};
use equipoise_service::models::{Input, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs, TreeEnsemble};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

/// One tree: arrays over its nodes. A node whose `left` is negative is a leaf.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct TreeArrays<'py> {
    left: PyReadonlyArray1<'py, i64>,
    right: PyReadonlyArray1<'py, i64>,
    feature: PyReadonlyArray1<'py, i64>,
    threshold: PyReadonlyArray1<'py, f64>,
    missing_left: PyReadonlyArray1<'py, u8>,
    cover: PyReadonlyArray1<'py, f64>,
    /// Shape `(n_nodes, width)`.
    values: PyReadonlyArray2<'py, f64>,
    /// Row of `bitsets` for a split by categories, otherwise negative.
    bitset: PyReadonlyArray1<'py, i64>,
    /// Shape `(n_bitsets, 8)`: the categories that go left, a bit each.
    bitsets: PyReadonlyArray2<'py, u32>,
    /// The output it adds to; none when its leaves hold a value for each.
    output: Option<usize>,
}

/// An ensemble, before it is checked.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct ForestParts<'py> {
    /// Names, and categories by code for features that hold names.
    features: Vec<(String, Option<Vec<String>>)>,
    /// True when a name that is not among the categories is another one; it is missing otherwise.
    is_other_known: bool,
    trees: Vec<TreeArrays<'py>>,
    base: Vec<f64>,
    scale: f64,
    /// `identity`, `logistic`, `softmax` or `exp`.
    link: String,
    link_scale: f64,
    /// `value`, `probability` or `probabilities`.
    answer: String,
    /// True when values are rounded to single precision before they are compared.
    is_single: bool,
    describes: String,
    classes: Option<Vec<String>>,
}

/// The ensemble as a model.
pub(crate) struct ForestModel {
    info: ModelInfo,
    ensemble: TreeEnsemble,
    answer: Answer,
}

impl ForestModel {
    /// Checks the arrays.
    ///
    /// # Errors
    /// Says in words what does not fit together.
    pub(crate) fn over(parts: ForestParts<'_>) -> Result<Self, String> {
        let n_outputs = parts.base.len();
        let precision = if parts.is_single { Precision::Single } else { Precision::Double };
        let trees: Result<Vec<Tree>, String> = parts
            .trees
            .iter()
            .enumerate()
            .map(|(i, arrays)| {
                let tree = tree_of(arrays, precision).ok_or_else(|| "its arrays have different lengths".to_owned());
                tree.and_then(|tree| Tree::new(tree, n_outputs).map_err(|e| e.to_string()))
                    .map_err(|problem| format!("tree {i} cannot be read: {problem}"))
            })
            .collect();
        let features = parts.features.into_iter().map(|(name, categories)| match categories {
            Some(names) if parts.is_other_known => Feature::category(name, Categories::listed(names)),
            Some(names) => Feature::category(name, Categories::named(names)),
            None => Feature::number(name),
        });
        let ensemble = TreeEnsemble::new(EnsembleParts {
            features: features.collect(),
            trees: trees?,
            base: parts.base,
            scale: parts.scale,
            link: match parts.link.as_str() {
                "logistic" => Link::Logistic { scale: parts.link_scale },
                "softmax" => Link::Softmax,
                "exp" => Link::Exp,
                _ => Link::Identity,
            },
            features_in: precision,
            sums_in: Precision::Double,
        })
        .map_err(|e| e.to_string())?;
        let answer = match parts.answer.as_str() {
            "probability" => Answer::Probability,
            "probabilities" => Answer::Probabilities,
            _ => Answer::Value,
        };
        let input = |feature: &Feature| {
            let kind = match &feature.kind {
                FeatureKind::Category(categories) => InputKind::Category(Some(categories.names().to_vec())),
                FeatureKind::Number | FeatureKind::Derived(_) => InputKind::Number,
            };
            Input { name: feature.name.clone(), kind }
        };
        let info = ModelInfo {
            format: "scikit-learn".to_owned(),
            describes: parts.describes,
            inputs: ensemble.features().iter().map(input).collect(),
            task: Some(answer.task()),
            classes: parts.classes,
        };
        Ok(Self { info, ensemble, answer })
    }
}

impl Model for ForestModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let mut values = self.ensemble.margins(batch)?;
        let n_outputs = self.ensemble.n_outputs();
        self.ensemble.link().apply(&mut values, n_outputs);
        Ok(match self.answer {
            Answer::Value => Outputs::Values(values),
            Answer::Probability => Outputs::Probability(values),
            Answer::Probabilities => Outputs::Probabilities { n_classes: n_outputs, values },
        })
    }

    fn trees(&self) -> Option<&TreeEnsemble> {
        Some(&self.ensemble)
    }
}

/// One tree; none when an array is too short.
fn tree_of(arrays: &TreeArrays<'_>, precision: Precision) -> Option<TreeParts> {
    let (left, right, feature) = (arrays.left.as_array(), arrays.right.as_array(), arrays.feature.as_array());
    let (threshold, missing_left) = (arrays.threshold.as_array(), arrays.missing_left.as_array());
    let (all_values, width) = flat(&arrays.values);
    let (bitsets, n_words) = flat(&arrays.bitsets);
    let bitset = arrays.bitset.as_array();
    let place = |i: i64| usize::try_from(i).ok();
    let mut nodes = Vec::with_capacity(left.len());
    let mut values = Vec::new();
    let mut leaves = 0_usize..;
    for (node, child) in left.iter().enumerate() {
        let Some(left) = place(*child) else {
            nodes.push(Node::Leaf(leaves.next()?));
            values.extend_from_slice(all_values.get(node * width..(node + 1) * width)?);
            continue;
        };
        let missing_left = *missing_left.get(node)? == 1;
        let rule = match place(*bitset.get(node)?) {
            Some(row) => {
                let words = bitsets.get(row * n_words..(row + 1) * n_words)?;
                let bits = words.iter().zip(0_u32..).flat_map(|(word, w)| {
                    (0..32_u32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| w * 32 + bit)
                });
                Rule::Categories { listed: bits.collect(), listed_left: true, missing_left }
            }
            None => Rule::Threshold {
                threshold: held(*threshold.get(node)?, precision),
                comparison: Comparison::LessOrEqual,
                zero_is_missing: false,
                missing_left,
            },
        };
        nodes.push(Node::Split { feature: place(*feature.get(node)?)?, rule, left, right: place(*right.get(node)?)? });
    }
    let covers = arrays.cover.as_array().to_vec();
    Some(TreeParts { nodes, values, output: arrays.output, covers: Some(covers), linear: Vec::new() })
}

/// The values of a matrix row by row, and its width.
fn flat<T: Copy + numpy::Element>(matrix: &PyReadonlyArray2<'_, T>) -> (Vec<T>, usize) {
    let matrix = matrix.as_array();
    (matrix.iter().copied().collect(), matrix.ncols())
}

/// A threshold that single-precision values are held against: the largest such value that is not above it parts them in the
/// same way.
fn held(threshold: f64, precision: Precision) -> f64 {
    if precision == Precision::Double {
        return threshold;
    }
    #[allow(clippy::cast_possible_truncation, reason = "rounding is what is meant; it is mended below")]
    let near = threshold as f32;
    f64::from(if f64::from(near) > threshold { near.next_down() } else { near })
}
