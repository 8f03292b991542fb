//! A dataset: what is known of its columns, and passes over its rows.

mod columns;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::array::RecordBatch;
use equipoise_document::{ColumnType, DataSpec};
use rayon::prelude::*;

use crate::assemble::{Assembler, Partition};
use crate::chunk::{Chunk, ColumnInfo, PARTITION_ROWS, Schema};
use crate::encode::Encoder;
use crate::error::{DataError, unknown_column};
use crate::fingerprint::{self, FileFingerprint};
use crate::read::ipc::RecordBatches;
use crate::read::{self, Asked, Control, OnProgress, files};
use crate::sample::SampledRows;
use crate::scan::{ColumnPlan, Scan, Scanned};
use crate::source::{SkippedColumn, Source, better_guess};
use crate::store::StoredPartition;
use crate::strings::Interner;
use crate::values::{Batch, Missing, Values, Want};

/// Bytes of rows that are held in memory unless the spec says otherwise.
const DEFAULT_MEMORY: u64 = 128 << 20;

/// Bytes of rows that may be under way at once in a pass from file.
const WAVE_BYTES: usize = 192 << 20;

/// What opening a dataset needs beside its spec.
#[derive(Default)]
pub struct OpenOptions {
    /// Told how far a pass has come.
    pub on_progress: Option<OnProgress>,
    /// Ends a pass with [`DataError::Stopped`] soon after it becomes true.
    pub stop: Option<Arc<AtomicBool>>,
    /// What `-` reads from.
    pub stdin: Option<Box<dyn Read + Send>>,
    /// The columns to read; all when absent.
    pub only: Option<Vec<String>>,
    /// Leaves out the digests of the files.
    pub skip_fingerprint: bool,
}

/// Rows that can be visited any number of times, in memory or in files.
pub struct Dataset {
    name: String,
    schema: Schema,
    n_rows: usize,
    rows: Rows,
    encoders: Vec<Encoder>,
    skipped: Vec<SkippedColumn>,
    sampled: SampledRows,
    fingerprint: Vec<FileFingerprint>,
    control: Control,
}

enum Rows {
    Memory(Vec<StoredPartition>),
    File {
        source: Source,
        asked: Vec<Asked>,
        /// Deletes what standard input delivered when the dataset is dropped.
        _spool: Option<Arc<tempfile::TempPath>>,
    },
}

/// The values of one column handed in from memory.
#[derive(Clone, Debug, PartialEq)]
pub enum MemoryColumn {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Names.
    Names(Vec<Option<String>>),
    /// True or false.
    Booleans(Vec<Option<bool>>),
    /// Seconds since 1970-01-01T00:00:00Z; NaN is missing.
    Datetimes(Vec<f64>),
}

impl Dataset {
    /// Reads the source once and learns its columns: types, levels, missing values, extremes, samples. The
    /// rows stay in memory when they take no more than `spec.memory` bytes (128 MiB unless given); otherwise
    /// each pass reads the files again. `source` is a file, a directory of Parquet files, a pattern, or `-`.
    ///
    /// Delimited text is read once more for each time that a guess proved wrong after its first megabyte.
    ///
    /// # Errors
    /// Names the file and the place of what cannot be read.
    pub fn open(source: &str, spec: &DataSpec, options: OpenOptions) -> Result<Self, DataError> {
        let OpenOptions { on_progress, stop, stdin, only, skip_fingerprint } = options;
        let control = Control { on_progress, stop };
        let input = files::find(source, spec.format.as_deref(), stdin)?;
        let spool = input.spool.clone();
        let inputs = input.files.clone();
        let name = if inputs.len() == 1 { inputs.first().map(|f| f.name.clone()) } else { None };
        let name = name.unwrap_or_else(|| source.to_owned());
        let read = || -> Result<_, DataError> {
            let source = Source::open(input, spec, &control)?;
            let plan = source.plan(spec, only.as_deref(), &name)?;
            let (scanned, asked) = scan(&source, plan.asked, plan.columns, spec.memory, &control)?;
            Ok((source, scanned, asked, plan.skipped))
        };
        let digest = || if skip_fingerprint { Ok(Vec::new()) } else { fingerprint::of_files(&inputs, spool.is_some()) };
        let (read, fingerprint) = rayon::join(read, digest);
        let (source, scanned, asked, skipped) = read?;
        let Scanned { schema, n_rows, encoders, store, sampled } = scanned;
        if n_rows == 0 {
            return Err(DataError::NoRows { file: name });
        }
        let rows = match store {
            Some(partitions) => Rows::Memory(partitions),
            None => Rows::File { source, asked, _spool: spool },
        };
        Ok(Self { name, schema, n_rows, rows, encoders, skipped, sampled, fingerprint: fingerprint?, control })
    }

