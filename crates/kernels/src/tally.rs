//! Rows, their weight, and the square of their weight.

use serde::{Deserialize, Serialize};

use crate::Merge;

/// Rows of one kind: how many (`n`), their weight `Σw` and `Σw²`.
///
/// The three together give a share and, by linearisation, its variance under sampling weights. Counts are exact;
/// weights are plain sums over at most one partition at a time (stable: relative error below 1e-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Number of rows.
    pub n: u64,
    /// `Σw`.
    pub w: f64,
    /// `Σw²`.
    pub ww: f64,
}

impl Tally {
    /// Rows that all weigh 1.
    ///
    /// ```
    /// use equipoise_kernels::Tally;
    ///
    /// assert_eq!(Tally::of(4).n_effective(), Some(4.0));
    /// ```
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
    pub fn of(n: u64) -> Self {
        Self { n, w: n as f64, ww: n as f64 }
    }

    /// Adds a row of this weight.
    #[inline]
    pub fn push(&mut self, w: f64) {
        self.n += 1;
        self.w += w;
        self.ww += w * w;
    }

    /// Kish's effective number of rows `(Σw)² / Σw²`; none at zero weight.
    #[must_use]
    pub fn n_effective(self) -> Option<f64> {
        (self.ww > 0.0).then(|| self.w * self.w / self.ww)
    }

    /// The share of this weight in a whole; none when the whole weighs nothing.
    #[must_use]
    pub fn share_of(self, whole: Self) -> Option<f64> {
        (whole.w > 0.0).then(|| (self.w / whole.w).clamp(0.0, 1.0))
    }
}

impl Merge for Tally {
    fn merge_from(&mut self, other: Self) {
        let Self { n, w, ww } = other;
        self.n += n;
        self.w += w;
        self.ww += ww;
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |mut whole, part| {
            whole.merge_from(part);
            whole
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kish() {
        let mut tally = Tally::default();
        for w in [1.0, 1.0, 2.0] {
            tally.push(w);
        }
        // (1+1+2)² / (1+1+4) = 16/6.
        assert_eq!(tally, Tally { n: 3, w: 4.0, ww: 6.0 });
        assert!((tally.n_effective().unwrap() - 16.0 / 6.0).abs() < 1e-15);
        assert_eq!(Tally::default().n_effective(), None);
        assert_eq!(tally.share_of(Tally::default()), None);
    }
}
