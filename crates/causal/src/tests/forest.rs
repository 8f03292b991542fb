//! The forest on effects that are known.

use equipoise_kernels::Draws;
use equipoise_kernels::boost::{Binned, BoostColumn};

use crate::{CausalForest, ForestOptions, Kind, LinearForest, Residuals, Rows, simulate};

/// Residuals with the true nuisances: `u = τ·v + noise`.
fn known(n: usize, seed: u64, effect: impl Fn(&[f64]) -> f64) -> (Vec<Vec<f64>>, Residuals, Vec<f64>) {
    let mut draws = Draws::new(seed, "forest", 0);
    let x: Vec<Vec<f64>> = (0..5).map(|_| (0..n).map(|_| draws.normal()).collect()).collect();
    let v: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
    let tau: Vec<f64> = (0..n).map(|i| effect(&x.iter().map(|c| c[i]).collect::<Vec<_>>())).collect();
    let u = (0..n).map(|i| tau[i] * v[i] + draws.normal()).collect();
    (x, Residuals { outcome: u, treatment: v }, tau)
}

fn binned(x: &[Vec<f64>]) -> Binned {
    Binned::new(&x.iter().map(|x| BoostColumn::Number(x)).collect::<Vec<_>>(), 255).unwrap()
}

#[test]
fn a_step_in_the_effect_is_found_and_covered() {
    let (x, residuals, tau) = known(4000, 1, |x| if x[0] > 0.0 { 1.5 } else { 0.0 });
    let data = binned(&x);
    let options = ForestOptions { n_trees: 200, seed: 3, ..ForestOptions::default() };
    let forest = CausalForest::grow(&data, &residuals, &options, Rows::default());
    let (mut squares, mut hits) = (0.0, 0);
    for (row, tau) in tau.iter().enumerate() {
        let (theta, se) = forest.out_of_bag(&data, row).unwrap();
        squares += (theta - tau) * (theta - tau);
        hits += usize::from((theta - tau).abs() < 1.96 * se);
    }
    let (error, share) = ((squares / 4000.0_f64).sqrt(), hits as f64 / 4000.0);
    assert!(error < 0.25 && share > 0.85, "{error} {share}");
    // The same seed gives the same forest; 12 bytes a node.
    let again = CausalForest::grow(&data, &residuals, &options, Rows::default());
    assert_eq!(forest.predict(data.bytes(7)), again.predict(data.bytes(7)));
    assert!(forest.n_bytes() < 3 * 4000 * 8 * 10, "{}", forest.n_bytes());
}

#[test]
fn without_heterogeneity_all_rows_have_the_average() {
    let (x, residuals, _) = known(3000, 2, |_| 0.7);
    let data = binned(&x);
    let forest = CausalForest::grow(
        &data,
        &residuals,
        &ForestOptions { n_trees: 200, ..ForestOptions::default() },
        Rows::default(),
    );
    let effects: Vec<(f64, f64)> = (0..3000).filter_map(|row| forest.out_of_bag(&data, row)).collect();
    let mean = effects.iter().map(|e| e.0).sum::<f64>() / effects.len() as f64;
    let hits = effects.iter().filter(|(t, se)| (t - 0.7).abs() < 1.96 * se).count() as f64 / effects.len() as f64;
    assert!((mean - 0.7).abs() < 0.06 && hits > 0.88, "{mean} {hits}");
}

