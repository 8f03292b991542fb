//! Models behind an HTTP address: the Open Inference Protocol, version 2, and MLflow's `/invocations`.
//!
//! Rows are sent in batches, several at once; the answers are put together in the order of the rows. A server that is
//! busy or breaks off is asked again, later and later, a bounded number of times. The `Authorization` header is given by
//! the caller, goes to the server only, and appears in no message.

mod address;
mod answer;
mod http;
mod mlflow;
#[cfg(test)]
mod tests;
mod v2;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use equipoise_document::{EndpointProtocol, ModelSpec, Task};

use self::address::Address;
pub use self::address::shown_address;
use self::answer::Answer;
use self::http::Client;
use crate::{Input, Inputs, Model, ModelError, ModelInfo, Outputs};

/// Rows in one request unless the spec says otherwise.
const BATCH_ROWS: u32 = 1000;

/// Requests under way at once unless the spec says otherwise.
const CONCURRENCY: u32 = 4;

/// Connects to the endpoint of a spec. `features` are the columns of every batch, in order; `authorization` is the value
/// of the `Authorization` header.
///
/// An endpoint of the Open Inference Protocol is asked for the names and types of its inputs; where it tells them, the
/// model has declared inputs. Otherwise, and always with MLflow, it takes the features as they are.
///
/// # Errors
/// [`ModelError::Endpoint`] when the address makes no sense or the server cannot be reached.
pub fn open(
    spec: &ModelSpec,
    features: &[String],
    authorization: Option<String>,
) -> Result<Box<dyn Model>, ModelError> {
    let address = Address::of(spec)?;
    let timeout = spec.timeout_secs.unwrap_or(30.0);
    if !(timeout > 0.0 && timeout <= 86_400.0) {
        return Err(address.error(
            format!("cannot be given `{timeout}` seconds for an answer"),
            "set `timeout_secs` to more than 0 and at most 86400",
        ));
    }
    let tries = spec.tries.unwrap_or(4).clamp(1, 20);
    let client = Client::over(&address, authorization, Duration::from_secs_f64(timeout), tries)?;
    let signature = match address.protocol {
        EndpointProtocol::V2 => v2::signature(&client, &address)?,
        EndpointProtocol::Mlflow => v2::Signature::default(),
    };
    let inputs = signature.inputs.iter().map(v2::Declared::input).collect::<Vec<Input>>();
    let task = match spec.classes.len() {
        0 => None,
        2 => Some(Task::Binary),
        _ => Some(Task::Multiclass),
    };
    let says = match address.protocol {
        EndpointProtocol::V2 => "the Open Inference Protocol",
        EndpointProtocol::Mlflow => "MLflow's protocol",
    };
    Ok(Box::new(Endpoint {
        info: ModelInfo {
            format: "endpoint".to_owned(),
            describes: format!("{} ({says})", address.shown),
            inputs,
            task,
            classes: (!spec.classes.is_empty()).then(|| spec.classes.clone()),
        },
        features: features.to_vec(),
        signature,
        client,
        address,
        batch_rows: spec.batch_rows.unwrap_or(BATCH_ROWS).clamp(1, 1_000_000) as usize,
        concurrency: spec.concurrency.unwrap_or(CONCURRENCY).clamp(1, 64) as usize,
    }))
}

/// A model behind an address.
struct Endpoint {
    info: ModelInfo,
    features: Vec<String>,
    signature: v2::Signature,
    client: Client,
    address: Address,
    batch_rows: usize,
    concurrency: usize,
}

impl Endpoint {
    /// The answer for rows `start..end`.
    fn batch(&self, rows: &Inputs<'_>, start: usize, end: usize) -> Result<Answer, ModelError> {
        let (url, body) = match self.address.protocol {
            EndpointProtocol::V2 => {
                (self.address.infer(), v2::request(&self.signature, &self.features, rows, start, end))
            }
            EndpointProtocol::Mlflow => (self.address.base.clone(), mlflow::request(&self.features, rows, start, end)),
        };
        let body = body.map_err(|problem| ModelError::Predict {
            problem,
            hint: "hand the endpoint the columns it was opened with".to_owned(),
        })?;
        let value = self.client.post(&url, &body, start as u64)?;
        let answer = match self.address.protocol {
            EndpointProtocol::V2 => v2::answer(&value, end - start),
            EndpointProtocol::Mlflow => mlflow::answer(&value, end - start, self.info.classes.as_deref()),
        };
        answer.map_err(|problem| {
            let expected = match self.address.protocol {
                EndpointProtocol::V2 => "an output with one prediction, or one probability per class, for each row",
                EndpointProtocol::Mlflow => "`{\"predictions\": [...]}` with one entry per row",
            };
            self.address.error(format!("{problem}; expected is {expected}"), "check which model is served there")
        })
    }
}

impl Model for Endpoint {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let starts: Vec<usize> = (0..batch.n_rows).step_by(self.batch_rows).collect();
        let next = AtomicUsize::new(0);
        // Past the first failure no further request is sent; those under way finish.
        let failed = AtomicUsize::new(usize::MAX);
        let answers: Mutex<Vec<(usize, Result<Answer, ModelError>)>> = Mutex::new(Vec::new());
        let work = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(&start) = starts.get(i).filter(|_| i < failed.load(Ordering::Relaxed)) else { return };
                let answer = self.batch(batch, start, (start + self.batch_rows).min(batch.n_rows));
                if answer.is_err() {
                    failed.fetch_min(i, Ordering::Relaxed);
                }
                answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((i, answer));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.concurrency.min(starts.len()) {
                scope.spawn(work);
            }
            work();
        });
        let mut answers = answers.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        answers.sort_by_key(|(i, _)| *i);
        // The first failure in row order is the one that is told.
        let answers: Result<Vec<Answer>, ModelError> = answers.into_iter().map(|(_, answer)| answer).collect();
        answer::joined(answers?, self.info.classes.as_deref()).map_err(|problem| {
            self.address.error(problem, "check that the model served there answers with predictions or probabilities")
        })
    }
}
