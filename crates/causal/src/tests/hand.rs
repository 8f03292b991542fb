//! Small cases worked out by hand, and what must hold whatever the rows.

use super::{by_number, plain_residuals};
use crate::*;
use equipoise_kernels::Stop;

#[test]
fn four_residuals() {
    // v = (1, −1, 2, −2), u = (2, 0, 3, −5): Σvu = 2 + 0 + 6 + 10 = 18, Σv² = 10, θ = 1.8.
    // ψ = v·(u − 1.8·v) = (0.2, −1.8, −1.2, 2.8)·… : u − θv = (0.2, 1.8, −0.6, −1.4), times v: (0.2, −1.8, −1.2, 2.8).
    // se² = Σψ²/(Σv²)² = (0.04 + 3.24 + 1.44 + 7.84)/100 = 0.1256.
    let left = Residuals { outcome: vec![2.0, 0.0, 3.0, -5.0], treatment: vec![1.0, -1.0, 2.0, -2.0] };
    let scored = left.partialling_out(Rows::default()).unwrap();
    assert!((scored.theta - 1.8).abs() < 1e-15 && (scored.se - 0.1256_f64.sqrt()).abs() < 1e-15);
    // In two clusters (rows 0 and 1, rows 2 and 3): sums −1.6 and 1.6, se² = 5.12/100.
    let clusters = [0, 0, 1, 1];
    let clustered = left.partialling_out(Rows { clusters: Some(&clusters), ..Rows::default() }).unwrap();
    assert!((clustered.se - 0.0512_f64.sqrt()).abs() < 1e-15);
    // Within the first two rows: (2 + 0)/2 = 1.
    let within = left.within(&[true, true, false, false], Rows::default()).unwrap();
    assert!((within.theta - 1.0).abs() < 1e-15);
    assert!(left.within(&[false; 4], Rows::default()).is_none());
}

#[test]
fn the_median_of_three_splits() {
    let of = |theta, se| Scored { theta, se, j: -1.0, influence: Vec::new() };
    let found = aggregate(&[of(1.0, 0.1), of(3.0, 0.2), of(2.0, 0.4)]).unwrap();
    // Upper limits 1.196, 3.392, 2.784: median 2.784, so the error is (2.784 − 2)/1.96 = 0.4.
    assert!((found.theta - 2.0).abs() < 1e-15 && (found.se - 0.4).abs() < 1e-12);
    assert_eq!((found.typical, found.range), (2, (1.0, 3.0)));
    assert!(aggregate(&[]).is_none());
}

#[test]
fn balance_and_overlap_of_six_rows() {
    // Means 3 and 1, variances 2/3 each: difference 2/√(2/3).
    let x = [2.0, 3.0, 4.0, 0.0, 1.0, 2.0];
    let (one, zero) = ([true, true, true, false, false, false], [false, false, false, true, true, true]);
    let found = standardised_difference(&x, &one, &zero, &[1.0; 6], Rows::default());
    assert!((found.before - 2.0 / (2.0_f64 / 3.0).sqrt()).abs() < 1e-14 && found.before == found.after);
    // Weights (1, 0, 0) and (0, 0, 1) leave 2 and 2.
    let found = standardised_difference(&x, &one, &zero, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], Rows::default());
    assert!(found.after.abs() < 1e-15);
    let overlap = Overlap::of(&[0.5, 0.5, 0.001, 0.5, 0.5, 0.5], &one, 0.01, Rows::default());
    // Inverse chances of the first arm 2, 2, 100: (104)²/(8 + 10000).
    assert!(
        (overlap.effective.0 - 104.0 * 104.0 / 10_008.0).abs() < 1e-12 && (overlap.effective.1 - 3.0).abs() < 1e-12
    );
    assert_eq!((overlap.n_beyond, overlap.arms, overlap.range), (1, (3, 3), (0.001, 0.5)));
}

