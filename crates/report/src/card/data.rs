//! Who and what is in the data, and how often the model is wrong in each part of a feature.

use equipoise_document::{Block, Level, Note, Section};
use equipoise_views::parts;

use super::desk::{Desk, MOST_ROWS};
use super::generic;
use super::rows;

/// Features where the configuration names none, and at most.
const USUAL: usize = 4;
const MOST: usize = 16;
/// Parts of a feature in its table at most.
const MOST_PARTS: usize = 10;

pub(super) fn write(desk: &mut Desk<'_>) {
    let document = desk.document;
    let (explorer, balance) = (document.section("explorer"), document.section("balance"));
    if explorer.is_none() && balance.is_none() && document.section("performance").is_none() {
        if desk.config.are_sections_asked {
            generic::absent(desk, "data", "explorer", "Data");
        }
        return;
    }
    desk.heading(1, "Data");
    let rows: Vec<String> = document
        .datasets
        .iter()
        .map(|d| {
            let part = if d.part == "train" { "Training data" } else { "Data" };
            let places = [("n", parts::count(d.n_rows)), ("m", d.columns.len().to_string())];
            format!("{}: {}", desk.say(part), desk.fill("{n} rows, {m} columns", &places))
        })
        .collect();
    desk.paragraph(&format!("{}.", rows.join("; ")));
    notes(desk, &[balance, explorer]);
    if let Some((section, block)) = balance.and_then(|s| rows::block(s, "classes").map(|b| (s, b))) {
        whole(desk, section, block);
    }
    let (features, n_more) = features(desk);
    for feature in &features {
        one(desk, feature);
    }
    if n_more > 0 {
        let says = desk.fill("{n} more features are in the assessment itself.", &[("n", n_more.to_string())]);
        desk.soft(&says);
    }
}

fn notes(desk: &mut Desk<'_>, sections: &[Option<&Section>]) {
    let of = |level: Level| {
        let notes = sections.iter().flatten().flat_map(|s| &s.notes);
        notes.filter(move |n| n.level == level).map(|n| (n, ""))
    };
    let notes: Vec<(&Note, &str)> = of(Level::Concern).chain(of(Level::Finding)).collect();
    desk.note_list(&notes, 6);
}

/// Features that are shown: those asked for, or those that the predictions depend on most; and how many are left out.
fn features(desk: &Desk<'_>) -> (Vec<String>, usize) {
    if let Some(asked) = &desk.config.features {
        return (asked.iter().take(MOST).cloned().collect(), asked.len().saturating_sub(MOST));
    }
    let important = desk.document.section("explain").and_then(|s| s.table("importance"));
    let by_importance: Vec<String> =
        important.map(|t| rows::words(t, "feature").into_iter().map(str::to_owned).collect()).unwrap_or_default();
    let of_model = desk.document.model.as_ref().map(|m| m.features.clone()).unwrap_or_default();
    let all = if by_importance.is_empty() { of_model } else { by_importance };
    let n = all.len();
    (all.into_iter().take(USUAL).collect(), n.saturating_sub(USUAL))
}

/// A picture of all rows and of the training data, without one for each cohort.
fn whole(desk: &mut Desk<'_>, section: &Section, block: &Block) {
    let Some(table) = section.table(&block.table) else { return };
    let document = desk.document;
    let is_cohort = |rows: &str| {
        document.cohorts.iter().any(|c| c.name != "all" && (rows == c.name || rows == format!("test: {}", c.name)))
    };
    let of = rows::words(table, "rows");
    let kept: Vec<usize> = (0..table.n_rows()).filter(|row| of.get(*row).is_none_or(|rows| !is_cohort(rows))).collect();
    let alone = rows::section_of(section, rows::some(table, &kept, &[]));
    desk.charts(&alone, &[block]);
}

/// How a feature's values are spread, and how often the model is wrong in each part of them.
fn one(desk: &mut Desk<'_>, feature: &str) {
    let document = desk.document;
    desk.heading_of(2, feature);
    let mut is_empty = true;
    if let Some(section) = document.section("explorer") {
        let blocks: Vec<&Block> = ["values", "histogram"]
            .iter()
            .filter_map(|kind| rows::block(section, &format!("{kind}[{feature}]")))
            .take(1)
            .collect();
        for block in blocks {
            is_empty = false;
            whole(desk, section, block);
        }
    }
    if let Some(section) = document.section("performance")
        && let Some(table) = section.table("by_feature")
    {
        let of = rows::words(table, "feature");
        let mine: Vec<usize> = (0..of.len()).filter(|row| of.get(*row) == Some(&feature)).collect();
        if !mine.is_empty() {
            let measure = table.columns.get(3).map_or("error_rate", |c| c.id.as_str());
            let kept = rows::some(table, &mine, &["group", "n", measure, "difference_to_rest", "adjusted_p"]);
            let most = MOST_PARTS.min(MOST_ROWS);
            let mut grid = parts::grid(section, &kept, most);
            // The feature's name is the heading already.
            let prefix = format!("{feature}: ");
            for cell in grid.rows.iter_mut().filter_map(|row| row.first_mut()) {
                if let Some(rest) = cell.text.strip_prefix(&prefix) {
                    cell.text = rest.to_owned();
                }
            }
            let title = desk.say("How the model does in each part");
            desk.grid(&grid, &title);
            is_empty = false;
        }
    }
    if is_empty {
        let says = desk.say("The assessment has no picture and no groups of this column.");
        desk.soft(&says);
    }
}
