//! Stable names of numbers: `section.metric[.aggregate][columns]{cohort}`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The stable id of an estimate: `section.metric[.aggregate][columns]{cohort}`.
///
/// The brackets hold the columns a number is split by. A bare column (`[sex]`) stands for all of its groups,
/// `column=group` (`[sex=Female]`) for one of them. Names that hold one of `, = [ ] { } "` or white space at
/// an end are put in double quotes, with `\` before a quote or a backslash.
///
/// ```
/// use equipoise_document::EstimateId;
///
/// let id: EstimateId = "fairness.selection_rate.difference[sex,race]{young}".parse()?;
/// assert_eq!(id.section(), "fairness");
/// assert_eq!(id.metric(), "selection_rate");
/// assert_eq!(id.aggregate(), Some("difference"));
/// assert_eq!(id.cohort(), Some("young"));
/// assert_eq!(id.to_string(), "fairness.selection_rate.difference[sex,race]{young}");
/// # Ok::<(), equipoise_document::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EstimateId {
    section: String,
    metric: String,
    aggregate: Option<String>,
    columns: Vec<Selector>,
    cohort: Option<String>,
}

/// A column that a number is split by, or one group of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    /// The column.
    pub column: String,
    /// The group, when the number belongs to one.
    pub group: Option<String>,
}

/// A text that is not an estimate id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an estimate id: {why} at position {at}")]
pub struct IdError {
    /// The text.
    pub text: String,
    /// What is wrong.
    pub why: &'static str,
    /// Where, in characters from 1.
    pub at: usize,
}

impl EstimateId {
    /// `section.metric`
    #[must_use]
    pub fn new(section: &str, metric: &str) -> Self {
        Self {
            section: section.to_owned(),
            metric: metric.to_owned(),
            aggregate: None,
            columns: Vec::new(),
            cohort: None,
        }
    }

    /// Adds `.aggregate`, for example `difference`.
    #[must_use]
    pub fn aggregated(mut self, aggregate: &str) -> Self {
        self.aggregate = Some(aggregate.to_owned());
        self
    }

    /// Adds the columns that the number is split by: `[sex,race]`.
    #[must_use]
    pub fn by<S: AsRef<str>>(mut self, columns: &[S]) -> Self {
        self.columns.extend(columns.iter().map(|c| Selector { column: c.as_ref().to_owned(), group: None }));
        self
    }

    /// Adds one group: `[sex=Female,race=Black]`.
    #[must_use]
    pub fn of_group<A: AsRef<str>, B: AsRef<str>>(mut self, groups: &[(A, B)]) -> Self {
        self.columns.extend(groups.iter().map(|(column, group)| Selector {
            column: column.as_ref().to_owned(),
            group: Some(group.as_ref().to_owned()),
        }));
        self
    }

    /// Adds `{cohort}`.
    #[must_use]
    pub fn within(mut self, cohort: Option<&str>) -> Self {
        self.cohort = cohort.map(str::to_owned);
        self
    }

    /// The section, for example `fairness`.
    #[must_use]
    pub fn section(&self) -> &str {
        &self.section
    }

    /// The metric, for example `selection_rate`.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The aggregate over groups, for example `difference`.
    #[must_use]
    pub fn aggregate(&self) -> Option<&str> {
        self.aggregate.as_deref()
    }

    /// Columns and groups.
    #[must_use]
    pub fn columns(&self) -> &[Selector] {
        &self.columns
    }

    /// The cohort; none means all rows.
    #[must_use]
    pub fn cohort(&self) -> Option<&str> {
        self.cohort.as_deref()
    }
}

impl fmt::Display for EstimateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.section, self.metric)?;
        if let Some(aggregate) = &self.aggregate {
            write!(f, ".{aggregate}")?;
        }
        if !self.columns.is_empty() {
            f.write_str("[")?;
            for (i, selector) in self.columns.iter().enumerate() {
                if i > 0 {
                    f.write_str(",")?;
                }
                f.write_str(&quoted(&selector.column))?;
                if let Some(group) = &selector.group {
                    write!(f, "={}", quoted(group))?;
                }
            }
            f.write_str("]")?;
        }
        if let Some(cohort) = &self.cohort {
            write!(f, "{{{}}}", quoted(cohort))?;
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    let is_plain = !name.is_empty()
        && name.trim() == name
        && !name.contains(|c: char| matches!(c, ',' | '=' | '[' | ']' | '{' | '}' | '"' | '\\') || c.is_control());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) }
}

