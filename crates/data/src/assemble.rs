//! Batches of any size into partitions of exactly [`PARTITION_ROWS`] rows.

use rayon::prelude::*;

use crate::error::DataError;
use crate::strings::Interner;
use crate::values::{Batch, Values, Want};
use crate::{MISSING, PARTITION_ROWS};

/// One partition. The codes of a column of names are numbered in order of first appearance in the
/// partition, so that a partition never depends on how the source cut its batches.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) start: usize,
    pub(crate) n_rows: usize,
    pub(crate) columns: Vec<Values>,
}

/// Collects batches until a partition is full.
pub(crate) struct Assembler {
    start: usize,
    filled: usize,
    columns: Vec<Building>,
}

enum Building {
    Numbers(Vec<f64>),
    Names { codes: Vec<u32>, levels: Interner },
}

/// Below this many values it is not worth to wake other threads.
const WORTH_SHARING: usize = 100_000;

impl Assembler {
    pub(crate) fn new(wants: impl Iterator<Item = Want>) -> Self {
        let building = |want| match want {
            Want::Number | Want::Datetime => Building::Numbers(Vec::new()),
            Want::Boolean | Want::Names => Building::Names { codes: Vec::new(), levels: Interner::default() },
        };
        Self { start: 0, filled: 0, columns: wants.map(building).collect() }
    }

    /// Takes a batch and hands on the partitions that became full.
    pub(crate) fn push(
        &mut self,
        batch: Batch,
        emit: &mut dyn FnMut(Partition) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let Batch { n_rows, columns: mut values } = batch;
        let mut from = 0;
        while from < n_rows {
            let n = (PARTITION_ROWS - self.filled).min(n_rows - from);
            let is_empty = self.filled == 0;
            let add = |(building, values): (&mut Building, &mut Values)| building.add(values, from, n, is_empty);
            if n * self.columns.len() >= WORTH_SHARING {
                self.columns.par_iter_mut().zip(values.par_iter_mut()).for_each(add);
            } else {
                self.columns.iter_mut().zip(values.iter_mut()).for_each(add);
            }
            self.filled += n;
            from += n;
            if self.filled == PARTITION_ROWS {
                let partition = self.take();
                emit(partition)?;
            }
        }
        Ok(())
    }

    /// Hands on the rows that are left.
    pub(crate) fn finish(mut self, emit: &mut dyn FnMut(Partition) -> Result<(), DataError>) -> Result<(), DataError> {
        if self.filled > 0 {
            let partition = self.take();
            emit(partition)?;
        }
        Ok(())
    }

    fn take(&mut self) -> Partition {
        let columns = self.columns.iter_mut().map(Building::take).collect();
        let partition = Partition { start: self.start, n_rows: self.filled, columns };
        self.start += self.filled;
        self.filled = 0;
        partition
    }
}

impl Building {
    fn add(&mut self, values: &mut Values, from: usize, n: usize, is_empty: bool) {
        match (self, values) {
            (Self::Numbers(into), Values::Numbers(values)) => {
                if is_empty && from == 0 && n == values.len() {
                    *into = std::mem::take(values);
                } else {
                    into.extend(values.iter().skip(from).take(n));
                }
            }
            (Self::Names { codes, levels }, Values::Names { codes: local, levels: names }) => {
                let mut code_of = vec![MISSING; names.len()];
                let mut code = |local: u32| match code_of.get_mut(local as usize) {
                    None => MISSING,
                    Some(code) => {
                        if *code == MISSING {
                            *code = levels.code(names.get(local as usize));
                        }
                        *code
                    }
                };
                if is_empty && from == 0 && n == local.len() {
                    *codes = std::mem::take(local);
                    codes.iter_mut().for_each(|c| *c = code(*c));
                } else {
                    codes.extend(local.iter().skip(from).take(n).map(|c| code(*c)));
                }
            }
            (Self::Numbers(into), Values::Names { .. }) => into.extend(std::iter::repeat_n(f64::NAN, n)),
            (Self::Names { codes, .. }, Values::Numbers(_)) => codes.extend(std::iter::repeat_n(MISSING, n)),
        }
    }

    fn take(&mut self) -> Values {
        match self {
            Self::Numbers(values) => Values::Numbers(std::mem::take(values)),
            Self::Names { codes, levels } => {
                Values::Names { codes: std::mem::take(codes), levels: std::mem::take(levels).into_strings() }
            }
        }
    }
}
