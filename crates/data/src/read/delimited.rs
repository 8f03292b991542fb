//! Comma-, tab- or otherwise separated text. What a column holds is guessed and then held true until a
//! field says otherwise.

use rayon::prelude::*;

use super::blocks::{Block, Blocks, Cut, as_text};
use super::files::InputFile;
use super::records::{BadRecord, first_record, for_each_field, sniff_delimiter};
use super::{Asked, Control, Meter, Sink};
use crate::MISSING;
use crate::error::{DataError, Place};
use crate::strings::{Interner, Strings};
use crate::values::{Ask, BOOLEAN_LEVELS, Batch, Missing, Values, Want, as_boolean_loosely};
use crate::{datetime, number};

/// Delimited files with one header.
#[derive(Debug)]
pub(crate) struct Delimited {
    files: Vec<InputFile>,
    delimiter: u8,
    names: Vec<String>,
    missing: Missing,
}

impl Delimited {
    /// Reads the headers.
    pub(crate) fn open(files: Vec<InputFile>, delimiter: Option<u8>, missing: Missing) -> Result<Self, DataError> {
        let mut found: Option<(u8, Vec<String>, String)> = None;
        for file in &files {
            let mut blocks = Blocks::open(file, Cut::Lines, &Meter::default().taken)?;
            let block = blocks.next()?.ok_or_else(|| DataError::Empty { file: file.name.clone() })?;
            let head = head_text(&block, &file.name)?;
            let delimiter = delimiter.or(found.as_ref().map(|f| f.0)).unwrap_or_else(|| sniff_delimiter(head));
            let header =
                first_record(head, delimiter).map_err(|_| DataError::OpenQuote { file: file.name.clone(), line: 1 })?;
            let names =
                header.map(|(names, _, _)| names).ok_or_else(|| DataError::Empty { file: file.name.clone() })?;
            let names = name_columns(names);
            match &found {
                None => found = Some((delimiter, names, file.name.clone())),
                Some((_, first, first_name)) if *first != names => {
                    return Err(DataError::SchemasDiffer {
                        first: first_name.clone(),
                        file: file.name.clone(),
                        problem: "their headers are not the same".to_owned(),
                    });
                }
                Some(_) => {}
            }
        }
        let (delimiter, names, first) = found.ok_or_else(|| DataError::NoMatch { pattern: String::new() })?;
        super::check_names(names.iter().map(String::as_str), &first)?;
        Ok(Self { files, delimiter, names, missing })
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// A guess from the first block: numbers, else dates, else names.
    pub(crate) fn guess(&self) -> Result<Vec<Want>, DataError> {
        let mut wants = vec![Want::Number; self.names.len()];
        let Some(file) = self.files.first() else { return Ok(wants) };
        let mut blocks = Blocks::open(file, Cut::Records(self.delimiter), &Meter::default().taken)?;
        let Some(block) = blocks.next()? else { return Ok(wants) };
        loop {
            let ask = |(column, want): (usize, &Want)| Asked { column, ask: Ask { want: *want, is_forced: false } };
            let asked: Vec<Asked> = wants.iter().enumerate().map(ask).collect();
            // What is wrong with the text itself is reported by the pass that follows.
            let Ok(parsed) = self.parse(&block, file, true, &asked) else { return Ok(wants) };
            let better = Doubts::default().with(parsed.doubts).resolve();
            if better.is_empty() {
                return Ok(wants);
            }
            for (slot, want) in better {
                if let Some(old) = wants.get_mut(slot) {
                    *old = want;
                }
            }
        }
    }

    /// Delivers the asked columns of all rows. Columns that turn out to hold something else are returned
    /// with what they should be read as; then the batches are worthless and another pass is needed.
    pub(crate) fn read(
        &self,
        asked: &[Asked],
        control: &Control,
        sink: Sink<'_>,
    ) -> Result<Vec<(usize, Want)>, DataError> {
        let meter = Meter { total: self.files.iter().map(|f| f.n_bytes).sum(), ..Meter::default() };
        let n_blocks = rayon::current_num_threads() * 2;
        let mut doubts = Doubts::default();
        let mut n_rows = 0;
        for file in &self.files {
            let mut blocks = Blocks::open(file, Cut::Records(self.delimiter), &meter.taken)?;
            let mut wave = blocks.wave(n_blocks)?;
            while !wave.is_empty() {
                control.check()?;
                let parse =
                    || -> Vec<_> { wave.par_iter().map(|b| self.parse(b, file, b.first_line == 1, asked)).collect() };
                let (parsed, following) = rayon::join(parse, || blocks.wave(n_blocks));
                for parsed in parsed {
                    let parsed = parsed?;
                    n_rows += parsed.batch.n_rows as u64;
                    doubts = doubts.with(parsed.doubts);
                    if doubts.is_empty() {
                        sink(parsed.batch)?;
                    }
                }
                control.report(n_rows, meter.share());
                wave = following?;
            }
        }
        Ok(doubts.resolve())
    }

    fn parse(&self, block: &Block, file: &InputFile, has_header: bool, asked: &[Asked]) -> Result<Parsed, DataError> {
        let text = as_text(block, &file.name, |head| self.column_at(head))?;
        let bad = |first_line: u64| move |bad: BadRecord| self.bad_record(bad, &file.name, first_line);
        let (text, first_line) = if has_header {
            let header = first_record(text, self.delimiter).map_err(bad(block.first_line))?;
            let (_, n_bytes, n_lines) = header.unwrap_or_default();
            (text.get(n_bytes..).unwrap_or(""), block.first_line + n_lines)
        } else {
            (text, block.first_line)
        };
        let mut builders: Vec<Option<Builder<'_>>> = Vec::new();
        builders.resize_with(self.names.len(), || None);
        for asked in asked {
            if let Some(slot) = builders.get_mut(asked.column) {
                *slot = Some(Builder::new(asked.ask, &self.missing));
            }
        }
        let n_rows = for_each_field(text, self.delimiter, self.names.len(), |index, line, value| {
            if let Some(Some(builder)) = builders.get_mut(index) {
                builder.push(value, line);
            }
        })
        .map_err(bad(first_line))?;
        let mut columns = Vec::with_capacity(asked.len());
        let mut doubts = Vec::new();
        for (slot, asked) in asked.iter().enumerate() {
            let Some(builder) = builders.get_mut(asked.column).and_then(Option::take) else { continue };
            if let Some(bad) = &builder.doubt {
                if asked.ask.is_forced {
                    return Err(DataError::Unparsable {
                        file: file.name.clone(),
                        place: Place::Line(first_line + bad.line),
                        column: self.names.get(asked.column).cloned().unwrap_or_default(),
                        value: bad.value.clone(),
                        expected: expected(asked.ask.want),
                    });
                }
                doubts.push((slot, bad.instead));
            }
            if builder.ask.want == Want::Number && builder.saw_value {
                doubts.push((slot, Want::Number));
            }
            columns.push(builder.finish());
        }
        Ok(Parsed { batch: Batch { n_rows, columns }, doubts })
    }

    /// The column in which the text stops, for errors about bytes.
    fn column_at(&self, head: &str) -> Option<String> {
        let mut names = self.names.iter();
        let mut fields = super::records::Fields::new(head, self.delimiter);
        let mut name = names.next();
        while fields.position() < head.len() && fields.next().ok()?.1 == super::records::FieldEnd::Delimiter {
            name = names.next();
        }
        name.cloned()
    }

    fn bad_record(&self, bad: BadRecord, file: &str, first_line: u64) -> DataError {
        let file = file.to_owned();
        match bad {
            BadRecord::Ragged { line, found } => DataError::RaggedRow {
                file,
                line: first_line + line,
                found,
                expected: self.names.len(),
                delimiter: char::from(self.delimiter),
            },
            BadRecord::OpenQuote { line } => DataError::OpenQuote { file, line: first_line + line },
        }
    }
}

pub(crate) fn expected(want: Want) -> &'static str {
    match want {
        Want::Number => "a number",
        Want::Datetime => "an ISO date or time",
        Want::Boolean => "true or false",
        Want::Names => "a name",
    }
}

