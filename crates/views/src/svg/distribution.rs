//! Histograms, one outline for each series.

use equipoise_document::Axis;

use super::canvas::{Canvas, path_through, text_width};
use super::frame::{Inner, axis_title, write_corner, write_x, write_y};
use super::legend::{Series, Sign};
use super::palette::series_class;
use super::scale::{Scale, Wish};
use super::{Picture, Trouble};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;

/// A bin with its height.
struct Bin {
    low: f64,
    high: f64,
    value: f64,
    series: usize,
    tip: String,
}

pub(super) fn draw(
    picture: &Picture<'_, '_>,
    low: &str,
    high: &str,
    value: &str,
    series: Option<&String>,
    axis: &Axis,
) -> Result<Canvas, Trouble> {
    let (lows, highs, values) = (picture.column(low)?, picture.column(high)?, picture.column(value)?);
    let series = Series::of(picture.optional(series)?, picture.frame.n_rows);
    let bin = |row: usize| {
        let (low, high) = (lows.value(row)?, highs.value(row)?);
        let tip = format!("{} to {}: {}", lows.label(row), highs.label(row), values.written(row).line());
        Some(Bin { low: low.min(high), high: high.max(low), value: values.value(row)?, series: series.at(row), tip })
    };
    let bins: Vec<Bin> = (0..picture.frame.n_rows).filter_map(bin).collect();
    let top = series.legend_height(WIDTH - 20.0) + 12.0;
    let wish = Wish { with_zero: true, round_ends: true };
    let y = Scale::over(bins.iter().map(|b| b.value), &Axis::default(), wish, top + HEIGHT, top);
    let widest = y.labelled(values.style().kind()).iter().map(|(_, l)| text_width(l)).fold(0.0, f64::max);
    let inner = Inner { left: widest + 40.0, right: WIDTH - 20.0, top, bottom: top + HEIGHT };
    let edges: Vec<f64> = lows.cells.iter().chain(&highs.cells).filter_map(crate::frame::Cell::value).collect();
    let fitted = fitted(axis, &edges);
    let x = Scale::over(edges, &fitted, Wish::default(), inner.left, inner.right);
    let mut canvas = Canvas::new(WIDTH, inner.bottom + 44.0);
    series.write_legend(&mut canvas, (0.0, 0.0), WIDTH - 20.0, Sign::Bar);
    write_x(&mut canvas, inner, &x, lows.style().kind(), &axis_title(axis, lows));
    write_y(&mut canvas, inner, &y, values.style().kind(), values.title);
    for index in 0..series.len() {
        let own: Vec<&Bin> = bins.iter().filter(|b| b.series == index).collect();
        write_outline(&mut canvas, index, &own, &x, &y);
    }
    for bin in bins.iter().filter(|_| series.len() == 1) {
        let (left, right) = (x.place(bin.low), x.place(bin.high));
        canvas.rect("tip", (left, inner.top), (right - left, inner.bottom - inner.top), 0.0, &bin.tip);
    }
    write_corner(&mut canvas, inner);
    for row in (0..picture.frame.n_rows).filter(|row| values.value(*row).is_none()) {
        let Some((low, high)) = lows.value(row).zip(highs.value(row)) else { continue };
        let why = values.cell(row).missing().map_or_else(|| "no value".to_owned(), |why| format!("no value: {why}"));
        let tip = format!("{} to {}: {why}", lows.label(row), highs.label(row));
        let place = (x.place(f64::midpoint(low, high)), inner.bottom - 8.0);
        canvas.mark("no", series.at(row), place, 4.0, &tip);
    }
    Ok(canvas)
}

/// The axis with the outermost edges as its ends: bins fill it.
fn fitted(axis: &Axis, edges: &[f64]) -> Axis {
    let low = edges.iter().copied().fold(f64::INFINITY, f64::min);
    let high = edges.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let domain = axis.domain.or((low < high).then_some((low, high)));
    Axis { domain, ..axis.clone() }
}

fn write_outline(canvas: &mut Canvas, index: usize, bins: &[&Bin], x: &Scale, y: &Scale) {
    let base = y.place(y.base());
    let mut places: Vec<(f64, f64)> = Vec::new();
    for bin in bins {
        let (left, right, height) = (x.place(bin.low), x.place(bin.high), y.place(bin.value));
        let is_apart = places.last().is_none_or(|last| (last.0 - left).abs() > 0.5);
        if is_apart {
            if let Some(last) = places.last().copied() {
                places.push((last.0, base));
            }
            places.push((left, base));
        }
        places.push((left, height));
        places.push((right, height));
    }
    let Some(last) = places.last().copied() else { return };
    places.push((last.0, base));
    let class = series_class(index);
    canvas.path(&format!("{class} hs"), &format!("{}Z", path_through(&places)), "");
}
