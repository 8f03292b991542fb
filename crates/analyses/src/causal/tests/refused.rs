//! What cannot be answered, in the words that people read.

use super::*;

fn says(run: Run) -> String {
    run.answer().unwrap_err().to_string()
}

fn with(params: Value) -> Run {
    simulated(Kind::Binary, 200, 1, params)
}

#[test]
fn messages() {
    let of = |params: Value| says(with(params));
    assert_eq!(
        of(json!({})),
        "the analysis `causal` does not apply: no treatment is named: give the columns to act on as `treatment_features`"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["e"] })),
        "column `e` is not in the dataset\nhint: the nearest name is `d`"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["d"], "outcome": "d" })),
        "analyses.causal.treatment_features: `d` is the outcome; it cannot be its own treatment\n\
         hint: name a column that was decided before the outcome"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["d"], "outcome": "x1", "control_features": ["x0", "x1"] })),
        "analyses.causal.control_features: `x1` is the outcome; it cannot be held fixed\nhint: leave it out"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["d", "d"] })),
        "analyses.causal.treatment_features: `d` is named twice\nhint: name each treatment once"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["d"], "reference": { "d": "2" } })),
        "analyses.causal.reference: `2` is not a level of `d`\nhint: the levels are `0`, `1`"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["d"], "what_if": [{ "row": 999, "treatment": "d", "value": 1 }] })),
        "analyses.causal.what_if: row 999 of the test data has no outcome or treatment, or is not there\n\
         hint: rows are counted from 0"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["d"], "treatment_cost": [1.0, 2.0] })),
        "analyses.causal.treatment_cost: 2 costs for 1 treatments\nhint: give one number, or one for each treatment"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["d"], "folds": 1 })),
        "analyses.causal.folds: `1` folds are not between 2 and 50\nhint: for example 5"
    );
}

#[test]
fn three_levels_are_not_compared_as_two() {
    let of = |params: Value| {
        let mut run = with(params);
        let levels = (0..200).map(|i| Some(["low", "middle", "high"][i % 3].to_owned())).collect();
        run.columns.push(("dose".to_owned(), MemoryColumn::Names(levels)));
        says(run)
    };
    assert_eq!(
        of(json!({ "treatment_features": ["dose"], "estimator": "partially_linear" })),
        "analyses.causal.estimator: `partially_linear` compares two levels or takes numbers; `dose` has 3 levels\n\
         hint: use `interactive`, which compares each level with the first"
    );
    assert_eq!(
        of(json!({ "treatment_features": ["dose"], "instrument": "x0" })),
        "analyses.causal.instrument: with an instrument a treatment needs two levels or numbers; `dose` has 3 levels\n\
         hint: put its levels together into two, or leave the instrument out"
    );
}

#[test]
fn graphs() {
    let of = |edges: &[&str], more: Value| {
        let mut params = json!({ "treatment_features": ["d"], "dag": { "edges": edges } });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut run = with(params);
        // The outcome is a node too: its column is the target's.
        run.columns.push(("y".to_owned(), MemoryColumn::Numbers(run.truth.view().values().to_vec())));
        run
    };
    let none = json!({});
    let identified = of(&["x0 -> d", "x0 -> y", "d -> y", "d -> x1"], none.clone()).answer().unwrap();
    assert!(identified.notes.iter().any(|n| n.code == "adjustment_set" && n.text.contains("holding `x0` fixed")));
    let warned =
        of(&["x0 -> d", "x0 -> y", "d -> x1 -> y"], json!({ "control_features": ["x0", "x1"] })).answer().unwrap();
    assert!(warned.notes.iter().any(|n| n.code == "bad_control" && n.text.contains("`x1` lies on the way")));
    assert_eq!(
        says(of(&["d -> x0 -> d"], none.clone())),
        "analyses.causal.dag: the arrows lead in a circle: d -> x0 -> d\n\
         hint: a cause comes before its effect; leave one arrow out"
    );
    assert_eq!(
        says(of(&["d -> y", "x9 -> d"], none.clone())).lines().next(),
        Some("column `x9` is not in the dataset")
    );
    assert_eq!(
        says(of(&["d -> y", "d <-> y"], none.clone())),
        "analyses.causal.dag: by the graph no columns identify the effect of `d` on `y`\n\
         hint: measure a common cause of the two, or find a column that only moves the treatment"
    );
    assert_eq!(
        says(of(&["x0 -> d -> y", "d <-> y"], none)).lines().last(),
        Some("hint: `x0` is an instrument in it: set instrument = \"x0\"")
    );
    assert_eq!(
        says(of(&["x0 -> d", "x0 -> y", "d -> y"], json!({ "control_features": ["x1"] }))),
        "analyses.causal.control_features: by the graph, holding `x1` fixed does not identify the effect of `d`\n\
         hint: hold `x0` fixed"
    );
}

