//! Steps from nothing to a result: each bar begins where the one before ends.

use equipoise_document::Axis;

use super::canvas::{Anchor, Canvas, text_width};
use super::frame::{Inner, write_x};
use super::scale::{Scale, Wish};
use super::{Picture, Trouble};

const WIDTH: f64 = 720.0;
const STEP: f64 = 28.0;
const LABEL_ROOM: f64 = 230.0;
/// Steps that are drawn one by one; the rest is drawn as one.
const MOST_STEPS: usize = 40;

/// A bar from one level to the next.
struct Bar {
    label: String,
    text: String,
    from: f64,
    to: f64,
    class: &'static str,
    missing: Option<String>,
}

pub(super) fn draw(picture: &Picture<'_, '_>, label: &str, value: &str) -> Result<Canvas, Trouble> {
    let (labels, values) = (picture.column(label)?, picture.column(value)?);
    let style = values.style();
    // Steps between shares are differences of shares.
    let steps = style.of_differences();
    let mut level = 0.0;
    let mut bars: Vec<Bar> = Vec::new();
    let n_rows = picture.frame.n_rows;
    let n_single = if n_rows > MOST_STEPS { MOST_STEPS - 1 } else { n_rows };
    for row in 0..n_single {
        let by = values.value(row);
        let next = level + by.unwrap_or(0.0);
        let missing = by.is_none().then(|| values.cell(row).missing().unwrap_or("the step is empty").to_owned());
        let class = if row == 0 { "tt" } else { by_sign(by) };
        let text = if row == 0 {
            values.label(row)
        } else {
            by.map_or_else(String::new, |by| signed(Some(by), &steps.full(by)))
        };
        bars.push(Bar { label: labels.label(row), text, from: level, to: next, class, missing });
        level = next;
    }
    if n_single < n_rows {
        let rest: f64 = (n_single..n_rows).filter_map(|row| values.value(row)).sum();
        let (label, text) = (format!("{} further steps", n_rows - n_single), signed(Some(rest), &steps.full(rest)));
        bars.push(Bar { label, text, from: level, to: level + rest, class: by_sign(Some(rest)), missing: None });
        level += rest;
    }
    bars.push(Bar {
        label: "Result".to_owned(),
        text: style.full(level),
        from: 0.0,
        to: level,
        class: "tt",
        missing: None,
    });
    Ok(drawn(&bars, values))
}

fn by_sign(by: Option<f64>) -> &'static str {
    if by.is_some_and(|by| by < 0.0) { "dn" } else { "up" }
}

fn signed(by: Option<f64>, text: &str) -> String {
    if by.is_some_and(|by| by > 0.0) { format!("+{text}") } else { text.to_owned() }
}

fn drawn(bars: &[Bar], values: &crate::frame::Column<'_>) -> Canvas {
    let left = bars.iter().map(|b| text_width(&b.label)).fold(40.0, f64::max).min(LABEL_ROOM) + 14.0;
    let right = WIDTH - bars.iter().map(|b| text_width(&b.text)).fold(30.0, f64::max).min(160.0) - 18.0;
    #[allow(clippy::cast_precision_loss, reason = "at most forty bars")]
    let inner = Inner { left, right, top: 8.0, bottom: 8.0 + bars.len() as f64 * STEP };
    let wish = Wish { with_zero: true, round_ends: true };
    let scale = Scale::over(bars.iter().flat_map(|b| [b.from, b.to]), &Axis::default(), wish, left, right);
    let mut canvas = Canvas::new(WIDTH, inner.bottom + 44.0);
    write_x(&mut canvas, inner, &scale, values.style().kind(), values.title);
    let zero = scale.place(scale.base());
    canvas.line("ax", (zero, inner.top), (zero, inner.bottom));
    let mut y = inner.top + STEP / 2.0;
    for (i, bar) in bars.iter().enumerate() {
        canvas.text("lb", (left - 12.0, y + 4.0), Anchor::End, &bar.label, LABEL_ROOM);
        let (from, to) = (scale.place(bar.from), scale.place(bar.to));
        if let Some(why) = &bar.missing {
            canvas.mark("no", 0, (from, y), 5.0, why);
            canvas.text("wh", (right + 12.0, y + 4.0), Anchor::Start, "no value", 160.0);
        } else {
            let tip = format!("{}: {}", bar.label, bar.text);
            canvas.rect(bar.class, (from.min(to), y - 8.0), ((to - from).abs().max(0.75), 16.0), 0.85, &tip);
            canvas.text("lb", (right + 12.0, y + 4.0), Anchor::Start, &bar.text, 160.0);
        }
        if i + 2 < bars.len() {
            canvas.line("ax", (to, y + 8.0), (to, y + STEP - 8.0));
        }
        y += STEP;
    }
    canvas
}
