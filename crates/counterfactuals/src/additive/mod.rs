//! The cheapest counterfactuals of models whose margin is a sum over features, with proof.

mod curve;
mod search;
#[cfg(test)]
mod tests;

use equipoise_models::trees::Link;

use self::curve::Curve;
use self::search::Search;
use crate::exact::goals::{Half, halves};
use crate::exact::refused;
use crate::{Ask, Choice, CounterfactualError, Goal, Grid, Kind, Method, Proof, Proposals, Space, query::Query};

/// Exact counterfactuals where the margin (what stands before a logistic or softmax link) is a constant and one function of each
/// feature: linear and logistic regressions behind whatever treats every column by itself. The cheapest permitted row, then the
/// cheapest ones that do not change everything an earlier one changes.
///
/// ```text
/// minimise Σ_j cost_j(x_j)   such that   Σ_j f_j(x_j) ≥ what the wish needs
/// ```
///
/// A number's `f_j` is taken as a line where it is one at all its permitted values (at 1,025 of them where they are more), and
/// as a table otherwise. Sums are held against the wish within 1e-6 of their size, and then the model itself is asked.
pub struct Additive {
    shapes: Vec<Shape>,
    base: Vec<f64>,
    link: Link,
    tolerance: f64,
    max_nodes: usize,
}

/// What a feature adds to each margin, shape `(n_values, n_outputs)`.
struct Shape {
    missing: Vec<f64>,
    of: Of,
}

enum Of {
    /// By code.
    Names(Vec<f64>),
    /// At each permitted value.
    Table { values: Vec<f64>, adds: Vec<f64> },
    /// `start + slope · x`.
    Line { start: Vec<f64>, slope: Vec<f64> },
}

/// Values of a number that are looked at one by one.
const MOST_VALUES: f64 = 20_000.0;
/// Values at which a line is looked for where there are more.
const TRIED: usize = 1_025;

impl Additive {
    /// Finds out what each feature adds. `margins` answers with margins, shape `(n_rows, n_outputs)`; `template` is any row.
    ///
    /// # Errors
    /// [`CounterfactualError::Method`] when a column is computed from others, or the effect of a number is neither a line nor a
    /// short table.
    pub fn new(
        margins: &dyn Ask,
        link: Link,
        space: &Space,
        template: &[f64],
        max_nodes: usize,
    ) -> Result<Self, CounterfactualError> {
        if let Some(one) = space.derived().first() {
            let of = space.variables().iter().find(|v| v.columns.contains(&one.column));
            return Err(refused(format!("`{}` is computed from other columns", of.map_or("", |v| v.name.as_str()))));
        }
        let base = margins.ask(template)?;
        let mut shapes = Vec::with_capacity(space.variables().len());
        for variable in 0..space.variables().len() {
            shapes.push(shape(margins, space, template, &base, variable)?);
        }
        let size = shapes.iter().map(Shape::size).sum::<f64>() + base.iter().fold(0.0_f64, |m, b| m.max(b.abs()));
        Ok(Self { shapes, base, link, tolerance: 1e-6 * size.max(1.0), max_nodes })
    }

    /// Whether a goal is a condition on margins.
    ///
    /// # Errors
    /// [`CounterfactualError::Method`] when it is not, as the probability of one of several classes.
    pub fn check_goal(&self, goal: Goal) -> Result<(), CounterfactualError> {
        halves(goal, self.link, self.base.len()).map(|_| ())
    }

    /// What a value adds to what a condition counts.
    fn adds(&self, variable: usize, value: f64, half: &Half) -> f64 {
        let Some(shape) = self.shapes.get(variable) else { return 0.0 };
        half.coefficients.iter().enumerate().map(|(k, c)| c * shape.adds(value, k, self.base.len())).sum()
    }

    /// What each feature of a row may become, seen by some conditions.
    fn curves(&self, query: &Query<'_>, way: &[Half]) -> (Vec<Curve>, bool) {
        let mut is_whole = true;
        let curves = (0..self.shapes.len())
            .map(|variable| {
                let present = query.space.get(variable, query.row);
                let (values, is_all) = match self.values(query, variable) {
                    Choices::Line(range) => return self.line(query, variable, way, range),
                    Choices::These(values, is_all) => (values, is_all),
                };
                is_whole &= is_all;
                let values: Vec<f64> = std::iter::once(present).chain(values).collect();
                let costs = values.iter().map(|v| query.space.cost_of(variable, present, *v)).collect();
                let gain = |half: &Half| {
                    let now = self.adds(variable, present, half);
                    values.iter().map(|v| self.adds(variable, *v, half) - now).collect()
                };
                Curve::Points { gains: way.iter().map(gain).collect(), costs, values }
            })
            .collect();
        (curves, is_whole)
    }

