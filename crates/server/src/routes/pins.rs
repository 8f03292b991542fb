//! Changed rows that somebody wants to come back to.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use equipoise_service::{NewPin, Pin, add_pin, pins, remove_pin};

use super::{Answer, Body, blocking, json};
use crate::Shared;
use crate::error::Refusal;

pub(crate) async fn list(State(shared): State<Shared>, Path(id): Path<String>) -> Answer<Vec<Pin>> {
    let open = shared.assessment(&id)?;
    json(blocking(move || pins(&open.dir)).await?)
}

pub(crate) async fn add(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Body(new): Body<NewPin>,
) -> Result<(StatusCode, Json<Pin>), Refusal> {
    let open = shared.assessment(&id)?;
    let _writing = open.writing.lock().await;
    let of = std::sync::Arc::clone(&open);
    let pin = blocking(move || add_pin(&of.dir, &of.document.datasets, new)).await?;
    Ok((StatusCode::CREATED, Json(pin)))
}

pub(crate) async fn remove(
    State(shared): State<Shared>,
    Path((id, pin)): Path<(String, u64)>,
) -> Result<StatusCode, Refusal> {
    let open = shared.assessment(&id)?;
    let _writing = open.writing.lock().await;
    let dir = open.dir.clone();
    if blocking(move || remove_pin(&dir, pin)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found(format!("there is no pin `{pin}`"), "GET /v1/assessments/{id}/pins lists them"))
    }
}
