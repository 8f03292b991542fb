//! Predicates written as cohorts of the Responsible AI Toolbox.

use datafusion_sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value as Literal};
use equipoise_document::CohortSpec;
use serde_json::{Value, json};

use super::predicate::{PredicateType, syntax};
use super::rai_filter::RaiFilterError;

/// Names of outcomes as the toolbox writes them, beside ours.
const OUTCOMES: [(&str, &str); 6] = [
    ("tn", "True negative"),
    ("fp", "False positive"),
    ("fn", "False negative"),
    ("tp", "True positive"),
    ("correct", CORRECT),
    ("incorrect", INCORRECT),
];
const CORRECT: &str = "Correct prediction";
const INCORRECT: &str = "Incorrect prediction";

/// Writes cohorts as the toolbox's JSON: a list of `{"name", "cohort_filter_list"}`, which
/// [`cohorts_from_rai`](super::cohorts_from_rai) reads back to the same rows. `columns` are those that predicates may use,
/// `_true`, `_predicted`, `_error`, `_outcome` and `_index` among them.
///
/// Comparisons of a column with a value, `IN`, `BETWEEN`, `IS NULL`, true/false columns, and what `AND`, `OR` and `NOT`
/// make of them have a form there. `NOT` is carried inward, where a missing value fulfils neither side, as in SQL.
///
/// # Errors
/// Names the cohort and the part that the format cannot hold, for example a function, arithmetic or two columns compared.
///
/// ```
/// use equipoise_data::{PredicateType, cohorts_to_rai};
/// use equipoise_document::CohortSpec;
///
/// let columns = [("age".to_owned(), PredicateType::Number)];
/// let young = CohortSpec { name: "young".into(), predicate: "age < 25".into() };
/// let json = cohorts_to_rai(&[young], &columns).map_err(|e| e.to_string())?;
/// assert!(json.contains("\"method\": \"less\""));
/// # Ok::<(), String>(())
/// ```
pub fn cohorts_to_rai(cohorts: &[CohortSpec], columns: &[(String, PredicateType)]) -> Result<String, RaiFilterError> {
    let one = |cohort: &CohortSpec| {
        let place = format!("cohort `{}`", cohort.name);
        let fail = |problem: String, hint: String| RaiFilterError { place: place.clone(), problem, hint };
        let expr = syntax(&cohort.predicate, columns).map_err(|e| fail(e.problem, e.hint))?;
        let writer = Writer { place: &place, columns };
        let filters = match writer.filter(&expr, false)? {
            Filter::All => Vec::new(),
            Filter::Of(Value::Object(one)) if one.get("operation").and_then(Value::as_str) == Some("and") => {
                one.get("compositeFilters").and_then(Value::as_array).cloned().unwrap_or_default()
            }
            Filter::Of(one) => vec![one],
        };
        Ok(json!({ "name": cohort.name, "cohort_filter_list": filters }))
    };
    let cohorts = cohorts.iter().map(one).collect::<Result<Vec<Value>, RaiFilterError>>()?;
    let mut text = serde_json::to_string_pretty(&cohorts).unwrap_or_default();
    text.push('\n');
    Ok(text)
}

/// What a part of a predicate becomes.
enum Filter {
    /// Every row.
    All,
    /// A filter or a composite.
    Of(Value),
}

struct Writer<'a> {
    place: &'a str,
    columns: &'a [(String, PredicateType)],
}

