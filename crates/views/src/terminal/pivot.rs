//! A square of numbers: the long form of a matrix or a heat map, turned so that it can be read.

use equipoise_document::{Better, BlockKind};

use super::grid::{Grid, GridColumn, Legend};
use super::text::{Ink, clip};
use crate::frame::{Column, Frame, Look, Written};

/// More columns than these do not read as a square.
const MOST_ACROSS: usize = 12;
const MOST_ACROSS_SHADED: usize = 24;
const MOST_DOWN: usize = 40;
/// Labels of a shaded square are cut to this.
const LABEL: usize = 24;

/// A table turned into a square.
pub(super) struct Square {
    pub(super) grid: Grid,
    /// Whether cells carry a sign for how high they are; such a square is folded where it is too wide.
    pub(super) is_shaded: bool,
    /// What the signs mean and what is left out.
    pub(super) says: String,
}

/// The table as a square, when one of its blocks sees it so: a matrix only if nothing is lost thereby; of a heat map the
/// values, with a sign for how high each is.
pub(super) fn grid(look: &Look<'_>, frame: &Frame<'_>, legend: &mut Legend, unicode: bool) -> Option<Square> {
    let blocks = look.section.blocks.iter().filter(|b| b.table == frame.table.id);
    let (down, across, value, is_map) = blocks.filter_map(|b| square(&b.kind)).next()?;
    let is_shaded = is_map && frame.columns.len() > 3;
    if frame.columns.len() != 3 && !is_shaded {
        return None;
    }
    let (down, across, value) = (frame.column(down)?, frame.column(across)?, frame.column(value)?);
    let (mut rows, mut columns): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut cells = std::collections::BTreeMap::new();
    let shades = Shades::over(value);
    for row in 0..frame.n_rows {
        let place = (place_of(&mut rows, down.label(row)), place_of(&mut columns, across.label(row)));
        let mut written = value.written(row);
        if is_shaded {
            written.ends = None;
            written.text = format!("{}{}", value.value(row).map_or("  ", |x| shades.sign(x)), written.text);
        }
        if cells.insert(place, written).is_some() {
            return None;
        }
    }
    if columns.len() > if is_shaded { MOST_ACROSS_SHADED } else { MOST_ACROSS } || rows.len() > MOST_DOWN {
        return None;
    }
    let corner = format!("{} / {}", down.title, across.title);
    let label = |text: &String| if is_shaded { clip(text, LABEL) } else { text.clone() };
    let mut grid =
        Grid { columns: vec![GridColumn::words(&corner, rows.iter().map(label), Ink::Plain)], n_rows: rows.len() };
    for (j, title) in columns.iter().enumerate() {
        let column: Vec<Written> = (0..rows.len()).map(|i| cells.get(&(i, j)).cloned().unwrap_or_default()).collect();
        grid.columns.push(GridColumn::numbers(&label(title), &column, legend, unicode));
    }
    let says = if is_shaded {
        format!(
            "{}: the darker, the {}. Rows, intervals and p-values of each cell are in the table: `--format csv`.",
            value.title,
            if shades.is_downward { "lower" } else { "higher" }
        )
    } else {
        String::new()
    };
    Some(Square { grid, is_shaded, says })
}

/// Signs for how high a number is among others; for scores, which are bad when low, how low.
struct Shades {
    low: f64,
    high: f64,
    is_downward: bool,
}

impl Shades {
    fn over(column: &Column<'_>) -> Self {
        // Numbers that rest on few rows would stretch the scale.
        let has_sure = column.cells.iter().any(|c| c.value().is_some() && !c.is_small());
        let counts = |c: &&crate::frame::Cell<'_>| !has_sure || !c.is_small();
        let values = || column.cells.iter().filter(counts).filter_map(crate::frame::Cell::value);
        let is_score = |c: &crate::frame::Cell<'_>| c.estimate().is_some_and(|e| e.better == Better::Higher);
        Self {
            low: values().fold(f64::INFINITY, f64::min),
            high: values().fold(f64::NEG_INFINITY, f64::max),
            is_downward: column.cells.iter().any(is_score),
        }
    }

    fn sign(&self, x: f64) -> &'static str {
        let span = self.high - self.low;
        let share = if span > 0.0 { (x - self.low) / span } else { 0.0 };
        match if self.is_downward { 1.0 - share } else { share } {
            s if s < 0.2 => "  ",
            s if s < 0.4 => "░ ",
            s if s < 0.6 => "▒ ",
            s if s < 0.8 => "▓ ",
            _ => "█ ",
        }
    }
}

fn square(kind: &BlockKind) -> Option<(&str, &str, &str, bool)> {
    match kind {
        BlockKind::Matrix { row, column, value } => Some((row, column, value, false)),
        BlockKind::HeatMap { x, y, value, .. } => Some((y, x, value, true)),
        _ => None,
    }
}

fn place_of(names: &mut Vec<String>, name: String) -> usize {
    names.iter().position(|n| *n == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}
