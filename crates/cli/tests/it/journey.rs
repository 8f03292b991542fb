//! From data to a verdict, as a user goes.

use crate::helpers::{Place, people};

const ASSESS: &str = "assess --data p.csv --target repaid --positive 1 --probability chance --sensitive sex --id id";

#[test]
fn assess_show_check_compare_export() {
    let place = Place::with(&[
        ("p.csv", &people()),
        ("met.toml", b"[[gate]]\nid = \"performance.accuracy\"\nmin = 0.0\n"),
        ("unmet.toml", b"[[gate]]\nid = \"performance.accuracy\"\nmin = 0.99\n"),
    ]);
    let ran = place.run(&format!("{ASSESS} --cohort 'young=age < 35' -o a"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("performance") && ran.out.contains("fairness"), "{}", ran.out);

    let shown = place.run("show a performance --format csv");
    assert!(shown.out.lines().any(|l| l.starts_with("performance.accuracy,")), "{}", shown.out);
    assert!(shown.out.lines().any(|l| l.starts_with("performance.accuracy{young},")), "{}", shown.out);
    for format in ["table", "md", "json"] {
        assert_eq!(place.run(&format!("show a fairness --format {format}")).code, Some(0));
    }
    assert_eq!(place.run("check a --policy met.toml").code, Some(0));
    let unmet = place.run("check a --policy unmet.toml --junit j.xml --sarif s.json");
    assert_eq!(unmet.code, Some(1), "{}", unmet.err);
    assert!(std::fs::read_to_string(place.path().join("j.xml")).unwrap().contains("<failure"));
    let sarif: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path().join("s.json")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");

    assert_eq!(place.run(&format!("{ASSESS} --threshold 0.6 -o b")).code, Some(0));
    let compared = place.run("compare a b");
    assert_eq!(compared.code, Some(0), "{}", compared.err);
    assert!(compared.out.contains("performance.accuracy"), "{}", compared.out);
    let paired = place.run("compare a b --format json");
    assert!(paired.out.contains("paired_newcombe"), "the same rows are compared in pairs: {}", paired.out);

    assert_eq!(place.run("export a --to html -o a.html").code, Some(0));
    assert!(std::fs::read_to_string(place.path().join("a.html")).unwrap().starts_with("<!"));
    assert_eq!(place.run("export a --to html -o a.html").code, Some(2), "an existing file needs --force");
}

#[test]
fn the_same_spec_gives_the_same_bytes_for_any_number_of_threads() {
    let place = Place::with(&[("p.csv", &people())]);
    let args = |dir: &str| {
        let line = format!("{ASSESS} --seed 7 -o {dir}");
        line.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let read = |dir: &str| std::fs::read(place.path().join(dir).join("document.json")).unwrap();
    for (dir, threads) in [("one", "1"), ("two", "2"), ("five", "5")] {
        assert_eq!(place.run_args(&args(dir), &[("RAYON_NUM_THREADS", threads)]).code, Some(0));
    }
    assert_eq!(read("one"), read("two"));
    assert_eq!(read("one"), read("five"));
}

#[test]
fn a_printed_spec_runs_to_the_same_document() {
    let place = Place::with(&[("p.csv", &people())]);
    let spec = place.run(&format!("{ASSESS} --cohort 'young=age < 35' --seed 3 --print-spec"));
    assert_eq!(spec.code, Some(0), "{}", spec.err);
    std::fs::write(place.path().join("spec.toml"), &spec.out).unwrap();
    assert_eq!(place.run(&format!("{ASSESS} --cohort 'young=age < 35' --seed 3 -o flags")).code, Some(0));
    let ran = place.run("assess spec.toml -o spec");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let read = |dir: &str| std::fs::read_to_string(place.path().join(dir).join("document.json")).unwrap();
    assert_eq!(read("flags"), read("spec"));
}

#[test]
fn the_demo_needs_nothing_but_the_program() {
    let place = Place::with(&[]);
    let ran = place.run("demo -o d");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for section in ["performance", "fairness", "balance"] {
        assert_eq!(place.run(&format!("show d {section}")).code, Some(0));
    }
    let widest = ran.out.lines().map(|l| l.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
    assert_eq!(place.run("demo -o d").code, Some(0), "the demo may be run again");
}

#[test]
fn standard_input_is_a_dataset() {
    let place = Place::with(&[("p.csv", &people())]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_equipoise"))
        .args(format!("{} --only performance -o out", ASSESS.replace("p.csv", "-")).split(' '))
        .current_dir(place.path())
        .stdin(std::fs::File::open(place.path().join("p.csv")).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
