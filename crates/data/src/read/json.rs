//! JSON lines: one flat object per line; the columns are the union of the keys in order of appearance.

use std::fmt;

use rayon::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::blocks::{Block, Blocks, Cut, as_text};
use super::delimited::expected;
use super::files::InputFile;
use super::ipc::SourceColumn;
use super::{Asked, Control, Meter, Sink};
use crate::MISSING;
use crate::error::{DataError, Place, lower_first};
use crate::strings::{Interner, Strings};
use crate::values::{BOOLEAN_LEVELS, Batch, Missing, Values, Want, as_boolean_loosely};
use crate::{datetime, number};

/// Files of JSON lines.
#[derive(Debug)]
pub(crate) struct JsonLines {
    files: Vec<InputFile>,
    columns: Vec<SourceColumn>,
    keys: Interner,
    missing: Missing,
}

/// One value of an object.
#[derive(Clone, Debug, PartialEq)]
enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Nested,
}

/// What was met under one key.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds {
    bools: bool,
    numbers: bool,
    dates: bool,
    texts: bool,
    nested: bool,
}

impl JsonLines {
    /// Reads everything once to learn the keys and what they hold.
    pub(crate) fn open(files: Vec<InputFile>, missing: Missing, control: &Control) -> Result<Self, DataError> {
        let mut keys = Interner::default();
        let mut kinds: Vec<Kinds> = Vec::new();
        let each_block = |file: &InputFile, block: &Block| learn(file, block, &missing);
        for_each_block(&files, control, each_block, |(found_keys, found_kinds)| {
            for (key, found) in found_keys.iter().zip(found_kinds) {
                let slot = keys.code(key) as usize;
                kinds.resize(kinds.len().max(slot + 1), Kinds::default());
                if let Some(kind) = kinds.get_mut(slot) {
                    kind.add(found);
                }
            }
            Ok(0)
        })?;
        let column = |(name, kinds): (&str, &Kinds)| SourceColumn {
            name: name.to_owned(),
            want: kinds.want(),
            data_type: if kinds.nested { "list or object".to_owned() } else { "json".to_owned() },
        };
        let columns = keys.strings().iter().zip(&kinds).map(column).collect();
        Ok(Self { files, columns, keys, missing })
    }

    pub(crate) fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    /// Delivers the asked columns of all rows.
    pub(crate) fn read(&self, asked: &[Asked], control: &Control, sink: Sink<'_>) -> Result<(), DataError> {
        let mut slots: Vec<Option<usize>> = vec![None; self.keys.len()];
        for (i, asked) in asked.iter().enumerate() {
            if let Some(slot) = slots.get_mut(asked.column) {
                *slot = Some(i);
            }
        }
        for_each_block(
            &self.files,
            control,
            |file, block| self.parse(file, block, asked, &slots),
            |batch| {
                let n_rows = batch.n_rows;
                sink(batch)?;
                Ok(n_rows)
            },
        )
    }

    fn parse(
        &self,
        file: &InputFile,
        block: &Block,
        asked: &[Asked],
        slots: &[Option<usize>],
    ) -> Result<Batch, DataError> {
        let mut builders: Vec<Builder> = asked.iter().map(|a| Builder::new(a.ask.want)).collect();
        let mut row: Vec<Scalar> = vec![Scalar::Null; asked.len()];
        let mut n_rows = 0;
        for_each_line(file, block, |line, text| {
            row.iter_mut().for_each(|v| *v = Scalar::Null);
            let mut slot_of = |key: &str| self.keys.find(key).and_then(|k| slots.get(k as usize)).copied().flatten();
            let seed = ObjectSeed { slot_of: &mut slot_of, row: &mut row };
            read_object(file, line, text, seed)?;
            for ((value, builder), asked) in row.iter_mut().zip(&mut builders).zip(asked) {
                let value = std::mem::replace(value, Scalar::Null);
                builder.push(value, &self.missing).map_err(|value| DataError::Unparsable {
                    file: file.name.clone(),
                    place: Place::Line(line),
                    column: self.columns.get(asked.column).map(|c| c.name.clone()).unwrap_or_default(),
                    value,
                    expected: expected(asked.ask.want),
                })?;
            }
            n_rows += 1;
            Ok(())
        })?;
        Ok(Batch { n_rows, columns: builders.into_iter().map(Builder::finish).collect() })
    }
}

