//! A model that lives in Python. It is asked on the thread that called, one batch at a time, while the run goes on in
//! another: what a library keeps by thread (scikit-learn's settings, warnings filters) is as the caller set it, and Ctrl-C
//! ends a prediction like any other Python code.

use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender, sync_channel};

use equipoise_server::Answer;
use equipoise_service::Progress;
use equipoise_service::data::Schema;
use equipoise_service::document::{ColumnType, Task};
use equipoise_service::models::{
    Additive, Input, InputColumn, InputKind, Inputs, Model, ModelError, ModelInfo, Outputs,
};
use pyo3::prelude::*;

/// What the run tells the thread that called.
pub(crate) enum Message {
    /// The model is asked about a batch.
    Ask(Question),
    /// A new step of the run.
    Step(String),
    /// Share of the step that is done.
    Share(f64),
    /// The run is over.
    Done,
    /// The answer to the request with this number.
    Reply(u64, Answer),
}

/// A batch for the model.
pub(crate) struct Question {
    /// Names of the inputs.
    pub(crate) names: Arc<[String]>,
    /// Number of rows.
    pub(crate) n_rows: usize,
    /// One per input.
    pub(crate) columns: Vec<Values>,
    /// What is asked for.
    pub(crate) wish: Wish,
    /// Where the answer goes.
    pub(crate) answer: SyncSender<Result<Outputs, ModelError>>,
}

/// What a model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Its answers.
    Answers,
    /// What stands before its link.
    Margins,
}

/// The values of one input.
pub(crate) enum Values {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Places in a list of names.
    Names { codes: Vec<u32>, levels: Vec<String> },
}

/// What Python says about its model.
#[derive(FromPyObject)]
pub(crate) struct About {
    format: String,
    describes: String,
    /// Names of the inputs in order; all features where it does not say.
    inputs: Option<Vec<String>>,
    task: Option<String>,
    classes: Option<Vec<String>>,
    /// Number of margins of a model that is a sum over its inputs before its link.
    n_margins: Option<usize>,
}

/// The model as the service sees it.
pub(crate) struct PythonModel {
    info: ModelInfo,
    names: Arc<[String]>,
    n_margins: Option<usize>,
    messages: Sender<Message>,
}

impl PythonModel {
    /// `features` are the columns that are meant for it where it names none.
    pub(crate) fn new(about: About, schema: &Schema, features: Vec<String>, messages: Sender<Message>) -> Self {
        let About { format, describes, inputs, task, classes, n_margins } = about;
        let inputs = inputs.unwrap_or(features);
        let names = Arc::from(inputs.clone());
        let input = |name: String| {
            let kind = match schema.get(&name).map(|column| column.column_type) {
                Some(ColumnType::Categorical | ColumnType::Boolean | ColumnType::Text) => InputKind::Category(None),
                Some(ColumnType::Numeric | ColumnType::Datetime) | None => InputKind::Number,
            };
            Input { name, kind }
        };
        let task = match task.as_deref() {
            Some("binary") => Some(Task::Binary),
            Some("multiclass") => Some(Task::Multiclass),
            Some("regression") => Some(Task::Regression),
            _ => None,
        };
        let info = ModelInfo { format, describes, inputs: inputs.into_iter().map(input).collect(), task, classes };
        Self { info, names, n_margins, messages }
    }
}

impl Model for PythonModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, batch: &Inputs<'_>) -> Result<Outputs, ModelError> {
        self.ask(batch, Wish::Answers)
    }

    fn additive(&self) -> Option<&dyn Additive> {
        self.n_margins.map(|_| self as &dyn Additive)
    }
}

impl Additive for PythonModel {
    fn n_outputs(&self) -> usize {
        self.n_margins.unwrap_or(1)
    }

    fn margins(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError> {
        match self.ask(batch, Wish::Margins)? {
            Outputs::Values(values) | Outputs::Probability(values) | Outputs::Probabilities { values, .. } => {
                Ok(values)
            }
            Outputs::Labels(_) => Err(ModelError::Predict {
                problem: "margins are numbers, but it gave labels".to_owned(),
                hint: "ask for another `method`".to_owned(),
            }),
        }
    }
}

impl PythonModel {
    fn ask(&self, batch: &Inputs<'_>, wish: Wish) -> Result<Outputs, ModelError> {
        let (answer, answered) = sync_channel(1);
        let owned = |column: &InputColumn<'_>| match column {
            InputColumn::Number(values) => Values::Numbers(values.to_vec()),
            InputColumn::Codes { codes, levels } => Values::Names { codes: codes.to_vec(), levels: levels.to_vec() },
        };
        let columns = batch.columns.iter().map(owned).collect();
        let question = Question { names: Arc::clone(&self.names), n_rows: batch.n_rows, columns, wish, answer };
        self.messages.send(Message::Ask(question)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

/// What is said to a run that is being stopped.
pub(crate) fn gone() -> ModelError {
    ModelError::Predict { problem: "the run was stopped".to_owned(), hint: "run it again to have the rest".to_owned() }
}

/// Hands steps on to the thread that called.
pub(crate) struct Steps(pub(crate) Sender<Message>);

impl Progress for Steps {
    fn step(&self, says: &str) {
        let _ = self.0.send(Message::Step(says.to_owned()));
    }

    fn share(&self, done: f64) {
        let _ = self.0.send(Message::Share(done));
    }
}
