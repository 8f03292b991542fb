use std::collections::BTreeMap;

use super::*;
use crate::{BinnedColumn, Draws, sum_losses};

fn never() -> bool {
    false
}

fn columns<'a>(codes: &'a [Vec<u8>], shape: &[usize]) -> Vec<SliceColumn<'a>> {
    let one = |(codes, n): (&'a Vec<u8>, &usize)| SliceColumn {
        column: BinnedColumn { codes, n_codes: *n, missing: None, is_ordered: false },
        level_of: (0..*n).map(|c| Some(u8::try_from(c).unwrap())).collect(),
        n_levels: *n,
    };
    codes.iter().zip(shape).map(one).collect()
}

fn table(seed: u64, n: usize, shape: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut draws = Draws::new(seed, "frequent.tests", 0);
    let codes: Vec<Vec<u8>> =
        shape.iter().map(|k| (0..n).map(|_| u8::try_from(draws.below(*k as u64)).unwrap()).collect()).collect();
    let flags = (0..n).map(|row| u8::from(draws.uniform() < if codes[0][row] == 1 { 0.5 } else { 0.2 })).collect();
    (codes, flags)
}

/// Every conjunction by looking at every row, by its terms.
fn by_definition(codes: &[Vec<u8>], shape: &[usize], n: usize, min_rows: u64) -> BTreeMap<Vec<SliceTerm>, Vec<usize>> {
    let mut found = BTreeMap::new();
    let mut all: Vec<Vec<SliceTerm>> = vec![Vec::new()];
    for (column, levels) in shape.iter().enumerate() {
        for terms in all.clone() {
            for level in 0..*levels {
                let term = SliceTerm { column, level: u8::try_from(level).unwrap() };
                all.push(terms.iter().copied().chain([term]).collect());
            }
        }
    }
    for terms in all.into_iter().filter(|t| !t.is_empty()) {
        let rows: Vec<usize> = (0..n).filter(|row| terms.iter().all(|t| codes[t.column][*row] == t.level)).collect();
        if rows.len() as u64 >= min_rows {
            found.insert(terms, rows);
        }
    }
    found
}

#[test]
fn all_slices_with_their_losses_whatever_the_length() {
    let shape = [2, 3, 2, 4, 2];
    let n = 400;
    for (seed, min_rows) in [(1, 1), (2, 9), (3, 40)] {
        let (codes, flags) = table(seed, n, &shape);
        let columns = columns(&codes, &shape);
        let rows: Vec<u32> = (0..n as u32).collect();
        let options = FrequentOptions { min_rows, max_terms: 5, most: usize::MAX };
        let expected = by_definition(&codes, &shape, n, min_rows);
        let values: Vec<f64> = flags.iter().map(|f| f64::from(*f) * 1.5).collect();
        // A fifth of the rows have no outcome.
        let known: Vec<f64> = (0..n).map(|row| f64::from(u8::from(row % 5 != 2))).collect();
        for (losses, weight) in [
            (Losses::Flags(&flags), None),
            (Losses::Values(&values), None),
            (Losses::Flags(&flags), Some(known.as_slice())),
        ] {
            let found = frequent_slices(&columns, losses, weight, &rows, &options, &never);
            assert!(found.is_complete);
            assert_eq!(found.slices.len(), expected.len());
            let total = sum_losses(losses, weight, 0..n);
            for (place, slice) in found.slices.iter().enumerate() {
                let inside = &expected[&slice.terms];
                let sums = sum_losses(losses, weight, inside.iter().copied());
                assert_eq!(slice.sums.rows, inside.len() as u64);
                for (x, y) in slice.sums.sums.iter().zip(sums.sums) {
                    assert!((x - y).abs() < 1e-9, "{x} {y}");
                }
                let wanted = (sums.weight() > 0.0).then(|| sums.loss() / sums.weight() - total.loss() / total.weight());
                assert_eq!(found.divergence(place).is_some(), wanted.is_some());
                if let (Some(own), Some(wanted)) = (found.divergence(place), wanted) {
                    assert!((own - wanted).abs() < 1e-12);
                }
            }
        }
    }
}

