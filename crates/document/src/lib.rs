//! The waist of Equipoise: a [`RunSpec`] goes in, a self-describing [`Document`] comes out.
//!
//! Everything that is computed passes through these types. What draws, judges or stores a result sees
//! nothing else, and nothing here knows about files, models or algorithms.

mod assessment;
mod block;
mod estimate;
mod id;
mod lines;
mod note;
mod section;
mod spec;
mod table;

pub use assessment::{
    Artifact, CohortSummary, ColumnSummary, DatasetSummary, Document, DocumentError, InputFingerprint, ModelSummary,
    Provenance, SCHEMA_VERSION, Task,
};
pub use block::{Axis, Block, BlockKind, Reference, Scale};
pub use estimate::{Better, Estimate, Interval, Missing, PValue, Unit};
pub use id::{EstimateId, IdError, Selector};
pub use note::{Level, Note};
pub use section::Section;
pub use spec::{
    BinRule, CohortSpec, ColumnRole, ColumnType, DataSpec, EndpointProtocol, GroupingSpec, ModelSpec, RunSpec,
    SpecError, complement_name,
};
pub use table::{Cells, Table, TableColumn};
