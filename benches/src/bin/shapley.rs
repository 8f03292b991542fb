//! Times attributions of one model: `shapley MODEL TABLE ANSWERS JOB PRECISION [REPEATS] [BACKGROUND]`.
//!
//! The job is `path`, `interventional` or `interactions`, the precision `fast` or `exact`. Prints one line of JSON with
//! the best CPU time in seconds of encoding rows, of making the explainer and of explaining, and writes the answers as
//! 64-bit numbers. `benches/peers/shapley.py` writes the tables and compares with other libraries.

use std::{error::Error, io::Write as _};

use equipoise_benches::table::{Table, cpu_seconds};
use equipoise_models::open;
use equipoise_shapley::{Background, Interaction, Method, Options, Players, Precision, TreeExplainer};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: shapley MODEL TABLE ANSWERS path|interventional|interactions fast|exact [REPEATS] [BACKGROUND]";
    let mut argument = || args.next().ok_or(usage);
    let (path, table, answers) = (argument()?, argument()?, argument()?);
    let (job, precision) = (argument()?, argument()?);
    let repeats: usize = args.next().map_or(Ok(3), |n| n.parse())?;
    let background = args.next();
    let model = open(&path, &std::fs::read(&path)?, &Default::default())?;
    let trees = model.trees().ok_or("the model has no trees")?;
    let table = Table::read(&std::fs::read(table)?)?;
    let background = match background {
        Some(path) => Some(trees.encode(&Table::read(&std::fs::read(path)?)?.as_inputs())?),
        None => None,
    };
    let method = match (job.as_str(), &background) {
        ("path" | "interactions", None) => Method::PathDependent,
        ("path" | "interactions", Some(rows)) => {
            Method::PathDependentOver(Background { rows: &rows.values, weights: None })
        }
        ("interventional", Some(rows)) => Method::Interventional(Background { rows: &rows.values, weights: None }),
        _ => return Err(usage.into()),
    };
    let precision = match precision.as_str() {
        "fast" => Precision::Fast,
        "exact" => Precision::Exact,
        _ => return Err(usage.into()),
    };
    let options = Options { method, precision, players: Players::Columns, ..Options::default() };
    let mut best = [f64::INFINITY; 3];
    let mut values = Vec::new();
    for _ in 0..repeats.max(1) {
        let start = cpu_seconds()?;
        let rows = trees.encode(&table.as_inputs())?;
        let encoded = cpu_seconds()?;
        let explainer = TreeExplainer::new(trees, &options)?;
        let made = cpu_seconds()?;
        values = if job == "interactions" {
            explainer.interactions(&rows.values, Interaction::Shapley)?.values
        } else {
            explainer.explain(&rows.values)?.values
        };
        let explained = cpu_seconds()?;
        for (best, seconds) in best.iter_mut().zip([encoded - start, made - encoded, explained - made]) {
            *best = best.min(seconds);
        }
    }
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(answers, bytes)?;
    let [encode, make, explain] = best;
    writeln!(std::io::stdout(), "{{\"encode\": {encode}, \"make\": {make}, \"explain\": {explain}}}")?;
    Ok(())
}
