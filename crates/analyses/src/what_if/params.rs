//! What may be asked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use crate::AnalysisError;

/// Parameters of what-if: an edit of one row, or of all rows of a cohort.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawParams {
    /// The row to edit, by its number in the data from 0; without it all rows of the cohort are edited.
    pub row: Option<u64>,
    /// New values by column; `null` or an empty text for a missing value.
    pub set: BTreeMap<String, NewValue>,
    /// What is added to columns of numbers.
    pub shift: BTreeMap<String, f64>,
    /// What columns of numbers are multiplied by, before something is added.
    pub scale: BTreeMap<String, f64>,
    /// The rows to edit, by the name of a cohort (default: all).
    pub cohort: Option<String>,
    /// Another probability from which a row is predicted positive.
    pub threshold: Option<f64>,
    /// What a wrong positive and a wrong negative prediction cost.
    pub costs: Option<Costs>,
    /// A group with fewer rows is flagged as small (default 30).
    pub min_rows: Option<u64>,
}

/// What errors cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Of predicting positive what is negative.
    pub false_positive: f64,
    /// Of predicting negative what is positive.
    pub false_negative: f64,
}

/// A value as people write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum NewValue {
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// A name, or a number as text.
    Text(String),
    /// Missing.
    Missing(()),
}

impl NewValue {
    /// As text; none for missing.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Number(x) => Some(format!("{x}")),
            Self::Truth(x) => Some(x.to_string()),
            Self::Text(text) => Some(text.clone()).filter(|t| !t.is_empty()),
            Self::Missing(()) => None,
        }
    }
}

pub(super) fn wrong(parameter: &str, problem: impl Into<String>, hint: impl Into<String>) -> AnalysisError {
    AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem: problem.into(), hint: hint.into() }
}

impl RawParams {
    /// Whether anything is changed.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.shift.is_empty() && self.scale.is_empty() && self.threshold.is_none()
    }

    /// Checks what can be checked without the data.
    pub(super) fn check(self) -> Result<Self, AnalysisError> {
        if let Some(threshold) = self.threshold.filter(|t| !(0.0..=1.0).contains(t)) {
            return Err(wrong(
                "threshold",
                format!("`{threshold}` is no probability"),
                "take a number between 0 and 1",
            ));
        }
        if self.row.is_some() && self.cohort.is_some() {
            return Err(wrong("cohort", "one row and a cohort are asked for", "leave one of the two out"));
        }
        if let Some(costs) = self.costs
            && !(costs.false_positive >= 0.0 && costs.false_negative >= 0.0)
        {
            return Err(wrong("costs", "a cost is below 0", "costs are 0 or more"));
        }
        let finite = |x: &f64| x.is_finite();
        if !self.shift.values().all(finite) || !self.scale.values().all(finite) {
            return Err(wrong("shift", "a number is not finite", "for example 5"));
        }
        Ok(self)
    }
}
