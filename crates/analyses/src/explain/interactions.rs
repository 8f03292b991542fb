//! Which features act together: more, or less, than the sum of what each does alone.

use equipoise_data::Column;
use equipoise_kernels::{Confidence, Draws, Ends, Mean, Measured, Multinomial, Undefined, normal_interval};
use equipoise_shapley::Interaction;
use rayon::prelude::*;

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

/// Resamples of the rows that ranks are taken over.
const RESAMPLES: u64 = 400;

/// A pair of features.
pub(super) struct Pair {
    pub(super) features: [usize; 2],
    /// Mean size of the Shapley interaction of the pair, with Student's t interval; trees only.
    pub(super) shapley: Option<Measured>,
    /// Friedman's H with its jackknife interval; undefined where the pair has no effect at all.
    pub(super) h: Measured,
    /// Its place among the pairs, 1 the strongest, with its bootstrap interval.
    pub(super) rank: Measured,
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
    let confidence = Confidence::at(subject.context.level());
    let places: Vec<[usize; 2]> = (0..some.len()).flat_map(|i| (i + 1..some.len()).map(move |j| [i, j])).collect();
    let features = |[i, j]: [usize; 2]| [some.get(i).copied().unwrap_or(0), some.get(j).copied().unwrap_or(0)];
    let pairs: Vec<[usize; 2]> = places.iter().map(|p| features(*p)).collect();
    let sizes = of_trees(subject, explainer, rows, &pairs)?;
    let joint = Joint::of(subject, rows, &some, &places, output)?;
    found.n_h = joint.n_rows as u64;
    found.n_shapley = sizes.as_ref().map_or(0, |s| s.n_rows() as u64);
    let strength: &dyn Strength = match &sizes {
        Some(sizes) => sizes,
        None => &joint,
    };
    let ranks = ranks(strength, confidence, subject.context.seed());
    for (place, ((features, h), rank)) in pairs.into_iter().zip(joint.jackknife(confidence)).zip(ranks).enumerate() {
        let shapley = sizes.as_ref().map(|s| s.mean(place).measure(confidence));
        found.pairs.push(Pair { features, shapley, h, rank });
    }
    let strength = |p: &Pair| p.shapley.as_ref().unwrap_or(&p.h).value.unwrap_or(0.0);
    found.pairs.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.features.cmp(&b.features)));
    Ok(found)
}

/// How strong each pair is when its rows are counted so often.
trait Strength: Sync {
    fn n_rows(&self) -> usize;

    fn of(&self, weights: &[f64]) -> Vec<f64>;
}

/// The place of each pair among all by strength, and where it comes to lie in 95 of 100 resamples of the rows (the percentile
/// bootstrap of ranks; Goldstein and Spiegelhalter 1996).
fn ranks(strength: &dyn Strength, confidence: Confidence, seed: u64) -> Vec<Measured> {
    let n = strength.n_rows();
    let place = |all: &[f64]| -> Vec<f64> {
        #[allow(clippy::cast_precision_loss, reason = "a few pairs")]
        let stronger = |x: &f64| (1 + all.iter().filter(|y| *y > x).count()) as f64;
        all.iter().map(stronger).collect()
    };
    let observed = place(&strength.of(&vec![1.0; n]));
    let rows = Multinomial::of_counts(&vec![1; n]);
    let resamples: Vec<Vec<f64>> = (0..RESAMPLES)
        .into_par_iter()
        .map(|index| {
            let mut counts = vec![0; n];
            rows.draw(&mut Draws::new(seed, "explain.interaction_ranks", index), &mut counts);
            #[allow(clippy::cast_precision_loss, reason = "a few rows")]
            let weights: Vec<f64> = counts.iter().map(|c| *c as f64).collect();
            place(&strength.of(&weights))
        })
        .collect();
    let tail = 0.5 * (1.0 - confidence.level());
    let one = |(pair, rank): (usize, f64)| {
        let mut all: Vec<f64> = resamples.iter().filter_map(|r| r.get(pair).copied()).collect();
        all.sort_by(f64::total_cmp);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among a few hundred"
        )]
        let at = |share: f64| {
            let place = (share * all.len() as f64) as usize;
            all.get(place.min(all.len().saturating_sub(1))).copied().unwrap_or(rank)
        };
        let ends = Ends { low: at(tail).min(rank), high: at(1.0 - tail).max(rank) };
        Measured::new(Ok(rank), Some(ends), "bootstrap")
    };
    observed.into_iter().enumerate().map(one).collect()
}

