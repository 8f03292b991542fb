//! Parquet, one column at a time.
//!
//! The values of a column lie together in a row group. A pass that needs no two columns of a row side by side therefore holds
//! one page and one partition per thread, however many columns there are, and what it holds stays in the processor's cache.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::{ParquetFiles, Share, uneven};
use crate::assemble::{Assembler, Partition};
use crate::error::DataError;
use crate::read::guard::guarded;
use crate::read::{Asked, Control};
use crate::values::Batch;

/// What one column's pass found out beside what its taker made of the values.
#[derive(Default)]
struct Walk {
    /// Rows of each row group, in order.
    lengths: Vec<usize>,
    n_rows: usize,
}

/// What all columns' passes share.
struct Common<'a> {
    control: &'a Control,
    n_columns: usize,
    /// Values delivered so far.
    n_values: AtomicUsize,
    /// The first row of the first batch that could not be read.
    failed_at: AtomicUsize,
}

impl ParquetFiles {
    /// Reads every asked column on its own, several of them at once, each in partitions and in order. Gives what `start` made
    /// for each column and `push` filled, and the number of rows.
    ///
    /// # Errors
    /// That of the earliest rows and, among these, of the first column, whatever the number of threads.
    pub(crate) fn read_apart<S: Send>(
        &self,
        asked: &[Asked],
        control: &Control,
        start: impl Fn(usize) -> S + Sync,
        push: impl Fn(&mut S, Partition) -> Result<(), DataError> + Sync,
    ) -> Result<(Vec<S>, usize), DataError> {
        let common = Common {
            control,
            n_columns: asked.len(),
            n_values: AtomicUsize::new(0),
            failed_at: AtomicUsize::new(usize::MAX),
        };
        let one = |(slot, asked): (usize, Asked)| {
            let (mut state, mut walk) = (start(slot), Walk::default());
            let ended = self.walk(asked, &common, &mut walk, &mut |partition| push(&mut state, partition));
            if ended.is_err() {
                common.failed_at.fetch_min(walk.n_rows, Ordering::Relaxed);
            }
            (slot, walk, ended.map(|()| state))
        };
        // The largest first, so that no thread is left alone with one in the end.
        let mut order: Vec<(usize, Asked)> = asked.iter().copied().enumerate().collect();
        let sizes = self.sizes();
        order.sort_by_key(|(slot, a)| (std::cmp::Reverse(sizes.get(a.column).copied()), *slot));
        let mut columns: Vec<_> = order.into_iter().par_bridge().map(one).collect();
        columns.sort_by_key(|(slot, ..)| *slot);
        let failed =
            columns.iter().filter(|(.., ended)| ended.is_err()).min_by_key(|(slot, walk, _)| (walk.n_rows, *slot));
        if let Some(slot) = failed.map(|(slot, ..)| *slot) {
            let error = columns.into_iter().find(|c| c.0 == slot).and_then(|(.., ended)| ended.err());
            return Err(error.unwrap_or(DataError::Stopped));
        }
        let lengths = columns.first().map(|(_, walk, _)| walk.lengths.clone()).unwrap_or_default();
        let n_rows = lengths.iter().sum();
        let mut states = Vec::with_capacity(columns.len());
        for (_, walk, ended) in columns {
            if let Some(group) = (0..lengths.len()).find(|g| walk.lengths.get(*g) != lengths.get(*g)) {
                return Err(uneven(self.file_of_group(group)));
            }
            states.push(ended?);
        }
        Ok((states, n_rows))
    }

    /// One column from the first row to the last. After an error `walk` tells how far it came.
    fn walk(
        &self,
        asked: Asked,
        common: &Common<'_>,
        walk: &mut Walk,
        push: &mut dyn FnMut(Partition) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let only = [asked];
        let mut assembler = Assembler::new(std::iter::once(asked.ask.want));
        for (file, metadata) in &self.files {
            for group in 0..metadata.metadata().num_row_groups() {
                let open = || self.reader(file, metadata, group, &only, &[0]);
                let mut share = Share { slots: &[0], reader: guarded(&file.name, "Parquet", open)? };
                let before = walk.n_rows;
                loop {
                    common.check(walk.n_rows)?;
                    let next = || share.next(&only, &self.missing, file, &self.columns, walk.n_rows);
                    let Some((n_rows, values)) = guarded(&file.name, "Parquet", next)? else { break };
                    let columns = values.into_iter().map(|(_, values)| values).collect();
                    assembler.push(Batch { n_rows, columns }, push)?;
                    walk.n_rows += n_rows;
                    common.report(n_rows, self.n_rows);
                }
                walk.lengths.push(walk.n_rows - before);
            }
        }
        assembler.finish(push)
    }

    fn file_of_group(&self, group: usize) -> &str {
        let groups = self.files.iter().flat_map(|(file, m)| (0..m.metadata().num_row_groups()).map(move |_| file));
        groups.map(|file| file.name.as_str()).nth(group).unwrap_or_default()
    }
}

impl Common<'_> {
    /// Ends a column's pass when the user stops it, or when what it would find comes after an error of another column.
    fn check(&self, n_rows: usize) -> Result<(), DataError> {
        if n_rows > self.failed_at.load(Ordering::Relaxed) {
            return Err(DataError::Stopped);
        }
        self.control.check()
    }

    #[allow(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    fn report(&self, n_rows: usize, of_rows: usize) {
        let n_values = self.n_values.fetch_add(n_rows, Ordering::Relaxed) + n_rows;
        let done = n_values as f64 / self.n_columns.max(1) as f64;
        self.control.report((n_values / self.n_columns.max(1)) as u64, Some((done / of_rows.max(1) as f64).min(1.0)));
    }
}
