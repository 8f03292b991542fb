//! A logistic regression in all folds together.
//!
//! The fits of the folds lie close to that of all rows, and the derivatives of their likelihoods are *total − part*. Some of
//! the rows lead near the solution of all, where second derivatives are summed once, and each fold then moves to its own
//! solution by first derivatives alone:
//!
//! ```text
//! b ← b + (H − H_part)⁻¹·(g(b) − g_part(b))        error ← O(distance of the folds)·error
//! ```
//!
//! A few walks over rows that were gathered once, where Newton's method in each fold sums second derivatives anew at each
//! step. Where it does not close in, nothing is returned, and each fold is fitted by Newton's method with its safeguards.

use equipoise_kernels::Merge as _;
use equipoise_kernels::linear::{Cholesky, Gram, Logistic, LogisticPart, Standard};
use rayon::prelude::*;

use crate::Folds;

/// Fewer rows are fitted fold by fold.
const MANY: usize = 8_192;
/// About this many rows give the point to begin from.
const FEW: usize = 4_096;
/// A solution stands when the next step is expected to be shorter than this, summed over standardised coefficients.
const TOLERANCE: f64 = 2e-11;
/// The same for the point near the solution of all rows, which need not be exact.
const NEAR: f64 = 0.05;
/// Steps by first derivatives; each must be at most half as long as the one before it.
const MAX_STEPS: usize = 30;
/// A standardised coefficient beyond which the classes may be parted.
const LARGE: f64 = 50.0;

/// `P(target = 1)` of each row by the fit on the other folds, `penalty` as in [`Logistic`]; none for few rows, classes that
/// may be parted, and where steps do not shrink.
pub(crate) fn chances(
    columns: &[&[f64]],
    target: &[f64],
    weight: Option<&[f64]>,
    folds: &Folds,
    penalty: f64,
) -> Option<Vec<f64>> {
    let n = folds.n_rows();
    if n < MANY {
        return None;
    }
    let everything: Vec<u32> = (0..u32::try_from(n).ok()?).collect();
    let few: Vec<u32> = folds.rows().iter().flat_map(|rows| rows.iter().copied().step_by(n / FEW)).collect();
    // The ridge is one on columns of variance 1; without it the scale only keeps numbers of a size.
    let standard = Standard::of(columns, weight, if penalty > 0.0 { &everything } else { &few });
    #[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
    let share = few.len() as f64 / n as f64;
    let first = Logistic { penalty: penalty * share, start: None }.fit(columns, target, weight, &few);
    if first.separated || !first.converged {
        return None;
    }
    let few = LogisticPart::gather(columns, &standard, target, weight, &[few]);
    let parts = LogisticPart::gather(columns, &standard, target, weight, folds.rows());
    let task = Task { parts: &parts, penalty };
    let (points, factors) = task.near(standard.coefficients_of(&first), few.first()?, 1.0 / share)?;
    let points = task.close_in(points, &factors)?;
    let found: Vec<Vec<f64>> = parts.par_iter().zip(&points).map(|(part, b)| part.chances(b)).collect();
    let mut values = vec![0.0; n];
    for (rows, chances) in folds.rows().iter().zip(found) {
        for (row, chance) in rows.iter().zip(chances) {
            *values.get_mut(*row as usize)? = chance;
        }
    }
    Some(values)
}

struct Task<'a> {
    parts: &'a [LogisticPart],
    penalty: f64,
}

