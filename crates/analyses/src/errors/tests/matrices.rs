//! What a matrix answers, against counting row by row.

use super::*;

fn tree_options(honest: bool) -> TreeOptions {
    TreeOptions { grow: GrowOptions { max_depth: 4, num_leaves: 31, min_child_samples: 20 }, columns: None, honest }
}

fn heat_options(columns: Vec<usize>, rule: BinRule, metric: Metric) -> HeatMapOptions {
    HeatMapOptions { columns, rule, bins: 6, min_rows: 20, metric, confidence: Confidence::at(0.95), honest: false }
}

fn errors(context: &Context<'_>, rows: &[u32]) -> u64 {
    context.test.frame.with_all(|all| {
        let predicted = all.predicted.unwrap();
        let wrong = |r: &&u32| all.truth.classes()[**r as usize] != predicted.classes()[**r as usize];
        rows.iter().filter(wrong).count() as u64
    })
}

#[test]
fn the_predicate_of_a_node_holds_its_rows() {
    people(1_500, 1).matrix(LossKind::ZeroOne, |matrix, context| {
        for honest in [false, true] {
            let mask = RowMask::all(matrix.n_rows());
            let tree = matrix.tree(&mask, &tree_options(honest));
            assert!(tree.nodes.len() > 5);
            let measured = matrix.learn_and_measure(&mask, honest).1;
            for node in &tree.nodes {
                let rows: Vec<u32> = if node.predicate == "true" {
                    measured.clone()
                } else {
                    rows_of(&node.predicate, context.test.dataset)
                        .into_iter()
                        .filter(|r| measured.contains(r))
                        .collect()
                };
                assert_eq!(node.sums.rows, rows.len() as u64, "{}", node.predicate);
                assert_eq!(node.sums.loss() as u64, errors(context, &rows), "{}", node.predicate);
            }
            assert!(tree.nodes.iter().all(|n| n.test.is_some() == (honest && n.parent.is_some())));
        }
    });
}

#[test]
fn missing_values_have_a_branch_of_their_own() {
    let n = 900;
    let wrong = |i: usize| if i % 3 == 0 { i % 2 == 0 } else { i % 3 == 1 && i % 20 == 1 };
    let rows: Vec<(u16, u16)> = (0..n).map(|i| (0, u16::from(wrong(i)))).collect();
    let run = Run::binary(&rows).numbers("x", (0..n).map(|i| if i % 3 == 0 { f64::NAN } else { (i % 3) as f64 }));
    run.matrix(LossKind::ZeroOne, |matrix, _| {
        let tree = matrix.tree(&RowMask::all(n), &tree_options(false));
        let predicates: Vec<&str> = tree.nodes.iter().skip(1).map(|n| n.predicate.as_str()).collect();
        assert_eq!(predicates, ["\"x\" <= 1", "\"x\" > 1", "\"x\" is null"]);
        assert_eq!(tree.nodes[3].sums.rows, 300);
        assert_eq!(tree.nodes[3].label, "x missing");
    });
}

#[test]
fn cells_of_a_heat_map_hold_their_rows() {
    people(1_200, 2).matrix(LossKind::ZeroOne, |matrix, context| {
        let mask = RowMask::all(matrix.n_rows());
        for rule in [BinRule::EqualWidth, BinRule::Quantile, BinRule::Supervised] {
            for columns in [vec![0], vec![1, 0], vec![4, 2], vec![3, 1]] {
                let map = matrix.heat_map(&mask, &heat_options(columns, rule, Metric::MeanLoss(LossKind::ZeroOne)));
                assert_eq!(map.cells.iter().map(|c| c.n).sum::<u64>(), 1_200);
                for cell in &map.cells {
                    let rows = rows_of(&cell.predicate, context.test.dataset);
                    assert_eq!(cell.n, rows.len() as u64, "{}", cell.predicate);
                    if cell.n > 0 {
                        let rate = errors(context, &rows) as f64 / cell.n as f64;
                        assert!((cell.value.value.unwrap() - rate).abs() < 1e-12);
                        assert!(cell.value.ends.is_some());
                    }
                }
            }
        }
    });
}

