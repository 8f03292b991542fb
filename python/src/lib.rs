//! The Python module under the package `equipoise`: a dozen functions over the service. What a person writes and reads is
//! in Python beside it.

#![allow(clippy::needless_pass_by_value, reason = "what Python hands to a function is the function's own")]

mod answers;
mod arrays;
mod assessment;
mod command;
mod data;
mod error;
mod explainer;
mod forest;
mod live;
mod model;
mod native;
mod run;
mod tally;

use pyo3::prelude::*;

#[pymodule]
fn _equipoise(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<assessment::Assessment>()?;
    module.add_class::<data::Data>()?;
    module.add_class::<explainer::Explainer>()?;
    module.add_class::<live::Live>()?;
    module.add_class::<native::NativeModel>()?;
    module.add_function(wrap_pyfunction!(run::assess, module)?)?;
    module.add_function(wrap_pyfunction!(run::analyses, module)?)?;
    module.add_function(wrap_pyfunction!(assessment::check, module)?)?;
    module.add_function(wrap_pyfunction!(assessment::compare, module)?)?;
    module.add_function(wrap_pyfunction!(command::command, module)?)?;
    module.add_function(wrap_pyfunction!(live::framed_page, module)?)?;
    module.add_function(wrap_pyfunction!(tally::confusions, module)?)?;
    module.add_function(wrap_pyfunction!(tally::moments, module)?)?;
    module.add_function(wrap_pyfunction!(tally::codes_of_integers, module)?)
}
