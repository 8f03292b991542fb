//! The original libraries' values on real models.

use std::path::{Path, PathBuf};

use equipoise_data::OpenOptions;
use equipoise_document::{DataSpec, ModelSpec};

use super::*;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder with data and models, beside the repository.
fn shared() -> Option<PathBuf> {
    let repository = repository();
    let beside = ["../shared", "../../shared"].iter().map(|to| repository.join(to));
    #[allow(clippy::disallowed_methods, reason = "tests may look elsewhere for large data")]
    let named = std::env::var("EQUIPOISE_SHARED").ok().map(PathBuf::from);
    let found = named.into_iter().chain(beside).find(|path| path.join("models").is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no folder `shared` beside the repository");
    }
    found
}

fn open(path: &Path) -> Dataset {
    Dataset::open(&path.display().to_string(), &DataSpec::default(), OpenOptions::default()).unwrap()
}

fn model(path: &Path) -> Box<dyn Model> {
    equipoise_models::open(&path.display().to_string(), &std::fs::read(path).unwrap(), &ModelSpec::default()).unwrap()
}

/// The first rows of a dataset, numbers and names.
fn head(data: &Dataset, n: usize) -> Dataset {
    let all: Vec<usize> = (0..data.schema().columns.len()).collect();
    let rows: Vec<u32> = (0..u32::try_from(n).unwrap()).collect();
    let table = super::super::table::Table::read(data, &all, &rows).unwrap();
    let columns = data.schema().columns.iter().zip(&table.columns).map(|(info, column)| {
        let column = match column {
            Column::Number(values) => MemoryColumn::Numbers(values.to_vec()),
            Column::Codes { codes, levels } => {
                MemoryColumn::Names(codes.iter().map(|c| levels.get(*c as usize).cloned()).collect())
            }
        };
        (info.name.clone(), column)
    });
    Dataset::from_columns(columns.collect()).unwrap()
}

fn file(path: &Path) -> BTreeMap<String, Vec<f64>> {
    columns(&std::fs::read(path).unwrap())
}

/// Truths that do not matter: the classes of a fixture with the model's own predictions.
fn case<'a>(data: &'a Dataset, model: &'a dyn Model, classes: &[&str]) -> Case<'a> {
    let features: Vec<String> = model.info().inputs.iter().map(|i| i.name.clone()).collect();
    let columns = data.schema();
    let features: Vec<String> = if features.iter().all(|f| columns.get(f).is_some()) {
        features
    } else {
        columns.names().filter(|n| *n != "target" && *n != "digit").map(str::to_owned).collect()
    };
    let n = data.n_rows();
    let truth = if classes.is_empty() {
        Targets::Value(answers(model, data, &features).iter().enumerate().map(|(i, x)| x + (i % 3) as f64).collect())
    } else {
        Targets::Class((0..n).map(|i| u16::try_from(i % classes.len()).unwrap()).collect())
    };
    let classes = classes.iter().map(|c| (*c).to_owned()).collect();
    Case { dataset: data, train: None, model, truth, classes, features, cohorts: Vec::new(), weight: None }
}

/// LightGBM's own attributions of the first 200 test rows.
#[test]
fn trees_as_their_libraries() {
    let Some(shared) = shared() else { return };
    let fixtures: [(&str, &str, &str, &[&str], f64); 6] = [
        ("adult", "adult-lgbm", "txt", &["<=50K", ">50K"], 1e-5),
        ("adult", "adult-xgb", "json", &["<=50K", ">50K"], 1e-4),
        ("adult", "adult-catboost", "json", &["<=50K", ">50K"], 1e-5),
        ("compas", "compas-lgbm_dart", "txt", &["0", "1"], 1e-5),
        ("bike_sharing", "bike_sharing-lgbm_poisson", "txt", &[], 1e-5),
        ("california_housing", "california_housing-lgbm", "txt", &[], 1e-5),
    ];
    for (set, fixture, ending, classes, tolerance) in fixtures {
        let data = head(&open(&shared.join("data").join(set).join("test.parquet")), 200);
        let model = model(&shared.join("models").join(format!("{fixture}.{ending}")));
        let expected = file(&shared.join("models").join(format!("{fixture}.shap.parquet")));
        let params = json!({ "curves": 0, "repeats": 1, "metric": if classes.is_empty() { "r2" } else { "accuracy" } });
        let ran = case(&data, model.as_ref(), classes).run(&params).unwrap();
        let scale =
            expected.iter().filter(|(n, _)| *n != "row").flat_map(|(_, v)| v).fold(0.0_f64, |m, x| m.max(x.abs()));
        let mut n_compared = 0;
        for (name, found) in ran.attributions.iter().filter(|(n, _)| *n != "row") {
            let expected = expected.get(if name == "_base" { "base" } else { name });
            let Some(expected) = expected else { panic!("{fixture}: no column {name}") };
            for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert!((found - expected).abs() <= tolerance * scale, "{fixture}.{name}[{row}]: {found} {expected}");
                n_compared += 1;
            }
        }
        assert!(n_compared > 200, "{fixture}");
        assert!(value(&ran.section, "explain.additivity_error") <= tolerance * scale, "{fixture}");
    }
}

