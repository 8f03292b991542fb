//! Metrics of labels: one row per metric, and how it is read from counts of truth and prediction.

use equipoise_document::Task;
use equipoise_kernels::{Average, Confusion, Share, Undefined};

/// A number that is a function of counts of truth and prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Label {
    /// A rate of one class against the rest.
    Share { class: usize, share: Share },
    /// `F_β` of the second class.
    FBeta(f64),
    /// Balanced accuracy of two classes: undefined unless both occur.
    Balanced,
    /// `fn / fp` of the second class.
    TreatmentRatio,
    /// A number over all classes.
    Average(Average),
    /// Share of wrong labels.
    ErrorRate,
    /// `a / (2 − a)` with the accuracy `a`.
    MicroJaccard,
}

/// The metric of this name in this section, where it is one of labels.
pub(super) fn find(section: &str, metric: &str, task: Task, classes: &[String]) -> Option<Label> {
    match (section, task) {
        ("performance" | "fairness", Task::Binary) => binary(section, metric),
        ("performance" | "fairness", Task::Multiclass) => multiclass(metric, classes),
        _ => None,
    }
}

fn binary(section: &str, metric: &str) -> Option<Label> {
    let rate = |share| Some(Label::Share { class: 1, share });
    match metric {
        "accuracy" => rate(Share::Accuracy),
        "zero_one_loss" | "error_rate_parity" => rate(Share::ErrorRate),
        "selection_rate" | "demographic_parity" => rate(Share::SelectionRate),
        "base_rate" => rate(Share::BaseRate),
        "true_positive_rate" | "recall" | "equal_opportunity" => rate(Share::TruePositiveRate),
        "false_negative_rate" => rate(Share::FalseNegativeRate),
        "false_positive_rate" | "predictive_equality" => rate(Share::FalsePositiveRate),
        "true_negative_rate" => rate(Share::TrueNegativeRate),
        "precision" | "predictive_parity" => rate(Share::Precision),
        "false_discovery_rate" => rate(Share::FalseDiscoveryRate),
        "negative_predictive_value" => rate(Share::NegativePredictiveValue),
        "false_omission_rate" => rate(Share::FalseOmissionRate),
        "jaccard" => rate(Share::Jaccard),
        "balanced_accuracy" => Some(Label::Balanced),
        "f1" => Some(Label::FBeta(1.0)),
        "f2" => Some(Label::FBeta(2.0)),
        "f0_5" => Some(Label::FBeta(0.5)),
        "matthews_corrcoef" => Some(Label::Average(Average::MatthewsCorrelation)),
        "cohen_kappa" => Some(Label::Average(Average::CohenKappa)),
        "treatment_equality" if section == "fairness" => Some(Label::TreatmentRatio),
        _ => None,
    }
}

fn multiclass(metric: &str, classes: &[String]) -> Option<Label> {
    if let Some((rate, suffix)) = metric.split_once('@') {
        let class = (0..classes.len()).find(|class| class_suffix(classes, *class) == suffix)?;
        let share = match rate {
            "selection_rate" => Share::SelectionRate,
            "true_positive_rate" => Share::TruePositiveRate,
            "false_positive_rate" => Share::FalsePositiveRate,
            _ => return None,
        };
        return Some(Label::Share { class, share });
    }
    Some(match metric {
        "accuracy" | "recall_weighted" | "f1_micro" | "precision_micro" | "recall_micro" => {
            Label::Average(Average::Accuracy)
        }
        "balanced_accuracy" => Label::Average(Average::BalancedAccuracy),
        "f1_macro" => Label::Average(Average::MacroF1),
        "precision_macro" => Label::Average(Average::MacroPrecision),
        "recall_macro" => Label::Average(Average::MacroRecall),
        "f1_weighted" => Label::Average(Average::WeightedF1),
        "precision_weighted" => Label::Average(Average::WeightedPrecision),
        "f1_of_macro_averages" => Label::Average(Average::HarmonicMacroF1),
        "jaccard_macro" => Label::Average(Average::MacroJaccard),
        "jaccard_weighted" => Label::Average(Average::WeightedJaccard),
        "jaccard_micro" => Label::MicroJaccard,
        "zero_one_loss" | "hamming_loss" => Label::ErrorRate,
        "matthews_corrcoef" => Label::Average(Average::MatthewsCorrelation),
        "cohen_kappa" => Label::Average(Average::CohenKappa),
        _ => return None,
    })
}

/// A class as ids spell it: other letters than those of ids become `_`; its number where two would be the same.
fn class_suffix(classes: &[String], class: usize) -> String {
    let plain = |name: &String| -> String {
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    };
    let mine = classes.get(class).map(plain).unwrap_or_default();
    let is_taken = classes.iter().enumerate().any(|(other, name)| other != class && plain(name) == mine);
    if mine.is_empty() || is_taken { class.to_string() } else { mine }
}

impl Label {
    /// The number; NaN where it is undefined.
    pub(super) fn of(self, counts: &Confusion) -> f64 {
        let value = match self {
            Self::Share { class, share } => counts.against_rest(class).share(share),
            Self::FBeta(beta) => counts.against_rest(1).f_beta(beta),
            Self::Balanced => counts.against_rest(1).balanced_accuracy(),
            Self::TreatmentRatio => {
                let cells = counts.against_rest(1);
                equipoise_kernels::ratio(cells.fn_, cells.fp, Undefined::ZeroDenominator)
            }
            Self::Average(average) => counts.average(average),
            Self::ErrorRate => counts.average(Average::Accuracy).map(|a| 1.0 - a),
            Self::MicroJaccard => counts.average(Average::Accuracy).map(|a| a / (2.0 - a)),
        };
        value.unwrap_or(f64::NAN)
    }

    /// For shares whose denominator no prediction changes: whether a row is counted in the numerator, and none for a row
    /// that is not in the denominator. The outer `Option` is none for any other number.
    pub(super) fn mark(self, truth: usize, predicted: usize) -> Option<Option<bool>> {
        match self {
            Self::Share { class, share } => {
                let (y, d) = (truth == class, predicted == class);
                match share {
                    Share::Accuracy => Some(Some(y == d)),
                    Share::ErrorRate => Some(Some(y != d)),
                    Share::SelectionRate => Some(Some(d)),
                    Share::BaseRate => Some(Some(y)),
                    Share::TruePositiveRate => Some(y.then_some(d)),
                    Share::FalseNegativeRate => Some(y.then_some(!d)),
                    Share::FalsePositiveRate => Some((!y).then_some(d)),
                    Share::TrueNegativeRate => Some((!y).then_some(!d)),
                    Share::Precision
                    | Share::FalseDiscoveryRate
                    | Share::NegativePredictiveValue
                    | Share::FalseOmissionRate
                    | Share::Jaccard => None,
                }
            }
            Self::Average(Average::Accuracy) => Some(Some(truth == predicted)),
            Self::ErrorRate => Some(Some(truth != predicted)),
            Self::FBeta(_) | Self::Balanced | Self::TreatmentRatio | Self::Average(_) | Self::MicroJaccard => None,
        }
    }
}
