//! Adult's parts against `cases/explorer/adult.json` (pandas, SciPy, scikit-learn).

use equipoise_data::OpenOptions;
use equipoise_document::DataSpec;

use super::*;

fn oracle() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/explorer/adult.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn shared(path: &str) -> Option<String> {
    let path = format!("{}/../../../shared/{path}", env!("CARGO_MANIFEST_DIR"));
    if std::path::Path::new(&path).exists() {
        return Some(path);
    }
    eprintln!("skipped: the shared data is not here");
    None
}

fn open(path: &str) -> Dataset {
    Dataset::open(path, &DataSpec::default(), OpenOptions::default()).unwrap()
}

/// A part with the probabilities of the LightGBM model, where it is the test data.
fn part(name: &str) -> Option<(Dataset, Frame)> {
    let dataset = open(&shared(&format!("data/adult/{name}.parquet"))?);
    let income = dataset.column("income").unwrap();
    let age = dataset.column("age").unwrap();
    let classes: Arc<[String]> = dataset.schema().columns[income].levels.clone();
    let (mut truth, mut young) = (Vec::new(), Vec::new());
    dataset
        .for_each(&[income, age], &mut |chunk| {
            let (Column::Codes { codes, .. }, Column::Number(ages)) = (&chunk.columns[0], &chunk.columns[1]) else {
                panic!()
            };
            truth.extend(codes.iter().map(|c| u16::try_from(*c).unwrap()));
            young.extend(ages.iter().map(|a| *a < 30.0));
            Ok(())
        })
        .unwrap();
    let mut probability = None;
    if name == "test" {
        let predictions = open(&shared("models/adult-lgbm.predictions.parquet")?);
        let places = [predictions.column("row").unwrap(), predictions.column("proba").unwrap()];
        let mut pairs = Vec::new();
        predictions
            .for_each(&places, &mut |chunk| {
                let (Column::Number(rows), Column::Number(p)) = (&chunk.columns[0], &chunk.columns[1]) else {
                    panic!()
                };
                pairs.extend(rows.iter().copied().zip(p.iter().copied()));
                Ok(())
            })
            .unwrap();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        probability = Some(pairs.into_iter().map(|p| p.1).collect());
    }
    let mut frame = Frame::new(FrameParts {
        task: Task::Binary,
        classes,
        row_ids: None,
        truth: Targets::Class(truth),
        predicted: None,
        probability,
        weight: None,
        groups: Vec::new(),
    })
    .unwrap();
    if name == "test" {
        frame.add_cohort("young", "age < 30", &young);
    }
    Some((dataset, frame))
}

fn agree(what: &str, ours: Option<f64>, theirs: &Value, tolerance: f64) {
    match (ours, theirs.as_f64()) {
        (Some(ours), Some(theirs)) => {
            assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3), "{what}: {ours} is not {theirs}");
        }
        (ours, theirs) => assert_eq!(ours, theirs, "{what}"),
    }
}

fn share(count: &Value, whole: u64) -> Value {
    count.as_f64().map_or(Value::Null, |n| json!(n / whole as f64))
}