/// Probabilities of trees, against all coalitions of the model that is asked; and features in groups, against random orders.
#[test]
fn trees_of_answers_and_in_groups() {
    let Some(shared) = shared() else { return };
    let data = head(&open(&shared.join("data/compas/test.parquet")), 30);
    let train = head(&open(&shared.join("data/compas/train.parquet")), 40);
    let trees = model(&shared.join("models/compas-lgbm_dart.txt"));
    let mut case_of = case(&data, trees.as_ref(), &["0", "1"]);
    case_of.train = Some(&train);
    let run = |method: &str| {
        let params = json!({
            "method": method, "output": "prediction", "background": 20, "max_rows": 6, "curves": 0, "repeats": 1,
            "metric": "accuracy", "interactions": 0, "max_calls": 100_000_000,
        });
        case_of.run(&params).unwrap()
    };
    let (found, expected) = (run("tree_interventional"), run("exact"));
    for (name, expected) in &expected.attributions {
        for (found, expected) in found.attributions[name].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{name}: {found} {expected}");
        }
    }
    let data = head(&open(&shared.join("data/california_housing/test.parquet")), 12);
    let train = head(&open(&shared.join("data/california_housing/train.parquet")), 30);
    let trees = model(&shared.join("models/california_housing-lgbm.txt"));
    let mut case_of = case(&data, trees.as_ref(), &[]);
    case_of.train = Some(&train);
    let names: Vec<&str> = case_of.features.iter().map(String::as_str).collect();
    let groups = json!([names[..2], names[4..7]]);
    let run = |method: &str| {
        let params = json!({
            "method": method, "background": 20, "max_rows": 5, "curves": 0, "repeats": 1, "metric": "r2",
            "interactions": 0, "groups": groups, "precision": 0.01,
        });
        case_of.run(&params).unwrap()
    };
    let (found, sampled) = (run("tree_interventional"), run("permutation"));
    let all = names.iter().flat_map(|name| &found.attributions[*name]);
    let scale = all.fold(0.0_f64, |most, x| most.max(x.abs()));
    for name in &names {
        let errors = &sampled.attributions[&format!("{name}|se")];
        for ((found, other), se) in found.attributions[*name].iter().zip(&sampled.attributions[*name]).zip(errors) {
            assert!((found - other).abs() <= 5.0 * se + 1e-6 * scale, "{name}: {found} {other} {se}");
        }
    }
    assert!(found.section.notes.iter().any(|n| n.code == "method" && n.text.contains("Owen values")));
    let params = json!({ "method": "tree_interventional", "output": "prediction", "groups": groups });
    assert!(case_of.run(&params).err().unwrap().to_string().contains("on the margin only"));
    let params = json!({ "method": "tree_path_dependent", "output": "prediction" });
    assert!(case_of.run(&params).err().unwrap().to_string().contains("against background rows"));
}

