//! Against resampling rows one by one, with the numbers computed by plain loops.

use super::*;

/// Weighted shares of the rows that `of` and `among` hold for, by plain loops.
fn share(times: &[f64], among: impl Fn(usize) -> bool, of: impl Fn(usize) -> bool) -> f64 {
    let (mut top, mut bottom) = (0.0, 0.0);
    for (i, w) in times.iter().enumerate().filter(|(i, _)| among(*i)) {
        bottom += w;
        top += if of(i) { *w } else { 0.0 };
    }
    top / bottom
}

fn numbers(rows: &Rows, times: &[f64], model: usize) -> Vec<f64> {
    let (y, d) = (&rows.truth, &rows.predicted[model]);
    let precision = share(times, |i| d[i] == 1, |i| y[i] == 1);
    let recall = share(times, |i| y[i] == 1, |i| d[i] == 1);
    let specificity = share(times, |i| y[i] == 0, |i| d[i] == 0);
    let by_sex = |among: &dyn Fn(usize) -> bool| {
        [0, 1].map(|sex| share(times, |i| rows.sex[i] == sex && among(i), |i| d[i] == 1))
    };
    let gap = |[a, b]: [f64; 2]| (a - b).abs();
    let [f, m] = by_sex(&|_| true);
    let odds = gap(by_sex(&|i| y[i] == 1)).max(gap(by_sex(&|i| y[i] == 0)));
    vec![
        precision,
        2.0 * precision * recall / (precision + recall),
        0.5 * (recall + specificity),
        gap([f, m]),
        f.min(m) / f.max(m),
        odds,
    ]
}

const IDS: [&str; 6] = [
    "performance.precision",
    "performance.f1",
    "performance.balanced_accuracy",
    "fairness.selection_rate.difference[sex]",
    "fairness.selection_rate.ratio[sex]",
    "fairness.equalized_odds.difference[sex]",
];

/// Percentile ends of each number's difference over `reps` resamples.
fn resampled(
    reps: u64,
    mut draw: impl FnMut(&mut Draws) -> Vec<f64>,
    of: impl Fn(&[f64]) -> Vec<f64>,
) -> Vec<(f64, f64)> {
    let mut series: Vec<Vec<f64>> = Vec::new();
    for rep in 0..reps {
        let times = draw(&mut Draws::new(99, "paired.tests.rows", rep));
        let values = of(&times);
        series.resize(values.len(), Vec::new());
        series.iter_mut().zip(values).for_each(|(s, v)| s.push(v));
    }
    series
        .into_iter()
        .map(|mut s| {
            s.sort_unstable_by(f64::total_cmp);
            let at = |share: f64| s[(share * (s.len() - 1) as f64).round() as usize];
            (at(0.025), at(0.975))
        })
        .collect()
}

fn rows_with_replacement(n: usize) -> impl FnMut(&mut Draws) -> Vec<f64> {
    move |draws| {
        let mut times = vec![0.0; n];
        for _ in 0..n {
            times[draws.below(n as u64) as usize] += 1.0;
        }
        times
    }
}

/// Both have Monte-Carlo errors: that of a 2.5 % point from 2,000 is about 0.06 standard errors, 1.5 % of the width.
fn assert_alike(name: &str, found: &Interval, (low, high): (f64, f64)) {
    let within = 0.07 * (high - low);
    assert!((found.low - low).abs() < within && (found.high - high).abs() < within, "{name}: {found:?} {low} {high}");
}

#[test]
fn cells_are_resampled_as_rows_are() {
    let rows = drawn(400, 11);
    let of = |times: &[f64]| -> Vec<f64> {
        let [a, b] = [0, 1].map(|model| numbers(&rows, times, model));
        a.iter().zip(b).map(|(a, b)| b - a).collect()
    };
    let expected = resampled(2_000, rows_with_replacement(rows.len()), of);
    for ((name, found), expected) in IDS.iter().zip(intervals(&rows.frames(), &IDS)).zip(expected) {
        assert_eq!(found.method, "paired_multinomial_bootstrap");
        assert_alike(name, &found, expected);
    }
}

#[test]
fn weighted_cells_are_resampled_as_weighted_rows_are() {
    let mut rows = drawn(400, 12);
    let weight: Vec<f64> = (0..400).map(|i| [0.2, 1.0, 1.0, 4.0][i % 4]).collect();
    rows.weight = Some(weight.clone());
    let of = |times: &[f64]| -> Vec<f64> {
        let times: Vec<f64> = times.iter().zip(&weight).map(|(t, w)| t * w).collect();
        let [a, b] = [0, 1].map(|model| numbers(&rows, &times, model));
        a.iter().zip(b).map(|(a, b)| b - a).collect()
    };
    let expected = resampled(2_000, rows_with_replacement(rows.len()), of);
    for ((name, found), expected) in IDS.iter().zip(intervals(&rows.frames(), &IDS)).zip(expected) {
        assert_eq!(found.method, "paired_scaled_poisson_bootstrap");
        assert_alike(name, &found, expected);
    }
}

