//! The definition: brute force over every permitted row, and trees small enough to work out by hand.

use equipoise_models::TreeEnsemble;
use equipoise_models::trees::{
    Categories, Comparison, EnsembleParts, Feature, Link, Node, Precision, Rule, Tree, TreeParts,
};
use proptest::prelude::*;

use super::{Exact, Plain};
use crate::Plausible;
use crate::{
    Answers, Ask, CounterfactualError, Diversity, Finder, Grid, Kind, Limits, Method, Proof, Shortage, Space, Variable,
    Wish,
};

/// Trees over plain rows, with the logistic link.
pub(crate) struct Trees(pub(crate) TreeEnsemble);

impl Ask for Trees {
    fn n_outputs(&self) -> usize {
        self.0.n_outputs()
    }

    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        let mut margins = self.0.margins_of_encoded(rows);
        self.0.link().apply(&mut margins, self.0.n_outputs());
        Ok(margins)
    }
}

fn number(name: &str) -> Variable {
    let kind = Kind::Number { scale: 2.0, grid: Grid::Step(1.0), range: (0.0, 6.0) };
    Variable { name: name.into(), columns: vec![], kind, limits: Limits::default(), cost: 1.0 }
}

fn space(sparsity_weight: f64, max_changes: usize) -> Space {
    let mut variables = vec![number("a"), number("b"), number("c")];
    let kind = Kind::Category { n_codes: 4 };
    variables.push(Variable { name: "d".into(), columns: vec![], kind, limits: Limits::default(), cost: 0.7 });
    for (place, variable) in variables.iter_mut().enumerate() {
        variable.columns = vec![place];
    }
    Space::new(variables, Vec::new(), 4, sparsity_weight, max_changes).unwrap()
}

/// A tree of depth 3 out of random words.
fn tree(words: &[u32], comparison: Comparison) -> Tree {
    let mut nodes = Vec::new();
    let mut values = Vec::new();
    for (place, word) in words.iter().enumerate().take(7) {
        let feature = (word % 4) as usize;
        let missing_left = word & 64 > 0;
        let rule = if feature == 3 {
            let listed: Vec<u32> = (0..4).filter(|c| word >> (8 + c) & 1 == 1).collect();
            Rule::Categories { listed: listed.into(), listed_left: word & 32 > 0, missing_left }
        } else {
            let threshold = f64::from(word >> 8 & 15) / 2.0;
            Rule::Threshold { threshold, comparison, zero_is_missing: word & 16 > 0, missing_left }
        };
        nodes.push(Node::Split { feature, rule, left: 2 * place + 1, right: 2 * place + 2 });
    }
    for (leaf, word) in words.iter().enumerate().take(8) {
        nodes.push(Node::Leaf(leaf));
        values.push((f64::from(word >> 16 & 255) - 128.0) / 64.0);
    }
    Tree::new(TreeParts { nodes, values, output: Some(0), covers: None, linear: Vec::new() }, 1).unwrap()
}

fn ensemble(trees: Vec<Tree>, base: f64) -> Trees {
    let names = ["w", "x", "y", "z"].map(String::from).to_vec();
    let features = vec![
        Feature::number("a"),
        Feature::number("b"),
        Feature::number("c"),
        Feature::category("d", Categories::named(names)),
    ];
    let parts = EnsembleParts {
        features,
        trees,
        base: vec![base],
        scale: 1.0,
        link: Link::Logistic { scale: 1.0 },
        features_in: Precision::Double,
        sums_in: Precision::Double,
    };
    Trees(TreeEnsemble::new(parts).unwrap())
}

/// Every permitted row: 7 numbers three times, 4 names.
fn all_rows() -> Vec<Vec<f64>> {
    let mut rows = Vec::new();
    for a in 0..7 {
        for b in 0..7 {
            for c in 0..7 {
                rows.extend((0..4).map(|d| vec![f64::from(a), f64::from(b), f64::from(c), f64::from(d)]));
            }
        }
    }
    rows
}

