//! Nodes with parents, from left to right.

use std::collections::{HashMap, HashSet};

use super::canvas::{Anchor, Canvas, at};
use super::{Picture, Trouble};
use crate::frame::Column;

const NODE: (f64, f64) = (196.0, 68.0);
const GAP: (f64, f64) = (46.0, 14.0);
/// Nodes that are drawn; the rest is in the table.
const MOST_NODES: usize = 150;
/// Levels that are drawn.
const MOST_LEVELS: usize = 12;

/// The columns of a tree.
pub(super) struct Names<'a> {
    pub(super) node: &'a str,
    pub(super) parent: &'a str,
    pub(super) label: &'a str,
    pub(super) value: &'a str,
    pub(super) weight: &'a str,
    /// Columns of further numbers and words.
    pub(super) more: &'a [String],
}

/// What is written of a node.
struct Told<'a, 'b> {
    labels: &'b Column<'a>,
    values: &'b Column<'a>,
    weights: &'b Column<'a>,
    more: Vec<&'b Column<'a>>,
}

/// A node in its place: the level from the left and the row of leaves it is centred on.
struct Placed {
    row: usize,
    parent: Option<usize>,
    level: usize,
    y: f64,
}

pub(super) fn draw(picture: &Picture<'_, '_>, names: &Names<'_>) -> Result<Canvas, Trouble> {
    let (nodes, parents) = (picture.column(names.node)?, picture.column(names.parent)?);
    let (labels, values) = (picture.column(names.label)?, picture.column(names.value)?);
    let weights = picture.column(names.weight)?;
    let more = names.more.iter().map(|id| picture.column(id)).collect::<Result<Vec<_>, _>>()?;
    let told = Told { labels, values, weights, more };
    let placed = places(nodes, parents, picture.frame.n_rows);
    let n_levels = placed.iter().map(|p| p.level + 1).max().unwrap_or(1);
    let lowest = placed.iter().map(|p| p.y).fold(0.0, f64::max);
    let width = to_f64(n_levels) * (NODE.0 + GAP.0) - GAP.0 + 4.0;
    let n_hidden = picture.frame.n_rows - placed.len();
    let height = lowest + NODE.1 + 4.0;
    let mut canvas = Canvas::new(width.max(420.0), height + 26.0);
    let largest = placed.iter().filter_map(|p| weights.value(p.row)).fold(0.0, f64::max);
    for node in &placed {
        if let Some(parent) = node.parent.and_then(|row| placed.iter().find(|p| p.row == row)) {
            write_edge(&mut canvas, parent, node, weights.value(node.row), largest);
        }
    }
    let tint = Tint::over(&placed, values);
    for node in &placed {
        write_node(&mut canvas, node, &tint, &told);
    }
    let more = if n_hidden > 0 { format!(" · … {n_hidden} more nodes in the table") } else { String::new() };
    let further = told.more.iter().find(|c| c.is_numeric).map_or_else(String::new, |c| format!(" · {}", c.title));
    let worse = if tint.is_downward { "lower" } else { "higher" };
    let key = format!(
        "In each box: {} with its interval, {}{further}. Stronger colour: {worse} than at the root. Thicker line: more rows.{more}",
        values.title, weights.title
    );
    canvas.text("tk", (2.0, height + 18.0), Anchor::Start, &key, canvas.width - 4.0);
    Ok(canvas)
}

/// How strongly a node is tinted: by how much worse it is than the root.
struct Tint {
    root: f64,
    worst: f64,
    /// Whether less is worse.
    is_downward: bool,
}

impl Tint {
    fn over(placed: &[Placed], values: &Column<'_>) -> Self {
        let is_downward = placed.iter().any(|p| is_score(&values.cell(p.row)));
        let root = placed.first().and_then(|p| values.value(p.row)).unwrap_or(0.0);
        let worse = |a: f64, b: f64| if is_downward { a.min(b) } else { a.max(b) };
        let worst = placed.iter().filter_map(|p| values.value(p.row)).fold(root, worse);
        Self { root, worst, is_downward }
    }

