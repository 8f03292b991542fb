//! What is predicted: the task, its classes, and how labels of columns and models become class indices.

use std::collections::BTreeMap;

use equipoise_data::{Column, ColumnInfo, Dataset, MISSING};
use equipoise_document::{ColumnType, Level, Note, RunSpec, Task};
use equipoise_models::ModelInfo;

use crate::ServiceError;
use crate::roles::Roles;

/// Code of a row without a class.
pub(crate) const NO_CLASS: u16 = u16::MAX;

/// More classes than this are taken for a mistake.
const MAX_CLASSES: usize = 1_000;

/// The task and its classes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) task: Task,
    /// In order; the second of two is the positive one. Empty for regression.
    pub(crate) classes: Vec<String>,
    pub(crate) notes: Vec<Note>,
}

/// Finds out what is predicted from the spec, the model and the target column.
pub(crate) fn find_outcome(
    spec: &RunSpec,
    roles: &Roles,
    dataset: &Dataset,
    train: Option<(&Dataset, &Roles)>,
    model: Option<&ModelInfo>,
) -> Result<Outcome, ServiceError> {
    let Some(info) = dataset.schema().columns.get(roles.target) else {
        return Err(ServiceError::column("the target column is gone", "run again"));
    };
    check_has_values(info, dataset.n_rows(), "target")?;
    let is_number = matches!(info.column_type, ColumnType::Numeric);
    if matches!(info.column_type, ColumnType::Text | ColumnType::Datetime) {
        return Err(ServiceError::column(
            format!("the target `{}` holds {}", info.name, if is_text(info) { "free text" } else { "dates" }),
            "the target must hold classes or numbers; set its type under `data.types` if that is what it holds",
        ));
    }
    let asked = spec.task.or(model.and_then(|m| m.task));
    let says_classes = asked.is_some_and(|t| t != Task::Regression)
        || spec.positive.is_some()
        || !spec.classes.is_empty()
        || !spec.probability.is_empty();
    if asked == Some(Task::Regression) || (is_number && !says_classes && !is_two_valued(info)) {
        return regression(info, is_number);
    }
    let mut labels = labels_of(dataset, roles.target)?;
    if let Some((train, roles)) = train {
        for label in labels_of(train, roles.target)? {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    // Where two classes are asked for, a third one in the predictions is a mistake that scoring points at.
    let wants_two = asked == Some(Task::Binary) || spec.positive.is_some();
    if let Some(prediction) = roles.prediction
        && roles.probability.is_empty()
        && !(wants_two && labels.len() <= 2)
    {
        for label in labels_of(dataset, prediction)? {
            if !labels.contains(&label) && !is_alias(&label, &labels) {
                labels.push(label);
            }
        }
    }
    sort_labels(&mut labels);
    classification(spec, info, labels, asked, model)
}

fn is_text(info: &ColumnInfo) -> bool {
    info.column_type == ColumnType::Text
}

/// A numeric column whose known values are two.
fn is_two_valued(info: &ColumnInfo) -> bool {
    let mut values = info.sample.to_vec();
    values.dedup();
    values.len() <= 2
}

fn regression(info: &ColumnInfo, is_number: bool) -> Result<Outcome, ServiceError> {
    if !is_number {
        return Err(ServiceError::column(
            format!("the target `{}` does not hold numbers, which regression needs", info.name),
            "set `task` to binary or multiclass, or choose another target",
        ));
    }
    Ok(Outcome { task: Task::Regression, classes: Vec::new(), notes: Vec::new() })
}

fn classification(
    spec: &RunSpec,
    info: &ColumnInfo,
    mut labels: Vec<String>,
    asked: Option<Task>,
    model: Option<&ModelInfo>,
) -> Result<Outcome, ServiceError> {
    let listed = |labels: &[String]| {
        let shown: Vec<String> = labels.iter().take(8).map(|l| format!("`{l}`")).collect();
        format!("{}{}", shown.join(", "), if labels.len() > 8 { ", …" } else { "" })
    };
    if labels.len() == 1 {
        return Err(ServiceError::column(
            format!("the target `{}` has one class only: {}", info.name, listed(&labels)),
            "an assessment needs rows of at least two classes",
        ));
    }
    if labels.len() > MAX_CLASSES {
        return Err(ServiceError::column(
            format!("the target `{}` has {} different values", info.name, labels.len()),
            "for a number to predict set `task = \"regression\"`; otherwise choose another target",
        ));
    }
    if !spec.classes.is_empty() {
        for label in &labels {
            if !spec.classes.iter().any(|c| canonical(c) == *label) {
                return Err(ServiceError::column(
                    format!("the value `{label}` of `{}` is not among `classes`", info.name),
                    format!("the column holds {}", listed(&labels)),
                ));
            }
        }
        labels = spec.classes.iter().map(|c| canonical(c)).collect();
    } else if let Some(known) = model.and_then(|m| m.classes.as_ref()) {
        let known: Vec<String> = known.iter().map(|c| canonical(c)).collect();
        if labels.iter().all(|l| known.contains(l)) {
            labels = known;
        }
    }
    let wants_two = asked == Some(Task::Binary) || spec.positive.is_some() || (spec.probability.len() == 1);
    if labels.len() > 2 && wants_two {
        return Err(ServiceError::column(
            format!(
                "the target `{}` has {} classes where two are expected: {}",
                info.name,
                labels.len(),
                listed(&labels)
            ),
            "leave out `positive` for several classes and give one probability column per class, or make the target binary",
        ));
    }
    if labels.len() > 2 {
        return Ok(Outcome { task: Task::Multiclass, classes: labels, notes: Vec::new() });
    }
    let mut notes = Vec::new();
    let given = spec.positive.as_ref().map(|p| canonical(p));
    let positive = match &given {
        Some(positive) if labels.contains(positive) => positive.clone(),
        Some(positive) => {
            return Err(ServiceError::column(
                format!("the positive value `{positive}` does not occur in the target `{}`", info.name),
                format!("it holds {}", listed(&labels)),
            ));
        }
        None => {
            let second = labels.get(1).cloned().unwrap_or_default();
            let is_plain = matches!(second.to_lowercase().as_str(), "1" | "true" | "yes" | "y" | "t" | "positive");
            if !is_plain && spec.classes.is_empty() && model.is_none_or(|m| m.classes.is_none()) {
                let text = format!(
                    "`{second}` is taken as the positive class of `{}` because it comes last in order. Name it with \
                     `positive` to be sure.",
                    info.name
                );
                notes.push(Note::new(Level::Caution, "positive_class_assumed", text));
            }
            second
        }
    };
    labels.retain(|l| *l != positive);
    labels.push(positive);
    Ok(Outcome { task: Task::Binary, classes: labels, notes })
}

pub(crate) fn check_has_values(info: &ColumnInfo, n_rows: usize, role: &str) -> Result<(), ServiceError> {
    if info.n_missing >= n_rows as u64 {
        return Err(ServiceError::column(
            format!("the {role} column `{}` has no values: all {n_rows} rows are missing", info.name),
            "choose another column, or mend the file",
        ));
    }
    Ok(())
}

/// A label in the one spelling that is compared: numbers without needless decimals.
pub(crate) fn canonical(label: &str) -> String {
    let trimmed = label.trim();
    match trimmed.parse::<f64>() {
        Ok(x) if x.is_finite() && trimmed.contains(['.', 'e', 'E']) => number_label(x),
        _ => trimmed.to_owned(),
    }
}

/// A number as a label.
pub(crate) fn number_label(x: f64) -> String {
    // Adding zero turns −0 into 0.
    format!("{}", x + 0.0)
}

/// `true` and `false` beside `1` and `0`.
fn alias(label: &str) -> Option<&'static str> {
    match label.to_lowercase().as_str() {
        "true" => Some("1"),
        "false" => Some("0"),
        "1" => Some("true"),
        "0" => Some("false"),
        _ => None,
    }
}

fn is_alias(label: &str, labels: &[String]) -> bool {
    alias(label).is_some_and(|a| labels.iter().any(|l| l.to_lowercase() == a))
}

/// Numbers by size, then words by letter.
fn sort_labels(labels: &mut [String]) {
    labels.sort_by(|a, b| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y),
        (Ok(_), Err(_)) => std::cmp::Ordering::Less,
        (Err(_), Ok(_)) => std::cmp::Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    });
}

