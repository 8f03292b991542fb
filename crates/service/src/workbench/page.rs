//! Some rows to look at: those of a condition, in the order of a column, a page of them.

use std::sync::{Arc, PoisonError};

use equipoise_data::{Column, Frame, MISSING, Rows, Schema, unknown_column};
use equipoise_document::{ColumnRole, ColumnType, Task};
use equipoise_kernels::Merge;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::{Workbench, kind_name};
use crate::ServiceError;
use crate::cohorts::{SPECIAL, special_column};

/// Rows on a page at most.
const MOST_ROWS: usize = 10_000;

/// Names of a column that are listed.
const MOST_LEVELS: usize = 1_000;

/// A column that can be shown, filtered and sorted by.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ColumnView {
    /// Name; those that begin with `_` tell what the model said.
    pub name: String,
    /// `number`, `category`, `boolean`, `datetime` or `text`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it is for.
    pub roles: Vec<ColumnRole>,
    /// Rows without a value.
    pub n_missing: u64,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// The first thousand names.
    pub levels: Vec<String>,
    /// Number of different names.
    pub n_levels: u64,
}

/// Which rows, in which order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PageQuery {
    /// The condition; all rows without one.
    pub predicate: Option<String>,
    /// Rows to pass over.
    pub offset: usize,
    /// Rows to give; 200 unless said, 10,000 at most.
    pub limit: Option<usize>,
    /// The column to sort by; the order of the data without one.
    pub sort: Option<String>,
    /// Largest first.
    pub descending: bool,
    /// Names of the columns, with commas between; all without it.
    pub columns: Option<String>,
}

/// Some rows.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Page {
    /// Rows that fulfil the condition.
    pub n: u64,
    /// Rows that were passed over.
    pub offset: u64,
    /// Names of the columns; `_index` is the first.
    pub columns: Vec<String>,
    /// One list of values for each row: numbers, names, true and false, none.
    pub rows: Vec<Vec<Value>>,
}

/// Predicate, column, and whether the largest come first.
pub(super) type OrderKey = (Option<String>, String, bool);

/// The values of a column in some rows, to sort by.
enum Keys {
    Numbers(Vec<f64>),
    /// Places of names in their order; the last place is for none.
    Ranks(Vec<u32>),
}

impl Merge for Keys {
    fn merge_from(&mut self, other: Self) {
        match (self, other) {
            (Self::Numbers(a), Self::Numbers(b)) => a.extend(b),
            (Self::Ranks(a), Self::Ranks(b)) => a.extend(b),
            (mine, other) => *mine = other,
        }
    }
}

struct Lines(Vec<Vec<Value>>);

