//! A square of numbers: the long form of a matrix or a heat map, turned so that it can be read.

use equipoise_document::BlockKind;

use super::grid::{Grid, GridColumn, Legend};
use super::text::Ink;
use crate::frame::{Frame, Look, Written};

/// More columns than these do not read as a square.
const MOST_ACROSS: usize = 12;
const MOST_DOWN: usize = 40;

/// The table as a square, when one of its blocks sees it so and nothing of it is lost thereby.
pub(super) fn grid(look: &Look<'_>, frame: &Frame<'_>, legend: &mut Legend, unicode: bool) -> Option<Grid> {
    let blocks = look.section.blocks.iter().filter(|b| b.table == frame.table.id);
    let (down, across, value) = blocks.filter_map(|b| square(&b.kind)).next()?;
    if frame.columns.len() != 3 {
        return None;
    }
    let (down, across, value) = (frame.column(down)?, frame.column(across)?, frame.column(value)?);
    let (mut rows, mut columns): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut cells = std::collections::BTreeMap::new();
    for row in 0..frame.n_rows {
        let place = (place_of(&mut rows, down.label(row)), place_of(&mut columns, across.label(row)));
        if cells.insert(place, value.written(row)).is_some() {
            return None;
        }
    }
    if columns.len() > MOST_ACROSS || rows.len() > MOST_DOWN {
        return None;
    }
    let corner = format!("{} / {}", down.title, across.title);
    let mut grid =
        Grid { columns: vec![GridColumn::words(&corner, rows.iter().cloned(), Ink::Plain)], n_rows: rows.len() };
    for (j, title) in columns.iter().enumerate() {
        let column: Vec<Written> = (0..rows.len()).map(|i| cells.get(&(i, j)).cloned().unwrap_or_default()).collect();
        grid.columns.push(GridColumn::numbers(title, &column, legend, unicode));
    }
    Some(grid)
}

fn square(kind: &BlockKind) -> Option<(&str, &str, &str)> {
    match kind {
        BlockKind::Matrix { row, column, value } => Some((row, column, value)),
        BlockKind::HeatMap { x, y, value, .. } => Some((y, x, value)),
        _ => None,
    }
}

fn place_of(names: &mut Vec<String>, name: String) -> usize {
    names.iter().position(|n| *n == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}
