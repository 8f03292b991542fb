//! What to conclude from documents: gates that a document must pass, and two documents side by side.
//!
//! Nothing here knows rows, models or files. A [`Policy`] is read from text, [`check`] compares it with a
//! [`Document`](equipoise_document::Document), and the verdicts are drawn as a table, as JUnit XML or as SARIF.
//! [`compare`] puts two documents side by side.

mod check;
mod compare;
mod junit;
mod pattern;
mod policy;
mod require;
mod sarif;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

pub use check::{Cause, Outcome, Verdict, check, is_met, verdict_table};
pub use compare::{Change, Comparison, Pair, compare, comparison_table};
pub use junit::junit_xml;
pub use pattern::IdPattern;
pub use policy::{Bound, Gate, IfMissing, On, Policy, PolicyError, PolicyFile, Severity};
pub use require::{Approval, Evidence, Require, Signed, check_requirements};
pub use sarif::sarif_json;
