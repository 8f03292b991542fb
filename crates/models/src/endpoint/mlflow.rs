//! MLflow's `/invocations`: rows as `dataframe_split`, answers as `{"predictions": …}`.

use equipoise_data::MISSING;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use crate::{InputColumn, Inputs};

/// The body for rows `start..end`. Missing values are `null`.
pub(super) fn request(features: &[String], rows: &Inputs<'_>, start: usize, end: usize) -> Result<Value, String> {
    if features.len() != rows.columns.len() {
        return Err(format!("the endpoint takes {} columns, but is given {}", features.len(), rows.columns.len()));
    }
    let data: Vec<Value> = (start..end)
        .map(|row| rows.columns.iter().map(|column| cell(column, row)).collect::<Vec<_>>().into())
        .collect();
    Ok(json!({ "dataframe_split": { "columns": features, "data": data } }))
}

/// One value as JSON; whole numbers without decimals.
pub(super) fn cell(column: &InputColumn<'_>, row: usize) -> Value {
    match column {
        InputColumn::Number(values) => number(values.get(row).copied().unwrap_or(f64::NAN)),
        InputColumn::Codes { codes, levels } => {
            let code = codes.get(row).copied().filter(|&code| code != MISSING);
            let name = code.and_then(|code| levels.get(code as usize));
            name.map_or(Value::Null, |name| match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                name => name.into(),
            })
        }
    }
}

/// A number as JSON; NaN and infinity, which JSON has not, as null.
pub(super) fn number(x: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if x.fract() == 0.0 && x.abs() < EXACT { Value::from(x as i64) } else { serde_json::Number::from_f64(x).into() }
}

/// What the answer holds.
pub(super) fn answer(value: &Value, n_rows: usize, classes: Option<&[String]>) -> Result<Answer, String> {
    let found = match value {
        Value::Object(map) => map.get("predictions").ok_or("answers without `predictions`")?,
        // Servers of an older protocol answer with the bare list.
        other => other,
    };
    let entries = found.as_array().ok_or("answers `predictions` that are not a list")?;
    entries_as_answer(entries, n_rows, classes)
}

/// A list with one entry per row: numbers, names, lists of numbers, or maps.
fn entries_as_answer(entries: &[Value], n_rows: usize, classes: Option<&[String]>) -> Result<Answer, String> {
    if entries.len() != n_rows {
        return Err(format!("answers {} predictions for {n_rows} rows", entries.len()));
    }
    match entries.first() {
        Some(Value::Object(first)) => {
            let rows: Option<Vec<&Map<String, Value>>> = entries.iter().map(Value::as_object).collect();
            maps(first, &rows.ok_or("answers maps for some rows only")?, classes)
        }
        Some(Value::Array(first)) => {
            let width = first.len();
            let mut values = Vec::with_capacity(width * n_rows);
            for (row, entry) in entries.iter().enumerate() {
                let list = entry.as_array().filter(|list| list.len() == width && width > 0);
                let list = list.ok_or_else(|| format!("answers another number of values for row {row}"))?;
                for value in list {
                    values.push(value.as_f64().ok_or_else(|| format!("has no number for row {row}"))?);
                }
            }
            if width == 1 {
                let are_whole = entries.iter().flat_map(|e| e.as_array()).flatten().all(is_whole);
                return Ok(Answer::Numbers { values, are_whole, is_probability: false });
            }
            Ok(Answer::Table { width, values })
        }
        Some(Value::String(_) | Value::Bool(_)) => {
            let name = |value: &Value| match value {
                Value::String(name) => Some(name.clone()),
                Value::Bool(name) => Some(name.to_string()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let names: Option<Vec<String>> = entries.iter().map(name).collect();
            Ok(Answer::Names(names.ok_or("has no prediction for some rows")?))
        }
        _ => {
            let none = entries.iter().position(|value| value.as_f64().is_none());
            if let Some(row) = none {
                return Err(format!("has no number for row {row}"));
            }
            let values = entries.iter().filter_map(Value::as_f64).collect();
            Ok(Answer::Numbers { values, are_whole: entries.iter().all(is_whole), is_probability: false })
        }
    }
}

/// Written without decimals.
fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

/// Maps: from each class to its probability, or with a key for what is predicted.
fn maps(
    first: &Map<String, Value>,
    rows: &[&Map<String, Value>],
    classes: Option<&[String]>,
) -> Result<Answer, String> {
    const NAMED: [&str; 8] =
        ["probabilities", "predict_proba", "proba", "probability", "prediction", "predictions", "label", "class"];
    let column = |key: &str| -> Result<Vec<Value>, String> {
        let cell = |(row, map): (usize, &&Map<String, Value>)| {
            map.get(key).cloned().ok_or_else(|| format!("answers without `{key}` for row {row}"))
        };
        rows.iter().enumerate().map(cell).collect()
    };
    if let Some(key) = NAMED.iter().find(|key| first.contains_key(**key)) {
        let answer = entries_as_answer(&column(key)?, rows.len(), classes)?;
        return Ok(match answer {
            Answer::Numbers { values, .. } if key.starts_with("prob") || key.ends_with("proba") => {
                Answer::Numbers { values, are_whole: false, is_probability: true }
            }
            other => other,
        });
    }
    let keys: Vec<String> = classes.map_or_else(|| first.keys().cloned().collect(), <[String]>::to_vec);
    if keys.len() == 1 {
        return entries_as_answer(&column(keys.first().map_or("", String::as_str))?, rows.len(), classes);
    }
    let mut values = Vec::with_capacity(keys.len() * rows.len());
    for (row, map) in rows.iter().enumerate() {
        for key in &keys {
            let value = map.get(key).and_then(Value::as_f64);
            values.push(value.ok_or_else(|| format!("has no probability of `{key}` for row {row}"))?);
        }
    }
    Ok(Answer::Table { width: keys.len(), values })
}
