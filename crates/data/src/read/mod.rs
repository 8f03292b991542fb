//! Readers: one file per format. Each delivers batches of columns in file order.

pub(crate) mod arrow_values;
pub(crate) mod blocks;
pub(crate) mod delimited;
pub(crate) mod files;
mod guard;
pub(crate) mod ipc;
mod ipc_lengths;
pub(crate) mod json;
pub(crate) mod parquet;
pub(crate) mod records;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::DataError;
use crate::values::{Ask, Batch};

/// How far a pass has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Rows seen so far in this pass.
    pub n_rows: u64,
    /// Part of the input that was read, 0 to 1, where it is known.
    pub share: Option<f64>,
}

/// Told now and then how far a pass has come.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// What a pass obeys and reports to.
#[derive(Clone, Default)]
pub(crate) struct Control {
    pub(crate) on_progress: Option<OnProgress>,
    pub(crate) stop: Option<Arc<AtomicBool>>,
}

impl Control {
    pub(crate) fn check(&self) -> Result<(), DataError> {
        match &self.stop {
            Some(stop) if stop.load(Ordering::Relaxed) => Err(DataError::Stopped),
            _ => Ok(()),
        }
    }

    pub(crate) fn report(&self, n_rows: u64, share: Option<f64>) {
        if let Some(on_progress) = &self.on_progress {
            on_progress(Progress { n_rows, share });
        }
    }
}

/// Bytes taken from the files so far, against their sum.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) taken: Arc<AtomicU64>,
    pub(crate) total: u64,
}

impl Meter {
    #[allow(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    pub(crate) fn share(&self) -> Option<f64> {
        (self.total > 0).then(|| (self.taken.load(Ordering::Relaxed) as f64 / self.total as f64).min(1.0))
    }
}

/// A column to deliver: its number in the source, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) column: usize,
    pub(crate) ask: Ask,
}

/// Takes batches; an error ends the pass.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Batch) -> Result<(), DataError>;

/// Checks that no two columns of a file share a name.
pub(crate) fn check_names<'a>(names: impl Iterator<Item = &'a str>, file: &str) -> Result<(), DataError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(DataError::DuplicateColumn { file: file.to_owned(), column: name.to_owned() });
        }
    }
    Ok(())
}
