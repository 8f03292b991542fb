//! Whether groups are treated alike.

use equipoise_document::{Block, BlockKind, EstimateId, Level, Note, Section, Task};
use equipoise_views::parts;

use super::desk::Desk;
use super::generic;
use super::rows;
use crate::config::Gap;

/// Concerns at most.
const MOST_CONCERNS: usize = 8;
/// Sensitive columns at most.
const MOST_COLUMNS: usize = 8;
/// Metrics with a picture.
const PICTURES: usize = 2;

pub(super) fn write(desk: &mut Desk<'_>) {
    let Some(section) = generic::section_or_note(desk, "fairness", "Fairness") else { return };
    desk.heading(1, "Fairness");
    let notes: Vec<(&Note, &str)> = parts::in_reading_order(&section.notes)
        .into_iter()
        .filter(|n| matches!(n.level, Level::Concern | Level::Failure | Level::Finding))
        .map(|n| (n, ""))
        .collect();
    desk.note_list(&notes, MOST_CONCERNS);
    let metrics = metrics(desk);
    let mut columns = desk.config.sensitive(desk.document);
    let n_more = columns.len().saturating_sub(MOST_COLUMNS);
    columns.truncate(MOST_COLUMNS);
    for column in &columns {
        desk.heading_of(2, column);
        gaps(desk, section, column, &metrics);
        pictures(desk, section, column, &metrics);
    }
    if n_more > 0 {
        let says = desk.fill("{n} more are in the assessment itself.", &[("n", n_more.to_string())]);
        desk.soft(&says);
    }
    intersections(desk, section, &columns, &metrics);
}

/// The metrics that are shown: those asked for, or the usual ones of the task.
fn metrics(desk: &Desk<'_>) -> Vec<String> {
    let (config, document) = (desk.config, desk.document);
    let asked: Vec<String> =
        config.fairness.metrics.iter().filter_map(|m| config.metric(m, "fairness", document).ok()).collect();
    if !asked.is_empty() {
        return asked;
    }
    let usual: &[&str] = match document.task {
        Task::Binary => &[
            "selection_rate",
            "true_positive_rate",
            "false_positive_rate",
            "accuracy",
            "precision",
            "base_rate",
            "roc_auc",
        ],
        Task::Multiclass => &["accuracy", "balanced_accuracy", "zero_one_loss", "f1_macro", "recall_macro"],
        Task::Regression => &["mean_prediction", "mean_error", "mean_absolute_error", "root_mean_squared_error"],
    };
    usual.iter().map(|m| (*m).to_owned()).collect()
}

/// The gaps of a column: lowest and highest group, difference and ratio.
fn gaps(desk: &mut Desk<'_>, section: &Section, column: &str, metrics: &[String]) {
    let Some(table) = section.table(&format!("gaps[{column}]")) else {
        let says = desk.say("There are fewer than two groups, so there is no gap.");
        desk.soft(&says);
        return;
    };
    let ids = rows::ids(table, "difference");
    let place = |metric: &String| ids.iter().position(|id| id.is_some_and(|id| id.metric() == metric));
    let mut kept: Vec<usize> = metrics.iter().filter_map(place).collect();
    if kept.is_empty() {
        kept = (0..table.n_rows().min(6)).collect();
    }
    for id in kept.iter().filter_map(|row| ids.get(*row).copied().flatten()) {
        desk.mention(id.metric());
    }
    let columns: &[&str] = match desk.config.fairness.kind {
        None => &["metric", "lowest", "highest", "difference", "ratio"],
        Some(Gap::Difference) => &["metric", "lowest", "highest", "difference"],
        Some(Gap::Ratio) => &["metric", "lowest", "highest", "ratio"],
    };
    let grid = parts::grid(section, &rows::some(table, &kept, columns), usize::MAX);
    let title = desk.say("Gaps between groups");
    desk.grid(&grid, &title);
    let n = section.table(&format!("by_group[{column}]")).map_or(0, equipoise_document::Table::n_rows);
    if n > 2 {
        let says = desk.fill("The gaps are between the lowest and the highest of {n} groups.", &[("n", n.to_string())]);
        desk.soft(&says);
    }
}

/// Dots with intervals for each group; of very many groups the lowest and the highest.
fn pictures(desk: &mut Desk<'_>, section: &Section, column: &str, metrics: &[String]) {
    let drawn: Vec<&Block> = metrics
        .iter()
        .filter_map(|metric| rows::block(section, &format!("{metric}_by[{column}]")))
        .take(PICTURES)
        .collect();
    for block in drawn {
        let most = desk.config.max_groups;
        let Some(table) = section.table(&block.table).filter(|t| t.n_rows() > most) else {
            desk.charts(section, &[block]);
            continue;
        };
        let value = match &block.kind {
            BlockKind::Dots { value, .. } | BlockKind::Bars { value, .. } => value.as_str(),
            _ => "n",
        };
        let values = rows::numbers(section, table, value);
        let mut order: Vec<usize> = (0..table.n_rows()).collect();
        let key = |row: &usize| values.get(*row).copied().flatten().unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| key(b).total_cmp(&key(a)));
        let half = most / 2;
        let kept: Vec<usize> = order
            .iter()
            .enumerate()
            .filter(|(i, _)| *i < half || *i + (most - half) >= order.len())
            .map(|(_, row)| *row)
            .collect();
        let alone = rows::section_of(section, rows::some(table, &kept, &[]));
        desk.charts(&alone, &[block]);
        let places = [("n", kept.len().to_string()), ("m", table.n_rows().to_string())];
        let says = desk.fill("The picture shows {n} of {m} groups: those with the highest and the lowest values. The gaps count all of them.", &places);
        desk.soft(&says);
    }
}

/// One picture for each combination of columns.
fn intersections(desk: &mut Desk<'_>, section: &Section, columns: &[String], metrics: &[String]) {
    let Some(metric) = metrics.first() else { return };
    let is_wanted = |id: &EstimateId| {
        let of: Vec<&str> = id.columns().iter().map(|s| s.column.as_str()).collect();
        of.len() > 1 && of.iter().all(|c| columns.iter().any(|w| w == c))
    };
    let blocks: Vec<&Block> = section
        .blocks
        .iter()
        .filter(|b| b.id.starts_with(&format!("{metric}_by[")) && !matches!(b.kind, BlockKind::Table {}))
        .filter(|b| {
            let inside = b.id.split_once('[').map_or("", |(_, rest)| rest);
            format!("fairness.{metric}[{inside}").parse().is_ok_and(|id| is_wanted(&id))
        })
        .take(2)
        .collect();
    if !blocks.is_empty() {
        desk.heading(2, "Groups in combination");
        desk.charts(section, &blocks);
    }
}
