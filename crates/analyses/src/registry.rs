//! What an analysis is, and all of them.

use equipoise_data::DataError;
use equipoise_document::Section;
use equipoise_models::ModelError;
use schemars::Schema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Context;
use crate::balance::Balance;
use crate::causal::Causal;
use crate::counterfactuals::Counterfactuals;
use crate::errors::Errors;
use crate::explain::Explain;
use crate::explorer::Explorer;
use crate::fairness::Fairness;
use crate::performance::Performance;
use crate::what_if::WhatIf;

/// A question that can be asked of data and model.
pub trait Analysis: Sync {
    /// Stable id: the section's id and the first word of its estimates' ids.
    fn id(&self) -> &'static str;
    /// Title for people.
    fn title(&self) -> &'static str;
    /// The question it answers.
    fn question(&self) -> &'static str;
    /// JSON Schema of its parameters.
    fn params_schema(&self) -> Schema;
    /// False for an analysis that means nothing without parameters: a run that gives it none does not miss it.
    fn runs_unasked(&self) -> bool {
        true
    }
    /// Why it does not apply to this run, if so: then it is left out unless it was asked for by name.
    fn refuses(&self, context: &Context<'_>) -> Option<String>;
    /// Answers. `params` is an object, empty for the defaults.
    ///
    /// # Errors
    /// When the caller can put it right, or the user stops it.
    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError>;
}

/// Why an analysis has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// A parameter cannot be used.
    #[error("analyses.{analysis}.{parameter}: {problem}\nhint: {hint}")]
    Param {
        /// The analysis.
        analysis: &'static str,
        /// The parameter.
        parameter: String,
        /// What is wrong.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// It does not apply.
    #[error("the analysis `{analysis}` does not apply: {reason}")]
    NotApplicable {
        /// The analysis.
        analysis: &'static str,
        /// Why.
        reason: String,
    },
    /// The data could not be read again.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model could not be asked.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file of per-row results could not be made.
    #[error("the file of {name} cannot be written: {problem}\nhint: check the free space for temporary files")]
    Artifact {
        /// What it holds.
        name: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

/// All analyses, in the order of the document. Adding one is one line here and one folder.
pub static REGISTRY: &[&dyn Analysis] =
    &[&Performance, &Errors, &Fairness, &Explain, &Balance, &Explorer, &Causal, &Counterfactuals, &WhatIf];

/// The analysis with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Analysis> {
    REGISTRY.iter().copied().find(|a| a.id() == id)
}

/// Parameters out of a spec's object; a wrong or unknown field is an error that names it.
///
/// # Errors
/// [`AnalysisError::Param`] with serde's words for what is wrong.
pub fn parse_params<P: DeserializeOwned + Default>(analysis: &'static str, params: &Value) -> Result<P, AnalysisError> {
    if params.is_null() {
        return Ok(P::default());
    }
    serde_json::from_value(params.clone()).map_err(|error| AnalysisError::Param {
        analysis,
        parameter: "*".to_owned(),
        problem: error.to_string(),
        hint: format!("`equipoise schema {analysis}` lists the parameters"),
    })
}
