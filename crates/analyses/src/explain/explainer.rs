//! Attributions of any rows by the chosen method.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use equipoise_data::Column;
use equipoise_document::{Level, Note, Task};
use equipoise_models::{Additive, TreeEnsemble};
use equipoise_shapley::exact::{self, MOST_PLAYERS};
use equipoise_shapley::sampled::{PermutationOptions, RegressionOptions, permutation, regression};
use equipoise_shapley::{Background, Method as TreeMethod, Options, Players, Precision, ShapleyError, TreeExplainer};
use rayon::prelude::*;

use super::coalitions::{Population, RowGame};
use super::params::{Method, Output, problem};
use super::subject::Subject;
use super::surrogate::Surrogate;
use super::table::{Table, repeated, take};
use crate::AnalysisError;

/// Background rows where the model must be asked.
const ASKED_BACKGROUND: usize = 50;
/// Background rows of exact methods.
const EXACT_BACKGROUND: usize = 100;
/// Rows that are explained where the model must be asked.
const ASKED_ROWS: usize = 50;
/// All coalitions are asked without being told to up to here.
const FEW_COALITIONS: usize = 512;
/// Rows that node weights are counted by where a file has none.
const COVER_ROWS: usize = 5_000;

/// How rows are explained.
pub(super) struct Explainer<'a> {
    engine: Engine<'a>,
    /// Numbers per row and feature.
    pub(super) n_outputs: usize,
    /// What attributions sum to: `log-odds`, `probability`, `prediction`.
    pub(super) space: &'static str,
    /// How, in words.
    pub(super) says: String,
    /// Rows that are explained at most.
    pub(super) max_rows: usize,
    pub(super) notes: Vec<Note>,
}

enum Engine<'a> {
    Trees {
        ensemble: &'a TreeEnsemble,
        explainer: Box<TreeExplainer>,
        /// Attributions come by feature, not by the model's input.
        by_feature: bool,
        /// What the model answers is explained, not the margin.
        of_answers: bool,
    },
    Additive {
        model: &'a dyn Additive,
        population: Population,
    },
    Surrogate(Box<Surrogate>),
    Asked {
        population: Population,
        how: Asked,
        groups: Vec<usize>,
        most_coalitions: usize,
        players: Vec<Vec<usize>>,
        calls: AtomicU64,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    All,
    Regression,
    Permutation,
}

/// Attributions of some rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Explained {
    pub(super) n_rows: usize,
    /// Shape `(n_rows, n_features, n_outputs)`.
    pub(super) values: Vec<f64>,
    /// Their standard errors; empty for exact methods.
    pub(super) errors: Vec<f64>,
    /// One number per output.
    pub(super) base: Vec<f64>,
    /// What the model itself says, shape `(n_rows, n_outputs)`: base and attributions should sum to it.
    pub(super) totals: Vec<f64>,
    /// Relative error that was reached, by row; empty for exact methods.
    pub(super) reached: Vec<f64>,
}

impl Explained {
    /// The attributions of a row, shape `(n_features, n_outputs)`.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        let width = self.values.len().checked_div(self.n_rows).unwrap_or(0);
        self.values.get(row * width..(row + 1) * width).unwrap_or_default()
    }
}

