//! Judging and comparing assessments.

use std::path::Path;

use equipoise_govern::{Comparison, Policy, Verdict};

use crate::ServiceError;
use crate::store::{load, read_text};

/// A policy and its verdicts on a stored assessment.
///
/// # Errors
/// When document or policy cannot be read.
pub fn check(place: &Path, policy: &Path) -> Result<(Policy, Vec<Verdict>), ServiceError> {
    let document = load(place)?;
    let text = read_text(policy, "name a policy file; README.md shows one")?;
    let path = policy.display().to_string();
    let policy = Policy::from_toml(&text).map_err(|source| ServiceError::Policy { path, source })?;
    let verdicts = equipoise_govern::check(&document, &policy);
    Ok((policy, verdicts))
}

/// Two stored assessments side by side.
///
/// # Errors
/// When one cannot be read.
pub fn compare(a: &Path, b: &Path) -> Result<Comparison, ServiceError> {
    Ok(equipoise_govern::compare(&load(a)?, &load(b)?))
}
