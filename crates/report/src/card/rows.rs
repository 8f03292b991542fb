//! Some rows of a table, as a table of its own.

use std::collections::HashSet;

use equipoise_document::{Block, Cells, EstimateId, Section, Table, TableColumn};

/// The rows of a table with these numbers, in this order; columns with these ids where some are named.
pub(super) fn some(table: &Table, rows: &[usize], columns: &[&str]) -> Table {
    let picked = |cells: &Cells| match cells {
        Cells::Text(v) => Cells::Text(pick(v, rows)),
        Cells::Number(v) => Cells::Number(pick(v, rows)),
        Cells::Integer(v) => Cells::Integer(pick(v, rows)),
        Cells::Boolean(v) => Cells::Boolean(pick(v, rows)),
        Cells::Estimate(v) => Cells::Estimate(pick(v, rows)),
    };
    let copy = |c: &TableColumn| TableColumn { cells: picked(&c.cells), ..c.clone() };
    let kept: Vec<TableColumn> = if columns.is_empty() {
        table.columns.iter().map(copy).collect()
    } else {
        columns.iter().filter_map(|id| table.get(id)).map(copy).collect()
    };
    Table { id: table.id.clone(), title: table.title.clone(), columns: kept }
}

fn pick<T: Clone>(cells: &[Option<T>], rows: &[usize]) -> Vec<Option<T>> {
    rows.iter().map(|row| cells.get(*row).cloned().flatten()).collect()
}

/// The section with this table alone and the estimates that it shows, so that a chart of it is of these rows.
pub(super) fn section_of(section: &Section, table: Table) -> Section {
    let ids: HashSet<&EstimateId> = table
        .columns
        .iter()
        .filter_map(|c| if let Cells::Estimate(ids) = &c.cells { Some(ids) } else { None })
        .flat_map(|ids| ids.iter().flatten())
        .collect();
    let mut alone = Section::new(&section.id, &section.title, &section.question);
    alone.estimates = section.estimates.iter().filter(|e| ids.contains(&e.id)).cloned().collect();
    alone.tables = vec![table];
    alone
}

/// The words of a column.
pub(super) fn words<'a>(table: &'a Table, column: &str) -> Vec<&'a str> {
    match table.get(column).map(|c| &c.cells) {
        Some(Cells::Text(v)) => v.iter().map(|w| w.as_deref().unwrap_or_default()).collect(),
        _ => Vec::new(),
    }
}

/// The ids of a column of estimates.
pub(super) fn ids<'a>(table: &'a Table, column: &str) -> Vec<Option<&'a EstimateId>> {
    match table.get(column).map(|c| &c.cells) {
        Some(Cells::Estimate(v)) => v.iter().map(Option::as_ref).collect(),
        _ => Vec::new(),
    }
}

/// The numbers of a column; those of its estimates where it shows such.
pub(super) fn numbers(section: &Section, table: &Table, column: &str) -> Vec<Option<f64>> {
    match table.get(column).map(|c| &c.cells) {
        Some(Cells::Number(v)) => v.clone(),
        #[allow(clippy::cast_precision_loss, reason = "counts of rows")]
        Some(Cells::Integer(v)) => v.iter().map(|x| x.map(|x| x as f64)).collect(),
        Some(Cells::Estimate(v)) => {
            v.iter().map(|id| id.as_ref().and_then(|id| section.estimate(id)).and_then(|e| e.value)).collect()
        }
        _ => Vec::new(),
    }
}

/// The block with this id.
pub(super) fn block<'a>(section: &'a Section, id: &str) -> Option<&'a Block> {
    section.blocks.iter().find(|b| b.id == id)
}
