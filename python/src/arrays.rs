//! Columns of a data set as arrays for Python.

use equipoise_service::data::{Column, DataError, Dataset};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyList;

/// A column in one piece.
enum Whole {
    Numbers(Vec<f64>),
    Names(Vec<u32>, Vec<String>),
}

/// A column for Python: its name, its values, and the names that codes stand for.
pub(crate) type ArrayColumn<'py> = (String, Bound<'py, PyAny>, Option<Bound<'py, PyList>>);

/// The columns of a data set: name, values (doubles, or codes), and the names that codes stand for.
pub(crate) fn columns_of<'py>(py: Python<'py>, dataset: &Dataset) -> PyResult<Vec<ArrayColumn<'py>>> {
    let all: Vec<usize> = (0..dataset.schema().columns.len()).collect();
    let mut wholes: Vec<Option<Whole>> = all.iter().map(|_| None).collect();
    let read = py.detach(|| {
        dataset.for_each(&all, &mut |chunk| {
            for (whole, column) in wholes.iter_mut().zip(&chunk.columns) {
                extend(whole, column);
            }
            Ok::<(), DataError>(())
        })
    });
    read.map_err(|e| crate::error::of_data(py, &e))?;
    let named = dataset.schema().columns.iter().zip(wholes);
    named
        .map(|(info, whole)| {
            let (values, names) = match whole {
                Some(Whole::Names(codes, names)) => {
                    (PyArray1::from_vec(py, codes).into_any(), Some(PyList::new(py, names)?))
                }
                Some(Whole::Numbers(values)) => (PyArray1::from_vec(py, values).into_any(), None),
                None => (PyArray1::from_vec(py, Vec::<f64>::new()).into_any(), None),
            };
            Ok((info.name.clone(), values, names))
        })
        .collect()
}

fn extend(whole: &mut Option<Whole>, column: &Column) {
    match (whole, column) {
        (Some(Whole::Numbers(all)), Column::Number(values)) => all.extend(values.iter()),
        (Some(Whole::Names(all, names)), Column::Codes { codes, levels }) => {
            // Names of text are those of their part alone.
            let first = u32::try_from(names.len()).unwrap_or(u32::MAX);
            let is_same = names.as_slice() == levels.as_ref();
            if !is_same {
                names.extend(levels.iter().cloned());
            }
            let shift = if is_same { 0 } else { first };
            all.extend(codes.iter().map(|c| if *c == u32::MAX { u32::MAX } else { c + shift }));
        }
        (empty @ None, Column::Number(values)) => *empty = Some(Whole::Numbers(values.to_vec())),
        (empty @ None, Column::Codes { codes, levels }) => {
            *empty = Some(Whole::Names(codes.to_vec(), levels.to_vec()));
        }
        // A column keeps its kind from part to part.
        (Some(_), _) => {}
    }
}
