//! An assessment with its data and model open again, to ask further: another cohort, another row, another value.

mod page;
mod predict;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use equipoise_analyses::{AnalysisError, find};
use equipoise_data::{Frame, nearest};
use equipoise_document::{ColumnType, Document, Section, Task};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::artifacts::Artifacts;
use crate::assess::inputs;
use crate::opened::{Given, Opened};
use crate::{ServiceError, World, cohorts};

pub use page::{ColumnView, Page, PageQuery};
pub use predict::Prediction;

/// Bytes of rows that an open assessment keeps in memory unless its spec says otherwise.
const MEMORY: u64 = 2 << 30;

/// Selections that are kept for the next question about them.
const KEPT_SELECTIONS: usize = 16;

/// How many rows a predicate selects, and how the model does on them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Count {
    /// Rows.
    pub n: u64,
    /// Share of all rows.
    pub share: f64,
    /// Rows with a wrong class; none for numbers.
    pub n_wrong: Option<u64>,
    /// Share of rows with a wrong class; none for numbers, or without rows.
    pub error_rate: Option<f64>,
    /// Mean of prediction minus truth; for numbers only.
    pub mean_error: Option<f64>,
}

/// The rows that a predicate selects, as places in the frame and as a frame of their own.
#[derive(Clone)]
struct Selection {
    predicate: String,
    places: Arc<[u32]>,
    frame: Arc<Frame>,
}

/// Data, model and scored rows of an assessment.
pub struct Workbench {
    opened: Opened,
    /// The last selections, the latest first.
    selections: Mutex<Vec<Selection>>,
    /// The last order of rows: predicate, column, direction, places.
    order: Mutex<Option<(page::OrderKey, Arc<[u32]>)>>,
}

impl Workbench {
    /// Opens what the spec of a document names and scores the rows again.
    ///
    /// # Errors
    /// When data or model cannot be opened any more, or are not those that the document was made of.
    pub fn open(document: &Document, world: &World) -> Result<Self, ServiceError> {
        Self::over(document, Given::default(), world)
    }

    /// Opens what a document was made of, where data or a model are in memory; the rest is opened as its spec says.
    ///
    /// # Errors
    /// As [`Workbench::open`].
    pub fn over(document: &Document, given: Given, world: &World) -> Result<Self, ServiceError> {
        let mut spec = document.spec.clone();
        spec.data.memory.get_or_insert(MEMORY);
        let opened = Opened::open(&spec, None, given, world)?;
        let now = inputs(&opened);
        let changed = document.provenance.inputs.iter().find(|then| !now.contains(then));
        if let Some(changed) = changed {
            return Err(ServiceError::Input {
                path: changed.name.clone(),
                problem: format!("the {} is not the one that the document was made of", changed.role),
                hint: "restore the file, or run the assessment again".to_owned(),
            });
        }
        Ok(Self { opened, selections: Mutex::default(), order: Mutex::default() })
    }

    /// How many rows a predicate selects, all without one, and how the model does on them.
    ///
    /// # Errors
    /// When the predicate cannot be read; the message points at the place.
    pub fn count(&self, predicate: Option<&str>) -> Result<Count, ServiceError> {
        let frame = self.frame(predicate)?;
        let n = frame.n_rows() as u64;
        #[allow(clippy::cast_precision_loss, reason = "row numbers fit 32 bits")]
        let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
        let (wrong, error) = frame.with_all(|rows| {
            let Some(predicted) = rows.predicted else { return (None, None) };
            if self.opened.outcome.task == Task::Regression {
                let errors = rows.truth.values().iter().zip(predicted.values()).map(|(t, p)| p - t);
                return (None, Some(errors.sum::<f64>()));
            }
            let pairs = rows.truth.classes().iter().zip(predicted.classes());
            (Some(pairs.filter(|(t, p)| t != p).count() as u64), None)
        });
        #[allow(clippy::cast_precision_loss, reason = "row numbers fit 32 bits")]
        Ok(Count {
            n,
            share: share(n, self.opened.frame.n_rows() as u64).unwrap_or(0.0),
            n_wrong: wrong,
            error_rate: wrong.and_then(|w| share(w, n)),
            mean_error: error.filter(|_| n > 0).map(|sum| sum / n as f64),
        })
    }

