//! A surrogate: boosted trees that learn what a model answers, and are explained exactly in its place.
//!
//! Any model can be mimicked (Craven and Shavlik 1996; Bastani, Kim and Bastani 2017), and the price does not grow with the
//! number of explained rows. What is explained is the surrogate: how well it stands for the model is in [`super::fidelity`].

use equipoise_data::Column;
use equipoise_document::Task;
use equipoise_kernels::boost::{self, Binned, BoostColumn, BoostError, BoostNode, BoostTree, Boosted, Boosting, Loss};
use equipoise_kernels::split_mix;
use equipoise_models::trees::{
    Categories, Comparison, EnsembleParts, Feature, FeatureKind, Link, Node, Precision as Width, Rule, Tree, TreeParts,
};
use equipoise_models::{InputColumn, Inputs, ModelError, TreeEnsemble};
use equipoise_shapley::{Method as TreeMethod, Options, Precision, TreeExplainer};
use rayon::prelude::*;

use super::coalitions::Population;
use super::explainer::{Explained, shapley};
use super::params::{Output, problem};
use super::subject::Subject;
use super::table::Table;
use crate::AnalysisError;

/// Rows a surrogate learns from.
const LEARNED: usize = 20_000;
/// Fewer rows teach nothing.
const FEWEST: usize = 50;
/// One row in so many decides when to stop growing.
const WATCHED: u64 = 5;
/// Bins of a column.
const BINS: usize = 255;

/// Trees in a model's place.
pub(super) struct Surrogate {
    ensemble: TreeEnsemble,
    explainer: TreeExplainer,
    /// Rows it learned from.
    pub(super) n_learned: usize,
    /// Places in the test frame it learned from, ascending; none where it learned from the training data.
    pub(super) learned: Vec<u32>,
}

impl Surrogate {
    /// Learns what the model answers: probabilities and numbers by squared loss, and for `output = "margin"` of two classes
    /// the log-odds by the log loss of the probability.
    pub(super) fn fit(subject: &Subject<'_>) -> Result<Self, AnalysisError> {
        let context = subject.context;
        let is_margin = subject.params.output == Output::Margin;
        if is_margin && context.task != Task::Binary {
            return problem(
                "output",
                "a surrogate learns a margin for two classes only".to_owned(),
                "leave `output` out: it learns what the model answers",
            );
        }
        let most = subject.params.background.unwrap_or(LEARNED);
        // Without training data half of the rows are left to hold the surrogate against.
        let n = if context.train.is_some() { most } else { most.min(context.test.frame.n_rows() / 2) };
        let population = subject.population(n)?;
        let n_learned = population.table.n_rows;
        if n_learned < FEWEST {
            return problem(
                "method",
                format!("a surrogate cannot learn from {n_learned} rows"),
                format!("give at least {FEWEST} rows of training data, or twice as many to assess; or take `kernel`"),
            );
        }
        let answers = subject.asker.ask(&population.table.columns)?;
        let loss = if is_margin { Loss::Logistic } else { Loss::Squared };
        let features = features(&subject.names, &population.table);
        let fitted = fit(subject, &population, &features, &answers, loss)?;
        let ensemble = ensemble(features, &fitted, loss)?;
        let options = Options { method: TreeMethod::PathDependent, precision: Precision::Fast, ..Options::default() };
        let explainer = TreeExplainer::new(&ensemble, &options).map_err(shapley)?;
        let learned = match &context.train {
            Some(_) => Vec::new(),
            None => subject.sample(&context.test, n, "explain.background"),
        };
        Ok(Self { ensemble, explainer, n_learned, learned })
    }

    /// What it answers in the model's place, shape `(n_rows, n_outputs)`.
    pub(super) fn answers(&self, rows: &Table) -> Result<Vec<f64>, AnalysisError> {
        let mut margins = self.ensemble.margins(&inputs(rows))?;
        self.ensemble.link().apply(&mut margins, self.ensemble.n_outputs());
        Ok(margins)
    }

    /// Exact tree Shapley values of the surrogate.
    pub(super) fn explain(&self, rows: &Table) -> Result<Explained, AnalysisError> {
        let encoded = self.ensemble.encode(&inputs(rows))?;
        let found = self.explainer.explain(&encoded.values).map_err(shapley)?;
        let totals = self.ensemble.margins_of_encoded(&encoded.values);
        Ok(Explained {
            n_rows: found.n_rows,
            values: found.values,
            errors: Vec::new(),
            base: found.base,
            totals,
            reached: Vec::new(),
        })
    }
}

fn inputs(rows: &Table) -> Inputs<'_> {
    let columns = rows.columns.iter().map(|column| match column {
        Column::Number(values) => InputColumn::Number(values),
        Column::Codes { codes, levels } => InputColumn::Codes { codes, levels },
    });
    Inputs { n_rows: rows.n_rows, columns: columns.collect() }
}

fn features(names: &[String], table: &Table) -> Vec<Feature> {
    let feature = |(name, column): (&String, &Column)| match column {
        Column::Number(_) => Feature::number(name.clone()),
        Column::Codes { levels, .. } => Feature::category(name.clone(), Categories::named(levels.to_vec())),
    };
    names.iter().zip(&table.columns).map(feature).collect()
}

