//! Surrogates: what they say of models whose effects are known, and what is said of bad ones.

use super::*;

const N: usize = 600;

fn data() -> Dataset {
    numbers(&[("a", &scrambled(N, 7)), ("b", &scrambled(N, 11)), ("c", &scrambled(N, 17))])
}

fn params() -> Value {
    json!({ "method": "surrogate", "interactions": 2, "curves": 1, "repeats": 1 })
}

#[test]
fn a_surrogate_of_a_sum_finds_its_terms() {
    let data = data();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| 2.0 * x[0] - x[1]);
    let mut case = Case::of_itself(&data, &model);
    case.cohorts = vec![("low".to_owned(), scrambled(N, 7).iter().map(|a| *a < 300.0).collect())];
    let ran = case.run(&params()).unwrap();
    let section = &ran.section;
    assert!(value(section, "explain.surrogate_r2") > 0.97);
    assert!(value(section, "explain.surrogate_rank_correlation") > 0.97);
    assert!(value(section, "explain.surrogate_r2{low}") > 0.9);
    let r2 = section.estimate(&"explain.surrogate_r2".parse().unwrap()).unwrap();
    let interval = r2.interval.as_ref().unwrap();
    // Half of the rows are learned from, and the other half it is held against.
    assert!(interval.method == "influence" && interval.low < r2.value.unwrap() && r2.n == 300, "{r2:?}");
    assert!(codes(section).contains(&"surrogate_fidelity"));
    assert!(value(section, "explain.additivity_error") < 1e-3);
    assert!((value(section, "explain.model_calls") - 300.0).abs() < 1e-9);
    // The mean size of 2a around its mean is twice that of b; c has none.
    let size = |name: &str| value(section, &format!("explain.mean_abs_attribution[{name}]"));
    assert!((size("a") / size("b") - 2.0).abs() < 0.2 && size("c") < 0.05 * size("b"), "{} {}", size("a"), size("b"));
    assert_eq!(ran.attributions["row"].len(), N, "every row is explained");
}

#[test]
fn a_model_that_cannot_be_learned_is_told_of() {
    let data = data();
    // Digits far behind the point: no tree can follow.
    let model =
        Closed::new(&["a", "b", "c"], Task::Regression, |x| ((x[0] * 12.9 + x[1] * 78.2).sin() * 43_758.5).fract());
    let ran = Case::of_itself(&data, &model).run(&params()).unwrap();
    let note = ran.section.notes.iter().find(|n| n.code == "surrogate_fidelity_low").unwrap();
    assert!(note.text.contains("all rows") && value(&ran.section, "explain.surrogate_r2") < 0.5, "{}", note.text);
}

#[test]
fn classes_are_agreed_on() {
    let data = data();
    let model = Closed::new(&["a", "b", "c"], Task::Binary, |x| 1.0 / (1.0 + (-(x[0] - 300.0) / 60.0).exp()));
    let mut case = Case::of_itself(&data, &model);
    case.truth = Targets::Class((0..N).map(|i| u16::from(i % 2 == 0)).collect());
    case.classes = vec!["no".to_owned(), "yes".to_owned()];
    for output in ["auto", "margin"] {
        let mut params = params();
        params["output"] = json!(output);
        let ran = case.run(&params).unwrap();
        assert!(value(&ran.section, "explain.surrogate_agreement") > 0.95, "{output}");
        assert!(value(&ran.section, "explain.surrogate_r2") > 0.97, "{output}");
        let unit = &ran.section.estimate(&"explain.base_value".parse().unwrap()).unwrap().unit;
        let expected = if output == "margin" { Unit::Named("log-odds".to_owned()) } else { Unit::Share };
        assert_eq!(*unit, expected);
    }
}

#[test]
fn a_handful_of_rows_teaches_nothing() {
    let data = numbers(&[("a", &scrambled(40, 7))]);
    let model = Closed::new(&["a"], Task::Regression, |x| x[0]);
    let text = Case::of_itself(&data, &model).run(&params()).err().unwrap().to_string();
    assert!(text.contains("cannot learn from 20 rows") && text.contains("hint:"), "{text}");
}

#[test]
fn margins_are_learned_for_two_classes_only() {
    let data = data();
    let model = Closed::new(&["a", "b", "c"], Task::Regression, |x| x[0]);
    let mut params = params();
    params["output"] = json!("margin");
    let text = Case::of_itself(&data, &model).run(&params).err().unwrap().to_string();
    assert!(text.contains("for two classes only"), "{text}");
}

/// Three classes out of a number that is missing in every fifth row and a name that is missing in every seventh.
#[test]
fn names_missing_values_and_classes_are_learned() {
    let model = Mixed::new(None, Task::Multiclass, |x, k| {
        let score = if x.is_nan() { 0.0 } else { x / 300.0 - 1.0 };
        let shift = match k {
            Some("red") => 2.0,
            Some("green") => -2.0,
            Some(_) => 0.0,
            None => 1.0,
        };
        let all = [score + shift, 0.5 * shift - score, 0.0].map(f64::exp);
        all.iter().map(|x| x / all.iter().sum::<f64>()).collect()
    });
    let x = scrambled(N, 7).into_iter().enumerate();
    let x = x.map(|(i, x)| if i % 5 == 0 { f64::NAN } else { x }).collect();
    let names = ["red", "green", "blue"];
    let k: Vec<Option<&str>> = (0..N).map(|i| (i % 7 != 0).then(|| names[(i * 11) % 3])).collect();
    let data = mixed(x, &k);
    let mut case = Case::of_itself(&data, &model);
    case.truth = Targets::Class((0..N).map(|i| u16::try_from(i % 3).unwrap()).collect());
    case.classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let ran = case.run(&params()).unwrap();
    assert!(value(&ran.section, "explain.surrogate_r2") > 0.9);
    assert!(value(&ran.section, "explain.surrogate_agreement") > 0.9);
    for class in ["a", "b", "c"] {
        assert_eq!(ran.attributions[&format!("k|{class}")].len(), N);
    }
    // Rows without a name are pushed towards the first class, red ones more so, green ones away from it.
    let mean = |name: Option<&str>| {
        let own = ran.attributions["k|a"].iter().zip(&k).filter(|(_, k)| **k == name).map(|(x, _)| *x);
        let own: Vec<f64> = own.collect();
        own.iter().sum::<f64>() / own.len() as f64
    };
    assert!(mean(Some("red")) > mean(None) && mean(None) > mean(Some("blue")), "{} {}", mean(Some("red")), mean(None));
    assert!(mean(Some("blue")) > mean(Some("green")));
    assert!(value(&ran.section, "explain.additivity_error") < 1e-3);
}
