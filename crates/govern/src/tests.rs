//! Verdicts and comparisons worked out by hand, and their renderings.

use equipoise_document::{
    Better, Document, Estimate, EstimateId, InputFingerprint, Interval, Missing, Provenance, RunSpec, SCHEMA_VERSION,
    Section, Task,
};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::*;

fn id(text: &str) -> EstimateId {
    text.parse().unwrap()
}

fn number(text: &str, value: f64) -> Estimate {
    Estimate::new(id(text), value, 100, Better::Higher)
}

fn with(estimate: Estimate, low: f64, high: f64) -> Estimate {
    estimate.with_interval(Some(Interval::new(low, high, 0.95, "wilson")))
}

fn document(estimates: Vec<Estimate>) -> Document {
    let mut sections: Vec<Section> = Vec::new();
    for estimate in estimates {
        let section = estimate.id.section().to_owned();
        if sections.last().is_none_or(|s| s.id != section) {
            sections.push(Section::new(&section, &section, "?"));
        }
        sections.last_mut().unwrap().estimates.push(estimate);
    }
    let test = InputFingerprint { role: "test".into(), name: "t.csv".into(), sha256: Some("ab".into()), bytes: None };
    Document {
        schema_version: SCHEMA_VERSION.into(),
        spec: RunSpec::default(),
        provenance: Provenance {
            equipoise: "0.1.0".into(),
            seed: 0,
            spec_sha256: String::new(),
            inputs: vec![test],
            partial: false,
        },
        task: Task::Binary,
        classes: vec!["no".into(), "yes".into()],
        datasets: Vec::new(),
        model: None,
        cohorts: Vec::new(),
        notes: Vec::new(),
        sections,
        artifacts: Vec::new(),
    }
}

#[test]
fn what_is_required_beside_numbers() {
    use crate::{Evidence, Signed, check_requirements};
    let policy = policy(
        "[require]\nsections = [\"performance\", \"causal\"]\nmax_age_days = 30\nsignatures = 2\n\
         [[require.approval]]\nname = \"Ada\"\nrole = \"approver\"\n[[require.approval]]\nkey = \"sha256:aa\"\n",
    );
    let document = document(vec![number("performance.accuracy", 0.9)]);
    let words = |evidence: &Evidence| -> Vec<String> {
        let verdicts = check_requirements(&document, &policy, evidence);
        verdicts.iter().map(|v| format!("{} {}: {}", v.gate, v.outcome.word(), v.message)).collect()
    };
    assert_eq!(
        words(&Evidence::default()),
        [
            "1 pass: asked is a section `performance`: it is there",
            "2 fail: asked is a section `causal`: the assessment does not have it",
            "3 fail: asked is at most 30 days old: it is not known when it was finished",
            "4 fail: asked is 2 or more signatures: there are 0 by trusted keys",
            "5 fail: asked is a signature as `approver` by `Ada`: there is none such by a trusted key",
            "6 fail: asked is a signature with the key `sha256:aa`: there is none such by a trusted key",
        ]
    );
    let signed = |role: &str, name: &str, key: &str| Signed {
        role: role.to_owned(),
        name: Some(name.to_owned()),
        key: key.to_owned(),
    };
    // Two signatures by one key count once; Ada signed, but not as approver.
    let ada = vec![signed("author", "Ada", "sha256:aa"), signed("reviewer", "Ada", "sha256:aa")];
    let evidence = Evidence { age_days: Some(31.5), signatures: ada };
    let said = words(&evidence);
    assert_eq!(said[2], "3 fail: asked is at most 30 days old: it is 31 days old");
    assert_eq!(said[3], "4 fail: asked is 2 or more signatures: there are 1 by trusted keys");
    assert!(said[4].starts_with("5 fail") && said[5].starts_with("6 pass"), "{said:?}");
    let both = vec![signed("approver", "Ada", "sha256:bb"), signed("author", "Bob", "sha256:aa")];
    let evidence = Evidence { age_days: Some(30.0), signatures: both };
    let failed: Vec<String> = words(&evidence).into_iter().filter(|w| w.contains(" fail: ")).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
}

