//! Benchmarks.

pub mod table;
