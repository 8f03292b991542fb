//! Estimates by other hands on the same rows and folds (`cases/causal/make_oracle.py`).

use serde_json::Value;

use super::{by_number, plain_residuals};
use crate::*;

fn oracle() -> Value {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/oracles/causal.json");
    serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap()
}

fn close(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {found} and {expected}");
}

fn pair(found: &Scored, expected: &Value, tolerance: f64, what: &str) {
    close(found.theta, &expected[0], tolerance, what);
    close(found.se, &expected[1], tolerance, what);
}

fn side(found: Bound, expected: &Value, tolerance: f64) {
    for (i, value) in [found.theta, found.se, found.ci].into_iter().enumerate() {
        close(value, &expected[i], tolerance, "bound");
    }
}

fn rows(kind: Kind) -> Simulated {
    simulate(kind, 1500, 8, 77, false)
}

#[test]
fn partialling_out_is_theirs() {
    let expected = &oracle()["continuous"];
    let rows = rows(Kind::Continuous);
    let folds = by_number(1500, 5);
    let left = plain_residuals(&rows, &folds);
    let scored = left.partialling_out(Rows::default()).unwrap();
    pair(&scored, &expected["partialling out"], 1e-10, "partialling out");

    let bounds = left.sensitivity(&scored, Rows::default());
    let found = bounds.bounds(0.04, 0.03, 1.0, 0.95);
    side(found.lower, &expected["bounds"]["lower"], 1e-10);
    side(found.upper, &expected["bounds"]["upper"], 1e-10);
    close(bounds.robustness_value(0.0), &expected["bounds"]["rv"], 1e-10, "rv");
    close(bounds.robustness_value_of_interval(0.0, 0.95), &expected["bounds"]["rva"], 1e-10, "rva");
    // The closed form is where the bound crosses zero.
    let rv = bounds.robustness_value(0.0);
    assert!(bounds.bounds(rv, rv, 1.0, 0.95).lower.theta.abs() < 1e-12);
}

#[test]
fn the_other_scores_of_the_partially_linear_model_are_theirs() {
    let expected = &oracle()["continuous"];
    let rows = rows(Kind::Continuous);
    let folds = by_number(1500, 5);
    let left = plain_residuals(&rows, &folds);
    let first = left.partialling_out(Rows::default()).unwrap().theta;
    let moved: Vec<f64> = rows.y.iter().zip(&rows.d).map(|(y, d)| y - first * d).collect();
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Plain };
    let g = cross.regressions(&[&moved], None).unwrap();
    let scored = left.iv_type(&rows.y, &rows.d, &g[0].values, Rows::default()).unwrap();
    pair(&scored, &expected["IV-type"], 1e-10, "IV-type");

    let z: Vec<f64> = rows.x[7].iter().zip(&rows.d).map(|(x, d)| x + d).collect();
    let seven = Covariates { columns: rows.x[..7].iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &seven, ..cross };
    let found = cross.regressions(&[&rows.y, &rows.d, &z], None).unwrap();
    let left = Residuals::new(&rows.y, &rows.d, &found[0].values, &found[1].values);
    let instrument: Vec<f64> = z.iter().zip(&found[2].values).map(|(z, p)| z - p).collect();
    let iv = Iv::partially_linear(&left, &instrument, Rows::default()).unwrap();
    pair(&iv.scored, &expected["instrument"], 1e-10, "instrument");
    assert!(iv.first_stage_f > 100.0);
    // Strong: the region of the test is the interval, nearly.
    let Region::Between(low, high) = iv.test.region(0.95) else { panic!("an interval") };
    let half = 1.959_963_984_540_054 * iv.scored.se;
    assert!((low - iv.scored.theta + half).abs() < 0.05 * half && (high - iv.scored.theta - half).abs() < 0.05 * half);
}

#[test]
fn linear_effects_are_theirs() {
    let expected = &oracle()["continuous"];
    let rows = rows(Kind::Continuous);
    let left = plain_residuals(&rows, &by_number(1500, 5));
    let features: [&[f64]; 2] = [&rows.x[1], &rows.x[3]];
    for (name, covariance) in
        [("nonrobust", Covariance::Homoskedastic), ("HC0", Covariance::Hc0), ("HC1", Covariance::Hc1)]
    {
        let of = &expected[format!("linear_dml|{name}")];
        let fit = Cate::fit(&left.outcome, &left.treatment, &features, covariance, Rows::default());
        for (i, (b, se)) in fit.coefficients.iter().zip(fit.standard_errors()).enumerate() {
            close(*b, &of["coefficients"][i], 1e-10, name);
            close(se, &of["se"][i], 1e-10, name);
        }
        let (ate, se) = fit.average();
        close(ate, &of["ate"][0], 1e-10, name);
        close(se, &of["ate"][1], 1e-10, name);
    }
}