#[test]
fn a_requirement_that_names_nothing_is_refused() {
    let wrong = |text: &str| Policy::from_toml(text).unwrap_err().to_string();
    assert!(wrong("[require]\n").contains("the policy has no gate"));
    assert!(wrong("[require]\nmax_age_days = -1\n").starts_with("policy, line 1: `max_age_days` is `-1`"));
    assert!(wrong("[[require.approval]]\n").contains("an approval names nobody"));
    assert!(wrong("[require]\nsection = []\n").contains("unknown field `section`"));
}

fn policy(text: &str) -> Policy {
    Policy::from_toml(text).unwrap()
}

/// The outcome of one gate, given by its lines after `[[gate]]`.
fn outcome(estimate: Estimate, gate: &str) -> Outcome {
    let verdicts = check(&document(vec![estimate]), &policy(&format!("[[gate]]\n{gate}")));
    assert_eq!(verdicts.len(), 1);
    verdicts[0].outcome
}

#[test]
fn the_bound_itself_is_allowed() {
    let gap = || number("fairness.selection_rate.difference[sex]", 0.1);
    let gate = |rule: &str| format!("id = \"fairness.selection_rate.difference[sex]\"\n{rule}");
    assert_eq!(outcome(gap(), &gate("max = 0.1")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("min = 0.1")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("max = 0.0999999")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("min = 0.1000001")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("min = 0.1\nmax = 0.1")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("equals = 0.1")), Outcome::Pass);
    // |0.1 − 0.3| = 0.2 = within, though not in the last binary digit.
    assert_eq!(outcome(gap(), &gate("equals = 0.3\nwithin = 0.2")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("equals = 0.3\nwithin = 0.19")), Outcome::Fail);
}

#[test]
fn rounding_of_the_last_bits_does_not_decide() {
    // 0.4 − 0.3 = 0.10000000000000003 in binary.
    assert_eq!(outcome(number("a.b", 0.4 - 0.3), "id = \"a.b\"\nmax = 0.1"), Outcome::Pass);
    assert_eq!(outcome(number("a.b", 0.100_000_000_001), "id = \"a.b\"\nmax = 0.1"), Outcome::Fail);
}

#[test]
fn the_worse_end_of_the_interval_decides() {
    // 0.08 with 95 % interval 0.05 to 0.12.
    let gap = || with(number("a.b", 0.08), 0.05, 0.12);
    let gate = |rule: &str| format!("id = \"a.b\"\n{rule}");
    assert_eq!(outcome(gap(), &gate("max = 0.1")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("max = 0.1\non = \"interval\"")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("max = 0.12\non = \"interval\"")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("min = 0.06\non = \"interval\"")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("min = 0.05\non = \"interval\"")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("min = 0.06\nmax = 0.2\non = \"interval\"")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("min = 0.0\nmax = 0.11\non = \"interval\"")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("min = 0.05\nmax = 0.12\non = \"interval\"")), Outcome::Pass);
    // Ends are 0.03 and 0.04 away from 0.08.
    assert_eq!(outcome(gap(), &gate("equals = 0.08\nwithin = 0.04\non = \"interval\"")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("equals = 0.08\nwithin = 0.03\non = \"interval\"")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("max = 0.1\non = \"low\"")), Outcome::Pass);
    assert_eq!(outcome(gap(), &gate("max = 0.1\non = \"high\"")), Outcome::Fail);
    assert_eq!(outcome(gap(), &gate("min = 0.1\non = \"high\"")), Outcome::Pass);
}

