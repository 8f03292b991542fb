//! Scored rows out of a dataset: one pass that reads roles, asks the model and groups.

use std::sync::Arc;

use equipoise_data::{Chunk, Column, DataError, Dataset, Frame, FrameParts, Shared, Targets};
use equipoise_document::{Level, Note, RunSpec, Task};
use equipoise_models::{Binding, Model, Outputs};

use crate::classes::{ClassMap, NO_CLASS, Outcome};
use crate::groups::Grouper;
use crate::roles::Roles;
use crate::{ServiceError, World};

/// What scoring needs to know.
pub(crate) struct Scoring<'a> {
    pub(crate) spec: &'a RunSpec,
    pub(crate) roles: &'a Roles,
    pub(crate) outcome: &'a Outcome,
    pub(crate) groupers: &'a [Grouper],
    /// The model with the columns it takes; absent when predictions are columns, or are not needed.
    pub(crate) model: Option<(&'a dyn Model, &'a Binding)>,
    /// False for training data, whose rows are not predicted.
    pub(crate) wants_predictions: bool,
}

/// Rows of one part and what was noticed on the way.
pub(crate) struct Scored {
    pub(crate) frame: Frame,
    pub(crate) notes: Vec<Note>,
}

struct Builder<'a> {
    scoring: &'a Scoring<'a>,
    map: ClassMap,
    names: Vec<String>,
    /// Rows of the dataset.
    n_rows: usize,
    /// Row numbers kept so far, once one was left out.
    kept: Option<Vec<u32>>,
    n_seen: usize,
    n_kept: usize,
    n_no_truth: u64,
    n_no_prediction: u64,
    n_no_weight: u64,
    truth: Targets,
    predicted: Option<Targets>,
    probability: Option<Vec<f64>>,
    weight: Option<Vec<f64>>,
    groups: Vec<Vec<u16>>,
    /// Order of the classes in the model's outputs, where it is another one.
    order: Option<Vec<usize>>,
    order_is_known: bool,
    /// Whether a model's bare numbers are probabilities, once the first rows have shown it.
    numbers_are_shares: Option<bool>,
}

/// Scores all rows of a dataset.
pub(crate) fn score(scoring: &Scoring<'_>, dataset: &Dataset, world: &World) -> Result<Scored, ServiceError> {
    let mut columns: Vec<usize> = Vec::new();
    let mut need = |i: usize| {
        if let Some(place) = columns.iter().position(|c| *c == i) {
            place
        } else {
            columns.push(i);
            columns.len() - 1
        }
    };
    let roles = scoring.roles;
    let places = Places {
        target: need(roles.target),
        prediction: roles.prediction.filter(|_| scoring.wants_predictions).map(&mut need),
        probability: if scoring.wants_predictions {
            roles.probability.iter().map(|i| need(*i)).collect()
        } else {
            Vec::new()
        },
        weight: roles.weight.map(&mut need),
        groups: scoring.groupers.iter().map(|g| need(g.column)).collect(),
        model: scoring.model.map_or_else(Vec::new, |(_, b)| b.columns().iter().map(|i| need(*i)).collect()),
    };
    let mut builder = Builder::new(scoring, dataset);
    let mut failure: Option<ServiceError> = None;
    let n_rows = dataset.n_rows().max(1);
    let result = dataset.for_each(&columns, &mut |chunk| {
        if world.stop.load(std::sync::atomic::Ordering::Relaxed) {
            failure = Some(ServiceError::Interrupted);
            return Err(DataError::Stopped);
        }
        builder.push(chunk, &places).map_err(|error| {
            failure = Some(error);
            DataError::Stopped
        })?;
        #[allow(clippy::cast_precision_loss, reason = "a share for the eye")]
        world.progress.share((chunk.start + chunk.n_rows) as f64 / n_rows as f64);
        Ok(())
    });
    match (result, failure) {
        (_, Some(failure)) => Err(failure),
        (Err(error), None) => Err(error.into()),
        (Ok(()), None) => builder.finish(),
    }
}

