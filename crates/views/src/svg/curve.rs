//! Lines through points, with bands.

use equipoise_document::{Axis, BlockKind, Reference};

use super::canvas::{Anchor, Canvas, path_through, text_width};
use super::frame::{Inner, axis_title, write_corner, write_x, write_y};
use super::legend::{Series, Sign};
use super::palette::series_class;
use super::scale::{Scale, Wish, covering};
use super::{Picture, Trouble};
use crate::frame::Column;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
/// The side of a chart whose two axes are compared with each other.
const SQUARE: f64 = 400.0;
/// Lines with at most so many points show them.
const MOST_MARKS: usize = 30;

/// A point of a line with its band.
#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
    band: Option<(f64, f64)>,
    row: usize,
}

pub(super) fn draw(picture: &Picture<'_, '_>, kind: &BlockKind) -> Result<Canvas, Trouble> {
    let BlockKind::Curve { x, y, low, high, series, x_axis, y_axis, reference } = kind else {
        return Err(Trouble("this is no curve".to_owned()));
    };
    let (x, y) = (picture.column(x)?, picture.column(y)?);
    let (low, high) = (picture.optional(low.as_ref())?, picture.optional(high.as_ref())?);
    let series = Series::of(picture.optional(series.as_ref())?, picture.frame.n_rows);
    let mut lines: Vec<Vec<Option<Point>>> = vec![Vec::new(); series.len()];
    for row in 0..picture.frame.n_rows {
        if let Some(line) = lines.get_mut(series.at(row)) {
            line.push(point(x, y, low, high, row));
        }
    }
    let is_diagonal = matches!(reference, Some(Reference::Diagonal));
    let chart = Chart { x, y, x_axis, y_axis, series, lines, is_diagonal, level: picture.level_of(reference.as_ref()) };
    Ok(chart.draw())
}

fn point(
    x: &Column<'_>,
    y: &Column<'_>,
    low: Option<&Column<'_>>,
    high: Option<&Column<'_>>,
    row: usize,
) -> Option<Point> {
    let given = low.and_then(|c| c.value(row)).zip(high.and_then(|c| c.value(row)));
    let band = given.or_else(|| y.cell(row).interval().map(|i| (i.low, i.high)));
    Some(Point { x: x.value(row)?, y: y.value(row)?, band, row })
}

struct Chart<'a, 'b> {
    x: &'b Column<'a>,
    y: &'b Column<'a>,
    x_axis: &'b Axis,
    y_axis: &'b Axis,
    series: Series,
    lines: Vec<Vec<Option<Point>>>,
    is_diagonal: bool,
    level: Option<f64>,
}

impl Chart<'_, '_> {
    fn draw(&self) -> Canvas {
        let width = if self.is_diagonal { SQUARE + 90.0 } else { WIDTH };
        let tall = if self.is_diagonal { SQUARE } else { HEIGHT };
        let legend = self.series.legend_height(width - 20.0);
        let top = legend + 12.0;
        let points = || self.lines.iter().flatten().flatten();
        let ys: Vec<f64> = points()
            .flat_map(|p| [Some(p.y), p.band.map(|b| b.0), p.band.map(|b| b.1), self.level])
            .flatten()
            .collect();
        let y_axis = covering(self.y_axis, points().map(|p| p.y));
        let y_scale = Scale::over(ys, &y_axis, Wish { with_zero: false, round_ends: true }, top + tall, top);
        let kind = self.y.style().kind();
        let widest = y_scale.labelled(kind).iter().map(|(_, l)| text_width(l)).fold(0.0, f64::max);
        let inner = Inner { left: widest + 40.0, right: width - 20.0, top, bottom: top + tall };
        let xs: Vec<f64> = self.x.cells.iter().filter_map(crate::frame::Cell::value).collect();
        let x_axis = covering(self.x_axis, xs.iter().copied());
        let x_scale = Scale::over(xs, &x_axis, Wish::default(), inner.left, inner.right);
        let mut canvas = Canvas::new(width, inner.bottom + 44.0);
        self.series.write_legend(&mut canvas, (0.0, 0.0), width - 20.0, Sign::Line);
        write_x(&mut canvas, inner, &x_scale, self.x.style().kind(), &axis_title(self.x_axis, self.x));
        write_y(&mut canvas, inner, &y_scale, kind, &axis_title(self.y_axis, self.y));
        write_corner(&mut canvas, inner);
        self.write_reference(&mut canvas, inner, &x_scale, &y_scale);
        for (i, line) in self.lines.iter().enumerate() {
            for run in line.split(Option::is_none) {
                let run: Vec<Point> = run.iter().copied().flatten().collect();
                write_band(&mut canvas, i, &run, &x_scale, &y_scale);
            }
        }
        for (i, line) in self.lines.iter().enumerate() {
            self.write_line(&mut canvas, i, line, &x_scale, &y_scale);
        }
        self.write_missing(&mut canvas, inner, &x_scale);
        if points().next().is_none() {
            canvas.text("wh", (inner.left + 16.0, inner.top + 24.0), Anchor::Start, "no value has a place here", width);
        }
        canvas
    }

