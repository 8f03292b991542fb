use proptest::prelude::*;

use super::*;
use crate::Draws;

const OPTIONS: GrowOptions = GrowOptions { max_depth: 3, num_leaves: 31, min_child_samples: 5 };

struct Given {
    codes: Vec<Vec<u8>>,
    shape: Vec<(usize, Option<u8>, bool)>,
    losses: Vec<f64>,
}

impl Given {
    fn columns(&self) -> Vec<BinnedColumn<'_>> {
        self.codes
            .iter()
            .zip(&self.shape)
            .map(|(codes, (n_codes, missing, is_ordered))| BinnedColumn {
                codes,
                n_codes: *n_codes,
                missing: *missing,
                is_ordered: *is_ordered,
            })
            .collect()
    }

    fn random(seed: u64, n: usize) -> Self {
        let shape = vec![(6, Some(5), true), (4, None, false), (5, Some(4), false)];
        let mut draws = Draws::new(seed, "tree.test", 0);
        let codes: Vec<Vec<u8>> = shape
            .iter()
            .map(|(k, _, _)| (0..n).map(|_| u8::try_from(draws.below(*k as u64)).unwrap()).collect())
            .collect();
        let losses =
            (0..n).map(|i| f64::from(u8::from(draws.uniform() < 0.1 + 0.15 * f64::from(codes[1][i])))).collect();
        Self { codes, shape, losses }
    }
}

