//! What every request may see.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use equipoise_service::document::Document;
use equipoise_service::{ServiceError, Workbench, World, load, root_of, sample};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::{Mutex, OnceCell, Semaphore};

use crate::error::{Detail, Refusal};
use crate::jobs::Jobs;
use crate::{Options, ServeError};

/// Long computations at a time: each uses every core by itself.
const AT_A_TIME: usize = 2;

/// What every request may see; a copy is cheap.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

/// The parts of [`Shared`].
pub struct Inner {
    pub(crate) assessments: Vec<Arc<Open>>,
    pub(crate) jobs: Jobs,
    pub(crate) turns: Arc<Semaphore>,
    pub(crate) base_path: String,
    pub(crate) token: String,
    allowed_hosts: Vec<String>,
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// An assessment that is shown.
pub(crate) struct Open {
    /// The folder's name.
    pub(crate) name: String,
    /// The folder.
    pub(crate) dir: PathBuf,
    /// The document or its folder, as it was named.
    pub(crate) place: PathBuf,
    pub(crate) document: Arc<Document>,
    /// Its JSON as it is sent, and the tag of that.
    pub(crate) json: Arc<str>,
    pub(crate) tag: String,
    /// Where relative paths of its spec begin; none when the data are nowhere.
    root: Option<PathBuf>,
    /// The bundled sample's files, where it was made of them.
    sample: Option<tempfile::TempDir>,
    workbench: OnceCell<Result<Arc<Workbench>, Detail>>,
    /// Held while what was added is read and written again.
    pub(crate) writing: Mutex<()>,
}

impl Shared {
    /// Reads the documents; data and models are opened when they are first needed.
    ///
    /// # Errors
    /// When a document cannot be read, or an option is wrong.
    pub fn open(options: &Options) -> Result<Self, ServeError> {
        let base = &options.base_path;
        if !base.is_empty() && (!base.starts_with('/') || base.ends_with('/') || base.contains(['{', '}', '?', '#'])) {
            return Err(ServeError::BasePath { path: base.clone() });
        }
        if options.places.is_empty() {
            return Err(ServeError::Nothing);
        }
        let mut assessments: Vec<Arc<Open>> = Vec::new();
        for place in &options.places {
            let open = Open::read(place)?;
            if assessments.iter().any(|other| other.dir == open.dir) {
                return Err(ServeError::Twice { place: place.clone() });
            }
            assessments.push(Arc::new(open));
        }
        Ok(Self(Arc::new(Inner {
            assessments,
            jobs: Jobs::default(),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
            base_path: base.clone(),
            token: options.token.clone().map_or_else(random_token, Ok)?,
            allowed_hosts: options.allowed_hosts.clone(),
        })))
    }

    /// The assessment with this number.
    pub(crate) fn assessment(&self, id: &str) -> Result<Arc<Open>, Refusal> {
        let found = id.parse::<usize>().ok().and_then(|i| self.assessments.get(i));
        found.cloned().ok_or_else(|| {
            Refusal::not_found(format!("there is no assessment `{id}`"), "GET /v1/assessments lists them")
        })
    }

    /// True for the names of the loopback address with any port, and for those of a proxy that were allowed.
    pub(crate) fn knows_host(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
            _ => host,
        };
        ["127.0.0.1", "localhost", "[::1]"].contains(&name)
            || self.allowed_hosts.iter().any(|h| h.eq_ignore_ascii_case(name) || h.eq_ignore_ascii_case(host))
    }
}

impl Open {
    fn read(place: &Path) -> Result<Self, ServeError> {
        let document = load(place)?;
        let dir = if place.is_dir() { place } else { place.parent().unwrap_or(place) };
        let dir = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf());
        let json = document
            .to_json()
            .map_err(|source| ServiceError::Document { path: place.display().to_string(), source })?;
        let root = root_of(&document, &dir);
        // The sample needs no files: the program carries it.
        let sample = if root.is_none() && is_sample(&document) { Some(sample::unpack()?) } else { None };
        let digest = ring::digest::digest(&ring::digest::SHA256, json.as_bytes());
        Ok(Self {
            name: dir.file_name().map_or_else(|| "assessment".to_owned(), |n| n.to_string_lossy().into_owned()),
            place: place.to_path_buf(),
            tag: format!("\"{}\"", hex::encode(digest.as_ref())),
            json: json.into(),
            document: Arc::new(document),
            root: sample.as_ref().map(|s| s.path().to_path_buf()).or(root),
            sample,
            dir,
            workbench: OnceCell::new(),
            writing: Mutex::new(()),
        })
    }

    /// Why rows and model cannot be asked, as far as it is known.
    pub(crate) fn why_not_live(&self) -> Option<String> {
        match self.workbench.get() {
            Some(Ok(_)) => None,
            Some(Err(detail)) => Some(detail.message.clone()),
            None if self.root.is_some() => None,
            None => Some(format!("the data `{}` is not here any more", self.document.spec.data.test)),
        }
    }

    /// A world whose relative paths are those of the assessment.
    pub(crate) fn world(&self) -> World {
        World { root: self.root.clone().unwrap_or_default(), ..World::real() }
    }

    /// Data and model, opened the first time; whoever asks meanwhile waits.
    pub(crate) async fn workbench(self: &Arc<Self>) -> Result<Arc<Workbench>, Refusal> {
        let opened = self.workbench.get_or_init(|| async {
            let this = Arc::clone(self);
            let opened = tokio::task::spawn_blocking(move || Workbench::open(&this.document, &this.world())).await;
            match opened {
                Ok(Ok(workbench)) => Ok(Arc::new(workbench)),
                Ok(Err(error)) => Err(Detail::from(&error)),
                Err(_) => Err(Refusal::internal().problem.error),
            }
        });
        opened.await.clone().map_err(|detail| {
            Refusal::new(
                axum::http::StatusCode::CONFLICT,
                "not_live",
                detail.message,
                detail.hint.as_deref().unwrap_or(""),
            )
        })
    }

    /// Data and model that are open already.
    pub(crate) fn is_with(&self, workbench: Arc<Workbench>) {
        // A new assessment has none yet, so there is nothing to be replaced.
        let _ = self.workbench.set(Ok(workbench));
    }

    /// True when its data come from the bundled sample.
    pub(crate) fn is_sample(&self) -> bool {
        self.sample.is_some()
    }
}

/// True when a document was made of the bundled sample's files. Their digests are compared when they are opened.
fn is_sample(document: &Document) -> bool {
    sample::spec().is_ok_and(|spec| {
        spec.data.test == document.spec.data.test
            && spec.model.map(|m| m.source) == document.spec.model.as_ref().map(|m| m.source.clone())
    })
}

fn random_token() -> Result<String, ServeError> {
    let mut bytes = [0_u8; 24];
    SystemRandom::new().fill(&mut bytes).map_err(|_| ServeError::Random)?;
    Ok(hex::encode(bytes))
}
