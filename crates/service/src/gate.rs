//! Judging and comparing assessments.

use std::path::{Path, PathBuf};

use equipoise_analyses::paired::paired_differences;
use equipoise_document::{Document, EstimateId, Level, Note};
use equipoise_govern::{Comparison, Evidence, Policy, Signed, Verdict};
use equipoise_report::evidence::Trust;
use equipoise_report::{Config, ReportError};

use crate::evidence::{TrustFiles, read_keys, read_trust, verified};
use crate::scorecard::{document_sha256, finished};
use crate::store::{DOCUMENT_FILE, load, read_text};
use crate::stored_frame::stored_frame;
use crate::{ServiceError, World};

/// A policy and its verdicts on a stored assessment.
///
/// # Errors
/// When document or policy cannot be read.
pub fn check(place: &Path, policy: &Path) -> Result<(Policy, Vec<Verdict>), ServiceError> {
    let judged = judge(place, &Asked { policy: Some(policy), ..Asked::default() }, &World::real())?;
    Ok((judged.policy, judged.verdicts))
}

/// What an assessment is held against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// A policy file.
    pub policy: Option<&'a Path>,
    /// A scorecard's configuration, whose targets are gates.
    pub config: Option<&'a Path>,
    /// Signatures over the assessment, which a policy may require.
    pub signatures: &'a [PathBuf],
    /// Whom one trusts beside the keys that the policy itself names.
    pub trust: TrustFiles<'a>,
}

/// Gates and requirements, and what follows from them.
#[derive(Clone, Debug)]
pub struct Judged {
    /// All gates, those of the scorecard's targets first, and what is required beside numbers.
    pub policy: Policy,
    /// A verdict for each.
    pub verdicts: Vec<Verdict>,
    /// Signatures that do not count, and why.
    pub troubles: Vec<String>,
}

/// Holds a stored assessment against targets and a policy. A scorecard of the same configuration and policy shows the same
/// verdicts; those on signatures and freshness are given here alone, because they come after it.
///
/// # Errors
/// When document, policy, configuration or a key cannot be read.
pub fn judge(place: &Path, asked: &Asked<'_>, world: &World) -> Result<Judged, ServiceError> {
    let document = load(place)?;
    let config = asked.config.map(read_config).transpose()?;
    let mut policy = joined_policy(&document, config.as_ref(), asked.policy)?;
    let mut trust = read_trust(asked.trust, world)?;
    // A key that an approval names is trusted, and from here on it is known by its id.
    let folder = asked.policy.and_then(Path::parent).unwrap_or(Path::new(""));
    for approval in &mut policy.require.approvals {
        if let Some(name) = approval.key.as_mut().filter(|name| !name.starts_with("sha256:")) {
            let keys = read_keys(&folder.join(&*name))?;
            if let Some(key) = keys.first() {
                *name = key.id();
            }
            trust.keys.extend(keys);
        }
    }
    let (signatures, troubles) = signatures(place, asked.signatures, &trust)?;
    let evidence = Evidence { age_days: age_days(place, &(world.now)()), signatures };
    let mut verdicts = equipoise_govern::check(&document, &policy);
    verdicts.extend(equipoise_govern::check_requirements(&document, &policy, &evidence));
    Ok(Judged { policy, verdicts, troubles })
}

/// Signatures that are valid, by trusted keys, and over this document as it is.
fn signatures(place: &Path, files: &[PathBuf], trust: &Trust) -> Result<(Vec<Signed>, Vec<String>), ServiceError> {
    let (mut out, mut troubles) = (Vec::new(), Vec::new());
    if files.is_empty() {
        return Ok((out, troubles));
    }
    let own = document_sha256(place)?;
    for path in files {
        let verified = match verified(path, trust) {
            Ok(verified) => verified,
            Err(ServiceError::Report(ReportError::Invalid(why))) => {
                troubles.push(format!("`{}`: {why}", path.display()));
                continue;
            }
            Err(error) => return Err(error),
        };
        let is_of_this = verified.statement.subject.iter().any(|s| s.name == DOCUMENT_FILE && s.sha256() == Some(&own));
        if !is_of_this {
            troubles.push(format!("`{}`: it is over another document, or this one was changed since", path.display()));
            continue;
        }
        let said = verified.statement.predicate;
        out.push(Signed {
            role: said.role.word().to_owned(),
            // What an authority certified counts for more than what the signer says of himself.
            name: verified.certified_name.or(said.name),
            key: verified.key,
        });
    }
    Ok((out, troubles))
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
