//! Cases whose answers can be worked out on paper.

use super::*;

const N: usize = 40;

fn three() -> Dataset {
    numbers(&[("a", &scrambled(N, 7)), ("b", &scrambled(N, 11)), ("c", &scrambled(N, 17))])
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// f = 3a − 2b: the attribution of a is 3·(a − mean of a), whatever the background's correlations.
#[test]
fn a_sum_is_shared_out_term_by_term() {
    let data = three();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| 3.0 * x[0] - 2.0 * x[1]);
    for method in ["exact", "kernel", "permutation"] {
        let ran = Case::of_itself(&data, &model).run(&json!({ "method": method, "background": N })).unwrap();
        let a = scrambled(N, 7);
        for (found, x) in ran.attributions["a"].iter().zip(&a) {
            assert!((found - 3.0 * (x - mean(&a))).abs() < 1e-3, "{method}: {found}");
        }
        assert!(ran.attributions["c"].iter().all(|x| x.abs() < 1e-3));
        let expected = mean(&a.iter().map(|x| (3.0 * (x - mean(&a))).abs()).collect::<Vec<_>>());
        assert!((value(&ran.section, "explain.mean_abs_attribution[a]") - expected).abs() < 1e-3);
        // base = 3·19.5 − 2·19.5
        assert!((value(&ran.section, "explain.base_value") - 19.5).abs() < 1e-9, "{method}");
        assert!(value(&ran.section, "explain.additivity_error") < 1e-9, "{method}");
    }
}

/// f = a·b with all rows as background: Shapley's values of two players by hand.
#[test]
fn a_product_is_shared_evenly() {
    let data = three();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0] * x[1]);
    let ran = Case::of_itself(&data, &model).run(&json!({ "method": "exact", "background": N })).unwrap();
    let (a, b) = (scrambled(N, 7), scrambled(N, 11));
    let both = mean(&a.iter().zip(&b).map(|(x, y)| x * y).collect::<Vec<_>>());
    for row in 0..N {
        // v() = E[ab], v(a) = a·E[b], v(b) = E[a]·b, v(ab) = ab.
        let (va, vb, vab) = (a[row] * mean(&b), mean(&a) * b[row], a[row] * b[row]);
        let expected = 0.5 * ((va - both) + (vab - vb));
        assert!((ran.attributions["a"][row] - expected).abs() < 1e-9);
    }
}

#[test]
fn owen_values_of_a_group_sum_to_the_value_of_the_group() {
    let data = three();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0] * x[1] + x[2]);
    let ran = Case::of_itself(&data, &model)
        .run(&json!({ "background": N, "groups": [["a", "b"]], "precision": 0.001 }))
        .unwrap();
    // The group {a, b} and c are additive, so the group gets a·b − E[a·b].
    let (a, b) = (scrambled(N, 7), scrambled(N, 11));
    let both = mean(&a.iter().zip(&b).map(|(x, y)| x * y).collect::<Vec<_>>());
    for row in 0..N {
        let found = ran.attributions["a"][row] + ran.attributions["b"][row];
        assert!((found - (a[row] * b[row] - both)).abs() < 1e-6, "{found}");
    }
    assert!(ran.section.estimates.iter().any(|e| e.id.to_string() == "explain.permutation_importance[a,b]"));
}

/// The partial dependence of a·b on a is a·E[b]; accumulated local effects of an additive term are that term, centred.
#[test]
fn curves_by_hand() {
    let data = three();
    let product = Closed::new(&["a", "b"], Task::Regression, |x| x[0] * x[1]);
    let ran = Case::of_itself(&data, &product).run(&json!({ "background": N, "grid": 5, "curves": 1 })).unwrap();
    let x = cells(&ran.section, "partial_dependence", "x");
    let y = cells(&ran.section, "partial_dependence", "prediction");
    assert_eq!(x.len(), 5);
    for (x, y) in x.iter().zip(&y) {
        assert!((y.unwrap() - x.unwrap() * 19.5).abs() < 1e-9);
    }
    let sum = Closed::new(&["a", "b"], Task::Regression, |x| 2.0 * x[0] + x[1] * x[1]);
    let ran = Case::of_itself(&data, &sum).run(&json!({ "background": N, "grid": 5, "curves": 2 })).unwrap();
    let table = ran.section.table("local_effects").unwrap();
    let equipoise_document::Cells::Text(names) = &table.get("feature").unwrap().cells else { panic!() };
    let of_a: Vec<(f64, f64)> = names
        .iter()
        .zip(cells(&ran.section, "local_effects", "x"))
        .zip(cells(&ran.section, "local_effects", "effect"))
        .filter(|((name, _), _)| name.as_deref() == Some("a"))
        .map(|((_, x), y)| (x.unwrap(), y.unwrap()))
        .collect();
    for pair in of_a.windows(2) {
        assert!((pair[1].1 - pair[0].1 - 2.0 * (pair[1].0 - pair[0].0)).abs() < 1e-9, "slope 2: {of_a:?}");
    }
}

