//! The first pass over files that keep each column together, when their rows are too many to be kept: columns are learned one
//! by one.

use std::sync::{Arc, Mutex, PoisonError};

use super::{ColumnPlan, ColumnScan, Scan, Scanned};
use crate::PARTITION_ROWS;
use crate::assemble::Partition;
use crate::error::DataError;
use crate::read::parquet::ParquetFiles;
use crate::read::{Asked, Control};
use crate::sample::RowSample;

impl Scan {
    /// Learns every column of the files on its own; no rows are kept. Leaves what a pass over whole rows would.
    pub(crate) fn by_column(
        files: &ParquetFiles,
        asked: &[Asked],
        plans: &[ColumnPlan],
        control: &Control,
    ) -> Result<Scanned, DataError> {
        let sample = SharedSample::default();
        let start = |slot: usize| plans.get(slot).cloned().map(ColumnScan::of);
        let push = |column: &mut Option<ColumnScan>, partition: Partition| {
            let step = sample.step(partition.start, partition.n_rows);
            if let (Some(column), Some(values)) = (column, partition.columns.first()) {
                column.push(values, &step.rows);
                column.thin(step.stays.as_deref());
            }
            Ok(())
        };
        let (columns, n_rows) = files.read_apart(asked, control, start, push)?;
        let columns = columns.into_iter().flatten().collect();
        let steps = sample.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Self { columns, n_rows, sample: steps.sample, store: None, n_bytes: 0, memory: 0 }.finish())
    }
}

/// Which rows of each partition are sampled: worked out once, by the column that comes there first, for all columns.
#[derive(Default)]
struct SharedSample(Mutex<Steps>);

#[derive(Default)]
struct Steps {
    sample: RowSample,
    done: Vec<Arc<Step>>,
}

/// What a partition does to the sample.
struct Step {
    /// Rows of the partition that are added.
    rows: Vec<usize>,
    /// Which of all sampled rows stay, where there are too many.
    stays: Option<Vec<bool>>,
}

impl SharedSample {
    /// What the partition from row `start` on does to the sample. Every column comes by in the order of the rows.
    fn step(&self, start: usize, n_rows: usize) -> Arc<Step> {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Steps { sample, done } = &mut *steps;
        if let Some(step) = done.get(start / PARTITION_ROWS) {
            return Arc::clone(step);
        }
        let rows = sample.offer(start, n_rows).rows;
        let step = Arc::new(Step { rows, stays: sample.thin(false) });
        done.push(Arc::clone(&step));
        step
    }
}
