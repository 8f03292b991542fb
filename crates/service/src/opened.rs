//! A run whose data and model are open and whose rows are scored: what analyses are asked of.

use std::path::Path;

use equipoise_analyses::{Context, Host, Part};
use equipoise_data::{Dataset, Frame, OpenOptions};
use equipoise_document::{InputFingerprint, Level, ModelSpec, Note, RunSpec};
use equipoise_models::{Binding, Model};
use sha2::{Digest as _, Sha256};

use crate::classes::{Outcome, find_outcome};
use crate::groups::{Grouper, groupers};
use crate::roles::Roles;
use crate::score::{Scoring, score};
use crate::{ServiceError, World, cohorts, content};

/// Data and a model that are in memory already. They take the place of what the spec names.
#[derive(Default)]
pub struct Given {
    /// The rows to assess.
    pub test: Option<Dataset>,
    /// The rows the model was trained on.
    pub train: Option<Dataset>,
    /// The model.
    pub model: Option<Box<dyn Model>>,
    /// What the model was read from, where it was read from bytes; none for one that is asked.
    pub model_content: Option<ContentDigest>,
}

/// SHA-256 and size of bytes that something was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDigest {
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// Number of bytes.
    pub bytes: u64,
}

impl ContentDigest {
    /// The digest of these bytes: of a file's content, the one that the file itself is told by.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self { sha256: hex::encode(Sha256::digest(content)), bytes: content.len() as u64 }
    }
}

/// Everything a run has opened.
pub(crate) struct Opened {
    /// The spec, with the cohorts of a file.
    pub(crate) spec: RunSpec,
    pub(crate) test: OpenedPart,
    pub(crate) train: Option<OpenedPart>,
    pub(crate) model: Option<OpenedModel>,
    pub(crate) outcome: Outcome,
    /// Names of the feature columns.
    pub(crate) features: Vec<String>,
    /// The rows to assess, scored.
    pub(crate) frame: Frame,
    train_frame: Option<Frame>,
    /// What was noticed on the way.
    pub(crate) notes: Vec<Note>,
}

/// A model that was opened, and how it fits the data.
pub(crate) struct OpenedModel {
    pub(crate) model: Box<dyn Model>,
    pub(crate) fingerprint: InputFingerprint,
}

/// One part of the data that was opened.
pub(crate) struct OpenedPart {
    pub(crate) dataset: Dataset,
    pub(crate) roles: Roles,
    /// SHA-256 of the rows where they came from memory; files have their own.
    pub(crate) content: Option<String>,
}

