//! Tests of the reader and its operators.

mod fixtures;
mod hostile;
mod operators;
mod small;
mod table;