/// A comparison that the format knows.
#[derive(Clone, Copy)]
enum Sign {
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Sign {
    fn of(op: &BinaryOperator) -> Option<Self> {
        Some(match op {
            BinaryOperator::Eq => Self::Equal,
            BinaryOperator::NotEq => Self::Unequal,
            BinaryOperator::Lt => Self::Less,
            BinaryOperator::LtEq => Self::LessEqual,
            BinaryOperator::Gt => Self::Greater,
            BinaryOperator::GtEq => Self::GreaterEqual,
            _ => return None,
        })
    }

    /// The sign of the contrary.
    fn negated(self) -> Self {
        match self {
            Self::Equal => Self::Unequal,
            Self::Unequal => Self::Equal,
            Self::Less => Self::GreaterEqual,
            Self::LessEqual => Self::Greater,
            Self::Greater => Self::LessEqual,
            Self::GreaterEqual => Self::Less,
        }
    }

    /// The sign with its sides changed.
    fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            same => same,
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Unequal => "excludes",
            Self::Less => "less",
            Self::LessEqual => "less and equal",
            Self::Greater => "greater",
            Self::GreaterEqual => "greater and equal",
        }
    }
}

impl Writer<'_> {
    fn refuse<T>(&self, part: &Expr, why: &str) -> Result<T, RaiFilterError> {
        let hint = "the toolbox's cohorts compare one column with values, joined by and/or; make such a column in the data, or \
                    keep the cohort in a run spec";
        Err(RaiFilterError {
            place: self.place.to_owned(),
            problem: format!("`{part}` has no form in the toolbox's JSON ({why})"),
            hint: hint.to_owned(),
        })
    }

    /// A part, or its contrary.
    fn filter(&self, expr: &Expr, is_negated: bool) -> Result<Filter, RaiFilterError> {
        match expr {
            Expr::Nested(inner) => self.filter(inner, is_negated),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.filter(expr, !is_negated),
            Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
                let is_and = matches!(op, BinaryOperator::And) != is_negated;
                let (left, right) = (self.filter(left, is_negated)?, self.filter(right, is_negated)?);
                Ok(join(left, right, is_and))
            }
            Expr::BinaryOp { left, op, right } => match Sign::of(op) {
                Some(sign) => self.comparison(expr, left, if is_negated { sign.negated() } else { sign }, right),
                None => self.refuse(expr, "it is not a comparison"),
            },
            Expr::InList { expr: column, list, negated } => {
                let (column, kind) = self.column(expr, column)?;
                let values = list.iter().map(|v| self.literal(expr, v)).collect::<Result<Vec<_>, _>>()?;
                if values.iter().any(Value::is_null) {
                    return self.refuse(expr, "a null in a list is never fulfilled");
                }
                self.membership(expr, &column, kind, values, *negated != is_negated)
            }
            Expr::Between { expr: column, negated, low, high } => {
                let (column, _) = self.column(expr, column)?;
                let (low, high) = (self.number(expr, low)?, self.number(expr, high)?);
                if *negated == is_negated {
                    return Ok(atom(&column, "in the range of", vec![low, high]));
                }
                let sides = [atom(&column, "less", vec![low]), atom(&column, "greater", vec![high])];
                let [low, high] = sides;
                Ok(join(low, high, false))
            }
            Expr::IsNull(column) => self.nullness(expr, column, !is_negated),
            Expr::IsNotNull(column) => self.nullness(expr, column, is_negated),
            Expr::Identifier(_) => self.truth(expr, expr, !is_negated),
            Expr::IsTrue(column) if !is_negated => self.truth(expr, column, true),
            Expr::IsFalse(column) if !is_negated => self.truth(expr, column, false),
            Expr::Value(value) => match (&value.value, is_negated) {
                (Literal::Boolean(true), false) | (Literal::Boolean(false), true) => Ok(Filter::All),
                _ => self.refuse(expr, "no row fulfils it"),
            },
            _ => self.refuse(expr, "functions, patterns and other expressions cannot be kept"),
        }
    }

    fn comparison(&self, expr: &Expr, left: &Expr, sign: Sign, right: &Expr) -> Result<Filter, RaiFilterError> {
        if let (Some(a), Some(b)) = (self.name(left), self.name(right)) {
            let is_outcome = ["_true", "_predicted"].iter().all(|n| [a, b].contains(n));
            return match sign {
                Sign::Equal if is_outcome => Ok(atom("Classification outcome", "includes", vec![json!(CORRECT)])),
                Sign::Unequal if is_outcome => Ok(atom("Classification outcome", "includes", vec![json!(INCORRECT)])),
                _ => self.refuse(expr, "it compares two columns"),
            };
        }
        let (column, literal, sign) =
            if self.name(left).is_some() { (left, right, sign) } else { (right, left, sign.turned()) };
        let (column, kind) = self.column(expr, column)?;
        let value = self.literal(expr, literal)?;
        if value.is_null() {
            return self.refuse(expr, "nothing compares with null");
        }
        match sign {
            Sign::Equal if kind == PredicateType::Number && value.is_number() && !self.is_class(&column) => {
                Ok(atom(&column, "equal", vec![value]))
            }
            Sign::Equal => self.membership(expr, &column, kind, vec![value], false),
            Sign::Unequal => self.membership(expr, &column, kind, vec![value], true),
            _ => {
                let value = if value.is_number() { value } else { self.number(expr, literal)? };
                Ok(atom(&column, sign.method(), vec![value]))
            }
        }
    }

    fn membership(
        &self,
        expr: &Expr,
        column: &str,
        kind: PredicateType,
        mut values: Vec<Value>,
        is_negated: bool,
    ) -> Result<Filter, RaiFilterError> {
        if kind == PredicateType::Datetime {
            return self.refuse(expr, "dates have no filter there");
        }
        if column == "Classification outcome" {
            for value in &mut values {
                let name = value.as_str().and_then(|v| OUTCOMES.iter().find(|o| o.0 == v)).map(|o| o.1);
                match name {
                    Some(name) => *value = json!(name),
                    None => return self.refuse(expr, "that is no outcome"),
                }
            }
            let is_plain = values.iter().filter_map(Value::as_str).any(|v| v.ends_with("prediction"));
            if is_plain && values.len() > 1 {
                return self.refuse(expr, "correct and incorrect together are every row");
            }
        }
        if is_negated {
            // SQL leaves out rows without a value; `excludes` alone would keep them.
            if column != "Classification outcome" {
                values.push(Value::Null);
            }
            return Ok(atom(column, "excludes", values));
        }
        Ok(atom(column, "includes", values))
    }

    fn nullness(&self, expr: &Expr, column: &Expr, is_null: bool) -> Result<Filter, RaiFilterError> {
        let (column, _) = self.column(expr, column)?;
        if column == "Classification outcome" {
            return self.refuse(expr, "every row has an outcome");
        }
        Ok(atom(&column, if is_null { "includes" } else { "excludes" }, vec![Value::Null]))
    }

    fn truth(&self, expr: &Expr, column: &Expr, value: bool) -> Result<Filter, RaiFilterError> {
        let (name, kind) = self.column(expr, column)?;
        if kind != PredicateType::Boolean {
            return self.refuse(expr, "it is not true or false");
        }
        Ok(atom(&name, "includes", vec![json!(value)]))
    }

    fn is_class(&self, column: &str) -> bool {
        matches!(column, "True Y" | "Predicted Y")
            && self.columns.iter().any(|(n, t)| n == "_true" && *t == PredicateType::Name)
    }

    /// The name of a column that stands alone.
    fn name<'e>(&self, expr: &'e Expr) -> Option<&'e str> {
        match expr {
            Expr::Nested(inner) => self.name(inner),
            Expr::Identifier(name) => Some(name.value.as_str()),
            _ => None,
        }
    }

    /// A column by the toolbox's name.
    fn column(&self, whole: &Expr, expr: &Expr) -> Result<(String, PredicateType), RaiFilterError> {
        let Some(name) = self.name(expr) else { return self.refuse(whole, "one side must be a column alone") };
        let kind = self.columns.iter().find(|(n, _)| n == name).map(|(_, t)| *t);
        let Some(kind) = kind else { return self.refuse(whole, "it names no column") };
        let name = match name {
            "_true" => "True Y",
            "_predicted" => "Predicted Y",
            "_error" => "Error",
            "_outcome" => "Classification outcome",
            "_index" => "Index",
            "_probability" => return self.refuse(whole, "it has no filter on probabilities"),
            "True Y" | "Predicted Y" | "Error" | "Classification outcome" | "Index" => {
                return self.refuse(whole, "the column's name means something else there");
            }
            name => name,
        };
        Ok((name.to_owned(), kind))
    }

    fn literal(&self, whole: &Expr, expr: &Expr) -> Result<Value, RaiFilterError> {
        match expr {
            Expr::Nested(inner) => self.literal(whole, inner),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                let value = self.number(whole, expr)?;
                let negative = value.as_i64().and_then(i64::checked_neg).map(Value::from);
                let negative = negative.or_else(|| value.as_f64().map(|x| json!(-x)));
                negative.map_or_else(|| self.refuse(whole, "that is not a number"), Ok)
            }
            Expr::Value(value) => match &value.value {
                Literal::Number(text, _) => match serde_json::from_str::<Value>(text) {
                    Ok(value) => Ok(value),
                    Err(_) => match text.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
                        Some(number) => Ok(Value::Number(number)),
                        None => self.refuse(whole, "that is not a number"),
                    },
                },
                Literal::SingleQuotedString(text) => Ok(json!(text)),
                Literal::Boolean(b) => Ok(json!(b)),
                Literal::Null => Ok(Value::Null),
                _ => self.refuse(whole, "that kind of value cannot be kept"),
            },
            _ => self.refuse(whole, "one side must be a plain value"),
        }
    }

    fn number(&self, whole: &Expr, expr: &Expr) -> Result<Value, RaiFilterError> {
        match self.literal(whole, expr)? {
            Value::Number(number) => Ok(Value::Number(number)),
            Value::String(text) => match serde_json::from_str::<serde_json::Number>(&text) {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => self.refuse(whole, "only numbers have an order there"),
            },
            _ => self.refuse(whole, "only numbers have an order there"),
        }
    }
}

