//! What is looked at: which columns, which labels, and what one pass over each part counts.

use equipoise_data::{Bins, Column, Frame, Grouping, GroupingKind, MISSING_GROUP, Rows, Schema};
use equipoise_document::{BinRule, ColumnType, Level, Note, RunSpec, Task};
use equipoise_kernels::Tally;

use super::combinations::Combinations;
use super::counts::{Counts, Shape, Source};
use super::labels::Labels;
use super::missing::Holes;
use super::observed::{Observed, Value};
use super::params::{Params, wrong};
use crate::AnalysisError;

/// A column of names with more values than this names rows rather than groups.
const MAX_LEVELS: usize = 10_000;

/// What is looked at in every part.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) labels: Labels,
    bins: Option<Bins>,
    sensitive: Vec<String>,
    /// Sensitive columns whose groups were cut to be of equal size.
    quantiles: Vec<String>,
    features: Vec<String>,
    /// Columns with missing values in some part.
    holes: Vec<String>,
    pub(super) notes: Vec<Note>,
}

/// One part with what its pass counts.
#[derive(Clone, Debug)]
pub(super) struct PartPlan {
    pub(super) shape: Shape,
    /// Columns of the dataset that the pass reads.
    pub(super) asked: Vec<usize>,
    /// Names of the values of each column, missing ones included.
    names: Vec<Vec<String>>,
    /// Groups by which missing values are counted.
    hole_groups: Vec<(String, Vec<String>)>,
    /// Columns of the plan with holes, in this part's order.
    holes: Vec<String>,
    joint_groups: Vec<Vec<String>>,
}

/// What a run says that the plan depends on.
pub(super) struct Given<'a> {
    pub(super) spec: &'a RunSpec,
    pub(super) task: Task,
    pub(super) classes: &'a [String],
    pub(super) features: &'a [String],
    pub(super) groupings: &'a [Grouping],
    /// By part.
    pub(super) schemas: &'a [&'a Schema],
}

impl Plan {
    pub(super) fn over(params: &Params, given: &Given<'_>) -> Result<Self, AnalysisError> {
        let Some(schema) = given.schemas.first() else {
            return wrong("*", "there are no rows".to_owned(), "name a data set");
        };
        let target = given.spec.target.clone().unwrap_or_else(|| "target".to_owned());
        let mut notes = Vec::new();
        let (labels, bins) = labels_of(params, given, schema, target)?;
        let sensitive: Vec<String> = of_kind(given.groupings, GroupingKind::Sensitive);
        let quantiles = quantile_columns(given.spec, schema);
        let features = features_of(params, given, schema, &sensitive, &mut notes)?;
        for column in params.reference.keys() {
            if !sensitive.contains(column) && !features.contains(column) {
                let hint = "references are for the sensitive columns and for features of names that are looked at";
                return wrong(&format!("reference.{column}"), format!("`{column}` is not looked at"), hint);
            }
        }
        let mut holes = Vec::new();
        for column in given.features.iter().chain(&sensitive) {
            let has_holes = given.schemas.iter().any(|s| s.get(column).is_some_and(|c| c.n_missing > 0));
            if has_holes && !holes.contains(column) {
                holes.push(column.clone());
            }
        }
        Ok(Self { labels, bins, sensitive, quantiles, features, holes, notes })
    }

