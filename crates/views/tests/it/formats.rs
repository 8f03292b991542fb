//! The textual formats and their errors.

use equipoise_views::{Format, TerminalOptions, render};

use crate::sample;

fn shown(section: Option<&str>, table: Option<&str>, format: Format, width: usize) -> String {
    let options = TerminalOptions { width, ..TerminalOptions::default() };
    render(&sample::document(), section, table, format, &options).unwrap()
}

#[test]
fn terminal() {
    insta::assert_snapshot!("overview_80", shown(None, None, Format::Table, 80));
    insta::assert_snapshot!("fairness_80", shown(Some("fairness"), None, Format::Table, 80));
    insta::assert_snapshot!("fairness_140", shown(Some("fairness"), None, Format::Table, 140));
    insta::assert_snapshot!("fairness_40", shown(Some("fairness"), Some("by_race"), Format::Table, 40));
    insta::assert_snapshot!("performance_100", shown(Some("performance"), None, Format::Table, 100));
}

#[test]
fn markdown() {
    insta::assert_snapshot!("overview_markdown", shown(None, None, Format::Markdown, 80));
    insta::assert_snapshot!("fairness_markdown", shown(Some("fairness"), None, Format::Markdown, 80));
}

#[test]
fn csv() {
    insta::assert_snapshot!("performance_csv", shown(Some("performance"), None, Format::Csv, 80));
    insta::assert_snapshot!("by_cohort_csv", shown(None, Some("by_cohort"), Format::Csv, 80));
}

#[test]
fn json_is_the_document() {
    let all = shown(None, None, Format::Json, 80);
    assert_eq!(equipoise_document::Document::from_json(&all).unwrap(), sample::document());
    let section: equipoise_document::Section =
        serde_json::from_str(&shown(Some("fairness"), None, Format::Json, 80)).unwrap();
    assert_eq!(section, sample::fairness());
    let rows: serde_json::Value =
        serde_json::from_str(&shown(None, Some("performance.by_cohort"), Format::Json, 80)).unwrap();
    assert_eq!(rows[1]["cohort"], "young");
    assert_eq!(rows[1]["n"], 4812);
    assert_eq!(rows[1]["accuracy"]["value"], 0.951);
    assert_eq!(rows[3]["accuracy"]["missing"], "empty");
}

#[test]
fn unknown_names_list_what_there_is() {
    let error = |section, table| {
        let options = TerminalOptions::default();
        render(&sample::document(), section, table, Format::Table, &options).unwrap_err().to_string()
    };
    assert_eq!(
        error(Some("fairnes"), None),
        "section `fairnes` is not in the document\n\
         hint: the nearest name is `fairness`; there are `performance`, `fairness` and `errors`"
    );
    assert_eq!(
        error(Some("fairness"), Some("by_sexx")),
        "table `by_sexx` is not in section `fairness`\n\
         hint: the nearest name is `by_sex`; there are `by_sex`, `by_race` and `intersections`"
    );
    assert!(error(None, Some("nothing")).starts_with("table `nothing` is not in the document\nhint: "));
}
