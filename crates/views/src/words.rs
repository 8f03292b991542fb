//! The words around numbers: names of estimates, levels of notes, the document's title.

use equipoise_document::{Better, Document, EstimateId, Level, Missing, Note, Section, Task};

use crate::format::count;

/// What is said of a cell whose estimate the section does not have.
pub(crate) const NOT_IN_DOCUMENT: &str = "the document does not hold this number";

/// The legend of the sign for small groups.
pub(crate) const SMALL: &str = "few rows stand behind this number; do not rely on it";

/// Words that are written in a way of their own.
const SPECIAL: [(&str, &str); 17] = [
    ("auc", "AUC"),
    ("roc", "ROC"),
    ("pr", "PR"),
    ("f1", "F1"),
    ("r2", "R²"),
    ("ece", "ECE"),
    ("mce", "MCE"),
    ("kl", "KL"),
    ("js", "JS"),
    ("ks", "KS"),
    ("id", "ID"),
    ("brier", "Brier"),
    ("gini", "Gini"),
    ("cohen", "Cohen"),
    ("theil", "Theil"),
    ("matthews", "Matthews"),
    ("wasserstein", "Wasserstein"),
];

/// `true_positive_rate` as `True positive rate`.
pub(crate) fn phrase(code: &str) -> String {
    let words = code.split(['_', '-']).filter(|w| !w.is_empty()).map(|word| {
        SPECIAL.iter().find(|(plain, _)| *plain == word).map_or_else(|| word.to_owned(), |(_, s)| (*s).to_owned())
    });
    capitalised(&words.collect::<Vec<_>>().join(" "))
}

/// The text with its first letter as a capital.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// An estimate's id in words: `Selection rate, difference by sex and race, in young`.
pub(crate) fn name_of(id: &EstimateId) -> String {
    let mut name = phrase(id.metric());
    let (groups, columns): (Vec<_>, Vec<_>) = id.columns().iter().partition(|s| s.group.is_some());
    let columns: Vec<&str> = columns.iter().map(|s| s.column.as_str()).collect();
    let by = if columns.is_empty() { String::new() } else { format!(" by {}", joined(&columns)) };
    match id.aggregate() {
        Some(aggregate) => name.push_str(&format!(", {}{by}", aggregate_words(aggregate))),
        None => name.push_str(&by),
    }
    if !groups.is_empty() {
        let pairs: Vec<String> =
            groups.iter().map(|s| format!("{} = {}", s.column, s.group.as_deref().unwrap_or_default())).collect();
        name.push_str(&format!(", {}", pairs.join(", ")));
    }
    if let Some(cohort) = id.cohort() {
        name.push_str(&format!(", in {cohort}"));
    }
    name
}

fn aggregate_words(aggregate: &str) -> String {
    match aggregate {
        "group_min" => "lowest group".to_owned(),
        "group_max" => "highest group".to_owned(),
        other => other.replace(['_', '-'], " "),
    }
}

/// `a, b and c`.
pub(crate) fn joined(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}

/// Why a number is missing, as a sentence's tail.
pub(crate) fn why(missing: Option<Missing>) -> &'static str {
    missing.map_or(NOT_IN_DOCUMENT, Missing::says)
}

/// Which way a number is better; empty when it only describes.
pub(crate) fn better_words(better: Better) -> &'static str {
    match better {
        Better::Higher => "higher is better",
        Better::Lower => "lower is better",
        Better::Zero => "best at 0",
        Better::One => "best at 1",
        Better::Neither => "",
    }
}

/// The word for a level of notes.
pub(crate) fn level_word(level: Level) -> &'static str {
    match level {
        Level::Concern => "Concern",
        Level::Failure => "Not done",
        Level::Caution => "Caution",
        Level::Finding => "Finding",
        Level::Info => "Note",
    }
}

/// The order in which notes are read: what somebody must look at, what failed, what to be careful with, what
/// is well, and the rest.
fn reading_rank(level: Level) -> u8 {
    match level {
        Level::Concern => 0,
        Level::Failure => 1,
        Level::Caution => 2,
        Level::Finding => 3,
        Level::Info => 4,
    }
}

/// Notes in reading order; equal levels keep the order of the document.
pub(crate) fn in_reading_order<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Vec<&'a Note> {
    let mut notes: Vec<&Note> = notes.into_iter().collect();
    notes.sort_by_key(|note| reading_rank(note.level));
    notes
}

