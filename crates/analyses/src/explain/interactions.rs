//! Which features act together: more, or less, than the sum of what each does alone.

use equipoise_data::Column;
use equipoise_shapley::Interaction;

use super::explainer::{Explainer, shapley};
use super::pass::Kept;
use super::subject::Subject;
use super::table::{Table, take};
use crate::AnalysisError;

/// Rows whose interaction values are averaged.
const ROWS: usize = 200;
/// Numbers an array of interaction values may have.
const CELLS: usize = 8_000_000;
/// Rows of the H-statistic, which asks the model about the square of them.
const H_ROWS: usize = 50;
/// Steps of a surface in either direction.
const STEPS: usize = 8;
/// Rows of a surface.
const SURFACE_ROWS: usize = 1_000;

/// A pair of features.
pub(super) struct Pair {
    pub(super) features: [usize; 2],
    /// Mean size of the Shapley interaction of the pair; trees only.
    pub(super) shapley: Option<f64>,
    /// Friedman's H; none where it was not asked for or the pair has no effect at all.
    pub(super) h: Option<f64>,
}

/// Pairs in order of strength.
pub(super) struct Interactions {
    pub(super) pairs: Vec<Pair>,
    pub(super) n_shapley: u64,
    pub(super) n_h: u64,
}

/// Second-order effect of two numbers.
pub(super) struct Surface {
    pub(super) features: [usize; 2],
    /// Places of the first and of the second.
    pub(super) places: [Vec<f64>; 2],
    /// Shape `(first, second)`.
    pub(super) values: Vec<f64>,
    pub(super) n_empty: usize,
}

/// Strength of all pairs among the first features of `order`.
pub(super) fn run(
    subject: &Subject<'_>,
    explainer: &Explainer<'_>,
    kept: &Kept,
    order: &[usize],
    output: usize,
) -> Result<Interactions, AnalysisError> {
    let some: Vec<usize> = order.iter().copied().take(subject.params.interactions).collect();
    let mut found = Interactions { pairs: Vec::new(), n_shapley: 0, n_h: 0 };
    let Some(rows) = kept.rows.as_ref().filter(|_| some.len() > 1) else { return Ok(found) };
    let by_shapley = of_trees(subject, explainer, rows, &mut found.n_shapley)?;
    let h = statistics(subject, rows, &some, output, &mut found.n_h)?;
    let d = subject.n_features();
    for (place, a) in some.iter().enumerate() {
        for b in some.iter().skip(place + 1) {
            let shapley = by_shapley.as_ref().and_then(|m| m.get(a * d + b).copied());
            let h = h.iter().find(|(pair, _)| *pair == [*a, *b]).and_then(|(_, h)| *h);
            found.pairs.push(Pair { features: [*a, *b], shapley, h });
        }
    }
    let strength = |p: &Pair| p.shapley.or(p.h).unwrap_or(0.0);
    found.pairs.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.features.cmp(&b.features)));
    Ok(found)
}

