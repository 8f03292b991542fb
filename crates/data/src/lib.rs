//! Columns, readers, cohorts, and the engine that makes a pass over rows.

mod chunk;

pub use chunk::{Chunk, Column, ColumnInfo, MISSING, PARTITION_ROWS, SAMPLE_ROWS, Schema};