fn head_text<'b>(block: &'b Block, file: &str) -> Result<&'b str, DataError> {
    if block.bytes.starts_with(b"\xff\xfe") || block.bytes.starts_with(b"\xfe\xff") {
        return Err(DataError::NotUtf8 { file: file.to_owned(), line: 1, column: None });
    }
    as_text(block, file, |_| None).or_else(|error| {
        // Only the header matters here; what follows is judged when it is read.
        let good = std::str::from_utf8(&block.bytes).err().and_then(|e| block.bytes.get(..e.valid_up_to()));
        let good = good.and_then(|b| std::str::from_utf8(b).ok()).filter(|t| t.contains('\n'));
        good.ok_or(error)
    })
}

/// A column without a name is called by its place.
fn name_columns(names: Vec<String>) -> Vec<String> {
    let name = |(i, name): (usize, String)| {
        let name = name.trim();
        if name.is_empty() { format!("column_{}", i + 1) } else { name.to_owned() }
    };
    names.into_iter().enumerate().map(name).collect()
}

struct Parsed {
    batch: Batch,
    /// What a column should rather be; [`Want::Number`] says that numbers were seen.
    doubts: Vec<(usize, Want)>,
}

/// What the blocks say about columns whose guess was wrong.
#[derive(Default)]
struct Doubts {
    numbers: Vec<usize>,
    instead: Vec<(usize, Want)>,
}

