use proptest::prelude::*;

use super::*;
use crate::Draws;

fn all(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

/// One step of full size, no smoothing, leaves of one row.
fn plain(max_leaves: usize) -> Boosting {
    Boosting { n_trees: 1, learning_rate: 1.0, max_leaves, min_leaf_rows: 1, ..Boosting::default() }
}

fn numbers(n: usize, p: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut draws = Draws::new(seed, "boost", 0);
    (0..p).map(|_| (0..n).map(|_| draws.normal()).collect()).collect()
}

#[test]
fn a_step_is_found_and_each_side_gets_its_mean() {
    // Mean 4; left mean 1 of (0, 1, 2), right mean 7 of (6, 8). Gain: 9²/3 + 6²/... in sums of (mean − y):
    // G_l = 12 − 3 = 9, G_r = 8 − 14 = −6, total 3.4·… the base is the mean 17/5 = 3.4: G_l = 7.2, G_r = −7.2,
    // gain 7.2²/3 + 7.2²/2 − 0 = 17.28 + 25.92 = 43.2.
    let (x, y) = ([1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 2.0, 6.0, 8.0]);
    let columns = [BoostColumn::Number(&x)];
    let data = Binned::new(&columns, 255).unwrap();
    let model = plain(2).fit(&data, &y, None, &all(5)).unwrap();
    assert!((model.base - 3.4).abs() < 1e-12);
    let BoostNode::Split { rule, gain, n, .. } = &model.trees[0].nodes[0] else { panic!("a split") };
    assert_eq!((rule, *n), (&Rule::AtMost(3.5), 5));
    assert!((gain - 43.2).abs() < 1e-9);
    let predicted = model.predict(&columns, 5);
    for (p, e) in predicted.iter().zip([1.0, 1.0, 1.0, 7.0, 7.0]) {
        assert!((p - e).abs() < 1e-12, "{predicted:?}");
    }
}

#[test]
fn one_step_of_the_logistic_loss() {
    // Base log(1) = 0, p = ½: G_l = 2·½, H_l = 2·¼, value −1/0.5 = −2 on the left and 2 on the right.
    let (x, y) = ([0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]);
    let columns = [BoostColumn::Number(&x)];
    let data = Binned::new(&columns, 255).unwrap();
    let task = Boosting { loss: Loss::Logistic, ..plain(2) };
    let model = task.fit(&data, &y, None, &all(4)).unwrap();
    let p = model.predict(&columns, 4);
    assert!(
        (p[0] - 1.0 / (1.0 + 2.0_f64.exp())).abs() < 1e-12 && (p[3] - 1.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-12
    );
}

#[test]
fn missing_values_go_where_the_gain_is() {
    let x = [1.0, 2.0, 3.0, 4.0, f64::NAN, f64::NAN];
    for (of_missing, expected) in [(0.0, true), (10.0, false)] {
        let y = [0.0, 0.0, 10.0, 10.0, of_missing, of_missing];
        let columns = [BoostColumn::Number(&x)];
        let data = Binned::new(&columns, 255).unwrap();
        let model = plain(2).fit(&data, &y, None, &all(6)).unwrap();
        let BoostNode::Split { rule, missing_left, .. } = &model.trees[0].nodes[0] else { panic!("a split") };
        assert_eq!((rule, *missing_left), (&Rule::AtMost(2.5), expected));
        assert_eq!(model.predict(&columns, 6), y);
    }
    // Only being missing tells: all values against none.
    let y = [1.0, 1.0, 1.0, 1.0, 5.0, 5.0];
    let columns = [BoostColumn::Number(&x)];
    let model = plain(2).fit(&Binned::new(&columns, 255).unwrap(), &y, None, &all(6)).unwrap();
    let BoostNode::Split { rule, missing_left, .. } = &model.trees[0].nodes[0] else { panic!("a split") };
    assert_eq!((rule, *missing_left), (&Rule::AtMost(f64::INFINITY), false));
    let predicted = model.predict(&columns, 6);
    assert!(predicted.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn names_are_cut_into_the_best_two_sets() {
    // Levels 0 and 2 are high, 1 and 3 are low: no threshold on the code parts them, one subset does.
    let codes = [0, 1, 2, 3, 0, 1, 2, 3, u32::MAX];
    let y = [9.0, 1.0, 9.0, 1.0, 9.0, 1.0, 9.0, 1.0, 1.0];
    let columns = [BoostColumn::Codes { codes: &codes, n_levels: 5 }];
    let data = Binned::new(&columns, 255).unwrap();
    let model = plain(2).fit(&data, &y, None, &all(9)).unwrap();
    let BoostNode::Split { rule, missing_left, .. } = &model.trees[0].nodes[0] else { panic!("a split") };
    // Level 4 never occurs and goes with the larger side, which is the left one here (0 and 2 have the lower sums of
    // mean − y): 4 rows on the left, 5 on the right, so it goes to the right.
    assert_eq!((rule, *missing_left), (&Rule::Among(vec![true, false, true, false, false]), false));
    assert!(model.predict(&columns, 9).iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn more_names_than_bins_share_the_last_one() {
    let codes: Vec<u32> = (0..4_000).map(|i| if i % 2 == 0 { 7 } else { i % 400 }).collect();
    let y: Vec<f64> = codes.iter().map(|c| f64::from(u8::from(*c == 7))).collect();
    let columns = [BoostColumn::Codes { codes: &codes, n_levels: 400 }];
    let data = Binned::new(&columns, 255).unwrap();
    let model = plain(2).fit(&data, &y, None, &all(4_000)).unwrap();
    assert!(model.predict(&columns, 4_000).iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn bytes_and_columns_give_the_same_answer() {
    let n = 3_000;
    let mut x = numbers(n, 4, 3);
    for (i, value) in x[1].iter_mut().enumerate() {
        if i % 7 == 0 {
            *value = f64::NAN;
        }
    }
    let codes: Vec<u32> = (0..n as u32).map(|i| if i % 11 == 0 { u32::MAX } else { i % 6 }).collect();
    let y: Vec<f64> = (0..n)
        .map(|i| x[0][i] * x[2][i] + if x[1][i].is_nan() { 1.0 } else { x[1][i].abs() } + f64::from(codes[i] % 3))
        .collect();
    let mut columns: Vec<BoostColumn<'_>> = x.iter().map(|x| BoostColumn::Number(x)).collect();
    columns.push(BoostColumn::Codes { codes: &codes, n_levels: 6 });
    let data = Binned::new(&columns, 64).unwrap();
    let model = Boosting { n_trees: 60, ..Boosting::default() }.fit(&data, &y, None, &all(n)).unwrap();
    let (a, b) = (model.predict(&columns, n), model.predict_binned(&data, &all(n)));
    assert_eq!(a, b);
    let (mut rss, mut tss) = (0.0, 0.0);
    let mean = y.iter().sum::<f64>() / n as f64;
    for (p, y) in a.iter().zip(&y) {
        rss += (p - y) * (p - y);
        tss += (y - mean) * (y - mean);
    }
    assert!(1.0 - rss / tss > 0.85, "{}", 1.0 - rss / tss);
    assert!(model.gains(5).iter().take(3).all(|g| *g > 0.0));
}

#[test]
fn fits_stop_when_new_rows_gain_nothing() {
    let n = 2_000;
    let x = numbers(n, 3, 5);
    let mut draws = Draws::new(5, "noise", 0);
    let y: Vec<f64> = (0..n).map(|i| x[0][i] + draws.normal()).collect();
    let columns: Vec<BoostColumn<'_>> = x.iter().map(|x| BoostColumn::Number(x)).collect();
    let data = Binned::new(&columns, 255).unwrap();
    let (watched, rows): (Vec<u32>, Vec<u32>) = all(n).into_iter().partition(|i| i % 5 == 0);
    let task = Boosting { n_trees: 500, patience: Some(20), ..Boosting::default() };
    let (model, trace) = task.fit_watched(&data, &y, None, &rows, &watched).unwrap();
    assert_eq!(model.trees.len(), trace.best());
    assert!((5..200).contains(&model.trees.len()) && trace.losses.len() < 300, "{}", model.trees.len());
    // The trace is the loss on the watched rows.
    let direct: f64 = watched
        .iter()
        .zip(model.predict_binned(&data, &watched))
        .map(|(r, p)| 0.5 * (y[*r as usize] - p).powi(2))
        .sum();
    assert!((trace.losses[trace.best()] - direct / watched.len() as f64).abs() < 1e-9);
}

#[test]
fn drawn_rows_and_columns_are_the_same_for_the_same_seed() {
    let n = 1_000;
    let x = numbers(n, 5, 8);
    let y: Vec<f64> = (0..n).map(|i| x[0][i] - x[4][i].abs()).collect();
    let columns: Vec<BoostColumn<'_>> = x.iter().map(|x| BoostColumn::Number(x)).collect();
    let data = Binned::new(&columns, 255).unwrap();
    let task = |seed| Boosting { row_share: 0.7, column_share: 0.5, n_trees: 20, seed, ..Boosting::default() };
    let fit = |seed| task(seed).fit(&data, &y, None, &all(n)).unwrap();
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let x = [1.0, 2.0];
    let columns = [BoostColumn::Number(&x)];
    let data = Binned::new(&columns, 255).unwrap();
    let say = |e: BoostError| e.to_string();
    let fit = |y: &[f64], w: Option<&[f64]>, rows: &[u32]| {
        Boosting::default().fit(&data, y, w, rows).map(|_| ()).map_err(say)
    };
    assert_eq!(fit(&[1.0], None, &[0]).unwrap_err(), "a target has 1 values for 2 rows");
    assert_eq!(fit(&[1.0, f64::NAN], None, &[0, 1]).unwrap_err(), "the target of row 1 is not usable: NaN");
    assert_eq!(fit(&[1.0, 2.0], Some(&[1.0, -1.0]), &[0, 1]).unwrap_err(), "the weight of row 1 is not usable: -1");
    assert_eq!(fit(&[1.0, 2.0], None, &[]).unwrap_err(), "there are no rows or no columns to learn from");
    assert_eq!(
        fit(&[1.0, 2.0], None, &[7]).unwrap_err(),
        "the target of row 7 is not usable: there are 2 rows".replace("target", "row")
    );
    let lengths = Binned::new(&[BoostColumn::Number(&x), BoostColumn::Number(&x[..1])], 255).unwrap_err();
    assert_eq!(lengths.to_string(), "a column has 1 values for 2 rows");
}

/// The best split of all, by trying every threshold of every column on the rows themselves.
fn brute_force(x: &[Vec<f64>], y: &[f64], w: &[f64], min_rows: usize) -> f64 {
    let mean = y.iter().zip(w).map(|(y, w)| y * w).sum::<f64>() / w.iter().sum::<f64>();
    let score = |rows: &[usize]| {
        let g: f64 = rows.iter().map(|i| w[*i] * (mean - y[*i])).sum();
        g * g / rows.iter().map(|i| w[*i]).sum::<f64>()
    };
    let everything: Vec<usize> = (0..y.len()).collect();
    let mut best: f64 = 0.0;
    for x in x {
        for threshold in x {
            let (l, r): (Vec<usize>, Vec<usize>) = everything.iter().partition(|i| x[**i] <= *threshold);
            if l.len() >= min_rows && r.len() >= min_rows {
                best = best.max(score(&l) + score(&r) - score(&everything));
            }
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_first_split_is_the_best_there_is(seed in 0_u64..10_000, n in 8_usize..60) {
        let mut draws = Draws::new(seed, "brute", 0);
        let x: Vec<Vec<f64>> = (0..3).map(|_| (0..n).map(|_| (draws.normal() * 3.0).round()).collect()).collect();
        let y: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
        let w: Vec<f64> = (0..n).map(|_| 0.5 + draws.uniform()).collect();
        let columns: Vec<BoostColumn<'_>> = x.iter().map(|x| BoostColumn::Number(x)).collect();
        let data = Binned::new(&columns, 255).unwrap();
        let task = Boosting { min_leaf_rows: 3, ..plain(2) };
        let model = task.fit(&data, &y, Some(&w), &all(n)).unwrap();
        let found = match model.trees.first().map(|t| &t.nodes[0]) {
            Some(BoostNode::Split { gain, .. }) => *gain,
            _ => 0.0,
        };
        prop_assert!((found - brute_force(&x, &y, &w, 3)).abs() < 1e-9);
    }

    #[test]
    fn weight_two_is_a_row_twice(seed in 0_u64..10_000) {
        let n = 120;
        let x = numbers(n, 2, seed);
        let y: Vec<f64> = (0..n).map(|i| x[0][i] * x[1][i]).collect();
        let weight: Vec<f64> = (0..n).map(|i| f64::from(1 + (i % 2) as u8)).collect();
        let pick: Vec<usize> = (0..n).flat_map(|i| std::iter::repeat_n(i, 1 + i % 2)).collect();
        let task = Boosting { n_trees: 5, min_leaf_rows: 1, min_leaf_weight: 10.0, ..Boosting::default() };
        let columns: Vec<BoostColumn<'_>> = x.iter().map(|x| BoostColumn::Number(x)).collect();
        let data = Binned::new(&columns, 255).unwrap();
        let a = task.fit(&data, &y, Some(&weight), &all(n)).unwrap();
        let x2: Vec<Vec<f64>> = x.iter().map(|x| pick.iter().map(|i| x[*i]).collect()).collect();
        let y2: Vec<f64> = pick.iter().map(|i| y[*i]).collect();
        let twice: Vec<BoostColumn<'_>> = x2.iter().map(|x| BoostColumn::Number(x)).collect();
        let b = task.fit(&Binned::new(&twice, 255).unwrap(), &y2, None, &all(pick.len())).unwrap();
        for (p, q) in a.predict(&columns, n).iter().zip(b.predict(&columns, n)) {
            prop_assert!((p - q).abs() < 1e-9);
        }
    }
}
