//! Files of per-row results while a run goes on: written as they come, hashed on the way, kept until they are saved.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use equipoise_analyses::{ArtifactWriter, Host, Journal};
use equipoise_data::{TableFile, TableFileError, TableWriter};
use equipoise_document::Artifact;
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::World;
use crate::journal::JournalFile;

/// The bytes of a file beside a document.
#[derive(Clone, Debug)]
pub enum ArtifactBytes {
    /// In memory.
    Memory(Vec<u8>),
    /// In a temporary file, which is deleted with the last copy of this.
    File(Arc<TempPath>),
}

impl ArtifactBytes {
    /// Writes them to a new file.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        match self {
            Self::Memory(bytes) => file.write_all(bytes)?,
            Self::File(from) => {
                io::copy(&mut File::open(&**from)?, &mut file)?;
            }
        }
        file.sync_all()
    }
}

/// Where analyses leave their files.
pub(crate) struct Artifacts<'a> {
    world: &'a World,
    done: Mutex<Vec<(Artifact, ArtifactBytes)>>,
    /// Results so far of work that takes long.
    journals: Mutex<Vec<PathBuf>>,
}

impl<'a> Artifacts<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self { world, done: Mutex::new(Vec::new()), journals: Mutex::new(Vec::new()) }
    }

    /// Deletes the results so far of work that is done now. One that cannot be deleted does no harm.
    pub(crate) fn forget_journals(&self) {
        for path in self.journals.lock().iter().flat_map(|paths| paths.iter()) {
            let _ = std::fs::remove_file(path);
        }
    }

    /// All files that were finished, in the order in which they were.
    pub(crate) fn into_files(self) -> Vec<(Artifact, ArtifactBytes)> {
        self.done.into_inner().unwrap_or_default()
    }
}

impl Host for Artifacts<'_> {
    fn artifact(&self, name: &str) -> Result<Option<Box<dyn ArtifactWriter + '_>>, TableFileError> {
        let file = NamedTempFile::new().map_err(TableFileError::of)?;
        let (file, path) = file.into_parts();
        let out = Hashed { out: BufWriter::new(file), digest: Sha256::new() };
        let writer = TableWriter::new(out);
        Ok(Some(Box::new(Writing { name: name.to_owned(), path, writer, done: &self.done })))
    }

    fn journal(&self, name: &str, key: &str) -> Result<Option<Box<dyn Journal + '_>>, TableFileError> {
        let Some(folder) = &self.world.resume else { return Ok(None) };
        let journal = JournalFile::open(folder, name, key)?;
        if let Ok(mut journals) = self.journals.lock() {
            journals.push(journal.path().to_owned());
        }
        Ok(Some(Box::new(journal)))
    }

    fn seconds(&self) -> Option<f64> {
        let now: jiff::Timestamp = (self.world.now)().parse().ok()?;
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
        Some(now.as_millisecond() as f64 / 1e3)
    }
}

/// A file that is being written.
struct Writing<'a> {
    name: String,
    path: TempPath,
    writer: TableWriter<Hashed>,
    done: &'a Mutex<Vec<(Artifact, ArtifactBytes)>>,
}

impl ArtifactWriter for Writing<'_> {
    fn push(&mut self, part: TableFile) -> Result<(), TableFileError> {
        self.writer.push(part)
    }

    fn finish(self: Box<Self>) -> Result<(), TableFileError> {
        let Self { name, path, writer, done } = *self;
        let (n_rows, columns) = (writer.n_rows(), writer.columns());
        let mut hashed = writer.finish()?;
        hashed.out.flush().map_err(TableFileError::of)?;
        let sha256 = hex::encode(hashed.digest.finalize());
        let artifact = Artifact { name, path: format!("artifacts/{sha256}.parquet"), sha256, n_rows, columns };
        if let Ok(mut done) = done.lock() {
            done.push((artifact, ArtifactBytes::File(Arc::new(path))));
        }
        Ok(())
    }
}

/// A file whose digest is taken while it is written.
struct Hashed {
    out: BufWriter<File>,
    digest: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.digest.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