impl FromStr for EstimateId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut cursor = Cursor { text, chars: text.chars().collect(), at: 0 };
        let mut parts = vec![cursor.word()?];
        while cursor.eat('.') {
            parts.push(cursor.word()?);
        }
        let mut parts = parts.into_iter();
        let (Some(section), Some(metric)) = (parts.next(), parts.next()) else {
            return Err(cursor.error("expected `section.metric`"));
        };
        let aggregate = parts.next();
        if parts.next().is_some() {
            return Err(cursor.error("expected at most `section.metric.aggregate`"));
        }
        let mut columns = Vec::new();
        if cursor.eat('[') {
            loop {
                let column = cursor.name()?;
                let group = if cursor.eat('=') { Some(cursor.name()?) } else { None };
                columns.push(Selector { column, group });
                if !cursor.eat(',') {
                    break;
                }
            }
            cursor.expect(']', "expected `]`")?;
        }
        let mut cohort = None;
        if cursor.eat('{') {
            cohort = Some(cursor.name()?);
            cursor.expect('}', "expected `}`")?;
        }
        if cursor.peek().is_some() {
            return Err(cursor.error("unexpected text"));
        }
        Ok(Self { section, metric, aggregate, columns, cohort })
    }
}

struct Cursor<'a> {
    text: &'a str,
    chars: Vec<char>,
    at: usize,
}

impl Cursor<'_> {
    fn error(&self, why: &'static str) -> IdError {
        IdError { text: self.text.to_owned(), why, at: self.at + 1 }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let hit = self.peek() == Some(wanted);
        if hit {
            self.at += 1;
        }
        hit
    }

    fn expect(&mut self, wanted: char, why: &'static str) -> Result<(), IdError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(why)) }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek().filter(|c| keep(*c)) {
            out.push(c);
            self.at += 1;
        }
        out
    }

    fn word(&mut self) -> Result<String, IdError> {
        let word = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@'));
        if word.is_empty() { Err(self.error("expected a word")) } else { Ok(word) }
    }

    fn name(&mut self) -> Result<String, IdError> {
        if !self.eat('"') {
            let name = self.take_while(|c| !matches!(c, ',' | '=' | '[' | ']' | '{' | '}' | '"'));
            let name = name.trim();
            return if name.is_empty() { Err(self.error("expected a name")) } else { Ok(name.to_owned()) };
        }
        let mut out = String::new();
        loop {
            match self.peek() {
                None => return Err(self.error("a quoted name does not end")),
                Some('"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some('\\') => {
                    self.at += 1;
                    let Some(c) = self.peek() else { return Err(self.error("a quoted name does not end")) };
                    out.push(c);
                    self.at += 1;
                }
                Some(c) => {
                    out.push(c);
                    self.at += 1;
                }
            }
        }
    }
}

impl Serialize for EstimateId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EstimateId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for EstimateId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EstimateId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Stable id of a number: `section.metric[.aggregate][columns]{cohort}`.",
            "pattern": r"^[A-Za-z0-9_@-]+(\.[A-Za-z0-9_@-]+){1,2}(\[.+\])?(\{.+\})?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_group_with_a_comma_is_quoted() {
        let id = EstimateId::new("fairness", "accuracy").of_group(&[("job", "Sales, retail")]);
        assert_eq!(id.to_string(), r#"fairness.accuracy[job="Sales, retail"]"#);
        assert_eq!(id.to_string().parse::<EstimateId>().unwrap(), id);
    }

    #[test]
    fn errors_point_at_the_place() {
        let error = "fairness.accuracy[sex".parse::<EstimateId>().unwrap_err();
        assert_eq!(error.to_string(), "`fairness.accuracy[sex` is not an estimate id: expected `]` at position 22");
        assert_eq!("accuracy".parse::<EstimateId>().unwrap_err().why, "expected `section.metric`");
    }

    proptest! {
        #[test]
        fn any_names_survive(column in "\\PC{1,8}", group in "\\PC{0,8}", cohort in "\\PC{1,8}") {
            let id = EstimateId::new("a", "b").of_group(&[(column, group)]).within(Some(&cohort));
            prop_assert_eq!(id.to_string().parse::<EstimateId>().unwrap(), id);
        }
    }
}
