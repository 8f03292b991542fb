//! How often do 95 % intervals hold the truth? `causal_coverage [SEEDS] [PART]` simulates that many sets of 1,000 rows and
//! prints a line for each estimator, with laws that are straight and laws that bend. `PART` is one of `numbers`, `levels`,
//! `hidden` and `forest`; all of them without.
//!
//! Truths are those of the population: where it is not a number of the simulation, the mean over all sets stands for it.

use std::collections::BTreeMap;
use std::io::Write as _;

use equipoise_benches::causal::{
    Failure, binned, bytes_for, folds, interactive, levels, residuals, residuals_of_levels,
};
use equipoise_causal::{
    Cate, Choice, Covariance, Covariates, CrossFit, Dose, Folds, ForestOptions, FrontDoor, HiddenCause, Iv, Kind,
    LinearForest, Residuals, Rows, Target, Way, simulate, simulate_hidden, solve,
};
use rayon::prelude::*;

/// Rows of a set.
const N: usize = 1000;

/// An interval of one set: estimate, error, and the truth with what it counts for.
struct Found {
    name: String,
    theta: f64,
    se: f64,
    truth: (f64, f64),
    /// Whether the truth is that of the set (a single row's) rather than of the population.
    is_own: bool,
    /// Whether another region than estimate ± error held the truth.
    held: Option<bool>,
}

fn main() -> Result<(), Failure> {
    let seeds: u64 = std::env::args().nth(1).map_or(Ok(500), |n| n.parse())?;
    let part = std::env::args().nth(2);
    let all: Result<Vec<Vec<Found>>, String> =
        (0..seeds).into_par_iter().map(|seed| of_seed(seed, part.as_deref()).map_err(|e| e.to_string())).collect();
    let mut by_name: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for found in all?.into_iter().flatten() {
        by_name.entry(found.name.clone()).or_default().push(found);
    }
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| estimator, learners, laws | covered | bias | root mean square | mean error |\n|---|--:|--:|--:|--:|"
    )?;
    for (name, list) in by_name {
        let (top, all) = list.iter().fold((0.0, 0.0), |(a, b), f| (a + f.truth.0 * f.truth.1, b + f.truth.1));
        let truth = |f: &Found| if f.is_own { f.truth.0 } else { top / all };
        let m = list.len() as f64;
        let mean = |of: &dyn Fn(&Found) -> f64| list.iter().map(of).sum::<f64>() / m;
        let held = |f: &Found| f.held.unwrap_or((f.theta - truth(f)).abs() < 1.959_963_984_540_054 * f.se);
        writeln!(
            out,
            "| {name} | {:.1} % | {:+.3} | {:.3} | {:.3} |",
            100.0 * mean(&|f| f64::from(u8::from(held(f)))),
            mean(&|f| f.theta - truth(f)),
            f64::sqrt(mean(&|f| (f.theta - truth(f)) * (f.theta - truth(f)))),
            mean(&|f| f.se)
        )?;
    }
    Ok(())
}

/// Everything that is estimated from the sets of one seed.
fn of_seed(seed: u64, part: Option<&str>) -> Result<Vec<Found>, Failure> {
    let is_asked = |name: &str| part.is_none_or(|part| part == name);
    let folds = folds(N)?;
    let mut out = Vec::new();
    for (laws, is_straight) in [("straight", true), ("bent", false)] {
        // Straight learners where laws are straight, all of them where they bend; the default on both.
        let choices: &[(&str, Choice)] = if is_straight {
            &[("least squares", Choice::Plain), ("linear", Choice::Linear)]
        } else {
            &[("linear", Choice::Linear), ("automl", Choice::Auto)]
        };
        for (learners, choice) in choices {
            let mut put = |what: &str, theta: f64, se: f64, truth: (f64, f64)| {
                let name = format!("{what}, {learners}, {laws}");
                out.push(Found { name, theta, se, truth, is_own: false, held: None });
            };
            if is_asked("numbers") {
                numbers(seed, is_straight, *choice, &folds, &mut put)?;
            }
            if is_asked("levels") {
                two_levels(seed, is_straight, *choice, &folds, &mut put)?;
            }
        }
        let choice = if is_straight { ("linear", Choice::Linear) } else { ("automl", Choice::Auto) };
        if is_asked("hidden") {
            hidden(seed, (laws, is_straight), choice, &folds, &mut out)?;
        }
        if is_asked("forest") {
            forest(seed, laws, is_straight, &folds, &mut out)?;
        }
    }
    Ok(out)
}

type Put<'a> = dyn FnMut(&str, f64, f64, (f64, f64)) + 'a;

