//! What can go wrong between a name on the command line and rows in memory.

use std::fmt;

use crate::chunk::Schema;

/// Data that cannot be read, with the place and a way to mend it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DataError {
    /// There is no such file.
    #[error("no file `{file}`\nhint: check the path and the working directory")]
    Missing {
        /// The name as given.
        file: String,
    },
    /// The operating system refused.
    #[error("cannot read `{file}`: {problem}\nhint: check that the file exists and may be read")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        problem: String,
    },
    /// Zero bytes.
    #[error("file `{file}` is empty\nhint: it should hold a header and at least one row")]
    Empty {
        /// The file.
        file: String,
    },
    /// Columns without a row.
    #[error("file `{file}` has columns but no rows\nhint: there is nothing to assess; check how the file was written")]
    NoRows {
        /// The file.
        file: String,
    },
    /// A row with more or fewer fields than the header.
    #[error(
        "file `{file}`, line {line}: {} where the header has {expected}\nhint: put fields that hold the separator `{}` or a line break between double quotes, or name the separator with `delimiter`",
        count_fields(*found),
        show_delimiter(*delimiter)
    )]
    RaggedRow {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Fields in this row.
        found: usize,
        /// Fields in the header.
        expected: usize,
        /// The separator that was used.
        delimiter: char,
    },
    /// A double quote that is opened and never closed.
    #[error(
        "file `{file}`, line {line}: a double quote is opened and not closed\nhint: a double quote inside a field is written twice"
    )]
    OpenQuote {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
    },
    /// Bytes that are not UTF-8.
    #[error(
        "file `{file}`, line {line}{}: not valid UTF-8\nhint: save the file as UTF-8, for example `iconv -f latin1 -t utf-8 {file}`",
        in_column(column.as_deref())
    )]
    NotUtf8 {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column, when the line could be cut into fields.
        column: Option<String>,
    },
    /// Two columns with one name.
    #[error("file `{file}`: column `{column}` occurs twice\nhint: rename or drop one of them")]
    DuplicateColumn {
        /// The file.
        file: String,
        /// The name.
        column: String,
    },
    /// No column of this name.
    #[error("column `{column}` is not in the dataset\nhint: {}", nearest_hint(nearest.as_deref(), names))]
    UnknownColumn {
        /// The name that was asked for.
        column: String,
        /// The most similar name, when one is similar.
        nearest: Option<String>,
        /// The first names of the dataset, for the hint.
        names: Vec<String>,
    },
    /// A value that does not fit the type its column was said to have.
    #[error(
        "file `{file}`, {place}, column `{column}`: `{value}` is not {expected}\nhint: mend the value, add it to `missing_values`, or give the column another type in `types`"
    )]
    Unparsable {
        /// The file.
        file: String,
        /// Line or row.
        place: Place,
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// What was wanted, for example `a number`.
        expected: &'static str,
    },
    /// A column whose values are lists, structs or raw bytes.
    #[error(
        "file `{file}`: column `{column}` has type {data_type}, which cannot be assessed\nhint: leave the column out, or write its parts as columns of their own"
    )]
    Nested {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// Its type in words.
        data_type: String,
    },
    /// A format or a compression that is not read.
    #[error("file `{file}`: {problem}\nhint: {hint}")]
    Unsupported {
        /// The file.
        file: String,
        /// What is not supported.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// Bytes that end early or make no sense.
    #[error(
        "file `{file}` is damaged or cut short: not a whole {format} file ({problem})\nhint: copy or write the file again"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What it should be, for example `Parquet`.
        format: &'static str,
        /// What the reader met.
        problem: String,
    },
    /// A pattern that matches nothing.
    #[error("no file matches `{pattern}`\nhint: check the pattern; quote it so that the shell leaves it alone")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// A pattern that cannot be read.
    #[error("`{pattern}` is not a valid pattern: {problem}\nhint: `*` and `?` stand for characters, `[…]` for a set")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        problem: String,
    },
    /// A directory without data.
    #[error(
        "directory `{directory}` holds no Parquet files\nhint: name a file, or a pattern such as `{directory}/*.csv`"
    )]
    NoParquet {
        /// The directory.
        directory: String,
    },
    /// Files that do not belong together.
    #[error("files `{first}` and `{file}` differ: {problem}\nhint: files that are read together need the same columns")]
    SchemasDiffer {
        /// The first file.
        first: String,
        /// The file that differs.
        file: String,
        /// Where they differ.
        problem: String,
    },
    /// A line that is not a JSON object.
    #[error(
        "file `{file}`, line {line}: not a JSON object ({problem})\nhint: every line should be an object such as {{\"age\": 39, \"sex\": \"Male\"}}"
    )]
    NotAnObject {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What the parser met.
        problem: String,
    },
    /// The file is not what it was when it was opened.
    #[error("file `{file}` changed while it was being read\nhint: wait until it is written, then run again")]
    Changed {
        /// The file.
        file: String,
    },
    /// Columns of different lengths, handed in from memory.
    #[error(
        "column `{column}` has {found} values where the first column has {expected}\nhint: all columns need one value per row"
    )]
    Lengths {
        /// The column.
        column: String,
        /// Its number of values.
        found: usize,
        /// The first column's.
        expected: usize,
    },
    /// The user asked to stop.
    #[error("stopped before all rows were read")]
    Stopped,
    /// Whatever the reader of the rows had to report.
    #[error("{0}")]
    Consumer(String),
}

