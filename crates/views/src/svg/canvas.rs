//! What is drawn, as SVG elements. Colours are classes, so that a page decides them.

use crate::escape::escape;

/// A drawing in pixels of its own.
pub(super) struct Canvas {
    pub(super) width: f64,
    pub(super) height: f64,
    body: String,
}

/// Where a text is held.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn code(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// Size of letters in charts.
pub(super) const FONT: f64 = 12.0;

/// A coordinate with at most two decimals; what is not finite becomes 0, so that the drawing stays well formed.
pub(super) fn at(x: f64) -> String {
    if !x.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{:.2}", x.clamp(-1e6, 1e6));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.body.push_str(&format!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            at(from.0),
            at(from.1),
            at(to.0),
            at(to.1)
        ));
    }

    /// A rectangle with a text that shows when it is pointed at.
    pub(super) fn rect(&mut self, class: &str, corner: (f64, f64), size: (f64, f64), opacity: f64, tip: &str) {
        self.body.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}",
            at(corner.0),
            at(corner.1),
            at(size.0.max(0.0)),
            at(size.1.max(0.0)),
            opacity_attribute(opacity)
        ));
        self.close("rect", tip);
    }

    pub(super) fn path(&mut self, class: &str, data: &str, tip: &str) {
        self.body.push_str(&format!("<path class=\"{class}\" d=\"{data}\""));
        self.close("path", tip);
    }

    /// A mark in the shape of the series: circle, square, triangle, diamond, cross or triangle upside down.
    pub(super) fn mark(&mut self, class: &str, shape: usize, centre: (f64, f64), radius: f64, tip: &str) {
        let (x, y, r) = (centre.0, centre.1, radius);
        let points: &[(f64, f64)] = match shape % 6 {
            0 => {
                self.body.push_str(&format!(
                    "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"",
                    at(x),
                    at(y),
                    at(r)
                ));
                self.close("circle", tip);
                return;
            }
            1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            2 => &[(0.0, -1.15), (1.1, 0.9), (-1.1, 0.9)],
            3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
            4 => &[
                (-0.4, -1.2),
                (0.4, -1.2),
                (0.4, -0.4),
                (1.2, -0.4),
                (1.2, 0.4),
                (0.4, 0.4),
                (0.4, 1.2),
                (-0.4, 1.2),
                (-0.4, 0.4),
                (-1.2, 0.4),
                (-1.2, -0.4),
                (-0.4, -0.4),
            ],
            _ => &[(0.0, 1.15), (1.1, -0.9), (-1.1, -0.9)],
        };
        let places: Vec<(f64, f64)> = points.iter().map(|(dx, dy)| (x + dx * r, y + dy * r)).collect();
        self.path(class, &format!("{}Z", path_through(&places)), tip);
    }

    /// A text, cut to `room` pixels; the whole of it shows when pointed at.
    pub(super) fn text(&mut self, class: &str, place: (f64, f64), anchor: Anchor, text: &str, room: f64) {
        self.turned_text(class, place, anchor, text, room, None);
    }

    /// A text turned by some degrees around its place.
    pub(super) fn turned_text(
        &mut self,
        class: &str,
        place: (f64, f64),
        anchor: Anchor,
        text: &str,
        room: f64,
        degrees: Option<f64>,
    ) {
        let shown = shortened(text, room);
        let turn = degrees
            .map_or_else(String::new, |d| format!(" transform=\"rotate({} {} {})\"", at(d), at(place.0), at(place.1)));
        self.body.push_str(&format!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{}\"{turn}>{}",
            at(place.0),
            at(place.1),
            anchor.code(),
            escape(&shown)
        ));
        if shown != text {
            self.body.push_str(&format!("<title>{}</title>", escape(text)));
        }
        self.body.push_str("</text>");
    }

    fn close(&mut self, element: &str, tip: &str) {
        if tip.is_empty() {
            self.body.push_str("/>");
        } else {
            self.body.push_str(&format!("><title>{}</title></{element}>", escape(tip)));
        }
    }
}

fn opacity_attribute(opacity: f64) -> String {
    if opacity < 1.0 { format!(" fill-opacity=\"{}\"", at(opacity.max(0.0))) } else { String::new() }
}

/// `M x y L x y …` through places.
pub(super) fn path_through(places: &[(f64, f64)]) -> String {
    let mut data = String::new();
    for (i, (x, y)) in places.iter().enumerate() {
        data.push_str(&format!("{}{} {}", if i == 0 { "M" } else { "L" }, at(*x), at(*y)));
    }
    data
}

/// About how wide a text is in pixels at the size of charts.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(char_width).sum::<f64>() * FONT
}

fn char_width(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' | ':' | ';' | '!' | '|' | '\'' | ' ' | '[' | ']' | '(' | ')' => {
            0.32
        }
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.88,
        'A'..='Z' => 0.68,
        c if c.is_ascii() => 0.57,
        c if unicode_width::UnicodeWidthChar::width(c) == Some(2) => 1.05,
        c if unicode_width::UnicodeWidthChar::width(c).is_none_or(|w| w == 0) => 0.0,
        _ => 0.62,
    }
}

/// The text cut to a width in pixels, with `…` where it was cut.
pub(super) fn shortened(text: &str, room: f64) -> String {
    if text.len() < 4096 && text_width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = char_width('…') * FONT;
    for c in text.chars().take(2048) {
        used += char_width(c) * FONT;
        if used > room {
            break;
        }
        out.push(c);
    }
    format!("{}…", out.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_finite() {
        assert_eq!([at(1.0), at(1.25), at(0.333_3), at(-0.001), at(f64::NAN)], ["1", "1.25", "0.33", "0", "0"]);
    }

    #[test]
    fn a_long_label_is_cut_and_kept_in_its_title() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text("lb", (0.0, 0.0), Anchor::End, &"wide <b> ".repeat(9), 60.0);
        assert!(canvas.body().contains("…<title>wide &lt;b&gt; wide"), "{}", canvas.body());
    }
}
