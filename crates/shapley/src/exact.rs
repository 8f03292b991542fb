//! Shapley values by going through all coalitions: exact, and the oracle of everything else.

use rayon::prelude::*;

use crate::{Coalition, Game};

/// More players than this are never enumerated: 2²⁰ coalitions of a hundred background rows are a hundred million
/// questions.
pub const MOST_PLAYERS: usize = 20;

/// Coalitions asked for at once.
const AT_ONCE: usize = 4_096;

/// Exact values of one game.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// Shapley values, shape `(n_players, n_outputs)`.
    pub values: Vec<f64>,
    /// What nobody achieves, one number per output.
    pub base: Vec<f64>,
    /// Values of all coalitions by the number whose bits are the members, shape `(2^n_players, n_outputs)`.
    pub table: Vec<f64>,
}

/// Shapley's value (1953) over all `2^d` coalitions:
///
/// ```text
/// φ_i = Σ_{S ∌ i}  |S|! (d − |S| − 1)! / d!  ·  (v(S ∪ i) − v(S))
/// ```
///
/// # Errors
/// What the game answers. A game of more than [`MOST_PLAYERS`] gives `None`.
pub fn shapley<G: Game>(game: &G) -> Result<Option<Exact>, G::Error> {
    let (d, n_outputs) = (game.n_players(), game.n_outputs());
    if d > MOST_PLAYERS {
        return Ok(None);
    }
    let mut table = Vec::with_capacity((1 << d) * n_outputs);
    let all: Vec<u64> = (0..1_u64 << d).collect();
    for some in all.chunks(AT_ONCE) {
        let coalitions: Vec<Coalition> = some.iter().map(|bits| Coalition::from_bits(d, *bits)).collect();
        table.extend(game.values(&coalitions)?);
    }
    let values = shapley_of(&table, d, n_outputs);
    let base = table.get(..n_outputs).unwrap_or_default().to_vec();
    Ok(Some(Exact { values, base, table }))
}

/// Shapley values out of the values of all coalitions (see [`Exact::table`]), shape `(n_players, n_outputs)`.
#[must_use]
pub fn shapley_of(table: &[f64], n_players: usize, n_outputs: usize) -> Vec<f64> {
    let weights = weights(n_players);
    let one = |player: usize| {
        let mut value = vec![0.0; n_outputs];
        for bits in (0..1_usize << n_players).filter(|bits| bits >> player & 1 == 0) {
            let weight = weights.get(bits.count_ones() as usize).copied().unwrap_or(0.0);
            let without = row(table, bits, n_outputs);
            let with = row(table, bits | 1 << player, n_outputs);
            for ((sum, w), wo) in value.iter_mut().zip(with).zip(without) {
                *sum += weight * (w - wo);
            }
        }
        value
    };
    (0..n_players).into_par_iter().flat_map_iter(one).collect()
}

/// Shapley interaction index of each pair (Grabisch and Roubens 1999), shape `(n_players, n_players, n_outputs)`, zero on
/// the diagonal:
///
/// ```text
/// φ_ij = Σ_{S ∌ i,j}  |S|! (d − |S| − 2)! / (d − 1)!  ·  (v(S ∪ ij) − v(S ∪ i) − v(S ∪ j) + v(S))
/// ```
#[must_use]
pub fn interactions_of(table: &[f64], n_players: usize, n_outputs: usize) -> Vec<f64> {
    let weights = weights(n_players.saturating_sub(1));
    let mut out = vec![0.0; n_players * n_players * n_outputs];
    for i in 0..n_players {
        for j in i + 1..n_players {
            let pair = 1 << i | 1 << j;
            let mut value = vec![0.0; n_outputs];
            for bits in (0..1_usize << n_players).filter(|bits| bits & pair == 0) {
                let weight = weights.get(bits.count_ones() as usize).copied().unwrap_or(0.0);
                let all = [pair, 1 << i, 1 << j, 0].map(|extra| row(table, bits | extra, n_outputs));
                let [both, first, second, none] = all;
                for (k, sum) in value.iter_mut().enumerate() {
                    let at = |row: &[f64]| row.get(k).copied().unwrap_or(0.0);
                    *sum += weight * (at(both) - at(first) - at(second) + at(none));
                }
            }
            for (a, b) in [(i, j), (j, i)] {
                let start = (a * n_players + b) * n_outputs;
                if let Some(cells) = out.get_mut(start..start + n_outputs) {
                    cells.copy_from_slice(&value);
                }
            }
        }
    }
    out
}

