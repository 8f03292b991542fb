//! One predicate: parsed once, judged partition by partition.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_expr::{ColumnarValue, Expr, ExprSchemable};
use datafusion_optimizer::simplify_expressions::ExprSimplifier;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion_sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion_sql::sqlparser::dialect::GenericDialect;
use datafusion_sql::sqlparser::parser::{Parser, ParserError};
use datafusion_sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use equipoise_document::ColumnType;

use super::arrays::{array_of, arrow_type};
use super::error::PredicateError;
use super::functions::Functions;
use super::names::{resolve, unknown};
use crate::Column;
use crate::error::lower_first;

/// How a predicate sees a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredicateType {
    /// A number; NaN is null.
    Number,
    /// A date and time, comparable with `'2020-01-31'`.
    Datetime,
    /// True or false, usable alone: `is_member and age > 30`.
    Boolean,
    /// A text.
    Name,
}

impl From<ColumnType> for PredicateType {
    fn from(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Numeric => Self::Number,
            ColumnType::Datetime => Self::Datetime,
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Categorical | ColumnType::Text => Self::Name,
        }
    }
}

/// A condition on one row, in SQL: comparisons, `IN`, `BETWEEN`, `LIKE`, `IS NULL`, `AND`, `OR`, `NOT`,
/// arithmetic, `CASE`, and functions of numbers, texts and dates.
///
/// A name without quotes is a column spelled so, or else one that differs in case only; names with spaces or
/// signs stand between double quotes, texts between single ones. A row for which the condition is null, for
/// example because a value is missing, does not belong to the cohort.
///
/// ```
/// use equipoise_data::{Column, Predicate, PredicateType};
///
/// let columns = [("age".to_owned(), PredicateType::Number)];
/// let predicate = Predicate::parse("age between 30 and 40", &columns)?;
/// let ages = Column::Number(vec![29.0, 30.0, f64::NAN].into());
/// assert_eq!(predicate.evaluate(3, &[ages])?, [false, true, false]);
/// # Ok::<(), equipoise_data::PredicateError>(())
/// ```
#[derive(Debug)]
pub struct Predicate {
    text: String,
    columns: Vec<usize>,
    types: Vec<PredicateType>,
    schema: SchemaRef,
    expression: Arc<dyn PhysicalExpr>,
}

/// Words and signs in one predicate; lists of values may be longer than the rest.
const MOST_TOKENS: usize = 20_000;

/// Operators in one predicate, which bounds how deep it nests.
const MOST_OPERATORS: usize = 256;

/// Bytes of stack for planning; only what is used of them is ever taken.
const PLANNING_STACK: usize = 64 << 20;

impl Predicate {
    /// Reads a predicate over the named columns.
    ///
    /// # Errors
    /// Points at the place: unknown columns and functions, with the nearest name; subqueries, aggregates,
    /// window functions, functions of time and chance; types that cannot be compared; a result that is not
    /// true or false.
    pub fn parse(text: &str, columns: &[(String, PredicateType)]) -> Result<Self, PredicateError> {
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let reader = Reader { text, names: &names };
        let functions = Functions::default();
        let tokens = reader.tokens(&functions)?;
        let used = used_columns(&tokens, &names);
        let field = |i: &usize| columns.get(*i).map(|(name, t)| Field::new(name, arrow_type(*t), true));
        let schema: SchemaRef = Arc::new(ArrowSchema::new(used.iter().filter_map(field).collect::<Vec<_>>()));
        let expression = reader.on_a_deep_stack(|| reader.plan(tokens, &schema, &functions))?;
        let types = used.iter().filter_map(|i| columns.get(*i)).map(|(_, t)| *t).collect();
        Ok(Self { text: text.to_owned(), columns: used, types, schema, expression })
    }

    /// The predicate as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which of the columns given to [`Predicate::parse`] are used, ascending.
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Judges rows: `columns` are the used ones in the order of [`Predicate::columns`].
    ///
    /// # Errors
    /// Columns of another kind than was said, and arithmetic that fails on a row, such as a text that is
    /// cast to a number and is none.
    pub fn evaluate(&self, n_rows: usize, columns: &[Column]) -> Result<Vec<bool>, PredicateError> {
        let fail = |error: DataFusionError| self.failed(&error);
        let arrays = columns.iter().zip(&self.types).map(|(column, t)| array_of(column, *t)).collect::<Result<_, _>>();
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let batch = arrays
            .and_then(|arrays| RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options))
            .map_err(|e| fail(e.into()))?;
        match self.expression.evaluate(&batch).map_err(fail)? {
            ColumnarValue::Array(array) => match array.as_boolean_opt() {
                Some(array) => Ok(array.iter().map(|b| b == Some(true)).collect()),
                None => Ok(vec![false; array.len()]),
            },
            ColumnarValue::Scalar(value) => {
                let is_true = value == datafusion_common::ScalarValue::Boolean(Some(true));
                Ok(vec![is_true; n_rows])
            }
        }
    }

    fn failed(&self, error: &DataFusionError) -> PredicateError {
        PredicateError {
            text: self.text.clone(),
            place: None,
            problem: say(error),
            hint: "compare numbers with numbers and texts with 'texts'; a function or cast must fit every value"
                .to_owned(),
        }
    }
}

