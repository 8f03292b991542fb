//! What must hold for every analysis, and the formats of models end to end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::float_cmp, reason = "tests")]

mod formats;
mod laws;
