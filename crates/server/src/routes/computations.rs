//! Questions that an analysis answers: at once when it is quick, as a job when it is not.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use equipoise_service::{WHAT_IF, Workbench, World, keep_section};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};

use super::{Body, Query};
use crate::Shared;
use crate::error::{Detail, Refusal};
use crate::jobs::{Job, JobView, Status, Told};
use crate::state::Open;

/// How long to wait for an answer.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) struct Wait {
    /// Seconds; 1 unless said, 60 at most.
    wait: Option<f64>,
}

/// A question to an analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The analysis, for example `performance`.
    analysis: String,
    /// A condition in SQL; all rows, with the document's cohorts, without one.
    #[serde(default)]
    predicate: Option<String>,
    /// Parameters of the analysis; the document's without them.
    #[serde(default)]
    params: Option<Map<String, Value>>,
    /// Keeps the answer with the assessment.
    #[serde(default)]
    keep: bool,
}

/// A row with other values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The row's number in the data, from 0.
    row: u64,
    /// New values by column.
    #[serde(default)]
    set: Map<String, Value>,
    /// Keeps the answer with the assessment.
    #[serde(default)]
    keep: bool,
}

/// A row whose prediction somebody wants to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recourse {
    /// The row's number in the data, from 0.
    row: u64,
    /// Parameters of the analysis `counterfactuals`.
    #[serde(default)]
    params: Map<String, Value>,
    /// Keeps the answer with the assessment.
    #[serde(default)]
    keep: bool,
}

type Reply = Result<(StatusCode, Json<JobView>), Refusal>;

pub(crate) async fn sections(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(wait): Query<Wait>,
    Body(asked): Body<Asked>,
) -> Reply {
    let params = asked.params.map_or(Value::Null, Value::Object);
    let question = Question { analysis: asked.analysis, predicate: asked.predicate, params, keep: asked.keep };
    ask(&shared, &id, question, wait).await
}

pub(crate) async fn what_if(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(wait): Query<Wait>,
    Body(edit): Body<Edit>,
) -> Reply {
    let params = json!({ "row": edit.row, "set": edit.set });
    let question = Question { analysis: WHAT_IF.to_owned(), predicate: None, params, keep: edit.keep };
    ask(&shared, &id, question, wait).await
}

pub(crate) async fn counterfactuals(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(wait): Query<Wait>,
    Body(recourse): Body<Recourse>,
) -> Reply {
    let mut params = recourse.params;
    params.insert("rows".to_owned(), json!([recourse.row]));
    let question = Question {
        analysis: "counterfactuals".to_owned(),
        predicate: None,
        params: Value::Object(params),
        keep: recourse.keep,
    };
    ask(&shared, &id, question, wait).await
}

pub(crate) async fn job(State(shared): State<Shared>, Path(name): Path<String>) -> Result<Json<JobView>, Refusal> {
    Ok(Json(find(&shared, &name)?.view()))
}

pub(crate) async fn cancel(State(shared): State<Shared>, Path(name): Path<String>) -> Result<StatusCode, Refusal> {
    find(&shared, &name)?.cancel();
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn events(
    State(shared): State<Shared>,
    Path(name): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let job = find(&shared, &name)?;
    let mut watch = job.watch();
    let (tell, told) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let view = watch.borrow_and_update().clone();
            let is_over = view.status != Status::Running;
            // The last event is the one that says how it ended.
            if tell.send(view).await.is_err() || is_over || watch.changed().await.is_err() {
                break;
            }
        }
    });
    let events = ReceiverStream::new(told).map(|view| Ok(Event::default().json_data(&view).unwrap_or_default()));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

fn find(shared: &Shared, name: &str) -> Result<Arc<Job>, Refusal> {
    let hint = "the server remembers the last ones; ask again";
    shared.jobs.get(name).ok_or_else(|| Refusal::not_found(format!("there is no computation `{name}`"), hint))
}

struct Question {
    analysis: String,
    predicate: Option<String>,
    params: Value,
    keep: bool,
}

/// Stops a job when the one who asked for it goes away before the answer.
struct UntilTold(Option<Arc<Job>>);

impl Drop for UntilTold {
    fn drop(&mut self) {
        if let Some(job) = &self.0 {
            job.cancel();
        }
    }
}

async fn ask(shared: &Shared, id: &str, question: Question, wait: Wait) -> Reply {
    let seconds = wait.wait.filter(|s| s.is_finite()).unwrap_or(1.0).clamp(0.0, 60.0);
    let open = shared.assessment(id)?;
    let job = shared.jobs.start();
    let mut unless_told = UntilTold(Some(Arc::clone(&job)));
    let mut watch = job.watch();
    tokio::spawn(work(shared.clone(), open, question, Arc::clone(&job)));
    let is_over = watch.wait_for(|view| view.status != Status::Running);
    let _ = tokio::time::timeout(Duration::from_secs_f64(seconds), is_over).await;
    unless_told.0 = None;
    let view = job.view();
    match (view.status, &view.error) {
        (Status::Running, _) => Ok((StatusCode::ACCEPTED, Json(view))),
        (Status::Failed, Some(error)) => {
            let status = if error.code == "not_live" { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
            Err(Refusal::new(status, &error.code, error.message.clone(), error.hint.as_deref().unwrap_or("")))
        }
        _ => Ok((StatusCode::OK, Json(view))),
    }
}

async fn work(shared: Shared, open: Arc<Open>, question: Question, job: Arc<Job>) {
    let workbench = match open.workbench().await {
        Ok(workbench) => workbench,
        Err(refusal) => return job.finish(Err(refusal.problem.error)),
    };
    let Ok(_turn) = Arc::clone(&shared.turns).acquire_owned().await else {
        return job.finish(Err(Refusal::internal().problem.error));
    };
    let told = Arc::clone(&job);
    let keep = question.keep;
    let (analysis, predicate) = (question.analysis.clone(), question.predicate.clone());
    let of = Arc::clone(&open);
    let answer = tokio::task::spawn_blocking(move || answer(&workbench, &of, question, &told)).await;
    let outcome = answer.unwrap_or_else(|_| Err(Refusal::internal().problem.error));
    let Ok(section) = &outcome else { return job.finish(outcome) };
    if keep {
        let _writing = open.writing.lock().await;
        let (dir, section) = (open.dir.clone(), section.clone());
        let kept = super::blocking(move || keep_section(&dir, &analysis, predicate.as_deref(), section)).await;
        if let Err(refusal) = kept {
            return job.finish(Err(refusal.problem.error));
        }
    }
    job.finish(outcome);
}

fn answer(
    workbench: &Workbench,
    open: &Open,
    question: Question,
    job: &Arc<Job>,
) -> Result<equipoise_service::document::Section, Detail> {
    let world = World { stop: Arc::clone(&job.stop), progress: Box::new(Told(Arc::clone(job))), ..open.world() };
    workbench
        .section(&question.analysis, question.predicate.as_deref(), question.params, &world)
        .map_err(|error| Detail::from(&error))
}