#[test]
fn a_constant_treatment_and_a_rare_level() {
    let mut run = with(json!({ "treatment_features": ["d"] }));
    run.columns[0].1 = MemoryColumn::Numbers(vec![1.0; 200]);
    assert_eq!(
        says(run),
        "analyses.causal.treatment_features: the treatment `d` has the same value in every row\n\
         hint: an effect needs rows with and rows without the treatment"
    );
    let mut run = with(json!({ "treatment_features": ["d"] }));
    run.columns[0].1 = MemoryColumn::Numbers((0..200).map(|i| f64::from(u8::from(i < 4))).collect());
    assert_eq!(
        says(run),
        "analyses.causal.treatment_features: the level `1` of `d` has 4 rows; fewer than 10 carry no estimate\n\
         hint: put levels together in the data, or set skip_cat_limit_checks = true"
    );
}

#[test]
fn a_treatment_under_another_name_is_told() {
    let mut run = simulated(Kind::Continuous, 300, 1, json!({ "treatment_features": ["d"] }));
    let copy = match &run.columns[0].1 {
        MemoryColumn::Numbers(d) => d.iter().map(|d| 2.0 * d + 1.0).collect(),
        _ => panic!("numbers"),
    };
    run.columns.push(("copy".to_owned(), MemoryColumn::Numbers(copy)));
    let section = run.answer().unwrap();
    let note = section.notes.iter().find(|n| n.code == "perfectly_predicted").unwrap();
    assert!(note.text.contains("there is nothing to compare"));
    assert!(estimate(&section, "causal.average_effect[d]").missing.is_some());
}

#[test]
fn levels_that_the_controls_part_are_told() {
    let mut run = simulated(Kind::Binary, 400, 1, json!({ "treatment_features": ["d"], "n_rep": 1 }));
    let MemoryColumn::Numbers(x) = run.columns[1].1.clone() else { panic!("numbers") };
    run.columns[0].1 = MemoryColumn::Numbers(x.iter().map(|x| f64::from(u8::from(*x > 0.0))).collect());
    let section = run.answer().unwrap();
    let codes = codes(&section);
    assert!(codes.contains(&"no_overlap") || codes.contains(&"perfectly_predicted"), "{codes:?}");
}

#[test]
fn an_outcome_among_the_features_is_left_out_and_said() {
    let mut run = with(json!({ "treatment_features": ["d"], "outcome": "x4" }));
    run.params = json!({ "treatment_features": ["d"], "outcome": "x4" });
    let section = run.answer().unwrap();
    let note = section.notes.iter().find(|n| n.code == "outcome_in_features").unwrap();
    assert_eq!(note.text, "`x4` is the outcome and a feature of the model; it is not held fixed.");
    assert!(section.table("nuisances").is_some());
}

#[test]
fn too_few_rows_for_the_folds() {
    let mut run = simulated(Kind::Continuous, 30, 1, json!({ "treatment_features": ["d"], "folds": 20 }));
    run.cohorts.clear();
    let text = says(run);
    assert_eq!(
        text,
        "analyses.causal.treatment_features: 30 rows with `d` and `y` are too few\nhint: 20 folds need more rows"
    );
}
