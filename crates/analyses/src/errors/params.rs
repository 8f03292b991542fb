//! What may be asked of the error analysis.

use equipoise_data::nearest;
use equipoise_document::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use super::loss::LossKind;
use super::metric::Metric;
use crate::AnalysisError;

/// Parameters of the error analysis as people write them; everything may be left out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawParams {
    /// What a row is judged by; 0/1 for classes and the absolute error for numbers when absent.
    pub loss: Option<LossKind>,
    /// The columns to search; the features and the sensitive columns when absent.
    pub features: Option<Vec<String>>,
    /// Cohorts that are searched by themselves, beside all rows.
    pub cohorts: Vec<String>,
    /// Where to look with one half of the rows and how bad it is with the other, so that numbers do not flatter the
    /// search (default true). False does both with all rows, as the Responsible AI Toolbox does.
    pub honest: bool,
    /// Most splits between the root of the tree and a leaf (default 3).
    pub max_depth: u32,
    /// Most leaves of the tree (default 31).
    pub num_leaves: u32,
    /// Fewest rows of a leaf (default 20).
    pub min_child_samples: u64,
    /// One or two columns of the heat map; the two that tell most of the errors when absent, none when empty.
    pub heat_map: Option<Vec<String>>,
    /// How the heat map's numbers are cut (default `equal_width`).
    pub bin_rule: BinRule,
    /// Bins of the heat map for each column of numbers, 2 to 20 (default 8).
    pub bins: u32,
    /// What the heat map shows; the mean of the loss when absent.
    pub metric: Option<String>,
    /// Most conditions of a slice, 0 for no slices (default 3).
    pub max_terms: u32,
    /// Fewest rows of a slice, as a share of the rows (default 0.01).
    pub min_support: f64,
    /// Fewest rows of a slice, as a number (default 20). The larger of the two holds.
    pub min_slice_rows: u64,
    /// How much the loss counts against the size of a slice, 0 to 1 (default 0.95).
    pub alpha: f64,
    /// Slices of each list (default 10).
    pub top_k: u32,
    /// Quantile bins of numbers for slices (default 5).
    pub slice_bins: u32,
    /// Least difference of the mean loss to the rows outside a slice (default 0).
    pub min_difference: f64,
    /// Least ratio of the mean loss to that of the rows outside a slice (default 1).
    pub min_ratio: f64,
    /// Slices that share more of their rows than this are told as one (Jaccard, default 0.9).
    pub merge_overlap: f64,
    /// Bound on the work of the slice search, in visits of a row's cell (default 4,000,000,000).
    pub max_visits: u64,
    /// Most seconds of a search for slices, after which the best so far is shown; which one that is depends on the machine.
    pub max_secs: Option<f64>,
    /// Permutations of the association with the loss (default 999).
    pub permutations: u32,
    /// Permutations behind p-values of slices that are adjusted by the largest statistic of all slices (Westfall and Young);
    /// none when 0 (default). Only for errors that are counted, without weights.
    pub slice_permutations: u32,
    /// Numbers from fewer rows are flagged as small (default 30).
    pub min_rows: u64,
}

/// How numbers are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinRule {
    /// Bins of equal width.
    #[default]
    EqualWidth,
    /// Bins of about equally many rows.
    Quantile,
    /// Bins between which the loss differs most.
    Supervised,
}

impl Default for RawParams {
    fn default() -> Self {
        Self {
            loss: None,
            features: None,
            cohorts: Vec::new(),
            honest: true,
            max_depth: 3,
            num_leaves: 31,
            min_child_samples: 20,
            heat_map: None,
            bin_rule: BinRule::EqualWidth,
            bins: 8,
            metric: None,
            max_terms: 3,
            min_support: 0.01,
            min_slice_rows: 20,
            alpha: 0.95,
            top_k: 10,
            slice_bins: 5,
            min_difference: 0.0,
            min_ratio: 1.0,
            merge_overlap: 0.9,
            max_visits: 4_000_000_000,
            max_secs: None,
            permutations: 999,
            slice_permutations: 0,
            min_rows: 30,
        }
    }
}

