//! Chains of certificates.

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::PublicKey;
use crate::ReportError;

/// Code signing (1.3.6.1.5.5.7.3.3), which a signer's certificate must allow where it lists purposes at all.
const CODE_SIGNING: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 3];
/// A common name (2.5.4.3) in a subject.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

/// Certificates of authorities that are believed.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Adds the certificates of a file in PEM.
    ///
    /// # Errors
    /// When there is none in it, or one cannot be an authority.
    pub fn add(&mut self, pem: &[u8], name: &str) -> Result<(), ReportError> {
        let found = certificates(pem).filter(|all| !all.is_empty()).ok_or_else(|| {
            ReportError::evidence(
                format!("certificate `{name}`"),
                "it is not a certificate",
                "give certificates in PEM (`BEGIN CERTIFICATE`)",
            )
        })?;
        for certificate in found {
            anchor_from_trusted_cert(&certificate).map_err(|error| {
                ReportError::evidence(
                    format!("certificate `{name}`"),
                    format!("it cannot be an authority: {error}"),
                    "give the certificate of the authority that issued the signer's",
                )
            })?;
            self.0.push(certificate);
        }
        Ok(())
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of the first certificate, if a chain leads from it to an authority, and the name in it.
    pub(super) fn signer(&self, pem: &str, now_secs: u64) -> Result<(PublicKey, Option<String>), String> {
        let chain = certificates(pem.as_bytes()).unwrap_or_default();
        let Some((own, rest)) = chain.split_first() else { return Err("its certificates cannot be read".to_owned()) };
        let own = EndEntityCert::try_from(own).map_err(|error| format!("its certificate cannot be read: {error}"))?;
        let anchors: Vec<_> = self.0.iter().filter_map(|ca| anchor_from_trusted_cert(ca).ok()).collect();
        own.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            rest,
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(now_secs)),
            KeyUsage::required_if_present(CODE_SIGNING),
            None,
            None,
        )
        .map_err(|error| format!("its certificate is not believed: {error}"))?;
        let key = PublicKey::from_der(own.subject_public_key_info().as_ref());
        Ok((key, common_name(own.subject())))
    }
}

/// Refuses certificates whose first one is not for this key.
pub(super) fn check_own(pem: &str, key: &PublicKey) -> Result<(), ReportError> {
    let wrong = |problem: &str, hint: &str| Err(ReportError::evidence("certificates", problem, hint));
    let Some(chain) = certificates(pem.as_bytes()) else {
        return wrong("they cannot be read", "give them in PEM (`BEGIN CERTIFICATE`)");
    };
    let own = chain.first().and_then(|own| EndEntityCert::try_from(own).ok());
    match own {
        None => wrong("there is none that can be read", "give them in PEM (`BEGIN CERTIFICATE`), your own first"),
        Some(own) if PublicKey::from_der(own.subject_public_key_info().as_ref()) != *key => wrong(
            "the first one is for another key",
            "put your own certificate first, then those that lead to the authority",
        ),
        Some(_) => Ok(()),
    }
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()
}

/// The common name in a subject's bytes.
fn common_name(subject: &[u8]) -> Option<String> {
    let at = subject.windows(COMMON_NAME.len()).position(|w| w == COMMON_NAME)?;
    let value = subject.get(at + COMMON_NAME.len()..)?;
    let (_, [length, rest @ ..]) = value.split_first()? else { return None };
    let bytes = rest.get(..usize::from(*length)).filter(|_| *length < 0x80)?;
    String::from_utf8(bytes.to_vec()).ok()
}
