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

/// Percentiles and deviation of a number of both models' rows when rows are drawn anew.
fn redrawn(rows: &Rows, replicates: u64, of: impl Fn(&[usize], usize) -> f64) -> (f64, f64, f64) {
    let mut d: Vec<f64> = (0..replicates)
        .map(|replicate| {
            let mut draws = Draws::new(9, "paired.tests.rows", replicate);
            let drawn: Vec<usize> = (0..rows.len()).map(|_| draws.below(rows.len() as u64) as usize).collect();
            of(&drawn, 1) - of(&drawn, 0)
        })
        .collect();
    d.sort_unstable_by(f64::total_cmp);
    let n = d.len() as f64;
    let mean = d.iter().sum::<f64>() / n;
    let deviation = (d.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    (d[(0.025 * n) as usize], d[(0.975 * n) as usize], deviation)
}

/// Area under the curve of the drawn rows, by ranks.
fn area(rows: &Rows, drawn: &[usize], model: usize) -> f64 {
    let p = &rows.probability.as_ref().unwrap()[model];
    let mut counts = [[0.0; 2]; 101];
    drawn.iter().for_each(|i| counts[(100.0 * p[*i]).round() as usize][usize::from(rows.truth[*i])] += 1.0);
    let (mut below, mut sum) = (0.0, 0.0);
    for [negative, positive] in counts {
        sum += positive * (below + 0.5 * negative);
        below += negative;
    }
    let positives: f64 = counts.iter().map(|c| c[1]).sum();
    sum / positives / below
}

#[test]
fn gaps_of_scores_are_as_those_of_resampled_rows() {
    let rows = drawn(900, 61);
    let p = rows.probability.as_ref().unwrap();
    let of_sex = |drawn: &[usize], sex: u16| drawn.iter().copied().filter(|i| rows.sex[*i] == sex).collect::<Vec<_>>();
    let brier = |drawn: &[usize], model: usize| {
        drawn.iter().map(|i| (p[model][*i] - f64::from(rows.truth[*i])).powi(2)).sum::<f64>() / drawn.len() as f64
    };
    let gap = |of: &dyn Fn(&[usize], usize) -> f64, drawn: &[usize], model: usize| {
        (of(&of_sex(drawn, 0), model) - of(&of_sex(drawn, 1), model)).abs()
    };
    let to_all = |drawn: &[usize], model: usize| {
        let away = |sex| (brier(&of_sex(drawn, sex), model) - brier(drawn, model)).abs();
        away(0).max(away(1))
    };
    let ids = [
        "fairness.roc_auc.difference[sex]",
        "fairness.brier_score.difference[sex]",
        "fairness.brier_score.difference_to_overall[sex]",
    ];
    let found = intervals(&rows.frames(), &ids);
    let by_area = |drawn: &[usize], model: usize| gap(&|d, m| area(&rows, d, m), drawn, model);
    let by_brier = |drawn: &[usize], model: usize| gap(&brier, drawn, model);
    let expected = [redrawn(&rows, 1500, by_area), redrawn(&rows, 1500, by_brier), redrawn(&rows, 1500, to_all)];
    for ((found, (low, high, _)), id) in found.iter().zip(expected).zip(ids) {
        // Quantiles of either side have an error of some 4 % of the width.
        let within = 0.12 * (high - low);
        assert!((found.low - low).abs() < within && (found.high - high).abs() < within, "{id} {found:?} {low} {high}");
        assert_eq!(found.method, "paired_influence_bootstrap");
    }
}

#[test]
fn ranks_and_bins_have_the_spread_of_resampled_rows() {
    let rows = drawn(900, 62);
    let p = rows.probability.as_ref().unwrap();
    let positives = |of: &[usize]| of.iter().filter(|i| rows.truth[**i] == 1).count() as f64;
    let ks = |drawn: &[usize], model: usize| {
        let n = positives(drawn);
        let mut counts = [[0.0; 2]; 101];
        drawn.iter().for_each(|i| counts[(100.0 * p[model][*i]).round() as usize][usize::from(rows.truth[*i])] += 1.0);
        let (mut below, mut largest) = ([0.0; 2], 0.0_f64);
        for [negative, positive] in counts {
            below = [below[0] + negative, below[1] + positive];
            largest = largest.max((below[0] / (drawn.len() as f64 - n) - below[1] / n).abs());
        }
        largest
    };
    let lift = |drawn: &[usize], model: usize| {
        let mut sorted = drawn.to_vec();
        sorted.sort_by(|i, j| p[model][*j].total_cmp(&p[model][*i]));
        let cut = p[model][sorted[drawn.len() / 10 - 1]];
        let over: Vec<usize> = sorted.iter().copied().filter(|i| p[model][*i] > cut).collect();
        let at: Vec<usize> = sorted.iter().copied().filter(|i| p[model][*i].to_bits() == cut.to_bits()).collect();
        let part = (drawn.len() as f64 / 10.0 - over.len() as f64) / at.len() as f64;
        (positives(&over) + part * positives(&at))
            / (drawn.len() as f64 / 10.0)
            / (positives(drawn) / drawn.len() as f64)
    };
    for (id, (_, _, deviation)) in
        [("performance.ks_statistic", redrawn(&rows, 800, ks)), ("performance.lift", redrawn(&rows, 800, lift))]
    {
        let found = intervals(&rows.frames(), &[id]);
        let ratio = (found[0].high - found[0].low) / (2.0 * 1.96 * deviation);
        assert!((0.75..1.3).contains(&ratio), "{id}: {ratio}");
        assert_eq!(found[0].method, "paired_delta");
    }
    // A mean of ±(p − y), with signs by bins: its spread is that of the mean where no bin's gap is near 0.
    let found = intervals(&rows.frames(), &["performance.expected_calibration_error"]);
    assert!(found[0].high - found[0].low > 0.005 && found[0].high - found[0].low < 0.1, "{:?}", found[0]);
}

#[test]
fn a_cohort_is_its_rows() {
    let rows = drawn(300, 63);
    let keep: Vec<usize> = (0..300).filter(|i| i % 3 > 0).collect();
    let members: Vec<bool> = (0..300).map(|i| i % 3 > 0).collect();
    let pick = |v: &[u16]| keep.iter().map(|i| v[*i]).collect::<Vec<u16>>();
    let p = rows.probability.as_ref().unwrap();
    let part = Rows {
        truth: pick(&rows.truth),
        predicted: [pick(&rows.predicted[0]), pick(&rows.predicted[1])],
        probability: Some([0, 1].map(|m| keep.iter().map(|i| p[m][*i]).collect())),
        sex: pick(&rows.sex),
        race: pick(&rows.race),
        ..Rows::default()
    };
    let mut frames = rows.frames();
    frames.iter_mut().for_each(|frame| {
        frame.add_cohort("young", "age < 30", &members);
    });
    let of_all = ["performance.accuracy", "performance.roc_auc", "fairness.selection_rate.difference[sex]"];
    let of_cohort = of_all.map(|id| format!("{id}{{young}}"));
    let of_cohort: Vec<&str> = of_cohort.iter().map(String::as_str).collect();
    for (one, other) in intervals(&frames, &of_cohort).iter().zip(intervals(&part.frames(), &of_all)) {
        assert_near(one, other.low, other.high, 1e-12);
    }
    // A cohort that holds other rows for the other model is left alone.
    let [a, mut b] = rows.frames();
    b.add_cohort("young", "_error", &members.iter().map(|m| !m).collect::<Vec<bool>>());
    let mut a = a;
    a.add_cohort("young", "_error", &members);
    assert_eq!(paired_intervals(&a, &b, &[id("performance.accuracy{young}")], 0.95, 0).unwrap(), []);
}