impl<'a> Explainer<'a> {
    /// The asked method, or the best that the model's kind allows.
    pub(super) fn choose(subject: &Subject<'a>) -> Result<Self, AnalysisError> {
        let params = subject.params;
        let model = subject.asker.model;
        let wants_margin = params.output != Output::Prediction;
        let mut notes = Vec::new();
        if params.method == Method::Surrogate {
            return Self::surrogate(subject);
        }
        let is_tree = matches!(params.method, Method::TreePathDependent | Method::TreeInterventional);
        match model.trees() {
            Some(ensemble) if is_tree || (params.method == Method::Auto && wants_margin) => {
                match Self::trees(subject, ensemble, &mut notes) {
                    Ok(chosen) => return Ok(chosen.with(notes)),
                    Err(error) if is_tree => return Err(error),
                    Err(error) => {
                        let text =
                            format!("The trees are explained by asking the model: {}.", first_line(&error.to_string()));
                        notes.push(Subject::note(Level::Info, "not_exact", text));
                    }
                }
            }
            None if is_tree => {
                return problem(
                    "method",
                    "the model is not an ensemble of trees".to_owned(),
                    "leave `method` out, or take `kernel`",
                );
            }
            _ => {}
        }
        match model.additive() {
            Some(additive) if wants_margin && matches!(params.method, Method::Auto | Method::Additive) => {
                return Ok(Self::additive(subject, additive)?.with(notes));
            }
            None if params.method == Method::Additive => {
                return problem(
                    "method",
                    "the model is not additive in its features".to_owned(),
                    "leave `method` out, or take `kernel`",
                );
            }
            _ => {}
        }
        if params.output == Output::Margin {
            return problem(
                "output",
                "`margin` is known for trees and additive models only".to_owned(),
                "leave `output` out",
            );
        }
        Self::asked(subject, notes)
    }

    fn with(mut self, notes: Vec<Note>) -> Self {
        self.notes.extend(notes);
        self
    }

