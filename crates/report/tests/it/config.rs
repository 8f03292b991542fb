//! Configurations, good and bad.

use equipoise_govern::{Bound, Outcome};
use equipoise_report::Config;

use crate::made::document;

fn wrong(text: &str) -> String {
    Config::read(text, "card.toml").unwrap_err().to_string()
}

fn unresolved(text: &str) -> String {
    Config::read(text, "card.toml").unwrap().policy(&document()).unwrap_err().to_string()
}

/// The example of the Azure Machine Learning documentation, with names of this document.
const AZURE: &str = r#"{
  "Model": { "ModelName": "Credit", "ModelType": "Classification", "ModelSummary": "Who repays." },
  "Metrics": { "accuracy_score": { "threshold": ">=0.85" }, "precision_score": {}, "recall_score": { "threshold": ">=-1e-3" } },
  "FeatureImportance": { "top_n": 6 },
  "DataExplorer": { "features": ["sex"] },
  "Fairness": { "metric": ["selection_rate"], "sensitive_features": ["sex"], "fairness_evaluation_kind": "difference",
                "threshold": "<=0.1" },
  "Cohorts": ["young"]
}"#;

#[test]
fn azure_configuration_is_read_as_it_is_and_its_targets_are_evaluated() {
    let config = Config::read(AZURE, "card.json").unwrap();
    let policy = config.policy(&document()).unwrap();
    let ids: Vec<&str> = policy.gates.iter().map(|g| g.id.text()).collect();
    assert_eq!(ids, ["performance.accuracy", "performance.recall", "fairness.selection_rate.difference[sex]"]);
    assert_eq!(policy.gates[1].bound, Bound::Min(-0.001));
    let outcomes: Vec<Outcome> = equipoise_govern::check(&document(), &policy).iter().map(|v| v.outcome).collect();
    // 0.872 ≥ 0.85, 0.62 ≥ −0.001, and 0.18 is above 0.1.
    assert_eq!(outcomes, [Outcome::Pass, Outcome::Pass, Outcome::Fail]);
}

#[test]
fn what_azure_configuration_gets_wrong_is_said() {
    let wrong = |text: &str| Config::read(text, "card.json").unwrap_err().to_string();
    let said = wrong(r#"{"Metrics": {"accuracy_score": {"threshold": "good"}}}"#);
    assert!(said.starts_with("card.json: Metrics.accuracy_score: `good` is not a threshold\nhint: "), "{said}");
    let said = wrong(r#"{"Fairness": {"fairness_evaluation_kind": "difference OR ratio"}}"#);
    assert!(said.contains("`difference OR ratio` is not known\nhint: one of difference, ratio"), "{said}");
    assert!(wrong(r#"{"Model": {"ModelType": "Clustering"}}"#).contains("`clustering` is not known"));
    assert!(wrong(r#"{"FeatureImportance": {"top_n": "ten"}}"#).contains("is not a number of features"));
    assert!(wrong("{\"Metric\": {}}").contains("unknown field `Metric`"));
}

#[test]
fn unknown_names_are_told_with_the_nearest() {
    let said = unresolved("[[target]]\nmetric = \"acuracy\"\nmin = 0.8\n");
    assert!(said.contains("no metric `acuracy`") && said.contains("the nearest name is `accuracy`"), "{said}");
    let said = unresolved("features = [\"sx\"]\n");
    assert!(
        said.contains("card.toml: features: the data has no column `sx`\nhint: the nearest name is `sex`"),
        "{said}"
    );
    let said = unresolved("cohorts = [\"yung\"]\n");
    assert!(said.contains("no cohort `yung`\nhint: the nearest name is `young`"), "{said}");
    let said = unresolved("[fairness]\ncolumns = [\"race\"]\n");
    assert!(said.contains("no sensitive column `race`"), "{said}");
    let said = unresolved("[[target]]\nmetric = \"accuracy\"\ncohort = \"old\"\nmin = 0.5\n");
    assert!(said.contains("no cohort `old`"), "{said}");
}

#[test]
fn mistakes_name_their_line() {
    let said = wrong("title = \"x\"\n\n[[target]]\nmetric = \"accuracy\"\nthreshold = \"much\"\n");
    assert!(said.starts_with("card.toml, line 3: `much` is not a threshold\nhint: "), "{said}");
    assert!(wrong("colour = \"red\"\n").starts_with("card.toml, line 1: unknown field `colour`"));
    assert!(wrong("[[target]]\nmetric = \"accuracy\"\n").contains("has no threshold"));
    assert!(wrong("[[target]]\nmin = 1\n").contains("names no number"));
    assert!(wrong("[[target]]\nmetric = \"a\"\nmin = 2\nmax = 1\n").contains("no number can be between"));
    assert!(wrong("sections = [\"performence\"]\n").contains("the nearest name is `performance`"));
    assert!(wrong("sections = [\"data\", \"data\"]\n").contains("`data` is named twice"));
    assert!(wrong("[look]\naccent = \"blue\"\n").contains("`blue` is not a colour"));
    assert!(wrong("[look]\npaper = \"a44\"\n").contains("the nearest name is `a4`"));
    assert!(wrong("[look]\nlanguage = \"German\"\n").contains("is not the code of a language"));
    assert!(wrong("top_features = 0\n").contains("out of range"));
}

#[test]
fn a_model_of_another_kind_is_refused() {
    let config = Config::read(r#"{"Model": {"ModelType": "Regression"}}"#, "c.json").unwrap();
    let said = config.policy(&document()).unwrap_err().to_string();
    assert!(said.contains("said to do regression, and the assessment is of classification"), "{said}");
}