#[test]
fn what_is_missing_fails_unless_the_policy_says_otherwise() {
    let absent = || Estimate::absent(id("a.b"), Missing::NoPositives, 3, Better::Higher);
    let gate = |rule: &str| format!("id = \"a.b\"\nmin = 0.5\n{rule}");
    assert_eq!(outcome(absent(), &gate("")), Outcome::Fail);
    assert_eq!(outcome(absent(), &gate("if_missing = \"warn\"")), Outcome::Warn);
    assert_eq!(outcome(absent(), &gate("if_missing = \"pass\"")), Outcome::Pass);
    assert_eq!(outcome(absent(), &gate("severity = \"warning\"")), Outcome::Warn);
    // No interval where one is asked for is missing too, although there is a value.
    assert_eq!(outcome(number("a.b", 0.9), &gate("on = \"interval\"")), Outcome::Fail);
    assert_eq!(outcome(number("a.b", 0.9), &gate("on = \"interval\"\nif_missing = \"pass\"")), Outcome::Pass);
}

#[test]
fn a_misspelt_id_fails_even_as_a_warning_and_names_its_neighbours() {
    let document = document(vec![number("performance.accuracy", 0.9), number("performance.balanced_accuracy", 0.8)]);
    let policy =
        policy("[[gate]]\nid = \"performance.acuracy\"\nmin = 0.5\nseverity = \"warning\"\nif_missing = \"pass\"");
    let verdicts = check(&document, &policy);
    assert_eq!(verdicts[0].outcome, Outcome::Fail);
    assert_eq!(
        verdicts[0].message,
        "`performance.acuracy`: this number is not in the document; the nearest are `performance.accuracy`, \
         `performance.balanced_accuracy`"
    );
    assert!(!is_met(&verdicts));
}

#[test]
fn a_pattern_gives_one_verdict_for_each_number_in_document_order() {
    let document = document(vec![
        number("fairness.selection_rate.ratio[sex]", 0.9),
        number("fairness.selection_rate.difference[sex]", 0.2),
        number("fairness.accuracy.ratio[race]", 0.7),
    ]);
    let policy = policy("[[gate]]\nid = \"fairness.*.ratio[*]\"\nmin = 0.8\nseverity = \"warning\"");
    let verdicts = check(&document, &policy);
    let told: Vec<_> = verdicts.iter().map(|v| (v.id.as_str(), v.outcome)).collect();
    let expected =
        [("fairness.selection_rate.ratio[sex]", Outcome::Pass), ("fairness.accuracy.ratio[race]", Outcome::Warn)];
    assert_eq!(told, expected);
    assert!(is_met(&verdicts), "a warning does not break a policy");
}

#[test]
fn errors_name_the_line() {
    let error = |text: &str| Policy::from_toml(text).unwrap_err().to_string();
    assert!(error("").starts_with("policy, line 1: the policy has no gate\nhint: "));
    assert!(error("[[gate]]\nid = \"a.b\"\nmx = 1").starts_with("policy, line 3: unknown field `mx`"));
    assert!(
        error("[[gate]]\nid = \"a.b\"\nmax = 1\n\n[[gate]]\nid = \"a.b\"")
            .starts_with("policy, line 5: `a.b` has no bound")
    );
    assert!(error("[[gate]]\nid = \"accuracy\"\nmax = 1").contains("`accuracy` is not an estimate id"));
    assert!(error("[[gate]]\nid = \"a.b\"\nmin = 1\nmax = 0").contains("`min` 1 of `a.b` is above its `max` 0"));
    assert!(error("[[gate]]\nid = \"a.b\"\nmax = inf").contains("`max` of `a.b` is `inf`"));
    assert!(error("[[gate]]\nid = \"a.b\"\nmax = 1\nwithin = 1").contains("`within` of `a.b` stands without `equals`"));
    assert!(error("[[gate]]\nid = \"a.b\"\nequals = 1\nmin = 1").contains("has `equals` beside"));
    assert!(error("[[gate]]\nid = \"a.b\"\nequals = 1\nwithin = -1").contains("is negative"));
    assert!(error("[[gate]]\nid = \"a.b\"\nmax = \"x\"").starts_with("policy, line 3: "));
    assert!(error("[[gate]\n").starts_with("policy, line 1: "));
}

