//! Where a card is put together: nodes, charts and sentences, written so that every letter can be shown.

use equipoise_document::{Block, BlockKind, Document, Level, Note, Section};
use equipoise_govern::Verdict;
use equipoise_views::parts::{self, Grid, Written};

use super::Assets;
use super::node::{CellText, Chart, Head, Node, NoteItem, Prose, Span, Tone};
use crate::tongue::Tongue;
use crate::typeset::{Files, LONGEST_IN_CELL, LONGEST_IN_TEXT, Scribe};
use crate::{Config, ReportError};

/// Rows of a table at most, where nothing else is said.
pub(super) const MOST_ROWS: usize = 15;
/// Notes of one section at most.
pub(super) const MOST_NOTES: usize = 6;
/// A chart no wider than this has room beside another.
const NARROW: f64 = 560.0;
/// What charts need to be told apart on a printer without colours: bars of different series are of different lightness with an
/// outline, and outlines of histograms have different dashes.
const PRINTED: &str = ".eq .k1.br{fill-opacity:.92}\
     .eq .k2.br{fill-opacity:.28;stroke:#b8480f;stroke-width:1}\
     .eq .k3.br{fill-opacity:.6;stroke:#0b7a5c;stroke-width:1;stroke-dasharray:3 2}\
     .eq .k4.br{fill-opacity:.1;stroke:#8a3f8f;stroke-width:1}\
     .eq .k5.br{fill-opacity:.45;stroke:#8a6500;stroke-width:1}\
     .eq .k6.br{fill-opacity:.75;stroke:#3d6b7d;stroke-width:1;stroke-dasharray:1 2}\
     .eq .hs.d2{stroke-dasharray:6 3}.eq .hs.d3{stroke-dasharray:2 2}.eq .hs.d4{stroke-dasharray:9 3 2 3}";
/// The space between two charts in points.
const GUTTER: f64 = 14.0;
/// No chart is higher on paper, in points.
const HIGHEST: f64 = 440.0;

