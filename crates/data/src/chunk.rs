//! Rows as analyses and models meet them: plain columns, one partition at a time.

use std::sync::Arc;

use equipoise_document::ColumnType;

use crate::Shared;

/// Code of a missing value in a column of names.
pub const MISSING: u32 = u32::MAX;

/// Rows in one partition. Every pass over rows is cut here, whatever the engine and the number of threads,
/// so that floating sums come out the same.
pub const PARTITION_ROWS: usize = 65_536;

/// What is known of a dataset's columns after it was read once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The columns in file order.
    pub columns: Vec<ColumnInfo>,
}

/// What is known of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnInfo {
    /// Name.
    pub name: String,
    /// How its values are understood.
    pub column_type: ColumnType,
    /// The different values in order (categorical and boolean columns); codes index it. Text columns have
    /// none here: each chunk brings its own.
    pub levels: Arc<[String]>,
    /// Rows without a value.
    pub n_missing: u64,
    /// Rows whose number is infinite; they count neither as missing nor in `min`, `max` and `sample`.
    pub n_infinite: u64,
    /// Smallest finite number.
    pub min: Option<f64>,
    /// Largest finite number.
    pub max: Option<f64>,
    /// Up to [`SAMPLE_ROWS`] of its finite numbers in ascending order: all of them in small data, otherwise those
    /// of rows picked by hashing the row number. Quantile bins are cut from it.
    pub sample: Arc<[f64]>,
}

/// Numbers kept per column for cutting quantile bins.
pub const SAMPLE_ROWS: usize = 65_536;

/// Some rows of some columns. Invariant: every column has `n_rows` values.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Number of the first row in the dataset.
    pub start: usize,
    /// Number of rows.
    pub n_rows: usize,
    /// The asked columns in the asked order.
    pub columns: Vec<Column>,
}

/// The values of one column in one chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers and dates; NaN is missing.
    Number(Shared<f64>),
    /// Names: `codes[i]` indexes `levels`, or is [`MISSING`].
    Codes {
        /// One code per row.
        codes: Shared<u32>,
        /// The names.
        levels: Arc<[String]>,
    },
}

impl Column {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Codes { codes, .. } => codes.len(),
        }
    }

    /// True when there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Schema {
    /// Index of the column with this name.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The column with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ColumnInfo> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }
}
