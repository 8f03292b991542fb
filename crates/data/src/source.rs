//! The readers behind one face.

use equipoise_document::{ColumnType, DataSpec};

use crate::assemble::{Assembler, Partition};
use crate::datetime;
use crate::error::{DataError, unknown_name};
use crate::read::delimited::Delimited;
use crate::read::files::{Format, Input};
use crate::read::ipc::{ArrowFiles, RecordBatches, SourceColumn};
use crate::read::json::JsonLines;
use crate::read::parquet::ParquetFiles;
use crate::read::{Asked, Control};
use crate::scan::ColumnPlan;
use crate::values::{Ask, Batch, Missing, Values, Want};

/// Rows that can be read again.
#[derive(Debug)]
pub(crate) enum Source {
    Delimited(Delimited),
    Parquet(ParquetFiles),
    Arrow(ArrowFiles),
    Json(JsonLines),
    Memory(RecordBatches),
}

/// A column that is left out because nothing can be done with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedColumn {
    /// Its name.
    pub name: String,
    /// Its type in words, for example `list`.
    pub data_type: String,
}

/// The columns that will be read and the ones that cannot be.
pub(crate) struct Plan {
    pub(crate) asked: Vec<Asked>,
    pub(crate) columns: Vec<ColumnPlan>,
    pub(crate) skipped: Vec<SkippedColumn>,
}

impl Source {
    pub(crate) fn open(input: Input, spec: &DataSpec, control: &Control) -> Result<Self, DataError> {
        let missing = Missing::new(&spec.missing_values);
        let name = input.files.first().map(|f| f.name.clone()).unwrap_or_default();
        let delimiter = match (spec.delimiter, input.format) {
            (Some(c), _) => {
                Some(u8::try_from(c).ok().filter(|b| b.is_ascii() && !b"\"\r\n".contains(b)).ok_or_else(|| {
                    DataError::Unsupported {
                        file: name,
                        problem: format!("`{}` cannot separate fields", c.escape_default()),
                        hint: "take one ASCII character such as `,`, `;` or a tab".to_owned(),
                    }
                })?)
            }
            (None, Format::Tsv) => Some(b'\t'),
            (None, _) => None,
        };
        Ok(match input.format {
            Format::Csv | Format::Tsv => Self::Delimited(Delimited::open(input.files, delimiter, missing)?),
            Format::Parquet => Self::Parquet(ParquetFiles::open(input.files, missing)?),
            Format::Arrow => Self::Arrow(ArrowFiles::open(input.files, missing)?),
            Format::JsonLines => Self::Json(JsonLines::open(input.files, missing, control)?),
        })
    }

    /// Decides which columns are read and how.
    pub(crate) fn plan(&self, spec: &DataSpec, only: Option<&[String]>, file: &str) -> Result<Plan, DataError> {
        let columns: Vec<SourceColumn> = match self {
            Self::Parquet(files) => files.columns().to_vec(),
            Self::Arrow(files) => files.columns().to_vec(),
            Self::Json(lines) => lines.columns().to_vec(),
            Self::Memory(batches) => batches.columns().to_vec(),
            Self::Delimited(text) => {
                let column = |(name, want): (&String, Want)| SourceColumn {
                    name: name.clone(),
                    want: Some(want),
                    data_type: "text".to_owned(),
                };
                text.names().iter().zip(text.guess()?).map(column).collect()
            }
        };
        let mut plan = plan(&columns, spec, only, file)?;
        if matches!(self, Self::Parquet(_) | Self::Arrow(_) | Self::Memory(_)) {
            self.look_for_dates(&mut plan)?;
        }
        Ok(plan)
    }

    /// Takes a column of strings for dates when its first rows are; if later ones are not, the pass says so.
    fn look_for_dates(&self, plan: &mut Plan) -> Result<(), DataError> {
        let is_open = |asked: &&Asked| asked.ask.want == Want::Names && !asked.ask.is_forced;
        let names: Vec<Asked> = plan.asked.iter().filter(is_open).copied().collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut are_dates = Vec::new();
        let looked = self.read(&names, &Control::default(), &mut |batch| {
            let is_date = |values: &Values| match values {
                Values::Numbers(_) => false,
                Values::Names { levels, .. } => {
                    levels.len() > 0 && levels.iter().all(|t| datetime::parse(t.as_bytes()).is_some())
                }
            };
            are_dates = batch.columns.iter().map(is_date).collect();
            Err(DataError::Stopped)
        });
        // The first batch is enough; what is wrong with the rest is reported by the pass that follows.
        if let Err(error) = looked
            && error != DataError::Stopped
        {
            return Err(error);
        }
        let dates = names.iter().zip(are_dates).filter(|(_, is_date)| *is_date).map(|(asked, _)| asked.column);
        for column in dates {
            for (asked, planned) in plan.asked.iter_mut().zip(&mut plan.columns).filter(|(a, _)| a.column == column) {
                asked.ask.want = Want::Datetime;
                planned.want = Want::Datetime;
            }
        }
        Ok(())
    }

