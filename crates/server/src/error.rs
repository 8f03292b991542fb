//! What goes wrong, and how it looks from outside.

use std::path::PathBuf;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use equipoise_service::ServiceError;
use schemars::JsonSchema;
use serde::Serialize;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An assessment cannot be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// There is nothing to show.
    #[error("no assessment is named\nhint: name the folder of one, for example `equipoise open assessment`")]
    Nothing,
    /// The port cannot be had.
    #[error(
        "port {port} cannot be listened on: {source}\nhint: name another with `--port`, or leave it out for any free one"
    )]
    Port {
        /// Which.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// A base path that is none.
    #[error("`{path}` is no base path\nhint: it begins with `/` and has no `/` at its end, for example `/proxy/8080`")]
    BasePath {
        /// What was given.
        path: String,
    },
    /// The system gives no threads.
    #[error("no thread can be had to answer requests: {source}\nhint: end other programs and try again")]
    Threads {
        /// Why.
        source: std::io::Error,
    },
    /// Randomness for the token cannot be had.
    #[error("the system gives no random numbers for the token\nhint: try again")]
    Random,
    /// Two assessments in one folder cannot be told apart.
    #[error("`{}` is named twice\nhint: name each assessment once", place.display())]
    Twice {
        /// Which.
        place: PathBuf,
    },
}

/// The body of an answer that is an error.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Problem {
    /// What is wrong.
    pub(crate) error: Detail,
}

/// What is wrong, and how to mend it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Detail {
    /// Stable code.
    pub(crate) code: String,
    /// In words.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) hint: Option<String>,
}

/// An answer that is an error.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) problem: Problem,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>, hint: &str) -> Self {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        Self { status, problem: Problem { error: Detail { code: code.to_owned(), message: message.into(), hint } } }
    }

    pub(crate) fn not_found(what: impl Into<String>, hint: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", what, hint)
    }

    /// A panic of our own, or a task that was dropped.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the computation broke off: this is a mistake of the program",
            "the message on the server's terminal says where; please report it",
        )
    }
}

impl From<&ServiceError> for Detail {
    fn from(error: &ServiceError) -> Self {
        let text = error.to_string();
        let (message, hint) = match text.split_once("\nhint: ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        Self { code: error.code().to_owned(), message, hint }
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        let status = match error.code() {
            "output" => StatusCode::INTERNAL_SERVER_ERROR,
            "input" | "document" => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self { status, problem: Problem { error: Detail::from(&error) } }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}
