//! The house rules that a machine can check. Each rule is one function from what it looks at to its findings.

mod arrows;
mod licences;
mod shape;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::bail;

use crate::repo;

/// A broken rule: where, what, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// `path` or `path:line`.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) problem: String,
    /// How to mend it.
    pub(crate) hint: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}: {}\nhint: {}", self.place, self.problem, self.hint)
    }
}

/// Checks everything; fails with all findings when there is one.
pub(crate) fn run(root: &Path) -> anyhow::Result<String> {
    let files = repo::text_files(root)?;
    let mut findings = arrows::check(&repo::cargo_metadata(root)?);
    findings.extend(licences::check(root)?);
    findings.extend(shape::check(&files));
    findings.extend(words::check(&files));
    findings.sort();
    if !findings.is_empty() {
        let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
        bail!("{}\n{} to mend", all.join("\n"), findings.len());
    }
    Ok(format!("tidy: {} files keep the rules\n", files.len()))
}
