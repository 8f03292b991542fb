//! How far explanations can be trusted: what is said in notes.

use equipoise_document::{Level, Note, Task};

use super::curves::{Curves, Grid};
use super::explainer::Explainer;
use super::groups::{correlations, spearman};
use super::importance::Permuted;
use super::local::Local;
use super::pass::{Found, Kept};
use super::subject::Subject;
use super::words::{listed, number, percent};
use crate::AnalysisError;

/// Rank correlation from which two features say much the same.
const CORRELATED: f64 = 0.8;
/// Rank correlation below which two methods disagree.
const AGREE: f64 = 0.6;
/// Rank correlation below which a row's explanation is unsteady.
const STEADY: f64 = 0.8;
/// Distance of base and attributions from the prediction, relative to its size.
const ADDS_UP: f64 = 1e-4;
/// Rows that are asked twice.
const TWICE: usize = 200;

/// Cautions about correlated features.
pub(super) fn correlated(subject: &Subject<'_>, kept: &Kept, top: &[usize]) -> Vec<Note> {
    let Some(rows) = &kept.rows else { return Vec::new() };
    let mut strong: Vec<(usize, usize, f64)> = correlations(rows)
        .into_iter()
        .filter(|(a, b, r)| r.abs() >= CORRELATED && (top.contains(a) || top.contains(b)))
        .collect();
    strong.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    if strong.is_empty() {
        return Vec::new();
    }
    let shown: Vec<String> = strong
        .iter()
        .take(5)
        .map(|(a, b, r)| format!("`{}` and `{}` ({})", subject.name(*a), subject.name(*b), number(*r)))
        .collect();
    let more = if strong.len() > 5 { format!(" and {} more pairs", strong.len() - 5) } else { String::new() };
    let text = format!(
        "Features that go up and down together share their importance in ways that depend on the method, and shuffling or \
         fixing one of them makes rows that do not exist: {}{more}. Read them together, or put them in one of the `groups`.",
        shown.join(", ")
    );
    vec![Subject::note(Level::Caution, "correlated_features", text)]
}

/// Whether base and attributions add up, and how large the error bars are.
pub(super) fn numbers(subject: &Subject<'_>, explainer: &Explainer<'_>, found: &Found) -> Vec<Note> {
    let mut notes = Vec::new();
    if found.additivity > ADDS_UP * found.scale.max(1e-12) {
        let text = format!(
            "Base and attributions miss the model's own {} by up to {}; the attributions cannot be relied on.",
            explainer.space,
            number(found.additivity)
        );
        notes.push(Subject::note(Level::Caution, "not_additive", text));
    }
    if found.n_unreached > 0 {
        let text = format!(
            "In {} of {} explained rows the budget of {} model calls ran out before the asked precision of {}: the standard \
             errors are {} of the attributions' size on average and {} at worst. `max_calls` raises the budget.",
            found.n_unreached,
            found.n_rows,
            subject.max_calls(),
            percent(subject.params.precision),
            percent(found.error.unwrap_or(0.0)),
            percent(found.worst_error)
        );
        notes.push(Subject::note(Level::Caution, "budget_too_small", text));
    }
    notes
}

/// Asks some rows again: a model that answers differently cannot be explained by asking it.
pub(super) fn repeatable(subject: &Subject<'_>, kept: &Kept) -> Result<Vec<Note>, AnalysisError> {
    let Some(rows) = &kept.rows else { return Ok(Vec::new()) };
    let some: Vec<usize> = (0..rows.n_rows.min(TWICE)).collect();
    let rows = rows.take(&some);
    let first = subject.asker.ask(&rows.columns)?;
    let second = subject.asker.ask(&rows.columns)?;
    let k = subject.asker.n_outputs.max(1);
    let differs =
        |(a, b): (&[f64], &[f64])| a.iter().zip(b).any(|(a, b)| (a - b).abs() > 1e-9 * a.abs().max(b.abs()).max(1e-9));
    let n = first.chunks_exact(k).zip(second.chunks_exact(k)).filter(|pair| differs(*pair)).count();
    if n == 0 {
        return Ok(Vec::new());
    }
    let text = format!(
        "The model answers {n} of {} rows differently when they are asked again: its attributions hold noise that the \
         standard errors do not show in full.",
        rows.n_rows
    );
    Ok(vec![Subject::note(Level::Caution, "answers_differ", text)])
}

