//! Which crate may know which. The table is the architecture; a new arrow needs its reason in `ARCHITECTURE.md`.

use serde_json::Value;

use super::Finding;

/// A crate, and the crates of the workspace it may depend on.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("document", &[]),
    ("kernels", &[]),
    ("causal", &["kernels"]),
    ("data", &["document", "kernels"]),
    ("models", &["document", "kernels", "data"]),
    ("shapley", &["kernels", "models"]),
    ("counterfactuals", &["kernels", "models"]),
    ("analyses", &["document", "kernels", "data", "models", "shapley", "causal", "counterfactuals"]),
    ("views", &["document"]),
    ("govern", &["document", "kernels"]),
    ("report", &["document", "views", "govern"]),
    ("service", &["document", "kernels", "data", "models", "analyses", "views", "govern", "report"]),
    ("server", &["document", "service"]),
    ("cli", &["document", "service", "server"]),
    ("python", &["document", "shapley", "service", "server", "cli"]),
    (
        "benches",
        &[
            "document",
            "kernels",
            "data",
            "models",
            "shapley",
            "analyses",
            "views",
            "govern",
            "service",
            "causal",
            "counterfactuals",
        ],
    ),
    ("xtask", &["document", "govern", "service"]),
];

/// Crates that know neither files nor columns, and so need none of these.
const NO_FILES: &[&str] = &["document", "kernels", "views", "govern"];
const FILE_LIBRARIES: &[&str] = &["arrow", "parquet", "datafusion", "object_store", "ureq", "flate2", "zstd"];

/// Checks the normal and build dependencies of every crate of the workspace (`cargo metadata --no-deps`).
/// Development dependencies are free: a test may need more than the code it tests.
pub(crate) fn check(metadata: &Value) -> Vec<Finding> {
    let mut out = Vec::new();
    for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = package.get("name").and_then(Value::as_str).map(short) else { continue };
        let place = format!("crate `{name}`");
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(known, _)| *known == name) else {
            out.push(Finding {
                place,
                problem: "the table of arrows does not know this crate".into(),
                hint: "add a row to xtask/src/tidy/arrows.rs and its reason to ARCHITECTURE.md".into(),
            });
            continue;
        };
        for dependency in dependencies(package) {
            let known = MAY_KNOW.iter().any(|(known, _)| *known == short(dependency)) && is_ours(dependency);
            if known && !allowed.contains(&short(dependency)) {
                let hint = if allowed.is_empty() {
                    "it stands alone; move the code to a crate that may know both".to_owned()
                } else {
                    format!("it may know {}; move the code to a crate that may know both", allowed.join(", "))
                };
                let problem = format!("depends on `{}`, which it must not know", short(dependency));
                out.push(Finding { place: place.clone(), problem, hint });
            }
            let is_file_library = FILE_LIBRARIES.iter().any(|library| dependency.starts_with(library));
            if is_file_library && NO_FILES.contains(&name) {
                let problem = format!("depends on `{dependency}`, but it knows no files");
                let hint = "read the file in `data`, `models` or `service` and hand over values".into();
                out.push(Finding { place: place.clone(), problem, hint });
            }
        }
    }
    out
}

fn is_ours(dependency: &str) -> bool {
    dependency.starts_with("equipoise-") || dependency == "xtask"
}

fn short(name: &str) -> &str {
    name.strip_prefix("equipoise-").unwrap_or(name)
}

fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    all.filter(|d| d.get("kind").and_then(Value::as_str) != Some("dev")).filter_map(|d| d.get("name")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let list: Vec<Value> = dependencies.iter().map(|(n, kind)| json!({ "name": n, "kind": kind })).collect();
        json!({ "packages": [{ "name": name, "dependencies": list }] })
    }

    #[test]
    fn an_arrow_that_points_back_is_found() {
        let found = check(&package("equipoise-document", &[("serde", None), ("equipoise-data", None)]));
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].to_string(),
            "error: crate `document`: depends on `data`, which it must not know\n\
             hint: it stands alone; move the code to a crate that may know both"
        );
    }

    #[test]
    fn allowed_arrows_and_test_arrows_pass() {
        assert_eq!(check(&package("equipoise-views", &[("equipoise-document", None)])), []);
        assert_eq!(check(&package("equipoise-views", &[("equipoise-analyses", Some("dev"))])), []);
    }

    #[test]
    fn build_dependencies_count() {
        assert_eq!(check(&package("equipoise-cli", &[("equipoise-analyses", Some("build"))])).len(), 1);
    }

    #[test]
    fn a_view_opens_no_files() {
        let found = check(&package("equipoise-views", &[("parquet", None)]));
        assert_eq!(found[0].problem, "depends on `parquet`, but it knows no files");
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        assert_eq!(check(&package("equipoise-extra", &[]))[0].problem, "the table of arrows does not know this crate");
    }

    #[test]
    fn an_outside_crate_with_a_name_like_ours_is_no_arrow() {
        assert_eq!(check(&package("equipoise-document", &[("data", None)])), []);
    }
}
