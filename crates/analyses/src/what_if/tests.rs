//! Edits worked out by hand, and bad input.

use std::sync::atomic::AtomicBool;

use equipoise_data::{Dataset, Frame, FrameParts, Grouping, GroupingKind, MemoryColumn, Targets};
use equipoise_document::{Cells, Estimate, RunSpec, Section, Task};
use equipoise_models::{Input, InputColumn, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs};
use serde_json::{Value, json};

use super::WhatIf;
use crate::{Analysis, AnalysisError, Context, NoHost, Part, Quiet};

/// `hours / 100`, and 0.2 more for a clerk.
struct Plain(ModelInfo);

impl Model for Plain {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let [InputColumn::Number(hours), InputColumn::Codes { codes, levels }] = batch.columns.as_slice() else {
            panic!("two columns");
        };
        let one = |row: usize| {
            let is_clerk = levels.get(codes[row] as usize).is_some_and(|name| name == "clerk");
            (hours[row] / 100.0 + 0.2 * f64::from(u8::from(is_clerk))).clamp(0.0, 1.0)
        };
        Ok(Outputs::Probability((0..batch.n_rows).map(one).collect()))
    }
}

/// Eight rows: 10, 20, … 80 hours, clerks on even places; the first half are women; the truth is 1 from 50 hours on.
fn answer(params: &Value) -> Result<Section, AnalysisError> {
    let hours: Vec<f64> = (1..=8).map(|i| f64::from(i) * 10.0).collect();
    let job: Vec<Option<String>> = (0..8).map(|i| Some(["clerk", "other"][i % 2].to_owned())).collect();
    let said: Vec<f64> = (0..8).map(|i| hours[i] / 100.0 + if i % 2 == 0 { 0.2 } else { 0.0 }).collect();
    let columns =
        vec![("hours".to_owned(), MemoryColumn::Numbers(hours.clone())), ("job".to_owned(), MemoryColumn::Names(job))];
    let dataset = Dataset::from_columns(columns).unwrap();
    let input = |name: &str, kind| Input { name: name.to_owned(), kind };
    let inputs = vec![input("hours", InputKind::Number), input("job", InputKind::Category(None))];
    let model = Plain(ModelInfo { inputs, task: Some(Task::Binary), ..ModelInfo::default() });
    let classes = vec!["no".to_owned(), "yes".to_owned()];
    let grouping = Grouping {
        column: "sex".into(),
        levels: vec!["f".to_owned(), "m".to_owned()].into(),
        kind: GroupingKind::Sensitive,
    };
    let mut frame = Frame::new(FrameParts {
        task: Task::Binary,
        classes: classes.clone().into(),
        row_ids: None,
        truth: Targets::Class(hours.iter().map(|h| u16::from(*h >= 50.0)).collect()),
        predicted: Some(Targets::Class(said.iter().map(|p| u16::from(*p >= 0.5)).collect())),
        probability: Some(said),
        weight: None,
        groups: vec![(grouping, vec![0, 0, 0, 0, 1, 1, 1, 1])],
    })
    .unwrap();
    frame.add_cohort("first", "", &[true, true, true, false, false, false, false, false]);
    let spec = RunSpec { seed: 7, analyses: [("what_if".to_owned(), params.clone())].into(), ..RunSpec::default() };
    let features = vec!["hours".to_owned(), "job".to_owned()];
    let context = Context {
        spec: &spec,
        task: Task::Binary,
        classes: &classes,
        test: Part { frame: &frame, dataset: &dataset },
        train: None,
        features: &features,
        model: Some(&model),
        progress: &Quiet,
        stop: &AtomicBool::new(false),
        host: &NoHost,
    };
    WhatIf.run(params, &context)
}

fn estimate<'a>(section: &'a Section, id: &str) -> &'a Estimate {
    section.estimates.iter().find(|e| e.id.to_string() == id).unwrap_or_else(|| panic!("{id}"))
}

fn close(section: &Section, id: &str, by_hand: f64) {
    let found = estimate(section, id).value.unwrap();
    assert!((found - by_hand).abs() < 1e-12, "{id}: {found} is not {by_hand}");
}

