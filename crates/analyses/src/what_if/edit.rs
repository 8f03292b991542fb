//! Rows with other values.

use equipoise_data::{Column, MISSING, nearest};

use super::params::{NewValue, RawParams, wrong};
use crate::AnalysisError;
use crate::explain::table::Table;

/// The rows after the edit, and the names that no row had before: column and name.
pub(super) fn edited(
    params: &RawParams,
    names: &[String],
    table: &Table,
) -> Result<(Table, Vec<(String, String)>), AnalysisError> {
    let all = params.set.keys().map(|n| ("set", n));
    let all = all.chain(params.shift.keys().map(|n| ("shift", n))).chain(params.scale.keys().map(|n| ("scale", n)));
    for (parameter, name) in all {
        if !names.contains(name) {
            let near = nearest(name, names.iter().map(String::as_str));
            let list = || names.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
            let hint =
                near.map_or_else(|| format!("the model takes {}", list()), |n| format!("the nearest name is `{n}`"));
            return Err(wrong(parameter, format!("the model takes no column `{name}`"), hint));
        }
    }
    let mut unseen = Vec::new();
    let mut columns = Vec::with_capacity(names.len());
    for (name, column) in names.iter().zip(&table.columns) {
        let mut column = column.clone();
        if let Some(value) = params.set.get(name) {
            column = replaced(name, &column, value, &mut unseen)?;
        }
        let (scale, shift) = (params.scale.get(name), params.shift.get(name));
        if scale.is_some() || shift.is_some() {
            let Column::Number(values) = &column else {
                return Err(wrong(
                    "shift",
                    format!("`{name}` holds names, not numbers"),
                    "give its new value in `set`",
                ));
            };
            let moved = values.iter().map(|x| x * scale.copied().unwrap_or(1.0) + shift.copied().unwrap_or(0.0));
            column = Column::Number(moved.collect());
        }
        columns.push(column);
    }
    Ok((Table { columns, n_rows: table.n_rows }, unseen))
}

/// One value in the place of all.
fn replaced(
    name: &str,
    column: &Column,
    value: &NewValue,
    unseen: &mut Vec<(String, String)>,
) -> Result<Column, AnalysisError> {
    let n = column.len();
    let text = value.text();
    match column {
        Column::Number(_) => {
            let number = match &text {
                None => f64::NAN,
                Some(text) => match text.trim() {
                    "true" => 1.0,
                    "false" => 0.0,
                    other => other.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                        wrong("set", format!("`{name}` holds numbers, and `{other}` is none"), "for example 45")
                    })?,
                },
            };
            Ok(Column::Number(vec![number; n].into()))
        }
        Column::Codes { levels, .. } => {
            let Some(text) = text else {
                return Ok(Column::Codes { codes: vec![MISSING; n].into(), levels: levels.clone() });
            };
            if let Some(code) = levels.iter().position(|l| crate::explain::ask::same_label(l, &text)) {
                let code = u32::try_from(code).unwrap_or(MISSING);
                return Ok(Column::Codes { codes: vec![code; n].into(), levels: levels.clone() });
            }
            unseen.push((name.to_owned(), text.clone()));
            Ok(Column::Codes { codes: vec![0; n].into(), levels: vec![text].into() })
        }
    }
}
