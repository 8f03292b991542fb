//! A document held against a policy.

use equipoise_document::{Document, Estimate, Table, TableColumn, Unit};

use crate::words::{demand, number, number_beside};
use crate::{Bound, Gate, IfMissing, On, Policy, Severity};

/// What one gate says of one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Number of the gate in its policy, from 1.
    pub gate: usize,
    /// Line of the gate in the policy file, from 1.
    pub line: u32,
    /// Id of the number; the gate's own id or pattern when it speaks of no number in the document.
    pub id: String,
    /// What follows.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// What the gate asks, in words: `≤ 0.1`.
    pub asks: String,
    /// The bound itself; none where no number is asked for.
    pub bound: Option<Bound>,
    /// Which end of the number is judged.
    pub on: On,
    /// The end of the number that was judged: its value, or the worse end of its interval.
    pub observed: Option<f64>,
    /// Rows behind the number.
    pub n: Option<u64>,
    /// True when so few rows stand behind the number that it should not be relied on.
    pub small: bool,
    /// The reason that the policy gives for the gate.
    pub because: Option<String>,
    /// The whole verdict in one sentence.
    pub message: String,
}

/// What follows from a verdict, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The gate is passed.
    Pass,
    /// The gate is passed, but somebody should look.
    Warn,
    /// The policy is not met.
    Fail,
}

/// Why a verdict is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The number satisfies the bound.
    Met,
    /// The number does not satisfy the bound.
    Broken,
    /// The number is undefined for these rows; the reason in words.
    NoValue(String),
    /// The number has no interval, and the gate asks for one.
    NoInterval,
    /// No number of the document has this id or pattern; the nearest ids.
    UnknownId(Vec<String>),
    /// Something beside numbers is asked for and not there; the reason in words.
    Unmet(String),
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// Holds a document against a policy: one verdict for each gate and each number it speaks of, in the order of the
/// policy and, within a gate, of the document.
///
/// A gate that speaks of no number in the document fails whatever its severity: a misspelt id must not open it.
#[must_use]
pub fn check(document: &Document, policy: &Policy) -> Vec<Verdict> {
    let mut out = Vec::new();
    for (gate, i) in policy.gates.iter().zip(1..) {
        let before = out.len();
        out.extend(document.estimates().filter(|e| gate.id.matches(&e.id)).map(|e| judge(gate, i, e)));
        if out.len() == before {
            out.push(unknown(gate, i, document));
        }
    }
    out
}

/// True when no verdict fails.
#[must_use]
pub fn is_met(verdicts: &[Verdict]) -> bool {
    verdicts.iter().all(|v| v.outcome != Outcome::Fail)
}

/// The verdicts as a table that every view can draw.
#[must_use]
pub fn verdict_table(verdicts: &[Verdict]) -> Table {
    let n = |v: &Verdict| v.n.and_then(|n| i64::try_from(n).ok());
    Table::new("verdicts", "Verdicts")
        .column(TableColumn::text("outcome", "Verdict", verdicts.iter().map(|v| v.outcome.word())))
        .column(TableColumn::text("id", "Number", verdicts.iter().map(|v| v.id.as_str())))
        .column(TableColumn::number("observed", "Observed", verdicts.iter().map(|v| v.observed)))
        .column(TableColumn::text("asks", "Asked", verdicts.iter().map(|v| v.asks.as_str())))
        .column(TableColumn::integer("n", "Rows", verdicts.iter().map(n)).with_unit(Unit::Rows))
        .column(TableColumn::text("why", "Why", verdicts.iter().map(why)))
}

