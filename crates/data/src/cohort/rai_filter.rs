//! Cohorts of the Responsible AI Toolbox, read from its JSON and turned into predicates.

use std::fmt;

use equipoise_document::CohortSpec;
use serde_json::Value;

/// A cohort that cannot be turned into a predicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaiFilterError {
    /// Where in the JSON, for example `cohorts[0].filters[1]`.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub hint: String,
}

impl fmt::Display for RaiFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\nhint: {}", self.place, self.problem, self.hint)
    }
}

impl std::error::Error for RaiFilterError {}

/// Outcomes by the code that the toolbox's page writes.
const OUTCOMES: [&str; 4] = ["tn", "fp", "fn", "tp"];

/// Reads one cohort or a list of cohorts: `{"name": …, "cohort_filter_list": [{"column", "method", "arg"}]}`,
/// with `filters` and `compositeFilters` read as well. Filters of a list must all hold; composites say `and`
/// or `or`.
///
/// | toolbox | predicate |
/// |---|---|
/// | column `Predicted Y`, `True Y` | `_predicted`, `_true`; with `classes` given, a number that is not itself a class is its place in them |
/// | column `Error` | `_error` |
/// | column `Classification outcome` | `_outcome`: 0 true negative, 1 false positive, 2 false negative, 3 true positive, or their names; `Correct prediction` and `Incorrect prediction` compare `_true` with `_predicted` |
/// | column `Index` | `_index`, the row's number in the data from 0 |
/// | `includes`, `equal` | `IN (…)`, `=` |
/// | `excludes` | `NOT IN (…)`, rows without a value included |
/// | `greater`, `greater and equal`, `less`, `less and equal` | `>`, `>=`, `<`, `<=` |
/// | `in the range of` | `BETWEEN`, both ends included |
///
/// The toolbox's server swaps false positives and false negatives; the meaning here is that of its page.
///
/// # Errors
/// Names the place in the JSON and what could not be read.
pub fn cohorts_from_rai(json: &str, classes: &[String]) -> Result<Vec<CohortSpec>, RaiFilterError> {
    let value: Value = serde_json::from_str(json).map_err(|e| RaiFilterError {
        place: "cohorts".to_owned(),
        problem: format!("not valid JSON ({e})"),
        hint: "pass the text of `cohort.to_json()`".to_owned(),
    })?;
    let reader = Reader { classes };
    match &value {
        Value::Array(cohorts) => {
            cohorts.iter().enumerate().map(|(i, c)| reader.cohort(c, &format!("cohorts[{i}]"))).collect()
        }
        cohort => Ok(vec![reader.cohort(cohort, "cohort")?]),
    }
}

struct Reader<'a> {
    classes: &'a [String],
}

impl Reader<'_> {
    fn cohort(&self, cohort: &Value, place: &str) -> Result<CohortSpec, RaiFilterError> {
        let name = cohort
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(|| error(place, "a cohort without a name", "give it a `name`"))?;
        let mut parts = Vec::new();
        for key in ["cohort_filter_list", "filters", "compositeFilters", "composite_filters"] {
            let Some(filters) = cohort.get(key).filter(|f| !f.is_null()) else { continue };
            let list =
                filters.as_array().ok_or_else(|| error(place, &format!("`{key}` is not a list"), "write a list"))?;
            for (i, filter) in list.iter().enumerate() {
                parts.push(self.filter(filter, &format!("{place}.{key}[{i}]"), 0)?);
            }
        }
        let predicate = if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") };
        Ok(CohortSpec { name: name.to_owned(), predicate })
    }

    /// A condition that can be joined by AND and OR without brackets.
    fn filter(&self, filter: &Value, place: &str, depth: usize) -> Result<String, RaiFilterError> {
        if depth > 32 {
            return Err(error(place, "filters nest too deep", "write the cohort as a predicate"));
        }
        if let Some(parts) = filter.get("compositeFilters").or_else(|| filter.get("composite_filters")) {
            let parts = parts.as_array().filter(|p| !p.is_empty());
            let parts = parts.ok_or_else(|| error(place, "a composite without filters", "write a list of filters"))?;
            let operation = filter.get("operation").and_then(Value::as_str).unwrap_or("and").to_ascii_uppercase();
            if operation != "AND" && operation != "OR" {
                let problem = format!("operation `{operation}` is not known");
                return Err(error(place, &problem, "`and` and `or` can be used"));
            }
            let parts = parts.iter().enumerate().map(|(i, f)| self.filter(f, &format!("{place}[{i}]"), depth + 1));
            let parts: Vec<String> = parts.collect::<Result<_, _>>()?;
            return Ok(format!("({})", parts.join(&format!(" {operation} "))));
        }
        let text = |key: &str| {
            let value = filter.get(key).and_then(Value::as_str);
            value.ok_or_else(|| {
                error(place, &format!("a filter without `{key}`"), "a filter has `column`, `method` and `arg`")
            })
        };
        let (column, method) = (text("column")?, text("method")?);
        let arguments = match filter.get("arg") {
            Some(Value::Array(list)) => list.clone(),
            None => return Err(error(place, "a filter without `arg`", "a filter has `column`, `method` and `arg`")),
            Some(single) => vec![single.clone()],
        };
        match column {
            "Index" => condition("_index", method, &arguments, place),
            "Classification outcome" => self.outcome(method, &arguments, place),
            "Predicted Y" => condition("_predicted", method, &self.as_classes(&arguments), place),
            "True Y" => condition("_true", method, &self.as_classes(&arguments), place),
            "Error" => condition("_error", method, &arguments, place),
            name => condition(&quoted(name), method, &arguments, place),
        }
    }

    /// Places of classes as the classes themselves.
    fn as_classes(&self, arguments: &[Value]) -> Vec<Value> {
        let class = |argument: &Value| {
            let is_class = self.classes.contains(&argument.to_string());
            let place = argument.as_u64().filter(|_| !is_class).and_then(|i| usize::try_from(i).ok());
            match place.and_then(|i| self.classes.get(i)) {
                Some(class) => Value::String(class.clone()),
                None if argument.is_number() && is_class => Value::String(argument.to_string()),
                None => argument.clone(),
            }
        };
        arguments.iter().map(class).collect()
    }

    fn outcome(&self, method: &str, arguments: &[Value], place: &str) -> Result<String, RaiFilterError> {
        let mut outcomes = Vec::new();
        for argument in arguments {
            let found = match argument {
                Value::Number(n) => n.as_u64().and_then(|i| OUTCOMES.get(usize::try_from(i).ok()?)).copied(),
                Value::String(text) => match text.to_ascii_lowercase().as_str() {
                    "true negative" => Some("tn"),
                    "false positive" => Some("fp"),
                    "false negative" => Some("fn"),
                    "true positive" => Some("tp"),
                    "correct prediction" => Some("="),
                    "incorrect prediction" => Some("<>"),
                    _ => None,
                },
                _ => None,
            };
            outcomes.push(found.ok_or_else(|| {
                let problem = format!("`{argument}` is not an outcome");
                error(place, &problem, "0 true negative, 1 false positive, 2 false negative, 3 true positive")
            })?);
        }
        if let [sign @ ("=" | "<>")] = outcomes.as_slice() {
            let is_negated = method == "excludes";
            let sign = if (*sign == "=") == is_negated { "<>" } else { "=" };
            return Ok(format!("_true {sign} _predicted"));
        }
        let outcomes: Vec<Value> = outcomes.into_iter().map(Value::from).collect();
        match method {
            "includes" | "excludes" | "equal" => condition("_outcome", method, &outcomes, place),
            other => {
                Err(error(place, &format!("method `{other}` does not fit an outcome"), "use `includes` or `excludes`"))
            }
        }
    }
}

