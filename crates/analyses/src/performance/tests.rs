use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use equipoise_data::{Dataset, Frame, FrameParts, MemoryColumn, Targets};
use equipoise_document::{Level, Missing, RunSpec, Section, Task};
use serde_json::{Value, json};

use super::Performance;
use crate::{Analysis, AnalysisError, Context, Part, Quiet};

mod oracles;

/// A run over rows in memory.
struct Run {
    task: Task,
    classes: Vec<String>,
    truth: Targets,
    predicted: Targets,
    probability: Option<Vec<f64>>,
    weight: Option<Vec<f64>>,
    columns: Vec<(String, MemoryColumn)>,
    cohorts: Vec<(String, Vec<bool>)>,
    params: Value,
}

impl Run {
    fn binary(rows: &[(u16, u16, f64)]) -> Self {
        Self {
            task: Task::Binary,
            classes: vec!["no".to_owned(), "yes".to_owned()],
            truth: Targets::Class(rows.iter().map(|r| r.0).collect()),
            predicted: Targets::Class(rows.iter().map(|r| r.1).collect()),
            probability: Some(rows.iter().map(|r| r.2).collect()),
            weight: None,
            columns: Vec::new(),
            cohorts: Vec::new(),
            params: Value::Null,
        }
    }

    fn regression(truth: Vec<f64>, predicted: Vec<f64>) -> Self {
        Self {
            task: Task::Regression,
            classes: Vec::new(),
            truth: Targets::Value(truth),
            predicted: Targets::Value(predicted),
            probability: None,
            weight: None,
            columns: Vec::new(),
            cohorts: Vec::new(),
            params: Value::Null,
        }
    }

    fn answer(self) -> Result<Section, AnalysisError> {
        let n = self.truth.len();
        let features: Vec<String> = self.columns.iter().map(|c| c.0.clone()).collect();
        let mut columns = self.columns;
        columns.push(("row".to_owned(), MemoryColumn::Numbers((0..n.max(1)).map(|i| i as f64).collect())));
        let dataset = Dataset::from_columns(columns).unwrap();
        let mut frame = Frame::new(FrameParts {
            task: self.task,
            classes: self.classes.clone().into(),
            row_ids: None,
            truth: self.truth,
            predicted: Some(self.predicted),
            probability: self.probability,
            weight: self.weight,
            groups: Vec::new(),
        })
        .unwrap();
        for (name, members) in &self.cohorts {
            frame.add_cohort(name, "", members);
        }
        let spec = RunSpec { target: Some("y".to_owned()), ..RunSpec::default() };
        let context = Context {
            spec: &spec,
            task: self.task,
            classes: &self.classes,
            test: Part { frame: &frame, dataset: &dataset },
            train: None,
            features: &features,
            model: None,
            progress: &Quiet,
            stop: &AtomicBool::new(false),
            host: &crate::NoHost,
        };
        Performance.run(&self.params, &context)
    }
}

fn value(section: &Section, id: &str) -> Result<f64, Missing> {
    let id = id.parse().unwrap();
    let estimate = section.estimate(&id).unwrap_or_else(|| panic!("{id} is not in the section"));
    estimate.value.ok_or_else(|| estimate.missing.unwrap())
}

fn codes(section: &Section) -> Vec<&str> {
    section.notes.iter().map(|n| n.code.as_str()).collect()
}

/// Every cell of every table that shows estimates names one of the section, and columns are equally long.
fn check_tables(section: &Section) {
    let mut ids: Vec<String> = section.estimates.iter().map(|e| e.id.to_string()).collect();
    ids.sort();
    let n = ids.len();
    ids.dedup();
    assert_eq!(n, ids.len(), "ids are unique");
    for table in &section.tables {
        for column in &table.columns {
            assert_eq!(column.cells.len(), table.n_rows(), "{}.{}", table.id, column.id);
            if let equipoise_document::Cells::Estimate(cells) = &column.cells {
                for id in cells.iter().flatten() {
                    assert!(section.estimate(id).is_some(), "{}.{}: {id}", table.id, column.id);
                }
            }
        }
    }
    for block in &section.blocks {
        assert!(section.table(&block.table).is_some(), "{}", block.id);
    }
    for note in &section.notes {
        for id in &note.about {
            assert!(section.estimate(id).is_some(), "{}: {id}", note.code);
        }
    }
}