/// Parameters that are known to be usable.
#[derive(Clone, Debug)]
pub(super) struct Params {
    pub(super) raw: RawParams,
    pub(super) loss: LossKind,
    pub(super) metric: Metric,
}

/// A parameter that cannot be used.
pub(super) fn problem<T>(parameter: &str, problem: String, hint: &str) -> Result<T, AnalysisError> {
    Err(AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem, hint: hint.to_owned() })
}

fn within<T: Copy + PartialOrd + std::fmt::Display>(
    parameter: &str,
    value: T,
    low: T,
    high: T,
) -> Result<(), AnalysisError> {
    if value >= low && value <= high {
        Ok(())
    } else {
        problem(parameter, format!("`{value}` cannot be used"), &format!("take {low} to {high}"))
    }
}

impl RawParams {
    /// Checks every value once.
    pub(super) fn check(self, task: Task, has_probability: bool) -> Result<Params, AnalysisError> {
        let loss = self.loss.unwrap_or(LossKind::usual(task));
        if !loss.fits(task) {
            let fitting: Vec<&str> = LossKind::ALL.iter().filter(|l| l.fits(task)).map(|l| l.name()).collect();
            let what = match task {
                Task::Binary => "two classes",
                Task::Multiclass => "several classes",
                Task::Regression => "numbers",
            };
            let hint = format!("for {what} there are {}", fitting.join(", "));
            return problem("loss", format!("`{}` does not fit a prediction of {what}", loss.name()), &hint);
        }
        if loss == LossKind::LogLoss && !has_probability {
            let hint = "name a column with `--probability`, or take `zero_one`";
            return problem("loss", "`log_loss` needs probabilities and there are none".to_owned(), hint);
        }
        let metric = match &self.metric {
            None => Metric::of_loss(loss),
            Some(name) => {
                let known = Metric::known(task, loss);
                let found = known.iter().copied().find(|m| m.id() == name);
                let near = nearest(name, known.iter().map(|m| m.id()))
                    .map_or_else(String::new, |n| format!("; the nearest name is `{n}`"));
                let names: Vec<&str> = known.iter().map(|m| m.id()).collect();
                match found {
                    Some(metric) => metric,
                    None => {
                        let hint = format!("there are {}{near}", names.join(", "));
                        return problem("metric", format!("`{name}` is not a metric of this heat map"), &hint);
                    }
                }
            }
        };
        within("max_depth", self.max_depth, 1, 20)?;
        within("num_leaves", self.num_leaves, 2, 1_000)?;
        within("min_child_samples", self.min_child_samples, 1, 1_000_000_000)?;
        within("bins", self.bins, 2, 20)?;
        within("max_terms", self.max_terms, 0, 6)?;
        within("min_support", self.min_support, 0.0, 1.0)?;
        within("alpha", self.alpha, 0.0, 1.0)?;
        within("top_k", self.top_k, 1, 1_000)?;
        within("slice_bins", self.slice_bins, 2, 20)?;
        within("min_difference", self.min_difference, 0.0, f64::MAX)?;
        within("min_ratio", self.min_ratio, 0.0, f64::MAX)?;
        within("merge_overlap", self.merge_overlap, 0.0, 1.0)?;
        within("max_visits", self.max_visits, 1_000, u64::MAX)?;
        within("slice_permutations", self.slice_permutations, 0, 100_000)?;
        if let Some(secs) = self.max_secs {
            within("max_secs", secs, 0.0, 1e9)?;
        }
        within("permutations", self.permutations, 0, 1_000_000)?;
        if let Some(columns) = &self.heat_map
            && columns.len() > 2
        {
            let names: Vec<String> = columns.iter().map(|c| format!("`{c}`")).collect();
            return problem(
                "heat_map",
                format!("{} are {} columns", names.join(", "), columns.len()),
                "name one or two",
            );
        }
        if let Some([a, b]) = self.heat_map.as_deref()
            && a == b
        {
            return problem("heat_map", format!("`{a}` stands twice"), "name one column, or two that differ");
        }
        Ok(Params { loss, metric, raw: self })
    }
}