/// The title of a document: what was assessed, on what.
pub(crate) fn title(document: &Document) -> String {
    let input = |role: &str| document.provenance.inputs.iter().find(|i| i.role == role).map(|i| i.name.as_str());
    let target = document.spec.target.as_deref();
    match (input("model"), input("test"), target) {
        (Some(model), Some(data), _) => format!("Assessment of {model} on {data}"),
        (None, Some(data), Some(target)) => format!("Assessment of the predictions of {target} in {data}"),
        (None, Some(data), None) => format!("Assessment of {data}"),
        (_, None, Some(target)) => format!("Assessment of the predictions of {target}"),
        (Some(model), None, None) => format!("Assessment of {model}"),
        (None, None, None) => "Assessment".to_owned(),
    }
}

/// The kind of prediction, for example `Two classes; positive is “>50K”`.
pub(crate) fn task(document: &Document) -> String {
    match document.task {
        Task::Binary => match document.classes.last() {
            Some(positive) => format!("Two classes, positive is “{positive}”"),
            None => "Two classes".to_owned(),
        },
        Task::Multiclass => format!("{} classes", document.classes.len()),
        Task::Regression => "Regression".to_owned(),
    }
}

/// Facts about what was assessed: label and value.
pub(crate) fn facts(document: &Document) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Task", task(document))];
    if let Some(target) = &document.spec.target {
        facts.push(("Target", target.clone()));
    }
    if let Some(model) = &document.model {
        facts.push(("Model", format!("{} ({}), {} inputs", model.describes, model.format, model.features.len())));
    }
    for data in &document.datasets {
        let label = if data.part == "train" { "Training data" } else { "Data" };
        facts.push((label, format!("{} rows, {} columns", count(data.n_rows), data.columns.len())));
    }
    let sensitive: Vec<&str> = document.spec.sensitive.iter().map(equipoise_document::GroupingSpec::column).collect();
    if !sensitive.is_empty() {
        facts.push(("Groups by", joined(&sensitive)));
    }
    let cohorts: Vec<&str> = document.cohorts.iter().map(|c| c.name.as_str()).filter(|n| *n != "all").collect();
    if !cohorts.is_empty() {
        facts.push(("Cohorts", joined(&cohorts)));
    }
    facts
}

/// The estimates that stand for a section at first sight: those its findings speak of, then the first ones
/// that belong to no single group or cohort; at most `most`.
pub(crate) fn headlines(section: &Section, most: usize) -> Vec<&equipoise_document::Estimate> {
    let is_whole = |id: &EstimateId| id.cohort().is_none() && id.columns().iter().all(|s| s.group.is_none());
    let notes = in_reading_order(&section.notes);
    let spoken = notes
        .iter()
        .filter(|n| matches!(n.level, Level::Concern | Level::Finding))
        .flat_map(|n| &n.about)
        .filter(|id| is_whole(id))
        .filter_map(|id| section.estimate(id));
    let first = section.estimates.iter().filter(|e| is_whole(&e.id) && e.value.is_some());
    let mut chosen: Vec<&equipoise_document::Estimate> = Vec::new();
    for estimate in spoken.chain(first) {
        if chosen.len() >= most {
            break;
        }
        if !chosen.iter().any(|c| c.id == estimate.id) {
            chosen.push(estimate);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(id: &str) -> String {
        name_of(&id.parse().unwrap())
    }

    #[test]
    fn ids_read_as_words() {
        assert_eq!(name("performance.roc_auc"), "ROC AUC");
        assert_eq!(name("performance.r2{young}"), "R², in young");
        assert_eq!(name("fairness.selection_rate.difference[sex,race]"), "Selection rate, difference by sex and race");
        assert_eq!(name("fairness.selection_rate[sex=Female]"), "Selection rate, sex = Female");
        assert_eq!(name("fairness.recall.group_min[sex]"), "Recall, lowest group by sex");
    }

    #[test]
    fn concerns_are_read_first() {
        let notes = [Level::Info, Level::Finding, Level::Failure, Level::Caution, Level::Concern]
            .map(|level| Note::new(level, "x", "x"));
        let levels: Vec<Level> = in_reading_order(&notes).iter().map(|n| n.level).collect();
        assert_eq!(levels, [Level::Concern, Level::Failure, Level::Caution, Level::Finding, Level::Info]);
    }
}
