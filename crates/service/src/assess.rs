//! From a run spec to an assessment.

use std::path::Path;

use equipoise_analyses::{Analysis, Context, Part, REGISTRY, find};
use equipoise_data::{Dataset, OpenOptions, nearest};
use equipoise_document::{
    Artifact, CohortSummary, Document, InputFingerprint, Level, ModelSpec, ModelSummary, Note, Provenance, RunSpec,
    SCHEMA_VERSION,
};
use equipoise_models::{Binding, Model};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::answers::{self, Answers};
use crate::artifacts::{ArtifactBytes, Artifacts};
use crate::classes::{Outcome, find_outcome};
use crate::groups::{Grouper, groupers};
use crate::roles::Roles;
use crate::score::{Scoring, score};
use crate::{ServiceError, World, cohorts, predictions};

/// A finished run, not yet written down.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The result.
    pub document: Document,
    /// Files beside it.
    pub artifacts: Vec<(Artifact, ArtifactBytes)>,
    /// When and how long it ran, as JSON.
    pub run: String,
}

/// A model that was opened, and how it fits the data.
struct OpenedModel {
    model: Box<dyn Model>,
    fingerprint: InputFingerprint,
}

/// One part of the data that was opened.
struct OpenedPart {
    dataset: Dataset,
    roles: Roles,
}

/// Runs a spec.
///
/// Once [`World::stop`] is set, what has been answered is kept: the document is marked as partial and a note says what is
/// missing.
///
/// # Errors
/// When the caller can put it right: each message names file, column, row or field and how to mend it. When it is stopped
/// before anything can be said.
pub fn assess(spec: &RunSpec, world: &World) -> Result<Assessment, ServiceError> {
    run(spec, None, world)
}

/// Runs a spec with the cohorts of a file of the Responsible AI Toolbox beside its own. Where the file names classes by their
/// places and the spec does not list the classes, they are places among the classes that the run finds.
///
/// # Errors
/// As [`assess`], and when the file cannot be read.
pub fn assess_with_cohorts(spec: &RunSpec, cohorts: &Path, world: &World) -> Result<Assessment, ServiceError> {
    run(spec, Some(cohorts), world)
}

