//! How good the predictions are.

use equipoise_document::{Block, Section, Task};
use equipoise_views::parts;

use super::desk::{Desk, MOST_NOTES};
use super::generic;
use super::rows;

/// Metrics in the table at most.
const MOST: usize = 14;
/// Pictures in the order in which they are wanted.
const PICTURES: [&str; 11] = [
    "confusion",
    "confusion_shares",
    "by_class",
    "residuals",
    "by_prediction",
    "roc",
    "precision_recall",
    "reliability",
    "scores",
    "thresholds",
    "target",
];

pub(super) fn write(desk: &mut Desk<'_>) {
    let document = desk.document;
    let Some(section) = generic::section_or_note(desk, "performance", "Performance") else { return };
    desk.heading(1, "Performance");
    desk.findings(section, MOST_NOTES);
    metrics(desk, section);
    let most = if document.task == Task::Multiclass { 5 } else { 7 };
    // Of two classes the metrics say it, of many one matrix does: shares of each class would only be a second large picture.
    let needs_shares = (3..=6).contains(&document.classes.len());
    let wanted = PICTURES.iter().filter(|id| needs_shares || **id != "confusion_shares");
    let blocks: Vec<&Block> = wanted.filter_map(|id| rows::block(section, id)).take(most).collect();
    desk.charts(section, &blocks);
}

/// The table of metrics: those that the configuration names first, with what each of them says.
fn metrics(desk: &mut Desk<'_>, section: &Section) {
    let document = desk.document;
    let Some(table) = section.table("metrics") else { return };
    let config = desk.config;
    let ids = rows::ids(table, "value");
    let asked = config.metrics.iter().chain(config.targets.iter().filter(|t| t.cohort.is_none()).map(|t| &t.of));
    let asked: Vec<String> = asked.filter_map(|m| config.metric(m, "performance", document).ok()).collect();
    let place = |metric: &String| ids.iter().position(|id| id.is_some_and(|id| id.metric() == metric));
    let mut order: Vec<usize> = asked.iter().filter_map(place).collect();
    order.extend(0..ids.len());
    let mut seen = std::collections::BTreeSet::new();
    order.retain(|row| seen.insert(*row));
    order.truncate(MOST.max(asked.len()));
    for id in order.iter().filter_map(|row| ids.get(*row).copied().flatten()) {
        desk.mention(id.metric());
    }
    let kept = rows::some(table, &order, &["metric", "value", "says"]);
    let mut grid = parts::grid(section, &kept, usize::MAX);
    grid.n_more = ids.len() - order.len();
    for (column, title) in grid.columns.iter_mut().zip(["Metric", "Value", "What it is"]) {
        column.title = desk.say(title);
    }
    let level = document.spec.level() * 100.0;
    let says = desk.fill("Numbers in brackets are {level} % intervals.", &[("level", format!("{level}"))]);
    desk.grid(&grid, "");
    desk.soft(&says);
}
