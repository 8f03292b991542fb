//! Times counterfactuals of one model: `counterfactuals MODEL TRAIN TEST METHOD TOTAL ROWS [MAX_NODES [range]]`.
//!
//! TRAIN and TEST are tables as `benches/peers/counterfactuals.py` writes them; the first ROWS rows of TEST that are predicted
//! below 0.5 are to be predicted otherwise. Prints one line of JSON: CPU seconds of preparation and of the search, calls, and
//! for each row its counterfactuals (the encoded rows) with their proofs.

use std::{error::Error, io::Write as _, sync::Arc};

use equipoise_benches::table::{Table, cpu_seconds, thread_cpu_seconds};
use equipoise_counterfactuals::exact::Plain;
use equipoise_counterfactuals::{
    Answers, Ask, CounterfactualError, Diversity, Exact, Finder, Found, Genetic, Grid, GrowingSpheres, KdTree, Kind,
    Limits, Method, Nearest, Plausible, Proof, Random, Reference, Replica, Space, Variable, Wish,
};
use equipoise_models::trees::FeatureKind;
use equipoise_models::{TreeEnsemble, open};
use rayon::prelude::*;
use serde_json::{Value, json};

/// The trees over encoded rows.
struct Trees<'a>(&'a TreeEnsemble);

impl Ask for Trees<'_> {
    fn n_outputs(&self) -> usize {
        self.0.n_outputs()
    }

    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        let mut margins = self.0.margins_of_encoded(rows);
        self.0.link().apply(&mut margins, self.0.n_outputs());
        Ok(margins)
    }
}

#[allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: counterfactuals MODEL TRAIN TEST METHOD TOTAL ROWS [MAX_NODES [range]]";
    let mut argument = || args.next().ok_or(usage);
    let (path, train, test) = (argument()?, argument()?, argument()?);
    let (method, total, rows) = (argument()?, argument()?.parse()?, argument()?.parse::<usize>()?);
    let max_nodes = args.next().map_or(Ok(100_000), |n| n.parse())?;
    let is_by_range = args.next().is_some_and(|word| word == "range");
    let model = open(&path, &std::fs::read(&path)?, &Default::default())?;
    let trees = model.trees().ok_or("the model has no trees")?;
    let encode = |path: String| -> Result<Vec<f64>, Box<dyn Error>> {
        Ok(trees.encode(&Table::read(&std::fs::read(path)?)?.as_inputs())?.values)
    };
    let (train, test) = (encode(train)?, encode(test)?);
    let start = cpu_seconds()?;
    let n = trees.features().len();
    let space = space(trees, &train, is_by_range)?;
    let ask = Trees(trees);
    let answers = Answers::Probability { threshold: 0.5 };
    let reference = Reference::over(train, n, answers, &ask)?;
    let replica = Arc::new(Replica::new(trees, &space, &Plain::over(trees), |goal| goal)?);
    let how: Box<dyn Method> = match method.as_str() {
        "exact" => Box::new(Exact::over(Arc::clone(&replica), max_nodes)),
        "random" => Box::new(Random::default()),
        "genetic" => Box::new(Genetic::default()),
        "kdtree" => Box::new(KdTree),
        "nearest" => Box::new(Nearest::default()),
        "growing_spheres" => Box::new(GrowingSpheres::default()),
        _ => return Err(usage.into()),
    };
    let said = ask.ask(&test)?;
    let picked: Vec<(usize, &[f64])> =
        test.chunks_exact(n).enumerate().filter(|(i, _)| said.get(*i).is_some_and(|p| *p < 0.5)).take(rows).collect();
    let finder = Finder {
        space: &space,
        model: &ask,
        answers,
        replica: Some(replica.as_ref()),
        reference: Some(&reference),
        method: how.as_ref(),
        wish: Wish::Opposite,
        total,
        is_sparsified: true,
        diversity: Diversity::Maximin,
        plausible: Plausible::default(),
        seed: 7,
    };
    let prepared = cpu_seconds()?;
    let clock = std::time::Instant::now();
    // A row is searched by one thread, whose CPU time is told: a busy machine disturbs it less than the time on the wall.
    let cpu = || thread_cpu_seconds().unwrap_or(f64::NAN);
    let found: Result<Vec<(Found, f64)>, CounterfactualError> = picked
        .par_iter()
        .map(|(i, row)| {
            let start = cpu();
            Ok((finder.find(row, *i as u64, &[])?, cpu() - start))
        })
        .collect();
    let found = found?;
    let wall = clock.elapsed().as_secs_f64();
    let searched = cpu_seconds()?;
    let rows: Vec<Value> = picked.iter().zip(&found).map(|((i, row), found)| line(*i, row, found)).collect();
    let report = json!({ "prepare": prepared - start, "search": searched - prepared, "wall": wall, "rows": rows });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

fn line(place: usize, row: &[f64], (found, seconds): &(Found, f64)) -> Value {
    let proof = |proof: Option<Proof>| match proof {
        Some(Proof::Optimal) => json!(0.0),
        Some(Proof::AtLeast(bound)) => json!(bound),
        _ => Value::Null,
    };
    let set: Vec<Value> = found
        .counterfactuals
        .iter()
        .map(|c| json!({ "row": c.row, "cost": c.cost, "changed": c.changed.len(), "proof": proof(c.proof) }))
        .collect();
    let shortage = found.shortage.as_ref().map(|s| s.code());
    json!({ "place": place, "query": row, "found": set, "calls": found.calls, "seconds": seconds, "shortage": shortage })
}

/// Every feature free within what the training rows hold; a change costs its size in median absolute deviations (1 where that is
/// 0, as DiCE has it) and a fifth; or its size in ranges and nothing else, which is what NICE minimises.
fn space(trees: &TreeEnsemble, train: &[f64], is_by_range: bool) -> Result<Space, CounterfactualError> {
    let n = trees.features().len().max(1);
    let variable = |(place, feature): (usize, &equipoise_models::trees::Feature)| {
        let mut values: Vec<f64> = train.iter().skip(place).step_by(n).copied().filter(|x| x.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let kind = match &feature.kind {
            FeatureKind::Category(categories) => {
                Kind::Category { n_codes: u32::try_from(categories.names().len()).unwrap_or(0) }
            }
            FeatureKind::Number | FeatureKind::Derived(_) => {
                let middle = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
                let median = middle(&values);
                let mut away: Vec<f64> = values.iter().map(|x| (x - median).abs()).collect();
                away.sort_by(f64::total_cmp);
                let mad = middle(&away);
                let width = values.last().unwrap_or(&0.0) - values.first().unwrap_or(&0.0);
                let size = if is_by_range { width } else { mad };
                let is_whole = values.iter().all(|x| x.fract().abs() == 0.0);
                Kind::Number {
                    scale: if size > 0.0 { size } else { 1.0 },
                    grid: if is_whole { Grid::Step(1.0) } else { Grid::Any },
                    range: (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0)),
                }
            }
        };
        Variable { name: feature.name.clone(), columns: vec![place], kind, limits: Limits::default(), cost: 1.0 }
    };
    let variables = trees.features().iter().enumerate().map(variable).collect();
    Space::new(variables, Vec::new(), n, if is_by_range { 0.0 } else { 0.2 }, usize::MAX)
}
