//! Running a stored assessment again.

use std::collections::HashMap;
use std::path::Path;

use equipoise_document::{Document, Estimate, EstimateId, InputFingerprint, Table, TableColumn};

use crate::store::{DOCUMENT_FILE, load, read_text};
use crate::{ServiceError, World, assess};

/// Where the inputs are now, when they are not where the spec says.
#[derive(Clone, Debug, Default)]
pub struct Moved {
    /// The rows that were assessed.
    pub data: Option<String>,
    /// The rows the model was trained on.
    pub train: Option<String>,
    /// The model.
    pub model: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// Numbers in the stored document.
    pub n_numbers: usize,
    /// Numbers that are not the same: id, as stored, now.
    pub differing: Vec<(EstimateId, String, String)>,
    /// Inputs that are not the same, in words.
    pub inputs: Vec<String>,
    /// The version that made the stored document and the one that ran now, where they differ.
    pub versions: Option<(String, String)>,
    /// True when the document is the same to the byte.
    pub same_bytes: bool,
}

impl Reproduction {
    /// True when every number came out the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differing.is_empty()
    }

    /// The numbers that differ, as a table that every view can draw.
    #[must_use]
    pub fn table(&self) -> Table {
        let of = |f: fn(&(EstimateId, String, String)) -> String| self.differing.iter().map(f).collect::<Vec<_>>();
        Table::new("differing", "Numbers that came out otherwise")
            .column(TableColumn::text("id", "Number", of(|d| d.0.to_string())))
            .column(TableColumn::text("stored", "Stored", of(|d| d.1.clone())))
            .column(TableColumn::text("now", "Now", of(|d| d.2.clone())))
    }
}

/// Runs the stored spec again and compares every number, its interval and its rows.
///
/// # Errors
/// When the stored document or an input cannot be read, or the run cannot be done.
pub fn reproduce(place: &Path, moved: &Moved, world: &World) -> Result<Reproduction, ServiceError> {
    let stored = load(place)?;
    let path = if place.is_dir() { place.join(DOCUMENT_FILE) } else { place.to_path_buf() };
    let text = read_text(&path, "name a directory that `equipoise assess` wrote")?;
    let mut spec = stored.spec.clone();
    if let Some(data) = &moved.data {
        spec.data.test.clone_from(data);
    }
    if let Some(train) = &moved.train {
        spec.data.train = Some(train.clone());
    }
    if let (Some(source), Some(model)) = (&moved.model, spec.model.as_mut()) {
        model.source.clone_from(source);
    }
    let mut now = assess(&spec, world)?.document;
    let inputs = differing_inputs(&stored.provenance.inputs, &now.provenance.inputs);
    // Where the inputs lie is no result.
    now.spec = stored.spec.clone();
    now.provenance.spec_sha256.clone_from(&stored.provenance.spec_sha256);
    let again = now.to_json().map_err(|source| ServiceError::Document { path: path.display().to_string(), source })?;
    let (before, after) = (stored.provenance.equipoise.clone(), now.provenance.equipoise.clone());
    Ok(Reproduction {
        n_numbers: stored.estimates().count(),
        differing: differing(&stored, &now),
        inputs,
        versions: (before != after).then_some((before, after)),
        same_bytes: again == text,
    })
}

fn differing(stored: &Document, now: &Document) -> Vec<(EstimateId, String, String)> {
    let found: HashMap<&EstimateId, &Estimate> = now.estimates().map(|e| (&e.id, e)).collect();
    let words = |e: &Estimate| match e.value {
        Some(value) => match &e.interval {
            Some(i) => format!("{value} [{}, {}] of {} rows", i.low, i.high, e.n),
            None => format!("{value} of {} rows", e.n),
        },
        None => format!("no value: {}", e.missing.map_or("unknown", |m| m.says())),
    };
    let mut out: Vec<_> = stored
        .estimates()
        .filter_map(|old| match found.get(&old.id) {
            Some(new) if *new == old => None,
            Some(new) => Some((old.id.clone(), words(old), words(new))),
            None => Some((old.id.clone(), words(old), "not there".to_owned())),
        })
        .collect();
    let known: HashMap<&EstimateId, ()> = stored.estimates().map(|e| (&e.id, ())).collect();
    let added = now.estimates().filter(|e| !known.contains_key(&e.id));
    out.extend(added.map(|e| (e.id.clone(), "not there".to_owned(), words(e))));
    out
}

fn differing_inputs(stored: &[InputFingerprint], now: &[InputFingerprint]) -> Vec<String> {
    let of = |inputs: &[InputFingerprint], role: &str| -> Vec<Option<String>> {
        inputs.iter().filter(|i| i.role == role).map(|i| i.sha256.clone()).collect()
    };
    let mut roles: Vec<&str> = stored.iter().chain(now).map(|i| i.role.as_str()).collect();
    roles.dedup();
    roles.sort_unstable();
    roles.dedup();
    roles
        .into_iter()
        .filter(|role| of(stored, role) != of(now, role))
        .map(|role| match role {
            "model" => "the model is not the file that was assessed".to_owned(),
            "train" => "the training data are not those of the assessment".to_owned(),
            _ => "the data are not those that were assessed".to_owned(),
        })
        .collect()
}
