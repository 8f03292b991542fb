//! Every ONNX fixture answers what ONNX Runtime answers, on all test rows.

use std::path::Path;

use equipoise_data::Column;

use super::super::OnnxModel;
use super::table::{Table, shared};
use crate::{Binding, Model, Outputs};

/// Answers as columns: one for values and the probability of two classes, one per class otherwise.
fn answers(model: &OnnxModel, table: &Table, features: &[String]) -> Vec<Vec<f64>> {
    let binding = Binding::new(model.info(), &table.schema, features).unwrap();
    let columns: Vec<Column> = binding.columns().iter().map(|&i| table.columns[i].clone()).collect();
    let bound = binding.inputs(&columns).unwrap();
    match model.predict(&bound.as_inputs()).unwrap() {
        Outputs::Probability(v) | Outputs::Values(v) => vec![v],
        Outputs::Probabilities { n_classes, values } => {
            (0..n_classes).map(|k| values.iter().skip(k).step_by(n_classes).copied().collect()).collect()
        }
        Outputs::Labels(_) => panic!("labels where numbers were expected"),
    }
}

/// The largest relative difference beyond what rounding in 32 bits costs the runtime: it takes small probabilities as
/// `1 − p` and sums the leaves of trees in 32 bits, so its error is that of numbers as large as the column's largest.
fn difference(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(0.0, |top: f64, w| top.max(w.abs()));
    let roundings = 4.0 * f64::from(f32::EPSILON) * scale;
    got.iter().zip(want).map(|(g, w)| ((g - w).abs() - roundings).max(0.0) / w.abs().max(1e-300)).fold(0.0, f64::max)
}

fn check(shared: &Path, set: &str, kind: &str) {
    let bytes = std::fs::read(shared.join(format!("models/{set}-{kind}.onnx"))).unwrap();
    let model = OnnxModel::from_bytes(&format!("{set}-{kind}.onnx"), &bytes).unwrap();
    let table = inputs(shared, set);
    let want = Table::read(&shared.join(format!("models/{set}-{kind}.predictions.parquet")));
    let features: Vec<String> = table.schema.names().filter(|n| *n != "digit").map(str::to_owned).collect();
    let got = answers(&model, &table, &features);
    let mut worst = 0f64;
    for (k, column) in got.iter().enumerate() {
        let name = if got.len() == 1 { "ort".to_owned() } else { format!("ort_{k}") };
        worst = worst.max(difference(column, &want.numbers(&name)));
    }
    eprintln!("{set}-{kind}: {worst:.1e} over {} rows; {}", got[0].len(), model.info().describes);
    assert!(worst <= 1e-5, "{set}-{kind}: {worst}");
}

/// The test rows, prepared as the fixtures' page says.
fn inputs(shared: &Path, set: &str) -> Table {
    let mut table = Table::read(&shared.join(format!("data/{set}/test.parquet")));
    match set {
        "sms_spam" => {
            let Column::Codes { codes, levels } = table.columns[0].clone() else { panic!() };
            let lower: Vec<String> = levels.iter().map(|l| l.to_lowercase()).collect();
            table.columns[0] = Column::Codes { codes, levels: lower.into() };
        }
        "mnist_10k" => return pictures(shared, &table),
        _ => {}
    }
    table
}

/// The pictures of the test rows as 784 columns between 0 and 1.
fn pictures(shared: &Path, table: &Table) -> Table {
    use std::io::Read;
    let file = std::fs::File::open(shared.join("data/mnist_10k/test-images-idx3-ubyte.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let n = table.columns[0].len();
    let pixels = &bytes[16..];
    assert_eq!(pixels.len(), n * 784);
    let mut out = Table { schema: equipoise_data::Schema::default(), columns: Vec::new() };
    for p in 0..784 {
        let values: Vec<f64> = pixels.iter().skip(p).step_by(784).map(|&x| f64::from(x) / 255.0).collect();
        let kind = equipoise_document::ColumnType::Numeric;
        out.add(&format!("pixel_{p}"), kind, Vec::new().into(), Column::Number(values.into()));
    }
    out
}

#[test]
fn every_fixture() {
    let Some(shared) = shared() else { return };
    let mut names: Vec<String> = std::fs::read_dir(shared.join("models"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".onnx").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() >= 20, "{names:?}");
    for name in names {
        let (set, kind) = name.split_once('-').unwrap();
        check(&shared, set, kind);
    }
}
