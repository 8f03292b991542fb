//! Assessments on disk: a directory that is complete or not there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use equipoise_document::{Document, RunSpec};

use crate::{Assessment, ServiceError};

/// The document's file.
pub const DOCUMENT_FILE: &str = "document.json";
/// The report's file.
pub const REPORT_FILE: &str = "report.html";
/// When and how long it ran: what is not the same from run to run.
pub const RUN_FILE: &str = "run.json";

/// Writes an assessment as a directory. It is made beside the wanted place and renamed, so nobody sees half of it.
///
/// # Errors
/// When the directory exists without `force`, or cannot be written. When a partial assessment would take the place of
/// another: whoever interrupts a run does not mean to lose what was there.
pub fn save(assessment: &Assessment, dir: &Path, force: bool) -> Result<(), ServiceError> {
    check_output(dir, force)?;
    if assessment.document.provenance.partial && dir.join(DOCUMENT_FILE).is_file() {
        return Err(ServiceError::Interrupted);
    }
    let parent = parent_of(dir);
    fs::create_dir_all(&parent).map_err(|e| output(&parent, &e))?;
    let staging =
        tempfile::Builder::new().prefix(".equipoise-").tempdir_in(&parent).map_err(|e| output(&parent, &e))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = staging.path().join(name);
        let result = fs::File::create(&path).and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()));
        result.map_err(|e| output(&dir.join(name), &e))
    };
    let artifacts = staging.path().join("artifacts");
    if !assessment.artifacts.is_empty() {
        fs::create_dir(&artifacts).map_err(|e| output(&dir.join("artifacts"), &e))?;
    }
    for (artifact, bytes) in &assessment.artifacts {
        bytes.write(&staging.path().join(&artifact.path)).map_err(|e| output(&dir.join(&artifact.path), &e))?;
    }
    let json = assessment
        .document
        .to_json()
        .map_err(|source| ServiceError::Document { path: dir.join(DOCUMENT_FILE).display().to_string(), source })?;
    write(DOCUMENT_FILE, json.as_bytes())?;
    write(REPORT_FILE, equipoise_views::html(&assessment.document).as_bytes())?;
    write(RUN_FILE, assessment.run.as_bytes())?;
    let made = staging.keep();
    set_public(&made);
    let swap = || -> std::io::Result<()> {
        if dir.exists() {
            let old = parent.join(format!(".equipoise-old-{}", std::process::id()));
            fs::rename(dir, &old)?;
            fs::rename(&made, dir)?;
            fs::remove_dir_all(&old)
        } else {
            fs::rename(&made, dir)
        }
    };
    swap().map_err(|e| {
        let _ = fs::remove_dir_all(&made);
        output(dir, &e)
    })
}

/// Temporary directories are private to their maker; a result is as readable as any other new directory.
#[cfg(unix)]
fn set_public(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o755));
}

#[cfg(not(unix))]
fn set_public(_: &Path) {}

/// Refuses a place that is taken, before any work is done.
///
/// # Errors
/// When something is there, unless it is an assessment and `force` is set.
pub fn check_output(dir: &Path, force: bool) -> Result<(), ServiceError> {
    let refuse = |problem: &str, hint: &str| {
        Err(ServiceError::Output {
            path: dir.display().to_string(),
            problem: problem.to_owned(),
            hint: hint.to_owned(),
        })
    };
    if dir.is_file() {
        return refuse("there is a file of this name", "name a directory");
    }
    let is_taken = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if !is_taken {
        return Ok(());
    }
    if !dir.join(DOCUMENT_FILE).is_file() {
        return refuse("the directory holds other files", "name an empty or new directory");
    }
    if force {
        Ok(())
    } else {
        refuse("it holds an assessment already", "add `--force` to replace it, or name another directory")
    }
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn output(path: &Path, error: &std::io::Error) -> ServiceError {
    let hint = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "choose a directory that you may write to",
        std::io::ErrorKind::StorageFull => "the disk is full: free some space or choose another disk",
        _ => "check the path and the free space; nothing was left half-written",
    };
    ServiceError::Output { path: path.display().to_string(), problem: error.to_string(), hint: hint.to_owned() }
}

/// Writes one file so that it is complete or not there.
///
/// # Errors
/// When it exists without `force`, or cannot be written.
pub fn write_file(path: &Path, bytes: &[u8], force: bool) -> Result<(), ServiceError> {
    write_secret(path, bytes, force)?;
    set_readable(path);
    Ok(())
}

/// Temporary files are private to their maker; a result is as readable as any other new file.
#[cfg(unix)]
fn set_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn set_readable(_: &Path) {}

/// Writes one file that its owner alone can read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8], force: bool) -> Result<(), ServiceError> {
    if path.exists() && !force {
        return Err(ServiceError::Output {
            path: path.display().to_string(),
            problem: "the file exists already".to_owned(),
            hint: "add `--force` to replace it, or name another file".to_owned(),
        });
    }
    let parent = parent_of(path);
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&parent)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(|e| output(path, &e))
}

/// Reads an assessment by its directory or its document file.
///
/// # Errors
/// When it is not there or not a document.
pub fn load(place: &Path) -> Result<Document, ServiceError> {
    let path = if place.is_dir() { place.join(DOCUMENT_FILE) } else { place.to_path_buf() };
    let text = read_text(&path, "name a directory that `equipoise assess` wrote")?;
    Document::from_json(&text).map_err(|source| ServiceError::Document { path: path.display().to_string(), source })
}

/// Reads a run spec from TOML, or from JSON where the name ends in `.json`.
///
/// # Errors
/// When it cannot be read; the message has line and field.
pub fn read_spec(path: &Path) -> Result<RunSpec, ServiceError> {
    let text = read_text(path, "name a run spec; `equipoise assess … --print-spec` writes one")?;
    let is_json = path.extension().is_some_and(|e| e == "json");
    let parsed = if is_json {
        serde_json::from_str(&text).map_err(|e| e.to_string())
    } else {
        toml::from_str(&text).map_err(|e| e.to_string().trim_end().to_owned())
    };
    parsed.map_err(|problem| ServiceError::Input {
        path: path.display().to_string(),
        problem,
        hint: "`equipoise schema run-spec` lists every field".to_owned(),
    })
}

/// A run spec as TOML.
///
/// # Errors
/// Never for a spec that was read.
pub fn write_spec(spec: &RunSpec) -> Result<String, ServiceError> {
    toml::to_string_pretty(spec).map_err(|e| ServiceError::Input {
        path: "run spec".to_owned(),
        problem: e.to_string(),
        hint: "write the spec as JSON".to_owned(),
    })
}

pub(crate) fn read_text(path: &Path, hint: &str) -> Result<String, ServiceError> {
    fs::read_to_string(path).map_err(|e| ServiceError::Input {
        path: path.display().to_string(),
        problem: match e.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
            _ => e.to_string(),
        },
        hint: hint.to_owned(),
    })
}
