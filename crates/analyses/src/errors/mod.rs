//! Where does the model fail, and is that more than chance?

mod answer;
mod association;
mod coding;
mod findings;
mod heat_map;
mod loss;
mod mask;
mod matrix;
mod metric;
mod params;
mod slices;
mod tables;
#[cfg(test)]
#[allow(clippy::float_cmp, reason = "quotients of small whole numbers")]
#[allow(clippy::manual_is_multiple_of, reason = "patterns of rows read as remainders")]
mod tests;
mod tree;
mod words;

use std::sync::atomic::Ordering;

use equipoise_data::nearest;
use equipoise_document::{Level, Section};
use equipoise_kernels::{Confidence, GrowOptions, SliceOptions};
use schemars::Schema;
use serde_json::Value;

pub use association::Association;
pub use coding::Coding;
pub use heat_map::{Axis, HeatCell, HeatMap, HeatMapOptions};
pub use loss::LossKind;
pub use mask::RowMask;
pub use matrix::{ErrorMatrix, MatrixOptions, usual_columns};
pub use metric::Metric;
pub use params::{BinRule, RawParams as Params};
pub use slices::{FinderOptions, FoundSlice, FoundSlices};
pub use tree::{ErrorNode, ErrorTree, TreeOptions};

use self::answer::Answer;
use self::params::problem;
use crate::{Analysis, AnalysisError, Context, parse_params};

/// Id of the analysis and of its section.
const ID: &str = "errors";

/// Replicates of the bootstrap behind the intervals of mutual information.
const REPLICATES: u32 = 400;

/// Error analysis: an error tree, a heat map, the worst slices, and how much each column tells of the errors.
pub struct Errors;

impl Analysis for Errors {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Error analysis"
    }

    fn question(&self) -> &'static str {
        "Where does the model fail, and is that more than chance?"
    }

    fn params_schema(&self) -> Schema {
        schemars::schema_for!(Params)
    }

    fn refuses(&self, context: &Context<'_>) -> Option<String> {
        if !context.test.frame.has_predictions() {
            return Some("there are no predictions".to_owned());
        }
        usual_columns(context)
            .is_empty()
            .then(|| "there are no columns to search beside target and prediction".to_owned())
    }

    fn run(&self, params: &Value, context: &Context<'_>) -> Result<Section, AnalysisError> {
        if !context.test.frame.has_predictions() {
            let reason = "there are no predictions".to_owned();
            return Err(AnalysisError::NotApplicable { analysis: ID, reason });
        }
        let raw = parse_params::<Params>(ID, params)?;
        let params = raw.check(context.task, context.test.frame.has_probability())?;
        let cohorts = cohorts(&params.raw, context)?;
        context.progress.step("errors: reading the columns");
        let matrix = ErrorMatrix::load(context.test, &matrix_options(&params, context))?;
        let chosen = chosen_columns(&params.raw, &matrix)?;
        let section = Section::new(ID, self.title(), self.question());
        let mut answer = Answer::new(&params, &matrix, Confidence::at(context.level()), section);
        for cohort in cohorts {
            answer.cohort = context.cohort_name(cohort).map(str::to_owned);
            if cohort > 0 && is_stopped(context) {
                findings::of_interruption(&mut answer, &["everything of this cohort"]);
                continue;
            }
            context.check_stop()?;
            look(&mut answer, &RowMask::of_cohort(context.test.frame, cohort), chosen.as_deref(), context);
        }
        answer.cohort = None;
        findings::of_the_run(&mut answer);
        Ok(answer.finish())
    }
}

/// Everything about one set of rows, or as much as there is time for until the user wants to stop.
fn look(answer: &mut Answer<'_>, mask: &RowMask, chosen: Option<&[usize]>, context: &Context<'_>) {
    let (raw, matrix) = (&answer.params.raw, answer.matrix);
    let goes_on = || !is_stopped(context);
    tables::overall(answer, mask);

    context.progress.step("errors: the tree");
    let tree = matrix.tree(mask, &tree_options(raw));

    context.progress.step("errors: slices");
    let wants_slices = raw.max_terms > 0;
    let slices = (wants_slices && goes_on()).then(|| {
        let began = raw.max_secs.and_then(|_| context.host.seconds());
        let is_late = || {
            let spent = began.and_then(|began| Some(context.host.seconds()? - began));
            spent.zip(raw.max_secs).is_some_and(|(spent, most)| spent > most)
        };
        let stop = || !goes_on() || is_late();
        matrix.slices(mask, &finder_options(raw, answer.confidence, context.seed()), &stop)
    });

    context.progress.step("errors: what goes with the errors");
    let level = answer.confidence.level();
    let association = goes_on().then(|| matrix.association(mask, raw.permutations, REPLICATES, level, context.seed()));

    let of_association = |list: &Vec<Association>| list.iter().take(2).map(|a| a.column).collect();
    let columns = chosen.map(<[usize]>::to_vec).or_else(|| association.as_ref().map(of_association));
    let columns = columns.filter(|columns| !columns.is_empty() && goes_on());
    let map = columns.map(|columns| matrix.heat_map(mask, &heat_options(answer, columns)));

    if let Some(slices) = &slices {
        findings::of_slices(answer, slices, !goes_on());
        tables::slices(answer, slices);
    }
    findings::of_tree(answer, &tree);
    tables::tree(answer, &tree);
    if let Some(map) = &map {
        tables::heat_map(answer, map);
        findings::of_heat_map(answer, map);
    }
    if let Some(association) = &association {
        findings::of_association(answer, association);
        tables::association(answer, association);
    }
    if !goes_on() {
        let parts = [
            ("the slices", wants_slices && slices.is_none()),
            ("what goes with the errors", association.is_none()),
            ("the heat map", map.is_none() && chosen.is_none_or(|c| !c.is_empty())),
        ];
        let missing: Vec<&str> = parts.iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| *name).collect();
        findings::of_interruption(answer, &missing);
    }
}

