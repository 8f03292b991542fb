//! The prediction of one row as a game: members keep the row's values, the others take the background's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use equipoise_data::Column;
use equipoise_kernels::split_mix;
use equipoise_shapley::{Coalition, Game};

use super::ask::Asker;
use super::table::{Table, joined, take};
use crate::AnalysisError;

/// Rows put together before the model is asked.
const AT_ONCE: usize = 65_536;

/// Background rows with their weights, ready for any row.
pub(super) struct Population {
    pub(super) table: Table,
    /// Sums to one.
    pub(super) weights: Vec<f64>,
}

/// One row among a background.
///
/// ```text
/// v(S) = Σ_b w_b · f(x_S, b_rest)
/// ```
pub(super) struct RowGame<'a> {
    asker: &'a Asker<'a>,
    population: &'a Population,
    /// Columns with the row's value below the background's.
    columns: Vec<Column>,
    /// By column: a random word for each background row's value, then the row's own; equal values, equal words.
    words: Vec<Vec<u128>>,
    /// Columns of each player.
    players: &'a [Vec<usize>],
    calls: &'a AtomicU64,
}

impl<'a> RowGame<'a> {
    pub(super) fn new(
        asker: &'a Asker<'a>,
        population: &'a Population,
        rows: &Table,
        row: usize,
        players: &'a [Vec<usize>],
        calls: &'a AtomicU64,
    ) -> Self {
        let one = |(own, background): (&Column, &Column)| joined(vec![background.clone(), take(own, &[row])]);
        let columns: Vec<Column> = rows.columns.iter().zip(&population.table.columns).map(one).collect();
        let words = columns.iter().zip(0_u64..).map(|(column, place)| words(column, place)).collect();
        Self { asker, population, columns, words, players, calls }
    }

    /// Which columns keep the row's values.
    fn kept(&self, coalition: &Coalition) -> Vec<bool> {
        let mut kept = vec![false; self.columns.len()];
        for (player, columns) in self.players.iter().enumerate() {
            if coalition.has(player) {
                for column in columns {
                    if let Some(kept) = kept.get_mut(*column) {
                        *kept = true;
                    }
                }
            }
        }
        kept
    }

    /// Values of some coalitions; every different row is asked once.
    fn some(&self, coalitions: &[Coalition]) -> Result<Vec<f64>, AnalysisError> {
        let n_background = self.population.table.n_rows;
        let n_outputs = self.asker.n_outputs;
        let mut index: HashMap<u128, u32> = HashMap::new();
        let mut places: Vec<u32> = Vec::with_capacity(coalitions.len() * n_background);
        // By column: the background row that each asked row takes its value from.
        let mut asked: Vec<Vec<usize>> = vec![Vec::new(); self.columns.len()];
        for coalition in coalitions {
            let kept = self.kept(coalition);
            for b in 0..n_background {
                let from = |kept: &bool| if *kept { n_background } else { b };
                let word =
                    self.words.iter().zip(&kept).fold(0_u128, |sum, (words, kept)| {
                        sum.wrapping_add(words.get(from(kept)).copied().unwrap_or(0))
                    });
                let next = u32::try_from(index.len()).unwrap_or(u32::MAX);
                let place = *index.entry(word).or_insert(next);
                if place == next {
                    asked.iter_mut().zip(&kept).for_each(|(asked, kept)| asked.push(from(kept)));
                }
                places.push(place);
            }
        }
        let columns: Vec<Column> = self.columns.iter().zip(&asked).map(|(column, rows)| take(column, rows)).collect();
        self.calls.fetch_add(index.len() as u64, Ordering::Relaxed);
        let answers = self.asker.ask(&columns)?;
        let mut values = Vec::with_capacity(coalitions.len() * n_outputs);
        for places in places.chunks_exact(n_background.max(1)) {
            let mut value = vec![0.0; n_outputs];
            for (place, weight) in places.iter().zip(&self.population.weights) {
                let start = *place as usize * n_outputs;
                let answer = answers.get(start..start + n_outputs).unwrap_or_default();
                value.iter_mut().zip(answer).for_each(|(sum, x)| *sum += weight * x);
            }
            values.extend(value);
        }
        Ok(values)
    }
}

impl Game for RowGame<'_> {
    type Error = AnalysisError;

    fn n_players(&self) -> usize {
        self.players.len()
    }

    fn n_outputs(&self) -> usize {
        self.asker.n_outputs
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Vec<f64>, AnalysisError> {
        let at_once = (AT_ONCE / self.population.table.n_rows.max(1)).max(1);
        let mut values = Vec::with_capacity(coalitions.len() * self.asker.n_outputs);
        for some in coalitions.chunks(at_once) {
            values.extend(self.some(some)?);
        }
        Ok(values)
    }
}

/// A random word for each value; two columns give the same value other words.
fn words(column: &Column, place: u64) -> Vec<u128> {
    let word = |value: u64| {
        let low = split_mix(value ^ split_mix(place));
        u128::from(split_mix(low ^ 0x5851_f42d_4c95_7f2d)) << 64 | u128::from(low)
    };
    match column {
        Column::Number(values) => {
            values.iter().map(|x| word(if x.is_nan() { u64::MAX } else { (x + 0.0).to_bits() })).collect()
        }
        Column::Codes { codes, .. } => codes.iter().map(|c| word(u64::from(*c))).collect(),
    }
}
