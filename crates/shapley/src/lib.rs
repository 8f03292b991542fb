//! Shapley values: how much each column moves a prediction away from what it is on average.
//!
//! For trees they are exact ([`TreeExplainer`]): slices of encoded rows go in, numbers come out. Nothing here knows a
//! document, a file or a column's type.

mod attributions;
mod background;
mod block;
mod engine;
mod error;
mod explainer;
mod fold;
mod forest;
mod interactions;
mod linked;
mod machine;
mod margins;
mod options;
mod paths;
mod patterns;
mod players;
mod quadrature;
mod reference;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

pub use attributions::{Attributions, Interactions, LinkedAttributions};
pub use error::ShapleyError;
pub use explainer::TreeExplainer;
pub use options::{Background, Interaction, Method, Options, Players, Precision};