proptest! {
    /// Whatever the text, reading a policy answers with a policy or an error that has a hint.
    #[test]
    fn no_text_makes_a_policy_panic(text in "(\\[\\[gate\\]\\]\n|id = \"[a.*\\[{]{0,6}\"\n|(min|max|within|equals) = -?[0-9a-z.]{1,4}\n|\\PC{0,9}){0,8}") {
        match Policy::from_toml(&text) {
            Ok(policy) => prop_assert!(!policy.gates.is_empty()),
            Err(error) => prop_assert!(error.to_string().contains("\nhint: ")),
        }
    }

    /// A pattern that is met by a wider bound is met when the bound is wider still.
    #[test]
    fn a_wider_bound_never_fails_what_a_narrower_one_passes(value in -1.0..1.0_f64, half in 0.0..0.5_f64, max in -1.0..1.0_f64, more in 0.0..1.0_f64) {
        let estimate = with(number("a.b", value), value - half, value + half);
        for on in ["value", "interval", "low", "high"] {
            let passes = |max: f64| outcome(estimate.clone(), &format!("id = \"a.b\"\nmax = {max:?}\non = \"{on}\"")) == Outcome::Pass;
            prop_assert!(!passes(max) || passes(max + more));
        }
    }
}

/// Four verdicts: pass, warn, fail, and passed though missing; with text that XML and JSON must escape.
fn mixed() -> (Vec<Verdict>, Policy) {
    let policy = policy(
        r#"[[gate]]
id = "performance.accuracy"
min = 0.8

[[gate]]
id = "fairness.accuracy.ratio[*]"
min = 0.8
severity = "warning"
because = "the \"four-fifths\" rule & <nothing> else"

[[gate]]
id = "fairness.selection_rate.difference[sex]"
max = 0.1
on = "interval"
because = "95 % sure"

[[gate]]
id = "fairness.precision[sex=F]"
min = 0.5
if_missing = "pass"
"#,
    );
    let document = document(vec![
        number("performance.accuracy", 0.85),
        number("fairness.accuracy.ratio[a<b&c]", 0.7),
        with(number("fairness.selection_rate.difference[sex]", 0.08), 0.05, 0.12).flagged_small(true),
        Estimate::absent(id("fairness.precision[sex=F]"), Missing::NoSelected, 7, Better::Higher),
    ]);
    (check(&document, &policy), policy)
}

#[test]
fn sentences_people_read() {
    let (verdicts, _) = mixed();
    let told: Vec<String> = verdicts.iter().map(|v| format!("{}: {}", v.outcome.word(), v.message)).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_table_has_one_row_for_each_verdict() {
    let (verdicts, _) = mixed();
    let table = verdict_table(&verdicts);
    assert_eq!(table.n_rows(), 4);
    let json = serde_json::to_value(table.get("why").unwrap()).unwrap();
    assert_eq!(
        json["values"],
        serde_json::json!([
            "",
            "the \"four-fifths\" rule & <nothing> else",
            "95 % sure; few rows",
            "no row was predicted positive"
        ])
    );
}

#[test]
fn junit_reads_back() {
    let (verdicts, _) = mixed();
    let xml = junit_xml(&verdicts, "policy.toml");
    insta::assert_snapshot!("junit", xml);
    let mut reader = Reader::from_str(&xml);
    let (mut cases, mut failures, mut skipped, mut said) = (Vec::new(), 0, 0, 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) | Event::Empty(e) => match e.name().as_ref() {
                b"testcase" => {
                    let name = e.try_get_attribute("name").unwrap().unwrap();
                    cases.push(
                        quick_xml::escape::unescape(std::str::from_utf8(&name.value).unwrap()).unwrap().into_owned(),
                    );
                }
                b"failure" => failures += 1,
                b"skipped" => skipped += 1,
                b"system-out" => said += 1,
                b"testsuite" => {
                    let attribute =
                        |k: &str| String::from_utf8(e.try_get_attribute(k).unwrap().unwrap().value.to_vec());
                    assert_eq!(attribute("tests").unwrap(), "4");
                    assert_eq!(attribute("failures").unwrap(), "1");
                    assert_eq!(attribute("skipped").unwrap(), "1");
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((failures, skipped, said), (1, 1, 1));
    assert_eq!(cases[1], "fairness.accuracy.ratio[a<b&c] ≥ 0.8");
}

#[test]
fn junit_holds_no_character_that_xml_forbids() {
    let (mut verdicts, _) = mixed();
    verdicts[2].message = "bell \u{7} and \u{1b}[31m".into();
    let xml = junit_xml(&verdicts, "a\u{0}b.toml");
    assert!(!xml.chars().any(|c| c.is_control() && c != '\n'));
    assert!(xml.contains('\u{FFFD}'));
}

#[test]
fn sarif_has_what_the_standard_requires() {
    let (verdicts, policy) = mixed();
    let text = sarif_json(&verdicts, &policy, "gates/my policy.toml");
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "equipoise");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 4);
    assert!(rules.iter().all(|r| r["id"].is_string() && r["shortDescription"]["text"].is_string()));
    let results = run["results"].as_array().unwrap();
    let told: Vec<_> = results.iter().map(|r| (r["kind"].as_str().unwrap(), r["level"].as_str().unwrap())).collect();
    assert_eq!(told, [("pass", "none"), ("fail", "warning"), ("fail", "error"), ("notApplicable", "none")]);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["message"]["text"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "gates/my%20policy.toml");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
    }
    assert_eq!(results[2]["locations"][0]["physicalLocation"]["region"]["startLine"], 11);
    assert_eq!(results[2]["properties"]["observed"], 0.12);
}

