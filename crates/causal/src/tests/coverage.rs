//! Do 95 % intervals hold the truth 95 % of the time? A few hundred small simulated sets; `benches` runs more, and more kinds.

use super::hidden::{by_number_instrument, front_door, late, way};
use super::{by_number, plain_residuals};
use crate::*;
use equipoise_kernels::boost::{Binned, BoostColumn};

const SEEDS: u64 = 200;

/// Counts over seeds how often an interval holds the truth.
fn covered(mut of: impl FnMut(u64) -> (f64, f64, f64)) {
    let hits = (0..SEEDS).filter(|seed| {
        let (theta, se, truth) = of(*seed);
        (theta - truth).abs() < 1.96 * se
    });
    // 95 % of 200 with four standard errors of √(0.95·0.05/200) = 1.54 points.
    let share = hits.count() as f64 / SEEDS as f64;
    assert!((0.89..=0.995).contains(&share), "{share}");
}

#[test]
fn partialling_out_covers() {
    let folds = by_number(500, 5);
    covered(|seed| {
        let rows = simulate(Kind::Continuous, 500, 6, seed, true);
        let scored = plain_residuals(&rows, &folds).partialling_out(Rows::default()).unwrap();
        (scored.theta, scored.se, 0.5)
    });
}

#[test]
fn linear_effects_cover_where_they_are_linear() {
    // The effect is 0.5 + 0.5·x₁ + …: its coefficient on x₁ with the step of x₃ as a feature.
    let folds = by_number(800, 5);
    covered(|seed| {
        let rows = simulate(Kind::Continuous, 800, 6, seed, true);
        let y: Vec<f64> = rows.y.iter().zip(&rows.d).zip(&rows.x[1]).map(|((y, d), x)| y + 0.5 * d * x).collect();
        let mut covariates: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
        // E[Y given X] holds m(X)·x₁ with m linear: products of the covariates with x₁.
        let products: Vec<Vec<f64>> =
            [0, 2].iter().map(|j| rows.x[*j].iter().zip(&rows.x[1]).map(|(a, b)| a * b).collect()).collect();
        covariates.extend(products.iter().map(Vec::as_slice));
        let covariates = Covariates { columns: covariates, binned: None };
        let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Plain };
        let found = cross.regressions(&[&y, &rows.d], None).unwrap();
        let left = Residuals::new(&y, &rows.d, &found[0].values, &found[1].values);
        let fit = Cate::fit(&left.outcome, &left.treatment, &[&rows.x[1]], Covariance::Hc1, Rows::default());
        (fit.coefficients[0], fit.standard_errors()[0], 0.5)
    });
}

/// Doubly robust numbers with straight nuisances.
fn robust<'a>(rows: &'a Simulated, level: &'a [u32], folds: &Folds) -> Aipw<'a> {
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice: Choice::Plain };
    let outcome = (0..2).map(|arm| {
        let subset: Vec<bool> = level.iter().map(|d| *d == arm).collect();
        cross.regressions(&[&rows.y], Some(&subset)).unwrap().remove(0).values
    });
    let outcome: Vec<Vec<f64>> = outcome.collect();
    let m: Vec<f64> = cross.chance(&rows.d).unwrap().values.iter().map(|m| m.clamp(0.01, 0.99)).collect();
    Aipw { y: &rows.y, level, outcome, chance: vec![m.iter().map(|m| 1.0 - m).collect(), m] }
}

fn levels(rows: &Simulated) -> Vec<u32> {
    rows.d.iter().map(|d| u32::from(*d > 0.5)).collect()
}

/// Mean effect of the rows that `of` picks, in a million rows.
fn truth(of: impl Fn(&Simulated, usize) -> bool) -> f64 {
    let rows = simulate(Kind::Binary, 1_000_000, 5, 77_777, true);
    let picked: Vec<f64> = (0..rows.y.len()).filter(|i| of(&rows, *i)).map(|i| rows.effect[i]).collect();
    picked.iter().sum::<f64>() / picked.len() as f64
}

#[test]
fn doubly_robust_effects_cover() {
    let folds = by_number(800, 5);
    covered(|seed| {
        let rows = simulate(Kind::Binary, 800, 5, seed, true);
        let level = levels(&rows);
        let scored = robust(&rows, &level, &folds).effect(1, 0, Target::All, Rows::default()).unwrap();
        (scored.theta, scored.se, 0.75)
    });
}

