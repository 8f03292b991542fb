//! From a name to files: patterns, directories, standard input, formats and compressions.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::DataError;

/// A way of writing rows into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Delimited text.
    Csv,
    /// Delimited text with tabs.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// Arrow's interprocess format, as a file or a stream.
    Arrow,
    /// One JSON object per line.
    JsonLines,
}

/// A compression around the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// One file of a source.
#[derive(Clone, Debug)]
pub(crate) struct InputFile {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// What errors call it.
    pub(crate) name: String,
    pub(crate) compression: Option<Compression>,
    pub(crate) n_bytes: u64,
}

/// The files of a source and the format they share.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) files: Vec<InputFile>,
    pub(crate) format: Format,
    /// Holds what came from standard input until the dataset is dropped.
    pub(crate) spool: Option<Arc<tempfile::TempPath>>,
}

/// Finds the files that `source` names: a file, a directory of Parquet files, a pattern, or `-`.
pub(crate) fn find(
    source: &str,
    format: Option<&str>,
    stdin: Option<Box<dyn Read + Send>>,
) -> Result<Input, DataError> {
    let wanted = format.map(|f| format_named(f, source)).transpose()?;
    if source == "-" {
        return from_stdin(wanted, stdin);
    }
    let path = Path::new(source);
    let paths = if path.is_dir() {
        parquet_files_in(path, source)?
    } else if !path.exists() && source.contains(['*', '?', '[']) {
        matches_of(source)?
    } else {
        vec![path.to_owned()]
    };
    let mut files = Vec::with_capacity(paths.len());
    let mut seen = None;
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        let (file, found) = inspect(&path, &name, wanted)?;
        match seen {
            None => seen = Some(found),
            Some(first) if first != found => {
                let first = files.first().map(|f: &InputFile| f.name.clone()).unwrap_or_default();
                return Err(DataError::SchemasDiffer {
                    first,
                    file: name,
                    problem: "they have different formats".into(),
                });
            }
            Some(_) => {}
        }
        files.push(file);
    }
    let format = seen.ok_or_else(|| DataError::NoMatch { pattern: source.to_owned() })?;
    Ok(Input { files, format, spool: None })
}

fn parquet_files_in(directory: &Path, source: &str) -> Result<Vec<PathBuf>, DataError> {
    let entries = std::fs::read_dir(directory).map_err(|e| DataError::io(source, &e))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| DataError::io(source, &e))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let is_hidden = name.starts_with(['_', '.']);
        if !is_hidden && path.is_file() && (name.ends_with(".parquet") || name.ends_with(".pq")) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(DataError::NoParquet { directory: source.trim_end_matches('/').to_owned() });
    }
    Ok(paths)
}

fn matches_of(pattern: &str) -> Result<Vec<PathBuf>, DataError> {
    let found = glob::glob(pattern)
        .map_err(|e| DataError::BadPattern { pattern: pattern.to_owned(), problem: e.msg.to_owned() })?;
    let mut paths: Vec<PathBuf> = found.filter_map(Result::ok).filter(|p| p.is_file()).collect();
    paths.sort();
    if paths.is_empty() { Err(DataError::NoMatch { pattern: pattern.to_owned() }) } else { Ok(paths) }
}

fn from_stdin(wanted: Option<Format>, stdin: Option<Box<dyn Read + Send>>) -> Result<Input, DataError> {
    let name = "standard input";
    let Some(mut stdin) = stdin else {
        return Err(DataError::Unreadable { file: name.to_owned(), problem: "nothing is connected to it".to_owned() });
    };
    let mut spool = tempfile::NamedTempFile::new().map_err(|e| DataError::io("a temporary file", &e))?;
    std::io::copy(&mut stdin, &mut spool).map_err(|e| DataError::io(name, &e))?;
    spool.flush().map_err(|e| DataError::io("a temporary file", &e))?;
    let spool = spool.into_temp_path();
    let (file, format) = inspect(&spool, name, wanted)?;
    Ok(Input { files: vec![file], format, spool: Some(Arc::new(spool)) })
}

fn inspect(path: &Path, name: &str, wanted: Option<Format>) -> Result<(InputFile, Format), DataError> {
    let fail = |e: std::io::Error| DataError::io(name, &e);
    let mut file = File::open(path).map_err(fail)?;
    let n_bytes = file.metadata().map_err(fail)?.len();
    let mut head = Vec::new();
    (&mut file).take(4096).read_to_end(&mut head).map_err(fail)?;
    if head.is_empty() {
        return Err(DataError::Empty { file: name.to_owned() });
    }
    let compression = compression_of(&head, name)?;
    let format = match wanted {
        Some(format) => format,
        None => match format_of_name(name, compression) {
            Some(format) => format?,
            None => format_of_content(path, name, compression, &head)?,
        },
    };
    if let Some(compression) = compression
        && matches!(format, Format::Parquet | Format::Arrow)
    {
        return Err(DataError::Unsupported {
            file: name.to_owned(),
            problem: format!("{} around a Parquet or Arrow file is not read", compression.name()),
            hint: "decompress it first; these formats compress their own columns".to_owned(),
        });
    }
    Ok((InputFile { path: path.to_owned(), name: name.to_owned(), compression, n_bytes }, format))
}