#[test]
fn doubly_robust_effects_are_theirs() {
    let expected = &oracle()["binary"];
    let rows = rows(Kind::Binary);
    let folds = by_number(1500, 5);
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Plain };
    let level: Vec<u32> = rows.d.iter().map(|d| u32::from(*d > 0.5)).collect();
    let outcome: Vec<Vec<f64>> = (0..2)
        .map(|arm| {
            let subset: Vec<bool> = level.iter().map(|d| *d == arm).collect();
            cross.regressions(&[&rows.y], Some(&subset)).unwrap().remove(0).values
        })
        .collect();
    let chance = cross.chance(&rows.d).unwrap();
    assert!(!chance.separated);
    let m: Vec<f64> = chance.values.iter().map(|m| m.clamp(0.01, 0.99)).collect();
    let mut aipw = Aipw { y: &rows.y, level: &level, outcome, chance: vec![m.iter().map(|m| 1.0 - m).collect(), m] };
    let ate = aipw.effect(1, 0, Target::All, Rows::default()).unwrap();
    let att = aipw.effect(1, 0, Target::Treated, Rows::default()).unwrap();
    pair(&ate, &expected["ATE"], 1e-10, "ATE");
    pair(&att, &expected["ATTE"], 1e-10, "ATTE");
    for (scored, target, name) in [(&ate, Target::All, "ATE"), (&att, Target::Treated, "ATTE")] {
        let of = &expected[format!("bounds|{name}")];
        let sensitivity = aipw.sensitivity(scored, 1, 0, target, Rows::default());
        let found = sensitivity.bounds(0.04, 0.03, 1.0, 0.95);
        side(found.lower, &of["lower"], 1e-9);
        side(found.upper, &of["upper"], 1e-9);
        close(sensitivity.robustness_value_of_interval(0.0, 0.95), &of["rva"], 1e-9, "rva");
    }
    // A difference of the two mean outcomes is the effect.
    let [none, all] = [0, 1].map(|level| aipw.mean_outcome(level, Rows::default()).unwrap().theta);
    assert!((all - none - ate.theta).abs() < 1e-12);
    aipw.chance = own_chances_normalised(&aipw, Rows::default());
    pair(&aipw.effect(1, 0, Target::All, Rows::default()).unwrap(), &expected["ATE|normalised"], 1e-10, "normalised");
}

#[test]
fn formulas_are_theirs() {
    let expected = &oracle()["formulas"];
    let found = LinearRobustness::new(0.8, 0.2, 120.0, 1.0, 0.05);
    close(found.value, &expected["rv"], 1e-13, "rv");
    close(found.value_of_interval, &expected["rva"], 1e-10, "rva");
    close(found.partial_r_squared, &expected["partial_r_squared"], 1e-14, "partial R²");
    let e = EValue::of_difference(0.8, 0.2, 2.0);
    close(e.estimate, &expected["e_value"][0], 1e-13, "E-value");
    close(e.interval, &expected["e_value"][1], 1e-13, "E-value of the interval");
}

#[test]
fn effects_on_those_an_instrument_moves_are_theirs() {
    let expected = &oracle()["binary"]["local"];
    let rows = rows(Kind::Binary);
    let z: Vec<f64> = rows.x[7].iter().zip(&rows.d).map(|(x, d)| f64::from(u8::from(x + 2.0 * d > 1.0))).collect();
    let hidden = Hidden {
        y: rows.y.clone(),
        d: rows.d.clone(),
        z,
        x: rows.x[..7].to_vec(),
        effect: rows.effect.clone(),
        share: vec![1.0; rows.y.len()],
    };
    let found = super::hidden::late(&hidden, &by_number(1500, 5));
    pair(&found.scored, &expected["effect"], 1e-10, "local effect");
    close(found.scored.theta, &expected["by_formula"], 1e-10, "the formula");
    close(found.first_stage_f, &expected["first_stage_f"], 1e-9, "first stage");
    let Region::Between(low, high) = found.test.region(0.95) else { panic!("an interval") };
    close(low, &expected["anderson_rubin"][0], 1e-9, "Anderson and Rubin");
    close(high, &expected["anderson_rubin"][1], 1e-9, "Anderson and Rubin");
}
