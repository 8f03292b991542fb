//! The cheapest counterfactuals of tree ensembles, with proof.

mod boxes;
mod cells;
mod dense;
mod domain;
#[cfg(test)]
mod fixtures;
pub(crate) mod goals;
mod replica;
pub(crate) mod search;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use equipoise_models::TreeEnsemble;

use self::boxes::Objective;
pub(crate) use self::cells::Cells;
use self::goals::halves;
pub use self::replica::Replica;
use self::search::{Options, Search};
use crate::find::distinct;
use crate::methods::{Genetic, GrowingSpheres, KdTree, Nearest, Random};
use crate::{
    Choice, CounterfactualError, Goal, Kind, Method, Proof, Proposals, Space, query::Query, space::is_same,
    sparsify::sparsify,
};

/// How rows become what the trees see.
pub trait Encoder: Sync {
    /// The columns that a feature of the ensemble is made from.
    fn sources(&self, feature: usize) -> Vec<usize>;

    /// Rows of the space, shape `(n_rows, n_columns)`, as the ensemble sees them, shape `(n_rows, n_features)`.
    ///
    /// # Errors
    /// When a row cannot be encoded.
    fn encode(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError>;

    /// Any valid row.
    fn template(&self) -> &[f64];
}

/// Exact counterfactuals of a tree ensemble: the cheapest permitted row that the model answers as wished, and then the
/// cheapest ones that do not change everything an earlier one changes.
///
/// Within tolerances of the trees' sums (1e-12 of their size, 1e-6 where the library adds in single precision) the model
/// itself is asked. A search ends after `max_nodes` parts and then says below which cost nothing exists.
pub struct Exact {
    replica: Arc<Replica>,
    max_nodes: usize,
}

/// Why trees cannot be searched exactly.
pub(crate) fn refused(why: String) -> CounterfactualError {
    CounterfactualError::Method {
        method: "exact",
        why,
        hint: "use `nearest`, `genetic`, `random`, `kdtree` or `growing_spheres`",
    }
}

impl Exact {
    /// Lays the trees out over the features of a space.
    ///
    /// # Errors
    /// [`CounterfactualError::Method`] when a split asks about several columns at once, leaves hold linear models, or the
    /// trees are too large.
    pub fn new(
        ensemble: &TreeEnsemble,
        space: &Space,
        encoder: &dyn Encoder,
        own_goal: impl Fn(Goal) -> Goal + Send + Sync + 'static,
        max_nodes: usize,
    ) -> Result<Self, CounterfactualError> {
        Ok(Self::over(Arc::new(Replica::new(ensemble, space, encoder, own_goal)?), max_nodes))
    }

    /// The same of trees that are laid out already.
    #[must_use]
    pub fn over(replica: Arc<Replica>, max_nodes: usize) -> Self {
        Self { replica, max_nodes }
    }

    /// Whether a goal is a condition on sums over the trees.
    ///
    /// # Errors
    /// [`CounterfactualError::Method`] when it is not, as the probability of one of several classes.
    pub fn check_goal(&self, goal: Goal) -> Result<(), CounterfactualError> {
        halves(self.replica.own_goal(goal), self.replica.link, self.replica.n_outputs).map(|_| ())
    }

