//! What a view outside of this crate is made of: written cells, names and orders, the same as in every view here.

use equipoise_document::{Document, Estimate, EstimateId, Level, Note, Section, Table};

use crate::frame::{self, Look};
use crate::{format, words};

/// A table with every cell written out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Title of the table.
    pub title: String,
    /// Its columns.
    pub columns: Vec<GridColumn>,
    /// Its rows, at most as many as were asked for.
    pub rows: Vec<Vec<Written>>,
    /// Rows that were left out.
    pub n_more: usize,
}

/// A column of a [`Grid`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridColumn {
    /// Id within the table.
    pub id: String,
    /// Heading for people.
    pub title: String,
    /// Holds numbers.
    pub is_numeric: bool,
}

/// A written cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The words, or the number with its unit; a dash where there is none.
    pub text: String,
    /// The ends of the interval.
    pub ends: Option<(String, String)>,
    /// Why there is no value.
    pub missing: Option<&'static str>,
    /// Rests on few rows.
    pub is_small: bool,
}

impl From<frame::Written> for Written {
    fn from(written: frame::Written) -> Self {
        let frame::Written { text, ends, missing, is_small } = written;
        Self { text, ends, missing, is_small }
    }
}

/// A table of a section with its cells written, at most `most` rows of it.
#[must_use]
pub fn grid(section: &Section, table: &Table, most: usize) -> Grid {
    let look = Look::at(section);
    let frame = look.frame(table);
    let column =
        |c: &frame::Column<'_>| GridColumn { id: c.id.to_owned(), title: c.title.to_owned(), is_numeric: c.is_numeric };
    let shown = frame.n_rows.min(most);
    let row = |row: usize| frame.columns.iter().map(|c| c.written(row).into()).collect();
    Grid {
        title: if table.title.is_empty() { table.id.clone() } else { table.title.clone() },
        columns: frame.columns.iter().map(column).collect(),
        rows: (0..shown).map(row).collect(),
        n_more: frame.n_rows - shown,
    }
}

/// An estimate by itself, with its own digits.
#[must_use]
pub fn written(estimate: &Estimate) -> Written {
    frame::Written::of_estimate(estimate).into()
}

/// An estimate in one line: `31.2 % [30.1, 32.4]`.
#[must_use]
pub fn line(estimate: &Estimate) -> String {
    format::estimate_text(estimate)
}

/// An estimate's id in words: `Selection rate, difference by sex and race, in young`.
#[must_use]
pub fn name_of(id: &EstimateId) -> String {
    words::name_of(id)
}

/// `true_positive_rate` as `True positive rate`.
#[must_use]
pub fn phrase(code: &str) -> String {
    words::phrase(code)
}

/// The title of a document: what was assessed, on what.
#[must_use]
pub fn title(document: &Document) -> String {
    words::title(document)
}

/// Facts about what was assessed: label and value.
#[must_use]
pub fn facts(document: &Document) -> Vec<(&'static str, String)> {
    words::facts(document)
}

/// The estimates that stand for a section at first sight.
#[must_use]
pub fn headlines(section: &Section, most: usize) -> Vec<&Estimate> {
    words::headlines(section, most)
}

/// Notes in the order in which they are read: concerns first.
pub fn in_reading_order<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Vec<&'a Note> {
    words::in_reading_order(notes)
}

/// The word for a level of notes.
#[must_use]
pub fn level_word(level: Level) -> &'static str {
    words::level_word(level)
}

/// Which way a number is better; empty when it only describes.
#[must_use]
pub fn better_words(better: equipoise_document::Better) -> &'static str {
    words::better_words(better)
}

/// A number of rows or bytes: `16,281`.
#[must_use]
pub fn count(n: u64) -> String {
    format::count(n)
}

/// Sentences in which names stand in backticks, as Markdown: these stay code, and nothing else is markup.
#[must_use]
pub fn markdown_prose(sentences: &str) -> String {
    crate::markdown::prose(sentences)
}

/// Text in which nothing is markup, for Markdown.
#[must_use]
pub fn markdown_text(text: &str) -> String {
    crate::markdown::escaped(text)
}

/// `a, b and c`.
#[must_use]
pub fn joined(names: &[&str]) -> String {
    words::joined(names)
}
