//! Numbers: the table of metrics and what it is read from.

use equipoise_data::{Frame, Rows};
use equipoise_document::{Better, Unit};
use equipoise_kernels::{
    Centres, Confidence, Measured, Numbers, Ordered, RegressionInfluence, RegressionSpread, RegressionSums,
};

use super::metric::{Metric, Over};
use super::params::Params;

/// What three passes and a sort find in a cohort.
pub(super) struct Gathered {
    pub(super) sums: RegressionSums,
    spread: RegressionSpread,
    influence: RegressionInfluence,
    /// `prediction − truth`, in order.
    pub(super) errors: Ordered,
    absolute: Ordered,
}

fn values<'a>(rows: &Rows<'a>) -> (&'a [f64], &'a [f64]) {
    (rows.truth.values(), rows.predicted.map_or(&[], |p| p.values()))
}

/// Three passes over a cohort's rows and one sort of its errors.
pub(super) fn gather(frame: &Frame, cohort: usize, params: &Params) -> Gathered {
    let sums = frame.reduce(
        cohort,
        || RegressionSums::with_quantiles(&params.quantiles),
        |sums, rows| {
            let (truth, predicted) = values(rows);
            sums.push_rows(truth, predicted, rows.weight);
        },
    );
    let centres =
        Centres { truth: sums.truth.value().unwrap_or(0.0), prediction: sums.prediction.value().unwrap_or(0.0) };
    let spread = frame.reduce(cohort, RegressionSpread::default, |spread, rows| {
        let (truth, predicted) = values(rows);
        spread.push_rows(centres, truth, predicted, rows.weight);
    });
    let influence = frame.reduce(cohort, RegressionInfluence::default, |influence, rows| {
        let (truth, predicted) = values(rows);
        influence.push_rows(centres, &spread, truth, predicted, rows.weight);
    });
    let errors = frame
        .reduce(cohort, Numbers::default, |numbers, rows| {
            let (truth, predicted) = values(rows);
            numbers.push_all(truth.iter().zip(predicted).map(|(y, p)| p - y), rows.weight);
        })
        .sorted();
    let absolute = errors.magnitudes();
    Gathered { sums, spread, influence, errors, absolute }
}

/// Everything the metrics of a cohort are read from.
pub(super) struct View {
    pub(super) gathered: Gathered,
    pub(super) confidence: Confidence,
}

/// The metrics of a predicted number, one row each; pinball losses come beside them.
#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric<View>> {
    use Better::{Higher, Lower, Neither, Zero};
    let row = |id, title, says, better, unit, is_headline, of: fn(&View) -> Measured| {
        Metric { id, title, says, better, unit, over: Over::All, is_headline, of }
    };
    vec![
        row("mean_absolute_error", "Mean absolute error", "mean distance of prediction and truth", Lower, Unit::Target, true, |v| v.gathered.sums.absolute.measure(v.confidence)),
        row("root_mean_squared_error", "Root mean squared error", "root of the mean squared distance: large errors count more", Lower, Unit::Target, true, |v| v.gathered.sums.root_mean_squared_error(v.confidence)),
        row("mean_squared_error", "Mean squared error", "mean squared distance of prediction and truth", Lower, Unit::TargetSquared, false, |v| v.gathered.sums.mean_squared_error(v.confidence)),
        row("median_absolute_error", "Median absolute error", "half of the predictions are closer to the truth than this", Lower, Unit::Target, true, |v| v.gathered.absolute.measure_quantile(0.5, v.confidence)),
        row("max_error", "Largest error", "distance of prediction and truth in the worst row; rows to come may be worse, so it has no interval", Lower, Unit::Target, false, |v| v.gathered.sums.max_error()),
        row("mean_error", "Mean error", "mean of prediction minus truth: above zero when predictions are too high", Zero, Unit::Target, true, |v| v.gathered.sums.error.measure(v.confidence)),
        row("r2", "R²", "share of the target's variance that is explained; below zero is worse than always predicting the mean", Higher, Unit::Plain, true, |v| v.gathered.influence.measure_r2(&v.gathered.spread, v.confidence)),
        row("explained_variance", "Explained variance", "as R², with a constant error forgiven", Higher, Unit::Plain, false, |v| v.gathered.influence.measure_explained_variance(&v.gathered.spread, v.confidence)),
        row("pearson_correlation", "Correlation", "Pearson's correlation of prediction and truth", Higher, Unit::Plain, false, |v| v.gathered.influence.measure_pearson(&v.gathered.spread, v.confidence)),
        row("mean_absolute_percentage_error", "Mean absolute percentage error", "mean distance as a share of the truth; meaningless when truths come near zero", Lower, Unit::Share, false, |v| v.gathered.sums.percentage.measure(v.confidence)),
        row("symmetric_mean_absolute_percentage_error", "Symmetric MAPE", "mean distance as a share of the mean size of truth and prediction, from 0 to 2", Lower, Unit::Share, false, |v| v.gathered.sums.symmetric_percentage.measure(v.confidence)),
        row("mean_poisson_deviance", "Mean Poisson deviance", "loss that suits counts", Lower, Unit::Plain, false, |v| v.gathered.sums.mean_poisson_deviance(v.confidence)),
        row("mean_gamma_deviance", "Mean gamma deviance", "loss that suits positive amounts and counts errors relative to their size", Lower, Unit::Plain, false, |v| v.gathered.sums.mean_gamma_deviance(v.confidence)),
        row("mean_squared_log_error", "Mean squared log error", "mean squared distance of the logarithms of prediction and truth, one added to both", Lower, Unit::Plain, false, |v| v.gathered.sums.mean_squared_log_error(v.confidence)),
        row("root_mean_squared_log_error", "Root mean squared log error", "root of the mean squared log error", Lower, Unit::Plain, false, |v| v.gathered.sums.mean_squared_log_error(v.confidence).map(f64::sqrt)),
        row("mean_prediction", "Mean prediction", "mean of the predictions", Neither, Unit::Target, true, |v| v.gathered.sums.prediction.measure(v.confidence)),
        row("mean_target", "Mean truth", "mean of the true values", Neither, Unit::Target, false, |v| v.gathered.sums.truth.measure(v.confidence)),
    ]
}
