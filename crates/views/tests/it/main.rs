//! The views on documents as a run writes them.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod formats;
mod pages;
mod sample;
mod widths;
