use super::*;

fn error(a: &Frame, b: &Frame) -> String {
    paired_intervals(a, b, &[id("fairness.accuracy.difference[sex]")], 0.95, 0).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_paired_is_said() {
    let rows = drawn(50, 41);
    let [a, _] = rows.frames();
    let shorter = drawn(40, 41).frames()[0].clone();
    assert!(error(&a, &shorter).starts_with("the first assessment has 50 rows and the second 40\nhint: "));

    let mut other = rows.clone();
    other.truth[7] = 1 - other.truth[7];
    let words = error(&a, &other.frames()[0]);
    assert!(words.starts_with("the truth of row 7 is `c"), "{words}");

    let mut other = rows.clone();
    other.weight = Some((0..50).map(|i| if i == 3 { 2.5 } else { 1.0 }).collect());
    let words = error(&a, &other.frames()[0]);
    assert!(words.starts_with("the weight of row 3 is `1` in the first assessment and `2.5` in the second"), "{words}");

    let mut other = rows.clone();
    other.sex[9] = 1 - other.sex[9];
    let words = error(&a, &other.frames()[0]);
    assert!(words.starts_with("row 9 is in group `") && words.contains("of `sex`"), "{words}");

    let numbers = regression(&[1.0], [&[1.0], &[1.0]], None)[0].clone();
    assert!(error(&a, &numbers).contains("is of a binary model and the second of a regression model"));

    let mut parts = rows.parts(0);
    parts.row_ids = Some((0..50).map(|i| if i < 20 { i } else { i + 1 }).collect());
    assert_eq!(
        paired_intervals(&a, &Frame::new(parts).unwrap(), &[], 0.95, 0),
        Err(PairedError::Rows { place: 20, a: 20, b: 21 })
    );

    let mut parts = rows.parts(0);
    parts.predicted = None;
    assert!(error(&a, &Frame::new(parts).unwrap()).starts_with("the second assessment has no predictions"));
    assert!(paired_intervals(&a, &a, &[], 95.0, 0).unwrap_err().to_string().starts_with("`95` is not a level"));

    let mut parts = rows.parts(0);
    parts.classes = ["no".to_owned(), "yes".to_owned()].into();
    assert!(error(&a, &Frame::new(parts).unwrap()).contains("`c0, c1` and the second `no, yes`"));
}

#[test]
fn groups_in_another_order_are_the_same_groups() {
    let rows = drawn(200, 42);
    let [a, b] = rows.frames();
    let mut parts = rows.parts(1);
    parts.groups[0] = (grouping("sex", &["Male", "Female"]), rows.sex.iter().map(|s| 1 - s).collect());
    let turned = Frame::new(parts).unwrap();
    let ids = ["fairness.selection_rate.difference[sex]", "fairness.log_loss[sex=Male]"];
    assert_eq!(intervals(&[a.clone(), b], &ids), intervals(&[a, turned], &ids));
}

#[test]
fn what_is_not_known_is_left_alone() {
    let [a, b] = drawn(100, 43).frames();
    let wanted = [
        "performance.accuracy{young}",
        "performance.accuracy[sex=Female]",
        "performance.expected_cost",
        "causal.effect",
        "fairness.accuracy.difference[age]",
        "fairness.accuracy[sex=Unknown]",
        "fairness.accuracy.difference_to_rest[sex=Female]",
        "fairness.roc_auc.difference_to_rest[sex=Female]",
        "performance.r2",
    ]
    .map(id);
    assert_eq!(paired_intervals(&a, &b, &wanted, 0.95, 0).unwrap(), []);
}

#[test]
fn a_group_that_comes_and_goes_has_no_interval() {
    // Two women are truly positive: none is drawn in 13 % of replicates.
    let mut rows = drawn(200, 44);
    for i in 0..200 {
        rows.truth[i] = if rows.sex[i] == 1 { u16::from(i % 2 == 0) } else { 0 };
    }
    let women: Vec<usize> = (0..200).filter(|i| rows.sex[*i] == 0).collect();
    rows.truth[women[0]] = 1;
    rows.truth[women[1]] = 1;
    let [a, b] = rows.frames();
    let wanted = ["fairness.true_positive_rate.difference[sex]", "fairness.selection_rate.difference[sex]"].map(id);
    let found = paired_intervals(&a, &b, &wanted, 0.95, 0).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, wanted[1]);
}

#[test]
fn numbers_that_do_not_exist_are_left_out() {
    let rows = Rows { truth: vec![1, 1, 1], predicted: [vec![0, 0, 0], vec![1, 1, 0]], ..Rows::default() };
    let [a, b] = rows.frames();
    let wanted = ["performance.precision", "performance.roc_auc", "performance.true_negative_rate"].map(id);
    assert_eq!(paired_intervals(&a, &b, &wanted, 0.95, 0).unwrap(), []);
    let empty = Rows::default().frames();
    assert_eq!(paired_intervals(&empty[0], &empty[1], &wanted, 0.95, 0).unwrap(), []);
    let one = regression(&[1.0], [&[2.0], &[3.0]], None);
    assert_eq!(paired_intervals(&one[0], &one[1], &[id("performance.mean_error")], 0.95, 0).unwrap(), []);
}
