//! Every tree model of the original libraries gives the original numbers, for every test row.

use std::path::Path;

use equipoise_models::{Input, InputKind, Inputs, Model, trees::FeatureKind};

use crate::support::{Table, opened, shared, values};

/// How near a number has to be.
#[derive(Clone, Copy)]
enum Near {
    /// Relative error.
    Relative(f64),
    /// Steps of single precision at the size of the largest number in the row, at least 1.
    Ulps(f64),
}

impl Near {
    /// How far beyond the bound, where 1 is on it.
    fn excess(self, found: f64, expected: f64) -> f64 {
        let size = expected.abs().max(1e-3);
        match self {
            Self::Relative(bound) => (found - expected).abs() / (bound * size),
            Self::Ulps(bound) => (found - expected).abs() / (bound * f64::from(f32::EPSILON) * size.max(1.0)),
        }
    }
}

/// Sum of a hundred leaves in single precision: LightGBM and CatBoost sum in double precision.
const DOUBLE: Near = Near::Relative(1e-12);
const SINGLE: Near = Near::Ulps(4.0);

#[test]
fn lightgbm() {
    for (fixture, data) in [
        ("adult-lgbm", "adult"),
        ("adult-lgbm_rf", "adult"),
        ("bank_marketing-lgbm", "bank_marketing"),
        ("bike_sharing-lgbm_poisson", "bike_sharing"),
        ("california_housing-lgbm", "california_housing"),
        ("california_housing-lgbm_linear", "california_housing"),
        ("california_housing-lgbm_q90", "california_housing"),
        ("compas-lgbm", "compas"),
        ("compas-lgbm_dart", "compas"),
        ("digits-lgbm", "digits"),
    ] {
        reproduces(fixture, &format!("{fixture}.txt"), Some(data), DOUBLE);
    }
}

#[test]
fn xgboost() {
    for (fixture, data) in [
        ("adult-xgb", Some("adult")),
        ("bank_marketing-xgb", Some("bank_marketing")),
        ("bike_sharing-xgb_poisson", None),
        ("california_housing-xgb", None),
        ("compas-xgb", None),
        ("compas-xgb_dart", None),
        ("compas-xgb_linear", None),
        ("digits-xgb", None),
    ] {
        for ending in ["json", "ubj"] {
            reproduces(fixture, &format!("{fixture}.{ending}"), data, SINGLE);
        }
    }
}

#[test]
fn catboost() {
    for (fixture, data) in [
        ("adult-catboost", "adult"),
        ("bank_marketing-catboost", "bank_marketing"),
        ("california_housing-catboost", "california_housing"),
    ] {
        reproduces(fixture, &format!("{fixture}.json"), Some(data), DOUBLE);
    }
}

/// Trees out of an ONNX graph say what the graph itself says, of every test row.
#[test]
fn trees_in_onnx_say_what_their_graph_says() {
    for (fixture, data, n_trees) in [
        ("adult-sk_hgb", "adult", 0),
        ("adult-sk_rf", "adult", 0),
        ("bank_marketing-sk_rf", "bank_marketing", 0),
        ("bike_sharing-sk_hgb", "bike_sharing", 0),
        ("california_housing-sk_hgb", "california_housing", 0),
        ("california_housing-sk_rf", "california_housing", 0),
        ("compas-sk_hgb", "compas", 0),
        ("compas-sk_rf", "compas", 0),
        ("compas-sk_tree", "compas", 1),
        ("digits-sk_rf", "digits", 0),
    ] {
        let file = format!("{fixture}.onnx");
        let Some(shared) = shared() else {
            eprintln!("skipped: {file}, for there is no ../shared (EQUIPOISE_SHARED names another place)");
            return;
        };
        let table = Table::read(&shared.join("data").join(data).join("test.parquet"));
        let model = opened(&file, &read(&shared.join("models").join(&file))).unwrap();
        let trees = model.trees().unwrap_or_else(|| panic!("{file}: no trees"));
        assert!(n_trees == 0 || trees.trees().len() == n_trees, "{file}: {} trees", trees.trees().len());
        let inputs = inputs_of(&table, model.as_ref());
        let expected = values(model.predict(&inputs).unwrap());
        let mut found = trees.margins(&inputs).unwrap();
        encoded_rows_agree(model.as_ref(), &inputs, &found);
        trees.link().apply(&mut found, trees.n_outputs());
        assert_eq!(found.len(), expected.len(), "{file}");
        let mut worst = 0.0_f64;
        for (f, e) in found.iter().zip(&expected) {
            worst = worst.max((f - e).abs() / e.abs().max(1.0));
        }
        assert!(worst <= 1e-6, "{file}: differs by {worst:e}");
        eprintln!("{file}: {} trees, {} rows within {worst:.1e}", trees.trees().len(), table.n_rows);
        for feature in trees.features() {
            if let FeatureKind::Derived(derive) = &feature.kind {
                let source = &trees.features()[derive.sources()[0]].name;
                assert!(feature.name == *source || feature.name.starts_with(&format!("{source}=")), "{}", feature.name);
            }
        }
    }
}

