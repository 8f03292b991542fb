//! What can go wrong with a model, in words for the person who has to mend it.

/// A model that cannot be read or asked.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("cannot read the model `{path}`: {source}\nhint: check the path and that the file may be read")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The content is not what its format says.
    #[error("`{path}` is not a readable {format} model: {problem}\nhint: {hint}")]
    Malformed {
        /// The file.
        path: String,
        /// The format it was read as.
        format: &'static str,
        /// What is wrong and where (line, field or byte).
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// Well formed, but asks for something that is not supported.
    #[error("`{path}`: {problem}\nhint: {hint}")]
    Unsupported {
        /// The file.
        path: String,
        /// What.
        problem: String,
        /// The way out.
        hint: String,
    },
    /// The model's inputs are not the data's columns.
    #[error("the model's features do not match the data\n{detail}\nhint: {hint}")]
    Mismatch {
        /// Missing and extra columns.
        detail: String,
        /// How to mend it.
        hint: String,
    },
    /// The rows cannot be answered.
    #[error("the model cannot answer: {problem}\nhint: {hint}")]
    Predict {
        /// What is wrong.
        problem: String,
        /// How to mend it.
        hint: String,
    },
    /// An endpoint does not answer as it should.
    #[error("the endpoint `{url}` {problem}\nhint: {hint}")]
    Endpoint {
        /// Its address without credentials.
        url: String,
        /// What it did.
        problem: String,
        /// How to mend it.
        hint: String,
    },
}
