//! Reports that people sign: the PDF scorecard, model cards, the documentation that laws and standards ask for, and the
//! signatures over them.
//!
//! Everything here is a function of a [`Document`](equipoise_document::Document), a configuration and what the caller read:
//! no file is opened, no clock is looked at. The same input gives the same bytes.

mod card;
mod config;
mod error;
pub mod evidence;
pub mod exports;
mod tongue;
mod typeset;

pub use card::{Assets, Scorecard, scorecard};
pub use config::{Config, ConfigFile, SECTIONS};
pub use error::ReportError;
