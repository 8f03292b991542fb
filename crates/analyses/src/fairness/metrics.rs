//! One row per metric, and how it is measured for some rows.

use equipoise_document::{Better, Missing, Task, Unit};
use equipoise_kernels::{Average, Confidence, Limits, Rising, Share, kish};

use super::groups::Counted;
use super::moments::Column;
use super::params::Compat;
use crate::missing::missing;

/// A metric of a group.
#[derive(Clone, Debug)]
pub(super) struct Metric {
    /// Stable id.
    pub id: String,
    /// Title for people.
    pub title: String,
    pub better: Better,
    pub unit: Unit,
    pub of: Of,
    /// The metric whose test of "no gap" it shares (a rate and its complement ask the same question).
    pub tested_as: String,
    /// Which harm it speaks of, where findings are made of it.
    pub headline: Option<Headline>,
}

/// What a finding about a metric speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Headline {
    Allocation,
    Quality,
}

/// How a metric is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Of {
    /// Weight of some cells among more, of one class against the rest.
    Share {
        class: usize,
        share: Share,
    },
    /// F₁ of one class.
    F1 {
        class: usize,
    },
    /// Mean of recall and specificity.
    Balanced,
    /// `fn / fp`
    TreatmentRatio,
    /// A number over all classes.
    Average(Average),
    /// A mean over rows.
    Mean(Column),
    RootMeanSquaredError,
    R2,
    RocAuc,
    CalibrationError,
}

/// A number of some rows.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    pub limits: Limits,
    /// Rows that entered it.
    pub n: u64,
    /// Their effective number.
    pub n_effective: f64,
    /// Weight of its denominator, where it is a quotient of sums over rows: then the number of all rows is the mean of
    /// the groups' numbers with these weights.
    pub bottom: Option<f64>,
    /// The name of its interval's method.
    pub method: &'static str,
}

impl Measure {
    pub(super) fn value(&self) -> f64 {
        self.limits.value()
    }
}

pub(super) type Measured = Result<Measure, Missing>;

/// What of a run decides which metrics there are.
pub(super) struct Shape<'a> {
    pub task: Task,
    pub classes: &'a [String],
    pub has_probability: bool,
}

fn metric(id: &str, title: &str, better: Better, unit: Unit, of: Of) -> Metric {
    Metric { id: id.to_owned(), title: title.to_owned(), better, unit, of, tested_as: id.to_owned(), headline: None }
}

impl Metric {
    fn tested_as(mut self, id: &str) -> Self {
        id.clone_into(&mut self.tested_as);
        self
    }

    fn headline(mut self, headline: Headline) -> Self {
        self.headline = Some(headline);
        self
    }

    /// True when ratios of it mean something: it is never negative.
    pub(super) fn has_ratio(&self) -> bool {
        !matches!(self.of, Of::R2 | Of::Mean(Column::Error))
    }
}

/// The metrics of a run, in the order of tables.
pub(super) fn metrics(shape: &Shape<'_>) -> Vec<Metric> {
    match shape.task {
        Task::Binary => binary(shape.has_probability),
        Task::Multiclass => multiclass(shape.classes),
        Task::Regression => regression(),
    }
}

