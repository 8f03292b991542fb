//! A host for tests, which keeps what an analysis writes.

use std::collections::BTreeMap;
use std::sync::Mutex;

use equipoise_data::{TableFile, TableFileError, TableWriter};

use super::{ArtifactWriter, Host};

/// Files by name.
#[derive(Default)]
pub(crate) struct Keeping {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Keeping {
    /// A file's bytes, where it was written.
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.files.lock().unwrap().get(name).cloned()
    }
}

struct Writing<'a>(&'a Keeping, String, TableWriter<Vec<u8>>);

impl Host for Keeping {
    fn artifact(&self, name: &str) -> Result<Option<Box<dyn ArtifactWriter + '_>>, TableFileError> {
        Ok(Some(Box::new(Writing(self, name.to_owned(), TableWriter::new(Vec::new())))))
    }

    fn seconds(&self) -> Option<f64> {
        None
    }
}

impl ArtifactWriter for Writing<'_> {
    fn push(&mut self, part: TableFile) -> Result<(), TableFileError> {
        self.2.push(part)
    }

    fn finish(self: Box<Self>) -> Result<(), TableFileError> {
        let Self(keeping, name, writer) = *self;
        keeping.files.lock().unwrap().insert(name, writer.finish()?);
        Ok(())
    }
}
