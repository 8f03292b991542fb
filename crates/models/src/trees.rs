//! Tree ensembles, whatever library grew them: one form for prediction and for exact explanations.

/// An ensemble of decision trees. The helper functions that evaluate it live beside it.
#[derive(Clone, Debug, Default)]
pub struct TreeEnsemble {}
