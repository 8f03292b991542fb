//! Values of a feature that no split of the trees tells apart.

use equipoise_models::{
    TreeEnsemble,
    trees::{Comparison, FeatureKind, Node, Rule},
};

use super::Encoder;
use crate::{CounterfactualError, Kind, Space};

/// The classes of values of one feature. A missing value is the class after the last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cells {
    /// Largest number of each class but the last, ascending.
    Numbers(Vec<f64>),
    /// One class per name.
    Names(u32),
}

impl Cells {
    /// Number of classes without the missing one.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numbers(ends) => ends.len() + 1,
            Self::Names(n) => *n as usize,
        }
    }

    /// The class of a value.
    pub(crate) fn of(&self, value: f64) -> usize {
        if value.is_nan() {
            return self.len();
        }
        match self {
            Self::Numbers(ends) => ends.partition_point(|end| *end < value),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are whole")]
            Self::Names(n) => (value.max(0.0) as usize).min((*n as usize).saturating_sub(1)),
        }
    }

    /// The ends of a class of numbers, both included.
    pub(crate) fn ends(&self, cell: usize) -> (f64, f64) {
        match self {
            Self::Numbers(ends) => {
                let low = cell.checked_sub(1).and_then(|c| ends.get(c)).map_or(f64::NEG_INFINITY, |e| e.next_up());
                (low, ends.get(cell).copied().unwrap_or(f64::INFINITY))
            }
            #[allow(clippy::cast_precision_loss, reason = "a number of names")]
            Self::Names(_) => (cell as f64, cell as f64),
        }
    }

    /// A value of each class, and a missing one.
    pub(crate) fn samples(&self) -> Vec<f64> {
        let value = |cell: usize| match self.ends(cell) {
            (low, high) if high.is_finite() && low.is_finite() => low + (high - low) / 2.0,
            (low, high) if high.is_finite() => high.min(low.max(high)),
            (low, _) => {
                if low.is_finite() {
                    low
                } else {
                    0.0
                }
            }
        };
        let in_cell = |cell: usize| {
            let (low, high) = self.ends(cell);
            let middle = value(cell);
            if middle >= low && middle <= high { middle } else { high }
        };
        (0..self.len()).map(in_cell).chain([f64::NAN]).collect()
    }
}

/// The classes of every feature, and which feature each of the ensemble's depends on.
pub(crate) fn cells(
    ensemble: &TreeEnsemble,
    space: &Space,
    encoder: &dyn Encoder,
) -> Result<(Vec<Cells>, Vec<Option<usize>>), CounterfactualError> {
    let n_features = ensemble.features().len();
    let mut sources: Vec<Option<usize>> = Vec::with_capacity(n_features);
    let mut is_asked = vec![false; n_features];
    for node in ensemble.trees().iter().flat_map(|tree| tree.nodes()) {
        if let Node::Split { feature, .. } = node
            && let Some(asked) = is_asked.get_mut(*feature)
        {
            *asked = true;
        }
    }
    for (feature, asked) in is_asked.iter().enumerate() {
        let columns = encoder.sources(feature);
        let of = |column: &usize| space.variables().iter().position(|v| v.columns.contains(column));
        let mut places: Vec<Option<usize>> = columns.iter().map(of).collect();
        places.dedup();
        match places.as_slice() {
            [Some(place)] => sources.push(Some(*place)),
            _ if !asked => sources.push(None),
            _ => {
                let name = ensemble.features().get(feature).map_or("", |f| f.name.as_str());
                return Err(super::refused(format!("its trees ask about `{name}`, which mixes several columns")));
            }
        }
    }
    if let Some(place) = space.derived().iter().find_map(|d| {
        let of = |v: &&crate::Variable| v.columns.contains(&d.column);
        space.variables().iter().find(of).map(|v| v.name.clone())
    }) {
        return Err(super::refused(format!("`{place}` is computed from other columns")));
    }
    let mut all = Vec::with_capacity(space.variables().len());
    for (place, variable) in space.variables().iter().enumerate() {
        all.push(match variable.kind {
            Kind::Category { n_codes } => Cells::Names(n_codes),
            Kind::OneHot => Cells::Names(u32::try_from(variable.columns.len()).unwrap_or(0)),
            Kind::Number { .. } => Cells::Numbers(number_ends(ensemble, space, encoder, place, &sources)?),
        });
    }
    Ok((all, sources))
}

