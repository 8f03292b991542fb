//! JSON Schemas of what goes in and comes out.

use equipoise_analyses::REGISTRY;
use equipoise_data::nearest;
use equipoise_document::{Document, RunSpec};
use schemars::schema_for;

use crate::ServiceError;

/// The JSON Schema of `document`, `run-spec`, `policy`, `scorecard` (its configuration) or the parameters of an analysis.
///
/// # Errors
/// When there is none of this name.
pub fn schema(of: &str) -> Result<String, ServiceError> {
    let schema = match of {
        "document" => schema_for!(Document),
        "run-spec" => schema_for!(RunSpec),
        "policy" => schema_for!(equipoise_govern::PolicyFile),
        "scorecard" => schema_for!(equipoise_report::ConfigFile),
        analysis => match equipoise_analyses::find(analysis) {
            Some(analysis) => analysis.params_schema(),
            None => {
                let known: Vec<&str> = ["document", "run-spec", "policy", "scorecard"]
                    .into_iter()
                    .chain(REGISTRY.iter().map(|a| a.id()))
                    .collect();
                let near = nearest(of, known.iter().copied()).map(|n| format!("; the nearest name is `{n}`"));
                return Err(ServiceError::column(
                    format!("there is no schema `{of}`"),
                    format!("there are {}{}", known.join(", "), near.unwrap_or_default()),
                ));
            }
        },
    };
    Ok(serde_json::to_string_pretty(&schema).unwrap_or_default())
}