/// Whether attributions and permutation importance put the features in the same order.
pub(super) fn agreement(subject: &Subject<'_>, found: &Found, permuted: &Permuted) -> (Option<f64>, Vec<Note>) {
    let sizes = found.summary.means();
    let both = permuted.all.iter().filter_map(|one| match one.features.as_slice() {
        [feature] => Some((*sizes.get(*feature)?, one.value.unwrap_or(f64::NAN))),
        _ => None,
    });
    let (means, lost): (Vec<f64>, Vec<f64>) = both.unzip();
    let Some(r) = spearman(&means, &lost) else { return (None, Vec::new()) };
    if r >= AGREE || subject.n_features() < 4 {
        return (Some(r), Vec::new());
    }
    let text = format!(
        "Attributions and permutation importance put the features in different orders (rank correlation {}): what moves the \
         predictions most is not what the fit depends on most.",
        number(r)
    );
    (Some(r), vec![Subject::note(Level::Caution, "methods_disagree", text)])
}

/// Rows whose explanation changes when their numbers hardly do.
pub(super) fn unsteady(rows: &[Local]) -> Vec<Note> {
    let shaky: Vec<String> =
        rows.iter().filter(|l| l.stability.is_some_and(|s| s < STEADY)).map(|l| l.row.to_string()).collect();
    if shaky.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = shaky.iter().map(String::as_str).collect();
    let text = format!(
        "The order of the features in the explanation of row {} changes when the row's numbers are moved by a twentieth of a \
         standard deviation: small attributions of it mean little.",
        listed(&names)
    );
    vec![Subject::note(Level::Caution, "unsteady_explanation", text)]
}

/// Curves that lead where there are hardly any rows.
pub(super) fn sparse(subject: &Subject<'_>, curves: &[Curves]) -> Vec<Note> {
    let is_sparse = |curve: &&Curves| {
        let (Grid::Numbers(places), Some(info)) = (&curve.grid, subject.info(curve.feature)) else { return false };
        // The widest step between neighbouring quantiles takes most of the range.
        let widest = places.windows(2).filter_map(|w| Some(w.last()? - w.first()?)).fold(0.0, f64::max);
        let range = info.max.unwrap_or(0.0) - info.min.unwrap_or(0.0);
        range > 0.0 && widest > 0.5 * range
    };
    let names: Vec<&str> = curves.iter().filter(is_sparse).map(|c| subject.name(c.feature)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "Over half the range of {} there are hardly any rows: the curves there show what the model makes up, not what it \
         learned.",
        listed(&names)
    );
    vec![Subject::note(Level::Caution, "extrapolation", text)]
}

/// What the numbers are, once, for people who read them.
pub(super) fn meaning(subject: &Subject<'_>, explainer: &Explainer<'_>, base: &[f64]) -> Note {
    let what = match (subject.context.task, explainer.space) {
        (Task::Binary, "log-odds") => format!("the log-odds of `{}`", subject.output_name(0)),
        (Task::Binary, _) => format!("the probability of `{}`", subject.output_name(0)),
        (Task::Multiclass, space) => format!("the {space} of each class"),
        (Task::Regression, "margin") => "the model's margin (before its link, where it has one)".to_owned(),
        (Task::Regression, _) => "the prediction".to_owned(),
    };
    let from = base.first().filter(|_| base.len() == 1).map_or_else(String::new, |b| format!(" from {}", number(*b)));
    let text = format!("Attributions share out {what}{from} on average to what it is for a row: {}.", explainer.says);
    Subject::note(Level::Info, "method", text)
}