pub(super) struct Desk<'a> {
    pub(super) document: &'a Document,
    pub(super) verdicts: &'a [Verdict],
    pub(super) config: &'a Config,
    pub(super) assets: &'a Assets,
    tongue: &'a Tongue,
    scribe: Scribe<'a>,
    nodes: Vec<Node>,
    files: Files,
    /// Ids of metrics that were shown, for the explanations of terms.
    pub(super) shown: std::collections::BTreeSet<String>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        document: &'a Document,
        verdicts: &'a [Verdict],
        config: &'a Config,
        assets: &'a Assets,
        tongue: &'a Tongue,
        scribe: Scribe<'a>,
    ) -> Self {
        let (nodes, files, shown) = Default::default();
        Self { document, verdicts, config, assets, tongue, scribe, nodes, files, shown }
    }

    /// A fixed word or sentence in the card's language.
    pub(super) fn say(&self, english: &str) -> String {
        self.tongue.say(english)
    }

    /// A fixed sentence with its places filled.
    pub(super) fn fill(&self, english: &str, places: &[(&str, String)]) -> String {
        self.tongue.fill(english, places)
    }

    /// Text without markup, for titles and alternatives to pictures.
    pub(super) fn plain(&mut self, text: &str) -> String {
        self.scribe.shown(&text.replace('`', ""))
    }

    /// A line of code.
    pub(super) fn plain_line(&mut self, text: &str) -> String {
        self.scribe.shown(text)
    }

    /// Sentences in which names stand in backticks.
    pub(super) fn prose(&mut self, text: &str) -> Prose {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Prose(vec![Span::Words(self.scribe.breakable(text, LONGEST_IN_TEXT))]);
        }
        let spans = parts.iter().enumerate().filter(|(_, part)| !part.is_empty()).map(|(i, part)| {
            let shown = self.scribe.breakable(part, LONGEST_IN_TEXT);
            if i.is_multiple_of(2) { Span::Words(shown) } else { Span::Code { code: shown } }
        });
        Prose(spans.collect())
    }

    /// A name from the data: nothing in it is markup, not even a backtick.
    pub(super) fn name(&mut self, text: &str) -> Prose {
        if text.is_empty() {
            return Prose::default();
        }
        Prose(vec![Span::Words(self.scribe.breakable(text, LONGEST_IN_CELL))])
    }

    /// What `write` puts down stays on one page.
    pub(super) fn keep(&mut self, write: impl FnOnce(&mut Self)) {
        let before = std::mem::take(&mut self.nodes);
        write(self);
        let nodes = std::mem::replace(&mut self.nodes, before);
        self.nodes.push(Node::Keep { nodes });
    }

    pub(super) fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }

    pub(super) fn heading(&mut self, level: u8, english: &str) {
        let text = self.say(english);
        self.heading_of(level, &text);
    }

    /// A heading whose words are not fixed.
    pub(super) fn heading_of(&mut self, level: u8, text: &str) {
        let text = self.name(text);
        self.push(Node::Heading { level, text });
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.toned(text, Tone::Plain);
    }

    pub(super) fn soft(&mut self, text: &str) {
        self.toned(text, Tone::Soft);
    }

    pub(super) fn toned(&mut self, text: &str, tone: Tone) {
        let text = self.prose(text);
        self.push(Node::Paragraph { text, tone });
    }

    /// Notes, at most so many; what is left out is counted. Each may name where it comes from.
    pub(super) fn note_list(&mut self, notes: &[(&Note, &str)], most: usize) {
        if notes.is_empty() {
            return;
        }
        let items = notes.iter().take(most).map(|(note, from)| NoteItem {
            level: level_code(note.level),
            word: self.tongue.say(parts::level_word(note.level)),
            text: self.prose(&note.text),
            from: self.scribe.shown(from),
        });
        let items = items.collect();
        self.push(Node::Notes { items });
        let n_more = notes.len().saturating_sub(most);
        if n_more > 0 {
            let says = self.fill("{n} more are in the assessment itself.", &[("n", n_more.to_string())]);
            self.soft(&says);
        }
    }

    /// The concerns, findings and failures of a section. Its cautions are told among the limitations.
    pub(super) fn findings(&mut self, section: &Section, most: usize) {
        let is_told = |n: &&Note| matches!(n.level, Level::Concern | Level::Finding | Level::Failure);
        let notes = parts::in_reading_order(section.notes.iter().filter(is_told));
        let notes: Vec<(&Note, &str)> = notes.into_iter().map(|n| (n, "")).collect();
        self.note_list(&notes, most);
    }

    /// A written table under a title; none where the title is empty.
    pub(super) fn grid(&mut self, grid: &Grid, title: &str) {
        if grid.rows.is_empty() || grid.columns.is_empty() {
            return;
        }
        let columns: Vec<Head> = grid.columns.iter().enumerate().map(|(i, c)| self.head(grid, i, c)).collect();
        let rows: Vec<Vec<CellText>> =
            grid.rows.iter().map(|row| row.iter().map(|cell| self.cell(cell)).collect()).collect();
        let mut legend = Vec::new();
        if grid.rows.iter().flatten().any(|cell| cell.is_small) {
            let says = format!("† {}", self.say("few rows stand behind this number; do not rely on it"));
            legend.push(self.prose(&says));
        }
        if grid.n_more > 0 {
            let n = parts::count(grid.n_more as u64);
            let says = self.fill("{n} more rows are in the assessment itself.", &[("n", n)]);
            legend.push(self.prose(&says));
        }
        let title = self.prose(title);
        self.push(Node::Table { title, columns, rows, legend });
    }

    fn head(&mut self, grid: &Grid, i: usize, column: &parts::GridColumn) -> Head {
        let longest = grid.rows.iter().filter_map(|row| row.get(i)).map(|c| c.text.chars().count()).max().unwrap_or(0);
        let share = match longest {
            _ if column.is_numeric => 0,
            0..=14 if i > 0 => 0,
            15..=40 => 2,
            41..=80 => 3,
            81.. => 4,
            _ => 1,
        };
        Head { title: self.prose(&column.title), numeric: column.is_numeric, share }
    }

    fn cell(&mut self, cell: &Written) -> CellText {
        let sign = if cell.is_small { " †" } else { "" };
        let text = format!("{}{sign}", cell.text);
        CellText {
            text: self.name(&text),
            ends: cell.ends.as_ref().map(|(low, high)| format!("[{low}, {high}]")).unwrap_or_default(),
            note: cell.missing.map(|why| format!("({why})")).unwrap_or_default(),
            ..CellText::default()
        }
    }

    /// Charts of blocks; narrow ones stand two by two. A block that is no picture is left out.
    pub(super) fn charts(&mut self, section: &Section, blocks: &[&Block]) {
        let drawn: Vec<(f64, Chart)> = blocks.iter().filter_map(|block| self.chart(section, block)).collect();
        let mut pending: Option<Chart> = None;
        for (width, chart) in drawn {
            if width > NARROW {
                self.push(Node::Charts { items: vec![chart] });
                continue;
            }
            match pending.take() {
                None => pending = Some(chart),
                Some(first) => {
                    let room = (self.room() - GUTTER) / 2.0;
                    let items = [first, chart].map(|c| Chart { width: c.width.min(room), ..c });
                    self.push(Node::Charts { items: items.to_vec() });
                }
            }
        }
        if let Some(chart) = pending {
            self.push(Node::Charts { items: vec![chart] });
        }
    }

    fn chart(&mut self, section: &Section, block: &Block) -> Option<(f64, Chart)> {
        if matches!(block.kind, BlockKind::Text {} | BlockKind::Table {}) {
            return None;
        }
        let svg = equipoise_views::chart(section, block)?;
        let (width, height) = size_of(&svg)?;
        let file = format!("chart-{:03}.svg", self.files.len() + 1);
        let shown = self.scribe.shown(&svg.replacen("</style>", &format!("{PRINTED}</style>"), 1));
        self.files.insert(file.clone(), shown.into_bytes());
        let says = if block.says.is_empty() { &block.title } else { &block.says };
        let scale = (self.room() / width).min(HIGHEST / height).min(0.72);
        let chart = Chart {
            file,
            title: self.prose(&block.title),
            says: self.prose(&block.says),
            alt: self.plain(says),
            width: width * scale,
        };
        Some((width, chart))
    }

    /// Width of the text on this paper in points.
    fn room(&self) -> f64 {
        match self.config.look.paper.as_str() {
            "us-letter" | "us-legal" => 492.0,
            "a3" => 640.0,
            "iso-b5" => 378.0,
            "jis-b5" => 396.0,
            _ => 476.0,
        }
    }

    /// Remembers that a metric is shown, so that it is explained.
    pub(super) fn mention(&mut self, metric: &str) {
        self.shown.insert(metric.to_owned());
    }

    /// What the footer says of the maker.
    pub(super) fn maker(&self) -> String {
        let short: String = self.assets.document_sha256.chars().take(12).collect();
        let of = self.say("assessment");
        format!("Equipoise {} · {of} {short}", self.document.provenance.equipoise)
    }

    /// The day on which the assessment was finished.
    pub(super) fn date(&self) -> String {
        self.assets.date.as_deref().and_then(|d| d.get(..10)).unwrap_or_default().to_owned()
    }

    /// Puts the logo among the files and gives its name.
    pub(super) fn logo(&mut self) -> Result<Option<String>, ReportError> {
        let Some((path, bytes)) = &self.assets.logo else { return Ok(None) };
        let ending = std::path::Path::new(path).extension().map(|e| e.to_string_lossy().to_lowercase());
        let file = match ending.as_deref() {
            Some(known @ ("svg" | "png" | "jpg" | "jpeg" | "webp" | "gif")) => format!("logo.{known}"),
            _ => {
                return Err(ReportError::Asset {
                    path: path.clone(),
                    problem: "a logo of this kind cannot be read".to_owned(),
                    hint: "give an SVG, PNG or JPEG file".to_owned(),
                });
            }
        };
        self.files.insert(file.clone(), bytes.clone());
        Ok(Some(file))
    }

    /// What is to be told of the card itself.
    pub(super) fn notes(&mut self) -> Vec<Note> {
        let hidden: Vec<String> = self.scribe.hidden().map(|c| format!("U+{:04X}", c as u32)).collect();
        if hidden.is_empty() {
            return Vec::new();
        }
        let some = hidden.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
        let rest = hidden.len().saturating_sub(20);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let text = format!(
            "{} characters are in none of the fonts and are written by their codes: {some}{more}. Name a font that has them \
             under `look.fonts`, or with `--font`.",
            hidden.len()
        );
        vec![Note::new(Level::Caution, "characters_not_shown", text)]
    }

    pub(super) fn take_nodes(&mut self) -> Vec<Node> {
        std::mem::take(&mut self.nodes)
    }

    pub(super) fn into_files(self) -> Files {
        self.files
    }
}

fn level_code(level: Level) -> &'static str {
    match level {
        Level::Concern => "concern",
        Level::Failure => "failure",
        Level::Caution => "caution",
        Level::Finding => "finding",
        Level::Info => "info",
    }
}

/// Width and height of a chart in pixels.
fn size_of(svg: &str) -> Option<(f64, f64)> {
    let view = svg.split_once("viewBox=\"")?.1.split_once('"')?.0;
    let mut numbers = view.split(' ').skip(2).map(str::parse::<f64>);
    let (width, height) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (width > 0.0 && height > 0.0).then_some((width, height))
}