/// All coalitions against the first 50 training rows, of the first 20 test rows.
#[test]
fn any_model_as_by_all_coalitions() {
    let Some(shared) = shared() else { return };
    let fixtures: [(&str, &str, &[&str], f64); 2] = [
        ("california_housing", "california_housing-sk_mlp", &[], 1e-5),
        ("compas", "compas-sk_logreg", &["0", "1"], 1e-5),
    ];
    for (set, fixture, classes, tolerance) in fixtures {
        let data = head(&open(&shared.join("data").join(set).join("test.parquet")), 20);
        let train = head(&open(&shared.join("data").join(set).join("train.parquet")), 50);
        let model = model(&shared.join("models").join(format!("{fixture}.onnx")));
        let expected = file(&shared.join("models").join(format!("{fixture}.exact_shapley.parquet")));
        for method in ["exact", "kernel"] {
            let mut case = case(&data, model.as_ref(), classes);
            case.train = Some(&train);
            let params = json!({
                "method": method, "output": "prediction", "background": 50, "curves": 0, "repeats": 1, "precision": 0.01,
                "metric": if classes.is_empty() { "r2" } else { "accuracy" },
            });
            let ran = case.run(&params).unwrap();
            let scale = expected
                .iter()
                .filter(|(n, _)| *n != "row" && *n != "base")
                .flat_map(|(_, v)| v)
                .fold(0.0_f64, |m, x| m.max(x.abs()));
            let tolerance = if method == "exact" { tolerance } else { 0.05 };
            for (name, found) in
                ran.attributions.iter().filter(|(n, _)| *n != "row" && !n.ends_with("|se") && *n != "_base")
            {
                let expected = expected
                    .get(name)
                    .unwrap_or_else(|| panic!("{fixture}: no column {name} among {:?}", expected.keys()));
                for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
                    assert!(
                        (found - expected).abs() <= tolerance * scale,
                        "{fixture}.{name}[{row}]: {found} {expected}"
                    );
                }
            }
        }
    }
}

/// A logistic regression behind imputation, scaling and one-hot encoding is additive in its columns: the exact values are
/// those of all coalitions of the log-odds.
#[test]
fn pipelines_that_end_in_a_linear_model_are_exact() {
    let Some(shared) = shared() else { return };
    let data = head(&open(&shared.join("data/compas/test.parquet")), 30);
    let model = model(&shared.join("models/compas-sk_logreg.onnx"));
    let mut case = case(&data, model.as_ref(), &["0", "1"]);
    let train = head(&open(&shared.join("data/compas/train.parquet")), 40);
    case.train = Some(&train);
    let ran = case.run(&json!({ "background": 40, "curves": 0, "repeats": 1, "metric": "accuracy" })).unwrap();
    assert!(value(&ran.section, "explain.additivity_error") < 1e-9);
    let p = answers(model.as_ref(), &data, &case.features);
    let features = case.features.iter();
    let sums = features.fold(ran.attributions["_base"].clone(), |sum, f| {
        sum.iter().zip(&ran.attributions[f]).map(|(a, b)| a + b).collect()
    });
    for (sum, p) in sums.iter().zip(&p) {
        assert!((1.0 / (1.0 + (-sum).exp()) - p).abs() < 1e-6, "{sum} {p}");
    }
}

/// The bundled sample: a real model with categories and missing values, without any shared data.
#[test]
fn the_sample_explains_itself() {
    let data = open(&repository().join("sample/nhefs/test.csv"));
    let model = model(&repository().join("sample/nhefs/model.txt"));
    let features: Vec<String> = model.info().inputs.iter().map(|i| i.name.clone()).collect();
    let n = data.n_rows();
    let case = Case {
        dataset: &data,
        train: None,
        model: model.as_ref(),
        truth: Targets::Class((0..n).map(|i| u16::from(i % 3 == 0)).collect()),
        classes: vec!["0".to_owned(), "1".to_owned()],
        features,
        cohorts: vec![("half".to_owned(), (0..n).map(|i| i % 2 == 0).collect())],
        weight: None,
    };
    let ran = case.run(&json!({ "curves": 2 })).unwrap();
    assert!(value(&ran.section, "explain.additivity_error") < 1e-6);
    assert_eq!(ran.attributions["row"].len(), n);
    assert!(codes(&ran.section).contains(&"top_drivers"));
    let text = serde_json::to_string(&ran.section).unwrap();
    assert!(!text.contains("NaN") && text.len() < 400_000, "{}", text.len());
}

