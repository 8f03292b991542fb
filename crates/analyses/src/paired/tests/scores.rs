use super::*;

/// DeLong's covariances over all pairs of a positive and a negative row.
fn delong(rows: &Rows) -> (f64, f64) {
    let p = rows.probability.as_ref().unwrap();
    let of = |class: u16| (0..rows.len()).filter(|i| rows.truth[*i] == class).collect::<Vec<usize>>();
    let (positive, negative) = (of(1), of(0));
    let beats = |model: usize, i: usize, j: usize| match p[model][i].total_cmp(&p[model][j]) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let step = |i: usize, j: usize| beats(1, i, j) - beats(0, i, j);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let variance = |x: &[f64]| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>() / (x.len() - 1) as f64;
    let v10: Vec<f64> =
        positive.iter().map(|i| mean(&negative.iter().map(|j| step(*i, *j)).collect::<Vec<f64>>())).collect();
    let v01: Vec<f64> =
        negative.iter().map(|j| mean(&positive.iter().map(|i| step(*i, *j)).collect::<Vec<f64>>())).collect();
    (mean(&v10), (variance(&v10) / v10.len() as f64 + variance(&v01) / v01.len() as f64).sqrt())
}

#[test]
fn areas_are_compared_as_by_all_pairs() {
    let rows = drawn(250, 21);
    let (d, se) = delong(&rows);
    let found = intervals(&rows.frames(), &["performance.roc_auc", "performance.gini"]);
    let half = 1.959_963_984_540_054 * se;
    assert_near(&found[0], d - half, d + half, 1e-12);
    assert_near(&found[1], 2.0 * (d - half), 2.0 * (d + half), 1e-12);
    assert_eq!(found[0].method, "paired_delong");
}

#[test]
fn the_area_of_a_group_is_that_of_its_rows() {
    let rows = drawn(300, 22);
    let keep: Vec<usize> = (0..300).filter(|i| rows.sex[*i] == 1).collect();
    let pick = |v: &[u16]| keep.iter().map(|i| v[*i]).collect::<Vec<u16>>();
    let p = rows.probability.as_ref().unwrap();
    let part = Rows {
        truth: pick(&rows.truth),
        predicted: [pick(&rows.predicted[0]), pick(&rows.predicted[1])],
        probability: Some([0, 1].map(|m| keep.iter().map(|i| p[m][*i]).collect())),
        ..Rows::default()
    };
    let of_group = ["fairness.roc_auc[sex=Male]", "fairness.log_loss[sex=Male]", "fairness.accuracy[sex=Male]"];
    let of_all = ["performance.roc_auc", "performance.log_loss", "performance.accuracy"];
    for (one, other) in intervals(&rows.frames(), &of_group).iter().zip(intervals(&part.frames(), &of_all)) {
        assert_near(one, other.low, other.high, 1e-12);
    }
}

#[test]
fn losses_by_plain_loops() {
    let rows = drawn(200, 23);
    let p = rows.probability.as_ref().unwrap();
    let loss = |model: usize, i: usize| {
        let p = p[model][i].clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        -(if rows.truth[i] == 1 { p.ln() } else { (1.0 - p).ln() })
    };
    let d: Vec<f64> = (0..200).map(|i| loss(1, i) - loss(0, i)).collect();
    let mean = d.iter().sum::<f64>() / 200.0;
    let se = (d.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 199.0 / 200.0).sqrt();
    // Student's 97.5 % point with 199 degrees of freedom: 1.971957.
    let found = intervals(&rows.frames(), &["performance.log_loss"]);
    assert_near(&found[0], mean - 1.971_957 * se, mean + 1.971_957 * se, 1e-6);
}

/// Average precision by scikit-learn's definition, `Σ (R_i − R_{i−1})·P_i`, rows taken `times` often.
fn average_precision(rows: &Rows, times: &[f64], model: usize) -> f64 {
    let p = &rows.probability.as_ref().unwrap()[model];
    let mut thresholds = p.clone();
    thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let positives: f64 = (0..rows.len()).filter(|i| rows.truth[*i] == 1).map(|i| times[i]).sum();
    let (mut before, mut sum) = (0.0, 0.0);
    for t in thresholds {
        let hit: f64 = (0..rows.len()).filter(|i| p[*i] >= t && rows.truth[*i] == 1).map(|i| times[i]).sum();
        let all: f64 = (0..rows.len()).filter(|i| p[*i] >= t).map(|i| times[i]).sum();
        if all > 0.0 {
            sum += (hit - before) / positives * (hit / all);
        }
        before = hit;
    }
    sum
}

#[test]
fn average_precision_has_the_spread_of_resampled_rows() {
    let rows = drawn(250, 24);
    let of = |times: &[f64]| average_precision(&rows, times, 1) - average_precision(&rows, times, 0);
    let found = intervals(&rows.frames(), &["performance.average_precision"]);
    assert!((0.5 * (found[0].low + found[0].high) - of(&[1.0; 250])).abs() < 1e-12);
    let (mut sum, mut square) = (0.0, 0.0);
    for rep in 0..400 {
        let mut draws = Draws::new(4, "paired.tests.ap", rep);
        let mut times = [0.0; 250];
        (0..250).for_each(|_| times[draws.below(250) as usize] += 1.0);
        let d = of(&times);
        sum += d;
        square += d * d;
    }
    let deviation = (square / 400.0 - (sum / 400.0).powi(2)).sqrt();
    // The deviation of 400 resamples has an error of 3.5 %.
    let ratio = (found[0].high - found[0].low) / (2.0 * 1.97 * deviation);
    assert!((0.85..1.15).contains(&ratio), "{ratio}");
}
