//! Named parts of the rows: predicates over columns and over what the model said.

use std::path::Path;
use std::sync::Arc;

use equipoise_data::{
    Column, Dataset, Frame, Predicate, PredicateError, PredicateType, Rows, Schema, Target, cohorts_from_rai,
    cohorts_to_rai,
};
use equipoise_document::{CohortSpec, Document, Level, Note, RunSpec, Task, complement_name};
use equipoise_kernels::Merge;
use sha2::{Digest as _, Sha256};

use crate::ServiceError;
use crate::classes::Outcome;
use crate::store::read_text;

/// Columns that a predicate may use beside the dataset's, in the order in which they follow those.
pub(crate) const SPECIAL: [&str; 6] = ["_true", "_predicted", "_probability", "_error", "_outcome", "_index"];

/// Codes of `_outcome` for two classes.
const OUTCOMES: [&str; 4] = ["tn", "fp", "fn", "tp"];

/// A predicate that was read, with the cohort it belongs to.
pub(crate) struct Parsed {
    spec: CohortSpec,
    predicate: Predicate,
}

/// Reads all predicates, before any row is asked.
pub(crate) fn parse(spec: &RunSpec, schema: &Schema, outcome: &Outcome) -> Result<Vec<Parsed>, ServiceError> {
    let columns: Vec<(String, PredicateType)> = known_columns(schema, outcome.task).collect();
    spec.cohorts
        .iter()
        .map(|cohort| match Predicate::parse(&cohort.predicate, &columns) {
            Ok(predicate) => Ok(Parsed { spec: cohort.clone(), predicate }),
            Err(error) => Err(failed(cohort, &error)),
        })
        .collect()
}

/// Whether each row of a frame fulfils a predicate that somebody wrote; `name` is what messages call it.
pub(crate) fn rows_that_fulfil(
    name: &str,
    predicate: &str,
    task: Task,
    frame: &Frame,
    dataset: &Dataset,
) -> Result<Vec<bool>, ServiceError> {
    let cohort = CohortSpec { name: name.to_owned(), predicate: predicate.to_owned() };
    let columns: Vec<(String, PredicateType)> = known_columns(dataset.schema(), task).collect();
    let parsed = Predicate::parse(predicate, &columns).map_err(|error| failed(&cohort, &error))?;
    members(&parsed, frame, dataset)?.map_err(|error| failed(&cohort, &error))
}

/// The columns that a predicate may name.
fn known_columns(schema: &Schema, task: Task) -> impl Iterator<Item = (String, PredicateType)> {
    schema.columns.iter().map(|c| (c.name.clone(), c.column_type.into())).chain(special_types(task))
}

/// How predicates see the columns beside the dataset's.
fn special_types(task: Task) -> impl Iterator<Item = (String, PredicateType)> {
    SPECIAL.iter().map(move |name| {
        let kind = match *name {
            "_true" | "_predicted" if task != Task::Regression => PredicateType::Name,
            "_outcome" => PredicateType::Name,
            _ => PredicateType::Number,
        };
        ((*name).to_owned(), kind)
    })
}

/// Adds the cohorts to the frame, with `complements` each one's other rows as `not NAME` behind it. A cohort without rows is
/// an error: every number about it would be missing. Cohorts of the same rows are noted.
pub(crate) fn add(
    parsed: &[Parsed],
    frame: &mut Frame,
    dataset: &Dataset,
    complements: bool,
    notes: &mut Vec<Note>,
) -> Result<(), ServiceError> {
    let n_rows = frame.n_rows();
    let mut known: Vec<(String, Vec<u8>)> = vec![("all".to_owned(), digest(&vec![true; n_rows]))];
    for Parsed { spec, predicate } in parsed {
        let members = members(predicate, frame, dataset)?.map_err(|error| failed(spec, &error))?;
        if !members.contains(&true) {
            return Err(ServiceError::Cohort {
                name: spec.name.clone(),
                problem: format!(
                    "no row fulfils `{}`\nhint: check the values of its columns with `equipoise show`, or leave it out",
                    spec.predicate
                ),
            });
        }
        let own = digest(&members);
        if let Some((other, _)) = known.iter().find(|(_, rows)| *rows == own) {
            let text = format!("The cohorts `{}` and `{other}` hold the same rows.", spec.name);
            notes.push(Note::new(Level::Caution, "identical_cohorts", text));
        }
        known.push((spec.name.clone(), own));
        frame.add_cohort(&spec.name, &spec.predicate, &members);
        if !complements {
            continue;
        }
        if members.contains(&false) {
            let others: Vec<bool> = members.iter().map(|is_member| !is_member).collect();
            frame.add_cohort(&complement_name(&spec.name), &format!("({}) IS NOT TRUE", spec.predicate), &others);
        } else {
            let text = format!("The cohort `{}` holds every row, so it has no complement.", spec.name);
            notes.push(Note::new(Level::Info, "no_complement", text));
        }
    }
    Ok(())
}

