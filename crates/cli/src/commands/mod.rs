//! One file per command: read flags, call the service, print.

pub(crate) mod assess;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod keygen;
pub(crate) mod man;
pub(crate) mod open;
pub(crate) mod reproduce;
pub(crate) mod schema;
pub(crate) mod scorecard;
pub(crate) mod show;
pub(crate) mod sign;
pub(crate) mod verify;
pub(crate) mod what_if;
