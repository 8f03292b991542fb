//! Times predictions of one model: `predict MODEL TABLE ANSWERS [REPEATS]` prints the best CPU time in
//! seconds and writes the answers as 64-bit numbers. `benches/peers/predict.py` writes the tables and compares with the
//! original libraries.
//!
//! A table is a line of JSON (`{"n_rows": 3, "columns": [{"levels": null}, {"levels": ["a", "b"]}]}`) and then
//! the columns in the order of the model's inputs: 64-bit numbers, or 32-bit codes where there are levels.

use std::{error::Error, io::Write as _};

use equipoise_models::{InputColumn, Inputs, Outputs, open};
use serde_json::Value;

enum Column {
    Number(Vec<f64>),
    Codes(Vec<u32>, Vec<String>),
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: predict MODEL TABLE ANSWERS [REPEATS]";
    let mut argument = || args.next().ok_or(usage);
    let (model, table, answers) = (argument()?, argument()?, argument()?);
    let repeats: usize = args.next().map_or(Ok(5), |n| n.parse())?;
    let model = open(&model, &std::fs::read(&model)?, &Default::default())?;
    let (n_rows, columns) = read(&std::fs::read(table)?)?;
    let columns = columns.iter().map(|column| match column {
        Column::Number(values) => InputColumn::Number(values),
        Column::Codes(codes, levels) => InputColumn::Codes { codes, levels },
    });
    let batch = Inputs { n_rows, columns: columns.collect() };
    let mut best = f64::INFINITY;
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..repeats {
        let start = cpu_seconds()?;
        let outputs = model.predict(&batch)?;
        best = best.min(cpu_seconds()? - start);
        bytes = match outputs {
            Outputs::Probability(values) | Outputs::Values(values) | Outputs::Probabilities { values, .. } => {
                values.iter().flat_map(|x| x.to_le_bytes()).collect()
            }
            Outputs::Labels(labels) => return Err(format!("{} labels", labels.len()).into()),
        };
    }
    std::fs::write(answers, bytes)?;
    writeln!(std::io::stdout(), "{best}")?;
    Ok(())
}

/// CPU time of all threads of this process, which a busy machine disturbs less than the time on the wall.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let mut nanos = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let line = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += line.split_whitespace().next().ok_or("no CPU time")?.parse::<u64>()?;
    }
    Ok(std::time::Duration::from_nanos(nanos).as_secs_f64())
}

fn read(bytes: &[u8]) -> Result<(usize, Vec<Column>), Box<dyn Error>> {
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
    Ok((n_rows, columns))
}
