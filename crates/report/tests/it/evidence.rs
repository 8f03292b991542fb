//! Signatures, good and bad.

use equipoise_report::ReportError;
use equipoise_report::evidence::{
    Algorithm, Authorities, Envelope, KeyPair, PublicKey, Role, Subject, ToSign, Trust, changes, generate, sign, verify,
};
use ring::rand::SystemRandom;

use crate::made::document;

const AUTHORITY: &str = include_str!("../data/keys/authority.pem");
const SIGNER: &str = include_str!("../data/keys/signer.pem");
const SIGNER_KEY: &[u8] = include_bytes!("../data/keys/signer.key");
const OPENSSL_KEY: &[u8] = include_bytes!("../data/keys/openssl-ed25519.key");
const OPENSSL_PUBLIC: &[u8] = include_bytes!("../data/keys/openssl-ed25519.pub");
/// 2030-01-01 and 2060-01-01.
const IN_TIME: u64 = 1_893_456_000;
const TOO_LATE: u64 = 2_840_140_800;

fn what(document: &equipoise_document::Document) -> ToSign<'_> {
    ToSign {
        document,
        subjects: vec![Subject::new("document.json", &"12".repeat(32))],
        role: Role::Approver,
        name: Some("Ada".to_owned()),
        comment: None,
        signed: "2026-03-04T05:06:07Z".to_owned(),
    }
}

fn by(key: &PublicKey) -> Trust {
    Trust { keys: vec![key.clone()], ..Trust::default() }
}

fn invalid(envelope: &Envelope, trust: &Trust) -> String {
    match verify(envelope, trust) {
        Err(ReportError::Invalid(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_kind_of_key_signs_and_verifies() {
    let random = SystemRandom::new();
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256] {
        let (private, public) = generate(algorithm, &random).unwrap();
        let key = KeyPair::from_pem(private.as_bytes(), "k", &random).unwrap();
        assert_eq!(PublicKey::from_pem(public.to_pem().as_bytes(), "k.pub").unwrap(), [key.public()]);
        let envelope = sign(&what(&document()), &key, None, &random).unwrap();
        let again = Envelope::read(&envelope.to_json().unwrap()).unwrap();
        let verified = verify(&again, &by(&public)).unwrap();
        assert_eq!(verified.key, public.id());
        assert_eq!(verified.statement.subject[0].sha256(), Some("12".repeat(32).as_str()));
        assert_eq!(verified.statement.predicate.role, Role::Approver);
        let (_, other) = generate(algorithm, &random).unwrap();
        assert!(invalid(&again, &by(&other)).contains("which is not among the trusted ones"));
    }
}

#[test]
fn keys_of_openssl_are_read() {
    let key = KeyPair::from_pem(OPENSSL_KEY, "k", &SystemRandom::new()).unwrap();
    assert_eq!(PublicKey::from_pem(OPENSSL_PUBLIC, "p").unwrap(), [key.public()]);
}

/// The envelope is a JSON of base 64, so that the payload can be changed without touching the signature.
#[test]
fn a_changed_statement_is_not_believed() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let random = SystemRandom::new();
    let key = KeyPair::from_pem(OPENSSL_KEY, "k", &random).unwrap();
    let envelope = sign(&what(&document()), &key, None, &random).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&envelope.to_json().unwrap()).unwrap();
    let payload = STANDARD.decode(json["payload"].as_str().unwrap()).unwrap();
    let other = String::from_utf8(payload).unwrap().replace("\"approver\"", "\"author\"");
    json["payload"] = STANDARD.encode(other).into();
    let changed = Envelope::read(&json.to_string()).unwrap();
    assert!(invalid(&changed, &by(&key.public())).ends_with("was changed"));
    // Taking the signature away, or another type of payload, does not help.
    json["signatures"] = serde_json::json!([]);
    assert_eq!(invalid(&Envelope::read(&json.to_string()).unwrap(), &by(&key.public())), "it has no signatures");
    json["payloadType"] = "text/plain".into();
    assert!(verify(&Envelope::read(&json.to_string()).unwrap(), &by(&key.public())).is_err());
}

#[test]
fn a_certificate_is_believed_through_its_authority_and_in_time() {
    let random = SystemRandom::new();
    let key = KeyPair::from_pem(SIGNER_KEY, "k", &random).unwrap();
    let envelope = sign(&what(&document()), &key, Some(SIGNER), &random).unwrap();
    let mut authorities = Authorities::default();
    authorities.add(AUTHORITY.as_bytes(), "ca").unwrap();
    let trust = |now_secs| Trust { keys: Vec::new(), authorities: authorities.clone(), now_secs };
    let verified = verify(&envelope, &trust(IN_TIME)).unwrap();
    assert_eq!(verified.certified_name.as_deref(), Some("Ada Lovelace"));
    assert!(invalid(&envelope, &trust(TOO_LATE)).contains("its certificate is not believed"));
    let nobody = Trust { now_secs: IN_TIME, ..Trust::default() };
    assert!(invalid(&envelope, &nobody).contains("its certificate is not believed"));
    // A certificate for another key cannot be put beside a signature, neither when it is made nor later.
    let other = KeyPair::from_pem(OPENSSL_KEY, "k", &random).unwrap();
    let error = sign(&what(&document()), &other, Some(SIGNER), &random).unwrap_err().to_string();
    assert!(error.contains("the first one is for another key"), "{error}");
    let mut json: serde_json::Value =
        serde_json::from_str(&sign(&what(&document()), &other, None, &random).unwrap().to_json().unwrap()).unwrap();
    json["signatures"][0]["cert"] = SIGNER.into();
    let forged = Envelope::read(&json.to_string()).unwrap();
    assert!(invalid(&forged, &trust(IN_TIME)).contains("does not match its certificate's key"));
}

#[test]
fn the_place_of_a_change_is_told() {
    let random = SystemRandom::new();
    let key = KeyPair::from_pem(OPENSSL_KEY, "k", &random).unwrap();
    let before = document();
    let statement = verify(&sign(&what(&before), &key, None, &random).unwrap(), &by(&key.public())).unwrap().statement;
    assert_eq!(changes(&statement, &before), Vec::<String>::new());
    let mut after = before;
    after.sections[0].estimates[0].value = Some(0.9);
    after.sections[1].notes.clear();
    after.cohorts.swap(0, 1);
    after.spec.seed = 3;
    let id = after.sections[0].estimates[0].id.to_string();
    assert_eq!(
        changes(&statement, &after),
        [
            "cohorts: the order was changed".to_owned(),
            "section fairness, notes: 1 of 1 items were removed".to_owned(),
            format!("section performance, numbers: changed or added: `{id}`"),
            "spec: changed or added: `spec`".to_owned(),
        ]
    );
    after.sections.pop();
    assert!(changes(&statement, &after).contains(&"section fairness, numbers: it was removed".to_owned()));
}

#[test]
fn what_is_no_key_is_said() {
    let random = SystemRandom::new();
    let key = |pem: &[u8]| KeyPair::from_pem(pem, "k", &random).unwrap_err().to_string();
    assert!(key(b"hello").starts_with("key `k`: it is not a private key\nhint: "));
    assert!(key(OPENSSL_PUBLIC).contains("it is a public key"));
    assert!(
        key(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
            .contains("encrypted")
    );
    assert!(PublicKey::from_pem(b"", "p").unwrap_err().to_string().contains("holds no public key"));
    assert!(Authorities::default().add(b"x", "ca").unwrap_err().to_string().contains("it is not a certificate"));
    assert!(Envelope::read("{}").unwrap_err().to_string().contains("it is not a DSSE envelope"));
}
