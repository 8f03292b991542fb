//! What may be asked of the causal analysis.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ID;
use crate::AnalysisError;

/// Parameters of the causal analysis as people write them; only `treatment_features` must be there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawParams {
    /// Columns whose effect on the outcome is asked for, one at a time. Without any the analysis is left out.
    pub treatment_features: Vec<String>,
    /// The outcome (default: the target).
    pub outcome: Option<String>,
    /// The value of the outcome that counts as 1, where the outcome is a name (default: the positive class).
    pub outcome_value: Option<String>,
    /// Columns that are held fixed (default: the model's features). A treatment is never its own control.
    pub control_features: Option<Vec<String>>,
    /// Columns by which effects may differ (default: all controls).
    pub heterogeneity_features: Option<Vec<String>>,
    /// How outcome and treatment are predicted from the controls.
    pub nuisance_model: NuisanceModel,
    /// How effects may differ between rows.
    pub heterogeneity_model: HeterogeneityModel,
    /// How the effect is estimated (default: `interactive` for levels, `partially_linear` for numbers).
    pub estimator: Option<Estimator>,
    /// A column that moves the treatment and nothing else; the effect is then estimated by it.
    pub instrument: Option<String>,
    /// Intervals hold the truth with probability `1 − alpha` (default: from the run's level).
    pub alpha: Option<f64>,
    /// Different names up to which a control becomes one column per name (default 50); beyond, the rarest are one.
    pub upper_bound_on_cat_expansion: u32,
    /// What treating a row costs, in units of the outcome (default 0): one number, or one for each treatment.
    pub treatment_cost: Cost,
    /// Which way the outcome is better (default `higher`).
    pub better: Direction,
    /// Smallest number of rows in a leaf of the policy (default: one in a hundred, at least 10).
    pub min_tree_leaf_samples: Option<u64>,
    /// Levels of the policy tree, 1 to 4 (default 2, searched completely).
    pub max_tree_depth: u32,
    /// Allows levels of a treatment with fewer than 10 rows.
    pub skip_cat_limit_checks: bool,
    /// The level all others are compared with, by treatment (default: the first in order).
    pub reference: BTreeMap<String, String>,
    /// Folds of cross-fitting (default 5).
    pub folds: u32,
    /// Splits into folds; estimates are medians over them (default 3).
    pub n_rep: u32,
    /// Chances of a treatment are kept at least this far from 0 and 1 (default 0.01).
    pub trim: f64,
    /// A column whose rows of one value are not independent of each other.
    pub clusters: Option<String>,
    /// Outcomes that the treatment cannot have changed: an effect on them would show hidden confounding.
    pub negative_controls: Vec<String>,
    /// What causes what; the controls then follow from it.
    pub dag: Option<DagSpec>,
    /// Trees of the causal forest (default 500).
    pub forest_trees: u32,
    /// Simulations of each refuter (default 200).
    pub simulations: u32,
    /// Which rows: those of test and training data together (default), or the test data alone.
    pub rows: RowsToUse,
    /// Rows for which the effect is listed (default 10 of each treatment, the largest first).
    pub individual_rows: u32,
    /// Changes to one row: what would the outcome have been?
    pub what_if: Vec<WhatIf>,
}

/// How outcome and treatment are predicted from the controls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NuisanceModel {
    /// Lasso and logistic regression with penalties by cross-validation.
    #[default]
    Linear,
    /// Lasso on columns and on bends of them, and gradient boosting, stacked by cross-validated loss.
    Automl,
}

/// How effects may differ between rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeterogeneityModel {
    /// A linear function of the heterogeneity features.
    #[default]
    Linear,
    /// A causal forest for the effects of rows, beside the linear function.
    Forest,
}

/// How the effect is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// One effect beside any function of the controls: what is left of the outcome on what is left of the treatment.
    PartiallyLinear,
    /// Outcomes of each level separately, doubly robust (augmented inverse probability weighting).
    Interactive,
}

/// A causal graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DagSpec {
    /// Arrows: `cause -> effect`, chains of them, and `a <-> b` for a cause of both that nobody measured.
    pub edges: Vec<String>,
    /// Nodes that are no columns.
    #[serde(default)]
    pub unobserved: Vec<String>,
}

/// What treating a row costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Cost {
    /// The same for every treatment.
    One(f64),
    /// One for each treatment, in their order.
    Each(Vec<f64>),
}

/// Which way the outcome is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    #[default]
    Higher,
    /// Less is better.
    Lower,
}

/// Which rows effects are estimated from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowsToUse {
    /// Test and training data together.
    #[default]
    All,
    /// The test data alone.
    Test,
}