/// Sizes of the Shapley interactions of some pairs, row by row.
struct Sizes {
    /// Shape `(n_pairs, n_rows)`.
    by_pair: Vec<Vec<f64>>,
}

impl Sizes {
    fn mean(&self, pair: usize) -> Mean {
        let mut mean = Mean::default();
        mean.push_all(self.by_pair.get(pair).map_or(&[], Vec::as_slice), None);
        mean
    }
}

impl Strength for Sizes {
    fn n_rows(&self) -> usize {
        self.by_pair.first().map_or(0, Vec::len)
    }

    fn of(&self, weights: &[f64]) -> Vec<f64> {
        self.by_pair.iter().map(|sizes| sizes.iter().zip(weights).map(|(x, w)| w * x).sum()).collect()
    }
}

/// Size of both halves of each pair's Shapley interaction, by row, over outputs averaged.
fn of_trees(
    subject: &Subject<'_>,
    explainer: &Explainer<'_>,
    rows: &Table,
    pairs: &[[usize; 2]],
) -> Result<Option<Sizes>, AnalysisError> {
    let Some((ensemble, trees)) = explainer.trees_engine() else { return Ok(None) };
    let (d, inputs, k) = (subject.n_features(), trees.n_features(), trees.n_outputs());
    let n = (CELLS / (inputs * inputs * k).max(1)).clamp(1, ROWS).min(rows.n_rows);
    let some = rows.take(&(0..n).collect::<Vec<_>>());
    let bound = subject.asker.binding.inputs(&some.columns)?;
    let encoded = ensemble.encode(&bound.as_inputs())?;
    let found = trees.interactions(&encoded.values, Interaction::Shapley).map_err(shapley)?;
    let mut by_pair = vec![Vec::with_capacity(n); pairs.len()];
    let player = |input: usize| subject.player_of_input.get(input).copied().unwrap_or(0);
    for row in found.values.chunks_exact((inputs * inputs * k).max(1)) {
        let mut of_row = vec![0.0; d * d * k];
        for (cell, values) in row.chunks_exact(k.max(1)).enumerate() {
            let at = (player(cell / inputs) * d + player(cell % inputs)) * k;
            of_row.get_mut(at..at + k).unwrap_or_default().iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
        }
        for ([a, b], sizes) in pairs.iter().zip(&mut by_pair) {
            let at = (a * d + b) * k;
            let values = of_row.get(at..at + k).unwrap_or_default();
            #[allow(clippy::cast_precision_loss, reason = "a few classes")]
            let mean = values.iter().map(|x| x.abs()).sum::<f64>() / k as f64;
            // A pair stands in two cells, each with half of it.
            sizes.push(2.0 * mean);
        }
    }
    Ok(Some(Sizes { by_pair }))
}

/// What the model says of every row with the values that some features have in every other row: all that H and its error need.
///
/// H is the share of a pair's centred partial dependence, in spread, that the sum of the two single ones leaves over (Friedman
/// and Popescu 2008, equation 44):
///
/// ```text
/// H²_jk = Σ_i (PD_jk(i) − PD_j(i) − PD_k(i))² / Σ_i PD_jk(i)²
/// ```
struct Joint {
    n_rows: usize,
    /// By feature, shape `(n_rows, n_rows)`: row `i` gives the values, column `r` all others.
    single: Vec<Vec<f64>>,
    /// By pair, of the same shape.
    both: Vec<Vec<f64>>,
    /// By pair: its two places among the features.
    places: Vec<[usize; 2]>,
}

impl Joint {
    fn of(
        subject: &Subject<'_>,
        rows: &Table,
        features: &[usize],
        places: &[[usize; 2]],
        output: usize,
    ) -> Result<Self, AnalysisError> {
        let n_rows = rows.n_rows.min(H_ROWS);
        let rows = rows.take(&(0..n_rows).collect::<Vec<_>>());
        let asked = |some: &[usize]| -> Result<Vec<f64>, AnalysisError> {
            subject.context.check_stop()?;
            crossed(subject, &rows, some, output)
        };
        let single: Result<Vec<_>, AnalysisError> = features.iter().map(|f| asked(&[*f])).collect();
        let pair = |[i, j]: &[usize; 2]| {
            let of = |place: &usize| features.get(*place).copied().unwrap_or(0);
            asked(&[of(i), of(j)])
        };
        let both: Result<Vec<_>, AnalysisError> = places.iter().map(pair).collect();
        Ok(Self { n_rows, single: single?, both: both?, places: places.to_vec() })
    }

