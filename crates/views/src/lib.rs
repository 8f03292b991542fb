//! Draws a [`Document`](equipoise_document::Document): on a terminal, as Markdown, CSV or JSON, and as one HTML
//! file with SVG charts; and holds the dashboard, which draws it in a browser.
//!
//! Nothing here knows how a number was made. A view sees sections, tables, estimates, blocks and notes, so
//! whatever an analysis answers is drawn everywhere on the day it is written.

mod csv;
pub mod dashboard;
mod error;
mod escape;
mod format;
mod frame;
mod html;
mod json;
mod markdown;
pub mod parts;
mod render;
mod svg;
mod terminal;
mod words;

pub use error::ViewError;
pub use html::html;
pub use render::{Format, render, render_table};
pub use svg::chart;
pub use terminal::{TerminalOptions, section, table};