/// TN 50, FP 10, FN 15, TP 25: rates that an error-analysis tool in wide use mixes up.
fn hundred() -> Vec<(u16, u16, f64)> {
    let kinds = [(0, 0, 0.2, 50), (0, 1, 0.7, 10), (1, 0, 0.4, 15), (1, 1, 0.9, 25)];
    kinds.iter().flat_map(|(y, d, p, n)| std::iter::repeat_n((*y, *d, *p), *n)).collect()
}

#[test]
fn hundred_rows_by_hand() {
    let section = Run::binary(&hundred()).answer().unwrap();
    check_tables(&section);
    assert_eq!(value(&section, "performance.false_positive_rate"), Ok(10.0 / 60.0));
    assert_eq!(value(&section, "performance.false_negative_rate"), Ok(15.0 / 40.0));
    assert_eq!(value(&section, "performance.selection_rate"), Ok(0.35));
    assert_eq!(value(&section, "performance.recall"), value(&section, "performance.true_positive_rate"));
    // 40·60 pairs: 25 positives beat all 60 negatives, 15 beat 50 of them.
    let auc = (25.0 * 60.0 + 15.0 * 50.0) / 2_400.0;
    assert!((value(&section, "performance.roc_auc").unwrap() - auc).abs() < 1e-14);
    let recall = section.estimate(&"performance.recall".parse().unwrap()).unwrap();
    assert_eq!((recall.n, recall.small), (40, false));
    assert!(codes(&section).contains(&"overall"));
    for estimate in &section.estimates {
        assert!(estimate.value.is_none() || estimate.interval.is_some(), "{} has no interval", estimate.id);
    }
}

#[test]
fn costs_move_the_cheapest_threshold() {
    let mut run = Run::binary(&hundred());
    run.params = json!({"false_negative_cost": 10.0});
    let section = run.answer().unwrap();
    assert_eq!(value(&section, "performance.expected_cost"), Ok((10.0 + 150.0) / 100.0));
    let note = section.notes.iter().find(|n| n.code == "cheapest_threshold").unwrap();
    assert!(
        note.text.starts_with("At a threshold of 0.4000 the expected cost is lowest: 0.1000 per row"),
        "{}",
        note.text
    );
}

#[test]
fn labels_alone_leave_scores_undefined() {
    let mut run = Run::binary(&hundred());
    run.probability = None;
    let section = run.answer().unwrap();
    check_tables(&section);
    assert_eq!(value(&section, "performance.roc_auc"), Err(Missing::NoProbability));
    assert_eq!(value(&section, "performance.accuracy"), Ok(0.75));
}

#[test]
fn one_class_and_constant_predictions_are_said() {
    let section = Run::binary(&[(0, 0, 0.1), (0, 0, 0.2)]).answer().unwrap();
    check_tables(&section);
    assert_eq!(value(&section, "performance.recall"), Err(Missing::NoPositives));
    assert_eq!(value(&section, "performance.precision"), Err(Missing::NoSelected));
    assert_eq!(value(&section, "performance.balanced_accuracy"), Err(Missing::OneClass));
    assert!(codes(&section).contains(&"one_class"));
    let section = Run::binary(&[(0, 0, 0.1), (1, 0, 0.2)]).answer().unwrap();
    assert!(codes(&section).contains(&"constant_prediction"));
}

