//! Passes over scored rows together with columns of the dataset they come from.

use std::sync::Arc;

use equipoise_kernels::Merge;

use crate::frame::gather;
use crate::{Chunk, Column, DataError, Dataset, Frame, Rows};

impl Frame {
    /// One pass over a cohort's rows together with columns of the dataset they come from.
    ///
    /// # Errors
    /// When the dataset cannot be read again.
    pub fn reduce_with<S: Merge + Send>(
        &self,
        cohort: usize,
        dataset: &Dataset,
        columns: &[usize],
        start: impl Fn() -> S + Sync,
        push: impl Fn(&mut S, &Rows<'_>, &[Column]) + Sync,
    ) -> Result<S, DataError> {
        dataset.reduce(
            columns,
            &start,
            |state, chunk| self.beside(cohort, chunk, |rows, columns| push(state, rows, columns)),
            |total, state| total.merge_from(state),
        )
    }

    /// One pass over all rows for each column on its own: `start` and `push` get the place of the column among `columns`.
    /// Takes less memory and time than [`Frame::reduce_with`] where no row needs two columns.
    ///
    /// # Errors
    /// When the dataset cannot be read again.
    pub fn reduce_each<S: Merge + Send>(
        &self,
        dataset: &Dataset,
        columns: &[usize],
        start: impl Fn(usize) -> S + Sync,
        push: impl Fn(&mut S, usize, &Rows<'_>, &Column) + Sync,
    ) -> Result<Vec<S>, DataError> {
        let one = |state: &mut S, place: usize, chunk: &Chunk| {
            self.beside(0, chunk, |rows, columns| {
                if let Some(column) = columns.first() {
                    push(state, place, rows, column);
                }
            });
        };
        dataset.reduce_each(columns, start, one, |total: &mut S, state: S| total.merge_from(state))
    }

    /// The rows of a cohort that lie in a chunk, with the chunk's columns of these rows.
    fn beside(&self, cohort: usize, chunk: &Chunk, push: impl FnOnce(&Rows<'_>, &[Column])) {
        let chunk_range = chunk.start..chunk.start + chunk.n_rows;
        // Which rows of the frame these are, and where they lie in the chunk.
        let range = match self.row_ids() {
            None => chunk_range.start..chunk_range.end.min(self.n_rows()),
            Some(ids) => {
                let at = |row: usize| ids.partition_point(|id| (*id as usize) < row);
                at(chunk_range.start)..at(chunk_range.end)
            }
        };
        match (self.places(cohort, range.clone()), self.row_ids()) {
            (None, None) => self.with_range(range, |rows| push(rows, &chunk.columns)),
            (places, row_ids) => {
                #[allow(clippy::cast_possible_truncation, reason = "row numbers fit 32 bits")]
                let places = places.unwrap_or_else(|| range.map(|p| p as u32).collect());
                let in_chunk = places.iter().map(|place| {
                    let row = row_ids.map_or(Some(*place), |ids| ids.get(*place as usize).copied());
                    #[allow(clippy::cast_possible_truncation, reason = "row numbers fit 32 bits")]
                    row.unwrap_or_default().saturating_sub(chunk.start as u32)
                });
                let in_chunk: Vec<u32> = in_chunk.collect();
                let columns: Vec<Column> = chunk.columns.iter().map(|c| gather_column(c, &in_chunk)).collect();
                self.with_places(&places, |rows| push(rows, &columns));
            }
        }
    }
}

fn gather_column(column: &Column, places: &[u32]) -> Column {
    match column {
        Column::Number(values) => Column::Number(gather(values, places).into()),
        Column::Codes { codes, levels } => {
            Column::Codes { codes: gather(codes, places).into(), levels: Arc::clone(levels) }
        }
    }
}

#[cfg(test)]
mod tests {
    use equipoise_document::Task;

    use super::*;
    use crate::{FrameParts, MemoryColumn, Targets};

    #[derive(Default)]
    struct Pairs(Vec<(u64, f64, f64)>);

    impl Merge for Pairs {
        fn merge_from(&mut self, other: Self) {
            self.0.extend(other.0);
        }
    }

    /// Rows 0, 3, 6, … were left out of the frame; truth is the row number, the column is its double.
    #[test]
    fn columns_stay_beside_their_rows() {
        let n = 100_000_u32;
        let doubles = (0..n).map(|i| f64::from(i) * 2.0).collect();
        let dataset = Dataset::from_columns(vec![("x".to_owned(), MemoryColumn::Numbers(doubles))]).unwrap();
        let kept: Vec<u32> = (0..n).filter(|i| i % 3 != 0).collect();
        let mut frame = Frame::new(FrameParts {
            task: Task::Regression,
            classes: Arc::from([]),
            truth: Targets::Value(kept.iter().map(|i| f64::from(*i)).collect()),
            row_ids: Some(kept.clone()),
            predicted: None,
            probability: None,
            weight: None,
            groups: Vec::new(),
        })
        .unwrap();
        let members: Vec<bool> = kept.iter().map(|i| i % 5 == 0).collect();
        let fives = frame.add_cohort("fives", "row % 5 = 0", &members);
        let seen = |cohort| {
            let push = |pairs: &mut Pairs, rows: &Rows<'_>, columns: &[Column]| {
                let Some(Column::Number(x)) = columns.first() else { panic!("numbers") };
                assert_eq!(x.len(), rows.len());
                pairs.0.extend((0..rows.len()).map(|i| (rows.id(i), rows.truth.values()[i], x[i])));
            };
            frame.reduce_with(cohort, &dataset, &[0], Pairs::default, push).unwrap().0
        };
        let all = seen(0);
        assert_eq!(all.len(), kept.len());
        assert!(all.iter().all(|(_, truth, x)| (truth * 2.0 - x).abs() < 1e-9));
        assert!(all.iter().enumerate().all(|(place, (id, ..))| *id == place as u64));
        let fives = seen(fives);
        assert_eq!(fives.len(), members.iter().filter(|m| **m).count());
        assert!(fives.iter().all(|(_, truth, x)| (truth * 2.0 - x).abs() < 1e-9 && truth % 5.0 < 1e-9));
    }
}
