mod coverage;
mod documents;
mod hand;
mod oracle;
mod refused;
mod scores;

use std::sync::Arc;

use equipoise_data::{Frame, FrameParts, Grouping, GroupingKind, Targets};
use equipoise_document::{EstimateId, Interval, Task};
use equipoise_kernels::Draws;

use super::{PairedError, paired_differences, paired_intervals};

/// Rows of two models, for classes or numbers.
#[derive(Clone, Default)]
struct Rows {
    truth: Vec<u16>,
    predicted: [Vec<u16>; 2],
    probability: Option<[Vec<f64>; 2]>,
    weight: Option<Vec<f64>>,
    sex: Vec<u16>,
    race: Vec<u16>,
    n_classes: usize,
}

fn grouping(column: &str, levels: &[&str]) -> Grouping {
    let levels = levels.iter().map(|l| (*l).to_owned()).collect();
    Grouping { column: column.to_owned(), levels, kind: GroupingKind::Sensitive }
}

impl Rows {
    fn parts(&self, model: usize) -> FrameParts {
        let n = self.truth.len();
        let codes = |given: &[u16]| if given.is_empty() { vec![0; n] } else { given.to_vec() };
        FrameParts {
            task: if self.n_classes > 2 { Task::Multiclass } else { Task::Binary },
            classes: (0..self.n_classes.max(2)).map(|c| format!("c{c}")).collect(),
            row_ids: None,
            truth: Targets::Class(self.truth.clone()),
            predicted: Some(Targets::Class(self.predicted[model].clone())),
            probability: self.probability.as_ref().map(|p| p[model].clone()),
            weight: self.weight.clone(),
            groups: vec![
                (grouping("sex", &["Female", "Male"]), codes(&self.sex)),
                (grouping("race", &["A", "B", "C"]), codes(&self.race)),
            ],
        }
    }

    fn frames(&self) -> [Frame; 2] {
        [0, 1].map(|model| Frame::new(self.parts(model)).unwrap())
    }

    fn len(&self) -> usize {
        self.truth.len()
    }
}

fn regression(truth: &[f64], predicted: [&[f64]; 2], weight: Option<&[f64]>) -> [Frame; 2] {
    predicted.map(|predicted| {
        Frame::new(FrameParts {
            task: Task::Regression,
            classes: Arc::from([]),
            row_ids: None,
            truth: Targets::Value(truth.to_vec()),
            predicted: Some(Targets::Value(predicted.to_vec())),
            probability: None,
            weight: weight.map(<[f64]>::to_vec),
            groups: Vec::new(),
        })
        .unwrap()
    })
}

/// Two related models of `n` rows: both see the truth through noise of their own and a common one.
fn drawn(n: usize, seed: u64) -> Rows {
    let mut draws = Draws::new(seed, "paired.tests", 0);
    let mut rows = Rows { probability: Some([Vec::new(), Vec::new()]), ..Rows::default() };
    for _ in 0..n {
        let sex = u16::from(draws.uniform() < 0.45);
        let race = draws.below(3) as u16;
        let truth = u16::from(draws.uniform() < 0.35 + 0.1 * f64::from(sex));
        let common = draws.normal();
        let signal = 1.2 * f64::from(truth) - 0.6 + 0.3 * f64::from(sex) + 0.9 * common;
        rows.truth.push(truth);
        rows.sex.push(sex);
        rows.race.push(race);
        for model in 0..2 {
            let score = signal + (0.5 + 0.3 * model as f64) * draws.normal() - 0.2 * f64::from(sex) * model as f64;
            let p = libm::round(100.0 / (1.0 + libm::exp(-score))) / 100.0;
            rows.probability.as_mut().unwrap()[model].push(p);
            rows.predicted[model].push(u16::from(p > 0.5));
        }
    }
    rows
}

fn id(text: &str) -> EstimateId {
    text.parse().unwrap()
}

/// The intervals of ids, all of which must have one.
fn intervals(frames: &[Frame; 2], ids: &[&str]) -> Vec<Interval> {
    let wanted: Vec<EstimateId> = ids.iter().map(|i| id(i)).collect();
    let found = paired_intervals(&frames[0], &frames[1], &wanted, 0.95, 7).unwrap();
    let names: Vec<String> = found.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(names, ids);
    found.into_iter().map(|(_, interval)| interval).collect()
}

fn assert_near(interval: &Interval, low: f64, high: f64, within: f64) {
    let near = (interval.low - low).abs() <= within && (interval.high - high).abs() <= within;
    assert!(near, "{interval:?} is not {low} to {high} within {within}");
}

/// One id of every kind that two classes with probabilities and groups know.
const BINARY: [&str; 35] = [
    "performance.accuracy",
    "performance.zero_one_loss",
    "performance.balanced_accuracy",
    "performance.precision",
    "performance.recall",
    "performance.f1",
    "performance.f2",
    "performance.jaccard",
    "performance.selection_rate",
    "performance.base_rate",
    "performance.false_positive_rate",
    "performance.matthews_corrcoef",
    "performance.cohen_kappa",
    "performance.roc_auc",
    "performance.gini",
    "performance.average_precision",
    "performance.ks_statistic",
    "performance.lift",
    "performance.expected_calibration_error",
    "performance.log_loss",
    "performance.brier_score",
    "performance.mean_prediction",
    "performance.calibration_in_the_large",
    "fairness.accuracy[sex=Female]",
    "fairness.roc_auc[sex=Male,race=B]",
    "fairness.selection_rate.difference[sex]",
    "fairness.selection_rate.ratio[race]",
    "fairness.true_positive_rate.difference_to_overall[sex,race]",
    "fairness.precision.difference[race=A,sex]",
    "fairness.equalized_odds.difference[sex]",
    "fairness.equalized_odds.ratio_mean[race]",
    "fairness.accuracy.group_min[race]",
    "fairness.demographic_parity.difference[sex]",
    "fairness.roc_auc.difference[sex]",
    "fairness.brier_score.ratio_to_overall[race]",
];
