//! What cannot be estimated.

use equipoise_kernels::boost::BoostError;

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CausalError {
    /// Too few rows for the folds.
    #[error("{rows} rows are too few for {folds} folds")]
    TooFewRows {
        /// Rows there are.
        rows: usize,
        /// Folds that were asked for.
        folds: usize,
    },
    /// A level does not occur in the training rows of a fold.
    #[error("the level {level} of the treatment has no rows outside of fold {fold}")]
    EmptyArm {
        /// Place of the level.
        level: usize,
        /// The fold.
        fold: usize,
    },
    /// Nothing of the treatment is left once the covariates are taken out.
    #[error("the covariates predict the treatment perfectly")]
    NoVariation,
    /// Somebody wanted it to end.
    #[error("interrupted")]
    Stopped,
    /// Boosting refused.
    #[error(transparent)]
    Boost(#[from] BoostError),
}
