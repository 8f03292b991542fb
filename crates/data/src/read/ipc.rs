//! Arrow's interprocess format: files and streams; and record batches that are in memory already.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use rayon::prelude::*;

use super::arrow_values::{Refused, natural_want, say_type, values_of};
use super::delimited::expected;
use super::files::InputFile;
use super::guard::guarded;
use super::ipc_lengths;
use super::{Asked, Control, Sink};
use crate::PARTITION_ROWS;
use crate::error::{DataError, Place, lower_first};
use crate::values::{Batch, Missing, Values, Want};

/// A column of a typed source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourceColumn {
    pub(crate) name: String,
    /// How it is read unless the user says otherwise; `None` when it cannot be.
    pub(crate) want: Option<Want>,
    /// Its type in words.
    pub(crate) data_type: String,
}

impl SourceColumn {
    pub(crate) fn of(schema: &SchemaRef) -> Vec<Self> {
        let column = |field: &arrow::datatypes::FieldRef| Self {
            name: field.name().clone(),
            want: natural_want(field.data_type()),
            data_type: say_type(field.data_type()),
        };
        schema.fields().iter().map(column).collect()
    }
}

/// Checks that two files have the same columns of the same kinds. A column without any value fits any kind.
pub(crate) fn same_columns(
    columns: &mut [SourceColumn],
    found: &[SourceColumn],
    first: &str,
    file: &str,
) -> Result<(), DataError> {
    let differ =
        |problem: String| Err(DataError::SchemasDiffer { first: first.to_owned(), file: file.to_owned(), problem });
    if columns.len() != found.len() {
        return differ(format!("{} columns against {}", columns.len(), found.len()));
    }
    for (a, b) in columns.iter_mut().zip(found) {
        if a.name != b.name {
            return differ(format!("column `{}` stands where the other has `{}`", a.name, b.name));
        }
        if a.data_type == "null" {
            *a = b.clone();
        } else if a.want != b.want && b.data_type != "null" {
            return differ(format!("column `{}` is {} in one and {} in the other", a.name, a.data_type, b.data_type));
        }
    }
    Ok(())
}

/// One column of a batch as asked, or the row that refuses.
pub(crate) fn convert(
    array: ArrayRef,
    asked: &Asked,
    missing: &Missing,
    file: &str,
    columns: &[SourceColumn],
    first_row: usize,
    format: &'static str,
) -> Result<Values, DataError> {
    values_of(array, asked.ask, missing).map_err(|refused| match refused {
        Refused::Unfit(unfit) => DataError::Unparsable {
            file: file.to_owned(),
            place: Place::Row((first_row + unfit.row + 1) as u64),
            column: columns.get(asked.column).map(|c| c.name.clone()).unwrap_or_default(),
            value: unfit.value,
            expected: expected(asked.ask.want),
        },
        Refused::Arrow(error) => damaged(file, format, &error),
    })
}

/// Arrow files or streams of one schema.
#[derive(Debug)]
pub(crate) struct ArrowFiles {
    files: Vec<InputFile>,
    columns: Vec<SourceColumn>,
    missing: Missing,
}

impl ArrowFiles {
    /// Reads the schemas.
    pub(crate) fn open(files: Vec<InputFile>, missing: Missing) -> Result<Self, DataError> {
        let mut columns: Vec<SourceColumn> = Vec::new();
        let mut first: Option<String> = None;
        for file in &files {
            let found = guarded(&file.name, "Arrow", || Ok(SourceColumn::of(&Batches::open(file, None)?.schema())))?;
            match &first {
                None => {
                    super::check_names(found.iter().map(|c| c.name.as_str()), &file.name)?;
                    columns = found;
                    first = Some(file.name.clone());
                }
                Some(first) => same_columns(&mut columns, &found, first, &file.name)?,
            }
        }
        Ok(Self { files, columns, missing })
    }

