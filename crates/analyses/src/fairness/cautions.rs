//! Reasons to read gaps with care: few rows, numbers that do not exist, combinations that nobody has.

use equipoise_document::{Level, Missing, Note};

use super::aggregate::{Row, Settings};
use super::groups::{Group, Slice};
use super::merged::in_sentence;

/// Groups of a grouping, and groupings of a note, that are named; the rest are counted.
const MOST_NAMED: usize = 5;

/// What is to be careful with in one slice.
pub(super) struct Caution {
    /// The grouping in words.
    slice: String,
    is_cohort: bool,
    n_groups: usize,
    small: Vec<String>,
    absent: Vec<String>,
    undefined: Vec<Undefined>,
}

/// Groups that have no number for one reason, and the metrics.
struct Undefined {
    why: Missing,
    groups: Vec<String>,
    metrics: Vec<String>,
}

impl Caution {
    pub(super) fn of(slice: &Slice, rows: &[Row<'_>], settings: Settings<'_>) -> Self {
        let is_small = |g: &&Group| g.counted.rows() < settings.params.min_rows;
        let mut undefined: Vec<Undefined> = Vec::new();
        for row in rows {
            for (place, why) in row.left_out() {
                let group = slice.groups.get(place).map_or_else(String::new, Group::name);
                match undefined.iter_mut().find(|u| u.why == why) {
                    Some(known) => {
                        add(&mut known.groups, group);
                        add(&mut known.metrics, in_sentence(&row.metric.title));
                    }
                    None => {
                        let metrics = vec![in_sentence(&row.metric.title)];
                        undefined.push(Undefined { why, groups: vec![group], metrics });
                    }
                }
            }
        }
        Self {
            slice: slice.title(),
            is_cohort: slice.cohort.is_some(),
            n_groups: slice.groups.len(),
            small: slice.groups.iter().filter(is_small).map(Group::name).collect(),
            absent: slice.absent.clone(),
            undefined,
        }
    }
}

/// One note for all slices of each kind of caution.
pub(super) fn notes(all: &[Caution], settings: Settings<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let few = told(all, |c| (&c.small, Some(c.n_groups)));
    if let Some(few) = few {
        let text = format!("Fewer than {} rows: {few}.", settings.params.min_rows);
        notes.push(Note::new(Level::Caution, "small_groups", text));
    }
    let mut reasons: Vec<(Missing, Vec<String>)> = Vec::new();
    for undefined in all.iter().flat_map(|c| &c.undefined) {
        let place = reasons.iter().position(|(why, _)| *why == undefined.why).unwrap_or_else(|| {
            reasons.push((undefined.why, Vec::new()));
            reasons.len() - 1
        });
        if let Some((_, metrics)) = reasons.get_mut(place) {
            undefined.metrics.iter().for_each(|metric| add(metrics, metric.clone()));
        }
    }
    for (why, metrics) in reasons {
        const NONE: &Vec<String> = &Vec::new();
        let groups = |c: &'_ Caution| c.undefined.iter().position(|u| u.why == why);
        let of = told(all, |c| (groups(c).and_then(|i| c.undefined.get(i)).map_or(NONE, |u| &u.groups), None));
        if let Some(of) = of {
            let text =
                format!("No {} because {}: {of}. They take no part in those gaps.", alternatives(&metrics), why.says());
            notes.push(Note::new(Level::Caution, "undefined_groups", text));
        }
    }
    if let Some(absent) = told(all, |c| (&c.absent, None)) {
        notes.push(Note::new(Level::Info, "absent_groups", format!("Combinations that have no rows: {absent}.")));
    }
    notes
}

/// The groups of every slice, by name where all rows are meant, by number within cohorts; none where there are none.
fn told<'a>(all: &'a [Caution], pick: impl Fn(&'a Caution) -> (&'a Vec<String>, Option<usize>)) -> Option<String> {
    let (in_cohorts, over_all): (Vec<&Caution>, Vec<&Caution>) =
        all.iter().filter(|c| !pick(c).0.is_empty()).partition(|c| c.is_cohort);
    let mut parts: Vec<String> = over_all
        .iter()
        .take(MOST_NAMED)
        .map(|c| {
            let (names, of) = pick(c);
            let share = of.map_or_else(String::new, |n| format!("{} of {n} groups ", names.len()));
            let named = names.iter().take(MOST_NAMED).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let more = names.len().checked_sub(MOST_NAMED).filter(|n| *n > 0);
            let more = more.map_or_else(String::new, |n| format!(" and {n} more"));
            format!("{share}by {} ({named}{more})", c.slice)
        })
        .collect();
    let count = |of: &[&'a Caution]| of.iter().map(|c| pick(c).0.len()).sum::<usize>();
    let rest = over_all.get(MOST_NAMED..).unwrap_or_default();
    if !rest.is_empty() {
        parts.push(format!("{} in {} further groupings", count(rest), rest.len()));
    }
    if !in_cohorts.is_empty() {
        parts.push(format!("{} within cohorts", count(&in_cohorts)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `a, b or c`
fn alternatives(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

fn add(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}
