//! Which column is what, and which rows are used.

use std::collections::BTreeMap;

use equipoise_causal::Rows;
use equipoise_document::{Level, Task, Unit};

use super::answer::{About, Answer, p_in_words, p_value};
use super::params::{RawParams, RowsToUse, wrong};
use super::rows::{Table, Values};
use super::{Studied, graph, study};
use crate::{AnalysisError, Context};

/// Which column is what.
pub(super) struct Plan {
    /// The outcome in words.
    pub(super) outcome: String,
    /// The outcome's column, where it is not the target.
    column: Option<String>,
    /// The class that counts as 1.
    class: Option<usize>,
    pub(super) unit: Unit,
    controls: Vec<String>,
    /// The controls of each treatment by the graph, where one was drawn.
    by_graph: Option<BTreeMap<String, graph::Held>>,
    heterogeneity: Option<Vec<String>>,
    /// Columns to be read.
    names: Vec<String>,
    notes: Vec<(Level, &'static str, String)>,
}

/// The rows of one treatment.
pub(super) struct Sample {
    pub(super) y: Vec<f64>,
    pub(super) columns: BTreeMap<String, Values>,
    pub(super) weight: Option<Vec<f64>>,
    pub(super) clusters: Option<Vec<u32>>,
    pub(super) keys: Vec<u64>,
    /// Cohorts beyond the first: whether a row of the sample belongs to it.
    pub(super) cohorts: Vec<(String, Vec<bool>)>,
    /// Row number in the test data; none for rows of the training data.
    pub(super) test_row: Vec<Option<u64>>,
}

impl Sample {
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { weight: self.weight.as_deref(), clusters: self.clusters.as_deref(), ..Rows::default() }
    }

    pub(super) fn column(&self, name: &str) -> Result<&Values, AnalysisError> {
        self.columns.get(name).ok_or_else(|| wrong("*", format!("`{name}` was not read"), "name a column of the data"))
    }

    /// A column as numbers: values, or whether a row has the second of two names.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>, AnalysisError> {
        match self.column(name)? {
            Values::Numbers(x) => Ok(x.clone()),
            Values::Names(codes, levels) => {
                let mut present: Vec<u32> = codes.clone();
                present.sort_unstable();
                present.dedup();
                match present.as_slice() {
                    [_, second] => Ok(codes.iter().map(|c| f64::from(u8::from(c == second))).collect()),
                    _ => Err(wrong(
                        "*",
                        format!("`{name}` holds {} names; a number or two names are needed", levels.len()),
                        "turn it into numbers in the data",
                    )),
                }
            }
        }
    }

    /// Kish's effective number of rows, where rows are weighted.
    pub(super) fn n_effective(&self) -> Option<f64> {
        let w = self.weight.as_ref()?;
        let (sum, squares) = w.iter().fold((0.0, 0.0), |(a, b), w| (a + w, b + w * w));
        (squares > 0.0).then(|| sum * sum / squares)
    }
}

