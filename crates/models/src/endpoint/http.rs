//! Asking and asking again.

use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Response, StatusCode};

use super::address::Address;
use crate::ModelError;

/// Bytes an answer may have, unpacked.
const MAX_ANSWER: u64 = 64 << 20;

/// Seconds to wait for a server that names a later time.
const MAX_WAIT: f64 = 60.0;

/// Speaks to one server.
pub(super) struct Client {
    agent: Agent,
    address: Address,
    /// Never shown.
    authorization: Option<String>,
    timeout: Duration,
    tries: u32,
}

/// One try that failed.
struct Failure {
    problem: String,
    hint: &'static str,
    /// Another try may do better, at the earliest after these seconds where the server says so.
    again: Option<Option<f64>>,
    status: Option<StatusCode>,
}

impl Client {
    pub(super) fn over(
        address: &Address,
        authorization: Option<String>,
        timeout: Duration,
        tries: u32,
    ) -> Result<Self, ModelError> {
        let authorization = authorization.map(|a| a.trim().to_owned()).or_else(|| address.basic.clone());
        if authorization.as_ref().is_some_and(|a| a.is_empty() || a.bytes().any(|b| !(32..127).contains(&b))) {
            return Err(address.error(
                "cannot be sent the authorization: it is empty or has characters that a header cannot hold",
                "give the whole value of the header, for example `Bearer …`",
            ));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(timeout))
            .user_agent("equipoise")
            .accept("application/json");
        // A proxy named by the surroundings cannot reach this machine.
        let config = if address.is_local { config.proxy(None) } else { config };
        Ok(Self { agent: config.build().new_agent(), address: address.clone(), authorization, timeout, tries })
    }

    /// Sends a body and reads the JSON that comes back. `row` seeds the waits between tries.
    pub(super) fn post(&self, url: &str, body: &Value, row: u64) -> Result<Value, ModelError> {
        let body = body.to_string();
        self.persist(row, || {
            let mut request = self.agent.post(self.address.with_query(url)).header("Content-Type", "application/json");
            if let Some(authorization) = &self.authorization {
                request = request.header("Authorization", authorization);
            }
            request.send(&body)
        })
        .map_err(|failure| self.address.error(failure.problem, failure.hint))
    }

