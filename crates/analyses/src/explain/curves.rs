//! What the model says when a feature takes other values: partial dependence, individual lines, accumulated local effects.

use equipoise_data::{Column, ColumnInfo, MISSING};

use super::subject::Subject;
use super::swapped::Trees;
use super::table::{Table, joined, take};
use crate::AnalysisError;

/// Values of a feature of names that a curve shows.
const LEVELS: usize = 20;

/// Curves of one feature for one output.
pub(super) struct Curves {
    pub(super) feature: usize,
    pub(super) grid: Grid,
    /// Partial dependence at each place: mean answer, and its standard error over rows.
    pub(super) partial: Vec<(f64, f64)>,
    /// Individual lines: place of the row among the asked rows, and its answers.
    pub(super) lines: Vec<(usize, Vec<f64>)>,
    /// Accumulated local effects at the grid's places with their standard errors; empty for names.
    pub(super) local: Vec<(f64, f64)>,
}

/// Places of a curve.
pub(super) enum Grid {
    Numbers(Vec<f64>),
    /// Codes with their names.
    Names(Vec<(u32, String)>),
}

impl Grid {
    /// Quantiles of a number (its smallest and largest among them), or the first names.
    pub(super) fn over(info: &ColumnInfo, is_numeric: bool, n: usize) -> Self {
        if !is_numeric {
            let names = info.levels.iter().take(LEVELS).cloned();
            return Self::Names((0_u32..).zip(names).collect());
        }
        let last = info.sample.len().saturating_sub(1);
        let at = |i: usize| info.sample.get(i * last / (n - 1).max(1)).copied();
        let mut places: Vec<f64> = (0..n).filter_map(at).collect();
        places.dedup();
        Self::Numbers(places)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(places) => places.len(),
            Self::Names(names) => names.len(),
        }
    }

    /// A column that holds the places one below the other.
    fn all(&self, like: &Column) -> Column {
        joined((0..self.len()).map(|place| take(&self.column(place, like), &[0])).collect())
    }

    /// A column that holds one place in every row.
    fn column(&self, place: usize, like: &Column) -> Column {
        let n = like.len();
        match (self, like) {
            (Self::Names(names), Column::Codes { levels, .. }) => {
                let name = names.get(place).map(|(_, name)| name.as_str()).unwrap_or_default();
                let code = levels.iter().position(|l| l == name).and_then(|c| u32::try_from(c).ok());
                Column::Codes { codes: vec![code.unwrap_or(MISSING); n].into(), levels: levels.clone() }
            }
            (Self::Numbers(places), _) => {
                Column::Number(vec![places.get(place).copied().unwrap_or(f64::NAN); n].into())
            }
            (Self::Names(_), other) => other.clone(),
        }
    }
}

/// Curves of a feature over some rows, for one output of the model.
///
/// ```text
/// partial dependence (Friedman 2001)      PD(x) = Σ w_i f(x, rest_i) / Σ w_i
/// accumulated local effect (Apley 2020)   ALE(z_k) = Σ_{j ≤ k} mean over rows in bin j of f(z_j, rest) − f(z_{j−1}, rest), centred
/// ```
pub(super) fn of(
    subject: &Subject<'_>,
    rows: &Table,
    weights: &[f64],
    feature: usize,
    output: usize,
    n_lines: usize,
    trees: Option<&Trees<'_>>,
) -> Result<Option<Curves>, AnalysisError> {
    let (Some(info), Some(column)) = (subject.info(feature), rows.columns.get(feature)) else { return Ok(None) };
    let grid = Grid::over(info, subject.is_numeric(feature), subject.params.grid);
    if grid.len() < 2 {
        return Ok(None);
    }
    let k = subject.asker.n_outputs;
    let one = |answers: Vec<f64>| -> Vec<f64> { answers.into_iter().skip(output).step_by(k).collect() };
    subject.context.check_stop()?;
    let told = match trees {
        Some(trees) => trees.at(rows, feature, &grid.all(column))?,
        None => None,
    };
    let by_place: Vec<Vec<f64>> = match told {
        Some(answers) => answers.into_iter().map(one).collect(),
        None => {
            let mut by_place = Vec::with_capacity(grid.len());
            for place in 0..grid.len() {
                subject.context.check_stop()?;
                by_place.push(one(subject.asker.ask(&rows.with(feature, grid.column(place, column)).columns)?));
            }
            by_place
        }
    };
    let partial = by_place.iter().map(|answers| mean_and_error(answers, weights)).collect();
    let step = (rows.n_rows / n_lines.max(1)).max(1);
    let lines = (0..rows.n_rows)
        .step_by(step)
        .take(n_lines)
        .map(|row| (row, by_place.iter().map(|answers| answers.get(row).copied().unwrap_or(f64::NAN)).collect()));
    let lines = lines.collect();
    let local = match (&grid, column) {
        (Grid::Numbers(places), Column::Number(values)) => accumulated(places, values, &by_place, weights),
        _ => Vec::new(),
    };
    Ok(Some(Curves { feature, grid, partial, lines, local }))
}

/// Weighted mean with the standard error of sampling rows.
fn mean_and_error(values: &[f64], weights: &[f64]) -> (f64, f64) {
    let mut mean = equipoise_kernels::Mean::default();
    mean.push_all(values, Some(weights));
    (mean.value().unwrap_or(f64::NAN), mean.standard_error().unwrap_or(f64::NAN))
}

/// Bin `j` holds the values in `(z_{j−1}, z_j]`, the first bin its lower end too. The answers at both ends of a row's bin are
/// among those of the grid.
fn accumulated(places: &[f64], values: &[f64], by_place: &[Vec<f64>], weights: &[f64]) -> Vec<(f64, f64)> {
    let n_bins = places.len() - 1;
    let mut effects: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); n_bins];
    for (row, x) in values.iter().enumerate().filter(|(_, x)| x.is_finite()) {
        let bin = places.partition_point(|z| z < x).saturating_sub(1).min(n_bins - 1);
        let at = |place: usize| by_place.get(place).and_then(|a| a.get(row)).copied().unwrap_or(f64::NAN);
        if let Some((effects, bin_weights)) = effects.get_mut(bin) {
            effects.push(at(bin + 1) - at(bin));
            bin_weights.push(weights.get(row).copied().unwrap_or(1.0));
        }
    }
    let mut out = vec![(0.0, 0.0)];
    let (mut sum, mut variance) = (0.0, 0.0);
    let mut shares = Vec::with_capacity(n_bins);
    for (effects, weights) in &effects {
        // A bin without rows adds nothing: there is no effect to be seen there.
        let (mean, error) = if effects.is_empty() { (0.0, 0.0) } else { mean_and_error(effects, weights) };
        sum += mean;
        variance += if error.is_finite() { error * error } else { 0.0 };
        out.push((sum, libm::sqrt(variance)));
        shares.push(weights.iter().sum::<f64>());
    }
    // Centred so that the mean over rows is zero: a row stands in the middle of its bin.
    let total: f64 = shares.iter().sum();
    let ends = out.iter().zip(out.iter().skip(1)).map(|((a, _), (b, _))| 0.5 * (a + b));
    let centre: f64 =
        ends.zip(&shares).map(|(middle, share)| middle * share).sum::<f64>() / total.max(f64::MIN_POSITIVE);
    out.into_iter().map(|(value, error)| (value - centre, error)).collect()
}
