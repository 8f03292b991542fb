//! Numbers: mergeable states, intervals, tests and seeded draws over slices.
//!
//! Nothing here knows a column's name, a file or the clock. A kernel is a small state with four verbs: start empty,
//! push a row, merge a neighbour, read the answer.

mod merge;
mod rng;
mod sum;

pub use merge::Merge;
pub use rng::{Draws, split_mix};
pub use sum::Sum;