impl Task<'_> {
    /// A point for each fold, one Newton step from the solution of all rows, and the factors of its second derivatives.
    /// It is looked for from `b`, by the second derivatives there of a few rows, each of which stands for `times` rows.
    fn near(&self, mut b: Vec<f64>, few: &LogisticPart, times: f64) -> Option<(Vec<Vec<f64>>, Vec<Cholesky>)> {
        let factor = self.factor(&few.derivatives(&b).1.times(times));
        let mut last = f64::INFINITY;
        loop {
            let found: Vec<Vec<f64>> = self.parts.par_iter().flat_map_iter(|part| part.gradients(&[&b])).collect();
            let mut gradient = vec![0.0; b.len()];
            for part in &found {
                gradient.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
            }
            let step = self.step(&factor, &gradient, &b);
            b.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
            let moved = length(&step);
            if moved.is_nan() || moved > 0.5 * last || length(&b) > LARGE {
                return None;
            }
            if moved * shrinks(moved, last) < NEAR {
                break;
            }
            last = moved;
        }
        let found: Vec<(Vec<f64>, Gram)> = self.parts.par_iter().map(|part| part.derivatives(&b)).collect();
        let (gradient, hessian) = total(&found)?;
        let mut points = Vec::new();
        let mut factors = Vec::new();
        for (of_part, second) in &found {
            let first: Vec<f64> = gradient.iter().zip(of_part).map(|(a, b)| a - b).collect();
            let factor = self.factor(&hessian.minus(second));
            let step = self.step(&factor, &first, &b);
            points.push(b.iter().zip(step).map(|(b, s)| b + s).collect());
            factors.push(factor);
        }
        Some((points, factors))
    }

    /// The solution of each fold. Steps soon shrink along one direction, so each is taken as long as all that would follow it.
    fn close_in(&self, mut points: Vec<Vec<f64>>, factors: &[Cholesky]) -> Option<Vec<Vec<f64>>> {
        let (mut last, mut slowest) = (f64::INFINITY, None::<f64>);
        let mut steps: Vec<Vec<f64>> = points.iter().map(|b| vec![0.0; b.len()]).collect();
        for _ in 0..MAX_STEPS {
            let of_part = |(held, part): (usize, &LogisticPart)| {
                let others: Vec<&[f64]> = without(held, &points).map(Vec::as_slice).collect();
                part.gradients(&others)
            };
            let found: Vec<Vec<Vec<f64>>> = self.parts.par_iter().enumerate().map(of_part).collect();
            let mut moved: f64 = 0.0;
            for (fold, ((b, factor), before)) in points.iter_mut().zip(factors).zip(&mut steps).enumerate() {
                let mut gradient = vec![0.0; b.len()];
                for (part, gradients) in found.iter().enumerate().filter(|(part, _)| *part != fold) {
                    // The fold's own part was not asked: those behind it stand one place earlier.
                    let place = if fold > part { fold - 1 } else { fold };
                    gradient.iter_mut().zip(gradients.get(place)?).for_each(|(sum, g)| *sum += g);
                }
                let step = self.step(factor, &gradient, b);
                let further = further(&step, before);
                b.iter_mut().zip(&step).for_each(|(b, s)| *b += s * further);
                moved = moved.max(length(&step));
                *before = step;
            }
            if moved.is_nan() || moved > (0.5 * last).max(TOLERANCE) {
                return None;
            }
            // An extrapolated step makes the next one look shorter than it would have been.
            if last.is_finite() {
                slowest = Some(slowest.map_or(moved / last, |s| s.max(moved / last)));
            }
            if moved * slowest.unwrap_or(1.0) < TOLERANCE {
                return (points.iter().all(|b| length(b) <= LARGE)).then_some(points);
            }
            last = moved;
        }
        None
    }

    fn factor(&self, hessian: &Gram) -> Cholesky {
        let ridge = |i: usize, j: usize| if i == j && i > 0 { self.penalty } else { 0.0 };
        Cholesky::of(hessian.n_columns() + 1, |i, j| hessian.at(i, j) + ridge(i, j))
    }

    fn step(&self, factor: &Cholesky, gradient: &[f64], b: &[f64]) -> Vec<f64> {
        let ridge = |(i, b): (usize, &f64)| if i > 0 { self.penalty * b } else { 0.0 };
        let pull: Vec<f64> = gradient.iter().zip(b.iter().enumerate().map(ridge)).map(|(g, r)| g - r).collect();
        factor.solve(&pull)
    }
}

