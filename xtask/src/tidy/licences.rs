//! Licences of what is linked in: each must be on the list in `deny.toml`, without an installed tool.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::Finding;
use crate::repo;

/// Checks the licence expression of every dependency on this platform.
///
/// # Errors
/// When `deny.toml` or the dependency graph cannot be read.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let text = std::fs::read_to_string(root.join("deny.toml")).context("cannot read `deny.toml`")?;
    let allowed = allowed(&toml::from_str(&text).context("`deny.toml` is no TOML")?);
    let metadata = repo::dependency_graph(root)?;
    Ok(findings(&metadata, &allowed))
}

fn allowed(deny: &Value) -> Vec<String> {
    let list = deny.pointer("/licenses/allow").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn findings(metadata: &Value, allowed: &[String]) -> Vec<Finding> {
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    packages
        .filter(|p| p.get("source").is_some_and(|source| !source.is_null()))
        .filter_map(|package| {
            let name = package.get("name")?.as_str()?;
            let licence = package.get("license").and_then(Value::as_str).unwrap_or_default();
            let problem = match licence {
                "" => "names no licence".to_owned(),
                licence if is_allowed(licence, allowed) => return None,
                licence => format!("is under `{licence}`, which deny.toml does not allow"),
            };
            let hint = "take another crate, or allow the licence in deny.toml with a reason".to_owned();
            Some(Finding { place: format!("dependency `{name}`"), problem, hint })
        })
        .collect()
}

/// True when the SPDX expression can be satisfied with allowed licences: one side of each `OR`, all sides of an `AND`.
/// The old way of writing `OR` as `/` is understood.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at, allowed) && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut is_met = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        is_met |= all_of(words, at, allowed);
    }
    is_met
}

fn all_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut is_met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        is_met &= one(words, at, allowed);
    }
    is_met
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let is_met = any_of(words, at, allowed);
        *at += 1;
        return is_met;
    }
    let mut licence = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        licence = format!("{licence} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fine(expression: &str) -> bool {
        is_allowed(expression, &["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned))
    }

    #[test]
    fn one_side_of_or_is_enough_and_and_needs_both() {
        assert!(is_fine("MIT"));
        assert!(is_fine("GPL-3.0 OR MIT"));
        assert!(is_fine("Unlicense/MIT"));
        assert!(is_fine("Apache-2.0 AND ISC"));
        assert!(!is_fine("Apache-2.0 AND OpenSSL"));
        assert!(!is_fine("GPL-3.0"));
        assert!(!is_fine(""));
    }

    #[test]
    fn and_binds_tighter_than_or_and_brackets_tighter_still() {
        assert!(is_fine("GPL-3.0 AND BSD-3-Clause OR MIT"));
        assert!(!is_fine("GPL-3.0 AND (BSD-3-Clause OR MIT)"));
        assert!(is_fine("(GPL-3.0 OR MIT) AND ISC"));
        assert!(is_fine("Apache-2.0 WITH LLVM-exception OR GPL-2.0"));
        assert!(!is_fine("GPL-2.0 WITH LLVM-exception"));
    }

    #[test]
    fn our_own_crates_are_not_asked() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "ours", "source": null, "license": "none" },
            { "name": "theirs", "source": "registry", "license": "GPL-3.0" },
            { "name": "silent", "source": "registry", "license": null },
        ] });
        let found: Vec<String> = findings(&metadata, &["MIT".to_owned()])
            .into_iter()
            .map(|f| format!("{}: {}", f.place, f.problem))
            .collect();
        assert_eq!(
            found,
            [
                "dependency `theirs`: is under `GPL-3.0`, which deny.toml does not allow",
                "dependency `silent`: names no licence"
            ]
        );
    }
}
