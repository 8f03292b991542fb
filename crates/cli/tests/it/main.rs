//! The command as people use it: real processes, real files.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr, reason = "tests")]

mod errors;
mod evidence;
mod helpers;
mod journey;
mod outside;
mod scorecard;
