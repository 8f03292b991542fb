//! The search over all rows: in parallel, in the order of the rows, each result written as soon as it is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use equipoise_counterfactuals::{
    Answers, Counterfactual, CounterfactualError, Diversity, Finder, Found, Method, Plausible, Proof, Quality,
    Reference, Replica, Space, Wish,
};
use equipoise_data::{GroupingKind, TableFile};
use equipoise_document::{Level, Note, Task};
use equipoise_kernels::{Draws, split_mix};
use equipoise_models::Model;
use rayon::prelude::*;

use super::journal;
use super::limits::{row_limits, space, told};
use super::method::{Asked, replica};
use super::params::{self, RawParams, wrong};
use super::picked::{Picked, rows};
use super::rows::Bridge;
use crate::explain::ask::{Asker, same_label};
use crate::explain::table::Table;
use crate::{AnalysisError, ArtifactWriter, Context, Part};

/// Rows that are searched before their results are written.
const AT_ONCE: usize = 64;

/// Everything the search needs.
pub(super) struct Subject<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) params: &'a RawParams,
    pub(super) bridge: Bridge<'a>,
    pub(super) space: Space,
    reference: Reference,
    method: Box<dyn Method>,
    replica: Option<Arc<Replica>>,
    answers: Answers,
    pub(super) wish: Wish,
    pub(super) picked: Picked,
    query: Vec<f64>,
    /// The rows' numbers in the data.
    pub(super) numbers: Vec<u32>,
    pub(super) notes: Vec<Note>,
}

