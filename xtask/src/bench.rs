//! Lists and runs the benchmarks of the `equipoise-benches` crate.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::repo;

/// Says which benchmarks there are.
pub(crate) fn list(root: &Path) -> anyhow::Result<String> {
    let found = targets(&repo::cargo_metadata(root)?);
    let mut said = String::from("run one with `cargo xtask bench NAME`:\n");
    for (name, kind) in &found {
        said.push_str(&format!("  {name}  ({kind})\n"));
    }
    if found.is_empty() {
        said.push_str("  (there are none yet)\n");
    }
    said.push_str("comparisons with other libraries: benches/peers/\n");
    Ok(said)
}

/// Runs one benchmark in release mode.
pub(crate) fn run(root: &Path, name: &str, args: &[&str]) -> anyhow::Result<String> {
    let found = targets(&repo::cargo_metadata(root)?);
    let Some((_, kind)) = found.iter().find(|(n, _)| n == name) else {
        let names: Vec<&str> = found.iter().map(|(n, _)| n.as_str()).collect();
        bail!("error: there is no benchmark `{name}`\nhint: there are {}", names.join(", "));
    };
    let mut command = Command::new(env!("CARGO"));
    match kind.as_str() {
        "bin" => command.args(["run", "--release", "--package", "equipoise-benches", "--bin", name]),
        _ => command.args(["bench", "--package", "equipoise-benches", "--bench", name]),
    };
    let status = command.arg("--").args(args).current_dir(root).status().context("cannot start cargo")?;
    if !status.success() {
        bail!("error: benchmark `{name}` failed");
    }
    Ok(String::new())
}

/// Name and kind (`bin` or `bench`) of each benchmark, sorted.
fn targets(metadata: &Value) -> Vec<(String, String)> {
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let benches = packages.filter(|p| p.get("name").and_then(Value::as_str) == Some("equipoise-benches"));
    let mut out: Vec<(String, String)> = benches
        .flat_map(|p| p.get("targets").and_then(Value::as_array).into_iter().flatten())
        .filter_map(|target| {
            let name = target.get("name")?.as_str()?;
            let kind = target.get("kind")?.get(0)?.as_str()?;
            matches!(kind, "bin" | "bench").then(|| (name.to_owned(), kind.to_owned()))
        })
        .collect();
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runnable_targets_are_listed() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "equipoise-benches", "targets": [
                { "name": "trees", "kind": ["bin"] }, { "name": "lib", "kind": ["lib"] }, { "name": "cells", "kind": ["bench"] } ] },
            { "name": "other", "targets": [{ "name": "x", "kind": ["bin"] }] } ] });
        let expected = [("cells", "bench"), ("trees", "bin")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(targets(&metadata), expected);
    }
}
