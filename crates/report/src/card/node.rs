//! What a card is made of, as the template reads it.

use serde::Serialize;

/// A piece of the card.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Node {
    /// A heading; the levels of a card begin at 1 and leave none out.
    Heading { level: u8, text: Prose },
    /// A paragraph.
    Paragraph { text: Prose, tone: Tone },
    /// The answer in large letters.
    Verdict { verdict: &'static str, headline: Prose, detail: Prose },
    /// Labels and values.
    Facts { rows: Vec<(Prose, Prose)> },
    /// Sentences with their levels.
    Notes { items: Vec<NoteItem> },
    /// A table with headings.
    Table { title: Prose, columns: Vec<Head>, rows: Vec<Vec<CellText>>, legend: Vec<Prose> },
    /// One chart over the whole width, or two side by side.
    Charts { items: Vec<Chart> },
    /// Words and what they mean.
    Terms { items: Vec<(Prose, Prose)> },
    /// A list of sentences.
    List { items: Vec<Prose> },
    /// A text whose lines are kept.
    Code { text: String },
    /// Lines to sign on.
    Signatures { people: Vec<Person> },
    /// Pieces that stay on one page.
    Keep { nodes: Vec<Node> },
}

/// Text in which names stand as code.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Prose(pub(crate) Vec<Span>);

/// A run of text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Span {
    /// Words.
    Words(String),
    /// A name as it stands in the data.
    Code {
        /// The name.
        code: String,
    },
}

/// How a paragraph is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    Plain,
    Soft,
    Lead,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct NoteItem {
    /// `concern`, `failure`, `caution`, `finding` or `info`.
    pub(crate) level: &'static str,
    /// The word for it.
    pub(crate) word: String,
    /// The sentence.
    pub(crate) text: Prose,
    /// The section it comes from, where that is not plain.
    pub(crate) from: String,
}

/// The heading of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Head {
    pub(crate) title: Prose,
    pub(crate) numeric: bool,
    /// Share of the room that is left; 0 for as much as its cells need.
    pub(crate) share: u8,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct CellText {
    pub(crate) text: Prose,
    /// The interval in brackets.
    pub(crate) ends: String,
    /// Why there is no number, or a sign for few rows.
    pub(crate) note: String,
    /// `pass`, `warn` or `fail`, whose word comes first.
    pub(crate) verdict: Option<&'static str>,
    /// The word for the verdict.
    pub(crate) word: String,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Chart {
    pub(crate) file: String,
    pub(crate) title: Prose,
    pub(crate) says: Prose,
    /// What is told to those who do not see it.
    pub(crate) alt: String,
    /// Width on paper in points.
    pub(crate) width: f64,
}

/// Who signs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Person {
    pub(crate) fields: Vec<Field>,
    /// What can be ticked.
    pub(crate) choices: Vec<String>,
}

/// A line to write on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Field {
    pub(crate) label: Prose,
    pub(crate) value: Prose,
}