#[test]
fn effects_on_the_treated_cover() {
    let folds = by_number(800, 5);
    let truth = truth(|rows, i| rows.d[i] > 0.5);
    covered(|seed| {
        let rows = simulate(Kind::Binary, 800, 5, seed, true);
        let level = levels(&rows);
        let scored = robust(&rows, &level, &folds).effect(1, 0, Target::Treated, Rows::default()).unwrap();
        (scored.theta, scored.se, truth)
    });
}

#[test]
fn effects_of_a_cohort_and_by_feature_cover() {
    let folds = by_number(800, 5);
    let truth = truth(|rows, i| rows.x[3][i] > 0.0);
    let mut slopes = Vec::new();
    covered(|seed| {
        let rows = simulate(Kind::Binary, 800, 5, seed, true);
        let level = levels(&rows);
        let aipw = robust(&rows, &level, &folds);
        let pseudo: Vec<f64> = aipw.scores(1).iter().zip(aipw.scores(0)).map(|(a, b)| a - b).collect();
        let step: Vec<f64> = rows.x[3].iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
        let fit = Cate::fit(&pseudo, &vec![1.0; 800], &[&rows.x[1], &step], Covariance::Hc1, Rows::default());
        slopes.push((fit.coefficients[0], fit.standard_errors()[0]));
        let share: Vec<f64> = step.iter().map(|s| -s).collect();
        let found = solve(&share, &pseudo.iter().zip(&step).map(|(p, s)| p * s).collect::<Vec<_>>(), Rows::default());
        found.map(|s| (s.theta, s.se, truth)).unwrap()
    });
    covered(|seed| (slopes[seed as usize].0, slopes[seed as usize].1, 0.5));
}

#[test]
fn instruments_cover() {
    let folds = by_number(800, 5);
    covered(|seed| {
        let iv = by_number_instrument(&simulate_hidden(HiddenCause::Instrument, 800, seed, true), &folds);
        (iv.scored.theta, iv.scored.se, 0.5)
    });
    let many = simulate_hidden(HiddenCause::Compliance, 1_000_000, 77_777, true);
    let moved: f64 = many.share.iter().sum();
    let truth = many.effect.iter().zip(&many.share).map(|(t, s)| t * s).sum::<f64>() / moved;
    covered(|seed| {
        let iv = late(&simulate_hidden(HiddenCause::Compliance, 800, seed, true), &folds);
        (iv.scored.theta, iv.scored.se, truth)
    });
}

#[test]
fn the_front_door_covers() {
    let folds = by_number(600, 5);
    let rows = |seed| simulate_hidden(HiddenCause::Mediator, 600, seed, true);
    covered(|seed| {
        let found = front_door(&rows(seed), &folds);
        (found.theta, found.se, 0.8)
    });
    covered(|seed| {
        let found = way(&rows(seed), &folds);
        (found.theta, found.se, 0.8)
    });
}

#[test]
fn doses_cover() {
    // The effect of a dose is 0.5·d + 0.2·d²; the covariates' part is straight.
    let folds = by_number(600, 5);
    for dose in [-1.0, 1.5] {
        covered(|seed| {
            let rows = simulate(Kind::Continuous, 600, 5, seed, true);
            let y: Vec<f64> = rows.y.iter().zip(&rows.d).map(|(y, d)| y + 0.2 * d * d).collect();
            let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
            let cross =
                CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Plain };
            let task = Dose { treatment: &rows.d, outcome: &y, reference: 0.0 };
            let (change, se) = task.fit(&cross, Rows::default()).unwrap().at(dose);
            (change, se, 0.5 * dose + 0.2 * dose * dose)
        });
    }
}

#[test]
fn single_rows_of_a_forest_cover() {
    // One row of each set, by the bags that have not seen it.
    let folds = by_number(1000, 5);
    let options = ForestOptions { n_trees: 100, ..ForestOptions::default() };
    covered(|seed| {
        let rows = simulate(Kind::Binary, 1000, 5, seed, true);
        let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
        let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Plain };
        let (y, d) = (cross.regressions(&[&rows.y], None).unwrap(), cross.chance(&rows.d).unwrap());
        let left = Residuals::new(&rows.y, &rows.d, &y[0].values, &d.values);
        let data = Binned::new(&rows.x.iter().map(|x| BoostColumn::Number(x)).collect::<Vec<_>>(), 255).unwrap();
        let views = &covariates.columns;
        let forest = LinearForest::fit(&data, views, &left, &options, Rows::default());
        let (theta, se) = forest.out_of_bag(&data, views, 0).unwrap();
        (theta, se, rows.effect[0])
    });
}
