//! Cases small enough to check on paper.

#![allow(clippy::float_cmp, reason = "exact by construction")]

use super::*;

/// 100 rows; `y` is yes in the second half.
fn halves() -> Written {
    Written { classes: (0..100).map(|i| u16::from(i >= 50)).collect(), ..Written::default() }
}

#[test]
fn a_profile_by_hand() {
    let x = [1.0, 2.0, 2.0, 3.0, f64::NAN, 100.0];
    let written = Written { classes: vec![0, 1, 0, 1, 0, 1], ..Written::default() }
        .numbers("x", &x)
        .names("c", &["a", "b", "a", "", "a", "b"]);
    let section = written.section();
    close(&section, "explorer.missing_share[x]", 1.0 / 6.0);
    close(&section, "explorer.mean[x]", 108.0 / 5.0);
    // 1 2 2 3 100: quartiles 2 and 3, fences ½ and 4½.
    close(&section, "explorer.median[x]", 2.0);
    close(&section, "explorer.outlier_share[x]", 1.0 / 5.0);
    // Distances from the median 1 0 0 1 98: their median 1, times 1.4826 · 3.5 is 5.19.
    close(&section, "explorer.far_share[x]", 1.0 / 5.0);
    close(&section, "explorer.most_frequent_share[x]", 2.0 / 5.0);
    close(&section, "explorer.most_frequent_share[c]", 3.0 / 5.0);
    assert_eq!(cells(&section, "columns", "distinct"), [json!(2), json!(4), json!(2)]);
    assert_eq!(cells(&section, "columns", "most_frequent"), [json!("a"), json!("2"), json!("no")]);
    assert_eq!(cells(&section, "numbers", "q1"), [json!(2.0)]);
    assert_eq!(cells(&section, "numbers", "q3"), [json!(3.0)]);
    assert_eq!(cells(&section, "columns", "role"), [json!("feature"), json!("feature"), json!("target")]);
}

#[test]
fn a_leak_is_named_first() {
    let leak: Vec<f64> = (0..100).map(|i| f64::from(i) + 0.5).collect();
    let noise: Vec<f64> = (0..100).map(|i| f64::from((i * 37) % 100)).collect();
    let section = halves().numbers("noise", &noise).numbers("leak", &leak).section();
    // All pairs in order.
    close(&section, "explorer.single_feature_auc[leak]", 1.0);
    assert!(value(&section, "explorer.single_feature_auc[noise]") < 0.65);
    assert_eq!(section.notes[0].code, "leakage_suspect");
    assert_eq!(section.notes[0].level, Level::Concern);
    assert!(section.notes[0].text.starts_with("`leak` may leak `y`"), "{}", section.notes[0].text);
    let column = cells(&section, "power", "column");
    assert_eq!(column, [json!("leak"), json!("noise")]);
}

