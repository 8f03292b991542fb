//! What drives the predictions, of all rows and of single ones, and how far can that be trusted?

pub(crate) mod ask;
mod coalitions;
mod curves;
mod explainer;
mod fidelity;
mod figures;
mod groups;
mod importance;
mod interactions;
mod local;
mod params;
mod pass;
mod rows;
mod score;
mod section;
mod subject;
mod summary;
mod surrogate;
mod swapped;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod trust;
pub(crate) mod words;

use equipoise_document::Section;
use equipoise_kernels::Confidence;
use schemars::Schema;
use serde_json::Value;

pub use params::RawParams as Params;
pub(crate) use rows::of_rows;

use self::explainer::Explainer;
use self::section::Answer;
use self::subject::Subject;
use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "explain";

/// Rows that are shuffled where the model is not an ensemble of trees.
const SHUFFLED_ASKED: usize = 2_000;
/// Rows that are shuffled of an ensemble of trees.
const SHUFFLED: usize = 20_000;
/// Rows that curves are drawn over.
const CURVE_ROWS: usize = 500;

/// Feature importance and explanations: attributions of all rows, global, by cohort and of single rows; permutation
/// importance; curves; and how far all of that can be trusted.
pub struct Explain;

impl Analysis for Explain {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Feature importance and explanations"
    }

    fn question(&self) -> &'static str {
        "What drives the predictions, of all rows and of single ones, and how far can that be trusted?"
    }

    fn params_schema(&self) -> Schema {
        schemars::schema_for!(Params)
    }

    fn refuses(&self, context: &Context<'_>) -> Option<String> {
        if context.model.is_none() {
            return Some("there is no model to ask".to_owned());
        }
        (!context.test.frame.has_predictions()).then(|| "there are no predictions".to_owned())
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        let Some(model) = context.model.filter(|_| self.refuses(context).is_none()) else {
            let reason = self.refuses(context).unwrap_or_default();
            return Err(AnalysisError::NotApplicable { analysis: ID, reason });
        };
        let params = parse_params::<Params>(ID, params)?.check(context)?;
        let subject = Subject::new(context, &params, model)?;
        let explainer = Explainer::choose(&subject)?;

        context.progress.step("attributions of all rows");
        let found = pass::run(&subject, &explainer)?;
        let order = found.summary.ranking();
        let mut answer = Answer {
            subject: &subject,
            explainer: &explainer,
            confidence: Confidence::at(context.level()),
            section: Section::new(ID, self.title(), self.question()),
            order,
        };
        answer.headline(&found.summary);
        answer.importance(&found);
        if let Some(surrogate) = explainer.in_its_place() {
            let fidelity = fidelity::of(&subject, surrogate, answer.confidence)?;
            answer.fidelity(&fidelity);
        }
        answer.cohorts(&found.summary);
        answer.swarm(&found.kept);
        answer.dependence(&found.summary);

        context.progress.step("permutation importance");
        let permuted = permutation(&subject, &explainer, answer.listed())?;
        answer.permuted(&permuted);

        context.progress.step("curves");
        let (curves, output, rows) = curves(&subject, &explainer, &answer.order)?;
        answer.curves(&curves, output, &rows);

        context.progress.step("interactions");
        let pairs = interactions::run(&subject, &explainer, &found.kept, &answer.order, output)?;
        let surface = match &found.kept.rows {
            Some(rows) => interactions::surface(&subject, rows, &pairs.pairs, output)?,
            None => None,
        };
        answer.interactions(&pairs, surface.as_ref());

        context.progress.step("single rows");
        let local = local::run(&subject, &explainer, &found.kept)?;
        answer.local(&local);

        let (agreement, disagree) = trust::agreement(&subject, &found, &permuted);
        answer.exactness(&found, agreement);
        answer.note(trust::meaning(&subject, &explainer, &found.base));
        let mut notes: Vec<_> = explainer.notes.clone();
        notes.extend(found.notes.iter().cloned());
        notes.extend(trust::numbers(&subject, &explainer, &found));
        notes.extend(trust::repeatable(&subject, &found.kept)?);
        notes.extend(trust::correlated(&subject, &found.kept, answer.top()));
        notes.extend(trust::sparse(&subject, &curves));
        notes.extend(trust::unsteady(&local));
        notes.extend(disagree);
        notes.into_iter().for_each(|note| answer.note(note));
        Ok(answer.section)
    }
}

fn permutation(
    subject: &Subject<'_>,
    explainer: &Explainer<'_>,
    features: &[usize],
) -> Result<importance::Permuted, AnalysisError> {
    let trees = explainer.ensemble();
    let usual = if trees.is_some() { SHUFFLED } else { SHUFFLED_ASKED };
    let n = subject.params.importance_rows.unwrap_or(usual);
    let places = subject.sample(&subject.context.test, n, "explain.shuffled");
    let rows = subject.rows_at(&places)?;
    let groups = groups::chosen(subject)?;
    if let Some(ensemble) = trees
        && let Some(trees) = swapped::Trees::over(subject, ensemble, &rows)?
        && let Some(permuted) = importance::run(subject, &places, &trees, features, &groups)?
    {
        return Ok(permuted);
    }
    let model = importance::Asked::new(&subject.asker, &rows)?;
    let permuted = importance::run(subject, &places, &model, features, &groups)?;
    permuted
        .ok_or_else(|| AnalysisError::NotApplicable { analysis: ID, reason: "no feature could be shuffled".to_owned() })
}

/// Curves of the most important features; of several classes, for the most frequent prediction.
fn curves(
    subject: &Subject<'_>,
    explainer: &Explainer<'_>,
    order: &[usize],
) -> Result<(Vec<curves::Curves>, usize, Vec<u32>), AnalysisError> {
    let places = subject.sample(&subject.context.test, CURVE_ROWS, "explain.curves");
    let rows = subject.rows_at(&places)?;
    let weights: Vec<f64> =
        subject.context.test.frame.with_all(|all| places.iter().map(|p| all.weight_at(*p as usize)).collect());
    let output = subject.frequent_output();
    let trees = match explainer.ensemble() {
        Some(ensemble) => swapped::Trees::over(subject, ensemble, &rows)?,
        None => None,
    };
    let mut out = Vec::new();
    for feature in order.iter().take(subject.params.curves) {
        out.extend(curves::of(subject, &rows, &weights, *feature, output, subject.params.lines, trees.as_ref())?);
    }
    Ok((out, output, subject.dataset_rows(&places)))
}
