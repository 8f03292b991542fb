//! What may be asked of counterfactuals.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use crate::AnalysisError;

/// Parameters of counterfactuals, with the names that DiCE and the Responsible AI Toolbox use; everything may be left out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawParams {
    /// Counterfactuals for each row (default 4).
    #[serde(rename = "total_CFs", alias = "total_cfs")]
    pub total_cfs: u32,
    /// How to look (default `auto`: `exact` where the model is made of trees that allow it, otherwise `nearest`).
    pub method: Method,
    /// The class that is wished for: a class, `opposite` (of two), or `other` (any but the present one). Default
    /// `opposite` for two classes, `other` for more.
    pub desired_class: Option<String>,
    /// With a class: the probability that it must have at least.
    pub desired_probability: Option<f64>,
    /// The range of predictions that is wished for, where numbers are predicted.
    pub desired_range: Option<[f64; 2]>,
    /// Features that may change: `all`, or a list.
    pub features_to_vary: FeaturesToVary,
    /// For a feature, the range or the names that it may be changed to (default: what occurs in the data).
    pub permitted_range: BTreeMap<String, Permitted>,
    /// Features that never change.
    pub immutable: Vec<String>,
    /// Numbers that may only grow, as an age.
    pub increase_only: Vec<String>,
    /// Numbers that may only shrink.
    pub decrease_only: Vec<String>,
    /// By how much a number may shrink and grow.
    pub max_change: BTreeMap<String, [f64; 2]>,
    /// By what share of its own size a number may move.
    pub max_relative_change: BTreeMap<String, f64>,
    /// Steps of numbers (default: whole numbers, or as many decimals as the data have).
    pub steps: BTreeMap<String, f64>,
    /// What a change of a feature costs against others (default 1), by 1 scale of a number or for another name.
    pub costs: BTreeMap<String, f64>,
    /// Limits of single rows: a range or names for a feature of a row, by its number in the data from 0.
    pub row_limits: Vec<RowLimit>,
    /// Groups of columns of which exactly one is 1.
    pub one_hot: Vec<Vec<String>>,
    /// Columns that follow from others, by formula: `debt_ratio = "debt / income"`.
    pub derived: BTreeMap<String, String>,
    /// What every changed feature costs besides the size of its change (default 0.2).
    pub sparsity_weight: f64,
    /// Features that may change at most (default: all).
    pub max_changes: Option<u32>,
    /// Above 0, changes that are not needed are undone after the search (default 0.1).
    pub posthoc_sparsity_param: f64,
    /// How a set is chosen among many.
    pub diversity: Diversity,
    /// What getting from a counterfactual to the nearest real row with the desired prediction may cost at most.
    pub max_distance: Option<f64>,
    /// The local outlier factor that a counterfactual may have at most among real rows with the desired prediction: about 1
    /// within them, larger outside (for example 1.5).
    pub max_isolation: Option<f64>,
    /// Whether the share of counterfactuals in which each feature changed is counted (default true).
    pub feature_importance: bool,
    /// Rows by their number in the data from 0.
    pub rows: Vec<u64>,
    /// Rows of a cohort by its name.
    pub cohort: Option<String>,
    /// Which rows where none are named (default `undesired`).
    pub which: Which,
    /// Rows at most, a seeded sample of them (default 200).
    pub max_rows: u64,
    /// Rows that are shown with their counterfactuals (default 3); all are in the file.
    pub show_rows: u32,
    /// Rows of the training data (or the test data) that stand for what is plausible, at most (default 5,000).
    pub max_reference: u64,
    /// `random`: rows that are changed at the same time (default 1,000).
    pub sample_size: u32,
    /// `genetic`: weight of the size of changes (default 0.2).
    pub proximity_weight: f64,
    /// `genetic`: weight of the difference between the rows of a set (default 5).
    pub diversity_weight: f64,
    /// `genetic`: generations at most (default 500).
    pub maxiterations: u32,
    /// `genetic`: the search ends when the loss no longer falls by this (default 0.01).
    pub thresh: f64,
    /// `exact`: parts of the search at most for each counterfactual (default 100,000); beyond, the remaining gap is stated.
    pub max_nodes: u64,
    /// A group with fewer rows is flagged as small (default 30).
    pub min_rows: u64,
}

/// How to look for counterfactuals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The exact method where the model allows it, else the nearest plausible examples.
    #[default]
    Auto,
    /// The cheapest ones, with proof; trees and sums over columns only.
    Exact,
    /// Random changes.
    Random,
    /// A population that mixes and changes.
    Genetic,
    /// The nearest rows with the desired prediction.
    Kdtree,
    /// Walks towards the nearest rows with the desired prediction.
    Nearest,
    /// Shells that grow around the row.
    GrowingSpheres,
    /// Downhill along the slopes of the answer; models that change smoothly only.
    Gradient,
}