    /// A dataset of columns that are in memory.
    ///
    /// # Errors
    /// Columns of different lengths or with the same name, or no rows.
    pub fn from_columns(columns: Vec<(String, MemoryColumn)>) -> Result<Self, DataError> {
        let n_rows = columns.first().map_or(0, |(_, c)| c.len());
        read::check_names(columns.iter().map(|(name, _)| name.as_str()), IN_MEMORY)?;
        let mut plans = Vec::with_capacity(columns.len());
        let mut values = Vec::with_capacity(columns.len());
        for (name, column) in columns {
            if column.len() != n_rows {
                return Err(DataError::Lengths { column: name, found: column.len(), expected: n_rows });
            }
            plans.push(ColumnPlan { name, want: column.want(), forced: None });
            values.push(column.into_values());
        }
        let mut assembler = Assembler::new(plans.iter().map(|p| p.want));
        let mut scan = Scan::new(plans, u64::MAX);
        let emit = &mut |partition| {
            scan.push(partition);
            Ok(())
        };
        assembler.push(Batch { n_rows, columns: values }, emit)?;
        assembler.finish(emit)?;
        Self::in_memory(scan.finish(), Vec::new())
    }

    /// A dataset of Arrow record batches of one schema; `spec` may name types and missing values.
    ///
    /// # Errors
    /// Columns with the same name, of other types than `spec.types` says, or no rows.
    pub fn from_batches(batches: &[RecordBatch], spec: &DataSpec) -> Result<Self, DataError> {
        let control = Control::default();
        let source = Source::Memory(RecordBatches::new(batches, IN_MEMORY, Missing::new(&spec.missing_values))?);
        let plan = source.plan(spec, None, IN_MEMORY)?;
        let (scanned, _) = scan(&source, plan.asked, plan.columns, Some(u64::MAX), &control)?;
        Self::in_memory(scanned, plan.skipped)
    }

    fn in_memory(scanned: Scanned, skipped: Vec<SkippedColumn>) -> Result<Self, DataError> {
        let Scanned { schema, n_rows, encoders, store, sampled } = scanned;
        if n_rows == 0 {
            return Err(DataError::NoRows { file: IN_MEMORY.to_owned() });
        }
        Ok(Self {
            name: IN_MEMORY.to_owned(),
            schema,
            n_rows,
            rows: Rows::Memory(store.unwrap_or_default()),
            encoders,
            skipped,
            sampled,
            fingerprint: Vec::new(),
            control: Control::default(),
        })
    }

