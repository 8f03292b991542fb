//! From parameters and data to what may change.

use std::collections::BTreeSet;

use equipoise_counterfactuals::{
    CounterfactualError, Derived, Direction, Formula, Grid, Kind, Limits, RowLimit, Space, Variable,
};
use equipoise_data::nearest;

use super::params::{FeaturesToVary, Permitted, RawParams, wrong};
use super::rows::Bridge;
use crate::AnalysisError;

/// Decimals that are looked for at most.
const DECIMALS: i32 = 6;
/// Rows whose decimals are looked at.
const LOOKED_AT: usize = 2_000;

/// What the data say of the numbers of a column.
struct Seen {
    scale: f64,
    grid: Grid,
    range: (f64, f64),
}

/// Builds the space: one feature per column or one-hot group.
pub(crate) fn space(
    params: &RawParams,
    bridge: &Bridge<'_>,
    reference: &[f64],
    held: &BTreeSet<String>,
) -> Result<Space, AnalysisError> {
    check_names(params, bridge)?;
    let n = bridge.names.len();
    let place = |name: &str| bridge.names.iter().position(|m| m == name);
    let mut variables = Vec::new();
    let grouped: BTreeSet<&String> = params.one_hot.iter().flatten().collect();
    for group in &params.one_hot {
        let columns: Vec<usize> = group.iter().filter_map(|name| place(name)).collect();
        let is_free = group.iter().all(|name| may_vary(params, name, held));
        let limits = Limits { is_fixed: !is_free, ..Limits::default() };
        let cost = group.iter().find_map(|name| params.costs.get(name)).copied().unwrap_or(1.0);
        variables.push(Variable { name: group.join("+"), columns, kind: Kind::OneHot, limits, cost });
    }
    for (column, name) in bridge.names.iter().enumerate().filter(|(_, name)| !grouped.contains(name)) {
        let values: Vec<f64> = reference.iter().skip(column).step_by(n.max(1)).copied().collect();
        let kind = match bridge.levels.get(column) {
            Some(Some(levels)) => Kind::Category { n_codes: u32::try_from(levels.len()).unwrap_or(0) },
            _ => {
                let seen = seen(&values, params.steps.get(name).copied());
                Kind::Number { scale: seen.scale, grid: seen.grid, range: seen.range }
            }
        };
        let limits = limits(params, bridge, column, name, held)?;
        let kind = widened(kind, &limits);
        let cost = params.costs.get(name).copied().unwrap_or(1.0);
        variables.push(Variable { name: name.clone(), columns: vec![column], kind, limits, cost });
    }
    let derived = params.derived.iter().map(|(name, text)| {
        let formula = Formula::parse(text, &place)?;
        Ok(Derived { column: place(name).unwrap_or(0), formula })
    });
    let derived: Result<Vec<Derived>, CounterfactualError> = derived.collect();
    let derived = derived.map_err(|error| told("derived", &error))?;
    let max_changes = params.max_changes.map_or(usize::MAX, |m| m as usize);
    Space::new(variables, derived, n, params.sparsity_weight, max_changes).map_err(|error| told("*", &error))
}

/// A range that a person permits may go beyond what occurs.
fn widened(kind: Kind, limits: &Limits) -> Kind {
    match (kind, limits.range) {
        (Kind::Number { scale, grid, range }, Some((low, high))) => {
            Kind::Number { scale, grid, range: (range.0.min(low), range.1.max(high)) }
        }
        (kind, _) => kind,
    }
}

/// The crate's errors as this analysis tells them.
pub(super) fn told(parameter: &str, error: &CounterfactualError) -> AnalysisError {
    let text = error.to_string();
    let (problem, hint) = text.split_once("\nhint: ").unwrap_or((&text, "see the parameters"));
    wrong(parameter, problem, hint)
}

