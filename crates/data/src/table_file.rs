//! Tables of per-row results as Parquet bytes: the same bytes for the same table.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Float64Array, Int64Array, StringArray, UInt16Array};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

/// A table to be written as Parquet.
///
/// ```
/// use equipoise_data::TableFile;
///
/// let mut table = TableFile::new();
/// table.integers("row", vec![0, 1]);
/// table.numbers("score", vec![0.25, f64::NAN]);
/// assert_eq!(table.columns(), ["row", "score"]);
/// assert_eq!(&table.into_bytes()?[..4], b"PAR1");
/// # Ok::<(), equipoise_data::TableFileError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TableFile {
    columns: Vec<(String, ArrayRef)>,
}

/// Columns of different lengths or names that occur twice.
#[derive(Debug, thiserror::Error)]
#[error("the table cannot be written: {0}")]
pub struct TableFileError(String);

impl TableFileError {
    /// A table that cannot be written, and why.
    pub fn of(problem: impl std::fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

/// How tables are written: nothing of the machine or the clock.
pub(crate) fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("equipoise".to_owned())
        .build()
}

impl TableFile {
    /// A table without columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of whole numbers.
    pub fn integers(&mut self, name: &str, values: Vec<i64>) {
        self.columns.push((name.to_owned(), Arc::new(Int64Array::from(values))));
    }

    /// Adds a column of numbers; NaN becomes null.
    pub fn numbers(&mut self, name: &str, values: Vec<f64>) {
        let array: Float64Array = if values.iter().any(|x| x.is_nan()) {
            values.into_iter().map(|x| Some(x).filter(|x| !x.is_nan())).collect()
        } else {
            Float64Array::from(values)
        };
        self.columns.push((name.to_owned(), Arc::new(array)));
    }

    /// Adds a column of names by code; a code outside of the names becomes null.
    pub fn names(&mut self, name: &str, codes: &[u16], names: &[String]) {
        let keys: UInt16Array = codes.iter().map(|c| Some(*c).filter(|c| usize::from(*c) < names.len())).collect();
        let values: ArrayRef = Arc::new(StringArray::from_iter_values(names));
        // The keys were checked against the names just above.
        if let Ok(array) = DictionaryArray::try_new(keys, values) {
            self.columns.push((name.to_owned(), Arc::new(array)));
        }
    }

    /// Names of the columns in order.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The table as Parquet (Zstandard).
    ///
    /// # Errors
    /// When columns differ in length.
    pub fn into_bytes(self) -> Result<Vec<u8>, TableFileError> {
        let batch = self.into_batch()?;
        let mut writer =
            ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties())).map_err(TableFileError::of)?;
        writer.write(&batch).map_err(TableFileError::of)?;
        writer.into_inner().map_err(TableFileError::of)
    }

    pub(crate) fn into_batch(self) -> Result<RecordBatch, TableFileError> {
        // Parts of a table must have the same columns whether or not a value is missing in them.
        let columns = self.columns.into_iter().map(|(name, array)| (name, array, true));
        RecordBatch::try_from_iter_with_nullable(columns).map_err(TableFileError::of)
    }
}
