//! What a model would say to other values.

use equipoise_document::{Document, RunSpec};
use serde_json::Value;

use crate::{ServiceError, World, assess};

/// The analysis whose section answers.
pub const WHAT_IF: &str = "what_if";

/// Answers an edit of a row, of a cohort, or of the threshold. `params` are those of the analysis `what_if`; of the spec, data,
/// model, roles and cohorts are taken.
///
/// # Errors
/// As [`assess`], and when a parameter of the edit cannot be used.
pub fn what_if(spec: &RunSpec, params: Value, world: &World) -> Result<Document, ServiceError> {
    let spec = RunSpec {
        only: Some(vec![WHAT_IF.to_owned()]),
        analyses: [(WHAT_IF.to_owned(), params)].into_iter().collect(),
        ..spec.clone()
    };
    let document = assess(&spec, world)?.document;
    if document.sections.is_empty() { Err(ServiceError::Interrupted) } else { Ok(document) }
}
