//! One of two classes: the table of metrics and what it is read from.

use equipoise_data::Frame;
use equipoise_document::{Better, Unit};
use equipoise_kernels::{
    Average, CalibrationError, CellCounts, Confidence, Confusion, Confusion2, Draws, Measured, Recalibration,
    ScoreSummary, Scores, Share, SortedScores, Undefined, calibration_error,
};

use super::metric::{Metric, Over};
use super::params::Params;

/// What is gathered of a cohort.
pub(super) struct Gathered {
    pub(super) counts: CellCounts,
    /// None where the model gives no probability.
    pub(super) scores: Option<SortedScores>,
}

/// One pass over a cohort's rows and one sort of its scores.
pub(super) fn gather(frame: &Frame, cohort: usize) -> Gathered {
    let counts = frame.reduce(
        cohort,
        || CellCounts::among(2),
        |counts, rows| {
            if let Some(predicted) = rows.predicted {
                counts.push_rows(rows.truth.classes(), predicted.classes(), rows.weight);
            }
        },
    );
    let push = |scores: &mut Scores, rows: &equipoise_data::Rows<'_>| {
        let probability = rows.probability.unwrap_or_default();
        let pairs = rows.truth.classes().iter().zip(probability).map(|(truth, p)| (*truth == 1, *p));
        scores.push_rows(pairs, rows.weight);
    };
    let n_rows = if frame.is_weighted() { 0 } else { frame.cohorts().get(cohort).map_or(0, |c| c.n) };
    let start = || Scores::for_rows(n_rows);
    // A state in bins takes ten megabytes, so there are few of them.
    let gather = || match Scores::bins(n_rows) {
        true => frame.reduce_in(4, cohort, start, push),
        false => frame.reduce(cohort, start, push),
    };
    let scores = frame.has_probability().then(|| gather().sorted());
    Gathered { counts, scores }
}

/// Everything the metrics of a cohort are read from.
pub(super) struct View {
    cells: Confusion2,
    squares: Confusion2,
    matrix: Confusion,
    matrix_squares: Confusion,
    summary: Option<ScoreSummary>,
    calibration: Option<CalibrationError>,
    recalibration: Option<Recalibration>,
    lift: Option<Measured>,
    costs: Confusion2,
    confidence: Confidence,
}

impl View {
    pub(super) fn over(gathered: &Gathered, params: &Params, confidence: Confidence, seed: u64) -> Self {
        let scores = gathered.scores.as_ref();
        Self {
            cells: gathered.counts.binary(1),
            squares: gathered.counts.binary_squares(1),
            matrix: gathered.counts.weights(),
            matrix_squares: gathered.counts.squares(),
            summary: scores.map(|s| s.summary(confidence)),
            calibration: scores.map(|s| match s.check() {
                Ok(()) => {
                    let bins = s.calibration_bins(params.calibration);
                    calibration_error(&bins, confidence, 1_000, &mut Draws::new(seed, "performance.calibration", 0))
                }
                Err(why) => {
                    let none = Measured::undefined(why);
                    CalibrationError { expected: none, maximum: none }
                }
            }),
            recalibration: scores.map(|s| s.recalibration(confidence)),
            lift: scores.map(|s| s.lift(params.lift_share, confidence)),
            costs: params.costs,
            confidence,
        }
    }

    fn share(&self, share: Share) -> Measured {
        self.cells.measure_share(share, &self.squares, self.confidence)
    }

    fn average(&self, average: Average) -> Measured {
        // With two classes a constant truth has no balanced accuracy.
        if average == Average::BalancedAccuracy
            && let Err(why) = self.cells.balanced_accuracy()
        {
            return Measured::undefined(why);
        }
        self.matrix.measure(average, &self.matrix_squares, self.confidence)
    }

    fn score(&self, pick: fn(&ScoreSummary) -> Measured) -> Measured {
        self.summary.as_ref().map_or(Measured::undefined(Undefined::NoProbability), pick)
    }

    fn recalibrated(&self, pick: fn(&Recalibration) -> Measured) -> Measured {
        self.recalibration.as_ref().map_or(Measured::undefined(Undefined::NoProbability), pick)
    }

    fn calibrated(&self, pick: fn(&CalibrationError) -> Measured) -> Measured {
        self.calibration.as_ref().map_or(Measured::undefined(Undefined::NoProbability), pick)
    }
}

