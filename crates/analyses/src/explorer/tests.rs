//! Small cases worked out by hand, laws, messages for bad input, and Adult against pandas, SciPy and scikit-learn.

mod adult;
mod hand;
mod large;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use equipoise_data::{Column, Dataset, Frame, FrameParts, MemoryColumn, Targets};
use equipoise_document::{Cells, Estimate, EstimateId, Level, RunSpec, Section, Task};
use serde_json::{Value, json};

use super::Explorer;
use crate::{Analysis, AnalysisError, Context, Part, Quiet};

/// Rows of one part as a test writes them down; the target is the column `y`.
#[derive(Clone, Default)]
struct Written {
    names: Vec<(&'static str, Vec<Option<String>>)>,
    numbers: Vec<(&'static str, Vec<f64>)>,
    classes: Vec<u16>,
    values: Vec<f64>,
    probability: Option<Vec<f64>>,
    weight: Option<Vec<f64>>,
    /// Names of cohorts with their rows.
    cohorts: Vec<(&'static str, Vec<bool>)>,
}

impl Written {
    fn names(mut self, name: &'static str, values: &[&str]) -> Self {
        self.names.push((name, values.iter().map(|v| (!v.is_empty()).then(|| (*v).to_owned())).collect()));
        self
    }

    fn numbers(mut self, name: &'static str, values: &[f64]) -> Self {
        self.numbers.push((name, values.to_vec()));
        self
    }

    fn part(&self) -> (Dataset, Frame) {
        let mut columns: Vec<(String, MemoryColumn)> = Vec::new();
        columns.extend(self.names.iter().map(|(n, v)| ((*n).to_owned(), MemoryColumn::Names(v.clone()))));
        columns.extend(self.numbers.iter().map(|(n, v)| ((*n).to_owned(), MemoryColumn::Numbers(v.clone()))));
        let is_number = !self.values.is_empty();
        let target = if is_number {
            MemoryColumn::Numbers(self.values.clone())
        } else {
            MemoryColumn::Names(
                self.classes.iter().map(|c| Some(["no", "yes", "so"][usize::from(*c)].to_owned())).collect(),
            )
        };
        columns.push(("y".to_owned(), target));
        let n_classes = self.classes.iter().max().map_or(2, |c| usize::from(*c) + 1).max(2);
        let classes: Arc<[String]> = if is_number {
            Arc::from([])
        } else {
            ["no", "yes", "so"].iter().take(n_classes).map(|n| (*n).to_owned()).collect()
        };
        let mut frame = Frame::new(FrameParts {
            task: if is_number {
                Task::Regression
            } else if n_classes == 2 {
                Task::Binary
            } else {
                Task::Multiclass
            },
            classes,
            row_ids: None,
            truth: if is_number { Targets::Value(self.values.clone()) } else { Targets::Class(self.classes.clone()) },
            predicted: None,
            probability: self.probability.clone(),
            weight: self.weight.clone(),
            groups: Vec::new(),
        })
        .unwrap();
        for (name, members) in &self.cohorts {
            frame.add_cohort(name, "", members);
        }
        (Dataset::from_columns(columns).unwrap(), frame)
    }

    #[allow(clippy::needless_pass_by_value, reason = "cases read as they are written")]
    fn explore(&self, params: Value) -> Result<Section, AnalysisError> {
        explore(&self.part(), None, "y", &params)
    }

    fn section(&self) -> Section {
        self.explore(json!({})).unwrap()
    }
}

fn explore(
    test: &(Dataset, Frame),
    train: Option<&(Dataset, Frame)>,
    target: &str,
    params: &Value,
) -> Result<Section, AnalysisError> {
    let spec = RunSpec { target: Some(target.to_owned()), ..RunSpec::default() };
    let features: Vec<String> = test.0.schema().names().filter(|n| *n != target).map(str::to_owned).collect();
    let context = Context {
        spec: &spec,
        task: test.1.task,
        classes: &test.1.classes,
        test: Part { frame: &test.1, dataset: &test.0 },
        train: train.map(|t| Part { frame: &t.1, dataset: &t.0 }),
        features: &features,
        model: None,
        progress: &Quiet,
        stop: &AtomicBool::new(false),
        host: &crate::NoHost,
    };
    let section = Explorer.run(params, &context)?;
    hold_together(&section);
    Ok(section)
}

/// Ids are unique, tables are square, cells and notes name estimates that exist, and blocks tables.
fn hold_together(section: &Section) {
    let ids: std::collections::BTreeSet<_> = section.estimates.iter().map(|e| e.id.clone()).collect();
    assert_eq!(ids.len(), section.estimates.len());
    for table in &section.tables {
        for column in &table.columns {
            assert_eq!(column.cells.len(), table.n_rows(), "{} {}", table.id, column.id);
            if let Cells::Estimate(cells) = &column.cells {
                cells.iter().flatten().for_each(|cell| assert!(ids.contains(cell), "{cell} has no estimate"));
            }
        }
    }
    section.notes.iter().flat_map(|n| &n.about).for_each(|id| assert!(ids.contains(id), "a note is about {id}"));
    section.blocks.iter().for_each(|b| assert!(section.table(&b.table).is_some(), "{}", b.table));
    for estimate in &section.estimates {
        assert!(estimate.value.is_some() != estimate.missing.is_some());
        if let (Some(value), Some(interval)) = (estimate.value, &estimate.interval) {
            let slack = 1e-9 * value.abs().max(1.0);
            let inside = interval.low - slack <= value && value <= interval.high + slack;
            assert!(inside, "{}: {value} is outside of {interval:?}", estimate.id);
        }
    }
}

fn find<'a>(section: &'a Section, id: &str) -> &'a Estimate {
    let id: EstimateId = id.parse().unwrap();
    section.estimate(&id).unwrap_or_else(|| panic!("no estimate `{id}`"))
}

fn value(section: &Section, id: &str) -> f64 {
    let estimate = find(section, id);
    estimate.value.unwrap_or_else(|| panic!("`{id}` is missing: {:?}", estimate.missing))
}

fn close(section: &Section, id: &str, expected: f64) {
    let found = value(section, id);
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "`{id}` is {found}, not {expected}");
}

fn note<'a>(section: &'a Section, code: &str) -> &'a str {
    let note = section.notes.iter().find(|n| n.code == code);
    note.map(|n| n.text.as_str()).unwrap_or_else(|| {
        let codes: Vec<&str> = section.notes.iter().map(|n| n.code.as_str()).collect();
        panic!("no note `{code}` among {codes:?}")
    })
}

fn has_note(section: &Section, code: &str) -> bool {
    section.notes.iter().any(|n| n.code == code)
}

/// Cells of a table's column as JSON.
fn cells(section: &Section, table: &str, column: &str) -> Vec<Value> {
    let table = section.table(table).unwrap_or_else(|| panic!("no table `{table}`"));
    let column = serde_json::to_value(table.get(column).unwrap()).unwrap();
    column["values"].as_array().unwrap().clone()
}