    /// The file's name or the pattern, as messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Columns of lists, structs and bytes, which are not read.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedColumn] {
        &self.skipped
    }

    /// Rows that stand for all of them, known without another pass.
    #[must_use]
    pub fn sampled(&self) -> &SampledRows {
        &self.sampled
    }

    /// What was read: each file with its digest, in reading order; empty for data from memory.
    #[must_use]
    pub fn fingerprint(&self) -> &[FileFingerprint] {
        &self.fingerprint
    }

    /// True when passes do not touch the files again.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        matches!(self.rows, Rows::Memory(_))
    }

    /// The number of a column.
    ///
    /// # Errors
    /// The name is not in the dataset; the error suggests the nearest one.
    pub fn column(&self, name: &str) -> Result<usize, DataError> {
        if let Some(skipped) = self.skipped.iter().find(|c| c.name == name) {
            let SkippedColumn { name, data_type } = skipped.clone();
            return Err(DataError::Nested { file: self.name.clone(), column: name, data_type });
        }
        self.schema.index_of(name).ok_or_else(|| unknown_column(name, &self.schema))
    }

    /// Visits every partition of [`PARTITION_ROWS`] rows (the last one shorter) in order, with the asked
    /// columns in the asked order. Where partitions end does not depend on the file.
    ///
    /// # Errors
    /// What `visit` returns; a file that cannot be read any more or has changed; a stop.
    pub fn for_each(
        &self,
        columns: &[usize],
        visit: &mut dyn FnMut(&Chunk) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        match &self.rows {
            Rows::Memory(partitions) => {
                let mut n_rows = 0;
                for partition in partitions {
                    self.control.check()?;
                    visit(&partition.chunk(columns))?;
                    n_rows += partition.n_rows();
                    self.report(n_rows);
                }
                Ok(())
            }
            Rows::File { source, asked, .. } => self.pass(source, asked, columns, visit),
        }
    }

    /// Map and reduce: each partition is pushed into a state of its own and the states are merged in
    /// partition order, so the result is the same for any number of threads.
    ///
    /// # Errors
    /// As [`Dataset::for_each`].
    pub fn reduce<S: Send>(
        &self,
        columns: &[usize],
        start: impl Fn() -> S + Sync,
        push: impl Fn(&mut S, &Chunk) + Sync,
        mut merge: impl FnMut(&mut S, S),
    ) -> Result<S, DataError> {
        let mut total = start();
        let one = |chunk: &Chunk| {
            let mut state = start();
            push(&mut state, chunk);
            state
        };
        match &self.rows {
            Rows::Memory(partitions) => {
                let mut n_rows = 0;
                for wave in partitions.chunks(rayon::current_num_threads() * 2) {
                    self.control.check()?;
                    let states: Vec<S> = wave.par_iter().map(|p| one(&p.chunk(columns))).collect();
                    states.into_iter().for_each(|state| merge(&mut total, state));
                    n_rows += wave.iter().map(StoredPartition::n_rows).sum::<usize>();
                    self.report(n_rows);
                }
            }
            Rows::File { source, asked, .. } => {
                let chunk_bytes = PARTITION_ROWS * 8 * columns.len().max(1);
                let n_wave = (rayon::current_num_threads() * 2).min(WAVE_BYTES / chunk_bytes).max(1);
                let mut wave: Vec<Chunk> = Vec::with_capacity(n_wave);
                let mut settle = |wave: &mut Vec<Chunk>| {
                    let states: Vec<S> = wave.par_iter().map(one).collect();
                    states.into_iter().for_each(|state| merge(&mut total, state));
                    wave.clear();
                };
                self.pass(source, asked, columns, &mut |chunk| {
                    wave.push(chunk.clone());
                    if wave.len() == n_wave {
                        settle(&mut wave);
                    }
                    Ok(())
                })?;
                settle(&mut wave);
            }
        }
        Ok(total)
    }

    /// One pass over the files.
    fn pass(
        &self,
        source: &Source,
        asked: &[Asked],
        columns: &[usize],
        visit: &mut dyn FnMut(&Chunk) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        // Each column is read once, in the order of the file, however often and in whatever order it is asked.
        let mut distinct: Vec<usize> = columns.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let changed = || DataError::Changed { file: self.name.clone() };
        let some: Vec<Asked> = distinct.iter().filter_map(|c| asked.get(*c)).copied().collect();
        let encoders: Vec<&Encoder> = distinct.iter().filter_map(|c| self.encoders.get(*c)).collect();
        let places: Vec<usize> = columns.iter().filter_map(|c| distinct.binary_search(c).ok()).collect();
        let mut n_rows = 0;
        let doubts = source.partitions(&some, &self.control, &mut |partition| {
            let Partition { start, n_rows: n, columns: values } = partition;
            n_rows += n;
            let encode = |(values, encoder): (Values, &&Encoder)| encoder.encode(values);
            let encoded: Option<Vec<_>> = values.into_par_iter().zip(&encoders).map(encode).collect();
            let encoded = encoded.ok_or_else(changed)?;
            let columns = places.iter().filter_map(|p| encoded.get(*p)).cloned().collect();
            visit(&Chunk { start, n_rows: n, columns })
        })?;
        if doubts.is_empty() && n_rows == self.n_rows { Ok(()) } else { Err(changed()) }
    }

    #[allow(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    fn report(&self, n_rows: usize) {
        self.control.report(n_rows as u64, Some(n_rows as f64 / self.n_rows.max(1) as f64));
    }
}

