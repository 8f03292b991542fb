//! Tree models: fixtures of the original libraries, models written by hand, damaged files and messages.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends where something is wrong, and says what it skipped"
)]

mod fixtures;
mod support;