#[test]
fn the_difference_of_two_proportions_has_newcombes_interval() {
    // Newcombe 1998 (Statistics in Medicine 17:873), table II, method 10, first contrast: 56/70 − 48/80.
    // Wilson: 56/70 → 0.6918 to 0.8775, 48/80 → 0.4904 to 0.7003; published interval of the difference 0.0524 to 0.3339.
    let wilson = |k: f64, n: f64| {
        let z = 1.959_963_984_540_054_f64;
        let (p, z2) = (k / n, z * z);
        let (mid, half) = ((p + z2 / (2.0 * n)), z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt());
        with(number("a.b", p), (mid - half) / (1.0 + z2 / n), (mid + half) / (1.0 + z2 / n))
    };
    let found = compare(&document(vec![wilson(48.0, 80.0)]), &document(vec![wilson(56.0, 70.0)]));
    let interval = found.pairs[0].interval.clone().unwrap();
    assert!((interval.low - 0.0524).abs() < 5e-5, "{interval:?}");
    assert!((interval.high - 0.3339).abs() < 5e-5, "{interval:?}");
    assert_eq!(interval.method, "mover_unpaired");
    assert_eq!(found.pairs[0].change, Change::Better);
}

fn change(better: Better, a: f64, b: f64, half: f64) -> Change {
    let estimate = |v: f64| with(Estimate::new(id("a.b"), v, 10, better), v - half, v + half);
    compare(&document(vec![estimate(a)]), &document(vec![estimate(b)])).pairs[0].change
}

#[test]
fn better_depends_on_which_way_is_better() {
    assert_eq!(change(Better::Higher, 0.7, 0.8, 0.01), Change::Better);
    assert_eq!(change(Better::Lower, 0.7, 0.8, 0.01), Change::Worse);
    assert_eq!(change(Better::Neither, 0.7, 0.8, 0.01), Change::Different);
    assert_eq!(change(Better::Zero, 0.3, 0.1, 0.01), Change::Better);
    assert_eq!(change(Better::Zero, -0.3, -0.1, 0.01), Change::Better);
    assert_eq!(change(Better::Zero, -0.3, 0.1, 0.01), Change::Unclear);
    assert_eq!(change(Better::One, 0.8, 0.9, 0.01), Change::Better);
    assert_eq!(change(Better::One, 1.2, 1.5, 0.01), Change::Worse);
    assert_eq!(change(Better::One, 0.9, 1.1, 0.01), Change::Unclear);
    // The interval of the difference is 0.1 ± √(0.1² + 0.1²), which holds zero.
    assert_eq!(change(Better::Higher, 0.7, 0.8, 0.1), Change::Unclear);
    assert_eq!(change(Better::Higher, 0.7, 0.7, 0.1), Change::Same);
}