/// Where a role's column lies in a chunk.
struct Places {
    target: usize,
    prediction: Option<usize>,
    probability: Vec<usize>,
    weight: Option<usize>,
    groups: Vec<usize>,
    model: Vec<usize>,
}

/// Truth, prediction and so on of one chunk before rows are left out.
struct Part {
    predicted: Option<Targets>,
    probability: Option<Vec<f64>>,
}

impl<'a> Builder<'a> {
    fn new(scoring: &'a Scoring<'a>, dataset: &Dataset) -> Self {
        // Columns are as long as the data: one that grows would be there twice each time it moves.
        let n_rows = dataset.n_rows();
        Self {
            scoring,
            map: ClassMap::over(&scoring.outcome.classes),
            names: dataset.schema().names().map(str::to_owned).collect(),
            kept: None,
            n_seen: 0,
            n_kept: 0,
            n_no_truth: 0,
            n_no_prediction: 0,
            n_no_weight: 0,
            truth: match scoring.outcome.task {
                Task::Regression => Targets::Value(Vec::with_capacity(n_rows)),
                Task::Binary | Task::Multiclass => Targets::Class(Vec::with_capacity(n_rows)),
            },
            predicted: None,
            probability: None,
            weight: scoring.roles.weight.map(|_| Vec::with_capacity(n_rows)),
            groups: scoring.groupers.iter().map(|_| Vec::with_capacity(n_rows)).collect(),
            n_rows,
            order: None,
            order_is_known: false,
            numbers_are_shares: None,
        }
    }

    fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }

    fn push(&mut self, chunk: &Chunk, places: &Places) -> Result<(), ServiceError> {
        let column = |place: usize| chunk.columns.get(place).ok_or_else(lost_column);
        let truth = self.targets(column(places.target)?, self.scoring.roles.target, chunk.start, "target")?;
        let part = self.predictions(chunk, places)?;
        let weight = match (places.weight, self.scoring.roles.weight) {
            (Some(place), Some(i)) => Some(self.weights(column(place)?, i, chunk.start)?),
            _ => None,
        };
        // A row counts when it has a truth, a prediction and a weight.
        let mut keep = vec![true; chunk.n_rows];
        self.n_no_truth += drop_missing(&mut keep, &truth);
        if let Some(predicted) = &part.predicted {
            self.n_no_prediction += drop_missing(&mut keep, predicted);
        }
        if let Some(weight) = &weight {
            for (kept, w) in keep.iter_mut().zip(weight) {
                self.n_no_weight += u64::from(*kept && w.is_nan());
                *kept &= !w.is_nan();
            }
        }
        let all = keep.iter().all(|k| *k);
        self.note_kept(&keep, all, chunk.start)?;
        append_targets(&mut self.truth, truth, &keep);
        if let Some(predicted) = part.predicted {
            let empty = match &predicted {
                Targets::Class(_) => Targets::Class(Vec::with_capacity(self.n_rows)),
                Targets::Value(_) => Targets::Value(Vec::with_capacity(self.n_rows)),
            };
            append_targets(self.predicted.get_or_insert(empty), predicted, &keep);
        }
        if let Some(probability) = part.probability {
            let width = probability.len().checked_div(chunk.n_rows).unwrap_or(1).max(1);
            let all_rows = self.probability.get_or_insert_with(|| Vec::with_capacity(self.n_rows * width));
            let rows = probability.chunks_exact(width).zip(&keep).filter(|(_, k)| **k);
            rows.for_each(|(row, _)| all_rows.extend_from_slice(row));
        }
        if let (Some(all_rows), Some(weight)) = (&mut self.weight, weight) {
            all_rows.extend(weight.iter().zip(&keep).filter(|(_, k)| **k).map(|(w, _)| *w));
        }
        let mut codes = Vec::with_capacity(chunk.n_rows);
        for ((grouper, place), all_rows) in self.scoring.groupers.iter().zip(&places.groups).zip(&mut self.groups) {
            codes.clear();
            grouper.push(chunk.columns.get(*place).ok_or_else(lost_column)?, &mut codes);
            all_rows.extend(codes.iter().zip(&keep).filter(|(_, k)| **k).map(|(c, _)| *c));
        }
        self.n_seen += chunk.n_rows;
        Ok(())
    }

    fn note_kept(&mut self, keep: &[bool], all: bool, start: usize) -> Result<(), ServiceError> {
        let id = |row: usize| {
            u32::try_from(row).map_err(|_| {
                ServiceError::column("more than 4,294,967,295 rows", "split the data, for example by month")
            })
        };
        id(start + keep.len())?;
        if !all && self.kept.is_none() {
            self.kept = Some((0..id(start)?).collect());
        }
        if let Some(kept) = &mut self.kept {
            for (i, _) in keep.iter().enumerate().filter(|(_, k)| **k) {
                kept.push(id(start + i)?);
            }
        }
        self.n_kept += keep.iter().filter(|k| **k).count();
        Ok(())
    }

    fn is_regression(&self) -> bool {
        self.scoring.outcome.task == Task::Regression
    }

    /// A column as truth or prediction.
    fn targets(&self, column: &Column, i: usize, start: usize, role: &str) -> Result<Targets, ServiceError> {
        if self.is_regression() {
            return Ok(Targets::Value(self.numbers(column, i, start, role)?.to_vec()));
        }
        let mut classes = Vec::with_capacity(column.len());
        self.map.classes_of(column, &mut classes).map_err(|label| {
            let row = start + classes.len();
            let known: Vec<String> = self.scoring.outcome.classes.iter().take(8).map(|c| format!("`{c}`")).collect();
            ServiceError::column(
                format!(
                    "the {role} column `{}` holds `{label}` (row {}), which is no class of the target",
                    self.name(i),
                    row + 1
                ),
                format!(
                    "the classes are {}; if the column holds probabilities, name it with `probability`",
                    known.join(", ")
                ),
            )
        })?;
        Ok(Targets::Class(classes))
    }

    /// A column of finite numbers, NaN where missing.
    fn numbers<'c>(&self, column: &'c Column, i: usize, start: usize, role: &str) -> Result<&'c [f64], ServiceError> {
        let Column::Number(values) = column else {
            return Err(ServiceError::column(
                format!("the {role} column `{}` holds names where numbers are needed", self.name(i)),
                "choose another column, or set its type to numeric under `data.types`",
            ));
        };
        if let Some(at) = values.iter().position(|x| x.is_infinite()) {
            return Err(ServiceError::column(
                format!("the {role} column `{}` holds an infinite number in row {}", self.name(i), start + at + 1),
                "mend the row, or leave the value empty to leave the row out",
            ));
        }
        Ok(values)
    }

    fn weights(&self, column: &Column, i: usize, start: usize) -> Result<Vec<f64>, ServiceError> {
        let values = self.numbers(column, i, start, "weight")?;
        if let Some(at) = values.iter().position(|w| *w < 0.0) {
            let found = values.get(at).copied().unwrap_or_default();
            return Err(ServiceError::column(
                format!("the weight column `{}` holds `{found}` in row {}", self.name(i), start + at + 1),
                "weights must be zero or more",
            ));
        }
        Ok(values.to_vec())
    }

    fn predictions(&mut self, chunk: &Chunk, places: &Places) -> Result<Part, ServiceError> {
        if let Some((model, binding)) = self.scoring.model {
            let columns: Vec<Column> =
                places.model.iter().filter_map(|place| chunk.columns.get(*place).cloned()).collect();
            let inputs = binding.inputs(&columns)?;
            let outputs = model.predict(&inputs.as_inputs())?;
            return self.read_outputs(outputs, chunk.n_rows);
        }
        if !self.scoring.wants_predictions {
            return Ok(Part { predicted: None, probability: None });
        }
        let given = match (places.prediction, self.scoring.roles.prediction) {
            (Some(place), Some(i)) => {
                let column = chunk.columns.get(place).ok_or_else(lost_column)?;
                Some(self.targets(column, i, chunk.start, "prediction")?)
            }
            _ => None,
        };
        if places.probability.is_empty() {
            return Ok(Part { predicted: given, probability: None });
        }
        let probability = self.probabilities(chunk, places)?;
        let predicted = given.unwrap_or_else(|| Targets::Class(self.decide(&probability)));
        Ok(Part { predicted: Some(predicted), probability: Some(probability) })
    }

    /// Probability columns, row by row.
    fn probabilities(&self, chunk: &Chunk, places: &Places) -> Result<Vec<f64>, ServiceError> {
        let roles = &self.scoring.roles.probability;
        let mut columns = Vec::with_capacity(roles.len());
        for (place, i) in places.probability.iter().zip(roles) {
            let column = chunk.columns.get(*place).ok_or_else(lost_column)?;
            let values = self.numbers(column, *i, chunk.start, "probability")?;
            if let Some(at) = values.iter().position(|p| !p.is_nan() && !(0.0..=1.0).contains(p)) {
                let found = values.get(at).copied().unwrap_or_default();
                return Err(ServiceError::column(
                    format!(
                        "the probability column `{}` holds `{found}` in row {}, which is not between 0 and 1",
                        self.name(*i),
                        chunk.start + at + 1
                    ),
                    "probabilities lie between 0 and 1; turn scores into probabilities first, or name the column with `prediction`",
                ));
            }
            columns.push(values);
        }
        let [only] = columns.as_slice() else {
            let mut rows = Vec::with_capacity(chunk.n_rows * columns.len());
            for row in 0..chunk.n_rows {
                let before = rows.len();
                rows.extend(columns.iter().filter_map(|c| c.get(row).copied()));
                let sum: f64 = rows.get(before..).unwrap_or_default().iter().sum();
                // Files often hold rounded probabilities, so a thousandth is let pass.
                if (sum - 1.0).abs() > 1e-3 {
                    return Err(ServiceError::column(
                        format!("the probabilities in row {} sum to {sum:.6}, not to one", chunk.start + row + 1),
                        "give one probability column per class, in the order of `classes`",
                    ));
                }
            }
            if self.scoring.outcome.task == Task::Binary {
                // The second of two classes is the positive one.
                return Ok(rows.chunks_exact(2).filter_map(|r| r.last().copied()).collect());
            }
            return Ok(rows);
        };
        Ok(only.to_vec())
    }

    /// Classes by probability: the threshold for two, the first largest for several. NaN gives no class.
    fn decide(&self, probability: &[f64]) -> Vec<u16> {
        if self.scoring.outcome.task == Task::Binary {
            let threshold = self.scoring.spec.threshold.unwrap_or(0.5);
            return probability
                .iter()
                .map(|p| if p.is_nan() { NO_CLASS } else { u16::from(*p >= threshold) })
                .collect();
        }
        let largest = |row: &[f64]| {
            let mut best = (f64::NEG_INFINITY, NO_CLASS);
            for (p, class) in row.iter().zip(0_u16..) {
                if p.is_nan() {
                    return NO_CLASS;
                }
                if *p > best.0 {
                    best = (*p, class);
                }
            }
            best.1
        };
        probability.chunks_exact(self.scoring.outcome.classes.len().max(1)).map(largest).collect()
    }

    fn read_outputs(&mut self, outputs: Outputs, n_rows: usize) -> Result<Part, ServiceError> {
        let n_classes = self.scoring.outcome.classes.len();
        let wrong = |found: &str| {
            ServiceError::column(
                format!(
                    "the model gives {found}, which does not answer a {} target with {n_classes} classes",
                    task_name(self.scoring.outcome.task)
                ),
                "check that the model belongs to this target; name the classes with `model.classes` where its file does not",
            )
        };
        match (self.scoring.outcome.task, outputs) {
            (Task::Regression, Outputs::Values(values)) if values.len() == n_rows => {
                Ok(Part { predicted: Some(Targets::Value(values)), probability: None })
            }
            (Task::Binary, Outputs::Probability(mut p)) if p.len() == n_rows => {
                if self.is_reversed() {
                    p.iter_mut().for_each(|p| *p = 1.0 - *p);
                }
                Ok(Part { predicted: Some(Targets::Class(self.decide(&p))), probability: Some(p) })
            }
            (Task::Binary, Outputs::Probabilities { n_classes: 2, values }) if values.len() == n_rows * 2 => {
                let place = usize::from(!self.is_reversed());
                let p: Vec<f64> = values.chunks_exact(2).filter_map(|row| row.get(place).copied()).collect();
                Ok(Part { predicted: Some(Targets::Class(self.decide(&p))), probability: Some(p) })
            }
            (Task::Multiclass, Outputs::Probabilities { n_classes: k, values })
                if k == n_classes && values.len() == n_rows * k =>
            {
                let values = match self.output_order() {
                    None => values,
                    Some(order) => values
                        .chunks_exact(k)
                        .flat_map(|row| order.iter().map(|from| row.get(*from).copied().unwrap_or(f64::NAN)))
                        .collect(),
                };
                Ok(Part { predicted: Some(Targets::Class(self.decide(&values))), probability: Some(values) })
            }
            (Task::Binary | Task::Multiclass, Outputs::Labels(labels)) if labels.len() == n_rows => {
                let classes: Option<Vec<u16>> = labels.iter().map(|l| self.map.class(l)).collect();
                let classes = classes.ok_or_else(|| wrong("labels that are no classes of the target"))?;
                Ok(Part { predicted: Some(Targets::Class(classes)), probability: None })
            }
            (Task::Binary | Task::Multiclass, Outputs::Values(values)) if values.len() == n_rows => {
                self.read_numbers(values).map_err(|label| wrong(&format!("the number `{label}`")))
            }
            (_, Outputs::Probability(_)) => Err(wrong("one probability per row")),
            (_, Outputs::Probabilities { n_classes: k, .. }) => Err(wrong(&format!("{k} probabilities per row"))),
            (_, Outputs::Values(_)) => Err(wrong("numbers")),
            (_, Outputs::Labels(_)) => Err(wrong("labels")),
        }
    }

    /// Numbers of a model that does not say what they are: class labels where all of them are, otherwise probabilities of
    /// the positive class where all lie between 0 and 1. The first rows decide for all.
    fn read_numbers(&mut self, values: Vec<f64>) -> Result<Part, String> {
        let is_share = |p: &f64| p.is_nan() || (0.0..=1.0).contains(p);
        let values = Shared::from(values);
        let mut classes = Vec::with_capacity(values.len());
        let labels = self.map.classes_of(&Column::Number(values.clone()), &mut classes);
        let can_be_shares = self.scoring.outcome.task == Task::Binary && values.iter().all(is_share);
        if self.numbers_are_shares.unwrap_or(labels.is_err()) && can_be_shares {
            self.numbers_are_shares = Some(true);
            let probability = values.to_vec();
            return Ok(Part {
                predicted: Some(Targets::Class(self.decide(&probability))),
                probability: Some(probability),
            });
        }
        labels?;
        self.numbers_are_shares = Some(false);
        Ok(Part { predicted: Some(Targets::Class(classes)), probability: None })
    }

    /// True when the model's second class is our first.
    fn is_reversed(&self) -> bool {
        let known = self.model_classes();
        matches!((known.first(), self.scoring.outcome.classes.as_slice()), (Some(first), [_, positive]) if known.len() == 2 && self.map.class(first) == self.map.class(positive))
    }

    fn model_classes(&self) -> Vec<String> {
        let named = &self.scoring.spec.model;
        let from_spec = named.as_ref().map(|m| m.classes.clone()).filter(|c| !c.is_empty());
        from_spec.or_else(|| self.scoring.model.and_then(|(m, _)| m.info().classes.clone())).unwrap_or_default()
    }

    /// For each of our classes its place in the model's outputs; none when the order is the same or unknown.
    fn output_order(&mut self) -> Option<Vec<usize>> {
        if !self.order_is_known {
            self.order_is_known = true;
            let known = self.model_classes();
            let place = |class: u16| known.iter().position(|label| self.map.class(label) == Some(class));
            let n = u16::try_from(self.scoring.outcome.classes.len()).unwrap_or(0);
            let order: Option<Vec<usize>> = (0..n).map(place).collect();
            self.order = order.filter(|o| o.iter().enumerate().any(|(i, from)| i != *from));
        }
        self.order.clone()
    }

    fn finish(self) -> Result<Scored, ServiceError> {
        if self.n_kept == 0 {
            return Err(ServiceError::column(
                "no row has a truth, a prediction and a weight",
                "check the target, prediction and weight columns for missing values",
            ));
        }
        let mut notes = Vec::new();
        let share = |n: u64| {
            #[allow(clippy::cast_precision_loss, reason = "a share for the eye")]
            let percent = 100.0 * n as f64 / self.n_seen as f64;
            format!("{n} of {} rows ({percent:.1} %)", self.n_seen)
        };
        for (n, what, code) in [
            (self.n_no_truth, "the target is missing", "rows_without_truth"),
            (self.n_no_prediction, "the prediction is missing", "rows_without_prediction"),
            (self.n_no_weight, "the weight is missing", "rows_without_weight"),
        ] {
            if n > 0 {
                notes.push(Note::new(Level::Caution, code, format!("{} were left out because {what}.", share(n))));
            }
        }
        let groups = self.scoring.groupers.iter().map(|g| g.grouping.clone()).zip(self.groups).collect();
        let frame = Frame::new(FrameParts {
            task: self.scoring.outcome.task,
            classes: Arc::from(self.scoring.outcome.classes.clone()),
            row_ids: self.kept,
            truth: self.truth,
            predicted: self.predicted,
            probability: self.probability,
            weight: self.weight,
            groups,
        })
        .map_err(|error| ServiceError::column(error.to_string(), "the model answered with another number of rows"))?;
        Ok(Scored { frame, notes })
    }
}

