//! Passes that look at every column on its own.

use super::{Dataset, Rows};
use crate::Chunk;
use crate::assemble::Partition;
use crate::error::DataError;
use crate::read::Asked;
use crate::source::Source;

impl Dataset {
    /// As [`Dataset::reduce`], with a state for each column: `push` gets the place of the column among `columns` and a chunk
    /// that holds nothing else. Where files keep each column together (Parquet) columns are read one by one, which takes
    /// less memory and time than reading them side by side.
    ///
    /// # Errors
    /// As [`Dataset::for_each`].
    pub fn reduce_each<S: Send>(
        &self,
        columns: &[usize],
        start: impl Fn(usize) -> S + Sync,
        push: impl Fn(&mut S, usize, &Chunk) + Sync,
        merge: impl Fn(&mut S, S) + Sync,
    ) -> Result<Vec<S>, DataError> {
        if let Rows::File { source: Source::Parquet(files), asked, .. } = &self.rows {
            let changed = || DataError::Changed { file: self.name.clone() };
            let some: Vec<Asked> = columns.iter().filter_map(|c| asked.get(*c)).copied().collect();
            let (states, n_rows) = files
                .read_apart(
                    &some,
                    &self.control,
                    |place| (place, start(place)),
                    |(place, total), partition| {
                        let Partition { start: first, n_rows, columns: values } = partition;
                        let encoder = columns.get(*place).and_then(|c| self.encoders.get(*c));
                        let column = values.into_iter().next().zip(encoder).and_then(|(v, e)| e.encode(v));
                        let columns = vec![column.ok_or_else(changed)?];
                        let mut state = start(*place);
                        push(&mut state, *place, &Chunk { start: first, n_rows, columns });
                        merge(total, state);
                        Ok(())
                    },
                )
                .map_err(|error| if matches!(error, DataError::Unparsable { .. }) { changed() } else { error })?;
            let is_same = n_rows == self.n_rows || columns.is_empty();
            return if is_same { Ok(states.into_iter().map(|(_, s)| s).collect()) } else { Err(changed()) };
        }
        self.reduce(
            columns,
            || (0..columns.len()).map(&start).collect::<Vec<S>>(),
            |states, chunk| {
                for ((place, state), column) in states.iter_mut().enumerate().zip(&chunk.columns) {
                    push(state, place, &Chunk { columns: vec![column.clone()], ..*chunk });
                }
            },
            |totals, states| totals.iter_mut().zip(states).for_each(|(total, state)| merge(total, state)),
        )
    }
}