impl Kinds {
    fn add(&mut self, other: Self) {
        let Self { bools, numbers, dates, texts, nested } = other;
        self.bools |= bools;
        self.numbers |= numbers;
        self.dates |= dates;
        self.texts |= texts;
        self.nested |= nested;
    }

    fn see(&mut self, value: &Scalar, missing: &Missing) {
        match value {
            Scalar::Null => {}
            Scalar::Bool(_) => self.bools = true,
            Scalar::Number(_) => self.numbers = true,
            Scalar::Text(text) if text.is_empty() || missing.has_text(text) => {}
            Scalar::Text(text) if datetime::parse(text.as_bytes()).is_some() => self.dates = true,
            Scalar::Text(_) => self.texts = true,
            Scalar::Nested => self.nested = true,
        }
    }

    fn want(self) -> Option<Want> {
        match self {
            Self { nested: true, .. } => None,
            Self { texts: false, dates: false, bools: false, .. } => Some(Want::Number),
            Self { texts: false, dates: false, numbers: false, .. } => Some(Want::Boolean),
            Self { texts: false, dates: true, numbers: false, bools: false, .. } => Some(Want::Datetime),
            _ => Some(Want::Names),
        }
    }
}

/// Keys of a block and what they hold.
fn learn(file: &InputFile, block: &Block, missing: &Missing) -> Result<(Strings, Vec<Kinds>), DataError> {
    let mut keys = Interner::default();
    let mut kinds: Vec<Kinds> = Vec::new();
    let mut row: Vec<Scalar> = Vec::new();
    for_each_line(file, block, |line, text| {
        row.iter_mut().for_each(|v| *v = Scalar::Null);
        let mut slot_of = |key: &str| Some(keys.code(key) as usize);
        read_object(file, line, text, ObjectSeed { slot_of: &mut slot_of, row: &mut row })?;
        kinds.resize(row.len(), Kinds::default());
        for (kind, value) in kinds.iter_mut().zip(&row) {
            kind.see(value, missing);
        }
        Ok(())
    })?;
    kinds.resize(keys.len(), Kinds::default());
    Ok((keys.into_strings(), kinds))
}

/// Works on blocks side by side and takes the results in order; `take` returns the number of rows.
fn for_each_block<T: Send>(
    files: &[InputFile],
    control: &Control,
    work: impl Fn(&InputFile, &Block) -> Result<T, DataError> + Sync,
    mut take: impl FnMut(T) -> Result<usize, DataError>,
) -> Result<(), DataError> {
    let meter = Meter { total: files.iter().map(|f| f.n_bytes).sum(), ..Meter::default() };
    let n_blocks = rayon::current_num_threads() * 2;
    let mut n_rows = 0;
    for file in files {
        let mut blocks = Blocks::open(file, Cut::Lines, &meter.taken)?;
        let mut wave = blocks.wave(n_blocks)?;
        while !wave.is_empty() {
            control.check()?;
            let parse = || -> Vec<_> { wave.par_iter().map(|b| work(file, b)).collect() };
            let (parsed, following) = rayon::join(parse, || blocks.wave(n_blocks));
            for parsed in parsed {
                n_rows += take(parsed?)?;
            }
            control.report(n_rows as u64, meter.share());
            wave = following?;
        }
    }
    Ok(())
}

fn for_each_line(
    file: &InputFile,
    block: &Block,
    mut each: impl FnMut(u64, &str) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let text = as_text(block, &file.name, |_| None)?;
    for (line, text) in (block.first_line..).zip(text.split('\n')) {
        let text = text.trim();
        if !text.is_empty() {
            each(line, text)?;
        }
    }
    Ok(())
}

