//! What can be asked of the analysis, and the check of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use crate::AnalysisError;

/// Parameters of data balance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Shares that the values of a column should have, for example `{ sex = { Female = 0.51, Male = 0.49 } }`: shares that
    /// sum to 1, or counts.
    pub reference: BTreeMap<String, BTreeMap<String, f64>>,
    /// The columns to look at, beside the sensitive ones; all features that are names or true/false when absent.
    pub columns: Option<Vec<String>>,
    /// The classes whose shares are compared between values; the positive class of two, or every class, when absent.
    pub labels: Option<Vec<String>>,
    /// Values with fewer rows are flagged, and left out where the largest gap is sought.
    pub min_rows: u64,
    /// A column with more values than this shows only its `top_values` most frequent ones.
    pub max_values: u32,
    /// How many values of a column with too many are shown; the rest is `(other)`.
    pub top_values: u32,
    /// Atkinson's aversion to inequality, 0 or more.
    pub atkinson_epsilon: f64,
    /// Into how many groups of about equal size a numeric target is cut, to compare who falls into them.
    pub target_bins: u32,
    /// A difference of shares between groups from which on it is called a concern.
    pub concern_from: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            reference: BTreeMap::new(),
            columns: None,
            labels: None,
            min_rows: 30,
            max_values: 50,
            top_values: 20,
            atkinson_epsilon: 1.0,
            target_bins: 2,
            concern_from: 0.05,
        }
    }
}

impl Params {
    /// Checks what can be checked without the data; references become shares that sum to 1.
    pub(super) fn check(mut self) -> Result<Self, AnalysisError> {
        for (column, reference) in &mut self.reference {
            normalise(column, reference)?;
        }
        if !(0.0..=100.0).contains(&self.atkinson_epsilon) {
            return wrong(
                "atkinson_epsilon",
                format!("`{}` is not between 0 and 100", self.atkinson_epsilon),
                "1 is usual",
            );
        }
        if !(2..=20).contains(&self.target_bins) {
            return wrong("target_bins", format!("a target cannot be cut into `{}`", self.target_bins), "take 2 to 20");
        }
        if !(0.0..=1.0).contains(&self.concern_from) {
            return wrong(
                "concern_from",
                format!("`{}` is not between 0 and 1", self.concern_from),
                "for example 0.05",
            );
        }
        if self.top_values == 0 || self.top_values > self.max_values {
            let problem = format!("`{}` is not between 1 and max_values, `{}`", self.top_values, self.max_values);
            return wrong("top_values", problem, "for example 20");
        }
        if self.max_values > 1_000 {
            return wrong("max_values", format!("`{}` is more than 1000", self.max_values), "for example 50");
        }
        Ok(self)
    }
}

/// A parameter that cannot be used.
pub(super) fn wrong<T>(parameter: &str, problem: String, hint: &str) -> Result<T, AnalysisError> {
    Err(AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem, hint: hint.to_owned() })
}

/// Shares stay as they are but for rounding; whole numbers are counts and become shares.
fn normalise(column: &str, reference: &mut BTreeMap<String, f64>) -> Result<(), AnalysisError> {
    let parameter = format!("reference.{column}");
    if let Some((value, share)) = reference.iter().find(|(_, share)| !(share.is_finite() && **share >= 0.0)) {
        return wrong(&parameter, format!("the share of `{value}` is `{share}`"), "shares are numbers from 0 to 1");
    }
    let sum: f64 = reference.values().sum();
    let are_shares = (sum - 1.0).abs() <= 0.005;
    let are_counts = sum > 1.0 && reference.values().all(|share| share.fract().abs() < 1e-9);
    if !are_shares && !are_counts {
        let hint = "shares sum to 1; counts are whole numbers";
        return wrong(&parameter, format!("the shares sum to `{sum}`"), hint);
    }
    for share in reference.values_mut() {
        *share /= sum;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(shares: &[(&str, f64)]) -> Result<Params, AnalysisError> {
        let reference = shares.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect();
        Params { reference: BTreeMap::from([("sex".to_owned(), reference)]), ..Params::default() }.check()
    }

    #[test]
    fn counts_become_shares() {
        let params = with(&[("Female", 51.0), ("Male", 49.0)]).unwrap();
        assert!((params.reference["sex"]["Female"] - 0.51).abs() < 1e-15);
    }

    #[test]
    fn shares_that_do_not_sum_are_refused() {
        let error = with(&[("Female", 0.51), ("Male", 0.94)]).unwrap_err().to_string();
        assert_eq!(
            error,
            "analyses.balance.reference.sex: the shares sum to `1.45`\nhint: shares sum to 1; counts are whole numbers"
        );
        let error = with(&[("Female", -1.0), ("Male", 2.0)]).unwrap_err().to_string();
        assert!(error.contains("the share of `Female` is `-1`"), "{error}");
    }
}
