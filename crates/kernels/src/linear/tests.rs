#![allow(clippy::float_cmp, reason = "tests that mean it")]

use super::*;
use crate::Draws;

/// Columns with a known linear law and some noise.
fn columns(n: usize, p: usize, seed: u64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut draws = Draws::new(seed, "linear", 0);
    let x: Vec<Vec<f64>> = (0..p).map(|j| (0..n).map(|_| draws.normal() + 10.0 * j as f64).collect()).collect();
    let y = (0..n).map(|i| 3.0 + (0..p).map(|j| x[j][i] / (1.0 + j as f64)).sum::<f64>() + draws.normal()).collect();
    (x, y)
}

fn all(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

#[test]
fn a_line_through_three_points() {
    // y = 1, 2, 4 at x = 0, 1, 2: slope Σ(x−1)(y−7/3)/Σ(x−1)² = (1·4/3 + 1·5/3)/2 = 3/2, constant 7/3 − 3/2 = 5/6.
    let (x, y) = ([0.0, 1.0, 2.0], [1.0, 2.0, 4.0]);
    let columns: Vec<&[f64]> = vec![&x, &y];
    let centre = Centre::near_means(&columns, None);
    let gram = Gram::over(&columns, &centre, None, &all(3));
    let fit = LinearFit::ols(&gram, &centre, &[0], 1);
    assert!((fit.coefficients[0] - 1.5).abs() < 1e-14 && (fit.intercept - 5.0 / 6.0).abs() < 1e-14, "{fit:?}");
    // Residuals −1/6·(−1, 2, −1): mean square (1 + 4 + 1)/36/3 = 1/18.
    assert!((fit.mean_squared_error(&gram, &centre, &[0], 1) - 1.0 / 18.0).abs() < 1e-14);
    assert_eq!(fit.predict(&[&x], &[2, 0]).len(), 2);
}

#[test]
fn a_part_taken_away_is_the_fit_on_the_rest() {
    let (x, y) = columns(700, 4, 1);
    let mut cols: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    cols.push(&y);
    let centre = Centre::near_means(&cols, None);
    let (part, rest): (Vec<u32>, Vec<u32>) = all(700).into_iter().partition(|i| i % 5 == 2);
    let of = |rows: &[u32]| Gram::over(&cols, &centre, None, rows);
    let taken = of(&all(700)).minus(&of(&part));
    let (a, b) =
        (LinearFit::ols(&taken, &centre, &[0, 1, 2, 3], 4), LinearFit::ols(&of(&rest), &centre, &[0, 1, 2, 3], 4));
    for (a, b) in a.coefficients.iter().zip(&b.coefficients) {
        assert!((a - b).abs() < 1e-12);
    }
    // The error from cross products is the error over the rows.
    let direct: f64 =
        part.iter().zip(a.predict(&cols[..4], &part)).map(|(i, p)| (y[*i as usize] - p).powi(2)).sum::<f64>()
            / part.len() as f64;
    assert!((a.mean_squared_error(&of(&part), &centre, &[0, 1, 2, 3], 4) - direct).abs() < 1e-12);
}

#[test]
fn a_column_said_twice_changes_no_prediction() {
    let (mut x, y) = columns(300, 3, 2);
    x.push(x[0].iter().zip(&x[1]).map(|(a, b)| 2.0 * a - b).collect());
    let mut cols: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    cols.push(&y);
    let centre = Centre::near_means(&cols, None);
    let gram = Gram::over(&cols, &centre, None, &all(300));
    let (some, more) =
        (LinearFit::ols(&gram, &centre, &[0, 1, 2], 4), LinearFit::ols(&gram, &centre, &[0, 1, 2, 3], 4));
    assert_eq!(more.coefficients[3], 0.0);
    assert_eq!(some.coefficients, more.coefficients[..3]);
}

#[test]
fn weight_two_is_a_row_twice() {
    let (x, y) = columns(200, 3, 3);
    let mut cols: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    cols.push(&y);
    let weight: Vec<f64> = (0..200).map(|i| f64::from(1 + i % 2)).collect();
    let twice: Vec<u32> = (0..200).flat_map(|i| std::iter::repeat_n(i, 1 + i as usize % 2)).collect();
    let centre = Centre::near_means(&cols, Some(&weight));
    let a = Gram::over(&cols, &centre, Some(&weight), &all(200));
    let b = Gram::over(&cols, &centre, None, &twice);
    let (a, b) = (LinearFit::ridge(&a, &centre, &[0, 1, 2], 3, 0.1), LinearFit::ridge(&b, &centre, &[0, 1, 2], 3, 0.1));
    assert!(a.coefficients.iter().zip(&b.coefficients).all(|(a, b)| (a - b).abs() < 1e-12));
    let label: Vec<f64> = y.iter().map(|y| if *y > 25.0 { 1.0 } else { 0.0 }).collect();
    let task = Logistic { penalty: 0.5, start: None };
    let (a, b) = (task.fit(&cols[..3], &label, Some(&weight), &all(200)), task.fit(&cols[..3], &label, None, &twice));
    assert!(a.coefficients.iter().zip(&b.coefficients).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn the_lasso_keeps_its_conditions() {
    // Karush–Kuhn–Tucker on standardised columns: |gradient| ≤ penalty, and = penalty·sign where a coefficient is not 0.
    let (x, y) = columns(500, 6, 4);
    let mut cols: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    cols.push(&y);
    let centre = Centre::near_means(&cols, None);
    let gram = Gram::over(&cols, &centre, None, &all(500));
    let predictors: Vec<usize> = (0..6).collect();
    for penalty in [0.3, 0.05] {
        let fit = lasso(&gram, &centre, &predictors, 6, penalty);
        let residual: Vec<f64> = fit.predict(&cols[..6], &all(500)).iter().zip(&y).map(|(p, y)| y - p).collect();
        assert!(residual.iter().sum::<f64>().abs() < 1e-6);
        for j in 0..6 {
            let (mean, sd) = (gram.mean(j) + centre.shift[j], gram.variance(j).sqrt());
            let pull: f64 = x[j].iter().zip(&residual).map(|(x, r)| (x - mean) / sd * r).sum::<f64>() / 500.0;
            let b = fit.coefficients[j];
            if b == 0.0 {
                assert!(pull.abs() <= penalty + 1e-6, "{j}: {pull}");
            } else {
                assert!((pull - penalty * b.signum()).abs() < 1e-6, "{j}: {pull}");
            }
        }
    }
    let path = LassoPath::new(&gram, &centre, &predictors, 6).largest_penalty();
    assert!(lasso(&gram, &centre, &predictors, 6, path).coefficients.iter().all(|b| *b == 0.0));
}

#[test]
fn cross_validation_drops_what_is_noise() {
    let (mut x, y) = columns(400, 2, 5);
    let mut draws = Draws::new(9, "noise", 0);
    x.extend((0..20).map(|_| (0..400).map(|_| draws.normal()).collect::<Vec<f64>>()));
    let mut cols: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    cols.push(&y);
    let centre = Centre::near_means(&cols, None);
    let parts: Vec<Gram> = (0..5)
        .map(|k| Gram::over(&cols, &centre, None, &all(400).into_iter().filter(|i| i % 5 == k).collect::<Vec<_>>()))
        .collect();
    let mut total = Gram::empty(23);
    for part in parts.iter().cloned() {
        crate::Merge::merge_from(&mut total, part);
    }
    let predictors: Vec<usize> = (0..22).collect();
    let path = lasso_path(&total, &centre, &predictors, 22);
    assert_eq!(path.len(), 100);
    let chosen = choose_lasso(&total, &parts, &centre, &predictors, 22, &path).unwrap();
    let ols = LinearFit::ols(&total, &centre, &predictors, 22);
    assert!(chosen.loss < 1.2 && chosen.penalty > 0.0 && ols.coefficients.iter().all(|b| *b != 0.0), "{chosen:?}");
    let fit = lasso(&total, &centre, &predictors, 22, chosen.penalty);
    assert!(fit.coefficients[2..].iter().filter(|b| **b == 0.0).count() >= 5, "{:?}", fit.coefficients);
}

#[test]
fn logistic_regression_of_a_two_by_two_table_is_its_log_odds() {
    // 3 of 4 at x = 1 and 1 of 4 at x = 0: intercept log(1/3), slope log 3 − log(1/3) = 2·log 3.
    let x = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let y = [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    let fit = Logistic::default().fit(&[&x], &y, None, &all(8));
    assert!(fit.converged && !fit.separated);
    assert!((fit.intercept + 3.0_f64.ln()).abs() < 1e-12 && (fit.coefficients[0] - 2.0 * 3.0_f64.ln()).abs() < 1e-12);
    let chances = fit.predict(&[&x], &[0, 4]);
    assert!((chances[0] - 0.75).abs() < 1e-13 && (chances[1] - 0.25).abs() < 1e-13);
}

#[test]
fn classes_parted_by_a_line_are_noticed() {
    let x: Vec<f64> = (0..40).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| if *x > 19.5 { 1.0 } else { 0.0 }).collect();
    assert!(Logistic::default().fit(&[&x], &y, None, &all(40)).separated);
    // Almost parted: every row with x = 1 is positive, the others are mixed.
    let flag: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i < 8))).collect();
    let mixed: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i < 8 || i % 2 == 0))).collect();
    assert!(Logistic::default().fit(&[&flag], &mixed, None, &all(40)).separated);
    let ridge = Logistic { penalty: 1.0, start: None }.fit(&[&x], &y, None, &all(40));
    assert!(ridge.converged && !ridge.separated);
    let noisy: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    assert!(!Logistic::default().fit(&[&x], &noisy, None, &all(40)).separated);
}

