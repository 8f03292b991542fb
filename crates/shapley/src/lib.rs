//! Shapley values: how much each column moves a prediction away from what it is on average.
//!
//! For trees they are exact ([`TreeExplainer`]): slices of encoded rows go in, numbers come out. For any other function they
//! are those of a [`Game`]: exact over all coalitions ([`exact`]), or sampled with standard errors ([`sampled`]). Nothing
//! here knows a document, a file or a column's type.

mod attributions;
mod background;
mod block;
mod engine;
mod error;
pub mod exact;
mod explainer;
mod fold;
mod forest;
mod game;
mod interactions;
mod linked;
mod machine;
mod margins;
mod options;
mod paths;
mod patterns;
mod planes;
mod players;
mod quadrature;
mod reference;
pub mod sampled;
mod swap;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

pub use attributions::{Attributions, Interactions, LinkedAttributions};
pub use error::ShapleyError;
pub use explainer::TreeExplainer;
pub use game::{Coalition, Game};
pub use options::{Background, Interaction, Method, Options, Players, Precision};
pub use swap::{Donors, Swap, Swapper};
