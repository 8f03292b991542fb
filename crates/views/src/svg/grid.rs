//! Coloured cells over two columns of labels: heat maps and matrices of counts.

use std::collections::HashMap;

use equipoise_document::Axis;

use super::canvas::{Anchor, Canvas, text_width};
use super::{Picture, Trouble};
use crate::frame::Column;

const WIDTH: f64 = 720.0;
/// Labels on a side; the rest is in the table.
const MOST_LABELS: usize = 60;
const LABEL_ROOM: f64 = 190.0;
/// From this intensity on, text on a cell has the colour of the ground.
const STRONG: f64 = 0.55;

/// Cells by row and column label.
struct Cells<'a, 'b> {
    across: Vec<String>,
    down: Vec<String>,
    rows: HashMap<(usize, usize), usize>,
    value: &'b Column<'a>,
    n_hidden: usize,
}

/// What stands around the cells.
struct Words<'a> {
    across: &'a str,
    down: &'a str,
    value: &'a str,
}

pub(super) fn heat_map(
    picture: &Picture<'_, '_>,
    x: &str,
    y: &str,
    value: &str,
    axis: &Axis,
) -> Result<Canvas, Trouble> {
    let cells = Cells::of(picture, x, y, value)?;
    let title = super::frame::axis_title(axis, cells.value);
    let words = Words { across: picture.column(x)?.title, down: picture.column(y)?.title, value: &title };
    let ends = axis.domain.filter(|(a, b)| a < b);
    let counts = picture.frame.columns.iter().find(|c| c.id == "n");
    Ok(cells.draw(&words, ends, 38.0, counts))
}

pub(super) fn matrix(picture: &Picture<'_, '_>, row: &str, column: &str, value: &str) -> Result<Canvas, Trouble> {
    let cells = Cells::of(picture, column, row, value)?;
    let words =
        Words { across: picture.column(column)?.title, down: picture.column(row)?.title, value: cells.value.title };
    Ok(cells.draw(&words, None, 52.0, None))
}

impl<'a, 'b> Cells<'a, 'b> {
    fn of(picture: &'b Picture<'a, '_>, x: &str, y: &str, value: &str) -> Result<Self, Trouble> {
        let (xs, ys, value) = (picture.column(x)?, picture.column(y)?, picture.column(value)?);
        let (mut across, mut down) = (Labels::default(), Labels::default());
        let mut rows = HashMap::new();
        let mut n_hidden = 0;
        for row in 0..picture.frame.n_rows {
            match (down.place(ys.label(row)), across.place(xs.label(row))) {
                (Some(i), Some(j)) => {
                    rows.entry((i, j)).or_insert(row);
                }
                _ => n_hidden += 1,
            }
        }
        Ok(Self { across: across.names, down: down.names, rows, value, n_hidden })
    }

    /// Draws the cells; `counts` are the rows behind each, where they are known.
    fn draw(
        &self,
        words: &Words<'_>,
        ends: Option<(f64, f64)>,
        cell_height: f64,
        counts: Option<&Column<'_>>,
    ) -> Canvas {
        let left = self.down.iter().map(|l| text_width(l)).fold(50.0, f64::max).min(LABEL_ROOM) + 34.0;
        let n_across = to_f64(self.across.len().max(1));
        let wide = ((WIDTH - left - 8.0) / n_across).min(150.0);
        let longest = self.across.iter().map(|l| text_width(l)).fold(0.0, f64::max);
        let is_turned = longest > wide - 6.0 && wide < 90.0;
        let top = if is_turned { longest.min(130.0) * 0.75 + 40.0 } else { 44.0 };
        let tall = if self.down.len() > 15 { 22.0 } else { cell_height };
        let bottom = top + to_f64(self.down.len()) * tall;
        let mut canvas = Canvas::new(WIDTH, bottom + 50.0 + if self.n_hidden > 0 { 18.0 } else { 0.0 });
        canvas.text("at", (left + wide * n_across / 2.0, 14.0), Anchor::Middle, words.across, WIDTH - left);
        canvas.turned_text(
            "at",
            (14.0, f64::midpoint(top, bottom)),
            Anchor::Middle,
            words.down,
            (bottom - top).max(60.0),
            Some(-90.0),
        );
        for (j, label) in self.across.iter().enumerate() {
            let x = left + (to_f64(j) + 0.5) * wide;
            if is_turned {
                canvas.turned_text("lb", (x - 4.0, top - 8.0), Anchor::Start, label, 130.0, Some(-40.0));
            } else {
                canvas.text("lb", (x, top - 8.0), Anchor::Middle, label, wide - 6.0);
            }
        }
        let shades = Shades::of(self, ends);
        for (i, label) in self.down.iter().enumerate() {
            let y = top + to_f64(i) * tall;
            canvas.text("lb", (left - 10.0, y + tall / 2.0 + 4.0), Anchor::End, label, LABEL_ROOM);
            for j in 0..self.across.len() {
                let place = (left + to_f64(j) * wide, y);
                self.write_cell(&mut canvas, (i, j), place, (wide, tall), &Ground { shades: &shades, counts });
            }
        }
        self.write_key(&mut canvas, (left, bottom + 14.0), words.value, &shades);
        if self.n_hidden > 0 {
            let text = format!("… {} more cells in the table", self.n_hidden);
            canvas.text("wh", (left, bottom + 60.0), Anchor::Start, &text, WIDTH);
        }
        canvas
    }

