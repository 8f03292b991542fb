//! Keys: Ed25519, and ECDSA on P-256 and P-384.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SecureRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivatePkcs8KeyDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use sha2::{Digest as _, Sha256};
use webpki::ring::{ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519};

use crate::ReportError;

/// What comes before the key's own bits in a public key file (RFC 8410, RFC 5480).
const ED25519_HEAD: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const P256_HEAD: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P384_HEAD: &[u8] = &[
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x22, 0x03, 0x62, 0x00,
];

/// Kinds of keys that can be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032): the same signature for the same bytes.
    #[default]
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256,
}

/// A key that can sign.
pub struct KeyPair(Kind);

enum Kind {
    Ed25519(Ed25519KeyPair),
    Ecdsa { pair: EcdsaKeyPair, head: &'static [u8] },
}

/// A key that can be trusted: a SubjectPublicKeyInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl fmt::Debug for KeyPair {
    /// The public half alone: a private key is never printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.public().id())
    }
}

impl KeyPair {
    /// Reads a private key: PKCS#8 in PEM, as `equipoise keygen` and OpenSSL write it.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn from_pem(pem: &[u8], name: &str, random: &dyn SecureRandom) -> Result<Self, ReportError> {
        let wrong = |problem: &str| {
            let hint = "give a private key in PKCS#8 (`BEGIN PRIVATE KEY`) of Ed25519, P-256 or P-384; `equipoise keygen` makes one";
            ReportError::evidence(format!("key `{name}`"), problem, hint)
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| {
            let text = String::from_utf8_lossy(pem);
            match () {
                () if text.contains("ENCRYPTED PRIVATE KEY") => wrong("it is encrypted"),
                () if text.contains("PUBLIC KEY") => wrong("it is a public key"),
                () => wrong("it is not a private key"),
            }
        })?;
        let bytes = der.secret_pkcs8_der();
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
            return Ok(Self(Kind::Ed25519(pair)));
        }
        let curves: [(&'static EcdsaSigningAlgorithm, &'static [u8]); 2] =
            [(&ECDSA_P256_SHA256_ASN1_SIGNING, P256_HEAD), (&ECDSA_P384_SHA384_ASN1_SIGNING, P384_HEAD)];
        for (algorithm, head) in curves {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(algorithm, bytes, random) {
                return Ok(Self(Kind::Ecdsa { pair, head }));
            }
        }
        Err(wrong("it is a key of another kind"))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(match &self.0 {
            Kind::Ed25519(pair) => [ED25519_HEAD, pair.public_key().as_ref()].concat(),
            Kind::Ecdsa { pair, head } => [head, pair.public_key().as_ref()].concat(),
        })
    }

    pub(super) fn sign(&self, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, ReportError> {
        match &self.0 {
            Kind::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Kind::Ecdsa { pair, .. } => pair.sign(random, message).map(|s| s.as_ref().to_vec()).map_err(|_| {
                ReportError::evidence("key", "it could not sign", "the system gave no random numbers; try again")
            }),
        }
    }
}

impl PublicKey {
    /// Reads public keys in PEM (`BEGIN PUBLIC KEY`), one or several in a file.
    ///
    /// # Errors
    /// When there is none, or one is of a kind that cannot be verified.
    pub fn from_pem(pem: &[u8], name: &str) -> Result<Vec<Self>, ReportError> {
        let wrong = |problem: &str| {
            let hint = "give a public key (`BEGIN PUBLIC KEY`) of Ed25519, P-256 or P-384; certificates go to `--ca`";
            ReportError::evidence(format!("key `{name}`"), problem, hint)
        };
        let keys: Vec<Self> = SubjectPublicKeyInfoDer::pem_slice_iter(pem)
            .map(|key| key.map(|key| Self(key.as_ref().to_vec())))
            .collect::<Result<_, _>>()
            .map_err(|_| wrong("it is not a public key"))?;
        if keys.is_empty() {
            return Err(wrong("it holds no public key"));
        }
        if keys.iter().any(|key| key.algorithm().is_none()) {
            return Err(wrong("it is a key of another kind"));
        }
        Ok(keys)
    }

    pub(super) fn from_der(der: &[u8]) -> Self {
        Self(der.to_vec())
    }

    /// The key as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &self.0)
    }

    /// Its id: `sha256:` and the SHA-256 of the key's bytes.
    #[must_use]
    pub fn id(&self) -> String {
        format!("sha256:{}", hex::encode(Sha256::digest(&self.0)))
    }

    fn algorithm(&self) -> Option<&'static dyn SignatureVerificationAlgorithm> {
        [(ED25519_HEAD, ED25519), (P256_HEAD, ECDSA_P256_SHA256), (P384_HEAD, ECDSA_P384_SHA384)]
            .into_iter()
            .find_map(|(head, algorithm)| self.0.starts_with(head).then_some(algorithm))
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some(algorithm) = self.algorithm() else { return false };
        let spki = SubjectPublicKeyInfoDer::from(self.0.as_slice());
        webpki::RawPublicKeyEntity::try_from(&spki)
            .is_ok_and(|key| key.verify_signature(algorithm, message, signature).is_ok())
    }
}

/// A new key: the private half in PEM, and the public half.
///
/// # Errors
/// When the system gives no random numbers.
pub fn generate(algorithm: Algorithm, random: &dyn SecureRandom) -> Result<(String, PublicKey), ReportError> {
    let failed =
        || ReportError::evidence("key", "it could not be made", "the system gave no random numbers; try again");
    let der = match algorithm {
        Algorithm::Ed25519 => Ed25519KeyPair::generate_pkcs8(random),
        Algorithm::EcdsaP256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, random),
    };
    let text = pem("PRIVATE KEY", der.map_err(|_| failed())?.as_ref());
    let public = KeyPair::from_pem(text.as_bytes(), "new", random)?.public();
    Ok((text, public))
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}
