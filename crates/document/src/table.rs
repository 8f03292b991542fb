//! Typed tables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EstimateId, Unit};

/// A typed table, stored by column. Invariant: all columns have the same length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Id within the section.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The columns.
    pub columns: Vec<TableColumn>,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TableColumn {
    /// Id within the table.
    pub id: String,
    /// Heading for people.
    pub title: String,
    /// Unit of its numbers.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub unit: Unit,
    /// The cells.
    #[serde(flatten)]
    pub cells: Cells,
}

fn is_plain(unit: &Unit) -> bool {
    *unit == Unit::Plain
}

/// The cells of a column, by type. A missing cell is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "values", rename_all = "snake_case")]
pub enum Cells {
    /// Words.
    Text(Vec<Option<String>>),
    /// Numbers; never NaN.
    Number(Vec<Option<f64>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Yes or no.
    Boolean(Vec<Option<bool>>),
    /// Ids of estimates of the same section, whose numbers are shown here.
    Estimate(Vec<Option<EstimateId>>),
}

impl Cells {
    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(v) => v.len(),
            Self::Number(v) => v.len(),
            Self::Integer(v) => v.len(),
            Self::Boolean(v) => v.len(),
            Self::Estimate(v) => v.len(),
        }
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(id: &str, title: &str) -> Self {
        Self { id: id.to_owned(), title: title.to_owned(), columns: Vec::new() }
    }

    /// Adds a column.
    #[must_use]
    pub fn column(mut self, column: TableColumn) -> Self {
        self.columns.push(column);
        self
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.cells.len())
    }

    /// The column with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|c| c.id == id)
    }
}

impl TableColumn {
    fn of(id: &str, title: &str, cells: Cells) -> Self {
        Self { id: id.to_owned(), title: title.to_owned(), unit: Unit::Plain, cells }
    }

    /// A column of words.
    pub fn text<S: Into<String>>(id: &str, title: &str, values: impl IntoIterator<Item = S>) -> Self {
        Self::of(id, title, Cells::Text(values.into_iter().map(|v| Some(v.into())).collect()))
    }

    /// A column of numbers; what is not finite becomes missing.
    pub fn number(id: &str, title: &str, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self::of(id, title, Cells::Number(values.into_iter().map(|v| v.filter(|x| x.is_finite())).collect()))
    }

    /// A column of whole numbers.
    pub fn integer(id: &str, title: &str, values: impl IntoIterator<Item = Option<i64>>) -> Self {
        Self::of(id, title, Cells::Integer(values.into_iter().collect()))
    }

    /// A column of row counts.
    pub fn rows(id: &str, title: &str, values: impl IntoIterator<Item = u64>) -> Self {
        let cells = values.into_iter().map(|v| i64::try_from(v).ok()).collect();
        Self::of(id, title, Cells::Integer(cells)).with_unit(Unit::Rows)
    }

    /// A column of yes or no.
    pub fn boolean(id: &str, title: &str, values: impl IntoIterator<Item = Option<bool>>) -> Self {
        Self::of(id, title, Cells::Boolean(values.into_iter().collect()))
    }

    /// A column that shows estimates of the same section.
    pub fn estimate(id: &str, title: &str, ids: impl IntoIterator<Item = Option<EstimateId>>) -> Self {
        Self::of(id, title, Cells::Estimate(ids.into_iter().collect()))
    }

    /// Sets the unit.
    #[must_use]
    pub fn with_unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }
}