/// One model for each output.
fn fit(
    subject: &Subject<'_>,
    population: &Population,
    features: &[Feature],
    answers: &[f64],
    loss: Loss,
) -> Result<Vec<Boosted>, AnalysisError> {
    let (n, k) = (population.table.n_rows, subject.asker.n_outputs.max(1));
    // Names by the codes that the trees will see.
    let coded: Vec<Option<Vec<u32>>> = features
        .iter()
        .zip(&population.table.columns)
        .map(|(feature, column)| match (&feature.kind, column) {
            (FeatureKind::Category(categories), Column::Codes { codes, levels }) => {
                let map: Vec<u32> = levels.iter().map(|l| categories.code(Some(l)).unwrap_or(u32::MAX)).collect();
                Some(codes.iter().map(|c| map.get(*c as usize).copied().unwrap_or(u32::MAX)).collect())
            }
            _ => None,
        })
        .collect();
    let columns: Vec<BoostColumn<'_>> = population
        .table
        .columns
        .iter()
        .zip(&coded)
        .map(|(column, coded)| match (column, coded) {
            (Column::Codes { levels, .. }, Some(codes)) => BoostColumn::Codes { codes, n_levels: levels.len() },
            (Column::Number(values), _) => BoostColumn::Number(values),
            (Column::Codes { codes, levels }, None) => BoostColumn::Codes { codes, n_levels: levels.len() },
        })
        .collect();
    let data = Binned::new(&columns, BINS).map_err(failed)?;
    // Leaves count weights; as shares of the whole they would all be light.
    #[allow(clippy::cast_precision_loss, reason = "a few thousand rows")]
    let weights: Vec<f64> = population.weights.iter().map(|w| w * n as f64).collect();
    let key = split_mix(subject.context.seed() ^ 0x5375_7272);
    let all: Vec<u32> = (0_u32..).take(n).collect();
    let (watched, grown): (Vec<u32>, Vec<u32>) =
        all.into_iter().partition(|row| split_mix(key ^ u64::from(*row)).is_multiple_of(WATCHED));
    let task = Boosting {
        loss,
        n_trees: 400,
        learning_rate: 0.1,
        max_leaves: 31,
        max_depth: 10,
        min_leaf_rows: (n as u64 / 20).clamp(3, 20),
        l2: 1.0,
        patience: Some(20),
        ..Boosting::default()
    };
    let one = |output: usize| {
        subject.context.check_stop()?;
        let target: Vec<f64> = answers.iter().skip(output).step_by(k).copied().collect();
        let (model, _) = task.fit_watched(&data, &target, Some(&weights), &grown, &watched).map_err(failed)?;
        Ok(model)
    };
    (0..k).into_par_iter().map(one).collect()
}

/// The boosted trees as an ensemble that can be explained.
fn ensemble(features: Vec<Feature>, fitted: &[Boosted], loss: Loss) -> Result<TreeEnsemble, AnalysisError> {
    let mut trees = Vec::new();
    for (output, model) in fitted.iter().enumerate() {
        for tree in &model.trees {
            trees.push(Tree::new(parts(tree, output), fitted.len()).map_err(|e| broken(&e.to_string()))?);
        }
    }
    TreeEnsemble::new(EnsembleParts {
        features,
        trees,
        base: fitted.iter().map(|m| m.base).collect(),
        scale: 1.0,
        link: if loss == Loss::Logistic { Link::Logistic { scale: 1.0 } } else { Link::Identity },
        features_in: Width::Double,
        sums_in: Width::Double,
    })
    .map_err(|e| broken(&e.to_string()))
}

fn parts(tree: &BoostTree, output: usize) -> TreeParts {
    let mut values = Vec::new();
    let mut covers = Vec::with_capacity(tree.nodes.len());
    let nodes = tree.nodes.iter().map(|node| match node {
        BoostNode::Leaf { value, cover, .. } => {
            covers.push(*cover);
            values.push(*value);
            Node::Leaf(values.len() - 1)
        }
        BoostNode::Split { column, rule, missing_left, left, right, cover, .. } => {
            covers.push(*cover);
            let rule = match rule {
                boost::Rule::AtMost(threshold) => Rule::Threshold {
                    threshold: *threshold,
                    comparison: Comparison::LessOrEqual,
                    zero_is_missing: false,
                    missing_left: *missing_left,
                },
                boost::Rule::Among(goes_left) => Rule::Categories {
                    listed: (0_u32..).zip(goes_left).filter(|(_, left)| **left).map(|(code, _)| code).collect(),
                    listed_left: true,
                    missing_left: *missing_left,
                },
            };
            Node::Split { feature: *column, rule, left: *left, right: *right }
        }
    });
    let nodes = nodes.collect();
    TreeParts { nodes, values, output: Some(output), covers: Some(covers), linear: Vec::new() }
}

#[allow(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn failed(error: BoostError) -> AnalysisError {
    broken(&error.to_string())
}

fn broken(problem: &str) -> AnalysisError {
    AnalysisError::Model(ModelError::Predict {
        problem: format!("its answers cannot be learned: {problem}"),
        hint: "take another `method`, for example `kernel`".to_owned(),
    })
}
