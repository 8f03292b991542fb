//! Attributions of one leaf for every pattern at once.
//!
//! For a row of pattern `s`, a leaf of value 1 and background rows of patterns `u` with weights `h(u)`, player `j`
//! gets
//!
//! ```text
//! φ_j(s) = Σ_u h(u) (s_j − u_j) ∫₀¹ ∏_{k≠j} (t·s_k + (1−t)·u_k) dt
//! ```
//!
//! At one `t` the product over all players is a transform of `h` that acts on one bit after the other:
//! `T(..0..) = (1−t)·h(..1..)` and `T(..1..) = t·h(..0..) + h(..1..)`. The factor of `j` is exchanged for `s_j − u_j`
//! afterwards: `−T(s)/(1−t)` where `s_j` is 0, and `T(s)/t − T(s without j)/(t(1−t))` where it is 1. So the work grows
//! with the number of patterns, not with rows times background rows (WOODELF, Nadel and Wettenstein, 2025,
//! folds bit patterns likewise; the quadrature is what makes each bit a transform of its own).

use crate::{
    Interaction,
    quadrature::{gauss_legendre, nodes_for},
};

/// The room to fold in, and the rules of quadrature by their number of nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fold {
    rules: Vec<Vec<(f64, f64)>>,
    transformed: Vec<f64>,
    one: Vec<f64>,
}

impl Fold {
    /// Tables `φ_j(s)`, player by player, each of one number per pattern, from the weights of background patterns.
    #[inline(always)]
    pub(crate) fn values(&mut self, weights: &[f64], n_players: usize, out: &mut Vec<f64>) {
        let size = weights.len();
        out.clear();
        out.resize(size * n_players, 0.0);
        self.at_each_node(weights, n_players, |t, w, transformed, _| {
            for (bit, table) in out.chunks_exact_mut(size).enumerate() {
                exchange(transformed, bit, t, w, table);
            }
        });
    }

    /// Tables of all pairs `i <= j`, row by row of the upper triangle: `φ_i` (Shapley) or `v({i}) − v(∅)`
    /// (Shapley–Taylor) in the diagonal, and whole interactions beside it, for which the factors of both players are exchanged;
    /// Shapley–Taylor weighs the integral with `2(1 − t)`.
    #[inline(always)]
    pub(crate) fn pairs(&mut self, weights: &[f64], n_players: usize, index: Interaction, out: &mut Vec<f64>) {
        let size = weights.len();
        out.clear();
        out.resize(size * n_players * (n_players + 1) / 2, 0.0);
        let is_shapley = index == Interaction::Shapley;
        self.at_each_node(weights, n_players, |t, w, transformed, one| {
            let mut tables = out.chunks_exact_mut(size);
            for i in 0..n_players {
                one.clear();
                one.resize(size, 0.0);
                exchange(transformed, i, t, 1.0, one);
                if let Some(single) = tables.next()
                    && is_shapley
                {
                    single.iter_mut().zip(&*one).for_each(|(sum, x)| *sum += w * x);
                }
                let weight = if is_shapley { w } else { w * 2.0 * (1.0 - t) };
                for (j, table) in (i + 1..n_players).zip(&mut tables) {
                    exchange(one, j, t, weight, table);
                }
            }
        });
        if is_shapley {
            return;
        }
        let all = weights.last().copied().unwrap_or(0.0);
        let mut first = 0;
        for i in 0..n_players {
            let but_one = weights.get((size - 1) ^ (1 << i)).copied().unwrap_or(0.0);
            let single = out.get_mut(first * size..(first + 1) * size).unwrap_or_default();
            for (pattern, x) in single.iter_mut().enumerate() {
                *x = if pattern >> i & 1 == 1 { but_one } else { -all };
            }
            first += n_players - i;
        }
    }

