//! Words of a predicate: columns, functions, and what is refused before it is planned.

use datafusion_sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

use super::functions::Functions;
use crate::error::nearest;

/// A word that cannot stand where it does.
pub(crate) struct BadWord {
    pub(crate) at: Location,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

/// Words that keep their meaning in SQL even where a column has the same name; between double quotes they
/// are columns.
const RESERVED: [&str; 21] = [
    "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "BETWEEN", "TRUE", "FALSE", "CASE", "WHEN", "THEN",
    "ELSE", "END", "ESCAPE", "SIMILAR", "DISTINCT", "FROM", "UNKNOWN",
];

/// Statements and clauses that need more than one row.
const CLAUSES: [&str; 10] =
    ["SELECT", "EXISTS", "UNION", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "WITH", "VALUES"];

/// Functions of several rows.
const AGGREGATES: [&str; 17] = [
    "count",
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "median",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var",
    "var_pop",
    "var_samp",
    "variance",
    "array_agg",
    "string_agg",
    "approx_distinct",
];

/// Words before a bracket that are not functions.
const SPECIAL_FORMS: [&str; 16] = [
    "CAST",
    "TRY_CAST",
    "EXTRACT",
    "SUBSTRING",
    "POSITION",
    "TRIM",
    "CEIL",
    "FLOOR",
    "OVERLAY",
    "ANY",
    "ALL",
    "SOME",
    "INTERVAL",
    "DECIMAL",
    "NUMERIC",
    "VARCHAR",
];

/// Puts each column's name between quotes with its exact spelling, so that the parser reads it as it is.
pub(crate) fn resolve(
    mut tokens: Vec<TokenWithSpan>,
    columns: &[String],
    functions: &Functions,
) -> Result<Vec<TokenWithSpan>, BadWord> {
    tokens.retain(|t| !matches!(t.token, Token::Whitespace(_)));
    let kinds: Vec<Option<Token>> = tokens.iter().map(|t| Some(t.token.clone())).collect();
    for (i, token) in tokens.iter_mut().enumerate() {
        let before = i.checked_sub(1).and_then(|i| kinds.get(i)).and_then(Option::as_ref);
        let after = kinds.get(i + 1).and_then(Option::as_ref);
        let at = token.span.start;
        let resolved = match &mut token.token {
            Token::Word(word) => resolve_word(word, before, after, columns, functions),
            Token::Overlap => Err(("`&&` is not SQL".to_owned(), "join conditions with `and`".to_owned())),
            Token::SemiColon => {
                Err(("`;` ends a statement".to_owned(), "a predicate is one condition without `;`".to_owned()))
            }
            Token::Placeholder(name) => {
                Err((format!("there is nothing to put in for `{name}`"), "write the value itself".to_owned()))
            }
            _ => Ok(()),
        };
        resolved.map_err(|(problem, hint)| BadWord { at, problem, hint })?;
    }
    Ok(tokens)
}

fn resolve_word(
    word: &mut Word,
    before: Option<&Token>,
    after: Option<&Token>,
    columns: &[String],
    functions: &Functions,
) -> Result<(), (String, String)> {
    if word.quote_style.is_some() {
        return if columns.contains(&word.value) { Ok(()) } else { Err(unknown(&word.value, columns, true)) };
    }
    let upper = word.value.to_ascii_uppercase();
    let is_text_next = matches!(after, Some(Token::SingleQuotedString(_)));
    let is_type =
        matches!(before, Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("as"));
    let is_part =
        matches!(after, Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("from"));
    let is_cast = matches!(before, Some(Token::DoubleColon));
    if RESERVED.contains(&upper.as_str()) || is_type || is_part || is_cast {
        return Ok(());
    }
    if upper == "OVER" && matches!(before, Some(Token::RParen)) {
        return Err(several_rows("window functions cannot be used"));
    }
    if matches!(after, Some(Token::LParen)) {
        if CLAUSES.contains(&upper.as_str()) {
            return Err(several_rows("subqueries cannot be used"));
        }
        return if SPECIAL_FORMS.contains(&upper.as_str()) { Ok(()) } else { check_function(&word.value, functions) };
    }
    let exact = columns.iter().find(|c| **c == word.value);
    let found = exact.or_else(|| columns.iter().find(|c| c.eq_ignore_ascii_case(&word.value)));
    match found {
        // `date '2020-01-01'` is a date even where a column is called `date`.
        Some(_) if is_text_next => Ok(()),
        Some(name) => {
            *word = Word {
                value: name.clone(),
                quote_style: Some('"'),
                keyword: datafusion_sql::sqlparser::keywords::Keyword::NoKeyword,
            };
            Ok(())
        }
        None if CLAUSES.contains(&upper.as_str()) => Err(several_rows("subqueries and clauses cannot be used")),
        None if word.keyword == datafusion_sql::sqlparser::keywords::Keyword::NoKeyword => {
            Err(unknown(&word.value, columns, false))
        }
        None => Ok(()),
    }
}

fn check_function(name: &str, functions: &Functions) -> Result<(), (String, String)> {
    let lower = name.to_ascii_lowercase();
    if functions.get(&lower).is_some() {
        return Ok(());
    }
    if AGGREGATES.contains(&lower.as_str()) {
        return Err(several_rows(&format!("`{lower}` is a function of many rows")));
    }
    if functions.is_unsteady(&lower) {
        let problem = format!("`{lower}` does not give the same answer each time");
        return Err((problem, "write the value itself, for example '2020-01-01' or 0.5".to_owned()));
    }
    let hint = match nearest(&lower, functions.names()) {
        Some(name) => format!("the nearest function is `{name}`"),
        None => "there are functions of numbers, texts and dates, such as `abs`, `lower` and `date_part`".to_owned(),
    };
    Err((format!("there is no function `{lower}`"), hint))
}

pub(crate) fn unknown(name: &str, columns: &[String], is_quoted: bool) -> (String, String) {
    let hint = match nearest(name, columns.iter().map(String::as_str)) {
        Some(near) if is_quoted => format!("the nearest name is `{near}`; for a text write '{name}'"),
        None if is_quoted => format!("double quotes stand around columns; for a text write '{name}'"),
        Some(near) => format!("the nearest name is `{near}`"),
        None => {
            let some: Vec<&str> = columns.iter().take(8).map(String::as_str).collect();
            format!("the columns are `{}`{}", some.join("`, `"), if columns.len() > 8 { " and others" } else { "" })
        }
    };
    (format!("there is no column `{name}`"), hint)
}

fn several_rows(problem: &str) -> (String, String) {
    (problem.to_owned(), "a predicate looks at one row at a time, for example `age > 30 and sex = 'Male'`".to_owned())
}