/// What was found for a row.
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) place: u32,
    pub(super) values: Vec<f64>,
    pub(super) found: Found,
    pub(super) quality: Option<Quality>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        params: &'a RawParams,
        context: &'a Context<'a>,
        model: &'a dyn Model,
    ) -> Result<Self, AnalysisError> {
        context.progress.step("what may change");
        let asker = Asker::new(context, model)?;
        let columns = asker.binding.columns().to_vec();
        let schema = context.test.dataset.schema();
        let names: Vec<String> =
            columns.iter().filter_map(|c| schema.columns.get(*c)).map(|c| c.name.clone()).collect();

        let (wish, wanted) = wish(params, context)?;
        let picked = rows(params, context, wanted)?;
        let numbers = dataset_rows(&context.test, &picked.places);
        let asked = Table::read(context.test.dataset, &columns, &numbers)?;
        let (part, part_columns) = match &context.train {
            Some(train) => {
                let places: Result<Vec<usize>, _> = names.iter().map(|n| train.dataset.column(n)).collect();
                (*train, places?)
            }
            None => (context.test, columns),
        };
        let sample = sample(context, &part, usize::try_from(params.max_reference).unwrap_or(usize::MAX));
        let known = Table::read(part.dataset, &part_columns, &sample)?;

        let bridge = Bridge::over(context, asker, &[&known, &asked]);
        let reference = bridge.rows(&known);
        let held = held(params, context, &bridge.names);
        let space = space(params, &bridge, &reference, &held)?;
        let mut notes = Vec::new();
        if !held.is_empty() {
            let list: Vec<&str> = held.iter().map(String::as_str).collect();
            notes.push(Note::new(
                Level::Info,
                "counterfactuals.sensitive_held",
                format!(
                    "{} stayed as they are, because they are sensitive; name them in `features_to_vary` to let them change.",
                    crate::explain::words::listed(&list)
                ),
            ));
        }
        let answers = match context.task {
            Task::Regression => Answers::Value,
            Task::Binary => Answers::Probability { threshold: context.spec.threshold.unwrap_or(0.5) },
            Task::Multiclass => Answers::Classes { n: context.classes.len() },
        };
        let template =
            reference.get(..bridge.names.len()).map_or_else(|| vec![0.0; bridge.names.len()], <[f64]>::to_vec);
        let replica = replica(model, &bridge, &space, &template);
        let subject = Asked { params, model, bridge: &bridge, space: &space, template: &template, rows: &reference };
        let method = subject.method(&replica, (wish, answers), &mut notes)?;
        let replica = replica.ok();
        let n_columns = bridge.names.len();
        let reference = Reference::over(reference, n_columns, answers, &bridge).map_err(back)?;
        let query = bridge.rows(&asked);
        Ok(Self {
            context,
            params,
            bridge,
            space,
            reference,
            method,
            replica,
            answers,
            wish,
            picked,
            query,
            numbers,
            notes,
        })
    }

    /// How rows were looked for.
    pub(super) fn method_name(&self) -> &'static str {
        self.method.name()
    }

    /// Rows that stand for what is plausible.
    pub(super) fn n_reference(&self) -> usize {
        self.reference.n_rows()
    }

    /// Searches all rows.
    pub(super) fn run(&self) -> Result<Vec<Row>, AnalysisError> {
        self.context.progress.step("counterfactuals");
        let n = self.bridge.names.len().max(1);
        let queries: Vec<(&[f64], (u32, u32))> = self
            .query
            .chunks_exact(n)
            .zip(self.numbers.iter().copied().zip(self.picked.places.iter().copied()))
            .collect();
        let mut writer = self.context.host.artifact("counterfactuals").map_err(written)?;
        let mut journal = self.context.host.journal("counterfactuals", &self.key()).map_err(written)?;
        let mut kept = journal.as_mut().map(|journal| journal.take()).unwrap_or_default().into_iter();
        let mut all = Vec::with_capacity(queries.len());
        for part in queries.chunks(AT_ONCE) {
            self.context.check_stop()?;
            let known = kept.next().and_then(|record| journal::decoded(&record, part));
            let found = match known {
                Some(found) => found,
                None => {
                    let found: Result<Vec<Row>, AnalysisError> =
                        part.par_iter().map(|(row, (number, place))| self.one(row, *number, *place)).collect();
                    let found = found?;
                    if let Some(journal) = &mut journal {
                        journal.push(&journal::encoded(&found)).map_err(written)?;
                    }
                    found
                }
            };
            if let Some(writer) = &mut writer {
                self.write(writer.as_mut(), &found)?;
            }
            all.extend(found);
            #[allow(clippy::cast_precision_loss, reason = "a share")]
            self.context.progress.share(all.len() as f64 / queries.len().max(1) as f64);
        }
        if let Some(writer) = writer {
            writer.finish().map_err(written)?;
        }
        Ok(all)
    }

    /// Names everything that results depend on: what is kept of another run is not taken for this one's.
    fn key(&self) -> String {
        let mut key = journal::Key::new().text(&serde_json::to_string(self.params).unwrap_or_default());
        key = key.text(&format!("{:?} {:?} {}", self.wish, self.answers, self.context.seed()));
        for (name, levels) in self.bridge.names.iter().zip(&self.bridge.levels) {
            key = key.text(name).text(&format!("{levels:?}"));
        }
        for variable in self.space.variables() {
            key = key.text(&format!("{variable:?}"));
        }
        // What the model says of the reference stands for the model.
        let numbers: Vec<f64> = self.numbers.iter().map(|n| f64::from(*n)).collect();
        key.numbers(&numbers)
            .numbers(&self.query)
            .numbers(self.reference.rows())
            .numbers(self.reference.answers())
            .hex()
    }

    fn one(&self, row: &[f64], number: u32, place: u32) -> Result<Row, AnalysisError> {
        let own = row_limits(self.params, &self.bridge, &self.space, u64::from(number))?;
        let finder = Finder {
            space: &self.space,
            model: &self.bridge,
            answers: self.answers,
            replica: self.replica.as_deref(),
            reference: Some(&self.reference),
            method: self.method.as_ref(),
            wish: self.wish,
            total: self.params.total_cfs as usize,
            is_sparsified: self.params.posthoc_sparsity_param > 0.0,
            diversity: match self.params.diversity {
                params::Diversity::Maximin => Diversity::Maximin,
                params::Diversity::Determinantal => Diversity::Determinantal,
            },
            plausible: Plausible { max_distance: self.params.max_distance, max_isolation: self.params.max_isolation },
            seed: self.context.seed(),
        };
        // Draws hang on the row's number in the data, not on its place in the sample.
        let found = finder.find(row, u64::from(number), &own).map_err(back)?;
        let quality = match self.space.choices(row, &own) {
            Ok(choices) => Quality::of(&finder, row, u64::from(number), &choices, &found).map_err(back)?,
            Err(_) => None,
        };
        Ok(Row { number, place, values: row.to_vec(), found, quality })
    }

    /// Appends the counterfactuals of some rows: one line each, with all values of the row.
    fn write(&self, writer: &mut dyn ArtifactWriter, rows: &[Row]) -> Result<(), AnalysisError> {
        let lines: Vec<(&Row, usize, &Counterfactual)> = rows
            .iter()
            .flat_map(|row| row.found.counterfactuals.iter().enumerate().map(move |(place, one)| (row, place, one)))
            .collect();
        let mut part = TableFile::new();
        part.integers("row", lines.iter().map(|l| i64::from(l.0.number)).collect());
        part.integers("counterfactual", lines.iter().map(|l| i64::try_from(l.1).unwrap_or(0)).collect());
        part.numbers("cost", lines.iter().map(|l| l.2.cost).collect());
        part.integers("n_changed", lines.iter().map(|l| i64::try_from(l.2.changed.len()).unwrap_or(0)).collect());
        let bound = |proof: Option<Proof>| match proof {
            Some(Proof::Optimal) => 0,
            Some(Proof::AtLeast(_)) => 1,
            Some(Proof::Unreachable) | None => 2,
        };
        let words = ["optimal", "bounded", "none"].map(String::from);
        part.names("proof", &lines.iter().map(|l| bound(l.2.proof)).collect::<Vec<u16>>(), &words);
        for output in 0..self.bridge.asker.n_outputs {
            let name = if self.bridge.asker.n_outputs == 1 { "answer".to_owned() } else { format!("answer_{output}") };
            let of = |one: &Counterfactual| one.answer.get(output).copied().unwrap_or(f64::NAN);
            part.numbers(&name, lines.iter().map(|l| of(l.2)).collect());
        }
        for (column, name) in self.bridge.names.iter().enumerate() {
            let values = lines.iter().map(|l| l.2.row.get(column).copied().unwrap_or(f64::NAN));
            match self.bridge.levels.get(column) {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are whole")]
                Some(Some(levels)) if levels.len() < usize::from(u16::MAX) => {
                    let codes: Vec<u16> = values.map(|x| if x.is_nan() { u16::MAX } else { x as u16 }).collect();
                    part.names(name, &codes, levels);
                }
                _ => part.numbers(name, values.collect()),
            }
        }
        writer.push(part).map_err(written)
    }
}

