//! Laws over the registry: a new analysis is covered on the day it is registered.

use std::collections::BTreeMap;

use equipoise_service::document::{Document, Estimate, GroupingSpec, ModelSpec, RunSpec};
use equipoise_service::{REGISTRY, World, assess};
use tempfile::TempDir;

/// Estimates that a law does not bind, with the reason.
struct Exempt {
    law: Law,
    holds: fn(&str) -> bool,
    reason: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Law {
    RowOrder,
    WeightTwoIsTwice,
}

const EXEMPT: [Exempt; 12] = [
    Exempt {
        law: Law::RowOrder,
        holds: |id| {
            ["permutation_importance", "h_statistic", "interaction", "agreement"]
                .iter()
                .any(|m| id.starts_with(&format!("explain.{m}")))
        },
        reason: "rows are shuffled and sampled by their place",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| {
            ["permutation_importance", "h_statistic", "interaction", "agreement"]
                .iter()
                .any(|m| id.starts_with(&format!("explain.{m}")))
        },
        reason: "copies of rows are rows of their own when rows are shuffled or sampled",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| id.contains("chi_squared"),
        reason: "a test statistic grows with the number of rows, and a heavy row is one row",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| {
            let to_reference =
                ["statistical_parity_difference[", "disparate_impact[", "odds_difference[", "value_difference["];
            to_reference.iter().any(|name| id.contains(name))
        },
        reason: "the reference is the group with most rows, and copies are rows",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| id.contains("consistency"),
        reason: "a row's own copy is its nearest neighbour, a heavier row is not",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| id.contains("wasserstein"),
        reason: "the distance of score samples takes rows as they are",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| id.starts_with("errors.") && id != "errors.error_rate" && !id.contains(".cell["),
        reason: "copies of a row may fall into different halves, and least sizes and corrections for bias count rows",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| id.starts_with("causal."),
        reason: "rows are dealt into folds, and two copies of a row are two rows there",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| ["explorer.duplicate_share", "explorer.contradicting_share"].contains(&id),
        reason: "a row written twice is a copy, a heavy row is not",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| {
            ["explorer.information", "explorer.cramers_v", "explorer.correlation_ratio"]
                .iter()
                .any(|m| id.starts_with(m))
        },
        reason: "freed of bias by the effective number of rows, which copies raise and weights do not",
    },
    Exempt {
        law: Law::RowOrder,
        holds: |id| id == "counterfactuals.robustness",
        reason: "a row's draws hang on its number in the data",
    },
    Exempt {
        law: Law::WeightTwoIsTwice,
        holds: |id| id.starts_with("counterfactuals.") || id.starts_with("what_if."),
        reason: "every row that is looked at counts once, and a note says so",
    },
];

/// One person: age, sex, city, truth, probability, weight.
#[derive(Clone)]
struct Person {
    age: u32,
    sex: &'static str,
    city: &'static str,
    truth: u32,
    chance: f64,
    weight: u32,
}

fn people(n: u32) -> Vec<Person> {
    let mut state = 17_u64;
    let mut next = move |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % u64::from(below)).unwrap()
    };
    (0..n)
        .map(|_| {
            let sex = ["female", "male"][next(2) as usize];
            let chance = f64::from(next(1000)) / 1000.0;
            let lift = if sex == "male" { 0.1 } else { 0.0 };
            let truth = u32::from(f64::from(next(1000)) / 1000.0 < (chance + lift).min(1.0));
            let city = ["north", "south", "west"][next(3) as usize];
            Person { age: 18 + next(60), sex, city, truth, chance, weight: 1 + next(2) }
        })
        .collect()
}

/// Writes people as CSV and assesses them by everything that is registered.
fn document(people: &[Person], weighted: bool) -> Document {
    let mut csv = "age,sex,city,truth,chance,weight\n".to_owned();
    for Person { age, sex, city, truth, chance, weight } in people {
        csv += &format!("{age},{sex},{city},{truth},{chance},{weight}\n");
    }
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("people.csv"), csv).unwrap();
    let mut spec = RunSpec {
        target: Some("truth".into()),
        positive: Some("1".into()),
        probability: vec!["chance".into()],
        sensitive: ["sex", "city"].map(|c| GroupingSpec::Column(c.into())).into(),
        weight: weighted.then(|| "weight".into()),
        drop: if weighted { Vec::new() } else { vec!["weight".into()] },
        ..RunSpec::default()
    };
    spec.data.test = "people.csv".into();
    // What is left out unless it is asked for.
    spec.analyses.insert("causal".into(), serde_json::json!({ "treatment_features": ["city", "age"] }));
    // Which columns tell most of the errors hangs on the number of rows; the cells of named ones do not.
    spec.analyses.insert("errors".into(), serde_json::json!({ "heat_map": ["age", "sex"] }));
    let mut world = World::real();
    world.root = dir.path().to_path_buf();
    let mut document = assess(&spec, &world).unwrap().document;
    // What asks a model is run with one, over the same rows.
    std::fs::write(dir.path().join("model.txt"), MODEL).unwrap();
    spec.probability.clear();
    spec.features = Some(["age", "sex", "city"].map(str::to_owned).into());
    spec.model = Some(ModelSpec { source: "model.txt".into(), ..ModelSpec::default() });
    spec.only = Some(WITH_MODEL.map(str::to_owned).into());
    spec.analyses.insert("counterfactuals".into(), serde_json::json!({ "which": "all", "max_rows": 1000 }));
    spec.analyses.insert("what_if".into(), serde_json::json!({ "shift": { "age": 5 } }));
    document.sections.extend(assess(&spec, &world).unwrap().document.sections);
    let place = |id: &str| REGISTRY.iter().position(|a| a.id() == id);
    document.sections.sort_by_key(|s| place(&s.id));
    document
}

