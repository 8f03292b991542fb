//! Small cases worked out by hand, bad inputs, and the original libraries' values.
#![allow(clippy::float_cmp, reason = "exact by construction")]

mod bad;
mod hand;
mod libraries;
mod surrogate;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use arrow::array::{AsArray, Float64Array};
use arrow::datatypes::{Float64Type, Int64Type};
use equipoise_data::{Column, Dataset, Frame, FrameParts, MemoryColumn, Targets};
use equipoise_document::{RunSpec, Section, Task, Unit};
use equipoise_models::{Binding, Input, InputColumn, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::*;
use crate::host::keeping::Keeping;
use crate::{Part, Quiet};

/// A model that is a function of numbers.
pub(super) struct Closed<F> {
    info: ModelInfo,
    f: F,
    task: Task,
}

impl<F: Fn(&[f64]) -> f64 + Send + Sync> Closed<F> {
    pub(super) fn new(names: &[&str], task: Task, f: F) -> Self {
        let input = |name: &&str| Input { name: (*name).to_owned(), kind: InputKind::Number };
        let inputs = names.iter().map(input).collect();
        Self { info: ModelInfo { inputs, task: Some(task), ..ModelInfo::default() }, f, task }
    }
}

impl<F: Fn(&[f64]) -> f64 + Send + Sync> Model for Closed<F> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let columns: Vec<&[f64]> = batch
            .columns
            .iter()
            .map(|c| match c {
                InputColumn::Number(values) => *values,
                InputColumn::Codes { .. } => panic!("numbers"),
            })
            .collect();
        let answers = (0..batch.n_rows).map(|row| {
            let x: Vec<f64> = columns.iter().map(|c| c[row]).collect();
            (self.f)(&x)
        });
        let answers = answers.collect();
        Ok(if self.task == Task::Binary { Outputs::Probability(answers) } else { Outputs::Values(answers) })
    }
}

/// A model of a number `x` and a name `k`, either of which may be missing: a function that gives one number, or a probability
/// for each class.
pub(super) struct Mixed<F> {
    info: ModelInfo,
    f: F,
}

impl<F: Fn(f64, Option<&str>) -> Vec<f64> + Send + Sync> Mixed<F> {
    pub(super) fn new(listed: Option<&[&str]>, task: Task, f: F) -> Self {
        let listed = listed.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
        let inputs = vec![
            Input { name: "x".to_owned(), kind: InputKind::Number },
            Input { name: "k".to_owned(), kind: InputKind::Category(listed) },
        ];
        Self { info: ModelInfo { inputs, task: Some(task), ..ModelInfo::default() }, f }
    }
}

impl<F: Fn(f64, Option<&str>) -> Vec<f64> + Send + Sync> Model for Mixed<F> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        let [InputColumn::Number(x), InputColumn::Codes { codes, levels }] = batch.columns.as_slice() else {
            panic!("a number and a name")
        };
        let name = |code: &u32| levels.get(*code as usize).map(String::as_str);
        let rows = x.iter().zip(codes.iter()).map(|(x, code)| (self.f)(*x, name(code)));
        let answers: Vec<Vec<f64>> = rows.collect();
        let n_classes = answers.first().map_or(1, Vec::len);
        let values = answers.concat();
        Ok(if n_classes > 1 { Outputs::Probabilities { n_classes, values } } else { Outputs::Values(values) })
    }
}

/// A column `x` of numbers and a column `k` of names, some missing.
pub(super) fn mixed(x: Vec<f64>, k: &[Option<&str>]) -> Dataset {
    let names = k.iter().map(|name| name.map(str::to_owned)).collect();
    let columns = vec![("x".to_owned(), MemoryColumn::Numbers(x)), ("k".to_owned(), MemoryColumn::Names(names))];
    Dataset::from_columns(columns).unwrap()
}

/// A run and what it left.
pub(super) struct Ran {
    pub(super) section: Section,
    pub(super) attributions: BTreeMap<String, Vec<f64>>,
    pub(super) bytes: Vec<u8>,
}

/// What is assessed.
pub(super) struct Case<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) train: Option<&'a Dataset>,
    pub(super) model: &'a dyn Model,
    pub(super) truth: Targets,
    pub(super) classes: Vec<String>,
    pub(super) features: Vec<String>,
    pub(super) cohorts: Vec<(String, Vec<bool>)>,
    pub(super) weight: Option<Vec<f64>>,
}

impl<'a> Case<'a> {
    /// A regression of the model's own answers.
    pub(super) fn of_itself(dataset: &'a Dataset, model: &'a dyn Model) -> Self {
        let features: Vec<String> = model.info().inputs.iter().map(|i| i.name.clone()).collect();
        let truth = Targets::Value(answers(model, dataset, &features));
        Self { dataset, train: None, model, truth, classes: Vec::new(), features, cohorts: Vec::new(), weight: None }
    }