    fn margin_space(task: Task) -> &'static str {
        if task == Task::Regression { "margin" } else { "log-odds" }
    }

    fn trees(subject: &Subject<'a>, ensemble: &'a TreeEnsemble, notes: &mut Vec<Note>) -> Result<Self, AnalysisError> {
        let params = subject.params;
        let encoded = |n: usize| -> Result<(Vec<f64>, Vec<f64>), AnalysisError> {
            let population = subject.population(n)?;
            let inputs = subject.asker.binding.inputs(&population.table.columns)?;
            Ok((ensemble.encode(&inputs.as_inputs())?.values, population.weights))
        };
        // In groups each feature is one player, whatever the number of inputs that it is turned into.
        let grouped = super::groups::chosen(subject)?;
        let groups =
            if grouped.is_empty() { Vec::new() } else { super::groups::labels(&grouped, subject.n_features()) };
        let by_feature = !groups.is_empty();
        let players = if by_feature {
            Players::Groups { of: &subject.player_of_input, names: &subject.names }
        } else {
            Players::Columns
        };
        let seed = subject.context.seed();
        let options = |method| Options {
            method,
            precision: Precision::Fast,
            players,
            groups: &groups,
            seed,
            ..Options::default()
        };
        let of_answers = params.output == Output::Prediction;
        if of_answers && by_feature {
            return problem(
                "groups",
                "trees are explained in groups on the margin only".to_owned(),
                "leave `output` out, or take the method `permutation`",
            );
        }
        let values = if by_feature { "Owen values of grouped features" } else { "Shapley values" };
        // Terms of an additive model are trees for convenience: none of their branches comes before another.
        let is_additive = params.method == Method::Auto && subject.asker.model.info().format == "ebm";
        if of_answers && params.method == Method::TreePathDependent {
            return problem(
                "output",
                "`prediction` is explained against background rows".to_owned(),
                "take the method `tree_interventional`, or leave `output` out",
            );
        }
        let (explainer, says) = if is_additive || params.method == Method::TreeInterventional {
            let n = params.background.unwrap_or(EXACT_BACKGROUND);
            let (rows, weights) = encoded(n)?;
            let method = TreeMethod::Interventional(Background { rows: &rows, weights: Some(&weights) });
            let says = format!("exact tree {values} against {} background rows", weights.len());
            (TreeExplainer::new(ensemble, &options(method)).map_err(shapley)?, says)
        } else {
            let says = format!("exact tree {values}, absent features averaged by the rows of each branch");
            let explainer = match TreeExplainer::new(ensemble, &options(TreeMethod::PathDependent)) {
                Err(ShapleyError::NoCovers { .. }) => {
                    let (rows, weights) = encoded(params.background.unwrap_or(COVER_ROWS))?;
                    let text = format!(
                        "The model's file does not say how many training rows took each branch; they are counted over {} rows of the data.",
                        weights.len()
                    );
                    notes.push(Subject::note(Level::Info, "branches_counted", text));
                    let method = TreeMethod::PathDependentOver(Background { rows: &rows, weights: Some(&weights) });
                    TreeExplainer::new(ensemble, &options(method))
                }
                other => other,
            };
            (explainer.map_err(shapley)?, says)
        };
        let n_outputs = explainer.n_outputs();
        Ok(Self {
            engine: Engine::Trees { ensemble, explainer: Box::new(explainer), by_feature, of_answers },
            n_outputs,
            space: if of_answers {
                answer_space(subject.context.task)
            } else {
                Self::margin_space(subject.context.task)
            },
            says,
            // Of answers, each row is compared with each background row.
            max_rows: params.max_rows.unwrap_or(if of_answers { ASKED_ROWS } else { usize::MAX }),
            notes: Vec::new(),
        })
    }

    fn surrogate(subject: &Subject<'a>) -> Result<Self, AnalysisError> {
        let surrogate = Surrogate::fit(subject)?;
        let task = subject.context.task;
        let space = if subject.params.output == Output::Margin { Self::margin_space(task) } else { answer_space(task) };
        Ok(Self {
            n_outputs: subject.asker.n_outputs,
            space,
            says: format!(
                "exact tree Shapley values of a surrogate, boosted trees that learned what the model answers to {} rows",
                surrogate.n_learned
            ),
            max_rows: subject.params.max_rows.unwrap_or(usize::MAX),
            engine: Engine::Surrogate(Box::new(surrogate)),
            notes: Vec::new(),
        })
    }

    fn additive(subject: &Subject<'a>, model: &'a dyn Additive) -> Result<Self, AnalysisError> {
        let n = subject.params.background.unwrap_or(1_000);
        let population = subject.population(n)?;
        Ok(Self {
            n_outputs: model.n_outputs(),
            space: Self::margin_space(subject.context.task),
            says: format!(
                "exact Shapley values of a model that is additive in its features, against {} background rows",
                population.table.n_rows
            ),
            engine: Engine::Additive { model, population },
            max_rows: subject.params.max_rows.unwrap_or(usize::MAX),
            notes: Vec::new(),
        })
    }

    fn asked(subject: &Subject<'a>, mut notes: Vec<Note>) -> Result<Self, AnalysisError> {
        let params = subject.params;
        let population = subject.population(params.background.unwrap_or(ASKED_BACKGROUND))?;
        let n_features = subject.n_features();
        let n_rows = subject.context.test.frame.n_rows().min(params.max_rows.unwrap_or(ASKED_ROWS));
        let per_row = subject.max_calls() / (n_rows.max(1) as u64) / (population.table.n_rows.max(1) as u64);
        let most_coalitions = usize::try_from(per_row).unwrap_or(usize::MAX);
        let groups = super::groups::chosen(subject)?;
        let labels = super::groups::labels(&groups, n_features);
        let all = 1_usize.checked_shl(u32::try_from(n_features).unwrap_or(u32::MAX)).unwrap_or(usize::MAX);
        let is_possible = n_features <= MOST_PLAYERS && all <= most_coalitions;
        let how = match params.method {
            _ if !groups.is_empty() => Asked::Permutation,
            Method::Permutation => Asked::Permutation,
            Method::Exact if is_possible => Asked::All,
            Method::Exact => {
                let text = format!(
                    "All coalitions of {n_features} features are too many for the budget of {} model calls; a sample of them is asked instead.",
                    subject.max_calls()
                );
                notes.push(Subject::note(Level::Caution, "too_many_features", text));
                Asked::Regression
            }
            Method::Auto if is_possible && all <= FEW_COALITIONS => Asked::All,
            _ => Asked::Regression,
        };
        let n_background = population.table.n_rows;
        let says = match how {
            Asked::All => format!("exact Shapley values over all coalitions, against {n_background} background rows"),
            Asked::Regression => format!(
                "Shapley values by regression over paired coalitions (KernelSHAP), against {n_background} background rows"
            ),
            Asked::Permutation if !groups.is_empty() => {
                format!("Owen values of grouped features over random orders, against {n_background} background rows")
            }
            Asked::Permutation => format!("Shapley values over random orders, against {n_background} background rows"),
        };
        Ok(Self {
            n_outputs: subject.asker.n_outputs,
            space: answer_space(subject.context.task),
            says,
            max_rows: params.max_rows.unwrap_or(ASKED_ROWS),
            notes,
            engine: Engine::Asked {
                population,
                how,
                groups: if groups.is_empty() { Vec::new() } else { labels },
                most_coalitions,
                players: (0..n_features).map(|i| vec![i]).collect(),
                calls: AtomicU64::new(0),
            },
        })
    }

    /// True when every row costs much: the model must be asked, or each row is compared with each background row.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.engine, Engine::Asked { .. } | Engine::Trees { of_answers: true, .. })
    }

    /// The ensemble, where margins of its trees are explained.
    pub(super) fn ensemble(&self) -> Option<&'a TreeEnsemble> {
        match &self.engine {
            Engine::Trees { ensemble, of_answers: false, .. } => Some(ensemble),
            _ => None,
        }
    }

    /// The ensemble with its explainer, where that knows interactions.
    pub(super) fn trees_engine(&self) -> Option<(&'a TreeEnsemble, &TreeExplainer)> {
        match &self.engine {
            Engine::Trees { ensemble, explainer, by_feature: false, of_answers: false } => Some((ensemble, explainer)),
            _ => None,
        }
    }

    /// The trees that are explained in the model's place.
    pub(super) fn in_its_place(&self) -> Option<&Surrogate> {
        match &self.engine {
            Engine::Surrogate(surrogate) => Some(surrogate),
            _ => None,
        }
    }

    /// Rows the model was asked about.
    pub(super) fn n_calls(&self) -> u64 {
        match &self.engine {
            Engine::Asked { calls, .. } => calls.load(Ordering::Relaxed),
            Engine::Surrogate(surrogate) => surrogate.n_learned as u64,
            Engine::Trees { .. } | Engine::Additive { .. } => 0,
        }
    }

    /// Attributions of rows; `ids` tell the draws of one row from those of another.
    pub(super) fn explain(&self, subject: &Subject<'_>, rows: &Table, ids: &[u32]) -> Result<Explained, AnalysisError> {
        match &self.engine {
            Engine::Trees { ensemble, explainer, by_feature, of_answers } => {
                explain_trees(subject, ensemble, explainer, rows, (*by_feature, *of_answers))
            }
            Engine::Additive { model, population } => explain_additive(subject, *model, population, rows),
            Engine::Surrogate(surrogate) => surrogate.explain(rows),
            Engine::Asked { .. } => self.explain_asked(subject, rows, ids),
        }
    }

    fn explain_asked(&self, subject: &Subject<'_>, rows: &Table, ids: &[u32]) -> Result<Explained, AnalysisError> {
        let Engine::Asked { population, how, groups, most_coalitions, players, calls } = &self.engine else {
            return Ok(Explained::default());
        };
        let (seed, precision) = (subject.context.seed(), subject.params.precision);
        let one = |row: usize| -> Result<Explained, AnalysisError> {
            subject.context.check_stop()?;
            let game = RowGame::new(&subject.asker, population, rows, row, players, calls);
            let index = u64::from(ids.get(row).copied().unwrap_or(0));
            let sampled = match how {
                Asked::All => {
                    let found = exact::shapley(&game)?;
                    let Some(found) = found else { return Ok(Explained::default()) };
                    let full = found.table.get(found.table.len().saturating_sub(self.n_outputs)..).unwrap_or_default();
                    return Ok(Explained {
                        n_rows: 1,
                        values: found.values,
                        errors: Vec::new(),
                        base: found.base,
                        totals: full.to_vec(),
                        reached: Vec::new(),
                    });
                }
                Asked::Regression => {
                    regression(&game, RegressionOptions { most_coalitions: *most_coalitions, precision, seed, index })?
                }
                Asked::Permutation => permutation(
                    &game,
                    &PermutationOptions {
                        most_coalitions: *most_coalitions,
                        precision,
                        seed,
                        index,
                        groups: groups.clone(),
                    },
                )?,
            };
            Ok(Explained {
                n_rows: 1,
                values: sampled.values,
                errors: sampled.standard_errors,
                base: sampled.base,
                totals: sampled.full,
                reached: vec![sampled.error],
            })
        };
        let parts: Result<Vec<Explained>, AnalysisError> = (0..rows.n_rows).into_par_iter().map(one).collect();
        let mut all = Explained::default();
        for part in parts? {
            all.n_rows += part.n_rows;
            all.values.extend(part.values);
            all.errors.extend(part.errors);
            all.totals.extend(part.totals);
            all.reached.extend(part.reached);
            all.base = part.base;
        }
        Ok(all)
    }
}

