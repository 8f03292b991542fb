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

use crate::quadrature::{gauss_legendre, nodes_for};

/// Tables `φ_j(s)`, player by player, each of one number per pattern, from the weights of background patterns.
pub(crate) fn folded(weights: &[f64], n_players: usize) -> Vec<f64> {
    let size = weights.len();
    let mut out = vec![0.0; size * n_players];
    let mut transformed = vec![0.0; size];
    for (t, w) in gauss_legendre(nodes_for(n_players.saturating_sub(1))) {
        transformed.copy_from_slice(weights);
        for bit in 0..n_players {
            each_pair(&mut transformed, bit, |absent, present| {
                (*absent, *present) = ((1.0 - t) * *present, t * *absent + *present);
            });
        }
        let (no, yes, other) = (-w / (1.0 - t), w / t, -w / (t * (1.0 - t)));
        for (bit, table) in out.chunks_exact_mut(size).enumerate() {
            let width = 1 << bit;
            let blocks = table.chunks_exact_mut(2 * width).zip(transformed.chunks_exact(2 * width));
            for (table, transformed) in blocks {
                let (absent, present) = table.split_at_mut(width);
                let (t0, t1) = transformed.split_at(width);
                for ((a, p), (t0, t1)) in absent.iter_mut().zip(present).zip(t0.iter().zip(t1)) {
                    *a += no * t0;
                    *p += yes * t1 + other * t0;
                }
            }
        }
    }
    out
}

/// Applies something to each two numbers whose places differ in one bit.
fn each_pair(values: &mut [f64], bit: usize, change: impl Fn(&mut f64, &mut f64)) {
    let width = 1 << bit;
    for block in values.chunks_exact_mut(2 * width) {
        let (absent, present) = block.split_at_mut(width);
        absent.iter_mut().zip(present).for_each(|(a, p)| change(a, p));
    }
}

/// The weights of patterns when each player's conditions are met by a share of the rows, independently: what makes
/// the folded game the path-dependent one.
pub(crate) fn independent(shares: &[f64]) -> Vec<f64> {
    let mut out = vec![1.0];
    for share in shares {
        let met: Vec<f64> = out.iter().map(|w| w * share).collect();
        out.iter_mut().for_each(|w| *w *= 1.0 - share);
        out.extend(met);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn shares_are_independent() {
        let found = independent(&[0.5, 0.25]);
        assert_eq!(found, [0.375, 0.375, 0.125, 0.125]);
    }
}
