//! Sums that do not lose small terms.

use serde::{Deserialize, Serialize};

use crate::Merge;

/// A compensated sum (Neumaier 1974): the error of `Σ x` stays near one rounding, whatever the number of terms.
///
/// ```
/// use equipoise_kernels::Sum;
///
/// let mut sum = Sum::default();
/// for x in [1.0, 1e100, 1.0, -1e100] {
///     sum.push(x);
/// }
/// assert_eq!(sum.value(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    /// Adds a term.
    #[inline]
    pub fn push(&mut self, x: f64) {
        let total = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - total) + x } else { (x - total) + self.sum };
        self.sum = total;
    }

    /// The sum so far.
    #[inline]
    #[must_use]
    pub fn value(self) -> f64 {
        let total = self.sum + self.lost;
        // An infinite term makes the compensation NaN; the sum itself is right.
        if total.is_nan() { self.sum } else { total }
    }
}

impl Merge for Sum {
    fn merge_from(&mut self, other: Self) {
        let Self { sum, lost } = other;
        self.push(sum);
        self.lost += lost;
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        for x in terms {
            sum.push(x);
        }
        sum
    }
}
