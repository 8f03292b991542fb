//! Partitions kept in memory: numbers as they are, names as one to four bytes per row.

use std::sync::Arc;

use crate::assemble::Partition;
use crate::encode::Encoder;
use crate::strings::Strings;
use crate::values::Values;
use crate::{Chunk, Column, MISSING, Shared};

/// One partition at rest.
#[derive(Debug)]
pub(crate) struct StoredPartition {
    start: usize,
    n_rows: usize,
    columns: Vec<StoredColumn>,
}

#[derive(Debug)]
enum StoredColumn {
    Numbers(Shared<f64>),
    /// Codes of this partition's own names, and what they are in the dataset.
    Names {
        codes: Compact,
        names: Names,
    },
}

#[derive(Debug)]
enum Names {
    /// The names themselves: of text for good, of the rest until the first pass is over.
    Local(Strings),
    /// The dataset's codes.
    Settled { codes: Arc<[u32]>, levels: Arc<[String]> },
}

/// Codes in as few bytes as the partition needs; the largest value stands for missing.
#[derive(Debug)]
enum Compact {
    U8(Box<[u8]>),
    U16(Box<[u16]>),
    U32(Box<[u32]>),
}

impl StoredPartition {
    pub(crate) fn of(partition: Partition) -> Self {
        let Partition { start, n_rows, columns } = partition;
        let store = |values| match values {
            Values::Numbers(values) => StoredColumn::Numbers(values.into()),
            Values::Names { codes, levels } => {
                StoredColumn::Names { codes: Compact::of(codes, levels.len()), names: Names::Local(levels) }
            }
        };
        Self { start, n_rows, columns: columns.into_iter().map(store).collect() }
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Bytes that the values take.
    pub(crate) fn n_bytes(&self) -> u64 {
        let size = |column: &StoredColumn| match column {
            StoredColumn::Numbers(values) => values.len() * 8,
            StoredColumn::Names { codes, names } => {
                codes.n_bytes()
                    + match names {
                        Names::Local(strings) => strings.n_bytes(),
                        Names::Settled { codes, .. } => codes.len() * 4,
                    }
            }
        };
        self.columns.iter().map(size).sum::<usize>() as u64
    }

    /// Replaces names by the dataset's codes, once these are known.
    pub(crate) fn settle(&mut self, encoders: &[Encoder]) {
        for (column, encoder) in self.columns.iter_mut().zip(encoders) {
            let StoredColumn::Names { names, .. } = column else { continue };
            let (Encoder::Levels { levels, .. } | Encoder::Booleans { levels }) = encoder else { continue };
            if let Names::Local(strings) = names
                && let Some(codes) = encoder.codes(strings.iter())
            {
                *names = Names::Settled { codes, levels: Arc::clone(levels) };
            }
        }
    }

    /// The asked columns as analyses see them.
    pub(crate) fn chunk(&self, columns: &[usize]) -> Chunk {
        let columns = columns.iter().filter_map(|c| self.columns.get(*c)).map(StoredColumn::column).collect();
        Chunk { start: self.start, n_rows: self.n_rows, columns }
    }
}

impl StoredColumn {
    fn column(&self) -> Column {
        match self {
            Self::Numbers(values) => Column::Number(values.clone()),
            Self::Names { codes, names: Names::Settled { codes: code_of, levels } } => {
                Column::Codes { codes: codes.expand(|c| code_of.get(c).copied()), levels: Arc::clone(levels) }
            }
            Self::Names { codes, names: Names::Local(strings) } => Column::Codes {
                codes: codes.expand(|c| u32::try_from(c).ok()),
                levels: strings.iter().map(str::to_owned).collect(),
            },
        }
    }
}

impl Compact {
    fn of(codes: Vec<u32>, n_levels: usize) -> Self {
        if n_levels < usize::from(u8::MAX) {
            Self::U8(codes.into_iter().map(|c| u8::try_from(c).unwrap_or(u8::MAX)).collect())
        } else if n_levels < usize::from(u16::MAX) {
            Self::U16(codes.into_iter().map(|c| u16::try_from(c).unwrap_or(u16::MAX)).collect())
        } else {
            Self::U32(codes.into())
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::U8(codes) => codes.len(),
            Self::U16(codes) => codes.len() * 2,
            Self::U32(codes) => codes.len() * 4,
        }
    }

    fn expand(&self, code_of: impl Fn(usize) -> Option<u32>) -> Shared<u32> {
        match self {
            Self::U8(codes) => {
                let pick = |c: &u8| if *c == u8::MAX { MISSING } else { code_of(usize::from(*c)).unwrap_or(MISSING) };
                codes.iter().map(pick).collect()
            }
            Self::U16(codes) => {
                let pick = |c: &u16| if *c == u16::MAX { MISSING } else { code_of(usize::from(*c)).unwrap_or(MISSING) };
                codes.iter().map(pick).collect()
            }
            Self::U32(codes) => {
                let pick = |c: &u32| if *c == MISSING { MISSING } else { code_of(*c as usize).unwrap_or(MISSING) };
                codes.iter().map(pick).collect()
            }
        }
    }
}
