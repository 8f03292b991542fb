//! From a row and a wish to counterfactuals that were asked of the model again and held against every limit.

use crate::{
    Answers, Ask, Choice, CounterfactualError, Diversity, Goal, Method, Proof, Reference, Replica, RowLimit, Space,
    Wish, ask::Counted, query::Query, select::select, sparsify::sparsify,
};

/// What all rows share.
pub struct Finder<'a> {
    /// What may be changed.
    pub space: &'a Space,
    /// The model.
    pub model: &'a dyn Ask,
    /// What it answers with.
    pub answers: Answers,
    /// Trees that answer in the model's place while a search goes on, where it is made of trees.
    pub replica: Option<&'a Replica>,
    /// Rows that really occur.
    pub reference: Option<&'a Reference>,
    /// How to look.
    pub method: &'a dyn Method,
    /// What is wished for.
    pub wish: Wish,
    /// Counterfactuals per row.
    pub total: usize,
    /// Whether changes that are not needed are undone.
    pub is_sparsified: bool,
    /// How a set is chosen among many.
    pub diversity: Diversity,
    /// How near to rows that really occur a counterfactual must lie.
    pub plausible: Plausible,
    /// Seed of the draws.
    pub seed: u64,
}

/// Limits that are held against rows that really occur and are answered as wished; without such rows nothing keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plausible {
    /// The nearest of them costs no more than this.
    pub max_distance: Option<f64>,
    /// The local outlier factor among them is no larger than this.
    pub max_isolation: Option<f64>,
}

impl Plausible {
    /// Whether there is a limit.
    #[must_use]
    pub fn is_limited(self) -> bool {
        self.max_distance.is_some() || self.max_isolation.is_some()
    }
}

/// A row that the model answers as wished, within all limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterfactual {
    /// The row.
    pub row: Vec<f64>,
    /// What the model answers.
    pub answer: Vec<f64>,
    /// What it costs to get there.
    pub cost: f64,
    /// What differs.
    pub changed: Vec<usize>,
    /// How certain it is that nothing cheaper exists; none where the method proves nothing.
    pub proof: Option<Proof>,
}

/// What was found for a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What the model answers to the row as it is.
    pub present: Vec<f64>,
    /// The wish as a condition.
    pub goal: Goal,
    /// The counterfactuals, cheapest first.
    pub counterfactuals: Vec<Counterfactual>,
    /// Why there are fewer than asked for, where there are.
    pub shortage: Option<Shortage>,
    /// Rows the model was asked about.
    pub calls: u64,
}

/// Why there are fewer counterfactuals than asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Shortage {
    /// The model already answers as wished.
    AlreadyGranted,
    /// No permitted change leads there, which is proved.
    Unreachable,
    /// Limits leave nothing to change.
    NothingMayChange(String),
    /// The search ended without finding (more).
    NotFound,
    /// The search was ended by its bound on work; nothing costs less than this.
    GaveUp(f64),
}

impl Shortage {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyGranted => "already_granted",
            Self::Unreachable => "unreachable",
            Self::NothingMayChange(_) => "nothing_may_change",
            Self::NotFound => "not_found",
            Self::GaveUp(_) => "gave_up",
        }
    }
}

