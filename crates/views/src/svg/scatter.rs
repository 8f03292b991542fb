//! Points; where they are many, how dense they lie.

use std::collections::BTreeMap;

use equipoise_document::Axis;

use super::canvas::{Anchor, Canvas, text_width};
use super::frame::{Inner, axis_title, write_corner, write_x, write_y};
use super::legend::{Series, Sign};
use super::palette::series_class;
use super::scale::{Scale, Wish, covering};
use super::{Picture, Trouble};
use crate::frame::Column;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// Beyond so many points, density is drawn.
const MOST_POINTS: usize = 2_000;
/// Side of a cell of density.
const CELL: f64 = 12.0;
/// Beyond so many different values, a column of words is no legend.
const MOST_SERIES: usize = 12;

/// A point of the table.
struct Point {
    row: usize,
    x: f64,
    y: f64,
}

pub(super) fn draw(
    picture: &Picture<'_, '_>,
    x: &str,
    y: &str,
    colour: Option<&String>,
    x_axis: &Axis,
    y_axis: &Axis,
) -> Result<Canvas, Trouble> {
    let (xs, ys) = (picture.column(x)?, picture.column(y)?);
    let colour = picture.optional(colour)?;
    let n_rows = picture.frame.n_rows;
    let points: Vec<Point> =
        (0..n_rows).filter_map(|row| Some(Point { row, x: xs.value(row)?, y: ys.value(row)? })).collect();
    let is_dense = points.len() > MOST_POINTS;
    let named = colour.filter(|c| !c.is_numeric && !is_dense);
    let series = Series::of(named, n_rows);
    let series = if series.len() > MOST_SERIES { Series::of(None, n_rows) } else { series };
    let top = series.legend_height(WIDTH - 20.0) + 12.0;
    let wish = Wish { with_zero: false, round_ends: true };
    let x_covered = covering(x_axis, points.iter().map(|p| p.x));
    let y_covered = covering(y_axis, points.iter().map(|p| p.y));
    let y_scale = Scale::over(points.iter().map(|p| p.y), &y_covered, wish, top + HEIGHT, top);
    let widest = y_scale.labelled(ys.style().kind()).iter().map(|(_, l)| text_width(l)).fold(0.0, f64::max);
    let inner = Inner { left: widest + 40.0, right: WIDTH - 20.0, top, bottom: top + HEIGHT };
    let x_scale = Scale::over(points.iter().map(|p| p.x), &x_covered, wish, inner.left, inner.right);
    let mut canvas = Canvas::new(WIDTH, inner.bottom + 44.0);
    series.write_legend(&mut canvas, (0.0, 0.0), WIDTH - 20.0, Sign::Mark);
    write_x(&mut canvas, inner, &x_scale, xs.style().kind(), &axis_title(x_axis, xs));
    write_y(&mut canvas, inner, &y_scale, ys.style().kind(), &axis_title(y_axis, ys));
    let numeric = colour.filter(|c| c.is_numeric && !is_dense);
    let caption = if is_dense {
        write_density(&mut canvas, &points, &x_scale, &y_scale)
    } else if let Some(colour) = numeric {
        write_shaded(&mut canvas, &points, colour, &x_scale, &y_scale)
    } else {
        for p in &points {
            let index = series.at(p.row);
            let tip = format!("{}, {}", xs.label(p.row), ys.label(p.row));
            let place = (x_scale.place(p.x), y_scale.place(p.y));
            canvas.mark(&format!("{} pt", series_class(index)), index, place, 3.5, &tip);
        }
        String::new()
    };
    write_corner(&mut canvas, inner);
    let n_missing = n_rows - points.len();
    let missing =
        if n_missing > 0 { format!("{n_missing} rows without a place are left out. ") } else { String::new() };
    let caption = format!("{missing}{caption}");
    if !caption.is_empty() {
        canvas.height += 20.0;
        canvas.text("wh", (inner.left, inner.bottom + 56.0), Anchor::Start, &caption, WIDTH - inner.left);
    }
    Ok(canvas)
}

/// Squares, the darker the more points; the square root keeps thin places visible.
fn write_density(canvas: &mut Canvas, points: &[Point], x: &Scale, y: &Scale) -> String {
    let mut counts: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for p in points {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places are within the chart")]
        let cell = ((x.place(p.x) / CELL) as u32, (y.place(p.y) / CELL) as u32);
        *counts.entry(cell).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(1);
    for ((i, j), n) in &counts {
        let shade = 0.1 + 0.85 * (f64::from(*n) / f64::from(most)).sqrt();
        let corner = (f64::from(*i) * CELL, f64::from(*j) * CELL);
        canvas.rect("hp", corner, (CELL - 0.5, CELL - 0.5), shade, &format!("{n} points"));
    }
    format!(
        "The darker, the more of the {} points; at most {most} in a square.",
        crate::format::count(points.len() as u64)
    )
}

/// One colour, the stronger the larger the number.
fn write_shaded(canvas: &mut Canvas, points: &[Point], colour: &Column<'_>, x: &Scale, y: &Scale) -> String {
    let values = || points.iter().filter_map(|p| colour.value(p.row));
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    for p in points {
        let place = (x.place(p.x), y.place(p.y));
        match colour.value(p.row) {
            None => canvas.mark("no", 0, place, 3.5, "no value"),
            Some(value) => {
                let share = if high > low { (value - low) / (high - low) } else { 0.5 };
                let corner = (place.0 - 3.5, place.1 - 3.5);
                canvas.rect("hp", corner, (7.0, 7.0), 0.15 + 0.8 * share.clamp(0.0, 1.0), &colour.label(p.row));
            }
        }
    }
    let style = colour.style();
    if low > high {
        return String::new();
    }
    format!("The stronger the colour, the larger {}: {} to {}.", colour.title, style.full(low), style.full(high))
}
