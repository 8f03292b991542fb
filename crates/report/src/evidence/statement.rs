//! What is signed: an in-toto statement, version 1.

use std::collections::BTreeMap;

use equipoise_document::InputFingerprint;
use serde::{Deserialize, Serialize};

use super::{ToSign, outline};
use crate::ReportError;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "urn:equipoise:signature:1.0";

/// A statement about files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Version of the statement.
    #[serde(rename = "_type")]
    kind: String,
    /// The files that are covered, the document first.
    pub subject: Vec<Subject>,
    /// What is said of them.
    #[serde(rename = "predicateType")]
    predicate_type: String,
    /// Who says it, and what of.
    pub predicate: Predicate,
}

/// A file that is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name: the path within the assessment's folder, or the name of a report.
    pub name: String,
    /// Its digests by algorithm; there is `sha256`.
    pub digest: BTreeMap<String, String>,
}

/// Who signs, and what the assessment was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// The role in which one signs.
    pub role: Role,
    /// The name with which one signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What one adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When, in RFC 3339, by the signer's own clock.
    pub signed: String,
    /// Version of Equipoise that made the assessment.
    pub equipoise: String,
    /// SHA-256 of the spec.
    pub spec_sha256: String,
    /// Everything that was read.
    pub inputs: Vec<InputFingerprint>,
    /// Short digests of the document's parts, which tell where it was changed. Trust is in the file's own digest alone.
    pub outline: outline::Outline,
}

/// In which role one signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who made the assessment.
    #[default]
    Author,
    /// Who looked through it.
    Reviewer,
    /// Who decides on the model's use.
    Approver,
}

impl Role {
    /// The word for it, as policies write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
        }
    }
}

impl Subject {
    /// A file by its name and SHA-256.
    #[must_use]
    pub fn new(name: &str, sha256: &str) -> Self {
        Self { name: name.to_owned(), digest: [("sha256".to_owned(), sha256.to_owned())].into() }
    }

    /// Its SHA-256.
    #[must_use]
    pub fn sha256(&self) -> Option<&str> {
        self.digest.get("sha256").map(String::as_str)
    }
}

impl Statement {
    pub(super) fn read(payload: &[u8]) -> Result<Self, ReportError> {
        let wrong =
            |problem: String| ReportError::evidence("signature", problem, "name a file that `equipoise sign` wrote");
        let statement: Self = serde_json::from_slice(payload)
            .map_err(|error| wrong(format!("what was signed is no statement about an assessment: {error}")))?;
        if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
            let (kind, predicate) = (&statement.kind, &statement.predicate_type);
            return Err(wrong(format!("it holds a `{kind}` with a `{predicate}`")));
        }
        Ok(statement)
    }
}

pub(super) fn of(what: &ToSign<'_>) -> Statement {
    let made = &what.document.provenance;
    Statement {
        kind: STATEMENT.to_owned(),
        subject: what.subjects.clone(),
        predicate_type: PREDICATE.to_owned(),
        predicate: Predicate {
            role: what.role,
            name: what.name.clone(),
            comment: what.comment.clone(),
            signed: what.signed.clone(),
            equipoise: made.equipoise.clone(),
            spec_sha256: made.spec_sha256.clone(),
            inputs: made.inputs.clone(),
            outline: outline::of(what.document),
        },
    }
}
