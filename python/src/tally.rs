//! Counting for metrics by group: one pass over the rows for any number of metrics.

use numpy::ndarray::{Array2, Array3};
use numpy::{PyArray1, PyArray2, PyArray3, PyReadonlyArray1, ToPyArray as _};
use pyo3::prelude::*;

use crate::error::exception;

/// Weighted confusion counts of each group, shape `(n_groups, n_classes, n_classes)`: truth by rows, prediction by columns.
/// A code outside of its range leaves its row out.
#[pyfunction]
#[pyo3(signature = (group, truth, predicted, n_groups, n_classes, weight=None))]
pub(crate) fn confusions<'py>(
    py: Python<'py>,
    group: PyReadonlyArray1<'py, i32>,
    truth: PyReadonlyArray1<'py, i32>,
    predicted: PyReadonlyArray1<'py, i32>,
    n_groups: usize,
    n_classes: usize,
    weight: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let (group, truth, predicted) = (group.as_array(), truth.as_array(), predicted.as_array());
    let n = group.len();
    if truth.len() != n || predicted.len() != n || weight.as_ref().is_some_and(|w| w.as_array().len() != n) {
        return Err(lengths(py));
    }
    let n_cells = n_groups * n_classes * n_classes;
    let cell = |g: i32, t: i32, p: i32| -> Option<usize> {
        let (g, t, p) = (usize::try_from(g).ok()?, usize::try_from(t).ok()?, usize::try_from(p).ok()?);
        (g < n_groups && t < n_classes && p < n_classes).then_some((g * n_classes + t) * n_classes + p)
    };
    let cells = group.iter().zip(truth.iter()).zip(predicted.iter()).map(|((g, t), p)| cell(*g, *t, *p));
    let counts: Vec<f64> = match weight {
        None => {
            let mut counts = vec![0_u64; n_cells];
            for cell in cells.flatten() {
                if let Some(count) = counts.get_mut(cell) {
                    *count += 1;
                }
            }
            #[allow(clippy::cast_precision_loss, reason = "fewer rows than doubles count exactly")]
            counts.into_iter().map(|c| c as f64).collect()
        }
        Some(weight) => {
            let mut sums = vec![0.0_f64; n_cells];
            for (cell, w) in cells.zip(weight.as_array().iter()) {
                if let Some(sum) = cell.and_then(|cell| sums.get_mut(cell)) {
                    *sum += w;
                }
            }
            sums
        }
    };
    let counts = Array3::from_shape_vec((n_groups, n_classes, n_classes), counts);
    counts.map(|counts| counts.to_pyarray(py)).map_err(|_| lengths(py))
}

/// Sums of each group for metrics of numbers, shape `(n_groups, 8)`: weight, `y`, `y²`, `p`, `|e|`, `e²`, `e` with
/// `e = p − y`, and rows. `y` is taken from its own mean, so that squares keep their digits; the last row holds that mean.
#[pyfunction]
#[pyo3(signature = (group, truth, predicted, n_groups, weight=None))]
pub(crate) fn moments<'py>(
    py: Python<'py>,
    group: PyReadonlyArray1<'py, i32>,
    truth: PyReadonlyArray1<'py, f64>,
    predicted: PyReadonlyArray1<'py, f64>,
    n_groups: usize,
    weight: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (group, truth, predicted) = (group.as_array(), truth.as_array(), predicted.as_array());
    let n = group.len();
    if truth.len() != n || predicted.len() != n || weight.as_ref().is_some_and(|w| w.as_array().len() != n) {
        return Err(lengths(py));
    }
    #[allow(clippy::cast_precision_loss, reason = "a mean")]
    let centre = truth.iter().sum::<f64>() / n.max(1) as f64;
    let mut sums = vec![[0.0_f64; 8]; n_groups + 1];
    let weights = weight.as_ref().map(PyReadonlyArray1::as_array);
    for (row, ((g, y), p)) in group.iter().zip(truth.iter()).zip(predicted.iter()).enumerate() {
        let w = weights.as_ref().and_then(|w| w.get(row)).copied().unwrap_or(1.0);
        let Some(sums) = usize::try_from(*g).ok().filter(|g| *g < n_groups).and_then(|g| sums.get_mut(g)) else {
            continue;
        };
        let (e, y) = (p - y, y - centre);
        for (sum, x) in sums.iter_mut().zip([1.0, y, y * y, *p, e.abs(), e * e, e]) {
            *sum += w * x;
        }
        if let Some(rows) = sums.last_mut() {
            *rows += 1.0;
        }
    }
    if let Some([first, ..]) = sums.last_mut() {
        *first = centre;
    }
    let flat: Vec<f64> = sums.into_iter().flatten().collect();
    Array2::from_shape_vec((n_groups + 1, 8), flat).map(|sums| sums.to_pyarray(py)).map_err(|_| lengths(py))
}

/// The values that occur, and each row's place among them.
type Coded<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i32>>);

/// Small non-negative whole numbers as codes: the values that occur, ascending, and each row's place among them. None when a
/// value is negative or above `limit`.
#[pyfunction]
pub(crate) fn codes_of_integers<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'py, i64>,
    limit: usize,
) -> Option<Coded<'py>> {
    let values = values.as_array();
    let mut seen = vec![false; limit + 1];
    for value in values.iter() {
        *seen.get_mut(usize::try_from(*value).ok()?)? = true;
    }
    let mut code_of = vec![-1_i32; limit + 1];
    let mut distinct = Vec::new();
    for (value, (code, _)) in code_of.iter_mut().zip(&seen).enumerate().filter(|(_, (_, seen))| **seen) {
        *code = i32::try_from(distinct.len()).ok()?;
        distinct.push(i64::try_from(value).ok()?);
    }
    let code = |value: &i64| usize::try_from(*value).ok().and_then(|v| code_of.get(v)).copied().unwrap_or(-1);
    let codes: Vec<i32> = values.iter().map(code).collect();
    Some((PyArray1::from_vec(py, distinct), PyArray1::from_vec(py, codes)))
}

fn lengths(py: Python<'_>) -> PyErr {
    exception(py, "data", "the arrays have different lengths\nhint: give one value per row in each of them")
}
