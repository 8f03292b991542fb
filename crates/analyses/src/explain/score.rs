//! How well predictions fit, as one number: what permutation importance counts the loss of.

use equipoise_document::{Better, Task, Unit};
use equipoise_kernels::{Confusion2, Scores, SortedScores};

use super::params::problem;
use crate::{AnalysisError, Context};

/// A metric of the performance analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Accuracy,
    BalancedAccuracy,
    Precision,
    Recall,
    F1,
    RocAuc,
    AveragePrecision,
    LogLoss,
    BrierScore,
    R2,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
}

/// Truth and predictions of some rows.
pub(super) struct Scored<'a> {
    /// Class of each row; empty for numbers.
    pub(super) classes: &'a [u16],
    /// The true numbers; empty for classes.
    pub(super) values: &'a [f64],
    /// What the model answers, shape `(n_rows, n_outputs)`: a number, the probability of the second of two classes, or of
    /// every class.
    pub(super) answers: &'a [f64],
    pub(super) n_outputs: usize,
    pub(super) n_classes: usize,
    pub(super) weight: Option<&'a [f64]>,
    pub(super) threshold: f64,
    /// Rows that are left out, for the jackknife; none leaves all in.
    pub(super) without: Option<(&'a [u8], u8)>,
}

/// All metrics with their task.
const ALL: [(&str, Metric, &[Task]); 13] = [
    ("accuracy", Metric::Accuracy, &[Task::Binary, Task::Multiclass]),
    ("balanced_accuracy", Metric::BalancedAccuracy, &[Task::Binary, Task::Multiclass]),
    ("precision", Metric::Precision, &[Task::Binary]),
    ("recall", Metric::Recall, &[Task::Binary]),
    ("f1", Metric::F1, &[Task::Binary]),
    ("roc_auc", Metric::RocAuc, &[Task::Binary]),
    ("average_precision", Metric::AveragePrecision, &[Task::Binary]),
    ("log_loss", Metric::LogLoss, &[Task::Binary, Task::Multiclass]),
    ("brier_score", Metric::BrierScore, &[Task::Binary, Task::Multiclass]),
    ("r2", Metric::R2, &[Task::Regression]),
    ("mean_absolute_error", Metric::MeanAbsoluteError, &[Task::Regression]),
    ("mean_squared_error", Metric::MeanSquaredError, &[Task::Regression]),
    ("root_mean_squared_error", Metric::RootMeanSquaredError, &[Task::Regression]),
];

impl Metric {
    /// The asked metric, or the task's usual one.
    pub(super) fn chosen(asked: Option<&str>, context: &Context<'_>) -> Result<Self, AnalysisError> {
        let has_probability = context.test.frame.has_probability();
        let Some(asked) = asked else {
            return Ok(match context.task {
                Task::Binary if has_probability => Self::RocAuc,
                Task::Binary | Task::Multiclass => Self::Accuracy,
                Task::Regression => Self::R2,
            });
        };
        let fits = |tasks: &[Task]| tasks.contains(&context.task);
        let known =
            || ALL.iter().filter(|(_, _, tasks)| fits(tasks)).map(|(id, ..)| *id).collect::<Vec<_>>().join(", ");
        let found = ALL.iter().find(|(id, _, tasks)| *id == asked && fits(tasks));
        let Some((_, metric, _)) = found else {
            return problem(
                "metric",
                format!("`{asked}` is not a metric of this task"),
                format!("take one of {}", known()),
            );
        };
        if metric.needs_probability() && !has_probability {
            return problem("metric", format!("`{asked}` needs probabilities and there are none"), "take accuracy");
        }
        Ok(*metric)
    }

