//! The frame of a chart with two axes.

use equipoise_document::Axis;

use super::canvas::{Anchor, Canvas, text_width};
use super::scale::Scale;
use crate::format::Kind;
use crate::frame::Column;

/// The inner rectangle of a chart.
#[derive(Clone, Copy)]
pub(super) struct Inner {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// The words at an axis: its own title or that of the column, with the unit if it has a name.
pub(super) fn axis_title(axis: &Axis, column: &Column<'_>) -> String {
    let title = if axis.title.is_empty() { column.title } else { &axis.title };
    match column.style().kind() {
        Kind::Named(unit) => format!("{title} ({unit})"),
        _ => title.to_owned(),
    }
}

/// The horizontal axis with a grid line for each tick; labels that would touch are left out.
pub(super) fn write_x(canvas: &mut Canvas, inner: Inner, scale: &Scale, kind: &Kind, title: &str) {
    let mut free_from = f64::NEG_INFINITY;
    for (x, label) in scale.labelled(kind) {
        canvas.line("gr", (x, inner.top), (x, inner.bottom));
        let half = text_width(&label) / 2.0;
        if x - half >= free_from {
            canvas.text("tk", (x, inner.bottom + 16.0), Anchor::Middle, &label, 120.0);
            free_from = x + half + 6.0;
        }
    }
    let middle = f64::midpoint(inner.left, inner.right);
    canvas.text("at", (middle, inner.bottom + 34.0), Anchor::Middle, title, inner.right - inner.left + 80.0);
}

/// The vertical axis with a grid line for each tick.
pub(super) fn write_y(canvas: &mut Canvas, inner: Inner, scale: &Scale, kind: &Kind, title: &str) {
    for (y, label) in scale.labelled(kind) {
        canvas.line("gr", (inner.left, y), (inner.right, y));
        canvas.text("tk", (inner.left - 8.0, y + 4.0), Anchor::End, &label, inner.left - 26.0);
    }
    let place = (14.0, f64::midpoint(inner.top, inner.bottom));
    canvas.turned_text("at", place, Anchor::Middle, title, inner.bottom - inner.top + 20.0, Some(-90.0));
}

/// The two lines where the axes meet.
pub(super) fn write_corner(canvas: &mut Canvas, inner: Inner) {
    canvas.line("ax", (inner.left, inner.bottom), (inner.right, inner.bottom));
    canvas.line("ax", (inner.left, inner.top), (inner.left, inner.bottom));
}