    /// H of all pairs with so many copies of each row; none where a pair has no effect at all.
    fn h(&self, weights: &[f64]) -> Vec<Option<f64>> {
        let single: Vec<Vec<f64>> = self.single.iter().map(|answers| centred_means(answers, weights)).collect();
        let pair = |(answers, [i, j]): (&Vec<f64>, &[usize; 2])| {
            let both = centred_means(answers, weights);
            let (a, b) = (single.get(*i)?, single.get(*j)?);
            let (mut left, mut all, mut size) = (0.0, 0.0, 0.0_f64);
            for (((ab, a), b), w) in both.iter().zip(a).zip(b).zip(weights) {
                left += w * (ab - a - b) * (ab - a - b);
                all += w * ab * ab;
                size = if *w > 0.0 { size.max(ab.abs()) } else { size };
            }
            (size > 1e-9).then(|| libm::sqrt(left / all))
        };
        self.both.iter().zip(&self.places).map(pair).collect()
    }

    /// H with its interval: each row is left out in turn, both as one whose values are tried and as one that they are tried on
    /// (Efron and Stein 1981).
    fn jackknife(&self, confidence: Confidence) -> Vec<Measured> {
        let n = self.n_rows;
        let all = self.h(&vec![1.0; n]);
        let without: Vec<Vec<Option<f64>>> = (0..n)
            .into_par_iter()
            .map(|left_out| {
                let weights: Vec<f64> = (0..n).map(|row| f64::from(u8::from(row != left_out))).collect();
                self.h(&weights)
            })
            .collect();
        let one = |(pair, h): (usize, Option<f64>)| {
            let Some(h) = h else { return Measured::undefined(Undefined::NoVariation) };
            let others: Option<Vec<f64>> = without.iter().map(|all| all.get(pair).copied().flatten()).collect();
            let ends = others.filter(|o| o.len() > 2).and_then(|others| {
                #[allow(clippy::cast_precision_loss, reason = "a few rows")]
                let n = others.len() as f64;
                let mean = others.iter().sum::<f64>() / n;
                let squares: f64 = others.iter().map(|x| (x - mean) * (x - mean)).sum();
                normal_interval(h, libm::sqrt((n - 1.0) / n * squares), confidence)
            });
            Measured::new(Ok(h), ends.map(|e| e.within(0.0, f64::INFINITY)), "jackknife")
        };
        all.into_iter().enumerate().map(one).collect()
    }
}

impl Strength for Joint {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn of(&self, weights: &[f64]) -> Vec<f64> {
        self.h(weights).into_iter().map(|h| h.unwrap_or(0.0)).collect()
    }
}

/// Weighted means over the columns of a square, less their own mean over its rows.
fn centred_means(answers: &[f64], weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let over = |values: &[f64]| values.iter().zip(weights).map(|(x, w)| w * x).sum::<f64>() / total;
    let means: Vec<f64> = answers.chunks_exact(weights.len().max(1)).map(over).collect();
    let mean = over(&means);
    means.into_iter().map(|x| x - mean).collect()
}

/// What the model says of every row's values of the features with every row's values of all others: shape
/// `(n_rows, n_rows)`.
fn crossed(subject: &Subject<'_>, rows: &Table, features: &[usize], output: usize) -> Result<Vec<f64>, AnalysisError> {
    let n = rows.n_rows;
    let tiled: Vec<usize> = (0..n).flat_map(|_| 0..n).collect();
    let held: Vec<usize> = (0..n).flat_map(|i| std::iter::repeat_n(i, n)).collect();
    let column =
        |(place, column): (usize, &Column)| take(column, if features.contains(&place) { &held } else { &tiled });
    let columns: Vec<Column> = rows.columns.iter().enumerate().map(column).collect();
    let answers = subject.asker.ask(&columns)?;
    Ok(answers.into_iter().skip(output).step_by(subject.asker.n_outputs.max(1)).collect())
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
    let values = centred(&steps(&sums, &places), n, m);
    Ok(Some(Surface { features: [a, b], places, values, n_empty }))
}

