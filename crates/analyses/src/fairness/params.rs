//! What the user may choose.

use std::collections::BTreeMap;

use equipoise_data::{Frame, GroupingKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AnalysisError;

/// Parameters of the fairness analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Which harm matters; it chooses the metrics that findings speak of.
    pub harm: Harm,
    /// Which crossings of sensitive columns are looked at beside each column alone.
    pub intersections: Intersections,
    /// Most groups that one grouping may have.
    pub max_groups: u32,
    /// Numbers that rest on fewer rows are flagged as small.
    pub min_rows: u64,
    /// Whether small groups take part in gaps.
    pub small_groups: SmallGroups,
    /// With what a group is compared.
    pub reference: Reference,
    /// Differences up to this are tolerated.
    pub difference_tolerance: f64,
    /// Ratios down to this are tolerated.
    pub ratio_tolerance: f64,
    /// How intervals of gaps are made.
    pub interval: IntervalKind,
    /// Replicates of bootstraps.
    pub replicates: u32,
    /// Another library whose conventions are followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compat: Option<Compat>,
    /// Neighbours of a row for individual consistency; 0 leaves it out.
    pub neighbours: u32,
}

/// A kind of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// Chances, resources or freedom are withheld: who is selected, and who is wrongly refused.
    Allocation,
    /// The model works less well for some: errors, accuracy, calibration.
    QualityOfService,
    /// Both.
    Both,
}

/// Crossings of sensitive columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Intersections {
    /// `auto`: all pairs and the full crossing, as long as they have at most `max_groups` groups; `none`; `all`.
    Named(NamedIntersections),
    /// These, each a list of columns.
    Columns(Vec<Vec<String>>),
}

/// Crossings by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedIntersections {
    /// All pairs and the full crossing, as long as they have at most `max_groups` groups.
    Auto,
    /// Each column alone.
    None,
    /// Every crossing of two and more columns.
    All,
}

/// What happens to groups with fewer than `min_rows` rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmallGroups {
    /// They take part in gaps, flagged.
    Keep,
    /// They are listed but take no part in gaps.
    Exclude,
}

/// With what signed comparisons are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Reference {
    /// `between_groups` or `largest`: the largest group; `rest`: all rows outside the group.
    Named(NamedReference),
    /// A group of each column, for example `{ sex = "Male" }`.
    Groups(BTreeMap<String, String>),
}

/// References by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedReference {
    /// Gaps are between groups; signed comparisons are with the largest group.
    BetweenGroups,
    /// The largest group.
    Largest,
    /// All rows outside the group.
    Rest,
}

/// How intervals of gaps are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// From the groups' own intervals: see the README.
    Recommended,
    /// Quantiles of resampled gaps, as fairlearn makes them; they are shifted away from "no gap".
    PercentileBootstrap,
}

/// Another library's conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// A rate over nothing is 0.
    Fairlearn,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            harm: Harm::Both,
            intersections: Intersections::Named(NamedIntersections::Auto),
            max_groups: 1000,
            min_rows: 30,
            small_groups: SmallGroups::Keep,
            reference: Reference::Named(NamedReference::BetweenGroups),
            difference_tolerance: 0.1,
            ratio_tolerance: 0.8,
            interval: IntervalKind::Recommended,
            replicates: 1000,
            compat: None,
            neighbours: 5,
        }
    }
}

/// An error of a parameter.
pub(super) fn wrong(parameter: &str, problem: String, hint: &str) -> AnalysisError {
    AnalysisError::Param { analysis: "fairness", parameter: parameter.to_owned(), problem, hint: hint.to_owned() }
}

impl Params {
    /// Checks what does not depend on groups with rows.
    ///
    /// # Errors
    /// Names the first parameter that cannot be used.
    pub(super) fn check(self, frame: &Frame) -> Result<Self, AnalysisError> {
        let columns: Vec<&str> =
            frame.groupings().iter().filter(|g| g.kind == GroupingKind::Sensitive).map(|g| g.column.as_str()).collect();
        let known = || columns.join("`, `");
        if let Intersections::Columns(lists) = &self.intersections {
            for list in lists {
                if list.len() < 2 {
                    let problem = "an intersection needs at least two columns".to_owned();
                    return Err(wrong("intersections", problem, "for example [[\"sex\", \"race\"]]"));
                }
                if let Some(name) = list.iter().find(|name| !columns.contains(&name.as_str())) {
                    let problem = format!("`{name}` is not a sensitive column");
                    return Err(wrong("intersections", problem, &format!("the sensitive columns are `{}`", known())));
                }
            }
        }
        if let Reference::Groups(groups) = &self.reference {
            for (column, group) in groups {
                let grouping = frame
                    .groupings()
                    .iter()
                    .find(|g| g.kind == GroupingKind::Sensitive && g.column == *column)
                    .ok_or_else(|| {
                        let problem = format!("`{column}` is not a sensitive column");
                        wrong("reference", problem, &format!("the sensitive columns are `{}`", known()))
                    })?;
                if !grouping.levels.contains(group) {
                    let problem = format!("`{group}` is not a group of `{column}`");
                    let hint = format!("its groups are `{}`", grouping.levels.join("`, `"));
                    return Err(wrong("reference", problem, &hint));
                }
            }
        }
        let in_range = |x: f64| (0.0..=1.0).contains(&x);
        if !in_range(self.difference_tolerance) {
            let problem = format!("`{}` is not between 0 and 1", self.difference_tolerance);
            return Err(wrong("difference_tolerance", problem, "for example 0.1"));
        }
        if !in_range(self.ratio_tolerance) {
            let problem = format!("`{}` is not between 0 and 1", self.ratio_tolerance);
            return Err(wrong("ratio_tolerance", problem, "for example 0.8"));
        }
        if !(100..=100_000).contains(&self.replicates) {
            let problem = format!("`{}` replicates cannot be drawn", self.replicates);
            return Err(wrong("replicates", problem, "take 100 to 100000"));
        }
        if self.neighbours > 100 {
            let problem = format!("`{}` neighbours are too many", self.neighbours);
            return Err(wrong("neighbours", problem, "take at most 100"));
        }
        if self.max_groups < 2 {
            let problem = format!("`{}` groups leave nothing to compare", self.max_groups);
            return Err(wrong("max_groups", problem, "the default is 1000"));
        }
        Ok(self)
    }

    /// True when gaps are compared with a tolerance that speaks of who gets what.
    pub(super) fn is_about_allocation(&self) -> bool {
        matches!(self.harm, Harm::Allocation | Harm::Both)
    }

    /// True when gaps are compared with a tolerance that speaks of how well the model works.
    pub(super) fn is_about_quality(&self) -> bool {
        matches!(self.harm, Harm::QualityOfService | Harm::Both)
    }
}