#[test]
fn several_classes() {
    let mut rows = drawn(500, 13);
    rows.probability = None;
    rows.n_classes = 3;
    let mut draws = Draws::new(1, "paired.tests.classes", 0);
    let guess = |draws: &mut Draws, y: u16, right: f64| if draws.uniform() < right { y } else { draws.below(3) as u16 };
    rows.truth = (0..500).map(|_| draws.below(3) as u16).collect();
    rows.predicted[0] = rows.truth.clone().into_iter().map(|y| guess(&mut draws, y, 0.5)).collect();
    rows.predicted[1] = (0..500)
        .map(|i| if draws.uniform() < 0.6 { rows.predicted[0][i] } else { guess(&mut draws, rows.truth[i], 0.7) })
        .collect();
    let ids = ["performance.f1_macro", "performance.balanced_accuracy", "fairness.selection_rate@c1.difference[sex]"];
    let of = |times: &[f64]| -> Vec<f64> {
        let [a, b] = [0, 1].map(|model| {
            let (y, d) = (&rows.truth, &rows.predicted[model]);
            let recall = [0, 1, 2].map(|c| share(times, |i| y[i] == c, |i| d[i] == c));
            let precision = [0, 1, 2].map(|c| share(times, |i| d[i] == c, |i| y[i] == c));
            let f1: f64 = recall.iter().zip(precision).map(|(r, p)| 2.0 * r * p / (r + p)).sum();
            let [f, m] = [0, 1].map(|sex| share(times, |i| rows.sex[i] == sex, |i| d[i] == 1));
            [f1 / 3.0, recall.iter().sum::<f64>() / 3.0, (f - m).abs()]
        });
        a.iter().zip(b).map(|(a, b)| b - a).collect()
    };
    let expected = resampled(2_000, rows_with_replacement(500), of);
    for ((name, found), expected) in ids.iter().zip(intervals(&rows.frames(), &ids)).zip(expected) {
        assert_alike(name, &found, expected);
    }
    // Accuracy is a paired share here too.
    assert_eq!(intervals(&rows.frames(), &["performance.accuracy"])[0].method, "paired_newcombe");
}

#[test]
fn errors_of_predicted_numbers() {
    let n = 300;
    let mut draws = Draws::new(2, "paired.tests.numbers", 0);
    let truth: Vec<f64> = (0..n).map(|_| 10.0 + 3.0 * draws.normal()).collect();
    let first: Vec<f64> = truth.iter().map(|y| 2.0 + 0.8 * y + 1.5 * draws.normal()).collect();
    let second: Vec<f64> = first.iter().zip(&truth).map(|(p, y)| 0.6 * p + 0.4 * y + 0.7 * draws.normal()).collect();
    for weight in [None, Some((0..n).map(|i| [0.5, 1.0, 3.0][i % 3]).collect::<Vec<f64>>())] {
        let of = |times: &[f64]| -> Vec<f64> {
            let w: Vec<f64> =
                times.iter().enumerate().map(|(i, t)| t * weight.as_ref().map_or(1.0, |w| w[i])).collect();
            let mean = |f: &dyn Fn(usize) -> f64| (0..n).map(|i| w[i] * f(i)).sum::<f64>() / w.iter().sum::<f64>();
            let [a, b] = [&first, &second].map(|p| {
                let (my, mp) = (mean(&|i| truth[i]), mean(&|i| p[i]));
                let vy = mean(&|i| (truth[i] - my).powi(2));
                let vp = mean(&|i| (p[i] - mp).powi(2));
                let mse = mean(&|i| (p[i] - truth[i]).powi(2));
                let residual = mean(&|i| (p[i] - mp - truth[i] + my).powi(2));
                let r = mean(&|i| (p[i] - mp) * (truth[i] - my)) / (vy * vp).sqrt();
                [mean(&|i| (p[i] - truth[i]).abs()), mse.sqrt(), 1.0 - mse / vy, 1.0 - residual / vy, r]
            });
            a.iter().zip(b).map(|(a, b)| b - a).collect()
        };
        let ids = [
            "performance.mean_absolute_error",
            "performance.root_mean_squared_error",
            "performance.r2",
            "performance.explained_variance",
            "performance.pearson_correlation",
        ];
        let frames = regression(&truth, [&first, &second], weight.as_deref());
        let point = of(&vec![1.0; n]);
        let expected = resampled(2_000, rows_with_replacement(n), of);
        for (((name, found), (low, high)), point) in ids.iter().zip(intervals(&frames, &ids)).zip(expected).zip(point) {
            assert!((0.5 * (found.low + found.high) - point).abs() < 1e-12, "{name}: {found:?} {point}");
            let ratio = (found.high - found.low) / (high - low);
            assert!((0.92..1.09).contains(&ratio), "{name}: {ratio}");
        }
    }
}