impl Plan {
    pub(super) fn new(params: &RawParams, context: &Context<'_>) -> Result<Self, AnalysisError> {
        let target = context.spec.target.clone().unwrap_or_default();
        let column = params.outcome.clone().filter(|o| *o != target);
        let outcome_column = column.clone().unwrap_or_else(|| target.clone());
        if params.treatment_features.contains(&outcome_column) {
            let problem = format!("`{outcome_column}` is the outcome; it cannot be its own treatment");
            return Err(wrong("treatment_features", problem, "name a column that was decided before the outcome"));
        }
        let mut notes = Vec::new();
        let listed = params.control_features.is_some();
        let mut controls = params.control_features.clone().unwrap_or_else(|| context.features.to_vec());
        if controls.contains(&outcome_column) {
            if listed {
                let problem = format!("`{outcome_column}` is the outcome; it cannot be held fixed");
                return Err(wrong("control_features", problem, "leave it out"));
            }
            let text = format!("`{outcome_column}` is the outcome and a feature of the model; it is not held fixed.");
            notes.push((Level::Caution, "outcome_in_features", text));
        }
        let is_other = |name: &String| {
            *name == outcome_column
                || params.instrument.as_ref() == Some(name)
                || params.clusters.as_ref() == Some(name)
                || params.negative_controls.contains(name)
        };
        controls.retain(|name| !is_other(name));
        if let Some(name) = params.instrument.as_ref().filter(|i| params.treatment_features.contains(i)) {
            let problem = format!("`{name}` is a treatment; it cannot be its own instrument");
            return Err(wrong("instrument", problem, "name a column that only moves the treatment"));
        }
        let sensitive = context.spec.sensitive.iter().map(|g| g.column());
        for name in sensitive.filter(|s| params.treatment_features.iter().any(|t| t == s)) {
            let text = format!(
                "`{name}` is a sensitive column. Nobody can be given another value of it: read its effect as a description of \
                 unequal outcomes, not as something to act on."
            );
            notes.push((Level::Caution, "sensitive_treatment", text));
        }
        for name in immutable(context).filter(|name| params.treatment_features.iter().any(|t| t == name)) {
            let text = format!(
                "`{name}` cannot be changed (`immutable` of the counterfactuals): read its effect as a description, not as something \
                 to act on."
            );
            notes.push((Level::Caution, "immutable_treatment", text));
        }
        let (outcome, class, unit) = outcome(params, context, column.as_deref(), &outcome_column)?;
        let schema = context.test.dataset.schema();
        let draw = |dag| graph::controls(dag, params, &outcome_column, schema, &mut notes);
        let by_graph = params.dag.as_ref().map(draw).transpose()?;
        let mut names: Vec<String> = Vec::new();
        let heterogeneity = params.heterogeneity_features.clone();
        let wanted = params.treatment_features.iter().chain(&controls).chain(heterogeneity.iter().flatten());
        let others = params.negative_controls.iter().chain(&params.instrument).chain(&params.clusters).chain(&column);
        let drawn =
            by_graph.iter().flat_map(BTreeMap::values).flat_map(|held| held.controls.iter().chain(&held.mediators));
        for name in wanted.chain(others).chain(drawn) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Ok(Self { outcome, column, class, unit, controls, by_graph, heterogeneity, names, notes })
    }

    pub(super) fn note(&self, answer: &mut Answer) {
        for (level, code, text) in &self.notes {
            answer.note(*level, code, text.clone());
        }
    }

    /// Controls of a treatment: all but itself.
    pub(super) fn controls_of(&self, treatment: &str) -> Vec<String> {
        let by_graph = self.by_graph.as_ref().and_then(|g| g.get(treatment));
        by_graph.map_or(&self.controls, |held| &held.controls).iter().filter(|c| *c != treatment).cloned().collect()
    }

    /// Mediators of a treatment, where the graph identifies its effect by the front door.
    pub(super) fn mediators_of(&self, treatment: &str) -> &[String] {
        self.by_graph.as_ref().and_then(|g| g.get(treatment)).map_or(&[], |held| &held.mediators)
    }

    /// Columns by which the effect of a treatment may differ.
    pub(super) fn heterogeneity_of(&self, treatment: &str) -> Vec<String> {
        match &self.heterogeneity {
            Some(named) => named.iter().filter(|c| *c != treatment).cloned().collect(),
            None => self.controls_of(treatment),
        }
    }

    pub(super) fn read(&self, params: &RawParams, context: &Context<'_>) -> Result<Table, AnalysisError> {
        let in_train =
            |name: &String| context.train.as_ref().is_none_or(|train| train.dataset.schema().get(name).is_some());
        let rows = if self.names.iter().all(in_train) { params.rows } else { RowsToUse::Test };
        Table::read(&self.names, rows, context)
    }

    /// The outcome of every row as a number; NaN where it is missing.
    fn outcome(&self, table: &Table, params: &RawParams) -> Result<Vec<f64>, AnalysisError> {
        let Some(name) = &self.column else {
            return Ok(match self.class {
                #[allow(clippy::cast_precision_loss, reason = "a class")]
                Some(class) => {
                    table.truth.iter().map(|t| f64::from(u8::from((t - class as f64).abs() < 0.5))).collect()
                }
                None => table.truth.clone(),
            });
        };
        match (table.columns.get(name), &params.outcome_value) {
            (Some(Values::Numbers(x)), None) => Ok(x.clone()),
            (Some(values), Some(value)) => {
                let Values::Names(codes, levels) = values.named() else { return Ok(Vec::new()) };
                let Some(place) = levels.iter().position(|l| l == value) else {
                    let problem = format!("`{value}` does not occur in `{name}`");
                    return Err(wrong("outcome_value", problem, format!("its values are {}", some(&levels))));
                };
                let one = |c: &u32| match levels.get(*c as usize) {
                    None => f64::NAN,
                    Some(_) => f64::from(u8::from(*c as usize == place)),
                };
                Ok(codes.iter().map(one).collect())
            }
            (Some(Values::Names(_, levels)), None) => {
                let problem = format!("`{name}` holds names; an effect needs a number");
                Err(wrong("outcome_value", problem, format!("say which value counts as 1: {}", some(levels))))
            }
            (None, _) => Ok(Vec::new()),
        }
    }

