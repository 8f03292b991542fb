//! What rows from memory are told by: a digest of what passes see of them.

use equipoise_data::{Chunk, Column, DataError, Dataset, MISSING};
use sha2::{Digest as _, Sha256};

/// What a digest is over. It is written first, so that another way of writing gives another digest.
const WAY: &[u8] = b"equipoise rows 1\n";

/// SHA-256 of the rows of a dataset as passes see them, as hexadecimal digits.
///
/// It is over the number of rows and, for each column in order, its name and its parts of
/// [`equipoise_data::PARTITION_ROWS`] rows: numbers, times and truth values in the form that analyses read, names in the order
/// in which they first occur. So the same values give the same digest whichever library held them, in whatever encoding:
/// numbers as doubles, any missing value alike, the order of categories and those without a row left aside.
pub(crate) fn sha256(dataset: &Dataset) -> Result<String, DataError> {
    let names: Vec<&str> = dataset.schema().names().collect();
    let columns: Vec<usize> = (0..names.len()).collect();
    let start = || vec![Vec::new(); columns.len()];
    let push = |parts: &mut Vec<Vec<u8>>, chunk: &Chunk| {
        for (part, column) in parts.iter_mut().zip(&chunk.columns) {
            part.extend_from_slice(&Sha256::digest(written(column)));
        }
    };
    let merge = |all: &mut Vec<Vec<u8>>, next: Vec<Vec<u8>>| {
        for (all, next) in all.iter_mut().zip(next) {
            all.extend(next);
        }
    };
    let parts = dataset.reduce(&columns, start, push, merge)?;
    let mut digest = Sha256::new_with_prefix(WAY);
    digest.update((dataset.n_rows() as u64).to_le_bytes());
    for (name, part) in names.into_iter().zip(parts) {
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name);
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    Ok(hex::encode(digest.finalize()))
}

/// The values of a column in one part, in one form.
fn written(column: &Column) -> Vec<u8> {
    match column {
        Column::Number(values) => {
            let mut bytes = Vec::with_capacity(values.len() * 8 + 1);
            bytes.push(b'n');
            for value in values.iter() {
                // One form of missing, and one of zero.
                let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
                bytes.extend_from_slice(&value.to_le_bytes());
            }
            bytes
        }
        Column::Codes { codes, levels } => {
            let mut place = vec![MISSING; levels.len()];
            let mut found: Vec<&str> = Vec::new();
            let mut bytes = Vec::with_capacity(codes.len() * 4 + 1);
            bytes.push(b'c');
            for code in codes.iter() {
                let code = match place.get_mut(*code as usize) {
                    None => MISSING,
                    Some(place) => {
                        if *place == MISSING {
                            *place = u32::try_from(found.len()).unwrap_or(MISSING);
                            found.extend(levels.get(*code as usize).map(String::as_str));
                        }
                        *place
                    }
                };
                bytes.extend_from_slice(&code.to_le_bytes());
            }
            for name in found {
                bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
                bytes.extend_from_slice(name.as_bytes());
            }
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use equipoise_data::MemoryColumn;

    fn digest(columns: Vec<(&str, MemoryColumn)>) -> String {
        let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect();
        sha256(&Dataset::from_columns(columns).unwrap()).unwrap()
    }

    fn words(values: &[&str]) -> MemoryColumn {
        MemoryColumn::Names(values.iter().map(|v| (!v.is_empty()).then(|| (*v).to_owned())).collect())
    }

    fn numbers(values: &[f64]) -> MemoryColumn {
        MemoryColumn::Numbers(values.to_vec())
    }

    #[test]
    fn it_is_of_values_names_and_order() {
        let as_is = digest(vec![("x", numbers(&[1.0, 0.0, f64::NAN])), ("c", words(&["b", "a", ""]))]);
        assert_eq!(as_is.len(), 64);
        let same = digest(vec![("x", numbers(&[1.0, -0.0, -f64::NAN])), ("c", words(&["b", "a", ""]))]);
        assert_eq!(as_is, same);
        for other in [
            vec![("x", numbers(&[1.0, 0.0, 2.0])), ("c", words(&["b", "a", ""]))],
            vec![("x", numbers(&[1.0, 0.0, f64::NAN])), ("c", words(&["a", "b", ""]))],
            vec![("x", numbers(&[1.0, 0.0, f64::NAN])), ("c", words(&["b", "", "a"]))],
            vec![("y", numbers(&[1.0, 0.0, f64::NAN])), ("c", words(&["b", "a", ""]))],
            vec![("c", words(&["b", "a", ""])), ("x", numbers(&[1.0, 0.0, f64::NAN]))],
            vec![("x", numbers(&[1.0, 0.0, f64::NAN]))],
        ] {
            assert_ne!(as_is, digest(other));
        }
    }

    #[test]
    fn the_order_of_categories_is_left_aside() {
        let column = |levels: &[&str], codes: &[u32]| Column::Codes {
            codes: codes.to_vec().into(),
            levels: levels.iter().map(|l| (*l).to_owned()).collect(),
        };
        let as_is = written(&column(&["a", "b"], &[1, 0, MISSING, 1]));
        assert_eq!(as_is, written(&column(&["unused", "b", "a"], &[1, 2, MISSING, 1])));
        assert_ne!(as_is, written(&column(&["b", "a"], &[1, 0, MISSING, 1])));
    }
}
