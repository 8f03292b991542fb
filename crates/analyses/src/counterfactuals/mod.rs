//! What would have changed the decision, and does that cost one group more than another?

mod journal;
pub(crate) mod limits;
mod method;
mod params;
pub(crate) mod picked;
mod recourse;
pub(crate) mod rows;
pub(crate) mod search;
mod section;
#[cfg(test)]
mod tests;
mod words;

use equipoise_document::Section;
use schemars::Schema;
use serde_json::Value;

pub use params::RawParams as Params;

use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "counterfactuals";

/// Counterfactuals: the smallest permitted changes of rows after which the model answers as wished, what they have in
/// common, and what they cost in each group.
pub struct Counterfactuals;

impl Analysis for Counterfactuals {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Counterfactuals and recourse"
    }

    fn question(&self) -> &'static str {
        "What would have changed the decision, and does that cost one group more than another?"
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
        let has_range = context.spec.analyses.get(ID).is_some_and(|p| p.get("desired_range").is_some());
        (context.task == equipoise_document::Task::Regression && !has_range)
            .then(|| "a number is predicted: give the range that is wished for as `desired_range`".to_owned())
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        let params = parse_params::<Params>(ID, params)?.check()?;
        let Some(model) = context.model.filter(|_| self.refuses(context).is_none()) else {
            let reason = self.refuses(context).unwrap_or_default();
            return Err(AnalysisError::NotApplicable { analysis: ID, reason });
        };
        let subject = search::Subject::new(&params, context, model)?;
        let answers = subject.run()?;
        Ok(section::write(&subject, &answers, Section::new(ID, self.title(), self.question())))
    }
}
