//! Bad input ends with code 2, a message that names the place, a hint, and nothing written.

use crate::helpers::{Place, people};

/// Runs `assess` on files and gives what it says.
fn says(files: &[(&str, &[u8])], line: &str) -> String {
    let place = Place::with(files);
    let before = place.entries();
    let ran = place.run(line);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert_eq!(ran.out, "", "an error prints no result");
    assert_eq!(place.entries(), before, "an error leaves nothing behind");
    ran.err
}

fn on_people(flags: &str) -> String {
    says(&[("p.csv", &people())], &format!("assess --data p.csv {flags} -o out"))
}

fn on(csv: &str, flags: &str) -> String {
    says(&[("p.csv", csv.as_bytes())], &format!("assess --data p.csv {flags} -o out"))
}

macro_rules! golden {
    ($($name:ident: $said:expr;)+) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!($said);
        })+
    };
}

const ROLES: &str = "--target repaid --prediction said";

golden! {
    no_file: says(&[], "assess --data nowhere.csv --target y --prediction p -o out");
    an_empty_file: on("", ROLES);
    a_header_alone: on("repaid,said\n", ROLES);
    a_ragged_row: on("repaid,said\n1,1\n0,1,7\n", ROLES);
    not_utf8: says(&[("p.csv", b"repaid,said\n1,1\n0,\xff\n")], "assess --data p.csv --target repaid --prediction said -o out");
    a_column_twice: on("repaid,said,said\n1,1,1\n0,0,0\n", ROLES);
    an_unknown_column: on_people("--target repayed --prediction said");
    no_target: on_people("--prediction said");
    no_predictions: on_people("--target repaid");
    one_class: on("repaid,said\n1,1\n1,1\n", ROLES);
    a_positive_value_that_does_not_occur: on_people("--target repaid --positive yes --prediction said");
    a_probability_above_one: on("repaid,chance\n1,0.5\n0,1.5\n", "--target repaid --probability chance");
    probabilities_that_do_not_sum_to_one: on("kind,a,b,c\na,0.5,0.2,0.2\nb,0.1,0.8,0.1\nc,0,0,1\n", "--target kind --probability a,b,c");
    a_prediction_that_is_no_class: on("repaid,said\nyes,yes\nno,maybe\nno,no\n", "--target repaid --positive yes --prediction said");
    all_missing: on("repaid,said\n,1\n,0\n", ROLES);
    an_infinite_weight: on("repaid,said,w\n1,1,1\n0,0,inf\n", "--target repaid --prediction said --weight w");
    a_negative_weight: on("repaid,said,w\n1,1,1\n0,0,-2\n", "--target repaid --prediction said --weight w");
    a_bad_predicate: on_people("--target repaid --prediction said --cohort 'young=age < tweny'");
    a_predicate_that_does_not_end: on_people("--target repaid --prediction said --cohort 'young=age <'");
    a_cohort_without_rows: on_people("--target repaid --prediction said --cohort 'old=age > 200'");
    a_cohort_named_as_a_complement: on_people("--target repaid --prediction said --cohort 'old=age > 30' --cohort 'not old=age < 30' --complements");
    a_toolbox_cohort_with_an_unknown_method: says(&[("p.csv", &people()), ("c.json", br#"[{"name": "c", "cohort_filter_list": [{"column": "age", "method": "near", "arg": [5]}]}]"#)], "assess --data p.csv --target repaid --prediction said --cohorts c.json -o out");
    an_unknown_analysis: on_people("--target repaid --prediction said --only fairnes");
    an_unknown_task: on_people("--target repaid --prediction said --task clustering");
    no_model_file: on_people("--target repaid --model nowhere.txt");
    a_pickle: says(&[("p.csv", &people()), ("m.pkl", b"\x80\x04\x95rest")], "assess --data p.csv --target repaid --model m.pkl -o out");
    an_endpoint_that_is_down: on_people("--target repaid --model http://127.0.0.1:9/v2 --protocol v2 --model-name credit");
    a_header_that_is_not_set: on_people("--target repaid --model http://127.0.0.1:9 --authorization-env NOT_SET_ANYWHERE");
    a_spec_with_an_unknown_field: says(&[("s.toml", b"target = \"y\"\nsensitiv = [\"sex\"]\n[data]\ntest = \"p.csv\"\n")], "assess s.toml -o out");
    a_spec_that_is_not_toml: says(&[("s.toml", b"target = \n")], "assess s.toml -o out");
    an_assessment_that_is_not_there: says(&[], "show nowhere");
    a_document_that_is_none: says(&[("d/document.json", b"{\"schema_version\": \"1.0\"}")], "show d");
    a_document_of_a_later_version: says(&[("d/document.json", b"{\"schema_version\": \"9.0\"}")], "show d");
}

#[test]
fn thousands_of_groups_are_refused() {
    let mut csv = "repaid,said,zip\n".to_owned();
    for i in 0..3000 {
        csv += &format!("{},{},z{i}\n", i % 2, i % 2);
    }
    insta::assert_snapshot!(on(&csv, "--target repaid --prediction said --sensitive zip"));
}

#[test]
fn a_model_whose_features_do_not_match_lists_them() {
    let model = include_bytes!("../../../../sample/nhefs/model.txt");
    let files: [(&str, &[u8]); 2] = [("p.csv", &people()), ("model.txt", model)];
    insta::assert_snapshot!(says(&files, "assess --data p.csv --target repaid --model model.txt -o out"));
}

#[test]
fn a_truncated_model_is_refused() {
    let model = include_bytes!("../../../../sample/nhefs/model.txt");
    let files: [(&str, &[u8]); 2] = [("p.csv", &people()), ("model.txt", &model[..model.len() / 2])];
    let said = says(&files, "assess --data p.csv --target repaid --model model.txt -o out");
    assert!(said.contains("model.txt") && said.contains("hint:"), "{said}");
}

#[test]
fn an_output_that_is_there_needs_force() {
    let place = Place::with(&[("p.csv", &people())]);
    let line = "assess --data p.csv --target repaid --prediction said --only performance -o out";
    assert_eq!(place.run(line).code, Some(0));
    let again = place.run(line);
    assert_eq!(again.code, Some(2));
    insta::assert_snapshot!(again.err);
    assert_eq!(place.run(&format!("{line} --force")).code, Some(0));
    assert_eq!(place.entries(), ["out", "p.csv"]);
}

#[test]
fn a_directory_with_other_files_is_never_replaced() {
    let place = Place::with(&[("p.csv", &people()), ("out/thesis.doc", b"years of work")]);
    let ran = place.run("assess --data p.csv --target repaid --prediction said -o out --force");
    assert_eq!(ran.code, Some(2));
    insta::assert_snapshot!(ran.err);
    assert!(place.path().join("out/thesis.doc").exists());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let place = Place::with(&[("p.csv", &people()), ("file", b"")]);
    let ran = place.run("assess --data p.csv --target repaid --prediction said --only performance -o file/out");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("cannot write `file") && ran.err.contains("hint:"), "{}", ran.err);
}
