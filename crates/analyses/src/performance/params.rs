//! What may be asked of the performance analysis.

use equipoise_kernels::{CalibrationRule, Confusion2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use crate::AnalysisError;

/// Parameters of the performance analysis as people write them; everything may be left out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawParams {
    /// Metrics to give, by id; all of the task when absent.
    pub metrics: Option<Vec<String>>,
    /// Cost of a false alarm, in any unit (default 1).
    pub false_positive_cost: f64,
    /// Cost of a miss (default 1).
    pub false_negative_cost: f64,
    /// Cost of a right positive decision, negative when it is a gain (default 0).
    pub true_positive_cost: f64,
    /// Cost of a right negative decision (default 0).
    pub true_negative_cost: f64,
    /// Number of thresholds in the threshold table (default 101: 0, 0.01, … 1).
    pub thresholds: u32,
    /// Number of bins of the calibration error and the reliability curve (default 15).
    pub calibration_bins: u32,
    /// How those bins are cut.
    pub calibration_cut: CalibrationCut,
    /// Share of rows with the highest scores whose lift is given (default 0.1).
    pub lift_share: f64,
    /// The `k` of top-k accuracy (default 2, 3 and 5; those below the number of classes are given).
    pub top_k: Vec<u32>,
    /// Quantiles of the pinball loss (default 0.1 and 0.9).
    pub pinball_quantiles: Vec<f64>,
    /// Numbers from fewer rows are flagged as small (default 30).
    pub min_rows: u64,
    /// Number of features that performance is split by, in the order of the data (default 30).
    pub max_features: u32,
    /// Values of a feature that are shown by name; rarer ones are put together as `(other)` (default 20).
    pub max_levels: u32,
    /// Number of quantile bins of a numeric feature (default 4).
    pub feature_bins: u32,
}

/// How calibration bins are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationCut {
    /// Bins of equal width.
    #[default]
    EqualWidth,
    /// Bins of about equally many rows.
    EqualMass,
}

impl Default for RawParams {
    fn default() -> Self {
        Self {
            metrics: None,
            false_positive_cost: 1.0,
            false_negative_cost: 1.0,
            true_positive_cost: 0.0,
            true_negative_cost: 0.0,
            thresholds: 101,
            calibration_bins: 15,
            calibration_cut: CalibrationCut::EqualWidth,
            lift_share: 0.1,
            top_k: vec![2, 3, 5],
            pinball_quantiles: vec![0.1, 0.9],
            min_rows: 30,
            max_features: 30,
            max_levels: 20,
            feature_bins: 4,
        }
    }
}

/// Parameters that are known to be usable.
#[derive(Clone, Debug)]
pub(super) struct Params {
    /// Wanted metrics; none means all.
    pub(super) metrics: Option<Vec<String>>,
    pub(super) costs: Confusion2,
    /// Between 2 and 1,001.
    pub(super) thresholds: u32,
    pub(super) calibration: CalibrationRule,
    pub(super) lift_share: f64,
    /// Ascending, at least 1.
    pub(super) top_k: Vec<usize>,
    /// Ascending, strictly between 0 and 1.
    pub(super) quantiles: Vec<f64>,
    pub(super) min_rows: u64,
    pub(super) max_features: usize,
    pub(super) max_levels: usize,
    pub(super) feature_bins: u32,
}

fn problem<T>(parameter: &str, problem: String, hint: &str) -> Result<T, AnalysisError> {
    Err(AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem, hint: hint.to_owned() })
}

fn within(parameter: &str, value: u32, low: u32, high: u32) -> Result<u32, AnalysisError> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        problem(parameter, format!("`{value}` cannot be used"), &format!("take {low} to {high}"))
    }
}

impl RawParams {
    /// Checks every value once; `known` are the metric ids of the task.
    pub(super) fn check(self, known: &[String]) -> Result<Params, AnalysisError> {
        if let Some(unknown) = self.metrics.iter().flatten().find(|m| !known.contains(m)) {
            let hint = format!("the metrics are {}", known.join(", "));
            return problem("metrics", format!("`{unknown}` is not a metric of this task"), &hint);
        }
        let costs = Confusion2 {
            tp: self.true_positive_cost,
            fp: self.false_positive_cost,
            fn_: self.false_negative_cost,
            tn: self.true_negative_cost,
        };
        let named = [
            ("false_positive_cost", costs.fp),
            ("false_negative_cost", costs.fn_),
            ("true_positive_cost", costs.tp),
            ("true_negative_cost", costs.tn),
        ];
        if let Some((name, cost)) = named.iter().find(|(_, cost)| !cost.is_finite()) {
            return problem(name, format!("`{cost}` is not a number"), "for example 5");
        }
        if !(self.lift_share > 0.0 && self.lift_share < 1.0) {
            return problem("lift_share", format!("`{}` is not between 0 and 1", self.lift_share), "for example 0.1");
        }
        let mut quantiles = self.pinball_quantiles;
        if let Some(q) = quantiles.iter().find(|q| !(**q > 0.0 && **q < 1.0)) {
            return problem("pinball_quantiles", format!("`{q}` is not between 0 and 1"), "for example [0.1, 0.9]");
        }
        quantiles.sort_by(f64::total_cmp);
        quantiles.dedup();
        let mut top_k: Vec<usize> = self.top_k.iter().map(|k| *k as usize).filter(|k| *k > 0).collect();
        top_k.sort_unstable();
        top_k.dedup();
        let bins = within("calibration_bins", self.calibration_bins, 2, 1_000)?;
        Ok(Params {
            metrics: self.metrics,
            costs,
            thresholds: within("thresholds", self.thresholds, 2, 1_001)?,
            calibration: match self.calibration_cut {
                CalibrationCut::EqualWidth => CalibrationRule::Widths(bins),
                CalibrationCut::EqualMass => CalibrationRule::Masses(bins),
            },
            lift_share: self.lift_share,
            top_k,
            quantiles,
            min_rows: self.min_rows,
            max_features: within("max_features", self.max_features, 0, 10_000)? as usize,
            max_levels: within("max_levels", self.max_levels, 2, 1_000)? as usize,
            feature_bins: within("feature_bins", self.feature_bins, 2, 100)?,
        })
    }
}

impl Params {
    /// True when this metric is wanted.
    pub(super) fn wants(&self, metric: &str) -> bool {
        self.metrics.as_ref().is_none_or(|wanted| wanted.iter().any(|id| id == metric))
    }
}
