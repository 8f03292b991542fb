//! Box plots: a box from the lower to the upper quartile, whiskers beside it, and how many values lie beyond them.

use equipoise_document::Axis;

use super::canvas::{Anchor, Canvas, text_width};
use super::frame::{Inner, axis_title, write_x};
use super::palette::series_class;
use super::scale::{Scale, Wish};
use super::{Picture, Trouble};
use crate::format::{Kind, Style, count};
use crate::frame::Column;

const WIDTH: f64 = 720.0;
const STEP: f64 = 26.0;
const HALF: f64 = 8.0;
const LABEL_ROOM: f64 = 190.0;
/// Boxes that are drawn; the rest is in the table.
const MOST_BOXES: usize = 60;

/// Names of the columns.
pub(super) struct Names<'a> {
    pub(super) label: &'a str,
    /// Lower whisker, lower quartile, median, upper quartile, upper whisker.
    pub(super) five: [&'a str; 5],
    pub(super) outliers: Option<&'a String>,
    pub(super) panel: Option<&'a String>,
}

/// Boxes that share an axis.
struct Panel {
    title: String,
    rows: Vec<usize>,
}

struct Boxes<'a, 'b> {
    labels: &'b Column<'a>,
    five: [&'b Column<'a>; 5],
    outliers: Option<&'b Column<'a>>,
    axis: &'b Axis,
}

pub(super) fn draw(picture: &Picture<'_, '_>, names: &Names<'_>, axis: &Axis) -> Result<Canvas, Trouble> {
    let [low, q1, median, q3, high] = names.five;
    let five = [
        picture.column(low)?,
        picture.column(q1)?,
        picture.column(median)?,
        picture.column(q3)?,
        picture.column(high)?,
    ];
    let outliers = picture.optional(names.outliers)?;
    let boxes = Boxes { labels: picture.column(names.label)?, five, outliers, axis };
    let of_panel = picture.optional(names.panel)?;
    let n_shown = picture.frame.n_rows.min(MOST_BOXES);
    let mut panels: Vec<Panel> = Vec::new();
    for row in 0..n_shown {
        let title = of_panel.map_or_else(String::new, |column| column.label(row));
        match panels.iter_mut().find(|p| p.title == title) {
            Some(panel) => panel.rows.push(row),
            None => panels.push(Panel { title, rows: vec![row] }),
        }
    }
    Ok(boxes.draw(&panels, picture.frame.n_rows - n_shown, of_panel.is_some()))
}

impl Boxes<'_, '_> {
    fn draw(&self, panels: &[Panel], n_more: usize, has_panels: bool) -> Canvas {
        let shown = || panels.iter().flat_map(|p| p.rows.iter().copied());
        // A panel of one box is named by its label alone.
        let is_titled = |panel: &Panel| has_panels && (panel.rows.len() > 1 || self.name(panel) != panel.title);
        let labels = shown().map(|row| text_width(&self.labels.label(row)));
        let left = labels.fold(40.0, f64::max).min(LABEL_ROOM) + 14.0;
        let beside = shown().map(|row| text_width(&self.beyond(row))).fold(0.0, f64::max);
        let right = WIDTH - beside.min(170.0) - 26.0;
        let foot = |panel: &Panel| if is_titled(panel) || !has_panels { 46.0 } else { 30.0 };
        let head = |panel: &Panel| if is_titled(panel) { 24.0 } else { 6.0 };
        #[allow(clippy::cast_precision_loss, reason = "at most sixty boxes")]
        let tall = |panel: &Panel| panel.rows.len() as f64 * STEP;
        let height: f64 = panels.iter().map(|p| head(p) + tall(p) + foot(p)).sum();
        let mut canvas = Canvas::new(WIDTH, height + if n_more > 0 { 20.0 } else { 0.0 });
        let mut top = 0.0;
        for panel in panels {
            if is_titled(panel) {
                canvas.text("lb st", (left, top + 14.0), Anchor::Start, &panel.title, right - left);
            }
            top += head(panel);
            let inner = Inner { left, right, top, bottom: top + tall(panel) };
            let ends = panel.rows.iter().flat_map(|row| self.five.iter().filter_map(|column| column.value(*row)));
            let scale = Scale::over(ends, self.axis, Wish::default(), left, right);
            let title = if has_panels { String::new() } else { axis_title(self.axis, self.five[2]) };
            write_x(&mut canvas, inner, &scale, &self.kind(), &title);
            for (row, y) in panel.rows.iter().zip((0_u16..).map(|i| top + STEP * (f64::from(i) + 0.5))) {
                self.write_box(&mut canvas, &scale, inner, *row, y);
            }
            top += tall(panel) + foot(panel);
        }
        if n_more > 0 {
            canvas.text("wh", (left, top + 8.0), Anchor::Start, &format!("… {n_more} more boxes in the table"), WIDTH);
        }
        canvas
    }

    fn name(&self, panel: &Panel) -> String {
        panel.rows.first().map_or_else(String::new, |row| self.labels.label(*row))
    }

    fn kind(&self) -> Kind {
        self.five[1].style().kind().clone()
    }

    /// What is said beside a box: values beyond the whiskers.
    fn beyond(&self, row: usize) -> String {
        match self.outliers.and_then(|column| column.value(row)) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
            Some(n) if n >= 1.0 => format!("{} beyond", count(n as u64)),
            _ => String::new(),
        }
    }

    fn write_box(&self, canvas: &mut Canvas, scale: &Scale, inner: Inner, row: usize, y: f64) {
        let label = self.labels.label(row);
        canvas.text("lb", (inner.left - 12.0, y + 4.0), Anchor::End, &label, LABEL_ROOM);
        let [low, q1, median, q3, high] = self.five.map(|column| column.value(row));
        let (Some(q1), Some(q3)) = (q1, q3) else {
            let why = "no value";
            canvas.mark("no", 0, (inner.left + 8.0, y), 5.0, why);
            canvas.text("wh", (inner.left + 20.0, y + 4.0), Anchor::Start, why, 160.0);
            return;
        };
        let style = Style::of_row([low, Some(q1), median, Some(q3), high].into_iter().flatten());
        let write = |x: f64| style.full(x);
        let told: Vec<String> =
            [("whiskers from", low), ("quartile", Some(q1)), ("median", median), ("quartile", Some(q3)), ("to", high)]
                .into_iter()
                .filter_map(|(what, x)| Some(format!("{what} {}", write(x?))))
                .collect();
        let beyond = self.beyond(row);
        let tip = format!(
            "{label}: {}{}",
            told.join(", "),
            if beyond.is_empty() { beyond.clone() } else { format!("; {beyond}") }
        );
        let class = series_class(0);
        let place = |x: f64| scale.place(x);
        for (end, edge) in [(low, q1), (high, q3)] {
            if let Some(end) = end {
                canvas.line(&format!("{class} ci"), (place(end), y), (place(edge), y));
                canvas.line(&format!("{class} ci"), (place(end), y - 5.0), (place(end), y + 5.0));
            }
        }
        let wide = (place(q3) - place(q1)).max(1.0);
        canvas.rect(&format!("{class} bx"), (place(q1), y - HALF), (wide, 2.0 * HALF), 1.0, &tip);
        if let Some(median) = median {
            canvas.line(&format!("{class} md"), (place(median), y - HALF), (place(median), y + HALF));
        }
        canvas.text("at", (inner.right + 14.0, y + 4.0), Anchor::Start, &beyond, 170.0);
    }
}
