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
    paths::{Entry, Paths, Visit},
    quadrature::{gauss_legendre, nodes_for},
    sweep::Real,
};

/// A tree ready for interactions.
#[derive(Clone, Debug)]
pub(crate) struct Pairs {
    paths: Paths,
    rule: Vec<(f64, f64)>,
    /// Pairs of players `i <= j` that stand on one way: what [`PairScratch::sums`] gets.
    cells: Vec<usize>,
}

/// What one thread needs: sums of one block by pair of players `i <= j`, of which the diagonal holds single values.
#[derive(Clone, Debug)]
pub(crate) struct PairScratch<T> {
    n_players: usize,
    /// Sums over all trees.
    pub(crate) sums: Vec<[f64; ROWS]>,
    /// Sums within one tree.
    tree: Vec<[T; ROWS]>,
    on: Vec<[T; ROWS]>,
    quotients: Vec<[T; ROWS]>,
}

impl<T: Real> PairScratch<T> {
    pub(crate) fn new(n_players: usize, depth: usize) -> Self {
        Self {
            n_players,
            sums: vec![[0.0; ROWS]; n_players * n_players],
            tree: vec![[T::default(); ROWS]; n_players * n_players],
            on: vec![[T::default(); ROWS]; depth + 1],
            quotients: vec![[T::default(); ROWS]; (depth + 1).min(n_players)],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.sums.fill([0.0; ROWS]);
    }
}

/// The place of a pair of players in any order.
fn cell(n_players: usize, i: u32, j: u32) -> usize {
    i.min(j) as usize * n_players + i.max(j) as usize
}

impl Pairs {
    pub(crate) fn over(shape: &Shape, n_players: usize) -> Self {
        let paths = Paths::over(shape);
        let mut cells: Vec<usize> = Vec::new();
        for (_, start, end) in paths.visits.iter().filter_map(|v| v.leaf) {
            let entries = paths.of(start, end);
            let all = entries.iter().enumerate();
            cells.extend(
                all.flat_map(|(k, one)| entries.iter().skip(k).map(|other| cell(n_players, one.player, other.player))),
            );
        }
        cells.sort_unstable();
        cells.dedup();
        Self { paths, rule: gauss_legendre(nodes_for(shape.n_on_path.saturating_sub(1))), cells }
    }

    /// Adds a tree's values for a block, of the output at `place` in its leaves: `φ_i` (Shapley) or `v({i}) − v(∅)`
    /// (Shapley–Taylor) in the diagonal, whole interactions beside it.
    #[inline(always)]
    pub(crate) fn add<T: Real, const FUSED: bool>(
        &self,
        forest: &Forest,
        shape: &Shape,
        block: &Block,
        place: usize,
        index: Interaction,
        scratch: &mut PairScratch<T>,
    ) {
        let width = shape.width(forest.n_outputs);
        for cell in &self.cells {
            if let Some(sum) = scratch.tree.get_mut(*cell) {
                *sum = [T::default(); ROWS];
            }
        }
        for visit in &self.paths.visits {
            walk(forest, shape, block, *visit, &mut scratch.on);
            let Some((leaf, start, end)) = visit.leaf else { continue };
            let value = shape.values.get(leaf as usize * width + place).copied().unwrap_or(0.0);
            self.leaf::<T, FUSED>(self.paths.of(start, end), value, index, scratch);
        }
        for cell in &self.cells {
            if let (Some(sum), Some(tree)) = (scratch.sums.get_mut(*cell), scratch.tree.get(*cell)) {
                sum.iter_mut().zip(tree).for_each(|(sum, x)| *sum += x.double());
            }
        }
    }

    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "the innermost loop; `over` and `PairScratch::new` fit each other")]
    fn leaf<T: Real, const FUSED: bool>(
        &self,
        entries: &[Entry],
        value: f64,
        index: Interaction,
        scratch: &mut PairScratch<T>,
    ) {
        let PairScratch { n_players, tree, on, quotients, .. } = scratch;
        let is_shapley = index == Interaction::Shapley;
        for (t, w) in &self.rule {
            let mut product = [T::of(w * value); ROWS];
            for (entry, quotient) in entries.iter().zip(quotients.iter_mut()) {
                let present = t + (1.0 - t) * entry.z;
                // At `o` of 0 and what 1 adds.
                let (absent, plus) = (T::of((1.0 - t) * entry.z), T::of(*t));
                let (no, yes) = (-1.0 / (1.0 - t), (1.0 - entry.z) / present);
                let (no, more) = (T::of(no), T::of(yes - no));
                let met = &on[entry.level as usize];
                for i in 0..ROWS {
                    product[i] = product[i] * met[i].times_plus::<FUSED>(plus, absent);
                    quotient[i] = met[i].times_plus::<FUSED>(more, no);
                }
            }
            let weight = T::of(if is_shapley { 1.0 } else { 2.0 * (1.0 - t) });
            for (k, (entry, quotient)) in entries.iter().zip(quotients.iter()).enumerate() {
                let mut partial = [T::default(); ROWS];
                for i in 0..ROWS {
                    partial[i] = product[i] * quotient[i];
                }
                if is_shapley {
                    let sum = &mut tree[cell(*n_players, entry.player, entry.player)];
                    for i in 0..ROWS {
                        sum[i] += partial[i];
                    }
                } else {
                    for x in &mut partial {
                        *x = *x * weight;
                    }
                }
                for (other, quotient) in entries.iter().zip(quotients.iter()).skip(k + 1) {
                    let sum = &mut tree[cell(*n_players, entry.player, other.player)];
                    for i in 0..ROWS {
                        sum[i] = partial[i].times_plus::<FUSED>(quotient[i], sum[i]);
                    }
                }
            }
        }
        if is_shapley {
            return;
        }
        for (k, entry) in entries.iter().enumerate() {
            let others = entries.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, e)| e.z);
            let (rest, z) = (T::of(value * others.product::<f64>()), T::of(entry.z));
            let sum = &mut tree[cell(*n_players, entry.player, entry.player)];
            let met = &on[entry.level as usize];
            for i in 0..ROWS {
                sum[i] += rest * (met[i] - z);
            }
        }
    }
}

/// Keeps `on` for the way that is being taken: by level, 1 for rows that meet the conditions of the level's player on
/// it.
#[inline(always)]
pub(crate) fn walk<T: Real>(forest: &Forest, shape: &Shape, block: &Block, visit: Visit, on: &mut [[T; ROWS]]) {
    let Some((at, is_left)) = visit.from else { return };
    let Some(split) = shape.splits.get(at as usize) else { return };
    let old = split.ancestor.and_then(|above| on.get(above as usize)).copied().unwrap_or([T::of(1.0); ROWS]);
    let Some(met) = on.get_mut(split.level as usize) else { return };
    if is_left {
        let left = block.ask(forest, split.test);
        for ((met, left), old) in met.iter_mut().zip(left).zip(old) {
            *met = T::of_bit(left) * old;
        }
    } else {
        for (met, old) in met.iter_mut().zip(old) {
            *met = old - *met;
        }
    }
}