    pub(crate) fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    /// Delivers the asked columns of all rows in the file's own batches.
    pub(crate) fn read(&self, asked: &[Asked], control: &Control, sink: Sink<'_>) -> Result<(), DataError> {
        let mut projection: Vec<usize> = asked.iter().map(|a| a.column).collect();
        projection.sort_unstable();
        projection.dedup();
        let mut first_row = 0;
        for file in &self.files {
            let open = || Batches::open(file, Some(projection.clone()));
            let mut batches = guarded(&file.name, "Arrow", open)?;
            loop {
                control.check()?;
                let next = || batches.next().transpose().map_err(|e| damaged(&file.name, "Arrow", &e));
                let Some(batch) = guarded(&file.name, "Arrow", next)? else { break };
                for start in (0..batch.num_rows()).step_by(PARTITION_ROWS) {
                    let piece = batch.slice(start, PARTITION_ROWS.min(batch.num_rows() - start));
                    let column = |asked: &Asked| {
                        let place = projection.binary_search(&asked.column).unwrap_or(usize::MAX);
                        let array = piece.columns().get(place);
                        let array = array.ok_or_else(|| DataError::Changed { file: file.name.clone() })?;
                        guarded(&file.name, "Arrow", || {
                            convert(
                                Arc::clone(array),
                                asked,
                                &self.missing,
                                &file.name,
                                &self.columns,
                                first_row,
                                "Arrow",
                            )
                        })
                    };
                    let columns: Vec<Result<Values, DataError>> = asked.par_iter().map(column).collect();
                    let columns = columns.into_iter().collect::<Result<_, _>>()?;
                    sink(Batch { n_rows: piece.num_rows(), columns })?;
                    first_row += piece.num_rows();
                }
                control.report(first_row as u64, None);
            }
        }
        Ok(())
    }
}

/// Record batches that are in memory.
#[derive(Debug)]
pub(crate) struct RecordBatches {
    name: &'static str,
    batches: Vec<RecordBatch>,
    columns: Vec<SourceColumn>,
    missing: Missing,
}

impl RecordBatches {
    pub(crate) fn new(batches: &[RecordBatch], name: &'static str, missing: Missing) -> Result<Self, DataError> {
        let mut columns = batches.first().map(|b| SourceColumn::of(&b.schema())).unwrap_or_default();
        super::check_names(columns.iter().map(|c| c.name.as_str()), name)?;
        for batch in batches {
            same_columns(&mut columns, &SourceColumn::of(&batch.schema()), "the first batch", "a later batch")?;
        }
        Ok(Self { name, batches: batches.to_vec(), columns, missing })
    }

    pub(crate) fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    pub(crate) fn read(&self, asked: &[Asked], sink: Sink<'_>) -> Result<(), DataError> {
        let mut first_row = 0;
        for batch in &self.batches {
            let column = |asked: &Asked| {
                let array = batch.columns().get(asked.column);
                let array = array.ok_or_else(|| DataError::Changed { file: self.name.to_owned() })?;
                convert(Arc::clone(array), asked, &self.missing, self.name, &self.columns, first_row, "Arrow")
            };
            let columns = asked.par_iter().map(column).collect::<Vec<_>>().into_iter().collect::<Result<_, _>>()?;
            sink(Batch { n_rows: batch.num_rows(), columns })?;
            first_row += batch.num_rows();
        }
        Ok(())
    }
}

/// Batches of a file or a stream.
enum Batches {
    File(Box<FileReader<File>>),
    Stream(Box<StreamReader<BufReader<File>>>),
}

impl Batches {
    fn open(input: &InputFile, projection: Option<Vec<usize>>) -> Result<Self, DataError> {
        let open = || File::open(&input.path).map_err(|e| DataError::io(&input.name, &e));
        let mut magic = Vec::new();
        open()?.take(6).read_to_end(&mut magic).map_err(|e| DataError::io(&input.name, &e))?;
        let is_stream = magic != ipc_lengths::MAGIC;
        if let Err(problem) = ipc_lengths::check(&mut open()?, is_stream) {
            return Err(DataError::Damaged { file: input.name.clone(), format: "Arrow", problem });
        }
        let opened = if is_stream {
            StreamReader::try_new(BufReader::new(open()?), projection).map(|r| Self::Stream(Box::new(r)))
        } else {
            FileReader::try_new(open()?, projection).map(|r| Self::File(Box::new(r)))
        };
        opened.map_err(|e| damaged(&input.name, "Arrow", &e))
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Self::File(reader) => reader.schema(),
            Self::Stream(reader) => arrow::array::RecordBatchReader::schema(reader.as_ref()),
        }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::File(reader) => reader.next(),
            Self::Stream(reader) => reader.next(),
        }
    }
}

fn damaged(file: &str, format: &'static str, error: &ArrowError) -> DataError {
    let text = error.to_string();
    let problem = lower_first(text.split_once("error: ").map_or(text.as_str(), |(_, rest)| rest));
    DataError::Damaged { file: file.to_owned(), format, problem }
}
