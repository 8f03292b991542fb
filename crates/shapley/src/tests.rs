//! Against the definition: every coalition is asked.

use equipoise_models::{
    TreeEnsemble,
    trees::{Categories, Comparison, EnsembleParts, Feature, Link, Node, Rule, Tree, TreeParts},
};

use crate::{
    Attributions, Background, Interaction, Method, Options, Players, Precision, ShapleyError, TreeExplainer,
    machine::Machine, reference::beta,
};

/// Small numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

/// What to grow.
#[derive(Clone, Copy)]
struct Plan {
    n_numbers: usize,
    n_trees: usize,
    n_outputs: usize,
    /// Leaves hold a value for each output.
    wide: bool,
    depth: usize,
}

const CODES: u32 = 5;

/// A random ensemble over numbers and one category, with covers that some nodes have none of.
fn grown(dice: &mut Dice, plan: Plan) -> TreeEnsemble {
    let mut features: Vec<Feature> = (0..plan.n_numbers).map(|i| Feature::number(format!("x{i}"))).collect();
    features.push(Feature::category("c", Categories::named((0..CODES).map(|c| format!("c{c}")).collect())));
    let trees = (0..plan.n_trees).map(|index| {
        let mut parts = TreeParts {
            output: (!plan.wide).then_some(index % plan.n_outputs),
            covers: Some(Vec::new()),
            ..TreeParts::default()
        };
        let width = if plan.wide { plan.n_outputs } else { 1 };
        let cover = 200.0_f64;
        branch(dice, &mut parts, &features, width, plan.depth, cover);
        Tree::new(parts, plan.n_outputs).unwrap()
    });
    let trees = trees.collect();
    let base = (0..plan.n_outputs).map(|k| k as f64 - 0.5).collect();
    TreeEnsemble::new(EnsembleParts { features, trees, base, scale: 0.5, ..EnsembleParts::default() }).unwrap()
}

fn branch(
    dice: &mut Dice,
    parts: &mut TreeParts,
    features: &[Feature],
    width: usize,
    depth: usize,
    cover: f64,
) -> usize {
    let at = parts.nodes.len();
    parts.covers.as_mut().unwrap().push(cover);
    if depth == 0 || (at > 0 && dice.below(5) == 0) {
        parts.nodes.push(Node::Leaf(parts.values.len() / width));
        parts.values.extend((0..width).map(|_| dice.unit() * 2.0 - 1.0));
        return at;
    }
    let feature = dice.below(features.len());
    let missing_left = dice.below(2) == 0;
    let rule = if feature + 1 == features.len() {
        let listed: Vec<u32> = (0..CODES).filter(|_| dice.below(2) == 0).collect();
        Rule::Categories { listed: listed.into(), listed_left: dice.below(2) == 0, missing_left }
    } else {
        Rule::Threshold {
            threshold: dice.below(9) as f64 / 8.0,
            comparison: if dice.below(2) == 0 { Comparison::Less } else { Comparison::LessOrEqual },
            zero_is_missing: dice.below(6) == 0,
            missing_left,
        }
    };
    parts.nodes.push(Node::Leaf(usize::MAX));
    let left_cover = if dice.below(9) == 0 { 0.0 } else { (cover * dice.unit()).round() };
    let left = branch(dice, parts, features, width, depth - 1, left_cover);
    let right = branch(dice, parts, features, width, depth - 1, cover - left_cover);
    parts.nodes[at] = Node::Split { feature, rule, left, right };
    at
}

fn rows(dice: &mut Dice, n: usize, n_numbers: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for _ in 0..n {
        out.extend((0..n_numbers).map(|_| match dice.below(8) {
            0 => f64::NAN,
            1 => 0.0,
            // Often exactly on a threshold.
            _ => dice.below(17) as f64 / 16.0,
        }));
        out.push(if dice.below(8) == 0 { f64::NAN } else { dice.below(CODES as usize) as f64 });
    }
    out
}

