//! How the values of a sensitive or control column become groups.

use std::collections::BTreeMap;

use equipoise_data::{Bins, Column, Dataset, Grouping, GroupingKind, MISSING, MISSING_GROUP};
use equipoise_document::{BinRule, ColumnType, GroupingSpec, Level, Note, RunSpec};

use crate::ServiceError;
use crate::classes::{check_has_values, distinct_numbers, number_label};
use crate::roles::Roles;

/// More groups than this in one column are taken for a mistake.
const MAX_GROUPS: usize = 1_000;
/// Numbers with at most this many different values are taken as names.
const MAX_NUMBERS_AS_NAMES: usize = 10;
/// Bins of a numeric column without a rule.
const DEFAULT_QUANTILES: u32 = 4;

/// Gives every row of a column its group.
#[derive(Clone, Debug)]
pub(crate) struct Grouper {
    pub(crate) column: usize,
    pub(crate) grouping: Grouping,
    rule: Rule,
    missing: u16,
}

#[derive(Clone, Debug)]
enum Rule {
    /// The code of a level is its place.
    Levels,
    /// A few numbers by their bits.
    Numbers(BTreeMap<u64, u16>),
    Bins(Bins),
}

impl Grouper {
    /// Finds out the groups of a column; a note says so where numbers were cut without being asked.
    pub(crate) fn over(
        dataset: &Dataset,
        column: usize,
        spec: &GroupingSpec,
        kind: GroupingKind,
        train: Option<(&Dataset, usize)>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, ServiceError> {
        let Some(info) = dataset.schema().columns.get(column) else {
            return Err(ServiceError::column(format!("column `{}` is gone", spec.column()), "run again"));
        };
        let role = if kind == GroupingKind::Sensitive { "sensitive" } else { "control" };
        check_has_values(info, dataset.n_rows(), role)?;
        let (rule, mut levels) = match info.column_type {
            ColumnType::Text => {
                return Err(ServiceError::column(
                    format!("the {role} column `{}` holds free text with thousands of different values", info.name),
                    "group its values in the data first, or leave it out",
                ));
            }
            ColumnType::Categorical | ColumnType::Boolean => {
                if spec.bins().is_some() {
                    return Err(ServiceError::column(
                        format!("the {role} column `{}` holds names, so it cannot be cut into bins", info.name),
                        "leave out the bins, or set its type to numeric under `data.types`",
                    ));
                }
                (Rule::Levels, info.levels.to_vec())
            }
            ColumnType::Numeric | ColumnType::Datetime => {
                numeric_rule(&info.name, (dataset, column), train, spec.bins(), &info.sample, notes)?
            }
        };
        if levels.len() > MAX_GROUPS {
            return Err(ServiceError::column(
                format!("the {role} column `{}` has {} different values", info.name, levels.len()),
                format!("groups are compared up to {MAX_GROUPS}; group its values in the data first, or leave it out"),
            ));
        }
        let missing = u16::try_from(levels.len()).unwrap_or(u16::MAX);
        let is_missing_in = |(dataset, column): (&Dataset, usize)| {
            dataset.schema().columns.get(column).is_some_and(|c| c.n_missing > 0)
        };
        if info.n_missing > 0 || train.is_some_and(is_missing_in) {
            levels.push(MISSING_GROUP.to_owned());
        }
        let grouping = Grouping { column: info.name.clone(), levels: levels.into(), kind };
        Ok(Self { column, grouping, rule, missing })
    }

    /// The same groups for another part of the data, whose names may come in another order.
    pub(crate) fn for_part(&self, dataset: &Dataset, column: usize) -> Self {
        let mut other = Self { column, ..self.clone() };
        let info = dataset.schema().columns.get(column);
        if let (Rule::Levels, Some(info)) = (&self.rule, info) {
            let mut levels = info.levels.to_vec();
            other.missing = u16::try_from(levels.len()).unwrap_or(u16::MAX);
            if info.n_missing > 0 {
                levels.push(MISSING_GROUP.to_owned());
            }
            other.grouping.levels = levels.into();
        }
        other
    }

    /// Appends the group of every row.
    pub(crate) fn push(&self, column: &Column, out: &mut Vec<u16>) {
        match (column, &self.rule) {
            (Column::Codes { codes, .. }, _) => out.extend(
                codes
                    .iter()
                    .map(|c| if *c == MISSING { self.missing } else { u16::try_from(*c).unwrap_or(self.missing) }),
            ),
            (Column::Number(values), Rule::Numbers(by_bits)) => out.extend(values.iter().map(|x| {
                let code = if x.is_nan() { None } else { by_bits.get(&(x + 0.0).to_bits()).copied() };
                code.unwrap_or(self.missing)
            })),
            (Column::Number(values), Rule::Bins(bins)) => {
                out.extend(values.iter().map(|x| {
                    if x.is_nan() { self.missing } else { u16::try_from(bins.bin(*x)).unwrap_or(self.missing) }
                }));
            }
            (Column::Number(values), Rule::Levels) => out.extend(values.iter().map(|_| self.missing)),
        }
    }
}

fn numeric_rule(
    name: &str,
    test: (&Dataset, usize),
    train: Option<(&Dataset, usize)>,
    bins: Option<&BinRule>,
    sample: &[f64],
    notes: &mut Vec<Note>,
) -> Result<(Rule, Vec<String>), ServiceError> {
    if let Some(rule) = bins {
        let bins = Bins::by_rule(rule, sample);
        let labels = bins.labels().to_vec();
        return Ok((Rule::Bins(bins), labels));
    }
    let mut distinct = sample.to_vec();
    distinct.dedup();
    if distinct.len() <= MAX_NUMBERS_AS_NAMES {
        // The sample of a large column may miss rare values.
        let mut values = distinct_numbers(test.0, test.1, MAX_NUMBERS_AS_NAMES * 4)?;
        if let Some((dataset, column)) = train {
            values.extend(distinct_numbers(dataset, column, MAX_NUMBERS_AS_NAMES * 4)?);
            values.sort_by(f64::total_cmp);
            values.dedup();
        }
        if values.len() <= MAX_NUMBERS_AS_NAMES {
            let codes = values.iter().zip(0_u16..).map(|(x, code)| (x.to_bits(), code)).collect();
            return Ok((Rule::Numbers(codes), values.into_iter().map(number_label).collect()));
        }
    }
    let bins = Bins::by_rule(&BinRule::Quantiles(DEFAULT_QUANTILES), sample);
    let labels = bins.labels().to_vec();
    let text = format!(
        "`{name}` holds numbers, so it was cut into {} groups of about equal size: {}. Give edges that mean something \
         with `{{ column = \"{name}\", edges = […] }}`.",
        labels.len(),
        labels.join(", ")
    );
    notes.push(Note::new(Level::Info, "numeric_groups", text));
    Ok((Rule::Bins(bins), labels))
}

/// The groupers of both parts: sensitive columns, then control columns. A number falls into the same group in both.
pub(crate) fn groupers(
    spec: &RunSpec,
    test: (&Dataset, &Roles),
    train: Option<(&Dataset, &Roles)>,
    notes: &mut Vec<Note>,
) -> Result<(Vec<Grouper>, Vec<Grouper>), ServiceError> {
    let kinds = [(&spec.sensitive, GroupingKind::Sensitive), (&spec.control, GroupingKind::Control)];
    let columns = |roles: &Roles, kind| match kind {
        GroupingKind::Sensitive => roles.sensitive.clone(),
        GroupingKind::Control => roles.control.clone(),
    };
    let (mut of_test, mut of_train) = (Vec::new(), Vec::new());
    for (groupings, kind) in kinds {
        let in_train = train.map(|(_, roles)| columns(roles, kind)).unwrap_or_default();
        for (i, (grouping, column)) in groupings.iter().zip(columns(test.1, kind)).enumerate() {
            let other = train.zip(in_train.get(i)).map(|((dataset, _), column)| (dataset, *column));
            let grouper = Grouper::over(test.0, column, grouping, kind, other, notes)?;
            if let Some((dataset, column)) = other {
                of_train.push(grouper.for_part(dataset, column));
            }
            of_test.push(grouper);
        }
    }
    Ok((of_test, of_train))
}
