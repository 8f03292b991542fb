//! Errors of the service as Python exceptions with a code and a hint.

use equipoise_service::ServiceError;
use equipoise_service::data::DataError;
use equipoise_service::models::ModelError;
use pyo3::prelude::*;

/// The exception for a message whose last lines may be a hint.
pub(crate) fn exception(py: Python<'_>, code: &str, text: &str) -> PyErr {
    let (message, hint) = match text.split_once("\nhint: ") {
        Some((message, hint)) => (message, Some(hint)),
        None => (text, None),
    };
    let made = py
        .import("equipoise._errors")
        .and_then(|module| module.getattr("EquipoiseError"))
        .and_then(|class| class.call1((message, code, hint)));
    match made {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

/// A service error as an exception.
pub(crate) fn of_service(py: Python<'_>, error: &ServiceError) -> PyErr {
    exception(py, error.code(), &error.to_string())
}

/// An error of reading data as an exception.
pub(crate) fn of_data(py: Python<'_>, error: &DataError) -> PyErr {
    exception(py, "data", &error.to_string())
}

/// An error of a model as an exception.
pub(crate) fn of_model(py: Python<'_>, error: &ModelError) -> PyErr {
    exception(py, "model", &error.to_string())
}
