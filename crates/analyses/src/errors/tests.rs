use std::sync::atomic::AtomicBool;

use equipoise_data::{Chunk, Column, Dataset, Frame, FrameParts, MemoryColumn, Predicate, PredicateType, Targets};
use equipoise_document::{Cells, Level, Missing, RunSpec, Section, Table, Task};
use equipoise_kernels::Draws;
use serde_json::{Value, json};

use super::*;
use crate::{Part, Quiet};

mod documents;
mod matrices;
mod messages;
mod oracles;
mod toolbox;

/// A run over rows in memory.
struct Run {
    task: Task,
    classes: Vec<String>,
    truth: Targets,
    predicted: Targets,
    probability: Option<Vec<f64>>,
    weight: Option<Vec<f64>>,
    columns: Vec<(String, MemoryColumn)>,
    cohorts: Vec<(String, Vec<bool>)>,
    params: Value,
    seed: u64,
    is_stopped: bool,
}

impl Run {
    fn binary(rows: &[(u16, u16)]) -> Self {
        Self {
            task: Task::Binary,
            classes: vec!["no".to_owned(), "yes".to_owned()],
            truth: Targets::Class(rows.iter().map(|r| r.0).collect()),
            predicted: Targets::Class(rows.iter().map(|r| r.1).collect()),
            probability: None,
            weight: None,
            columns: Vec::new(),
            cohorts: Vec::new(),
            params: Value::Null,
            seed: 17,
            is_stopped: false,
        }
    }

    fn regression(truth: Vec<f64>, predicted: Vec<f64>) -> Self {
        Self {
            task: Task::Regression,
            classes: Vec::new(),
            truth: Targets::Value(truth),
            predicted: Targets::Value(predicted),
            ..Self::binary(&[])
        }
    }

    fn column(mut self, name: &str, column: MemoryColumn) -> Self {
        self.columns.push((name.to_owned(), column));
        self
    }

    fn numbers(self, name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        self.column(name, MemoryColumn::Numbers(values.into_iter().collect()))
    }

    fn names(self, name: &str, values: impl IntoIterator<Item = &'static str>) -> Self {
        let value = |v: &'static str| (!v.is_empty()).then(|| v.to_owned());
        self.column(name, MemoryColumn::Names(values.into_iter().map(value).collect()))
    }