#[test]
fn a_curve_that_is_a_line_is_the_linear_effect() {
    let rows = simulate(Kind::Continuous, 2000, 6, 5, true);
    let folds = by_number(2000, 5);
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Plain };
    let line = Dose { treatment: &rows.d, outcome: &rows.y, reference: 0.0 }.fit(&cross, Rows::default()).unwrap();
    assert_eq!(line.at(0.0), (0.0, 0.0));
    for dose in [-1.0, 0.5, 1.5] {
        let (value, se) = line.at(dose);
        assert!((value - 0.5 * dose).abs() < 4.0 * se && se < 0.2, "{dose}: {value} ± {se}");
    }
    assert!(line.bend.0 < 19.0 && line.bend.1 == 4);
    // A dealt dose whose effect is 0.5·d + d²: the curve bends, and so far from the line that the test is certain.
    let dose = simulate(Kind::Continuous, 2000, 5, 6, true).d;
    let bent: Vec<f64> = (0..2000).map(|i| rows.y[i] - 0.5 * rows.d[i] + 0.5 * dose[i] + dose[i] * dose[i]).collect();
    let curve = Dose { treatment: &dose, outcome: &bent, reference: 0.0 }.fit(&cross, Rows::default()).unwrap();
    assert!(curve.bend.0 > 200.0);
    for (dose, expected) in [(1.0, 1.5), (-1.0, 0.5)] {
        let (value, se) = curve.at(dose);
        assert!((value - expected).abs() < 4.0 * se && se < 0.2, "{dose}: {value} ± {se}");
    }
    let flat = Dose { treatment: &vec![1.0; 2000], outcome: &bent, reference: 0.0 }.fit(&cross, Rows::default());
    assert_eq!(flat.unwrap_err().to_string(), "the treatment has too few different values for a curve");
}

#[test]
fn refuters_do_what_they_say() {
    let rows = simulate(Kind::Continuous, 1500, 6, 9, true);
    let left = plain_residuals(&rows, &by_number(1500, 5));
    let scored = left.partialling_out(Rows::default()).unwrap();
    let run = |refuter| refute(&left, scored.theta, refuter, 200, 1, Rows::default()).unwrap();
    for refuter in [Refuter::Placebo, Refuter::DummyOutcome] {
        let found = run(refuter);
        assert!(
            found.mean.abs() < 0.2 * scored.se + 3.0 * found.sd / 200.0_f64.sqrt() && found.p_value > 0.05,
            "{found:?}"
        );
    }
    for refuter in [Refuter::RandomCommonCause, Refuter::Subset(0.8), Refuter::Bootstrap] {
        let found = run(refuter);
        assert!((found.mean - scored.theta).abs() < 0.5 * scored.se && found.p_value > 0.05, "{refuter:?} {found:?}");
    }
    // The spread of the bootstrap is the standard error.
    assert!((run(Refuter::Bootstrap).sd / scored.se - 1.0).abs() < 0.2);
    assert_eq!(run(Refuter::Placebo), run(Refuter::Placebo));
}

#[test]
fn folds_do_not_depend_on_the_order_of_the_rows() {
    let keys: Vec<u64> = (0..97).map(|i| i * 31 % 97).collect();
    let strata: Vec<u32> = keys.iter().map(|k| (*k % 3) as u32).collect();
    let folds = Folds::dealt(&keys, &strata, 5, 17, 0).unwrap();
    let reversed: Vec<u64> = keys.iter().rev().copied().collect();
    let of_reversed: Vec<u32> = strata.iter().rev().copied().collect();
    let other = Folds::dealt(&reversed, &of_reversed, 5, 17, 0).unwrap();
    assert_eq!(folds.of().to_vec(), other.of().iter().rev().copied().collect::<Vec<u8>>());
    assert!(folds.rows().iter().all(|r| (17..=22).contains(&r.len())));
    assert_ne!(folds, Folds::dealt(&keys, &strata, 5, 17, 1).unwrap());
    assert_eq!(Folds::dealt(&keys[..7], &[], 5, 0, 0).unwrap_err().to_string(), "7 rows are too few for 5 folds");
    let clusters: Vec<u32> = (0..97).map(|i| i / 4).collect();
    let together = Folds::of_clusters(&clusters, 5, 3, 0).unwrap();
    assert!((0..97).all(|i| together.of()[i] == together.of()[i / 4 * 4]));
}

#[test]
fn weight_two_is_a_row_twice() {
    let rows = simulate(Kind::Binary, 600, 5, 3, false);
    let twice: Vec<usize> = (0..600).flat_map(|i| std::iter::repeat_n(i, 1 + i % 2)).collect();
    let weight: Vec<f64> = (0..600).map(|i| 1.0 + (i % 2) as f64).collect();
    let run = |pick: &[usize], weight: Option<&[f64]>| {
        let x: Vec<Vec<f64>> = rows.x.iter().map(|x| pick.iter().map(|i| x[*i]).collect()).collect();
        let (y, d): (Vec<f64>, Vec<f64>) = pick.iter().map(|i| (rows.y[*i], rows.d[*i])).unzip();
        let covariates = Covariates { columns: x.iter().map(Vec::as_slice).collect(), binned: None };
        let folds = Folds::given(pick.iter().map(|i| (i % 5) as u8).collect()).unwrap();
        let cross = CrossFit {
            covariates: &covariates,
            folds: &folds,
            rows: Rows { weight, ..Rows::default() },
            choice: Choice::Linear,
        };
        let found = cross.regressions(&[&y], None).unwrap();
        let m = cross.chance(&d).unwrap();
        Residuals::new(&y, &d, &found[0].values, &m.values).partialling_out(Rows { weight, ..Rows::default() }).unwrap()
    };
    let (a, b) = (run(&(0..600).collect::<Vec<_>>(), Some(&weight)), run(&twice, None));
    assert!((a.theta - b.theta).abs() < 1e-7, "{} {}", a.theta, b.theta);
}

