//! Tests of the reader and its operators.

mod fixtures;
mod table;
