//! A section that the card has no words of its own for: its findings, its numbers, its first pictures and tables.

use equipoise_document::{Block, BlockKind, Section};
use equipoise_views::parts;

use super::desk::{Desk, MOST_NOTES, MOST_ROWS};

/// Sections of a document that have a part of their own in the card.
const KNOWN: [&str; 8] =
    ["performance", "errors", "fairness", "explain", "balance", "explorer", "causal", "counterfactuals"];
/// Numbers at first sight.
const MOST_HEADLINES: usize = 8;
/// Pictures and tables of a section without a part of its own.
const MOST_BLOCKS: usize = 4;
/// Columns of a table at most.
const MOST_COLUMNS: usize = 7;

/// The section; where it is absent and was asked for, a sentence says how to have it.
pub(super) fn section_or_note<'a>(desk: &mut Desk<'a>, id: &str, title: &str) -> Option<&'a Section> {
    let document = desk.document;
    let section = document.section(id);
    if section.is_none() && desk.config.are_sections_asked {
        absent(desk, id, id, title);
    }
    section
}

/// Says that a part that was asked for is not in the assessment.
pub(super) fn absent(desk: &mut Desk<'_>, _: &str, analysis: &str, title: &str) {
    desk.heading(1, title);
    let places = [("analysis", format!("`{analysis}`"))];
    let says =
        desk.fill("This assessment has no section {analysis}. Run the assessment with it to have this part.", &places);
    desk.paragraph(&says);
}

/// A section with a fixed title.
pub(super) fn named(desk: &mut Desk<'_>, id: &str, title: &str, most_blocks: usize) {
    let Some(section) = section_or_note(desk, id, title) else { return };
    let title = desk.say(title);
    write(desk, section, &title, most_blocks);
}

/// Every other section, such as privacy and robustness.
pub(super) fn others(desk: &mut Desk<'_>) {
    let document = desk.document;
    for section in document.sections.iter().filter(|s| !KNOWN.contains(&s.id.as_str())) {
        write(desk, section, &section.title, MOST_BLOCKS);
    }
}

fn write(desk: &mut Desk<'_>, section: &Section, title: &str, most_blocks: usize) {
    desk.heading_of(1, title);
    desk.soft(&section.question);
    desk.findings(section, MOST_NOTES);
    let is_drawn = |b: &&Block| !matches!(b.kind, BlockKind::Text {});
    let blocks: Vec<&Block> = section.blocks.iter().filter(is_drawn).collect();
    if blocks.is_empty() {
        headlines(desk, section);
    }
    for block in blocks.iter().take(most_blocks) {
        if !matches!(block.kind, BlockKind::Table {}) {
            desk.charts(section, &[block]);
        } else if let Some(table) = section.table(&block.table) {
            let mut grid = parts::grid(section, table, MOST_ROWS);
            grid.columns.truncate(MOST_COLUMNS);
            grid.rows.iter_mut().for_each(|row| row.truncate(MOST_COLUMNS));
            desk.heading_of(2, &block.title);
            if !block.says.is_empty() {
                desk.soft(&block.says);
            }
            desk.grid(&grid, "");
        }
    }
    let n_more = blocks.len().saturating_sub(most_blocks);
    if n_more > 0 {
        let says =
            desk.fill("{n} more pictures and tables are in the assessment itself.", &[("n", n_more.to_string())]);
        desk.soft(&says);
    }
}

fn headlines(desk: &mut Desk<'_>, section: &Section) {
    use super::node::{CellText, Head, Node, Prose};
    let estimates = parts::headlines(section, MOST_HEADLINES);
    if estimates.is_empty() {
        return;
    }
    let rows = estimates.iter().map(|estimate| {
        let written = parts::written(estimate);
        let plain = |text| CellText { text, ..CellText::default() };
        vec![
            plain(desk.name(&parts::name_of(&estimate.id))),
            CellText {
                text: desk.name(&written.text),
                ends: written.ends.map(|(low, high)| format!("[{low}, {high}]")).unwrap_or_default(),
                note: written.missing.map(|why| format!("({why})")).unwrap_or_default(),
                ..CellText::default()
            },
            plain(desk.name(&parts::count(estimate.n))),
        ]
    });
    let rows = rows.collect();
    let columns = [("Number", false, 2), ("Value", true, 0), ("Rows", true, 0)];
    let columns = columns.map(|(title, numeric, share)| Head { title: desk.name(&desk.say(title)), numeric, share });
    desk.push(Node::Table { title: Prose::default(), columns: columns.to_vec(), rows, legend: Vec::new() });
}