/// Whether the user wants to stop.
fn is_stopped(context: &Context<'_>) -> bool {
    context.stop.load(Ordering::Relaxed)
}

fn matrix_options(params: &params::Params, context: &Context<'_>) -> MatrixOptions {
    let raw = &params.raw;
    let mut columns = raw.features.clone().unwrap_or_else(|| usual_columns(context));
    for name in raw.heat_map.iter().flatten() {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let cuts = vec![(raw.bin_rule, raw.bins), (BinRule::Quantile, raw.slice_bins)];
    MatrixOptions { columns, loss: params.loss, cuts, seed: context.seed() }
}

fn tree_options(raw: &Params) -> TreeOptions {
    let grow = GrowOptions {
        max_depth: raw.max_depth as usize,
        num_leaves: raw.num_leaves as usize,
        min_child_samples: raw.min_child_samples,
    };
    TreeOptions { grow, columns: None, honest: raw.honest }
}

fn finder_options(raw: &Params, confidence: Confidence, seed: u64) -> FinderOptions {
    let search = SliceOptions {
        max_terms: raw.max_terms as usize,
        min_rows: raw.min_slice_rows,
        alpha: raw.alpha,
        k: raw.top_k as usize,
        min_difference: raw.min_difference,
        min_ratio: raw.min_ratio,
        z: confidence.z(),
        max_visits: raw.max_visits,
        always_prune: false,
    };
    FinderOptions {
        search,
        min_support: raw.min_support,
        bins: raw.slice_bins,
        merge_overlap: raw.merge_overlap,
        honest: raw.honest,
        confidence,
        permutations: (raw.slice_permutations, seed),
    }
}

fn heat_options(answer: &Answer<'_>, columns: Vec<usize>) -> HeatMapOptions {
    let raw = &answer.params.raw;
    HeatMapOptions {
        columns,
        rule: raw.bin_rule,
        bins: raw.bins,
        min_rows: raw.min_child_samples,
        metric: answer.params.metric,
        confidence: answer.confidence,
        honest: raw.honest,
    }
}

/// All rows, and the cohorts that were asked for.
fn cohorts(raw: &Params, context: &Context<'_>) -> Result<Vec<usize>, AnalysisError> {
    let known = context.test.frame.cohorts();
    let mut chosen = vec![0];
    for name in &raw.cohorts {
        let Some(place) = known.iter().position(|c| c.name == *name) else {
            let near = nearest(name, known.iter().map(|c| c.name.as_str()));
            let names: Vec<&str> = known.iter().skip(1).map(|c| c.name.as_str()).collect();
            let hint = match near {
                Some(near) => format!("the nearest name is `{near}`"),
                None if names.is_empty() => "the run has no cohorts; name some with `--cohort`".to_owned(),
                None => format!("there are {}", names.join(", ")),
            };
            return problem("cohorts", format!("there is no cohort `{name}`"), &hint);
        };
        if !chosen.contains(&place) {
            chosen.push(place);
        }
    }
    Ok(chosen)
}

/// Places of the heat map's columns; none when they are to be chosen.
fn chosen_columns(raw: &Params, matrix: &ErrorMatrix) -> Result<Option<Vec<usize>>, AnalysisError> {
    let Some(names) = &raw.heat_map else { return Ok(None) };
    let mut places = Vec::new();
    for name in names {
        let Some(place) = matrix.place(name) else {
            let hint = "take a column of numbers, dates, names or true/false";
            return problem("heat_map", format!("column `{name}` is text, which has no bins"), hint);
        };
        places.push(place);
    }
    Ok(Some(places))
}

/// Adds an information note; a short hand.
fn info(answer: &mut Answer<'_>, code: &str, text: String) {
    answer.note(0.0, Level::Info, code, text, Vec::new());
}