fn read_object(file: &InputFile, line: u64, text: &str, seed: ObjectSeed<'_>) -> Result<(), DataError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| {
        // The parser counts lines within the one line that it was given.
        let text = error.to_string();
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(head, _)| head);
        let place = if error.column() > 0 { format!(" at character {}", error.column()) } else { String::new() };
        let problem = format!("{}{place}", lower_first(problem));
        DataError::NotAnObject { file: file.name.clone(), line, problem }
    })
}

/// Finds the place of a key in the row; `None` leaves the value out.
type SlotOf<'a> = &'a mut dyn FnMut(&str) -> Option<usize>;

struct ObjectSeed<'a> {
    slot_of: SlotOf<'a>,
    row: &'a mut Vec<Scalar>,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { slot_of, row } = self;
        while let Some(slot) = map.next_key_seed(KeySeed { slot_of: &mut *slot_of })? {
            match slot {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(slot) => {
                    let value = map.next_value_seed(ScalarSeed)?;
                    if slot >= row.len() {
                        row.resize(slot + 1, Scalar::Null);
                    }
                    if let Some(place) = row.get_mut(slot) {
                        *place = value;
                    }
                }
            }
        }
        Ok(())
    }
}

struct KeySeed<'a> {
    slot_of: SlotOf<'a>,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok((self.slot_of)(key))
    }
}

struct ScalarSeed;

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Scalar;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ScalarSeed {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    #[allow(clippy::cast_precision_loss, reason = "numbers are doubles")]
    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    #[allow(clippy::cast_precision_loss, reason = "numbers are doubles")]
    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }
}

struct Builder {
    want: Want,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    names: Interner,
}

impl Builder {
    fn new(want: Want) -> Self {
        Self { want, numbers: Vec::new(), codes: Vec::new(), names: Interner::default() }
    }

    /// Adds a value, or hands back the text of one that does not fit.
    fn push(&mut self, value: Scalar, missing: &Missing) -> Result<(), String> {
        let value = match value {
            Scalar::Text(text) if text.is_empty() || missing.has_text(&text) => Scalar::Null,
            Scalar::Number(number) if missing.number(number).is_nan() => Scalar::Null,
            Scalar::Nested => return Err("[…]".to_owned()),
            other => other,
        };
        match self.want {
            Want::Number | Want::Datetime => self.numbers.push(match (value, self.want) {
                (Scalar::Number(number), _) => number + 0.0,
                (Scalar::Bool(b), Want::Number) => f64::from(u8::from(b)),
                (Scalar::Bool(b), _) => return Err(b.to_string()),
                (Scalar::Text(text), want) => {
                    let parsed = match want {
                        Want::Datetime => datetime::parse(text.as_bytes()),
                        _ => number::parse(text.trim().as_bytes()).map(|v| v + 0.0),
                    };
                    parsed.ok_or(text)?
                }
                (Scalar::Null | Scalar::Nested, _) => f64::NAN,
            }),
            Want::Boolean => self.codes.push(match value {
                Scalar::Bool(b) => u32::from(b),
                Scalar::Null | Scalar::Nested => MISSING,
                Scalar::Number(n) => as_boolean_loosely(&n.to_string()).map(u32::from).ok_or_else(|| n.to_string())?,
                Scalar::Text(text) => as_boolean_loosely(&text).map(u32::from).ok_or(text)?,
            }),
            Want::Names => self.codes.push(match value {
                Scalar::Null | Scalar::Nested => MISSING,
                Scalar::Bool(b) => self.names.code(if b { "true" } else { "false" }),
                Scalar::Number(n) => self.names.code(&n.to_string()),
                Scalar::Text(text) => self.names.code(&text),
            }),
        }
        Ok(())
    }

    fn finish(self) -> Values {
        match self.want {
            Want::Number | Want::Datetime => Values::Numbers(self.numbers),
            Want::Boolean => Values::Names { codes: self.codes, levels: Strings::from_iter(BOOLEAN_LEVELS) },
            Want::Names => Values::Names { codes: self.codes, levels: self.names.into_strings() },
        }
    }
}
