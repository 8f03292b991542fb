//! Other documents, held against their published schemas.

use equipoise_document::Document;
use equipoise_report::Config;
use equipoise_report::exports::{Form, Sources, export};
use jsonschema::Retrieve;
use serde_json::Value;

use crate::made::{document, with_groups};

const CONFIG: &str = r#"
limitations = ["Not tried on *older* loans."]
[model]
name = "Credit model: \"v2\" # not a comment"
summary = "Says who repays."
intended_use = "Ranking"
not_for = "Rejection without a person"
version = "2.1"
licence = "Apache-2.0"
[people]
organisation = "Example Bank"
author = "Ada Lovelace"
contact = "ada@example.org"
[[target]]
metric = "accuracy"
threshold = ">=0.9"
"#;

fn made(form: Form, document: &Document, config: &str) -> String {
    let config = Config::read(config, "card.toml").unwrap();
    let verdicts = equipoise_govern::check(document, &config.policy(document).unwrap());
    let sources = Sources {
        document,
        config: &config,
        verdicts: &verdicts,
        date: Some("2026-03-04T05:06:07Z"),
        document_sha256: &"12".repeat(32),
    };
    export(form, &sources).unwrap()
}

/// Schemas that lie in this repository by the names with which others refer to them.
struct Shelf;

impl Retrieve for Shelf {
    fn retrieve(&self, uri: &jsonschema::Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let text = match uri.as_str().rsplit('/').next() {
            Some("spdx.SNAPSHOT.schema.json" | "spdx.schema.json") => include_str!("../data/schemas/spdx.schema.json"),
            Some("jsf-0.82.SNAPSHOT.schema.json" | "jsf-0.82.schema.json") => {
                include_str!("../data/schemas/jsf-0.82.schema.json")
            }
            _ => return Err(format!("`{uri}` is not kept").into()),
        };
        Ok(serde_json::from_str(text)?)
    }
}

fn held_against(schema: &str, text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::options().with_retriever(Shelf).build(&schema).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn documents() -> [Document; 3] {
    let odd = ["职业 \"女\"\n".to_owned(), "x".repeat(200)];
    let mut bare = document();
    (bare.model, bare.cohorts) = (None, Vec::new());
    bare.sections.clear();
    bare.provenance.inputs.clear();
    [document(), with_groups("na|me", &odd), bare]
}

#[test]
fn a_model_card_fulfils_the_toolkits_schema() {
    // One reference in the published schema lacks its slash.
    let schema =
        include_str!("../data/schemas/model-card-0.0.2.schema.json").replace("#definitions/", "#/definitions/");
    for document in documents() {
        let targets = if document.sections.is_empty() { "" } else { CONFIG };
        let card = made(Form::ModelCardJson, &document, targets);
        assert_eq!(held_against(&schema, &card), Vec::<String>::new());
    }
    let card: Value = serde_json::from_str(&made(Form::ModelCardJson, &document(), CONFIG)).unwrap();
    assert_eq!(card["model_details"]["version"]["date"], "2026-03-04");
    let metrics = card["quantitative_analysis"]["performance_metrics"].as_array().unwrap();
    assert_eq!(metrics[0]["type"], "accuracy");
    assert_eq!(metrics[0]["value"], "0.872");
    assert_eq!(metrics[0]["confidence_interval"]["lower_bound"], "0.852");
    assert!(metrics.iter().any(|m| m["slice"] == "sex = female" && m["type"] == "selection_rate"));
}

#[test]
fn a_bill_of_materials_fulfils_cyclonedx() {
    let schema = include_str!("../data/schemas/bom-1.6.schema.json");
    for document in documents() {
        let targets = if document.sections.is_empty() { "" } else { CONFIG };
        let bom = made(Form::MlBom, &document, targets);
        assert_eq!(held_against(schema, &bom), Vec::<String>::new());
    }
    let bom: Value = serde_json::from_str(&made(Form::MlBom, &document(), CONFIG)).unwrap();
    assert_eq!(bom["metadata"]["component"]["hashes"][0]["content"], "ef".repeat(32));
    assert_eq!(bom["components"][0]["data"][0]["sensitiveData"][0], "sex");
    let considerations = &bom["metadata"]["component"]["modelCard"]["considerations"];
    assert_eq!(considerations["fairnessAssessments"][0]["harms"], "Selection rate by sex: a gap of 18 points.");
}

#[test]
fn a_model_card_in_markdown_has_its_metadata_and_asks_for_the_rest() {
    let card = made(Form::ModelCard, &document(), CONFIG);
    insta::assert_snapshot!("model_card", card);
    let bare = made(Form::ModelCard, &documents()[2], "");
    assert!(bare.contains("_To be written:_ what the model does, and for whom."), "{bare}");
}

#[test]
fn outlines_fill_in_what_is_known_and_ask_for_the_rest() {
    for form in [Form::AnnexIv, Form::NistAiRmf, Form::Iso42001] {
        let text = made(form, &document(), CONFIG);
        assert!(text.contains("87.2\u{a0}% [85.2, 89.2]"), "{text}");
        assert!(text.contains("**To be added:**"), "{text}");
        assert!(text.contains("- **Not in this assessment:** run it with the analysis `explain`"), "{text}");
        assert!(text.contains("`performance.accuracy` is 0.872; asked is ≥ 0.9"), "{text}");
    }
    insta::assert_snapshot!("annex_iv", made(Form::AnnexIv, &document(), CONFIG));
}

#[test]
fn names_of_the_data_are_no_markup() {
    let card = made(Form::ModelCard, &with_groups("<script>|", &["*a*".to_owned(), "[b](c)".to_owned()]), "");
    // What stands in backticks is code, and code is no markup.
    let outside: String = card.split('`').step_by(2).collect();
    assert!(!outside.contains("<script>") && !outside.contains("*a*") && !outside.contains("[b]("), "{card}");
}