/// Which rows belong, in 32 bytes.
fn digest(members: &[bool]) -> Vec<u8> {
    let bytes: Vec<u8> = members
        .chunks(8)
        .map(|eight| eight.iter().enumerate().fold(0, |byte, (bit, is_member)| byte | (u8::from(*is_member) << bit)))
        .collect();
    Sha256::digest(&bytes).to_vec()
}

fn failed(cohort: &CohortSpec, error: &PredicateError) -> ServiceError {
    ServiceError::Cohort { name: cohort.name.clone(), problem: error.to_string() }
}

/// Whether each row of the frame fulfils a predicate, or the first failure.
struct Members(Result<Vec<bool>, PredicateError>);

impl Merge for Members {
    fn merge_from(&mut self, other: Self) {
        match (&mut self.0, other.0) {
            (Ok(mine), Ok(theirs)) => mine.extend(theirs),
            (Ok(_), Err(error)) => self.0 = Err(error),
            (Err(_), _) => {}
        }
    }
}

fn members(
    predicate: &Predicate,
    frame: &Frame,
    dataset: &Dataset,
) -> Result<Result<Vec<bool>, PredicateError>, ServiceError> {
    let n_columns = dataset.schema().columns.len();
    let own: Vec<usize> = predicate.columns().iter().copied().filter(|i| *i < n_columns).collect();
    let push = |state: &mut Members, rows: &Rows<'_>, columns: &[Column]| {
        let special = predicate.columns().iter().filter_map(|i| SPECIAL.get(i.checked_sub(n_columns)?));
        // The used columns ascend, so the special ones follow the dataset's.
        let columns: Vec<Column> =
            columns.iter().cloned().chain(special.map(|name| special_column(name, frame, rows))).collect();
        state.merge_from(Members(predicate.evaluate(rows.len(), &columns)));
    };
    let members = frame.reduce_with(0, dataset, &own, || Members(Ok(Vec::new())), push)?;
    Ok(members.0)
}

/// What the model said, as a column.
///
/// `_index` is the row's number in the data, from 0.
///
/// `_probability` is that of the positive class, for several classes that of the predicted one. `_error` is 1 for a
/// wrong class and 0 for the right one; for numbers it is the prediction minus the truth. `_outcome` is `tp`, `fp`,
/// `tn` or `fn`, for several classes `correct` or `incorrect`.
pub(crate) fn special_column(name: &str, frame: &Frame, rows: &Rows<'_>) -> Column {
    let missing = || Column::Number(vec![f64::NAN; rows.len()].into());
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Arc<[String]>>();
    let target = |target: Target<'_>| match target {
        Target::Class(codes) => {
            Column::Codes { codes: codes.iter().map(|c| u32::from(*c)).collect(), levels: Arc::clone(&frame.classes) }
        }
        Target::Value(values) => Column::Number(values.into()),
    };
    let Some(predicted) = rows.predicted else { return missing() };
    match name {
        "_true" => target(rows.truth),
        "_predicted" => target(predicted),
        "_probability" => match (rows.probability, frame.probability_width()) {
            (None, _) => missing(),
            (Some(p), 1) => Column::Number(p.into()),
            (Some(p), width) => {
                let of_predicted = |(row, class): (&[f64], &u16)| row.get(usize::from(*class)).copied();
                let values = p.chunks_exact(width).zip(predicted.classes());
                Column::Number(values.map(|pair| of_predicted(pair).unwrap_or(f64::NAN)).collect())
            }
        },
        "_error" => match (rows.truth, predicted) {
            (Target::Value(truth), Target::Value(predicted)) => {
                Column::Number(truth.iter().zip(predicted).map(|(t, p)| p - t).collect())
            }
            (truth, predicted) => {
                let is_wrong =
                    truth.classes().iter().zip(predicted.classes()).map(|(t, p)| f64::from(u8::from(t != p)));
                Column::Number(is_wrong.collect())
            }
        },
        "_index" => {
            let row = |place: usize| {
                let id = rows.id(place);
                let at = usize::try_from(id).unwrap_or(usize::MAX);
                frame.row_ids().map_or(id, |ids| ids.get(at).copied().map_or(id, u64::from))
            };
            #[allow(clippy::cast_precision_loss, reason = "row numbers fit 32 bits")]
            Column::Number((0..rows.len()).map(|place| row(place) as f64).collect())
        }
        _ => {
            let pairs = rows.truth.classes().iter().zip(predicted.classes());
            match frame.task {
                Task::Regression => missing_names(rows.len()),
                Task::Binary => Column::Codes {
                    codes: pairs.map(|(t, p)| u32::from(*t) * 2 + u32::from(*p)).collect(),
                    levels: names(&OUTCOMES),
                },
                Task::Multiclass => Column::Codes {
                    codes: pairs.map(|(t, p)| u32::from(t == p)).collect(),
                    levels: names(&["incorrect", "correct"]),
                },
            }
        }
    }
}