#[test]
fn a_warm_start_ends_at_the_same_place() {
    let (x, y) = columns(500, 3, 6);
    let label: Vec<f64> = y.iter().map(|y| if *y > 13.0 { 1.0 } else { 0.0 }).collect();
    let cols: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    let rest: Vec<u32> = all(500).into_iter().filter(|i| i % 5 != 0).collect();
    let whole = Logistic::default().fit(&cols, &label, None, &all(500));
    let cold = Logistic::default().fit(&cols, &label, None, &rest);
    let warm = Logistic { penalty: 0.0, start: Some(whole.solution()) }.fit(&cols, &label, None, &rest);
    assert!(cold.coefficients.iter().zip(&warm.coefficients).all(|(a, b)| (a - b).abs() < 1e-10));
    assert!(warm.steps < cold.steps, "{} {}", warm.steps, cold.steps);
}

#[test]
fn an_inverse_and_its_sandwich() {
    // A = [[2, 1], [1, 2]], A⁻¹ = 1/3·[[2, −1], [−1, 2]]; A⁻¹·A·A⁻¹ = A⁻¹.
    let a = [2.0, 1.0, 1.0, 2.0];
    let inverse = Cholesky::of(2, |i, j| a[i * 2 + j]).inverse();
    let expected = [2.0 / 3.0, -1.0 / 3.0, -1.0 / 3.0, 2.0 / 3.0];
    for (place, cell) in inverse.sandwich(&a).iter().enumerate() {
        assert!((cell - expected[place]).abs() < 1e-15);
        assert!((inverse.at(place / 2, place % 2) - expected[place]).abs() < 1e-15);
    }
}
