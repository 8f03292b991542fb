//! Tables of per-row results that are too long for memory, written part by part.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;

use crate::table_file::{TableFile, TableFileError, properties};

/// Rows in one row group of the file.
const GROUP_ROWS: usize = 131_072;

/// Writes a table as Parquet (Zstandard) in parts of the same columns; the same parts give the same bytes.
///
/// ```
/// use equipoise_data::{TableFile, TableWriter};
///
/// let mut writer = TableWriter::new(Vec::new());
/// for start in [0, 2] {
///     let mut part = TableFile::new();
///     part.integers("row", vec![start, start + 1]);
///     writer.push(part)?;
/// }
/// assert_eq!((writer.n_rows(), writer.columns()), (4, vec!["row".to_owned()]));
/// assert_eq!(&writer.finish()?[..4], b"PAR1");
/// # Ok::<(), equipoise_data::TableFileError>(())
/// ```
pub struct TableWriter<W: Write + Send> {
    /// Taken when the first part shows the columns.
    out: Option<W>,
    writer: Option<(SchemaRef, ArrowWriter<W>)>,
    n_rows: u64,
    n_open: usize,
}

impl<W: Write + Send> TableWriter<W> {
    /// An empty table that is written to `out`.
    pub fn new(out: W) -> Self {
        Self { out: Some(out), writer: None, n_rows: 0, n_open: 0 }
    }

    /// Appends rows.
    ///
    /// # Errors
    /// When the columns differ in length or from those of the first part, or `out` cannot be written.
    pub fn push(&mut self, part: TableFile) -> Result<(), TableFileError> {
        let batch = part.into_batch()?;
        if let Some(out) = self.out.take() {
            let schema = batch.schema();
            let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties())).map_err(TableFileError::of)?;
            self.writer = Some((schema, writer));
        }
        let Some((schema, writer)) = &mut self.writer else { return Ok(()) };
        if *schema != batch.schema() {
            return Err(TableFileError::of("a part has other columns than the first"));
        }
        writer.write(&batch).map_err(TableFileError::of)?;
        self.n_rows += batch.num_rows() as u64;
        self.n_open += batch.num_rows();
        if self.n_open >= GROUP_ROWS {
            writer.flush().map_err(TableFileError::of)?;
            self.n_open = 0;
        }
        Ok(())
    }

    /// Rows so far.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Names of the columns; none before the first part.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.writer.iter().flat_map(|(schema, _)| schema.fields().iter().map(|f| f.name().clone())).collect()
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When there was no part, or `out` cannot be written.
    pub fn finish(self) -> Result<W, TableFileError> {
        match self.writer {
            Some((_, writer)) => writer.into_inner().map_err(TableFileError::of),
            None => Err(TableFileError::of("it has no columns")),
        }
    }
}
