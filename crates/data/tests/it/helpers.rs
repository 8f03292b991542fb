//! One place that touches the API.

use std::path::{Path, PathBuf};

use equipoise_data::{Chunk, Column, DataError, Dataset, MISSING, OpenOptions};
use equipoise_document::DataSpec;

/// A directory that goes away, with files in it.
pub(crate) struct Files(tempfile::TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }
}

pub(crate) fn open(source: &str) -> Result<Dataset, DataError> {
    open_as(source, &DataSpec::default())
}

pub(crate) fn open_as(source: &str, spec: &DataSpec) -> Result<Dataset, DataError> {
    Dataset::open(source, spec, OpenOptions::default())
}

/// Opens without keeping a row in memory.
pub(crate) fn open_streaming(source: &str, spec: &DataSpec) -> Result<Dataset, DataError> {
    let data = open_as(source, &DataSpec { memory: Some(0), ..spec.clone() })?;
    assert!(!data.is_in_memory());
    Ok(data)
}

/// Writes the text and opens it.
pub(crate) fn open_csv(text: &str) -> Result<Dataset, DataError> {
    let files = Files::new();
    open(&files.write("data.csv", text))
}

/// One value of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Missing,
    Number(f64),
    Name(String),
}

pub(crate) fn name(text: &str) -> Cell {
    Cell::Name(text.to_owned())
}

/// All partitions with all columns.
pub(crate) fn chunks(data: &Dataset) -> Vec<Chunk> {
    let columns: Vec<usize> = (0..data.schema().columns.len()).collect();
    let mut chunks = Vec::new();
    data.for_each(&columns, &mut |chunk| {
        chunks.push(chunk.clone());
        Ok(())
    })
    .unwrap();
    chunks
}

pub(crate) fn cells(data: &Dataset, column: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    data.for_each(&[data.column(column).unwrap()], &mut |chunk| {
        assert_eq!(chunk.start, cells.len());
        cells.extend(cells_of(&chunk.columns[0]));
        Ok(())
    })
    .unwrap();
    assert_eq!(cells.len(), data.n_rows());
    cells
}

fn cells_of(column: &Column) -> Vec<Cell> {
    match column {
        Column::Number(values) => {
            values.iter().map(|v| if v.is_nan() { Cell::Missing } else { Cell::Number(*v) }).collect()
        }
        Column::Codes { codes, levels } => {
            let cell = |c: &u32| if *c == MISSING { Cell::Missing } else { Cell::Name(levels[*c as usize].clone()) };
            codes.iter().map(cell).collect()
        }
    }
}

/// The folder of real data sets, where there is one; tests that need it say that they are skipped.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = if path.is_dir() { path } else { PathBuf::from(std::env::var_os("EQUIPOISE_SHARED")?).join("data") };
    if path.is_dir() {
        Some(path)
    } else {
        eprintln!("skipped: the shared data sets are not here");
        None
    }
}

/// Same schema and bit for bit the same chunks.
pub(crate) fn assert_same(a: &Dataset, b: &Dataset) {
    assert_eq!(a.n_rows(), b.n_rows());
    assert_eq!(a.schema().columns.len(), b.schema().columns.len());
    for (a, b) in a.schema().columns.iter().zip(&b.schema().columns) {
        assert_eq!((&a.name, a.column_type), (&b.name, b.column_type));
        assert!(a == b, "{} differs", a.name);
    }
    let (a, b) = (chunks(a), chunks(b));
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(&b) {
        assert_eq!((a.start, a.n_rows), (b.start, b.n_rows));
        for (a, b) in a.columns.iter().zip(&b.columns) {
            match (a, b) {
                (Column::Number(a), Column::Number(b)) => {
                    let bits = |v: &[f64]| -> Vec<u64> { v.iter().map(|v| v.to_bits()).collect() };
                    assert_eq!(bits(a), bits(b));
                }
                (a, b) => assert_eq!(a, b),
            }
        }
    }
}