    /// One analysis of the rows that a predicate selects, or of all rows with the cohorts of the document.
    ///
    /// # Errors
    /// When there is no such analysis, it does not apply, a parameter cannot be used, no row is selected, or the user
    /// stops it.
    pub fn section(
        &self,
        analysis: &str,
        predicate: Option<&str>,
        params: Value,
        world: &World,
    ) -> Result<Section, ServiceError> {
        let known = || equipoise_analyses::REGISTRY.iter().map(|a| a.id());
        let Some(found) = find(analysis) else {
            let near = nearest(analysis, known()).map(|n| format!("; the nearest name is `{n}`")).unwrap_or_default();
            return Err(ServiceError::column(
                format!("there is no analysis `{analysis}`"),
                format!("there are {}{near}", known().collect::<Vec<_>>().join(", ")),
            ));
        };
        let frame = self.frame(predicate)?;
        if frame.n_rows() == 0 {
            return Err(ServiceError::Cohort {
                name: predicate.unwrap_or("all").to_owned(),
                problem: "no row fulfils it\nhint: widen the condition".to_owned(),
            });
        }
        let mut spec = self.opened.spec.clone();
        if !params.is_null() {
            spec.analyses.insert(analysis.to_owned(), params);
        }
        if predicate.is_some() {
            spec.cohorts.clear();
        }
        let host = Artifacts::new(world);
        let context = self.opened.context(&spec, &frame, world, &host);
        if let Some(reason) = found.refuses(&context) {
            return Err(AnalysisError::NotApplicable { analysis: found.id(), reason }.into());
        }
        let empty = Value::Object(serde_json::Map::new());
        let mut section = found.run(spec.analyses.get(analysis).unwrap_or(&empty), &context)?;
        section.notes.sort_by_key(|n| n.level.rank());
        Ok(section)
    }

    /// The rows that a predicate selects as a frame; all of them, with their cohorts, without one.
    fn frame(&self, predicate: Option<&str>) -> Result<Held<'_>, ServiceError> {
        match predicate {
            None => Ok(Held::All(&self.opened.frame)),
            Some(predicate) => Ok(Held::Part(self.selection(predicate)?.frame)),
        }
    }

    fn selection(&self, predicate: &str) -> Result<Selection, ServiceError> {
        {
            let mut kept = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = kept.iter().position(|s| s.predicate == predicate) {
                let found = kept.remove(at);
                kept.insert(0, found.clone());
                return Ok(found);
            }
        }
        let Opened { frame, test, outcome, .. } = &self.opened;
        let members = cohorts::rows_that_fulfil(predicate, predicate, outcome.task, frame, &test.dataset)?;
        let places: Vec<u32> = (0..).zip(&members).filter(|(_, is_member)| **is_member).map(|(i, _)| i).collect();
        let part = frame.part(&places).map_err(|e| ServiceError::column(e.to_string(), "choose other rows"))?;
        let selection = Selection { predicate: predicate.to_owned(), places: places.into(), frame: Arc::new(part) };
        let mut kept = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, selection.clone());
        kept.truncate(KEPT_SELECTIONS);
        Ok(selection)
    }
}

/// A frame of the workbench, or a part that was made of it.
enum Held<'a> {
    All(&'a Frame),
    Part(Arc<Frame>),
}

impl std::ops::Deref for Held<'_> {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        match self {
            Self::All(frame) => frame,
            Self::Part(frame) => frame,
        }
    }
}

/// The folder that the relative paths of an assessment's spec begin at: the working directory, or one of the folders
/// above the assessment, whichever has the data.
#[must_use]
pub fn root_of(document: &Document, place: &Path) -> Option<std::path::PathBuf> {
    let data = Path::new(&document.spec.data.test);
    if data.is_absolute() {
        return Some(std::path::PathBuf::new());
    }
    let beside = place.ancestors().skip(1).map(Path::to_path_buf);
    std::iter::once(std::path::PathBuf::new()).chain(beside).find(|root| root.join(data).exists())
}

/// How a column's values look outside.
fn kind_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Numeric => "number",
        ColumnType::Categorical => "category",
        ColumnType::Boolean => "boolean",
        ColumnType::Datetime => "datetime",
        ColumnType::Text => "text",
    }
}
