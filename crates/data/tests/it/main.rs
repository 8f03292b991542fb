//! Datasets from files, as users have them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that fails may panic"
)]

mod cohorts;
mod columns;
mod cuts;
mod damage;
mod errors;
mod formats;
mod helpers;
mod sampled;
mod shared_sets;
mod types;
