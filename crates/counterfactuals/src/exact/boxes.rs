//! Trees as boxes: which leaves a set of values can reach, as bits, the best leaf first.

use equipoise_models::{
    TreeEnsemble,
    trees::{Node, Tree},
};

use super::{
    Encoder,
    cells::{Cells, cells, encoded},
    dense::Dense,
    goals::Half,
};
use crate::{CounterfactualError, Space};

/// Work and memory of the tables at most.
const MOST_CELLS: usize = 600_000_000;
const MOST_WORDS: usize = 24_000_000;

/// A model's trees over classes of values.
pub(crate) struct Boxes {
    pub(crate) cells: Vec<Cells>,
    trees: Vec<Leaves>,
    base: Vec<f64>,
    scale: f64,
    n_outputs: usize,
    tolerance: f64,
}

/// The leaves of a tree: values, and which classes of each feature lead there.
struct Leaves {
    /// Shape `(n_leaves, n_outputs)`.
    values: Vec<f64>,
    n_leaves: usize,
    parts: Vec<LeafPart>,
}

struct LeafPart {
    variable: usize,
    /// Shape `(n_cells, n_leaves)`; the missing class is last.
    reaches: Vec<bool>,
    n_cells: usize,
}

/// One condition over the trees. Bits are leaves in falling order of their value.
pub(crate) struct Objective {
    pub(crate) base: f64,
    pub(crate) trees: Vec<Bits>,
    pub(crate) tolerance: f64,
    /// The same side by side, unless that takes too much memory.
    pub(crate) dense: Option<Dense>,
}

/// A tree of an objective.
pub(crate) struct Bits {
    pub(crate) n_words: usize,
    /// Falling.
    pub(crate) values: Vec<f64>,
    pub(crate) parts: Vec<BitPart>,
}

/// What one feature of a tree leaves of its leaves.
pub(crate) struct BitPart {
    pub(crate) variable: usize,
    /// By class of the feature: class among those that this tree tells apart.
    pub(crate) local: Vec<u32>,
    /// By local class: leaves it reaches.
    pub(crate) at: Vec<u64>,
    /// By local class: leaves that it or one before it reaches; it or one behind it.
    pub(crate) upto: Vec<u64>,
    pub(crate) from: Vec<u64>,
    /// By leaf: the first and the last class that reach it.
    pub(crate) spans: Vec<(u32, u32)>,
}

impl Boxes {
    pub(crate) fn over(
        ensemble: &TreeEnsemble,
        space: &Space,
        encoder: &dyn Encoder,
    ) -> Result<Self, CounterfactualError> {
        if ensemble.trees().iter().any(|tree| !tree.linear().is_empty()) {
            return Err(super::refused("its leaves hold linear models".to_owned()));
        }
        let (cells, sources) = cells(ensemble, space, encoder)?;
        let work: usize = ensemble
            .trees()
            .iter()
            .map(|tree| tree.n_leaves().saturating_mul(tree.depth()))
            .sum::<usize>()
            .saturating_mul(cells.iter().map(Cells::len).max().unwrap_or(1));
        if work > MOST_CELLS {
            return Err(super::refused(format!("its {} trees have too many leaves", ensemble.trees().len())));
        }
        let mut seen: Vec<Vec<f64>> = Vec::with_capacity(cells.len());
        for (variable, cells) in cells.iter().enumerate() {
            seen.push(encoded(space, encoder, variable, &cells.samples())?);
        }
        let n_features = ensemble.features().len();
        let leaves = |tree: &Tree| leaves_of(tree, ensemble.n_outputs(), n_features, &cells, &sources, &seen);
        let trees: Vec<Leaves> = ensemble.trees().iter().map(leaves).collect();
        let largest = |tree: &Leaves| tree.values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let size: f64 = trees.iter().map(largest).sum::<f64>() * ensemble.scale()
            + ensemble.base().iter().fold(0.0_f64, |m, b| m.max(b.abs()));
        let unit = if ensemble.sums_in() == equipoise_models::trees::Precision::Single { 1e-6 } else { 1e-12 };
        Ok(Self {
            trees,
            base: ensemble.base().to_vec(),
            scale: ensemble.scale(),
            n_outputs: ensemble.n_outputs(),
            tolerance: unit * size.max(1.0),
            cells,
        })
    }

    /// The trees as one condition sees them.
    pub(crate) fn objective(&self, half: &Half) -> Result<Objective, CounterfactualError> {
        let mut trees = Vec::with_capacity(self.trees.len());
        let mut n_words = 0_usize;
        for leaves in &self.trees {
            let value = |row: &[f64]| self.scale * row.iter().zip(&half.coefficients).map(|(v, c)| v * c).sum::<f64>();
            let values: Vec<f64> = leaves.values.chunks_exact(self.n_outputs.max(1)).map(value).collect();
            if values.iter().all(|v| v.abs() == 0.0) {
                continue;
            }
            let bits = bits_of(leaves, &values);
            n_words += bits.parts.iter().map(|p| 3 * p.at.len()).sum::<usize>();
            if n_words > MOST_WORDS {
                return Err(super::refused("its trees are too large for the tables of the search".to_owned()));
            }
            trees.push(bits);
        }
        let base = self.base.iter().zip(&half.coefficients).map(|(b, c)| b * c).sum();
        let dense = Dense::of(&trees, &self.cells);
        Ok(Objective { base, trees, tolerance: self.tolerance, dense })
    }
}

