//! Reports that people sign.
