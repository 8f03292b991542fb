//! The dashboard and its HTTP interface.
