//! One of several classes: the table of metrics and what it is read from.

use equipoise_data::Frame;
use equipoise_document::{Better, Unit};
use equipoise_kernels::{
    Average, CalibrationError, CellCounts, ClassAreas, ClassLosses, Confidence, Confusion, Draws, Measured, Merge,
    Share, SortedScores, Undefined, calibration_error,
};

use super::metric::{Metric, Over};
use super::params::Params;

/// What is gathered of a cohort.
pub(super) struct Gathered {
    pub(super) counts: CellCounts,
    pub(super) scored: Option<Scored>,
}

/// What the probabilities of a cohort's rows give.
pub(super) struct Scored {
    pub(super) losses: ClassLosses,
    pub(super) areas: ClassAreas,
    /// The highest probability of each row, with whether its class is the true one.
    pub(super) confidence: SortedScores,
}

#[derive(Default)]
struct AllRows {
    truth: Vec<u16>,
    probability: Vec<f64>,
    weight: Vec<f64>,
}

impl Merge for AllRows {
    fn merge_from(&mut self, other: Self) {
        let Self { truth, probability, weight } = other;
        self.truth.extend(truth);
        self.probability.extend(probability);
        self.weight.extend(weight);
    }
}

/// One pass over a cohort's rows and a sort for each class.
pub(super) fn gather(frame: &Frame, cohort: usize, k: usize, confidence: Confidence) -> Gathered {
    let counts = frame.reduce(
        cohort,
        || CellCounts::among(k),
        |counts, rows| {
            if let Some(predicted) = rows.predicted {
                counts.push_rows(rows.truth.classes(), predicted.classes(), rows.weight);
            }
        },
    );
    let scored = frame.has_probability().then(|| {
        let losses = frame.reduce(
            cohort,
            || ClassLosses::among(k),
            |losses, rows| {
                losses.push_rows(rows.truth.classes(), rows.probability.unwrap_or_default(), rows.weight);
            },
        );
        let areas = if cohort == 0 {
            frame.with_all(|rows| {
                ClassAreas::of(k, rows.truth.classes(), rows.probability.unwrap_or_default(), rows.weight, confidence)
            })
        } else {
            let all = frame.reduce(cohort, AllRows::default, |all, rows| {
                all.truth.extend_from_slice(rows.truth.classes());
                all.probability.extend_from_slice(rows.probability.unwrap_or_default());
                all.weight.extend_from_slice(rows.weight.unwrap_or_default());
            });
            let weight = frame.is_weighted().then_some(all.weight.as_slice());
            ClassAreas::of(k, &all.truth, &all.probability, weight, confidence)
        };
        let confidence = losses.confidence.clone().sorted();
        Scored { losses, areas, confidence }
    });
    Gathered { counts, scored }
}

/// Everything the metrics of a cohort are read from.
pub(super) struct View {
    matrix: Confusion,
    squares: Confusion,
    log_loss: Measured,
    brier_score: Measured,
    areas: Option<ClassAreas>,
    calibration: Option<CalibrationError>,
    confidence: Confidence,
}

impl View {
    pub(super) fn over(gathered: &Gathered, params: &Params, confidence: Confidence, seed: u64) -> Self {
        let none = Measured::undefined(Undefined::NoProbability);
        let scored = gathered.scored.as_ref();
        Self {
            matrix: gathered.counts.weights(),
            squares: gathered.counts.squares(),
            log_loss: scored.map_or(none, |s| s.losses.log_loss.measure(confidence)),
            brier_score: scored.map_or(none, |s| s.losses.brier_score.measure(confidence)),
            areas: scored.map(|s| s.areas.clone()),
            calibration: scored.and_then(|s| {
                s.confidence.check().ok()?;
                let bins = s.confidence.calibration_bins(params.calibration);
                Some(calibration_error(&bins, confidence, 1_000, &mut Draws::new(seed, "performance.calibration", 0)))
            }),
            confidence,
        }
    }

    fn average(&self, average: Average) -> Measured {
        self.matrix.measure(average, &self.squares, self.confidence)
    }

    fn area(&self, pick: fn(&ClassAreas) -> Measured) -> Measured {
        self.areas.as_ref().map_or(Measured::undefined(Undefined::NoProbability), pick)
    }

    fn calibrated(&self, pick: fn(&CalibrationError) -> Measured) -> Measured {
        self.calibration.as_ref().map_or(Measured::undefined(Undefined::NoProbability), pick)
    }

    /// The share of right positives of a class by its own rate.
    pub(super) fn of_class(&self, class: usize, share: Share) -> Measured {
        let (cells, squares) = (self.matrix.against_rest(class), self.squares.against_rest(class));
        cells.measure_share(share, &squares, self.confidence)
    }

    /// F1 of a class.
    pub(super) fn f1_of_class(&self, class: usize) -> Measured {
        self.matrix.against_rest(class).measure_f1(&self.squares.against_rest(class), self.confidence)
    }
}

