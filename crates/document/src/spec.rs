//! What to do, as data. Flags, a TOML file, keyword arguments and an HTTP body all become this.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What to assess and how. It is stored in the document, so to rerun is to read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// The column that holds the truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The value of the target that counts as positive (two classes only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// The task; inferred from the target when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<crate::Task>,
    /// The column of predicted values, when no model is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<String>,
    /// The columns of probabilities: one (of the positive class), or one per class in the order of `classes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probability: Vec<String>,
    /// The classes in the order of the probability columns; sorted target values when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// A probability at or above this is a positive prediction (two classes; default 0.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The column of row weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Columns whose groups must be treated fairly; they need not be model inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<GroupingSpec>,
    /// Columns within whose strata groups are compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<GroupingSpec>,
    /// Model inputs; all columns without another role when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// Columns that only name a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id: Vec<String>,
    /// Columns left out altogether.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Seed of every random draw.
    #[serde(default)]
    pub seed: u64,
    /// Coverage of intervals (default 0.95).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// Analyses to run; all that apply when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// Also the rows outside each cohort, as a cohort `not NAME`; rows for which its predicate is unknown are among them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub complements: bool,
    /// The data.
    pub data: DataSpec,
    /// The model; absent when the predictions are columns of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSpec>,
    /// Named parts of the rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cohorts: Vec<CohortSpec>,
    /// Parameters of analyses, by analysis id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub analyses: BTreeMap<String, Value>,
}

/// Where the rows come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// The rows to assess: a file, a directory of Parquet files, a glob, or `-` for standard input.
    pub test: String,
    /// The rows the model was trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<String>,
    /// `csv`, `tsv`, `parquet`, `arrow` or `jsonl`; from the name's ending when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Field separator of delimited text; guessed from the first lines when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Texts that stand for a missing value, beside the empty one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_values: Vec<String>,
    /// Column types that inference should not decide.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, ColumnType>,
    /// Bytes of rows that may be held in memory; beyond it the file is read again for each pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

/// How the values of a column are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Numbers.
    Numeric,
    /// Names without order.
    Categorical,
    /// True or false.
    Boolean,
    /// Dates and times, as seconds since 1970-01-01T00:00:00Z.
    Datetime,
    /// Free text: carried to models, never grouped by.
    Text,
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRole {
    /// The truth.
    Target,
    /// Predicted values.
    Prediction,
    /// Predicted probabilities.
    Probability,
    /// Row weights.
    Weight,
    /// Groups that must be treated fairly.
    Sensitive,
    /// Strata within which groups are compared.
    Control,
    /// Model input.
    Feature,
    /// Names a row.
    Id,
    /// Left out.
    Dropped,
}

/// A column to group by, and how its numbers become groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum GroupingSpec {
    /// The column's name; numbers are cut into quantile bins.
    Column(String),
    /// The column with a rule for its numbers.
    Binned {
        /// The column's name.
        column: String,
        /// How numbers become groups.
        #[serde(flatten)]
        bins: BinRule,
    },
}

/// How numbers become groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinRule {
    /// This many bins with about as many rows each.
    Quantiles(u32),
    /// This many bins of equal width.
    Widths(u32),
    /// Inner edges, ascending; a bin holds its left edge: `[25, 65]` gives `< 25`, `25 – 65`, `≥ 65`.
    Edges(Vec<f64>),
}

/// A named part of the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortSpec {
    /// Name, unique in the spec.
    pub name: String,
    /// SQL predicate over the columns and `_true`, `_predicted`, `_probability`, `_error`, `_outcome`, `_index`.
    #[serde(rename = "where")]
    pub predicate: String,
}

/// What is to be asked for predictions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// A model file, or the `http://` or `https://` address of an endpoint.
    pub source: String,
    /// Format of the file; recognised from its content when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Protocol of an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<EndpointProtocol>,
    /// Name of the model at an endpoint that serves several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Environment variable that holds the `Authorization` header; the header itself is never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_env: Option<String>,
    /// Seconds to wait for one answer (default 30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<f64>,
    /// Rows in one request (default 1,000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_rows: Option<u32>,
    /// Requests under way at once (default 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Tries of one request (default 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// The model's classes in the order of its outputs, where its file does not name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointProtocol {
    /// Open Inference Protocol, version 2 (KServe, Triton, MLServer).
    V2,
    /// MLflow's `/invocations` with `dataframe_split`.
    Mlflow,
}

