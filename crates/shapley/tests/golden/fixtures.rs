//! Every golden file of attributions in `../shared/models`, for every row that it has.

use std::path::{Path, PathBuf};

use equipoise_models::{Model, trees::TreeEnsemble};
use equipoise_shapley::{Attributions, Background, Interaction, Method, Options, Players, Precision, TreeExplainer};

use crate::support::{Column, Table, opened, shared};

/// LightGBM, CatBoost and shap compute in double precision.
const DOUBLE: f64 = 1e-11;
/// What the fast precision promises, of the largest attribution.
const FAST: f64 = 1e-6;
/// XGBoost computes in single precision.
const SINGLE: f64 = 2e-5;

fn fixture(file: &str, data: Option<&str>) -> Option<(PathBuf, Box<dyn Model>, Table)> {
    let Some(shared) = shared() else {
        eprintln!("skipped: {file}, for there is no ../shared (EQUIPOISE_SHARED names another place)");
        return None;
    };
    let models = shared.join("models");
    let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
    let table = match data {
        Some(set) => Table::read(&shared.join("data").join(set).join("test.parquet")),
        None => Table::read(&models.join(format!("{name}.inputs.parquet"))),
    };
    let model = opened(file, &std::fs::read(models.join(file)).unwrap()).unwrap();
    Some((shared, model, table))
}

/// The first `n` encoded rows.
fn encoded(trees: &TreeEnsemble, model: &dyn Model, table: &Table, n: usize) -> Vec<f64> {
    let encoded = trees.encode(&table.inputs(model)).unwrap();
    encoded.values[..encoded.values.len().min(n * encoded.n_features)].to_vec()
}

/// Compares attributions and base with a golden file, relative to the largest attribution of the file. LightGBM gives a
/// random forest's values as sums; `times` undoes the average.
fn compare(file: &str, golden: &Path, names: &[String], found: &Attributions, times: f64, tolerance: f64) {
    let expected = Table::read(golden);
    let column = |name: &str| expected.numbers(name).unwrap_or_else(|| panic!("{file}: no `{name}`"));
    let (rows, classes) = (column("row"), expected.numbers("class"));
    let scale = names.iter().flat_map(|name| column(name)).fold(0.0_f64, |a, b| a.max(b.abs()));
    let mut worst = 0.0_f64;
    let mut check = |what: &str, f: f64, e: f64| {
        let gap = (f * times - e).abs() / scale;
        assert!(gap <= tolerance, "{file}: {what} is {}, not {e} ({gap:e} of the largest)", f * times);
        worst = worst.max(gap);
    };
    for (at, row) in rows.iter().enumerate() {
        let output = classes.map_or(0, |classes| classes[at] as usize);
        check("base", found.base[output], column("base")[at]);
        for (feature, name) in names.iter().enumerate() {
            let f = found.get(*row as usize, feature, output).unwrap();
            check(&format!("`{name}` of row {row}"), f, column(name)[at]);
        }
    }
    eprintln!("{file}: {} attributions within {worst:.1e} of the largest", rows.len() * names.len());
}

fn path_dependent(file: &str, data: Option<&str>, library: f64) {
    let Some((shared, model, table)) = fixture(file, data) else { return };
    let trees = model.trees().unwrap();
    let rows = encoded(trees, model.as_ref(), &table, 200);
    let name = file.rsplit_once('.').unwrap().0;
    let golden = shared.join("models").join(format!("{name}.shap.parquet"));
    for (precision, own) in [(Precision::Exact, DOUBLE), (Precision::Fast, FAST)] {
        let explainer = TreeExplainer::new(trees, &Options { precision, ..Options::default() }).unwrap();
        let found = explainer.explain(&rows).unwrap();
        let times = if file.contains("lgbm_rf") { 1.0 / trees.scale() } else { 1.0 };
        compare(file, &golden, explainer.names(), &found, times, library.max(own));
        adds_up(file, &explainer, &found, &rows, own);
    }
}

