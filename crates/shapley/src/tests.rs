//! Against the definition: every coalition is asked.

mod answers;
mod owen;
mod ways;

use equipoise_models::{
    TreeEnsemble,
    trees::{Categories, Comparison, EnsembleParts, Feature, Node, Rule, Tree, TreeParts},
};

use crate::{
    Attributions, Background, Interaction, Method, Options, Players, Precision, ShapleyError, TreeExplainer,
    reference::beta,
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
