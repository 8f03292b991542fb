//! Judging and comparing assessments.

use std::path::Path;

use equipoise_analyses::paired::paired_differences;
use equipoise_document::{Document, EstimateId, Level, Note};
use equipoise_govern::{Comparison, Evidence, Policy, Verdict};
use equipoise_report::Config;

use crate::ServiceError;
use crate::scorecard::finished;
use crate::store::{load, read_text};
use crate::stored_frame::stored_frame;

/// A policy and its verdicts on a stored assessment.
///
/// # Errors
/// When document or policy cannot be read.
pub fn check(place: &Path, policy: &Path) -> Result<(Policy, Vec<Verdict>), ServiceError> {
    judge(place, &Asked { policy: Some(policy), ..Asked::default() })
}

/// What an assessment is held against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// A policy file.
    pub policy: Option<&'a Path>,
    /// A scorecard's configuration, whose targets are gates.
    pub config: Option<&'a Path>,
    /// The time, in RFC 3339, against which freshness is judged.
    pub now: Option<&'a str>,
}

/// All gates, those of the scorecard's targets first, and their verdicts on a stored assessment. A scorecard of the same
/// configuration and policy shows the same verdicts.
///
/// # Errors
/// When document, policy or configuration cannot be read.
pub fn judge(place: &Path, asked: &Asked<'_>) -> Result<(Policy, Vec<Verdict>), ServiceError> {
    let document = load(place)?;
    let config = asked.config.map(read_config).transpose()?;
    let policy = joined_policy(&document, config.as_ref(), asked.policy)?;
    let evidence = Evidence { age_days: asked.now.and_then(|now| age_days(place, now)), signatures: Vec::new() };
    let mut verdicts = equipoise_govern::check(&document, &policy);
    verdicts.extend(equipoise_govern::check_requirements(&document, &policy, &evidence));
    Ok((policy, verdicts))
}

/// Days since the assessment was finished.
fn age_days(place: &Path, now: &str) -> Option<f64> {
    let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let seconds = time(now)?.as_second() - time(&finished(place)?)?.as_second();
    #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
    Some(seconds as f64 / 86_400.0)
}

/// The targets of a configuration and the gates of a policy file, in this order.
pub(crate) fn joined_policy(
    document: &Document,
    config: Option<&Config>,
    policy: Option<&Path>,
) -> Result<Policy, ServiceError> {
    let mut joined = config.map(|c| c.policy(document)).transpose()?.unwrap_or_default();
    if let Some(path) = policy {
        let Policy { gates, require } = read_policy(path)?;
        joined.gates.extend(gates);
        joined.require = require;
    }
    Ok(joined)
}

pub(crate) fn read_policy(path: &Path) -> Result<Policy, ServiceError> {
    let text = read_text(path, "name a policy file; README.md shows one")?;
    let path = path.display().to_string();
    Policy::from_toml(&text).map_err(|source| ServiceError::Policy { path, source })
}

pub(crate) fn read_config(path: &Path) -> Result<Config, ServiceError> {
    let text = read_text(path, "name a scorecard's configuration; `equipoise schema scorecard` lists its fields")?;
    Ok(Config::read(&text, &path.display().to_string())?)
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