    /// The rows of each treatment: those with outcome, treatment and instrument.
    pub(super) fn samples(
        &self,
        params: &RawParams,
        table: &Table,
        answer: &mut Answer,
    ) -> Result<Vec<Sample>, AnalysisError> {
        let y = self.outcome(table, params)?;
        let n_without = y.iter().filter(|y| !y.is_finite()).count();
        if n_without > 0 {
            let text = format!("{n_without} of {} rows have no `{}` and are left out.", y.len(), self.outcome);
            answer.note(Level::Info, "rows_without_outcome", text);
        }
        let clusters = params.clusters.as_ref().and_then(|name| table.columns.get(name)).map(Values::named);
        let keys = table.keys(&y);
        let mut samples = Vec::new();
        for name in &params.treatment_features {
            let needed: Vec<&Values> = std::iter::once(name)
                .chain(&params.instrument)
                .chain(self.mediators_of(name))
                .filter_map(|n| table.columns.get(n))
                .collect();
            let is_used = |row: usize| {
                y.get(row).is_some_and(|y| y.is_finite())
                    && needed.iter().all(|v| v.is_known(row))
                    && table.weight.as_ref().is_none_or(|w| w.get(row).is_some_and(|w| *w > 0.0))
            };
            let rows: Vec<usize> = (0..y.len()).filter(|row| is_used(*row)).collect();
            let n_untreated = y.iter().filter(|y| y.is_finite()).count() - rows.len();
            if n_untreated > 0 {
                let text = format!(
                    "{n_untreated} rows have no value of `{name}` (or no weight) and are left out of its effect."
                );
                answer.note(Level::Info, "rows_without_treatment", text);
            }
            if rows.len() < 2 * params.folds as usize {
                let problem = format!("{} rows with `{name}` and `{}` are too few", rows.len(), self.outcome);
                return Err(wrong("treatment_features", problem, format!("{} folds need more rows", params.folds)));
            }
            let pick = |x: &[f64]| rows.iter().filter_map(|r| x.get(*r)).copied().collect::<Vec<f64>>();
            let n_test = table.n_test();
            let cohorts = table.cohorts.iter().map(|(name, members)| {
                (name.clone(), rows.iter().map(|r| members.get(*r).copied().unwrap_or(false)).collect())
            });
            samples.push(Sample {
                y: pick(&y),
                columns: table.columns.iter().map(|(name, values)| (name.clone(), values.keep(&rows))).collect(),
                weight: table.weight.as_deref().map(pick),
                clusters: clusters.as_ref().map(|c| renumbered(&c.keep(&rows))),
                keys: rows.iter().filter_map(|r| keys.get(*r)).copied().collect(),
                cohorts: cohorts.collect(),
                test_row: rows.iter().map(|r| table.test_rows.get(*r).copied().filter(|_| *r < n_test)).collect(),
            });
        }
        Ok(samples)
    }