#[test]
fn one_row_by_hand() {
    // Row 3: 40 hours, other: 0.4. As a clerk with 45 hours: 0.45 + 0.2.
    let section = answer(&json!({"row": 3, "set": {"hours": 45, "job": "clerk"}})).unwrap();
    close(&section, "what_if.prediction.before", 0.4);
    close(&section, "what_if.prediction.after", 0.65);
    close(&section, "what_if.prediction.change", 0.25);
    let note = section.notes.iter().find(|n| n.code == "what_if.prediction").unwrap();
    assert!(note.text.contains("`hours` were 45 instead of 40 and `job` were clerk instead of other"), "{}", note.text);
    // The nearest clerks have 30 and 50 hours: 5 apart. Half of 10, …, 80 lie within 20 of the median 50.
    close(&section, "what_if.distance_to_data.after", 5.0 / 20.0);
    assert!(section.table("attributions").is_some());
    let curve = section.table("curve_hours").unwrap();
    let Cells::Number(y) = &curve.get("y").unwrap().cells else { panic!("numbers") };
    assert!(y.iter().flatten().any(|p| (p - 0.65).abs() < 1e-12));
}

#[test]
fn a_shift_by_hand() {
    // Positive from 0.5 on: 0.3, 0.2, 0.5, 0.4, 0.7, 0.6, 0.9, 0.8 are five; 0.1 more brings the 0.4 too.
    let section = answer(&json!({"shift": {"hours": 10}})).unwrap();
    close(&section, "what_if.selection_rate.change", 1.0 / 8.0);
    close(&section, "what_if.mean_probability.change", 0.1);
    close(&section, "what_if.selection_rate.change[sex=f]", 1.0 / 4.0);
    close(&section, "what_if.selection_rate.change[sex=m]", 0.0);
    // Newcombe's interval of nothing that changes is nothing.
    let interval = estimate(&section, "what_if.selection_rate.change[sex=m]").interval.clone().unwrap();
    assert_eq!((interval.low, interval.high), (0.0, 0.0));
    // Of the rows that are truly 0 (10 to 40 hours) one was positive, now two of four are.
    close(&section, "what_if.false_positive_rate.change", 1.0 / 4.0);
}

#[test]
fn a_threshold_with_costs_by_hand() {
    // From 0.65 on only 0.7, 0.9 and 0.8 are positive: one false positive less, one false negative (0.6) more.
    let costs = json!({"false_positive": 1.0, "false_negative": 5.0});
    let section = answer(&json!({"threshold": 0.65, "costs": costs})).unwrap();
    close(&section, "what_if.selection_rate.change", -2.0 / 8.0);
    close(&section, "what_if.mean_error_cost.change", (5.0 - 1.0) / 8.0);
}

#[test]
fn a_cohort_is_edited_alone() {
    let section = answer(&json!({"set": {"job": "other"}, "cohort": "first"})).unwrap();
    // 0.3, 0.2 and 0.5 lose 0.2, nothing and 0.2.
    close(&section, "what_if.mean_probability.change{first}", -0.4 / 3.0);
}

#[test]
fn what_cannot_be_used_is_said() {
    let says = |params: Value| answer(&params).unwrap_err().to_string();
    let column = says(json!({"set": {"hour": 3}}));
    assert!(column.contains("the model takes no column `hour`\nhint: the nearest name is `hours`"), "{column}");
    let number = says(json!({"row": 1, "set": {"hours": "many"}}));
    assert!(number.contains("`hours` holds numbers, and `many` is none"), "{number}");
    let names = says(json!({"shift": {"job": 1}}));
    assert!(names.contains("`job` holds names, not numbers"), "{names}");
    let threshold = says(json!({"threshold": 1.5}));
    assert!(threshold.contains("`1.5` is no probability"), "{threshold}");
    let nothing = says(json!({}));
    assert!(nothing.contains("nothing is changed"), "{nothing}");
    let row = says(json!({"row": 99, "set": {"hours": 3}}));
    assert!(row.contains("there is no row `99`"), "{row}");
}

#[test]
fn an_unseen_name_is_handed_over_and_said() {
    let section = answer(&json!({"row": 0, "set": {"job": "astronaut"}})).unwrap();
    close(&section, "what_if.prediction.after", 0.1);
    assert!(section.notes.iter().any(|n| n.code == "what_if.unseen"));
}
