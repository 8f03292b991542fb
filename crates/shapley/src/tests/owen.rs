//! Owen values against all orders of the groups and of the members within each.

use super::*;

/// Owen's values by definition: all orders of the groups, and of the members within each.
fn owen(groups: &[usize], n_outputs: usize, game: &dyn Fn(usize) -> Vec<f64>) -> Vec<f64> {
    fn orders(items: &[usize]) -> Vec<Vec<usize>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let rest = |i: usize| items.iter().copied().filter(|x| *x != items[i]).collect::<Vec<_>>();
        let with = |i: usize| orders(&rest(i)).into_iter().map(move |mut o| (o.push(items[i]), o).1);
        (0..items.len()).flat_map(with).collect()
    }
    let mut names = groups.to_vec();
    names.sort_unstable();
    names.dedup();
    let answers: Vec<Vec<f64>> = (0..1 << groups.len()).map(game).collect();
    let mut out = vec![0.0; groups.len() * n_outputs];
    let mut count = 0.0;
    for of_groups in orders(&names) {
        let mut all = vec![Vec::new()];
        for group in of_groups {
            let members: Vec<usize> = (0..groups.len()).filter(|i| groups[*i] == group).collect();
            let within = orders(&members);
            all = all.iter().flat_map(|start| within.iter().map(|end| [start.as_slice(), end].concat())).collect();
        }
        for order in all {
            count += 1.0;
            let mut here = 0;
            for i in order {
                for k in 0..n_outputs {
                    out[i * n_outputs + k] += answers[here | 1 << i][k] - answers[here][k];
                }
                here |= 1 << i;
            }
        }
    }
    out.iter().map(|x| x / count).collect()
}

#[test]
fn groups_of_columns_get_owen_values() {
    let mut dice = Dice(91);
    for (plan, groups) in [(PLANS[0], &[0, 1, 0, 2, 1, 1][..]), (PLANS[1], &[5, 5, 5, 2]), (PLANS[2], &[0, 1, 1, 0, 9])]
    {
        let ensemble = grown(&mut dice, plan);
        let n = plan.n_numbers + 1;
        let given = rows(&mut dice, 9, plan.n_numbers);
        let rows = rows(&mut dice, 40, plan.n_numbers);
        let weights: Vec<f64> = (0..9).map(|_| 1.0 + dice.below(3) as f64).collect();
        let background = Background { rows: &given, weights: Some(&weights) };
        for precision in [Precision::Fast, Precision::Exact] {
            for method in [Method::PathDependent, Method::Interventional(background)] {
                let explainer =
                    TreeExplainer::new(&ensemble, &Options { groups, ..options(method, precision) }).unwrap();
                let found = explainer.explain(&rows).unwrap();
                for (at, row) in rows.chunks_exact(n).enumerate().take(8) {
                    let game = |known: usize| match method {
                        Method::Interventional(_) => mixed(&ensemble, row, &given, &weights, known),
                        _ => conditional(&ensemble, row, known),
                    };
                    let expected = owen(groups, plan.n_outputs, &game);
                    let width = n * plan.n_outputs;
                    assert_near(&found.values[at * width..][..width], &expected, tolerance(precision), "values");
                }
                if let Method::Interventional(_) = method {
                    let compared = explainer.clone().by_comparing().explain(&rows).unwrap();
                    assert_near(&compared.values, &found.values, tolerance(precision), "compared");
                }
                let error = explainer.interactions(&rows, Interaction::Shapley).unwrap_err();
                assert_eq!(error, ShapleyError::Grouped { what: "interaction values" });
            }
        }
    }
    let ensemble = grown(&mut dice, PLANS[0]);
    let error = TreeExplainer::new(&ensemble, &Options { groups: &[0, 1], ..Options::default() }).unwrap_err();
    assert_eq!(error, ShapleyError::Shape { what: "groups", found: 2, expected: 6 });
    let deep = Plan { n_numbers: 30, n_trees: 1, n_outputs: 1, wide: false, depth: 20 };
    let groups: Vec<usize> = (0..31).map(|i| i / 2).collect();
    let error = (0..40).find_map(|_| {
        let ensemble = grown(&mut dice, deep);
        TreeExplainer::new(&ensemble, &Options { groups: &groups, ..Options::default() }).err()
    });
    assert_eq!(error, Some(ShapleyError::TooManyOnPath { tree: 0, limit: 12 }));
}
