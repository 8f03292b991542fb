//! Do 95 % intervals hold the truth 95 % of the time? A few hundred simulated sets; `benches` runs more.

use super::{by_number, plain_residuals};
use crate::*;

const SEEDS: u64 = 200;

fn covered(hits: usize) {
    // 95 % of 200 with four standard errors of √(0.95·0.05/200) = 1.54 points.
    let share = hits as f64 / SEEDS as f64;
    assert!((0.89..=0.995).contains(&share), "{share}");
}

#[test]
fn partialling_out_covers() {
    let folds = by_number(500, 5);
    let hits = (0..SEEDS).filter(|seed| {
        let rows = simulate(Kind::Continuous, 500, 6, *seed, true);
        let scored = plain_residuals(&rows, &folds).partialling_out(Rows::default()).unwrap();
        (scored.theta - 0.5).abs() < 1.96 * scored.se
    });
    covered(hits.count());
}

#[test]
fn linear_effects_cover_where_they_are_linear() {
    // The effect is 0.5 + 0.5·x₁ + …: its coefficient on x₁ with the step of x₃ as a feature.
    let folds = by_number(800, 5);
    let hits = (0..SEEDS).filter(|seed| {
        let rows = simulate(Kind::Continuous, 800, 6, *seed, true);
        let y: Vec<f64> = rows.y.iter().zip(&rows.d).zip(&rows.x[1]).map(|((y, d), x)| y + 0.5 * d * x).collect();
        let mut covariates: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
        // E[Y given X] holds m(X)·x₁ with m linear: products of the covariates with x₁.
        let products: Vec<Vec<f64>> =
            [0, 2].iter().map(|j| rows.x[*j].iter().zip(&rows.x[1]).map(|(a, b)| a * b).collect()).collect();
        covariates.extend(products.iter().map(Vec::as_slice));
        let covariates = Covariates { columns: covariates, binned: None };
        let cross = CrossFit { covariates: &covariates, folds: &folds, weight: None, choice: Choice::Plain };
        let found = cross.regressions(&[&y, &rows.d], None).unwrap();
        let left = Residuals::new(&y, &rows.d, &found[0].values, &found[1].values);
        let fit = Cate::fit(&left.outcome, &left.treatment, &[&rows.x[1]], Covariance::Hc1, Rows::default());
        (fit.coefficients[0] - 0.5).abs() < 1.96 * fit.standard_errors()[0]
    });
    covered(hits.count());
}

#[test]
fn doubly_robust_effects_cover() {
    let folds = by_number(800, 5);
    let hits = (0..SEEDS).filter(|seed| {
        let rows = simulate(Kind::Binary, 800, 5, *seed, true);
        let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
        let cross = CrossFit { covariates: &covariates, folds: &folds, weight: None, choice: Choice::Plain };
        let level: Vec<u32> = rows.d.iter().map(|d| u32::from(*d > 0.5)).collect();
        let outcome = (0..2).map(|arm| {
            let subset: Vec<bool> = level.iter().map(|d| *d == arm).collect();
            cross.regressions(&[&rows.y], Some(&subset)).unwrap().remove(0).values
        });
        let outcome: Vec<Vec<f64>> = outcome.collect();
        let m: Vec<f64> = cross.chance(&rows.d).unwrap().values.iter().map(|m| m.clamp(0.01, 0.99)).collect();
        let aipw = Aipw { y: &rows.y, level: &level, outcome, chance: vec![m.iter().map(|m| 1.0 - m).collect(), m] };
        let scored = aipw.effect(1, 0, Target::All, Rows::default()).unwrap();
        (scored.theta - 0.75).abs() < 1.96 * scored.se
    });
    covered(hits.count());
}
