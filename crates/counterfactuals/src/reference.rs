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
    /// By goal and row: the distances of its nearest rows.
    around: Mutex<BTreeMap<([u64; 3], usize), Neighbours>>,
}

/// Distances and places of the nearest rows, nearest first.
type Neighbours = Arc<Vec<(f64, usize)>>;

/// The rows that are answered as wished, column by column.
#[derive(Debug)]
struct Granted {
    places: Vec<usize>,
    columns: Vec<Vec<f64>>,
}

/// Rows whose distances are worked out together.
const BLOCK: usize = 256;
/// Neighbours that tell how dense rows lie.
pub(crate) const NEIGHBOURS: usize = 10;
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
            around: Mutex::new(BTreeMap::new()),
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

    /// What the model answers to them, row by row.
    #[must_use]
    pub fn answers(&self) -> &[f64] {
        &self.answers
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
        let near = self.places(space, goal, to, k);
        near.into_iter().filter_map(|(distance, place)| Some((distance, self.row(place)?))).collect()
    }

    fn row(&self, place: usize) -> Option<&[f64]> {
        self.rows.get(place * self.n_columns..(place + 1) * self.n_columns)
    }

    /// The local outlier factor of a row among the rows that grant the goal (Breunig, Kriegel, Ng & Sander 2000): how much
    /// thinner they lie around it than around its neighbours. About 1 within them, larger outside; none with too few of them.
    ///
    /// ```text
    /// reach(a, b) = max(distance of b's k-th neighbour, distance(a, b))     density(a) = 1 / mean reach(a, neighbours)
    /// factor(a) = mean density(neighbours of a) / density(a)
    /// ```
    pub(crate) fn isolation(&self, space: &Space, goal: Goal, row: &[f64]) -> Option<f64> {
        let near = self.places(space, goal, row, NEIGHBOURS);
        if near.len() < NEIGHBOURS {
            return None;
        }
        let reach = |(distance, place): &(f64, usize)| {
            self.around(space, goal, *place).last().map_or(*distance, |last| last.0.max(*distance))
        };
        #[allow(clippy::cast_precision_loss, reason = "a few neighbours")]
        let mean = |all: &[(f64, usize)]| all.iter().map(reach).sum::<f64>() / all.len().max(1) as f64;
        let own = mean(&near);
        // Rows that lie on top of each other are as dense as can be.
        let least = 1e-9;
        let thinner = |(_, place): &(f64, usize)| own.max(least) / mean(&self.around(space, goal, *place)).max(least);
        #[allow(clippy::cast_precision_loss, reason = "a few neighbours")]
        let factor = near.iter().map(thinner).sum::<f64>() / near.len() as f64;
        Some(factor)
    }

    /// The neighbours of one of the rows, without itself; found once.
    fn around(&self, space: &Space, goal: Goal, place: usize) -> Neighbours {
        let key = (goal.key(), place);
        let known = self.around.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let row = self.row(place).unwrap_or_default();
            let mut near = self.places(space, goal, row, NEIGHBOURS + 1);
            match near.iter().position(|(_, other)| *other == place) {
                Some(own) => drop(near.remove(own)),
                None => near.truncate(NEIGHBOURS),
            }
            let made = Arc::new(near);
            self.around.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&made));
            made
        })
    }

    fn places(&self, space: &Space, goal: Goal, to: &[f64], k: usize) -> Vec<(f64, usize)> {
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
        best
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
