//! A drawn column beside a table: bars, or dots with the whiskers of their intervals.

use equipoise_document::{Axis, Block, BlockKind, Reference};

use super::grid::{Grid, GridColumn};
use super::text::{Ink, piece};
use crate::format::Style;
use crate::frame::{Cell, Column, Frame, Look};

/// The narrowest and the widest picture that is worth drawing.
const NARROWEST: usize = 16;
const WIDEST: usize = 36;

/// The picture of a table's first block that is a bar or a dot for each row, when there is room for it.
pub(super) fn column(look: &Look<'_>, frame: &Frame<'_>, n_shown: usize, room: usize) -> Option<GridColumn> {
    if room < NARROWEST {
        return None;
    }
    let blocks = look.section.blocks.iter().filter(|b| b.table == frame.table.id);
    let boxes = blocks.clone().find_map(|block| boxes(frame, block, n_shown, room.min(WIDEST)));
    if boxes.is_some() {
        return boxes;
    }
    let (value, axis, reference) = blocks.filter_map(drawable).next()?;
    let column = frame.column(value)?;
    let reference = reference.and_then(|r| reference_place(look, r));
    let scale = Span::over(column, axis, reference, n_shown, room.min(WIDEST))?;
    let cells = (0..n_shown.min(frame.n_rows)).map(|row| vec![piece(scale.draw(&column.cell(row)), Ink::Blue)]);
    let title = format!("{} {}", column.title, scale.title(column.style()));
    Some(GridColumn::picture(&title, cells.collect()))
}

fn drawable(block: &Block) -> Option<(&str, &Axis, Option<&Reference>)> {
    match &block.kind {
        BlockKind::Dots { value, axis, reference, .. } => Some((value, axis, reference.as_ref())),
        BlockKind::Bars { value, axis, .. } | BlockKind::Ranking { value, axis, .. } => Some((value, axis, None)),
        _ => None,
    }
}

fn reference_place(look: &Look<'_>, reference: &Reference) -> Option<f64> {
    match reference {
        Reference::Diagonal => None,
        Reference::At(x) => Some(*x),
        Reference::Estimate(id) => look.estimate(id).and_then(|e| e.value),
    }
}

/// A stretch of numbers over some columns of the terminal.
struct Span {
    low: f64,
    high: f64,
    n_chars: usize,
    reference: Option<f64>,
}

impl Span {
    fn over(column: &Column<'_>, axis: &Axis, reference: Option<f64>, n_shown: usize, n_chars: usize) -> Option<Self> {
        let cells = column.cells.iter().take(n_shown);
        let ends = cells.flat_map(|c| [c.value(), c.interval().map(|i| i.low), c.interval().map(|i| i.high)]);
        let ends: Vec<f64> = ends.chain([reference]).flatten().filter(|x| x.is_finite()).collect();
        let has_intervals = column.cells.iter().any(|c| c.interval().is_some());
        let base = if has_intervals { f64::INFINITY } else { 0.0 };
        let mut low = ends.iter().copied().fold(base, f64::min);
        let mut high = ends.iter().copied().fold(if has_intervals { f64::NEG_INFINITY } else { 0.0 }, f64::max);
        if let Some((from, to)) = axis.domain.filter(|(a, b)| a < b) {
            (low, high) = (low.min(from).max(from), high.max(to).min(to));
        }
        (low < high && (high - low).is_finite()).then_some(Self { low, high, n_chars, reference })
    }