/// Follows every way from the root and keeps which classes of values take it.
#[allow(clippy::indexing_slicing, reason = "children and leaves of a checked tree exist, and tables are made to size")]
fn leaves_of(
    tree: &Tree,
    n_outputs: usize,
    n_features: usize,
    cells: &[Cells],
    sources: &[Option<usize>],
    seen: &[Vec<f64>],
) -> Leaves {
    let n_leaves = tree.n_leaves();
    let mut values = vec![0.0; n_leaves * n_outputs];
    for leaf in 0..n_leaves {
        match tree.output() {
            Some(output) => values[leaf * n_outputs + output] = tree.values()[leaf],
            None => values[leaf * n_outputs..(leaf + 1) * n_outputs]
                .copy_from_slice(&tree.values()[leaf * n_outputs..(leaf + 1) * n_outputs]),
        }
    }
    let mut place_of: Vec<Option<usize>> = vec![None; cells.len()];
    let mut parts: Vec<LeafPart> = Vec::new();
    for node in tree.nodes() {
        if let Node::Split { feature, .. } = node
            && let Some(variable) = sources[*feature]
            && place_of[variable].is_none()
        {
            place_of[variable] = Some(parts.len());
            let n_cells = cells[variable].len() + 1;
            parts.push(LeafPart { variable, reaches: vec![true; n_cells * n_leaves], n_cells });
        }
    }
    // A node, and the splits above it with the side that leads to it.
    let mut stack: Vec<(usize, Vec<(usize, bool)>)> = vec![(0, Vec::new())];
    while let Some((at, path)) = stack.pop() {
        match &tree.nodes()[at] {
            Node::Split { left, right, .. } => {
                for (child, is_left) in [(*left, true), (*right, false)] {
                    let mut path = path.clone();
                    path.push((at, is_left));
                    stack.push((child, path));
                }
            }
            Node::Leaf(leaf) => {
                for (split, is_left) in path {
                    let Node::Split { feature, rule, .. } = &tree.nodes()[split] else { continue };
                    let Some(variable) = sources[*feature] else { continue };
                    let Some(part) = place_of[variable].map(|p| &mut parts[p]) else { continue };
                    for cell in 0..part.n_cells {
                        if rule.goes_left(seen[variable][cell * n_features + feature]) != is_left {
                            part.reaches[cell * n_leaves + leaf] = false;
                        }
                    }
                }
            }
        }
    }
    Leaves { values, n_leaves, parts }
}

#[allow(clippy::indexing_slicing, reason = "tables are made to size")]
fn bits_of(leaves: &Leaves, values: &[f64]) -> Bits {
    let mut order: Vec<usize> = (0..leaves.n_leaves).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
    let n_words = leaves.n_leaves.div_ceil(64).max(1);
    let mut parts = Vec::with_capacity(leaves.parts.len());
    for part in &leaves.parts {
        let words_of = |cell: usize| {
            let mut words = vec![0_u64; n_words];
            for (bit, leaf) in order.iter().enumerate() {
                if part.reaches[cell * leaves.n_leaves + leaf] {
                    words[bit / 64] |= 1 << (bit % 64);
                }
            }
            words
        };
        let mut local = Vec::with_capacity(part.n_cells);
        let mut classes: Vec<Vec<u64>> = Vec::new();
        // The missing class is last and never merged with the class before it.
        for cell in 0..part.n_cells {
            let words = words_of(cell);
            let is_missing = cell + 1 == part.n_cells;
            if is_missing || classes.last() != Some(&words) {
                classes.push(words);
            }
            local.push((classes.len() - 1) as u32);
        }
        // The missing class lies nowhere between numbers.
        let known = part.n_cells - 1;
        let span = |leaf: &usize| {
            let is_reached = |cell: &usize| part.reaches[cell * leaves.n_leaves + leaf];
            let (first, last) = ((0..known).find(is_reached), (0..known).rev().find(is_reached));
            (first.unwrap_or(known) as u32, last.unwrap_or(known) as u32)
        };
        let spans = order.iter().map(span).collect();
        let or = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(x, y)| x | y).collect::<Vec<u64>>();
        let n_known = classes.len() - 1;
        let mut upto: Vec<Vec<u64>> = classes.clone();
        let mut from: Vec<Vec<u64>> = classes.clone();
        for i in 1..n_known {
            upto[i] = or(&upto[i - 1], &upto[i]);
        }
        for i in (0..n_known.saturating_sub(1)).rev() {
            from[i] = or(&from[i + 1], &from[i]);
        }
        parts.push(BitPart {
            variable: part.variable,
            local,
            at: classes.concat(),
            upto: upto.concat(),
            from: from.concat(),
            spans,
        });
    }
    Bits { n_words, values: order.iter().map(|leaf| values[*leaf]).collect(), parts }
}