#[test]
fn effects_of_the_simulated_rows_are_near_the_truth() {
    let rows = simulate(Kind::Binary, 3000, 6, 11, true);
    let folds = super::by_number(3000, 5);
    let covariates = crate::Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross =
        crate::CrossFit { covariates: &covariates, folds: &folds, rows: Rows::default(), choice: crate::Choice::Plain };
    let (y, d) = (cross.regressions(&[&rows.y], None).unwrap(), cross.chance(&rows.d).unwrap());
    let residuals = Residuals::new(&rows.y, &rows.d, &y[0].values, &d.values);
    let data = binned(&rows.x);
    let forest = CausalForest::grow(
        &data,
        &residuals,
        &ForestOptions { n_trees: 200, ..ForestOptions::default() },
        Rows::default(),
    );
    let pairs: Vec<(f64, f64)> =
        rows.effect.iter().enumerate().filter_map(|(row, t)| Some((*t, forest.out_of_bag(&data, row)?.0))).collect();
    let error = (pairs.iter().map(|(t, e)| (t - e) * (t - e)).sum::<f64>() / pairs.len() as f64).sqrt();
    // The spread of the true effects is 0.64: a forest that found nothing would miss by as much.
    assert!(error < 0.4, "{error}");
}

#[test]
fn a_steady_rise_is_not_flattened() {
    let (x, residuals, tau) = known(3000, 8, |x| x[0] + if x[1] > 0.0 { 0.5 } else { 0.0 });
    let data = binned(&x);
    let options = ForestOptions { n_trees: 200, seed: 1, ..ForestOptions::default() };
    let views: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    let with = LinearForest::fit(&data, &views, &residuals, &options, Rows::default());
    let without = CausalForest::grow(&data, &residuals, &options, Rows::default());
    let error = |found: &dyn Fn(usize) -> f64| {
        let rows = (0..3000).filter(|row| tau[*row].abs() > 1.5);
        let (sum, n) = rows.fold((0.0, 0.0), |(s, n), row| (s + (found(row) - tau[row]).powi(2), n + 1.0));
        (sum / n).sqrt()
    };
    let with = error(&|row| with.out_of_bag(&data, &views, row).unwrap().0);
    let without = error(&|row| without.out_of_bag(&data, row).unwrap().0);
    assert!(with < 0.25 && with < 0.7 * without, "{with} {without}");
}

#[test]
fn weight_zero_is_no_row_and_clusters_stay_together() {
    let (x, residuals, _) = known(1200, 5, |x| x[0]);
    let data = binned(&x);
    let options = ForestOptions { n_trees: 40, ..ForestOptions::default() };
    let ones = vec![1.0; 1200];
    let plain = CausalForest::grow(&data, &residuals, &options, Rows::default());
    let weighted = CausalForest::grow(&data, &residuals, &options, Rows { weight: Some(&ones), ..Rows::default() });
    assert_eq!(plain.predict(data.bytes(3)), weighted.predict(data.bytes(3)));
    // Outcomes of rows without weight say nothing: turned around, they change nothing.
    let weight: Vec<f64> = (0..1200).map(|i| f64::from(i % 3)).collect();
    let turned = Residuals {
        outcome: residuals.outcome.iter().zip(&weight).map(|(u, w)| if *w == 0.0 { -5.0 * u } else { *u }).collect(),
        treatment: residuals.treatment.clone(),
    };
    let rows = Rows { weight: Some(&weight), ..Rows::default() };
    let [a, b] =
        [&residuals, &turned].map(|left| CausalForest::grow(&data, left, &options, rows).predict(data.bytes(3)));
    assert_eq!(a, b);
    // Rows of one cluster are out of the same bags: with two clusters a bag has seen all rows of one or none.
    let clusters: Vec<u32> = (0..1200).map(|i| i / 30).collect();
    let rows = Rows { clusters: Some(&clusters), ..Rows::default() };
    let forest = CausalForest::grow(&data, &residuals, &options, rows);
    let same = Binned::new(&[BoostColumn::Number(&vec![0.0; 1200])], 255).unwrap();
    let flat = CausalForest::grow(&same, &residuals, &options, rows);
    assert!(forest.out_of_bag(&data, 0).is_some());
    assert_eq!(flat.out_of_bag(&same, 0), flat.out_of_bag(&same, 29));
    assert_ne!(flat.out_of_bag(&same, 0), flat.out_of_bag(&same, 30));
}
