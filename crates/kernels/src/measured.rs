//! A number with its interval, as kernels hand it out.

use crate::{Defined, Ends, Undefined};

/// A number or the reason why there is none, with its interval and the method's name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The number.
    pub value: Defined,
    /// The interval's ends; none where the number is undefined or no interval is known.
    pub ends: Option<Ends>,
    /// How the interval was made: `wilson`, `delong`, …; empty without one.
    pub method: &'static str,
}

impl Measured {
    /// A number with an interval; without a number there is no interval either, nor with an end that is not finite.
    #[must_use]
    pub fn new(value: Defined, ends: Option<Ends>, method: &'static str) -> Self {
        let ends = ends.filter(|e| value.is_ok() && e.low.is_finite() && e.high.is_finite());
        Self { value, ends, method: if ends.is_some() { method } else { "" } }
    }

    /// No number, and why.
    #[must_use]
    pub fn undefined(why: Undefined) -> Self {
        Self { value: Err(why), ends: None, method: "" }
    }

    /// The number and its ends through a rising function.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { value: self.value.map(&f), ends: self.ends.map(|e| e.map(&f)), method: self.method }
    }

    /// The number and its ends through a falling function.
    #[must_use]
    pub fn map_falling(self, f: impl Fn(f64) -> f64) -> Self {
        Self { value: self.value.map(&f), ends: self.ends.map(|e| e.map_falling(&f)), method: self.method }
    }
}
