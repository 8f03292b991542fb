//! Downhill to the wish, for models whose answers change smoothly.

use crate::{Choice, CounterfactualError, Kind, Method, Proposals, find::distinct, query::Query};

/// Steepest descent of what is missing (Wachter, Mittelstadt & Russell 2018), from the row itself and from the row with one name
/// changed. Slopes are central differences: the model is asked at both sides of each number, all numbers and all ways in one
/// batch, so that any model will do whose answers change smoothly. Where nothing slopes, nothing is found.
///
/// ```text
/// u_j = x_j / scale_j        step = −∂ missing / ∂u_j, made as long as grants the wish, or lowers what is missing most
/// ```
///
/// Numbers are snapped to their steps at the end, outwards where that is needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradient {
    /// Steps at most.
    pub max_steps: usize,
    /// How far apart the model is asked for a slope, in scales.
    pub width: f64,
}

impl Default for Gradient {
    fn default() -> Self {
        Self { max_steps: 60, width: 0.05 }
    }
}

/// Lengths of a step that are tried at once, in scales.
const LENGTHS: [f64; 8] = [0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4];
/// Names that a way may begin with.
const STARTS: usize = 24;

/// One way downhill.
struct Way {
    row: Vec<f64>,
    short: f64,
}

impl Method for Gradient {
    fn name(&self) -> &'static str {
        "gradient"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let numbers: Vec<usize> = query.free().into_iter().filter(|v| is_number(query, *v)).collect();
        let mut found = Vec::new();
        let mut ways = starts(query)?;
        for _ in 0..self.max_steps {
            found.extend(ways.iter().filter(|way| way.short <= 0.0).map(|way| way.row.clone()));
            ways.retain(|way| way.short > 0.0);
            if ways.is_empty() || distinct(found.clone()).len() > 2 * query.total {
                break;
            }
            let slopes = self.slopes(query, &ways, &numbers)?;
            ways = stepped(query, &ways, &slopes, &numbers)?;
        }
        let mut rows = Vec::new();
        for row in distinct(found) {
            rows.extend(snapped(query, &row, &numbers)?);
        }
        rows.retain(|row| query.is_sparse_enough(row));
        Ok(Proposals { rows, ..Proposals::default() })
    }
}

impl Gradient {
    /// How what is missing changes with each number of each way, per scale.
    fn slopes(&self, query: &Query<'_>, ways: &[Way], numbers: &[usize]) -> Result<Vec<Vec<f64>>, CounterfactualError> {
        let (mut rows, mut apart) = (Vec::new(), Vec::new());
        for way in ways {
            for variable in numbers {
                let at = query.space.get(*variable, &way.row);
                let (low, high) = ends(query, *variable);
                let half = self.width * scale(query, *variable);
                let (below, above) = ((at - half).max(low).min(at), (at + half).min(high).max(at));
                apart.push((above - below) / scale(query, *variable));
                rows.extend(query.with(&way.row, *variable, below));
                rows.extend(query.with(&way.row, *variable, above));
            }
        }
        let shorts = query.shortfalls(&rows)?;
        let (pairs, _) = shorts.as_chunks::<2>();
        let slope =
            |([below, above], apart): (&[f64; 2], &f64)| if *apart > 0.0 { (above - below) / apart } else { 0.0 };
        let all: Vec<f64> = pairs.iter().zip(&apart).map(slope).collect();
        Ok(all.chunks(numbers.len().max(1)).map(<[f64]>::to_vec).collect())
    }
}

/// The row, and the row with each single name changed; missing numbers stay missing.
fn starts(query: &Query<'_>) -> Result<Vec<Way>, CounterfactualError> {
    let mut rows = vec![query.row.to_vec()];
    for (variable, choice) in query.choices.iter().enumerate() {
        let Choice::Among(codes) = choice else { continue };
        rows.extend(codes.iter().map(|code| query.with(query.row, variable, f64::from(*code))));
    }
    let shorts = query.shortfalls(&rows.concat())?;
    let mut ways: Vec<Way> = rows.into_iter().zip(shorts).map(|(row, short)| Way { row, short }).collect();
    // The row itself stays first; of the others those that are nearest to the wish.
    if let Some(others) = ways.get_mut(1..) {
        others.sort_by(|a, b| a.short.total_cmp(&b.short));
    }
    ways.truncate(STARTS);
    Ok(ways)
}

