//! A run: the service works in a thread of its own while this one answers for the Python model, tells progress and listens
//! for Ctrl-C.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use equipoise_service::data::{Dataset, OpenOptions};
use equipoise_service::document::RunSpec;
use equipoise_service::models::{Model, ModelError, Outputs};
use equipoise_service::{Given, REGISTRY, ServiceError, World, assess_given};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyUserWarning};
use pyo3::prelude::*;

use crate::answers::{self, Asked};
use crate::assessment::Assessment;
use crate::data::Data;
use crate::error;
use crate::model::{About, Message, PythonModel, Question, Steps, gone};
use crate::native::NativeModel;

/// How long Ctrl-C may wait at most before it is heard.
pub(crate) const LISTEN: Duration = Duration::from_millis(50);

/// Ids, titles and questions of the analyses.
#[pyfunction]
pub(crate) fn analyses() -> Vec<(&'static str, &'static str, &'static str)> {
    REGISTRY.iter().map(|a| (a.id(), a.title(), a.question())).collect()
}

/// Runs a spec, given as JSON, on data and a model that may be in memory.
///
/// `progress` is called with words when a step begins and with a share while it goes on. Ctrl-C raises `Interrupted`, which
/// holds what was answered until then.
#[pyfunction]
#[pyo3(signature = (spec, test=None, train=None, model=None, progress=None))]
pub(crate) fn assess(
    py: Python<'_>,
    spec: &str,
    test: Option<&Bound<'_, Data>>,
    train: Option<&Bound<'_, Data>>,
    model: Option<&Bound<'_, PyAny>>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Assessment> {
    let spec: RunSpec = serde_json::from_str(spec).map_err(|e| error::exception(py, "spec", &e.to_string()))?;
    let (messages, mut heard) = channel();
    let mut world = World::real();
    if progress.is_some() {
        world.progress = Box::new(Steps(messages.clone()));
    }
    let (given, python) = given(py, &spec, test, train, model, &messages, &world)?;
    let stop = world.stop.clone();
    let worker = std::thread::spawn(move || {
        // The end is told however it comes.
        let _last = Told(messages);
        assess_given(&spec, given, &world)
    });
    let mut listener = Listener::over(python, progress);
    listener.listen(py, &mut heard, || stop.store(true, Ordering::Relaxed));
    let done = py.detach(|| worker.join()).map_err(|_| {
        PyRuntimeError::new_err("the run ended in an unforeseen way; this is a fault of equipoise, please report it")
    })?;
    listener.finish(py, done)
}

/// What is in memory as the service takes it, and the model again where Python must be asked.
pub(crate) fn given<'a, 'py>(
    py: Python<'py>,
    spec: &RunSpec,
    test: Option<&Bound<'py, Data>>,
    train: Option<&Bound<'py, Data>>,
    model: Option<&'a Bound<'py, PyAny>>,
    messages: &Sender<Message>,
    world: &World,
) -> PyResult<(Given, Option<&'a Bound<'py, PyAny>>)> {
    let mut given = Given {
        test: test.map(|data| data.get().dataset(py, &spec.data)).transpose()?,
        train: train.map(|data| data.get().dataset(py, &spec.data)).transpose()?,
        model: None,
        model_content: None,
    };
    let native = model.and_then(|m| m.cast::<NativeModel>().ok());
    let python = model.filter(|_| native.is_none());
    given.model_content = native.and_then(|native| native.get().content());
    given.model = match (native, python) {
        (Some(native), _) => Some(native.get().model()),
        (None, Some(python)) => {
            if given.test.is_none() {
                given.test = Some(open(py, spec, world)?);
            }
            let about: About = python.extract()?;
            given.test.as_ref().map(|data| {
                let features = features_of(spec, data);
                Box::new(PythonModel::new(about, data.schema(), features, messages.clone())) as Box<dyn Model>
            })
        }
        (None, None) => None,
    };
    Ok((given, python))
}

/// Says that the run is over when it is dropped.
pub(crate) struct Told(pub(crate) Sender<Message>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(Message::Done);
    }
}

/// The thread that called, while the run goes on.
pub(crate) struct Listener<'a, 'py> {
    model: Option<&'a Bound<'py, PyAny>>,
    progress: Option<&'a Bound<'py, PyAny>>,
    /// The first exception of the model.
    pub(crate) raised: Option<PyErr>,
    /// Ctrl-C.
    pub(crate) interrupted: Option<PyErr>,
}

