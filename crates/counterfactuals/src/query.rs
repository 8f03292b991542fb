//! One row, what is wished for it, and what every method hands back.

use equipoise_kernels::Draws;

use crate::{Choice, CounterfactualError, Goal, Kind, Reference, Replica, Space, ask::Counted, space::is_same};

/// A row that is to be answered otherwise. Methods read it and ask the model through it.
pub struct Query<'a> {
    pub(crate) space: &'a Space,
    pub(crate) model: &'a Counted<'a>,
    /// Answers in the model's place while a search goes on.
    pub(crate) replica: Option<(&'a Replica, Goal)>,
    pub(crate) reference: Option<&'a Reference>,
    pub(crate) row: &'a [f64],
    pub(crate) choices: &'a [Choice],
    pub(crate) goal: Goal,
    /// Counterfactuals that are asked for.
    pub(crate) total: usize,
    pub(crate) seed: u64,
    /// Fixes the draws.
    pub(crate) row_id: u64,
}

impl Query<'_> {
    pub(crate) fn draws(&self, stream: &str) -> Draws {
        Draws::new(self.seed, stream, self.row_id)
    }

    /// Features that may change.
    pub(crate) fn free(&self) -> Vec<usize> {
        (0..self.choices.len()).filter(|v| self.choices.get(*v) != Some(&Choice::Stay)).collect()
    }

    pub(crate) fn cost(&self, to: &[f64]) -> f64 {
        self.space.cost(self.row, to)
    }

    /// A row with one feature set.
    pub(crate) fn with(&self, row: &[f64], variable: usize, value: f64) -> Vec<f64> {
        let mut new = row.to_vec();
        self.space.set(variable, &mut new, value);
        self.space.complete(&mut new);
        new
    }

    /// A random permitted value of a feature.
    pub(crate) fn any_value(&self, variable: usize, draws: &mut Draws) -> f64 {
        let stay = self.space.get(variable, self.row);
        match (self.choices.get(variable), self.space.variables().get(variable).map(|v| &v.kind)) {
            (Some(Choice::Between(low, high)), Some(Kind::Number { grid, .. })) => {
                let x = low + (high - low) * draws.uniform();
                grid.nearest(x, *low, *high).unwrap_or(stay)
            }
            (Some(Choice::Among(codes)), _) => {
                let place = usize::try_from(draws.below(codes.len() as u64)).unwrap_or(0);
                codes.get(place).map_or(stay, |c| f64::from(*c))
            }
            _ => stay,
        }
    }

    /// The permitted value nearest to a wanted one; the present value where none is.
    pub(crate) fn nearest_value(&self, variable: usize, wanted: f64) -> f64 {
        let stay = self.space.get(variable, self.row);
        if is_same(stay, wanted) {
            return stay;
        }
        match (self.choices.get(variable), self.space.variables().get(variable).map(|v| &v.kind)) {
            (Some(Choice::Between(low, high)), Some(Kind::Number { grid, .. })) if !wanted.is_nan() => {
                let inside = grid.nearest(wanted, *low, *high).unwrap_or(stay);
                // A wanted value on the other side of the present one is not met by moving past it.
                let is_away = !stay.is_nan() && (inside - stay) * (wanted - stay) < 0.0;
                if is_away { stay } else { inside }
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are whole")]
            (Some(Choice::Among(codes)), _) if wanted >= 0.0 && codes.contains(&(wanted as u32)) => wanted,
            _ => stay,
        }
    }

    /// Another row's values, as far as the limits allow.
    pub(crate) fn projected(&self, other: &[f64]) -> Vec<f64> {
        let mut new = self.row.to_vec();
        for variable in 0..self.choices.len() {
            let value = self.nearest_value(variable, self.space.get(variable, other));
            self.space.set(variable, &mut new, value);
        }
        self.space.complete(&mut new);
        new
    }

    /// Whether the model itself grants the wish, row by row.
    pub(crate) fn confirmed(&self, rows: &[f64]) -> Result<Vec<bool>, CounterfactualError> {
        self.model.each(rows, |answer| self.goal.holds(answer))
    }

    /// Whether the wish is granted, row by row.
    pub(crate) fn granted(&self, rows: &[f64]) -> Result<Vec<bool>, CounterfactualError> {
        match self.replica {
            Some((replica, goal)) => Ok(replica.each(self.space, rows, |answer| goal.holds(answer))),
            None => self.confirmed(rows),
        }
    }

    /// How far the answer is from granting the wish, row by row.
    pub(crate) fn shortfalls(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        match self.replica {
            Some((replica, goal)) => Ok(replica.each(self.space, rows, |answer| goal.shortfall(answer))),
            None => self.model.each(rows, |answer| self.goal.shortfall(answer)),
        }
    }

    /// Leaves out what changes more features than may change.
    pub(crate) fn is_sparse_enough(&self, row: &[f64]) -> bool {
        self.space.changed(self.row, row).len() <= self.space.max_changes()
    }
}

/// What a method found, before it is checked.
#[derive(Clone, Debug, Default)]
pub struct Proposals {
    /// Rows that may be counterfactuals.
    pub rows: Vec<Vec<f64>>,
    /// What was proved, in the order of the rows; empty for methods that prove nothing.
    pub proofs: Vec<Proof>,
    /// What was proved of there being no (further) row, if anything.
    pub end: Option<Proof>,
}

/// How certain it is that nothing cheaper exists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Proof {
    /// Nothing permitted that differs from the ones before costs less.
    Optimal,
    /// Nothing costs less than this; the search was ended before the two met.
    AtLeast(f64),
    /// No permitted change at all leads there.
    Unreachable,
}

/// A way to look for counterfactuals.
pub trait Method: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Rows that may be counterfactuals, cheapest first or not.
    ///
    /// # Errors
    /// When the model cannot be asked, or the method does not fit it.
    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError>;
}
