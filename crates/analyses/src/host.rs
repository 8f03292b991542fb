//! What a run's host gives to analyses: a place for per-row results, and the time.

#[cfg(test)]
pub(crate) mod keeping;

use equipoise_data::{TableFile, TableFileError};

/// The side of a run that is not data or model.
pub trait Host: Sync {
    /// A table of per-row results beside the document; none where nobody keeps it.
    ///
    /// # Errors
    /// When it cannot be made.
    fn artifact(&self, name: &str) -> Result<Option<Box<dyn ArtifactWriter + '_>>, TableFileError>;

    /// Results so far of work that takes long, which outlive an interruption; none where nobody keeps them. What was left under
    /// another key is not this work's.
    ///
    /// # Errors
    /// When they cannot be read or kept.
    fn journal(&self, name: &str, key: &str) -> Result<Option<Box<dyn Journal + '_>>, TableFileError> {
        let _ = (name, key);
        Ok(None)
    }

    /// Seconds since some moment; none where time must not be known. Only budgets that the user gives in seconds ask.
    fn seconds(&self) -> Option<f64>;
}

/// Takes a table part by part.
pub trait ArtifactWriter {
    /// Appends rows; every part has the same columns.
    ///
    /// # Errors
    /// When columns differ or the file cannot be written.
    fn push(&mut self, part: TableFile) -> Result<(), TableFileError>;

    /// Ends the table; without this it is thrown away.
    ///
    /// # Errors
    /// When the file cannot be written.
    fn finish(self: Box<Self>) -> Result<(), TableFileError>;
}

/// Keeps records one after the other.
pub trait Journal {
    /// The records that an earlier run left, in their order; once.
    fn take(&mut self) -> Vec<Vec<u8>>;

    /// Keeps one more record, after those that were left.
    ///
    /// # Errors
    /// When it cannot be written.
    fn push(&mut self, record: &[u8]) -> Result<(), TableFileError>;
}

/// A host that keeps nothing and has no clock.
pub struct NoHost;

impl Host for NoHost {
    fn artifact(&self, _: &str) -> Result<Option<Box<dyn ArtifactWriter + '_>>, TableFileError> {
        Ok(None)
    }

    fn seconds(&self) -> Option<f64> {
        None
    }
}
