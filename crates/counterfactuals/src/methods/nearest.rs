//! Rows that really occur and are answered as wished: the nearest of them, and walks towards them.

use crate::{CounterfactualError, Method, Proposals, Reference, query::Query};

/// DiCE's `kdtree`: the nearest rows with the desired answer, with what may not change kept as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KdTree;

/// Walks from the row towards its nearest plausible examples, one feature at a time, each time the one that brings the
/// answer closest to the wish for what it costs (Brughmans, Leyman & Martens 2023, NICE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// Examples to walk to.
    pub neighbours: usize,
}

impl Default for Nearest {
    fn default() -> Self {
        Self { neighbours: 4 }
    }
}

/// Nearest rows to look at for each that is wanted: some of them are answered otherwise once limits are kept.
const SPARE: usize = 4;

impl Method for KdTree {
    fn name(&self) -> &'static str {
        "kdtree"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let reference = needed(query, self.name())?;
        let k = query.total.max(1) * SPARE + SPARE;
        Ok(Proposals { rows: examples(query, reference, k)?, ..Proposals::default() })
    }
}

impl Method for Nearest {
    fn name(&self) -> &'static str {
        "nearest"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let reference = needed(query, self.name())?;
        let k = self.neighbours.max(query.total);
        let ends = examples(query, reference, k * 2)?;
        let mut rows = Vec::with_capacity(ends.len());
        for end in ends.iter().take(k) {
            rows.push(walk(query, end)?);
        }
        Ok(Proposals { rows, ..Proposals::default() })
    }
}

fn needed<'a>(query: &Query<'a>, method: &'static str) -> Result<&'a Reference, CounterfactualError> {
    query.reference.ok_or_else(|| CounterfactualError::Method {
        method,
        why: "there are no rows to look among".to_owned(),
        hint: "give training data, or use `random`",
    })
}

/// The nearest rows with the desired answer, within the limits, that still are answered as wished.
fn examples(query: &Query<'_>, reference: &Reference, k: usize) -> Result<Vec<Vec<f64>>, CounterfactualError> {
    let near = reference.nearest(query.space, query.goal, query.row, k);
    let rows: Vec<Vec<f64>> = near.iter().map(|(_, row)| query.projected(row)).collect();
    let granted = query.granted(&rows.concat())?;
    let mut rows: Vec<Vec<f64>> = rows.into_iter().zip(granted).filter(|(_, ok)| *ok).map(|(row, _)| row).collect();
    if rows.is_empty() {
        // Limits took the answer away from all near ones: look among all.
        for batch in reference.granted(query.goal).collect::<Vec<_>>().chunks(1024) {
            let all: Vec<Vec<f64>> = batch.iter().map(|row| query.projected(row)).collect();
            let granted = query.granted(&all.concat())?;
            rows.extend(all.into_iter().zip(granted).filter(|(_, ok)| *ok).map(|(row, _)| row));
        }
        let mut costs: Vec<(f64, Vec<f64>)> = rows.into_iter().map(|row| (query.cost(&row), row)).collect();
        costs.sort_by(|a, b| a.0.total_cmp(&b.0));
        rows = costs.into_iter().take(k).map(|(_, row)| row).collect();
    }
    Ok(rows)
}

/// From the row towards an example; ends there at the latest.
fn walk(query: &Query<'_>, end: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
    let mut row = query.row.to_vec();
    let mut left = query.space.changed(query.row, end);
    let mut short = f64::INFINITY;
    while !left.is_empty() {
        let step = |v: &usize| query.with(&row, *v, query.space.get(*v, end));
        let tried: Vec<Vec<f64>> = left.iter().map(step).collect();
        let shortfalls = query.shortfalls(&tried.concat())?;
        if short.is_infinite() {
            short = query.shortfalls(query.row)?.first().copied().unwrap_or(0.0);
        }
        let worth = |(place, to): (usize, &f64)| {
            let cost = tried.get(place).map_or(1.0, |t| query.cost(t) - query.cost(&row)).max(1e-9);
            // What grants the wish comes first, the cheapest of those before all.
            if *to <= 0.0 { (1, -cost) } else { (0, (short - to) / cost) }
        };
        let best = shortfalls.iter().enumerate().max_by(|a, b| {
            let (a, b) = (worth((a.0, a.1)), worth((b.0, b.1)));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let Some((place, to)) = best.map(|(place, to)| (place, *to)) else { break };
        left.remove(place);
        row = tried.into_iter().nth(place).unwrap_or(row);
        if to <= 0.0 {
            break;
        }
        short = to;
    }
    Ok(row)
}
