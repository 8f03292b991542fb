//! Comma-separated values (RFC 4180): estimates in long form, or one table.
//!
//! Numbers stand as they are in the document: in full, shares as 0–1. Missing is empty; the reason has a column
//! of its own. A text that a spreadsheet would take for a formula (`=`, `+`, `-`, `@` first) is preceded by an
//! apostrophe, since column names and values come from the data.

use equipoise_document::{Cells, Document, Estimate, Missing, Section, Table, Unit};

use crate::error::ViewError;
use crate::frame;

const HEADER: [&str; 14] = [
    "id",
    "value",
    "low",
    "high",
    "level",
    "method",
    "n",
    "n_effective",
    "unit",
    "better",
    "p_value",
    "p_adjusted",
    "missing",
    "small",
];

/// The estimates of a section, or of all of them.
pub(crate) fn estimates(document: &Document, section_id: Option<&str>) -> Result<String, ViewError> {
    let sections: Vec<&Section> = match section_id {
        None => document.sections.iter().collect(),
        Some(id) => vec![frame::section(document, id)?],
    };
    let mut out = record(HEADER.iter().map(|h| (*h).to_owned()));
    for estimate in sections.iter().flat_map(|s| &s.estimates) {
        out.push_str(&record(fields(estimate)));
    }
    Ok(out)
}

/// One table. An estimate takes four columns: its value, `_low`, `_high` and `_missing`.
pub(crate) fn table(document: &Document, section_id: Option<&str>, table_id: &str) -> Result<String, ViewError> {
    let (section, table) = frame::table(document, section_id, table_id)?;
    Ok(rows(section, table))
}

/// A table of a section.
pub(crate) fn rows(section: &Section, table: &Table) -> String {
    let look = frame::Look::at(section);
    let mut columns: Vec<(String, Vec<String>)> = Vec::new();
    for column in &table.columns {
        let id = text(&column.id);
        match &column.cells {
            Cells::Text(v) => {
                columns.push((id, v.iter().map(|c| c.as_deref().map(text).unwrap_or_default()).collect()));
            }
            Cells::Number(v) => columns.push((id, v.iter().map(|c| number(*c)).collect())),
            Cells::Integer(v) => {
                columns.push((id, v.iter().map(|c| c.map(|x| x.to_string()).unwrap_or_default()).collect()));
            }
            Cells::Boolean(v) => {
                columns.push((id, v.iter().map(|c| c.map(|b| b.to_string()).unwrap_or_default()).collect()));
            }
            Cells::Estimate(v) => {
                let found: Vec<Option<&Estimate>> =
                    v.iter().map(|c| c.as_ref().and_then(|id| look.estimate(id))).collect();
                let of = |read: &dyn Fn(&Estimate) -> String| {
                    found.iter().map(|e| e.map(read).unwrap_or_default()).collect::<Vec<String>>()
                };
                columns.push((id.clone(), of(&|e| number(e.value))));
                columns.push((format!("{id}_low"), of(&|e| number(e.interval.as_ref().map(|i| i.low)))));
                columns.push((format!("{id}_high"), of(&|e| number(e.interval.as_ref().map(|i| i.high)))));
                columns.push((
                    format!("{id}_missing"),
                    of(&|e| e.missing.map(Missing::code).unwrap_or_default().to_owned()),
                ));
            }
        }
    }
    let mut out = record(columns.iter().map(|(id, _)| id.clone()));
    for row in 0..table.n_rows() {
        out.push_str(&record(columns.iter().map(|(_, cells)| cells.get(row).cloned().unwrap_or_default())));
    }
    out
}

fn fields(estimate: &Estimate) -> Vec<String> {
    let interval = estimate.interval.as_ref();
    let p = estimate.p_value.as_ref();
    vec![
        text(&estimate.id.to_string()),
        number(estimate.value),
        number(interval.map(|i| i.low)),
        number(interval.map(|i| i.high)),
        number(interval.map(|i| i.level)),
        text(interval.map_or("", |i| &i.method)),
        estimate.n.to_string(),
        number(estimate.n_effective),
        text(&unit_code(&estimate.unit)),
        serde_json::to_value(estimate.better).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
        number(p.map(|p| p.value)),
        number(p.and_then(|p| p.adjusted)),
        estimate.missing.map(Missing::code).unwrap_or_default().to_owned(),
        estimate.small.to_string(),
    ]
}

fn unit_code(unit: &Unit) -> String {
    match unit {
        Unit::Plain => String::new(),
        Unit::Share => "share".to_owned(),
        Unit::Rows => "rows".to_owned(),
        Unit::Nats => "nats".to_owned(),
        Unit::Target => "target".to_owned(),
        Unit::TargetSquared => "target_squared".to_owned(),
        Unit::Named(name) => name.clone(),
    }
}

/// The shortest digits that read back as the same number.
fn number(x: Option<f64>) -> String {
    x.filter(|x| x.is_finite()).map(|x| x.to_string()).unwrap_or_default()
}

/// A text that no spreadsheet takes for a formula.
fn text(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn record(fields: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|f| quoted(&f)).collect();
    format!("{}\n", fields.join(","))
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) || field.starts_with(' ') || field.ends_with(' ') {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(record(["a,b".to_owned(), "say \"x\"".to_owned(), "c".to_owned()]), "\"a,b\",\"say \"\"x\"\"\",c\n");
        assert_eq!(quoted(&text("=HYPERLINK(1)")), "'=HYPERLINK(1)");
        assert_eq!(number(Some(-0.1)), "-0.1");
    }
}