fn rows(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

/// The sum of squares that any two-sided split (any subset of names, any threshold, missing on either side) or one with
/// missing apart leaves, by trying all.
fn best_by_trying(given: &Given, min_rows: usize) -> f64 {
    let n = given.losses.len();
    let explained = |members: &dyn Fn(usize) -> bool| {
        let (mut w, mut e) = (0, 0.0);
        for i in (0..n).filter(|i| members(*i)) {
            w += 1;
            e += given.losses[i];
        }
        (w, if w > 0 { e * e / f64::from(w) } else { 0.0 })
    };
    let base = explained(&|_| true).1;
    let mut best: f64 = 0.0;
    for (codes, (n_codes, missing, is_ordered)) in given.codes.iter().zip(&given.shape) {
        let valued: Vec<u8> = (0..*n_codes as u8).filter(|c| Some(*c) != *missing).collect();
        let n_missing = codes.iter().filter(|c| Some(**c) == *missing).count();
        let subsets: Vec<Vec<u8>> = if *is_ordered {
            (1..valued.len()).map(|i| valued[..i].to_vec()).collect()
        } else {
            (1_u32..(1 << valued.len()) - 1)
                .map(|s| valued.iter().enumerate().filter(|(i, _)| s >> i & 1 == 1).map(|(_, c)| *c).collect())
                .collect()
        };
        let is_missing = |i: usize| Some(codes[i]) == *missing;
        for left in subsets {
            let in_left = |i: usize| left.contains(&codes[i]);
            let mut ways: Vec<Vec<(u32, f64)>> = Vec::new();
            if n_missing >= min_rows {
                ways.push(vec![
                    explained(&in_left),
                    explained(&|i| !in_left(i) && !is_missing(i)),
                    explained(&is_missing),
                ]);
            } else {
                ways.push(vec![explained(&in_left), explained(&|i| !in_left(i))]);
                ways.push(vec![
                    explained(&|i| in_left(i) || is_missing(i)),
                    explained(&|i| !in_left(i) && !is_missing(i)),
                ]);
            }
            for way in ways {
                if way.iter().all(|(rows, _)| *rows as usize >= min_rows) {
                    best = best.max(way.iter().map(|(_, e)| e).sum::<f64>() - base);
                }
            }
        }
        if n_missing >= min_rows && n - n_missing >= min_rows {
            best = best.max(explained(&is_missing).1 + explained(&|i| !is_missing(i)).1 - base);
        }
    }
    best
}

#[test]
fn the_first_split_is_the_best_of_all() {
    for seed in 0..40 {
        let given = Given::random(seed, if seed % 2 == 0 { 60 } else { 200 });
        let options = GrowOptions { max_depth: 1, num_leaves: 3, min_child_samples: if seed % 4 < 2 { 5 } else { 16 } };
        let columns = given.columns();
        let flags: Vec<u8> = given.losses.iter().map(|l| u8::from(*l > 0.0)).collect();
        for losses in [Losses::Flags(&flags), Losses::Values(&given.losses)] {
            let table = LossTable { columns: &columns, losses, weight: None };
            let tree = grow(&table, &rows(flags.len()), &options);
            let best = best_by_trying(&given, options.min_child_samples as usize);
            assert!((tree.nodes[0].gain - best).abs() < 1e-9, "seed {seed}: {} {best}", tree.nodes[0].gain);
        }
    }
}

/// Two groups, one of which is always wrong: one split, nothing left to explain.
#[test]
fn a_pure_split_by_hand() {
    let codes: Vec<u8> = (0..40).map(|i| u8::from(i % 4 == 0)).collect();
    let flags = codes.clone();
    let columns = [BinnedColumn { codes: &codes, n_codes: 2, missing: None, is_ordered: false }];
    let table = LossTable { columns: &columns, losses: Losses::Flags(&flags), weight: None };
    let tree = grow(&table, &rows(40), &OPTIONS);
    assert_eq!(tree.nodes.len(), 3);
    // 10²/10 + 0 − 10²/40.
    assert!((tree.nodes[0].gain - 7.5).abs() < 1e-12);
    assert_eq!(tree.nodes[2].learned, LossSums::of_counts(10, 10));
    assert_eq!(tree.path(2), [(0, CodeSet::of(1))]);
    let half: Vec<u32> = (0..40).step_by(2).collect();
    assert_eq!(tree.sums(&table, &half), [(20, 10), (10, 0), (10, 10)].map(|(n, e)| LossSums::of_counts(n, e)));
}

#[test]
fn nothing_to_learn_is_a_root_alone() {
    let codes = vec![0_u8; 30];
    let flags = vec![1_u8; 30];
    let columns = [BinnedColumn { codes: &codes, n_codes: 1, missing: None, is_ordered: true }];
    let table = LossTable { columns: &columns, losses: Losses::Flags(&flags), weight: None };
    assert_eq!(grow(&table, &rows(30), &OPTIONS).nodes.len(), 1);
    assert_eq!(grow(&table, &[], &OPTIONS).nodes.len(), 1);
    let none = GrowOptions { max_depth: 0, ..OPTIONS };
    assert_eq!(grow(&table, &rows(30), &none).nodes.len(), 1);
}

#[test]
fn limits_hold() {
    let given = Given::random(9, 3_000);
    let columns = given.columns();
    let table = LossTable { columns: &columns, losses: Losses::Values(&given.losses), weight: None };
    for (max_depth, num_leaves, min_child_samples) in [(2, 31, 5), (10, 7, 5), (10, 100, 100), (10, 2, 1)] {
        let options = GrowOptions { max_depth, num_leaves, min_child_samples };
        let tree = grow(&table, &rows(3_000), &options);
        let leaves: Vec<_> = tree.nodes.iter().filter(|n| n.children.is_empty()).collect();
        assert!(leaves.len() <= num_leaves && leaves.len() > 1);
        assert!(leaves.iter().all(|n| n.depth <= max_depth && n.learned.rows >= min_child_samples));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn nodes_part_their_rows(seed in 0_u64..10_000, n in 20_usize..400, weighted: bool) {
        let given = Given::random(seed, n);
        let mut draws = Draws::new(seed, "tree.weights", 0);
        let weight: Vec<f64> = (0..n).map(|_| 0.5 + draws.uniform()).collect();
        let columns = given.columns();
        let table =
            LossTable { columns: &columns, losses: Losses::Values(&given.losses), weight: weighted.then_some(&weight) };
        let all = rows(n);
        let tree = grow(&table, &all, &OPTIONS);
        let sums = tree.sums(&table, &all);
        for (i, node) in tree.nodes.iter().enumerate() {
            prop_assert_eq!(sums[i].rows, node.learned.rows);
            prop_assert!((sums[i].loss() - node.learned.loss()).abs() < 1e-9);
            // The path holds exactly the node's rows.
            let path = tree.path(i);
            let held = all.iter().filter(|r| path.iter().all(|(c, set)| set.contains(given.codes[*c][**r as usize]))).count();
            prop_assert_eq!(held as u64, sums[i].rows);
            if !node.children.is_empty() {
                let below: u64 = node.children.iter().map(|c| sums[*c].rows).sum();
                prop_assert_eq!(below, sums[i].rows);
            }
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        prop_assert_eq!(pool.install(|| grow(&table, &all, &OPTIONS)), tree);
    }
}