    fn title(&self, style: &Style) -> String {
        let (low, high) = (style.full(self.low), style.full(self.high));
        let space = self.n_chars.saturating_sub(super::text::width(&low) + super::text::width(&high)).max(1);
        // Figure spaces: the title is a scale, which must not be wrapped.
        format!("{low}{}{high}", "\u{2007}".repeat(space)).replace('\u{a0}', "\u{2007}")
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the width before the cast")]
    #[allow(clippy::cast_precision_loss, reason = "a terminal has few columns")]
    fn place(&self, x: f64) -> usize {
        let last = self.n_chars.saturating_sub(1);
        let share = ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        (share * last as f64).round() as usize
    }

    fn draw(&self, cell: &Cell<'_>) -> String {
        let mut chars = vec![' '; self.n_chars];
        let mut set = |at: usize, c: char| {
            if let Some(slot) = chars.get_mut(at) {
                *slot = c;
            }
        };
        if let Some(reference) = self.reference {
            set(self.place(reference), '┊');
        }
        match (cell.value(), cell.interval()) {
            (Some(value), Some(interval)) => {
                let (low, high) = (self.place(interval.low), self.place(interval.high));
                (low..=high).for_each(|at| set(at, '─'));
                set(low, '├');
                set(high, '┤');
                set(self.place(value), '●');
            }
            (Some(value), None) => {
                let (zero, end) = (self.place(0.0), self.place(value));
                (zero.min(end)..=zero.max(end)).for_each(|at| set(at, '█'));
            }
            (None, _) => {}
        }
        chars.into_iter().collect()
    }
}

/// The labels of boxes with their pictures, for where these do not fit beside the numbers; none without boxes.
pub(super) fn boxes_alone(look: &Look<'_>, frame: &Frame<'_>, n_shown: usize, width: usize) -> Option<Grid> {
    let block =
        look.section.blocks.iter().find(|b| b.table == frame.table.id && matches!(b.kind, BlockKind::Boxes { .. }))?;
    let BlockKind::Boxes { label, panel, .. } = &block.kind else { return None };
    let names: Vec<&Column<'_>> =
        [panel.as_ref(), Some(label)].into_iter().flatten().filter_map(|name| frame.column(name)).collect();
    let mut columns: Vec<GridColumn> = Vec::new();
    for (place, column) in names.iter().enumerate() {
        // A panel that is named by its label is named once.
        if place == 0 || column.title != names.first().map_or("", |c| c.title) {
            columns.push(GridColumn::words(column.title, (0..n_shown).map(|row| column.label(row)), Ink::Plain));
        }
    }
    let mut grid = Grid { columns, n_rows: n_shown };
    let room = width.saturating_sub(grid.natural_width() + 2);
    if room < NARROWEST {
        return None;
    }
    grid.columns.push(boxes(frame, block, n_shown, room.min(2 * WIDEST))?);
    Some(grid)
}

/// A box for each row between the ends of its panel: `├──▒▒▒┃▒▒──┤`.
fn boxes(frame: &Frame<'_>, block: &Block, n_shown: usize, n_chars: usize) -> Option<GridColumn> {
    let BlockKind::Boxes { low, q1, median, q3, high, panel, .. } = &block.kind else { return None };
    let five = [low, q1, median, q3, high].map(|name| frame.column(name));
    let [Some(low), Some(q1), Some(median), Some(q3), Some(high)] = five else { return None };
    let panel = panel.as_ref().and_then(|name| frame.column(name));
    let name = |row: usize| panel.map_or_else(String::new, |column| column.label(row));
    let ends = |row: usize| [low, q1, q3, high].into_iter().filter_map(move |column| column.value(row));
    let n_rows = n_shown.min(frame.n_rows);
    let cells = (0..n_rows).map(|row| {
        let own = name(row);
        let shared = (0..n_rows).filter(|other| name(*other) == own).flat_map(ends).filter(|x| x.is_finite());
        let (from, to) = shared.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let mut chars = vec![' '; n_chars];
        if from <= to && (to - from).is_finite() {
            let span = Span { low: from, high: if to > from { to } else { from + 1.0 }, n_chars, reference: None };
            let mut fill = |a: Option<f64>, b: Option<f64>, sign: char| {
                let (Some(a), Some(b)) = (a, b) else { return };
                let (a, b) = (span.place(a), span.place(b));
                chars.iter_mut().take(b + 1).skip(a).for_each(|slot| *slot = sign);
            };
            fill(low.value(row), high.value(row), '─');
            fill(low.value(row), low.value(row), '├');
            fill(high.value(row), high.value(row), '┤');
            fill(q1.value(row), q3.value(row), '▒');
            fill(median.value(row), median.value(row), '┃');
        }
        vec![piece(chars.into_iter().collect::<String>(), Ink::Blue)]
    });
    let title = if panel.is_some() { "Box, by panel" } else { "Box" };
    Some(GridColumn::picture(title, cells.collect()))
}
