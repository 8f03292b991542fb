//! The ensemble: trees, and what the library does around them.

use super::{
    Feature, FeatureKind, Link, Node, Rule, Tree,
    encode::Encoded,
    eval,
    plan::{Limits, Plan},
};
use crate::{Inputs, ModelError};

/// Width of the numbers a library computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 64 bits.
    #[default]
    Double,
    /// 32 bits: values are rounded to single precision first.
    Single,
}

/// What an ensemble is made of, unchecked.
///
/// ```text
/// margin_k = base_k + scale · Σ leaf values of the trees that add to output k
/// ```
#[derive(Clone, Debug, Default)]
pub struct EnsembleParts {
    /// Features by index: those that the data brings, then the derived ones.
    pub features: Vec<Feature>,
    /// The trees, in the order in which they are summed.
    pub trees: Vec<Tree>,
    /// Margin of each output without any tree; its length is the number of outputs.
    pub base: Vec<f64>,
    /// 1 for a sum, one over the number of rounds for an average.
    pub scale: f64,
    /// From margins to predictions.
    pub link: Link,
    /// Precision of feature values. Thresholds must be numbers of this precision.
    pub features_in: Precision,
    /// Precision of the sum, which in single precision without a scale starts from the base.
    pub sums_in: Precision,
}

/// An ensemble of decision trees. Invariant: every feature, output and category code that a tree names
/// exists.
///
/// Explanations read the trees through [`TreeEnsemble::trees`], encode rows once with
/// [`TreeEnsemble::encode`], ask [`Rule::goes_left`] about single values, and evaluate many encoded rows at
/// once with [`TreeEnsemble::margins_of_encoded`].
#[derive(Clone, Debug)]
pub struct TreeEnsemble {
    parts: EnsembleParts,
    plan: Plan,
}

/// Parts that are not an ensemble.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EnsembleError {
    /// There is no output.
    #[error("there is no output")]
    NoOutput,
    /// A tree names something that does not exist.
    #[error("tree {tree} refers to {what} {index}, but there are {count}")]
    OutOfRange {
        /// The tree.
        tree: usize,
        /// What kind of thing.
        what: &'static str,
        /// Its index.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A rule does not fit its feature.
    #[error("tree {tree} splits the feature `{feature}` {how}")]
    Kind {
        /// The tree.
        tree: usize,
        /// The feature's name.
        feature: String,
        /// As what, and what it is.
        how: &'static str,
    },
    /// More than the evaluator takes.
    #[error("the trees have {count} {what}, more than the {limit} that are supported")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        count: usize,
        /// The bound.
        limit: usize,
    },
}

impl TreeEnsemble {
    /// Checks that trees, features and outputs fit together and prepares the evaluator.
    ///
    /// # Errors
    /// Says which tree asks for what does not exist.
    pub fn new(parts: EnsembleParts) -> Result<Self, EnsembleError> {
        if parts.base.is_empty() {
            return Err(EnsembleError::NoOutput);
        }
        for (tree_idx, tree) in parts.trees.iter().enumerate() {
            check_tree(tree_idx, tree, &parts)?;
        }
        let plan = Plan::over(&parts, Limits::default())?;
        Ok(Self { parts, plan })
    }

