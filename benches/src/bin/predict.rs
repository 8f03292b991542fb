//! Times predictions of one model: `predict MODEL TABLE ANSWERS [REPEATS]` prints the best CPU time in
//! seconds and writes the answers as 64-bit numbers. `benches/peers/predict.py` writes the tables and compares with the
//! original libraries.

use std::{error::Error, io::Write as _};

use equipoise_benches::table::{Table, cpu_seconds};
use equipoise_models::{Outputs, open};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: predict MODEL TABLE ANSWERS [REPEATS]";
    let mut argument = || args.next().ok_or(usage);
    let (model, table, answers) = (argument()?, argument()?, argument()?);
    let repeats: usize = args.next().map_or(Ok(5), |n| n.parse())?;
    let model = open(&model, &std::fs::read(&model)?, &Default::default())?;
    let table = Table::read(&std::fs::read(table)?)?;
    let batch = table.as_inputs();
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