fn without<T>(held: usize, all: &[T]) -> impl Iterator<Item = &T> {
    all.iter().enumerate().filter(move |(i, _)| *i != held).map(|(_, x)| x)
}

fn length(step: &[f64]) -> f64 {
    // A sum and not the largest: what is not a number must not be passed over.
    step.iter().map(|s| s.abs()).sum()
}

/// Aitken's rule: `1 / (1 − r)` for steps that shrink by `r`, at most one half, along the one before; 1 for the first.
fn further(step: &[f64], before: &[f64]) -> f64 {
    let dot = |b: &[f64]| before.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let all = dot(before);
    if all > 0.0 { 1.0 / (1.0 - (dot(step) / all).clamp(-0.5, 0.5)) } else { 1.0 }
}

/// How much shorter the next step will be, by the last two.
fn shrinks(moved: f64, last: f64) -> f64 {
    if last.is_finite() { (moved / last).min(1.0) } else { 1.0 }
}

fn total(found: &[(Vec<f64>, Gram)]) -> Option<(Vec<f64>, Gram)> {
    let ((gradient, hessian), rest) = found.split_first()?;
    let (mut gradient, mut hessian) = (gradient.clone(), hessian.clone());
    for (more, second) in rest {
        gradient.iter_mut().zip(more).for_each(|(sum, g)| *sum += g);
        hessian.merge_from(second.clone());
    }
    Some((gradient, hessian))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, simulate};

    fn fold_by_fold(
        columns: &[&[f64]],
        target: &[f64],
        weight: Option<&[f64]>,
        folds: &Folds,
        penalty: f64,
    ) -> Vec<f64> {
        let mut values = vec![0.0; target.len()];
        for fold in 0..folds.k() {
            let fit = Logistic { penalty, start: None }.fit(columns, target, weight, &folds.outside(fold, None));
            let rows = &folds.rows()[fold];
            for (row, p) in rows.iter().zip(fit.predict(columns, rows)) {
                values[*row as usize] = p;
            }
        }
        values
    }

    #[test]
    fn all_folds_together_are_each_by_itself() {
        let rows = simulate(Kind::Binary, 12_000, 8, 5, false);
        let columns: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
        let weight: Vec<f64> = (0..12_000).map(|i| f64::from(i % 3)).collect();
        // Uneven folds, so that no part stands for another.
        let folds = Folds::given((0..12_000).map(|i| (i % 7 % 4) as u8).collect()).unwrap();
        for weight in [None, Some(weight.as_slice())] {
            let together = chances(&columns, &rows.d, weight, &folds, 0.0).unwrap();
            let apart = fold_by_fold(&columns, &rows.d, weight, &folds, 0.0);
            let worst = together.iter().zip(&apart).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
            assert!(worst < 1e-12, "{worst:e}");
        }
    }

    #[test]
    fn a_ridge_is_that_of_all_rows() {
        // Standardised over all rows rather than over those outside of the fold: a difference of the order 1/n.
        let rows = simulate(Kind::Binary, 12_000, 8, 5, false);
        let columns: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
        let folds = crate::tests::by_number(12_000, 5);
        let together = chances(&columns, &rows.d, None, &folds, 30.0).unwrap();
        let apart = fold_by_fold(&columns, &rows.d, None, &folds, 30.0);
        assert!(together.iter().zip(&apart).all(|(a, b)| (a - b).abs() < 1e-4));
    }

    #[test]
    fn parted_classes_are_left_to_the_safeguards() {
        let x: Vec<f64> = (0..10_000).map(f64::from).collect();
        let target: Vec<f64> = x.iter().map(|x| f64::from(*x > 5000.5)).collect();
        assert!(chances(&[&x], &target, None, &crate::tests::by_number(10_000, 5), 0.0).is_none());
    }
}
