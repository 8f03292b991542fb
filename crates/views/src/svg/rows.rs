//! Charts with a row for each label: dots with intervals, bars, rankings.

use equipoise_document::{Axis, Reference};

use super::canvas::{Anchor, Canvas, text_width};
use super::frame::{Inner, axis_title, write_x};
use super::legend::{Series, Sign};
use super::palette::series_class;
use super::scale::{Scale, Wish, covering};
use super::{Picture, Trouble};
use crate::frame::{Cell, Column};

const WIDTH: f64 = 720.0;
/// Rows that are drawn; the rest is in the table.
const MOST_ROWS: usize = 80;
const LABEL_ROOM: f64 = 230.0;
/// Lines of a label, and how far they are apart.
const MOST_LINES: usize = 4;
const LINE: f64 = 14.0;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Dot,
    Bar,
}

/// A row of the table in its place.
struct Row {
    row: usize,
    series: usize,
    /// The label, at the first row that has it.
    label: Option<String>,
}

pub(super) fn dots(
    picture: &Picture<'_, '_>,
    label: &str,
    value: &str,
    series: Option<&String>,
    axis: &Axis,
    reference: Option<&Reference>,
) -> Result<Canvas, Trouble> {
    let column = picture.column(value)?;
    let series = Series::of(picture.optional(series)?, picture.frame.n_rows);
    let rows = grouped(picture.column(label)?, &series, picture.frame.n_rows);
    Ok(Chart { column, series, rows, axis, reference: reference_label(picture, column, reference), mark: Mark::Dot }
        .draw())
}

pub(super) fn bars(
    picture: &Picture<'_, '_>,
    label: &str,
    value: &str,
    series: Option<&String>,
    axis: &Axis,
) -> Result<Canvas, Trouble> {
    let column = picture.column(value)?;
    let series = Series::of(picture.optional(series)?, picture.frame.n_rows);
    let rows = grouped(picture.column(label)?, &series, picture.frame.n_rows);
    Ok(Chart { column, series, rows, axis, reference: None, mark: Mark::Bar }.draw())
}

/// The largest first, by size without sign; what is missing last.
pub(super) fn ranking(picture: &Picture<'_, '_>, label: &str, value: &str, axis: &Axis) -> Result<Canvas, Trouble> {
    let column = picture.column(value)?;
    let labels = picture.column(label)?;
    let mut order: Vec<usize> = (0..picture.frame.n_rows).collect();
    let size = |row: &usize| column.value(*row).map_or(-1.0, f64::abs);
    order.sort_by(|a, b| size(b).total_cmp(&size(a)));
    let rows = order.into_iter().map(|row| Row { row, series: 0, label: Some(labels.label(row)) }).collect();
    let series = Series::of(None, picture.frame.n_rows);
    Ok(Chart { column, series, rows, axis, reference: None, mark: Mark::Bar }.draw())
}

/// Rows of the same label stand together, in order of first appearance.
fn grouped(labels: &Column<'_>, series: &Series, n_rows: usize) -> Vec<Row> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in 0..n_rows {
        let label = labels.label(row);
        let at = *places.entry(label.clone()).or_insert(groups.len());
        match groups.get_mut(at).filter(|_| series.len() > 1) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((label, vec![row])),
        }
    }
    let rows = groups.into_iter().flat_map(|(label, rows)| {
        rows.into_iter().enumerate().map(move |(i, row)| (row, (i == 0).then(|| label.clone())))
    });
    rows.map(|(row, label)| Row { row, series: series.at(row), label }).collect()
}

/// The place of the line to compare with, and what it stands for.
fn reference_label(
    picture: &Picture<'_, '_>,
    column: &Column<'_>,
    reference: Option<&Reference>,
) -> Option<(f64, String)> {
    let at = picture.level_of(reference)?;
    let number = column.style().full(at);
    match reference {
        Some(Reference::Estimate(id)) => Some((at, format!("{}: {number}", crate::words::name_of(id)))),
        _ => Some((at, number)),
    }
}

struct Chart<'a, 'b> {
    column: &'b Column<'a>,
    series: Series,
    rows: Vec<Row>,
    axis: &'b Axis,
    reference: Option<(f64, String)>,
    mark: Mark,
}

