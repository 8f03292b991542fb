//! What the trees say of whole rows, summed in 64 bits.

use rayon::prelude::*;

use crate::{
    block::{Ranks, goes_left},
    forest::{Child, Forest, Shape},
    paths::Paths,
};

impl Forest {
    /// Margins of one row.
    pub(crate) fn margins(&self, ranks: Ranks<'_>) -> Vec<f64> {
        let mut out = self.base.clone();
        self.trees.iter().for_each(|shape| self.add_tree(shape, ranks, 1.0, &mut out));
        out
    }

    /// Adds a tree's answer to a row, weighted.
    fn add_tree(&self, shape: &Shape, ranks: Ranks<'_>, weight: f64, out: &mut [f64]) {
        let leaf = self.leaf(shape, ranks, |_| {});
        let width = shape.width(self.n_outputs);
        let values = shape.values.get(leaf as usize * width..).unwrap_or_default();
        let outputs = out.iter_mut().skip(shape.output.unwrap_or(0)).take(width);
        outputs.zip(values).for_each(|(sum, value)| *sum += weight * value);
    }

    /// The leaf a row falls into; tells of each split on its way.
    pub(crate) fn leaf(&self, shape: &Shape, ranks: Ranks<'_>, mut passes: impl FnMut(bool)) -> u32 {
        let mut at = shape.root;
        loop {
            match at {
                Child::Leaf(leaf) => return leaf,
                Child::Split(place) => {
                    let Some(split) = shape.splits.get(place as usize) else { return 0 };
                    let is_left = goes_left(self, split.test, ranks);
                    passes(is_left);
                    at = if is_left { split.left } else { split.right };
                }
            }
        }
    }

    /// Weighted mean of what some trees say, without the base.
    pub(crate) fn mean_of<'t>(
        &self,
        trees: impl Iterator<Item = &'t Shape>,
        ranks: &[i32],
        weights: &[f64],
    ) -> Vec<f64> {
        let mut out = vec![0.0; self.n_outputs];
        for shape in trees {
            for (row, weight) in ranks.chunks_exact(self.lanes.len().max(1)).zip(weights) {
                self.add_tree(shape, Ranks(row), *weight, &mut out);
            }
        }
        out
    }

    /// Margins when nothing is known, by the training rows.
    pub(crate) fn expected(&self) -> Vec<f64> {
        let trees: Vec<Vec<f64>> = self
            .trees
            .par_iter()
            .map(|shape| Paths::over(shape).expected(shape, shape.width(self.n_outputs)))
            .collect();
        let mut out = self.base.clone();
        for (shape, expected) in self.trees.iter().zip(trees) {
            out.iter_mut().skip(shape.output.unwrap_or(0)).zip(expected).for_each(|(sum, e)| *sum += e);
        }
        out
    }
}
