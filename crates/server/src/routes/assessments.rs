//! The assessments and their documents.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use equipoise_service::document::Task;
use equipoise_service::{KeptSection, kept_sections};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, blocking, json};
use crate::Shared;
use crate::error::Refusal;

/// An assessment in the list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Listed {
    /// Its number.
    id: String,
    /// The folder's name.
    name: String,
    /// What kind of prediction.
    task: Task,
    /// Rows that were assessed.
    n_rows: u64,
    /// True when rows and model can be asked.
    live: bool,
    /// Why they cannot, if so.
    why_not_live: Option<String>,
    /// True when it was made of the bundled sample.
    is_sample: bool,
}

pub(crate) async fn list(State(shared): State<Shared>) -> Answer<Vec<Listed>> {
    let listed = shared.assessments.iter().enumerate().map(|(i, open)| {
        let why_not_live = open.why_not_live();
        Listed {
            id: i.to_string(),
            name: open.name.clone(),
            task: open.document.task,
            n_rows: open.document.datasets.first().map_or(0, |d| d.n_rows),
            live: why_not_live.is_none(),
            why_not_live,
            is_sample: open.is_sample(),
        }
    });
    json(listed.collect())
}

pub(crate) async fn document(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let open = shared.assessment(&id)?;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let is_known = known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == open.tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], open.json.to_string()).into_response()
    };
    if let Ok(tag) = HeaderValue::from_str(&open.tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

pub(crate) async fn kept(State(shared): State<Shared>, Path(id): Path<String>) -> Answer<Vec<KeptSection>> {
    let open = shared.assessment(&id)?;
    json(blocking(move || kept_sections(&open.dir)).await?)
}

pub(crate) async fn remove_kept(
    State(shared): State<Shared>,
    Path((id, job)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let open = shared.assessment(&id)?;
    let _writing = open.writing.lock().await;
    let (dir, name) = (open.dir.clone(), job.clone());
    if blocking(move || equipoise_service::remove_kept(&dir, &name)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found(format!("there is no kept answer `{job}`"), "GET /v1/assessments/{id}/kept lists them"))
    }
}
