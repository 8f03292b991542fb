//! Where the model fails.

use super::desk::{Desk, MOST_NOTES};
use super::generic;
use super::rows;

/// Places of a ranking at most.
const MOST_PLACES: usize = 10;

pub(super) fn write(desk: &mut Desk<'_>) {
    let Some(section) = generic::section_or_note(desk, "errors", "Error analysis") else { return };
    desk.heading(1, "Error analysis");
    desk.findings(section, MOST_NOTES);
    for id in ["tree", "slices", "association"] {
        let Some(block) = rows::block(section, id) else { continue };
        // A tree is whole or nothing; of rankings the first places are enough.
        let long = section.table(&block.table).filter(|t| id != "tree" && t.n_rows() > MOST_PLACES);
        let Some(table) = long else {
            desk.charts(section, &[block]);
            continue;
        };
        let first: Vec<usize> = (0..MOST_PLACES).collect();
        desk.charts(&rows::section_of(section, rows::some(table, &first, &[])), &[block]);
        let n = (table.n_rows() - MOST_PLACES).to_string();
        let says = desk.fill("{n} more are in the assessment itself.", &[("n", n)]);
        desk.soft(&says);
    }
}