fn condition(column: &str, method: &str, arguments: &[Value], place: &str) -> Result<String, RaiFilterError> {
    let one = || match arguments {
        [argument] => number(argument, place),
        _ => Err(error(place, &format!("method `{method}` needs one argument"), "write one number in `arg`")),
    };
    match method {
        "includes" => membership(column, arguments, place),
        "excludes" => {
            let has_null = arguments.iter().any(Value::is_null);
            let values = literals(arguments, place)?;
            Ok(match (values.is_empty(), has_null) {
                (true, true) => format!("{column} IS NOT NULL"),
                (true, false) => "true".to_owned(),
                (false, true) => format!("{column} NOT IN ({})", values.join(", ")),
                (false, false) => format!("({column} NOT IN ({}) OR {column} IS NULL)", values.join(", ")),
            })
        }
        "equal" => match arguments {
            [argument] => match literals(std::slice::from_ref(argument), place)?.as_slice() {
                [value] => Ok(format!("{column} = {value}")),
                _ => Ok(format!("{column} IS NULL")),
            },
            _ => membership(column, arguments, place),
        },
        "greater" => Ok(format!("{column} > {}", one()?)),
        "greater and equal" => Ok(format!("{column} >= {}", one()?)),
        "less" => Ok(format!("{column} < {}", one()?)),
        "less and equal" => Ok(format!("{column} <= {}", one()?)),
        "in the range of" => match arguments {
            [low, high] => Ok(format!("{column} BETWEEN {} AND {}", number(low, place)?, number(high, place)?)),
            _ => Err(error(place, "method `in the range of` needs two arguments", "write two numbers in `arg`")),
        },
        other => Err(error(
            place,
            &format!("method `{other}` is not known"),
            "`includes`, `excludes`, `equal`, `greater`, `greater and equal`, `less`, `less and equal` and `in the range of` can be used",
        )),
    }
}

fn membership(column: &str, arguments: &[Value], place: &str) -> Result<String, RaiFilterError> {
    let values = literals(arguments, place)?;
    let has_null = arguments.iter().any(Value::is_null);
    Ok(match (values.is_empty(), has_null) {
        (true, true) => format!("{column} IS NULL"),
        (true, false) => "false".to_owned(),
        (false, true) => format!("({column} IN ({}) OR {column} IS NULL)", values.join(", ")),
        (false, false) => format!("{column} IN ({})", values.join(", ")),
    })
}

/// The arguments as SQL, without nulls.
fn literals(arguments: &[Value], place: &str) -> Result<Vec<String>, RaiFilterError> {
    let literal = |value: &Value| match value {
        Value::String(text) => Ok(format!("'{}'", text.replace('\'', "''"))),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(b) => Ok(b.to_string()),
        _ => Err(error(place, &format!("`{value}` is not a value"), "write texts, numbers, true or false")),
    };
    arguments.iter().filter(|v| !v.is_null()).map(literal).collect()
}

fn number(value: &Value, place: &str) -> Result<String, RaiFilterError> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        other => Err(error(place, &format!("`{other}` is not a number"), "write a number in `arg`")),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn error(place: &str, problem: &str, hint: &str) -> RaiFilterError {
    RaiFilterError { place: place.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() }
}
