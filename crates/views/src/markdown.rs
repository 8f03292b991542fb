//! A document as Markdown with pipe tables.
//!
//! Names and values are escaped so that neither a pipe nor markup in the data can change the page.

use equipoise_document::{BlockKind, Document, Estimate, Note, Section, Table};

use crate::error::ViewError;
use crate::format::{count, estimate_text, p_value};
use crate::frame::{self, Frame, Look};
use crate::words;

/// The sign of a number that rests on few rows.
const SMALL_SIGN: &str = "†";
/// Numbers of a section in the overview.
const MOST_HEADLINES: usize = 7;

/// A section, or the overview.
pub(crate) fn section(document: &Document, section_id: Option<&str>) -> Result<String, ViewError> {
    let mut out = String::new();
    match section_id {
        Some(id) => write_section(frame::section(document, id)?, &mut out),
        None => write_overview(document, &mut out),
    }
    Ok(out)
}

/// One table.
pub(crate) fn table(document: &Document, section_id: Option<&str>, table_id: &str) -> Result<String, ViewError> {
    let (section, table) = frame::table(document, section_id, table_id)?;
    Ok(rows(section, table))
}

/// A table of a section.
pub(crate) fn rows(section: &Section, table: &Table) -> String {
    let mut out = String::new();
    write_table(&Look::at(section), table, "#", &mut out);
    out
}

fn write_overview(document: &Document, out: &mut String) {
    out.push_str(&format!("# {}\n\n", escaped(&words::title(document))));
    for (label, value) in words::facts(document) {
        out.push_str(&format!("- **{label}:** {}\n", escaped(&value)));
    }
    write_notes(&document.notes, out);
    for section in &document.sections {
        out.push_str(&format!("\n## {}\n\n_{}_\n", escaped(&section.title), escaped(&section.question)));
        write_notes(&section.notes, out);
        let headlines = words::headlines(section, MOST_HEADLINES);
        if !headlines.is_empty() {
            write_estimates(&headlines, out);
        }
    }
}

fn write_section(section: &Section, out: &mut String) {
    out.push_str(&format!("# {}\n\n_{}_\n", escaped(&section.title), escaped(&section.question)));
    write_notes(&section.notes, out);
    for block in section.blocks.iter().filter(|b| matches!(b.kind, BlockKind::Text {})) {
        out.push_str(&format!("\n## {}\n\n{}\n", escaped(&block.title), prose(&block.says)));
    }
    if section.tables.is_empty() && !section.estimates.is_empty() {
        write_estimates(&section.estimates.iter().collect::<Vec<_>>(), out);
    }
    let look = Look::at(section);
    for table in &section.tables {
        out.push('\n');
        write_table(&look, table, "##", out);
    }
}

fn write_notes(notes: &[Note], out: &mut String) {
    if notes.is_empty() {
        return;
    }
    out.push('\n');
    for note in words::in_reading_order(notes) {
        out.push_str(&format!("- **{}:** {}\n", words::level_word(note.level), prose(&note.text)));
    }
}

fn write_estimates(estimates: &[&Estimate], out: &mut String) {
    let mut legend = Legend::default();
    let rows = estimates.iter().map(|e| {
        let sign = legend.sign(e.small, e.value.is_none().then(|| words::why(e.missing)));
        let p = e.p_value.as_ref().map(|p| p_value(p.adjusted.unwrap_or(p.value))).unwrap_or_default();
        vec![words::name_of(&e.id), format!("{}{sign}", estimate_text(e)), count(e.n), p, e.id.to_string()]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let head = [("Number", false), ("Value", true), ("Rows", true), ("p", true), ("Id", false)];
    out.push('\n');
    write_grid(&head, &rows, out);
    legend.write(out);
}

fn write_table(look: &Look<'_>, table: &Table, hashes: &str, out: &mut String) {
    let title = if table.title.is_empty() { &table.id } else { &table.title };
    out.push_str(&format!("{hashes} {}\n\n", escaped(title)));
    for block in look.section.blocks.iter().filter(|b| b.table == table.id && !b.says.is_empty()) {
        out.push_str(&format!("{}\n\n", prose(&block.says)));
    }
    let frame = look.frame(table);
    if frame.n_rows == 0 || frame.columns.is_empty() {
        out.push_str("No rows.\n");
        return;
    }
    let mut legend = Legend::default();
    let head: Vec<(&str, bool)> = frame.columns.iter().map(|c| (c.title, c.is_numeric)).collect();
    let rows: Vec<Vec<String>> = (0..frame.n_rows).map(|row| cells(&frame, row, &mut legend)).collect();
    write_grid(&head, &rows, out);
    legend.write(out);
}

fn cells(frame: &Frame<'_>, row: usize, legend: &mut Legend) -> Vec<String> {
    let cell = |column: &frame::Column<'_>| {
        let written = column.written(row);
        let sign = legend.sign(written.is_small, written.missing);
        format!("{}{sign}", written.line())
    };
    frame.columns.iter().map(cell).collect()
}

fn write_grid(head: &[(&str, bool)], rows: &[Vec<String>], out: &mut String) {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&line(head.iter().map(|(title, _)| escaped(title)).collect()));
    out.push_str(&line(head.iter().map(|(_, n)| if *n { "---:" } else { "---" }.to_owned()).collect()));
    for row in rows {
        out.push_str(&line(row.iter().map(|c| escaped(c)).collect()));
    }
}

/// Signs that need an explanation below.
#[derive(Default)]
struct Legend {
    reasons: Vec<&'static str>,
    has_small: bool,
}

impl Legend {
    fn sign(&mut self, is_small: bool, missing: Option<&'static str>) -> String {
        if let Some(reason) = missing {
            let at = self.reasons.iter().position(|r| *r == reason).unwrap_or_else(|| {
                self.reasons.push(reason);
                self.reasons.len() - 1
            });
            return format!(" ({})", at + 1);
        }
        self.has_small |= is_small;
        if is_small { SMALL_SIGN.to_owned() } else { String::new() }
    }

    fn write(&self, out: &mut String) {
        if !self.reasons.is_empty() || self.has_small {
            out.push('\n');
        }
        for (i, reason) in self.reasons.iter().enumerate() {
            out.push_str(&format!("({}) no value: {reason}\n", i + 1));
        }
        if self.has_small {
            out.push_str(&format!("{SMALL_SIGN} {}\n", words::SMALL));
        }
    }
}

/// Sentences in which names stand in backticks: these stay code, the rest is escaped.
pub(crate) fn prose(sentences: &str) -> String {
    let parts: Vec<&str> = sentences.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(sentences);
    }
    let code = |name: &str| format!("`{}`", name.replace(|c: char| c.is_control(), " "));
    let part = |(i, part): (usize, &&str)| if i.is_multiple_of(2) { escaped(part) } else { code(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Text in which nothing is markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_text() {
        assert_eq!(escaped("<b>|a_b\n"), "\\<b\\>\\|a\\_b ");
        assert_eq!(prose("`a_b` is *new*"), "`a_b` is \\*new\\*");
    }
}
