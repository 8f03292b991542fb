//! Values on their way from a reader to a partition.

use crate::strings::Strings;

/// How a reader is to deliver a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Want {
    /// Numbers.
    Number,
    /// Dates and times, in seconds since 1970-01-01T00:00:00Z.
    Datetime,
    /// True or false; only when the user says so, otherwise it is inferred from the names.
    Boolean,
    /// Names.
    Names,
}

/// How a reader is to deliver a column, and whether the user insists on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) want: Want,
    pub(crate) is_forced: bool,
}

/// Some values of one column. Codes are local: they index `levels` of the same value.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    /// NaN is missing; there is no negative zero.
    Numbers(Vec<f64>),
    /// [`crate::MISSING`] is missing.
    Names { codes: Vec<u32>, levels: Strings },
}

/// Rows as a reader cuts them.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) n_rows: usize,
    pub(crate) columns: Vec<Values>,
}

/// The levels of a boolean column.
pub(crate) const BOOLEAN_LEVELS: [&str; 2] = ["false", "true"];

/// `true` and `false` in any case.
pub(crate) fn as_boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// What else the user may have written in a column said to be boolean.
pub(crate) fn as_boolean_loosely(text: &str) -> Option<bool> {
    let text = text.trim();
    as_boolean(text).or_else(|| match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "yes" | "y" | "t" => Some(true),
        "0" | "0.0" | "no" | "n" | "f" => Some(false),
        _ => None,
    })
}

/// Which texts and numbers stand for no value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Missing {
    texts: Vec<String>,
    numbers: Vec<f64>,
}

impl Missing {
    pub(crate) fn new(texts: &[String]) -> Self {
        let numbers = texts.iter().filter_map(|t| crate::number::parse(t.trim().as_bytes())).collect();
        Self { texts: texts.to_vec(), numbers }
    }

    /// True for a text that the user listed.
    pub(crate) fn has_text(&self, text: &str) -> bool {
        !self.texts.is_empty() && self.texts.iter().any(|t| t == text)
    }

    /// True for a text that stands for nothing in a text file: blank, `NaN`, `null`, or listed by the user.
    pub(crate) fn has_field(&self, text: &str) -> bool {
        match text.len() {
            0 => true,
            3 => matches!(text, "NaN" | "nan") || self.has_text(text) || text.trim().is_empty(),
            4 => matches!(text, "null" | "NULL") || self.has_text(text) || text.trim().is_empty(),
            _ => self.has_text(text) || (text.starts_with(' ') && text.trim().is_empty()),
        }
    }

    /// True when the user listed a number.
    pub(crate) fn has_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// The number, or NaN if it is listed; without the sign of zero.
    pub(crate) fn number(&self, value: f64) -> f64 {
        if self.has_numbers() && self.numbers.contains(&value) { f64::NAN } else { value + 0.0 }
    }
}
