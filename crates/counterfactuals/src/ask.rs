//! The model, asked in batches and counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::CounterfactualError;

/// A function of rows.
pub trait Ask: Sync {
    /// Numbers per row.
    fn n_outputs(&self) -> usize;

    /// Answers to rows, shape `(n_rows, n_columns)` to `(n_rows, n_outputs)`.
    ///
    /// # Errors
    /// When the model cannot be asked.
    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError>;
}

/// A model whose calls are counted; one call is one row.
pub(crate) struct Counted<'a> {
    model: &'a dyn Ask,
    n_columns: usize,
    calls: AtomicU64,
}

impl<'a> Counted<'a> {
    pub(crate) fn over(model: &'a dyn Ask, n_columns: usize) -> Self {
        Self { model, n_columns: n_columns.max(1), calls: AtomicU64::new(0) }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Answers row by row.
    pub(crate) fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.calls.fetch_add((rows.len() / self.n_columns) as u64, Ordering::Relaxed);
        self.model.ask(rows)
    }

    /// What is made of each answer.
    pub(crate) fn each<T>(&self, rows: &[f64], of: impl Fn(&[f64]) -> T) -> Result<Vec<T>, CounterfactualError> {
        Ok(self.ask(rows)?.chunks_exact(self.model.n_outputs().max(1)).map(of).collect())
    }
}
