//! A document or a part of it as JSON, in the document's own shape.

use equipoise_document::{Document, Section, Table};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::ViewError;
use crate::frame;

/// The section, or the whole document.
pub(crate) fn section(document: &Document, section_id: Option<&str>) -> Result<String, ViewError> {
    match section_id {
        None => text(document),
        Some(id) => text(frame::section(document, id)?),
    }
}

/// One table by rows: `[{column: cell, …}, …]`. A cell of an estimate is the whole estimate.
pub(crate) fn table(document: &Document, section_id: Option<&str>, table_id: &str) -> Result<String, ViewError> {
    let (section, table) = frame::table(document, section_id, table_id)?;
    rows(section, table)
}

/// A table of a section.
pub(crate) fn rows(section: &Section, table: &Table) -> Result<String, ViewError> {
    let frame = frame::Look::at(section).frame(table);
    let mut objects = Vec::with_capacity(frame.n_rows);
    for row in 0..frame.n_rows {
        let mut object = Map::new();
        for (column, source) in frame.columns.iter().zip(&table.columns) {
            let cell = match column.cell(row) {
                frame::Cell::Empty | frame::Cell::Unknown => Value::Null,
                frame::Cell::Text(text) => json!(text),
                frame::Cell::Boolean(b) => json!(b),
                frame::Cell::Number(x) => match &source.cells {
                    equipoise_document::Cells::Integer(v) => json!(v.get(row)),
                    _ => json!(x),
                },
                frame::Cell::Estimate(e) => serde_json::to_value(e)?,
            };
            object.insert(column.id.to_owned(), cell);
        }
        objects.push(Value::Object(object));
    }
    text(&objects)
}

fn text(value: &impl Serialize) -> Result<String, ViewError> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