/// What the trees say when only some features are known: both branches of other splits, by their covers.
fn conditional(ensemble: &TreeEnsemble, row: &[f64], known: usize) -> Vec<f64> {
    fn down(tree: &Tree, at: usize, row: &[f64], known: usize, weight: f64, add: &mut dyn FnMut(usize, f64)) {
        match &tree.nodes()[at] {
            Node::Leaf(leaf) => add(*leaf, weight),
            Node::Split { feature, rule, left, right } if known >> feature & 1 == 1 => {
                let next = if rule.goes_left(row[*feature]) { *left } else { *right };
                down(tree, next, row, known, weight, add);
            }
            Node::Split { left, right, .. } => {
                let covers = tree.covers().unwrap();
                let total = covers[*left] + covers[*right];
                let share = if total > 0.0 { covers[*left] / total } else { 0.5 };
                down(tree, *left, row, known, weight * share, add);
                down(tree, *right, row, known, weight * (1.0 - share), add);
            }
        }
    }
    let mut out = ensemble.base().to_vec();
    for tree in ensemble.trees() {
        let width = tree.values().len() / tree.n_leaves();
        let first = tree.output().unwrap_or(0);
        down(tree, 0, row, known, ensemble.scale(), &mut |leaf, weight| {
            for k in 0..width {
                out[first + k] += weight * tree.values()[leaf * width + k];
            }
        });
    }
    out
}

/// Mean margin of mixtures of a row and background rows.
fn mixed(ensemble: &TreeEnsemble, row: &[f64], background: &[f64], weights: &[f64], known: usize) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let mut out = vec![0.0; ensemble.n_outputs()];
    for (other, weight) in background.chunks_exact(row.len()).zip(weights) {
        let mixture: Vec<f64> = (0..row.len()).map(|i| if known >> i & 1 == 1 { row[i] } else { other[i] }).collect();
        let margins = ensemble.margins_of_encoded(&mixture);
        out.iter_mut().zip(margins).for_each(|(sum, m)| *sum += weight / total * m);
    }
    out
}

/// Shapley values and both interaction matrices of a game, by definition.
struct Played {
    values: Vec<f64>,
    shapley: Vec<f64>,
    taylor: Vec<f64>,
}

fn played(n: usize, n_outputs: usize, game: &dyn Fn(usize) -> Vec<f64>) -> Played {
    let answers: Vec<Vec<f64>> = (0..1 << n).map(game).collect();
    let mut out = Played {
        values: vec![0.0; n * n_outputs],
        shapley: vec![0.0; n * n * n_outputs],
        taylor: vec![0.0; n * n * n_outputs],
    };
    for k in 0..n_outputs {
        let v: Vec<f64> = answers.iter().map(|answer| answer[k]).collect();
        for i in 0..n {
            for s in (0..1_usize << n).filter(|s| s >> i & 1 == 0) {
                let size = s.count_ones() as usize;
                // |S|!(n−|S|−1)!/n!
                out.values[i * n_outputs + k] += beta(size, n - 1 - size) * (v[s | 1 << i] - v[s]);
                for j in (0..n).filter(|j| *j != i && s >> j & 1 == 0) {
                    let delta = v[s | 1 << i | 1 << j] - v[s | 1 << i] - v[s | 1 << j] + v[s];
                    let at = (i * n + j) * n_outputs + k;
                    // |S|!(n−|S|−2)!/(n−1)!
                    out.shapley[at] += 0.5 * beta(size, n - 2 - size) * delta;
                    let choose: f64 = (0..size).map(|c| (n - 1 - c) as f64 / (c + 1) as f64).product();
                    out.taylor[at] += 0.5 * 2.0 / n as f64 / choose * delta;
                }
            }
        }
        for i in 0..n {
            let others: f64 = (0..n).filter(|j| *j != i).map(|j| out.shapley[(i * n + j) * n_outputs + k]).sum();
            out.shapley[(i * n + i) * n_outputs + k] = out.values[i * n_outputs + k] - others;
            out.taylor[(i * n + i) * n_outputs + k] = v[1 << i] - v[0];
        }
    }
    out
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance, "{what}: number {at} is {f}, not {e}");
    }
}

const PLANS: [Plan; 5] = [
    Plan { n_numbers: 5, n_trees: 7, n_outputs: 1, wide: false, depth: 4 },
    Plan { n_numbers: 3, n_trees: 6, n_outputs: 3, wide: false, depth: 5 },
    Plan { n_numbers: 4, n_trees: 4, n_outputs: 2, wide: true, depth: 6 },
    Plan { n_numbers: 2, n_trees: 3, n_outputs: 1, wide: false, depth: 9 },
    Plan { n_numbers: 8, n_trees: 3, n_outputs: 1, wide: false, depth: 7 },
];

