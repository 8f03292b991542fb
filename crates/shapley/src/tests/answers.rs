//! What a model answers, against the definition.

use equipoise_models::trees::Link;

use super::*;

/// The same trees with a link.
fn linked(ensemble: &TreeEnsemble, link: Link) -> TreeEnsemble {
    TreeEnsemble::new(EnsembleParts {
        features: ensemble.features().to_vec(),
        trees: ensemble.trees().to_vec(),
        base: ensemble.base().to_vec(),
        scale: ensemble.scale(),
        link,
        ..EnsembleParts::default()
    })
    .unwrap()
}

#[test]
fn answers_are_the_definition() {
    let mut dice = Dice(41);
    for (plan, link) in [(PLANS[0], Link::Logistic { scale: 2.0 }), (PLANS[1], Link::Softmax), (PLANS[2], Link::Exp)] {
        let ensemble = linked(&grown(&mut dice, plan), link);
        let (n, k) = (plan.n_numbers + 1, plan.n_outputs);
        let given = rows(&mut dice, 7, plan.n_numbers);
        let rows = rows(&mut dice, 5, plan.n_numbers);
        let weights = [1.0, 2.0, 0.0, 1.0, 0.5, 3.0, 1.0];
        let method = Method::Interventional(Background { rows: &given, weights: Some(&weights) });
        let explainer = TreeExplainer::new(&ensemble, &options(method, Precision::Exact)).unwrap();
        let found = explainer.explain_answers(&rows).unwrap();
        let against = |row: &[f64], other: &[f64]| {
            let game = |known: usize| {
                let mut margins = mixed(&ensemble, row, other, &[1.0], known);
                link.apply(&mut margins, k);
                margins
            };
            (played(n, k, &game).values, game(0))
        };
        let (total, squares) = (weights.iter().sum::<f64>(), weights.iter().map(|w| w * w).sum::<f64>());
        for (at, row) in rows.chunks_exact(n).enumerate() {
            let (each, answers): (Vec<_>, Vec<_>) = given.chunks_exact(n).map(|other| against(row, other)).unzip();
            let mean = |numbers: &[Vec<f64>], of: &dyn Fn(&[f64]) -> f64| -> f64 {
                numbers.iter().zip(weights).map(|(one, w)| w / total * of(one)).sum()
            };
            let base: Vec<f64> = (0..k).map(|o| mean(&answers, &|one| one[o])).collect();
            assert_near(&found.attributions.base, &base, 1e-12, "base");
            let values: Vec<f64> = (0..n * k).map(|i| mean(&each, &|one| one[i])).collect();
            assert_near(&found.attributions.values[at * n * k..][..n * k], &values, 1e-12, "values");
            let share = squares / (total * total);
            let errors: Vec<f64> = (0..n * k)
                .map(|i| (mean(&each, &|one| (one[i] - values[i]).powi(2)) / (1.0 - share) * share).sqrt())
                .collect();
            let se = found.standard_errors.as_ref().unwrap();
            assert_near(&se[at * n * k..][..n * k], &errors, 1e-10, "standard errors");
        }
    }
}

/// Where more columns differ than have coalitions that can all be asked, orders are drawn, with an error that is as large as it
/// says.
#[test]
fn answers_of_many_columns_are_drawn() {
    let mut dice = Dice(43);
    let plan = Plan { n_numbers: 7, n_trees: 20, n_outputs: 2, wide: false, depth: 3 };
    let ensemble = linked(&grown(&mut dice, plan), Link::Softmax);
    let n = plan.n_numbers + 1;
    let given = rows(&mut dice, 3, plan.n_numbers);
    let rows = rows(&mut dice, 10, plan.n_numbers);
    let method = Method::Interventional(Background { rows: &given, weights: None });
    let exact = TreeExplainer::new(&ensemble, &options(method, Precision::Exact)).unwrap();
    let expected = exact.explain_answers(&rows).unwrap();
    assert_eq!(expected.sampling_errors, None);
    let mut z = Vec::new();
    for seed in 0..12 {
        let explainer = TreeExplainer::new(&ensemble, &Options { seed, ..options(method, Precision::Exact) }).unwrap();
        let explainer = explainer.drawing_beyond(3);
        let found = explainer.explain_answers(&rows).unwrap();
        // A row's draws are its own.
        let again = explainer.explain_answers(&rows[n..2 * n]).unwrap();
        assert_eq!(again.attributions.values, found.attributions.values[n * 2..2 * n * 2]);
        let mut answers = explainer.margins(&rows).unwrap();
        ensemble.link().apply(&mut answers, 2);
        assert_near(&sums(&found.attributions), &answers, 1e-12, "sums");
        let errors = found.sampling_errors.unwrap();
        for ((x, se), expected) in found.attributions.values.iter().zip(&errors).zip(&expected.attributions.values) {
            assert!(*se < 3e-3 && (x - expected).abs() <= 5.0 * se + 1e-9, "{x} {se} {expected}");
            if *se > 1e-9 {
                z.push((x - expected) / se);
            }
        }
    }
    let spread = (z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64).sqrt();
    assert!(z.len() > 500 && (0.85..=1.15).contains(&spread), "{} {spread}", z.len());
}

#[test]
fn a_probability_by_hand() {
    // Margins of ln 3 on the left and 0 on the right: odds of 3 to 1 and of 1 to 1.
    let parts = TreeParts { values: vec![3.0_f64.ln(), 0.0], ..stump() };
    let ensemble = linked(&stump_of(parts), Link::Logistic { scale: 1.0 });
    let ensemble = TreeEnsemble::new(EnsembleParts {
        features: ensemble.features().to_vec(),
        trees: ensemble.trees().to_vec(),
        base: vec![0.0],
        scale: 1.0,
        link: Link::Logistic { scale: 1.0 },
        ..EnsembleParts::default()
    })
    .unwrap();
    let background = Background { rows: &[1.0, 0.0], weights: None };
    let explainer = TreeExplainer::new(&ensemble, &options(Method::Interventional(background), Precision::Fast));
    let found = explainer.unwrap().explain_answers(&[0.2, 7.0]).unwrap();
    assert_near(&found.attributions.base, &[0.5], 1e-15, "base");
    assert_near(&found.attributions.values, &[0.25, 0.0], 1e-15, "values");
    // One background row says nothing of a population.
    assert_eq!(found.standard_errors, None);
    let without = TreeExplainer::new(&ensemble, &Options::default()).unwrap();
    let error = without.explain_answers(&[0.2, 7.0]).unwrap_err();
    assert_eq!(error, ShapleyError::NeedsBackground { what: "an explanation of the model's answer" });
}
