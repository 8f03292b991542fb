//! Chosen cohorts, and the best and the worst parts of the rows.

use equipoise_document::Section;
use equipoise_views::parts;

use super::desk::Desk;
use super::generic;
use super::rows;

/// Cohorts in a table at most.
const MOST: usize = 30;

pub(super) fn write(desk: &mut Desk<'_>) {
    let document = desk.document;
    let tree = document.section("errors").filter(|s| s.table("tree").is_some());
    let by_cohort = document.section("performance").filter(|s| s.table("by_cohort").is_some());
    if tree.is_none() && by_cohort.is_none() {
        if desk.config.are_sections_asked {
            generic::absent(desk, "cohorts", "errors", "Cohorts");
        }
        return;
    }
    desk.heading(1, "Cohorts");
    if let Some(section) = by_cohort {
        chosen(desk, section);
    }
    if let Some(section) = tree {
        extremes(desk, section);
    }
}

fn chosen(desk: &mut Desk<'_>, section: &Section) {
    let Some(table) = section.table("by_cohort") else { return };
    let names = rows::words(table, "cohort");
    let is_shown = |name: &str| {
        name == "all" || desk.config.cohorts.as_ref().is_none_or(|wanted| wanted.iter().any(|w| w == name))
    };
    let kept: Vec<usize> = (0..names.len()).filter(|row| names.get(*row).is_some_and(|n| is_shown(n))).collect();
    if kept.len() < 2 {
        let says = desk.say("No cohorts were named beside all rows.");
        desk.soft(&says);
        return;
    }
    desk.heading(2, "Chosen cohorts");
    let metrics = table.columns.iter().map(|c| c.id.as_str()).take(6).collect::<Vec<_>>();
    for id in metrics.iter().skip(2) {
        desk.mention(id);
    }
    let some = rows::some(table, &kept, &metrics);
    let mut grid = parts::grid(section, &some, MOST);
    // Intervals are in the picture; in a table of so many numbers they would hide them.
    for cell in grid.rows.iter_mut().flatten() {
        cell.ends = None;
    }
    desk.grid(&grid, "");
    if let Some(block) = rows::block(section, "by_cohort") {
        let alone =
            rows::section_of(section, rows::some(table, kept.get(..kept.len().min(MOST)).unwrap_or(&kept), &[]));
        desk.charts(&alone, &[block]);
    }
    let predicates: Vec<_> = desk
        .document
        .cohorts
        .iter()
        .filter(|c| names.iter().any(|n| *n == c.name) && is_shown(&c.name))
        .filter_map(|c| c.predicate.as_ref().map(|p| (c.name.clone(), p.clone())))
        .collect();
    let items = predicates
        .iter()
        .take(MOST)
        .map(|(name, predicate)| {
            let predicate = predicate.replace('`', "'");
            (desk.name(name), desk.prose(&format!("`{predicate}`")))
        })
        .collect();
    desk.push(super::node::Node::Terms { items });
}

/// The leaves of the error tree with the lowest and the highest error.
fn extremes(desk: &mut Desk<'_>, section: &Section) {
    let Some(table) = section.table("tree") else { return };
    let (nodes, parents) = (rows::words(table, "node"), rows::words(table, "parent"));
    let values = rows::numbers(section, table, "value");
    let mut leaves: Vec<(usize, f64)> = (0..nodes.len())
        .filter(|row| nodes.get(*row).is_some_and(|node| !parents.contains(node)))
        .filter_map(|row| values.get(row).copied().flatten().map(|value| (row, value)))
        .collect();
    if leaves.len() < 2 {
        return;
    }
    leaves.sort_by(|a, b| b.1.total_cmp(&a.1));
    let n = desk.config.extremes.min(leaves.len() / 2).max(1);
    let columns = ["path", "n", "value", "difference", "coverage"];
    let worst: Vec<usize> = leaves.iter().take(n).map(|(row, _)| *row).collect();
    let best: Vec<usize> = leaves.iter().rev().take(n).map(|(row, _)| *row).collect();
    for (title, chosen) in [("Where the model fails most", worst), ("Where it fails least", best)] {
        desk.heading(2, title);
        let grid = parts::grid(section, &rows::some(table, &chosen, &columns), usize::MAX);
        desk.grid(&grid, "");
    }
    let says =
        desk.say("These are leaves of the error tree; “error coverage” is the share of all errors that a part holds.");
    desk.soft(&says);
}
