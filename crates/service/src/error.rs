//! Everything that can go wrong, with a stable code for each.

use equipoise_analyses::AnalysisError;
use equipoise_data::DataError;
use equipoise_document::{DocumentError, SpecError};
use equipoise_models::ModelError;

/// Why a use case could not be done. `Display` gives the message with its hint.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The spec cannot be carried out.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model cannot be read or asked.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An analysis cannot answer.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A column does not hold what its role needs.
    #[error("{problem}\nhint: {hint}")]
    Column {
        /// What, naming the column.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// A cohort's predicate cannot be used.
    #[error("cohort `{name}`: {problem}")]
    Cohort {
        /// The cohort.
        name: String,
        /// What is wrong, with its hint.
        problem: String,
    },
    /// The output cannot be written.
    #[error("cannot write `{path}`: {problem}\nhint: {hint}")]
    Output {
        /// Where.
        path: String,
        /// Why.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// A stored file cannot be read.
    #[error("cannot read `{path}`: {problem}\nhint: {hint}")]
    Input {
        /// Which.
        path: String,
        /// Why.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// A document is malformed.
    #[error("`{path}`: {source}")]
    Document {
        /// Which.
        path: String,
        /// Why.
        source: DocumentError,
    },
    /// A view cannot be drawn.
    #[error(transparent)]
    View(#[from] equipoise_views::ViewError),
    /// A policy cannot be used.
    #[error("policy `{path}`: {source}")]
    Policy {
        /// Which.
        path: String,
        /// Why.
        source: equipoise_govern::PolicyError,
    },
    /// A report cannot be made, or a signature cannot be read.
    #[error(transparent)]
    Report(#[from] equipoise_report::ReportError),
    /// The user stopped it.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

impl ServiceError {
    /// Stable code, the same at every door.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Spec(_) => "spec",
            Self::Data(DataError::Stopped) | Self::Analysis(AnalysisError::Data(DataError::Stopped)) => "interrupted",
            Self::Data(_) => "data",
            Self::Model(_) => "model",
            Self::Analysis(AnalysisError::Interrupted) | Self::Interrupted => "interrupted",
            Self::Analysis(_) => "analysis",
            Self::Column { .. } => "column",
            Self::Cohort { .. } => "cohort",
            Self::Output { .. } => "output",
            Self::Input { .. } => "input",
            Self::Document { .. } => "document",
            Self::View(_) => "view",
            Self::Policy { .. } => "policy",
            Self::Report(_) => "report",
        }
    }

    /// True when the user stopped it.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        self.code() == "interrupted"
    }

    /// The exit code of a command that ends with it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            error if error.is_interruption() => 130,
            // The question was answered, and the answer is no.
            Self::Report(equipoise_report::ReportError::Invalid(_)) => 1,
            _ => 2,
        }
    }

    pub(crate) fn column(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Column { problem: problem.into(), hint: hint.into() }
    }
}