#[test]
fn no_rows_and_no_weight_say_so() {
    let section = Run::binary(&[]).answer().unwrap();
    check_tables(&section);
    assert!(section.estimates.iter().all(|e| e.missing == Some(Missing::Empty)), "{:?}", section.estimates);
    let mut run = Run::binary(&hundred());
    run.weight = Some(vec![0.0; 100]);
    let section = run.answer().unwrap();
    assert_eq!(value(&section, "performance.accuracy"), Err(Missing::ZeroWeight));
    assert_eq!(value(&section, "performance.log_loss"), Err(Missing::ZeroWeight));
}

#[test]
fn the_worst_group_is_found_and_no_value_is_lost() {
    let rows: Vec<(u16, u16, f64)> = (0..900_u16)
        .map(|i| {
            let wrong = if i % 9 == 0 { i % 2 == 0 } else { i % 10 == 3 };
            let truth = u16::from(i % 4 < 2);
            let predicted = if wrong { 1 - truth } else { truth };
            (truth, predicted, if predicted == 1 { 0.8 } else { 0.3 })
        })
        .collect();
    let city = |i: u16| if i.is_multiple_of(9) { "Ur".to_owned() } else { format!("town {}", i % 30) };
    let mut run = Run::binary(&rows);
    run.columns = vec![
        ("city".to_owned(), MemoryColumn::Names((0..900).map(|i| (i % 50 != 7).then(|| city(i))).collect())),
        ("age".to_owned(), MemoryColumn::Numbers((0..900).map(|i| f64::from(i % 60)).collect())),
    ];
    run.cohorts = vec![("first".to_owned(), (0..900).map(|i| i < 20).collect())];
    run.params = json!({"max_levels": 4});
    let section = run.answer().unwrap();
    check_tables(&section);
    let note = section.notes.iter().find(|n| n.code == "worst_group").unwrap();
    assert_eq!(note.level, Level::Concern);
    assert!(note.text.contains("rows with `city` `Ur`"), "{}", note.text);
    let table = section.table("by_feature").unwrap();
    let equipoise_document::Cells::Integer(n) = &table.get("n").unwrap().cells else { panic!("rows") };
    // Each of the two features accounts for all rows.
    assert_eq!(n.iter().flatten().sum::<i64>(), 1_800);
    let ids: Vec<String> = section.estimates.iter().map(|e| e.id.to_string()).collect();
    assert!(ids.contains(&"performance.error_rate[city=(other)]".to_owned()));
    assert!(ids.contains(&"performance.error_rate[city=(missing)]".to_owned()));
    assert!(ids.contains(&"performance.accuracy{first}".to_owned()));
    assert!(codes(&section).contains(&"small_cohorts"));
    let wrong = rows.iter().enumerate().filter(|(i, _)| i % 9 == 0 && i % 50 != 7);
    let (n_wrong, n_ur) = wrong.fold((0.0, 0.0), |(w, n), (_, r)| (w + f64::from(u8::from(r.0 != r.1)), n + 1.0));
    assert!((value(&section, "performance.error_rate[city=Ur]").unwrap() - n_wrong / n_ur).abs() < 1e-12);
}