fn options<'a>(method: Method<'a>, precision: Precision) -> Options<'a> {
    Options { method, precision, ..Options::default() }
}

fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::Fast => 2e-6,
        Precision::Exact => 1e-12,
    }
}

#[test]
fn path_dependent_is_the_definition() {
    let mut dice = Dice(11);
    for plan in PLANS {
        let ensemble = grown(&mut dice, plan);
        let n = plan.n_numbers + 1;
        let rows = rows(&mut dice, 70, plan.n_numbers);
        for precision in [Precision::Fast, Precision::Exact] {
            let explainer = TreeExplainer::new(&ensemble, &options(Method::PathDependent, precision)).unwrap();
            let found = explainer.explain(&rows).unwrap();
            let shapley = explainer.interactions(&rows, Interaction::Shapley).unwrap();
            let taylor = explainer.interactions(&rows, Interaction::ShapleyTaylor).unwrap();
            let near = tolerance(precision);
            for (at, row) in rows.chunks_exact(n).enumerate() {
                let game = |known: usize| conditional(&ensemble, row, known);
                let expected = played(n, plan.n_outputs, &game);
                assert_near(&found.base, &game(0), 1e-12, "base");
                let width = n * plan.n_outputs;
                assert_near(&found.values[at * width..][..width], &expected.values, near, "values");
                assert_near(&shapley.values[at * n * width..][..n * width], &expected.shapley, near, "interactions");
                assert_near(&taylor.values[at * n * width..][..n * width], &expected.taylor, near, "Shapley-Taylor");
            }
        }
    }
}

#[test]
fn interventional_is_the_definition() {
    let mut dice = Dice(23);
    for plan in PLANS {
        let ensemble = grown(&mut dice, plan);
        let n = plan.n_numbers + 1;
        let given = rows(&mut dice, 9, plan.n_numbers);
        let rows = rows(&mut dice, 66, plan.n_numbers);
        let weights: Vec<f64> = (0..9).map(|_| dice.below(4) as f64).collect();
        for precision in [Precision::Fast, Precision::Exact] {
            let background = Background { rows: &given, weights: Some(&weights) };
            let explainer =
                TreeExplainer::new(&ensemble, &options(Method::Interventional(background), precision)).unwrap();
            let found = explainer.explain(&rows).unwrap();
            let shapley = explainer.interactions(&rows, Interaction::Shapley).unwrap();
            let taylor = explainer.interactions(&rows, Interaction::ShapleyTaylor).unwrap();
            let near = tolerance(precision);
            for (at, row) in rows.chunks_exact(n).enumerate().take(12) {
                let game = |known: usize| mixed(&ensemble, row, &given, &weights, known);
                let expected = played(n, plan.n_outputs, &game);
                assert_near(&found.base, &game(0), 1e-12, "base");
                let width = n * plan.n_outputs;
                assert_near(&found.values[at * width..][..width], &expected.values, near, "values");
                assert_near(&shapley.values[at * n * width..][..n * width], &expected.shapley, near, "interactions");
                assert_near(&taylor.values[at * n * width..][..n * width], &expected.taylor, near, "Shapley-Taylor");
            }
        }
    }
}

fn sums(found: &Attributions) -> Vec<f64> {
    let mut out = Vec::new();
    for row in found.rows() {
        for (k, base) in found.base.iter().enumerate() {
            out.push(base + row.iter().skip(k).step_by(found.n_outputs).sum::<f64>());
        }
    }
    out
}

#[test]
fn attributions_add_up_to_the_margin() {
    let mut dice = Dice(5);
    let plan = Plan { n_numbers: 30, n_trees: 20, n_outputs: 2, wide: false, depth: 14 };
    let ensemble = grown(&mut dice, plan);
    let given = rows(&mut dice, 20, plan.n_numbers);
    let rows = rows(&mut dice, 130, plan.n_numbers);
    let background = Background { rows: &given, weights: None };
    for method in [Method::PathDependent, Method::PathDependentOver(background), Method::Interventional(background)] {
        let explainer = TreeExplainer::new(&ensemble, &options(method, Precision::Exact)).unwrap();
        let found = explainer.explain(&rows).unwrap();
        let margins = explainer.margins(&rows).unwrap();
        assert_near(&margins, &ensemble.margins_of_encoded(&rows), 1e-12, "margins");
        assert_near(&sums(&found), &margins, 1e-11, "sums");
    }
}

