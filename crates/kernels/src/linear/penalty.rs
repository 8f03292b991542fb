//! Penalties chosen by cross-validation.

use super::{Centre, Gram, LassoPath, LinearFit, Logistic};

/// Penalties of the lasso that may bring nothing before the path is given up: with 100 over three decades, a factor of 4.
const PATIENCE: usize = 20;

/// A penalty and its cross-validated loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// The penalty.
    pub penalty: f64,
    /// Weighted mean loss of rows that the fit had not seen.
    pub loss: f64,
}

/// `n` penalties from `largest` down to `largest·smallest_share`, in equal ratios.
#[must_use]
pub fn log_path(largest: f64, smallest_share: f64, n: usize) -> Vec<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a number of penalties")]
    let step = if n > 1 { libm::log(smallest_share) / (n - 1) as f64 } else { 0.0 };
    #[allow(clippy::cast_precision_loss, reason = "a number of penalties")]
    (0..n).map(|i| largest * libm::exp(step * i as f64)).collect()
}

/// The lasso's path over all rows: 100 penalties over three decades, as scikit-learn's `LassoCV`.
#[must_use]
pub fn lasso_path(total: &Gram, centre: &Centre, predictors: &[usize], target: usize) -> Vec<f64> {
    log_path(LassoPath::new(total, centre, predictors, target).largest_penalty(), 1e-3, 100)
}

/// The penalty of the lasso with the smallest mean squared error over the parts: each part is predicted by the fit on
/// *total − part*, and its error follows from its cross products alone. The first of equal ones (the largest penalty)
/// is taken; none without parts. Penalties that fall are given up once [`PATIENCE`] of them brought nothing.
#[must_use]
pub fn choose_lasso(
    total: &Gram,
    parts: &[Gram],
    centre: &Centre,
    predictors: &[usize],
    target: usize,
    path: &[f64],
) -> Option<Chosen> {
    let rests: Vec<Gram> = parts.iter().map(|part| total.minus(part)).collect();
    let mut solvers: Vec<LassoPath<'_>> =
        rests.iter().map(|rest| LassoPath::new(rest, centre, predictors, target)).collect();
    let weight: f64 = parts.iter().map(Gram::weight).sum();
    patiently(path, PATIENCE, |penalty| {
        let errors = solvers.iter_mut().zip(parts).map(|(solver, part)| {
            part.weight() * solver.solve(penalty).mean_squared_error(part, centre, predictors, target)
        });
        errors.sum::<f64>() / weight
    })
}

/// The penalty of ridge regression with the smallest mean squared error over the parts; see [`choose_lasso`].
#[must_use]
pub fn choose_ridge(
    total: &Gram,
    parts: &[Gram],
    centre: &Centre,
    predictors: &[usize],
    target: usize,
    path: &[f64],
) -> Option<Chosen> {
    let mut sums = vec![0.0; path.len()];
    for part in parts {
        let rest = total.minus(part);
        for (sum, penalty) in sums.iter_mut().zip(path) {
            let fit = LinearFit::ridge(&rest, centre, predictors, target, *penalty);
            *sum += part.weight() * fit.mean_squared_error(part, centre, predictors, target);
        }
    }
    smallest(path, &sums, parts.iter().map(Gram::weight).sum())
}

/// The penalty of logistic regression with the smallest log loss over the parts of the rows, for `penalties` that fall; given
/// up once two of them in a row brought nothing: the smallest ones are the costliest and run towards infinity.
#[must_use]
pub fn choose_logistic(
    columns: &[&[f64]],
    target: &[f64],
    weight: Option<&[f64]>,
    parts: &[Vec<u32>],
    penalties: &[f64],
) -> Option<Chosen> {
    let without = |held: usize| -> Vec<u32> {
        parts.iter().enumerate().filter(|(i, _)| *i != held).flat_map(|(_, rows)| rows.iter().copied()).collect()
    };
    let rests: Vec<Vec<u32>> = (0..parts.len()).map(without).collect();
    let weight_of = |row: &u32| weight.map_or(1.0, |w| w.get(*row as usize).copied().unwrap_or(0.0));
    let total: f64 = parts.iter().flatten().map(weight_of).sum();
    let mut starts: Vec<Option<Vec<f64>>> = vec![None; parts.len()];
    patiently(penalties, 2, |penalty| {
        let losses = parts.iter().zip(&rests).zip(&mut starts).map(|((part, rest), start)| {
            let fit = Logistic { penalty, start: start.as_deref() }.fit(columns, target, weight, rest);
            *start = Some(fit.solution().to_vec());
            fit.log_loss(columns, target, weight, part)
        });
        losses.sum::<f64>() / total
    })
}

/// The penalty with the smallest loss, asked one after the other until `patience` of them brought nothing.
fn patiently(path: &[f64], patience: usize, mut loss_of: impl FnMut(f64) -> f64) -> Option<Chosen> {
    let mut best: Option<Chosen> = None;
    let mut idle = 0;
    for penalty in path {
        let loss = loss_of(*penalty);
        if loss.is_finite() && best.is_none_or(|b| loss < b.loss) {
            best = Some(Chosen { penalty: *penalty, loss });
            idle = 0;
        } else {
            idle += 1;
        }
        if idle >= patience {
            break;
        }
    }
    best
}

fn smallest(path: &[f64], sums: &[f64], weight: f64) -> Option<Chosen> {
    let mut best: Option<Chosen> = None;
    for (penalty, sum) in path.iter().zip(sums) {
        let loss = sum / weight;
        if loss.is_finite() && best.is_none_or(|b| loss < b.loss) {
            best = Some(Chosen { penalty: *penalty, loss });
        }
    }
    best
}
