//! What moves the predictions.

use equipoise_document::Block;

use super::desk::{Desk, MOST_NOTES};
use super::generic;
use super::rows;

/// Rows that are explained one by one.
const EXAMPLES: usize = 2;

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
    let more: Vec<&Block> =
        ["by_cohort", "by_class"].iter().filter_map(|id| rows::block(section, id)).take(1).collect();
    desk.charts(section, &more);
    let examples: Vec<&Block> = section.blocks.iter().filter(|b| b.id.starts_with("row_")).take(EXAMPLES).collect();
    if !examples.is_empty() {
        desk.heading(2, "Single predictions");
        desk.charts(section, &examples);
    }
}
