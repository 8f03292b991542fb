//! XGBoost's JSON and UBJSON formats (`Booster.save_model`), from version 1.0 on.

mod linear;
mod objective;
mod tree;
mod ubj;
mod value;

use equipoise_document::ModelSpec;

use self::{
    objective::Objective,
    tree::RawTree,
    value::{Field, Value},
};
use crate::{
    Model, ModelError,
    trees::{Categories, EnsembleParts, Feature, Precision, TreeModel, checked_classes, number_text},
};

const FORMAT: &str = "XGBoost";

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

/// Reads a model from JSON or UBJSON.
///
/// Feature values are compared and leaves are summed in single precision, as the library does. Categories
/// are matched by the names in the file's category container (version 3.1 and later); a value that is not
/// among them is missing. Without names, categories are whole numbers.
///
/// # Errors
/// Says which field or byte is wrong, or what the model asks for that is not supported.
pub(crate) fn read(path: &str, bytes: &[u8], spec: &ModelSpec) -> Result<Box<dyn Model>, ModelError> {
    let malformed = |problem| ModelError::Malformed {
        path: path.to_owned(),
        format: FORMAT,
        problem,
        hint: "save the model again with `booster.save_model(\"model.json\")`".into(),
    };
    let value = if is_ubj(bytes) {
        ubj::parse(bytes)
    } else {
        serde_json::from_slice::<Value>(bytes).map_err(|error| error.to_string())
    };
    let value = value.map_err(malformed)?;
    build(path, &Field::root(&value), spec).map_err(|refusal| match refusal {
        Built::Error(error) => error,
        Built::Refusal(Refusal::Malformed(problem)) => malformed(problem),
        Built::Refusal(Refusal::Unsupported { problem, hint }) => {
            ModelError::Unsupported { path: path.to_owned(), problem, hint: hint.into() }
        }
    })
}

/// A UBJSON object begins with the mark of a key's length, a JSON object with a quote or white space.
pub(crate) fn is_ubj(bytes: &[u8]) -> bool {
    matches!(bytes, [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'#' | b'$' | b'N', ..])
}

enum Built {
    Refusal(Refusal),
    Error(ModelError),
}

impl<T: Into<Refusal>> From<T> for Built {
    fn from(refusal: T) -> Self {
        Self::Refusal(refusal.into())
    }
}

fn build(path: &str, root: &Field<'_>, spec: &ModelSpec) -> Result<Box<dyn Model>, Built> {
    let learner = root.at("learner")?;
    let header = Header::read(&learner)?;
    header.check_outputs(&learner)?;
    let objective = Objective::read(&learner.at("objective")?, header.n_outputs)?;
    let base = objective.base(&header.base_score, header.n_outputs)?;
    let answer = objective.answer();
    let classes = checked_classes(path, answer, header.n_outputs, &spec.classes, None).map_err(Built::Error)?;
    let booster = learner.at("gradient_booster")?;
    let (booster, describes, weights) = match booster.at("name")?.text()? {
        "gblinear" => {
            let weights = booster.at("model")?.at("weights")?;
            let model = linear::LinearModel::new(&header.names, &weights, &base, objective.link(), answer, classes)?;
            return Ok(Box::new(model));
        }
        "gbtree" => (booster, "gradient-boosted trees", None),
        "dart" => {
            let weights = booster.at("weight_drop")?.numbers()?;
            (booster.at("gbtree")?, "gradient-boosted trees with dropout", Some(weights))
        }
        other => {
            let problem = format!("the booster `{other}` is not known");
            return Err(Refusal::Unsupported { problem, hint: "train with gbtree, dart or gblinear" }.into());
        }
    };
    let parts = ensemble(&booster.at("model")?, &header, weights, base, objective)?;
    Ok(Box::new(TreeModel::new(FORMAT, path, describes, parts, answer, classes).map_err(Built::Error)?))
}

struct Header {
    n_outputs: usize,
    base_score: Vec<f64>,
    names: Vec<String>,
    types: Vec<String>,
}

/// Most features without names that are believed.
const MANY: usize = 1_000_000;

impl Header {
    fn read(learner: &Field<'_>) -> Result<Self, Refusal> {
        let param = learner.at("learner_model_param")?;
        let count = |key: &str| param.find(key).map_or(Ok(0), |field| field.count());
        if count("num_target")? > 1 {
            return Err(Refusal::Unsupported {
                problem: "the model predicts several targets at once".into(),
                hint: "train one model per target",
            });
        }
        let list = |key| learner.find(key).map_or(Ok(Vec::new()), |field| field.texts());
        let (mut names, types) = (list("feature_names")?, list("feature_types")?);
        let n_features = count("num_feature")?;
        if names.is_empty() && n_features <= MANY {
            // Without names the library calls features by their position.
            names = (0..n_features).map(|i| format!("f{i}")).collect();
        }
        if names.len() != n_features {
            return Err(format!("`learner.feature_names` has {} names, {n_features} are needed", names.len()).into());
        }
        if !types.is_empty() && types.len() != n_features {
            return Err(format!("`learner.feature_types` has {} types, {n_features} are needed", types.len()).into());
        }
        let n_outputs = count("num_class")?.max(1);
        let base_score = base_scores(&param.at("base_score")?)?;
        Ok(Self { n_outputs, base_score, names, types })
    }

