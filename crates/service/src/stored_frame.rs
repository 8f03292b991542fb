//! Scored rows out of a stored assessment, so that two assessments can be compared row by row.

use std::path::Path;
use std::sync::Arc;

use equipoise_data::{
    Column, Dataset, Frame, FrameParts, Grouping, GroupingKind, MISSING, OpenOptions, Schema, Targets,
};
use equipoise_document::{DataSpec, Document, Task};
use sha2::{Digest as _, Sha256};

use crate::ServiceError;
use crate::classes::{ClassMap, NO_CLASS};

/// The scored rows of an assessment, or none where it kept no predictions.
pub(crate) fn stored_frame(document: &Document, dir: &Path) -> Result<Option<Frame>, ServiceError> {
    let Some(artifact) = document.artifacts.iter().find(|a| a.name == "predictions") else { return Ok(None) };
    let path = dir.join(&artifact.path);
    let shown = path.display().to_string();
    let damaged = |problem: String| ServiceError::Input {
        path: shown.clone(),
        problem,
        hint: "it belongs to the assessment: restore it, or run the assessment again".to_owned(),
    };
    let bytes = std::fs::read(&path).map_err(|e| damaged(e.to_string()))?;
    if hex::encode(Sha256::digest(&bytes)) != artifact.sha256 {
        return Err(damaged("its content is not what the document was made with".to_owned()));
    }
    let options = OpenOptions { skip_fingerprint: true, ..OpenOptions::default() };
    let dataset = Dataset::open(&shown, &DataSpec::default(), options)?;
    let mut reader = Reader::new(document, dataset.schema());
    let all: Vec<usize> = (0..dataset.schema().columns.len()).collect();
    let mut problem = None;
    dataset.for_each(&all, &mut |chunk| {
        if let Err(label) = reader.push(&chunk.columns) {
            problem.get_or_insert(format!("`{label}` is no class of the document"));
        }
        Ok(())
    })?;
    match problem {
        Some(problem) => Err(damaged(problem)),
        None => reader.finish().map(Some).map_err(|e| damaged(e.to_string())),
    }
}

struct Reader {
    task: Task,
    classes: Arc<[String]>,
    map: ClassMap,
    truth: Option<usize>,
    predicted: Option<usize>,
    probability: Vec<usize>,
    weight: Option<usize>,
    groupings: Vec<(usize, Grouping)>,
    /// Columns that say which rows a cohort has, with its name.
    cohorts: Vec<(usize, String)>,
    parts: Parts,
}

#[derive(Default)]
struct Parts {
    truth: (Vec<u16>, Vec<f64>),
    predicted: (Vec<u16>, Vec<f64>),
    probability: Vec<f64>,
    weight: Vec<f64>,
    groups: Vec<Vec<u16>>,
    members: Vec<Vec<bool>>,
}

impl Reader {
    fn new(document: &Document, schema: &Schema) -> Self {
        let probability = match document.task {
            Task::Regression => Vec::new(),
            Task::Binary => schema.index_of("_probability").into_iter().collect(),
            Task::Multiclass => {
                let of = |class: &String| schema.index_of(&format!("_probability_{class}"));
                document.classes.iter().map(of).collect::<Option<_>>().unwrap_or_default()
            }
        };
        let groupings: Vec<(usize, Grouping)> = schema
            .columns
            .iter()
            .enumerate()
            .filter_map(|(i, column)| {
                let name = column.name.strip_prefix("_group_")?;
                let levels = Arc::clone(&column.levels);
                (!levels.is_empty())
                    .then(|| (i, Grouping { column: name.to_owned(), levels, kind: GroupingKind::Sensitive }))
            })
            .collect();
        let cohorts: Vec<(usize, String)> = (0..)
            .zip(&schema.columns)
            .filter_map(|(i, column)| Some((i, column.name.strip_prefix("_cohort_")?.to_owned())))
            .collect();
        Self {
            task: document.task,
            classes: Arc::from(document.classes.clone()),
            map: ClassMap::over(&document.classes),
            truth: schema.index_of("_true"),
            predicted: schema.index_of("_predicted"),
            probability,
            weight: schema.index_of("_weight"),
            parts: Parts {
                groups: vec![Vec::new(); groupings.len()],
                members: vec![Vec::new(); cohorts.len()],
                ..Parts::default()
            },
            groupings,
            cohorts,
        }
    }

    /// Appends rows; a label that is no class comes back as the error.
    fn push(&mut self, columns: &[Column]) -> Result<(), String> {
        let Parts { truth, predicted, probability, weight, groups, members } = &mut self.parts;
        for (place, into) in [(self.truth, truth), (self.predicted, predicted)] {
            match (place.and_then(|i| columns.get(i)), self.task) {
                (Some(Column::Number(values)), Task::Regression) => into.1.extend_from_slice(values),
                (Some(column), Task::Binary | Task::Multiclass) => self.map.classes_of(column, &mut into.0)?,
                _ => {}
            }
        }
        let numbers = |i: &usize| match columns.get(*i) {
            Some(Column::Number(values)) => Some(values),
            _ => None,
        };
        let probabilities: Vec<_> = self.probability.iter().filter_map(numbers).collect();
        let n_rows = columns.first().map_or(0, Column::len);
        for row in 0..n_rows {
            probability.extend(probabilities.iter().filter_map(|p| p.get(row).copied()));
        }
        if let Some(values) = self.weight.as_ref().and_then(numbers) {
            weight.extend_from_slice(values);
        }
        for ((i, _), into) in self.groupings.iter().zip(groups) {
            if let Some(Column::Codes { codes, .. }) = columns.get(*i) {
                let code = |c: &u32| if *c == MISSING { NO_CLASS } else { u16::try_from(*c).unwrap_or(NO_CLASS) };
                into.extend(codes.iter().map(code));
            }
        }
        for ((i, _), into) in self.cohorts.iter().zip(members) {
            match columns.get(*i) {
                Some(Column::Codes { codes, levels }) => {
                    let yes = levels.iter().position(|level| level == "yes");
                    into.extend(codes.iter().map(|code| usize::try_from(*code).ok() == yes && yes.is_some()));
                }
                _ => into.extend(std::iter::repeat_n(false, n_rows)),
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Frame, equipoise_data::LengthError> {
        let Parts { truth, predicted, probability, weight, groups, members } = self.parts;
        let targets = |(classes, values): (Vec<u16>, Vec<f64>)| match self.task {
            Task::Regression => Targets::Value(values),
            Task::Binary | Task::Multiclass => Targets::Class(classes),
        };
        let mut frame = Frame::new(FrameParts {
            task: self.task,
            classes: self.classes,
            row_ids: None,
            truth: targets(truth),
            predicted: self.predicted.map(|_| targets(predicted)),
            probability: Some(probability).filter(|p| !p.is_empty()),
            weight: self.weight.map(|_| weight),
            groups: self.groupings.into_iter().map(|(_, g)| g).zip(groups).collect(),
        })?;
        for ((_, name), members) in self.cohorts.iter().zip(members) {
            frame.add_cohort(name, "", &members);
        }
        Ok(frame)
    }
}
