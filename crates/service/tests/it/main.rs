//! What must hold for every analysis, and the formats of models end to end.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::float_cmp,
    clippy::print_stderr,
    reason = "tests"
)]

mod formats;
mod interrupted;
mod laws;
mod scorecard;
