//! Evidence: who stands behind an assessment, and whether it is still what they signed.
//!
//! A signature is an in-toto statement in a DSSE envelope: standard tools can verify it without this program. It covers the
//! document, the files beside it and the reports that were named, each by its SHA-256. Whatever the envelope says is believed
//! only after its signature was verified by a key that the caller trusts.

mod chain;
mod envelope;
mod keys;
mod outline;
mod statement;

use equipoise_document::Document;

pub use chain::Authorities;
pub use envelope::{Envelope, EnvelopeSignature};
pub use keys::{Algorithm, KeyPair, PublicKey, generate};
pub use statement::{Role, Statement, Subject};

use crate::ReportError;

/// What a signature is made from.
#[derive(Clone, Debug)]
pub struct ToSign<'a> {
    /// The document.
    pub document: &'a Document,
    /// Every file that is covered: its name and SHA-256, the document first.
    pub subjects: Vec<Subject>,
    /// The role in which one signs.
    pub role: Role,
    /// The name with which one signs.
    pub name: Option<String>,
    /// What one adds.
    pub comment: Option<String>,
    /// When, in RFC 3339.
    pub signed: String,
}

/// Signs; a chain of certificates in PEM, the signer's own first, is put beside the signature.
///
/// # Errors
/// When the key cannot sign, or is not that of the first certificate.
pub fn sign(
    what: &ToSign<'_>,
    key: &KeyPair,
    certificates: Option<&str>,
    random: &dyn ring::rand::SecureRandom,
) -> Result<Envelope, ReportError> {
    if let Some(pem) = certificates {
        chain::check_own(pem, &key.public())?;
    }
    let statement = statement::of(what);
    Envelope::sign(&serde_json::to_vec(&statement)?, key, certificates, random)
}

/// Whom one trusts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys.
    pub keys: Vec<PublicKey>,
    /// Authorities whose certificates are believed.
    pub authorities: Authorities,
    /// The time at which certificates must be valid, in seconds since 1970.
    pub now_secs: u64,
}

/// An envelope whose signature is valid and by somebody who is trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What was signed.
    pub statement: Statement,
    /// Id of the key: `sha256:…`.
    pub key: String,
    /// The name in the signer's certificate.
    pub certified_name: Option<String>,
}

/// Verifies an envelope.
///
/// # Errors
/// When it is no envelope, no signature in it is valid by a trusted key, or what was signed is no statement about an assessment.
pub fn verify(envelope: &Envelope, trust: &Trust) -> Result<Verified, ReportError> {
    let (payload, key, certified_name) = envelope.open(trust)?;
    Ok(Verified { statement: Statement::read(&payload)?, key, certified_name })
}

/// Which parts of a document are not those that were signed, in words; empty when none is.
#[must_use]
pub fn changes(statement: &Statement, document: &Document) -> Vec<String> {
    outline::changes(&statement.predicate.outline, document)
}
