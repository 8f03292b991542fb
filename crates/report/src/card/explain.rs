//! What moves the predictions.

use equipoise_document::{Block, Section};

use super::desk::{Desk, MOST_NOTES};
use super::generic;
use super::rows;

/// Rows that are explained one by one.
const EXAMPLES: usize = 2;
/// Features that are shown for each cohort.
const OF_COHORTS: usize = 6;

pub(super) fn write(desk: &mut Desk<'_>) {
    let Some(section) = generic::section_or_note(desk, "explain", "Feature importance") else { return };
    desk.heading(1, "Feature importance");
    desk.findings(section, MOST_NOTES);
    if let Some(block) = rows::block(section, "importance")
        && let Some(table) = section.table(&block.table)
    {
        // The table is in order of importance, the most important first.
        let kept: Vec<usize> = (0..table.n_rows().min(desk.config.top_features)).collect();
        let alone = rows::section_of(section, rows::some(table, &kept, &[]));
        desk.charts(&alone, &[block]);
        let n_more = table.n_rows() - kept.len();
        if n_more > 0 {
            let says = desk
                .fill("{n} features of less importance are in the assessment itself.", &[("n", n_more.to_string())]);
            desk.soft(&says);
        }
    }
    cohorts(desk, section);
    if let Some(block) = rows::block(section, "by_class") {
        desk.charts(section, &[block]);
    }
    let examples: Vec<&Block> = section.blocks.iter().filter(|b| b.id.starts_with("row_")).take(EXAMPLES).collect();
    if !examples.is_empty() {
        desk.heading(2, "Single predictions");
        desk.charts(section, &examples);
    }
}

/// What drives the predictions of each cohort, for the features that matter most.
fn cohorts(desk: &mut Desk<'_>, section: &Section) {
    let Some((block, table)) = rows::block(section, "by_cohort").and_then(|b| section.table(&b.table).map(|t| (b, t)))
    else {
        return;
    };
    let features = rows::words(table, "feature");
    let mut first: Vec<&str> = Vec::new();
    for feature in &features {
        if first.len() < OF_COHORTS && !first.contains(feature) {
            first.push(feature);
        }
    }
    let kept: Vec<usize> =
        (0..features.len()).filter(|row| features.get(*row).is_some_and(|f| first.contains(f))).collect();
    desk.charts(&rows::section_of(section, rows::some(table, &kept, &[])), &[block]);
}