    fn line(&self, query: &Query<'_>, variable: usize, way: &[Half], range: (f64, f64)) -> Curve {
        let present = query.space.get(variable, query.row);
        let slope = |half: &Half| {
            let Some(Shape { of: Of::Line { slope, .. }, .. }) = self.shapes.get(variable) else { return 0.0 };
            half.coefficients.iter().zip(slope).map(|(c, s)| c * s).sum()
        };
        let (mut price, mut rate, mut grid) = (0.0, 0.0, Grid::Any);
        if let Some((of, sparsity)) = query.space.price(variable)
            && let Kind::Number { scale, grid: of_kind, .. } = of.kind
        {
            (price, rate, grid) = (sparsity, of.cost / scale, of_kind);
        }
        Curve::Line { present, price, rate, slopes: way.iter().map(slope).collect(), grid, range }
    }

    /// Values that a feature of the row may be changed to, and whether these are all.
    fn values(&self, query: &Query<'_>, variable: usize) -> Choices {
        let present = query.space.get(variable, query.row);
        match (query.choices.get(variable), self.shapes.get(variable).map(|s| &s.of)) {
            (Some(Choice::Among(codes)), _) => Choices::These(codes.iter().map(|c| f64::from(*c)).collect(), true),
            (Some(Choice::Between(low, high)), Some(Of::Line { .. })) if !present.is_nan() => {
                Choices::Line((*low, *high))
            }
            (Some(Choice::Between(low, high)), Some(Of::Line { .. })) => {
                // In the place of a missing value every number costs the same.
                let grid = match query.space.variables().get(variable).map(|v| &v.kind) {
                    Some(Kind::Number { grid, .. }) => *grid,
                    _ => Grid::Any,
                };
                let is_all = grid.count(*low, *high).is_some_and(|n| n <= MOST_VALUES);
                Choices::These(spread(grid, *low, *high), is_all)
            }
            (Some(Choice::Between(low, high)), Some(Of::Table { values, .. })) => {
                let is_in = |v: &f64| v >= low && v <= high && !crate::space::is_same(*v, present);
                Choices::These(values.iter().copied().filter(is_in).collect(), true)
            }
            _ => Choices::These(Vec::new(), true),
        }
    }
}

enum Choices {
    Line((f64, f64)),
    These(Vec<f64>, bool),
}

impl Shape {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are whole")]
    fn adds(&self, value: f64, output: usize, n_outputs: usize) -> f64 {
        let at = |table: &[f64], place: usize| table.get(place * n_outputs + output).copied().unwrap_or(0.0);
        if value.is_nan() {
            return at(&self.missing, 0);
        }
        match &self.of {
            Of::Names(adds) => at(adds, value as usize),
            Of::Table { values, adds } => {
                // Between two permitted values, the nearer one stands in: a row's own value may be any number.
                let after = values.partition_point(|v| *v < value).min(values.len().saturating_sub(1));
                let away = |p: usize| values.get(p).map_or(f64::INFINITY, |v| (v - value).abs());
                at(adds, if after > 0 && away(after - 1) < away(after) { after - 1 } else { after })
            }
            Of::Line { start, slope } => at(start, 0) + at(slope, 0) * value,
        }
    }

    /// The largest amount that it adds.
    fn size(&self) -> f64 {
        let largest = |all: &[f64]| all.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        largest(&self.missing).max(match &self.of {
            Of::Names(adds) | Of::Table { adds, .. } => largest(adds),
            Of::Line { start, .. } => largest(start),
        })
    }
}

