//! A table with its cells looked up: what every view reads instead of raw columns.

use std::collections::HashMap;

use equipoise_document::{Cells, Document, Estimate, EstimateId, Interval, Section, Table, TableColumn};

use crate::error::{ViewError, hint_for, listed};
use crate::format::{Kind, MISSING, Style, half_width};
use crate::words::why;

/// A section with its estimates indexed.
pub(crate) struct Look<'a> {
    pub(crate) section: &'a Section,
    estimates: HashMap<&'a EstimateId, &'a Estimate>,
}

/// A table whose cells are looked up.
pub(crate) struct Frame<'a> {
    pub(crate) table: &'a Table,
    pub(crate) columns: Vec<Column<'a>>,
    pub(crate) n_rows: usize,
}

/// A column and how its numbers are written.
pub(crate) struct Column<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) cells: Vec<Cell<'a>>,
    /// The style of all numbers; absent when they are of several kinds, each with its own.
    style: Option<Style>,
    /// The style where a cell has none of its own.
    fallback: Style,
    /// A style for each row, where rows are different quantities.
    by_row: Vec<Style>,
    pub(crate) is_numeric: bool,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    Empty,
    Text(&'a str),
    Boolean(bool),
    Number(f64),
    Estimate(&'a Estimate),
    /// An estimate that the section does not have.
    Unknown,
}

/// The written parts of a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Written {
    /// The words, or the number with its unit.
    pub(crate) text: String,
    /// The ends of the interval.
    pub(crate) ends: Option<(String, String)>,
    /// Why there is no value.
    pub(crate) missing: Option<&'static str>,
    /// Rests on few rows.
    pub(crate) is_small: bool,
}

impl<'a> Look<'a> {
    pub(crate) fn at(section: &'a Section) -> Self {
        Self { section, estimates: section.estimates.iter().map(|e| (&e.id, e)).collect() }
    }

    pub(crate) fn estimate(&self, id: &EstimateId) -> Option<&'a Estimate> {
        self.estimates.get(id).copied()
    }

    pub(crate) fn frame(&self, table: &'a Table) -> Frame<'a> {
        let columns: Vec<Column<'a>> = table.columns.iter().map(|c| self.column(c)).collect();
        let n_rows = columns.iter().map(|c| c.cells.len()).max().unwrap_or(0);
        let mut frame = Frame { table, columns, n_rows };
        frame.style_rows();
        frame
    }

    fn column(&self, column: &'a TableColumn) -> Column<'a> {
        let cells: Vec<Cell<'a>> = match &column.cells {
            Cells::Text(v) => v.iter().map(|c| c.as_deref().map_or(Cell::Empty, Cell::Text)).collect(),
            Cells::Number(v) => v.iter().map(|c| number(*c)).collect(),
            #[allow(clippy::cast_precision_loss, reason = "counts beyond 2^53 are shown, not computed with")]
            Cells::Integer(v) => v.iter().map(|c| number(c.map(|x| x as f64))).collect(),
            Cells::Boolean(v) => v.iter().map(|c| c.map_or(Cell::Empty, Cell::Boolean)).collect(),
            Cells::Estimate(v) => v
                .iter()
                .map(|c| c.as_ref().map_or(Cell::Empty, |id| self.estimate(id).map_or(Cell::Unknown, Cell::Estimate)))
                .collect(),
        };
        let own = Kind::of_column(&column.id, &column.unit);
        let kinds: Vec<Kind> = cells
            .iter()
            .filter_map(|cell| match cell {
                Cell::Number(_) => Some(own.clone()),
                Cell::Estimate(e) => Some(Kind::of_estimate(e)),
                _ => None,
            })
            .collect();
        let fallback = kinds.first().cloned().unwrap_or(own);
        let are_alike = kinds.iter().all(|k| *k == fallback);
        let fitted = Style::fitting(
            fallback,
            cells.iter().filter_map(|cell| cell.value().map(|v| (v, cell.estimate().and_then(half_width)))),
        );
        Column {
            id: &column.id,
            title: if column.title.is_empty() { &column.id } else { &column.title },
            is_numeric: matches!(column.cells, Cells::Number(_) | Cells::Integer(_) | Cells::Estimate(_)),
            style: are_alike.then(|| fitted.clone()),
            fallback: fitted,
            by_row: Vec::new(),
            cells,
        }
    }
}

fn number<'a>(x: Option<f64>) -> Cell<'a> {
    x.filter(|x| x.is_finite()).map_or(Cell::Empty, Cell::Number)
}

impl<'a> Cell<'a> {
    /// The number, if there is one.
    pub(crate) fn value(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            Self::Estimate(e) => e.value.filter(|v| v.is_finite()),
            Self::Boolean(_) | Self::Text(_) | Self::Empty | Self::Unknown => None,
        }
    }

    pub(crate) fn estimate(&self) -> Option<&'a Estimate> {
        if let Self::Estimate(e) = self { Some(e) } else { None }
    }

    pub(crate) fn interval(&self) -> Option<&'a Interval> {
        self.estimate()
            .filter(|e| e.value.is_some())
            .and_then(|e| e.interval.as_ref())
            .filter(|i| i.low.is_finite() && i.high.is_finite())
    }

    pub(crate) fn is_small(&self) -> bool {
        self.estimate().is_some_and(|e| e.small)
    }

    /// Why a number is missing that should be there.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        match self {
            Self::Estimate(e) if e.value.is_none() => Some(why(e.missing)),
            Self::Unknown => Some(why(None)),
            _ => None,
        }
    }
}

