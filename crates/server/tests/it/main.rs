//! The interface over HTTP, asked by a client as a page asks it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::float_cmp, reason = "tests")]

mod asked;
mod client;
mod guarded;
mod inside;
