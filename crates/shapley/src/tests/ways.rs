//! All ways of working trees out say the same, on every machine.

use super::*;
use crate::machine::Machine;

#[test]
fn every_kind_of_machine_gives_the_same() {
    let mut dice = Dice(77);
    for plan in [PLANS[1], Plan { n_numbers: 14, n_trees: 4, n_outputs: 2, wide: true, depth: 11 }] {
        let ensemble = grown(&mut dice, plan);
        let given = rows(&mut dice, 150, plan.n_numbers);
        let rows = rows(&mut dice, 130, plan.n_numbers);
        let background = Background { rows: &given, weights: None };
        for method in [Method::PathDependent, Method::Interventional(background)] {
            for precision in [Precision::Fast, Precision::Exact] {
                let explainer = TreeExplainer::new(&ensemble, &options(method, precision)).unwrap();
                let best = explainer.explain(&rows).unwrap();
                for machine in Machine::all() {
                    let near = tolerance(precision);
                    let other = explainer.clone().on(machine).explain(&rows).unwrap();
                    assert_near(&other.values, &best.values, near, "made for another machine");
                    let own = TreeExplainer::all_on(machine, &ensemble, &options(method, precision));
                    assert_near(&own.explain(&rows).unwrap().values, &best.values, near, "made for it");
                }
            }
        }
    }
}

/// A deep tree over one number of many thresholds and a category of many codes, and some others: tables of up to twelve
/// bits, and lanes of one and of two bytes.
fn many_thresholds(dice: &mut Dice) -> TreeEnsemble {
    let names = (0..300).map(|c| format!("c{c}")).collect();
    let mut features: Vec<Feature> = (0..9).map(|i| Feature::number(format!("x{i}"))).collect();
    features.push(Feature::category("c", Categories::named(names)));
    let trees = (0..12).map(|_| {
        let mut parts = TreeParts { output: Some(0), covers: Some(Vec::new()), ..TreeParts::default() };
        let mut grow = vec![(usize::MAX, true, 0, 4096.0)];
        while let Some((above, is_left, depth, cover)) = grow.pop() {
            let at = parts.nodes.len();
            if let Some(Node::Split { left, right, .. }) = parts.nodes.get_mut(above) {
                *(if is_left { left } else { right }) = at;
            }
            parts.covers.as_mut().unwrap().push(cover);
            if depth == 10 || (depth > 2 && dice.below(3) == 0) {
                parts.nodes.push(Node::Leaf(parts.values.len()));
                parts.values.push(dice.unit() - 0.5);
                continue;
            }
            let feature = dice.below(10);
            let rule = if feature == 9 {
                let listed: Vec<u32> = (0..300).filter(|_| dice.below(2) == 0).collect();
                Rule::Categories { listed: listed.into(), listed_left: true, missing_left: dice.below(2) == 0 }
            } else {
                Rule::Threshold {
                    threshold: if feature == 0 { dice.unit() } else { dice.below(9) as f64 / 8.0 },
                    comparison: Comparison::LessOrEqual,
                    zero_is_missing: false,
                    missing_left: false,
                }
            };
            parts.nodes.push(Node::Split { feature, rule, left: 0, right: 0 });
            let share = cover * dice.unit();
            grow.push((at, false, depth + 1, cover - share));
            grow.push((at, true, depth + 1, share));
        }
        Tree::new(parts, 1).unwrap()
    });
    let trees = trees.collect();
    TreeEnsemble::new(EnsembleParts { features, trees, base: vec![0.25], scale: 1.0, ..EnsembleParts::default() })
        .unwrap()
}

#[test]
fn tables_of_bytes_are_the_same_everywhere() {
    let mut dice = Dice(79);
    let ensemble = many_thresholds(&mut dice);
    let rows: Vec<f64> = (0..190)
        .flat_map(|_| {
            let mut row: Vec<f64> = (0..9).map(|_| if dice.below(9) == 0 { f64::NAN } else { dice.unit() }).collect();
            row.push(if dice.below(9) == 0 { f64::NAN } else { dice.below(300) as f64 });
            row
        })
        .collect();
    for precision in [Precision::Fast, Precision::Exact] {
        let swept = TreeExplainer::new(&ensemble, &options(Method::PathDependent, precision)).unwrap();
        let (bytes, swept) = (swept.clone().by_bytes(precision), swept.by_tables(precision, false));
        let expected = swept.explain(&rows).unwrap();
        let found = bytes.explain(&rows).unwrap();
        assert_near(&found.values, &expected.values, tolerance(precision), "values");
        assert_near(&sums(&found), &bytes.margins(&rows).unwrap(), tolerance(precision), "sums");
        for machine in Machine::all() {
            assert_eq!(bytes.clone().on(machine).explain(&rows).unwrap().values, found.values, "{machine:?}");
        }
        // Weights of a background are counted when they are the same, and added up when not.
        let given = &rows[..100 * 10];
        for weights in [None, Some(&(0..100).map(|i| f64::from(i % 3)).collect::<Vec<_>>()[..])] {
            let method = Method::Interventional(Background { rows: given, weights });
            let explainer = TreeExplainer::new(&ensemble, &options(method, precision)).unwrap();
            let expected = explainer.clone().by_comparing().explain(&rows).unwrap();
            assert_near(&explainer.explain(&rows).unwrap().values, &expected.values, tolerance(precision), "rows");
        }
    }
}

#[test]
fn tables_sweeps_and_comparisons_agree() {
    let mut dice = Dice(78);
    for plan in PLANS {
        let ensemble = grown(&mut dice, plan);
        let given = rows(&mut dice, 90, plan.n_numbers);
        let rows = rows(&mut dice, 70, plan.n_numbers);
        for precision in [Precision::Fast, Precision::Exact] {
            let swept = TreeExplainer::new(&ensemble, &options(Method::PathDependent, precision)).unwrap();
            let (looked_up, swept) = (swept.clone().by_tables(precision, true), swept.by_tables(precision, false));
            let near = tolerance(precision);
            let expected = swept.explain(&rows).unwrap();
            assert_near(&looked_up.explain(&rows).unwrap().values, &expected.values, near, "path-dependent");
            let method = Method::Interventional(Background { rows: &given, weights: None });
            let looked_up = TreeExplainer::new(&ensemble, &options(method, precision)).unwrap();
            let expected = looked_up.clone().by_comparing().explain(&rows).unwrap();
            assert_near(&looked_up.explain(&rows).unwrap().values, &expected.values, near, "interventional");
            // Without memory for tables the patterns are compared one by one.
            let tight = Options { memory_budget: 0, ..options(method, precision) };
            let one_by_one = TreeExplainer::new(&ensemble, &tight).unwrap();
            assert_near(&one_by_one.explain(&rows).unwrap().values, &expected.values, near, "one by one");
        }
    }
}
