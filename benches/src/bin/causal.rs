//! Effects of interventions: `causal [ROWS]` prints CPU seconds of each task as JSON, on the rows of `benches/peers/causal.py`.
//! `causal ROWS memory` grows a causal forest of 500 trees and nothing else, and prints what it held of memory at most.

use std::io::Write as _;

use equipoise_benches::causal::{
    Failure, binned, folds, interactive, levels, peak_bytes, residuals, residuals_of_levels, timed, timed_often,
};
use equipoise_causal::{
    Choice, Covariates, CrossFit, Dag, ForestOptions, Kind, LinearForest, Nuisance, Policy, PolicyOptions, Quality,
    Refuter, Residuals, Rows, Simulated, Target, refute, simulate,
};
use equipoise_kernels::boost::Binned;
use serde_json::{Map, Value, json};

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of the tasks that peers take minutes for.
const FEW: usize = 10_000;

fn main() -> Result<(), Failure> {
    let n = std::env::args().nth(1).map_or(Ok(100_000), |n| n.parse())?;
    let mut out = Out(Map::new());
    if std::env::args().nth(2).as_deref() == Some("memory") {
        return forest_memory(n);
    }
    estimates(n, &mut out)?;
    all_treatments(&mut out)?;
    assumptions(n, &mut out)?;
    whom(n, &mut out)?;
    let report = json!({ "rows": n, "covariates": 20, "tasks": out.0 });
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
}

/// What a forest holds, of a process that does nothing else.
fn forest_memory(n: usize) -> Result<(), Failure> {
    let rows = simulate(Kind::Binary, n, 20, 4242, false);
    let features: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
    let before = peak_bytes()?;
    let left = residuals_of_levels(&rows, &folds(n)?)?;
    let data = binned(&rows.x, 255)?;
    let forest = LinearForest::fit(&data, &features, &left, &ForestOptions::default(), Rows::default());
    // The data as numbers of 8 bytes: 22 columns.
    let report = json!({ "rows": n, "data": n * 22 * 8, "with_data": before, "peak": peak_bytes()?,
                         "trees": forest.n_bytes() });
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
}

struct Out(Map<String, Value>);

impl Out {
    fn put(&mut self, name: &str, seconds: f64, found: &Value) {
        self.0.insert(name.to_owned(), json!({ "cpu_s": seconds, "found": found }));
    }
}

/// Out-of-fold R² or log loss of nuisances.
fn quality(nuisances: &[Nuisance]) -> Vec<f64> {
    let of = |n: &Nuisance| match n.quality {
        Quality::RSquared(r) => r,
        Quality::LogLoss { loss, .. } => loss,
    };
    nuisances.iter().map(of).collect()
}

/// The average effect by each estimator and learner.
fn estimates(n: usize, out: &mut Out) -> Result<(), Failure> {
    let folds = folds(n)?;
    let number = simulate(Kind::Continuous, n, 20, 4242, false);
    let binary = simulate(Kind::Binary, n, 20, 4242, false);
    let level = levels(&binary.d);
    for (name, choice, repeats) in
        [("plr_ols", Choice::Plain, 5), ("plr_lasso", Choice::Linear, 3), ("plr_auto", Choice::Auto, 1)]
    {
        let (s, (scored, found)) = timed(repeats, || {
            let (left, found) = residuals(&number, &folds, choice)?;
            Ok((left.partialling_out(Rows::default())?, found))
        })?;
        out.put(name, s, &json!({ "effect": [scored.theta, scored.se], "quality": quality(&found) }));
    }
    let (s, scored) = timed(5, || Ok(residuals_of_levels(&binary, &folds)?.partialling_out(Rows::default())?))?;
    out.put("plr_ols_logit", s, &json!([scored.theta, scored.se]));
    for (name, choice, repeats) in [("irm_ols_logit", Choice::Plain, 5), ("irm_auto", Choice::Auto, 1)] {
        let (s, (scored, found)) = timed(repeats, || {
            let (aipw, found) = interactive(&binary.y, &level, &binary.x, &folds, choice)?;
            Ok((aipw.effect(1, 0, Target::All, Rows::default())?, found))
        })?;
        out.put(name, s, &json!({ "effect": [scored.theta, scored.se], "quality": quality(&found) }));
    }
    Ok(())
}

