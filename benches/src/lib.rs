//! Benchmarks.

pub mod causal;
pub mod table;
