//! Tree models: fixtures of the original libraries, models written by hand, damaged files and messages.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends where something is wrong, and says what it skipped"
)]

mod by_hand_catboost;
mod by_hand_lightgbm;
mod by_hand_xgboost;
mod ebm;
mod fixtures;
mod hostile;
mod messages;
mod sample;
mod support;
