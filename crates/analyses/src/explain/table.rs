//! Rows of the model's columns in memory: those that are explained and those of the background.

use std::collections::HashMap;
use std::sync::Arc;

use equipoise_data::{Column, DataError, Dataset, MISSING};

/// Some rows of some columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) n_rows: usize,
}

impl Table {
    /// The rows with these numbers (ascending) out of a dataset.
    pub(crate) fn read(dataset: &Dataset, columns: &[usize], rows: &[u32]) -> Result<Self, DataError> {
        let mut parts: Vec<Vec<Column>> = vec![Vec::new(); columns.len()];
        dataset.for_each(columns, &mut |chunk| {
            let at = |row: usize| rows.partition_point(|r| (*r as usize) < row);
            let range = at(chunk.start)..at(chunk.start + chunk.n_rows);
            let wanted = rows.get(range).unwrap_or_default().iter();
            let places: Vec<usize> = wanted.map(|row| *row as usize - chunk.start).collect();
            if !places.is_empty() {
                for (part, column) in parts.iter_mut().zip(&chunk.columns) {
                    part.push(take(column, &places));
                }
            }
            Ok(())
        })?;
        let columns = parts.into_iter().map(joined).collect();
        Ok(Self { columns, n_rows: rows.len() })
    }

    /// Some of its rows, in this order.
    pub(crate) fn take(&self, rows: &[usize]) -> Self {
        Self { columns: self.columns.iter().map(|c| take(c, rows)).collect(), n_rows: rows.len() }
    }

    /// The same rows with one column in the place of another.
    pub(crate) fn with(&self, place: usize, column: Column) -> Self {
        let mut columns = self.columns.clone();
        if let Some(old) = columns.get_mut(place) {
            *old = column;
        }
        Self { columns, n_rows: self.n_rows }
    }
}

/// Some values of a column.
pub(crate) fn take(column: &Column, rows: &[usize]) -> Column {
    match column {
        Column::Number(values) => {
            Column::Number(rows.iter().map(|r| values.get(*r).copied().unwrap_or(f64::NAN)).collect())
        }
        Column::Codes { codes, levels } => Column::Codes {
            codes: rows.iter().map(|r| codes.get(*r).copied().unwrap_or(MISSING)).collect(),
            levels: Arc::clone(levels),
        },
    }
}

/// One value in every row.
pub(crate) fn repeated(column: &Column, row: usize, n: usize) -> Column {
    match column {
        Column::Number(values) => Column::Number(vec![values.get(row).copied().unwrap_or(f64::NAN); n].into()),
        Column::Codes { codes, levels } => Column::Codes {
            codes: vec![codes.get(row).copied().unwrap_or(MISSING); n].into(),
            levels: Arc::clone(levels),
        },
    }
}

/// Columns of the same kind, one below the other. Names that are listed differently get one list.
pub(crate) fn joined(parts: Vec<Column>) -> Column {
    if let [_] = parts.as_slice() {
        return parts.into_iter().next().unwrap_or_else(|| Column::Number([].into()));
    }
    let first_levels = parts.iter().find_map(|part| match part {
        Column::Codes { levels, .. } => Some(Arc::clone(levels)),
        Column::Number(_) => None,
    });
    let Some(first) = first_levels else {
        let numbers = parts.iter().flat_map(|part| match part {
            Column::Number(values) => values.to_vec(),
            Column::Codes { .. } => Vec::new(),
        });
        return Column::Number(numbers.collect());
    };
    let is_same = |part: &Column| matches!(part, Column::Codes { levels, .. } if *levels == first);
    if parts.iter().all(is_same) {
        let codes = parts.iter().flat_map(|part| match part {
            Column::Codes { codes, .. } => codes.to_vec(),
            Column::Number(_) => Vec::new(),
        });
        return Column::Codes { codes: codes.collect(), levels: first };
    }
    let mut names: Vec<String> = Vec::new();
    let mut index: HashMap<String, u32> = HashMap::new();
    let mut all: Vec<u32> = Vec::new();
    for part in &parts {
        let Column::Codes { codes, levels } = part else { continue };
        // Only names that occur are taken over: text columns bring a list of their own in every part.
        let mut map: HashMap<u32, u32> = HashMap::new();
        for code in codes.iter() {
            let Some(name) = levels.get(*code as usize) else {
                all.push(MISSING);
                continue;
            };
            let place = *map.entry(*code).or_insert_with(|| {
                *index.entry(name.clone()).or_insert_with(|| {
                    names.push(name.clone());
                    u32::try_from(names.len() - 1).unwrap_or(MISSING)
                })
            });
            all.push(place);
        }
    }
    Column::Codes { codes: all.into(), levels: names.into() }
}

/// The value of a row for people.
pub(crate) fn shown(column: &Column, row: usize) -> String {
    match column {
        Column::Number(values) => {
            values.get(row).filter(|x| !x.is_nan()).map_or_else(missing, |x| super::words::number(*x))
        }
        Column::Codes { codes, levels } => {
            codes.get(row).and_then(|c| levels.get(*c as usize)).cloned().unwrap_or_else(missing)
        }
    }
}

fn missing() -> String {
    "(missing)".to_owned()
}
