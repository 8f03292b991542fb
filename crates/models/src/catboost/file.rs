//! What the file holds, as far as it is needed.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub features_info: FeaturesInfo,
    #[serde(default)]
    pub model_info: Option<ModelInfoPart>,
    #[serde(default)]
    pub oblivious_trees: Option<Vec<Oblivious>>,
    #[serde(default)]
    pub trees: Option<Vec<Nested>>,
    #[serde(default)]
    pub scale_and_bias: Option<(f64, OneOrMany)>,
    #[serde(default)]
    pub ctr_data: HashMap<String, CtrTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FeaturesInfo {
    pub float_features: Vec<FloatFeature>,
    pub categorical_features: Vec<CatFeature>,
    pub text_features: Vec<Value>,
    pub embedding_features: Vec<Value>,
    pub cat_features_hash: Vec<KnownHash>,
    pub ctrs: Vec<CtrFeature>,
}

/// Where a feature stands, among its own kind and among all, and what it is called.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub feature_index: usize,
    pub flat_feature_index: usize,
    #[serde(default)]
    feature_name: Option<String>,
    #[serde(default)]
    feature_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FloatFeature {
    #[serde(flatten)]
    pub place: Place,
    #[serde(default)]
    pub borders: Vec<f64>,
    #[serde(default)]
    pub nan_value_treatment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CatFeature {
    #[serde(flatten)]
    pub place: Place,
    #[serde(default)]
    pub values: Vec<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct KnownHash {
    pub hash: u32,
    pub value: String,
}

/// A target statistic of a category, or of several categories and conditions together.
#[derive(Debug, Deserialize)]
pub(super) struct CtrFeature {
    pub identifier: String,
    pub elements: Vec<Element>,
    pub ctr_type: String,
    pub borders: Vec<f64>,
    pub prior_numerator: f64,
    /// The library's spelling.
    pub prior_denomerator: f64,
    pub shift: f64,
    pub scale: f64,
    #[serde(default)]
    pub target_border_idx: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Element {
    pub combination_element: String,
    #[serde(default)]
    pub cat_feature_index: Option<usize>,
    #[serde(default)]
    pub float_feature_index: Option<usize>,
    #[serde(default)]
    pub border: Option<f64>,
    #[serde(default)]
    pub value: Option<i64>,
}

/// Counts by hash: `hash_stride` numbers for each, the first of which is the hash.
#[derive(Debug, Deserialize)]
pub(super) struct CtrTable {
    #[serde(default)]
    pub hash_map: Vec<Value>,
    pub hash_stride: usize,
    #[serde(default)]
    pub counter_denominator: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Split {
    pub split_type: String,
    #[serde(default)]
    pub border: Option<f64>,
    #[serde(default)]
    pub float_feature_index: Option<usize>,
    #[serde(default)]
    pub cat_feature_index: Option<usize>,
    #[serde(default)]
    pub value: Option<i64>,
    #[serde(default)]
    pub split_index: Option<usize>,
}

/// A tree that asks the same question on a whole level.
#[derive(Debug, Deserialize)]
pub(super) struct Oblivious {
    /// Null for a tree of one leaf.
    #[serde(default)]
    pub splits: Option<Vec<Split>>,
    pub leaf_values: Vec<f64>,
    #[serde(default)]
    pub leaf_weights: Vec<f64>,
}

/// A node with what is below it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Nested {
    pub split: Option<Split>,
    pub left: Option<Box<Nested>>,
    pub right: Option<Box<Nested>>,
    pub value: Option<OneOrMany>,
    pub weight: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(f64),
    Many(Vec<f64>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelInfoPart {
    params: Value,
    class_params: Value,
}

impl File {
    /// Number of outputs, from the bias or else from the leaves.
    pub(super) fn n_outputs(&self) -> Result<usize, String> {
        if let Some((_, OneOrMany::Many(bias))) = &self.scale_and_bias
            && bias.len() > 1
        {
            return Ok(bias.len());
        }
        if let Some(tree) = self.oblivious_trees.iter().flatten().next() {
            let depth = tree.splits.as_ref().map_or(0, Vec::len);
            let n_leaves = u32::try_from(depth).ok().and_then(|depth| 1_usize.checked_shl(depth));
            let width = n_leaves.and_then(|n| tree.leaf_values.len().checked_div(n)).filter(|width| *width > 0);
            return width.ok_or_else(|| {
                format!("oblivious_trees[0] has {} leaf values for {depth} splits", tree.leaf_values.len())
            });
        }
        let mut node = self.trees.iter().flatten().next();
        while let Some(inner) = node {
            match &inner.value {
                Some(OneOrMany::Many(values)) if !values.is_empty() => return Ok(values.len()),
                Some(_) => return Ok(1),
                None => node = inner.left.as_deref(),
            }
        }
        Ok(1)
    }

    /// Visits every split.
    pub(super) fn splits(&self, visit: &mut impl FnMut(&Split)) {
        self.oblivious_trees.iter().flatten().flat_map(|tree| tree.splits.iter().flatten()).for_each(&mut *visit);
        let mut stack: Vec<&Nested> = self.trees.iter().flatten().collect();
        while let Some(node) = stack.pop() {
            node.split.iter().for_each(&mut *visit);
            stack.extend(node.left.as_deref().into_iter().chain(node.right.as_deref()));
        }
    }
}

impl OneOrMany {
    /// Its values, one per output.
    pub(super) fn values(&self, n_outputs: usize) -> Result<Vec<f64>, String> {
        let values = match self {
            Self::One(value) => vec![*value],
            Self::Many(values) => values.clone(),
        };
        if values.len() == n_outputs {
            return Ok(values);
        }
        Err(format!("there are {} values for {n_outputs} outputs", values.len()))
    }
}

impl ModelInfoPart {
    pub(super) fn loss(&self) -> Option<&str> {
        self.params.get("loss_function")?.get("type")?.as_str()
    }

    /// Names of the classes.
    pub(super) fn classes(&self) -> Option<Vec<String>> {
        let name = |name: &Value| match name {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is_true) => Some(is_true.to_string()),
            _ => None,
        };
        let names: Vec<String> = self.class_params.get("class_names")?.as_array()?.iter().filter_map(name).collect();
        (!names.is_empty()).then_some(names)
    }
}

impl Place {
    /// Without names the library calls features by their position.
    pub(super) fn name(&self) -> String {
        let given = [&self.feature_name, &self.feature_id].into_iter().flatten().find(|name| !name.is_empty());
        given.cloned().unwrap_or_else(|| self.flat_feature_index.to_string())
    }
}