#[test]
fn names_of_single_rows_tell_nothing_and_a_copy_of_the_target_all() {
    let ids: Vec<String> = (0..100).map(|i| format!("row {i}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let told: Vec<&str> = (0..100).map(|i| if i >= 50 { "paid" } else { "owed" }).collect();
    let section = halves().names("id", &ids).names("told", &told).section();
    close(&section, "explorer.information[id]", 0.0);
    // Each row is foretold by 49 others and half a row: ln(2 · 49.5/50)/ln 2.
    close(&section, "explorer.information[told]", (99.0_f64 / 50.0).ln() / 2.0_f64.ln());
    assert!(note(&section, "leakage_one_to_one").contains("`told` goes one to one with `y`"));
    assert!(note(&section, "id_like_columns").contains("`id`"));
}

#[test]
fn copies_and_contradictions() {
    let test = Written { classes: vec![0, 0, 1, 1, 0], ..Written::default() }
        .numbers("x", &[1.0, 1.0, 1.0, 2.0, f64::NAN])
        .names("c", &["a", "a", "a", "b", ""]);
    let train =
        Written { classes: vec![0, 1], ..Written::default() }.numbers("x", &[2.0, f64::NAN]).names("c", &["b", ""]);
    let section = explore(&test.part(), Some(&train.part()), "y", &json!({})).unwrap();
    // Rows 2 and 3 copy row 1; the three have both truths; rows 4 and 5 are in the training data.
    close(&section, "explorer.duplicate_share", 2.0 / 5.0);
    close(&section, "explorer.contradicting_share", 3.0 / 5.0);
    close(&section, "explorer.train_overlap_share", 2.0 / 5.0);
    assert_eq!(section.notes[0].code, "train_test_overlap");
}

#[test]
fn columns_that_say_the_same() {
    let codes: Vec<f64> = (0..100).map(|i| f64::from(i % 5)).collect();
    let words: Vec<&str> = (0..100).map(|i| ["p", "q", "r", "s", "t"][i % 5]).collect();
    let part: Vec<&str> = (0..100).map(|i| ["low", "high"][usize::from(i % 5 > 2)]).collect();
    let section =
        halves().numbers("code", &codes).numbers("again", &codes).names("word", &words).names("part", &part).section();
    assert_eq!(
        note(&section, "duplicate_columns"),
        "The same values in every row: `code and again`. One of them can go."
    );
    let one = note(&section, "one_to_one_columns");
    assert!(one.contains("`word and code`") && one.contains("`word and again`"), "{one}");
    let follow = note(&section, "functional_columns");
    assert!(follow.contains("`word tells part`") && follow.contains("`code tells part`"), "{follow}");
}

#[test]
fn constant_and_nearly() {
    let mut nearly = vec!["a"; 199];
    nearly.push("b");
    let written = Written { classes: (0..200).map(|i| u16::from(i % 2 == 0)).collect(), ..Written::default() };
    let section = written.names("same", &["x"; 200]).names("nearly", &nearly).section();
    assert!(note(&section, "constant_columns").contains("`same`"));
    assert_eq!(note(&section, "near_constant"), "`nearly` is nearly constant: 99.5 % of its rows hold `a`.");
}

#[test]
fn labels_in_doubt_by_hand() {
    // Mean probability of yes among yes: (0.9 + 0.8 + 0.2)/3 = 0.6333; of no among no: (0.9 + 0.7 + 0.1)/3 = 0.5667.
    // Row 3 (yes at 0.2) has no at 0.8 ≥ 0.5667; row 6 (no) has yes at 0.9 ≥ 0.6333.
    let written = Written {
        classes: vec![1, 1, 1, 0, 0, 0],
        probability: Some(vec![0.9, 0.8, 0.2, 0.1, 0.3, 0.9]),
        ..Written::default()
    }
    .numbers("x", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let section = written.section();
    close(&section, "explorer.doubtful_label_share", 2.0 / 6.0);
    close(&section, "explorer.doubtful_label_share[y=yes,confident=no]", 1.0 / 3.0);
    close(&section, "explorer.doubtful_label_share[y=no,confident=yes]", 1.0 / 3.0);
    // Margins 0.9 − 0.1 and 0.8 − 0.2.
    assert_eq!(cells(&section, "doubtful_rows", "row"), [json!(6), json!(3)]);
    assert!(!has_note(&halves().numbers("x", &[0.0; 100]).section(), "label_noise_suspects"));
}

#[test]
fn missing_values_that_tell() {
    // x is missing in 40 rows, 30 of them yes; 20 of the 60 others are yes. z is missing in the same rows.
    let yes = |i: usize| if i < 40 { i < 30 } else { i < 60 };
    let x: Vec<f64> = (0..100).map(|i| if i < 40 { f64::NAN } else { i as f64 }).collect();
    let z: Vec<&str> = (0..100).map(|i| if i < 40 { "" } else { ["u", "v"][i % 2] }).collect();
    let written = Written { classes: (0..100).map(|i| u16::from(yes(i))).collect(), ..Written::default() };
    let section = written.numbers("x", &x).names("z", &z).section();
    close(&section, "explorer.missing_target_difference[x]", 30.0 / 40.0 - 20.0 / 60.0);
    close(&section, "explorer.missing_together[z,x]", 1.0);
    assert!(has_note(&section, "missing_tells_target") && has_note(&section, "missing_together"));
    // A numeric target: means 2 and 1.
    let section = Written {
        values: (0..100).map(|i| if i < 40 { 2.0 } else { 1.0 } + f64::from(i % 2) - 0.5).collect(),
        ..Written::default()
    }
    .numbers("x", &x)
    .section();
    close(&section, "explorer.missing_target_difference[x]", 1.0);
}

#[test]
fn histograms_share_their_bins_and_cohorts_their_ids() {
    let x: Vec<f64> = (0..100).map(f64::from).collect();
    let members: Vec<bool> = (0..100).map(|i| i < 30).collect();
    let mut written = halves().numbers("x", &x);
    written.cohorts = vec![("low", members)];
    let section = written.explore(json!({ "bins": 4 })).unwrap();
    let (rows, shares) = (cells(&section, "histogram[x]", "rows"), cells(&section, "histogram[x]", "share"));
    assert_eq!(rows.iter().filter(|r| **r == "low").count(), 4);
    // Bins of 24.75: 0–24, 25–49, 50–74, 75–99.
    let number = |i: usize| shares[i].as_f64().unwrap();
    assert!((number(0) - 0.25).abs() < 1e-12 && (number(3) - 0.25).abs() < 1e-12);
    assert!((number(4) - 25.0 / 30.0).abs() < 1e-12 && (number(5) - 5.0 / 30.0).abs() < 1e-12 && number(6) == 0.0);
    close(&section, "explorer.mean[x]{low}", 14.5);
    close(&section, "explorer.median[x]{low}", 14.5);
    let ends = cells(&section, "ecdf[x]", "share");
    assert_eq!(ends.iter().filter(|y| **y == 1.0).count(), 2);
    // No value and, of ten groups of ten rows, no group in common: √ln 2.
    close(&section, "explorer.jensen_shannon.rest[x]{low}", 2.0_f64.ln().sqrt());
    assert!(note(&section, "cohort_contrast").contains("`low`"));
}

#[test]
fn associations_by_hand() {
    let x: Vec<f64> = (0..100).map(f64::from).collect();
    let cube: Vec<f64> = x.iter().map(|x| x.powi(3)).collect();
    let section = halves().numbers("x", &x).numbers("cube", &cube).section();
    close(&section, "explorer.spearman[x,cube]", 1.0);
    assert!((value(&section, "explorer.pearson[x,cube]") - 0.915_515_662).abs() < 1e-9);
    assert!(note(&section, "associated_columns").contains("`x and cube`"));
}

#[test]
fn many_classes_and_many_names() {
    let names: Vec<String> = (0..300).map(|i| format!("n{}", i % 100)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let written = Written { classes: (0..300).map(|i| i % 3).collect(), ..Written::default() };
    let section = written.names("name", &names).section();
    assert!(note(&section, "many_values").contains("`name` has 100 values: the 10 most frequent"));
    assert!(note(&section, "folded_in_pairs").contains("`name`"));
    let shares: Vec<f64> = section
        .estimates
        .iter()
        .filter(|e| e.id.metric() == "share" && e.id.columns()[0].column == "name")
        .map(|e| e.value.unwrap())
        .collect();
    assert_eq!(shares.len(), 11);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn bad_parameters_are_named() {
    let written = halves().numbers("age", &[1.0; 100]);
    let says = |params: Value| written.explore(params).unwrap_err().to_string();
    insta::assert_snapshot!(says(json!({ "bins": 1 })), @r"
    analyses.explorer.bins: `1` is not between 2 and 100
    hint: 20 is usual
    ");
    insta::assert_snapshot!(says(json!({ "columns": ["agee"] })), @r"
    analyses.explorer.columns: column `agee` is not in the dataset
    hint: the nearest name is `age`
    ");
    insta::assert_snapshot!(says(json!({ "pairs": [["age", "age"]] })), @r"
    analyses.explorer.pairs: `age` is paired with itself
    hint: name two columns
    ");
    insta::assert_snapshot!(says(json!({ "tukey": -1.0 })), @r"
    analyses.explorer.tukey: `-1` is not between 0.1 and 100
    hint: 1.5 is usual
    ");
    assert!(says(json!({ "bin": 3 })).contains("unknown field `bin`"));
}

#[test]
fn nothing_but_missing_values() {
    let section = halves().numbers("hole", &[f64::NAN; 100]).names("gap", &[""; 100]).section();
    close(&section, "explorer.missing_share[hole]", 1.0);
    assert_eq!(find(&section, "explorer.mean[hole]").value, None);
    assert!(has_note(&section, "mostly_missing"));
}

#[test]
fn infinite_numbers_do_no_harm() {
    let mut x: Vec<f64> = (0..100).map(f64::from).collect();
    x[7] = f64::INFINITY;
    let section = halves().numbers("x", &x).section();
    assert_eq!(find(&section, "explorer.mean[x]").missing, Some(equipoise_document::Missing::NotFinite));
}

/// Of 70 columns those that deserve a look come first in the tables, and the most telling ones are drawn.
#[test]
fn of_many_columns_the_notable_come_first() {
    let n = 200;
    let mut rows = Written { classes: (0..n).map(|i| u16::from(i % 2 == 0)).collect(), ..Written::default() };
    for column in 0..70_u64 {
        let name: &'static str = Box::leak(format!("x{column}").into_boxed_str());
        let value = |i: u64| match column {
            57 => 1.0,
            58 if i.is_multiple_of(2) => f64::NAN,
            59 => (i % 2 * 100 + i % 7) as f64,
            _ => ((i * 7_919 + column * 104_729) % 1_009 % 40) as f64,
        };
        let values: Vec<f64> = (0..n).map(value).collect();
        rows = rows.numbers(name, &values);
    }
    let section = rows.section();
    let first = |table: &str| -> Vec<String> {
        let table = section.tables.iter().find(|t| t.id == table).unwrap();
        let Cells::Text(cells) = &table.get("column").unwrap().cells else { panic!("words") };
        cells.iter().take(3).map(|c| c.clone().unwrap()).collect()
    };
    assert_eq!(first("columns"), ["y", "x57", "x58"]);
    assert_eq!(first("numbers")[..2], ["x57", "x58"]);
    assert!(section.notes.iter().any(|n| n.code == "many_columns" && n.text.starts_with("There are 71 columns")));
    // Thirty are drawn: the target, the leak, and others that tell something.
    assert!(section.tables.iter().any(|t| t.id.contains("x59")));
    let boxes = section.blocks.iter().find(|b| b.id == "boxes").unwrap();
    assert_eq!(section.tables.iter().find(|t| t.id == boxes.table).unwrap().n_rows(), 29);
}