/// Where the answer of some split changes as a number grows.
fn number_ends(
    ensemble: &TreeEnsemble,
    space: &Space,
    encoder: &dyn Encoder,
    variable: usize,
    sources: &[Option<usize>],
) -> Result<Vec<f64>, CounterfactualError> {
    let mut ends: Vec<f64> = Vec::new();
    // Splits of what is not the number itself, whose ends are searched for.
    let mut searched: Vec<(usize, Rule)> = Vec::new();
    let mut is_itself: Vec<Option<bool>> = vec![None; sources.len()];
    for node in ensemble.trees().iter().flat_map(|tree| tree.nodes()) {
        let Node::Split { feature, rule, .. } = node else { continue };
        if sources.get(*feature) != Some(&Some(variable)) {
            continue;
        }
        if let (Some(feature), Rule::Categories { .. }) = (ensemble.features().get(*feature), rule) {
            if let FeatureKind::Category(categories) = &feature.kind {
                for value in categories.names().iter().filter_map(|name| name.parse::<f64>().ok()) {
                    ends.extend([value.next_down(), value, (value + 1.0).next_down(), value - 1.0]);
                }
            }
            continue;
        }
        let Rule::Threshold { threshold, comparison, zero_is_missing, .. } = rule else { continue };
        if *zero_is_missing {
            let zero = f64::from(1e-35_f32);
            ends.extend([(-zero).next_down(), zero]);
        }
        let known = match is_itself.get(*feature).copied().flatten() {
            Some(known) => known,
            None => {
                let known = is_number_itself(space, encoder, variable, *feature)?;
                if let Some(place) = is_itself.get_mut(*feature) {
                    *place = Some(known);
                }
                known
            }
        };
        match (known, comparison) {
            (true, Comparison::LessOrEqual) => ends.push(*threshold),
            (true, Comparison::Less) => ends.push(threshold.next_down()),
            (false, _) => searched.push((*feature, rule.clone())),
        }
    }
    searched.dedup();
    ends.extend(searched_ends(space, encoder, variable, &searched)?);
    ends.retain(|x| x.is_finite());
    ends.sort_by(f64::total_cmp);
    ends.dedup_by(|a, b| (*a - *b).abs() == 0.0);
    Ok(ends)
}

/// Whether the trees see the number as it stands, in double precision.
fn is_number_itself(
    space: &Space,
    encoder: &dyn Encoder,
    variable: usize,
    feature: usize,
) -> Result<bool, CounterfactualError> {
    let tried = [0.1, -1.0 / 3.0, 12_345.678_9, 1e-3];
    let seen = encoded(space, encoder, variable, &tried)?;
    let n = seen.len() / tried.len();
    Ok(tried.iter().enumerate().all(|(i, x)| seen.get(i * n + feature).is_some_and(|y| y.to_bits() == x.to_bits())))
}

/// Rows that hold nothing but a feature's values, as the trees see them.
pub(crate) fn encoded(
    space: &Space,
    encoder: &dyn Encoder,
    variable: usize,
    values: &[f64],
) -> Result<Vec<f64>, CounterfactualError> {
    let template = encoder.template();
    let mut rows = Vec::with_capacity(values.len() * space.n_columns());
    for value in values {
        let mut row = template.to_vec();
        space.set(variable, &mut row, *value);
        rows.extend(row);
    }
    encoder.encode(&rows)
}

/// The largest number before the answer of each split changes, by bisection over all double-precision numbers.
fn searched_ends(
    space: &Space,
    encoder: &dyn Encoder,
    variable: usize,
    splits: &[(usize, Rule)],
) -> Result<Vec<f64>, CounterfactualError> {
    if splits.is_empty() {
        return Ok(Vec::new());
    }
    let goes_left = |values: &[f64]| -> Result<Vec<bool>, CounterfactualError> {
        let seen = encoded(space, encoder, variable, values)?;
        let n = seen.len() / values.len().max(1);
        let at = |(i, (feature, rule)): (usize, &(usize, Rule))| {
            rule.goes_left(seen.get(i * n + feature).copied().unwrap_or(f64::NAN))
        };
        Ok(splits.iter().enumerate().map(at).collect())
    };
    let far = 1e30;
    let first = goes_left(&vec![-far; splits.len()])?;
    let last = goes_left(&vec![far; splits.len()])?;
    let mut low = vec![ordinal(-far); splits.len()];
    let mut high = vec![ordinal(far); splits.len()];
    for _ in 0..64 {
        let middle: Vec<i64> = low.iter().zip(&high).map(|(a, b)| i64::midpoint(*a, *b)).collect();
        let values: Vec<f64> = middle.iter().map(|m| number(*m)).collect();
        let left = goes_left(&values)?;
        for ((m, left), (first, (low, high))) in
            middle.iter().zip(left).zip(first.iter().zip(low.iter_mut().zip(high.iter_mut())))
        {
            if left == *first {
                *low = *m;
            } else {
                *high = *m;
            }
        }
    }
    let changes = first.iter().zip(&last).map(|(a, b)| a != b);
    Ok(low.iter().zip(changes).filter(|(_, c)| *c).map(|(m, _)| number(*m)).collect())
}

/// Numbers in their order as whole numbers.
fn ordinal(x: f64) -> i64 {
    #[allow(clippy::cast_possible_wrap, reason = "the sign bit is cut off")]
    let size = (x.abs().to_bits()) as i64;
    if x < 0.0 { -size } else { size }
}

fn number(ordinal: i64) -> f64 {
    let x = f64::from_bits(ordinal.unsigned_abs());
    if ordinal < 0 { -x } else { x }
}
