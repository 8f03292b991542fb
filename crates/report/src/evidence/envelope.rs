//! DSSE envelopes: what was signed, and by which keys (Dead Simple Signing Envelope, version 1).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};

use super::{KeyPair, PublicKey, Trust};
use crate::ReportError;

/// The kind of payload: an in-toto statement.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// An envelope as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// What was signed, in base 64.
    payload: String,
    /// What kind of bytes that are.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// The signatures.
    signatures: Vec<EnvelopeSignature>,
}

/// A signature in an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// A hint at the key; it is never trusted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keyid: String,
    /// The signature, in base 64.
    pub sig: String,
    /// Certificates of the signer in PEM, the signer's own first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
}

/// What the signature is over, so that a payload cannot be taken for one of another type:
/// `DSSEv1 ‹length› ‹type› ‹length› ‹payload›`.
fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

fn wrong(problem: impl Into<String>, hint: &str) -> ReportError {
    ReportError::evidence("signature", problem, hint)
}

impl Envelope {
    pub(super) fn sign(
        payload: &[u8],
        key: &KeyPair,
        certificates: Option<&str>,
        random: &dyn SecureRandom,
    ) -> Result<Self, ReportError> {
        let sig = key.sign(&authenticated(PAYLOAD_TYPE, payload), random)?;
        Ok(Self {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![EnvelopeSignature {
                keyid: key.public().id(),
                sig: STANDARD.encode(sig),
                cert: certificates.map(str::to_owned),
            }],
        })
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// When the text is none.
    pub fn read(text: &str) -> Result<Self, ReportError> {
        serde_json::from_str(text).map_err(|error| {
            wrong(format!("it is not a DSSE envelope: {error}"), "name a file that `equipoise sign` wrote")
        })
    }

    /// The envelope as JSON.
    ///
    /// # Errors
    /// Never for an envelope that was made or read.
    pub fn to_json(&self) -> Result<String, ReportError> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// The payload, the id of the trusted key that signed it, and the name in its certificate.
    pub(super) fn open(&self, trust: &Trust) -> Result<(Vec<u8>, String, Option<String>), ReportError> {
        if self.payload_type != PAYLOAD_TYPE {
            let problem = format!("it holds `{}`, not an in-toto statement", self.payload_type);
            return Err(wrong(problem, "name a file that `equipoise sign` wrote"));
        }
        let payload = decoded(&self.payload)
            .ok_or_else(|| wrong("its payload is not base 64", "the file was damaged; get it again"))?;
        let message = authenticated(&self.payload_type, &payload);
        let mut troubles = Vec::new();
        for signature in &self.signatures {
            let Some(sig) = decoded(&signature.sig) else {
                troubles.push("a signature is not base 64".to_owned());
                continue;
            };
            if let Some(key) = trust.keys.iter().find(|key| key.verifies(&message, &sig)) {
                return Ok((payload, key.id(), None));
            }
            let Some(pem) = &signature.cert else {
                troubles.push(self.why_not(signature, trust));
                continue;
            };
            match trust.authorities.signer(pem, trust.now_secs) {
                Ok((key, name)) if key.verifies(&message, &sig) => return Ok((payload, key.id(), name)),
                Ok((key, _)) => troubles.push(format!("it does not match its certificate's key `{}`", key.id())),
                Err(trouble) => troubles.push(trouble),
            }
        }
        let problem = if troubles.is_empty() { "it has no signatures".to_owned() } else { troubles.join("; ") };
        Err(ReportError::Invalid(problem))
    }

    /// Whether the key that it names is trusted, and then the signed text was changed, or not known.
    fn why_not(&self, signature: &EnvelopeSignature, trust: &Trust) -> String {
        let is_known = trust.keys.iter().any(|key: &PublicKey| key.id() == signature.keyid);
        match (is_known, signature.keyid.as_str()) {
            (true, id) => format!("what was signed with the key `{id}` was changed"),
            (false, "") => "it is by none of the trusted keys".to_owned(),
            (false, id) => format!("it names the key `{id}`, which is not among the trusted ones"),
        }
    }
}
