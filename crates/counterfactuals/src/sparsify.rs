//! Undoing what was not needed: fewer changes, and smaller ones.

use crate::{Choice, CounterfactualError, Kind, query::Query, space::is_same};

/// Values that are tried between the present one and the found one in one batch.
const TRIED: usize = 8;
/// Batches of a number at most.
const ROUNDS: usize = 12;

/// Takes back changes as long as the wish is still granted: first whole ones, the dearest first, then parts of the changes
/// of numbers, by sections between the present value and the found one. The row never costs more than before.
pub(crate) fn sparsify(query: &Query<'_>, found: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
    let mut row = restored(query, found.to_vec())?;
    for variable in query.space.changed(query.row, &row) {
        let is_number = matches!(query.choices.get(variable), Some(Choice::Between(..)));
        if is_number {
            row = closer(query, row, variable)?;
        }
    }
    restored(query, row)
}

/// Sets features back one at a time; among those that may go back, the dearest goes.
fn restored(query: &Query<'_>, mut row: Vec<f64>) -> Result<Vec<f64>, CounterfactualError> {
    loop {
        let changed = query.space.changed(query.row, &row);
        if changed.len() < 2 {
            return Ok(row);
        }
        let one_less = |v: &usize| query.with(&row, *v, query.space.get(*v, query.row));
        let tried: Vec<Vec<f64>> = changed.iter().map(one_less).collect();
        let granted = query.granted(&tried.concat())?;
        let best = tried
            .into_iter()
            .zip(granted)
            .filter(|(_, ok)| *ok)
            .map(|(row, _)| (query.cost(&row), row))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((_, better)) => row = better,
            None => return Ok(row),
        }
    }
}

/// Moves one number towards its present value.
fn closer(query: &Query<'_>, mut row: Vec<f64>, variable: usize) -> Result<Vec<f64>, CounterfactualError> {
    let Some(Kind::Number { grid, .. }) = query.space.variables().get(variable).map(|v| &v.kind) else {
        return Ok(row);
    };
    let Some(Choice::Between(low, high)) = query.choices.get(variable) else { return Ok(row) };
    // The wish is granted at `good` and not known to be at `bad`.
    let (mut bad, mut good) = (query.space.get(variable, query.row), query.space.get(variable, &row));
    if bad.is_nan() || good.is_nan() {
        return Ok(row);
    }
    if let Some((replica, goal)) = query.replica {
        // Every class of values between the two, from the present one outwards.
        let Some(cells) = replica.cells().get(variable) else { return Ok(row) };
        let (first, last) = (cells.of(bad), cells.of(good));
        let order: Vec<usize> = if first <= last { (first..=last).collect() } else { (last..=first).rev().collect() };
        let (from, to) = (bad.min(good).max(*low), bad.max(good).min(*high));
        let mut tried: (Vec<u32>, Vec<f64>) = Default::default();
        for cell in order {
            let (start, end) = cells.ends(cell);
            let (start, end) = (start.max(from), end.min(to));
            let value = if start <= end { grid.nearest(bad, start, end) } else { None };
            if let (Some(value), Ok(cell)) = (value.filter(|value| !is_same(*value, bad)), u32::try_from(cell)) {
                tried.0.push(cell);
                tried.1.push(value);
            }
        }
        let granted = replica.along(query.space, &row, variable, &tried.0, |answer| goal.holds(answer));
        let value = granted.iter().position(|ok| *ok).and_then(|place| tried.1.get(place)).copied();
        return Ok(value.map_or(row.clone(), |value| query.with(&row, variable, value)));
    }
    let size = (good - bad).abs();
    for _ in 0..ROUNDS {
        let mut values: Vec<f64> = (1..=TRIED)
            .filter_map(|i| {
                #[allow(clippy::cast_precision_loss, reason = "a few sections")]
                let share = i as f64 / (TRIED + 1) as f64;
                grid.nearest(bad + (good - bad) * share, *low, *high)
            })
            .filter(|x| (x - bad) * (good - bad) > 0.0 && (good - x) * (good - bad) > 0.0)
            .collect();
        values.dedup();
        if values.is_empty() || (good - bad).abs() < 1e-6 * size {
            return Ok(row);
        }
        let tried: Vec<Vec<f64>> = values.iter().map(|x| query.with(&row, variable, *x)).collect();
        let granted = query.granted(&tried.concat())?;
        // From the present value outwards, the first that is granted.
        match granted.iter().position(|ok| *ok) {
            Some(place) => {
                bad = place.checked_sub(1).and_then(|p| values.get(p)).copied().unwrap_or(bad);
                good = values.get(place).copied().unwrap_or(good);
                row = tried.into_iter().nth(place).unwrap_or(row);
            }
            None => bad = values.last().copied().unwrap_or(bad),
        }
    }
    Ok(row)
}
