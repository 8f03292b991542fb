//! The columns that are looked at, and what each is for.

use std::collections::BTreeSet;

use equipoise_data::{ColumnInfo, Schema, nearest};
use equipoise_document::{ColumnRole, ColumnType, RunSpec};

use super::leakage::Power;
use super::params::{Params, wrong};
use crate::AnalysisError;

/// A column of the data.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub(super) name: String,
    /// Place in the test data.
    pub(super) place: usize,
    /// Place in the training data, where it has the same kind of values.
    pub(super) train: Option<usize>,
    pub(super) column_type: ColumnType,
    pub(super) roles: Vec<ColumnRole>,
}

/// How the values of a column are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers and dates.
    Number,
    /// Names out of a known list.
    Names,
    /// Free text.
    Text,
}

impl Looked {
    pub(super) fn kind(&self) -> Kind {
        kind_of(self.column_type)
    }

    pub(super) fn has(&self, role: ColumnRole) -> bool {
        self.roles.contains(&role)
    }

    /// True for what a model could learn from: features and sensitive columns, but not the target itself.
    pub(super) fn is_input(&self) -> bool {
        self.has(ColumnRole::Feature) && !self.has(ColumnRole::Target)
    }

    /// True for what tells rows apart: all columns but the target and those that name, weigh or foretell.
    pub(super) fn is_content(&self) -> bool {
        let others =
            [ColumnRole::Target, ColumnRole::Prediction, ColumnRole::Probability, ColumnRole::Weight, ColumnRole::Id];
        !others.iter().any(|role| self.has(*role))
    }

    /// The roles in words.
    pub(super) fn role_words(&self) -> String {
        if self.roles.is_empty() {
            return "not used".to_owned();
        }
        let word = |role: &ColumnRole| match role {
            ColumnRole::Target => "target",
            ColumnRole::Prediction => "prediction",
            ColumnRole::Probability => "probability",
            ColumnRole::Weight => "weight",
            ColumnRole::Sensitive => "sensitive",
            ColumnRole::Control => "control",
            ColumnRole::Feature => "feature",
            ColumnRole::Id => "id",
            ColumnRole::Dropped => "dropped",
        };
        self.roles.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

pub(super) fn kind_of(column_type: ColumnType) -> Kind {
    match column_type {
        ColumnType::Numeric | ColumnType::Datetime => Kind::Number,
        ColumnType::Categorical | ColumnType::Boolean => Kind::Names,
        ColumnType::Text => Kind::Text,
    }
}

/// All columns of the test data in file order.
pub(super) fn all(spec: &RunSpec, features: &[String], schema: &Schema, train: Option<&Schema>) -> Vec<Looked> {
    let features: BTreeSet<&str> = features.iter().map(String::as_str).collect();
    let one = |(place, info): (usize, &ColumnInfo)| {
        let same_kind = |(_, other): &(usize, &ColumnInfo)| {
            other.name == info.name && kind_of(other.column_type) == kind_of(info.column_type)
        };
        let train = train.and_then(|t| t.columns.iter().enumerate().find(same_kind)).map(|(place, _)| place);
        Looked {
            name: info.name.clone(),
            place,
            train,
            column_type: info.column_type,
            roles: roles(spec, &features, &info.name),
        }
    };
    schema.columns.iter().enumerate().map(one).collect()
}

fn roles(spec: &RunSpec, features: &BTreeSet<&str>, name: &str) -> Vec<ColumnRole> {
    let is = |field: &Option<String>| field.as_deref() == Some(name);
    let among = |list: &[String]| list.iter().any(|other| other == name);
    [
        (is(&spec.target), ColumnRole::Target),
        (is(&spec.prediction), ColumnRole::Prediction),
        (among(&spec.probability), ColumnRole::Probability),
        (is(&spec.weight), ColumnRole::Weight),
        (spec.sensitive.iter().any(|g| g.column() == name), ColumnRole::Sensitive),
        (spec.control.iter().any(|g| g.column() == name), ColumnRole::Control),
        (features.contains(name), ColumnRole::Feature),
        (among(&spec.id), ColumnRole::Id),
        (among(&spec.drop), ColumnRole::Dropped),
    ]
    .into_iter()
    .filter_map(|(has, role)| has.then_some(role))
    .collect()
}

/// Places among `columns` of those that are drawn, and how many were left out for want of room. Of too many features those
/// that tell most of the target are drawn (`powers`, most telling first), in the order of the data.
pub(super) fn drawn(
    params: &Params,
    columns: &[Looked],
    powers: &[Power],
) -> Result<(Vec<usize>, usize), AnalysisError> {
    let most = params.max_columns as usize;
    if let Some(asked) = &params.columns {
        let places = asked.iter().map(|name| find(columns, name, "columns")).collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        let mut places: Vec<usize> = places.into_iter().filter(|place| seen.insert(*place)).collect();
        let rest = places.len().saturating_sub(most);
        places.truncate(most);
        return Ok((places, rest));
    }
    let rank = |looked: &Looked| {
        if looked.has(ColumnRole::Target) {
            0
        } else if looked.has(ColumnRole::Sensitive) {
            1
        } else {
            2
        }
    };
    let mut places: Vec<usize> = Vec::new();
    for wanted in 0..3 {
        let of_rank = columns.iter().enumerate().filter(|(_, c)| {
            let is_shown = c.is_input() || c.has(ColumnRole::Target) || c.has(ColumnRole::Sensitive);
            is_shown && c.kind() != Kind::Text && rank(c) == wanted
        });
        let mut of_rank: Vec<usize> = of_rank.map(|(place, _)| place).collect();
        let room = most.saturating_sub(places.len());
        if of_rank.len() > room && wanted == 2 {
            let told = powers.iter().map(|p| p.place).filter(|place| of_rank.contains(place));
            let mut best: Vec<usize> = told.take(room).collect();
            let others = of_rank.iter().copied().filter(|place| !best.contains(place));
            let others: Vec<usize> = others.collect();
            best.sort_unstable();
            of_rank = best.into_iter().chain(others).collect();
        }
        places.extend(of_rank);
    }
    let rest = places.len().saturating_sub(most);
    places.truncate(most);
    Ok((places, rest))
}

/// The place of a column that a parameter names.
pub(super) fn find(columns: &[Looked], name: &str, parameter: &str) -> Result<usize, AnalysisError> {
    if let Some(place) = columns.iter().position(|c| c.name == name) {
        return Ok(place);
    }
    let hint = match nearest(name, columns.iter().map(|c| c.name.as_str())) {
        Some(near) => format!("the nearest name is `{near}`"),
        None => "name columns of the data".to_owned(),
    };
    wrong(parameter, format!("column `{name}` is not in the dataset"), &hint)
}
