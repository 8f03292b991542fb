//! Attributions of any rows, for other analyses.

use equipoise_models::Model;

use super::explainer::Explainer;
use super::params::RawParams;
use super::subject::Subject;
use super::table::Table;
use crate::{AnalysisError, Context};

/// Attributions of some rows to one output.
pub(crate) struct OfRows {
    /// The features.
    pub(crate) names: Vec<String>,
    /// Row by row, one number per feature.
    pub(crate) rows: Vec<Vec<f64>>,
    /// What they add up to, in words.
    pub(crate) of: &'static str,
}

/// Attributions of rows by the method that is usual for the model.
pub(crate) fn of_rows(
    context: &Context<'_>,
    model: &dyn Model,
    rows: &Table,
    output: usize,
) -> Result<OfRows, AnalysisError> {
    let params = RawParams::default().check(context)?;
    let subject = Subject::new(context, &params, model)?;
    let explainer = Explainer::choose(&subject)?;
    let explained = explainer.explain(&subject, rows, &vec![u32::MAX; rows.n_rows])?;
    let k = explainer.n_outputs.max(1);
    let of = |row: usize| explained.row(row).iter().skip(output).step_by(k).copied().collect();
    let what = if explainer.is_asked() { "prediction" } else { "margin" };
    Ok(OfRows { names: subject.names.clone(), rows: (0..rows.n_rows).map(of).collect(), of: what })
}