fn binary(has_probability: bool) -> Vec<Metric> {
    use Headline::{Allocation, Quality};
    let rate = |id, title, better, share| metric(id, title, better, Unit::Share, Of::Share { class: 1, share });
    let mut all = vec![
        rate("selection_rate", "Selection rate", Better::Neither, Share::SelectionRate).headline(Allocation),
        rate("base_rate", "Base rate", Better::Neither, Share::BaseRate),
        rate("accuracy", "Accuracy", Better::Higher, Share::Accuracy).headline(Quality),
        rate("zero_one_loss", "Error rate", Better::Lower, Share::ErrorRate).tested_as("accuracy"),
        metric("balanced_accuracy", "Balanced accuracy", Better::Higher, Unit::Share, Of::Balanced),
        rate("true_positive_rate", "True positive rate", Better::Higher, Share::TruePositiveRate).headline(Allocation),
        rate("false_negative_rate", "False negative rate", Better::Lower, Share::FalseNegativeRate)
            .tested_as("true_positive_rate"),
        rate("false_positive_rate", "False positive rate", Better::Lower, Share::FalsePositiveRate)
            .headline(Allocation),
        rate("true_negative_rate", "True negative rate", Better::Higher, Share::TrueNegativeRate)
            .tested_as("false_positive_rate"),
        rate("precision", "Precision", Better::Higher, Share::Precision).headline(Quality),
        rate("false_discovery_rate", "False discovery rate", Better::Lower, Share::FalseDiscoveryRate)
            .tested_as("precision"),
        rate("negative_predictive_value", "Negative predictive value", Better::Higher, Share::NegativePredictiveValue),
        rate("false_omission_rate", "False omission rate", Better::Lower, Share::FalseOmissionRate)
            .tested_as("negative_predictive_value"),
        metric("f1", "F1", Better::Higher, Unit::Share, Of::F1 { class: 1 }),
        metric(
            "treatment_equality",
            "False negatives per false positive",
            Better::Neither,
            Unit::Plain,
            Of::TreatmentRatio,
        ),
    ];
    if has_probability {
        all.extend([
            metric("mean_prediction", "Mean prediction", Better::Neither, Unit::Share, Of::Mean(Column::Prediction)),
            metric("roc_auc", "ROC AUC", Better::Higher, Unit::Share, Of::RocAuc).headline(Quality),
            metric("brier_score", "Brier score", Better::Lower, Unit::Plain, Of::Mean(Column::SquaredError)),
            metric("log_loss", "Log loss", Better::Lower, Unit::Nats, Of::Mean(Column::Loss)),
            metric("expected_calibration_error", "Calibration error", Better::Lower, Unit::Share, Of::CalibrationError),
        ]);
    }
    all
}

fn multiclass(classes: &[String]) -> Vec<Metric> {
    let average = |id, title, of| metric(id, title, Better::Higher, Unit::Share, Of::Average(of));
    let mut all = vec![
        average("accuracy", "Accuracy", Average::Accuracy).headline(Headline::Quality),
        average("balanced_accuracy", "Balanced accuracy", Average::BalancedAccuracy).headline(Headline::Quality),
        average("precision_macro", "Macro precision", Average::MacroPrecision),
        average("recall_macro", "Macro recall", Average::MacroRecall),
        average("f1_macro", "Macro F1", Average::MacroF1).headline(Headline::Quality),
    ];
    for (class, name) in classes.iter().enumerate() {
        let at = class_suffix(classes, class);
        let rate = |id: &str, title: &str, better, share| {
            metric(
                &format!("{id}@{at}"),
                &format!("{title} of {name}"),
                better,
                Unit::Share,
                Of::Share { class, share },
            )
        };
        all.push(
            rate("selection_rate", "Selection rate", Better::Neither, Share::SelectionRate)
                .headline(Headline::Allocation),
        );
        all.push(rate("true_positive_rate", "True positive rate", Better::Higher, Share::TruePositiveRate));
        all.push(rate("false_positive_rate", "False positive rate", Better::Lower, Share::FalsePositiveRate));
    }
    all
}

/// The class's name in letters that ids may have; its number where two names would be the same.
pub(super) fn class_suffix(classes: &[String], class: usize) -> String {
    let plain = |name: &String| -> String {
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    };
    let mine = classes.get(class).map(plain).unwrap_or_default();
    let is_taken = classes.iter().enumerate().any(|(other, name)| other != class && plain(name) == mine);
    if mine.is_empty() || is_taken { class.to_string() } else { mine }
}