/// Shuffling a column the model does not read costs nothing; of two equal terms each costs the same.
#[test]
fn permutation_importance_by_hand() {
    let data = three();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0]);
    let ran = Case::of_itself(&data, &model)
        .run(&json!({ "metric": "mean_squared_error", "repeats": 40, "background": 10 }))
        .unwrap();
    assert_eq!(value(&ran.section, "explain.permutation_importance[b]"), 0.0);
    // A shuffled copy of 0 … 39 misses by E(x − y)² = 2·variance·n/(n − 1)·(n − 1)/n = 2·(40² − 1)/12 on average.
    let found = value(&ran.section, "explain.permutation_importance[a]");
    let expected = 2.0 * (1600.0 - 1.0) / 12.0;
    assert!((found - expected).abs() < 0.1 * expected, "{found} {expected}");
}

#[test]
fn cohorts_are_held_against_all_other_rows() {
    let data = three();
    // a acts only where c is high.
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| if x[2] >= 20.0 { 5.0 * x[0] } else { 0.0 } + x[1]);
    let mut case = Case::of_itself(&data, &model);
    let members: Vec<bool> = scrambled(N, 17).iter().map(|c| *c >= 20.0).collect();
    case.cohorts = vec![("high".to_owned(), members.clone())];
    let ran = case.run(&json!({ "method": "exact", "background": N })).unwrap();
    let of = |wanted: bool| {
        let some = ran.attributions["a"].iter().zip(&members).filter(|(_, m)| **m == wanted).map(|(x, _)| x.abs());
        mean(&some.collect::<Vec<_>>())
    };
    assert!((value(&ran.section, "explain.mean_abs_attribution[a]{high}") - of(true)).abs() < 1e-9);
    let gap = value(&ran.section, "explain.mean_abs_attribution.difference[a]{high}");
    assert!((gap - (of(true) - of(false))).abs() < 1e-9 && gap > 0.0);
    assert!(codes(&ran.section).contains(&"cohort_driver"));
}

#[test]
fn asked_rows_are_explained_one_by_one() {
    let data = three();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0] + 2.0 * x[1]);
    let ran = Case::of_itself(&data, &model).run(&json!({ "rows": [5, 2], "background": N })).unwrap();
    let equipoise_document::Cells::Integer(rows) = &ran.section.table("rows").unwrap().get("row").unwrap().cells else {
        panic!()
    };
    assert_eq!(rows, &[Some(5), Some(2)]);
    let steps = cells(&ran.section, "row_5", "attribution");
    let total: f64 = steps.iter().flatten().sum();
    let expected = scrambled(N, 7)[5] + 2.0 * scrambled(N, 11)[5];
    assert!((total - expected).abs() < 1e-9, "a waterfall ends at the prediction");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let data = three();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| (x[0] * x[1]).sin() + x[2] * x[0]);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let ran = Case::of_itself(&data, &model).run(&json!({ "method": "kernel" })).unwrap();
            (serde_json::to_string(&ran.section).unwrap(), ran.bytes)
        })
    };
    assert_eq!(on(1), on(3));
}

/// H of two terms of a sum is 0; of a product it is what the single effects leave over.
#[test]
fn interactions_by_hand() {
    let data = three();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0] * x[1] + 30.0 * x[2]);
    let ran = Case::of_itself(&data, &model).run(&json!({ "background": N, "interactions": 3 })).unwrap();
    let h = |pair: &str| {
        let id = format!("explain.h_statistic[{pair}]").parse().unwrap();
        ran.section.estimate(&id).and_then(|e| e.value)
    };
    let pair = |a: &str, b: &str| h(&format!("{a},{b}")).or_else(|| h(&format!("{b},{a}"))).unwrap();
    assert!(pair("a", "c") < 1e-9 && pair("b", "c") < 1e-9);
    // PD_ab = ab − E[ab over all pairs]; what is left is (a − Ea)(b − Eb) around its own mean.
    let (a, b) = (scrambled(N, 7), scrambled(N, 11));
    let (ea, eb) = (mean(&a), mean(&b));
    let centred = |v: Vec<f64>| {
        let m = mean(&v);
        v.into_iter().map(|x| x - m).collect::<Vec<f64>>()
    };
    let joint = centred(a.iter().zip(&b).map(|(x, y)| x * y).collect());
    let left = centred(a.iter().zip(&b).map(|(x, y)| x * y - x * eb - ea * y).collect());
    let ratio = left.iter().map(|x| x * x).sum::<f64>() / joint.iter().map(|x| x * x).sum::<f64>();
    assert!((pair("a", "b") - ratio.sqrt()).abs() < 1e-9);
    // The strongest of three pairs, of which two have nothing.
    let first = ran.section.estimates.iter().filter(|e| e.id.metric() == "interaction_rank").map(|e| e.value.unwrap());
    assert_eq!(first.collect::<Vec<_>>(), [1.0, 2.0, 2.0]);
    let all = ran.section.estimates.iter().filter(|e| e.id.metric() == "h_statistic");
    for estimate in all {
        let interval = estimate.interval.as_ref().unwrap();
        assert!(interval.method == "jackknife" && interval.low <= estimate.value.unwrap(), "{estimate:?}");
    }
}
