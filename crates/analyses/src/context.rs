//! What an analysis may see.

use std::sync::atomic::{AtomicBool, Ordering};

use equipoise_data::{Dataset, Frame};
use equipoise_document::{EstimateId, Level, Note, RunSpec, Task};
use equipoise_models::Model;

use crate::{AnalysisError, Host};

/// Everything an analysis may see of a run.
pub struct Context<'a> {
    /// What was asked.
    pub spec: &'a RunSpec,
    /// What kind of prediction.
    pub task: Task,
    /// The classes (the second of two is the positive one); empty for regression.
    pub classes: &'a [String],
    /// The rows to assess.
    pub test: Part<'a>,
    /// The rows the model was trained on; its frame has the truth and groups but no predictions.
    pub train: Option<Part<'a>>,
    /// Names of the feature columns (model inputs).
    pub features: &'a [String],
    /// The model, where one was given.
    pub model: Option<&'a dyn Model>,
    /// Tells how far a run is.
    pub progress: &'a dyn Progress,
    /// Set when the user wants to stop.
    pub stop: &'a AtomicBool,
    /// A place for per-row results, and the time.
    pub host: &'a dyn Host,
}

/// Rows and the dataset they come from.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The scored rows.
    pub frame: &'a Frame,
    /// The dataset with all columns.
    pub dataset: &'a Dataset,
}

/// Tells people how far a run is.
pub trait Progress: Sync {
    /// A new step begins, in words.
    fn step(&self, says: &str);
    /// Share of the step that is done, 0 to 1.
    fn share(&self, done: f64);
}

/// Tells nobody.
pub struct Quiet;

impl Progress for Quiet {
    fn step(&self, _: &str) {}
    fn share(&self, _: f64) {}
}

impl Context<'_> {
    /// Coverage of intervals.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.spec.level()
    }

    /// Seed of the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.spec.seed
    }

    /// Ends the analysis when the user wants to stop; long work calls it now and then.
    ///
    /// # Errors
    /// [`AnalysisError::Interrupted`] when so.
    pub fn check_stop(&self) -> Result<(), AnalysisError> {
        if self.stop.load(Ordering::Relaxed) { Err(AnalysisError::Interrupted) } else { Ok(()) }
    }

    /// Name of a cohort for ids: none for all rows.
    #[must_use]
    pub fn cohort_name(&self, cohort: usize) -> Option<&str> {
        if cohort == 0 { None } else { self.test.frame.cohorts().get(cohort).map(|c| c.name.as_str()) }
    }

    /// An id of a section's metric within a cohort.
    #[must_use]
    pub fn id(&self, section: &str, metric: &str, cohort: usize) -> EstimateId {
        EstimateId::new(section, metric).within(self.cohort_name(cohort))
    }
}

/// A caution in one line.
#[must_use]
pub fn caution(code: &str, text: impl Into<String>) -> Note {
    Note::new(Level::Caution, code, text)
}
