//! Numbers of scores and predicted numbers, each with the influence of every row on it.
//!
//! The influence of a mean is the value itself; that of another number is its first-order change when a row is given a
//! little more weight. The difference of two numbers of the same rows has the difference of their influences, and the
//! standard error of that difference's mean is the standard error of the difference.

use equipoise_document::Task;
use equipoise_kernels::{Mean, Undefined, ratio};
use libm::{log, log1p, sqrt};

use super::ranks;
use super::scored::Scored;

/// A number with the influence of every row, up to a constant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Influence {
    pub value: f64,
    pub rows: Vec<f64>,
    /// True when the number is the mean of `rows`.
    pub is_mean: bool,
}

/// The number of this name with its influences; none when it is not known or does not exist for these rows.
pub(super) fn of(section: &str, metric: &str, task: Task, rows: &Scored) -> Option<Influence> {
    match task {
        Task::Binary => binary(metric, rows).or_else(|| ranks::of(section, metric, rows)),
        Task::Multiclass => multiclass(metric, rows),
        Task::Regression => regression(metric, rows),
    }
}

/// The weighted mean of some numbers.
pub(super) fn mean_of(values: &[f64], weight: Option<&[f64]>) -> Mean {
    const BLOCK: usize = 2_048;
    let mut mean = Mean::default();
    let mut parts = weight.map(|weight| weight.chunks(BLOCK));
    for part in values.chunks(BLOCK) {
        mean.push_all(part, parts.as_mut().and_then(Iterator::next));
    }
    mean
}

fn mean(values: impl Iterator<Item = f64>, rows: &Scored) -> Option<Influence> {
    let values: Vec<f64> = values.collect();
    let value = mean_of(&values, rows.weight.as_deref()).value().ok()?;
    Some(Influence { value, rows: values, is_mean: true })
}

/// A share cannot be less than 0 or more than 1.
fn is_sound(probability: &[f64]) -> bool {
    !probability.is_empty() && probability.iter().all(|p| (0.0..=1.0).contains(p))
}

fn binary(metric: &str, rows: &Scored) -> Option<Influence> {
    if !is_sound(&rows.probability) {
        return None;
    }
    let pairs = rows.classes.iter().map(|class| *class == 1).zip(rows.probability.iter().copied());
    match metric {
        "log_loss" => mean(
            pairs.map(|(y, p)| if y { -log(p.max(f64::EPSILON)) } else { -log1p(-p.min(1.0 - f64::EPSILON)) }),
            rows,
        ),
        "brier_score" => mean(pairs.map(|(y, p)| (p - f64::from(u8::from(y))).powi(2)), rows),
        "mean_prediction" => mean(pairs.map(|(_, p)| p), rows),
        "calibration_in_the_large" => mean(pairs.map(|(y, p)| p - f64::from(u8::from(y))), rows),
        "average_precision" => average_precision(rows),
        _ => None,
    }
}

/// Average precision: with `p_c` the share of rows that are positive and score `c`, `S_c` the share that scores `c` or
/// more, `π` the base rate and `prec` the precision at a score,
///
/// ```text
/// A(s) = Σ_{c ≤ s} p_c/S_c        B(s) = Σ_{c ≤ s} p_c·prec(c)/S_c
/// influence = ( y·(prec(s) − AP + A(s)) − B(s) ) / π
/// ```
fn average_precision(rows: &Scored) -> Option<Influence> {
    let score = |i: &usize| rows.probability.get(*i).copied().unwrap_or(0.0);
    let is_positive = |i: &usize| rows.classes.get(*i).is_some_and(|class| *class == 1);
    let mut order: Vec<usize> = (0..rows.classes.len()).collect();
    order.sort_unstable_by(|i, j| score(i).total_cmp(&score(j)));
    let sum = |places: &[usize], wanted: bool| -> f64 {
        places.iter().filter(|i| is_positive(i) == wanted).map(|i| rows.weight_at(*i)).sum()
    };
    let (positive, negative) = (sum(&order, true), sum(&order, false));
    let (mut below_p, mut below, mut sum_of, mut a, mut b) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut influences = vec![0.0; rows.classes.len()];
    for tie in order.chunk_by(|i, j| score(i) >= score(j)) {
        let (p, n) = (sum(tie, true), sum(tie, false));
        let selected = positive + negative - below;
        let precision = (positive - below_p) / selected;
        if p > 0.0 {
            sum_of += p * precision;
            a += p / selected;
            b += p / selected * precision;
        }
        for i in tie {
            if let Some(influence) = influences.get_mut(*i) {
                *influence = if is_positive(i) { precision + a - b } else { -b };
            }
        }
        below_p += p;
        below += p + n;
    }
    let value = ratio(sum_of, positive, Undefined::NoPositives).ok()?;
    let base = positive / (positive + negative);
    for (i, influence) in influences.iter_mut().enumerate() {
        *influence = (*influence - if is_positive(&i) { value } else { 0.0 }) / base;
    }
    Some(Influence { value, rows: influences, is_mean: false })
}

fn multiclass(metric: &str, rows: &Scored) -> Option<Influence> {
    if !is_sound(&rows.probability) {
        return None;
    }
    let own = |class: &u16, row: &[f64]| row.get(usize::from(*class)).copied().unwrap_or(f64::NAN);
    let pairs = rows.classes.iter().zip(rows.probability.chunks(rows.width.max(1)));
    match metric {
        "log_loss" => mean(pairs.map(|(class, row)| -log(own(class, row).clamp(f64::EPSILON, 1.0))), rows),
        "brier_score" => mean(
            pairs.map(|(class, row)| {
                let own = own(class, row);
                row.iter().map(|p| p * p).sum::<f64>() - own * own + (1.0 - own) * (1.0 - own)
            }),
            rows,
        ),
        _ => None,
    }
}

