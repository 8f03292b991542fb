//! What a policy asks for beside numbers: sections, freshness, signatures, approvals by name.

use equipoise_document::Document;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cause, On, Outcome, Policy, Verdict};

/// What must be there beside numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Require {
    /// Sections that the assessment must have, and none of them partial.
    pub sections: Vec<String>,
    /// Days since the assessment was finished at most.
    pub max_age_days: Option<f64>,
    /// Number of signatures by different trusted keys at least.
    pub signatures: u32,
    /// Approvals that must be among the signatures.
    pub approvals: Vec<Approval>,
    /// Line of the policy file where this begins, from 1.
    pub line: u32,
}

/// A signature by somebody in particular.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Approval {
    /// The role in which it must have been signed, for example `approver`.
    pub role: Option<String>,
    /// The name that must have signed.
    pub name: Option<String>,
    /// The key that must have signed: its file beside the policy, or its id `sha256:…`.
    pub key: Option<String>,
}

/// As it is written in the policy file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Require")]
pub(crate) struct RawRequire {
    /// Sections that the assessment must have.
    sections: Vec<String>,
    /// Days since the assessment was finished at most.
    max_age_days: Option<f64>,
    /// Number of signatures by different trusted keys at least.
    signatures: u32,
    /// Approvals that must be among the signatures.
    approval: Vec<Approval>,
}

/// What the caller found out about an assessment beside its document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Days since it was finished; absent when that is not known.
    pub age_days: Option<f64>,
    /// Signatures that are valid, by trusted keys, and over the document as it is.
    pub signatures: Vec<Signed>,
}

/// A valid signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The role that was signed in.
    pub role: String,
    /// The name that was signed with.
    pub name: Option<String>,
    /// Id of the key: `sha256:…`.
    pub key: String,
}

impl RawRequire {
    pub(crate) fn check(self, line: u32) -> Result<Require, (String, &'static str)> {
        let Self { sections, max_age_days, signatures, approval } = self;
        if let Some(days) = max_age_days.filter(|days| !(days.is_finite() && *days > 0.0)) {
            return Err((format!("`max_age_days` is `{days}`"), "give a number of days above 0"));
        }
        if approval.iter().any(|a| *a == Approval::default()) {
            return Err(("an approval names nobody".to_owned(), "add `role`, `name` or `key`"));
        }
        Ok(Require { sections, max_age_days, signatures, approvals: approval, line })
    }
}

impl Require {
    /// True when nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    /// True when signatures are asked for.
    #[must_use]
    pub fn needs_signatures(&self) -> bool {
        self.signatures > 0 || !self.approvals.is_empty()
    }

    /// Each thing that is asked for, as id and words; one verdict follows from each, in this order.
    #[must_use]
    pub fn items(&self) -> Vec<(String, String)> {
        let mut items: Vec<(String, String)> =
            self.sections.iter().map(|s| (format!("require.section[{s}]"), format!("a section `{s}`"))).collect();
        if let Some(days) = self.max_age_days {
            items.push(("require.max_age_days".to_owned(), format!("at most {days} days old")));
        }
        if self.signatures > 0 {
            items.push(("require.signatures".to_owned(), format!("{} or more signatures", self.signatures)));
        }
        items.extend(self.approvals.iter().map(|a| (format!("require.approval[{}]", a.label()), a.words())));
        items
    }
}

impl Approval {
    fn label(&self) -> &str {
        self.name.as_deref().or(self.role.as_deref()).or(self.key.as_deref()).unwrap_or_default()
    }

    fn words(&self) -> String {
        let role = self.role.as_ref().map(|r| format!(" as `{r}`")).unwrap_or_default();
        let name = self.name.as_ref().map(|n| format!(" by `{n}`")).unwrap_or_default();
        let key = self.key.as_ref().map(|k| format!(" with the key `{k}`")).unwrap_or_default();
        format!("a signature{role}{name}{key}")
    }

    fn is_given_by(&self, signed: &Signed) -> bool {
        self.role.as_ref().is_none_or(|role| *role == signed.role)
            && self.name.as_ref().is_none_or(|name| signed.name.as_ref() == Some(name))
            && self.key.as_ref().is_none_or(|key| *key == signed.key)
    }
}

/// Holds an assessment and what is known of it against what a policy asks for beside numbers. The verdicts follow those of the
/// gates, with the same kind of sentences.
#[must_use]
pub fn check_requirements(document: &Document, policy: &Policy, evidence: &Evidence) -> Vec<Verdict> {
    let require = &policy.require;
    let mut answers: Vec<Result<(), String>> = require.sections.iter().map(|s| has_section(document, s)).collect();
    if let Some(days) = require.max_age_days {
        answers.push(match evidence.age_days {
            None => Err("it is not known when it was finished".to_owned()),
            Some(age) if age <= days => Ok(()),
            Some(age) => Err(format!("it is {} days old", age.floor())),
        });
    }
    if require.signatures > 0 {
        let mut keys: Vec<&str> = evidence.signatures.iter().map(|s| s.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        let is_enough = u32::try_from(keys.len()).is_ok_and(|n| n >= require.signatures);
        answers.push(if is_enough { Ok(()) } else { Err(format!("there are {} by trusted keys", keys.len())) });
    }
    answers.extend(require.approvals.iter().map(|approval| {
        let is_given = evidence.signatures.iter().any(|signed| approval.is_given_by(signed));
        if is_given { Ok(()) } else { Err("there is none such by a trusted key".to_owned()) }
    }));
    let before = policy.gates.len();
    require
        .items()
        .into_iter()
        .zip(answers)
        .zip(before + 1..)
        .map(|(((id, asks), answer), gate)| verdict(gate, require.line, id, asks, answer))
        .collect()
}

fn has_section(document: &Document, id: &str) -> Result<(), String> {
    match document.section(id) {
        None => Err("the assessment does not have it".to_owned()),
        Some(_) if document.provenance.partial => Err("the run was interrupted".to_owned()),
        Some(_) => Ok(()),
    }
}

fn verdict(gate: usize, line: u32, id: String, asks: String, answer: Result<(), String>) -> Verdict {
    let (outcome, cause, message) = match answer {
        Ok(()) => (Outcome::Pass, Cause::Met, format!("asked is {asks}: it is there")),
        Err(why) => (Outcome::Fail, Cause::Unmet(why.clone()), format!("asked is {asks}: {why}")),
    };
    Verdict {
        gate,
        line,
        id,
        outcome,
        cause,
        asks,
        bound: None,
        on: On::Value,
        observed: None,
        n: None,
        small: false,
        because: None,
        message,
    }
}
