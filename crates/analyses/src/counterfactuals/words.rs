//! What was found for a row, in a sentence.

use equipoise_counterfactuals::{Counterfactual, Proof, Shortage};
use equipoise_document::Task;

use super::search::{Row, Subject};
use crate::explain::words::number;

/// What the model answers, for people.
pub(super) fn answered(subject: &Subject<'_>, answer: &[f64]) -> String {
    let first = answer.first().copied().unwrap_or(f64::NAN);
    let class = |k: usize| subject.context.classes.get(k).cloned().unwrap_or_default();
    match subject.context.task {
        Task::Regression => number(first),
        Task::Binary => {
            let threshold = subject.context.spec.threshold.unwrap_or(0.5);
            format!("{} ({})", class(usize::from(first >= threshold)), number(first))
        }
        Task::Multiclass => {
            let best = answer.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            class(answer.iter().position(|x| *x >= best).unwrap_or(0))
        }
    }
}

/// `hours_per_week were 45 instead of 38 and occupation were Sales instead of Other-service`.
pub(super) fn changes(subject: &Subject<'_>, row: &[f64], one: &Counterfactual) -> String {
    let change = |variable: &usize| {
        let Some(of) = subject.space.variables().get(*variable) else { return String::new() };
        let (from, to) = (subject.space.get(*variable, row), subject.space.get(*variable, &one.row));
        match of.columns.as_slice() {
            [column] => {
                let shown = |x| subject.bridge.shown(*column, x);
                format!("`{}` were {} instead of {}", of.name, shown(to), shown(from))
            }
            columns => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a group")]
                let member = |x: f64| columns.get(x as usize).and_then(|c| subject.bridge.names.get(*c));
                let name = |x| member(x).map_or("none", String::as_str);
                format!("`{}` were 1 instead of `{}`", name(to), name(from))
            }
        }
    };
    let all: Vec<String> = one.changed.iter().map(change).collect();
    match all.as_slice() {
        [] => "nothing changed".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The sentence of a row.
pub(super) fn sentence(subject: &Subject<'_>, row: &Row) -> String {
    let now = answered(subject, &row.found.present);
    let Some(one) = row.found.counterfactuals.first() else {
        let why = row.found.shortage.as_ref().map_or_else(String::new, shortage);
        return format!("Row {} is predicted {now}. {why}", row.number);
    };
    let proof = match one.proof {
        Some(Proof::Optimal) => " No permitted change costs less, which is proved.".to_owned(),
        Some(Proof::AtLeast(bound)) => format!(
            " Its cost is {}; the search ended with the proof that nothing costs less than {}.",
            number(one.cost),
            number(bound)
        ),
        Some(Proof::Unreachable) | None => String::new(),
    };
    format!(
        "Row {} is predicted {now}; it would be {} if {}.{proof}",
        row.number,
        answered(subject, &one.answer),
        changes(subject, &row.values, one)
    )
}

/// Why there is nothing, or not more.
pub(super) fn shortage(why: &Shortage) -> String {
    match why {
        Shortage::AlreadyGranted => "The prediction already is the one that is wished for.".to_owned(),
        Shortage::Unreachable => "No permitted change leads to the wish, which is proved.".to_owned(),
        Shortage::NothingMayChange(why) => format!("Its limits leave nothing to change: {why}."),
        Shortage::NotFound => {
            "No counterfactual was found within the limits; that is no proof that there is none.".to_owned()
        }
        Shortage::GaveUp(bound) => {
            format!("The search was ended by its bound; nothing costs less than {}.", number(*bound))
        }
    }
}