/// Attributions and base sum to the margin.
fn adds_up(file: &str, explainer: &TreeExplainer, found: &Attributions, rows: &[f64], tolerance: f64) {
    let margins = explainer.margins(rows).unwrap();
    let scale = found.values.iter().chain(&found.base).fold(0.0_f64, |a, b| a.max(b.abs()));
    for (row, margins) in found.rows().zip(margins.chunks_exact(found.n_outputs)) {
        for (k, margin) in margins.iter().enumerate() {
            let sum = found.base[k] + row.iter().skip(k).step_by(found.n_outputs).sum::<f64>();
            assert!((sum - margin).abs() <= 4.0 * tolerance * scale, "{file}: {sum} is not {margin}");
        }
    }
}

#[test]
fn lightgbm() {
    for (name, data) in [
        ("adult-lgbm", "adult"),
        ("adult-lgbm_rf", "adult"),
        ("bank_marketing-lgbm", "bank_marketing"),
        ("bike_sharing-lgbm_poisson", "bike_sharing"),
        ("california_housing-lgbm", "california_housing"),
        ("california_housing-lgbm_q90", "california_housing"),
        ("compas-lgbm", "compas"),
        ("compas-lgbm_dart", "compas"),
        ("digits-lgbm", "digits"),
    ] {
        path_dependent(&format!("{name}.txt"), Some(data), DOUBLE);
    }
}

#[test]
fn xgboost() {
    for (name, data) in [
        ("adult-xgb", Some("adult")),
        ("bank_marketing-xgb", Some("bank_marketing")),
        ("bike_sharing-xgb_poisson", None),
        ("california_housing-xgb", None),
        ("compas-xgb", None),
        ("compas-xgb_dart", None),
        ("digits-xgb", None),
    ] {
        path_dependent(&format!("{name}.json"), data, SINGLE);
    }
}

#[test]
fn catboost() {
    for (name, data) in [
        ("adult-catboost", "adult"),
        ("bank_marketing-catboost", "bank_marketing"),
        ("california_housing-catboost", "california_housing"),
    ] {
        path_dependent(&format!("{name}.json"), Some(data), DOUBLE);
    }
}

#[test]
fn interventional() {
    for name in ["compas-xgb", "california_housing-xgb"] {
        let file = format!("{name}.json");
        let Some((shared, model, table)) = fixture(&file, None) else { return };
        let trees = model.trees().unwrap();
        let rows = encoded(trees, model.as_ref(), &table, 200);
        // The background is the first 100 rows of the train part, encoded as the inputs are.
        let (set, _) = name.split_once('-').unwrap();
        let train = Table::read(&shared.join("data").join(set).join("train.parquet"));
        let indicators = with_indicators(&train, model.as_ref());
        let background = encoded(trees, model.as_ref(), &indicators, 100);
        let golden = shared.join("models").join(format!("{name}.shap_interventional.parquet"));
        for (precision, own) in [(Precision::Exact, SINGLE), (Precision::Fast, SINGLE)] {
            let method = Method::Interventional(Background { rows: &background, weights: None });
            let explainer = TreeExplainer::new(trees, &Options { method, precision, ..Options::default() }).unwrap();
            let found = explainer.explain(&rows).unwrap();
            compare(&format!("{file}, interventional"), &golden, explainer.names(), &found, 1.0, own);
            adds_up(&file, &explainer, &found, &rows, if precision == Precision::Exact { DOUBLE } else { FAST });
        }
    }
}