impl Doubts {
    fn with(mut self, doubts: Vec<(usize, Want)>) -> Self {
        for (slot, want) in doubts {
            if want == Want::Number {
                if !self.numbers.contains(&slot) {
                    self.numbers.push(slot);
                }
            } else if let Some((_, old)) = self.instead.iter_mut().find(|(s, _)| *s == slot) {
                *old = want.max(*old);
            } else {
                self.instead.push((slot, want));
            }
        }
        self
    }

    fn is_empty(&self) -> bool {
        self.instead.is_empty()
    }

    /// A column with numbers and dates holds names.
    fn resolve(self) -> Vec<(usize, Want)> {
        let Self { numbers, instead } = self;
        let decide = |(slot, want)| if numbers.contains(&slot) { (slot, Want::Names) } else { (slot, want) };
        instead.into_iter().map(decide).collect()
    }
}

struct Doubt {
    line: u64,
    value: String,
    instead: Want,
}

struct Builder<'m> {
    ask: Ask,
    missing: &'m Missing,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    names: Interner,
    saw_value: bool,
    doubt: Option<Doubt>,
}

impl<'m> Builder<'m> {
    fn new(ask: Ask, missing: &'m Missing) -> Self {
        Self {
            ask,
            missing,
            numbers: Vec::new(),
            codes: Vec::new(),
            names: Interner::default(),
            saw_value: false,
            doubt: None,
        }
    }

    #[inline]
    fn push(&mut self, field: &str, line: u64) {
        match self.ask.want {
            Want::Names => {
                let code = if self.missing.has_field(field) { MISSING } else { self.names.code(field) };
                self.codes.push(code);
            }
            Want::Number => {
                let value = self.number(field, line);
                self.numbers.push(value);
            }
            Want::Datetime => {
                let value = if self.missing.has_field(field) {
                    f64::NAN
                } else {
                    datetime::parse(field.as_bytes()).unwrap_or_else(|| self.doubt(field, line, Want::Names))
                };
                self.numbers.push(value);
            }
            Want::Boolean => {
                let code = if self.missing.has_field(field) {
                    MISSING
                } else {
                    match as_boolean_loosely(field) {
                        Some(value) => u32::from(value),
                        None => {
                            self.doubt(field, line, Want::Names);
                            MISSING
                        }
                    }
                };
                self.codes.push(code);
            }
        }
    }

    #[inline]
    fn number(&mut self, field: &str, line: u64) -> f64 {
        if let Some(value) = number::parse(field.as_bytes()) {
            if self.missing.has_text(field) {
                return f64::NAN;
            }
            self.saw_value = true;
            return self.missing.number(value);
        }
        if self.missing.has_field(field) {
            return f64::NAN;
        }
        if let Some(value) = number::parse(field.trim().as_bytes()) {
            self.saw_value = true;
            return self.missing.number(value);
        }
        let is_date = !self.saw_value && datetime::parse(field.as_bytes()).is_some();
        self.doubt(field, line, if is_date { Want::Datetime } else { Want::Names })
    }

    #[cold]
    fn doubt(&mut self, field: &str, line: u64, instead: Want) -> f64 {
        match &mut self.doubt {
            None => {
                let value = field.chars().take(80).collect();
                self.doubt = Some(Doubt { line, value, instead });
            }
            Some(doubt) => doubt.instead = doubt.instead.max(instead),
        }
        f64::NAN
    }

    fn finish(self) -> Values {
        match self.ask.want {
            Want::Number | Want::Datetime => Values::Numbers(self.numbers),
            Want::Boolean => Values::Names { codes: self.codes, levels: Strings::from_iter(BOOLEAN_LEVELS) },
            Want::Names => Values::Names { codes: self.codes, levels: self.names.into_strings() },
        }
    }
}