fn written(error: impl std::fmt::Display) -> AnalysisError {
    AnalysisError::Artifact { name: "counterfactuals", problem: error.to_string() }
}

/// What the crate says, as this analysis says it: an error of the model comes back as it went in.
pub(super) fn back(error: CounterfactualError) -> AnalysisError {
    match error {
        CounterfactualError::Model(inner) => match inner.downcast::<AnalysisError>() {
            Ok(error) => *error,
            Err(other) => match other.downcast::<equipoise_models::ModelError>() {
                Ok(error) => AnalysisError::Model(*error),
                Err(other) => wrong("*", other.to_string(), "check the model"),
            },
        },
        CounterfactualError::Method { .. } => told("method", &error),
        CounterfactualError::Wish { .. } => told("desired_class", &error),
        other => told("*", &other),
    }
}

/// What is wished for, and the class where it is the same for all rows.
fn wish(params: &RawParams, context: &Context<'_>) -> Result<(Wish, Option<usize>), AnalysisError> {
    if context.task == Task::Regression {
        if let Some(class) = &params.desired_class {
            return Err(wrong(
                "desired_class",
                format!("a number is predicted, not `{class}`"),
                "give `desired_range`",
            ));
        }
        let Some([low, high]) = params.desired_range else {
            return Err(wrong(
                "desired_range",
                "a number is predicted and no range is wished for",
                "for example [100, 200]",
            ));
        };
        if low.is_nan() || high.is_nan() || low > high {
            return Err(wrong("desired_range", format!("it begins at {low} and ends at {high}"), "swap its ends"));
        }
        return Ok((Wish::Range(low, high), None));
    }
    if params.desired_range.is_some() {
        return Err(wrong("desired_range", "a class is predicted, not a number", "give `desired_class`"));
    }
    let is_two = context.task == Task::Binary;
    let usual = if is_two { "opposite" } else { "other" };
    let asked = params.desired_class.as_deref().unwrap_or(usual);
    let class = context.classes.iter().position(|c| same_label(c, asked));
    match (class, params.desired_probability, asked) {
        (Some(class), Some(p), _) => Ok((Wish::Probability(class, p), None)),
        (Some(class), None, _) => Ok((Wish::Class(class), Some(class))),
        (None, Some(_), _) => {
            Err(wrong("desired_probability", "no class is named with it", "give `desired_class` too"))
        }
        (None, None, "opposite") if is_two => Ok((Wish::Opposite, None)),
        (None, None, "opposite") => Err(wrong(
            "desired_class",
            format!("there is no opposite among {} classes", context.classes.len()),
            "name a class, or `other`",
        )),
        (None, None, "other") => Ok((Wish::AnyOther, None)),
        (None, None, other) => Err(wrong(
            "desired_class",
            format!("there is no class `{other}`"),
            format!("the classes are {}", context.classes.join(", ")),
        )),
    }
}

/// Sensitive columns that are held because nothing else was asked for.
fn held(params: &RawParams, context: &Context<'_>, names: &[String]) -> BTreeSet<String> {
    if matches!(params.features_to_vary, params::FeaturesToVary::These(_)) {
        return BTreeSet::new();
    }
    let sensitive = context.test.frame.groupings().iter().filter(|g| g.kind == GroupingKind::Sensitive);
    sensitive.map(|g| g.column.clone()).filter(|c| names.contains(c)).collect()
}

pub(crate) fn dataset_rows(part: &Part<'_>, places: &[u32]) -> Vec<u32> {
    match part.frame.row_ids() {
        None => places.to_vec(),
        Some(ids) => places.iter().filter_map(|p| ids.get(*p as usize).copied()).collect(),
    }
}

/// Rows of the data that stand for the population, ascending.
pub(crate) fn sample(context: &Context<'_>, part: &Part<'_>, most: usize) -> Vec<u32> {
    let mut places: Vec<u32> = (0..u32::try_from(part.frame.n_rows()).unwrap_or(u32::MAX)).collect();
    if places.len() > most {
        let key = Draws::new(context.seed(), "counterfactuals.reference", 0).bits();
        places.sort_by_key(|place| split_mix(key ^ u64::from(*place)));
        places.truncate(most);
        places.sort_unstable();
    }
    dataset_rows(part, &places)
}
