//! Linear learners that need the data once: ordinary least squares, ridge and the lasso out of cross products, and
//! logistic regression by Newton's method.
//!
//! Cross products of disjoint parts add up, so the training rows of a fold are *total − part*: fitting all folds, choosing
//! a penalty by cross-validation and fitting further targets cost no further pass over the rows.

mod cholesky;
mod exp;
mod fit;
mod gram;
mod lasso;
mod logistic;
mod parts;
mod penalty;
#[cfg(test)]
mod tests;

pub use cholesky::{Cholesky, Inverse};
pub use fit::LinearFit;
pub use gram::{Centre, Gram};
pub use lasso::{LassoPath, lasso};
pub use logistic::{Logistic, LogisticFit, Standard, logistic_gram};
pub use parts::LogisticPart;
pub use penalty::{Chosen, choose_lasso, choose_logistic, choose_ridge, lasso_path, log_path};
