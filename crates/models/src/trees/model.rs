//! An ensemble as a model.

use super::{Answer, Categories, EnsembleParts, Feature, FeatureKind, TreeEnsemble};
use crate::{Input, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs};

/// A model whose answer is a function of an ensemble's margins.
#[derive(Clone, Debug)]
pub(crate) struct TreeModel {
    info: ModelInfo,
    ensemble: TreeEnsemble,
    answer: Answer,
}

impl TreeModel {
    /// `describes` is completed with the number of trees.
    pub(crate) fn new(
        format: &'static str,
        path: &str,
        describes: &str,
        parts: EnsembleParts,
        answer: Answer,
        classes: Option<Vec<String>>,
    ) -> Result<Self, ModelError> {
        let ensemble = TreeEnsemble::new(parts).map_err(|error| ModelError::Malformed {
            path: path.to_owned(),
            format,
            problem: error.to_string(),
            hint: "the file is damaged, or was not written by the library; save the model again".into(),
        })?;
        let n_trees = ensemble.trees().len();
        let info = ModelInfo {
            format: format.to_lowercase(),
            describes: format!("{describes}, {n_trees} {}", if n_trees == 1 { "tree" } else { "trees" }),
            inputs: ensemble.features().iter().filter(|f| !f.is_derived()).map(input).collect(),
            task: Some(answer.task()),
            classes,
        };
        Ok(Self { info, ensemble, answer })
    }
}

fn input(feature: &Feature) -> Input {
    let kind = match &feature.kind {
        FeatureKind::Category(categories) => InputKind::Category(listed(categories)),
        FeatureKind::Number | FeatureKind::Derived(_) => InputKind::Number,
    };
    Input { name: feature.name.clone(), kind }
}

/// The names, where no others are known to the model.
fn listed(categories: &Categories) -> Option<Vec<String>> {
    categories.is_unknown_missing().then(|| categories.names().to_vec())
}

impl Model for TreeModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let mut margins = self.ensemble.margins(batch)?;
        let n_outputs = self.ensemble.n_outputs();
        self.ensemble.link().apply(&mut margins, n_outputs);
        Ok(outputs_of(self.answer, margins, n_outputs))
    }

    fn trees(&self) -> Option<&TreeEnsemble> {
        Some(&self.ensemble)
    }
}

/// Linked margins as outputs.
pub(crate) fn outputs_of(answer: Answer, values: Vec<f64>, n_outputs: usize) -> Outputs {
    match answer {
        Answer::Value => Outputs::Values(values),
        Answer::Probability => Outputs::Probability(values),
        Answer::Probabilities => Outputs::Probabilities { n_classes: n_outputs, values },
    }
}

/// Names of the classes: those of the spec, otherwise those of the file.
///
/// # Errors
/// When the spec names another number of classes than the model has.
pub(crate) fn checked_classes(
    path: &str,
    answer: Answer,
    n_outputs: usize,
    given: &[String],
    in_file: Option<Vec<String>>,
) -> Result<Option<Vec<String>>, ModelError> {
    let n_classes = match answer {
        Answer::Value => return Ok(None),
        Answer::Probability => 2,
        Answer::Probabilities => n_outputs,
    };
    if given.is_empty() {
        return Ok(in_file.filter(|classes| classes.len() == n_classes));
    }
    if given.len() != n_classes {
        return Err(ModelError::Unsupported {
            path: path.to_owned(),
            problem: format!("{} classes are named for a model with {n_classes}", given.len()),
            hint: "name the classes in the order of the model's outputs".into(),
        });
    }
    Ok(Some(given.to_vec()))
}
