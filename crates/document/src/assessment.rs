//! The whole result: what was asked, of what, and what was answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ColumnRole, ColumnType, Estimate, EstimateId, Note, RunSpec, Section};

/// Version of the document format. The first number changes when a field is renamed or removed.
pub const SCHEMA_VERSION: &str = "1.0";

/// An assessment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Version of this format.
    pub schema_version: String,
    /// What was asked.
    pub spec: RunSpec,
    /// What it was made with.
    pub provenance: Provenance,
    /// What kind of prediction was assessed.
    pub task: Task,
    /// The classes in order (the second of two is the positive one); empty for regression.
    #[serde(default)]
    pub classes: Vec<String>,
    /// The data, as it was understood.
    pub datasets: Vec<DatasetSummary>,
    /// The model, as it was understood; absent when predictions were columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSummary>,
    /// The parts of the rows that were looked at.
    #[serde(default)]
    pub cohorts: Vec<CohortSummary>,
    /// Notes about the run as a whole.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// The answers.
    pub sections: Vec<Section>,
    /// Per-row results, as files beside the document.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
}

/// What kind of prediction is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One of two classes.
    Binary,
    /// One of several classes.
    Multiclass,
    /// A number.
    Regression,
}

/// Versions, seed and fingerprints; nothing in it depends on the machine or the clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Version of Equipoise.
    pub equipoise: String,
    /// Seed of every random draw.
    pub seed: u64,
    /// SHA-256 of the spec as canonical JSON.
    pub spec_sha256: String,
    /// Fingerprints of everything that was read.
    pub inputs: Vec<InputFingerprint>,
    /// True when the run was interrupted: sections are missing or hold the best so far, as the notes say. Absent when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputFingerprint {
    /// `test`, `train` or `model`.
    pub role: String,
    /// File name without its directory, or the endpoint's address without credentials.
    pub name: String,
    /// SHA-256 of the bytes; absent for an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// A dataset as it was understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetSummary {
    /// `test` or `train`.
    pub part: String,
    /// Number of rows.
    pub n_rows: u64,
    /// Its columns in order.
    pub columns: Vec<ColumnSummary>,
}

/// A column as it was understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColumnSummary {
    /// Name.
    pub name: String,
    /// How its values are understood.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// What it is for; a column may have several roles.
    pub roles: Vec<ColumnRole>,
    /// Rows without a value.
    pub n_missing: u64,
    /// Number of different values, for columns of names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_levels: Option<u64>,
    /// Smallest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// A model as it was understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSummary {
    /// For example `lightgbm`, `xgboost`, `catboost`, `onnx`, `endpoint`.
    pub format: String,
    /// For example `gradient-boosted trees, 100 trees`.
    pub describes: String,
    /// Inputs in order.
    pub features: Vec<String>,
    /// Number of outputs.
    pub n_outputs: u32,
}

/// A part of the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CohortSummary {
    /// Name.
    pub name: String,
    /// Its predicate; absent for all rows.
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// Number of rows.
    pub n: u64,
}

/// A file beside the document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// What it holds, for example `predictions`.
    pub name: String,
    /// Path relative to the document: `artifacts/<sha256>.parquet`.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Number of rows.
    pub n_rows: u64,
    /// Its columns.
    pub columns: Vec<String>,
}

/// A text that is not a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or not of this shape.
    #[error(
        "not an assessment document: {0}\nhint: name a directory that `equipoise assess` wrote; if it is one, the file was damaged: run the assessment again"
    )]
    Malformed(#[from] serde_json::Error),
    /// Written by a later version.
    #[error(
        "the document has schema version `{found}`; this version of equipoise reads up to `{SCHEMA_VERSION}`\nhint: update equipoise"
    )]
    Newer {
        /// The version found.
        found: String,
    },
}

impl Document {
    /// Reads a document of this or an earlier schema version.
    ///
    /// # Errors
    /// When the text is no document or of a later version.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        #[derive(Deserialize)]
        struct Header {
            schema_version: String,
        }
        let header: Header = serde_json::from_str(text)?;
        let major = |v: &str| v.split('.').next().and_then(|m| m.parse::<u32>().ok()).unwrap_or(u32::MAX);
        if major(&header.schema_version) > major(SCHEMA_VERSION) {
            return Err(DocumentError::Newer { found: header.schema_version });
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The document as JSON: a line for each estimate, table, block and note, with a final newline; the same bytes for
    /// the same document.
    ///
    /// # Errors
    /// Never for a document that keeps its invariants.
    pub fn to_json(&self) -> Result<String, DocumentError> {
        Ok(crate::lines::to_text(self)?)
    }

    /// The section with this id.
    #[must_use]
    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.id == id)
    }

    /// The estimate with this id.
    #[must_use]
    pub fn estimate(&self, id: &EstimateId) -> Option<&Estimate> {
        self.section(id.section()).and_then(|s| s.estimate(id))
    }

    /// All estimates in document order.
    pub fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        self.sections.iter().flat_map(|s| &s.estimates)
    }
}
