//! Columns that are computed from others: small formulas.

use crate::CounterfactualError;

/// A formula over columns by place.
#[derive(Clone, Debug, PartialEq)]
pub enum Formula {
    /// A number.
    Number(f64),
    /// The value of a column.
    Column(usize),
    /// A sum, difference, product or quotient.
    Of(Operation, Box<Formula>, Box<Formula>),
}

/// What two parts of a formula are joined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Over,
}

/// Parts of a formula within parts at most.
const DEPTH: usize = 64;

impl Formula {
    /// Reads `(income - rent) / 12`. Names with other characters than letters, digits and `_` stand in double quotes.
    ///
    /// # Errors
    /// [`CounterfactualError::Formula`] with what cannot be read.
    pub fn parse(text: &str, column: &dyn Fn(&str) -> Option<usize>) -> Result<Self, CounterfactualError> {
        let mut reader = Reader { rest: text, column };
        let fail = |problem: String| CounterfactualError::Formula { formula: text.to_owned(), problem };
        let formula = reader.sum(0).map_err(fail)?;
        match reader.peek() {
            None => Ok(formula),
            Some(c) => Err(fail(format!("`{c}` is left over"))),
        }
    }

    /// Its value in a row; NaN where a column is missing or a quotient is over 0.
    #[must_use]
    pub fn value(&self, row: &[f64]) -> f64 {
        match self {
            Self::Number(x) => *x,
            Self::Column(place) => row.get(*place).copied().unwrap_or(f64::NAN),
            Self::Of(operation, a, b) => {
                let (a, b) = (a.value(row), b.value(row));
                let value = match operation {
                    Operation::Plus => a + b,
                    Operation::Minus => a - b,
                    Operation::Times => a * b,
                    Operation::Over => a / b,
                };
                if value.is_finite() { value } else { f64::NAN }
            }
        }
    }

    /// The columns it reads.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Column(place) => vec![*place],
            Self::Of(_, a, b) => {
                let mut all = a.columns();
                all.extend(b.columns());
                all.sort_unstable();
                all.dedup();
                all
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    column: &'a dyn Fn(&str) -> Option<usize>,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, n: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(n).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn sum(&mut self, depth: usize) -> Result<Formula, String> {
        self.chain(depth, &[('+', Operation::Plus), ('-', Operation::Minus)], Self::product)
    }

    fn product(&mut self, depth: usize) -> Result<Formula, String> {
        self.chain(depth, &[('*', Operation::Times), ('/', Operation::Over)], Self::part)
    }

    fn chain(
        &mut self,
        depth: usize,
        signs: &[(char, Operation)],
        part: fn(&mut Self, usize) -> Result<Formula, String>,
    ) -> Result<Formula, String> {
        let mut left = part(self, depth)?;
        let mut n = 0;
        while let Some((_, operation)) = self.peek().and_then(|c| signs.iter().find(|(sign, _)| *sign == c)) {
            n += 1;
            if n > DEPTH {
                return Err("it is too long".to_owned());
            }
            self.take(1);
            left = Formula::Of(*operation, Box::new(left), Box::new(part(self, depth)?));
        }
        Ok(left)
    }

    fn part(&mut self, depth: usize) -> Result<Formula, String> {
        if depth > DEPTH {
            return Err("it is too deep".to_owned());
        }
        match self.peek() {
            None => Err("something is missing at the end".to_owned()),
            Some('(') => {
                self.take(1);
                let inner = self.sum(depth + 1)?;
                if self.peek() == Some(')') {
                    self.take(1);
                    Ok(inner)
                } else {
                    Err("a `)` is missing".to_owned())
                }
            }
            Some('-') => {
                self.take(1);
                let inner = self.part(depth + 1)?;
                Ok(Formula::Of(Operation::Minus, Box::new(Formula::Number(0.0)), Box::new(inner)))
            }
            Some('"') => {
                self.take(1);
                let end = self.rest.find('"').ok_or("a `\"` is missing")?;
                let name = self.take(end);
                self.take(1);
                self.named(name)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let is_part = |c: char| c.is_ascii_digit() || c == '.';
                let n = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
                let text = self.take(n);
                text.parse().map(Formula::Number).map_err(|_| format!("`{text}` is not a number"))
            }
            Some(c) if c.is_alphabetic() || c == '_' => {
                let n = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
                let name = self.take(n);
                self.named(name)
            }
            Some(c) => Err(format!("`{c}` is not understood")),
        }
    }

    fn named(&self, name: &str) -> Result<Formula, String> {
        (self.column)(name).map(Formula::Column).ok_or_else(|| format!("there is no column `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<f64, String> {
        let column = |name: &str| ["income", "rent", "months paid"].iter().position(|n| *n == name);
        let formula = Formula::parse(text, &column).map_err(|e| e.to_string())?;
        Ok(formula.value(&[36.0, 12.0, 4.0]))
    }

    #[test]
    fn formulas_by_hand() {
        assert_eq!(value("income - rent / 2 - 1"), Ok(29.0));
        assert_eq!(value("(income - rent) / \"months paid\""), Ok(6.0));
        assert_eq!(value("-2 * -income"), Ok(72.0));
        assert!(value("income / 0").unwrap().is_nan());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(value("income + wage").unwrap_err().contains("there is no column `wage`"));
        assert!(value("(income").unwrap_err().contains("a `)` is missing"));
        assert!(value("income rent").unwrap_err().contains("`r` is left over"));
        assert!(value("").unwrap_err().contains("missing at the end"));
        assert!(value(&"(".repeat(200)).unwrap_err().contains("too deep"));
        assert!(value("1;").unwrap_err().contains("`;` is left over"));
    }
}
