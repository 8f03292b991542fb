//! Computations that a page started: how far they are, what came out, and how they are stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use equipoise_service::Progress;
use equipoise_service::document::Section;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::error::Detail;

/// Finished computations that are remembered.
const REMEMBERED: usize = 200;

/// Where a computation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It waits or works.
    Running,
    /// There is an answer.
    Done,
    /// There is none; `error` says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// How far a computation is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Step {
    /// What is being done, in words.
    pub(crate) what: String,
    /// How much of it, in thousandths.
    pub(crate) done: u32,
    /// Always 1000, or none where it cannot be told.
    pub(crate) of: Option<u32>,
}

/// A computation as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct JobView {
    /// Its name.
    pub(crate) job: String,
    /// Where it is.
    pub(crate) status: Status,
    /// How far it is.
    pub(crate) progress: Step,
    /// What came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) section: Option<Arc<Section>>,
    /// Why nothing came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Detail>,
}

/// A computation.
pub(crate) struct Job {
    pub(crate) stop: Arc<AtomicBool>,
    view: watch::Sender<JobView>,
}

/// All computations since the server began.
#[derive(Default)]
pub(crate) struct Jobs {
    next: AtomicU64,
    known: Mutex<BTreeMap<u64, Arc<Job>>>,
}

impl Jobs {
    /// A new one, which waits.
    pub(crate) fn start(&self) -> Arc<Job> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let view = JobView {
            job: number.to_string(),
            status: Status::Running,
            progress: Step { what: "waiting for its turn".to_owned(), done: 0, of: None },
            section: None,
            error: None,
        };
        let job = Arc::new(Job { stop: Arc::new(AtomicBool::new(false)), view: watch::Sender::new(view) });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(number, Arc::clone(&job));
        let finished: Vec<u64> = known.iter().filter(|(_, j)| j.is_finished()).map(|(n, _)| *n).collect();
        for old in finished.iter().take(finished.len().saturating_sub(REMEMBERED)) {
            known.remove(old);
        }
        job
    }

    /// The one with this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Job>> {
        let number: u64 = name.parse().ok()?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }
}

impl Job {
    pub(crate) fn view(&self) -> JobView {
        self.view.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<JobView> {
        self.view.subscribe()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.view.borrow().status != Status::Running
    }

    /// Wishes it to stop; it ends at the next safe point.
    pub(crate) fn cancel(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Tells what came out.
    pub(crate) fn finish(&self, outcome: Result<Section, Detail>) {
        let was_stopped = self.stop.load(Ordering::Relaxed);
        self.view.send_modify(|view| match outcome {
            Ok(section) => {
                view.status = Status::Done;
                view.section = Some(Arc::new(section));
                view.progress.done = 1000;
            }
            Err(error) => {
                view.status =
                    if was_stopped || error.code == "interrupted" { Status::Cancelled } else { Status::Failed };
                view.error = Some(error);
            }
        });
    }
}

/// Tells the watchers of a job.
pub(crate) struct Told(pub(crate) Arc<Job>);

impl Progress for Told {
    fn step(&self, says: &str) {
        self.0.view.send_modify(|view| view.progress = Step { what: says.to_owned(), done: 0, of: None });
    }

    fn share(&self, done: f64) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        let done = (done.clamp(0.0, 1.0) * 1000.0) as u32;
        self.0.view.send_if_modified(|view| {
            let is_new = view.progress.done != done || view.progress.of.is_none();
            view.progress.done = done;
            view.progress.of = Some(1000);
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_ones_are_forgotten_and_running_ones_are_not() {
        let jobs = Jobs::default();
        let running = jobs.start();
        for _ in 0..REMEMBERED + 20 {
            jobs.start().finish(Ok(Section::new("a", "A", "?")));
        }
        assert!(jobs.get("1").is_some() && !running.is_finished());
        assert!(jobs.get("2").is_none());
        assert!(jobs.get("215").is_some());
        assert!(jobs.get("x").is_none());
    }

    #[test]
    fn a_stopped_one_is_cancelled_and_not_failed() {
        let job = Jobs::default().start();
        job.cancel();
        job.finish(Err(Detail { code: "data".into(), message: "stopped".into(), hint: None }));
        assert_eq!(job.view().status, Status::Cancelled);
    }
}
