//! Why two assessments cannot be paired.

/// Why two assessments cannot be paired row by row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairedError {
    /// They predict different kinds of things.
    #[error(
        "the first assessment is of a {a} model and the second of a {b} model\n\
         hint: only models of the same task can be compared row by row"
    )]
    Task {
        /// Of the first.
        a: &'static str,
        /// Of the second.
        b: &'static str,
    },
    /// They know different classes, or the same in another order.
    #[error(
        "the first assessment has the classes `{a}` and the second `{b}`\n\
         hint: assess both with the same target and the same positive class"
    )]
    Classes {
        /// Of the first.
        a: String,
        /// Of the second.
        b: String,
    },
    /// One has more rows.
    #[error(
        "the first assessment has {a} rows and the second {b}\n\
         hint: assess both models on the same test rows"
    )]
    Length {
        /// Of the first.
        a: usize,
        /// Of the second.
        b: usize,
    },
    /// They are of different rows of a dataset.
    #[error(
        "at place {place} the first assessment has row {a} of the dataset and the second row {b}\n\
         hint: assess both models on the same test rows"
    )]
    Rows {
        /// Place among the assessed rows, from 0.
        place: usize,
        /// Row number in the first.
        a: u64,
        /// Row number in the second.
        b: u64,
    },
    /// The truth of a row differs.
    #[error(
        "the truth of row {row} is `{a}` in the first assessment and `{b}` in the second\n\
         hint: assess both models on the same test rows with the same target"
    )]
    Truth {
        /// The row.
        row: u64,
        /// In the first.
        a: String,
        /// In the second.
        b: String,
    },
    /// The weight of a row differs.
    #[error(
        "the weight of row {row} is `{a}` in the first assessment and `{b}` in the second\n\
         hint: assess both models with the same weight column"
    )]
    Weight {
        /// The row.
        row: u64,
        /// In the first; `1` without weights.
        a: String,
        /// In the second; `1` without weights.
        b: String,
    },
    /// The group of a row differs.
    #[error(
        "row {row} is in group `{a}` of `{column}` in the first assessment and in `{b}` in the second\n\
         hint: assess both models with the same sensitive columns and bins"
    )]
    Group {
        /// The column.
        column: String,
        /// The row.
        row: u64,
        /// In the first.
        a: String,
        /// In the second.
        b: String,
    },
    /// No predictions.
    #[error(
        "the {which} assessment has no predictions\n\
         hint: write an assessment of a model, with its predictions"
    )]
    NoPredictions {
        /// `first` or `second`.
        which: &'static str,
    },
    /// The level is not a coverage.
    #[error(
        "`{level}` is not a level of an interval\n\
         hint: a level lies between 0 and 1, for example 0.95"
    )]
    Level {
        /// As it was given.
        level: String,
    },
}
