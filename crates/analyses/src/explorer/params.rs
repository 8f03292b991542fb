//! What can be asked of the analysis, and the check of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use crate::AnalysisError;

/// Parameters of the data explorer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// The columns whose distributions are drawn; the first `max_columns` of sensitive columns, target and features
    /// when absent. The profile is of all columns always.
    pub columns: Option<Vec<String>>,
    /// How many columns have their distributions drawn, 1 to 200.
    pub max_columns: u32,
    /// Bins of equal width of a histogram, 2 to 100.
    pub bins: u32,
    /// How many values of a column of names are shown; the rest is `(other)`. 1 to 100.
    pub top_values: u32,
    /// Pairs of columns whose joint distribution is drawn beside the most associated ones.
    pub pairs: Vec<(String, String)>,
    /// How many of the most associated pairs have their joint distribution drawn, 0 to 20.
    pub top_pairs: u32,
    /// How many columns enter the association of all pairs, 2 to 100.
    pub pair_columns: u32,
    /// Rows that enter the association of pairs; of more, as many are picked by their number. 1,000 to 1,000,000.
    pub pair_rows: u32,
    /// How many rows are listed whose label is in doubt, 0 to 1,000.
    pub suspect_rows: u32,
    /// Distance from the quartiles, in interquartile ranges, beyond which a number is an outlier (Tukey's fences).
    pub tukey: f64,
    /// Distance from the median, in scaled median absolute deviations, beyond which a number is an outlier.
    pub mad: f64,
    /// A column in which this share of rows has the same value is near-constant.
    pub near_constant: f64,
    /// Area under the ROC curve of a single feature from which on it is suspected of leaking the target.
    pub leakage_auc: f64,
    /// Share of what is to be known of the target (information, or variance of a number) that a single feature tells
    /// from which on it is suspected.
    pub leakage_share: f64,
    /// Population stability index between training and test data from which on a column has drifted.
    pub drift_psi: f64,
    /// Estimates on fewer rows are flagged.
    pub min_rows: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            columns: None,
            max_columns: 30,
            bins: 20,
            top_values: 10,
            pairs: Vec::new(),
            top_pairs: 3,
            pair_columns: 40,
            pair_rows: 100_000,
            suspect_rows: 20,
            tukey: 1.5,
            mad: 3.5,
            near_constant: 0.99,
            leakage_auc: 0.98,
            leakage_share: 0.8,
            drift_psi: 0.1,
            min_rows: 30,
        }
    }
}

impl Params {
    /// Checks what can be checked without the data.
    pub(super) fn check(self) -> Result<Self, AnalysisError> {
        let whole = [
            ("max_columns", self.max_columns, 1, 200, "30 is usual"),
            ("bins", self.bins, 2, 100, "20 is usual"),
            ("top_values", self.top_values, 1, 100, "10 is usual"),
            ("top_pairs", self.top_pairs, 0, 20, "3 is usual"),
            ("pair_columns", self.pair_columns, 2, 100, "40 is usual"),
            ("pair_rows", self.pair_rows, 1_000, 1_000_000, "100000 is usual"),
            ("suspect_rows", self.suspect_rows, 0, 1_000, "20 is usual"),
        ];
        for (name, value, low, high, hint) in whole {
            if !(low..=high).contains(&value) {
                return wrong(name, format!("`{value}` is not between {low} and {high}"), hint);
            }
        }
        let real = [
            ("tukey", self.tukey, 0.1, 100.0, "1.5 is usual"),
            ("mad", self.mad, 0.1, 100.0, "3.5 is usual"),
            ("near_constant", self.near_constant, 0.5, 1.0, "0.99 is usual"),
            ("leakage_auc", self.leakage_auc, 0.5, 1.0, "0.98 is usual"),
            ("leakage_share", self.leakage_share, 0.0, 1.0, "0.8 is usual"),
            ("drift_psi", self.drift_psi, 0.0, 100.0, "0.1 is usual"),
        ];
        for (name, value, low, high, hint) in real {
            if !(low..=high).contains(&value) {
                return wrong(name, format!("`{value}` is not between {low} and {high}"), hint);
            }
        }
        Ok(self)
    }
}

/// A parameter that cannot be used.
pub(super) fn wrong<T>(parameter: &str, problem: String, hint: &str) -> Result<T, AnalysisError> {
    Err(AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem, hint: hint.to_owned() })
}