/// What the model answers, in a word.
fn answer_space(task: Task) -> &'static str {
    if task == Task::Regression { "prediction" } else { "probability" }
}

fn explain_trees(
    subject: &Subject<'_>,
    ensemble: &TreeEnsemble,
    explainer: &TreeExplainer,
    rows: &Table,
    (by_feature, of_answers): (bool, bool),
) -> Result<Explained, AnalysisError> {
    let inputs = subject.asker.binding.inputs(&rows.columns)?;
    let encoded = ensemble.encode(&inputs.as_inputs())?;
    let (found, errors) = if of_answers {
        let linked = explainer.explain_answers(&encoded.values).map_err(shapley)?;
        let n = linked.attributions.values.len();
        (linked.attributions, Some(linked.sampling_errors.unwrap_or_else(|| vec![0.0; n])))
    } else {
        (explainer.explain(&encoded.values).map_err(shapley)?, None)
    };
    let k = found.n_outputs;
    let is_by_feature = by_feature || subject.player_of_input.iter().copied().eq(0..subject.n_features());
    // Several inputs may be made of one column: what they get together is the column's.
    let gathered = |values: Vec<f64>, add: fn(f64, f64) -> f64| {
        if is_by_feature {
            return values;
        }
        let width = subject.n_features() * k;
        let mut out = vec![0.0; found.n_rows * width];
        let rows = out.chunks_exact_mut(width.max(1)).zip(values.chunks_exact((found.n_features * k).max(1)));
        for (to, from) in rows {
            for (player, shares) in subject.player_of_input.iter().zip(from.chunks_exact(k)) {
                let sums = to.get_mut(player * k..(player + 1) * k).unwrap_or_default();
                sums.iter_mut().zip(shares).for_each(|(sum, x)| *sum = add(*sum, *x));
            }
        }
        out
    };
    let mut values = gathered(found.values, |sum, x| sum + x);
    let mut errors = errors.map_or_else(Vec::new, |errors| gathered(errors, libm::hypot));
    let mut base = found.base;
    let mut totals = ensemble.margins_of_encoded(&encoded.values);
    if of_answers {
        ensemble.link().apply(&mut totals, k);
    }
    for numbers in [&mut values, &mut base, &mut totals, &mut errors] {
        subject.asker.ours(numbers, k);
    }
    errors.iter_mut().for_each(|error| *error = error.abs());
    if of_answers && k == 1 && subject.asker.is_reversed {
        // The probability of the other class is what is left of 1.
        [&mut base, &mut totals].into_iter().flatten().for_each(|x| *x += 1.0);
    }
    Ok(Explained { n_rows: found.n_rows, values, errors, base, totals, reached: Vec::new() })
}

