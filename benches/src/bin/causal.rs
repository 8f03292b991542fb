//! Effects of interventions: `causal speed [ROWS]` prints CPU seconds of each task as JSON, `causal coverage [SEEDS]` the
//! share of 95 % intervals that hold the truth. The rows are those of `benches/peers/causal.py`.

use std::{error::Error, io::Write as _};

use equipoise_causal::{
    Aipw, Cate, CausalForest, Choice, Covariance, Covariates, CrossFit, Folds, ForestOptions, Kind, Policy,
    PolicyOptions, Refuter, Residuals, Rows, Simulated, Target, refute, simulate,
};
use equipoise_kernels::boost::{Binned, BoostColumn};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: causal speed [ROWS] | causal coverage [SEEDS]";
    let report = match args.next().as_deref() {
        Some("speed") => speed(args.next().map_or(Ok(100_000), |n| n.parse())?)?,
        Some("coverage") => coverage(args.next().map_or(Ok(500), |n| n.parse())?)?,
        _ => return Err(usage.into()),
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
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

/// The least CPU time of some runs, and what the last one found.
fn timed<T>(repeats: u32, mut run: impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<(f64, T), Box<dyn Error>> {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..repeats {
        let start = cpu_seconds()?;
        last = Some(run()?);
        best = best.min(cpu_seconds()? - start);
    }
    Ok((best, last.ok_or("nothing ran")?))
}

fn folds(n: usize) -> Result<Folds, Box<dyn Error>> {
    Ok(Folds::given((0..n).map(|i| u8::try_from(i % 5).unwrap_or(0)).collect())?)
}

fn binned(x: &[Vec<f64>], bins: usize) -> Result<Binned, Box<dyn Error>> {
    Ok(Binned::new(&x.iter().map(|x| BoostColumn::Number(x)).collect::<Vec<_>>(), bins)?)
}

/// Residuals of a continuous treatment.
fn residuals(
    rows: &Simulated,
    folds: &Folds,
    choice: Choice,
    binned: Option<&Binned>,
) -> Result<Residuals, Box<dyn Error>> {
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned };
    let cross = CrossFit { covariates: &covariates, folds, weight: None, choice };
    let found = cross.regressions(&[&rows.y, &rows.d], None)?;
    let [y, d] = found.as_slice() else { return Err("two targets".into()) };
    Ok(Residuals::new(&rows.y, &rows.d, &y.values, &d.values))
}

/// Doubly robust effect of a binary treatment, and the scores of both levels.
fn interactive<'a>(
    rows: &'a Simulated,
    level: &'a [u32],
    folds: &Folds,
    choice: Choice,
    binned: Option<&Binned>,
) -> Result<Aipw<'a>, Box<dyn Error>> {
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned };
    let cross = CrossFit { covariates: &covariates, folds, weight: None, choice };
    let mut outcome = Vec::new();
    for arm in 0..2 {
        let subset: Vec<bool> = level.iter().map(|d| *d == arm).collect();
        outcome.push(cross.regressions(&[&rows.y], Some(&subset))?.pop().ok_or("one target")?.values);
    }
    let m: Vec<f64> = cross.chance(&rows.d)?.values.iter().map(|m| m.clamp(0.01, 0.99)).collect();
    Ok(Aipw { y: &rows.y, level, outcome, chance: vec![m.iter().map(|m| 1.0 - m).collect(), m] })
}

fn levels(rows: &Simulated) -> Vec<u32> {
    rows.d.iter().map(|d| u32::from(*d > 0.5)).collect()
}

