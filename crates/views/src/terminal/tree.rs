//! A tree as an outline: conditions at the left, the numbers of each node beside them.

use std::collections::{BTreeMap, BTreeSet};

use equipoise_document::{Block, BlockKind};

use super::grid::{Grid, GridColumn, Legend};
use super::text::{Ink, Page, clean, clip, piece, width};
use crate::frame::{Cell, Column, Frame, Look, Written};

/// Nodes that are written unless all are asked for.
const MOST_NODES: usize = 80;
/// Outlines are not squeezed below this.
const NARROWEST: usize = 24;
const WIDEST: usize = 60;
/// Bytes of the lines that lead to a node.
const DEEPEST: usize = 100;

/// The columns of the first block that sees the table as a tree.
struct Names<'a> {
    node: &'a str,
    parent: &'a str,
    label: &'a str,
    /// Columns of numbers, the most telling first.
    numbers: Vec<&'a str>,
}

/// Writes the table as an outline, when one of its blocks sees it as a tree.
pub(super) fn write(look: &Look<'_>, frame: &Frame<'_>, page: &mut Page, all: bool) -> bool {
    let blocks = look.section.blocks.iter().filter(|b| b.table == frame.table.id);
    let Some(names) = blocks.filter_map(names).next() else { return false };
    let columns = (frame.column(names.node), frame.column(names.parent), frame.column(names.label));
    let (Some(nodes), Some(parents), Some(labels)) = columns else { return false };
    let lines = outline(nodes, parents, frame.n_rows);
    let n_shown = if all { lines.len() } else { lines.len().min(MOST_NODES) };
    let shown = lines.get(..n_shown).unwrap_or_default();
    let numbers: Vec<&Column<'_>> =
        names.numbers.iter().filter_map(|id| frame.column(id)).filter(|c| c.is_numeric).collect();

    let mut legend = Legend::default();
    let of_column = |column: &&Column<'_>, legend: &mut Legend| {
        let cell = |line: &Line| {
            let empty = matches!(column.cell(line.row), Cell::Empty);
            if empty { Written::default() } else { column.written(line.row) }
        };
        let cells: Vec<Written> = shown.iter().map(cell).collect();
        GridColumn::numbers(column.title, &cells, legend, page.is_unicode())
    };
    let texts: Vec<String> = shown.iter().map(|l| format!("{}{}", l.lead, clean(&labels.label(l.row)))).collect();
    let natural = texts.iter().map(|t| width(t)).max().unwrap_or(0).clamp(NARROWEST, WIDEST);
    // As many columns of numbers as leave room for the outline; one at least.
    let mut taken: Vec<GridColumn> = Vec::new();
    let mut room = page.width();
    for column in &numbers {
        let made = of_column(column, &mut Legend::default());
        let left = room.saturating_sub(made.natural_width() + 2);
        if left < natural.min(NARROWEST.max(page.width() / 3)) && !taken.is_empty() {
            break;
        }
        room = left;
        taken.push(of_column(column, &mut legend));
    }
    let room = room.max(NARROWEST.min(page.width()));
    let outlined = texts.iter().map(|t| vec![piece(clip(t, room.min(natural)), Ink::Plain)]).collect();
    let n_taken = taken.len();
    let mut columns = vec![GridColumn::picture(labels.title, outlined)];
    columns.extend(taken);
    let grid = Grid { columns, n_rows: n_shown };
    if grid.natural_width() > page.width() {
        return false;
    }
    grid.write(page, 0, n_shown);
    if n_shown < lines.len() {
        page.line(&[piece(format!("… {} more nodes", lines.len() - n_shown), Ink::Dim)]);
    }
    legend.write(page, 0);
    if n_taken + 3 < frame.columns.len() {
        let text = "Paths, predicates and further columns of each node are in the table: `--format csv`.";
        page.paragraph(&piece("", Ink::Plain), text, 0, Ink::Dim);
    }
    true
}

fn names(block: &Block) -> Option<Names<'_>> {
    let BlockKind::Tree { node, parent, label, value, weight, more } = &block.kind else { return None };
    let numbers = [value, weight].into_iter().chain(more).map(String::as_str).collect();
    Some(Names { node, parent, label, numbers })
}

/// A node in its line.
struct Line {
    row: usize,
    /// The lines that lead to it.
    lead: String,
}

/// Nodes in depth-first order. Whatever the parents say, every node comes once: one whose parent does not exist is a root,
/// and so is the first of a circle.
fn outline(nodes: &Column<'_>, parents: &Column<'_>, n_rows: usize) -> Vec<Line> {
    let mut row_of: BTreeMap<String, usize> = BTreeMap::new();
    for row in 0..n_rows {
        row_of.entry(nodes.label(row)).or_insert(row);
    }
    let parent_of = |row: usize| {
        let is_missing = matches!(parents.cell(row), Cell::Empty);
        let parent = if is_missing { None } else { row_of.get(&parents.label(row)).copied() };
        parent.filter(|parent| *parent != row)
    };
    let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in 0..n_rows {
        if let Some(parent) = parent_of(row) {
            children.entry(parent).or_default().push(row);
        }
    }
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    // A stack rather than calls: a chain may be as long as the table.
    for root in (0..n_rows).filter(|row| parent_of(*row).is_none()).chain(0..n_rows) {
        let mut open = vec![(root, String::new(), String::new())];
        while let Some((row, lead, stem)) = open.pop() {
            if !seen.insert(row) {
                continue;
            }
            lines.push(Line { row, lead });
            let below: Vec<usize> =
                children.get(&row).into_iter().flatten().copied().filter(|c| !seen.contains(c)).collect();
            for (i, child) in below.iter().enumerate().rev() {
                let is_last = i + 1 == below.len();
                // What is this deep is at the edge of any terminal: longer leads would only take memory.
                let stem = stem.get(..stem.floor_char_boundary(DEEPEST)).unwrap_or(&stem);
                let lead = format!("{stem}{}", if is_last { "└─ " } else { "├─ " });
                open.push((*child, lead, format!("{stem}{}", if is_last { "   " } else { "│  " })));
            }
        }
    }
    lines
}
