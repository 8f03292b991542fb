//! Parquet: only the asked columns are decoded, a share of them on each thread.

mod columns;

use std::fs::File;
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use ::parquet::errors::ParquetError;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;

use super::arrow_values::natural_want;
use super::files::InputFile;
use super::guard::guarded;
use super::ipc::{SourceColumn, convert};
use super::{Asked, Control, Sink};
use crate::PARTITION_ROWS;
use crate::error::{DataError, lower_first};
use crate::values::{Batch, Missing, Values, Want};

/// Parquet files of one schema.
#[derive(Debug)]
pub(crate) struct ParquetFiles {
    files: Vec<(InputFile, ArrowReaderMetadata)>,
    columns: Vec<SourceColumn>,
    missing: Missing,
    n_rows: usize,
}

impl ParquetFiles {
    /// Reads the footers.
    pub(crate) fn open(inputs: Vec<InputFile>, missing: Missing) -> Result<Self, DataError> {
        let mut files: Vec<(InputFile, ArrowReaderMetadata)> = Vec::with_capacity(inputs.len());
        let mut columns: Vec<SourceColumn> = Vec::new();
        let mut n_rows = 0_usize;
        for input in inputs {
            let metadata = guarded(&input.name, "Parquet", || load(&input))?;
            n_rows += usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
            let found = SourceColumn::of(metadata.schema());
            match files.first() {
                None => {
                    super::check_names(found.iter().map(|c| c.name.as_str()), &input.name)?;
                    columns = found;
                }
                Some((first, _)) => super::ipc::same_columns(&mut columns, &found, &first.name, &input.name)?,
            }
            files.push((input, metadata));
        }
        Ok(Self { files, columns, missing, n_rows })
    }

    pub(crate) fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Delivers the asked columns of all rows, row group by row group.
    pub(crate) fn read(&self, asked: &[Asked], control: &Control, sink: Sink<'_>) -> Result<(), DataError> {
        let mut first_row = 0_usize;
        let shares = self.shares(asked);
        for (file, metadata) in &self.files {
            for group in 0..metadata.metadata().num_row_groups() {
                let mut readers = Vec::with_capacity(shares.len());
                for share in &shares {
                    let open = || self.reader(file, metadata, group, asked, share);
                    readers.push(Share { slots: share, reader: guarded(&file.name, "Parquet", open)? });
                }
                let mut decode = |first_row: usize| {
                    let next = |share: &mut Share<'_>| {
                        let next = || share.next(asked, &self.missing, file, &self.columns, first_row);
                        guarded(&file.name, "Parquet", next)
                    };
                    let parts: Vec<_> = readers.par_iter_mut().map(next).collect();
                    gather(parts, asked.len(), &file.name)
                };
                let mut decoded = decode(first_row)?;
                while let Some(batch) = decoded {
                    control.check()?;
                    first_row += batch.n_rows;
                    // The next rows are decoded while these are worked on.
                    let mut next = Ok(None);
                    let taken = rayon::in_place_scope(|scope| {
                        scope.spawn(|_| next = decode(first_row));
                        sink(batch)
                    });
                    taken?;
                    decoded = next?;
                    #[allow(clippy::cast_precision_loss, reason = "a share for a progress bar")]
                    control.report(first_row as u64, Some(first_row as f64 / self.n_rows.max(1) as f64));
                }
            }
        }
        Ok(())
    }

    /// Compressed bytes of each column in all files.
    fn sizes(&self) -> Vec<i64> {
        let mut sizes = vec![0_i64; self.columns.len()];
        for (_, metadata) in &self.files {
            let schema = metadata.parquet_schema();
            for group in metadata.metadata().row_groups() {
                for (leaf, column) in group.columns().iter().enumerate() {
                    if let Some(size) = sizes.get_mut(schema.get_column_root_idx(leaf)) {
                        *size = size.saturating_add(column.compressed_size());
                    }
                }
            }
        }
        sizes
    }

    /// Cuts the asked columns into one share per thread with about as many compressed bytes each.
    fn shares(&self, asked: &[Asked]) -> Vec<Vec<usize>> {
        let sizes = self.sizes();
        let size_of = |slot: &usize| asked.get(*slot).and_then(|a| sizes.get(a.column)).copied().unwrap_or(0);
        let mut slots: Vec<usize> = (0..asked.len()).collect();
        slots.sort_by_key(|slot| (std::cmp::Reverse(size_of(slot)), *slot));
        let n_shares = rayon::current_num_threads().clamp(1, asked.len().max(1));
        let mut shares: Vec<(i64, Vec<usize>)> = vec![(0, Vec::new()); n_shares];
        for slot in slots {
            if let Some((size, share)) = shares.iter_mut().min_by_key(|(size, share)| (*size, share.len())) {
                *size = size.saturating_add(size_of(&slot).max(1));
                share.push(slot);
            }
        }
        shares.into_iter().map(|(_, share)| share).filter(|s| !s.is_empty() || asked.is_empty()).collect()
    }

    fn reader(
        &self,
        file: &InputFile,
        metadata: &ArrowReaderMetadata,
        group: usize,
        asked: &[Asked],
        share: &[usize],
    ) -> Result<ParquetRecordBatchReader, DataError> {
        let opened = File::open(&file.path).map_err(|e| DataError::io(&file.name, &e))?;
        let roots = share.iter().filter_map(|slot| asked.get(*slot)).map(|a| a.column);
        let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
        ParquetRecordBatchReaderBuilder::new_with_metadata(opened, metadata.clone())
            .with_projection(mask)
            .with_row_groups(vec![group])
            .with_batch_size(PARTITION_ROWS)
            .build()
            .map_err(|e| damaged(&file.name, &e))
    }
}