const IN_MEMORY: &str = "data in memory";

/// The first pass, repeated while guesses about columns prove wrong.
fn scan(
    source: &Source,
    mut asked: Vec<Asked>,
    mut plans: Vec<ColumnPlan>,
    memory: Option<u64>,
    control: &Control,
) -> Result<(Scanned, Vec<Asked>), DataError> {
    let memory = memory.unwrap_or(DEFAULT_MEMORY);
    loop {
        // Rows that cannot fit are not kept for as long as they do.
        let is_hopeless = source.least_bytes(&asked).is_some_and(|bytes| bytes > memory);
        let better = match source {
            Source::Parquet(files) if is_hopeless && !asked.is_empty() => {
                match Scan::by_column(files, &asked, &plans, control) {
                    Ok(scanned) => return Ok((scanned, asked)),
                    Err(error) => better_guess(error, &asked, files.columns())?,
                }
            }
            _ => {
                let mut scan = Scan::new(plans.clone(), if is_hopeless { 0 } else { memory });
                let better = source.partitions(&asked, control, &mut |partition| {
                    scan.push(partition);
                    Ok(())
                })?;
                if better.is_empty() {
                    return Ok((scan.finish(), asked));
                }
                better
            }
        };
        // A guess only ever moves from numbers to dates to names, so this ends.
        for (slot, want) in better {
            if let (Some(asked), Some(plan)) = (asked.get_mut(slot), plans.get_mut(slot)) {
                asked.ask.want = want;
                plan.want = want;
            }
        }
    }
}

impl MemoryColumn {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(values) | Self::Datetimes(values) => values.len(),
            Self::Names(values) => values.len(),
            Self::Booleans(values) => values.len(),
        }
    }

    fn want(&self) -> Want {
        match self {
            Self::Numbers(_) => Want::Number,
            Self::Datetimes(_) => Want::Datetime,
            Self::Booleans(_) => Want::Boolean,
            Self::Names(_) => Want::Names,
        }
    }

    fn into_values(self) -> Values {
        let mut names = Interner::default();
        let codes = match self {
            Self::Numbers(values) | Self::Datetimes(values) => {
                return Values::Numbers(values.into_iter().map(|v| v + 0.0).collect());
            }
            Self::Names(values) => values
                .iter()
                .map(|v| v.as_deref().filter(|v| !v.is_empty()).map_or(crate::MISSING, |v| names.code(v)))
                .collect(),
            Self::Booleans(values) => values
                .iter()
                .map(|v| v.map_or(crate::MISSING, |v| names.code(if v { "true" } else { "false" })))
                .collect(),
        };
        Values::Names { codes, levels: names.into_strings() }
    }
}

impl ColumnInfo {
    /// True when no row has a value.
    #[must_use]
    pub fn is_all_missing(&self, n_rows: usize) -> bool {
        self.n_missing >= n_rows as u64
    }

    /// True for numbers and dates.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.column_type, ColumnType::Numeric | ColumnType::Datetime)
    }
}
