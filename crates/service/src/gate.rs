//! Judging and comparing assessments.

use std::path::Path;

use equipoise_analyses::paired::paired_differences;
use equipoise_document::{EstimateId, Level, Note};
use equipoise_govern::{Comparison, Policy, Verdict};

use crate::ServiceError;
use crate::store::{load, read_text};
use crate::stored_frame::stored_frame;

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

/// Two stored assessments side by side. Where both kept their predictions of the same rows, the intervals of the
/// differences are paired.
///
/// # Errors
/// When one cannot be read, or its predictions are not those it was made with.
pub fn compare(a: &Path, b: &Path) -> Result<Comparison, ServiceError> {
    let (first, second) = (load(a)?, load(b)?);
    let mut comparison = equipoise_govern::compare(&first, &second);
    if !comparison.same_rows {
        return Ok(comparison);
    }
    let frames = (stored_frame(&first, folder(a))?, stored_frame(&second, folder(b))?);
    let (Some(frame_a), Some(frame_b)) = frames else { return Ok(comparison) };
    let wanted: Vec<EstimateId> =
        comparison.pairs.iter().filter(|p| p.difference.is_some()).map(|p| p.id.clone()).collect();
    match paired_differences(&frame_a, &frame_b, &wanted, first.spec.level(), first.spec.seed) {
        Ok(differences) => {
            for difference in differences {
                // Parameters such as a minimal group size can give a document other numbers than the rows alone do.
                let is_the_same = comparison.pair(&difference.id).is_some_and(|pair| {
                    let same = |ours: f64, theirs: &Result<f64, _>| {
                        theirs.as_ref().is_ok_and(|x| (ours - x).abs() <= 1e-9 * x.abs().max(1.0))
                    };
                    same(difference.a, &pair.a) && same(difference.b, &pair.b)
                });
                if is_the_same {
                    comparison.set_interval(&difference.id, difference.interval);
                }
            }
        }
        Err(error) => comparison.notes.push(Note::new(Level::Caution, "not_paired", error.to_string())),
    }
    Ok(comparison)
}

/// The folder of an assessment that was named by itself or by its document.
fn folder(place: &Path) -> &Path {
    if place.is_dir() { place } else { place.parent().unwrap_or(place) }
}