fn compression_of(head: &[u8], name: &str) -> Result<Option<Compression>, DataError> {
    let other = if head.starts_with(b"\x1f\x8b") {
        return Ok(Some(Compression::Gzip));
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        return Ok(Some(Compression::Zstd));
    } else if head.starts_with(b"BZh") {
        "bzip2"
    } else if head.starts_with(b"\xfd7zXZ\0") {
        "xz"
    } else if head.starts_with(b"PK\x03\x04") {
        "zip"
    } else {
        return Ok(None);
    };
    Err(DataError::Unsupported {
        file: name.to_owned(),
        problem: format!("{other} compression is not read"),
        hint: "decompress it first, or use gzip or zstd".to_owned(),
    })
}

/// The format that a user named.
fn format_named(text: &str, source: &str) -> Result<Format, DataError> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        "parquet" => Format::Parquet,
        "arrow" | "ipc" | "feather" => Format::Arrow,
        "jsonl" | "ndjson" => Format::JsonLines,
        _ => {
            return Err(DataError::Unsupported {
                file: source.to_owned(),
                problem: format!("format `{text}` is not read"),
                hint: "choose `csv`, `tsv`, `parquet`, `arrow` or `jsonl`".to_owned(),
            });
        }
    })
}

/// The format that the ending says; `None` when it says nothing.
fn format_of_name(name: &str, compression: Option<Compression>) -> Option<Result<Format, DataError>> {
    let lower = name.to_ascii_lowercase();
    let stem = match compression {
        Some(Compression::Gzip) => lower.trim_end_matches(".gz"),
        Some(Compression::Zstd) => lower.trim_end_matches(".zst"),
        None => &lower,
    };
    let unsupported = |what: &str| {
        Some(Err(DataError::Unsupported {
            file: name.to_owned(),
            problem: format!("{what} files are not read"),
            hint: "write the rows as CSV, Parquet, Arrow or JSON lines".to_owned(),
        }))
    };
    match stem.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "csv" => Some(Ok(Format::Csv)),
        "tsv" | "tab" => Some(Ok(Format::Tsv)),
        "parquet" | "pq" => Some(Ok(Format::Parquet)),
        "arrow" | "arrows" | "ipc" | "feather" => Some(Ok(Format::Arrow)),
        "jsonl" | "ndjson" => Some(Ok(Format::JsonLines)),
        "xls" | "xlsx" => unsupported("Excel"),
        "orc" => unsupported("ORC"),
        "avro" => unsupported("Avro"),
        "pkl" | "pickle" => unsupported("pickle"),
        _ => None,
    }
}

/// The format that the first bytes say.
fn format_of_content(
    path: &Path,
    name: &str,
    compression: Option<Compression>,
    head: &[u8],
) -> Result<Format, DataError> {
    let mut inside = Vec::new();
    let head = match compression {
        None => head,
        Some(compression) => {
            let file = File::open(path).map_err(|e| DataError::io(name, &e))?;
            let read = match compression {
                Compression::Gzip => flate2::read::MultiGzDecoder::new(file).take(4096).read_to_end(&mut inside),
                Compression::Zstd => {
                    zstd::stream::read::Decoder::new(file).and_then(|d| d.take(4096).read_to_end(&mut inside))
                }
            };
            read.map_err(|e| DataError::Damaged {
                file: name.to_owned(),
                format: compression.name(),
                problem: crate::error::lower_first(&e.to_string()),
            })?;
            &inside
        }
    };
    let first = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start().first();
    Ok(match first {
        _ if head.starts_with(b"PAR1") => Format::Parquet,
        _ if head.starts_with(b"ARROW1") || head.starts_with(b"\xff\xff\xff\xff") => Format::Arrow,
        Some(b'{') => Format::JsonLines,
        Some(b'[') => {
            return Err(DataError::Unsupported {
                file: name.to_owned(),
                problem: "a JSON array is not read".to_owned(),
                hint: "write one object per line (JSON lines), for example `jq -c '.[]'`".to_owned(),
            });
        }
        _ => Format::Csv,
    })
}
