//! What all parts of a comparison share.

use equipoise_document::Interval;

/// How intervals are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub level: f64,
    pub seed: u64,
    pub is_weighted: bool,
}

/// One number of both assessments with the interval of `b − a`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub a: f64,
    pub b: f64,
    pub interval: Interval,
}

impl Difference {
    /// The same with `a` and `b` in each other's place.
    pub(super) fn turned(self) -> Self {
        let Self { a, b, interval } = self;
        // 0 − x, so that no −0 is shown.
        let interval = Interval { low: 0.0 - interval.high, high: 0.0 - interval.low, ..interval };
        Self { a: b, b: a, interval }
    }
}
