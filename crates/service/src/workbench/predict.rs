//! What the model says of rows that somebody wrote down.

use equipoise_data::{ColumnInfo, Dataset, MemoryColumn, Target};
use equipoise_document::{ColumnType, Task};
use equipoise_models::Binding;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Workbench, kind_name};
use crate::ServiceError;
use crate::World;
use crate::roles::Roles;
use crate::score::{Scoring, score};

/// What the model says of one row.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Prediction {
    /// The class; none for numbers.
    pub predicted: Option<String>,
    /// Probability of each class, where the model gives them.
    pub probability: Option<Vec<f64>>,
    /// The number, for numbers.
    pub value: Option<f64>,
}

impl Workbench {
    /// Asks the model about rows; a feature that is not given is missing.
    ///
    /// # Errors
    /// When there is no model, a column is unknown, a value does not fit its column, or the model cannot say anything of
    /// a row.
    pub fn predict(&self, rows: &[Map<String, Value>], world: &World) -> Result<Vec<Prediction>, ServiceError> {
        let opened = &self.opened;
        let Some(model) = opened.model.as_ref().map(|m| m.model.as_ref()) else {
            return Err(ServiceError::column(
                "there is no model to ask: the assessment was made from a column of predictions",
                "run it again with `--model`",
            ));
        };
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let schema = opened.test.dataset.schema();
        for name in rows.iter().flat_map(Map::keys) {
            if schema.index_of(name).is_none() {
                return Err(equipoise_data::unknown_column(name, schema).into());
            }
        }
        let target = opened.test.roles.target;
        let columns = schema.columns.iter().enumerate().map(|(i, info)| {
            let is_weight = Some(i) == opened.test.roles.weight;
            let column = if i == target || is_weight { self.stand_in(info, is_weight, rows.len()) } else { None };
            Ok((info.name.clone(), column.map_or_else(|| column_of(info, rows), Ok)?))
        });
        let dataset = Dataset::from_columns(columns.collect::<Result<_, ServiceError>>()?)?;
        let roles = Roles::find(&opened.spec, dataset.schema(), true)?;
        let binding = Binding::new(model.info(), dataset.schema(), &opened.features)?;
        let scoring = Scoring {
            spec: &opened.spec,
            roles: &roles,
            outcome: &opened.outcome,
            groupers: &[],
            model: Some((model, &binding)),
            wants_predictions: true,
        };
        let frame = score(&scoring, &dataset, world)?.frame;
        if frame.n_rows() != rows.len() {
            return Err(ServiceError::column(
                "the model gives no number for one of the rows",
                "fill in the values that it cannot do without",
            ));
        }
        let width = frame.probability_width();
        Ok(frame.with_all(|all| {
            let probability = |i: usize| {
                let p = all.probability?.get(i * width..(i + 1) * width)?;
                Some(if let [p] = p { vec![1.0 - p, *p] } else { p.to_vec() })
            };
            let one = |i: usize| match all.predicted? {
                Target::Class(codes) => Some(Prediction {
                    predicted: frame.classes.get(usize::from(*codes.get(i)?)).cloned(),
                    probability: probability(i),
                    value: None,
                }),
                Target::Value(values) => {
                    Some(Prediction { predicted: None, probability: None, value: values.get(i).copied() })
                }
            };
            (0..rows.len()).filter_map(one).collect()
        }))
    }

    /// A truth or a weight for rows that have none: scoring leaves such rows out.
    fn stand_in(&self, info: &ColumnInfo, is_weight: bool, n: usize) -> Option<MemoryColumn> {
        if is_weight {
            return Some(MemoryColumn::Numbers(vec![1.0; n]));
        }
        if self.opened.outcome.task == Task::Regression {
            return Some(MemoryColumn::Numbers(vec![0.0; n]));
        }
        let class = self.opened.outcome.classes.first()?;
        Some(match info.column_type {
            ColumnType::Numeric => MemoryColumn::Numbers(vec![class.parse().ok()?; n]),
            ColumnType::Boolean => MemoryColumn::Booleans(vec![Some(class == "true"); n]),
            _ => MemoryColumn::Names(vec![Some(class.clone()); n]),
        })
    }
}

/// The values of a column in the rows, in the column's type.
fn column_of(info: &ColumnInfo, rows: &[Map<String, Value>]) -> Result<MemoryColumn, ServiceError> {
    let wrong = |row: usize, value: &Value| {
        ServiceError::column(
            format!("`{}` of row {} is {value}, where a {} is needed", info.name, row + 1, kind_name(info.column_type)),
            "write a value as it stands in the data, or leave it out if it is missing",
        )
    };
    let of = |row: &Map<String, Value>| row.get(&info.name).cloned().unwrap_or(Value::Null);
    let numbers = |read: &dyn Fn(&Value) -> Option<f64>| {
        let one = |(i, row): (usize, &Map<String, Value>)| match of(row) {
            Value::Null => Ok(f64::NAN),
            value => read(&value).filter(|x| x.is_finite()).ok_or_else(|| wrong(i, &value)),
        };
        rows.iter().enumerate().map(one).collect::<Result<Vec<f64>, _>>()
    };
    Ok(match info.column_type {
        ColumnType::Numeric => {
            MemoryColumn::Numbers(numbers(&|v| v.as_f64().or_else(|| v.as_str()?.trim().parse().ok()))?)
        }
        ColumnType::Datetime => MemoryColumn::Datetimes(numbers(&seconds)?),
        ColumnType::Boolean => {
            let one = |(i, row): (usize, &Map<String, Value>)| match of(row) {
                Value::Null => Ok(None),
                Value::Bool(b) => Ok(Some(b)),
                value => value.as_str().and_then(|s| s.parse().ok()).map(Some).ok_or_else(|| wrong(i, &value)),
            };
            MemoryColumn::Booleans(rows.iter().enumerate().map(one).collect::<Result<_, _>>()?)
        }
        ColumnType::Categorical | ColumnType::Text => {
            let one = |(i, row): (usize, &Map<String, Value>)| match of(row) {
                Value::Null => Ok(None),
                Value::String(name) => Ok(Some(name)),
                Value::Number(number) => Ok(Some(number.to_string())),
                Value::Bool(b) => Ok(Some(b.to_string())),
                value => Err(wrong(i, &value)),
            };
            MemoryColumn::Names(rows.iter().enumerate().map(one).collect::<Result<_, _>>()?)
        }
    })
}

/// A date as seconds since 1970, from a number of seconds or ISO 8601.
fn seconds(value: &Value) -> Option<f64> {
    if let Some(number) = value.as_f64() {
        return Some(number);
    }
    let text = value.as_str()?.trim();
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of four-digit years are below 2^53")]
    let of = |ms: i64| ms as f64 / 1e3;
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(of(at.as_millisecond()));
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| of(z.timestamp().as_millisecond()))
}
