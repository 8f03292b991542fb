//! What a heat map can show of the rows of a cell.

use equipoise_document::{Better, Task, Unit};
use equipoise_kernels::{Average, Confidence, Confusion, Confusion2, LossSums, Measured, Share, Undefined};

use super::loss::LossKind;

/// A metric of some rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A rate of a decision between two classes.
    Share(Share),
    /// F₁ of the positive class.
    F1,
    /// Share of right classes among several.
    Accuracy,
    /// A number over several classes, by its id.
    Classes(&'static str, Average),
    /// Mean of the chosen loss.
    MeanLoss(LossKind),
    /// Mean of prediction minus truth.
    MeanError,
    /// Mean size of the error.
    MeanAbsoluteError,
    /// Mean square of the error.
    MeanSquaredError,
    /// Square root of it.
    RootMeanSquaredError,
}

/// Numbers over several classes. Every row has one class and one prediction, so that each micro average is the accuracy.
const OF_CLASSES: [Metric; 7] = [
    Metric::Classes("balanced_accuracy", Average::BalancedAccuracy),
    Metric::Classes("precision_macro", Average::MacroPrecision),
    Metric::Classes("recall_macro", Average::MacroRecall),
    Metric::Classes("f1_macro", Average::MacroF1),
    Metric::Classes("precision_micro", Average::Accuracy),
    Metric::Classes("recall_micro", Average::Accuracy),
    Metric::Classes("f1_micro", Average::Accuracy),
];

/// What is known of the rows of a cell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CellState {
    /// The chosen loss.
    pub(super) loss: LossSums,
    /// Decisions between two classes.
    pub(super) cells: Confusion2,
    pub(super) squares: Confusion2,
    /// The error of numbers, its size and its square.
    pub(super) error: [LossSums; 3],
}

impl Metric {
    /// The mean of a loss.
    #[must_use]
    pub fn of_loss(kind: LossKind) -> Self {
        Self::MeanLoss(kind)
    }

    /// Those that a heat map of a task can show when rows are judged by a loss.
    #[must_use]
    pub fn known(task: Task, loss: LossKind) -> Vec<Self> {
        let mut known = vec![Self::MeanLoss(loss)];
        match task {
            Task::Binary => {
                known.extend(Share::ALL.map(Self::Share));
                known.push(Self::F1);
            }
            Task::Multiclass if loss == LossKind::ZeroOne => {
                known.push(Self::Accuracy);
                known.extend(OF_CLASSES);
            }
            Task::Multiclass => {}
            Task::Regression => known.extend([
                Self::MeanError,
                Self::MeanAbsoluteError,
                Self::MeanSquaredError,
                Self::RootMeanSquaredError,
            ]),
        }
        known
    }

    /// Id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Share(share) => match share {
                Share::Accuracy => "accuracy",
                Share::ErrorRate => "error_rate",
                Share::SelectionRate => "selection_rate",
                Share::BaseRate => "base_rate",
                Share::TruePositiveRate => "recall",
                Share::FalseNegativeRate => "false_negative_rate",
                Share::FalsePositiveRate => "false_positive_rate",
                Share::TrueNegativeRate => "true_negative_rate",
                Share::Precision => "precision",
                Share::FalseDiscoveryRate => "false_discovery_rate",
                Share::NegativePredictiveValue => "negative_predictive_value",
                Share::FalseOmissionRate => "false_omission_rate",
                Share::Jaccard => "jaccard",
            },
            Self::F1 => "f1",
            Self::Accuracy => "accuracy",
            Self::Classes(id, _) => id,
            Self::MeanLoss(kind) => kind.metric(),
            Self::MeanError => "mean_error",
            Self::MeanAbsoluteError => "mean_absolute_error",
            Self::MeanSquaredError => "mean_squared_error",
            Self::RootMeanSquaredError => "root_mean_squared_error",
        }
    }

    /// Title for people.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::F1 => "F1".to_owned(),
            Self::MeanLoss(kind) => kind.title().to_owned(),
            Self::Classes(id, _) if id.ends_with("cro") => {
                let (what, average) = id.split_once('_').unwrap_or((id, ""));
                let what = if what == "f1" { "F1" } else { what };
                format!("{} {what}", if average == "macro" { "Macro" } else { "Micro" })
            }
            other => {
                let words = other.id().replace('_', " ");
                let mut chars = words.chars();
                chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
            }
        }
    }

    /// Unit.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::Share(_) | Self::Accuracy => Unit::Share,
            Self::Classes(_, Average::Accuracy | Average::BalancedAccuracy) => Unit::Share,
            Self::F1 | Self::Classes(..) => Unit::Plain,
            Self::MeanSquaredError => Unit::TargetSquared,
            Self::MeanLoss(kind) => kind.unit(),
            Self::MeanError | Self::MeanAbsoluteError | Self::RootMeanSquaredError => Unit::Target,
        }
    }

    /// Which way is better.
    #[must_use]
    pub fn better(self) -> Better {
        match self {
            Self::Share(share) => match share {
                Share::Accuracy
                | Share::TruePositiveRate
                | Share::TrueNegativeRate
                | Share::Precision
                | Share::NegativePredictiveValue
                | Share::Jaccard => Better::Higher,
                Share::SelectionRate | Share::BaseRate => Better::Neither,
                Share::ErrorRate
                | Share::FalseNegativeRate
                | Share::FalsePositiveRate
                | Share::FalseDiscoveryRate
                | Share::FalseOmissionRate => Better::Lower,
            },
            Self::F1 | Self::Accuracy | Self::Classes(..) => Better::Higher,
            Self::MeanError => Better::Zero,
            Self::MeanLoss(_) | Self::MeanAbsoluteError | Self::MeanSquaredError | Self::RootMeanSquaredError => {
                Better::Lower
            }
        }
    }

    /// Its value over a cell's rows, with its interval; `classes` are weights and squared weights by truth and prediction,
    /// where several classes are asked for.
    pub(super) fn measure(
        self,
        state: &CellState,
        classes: Option<&[Confusion; 2]>,
        confidence: Confidence,
    ) -> Measured {
        let [error, size, square] = &state.error;
        match self {
            Self::Classes(_, average) => match classes {
                Some([weights, squares]) => weights.measure(average, squares, confidence),
                None => Measured::undefined(Undefined::Empty),
            },
            Self::Share(share) => state.cells.measure_share(share, &state.squares, confidence),
            Self::F1 => state.cells.measure_f1(&state.squares, confidence),
            Self::Accuracy => state.loss.measure(true, confidence).map_falling(|x| 1.0 - x),
            Self::MeanLoss(kind) => state.loss.measure(kind.is_share(), confidence),
            Self::MeanError => error.measure(false, confidence),
            Self::MeanAbsoluteError => size.measure(false, confidence),
            Self::MeanSquaredError => square.measure(false, confidence),
            Self::RootMeanSquaredError => square.measure(false, confidence).map(|x| libm::sqrt(x.max(0.0))),
        }
    }
}
