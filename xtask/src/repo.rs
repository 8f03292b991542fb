//! The files of the repository and what cargo knows about its crates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Names that hold nothing written by hand (`.git` is a file in a second work tree).
const SKIPPED: &[&str] =
    &["target", ".git", "node_modules", ".venv", "demo-assessment", "__pycache__", ".ruff_cache", "dist"];

/// A text file of the repository.
#[derive(Clone, Debug)]
pub(crate) struct TextFile {
    /// Path from the root, with `/` on every platform.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl TextFile {
    /// The ending of its name, without the dot.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, ending)| ending)
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// All text files, sorted by path; what is not UTF-8 is left out.
///
/// # Errors
/// Names the file or directory that cannot be read.
pub(crate) fn text_files(root: &Path) -> anyhow::Result<Vec<TextFile>> {
    let mut out = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let bytes =
                    fs::read(entry.path()).with_context(|| format!("cannot read `{}`", entry.path().display()))?;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                let path = entry.path();
                let path = path.strip_prefix(root).unwrap_or(&path);
                out.push(TextFile { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(out)
}

/// `cargo metadata` of the workspace's own crates.
///
/// # Errors
/// When cargo cannot read the workspace.
pub(crate) fn cargo_metadata(root: &Path) -> anyhow::Result<Value> {
    metadata(root, &["--no-deps", "--offline"])
}

/// `cargo metadata` of the workspace and all it depends on, on this platform. What is needed is here already: it was
/// built.
///
/// # Errors
/// When cargo cannot read the workspace, or a dependency is not here and cannot be fetched.
pub(crate) fn dependency_graph(root: &Path) -> anyhow::Result<Value> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot start rustc")?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not name its host")?;
    metadata(root, &["--locked", "--filter-platform", host])
}

fn metadata(root: &Path, args: &[&str]) -> anyhow::Result<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1"])
        .args(args)
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("`cargo metadata` answered no JSON")
}