/// The columns that a model asks for; a tensor takes the columns of the data in their order.
fn inputs_of<'a>(table: &'a Table, model: &dyn Model) -> Inputs<'a> {
    match model.info().inputs.as_slice() {
        [Input { kind: InputKind::Tensor(width), .. }] => {
            let columns = table.columns.iter().take(*width).map(|(_, column)| column.as_input()).collect();
            Inputs { n_rows: table.n_rows, columns }
        }
        _ => table.inputs(model),
    }
}

/// Compares margins and predictions of all test rows. Without a data set the inputs lie beside the model.
fn reproduces(fixture: &str, file: &str, data: Option<&str>, near: Near) {
    let Some(shared) = shared() else {
        eprintln!("skipped: {file}, for there is no ../shared (EQUIPOISE_SHARED names another place)");
        return;
    };
    let models = shared.join("models");
    let table = match data {
        Some(set) => Table::read(&shared.join("data").join(set).join("test.parquet")),
        None => Table::read(&models.join(format!("{fixture}.inputs.parquet"))),
    };
    let expected = Table::read(&models.join(format!("{fixture}.predictions.parquet")));
    let model = opened(file, &read(&models.join(file))).unwrap();
    let inputs = table.inputs(model.as_ref());
    let answer = values(model.predict(&inputs).unwrap());
    let predicted = ["prediction", "proba", "proba_0"].into_iter().find(|name| expected.get(name).is_some());
    compare(file, "prediction", &expected, predicted.unwrap().trim_end_matches("_0"), &answer, near);
    let Some(trees) = model.trees() else { return };
    let margins = trees.margins(&inputs).unwrap();
    // LightGBM gives the raw score of a random forest as a sum, and averages only when it predicts.
    let raw: Vec<f64> = margins.iter().map(|margin| margin / trees.scale()).collect();
    compare(file, "margin", &expected, "margin", &raw, near);
    encoded_rows_agree(model.as_ref(), &inputs, &margins);
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn compare(file: &str, what: &str, expected: &Table, column: &str, found: &[f64], near: Near) {
    let n_outputs = found.len() / expected.n_rows;
    assert_eq!(found.len(), n_outputs * expected.n_rows, "{file}");
    let mut worst = 0.0_f64;
    for k in 0..n_outputs {
        let name = if n_outputs == 1 { column.to_owned() } else { format!("{column}_{k}") };
        let expected = expected.numbers(&name).unwrap_or_else(|| panic!("{file}: no `{name}`"));
        for (row, (e, f)) in expected.iter().zip(found.iter().skip(k).step_by(n_outputs)).enumerate() {
            let excess = near.excess(*f, *e);
            assert!(excess <= 1.0, "{file}: {what} {k} of row {row} is {f}, not {e} ({excess} times the bound)");
            worst = worst.max(excess);
        }
    }
    eprintln!("{file}: {what} of {} rows within {worst:.3} of the bound", expected.n_rows);
}

/// Three ways to the same margins: columns, encoded rows, and walking down by the rules.
fn encoded_rows_agree(model: &dyn Model, inputs: &equipoise_models::Inputs<'_>, margins: &[f64]) {
    let trees = model.trees().unwrap();
    let encoded = trees.encode(inputs).unwrap();
    assert_eq!(trees.margins_of_encoded(&encoded.values), margins);
    for row in encoded.values.chunks_exact(encoded.n_features).take(500) {
        let all = trees.margins_of_encoded(row);
        let mut sums = vec![0.0; trees.n_outputs()];
        for tree in trees.trees().iter().filter(|tree| tree.linear().is_empty()) {
            let leaf = tree.leaf_of(row).unwrap();
            match tree.output() {
                Some(k) => sums[k] += tree.values()[leaf],
                None => sums.iter_mut().zip(&tree.values()[leaf * all.len()..]).for_each(|(s, v)| *s += v),
            }
        }
        if trees.trees().iter().all(|tree| tree.linear().is_empty()) {
            for ((sum, base), margin) in sums.iter().zip(trees.base()).zip(&all) {
                let walked = base + trees.scale() * sum;
                assert!((walked - margin).abs() <= 1e-5 * margin.abs().max(1.0), "{walked} is not {margin}");
            }
        }
    }
}
