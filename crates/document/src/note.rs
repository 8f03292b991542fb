//! What people must know beside the numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EstimateId;

/// A sentence with a stable code: a finding, a caution, or a part that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// Stable code, for example `small_groups`.
    pub code: String,
    /// The sentence, in plain words, without a final stop only when it is a label.
    pub text: String,
    /// The numbers it speaks of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<EstimateId>,
}

/// How much a note matters, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// A result in plain words that is no cause for concern.
    Finding,
    /// A result in plain words that somebody should look at.
    Concern,
    /// A reason to read numbers with care.
    Caution,
    /// A part could not be done; the rest is true.
    Failure,
}

impl Level {
    /// The order of notes in a section: 0 for what failed, then concerns, cautions, findings, and what is good to know.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Failure => 0,
            Self::Concern => 1,
            Self::Caution => 2,
            Self::Finding => 3,
            Self::Info => 4,
        }
    }
}

impl Note {
    /// A note without numbers.
    #[must_use]
    pub fn new(level: Level, code: &str, text: impl Into<String>) -> Self {
        Self { level, code: code.to_owned(), text: text.into(), about: Vec::new() }
    }

    /// Names the numbers it speaks of.
    #[must_use]
    pub fn about(mut self, ids: impl IntoIterator<Item = EstimateId>) -> Self {
        self.about.extend(ids);
        self
    }
}
