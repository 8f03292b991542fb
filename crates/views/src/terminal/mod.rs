//! A document on a terminal.
//!
//! Tables fit the width: words wrap, then columns fold into panels that repeat the labels, then rows become
//! records. Numbers stand under each other with the same decimals; a missing one is a dash with a footnote.
//! Ink is an extra: whatever it says, a word or a sign says too.

mod grid;
mod picture;
mod pivot;
mod text;
mod tree;

use equipoise_document::{BlockKind, Document, Level, Note, Section, Table};

use crate::error::ViewError;
use crate::format::{count, p_value};
use crate::frame::{Frame, Look, Written, section as find_section, table as find_table};
use crate::words;
use grid::{Grid, GridColumn, Legend};
use text::{Ink, Page, clean, piece};

/// How a terminal is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Columns of the terminal; no line is wider.
    pub width: usize,
    /// Whether escape codes may be used.
    pub colour: bool,
    /// Whether more than ASCII may be used for signs and lines.
    pub unicode: bool,
    /// Whether long tables are written in full.
    pub all: bool,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self { width: 80, colour: false, unicode: true, all: false }
    }
}

/// Rows of a table that are written unless all are asked for.
const MOST_ROWS: usize = 20;
/// Rows of a table of points or bins.
const MOST_POINTS: usize = 10;
/// Notes of a section that the overview writes.
const MOST_NOTES: usize = 4;
/// Numbers of a section that the overview writes.
const MOST_HEADLINES: usize = 7;

/// A section as text; the overview of the document when none is named.
///
/// # Errors
/// When there is no such section.
pub fn section(document: &Document, section_id: Option<&str>, options: &TerminalOptions) -> Result<String, ViewError> {
    let mut page = Page::new(options.width, options.colour, options.unicode);
    match section_id {
        None => write_overview(document, &mut page),
        Some(id) => write_section(find_section(document, id)?, &mut page, options),
    }
    Ok(page.finish())
}

/// One table as text.
///
/// # Errors
/// When there is no such section or table.
pub fn table(
    document: &Document,
    section_id: Option<&str>,
    table_id: &str,
    options: &TerminalOptions,
) -> Result<String, ViewError> {
    let (section, table) = find_table(document, section_id, table_id)?;
    Ok(rows(section, table, options))
}

/// A table of a section as text.
pub(crate) fn rows(section: &Section, table: &Table, options: &TerminalOptions) -> String {
    let mut page = Page::new(options.width, options.colour, options.unicode);
    write_table(&Look::at(section), table, &mut page, options);
    page.finish()
}

fn write_overview(document: &Document, page: &mut Page) {
    page.paragraph(&piece("", Ink::Plain), &words::title(document), 0, Ink::Bold);
    for (label, value) in words::facts(document) {
        page.paragraph(&piece(format!("{label}: "), Ink::Dim), &value, 2, Ink::Plain);
    }
    if !document.notes.is_empty() {
        page.blank();
        write_notes(document.notes.iter(), page);
    }
    for section in &document.sections {
        page.blank();
        write_title(&section.title, &section.id, page);
        page.paragraph(&piece("", Ink::Plain), &section.question, 0, Ink::Dim);
        let all = words::in_reading_order(&section.notes);
        let told: Vec<&Note> = all.iter().copied().filter(|n| n.level != Level::Info).take(MOST_NOTES).collect();
        let n_more = all.len() - told.len();
        write_notes(told, page);
        if n_more > 0 {
            let notes = if n_more == 1 { "note" } else { "notes" };
            page.line(&[piece(format!("… {n_more} more {notes} in `{}`", section.id), Ink::Dim)]);
        }
        let headlines = words::headlines(section, MOST_HEADLINES);
        if !headlines.is_empty() {
            page.blank();
            write_estimates(&headlines, page);
        }
    }
}

fn write_estimates(estimates: &[&equipoise_document::Estimate], page: &mut Page) {
    let written: Vec<Written> = estimates.iter().map(|e| Written::of_estimate(e)).collect();
    let mut legend = Legend::default();
    let names = estimates.iter().map(|e| words::name_of(&e.id));
    let rows: Vec<Written> = estimates.iter().map(|e| Written { text: count(e.n), ..Written::default() }).collect();
    let mut columns = vec![
        GridColumn::words("", names, Ink::Plain),
        GridColumn::numbers("Value", &written, &mut legend, page.is_unicode()),
        GridColumn::numbers("Rows", &rows, &mut legend, page.is_unicode()),
    ];
    if estimates.iter().any(|e| e.p_value.is_some()) {
        let p: Vec<Written> = estimates.iter().map(|e| p_cell(e)).collect();
        columns.push(GridColumn::numbers("p", &p, &mut legend, page.is_unicode()));
    }
    columns.push(GridColumn::words("", estimates.iter().map(|e| words::better_words(e.better).to_owned()), Ink::Dim));
    let mut grid = Grid { columns, n_rows: estimates.len() };
    // The ids that policies use, where there is room for them.
    let ids = GridColumn::words("Id", estimates.iter().map(|e| e.id.to_string()), Ink::Dim);
    if grid.natural_width() + ids.natural_width() + 2 <= page.width() {
        grid.columns.push(ids);
    }
    grid.write(page, 0, usize::MAX);
    legend.write(page, 0);
}

