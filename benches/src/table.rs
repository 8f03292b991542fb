//! Tables that the peers' scripts write: a line of JSON (`{"n_rows": 3, "columns": [{"levels": null}, {"levels": ["a",
//! "b"]}]}`) and then the columns in the order of the model's inputs: 64-bit numbers, or 32-bit codes where there are
//! levels.

use std::error::Error;

use equipoise_models::{InputColumn, Inputs};
use serde_json::Value;

/// A column of a table.
pub enum Column {
    /// Numbers; NaN is missing.
    Number(Vec<f64>),
    /// Codes and their names.
    Codes(Vec<u32>, Vec<String>),
}

/// A table.
pub struct Table {
    /// Number of rows.
    pub n_rows: usize,
    /// Its columns.
    pub columns: Vec<Column>,
}

impl Table {
    /// Reads the content of a file.
    ///
    /// # Errors
    /// When it is not a table.
    pub fn read(bytes: &[u8]) -> Result<Self, Box<dyn Error>> {
        let end = bytes.iter().position(|b| *b == b'\n').ok_or("the table has no header")?;
        let (header, mut rest) = bytes.split_at(end + 1);
        let header: Value = serde_json::from_slice(header)?;
        let n_rows = usize::try_from(header.get("n_rows").and_then(Value::as_u64).ok_or("no `n_rows`")?)?;
        let mut take = |width: usize| {
            let (column, after) = rest.split_at_checked(n_rows * width).ok_or("the table ends early")?;
            rest = after;
            Ok::<_, &str>(column)
        };
        let mut columns = Vec::new();
        for column in header.get("columns").and_then(Value::as_array).ok_or("no `columns`")? {
            columns.push(match column.get("levels").and_then(Value::as_array) {
                None => Column::Number(take(8)?.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect()),
                Some(levels) => {
                    let codes = take(4)?.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
                    Column::Codes(codes, levels.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                }
            });
        }
        Ok(Self { n_rows, columns })
    }

    /// As a batch for a model.
    pub fn as_inputs(&self) -> Inputs<'_> {
        let columns = self.columns.iter().map(|column| match column {
            Column::Number(values) => InputColumn::Number(values),
            Column::Codes(codes, levels) => InputColumn::Codes { codes, levels },
        });
        Inputs { n_rows: self.n_rows, columns: columns.collect() }
    }
}

/// CPU time of all threads of this process, which a busy machine disturbs less than the time on the wall.
///
/// # Errors
/// Where there is no `/proc`.
pub fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let mut nanos = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let line = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += line.split_whitespace().next().ok_or("no CPU time")?.parse::<u64>()?;
    }
    Ok(std::time::Duration::from_nanos(nanos).as_secs_f64())
}

/// CPU time of this thread.
///
/// # Errors
/// Where there is no `/proc`.
pub fn thread_cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = line.split_whitespace().next().ok_or("no CPU time")?.parse()?;
    Ok(std::time::Duration::from_nanos(nanos).as_secs_f64())
}
