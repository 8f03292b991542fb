//! Why a number does not exist.

use serde::{Deserialize, Serialize};

/// Why a number does not exist for these rows. The result document has the same reasons under the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undefined {
    /// No rows at all.
    Empty,
    /// No row is truly positive.
    NoPositives,
    /// No row is truly negative.
    NoNegatives,
    /// No row was predicted positive.
    NoSelected,
    /// No row was predicted negative.
    NoUnselected,
    /// Only one class occurs.
    OneClass,
    /// Fewer rows than the asked minimum.
    BelowMinSize,
    /// All values are equal where a spread is needed.
    NoVariation,
    /// A division by zero that none of the others names.
    ZeroDenominator,
    /// Needs probabilities and there are none.
    NoProbability,
    /// Fewer than two groups with a value, so there is no gap.
    FewerThanTwoGroups,
    /// The sum or the result is not a finite number.
    NotFinite,
    /// All weights are zero.
    ZeroWeight,
}

/// A number, or the reason why there is none.
pub type Defined = Result<f64, Undefined>;

/// `top / bottom` where `bottom` is a positive weight, and `why` otherwise. Never NaN or infinite.
///
/// # Errors
/// `why` when `bottom` is not above zero, [`Undefined::NotFinite`] when the quotient is not a finite number.
#[inline]
pub fn ratio(top: f64, bottom: f64, why: Undefined) -> Defined {
    if bottom > 0.0 {
        finite(top / bottom)
    } else if bottom.is_nan() {
        Err(Undefined::NotFinite)
    } else {
        Err(why)
    }
}

/// A finite number as it is.
///
/// # Errors
/// [`Undefined::NotFinite`] for NaN and infinities.
#[inline]
pub fn finite(x: f64) -> Defined {
    if x.is_finite() { Ok(x) } else { Err(Undefined::NotFinite) }
}
