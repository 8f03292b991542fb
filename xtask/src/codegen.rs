//! Files that are made from Rust types, so that there is a single source.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use equipoise_document::{Document, RunSpec, SCHEMA_VERSION};
use equipoise_govern::PolicyFile;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// A generated file.
struct Generated {
    /// Path from the root.
    path: &'static str,
    /// Its whole text.
    text: String,
}

/// Writes every generated file that differs.
pub(crate) fn write(root: &Path) -> anyhow::Result<String> {
    let mut said = String::new();
    for file in generate()? {
        let path = root.join(file.path);
        if fs::read_to_string(&path).is_ok_and(|old| old == file.text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        }
        fs::write(&path, &file.text).with_context(|| format!("cannot write `{}`", file.path))?;
        said.push_str(&format!("wrote {}\n", file.path));
    }
    Ok(if said.is_empty() { "generated files are fresh\n".to_owned() } else { said })
}

/// Fails when a generated file is stale, and says how to mend it.
pub(crate) fn check(root: &Path) -> anyhow::Result<String> {
    let stale: Vec<&str> = generate()?
        .into_iter()
        .filter(|file| fs::read_to_string(root.join(file.path)).ok().as_deref() != Some(file.text.as_str()))
        .map(|file| file.path)
        .collect();
    if !stale.is_empty() {
        bail!("error: stale generated files: {}\nhint: run `cargo xtask codegen` and commit", stale.join(", "));
    }
    Ok("generated files are fresh\n".to_owned())
}

fn generate() -> anyhow::Result<Vec<Generated>> {
    let draft = SchemaSettings::draft2020_12;
    // A document is written by us, so its schema says what is always there; a spec is written by people, so its
    // schema says what may be left out.
    let document = schema::<Document>(draft().for_serialize(), "document", SCHEMA_VERSION)?;
    let run_spec = schema::<RunSpec>(draft().for_deserialize(), "run-spec", SCHEMA_VERSION)?;
    let policy = schema::<PolicyFile>(draft().for_deserialize(), "policy", SCHEMA_VERSION)?;
    Ok(vec![
        Generated { path: "schema/document.schema.json", text: document },
        Generated { path: "schema/run-spec.schema.json", text: run_spec },
        Generated { path: "schema/policy.schema.json", text: policy },
    ])
}

/// The JSON Schema of a type, indented, with its id and version in front.
fn schema<T: JsonSchema>(settings: SchemaSettings, name: &str, version: &str) -> anyhow::Result<String> {
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let Value::Object(body) = schema else { bail!("the schema of `{name}` is no object") };
    let mut whole = serde_json::Map::new();
    whole.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    whole.insert("$id".into(), format!("urn:equipoise:{name}:{version}").into());
    whole.insert("x-version".into(), version.into());
    whole.extend(body.into_iter().filter(|(key, _)| key != "$schema"));
    let mut text = serde_json::to_string_pretty(&whole)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema_of(path: &str) -> Value {
        let files = generate().unwrap();
        let file = files.iter().find(|f| f.path == path).unwrap();
        serde_json::from_str(&file.text).unwrap()
    }

    #[test]
    fn the_same_text_every_time() {
        let texts = || generate().unwrap().into_iter().map(|f| f.text).collect::<Vec<_>>();
        assert_eq!(texts(), texts());
    }

    #[test]
    fn schemas_are_valid_draft_2020_12() {
        for file in generate().unwrap() {
            let schema: Value = serde_json::from_str(&file.text).unwrap();
            assert!(jsonschema::meta::is_valid(&schema), "{}", file.path);
            assert!(schema["$id"].as_str().unwrap().starts_with("urn:equipoise:"));
        }
    }

    #[test]
    fn the_sample_spec_fits_the_schema_and_the_type() {
        let text = fs::read_to_string(crate::repo::root().join("sample/nhefs/spec.toml")).unwrap();
        let spec: RunSpec = toml::from_str(&text).unwrap();
        spec.check().unwrap();
        let value: Value = toml::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&schema_of("schema/run-spec.schema.json")).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn the_sample_policy_fits_the_schema_and_the_type() {
        let text = fs::read_to_string(crate::repo::root().join("sample/nhefs/policy.toml")).unwrap();
        assert!(equipoise_govern::Policy::from_toml(&text).unwrap().gates.len() > 3);
        let value: Value = toml::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&schema_of("schema/policy.schema.json")).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert!(!validator.is_valid(&serde_json::json!({ "gate": [{ "id": "a.b", "mx": 1.0 }] })));
    }

    #[test]
    fn a_misspelt_field_does_not_fit() {
        let validator = jsonschema::validator_for(&schema_of("schema/run-spec.schema.json")).unwrap();
        let value = serde_json::json!({ "data": { "test": "a.csv" }, "sensitve": ["sex"] });
        assert!(!validator.is_valid(&value));
        assert!(validator.is_valid(&serde_json::json!({ "data": { "test": "a.csv" }, "sensitive": ["sex"] })));
    }
}