/// Mean size of both halves of each pair's Shapley interaction, over rows and outputs: shape `(n_features, n_features)`.
fn of_trees(
    subject: &Subject<'_>,
    explainer: &Explainer<'_>,
    rows: &Table,
    n_rows: &mut u64,
) -> Result<Option<Vec<f64>>, AnalysisError> {
    let Some((ensemble, trees)) = explainer.trees_engine() else { return Ok(None) };
    let (d, inputs, k) = (subject.n_features(), trees.n_features(), trees.n_outputs());
    let n = (CELLS / (inputs * inputs * k).max(1)).clamp(1, ROWS).min(rows.n_rows);
    let some = rows.take(&(0..n).collect::<Vec<_>>());
    let bound = subject.asker.binding.inputs(&some.columns)?;
    let encoded = ensemble.encode(&bound.as_inputs())?;
    let found = trees.interactions(&encoded.values, Interaction::Shapley).map_err(shapley)?;
    let mut sums = vec![0.0; d * d];
    let player = |input: usize| subject.player_of_input.get(input).copied().unwrap_or(0);
    for row in found.values.chunks_exact((inputs * inputs * k).max(1)) {
        let mut of_row = vec![0.0; d * d * k];
        for (cell, values) in row.chunks_exact(k.max(1)).enumerate() {
            let at = (player(cell / inputs) * d + player(cell % inputs)) * k;
            of_row.get_mut(at..at + k).unwrap_or_default().iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
        }
        for (sum, values) in sums.iter_mut().zip(of_row.chunks_exact(k.max(1))) {
            #[allow(clippy::cast_precision_loss, reason = "a few classes")]
            let mean = values.iter().map(|x| x.abs()).sum::<f64>() / k as f64;
            // A pair stands in two cells, each with half of it.
            *sum += 2.0 * mean;
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a few hundred rows")]
    sums.iter_mut().for_each(|sum| *sum /= n as f64);
    *n_rows = n as u64;
    Ok(Some(sums))
}

/// A pair and its H.
type PairH = ([usize; 2], Option<f64>);

/// Friedman and Popescu's H of each pair (2008, equation 44): the share of the pair's centred partial dependence, in spread,
/// that the sum of the two single ones leaves over.
///
/// ```text
/// H²_jk = Σ_i (PD_jk(i) − PD_j(i) − PD_k(i))² / Σ_i PD_jk(i)²
/// ```
fn statistics(
    subject: &Subject<'_>,
    rows: &Table,
    features: &[usize],
    output: usize,
    n_rows: &mut u64,
) -> Result<Vec<PairH>, AnalysisError> {
    let n = rows.n_rows.min(H_ROWS);
    let rows = rows.take(&(0..n).collect::<Vec<_>>());
    let single: Result<Vec<Vec<f64>>, AnalysisError> =
        features.iter().map(|f| dependence(subject, &rows, &[*f], output)).collect();
    let single = single?;
    let mut out = Vec::new();
    for (i, a) in features.iter().enumerate() {
        for (j, b) in features.iter().enumerate().skip(i + 1) {
            subject.context.check_stop()?;
            let both = dependence(subject, &rows, &[*a, *b], output)?;
            let (Some(of_a), Some(of_b)) = (single.get(i), single.get(j)) else { continue };
            let left: f64 = both.iter().zip(of_a).zip(of_b).map(|((ab, a), b)| (ab - a - b) * (ab - a - b)).sum();
            let all: f64 = both.iter().map(|x| x * x).sum();
            let size = both.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            out.push(([*a, *b], (size > 1e-9).then(|| libm::sqrt(left / all))));
        }
    }
    *n_rows = n as u64;
    Ok(out)
}

/// Centred partial dependence of features at the values of each row.
fn dependence(
    subject: &Subject<'_>,
    rows: &Table,
    features: &[usize],
    output: usize,
) -> Result<Vec<f64>, AnalysisError> {
    let n = rows.n_rows;
    // Every row's values of the features with every row's values of all others.
    let tiled: Vec<usize> = (0..n).flat_map(|_| 0..n).collect();
    let held: Vec<usize> = (0..n).flat_map(|i| std::iter::repeat_n(i, n)).collect();
    let column =
        |(place, column): (usize, &Column)| take(column, if features.contains(&place) { &held } else { &tiled });
    let columns: Vec<Column> = rows.columns.iter().enumerate().map(column).collect();
    let answers = subject.asker.ask(&columns)?;
    let k = subject.asker.n_outputs;
    let of: Vec<f64> = answers.into_iter().skip(output).step_by(k.max(1)).collect();
    #[allow(clippy::cast_precision_loss, reason = "a few rows")]
    let means: Vec<f64> = of.chunks_exact(n.max(1)).map(|some| some.iter().sum::<f64>() / n as f64).collect();
    #[allow(clippy::cast_precision_loss, reason = "a few rows")]
    let mean = means.iter().sum::<f64>() / n.max(1) as f64;
    Ok(means.into_iter().map(|x| x - mean).collect())
}

/// Accumulated local effect of two numbers together, what each does alone taken away (Apley and Zhu 2020, section 2.3): the
/// strongest pair of numbers.
pub(super) fn surface(
    subject: &Subject<'_>,
    rows: &Table,
    pairs: &[Pair],
    output: usize,
) -> Result<Option<Surface>, AnalysisError> {
    let numeric = pairs.iter().find(|p| p.features.iter().all(|f| subject.is_numeric(*f)));
    let Some([a, b]) = numeric.map(|p| p.features) else { return Ok(None) };
    let (Some(Column::Number(x)), Some(Column::Number(y))) = (rows.columns.get(a), rows.columns.get(b)) else {
        return Ok(None);
    };
    let places = [edges(subject, a), edges(subject, b)];
    let [first, second] = &places;
    if first.len() < 2 || second.len() < 2 {
        return Ok(None);
    }
    let known: Vec<usize> = (0..rows.n_rows.min(SURFACE_ROWS))
        .filter(|r| x.get(*r).is_some_and(|v| v.is_finite()) && y.get(*r).is_some_and(|v| v.is_finite()))
        .collect();
    let bin = |edges: &[f64], v: f64| edges.partition_point(|e| *e < v).saturating_sub(1).min(edges.len() - 2);
    let at = |edges: &[f64], i: usize| edges.get(i).copied().unwrap_or(f64::NAN);
    let cells: Vec<(usize, usize)> = known
        .iter()
        .map(|r| (bin(first, x.get(*r).copied().unwrap_or(0.0)), bin(second, y.get(*r).copied().unwrap_or(0.0))))
        .collect();
    let some = rows.take(&known);
    let k = subject.asker.n_outputs;
    let ask = |right: usize, up: usize| -> Result<Vec<f64>, AnalysisError> {
        let xs = cells.iter().map(|(i, _)| at(first, i + right)).collect();
        let ys = cells.iter().map(|(_, j)| at(second, j + up)).collect();
        let moved = some.with(a, Column::Number(xs)).with(b, Column::Number(ys));
        Ok(subject.asker.ask(&moved.columns)?.into_iter().skip(output).step_by(k.max(1)).collect())
    };
    let corners = [ask(1, 1)?, ask(0, 1)?, ask(1, 0)?, ask(0, 0)?];
    let [both, up, right, none] = &corners;
    let (n, m) = (first.len(), second.len());
    let mut sums = vec![(0.0, 0.0); (n - 1) * (m - 1)];
    for (row, (i, j)) in cells.iter().enumerate() {
        let of = |v: &[f64]| v.get(row).copied().unwrap_or(0.0);
        if let Some((sum, count)) = sums.get_mut(i * (m - 1) + j) {
            *sum += of(both) - of(up) - of(right) + of(none);
            *count += 1.0;
        }
    }
    let n_empty = sums.iter().filter(|(_, count)| *count <= 0.0).count();
    let values = centred(&sums, n, m);
    Ok(Some(Surface { features: [a, b], places, values, n_empty }))
}

fn edges(subject: &Subject<'_>, feature: usize) -> Vec<f64> {
    match subject.info(feature).map(|info| super::curves::Grid::over(info, true, STEPS + 1)) {
        Some(super::curves::Grid::Numbers(places)) => places,
        _ => Vec::new(),
    }
}

/// Accumulates the mean second differences of cells and takes away main effects and mean. `sums` has the sum and the number of
/// rows of each cell, shape `(n − 1, m − 1)`; the answer has shape `(n, m)`.
fn centred(sums: &[(f64, f64)], n: usize, m: usize) -> Vec<f64> {
    let cell = |i: usize, j: usize| sums.get(i * (m - 1) + j).copied().unwrap_or((0.0, 0.0));
    let mut f = vec![0.0; n * m];
    let get = |f: &[f64], i: usize, j: usize| f.get(i * m + j).copied().unwrap_or(0.0);
    for i in 1..n {
        for j in 1..m {
            let (sum, count) = cell(i - 1, j - 1);
            let mean = if count > 0.0 { sum / count } else { 0.0 };
            let value = get(&f, i - 1, j) + get(&f, i, j - 1) - get(&f, i - 1, j - 1) + mean;
            if let Some(place) = f.get_mut(i * m + j) {
                *place = value;
            }
        }
    }
    // Main effects of the accumulated surface: mean steps in one direction over the rows of the other.
    let mut first = vec![0.0; n];
    for i in 1..n {
        let (mut sum, mut count) = (0.0, 0.0);
        for j in 1..m {
            let (_, c) = cell(i - 1, j - 1);
            let step = get(&f, i, j) - get(&f, i - 1, j) + get(&f, i, j - 1) - get(&f, i - 1, j - 1);
            sum += 0.5 * c * step;
            count += c;
        }
        let before = first.get(i - 1).copied().unwrap_or(0.0);
        if let Some(place) = first.get_mut(i) {
            *place = before + if count > 0.0 { sum / count } else { 0.0 };
        }
    }
    let mut second = vec![0.0; m];
    for j in 1..m {
        let (mut sum, mut count) = (0.0, 0.0);
        for i in 1..n {
            let (_, c) = cell(i - 1, j - 1);
            let step = get(&f, i, j) - get(&f, i, j - 1) + get(&f, i - 1, j) - get(&f, i - 1, j - 1);
            sum += 0.5 * c * step;
            count += c;
        }
        let before = second.get(j - 1).copied().unwrap_or(0.0);
        if let Some(place) = second.get_mut(j) {
            *place = before + if count > 0.0 { sum / count } else { 0.0 };
        }
    }
    for (i, row) in f.chunks_exact_mut(m).enumerate() {
        for (j, x) in row.iter_mut().enumerate() {
            *x -= first.get(i).copied().unwrap_or(0.0) + second.get(j).copied().unwrap_or(0.0);
        }
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for i in 1..n {
        for j in 1..m {
            let (_, c) = cell(i - 1, j - 1);
            sum += 0.25 * c * (get(&f, i, j) + get(&f, i - 1, j) + get(&f, i, j - 1) + get(&f, i - 1, j - 1));
            count += c;
        }
    }
    if count > 0.0 {
        f.iter_mut().for_each(|x| *x -= sum / count);
    }
    f
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f = x·y on an even grid with one row in each cell: the second difference of every cell is its area, and the surface
    /// is (x − ½)(y − ½) up to sampling.
    #[test]
    fn a_product_has_the_surface_of_a_saddle() {
        let (n, m) = (5, 5);
        let sums = vec![(1.0 / 16.0, 1.0); 16];
        let f = centred(&sums, n, m);
        for i in 0..n {
            for j in 0..m {
                let (x, y) = (i as f64 / 4.0, j as f64 / 4.0);
                assert!((f[i * m + j] - (x - 0.5) * (y - 0.5)).abs() < 1e-12, "{i} {j}");
            }
        }
    }
}
