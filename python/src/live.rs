//! The dashboard's interface for a notebook: requests of its page are answered in this process, without a port.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use equipoise_server::{Answer, Inside};
use equipoise_service::views::dashboard::{LiveConfig, available, live_page};
use equipoise_service::{Workbench, World};
use pyo3::prelude::*;

use crate::assessment::Assessment;
use crate::data::Data;
use crate::error;
use crate::model::Message;
use crate::run::{LISTEN, Listener, Told, given};

/// How long questions to a Python model are answered after a reply is there. A computation that goes on asks it while the page
/// asks how far it is; in between the session is the user's.
const SPELL: Duration = Duration::from_millis(500);

/// How long to wait for one more question in that time.
const LULL: Duration = Duration::from_millis(20);

/// Where the page finds its server: in the window around its frame.
const PARENT: &str = "parent:";

/// The dashboard's page for a frame whose window carries its requests; none where it is not in this build.
#[pyfunction]
pub(crate) fn framed_page(py: Python<'_>) -> PyResult<Option<String>> {
    if !available() {
        return Ok(None);
    }
    let page = live_page(&LiveConfig { base: PARENT, token: "" });
    page.map(Some).map_err(|e| error::exception(py, "view", &e.to_string()))
}

/// A saved assessment whose data and model are at hand.
#[pyclass(frozen, module = "equipoise._equipoise")]
pub(crate) struct Live {
    inside: Inside,
    messages: Sender<Message>,
    heard: Mutex<Receiver<Message>>,
    model: Option<Py<PyAny>>,
    asked: AtomicU64,
}

#[pymethods]
impl Live {
    /// Opens an assessment that was saved at `place`, over the data and the model that it was made of where they are in memory.
    #[new]
    #[pyo3(signature = (assessment, place, test=None, train=None, model=None))]
    fn open(
        py: Python<'_>,
        assessment: &Bound<'_, Assessment>,
        place: PathBuf,
        test: Option<&Bound<'_, Data>>,
        train: Option<&Bound<'_, Data>>,
        model: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (messages, mut heard) = channel();
        let document = assessment.get().document().clone();
        let world = World::real();
        let (given, python) = given(py, &document.spec, test, train, model, &messages, &world)?;
        let is_given = given.test.is_some() || given.model.is_some();
        let mut listener = Listener::over(python, None);
        let workbench = if is_given {
            let (stop, end) = (world.stop.clone(), messages.clone());
            let worker = std::thread::spawn(move || {
                let _last = Told(end);
                Workbench::over(&document, given, &world)
            });
            listener.listen(py, &mut heard, || stop.store(true, Ordering::Relaxed));
            let opened =
                py.detach(|| worker.join()).map_err(|_| error::exception(py, "serve", "opening it broke off"))?;
            if let Some(signal) = listener.interrupted {
                return Err(signal);
            }
            Some(opened.map_err(|e| listener.raised.unwrap_or_else(|| error::of_service(py, &e)))?)
        } else {
            None
        };
        let inside = py.detach(|| Inside::open(&place, workbench));
        let inside = inside.map_err(|e| error::exception(py, "serve", &e.to_string()))?;
        let model = python.map(|model| model.clone().unbind());
        Ok(Self { inside, messages, heard: Mutex::new(heard), model, asked: AtomicU64::new(0) })
    }

    /// Answers a request of the page, for example `POST /v1/assessments/0/count`: the status and the body. Questions to a Python
    /// model are answered meanwhile, on this thread.
    #[pyo3(signature = (method, path, body=None))]
    fn ask(&self, py: Python<'_>, method: &str, path: &str, body: Option<String>) -> PyResult<(u16, String)> {
        let Ok(mut heard) = self.heard.try_lock() else {
            let text = "another request is being answered\nhint: ask again when it is done";
            return Err(error::exception(py, "serve", text));
        };
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let messages = self.messages.clone();
        self.inside.ask(method, path, body, move |answer| {
            let _ = messages.send(Message::Reply(number, answer));
        });
        let model = self.model.as_ref().map(|model| model.bind(py));
        let mut listener = Listener::over(model, None);
        let mut reply: Option<(Answer, Instant)> = None;
        loop {
            let heard = &mut *heard;
            let wait = if reply.is_some() { LULL } else { LISTEN };
            match py.detach(move || heard.recv_timeout(wait)) {
                Ok(Message::Ask(question)) => listener.answer(py, question),
                Ok(Message::Reply(of, answer)) if of == number => reply = Some((answer, now())),
                Err(RecvTimeoutError::Timeout) if reply.is_none() => {}
                Err(_) => break,
                Ok(_) => {}
            }
            py.check_signals()?;
            let is_over = |(_, since): &(Answer, Instant)| model.is_none() || now().duration_since(*since) > SPELL;
            if listener.interrupted.is_some() || reply.as_ref().is_some_and(is_over) {
                break;
            }
        }
        match (reply, listener.interrupted) {
            (_, Some(signal)) => Err(signal),
            (Some((Answer { status, body }, _)), None) => Ok((status, body)),
            (None, None) => Err(error::exception(py, "serve", "the request was not answered")),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "how long a session is kept waiting is no part of any result")]
fn now() -> Instant {
    Instant::now()
}