impl Chart<'_, '_> {
    fn draw(&self) -> Canvas {
        let shown = self.rows.get(..MOST_ROWS).unwrap_or(&self.rows);
        let n_more = self.rows.len() - shown.len();
        let step = if self.series.len() > 1 { 20.0 } else { 28.0 };
        let gap = if self.series.len() > 1 { 10.0 } else { 0.0 };
        let legend = self.series.legend_height(WIDTH - 20.0);
        let n_labels = shown.iter().filter(|r| r.label.is_some()).count();
        #[allow(clippy::cast_precision_loss, reason = "at most eighty rows")]
        let gaps = n_labels.saturating_sub(1) as f64 * gap;
        let tall = shown.iter().map(|row| self.height(row, step)).sum::<f64>() + gaps;
        let line_label = if self.reference.is_some() { 18.0 } else { 0.0 };
        let inner = self.inner(shown, legend + 8.0 + line_label, tall);
        let more = if n_more > 0 { 20.0 } else { 0.0 };
        let has_small = shown.iter().any(|r| self.column.cell(r.row).is_small());
        let footer = if has_small { 20.0 } else { 0.0 };
        let mut canvas = Canvas::new(WIDTH, inner.bottom + 44.0 + more + footer);
        self.series.write_legend(&mut canvas, (0.0, 0.0), WIDTH - 20.0, self.sign());
        let scale = self.scale(shown, inner);
        write_x(&mut canvas, inner, &scale, self.column.style().kind(), &axis_title(self.axis, self.column));
        let base = scale.place(scale.base());
        let class = if scale.shows(0.0) { "ax" } else { "gr" };
        canvas.line(class, (base, inner.top), (base, inner.bottom));
        if let Some((reference, label)) = self.reference.as_ref().filter(|(r, _)| scale.shows(*r)) {
            let x = scale.place(*reference);
            canvas.line("rf", (x, inner.top - 4.0), (x, inner.bottom));
            let half = text_width(label) / 2.0;
            let middle = x.clamp(half, (WIDTH - half).max(half));
            canvas.text("tk", (middle, inner.top - 9.0), Anchor::Middle, label, WIDTH);
        }
        let numbers = self.number_width(shown);
        let mut top = inner.top;
        for (i, row) in shown.iter().enumerate() {
            if row.label.is_some() && i > 0 {
                top += gap;
            }
            let height = self.height(row, step);
            self.write_row(&mut canvas, inner, &scale, row, top + height / 2.0, numbers);
            top += height;
        }
        let mut below = inner.bottom + 54.0;
        if n_more > 0 {
            canvas.text("wh", (inner.left, below), Anchor::Start, &format!("… {n_more} more rows in the table"), WIDTH);
            below += 18.0;
        }
        if has_small {
            canvas.text("wh", (inner.left, below), Anchor::Start, &format!("† {}", crate::words::SMALL), WIDTH);
        }
        canvas
    }

    fn sign(&self) -> Sign {
        if self.mark == Mark::Dot { Sign::Mark } else { Sign::Bar }
    }

    /// The lines of a row's label. Rows of a series stand too close for more than one.
    fn lines(&self, row: &Row) -> Vec<String> {
        match &row.label {
            Some(label) if self.series.len() > 1 => vec![label.clone()],
            Some(label) => broken(label, LABEL_ROOM),
            None => Vec::new(),
        }
    }