/// Some columns of a row group, read side by side with the others.
struct Share<'a> {
    slots: &'a [usize],
    reader: ParquetRecordBatchReader,
}

type Part = Option<(usize, Vec<(usize, Values)>)>;

impl Share<'_> {
    fn next(
        &mut self,
        asked: &[Asked],
        missing: &Missing,
        file: &InputFile,
        columns: &[SourceColumn],
        first_row: usize,
    ) -> Result<Part, DataError> {
        let Some(batch) = self.reader.next() else { return Ok(None) };
        let batch = batch.map_err(|e| {
            let problem = lower_first(e.to_string().trim_start_matches("Parquet argument error: "));
            DataError::Damaged { file: file.name.clone(), format: "Parquet", problem }
        })?;
        // The reader keeps file order: the n-th column of the batch is the n-th smallest asked one.
        let mut in_file_order: Vec<(usize, &Asked)> =
            self.slots.iter().filter_map(|slot| asked.get(*slot).map(|a| (*slot, a))).collect();
        in_file_order.sort_by_key(|(_, a)| a.column);
        let mut values = Vec::with_capacity(in_file_order.len());
        let n_rows = batch.num_rows();
        let (_, arrays, _) = batch.into_parts();
        for ((slot, asked), array) in in_file_order.into_iter().zip(arrays) {
            values.push((slot, convert(array, asked, missing, &file.name, columns, first_row, "Parquet")?));
        }
        Ok(Some((n_rows, values)))
    }
}

/// Puts the columns of all shares together; `None` at the end of the row group.
fn gather(parts: Vec<Result<Part, DataError>>, n_columns: usize, file: &str) -> Result<Option<Batch>, DataError> {
    let mut n_rows = None;
    let mut columns: Vec<(usize, Values)> = Vec::with_capacity(n_columns);
    let n_parts = parts.len();
    let mut n_ended = 0;
    for part in parts {
        match part? {
            None => n_ended += 1,
            Some((n, values)) => {
                let is_even = *n_rows.get_or_insert(n) == n;
                if !is_even || n_ended > 0 {
                    return Err(uneven(file));
                }
                columns.extend(values);
            }
        }
    }
    if n_ended == n_parts {
        return Ok(None);
    }
    if n_ended > 0 {
        return Err(uneven(file));
    }
    columns.sort_by_key(|(slot, _)| *slot);
    Ok(Some(Batch { n_rows: n_rows.unwrap_or(0), columns: columns.into_iter().map(|(_, v)| v).collect() }))
}

fn uneven(file: &str) -> DataError {
    let problem = "its columns have different lengths".to_owned();
    DataError::Damaged { file: file.to_owned(), format: "Parquet", problem }
}

fn load(input: &InputFile) -> Result<ArrowReaderMetadata, DataError> {
    let file = File::open(&input.path).map_err(|e| DataError::io(&input.name, &e))?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|e| damaged(&input.name, &e))?;
    let schema = with_dictionaries(&metadata);
    if schema.as_ref() == metadata.schema().as_ref() {
        return Ok(metadata);
    }
    let options = ArrowReaderOptions::new().with_schema(schema);
    // A schema that the reader does not take costs speed, nothing else.
    Ok(ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).unwrap_or(metadata))
}

/// Asks for dictionaries where the file stores them, so that each different string is looked at once.
fn with_dictionaries(metadata: &ArrowReaderMetadata) -> SchemaRef {
    let has_dictionary = |root: usize| {
        let groups = metadata.metadata().row_groups();
        let leaf = (0..metadata.parquet_schema().num_columns())
            .find(|leaf| metadata.parquet_schema().get_column_root_idx(*leaf) == root);
        leaf.is_some_and(|leaf| {
            groups.iter().all(|g| g.columns().get(leaf).is_some_and(|c| c.dictionary_page_offset().is_some()))
        })
    };
    let fields: Vec<Arc<Field>> = metadata
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(root, field)| {
            let is_string = matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
            if is_string && natural_want(field.data_type()) == Some(Want::Names) && has_dictionary(root) {
                let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Arc::new(field.as_ref().clone().with_data_type(dictionary))
            } else {
                Arc::clone(field)
            }
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone()))
}

fn damaged(file: &str, error: &ParquetError) -> DataError {
    let text = error.to_string();
    let problem = lower_first(
        text.split_once("error: ").map_or(text.as_str(), |(_, rest)| rest).trim_start_matches("Parquet error: "),
    );
    DataError::Damaged { file: file.to_owned(), format: "Parquet", problem }
}
