//! Where the model fails.

use equipoise_document::Block;

use super::desk::{Desk, MOST_NOTES};
use super::generic;
use super::rows;

pub(super) fn write(desk: &mut Desk<'_>) {
    let Some(section) = generic::section_or_note(desk, "errors", "Error analysis") else { return };
    desk.heading(1, "Error analysis");
    desk.findings(section, MOST_NOTES);
    let blocks: Vec<&Block> =
        ["tree", "slices", "association"].iter().filter_map(|id| rows::block(section, id)).collect();
    desk.charts(section, &blocks);
}