    /// Asks for JSON; `None` when the server does not know the address.
    pub(super) fn get(&self, url: &str) -> Result<Option<Value>, ModelError> {
        let answer = self.persist(0, || {
            let mut request = self.agent.get(self.address.with_query(url));
            if let Some(authorization) = &self.authorization {
                request = request.header("Authorization", authorization);
            }
            request.call()
        });
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(Failure { status: Some(status), .. }) if is_unknown(status) => Ok(None),
            Err(failure) => Err(self.address.error(failure.problem, failure.hint)),
        }
    }

    /// Tries until there is an answer, the failure is final, or the tries are used up.
    fn persist(
        &self,
        row: u64,
        send: impl Fn() -> Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match send() {
                Ok(response) => match self.read(response) {
                    Ok(value) => return Ok(value),
                    Err(failure) => failure,
                },
                Err(error) => self.transport(&error),
            };
            let Some(later) = failure.again.filter(|_| attempt < self.tries) else {
                let times = if attempt > 1 { format!(" ({attempt} tries)") } else { String::new() };
                return Err(Failure { problem: format!("{}{times}", failure.problem), ..failure });
            };
            std::thread::sleep(Duration::from_secs_f64(later.unwrap_or_else(|| pause(row, attempt)).min(MAX_WAIT)));
            attempt += 1;
        }
    }

    /// The JSON of an answer that is one.
    fn read(&self, mut response: Response<ureq::Body>) -> Result<Value, Failure> {
        let status = response.status();
        let later = response
            .headers()
            .get("Retry-After")
            .and_then(|v| v.to_str().ok()?.trim().parse::<f64>().ok())
            .filter(|s| s.is_finite() && *s >= 0.0);
        let mut bytes = Vec::new();
        let read = response.body_mut().as_reader().take(MAX_ANSWER + 1).read_to_end(&mut bytes);
        if !status.is_success() {
            return Err(self.refusal(status, later, &bytes));
        }
        if let Err(error) = read {
            return Err(self.transport(&ureq::Error::from(error)));
        }
        let fail = |problem: String, hint| Failure { problem, hint, again: None, status: Some(status) };
        if bytes.len() as u64 > MAX_ANSWER {
            return Err(fail(format!("answers more than {} MiB", MAX_ANSWER >> 20), "lower `batch_rows`"));
        }
        serde_json::from_slice(&bytes).map_err(|_| {
            let start =
                String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or(&[])).trim_start().to_owned();
            if start.is_empty() {
                fail("answers nothing; expected is JSON".to_owned(), "check the address and the protocol")
            } else if start.starts_with('<') {
                let hint = "check the address; a page may be that of a proxy or a login";
                fail("answers with a web page (HTML); expected is JSON".to_owned(), hint)
            } else if ["NaN", "Infinity"].iter().any(|word| contains(&bytes, word)) {
                let hint = "find out for which rows the model has no answer, and leave them out or mend the model";
                fail("answers NaN or infinity, which are not predictions".to_owned(), hint)
            } else {
                fail("answers with something that is not JSON".to_owned(), "check the address and the protocol")
            }
        })
    }

    /// An answer with a status that is not success.
    fn refusal(&self, status: StatusCode, later: Option<f64>, bytes: &[u8]) -> Failure {
        let code = status.as_u16();
        let said = self.excerpt(bytes);
        let (problem, hint) = match code {
            401 | 403 => (
                format!("refuses access (status {code})"),
                "name the environment variable that holds the `Authorization` header with `authorization_env`, or renew it",
            ),
            404 | 405 => (
                format!("knows no model there (status {code}){said}"),
                "check the address, the model's `name` and the `protocol`",
            ),
            300..=399 => (format!("sends to another address (status {code})"), "give the final address"),
            408 | 429 => {
                (format!("is too busy (status {code})"), "lower `concurrency` or `batch_rows`, or raise `tries`")
            }
            413 => (format!("finds the request too large (status {code})"), "lower `batch_rows`"),
            400..=499 => (
                format!("does not accept the rows (status {code}){said}"),
                "check that the features are those of the model that is served",
            ),
            _ => (format!("fails (status {code}){said}"), "look into the server's log, or try again later"),
        };
        let is_passing = matches!(code, 408 | 429 | 500 | 502 | 503 | 504);
        Failure { problem, hint, again: is_passing.then_some(later), status: Some(status) }
    }

    /// The start of what a server says about an error, in one line and without the credentials.
    fn excerpt(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or(&[])).into_owned();
        if text.trim_start().starts_with('<') {
            return String::new();
        }
        let text = match &self.authorization {
            Some(secret) => {
                let token = secret.split_whitespace().last().unwrap_or(secret);
                text.replace(secret.as_str(), "…").replace(token, "…")
            }
            None => text,
        };
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
        if line.is_empty() { String::new() } else { format!(": {line}") }
    }

    /// A request that got no answer.
    fn transport(&self, error: &ureq::Error) -> Failure {
        let secs = self.timeout.as_secs_f64();
        let (problem, hint, is_passing) = match error {
            ureq::Error::Timeout(_) => {
                (format!("does not answer within {secs} s"), "raise `timeout_secs` or lower `batch_rows`", true)
            }
            ureq::Error::HostNotFound => {
                ("cannot be reached: the host is not known".to_owned(), "check the address", false)
            }
            ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => (
                "cannot be reached: the connection is refused".to_owned(),
                "start the server, or check host and port",
                true,
            ),
            ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => {
                (format!("does not answer within {secs} s"), "raise `timeout_secs` or lower `batch_rows`", true)
            }
            ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_) => {
                ("breaks off the connection".to_owned(), "look into the server's log, or try again later", true)
            }
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => (
                "cannot be spoken to securely: its certificate or protocol is not accepted".to_owned(),
                "check the address and the server's certificate",
                false,
            ),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                ("is not an address".to_owned(), "write it as `http://host:port` or `https://host/path`", false)
            }
            _ => ("cannot be asked".to_owned(), "check the address and the server", false),
        };
        Failure { problem, hint, again: is_passing.then_some(None), status: None }
    }
}

/// Statuses with which a server says that it tells nothing about a model.
fn is_unknown(status: StatusCode) -> bool {
    matches!(status.as_u16(), 404 | 405 | 501)
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Seconds before the next try: a quarter, doubled each time, of which a part between half and all is waited so that
/// many clients do not come back together. The part depends on the row and the try only.
pub(super) fn pause(row: u64, attempt: u32) -> f64 {
    let full = 0.25 * f64::from(1u32 << attempt.saturating_sub(1).min(8));
    // SplitMix64 (Steele, Lea & Flood 2014): one step.
    let mut z = row.wrapping_add(u64::from(attempt).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let share = (z >> 11) as f64 / (1u64 << 53) as f64;
    full * (0.5 + 0.5 * share)
}
