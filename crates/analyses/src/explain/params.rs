//! What may be asked of explanations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use super::score::Metric;
use crate::{AnalysisError, Context};

/// Parameters of the explanations as people write them; everything may be left out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawParams {
    /// How attributions are computed (default `auto`: the exact method of the model's kind, otherwise sampling).
    pub method: Method,
    /// What is explained (default `auto`: the margin for exact methods, otherwise the probability).
    pub output: Output,
    /// Rows that stand for the population (default 100, or 50 where the model must be asked; 20,000 that a surrogate
    /// learns from). Taken from the training data where it is given.
    pub background: Option<u32>,
    /// Rows that are explained at most, a seeded sample of all (default all for exact methods, 50 where the model must be
    /// asked).
    pub max_rows: Option<u64>,
    /// Model calls that attributions may take in all, one call being one row asked (default 4,000,000; of more than 16 columns
    /// as many as make 64,000,000 values).
    pub max_calls: Option<u64>,
    /// Seconds after which no further row is explained (default none; with a limit, results depend on the machine).
    pub max_secs: Option<f64>,
    /// Sampling of a row ends when the mean standard error of its attributions is not above this share of their mean size
    /// (default 0.02).
    pub precision: f64,
    /// Groups of features that belong together: Owen values instead of Shapley values where the model is asked, and
    /// permuted together.
    pub groups: Vec<Vec<String>>,
    /// Features whose rank correlation is at least this are put in a group of their own accord (default none).
    pub group_correlation: Option<f64>,
    /// Rows to explain one by one, by their number in the data from 0 (default: a few telling ones).
    pub rows: Vec<u64>,
    /// Features shown in figures (default 10).
    pub top: u32,
    /// Features with curves: partial dependence, individual lines, accumulated local effects (default 5).
    pub curves: u32,
    /// Places of a curve (default 20).
    pub grid: u32,
    /// Individual lines in a curve's figure (default 20).
    pub lines: u32,
    /// The metric of permutation importance, by its id in the performance analysis (default `roc_auc`, `accuracy` where
    /// there is no probability or several classes, `r2` for numbers).
    pub metric: Option<String>,
    /// Shuffles of each feature (default 5).
    pub repeats: u32,
    /// Rows that are shuffled at most (default 20,000, or 2,000 where the model is not an ensemble of trees).
    pub importance_rows: Option<u64>,
    /// Features whose pairs are searched for interactions (default 5; 0 for none).
    pub interactions: u32,
    /// A cohort or group with fewer rows is flagged as small (default 30).
    pub min_rows: u64,
}

/// How attributions are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The exact method of the model's kind; regression over coalitions for all others.
    #[default]
    Auto,
    /// Exact tree Shapley values, absent features replaced by both branches in proportion to the training rows.
    TreePathDependent,
    /// Exact tree Shapley values, absent features replaced by the background's values.
    TreeInterventional,
    /// Exact values of a model that is additive in its features.
    Additive,
    /// All coalitions of features.
    Exact,
    /// KernelSHAP with paired coalitions and regression adjustment.
    Kernel,
    /// Permutation SHAP.
    Permutation,
    /// Boosted trees that learn what the model answers, explained exactly; how well they stand for the model is given for
    /// each cohort.
    Surrogate,
}

/// What is explained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// The margin for exact methods, otherwise what the model answers.
    #[default]
    Auto,
    /// What stands before the link: log-odds for classes.
    Margin,
    /// What the model answers: a probability or a number.
    Prediction,
}

impl Default for RawParams {
    fn default() -> Self {
        Self {
            method: Method::Auto,
            output: Output::Auto,
            background: None,
            max_rows: None,
            max_calls: None,
            max_secs: None,
            precision: 0.02,
            groups: Vec::new(),
            group_correlation: None,
            rows: Vec::new(),
            top: 10,
            curves: 5,
            grid: 20,
            lines: 20,
            metric: None,
            repeats: 5,
            importance_rows: None,
            interactions: 5,
            min_rows: 30,
        }
    }
}

/// Parameters that are known to be usable.
#[derive(Clone, Debug)]
pub(super) struct Params {
    pub(super) method: Method,
    pub(super) output: Output,
    pub(super) background: Option<usize>,
    pub(super) max_rows: Option<usize>,
    pub(super) max_calls: Option<u64>,
    pub(super) max_secs: Option<f64>,
    pub(super) precision: f64,
    pub(super) groups: Vec<Vec<String>>,
    pub(super) group_correlation: Option<f64>,
    pub(super) rows: Vec<u64>,
    pub(super) top: usize,
    pub(super) curves: usize,
    pub(super) grid: usize,
    pub(super) lines: usize,
    pub(super) metric: Metric,
    pub(super) repeats: usize,
    pub(super) importance_rows: Option<usize>,
    pub(super) interactions: usize,
    pub(super) min_rows: u64,
}

pub(super) fn problem<T>(parameter: &str, problem: String, hint: impl Into<String>) -> Result<T, AnalysisError> {
    Err(AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem, hint: hint.into() })
}

fn within(parameter: &str, value: u32, low: u32, high: u32) -> Result<usize, AnalysisError> {
    if (low..=high).contains(&value) {
        Ok(value as usize)
    } else {
        problem(parameter, format!("`{value}` cannot be used"), format!("take {low} to {high}"))
    }
}

impl RawParams {
    /// Checks every value once.
    pub(super) fn check(self, context: &Context<'_>) -> Result<Params, AnalysisError> {
        if !(self.precision > 0.0 && self.precision < 1.0) {
            return problem("precision", format!("`{}` is not between 0 and 1", self.precision), "for example 0.02");
        }
        if let Some(secs) = self.max_secs.filter(|s| s.is_nan() || *s <= 0.0) {
            return problem("max_secs", format!("`{secs}` is not a time"), "for example 60");
        }
        if let Some(r) = self.group_correlation.filter(|r| !(*r > 0.0 && *r <= 1.0)) {
            return problem("group_correlation", format!("`{r}` is not between 0 and 1"), "for example 0.8");
        }
        if self.max_calls == Some(0) {
            return problem("max_calls", "`0` calls give no answer".to_owned(), "for example 4000000");
        }
        if self.max_rows == Some(0) || self.importance_rows == Some(0) {
            return problem("max_rows", "`0` rows give no answer".to_owned(), "take at least 1");
        }
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Ok(Params {
            method: self.method,
            output: self.output,
            background: self.background.map(|n| within("background", n, 1, 1_000_000)).transpose()?,
            max_rows: self.max_rows.map(size),
            max_calls: self.max_calls,
            max_secs: self.max_secs,
            precision: self.precision,
            groups: self.groups,
            group_correlation: self.group_correlation,
            rows: self.rows,
            top: within("top", self.top, 1, 100)?,
            curves: within("curves", self.curves, 0, 50)?,
            grid: within("grid", self.grid, 2, 200)?,
            lines: within("lines", self.lines, 0, 200)?,
            metric: Metric::chosen(self.metric.as_deref(), context)?,
            repeats: within("repeats", self.repeats, 1, 1_000)?,
            importance_rows: self.importance_rows.map(size),
            interactions: within("interactions", self.interactions, 0, 12)?,
            min_rows: self.min_rows,
        })
    }
}
