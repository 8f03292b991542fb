//! The numbers and sentences that go into more than one document.

use equipoise_document::{ColumnRole, Document, Estimate, EstimateId, InputFingerprint, Level, Note, Task};
use equipoise_views::parts;

use super::Sources;

/// Metrics that stand for a model's performance, by what it predicts.
pub(super) fn metrics(task: Task) -> &'static [&'static str] {
    match task {
        Task::Binary => &[
            "accuracy",
            "balanced_accuracy",
            "precision",
            "recall",
            "f1",
            "roc_auc",
            "average_precision",
            "log_loss",
            "brier_score",
            "expected_calibration_error",
            "selection_rate",
        ],
        Task::Multiclass => &[
            "accuracy",
            "balanced_accuracy",
            "f1_macro",
            "precision_macro",
            "recall_macro",
            "roc_auc_ovr",
            "log_loss",
            "brier_score",
        ],
        Task::Regression => &[
            "mean_absolute_error",
            "root_mean_squared_error",
            "mean_squared_error",
            "median_absolute_error",
            "mean_error",
            "r2",
        ],
    }
}

/// The model's performance over all rows.
pub(super) fn overall(document: &Document) -> Vec<&Estimate> {
    let of = |metric: &&str| document.estimate(&EstimateId::new("performance", metric));
    metrics(document.task).iter().filter_map(of).filter(|e| e.value.is_some()).collect()
}

/// The first few metrics within each cohort.
pub(super) fn of_cohorts(document: &Document) -> Vec<&Estimate> {
    let cohorts = document.cohorts.iter().filter(|c| c.name != "all");
    let of = |cohort: &str| {
        let id = |metric: &&str| EstimateId::new("performance", metric).within(Some(cohort));
        metrics(document.task).iter().take(4).filter_map(|m| document.estimate(&id(m))).collect::<Vec<_>>()
    };
    cohorts.flat_map(|c| of(&c.name)).filter(|e| e.value.is_some()).collect()
}

/// Metrics that groups are compared in.
fn gap_metrics(task: Task) -> &'static [&'static str] {
    match task {
        Task::Binary => &["selection_rate", "true_positive_rate", "false_positive_rate", "accuracy"],
        Task::Multiclass => &["accuracy", "zero_one_loss"],
        Task::Regression => &["mean_prediction", "mean_error", "mean_absolute_error"],
    }
}

/// Differences between groups of each sensitive column.
pub(super) fn gaps(document: &Document) -> Vec<&Estimate> {
    let of = |column: &str| {
        let id = |metric: &&str| EstimateId::new("fairness", metric).aggregated("difference").by(&[column]);
        gap_metrics(document.task).iter().filter_map(|m| document.estimate(&id(m))).collect::<Vec<_>>()
    };
    document.spec.sensitive.iter().flat_map(|g| of(g.column())).filter(|e| e.value.is_some()).collect()
}

/// Performance of single groups.
pub(super) fn of_groups(document: &Document) -> Vec<&Estimate> {
    const MOST: usize = 60;
    let wanted = gap_metrics(document.task);
    let is_single = |e: &&Estimate| {
        e.id.cohort().is_none()
            && e.id.aggregate().is_none()
            && e.id.columns().len() == 1
            && e.id.columns().iter().all(|s| s.group.is_some())
            && wanted.contains(&e.id.metric())
            && e.value.is_some()
    };
    document.section("fairness").into_iter().flat_map(|s| &s.estimates).filter(is_single).take(MOST).collect()
}

/// Notes of the whole document with the titles of their sections, at these levels, in reading order.
pub(super) fn notes<'a>(document: &'a Document, levels: &[Level]) -> Vec<(&'a Note, &'a str)> {
    let own = document.notes.iter().map(|n| (n, ""));
    let all = own.chain(document.sections.iter().flat_map(|s| s.notes.iter().map(move |n| (n, s.title.as_str()))));
    let mut chosen: Vec<(&Note, &str)> = all.filter(|(n, _)| levels.contains(&n.level)).collect();
    chosen.sort_by_key(|(n, _)| n.level.rank());
    chosen
}

/// The model's name: the given one, or its file's.
pub(super) fn model_name(sources: &Sources<'_>) -> String {
    let given = sources.config.model.name.clone();
    given
        .or_else(|| input(sources.document, "model").map(|i| i.name.clone()))
        .unwrap_or_else(|| parts::title(sources.document))
}

/// The first input of a role.
pub(super) fn input<'a>(document: &'a Document, role: &str) -> Option<&'a InputFingerprint> {
    document.provenance.inputs.iter().find(|i| i.role == role)
}

/// The day on which the assessment was finished.
pub(super) fn day<'a>(sources: &Sources<'a>) -> Option<&'a str> {
    sources.date.and_then(|d| d.get(..10))
}

/// Columns with a role in the assessed rows.
pub(super) fn columns(document: &Document, role: ColumnRole) -> Vec<&str> {
    let test = document.datasets.iter().find(|d| d.part == "test");
    test.into_iter().flat_map(|d| &d.columns).filter(|c| c.roles.contains(&role)).map(|c| c.name.as_str()).collect()
}

/// What is predicted, in words.
pub(super) fn task_words(document: &Document) -> String {
    let target = document.spec.target.as_deref().unwrap_or("the target");
    match document.task {
        Task::Binary | Task::Multiclass => format!("one of {} classes of {target}", document.classes.len()),
        Task::Regression => format!("the number {target}"),
    }
}

/// The name of an estimate's metric with the part of the rows it is of, apart.
pub(super) fn slice(estimate: &Estimate) -> Option<String> {
    let groups = estimate.id.columns().iter().map(|s| match &s.group {
        Some(group) => format!("{} = {group}", s.column),
        None => format!("by {}", s.column),
    });
    let mut parts: Vec<String> = groups.collect();
    parts.extend(estimate.id.cohort().map(|c| format!("cohort {c}")));
    (!parts.is_empty()).then(|| parts.join(", "))
}
