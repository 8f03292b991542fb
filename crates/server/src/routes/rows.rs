//! Rows: which there are, how many fulfil a condition, what the model says of others.

use axum::extract::{Path, State};
use equipoise_service::{ColumnView, Count, Page, PageQuery, Prediction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Answer, Body, Query, blocking, json};
use crate::Shared;

/// Which rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    /// A condition in SQL, for example `age < 30`; all rows without one.
    #[serde(default)]
    predicate: Option<String>,
}

/// Rows whose prediction is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsToPredict {
    /// Values by column; what is left out is missing.
    rows: Vec<Map<String, Value>>,
}

/// What the model says.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Predictions {
    /// One for each row.
    predictions: Vec<Prediction>,
}

pub(crate) async fn columns(State(shared): State<Shared>, Path(id): Path<String>) -> Answer<Vec<ColumnView>> {
    let workbench = shared.assessment(&id)?.workbench().await?;
    json(blocking(move || Ok(workbench.columns())).await?)
}

pub(crate) async fn rows(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Page> {
    let workbench = shared.assessment(&id)?.workbench().await?;
    json(blocking(move || workbench.rows(&query)).await?)
}

pub(crate) async fn count(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Body(condition): Body<Condition>,
) -> Answer<Count> {
    let workbench = shared.assessment(&id)?.workbench().await?;
    json(blocking(move || workbench.count(condition.predicate.as_deref())).await?)
}

pub(crate) async fn predict(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Body(asked): Body<RowsToPredict>,
) -> Answer<Predictions> {
    let open = shared.assessment(&id)?;
    let workbench = open.workbench().await?;
    let predictions = blocking(move || workbench.predict(&asked.rows, &open.world())).await?;
    json(Predictions { predictions })
}