#[test]
fn what_is_on_one_side_only_is_listed() {
    let a = document(vec![number("a.x", 1.0), number("a.y", 1.0)]);
    let b = document(vec![number("a.z", 1.0), number("a.x", 2.0)]);
    let found = compare(&a, &b);
    assert_eq!(found.pairs.len(), 1);
    assert_eq!(found.pair(&id("a.x")).unwrap().difference, Some(1.0));
    assert_eq!((found.only_a, found.only_b), (vec![id("a.y")], vec![id("a.z")]));
}

#[test]
fn a_missing_number_has_no_difference() {
    let absent = Estimate::absent(id("a.x"), Missing::OneClass, 3, Better::Higher);
    let found = compare(&document(vec![number("a.x", 1.0)]), &document(vec![absent]));
    let pair = &found.pairs[0];
    assert_eq!((pair.b, pair.difference, pair.change), (Err(Missing::OneClass), None, Change::Missing));
}

#[test]
fn the_same_rows_are_known_by_their_fingerprint() {
    let gap = || with(number("a.x", 0.5), 0.4, 0.6);
    let a = document(vec![gap()]);
    let mut b = document(vec![with(number("a.x", 0.6), 0.5, 0.7)]);
    let codes = |c: &Comparison| c.notes.iter().map(|n| n.code.clone()).collect::<Vec<_>>();
    let mut found = compare(&a, &b);
    assert!(found.same_rows);
    assert_eq!(codes(&found), ["unpaired_intervals"]);
    // A paired interval takes its place, and the note goes with the last unpaired one.
    assert!(found.set_interval(&id("a.x"), Interval::new(0.08, 0.12, 0.95, "paired_bootstrap")));
    assert_eq!(found.pairs[0].change, Change::Better);
    assert_eq!(codes(&found), Vec::<String>::new());
    assert!(!found.set_interval(&id("a.nothing"), Interval::new(0.0, 1.0, 0.95, "x")));

    b.provenance.inputs[0].sha256 = Some("cd".into());
    let found = compare(&a, &b);
    assert!(!found.same_rows);
    assert_eq!(codes(&found), ["different_rows"]);
}

#[test]
fn intervals_of_other_levels_are_not_mixed() {
    let a = with(number("a.x", 0.5), 0.4, 0.6);
    let b = number("a.x", 0.6).with_interval(Some(Interval::new(0.5, 0.7, 0.9, "wilson")));
    assert_eq!(compare(&document(vec![a]), &document(vec![b])).pairs[0].interval, None);
}

#[test]
fn many_differences_bring_a_warning_of_chance() {
    let many = |n: usize| document((0..n).map(|i| with(number(&format!("a.x{i}"), 0.5), 0.4, 0.6)).collect());
    let said = |n: usize| {
        let notes = compare(&many(n), &many(n)).notes;
        notes.into_iter().find(|note| note.code == "many_differences").map(|note| note.text)
    };
    assert_eq!(said(19), None);
    // 40 × (1 − 0.95) = 2
    let expected = "40 differences have an interval; if nothing had changed, about 2 of them would leave out zero by \
                    chance alone.";
    assert_eq!(said(40).as_deref(), Some(expected));
}

#[test]
fn the_comparison_is_a_table() {
    let a = document(vec![with(number("a.x", 0.5), 0.4, 0.6), number("a.y", 0.1)]);
    let b = document(vec![with(number("a.x", 0.75), 0.65, 0.85), number("a.y", 0.1)]);
    let table = comparison_table(&compare(&a, &b));
    let values = |column: &str| serde_json::to_value(table.get(column).unwrap()).unwrap()["values"].clone();
    assert_eq!(values("difference"), serde_json::json!([0.25, 0.0]));
    assert_eq!(values("change"), serde_json::json!(["better", "same"]));
    // 0.25 − √(0.1² + 0.1²)
    assert!((values("low")[0].as_f64().unwrap() - (0.25 - 0.02_f64.sqrt())).abs() < 1e-12);
    assert_eq!(values("low")[1], serde_json::Value::Null);
}