impl<'a> Column<'a> {
    pub(crate) fn cell(&self, row: usize) -> Cell<'a> {
        self.cells.get(row).copied().unwrap_or(Cell::Empty)
    }

    pub(crate) fn value(&self, row: usize) -> Option<f64> {
        self.cell(row).value()
    }

    /// The style of the column, that of its first number when there are several.
    pub(crate) fn style(&self) -> &Style {
        &self.fallback
    }

    pub(crate) fn written(&self, row: usize) -> Written {
        let cell = self.cell(row);
        let style = |own: Style| self.style.clone().unwrap_or(own);
        match cell {
            Cell::Empty => Written { text: MISSING.to_owned(), ..Written::default() },
            Cell::Text(text) => Written { text: text.to_owned(), ..Written::default() },
            Cell::Boolean(b) => Written { text: if b { "yes" } else { "no" }.to_owned(), ..Written::default() },
            Cell::Number(x) => {
                let style = self.by_row.get(row).cloned().unwrap_or_else(|| style(self.fallback.clone()));
                Written { text: style.full(x), ..Written::default() }
            }
            Cell::Unknown => Written { text: MISSING.to_owned(), missing: cell.missing(), ..Written::default() },
            Cell::Estimate(e) => {
                let style = style(Style::of_estimate(e));
                Written {
                    text: cell.value().map_or_else(|| MISSING.to_owned(), |v| style.full(v)),
                    ends: cell.interval().map(|i| (style.bare(i.low), style.bare(i.high))),
                    missing: cell.missing(),
                    is_small: e.small,
                }
            }
        }
    }

    /// The cell as words only, without its interval: labels of charts.
    pub(crate) fn label(&self, row: usize) -> String {
        self.written(row).text
    }
}

impl Written {
    /// An estimate by itself, with its own digits.
    pub(crate) fn of_estimate(estimate: &Estimate) -> Self {
        let (cell, style) = (Cell::Estimate(estimate), Style::of_estimate(estimate));
        Self {
            text: cell.value().map_or_else(|| MISSING.to_owned(), |v| style.full(v)),
            ends: cell.interval().map(|i| (style.bare(i.low), style.bare(i.high))),
            missing: cell.missing(),
            is_small: estimate.small,
        }
    }

    /// `31.2 % [30.1, 32.4]`.
    pub(crate) fn line(&self) -> String {
        match &self.ends {
            Some((low, high)) => format!("{} [{low}, {high}]", self.text),
            None => self.text.clone(),
        }
    }
}

impl<'a> Frame<'a> {
    /// Where every row is another quantity, named in a column `id`, its plain numbers are styled together: an accuracy
    /// must not lose its digits because a squared error stands below it.
    fn style_rows(&mut self) {
        if !self.columns.iter().any(|c| c.id == "id" && !c.is_numeric) {
            return;
        }
        let plain =
            |c: &&Column<'_>| *c.fallback.kind() == Kind::Plain && c.cells.iter().all(|c| c.estimate().is_none());
        let style = |row: usize| Style::of_row(self.columns.iter().filter(plain).filter_map(|c| c.value(row)));
        let styles: Vec<Style> = (0..self.n_rows).map(style).collect();
        let is_plain: Vec<bool> = self.columns.iter().map(|c| plain(&c)).collect();
        for (column, _) in self.columns.iter_mut().zip(is_plain).filter(|(_, is_plain)| *is_plain) {
            column.by_row.clone_from(&styles);
        }
    }

    pub(crate) fn column(&self, id: &str) -> Option<&Column<'a>> {
        self.columns.iter().find(|c| c.id == id)
    }
}

/// The section with this id.
///
/// # Errors
/// Names the sections there are.
pub(crate) fn section<'a>(document: &'a Document, id: &str) -> Result<&'a Section, ViewError> {
    document.section(id).ok_or_else(|| ViewError::UnknownSection {
        wanted: id.to_owned(),
        hint: hint_for(id, document.sections.iter().map(|s| s.id.as_str())),
    })
}

/// The table with this id, in the given section or in the only one that has it. `section.table` works too.
///
/// # Errors
/// Names the tables there are, or the sections when several have one.
pub(crate) fn table<'a>(
    document: &'a Document,
    section_id: Option<&str>,
    id: &str,
) -> Result<(&'a Section, &'a Table), ViewError> {
    if let Some(section_id) = section_id {
        let section = section(document, section_id)?;
        return section.table(id).map(|t| (section, t)).ok_or_else(|| ViewError::UnknownTable {
            wanted: id.to_owned(),
            place: format!("section `{section_id}`"),
            hint: hint_for(id, section.tables.iter().map(|t| t.id.as_str())),
        });
    }
    let found: Vec<(&Section, &Table)> = document.sections.iter().filter_map(|s| s.table(id).map(|t| (s, t))).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            if let Some((section_id, table_id)) = id.split_once('.')
                && document.section(section_id).is_some()
            {
                return table(document, Some(section_id), table_id);
            }
            let names: Vec<String> = document
                .sections
                .iter()
                .flat_map(|s| s.tables.iter().map(move |t| format!("{}.{}", s.id, t.id)))
                .collect();
            Err(ViewError::UnknownTable {
                wanted: id.to_owned(),
                place: "the document".to_owned(),
                hint: hint_for(id, names.iter().map(String::as_str)),
            })
        }
        several => Err(ViewError::AmbiguousTable {
            wanted: id.to_owned(),
            sections: listed(&several.iter().map(|(s, _)| s.id.as_str()).collect::<Vec<_>>()),
        }),
    }
}
