//! Rows that really occur, with what the model answers to them: what is plausible, and where to walk to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Answers, Ask, CounterfactualError, Goal, Kind, Space, space::is_same};

/// Rows with their answers.
#[derive(Debug)]
pub struct Reference {
    rows: Vec<f64>,
    answers: Vec<f64>,
    n_columns: usize,
    n_outputs: usize,
    /// By goal.
    granted: Mutex<BTreeMap<[u64; 3], Arc<Granted>>>,
}

/// The rows that are answered as wished, column by column.
#[derive(Debug)]
struct Granted {
    places: Vec<usize>,
    columns: Vec<Vec<f64>>,
}

/// Rows whose distances are worked out together.
const BLOCK: usize = 256;
/// Features after which a block is given up when all of it lies too far away.
const STRIDE: usize = 3;

impl Reference {
    /// Asks the model about the rows, shape `(n_rows, n_columns)`.
    ///
    /// # Errors
    /// When the model cannot be asked.
    pub fn over(
        rows: Vec<f64>,
        n_columns: usize,
        answers: Answers,
        model: &dyn Ask,
    ) -> Result<Self, CounterfactualError> {
        let said = model.ask(&rows)?;
        Ok(Self {
            rows,
            answers: said,
            n_columns: n_columns.max(1),
            n_outputs: answers.n_outputs(),
            granted: Mutex::new(BTreeMap::new()),
        })
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.rows.len() / self.n_columns
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// Rows whose answer already is what is wished for.
    pub(crate) fn granted(&self, goal: Goal) -> impl Iterator<Item = &[f64]> {
        let answers = self.answers.chunks_exact(self.n_outputs.max(1));
        let pairs = self.rows.chunks_exact(self.n_columns).zip(answers);
        pairs.filter(move |(_, answer)| goal.holds(answer)).map(|(row, _)| row)
    }

    /// The same, laid out by column; made once for a goal.
    fn laid_out(&self, goal: Goal) -> Arc<Granted> {
        let mut known = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        let made = known.entry(goal.key()).or_insert_with(|| {
            let answers = self.answers.chunks_exact(self.n_outputs.max(1)).enumerate();
            let places: Vec<usize> = answers.filter(|(_, answer)| goal.holds(answer)).map(|(place, _)| place).collect();
            let cell = |place: &usize, column| self.rows.get(place * self.n_columns + column).copied();
            let column = |c| places.iter().map(|place| cell(place, c).unwrap_or(f64::NAN)).collect();
            let columns = (0..self.n_columns).map(column).collect();
            Arc::new(Granted { places, columns })
        });
        Arc::clone(made)
    }

    /// The `k` rows that grant the goal and lie nearest, with their distances, nearest first.
    pub(crate) fn nearest(&self, space: &Space, goal: Goal, to: &[f64], k: usize) -> Vec<(f64, &[f64])> {
        let granted = self.laid_out(goal);
        let mut best: Vec<(f64, usize)> = Vec::with_capacity(k + 1);
        let mut away = [0.0; BLOCK];
        for (block, places) in granted.places.chunks(BLOCK).enumerate() {
            let limit = |best: &Vec<(f64, usize)>| match best.last() {
                Some(last) if best.len() >= k => last.0,
                _ => f64::INFINITY,
            };
            let Some(away) = away.get_mut(..places.len()) else { continue };
            away.fill(0.0);
            let mut is_far = false;
            for variable in 0..space.variables().len() {
                add(away, &granted.columns, block * BLOCK, space, variable, space.get(variable, to));
                if variable % STRIDE == STRIDE - 1 && away.iter().all(|x| *x >= limit(&best)) {
                    is_far = true;
                    break;
                }
            }
            if is_far {
                continue;
            }
            for (distance, place) in away.iter().zip(places) {
                if *distance < limit(&best) {
                    let at = best.partition_point(|b| b.0 <= *distance);
                    best.insert(at, (*distance, *place));
                    best.truncate(k);
                }
            }
        }
        let row = |place: usize| self.rows.get(place * self.n_columns..(place + 1) * self.n_columns);
        best.into_iter().filter_map(|(distance, place)| Some((distance, row(place)?))).collect()
    }
}

/// Adds what it costs to change one feature from a value to that of each row of a block.
fn add(away: &mut [f64], columns: &[Vec<f64>], start: usize, space: &Space, variable: usize, from: f64) {
    let Some((of, price)) = space.price(variable) else { return };
    let end = start + away.len();
    let column = |c: &usize| columns.get(*c).and_then(|column| column.get(start..end));
    match (&of.kind, of.columns.as_slice()) {
        (Kind::OneHot, all) => {
            let parts: Vec<&[f64]> = all.iter().filter_map(column).collect();
            for (place, sum) in away.iter_mut().enumerate() {
                let one = parts.iter().position(|part| part.get(place).is_some_and(|x| *x >= 0.5));
                #[allow(clippy::cast_precision_loss, reason = "a few columns")]
                let to = one.map_or(f64::NAN, |p| p as f64);
                *sum += if is_same(from, to) { 0.0 } else { price + of.cost };
            }
        }
        (Kind::Category { .. }, [one]) => {
            for (sum, to) in away.iter_mut().zip(column(one).unwrap_or_default()) {
                *sum += if is_same(from, *to) { 0.0 } else { price + of.cost };
            }
        }
        (Kind::Number { scale, .. }, [one]) => {
            for (sum, to) in away.iter_mut().zip(column(one).unwrap_or_default()) {
                let size = (to - from).abs();
                let known = if size > 0.0 { price + of.cost * (size / scale) } else { 0.0 };
                let missing = if is_same(from, *to) { 0.0 } else { price + of.cost };
                *sum += if size.is_nan() { missing } else { known };
            }
        }
        _ => {}
    }
}
