//! The bundled sample: LightGBM's own attributions, which lie in the repository (`cases/nhefs/make_attributions.py`).

use std::path::PathBuf;

use equipoise_data::{Column, Dataset, OpenOptions};
use equipoise_document::{DataSpec, ModelSpec};
use equipoise_models::{Binding, open};
use equipoise_shapley::{Background, Method, Options, Precision, TreeExplainer};

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
fn the_sample_model_is_explained_as_lightgbm_explains_it() {
    let path = in_repository("sample/nhefs/model.txt");
    let model = open("model.txt", &std::fs::read(path).unwrap(), &ModelSpec::default()).unwrap();
    let features: Vec<String> = model.info().inputs.iter().map(|input| input.name.clone()).collect();
    let bind = |data: &Dataset| Binding::new(model.info(), data.schema(), &features).unwrap();
    let (data, rows) = columns("sample/nhefs/test.csv", |data| bind(data).columns().to_vec());
    let binding = bind(&data);
    let bound = binding.inputs(&rows).unwrap();
    let trees = model.trees().unwrap();
    let encoded = trees.encode(&bound.as_inputs()).unwrap();
    let (_, golden) = columns("cases/nhefs/attributions.csv", |told| {
        let names = features.iter().map(String::as_str).chain(["base"]);
        names.map(|name| told.column(name).unwrap()).collect()
    });
    let n_rows = numbers(&golden[0]).len();
    let rows = &encoded.values[..n_rows * encoded.n_features];
    for (precision, tolerance) in [(Precision::Exact, 1e-12), (Precision::Fast, 1e-6)] {
        let explainer = TreeExplainer::new(trees, &Options { precision, ..Options::default() }).unwrap();
        assert_eq!(explainer.names(), features);
        let found = explainer.explain(rows).unwrap();
        for row in 0..n_rows {
            for (feature, expected) in golden.iter().enumerate() {
                let f = found.get(row, feature, 0).unwrap_or(found.base[0]);
                let e = numbers(expected)[row];
                assert!((f - e).abs() <= tolerance, "row {row}, {:?}: {f} is not {e}", features.get(feature));
            }
        }
        // Against other rows of the same data: base is their mean margin, and the sums come out.
        let rest = &encoded.values[n_rows * encoded.n_features..];
        let method = Method::Interventional(Background { rows: rest, weights: None });
        let explainer = TreeExplainer::new(trees, &Options { method, precision, ..Options::default() }).unwrap();
        let found = explainer.explain(rows).unwrap();
        let margins = explainer.margins(rows).unwrap();
        let mean = explainer.margins(rest).unwrap().iter().sum::<f64>() / (rest.len() / encoded.n_features) as f64;
        assert!((found.base[0] - mean).abs() < 1e-12);
        for (row, margin) in found.rows().zip(margins) {
            assert!((found.base[0] + row.iter().sum::<f64>() - margin).abs() <= tolerance);
        }
    }
}