/// The metrics of a yes/no prediction, one row each, in the order of reading: what most people ask for comes first.
#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric<View>> {
    use Better::{Higher, Lower, Neither, One, Zero};
    use Over::{All, Negatives, Positives, Selected, Unselected};
    let share = |id, title, says, better, over, is_headline, of: fn(&View) -> Measured| {
        Metric { id, title, says, better, unit: Unit::Share, over, is_headline, of }
    };
    let plain = |id, title, says, better, is_headline, of: fn(&View) -> Measured| {
        Metric { id, title, says, better, unit: Unit::Plain, over: All, is_headline, of }
    };
    vec![
        share("accuracy", "Accuracy", "share of rows that are predicted right", Higher, All, true, |v| v.share(Share::Accuracy)),
        share("balanced_accuracy", "Balanced accuracy", "mean of the shares of positives and of negatives that are predicted right", Higher, All, true, |v| v.average(Average::BalancedAccuracy)),
        share("roc_auc", "ROC AUC", "chance that a positive row scores higher than a negative one", Higher, All, true, |v| v.score(|s| s.roc_auc)),
        share("precision", "Precision", "share truly positive among those predicted positive", Higher, Selected, true, |v| v.share(Share::Precision)),
        share("recall", "Recall", "share found among the truly positive; also called true positive rate or sensitivity", Higher, Positives, true, |v| v.share(Share::TruePositiveRate)),
        share("f1", "F1", "harmonic mean of precision and recall", Higher, All, true, |v| v.cells.measure_f1(&v.squares, v.confidence)),
        Metric { id: "log_loss", title: "Log loss", says: "mean surprise at what really happened", better: Lower, unit: Unit::Nats, over: All, is_headline: true, of: |v| v.score(|s| s.log_loss) },
        plain("brier_score", "Brier score", "mean squared distance of probability and outcome", Lower, true, |v| v.score(|s| s.brier_score)),
        share("expected_calibration_error", "Expected calibration error", "mean distance of probability and observed share, over bins of rows", Lower, All, true, |v| v.calibrated(|c| c.expected)),
        share("average_precision", "Average precision", "precision averaged over all recalls: area under the precision-recall curve", Higher, All, false, |v| v.score(|s| s.average_precision)),
        share("selection_rate", "Selection rate", "share predicted positive", Neither, All, true, |v| v.share(Share::SelectionRate)),
        share("base_rate", "Base rate", "share truly positive", Neither, All, true, |v| v.share(Share::BaseRate)),
        share("false_positive_rate", "False positive rate", "share predicted positive among the truly negative: false alarms", Lower, Negatives, true, |v| v.share(Share::FalsePositiveRate)),
        share("false_negative_rate", "False negative rate", "share predicted negative among the truly positive: misses", Lower, Positives, true, |v| v.share(Share::FalseNegativeRate)),
        share("f2", "F2", "as F1, with recall counting twice as much as precision", Higher, All, false, |v| v.cells.measure_f_beta(2.0, &v.squares, v.confidence)),
        share("f0_5", "F0.5", "as F1, with precision counting twice as much as recall", Higher, All, false, |v| v.cells.measure_f_beta(0.5, &v.squares, v.confidence)),
        share("jaccard", "Jaccard index", "right positives among all rows that are positive in truth or prediction", Higher, All, false, |v| v.share(Share::Jaccard)),
        share("true_positive_rate", "True positive rate", "share predicted positive among the truly positive; the same as recall", Higher, Positives, false, |v| v.share(Share::TruePositiveRate)),
        share("true_negative_rate", "True negative rate", "share predicted negative among the truly negative; also called specificity", Higher, Negatives, false, |v| v.share(Share::TrueNegativeRate)),
        share("negative_predictive_value", "Negative predictive value", "share truly negative among those predicted negative", Higher, Unselected, false, |v| v.share(Share::NegativePredictiveValue)),
        share("false_discovery_rate", "False discovery rate", "share truly negative among those predicted positive", Lower, Selected, false, |v| v.share(Share::FalseDiscoveryRate)),
        share("false_omission_rate", "False omission rate", "share truly positive among those predicted negative", Lower, Unselected, false, |v| v.share(Share::FalseOmissionRate)),
        share("zero_one_loss", "Error rate", "share of rows that are predicted wrong", Lower, All, false, |v| v.share(Share::ErrorRate)),
        plain("matthews_corrcoef", "Matthews' correlation", "correlation of truth and prediction, from −1 to 1", Higher, false, |v| v.average(Average::MatthewsCorrelation)),
        plain("cohen_kappa", "Cohen's kappa", "agreement of truth and prediction beyond chance", Higher, false, |v| v.average(Average::CohenKappa)),
        Metric { id: "expected_cost", title: "Expected cost", says: "mean cost of a row by the cost of each kind of error", better: Lower, unit: Unit::Named("cost per row".into()), over: All, is_headline: false, of: |v| v.cells.measure_expected_cost(&v.costs, &v.squares, v.confidence) },
        plain("gini", "Gini", "twice the ROC AUC minus one", Higher, false, |v| v.score(|s| s.gini)),
        share("ks_statistic", "KS statistic", "largest distance between the score distributions of positives and negatives", Higher, All, false, |v| v.score(|s| s.ks_statistic)),
        plain("lift", "Lift", "share of positives among the rows with the highest scores, over the base rate", Higher, false, |v| v.lift.unwrap_or(Measured::undefined(Undefined::NoProbability))),
        share("mean_prediction", "Mean probability", "mean of the predicted probabilities", Neither, All, false, |v| v.score(|s| s.mean_prediction)),
        plain("calibration_in_the_large", "Calibration in the large", "mean probability minus base rate", Zero, false, |v| v.score(|s| s.calibration_in_the_large)),
        plain("calibration_slope", "Calibration slope", "by how much the log-odds of what happens rise when the predicted ones rise by one; below 1 the probabilities are too extreme", One, false, |v| v.recalibrated(|r| r.slope)),
        plain("calibration_intercept", "Calibration intercept", "what must be added to all predicted log-odds to be right on average; above 0 the probabilities are too low", Zero, false, |v| v.recalibrated(|r| r.intercept)),
        share("maximum_calibration_error", "Maximum calibration error", "largest distance of probability and observed share in any bin", Lower, All, false, |v| v.calibrated(|c| c.maximum)),
    ]
}
