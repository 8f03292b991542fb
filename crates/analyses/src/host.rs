//! What a run's host gives to analyses: a place for per-row results, and the time.

use equipoise_data::{TableFile, TableFileError};

/// The side of a run that is not data or model.
pub trait Host: Sync {
    /// A table of per-row results beside the document; none where nobody keeps it.
    ///
    /// # Errors
    /// When it cannot be made.
    fn artifact(&self, name: &str) -> Result<Option<Box<dyn ArtifactWriter + '_>>, TableFileError>;

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