/// With `m_c(x)` the margin of a reference row that takes one value from `x`: `φ_c(x) = m_c(x) − Σ_b w_b·m_c(b)`.
fn explain_additive(
    subject: &Subject<'_>,
    model: &dyn Additive,
    population: &Population,
    rows: &Table,
) -> Result<Explained, AnalysisError> {
    let k = model.n_outputs();
    let d = subject.n_features();
    let margins = |columns: &[Column]| -> Result<Vec<f64>, AnalysisError> {
        let inputs = subject.asker.binding.inputs(columns)?;
        Ok(model.margins(&inputs.as_inputs())?)
    };
    let mut values = vec![0.0; rows.n_rows * d * k];
    for (feature, (own, background)) in rows.columns.iter().zip(&population.table.columns).enumerate() {
        subject.context.check_stop()?;
        let both = super::table::joined(vec![background.clone(), own.clone()]);
        let (different, place_of) = distinct(&both);
        let reference = |other: &Column| repeated(other, 0, different.len());
        let mut columns: Vec<Column> = population.table.columns.iter().map(reference).collect();
        if let Some(column) = columns.get_mut(feature) {
            *column = take(&both, &different);
        }
        let effects = margins(&columns)?;
        let effect = |row: usize| {
            let place = place_of.get(row).copied().unwrap_or(0);
            effects.get(place * k..(place + 1) * k).unwrap_or_default()
        };
        let mut mean = vec![0.0; k];
        for (row, weight) in population.weights.iter().enumerate() {
            mean.iter_mut().zip(effect(row)).for_each(|(sum, x)| *sum += weight * x);
        }
        for row in 0..rows.n_rows {
            let start = (row * d + feature) * k;
            let cells = values.get_mut(start..start + k).unwrap_or_default();
            for ((cell, x), mean) in cells.iter_mut().zip(effect(population.table.n_rows + row)).zip(&mean) {
                *cell = x - mean;
            }
        }
    }
    let of_population = margins(&population.table.columns)?;
    let mut base = vec![0.0; k];
    for (margin, weight) in of_population.chunks_exact(k.max(1)).zip(&population.weights) {
        base.iter_mut().zip(margin).for_each(|(sum, x)| *sum += weight * x);
    }
    let mut totals = margins(&rows.columns)?;
    for margins in [&mut values, &mut base, &mut totals] {
        subject.asker.ours(margins, k);
    }
    Ok(Explained { n_rows: rows.n_rows, values, errors: Vec::new(), base, totals, reached: Vec::new() })
}