/// Analyses that say nothing without a model.
const WITH_MODEL: [&str; 3] = ["explain", "counterfactuals", "what_if"];

/// Two trees over age, sex and city, as LightGBM writes them.
const MODEL: &str = "tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=2
objective=binary sigmoid:1
feature_names=age sex city
feature_infos=[18:77] 0:1 0:1:2
tree_sizes=0 0

Tree=0
num_leaves=3
num_cat=1
split_feature=0 1
split_gain=1 1
threshold=40.5 0
decision_type=2 1
left_child=-1 -2
right_child=1 -3
leaf_value=-0.5 0.25 1
leaf_weight=150 125 125
leaf_count=150 125 125
internal_value=0 0
internal_weight=400 250
internal_count=400 250
cat_boundaries=0 1
cat_threshold=1
is_linear=0
shrinkage=1

Tree=1
num_leaves=3
num_cat=1
split_feature=2 0
split_gain=1 1
threshold=0 30.5
decision_type=1 2
left_child=-1 -2
right_child=1 -3
leaf_value=0.75 -0.25 0.125
leaf_weight=130 60 210
leaf_count=130 60 210
internal_value=0 0
internal_weight=400 270
internal_count=400 270
cat_boundaries=0 1
cat_threshold=1
is_linear=0
shrinkage=1

end of trees

feature_importances:
age=2

parameters:
[boosting: gbdt]
end of parameters

pandas_categorical:[[\"female\", \"male\"], [\"north\", \"south\", \"west\"]]
";

fn by_id(document: &Document) -> BTreeMap<String, Estimate> {
    document.estimates().map(|e| (e.id.to_string(), e.clone())).collect()
}

/// The values of two documents agree, except where a law does not bind.
fn assert_same_values(law: Law, a: &Document, b: &Document) {
    let (mut a, mut b) = (by_id(a), by_id(b));
    // Which groups are singled out hangs on p-values, and copies of rows count as rows there.
    if law == Law::WeightTwoIsTwice {
        a.retain(|id, _| !id.contains("_to_rest["));
        b.retain(|id, _| !id.contains("_to_rest["));
    }
    let is_free = |id: &String| EXEMPT.iter().any(|e| e.law == law && (e.holds)(id));
    let bound = |ids: &BTreeMap<String, Estimate>| ids.keys().filter(|id| !is_free(id)).cloned().collect::<Vec<_>>();
    assert_eq!(bound(&a), bound(&b));
    for (id, one) in &a {
        if let Some(exempt) = EXEMPT.iter().find(|e| e.law == law && (e.holds)(id)) {
            assert!(!exempt.reason.is_empty());
            continue;
        }
        let other = &b[id];
        assert_eq!(one.missing, other.missing, "{id}");
        if let (Some(x), Some(y)) = (one.value, other.value) {
            assert!((x - y).abs() <= 1e-9 * x.abs().max(1.0), "{id}: {x} and {y}");
        }
    }
}

#[test]
fn every_registered_analysis_is_covered() {
    let document = document(&people(400), false);
    let sections: Vec<&str> = document.sections.iter().map(|s| s.id.as_str()).collect();
    let registered: Vec<&str> = REGISTRY.iter().map(|a| a.id()).collect();
    assert_eq!(sections, registered, "an analysis that these rows do not reach needs rows of its own here");
    for section in &document.sections {
        assert!(!section.estimates.is_empty() && !section.blocks.is_empty(), "{}", section.id);
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let people = people(400);
    let mut other = people.clone();
    other.reverse();
    other.rotate_left(123);
    assert_same_values(Law::RowOrder, &document(&people, false), &document(&other, false));
}

#[test]
fn weight_two_is_a_row_twice() {
    let people = people(400);
    let twice: Vec<Person> = people.iter().flat_map(|p| std::iter::repeat_n(p.clone(), p.weight as usize)).collect();
    assert_same_values(Law::WeightTwoIsTwice, &document(&people, true), &document(&twice, false));
}

#[test]
fn a_document_survives_being_written_down() {
    let document = document(&people(400), true);
    let text = document.to_json().unwrap();
    assert_eq!(Document::from_json(&text).unwrap(), document);
    assert!(!text.contains("NaN"));
}

#[test]
fn ids_are_unique_and_blocks_show_what_is_there() {
    let document = document(&people(400), false);
    assert_eq!(by_id(&document).len(), document.estimates().count(), "an id occurs twice");
    for section in &document.sections {
        for block in section.blocks.iter().filter(|b| !b.table.is_empty()) {
            assert!(section.table(&block.table).is_some(), "{}.{}: no table {}", section.id, block.id, block.table);
        }
        for table in &section.tables {
            let n = table.n_rows();
            assert!(table.columns.iter().all(|c| c.cells.len() == n), "{}.{}", section.id, table.id);
        }
        for id in section.notes.iter().flat_map(|n| &n.about) {
            assert!(section.estimate(id).is_some(), "a note is about {id}, which is not there");
        }
    }
}