/// `s! (d − s − 1)! / d!` for `s = 0 … d − 1`.
fn weights(d: usize) -> Vec<f64> {
    let mut weights = Vec::with_capacity(d);
    #[allow(clippy::cast_precision_loss, reason = "a few dozen players")]
    let mut weight = 1.0 / d.max(1) as f64;
    for s in 0..d {
        weights.push(weight);
        #[allow(clippy::cast_precision_loss, reason = "a few dozen players")]
        if s + 1 < d {
            weight *= (s + 1) as f64 / (d - s - 1) as f64;
        }
    }
    weights
}

fn row(table: &[f64], bits: usize, n_outputs: usize) -> &[f64] {
    table.get(bits * n_outputs..(bits + 1) * n_outputs).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A game given by the values of all its coalitions.
    pub(crate) struct Listed {
        pub(crate) d: usize,
        pub(crate) table: Vec<f64>,
    }

    impl Game for Listed {
        type Error = std::convert::Infallible;

        fn n_players(&self) -> usize {
            self.d
        }

        fn n_outputs(&self) -> usize {
            self.table.len() >> self.d
        }

        fn values(&self, coalitions: &[Coalition]) -> Result<Vec<f64>, Self::Error> {
            let n = self.n_outputs();
            Ok(coalitions
                .iter()
                .flat_map(|c| {
                    let bits = (0..self.d).filter(|i| c.has(*i)).fold(0, |bits, i| bits | 1 << i);
                    self.table[bits * n..(bits + 1) * n].to_vec()
                })
                .collect())
        }
    }

    #[test]
    fn the_glove_game() {
        // Player 0 has a left glove, 1 and 2 a right one each; a pair is worth 1: φ = (4/6, 1/6, 1/6).
        let table: Vec<f64> = (0..8).map(|s| f64::from(u8::from(s & 1 == 1 && s & 6 != 0))).collect();
        let exact = shapley(&Listed { d: 3, table }).unwrap().unwrap();
        for (found, expected) in exact.values.iter().zip([4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn interactions_by_hand() {
        // v = 3·[0 and 1]: only the pair (0, 1) interacts, by 3.
        let table: Vec<f64> = (0..8).map(|s| if s & 3 == 3 { 3.0 } else { 0.0 }).collect();
        let found = interactions_of(&table, 3, 1);
        for (place, value) in found.iter().enumerate() {
            let expected = if [1, 3].contains(&place) { 3.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-15, "{found:?}");
        }
    }

    proptest! {
        #[test]
        fn efficiency_symmetry_dummy_linearity(table in prop::collection::vec(-5.0..5.0_f64, 16), other in prop::collection::vec(-5.0..5.0_f64, 16)) {
            let phi = shapley_of(&table, 4, 1);
            prop_assert!((phi.iter().sum::<f64>() - (table[15] - table[0])).abs() < 1e-12);
            // Players 0 and 1 made alike.
            let swap = |s: usize| s & !3 | (s & 1) << 1 | (s >> 1) & 1;
            let alike: Vec<f64> = (0..16).map(|s| table[s] + table[swap(s)]).collect();
            let found = shapley_of(&alike, 4, 1);
            prop_assert!((found[0] - found[1]).abs() < 1e-12);
            // Player 3 made idle.
            let idle: Vec<f64> = (0..16).map(|s| table[s & 7]).collect();
            prop_assert!(shapley_of(&idle, 4, 1)[3].abs() < 1e-12);
            let sum: Vec<f64> = table.iter().zip(&other).map(|(a, b)| a + 2.0 * b).collect();
            let (all, second) = (shapley_of(&sum, 4, 1), shapley_of(&other, 4, 1));
            for i in 0..4 {
                prop_assert!((all[i] - phi[i] - 2.0 * second[i]).abs() < 1e-12);
            }
        }
    }
}
