//! Explainable boosting machines (Lou et al. 2012; Nori et al. 2019): InterpretML's JSON export (`ebm.to_json(file)`),
//! version 1.0.
//!
//! ```text
//! margin_k = intercept_k + Σ_terms score_k[bin of the term's first feature, bin of its second, …]
//! ```
//!
//! A term is constant within a cell of bins, so it is a tree whose leaves are the cells: predictions, permutation, curves and
//! exact attributions are those of trees. Bin 0 of a feature is for missing values and the last one for names that the model
//! has not met; in between stand the numbers below, between and at or above the cuts, or the names.

mod file;
mod term;

use equipoise_document::ModelSpec;

use self::file::{Bins, File};
use crate::ModelError;
use crate::trees::{Answer, Categories, EnsembleParts, Feature, Link, Precision, Tree, TreeModel, checked_classes};

const FORMAT: &str = "EBM";
/// Features of a term at most: bins multiply.
const MOST_DIMENSIONS: usize = 4;

/// Why a model cannot be taken.
pub(crate) enum Refusal {
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
/// # Errors
/// Says which part of the file is wrong, or what the model asks for that is not supported.
pub(crate) fn read(path: &str, bytes: &[u8], spec: &ModelSpec) -> Result<TreeModel, ModelError> {
    let malformed = |problem| ModelError::Malformed {
        path: path.to_owned(),
        format: FORMAT,
        problem,
        hint: "save the model again with `ebm.to_json(\"model.json\")`".into(),
    };
    let file: File = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    let (parts, answer, classes) = parts_of(&file).map_err(|refusal| match refusal {
        Refusal::Malformed(problem) => malformed(problem),
        Refusal::Unsupported { problem, hint } => {
            ModelError::Unsupported { path: path.to_owned(), problem, hint: hint.into() }
        }
    })?;
    let classes = checked_classes(path, answer, parts.base.len(), &spec.classes, classes)?;
    TreeModel::new(FORMAT, path, "explainable boosting machine", parts, answer, classes)
}

fn parts_of(file: &File) -> Result<(EnsembleParts, Answer, Option<Vec<String>>), Refusal> {
    if !file.version.starts_with("1.") {
        return Err(Refusal::Unsupported {
            problem: format!("version `{}` of the format is not known", file.version),
            hint: "version 1 is read, as interpret-core 0.7 writes it; export the model again with that",
        });
    }
    let ebm = &file.ebm;
    let [output] = ebm.outputs.as_slice() else {
        return Err(Refusal::Malformed(format!("`outputs` has {} entries, one is needed", ebm.outputs.len())));
    };
    let (link, answer) = match output.link.as_str() {
        "logit" => (Link::Logistic { scale: 1.0 }, Answer::Probability),
        "mlogit" => (Link::Softmax, Answer::Probabilities),
        "identity" => (Link::Identity, Answer::Value),
        "log" => (Link::Exp, Answer::Value),
        other => {
            return Err(Refusal::Unsupported {
                problem: format!("the link `{other}` is not supported"),
                hint: "logit, mlogit, identity and log are",
            });
        }
    };
    let base = file::numbers("intercept", &ebm.intercept)?;
    let n_outputs = base.len();
    let classes = output.classes.as_ref().map(|classes| classes.iter().map(file::label).collect::<Vec<_>>());
    let expected = match (answer, &classes) {
        (Answer::Value, None) => Some(1),
        (Answer::Probability, Some(classes)) => (classes.len() == 2).then_some(1),
        (Answer::Probabilities, Some(classes)) => (classes.len() > 2).then_some(classes.len()),
        _ => None,
    };
    if expected != Some(n_outputs) {
        return Err(Refusal::Malformed(format!(
            "`intercept` has {n_outputs} values, which does not fit the link `{}` and {} classes",
            output.link,
            classes.as_ref().map_or(0, Vec::len)
        )));
    }
    let bins: Vec<Bins> = ebm.features.iter().map(Bins::of).collect::<Result<_, String>>()?;
    let features: Vec<Feature> = ebm
        .features
        .iter()
        .zip(&bins)
        .map(|(feature, bins)| match bins {
            Bins::Numbers { .. } => Feature::number(feature.name.clone()),
            Bins::Names { names, .. } => Feature::category(feature.name.clone(), Categories::listed(names.clone())),
        })
        .collect();
    for (place, feature) in ebm.features.iter().enumerate() {
        if ebm.features.iter().take(place).any(|other| other.name == feature.name) {
            return Err(Refusal::Malformed(format!("the feature `{}` is there twice", feature.name)));
        }
    }
    let mut trees = Vec::with_capacity(ebm.terms.len());
    for (place, term) in ebm.terms.iter().enumerate() {
        let parts = term::parts(term, &ebm.features, &bins, n_outputs)
            .map_err(|problem| Refusal::Malformed(format!("`terms[{place}]`: {problem}")))?;
        trees.push(Tree::new(parts, n_outputs).map_err(|error| Refusal::Malformed(error.to_string()))?);
    }
    let parts = EnsembleParts {
        features,
        trees,
        base,
        scale: 1.0,
        link,
        features_in: Precision::Double,
        sums_in: Precision::Double,
    };
    Ok((parts, answer, classes))
}
