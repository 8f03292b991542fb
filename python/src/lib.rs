//! The Python module.

use pyo3::prelude::*;

#[pymodule]
fn _equipoise(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
