//! Counterfactuals: the smallest permitted changes of a row after which a model answers as wished.
//!
//! A [`Space`] says what may change and what a change costs, a [`Wish`] what is wanted, a [`Method`] how to look, and a
//! [`Finder`] puts them together: whatever a method proposes is asked of the model again and held against every limit.
//!
//! ```text
//! cost(x, x') = Σ over changed features  sparsity_weight + cost_j · |x'_j − x_j| / scale_j      (1 for names)
//! ```
//!
//! Rows are slices of numbers, categories their codes, missing values NaN. Nothing here knows documents or files.

mod additive;
mod ask;
mod error;
pub mod exact;
mod find;
mod formula;
mod goal;
mod grid;
pub mod methods;
mod quality;
mod query;
mod reference;
mod select;
mod space;
mod sparsify;
#[cfg(test)]
mod tests;

pub use additive::Additive;
pub use ask::Ask;
pub use error::CounterfactualError;
pub use exact::{Encoder, Exact, Replica};
pub use find::{Counterfactual, Finder, Found, Plausible, Shortage};
pub use formula::{Formula, Operation};
pub use goal::{Answers, Goal, Wish};
pub use grid::Grid;
pub use methods::{Genetic, Gradient, GrowingSpheres, KdTree, Nearest, Random};
pub use quality::Quality;
pub use query::{Method, Proof, Proposals, Query};
pub use reference::Reference;
pub use select::Diversity;
pub use space::{Choice, Derived, Direction, Kind, Limits, RowLimit, Space, Variable};