/// Every way one step on: the shortest length that grants the wish, else the one that leaves least missing. Ways that no longer
/// come nearer end.
fn stepped(
    query: &Query<'_>,
    ways: &[Way],
    slopes: &[Vec<f64>],
    numbers: &[usize],
) -> Result<Vec<Way>, CounterfactualError> {
    let mut rows = Vec::new();
    for (way, slopes) in ways.iter().zip(slopes) {
        let norm = libm::sqrt(slopes.iter().map(|s| s * s).sum::<f64>()).max(f64::MIN_POSITIVE);
        for length in LENGTHS {
            let mut row = way.row.clone();
            for (variable, slope) in numbers.iter().zip(slopes) {
                let at = query.space.get(*variable, &way.row);
                let (low, high) = ends(query, *variable);
                let to = at - length * slope / norm * scale(query, *variable);
                query.space.set(*variable, &mut row, if slope.abs() > 0.0 { to.clamp(low, high) } else { at });
            }
            query.space.complete(&mut row);
            rows.push(row);
        }
    }
    let shorts = query.shortfalls(&rows.concat())?;
    let mut next = Vec::new();
    for ((way, rows), shorts) in ways.iter().zip(rows.chunks(LENGTHS.len())).zip(shorts.chunks(LENGTHS.len())) {
        let granted = shorts.iter().position(|short| *short <= 0.0);
        let least = || {
            let best = shorts.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
            best.filter(|(_, short)| **short < way.short).map(|(place, _)| place)
        };
        let Some(place) = granted.or_else(least) else { continue };
        if let (Some(row), Some(short)) = (rows.get(place), shorts.get(place)) {
            next.push(Way { row: row.clone(), short: *short });
        }
    }
    Ok(next)
}

/// The row on the steps of its numbers: the nearest ones, or the next ones outwards; whichever are granted.
fn snapped(query: &Query<'_>, row: &[f64], numbers: &[usize]) -> Result<Vec<Vec<f64>>, CounterfactualError> {
    let (mut near, mut far) = (row.to_vec(), row.to_vec());
    for variable in numbers {
        let (present, to) = (query.space.get(*variable, query.row), query.space.get(*variable, row));
        let Some(Kind::Number { grid, .. }) = query.space.variables().get(*variable).map(|v| &v.kind) else { continue };
        let (low, high) = ends(query, *variable);
        let is_still = (to - present).abs() <= 1e-9 * scale(query, *variable);
        let nearest = if is_still { present } else { grid.nearest(to, low, high).unwrap_or(present) };
        let outwards = if to >= present { grid.at_least(to).min(high) } else { grid.at_most(to).max(low) };
        query.space.set(*variable, &mut near, nearest);
        query.space.set(*variable, &mut far, if is_still || present.is_nan() { nearest } else { outwards });
    }
    query.space.complete(&mut near);
    query.space.complete(&mut far);
    let rows = [near, far];
    let granted = query.granted(&rows.concat())?;
    Ok(rows.into_iter().zip(granted).filter(|(_, ok)| *ok).map(|(row, _)| row).collect())
}

fn is_number(query: &Query<'_>, variable: usize) -> bool {
    // A missing number has no slope; it stays missing.
    matches!(query.choices.get(variable), Some(Choice::Between(..))) && !query.space.get(variable, query.row).is_nan()
}

fn ends(query: &Query<'_>, variable: usize) -> (f64, f64) {
    match query.choices.get(variable) {
        Some(Choice::Between(low, high)) => {
            let present = query.space.get(variable, query.row);
            (low.min(present), high.max(present))
        }
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

fn scale(query: &Query<'_>, variable: usize) -> f64 {
    match query.space.variables().get(variable).map(|v| &v.kind) {
        Some(Kind::Number { scale, .. }) => *scale,
        _ => 1.0,
    }
}