    pub(super) fn id(self) -> &'static str {
        ALL.iter().find(|(_, metric, _)| *metric == self).map_or("", |(id, ..)| id)
    }

    pub(super) fn better(self) -> Better {
        match self {
            Self::LogLoss
            | Self::BrierScore
            | Self::MeanAbsoluteError
            | Self::MeanSquaredError
            | Self::RootMeanSquaredError => Better::Lower,
            _ => Better::Higher,
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::LogLoss => Unit::Nats,
            Self::MeanAbsoluteError | Self::RootMeanSquaredError => Unit::Target,
            Self::MeanSquaredError => Unit::TargetSquared,
            Self::R2 | Self::BrierScore => Unit::Plain,
            _ => Unit::Share,
        }
    }

    /// True where a higher number is better.
    fn is_gain(self) -> bool {
        self.better() == Better::Higher
    }

    fn needs_probability(self) -> bool {
        matches!(self, Self::RocAuc | Self::AveragePrecision | Self::LogLoss | Self::BrierScore)
    }

    /// How much worse `after` is than `before`: positive when the fit was lost.
    pub(super) fn lost(self, before: f64, after: f64) -> f64 {
        if self.is_gain() { before - after } else { after - before }
    }

    /// The number, by the definitions of the performance analysis; none where it is undefined.
    pub(super) fn of(self, scored: &Scored<'_>) -> Option<f64> {
        match self {
            Self::Accuracy | Self::BalancedAccuracy | Self::Precision | Self::Recall | Self::F1 => {
                scored.by_class(self)
            }
            Self::RocAuc | Self::AveragePrecision => scored.by_rank(self),
            Self::R2 => scored.r2(),
            Self::RootMeanSquaredError => scored.mean(|row| scored.loss(Self::MeanSquaredError, row)).map(libm::sqrt),
            Self::LogLoss | Self::BrierScore | Self::MeanAbsoluteError | Self::MeanSquaredError => {
                scored.mean(|row| scored.loss(self, row))
            }
        }
    }
}

