//! What cannot be explained, and what is said of it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

fn data(n: usize) -> Dataset {
    numbers(&[("a", &scrambled(n, 7)), ("b", &scrambled(n, 11)), ("c", &scrambled(n, 17))])
}

fn failure(case: &Case<'_>, params: &Value) -> String {
    case.run(params).err().unwrap().to_string()
}

#[test]
fn answers_that_are_no_numbers_are_an_error() {
    let data = data(40);
    // Every row of the data is answered, but mixtures of rows are not.
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| {
        if (x[0] * 23.0).rem_euclid(40.0) == (x[1] * 11.0).rem_euclid(40.0) { x[0] } else { f64::NAN }
    });
    let mut case = Case::of_itself(&data, &model);
    case.truth = Targets::Value(vec![1.0; 40]);
    let text = failure(&case, &default_params());
    assert!(text.contains("`NaN`") && text.contains("hint:"), "{text}");
}

#[test]
fn a_model_that_changes_its_mind_is_told_of() {
    let data = data(40);
    let n = AtomicU64::new(0);
    let model = Closed::new(&["a", "b", "c"], Task::Regression, move |x| {
        x[0] + 0.01 * (n.fetch_add(1, Ordering::Relaxed) % 7) as f64
    });
    let ran = Case::of_itself(&data, &model).run(&default_params()).unwrap();
    assert!(codes(&ran.section).contains(&"answers_differ"));
}

#[test]
fn a_small_budget_says_how_far_it_came() {
    let n = 60;
    let names: Vec<String> = (0..12).map(|i| format!("x{i}")).collect();
    let columns: Vec<(String, Vec<f64>)> =
        names.iter().zip(0..).map(|(name, i)| (name.clone(), scrambled(n, 7 + 4 * i))).collect();
    let columns: Vec<(&str, &[f64])> = columns.iter().map(|(name, v)| (name.as_str(), v.as_slice())).collect();
    let data = numbers(&columns);
    let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
    let model = Closed::new(&inputs, Task::Regression, |x| {
        (x.iter().enumerate().map(|(i, x)| x * (i + 1) as f64).sum::<f64>() / 300.0).sin()
    });
    let params = json!({ "max_rows": 5, "background": 10, "max_calls": 5 * 10 * 40, "precision": 0.001 });
    let ran = Case::of_itself(&data, &model).run(&params).unwrap();
    let note = ran.section.notes.iter().find(|n| n.code == "budget_too_small").unwrap();
    assert!(note.text.contains('%'), "{}", note.text);
    assert!(ran.attributions.contains_key("x0|se") && ran.attributions["row"].len() == 5);
    // Too many coalitions for all of them within the budget.
    let params = json!({ "method": "exact", "max_rows": 2, "background": 10, "max_calls": 2000 });
    let ran = Case::of_itself(&data, &model).run(&params).unwrap();
    assert!(codes(&ran.section).contains(&"too_many_features"));
}

#[test]
fn wrong_parameters_are_named() {
    let data = data(40);
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0]);
    let case = Case::of_itself(&data, &model);
    let cases = [
        (json!({ "groups": [["a", "bb"]] }), "groups: the model takes no column `bb`"),
        (json!({ "groups": [["a", "b"], ["b", "c"]] }), "`b` stands in two groups"),
        (json!({ "rows": [40] }), "there is no row `40`"),
        (json!({ "method": "tree_path_dependent" }), "not an ensemble of trees"),
        (json!({ "method": "additive" }), "not additive"),
        (json!({ "output": "margin" }), "`margin` is known for trees"),
        (json!({ "metric": "roc_auc" }), "`roc_auc` is not a metric of this task"),
        (json!({ "precision": 0.0 }), "precision: `0` is not between"),
        (json!({ "max_calls": 0 }), "max_calls"),
        (json!({ "top": 0 }), "top: `0` cannot be used"),
        (json!({ "topp": 3 }), "topp"),
    ];
    for (params, expected) in cases {
        let text = failure(&case, &params);
        assert!(text.contains(expected) && text.contains("hint:"), "{params}: {text}");
    }
}

#[test]
fn a_background_with_other_columns_is_an_error() {
    let data = data(40);
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0]);
    let train = numbers(&[("a", &scrambled(9, 2)), ("b", &scrambled(9, 4))]);
    let mut case = Case::of_itself(&data, &model);
    case.train = Some(&train);
    let text = failure(&case, &default_params());
    assert!(text.contains("`c`"), "{text}");
}

#[test]
fn a_background_with_unseen_names_is_an_error() {
    let model = Mixed::new(Some(&["north", "south"]), Task::Regression, |x, k| {
        vec![x + f64::from(u8::from(k == Some("north")))]
    });
    let sides = |n: usize| (0..n).map(|i| Some(if i % 2 == 0 { "north" } else { "south" })).collect::<Vec<_>>();
    let data = mixed(scrambled(40, 7), &sides(40));
    let mut names = sides(20);
    names[13] = Some("nort");
    let train = mixed(scrambled(20, 3), &names);
    let mut case = Case::of_itself(&data, &model);
    case.train = Some(&train);
    let text = failure(&case, &default_params());
    assert!(text.contains("`nort` in `k`") && text.contains("hint:"), "{text}");
    // A missing name is none that is unknown.
    names[13] = None;
    let train = mixed(scrambled(20, 3), &names);
    case.train = Some(&train);
    assert!(case.run(&default_params()).is_ok());
}

#[test]
fn constant_predictions_have_no_drivers() {
    let data = data(40);
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |_| 4.0);
    let ran = Case::of_itself(&data, &model).run(&json!({ "metric": "mean_absolute_error" })).unwrap();
    assert!(codes(&ran.section).contains(&"no_drivers"));
    assert_eq!(value(&ran.section, "explain.mean_abs_attribution[a]"), 0.0);
}

#[test]
fn without_a_model_there_is_nothing_to_explain() {
    let data = data(4);
    let frame = Frame::new(FrameParts {
        task: Task::Regression,
        classes: Vec::new().into(),
        row_ids: None,
        truth: Targets::Value(vec![1.0; 4]),
        predicted: Some(Targets::Value(vec![1.0; 4])),
        probability: None,
        weight: None,
        groups: Vec::new(),
    })
    .unwrap();
    let spec = RunSpec::default();
    let context = Context {
        spec: &spec,
        task: Task::Regression,
        classes: &[],
        test: Part { frame: &frame, dataset: &data },
        train: None,
        features: &[],
        model: None,
        progress: &Quiet,
        stop: &AtomicBool::new(false),
        host: &crate::NoHost,
    };
    assert_eq!(Explain.refuses(&context).as_deref(), Some("there is no model to ask"));
}
