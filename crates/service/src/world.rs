//! What lies outside of the program: clock, environment, the wish to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use equipoise_analyses::{Progress, Quiet};

/// Looks a name up.
pub type LookUp = Box<dyn Fn(&str) -> Option<String> + Sync + Send>;

/// The outside world, handed in by a door.
pub struct World {
    /// Where relative paths of a spec begin; empty for the working directory.
    pub root: PathBuf,
    /// Folder where work that takes long keeps what it has, so that a run that was interrupted is taken up again.
    pub resume: Option<PathBuf>,
    /// Tells how far a run is.
    pub progress: Box<dyn Progress + Send>,
    /// Set when the user wants to stop.
    pub stop: Arc<AtomicBool>,
    /// Looks up an environment variable.
    pub env: LookUp,
    /// The time, in RFC 3339.
    pub now: Box<dyn Fn() -> String + Sync + Send>,
}

impl World {
    /// The real world, quiet and without a wish to stop.
    #[must_use]
    pub fn real() -> Self {
        Self {
            root: PathBuf::new(),
            resume: None,
            progress: Box::new(Quiet),
            stop: Arc::new(AtomicBool::new(false)),
            #[allow(clippy::disallowed_methods, reason = "this is where the environment enters")]
            env: Box::new(|name| std::env::var(name).ok()),
            now: Box::new(|| jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        }
    }

    /// A path of the spec as it is opened.
    pub(crate) fn resolve(&self, path: &str) -> String {
        if path == "-" || self.root.as_os_str().is_empty() || Path::new(path).is_absolute() {
            return path.to_owned();
        }
        self.root.join(path).display().to_string()
    }
}