fn missing_names(n: usize) -> Column {
    Column::Codes { codes: vec![equipoise_data::MISSING; n].into(), levels: Arc::from([]) }
}

/// A spec with the cohorts of a file behind its own. The classes that it lists come before those that the run found.
pub(crate) fn with_file(spec: &RunSpec, path: Option<&Path>, found: &[String]) -> Result<RunSpec, ServiceError> {
    let mut spec = spec.clone();
    if let Some(path) = path {
        let of_model = spec.model.as_ref().map(|m| m.classes.as_slice()).filter(|c| !c.is_empty());
        let listed = of_model.or(Some(spec.classes.as_slice()).filter(|c| !c.is_empty()));
        spec.cohorts.extend(read_cohorts(path, listed.unwrap_or(found))?);
    }
    Ok(spec)
}

/// How the places of classes in a file were read, where it has such.
pub(crate) fn note_of_places(before: &RunSpec, after: &RunSpec, classes: &[String]) -> Option<Note> {
    if before.cohorts == after.cohorts {
        return None;
    }
    let places: Vec<String> = classes.iter().enumerate().map(|(i, class)| format!("{i} is `{class}`")).collect();
    let text = format!("Classes that the file of cohorts names by their places: {}.", places.join(", "));
    Some(Note::new(Level::Info, "class_places", text))
}

/// Cohorts of the Responsible AI Toolbox out of its JSON; `classes` in the order of the model's outputs, where they are known,
/// turn places of classes into classes.
///
/// # Errors
/// When the file cannot be read; the message names the place.
pub fn read_cohorts(path: &Path, classes: &[String]) -> Result<Vec<CohortSpec>, ServiceError> {
    let text = read_text(path, "name a file with the JSON of the toolbox's cohorts")?;
    cohorts_from_rai(&text, classes).map_err(|error| ServiceError::Input {
        path: path.display().to_string(),
        problem: format!("{}: {}", error.place, error.problem),
        hint: error.hint,
    })
}

/// An assessment's cohorts as the Responsible AI Toolbox's JSON; complements that were made of them are not written, and the
/// cohort of all rows is always there.
///
/// # Errors
/// When a predicate has no form there; the message names the cohort and the part.
pub fn write_cohorts(document: &Document) -> Result<String, ServiceError> {
    let of_dataset = document.datasets.first().map_or(&[][..], |d| &d.columns);
    let of_dataset = of_dataset.iter().map(|c| (c.name.clone(), c.column_type.into()));
    let columns: Vec<(String, PredicateType)> = of_dataset.chain(special_types(document.task)).collect();
    cohorts_to_rai(&document.spec.cohorts, &columns)
        .map_err(|error| ServiceError::column(format!("{}: {}", error.place, error.problem), error.hint))
}