#[test]
fn the_same_bytes_for_any_cut_and_number_of_threads() {
    let mut dice = Dice(6);
    let plan = PLANS[0];
    let ensemble = grown(&mut dice, plan);
    let rows = rows(&mut dice, 200, plan.n_numbers);
    let explainer = TreeExplainer::new(&ensemble, &Options::default()).unwrap();
    let whole = explainer.explain(&rows).unwrap();
    let n = plan.n_numbers + 1;
    let parts: Vec<f64> = rows.chunks(37 * n).flat_map(|part| explainer.explain(part).unwrap().values).collect();
    assert_eq!(whole.values, parts);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| explainer.explain(&rows).unwrap()), whole);
}

#[test]
fn covers_counted_from_rows_are_training_rows() {
    let mut dice = Dice(9);
    let plan = PLANS[1];
    let ensemble = grown(&mut dice, plan);
    let given = rows(&mut dice, 300, plan.n_numbers);
    let rows = rows(&mut dice, 20, plan.n_numbers);
    // The same trees with the covers that these rows leave.
    let trees = ensemble.trees().iter().map(|tree| {
        let mut covers = vec![0.0; tree.nodes().len()];
        for row in given.chunks_exact(plan.n_numbers + 1) {
            let mut at = 0;
            loop {
                covers[at] += 1.0;
                let Node::Split { feature, rule, left, right } = &tree.nodes()[at] else { break };
                at = if rule.goes_left(row[*feature]) { *left } else { *right };
            }
        }
        let (nodes, values) = (tree.nodes().to_vec(), tree.values().to_vec());
        let parts = TreeParts { nodes, values, output: tree.output(), covers: Some(covers), linear: Vec::new() };
        Tree::new(parts, plan.n_outputs).unwrap()
    });
    let counted = TreeEnsemble::new(EnsembleParts {
        features: ensemble.features().to_vec(),
        trees: trees.collect(),
        base: ensemble.base().to_vec(),
        scale: ensemble.scale(),
        ..EnsembleParts::default()
    });
    let own = TreeExplainer::new(&counted.unwrap(), &options(Method::PathDependent, Precision::Exact)).unwrap();
    let background = Background { rows: &given, weights: None };
    let over =
        TreeExplainer::new(&ensemble, &options(Method::PathDependentOver(background), Precision::Exact)).unwrap();
    assert_near(&own.explain(&rows).unwrap().values, &over.explain(&rows).unwrap().values, 1e-13, "values");
}

/// One split on `x` at 0.5 with 3 of 4 training rows on the left; leaves 1 and 5.
fn stump() -> TreeParts {
    let rule = Rule::Threshold {
        threshold: 0.5,
        comparison: Comparison::LessOrEqual,
        zero_is_missing: false,
        missing_left: true,
    };
    TreeParts {
        nodes: vec![Node::Split { feature: 0, rule, left: 1, right: 2 }, Node::Leaf(0), Node::Leaf(1)],
        values: vec![1.0, 5.0],
        output: Some(0),
        covers: Some(vec![4.0, 3.0, 1.0]),
        linear: Vec::new(),
    }
}

fn stump_of(parts: TreeParts) -> TreeEnsemble {
    TreeEnsemble::new(EnsembleParts {
        features: vec![Feature::number("x"), Feature::number("unused")],
        trees: vec![Tree::new(parts, 1).unwrap()],
        base: vec![10.0],
        scale: 1.0,
        ..EnsembleParts::default()
    })
    .unwrap()
}

#[test]
fn a_stump_by_hand() {
    let ensemble = stump_of(stump());
    let rows = [0.2, 7.0, 0.9, 7.0, f64::NAN, 7.0];
    // Without knowing x: 10 + ¾·1 + ¼·5 = 12. On the left 11, on the right 15; missing goes left.
    let found = TreeExplainer::new(&ensemble, &Options::default()).unwrap().explain(&rows).unwrap();
    assert_near(&found.base, &[12.0], 1e-15, "base");
    assert_near(&found.values, &[-1.0, 0.0, 3.0, 0.0, -1.0, 0.0], 1e-6, "values");
    // Against one background row on the right: 15.
    let background = Background { rows: &[1.0, 0.0], weights: None };
    let explainer = TreeExplainer::new(&ensemble, &options(Method::Interventional(background), Precision::Exact));
    let found = explainer.unwrap().explain(&rows).unwrap();
    assert_near(&found.base, &[15.0], 1e-15, "base");
    assert_near(&found.values, &[-4.0, 0.0, 0.0, 0.0, -4.0, 0.0], 1e-15, "values");
}