    /// Features by index. The first ones are what the data brings, in the order of
    /// [`crate::ModelInfo::inputs`]; derived features follow.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.parts.features
    }

    /// The trees, in the order in which they are summed.
    #[must_use]
    pub fn trees(&self) -> &[Tree] {
        &self.parts.trees
    }

    /// Number of outputs.
    #[must_use]
    pub fn n_outputs(&self) -> usize {
        self.parts.base.len()
    }

    /// Margin of each output without any tree.
    #[must_use]
    pub fn base(&self) -> &[f64] {
        &self.parts.base
    }

    /// What the sum over the trees is multiplied by: 1, or one over the number of rounds for an average.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.parts.scale
    }

    /// From margins to predictions.
    #[must_use]
    pub fn link(&self) -> Link {
        self.parts.link
    }

    /// Precision of feature values and thresholds. Encoded values are already rounded to it.
    #[must_use]
    pub fn features_in(&self) -> Precision {
        self.parts.features_in
    }

    /// Precision of the sum over trees.
    #[must_use]
    pub fn sums_in(&self) -> Precision {
        self.parts.sums_in
    }

    /// Margins of a batch whose columns are the features that are not derived: shape `(n_rows, n_outputs)`.
    /// The same whatever the number of threads.
    ///
    /// # Errors
    /// When a column is missing or its values cannot be understood.
    pub fn margins(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError> {
        let columns = super::encode::columns(&self.parts, batch)?;
        Ok(eval::margins(&self.plan, &self.parts, batch.n_rows, &columns))
    }

    /// A batch as the trees see it: numbers in the ensemble's precision, categories as codes, NaN where the
    /// model sees a missing value.
    ///
    /// # Errors
    /// When a column is missing or its values cannot be understood.
    pub fn encode(&self, batch: &Inputs<'_>) -> Result<Encoded, ModelError> {
        let columns = super::encode::columns(&self.parts, batch)?;
        Ok(Encoded::from_columns(&self.parts, batch.n_rows, &columns))
    }

    /// Margins of encoded rows, `values` of shape `(n_rows, n_features)` as [`TreeEnsemble::encode`] makes
    /// them: shape `(n_rows, n_outputs)`. An incomplete last row is left out.
    #[must_use]
    pub fn margins_of_encoded(&self, values: &[f64]) -> Vec<f64> {
        let n_features = self.parts.features.len();
        let n_rows = values.len().checked_div(n_features).unwrap_or(0);
        eval::margins_of_encoded(&self.plan, &self.parts, n_rows, values)
    }
}

fn check_tree(tree_idx: usize, tree: &Tree, parts: &EnsembleParts) -> Result<(), EnsembleError> {
    let out_of_range = |what, index, count| Err(EnsembleError::OutOfRange { tree: tree_idx, what, index, count });
    let n_outputs = parts.base.len();
    if let Some(output) = tree.output().filter(|o| *o >= n_outputs) {
        return out_of_range("output", output, n_outputs);
    }
    let width = if tree.output().is_some() { 1 } else { n_outputs };
    if tree.values().len() != tree.n_leaves().saturating_mul(width) {
        return out_of_range("leaf value", tree.values().len(), tree.n_leaves().saturating_mul(width));
    }
    let n_features = parts.features.len();
    for node in tree.nodes() {
        let Node::Split { feature: index, rule, .. } = node else { continue };
        let Some(feature) = parts.features.get(*index) else {
            return out_of_range("feature", *index, n_features);
        };
        let how = match (rule, &feature.kind) {
            (Rule::Threshold { .. }, FeatureKind::Category(_)) => "by a threshold, but it holds categories",
            (Rule::Categories { .. }, FeatureKind::Number | FeatureKind::Derived(_)) => {
                "by categories, but it holds numbers"
            }
            (Rule::Categories { listed, .. }, FeatureKind::Category(categories)) => {
                let other = categories.other();
                if let Some(code) = listed.iter().find(|code| **code >= other) {
                    return out_of_range("category", *code as usize, other as usize);
                }
                if !listed.is_sorted_by(|a, b| a < b) {
                    return Err(EnsembleError::Kind {
                        tree: tree_idx,
                        feature: feature.name.clone(),
                        how: "by categories that are not in ascending order",
                    });
                }
                continue;
            }
            (Rule::Threshold { threshold, .. }, FeatureKind::Number | FeatureKind::Derived(_)) => {
                let held = super::encode::in_precision(parts.features_in, *threshold);
                if held.total_cmp(threshold).is_eq() || threshold.is_nan() {
                    continue;
                }
                "by a threshold that is not a single-precision number"
            }
        };
        return Err(EnsembleError::Kind { tree: tree_idx, feature: feature.name.clone(), how });
    }
    for (index, _) in tree.linear().iter().flat_map(|leaf| &leaf.terms) {
        if *index >= n_features {
            return out_of_range("feature", *index, n_features);
        }
    }
    Ok(())
}
