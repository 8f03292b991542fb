//! The `equipoise` command inside of Python.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command with these arguments, the first of which is the program's name, and gives its exit code. Help, the
/// version and a wrong flag end the process.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    let code = py.detach(|| equipoise_cli::run(arguments));
    // `ExitCode` keeps its number to itself, but compares.
    (0..=u8::MAX).find(|n| code == std::process::ExitCode::from(*n)).unwrap_or(2)
}
