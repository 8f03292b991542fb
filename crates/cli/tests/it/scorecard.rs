//! The report for everybody.

use crate::helpers::{Place, people};

const ASSESS: &str = "assess --data p.csv --target repaid --positive 1 --probability chance --sensitive sex --id id \
    --only performance,fairness --cohort 'young=age < 35' -o a";
const AZURE: &[u8] = br#"{"Model": {"ModelName": "Loans"}, "Metrics": {"accuracy_score": {"threshold": ">=0.99"}},
    "Cohorts": ["young"]}"#;
const CARD: &[u8] = b"[[target]]\nmetric = \"accuracy\"\nthreshold = \">=0.99\"\n";

#[test]
fn a_card_shows_the_verdicts_of_check() {
    let place = Place::with(&[("p.csv", &people()), ("card.toml", CARD), ("card.json", AZURE)]);
    assert_eq!(place.run(ASSESS).code, Some(0));
    let made = place.run("scorecard a -o one.pdf --config card.toml");
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(made.err.contains("1 of 1 targets not met"), "{}", made.err);
    let read = |name: &str| std::fs::read(place.path().join(name)).unwrap();
    assert!(read("one.pdf").starts_with(b"%PDF-1.7"));
    assert_eq!(place.run("scorecard a -o two.pdf --config card.toml").code, Some(0));
    assert_eq!(read("one.pdf"), read("two.pdf"));
    assert_eq!(place.run("scorecard a -o two.pdf").code, Some(2), "an existing file needs --force");
    assert_eq!(place.run("scorecard a -o azure.pdf --config card.json").code, Some(0));

    let checked = place.run("check a --config card.toml --format csv");
    assert_eq!(checked.code, Some(1), "{}", checked.err);
    assert!(checked.out.lines().any(|l| l.starts_with("fail,performance.accuracy,")), "{}", checked.out);
    assert_eq!(place.run("check a --config card.json").code, Some(1));
    assert_eq!(place.run("check a").code, Some(2), "neither a policy nor a configuration");
}

#[test]
fn other_documents_come_from_the_same_assessment() {
    let place = Place::with(&[("p.csv", &people()), ("card.toml", CARD)]);
    assert_eq!(place.run(ASSESS).code, Some(0));
    for (form, begins) in [
        ("model-card", "---\n"),
        ("model-card-json", "{"),
        ("ml-bom", "{"),
        ("annex-iv", "# Technical documentation"),
        ("nist-ai-rmf", "# Findings"),
        ("iso-42001", "# Evidence"),
    ] {
        let ran = place.run(&format!("export a --to {form} --config card.toml -o -"));
        assert_eq!(ran.code, Some(0), "{form}: {}", ran.err);
        assert!(ran.out.starts_with(begins), "{form}: {}", ran.out);
        assert!(ran.out.contains("accuracy") || ran.out.contains("Accuracy"), "{form}: {}", ran.out);
    }
    assert_eq!(place.run("export a --to annex-iv --config none.toml -o -").code, Some(2));
}

#[test]
fn a_policy_may_require_sections_and_freshness() {
    let policy = |text: &str| format!("[require]\n{text}\n").into_bytes();
    let (fresh, lacking) = (policy("sections = ['fairness']\nmax_age_days = 1"), policy("sections = ['causal']"));
    let place = Place::with(&[("p.csv", &people()), ("fresh.toml", &fresh), ("lacking.toml", &lacking)]);
    assert_eq!(place.run(ASSESS).code, Some(0));
    let ran = place.run("check a --policy fresh.toml --sarif s.json");
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let ran = place.run("check a --policy lacking.toml --format csv");
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("the assessment does not have it"), "{}", ran.out);
}

#[test]
fn what_is_wrong_with_a_configuration_is_said() {
    let files: [(&str, &[u8]); 4] = [
        ("p.csv", &people()),
        ("metric.toml", b"[[target]]\nmetric = \"acuracy\"\nmin = 0\n"),
        ("logo.toml", b"[look]\nlogo = \"logo.svg\"\n"),
        (
            "cohorts.json",
            br#"[{"name": "old", "cohort_filter_list": [{"method": "greater", "arg": [50], "column": "age"}]}]"#,
        ),
    ];
    let place = Place::with(&files);
    assert_eq!(place.run(ASSESS).code, Some(0));
    for (flags, said) in [
        ("--config metric.toml", "the nearest name is `accuracy`"),
        ("--config logo.toml", "logo.svg`: there is no such file"),
        ("--config none.toml", "there is no such file"),
        ("--cohort-file cohorts.json", "make it again with `--cohort-file cohorts.json`"),
        ("--font p.csv", "it is not a font"),
    ] {
        let ran = place.run(&format!("scorecard a -o x.pdf {flags}"));
        assert_eq!(ran.code, Some(2), "{flags}");
        assert!(ran.err.contains(said), "{flags}: {}", ran.err);
    }
}
