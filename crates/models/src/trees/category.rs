//! Names of categories and the codes that trees compare.

use std::collections::HashMap;

/// The categories of a feature. Codes `0..len` stand for the listed ones; `len` stands for every other
/// value, where such values are not missing. Whole numbers as categories are cut at the decimal point, as
/// LightGBM and XGBoost do.
///
/// A value of the data is matched by its text. Booleans match however they are spelled (`true`, `True`),
/// and whole numbers match however they are written (`1`, `1.0`).
#[derive(Clone, Debug)]
pub struct Categories {
    names: Vec<String>,
    codes: HashMap<Key, u32>,
    by: By,
    unknown_is_missing: bool,
    missing: Option<String>,
}

/// What a category is found by.
#[derive(Clone, Copy, Debug)]
enum By {
    Text,
    Integer,
    Hash(fn(&str) -> u32),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Text(String),
    Integer(i64),
    Hash(u32),
}

impl Categories {
    /// Categories with names; a value that is not among them is missing (LightGBM and XGBoost with category
    /// lists in the file).
    #[must_use]
    pub fn named(names: Vec<String>) -> Self {
        let codes = coded(&names);
        Self { names, codes, by: By::Text, unknown_is_missing: true, missing: None }
    }

    /// Categories with names; a value that is not among them is another category, and a missing one is missing.
    #[must_use]
    pub fn listed(names: Vec<String>) -> Self {
        Self { unknown_is_missing: false, ..Self::named(names) }
    }

    /// Whole numbers as categories; a number that is not among them is another category.
    #[must_use]
    pub fn integers(values: &[i64]) -> Self {
        let names: Vec<String> = values.iter().map(ToString::to_string).collect();
        let codes = coded(&names);
        Self { names, codes, by: By::Integer, unknown_is_missing: false, missing: None }
    }

    /// Categories known by a hash of their text; a value that is not among them is another category, and a
    /// missing value is the category with the given text.
    #[must_use]
    pub fn hashed(named: Vec<(u32, String)>, hash: fn(&str) -> u32, missing: &str) -> Self {
        let mut codes = HashMap::new();
        for ((hash, _), code) in named.iter().zip(0..) {
            codes.entry(Key::Hash(*hash)).or_insert(code);
        }
        let names = named.into_iter().map(|(_, name)| name).collect();
        Self { names, codes, by: By::Hash(hash), unknown_is_missing: false, missing: Some(missing.to_owned()) }
    }

    /// The names by code.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of listed categories, which is also the code of every other value.
    #[must_use]
    pub fn other(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX - 2)
    }

    /// True when a value that is not listed counts as missing.
    #[must_use]
    pub fn is_unknown_missing(&self) -> bool {
        self.unknown_is_missing
    }

    /// Code of a name, or of a missing value; `None` when it is missing to the model.
    #[must_use]
    pub fn code(&self, name: Option<&str>) -> Option<u32> {
        let name = name.or(self.missing.as_deref())?;
        let key = match self.by {
            By::Text | By::Integer => text_key(name),
            By::Hash(hash) => Key::Hash(hash(name)),
        };
        let exact = || self.codes.get(&Key::Text(name.to_owned()));
        match exact().or_else(|| self.codes.get(&key)) {
            Some(code) => Some(*code),
            None if self.unknown_is_missing => None,
            None => Some(self.other()),
        }
    }

    /// Code of a number, as its text.
    #[must_use]
    pub fn code_of_number(&self, x: f64) -> Option<u32> {
        if x.is_nan() {
            return self.code(None);
        }
        let x = if matches!(self.by, By::Integer) { x.trunc() } else { x };
        self.code(Some(&number_text(x)))
    }
}

/// A number as a category: `3`, not `3.0`.
pub(crate) fn number_text(x: f64) -> String {
    // `{}` writes whole numbers without a decimal point; negative zero is zero.
    format!("{}", x + 0.0)
}

/// Exact names first: another way of writing a name never takes the place of one that is listed.
fn coded(names: &[String]) -> HashMap<Key, u32> {
    let mut codes = HashMap::new();
    for (name, code) in names.iter().zip(0..) {
        codes.entry(Key::Text(name.clone())).or_insert(code);
    }
    for (name, code) in names.iter().zip(0..) {
        codes.entry(text_key(name)).or_insert(code);
    }
    codes
}

fn text_key(name: &str) -> Key {
    match name {
        "True" | "TRUE" => return Key::Text("true".to_owned()),
        "False" | "FALSE" => return Key::Text("false".to_owned()),
        _ => {}
    }
    let starts_as_number = name.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if starts_as_number && let Ok(number) = name.parse::<f64>() {
        #[allow(clippy::cast_possible_truncation, reason = "whole and within the range where f64 is exact")]
        if number.fract() == 0.0 && number.abs() < 9e15 {
            return Key::Integer(number as i64);
        }
    }
    Key::Text(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_however_they_are_written() {
        let c = Categories::named(vec!["1".into(), "True".into(), "007".into(), "a".into()]);
        assert_eq!(c.code(Some("1.0")), Some(0));
        assert_eq!(c.code_of_number(1.0), Some(0));
        assert_eq!(c.code(Some("true")), Some(1));
        assert_eq!(c.code(Some("007")), Some(2));
        assert_eq!(c.code(Some("7")), Some(2));
        assert_eq!(c.code(Some("a")), Some(3));
        assert_eq!(c.code(Some("b")), None);
        assert_eq!(c.code(None), None);
    }

    #[test]
    fn other_integers_are_another_category() {
        let c = Categories::integers(&[4, -1]);
        assert_eq!(c.code_of_number(4.0), Some(0));
        assert_eq!(c.code_of_number(-1.0), Some(1));
        assert_eq!(c.code_of_number(4.9), Some(0));
        assert_eq!(c.code_of_number(5.0), Some(2));
        assert_eq!(c.code_of_number(f64::NAN), None);
    }
}
