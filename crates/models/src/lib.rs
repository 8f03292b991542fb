//! What a model is, and a reader for each format.

mod bind;
mod catboost;
mod ebm;
pub mod endpoint;
mod error;
mod lightgbm;
mod model;
mod onnx;
mod open;
pub mod trees;
mod xgboost;

pub use bind::{Binding, BoundInputs};
pub use error::ModelError;
pub use model::{Additive, Input, InputColumn, InputKind, Inputs, Model, ModelInfo, Outputs};
pub use open::open;
pub use trees::TreeEnsemble;
