//! Targets, evaluated.

use equipoise_document::{Estimate, EstimateId, Unit};
use equipoise_govern::{Bound, Cause, On, Verdict};
use equipoise_views::parts;

use super::desk::Desk;
use super::node::{CellText, Head, Node, Prose};
use super::opening::target_name;

/// Targets in the table at most; missed ones come first when there are more.
const MOST: usize = 40;

pub(super) fn write(desk: &mut Desk<'_>) {
    let verdicts = desk.verdicts;
    desk.heading(1, "Targets");
    if verdicts.is_empty() {
        let says =
            desk.say("No targets were set. A configuration or a policy names numbers and what they must satisfy.");
        desk.paragraph(&says);
        return;
    }
    let mut shown: Vec<&Verdict> = verdicts.iter().collect();
    if shown.len() > MOST {
        shown.sort_by_key(|v| std::cmp::Reverse(v.outcome));
    }
    let rows = shown.iter().take(MOST).map(|verdict| row(desk, verdict)).collect();
    let titles =
        [("Verdict", false, 0), ("Number", false, 3), ("Found", true, 0), ("Asked", false, 2), ("Rows", true, 0)];
    let columns = titles.map(|(title, numeric, share)| Head { title: desk.name(&desk.say(title)), numeric, share });
    let mut legend = Vec::new();
    if shown.iter().take(MOST).any(|v| v.small) {
        let says = format!("† {}", desk.say("few rows stand behind this number; do not rely on it"));
        legend.push(desk.prose(&says));
    }
    if shown.len() > MOST {
        let n = (shown.len() - MOST).to_string();
        let says = desk
            .fill("{n} more targets are judged by `equipoise check`; the missed ones come first here.", &[("n", n)]);
        legend.push(desk.prose(&says));
    }
    desk.push(Node::Table { title: Prose::default(), columns: columns.to_vec(), rows, legend });
    for verdict in shown.iter().take(MOST).filter(|v| v.cause != Cause::Met) {
        desk.soft(&verdict.message);
    }
}

fn row(desk: &mut Desk<'_>, verdict: &Verdict) -> Vec<CellText> {
    let estimate = verdict.id.parse::<EstimateId>().ok().and_then(|id| desk.document.estimate(&id));
    let found = estimate.map(parts::written).unwrap_or_default();
    if let Some(estimate) = estimate {
        desk.mention(estimate.id.metric());
    }
    let outcome = verdict.outcome.word();
    let few = if verdict.small { " †" } else { "" };
    let plain = |text| CellText { text, ..CellText::default() };
    vec![
        CellText { verdict: Some(outcome), word: desk.say(outcome), ..CellText::default() },
        plain(desk.name(&target_name(&verdict.id))),
        CellText {
            text: desk.name(&format!("{}{few}", if found.text.is_empty() { "–" } else { &found.text })),
            ends: found.ends.map(|(low, high)| format!("[{low}, {high}]")).unwrap_or_default(),
            ..CellText::default()
        },
        plain(desk.name(&asked(verdict, estimate))),
        plain(desk.name(&verdict.n.map(parts::count).unwrap_or_default())),
    ]
}

/// What is asked, in the unit in which the number is written: a share in percent, a difference of shares in points.
fn asked(verdict: &Verdict, estimate: Option<&Estimate>) -> String {
    let (Some(bound), Some(estimate)) = (verdict.bound, estimate.filter(|e| e.unit == Unit::Share)) else {
        return verdict.asks.clone();
    };
    let is_difference = estimate.id.aggregate().is_some_and(|a| a.starts_with("difference"));
    let sign = if is_difference { "pp" } else { "%" };
    let percent = |x: f64| {
        let text = format!("{:.4}", x * 100.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        format!("{}\u{a0}{sign}", text.replace('-', "−"))
    };
    let bound = match bound {
        Bound::Max(x) => format!("≤ {}", percent(x)),
        Bound::Min(x) => format!("≥ {}", percent(x)),
        Bound::Between(a, b) => format!("between {} and {}", percent(a), percent(b)),
        Bound::Near(x, 0.0) => format!("= {}", percent(x)),
        Bound::Near(x, within) => format!("= {} ± {}", percent(x), percent(within)),
    };
    match verdict.on {
        On::Value => bound,
        On::Interval => format!("the whole interval {bound}"),
        On::Low => format!("the lower end {bound}"),
        On::High => format!("the upper end {bound}"),
    }
}
