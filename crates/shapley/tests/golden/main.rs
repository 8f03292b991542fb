//! The original libraries' own attributions, on real models and rows.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends where something is wrong, and says what it skipped"
)]

mod fixtures;
mod sample;
#[path = "../../../models/tests/trees/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the readers")]
mod support;
