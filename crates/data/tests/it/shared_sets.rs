//! Real data: CSV and Parquet of one set agree, and agree with what its description says.

use equipoise_document::{ColumnType, DataSpec};
use serde_json::Value;

use crate::helpers::{assert_same, open, open_streaming, shared};

fn describe(set: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(set.join("schema.json")).unwrap()).unwrap()
}

#[test]
fn adult_is_what_its_description_says() {
    let Some(shared) = shared() else { return };
    let data = open(shared.join("adult/train.csv").to_str().unwrap()).unwrap();
    let test = open(shared.join("adult/test.csv").to_str().unwrap()).unwrap();
    assert_eq!((data.n_rows(), test.n_rows()), (32_561, 16_281));
    assert_eq!(data.schema().columns.len(), 15);
    let missing = |name: &str| data.schema().get(name).unwrap().n_missing + test.schema().get(name).unwrap().n_missing;
    assert_eq!((missing("workclass"), missing("occupation"), missing("native_country")), (2_799, 2_809, 857));
    let race = data.schema().get("race").unwrap();
    assert_eq!(&*race.levels, ["Amer-Indian-Eskimo", "Asian-Pac-Islander", "Black", "Other", "White"]);
    assert_eq!(&*data.schema().get("income").unwrap().levels, ["<=50K", ">50K"]);
    let age = data.schema().get("age").unwrap();
    assert_eq!((age.column_type, age.min, age.max), (ColumnType::Numeric, Some(17.0), Some(90.0)));
    assert_eq!(age.sample.len(), 32_561);
}

#[test]
fn every_set_reads_alike_from_csv_and_parquet() {
    let Some(shared) = shared() else { return };
    let mut n_pairs = 0;
    for set in std::fs::read_dir(shared).unwrap() {
        let set = set.unwrap().path();
        if !set.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&set).unwrap() {
            let csv = entry.unwrap().path();
            let parquet = csv.with_extension("parquet");
            if csv.extension().is_some_and(|e| e == "csv") && parquet.exists() {
                let a = open(csv.to_str().unwrap()).unwrap();
                let b = open(parquet.to_str().unwrap()).unwrap();
                assert_same(&a, &b);
                assert_same(&a, &open_streaming(csv.to_str().unwrap(), &DataSpec::default()).unwrap());
                n_pairs += 1;
            }
        }
    }
    assert!(n_pairs > 20);
}

#[test]
fn every_set_has_the_rows_levels_and_gaps_of_its_description() {
    let Some(shared) = shared() else { return };
    for set in std::fs::read_dir(shared).unwrap() {
        let set = set.unwrap().path();
        if !set.is_dir() || set.ends_with("mnist_10k") {
            continue;
        }
        let description = describe(&set);
        let mut n_missing = std::collections::BTreeMap::<String, u64>::new();
        let mut levels = std::collections::BTreeMap::<String, std::collections::BTreeSet<String>>::new();
        let parts = description["parts"].as_object().unwrap();
        for (part, shape) in parts {
            let data = open(set.join(format!("{part}.parquet")).to_str().unwrap()).unwrap();
            assert_eq!(data.n_rows() as u64, shape["rows"].as_u64().unwrap());
            assert_eq!(data.schema().columns.len() as u64, shape["columns"].as_u64().unwrap());
            for column in &data.schema().columns {
                *n_missing.entry(column.name.clone()).or_default() += column.n_missing;
                levels.entry(column.name.clone()).or_default().extend(column.levels.iter().cloned());
                if let Some(expected) = description["columns"].get(&column.name) {
                    let is_string = matches!(column.column_type, ColumnType::Categorical | ColumnType::Text);
                    let is_string = is_string || column.column_type == ColumnType::Datetime;
                    assert_eq!(expected["type"] == "string", is_string, "{set:?} {}", column.name);
                }
            }
        }
        let is_whole = !set.ends_with("nhefs") && !set.ends_with("ihdp");
        for (name, expected) in description["columns"].as_object().unwrap() {
            if is_whole {
                assert_eq!(Some(n_missing[name]), expected["missing"].as_u64(), "{set:?} {name}");
            }
            if let Some(categories) = expected["categories"].as_array().filter(|c| c.iter().all(Value::is_string)) {
                let categories: Vec<&str> = categories.iter().map(|c| c.as_str().unwrap()).collect();
                let found: Vec<&str> = levels[name].iter().map(String::as_str).collect();
                assert_eq!(found, categories, "{set:?} {name}");
            }
        }
    }
}