fn task_name(task: Task) -> &'static str {
    match task {
        Task::Binary => "binary",
        Task::Multiclass => "multiclass",
        Task::Regression => "numeric",
    }
}

fn lost_column() -> ServiceError {
    ServiceError::column("a column vanished while the data was read", "was the file changed? run again")
}

/// Marks rows without a value; returns how many of those that counted so far.
fn drop_missing(keep: &mut [bool], targets: &Targets) -> u64 {
    let mut n = 0;
    let mut drop = |kept: &mut bool, is_missing: bool| {
        n += u64::from(*kept && is_missing);
        *kept &= !is_missing;
    };
    match targets {
        Targets::Class(classes) => keep.iter_mut().zip(classes).for_each(|(k, c)| drop(k, *c == NO_CLASS)),
        Targets::Value(values) => keep.iter_mut().zip(values).for_each(|(k, x)| drop(k, x.is_nan())),
    }
    n
}

fn append_targets(all_rows: &mut Targets, part: Targets, keep: &[bool]) {
    match (all_rows, part) {
        (Targets::Class(all_rows), Targets::Class(part)) => {
            all_rows.extend(part.iter().zip(keep).filter(|(_, k)| **k).map(|(c, _)| *c));
        }
        (Targets::Value(all_rows), Targets::Value(part)) => {
            all_rows.extend(part.iter().zip(keep).filter(|(_, k)| **k).map(|(x, _)| *x));
        }
        // The task decides the kind once, so the two always agree.
        (Targets::Class(_), Targets::Value(_)) | (Targets::Value(_), Targets::Class(_)) => {}
    }
}