/// A column for each input called `column=value`.
fn with_indicators(table: &Table, model: &dyn Model) -> Table {
    let columns = model.info().inputs.iter().map(|input| {
        let values = match input.name.split_once('=') {
            None => table.numbers(&input.name).unwrap().to_vec(),
            Some((column, value)) => {
                let Some(Column::Codes { codes, levels }) = table.get(column) else { panic!("no `{column}`") };
                // XGBoost refuses `<` in names.
                let is = |code: &u32| levels.get(*code as usize).is_some_and(|l| l.replace('<', "lt ") == value);
                codes.iter().map(|code| f64::from(u8::from(is(code)))).collect()
            }
        };
        (input.name.clone(), Column::Number(values))
    });
    Table { n_rows: table.n_rows, columns: columns.collect() }
}

#[test]
fn interactions() {
    for name in ["compas-xgb", "california_housing-xgb"] {
        let file = format!("{name}.json");
        let Some((shared, model, table)) = fixture(&file, None) else { return };
        let trees = model.trees().unwrap();
        let rows = encoded(trees, model.as_ref(), &table, 20);
        let golden = Table::read(&shared.join("models").join(format!("{name}.interactions.parquet")));
        let explainer =
            TreeExplainer::new(trees, &Options { precision: Precision::Exact, ..Options::default() }).unwrap();
        let found = explainer.interactions(&rows, Interaction::Shapley).unwrap();
        let attributions = explainer.explain(&rows).unwrap();
        let (row, value) = (golden.numbers("row").unwrap(), golden.numbers("value").unwrap());
        let name_at = |column: &str, at: usize| {
            let Some(Column::Codes { codes, levels }) = golden.get(column) else { panic!("no `{column}`") };
            levels[codes[at] as usize].clone()
        };
        let place = |name: &str| explainer.names().iter().position(|n| n == name);
        let scale = value.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let mut n_compared = 0;
        for at in 0..golden.n_rows {
            // XGBoost gives the base a row and a column of its own.
            let (Some(i), Some(j)) = (place(&name_at("i", at)), place(&name_at("j", at))) else { continue };
            let f = found.get(row[at] as usize, i, j, 0).unwrap();
            assert!((f - value[at]).abs() <= SINGLE * scale, "{file}: {i}, {j} is {f}, not {}", value[at]);
            n_compared += 1;
        }
        assert_eq!(n_compared, 20 * explainer.n_features().pow(2), "{file}");
        for row in 0..20 {
            for i in 0..found.n_features {
                let sum: f64 = (0..found.n_features).map(|j| found.get(row, i, j, 0).unwrap()).sum();
                assert!((sum - attributions.get(row, i, 0).unwrap()).abs() <= DOUBLE * scale, "{file}: row {row}");
            }
        }
    }
}

#[test]
fn linear_leaves_are_refused() {
    let Some((_, model, _)) = fixture("california_housing-lgbm_linear.txt", Some("california_housing")) else { return };
    let error = TreeExplainer::new(model.trees().unwrap(), &Options::default()).unwrap_err().to_string();
    assert!(error.starts_with("tree ") && error.contains("linear models in its leaves"), "{error}");
}

#[test]
fn indicators_of_a_column_are_one_player() {
    let file = "compas-xgb.json";
    let Some((_, model, table)) = fixture(file, None) else { return };
    let trees = model.trees().unwrap();
    let rows = encoded(trees, model.as_ref(), &table, 100);
    let mut names: Vec<String> = Vec::new();
    let of: Vec<usize> = trees
        .features()
        .iter()
        .map(|feature| {
            let column = feature.name.split('=').next().unwrap();
            names.iter().position(|n| n == column).unwrap_or_else(|| {
                names.push(column.to_owned());
                names.len() - 1
            })
        })
        .collect();
    let players = Players::Groups { of: &of, names: &names };
    let options = Options { players, precision: Precision::Exact, ..Options::default() };
    let explainer = TreeExplainer::new(trees, &options).unwrap();
    assert_eq!(explainer.names().last().map(String::as_str), Some("c_charge_degree"));
    let found = explainer.explain(&rows).unwrap();
    adds_up(file, &explainer, &found, &rows, DOUBLE);
}