#[test]
fn every_learner_may_win() {
    // Straight lines: the lasso carries the stack; bends: the others do.
    let straight = simulate(Kind::Continuous, 1500, 6, 21, true);
    let bent: Vec<f64> = straight.x[0].iter().zip(&straight.x[2]).map(|(a, b)| (a * b).signum() + 0.1 * a).collect();
    let columns: Vec<kernels::BoostColumn<'_>> = straight.x.iter().map(|x| kernels::BoostColumn::Number(x)).collect();
    let binned = kernels::Binned::new(&columns, 255).unwrap();
    let covariates = Covariates { columns: straight.x.iter().map(Vec::as_slice).collect(), binned: Some(&binned) };
    let folds = by_number(1500, 5);
    let cross = CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: Choice::Auto };
    let found = cross.regressions(&[&straight.y, &bent], None).unwrap();
    let best = |n: &Nuisance| n.tried.iter().max_by(|a, b| a.weight.total_cmp(&b.weight)).unwrap().learner;
    assert_eq!((best(&found[0]), best(&found[1])), ("lasso", "boosting"));
    for nuisance in &found {
        assert!((nuisance.tried.iter().map(|t| t.weight).sum::<f64>() - 1.0).abs() < 1e-9);
        let Quality::RSquared(r) = nuisance.quality else { panic!("a share") };
        assert!(r > 0.5, "{r}");
    }
    let chance = cross.chance(&bent.iter().map(|b| f64::from(u8::from(*b > 0.0))).collect::<Vec<_>>()).unwrap();
    assert_eq!(best(&chance), "boosting");
}

use equipoise_kernels::boost as kernels;

#[test]
fn what_is_no_longer_wanted_ends() {
    let rows = simulate(Kind::Continuous, 400, 3, 5, true);
    let asked = std::sync::atomic::AtomicBool::new(true);
    let unwanted = Rows { stop: Stop::at(&asked), ..Rows::default() };
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let folds = by_number(400, 5);
    for choice in [Choice::Plain, Choice::Linear, Choice::Auto] {
        let cross = CrossFit { covariates: &covariates, folds: &folds, rows: unwanted, choice };
        assert_eq!(cross.regressions(&[&rows.y], None), Err(CausalError::Stopped));
        let levels: Vec<f64> = rows.d.iter().map(|d| f64::from(*d > 0.0)).collect();
        assert_eq!(cross.chance(&levels), Err(CausalError::Stopped));
    }
    let left = plain_residuals(&rows, &folds);
    assert!(refute(&left, 0.5, Refuter::Placebo, 20, 1, Rows::default()).is_some());
    assert!(refute(&left, 0.5, Refuter::Placebo, 20, 1, unwanted).is_none());
    let data = equipoise_kernels::boost::Binned::new(&[equipoise_kernels::boost::BoostColumn::Number(&rows.x[0])], 64);
    let options = ForestOptions { n_trees: 8, ..ForestOptions::default() };
    assert_eq!(CausalForest::grow(&data.unwrap(), &left, &options, unwanted).n_bytes(), 0);
}

#[test]
fn hc3_is_the_sum_over_fits_without_a_row() {
    // β − β₋ᵢ = (A'A)⁻¹·aᵢ·rᵢ/(1 − hᵢ): no leverage is needed for the jackknife.
    let rows = simulate(Kind::Continuous, 40, 3, 11, true);
    let pick = |x: &[f64], out: usize| -> Vec<f64> {
        x.iter().enumerate().filter(|(i, _)| *i != out).map(|(_, x)| *x).collect()
    };
    let fit = |out: usize| {
        let [y, d, a, b] = [&rows.y, &rows.d, &rows.x[0], &rows.x[1]].map(|x| pick(x, out));
        Cate::fit(&y, &d, &[&a, &b], Covariance::Hc3, Rows::default())
    };
    let whole = fit(usize::MAX);
    let mut expected = [0.0; 9];
    for out in 0..40 {
        let without = fit(out).coefficients;
        let moved: Vec<f64> = whole.coefficients.iter().zip(&without).map(|(a, b)| a - b).collect();
        for (place, cell) in expected.iter_mut().enumerate() {
            *cell += moved[place / 3] * moved[place % 3];
        }
    }
    for (found, expected) in whole.covariance.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-10 * expected.abs().max(1e-6), "{found} {expected}");
    }
}
