//! Verdicts as SARIF 2.1.0, which code hosts show beside the lines of a change.

use serde_json::{Value, json};

use crate::{Cause, Outcome, Policy, Verdict};

/// The verdicts as SARIF 2.1.0 (OASIS, 2020): one rule for each gate, one result for each verdict, placed at the
/// gate's line in the policy file.
///
/// | verdict | `kind` | `level` |
/// |---|---|---|
/// | pass | `pass` | `none` |
/// | pass although the number is missing | `notApplicable` | `none` |
/// | warn | `fail` | `warning` |
/// | fail | `fail` | `error` |
#[must_use]
pub fn sarif_json(verdicts: &[Verdict], policy: &Policy, policy_uri: &str) -> String {
    let uri = uri(policy_uri);
    let mut rules: Vec<Value> = policy
        .gates
        .iter()
        .zip(1_usize..)
        .map(|(gate, i)| {
            let title = format!("{} {}", gate.id.text(), crate::words::demand(gate));
            let mut rule = json!({
                "id": rule_id(i),
                "name": gate.id.text(),
                "shortDescription": { "text": title },
                "defaultConfiguration": { "level": match gate.severity {
                    crate::Severity::Error => "error",
                    crate::Severity::Warning => "warning",
                } },
            });
            if let (Some(because), Some(rule)) = (&gate.because, rule.as_object_mut()) {
                rule.insert("fullDescription".into(), json!({ "text": because }));
            }
            rule
        })
        .collect();
    let beside = policy.require.items().into_iter().zip(policy.gates.len() + 1..);
    rules.extend(beside.map(|((id, asks), i)| {
        json!({
            "id": rule_id(i),
            "name": id,
            "shortDescription": { "text": asks },
            "defaultConfiguration": { "level": "error" },
        })
    }));
    let results: Vec<Value> = verdicts.iter().map(|v| result(v, &uri)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "equipoise",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule_id(gate: usize) -> String {
    format!("gate-{gate}")
}

fn result(verdict: &Verdict, uri: &str) -> Value {
    let (kind, level) = match (verdict.outcome, &verdict.cause) {
        (Outcome::Pass, Cause::Met) => ("pass", "none"),
        (Outcome::Pass, _) => ("notApplicable", "none"),
        (Outcome::Warn, _) => ("fail", "warning"),
        (Outcome::Fail, _) => ("fail", "error"),
    };
    json!({
        "ruleId": rule_id(verdict.gate),
        "ruleIndex": verdict.gate.saturating_sub(1),
        "kind": kind,
        "level": level,
        "message": { "text": verdict.message },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": verdict.line } },
            "logicalLocations": [{ "fullyQualifiedName": verdict.id, "kind": "estimate" }],
        }],
        "properties": {
            "id": verdict.id,
            "asks": verdict.asks,
            "observed": verdict.observed,
            "n": verdict.n,
        },
    })
}

/// A file path as a URI reference: `/` between folders, everything outside the unreserved characters in percent code.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