    /// Every class has trees or weights of its own, so that more classes than these are not believed.
    fn check_outputs(&self, learner: &Field<'_>) -> Result<(), String> {
        let booster = learner.at("gradient_booster")?;
        let model = booster.find("gbtree").unwrap_or(booster).at("model")?;
        let n_parts = match (model.find("trees"), model.find("weights")) {
            (Some(trees), _) => trees.list()?.len(),
            (None, Some(weights)) => weights.numbers()?.len(),
            (None, None) => 0,
        };
        if self.n_outputs > n_parts.max(1) {
            return Err(format!("`{}` holds {n_parts} trees or weights for {} classes", model.path, self.n_outputs));
        }
        Ok(())
    }
}

/// One number, or a list of them in brackets (version 3.1 and later).
fn base_scores(field: &Field<'_>) -> Result<Vec<f64>, String> {
    let text = match field.value {
        Value::Number(number) => return Ok(vec![*number]),
        _ => field.text()?,
    };
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let number = |word: &str| word.trim().parse().ok().filter(|x: &f64| x.is_finite());
    let numbers: Option<Vec<f64>> = inner.split(',').map(number).collect();
    numbers.ok_or_else(|| format!("`{}` is `{text}`, a number is needed", field.path))
}

fn ensemble(
    model: &Field<'_>,
    header: &Header,
    weights: Option<&[f64]>,
    base: Vec<f64>,
    objective: Objective,
) -> Result<EnsembleParts, Refusal> {
    let raw = model.at("trees")?.list()?.iter().map(RawTree::read).collect::<Result<Vec<_>, _>>()?;
    let outputs = model.at("tree_info")?;
    let outputs = outputs.numbers_of(raw.len())?;
    if let Some(weights) = weights
        && weights.len() != raw.len()
    {
        return Err(format!("`weight_drop` has {} values for {} trees", weights.len(), raw.len()).into());
    }
    let categories = categories_of(model, header, &raw)?;
    let mut trees = Vec::with_capacity(raw.len());
    for (index, (tree, output)) in raw.iter().zip(outputs).enumerate() {
        let weight = weights.and_then(|w| w.get(index)).copied();
        let known = (0..header.n_outputs).find(|k| (*k as f64 - output).abs() < 0.5);
        let output = known.ok_or_else(|| format!("`tree_info[{index}]` is {output}, which is not an output"))?;
        trees.push(tree.finish(index, output, weight, &categories)?);
    }
    let features = header.names.iter().zip(categories).map(|(name, categories)| match categories {
        Some(categories) => Feature::category(name.clone(), categories),
        None => Feature::number(name.clone()),
    });
    Ok(EnsembleParts {
        features: features.collect(),
        trees,
        base,
        scale: 1.0,
        link: objective.link(),
        features_in: Precision::Single,
        sums_in: Precision::Single,
    })
}

/// The categories of each feature, where it has them.
fn categories_of(model: &Field<'_>, header: &Header, trees: &[RawTree]) -> Result<Vec<Option<Categories>>, String> {
    let mut codes: Vec<Option<Vec<i64>>> = vec![None; header.names.len()];
    for (slot, kind) in codes.iter_mut().zip(&header.types) {
        *slot = (kind == "c").then(Vec::new);
    }
    for (feature, listed) in trees.iter().flat_map(RawTree::category_splits) {
        if let Some(slot) = codes.get_mut(feature) {
            slot.get_or_insert_default().extend(listed);
        }
    }
    let containers = match model.find("cats").and_then(|cats| cats.find("enc")) {
        Some(enc) => enc.list()?,
        None => Vec::new(),
    };
    let mut features = Vec::with_capacity(codes.len());
    for (index, codes) in codes.into_iter().enumerate() {
        let Some(mut codes) = codes else {
            features.push(None);
            continue;
        };
        let names = containers.get(index).map_or(Ok(Vec::new()), category_names)?;
        features.push(Some(if names.is_empty() {
            codes.sort_unstable();
            codes.dedup();
            Categories::integers(&codes)
        } else {
            Categories::named(names)
        }));
    }
    Ok(features)
}

/// Names: texts one after another with the places where they begin, or numbers.
fn category_names(container: &Field<'_>) -> Result<Vec<String>, String> {
    let values = container.at("values")?;
    let numbers = values.numbers()?;
    let Some(offsets) = container.find("offsets") else {
        return Ok(numbers.iter().map(|x| number_text(*x)).collect());
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes, written as signed numbers")]
    let bytes: Vec<u8> = numbers.iter().map(|x| *x as i64 as u8).collect();
    let name = |pair: &[f64]| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is out of range is not found")]
        let range = match pair {
            [start, end] if *start >= 0.0 => *start as usize..*end as usize,
            _ => return None,
        };
        String::from_utf8(bytes.get(range)?.to_vec()).ok()
    };
    let names: Option<Vec<String>> = offsets.numbers()?.windows(2).map(name).collect();
    names.ok_or_else(|| format!("`{}` does not cut `values` into names", offsets.path))
}