/// The syntax of a predicate, its columns spelled as they are, once it is known to be one.
pub(super) fn syntax(
    text: &str,
    columns: &[(String, PredicateType)],
) -> Result<datafusion_sql::sqlparser::ast::Expr, PredicateError> {
    Predicate::parse(text, columns)?;
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let reader = Reader { text, names: &names };
    let tokens = reader.tokens(&Functions::default())?;
    let mut parser = Parser::new(&GenericDialect {}).with_recursion_limit(64).with_tokens_with_locations(tokens);
    parser.parse_expr().map_err(|e| reader.parser_error(&e))
}

struct Reader<'a> {
    text: &'a str,
    names: &'a [String],
}

impl Reader<'_> {
    /// Planning calls itself once for each level of nesting; the bound on operators keeps that within this
    /// stack, whatever thread asked.
    fn on_a_deep_stack<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, PredicateError> + Send,
    ) -> Result<T, PredicateError> {
        let done = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(PLANNING_STACK).spawn_scoped(scope, work);
            thread.ok().and_then(|thread| thread.join().ok())
        });
        let failed = || self.error(None, "it could not be planned".to_owned(), "try a shorter predicate");
        done.unwrap_or_else(|| Err(failed()))
    }

    fn tokens(&self, functions: &Functions) -> Result<Vec<TokenWithSpan>, PredicateError> {
        let tokens = Tokenizer::new(&GenericDialect {}, self.text).tokenize_with_location().map_err(|e| {
            self.error(Some(e.location), lower_first(&e.message), "a text stands between single quotes: 'Male'")
        })?;
        let is_operator = |t: &&TokenWithSpan| match &t.token {
            Token::Word(word) => {
                word.quote_style.is_none() && ["and", "or", "not"].iter().any(|w| word.value.eq_ignore_ascii_case(w))
            }
            Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod | Token::StringConcat => true,
            _ => false,
        };
        if tokens.len() > MOST_TOKENS || tokens.iter().filter(is_operator).count() > MOST_OPERATORS {
            let problem = format!("it has more than {MOST_OPERATORS} operators or {MOST_TOKENS} words");
            return Err(self.error(None, problem, "use `in (…)` for lists of values"));
        }
        if tokens.iter().all(|t| matches!(t.token, Token::Whitespace(_) | Token::EOF)) {
            return Err(self.error(None, "it is empty".to_owned(), "for example `age > 30 and sex = 'Male'`"));
        }
        resolve(tokens, self.names, functions).map_err(|bad| self.error(Some(bad.at), bad.problem, &bad.hint))
    }

    fn plan(
        &self,
        tokens: Vec<TokenWithSpan>,
        schema: &SchemaRef,
        functions: &Functions,
    ) -> Result<Arc<dyn PhysicalExpr>, PredicateError> {
        let mut parser = Parser::new(&GenericDialect {}).with_recursion_limit(64).with_tokens_with_locations(tokens);
        let parsed = parser.parse_expr().map_err(|e| self.parser_error(&e))?;
        let rest = parser.peek_token();
        if rest.token != Token::EOF {
            let shown = match &rest.token {
                Token::Word(word) => word.value.clone(),
                token => token.to_string(),
            };
            let problem = format!("`{shown}` is not expected here");
            return Err(self.error(Some(rest.span.start), problem, "join conditions with `and` or `or`"));
        }
        let plan_error = |e: DataFusionError| self.plan_error(&e);
        let schema = DFSchema::try_from(Arc::clone(schema)).map_err(plan_error)?;
        let options = ParserOptions { enable_ident_normalization: false, ..ParserOptions::default() };
        let planner = SqlToRel::new_with_options(functions, options);
        let expr = planner.sql_to_expr(parsed, &schema, &mut PlannerContext::new()).map_err(plan_error)?;
        self.refuse_foreign(&expr)?;
        let schema = Arc::new(schema);
        let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::clone(&schema)).build());
        let expr = simplifier.coerce(expr, &schema).map_err(plan_error)?;
        let result = expr.get_type(schema.as_ref()).map_err(plan_error)?;
        if !matches!(result, DataType::Boolean | DataType::Null) {
            let what = if result.is_numeric() { "a number" } else { "a value" };
            let problem = format!("it gives {what}, not true or false");
            return Err(self.error(None, problem, "compare it with something, for example `age > 30`"));
        }
        let expr = simplifier.simplify(expr).map_err(plan_error)?;
        create_physical_expr(&expr, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())
            .map_err(plan_error)
    }

    /// Whatever slipped through the words and is not about one row.
    fn refuse_foreign(&self, expr: &Expr) -> Result<(), PredicateError> {
        let mut is_foreign = false;
        let walked = expr.apply(|e| {
            is_foreign |= matches!(
                e,
                Expr::AggregateFunction(_)
                    | Expr::WindowFunction(_)
                    | Expr::Exists(_)
                    | Expr::InSubquery(_)
                    | Expr::ScalarSubquery(_)
                    | Expr::SetComparison(_)
                    | Expr::Placeholder(_)
                    | Expr::ScalarVariable(_, _)
                    | Expr::OuterReferenceColumn(_, _)
            );
            Ok(TreeNodeRecursion::Continue)
        });
        if is_foreign || walked.is_err() {
            let hint = "a predicate looks at one row at a time, for example `age > 30`";
            return Err(self.error(None, "subqueries, aggregates and parameters cannot be used".to_owned(), hint));
        }
        Ok(())
    }

    fn parser_error(&self, error: &ParserError) -> PredicateError {
        let text = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
            ParserError::RecursionLimitExceeded => "it nests too deep",
        };
        let (problem, at) = cut_location(text);
        let problem = lower_first(problem).replace("EOF", "the end");
        let at = at.or_else(|| problem.contains("the end").then(|| self.end()));
        self.error(at, problem, "for example `age > 30 and sex = 'Male'`")
    }

    fn plan_error(&self, error: &DataFusionError) -> PredicateError {
        if let DataFusionError::SchemaError(e, _) = error.find_root()
            && let datafusion_common::SchemaError::FieldNotFound { field, .. } = e.as_ref()
        {
            let (problem, hint) = unknown(&field.name, self.names, false);
            return self.error(self.find(&field.name), problem, &hint);
        }
        self.error(None, say(error), "compare numbers with numbers, texts with 'texts' and dates with '2020-01-31'")
    }

    fn error(&self, at: Option<Location>, problem: String, hint: &str) -> PredicateError {
        let place = at
            .filter(|l| l.line > 0)
            .and_then(|l| Some((usize::try_from(l.line).ok()?, usize::try_from(l.column).ok()?)));
        PredicateError { text: self.text.to_owned(), place, problem, hint: hint.to_owned() }
    }

    fn find(&self, word: &str) -> Option<Location> {
        let tokens = Tokenizer::new(&GenericDialect {}, self.text).tokenize_with_location().ok()?;
        tokens.iter().find(|t| matches!(&t.token, Token::Word(w) if w.value == word)).map(|t| t.span.start)
    }

    fn end(&self) -> Location {
        let n_lines = self.text.lines().count().max(1);
        let last = self.text.lines().last().unwrap_or("");
        Location { line: n_lines as u64, column: last.chars().count() as u64 + 1 }
    }
}