impl Merge for Lines {
    fn merge_from(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl Workbench {
    /// The columns of the data, and what the model said.
    #[must_use]
    pub fn columns(&self) -> Vec<ColumnView> {
        let part = &self.opened.test;
        let summary = part.roles.summary("test", part.dataset.schema(), part.dataset.n_rows());
        let of_data = part.dataset.schema().columns.iter().zip(summary.columns).map(|(info, s)| ColumnView {
            name: info.name.clone(),
            kind: kind_name(info.column_type),
            roles: s.roles,
            n_missing: info.n_missing,
            min: info.min,
            max: info.max,
            levels: info.levels.iter().take(MOST_LEVELS).cloned().collect(),
            n_levels: info.levels.len() as u64,
        });
        of_data.chain(SPECIAL.iter().map(|name| self.special_view(name))).collect()
    }

    /// How a column that tells what the model said looks.
    fn special_view(&self, name: &str) -> ColumnView {
        let outcome = &self.opened.outcome;
        let is_regression = outcome.task == Task::Regression;
        let levels: Vec<String> = match name {
            "_true" | "_predicted" if !is_regression => outcome.classes.clone(),
            "_outcome" if outcome.task == Task::Binary => ["tn", "fp", "fn", "tp"].map(str::to_owned).to_vec(),
            "_outcome" if !is_regression => ["incorrect", "correct"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        #[allow(clippy::cast_precision_loss, reason = "row numbers fit 32 bits")]
        let range = match name {
            "_index" => Some((0.0, self.opened.test.dataset.n_rows().saturating_sub(1) as f64)),
            "_probability" if self.opened.frame.has_probability() => Some((0.0, 1.0)),
            "_error" if !is_regression => Some((0.0, 1.0)),
            _ => None,
        };
        ColumnView {
            name: name.to_owned(),
            kind: if levels.is_empty() && name != "_outcome" { "number" } else { "category" },
            roles: Vec::new(),
            n_missing: 0,
            min: range.map(|r| r.0),
            max: range.map(|r| r.1),
            n_levels: levels.len() as u64,
            levels,
        }
    }

    /// A page of rows.
    ///
    /// # Errors
    /// When a column is unknown, or the condition cannot be read.
    pub fn rows(&self, query: &PageQuery) -> Result<Page, ServiceError> {
        let frame = &self.opened.frame;
        let places: Option<Arc<[u32]>> = match &query.predicate {
            None => None,
            Some(predicate) => Some(self.selection(predicate)?.places),
        };
        let n = places.as_ref().map_or(frame.n_rows(), |p| p.len());
        let limit = query.limit.unwrap_or(200).min(MOST_ROWS);
        let range = query.offset.min(n)..query.offset.saturating_add(limit).min(n);
        let ordered = match &query.sort {
            None => places,
            Some(column) => Some(self.sorted(query.predicate.clone(), column, query.descending, places.as_deref())?),
        };
        let wanted: Vec<u32> = match ordered {
            Some(places) => places.get(range).unwrap_or_default().to_vec(),
            #[allow(clippy::cast_possible_truncation, reason = "row numbers fit 32 bits")]
            None => range.map(|i| i as u32).collect(),
        };
        let names = self.wanted_columns(query.columns.as_deref())?;
        // Parts keep the order of the data, so the rows are fetched in it and put in the wanted one.
        let mut ascending = wanted.clone();
        ascending.sort_unstable();
        let part = frame.part(&ascending).map_err(|e| ServiceError::column(e.to_string(), "ask for other rows"))?;
        let mut lines = self.lines(&part, &names)?;
        let rows = wanted.iter().map(|place| {
            let at = ascending.partition_point(|p| p < place);
            lines.get_mut(at).map(std::mem::take).unwrap_or_default()
        });
        Ok(Page { n: n as u64, offset: query.offset as u64, rows: rows.collect(), columns: names })
    }

    fn wanted_columns(&self, given: Option<&str>) -> Result<Vec<String>, ServiceError> {
        let schema = self.opened.test.dataset.schema();
        let all = || SPECIAL.iter().map(|s| (*s).to_owned()).chain(schema.names().map(str::to_owned));
        let named: Vec<String> = match given {
            None => all().filter(|n| n != "_index").collect(),
            Some(names) => names.split(',').filter(|n| !n.is_empty() && *n != "_index").map(str::to_owned).collect(),
        };
        for name in &named {
            if schema.index_of(name).is_none() && !SPECIAL.contains(&name.as_str()) {
                return Err(unknown_column(name, schema).into());
            }
        }
        Ok(std::iter::once("_index".to_owned()).chain(named).collect())
    }

    fn lines(&self, part: &Frame, names: &[String]) -> Result<Vec<Vec<Value>>, ServiceError> {
        let dataset = &self.opened.test.dataset;
        let schema = dataset.schema();
        let own: Vec<usize> = names.iter().filter_map(|n| schema.index_of(n)).collect();
        let lines = part.reduce_with(
            0,
            dataset,
            &own,
            || Lines(Vec::new()),
            |lines: &mut Lines, rows: &Rows<'_>, columns: &[Column]| {
                let mut of_data = columns.iter();
                let columns: Vec<(Column, ColumnType)> = names
                    .iter()
                    .filter_map(|name| match schema.get(name) {
                        Some(info) => of_data.next().map(|c| (c.clone(), info.column_type)),
                        None => Some((special_column(name, part, rows), ColumnType::Numeric)),
                    })
                    .collect();
                lines.0.extend((0..rows.len()).map(|i| columns.iter().map(|(c, kind)| value(c, *kind, i)).collect()));
            },
        )?;
        Ok(lines.0)
    }

    /// Places of the frame in the order of a column; rows without a value come last, equal ones in the order of the data.
    fn sorted(
        &self,
        predicate: Option<String>,
        column: &str,
        descending: bool,
        places: Option<&[u32]>,
    ) -> Result<Arc<[u32]>, ServiceError> {
        let key: OrderKey = (predicate, column.to_owned(), descending);
        {
            let kept = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, order)) = kept.as_ref().filter(|(k, _)| *k == key) {
                return Ok(Arc::clone(order));
            }
        }
        let frame = self.frame(key.0.as_deref())?;
        let keys = self.keys(&frame, column)?;
        #[allow(clippy::cast_possible_truncation, reason = "row numbers fit 32 bits")]
        let mut order: Vec<u32> = (0..frame.n_rows() as u32).collect();
        match keys {
            Keys::Numbers(values) => {
                let of = |i: &u32| values.get(*i as usize).copied().unwrap_or(f64::NAN);
                order.sort_by(|a, b| {
                    let (a, b) = (of(a), of(b));
                    let by_value = if descending { b.total_cmp(&a) } else { a.total_cmp(&b) };
                    a.is_nan().cmp(&b.is_nan()).then(by_value)
                });
            }
            Keys::Ranks(ranks) => {
                let of = |i: &u32| ranks.get(*i as usize).copied().unwrap_or(MISSING);
                order.sort_by(|a, b| {
                    let (a, b) = (of(a), of(b));
                    let by_value = if descending { b.cmp(&a) } else { a.cmp(&b) };
                    (a == MISSING).cmp(&(b == MISSING)).then(by_value)
                });
            }
        }
        let order: Arc<[u32]> = match places {
            None => order.into(),
            Some(places) => order.iter().filter_map(|i| places.get(*i as usize).copied()).collect(),
        };
        *self.order.lock().unwrap_or_else(PoisonError::into_inner) = Some((key, Arc::clone(&order)));
        Ok(order)
    }

    fn keys(&self, frame: &Frame, column: &str) -> Result<Keys, ServiceError> {
        let dataset = &self.opened.test.dataset;
        let schema = dataset.schema();
        let own = sort_column(schema, column)?;
        let keys = frame.reduce_with(
            0,
            dataset,
            own.as_slice(),
            || None,
            |state: &mut Option<Keys>, rows: &Rows<'_>, columns: &[Column]| {
                let special;
                let values = match columns.first() {
                    Some(values) => values,
                    None => {
                        special = special_column(column, frame, rows);
                        &special
                    }
                };
                let more = match values {
                    Column::Number(values) => Keys::Numbers(values.to_vec()),
                    Column::Codes { codes, levels } => {
                        let ranks = ranks(levels);
                        Keys::Ranks(codes.iter().map(|c| ranks.get(*c as usize).copied().unwrap_or(MISSING)).collect())
                    }
                };
                state.merge_from(Some(more));
            },
        )?;
        Ok(keys.unwrap_or(Keys::Numbers(Vec::new())))
    }
}

