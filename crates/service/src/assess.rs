//! From a run spec to an assessment.

use std::path::Path;

use equipoise_analyses::{Analysis, REGISTRY, find};
use equipoise_data::nearest;
use equipoise_document::{
    Artifact, CohortSummary, Document, InputFingerprint, ModelSummary, Provenance, RunSpec, SCHEMA_VERSION,
};
use equipoise_models::Model;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::answers::{self, Answers};
use crate::artifacts::{ArtifactBytes, Artifacts};
use crate::opened::{Given, Opened, OpenedPart, is_address};
use crate::{ServiceError, World, predictions};

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

/// Runs a spec.
///
/// Once [`World::stop`] is set, what has been answered is kept: the document is marked as partial and a note says what is
/// missing.
///
/// # Errors
/// When the caller can put it right: each message names file, column, row or field and how to mend it. When it is stopped
/// before anything can be said.
pub fn assess(spec: &RunSpec, world: &World) -> Result<Assessment, ServiceError> {
    run(spec, None, Given::default(), world)
}

/// Runs a spec with the cohorts of a file of the Responsible AI Toolbox beside its own. Where the file names classes by their
/// places and the spec does not list the classes, they are places among the classes that the run finds.
///
/// # Errors
/// As [`assess`], and when the file cannot be read.
pub fn assess_with_cohorts(spec: &RunSpec, cohorts: &Path, world: &World) -> Result<Assessment, ServiceError> {
    run(spec, Some(cohorts), Given::default(), world)
}

/// Runs a spec on data and a model that are in memory already; what is not given is opened as the spec says.
///
/// # Errors
/// As [`assess`].
pub fn assess_given(spec: &RunSpec, given: Given, world: &World) -> Result<Assessment, ServiceError> {
    run(spec, None, given, world)
}

fn run(spec: &RunSpec, cohort_file: Option<&Path>, given: Given, world: &World) -> Result<Assessment, ServiceError> {
    let started = (world.now)();
    spec.check()?;
    let asked = asked_analyses(spec)?;
    let opened = Opened::open(spec, cohort_file, given, world)?;
    let host = Artifacts::new(world);
    let context = opened.context(&opened.spec, &opened.frame, world, &host);
    let Answers { sections, notes: of_answers, is_partial } = answers::collect(&asked, spec.only.is_some(), &context)?;

    world.progress.step("writing predictions");
    let mut artifacts = predictions::artifacts(&opened.frame, opened.model.is_some())?;
    if !is_partial {
        host.forget_journals();
    }
    artifacts.extend(host.into_files());
    let Opened { spec, test, train, model, outcome, features, frame, notes, .. } = &opened;
    let document = Document {
        schema_version: SCHEMA_VERSION.to_owned(),
        spec: public(spec),
        provenance: provenance(&opened, is_partial),
        task: outcome.task,
        classes: outcome.classes.clone(),
        datasets: std::iter::once(("test", test))
            .chain(train.as_ref().map(|t| ("train", t)))
            .map(|(name, part)| part.roles.summary(name, part.dataset.schema(), part.dataset.n_rows()))
            .collect(),
        model: model.as_ref().map(|m| model_summary(m.model.as_ref(), features, outcome.classes.len())),
        cohorts: frame
            .cohorts()
            .iter()
            .map(|c| CohortSummary { name: c.name.clone(), predicate: c.predicate.clone(), n: c.n as u64 })
            .collect(),
        notes: notes.iter().cloned().chain(of_answers).collect(),
        sections,
        artifacts: artifacts.iter().map(|(a, _)| a.clone()).collect(),
    };
    let run = json!({ "started": started, "finished": (world.now)() }).to_string();
    Ok(Assessment { document, artifacts, run })
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

/// What was read: files, rows from memory, and the model.
pub(crate) fn inputs(opened: &Opened) -> Vec<InputFingerprint> {
    let files = |part: &OpenedPart, role: &str| {
        let of = |f: &equipoise_data::FileFingerprint| InputFingerprint {
            role: role.to_owned(),
            name: f.name.clone(),
            sha256: Some(f.sha256.clone()),
            bytes: Some(f.bytes),
        };
        let content = part.content.iter().map(|sha256| InputFingerprint {
            role: role.to_owned(),
            name: part.dataset.name().to_owned(),
            sha256: Some(sha256.clone()),
            bytes: None,
        });
        part.dataset.fingerprint().iter().map(of).chain(content).collect::<Vec<_>>()
    };
    let mut inputs = files(&opened.test, "test");
    inputs.extend(opened.train.iter().flat_map(|t| files(t, "train")));
    inputs.extend(opened.model.as_ref().map(|m| m.fingerprint.clone()));
    inputs
}

fn provenance(opened: &Opened, is_partial: bool) -> Provenance {
    let canonical = serde_json::to_string(&public(&opened.spec)).unwrap_or_default();
    Provenance {
        equipoise: env!("CARGO_PKG_VERSION").to_owned(),
        seed: opened.spec.seed,
        spec_sha256: hex::encode(Sha256::digest(canonical.as_bytes())),
        inputs: inputs(opened),
        partial: is_partial,
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

fn model_summary(model: &dyn Model, features: &[String], n_classes: usize) -> ModelSummary {
    let info = model.info();
    ModelSummary {
        format: info.format.clone(),
        describes: info.describes.clone(),
        features: features.to_vec(),
        n_outputs: u32::try_from(n_classes.max(1)).unwrap_or(u32::MAX),
    }
}