impl Scored<'_> {
    pub(super) fn n_rows(&self) -> usize {
        self.classes.len().max(self.values.len())
    }

    fn weight_at(&self, row: usize) -> f64 {
        let is_out = self.without.is_some_and(|(fold, out)| fold.get(row) == Some(&out));
        if is_out { 0.0 } else { self.weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0)) }
    }

    fn answer(&self, row: usize, k: usize) -> f64 {
        self.answers.get(row * self.n_outputs + k).copied().unwrap_or(f64::NAN)
    }

    fn truth(&self, row: usize) -> usize {
        self.classes.get(row).map_or(0, |c| usize::from(*c))
    }

    /// The class by probability: the threshold for two, the first largest for several.
    pub(super) fn predicted(&self, row: usize) -> usize {
        if self.n_outputs == 1 {
            return usize::from(self.answer(row, 0) >= self.threshold);
        }
        let mut best = (f64::NEG_INFINITY, 0);
        for k in 0..self.n_outputs {
            if self.answer(row, k) > best.0 {
                best = (self.answer(row, k), k);
            }
        }
        best.1
    }

    fn probability_of_truth(&self, row: usize) -> f64 {
        if self.n_outputs == 1 {
            let p = self.answer(row, 0);
            return if self.truth(row) == 1 { p } else { 1.0 - p };
        }
        self.answer(row, self.truth(row))
    }

    fn loss(&self, metric: Metric, row: usize) -> f64 {
        match metric {
            Metric::LogLoss => -libm::log(self.probability_of_truth(row).clamp(f64::EPSILON, 1.0 - f64::EPSILON)),
            Metric::BrierScore if self.n_outputs == 1 => {
                let miss = 1.0 - self.probability_of_truth(row);
                miss * miss
            }
            Metric::BrierScore => (0..self.n_outputs)
                .map(|k| {
                    let miss = self.answer(row, k) - f64::from(u8::from(k == self.truth(row)));
                    miss * miss
                })
                .sum(),
            _ => {
                let error = self.answer(row, 0) - self.values.get(row).copied().unwrap_or(f64::NAN);
                if metric == Metric::MeanAbsoluteError { error.abs() } else { error * error }
            }
        }
    }

    fn mean(&self, of: impl Fn(usize) -> f64) -> Option<f64> {
        let (mut sum, mut weight) = (0.0, 0.0);
        for row in 0..self.n_rows() {
            let w = self.weight_at(row);
            sum += w * of(row);
            weight += w;
        }
        (weight > 0.0).then_some(sum / weight).filter(|x| x.is_finite())
    }

    fn by_class(&self, metric: Metric) -> Option<f64> {
        let k = self.n_classes.max(2);
        let mut cells = vec![0.0; k * k];
        for row in 0..self.n_rows() {
            if let Some(cell) = cells.get_mut(self.truth(row) * k + self.predicted(row)) {
                *cell += self.weight_at(row);
            }
        }
        let cell = |truth: usize, predicted: usize| cells.get(truth * k + predicted).copied().unwrap_or(0.0);
        let ratio = |a: f64, b: f64| (b > 0.0).then_some(a / b);
        let two = Confusion2 { tp: cell(1, 1), fp: cell(0, 1), fn_: cell(1, 0), tn: cell(0, 0) };
        match metric {
            Metric::Accuracy => ratio((0..k).map(|c| cell(c, c)).sum(), cells.iter().sum()),
            Metric::Precision => ratio(two.tp, two.tp + two.fp),
            Metric::Recall => ratio(two.tp, two.tp + two.fn_),
            Metric::F1 => ratio(2.0 * two.tp, 2.0 * two.tp + two.fp + two.fn_),
            _ => {
                let recalls = (0..k).filter_map(|c| ratio(cell(c, c), (0..k).map(|p| cell(c, p)).sum()));
                let recalls: Vec<f64> = recalls.collect();
                #[allow(clippy::cast_precision_loss, reason = "a few classes")]
                ratio(recalls.iter().sum(), recalls.len() as f64)
            }
        }
    }

    fn by_rank(&self, metric: Metric) -> Option<f64> {
        let sorted = self.sorted();
        sorted.check().ok()?;
        let (positive, negative) = (sorted.positive().weight, sorted.negative().weight);
        if positive <= 0.0 || negative <= 0.0 {
            return None;
        }
        if metric == Metric::RocAuc {
            let (mut below, mut area) = (0.0, 0.0);
            sorted.for_each_tie(|tie| {
                area += tie.positive.weight * (below + 0.5 * tie.negative.weight);
                below += tie.negative.weight;
            });
            return Some(area / (positive * negative));
        }
        // Average precision: Σ (share found at this score) · precision there, from the highest score down.
        let mut steps = Vec::new();
        sorted.for_each_tie(|tie| steps.push((tie.positive.weight, tie.negative.weight)));
        let (mut tp, mut fp, mut sum) = (0.0, 0.0, 0.0);
        for (p, n) in steps.into_iter().rev() {
            tp += p;
            fp += n;
            if p > 0.0 {
                sum += p * tp / (tp + fp);
            }
        }
        Some(sum / positive)
    }

    fn sorted(&self) -> SortedScores {
        let n = self.n_rows();
        let is_plain = self.weight.is_none() && self.without.is_none();
        let mut scores = Scores::with_room(n, !is_plain);
        let rows = (0..n).map(|row| (self.truth(row) == 1, self.answer(row, 0)));
        if is_plain {
            scores.push_rows(rows, None);
        } else {
            let weights: Vec<f64> = (0..n).map(|row| self.weight_at(row)).collect();
            scores.push_rows(rows, Some(&weights));
        }
        scores.sorted()
    }

    fn r2(&self) -> Option<f64> {
        let mean = self.mean(|row| self.values.get(row).copied().unwrap_or(f64::NAN))?;
        let spread = self.mean(|row| {
            let away = self.values.get(row).copied().unwrap_or(f64::NAN) - mean;
            away * away
        })?;
        let error = self.mean(|row| self.loss(Metric::MeanSquaredError, row))?;
        (spread > 0.0).then_some(1.0 - error / spread)
    }

    /// Loss of every row, for metrics that are a mean of one.
    pub(super) fn losses(&self, metric: Metric) -> Option<Vec<f64>> {
        match metric {
            Metric::Accuracy => {
                let of = |row: usize| f64::from(u8::from(self.truth(row) != self.predicted(row)));
                Some((0..self.n_rows()).map(of).collect())
            }
            Metric::LogLoss | Metric::BrierScore | Metric::MeanAbsoluteError | Metric::MeanSquaredError => {
                Some((0..self.n_rows()).map(|row| self.loss(metric, row)).collect())
            }
            _ => None,
        }
    }
}
