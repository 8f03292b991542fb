//! Path-dependent interaction values, leaf by leaf.
//!
//! With `f_k = t·o_k + (1−t)·z_k` and `ρ_k = (o_k − z_k)/f_k`, which is `(1−z_k)/(t + (1−t)·z_k)` when the row meets the
//! conditions and `−1/(1−t)` when it does not, a leaf of value `v` gives
//!
//! ```text
//! φ_i  = ∫ v ∏f · ρ_i          dt
//! I_ij = ∫ v ∏f · ρ_i·ρ_j      dt    Shapley interaction index
//! T_ij = ∫ v ∏f · ρ_i·ρ_j·2(1−t) dt    Shapley–Taylor, order two
//! ```
//!
//! (Grabisch and Roubens, 1999, doi:10.1007/s001820050125; Sundararajan, Dhamdhere and Agarwal, 2020), polynomials for
//! which Gauss–Legendre is exact.

use crate::{
    Interaction,
    block::{Block, ROWS},
    forest::{Forest, Shape},
    paths::{Entry, Paths},
    quadrature::{gauss_legendre, nodes_for},
};

/// A tree ready for interactions.
#[derive(Clone, Debug)]
pub(crate) struct Pairs {
    pub(crate) paths: Paths,
    rule: Vec<(f64, f64)>,
}

/// Sums of one block: by pair of players `i <= j`, of which the diagonal holds the single values.
#[derive(Clone, Debug)]
pub(crate) struct PairSums {
    n_players: usize,
    pub(crate) values: Vec<[f64; ROWS]>,
}

impl PairSums {
    pub(crate) fn new(n_players: usize) -> Self {
        Self { n_players, values: vec![[0.0; ROWS]; n_players * n_players] }
    }

    pub(crate) fn clear(&mut self) {
        self.values.fill([0.0; ROWS]);
    }

    /// The cell of a pair in any order.
    pub(crate) fn cell(&mut self, i: u32, j: u32) -> Option<&mut [f64; ROWS]> {
        let (i, j) = (i.min(j) as usize, i.max(j) as usize);
        self.values.get_mut(i * self.n_players + j)
    }
}

impl Pairs {
    pub(crate) fn over(shape: &Shape) -> Self {
        Self { paths: Paths::over(shape), rule: gauss_legendre(nodes_for(shape.n_on_path.saturating_sub(1))) }
    }

    /// Adds a tree's values for a block: `φ_i` (Shapley) or `v({i}) − v(∅)` (Shapley–Taylor) in the diagonal, whole
    /// interactions beside it.
    pub(crate) fn add(
        &self,
        forest: &Forest,
        shape: &Shape,
        block: &Block,
        value_of: impl Fn(u32) -> f64,
        index: Interaction,
        sums: &mut PairSums,
    ) {
        let mut on = vec![[0.0; ROWS]; shape.depth + 1];
        for visit in &self.paths.visits {
            walk(forest, shape, block, *visit, &mut on);
            let Some((leaf, start, end)) = visit.leaf else { continue };
            let entries = self.paths.of(start, end);
            self.leaf(entries, &on, value_of(leaf), index, sums);
        }
    }

    fn leaf(&self, entries: &[Entry], on: &[[f64; ROWS]], value: f64, index: Interaction, sums: &mut PairSums) {
        let none = [0.0; ROWS];
        let met: Vec<&[f64; ROWS]> = entries.iter().map(|e| on.get(e.level as usize).unwrap_or(&none)).collect();
        let mut quotients = vec![[0.0; ROWS]; entries.len()];
        for (t, w) in &self.rule {
            let mut product = [w * value; ROWS];
            for ((entry, met), quotient) in entries.iter().zip(&met).zip(&mut quotients) {
                let (absent, present) = ((1.0 - t) * entry.z, t + (1.0 - t) * entry.z);
                let (no, yes) = (-1.0 / (1.0 - t), (1.0 - entry.z) / present);
                for ((p, r), o) in product.iter_mut().zip(quotient.iter_mut()).zip(*met) {
                    *p *= if *o > 0.0 { present } else { absent };
                    *r = if *o > 0.0 { yes } else { no };
                }
            }
            let weight = if index == Interaction::Shapley { 1.0 } else { 2.0 * (1.0 - t) };
            for (i, (entry, quotient)) in entries.iter().zip(&quotients).enumerate() {
                let mut partial = [0.0; ROWS];
                for ((s, p), r) in partial.iter_mut().zip(&product).zip(quotient) {
                    *s = p * r;
                }
                if index == Interaction::Shapley {
                    add(sums.cell(entry.player, entry.player), &partial, None, 1.0);
                }
                for (other, quotient) in entries.iter().zip(&quotients).skip(i + 1) {
                    add(sums.cell(entry.player, other.player), &partial, Some(quotient), weight);
                }
            }
        }
        if index == Interaction::ShapleyTaylor {
            for (i, (entry, met)) in entries.iter().zip(&met).enumerate() {
                let others = entries.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, e)| e.z);
                let rest = value * others.product::<f64>();
                let Some(cell) = sums.cell(entry.player, entry.player) else { continue };
                for (sum, o) in cell.iter_mut().zip(*met) {
                    *sum += rest * (o - entry.z);
                }
            }
        }
    }
}

fn add(cell: Option<&mut [f64; ROWS]>, partial: &[f64; ROWS], times: Option<&[f64; ROWS]>, weight: f64) {
    let Some(cell) = cell else { return };
    match times {
        Some(times) => {
            for ((sum, p), r) in cell.iter_mut().zip(partial).zip(times) {
                *sum += weight * p * r;
            }
        }
        None => {
            for (sum, p) in cell.iter_mut().zip(partial) {
                *sum += weight * p;
            }
        }
    }
}

/// Keeps `on` for the way that is being taken: by level, 1 for rows that meet the conditions of the level's player on
/// it.
pub(crate) fn walk(forest: &Forest, shape: &Shape, block: &Block, visit: crate::paths::Visit, on: &mut [[f64; ROWS]]) {
    let Some((at, is_left)) = visit.from else { return };
    let Some(split) = shape.splits.get(at as usize) else { return };
    let old = split.ancestor.and_then(|above| on.get(above as usize)).copied().unwrap_or([1.0; ROWS]);
    let Some(met) = on.get_mut(split.level as usize) else { return };
    if is_left {
        let left = block.ask(forest, split.test);
        for ((met, left), old) in met.iter_mut().zip(left).zip(old) {
            *met = f64::from(left) * old;
        }
    } else {
        for (met, old) in met.iter_mut().zip(old) {
            *met = old - *met;
        }
    }
}