    /// What the pass over one part counts.
    pub(super) fn part(&self, frame: &Frame, schema: &Schema) -> PartPlan {
        let mut part = PartPlan {
            shape: Shape { n_labels: self.labels.names.len(), target_bins: self.bins.clone(), ..Shape::default() },
            asked: Vec::new(),
            names: Vec::new(),
            hole_groups: Vec::new(),
            holes: Vec::new(),
            joint_groups: Vec::new(),
        };
        for column in &self.sensitive {
            let found = frame.groupings().iter().position(|g| g.column == *column && g.kind == GroupingKind::Sensitive);
            let levels = found.and_then(|at| frame.groupings().get(at)).map_or_else(Vec::new, |g| g.levels.to_vec());
            let at = found.unwrap_or(usize::MAX);
            part.shape.columns.push((Source::Grouping(at), levels.len().max(1)));
            part.shape.joint.push((at, levels.len().max(1)));
            part.shape.hole_groupings.push((at, levels.len().max(1)));
            part.hole_groups.push((column.clone(), levels.clone()));
            part.joint_groups.push(levels.clone());
            part.names.push(levels);
        }
        for column in &self.features {
            let levels = schema.get(column).map_or_else(Vec::new, |info| info.levels.to_vec());
            let place = schema.index_of(column).map_or(usize::MAX, |at| part.ask(at));
            part.shape.columns.push((Source::Asked(place), levels.len()));
            part.names.push(levels.into_iter().chain([MISSING_GROUP.to_owned()]).collect());
        }
        for column in &self.holes {
            if let Some(at) = schema.index_of(column) {
                let place = part.ask(at);
                part.shape.holes.push(place);
                part.holes.push(column.clone());
            }
        }
        part
    }

    /// The columns in order, with what was seen of their values in each part.
    pub(super) fn observed(&self, parts: &[(PartPlan, Counts)]) -> Vec<Observed> {
        let columns = self.sensitive.iter().chain(&self.features).enumerate();
        columns
            .map(|(i, column)| {
                let seen: Vec<Vec<(String, Value)>> =
                    parts.iter().map(|(plan, counts)| plan.values(counts, i)).collect();
                Observed {
                    is_sensitive: i < self.sensitive.len(),
                    is_quantiles: self.quantiles.contains(column),
                    ..Observed::line_up(column, &seen)
                }
            })
            .collect()
    }

    /// Rows by combination of sensitive groups; none without sensitive columns.
    pub(super) fn combinations(&self, parts: &[(PartPlan, Counts)]) -> Vec<Combinations> {
        if self.sensitive.is_empty() {
            return Vec::new();
        }
        let one = |(plan, counts): &(PartPlan, Counts)| Combinations {
            columns: self.sensitive.clone(),
            groups: plan.joint_groups.clone(),
            rows: counts.joint().clone(),
        };
        parts.iter().map(one).collect()
    }
}

impl PartPlan {
    /// Place of a column of the dataset among those that are read.
    fn ask(&mut self, column: usize) -> usize {
        if let Some(place) = self.asked.iter().position(|c| *c == column) {
            return place;
        }
        self.asked.push(column);
        self.asked.len() - 1
    }

    pub(super) fn start(&self, is_weighted: bool) -> Counts {
        Counts::new(&self.shape, is_weighted)
    }

    pub(super) fn push(&self, counts: &mut Counts, rows: &Rows<'_>, columns: &[Column]) {
        counts.push(&self.shape, rows, columns);
    }

    fn values(&self, counts: &Counts, column: usize) -> Vec<(String, Value)> {
        let names = self.names.get(column).map_or(&[][..], Vec::as_slice);
        let value = |(i, name): (usize, &String)| {
            let labels = counts.labels(&self.shape, column, i);
            (name.clone(), Value { labels, mean: counts.mean(column, i) })
        };
        names.iter().enumerate().map(value).collect()
    }

    /// Missing values of each column that has some in this part.
    pub(super) fn holes(&self, part: usize, counts: &Counts) -> Vec<Holes> {
        let one = |(i, column): (usize, &String)| {
            let groups = self.hole_groups.iter().enumerate().filter(|(_, (by, _))| by != column);
            let groups = groups.map(|(g, (by, names))| {
                let of = |(place, name): (usize, &String)| {
                    let (present, missing) = counts.hole_of(i, g, place);
                    (name.clone(), present, missing)
                };
                (by.clone(), names.iter().enumerate().map(of).collect())
            });
            Holes { part, column: column.clone(), all: counts.hole(i), groups: groups.collect() }
        };
        let holes: Vec<Holes> = self.holes.iter().enumerate().map(one).collect();
        holes.into_iter().filter(|h| h.all.1.n > 0).collect()
    }
}