    fn height(&self, row: &Row, step: f64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "at most four lines")]
        let n_lines = self.lines(row).len() as f64;
        step.max(n_lines * LINE + 8.0)
    }

    fn inner(&self, shown: &[Row], top: f64, tall: f64) -> Inner {
        let labels = shown.iter().flat_map(|r| self.lines(r)).map(|line| text_width(&line));
        let left = labels.fold(40.0, f64::max).min(LABEL_ROOM) + 14.0;
        let right = WIDTH - (self.number_width(shown) + self.ends_width(shown)).clamp(30.0, 190.0) - 26.0;
        Inner { left, right, top, bottom: top + tall }
    }

    fn scale(&self, shown: &[Row], inner: Inner) -> Scale {
        let ends = shown.iter().flat_map(|row| {
            let cell = self.column.cell(row.row);
            [cell.value(), cell.interval().map(|i| i.low), cell.interval().map(|i| i.high)]
        });
        let axis = covering(self.axis, shown.iter().filter_map(|row| self.column.value(row.row)));
        let wish = Wish { with_zero: self.mark == Mark::Bar, round_ends: self.mark == Mark::Bar };
        Scale::over(ends.chain([self.reference.as_ref().map(|r| r.0)]).flatten(), &axis, wish, inner.left, inner.right)
    }

    fn number_width(&self, shown: &[Row]) -> f64 {
        shown.iter().map(|r| text_width(&self.number_text(r))).fold(0.0, f64::max).min(100.0)
    }

    fn ends_width(&self, shown: &[Row]) -> f64 {
        shown.iter().map(|r| text_width(&self.ends_text(r))).fold(0.0, f64::max)
    }

    fn number_text(&self, row: &Row) -> String {
        self.column.value(row.row).map_or_else(String::new, |_| self.column.label(row.row))
    }

    fn ends_text(&self, row: &Row) -> String {
        let written = self.column.written(row.row);
        let ends = written.ends.map_or_else(String::new, |(low, high)| format!("[{low}, {high}]"));
        format!("{ends}{}", if written.is_small { " †" } else { "" })
    }

    /// The number beside its row; a missing one has its reason in the row itself.
    fn value_text(&self, row: &Row) -> String {
        let written = self.column.written(row.row);
        format!("{}{}", written.line(), if written.is_small { " †" } else { "" })
    }

    fn write_row(&self, canvas: &mut Canvas, inner: Inner, scale: &Scale, row: &Row, y: f64, numbers: f64) {
        let cell = self.column.cell(row.row);
        let lines = self.lines(row);
        #[allow(clippy::cast_precision_loss, reason = "at most four lines")]
        let first = y + 4.0 - lines.len().saturating_sub(1) as f64 * LINE / 2.0;
        for (line, at) in lines.iter().zip((0_u8..).map(|i| first + f64::from(i) * LINE)) {
            canvas.text("lb", (inner.left - 12.0, at), Anchor::End, line, LABEL_ROOM);
        }
        let small = if cell.is_small() { " sm" } else { "" };
        let class = format!("{}{small}", series_class(row.series));
        let text = self.value_text(row);
        let Some(value) = cell.value() else {
            write_missing(canvas, inner, &cell, row.series, y);
            return;
        };
        if self.mark == Mark::Bar {
            let (from, to) = (scale.place(scale.base()), scale.place(value));
            let size = ((to - from).abs().max(0.75), if self.series.len() > 1 { 14.0 } else { 16.0 });
            canvas.rect(&format!("{class} br"), (from.min(to), y - size.1 / 2.0), size, 1.0, &text);
        }
        self.write_interval(canvas, scale, &cell, &class, y);
        if self.mark == Mark::Dot {
            canvas.mark(&format!("{class} mk"), row.series, (scale.place(value), y), 5.5, &text);
        }
        let end = inner.right + 14.0 + numbers;
        canvas.text("lb", (end, y + 4.0), Anchor::End, &self.number_text(row), 100.0);
        canvas.text("at", (end + 6.0, y + 4.0), Anchor::Start, &self.ends_text(row), 190.0);
    }

    fn write_interval(&self, canvas: &mut Canvas, scale: &Scale, cell: &Cell<'_>, class: &str, y: f64) {
        let Some(interval) = cell.interval() else { return };
        let (low, high) = (scale.place(interval.low), scale.place(interval.high));
        // On a bar the interval must stand out from the bar's own colour.
        let class = if self.mark == Mark::Bar { "ax".to_owned() } else { format!("{class} ci") };
        canvas.line(&class, (low, y), (high, y));
        for (end, x) in [(interval.low, low), (interval.high, high)] {
            if scale.shows(end) {
                canvas.line(&class, (x, y - 4.0), (x, y + 4.0));
            }
        }
    }
}

/// A label in lines that fit; what is left of it is on the last one, which is cut where it is drawn.
fn broken(label: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in label.split(' ') {
        let n = lines.len();
        match lines.last_mut() {
            Some(line) if n == MOST_LINES || text_width(line) + text_width(" ") + text_width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A hollow mark at the start of the row, and why.
fn write_missing(canvas: &mut Canvas, inner: Inner, cell: &Cell<'_>, series: usize, y: f64) {
    let why = cell.missing().map_or_else(|| "no value".to_owned(), |why| format!("no value: {why}"));
    canvas.mark("no", series, (inner.left + 8.0, y), 5.0, &why);
    canvas.text("wh", (inner.left + 20.0, y + 4.0), Anchor::Start, &why, inner.right - inner.left - 20.0);
}