    pub(super) fn run(&self, params: &Value) -> Result<Ran, AnalysisError> {
        let task = match (&self.truth, self.classes.len()) {
            (Targets::Value(_), _) => Task::Regression,
            (_, 2) => Task::Binary,
            _ => Task::Multiclass,
        };
        let said = answers(self.model, self.dataset, &self.features);
        let (predicted, probability) = match task {
            Task::Regression => (Targets::Value(said), None),
            Task::Binary => (Targets::Class(said.iter().map(|p| u16::from(*p >= 0.5)).collect()), Some(said)),
            Task::Multiclass => {
                let k = self.classes.len();
                let best = |row: &[f64]| (0..k).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap() as u16;
                (Targets::Class(said.chunks_exact(k).map(best).collect()), Some(said))
            }
        };
        let frame = |truth: Targets, predicted, probability, weight| {
            Frame::new(FrameParts {
                task,
                classes: self.classes.clone().into(),
                row_ids: None,
                truth,
                predicted,
                probability,
                weight,
                groups: Vec::new(),
            })
            .unwrap()
        };
        let mut test = frame(self.truth.clone(), Some(predicted), probability, self.weight.clone());
        for (name, members) in &self.cohorts {
            test.add_cohort(name, "", members);
        }
        let train = self.train.map(|data| {
            let truth = match task {
                Task::Regression => Targets::Value(vec![0.0; data.n_rows()]),
                _ => Targets::Class(vec![0; data.n_rows()]),
            };
            (frame(truth, None, None, None), data)
        });
        let host = Keeping::default();
        let spec = RunSpec { seed: 7, ..RunSpec::default() };
        let context = Context {
            spec: &spec,
            task,
            classes: &self.classes,
            test: Part { frame: &test, dataset: self.dataset },
            train: train.as_ref().map(|(frame, dataset)| Part { frame, dataset }),
            features: &self.features,
            model: Some(self.model),
            progress: &Quiet,
            stop: &AtomicBool::new(false),
            host: &host,
        };
        let section = Explain.run(params, &context)?;
        let bytes = host.file("attributions").unwrap_or_default();
        check_section(&section);
        Ok(Ran { section, attributions: columns(&bytes), bytes })
    }
}

/// What a model says of all rows.
pub(super) fn answers(model: &dyn Model, dataset: &Dataset, features: &[String]) -> Vec<f64> {
    let binding = Binding::new(model.info(), dataset.schema(), features).unwrap();
    let mut all = Vec::new();
    dataset
        .for_each(binding.columns(), &mut |chunk| {
            let inputs = binding.inputs(&chunk.columns).unwrap();
            match model.predict(&inputs.as_inputs()).unwrap() {
                Outputs::Values(v) | Outputs::Probability(v) | Outputs::Probabilities { values: v, .. } => {
                    all.extend(v);
                }
                Outputs::Labels(_) => panic!("numbers"),
            }
            Ok(())
        })
        .unwrap();
    all
}

fn columns(bytes: &[u8]) -> BTreeMap<String, Vec<f64>> {
    let mut out: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let file = tempfile_of(bytes);
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            let values: Vec<f64> = match column.as_primitive_opt::<Float64Type>() {
                Some(numbers) => {
                    let numbers: &Float64Array = numbers;
                    numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect()
                }
                None => column.as_primitive::<Int64Type>().values().iter().map(|x| *x as f64).collect(),
            };
            out.entry(field.name().clone()).or_default().extend(values);
        }
    }
    out
}

fn tempfile_of(bytes: &[u8]) -> std::fs::File {
    use std::io::{Seek, Write};
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

pub(super) fn numbers(columns: &[(&str, &[f64])]) -> Dataset {
    let columns = columns.iter().map(|(name, v)| ((*name).to_owned(), MemoryColumn::Numbers(v.to_vec())));
    Dataset::from_columns(columns.collect()).unwrap()
}

pub(super) fn value(section: &Section, id: &str) -> f64 {
    let id = id.parse().unwrap();
    section
        .estimate(&id)
        .unwrap_or_else(|| panic!("{id} is not there"))
        .value
        .unwrap_or_else(|| panic!("{id} is missing"))
}

pub(super) fn codes(section: &Section) -> Vec<&str> {
    section.notes.iter().map(|n| n.code.as_str()).collect()
}

/// Numbers of a table's column.
pub(super) fn cells(section: &Section, table: &str, column: &str) -> Vec<Option<f64>> {
    match &section.table(table).unwrap_or_else(|| panic!("no table {table}")).get(column).unwrap().cells {
        equipoise_document::Cells::Number(values) => values.clone(),
        other => panic!("{table}.{column} holds {other:?}"),
    }
}

/// Ids are unique, tables are whole, and blocks and notes speak of what is there.
fn check_section(section: &Section) {
    let mut ids: Vec<String> = section.estimates.iter().map(|e| e.id.to_string()).collect();
    ids.sort();
    let n = ids.len();
    ids.dedup();
    assert_eq!(n, ids.len(), "ids are unique");
    for table in &section.tables {
        for column in &table.columns {
            assert_eq!(column.cells.len(), table.n_rows(), "{}.{}", table.id, column.id);
            if let equipoise_document::Cells::Estimate(cells) = &column.cells {
                assert!(cells.iter().flatten().all(|id| section.estimate(id).is_some()), "{}.{}", table.id, column.id);
            }
        }
    }
    assert!(section.blocks.iter().all(|b| section.table(&b.table).is_some()));
    assert!(section.notes.iter().flat_map(|n| &n.about).all(|id| section.estimate(id).is_some()));
}

/// A column of the numbers 0, 1, … in a scrambled order.
pub(super) fn scrambled(n: usize, step: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * step) % n) as f64).collect()
}

pub(super) fn default_params() -> Value {
    json!({})
}

#[allow(dead_code, reason = "used where columns are compared")]
pub(super) fn number_column(column: &Column) -> &[f64] {
    match column {
        Column::Number(values) => values,
        Column::Codes { .. } => panic!("numbers"),
    }
}
