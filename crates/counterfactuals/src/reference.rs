//! Rows that really occur, with what the model answers to them: what is plausible, and where to walk to.

use crate::{Answers, Ask, CounterfactualError, Goal, Space};

/// Rows with their answers.
#[derive(Clone, Debug)]
pub struct Reference {
    rows: Vec<f64>,
    answers: Vec<f64>,
    n_columns: usize,
    n_outputs: usize,
}

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
        Ok(Self { rows, answers: said, n_columns: n_columns.max(1), n_outputs: answers.n_outputs() })
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

    /// The `k` rows that grant the goal and lie nearest, with their distances, nearest first.
    pub(crate) fn nearest(&self, space: &Space, goal: Goal, to: &[f64], k: usize) -> Vec<(f64, &[f64])> {
        let mut best: Vec<(f64, &[f64])> = Vec::with_capacity(k + 1);
        for row in self.granted(goal) {
            let limit = if best.len() < k { f64::INFINITY } else { best.last().map_or(f64::INFINITY, |b| b.0) };
            let Some(distance) = within(space, to, row, limit) else { continue };
            let place = best.partition_point(|b| b.0 <= distance);
            best.insert(place, (distance, row));
            best.truncate(k);
        }
        best
    }
}

/// The cost between two rows if it is below a limit.
fn within(space: &Space, from: &[f64], to: &[f64], limit: f64) -> Option<f64> {
    let mut total = 0.0;
    for variable in 0..space.variables().len() {
        total += space.cost_of(variable, space.get(variable, from), space.get(variable, to));
        if total >= limit {
            return None;
        }
    }
    Some(total)
}