fn edges(subject: &Subject<'_>, feature: usize) -> Vec<f64> {
    match subject.info(feature).map(|info| super::curves::Grid::over(info, true, STEPS + 1)) {
        Some(super::curves::Grid::Numbers(places)) => places,
        _ => Vec::new(),
    }
}

/// Mean second difference and number of rows of each cell, from their sums. A cell without rows takes the step of the nearest
/// cell with some, by the distance of their middles over the features' ranges, as Apley and Zhu (2020, appendix) and their
/// package `ALEPlot` do.
fn steps(sums: &[(f64, f64)], places: &[Vec<f64>; 2]) -> Vec<(f64, f64)> {
    let middles = |edges: &[f64]| -> Vec<f64> {
        let range = edges.last().zip(edges.first()).map_or(1.0, |(high, low)| high - low);
        edges.windows(2).map(|w| w.iter().sum::<f64>() / (2.0 * range)).collect()
    };
    let [x, y] = places;
    let (x, y) = (middles(x), middles(y));
    let at = |cell: usize| {
        let (i, j) = (cell / y.len().max(1), cell % y.len().max(1));
        (x.get(i).copied().unwrap_or(0.0), y.get(j).copied().unwrap_or(0.0))
    };
    let known: Vec<(usize, f64)> =
        sums.iter().enumerate().filter(|(_, (_, n))| *n > 0.0).map(|(cell, (sum, n))| (cell, sum / n)).collect();
    let nearest = |cell: usize| {
        let (x, y) = at(cell);
        let distance = |other: &(usize, f64)| {
            let (a, b) = at(other.0);
            (a - x) * (a - x) + (b - y) * (b - y)
        };
        known.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).map_or(0.0, |(_, step)| *step)
    };
    let step = |(cell, (sum, n)): (usize, &(f64, f64))| if *n > 0.0 { (sum / n, *n) } else { (nearest(cell), 0.0) };
    sums.iter().enumerate().map(step).collect()
}

/// Accumulates the mean second differences of cells and takes away main effects and mean. `steps` has the mean and the number
/// of rows of each cell, shape `(n − 1, m − 1)`; the answer has shape `(n, m)`.
fn centred(steps: &[(f64, f64)], n: usize, m: usize) -> Vec<f64> {
    let cell = |i: usize, j: usize| steps.get(i * (m - 1) + j).copied().unwrap_or((0.0, 0.0));
    let mut f = vec![0.0; n * m];
    let get = |f: &[f64], i: usize, j: usize| f.get(i * m + j).copied().unwrap_or(0.0);
    for i in 1..n {
        for j in 1..m {
            let (mean, _) = cell(i - 1, j - 1);
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

    /// Four cells in a row of unequal width; the third holds no rows. Middles over the range: 1/20, 3/20, 5/20, 13/20: the
    /// second is as near as any and comes first.
    #[test]
    fn an_empty_cell_takes_its_neighbours_step() {
        let places = [vec![0.0, 1.0, 2.0, 3.0, 10.0], vec![0.0, 1.0]];
        let sums = [(2.0, 2.0), (6.0, 2.0), (0.0, 0.0), (9.0, 1.0)];
        assert_eq!(steps(&sums, &places), [(1.0, 2.0), (3.0, 2.0), (3.0, 0.0), (9.0, 1.0)]);
    }

    /// Pair 0 is the strongest in every row, pairs 1 and 2 take turns: one keeps its place, the others may change theirs.
    #[test]
    fn ranks_say_how_sure_they_are() {
        let turn = |odd: usize| (0..40).map(|i| if i % 2 == odd { 2.0 } else { 0.9 }).collect::<Vec<f64>>();
        let mut last = turn(1);
        last[1] = 1.9;
        let sizes = Sizes { by_pair: vec![vec![5.0; 40], turn(0), last] };
        let ranks = ranks(&sizes, Confidence::at(0.95), 7);
        let of = |i: usize| (ranks[i].value.unwrap(), ranks[i].ends.unwrap().low, ranks[i].ends.unwrap().high);
        assert_eq!(of(0), (1.0, 1.0, 1.0));
        assert_eq!(of(1), (2.0, 2.0, 3.0));
        assert_eq!(of(2), (3.0, 2.0, 3.0));
    }
}
