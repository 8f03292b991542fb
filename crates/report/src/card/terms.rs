//! What the words mean, for readers who have not met them.

use super::desk::Desk;
use super::node::Node;
use super::rows;

/// A term: the metrics or sections that make it appear, its name, what it says.
struct Term {
    of: &'static [&'static str],
    name: &'static str,
    says: &'static str,
}

const fn term(of: &'static [&'static str], name: &'static str, says: &'static str) -> Term {
    Term { of, name, says }
}

/// Terms in the order in which they are read. A term without metrics or sections is on every card.
const TERMS: [Term; 36] = [
    term(
        &[],
        "Interval",
        "The range in which the number would be expected if other rows of the same kind had been assessed. A wide interval means that few rows stand behind the number.",
    ),
    term(
        &[],
        "Concern, caution, finding",
        "A concern is a result that somebody should look at. A caution is a reason to read numbers with care. A finding is a result without alarm.",
    ),
    term(
        &[],
        "Adjusted p",
        "How often chance alone would show a difference this large, corrected for how many differences were looked at. Below 0.05 is hardly chance.",
    ),
    term(&["cohorts"], "Cohort", "A named part of the rows, for example people under 25."),
    term(&["accuracy", "accuracy_score"], "Accuracy", "Share of rows that are predicted right."),
    term(
        &["balanced_accuracy"],
        "Balanced accuracy",
        "Mean of the shares predicted right in each class, so that a frequent class does not hide a rare one.",
    ),
    term(&["zero_one_loss", "error_rate"], "Error rate", "Share of rows that are predicted wrong."),
    term(&["precision", "precision_macro"], "Precision", "Of those predicted positive, the share that truly are."),
    term(
        &["recall", "true_positive_rate", "recall_macro"],
        "Recall, true positive rate",
        "Of those truly positive, the share that is predicted positive.",
    ),
    term(
        &["false_positive_rate"],
        "False positive rate",
        "Of those truly negative, the share that is predicted positive.",
    ),
    term(
        &["false_negative_rate"],
        "False negative rate",
        "Of those truly positive, the share that is predicted negative.",
    ),
    term(
        &["f1", "f1_macro"],
        "F1",
        "One number for precision and recall together (their harmonic mean): high only if both are.",
    ),
    term(
        &["roc_auc", "roc_auc_ovr"],
        "ROC AUC",
        "The chance that a truly positive row gets a higher score than a truly negative one. 50 % is guessing, 100 % is perfect order.",
    ),
    term(
        &["average_precision"],
        "Average precision",
        "Precision averaged over all thresholds; compare it with the share of positives.",
    ),
    term(
        &["log_loss"],
        "Log loss",
        "How surprised one is by the truth after believing the predicted probabilities. 0 is best.",
    ),
    term(
        &["brier_score"],
        "Brier score",
        "Mean squared distance of the predicted probability from what happened. 0 is best.",
    ),
    term(
        &["expected_calibration_error"],
        "Calibration error",
        "How far predicted probabilities are from how often the thing happens, on average: of those told 70 %, about 70 % should be positive.",
    ),
    term(
        &["selection_rate"],
        "Selection rate",
        "Share of rows that are predicted positive, for example the share of people who are offered a loan.",
    ),
    term(&["base_rate"], "Base rate", "Share of rows that are truly positive."),
    term(
        &["mean_absolute_error"],
        "Mean absolute error",
        "How far predictions are from the truth on average, in the target's own unit.",
    ),
    term(
        &["root_mean_squared_error", "mean_squared_error"],
        "Root mean squared error",
        "As the mean absolute error, but large misses count more.",
    ),
    term(
        &["median_absolute_error"],
        "Median absolute error",
        "Half of the predictions are closer to the truth than this.",
    ),
    term(&["mean_error"], "Mean error", "Whether predictions are too high (above 0) or too low (below 0) on average."),
    term(
        &["r2"],
        "R²",
        "Share of the target's variation that the predictions explain. 100 % is all of it; below 0 is worse than always saying the mean.",
    ),
    term(&["mean_prediction"], "Mean prediction", "What the model predicts on average."),
    term(
        &["fairness"],
        "Difference between groups",
        "The highest group's number minus the lowest group's. 0 means that groups are alike.",
    ),
    term(
        &["fairness"],
        "Ratio between groups",
        "The lowest group's number over the highest group's. 1 means that groups are alike; below 0.8 is a common reason to look closer.",
    ),
    term(
        &["errors"],
        "Error tree",
        "The rows cut again and again so that errors are gathered in as few parts as possible. Each part is described by what its rows have in common.",
    ),
    term(
        &["errors"],
        "Slice",
        "A part of the rows described by a few conditions, in which the model is wrong more often than elsewhere.",
    ),
    term(
        &["explain"],
        "Attribution",
        "How much one value moved one prediction away from the average prediction. It tells what the model uses, not what causes what.",
    ),
    term(
        &["explain"],
        "Importance",
        "The mean size of a feature's attributions: how much the predictions depend on it.",
    ),
    term(
        &["counterfactuals"],
        "Counterfactual",
        "The smallest permitted change of a row that leads to another prediction.",
    ),
    term(
        &["causal"],
        "Causal effect",
        "What acting on a column would change in the outcome, if all common causes were measured. That assumption cannot be proved by data.",
    ),
    term(&["explorer"], "Distribution", "How often each value or range of values occurs."),
    term(
        &["privacy"],
        "Privacy",
        "Whether one can tell from the model that a person was among its training data, or learn something of them.",
    ),
    term(
        &["robustness"],
        "Robustness",
        "Whether small changes of the inputs change predictions more than they should.",
    ),
];

pub(super) fn write(desk: &mut Desk<'_>) {
    desk.heading(1, "What the words mean");
    let document = desk.document;
    let is_shown = |word: &str| {
        desk.shown.contains(word)
            || document.section(word).is_some()
            || (word == "cohorts" && document.cohorts.len() > 1)
    };
    let chosen: Vec<&Term> = TERMS.iter().filter(|t| t.of.is_empty() || t.of.iter().any(|w| is_shown(w))).collect();
    let covered: Vec<&str> = chosen.iter().flat_map(|t| t.of).copied().collect();
    // What has no words here keeps those that the document itself has for it.
    let own = own_words(desk, &covered);
    let mut items: Vec<_> =
        chosen.iter().map(|t| (desk.name(&desk.say(t.name)), desk.name(&desk.say(t.says)))).collect();
    items.extend(own.iter().map(|(name, says)| (desk.name(name), desk.name(says))));
    desk.push(Node::Terms { items });
}

/// Explanations that the document's table of metrics holds for metrics that are shown and not covered.
fn own_words(desk: &Desk<'_>, covered: &[&str]) -> Vec<(String, String)> {
    let Some(table) = desk.document.section("performance").and_then(|s| s.table("metrics")) else { return Vec::new() };
    let (names, says, ids) = (rows::words(table, "metric"), rows::words(table, "says"), rows::ids(table, "value"));
    let is_wanted = |metric: &str| desk.shown.contains(metric) && !covered.contains(&metric);
    let rows = names.iter().zip(&says).zip(&ids);
    rows.filter(|((_, says), id)| !says.is_empty() && id.is_some_and(|id| is_wanted(id.metric())))
        .map(|((name, says), _)| {
            let mut chars = says.chars();
            let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
            ((*name).to_owned(), format!("{first}{}.", chars.as_str()))
        })
        .collect()
}