/// Shapley's value by its definition, an average over orders in which the conditions come.
#[test]
fn contributions_are_averages_over_orders() {
    let shape = [2, 3, 2, 2];
    let (codes, flags) = table(7, 600, &shape);
    let columns = columns(&codes, &shape);
    let rows: Vec<u32> = (0..600).collect();
    let options = FrequentOptions { min_rows: 5, max_terms: 4, most: usize::MAX };
    let found = frequent_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &never);
    let value: BTreeMap<Vec<SliceTerm>, f64> = found
        .slices
        .iter()
        .enumerate()
        .map(|(i, s)| (s.terms.clone(), found.divergence(i).unwrap()))
        .chain([(Vec::new(), 0.0)])
        .collect();
    fn orders(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![Vec::new()];
        }
        let longer = |order: Vec<usize>| {
            (0..n).map(move |at| {
                let mut order = order.clone();
                order.insert(at, n - 1);
                order
            })
        };
        orders(n - 1).into_iter().flat_map(longer).collect()
    }
    for (place, slice) in found.slices.iter().enumerate() {
        let all = orders(slice.terms.len());
        let mut wanted = vec![0.0; slice.terms.len()];
        for order in &all {
            let mut so_far: Vec<SliceTerm> = Vec::new();
            for next in order {
                let before = value[&so_far];
                so_far.push(slice.terms[*next]);
                so_far.sort();
                wanted[*next] += (value[&so_far] - before) / all.len() as f64;
            }
        }
        let own = found.contributions(place).unwrap();
        for (x, y) in own.iter().zip(&wanted) {
            assert!((x - y).abs() < 1e-12);
        }
        assert!((own.iter().sum::<f64>() - found.divergence(place).unwrap()).abs() < 1e-12);
        let is_redundant = (0..slice.terms.len()).any(|out| {
            let mut fewer = slice.terms.clone();
            fewer.remove(out);
            (value[&slice.terms] - value[&fewer]).abs() <= 0.02
        });
        assert_eq!(found.is_redundant(place, 0.02), is_redundant);
    }
    // The general formula, slice by slice, with factorials.
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    for (term, sum) in found.global_contributions() {
        let with = found.slices.iter().filter(|s| s.terms.contains(&term));
        let wanted: f64 = with
            .map(|s| {
                let fewer: Vec<SliceTerm> = s.terms.iter().copied().filter(|t| *t != term).collect();
                let b = fewer.len();
                let ways: f64 = s.terms.iter().map(|t| shape[t.column] as f64).product();
                factorial(b) * factorial(4 - b - 1) / (factorial(4) * ways) * (value[&s.terms] - value[&fewer])
            })
            .sum();
        assert!((sum - wanted).abs() < 1e-12);
    }
}

/// 8 rows, 3 errors; `a = 1` has 4 rows and 3 errors. Beta means ⅔ and 0.4, variances 4·2/(36·7) and 4·6/(100·11).
#[test]
fn t_by_hand() {
    let codes = vec![vec![1, 1, 1, 1, 0, 0, 0, 0]];
    let flags = [1, 1, 1, 0, 0, 0, 0, 0];
    let columns = columns(&codes, &[2]);
    let rows: Vec<u32> = (0..8).collect();
    let options = FrequentOptions { min_rows: 1, max_terms: 3, most: 10 };
    let found = frequent_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &never);
    assert_eq!(found.slices.len(), 2);
    assert!((found.divergence(1).unwrap() - 0.375).abs() < 1e-15);
    let beta = (2.0_f64 / 3.0 - 0.4) / (8.0_f64 / 252.0 + 24.0 / 1_100.0).sqrt();
    assert!((found.t(1).unwrap() - beta).abs() < 1e-14);
    // As numbers: means ¾ and ⅜, variances 3/16 over 4 rows and 15/64 over 8.
    let values = flags.map(f64::from);
    let found = frequent_slices(&columns, Losses::Values(&values), None, &rows, &options, &never);
    let welch = 0.375 / (0.1875_f64 / 4.0 + 0.234_375 / 8.0).sqrt();
    assert!((found.t(1).unwrap() - welch).abs() < 1e-14);
}

#[test]
fn too_many_slices_and_a_stop_are_said() {
    let shape = [4, 4, 4, 4];
    let (codes, flags) = table(9, 500, &shape);
    let columns = columns(&codes, &shape);
    let rows: Vec<u32> = (0..500).collect();
    let options = FrequentOptions { min_rows: 1, max_terms: 4, most: 50 };
    let found = frequent_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &never);
    assert!(!found.is_complete && found.slices.len() == 50);
    // The short ones are all there, so that what stands here has its parts.
    assert!(found.contributions(49).is_some());
    let stopped = frequent_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &|| true);
    assert!(!stopped.is_complete && stopped.slices.iter().all(|s| s.terms.len() <= 2));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = FrequentOptions { most: usize::MAX, ..options };
        pool.install(|| frequent_slices(&columns, Losses::Flags(&flags), None, &rows, &options, &never))
    };
    assert_eq!(run(1), run(4));
}