/// A treatment that is a number.
fn numbers(seed: u64, is_straight: bool, choice: Choice, folds: &Folds, put: &mut Put<'_>) -> Result<(), Failure> {
    let rows = simulate(Kind::Continuous, N, 20, seed, is_straight);
    let (left, _) = residuals(&rows, folds, choice)?;
    let scored = left.partialling_out(Rows::default())?;
    put("partially linear", scored.theta, scored.se, (0.5, 1.0));
    let features: Vec<&[f64]> = [1, 3].iter().filter_map(|j| rows.x.get(*j)).map(Vec::as_slice).collect();
    let fit = Cate::fit(&left.outcome, &left.treatment, &features, Covariance::Hc1, Rows::default());
    let (theta, se) = fit.average();
    put("linear effects (number): average", theta, se, (0.5, 1.0));
    let slope = fit.coefficients.first().zip(fit.standard_errors().first().copied());
    if let Some((slope, se)) = slope {
        put("linear effects (number): slope", *slope, se, (0.0, 1.0));
    }
    // Doses act by 0.5·d + 0.2·d².
    let y: Vec<f64> = rows.y.iter().zip(&rows.d).map(|(y, d)| y + 0.2 * d * d).collect();
    let bytes = bytes_for(&rows.x, choice)?;
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: bytes.as_ref() };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice };
    let curve = Dose { treatment: &rows.d, outcome: &y, reference: 0.0 }.fit(&cross, Rows::default())?;
    for dose in [-1.0, 1.5] {
        let (change, se) = curve.at(dose);
        put(&format!("dose {dose} against 0"), change, se, (0.5 * dose + 0.2 * dose * dose, 1.0));
    }
    Ok(())
}

/// A treatment of two levels.
fn two_levels(seed: u64, is_straight: bool, choice: Choice, folds: &Folds, put: &mut Put<'_>) -> Result<(), Failure> {
    let rows = simulate(Kind::Binary, N, 20, seed, is_straight);
    let level = levels(&rows.d);
    let (aipw, _) = interactive(&rows.y, &level, &rows.x, folds, choice)?;
    let among = |of: &dyn Fn(usize) -> bool| -> (f64, f64) {
        let picked: Vec<f64> = rows.effect.iter().enumerate().filter(|(i, _)| of(*i)).map(|(_, t)| *t).collect();
        (picked.iter().sum::<f64>() / picked.len() as f64, picked.len() as f64)
    };
    let scored = aipw.effect(1, 0, Target::All, Rows::default())?;
    put("doubly robust: all", scored.theta, scored.se, (0.75, 1.0));
    let scored = aipw.effect(1, 0, Target::Treated, Rows::default())?;
    put("doubly robust: those treated", scored.theta, scored.se, among(&|i| level.get(i) == Some(&1)));
    let pseudo: Vec<f64> = aipw.scores(1).iter().zip(aipw.scores(0)).map(|(a, b)| a - b).collect();
    let at = |j: usize| rows.x.get(j).map_or(&[][..], Vec::as_slice);
    let step: Vec<f64> = at(3).iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
    let inside = |row: usize| step.get(row).is_some_and(|s| *s > 0.5);
    let psi_a: Vec<f64> = step.iter().map(|s| -s).collect();
    let psi_b: Vec<f64> = pseudo.iter().zip(&step).map(|(p, s)| p * s).collect();
    let scored = solve(&psi_a, &psi_b, Rows::default())?;
    put("doubly robust: a cohort", scored.theta, scored.se, among(&inside));
    let fit = Cate::fit(&pseudo, &vec![1.0; N], &[at(1), &step], Covariance::Hc1, Rows::default());
    for (place, (what, truth)) in [("slope of x1", 0.5), ("step of x3", 0.5), ("constant", 0.5)].into_iter().enumerate()
    {
        let found = fit.coefficients.get(place).zip(fit.standard_errors().get(place).copied());
        if let Some((theta, se)) = found {
            put(&format!("linear effects (levels): {what}"), *theta, se, (truth, 1.0));
        }
    }
    Ok(())
}

