//! From the bundled sample's files to LightGBM's own numbers: reading the data, binding columns, asking the model.

use std::path::PathBuf;

use equipoise_data::{Column, Dataset, OpenOptions};
use equipoise_document::{DataSpec, ModelSpec};
use equipoise_models::{Binding, Outputs, open};

fn in_repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// All rows of some columns of a file.
fn columns(path: &str, wanted: impl Fn(&Dataset) -> Vec<usize>) -> (Dataset, Vec<Column>) {
    let path = in_repository(path).display().to_string();
    let data = Dataset::open(&path, &DataSpec::default(), OpenOptions::default()).unwrap();
    let mut found = Vec::new();
    data.for_each(&wanted(&data), &mut |chunk| {
        found.clone_from(&chunk.columns);
        Ok(())
    })
    .unwrap();
    (data, found)
}

fn numbers(column: &Column) -> &[f64] {
    match column {
        Column::Number(values) => values,
        other => panic!("no numbers: {other:?}"),
    }
}

#[test]
fn the_sample_model_says_what_lightgbm_says() {
    let path = in_repository("sample/nhefs/model.txt");
    let model = open("model.txt", &std::fs::read(path).unwrap(), &ModelSpec::default()).unwrap();
    // Words as categories, whole numbers, fractions, and 1,623 missing values in 64 columns.
    let features: Vec<String> = model.info().inputs.iter().map(|input| input.name.clone()).collect();
    let bind = |data: &Dataset| Binding::new(model.info(), data.schema(), &features).unwrap();
    let (data, rows) = columns("sample/nhefs/test.csv", |data| bind(data).columns().to_vec());
    let (_, told) = columns("cases/nhefs/predictions.csv", |told| {
        ["margin", "proba"].iter().map(|name| told.column(name).unwrap()).collect()
    });
    let binding = bind(&data);
    let bound = binding.inputs(&rows).unwrap();
    let Outputs::Probability(found) = model.predict(&bound.as_inputs()).unwrap() else { panic!("not a probability") };
    let margins = model.trees().unwrap().margins(&bound.as_inputs()).unwrap();
    assert_eq!(found.len(), 408);
    for (what, found, expected) in [("margin", &margins, &told[0]), ("proba", &found, &told[1])] {
        for (row, (f, e)) in found.iter().zip(numbers(expected)).enumerate() {
            assert!((f - e).abs() <= 1e-12 * e.abs().max(1e-3), "{what} of row {row} is {f}, not {e}");
        }
    }
}
