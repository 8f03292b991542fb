//! Effects of single rows as tables beside the document.

use std::collections::BTreeMap;

use super::*;
use crate::host::keeping::Keeping;

/// Columns of a table that was kept, numbers as they are and names as their text.
fn kept(host: &Keeping, name: &str) -> BTreeMap<String, Vec<String>> {
    let bytes = host.file(name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("kept.parquet");
    std::fs::write(&place, bytes).unwrap();
    let dataset = Dataset::open(&place.to_string_lossy(), &DataSpec::default(), OpenOptions::default()).unwrap();
    let names: Vec<String> = dataset.schema().columns.iter().map(|c| c.name.clone()).collect();
    let places: Vec<usize> = (0..names.len()).collect();
    let mut all: BTreeMap<String, Vec<String>> = names.iter().map(|n| (n.clone(), Vec::new())).collect();
    dataset
        .for_each(&places, &mut |chunk| {
            for (name, column) in names.iter().zip(&chunk.columns) {
                let to = all.get_mut(name).unwrap();
                match column {
                    equipoise_data::Column::Number(x) => to.extend(x.iter().map(f64::to_string)),
                    equipoise_data::Column::Codes { codes, levels } => {
                        to.extend(codes.iter().map(|c| levels[*c as usize].clone()));
                    }
                }
            }
            Ok(())
        })
        .unwrap();
    all
}

fn numbers(table: &BTreeMap<String, Vec<String>>, name: &str) -> Vec<f64> {
    table[name].iter().map(|x| x.parse().unwrap()).collect()
}

#[test]
fn every_row_has_its_effect_and_what_is_best_for_it() {
    let host = Keeping::default();
    let params = json!({ "treatment_features": ["d"], "heterogeneity_features": ["x1", "x3"], "treatment_cost": 0.5,
                         "n_rep": 1, "individual_rows": 3 });
    let section = simulated(Kind::Binary, 800, 2, params).answer_beside(&host).unwrap();
    let effects = kept(&host, "individual_effects");
    assert_eq!(numbers(&effects, "row"), (0..800).map(f64::from).collect::<Vec<f64>>());
    assert!(effects["contrast"].iter().all(|c| c == "1 against 0") && effects["treatment"].iter().all(|t| t == "d"));
    let (effect, error) = (numbers(&effects, "effect"), numbers(&effects, "standard_error"));
    for ((low, high), (effect, error)) in
        numbers(&effects, "low").iter().zip(numbers(&effects, "high")).zip(effect.iter().zip(&error))
    {
        assert!(
            (high - effect - 1.959_963_984_540_054 * error).abs() < 1e-9 && (low + high - 2.0 * effect).abs() < 1e-9
        );
    }
    // The document's table is the head of the same numbers.
    let largest = effect.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let table = section.table("rows_0").unwrap();
    let equipoise_document::Cells::Number(shown) = &table.get("effect").unwrap().cells else { panic!("numbers") };
    assert_eq!(shown[0], Some(largest));
    // Treating costs half a unit: it is chosen exactly where the effect is larger, and gains the rest.
    let policy = kept(&host, "individual_policy");
    for ((action, gain), effect) in policy["action"].iter().zip(numbers(&policy, "gain_less_cost")).zip(&effect) {
        let (expected, worth) = if *effect > 0.5 { ("d = 1", effect - 0.5) } else { ("d = 0", 0.0) };
        assert!(action == expected && (gain - worth).abs() < 1e-9, "{action} {gain} {effect}");
    }
    assert!(policy["action"].iter().any(|a| a == "d = 0"));
}

#[test]
fn two_treatments_share_the_tables() {
    let host = Keeping::default();
    let params = json!({ "treatment_features": ["d", "x0"], "heterogeneity_features": ["x1"], "n_rep": 1 });
    simulated(Kind::Binary, 400, 2, params).answer_beside(&host).unwrap();
    let effects = kept(&host, "individual_effects");
    let of = |name: &str| effects["treatment"].iter().filter(|t| *t == name).count();
    assert_eq!((of("d"), of("x0")), (400, 400));
    let policy = kept(&host, "individual_policy");
    let ways: std::collections::BTreeSet<&String> = policy["action"].iter().collect();
    assert!(
        ways.iter().all(|w| ["d = 0", "d = 1", "leave x0", "raise x0", "lower x0"].contains(&w.as_str())),
        "{ways:?}"
    );
}
