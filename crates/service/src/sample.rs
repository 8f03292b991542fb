//! The bundled sample: 1,629 people of NHEFS, who were first examined in 1971–75 and followed until 1992, and a mortality model.

use equipoise_document::RunSpec;
use tempfile::TempDir;

use crate::ServiceError;

const FILES: [(&str, &[u8]); 3] = [
    ("test.csv", include_bytes!("../../../sample/nhefs/test.csv")),
    ("train.csv", include_bytes!("../../../sample/nhefs/train.csv")),
    ("model.txt", include_bytes!("../../../sample/nhefs/model.txt")),
];

/// The sample's files in a directory that goes away with the returned value.
///
/// # Errors
/// When no temporary file can be written.
pub fn unpack() -> Result<TempDir, ServiceError> {
    let write = || -> std::io::Result<TempDir> {
        let dir = tempfile::tempdir()?;
        let place = dir.path().join("sample/nhefs");
        std::fs::create_dir_all(&place)?;
        for (name, bytes) in FILES {
            std::fs::write(place.join(name), bytes)?;
        }
        Ok(dir)
    };
    write().map_err(|error| ServiceError::Output {
        path: std::env::temp_dir().display().to_string(),
        problem: error.to_string(),
        hint: "set TMPDIR to a directory that you may write to".to_owned(),
    })
}

/// What is asked of the sample.
///
/// # Errors
/// Never: a test reads it.
pub fn spec() -> Result<RunSpec, ServiceError> {
    toml::from_str(include_str!("../../../sample/nhefs/spec.toml")).map_err(|error| ServiceError::Input {
        path: "sample/nhefs/spec.toml".to_owned(),
        problem: error.to_string(),
        hint: "the bundled sample is damaged; install again".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_spec_can_be_read() {
        super::spec().unwrap().check().unwrap();
    }
}
