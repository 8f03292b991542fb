//! A population of rows that mixes and changes from generation to generation.

use equipoise_kernels::Draws;

use crate::{Choice, CounterfactualError, Method, Proposals, query::Query, select::spread};

/// DiCE's `genetic`, with its names and defaults: rows of a population are mixed feature by feature, the better half stays.
///
/// ```text
/// loss = hinge shortfall + proximity_weight · mean size of the changes + sparsity_weight · share of features changed
///        + categorical_penalty where a name is not permitted (never, here: such rows are not made)
/// ```
///
/// What is handed on is chosen out of the last population one by one, each time the row with the largest
///
/// ```text
/// diversity_weight · (1 − what the rows before it already say of it) − loss
/// ```
///
/// where the first term is the growth of the determinant of `K_ij = 1 / (1 + distance_ij)`, DiCE's diversity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Genetic {
    /// Weight of the size of changes.
    pub proximity_weight: f64,
    /// Weight of the number of changes.
    pub sparsity_weight: f64,
    /// Weight of the difference between the rows of the set.
    pub diversity_weight: f64,
    /// Generations at most.
    pub maxiterations: usize,
    /// The search ends when the best loss has not fallen by this for five generations.
    pub thresh: f64,
}

impl Default for Genetic {
    fn default() -> Self {
        Self { proximity_weight: 0.2, sparsity_weight: 0.2, diversity_weight: 5.0, maxiterations: 500, thresh: 0.01 }
    }
}

/// Generations without an improvement after which the search ends.
const PATIENCE: usize = 5;

impl Method for Genetic {
    fn name(&self) -> &'static str {
        "genetic"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let mut draws = query.draws("counterfactuals.genetic");
        let size = (10 * query.total).max(50);
        let mut population = first(query, size, &mut draws);
        let mut losses = self.losses(query, &population)?;
        let (mut best, mut idle) = (f64::INFINITY, 0);
        for _ in 0..self.maxiterations {
            let mut order: Vec<usize> = (0..population.len()).collect();
            let loss = |i: &usize| losses.get(*i).map_or(f64::INFINITY, |l| l.0);
            // What is granted comes first, however far away it lies.
            let misses = |i: &usize| losses.get(*i).is_none_or(|l| !l.1);
            order.sort_by(|a, b| misses(a).cmp(&misses(b)).then(loss(a).total_cmp(&loss(b))).then(a.cmp(b)));
            let granted = order.iter().take(query.total).all(|i| losses.get(*i).is_some_and(|l| l.1));
            let total: f64 = order.iter().take(query.total).map(loss).sum();
            idle = if best - total > self.thresh { 0 } else { idle + 1 };
            best = best.min(total);
            if idle >= PATIENCE && granted {
                break;
            }
            let keep = size / 2;
            let parents: Vec<Vec<f64>> = order.iter().take(keep).filter_map(|i| population.get(*i).cloned()).collect();
            let old: Vec<(f64, bool)> = order.iter().take(keep).filter_map(|i| losses.get(*i).copied()).collect();
            let children: Vec<Vec<f64>> = (0..size - keep).map(|_| child(query, &parents, &mut draws)).collect();
            let new = self.losses(query, &children)?;
            population = parents.into_iter().chain(children).collect();
            losses = old.into_iter().chain(new).collect();
        }
        let valid = population.into_iter().zip(losses).filter(|(row, l)| l.1 && query.is_sparse_enough(row));
        let (rows, losses): (Vec<Vec<f64>>, Vec<f64>) = valid.map(|(row, l)| (row, l.0)).unzip();
        let chosen = spread(query.space, &rows, &losses, 3 * query.total + 3, self.diversity_weight);
        let rows = chosen.iter().filter_map(|i| rows.get(*i).cloned()).collect();
        Ok(Proposals { rows, ..Proposals::default() })
    }
}

impl Genetic {
    /// Loss, and whether the wish is granted, of each row.
    fn losses(&self, query: &Query<'_>, rows: &[Vec<f64>]) -> Result<Vec<(f64, bool)>, CounterfactualError> {
        let shortfalls = query.shortfalls(&rows.concat())?;
        #[allow(clippy::cast_precision_loss, reason = "a number of features")]
        let n = query.space.variables().len().max(1) as f64;
        let loss = |(row, short): (&Vec<f64>, f64)| {
            #[allow(clippy::cast_precision_loss, reason = "a number of features")]
            let changed = query.space.changed(query.row, row).len() as f64;
            let hinge = if short > 0.0 { 1.0 + short } else { 0.0 };
            let size = query.space.distance(query.row, row);
            let dense = if query.is_sparse_enough(row) { 0.0 } else { 1.0 };
            (hinge + dense + self.proximity_weight * size / n + self.sparsity_weight * changed / n, short <= 0.0)
        };
        Ok(rows.iter().zip(shortfalls).map(loss).collect())
    }
}

/// Half of it near rows with the desired answer, the rest random changes.
fn first(query: &Query<'_>, size: usize, draws: &mut Draws) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    if let Some(reference) = query.reference {
        let near = reference.nearest(query.space, query.goal, query.row, size / 2);
        rows.extend(near.iter().map(|(_, row)| query.projected(row)));
    }
    while rows.len() < size {
        let mut row = query.row.to_vec();
        for (variable, choice) in query.choices.iter().enumerate() {
            if *choice != Choice::Stay && draws.uniform() < 0.5 {
                let value = query.any_value(variable, draws);
                query.space.set(variable, &mut row, value);
            }
        }
        query.space.complete(&mut row);
        rows.push(row);
    }
    rows
}

/// Each feature from one parent (40 %), the other (40 %), or new (20 %): half of the new ones go back to the row's own value.
fn child(query: &Query<'_>, parents: &[Vec<f64>], draws: &mut Draws) -> Vec<f64> {
    let pick = |draws: &mut Draws| {
        let place = usize::try_from(draws.below(parents.len() as u64)).unwrap_or(0);
        parents.get(place).map_or(query.row, Vec::as_slice)
    };
    let (one, other) = (pick(draws), pick(draws));
    let mut row = query.row.to_vec();
    for (variable, choice) in query.choices.iter().enumerate() {
        if *choice == Choice::Stay {
            continue;
        }
        let p = draws.uniform();
        let value = if p < 0.4 {
            query.space.get(variable, one)
        } else if p < 0.8 {
            query.space.get(variable, other)
        } else if p < 0.9 {
            query.space.get(variable, query.row)
        } else {
            query.any_value(variable, draws)
        };
        query.space.set(variable, &mut row, value);
    }
    query.space.complete(&mut row);
    row
}
