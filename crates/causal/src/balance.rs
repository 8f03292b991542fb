//! Whether the arms look alike, before and after weighting.

use crate::Rows;

/// Difference of a covariate between two arms in units of its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    /// As the rows are.
    pub before: f64,
    /// With every row weighted by the inverse of the chance of what it got.
    pub after: f64,
}

/// Standardised mean difference `(x̄₁ − x̄₀) / √((s₁² + s₀²)/2)` (Austin 2009, doi:10.1002/sim.3697), means under the
/// inverse chances and spreads as the rows are. 0 for a column that does not vary in either arm.
#[must_use]
pub fn standardised_difference(
    x: &[f64],
    is_level: &[bool],
    is_reference: &[bool],
    inverse: &[f64],
    rows: Rows<'_>,
) -> Balance {
    let arm = |member: &[bool], weighted: bool| {
        let (mut total, mut sum) = (0.0, 0.0);
        for (row, ((x, m), i)) in x.iter().zip(member).zip(inverse).enumerate() {
            if *m {
                let w = rows.weight_of(row) * if weighted { *i } else { 1.0 };
                total += w;
                sum += w * x;
            }
        }
        sum / total
    };
    let variance = |member: &[bool], mean: f64| {
        let (mut total, mut sum) = (0.0, 0.0);
        for (row, (x, m)) in x.iter().zip(member).enumerate() {
            if *m {
                let w = rows.weight_of(row);
                total += w;
                sum += w * (x - mean) * (x - mean);
            }
        }
        sum / total
    };
    let (one, zero) = (arm(is_level, false), arm(is_reference, false));
    let spread = libm::sqrt(0.5 * (variance(is_level, one) + variance(is_reference, zero)));
    let scaled = |d: f64| if spread > 0.0 { d / spread } else { 0.0 };
    Balance { before: scaled(one - zero), after: scaled(arm(is_level, true) - arm(is_reference, true)) }
}
