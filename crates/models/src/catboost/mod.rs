//! CatBoost's JSON format (`CatBoost.save_model(..., format="json")`).

mod city;
mod ctr;
mod file;
mod objective;
mod tree;

use std::{collections::HashMap, sync::Arc};

use equipoise_document::ModelSpec;

use self::{
    ctr::Ctr,
    file::{File, ModelInfoPart, Place},
    objective::Objective,
};
use crate::{
    ModelError,
    trees::{Categories, EnsembleParts, Feature, FeatureKind, Precision, Tree, TreeModel, checked_classes},
};

const FORMAT: &str = "CatBoost";

/// The category that stands for a missing value. CatBoost itself takes no missing categories: whoever trains
/// a model has to write them as a text, and this is the text that is understood here.
pub(crate) const MISSING_TEXT: &str = "(missing)";

/// Why a model cannot be taken.
enum Refusal {
    Malformed(String),
    Unsupported { problem: String, hint: &'static str },
}

impl From<String> for Refusal {
    fn from(problem: String) -> Self {
        Self::Malformed(problem)
    }
}

/// Reads a model.
///
/// Numbers are compared in single precision and leaves are summed in double precision, as the library does.
/// A category is known by the hash of its text; one that the model has not met is another category, and a
/// missing one is the category [`MISSING_TEXT`].
///
/// # Errors
/// Says which part of the file is wrong, or what the model asks for that is not supported.
pub(crate) fn read(path: &str, bytes: &[u8], spec: &ModelSpec) -> Result<TreeModel, ModelError> {
    let malformed = |problem| ModelError::Malformed {
        path: path.to_owned(),
        format: FORMAT,
        problem,
        hint: "save the model again with `model.save_model(\"model.json\", format=\"json\")`".into(),
    };
    let file: File = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    let built = parts_of(file).map_err(|refusal| match refusal {
        Refusal::Malformed(problem) => malformed(problem),
        Refusal::Unsupported { problem, hint } => {
            ModelError::Unsupported { path: path.to_owned(), problem, hint: hint.into() }
        }
    });
    let (parts, objective, classes) = built?;
    let classes = checked_classes(path, objective.answer, parts.base.len(), &spec.classes, classes)?;
    TreeModel::new(FORMAT, path, "gradient-boosted trees", parts, objective.answer, classes)
}

/// Where the file's features are among the ensemble's.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// By index among the numbers: index among all, and whether NaN goes right.
    numbers: HashMap<usize, (usize, bool)>,
    /// By index among the categories: index among all.
    categories: HashMap<usize, usize>,
    /// By index of the category feature and hash: the code.
    codes: HashMap<(usize, u32), u32>,
    /// Index of the first target statistic among all features.
    first_ctr: usize,
    /// Number of binary features before those of the target statistics, and how many each of these has.
    n_plain_splits: usize,
    ctr_borders: Vec<usize>,
}

type Built = (EnsembleParts, Objective, Option<Vec<String>>);

fn parts_of(file: File) -> Result<Built, Refusal> {
    let info = &file.features_info;
    if !info.text_features.is_empty() || !info.embedding_features.is_empty() {
        return Err(Refusal::Unsupported {
            problem: "the model reads text or embedding features".into(),
            hint: "train without `text_features` and `embedding_features`, or serve the model from an endpoint",
        });
    }
    let (mut features, places) = features_of(&file)?;
    for ctr in &info.ctrs {
        let ctr = Ctr::read(ctr, &file.ctr_data, &places)?;
        features.push(Feature { name: ctr.name(&features), kind: FeatureKind::Derived(Arc::new(ctr)) });
    }
    let n_outputs = file.n_outputs()?;
    let (scale, base) = match &file.scale_and_bias {
        Some((scale, bias)) => (*scale, bias.values(n_outputs)?),
        None => (1.0, vec![0.0; n_outputs]),
    };
    let mut trees: Vec<Tree> = Vec::new();
    for (index, tree) in file.oblivious_trees.iter().flatten().enumerate() {
        trees.push(tree::from_oblivious(index, tree, n_outputs, &places)?);
    }
    for (index, tree) in file.trees.iter().flatten().enumerate() {
        trees.push(tree::from_nested(index, tree, n_outputs, &places)?);
    }
    if trees.is_empty() {
        return Err("there are neither `oblivious_trees` nor `trees`".to_owned().into());
    }
    let info = file.model_info.unwrap_or_default();
    let classes = ModelInfoPart::classes(&info);
    let objective = Objective::of(info.loss(), classes.as_ref().map(Vec::len), n_outputs)?;
    let parts = EnsembleParts {
        features,
        trees,
        base,
        scale,
        link: objective.link,
        features_in: Precision::Single,
        sums_in: Precision::Double,
    };
    Ok((parts, objective, classes))
}

/// The features that the data brings, in its order.
fn features_of(file: &File) -> Result<(Vec<Feature>, Places), Refusal> {
    let info = &file.features_info;
    let mut places = Places::default();
    let names: HashMap<u32, &str> =
        info.cat_features_hash.iter().map(|known| (known.hash, known.value.as_str())).collect();
    let mut one_hot: HashMap<usize, Vec<(u32, String)>> = HashMap::new();
    let mut note = |feature: usize, value: i64| {
        let hash = hash_of(value);
        if let std::collections::hash_map::Entry::Vacant(entry) = places.codes.entry((feature, hash)) {
            let list = one_hot.entry(feature).or_default();
            entry.insert(u32::try_from(list.len()).unwrap_or(u32::MAX - 2));
            list.push((hash, names.get(&hash).map_or_else(|| format!("#{hash}"), |name| (*name).to_owned())));
        }
    };
    for feature in &info.categorical_features {
        feature.values.iter().for_each(|value| note(feature.place.feature_index, *value));
    }
    file.splits(&mut |split| {
        if let (Some(feature), Some(value)) = (split.cat_feature_index, split.value) {
            note(feature, value);
        }
    });
    let mut features = Vec::new();
    for number in &info.float_features {
        let right = number.nan_value_treatment.as_deref() == Some("AsTrue");
        let Place { flat_feature_index, feature_index, .. } = number.place;
        features.push((flat_feature_index, feature_index, Some(right), number.place.name()));
    }
    for category in &info.categorical_features {
        let Place { flat_feature_index, feature_index, .. } = category.place;
        features.push((flat_feature_index, feature_index, None, category.place.name()));
    }
    features.sort_by_key(|feature| feature.0);
    let mut found = Vec::with_capacity(features.len());
    for (place, (_, index, nan_right, name)) in features.into_iter().enumerate() {
        found.push(match nan_right {
            Some(right) => {
                places.numbers.insert(index, (place, right));
                Feature::number(name)
            }
            None => {
                places.categories.insert(index, place);
                let values = one_hot.remove(&index).unwrap_or_default();
                Feature::category(name, Categories::hashed(values, city::category_hash, MISSING_TEXT))
            }
        });
    }
    places.first_ctr = found.len();
    let n_borders: usize = info.float_features.iter().map(|f| f.borders.len()).sum();
    let n_values: usize = info.categorical_features.iter().map(|f| f.values.len()).sum();
    places.n_plain_splits = n_borders + n_values;
    places.ctr_borders = info.ctrs.iter().map(|ctr| ctr.borders.len()).collect();
    Ok((found, places))
}

/// Hashes are written as signed numbers.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bits of a 32-bit number")]
fn hash_of(value: i64) -> u32 {
    value as u32
}