fn speed(n: usize) -> Result<Value, Box<dyn Error>> {
    let mut out = Map::new();
    let mut put = |name: &str, seconds: f64, found: Value| {
        out.insert(name.to_owned(), json!({ "cpu_s": seconds, "found": found }));
    };
    let folds = folds(n)?;
    let number = simulate(Kind::Continuous, n, 20, 4242, false);
    let binary = simulate(Kind::Binary, n, 20, 4242, false);
    let level = levels(&binary);

    let (s, left) = timed(3, || residuals(&number, &folds, Choice::Plain, None))?;
    let scored = left.partialling_out(Rows::default())?;
    put("plr_ols", s, json!([scored.theta, scored.se]));
    let (s, left) = timed(1, || residuals(&number, &folds, Choice::Linear, None))?;
    put("plr_lasso", s, json!(left.partialling_out(Rows::default())?.theta));
    let (s, found) = timed(3, || {
        let aipw = interactive(&binary, &level, &folds, Choice::Plain, None)?;
        Ok(aipw.effect(1, 0, Target::All, Rows::default())?)
    })?;
    put("irm_ols_logit", s, json!([found.theta, found.se]));
    let (s, found) = timed(1, || {
        let bytes = binned(&number.x, 255)?;
        Ok(residuals(&number, &folds, Choice::Auto, Some(&bytes))?.partialling_out(Rows::default())?)
    })?;
    put("plr_auto", s, json!([found.theta, found.se]));

    let sensitivity = left.sensitivity(&scored, Rows::default());
    let grid: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.005).collect();
    let (s, found) = timed(5, || Ok(sensitivity.contour(&grid, &grid, 0.0, 0.95).theta.len()))?;
    put("contour_100x100", s, json!(found));
    let (s, found) = timed(1, || {
        let run = |refuter| refute(&left, scored.theta, refuter, 100, 1, Rows::default()).map(|f| f.mean);
        Ok([Refuter::Placebo, Refuter::RandomCommonCause, Refuter::Subset(0.8), Refuter::Bootstrap].map(run).to_vec())
    })?;
    put("refuters_4x100", s, json!(found));

    let aipw = interactive(&binary, &level, &folds, Choice::Plain, None)?;
    let (one, zero) = (aipw.scores(1), aipw.scores(0));
    let rewards: Vec<f64> = one.iter().zip(&zero).flat_map(|(a, b)| [0.0, a - b - 0.75]).collect();
    let ten = binned(binary.x.get(..10).unwrap_or_default(), 255)?;
    let everybody: Vec<u32> = (0..u32::try_from(n)?).collect();
    let options = PolicyOptions { max_depth: 2, min_leaf_rows: 100, min_gain: 1e-4 };
    let (s, tree) = timed(1, || Ok(Policy::fit(&ten, &rewards, 2, &everybody, options, Rows::default())))?;
    put("policy_depth_2", s, json!(tree.nodes.len()));

    let covariates = Covariates { columns: binary.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds: &folds, weight: None, choice: Choice::Plain };
    let (y, d) = (cross.regressions(&[&binary.y], None)?, cross.chance(&binary.d)?);
    let y = y.first().ok_or("one target")?;
    let left = Residuals::new(&binary.y, &binary.d, &y.values, &d.values);
    let twenty = binned(&binary.x, 255)?;
    let options = ForestOptions { n_trees: 100, ..ForestOptions::default() };
    let (s, forest) = timed(1, || Ok(CausalForest::grow(&twenty, &left, &options)))?;
    put("forest_100_trees", s, json!({ "bytes": forest.n_bytes() }));
    let shown = n.min(2000);
    let (s, found) = timed(1, || Ok((0..shown).filter_map(|row| forest.out_of_bag(&twenty, row)).collect::<Vec<_>>()))?;
    let (mut squares, mut hits) = (0.0, 0.0);
    for ((theta, se), truth) in found.iter().zip(&binary.effect) {
        squares += (theta - truth) * (theta - truth);
        hits += if (theta - truth).abs() < 1.96 * se { 1.0 } else { 0.0 };
    }
    let m = found.len() as f64;
    put("forest_2000_rows", s, json!({ "rmse": (squares / m).sqrt(), "coverage": hits / m }));
    Ok(json!({ "rows": n, "covariates": 20, "tasks": out }))
}

/// How often intervals of each estimator hold the truth at 1,000 rows.
fn coverage(seeds: u64) -> Result<Value, Box<dyn Error>> {
    let n = 1000;
    let folds = folds(n)?;
    let mut hits: Map<String, Value> = Map::new();
    let mut sums: std::collections::BTreeMap<&str, [f64; 3]> = std::collections::BTreeMap::new();
    for seed in 0..seeds {
        let mut put = |name: &'static str, theta: f64, se: f64, truth: f64| {
            let sum = sums.entry(name).or_default();
            sum[0] += if (theta - truth).abs() < 1.959_963_984_540_054 * se { 1.0 } else { 0.0 };
            sum[1] += theta - truth;
            sum[2] += (theta - truth) * (theta - truth);
        };
        for (linear, plain, auto) in [(true, "plr_ols_linear", "plr_auto_linear"), (false, "plr_ols", "plr_auto")] {
            let rows = simulate(Kind::Continuous, n, 20, seed, linear);
            let left = residuals(&rows, &folds, Choice::Plain, None)?;
            let scored = left.partialling_out(Rows::default())?;
            put(plain, scored.theta, scored.se, 0.5);
            let bytes = binned(&rows.x, 255)?;
            let scored = residuals(&rows, &folds, Choice::Auto, Some(&bytes))?.partialling_out(Rows::default())?;
            put(auto, scored.theta, scored.se, 0.5);
            if linear {
                let fit = Cate::fit(&left.outcome, &left.treatment, &[], Covariance::Hc1, Rows::default());
                let (theta, se) = fit.average();
                put("linear_dml_linear", theta, se, 0.5);
            }
        }
        for (linear, plain, auto, treated) in
            [(true, "irm_linear", "irm_auto_linear", "att_linear"), (false, "irm", "irm_auto", "att")]
        {
            let rows = simulate(Kind::Binary, n, 20, seed, linear);
            let level = levels(&rows);
            let bytes = binned(&rows.x, 255)?;
            let of = |choice| interactive(&rows, &level, &folds, choice, Some(&bytes));
            let aipw = of(Choice::Plain)?;
            let scored = aipw.effect(1, 0, Target::All, Rows::default())?;
            put(plain, scored.theta, scored.se, 0.75);
            // Those treated have an effect of their own; its value in these rows stands for the truth.
            let of_treated: Vec<f64> =
                rows.effect.iter().zip(&level).filter(|(_, d)| **d == 1).map(|(t, _)| *t).collect();
            let truth = of_treated.iter().sum::<f64>() / of_treated.len() as f64;
            let scored = aipw.effect(1, 0, Target::Treated, Rows::default())?;
            put(treated, scored.theta, scored.se, truth);
            let scored = of(Choice::Auto)?.effect(1, 0, Target::All, Rows::default())?;
            put(auto, scored.theta, scored.se, 0.75);
        }
    }
    for (name, [covered, bias, squares]) in sums {
        let m = seeds as f64;
        hits.insert(
            name.to_owned(),
            json!({ "coverage": covered / m, "bias": bias / m, "rmse": (squares / m).sqrt() }),
        );
    }
    Ok(json!({ "rows": n, "seeds": seeds, "estimators": hits }))
}