fn finder<'a>(space: &'a Space, model: &'a Trees, method: &'a dyn Method, wish: Wish) -> Finder<'a> {
    Finder {
        space,
        model,
        answers: Answers::Probability { threshold: 0.5 },
        replica: None,
        reference: None,
        method,
        wish,
        total: 1,
        is_sparsified: true,
        diversity: Diversity::Maximin,
        plausible: Plausible::default(),
        seed: 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// The definition: ask about every permitted row and take the cheapest that is granted.
    #[test]
    fn exact_equals_brute_force(
        words in prop::collection::vec(prop::collection::vec(any::<u32>(), 8), 1..8),
        from in (0..7_i32, 0..7_i32, 0..7_i32, 0..4_i32),
        missing in 0..6_usize,
        base in -1.5..1.5_f64,
        sparsity in prop::sample::select(vec![0.0, 0.2]),
        max_changes in 1..5_usize,
        is_less in any::<bool>(),
    ) {
        let comparison = if is_less { Comparison::Less } else { Comparison::LessOrEqual };
        let model = ensemble(words.iter().map(|w| tree(w, comparison)).collect(), base);
        let space = space(sparsity, max_changes);
        let mut row = vec![from.0, from.1, from.2, from.3].into_iter().map(f64::from).collect::<Vec<f64>>();
        if let Some(cell) = row.get_mut(missing) {
            *cell = f64::NAN;
        }
        let exact = Exact::new(&model.0, &space, &Plain::over(&model.0), |goal| goal, 1_000_000).unwrap();
        let found = finder(&space, &model, &exact, Wish::Opposite).find(&row, 0, &[]).unwrap();
        let choices = space.choices(&row, &[]).unwrap();
        let mut rows = all_rows();
        if missing < 4 {
            let staying: Vec<Vec<f64>> = rows.iter().map(|r| { let mut r = r.clone(); r[missing] = f64::NAN; r }).collect();
            rows.extend(staying);
        }
        let answers = model.ask(&rows.concat()).unwrap();
        let best = rows
            .iter()
            .zip(answers)
            .filter(|(to, p)| found.goal.holds(&[*p]) && space.keeps_limits(&choices, &row, to))
            .map(|(to, _)| space.cost(&row, to))
            .min_by(f64::total_cmp);
        match best {
            Some(cost) => {
                let one = &found.counterfactuals[0];
                prop_assert!((one.cost - cost).abs() < 1e-12, "{} is not {cost}", one.cost);
                prop_assert_eq!(one.proof, Some(Proof::Optimal));
            }
            None => prop_assert_eq!(found.shortage, Some(Shortage::Unreachable)),
        }
    }
}

#[test]
fn further_ways_leave_out_something_each() {
    // One tree: granted when a ≥ 5, or when b ≥ 3, or when d is `z`.
    let split = |feature, threshold, left, right| {
        let rule =
            Rule::Threshold { threshold, comparison: Comparison::Less, zero_is_missing: false, missing_left: true };
        Node::Split { feature, rule, left, right }
    };
    let name = Rule::Categories { listed: vec![3].into(), listed_left: true, missing_left: false };
    let nodes = vec![
        split(0, 5.0, 1, 2),
        split(1, 3.0, 3, 4),
        Node::Leaf(0),
        Node::Split { feature: 3, rule: name, left: 5, right: 6 },
        Node::Leaf(1),
        Node::Leaf(2),
        Node::Leaf(3),
    ];
    let values = vec![1.0, 1.0, 1.0, -1.0];
    let parts = TreeParts { nodes, values, output: Some(0), covers: None, linear: Vec::new() };
    let model = ensemble(vec![Tree::new(parts, 1).unwrap()], 0.0);
    let space = space(0.1, 4);
    let exact = Exact::new(&model.0, &space, &Plain::over(&model.0), |goal| goal, 1000).unwrap();
    let mut finder = finder(&space, &model, &exact, Wish::Class(1));
    finder.total = 4;
    let found = finder.find(&[2.0, 2.0, 0.0, 0.0], 0, &[]).unwrap();
    // b: 1/2 + 0.1; d: 0.7 + 0.1; a: 3/2 + 0.1. There is no fourth way.
    let costs: Vec<f64> = found.counterfactuals.iter().map(|c| c.cost).collect();
    for (cost, by_hand) in costs.iter().zip([0.6, 0.8, 1.6]) {
        assert!((cost - by_hand).abs() < 1e-12, "{costs:?}");
    }
    assert_eq!(costs.len(), 3);
    assert_eq!(found.shortage, Some(Shortage::NotFound));
    assert_eq!(found.counterfactuals[0].row, [2.0, 3.0, 0.0, 0.0]);
}

#[test]
fn a_range_that_no_tree_reaches_is_proved_unreachable() {
    let mut parts = EnsembleParts {
        features: vec![Feature::number("a")],
        base: vec![10.0],
        scale: 1.0,
        ..EnsembleParts::default()
    };
    let rule = Rule::Threshold {
        threshold: 2.5,
        comparison: Comparison::LessOrEqual,
        zero_is_missing: false,
        missing_left: true,
    };
    let nodes = vec![Node::Split { feature: 0, rule, left: 1, right: 2 }, Node::Leaf(0), Node::Leaf(1)];
    let one = TreeParts { nodes, values: vec![-1.0, 1.0], output: Some(0), covers: None, linear: Vec::new() };
    parts.trees = vec![Tree::new(one, 1).unwrap()];
    let model = Trees(TreeEnsemble::new(parts).unwrap());
    let mut variable = number("a");
    variable.columns = vec![0];
    let space = Space::new(vec![variable], Vec::new(), 1, 0.0, 1).unwrap();
    let exact = Exact::new(&model.0, &space, &Plain::over(&model.0), |goal| goal, 1000).unwrap();
    let mut finder = finder(&space, &model, &exact, Wish::Range(12.0, 15.0));
    finder.answers = Answers::Value;
    let found = finder.find(&[1.0], 0, &[]).unwrap();
    assert_eq!((found.counterfactuals.len(), found.shortage), (0, Some(Shortage::Unreachable)));
    finder.wish = Wish::Range(10.5, 11.5);
    let found = finder.find(&[1.0], 0, &[]).unwrap();
    // 3 is the first whole number above 2.5: two away, in scales of 2.
    assert_eq!((found.counterfactuals[0].row[0], found.counterfactuals[0].cost), (3.0, 1.0));
}