    /// The least bytes that the asked columns take in memory, where the files say so.
    pub(crate) fn least_bytes(&self, asked: &[Asked]) -> Option<u64> {
        let Self::Parquet(files) = self else { return None };
        let is_number = |asked: &&Asked| matches!(asked.ask.want, Want::Number | Want::Datetime);
        let n_numbers = asked.iter().filter(is_number).count();
        let bytes_of_row = 8 * n_numbers + (asked.len() - n_numbers);
        Some(files.n_rows() as u64 * bytes_of_row as u64)
    }

    /// Reads the asked columns; returns what should have been asked instead where a guess was wrong.
    fn read(
        &self,
        asked: &[Asked],
        control: &Control,
        sink: &mut dyn FnMut(Batch) -> Result<(), DataError>,
    ) -> Result<Vec<(usize, Want)>, DataError> {
        let columns = match self {
            Self::Delimited(text) => return text.read(asked, control, sink),
            Self::Json(lines) => return lines.read(asked, control, sink).map(|()| Vec::new()),
            Self::Parquet(files) => files.columns(),
            Self::Arrow(files) => files.columns(),
            Self::Memory(batches) => batches.columns(),
        };
        let read = match self {
            Self::Parquet(files) => files.read(asked, control, sink),
            Self::Arrow(files) => files.read(asked, control, sink),
            Self::Memory(batches) => batches.read(asked, sink),
            Self::Delimited(_) | Self::Json(_) => Ok(()),
        };
        match read {
            Ok(()) => Ok(Vec::new()),
            Err(error) => better_guess(error, asked, columns),
        }
    }

    /// Reads the asked columns in partitions.
    pub(crate) fn partitions(
        &self,
        asked: &[Asked],
        control: &Control,
        emit: &mut dyn FnMut(Partition) -> Result<(), DataError>,
    ) -> Result<Vec<(usize, Want)>, DataError> {
        let mut assembler = Assembler::new(asked.iter().map(|a| a.ask.want));
        let better = self.read(asked, control, &mut |batch| assembler.push(batch, emit))?;
        if better.is_empty() {
            assembler.finish(emit)?;
        }
        Ok(better)
    }
}

/// What should have been asked instead, where a value proved a guess wrong; otherwise the error.
pub(crate) fn better_guess(
    error: DataError,
    asked: &[Asked],
    columns: &[SourceColumn],
) -> Result<Vec<(usize, Want)>, DataError> {
    let DataError::Unparsable { column, .. } = &error else { return Err(error) };
    let is_it = |a: &Asked| columns.get(a.column).is_some_and(|c| c.name == *column);
    match asked.iter().enumerate().find(|(_, a)| is_it(a) && !a.ask.is_forced) {
        Some((slot, _)) => Ok(vec![(slot, Want::Names)]),
        None => Err(error),
    }
}

fn plan(columns: &[SourceColumn], spec: &DataSpec, only: Option<&[String]>, file: &str) -> Result<Plan, DataError> {
    let names = || columns.iter().map(|c| c.name.as_str());
    for wanted in only.unwrap_or_default().iter().chain(spec.types.keys()) {
        match columns.iter().find(|c| c.name == *wanted) {
            None => return Err(unknown_name(wanted, names())),
            Some(SourceColumn { want: None, data_type, .. }) => {
                let (column, data_type) = (wanted.clone(), data_type.clone());
                return Err(DataError::Nested { file: file.to_owned(), column, data_type });
            }
            Some(_) => {}
        }
    }
    let mut plan = Plan { asked: Vec::new(), columns: Vec::new(), skipped: Vec::new() };
    for (index, column) in columns.iter().enumerate() {
        if only.is_some_and(|only| !only.contains(&column.name)) {
            continue;
        }
        let Some(natural) = column.want else {
            plan.skipped.push(SkippedColumn { name: column.name.clone(), data_type: column.data_type.clone() });
            continue;
        };
        let forced = spec.types.get(&column.name).copied();
        let want = forced.map_or(natural, want_of);
        plan.asked.push(Asked { column: index, ask: Ask { want, is_forced: forced.is_some() } });
        plan.columns.push(ColumnPlan { name: column.name.clone(), want, forced });
    }
    Ok(plan)
}

fn want_of(column_type: ColumnType) -> Want {
    match column_type {
        ColumnType::Numeric => Want::Number,
        ColumnType::Datetime => Want::Datetime,
        ColumnType::Boolean => Want::Boolean,
        ColumnType::Categorical | ColumnType::Text => Want::Names,
    }
}