    fn write_cell(
        &self,
        canvas: &mut Canvas,
        place: (usize, usize),
        corner: (f64, f64),
        size: (f64, f64),
        ground: &Ground<'_, '_>,
    ) {
        let inner = ((corner.0 + 1.0, corner.1 + 1.0), (size.0 - 2.0, size.1 - 2.0));
        let middle = (corner.0 + size.0 / 2.0, corner.1 + size.1 / 2.0 + 4.0);
        let name = format!(
            "{}, {}",
            self.down.get(place.0).map_or("", String::as_str),
            self.across.get(place.1).map_or("", String::as_str)
        );
        let row = self.rows.get(&place).copied();
        let cell = row.map(|row| (self.value.cell(row), self.value.written(row)));
        let Some((value, cell, written)) = cell.and_then(|(c, w)| c.value().map(|v| (v, c, w))) else {
            let why = row.and_then(|row| self.value.cell(row).missing()).unwrap_or("there is no such row");
            canvas.rect("no", inner.0, inner.1, 1.0, &format!("{name}: no value: {why}"));
            canvas.text("wh", middle, Anchor::Middle, crate::format::MISSING, size.0);
            return;
        };
        let (class, shade) = ground.shades.of_value(value);
        let rows = ground.counts.zip(row).map(|(c, row)| c.written(row).text);
        let of = rows.as_ref().map_or_else(String::new, |n| format!(", {n} rows"));
        let sign = if cell.is_small() { "†" } else { "" };
        canvas.rect(class, inner.0, inner.1, shade, &format!("{name}: {}{sign}{of}", written.line()));
        let text = format!("{}{sign}", written.text);
        if text_width(&text) < size.0 - 4.0 && size.1 >= 16.0 {
            let class = if shade > STRONG { "lb on" } else { "lb" };
            let below = rows.filter(|n| size.1 >= 34.0 && text_width(n) < size.0 - 4.0);
            let up = if below.is_some() { 7.0 } else { 0.0 };
            canvas.text(class, (middle.0, middle.1 - up), Anchor::Middle, &text, size.0);
            if let Some(rows) = below {
                let class = if shade > STRONG { "tk on" } else { "tk" };
                canvas.text(class, (middle.0, middle.1 + 8.0), Anchor::Middle, &rows, size.0);
            }
        }
    }

    /// Five steps of the shade with the numbers they stand for.
    fn write_key(&self, canvas: &mut Canvas, corner: (f64, f64), title: &str, shades: &Shades) {
        let (low, high) = (self.value.style().full(shades.low), self.value.style().full(shades.high));
        let mut x = corner.0;
        for (text, room) in [(title, 260.0), (low.as_str(), 90.0)] {
            canvas.text("tk", (x, corner.1 + 11.0), Anchor::Start, text, room);
            x += text_width(text).min(room) + 12.0;
        }
        for step in 0..7 {
            let (class, shade) = shades.of_value(shades.low + (shades.high - shades.low) * f64::from(step) / 6.0);
            canvas.rect(class, (x, corner.1), (22.0, 14.0), shade, "");
            x += 22.0;
        }
        canvas.text("tk", (x + 8.0, corner.1 + 11.0), Anchor::Start, &high, 90.0);
        let has_small = self.rows.values().any(|row| self.value.cell(*row).is_small());
        if has_small {
            canvas.text("wh", (corner.0, corner.1 + 32.0), Anchor::Start, &format!("† {}", crate::words::SMALL), WIDTH);
        }
    }
}

/// What a cell is drawn by.
struct Ground<'a, 'b> {
    shades: &'b Shades,
    counts: Option<&'b Column<'a>>,
}

/// Labels in order of appearance.
#[derive(Default)]
struct Labels {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Labels {
    fn place(&mut self, name: String) -> Option<usize> {
        if let Some(at) = self.places.get(&name) {
            return Some(*at);
        }
        if self.names.len() >= MOST_LABELS {
            return None;
        }
        self.places.insert(name.clone(), self.names.len());
        self.names.push(name);
        Some(self.names.len() - 1)
    }
}

/// How strong a value's colour is. Numbers of both signs have two colours that meet at zero.
struct Shades {
    low: f64,
    high: f64,
    is_two_sided: bool,
    /// Whether low numbers are dark: those of a score, whose low values are the bad ones.
    is_downward: bool,
}

impl Shades {
    fn of(cells: &Cells<'_, '_>, ends: Option<(f64, f64)>) -> Self {
        // Numbers that rest on few rows would stretch the scale.
        let is_sure = |row: &&usize| cells.value.value(**row).is_some() && !cells.value.cell(**row).is_small();
        let has_sure = cells.rows.values().any(|row| is_sure(&row));
        let rows = cells.rows.values().filter(|row| !has_sure || is_sure(row));
        let values: Vec<f64> = rows.filter_map(|row| cells.value.value(*row)).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = ends.unwrap_or(if low <= high { (low, high) } else { (0.0, 1.0) });
        let is_two_sided = low < 0.0 && high > 0.0;
        let reach = low.abs().max(high.abs());
        let is_downward = cells.rows.values().any(|row| super::tree::is_score(&cells.value.cell(*row)));
        let (low, high) = if is_two_sided { (-reach, reach) } else { (low, high) };
        Self { low, high, is_two_sided, is_downward: is_downward && !is_two_sided }
    }

    fn of_value(&self, value: f64) -> (&'static str, f64) {
        if self.is_two_sided {
            let class = if value < 0.0 { "hn" } else { "hp" };
            return (class, 0.08 + 0.84 * (value.abs() / self.high).clamp(0.0, 1.0));
        }
        let span = self.high - self.low;
        let share = if span > 0.0 && span.is_finite() { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.4 };
        ("hp", 0.08 + 0.84 * if self.is_downward { 1.0 - share } else { share })
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of labels are small")]
fn to_f64(n: usize) -> f64 {
    n as f64
}