/// Where a value stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Line of a text file, from 1.
    Line(u64),
    /// Row of a table, from 1.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// The error for a name that is not a column, with the nearest name as a hint.
#[must_use]
pub fn unknown_column(column: &str, schema: &Schema) -> DataError {
    unknown_name(column, schema.columns.iter().map(|c| c.name.as_str()))
}

pub(crate) fn unknown_name<'a>(column: &str, names: impl Iterator<Item = &'a str> + Clone) -> DataError {
    DataError::UnknownColumn {
        column: column.to_owned(),
        nearest: nearest(column, names.clone()).map(str::to_owned),
        names: names.take(8).map(str::to_owned).collect(),
    }
}

/// The name most like `wanted`, when one is like it: the fewest letters to change (Damerau–Levenshtein),
/// at most a third of its letters and at least one; else the most similar by Jaro–Winkler, at least 0.85. Case is not
/// looked at; among equals the first wins.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let most = (wanted.chars().count() / 3).max(1);
    let mut best: Option<(&str, usize, f64)> = None;
    for name in names {
        let lower = name.to_lowercase();
        let likeness = strsim::jaro_winkler(&wanted, &lower);
        let changes = match strsim::damerau_levenshtein(&wanted, &lower) {
            changes if changes <= most => changes,
            _ if likeness >= 0.85 => most + 1,
            _ => continue,
        };
        if best.is_none_or(|(_, c, l)| changes < c || (changes == c && likeness > l)) {
            best = Some((name, changes, likeness));
        }
    }
    best.map(|(name, _, _)| name)
}

impl DataError {
    /// The error for a failed system call on `file`.
    pub(crate) fn io(file: &str, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { file: file.to_owned() },
            _ => Self::Unreadable { file: file.to_owned(), problem: lower_first(&error.to_string()) },
        }
    }
}

/// The text with a small first letter, so that what libraries say fits into our sentences.
pub(crate) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        // An abbreviation such as EOF keeps its letters.
        Some(first) if !chars.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

fn in_column(column: Option<&str>) -> String {
    column.map(|c| format!(", column `{c}`")).unwrap_or_default()
}

fn nearest_hint(nearest: Option<&str>, names: &[String]) -> String {
    match nearest {
        Some(name) => format!("the nearest name is `{name}`"),
        None if names.is_empty() => "the dataset has no columns".to_owned(),
        None => {
            format!("the columns are `{}`{}", names.join("`, `"), if names.len() == 8 { " and others" } else { "" })
        }
    }
}

fn count_fields(n: usize) -> String {
    if n == 1 { "1 field".to_owned() } else { format!("{n} fields") }
}

fn show_delimiter(delimiter: char) -> String {
    if delimiter == '\t' { "\\t".to_owned() } else { delimiter.to_string() }
}
