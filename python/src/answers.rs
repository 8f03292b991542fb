//! A batch to Python and its answer back.

use equipoise_service::models::Outputs;
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::model::{Values, Wish};

/// What a model is asked.
pub(crate) struct Asked {
    /// Names of the inputs.
    pub(crate) names: std::sync::Arc<[String]>,
    /// Number of rows.
    pub(crate) n_rows: usize,
    /// One per input.
    pub(crate) columns: Vec<Values>,
    /// What is asked for.
    pub(crate) wish: Wish,
}

/// Asks a Python model. Its method `ask(names, n_rows, columns)` takes for each input an array of doubles or a pair of codes and
/// names, and answers `(kind, values)`: `probabilities` of shape `(n_rows, n_classes)`, `values`, or `labels`; its method `margins` takes the same and answers with `values`.
pub(crate) fn ask(py: Python<'_>, model: &Bound<'_, PyAny>, question: Asked) -> PyResult<Outputs> {
    let Asked { names, n_rows, columns, wish } = question;
    let method = match wish {
        Wish::Answers => "ask",
        Wish::Margins => "margins",
    };
    let inputs = PyList::empty(py);
    for column in columns {
        match column {
            Values::Numbers(values) => inputs.append(PyArray1::from_vec(py, values))?,
            Values::Names { codes, levels } => {
                let pair =
                    PyTuple::new(py, [PyArray1::from_vec(py, codes).into_any(), PyList::new(py, levels)?.into_any()]);
                inputs.append(pair?)?;
            }
        }
    }
    let (kind, values): (String, Bound<'_, PyAny>) =
        model.call_method1(method, (PyList::new(py, names.iter())?, n_rows, inputs))?.extract()?;
    Ok(match kind.as_str() {
        "probabilities" => {
            let values: PyReadonlyArray2<'_, f64> = values.extract()?;
            let values = values.as_array();
            Outputs::Probabilities { n_classes: values.ncols(), values: values.iter().copied().collect() }
        }
        "labels" => Outputs::Labels(values.extract()?),
        _ => {
            let values: PyReadonlyArray1<'_, f64> = values.extract()?;
            Outputs::Values(values.as_array().to_vec())
        }
    })
}