/// The outcome's 20 covariates and its treatment, each in turn as a treatment with all others held fixed.
fn all_treatments(out: &mut Out) -> Result<(), Failure> {
    let rows = simulate(Kind::Continuous, FEW, 20, 4242, false);
    let folds = folds(FEW)?;
    let all: Vec<&[f64]> = std::iter::once(&rows.d).chain(&rows.x).map(Vec::as_slice).collect();
    let covariates = Covariates { columns: all.clone(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Linear };
    let (s, found) = timed(3, || {
        let mut effects = Vec::new();
        for (column, nuisances) in cross.each_in_turn(&rows.y)?.iter().enumerate() {
            let [of_y, of_d] = nuisances;
            let d = all.get(column).copied().unwrap_or_default();
            let left = Residuals::new(&rows.y, d, &of_y.values, &of_d.values);
            effects.push(left.partialling_out(Rows::default())?.theta);
        }
        Ok(effects)
    })?;
    out.put("each_of_21_treatments", s / 21.0, &json!(found.first()));
    Ok(())
}

/// Sensitivity, refuters and graphs.
fn assumptions(n: usize, out: &mut Out) -> Result<(), Failure> {
    let rows = simulate(Kind::Continuous, n, 20, 4242, false);
    let (left, _) = residuals(&rows, &folds(n)?, Choice::Plain)?;
    let sensitivity = left.sensitivity(&left.partialling_out(Rows::default())?, Rows::default());
    let grid: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.005).collect();
    let (s, found) = timed_often(200, || Ok(sensitivity.contour(&grid, &grid, 0.0, 0.95).theta.len()))?;
    out.put("contour_100x100", s, &json!(found));

    let few = simulate(Kind::Continuous, FEW, 20, 4242, false);
    let (left, _) = residuals(&few, &folds(FEW)?, Choice::Plain)?;
    let theta = left.partialling_out(Rows::default())?.theta;
    for (name, refuter) in [
        ("refuter_placebo_100", Refuter::Placebo),
        ("refuter_random_cause_100", Refuter::RandomCommonCause),
        ("refuter_subset_100", Refuter::Subset(0.8)),
        ("refuter_bootstrap_100", Refuter::Bootstrap),
    ] {
        let run = || Ok(refute(&left, theta, refuter, 100, 1, Rows::default()).map(|f| f.mean));
        let (s, found) = timed_often(5, run)?;
        out.put(name, s, &json!(found));
    }
    let star: Vec<String> = (0..20).flat_map(|j| [format!("x{j} -> d"), format!("x{j} -> y")]).collect();
    let edges: Vec<String> = star.into_iter().chain(["d -> y".to_owned()]).collect();
    let (s, found) = timed_often(200, || {
        let dag = Dag::parse(&edges, &[])?;
        let set = dag.back_door("d", "y")?.map(|set| set.len());
        let _ = (dag.front_door("d", "y")?, dag.instruments("d", "y")?);
        Ok(set)
    })?;
    out.put("identify_20_causes", s, &json!(found));
    Ok(())
}

/// For whom: the policy tree and the causal forest.
fn whom(n: usize, out: &mut Out) -> Result<(), Failure> {
    let folds = folds(n)?;
    let before = peak_bytes()?;
    let rows = simulate(Kind::Binary, n, 20, 4242, false);
    let level = levels(&rows.d);
    let (aipw, _) = interactive(&rows.y, &level, &rows.x, &folds, Choice::Plain)?;
    let (one, zero) = (aipw.scores(1), aipw.scores(0));
    let rewards: Vec<f64> = one.iter().zip(&zero).flat_map(|(a, b)| [0.0, a - b - 0.75]).collect();
    let ten = binned(rows.x.get(..10).unwrap_or_default(), 255)?;
    let everybody: Vec<u32> = (0..u32::try_from(n)?).collect();
    let options = PolicyOptions { max_depth: 2, min_leaf_rows: 100, min_gain: 1e-4 };
    let (s, tree) = timed(3, || Ok(Policy::fit(&ten, &rewards, 2, &everybody, options, Rows::default())))?;
    let value: f64 = (0..n).map(|row| rewards.get(row * 2 + tree.action(&ten, row)).copied().unwrap_or(0.0)).sum();
    out.put("policy_depth_2", s, &json!({ "nodes": tree.nodes.len(), "mean_reward": value / n as f64 }));

    for (name, n) in [("forest", n), ("forest_10000", FEW)] {
        let rows = simulate(Kind::Binary, n, 20, 4242, false);
        let features: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
        // Half of the trees have not seen a row: a row's effect is that of 100.
        let options = ForestOptions { n_trees: 200, ..ForestOptions::default() };
        let folds = self::folds(n)?;
        let (s, (data, forest)) = timed(1, || {
            let left = residuals_of_levels(&rows, &folds)?;
            let data = binned(&rows.x, 255)?;
            let forest = LinearForest::fit(&data, &features, &left, &options, Rows::default());
            Ok((data, forest))
        })?;
        out.put(&format!("{name}_200_trees"), s, &errors(&data, &features, &forest, &rows));
    }
    // The data as numbers of 8 bytes: 22 columns. What came before (other rows, other tasks) is in the peak as well.
    out.put("memory", 0.0, &json!({ "data": n * 22 * 8, "peak_before": before, "peak": peak_bytes()? }));
    Ok(())
}

/// Error and coverage of single effects, and what the trees weigh.
fn errors(data: &Binned, features: &[&[f64]], forest: &LinearForest, rows: &Simulated) -> Value {
    let (mut squares, mut hits, mut m) = (0.0, 0.0, 0.0);
    for (row, truth) in rows.effect.iter().enumerate().take(2000) {
        if let Some((theta, se)) = forest.out_of_bag(data, features, row) {
            squares += (theta - truth) * (theta - truth);
            hits += if (theta - truth).abs() < 1.96 * se { 1.0 } else { 0.0 };
            m += 1.0;
        }
    }
    json!({ "rmse": f64::sqrt(squares / m), "coverage": hits / m, "bytes": forest.n_bytes() })
}
