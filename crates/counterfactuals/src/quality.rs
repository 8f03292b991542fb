//! How good a set of counterfactuals is, as numbers.

use equipoise_kernels::Draws;

use crate::{Choice, CounterfactualError, Finder, Found, Kind, Space};

/// Quality of a set, in the terms of Mothilal, Sharma & Tan (2020) and Guidotti (2022).
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// Share that the model answers as wished.
    pub validity: f64,
    /// Mean size of the changes of numbers, in scales, over all numbers; none without numbers.
    pub proximity_numbers: Option<f64>,
    /// Mean share of names that stay; none without names.
    pub proximity_names: Option<f64>,
    /// Mean share of features that stay.
    pub sparsity: f64,
    /// Mean distance between two of the set; none for a single one.
    pub diversity: Option<f64>,
    /// Mean distance to the nearest row that really occurs with the desired answer; none without such rows.
    pub plausibility: Option<f64>,
    /// Mean distance to the fifth nearest of these rows; none with fewer.
    pub fifth: Option<f64>,
    /// Share that lie apart from these rows: their local outlier factor is above 1.5; none with fewer than ten rows.
    pub isolated: Option<f64>,
    /// Share of slightly disturbed copies that are still answered as wished.
    pub robustness: f64,
}

/// The neighbour whose distance is told beside that of the nearest.
const FIFTH: usize = 5;
/// Rows with a larger local outlier factor lie apart.
const APART: f64 = 1.5;
/// Disturbed copies of each counterfactual.
const COPIES: usize = 20;
/// Numbers are disturbed by this many scales.
const DISTURBANCE: f64 = 0.05;

impl Quality {
    /// Of what was found for a row; none where nothing was.
    ///
    /// # Errors
    /// When the model cannot be asked.
    pub fn of(
        finder: &Finder<'_>,
        row: &[f64],
        row_id: u64,
        choices: &[Choice],
        found: &Found,
    ) -> Result<Option<Self>, CounterfactualError> {
        let set: Vec<&[f64]> = found.counterfactuals.iter().map(|c| c.row.as_slice()).collect();
        if set.is_empty() {
            return Ok(None);
        }
        #[allow(clippy::cast_precision_loss, reason = "a few counterfactuals")]
        let n = set.len() as f64;
        let space = finder.space;
        let granted = found.counterfactuals.iter().filter(|c| found.goal.holds(&c.answer)).count();
        let mut pairs = Vec::new();
        for (place, one) in set.iter().enumerate() {
            pairs.extend(set.iter().skip(place + 1).map(|other| space.distance(one, other)));
        }
        let (mut nearest, mut fifth, mut isolated) = (Vec::new(), Vec::new(), Vec::new());
        for (reference, one) in
            finder.reference.iter().flat_map(|reference| set.iter().map(move |one| (reference, one)))
        {
            let near = reference.nearest(space, found.goal, one, FIFTH);
            nearest.extend(near.first().map(|(_, other)| space.distance(one, other)));
            fifth.extend(near.get(FIFTH - 1).map(|(_, other)| space.distance(one, other)));
            let factor = reference.isolation(space, found.goal, one);
            isolated.extend(factor.map(|factor| f64::from(u8::from(factor > APART))));
        }
        let (numbers, names) = parts(space, row, &set);
        #[allow(clippy::cast_precision_loss, reason = "a few features")]
        let all = space.variables().len().max(1) as f64;
        #[allow(clippy::cast_precision_loss, reason = "a few features")]
        let changed: f64 = found.counterfactuals.iter().map(|c| c.changed.len() as f64).sum();
        #[allow(clippy::cast_precision_loss, reason = "a few counterfactuals")]
        let validity = granted as f64 / n;
        Ok(Some(Self {
            validity,
            proximity_numbers: numbers,
            proximity_names: names,
            sparsity: 1.0 - changed / n / all,
            diversity: mean(&pairs),
            plausibility: mean(&nearest),
            fifth: mean(&fifth),
            isolated: mean(&isolated),
            robustness: robustness(finder, row_id, choices, found, &set)?,
        }))
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a few values")]
    let n = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / n)
}

/// Size of the changes of numbers, and share of names that stay.
fn parts(space: &Space, row: &[f64], set: &[&[f64]]) -> (Option<f64>, Option<f64>) {
    let (mut numbers, mut names) = (Vec::new(), Vec::new());
    for one in set {
        for (place, variable) in space.variables().iter().enumerate() {
            let (from, to) = (space.get(place, row), space.get(place, one));
            match variable.kind {
                Kind::Number { scale, .. } if !from.is_nan() && !to.is_nan() => numbers.push((to - from).abs() / scale),
                Kind::Number { .. } => numbers.push(f64::from(u8::from(from.is_nan() != to.is_nan()))),
                Kind::Category { .. } | Kind::OneHot => {
                    names.push(f64::from(u8::from(crate::space::is_same(from, to))));
                }
            }
        }
    }
    (mean(&numbers), mean(&names))
}

/// Copies whose numbers are moved by normal draws, within what the feature can hold.
fn robustness(
    finder: &Finder<'_>,
    row_id: u64,
    choices: &[Choice],
    found: &Found,
    set: &[&[f64]],
) -> Result<f64, CounterfactualError> {
    let space = finder.space;
    let mut draws = Draws::new(finder.seed, "counterfactuals.robustness", row_id);
    let mut rows = Vec::new();
    for one in set {
        for _ in 0..COPIES {
            let mut copy = one.to_vec();
            for (place, variable) in space.variables().iter().enumerate() {
                let value = space.get(place, one);
                let Kind::Number { scale, grid, .. } = variable.kind else { continue };
                if value.is_nan() || choices.get(place) == Some(&Choice::Stay) {
                    continue;
                }
                let moved = value + DISTURBANCE * scale * draws.normal();
                let moved = grid.nearest(moved, f64::NEG_INFINITY, f64::INFINITY).unwrap_or(value);
                space.set(place, &mut copy, moved);
            }
            space.complete(&mut copy);
            rows.extend(copy);
        }
    }
    let answers = finder.model.ask(&rows)?;
    let n_outputs = finder.answers.n_outputs().max(1);
    let granted = answers.chunks_exact(n_outputs).filter(|answer| found.goal.holds(answer)).count();
    #[allow(clippy::cast_precision_loss, reason = "a few copies")]
    let share = granted as f64 / (answers.len() / n_outputs).max(1) as f64;
    Ok(share)
}
