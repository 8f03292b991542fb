//! Numbers: mergeable states, intervals, tests and seeded draws over slices.
//!
//! Nothing here knows a column's name, a file or the clock. A kernel is a small state with four verbs: start empty,
//! push a row, merge a neighbour, read the answer.

mod balance;
mod divergence;
mod inequality;
mod merge;
mod rng;
mod sum;
mod tally;
mod two_by_two;

pub use balance::{Association, Measure, Split};
pub use divergence::{Divergence, chi_squared_against, shares, wasserstein_1};
pub use inequality::Inequality;
pub use merge::Merge;
pub use rng::{Draws, split_mix};
pub use sum::Sum;
pub use tally::Tally;
pub use two_by_two::{ProportionTest, compare_proportions};
