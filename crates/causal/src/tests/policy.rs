//! Policy trees against every tree there is.

use equipoise_kernels::Draws;
use equipoise_kernels::boost::{Binned, BoostColumn};
use proptest::prelude::*;

use crate::*;

const DEEP: PolicyOptions = PolicyOptions { max_depth: 2, min_leaf_rows: 1, min_gain: 0.0 };

fn binned(x: &[Vec<f64>]) -> Binned {
    let columns: Vec<BoostColumn<'_>> = x.iter().map(|x| BoostColumn::Number(x)).collect();
    Binned::new(&columns, 255).unwrap()
}

#[test]
fn a_pattern_that_no_single_split_shows() {
    // Treat where both are high or both are low: no split by one feature gains, the tree of two levels gets everything.
    let x = vec![vec![0.0, 0.0, 1.0, 1.0], vec![0.0, 1.0, 0.0, 1.0]];
    let effect = [1.0, -1.0, -1.0, 1.0];
    let rewards: Vec<f64> = effect.iter().flat_map(|e| [0.0, *e]).collect();
    let data = binned(&x);
    let tree = Policy::fit(&data, &rewards, 2, &[0, 1, 2, 3], DEEP, Rows::default());
    let chosen: Vec<usize> = (0..4).map(|row| tree.action(&data, row)).collect();
    assert_eq!(chosen, [1, 0, 0, 1]);
    let value = evaluate(&chosen, &rewards, 2, Rows::default());
    // Mean reward ½; gains against nobody (0) and everybody (0) are ½ each.
    assert!((value.value.0 - 0.5).abs() < 1e-15 && value.gains.iter().all(|g| (g.0 - 0.5).abs() < 1e-15));
    let shallow =
        Policy::fit(&data, &rewards, 2, &[0, 1, 2, 3], PolicyOptions { max_depth: 1, ..DEEP }, Rows::default());
    assert_eq!(shallow.nodes.len(), 1);
}

fn value_of(tree: &Policy, data: &Binned, rewards: &[f64], actions: usize) -> f64 {
    (0..data.n_rows()).map(|row| rewards[row * actions + tree.action(data, row)]).sum()
}

/// Best sum of rewards of a tree of this depth, by trying all.
fn brute(x: &[Vec<f64>], rewards: &[f64], actions: usize, rows: &[usize], depth: u32, min_rows: usize) -> f64 {
    let leaf = (0..actions)
        .map(|a| rows.iter().map(|r| rewards[r * actions + a]).sum::<f64>())
        .fold(f64::NEG_INFINITY, f64::max);
    let mut best = leaf;
    if depth > 0 {
        for column in x {
            for row in rows {
                let (l, r): (Vec<usize>, Vec<usize>) = rows.iter().partition(|i| column[**i] <= column[*row]);
                if l.len() >= min_rows && r.len() >= min_rows {
                    best = best.max(
                        brute(x, rewards, actions, &l, depth - 1, min_rows)
                            + brute(x, rewards, actions, &r, depth - 1, min_rows),
                    );
                }
            }
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_tree_of_two_levels_is_better(seed in 0_u64..10_000, n in 4_usize..26, actions in 2_usize..4, min_rows in 1_usize..4) {
        let mut draws = Draws::new(seed, "policy", 0);
        let x: Vec<Vec<f64>> = (0..3).map(|_| (0..n).map(|_| (2.0 * draws.normal()).round()).collect()).collect();
        let rewards: Vec<f64> = (0..n * actions).map(|_| draws.normal()).collect();
        let data = binned(&x);
        let all: Vec<u32> = (0..n as u32).collect();
        let options = PolicyOptions { min_leaf_rows: min_rows as u64, ..DEEP };
        let tree = Policy::fit(&data, &rewards, actions, &all, options, Rows::default());
        let rows: Vec<usize> = (0..n).collect();
        let expected = brute(&x, &rewards, actions, &rows, 2, min_rows);
        prop_assert!((value_of(&tree, &data, &rewards, actions) - expected).abs() < 1e-9);
    }
}

#[test]
fn the_value_on_new_rows_is_honest() {
    // No effect anywhere: the tree gains on its own rows, and not on new ones.
    let mut draws = Draws::new(4, "null", 0);
    let x: Vec<Vec<f64>> = (0..4).map(|_| (0..2000).map(|_| draws.normal()).collect()).collect();
    let rewards: Vec<f64> = (0..2000).flat_map(|_| [0.0, draws.normal()]).collect();
    let data = binned(&x);
    let folds = Folds::given((0..2000).map(|i| (i % 5) as u8).collect()).unwrap();
    let found = held_out(&data, &rewards, 2, &folds, DEEP, Rows::default()).unwrap();
    assert!(found.gains[0].0.abs() < 3.0 * found.gains[0].1, "{found:?}");
    let tree = Policy::fit(&data, &rewards, 2, &(0..2000).collect::<Vec<u32>>(), DEEP, Rows::default());
    assert!(value_of(&tree, &data, &rewards, 2) / 2000.0 > 0.04);
}
