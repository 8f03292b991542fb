//! What would the model say to other values, or a decision-maker with another threshold?

mod bulk;
mod edit;
mod params;
mod row;
#[cfg(test)]
mod tests;

use equipoise_document::{Section, Task};
use schemars::Schema;
use serde_json::Value;

pub use params::RawParams as Params;

use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "what_if";

/// What-if: an edited row with its prediction, attributions and distance to the data; a shifted column or another threshold
/// with the change of predictions and of group metrics.
pub struct WhatIf;

impl Analysis for WhatIf {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "What if"
    }

    fn question(&self) -> &'static str {
        "What would the model say to other values, and what would change for each group?"
    }

    fn params_schema(&self) -> Schema {
        schemars::schema_for!(Params)
    }

    fn runs_unasked(&self) -> bool {
        false
    }

    fn refuses(&self, context: &Context<'_>) -> Option<String> {
        if context.model.is_none() {
            return Some("there is no model to ask".to_owned());
        }
        if !context.test.frame.has_predictions() {
            return Some("there are no predictions".to_owned());
        }
        let params = context.spec.analyses.get(ID);
        let given = params.and_then(|p| serde_json::from_value::<Params>(p.clone()).ok());
        let is_empty = params.is_none() || given.is_some_and(|p| p.is_empty());
        is_empty.then(|| {
            "nothing is changed: give new values as `set`, `shift` or `scale`, or another `threshold`".to_owned()
        })
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        let params = parse_params::<Params>(ID, params)?.check()?;
        let Some(model) = context.model.filter(|_| self.refuses(context).is_none()) else {
            let reason = self.refuses(context).unwrap_or_default();
            return Err(AnalysisError::NotApplicable { analysis: ID, reason });
        };
        if params.threshold.is_some() && context.task != Task::Binary {
            return Err(params::wrong("threshold", "only a decision between two classes has one", "leave it out"));
        }
        let section = Section::new(ID, self.title(), self.question());
        match params.row {
            Some(row) => row::run(&params, context, model, row, section),
            None => bulk::run(&params, context, model, section),
        }
    }
}