/// Two parts joined by `and` or `or`; parts joined alike lie side by side.
fn join(left: Filter, right: Filter, is_and: bool) -> Filter {
    let (left, right) = match (left, right) {
        (Filter::All, other) | (other, Filter::All) if is_and => return other,
        (Filter::All, _) | (_, Filter::All) => return Filter::All,
        (Filter::Of(left), Filter::Of(right)) => (left, right),
    };
    // `NOT IN (…) OR IS NULL` is what `excludes` says by itself.
    if !is_and && let Some(one) = excluded_or_missing(&left, &right).or_else(|| excluded_or_missing(&right, &left)) {
        return Filter::Of(one);
    }
    let operation = if is_and { "and" } else { "or" };
    let mut parts = Vec::new();
    for side in [left, right] {
        match side.get("operation").and_then(Value::as_str) == Some(operation) {
            true => parts.extend(side.get("compositeFilters").and_then(Value::as_array).cloned().unwrap_or_default()),
            false => parts.push(side),
        }
    }
    Filter::Of(json!({ "compositeFilters": parts, "operation": operation }))
}

fn atom(column: &str, method: &str, arguments: Vec<Value>) -> Filter {
    let fields = [("column", json!(column)), ("method", json!(method)), ("arg", Value::Array(arguments))];
    Filter::Of(Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

/// `excludes` without null, where one side excludes values and null and the other includes null alone.
fn excluded_or_missing(excludes: &Value, includes: &Value) -> Option<Value> {
    let of = |v: &Value, key: &str| v.get(key).cloned();
    let is = |v: &Value, method: &str| v.get("method").and_then(Value::as_str) == Some(method);
    let is_null = of(includes, "arg")? == json!([null]);
    if !is(excludes, "excludes")
        || !is(includes, "includes")
        || !is_null
        || of(excludes, "column") != of(includes, "column")
    {
        return None;
    }
    let values: Vec<Value> = excludes.get("arg")?.as_array()?.iter().filter(|v| !v.is_null()).cloned().collect();
    (!values.is_empty()).then(|| json!({ "column": of(excludes, "column"), "method": "excludes", "arg": values }))
}
