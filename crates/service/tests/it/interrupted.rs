//! What is left of a run that somebody stops, or that has only so many seconds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use equipoise_service::document::{Document, GroupingSpec, RunSpec, Section};
use equipoise_service::{DOCUMENT_FILE, Progress, ServiceError, World, assess, load, save};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Sets the wish to stop when a step begins.
struct StopAt(&'static str, Arc<AtomicBool>);

impl Progress for StopAt {
    fn step(&self, says: &str) {
        if says == self.0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn share(&self, _: f64) {}
}

/// Twelve columns of four values, and a model that is often wrong where `c1 = 2` and `c4 = 1`.
fn table(dir: &Path) {
    let mut state = 5_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let names: Vec<String> = (0..12).map(|i| format!("c{i}")).collect();
    let mut csv = format!("{},truth,said\n", names.join(","));
    for _ in 0..1_500 {
        let codes: Vec<u64> = (0..12).map(|_| next(4)).collect();
        let is_wrong = next(100) < if codes[1] == 2 && codes[4] == 1 { 70 } else { 10 };
        let truth = next(2);
        let cells: Vec<String> = codes.iter().map(|c| format!("v{c}")).collect();
        csv += &format!("{},{truth},{}\n", cells.join(","), truth ^ u64::from(is_wrong));
    }
    std::fs::write(dir.join("table.csv"), csv).unwrap();
}

fn spec(params: Value) -> RunSpec {
    let mut spec = RunSpec {
        target: Some("truth".into()),
        positive: Some("1".into()),
        prediction: Some("said".into()),
        sensitive: vec![GroupingSpec::Column("c0".into())],
        ..RunSpec::default()
    };
    spec.data.test = "table.csv".into();
    spec.analyses.insert("errors".into(), params);
    spec
}

fn world(dir: &Path, stop_at: &'static str) -> World {
    let mut world = World::real();
    world.root = dir.to_path_buf();
    world.progress = Box::new(StopAt(stop_at, Arc::clone(&world.stop)));
    world
}

fn codes(document: &Document) -> Vec<&str> {
    document.notes.iter().map(|n| n.code.as_str()).collect()
}

fn section<'a>(document: &'a Document, id: &str) -> &'a Section {
    document.sections.iter().find(|s| s.id == id).unwrap()
}

fn text<'a>(section: &'a Section, code: &str) -> &'a str {
    &section.notes.iter().find(|n| n.code == code).unwrap().text
}

/// While the rows are associated with the errors, after the slices: they stay, and so does what came before.
#[test]
fn what_was_answered_is_kept_and_the_rest_is_named() {
    let dir = TempDir::new().unwrap();
    table(dir.path());
    let assessment = assess(&spec(json!({})), &world(dir.path(), "errors: what goes with the errors")).unwrap();
    let document = &assessment.document;
    assert!(document.provenance.partial);
    assert_eq!(document.notes[0].code, "interrupted");
    assert!(document.notes[0].text.contains("during “Error analysis”"), "{}", document.notes[0].text);
    assert!(document.notes[0].text.contains("Not begun: Fairness"), "{}", document.notes[0].text);
    let ids: Vec<&str> = document.sections.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["performance", "errors"]);
    let errors = section(document, "errors");
    assert!(errors.tables.iter().any(|t| t.id == "slices") && errors.tables.iter().any(|t| t.id == "tree"));
    assert!(text(errors, "interrupted").ends_with("Missing: what goes with the errors, the heat map."));
    // The search itself was complete.
    assert!(errors.notes.iter().all(|n| n.code != "partial_search"));
    assert!(errors.notes.iter().any(|n| n.code == "worse_slice" && n.text.contains("c1 = v2 and c4 = v1")));

    // It is written like any other, and read again; but never over another one.
    let out = dir.path().join("out");
    save(&assessment, &out, false).unwrap();
    assert!(load(&out).unwrap().provenance.partial);
    let before = std::fs::read(out.join(DOCUMENT_FILE)).unwrap();
    let whole = assess(&spec(json!({})), &world(dir.path(), "never")).unwrap();
    assert!(!whole.document.provenance.partial && !codes(&whole.document).contains(&"interrupted"));
    save(&whole, &out, true).unwrap();
    assert_ne!(std::fs::read(out.join(DOCUMENT_FILE)).unwrap(), before);
    let refused = save(&assessment, &out, true).unwrap_err();
    assert!(matches!(refused, ServiceError::Interrupted) && refused.exit_code() == 130);
    assert!(!load(&out).unwrap().provenance.partial);
}

#[test]
fn an_analysis_without_an_answer_is_left_out() {
    let dir = TempDir::new().unwrap();
    table(dir.path());
    let document = assess(&spec(json!({})), &world(dir.path(), "errors: reading the columns")).unwrap().document;
    assert!(document.provenance.partial && document.sections.len() == 1);
    let note = &document.notes[0].text;
    assert!(note.contains("during “Error analysis”, which had no answer yet"), "{note}");
}

#[test]
fn nothing_is_left_of_a_run_without_any_answer() {
    let dir = TempDir::new().unwrap();
    table(dir.path());
    for step in ["asking for predictions", "reading the test data"] {
        let error = assess(&spec(json!({})), &world(dir.path(), step)).unwrap_err();
        assert!(error.is_interruption(), "{step}: {error}");
    }
    let mut alone = spec(json!({}));
    alone.only = Some(vec!["errors".into()]);
    let error = assess(&alone, &world(dir.path(), "errors: reading the columns")).unwrap_err();
    assert_eq!(error.exit_code(), 130);
}

/// A clock that is a second later each time it is read: the search has three.
#[test]
fn seconds_that_are_over_leave_the_best_slices_so_far() {
    let dir = TempDir::new().unwrap();
    table(dir.path());
    let run = |params: Value| {
        let mut world = world(dir.path(), "never");
        let seconds = AtomicI64::new(0);
        world.now =
            Box::new(move || format!("2026-01-01T00:00:{:02}Z", seconds.fetch_add(1, Ordering::Relaxed).min(59)));
        let mut spec = spec(params);
        spec.only = Some(vec!["errors".into()]);
        assess(&spec, &world).unwrap().document
    };
    let budget = json!({"max_secs": 3.0, "max_terms": 5, "min_support": 0.0, "min_slice_rows": 2});
    let document = run(budget);
    assert!(!document.provenance.partial && !codes(&document).contains(&"interrupted"));
    let errors = section(&document, "errors");
    let said = text(errors, "partial_search");
    assert!(said.contains("ended after 3 seconds") && said.contains("some of those of up to 5"), "{said}");
    // Everything else is there, and what was found is measured like any slice.
    for table in ["slices", "tree", "heat_map", "association"] {
        assert!(errors.tables.iter().any(|t| t.id == table), "{table}");
    }
    let plenty = run(json!({"max_secs": 1e6}));
    assert!(section(&plenty, "errors").notes.iter().all(|n| n.code != "partial_search"));
}