/// The metrics of a prediction of one of several classes, one row each.
#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric<View>> {
    use Better::{Higher, Lower};
    let share = |id, title, says, better, is_headline, of: fn(&View) -> Measured| {
        Metric { id, title, says, better, unit: Unit::Share, over: Over::All, is_headline, of }
    };
    let plain = |id, title, says, better, unit, is_headline, of: fn(&View) -> Measured| {
        Metric { id, title, says, better, unit, over: Over::All, is_headline, of }
    };
    vec![
        share("accuracy", "Accuracy", "share of rows whose class is predicted right; also every micro average", Higher, true, |v| v.average(Average::Accuracy)),
        share("balanced_accuracy", "Balanced accuracy", "mean recall of the classes that occur", Higher, true, |v| v.average(Average::BalancedAccuracy)),
        share("f1_macro", "Macro F1", "mean F1 of the classes", Higher, true, |v| v.average(Average::MacroF1)),
        share("precision_macro", "Macro precision", "mean precision of the classes", Higher, true, |v| v.average(Average::MacroPrecision)),
        share("recall_macro", "Macro recall", "mean recall of the classes", Higher, true, |v| v.average(Average::MacroRecall)),
        share("f1_weighted", "Weighted F1", "F1 of the classes, weighted by how often each is true", Higher, false, |v| v.average(Average::WeightedF1)),
        share("precision_weighted", "Weighted precision", "precision of the classes, weighted by how often each is true", Higher, false, |v| v.average(Average::WeightedPrecision)),
        share("recall_weighted", "Weighted recall", "recall of the classes, weighted by how often each is true: the same as accuracy", Higher, false, |v| v.average(Average::Accuracy)),
        share("f1_micro", "Micro F1", "F1 of all decisions together: the same as accuracy", Higher, false, |v| v.average(Average::Accuracy)),
        share("precision_micro", "Micro precision", "precision of all decisions together: the same as accuracy", Higher, false, |v| v.average(Average::Accuracy)),
        share("recall_micro", "Micro recall", "recall of all decisions together: the same as accuracy", Higher, false, |v| v.average(Average::Accuracy)),
        share("f1_of_macro_averages", "F1 of macro averages", "harmonic mean of macro precision and macro recall, which some tools call macro F1", Higher, false, |v| v.average(Average::HarmonicMacroF1)),
        share("jaccard_macro", "Macro Jaccard index", "mean Jaccard index of the classes", Higher, false, |v| v.average(Average::MacroJaccard)),
        share("jaccard_weighted", "Weighted Jaccard index", "Jaccard index of the classes, weighted by how often each is true", Higher, false, |v| v.average(Average::WeightedJaccard)),
        share("jaccard_micro", "Micro Jaccard index", "Jaccard index of all decisions together", Higher, false, |v| v.average(Average::Accuracy).map(|a| a / (2.0 - a))),
        share("zero_one_loss", "Error rate", "share of rows whose class is predicted wrong", Lower, false, |v| v.average(Average::Accuracy).map_falling(|a| 1.0 - a)),
        share("hamming_loss", "Hamming loss", "share of wrong labels: with one label a row the same as the error rate", Lower, false, |v| v.average(Average::Accuracy).map_falling(|a| 1.0 - a)),
        plain("matthews_corrcoef", "Matthews' correlation", "correlation of truth and prediction, from −1 to 1", Higher, Unit::Plain, false, |v| v.average(Average::MatthewsCorrelation)),
        plain("cohen_kappa", "Cohen's kappa", "agreement of truth and prediction beyond chance", Higher, Unit::Plain, false, |v| v.average(Average::CohenKappa)),
        share("roc_auc_ovr", "ROC AUC, one against the rest", "chance that a row of a class scores higher for it than another row, mean of the classes", Higher, true, |v| v.area(|a| a.ovr_macro)),
        share("roc_auc_ovr_weighted", "ROC AUC, one against the rest, weighted", "as before, classes weighted by how often each is true", Higher, false, |v| v.area(|a| a.ovr_weighted)),
        share("roc_auc_ovo", "ROC AUC, one against one", "chance that two rows of different classes are told apart, mean of the pairs of classes", Higher, false, |v| v.area(|a| a.ovo_macro)),
        share("roc_auc_ovo_weighted", "ROC AUC, one against one, weighted", "as before, pairs weighted by how often either class is true", Higher, false, |v| v.area(|a| a.ovo_weighted)),
        share("average_precision_macro", "Macro average precision", "mean of the classes' average precisions", Higher, false, |v| v.area(|a| a.average_precision_macro)),
        plain("log_loss", "Log loss", "mean surprise at the true class", Lower, Unit::Nats, true, |v| v.log_loss),
        plain("brier_score", "Brier score", "mean over rows of the summed squared distances of probability and outcome", Lower, Unit::Plain, false, |v| v.brier_score),
        share("expected_calibration_error", "Expected calibration error", "mean distance of the highest probability and the share of right predictions, over bins of rows", Lower, true, |v| v.calibrated(|c| c.expected)),
        share("maximum_calibration_error", "Maximum calibration error", "largest such distance in any bin", Lower, false, |v| v.calibrated(|c| c.maximum)),
    ]
}