    /// As [`Fold::values`], with Owen's values (1977): players of one group come together in all orders. Orders of the groups
    /// and orders within a group are independent, so that with `t` the chance that another group is there, and `u` the chance
    /// that another player of the own group is,
    ///
    /// ```text
    /// φ_j(s) = Σ_u h(u) ∫₀¹ (s_j − u_j) ∏_{k∈g∖j} (τ·s_k + (1−τ)·u_k) dτ · ∫₀¹ ∏_{h≠g} (t·∏_{k∈h} s_k + (1−t)·∏_{k∈h} u_k) dt
    /// ```
    ///
    /// where `g` is the group of `j`. `groups` has the group of each player.
    #[inline(always)]
    pub(crate) fn owen(&mut self, weights: &[f64], groups: &[u32], out: &mut Vec<f64>) {
        let size = weights.len();
        out.clear();
        out.resize(size * groups.len(), 0.0);
        let mut all: Vec<u32> = groups.to_vec();
        all.sort_unstable();
        all.dedup();
        let members = |group: u32| groups.iter().enumerate().filter(move |(_, g)| **g == group).map(|(bit, _)| bit);
        let mask = |group: u32| members(group).fold(0_usize, |mask, bit| mask | 1 << bit);
        for own in &all {
            let n_own = members(*own).count();
            let (outer, inner) = (nodes_for(all.len() - 1), nodes_for(n_own - 1));
            for n in self.rules.len()..=outer.max(inner) {
                self.rules.push(gauss_legendre(n));
            }
            let rule = |n: usize| self.rules.get(n).map_or(&[][..], Vec::as_slice);
            for (t, w) in rule(outer) {
                self.transformed.clear();
                self.transformed.extend_from_slice(weights);
                for other in all.iter().filter(|group| *group != own) {
                    together(&mut self.transformed, mask(*other), *t);
                }
                for (u, v) in rule(inner) {
                    self.one.clear();
                    self.one.extend_from_slice(&self.transformed);
                    for bit in members(*own) {
                        each_pair(&mut self.one, bit, |absent, present| {
                            (*absent, *present) = ((1.0 - u) * *present, u * *absent + *present);
                        });
                    }
                    for bit in members(*own) {
                        let table = out.get_mut(bit * size..(bit + 1) * size).unwrap_or_default();
                        exchange(&self.one, bit, *u, w * v, table);
                    }
                }
            }
        }
    }

    /// Transforms the weights at each node of the quadrature.
    #[inline(always)]
    fn at_each_node(
        &mut self,
        weights: &[f64],
        n_players: usize,
        mut each: impl FnMut(f64, f64, &[f64], &mut Vec<f64>),
    ) {
        let n_nodes = nodes_for(n_players.saturating_sub(1));
        for n in self.rules.len()..=n_nodes {
            self.rules.push(gauss_legendre(n));
        }
        for (t, w) in self.rules.get(n_nodes).map_or(&[][..], Vec::as_slice) {
            self.transformed.clear();
            self.transformed.extend_from_slice(weights);
            for bit in 0..n_players {
                each_pair(&mut self.transformed, bit, |absent, present| {
                    (*absent, *present) = ((1.0 - t) * *present, t * *absent + *present);
                });
            }
            each(*t, *w, &self.transformed, &mut self.one);
        }
    }
}

/// Adds `w` times the transform with the factor of one player exchanged for `s_j − u_j`.
#[inline(always)]
fn exchange(transformed: &[f64], bit: usize, t: f64, w: f64, out: &mut [f64]) {
    let (no, yes, other) = (-w / (1.0 - t), w / t, -w / (t * (1.0 - t)));
    let change = |a: &mut f64, p: &mut f64, t0: f64, t1: f64| {
        *a += no * t0;
        *p += yes * t1 + other * t0;
    };
    if bit == 0 {
        // Neighbours, for which the loop below would be too short.
        for ([a, p], [t0, t1]) in out.as_chunks_mut::<2>().0.iter_mut().zip(transformed.as_chunks::<2>().0) {
            change(a, p, *t0, *t1);
        }
        return;
    }
    let width = 1 << bit;
    for (out, transformed) in out.chunks_exact_mut(2 * width).zip(transformed.chunks_exact(2 * width)) {
        let (absent, present) = out.split_at_mut(width);
        let (t0, t1) = transformed.split_at(width);
        for ((a, p), (t0, t1)) in absent.iter_mut().zip(present).zip(t0.iter().zip(t1)) {
            change(a, p, *t0, *t1);
        }
    }
}

