//! Cohorts: SQL predicates over the columns of a row.

mod arrays;
mod error;
mod functions;
mod names;
mod predicate;
mod rai_export;
mod rai_filter;

pub use error::PredicateError;
pub use predicate::{Predicate, PredicateType};
pub use rai_export::cohorts_to_rai;
pub use rai_filter::{RaiFilterError, cohorts_from_rai};