fn run(spec: &RunSpec, cohort_file: Option<&Path>, world: &World) -> Result<Assessment, ServiceError> {
    let started = (world.now)();
    let given = spec;
    // The file is read before anything else, so that a wrong one costs no reading of data.
    let first = cohorts::with_file(given, cohort_file, &[])?;
    let spec = &first;
    spec.check()?;
    let asked = asked_analyses(spec)?;
    // A model file is opened first, so that a wrong one costs no reading of data; an endpoint is told the columns.
    let file = spec.model.as_ref().filter(|m| !is_address(&m.source));
    let mut model = file.map(|m| open_file(m, world)).transpose()?;
    let test = open_part(spec, &spec.data.test, "test", world)?;
    let train = spec.data.train.as_ref().map(|source| open_part(spec, source, "train", world)).transpose()?;

    check_has_predictions(spec)?;
    let feature_names = names(&test.dataset, &test.roles.features);
    if let Some(endpoint) = spec.model.as_ref().filter(|m| is_address(&m.source)) {
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
    let mut notes = Vec::new();
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
    let named = cohorts::with_file(given, cohort_file, &outcome.classes)?;
    notes.extend(cohorts::note_of_places(&first, &named, &outcome.classes));
    let spec = &named;
    let parsed_cohorts = cohorts::parse(spec, test.dataset.schema(), &outcome)?;
    notes.extend(outcome.notes.iter().cloned());
    note_infinite(&test.dataset, &features, &mut notes);
    if let Some(opened) = &model {
        note_unset_indicators(opened.model.info(), &test.dataset, &mut notes);
    }

    let (test_groups, train_groups) =
        groupers(spec, (&test.dataset, &test.roles), train.as_ref().map(|t| (&t.dataset, &t.roles)), &mut notes)?;
    world.progress.step("asking for predictions");
    let pair = model.as_ref().map(|m| m.model.as_ref()).zip(binding.as_ref());
    let mut scored = score(&scoring(spec, &test, &outcome, &test_groups, pair, true), &test.dataset, world)?;
    notes.append(&mut scored.notes);
    let train_scored = match &train {
        Some(part) => {
            let mut scored = score(&scoring(spec, part, &outcome, &train_groups, None, false), &part.dataset, world)?;
            scored.notes.iter_mut().for_each(|n| n.text = format!("Training data: {}", n.text));
            notes.append(&mut scored.notes);
            Some(scored)
        }
        None => None,
    };
    cohorts::add(&parsed_cohorts, &mut scored.frame, &test.dataset, spec.complements, &mut notes)?;

    let host = Artifacts::new(world);
    let context = Context {
        spec,
        task: outcome.task,
        classes: &outcome.classes,
        test: Part { frame: &scored.frame, dataset: &test.dataset },
        train: train.as_ref().zip(train_scored.as_ref()).map(|(p, s)| Part { frame: &s.frame, dataset: &p.dataset }),
        features: &features,
        model: model.as_ref().map(|m| m.model.as_ref()),
        progress: world.progress.as_ref(),
        stop: &world.stop,
        host: &host,
    };
    let Answers { sections, notes: of_answers, is_partial } = answers::collect(&asked, spec.only.is_some(), &context)?;
    notes.extend(of_answers);

    world.progress.step("writing predictions");
    let mut artifacts = predictions::artifacts(&scored.frame, model.is_some())?;
    artifacts.extend(host.into_files());
    let document = Document {
        schema_version: SCHEMA_VERSION.to_owned(),
        spec: public(spec),
        provenance: Provenance {
            partial: is_partial,
            ..provenance(&public(spec), &test, train.as_ref(), model.as_ref())
        },
        task: outcome.task,
        classes: outcome.classes.clone(),
        datasets: std::iter::once(("test", &test))
            .chain(train.as_ref().map(|t| ("train", t)))
            .map(|(name, part)| part.roles.summary(name, part.dataset.schema(), part.dataset.n_rows()))
            .collect(),
        model: model.as_ref().map(|m| model_summary(m.model.as_ref(), &features, outcome.classes.len())),
        cohorts: scored
            .frame
            .cohorts()
            .iter()
            .map(|c| CohortSummary { name: c.name.clone(), predicate: c.predicate.clone(), n: c.n as u64 })
            .collect(),
        notes,
        sections,
        artifacts: artifacts.iter().map(|(a, _)| a.clone()).collect(),
    };
    let run = json!({ "started": started, "finished": (world.now)() }).to_string();
    Ok(Assessment { document, artifacts, run })
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

/// The analyses that were asked for by name, or all.
fn asked_analyses(spec: &RunSpec) -> Result<Vec<&'static dyn Analysis>, ServiceError> {
    let known = || REGISTRY.iter().map(|a| a.id());
    let unknown = |field: &str, name: &str| {
        let near = nearest(name, known()).map(|n| format!("; the nearest name is `{n}`")).unwrap_or_default();
        ServiceError::Spec(equipoise_document::SpecError {
            field: field.to_owned(),
            problem: format!("there is no analysis `{name}`"),
            hint: format!("there are {}{near}", known().collect::<Vec<_>>().join(", ")),
        })
    };
    for name in spec.analyses.keys() {
        find(name).ok_or_else(|| unknown("analyses", name))?;
    }
    let Some(only) = &spec.only else { return Ok(REGISTRY.to_vec()) };
    for name in only {
        find(name).ok_or_else(|| unknown("only", name))?;
    }
    // In the registry's order, each once.
    Ok(REGISTRY.iter().copied().filter(|a| only.iter().any(|o| o == a.id())).collect())
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

fn is_address(source: &str) -> bool {
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
    let fingerprint = InputFingerprint {
        role: "model".to_owned(),
        name: file_name(&spec.source),
        sha256: Some(hex::encode(Sha256::digest(&bytes))),
        bytes: Some(bytes.len() as u64),
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
    Ok(OpenedPart { dataset, roles })
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

fn provenance(
    spec: &RunSpec,
    test: &OpenedPart,
    train: Option<&OpenedPart>,
    model: Option<&OpenedModel>,
) -> Provenance {
    let canonical = serde_json::to_string(spec).unwrap_or_default();
    let files = |part: &OpenedPart, role: &str| {
        let of = |f: &equipoise_data::FileFingerprint| InputFingerprint {
            role: role.to_owned(),
            name: f.name.clone(),
            sha256: Some(f.sha256.clone()),
            bytes: Some(f.bytes),
        };
        part.dataset.fingerprint().iter().map(of).collect::<Vec<_>>()
    };
    let mut inputs = files(test, "test");
    inputs.extend(train.iter().flat_map(|t| files(t, "train")));
    inputs.extend(model.map(|m| m.fingerprint.clone()));
    Provenance {
        equipoise: env!("CARGO_PKG_VERSION").to_owned(),
        seed: spec.seed,
        spec_sha256: hex::encode(Sha256::digest(canonical.as_bytes())),
        inputs,
        partial: false,
    }
}

/// The spec as it may be written down: an address loses the credentials in it.
fn public(spec: &RunSpec) -> RunSpec {
    let mut spec = spec.clone();
    if let Some(model) = spec.model.as_mut().filter(|m| is_address(&m.source)) {
        model.source = equipoise_models::endpoint::shown_address(&model.source);
    }
    spec
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |n| n.to_string_lossy().into_owned())
}

fn model_summary(model: &dyn Model, features: &[String], n_classes: usize) -> ModelSummary {
    let info = model.info();
    ModelSummary {
        format: info.format.clone(),
        describes: info.describes.clone(),
        features: features.to_vec(),
        n_outputs: u32::try_from(n_classes.max(1)).unwrap_or(u32::MAX),
    }
}