fn regression() -> Vec<Metric> {
    let mean = |id, title, better, unit, column| metric(id, title, better, unit, Of::Mean(column));
    vec![
        mean("mean_prediction", "Mean prediction", Better::Neither, Unit::Target, Column::Prediction)
            .headline(Headline::Allocation),
        mean("mean_error", "Mean error", Better::Zero, Unit::Target, Column::Error).headline(Headline::Quality),
        mean("mean_absolute_error", "Mean absolute error", Better::Lower, Unit::Target, Column::Loss)
            .headline(Headline::Quality),
        mean("mean_squared_error", "Mean squared error", Better::Lower, Unit::TargetSquared, Column::SquaredError),
        metric(
            "root_mean_squared_error",
            "Root mean squared error",
            Better::Lower,
            Unit::Target,
            Of::RootMeanSquaredError,
        )
        .tested_as("mean_squared_error"),
        metric("r2", "R²", Better::Higher, Unit::Plain, Of::R2),
        mean("overprediction", "Overprediction", Better::Lower, Unit::Target, Column::Over),
        mean("underprediction", "Underprediction", Better::Lower, Unit::Target, Column::Under),
    ]
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of rows")]
fn whole(x: f64) -> u64 {
    x.round() as u64
}

/// Measures a metric of some rows.
pub(super) fn measure(of: Of, counted: &Counted, compat: Option<Compat>) -> Measured {
    let measured = plainly(of, counted);
    match (compat, &measured) {
        (Some(Compat::Fairlearn), Err(why)) if counted.rows() > 0 => as_fairlearn(of, counted, *why),
        _ => measured,
    }
}

fn plainly(of: Of, counted: &Counted) -> Measured {
    let rows = counted.rows();
    if rows == 0 {
        return Err(Missing::Empty);
    }
    if counted.weight() <= 0.0 {
        return Err(Missing::ZeroWeight);
    }
    let n_effective = counted.n_effective();
    let from_rows =
        |limits: Limits, bottom: Option<f64>, method| Ok(Measure { limits, n: rows, n_effective, bottom, method });
    match of {
        Of::Share { class, share } => share_of(counted, class, share),
        Of::F1 { class } => {
            let jaccard = share_of(counted, class, Share::Jaccard)?;
            let [cells, ..] = counted.against_rest(class);
            let bottom = Some(2.0 * cells.tp + cells.fp + cells.fn_);
            let limits = Limits::Through(Rising::F1OfJaccard, Box::new(jaccard.limits));
            Ok(Measure { limits, bottom, method: "wilson_transformed", ..jaccard })
        }
        Of::Balanced => {
            let recall = share_of(counted, 1, Share::TruePositiveRate).map_err(|_| Missing::OneClass)?;
            let specificity = share_of(counted, 1, Share::TrueNegativeRate).map_err(|_| Missing::OneClass)?;
            from_rows(Limits::Sum(vec![(0.5, recall.limits), (0.5, specificity.limits)]), None, "mover_wilson")
        }
        Of::TreatmentRatio => {
            let [cells, squares, n] = counted.against_rest(1);
            if cells.fp <= 0.0 {
                return Err(Missing::ZeroDenominator);
            }
            let wrong = cells.fp + cells.fn_;
            let n_effective = kish(wrong, squares.fp + squares.fn_);
            let limits = Limits::Share { share: cells.fn_ / wrong, n: n_effective };
            let limits = Limits::Through(Rising::Odds, Box::new(limits));
            Ok(Measure {
                limits,
                n: whole(n.fp + n.fn_),
                n_effective,
                bottom: Some(cells.fp),
                method: "wilson_transformed",
            })
        }
        Of::Average(average) => {
            let measured = counted.weights().measure(average, &counted.squares(), Confidence::at(0.95));
            let value = measured.value.map_err(missing)?;
            if average == Average::Accuracy {
                return from_rows(Limits::Share { share: value, n: n_effective }, Some(counted.weight()), "wilson");
            }
            // The interval's width on the logit gives back the standard error it was made from.
            let se = measured.ends.map_or(0.0, |ends| (ends.high - ends.low) / (2.0 * Confidence::at(0.95).z()));
            from_rows(Limits::Unit { value, se, n: n_effective }, None, "delta_logit")
        }
        Of::Mean(column) => {
            let moments = counted.moments.as_ref().ok_or(Missing::NoProbability)?;
            let limits = moments.mean(column, counted.n_classes < 2)?;
            from_rows(limits, Some(counted.weight()), "student")
        }
        Of::RootMeanSquaredError => {
            let moments = counted.moments.as_ref().ok_or(Missing::NoProbability)?;
            from_rows(moments.root_mean_squared_error()?, None, "student")
        }
        Of::R2 => {
            let moments = counted.moments.as_ref().ok_or(Missing::NoProbability)?;
            from_rows(moments.r2()?, None, "influence_function")
        }
        Of::RocAuc => {
            let auc = counted.auc.as_ref().ok_or(Missing::NoProbability)?;
            let (value, se, n) = auc.area()?;
            from_rows(Limits::Unit { value, se, n }, None, "delong")
        }
        Of::CalibrationError => {
            let moments = counted.moments.as_ref().ok_or(Missing::NoProbability)?;
            let (value, se) = calibration_error(moments.bins.as_deref().ok_or(Missing::NoProbability)?)?;
            from_rows(Limits::Mean { mean: value, se, df: f64::INFINITY }, None, "normal")
        }
    }
}

fn share_of(counted: &Counted, class: usize, share: Share) -> Measured {
    let [cells, squares, rows] = counted.against_rest(class);
    let value = cells.share(share).map_err(missing)?;
    let bottom = share.bottom(&cells);
    let n_effective = kish(bottom, share.bottom(&squares));
    let limits = Limits::Share { share: value, n: n_effective };
    Ok(Measure { limits, n: whole(share.bottom(&rows)), n_effective, bottom: Some(bottom), method: "wilson" })
}

/// fairlearn 0.15 answers 0 for a rate over nothing, and scikit-learn takes balanced accuracy over the classes there are.
fn as_fairlearn(of: Of, counted: &Counted, why: Missing) -> Measured {
    let zero = |value: f64| Measure {
        limits: Limits::Mean { mean: value, se: 0.0, df: 0.0 },
        n: 0,
        n_effective: 0.0,
        bottom: None,
        method: "",
    };
    match (of, why) {
        (Of::Share { .. } | Of::F1 { .. }, Missing::NoPositives | Missing::NoNegatives | Missing::NoSelected) => {
            Ok(zero(0.0))
        }
        (Of::F1 { .. }, Missing::ZeroDenominator) => Ok(zero(0.0)),
        (Of::Balanced, Missing::OneClass) => share_of(counted, 1, Share::TruePositiveRate)
            .or_else(|_| share_of(counted, 1, Share::TrueNegativeRate))
            .map(|m| zero(m.value())),
        _ => Err(why),
    }
}

/// `Σ |Σ w·p − Σ w·y| / Σ w` over ten bins, and its standard error given the scores: signs of the bins' gaps are taken
/// as they are, which leaves `√(Σ w²·ȳ(1 − ȳ))` of each bin.
fn calibration_error(bins: &[[f64; 4]; 10]) -> Result<(f64, f64), Missing> {
    let total: f64 = bins.iter().map(|[w, ..]| w).sum();
    if total <= 0.0 {
        return Err(Missing::Empty);
    }
    let error: f64 = bins.iter().map(|[_, p, y, _]| (p - y).abs()).sum();
    let variance: f64 =
        bins.iter().filter(|[w, ..]| *w > 0.0).map(|[w, _, y, squares]| squares * (y / w) * (1.0 - y / w)).sum();
    Ok((error / total, variance.max(0.0).sqrt() / total))
}
