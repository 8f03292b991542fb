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
/// ```
/// use equipoise_document::Document;
/// use equipoise_views::{Format, TerminalOptions, ViewError, render};
///
/// let document = Document::from_json(
///     r#"{"schema_version": "1.0", "spec": {"data": {"test": "loans.csv"}}, "task": "binary", "datasets": [],
///         "provenance": {"equipoise": "0.1.0", "seed": 0, "spec_sha256": "", "inputs": []},
///         "sections": [{"id": "performance", "title": "Performance", "question": "How good is it?",
///             "estimates": [{"id": "performance.accuracy", "value": 0.8731, "n": 16281, "unit": "share",
///                 "better": "higher",
///                 "interval": {"low": 0.868, "high": 0.8782, "level": 0.95, "method": "wilson"}}]}]}"#,
/// )
/// .expect("a document");
/// let text = render(&document, Some("performance"), None, Format::Table, &TerminalOptions::default())?;
/// assert!(text.contains("Accuracy  87.3 % [86.8, 87.8]  16,281"));
/// # Ok::<(), ViewError>(())
/// ```
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
