//! What a model is, and a reader for each format.

mod error;
mod model;
mod trees;

pub use error::ModelError;
pub use model::{Input, InputColumn, InputKind, Inputs, Model, ModelInfo, Outputs};
pub use trees::TreeEnsemble;
