//! What one analysis answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Block, Estimate, EstimateId, Note, Table};

/// The answer of one analysis to its question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// Stable id, which is also the first word of its estimates' ids.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Findings, cautions and failures, worst first.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Every number that policies may use.
    #[serde(default)]
    pub estimates: Vec<Estimate>,
    /// Tables; cells that show estimates name them by id.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// Ways to look at the tables.
    #[serde(default)]
    pub blocks: Vec<Block>,
}

impl Section {
    /// An empty section.
    #[must_use]
    pub fn new(id: &str, title: &str, question: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            question: question.to_owned(),
            notes: Vec::new(),
            estimates: Vec::new(),
            tables: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// The estimate with this id.
    #[must_use]
    pub fn estimate(&self, id: &EstimateId) -> Option<&Estimate> {
        self.estimates.iter().find(|e| e.id == *id)
    }

    /// The table with this id.
    #[must_use]
    pub fn table(&self, id: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.id == id)
    }
}