/// Rows with different values, and for each row which of them has its value.
fn distinct(column: &Column) -> (Vec<usize>, Vec<usize>) {
    let key = |row: usize| match column {
        Column::Number(values) => {
            values.get(row).map_or(0, |x| if x.is_nan() { u64::MAX } else { (x + 0.0).to_bits() })
        }
        Column::Codes { codes, .. } => codes.get(row).copied().map_or(0, u64::from),
    };
    let mut index: HashMap<u64, usize> = HashMap::new();
    let mut different = Vec::new();
    let places = (0..column.len()).map(|row| {
        *index.entry(key(row)).or_insert_with(|| {
            different.push(row);
            different.len() - 1
        })
    });
    let places = places.collect();
    (different, places)
}

/// An error of the kernel, as the analysis says it.
#[allow(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(super) fn shapley(error: ShapleyError) -> AnalysisError {
    let text = error.to_string();
    let (reason, hint) = text.split_once("\nhint: ").unwrap_or((&text, "take `method = \"kernel\"`"));
    AnalysisError::Param {
        analysis: super::ID,
        parameter: "method".to_owned(),
        problem: reason.to_owned(),
        hint: hint.to_owned(),
    }
}

/// The problem of a parameter's error, without the parameter and the hint.
fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.split_once(": ").map_or(line, |(_, problem)| problem)
}