/// The different values of a column as labels.
fn labels_of(dataset: &Dataset, column: usize) -> Result<Vec<String>, ServiceError> {
    let Some(info) = dataset.schema().columns.get(column) else { return Ok(Vec::new()) };
    let mut labels: Vec<String> = if info.column_type == ColumnType::Numeric {
        distinct_numbers(dataset, column, MAX_CLASSES + 1)?.into_iter().map(number_label).collect()
    } else {
        info.levels.iter().map(|l| canonical(l)).collect()
    };
    sort_labels(&mut labels);
    labels.dedup();
    Ok(labels)
}

/// The different numbers of a column in order, at most `limit` of them.
pub(crate) fn distinct_numbers(dataset: &Dataset, column: usize, limit: usize) -> Result<Vec<f64>, ServiceError> {
    let mut seen: BTreeMap<u64, f64> = BTreeMap::new();
    let mut last = None;
    dataset.for_each(&[column], &mut |chunk| {
        if let Some(Column::Number(values)) = chunk.columns.first() {
            for x in values.iter().filter(|x| !x.is_nan()) {
                let bits = (x + 0.0).to_bits();
                if last != Some(bits) && seen.len() < limit {
                    seen.insert(bits, x + 0.0);
                    last = Some(bits);
                }
            }
        }
        Ok(())
    })?;
    let mut values: Vec<f64> = seen.into_values().collect();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// Class indices of a column's values.
pub(crate) struct ClassMap {
    by_label: BTreeMap<String, u16>,
}

impl ClassMap {
    pub(crate) fn over(classes: &[String]) -> Self {
        let mut by_label = BTreeMap::new();
        for (i, class) in classes.iter().enumerate() {
            let code = u16::try_from(i).unwrap_or(NO_CLASS);
            by_label.insert(class.clone(), code);
        }
        for (i, class) in classes.iter().enumerate() {
            if let Some(other) = alias(class) {
                by_label.entry(other.to_owned()).or_insert(u16::try_from(i).unwrap_or(NO_CLASS));
            }
        }
        Self { by_label }
    }

    /// The class of a label.
    pub(crate) fn class(&self, label: &str) -> Option<u16> {
        self.by_label.get(&canonical(label)).or_else(|| self.by_label.get(&label.to_lowercase())).copied()
    }

    /// The class of every row of a column; [`NO_CLASS`] where it is missing. An unknown label is returned as an error.
    pub(crate) fn classes_of(&self, column: &Column, out: &mut Vec<u16>) -> Result<(), String> {
        match column {
            Column::Codes { codes, levels } => {
                let by_code: Vec<Option<u16>> = levels.iter().map(|l| self.class(l)).collect();
                for code in codes.iter() {
                    let class = if *code == MISSING {
                        NO_CLASS
                    } else {
                        match by_code.get(*code as usize).copied().flatten() {
                            Some(class) => class,
                            None => return Err(levels.get(*code as usize).cloned().unwrap_or_default()),
                        }
                    };
                    out.push(class);
                }
            }
            Column::Number(values) => {
                let mut last = (f64::NAN.to_bits(), NO_CLASS);
                for x in values.iter() {
                    if x.is_nan() {
                        out.push(NO_CLASS);
                        continue;
                    }
                    if x.to_bits() != last.0 {
                        let label = number_label(*x);
                        let Some(class) = self.class(&label) else { return Err(label) };
                        last = (x.to_bits(), class);
                    }
                    out.push(last.1);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_compared_in_one_spelling() {
        assert_eq!(canonical("1.0"), "1");
        assert_eq!(canonical("1e2"), "100");
        assert_eq!(canonical(">50K"), ">50K");
        assert_eq!(canonical("007"), "007");
        assert_eq!(number_label(-0.0), "0");
    }

    #[test]
    fn truth_values_and_digits_are_the_same_classes() {
        let map = ClassMap::over(&["0".into(), "1".into()]);
        assert_eq!((map.class("true"), map.class("False"), map.class("1.0")), (Some(1), Some(0), Some(1)));
        assert_eq!(map.class("yes"), None);
    }

    #[test]
    fn numbers_come_in_order_of_size() {
        let mut labels: Vec<String> = ["10", "9", "b", "a"].map(String::from).into();
        sort_labels(&mut labels);
        assert_eq!(labels, ["9", "10", "a", "b"]);
    }
}