/// The reason in the table: nothing when the bound is met, and what the policy says when it is not.
fn why(verdict: &Verdict) -> String {
    let because = verdict.because.as_deref().unwrap_or_default();
    let few = if verdict.small { "few rows" } else { "" };
    let cause = match &verdict.cause {
        Cause::Met => return few.to_owned(),
        Cause::Broken => String::new(),
        Cause::NoValue(why) | Cause::Unmet(why) => why.clone(),
        Cause::NoInterval => "it has no interval".to_owned(),
        Cause::UnknownId(nearest) => match nearest.first() {
            Some(id) => format!("not in the document; did you mean `{id}`?"),
            None => "not in the document".to_owned(),
        },
    };
    let parts = [cause.as_str(), because, few];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn judge(gate: &Gate, i: usize, estimate: &Estimate) -> Verdict {
    let (cause, observed) = match (estimate.value, ends(gate.on, estimate)) {
        (None, _) => {
            let why = estimate.missing.map_or("the number is absent", |m| m.says());
            (Cause::NoValue(why.to_owned()), None)
        }
        (Some(_), None) => (Cause::NoInterval, None),
        (Some(_), Some(ends)) => {
            let worst = worst_end(&gate.bound, ends);
            (if satisfies(&gate.bound, worst) { Cause::Met } else { Cause::Broken }, Some(worst))
        }
    };
    let outcome = match (&cause, gate.if_missing, gate.severity) {
        (Cause::Met, _, _) => Outcome::Pass,
        (Cause::Broken, _, Severity::Warning) => Outcome::Warn,
        (Cause::Broken, _, Severity::Error) => Outcome::Fail,
        (_, IfMissing::Pass, _) => Outcome::Pass,
        (_, IfMissing::Warn, _) | (_, IfMissing::Fail, Severity::Warning) => Outcome::Warn,
        (_, IfMissing::Fail, Severity::Error) => Outcome::Fail,
    };
    let id = estimate.id.to_string();
    let message = sentence(gate, &id, estimate, &cause);
    Verdict {
        gate: i,
        line: gate.line,
        id,
        outcome,
        cause,
        asks: demand(gate),
        bound: Some(gate.bound),
        on: gate.on,
        observed,
        n: Some(estimate.n),
        small: estimate.small,
        because: gate.because.clone(),
        message,
    }
}

/// The ends of the number that the gate judges; `None` when it asks for an interval and there is none.
fn ends(on: On, estimate: &Estimate) -> Option<(f64, f64)> {
    let interval = estimate.interval.as_ref();
    match on {
        On::Value => estimate.value.map(|v| (v, v)),
        On::Interval => interval.map(|i| (i.low, i.high)),
        On::Low => interval.map(|i| (i.low, i.low)),
        On::High => interval.map(|i| (i.high, i.high)),
    }
}

/// The end that is further from satisfying the bound, so that the bound holds for both when it holds for this one.
fn worst_end(bound: &Bound, (low, high): (f64, f64)) -> f64 {
    match *bound {
        Bound::Max(_) => high,
        Bound::Min(_) => low,
        Bound::Between(min, max) => further((low, min - low), (high, high - max)),
        Bound::Near(equals, _) => further((low, (low - equals).abs()), (high, (high - equals).abs())),
    }
}

fn further(a: (f64, f64), b: (f64, f64)) -> f64 {
    if a.1 > b.1 { a.0 } else { b.0 }
}

/// Inclusive, and the last bits do not decide: 0.4 − 0.3 is 0.10000000000000003 in binary and still at most 0.1.
fn satisfies(bound: &Bound, x: f64) -> bool {
    let is_at_most = |x: f64, max: f64| x <= max + 8.0 * f64::EPSILON * x.abs().max(max.abs());
    match *bound {
        Bound::Max(max) => is_at_most(x, max),
        Bound::Min(min) => is_at_most(min, x),
        Bound::Between(min, max) => is_at_most(min, x) && is_at_most(x, max),
        Bound::Near(equals, within) => is_at_most(x, equals + within) && is_at_most(equals - within, x),
    }
}

fn sentence(gate: &Gate, id: &str, estimate: &Estimate, cause: &Cause) -> String {
    let shown = |x: f64| number_beside(x, &gate.bound);
    let is = match (cause, estimate.value, &estimate.interval) {
        (Cause::NoValue(why), _, _) => format!("`{id}` has no value because {why}"),
        (Cause::NoInterval, _, _) => format!("`{id}` has no interval"),
        (_, Some(value), Some(i)) if gate.on != On::Value => {
            let percent = number(i.level * 100.0);
            format!("`{id}` is {} ({percent} % interval {} to {})", shown(value), shown(i.low), shown(i.high))
        }
        (_, value, _) => format!("`{id}` is {}", value.map_or_else(|| "absent".to_owned(), shown)),
    };
    let few = if estimate.small { format!(" (only {} rows)", estimate.n) } else { String::new() };
    with_reason(format!("{is}{few}; asked is {}", demand(gate)), gate)
}

fn with_reason(said: String, gate: &Gate) -> String {
    match &gate.because {
        Some(because) => format!("{said}: {because}"),
        None => said,
    }
}

fn unknown(gate: &Gate, i: usize, document: &Document) -> Verdict {
    let wanted = gate.id.text();
    let nearest = nearest(wanted, document.estimates().map(|e| e.id.to_string()));
    let what = if gate.id.is_open() { "pattern matches no number" } else { "number is not" };
    let mut message = format!("`{wanted}`: this {what} in the document");
    if !nearest.is_empty() {
        let names: Vec<String> = nearest.iter().map(|id| format!("`{id}`")).collect();
        message.push_str(&format!("; the nearest are {}", names.join(", ")));
    }
    Verdict {
        gate: i,
        line: gate.line,
        id: wanted.to_owned(),
        outcome: Outcome::Fail,
        cause: Cause::UnknownId(nearest),
        asks: demand(gate),
        bound: Some(gate.bound),
        on: gate.on,
        observed: None,
        n: None,
        small: false,
        because: gate.because.clone(),
        message: with_reason(message, gate),
    }
}

/// Up to three ids that are most like the wanted one, the nearest first; none that is hardly like it.
fn nearest(wanted: &str, ids: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = wanted.replace('*', "");
    let mut scored: Vec<(f64, String)> = ids
        .map(|id| (strsim::normalized_damerau_levenshtein(&wanted, &id), id))
        .filter(|(score, _)| *score >= 0.5)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().take(3).map(|(_, id)| id).collect()
}
