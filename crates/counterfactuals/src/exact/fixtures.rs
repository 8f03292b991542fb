//! Trees of real libraries: what is exact costs no more than what any other method finds.

use std::path::PathBuf;
use std::sync::Arc;

use equipoise_kernels::Draws;
use equipoise_models::trees::{FeatureKind, Node, Rule};
use equipoise_models::{TreeEnsemble, open};

use super::tests::Trees;
use super::{Exact, Plain};
use crate::Plausible;
use crate::{
    Answers, Ask, Diversity, Finder, Found, Genetic, Grid, GrowingSpheres, KdTree, Kind, Limits, Method, Nearest,
    Proof, Random, Reference, Replica, Shortage, Space, Variable, Wish,
};

/// 24 trees of CatBoost 1.2 over five numbers with gaps, made up for this test.
const OWN: &str = "catboost.json";

/// Models with constant leaves and one column behind each split: LightGBM with categories and missing values, XGBoost in single
/// precision with one-hot columns, boosting with dropped trees; CatBoost's symmetric trees, and scikit-learn's forest and
/// histogram boosting as ONNX, which predict numbers.
const FILES: [&str; 8] = [
    "compas-lgbm.txt",
    "compas-lgbm_dart.txt",
    "compas-xgb.json",
    "compas-xgb_dart.json",
    "adult-lgbm.txt",
    OWN,
    "california_housing-sk_rf.onnx",
    "california_housing-sk_hgb.onnx",
];

fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("EQUIPOISE_SHARED").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    [given, Some(beside)].into_iter().flatten().map(|p| p.join("models")).find(|p| p.is_dir())
}

/// Every feature free between the outermost thresholds.
fn space(trees: &TreeEnsemble) -> Space {
    let variable = |(place, feature): (usize, &equipoise_models::trees::Feature)| {
        let mut cuts: Vec<f64> = Vec::new();
        for node in trees.trees().iter().flat_map(|t| t.nodes()) {
            if let Node::Split { feature, rule: Rule::Threshold { threshold, .. }, .. } = node
                && *feature == place
            {
                cuts.push(*threshold);
            }
        }
        let (low, high) = cuts.iter().fold((0.0_f64, 1.0_f64), |(l, h), x| (l.min(*x), h.max(*x)));
        let kind = match &feature.kind {
            FeatureKind::Category(categories) => Kind::Category { n_codes: categories.names().len() as u32 },
            _ => Kind::Number { scale: (high - low) / 10.0, grid: Grid::Any, range: (low.floor(), high.ceil()) },
        };
        Variable { name: feature.name.clone(), columns: vec![place], kind, limits: Limits::default(), cost: 1.0 }
    };
    let variables: Vec<Variable> = trees.features().iter().enumerate().map(variable).collect();
    let n = variables.len();
    Space::new(variables, Vec::new(), n, 0.1, usize::MAX).unwrap()
}

/// Rows drawn evenly over the space; single precision, as some of the trees see it.
fn rows(space: &Space, n: usize) -> Vec<f64> {
    let mut draws = Draws::new(1, "fixtures", 0);
    let mut all = Vec::new();
    for _ in 0..n {
        for variable in space.variables() {
            all.push(match variable.kind {
                Kind::Number { range: (low, high), .. } => f64::from((low + (high - low) * draws.uniform()) as f32),
                Kind::Category { n_codes } => draws.below(u64::from(n_codes)) as f64,
                Kind::OneHot => 0.0,
            });
        }
    }
    all
}

#[test]
fn nothing_is_cheaper_than_what_is_exact() {
    let Some(folder) = shared() else {
        eprintln!("skipped: there is no ../shared (EQUIPOISE_SHARED names another place)");
        return;
    };
    for file in FILES {
        let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
        let path = if file == OWN { own.join(file) } else { folder.join(file) };
        let model = open(&path.to_string_lossy(), &std::fs::read(&path).unwrap(), &Default::default()).unwrap();
        let model = Trees(model.trees().unwrap().clone());
        let space = space(&model.0);
        let n = space.n_columns();
        let is_number = file.starts_with("california");
        let answers = if is_number { Answers::Value } else { Answers::Probability { threshold: 0.5 } };
        let reference = Reference::over(rows(&space, 400), n, answers, &model).unwrap();
        // Numbers are wished into the tenth above nine tenths of what is answered.
        let mut said = model.ask(reference.rows()).unwrap();
        said.sort_by(f64::total_cmp);
        let wish = if is_number { Wish::Range(said[360], f64::INFINITY) } else { Wish::Opposite };
        let replica = Arc::new(Replica::new(&model.0, &space, &Plain::over(&model.0), |goal| goal).unwrap());
        let exact = Exact::over(Arc::clone(&replica), 3_000);
        let hurried = Exact::over(Arc::clone(&replica), 5);
        // The replica answers as the model does, within the rounding of its sums.
        let told = replica.each(&space, reference.rows(), <[f64]>::to_vec).concat();
        let size = said.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        for (a, b) in told.iter().zip(model.ask(reference.rows()).unwrap()) {
            assert!((a - b).abs() < 2e-6 * size, "{file}: {a} and {b}");
        }
        let find = |method: &dyn Method, row: &[f64], id: u64| -> Found {
            let finder = Finder {
                space: &space,
                model: &model,
                answers,
                replica: Some(&replica),
                reference: Some(&reference),
                method,
                wish,
                total: 1,
                is_sparsified: true,
                diversity: Diversity::Maximin,
                plausible: Plausible::default(),
                seed: 1,
            };
            finder.find(row, id, &[]).unwrap()
        };
        let others: [&dyn Method; 5] =
            [&Random::default(), &Genetic::default(), &KdTree, &Nearest { neighbours: 2 }, &GrowingSpheres::default()];
        let mut proved = 0;
        for (id, row) in rows(&space, 405).chunks_exact(n).enumerate().skip(397) {
            let found = find(&exact, row, id as u64);
            if found.shortage == Some(Shortage::AlreadyGranted) {
                continue;
            }
            let Some(best) = found.counterfactuals.first() else {
                assert!(matches!(found.shortage, Some(Shortage::Unreachable | Shortage::GaveUp(_))), "{file}");
                continue;
            };
            let cut_off = find(&hurried, row, id as u64);
            let cut_off = cut_off.counterfactuals.first().map_or(f64::INFINITY, |one| one.cost);
            assert!(best.cost <= cut_off + 1e-9, "{file}");
            let is_proved = best.proof == Some(Proof::Optimal);
            proved += usize::from(is_proved);
            for method in others {
                let other = find(method, row, id as u64);
                let Some(other) = other.counterfactuals.first() else { continue };
                let bound = if let Some(Proof::AtLeast(bound)) = best.proof { bound } else { best.cost };
                assert!(bound <= other.cost + 1e-9, "{file}: {bound} and {} by {}", other.cost, method.name());
                // A search that was cut off does no worse either.
                let dearest = best.cost.max(cut_off);
                assert!(dearest <= other.cost + 1e-9, "{file}: {dearest} and {} by {}", other.cost, method.name());
            }
        }
        assert!(proved > 0, "{file}");
        assert_eq!(model.ask(&rows(&space, 1)).unwrap().len(), 1);
    }
}
