//! Named conditions: those of the document, and those that were saved.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use equipoise_service::document::CohortSpec;
use equipoise_service::{added_cohorts, write_added_cohorts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Body, blocking, json};
use crate::Shared;
use crate::error::Refusal;

/// Where a cohort comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// It is in the document, with numbers in every section.
    Document,
    /// It was saved while looking at the assessment.
    Saved,
}

/// A named condition.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct CohortView {
    /// Its name.
    name: String,
    /// The condition in SQL.
    predicate: String,
    /// Rows that fulfil it; none where rows cannot be asked.
    n: Option<u64>,
    source: Source,
}

/// A cohort to be saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCohort {
    /// Its name.
    name: String,
    /// The condition in SQL, for example `age < 30`.
    predicate: String,
}

pub(crate) async fn list(State(shared): State<Shared>, Path(id): Path<String>) -> Answer<Vec<CohortView>> {
    let open = shared.assessment(&id)?;
    let of_document = open.document.cohorts.iter().filter_map(|c| {
        let predicate = c.predicate.clone()?;
        Some(CohortView { name: c.name.clone(), predicate, n: Some(c.n), source: Source::Document })
    });
    let mut all: Vec<CohortView> = of_document.collect();
    let dir = open.dir.clone();
    let saved = blocking(move || added_cohorts(&dir)).await?;
    if saved.is_empty() {
        return json(all);
    }
    let workbench = open.workbench().await.ok();
    let saved = blocking(move || {
        let of = |c: CohortSpec| {
            let n = workbench.as_ref().and_then(|w| w.count(Some(&c.predicate)).ok()).map(|count| count.n);
            CohortView { name: c.name, predicate: c.predicate, n, source: Source::Saved }
        };
        Ok(saved.into_iter().map(of).collect::<Vec<_>>())
    });
    all.extend(saved.await?);
    json(all)
}

pub(crate) async fn add(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Body(new): Body<NewCohort>,
) -> Result<(StatusCode, Json<CohortView>), Refusal> {
    let open = shared.assessment(&id)?;
    let name = new.name.trim().to_owned();
    let is_bad = name.is_empty() || name.chars().count() > 200 || name.contains(['{', '}']);
    if is_bad {
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "name",
            format!("`{name}` cannot be the name of a cohort"),
            "a name has 1 to 200 characters and no braces",
        ));
    }
    let workbench = open.workbench().await?;
    let predicate = new.predicate.clone();
    let n = blocking(move || Ok(workbench.count(Some(&predicate))?.n)).await?;
    let _writing = open.writing.lock().await;
    let dir = open.dir.clone();
    let mut saved = blocking(move || added_cohorts(&dir)).await?;
    let is_taken =
        name == "all" || open.document.cohorts.iter().any(|c| c.name == name) || saved.iter().any(|c| c.name == name);
    if is_taken {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "name_taken",
            format!("there is a cohort `{name}` already"),
            "choose another name, or delete the old one",
        ));
    }
    saved.push(CohortSpec { name: name.clone(), predicate: new.predicate.clone() });
    let dir = open.dir.clone();
    blocking(move || write_added_cohorts(&dir, &saved)).await?;
    let view = CohortView { name, predicate: new.predicate, n: Some(n), source: Source::Saved };
    Ok((StatusCode::CREATED, Json(view)))
}

pub(crate) async fn remove(
    State(shared): State<Shared>,
    Path((id, name)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let open = shared.assessment(&id)?;
    let _writing = open.writing.lock().await;
    let dir = open.dir.clone();
    let mut saved = blocking(move || added_cohorts(&dir)).await?;
    let before = saved.len();
    saved.retain(|c| c.name != name);
    if saved.len() == before {
        let of_document = open.document.cohorts.iter().any(|c| c.name == name);
        return Err(if of_document {
            Refusal::new(
                StatusCode::CONFLICT,
                "of_document",
                format!("the cohort `{name}` belongs to the document"),
                "the document stays as it was made; only saved cohorts can be deleted",
            )
        } else {
            Refusal::not_found(format!("there is no saved cohort `{name}`"), "")
        });
    }
    let dir = open.dir.clone();
    blocking(move || write_added_cohorts(&dir, &saved)).await?;
    Ok(StatusCode::NO_CONTENT)
}
