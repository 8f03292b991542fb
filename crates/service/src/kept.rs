//! What people add to an assessment while they look at it: cohorts they named, answers they asked for. The document stays as
//! it was made; these lie beside it in the folder `added`.

use std::fs;
use std::path::{Path, PathBuf};

use equipoise_document::{CohortSpec, Section};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ServiceError;
use crate::store::write_file;

/// The folder beside the document.
pub(crate) const FOLDER: &str = "added";
const COHORTS: &str = "cohorts.json";
const SECTIONS: &str = "sections";

/// An answer that somebody asked for and kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeptSection {
    /// Names it within the assessment.
    pub job: String,
    /// The analysis.
    pub analysis: String,
    /// Which rows; all without a condition.
    pub predicate: Option<String>,
    /// The answer.
    pub section: Section,
}

/// The cohorts that were added to the assessment in a folder.
///
/// # Errors
/// When their file is damaged.
pub fn added_cohorts(dir: &Path) -> Result<Vec<CohortSpec>, ServiceError> {
    let path = dir.join(FOLDER).join(COHORTS);
    if path.is_file() { read(&path) } else { Ok(Vec::new()) }
}

/// Writes the added cohorts in place of those that were there.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_added_cohorts(dir: &Path, cohorts: &[CohortSpec]) -> Result<(), ServiceError> {
    write(&folder(dir, None)?.join(COHORTS), cohorts)
}

/// The answers that were kept, in the order in which they were asked for.
///
/// # Errors
/// When one is damaged.
pub fn kept_sections(dir: &Path) -> Result<Vec<KeptSection>, ServiceError> {
    let mut found: Vec<(u64, PathBuf)> = numbered(&dir.join(FOLDER).join(SECTIONS));
    found.sort();
    found.iter().map(|(_, path)| read(path)).collect()
}

/// Keeps an answer; returns its name.
///
/// # Errors
/// When the folder cannot be written.
pub fn keep_section(
    dir: &Path,
    analysis: &str,
    predicate: Option<&str>,
    section: Section,
) -> Result<String, ServiceError> {
    let folder = folder(dir, Some(SECTIONS))?;
    let last = numbered(&folder).into_iter().map(|(n, _)| n).max().unwrap_or(0);
    let job = format!("kept-{}", last + 1);
    let kept = KeptSection {
        job: job.clone(),
        analysis: analysis.to_owned(),
        predicate: predicate.map(str::to_owned),
        section,
    };
    write(&folder.join(format!("{}.json", last + 1)), &kept)?;
    Ok(job)
}

/// Deletes a kept answer; false when there is none of this name.
///
/// # Errors
/// When its file cannot be removed.
pub fn remove_kept(dir: &Path, job: &str) -> Result<bool, ServiceError> {
    let Some(number) = job.strip_prefix("kept-").and_then(|n| n.parse::<u64>().ok()) else { return Ok(false) };
    let found = numbered(&dir.join(FOLDER).join(SECTIONS));
    let Some((_, path)) = found.into_iter().find(|(n, _)| *n == number) else { return Ok(false) };
    fs::remove_file(&path).map(|()| true).map_err(|error| ServiceError::Output {
        path: path.display().to_string(),
        problem: error.to_string(),
        hint: "what is added lies beside the document: make its folder writable".to_owned(),
    })
}

fn numbered(folder: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "json"));
    paths.filter_map(|p| Some((p.file_stem()?.to_str()?.parse().ok()?, p))).collect()
}

pub(crate) fn folder(dir: &Path, within: Option<&str>) -> Result<PathBuf, ServiceError> {
    let path = within.map_or_else(|| dir.join(FOLDER), |name| dir.join(FOLDER).join(name));
    fs::create_dir_all(&path).map_err(|error| ServiceError::Output {
        path: path.display().to_string(),
        problem: error.to_string(),
        hint: "what is added lies beside the document: make its folder writable".to_owned(),
    })?;
    Ok(path)
}

pub(crate) fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ServiceError> {
    let damaged = |problem: String| ServiceError::Input {
        path: path.display().to_string(),
        problem,
        hint: "restore the file, or delete it to lose what it holds".to_owned(),
    };
    let text = fs::read_to_string(path).map_err(|e| damaged(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))
}

pub(crate) fn write<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<(), ServiceError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| ServiceError::Output {
        path: path.display().to_string(),
        problem: error.to_string(),
        hint: "this is a mistake of the program".to_owned(),
    })?;
    write_file(path, text.as_bytes(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(added_cohorts(dir.path()).unwrap(), []);
        let young = CohortSpec { name: "young".into(), predicate: "age < 30".into() };
        write_added_cohorts(dir.path(), std::slice::from_ref(&young)).unwrap();
        assert_eq!(added_cohorts(dir.path()).unwrap(), [young]);

        for (i, name) in ["first", "second"].iter().enumerate() {
            let section = Section::new("performance", name, "How good?");
            let job = keep_section(dir.path(), "performance", Some("age < 30"), section).unwrap();
            assert_eq!(job, format!("kept-{}", i + 1));
        }
        let titles: Vec<String> = kept_sections(dir.path()).unwrap().into_iter().map(|k| k.section.title).collect();
        assert_eq!(titles, ["first", "second"]);
        assert!(remove_kept(dir.path(), "kept-1").unwrap());
        assert!(!remove_kept(dir.path(), "kept-1").unwrap() && !remove_kept(dir.path(), "../kept-2").unwrap());
        assert_eq!(kept_sections(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        write_added_cohorts(dir.path(), &[]).unwrap();
        fs::write(dir.path().join("added/cohorts.json"), "[{").unwrap();
        let error = added_cohorts(dir.path()).unwrap_err().to_string();
        assert!(error.contains("cohorts.json") && error.contains("hint:"), "{error}");
    }
}