/// `pandas.cut(range(100), 8)`: 13, 12, 13, 12, 12, 13, 12, 13; `pandas.qcut(…, 8)` likewise 13, 12, 13, 12, 12, 13, 12, 13.
#[test]
fn bins_are_those_of_pandas() {
    let run = Run::binary(&vec![(0, 0); 100]).numbers("x", (0..100).map(f64::from));
    run.matrix(LossKind::ZeroOne, |matrix, _| {
        for rule in [BinRule::EqualWidth, BinRule::Quantile] {
            let metric = Metric::MeanLoss(LossKind::ZeroOne);
            let options = HeatMapOptions { bins: 8, ..heat_options(vec![0], rule, metric) };
            let map = matrix.heat_map(&RowMask::all(100), &options);
            let counts: Vec<u64> = map.cells.iter().map(|c| c.n).collect();
            assert_eq!(counts, [13, 12, 13, 12, 12, 13, 12, 13]);
            assert_eq!(map.axes[0].bins[1].1, "12 – 24");
        }
    });
}

/// With more different values than codes the asked cuts are still met exactly.
#[test]
fn many_values_keep_the_asked_cuts() {
    let n = 5_000;
    let x = |i: usize| (i as f64 / n as f64).powi(3) * 1_000.0;
    let run = Run::binary(&vec![(0, 1); n]).numbers("x", (0..n).map(x));
    run.matrix(LossKind::ZeroOne, |matrix, _| {
        for bins in (2..=16).chain([18, 20]) {
            let metric = Metric::MeanLoss(LossKind::ZeroOne);
            let options = HeatMapOptions { bins, ..heat_options(vec![0], BinRule::EqualWidth, metric) };
            let map = matrix.heat_map(&RowMask::all(n), &options);
            let (low, high) = (x(0), x(n - 1));
            let step = (high - low) / f64::from(bins);
            let mut expected = vec![0_u64; bins as usize];
            for i in 0..n {
                let bin = (1..bins).filter(|b| x(i) > f64::from(*b) * step + low).count();
                expected[bin] += 1;
            }
            assert_eq!(map.cells.iter().map(|c| c.n).collect::<Vec<_>>(), expected, "{bins}");
        }
    });
}

#[test]
fn planted_slices_are_found_and_hold_their_rows() {
    people(6_000, 3).matrix(LossKind::ZeroOne, |matrix, context| {
        let options = FinderOptions {
            search: SliceOptions { min_rows: 20, k: 8, ..SliceOptions::default() },
            min_support: 0.01,
            bins: 5,
            merge_overlap: 0.9,
            honest: true,
            confidence: Confidence::at(0.95),
            permutations: (0, 0),
        };
        let mask = RowMask::all(matrix.n_rows());
        let found = matrix.slices(&mask, &options, &|| false);
        let measured = matrix.learn_and_measure(&mask, true).1;
        for slice in found.by_score.iter().chain(&found.by_difference) {
            let rows = rows_of(&slice.predicate, context.test.dataset);
            let rows: Vec<u32> = rows.into_iter().filter(|r| measured.binary_search(r).is_ok()).collect();
            assert_eq!((slice.sums.rows, slice.sums.loss() as u64), (rows.len() as u64, errors(context, &rows)));
            assert!(slice.searched.0 <= slice.searched.1);
            // Halves: what was found is not what is measured.
            assert_ne!(slice.found.sums, slice.sums);
        }
        let best = &found.by_difference[0];
        assert!(best.says.contains("age > ") && best.says.contains("the \"smoker\" = yes"), "{}", best.says);
        assert!(best.adjusted() < 1e-6 && best.ratio.value.unwrap() > 2.5, "{best:?}");
        assert!(best.gain.unwrap() > 0.1);
    });
}

#[test]
fn near_duplicates_are_told_as_one() {
    let mut run = people(2_000, 4);
    let copy = run.columns[1].1.clone();
    run.columns.push(("copy".to_owned(), copy));
    run.matrix(LossKind::ZeroOne, |matrix, _| {
        let options = FinderOptions {
            search: SliceOptions { min_rows: 20, k: 5, max_terms: 2, ..SliceOptions::default() },
            min_support: 0.01,
            bins: 5,
            merge_overlap: 0.9,
            honest: false,
            confidence: Confidence::at(0.95),
            permutations: (0, 0),
        };
        let found = matrix.slices(&RowMask::all(matrix.n_rows()), &options, &|| false);
        let merged = found.by_score.iter().find(|s| s.says.contains("smoker")).unwrap();
        assert!(merged.also.iter().any(|a| a.contains("copy")), "{:?}", merged.also);
        assert!(found.by_score.iter().all(|s| s.confirmed.is_none()));
    });
}