    /// A hollow mark on the axis for each point without a value.
    fn write_missing(&self, canvas: &mut Canvas, inner: Inner, x: &Scale) {
        for (row, cell) in self.x.cells.iter().enumerate() {
            let Some(place) = cell.value().filter(|_| self.y.value(row).is_none()) else { continue };
            let why =
                self.y.cell(row).missing().map_or_else(|| "no value".to_owned(), |why| format!("no value: {why}"));
            let tip = format!("{}: {why}", self.x.label(row));
            canvas.mark("no", self.series.at(row), (x.place(place), inner.bottom - 8.0), 4.0, &tip);
        }
    }

    fn write_reference(&self, canvas: &mut Canvas, inner: Inner, x: &Scale, y: &Scale) {
        if let Some(level) = self.level.filter(|level| y.shows(*level)) {
            canvas.line("rf", (inner.left, y.place(level)), (inner.right, y.place(level)));
        }
        if self.is_diagonal {
            let from = x.ends().0.max(y.ends().0);
            let to = x.ends().1.min(y.ends().1);
            if from < to {
                canvas.line("rf", (x.place(from), y.place(from)), (x.place(to), y.place(to)));
            }
        }
    }

    /// A line, broken where a value is missing, with marks where there are few points.
    fn write_line(&self, canvas: &mut Canvas, index: usize, line: &[Option<Point>], x: &Scale, y: &Scale) {
        let class = series_class(index);
        for run in line.split(Option::is_none) {
            let places: Vec<(f64, f64)> = run.iter().flatten().map(|p| (x.place(p.x), y.place(p.y))).collect();
            if places.len() > 1 {
                canvas.path(&format!("{class} ln"), &path_through(&thinned(&places)), "");
            }
        }
        let n_points = line.iter().flatten().count();
        let is_alone = |at: usize| {
            let gap = |i: Option<usize>| i.and_then(|i| line.get(i)).is_none_or(Option::is_none);
            gap(at.checked_sub(1)) && gap(at.checked_add(1))
        };
        for (at, point) in line.iter().enumerate() {
            let Some(p) = point.filter(|_| n_points <= MOST_MARKS || is_alone(at)) else { continue };
            let small = if self.y.cell(p.row).is_small() { " sm" } else { "" };
            let name =
                self.series.names.get(index).filter(|n| !n.is_empty()).map(|n| format!("{n}: ")).unwrap_or_default();
            let tip = format!("{name}{}, {}", self.x.written(p.row).line(), self.y.written(p.row).line());
            canvas.mark(&format!("{class} mk{small}"), index, (x.place(p.x), y.place(p.y)), 4.0, &tip);
        }
    }
}

fn write_band(canvas: &mut Canvas, index: usize, run: &[Point], x: &Scale, y: &Scale) {
    for part in run.split(|p| p.band.is_none()) {
        let side = |end: fn((f64, f64)) -> f64| {
            let places: Vec<(f64, f64)> =
                part.iter().filter_map(|p| p.band.map(|b| (x.place(p.x), y.place(end(b))))).collect();
            places
        };
        let (low, high) = (side(|b| b.0), side(|b| b.1));
        let class = series_class(index);
        match (low.as_slice(), high.as_slice()) {
            ([low], [high]) => canvas.line(&format!("{class} ci"), *low, *high),
            ([_, ..], [_, ..]) => {
                let around: Vec<(f64, f64)> =
                    thinned(&high).into_iter().chain(thinned(&low).into_iter().rev()).collect();
                canvas.path(&format!("{class} bd"), &format!("{}Z", path_through(&around)), "");
            }
            _ => {}
        }
    }
}

/// Places without those that are less than half a pixel from the one before; the last one stays.
fn thinned(places: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    for (i, place) in places.iter().enumerate() {
        let is_far = out.last().is_none_or(|last| (place.0 - last.0).abs() + (place.1 - last.1).abs() > 0.5);
        if is_far || i + 1 == places.len() {
            out.push(*place);
        }
    }
    out
}
