//! The interface without a port, for a program that holds the page itself, as a notebook does.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use equipoise_service::Workbench;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::{Options, ServeError, Shared, router};

/// Most bytes of an answer: a document may be large, a fault must not fill the memory.
const MAX_BYTES: usize = 1 << 30;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status as HTTP counts it.
    pub status: u16,
    /// JSON, or nothing.
    pub body: String,
}

/// An assessment that answers the `/v1` requests of a page in the same process.
pub struct Inside {
    router: Router,
    token: String,
    /// Shut down without waiting, so that what still computes does not hold up the program's end.
    runtime: Option<Runtime>,
}

impl Inside {
    /// Opens an assessment by its folder. Data and model are those of `workbench`; without one they are opened when they are
    /// first needed.
    ///
    /// # Errors
    /// When the assessment cannot be read, or the system gives no threads.
    pub fn open(place: &Path, workbench: Option<Workbench>) -> Result<Self, ServeError> {
        let shared = Shared::open(&Options { places: vec![place.to_path_buf()], ..Options::default() })?;
        if let (Some(workbench), Some(open)) = (workbench, shared.assessments.first()) {
            open.is_with(Arc::new(workbench));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|source| ServeError::Threads { source })?;
        Ok(Self { token: shared.token.clone(), router: router(shared), runtime: Some(runtime) })
    }

    /// Asks, for example `POST /v1/assessments/0/count` with its body in JSON, and tells the answer from a thread of its own.
    pub fn ask(&self, method: &str, path: &str, body: Option<String>, tell: impl FnOnce(Answer) + Send + 'static) {
        let Some(runtime) = &self.runtime else { return };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, Body::from));
        let Ok(request) = request else {
            tell(Answer { status: 400, body: String::new() });
            return;
        };
        let router = self.router.clone();
        runtime.spawn(async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let status = response.status().as_u16();
            let bytes = axum::body::to_bytes(response.into_body(), MAX_BYTES).await;
            tell(match bytes.ok().and_then(|bytes| String::from_utf8(bytes.into()).ok()) {
                Some(body) => Answer { status, body },
                None => Answer { status: 500, body: String::new() },
            });
        });
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
