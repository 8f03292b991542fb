//! Times what shuffled and set features cost: `shuffle MODEL TABLE REPEATS GRID` reads rows as `predict` does and prints one
//! line of JSON with the best CPU seconds of three runs: every feature of a tree ensemble shuffled REPEATS times, and every
//! numeric feature set to GRID values, all rows. `benches/peers/shuffle.py` compares with scikit-learn.

use std::{error::Error, io::Write as _};

use equipoise_models::{InputColumn, Inputs, open};
use equipoise_shapley::{Donors, Swap, Swapper};
use serde_json::Value;

const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: shuffle MODEL TABLE REPEATS GRID";
    let mut argument = || args.next().ok_or(usage);
    let (model, table) = (argument()?, argument()?);
    let (repeats, grid): (u64, usize) = (argument()?.parse()?, argument()?.parse()?);
    let model = open(&model, &std::fs::read(&model)?, &Default::default())?;
    let ensemble = model.trees().ok_or("the model is no ensemble of trees")?;
    let (n_rows, columns) = read(&std::fs::read(table)?)?;
    let columns = columns.iter().map(|column| match column {
        Column::Number(values) => InputColumn::Number(values),
        Column::Codes(codes, levels) => InputColumn::Codes { codes, levels },
    });
    let batch = Inputs { n_rows, columns: columns.collect() };
    let n = u64::try_from(n_rows)?;
    // A full cycle through the rows, another for each repeat.
    let order =
        |r: u64| (0..n).map(|i| u32::try_from((i * (2 * r + 1) + 7 * r + 1) % n)).collect::<Result<Vec<u32>, _>>();
    let orders: Result<Vec<Vec<u32>>, _> = (0..repeats).map(order).collect();
    let orders = orders?;
    let sets: Vec<Vec<usize>> = (0..ensemble.features().len()).map(|f| vec![f]).collect();
    let (mut shuffled, mut set) = (f64::INFINITY, f64::INFINITY);
    let mut check = 0.0;
    for _ in 0..RUNS {
        let start = cpu_seconds()?;
        let encoded = ensemble.encode(&batch)?;
        let swapper = Swapper::new(ensemble, &encoded.values).ok_or("trees of another kind")?;
        let swaps: Vec<Swap<'_>> =
            sets.iter().map(|features| Swap { features, donors: Donors::Rows(&orders) }).collect();
        let answers = swapper.swapped(&swaps).ok_or("too many values")?;
        shuffled = shuffled.min(cpu_seconds()? - start);
        check += answers.iter().flatten().flatten().sum::<f64>();
        let start = cpu_seconds()?;
        let swapper = Swapper::new(ensemble, &encoded.values).ok_or("trees of another kind")?;
        let grids: Vec<Vec<f64>> = (0..sets.len())
            .map(|f| {
                let mut values: Vec<f64> = encoded.values.iter().skip(f).step_by(sets.len()).copied().collect();
                values.retain(|x| !x.is_nan());
                values.sort_by(f64::total_cmp);
                (0..grid)
                    .filter_map(|i| values.get(i * values.len().saturating_sub(1) / grid.max(2)).copied())
                    .collect()
            })
            .collect();
        for (features, grid) in sets.iter().zip(&grids) {
            let one = [Swap { features, donors: Donors::Values(grid) }];
            let answers = swapper.swapped(&one).ok_or("too many values")?;
            check += answers.iter().flatten().flatten().sum::<f64>();
        }
        set = set.min(cpu_seconds()? - start);
    }
    writeln!(std::io::stdout(), "{}", serde_json::json!({ "shuffled": shuffled, "set": set, "check": check }))?;
    Ok(())
}

enum Column {
    Number(Vec<f64>),
    Codes(Vec<u32>, Vec<String>),
}

/// CPU time of all threads of this process.
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
    let (header, rest) = bytes.split_at(end);
    let header: Value = serde_json::from_slice(header)?;
    let n_rows =
        header.get("n_rows").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).ok_or("no n_rows")?;
    let mut rest = rest.get(1..).unwrap_or_default();
    let mut columns = Vec::new();
    for column in header.get("columns").and_then(Value::as_array).into_iter().flatten() {
        let levels = column.get("levels").and_then(Value::as_array);
        let size = if levels.is_some() { 4 } else { 8 };
        let (mine, others) = rest.split_at_checked(n_rows * size).ok_or("the table is too short")?;
        rest = others;
        columns.push(match levels {
            Some(levels) => Column::Codes(
                mine.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap_or_default())).collect(),
                levels.iter().filter_map(|l| l.as_str().map(str::to_owned)).collect(),
            ),
            None => Column::Number(
                mine.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap_or_default())).collect(),
            ),
        });
    }
    Ok((n_rows, columns))
}
