//! Numbers that an error-analysis tool in wide use gets wrong, and their right values.

use super::*;

/// TN 50, FP 10, FN 15, TP 25 in one bin. The tool takes the cells in the order TP, FP, FN, TN, and says 0.286, 0.231 and
/// 0.650, which are the false discovery rate, the false omission rate and the share predicted negative.
#[test]
fn cells_of_the_confusion_matrix_are_in_their_places() {
    let kinds = [((0, 0), 50), ((0, 1), 10), ((1, 0), 15), ((1, 1), 25)];
    let rows: Vec<(u16, u16)> = kinds.iter().flat_map(|(kind, n)| std::iter::repeat_n(*kind, *n)).collect();
    let of = |metric: &str| {
        let mut run = Run::binary(&rows).numbers("x", vec![1.0; 100]);
        run.params = json!({"metric": metric, "heat_map": ["x"]});
        value(&run.answer().unwrap(), &format!("errors.{metric}.cell[x=1]")).unwrap()
    };
    assert_eq!(of("false_positive_rate"), 10.0 / 60.0);
    assert_eq!(of("false_negative_rate"), 15.0 / 40.0);
    assert_eq!(of("selection_rate"), 0.35);
    // Its statistics of all rows swap truth and prediction: precision and recall change places.
    assert_eq!(of("precision"), 25.0 / 35.0);
    assert_eq!(of("recall"), 25.0 / 40.0);
    assert_eq!(of("accuracy"), 0.75);
    assert_eq!(of("f1"), 50.0 / 75.0);
    let mut run = Run::binary(&rows).numbers("x", vec![1.0; 100]);
    for (loss, rate, n) in [("false_positive", 10.0 / 60.0, 60), ("false_negative", 15.0 / 40.0, 40)] {
        run.params = json!({"loss": loss});
        let section = run.answer().unwrap();
        let estimate = section.estimate(&format!("errors.{loss}_rate").parse().unwrap()).unwrap();
        assert_eq!((estimate.value, estimate.n), (Some(rate), n));
    }
}

/// Half of the rows of `g = a` are 10 too high, half 10 too low; all others are 1 off. The signed error is 0 on average in
/// `a` and 1 elsewhere, so that a tree of it calls the good rows the bad ones.
#[test]
fn errors_of_both_signs_do_not_cancel() {
    let n = 800;
    let error = |i: usize| if i % 4 == 0 { if i % 8 == 0 { 10.0 } else { -10.0 } } else { 1.0 };
    let truth: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let predicted = truth.iter().enumerate().map(|(i, y)| y + error(i)).collect();
    let mut run = Run::regression(truth, predicted)
        .names("g", (0..n).map(|i| if i % 4 == 0 { "a" } else { "b" }))
        .numbers("noise", (0..n).map(|i| (i % 7) as f64));
    for (loss, metric, bad, good) in
        [("absolute", "mean_absolute_error", 10.0, 1.0), ("squared", "mean_squared_error", 100.0, 1.0)]
    {
        run.params = json!({"loss": loss, "heat_map": ["g"]});
        let section = run.answer().unwrap();
        check_tables(&section);
        let tree = section.table("tree").unwrap();
        let worst = words(tree, "label").iter().position(|l| l == "g = a").unwrap();
        let (node, other) = (words(tree, "node")[worst].clone(), 3 - worst);
        assert!((value(&section, &format!("errors.{metric}[node={node}]")).unwrap() - bad).abs() < 1e-9);
        assert!((value(&section, &format!("errors.{metric}[node={other}]")).unwrap() - good).abs() < 1e-9);
        assert!((value(&section, &format!("errors.{metric}.cell[g=a]")).unwrap() - bad).abs() < 1e-9);
        // Importance is that of the loss, not of "prediction is not truth", which is a constant here.
        assert!(value(&section, "errors.mutual_information[g]").unwrap() > 0.5);
        assert!(value(&section, "errors.mutual_information[noise]").unwrap() < 0.02);
    }
    run.params = json!({"metric": "root_mean_squared_error", "heat_map": ["g"]});
    let section = run.answer().unwrap();
    assert!((value(&section, "errors.root_mean_squared_error.cell[g=a]").unwrap() - 10.0).abs() < 1e-9);
    assert!((value(&section, "errors.mean_absolute_error[node=0]").unwrap() - 3.25).abs() < 0.5);
}

/// Ranks with many ties and a long tail: every row has a bin, where the tool raises an index error.
#[test]
fn quantile_bins_lose_no_row() {
    let x: Vec<f64> = (0..400).map(|i| if i < 300 { 0.0 } else { f64::from(i - 299).powi(3) * 0.1 }).collect();
    let rows: Vec<(u16, u16)> = (0..400).map(|i| (0, u16::from(i % 3 == 0))).collect();
    let mut run = Run::binary(&rows).numbers("x", x);
    run.params = json!({"heat_map": ["x"], "bin_rule": "quantile"});
    let section = run.answer().unwrap();
    check_tables(&section);
    let Cells::Integer(n) = &section.table("heat_map").unwrap().get("n").unwrap().cells else { panic!("rows") };
    assert_eq!(n.iter().flatten().sum::<i64>(), 400);
    assert_eq!(words(section.table("heat_map").unwrap(), "x")[0], "0");
}

/// The printed value of a cell is the metric, whichever it is, and worse cells are those with the worse metric: scores that
/// are better when high say so, which is what colours are chosen by.
#[test]
fn cells_say_which_way_is_better() {
    let mut run = people(300, 3);
    for (metric, better) in [("accuracy", "higher"), ("error_rate", "lower"), ("precision", "higher")] {
        run.params = json!({"metric": metric, "heat_map": ["city"]});
        let section = run.answer().unwrap();
        let is_cell = |id: &str| id.starts_with(&format!("errors.{metric}.cell["));
        let cells: Vec<_> = section.estimates.iter().filter(|e| is_cell(&e.id.to_string())).collect();
        assert_eq!(cells.len(), 6);
        assert!(cells.iter().all(|e| serde_json::to_value(e.better).unwrap() == json!(better)));
    }
}
