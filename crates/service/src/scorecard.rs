//! Scorecards of stored assessments.

use std::fs;
use std::path::{Path, PathBuf};

use equipoise_govern::{Evidence, Policy, Require, Verdict, check_requirements};
use equipoise_report::exports::{Form, Sources};
use equipoise_report::{Assets, Config, Scorecard};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::ServiceError;
use crate::gate::{joined_policy, read_config};
use crate::store::{DOCUMENT_FILE, RUN_FILE, load, read_text};

/// What a scorecard is made from beside the assessment.
#[derive(Clone, Debug, Default)]
pub struct CardSpec<'a> {
    /// Its configuration: TOML, or the JSON of an Azure Machine Learning scorecard.
    pub config: Option<&'a Path>,
    /// A policy whose gates are shown beside the configuration's targets.
    pub policy: Option<&'a Path>,
    /// A file of cohorts of the Responsible AI Toolbox; the assessment must have all of them.
    pub cohorts: Option<&'a Path>,
    /// Font files for letters that the usual fonts lack.
    pub fonts: &'a [PathBuf],
}

/// The scorecard of a stored assessment, and the verdicts that it shows. It carries the day on which the assessment was
/// finished, so that the same assessment gives the same bytes.
///
/// # Errors
/// When a file cannot be read, or the configuration names what the assessment does not have.
pub fn scorecard(place: &Path, spec: &CardSpec<'_>) -> Result<(Scorecard, Vec<Verdict>), ServiceError> {
    let document = load(place)?;
    let config = spec.config.map(read_config).transpose()?.unwrap_or_default();
    if let Some(path) = spec.cohorts {
        check_cohorts(&document, path)?;
    }
    let policy = joined_policy(&document, Some(&config), spec.policy)?;
    let mut verdicts = equipoise_govern::check(&document, &policy);
    // Signatures and age come after the card.
    let sections =
        Require { sections: policy.require.sections.clone(), line: policy.require.line, ..Require::default() };
    let of_sections = Policy { require: sections, ..policy };
    verdicts.extend(check_requirements(&document, &of_sections, &Evidence::default()));
    let assets = assets(place, spec, &config)?;
    let card = equipoise_report::scorecard(&document, &verdicts, &config, &assets)?;
    Ok((card, verdicts))
}

/// Another document of a stored assessment, such as a model card. What people say of the model comes from the scorecard's
/// configuration.
///
/// # Errors
/// As [`scorecard`].
pub fn export(place: &Path, form: Form, config: Option<&Path>, policy: Option<&Path>) -> Result<String, ServiceError> {
    let document = load(place)?;
    let config = config.map(read_config).transpose()?.unwrap_or_default();
    let verdicts = equipoise_govern::check(&document, &joined_policy(&document, Some(&config), policy)?);
    let (date, document_sha256) = (finished(place), document_sha256(place)?);
    let sources = Sources {
        document: &document,
        config: &config,
        verdicts: &verdicts,
        date: date.as_deref(),
        document_sha256: &document_sha256,
    };
    Ok(equipoise_report::exports::export(form, &sources)?)
}

fn check_cohorts(document: &equipoise_document::Document, path: &Path) -> Result<(), ServiceError> {
    for cohort in crate::read_cohorts(path, &document.classes)? {
        if !document.cohorts.iter().any(|c| c.name == cohort.name) {
            return Err(ServiceError::Cohort {
                name: cohort.name,
                problem: format!(
                    "the assessment was made without it\nhint: make it again with `--cohort-file {}`",
                    path.display()
                ),
            });
        }
    }
    Ok(())
}

/// Files that the configuration names lie beside it.
fn assets(place: &Path, spec: &CardSpec<'_>, config: &Config) -> Result<Assets, ServiceError> {
    let folder = spec.config.and_then(Path::parent).unwrap_or(Path::new(""));
    let read = |name: &str, path: &Path| -> Result<(String, Vec<u8>), ServiceError> {
        let bytes = fs::read(path).map_err(|e| ServiceError::Input {
            path: path.display().to_string(),
            problem: if e.kind() == std::io::ErrorKind::NotFound {
                "there is no such file".to_owned()
            } else {
                e.to_string()
            },
            hint: "files that a scorecard's configuration names lie beside it; correct the name or leave it out"
                .to_owned(),
        })?;
        Ok((name.to_owned(), bytes))
    };
    let logo = config.logo().map(|name| read(name, &folder.join(name))).transpose()?;
    let mut fonts = Vec::new();
    for name in config.fonts() {
        fonts.push(read(name, &folder.join(name))?);
    }
    for path in spec.fonts {
        fonts.push(read(&path.display().to_string(), path)?);
    }
    Ok(Assets { logo, fonts, date: finished(place), document_sha256: document_sha256(place)? })
}

/// When the assessment was finished, where that is known.
pub(crate) fn finished(place: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Run {
        finished: String,
    }
    let folder = if place.is_dir() { place } else { place.parent()? };
    let text = fs::read_to_string(folder.join(RUN_FILE)).ok()?;
    serde_json::from_str::<Run>(&text).ok().map(|run| run.finished)
}

/// SHA-256 of the stored document's bytes.
pub(crate) fn document_sha256(place: &Path) -> Result<String, ServiceError> {
    let path = if place.is_dir() { place.join(DOCUMENT_FILE) } else { place.to_path_buf() };
    let text = read_text(&path, "name a directory that `equipoise assess` wrote")?;
    Ok(hex::encode(Sha256::digest(text.as_bytes())))
}
