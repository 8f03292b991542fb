//! What people are told who ask for what cannot be.

use super::*;

fn error(params: Value) -> String {
    Run { params, ..people(200, 1) }.error()
}

#[test]
fn wrong_parameters_are_named() {
    assert_eq!(
        error(json!({"features": ["agee"]})),
        "analyses.errors.features: column `agee` is not in the dataset\nhint: the nearest name is `age`"
    );
    assert_eq!(error(json!({"bins": 1})), "analyses.errors.bins: `1` cannot be used\nhint: take 2 to 20");
    assert_eq!(
        error(json!({"loss": "squared"})),
        "analyses.errors.loss: `squared` does not fit a prediction of two classes\nhint: for two classes there are zero_one, \
         false_positive, false_negative, log_loss"
    );
    assert_eq!(
        error(json!({"loss": "log_loss"})),
        "analyses.errors.loss: `log_loss` needs probabilities and there are none\nhint: name a column with `--probability`, or \
         take `zero_one`"
    );
    assert!(error(json!({"metric": "precission"})).ends_with("; the nearest name is `precision`"));
    assert_eq!(
        error(json!({"heat_map": ["age", "city", "flag"]})),
        "analyses.errors.heat_map: `age`, `city`, `flag` are 3 columns\nhint: name one or two"
    );
    assert_eq!(
        error(json!({"heat_map": ["age", "age"]})),
        "analyses.errors.heat_map: `age` stands twice\nhint: name one column, or two that differ"
    );
    assert_eq!(
        error(json!({"cohorts": ["old"]})),
        "analyses.errors.cohorts: there is no cohort `old`\nhint: the run has no cohorts; name some with `--cohort`"
    );
    assert!(error(json!({"max_leaves": 3})).contains("unknown field `max_leaves`"));
    let numbers =
        Run { params: json!({"loss": "zero_one"}), ..Run::regression(vec![1.0], vec![2.0]).numbers("x", [1.0]) };
    assert_eq!(
        numbers.error(),
        "analyses.errors.loss: `zero_one` does not fit a prediction of numbers\nhint: for numbers there are absolute, squared"
    );
}

#[test]
fn more_bins_than_values_is_a_note() {
    let rows: Vec<(u16, u16)> = (0..200).map(|i| (0, u16::from(i % 4 == 0))).collect();
    let mut run = Run::binary(&rows).numbers("rooms", (0..200).map(|i| f64::from(i % 4)));
    run.params = json!({"heat_map": ["rooms"], "bins": 10});
    let section = run.answer().unwrap();
    assert_eq!(text(&section, "fewer_bins"), "`rooms` has 4 bins where 10 were asked: it has 4 different values.");
    assert_eq!(value(&section, "errors.error_rate.cell[rooms=0]"), Ok(1.0));
}

#[test]
fn same_rows_are_a_caution() {
    let mut run = people(600, 2);
    run.params = json!({"honest": false});
    let section = run.answer().unwrap();
    check_tables(&section);
    assert!(codes(&section).contains(&"same_rows"));
    assert!(section.estimates.iter().filter(|e| e.id.to_string().contains("[node=")).all(|e| e.p_value.is_none()));
}
