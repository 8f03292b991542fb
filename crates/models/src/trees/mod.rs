//! Tree ensembles, whatever library grew them: one form for prediction and for exact explanations.
//!
//! A reader builds [`Tree`]s and hands them, with what the library does around them, to
//! [`TreeEnsemble::new`] as [`EnsembleParts`]. Both constructors check what they are given, so whoever holds
//! an ensemble may follow any child without asking again.

mod bits;
mod category;
mod encode;
mod ensemble;
mod eval;
mod feature;
mod link;
mod machine;
mod model;
mod plan;
mod ranks;
mod tree;

pub use category::Categories;
pub(crate) use category::number_text;
pub use encode::Encoded;
pub(crate) use encode::{numbers, texts};
pub use ensemble::{EnsembleError, EnsembleParts, Precision, TreeEnsemble};
pub use feature::{Derive, Feature, FeatureKind, Together};
pub use link::{Answer, Link};
pub(crate) use model::{TreeModel, checked_classes, outputs_of};
pub use tree::{Comparison, LinearLeaf, Node, Rule, Tree, TreeError, TreeParts};
