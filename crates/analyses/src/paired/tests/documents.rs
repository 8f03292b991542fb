//! The numbers that are compared are those of the documents.

use std::sync::atomic::AtomicBool;

use equipoise_data::{Dataset, MemoryColumn};
use equipoise_document::{Estimate, RunSpec};
use serde_json::json;

use super::*;
use crate::fairness::Fairness;
use crate::paired::PairedDifference;
use crate::performance::Performance;
use crate::{Analysis, Context, Part, Quiet};

fn estimates(frame: &Frame) -> Vec<Estimate> {
    let spec = RunSpec { target: Some("y".to_owned()), ..RunSpec::default() };
    let column = MemoryColumn::Numbers(vec![0.0; frame.n_rows()]);
    let dataset = Dataset::from_columns(vec![("x".to_owned(), column)]).unwrap();
    let context = Context {
        spec: &spec,
        task: frame.task,
        classes: &frame.classes,
        test: Part { frame, dataset: &dataset },
        train: None,
        features: &[],
        model: None,
        progress: &Quiet,
        stop: &AtomicBool::new(false),
        host: &crate::NoHost,
    };
    let mut all = Performance.run(&json!({}), &context).unwrap().estimates;
    if !frame.groupings().is_empty() {
        all.extend(Fairness.run(&json!({"neighbours": 0}), &context).unwrap().estimates);
    }
    all
}

/// Every interval's numbers are the documents'; answers what was found and the performance ids of all rows that were not.
fn compare(frames: &[Frame; 2]) -> (Vec<PairedDifference>, Vec<String>) {
    let [in_a, in_b] = frames.each_ref().map(estimates);
    let wanted: Vec<EstimateId> = in_a.iter().map(|e| e.id.clone()).collect();
    let found = paired_differences(&frames[0], &frames[1], &wanted, 0.95, 3).unwrap();
    for difference in &found {
        for (document, number) in [(&in_a, difference.a), (&in_b, difference.b)] {
            let value = document.iter().find(|e| e.id == difference.id).unwrap().value;
            let near = value.is_some_and(|v| (v - number).abs() <= 1e-9 * v.abs().max(1.0));
            assert!(near, "{}: {value:?} in the document, {number} in the rows", difference.id);
        }
    }
    let is_missing = |id: &&EstimateId| {
        let is_plain = id.section() == "performance" && id.columns().is_empty() && id.aggregate().is_none();
        is_plain && found.iter().all(|d| d.id != **id)
    };
    let missing = wanted.iter().filter(is_missing).map(|id| id.metric().to_owned()).collect();
    (found, missing)
}

#[test]
fn two_classes() {
    let mut rows = drawn(400, 51);
    for weight in [None, Some((0..400).map(|i| 0.5 + f64::from(i % 3)).collect())] {
        rows.weight = weight;
        let (found, missing) = compare(&rows.frames());
        let left = ["expected_cost", "calibration_slope", "calibration_intercept"];
        assert_eq!(missing, left);
        let has = |name: &str| found.iter().any(|d| d.id == id(name));
        for metric in ["selection_rate", "accuracy", "true_positive_rate", "precision", "f1", "demographic_parity"] {
            for aggregate in ["difference", "ratio"] {
                assert!(has(&format!("fairness.{metric}.{aggregate}[sex]")), "{metric} {aggregate}");
                assert!(has(&format!("fairness.{metric}.{aggregate}[sex,race]")), "{metric} {aggregate}");
            }
        }
        for metric in ["roc_auc", "brier_score", "log_loss", "mean_prediction", "expected_calibration_error"] {
            for aggregate in
                ["difference", "ratio", "difference_to_overall", "ratio_to_overall", "group_min", "group_max"]
            {
                assert!(has(&format!("fairness.{metric}.{aggregate}[sex]")), "{metric} {aggregate}");
            }
        }
        assert!(has("fairness.equalized_odds.difference[race]") && has("fairness.selection_rate[sex=Male,race=B]"));
    }
}

#[test]
fn several_classes() {
    let mut rows = drawn(300, 52);
    rows.n_classes = 3;
    let mut draws = Draws::new(6, "paired.tests.documents", 0);
    rows.truth = (0..300).map(|_| draws.below(3) as u16).collect();
    for model in 0..2 {
        let mut all = Vec::new();
        for i in 0..300 {
            let mut row = [0, 1, 2].map(|c| draws.uniform() + f64::from(u8::from(rows.truth[i] == c)));
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= sum);
            rows.predicted[model][i] = (0..3).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap() as u16;
            all.extend(row);
        }
        rows.probability.as_mut().unwrap()[model] = all;
    }
    let (found, missing) = compare(&rows.frames());
    let is_known = |name: &String| name.starts_with("roc_auc") || name.contains("calibration") || name.contains("top_");
    assert!(missing.iter().all(|name| is_known(name) || name == "average_precision_macro"), "{missing:?}");
    let has = |name: &str| found.iter().any(|d| d.id == id(name));
    assert!(has("fairness.f1_macro.difference[sex]") && has("fairness.true_positive_rate@c2.ratio[race]"));
}

#[test]
fn numbers() {
    let mut draws = Draws::new(7, "paired.tests.documents", 0);
    let truth: Vec<f64> = (0..200).map(|_| 5.0 + draws.uniform()).collect();
    let noisy = |draws: &mut Draws| truth.iter().map(|y| y + 0.3 * draws.normal()).collect::<Vec<f64>>();
    let (a, b) = (noisy(&mut draws), noisy(&mut draws));
    for weight in [None, Some((0..200).map(|i| f64::from(1 + i % 4)).collect::<Vec<f64>>())] {
        let (_, missing) = compare(&regression(&truth, [&a, &b], weight.as_deref()));
        assert!(missing.iter().all(|name| name == "median_absolute_error" || name == "max_error"), "{missing:?}");
    }
}
