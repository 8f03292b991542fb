//! What is wrong with a predicate, and where.

use std::fmt;

use crate::error::DataError;

/// A predicate that cannot be used. It shows the line of the text with a mark under the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateError {
    /// The predicate.
    pub text: String,
    /// Line and column from 1, where the place is known.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub hint: String,
}

impl fmt::Display for PredicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, place, problem, hint } = self;
        match place.and_then(|(line, column)| text.lines().nth(line.checked_sub(1)?).map(|t| (line, column, t))) {
            Some((line, column, shown)) => {
                let at = if text.lines().count() > 1 { format!("line {line}, ") } else { String::new() };
                writeln!(f, "predicate, {at}column {column}: {problem}")?;
                writeln!(f, "  {shown}")?;
                // Tabs stay tabs, so that the mark stands below its letter.
                let head = shown.chars().take(column.saturating_sub(1));
                let blank: String = head.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
                writeln!(f, "  {blank}^")?;
            }
            None => writeln!(f, "predicate `{text}`: {problem}")?,
        }
        write!(f, "hint: {hint}")
    }
}

impl std::error::Error for PredicateError {}

impl From<PredicateError> for DataError {
    fn from(error: PredicateError) -> Self {
        Self::Consumer(error.to_string())
    }
}
