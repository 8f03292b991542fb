//! The views on documents as a run writes them.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod any;
mod formats;
mod kinds;
mod pages;
mod sample;
mod widths;
