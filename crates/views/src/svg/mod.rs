//! Charts as SVG: one renderer for each kind of block.
//!
//! A chart has a title and a sentence for screen readers, may hold the keyboard's focus, draws the interval of
//! every estimate that has one, and shows a missing value as a hollow mark with its reason.

mod boxes;
mod canvas;
mod curve;
mod distribution;
mod frame;
mod grid;
mod legend;
pub(crate) mod palette;
mod rows;
mod scale;
mod scatter;
mod tree;
mod waterfall;

use equipoise_document::{Block, BlockKind, Reference, Section};

use crate::escape::escape;
use crate::frame::{Column, Frame, Look};
use canvas::{Canvas, at};

/// A block that cannot be drawn, and why.
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) String);

/// What a renderer draws from.
struct Picture<'a, 'b> {
    look: &'b Look<'a>,
    frame: &'b Frame<'a>,
}

impl<'a> Picture<'a, '_> {
    fn column(&self, id: &str) -> Result<&Column<'a>, Trouble> {
        self.frame.column(id).ok_or_else(|| Trouble(format!("table `{}` has no column `{id}`", self.frame.table.id)))
    }

    fn optional(&self, id: Option<&String>) -> Result<Option<&Column<'a>>, Trouble> {
        id.map(|id| self.column(id)).transpose()
    }

    fn level_of(&self, reference: Option<&Reference>) -> Option<f64> {
        match reference? {
            Reference::Diagonal => None,
            Reference::At(x) => Some(*x).filter(|x| x.is_finite()),
            Reference::Estimate(id) => self.look.estimate(id).and_then(|e| e.value),
        }
    }
}

/// A block of a section as a self-contained SVG in the light colours; none for words and plain tables, and for
/// a block whose table or columns do not exist.
#[must_use]
pub fn chart(section: &Section, block: &Block) -> Option<String> {
    let drawn = draw(&Look::at(section), block, "chart")?.ok()?;
    let style = palette::style(false);
    let head_end = drawn.find('>')? + 1;
    let (head, rest) = drawn.split_at_checked(head_end)?;
    let head = head.replacen("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\"", 1);
    Some(format!("{head}<style>{style}</style>{rest}"))
}

/// The chart of a block; none for words and plain tables.
pub(crate) fn draw(look: &Look<'_>, block: &Block, uid: &str) -> Option<Result<String, Trouble>> {
    if matches!(block.kind, BlockKind::Text {} | BlockKind::Table {}) {
        return None;
    }
    Some(canvas_of(look, block).map(|canvas| wrapped(&canvas, block, uid)))
}

fn canvas_of(look: &Look<'_>, block: &Block) -> Result<Canvas, Trouble> {
    let table = look
        .section
        .table(&block.table)
        .ok_or_else(|| Trouble(format!("section `{}` has no table `{}`", look.section.id, block.table)))?;
    let frame = look.frame(table);
    if frame.n_rows == 0 {
        return Err(Trouble("the table has no rows".to_owned()));
    }
    let picture = Picture { look, frame: &frame };
    match &block.kind {
        BlockKind::Text {} | BlockKind::Table {} => Err(Trouble("there is nothing to draw".to_owned())),
        BlockKind::Bars { label, value, series, axis } => rows::bars(&picture, label, value, series.as_ref(), axis),
        BlockKind::Dots { label, value, series, axis, reference } => {
            rows::dots(&picture, label, value, series.as_ref(), axis, reference.as_ref())
        }
        BlockKind::Ranking { label, value, axis } => rows::ranking(&picture, label, value, axis),
        BlockKind::Curve { .. } => curve::draw(&picture, &block.kind),
        BlockKind::HeatMap { x, y, value, axis } => grid::heat_map(&picture, x, y, value, axis),
        BlockKind::Matrix { row, column, value } => grid::matrix(&picture, row, column, value),
        BlockKind::Tree { node, parent, label, value, weight, more } => {
            tree::draw(&picture, &tree::Names { node, parent, label, value, weight, more })
        }
        BlockKind::Distribution { low, high, value, series, axis } => {
            distribution::draw(&picture, low, high, value, series.as_ref(), axis)
        }
        BlockKind::Boxes { label, low, q1, median, q3, high, outliers, panel, axis } => {
            let five = [low, q1, median, q3, high].map(String::as_str);
            let names = boxes::Names { label, five, outliers: outliers.as_ref(), panel: panel.as_ref() };
            boxes::draw(&picture, &names, axis)
        }
        BlockKind::Waterfall { label, value } => waterfall::draw(&picture, label, value),
        BlockKind::Scatter { x, y, colour, x_axis, y_axis } => {
            scatter::draw(&picture, x, y, colour.as_ref(), x_axis, y_axis)
        }
    }
}

fn wrapped(canvas: &Canvas, block: &Block, uid: &str) -> String {
    let (width, height) = (at(canvas.width), at(canvas.height));
    let says = if block.says.is_empty() { &block.title } else { &block.says };
    format!(
        "<svg class=\"eq\" role=\"img\" tabindex=\"0\" aria-labelledby=\"{uid}-t\" aria-describedby=\"{uid}-d\" \
         viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
         <title id=\"{uid}-t\">{}</title><desc id=\"{uid}-d\">{}</desc>{}</svg>",
        escape(&block.title),
        escape(says),
        canvas.body()
    )
}
