//! Columns, readers, cohorts, and the engine that makes a pass over rows.

mod assemble;
mod bins;
mod chunk;
mod cohort;
mod dataset;
mod datetime;
mod encode;
mod error;
mod fingerprint;
mod frame;
mod frame_features;
mod frame_part;
mod number;
mod read;
mod sample;
mod scan;
mod shared;
mod source;
mod store;
mod strings;
mod table_file;
mod table_writer;
mod values;

pub use bins::Bins;
pub use chunk::{Chunk, Column, ColumnInfo, MISSING, PARTITION_ROWS, SAMPLE_ROWS, Schema};
pub use cohort::{Predicate, PredicateError, PredicateType, RaiFilterError, cohorts_from_rai, cohorts_to_rai};
pub use dataset::{Dataset, MemoryColumn, OpenOptions};
pub use error::{DataError, Place, nearest, unknown_column};
pub use fingerprint::FileFingerprint;
pub use frame::{
    Cohort, Frame, FrameParts, Grouping, GroupingKind, Ids, LengthError, MISSING_GROUP, Rows, Target, Targets,
};
pub use read::{OnProgress, Progress};
pub use sample::SampledRows;
pub use shared::Shared;
pub use source::SkippedColumn;
pub use table_file::{TableFile, TableFileError};
pub use table_writer::TableWriter;
