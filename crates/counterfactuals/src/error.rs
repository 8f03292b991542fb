//! What can go wrong.

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CounterfactualError {
    /// Limits that no value can keep together.
    #[error("the limits of `{feature}` contradict each other: {one} and {other}\nhint: {hint}")]
    Contradiction {
        /// The feature.
        feature: String,
        /// One limit.
        one: String,
        /// The other one.
        other: String,
        /// How to mend it.
        hint: String,
    },
    /// Every feature is held fast by some limit.
    #[error("no feature may change: {why}\nhint: leave out or widen one of these limits")]
    NothingMayChange {
        /// The limits by feature.
        why: String,
    },
    /// The wish does not fit what the model answers.
    #[error("{problem}\nhint: {hint}")]
    Wish {
        /// What is wrong.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// A formula of a derived column cannot be read.
    #[error(
        "the formula `{formula}` cannot be read: {problem}\nhint: use numbers, columns, `+`, `-`, `*`, `/` and parentheses"
    )]
    Formula {
        /// The text.
        formula: String,
        /// What is wrong.
        problem: String,
    },
    /// The method cannot be used with this model or these limits.
    #[error("the method `{method}` cannot be used: {why}\nhint: {hint}")]
    Method {
        /// The method.
        method: &'static str,
        /// Why not.
        why: String,
        /// What else to do.
        hint: &'static str,
    },
    /// The model could not be asked.
    #[error("{0}")]
    Model(Box<dyn std::error::Error + Send + Sync>),
}
