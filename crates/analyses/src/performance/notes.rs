//! Results in plain words.

use equipoise_document::{Estimate, EstimateId, Level};
use equipoise_kernels::{CellCounts, SortedScores};

use super::answer::{Answer, grouped, number, percent};
use super::regression::Gathered;

fn find<'a>(answer: &'a Answer<'_>, id: &EstimateId) -> Option<(&'a Estimate, f64)> {
    let estimate = answer.section.estimate(id)?;
    Some((estimate, estimate.value?))
}

fn between(estimate: &Estimate, level: f64, say: fn(f64) -> String) -> String {
    match &estimate.interval {
        Some(interval) => {
            format!(" ({:.0} % interval {} to {})", 100.0 * level, say(interval.low), say(interval.high))
        }
        None => String::new(),
    }
}

/// What it means that scores were counted in bins.
pub(super) fn scores_in_bins(answer: &mut Answer<'_>, scores: &SortedScores) {
    let Some(error) = scores.binning_error() else { return };
    let text = format!(
        "There are more than a million rows: curves, areas and losses of scores are computed from some 176,000 narrow bins \
         of scores. The ROC AUC is within {error:.1e} of that of the rows one by one."
    );
    answer.note(Level::Info, "scores_binned", text, Vec::new());
}

/// How often the prediction is right, beside always saying the most frequent class; classes never predicted.
pub(super) fn classes(answer: &mut Answer<'_>, counts: &CellCounts) {
    let weights = counts.weights();
    let (truth, predicted, total) = (weights.truth(), weights.predicted(), weights.total());
    if total <= 0.0 {
        return;
    }
    let classes = answer.context.classes;
    let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
    let majority = truth.iter().enumerate().fold((0, 0.0), |best, (c, w)| if *w > best.1 { (c, *w) } else { best });
    let share = majority.1 / total;
    let id = answer.id("accuracy", 0);
    let level = answer.confidence.level();
    if let Some((estimate, accuracy)) = find(answer, &id) {
        let text = format!(
            "The prediction is right for {} of {} rows{}. Always saying `{}` would be right for {}.",
            percent(accuracy),
            grouped(counts.n_rows()),
            between(estimate, level, percent),
            name(majority.0),
            percent(share),
        );
        let is_better = estimate.interval.as_ref().map_or(accuracy > share, |i| i.low > share);
        if is_better {
            answer.note(Level::Finding, "overall", text, vec![id]);
        } else {
            let text = format!("{text} By accuracy the model is no better than that.");
            answer.note(Level::Concern, "no_better_than_majority", text, vec![id]);
        }
    }
    let occurs = truth.iter().filter(|w| **w > 0.0).count();
    if occurs == 1 {
        let text = format!("Every row is truly `{}`: what needs two classes is undefined.", name(majority.0));
        answer.note(Level::Caution, "one_class", text, Vec::new());
    }
    let said: Vec<usize> = (0..predicted.len()).filter(|c| predicted.get(*c).is_some_and(|w| *w > 0.0)).collect();
    if let ([only], true) = (said.as_slice(), occurs > 1) {
        let text = format!("The prediction is `{}` for every row: the model does not tell rows apart.", name(*only));
        answer.note(Level::Concern, "constant_prediction", text, Vec::new());
        return;
    }
    let never: Vec<String> = truth
        .iter()
        .zip(&predicted)
        .enumerate()
        .filter(|(_, (truth, predicted))| **truth > 0.0 && **predicted <= 0.0)
        .map(|(class, _)| format!("`{}`", name(class)))
        .collect();
    if !never.is_empty() {
        let text = format!(
            "Never predicted though it occurs: {}. Its precision is undefined, and macro averages count it as 0.",
            never.join(", ")
        );
        answer.note(Level::Concern, "class_never_predicted", text, Vec::new());
    }
}

/// Probabilities that do not mean what they say.
pub(super) fn calibration(answer: &mut Answer<'_>) {
    let id = answer.id("expected_calibration_error", 0);
    let level = answer.confidence.level();
    let Some((estimate, value)) = find(answer, &id) else { return };
    let Some(interval) = &estimate.interval else { return };
    let words = between(estimate, level, percent);
    if interval.low > 0.02 {
        let text = format!(
            "Probabilities are off by {} on average{words}: do not read them as chances without recalibration.",
            percent(value)
        );
        answer.note(Level::Concern, "miscalibrated", text, vec![id]);
    } else if interval.high < 0.05 {
        let text = format!("Probabilities mean what they say: off by {} on average{words}.", percent(value));
        answer.note(Level::Finding, "calibrated", text, vec![id]);
    }
    let id = answer.id("calibration_in_the_large", 0);
    if let Some((estimate, value)) = find(answer, &id)
        && let Some(interval) = &estimate.interval
        && (interval.low > 0.01 || interval.high < -0.01)
    {
        let way = if value > 0.0 { "too high" } else { "too low" };
        let text = format!(
            "Probabilities are {way} by {} on average{}.",
            percent(value.abs()),
            between(estimate, level, percent)
        );
        answer.note(Level::Concern, "probabilities_too_high_or_low", text, vec![id]);
    }
}

/// How far predicted numbers are off, beside always saying the mean, and whether they are off to one side.
pub(super) fn numbers(answer: &mut Answer<'_>, gathered: &Gathered) {
    let level = answer.confidence.level();
    let (mae, r2) = (answer.id("mean_absolute_error", 0), answer.id("r2", 0));
    if let (Some((of_mae, error)), Some((of_r2, explained))) = (find(answer, &mae), find(answer, &r2)) {
        let text = format!(
            "Predictions are off by {} on average{}, over {} rows; they explain {} of the target's variance{}.",
            number(error),
            between(of_mae, level, number),
            grouped(of_mae.n),
            percent(explained),
            between(of_r2, level, percent),
        );
        if explained > 0.0 {
            answer.note(Level::Finding, "overall", text, vec![mae.clone(), r2]);
        } else {
            let text = format!("{text} Always predicting the mean would do no worse.");
            answer.note(Level::Concern, "no_better_than_mean", text, vec![mae.clone(), r2]);
        }
    }
    let id = answer.id("mean_error", 0);
    if let Some((estimate, bias)) = find(answer, &id)
        && let Some(interval) = &estimate.interval
        && (interval.low > 0.0 || interval.high < 0.0)
        && gathered.sums.absolute.value().is_ok_and(|mae| bias.abs() > 0.1 * mae)
    {
        let way = if bias > 0.0 { "too high" } else { "too low" };
        let text =
            format!("Predictions are {way} by {} on average{}.", number(bias.abs()), between(estimate, level, number));
        answer.note(Level::Concern, "biased", text, vec![id]);
    }
    if gathered.sums.prediction.standard_error().is_some_and(|se| se <= 0.0) {
        let text = "The prediction is the same for every row: the model does not tell rows apart.".to_owned();
        answer.note(Level::Concern, "constant_prediction", text, Vec::new());
    }
}

/// Cohorts with so few rows that their numbers should not be relied on.
pub(super) fn small_cohorts(answer: &mut Answer<'_>) {
    let min = answer.params.min_rows;
    let small: Vec<String> = answer
        .context
        .test
        .frame
        .cohorts()
        .iter()
        .filter(|cohort| (cohort.n as u64) < min)
        .map(|cohort| format!("`{}` ({} rows)", cohort.name, cohort.n))
        .collect();
    if !small.is_empty() {
        let text = format!("Fewer than {min} rows, so read with care: {}.", small.join(", "));
        answer.note(Level::Caution, "small_cohorts", text, Vec::new());
    }
}