/// A change to one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// Number of the row in the test data, from 0.
    pub row: u64,
    /// The treatment.
    pub treatment: String,
    /// Its new value.
    pub value: NewValue,
}

/// A new value of a treatment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum NewValue {
    /// A number.
    Number(f64),
    /// A level.
    Name(String),
}

impl NewValue {
    /// As people read it.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Number(x) => x.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

impl Default for RawParams {
    fn default() -> Self {
        Self {
            treatment_features: Vec::new(),
            outcome: None,
            outcome_value: None,
            control_features: None,
            heterogeneity_features: None,
            nuisance_model: NuisanceModel::Linear,
            heterogeneity_model: HeterogeneityModel::Linear,
            estimator: None,
            instrument: None,
            alpha: None,
            upper_bound_on_cat_expansion: 50,
            treatment_cost: Cost::One(0.0),
            better: Direction::Higher,
            min_tree_leaf_samples: None,
            max_tree_depth: 2,
            skip_cat_limit_checks: false,
            reference: BTreeMap::new(),
            folds: 5,
            n_rep: 3,
            trim: 0.01,
            clusters: None,
            negative_controls: Vec::new(),
            dag: None,
            forest_trees: 500,
            simulations: 200,
            rows: RowsToUse::All,
            individual_rows: 10,
            what_if: Vec::new(),
        }
    }
}

/// A parameter that cannot be used.
pub(super) fn wrong(parameter: &str, problem: impl Into<String>, hint: impl Into<String>) -> AnalysisError {
    AnalysisError::Param { analysis: ID, parameter: parameter.to_owned(), problem: problem.into(), hint: hint.into() }
}

impl RawParams {
    /// Checks what can be checked without the data.
    pub(super) fn check(self) -> Result<Self, AnalysisError> {
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = self.treatment_features.iter().find(|t| !seen.insert(t.as_str())) {
            return Err(wrong("treatment_features", format!("`{twice}` is named twice"), "name each treatment once"));
        }
        if let Some(alpha) = self.alpha.filter(|a| !(*a > 0.0 && *a < 1.0)) {
            return Err(wrong("alpha", format!("`{alpha}` is not between 0 and 1"), "for example 0.05"));
        }
        if !(2..=50).contains(&self.folds) {
            return Err(wrong("folds", format!("`{}` folds are not between 2 and 50", self.folds), "for example 5"));
        }
        if !(1..=101).contains(&self.n_rep) {
            return Err(wrong("n_rep", format!("`{}` splits are not between 1 and 101", self.n_rep), "for example 3"));
        }
        if !(1..=4).contains(&self.max_tree_depth) {
            let problem = format!("`{}` levels are not between 1 and 4", self.max_tree_depth);
            return Err(wrong("max_tree_depth", problem, "for example 2"));
        }
        if !(self.trim > 0.0 && self.trim < 0.5) {
            return Err(wrong("trim", format!("`{}` is not between 0 and 0.5", self.trim), "for example 0.01"));
        }
        if !(20..=10_000).contains(&self.simulations) {
            let problem = format!("`{}` simulations are not between 20 and 10,000", self.simulations);
            return Err(wrong("simulations", problem, "for example 200"));
        }
        if !(8..=10_000).contains(&self.forest_trees) {
            let problem = format!("`{}` trees are not between 8 and 10,000", self.forest_trees);
            return Err(wrong("forest_trees", problem, "for example 500"));
        }
        if self.upper_bound_on_cat_expansion < 2 {
            let problem = format!("`{}` is below 2", self.upper_bound_on_cat_expansion);
            return Err(wrong("upper_bound_on_cat_expansion", problem, "for example 50"));
        }
        if let Cost::Each(costs) = &self.treatment_cost
            && costs.len() != self.treatment_features.len()
        {
            let problem = format!("{} costs for {} treatments", costs.len(), self.treatment_features.len());
            return Err(wrong("treatment_cost", problem, "give one number, or one for each treatment"));
        }
        if self.instrument.is_some() && self.treatment_features.len() > 1 {
            let problem = format!("one instrument for {} treatments", self.treatment_features.len());
            return Err(wrong("instrument", problem, "name one treatment, or leave the instrument out"));
        }
        Ok(self)
    }

    /// The cost of the treatment at this place.
    pub(super) fn cost(&self, treatment: usize) -> f64 {
        match &self.treatment_cost {
            Cost::One(cost) => *cost,
            Cost::Each(costs) => costs.get(treatment).copied().unwrap_or(0.0),
        }
    }

    /// Coverage of intervals.
    pub(super) fn level(&self, of_run: f64) -> f64 {
        self.alpha.map_or(of_run, |alpha| 1.0 - alpha)
    }
}