/// The column of the data to sort by; none for one that tells what the model said.
fn sort_column(schema: &Schema, column: &str) -> Result<Option<usize>, ServiceError> {
    let info = schema.get(column);
    if info.is_some_and(|c| c.column_type == ColumnType::Text) {
        return Err(ServiceError::column(
            format!("the rows cannot be sorted by `{column}`, which holds free text"),
            "sort by another column",
        ));
    }
    match schema.index_of(column) {
        None if !SPECIAL.contains(&column) => Err(unknown_column(column, schema).into()),
        own => Ok(own),
    }
}

/// The place of each name in their order.
fn ranks(levels: &[String]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by_key(|i| levels.get(*i));
    let mut ranks = vec![0; levels.len()];
    for (rank, i) in (0..).zip(order) {
        if let Some(place) = ranks.get_mut(i) {
            *place = rank;
        }
    }
    ranks
}

/// A value as JSON: numbers, names, true and false; dates as text; none where it is missing.
fn value(column: &Column, kind: ColumnType, row: usize) -> Value {
    match column {
        Column::Number(values) => {
            let Some(x) = values.get(row).copied().filter(|x| x.is_finite()) else { return Value::Null };
            match kind {
                ColumnType::Datetime => date(x).map_or(Value::Null, Value::String),
                _ => number(x),
            }
        }
        Column::Codes { codes, levels } => {
            let Some(name) = codes.get(row).and_then(|c| levels.get(*c as usize)) else { return Value::Null };
            match (kind, name.as_str()) {
                (ColumnType::Boolean, "true") => Value::Bool(true),
                (ColumnType::Boolean, "false") => Value::Bool(false),
                _ => Value::String(name.clone()),
            }
        }
    }
}

/// A number without a fraction as one.
fn number(x: f64) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "below 2^53 it is exact")]
    let whole = (x.fract() == 0.0 && x.abs() < 9e15).then_some(x as i64);
    whole.map_or_else(|| Number::from_f64(x).map_or(Value::Null, Value::Number), Value::from)
}

/// Seconds since 1970 as ISO 8601 in UTC.
fn date(seconds: f64) -> Option<String> {
    #[allow(clippy::cast_possible_truncation, reason = "dates of four-digit years fit")]
    let at = jiff::Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok()?;
    let text = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    Some(text.strip_suffix("T00:00:00").map_or_else(|| format!("{text}Z"), str::to_owned))
}