#[test]
fn what_cannot_be_explained_is_said() {
    let bare = stump_of(TreeParts { covers: None, ..stump() });
    let error = TreeExplainer::new(&bare, &Options::default()).unwrap_err();
    assert_eq!(error, ShapleyError::NoCovers { tree: 0 });
    assert_eq!(
        error.to_string(),
        "tree 0 does not say how many training rows reached its nodes\n\
         hint: give rows to count them by, or use the interventional method"
    );
    let over = |rows: &[f64], weights: Option<&[f64]>| {
        let method = Method::Interventional(Background { rows, weights });
        TreeExplainer::new(&bare, &options(method, Precision::Fast)).unwrap_err()
    };
    assert_eq!(over(&[], None), ShapleyError::EmptyBackground);
    assert_eq!(over(&[1.0, 2.0], Some(&[0.0])), ShapleyError::EmptyBackground);
    assert_eq!(over(&[1.0, 2.0], Some(&[-1.0])), ShapleyError::BadWeight { row: 0, weight: -1.0 });
    assert_eq!(over(&[1.0], None), ShapleyError::Shape { what: "values", found: 1, expected: 2 });
    assert_eq!(over(&[1.0, 2.0], Some(&[1.0, 1.0])), ShapleyError::Shape { what: "weights", found: 2, expected: 1 });
    let ensemble = stump_of(stump());
    let tight = Options { memory_budget: 100, ..Options::default() };
    assert!(matches!(TreeExplainer::new(&ensemble, &tight), Err(ShapleyError::Memory { .. })));
    let explainer = TreeExplainer::new(&ensemble, &Options::default()).unwrap();
    assert_eq!(explainer.explain(&[1.0, 2.0, 3.0]), Err(ShapleyError::Shape { what: "values", found: 3, expected: 4 }));
}

#[test]
fn grouped_features_are_one_player() {
    let mut dice = Dice(31);
    let plan = Plan { n_numbers: 5, n_trees: 5, n_outputs: 1, wide: false, depth: 5 };
    let ensemble = grown(&mut dice, plan);
    let rows = rows(&mut dice, 10, plan.n_numbers);
    // Features 0, 2 and 4 are one column, the others are columns by themselves.
    let (of, names) = ([0, 1, 0, 2, 0, 3], ["a", "b", "c", "d"].map(str::to_owned));
    let players = Players::Groups { of: &of, names: &names };
    let explainer =
        TreeExplainer::new(&ensemble, &Options { players, precision: Precision::Exact, ..Options::default() });
    let explainer = explainer.unwrap();
    assert_eq!(explainer.names(), names);
    let found = explainer.explain(&rows).unwrap();
    for (at, row) in rows.chunks_exact(6).enumerate() {
        let game = |known: usize| {
            let features = (0..6).filter(|f| known >> of[*f] & 1 == 1).fold(0, |set, f| set | 1 << f);
            conditional(&ensemble, row, features)
        };
        assert_near(&found.values[at * 4..][..4], &played(4, 1, &game).values, 1e-12, "values");
    }
    let few = Players::Groups { of: &of, names: &names[..2] };
    let error = TreeExplainer::new(&ensemble, &Options { players: few, ..Options::default() }).unwrap_err();
    assert_eq!(error, ShapleyError::Group { feature: 3, group: 2, count: 2 });
}

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

#[test]
fn trees_without_a_split_are_their_base() {
    let leaf = TreeParts {
        nodes: vec![Node::Leaf(0)],
        values: vec![2.0],
        output: Some(0),
        covers: Some(vec![5.0]),
        linear: Vec::new(),
    };
    let ensemble = stump_of(leaf);
    let background = Background { rows: &[1.0, 1.0], weights: None };
    for method in [Method::PathDependent, Method::Interventional(background)] {
        let explainer = TreeExplainer::new(&ensemble, &options(method, Precision::Fast)).unwrap();
        let found = explainer.explain(&[0.0, 0.0]).unwrap();
        assert_eq!((found.base, found.values), (vec![12.0], vec![0.0, 0.0]));
        assert_eq!(explainer.margins(&[0.0, 0.0]).unwrap(), [12.0]);
    }
}

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
