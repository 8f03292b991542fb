//! The page itself.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use equipoise_service::views::dashboard::{self, LiveConfig};
use equipoise_service::views::html;

use crate::Shared;
use crate::error::Refusal;

/// What a page of ours may load: what is in it, and this server's answers.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; \
                      font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// The dashboard; the plain report where the program was built without it.
pub(crate) async fn page(State(shared): State<Shared>) -> Result<Response, Refusal> {
    let Some(first) = shared.assessments.first() else {
        return Err(Refusal::not_found("there is no assessment", ""));
    };
    let html = if dashboard::available() {
        dashboard::live_page(&LiveConfig { base: &shared.base_path, token: &shared.token })
            .map_err(|_| Refusal::internal())?
    } else {
        html(&first.document)
    };
    Ok(shown(StatusCode::OK, html))
}

/// The dashboard without the token, for a browser that has it from before: it holds no result, and asks for none without
/// one. None where the program was built without it.
pub(crate) fn locked(shared: &Shared) -> Option<Response> {
    let html = dashboard::live_page(&LiveConfig { base: &shared.base_path, token: "" }).ok()?;
    Some(shown(StatusCode::UNAUTHORIZED, html))
}

fn shown(status: StatusCode, html: String) -> Response {
    let mut response = (status, html).into_response();
    for (name, value) in [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)]
    {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