    /// What the other methods find with their defaults, as classes of values with what they cost.
    fn examples(&self, query: &Query<'_>, options: &[Options]) -> Result<Vec<(f64, Vec<u32>)>, CounterfactualError> {
        let searches: [&dyn Method; 5] =
            [&Nearest::default(), &KdTree, &Genetic::default(), &Random::default(), &GrowingSpheres::default()];
        let mut proposed = Vec::new();
        for (place, method) in searches.into_iter().enumerate() {
            // The first two look among rows that occur.
            if place > 1 || query.reference.is_some() {
                proposed.extend(method.propose(query)?.rows);
            }
        }
        let found: Vec<Vec<f64>> =
            distinct(proposed).iter().map(|row| sparsify(query, row)).collect::<Result<_, _>>()?;
        let point = |row: &Vec<f64>| {
            let cell = |(v, cells): (usize, &Cells)| u32::try_from(cells.of(query.space.get(v, row))).ok();
            let point: Vec<u32> = self.replica.cells().iter().enumerate().map(cell).collect::<Option<_>>()?;
            let costs = point.iter().zip(options).map(|(cell, o)| o.costs.get(*cell as usize).copied());
            let cost: f64 = costs.map(|c| c.unwrap_or(f64::INFINITY)).sum();
            cost.is_finite().then_some((cost, point))
        };
        Ok(found.iter().filter_map(point).collect())
    }
}

/// Whether a point changes few enough features, and not all of those that an earlier one changed.
fn may_be(point: &[u32], options: &[Options], max_changes: usize, taken: &[Vec<usize>]) -> bool {
    let is_changed = |v: usize| point.get(v).zip(options.get(v)).is_some_and(|(cell, o)| *cell != o.home);
    let n_changed = (0..point.len()).filter(|v| is_changed(*v)).count();
    n_changed > 0 && n_changed <= max_changes && !taken.iter().any(|earlier| earlier.iter().all(|v| is_changed(*v)))
}

impl Method for Exact {
    fn name(&self) -> &'static str {
        "exact"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let options = options(query, self.replica.cells());
        let row_of = |point: &[u32]| {
            let mut row = query.row.to_vec();
            for (variable, (cell, option)) in point.iter().zip(&options).enumerate() {
                if *cell != option.home {
                    let value = option.values.get(*cell as usize).copied().unwrap_or(f64::NAN);
                    query.space.set(variable, &mut row, value);
                }
            }
            query.space.complete(&mut row);
            row
        };
        let confirm = |point: &[u32]| {
            let granted = query.confirmed(&row_of(point))?;
            Ok(granted.first().copied().unwrap_or(false))
        };
        let ways = halves(self.replica.own_goal(query.goal), self.replica.link, self.replica.n_outputs)?;
        let mut proposals = Proposals::default();
        let mut taken: Vec<Vec<usize>> = Vec::new();
        // What the other methods find: no search that was cut off is to do worse.
        let mut examples: Option<Vec<(f64, Vec<u32>)>> = None;
        while proposals.rows.len() < query.total {
            let mut best: Option<(f64, Vec<u32>)> = None;
            let mut least = f64::INFINITY;
            for way in &ways {
                let made: Vec<(Arc<Objective>, f64)> = way
                    .iter()
                    .map(|half| Ok((self.replica.objective(half)?, half.at_least)))
                    .collect::<Result<_, _>>()?;
                let objectives: Vec<(&Objective, f64)> = made.iter().map(|(o, least)| (o.as_ref(), *least)).collect();
                let search = Search {
                    objectives: &objectives,
                    options: &options,
                    max_changes: query.space.max_changes(),
                    taken: &taken,
                    max_nodes: self.max_nodes,
                    confirm: &confirm,
                };
                let outcome = search.run(best.take())?;
                if let Proof::AtLeast(bound) = outcome.proof {
                    least = least.min(bound);
                }
                best = outcome.best;
            }
            let is_open = |best: &Option<(f64, Vec<u32>)>| {
                least.is_finite() && best.as_ref().is_none_or(|(cost, _)| least < *cost)
            };
            if is_open(&best) {
                if examples.is_none() {
                    examples = Some(self.examples(query, &options)?);
                }
                for (cost, point) in examples.iter().flatten() {
                    let is_cheaper = best.as_ref().is_none_or(|(known, _)| cost < known);
                    if is_cheaper && may_be(point, &options, query.space.max_changes(), &taken) && confirm(point)? {
                        best = Some((*cost, point.clone()));
                    }
                }
            }
            let is_open = is_open(&best);
            let Some((_, point)) = best else {
                proposals.end = Some(if is_open { Proof::AtLeast(least) } else { Proof::Unreachable });
                break;
            };
            let row = row_of(&point);
            taken.push(query.space.changed(query.row, &row));
            proposals.rows.push(row);
            proposals.proofs.push(if is_open { Proof::AtLeast(least) } else { Proof::Optimal });
        }
        Ok(proposals)
    }
}

/// What each feature of a row may become, class by class: in each the permitted value that costs least.
fn options(query: &Query<'_>, cells: &[Cells]) -> Vec<Options> {
    cells.iter().enumerate().map(|(variable, cells)| option(query, variable, cells)).collect()
}

fn option(query: &Query<'_>, variable: usize, cells: &Cells) -> Options {
    let present = query.space.get(variable, query.row);
    let home = cells.of(present);
    let n = cells.len() + 1;
    let mut values = vec![f64::NAN; n];
    let mut costs = vec![f64::INFINITY; n];
    let kind = query.space.variables().get(variable).map(|v| &v.kind);
    for cell in 0..cells.len() {
        let value = match (query.choices.get(variable), kind) {
            (Some(Choice::Between(low, high)), Some(Kind::Number { grid, .. })) => {
                let (start, end) = cells.ends(cell);
                let (start, end) = (start.max(*low), end.min(*high));
                let wanted = if present.is_nan() { f64::midpoint(start, end) } else { present };
                if start <= end { grid.nearest(wanted, start, end) } else { None }
            }
            (Some(Choice::Among(codes)), _) => u32::try_from(cell).ok().filter(|c| codes.contains(c)).map(f64::from),
            _ => None,
        };
        if let (Some(value), Some(at), Some(cost)) = (value, values.get_mut(cell), costs.get_mut(cell)) {
            *at = value;
            *cost = query.space.cost_of(variable, present, value);
        }
    }
    if let (Some(value), Some(cost)) = (values.get_mut(home), costs.get_mut(home)) {
        *value = present;
        *cost = 0.0;
    }
    let open: Vec<u32> = (0_u32..).zip(&costs).filter(|(_, c)| c.is_finite()).map(|(cell, _)| cell).collect();
    let is_range = matches!(cells, Cells::Numbers(_)) && !present.is_nan();
    debug_assert!(values.get(home).is_some_and(|v| is_same(*v, present)));
    Options { home: u32::try_from(home).unwrap_or(0), costs, values, open, is_range }
}

impl Exact {
    /// Classes of values by feature of the space.
    #[must_use]
    pub fn n_cells(&self) -> Vec<usize> {
        self.replica.cells().iter().map(Cells::len).collect()
    }
}

/// Rows whose columns are the ensemble's features, in its own precision or not.
pub struct Plain {
    template: Vec<f64>,
    is_single: bool,
}

impl Plain {
    /// For rows of an ensemble's features.
    #[must_use]
    pub fn over(ensemble: &TreeEnsemble) -> Self {
        let is_single = ensemble.features_in() == equipoise_models::trees::Precision::Single;
        Self { template: vec![0.0; ensemble.features().len()], is_single }
    }
}

impl Encoder for Plain {
    fn sources(&self, feature: usize) -> Vec<usize> {
        vec![feature]
    }

    fn encode(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        #[allow(clippy::cast_possible_truncation, reason = "rounding to single precision is what is asked for")]
        let seen = |x: &f64| if self.is_single { f64::from(*x as f32) } else { *x };
        Ok(rows.iter().map(seen).collect())
    }

    fn template(&self) -> &[f64] {
        &self.template
    }
}
