//! Asking the model about any rows of its columns.

use equipoise_data::{Column, MISSING};
use equipoise_document::Task;
use equipoise_models::{Binding, InputKind, Model, ModelError, Outputs};

use crate::{AnalysisError, Context};

/// Rows asked at once at most.
const AT_ONCE: usize = 65_536;

/// The model with its columns, answering in the order of the run's classes.
pub(crate) struct Asker<'a> {
    pub(crate) model: &'a dyn Model,
    pub(crate) binding: Binding,
    pub(crate) task: Task,
    /// Numbers per row: 1 for a number or two classes, else one for each class.
    pub(crate) n_outputs: usize,
    /// Place in the model's outputs of each of our classes.
    pub(crate) order: Vec<usize>,
    /// The model's second class is our first.
    pub(crate) is_reversed: bool,
    /// Numbers of a model that does not say so are probabilities.
    labels: Vec<String>,
}

impl<'a> Asker<'a> {
    /// The model of a run.
    pub(crate) fn new(context: &Context<'a>, model: &'a dyn Model) -> Result<Self, AnalysisError> {
        let binding = Binding::new(model.info(), context.test.dataset.schema(), context.features)?;
        let given = context.spec.model.as_ref().map(|m| m.classes.clone()).filter(|c| !c.is_empty());
        let known = given.or_else(|| model.info().classes.clone()).unwrap_or_default();
        let place = |class: &String| known.iter().position(|k| same_label(k, class));
        let is_reversed = match (context.classes, known.as_slice()) {
            ([_, positive], [first, _]) => same_label(positive, first),
            _ => false,
        };
        let order: Option<Vec<usize>> = context.classes.iter().map(place).collect();
        let order = order.unwrap_or_else(|| (0..context.classes.len()).collect());
        let n_outputs = if context.task == Task::Multiclass { context.classes.len() } else { 1 };
        let labels = context.classes.to_vec();
        Ok(Self { model, binding, task: context.task, n_outputs, order, is_reversed, labels })
    }

    /// What the model answers to rows, shape `(n_rows, n_outputs)`; every answer is a finite number.
    pub(crate) fn ask(&self, columns: &[Column]) -> Result<Vec<f64>, AnalysisError> {
        let n_rows = columns.first().map_or(0, Column::len);
        if n_rows <= AT_ONCE {
            return self.ask_once(columns);
        }
        let mut all = Vec::with_capacity(n_rows * self.n_outputs);
        for start in (0..n_rows).step_by(AT_ONCE) {
            let rows: Vec<usize> = (start..(start + AT_ONCE).min(n_rows)).collect();
            let part: Vec<Column> = columns.iter().map(|c| super::table::take(c, &rows)).collect();
            all.extend(self.ask_once(&part)?);
        }
        Ok(all)
    }

    fn ask_once(&self, columns: &[Column]) -> Result<Vec<f64>, AnalysisError> {
        let n_rows = columns.first().map_or(0, Column::len);
        if n_rows == 0 {
            return Ok(Vec::new());
        }
        let inputs = self.binding.inputs(columns)?;
        let answers = self.read(self.model.predict(&inputs.as_inputs())?, n_rows)?;
        if let Some(at) = answers.iter().position(|x| !x.is_finite()) {
            let found = answers.get(at).copied().unwrap_or(f64::NAN);
            return Err(AnalysisError::Model(ModelError::Predict {
                problem: format!("to one of the rows it is asked about it says `{found}`, which cannot be explained"),
                hint: "check how the model treats missing values and rare combinations of values".to_owned(),
            }));
        }
        Ok(answers)
    }

    fn read(&self, outputs: Outputs, n_rows: usize) -> Result<Vec<f64>, AnalysisError> {
        let wrong = |found: &str| {
            Err(AnalysisError::Model(ModelError::Predict {
                problem: format!("it gives {found} where it gave something else before"),
                hint: "check the model or the endpoint".to_owned(),
            }))
        };
        let k = self.n_outputs;
        let values = match (self.task, outputs) {
            (Task::Regression, Outputs::Values(values)) => values,
            (Task::Binary, Outputs::Probability(p)) => {
                p.into_iter().map(|p| if self.is_reversed { 1.0 - p } else { p }).collect()
            }
            (Task::Binary, Outputs::Probabilities { n_classes: 2, values }) => {
                let place = usize::from(!self.is_reversed);
                values.chunks_exact(2).filter_map(|row| row.get(place).copied()).collect()
            }
            (Task::Multiclass, Outputs::Probabilities { n_classes, values }) if n_classes == k => values
                .chunks_exact(k.max(1))
                .flat_map(|row| self.order.iter().map(|from| row.get(*from).copied().unwrap_or(f64::NAN)))
                .collect(),
            // Labels become indicators of the class.
            (Task::Binary, Outputs::Labels(labels)) => {
                let positive = self.labels.get(1).cloned().unwrap_or_default();
                labels.iter().map(|l| f64::from(u8::from(same_label(l, &positive)))).collect()
            }
            (Task::Multiclass, Outputs::Labels(labels)) => labels
                .iter()
                .flat_map(|label| self.labels.iter().map(move |class| f64::from(u8::from(same_label(label, class)))))
                .collect(),
            (Task::Binary, Outputs::Values(values)) => values,
            (_, Outputs::Values(_)) => return wrong("numbers"),
            (_, Outputs::Labels(_)) => return wrong("labels"),
            (_, Outputs::Probability(_) | Outputs::Probabilities { .. }) => return wrong("probabilities"),
        };
        if values.len() == n_rows * k { Ok(values) } else { wrong("another number of answers") }
    }

    /// Margins of the model's outputs (shape `(n_rows, n)`) as ours: in our order of classes, of our positive class.
    pub(crate) fn ours(&self, margins: &mut [f64], n: usize) {
        if n == 1 && self.is_reversed {
            margins.iter_mut().for_each(|m| *m = -*m);
        } else if n == self.order.len() && n > 1 {
            let mut row_of = vec![0.0; n];
            for row in margins.chunks_exact_mut(n) {
                for (to, from) in row_of.iter_mut().zip(&self.order) {
                    *to = row.get(*from).copied().unwrap_or(f64::NAN);
                }
                row.copy_from_slice(&row_of);
            }
        }
    }

    /// A value of a column that the model has never seen, where it lists what it knows.
    pub(crate) fn unseen(&self, names: &[String], columns: &[Column]) -> Option<(String, String)> {
        for (input, name) in self.model.info().inputs.iter().zip(self.binding.names()) {
            let InputKind::Category(Some(listed)) = &input.kind else { continue };
            let place = names.iter().position(|n| n == name)?;
            let Some(Column::Codes { codes, levels }) = columns.get(place) else { continue };
            let is_known = |level: &String| listed.iter().any(|l| same_label(l, level));
            let known: Vec<bool> = levels.iter().map(is_known).collect();
            let bad = codes.iter().find(|c| **c != MISSING && known.get(**c as usize) == Some(&false));
            if let Some(level) = bad.and_then(|c| levels.get(*c as usize)) {
                return Some((name.to_owned(), level.clone()));
            }
        }
        None
    }
}

/// The same text, the same number, or the same truth value.
pub(crate) fn same_label(a: &str, b: &str) -> bool {
    let as_number = |s: &str| match s.trim() {
        "true" | "True" | "TRUE" => Some(1.0),
        "false" | "False" | "FALSE" => Some(0.0),
        other => other.parse::<f64>().ok(),
    };
    a == b || matches!((as_number(a), as_number(b)), (Some(x), Some(y)) if x.total_cmp(&y).is_eq())
}