/// How a set is chosen among many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Diversity {
    /// Far from each other for what they cost.
    #[default]
    Maximin,
    /// By determinants, as DiCE does.
    Determinantal,
}

/// Which rows are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Rows whose prediction is not the desired one; with `opposite`, rows that are not predicted positive.
    #[default]
    Undesired,
    /// Rows whose prediction is wrong.
    Misclassified,
    /// All rows.
    All,
}

/// `all`, or a list of features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FeaturesToVary {
    /// `all`.
    Word(String),
    /// These.
    These(Vec<String>),
}

/// A range or a list of names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Permitted {
    /// From one number to another.
    Range([f64; 2]),
    /// These names.
    Names(Vec<String>),
}

/// What a feature of one row may become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowLimit {
    /// The row's number in the data from 0.
    pub row: u64,
    /// The feature.
    pub feature: String,
    /// The range or names.
    pub permitted: Permitted,
}

impl Default for RawParams {
    fn default() -> Self {
        Self {
            total_cfs: 4,
            method: Method::Auto,
            desired_class: None,
            desired_probability: None,
            desired_range: None,
            features_to_vary: FeaturesToVary::Word("all".to_owned()),
            permitted_range: BTreeMap::new(),
            immutable: Vec::new(),
            increase_only: Vec::new(),
            decrease_only: Vec::new(),
            max_change: BTreeMap::new(),
            max_relative_change: BTreeMap::new(),
            steps: BTreeMap::new(),
            costs: BTreeMap::new(),
            row_limits: Vec::new(),
            one_hot: Vec::new(),
            derived: BTreeMap::new(),
            sparsity_weight: 0.2,
            max_changes: None,
            posthoc_sparsity_param: 0.1,
            diversity: Diversity::Maximin,
            max_distance: None,
            max_isolation: None,
            feature_importance: true,
            rows: Vec::new(),
            cohort: None,
            which: Which::Undesired,
            max_rows: 200,
            show_rows: 3,
            max_reference: 5_000,
            sample_size: 1_000,
            proximity_weight: 0.2,
            diversity_weight: 5.0,
            maxiterations: 500,
            thresh: 0.01,
            max_nodes: 100_000,
            min_rows: 30,
        }
    }
}

pub(super) fn wrong(parameter: &str, problem: impl Into<String>, hint: impl Into<String>) -> AnalysisError {
    AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem: problem.into(), hint: hint.into() }
}

impl RawParams {
    /// Checks what can be checked without the data.
    pub(super) fn check(self) -> Result<Self, AnalysisError> {
        let at_least_one = [
            ("total_CFs", u64::from(self.total_cfs)),
            ("max_rows", self.max_rows),
            ("max_reference", self.max_reference),
            ("sample_size", u64::from(self.sample_size)),
            ("max_nodes", self.max_nodes),
        ];
        for (name, value) in at_least_one {
            if value == 0 {
                return Err(wrong(name, "`0` gives no answer", "take at least 1"));
            }
        }
        if self.total_cfs > 100 {
            return Err(wrong("total_CFs", format!("`{}` are too many for a row", self.total_cfs), "take 1 to 100"));
        }
        if !(self.sparsity_weight >= 0.0 && self.sparsity_weight.is_finite()) {
            return Err(wrong("sparsity_weight", format!("`{}` is below 0", self.sparsity_weight), "for example 0.2"));
        }
        if !(self.diversity_weight >= 0.0 && self.diversity_weight.is_finite()) {
            return Err(wrong("diversity_weight", format!("`{}` is below 0", self.diversity_weight), "for example 5"));
        }
        for (name, most) in [("max_distance", self.max_distance), ("max_isolation", self.max_isolation)] {
            let Some(most) = most else { continue };
            if !(most >= 0.0 && most.is_finite()) {
                return Err(wrong(name, format!("`{most}` is below 0"), "for example 1.5"));
            }
            if self.method == Method::Exact {
                return Err(wrong(
                    name,
                    "the exact method proves what is cheapest, not what is plausible too",
                    "leave it out, or take `nearest`",
                ));
            }
        }
        if !(0.0..=1.0).contains(&self.posthoc_sparsity_param) {
            let problem = format!("`{}` is not between 0 and 1", self.posthoc_sparsity_param);
            return Err(wrong("posthoc_sparsity_param", problem, "0 switches it off, 0.1 is usual"));
        }
        if let FeaturesToVary::Word(word) = &self.features_to_vary
            && word != "all"
        {
            return Err(wrong(
                "features_to_vary",
                format!("`{word}` is neither `all` nor a list"),
                "list the features",
            ));
        }
        Ok(self)
    }
}