/// Limits that hold for one row.
pub(super) fn row_limits(
    params: &RawParams,
    bridge: &Bridge<'_>,
    space: &Space,
    row: u64,
) -> Result<Vec<RowLimit>, AnalysisError> {
    let mut all = Vec::new();
    for limit in params.row_limits.iter().filter(|l| l.row == row) {
        let Some(column) = bridge.names.iter().position(|n| *n == limit.feature) else { continue };
        let variable = space.variables().iter().position(|v| v.columns.as_slice() == [column]);
        let Some(variable) = variable else { continue };
        let mut limits = Limits::default();
        permit(&mut limits, bridge, column, &limit.feature, &limit.permitted)?;
        all.push(RowLimit { variable, limits });
    }
    Ok(all)
}

/// Every name in the parameters is a column of the model.
fn check_names(params: &RawParams, bridge: &Bridge<'_>) -> Result<(), AnalysisError> {
    let check = |parameter: &str, name: &String| {
        if bridge.names.contains(name) {
            return Ok(());
        }
        let near = nearest(name, bridge.names.iter().map(String::as_str));
        let all = || bridge.names.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
        let hint = near.map_or_else(|| format!("the model takes {}", all()), |n| format!("the nearest name is `{n}`"));
        Err(wrong(parameter, format!("the model takes no column `{name}`"), hint))
    };
    if let FeaturesToVary::These(names) = &params.features_to_vary {
        names.iter().try_for_each(|name| check("features_to_vary", name))?;
    }
    params.permitted_range.keys().try_for_each(|name| check("permitted_range", name))?;
    params.immutable.iter().try_for_each(|name| check("immutable", name))?;
    params.increase_only.iter().try_for_each(|name| check("increase_only", name))?;
    params.decrease_only.iter().try_for_each(|name| check("decrease_only", name))?;
    params.max_change.keys().try_for_each(|name| check("max_change", name))?;
    params.max_relative_change.keys().try_for_each(|name| check("max_relative_change", name))?;
    params.steps.keys().try_for_each(|name| check("steps", name))?;
    params.costs.keys().try_for_each(|name| check("costs", name))?;
    params.one_hot.iter().flatten().try_for_each(|name| check("one_hot", name))?;
    params.derived.keys().try_for_each(|name| check("derived", name))?;
    params.row_limits.iter().try_for_each(|limit| check("row_limits", &limit.feature))?;
    for (name, step) in &params.steps {
        if !(*step > 0.0 && step.is_finite()) {
            return Err(wrong("steps", format!("`{step}` is no step of `{name}`"), "for example 1 or 0.01"));
        }
    }
    let both = params.increase_only.iter().find(|name| params.decrease_only.contains(name));
    if let Some(name) = both {
        let problem = format!("the limits of `{name}` contradict each other: it may only grow and it may only shrink");
        return Err(wrong("increase_only", problem, "take it out of one of the two lists"));
    }
    if let FeaturesToVary::These(names) = &params.features_to_vary {
        let Some(name) = params.immutable.iter().find(|name| names.contains(name)) else { return Ok(()) };
        let problem = format!("the limits of `{name}` contradict each other: it is immutable and it is to vary");
        return Err(wrong("immutable", problem, "take it out of one of the two lists"));
    }
    Ok(())
}

/// Whether a feature may change at all.
fn may_vary(params: &RawParams, name: &String, held: &BTreeSet<String>) -> bool {
    let is_listed = match &params.features_to_vary {
        FeaturesToVary::Word(_) => !held.contains(name),
        FeaturesToVary::These(names) => names.contains(name),
    };
    is_listed && !params.immutable.contains(name) && !params.derived.contains_key(name)
}

