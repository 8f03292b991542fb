//! Where an endpoint is, and how it is named in messages.

use base64::Engine;
use equipoise_document::{EndpointProtocol, ModelSpec};

use crate::ModelError;

/// An endpoint's address.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// Without credentials: of a v2 model up to its name, of MLflow the whole.
    pub(super) base: String,
    /// For messages: without credentials and query.
    pub(super) shown: String,
    /// `Basic …` from the credentials in the address, if there were any.
    pub(super) basic: Option<String>,
    /// What follows `?`, with it.
    query: String,
    pub(super) protocol: EndpointProtocol,
    /// Whether the server is on this machine.
    pub(super) is_local: bool,
}

/// An address for messages and documents: without user name, password and query.
#[must_use]
pub fn shown_address(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if scheme.is_empty() { format!("{host}{path}") } else { format!("{scheme}://{host}{path}") }
}

impl Address {
    /// Of a spec. The protocol is seen from the path when the spec does not name it.
    pub(super) fn of(spec: &ModelSpec) -> Result<Self, ModelError> {
        let source = spec.source.trim();
        let shown = shown_address(source);
        let error = |problem: &str, hint: &str| ModelError::Endpoint {
            url: shown.clone(),
            problem: problem.to_owned(),
            hint: hint.to_owned(),
        };
        let is_http = ["http://", "https://"].iter().any(|scheme| source.to_ascii_lowercase().starts_with(scheme));
        let host = shown.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
        if !is_http || host.is_empty() || source.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(error("is not an address", "write it as `http://host:port` or `https://host/path`"));
        }
        let user = source.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next()?.rsplit_once('@'));
        let basic = user.map(|(user, _)| {
            let decoded = percent_decoded(user);
            let with_password = if decoded.contains(&b':') { decoded } else { [decoded.as_slice(), b":"].concat() };
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(with_password))
        });
        let query = source.split_once('?').map_or_else(String::new, |(_, query)| format!("?{query}"));
        let path = shown.trim_end_matches('/');
        let protocol = spec.protocol.unwrap_or(if path.ends_with("/invocations") {
            EndpointProtocol::Mlflow
        } else {
            EndpointProtocol::V2
        });
        let base = match protocol {
            EndpointProtocol::Mlflow if path.ends_with("/invocations") => path.to_owned(),
            EndpointProtocol::Mlflow => format!("{path}/invocations"),
            EndpointProtocol::V2 => {
                let path = path.strip_suffix("/infer").unwrap_or(path);
                match (&spec.name, path.contains("/v2/models/")) {
                    (_, true) => path.to_owned(),
                    (Some(name), false) => {
                        format!("{}/v2/models/{}", path.strip_suffix("/v2").unwrap_or(path), percent_encoded(name))
                    }
                    (None, false) => {
                        return Err(error(
                            "may serve several models",
                            "name one with `name`, or give the address up to `/v2/models/NAME`; for MLflow set `protocol = \"mlflow\"`",
                        ));
                    }
                }
            }
        };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        Ok(Self { shown: shown_address(&base), base, basic, query, protocol, is_local })
    }

    /// Where rows of a v2 model are sent.
    pub(super) fn infer(&self) -> String {
        format!("{}/infer", self.base)
    }

    /// The address with the query it was given.
    pub(super) fn with_query(&self, url: &str) -> String {
        format!("{url}{}", self.query)
    }

    /// An error of this endpoint.
    pub(super) fn error(&self, problem: impl Into<String>, hint: &str) -> ModelError {
        ModelError::Endpoint { url: self.shown.clone(), problem: problem.into(), hint: hint.to_owned() }
    }
}

/// A name as part of a path.
fn percent_encoded(name: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    name.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The bytes behind `%41` and its kin.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match (first, tail) {
            (b'%', [a, b, ..]) => std::str::from_utf8(&[*a, *b]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        out.push(code.unwrap_or(*first));
        rest = tail.get(if code.is_some() { 2 } else { 0 }..).unwrap_or(&[]);
    }
    out
}
