//! A drawn column beside a table: bars, or dots with the whiskers of their intervals.

use equipoise_document::{Axis, Block, BlockKind, Reference};

use super::grid::GridColumn;
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