#[test]
fn what_goes_with_errors_is_ranked() {
    people(4_000, 5).matrix(LossKind::ZeroOne, |matrix, _| {
        let list = matrix.association(&RowMask::all(matrix.n_rows()), 199, 100, 0.95, 1);
        let first: Vec<&str> = list.iter().take(2).map(|a| a.name.as_str()).collect();
        assert!(first.contains(&"age") && first.contains(&"the \"smoker\""), "{first:?}");
        assert!(list[0].adjusted.unwrap() < 0.05 && list[4].adjusted.unwrap() > 0.05);
        // Eight bins and missing values.
        assert_eq!(list.iter().find(|a| a.name == "age").unwrap().n_levels, 9);
    });
}

#[test]
fn halves_do_not_hang_on_the_order_of_rows() {
    let run = people(800, 6);
    let turn = |values: &MemoryColumn| match values {
        MemoryColumn::Numbers(v) => MemoryColumn::Numbers(v.iter().rev().copied().collect()),
        MemoryColumn::Datetimes(v) => MemoryColumn::Datetimes(v.iter().rev().copied().collect()),
        MemoryColumn::Names(v) => MemoryColumn::Names(v.iter().rev().cloned().collect()),
        MemoryColumn::Booleans(v) => MemoryColumn::Booleans(v.iter().rev().copied().collect()),
    };
    let (Targets::Class(truth), Targets::Class(predicted)) = (&run.truth, &run.predicted) else { panic!("classes") };
    let rows: Vec<(u16, u16)> = truth.iter().rev().copied().zip(predicted.iter().rev().copied()).collect();
    let mut turned = Run::binary(&rows);
    turned.columns = run.columns.iter().map(|(name, c)| (name.clone(), turn(c))).collect();
    let tree = |run: &Run| {
        run.matrix(LossKind::ZeroOne, |m, _| {
            let tree = m.tree(&RowMask::all(m.n_rows()), &tree_options(true));
            tree.nodes.iter().map(|n| (n.predicate.clone(), n.sums)).collect::<Vec<_>>()
        })
    };
    assert_eq!(tree(&run), tree(&turned));
    // Halves of equal rows are about half of them, not all or none.
    let same = Run::binary(&vec![(0, 1); 1_000]).numbers("x", vec![1.0; 1_000]);
    let n = same.matrix(LossKind::ZeroOne, |m, _| m.halves(&RowMask::all(1_000)).0.len());
    assert!((430..570).contains(&n), "{n}");
    let other = Run { seed: 18, ..people(800, 6) };
    assert_ne!(tree(&run), tree(&other));
}

#[test]
fn more_names_than_codes_keep_the_frequent_ones() {
    let n = 3_000;
    let name = |i: usize| if i % 3 == 0 { "zz".to_owned() } else { format!("name {:04}", i % 1_000) };
    let rows: Vec<(u16, u16)> = (0..n).map(|i| (0, u16::from(i % 3 == 0 && i % 2 == 0))).collect();
    let run = Run::binary(&rows).column("who", MemoryColumn::Names((0..n).map(|i| Some(name(i))).collect()));
    run.matrix(LossKind::ZeroOne, |matrix, context| {
        let tree = matrix.tree(&RowMask::all(n), &tree_options(false));
        let worst = tree.nodes.iter().find(|n| n.sums.loss() >= 500.0 && n.parent.is_some()).unwrap();
        assert_eq!(worst.predicate, "\"who\" = 'zz'");
        for node in tree.nodes.iter().skip(1) {
            assert_eq!(rows_of(&node.predicate, context.test.dataset).len() as u64, node.sums.rows);
        }
    });
}

