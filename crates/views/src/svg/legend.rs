//! Which series is which.

use super::canvas::{Anchor, Canvas, shortened, text_width};
use super::palette::series_class;
use crate::frame::Column;

/// The different values of a column in order of appearance.
pub(super) struct Series {
    pub(super) names: Vec<String>,
    of_row: Vec<usize>,
}

/// How a legend shows a series.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Line,
    Mark,
    Bar,
}

/// The widest name in a legend.
const ROOM: f64 = 200.0;
const LINE_HEIGHT: f64 = 20.0;

impl Series {
    /// The series of each row; one without a name where there is no column.
    pub(super) fn of(column: Option<&Column<'_>>, n_rows: usize) -> Self {
        let Some(column) = column else { return Self { names: vec![String::new()], of_row: vec![0; n_rows] } };
        let mut names: Vec<String> = Vec::new();
        let mut places = std::collections::HashMap::new();
        let of_row = (0..n_rows).map(|row| {
            let name = column.label(row);
            *places.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            })
        });
        let of_row = of_row.collect();
        Self { names, of_row }
    }

    pub(super) fn at(&self, row: usize) -> usize {
        self.of_row.get(row).copied().unwrap_or(0)
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    fn is_named(&self) -> bool {
        self.names.iter().any(|n| !n.is_empty())
    }

    /// The height that the legend needs within a width.
    pub(super) fn legend_height(&self, width: f64) -> f64 {
        if !self.is_named() {
            return 0.0;
        }
        self.places(width).last().map_or(0.0, |(_, y, _)| y + LINE_HEIGHT)
    }

    pub(super) fn write_legend(&self, canvas: &mut Canvas, corner: (f64, f64), width: f64, sign: Sign) {
        if !self.is_named() {
            return;
        }
        for (i, (x, y, name)) in self.places(width).into_iter().enumerate() {
            let (x, y) = (corner.0 + x, corner.1 + y + LINE_HEIGHT / 2.0);
            let class = series_class(i);
            match sign {
                Sign::Line => {
                    canvas.line(&format!("{class} ln"), (x, y), (x + 22.0, y));
                    canvas.mark(&format!("{class} mk"), i, (x + 11.0, y), 4.0, "");
                }
                Sign::Mark => canvas.mark(&format!("{class} mk"), i, (x + 15.0, y), 4.5, ""),
                Sign::Bar => canvas.rect(&format!("{class} br"), (x + 8.0, y - 5.0), (12.0, 10.0), 1.0, ""),
            }
            canvas.text("lb", (x + 28.0, y + 4.0), Anchor::Start, &name, ROOM);
        }
    }

    fn places(&self, width: f64) -> Vec<(f64, f64, String)> {
        let (mut x, mut y) = (0.0, 0.0);
        let place = |name: &String| {
            let taken = text_width(&shortened(name, ROOM)) + 28.0 + 18.0;
            if x > 0.0 && x + taken > width {
                (x, y) = (0.0, y + LINE_HEIGHT);
            }
            let here = (x, y, name.clone());
            x += taken;
            here
        };
        self.names.iter().map(place).collect()
    }
}
