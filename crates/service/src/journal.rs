//! Results so far in a file, so that a run that was interrupted is taken up again.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use equipoise_analyses::Journal;
use equipoise_data::TableFileError;
use equipoise_kernels::split_mix;

/// Bytes before each record: its length and a check sum.
const HEAD: usize = 16;

/// A file of records; what was cut off in the middle of one is dropped.
pub(crate) struct JournalFile {
    path: PathBuf,
    file: File,
    left: Vec<Vec<u8>>,
}

impl JournalFile {
    /// Opens the file of this name and key in a folder, which is made where it is not there.
    pub(crate) fn open(folder: &Path, name: &str, key: &str) -> Result<Self, TableFileError> {
        let path = folder.join(format!("{name}-{key}.part"));
        let failed = |error: std::io::Error| TableFileError::of(format!("`{}`: {error}", path.display()));
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let (left, n_read) = records(&bytes);
        file.set_len(n_read as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self { path, file, left })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Journal for JournalFile {
    fn take(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.left)
    }

    fn push(&mut self, record: &[u8]) -> Result<(), TableFileError> {
        let mut bytes = Vec::with_capacity(HEAD + record.len());
        bytes.extend((record.len() as u64).to_le_bytes());
        bytes.extend(sum(record).to_le_bytes());
        bytes.extend(record);
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|error| TableFileError::of(format!("`{}`: {error}", self.path.display())))
    }
}

/// The whole records, and the bytes that they take.
fn records(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut all, mut rest) = (Vec::new(), bytes);
    while let Some((length, after)) = rest.split_first_chunk::<8>()
        && let Some((check, after)) = after.split_first_chunk::<8>()
        && let Ok(length) = usize::try_from(u64::from_le_bytes(*length))
        && let Some((record, after)) = after.split_at_checked(length)
        && sum(record) == u64::from_le_bytes(*check)
    {
        all.push(record.to_vec());
        rest = after;
    }
    (all, bytes.len() - rest.len())
}

fn sum(record: &[u8]) -> u64 {
    record.chunks(8).fold(record.len() as u64, |sum, chunk| {
        let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        split_mix(sum ^ word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_records_are_taken_up_and_torn_ones_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let open = || JournalFile::open(folder.path(), "rows", "k").unwrap();
        let mut journal = open();
        assert!(journal.take().is_empty());
        journal.push(b"first").unwrap();
        journal.push(b"second, which is longer").unwrap();
        let path = journal.path().to_owned();
        drop(journal);
        // The end of the second is torn off.
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let mut journal = open();
        assert_eq!(journal.take(), [b"first".to_vec()]);
        journal.push(b"second again").unwrap();
        assert_eq!(open().take(), [b"first".to_vec(), b"second again".to_vec()]);
        // A bit that fell over ends what is believed.
        let mut bytes = fs::read(&path).unwrap();
        bytes[HEAD] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(open().take().is_empty());
        // Another key is other work.
        assert!(JournalFile::open(folder.path(), "rows", "other").unwrap().take().is_empty());
    }
}