#[test]
fn every_number_agrees() {
    let (Some(test), Some(train)) = (part("test"), part("train")) else { return };
    let section = explore(&test, Some(&train), "income", &json!({})).unwrap();
    let oracle = oracle();
    let estimate = |id: &str| {
        let id: EstimateId = id.parse().unwrap();
        section.estimate(&id)
    };
    let columns = cells(&section, "columns", "column");
    let numbers = cells(&section, "numbers", "column");
    for (name, expected) in oracle["profile"].as_object().unwrap() {
        let n = expected["n"].as_u64().unwrap();
        let present = n - expected["n_missing"].as_u64().unwrap();
        let missing = estimate(&format!("explorer.missing_share[{name}]")).unwrap();
        agree(&format!("missing {name}"), missing.value, &share(&expected["n_missing"], n), 1e-12);
        let interval = missing.interval.as_ref().unwrap();
        agree("wilson low", Some(interval.low), &expected["missing_wilson"][0], 1e-9);
        agree("wilson high", Some(interval.high), &expected["missing_wilson"][1], 1e-9);
        let top = estimate(&format!("explorer.most_frequent_share[{name}]")).unwrap();
        agree("top", top.value, &share(&expected["most_frequent_n"], present), 1e-12);
        let at = columns.iter().position(|c| c == name).unwrap();
        assert_eq!(cells(&section, "columns", "distinct")[at], expected["distinct"], "{name}");
        let Some(at) = numbers.iter().position(|c| c == name) else { continue };
        for (ours, theirs) in [
            ("sd", "sd"),
            ("skew", "skew"),
            ("min", "min"),
            ("q1", "q1"),
            ("q3", "q3"),
            ("max", "max"),
            ("zeros", "zeros"),
        ] {
            agree(&format!("{name} {ours}"), cells(&section, "numbers", ours)[at].as_f64(), &expected[theirs], 1e-9);
        }
        let mean = estimate(&format!("explorer.mean[{name}]")).unwrap();
        agree("mean", mean.value, &expected["mean"], 1e-12);
        agree("mean low", Some(mean.interval.as_ref().unwrap().low), &expected["mean_interval"][0], 1e-9);
        agree("median", estimate(&format!("explorer.median[{name}]")).unwrap().value, &expected["median"], 1e-12);
        let outliers = estimate(&format!("explorer.outlier_share[{name}]")).unwrap().value;
        agree("tukey", outliers, &share(&expected["tukey_n"], present), 1e-12);
        let far = estimate(&format!("explorer.far_share[{name}]")).and_then(|e| e.value);
        agree("far", far, &share(&expected["far_n"], present), 1e-12);
    }
    for (metric, key) in [
        ("single_feature_auc", "auc"),
        ("information", "information"),
        ("pearson", "pearson"),
        ("spearman", "spearman"),
    ] {
        for (name, expected) in oracle[key].as_object().unwrap() {
            let found = estimate(&format!("explorer.{metric}[{name}]")).unwrap_or_else(|| panic!("{metric} {name}"));
            agree(&format!("{metric} {name}"), found.value, expected, 1e-9);
        }
    }
    for key in ["cramers_v", "correlation_ratio"] {
        for (name, expected) in oracle[key].as_object().unwrap() {
            let id: EstimateId = format!("explorer.{key}[{name}]").parse().unwrap();
            let turned = id.columns().iter().rev().map(|c| c.column.clone()).collect::<Vec<_>>();
            let turned = EstimateId::new("explorer", key).by(&turned);
            let found = section.estimate(&id).or_else(|| section.estimate(&turned)).unwrap();
            agree(name, found.value, &expected["value"], 1e-9);
            assert_eq!(Some(found.n), expected["n"].as_u64());
            let p = found.p_value.as_ref().unwrap().value;
            let theirs = expected["p"].as_f64().unwrap();
            assert!((p - theirs).abs() < 1e-9, "{name}: {p} is not {theirs}");
        }
    }
    let n = 16_281;
    agree("copies", Some(value(&section, "explorer.duplicate_share")), &share(&oracle["duplicates"], n), 1e-12);
    agree(
        "contradicting",
        Some(value(&section, "explorer.contradicting_share")),
        &share(&oracle["contradicting"], n),
        1e-12,
    );
    agree("overlap", Some(value(&section, "explorer.train_overlap_share")), &share(&oracle["overlap"], n), 1e-12);
    let together = &oracle["missing_together"];
    agree("together", Some(value(&section, "explorer.missing_together[occupation,workclass]")), together, 1e-9);
    let difference = &oracle["missing_target_difference"];
    agree("difference", Some(value(&section, "explorer.missing_target_difference[workclass]")), difference, 1e-9);
}

#[test]
fn drift_and_doubts_agree() {
    let (Some(test), Some(train)) = (part("test"), part("train")) else { return };
    let section = explore(&test, Some(&train), "income", &json!({})).unwrap();
    let oracle = oracle();
    for (name, expected) in oracle["drift"].as_object().unwrap() {
        for (metric, key) in [("kolmogorov_smirnov", "ks"), ("jensen_shannon", "js"), ("stability_index", "psi")] {
            if expected[key].is_null() {
                continue;
            }
            let found = find(&section, &format!("explorer.{metric}.train[{name}]"));
            agree(&format!("{metric} {name}"), found.value, &expected[key], 1e-9);
        }
        if !expected["p"].is_null() {
            let found = find(&section, &format!("explorer.jensen_shannon.train[{name}]"));
            agree("p", found.p_value.as_ref().map(|p| p.value), &expected["p"], 1e-9);
        }
    }
    let doubtful = |i: usize, j: usize| oracle["doubtful"][i][j].as_f64().unwrap();
    let off = doubtful(0, 1) + doubtful(1, 0);
    close(&section, "explorer.doubtful_label_share", off / 16_281.0);
    let of_low = doubtful(0, 1) / (doubtful(0, 0) + doubtful(0, 1));
    close(&section, "explorer.doubtful_label_share[income=\"<=50K\",confident=>50K]", of_low);
    assert!(note(&section, "one_to_one_columns").contains("`education and education_num`"));
    for (name, expected) in oracle["young"].as_object().unwrap() {
        agree("mean", find(&section, &format!("explorer.mean[{name}]{{young}}")).value, &expected["mean"], 1e-12);
        agree("median", find(&section, &format!("explorer.median[{name}]{{young}}")).value, &expected["median"], 1e-12);
    }
    let bytes = serde_json::to_string(&section).unwrap().len();
    assert!(bytes < 1_000_000, "{bytes} bytes");
}
