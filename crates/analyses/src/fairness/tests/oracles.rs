//! Real models on real data, against what fairlearn and scikit-learn give (`cases/oracles`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use equipoise_data::{Column, MISSING, OpenOptions};
use equipoise_document::DataSpec;

use super::*;

fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(format!("{}/../../../shared/{path}", env!("CARGO_MANIFEST_DIR")));
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: the shared data is not here");
    None
}

fn oracle(case: &str) -> Value {
    let path = format!("{}/../../cases/oracles/{case}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

struct Table {
    dataset: Dataset,
}

impl Table {
    fn open(path: &Path) -> Self {
        Self { dataset: Dataset::open(path.to_str().unwrap(), &DataSpec::default(), OpenOptions::default()).unwrap() }
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        let column = self.dataset.column(name).unwrap();
        let mut all = Vec::new();
        self.dataset
            .for_each(&[column], &mut |chunk| {
                let Column::Number(values) = &chunk.columns[0] else { panic!("{name} holds names") };
                all.extend_from_slice(values);
                Ok(())
            })
            .unwrap();
        all
    }

    /// As pandas writes them.
    fn names(&self, name: &str) -> Vec<String> {
        let column = self.dataset.column(name).unwrap();
        let mut all = Vec::new();
        self.dataset
            .for_each(&[column], &mut |chunk| {
                match &chunk.columns[0] {
                    Column::Number(values) => all.extend(values.iter().map(|x| format!("{x}"))),
                    Column::Codes { codes, levels } => {
                        all.extend(
                            codes
                                .iter()
                                .map(|c| if *c == MISSING { "nan".to_owned() } else { levels[*c as usize].clone() }),
                        );
                    }
                }
                Ok(())
            })
            .unwrap();
        all
    }
}

fn grouping(name: &str, values: &[String], kind: GroupingKind) -> (Grouping, Vec<u16>) {
    let mut levels: Vec<String> = values.to_vec();
    levels.sort();
    levels.dedup();
    let place: BTreeMap<&String, u16> = levels.iter().zip(0..).collect();
    let codes = values.iter().map(|v| place[v]).collect();
    (Grouping { column: name.to_owned(), levels: levels.clone().into(), kind }, codes)
}

/// Every number of one entry.
fn compare(case: &str, frame: &Frame, entry: &Value, tolerance: f64) -> usize {
    let sensitive: Vec<String> = serde_json::from_value(entry["sensitive"].clone()).unwrap();
    let mut params = json!({});
    if sensitive.len() > 1 {
        params = json!({ "intersections": [sensitive] });
    }
    let section = run(frame, &params).unwrap();
    let by_id: BTreeMap<String, Option<f64>> = section.estimates.iter().map(|e| (e.id.to_string(), e.value)).collect();
    let mut n = 0;
    let mut agree = |id: &EstimateId, theirs: &Value| {
        // Not offered here: the average precision of groups.
        let Some(ours) = by_id.get(&id.to_string()) else {
            assert_eq!(id.metric(), "average_precision", "{case}: no {id}");
            return;
        };
        match (ours, theirs.as_f64()) {
            (Some(a), Some(b)) => {
                assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{case} {id}: {a} is not {b}");
            }
            (None, None) => {}
            // fairlearn makes ratios of numbers that may be negative.
            (None, Some(_)) if id.aggregate().is_some_and(|a| a.starts_with("ratio")) => return,
            (a, b) => panic!("{case} {id}: {a:?} is not {b:?}"),
        }
        n += 1;
    };
    let pairs = |v: &Value| -> Vec<(String, String)> {
        let object = v.as_object().into_iter().flatten();
        object.map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect()
    };
    for group in entry["groups"].as_array().unwrap() {
        for (metric, theirs) in group["values"].as_object().unwrap() {
            agree(&EstimateId::new("fairness", metric).of_group(&pairs(&group["group"])), theirs);
        }
    }
    for stratum in entry["strata"].as_array().unwrap() {
        let fixed = pairs(&stratum["stratum"]);
        for (metric, theirs) in stratum["overall"].as_object().unwrap() {
            agree(&EstimateId::new("fairness", metric).of_group(&fixed), theirs);
        }
        for (metric, aggregates) in stratum["aggregates"].as_object().unwrap() {
            for (aggregate, theirs) in aggregates.as_object().unwrap() {
                if matches!(metric.as_str(), "r2" | "mean_error") && aggregate.starts_with("ratio") {
                    continue;
                }
                agree(
                    &EstimateId::new("fairness", metric).aggregated(aggregate).of_group(&fixed).by(&sensitive),
                    theirs,
                );
            }
        }
        for (aggregate, theirs) in stratum["equalized_odds"].as_object().into_iter().flatten() {
            let id = EstimateId::new("fairness", "equalized_odds").aggregated(aggregate).of_group(&fixed);
            agree(&id.by(&sensitive), theirs);
        }
    }
    n
}

fn check(case: &str, tolerance: f64) {
    let oracle = oracle(case);
    let set = oracle["data"]["set"].as_str().unwrap();
    let (Some(data), Some(told)) =
        (shared(&format!("data/{set}/test.parquet")), shared(&format!("models/{case}.predictions.parquet")))
    else {
        return;
    };
    let (data, told) = (Table::open(&data), Table::open(&told));
    let task = oracle["task"].as_str().unwrap();
    let weight = oracle["weight"].as_str().map(|w| data.numbers(w));
    let mut n = 0;
    for entry in oracle["fairness"].as_array().unwrap() {
        let list = |key: &str| -> Vec<String> { serde_json::from_value(entry[key].clone()).unwrap() };
        let groups = list("control")
            .iter()
            .map(|c| (c.clone(), GroupingKind::Control))
            .chain(list("sensitive").iter().map(|c| (c.clone(), GroupingKind::Sensitive)))
            .map(|(name, kind)| {
                let values = if name == "row_mod_3" {
                    (0..told.dataset.n_rows()).map(|i| (i % 3).to_string()).collect()
                } else {
                    data.names(&name)
                };
                grouping(&name, &values, kind)
            })
            .collect();
        let is_weighted = entry["weighted"].as_bool().unwrap();
        let parts = match task {
            "binary" => {
                let positive = oracle["positive"].as_str().unwrap();
                let truth = data.names(oracle["target"].as_str().unwrap());
                let p = told.numbers("proba");
                FrameParts {
                    task: Task::Binary,
                    classes: Arc::from(["other".to_owned(), positive.to_owned()]),
                    row_ids: None,
                    truth: Targets::Class(truth.iter().map(|y| u16::from(y == positive)).collect()),
                    predicted: Some(Targets::Class(p.iter().map(|p| u16::from(*p >= 0.5)).collect())),
                    probability: Some(p),
                    weight: None,
                    groups,
                }
            }
            "multiclass" => {
                let classes: Vec<String> = serde_json::from_value(oracle["classes"].clone()).unwrap();
                let truth = data.names(oracle["target"].as_str().unwrap());
                let columns: Vec<Vec<f64>> = (0..classes.len()).map(|k| told.numbers(&format!("proba_{k}"))).collect();
                let best = |i: usize| {
                    let mut best = 0;
                    for k in 1..columns.len() {
                        if columns[k][i] > columns[best][i] {
                            best = k;
                        }
                    }
                    best as u16
                };
                let place = |y: &String| classes.iter().position(|c| c == y).unwrap() as u16;
                FrameParts {
                    task: Task::Multiclass,
                    classes: classes.clone().into(),
                    row_ids: None,
                    truth: Targets::Class(truth.iter().map(place).collect()),
                    predicted: Some(Targets::Class((0..truth.len()).map(best).collect())),
                    probability: None,
                    weight: None,
                    groups,
                }
            }
            _ => FrameParts {
                task: Task::Regression,
                classes: Arc::from([]),
                row_ids: None,
                truth: Targets::Value(data.numbers(oracle["target"].as_str().unwrap())),
                predicted: Some(Targets::Value(told.numbers("prediction"))),
                probability: None,
                weight: None,
                groups,
            },
        };
        let weight = if is_weighted { weight.clone() } else { None };
        let frame = Frame::new(FrameParts { weight, ..parts }).unwrap();
        n += compare(case, &frame, entry, tolerance);
        if !is_weighted && list("control").is_empty() {
            intervals(&oracle, &frame, &list("sensitive"));
        }
    }
    assert!(n > 20, "{case}: only {n} numbers were compared");
}

/// Wilson's intervals and the chi-squared test of SciPy.
fn intervals(oracle: &Value, frame: &Frame, sensitive: &[String]) {
    let section = run(frame, &json!({})).unwrap();
    for entry in oracle["intervals"].as_array().into_iter().flatten() {
        if entry["sensitive"] != json!(sensitive) {
            continue;
        }
        for (group, theirs) in entry["groups"].as_object().unwrap() {
            let id = EstimateId::new("fairness", "selection_rate").of_group(&[(&sensitive[0], group)]);
            let ours = section.estimate(&id).unwrap().interval.clone().unwrap();
            close(ours.low, theirs["wilson"][0].as_f64().unwrap());
            close(ours.high, theirs["wilson"][1].as_f64().unwrap());
        }
        let id = EstimateId::new("fairness", "selection_rate").aggregated("difference").by(sensitive);
        let p = section.estimate(&id).unwrap().p_value.clone().unwrap();
        if p.method == "chi_squared" {
            let theirs = entry["chi_squared"]["p_value"].as_f64().unwrap();
            assert!((p.value - theirs).abs() <= 1e-9 * theirs + 1e-300, "{} is not {theirs}", p.value);
        }
    }
}

#[test]
fn adult() {
    check("adult-lgbm", 1e-11);
}

#[test]
fn compas() {
    check("compas-lgbm", 1e-11);
}

#[test]
fn bank_marketing() {
    check("bank_marketing-xgb", 1e-11);
}

#[test]
fn digits() {
    check("digits-lgbm", 1e-12);
}

#[test]
fn california_housing() {
    check("california_housing-lgbm", 1e-11);
}

#[test]
fn bike_sharing() {
    check("bike_sharing-xgb_poisson", 1e-11);
}