/// Permitted numbers between two ends: all of them where they are few.
fn spread(grid: Grid, low: f64, high: f64) -> Vec<f64> {
    let n = match grid.count(low, high) {
        Some(n) if n <= MOST_VALUES => n,
        #[allow(clippy::cast_precision_loss, reason = "a few values")]
        _ => TRIED as f64,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not above the number of values")]
    let n = n.max(1.0) as usize;
    #[allow(clippy::cast_precision_loss, reason = "a few values")]
    let at = |i: usize| low + (high - low) * (i as f64 / (n - 1).max(1) as f64);
    let mut values: Vec<f64> = (0..n).filter_map(|i| grid.nearest(at(i), low, high)).collect();
    values.dedup_by(|a, b| (*a - *b).abs() == 0.0);
    values
}

/// What one feature adds.
fn shape(
    margins: &dyn Ask,
    space: &Space,
    template: &[f64],
    base: &[f64],
    variable: usize,
) -> Result<Shape, CounterfactualError> {
    let Some(of) = space.variables().get(variable) else { return Err(refused("a feature is missing".to_owned())) };
    let ask = |values: &[f64]| -> Result<Vec<f64>, CounterfactualError> {
        let mut rows = Vec::with_capacity(values.len() * template.len());
        for value in values {
            let mut row = template.to_vec();
            space.set(variable, &mut row, *value);
            rows.extend(row);
        }
        let mut all = margins.ask(&rows)?;
        for row in all.chunks_exact_mut(base.len().max(1)) {
            row.iter_mut().zip(base).for_each(|(x, b)| *x -= b);
        }
        Ok(all)
    };
    let n_names = match of.kind {
        Kind::Category { n_codes } => n_codes,
        Kind::OneHot => u32::try_from(of.columns.len()).unwrap_or(0),
        Kind::Number { .. } => 0,
    };
    // A one-hot group never holds a missing value.
    let missing = if of.kind == Kind::OneHot { vec![0.0; base.len()] } else { ask(&[f64::NAN])? };
    let Kind::Number { grid, range: (low, high), .. } = of.kind else {
        let codes: Vec<f64> = (0..n_names).map(f64::from).collect();
        return Ok(Shape { missing, of: Of::Names(ask(&codes)?) });
    };
    let values = spread(grid, low, high);
    let adds = ask(&values)?;
    if let Some(line) = line(&values, &adds, base.len()) {
        return Ok(Shape { missing, of: line });
    }
    if grid.count(low, high).is_some_and(|n| n <= MOST_VALUES) {
        return Ok(Shape { missing, of: Of::Table { values, adds } });
    }
    Err(refused(format!("the effect of `{}` is no line, and it has too many values to look at each", of.name)))
}

/// The line through all points, within the precision of the sums.
fn line(values: &[f64], adds: &[f64], n_outputs: usize) -> Option<Of> {
    let (first, last) = (values.first()?, values.last()?);
    if (last - first).abs() == 0.0 {
        return None;
    }
    let (mut start, mut slope) = (Vec::new(), Vec::new());
    for output in 0..n_outputs {
        let column = || adds.chunks_exact(n_outputs.max(1)).filter_map(|row| row.get(output));
        let (at_first, at_last) = (column().next()?, column().next_back()?);
        let b = (at_last - at_first) / (last - first);
        let a = at_first - b * first;
        let size = column().fold(0.0_f64, |m, x| m.max(x.abs())).max(1e-9);
        let is_off = |(x, y): (&f64, &f64)| (a + b * x - y).abs() > 2e-6 * size;
        if values.iter().zip(column()).any(is_off) {
            return None;
        }
        start.push(a);
        slope.push(b);
    }
    Some(Of::Line { start, slope })
}

impl Method for Additive {
    fn name(&self) -> &'static str {
        "exact"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let row_of = |values: &[f64]| {
            let mut row = query.row.to_vec();
            for (variable, value) in values.iter().enumerate() {
                if !crate::space::is_same(*value, query.space.get(variable, query.row)) {
                    query.space.set(variable, &mut row, *value);
                }
            }
            row
        };
        let confirm = |values: &[f64]| {
            let row = row_of(values);
            let granted = query.confirmed(&row)?;
            Ok((granted.first().copied().unwrap_or(false), query.cost(&row)))
        };
        let ways = halves(query.goal, self.link, self.base.len())?;
        let mut proposals = Proposals::default();
        let mut taken: Vec<Vec<usize>> = Vec::new();
        while proposals.rows.len() < query.total {
            let mut best: Option<(f64, Vec<f64>)> = None;
            let mut least = f64::INFINITY;
            for way in &ways {
                let (curves, is_whole) = self.curves(query, way);
                let now = |half: &Half| {
                    let base: f64 = self.base.iter().zip(&half.coefficients).map(|(b, c)| b * c).sum();
                    let all = (0..self.shapes.len()).map(|v| self.adds(v, query.space.get(v, query.row), half));
                    base + all.sum::<f64>()
                };
                let needed: Vec<f64> = way.iter().map(|half| half.at_least - now(half)).collect();
                let search = Search {
                    curves: &curves,
                    needed: &needed,
                    tolerance: self.tolerance,
                    max_changes: query.space.max_changes(),
                    taken: &taken,
                    max_nodes: self.max_nodes,
                    confirm: &confirm,
                };
                let outcome = search.run()?;
                if let Proof::AtLeast(bound) = outcome.proof {
                    least = least.min(bound);
                }
                if !is_whole {
                    least = 0.0;
                }
                let is_cheaper = |cost: f64| best.as_ref().is_none_or(|(known, _)| cost < *known);
                if outcome.best.as_ref().is_some_and(|(cost, _)| is_cheaper(*cost)) {
                    best = outcome.best;
                }
            }
            let is_open = least.is_finite() && best.as_ref().is_none_or(|(cost, _)| least < *cost);
            let Some((_, values)) = best else {
                proposals.end = Some(if is_open { Proof::AtLeast(least) } else { Proof::Unreachable });
                break;
            };
            let row = row_of(&values);
            taken.push(query.space.changed(query.row, &row));
            proposals.rows.push(row);
            proposals.proofs.push(if is_open { Proof::AtLeast(least) } else { Proof::Optimal });
        }
        Ok(proposals)
    }
}