fn of_kind(groupings: &[Grouping], kind: GroupingKind) -> Vec<String> {
    groupings.iter().filter(|g| g.kind == kind).map(|g| g.column.clone()).collect()
}

/// Numeric sensitive columns that are cut into quantiles.
fn quantile_columns(spec: &RunSpec, schema: &Schema) -> Vec<String> {
    let is_cut = |rule: Option<&BinRule>| matches!(rule, None | Some(BinRule::Quantiles(_)));
    let is_number = |name: &str| {
        schema.get(name).is_some_and(|c| matches!(c.column_type, ColumnType::Numeric | ColumnType::Datetime))
    };
    let cut = spec.sensitive.iter().filter(|g| is_cut(g.bins()) && is_number(g.column()));
    cut.map(|g| g.column().to_owned()).collect()
}

fn labels_of(
    params: &Params,
    given: &Given<'_>,
    schema: &Schema,
    target: String,
) -> Result<(Labels, Option<Bins>), AnalysisError> {
    if given.task == Task::Regression {
        if params.labels.is_some() {
            return wrong("labels", "the target is a number, not classes".to_owned(), "use `target_bins` to cut it");
        }
        let sample = schema.get(&target).map_or(&[][..], |c| &c.sample);
        let bins = Bins::by_rule(&BinRule::Quantiles(params.target_bins), sample);
        let names = bins.labels().to_vec();
        let compared = if names.len() == 2 { vec![1] } else { (0..names.len()).collect() };
        return Ok((Labels { target, names, compared, is_number: true }, Some(bins)));
    }
    let names = given.classes.to_vec();
    let compared = match &params.labels {
        None if given.task == Task::Binary => vec![names.len().saturating_sub(1)],
        None => (0..names.len()).collect(),
        Some(asked) => {
            let mut compared = Vec::new();
            for label in asked {
                match names.iter().position(|name| name == label) {
                    Some(place) => compared.push(place),
                    None => {
                        let hint = format!("the classes of `{target}` are {}", names.join(", "));
                        return wrong("labels", format!("`{label}` is not a class"), &hint);
                    }
                }
            }
            compared
        }
    };
    Ok((Labels { target, names, compared, is_number: false }, None))
}

/// The features of names, or the columns that were asked for.
fn features_of(
    params: &Params,
    given: &Given<'_>,
    schema: &Schema,
    sensitive: &[String],
    notes: &mut Vec<Note>,
) -> Result<Vec<String>, AnalysisError> {
    let mut features = Vec::new();
    let is_named = |t: ColumnType| matches!(t, ColumnType::Categorical | ColumnType::Boolean);
    let asked = params.columns.as_deref();
    for column in asked.unwrap_or(given.features) {
        let info = match schema.get(column) {
            Some(info) => info,
            None if asked.is_some() => {
                let hint = "name columns of the data";
                return wrong("columns", format!("column `{column}` is not in the dataset"), hint);
            }
            None => continue,
        };
        if sensitive.contains(column) || features.contains(column) {
            continue;
        }
        if !is_named(info.column_type) {
            if asked.is_some() {
                let hint = "make it a sensitive column with bins, for example `{ column = \"age\", edges = [25, 65] }`";
                return wrong("columns", format!("column `{column}` does not hold names"), hint);
            }
            continue;
        }
        if info.levels.len() > MAX_LEVELS {
            let text = format!(
                "`{column}` has {} different values: it names rows rather than groups and was left out of data balance.",
                info.levels.len()
            );
            notes.push(Note::new(Level::Caution, "too_many_values", text));
            continue;
        }
        features.push(column.clone());
    }
    Ok(features)
}

/// All rows of a part, whatever their value: what shares are taken of.
pub(super) fn n_rows(observed: &Observed, part: usize) -> u64 {
    let whole: Tally = observed.parts.get(part).into_iter().flatten().map(Value::whole).sum();
    whole.n
}
