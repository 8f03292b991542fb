use super::*;

/// Rows by count: `(truth, first, second, times)`.
fn rows_of(counts: &[(u16, u16, u16, usize)]) -> Rows {
    let mut rows = Rows::default();
    for (truth, first, second, times) in counts {
        for _ in 0..*times {
            rows.truth.push(*truth);
            rows.predicted[0].push(*first);
            rows.predicted[1].push(*second);
        }
    }
    rows
}

#[test]
fn newcombes_own_example_as_accuracy() {
    // Both right in 36 rows, only the second in 12, only the first in 2: Newcombe (1998), 0.2 with 0.0569 to 0.3404.
    let rows = rows_of(&[(1, 1, 1, 20), (0, 0, 0, 16), (1, 0, 1, 12), (0, 0, 1, 2)]);
    let [a, b] = rows.frames();
    let wanted = [id("performance.accuracy"), id("performance.zero_one_loss")];
    let found = paired_differences(&a, &b, &wanted, 0.95, 0).unwrap();
    assert!((found[0].a - 38.0 / 50.0).abs() < 1e-15 && (found[0].b - 48.0 / 50.0).abs() < 1e-15);
    assert_near(&found[0].interval, 0.0569, 0.3404, 5e-5);
    assert_near(&found[1].interval, -0.3404, -0.0569, 5e-5);
    assert_eq!(found[0].interval.method, "paired_newcombe");
}

#[test]
fn recall_counts_the_truly_positive_alone() {
    // The same 50 pairs among the positives; a hundred negatives do not matter.
    let rows = rows_of(&[(1, 1, 1, 36), (1, 0, 1, 12), (1, 1, 0, 2), (0, 0, 1, 60), (0, 0, 0, 40)]);
    let found = intervals(&rows.frames(), &["performance.recall", "performance.false_negative_rate"]);
    assert_near(&found[0], 0.0569, 0.3404, 5e-5);
    assert_near(&found[1], -0.3404, -0.0569, 5e-5);
}

#[test]
fn a_mean_of_four_differences() {
    // |e| of the first 1, 2, 3, 4, of the second 2 each: differences 1, 0, −1, −2 with mean −1/2 and variance 5/3.
    // Student's 3.182446 with 3 degrees of freedom times √(5/12).
    let frames = regression(&[0.0; 4], [&[1.0, -2.0, 3.0, -4.0], &[2.0, 2.0, -2.0, 2.0]], None);
    let found = intervals(&frames, &["performance.mean_absolute_error"]);
    let half = 3.182_446_305 * (5.0_f64 / 12.0).sqrt();
    assert_near(&found[0], -0.5 - half, -0.5 + half, 1e-8);
    assert_eq!(found[0].method, "paired_mean");
}

#[test]
fn the_same_predictions_do_not_differ() {
    let mut rows = drawn(300, 1);
    for weight in [None, Some((0..300).map(|i| f64::from(1 + i % 3)).collect())] {
        rows.weight = weight;
        rows.predicted[1] = rows.predicted[0].clone();
        let first = rows.probability.as_ref().unwrap()[0].clone();
        rows.probability = Some([first.clone(), first]);
        for (name, interval) in BINARY.iter().zip(intervals(&rows.frames(), &BINARY)) {
            assert!(interval.low.abs() + interval.high.abs() <= 0.0, "{name}: {interval:?}");
        }
    }
    let (y, p) = ([1.0, 2.0, 4.0, 8.0], [1.5, 2.5, 3.0, 7.0]);
    for interval in intervals(&regression(&y, [&p, &p], None), &["performance.r2", "performance.mean_error"]) {
        assert!(interval.low.abs() + interval.high.abs() <= 0.0, "{interval:?}");
    }
}

#[test]
fn swapping_the_models_changes_the_sign() {
    let mut rows = drawn(400, 2);
    for weight in [None, Some((0..400).map(|i| 0.5 + f64::from(i % 5)).collect())] {
        rows.weight = weight;
        let [a, b] = rows.frames();
        let swapped = intervals(&[b.clone(), a.clone()], &BINARY);
        for ((name, one), other) in BINARY.iter().zip(intervals(&[a, b], &BINARY)).zip(swapped) {
            assert!((one.low + other.high).abs() < 1e-12 && (one.high + other.low).abs() < 1e-12, "{name}: {one:?}");
            assert_eq!(one.method, other.method);
        }
    }
}

#[test]
fn intervals_hold_the_difference_and_do_not_depend_on_company() {
    let [a, b] = drawn(500, 3).frames();
    let wanted: Vec<EstimateId> = BINARY.iter().map(|i| id(i)).collect();
    let together = paired_differences(&a, &b, &wanted, 0.9, 5).unwrap();
    assert_eq!(together.len(), BINARY.len());
    for found in &together {
        let d = found.b - found.a;
        let i = &found.interval;
        assert!(i.low - 1e-12 <= d && d <= i.high + 1e-12, "{found:?}");
        assert!((i.level - 0.9).abs() < 1e-15);
        assert_eq!(paired_differences(&a, &b, std::slice::from_ref(&found.id), 0.9, 5).unwrap()[0], *found);
    }
    let other_seed = paired_differences(&a, &b, &wanted, 0.9, 6).unwrap();
    assert!(together.iter().zip(&other_seed).any(|(x, y)| x.interval != y.interval));
}

#[test]
fn doubled_weights_change_nothing_and_unit_weights_little() {
    let mut rows = drawn(600, 4);
    let ids = ["performance.precision", "performance.log_loss", "fairness.selection_rate.difference[sex]"];
    let plain = intervals(&rows.frames(), &ids);
    rows.weight = Some(vec![1.0; 600]);
    let ones = intervals(&rows.frames(), &ids);
    rows.weight = Some(vec![2.0; 600]);
    for ((plain, one), two) in plain.iter().zip(&ones).zip(intervals(&rows.frames(), &ids)) {
        assert_near(&two, one.low, one.high, 1e-12);
        assert_near(one, plain.low, plain.high, 0.12 * (plain.high - plain.low));
    }
}
