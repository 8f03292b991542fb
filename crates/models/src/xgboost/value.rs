//! What JSON and UBJSON say, in one form.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value. Arrays that hold nothing but numbers are kept as numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Numbers(Vec<f64>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, value)| value),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(is_true) => Some(f64::from(u8::from(*is_true))),
            _ => None,
        }
    }

    /// A list, as numbers where all of its values are.
    pub(super) fn from_list(values: Vec<Self>) -> Self {
        if values.is_empty() {
            return Self::Numbers(Vec::new());
        }
        match values.iter().map(Self::number).collect() {
            Some(numbers) => Self::Numbers(numbers),
            None => Self::List(values),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Numbers(_) | Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

#[allow(clippy::cast_precision_loss, reason = "counts and indices in a model are far below 2^53")]
impl<'de> Visitor<'de> for Build {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, is_true: bool) -> Result<Value, E> {
        Ok(Value::Bool(is_true))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // Numbers are gathered as such until something else turns up.
        let mut numbers = Vec::new();
        while let Some(value) = seq.next_element::<Value>()? {
            if let Some(number) = value.number() {
                numbers.push(number);
                continue;
            }
            let mut list: Vec<Value> = numbers.into_iter().map(Value::Number).collect();
            list.push(value);
            while let Some(value) = seq.next_element()? {
                list.push(value);
            }
            return Ok(Value::List(list));
        }
        Ok(Value::Numbers(numbers))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}

/// A value with the way to it, for messages.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub value: &'a Value,
    pub path: String,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    pub(super) fn find(&self, key: &str) -> Option<Self> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        self.value.get(key).map(|value| Self { value, path })
    }

    pub(super) fn at(&self, key: &str) -> Result<Self, String> {
        self.find(key).ok_or_else(|| match self.path.as_str() {
            "" => format!("the field `{key}` is missing"),
            path => format!("`{path}` has no field `{key}`"),
        })
    }

    pub(super) fn wrong(&self, wanted: &str) -> String {
        format!("`{}` is {}, {wanted} is needed", self.path, self.value.kind())
    }

    pub(super) fn text(&self) -> Result<&'a str, String> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.wrong("a text")),
        }
    }

    /// A whole number, which may be written as a text.
    pub(super) fn count(&self) -> Result<usize, String> {
        let found = match self.value {
            Value::Text(text) => text.parse().ok(),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
            Value::Number(n) if *n >= 0.0 && *n < 1e15 && n.fract() == 0.0 => Some(*n as usize),
            _ => None,
        };
        found.ok_or_else(|| match self.value {
            Value::Text(text) => format!("`{}` is `{text}`, a whole number is needed", self.path),
            Value::Number(number) => format!("`{}` is `{number}`, a whole number is needed", self.path),
            _ => self.wrong("a whole number"),
        })
    }

    pub(super) fn numbers(&self) -> Result<&'a [f64], String> {
        match self.value {
            Value::Numbers(numbers) => Ok(numbers),
            Value::List(_) => Err(format!("`{}` holds something other than numbers", self.path)),
            _ => Err(self.wrong("a list of numbers")),
        }
    }

    /// Numbers, `expected` of them.
    pub(super) fn numbers_of(&self, expected: usize) -> Result<&'a [f64], String> {
        let numbers = self.numbers()?;
        if numbers.len() == expected {
            Ok(numbers)
        } else {
            Err(format!("`{}` has {} values, {expected} are needed", self.path, numbers.len()))
        }
    }

    /// The values of a list.
    pub(super) fn list(&self) -> Result<Vec<Self>, String> {
        match self.value {
            Value::List(values) => Ok((0..)
                .zip(values)
                .map(|(i, value): (usize, _)| Self { value, path: format!("{}[{i}]", self.path) })
                .collect()),
            Value::Numbers(numbers) if numbers.is_empty() => Ok(Vec::new()),
            _ => Err(self.wrong("a list of objects")),
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self) -> Result<Vec<String>, String> {
        self.list()?.iter().map(|field| field.text().map(str::to_owned)).collect()
    }
}
