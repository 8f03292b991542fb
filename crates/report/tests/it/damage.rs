//! Damaged and made-up input: an error, never a panic.

use equipoise_report::Config;
use equipoise_report::evidence::{Authorities, Envelope, KeyPair, PublicKey, Trust, verify};
use proptest::prelude::*;
use ring::rand::SystemRandom;

use crate::made::document;

const CONFIG: &str = "title = \"x\"\nfeatures = [\"sex\"]\n[[target]]\nmetric = \"accuracy\"\nthreshold = \">=0.8\"\n[look]\npaper = \"a4\"\n";
const AZURE: &str = r#"{"Model": {"ModelType": "Regression"}, "Metrics": {"accuracy_score": {"threshold": ">=0.85"}}, "Cohorts": ["young"]}"#;
const ENVELOPE: &str = r#"{"payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": [{"keyid": "k", "sig": "AAAA", "cert": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}]}"#;

/// A text with some of its characters replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec((0..text.len(), any::<char>()), 0..6).prop_map(move |changes| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, c) in changes {
            let at = at % chars.len();
            chars[at] = c;
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn configurations(toml in damaged(CONFIG), json in damaged(AZURE), any in "\\PC{0,60}") {
        for (text, name) in [(&toml, "c.toml"), (&json, "c.json"), (&any, "c.toml"), (&any, "c.json")] {
            if let Ok(config) = Config::read(text, name) {
                let _ = config.policy(&document());
            }
        }
    }

    #[test]
    fn thresholds(text in "[<>=≤≥.,0-9a-z %+-]{0,16}") {
        let _ = Config::read(&format!("[fairness]\nthreshold = \"{text}\"\n"), "c.toml");
    }

    #[test]
    fn envelopes_keys_and_certificates(envelope in damaged(ENVELOPE), bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(envelope) = Envelope::read(&envelope) {
            prop_assert!(verify(&envelope, &Trust::default()).is_err());
        }
        let _ = PublicKey::from_pem(&bytes, "k");
        let _ = KeyPair::from_pem(&bytes, "k", &SystemRandom::new());
        let _ = Authorities::default().add(&bytes, "ca");
    }
}