/// The columns that the resolved tokens name, ascending.
fn used_columns(tokens: &[TokenWithSpan], names: &[String]) -> Vec<usize> {
    let quoted = |t: &TokenWithSpan| match &t.token {
        Token::Word(word) if word.quote_style.is_some() => names.iter().position(|n| *n == word.value),
        _ => None,
    };
    let mut used: Vec<usize> = tokens.iter().filter_map(quoted).collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// The text without the place at its end, and the place.
fn cut_location(text: &str) -> (&str, Option<Location>) {
    let Some((head, place)) = text.rsplit_once(" at Line: ") else { return (text, None) };
    let numbers = place.split_once(", Column: ").and_then(|(l, c)| Some((l.parse().ok()?, c.trim().parse().ok()?)));
    (head, numbers.map(|(line, column)| Location { line, column }))
}

/// The message without what only matters to programmers.
fn say(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    let mut text = text.lines().next().unwrap_or("").trim_end_matches('.');
    while let Some((head, rest)) = text.split_once(": ")
        && (head.ends_with("error") || head.starts_with("Error during") || head.starts_with("This feature"))
    {
        text = rest;
    }
    let mut text = lower_first(text);
    let words = [
        ("Dictionary(Int32, Utf8)", "text"),
        ("Utf8View", "text"),
        ("Utf8", "text"),
        ("String", "text"),
        ("Float64", "number"),
        ("Int64", "whole number"),
        ("Int32", "whole number"),
        ("Numeric", "number"),
        ("Boolean", "true/false"),
        ("Timestamp(µs)", "date"),
    ];
    for (theirs, ours) in words {
        text = text.replace(theirs, ours);
    }
    text
}
