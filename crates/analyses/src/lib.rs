//! One folder per question, and the registry of them.
//!
//! An analysis asks for passes over scored rows and answers with a [`Section`](equipoise_document::Section). It knows
//! neither where the rows live nor how its answer is drawn.

pub mod balance;
pub mod causal;
mod context;
mod counted;
pub mod counterfactuals;
pub mod errors;
pub mod explain;
pub mod explorer;
pub mod fairness;
mod host;
mod missing;
pub mod paired;
pub mod performance;
mod registry;
pub mod what_if;

pub use context::{Context, Part, Progress, Quiet, caution};
pub use host::{ArtifactWriter, Host, Journal, NoHost};
pub use registry::{Analysis, AnalysisError, REGISTRY, find, parse_params};
