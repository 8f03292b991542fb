//! Background rows: what stands for the population.

use equipoise_models::{
    TreeEnsemble,
    trees::{Node, Tree},
};
use rayon::prelude::*;

use crate::{
    Background, ShapleyError,
    block::{Block, ROWS, Ranks, ranks_of},
    forest::{Forest, Shape},
    planes::Narrow,
    players::Roster,
    reference::Betas,
    tables::WeighedBlock,
};

/// Background rows to compare with.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) ranks: Vec<i32>,
    pub(crate) weights: Vec<f64>,
    pub(crate) betas: Betas,
}

impl Compared {
    /// The background rows with their weights.
    pub(crate) fn rows(&self, n_lanes: usize) -> impl Iterator<Item = (Ranks<'_>, f64)> {
        self.ranks.chunks_exact(n_lanes).map(Ranks).zip(self.weights.iter().copied())
    }
}

pub(crate) fn rows_in(rows: &[f64], n_features: usize) -> Result<usize, ShapleyError> {
    let n_rows = rows.len() / n_features.max(1);
    if n_rows * n_features != rows.len() {
        let expected = (n_rows + 1) * n_features;
        return Err(ShapleyError::Shape { what: "values", found: rows.len(), expected });
    }
    Ok(n_rows)
}

/// Ranks of the background and weights that sum to 1, without rows that weigh nothing.
pub(crate) fn background_of(forest: &Forest, background: Background<'_>) -> Result<(Vec<i32>, Vec<f64>), ShapleyError> {
    let n_rows = rows_in(background.rows, forest.n_features)?;
    let weights = weights_of(background, n_rows)?;
    let n_features = forest.n_features.max(1);
    let heavy = background.rows.chunks_exact(n_features).zip(&weights).filter(|(_, w)| **w > 0.0);
    let ranks = heavy.flat_map(|(row, _)| ranks_of(forest, row)).collect();
    Ok((ranks, weights.into_iter().filter(|w| *w > 0.0).collect()))
}

pub(crate) fn weights_of(background: Background<'_>, n_rows: usize) -> Result<Vec<f64>, ShapleyError> {
    let given = match background.weights {
        Some(weights) if weights.len() != n_rows => {
            return Err(ShapleyError::Shape { what: "weights", found: weights.len(), expected: n_rows });
        }
        Some(weights) => weights.to_vec(),
        None => vec![1.0; n_rows],
    };
    if let Some((row, weight)) = given.iter().enumerate().find(|(_, w)| !w.is_finite() || **w < 0.0) {
        return Err(ShapleyError::BadWeight { row, weight: *weight });
    }
    let total: f64 = given.iter().sum();
    if total > 0.0 { Ok(given.iter().map(|w| w / total).collect()) } else { Err(ShapleyError::EmptyBackground) }
}

/// Weight of the rows that reach each node, by tree and node.
pub(crate) fn covers_over(
    ensemble: &TreeEnsemble,
    roster: &Roster,
    background: Background<'_>,
) -> Result<Vec<Vec<f64>>, ShapleyError> {
    let forest = Forest::over(ensemble, roster, None, false)?;
    let (ranks, weights) = background_of(&forest, background)?;
    let count = |(shape, tree): (&Shape, &Tree)| {
        let mut covers = vec![0.0; tree.nodes().len()];
        for (row, weight) in ranks.chunks_exact(forest.lanes.len().max(1)).zip(&weights) {
            let mut at = 0;
            let mut add = |at: usize| {
                if let Some(cover) = covers.get_mut(at) {
                    *cover += weight;
                }
            };
            add(at);
            forest.leaf(shape, Ranks(row), |is_left| {
                if let Some(Node::Split { left, right, .. }) = tree.nodes().get(at) {
                    at = if is_left { *left } else { *right };
                    add(at);
                }
            });
        }
        covers
    };
    Ok(forest.trees.par_iter().zip(ensemble.trees()).map(count).collect())
}

/// Background rows by block of bytes with their weights; what fills up the last block weighs nothing.
pub(crate) fn narrow_of(forest: &Forest, ranks: &[i32], weights: &[f64]) -> Vec<(Narrow, [f64; ROWS])> {
    let rows: Vec<&[i32]> = ranks.chunks_exact(forest.lanes.len().max(1)).collect();
    let of = |(rows, weights): (&[&[i32]], &[f64])| {
        let mut block = Narrow::new(forest);
        block.fill_ranks(forest, rows);
        let mut heavy = [0.0; ROWS];
        heavy.iter_mut().zip(weights).for_each(|(slot, weight)| *slot = *weight);
        (block, heavy)
    };
    rows.chunks(ROWS).zip(weights.chunks(ROWS)).map(of).collect()
}

/// Background rows by block with their weights; what fills up the last block weighs nothing.
pub(crate) fn blocks_of(forest: &Forest, ranks: &[i32], weights: &[f64]) -> Vec<WeighedBlock> {
    let rows: Vec<&[i32]> = ranks.chunks_exact(forest.lanes.len().max(1)).collect();
    let of = |(rows, weights): (&[&[i32]], &[f64])| {
        let mut block = Block::new(forest);
        block.fill_ranks(rows);
        let mut heavy = [0.0; ROWS];
        heavy.iter_mut().zip(weights).for_each(|(slot, weight)| *slot = *weight);
        (block, heavy)
    };
    rows.chunks(ROWS).zip(weights.chunks(ROWS)).map(of).collect()
}
