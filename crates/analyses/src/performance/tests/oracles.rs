//! Values of scikit-learn on real data with real models.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder with data and models, beside the repository.
fn shared() -> Option<PathBuf> {
    let repository = repository();
    ["../shared", "../../shared"].iter().map(|to| repository.join(to)).find(|path| path.join("models").is_dir())
}

fn read(path: &Path) -> RecordBatch {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().with_batch_size(1 << 20).build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn numbers(batch: &RecordBatch, column: &str) -> Vec<f64> {
    let column = cast(batch.column_by_name(column).unwrap(), &DataType::Float64).unwrap();
    column.as_any().downcast_ref::<Float64Array>().unwrap().values().to_vec()
}

fn names(batch: &RecordBatch, column: &str) -> Vec<String> {
    let column = cast(batch.column_by_name(column).unwrap(), &DataType::Utf8).unwrap();
    (0..column.len()).map(|i| column.as_string::<i32>().value(i).to_owned()).collect()
}

/// Rows of an oracle as a run, with weights or without.
fn run_of(oracle: &Value, shared: &Path, is_weighted: bool) -> Run {
    let text = |key: &str| oracle[key].as_str().unwrap().to_owned();
    let set = oracle["data"]["set"].as_str().unwrap();
    let data = read(&shared.join("data").join(set).join("test.parquet"));
    let file = oracle["predictions"]["file"].as_str().unwrap();
    let predictions = read(&shared.join("models").join(file));
    let order = numbers(&predictions, "row");
    let columns: Vec<Vec<f64>> = oracle["predictions"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| {
            let values = numbers(&predictions, name.as_str().unwrap());
            let mut placed = vec![0.0; values.len()];
            for (row, value) in order.iter().zip(values) {
                placed[*row as usize] = value;
            }
            placed
        })
        .collect();
    let n = order.len();
    let weight = is_weighted.then(|| match oracle["weight"].as_str() {
        Some(column) => numbers(&data, column),
        None => (0..n).map(|i| 1.0 + (i % 3) as f64).collect(),
    });
    match text("task").as_str() {
        "binary" => {
            let (positive, threshold) = (text("positive"), oracle["threshold"].as_f64().unwrap());
            let truth = names(&data, &text("target")).iter().map(|y| u16::from(*y == positive)).collect();
            let probability = columns.into_iter().next().unwrap();
            let predicted = probability.iter().map(|p| u16::from(*p >= threshold)).collect();
            Run {
                truth: Targets::Class(truth),
                predicted: Targets::Class(predicted),
                probability: Some(probability),
                weight,
                ..Run::binary(&[])
            }
        }
        "multiclass" => {
            let classes: Vec<String> =
                oracle["classes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect();
            let truth: Vec<u16> = names(&data, &text("target"))
                .iter()
                .map(|y| classes.iter().position(|c| c == y).unwrap() as u16)
                .collect();
            let row = |i: usize| columns.iter().map(move |c| c[i]);
            let best = |i: usize| row(i).enumerate().fold((0, -1.0), |b, (c, p)| if p > b.1 { (c, p) } else { b }).0;
            Run {
                task: Task::Multiclass,
                classes,
                truth: Targets::Class(truth),
                predicted: Targets::Class((0..n).map(|i| best(i) as u16).collect()),
                probability: Some((0..n).flat_map(row).collect()),
                weight,
                ..Run::regression(Vec::new(), Vec::new())
            }
        }
        _ => Run { weight, ..Run::regression(numbers(&data, &text("target")), columns.into_iter().next().unwrap()) },
    }
}

/// Our id for an oracle's metric; none for those that are not given here.
fn ours(task: &str, metric: &str) -> Option<String> {
    let name = match (task, metric) {
        (_, "matthews_correlation") => "matthews_corrcoef",
        ("multiclass", "roc_auc_ovr_macro") => "roc_auc_ovr",
        ("multiclass", "roc_auc_ovo_macro") => "roc_auc_ovo",
        ("binary", m) if ["_macro", "_micro", "_weighted"].iter().any(|end| m.ends_with(end)) => return None,
        ("binary", "hamming_loss" | "positive_predictive_value") => return None,
        (_, "d2_log_loss" | "d2_absolute_error" | "d2_poisson" | "spearman_correlation") => return None,
        (_, "positive_likelihood_ratio" | "negative_likelihood_ratio") => return None,
        (_, "cohen_kappa_linear" | "cohen_kappa_quadratic" | "top_1_accuracy") => return None,
        ("multiclass", "average_precision_micro" | "average_precision_weighted") => return None,
        (_, "mean_pinball_loss_0.1") => "mean_pinball_loss@0_1",
        (_, "mean_pinball_loss_0.5") => "mean_pinball_loss@0_5",
        (_, "mean_pinball_loss_0.9") => "mean_pinball_loss@0_9",
        (_, same) => same,
    };
    Some(format!("performance.{name}"))
}

#[test]
fn scikit_learn_agrees_on_real_models() {
    let Some(shared) = shared() else {
        println!("skipped: the folder `../shared` is not there");
        return;
    };
    let mut n_compared = 0;
    let mut files: Vec<_> =
        std::fs::read_dir(repository().join("cases/oracles")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files {
        let oracle: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let case = oracle["case"].as_str().unwrap_or_default().to_owned();
        let is_there = oracle["data"]["set"]
            .as_str()
            .is_some_and(|set| shared.join("data").join(set).join("test.parquet").is_file())
            && oracle["predictions"]["file"].as_str().is_some_and(|file| shared.join("models").join(file).is_file());
        if !is_there {
            println!("skipped: {case}");
            continue;
        }
        let task = oracle["task"].as_str().unwrap().to_owned();
        for (kind, expected) in oracle["performance"].as_object().unwrap() {
            let mut run = run_of(&oracle, &shared, kind == "weighted");
            run.params = match task.as_str() {
                "binary" => json!({"calibration_bins": 10}),
                "multiclass" => json!({"top_k": [2, 3, 5]}),
                _ => json!({"pinball_quantiles": [0.1, 0.5, 0.9]}),
            };
            let section = run.answer().unwrap();
            check_tables(&section);
            for (metric, expected) in expected.as_object().unwrap() {
                let Some(id) = ours(&task, metric) else { continue };
                let Some(expected) = expected.as_f64() else {
                    assert!(value(&section, &id).is_err(), "{case} {kind} {metric} is undefined");
                    continue;
                };
                let found = value(&section, &id).unwrap();
                assert!(
                    (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3),
                    "{case} {kind} {metric}: {found} is not {expected}"
                );
                let estimate = section.estimate(&id.parse().unwrap()).unwrap();
                if let Some(interval) = &estimate.interval {
                    assert!(interval.low <= found && found <= interval.high, "{case} {metric}: {interval:?}");
                }
                n_compared += 1;
            }
            if let (Some(calibration), "unweighted") = (oracle["calibration"].as_object(), kind.as_str()) {
                for error in ["expected_calibration_error", "maximum_calibration_error"] {
                    let found = value(&section, &format!("performance.{error}")).unwrap();
                    assert!((found - calibration[error].as_f64().unwrap()).abs() < 1e-12, "{case} {error}");
                    n_compared += 1;
                }
            }
            let by_class = oracle["by_class"][kind].as_array();
            for class in by_class.into_iter().flatten() {
                let name = class["class"].as_str().unwrap();
                for metric in ["precision", "recall", "f1", "roc_auc", "average_precision"] {
                    let found = value(&section, &format!("performance.{metric}[y={name}]")).unwrap();
                    assert!((found - class[metric].as_f64().unwrap()).abs() < 1e-9, "{case} {kind} {name} {metric}");
                    n_compared += 1;
                }
            }
        }
    }
    println!("{n_compared} numbers agree");
    assert!(n_compared > 100);
}