    fn with<T>(&self, f: impl FnOnce(&Context<'_>) -> T) -> T {
        let features: Vec<String> = self.columns.iter().map(|c| c.0.clone()).collect();
        let mut columns = self.columns.clone();
        let n = self.truth.len();
        columns.push(("row".to_owned(), MemoryColumn::Numbers((0..n.max(1)).map(|i| i as f64).collect())));
        let dataset = Dataset::from_columns(columns).unwrap();
        let mut frame = Frame::new(FrameParts {
            task: self.task,
            classes: self.classes.clone().into(),
            row_ids: None,
            truth: self.truth.clone(),
            predicted: Some(self.predicted.clone()),
            probability: self.probability.clone(),
            weight: self.weight.clone(),
            groups: Vec::new(),
        })
        .unwrap();
        for (name, members) in &self.cohorts {
            frame.add_cohort(name, "", members);
        }
        let spec = RunSpec { target: Some("y".to_owned()), seed: self.seed, ..RunSpec::default() };
        f(&Context {
            spec: &spec,
            task: self.task,
            classes: &self.classes,
            test: Part { frame: &frame, dataset: &dataset },
            train: None,
            features: &features,
            model: None,
            progress: &Quiet,
            stop: &AtomicBool::new(self.is_stopped),
            host: &crate::NoHost,
        })
    }

    fn answer(&self) -> Result<Section, AnalysisError> {
        self.with(|context| Errors.run(&self.params, context))
    }

    fn error(&self) -> String {
        self.answer().unwrap_err().to_string()
    }

    fn matrix<T>(&self, loss: LossKind, f: impl FnOnce(&ErrorMatrix, &Context<'_>) -> T) -> T {
        self.with(|context| {
            let options =
                MatrixOptions { columns: usual_columns(context), loss, cuts: Vec::new(), seed: context.seed() };
            f(&ErrorMatrix::load(context.test, &options).unwrap(), context)
        })
    }
}

/// Rows of a cohort, as a run with that predicate would have them.
fn rows_of(predicate: &str, dataset: &Dataset) -> Vec<u32> {
    let columns: Vec<(String, PredicateType)> =
        dataset.schema().columns.iter().map(|c| (c.name.clone(), c.column_type.into())).collect();
    let parsed = Predicate::parse(predicate, &columns).unwrap_or_else(|e| panic!("{predicate}: {e}"));
    let mut rows = Vec::new();
    let mut visit = |chunk: &Chunk| {
        let columns: &[Column] = &chunk.columns;
        let held = parsed.evaluate(chunk.n_rows, columns).unwrap();
        rows.extend(held.iter().enumerate().filter(|(_, h)| **h).map(|(i, _)| (chunk.start + i) as u32));
        Ok(())
    };
    dataset.for_each(parsed.columns(), &mut visit).unwrap();
    rows
}

/// A thousand people and more: mistakes are frequent among old smokers, otherwise one in eight. Some values are missing.
fn people(n: usize, seed: u64) -> Run {
    let mut draws = Draws::new(seed, "people", 0);
    let mut rows = Vec::new();
    let (mut age, mut smoker, mut city, mut flag, mut born) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..n {
        let (a, s) = (18.0 + draws.below(600) as f64 / 10.0, ["yes", "no", "it's \"quit\""][draws.below(3) as usize]);
        let is_bad = a > 60.0 && s == "yes";
        let wrong = draws.uniform() < if is_bad { 0.6 } else { 0.125 };
        let truth = draws.below(2) as u16;
        rows.push((truth, if wrong { 1 - truth } else { truth }));
        age.push(if draws.below(15) == 0 { f64::NAN } else { a });
        smoker.push((draws.below(20) > 0).then(|| s.to_owned()));
        city.push((draws.below(9) > 0).then(|| format!("city {}", draws.below(5))));
        flag.push((draws.below(12) > 0).then(|| draws.below(2) == 0));
        born.push(draws.below(20_000) as f64 * 86_400.0 - 1e6 + if draws.below(2) == 0 { 0.25 } else { 0.0 });
    }
    Run::binary(&rows)
        .column("age", MemoryColumn::Numbers(age))
        .column("the \"smoker\"", MemoryColumn::Names(smoker))
        .column("city", MemoryColumn::Names(city))
        .column("flag", MemoryColumn::Booleans(flag))
        .column("born", MemoryColumn::Datetimes(born))
}

fn value(section: &Section, id: &str) -> Result<f64, Missing> {
    let id = id.parse().unwrap();
    let estimate = section.estimate(&id).unwrap_or_else(|| panic!("{id} is not in the section"));
    estimate.value.ok_or_else(|| estimate.missing.unwrap())
}

fn codes(section: &Section) -> Vec<&str> {
    section.notes.iter().map(|n| n.code.as_str()).collect()
}

fn text<'a>(section: &'a Section, code: &str) -> &'a str {
    &section.notes.iter().find(|n| n.code == code).unwrap_or_else(|| panic!("no note {code}")).text
}

fn words(table: &Table, column: &str) -> Vec<String> {
    let Cells::Text(cells) = &table.get(column).unwrap().cells else { panic!("words") };
    cells.iter().map(|c| c.clone().unwrap_or_default()).collect()
}

/// Every cell that shows an estimate names one of the section, columns are equally long, blocks have their tables, and ids
/// are unique.
fn check_tables(section: &Section) {
    let mut ids: Vec<String> = section.estimates.iter().map(|e| e.id.to_string()).collect();
    ids.sort();
    let n = ids.len();
    ids.dedup();
    assert_eq!(n, ids.len(), "ids are unique");
    for table in &section.tables {
        for column in &table.columns {
            assert_eq!(column.cells.len(), table.n_rows(), "{}.{}", table.id, column.id);
            if let Cells::Estimate(cells) = &column.cells {
                for id in cells.iter().flatten() {
                    assert!(section.estimate(id).is_some(), "{}.{}: {id}", table.id, column.id);
                }
            }
        }
    }
    for block in &section.blocks {
        assert!(section.table(&block.table).is_some(), "{}", block.id);
        assert!(!block.says.is_empty());
    }
    for id in section.notes.iter().flat_map(|n| &n.about) {
        assert!(section.estimate(id).is_some(), "{id}");
    }
}
