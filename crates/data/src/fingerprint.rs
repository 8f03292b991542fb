//! Which bytes were read.

use std::fs::File;
use std::io::Read;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::read::files::InputFile;

/// Name, digest and size of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFingerprint {
    /// File name without its directory; `-` for standard input.
    pub name: String,
    /// SHA-256 of the bytes as they lie there, in hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// Fingerprints of the files in their order.
pub(crate) fn of_files(files: &[InputFile], is_stdin: bool) -> Result<Vec<FileFingerprint>, DataError> {
    files.par_iter().map(|file| of_file(file, is_stdin)).collect::<Vec<_>>().into_iter().collect()
}

fn of_file(file: &InputFile, is_stdin: bool) -> Result<FileFingerprint, DataError> {
    let fail = |e: std::io::Error| DataError::io(&file.name, &e);
    let mut reader = File::open(&file.path).map_err(fail)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let n = reader.read(&mut buffer).map_err(fail)?;
        let Some(read) = buffer.get(..n).filter(|b| !b.is_empty()) else { break };
        digest.update(read);
        bytes += n as u64;
    }
    let name = if is_stdin {
        "-".to_owned()
    } else {
        file.path.file_name().map_or_else(|| file.name.clone(), |n| n.to_string_lossy().into_owned())
    };
    Ok(FileFingerprint { name, sha256: hex::encode(digest.finalize()), bytes })
}
