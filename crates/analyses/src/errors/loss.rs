//! What a row is judged by.

use equipoise_data::{Frame, Rows};
use equipoise_document::{Better, Task, Unit};
use equipoise_kernels::{Losses, Merge};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mask::RowMask;

/// The loss of a row; what is analysed is its mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// 1 for a wrong class, 0 for the right one: its mean is the error rate.
    ZeroOne,
    /// 1 for a false alarm, among the truly negative rows: its mean is the false positive rate.
    FalsePositive,
    /// 1 for a miss, among the truly positive rows: its mean is the false negative rate.
    FalseNegative,
    /// Minus the logarithm of the probability given to the true class.
    LogLoss,
    /// Size of the error of a number.
    Absolute,
    /// Square of the error of a number.
    Squared,
}

impl LossKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::ZeroOne, Self::FalsePositive, Self::FalseNegative, Self::LogLoss, Self::Absolute, Self::Squared];

    /// The usual one of a task.
    #[must_use]
    pub fn usual(task: Task) -> Self {
        if task == Task::Regression { Self::Absolute } else { Self::ZeroOne }
    }

    /// Name as a parameter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ZeroOne => "zero_one",
            Self::FalsePositive => "false_positive",
            Self::FalseNegative => "false_negative",
            Self::LogLoss => "log_loss",
            Self::Absolute => "absolute",
            Self::Squared => "squared",
        }
    }

    /// Whether it exists for a task.
    #[must_use]
    pub fn fits(self, task: Task) -> bool {
        match self {
            Self::ZeroOne | Self::LogLoss => task != Task::Regression,
            Self::FalsePositive | Self::FalseNegative => task == Task::Binary,
            Self::Absolute | Self::Squared => task == Task::Regression,
        }
    }

    /// Id of its mean.
    #[must_use]
    pub fn metric(self) -> &'static str {
        match self {
            Self::ZeroOne => "error_rate",
            Self::FalsePositive => "false_positive_rate",
            Self::FalseNegative => "false_negative_rate",
            Self::LogLoss => "log_loss",
            Self::Absolute => "mean_absolute_error",
            Self::Squared => "mean_squared_error",
        }
    }

    /// Title of its mean.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ZeroOne => "Error rate",
            Self::FalsePositive => "False positive rate",
            Self::FalseNegative => "False negative rate",
            Self::LogLoss => "Log loss",
            Self::Absolute => "Mean absolute error",
            Self::Squared => "Mean squared error",
        }
    }

    /// Whether its mean is a share of rows.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(self, Self::ZeroOne | Self::FalsePositive | Self::FalseNegative)
    }

    /// Unit of its mean.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::ZeroOne | Self::FalsePositive | Self::FalseNegative => Unit::Share,
            Self::Absolute => Unit::Target,
            Self::LogLoss => Unit::Nats,
            Self::Squared => Unit::TargetSquared,
        }
    }

    /// Less of any loss is better.
    #[must_use]
    pub fn better(self) -> Better {
        Better::Lower
    }
}

/// What is kept of every row's prediction.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    /// Counted errors; empty for other losses.
    pub(super) flags: Vec<u8>,
    /// Losses that are not counted.
    pub(super) values: Vec<f64>,
    /// `2·truth + prediction` of two classes.
    pub(super) outcome: Vec<u8>,
    /// Truth and prediction of several classes.
    pub(super) classes: Vec<[u16; 2]>,
    /// Prediction minus truth of numbers.
    pub(super) error: Vec<f64>,
    pub(super) weight: Vec<f64>,
}

impl Merge for Judged {
    fn merge_from(&mut self, other: Self) {
        let Self { flags, values, outcome, classes, error, weight } = other;
        self.flags.extend(flags);
        self.values.extend(values);
        self.outcome.extend(outcome);
        self.classes.extend(classes);
        self.error.extend(error);
        self.weight.extend(weight);
    }
}

/// Probabilities are kept this far from 0, as scikit-learn does for 64-bit numbers.
const LEAST_PROBABILITY: f64 = f64::EPSILON;

impl Judged {
    /// Takes in rows of a frame.
    pub(super) fn push(&mut self, kind: LossKind, frame: &Frame, rows: &Rows<'_>) {
        self.weight.extend(rows.weight.into_iter().flatten());
        let Some(predicted) = rows.predicted else { return };
        let classes = || rows.truth.classes().iter().zip(predicted.classes());
        if frame.task == Task::Binary {
            let code = |(truth, predicted): (&u16, &u16)| u8::from(*truth == 1) * 2 + u8::from(*predicted == 1);
            self.outcome.extend(classes().map(code));
        }
        if frame.task == Task::Multiclass {
            self.classes.extend(classes().map(|(truth, predicted)| [*truth, *predicted]));
        }
        let errors = rows.truth.values().iter().zip(predicted.values()).map(|(truth, predicted)| predicted - truth);
        let before = self.error.len();
        self.error.extend(errors);
        let own = self.error.get(before..).unwrap_or_default();
        match kind {
            LossKind::ZeroOne | LossKind::FalsePositive | LossKind::FalseNegative => {
                self.flags.extend(classes().map(|(truth, predicted)| u8::from(truth != predicted)));
            }
            LossKind::Absolute => self.values.extend(own.iter().map(|e| e.abs())),
            LossKind::Squared => self.values.extend(own.iter().map(|e| e * e)),
            LossKind::LogLoss => self.values.extend(log_losses(frame, rows)),
        }
    }

    /// The losses as kernels take them.
    pub(super) fn losses(&self) -> Losses<'_> {
        if self.values.is_empty() { Losses::Flags(&self.flags) } else { Losses::Values(&self.values) }
    }

    /// The rows a loss speaks of: the truly negative ones for false alarms, the truly positive ones for misses, and in
    /// any case those whose loss is a finite number.
    pub(super) fn eligible(&self, kind: LossKind, n_rows: usize) -> RowMask {
        let truth = |row: usize| self.outcome.get(row).is_some_and(|o| *o >= 2);
        let is_finite = |row: usize| self.values.get(row).is_none_or(|v| v.is_finite());
        match kind {
            LossKind::FalsePositive => RowMask::over(n_rows, |row| !truth(row)),
            LossKind::FalseNegative => RowMask::over(n_rows, truth),
            LossKind::ZeroOne | LossKind::LogLoss | LossKind::Absolute | LossKind::Squared => {
                RowMask::over(n_rows, is_finite)
            }
        }
    }
}

fn log_losses(frame: &Frame, rows: &Rows<'_>) -> Vec<f64> {
    let Some(probability) = rows.probability else { return vec![f64::NAN; rows.len()] };
    let loss = |p: f64| if p.is_nan() { f64::NAN } else { -libm::log(p.clamp(LEAST_PROBABILITY, 1.0)) };
    let width = frame.probability_width();
    let truth = rows.truth.classes().iter();
    if width == 1 {
        truth.zip(probability).map(|(truth, p)| loss(if *truth == 1 { *p } else { 1.0 - p })).collect()
    } else {
        truth
            .zip(probability.chunks_exact(width.max(1)))
            .map(|(truth, p)| loss(p.get(usize::from(*truth)).copied().unwrap_or(f64::NAN)))
            .collect()
    }
}
