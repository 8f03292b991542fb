//! Explainable boosting machines: InterpretML's own answers, and what is said of a damaged file.

use std::path::PathBuf;

use equipoise_models::{Inputs, Model};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Column, opened, values};

fn case(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../cases/ebm").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The rows of the case: ages and hours with missing ones, jobs and homes with unknown ones.
fn rows() -> Vec<Column> {
    let text = case("rows.csv");
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let number = |place: usize| lines.iter().map(|l| l[place].parse().unwrap_or(f64::NAN)).collect();
    let name = |place: usize| {
        let names: Vec<Option<&str>> = lines.iter().map(|l| Some(l[place]).filter(|n| !n.is_empty())).collect();
        Column::names(&names)
    };
    vec![Column::Number(number(0)), Column::Number(number(1)), name(2), name(3)]
}

fn answers(model: &dyn Model) -> Vec<f64> {
    let rows = rows();
    values(model.predict(&Inputs { n_rows: 60, columns: rows.iter().map(Column::as_input).collect() }).unwrap())
}

#[test]
fn it_says_what_interpret_says() {
    for name in ["binary", "number", "several"] {
        let model = opened(&format!("{name}.json"), case(&format!("{name}.json")).as_bytes()).unwrap();
        assert_eq!(model.info().format, "ebm");
        let expected: Vec<f64> =
            case(&format!("{name}.csv")).lines().flat_map(|l| l.split(',')).map(|x| x.parse().unwrap()).collect();
        let found = answers(model.as_ref());
        assert_eq!(found.len(), expected.len());
        for (place, (f, e)) in found.iter().zip(&expected).enumerate() {
            assert!((f - e).abs() <= 1e-12 * e.abs().max(1e-3), "{name}[{place}]: {f} {e}");
        }
    }
}

fn problem(change: impl Fn(&mut Value)) -> String {
    let mut file: Value = serde_json::from_str(&case("binary.json")).unwrap();
    change(&mut file);
    let text = opened("model.json", &serde_json::to_vec(&file).unwrap()).err().unwrap().to_string();
    assert!(text.contains("hint: "), "{text}");
    text
}

#[test]
fn what_is_wrong_is_named() {
    assert!(problem(|f| f["version"] = json!("2.0")).contains("version `2.0`"));
    assert!(problem(|f| f["ebm"]["outputs"][0]["link"] = json!("cloglog")).contains("link `cloglog`"));
    assert!(problem(|f| f["ebm"]["intercept"] = json!([0.1, 0.2])).contains("`intercept` has 2 values"));
    assert!(problem(|f| f["ebm"]["intercept"] = json!(["nan"])).contains("not a list of numbers"));
    assert!(problem(|f| f["ebm"]["features"][0]["cuts"][0][0] = json!(1e9)).contains("do not ascend"));
    assert!(problem(|f| f["ebm"]["features"][1]["name"] = json!("age")).contains("`age` is there twice"));
    assert!(problem(|f| f["ebm"]["terms"][0]["term_features"] = json!(["x"])).contains("no feature `x`"));
    assert!(problem(|f| f["ebm"]["terms"][0]["term_features"] = json!([])).contains("has 0 names"));
    let short = |f: &mut Value| drop(f["ebm"]["terms"][0]["scores"].as_array_mut().unwrap().pop());
    assert!(problem(short).contains("bins where the feature has"));
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = case("binary.json").trim_end().as_bytes().to_vec();
    for end in 0..bytes.len() {
        let error = opened("model.json", &bytes[..end]).err().unwrap().to_string();
        assert!(error.contains("hint: "), "{end}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_are_an_error_or_a_model(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = case("binary.json").into_bytes();
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(model) = opened("model.json", &bytes) {
            let rows = rows();
            let columns = rows.iter().map(Column::as_input).take(model.info().inputs.len()).collect();
            let _ = model.predict(&Inputs { n_rows: 60, columns });
        }
    }
}
