//! The use cases: what every door of Equipoise calls.
//!
//! Files, the clock, the environment and the seed enter here, through the [`World`]; everything below is a function of
//! its arguments.

mod answers;
mod artifacts;
mod assess;
mod classes;
mod cohorts;
mod content;
mod error;
mod evidence;
mod gate;
mod groups;
mod journal;
mod kept;
mod opened;
mod pins;
mod predictions;
mod reproduce;
mod roles;
pub mod sample;
mod schemas;
mod score;
mod scorecard;
mod store;
mod stored_frame;
mod what_if;
mod workbench;
mod world;

pub use artifacts::ArtifactBytes;
pub use assess::{Assessment, assess, assess_given, assess_with_cohorts};
pub use cohorts::{read_cohorts, write_cohorts};
pub use error::ServiceError;
pub use evidence::{FileState, SignSpec, TrustFiles, Verification, generate_key, sign, verify};
pub use gate::{Asked, Judged, check, compare, judge};
pub use kept::{KeptSection, added_cohorts, keep_section, kept_sections, remove_kept, write_added_cohorts};
pub use opened::{ContentDigest, Given};
pub use pins::{NewPin, Pin, add_pin, pins, remove_pin};
pub use reproduce::{Moved, Reproduction, reproduce};
pub use schemas::schema;
pub use scorecard::{CardSpec, export, scorecard};
pub use store::{DOCUMENT_FILE, REPORT_FILE, RUN_FILE, check_output, load, read_spec, save, write_file, write_spec};
pub use what_if::{WHAT_IF, what_if};
pub use workbench::{ColumnView, Count, Page, PageQuery, Prediction, Workbench, root_of};
pub use world::{LookUp, World};

pub use equipoise_analyses::{Progress, Quiet, REGISTRY};
pub use equipoise_data as data;
pub use equipoise_document as document;
pub use equipoise_govern as govern;
pub use equipoise_models as models;
pub use equipoise_report as report;
pub use equipoise_views as views;
