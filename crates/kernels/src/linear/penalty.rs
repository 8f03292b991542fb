//! Penalties chosen by cross-validation.

use super::{Centre, Gram, LassoPath, LinearFit, Logistic};

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
/// is taken; none without parts.
#[must_use]
pub fn choose_lasso(
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
        let mut solver = LassoPath::new(&rest, centre, predictors, target);
        for (sum, penalty) in sums.iter_mut().zip(path) {
            *sum += part.weight() * solver.solve(*penalty).mean_squared_error(part, centre, predictors, target);
        }
    }
    smallest(path, &sums, parts.iter().map(Gram::weight).sum())
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

/// The penalty of logistic regression with the smallest log loss over the parts of the rows, for `penalties` that fall.
#[must_use]
pub fn choose_logistic(
    columns: &[&[f64]],
    target: &[f64],
    weight: Option<&[f64]>,
    parts: &[Vec<u32>],
    penalties: &[f64],
) -> Option<Chosen> {
    let mut sums = vec![0.0; penalties.len()];
    let mut total = 0.0;
    for (held, part) in parts.iter().enumerate() {
        let rest: Vec<u32> =
            parts.iter().enumerate().filter(|(i, _)| *i != held).flat_map(|(_, rows)| rows.iter().copied()).collect();
        let mut start: Option<Vec<f64>> = None;
        for (sum, penalty) in sums.iter_mut().zip(penalties) {
            let task = Logistic { penalty: *penalty, start: start.as_deref() };
            let fit = task.fit(columns, target, weight, &rest);
            *sum += fit.log_loss(columns, target, weight, part);
            start = Some(fit.solution().to_vec());
        }
        total +=
            part.iter().map(|row| weight.map_or(1.0, |w| w.get(*row as usize).copied().unwrap_or(0.0))).sum::<f64>();
    }
    smallest(penalties, &sums, total)
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