/// Three classes in two bins; in the first: truth 0 said 0 twice and 1 once, truth 1 said 1, truth 2 said 0.
#[test]
fn metrics_of_several_classes() {
    let first = [(0, 0), (0, 0), (0, 1), (1, 1), (2, 0)];
    let second = [(1, 1), (2, 2)];
    let mut run = Run::binary(&[]);
    run.task = Task::Multiclass;
    run.classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let all: Vec<(u16, u16)> = first.iter().chain(&second).copied().collect();
    run.truth = Targets::Class(all.iter().map(|r| r.0).collect());
    run.predicted = Targets::Class(all.iter().map(|r| r.1).collect());
    let mut run = run.names("place", ["x", "x", "x", "x", "x", "y", "y"]);
    let cell = |run: &Run, metric: &str, place: &str| {
        value(&run.answer().unwrap(), &format!("errors.{metric}.cell[place={place}]")).unwrap()
    };
    let mut measured = |metric: &str, place: &str| {
        run.params = json!({"heat_map": ["place"], "metric": metric, "max_terms": 0});
        cell(&run, metric, place)
    };
    let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-12, "{x} {y}");
    // Precisions 2/3, 1/2, 0; recalls 2/3, 1, 0; F1 2/3, 2/3, 0.
    close(measured("precision_macro", "x"), (2.0 / 3.0 + 0.5) / 3.0);
    close(measured("recall_macro", "x"), (2.0 / 3.0 + 1.0) / 3.0);
    close(measured("f1_macro", "x"), 4.0 / 9.0);
    close(measured("precision_micro", "x"), 0.6);
    close(measured("f1_micro", "x"), 0.6);
    close(measured("accuracy", "x"), 0.6);
    close(measured("error_rate", "x"), 0.4);
    close(measured("f1_macro", "y"), 1.0);
    assert_eq!(Metric::Classes("f1_macro", equipoise_kernels::Average::MacroF1).title(), "Macro F1");
    assert_eq!(Metric::Classes("recall_micro", equipoise_kernels::Average::Accuracy).title(), "Micro recall");
}

/// Counts and weights of 1 give the same map, whatever is shown.
#[test]
fn counted_cells_are_those_of_unit_weights() {
    let run = people(3_000, 8);
    let weighted = Run { weight: Some(vec![1.0; 3_000]), ..people(3_000, 8) };
    let map = |run: &Run, loss: LossKind, metric: Metric| {
        run.matrix(loss, |matrix, _| {
            let options = HeatMapOptions {
                columns: vec![0, 2],
                rule: BinRule::Quantile,
                bins: 5,
                min_rows: 20,
                metric,
                confidence: Confidence::at(0.95),
                honest: false,
            };
            let map = matrix.heat_map(&RowMask::all(3_000), &options);
            map.cells.iter().map(|c| (c.n, c.value, c.coverage, c.predicate.clone())).collect::<Vec<_>>()
        })
    };
    for loss in [LossKind::ZeroOne, LossKind::FalsePositive, LossKind::FalseNegative] {
        for metric in Metric::known(Task::Binary, loss) {
            assert_eq!(map(&run, loss, metric), map(&weighted, loss, metric));
        }
    }
}

#[test]
fn permutations_adjust_by_the_largest_statistic() {
    let mut run = people(4_000, 12);
    run.params = json!({"slice_permutations": 199, "honest": false, "max_terms": 2});
    let section = run.answer().unwrap();
    check_tables(&section);
    let table = section.tables.iter().find(|t| t.id == "sure_slices").unwrap();
    let Cells::Number(p) = &table.get("p_max_t").unwrap().cells else { panic!("numbers") };
    // The planted slice is never reached by chance.
    assert_eq!(p[0], Some(1.0 / 200.0));
    assert!(p.iter().flatten().all(|p| *p >= 1.0 / 200.0 && *p <= 1.0));
    let tested = section.estimates.iter().filter_map(|e| e.p_value.as_ref()).any(|p| p.method == "welch_z, max_t");
    assert!(tested);
    let mut weighted = Run { weight: Some(vec![1.0; 4_000]), ..people(4_000, 12) };
    weighted.params = run.params;
    assert!(codes(&weighted.answer().unwrap()).contains(&"no_permutations"));
}

#[test]
fn slices_of_any_length_hold_their_rows() {
    people(2_000, 13).matrix(LossKind::ZeroOne, |matrix, _| {
        let found = matrix.frequent(&RowMask::all(2_000), 4, 0.002);
        assert!(found.is_complete && found.slices.iter().any(|s| s.terms.len() > 3));
        assert!(found.slices.iter().all(|s| s.sums.rows >= 4));
    });
}
