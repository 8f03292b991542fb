//! One entry for every textual format.

use equipoise_document::{Document, Section, Table};

use crate::error::ViewError;
use crate::terminal::TerminalOptions;
use crate::{csv, json, markdown, terminal};

/// A textual format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned text for a terminal.
    Table,
    /// Markdown with pipe tables.
    Markdown,
    /// Comma-separated values: the estimates, or one table.
    Csv,
    /// The document, one section or one table as JSON.
    Json,
}

/// The document, one of its sections or one of its tables as text.
///
/// Without a section: the overview (table, Markdown), all estimates (CSV) or the whole document (JSON). A table
/// may be named without its section when only one has it, or as `section.table`. The options matter to
/// [`Format::Table`] alone.
///
/// # Errors
/// When there is no such section or table.
pub fn render(
    document: &Document,
    section: Option<&str>,
    table: Option<&str>,
    format: Format,
    options: &TerminalOptions,
) -> Result<String, ViewError> {
    match (format, table) {
        (Format::Table, None) => terminal::section(document, section, options),
        (Format::Table, Some(table)) => terminal::table(document, section, table, options),
        (Format::Markdown, None) => markdown::section(document, section),
        (Format::Markdown, Some(table)) => markdown::table(document, section, table),
        (Format::Csv, None) => csv::estimates(document, section),
        (Format::Csv, Some(table)) => csv::table(document, section, table),
        (Format::Json, None) => json::section(document, section),
        (Format::Json, Some(table)) => json::table(document, section, table),
    }
}

/// A table that stands alone, such as verdicts or a comparison.
///
/// # Errors
/// Only when it cannot be written as JSON.
pub fn render_table(table: &Table, format: Format, options: &TerminalOptions) -> Result<String, ViewError> {
    let nowhere = Section::new("", "", "");
    match format {
        Format::Table => Ok(terminal::rows(&nowhere, table, options)),
        Format::Markdown => Ok(markdown::rows(&nowhere, table)),
        Format::Csv => Ok(csv::rows(&nowhere, table)),
        Format::Json => json::rows(&nowhere, table),
    }
}