impl Opened {
    /// Opens what a spec names, except for what is given, and scores the rows.
    ///
    /// # Errors
    /// When the caller can put it right: each message names file, column, row or field and how to mend it.
    pub(crate) fn open(
        spec: &RunSpec,
        cohort_file: Option<&Path>,
        given: Given,
        world: &World,
    ) -> Result<Self, ServiceError> {
        let asked = spec;
        // The file is read before anything else, so that a wrong one costs no reading of data.
        let first = cohorts::with_file(asked, cohort_file, &[])?;
        let spec = &first;
        spec.check()?;
        // A model file is opened first, so that a wrong one costs no reading of data; an endpoint is told the columns.
        let file = spec.model.as_ref().filter(|m| given.model.is_none() && !is_address(&m.source));
        let mut notes = Vec::new();
        if given.model.is_some() && given.model_content.is_none() {
            notes.push(no_fingerprint());
        }
        let mut model = match given.model {
            Some(model) => {
                Some(OpenedModel { fingerprint: in_memory(spec, model.as_ref(), given.model_content), model })
            }
            None => file.map(|m| open_file(m, world)).transpose()?,
        };
        let test = part_of(spec, given.test, &spec.data.test, "test", world)?;
        let train = match (given.train, &spec.data.train) {
            (None, None) => None,
            (given, source) => Some(part_of(spec, given, source.as_deref().unwrap_or("train"), "train", world)?),
        };
        if model.is_none() {
            check_has_predictions(spec)?;
        }
        let feature_names = names(&test.dataset, &test.roles.features);
        if let Some(endpoint) = spec.model.as_ref().filter(|m| model.is_none() && is_address(&m.source)) {
            model = Some(open_endpoint(endpoint, &feature_names, world)?);
        }
        let info = model.as_ref().map(|m| m.model.info().clone());
        let binding = match &model {
            Some(opened) => Some(Binding::new(opened.model.info(), test.dataset.schema(), &feature_names)?),
            None => None,
        };
        let features = match &binding {
            Some(binding) => distinct(binding.names()),
            None => feature_names,
        };
        let with_classes = info.map(|mut info| {
            let given = spec.model.as_ref().map(|m| m.classes.clone()).filter(|c| !c.is_empty());
            info.classes = given.or(info.classes);
            info
        });
        let outcome = find_outcome(
            spec,
            &test.roles,
            &test.dataset,
            train.as_ref().map(|t| (&t.dataset, &t.roles)),
            with_classes.as_ref(),
        )?;
        let spec = cohorts::with_file(asked, cohort_file, &outcome.classes)?;
        notes.extend(cohorts::note_of_places(&first, &spec, &outcome.classes));
        let parsed_cohorts = cohorts::parse(&spec, test.dataset.schema(), &outcome)?;
        notes.extend(outcome.notes.iter().cloned());
        note_infinite(&test.dataset, &features, &mut notes);
        if let Some(opened) = &model {
            note_unset_indicators(opened.model.info(), &test.dataset, &mut notes);
        }

        let (test_groups, train_groups) =
            groupers(&spec, (&test.dataset, &test.roles), train.as_ref().map(|t| (&t.dataset, &t.roles)), &mut notes)?;
        world.progress.step("asking for predictions");
        let pair = model.as_ref().map(|m| m.model.as_ref()).zip(binding.as_ref());
        let mut scored = score(&scoring(&spec, &test, &outcome, &test_groups, pair, true), &test.dataset, world)?;
        notes.append(&mut scored.notes);
        let train_frame = match &train {
            Some(part) => {
                let asked = scoring(&spec, part, &outcome, &train_groups, None, false);
                let mut scored = score(&asked, &part.dataset, world)?;
                scored.notes.iter_mut().for_each(|n| n.text = format!("Training data: {}", n.text));
                notes.append(&mut scored.notes);
                Some(scored.frame)
            }
            None => None,
        };
        cohorts::add(&parsed_cohorts, &mut scored.frame, &test.dataset, spec.complements, &mut notes)?;
        Ok(Self { test, train, model, features, frame: scored.frame, train_frame, notes, outcome, spec })
    }

    /// What an analysis sees when it is asked with this spec of these rows.
    pub(crate) fn context<'a>(
        &'a self,
        spec: &'a RunSpec,
        frame: &'a Frame,
        world: &'a World,
        host: &'a dyn Host,
    ) -> Context<'a> {
        Context {
            spec,
            task: self.outcome.task,
            classes: &self.outcome.classes,
            test: Part { frame, dataset: &self.test.dataset },
            train: self
                .train
                .as_ref()
                .zip(self.train_frame.as_ref())
                .map(|(p, frame)| Part { frame, dataset: &p.dataset }),
            features: &self.features,
            model: self.model.as_ref().map(|m| m.model.as_ref()),
            progress: world.progress.as_ref(),
            stop: &world.stop,
            host,
        }
    }
}

/// A model that came from memory is told by what it was read from.
fn in_memory(spec: &RunSpec, model: &dyn Model, content: Option<ContentDigest>) -> InputFingerprint {
    let name = spec.model.as_ref().map_or_else(|| model.info().format.clone(), |m| file_name(&m.source));
    let (sha256, bytes) = content.map(|c| (c.sha256, c.bytes)).unzip();
    InputFingerprint { role: "model".to_owned(), name, sha256, bytes }
}

/// Said of a model that has nothing to be told by.
fn no_fingerprint() -> Note {
    Note::new(
        Level::Info,
        "provenance.model_asked",
        "The model was asked in memory and has no fingerprint: nothing here tells it from another one that answers alike.",
    )
}

fn part_of(
    spec: &RunSpec,
    given: Option<Dataset>,
    source: &str,
    part: &str,
    world: &World,
) -> Result<OpenedPart, ServiceError> {
    let Some(dataset) = given else { return open_part(spec, source, part, world) };
    let roles = Roles::find(spec, dataset.schema(), part == "train")?;
    let content = if dataset.fingerprint().is_empty() { Some(content::sha256(&dataset)?) } else { None };
    Ok(OpenedPart { dataset, roles, content })
}

fn scoring<'a>(
    spec: &'a RunSpec,
    part: &'a OpenedPart,
    outcome: &'a Outcome,
    groupers: &'a [Grouper],
    model: Option<(&'a dyn Model, &'a Binding)>,
    wants_predictions: bool,
) -> Scoring<'a> {
    Scoring { spec, roles: &part.roles, outcome, groupers, model, wants_predictions }
}