/// Transforms several bits together, which are there with the chance `t` or all absent.
fn together(values: &mut [f64], mask: usize, t: f64) {
    for rest in (0..values.len()).filter(|pattern| pattern & mask == 0) {
        let (mut part, mut all) = (mask, 0.0);
        loop {
            all += values.get(rest | part).copied().unwrap_or(0.0);
            if part == 0 {
                break;
            }
            part = (part - 1) & mask;
        }
        let met = values.get(rest | mask).copied().unwrap_or(0.0);
        part = mask;
        loop {
            if let Some(slot) = values.get_mut(rest | part) {
                *slot = (1.0 - t) * met + if part == mask { t * all } else { 0.0 };
            }
            if part == 0 {
                break;
            }
            part = (part - 1) & mask;
        }
    }
}

/// Applies something to each two numbers whose places differ in one bit.
#[inline(always)]
fn each_pair(values: &mut [f64], bit: usize, change: impl Fn(&mut f64, &mut f64)) {
    if bit == 0 {
        values.as_chunks_mut::<2>().0.iter_mut().for_each(|[a, p]| change(a, p));
        return;
    }
    let width = 1 << bit;
    for block in values.chunks_exact_mut(2 * width) {
        let (absent, present) = block.split_at_mut(width);
        absent.iter_mut().zip(present).for_each(|(a, p)| change(a, p));
    }
}

/// The weights of patterns when each player's conditions are met by a share of the rows, independently: what makes
/// the folded game the path-dependent one.
#[inline(always)]
pub(crate) fn independent(shares: impl Iterator<Item = f64>, out: &mut Vec<f64>) {
    out.clear();
    out.push(1.0);
    for share in shares {
        let n = out.len();
        out.resize(2 * n, 0.0);
        let (absent, present) = out.split_at_mut(n);
        for (absent, present) in absent.iter_mut().zip(present) {
            (*absent, *present) = (*absent * (1.0 - share), *absent * share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(weights: &[f64], n_players: usize) -> Vec<f64> {
        let mut out = Vec::new();
        Fold::default().values(weights, n_players, &mut out);
        out
    }

    #[test]
    fn one_player_by_hand() {
        // A quarter of the background meets the condition: 1 − ¼ for a row that does, −¼ for one that does not.
        let found = folded(&[0.75, 0.25], 1);
        assert!((found[0] + 0.25).abs() < 1e-15 && (found[1] - 0.75).abs() < 1e-15, "{found:?}");
    }

    #[test]
    fn two_players_by_hand() {
        // One background row that meets neither: the leaf is worth 1 when both are there, half for each.
        let found = folded(&[1.0, 0.0, 0.0, 0.0], 2);
        let expected = [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5];
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-15), "{found:?}");
        // One that meets the second alone: the row that meets the first alone gains 1 by it and loses 1 by the
        // second: ½ and −½ of each order.
        let found = folded(&[0.0, 0.0, 1.0, 0.0], 2);
        let expected = [0.0, 0.5, 0.0, 1.0, 0.0, -0.5, 0.0, 0.0];
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn groups_of_one_are_players() {
        let weights = [0.1, 0.2, 0.05, 0.15, 0.0, 0.25, 0.05, 0.2];
        let (mut fold, mut owen) = (Fold::default(), Vec::new());
        for groups in [[4, 2, 9], [7, 7, 7]] {
            // One group of all is no group either.
            fold.owen(&weights, &groups, &mut owen);
            let expected = folded(&weights, 3);
            assert!(owen.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-15), "{owen:?}");
        }
    }

    #[test]
    fn shares_are_independent() {
        let mut found = Vec::new();
        independent([0.5, 0.25].into_iter(), &mut found);
        assert_eq!(found, [0.375, 0.375, 0.125, 0.125]);
    }
}
