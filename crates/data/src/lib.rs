//! Columns, readers, cohorts, and the engine that makes a pass over rows.

mod bins;
mod chunk;
mod frame;

pub use bins::Bins;
pub use chunk::{Chunk, Column, ColumnInfo, MISSING, PARTITION_ROWS, SAMPLE_ROWS, Schema};
pub use frame::{
    Cohort, Frame, FrameParts, Grouping, GroupingKind, Ids, LengthError, MISSING_GROUP, Rows, Target, Targets,
};