fn check_has_predictions(spec: &RunSpec) -> Result<(), ServiceError> {
    if spec.model.is_some() || spec.prediction.is_some() || !spec.probability.is_empty() {
        return Ok(());
    }
    Err(ServiceError::column(
        "there is neither a model nor a column of predictions",
        "name a model with `--model FILE`, or columns with `--prediction C` or `--probability C`",
    ))
}

pub(crate) fn is_address(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

fn open_endpoint(spec: &ModelSpec, features: &[String], world: &World) -> Result<OpenedModel, ServiceError> {
    world.progress.step("asking the endpoint what it serves");
    let authorization = spec.authorization_env.as_ref().and_then(|name| (world.env)(name));
    if let (Some(name), None) = (&spec.authorization_env, &authorization) {
        return Err(ServiceError::Spec(equipoise_document::SpecError {
            field: "model.authorization_env".to_owned(),
            problem: format!("the environment variable `{name}` is not set"),
            hint: "set it to the whole header, for example `Bearer …`".to_owned(),
        }));
    }
    let model = equipoise_models::endpoint::open(spec, features, authorization)?;
    let name = equipoise_models::endpoint::shown_address(&spec.source);
    let fingerprint = InputFingerprint { role: "model".to_owned(), name, sha256: None, bytes: None };
    Ok(OpenedModel { model, fingerprint })
}

fn open_file(spec: &ModelSpec, world: &World) -> Result<OpenedModel, ServiceError> {
    world.progress.step("opening the model");
    let path = world.resolve(&spec.source);
    let bytes = std::fs::read(&path)
        .map_err(|source| equipoise_models::ModelError::Io { path: spec.source.clone(), source })?;
    let ContentDigest { sha256, bytes: size } = ContentDigest::of(&bytes);
    let fingerprint = InputFingerprint {
        role: "model".to_owned(),
        name: file_name(&spec.source),
        sha256: Some(sha256),
        bytes: Some(size),
    };
    Ok(OpenedModel { model: equipoise_models::open(&spec.source, &bytes, spec)?, fingerprint })
}

fn open_part(spec: &RunSpec, source: &str, part: &str, world: &World) -> Result<OpenedPart, ServiceError> {
    world.progress.step(&format!("reading the {part} data"));
    let options = OpenOptions {
        stop: Some(world.stop.clone()),
        stdin: (source == "-").then(|| Box::new(std::io::stdin()) as Box<dyn std::io::Read + Send>),
        ..OpenOptions::default()
    };
    let dataset = Dataset::open(&world.resolve(source), &spec.data, options)?;
    let roles = Roles::find(spec, dataset.schema(), part == "train")?;
    Ok(OpenedPart { dataset, roles, content: None })
}

fn names(dataset: &Dataset, columns: &[usize]) -> Vec<String> {
    columns.iter().filter_map(|i| dataset.schema().columns.get(*i)).map(|c| c.name.clone()).collect()
}

/// Names in order, each once: an indicator input per value names its column many times.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    names.filter(|n| seen.insert(*n)).map(str::to_owned).collect()
}

fn note_infinite(dataset: &Dataset, features: &[String], notes: &mut Vec<Note>) {
    for column in dataset.schema().columns.iter().filter(|c| c.n_infinite > 0 && features.contains(&c.name)) {
        let text =
            format!("`{}` holds infinite numbers in {} rows; models rarely mean that.", column.name, column.n_infinite);
        notes.push(Note::new(Level::Caution, "infinite_values", text));
    }
}

/// Inputs `column=value` whose value does not occur are 0 in every row: right for a rare value, wrong for one that is
/// spelled otherwise in the data.
fn note_unset_indicators(model: &equipoise_models::ModelInfo, dataset: &Dataset, notes: &mut Vec<Note>) {
    let schema = dataset.schema();
    let unset = model.inputs.iter().filter_map(|input| {
        let (column, value) = input.name.split_once('=')?;
        let info = schema.get(column).filter(|_| schema.get(&input.name).is_none())?;
        let occurs = info.levels.is_empty() || info.levels.iter().any(|l| l == value);
        (!occurs).then(|| format!("`{value}` of `{column}`"))
    });
    let unset: Vec<String> = unset.collect();
    if !unset.is_empty() {
        let text = format!(
            "The model knows values that do not occur in the data: {}. Check that they are spelled alike; otherwise the \
             predictions are wrong.",
            unset.iter().take(8).cloned().collect::<Vec<_>>().join(", ")
        );
        notes.push(Note::new(Level::Caution, "unknown_indicator_values", text));
    }
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |n| n.to_string_lossy().into_owned())
}