fn limits(
    params: &RawParams,
    bridge: &Bridge<'_>,
    column: usize,
    name: &String,
    held: &BTreeSet<String>,
) -> Result<Limits, AnalysisError> {
    let mut limits = Limits::default();
    if !may_vary(params, name, held) {
        // Limits of what is held by `features_to_vary` are idle; those of what is immutable contradict it.
        limits.is_fixed = true;
        if params.immutable.contains(name) && params.permitted_range.contains_key(name) {
            let problem = format!(
                "the limits of `{name}` contradict each other: it is immutable and `permitted_range` says what it may become"
            );
            return Err(wrong("immutable", problem, "take it out of one of the two"));
        }
        return Ok(limits);
    }
    if params.increase_only.contains(name) {
        limits.direction = Direction::Up;
    }
    if params.decrease_only.contains(name) {
        limits.direction = Direction::Down;
    }
    if let Some([down, up]) = params.max_change.get(name) {
        (limits.most_down, limits.most_up) = (Some(down.abs()), Some(*up));
    }
    limits.relative = params.max_relative_change.get(name).copied();
    if let Some(permitted) = params.permitted_range.get(name) {
        permit(&mut limits, bridge, column, name, permitted)?;
    }
    Ok(limits)
}

fn permit(
    limits: &mut Limits,
    bridge: &Bridge<'_>,
    column: usize,
    name: &str,
    permitted: &Permitted,
) -> Result<(), AnalysisError> {
    let levels = bridge.levels.get(column).and_then(Option::as_deref);
    match (permitted, levels) {
        (Permitted::Range([low, high]), None) => limits.range = Some((*low, *high)),
        (Permitted::Range(_), Some(_)) => {
            return Err(wrong(
                "permitted_range",
                format!("`{name}` holds names, not numbers"),
                "list the permitted names",
            ));
        }
        (Permitted::Names(_), None) => {
            return Err(wrong(
                "permitted_range",
                format!("`{name}` holds numbers, not names"),
                "give a range, as [20, 40]",
            ));
        }
        (Permitted::Names(names), Some(levels)) => {
            let code = |wanted: &String| {
                let Some(place) = levels.iter().position(|l| l == wanted) else {
                    let near = nearest(wanted, levels.iter().map(String::as_str));
                    let hint = near.map_or_else(
                        || "list names that occur in the data".to_owned(),
                        |near| format!("the nearest name is `{near}`"),
                    );
                    return Err(wrong("permitted_range", format!("`{name}` has no category `{wanted}`"), hint));
                };
                Ok(u32::try_from(place).unwrap_or(u32::MAX))
            };
            limits.codes = Some(names.iter().map(code).collect::<Result<_, _>>()?);
        }
    }
    Ok(())
}

/// Median absolute deviation, steps and range of a column; where half of the values are the same, the mean absolute
/// deviation from the median stands in for the first.
fn seen(values: &[f64], step: Option<f64>) -> Seen {
    let mut known: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let middle = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let median = middle(&known);
    let mut away: Vec<f64> = known.iter().map(|x| (x - median).abs()).collect();
    away.sort_by(f64::total_cmp);
    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    let mean = away.iter().sum::<f64>() / away.len().max(1) as f64;
    let scale = [middle(&away), mean, 1.0].into_iter().find(|s| *s > 0.0).unwrap_or(1.0);
    let is_whole = |x: &f64, decimals: i32| {
        let moved = x * libm::pow(10.0, f64::from(decimals));
        (moved - libm::round(moved)).abs() < 1e-6 * moved.abs().clamp(1.0, 1e3)
    };
    let looked_at = || values.iter().filter(|x| x.is_finite()).take(LOOKED_AT);
    let decimals = (0..=DECIMALS).find(|d| looked_at().all(|x| is_whole(x, *d)));
    let grid = match (step, decimals) {
        (Some(step), _) => Grid::Step(step),
        (None, Some(d)) => Grid::decimals(d.unsigned_abs()),
        (None, None) => Grid::Any,
    };
    let range = (known.first().copied().unwrap_or(0.0), known.last().copied().unwrap_or(0.0));
    Seen { scale, grid, range }
}
