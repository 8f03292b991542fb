//! Reports made of small documents.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr, reason = "tests")]

mod card;
mod config;
mod damage;
mod evidence;
mod exports;
mod made;
mod pdf;