    /// The same estimate for outcomes that the treatment cannot have changed.
    pub(super) fn negative_controls(
        &self,
        answer: &mut Answer,
        studied: &[Studied<'_>],
        params: &RawParams,
        context: &Context<'_>,
    ) -> Result<(), AnalysisError> {
        for control in &params.negative_controls {
            for one in studied {
                let values = one.sample.numbers(control)?;
                let rows: Vec<usize> =
                    (0..values.len()).filter(|r| values.get(*r).is_some_and(|x| x.is_finite())).collect();
                let sample = one.sample.part(&rows, &values);
                let treatment = one.sample.column(&one.treatment.name)?.keep(&rows);
                let treatment = super::Treatment::new(&one.treatment.name, &treatment, params)?;
                let controls = self.controls_of(&one.treatment.name);
                let design =
                    super::Design::over(&controls, &sample.columns, params.upper_bound_on_cat_expansion as usize);
                let mediators = self.mediators_of(&one.treatment.name);
                let Ok(found) = study(one.place, treatment, design, (&controls, mediators), &sample, params, context)?
                else {
                    continue;
                };
                for (place, contrast) in found.found.contrasts.iter().enumerate() {
                    let (theta, se) = (contrast.average.theta, contrast.average.se);
                    let p = p_value(theta, se);
                    let about =
                        About { treatment: &one.treatment.name, level: one.treatment.level(place + 1), cohort: None };
                    let n = rows.len() as u64;
                    let estimate = answer.effect(
                        about.id(&format!("negative_control_{}", word(control))),
                        theta,
                        se,
                        n,
                        "cross_fitted",
                    );
                    let estimate = estimate.with_unit(Unit::Plain);
                    let id = answer.add(estimate);
                    let (level, verdict) = if p < 1.0 - answer.confidence.level() {
                        (Level::Concern, "so something that moves both is likely missing among the controls")
                    } else {
                        (Level::Finding, "as it should be")
                    };
                    let text = format!(
                        "`{control}` cannot have been changed by `{}`; its estimated effect on it is {} ({}), {verdict}.",
                        one.treatment.name,
                        super::answer::number(theta),
                        p_in_words(p)
                    );
                    answer.note_about(level, "negative_control", text, &[id]);
                }
            }
        }
        Ok(())
    }
}

impl Sample {
    /// Some rows with another outcome.
    fn part(&self, rows: &[usize], y: &[f64]) -> Self {
        let pick = |x: &[f64]| rows.iter().filter_map(|r| x.get(*r)).copied().collect::<Vec<f64>>();
        Self {
            y: pick(y),
            columns: self.columns.iter().map(|(name, values)| (name.clone(), values.keep(rows))).collect(),
            weight: self.weight.as_deref().map(pick),
            clusters: self.clusters.as_ref().map(|c| rows.iter().filter_map(|r| c.get(*r)).copied().collect()),
            keys: rows.iter().filter_map(|r| self.keys.get(*r)).copied().collect(),
            cohorts: Vec::new(),
            test_row: Vec::new(),
        }
    }
}

/// Columns that the run says nobody can change.
fn immutable<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a str> {
    let named = context.spec.analyses.get("counterfactuals").and_then(|p| p.get("immutable"));
    named.and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(serde_json::Value::as_str)
}

/// A metric's name out of a column's: what an id cannot hold becomes `_`.
fn word(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// Clusters numbered from 0 in the order of their first row; rows without a cluster stand alone.
fn renumbered(values: &Values) -> Vec<u32> {
    let Values::Names(codes, _) = values else { return Vec::new() };
    let mut place: BTreeMap<u32, u32> = BTreeMap::new();
    let mut next = 0;
    codes
        .iter()
        .map(|code| {
            let mut new = || {
                next += 1;
                next - 1
            };
            if *code == equipoise_data::MISSING { new() } else { *place.entry(*code).or_insert_with(new) }
        })
        .collect()
}

/// The first names of a list.
fn some(names: &[String]) -> String {
    names.iter().take(8).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// The outcome in words, the class that counts as 1, and the unit of effects.
fn outcome(
    params: &RawParams,
    context: &Context<'_>,
    column: Option<&str>,
    name: &str,
) -> Result<(String, Option<usize>, Unit), AnalysisError> {
    if let Some(column) = column {
        return Ok(match &params.outcome_value {
            Some(value) => (format!("{column} = {value}"), None, Unit::Share),
            None => (column.to_owned(), None, Unit::Plain),
        });
    }
    let class_of = |wanted: &String| {
        context.classes.iter().position(|c| c == wanted).ok_or_else(|| {
            let problem = format!("`{wanted}` is not a class of `{name}`");
            wrong("outcome_value", problem, format!("the classes are {}", some(context.classes)))
        })
    };
    match (context.task, &params.outcome_value) {
        (Task::Regression, None) => Ok((name.to_owned(), None, Unit::Target)),
        (Task::Regression, Some(value)) => {
            let problem = format!("`{name}` is a number; `{value}` cannot be its class");
            Err(wrong("outcome_value", problem, "leave it out"))
        }
        (Task::Binary | Task::Multiclass, Some(value)) => {
            Ok((format!("{name} = {value}"), Some(class_of(value)?), Unit::Share))
        }
        (Task::Binary, None) => {
            let class = context.classes.get(1).cloned().unwrap_or_default();
            Ok((format!("{name} = {class}"), Some(1), Unit::Share))
        }
        (Task::Multiclass, None) => {
            let problem = format!("`{name}` has {} classes; an effect needs a number", context.classes.len());
            Err(wrong("outcome_value", problem, format!("say which class counts as 1: {}", some(context.classes))))
        }
    }
}
