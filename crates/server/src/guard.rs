//! Who may ask: whoever has the token, from this machine's own pages.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Shared;
use crate::error::Refusal;
use crate::page;

/// Refuses foreign hosts and origins and requests without the token; adds the headers that every answer has.
pub(crate) async fn guard(State(shared): State<Shared>, request: Request<Body>, next: Next) -> Response {
    let mut response = match check(&shared, request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(refusal) if refusal.problem.error.code == "no_token" && is_browser_at_root(&request) => {
            page::locked(&shared).unwrap_or_else(|| refusal.into_response())
        }
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    // The token stands in the address, so no address may leave the machine.
    for (name, value) in [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// True when a person follows a link to the page, and not a program asks.
fn is_browser_at_root(request: &Request<Body>) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("");
    request.method() == Method::GET && request.uri().path() == "/" && accepts.contains("text/html")
}

fn check(shared: &Shared, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    // A browser that was led astray by a foreign name server names the foreign host.
    let host = text(header::HOST).or_else(|| uri.authority().map(|a| a.as_str())).unwrap_or("");
    if !shared.knows_host(host) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "foreign_host",
            format!("`{host}` is not a host of this server"),
            "open the address that was printed; behind a proxy, name its host with `--allow-host`",
        ));
    }
    if let Some(origin) = text(header::ORIGIN) {
        let of_origin = origin.split_once("://").map_or("", |(_, rest)| rest);
        if !shared.knows_host(of_origin) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "foreign_origin",
                format!("requests from `{origin}` are refused"),
                "open the address that was printed",
            ));
        }
    }
    let bearer = text(header::AUTHORIZATION).and_then(|v| v.strip_prefix("Bearer "));
    let in_address = uri.query().into_iter().flat_map(|q| q.split('&')).find_map(|pair| pair.strip_prefix("token="));
    if bearer.or(in_address).is_some_and(|given| same(given, &shared.token)) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "no_token",
        "the token is missing or wrong",
        "open the address that was printed; it holds the token",
    ))
}

/// Compares in a time that does not tell where the first difference is.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}
