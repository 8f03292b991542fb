//! The routes, one file for each thing that is asked about.

mod assessments;
mod cohorts;
mod compare;
mod computations;
mod pins;
mod rows;

use axum::Json;
use axum::routing::{delete, get, post};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::{Api, Route};
use crate::error::Refusal;
use crate::page;

/// All of them.
pub(crate) fn all() -> Api {
    let mut api = Api::new();
    let s = Schemas::of(&mut api);
    api.page("/", get(page::page))
        .add(
            &Route::new("get", "/v1/assessments", "The assessments that are shown.").answers(
                200,
                "In the order in which they were named.",
                s.list,
            ),
            get(assessments::list),
        )
        .add(
            &Route::new("get", "/v1/assessments/{id}/document", "The result document.")
                .answers(200, "As `document.schema.json` describes it.", s.document)
                .without_body(304, "The one that the given `If-None-Match` names."),
            get(assessments::document),
        )
        .add(
            &Route::new(
                "get",
                "/v1/assessments/{id}/columns",
                "The columns of the rows, and what the model said of them.",
            )
            .answers(200, "In the order of the data.", s.columns),
            get(rows::columns),
        )
        .add(
            &Route::new("get", "/v1/assessments/{id}/rows", "A page of rows.").query(s.page_query).answers(
                200,
                "The rows.",
                s.page,
            ),
            get(rows::rows),
        )
        .add(
            &Route::new(
                "post",
                "/v1/assessments/{id}/count",
                "How many rows fulfil a condition, and how the model does on them.",
            )
            .body(s.condition)
            .answers(200, "The count.", s.count),
            post(rows::count),
        )
        .add(
            &Route::new("post", "/v1/assessments/{id}/predict", "What the model says of rows that are given.")
                .body(s.rows_to_predict)
                .answers(200, "One answer for each row.", s.predictions),
            post(rows::predict),
        )
        .add(
            &Route::new(
                "get",
                "/v1/assessments/{id}/cohorts",
                "The cohorts of the document, and those that were saved.",
            )
            .answers(200, "The cohorts.", s.cohorts),
            get(cohorts::list).post(cohorts::add),
        )
        .describe(
            &Route::new("post", "/v1/assessments/{id}/cohorts", "Saves a cohort with the assessment.")
                .body(s.new_cohort)
                .answers(201, "The cohort.", s.cohort),
        )
        .add(
            &Route::new("delete", "/v1/assessments/{id}/cohorts/{name}", "Deletes a saved cohort.")
                .without_body(204, "It is gone."),
            delete(cohorts::remove),
        )
        .add(
            &Route::new(
                "post",
                "/v1/assessments/{id}/sections",
                "Asks an analysis about the rows that fulfil a condition.",
            )
            .query(s.wait.clone())
            .body(s.asked)
            .answers(200, "It was done within the seconds to wait.", s.job.clone())
            .answers(202, "It goes on; ask the job.", s.job.clone()),
            post(computations::sections),
        )
        .add(
            &Route::new("post", "/v1/assessments/{id}/what-if", "What the model would say of a row with other values.")
                .query(s.wait.clone())
                .body(s.edit)
                .answers(200, "The answer.", s.job.clone())
                .answers(202, "It goes on; ask the job.", s.job.clone()),
            post(computations::what_if),
        )
        .add(
            &Route::new(
                "post",
                "/v1/assessments/{id}/counterfactuals",
                "What would have changed the prediction of a row.",
            )
            .query(s.wait)
            .body(s.recourse)
            .answers(200, "The answer.", s.job.clone())
            .answers(202, "It goes on; ask the job.", s.job.clone()),
            post(computations::counterfactuals),
        )
        .add(
            &Route::new("get", "/v1/assessments/{id}/kept", "The answers that were kept with the assessment.").answers(
                200,
                "In the order of asking.",
                s.kept,
            ),
            get(assessments::kept),
        )
        .add(
            &Route::new("delete", "/v1/assessments/{id}/kept/{job}", "Deletes a kept answer.")
                .without_body(204, "It is gone."),
            delete(assessments::remove_kept),
        )
        .add(
            &Route::new("get", "/v1/assessments/{id}/pins", "The changed rows that were kept with the assessment.")
                .answers(200, "In the order in which they were made.", s.pins),
            get(pins::list).post(pins::add),
        )
        .describe(
            &Route::new("post", "/v1/assessments/{id}/pins", "Keeps a changed row with the assessment.")
                .body(s.new_pin)
                .answers(201, "The pin.", s.pin),
        )
        .add(
            &Route::new("delete", "/v1/assessments/{id}/pins/{pin}", "Lets a pin go.").without_body(204, "It is gone."),
            delete(pins::remove),
        )
        .add(
            &Route::new("get", "/v1/jobs/{job}", "Where a computation is.").answers(
                200,
                "With the section once it is done.",
                s.job.clone(),
            ),
            get(computations::job).delete(computations::cancel),
        )
        .describe(
            &Route::new("delete", "/v1/jobs/{job}", "Stops a computation.")
                .without_body(204, "It will stop at the next safe point."),
        )
        .add(
            &Route::new(
                "get",
                "/v1/jobs/{job}/events",
                "Where a computation is, each time that it changes, until it ends.",
            )
            .answers(200, "Events whose data are jobs.", s.job)
            .streams(),
            get(computations::events),
        )
        .add(
            &Route::new("get", "/v1/compare", "Two assessments number by number.").query(s.pair).answers(
                200,
                "The second against the first.",
                s.comparison,
            ),
            get(compare::compare),
        )
        .add(
            &Route::new("get", "/v1/openapi.json", "This description.").answers(200, "OpenAPI 3.1.", Value::Bool(true)),
            get(async || Json(crate::openapi())),
        )
}