/// Shuffling only the trees that split on a feature says what asking the whole model says.
#[test]
fn shuffled_trees_say_what_the_model_says() {
    let data = open(&repository().join("sample/nhefs/test.csv"));
    let model = model(&repository().join("sample/nhefs/model.txt"));
    let features: Vec<String> = model.info().inputs.iter().map(|i| i.name.clone()).collect();
    let n = data.n_rows();
    let case = Case {
        dataset: &data,
        train: None,
        model: model.as_ref(),
        truth: Targets::Class((0..n).map(|i| u16::from(i % 3 == 0)).collect()),
        classes: vec!["0".to_owned(), "1".to_owned()],
        features,
        cohorts: Vec::new(),
        weight: None,
    };
    let params = |method: &str| {
        json!({ "method": method, "max_rows": 1, "max_calls": 400, "background": 2, "curves": 0, "interactions": 0, "rows": [0],
                "repeats": 2 })
    };
    let (trees, asked) = (case.run(&params("tree_path_dependent")).unwrap(), case.run(&params("kernel")).unwrap());
    let mut n_compared = 0;
    for estimate in trees.section.estimates.iter().filter(|e| e.id.metric() == "permutation_importance") {
        let other = asked.section.estimate(&estimate.id).unwrap().value.unwrap();
        assert!((estimate.value.unwrap() - other).abs() < 1e-9, "{}: {:?} {other}", estimate.id, estimate.value);
        n_compared += 1;
    }
    assert!(n_compared > 10);
}

/// Curves from trees are those from asking the whole model, for numbers and for names.
#[test]
fn curves_of_trees_say_what_the_model_says() {
    let data = open(&repository().join("sample/nhefs/test.csv"));
    let model = model(&repository().join("sample/nhefs/model.txt"));
    let mut case = case(&data, model.as_ref(), &["0", "1"]);
    case.features = model.info().inputs.iter().map(|i| i.name.clone()).collect();
    let params = |method: &str| {
        json!({ "method": method, "max_rows": 1, "max_calls": 400, "background": 2, "curves": 50, "interactions": 0, "rows": [0],
                "repeats": 1, "lines": 3 })
    };
    let (trees, asked) = (case.run(&params("tree_path_dependent")).unwrap(), case.run(&params("kernel")).unwrap());
    let curves = |section: &Section, table: &str| -> BTreeMap<(String, String), f64> {
        let of = |column: &str| match &section.table(table).unwrap().get(column).unwrap().cells {
            equipoise_document::Cells::Text(names) => names.iter().map(|n| n.clone().unwrap_or_default()).collect(),
            equipoise_document::Cells::Number(x) => x.iter().map(|x| format!("{x:?}")).collect::<Vec<String>>(),
            other => panic!("{other:?}"),
        };
        let x = if table == "partial_dependence" { of("x") } else { of("value") };
        let keys = of("feature").into_iter().zip(x);
        keys.zip(cells(section, table, "prediction").into_iter().flatten()).collect()
    };
    for table in ["partial_dependence", "partial_dependence_names"] {
        let (found, expected) = (curves(&trees.section, table), curves(&asked.section, table));
        assert!(!found.is_empty() && found.len() == expected.len(), "{table}");
        for (at, value) in &found {
            assert!((value - expected[at]).abs() < 1e-9, "{table} {at:?}: {value} {}", expected[at]);
        }
    }
}

/// Attributions of an explainable boosting machine add up to its log-odds; those of its chances are those of all coalitions.
#[test]
fn boosting_machines_are_exact() {
    let data = open(&repository().join("cases/ebm/rows.csv"));
    let model = model(&repository().join("cases/ebm/binary.json"));
    let mut case = case(&data, model.as_ref(), &["no", "yes"]);
    case.features = model.info().inputs.iter().map(|i| i.name.clone()).collect();
    let params = |method: &str, output: &str| {
        json!({ "method": method, "output": output, "background": 60, "curves": 1, "interactions": 2, "repeats": 1,
                "metric": "accuracy", "max_rows": 60 })
    };
    let ran = case.run(&params("auto", "auto")).unwrap();
    assert!(value(&ran.section, "explain.additivity_error") < 1e-6);
    let p = answers(model.as_ref(), &data, &case.features);
    for (row, p) in p.iter().enumerate() {
        let sum = case.features.iter().fold(ran.attributions["_base"][row], |sum, f| sum + ran.attributions[f][row]);
        assert!((1.0 / (1.0 + (-sum).exp()) - p).abs() < 1e-6, "{row}: {sum} {p}");
    }
    assert!(ran.section.notes.iter().any(|n| n.text.contains("against 60 background rows")));
    let trees = case.run(&params("auto", "prediction")).unwrap();
    let all = case.run(&params("exact", "prediction")).unwrap();
    for feature in &case.features {
        for (row, (a, b)) in trees.attributions[feature].iter().zip(&all.attributions[feature]).enumerate() {
            assert!((a - b).abs() < 1e-6, "{feature} {row}: {a} {b}");
        }
    }
}
