//! What a model of trees answers, without asking it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use equipoise_models::TreeEnsemble;
use equipoise_models::trees::Link;

use super::Encoder;
use super::boxes::{Boxes, Objective};
use super::cells::Cells;
use super::domain::Room;
use super::goals::Half;
use crate::{CounterfactualError, Goal, Space};

/// A model's trees over classes of values. Searches ask it instead of the model, which has the last word: what is found is
/// asked of the model again, and where the two disagree the search is repeated with the model itself.
pub struct Replica {
    pub(super) boxes: Boxes,
    pub(super) link: Link,
    pub(super) n_outputs: usize,
    own_goal: Box<dyn Fn(Goal) -> Goal + Send + Sync>,
    objectives: Mutex<BTreeMap<Vec<u64>, Arc<Objective>>>,
    /// By output, where trees lie side by side.
    margins: Vec<Arc<Objective>>,
}

/// Rows of classes that are asked about one after the other.
#[derive(Default)]
pub(crate) struct Asking {
    room: Room,
    point: Vec<u32>,
    answer: Vec<f64>,
}

impl Replica {
    /// Lays the trees out over the features of a space. `own_goal` turns a goal about the model's answers into one about the
    /// ensemble's outputs.
    ///
    /// # Errors
    /// [`CounterfactualError::Method`] when a split asks about several columns at once, leaves hold linear models, or the
    /// trees are too large.
    pub fn new(
        ensemble: &TreeEnsemble,
        space: &Space,
        encoder: &dyn Encoder,
        own_goal: impl Fn(Goal) -> Goal + Send + Sync + 'static,
    ) -> Result<Self, CounterfactualError> {
        let mut replica = Self {
            boxes: Boxes::over(ensemble, space, encoder)?,
            link: ensemble.link(),
            n_outputs: ensemble.n_outputs(),
            own_goal: Box::new(own_goal),
            objectives: Mutex::new(BTreeMap::new()),
            margins: Vec::new(),
        };
        let unit = |k: usize| (0..replica.n_outputs).map(|j| f64::from(u8::from(j == k))).collect();
        let margin = |k| replica.objective(&Half { coefficients: unit(k), at_least: 0.0 });
        let margins: Vec<Arc<Objective>> = (0..replica.n_outputs).map(margin).collect::<Result<_, _>>()?;
        if margins.iter().all(|margin| margin.dense.is_some()) {
            replica.margins = margins;
        }
        Ok(replica)
    }

    /// Whether it answers faster than the model.
    pub(crate) fn is_quick(&self) -> bool {
        !self.margins.is_empty()
    }

    pub(crate) fn cells(&self) -> &[Cells] {
        &self.boxes.cells
    }

    /// A goal about the model's answers as one about the ensemble's outputs.
    pub(crate) fn own_goal(&self, goal: Goal) -> Goal {
        (self.own_goal)(goal)
    }

    /// The trees for a condition; made once.
    pub(super) fn objective(&self, half: &Half) -> Result<Arc<Objective>, CounterfactualError> {
        let key: Vec<u64> = half.coefficients.iter().map(|c| c.to_bits()).collect();
        let mut known = self.objectives.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(objective) = known.get(&key) {
            return Ok(Arc::clone(objective));
        }
        let made = Arc::new(self.boxes.objective(half)?);
        known.insert(key, Arc::clone(&made));
        Ok(made)
    }

    /// What is made of the answer to each row, shape `(n_rows, n_columns)`.
    pub(crate) fn each<T>(&self, space: &Space, rows: &[f64], of: impl Fn(&[f64]) -> T) -> Vec<T> {
        let mut asking = Asking::default();
        rows.chunks_exact(space.n_columns().max(1)).map(|row| of(self.answer(space, row, &mut asking))).collect()
    }

    /// The ensemble's answer to a row.
    fn answer<'a>(&self, space: &Space, row: &[f64], asking: &'a mut Asking) -> &'a [f64] {
        let cell = |(v, cells): (usize, &Cells)| cells.of(space.get(v, row)) as u32;
        asking.point.clear();
        asking.point.extend(self.cells().iter().enumerate().map(cell));
        self.answer_at(asking)
    }

    fn answer_at<'a>(&self, asking: &'a mut Asking) -> &'a [f64] {
        let Asking { room, point, answer } = asking;
        answer.clear();
        answer.extend(self.margins.iter().map(|margin| margin.at(point, room, None)));
        self.link.apply(answer, self.n_outputs);
        answer
    }

    /// What is made of the answers to a row with one feature at each of some classes.
    pub(crate) fn along<T>(
        &self,
        space: &Space,
        row: &[f64],
        variable: usize,
        classes: &[u32],
        of: impl Fn(&[f64]) -> T,
    ) -> Vec<T> {
        let mut room = Room::default();
        let cell = |(v, cells): (usize, &Cells)| cells.of(space.get(v, row)) as u32;
        let point: Vec<u32> = self.cells().iter().enumerate().map(cell).collect();
        let all: Vec<Vec<f64>> =
            self.margins.iter().map(|margin| margin.along(&point, variable, classes, &mut room)).collect();
        let mut answer = Vec::with_capacity(self.n_outputs);
        (0..classes.len())
            .map(|place| {
                answer.clear();
                answer.extend(all.iter().map(|margins| margins.get(place).copied().unwrap_or(f64::NAN)));
                self.link.apply(&mut answer, self.n_outputs);
                of(&answer)
            })
            .collect()
    }
}
