//! More rows than are sampled: grids with gaps, picked rows, sketches.

#![allow(clippy::float_cmp, reason = "ties are numbers equal bit for bit")]

use equipoise_data::MemoryColumn;

use super::*;

/// `n` rows: a skewed number, a whole number, a name out of many, a text-like id; the target follows the first.
fn large(n: usize) -> (Dataset, Frame) {
    let mut draws = equipoise_kernels::Draws::new(5, "large", 0);
    let (mut skewed, mut whole, mut names, mut classes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        let z = draws.normal();
        skewed.push(if i % 10 == 0 { 0.0 } else { z.exp() });
        whole.push((draws.uniform() * 40.0).floor());
        names.push(Some(format!("n{}", draws.below(10_000))));
        classes.push(u16::from(z + draws.normal() > 0.0));
    }
    let columns = vec![
        ("skewed".to_owned(), MemoryColumn::Numbers(skewed)),
        ("whole".to_owned(), MemoryColumn::Numbers(whole)),
        ("name".to_owned(), MemoryColumn::Names(names)),
        (
            "y".to_owned(),
            MemoryColumn::Names(classes.iter().map(|c| Some(["no", "yes"][usize::from(*c)].to_owned())).collect()),
        ),
    ];
    let frame = Frame::new(FrameParts {
        task: Task::Binary,
        classes: Arc::from(["no".to_owned(), "yes".to_owned()]),
        row_ids: None,
        truth: Targets::Class(classes),
        predicted: None,
        probability: None,
        weight: None,
        groups: Vec::new(),
    });
    (Dataset::from_columns(columns).unwrap(), frame.unwrap())
}

fn numbers_of(dataset: &Dataset, name: &str) -> Vec<f64> {
    let mut all = Vec::new();
    dataset
        .for_each(&[dataset.column(name).unwrap()], &mut |chunk| {
            let Column::Number(values) = &chunk.columns[0] else { panic!("numbers") };
            all.extend_from_slice(values);
            Ok(())
        })
        .unwrap();
    all
}

#[test]
fn a_grid_with_gaps_stays_near_the_truth() {
    let n = 200_000;
    let part = large(n);
    let section = explore(&part, None, "y", &json!({})).unwrap();
    let mut x = numbers_of(&part.0, "skewed");
    x.sort_by(f64::total_cmp);
    // The median's rank is off by less than 0.1 % of the rows.
    let median = value(&section, "explorer.median[skewed]");
    let rank = x.partition_point(|v| *v < median) as f64 / n as f64;
    assert!((rank - 0.5).abs() < 0.001, "{rank}");
    close(&section, "explorer.most_frequent_share[skewed]", 0.1);
    let mean: f64 = x.iter().sum::<f64>() / n as f64;
    assert!((value(&section, "explorer.mean[skewed]") - mean).abs() < 1e-9);
    let (q1, q3) = (x[n / 4], x[3 * n / 4]);
    let beyond = x.iter().filter(|v| **v > q3 + 1.5 * (q3 - q1)).count() as f64 / n as f64;
    assert!((value(&section, "explorer.outlier_share[skewed]") - beyond).abs() < 0.001);
    // Estimated beyond 4,096, exact below.
    let distinct = cells(&section, "columns", "distinct");
    let of_skewed = distinct[0].as_f64().unwrap();
    assert!((of_skewed / (0.9 * n as f64) - 1.0).abs() < 0.06, "{of_skewed}");
    assert_eq!(distinct[1], json!(40));
    assert!(has_note(&section, "distinct_estimated") && has_note(&section, "picked_rows"));
    // 10,000 names that say nothing do not seem to.
    let told = value(&section, "explorer.information[name]");
    assert!(told < 0.001, "{told}");
}

#[test]
fn the_area_is_that_of_all_pairs() {
    let n = 100_000;
    let part = large(n);
    let section = explore(&part, None, "y", &json!({})).unwrap();
    let truth = part.1.with_all(|rows| rows.truth.classes().to_vec());
    let x = numbers_of(&part.0, "skewed");
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
    let (mut below, mut wins) = (0.0, 0.0);
    for ties in order.chunk_by(|a, b| x[*a] == x[*b]) {
        let positives = ties.iter().filter(|i| truth[**i] == 1).count() as f64;
        let negatives = ties.len() as f64 - positives;
        wins += positives * (below + 0.5 * negatives);
        below += negatives;
    }
    let area = wins / (below * (n as f64 - below));
    let ours = value(&section, "explorer.single_feature_auc[skewed]");
    assert!((ours - area).abs() < 5e-4, "{ours} is not {area}");
}