/// The schemas that the routes name.
struct Schemas {
    list: Value,
    document: Value,
    columns: Value,
    page_query: Value,
    page: Value,
    condition: Value,
    count: Value,
    rows_to_predict: Value,
    predictions: Value,
    cohorts: Value,
    cohort: Value,
    new_cohort: Value,
    wait: Value,
    asked: Value,
    edit: Value,
    recourse: Value,
    job: Value,
    kept: Value,
    pins: Value,
    pin: Value,
    new_pin: Value,
    pair: Value,
    comparison: Value,
}

impl Schemas {
    fn of(api: &mut Api) -> Self {
        Self {
            list: api.schema::<Vec<assessments::Listed>>(),
            document: api.schema::<equipoise_service::document::Document>(),
            columns: api.schema::<Vec<equipoise_service::ColumnView>>(),
            page_query: inline::<equipoise_service::PageQuery>(),
            page: api.schema::<equipoise_service::Page>(),
            condition: api.schema::<rows::Condition>(),
            count: api.schema::<equipoise_service::Count>(),
            rows_to_predict: api.schema::<rows::RowsToPredict>(),
            predictions: api.schema::<rows::Predictions>(),
            cohorts: api.schema::<Vec<cohorts::CohortView>>(),
            cohort: api.schema::<cohorts::CohortView>(),
            new_cohort: api.schema::<cohorts::NewCohort>(),
            wait: inline::<computations::Wait>(),
            asked: api.schema::<computations::Asked>(),
            edit: api.schema::<computations::Edit>(),
            recourse: api.schema::<computations::Recourse>(),
            job: api.schema::<crate::jobs::JobView>(),
            kept: api.schema::<Vec<equipoise_service::KeptSection>>(),
            pins: api.schema::<Vec<equipoise_service::Pin>>(),
            pin: api.schema::<equipoise_service::Pin>(),
            new_pin: api.schema::<equipoise_service::NewPin>(),
            pair: inline::<compare::Two>(),
            comparison: api.schema::<compare::ComparisonView>(),
        }
    }
}

fn inline<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Runs what reads files or counts rows where it does not hold up other requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, equipoise_service::ServiceError> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Refusal::from),
        Err(_) => Err(Refusal::internal()),
    }
}

/// A JSON body; a wrong one is an error like any other.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> axum::extract::FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Refusal> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(Refusal::new(
                rejection.status(),
                "body",
                rejection.body_text(),
                "GET /v1/openapi.json describes what is expected",
            )),
        }
    }
}

/// A query; a wrong one is an error like any other.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> axum::extract::FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Refusal> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Refusal::new(
                rejection.status(),
                "query",
                rejection.body_text(),
                "GET /v1/openapi.json describes what is expected",
            )),
        }
    }
}

/// What a handler gives: JSON, or why not.
pub(crate) type Answer<T> = Result<Json<T>, Refusal>;

/// An answer as JSON.
pub(crate) fn json<T: Serialize>(value: T) -> Answer<T> {
    Ok(Json(value))
}