fn regression(metric: &str, rows: &Scored) -> Option<Influence> {
    let pairs = || rows.values.iter().copied().zip(rows.predicted.iter().copied());
    let lowest = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let (y_min, p_min) = (lowest(&rows.values), lowest(&rows.predicted));
    let squared_log = |(y, p): (f64, f64)| (log1p(p) - log1p(y)).powi(2);
    match metric {
        "mean_absolute_error" => mean(pairs().map(|(y, p)| (p - y).abs()), rows),
        "mean_squared_error" => mean(pairs().map(|(y, p)| (p - y) * (p - y)), rows),
        "root_mean_squared_error" => root(mean(pairs().map(|(y, p)| (p - y) * (p - y)), rows)?),
        "mean_error" => mean(pairs().map(|(y, p)| p - y), rows),
        "mean_prediction" => mean(pairs().map(|(_, p)| p), rows),
        "mean_target" => mean(pairs().map(|(y, _)| y), rows),
        "mean_absolute_percentage_error" => mean(pairs().map(|(y, p)| (p - y).abs() / y.abs().max(f64::EPSILON)), rows),
        "symmetric_mean_absolute_percentage_error" => mean(
            pairs().map(|(y, p)| {
                let size = y.abs() + p.abs();
                if size > 0.0 { 2.0 * (p - y).abs() / size } else { 0.0 }
            }),
            rows,
        ),
        "mean_poisson_deviance" if y_min >= 0.0 && p_min > 0.0 => {
            mean(pairs().map(|(y, p)| 2.0 * (if y > 0.0 { y * log(y / p) } else { 0.0 } - y + p)), rows)
        }
        "mean_gamma_deviance" if y_min > 0.0 && p_min > 0.0 => {
            mean(pairs().map(|(y, p)| 2.0 * (log(p / y) + y / p - 1.0)), rows)
        }
        "mean_squared_log_error" if y_min > -1.0 && p_min > -1.0 => mean(pairs().map(squared_log), rows),
        "root_mean_squared_log_error" if y_min > -1.0 && p_min > -1.0 => root(mean(pairs().map(squared_log), rows)?),
        "r2" | "explained_variance" | "pearson_correlation" => explained(metric, rows),
        _ => {
            let quantile: f64 = metric.strip_prefix("mean_pinball_loss@")?.replace('_', ".").parse().ok()?;
            let is_share = (0.0..=1.0).contains(&quantile);
            let loss = |(y, p): (f64, f64)| (quantile * (y - p)).max((quantile - 1.0) * (y - p));
            mean(pairs().map(loss), rows).filter(|_| is_share)
        }
    }
}

/// The root of a mean: `x / 2√m`.
fn root(of: Influence) -> Option<Influence> {
    let value = sqrt(of.value);
    let half = if value > 0.0 { 0.5 / value } else { 0.0 };
    Some(Influence { value, rows: of.rows.into_iter().map(|x| half * x).collect(), is_mean: false })
}

/// With `d = y − ȳ`, `q = p − p̄`, `e = p − y`, `c = q − d` and standardised `z = d/σ_y`, `u = q/σ_p`:
///
/// ```text
/// R²                    1 − Σw·e²/Σw·d²       −(e² − (1 − R²)·d²) / Var(y)
/// explained variance    1 − Σw·c²/Σw·d²       −(c² − (1 − EV)·d²) / Var(y)
/// correlation           Σw·z·u/Σw             z·u − r·(z² + u²)/2
/// ```
fn explained(metric: &str, rows: &Scored) -> Option<Influence> {
    let weight = rows.weight.as_deref();
    let centre = |values: &[f64]| mean_of(values, weight).value().ok();
    let (of_truth, of_predicted) = (centre(&rows.values)?, centre(&rows.predicted)?);
    let d: Vec<f64> = rows.values.iter().map(|y| y - of_truth).collect();
    let q: Vec<f64> = rows.predicted.iter().map(|p| p - of_predicted).collect();
    let products = |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
    let dd = products(&d, &d);
    let variance = centre(&dd).filter(|v| *v > 0.0)?;
    if metric == "pearson_correlation" {
        let of_prediction = centre(&products(&q, &q)).filter(|v| *v > 0.0)?;
        let r = (centre(&products(&d, &q))? / (sqrt(variance) * sqrt(of_prediction))).clamp(-1.0, 1.0);
        let (per_y, per_p) = (1.0 / sqrt(variance), 1.0 / sqrt(of_prediction));
        let influence = |(d, q): (&f64, &f64)| {
            let (z, u) = (d * per_y, q * per_p);
            z * u - 0.5 * r * (z * z + u * u)
        };
        return Some(Influence { value: r, rows: d.iter().zip(&q).map(influence).collect(), is_mean: false });
    }
    let errors: Vec<f64> = if metric == "r2" {
        rows.values.iter().zip(&rows.predicted).map(|(y, p)| p - y).collect()
    } else {
        d.iter().zip(&q).map(|(d, q)| q - d).collect()
    };
    let squares = products(&errors, &errors);
    let left = centre(&squares)? / variance;
    let influence = |(e, d): (&f64, &f64)| -(e - left * d) / variance;
    Some(Influence { value: 1.0 - left, rows: squares.iter().zip(&dd).map(influence).collect(), is_mean: false })
}