fn p_cell(estimate: &equipoise_document::Estimate) -> Written {
    let text = estimate.p_value.as_ref().map(|p| p_value(p.adjusted.unwrap_or(p.value))).unwrap_or_default();
    Written { text, ..Written::default() }
}

fn write_section(section: &Section, page: &mut Page, options: &TerminalOptions) {
    let look = Look::at(section);
    write_title(&section.title, &section.id, page);
    page.paragraph(&piece("", Ink::Plain), &section.question, 0, Ink::Dim);
    if !section.notes.is_empty() {
        page.blank();
        write_notes(words::in_reading_order(&section.notes), page);
    }
    for block in section.blocks.iter().filter(|b| matches!(b.kind, BlockKind::Text {})) {
        page.blank();
        page.paragraph(&piece("", Ink::Plain), &block.title, 0, Ink::Bold);
        page.paragraph(&piece("", Ink::Plain), &block.says, 0, Ink::Plain);
    }
    if section.tables.is_empty() && !section.estimates.is_empty() {
        page.blank();
        write_estimates(&section.estimates.iter().collect::<Vec<_>>(), page);
    }
    for table in &section.tables {
        page.blank();
        write_table(&look, table, page, options);
    }
}

fn write_title(title: &str, id: &str, page: &mut Page) {
    let is_named = clean(title).to_lowercase() != id.to_lowercase() && !id.is_empty();
    let text = if is_named { format!("{title} ({id})") } else { title.to_owned() };
    page.paragraph(&piece("", Ink::Plain), &text, 0, Ink::Bold);
}

fn write_notes<'a>(notes: impl IntoIterator<Item = &'a Note>, page: &mut Page) {
    for note in notes {
        let (sign, ink) = match note.level {
            Level::Concern => ("!", Ink::Red),
            Level::Failure => ("x", Ink::Red),
            Level::Caution => ("~", Ink::Yellow),
            Level::Finding => ("+", Ink::Green),
            Level::Info => ("i", Ink::Dim),
        };
        let lead = format!("{sign} {}: ", words::level_word(note.level));
        page.paragraph(&piece(lead, ink), &note.text, 2, Ink::Plain);
    }
}

fn write_table(look: &Look<'_>, table: &Table, page: &mut Page, options: &TerminalOptions) {
    let frame = look.frame(table);
    let title = if table.title.is_empty() { &table.id } else { &table.title };
    write_title(title, &table.id, page);
    for block in look.section.blocks.iter().filter(|b| b.table == table.id && !b.says.is_empty()) {
        page.paragraph(&piece("", Ink::Plain), &block.says, 0, Ink::Dim);
    }
    if frame.n_rows == 0 || frame.columns.is_empty() {
        page.line(&[piece("no rows", Ink::Dim)]);
        return;
    }
    if tree::write(look, &frame, page, options.all) {
        return;
    }
    let mut legend = Legend::default();
    let square = pivot::grid(look, &frame, &mut legend, page.is_unicode());
    if let Some(square) = square.filter(|square| square.is_shaded || square.grid.natural_width() <= page.width()) {
        square.grid.write(page, 0, square.grid.n_rows);
        legend.write(page, 0);
        if !square.says.is_empty() {
            page.paragraph(&piece("", Ink::Plain), &square.says, 0, Ink::Dim);
        }
        return;
    }
    let most = if is_drawn_as_a_whole(look, table) { MOST_POINTS } else { MOST_ROWS };
    let n_shown = if options.all { frame.n_rows } else { frame.n_rows.min(most) };
    let mut legend = Legend::default();
    let mut grid = grid_of(&frame, n_shown, &mut legend, page.is_unicode());
    let room = page.width().saturating_sub(grid.natural_width() + 2);
    let drawn = picture::column(look, &frame, n_shown, room);
    let alone = if drawn.is_none() { picture::boxes_alone(look, &frame, n_shown, page.width()) } else { None };
    if let Some(boxes) = alone {
        boxes.write(page, 0, n_shown);
        page.blank();
    }
    grid.columns.extend(drawn);
    grid.write(page, 0, n_shown);
    if n_shown < frame.n_rows {
        let n_more = count((frame.n_rows - n_shown) as u64);
        page.line(&[piece(format!("… {n_more} more rows"), Ink::Dim)]);
    }
    legend.write(page, 0);
}

/// Points of a curve or bins: single rows say little.
fn is_drawn_as_a_whole(look: &Look<'_>, table: &Table) -> bool {
    let is_whole = |kind: &BlockKind| {
        matches!(kind, BlockKind::Curve { .. } | BlockKind::Distribution { .. } | BlockKind::Scatter { .. })
    };
    look.section.blocks.iter().any(|b| b.table == table.id && is_whole(&b.kind))
}

fn grid_of(frame: &Frame<'_>, n_shown: usize, legend: &mut Legend, unicode: bool) -> Grid {
    let columns = frame.columns.iter().map(|column| {
        let cells: Vec<Written> = (0..n_shown).map(|row| column.written(row)).collect();
        if column.is_numeric {
            GridColumn::numbers(column.title, &cells, legend, unicode)
        } else {
            GridColumn::words(column.title, cells.into_iter().map(|c| c.text), Ink::Plain)
        }
    });
    Grid { columns: columns.collect(), n_rows: n_shown }
}
