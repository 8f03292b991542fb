//! Best-first growth.

use super::histogram::{Histograms, histograms, remainder};
use super::split::{Split, best};
use super::{GrowOptions, LossNode, LossTable, LossTree};
use crate::{LossSums, sum_losses};

/// A leaf that may still be split.
struct Open {
    node: usize,
    rows: Vec<u32>,
    histograms: Histograms,
    split: Split,
}

/// A tree over some rows, grown best first: of all leaves the one whose split explains most is split next, until there
/// are `num_leaves`, as LightGBM does. Histograms of the largest child are what the others leave of the parent's.
///
/// `rows` index the table. The answer is the same for any number of threads.
#[must_use]
pub fn grow(table: &LossTable<'_>, rows: &[u32], options: &GrowOptions) -> LossTree {
    let root = LossNode { learned: learned(table, rows), ..LossNode::default() };
    let mut tree = LossTree { nodes: vec![root] };
    let mut n_leaves = 1;
    let mut open: Vec<Open> = Vec::new();
    if options.max_depth > 0 && options.num_leaves > 1 {
        open.extend(opened(table, 0, rows.to_vec(), histograms(table, rows), options));
    }
    while let Some(place) = next(&open, options.num_leaves + 1 - n_leaves) {
        let Open { node, rows, histograms, split } = open.swap_remove(place);
        n_leaves += split.sides.len() - 1;
        let depth = tree.nodes.get(node).map_or(0, |n| n.depth) + 1;
        let parts = part(table, &rows, &split);
        drop(rows);
        let first = tree.nodes.len();
        for (codes, rows) in split.sides.iter().zip(&parts) {
            let learned = learned(table, rows);
            tree.nodes.push(LossNode { parent: Some(node), depth, codes: *codes, learned, ..LossNode::default() });
        }
        if let Some(parent) = tree.nodes.get_mut(node) {
            parent.split = Some(split.column);
            parent.gain = split.gain;
            parent.children = (first..first + parts.len()).collect();
        }
        if depth < options.max_depth && n_leaves < options.num_leaves {
            for (i, (rows, histograms)) in of_children(table, &histograms, parts).into_iter().enumerate() {
                open.extend(opened(table, first + i, rows, histograms, options));
            }
        }
    }
    tree
}

/// The open leaf with the largest gain that fits; of equal gains the earliest node.
fn next(open: &[Open], room: usize) -> Option<usize> {
    let fitting = open.iter().enumerate().filter(|(_, o)| o.split.sides.len() <= room);
    fitting
        .reduce(|best, other| {
            let (a, b) = (&best.1.split, &other.1.split);
            let is_better = b.gain > a.gain || (b.gain >= a.gain && other.1.node < best.1.node);
            if is_better { other } else { best }
        })
        .map(|(place, _)| place)
}

fn opened(
    table: &LossTable<'_>,
    node: usize,
    rows: Vec<u32>,
    histograms: Histograms,
    options: &GrowOptions,
) -> Option<Open> {
    let split = best(table.columns, &histograms, options, options.num_leaves)?;
    Some(Open { node, rows, histograms, split })
}

/// Histograms of all children: counted for all but the largest, which has what they leave.
fn of_children(table: &LossTable<'_>, parent: &Histograms, parts: Vec<Vec<u32>>) -> Vec<(Vec<u32>, Histograms)> {
    let largest = (0..parts.len()).max_by_key(|i| parts.get(*i).map_or(0, Vec::len)).unwrap_or(0);
    let mut counted: Vec<Histograms> = parts
        .iter()
        .enumerate()
        .map(|(i, rows)| if i == largest { Histograms::new() } else { histograms(table, rows) })
        .collect();
    let others: Vec<&Histograms> = counted.iter().enumerate().filter(|(i, _)| *i != largest).map(|(_, h)| h).collect();
    let rest = remainder(parent, &others);
    if let Some(slot) = counted.get_mut(largest) {
        *slot = rest;
    }
    parts.into_iter().zip(counted).collect()
}

/// The rows of each side, in order.
#[allow(clippy::indexing_slicing, reason = "a code indexes 256 places, and a place is one of the sides")]
fn part(table: &LossTable<'_>, rows: &[u32], split: &Split) -> Vec<Vec<u32>> {
    let side = |code: u8| split.sides.iter().position(|s| s.contains(code)).unwrap_or(split.sides.len() - 1);
    let side_of: Vec<usize> = (0..=u8::MAX).map(side).collect();
    let mut parts: Vec<Vec<u32>> = vec![Vec::new(); split.sides.len()];
    if let Some(column) = table.columns.get(split.column) {
        for row in rows {
            parts[side_of[usize::from(column.codes[*row as usize])]].push(*row);
        }
    }
    parts
}

fn learned(table: &LossTable<'_>, rows: &[u32]) -> LossSums {
    sum_losses(table.losses, table.weight, rows.iter().map(|r| *r as usize))
}