impl Finder<'_> {
    /// Counterfactuals of a row. `row_id` fixes the draws, so that a row has the same ones in whatever order rows come.
    ///
    /// # Errors
    /// When the wish does not fit, the row's own limits contradict themselves, or the model cannot be asked.
    pub fn find(&self, row: &[f64], row_id: u64, own: &[RowLimit]) -> Result<Found, CounterfactualError> {
        let model = Counted::over(self.model, self.space.n_columns());
        let present = model.ask(row)?;
        let goal = self.wish.goal(self.answers, &present)?;
        let mut found = Found { present, goal, counterfactuals: Vec::new(), shortage: None, calls: 0 };
        if goal.holds(&found.present) {
            found.shortage = Some(Shortage::AlreadyGranted);
            found.calls = model.calls();
            return Ok(found);
        }
        let choices = match self.space.choices(row, own) {
            Ok(choices) => choices,
            Err(CounterfactualError::NothingMayChange { why }) => {
                found.shortage = Some(Shortage::NothingMayChange(why));
                found.calls = model.calls();
                return Ok(found);
            }
            Err(error) => return Err(error),
        };
        let replica = self.replica.filter(|replica| replica.is_quick());
        let mut query = Query {
            space: self.space,
            model: &model,
            replica: replica.map(|replica| (replica, replica.own_goal(goal))),
            reference: self.reference,
            row,
            choices: &choices,
            goal,
            total: self.total,
            seed: self.seed,
            row_id,
        };
        if !self.search(&query, &choices, &mut found)? {
            query.replica = None;
            self.search(&query, &choices, &mut found)?;
        }
        found.calls = model.calls();
        Ok(found)
    }

    /// False where the model does not grant what its replica granted.
    fn search(&self, query: &Query<'_>, choices: &[Choice], found: &mut Found) -> Result<bool, CounterfactualError> {
        let proposed = self.method.propose(query)?;
        let is_proved = !proposed.proofs.is_empty();
        let mut rows = proposed.rows;
        if !is_proved {
            if self.is_sparsified {
                rows = self.preselected(query, rows);
                let smaller = rows.iter().map(|row| sparsify(query, row)).collect::<Result<_, _>>()?;
                let smaller: Vec<Vec<f64>> = distinct(smaller);
                // Different ways may come down to the same one; then they stand beside it as they were found, to choose from.
                let is_short = smaller.len() < 2 * self.total || self.plausible.is_limited();
                rows = if is_short { smaller.into_iter().chain(rows).collect() } else { smaller };
            }
            rows = distinct(rows);
        }
        // Nothing is taken on trust: the model is asked again, and every limit is held against the row.
        let answers = query.model.each(&rows.concat(), <[f64]>::to_vec)?;
        if query.replica.is_some() && !answers.iter().all(|answer| query.goal.holds(answer)) {
            return Ok(false);
        }
        let mut valid: Vec<Counterfactual> = Vec::new();
        for (place, (row, answer)) in rows.into_iter().zip(answers).enumerate() {
            if !query.goal.holds(&answer) || !self.space.keeps_limits(choices, query.row, &row) {
                continue;
            }
            if !self.is_plausible(query, &row) {
                continue;
            }
            let changed = self.space.changed(query.row, &row);
            let proof = proposed.proofs.get(place).copied();
            valid.push(Counterfactual { cost: query.cost(&row), changed, answer, proof, row });
        }
        if is_proved {
            found.counterfactuals = valid;
        } else {
            let costs: Vec<f64> = valid.iter().map(|c| c.cost).collect();
            let rows: Vec<Vec<f64>> = valid.iter().map(|c| c.row.clone()).collect();
            let chosen = select(self.space, &rows, &costs, self.total, self.diversity);
            found.counterfactuals = chosen.iter().filter_map(|i| valid.get(*i).cloned()).collect();
        }
        if found.counterfactuals.len() < self.total {
            found.shortage = Some(match proposed.end {
                Some(Proof::Unreachable) if found.counterfactuals.is_empty() => Shortage::Unreachable,
                Some(Proof::AtLeast(bound)) => Shortage::GaveUp(bound),
                _ => Shortage::NotFound,
            });
        }
        Ok(true)
    }

    fn is_plausible(&self, query: &Query<'_>, row: &[f64]) -> bool {
        let Some(reference) = self.reference else { return !self.plausible.is_limited() };
        let is_near = |most: f64| {
            let near = reference.nearest(self.space, query.goal, row, 1);
            near.first().is_some_and(|(distance, _)| *distance <= most)
        };
        let is_within = |most: f64| reference.isolation(self.space, query.goal, row).is_some_and(|f| f <= most);
        self.plausible.max_distance.is_none_or(is_near) && self.plausible.max_isolation.is_none_or(is_within)
    }

    /// A few times as many as asked for, cheap and different: undoing changes costs calls.
    fn preselected(&self, query: &Query<'_>, rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        let rows = distinct(rows);
        let costs: Vec<f64> = rows.iter().map(|row| query.cost(row)).collect();
        let chosen = select(self.space, &rows, &costs, self.total * 3 + 3, self.diversity);
        chosen.iter().filter_map(|i| rows.get(*i).cloned()).collect()
    }
}

/// Rows without repetitions, in their order.
pub(crate) fn distinct(rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut seen = std::collections::BTreeSet::new();
    let key = |row: &Vec<f64>| row.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<u64>>();
    rows.into_iter().filter(|row| seen.insert(key(row))).collect()
}