    fn of(&self, value: f64) -> f64 {
        let reach = self.worst - self.root;
        if reach.abs() > 0.0 { ((value - self.root) / reach).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// Whether the higher a number is, the better.
pub(super) fn is_score(cell: &crate::frame::Cell<'_>) -> bool {
    cell.estimate().is_some_and(|e| e.better == equipoise_document::Better::Higher)
}

/// Nodes in depth-first order. Whatever the parents say, every node comes once: one whose parent does not
/// exist is a root, and so is the first of a circle.
fn places(nodes: &Column<'_>, parents: &Column<'_>, n_rows: usize) -> Vec<Placed> {
    let mut row_of: HashMap<String, usize> = HashMap::new();
    for row in 0..n_rows {
        row_of.entry(nodes.label(row)).or_insert(row);
    }
    let is_missing = |row: usize| matches!(parents.cell(row), crate::frame::Cell::Empty);
    let parent_of = |row: usize| {
        let parent = if is_missing(row) { None } else { row_of.get(&parents.label(row)).copied() };
        parent.filter(|parent| *parent != row)
    };
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    for row in 0..n_rows {
        if let Some(parent) = parent_of(row) {
            children.entry(parent).or_default().push(row);
        }
    }
    let roots = (0..n_rows).filter(|row| parent_of(*row).is_none());
    let mut walk = Walk { children: &children, seen: HashSet::new(), next_leaf: 2.0, out: Vec::new() };
    for row in roots.chain(0..n_rows) {
        walk.place(row, None, 0);
    }
    walk.out
}

struct Walk<'a> {
    children: &'a HashMap<usize, Vec<usize>>,
    seen: HashSet<usize>,
    next_leaf: f64,
    out: Vec<Placed>,
}

impl Walk<'_> {
    /// Places a node and what is below it; its height is the middle of its children's.
    fn place(&mut self, row: usize, parent: Option<usize>, level: usize) -> Option<f64> {
        if level >= MOST_LEVELS || self.out.len() >= MOST_NODES || !self.seen.insert(row) {
            return None;
        }
        let index = self.out.len();
        self.out.push(Placed { row, parent, level, y: 0.0 });
        let mut ys: Vec<f64> = Vec::new();
        for child in self.children.get(&row).into_iter().flatten() {
            ys.extend(self.place(*child, Some(row), level + 1));
        }
        let y = match (ys.first(), ys.last()) {
            (Some(first), Some(last)) => f64::midpoint(*first, *last),
            _ => {
                let y = self.next_leaf;
                self.next_leaf += NODE.1 + GAP.1;
                y
            }
        };
        if let Some(placed) = self.out.get_mut(index) {
            placed.y = y;
        }
        Some(y)
    }
}

fn left(level: usize) -> f64 {
    2.0 + to_f64(level) * (NODE.0 + GAP.0)
}

/// A line as thick as the child is large.
fn write_edge(canvas: &mut Canvas, parent: &Placed, child: &Placed, weight: Option<f64>, largest: f64) {
    let share = weight.filter(|_| largest > 0.0).map_or(0.0, |w| (w / largest).clamp(0.0, 1.0));
    let half = 0.75 + 7.0 * share;
    let (x1, y1) = (left(parent.level) + NODE.0, parent.y + NODE.1 / 2.0);
    let (x2, y2) = (left(child.level), child.y + NODE.1 / 2.0);
    let middle = f64::midpoint(x1, x2);
    let data = format!(
        "M{} {}C{} {} {} {} {} {}L{} {}C{} {} {} {} {} {}Z",
        at(x1),
        at(y1 - half),
        at(middle),
        at(y1 - half),
        at(middle),
        at(y2 - half),
        at(x2),
        at(y2 - half),
        at(x2),
        at(y2 + half),
        at(middle),
        at(y2 + half),
        at(middle),
        at(y1 + half),
        at(x1),
        at(y1 + half)
    );
    canvas.path("tl", &data, "");
}

fn write_node(canvas: &mut Canvas, node: &Placed, tint: &Tint, told: &Told<'_, '_>) {
    let (x, y) = (left(node.level), node.y);
    let (label, value) = (told.labels.label(node.row), told.values.written(node.row));
    let weight = told.weights.written(node.row);
    let sign = if value.is_small { " †" } else { "" };
    let missing = value.missing.map(|why| format!(": no value: {why}")).unwrap_or_default();
    let further = |c: &&Column<'_>| !matches!(c.cell(node.row), crate::frame::Cell::Empty);
    let more: String = told
        .more
        .iter()
        .filter(|c| further(c))
        .map(|c| format!(", {} {}", c.title, c.written(node.row).line()))
        .collect();
    let values = told.values;
    let tip = format!(
        "{label}: {} {}{sign}{missing}, {} {}{more}",
        values.title,
        value.line(),
        told.weights.title,
        weight.line()
    );
    let number = values.value(node.row);
    canvas.rect(if number.is_some() { "nd" } else { "no" }, (x, y), NODE, 1.0, &tip);
    if let Some(shade) = number.map(|v| tint.of(v)).filter(|shade| *shade > 0.0) {
        canvas.rect("dn", (x + 0.5, y + 0.5), (NODE.0 - 1.0, NODE.1 - 1.0), 0.06 + 0.26 * shade, &tip);
        canvas.rect("dn", (x, y), (4.0, NODE.1), 0.25 + 0.75 * shade, "");
    }
    canvas.text("lb st", (x + 12.0, y + 18.0), Anchor::Start, &label, NODE.0 - 20.0);
    canvas.text("lb", (x + 12.0, y + 37.0), Anchor::Start, &format!("{}{sign}", value.line()), NODE.0 - 20.0);
    let extra = told.more.iter().find(|c| c.is_numeric).map(|c| c.written(node.row).text);
    let line = extra.map_or_else(|| weight.text.clone(), |extra| format!("{} · {extra}", weight.text));
    canvas.text("tk", (x + 12.0, y + 55.0), Anchor::Start, &line, NODE.0 - 20.0);
}

#[allow(clippy::cast_precision_loss, reason = "a tree that is drawn has few levels")]
fn to_f64(n: usize) -> f64 {
    n as f64
}