/// A hidden cause: instruments and the front door.
fn hidden(
    seed: u64,
    (laws, is_straight): (&str, bool),
    (learners, choice): (&str, Choice),
    folds: &Folds,
    out: &mut Vec<Found>,
) -> Result<(), Failure> {
    let name = |what: &str| format!("{what}, {learners}, {laws}");
    let strong = [("instrument", HiddenCause::Instrument)];
    let both = [("instrument", HiddenCause::Instrument), ("weak instrument", HiddenCause::WeakInstrument)];
    for (what, kind) in if is_straight { both.as_slice() } else { strong.as_slice() } {
        let kind = *kind;
        let rows = simulate_hidden(kind, N, seed, is_straight);
        let bytes = bytes_for(&rows.x, choice)?;
        let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: bytes.as_ref() };
        let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice };
        let found = cross.regressions(&[&rows.y, &rows.d, &rows.z], None)?;
        let [of_y, of_d, of_z] = found.as_slice() else { return Err("three targets".into()) };
        let left = Residuals::new(&rows.y, &rows.d, &of_y.values, &of_d.values);
        let z: Vec<f64> = rows.z.iter().zip(&of_z.values).map(|(z, p)| z - p).collect();
        let iv = Iv::partially_linear(&left, &z, Rows::default())?;
        let (theta, se, truth) = (iv.scored.theta, iv.scored.se, (0.5, 1.0));
        if kind == HiddenCause::Instrument {
            out.push(Found { name: name(what), theta, se, truth, is_own: false, held: None });
        }
        let held = Some(iv.test.region(0.95).holds(0.5));
        out.push(Found { name: name(&format!("{what}: Anderson–Rubin")), theta, se, truth, is_own: false, held });
    }
    let rows = simulate_hidden(HiddenCause::Compliance, N, seed, is_straight);
    let z = levels(&rows.z);
    let (of_y, _) = interactive(&rows.y, &z, &rows.x, folds, choice)?;
    let (of_d, _) = interactive(&rows.d, &z, &rows.x, folds, choice)?;
    let iv = Iv::interactive(&of_y, &of_d, Rows::default())?;
    let moved: f64 = rows.share.iter().sum();
    let truth = (rows.effect.iter().zip(&rows.share).map(|(t, s)| t * s).sum::<f64>() / moved, moved);
    let (theta, se) = (iv.scored.theta, iv.scored.se);
    out.push(Found { name: name("instrument of two levels"), theta, se, truth, is_own: false, held: None });

    let rows = simulate_hidden(HiddenCause::Mediator, N, seed, is_straight);
    let beside = |more: &Vec<f64>| rows.x.iter().chain([more]).cloned().collect::<Vec<Vec<f64>>>();
    let (by_mediator, by_treatment) = (beside(&rows.z), beside(&rows.d));
    let bytes = [&rows.x, &by_mediator, &by_treatment].map(|x| bytes_for(x, choice));
    let [x, by_mediator, by_treatment] = [&rows.x, &by_mediator, &by_treatment];
    let [of_x, of_mediator, of_treatment] = bytes;
    let (of_x, of_mediator, of_treatment) = (of_x?, of_mediator?, of_treatment?);
    let plain = Covariates { columns: x.iter().map(Vec::as_slice).collect(), binned: of_x.as_ref() };
    let cross = CrossFit { covariates: &plain, folds, rows: Rows::default(), choice };
    let more = Covariates { columns: by_mediator.iter().map(Vec::as_slice).collect(), binned: of_mediator.as_ref() };
    let behind = CrossFit { covariates: &more, folds, rows: Rows::default(), choice };
    let truth = (rows.effect.iter().sum::<f64>() / N as f64, 1.0);
    let level = levels(&rows.d);
    let (door, _) = FrontDoor::fit(&cross, &behind, &rows.y, &level, 2, 0.01)?;
    let scored = door.effect(1, 0, Rows::default())?;
    let (theta, se) = (scored.theta, scored.se);
    out.push(Found { name: name("front door: levels"), theta, se, truth, is_own: false, held: None });
    if is_straight {
        let more =
            Covariates { columns: by_treatment.iter().map(Vec::as_slice).collect(), binned: of_treatment.as_ref() };
        let behind = CrossFit { covariates: &more, folds, rows: Rows::default(), choice };
        let (first, second) =
            (cross.regressions(&[&rows.d, &rows.z], None)?, behind.regressions(&[&rows.z, &rows.y], None)?);
        let left = |x: &[f64], of: &[equipoise_causal::Nuisance], place: usize| -> Vec<f64> {
            of.get(place).map(|n| x.iter().zip(&n.values).map(|(x, p)| x - p).collect()).unwrap_or_default()
        };
        let way = Way {
            treatment: left(&rows.d, &first, 0),
            mediators: vec![left(&rows.z, &first, 1)],
            mediators_behind: vec![left(&rows.z, &second, 0)],
            outcome_behind: left(&rows.y, &second, 1),
        };
        let scored = way.effect(Rows::default())?;
        let (theta, se) = (scored.theta, scored.se);
        out.push(Found { name: name("front door: numbers"), theta, se, truth, is_own: false, held: None });
    }
    Ok(())
}

/// Twenty rows of each set by the bags of a causal forest that have not seen them.
fn forest(seed: u64, laws: &str, is_straight: bool, folds: &Folds, out: &mut Vec<Found>) -> Result<(), Failure> {
    let rows = simulate(Kind::Binary, N, 20, seed, is_straight);
    let left = residuals_of_levels(&rows, folds)?;
    let data = binned(&rows.x, 255)?;
    let features: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
    let options = ForestOptions { n_trees: 200, seed, ..ForestOptions::default() };
    let forest = LinearForest::fit(&data, &features, &left, &options, Rows::default());
    for (row, truth) in rows.effect.iter().enumerate().take(20) {
        if let Some((theta, se)) = forest.out_of_bag(&data, &features, row) {
            let name = format!("causal forest: single rows, least squares, {laws}");
            out.push(Found { name, theta, se, truth: (*truth, 1.0), is_own: true, held: None });
        }
    }
    Ok(())
}