#[test]
fn several_classes_by_hand() {
    let truth = vec![0, 0, 0, 1, 1, 2, 2, 2];
    let predicted = vec![0, 0, 1, 1, 0, 2, 2, 1];
    let probability: Vec<f64> =
        predicted.iter().flat_map(|d| (0..3_u16).map(move |c| if c == *d { 0.6 } else { 0.2 })).collect();
    let section = Run {
        task: Task::Multiclass,
        classes: vec!["a".to_owned(), "b, c".to_owned(), "d".to_owned()],
        truth: Targets::Class(truth),
        predicted: Targets::Class(predicted),
        probability: Some(probability),
        ..Run::regression(Vec::new(), Vec::new())
    }
    .answer()
    .unwrap();
    check_tables(&section);
    // Precision 2/3, 1/3, 2/2; recall 2/3, 1/2, 2/3; F1 4/6, 2/5, 4/5.
    let macro_f1 = (4.0 / 6.0 + 2.0 / 5.0 + 4.0 / 5.0) / 3.0;
    assert!((value(&section, "performance.f1_macro").unwrap() - macro_f1).abs() < 1e-14);
    assert_eq!(value(&section, "performance.recall[y=\"b, c\"]"), Ok(0.5));
    assert!(
        (value(&section, "performance.log_loss").unwrap() + (5.0 * 0.6_f64.ln() + 3.0 * 0.2_f64.ln()) / 8.0).abs()
            < 1e-14
    );
    // 0.16 + 0.04 + 0.04 when right, 0.64 + 0.36 + 0.04 when wrong.
    assert!((value(&section, "performance.brier_score").unwrap() - (5.0 * 0.24 + 3.0 * 1.04) / 8.0).abs() < 1e-14);
    assert_eq!(section.table("confusion").unwrap().n_rows(), 9);
}

#[test]
fn a_biased_regression_is_said() {
    let truth: Vec<f64> = (0..200).map(|i| f64::from(i % 20)).collect();
    let predicted: Vec<f64> = truth.iter().enumerate().map(|(i, y)| y + 2.0 + (i % 3) as f64).collect();
    let section = Run::regression(truth, predicted).answer().unwrap();
    check_tables(&section);
    assert!(codes(&section).contains(&"biased"));
    // Errors 2, 3, 4 in turn; 200 = 66·3 + 2.
    assert!((value(&section, "performance.mean_error").unwrap() - (66.0 * 9.0 + 2.0 + 3.0) / 200.0).abs() < 1e-12);
    assert!((value(&section, "performance.median_absolute_error").unwrap() - 3.0).abs() < 1e-12);
    assert_eq!(value(&section, "performance.max_error"), Ok(4.0));
    assert!(value(&section, "performance.mean_pinball_loss@0_1").is_ok());
}

#[test]
fn wrong_parameters_are_named() {
    let error = |params: Value| {
        let mut run = Run::binary(&hundred());
        run.params = params;
        run.answer().unwrap_err().to_string()
    };
    assert_eq!(
        error(json!({"thresholds": 1})),
        "analyses.performance.thresholds: `1` cannot be used\nhint: take 2 to 1001"
    );
    assert!(error(json!({"metrics": ["acuracy"]})).contains("`acuracy` is not a metric of this task"));
    assert!(error(json!({"bin": 3})).contains("unknown field `bin`"));
}

#[test]
fn a_subset_of_metrics_is_all_there_is() {
    let mut run = Run::binary(&hundred());
    run.params = json!({"metrics": ["accuracy", "roc_auc"], "max_features": 0});
    let section = run.answer().unwrap();
    check_tables(&section);
    assert_eq!(section.estimates.len(), 2);
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let rows: Vec<(u16, u16, f64)> = (0..70_000_u32)
        .map(|i| {
            let p = f64::from(i.wrapping_mul(2_654_435_761) % 1_000) / 1_000.0;
            (u16::from(i % 7 < 3), u16::from(p >= 0.5), p)
        })
        .collect();
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut run = Run::binary(&rows);
        run.weight = Some((0..70_000).map(|i| 0.1 + f64::from(i % 13)).collect());
        serde_json::to_string(&pool.install(|| run.answer()).unwrap()).unwrap()
    };
    assert_eq!(bytes(1), bytes(3));
}

/// Names of classes are handed about as they are.
#[test]
fn classes_keep_their_names() {
    let classes: Arc<[String]> = vec!["<=50K".to_owned(), ">50K".to_owned()].into();
    let mut run = Run::binary(&hundred());
    run.classes = classes.to_vec();
    let section = run.answer().unwrap();
    let note = section.notes.iter().find(|n| n.code == "overall").unwrap();
    assert!(note.text.contains("Always saying `<=50K` would be right for 60.0 %"), "{}", note.text);
}