impl<'a, 'py> Listener<'a, 'py> {
    /// One that answers for a Python model and tells progress, where there are such.
    pub(crate) fn over(model: Option<&'a Bound<'py, PyAny>>, progress: Option<&'a Bound<'py, PyAny>>) -> Self {
        Self { model, progress, raised: None, interrupted: None }
    }

    /// Answers until the run says that it is over.
    pub(crate) fn listen(&mut self, py: Python<'_>, heard: &mut Receiver<Message>, stop: impl Fn()) {
        loop {
            // Borrowed for this thread alone, since the thread's state is let go of meanwhile.
            let heard = &mut *heard;
            match py.detach(move || heard.recv_timeout(LISTEN)) {
                Ok(Message::Ask(question)) => self.answer(py, question),
                Ok(Message::Step(says)) => self.tell(py, Some(says), None),
                Ok(Message::Share(done)) => self.tell(py, None, Some(done)),
                Ok(Message::Done) | Err(RecvTimeoutError::Disconnected) => return,
                // A request that was given up may still be answered.
                Ok(Message::Reply(..)) | Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(signal) = py.check_signals() {
                self.interrupted.get_or_insert(signal);
            }
            if self.interrupted.is_some() {
                stop();
            }
        }
    }

    /// Asks the model.
    pub(crate) fn answer(&mut self, py: Python<'_>, question: Question) {
        let Question { names, n_rows, columns, wish, answer } = question;
        let outputs: Result<Outputs, ModelError> = match self.model {
            Some(model) if self.interrupted.is_none() => {
                answers::ask(py, model, Asked { names, n_rows, columns, wish }).map_err(|raised| self.note(py, raised))
            }
            _ => Err(gone()),
        };
        let _ = answer.send(outputs);
    }

    /// Keeps an exception of the model and gives what the run is told of it.
    fn note(&mut self, py: Python<'_>, raised: PyErr) -> ModelError {
        if raised.is_instance_of::<PyKeyboardInterrupt>(py) {
            self.interrupted.get_or_insert(raised);
            return gone();
        }
        let problem = format!("it raised {raised}");
        self.raised.get_or_insert(raised);
        ModelError::Predict {
            problem,
            hint: "the traceback shows where; ask the model the same rows by hand".to_owned(),
        }
    }

    fn tell(&mut self, py: Python<'_>, says: Option<String>, done: Option<f64>) {
        let Some(progress) = self.progress else { return };
        // A bar that cannot be drawn must not end a run.
        if let Err(error) = progress.call1((says, done))
            && error.is_instance_of::<PyKeyboardInterrupt>(py)
        {
            self.interrupted.get_or_insert(error);
        }
    }

    fn finish(self, py: Python<'_>, done: Result<equipoise_service::Assessment, ServiceError>) -> PyResult<Assessment> {
        if let Some(signal) = self.interrupted {
            let partial = done.ok().map(|done| Assessment::made(done).into_pyobject(py)).transpose()?;
            let class = py.import("equipoise._errors")?.getattr("Interrupted")?;
            let error = PyErr::from_value(class.call1((partial,))?);
            error.set_cause(py, Some(signal));
            return Err(error);
        }
        match (done, self.raised) {
            (Ok(done), None) => Ok(Assessment::made(done)),
            (Ok(done), Some(raised)) => {
                let text =
                    format!("the model raised {raised} while an analysis asked it; its section says what is missing");
                let category = py.get_type::<PyUserWarning>();
                py.import("warnings")?.call_method1("warn", (text, category, 4))?;
                Ok(Assessment::made(done))
            }
            (Err(_), Some(raised)) => Err(raised),
            (Err(error), None) => Err(error::of_service(py, &error)),
        }
    }
}

fn open(py: Python<'_>, spec: &RunSpec, world: &World) -> PyResult<Dataset> {
    let options = OpenOptions { stop: Some(world.stop.clone()), ..OpenOptions::default() };
    py.detach(|| Dataset::open(&spec.data.test, &spec.data, options)).map_err(|e| error::of_data(py, &e))
}

/// The columns that are meant for a model that does not name its inputs.
fn features_of(spec: &RunSpec, data: &Dataset) -> Vec<String> {
    if let Some(features) = &spec.features {
        return features.clone();
    }
    let taken = |name: &str| {
        let is = |other: &Option<String>| other.as_deref() == Some(name);
        let among = |others: &[String]| others.iter().any(|other| other == name);
        is(&spec.target) || is(&spec.weight) || is(&spec.prediction) || among(&spec.id) || among(&spec.drop)
    };
    data.schema().names().filter(|name| !taken(name)).map(str::to_owned).collect()
}