/// A spec that cannot be carried out whatever the data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field}: {problem}\nhint: {hint}")]
pub struct SpecError {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// How to mend it.
    pub hint: String,
}

/// Name of the cohort of all rows outside a cohort.
#[must_use]
pub fn complement_name(cohort: &str) -> String {
    format!("not {cohort}")
}

impl GroupingSpec {
    /// The column's name.
    #[must_use]
    pub fn column(&self) -> &str {
        match self {
            Self::Column(column) | Self::Binned { column, .. } => column,
        }
    }

    /// The rule for numbers, if one was given.
    #[must_use]
    pub fn bins(&self) -> Option<&BinRule> {
        match self {
            Self::Column(_) => None,
            Self::Binned { bins, .. } => Some(bins),
        }
    }
}

impl RunSpec {
    /// Coverage of intervals.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.level.unwrap_or(0.95)
    }

    /// Checks what can be checked without the data.
    ///
    /// # Errors
    /// Names the first field that cannot be.
    pub fn check(&self) -> Result<(), SpecError> {
        let fail = |field: &str, problem: String, hint: &str| {
            Err(SpecError { field: field.to_owned(), problem, hint: hint.to_owned() })
        };
        if self.data.test.is_empty() {
            return fail("data.test", "no data to assess".into(), "name a file, for example `--data loans.csv`");
        }
        let level = self.level();
        if !(level > 0.0 && level < 1.0) {
            return fail("level", format!("`{level}` is not between 0 and 1"), "for example 0.95");
        }
        if let Some(threshold) = self.threshold.filter(|t| !(0.0..=1.0).contains(t)) {
            return fail("threshold", format!("`{threshold}` is not between 0 and 1"), "for example 0.5");
        }
        if self.model.is_some() && (self.prediction.is_some() || !self.probability.is_empty()) {
            return fail(
                "model",
                "predictions are given twice: by a model and by columns".into(),
                "leave out either the model or the prediction and probability columns",
            );
        }
        let mut seen = std::collections::BTreeSet::new();
        for cohort in &self.cohorts {
            if cohort.name.trim().is_empty() || cohort.name == "all" {
                let problem = format!("`{}` is not a name for a cohort", cohort.name);
                return fail("cohorts", problem, "`all` always exists; choose another name");
            }
            if !seen.insert(&cohort.name) {
                return fail("cohorts", format!("`{}` is defined twice", cohort.name), "give each cohort its own name");
            }
        }
        let names = || self.cohorts.iter().map(|c| c.name.as_str());
        if let Some(taken) =
            names().filter(|_| self.complements).find(|name| names().any(|n| *name == complement_name(n)))
        {
            let problem = format!("`{taken}` is defined and is also the name of a complement");
            return fail("cohorts", problem, "choose another name, or leave out `complements`");
        }
        for (i, grouping) in self.sensitive.iter().chain(&self.control).enumerate() {
            if let Some(BinRule::Edges(edges)) = grouping.bins() {
                let is_ascending = edges.windows(2).all(|w| matches!(w, [a, b] if a < b));
                if edges.is_empty() || !is_ascending || edges.iter().any(|e| !e.is_finite()) {
                    let problem = format!("the edges of `{}` are not ascending numbers", grouping.column());
                    return fail(&format!("sensitive[{i}]"), problem, "for example edges = [25, 45, 65]");
                }
            }
            if let Some(BinRule::Quantiles(n) | BinRule::Widths(n)) = grouping.bins()
                && !(2..=100).contains(n)
            {
                let problem = format!("`{}` cannot be cut into {n} bins", grouping.column());
                return fail(&format!("sensitive[{i}]"), problem, "take 2 to 100 bins");
            }
        }
        Ok(())
    }
}
