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

    assert_eq!(place.run("export a --to report -o a.html").code, Some(0));
    assert!(std::fs::read_to_string(place.path().join("a.html")).unwrap().starts_with("<!"));
    assert_eq!(place.run("export a --to report -o a.html").code, Some(2), "an existing file needs --force");

    let dashboard = place.run("export a --to html --with b -o d.html");
    if dashboard.code == Some(0) {
        let page = std::fs::read_to_string(place.path().join("d.html")).unwrap();
        assert!(page.contains("id=\"equipoise-documents\">[{\"id\":\"0\",\"name\":\"a\""));
        assert!(page.contains(",{\"id\":\"1\",\"name\":\"b\",\"document\":"));
    } else {
        assert!(dashboard.err.contains("hint: run `make web`"), "a build without the page: {}", dashboard.err);
    }
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
    for section in ["performance", "fairness", "balance", "explorer"] {
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

#[test]
fn cohorts_have_complements_and_go_to_the_toolbox_and_back() {
    let place = Place::with(&[("p.csv", &people())]);
    let own = [
        "--cohort",
        "young women=age < 35 and sex = 'female'",
        "--cohort",
        "early=_index < 10",
        "--cohort",
        "misses=_outcome in ('fp', 'fn')",
    ];
    let run = |more: &[&str]| {
        let words = ASSESS.split(' ').map(str::to_owned);
        place.run_args(&words.chain(more.iter().map(|w| (*w).to_owned())).collect::<Vec<_>>(), &[])
    };
    let document = |dir: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(place.path().join(dir).join("document.json")).unwrap()).unwrap()
    };
    let sizes = |d: &serde_json::Value| -> Vec<(String, u64)> {
        let list = d["cohorts"].as_array().unwrap();
        list.iter().map(|c| (c["name"].as_str().unwrap().to_owned(), c["n"].as_u64().unwrap())).collect()
    };
    let ran = run(&[&own[..], &["--complements", "-o", "a"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let a = document("a");
    let found = sizes(&a);
    let names: Vec<&str> = found.iter().map(|c| c.0.as_str()).collect();
    assert_eq!(names, ["all", "young women", "not young women", "early", "not early", "misses", "not misses"]);
    for pair in found[1..].chunks(2) {
        assert_eq!(pair[0].1 + pair[1].1, 40, "{pair:?}");
    }
    assert_eq!(a["spec"]["complements"], true);
    // Predicates of complements can be used as they are written down.
    let not_young = a["cohorts"][2]["where"].as_str().unwrap();
    let again = run(&["--cohort", &format!("rest={not_young}"), "-o", "b"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert_eq!(sizes(&document("b"))[1].1, found[2].1);

    let out = place.run("export a --to rai-cohorts -o cohorts.json");
    assert_eq!(out.code, Some(0), "{}", out.err);
    let back = run(&["--cohorts", "cohorts.json", "-o", "c"]);
    assert_eq!(back.code, Some(0), "{}", back.err);
    let own_sizes: Vec<_> = found.into_iter().filter(|c| !c.0.starts_with("not ")).collect();
    assert_eq!(sizes(&document("c")), own_sizes);

    let unlikely = run(&["--cohort", "likely=_probability > 0.3", "-o", "d"]);
    assert_eq!(unlikely.code, Some(0), "{}", unlikely.err);
    let refused = place.run("export d --to rai-cohorts -o d.json");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("cohort `likely`") && refused.err.contains("hint: "), "{}", refused.err);
}

#[test]
fn cohorts_of_the_same_rows_are_noted() {
    let place = Place::with(&[("p.csv", &people())]);
    let ran = place.run(&format!("{ASSESS} --cohort 'a=age < 30' --cohort 'b=id < 10' --cohort 'c=age > 0' -o out"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let text = std::fs::read_to_string(place.path().join("out/document.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let notes = document["notes"].as_array().unwrap();
    let said: Vec<&str> =
        notes.iter().filter(|n| n["code"] == "identical_cohorts").filter_map(|n| n["text"].as_str()).collect();
    assert_eq!(said, ["The cohorts `b` and `a` hold the same rows.", "The cohorts `c` and `all` hold the same rows."]);
}

/// The toolbox names classes by their places; nobody has to list them where the run finds them.
#[test]
fn places_of_classes_in_a_toolbox_file_are_those_of_the_run() {
    let mut csv = "age,income,said\n".to_owned();
    for i in 0_u32..40 {
        let class = |is: bool| if is { ">50K" } else { "<=50K" };
        csv += &format!("{},{},{}\n", 20 + i, class(i % 3 == 0), class(i % 4 == 0));
    }
    let filter =
        br#"[{"name": "rich", "cohort_filter_list": [{"column": "True Y", "method": "includes", "arg": [1]}]}]"#;
    let place = Place::with(&[("p.csv", csv.as_bytes()), ("c.json", filter)]);
    let assess =
        "assess --data p.csv --target income --prediction said --positive >50K --only performance --cohorts c.json";
    let document = |dir: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(place.path().join(dir).join("document.json")).unwrap()).unwrap()
    };
    let ran = place.run(&format!("{assess} -o found"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let found = document("found");
    assert_eq!(found["cohorts"][1]["where"], "_true IN ('>50K')");
    assert_eq!(found["cohorts"][1]["n"], 14);
    let note = found["notes"].as_array().unwrap().iter().find(|n| n["code"] == "class_places").unwrap().clone();
    assert!(note["text"].as_str().unwrap().ends_with("0 is `<=50K`, 1 is `>50K`."), "{note}");
    // Listed classes come first, and then there is nothing to say.
    let ran = place.run(&format!("{assess} --classes >50K,<=50K -o listed"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let listed = document("listed");
    assert_eq!(listed["cohorts"][1]["where"], "_true IN ('<=50K')");
    assert!(listed["notes"].as_array().unwrap().iter().all(|n| n["code"] != "class_places"));
}

/// The bundled sample and its model.
fn sample() -> Place {
    let read = |name: &str| {
        let path = format!("{}/../../sample/nhefs/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).unwrap()
    };
    let spec = b"target = \"death\"\npositive = \"1\"\nsensitive = [\"sex\"]\nseed = 7\n\
        [data]\ntest = \"test.csv\"\ntrain = \"train.csv\"\n[model]\nsource = \"model.txt\"\n\
        [analyses.counterfactuals]\nmax_rows = 12\ntotal_CFs = 2\nmethod = \"genetic\"\n";
    let model = String::from_utf8(read("model.txt")).unwrap();
    let names = model.lines().find_map(|l| l.strip_prefix("feature_names=")).unwrap();
    let features: Vec<String> = names.split(' ').map(|name| format!("{name:?}")).collect();
    let spec = format!("features = [{}]\n{}", features.join(", "), String::from_utf8_lossy(spec));
    Place::with(&[
        ("spec.toml", spec.as_bytes()),
        ("test.csv", &read("test.csv")),
        ("train.csv", &read("train.csv")),
        ("model.txt", &read("model.txt")),
    ])
}

#[test]
fn what_if_answers_for_a_row_and_for_many() {
    let place = sample();
    let row = place.run("what-if spec.toml --row 3 --set age=40 --set smokeyrs=5");
    assert_eq!(row.code, Some(0), "{}", row.err);
    assert!(row.out.contains("`age` were 40 instead of"), "{}", row.out);
    let many = place.run("what-if spec.toml --shift age=-10 --threshold 0.3 --format json");
    assert_eq!(many.code, Some(0), "{}", many.err);
    assert!(many.out.contains("what_if.selection_rate.change[sex=female]"), "{}", many.out);
    let wrong = place.run("what-if spec.toml --row 3 --set ages=40");
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("hint: the nearest name is `age`"), "{}", wrong.err);
    let nothing = place.run("what-if spec.toml --row 3");
    assert!(nothing.err.contains("nothing is changed"), "{}", nothing.err);
}

#[test]
fn counterfactuals_are_the_same_for_any_number_of_threads() {
    let place = sample();
    let read = |dir: &str| std::fs::read(place.path().join(dir).join("document.json")).unwrap();
    for (dir, threads) in [("one", "1"), ("three", "3")] {
        let args: Vec<String> =
            format!("assess spec.toml --only counterfactuals -o {dir}").split(' ').map(str::to_owned).collect();
        let ran = place.run_args(&args, &[("RAYON_NUM_THREADS", threads)]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }
    assert_eq!(read("one"), read("three"));
}
