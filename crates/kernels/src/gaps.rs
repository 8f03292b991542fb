//! Differences and ratios between groups, with intervals that stay honest when the largest of many is reported.
//!
//! The gap between `G` groups is `max − min`: the largest of all differences between two of them. Chance alone makes
//! it positive, so the usual bootstrap interval is shifted upwards and never holds 0. Here the gap is taken for what
//! it is, the largest of many differences `|θᵢ|`:
//!
//! ```text
//! upper end   max over pairs of the upper end of |θᵢ|, each at the asked level
//! lower end   max over pairs of the lower end of |θᵢ|, all of them jointly at the asked level; at least 0
//! ```
//!
//! The upper end holds because the largest |θᵢ| is one of them (intersection–union, Berger 1982), the lower end because
//! with joint coverage no |θᵢ| lies below its own end (union–intersection). With two groups both are the interval of
//! the difference folded at 0, and the coverage is that of the difference.

use libm::{fabs, sqrt};

use crate::{Confidence, Ends, Limits, normal_cdf};

/// How sure the two ends of a gap are to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GapLevels {
    /// For the end away from "no gap".
    pub pointwise: Confidence,
    /// For the end towards "no gap": all comparisons jointly.
    pub joint: Confidence,
}

/// A gap between groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The difference (largest minus smallest) or ratio (smallest over largest).
    pub value: f64,
    /// Its interval; absent where a group has none.
    pub ends: Option<Ends>,
    /// The group with the smallest number.
    pub lowest: usize,
    /// The group with the largest number.
    pub highest: usize,
}

impl GapLevels {
    /// All pairs of `n_groups` groups, in `families` independent families at once (equalized odds has two: positive
    /// and negative rows). Joint ends use the studentised range (Tukey–Kramer).
    ///
    /// ```
    /// use equipoise_kernels::GapLevels;
    ///
    /// let two = GapLevels::all_pairs(2, 1, 0.95);
    /// assert!((two.joint.z() - 1.96).abs() < 1e-3);
    /// // q(0.95; 5, ∞) = 3.858 (Harter 1960), over √2.
    /// assert!((GapLevels::all_pairs(5, 1, 0.95).joint.z() - 3.858 / 2.0_f64.sqrt()).abs() < 1e-3);
    /// ```
    #[must_use]
    pub fn all_pairs(n_groups: usize, families: u32, level: f64) -> Self {
        let pointwise = Confidence::at(level);
        let each = libm::pow(pointwise.level(), 1.0 / f64::from(families.max(1)));
        let joint = if n_groups <= 2 { each } else { two_sided(range_quantile(n_groups, each) / sqrt(2.0)) };
        Self { pointwise, joint: Confidence::at(joint) }
    }

    /// `n` comparisons with a common number (each group with all rows): Šidák's joint level; two groups deviate by the
    /// same amount to opposite sides, so they count as one comparison.
    #[must_use]
    pub fn to_common(n: usize, families: u32, level: f64) -> Self {
        let pointwise = Confidence::at(level);
        #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
        let comparisons = if n <= 2 { 1.0 } else { n as f64 };
        let joint = libm::pow(pointwise.level(), 1.0 / (comparisons * f64::from(families.max(1))));
        Self { pointwise, joint: Confidence::at(joint) }
    }
}

/// Interval of the difference `a − b` of independent numbers out of their own intervals (MOVER: Zou & Donner 2008,
/// doi:10.1002/sim.3095; with Wilson's intervals it is Newcombe's method 10).
#[must_use]
pub fn difference_ends(a: (f64, Ends), b: (f64, Ends)) -> Ends {
    let ((a, a_ends), (b, b_ends)) = (a, b);
    let below = sqrt((a - a_ends.low) * (a - a_ends.low) + (b_ends.high - b) * (b_ends.high - b));
    let above = sqrt((a_ends.high - a) * (a_ends.high - a) + (b - b_ends.low) * (b - b_ends.low));
    Ends { low: a - b - below, high: a - b + above }
}

/// Interval of the ratio `a / b` of independent numbers that are not negative out of their own intervals (MOVER-R:
/// Donner & Zou 2012, doi:10.1177/0962280210383490, equations 8 and 9); no end where `b` may be 0.
///
/// The lower end is the paper's with the root in the denominator, which does not cancel. The upper end is infinite
/// when `b`'s lower end is 0.
#[must_use]
pub fn ratio_ends(a: (f64, Ends), b: (f64, Ends)) -> Ends {
    let ((a, a_ends), (b, b_ends)) = (a, b);
    let (a_low, b_low) = (a_ends.low.max(0.0), b_ends.low.max(0.0));
    let product = a * b;
    let down = a_low * b_ends.high * (2.0 * a - a_low) * (2.0 * b - b_ends.high);
    let up = a_ends.high * b_low * (2.0 * a - a_ends.high) * (2.0 * b - b_low);
    let low = a_low * (2.0 * a - a_low) / (product + sqrt((product * product - down).max(0.0)));
    let high = (product + sqrt((product * product - up).max(0.0))) / (b_low * (2.0 * b - b_low));
    Ends {
        low: if low.is_finite() { low.max(0.0) } else { 0.0 },
        high: if high.is_nan() { f64::INFINITY } else { high },
    }
}

/// Ends of the largest of several `|θᵢ|`: each item is the interval of one signed `θᵢ`, pointwise and joint.
#[must_use]
pub fn largest_size(differences: impl IntoIterator<Item = (Ends, Ends)>) -> Option<Ends> {
    let mut ends: Option<Ends> = None;
    for (pointwise, joint) in differences {
        let high = fabs(pointwise.low).max(fabs(pointwise.high));
        let low = joint.low.max(-joint.high).max(0.0);
        let so_far = ends.unwrap_or(Ends { low: 0.0, high: 0.0 });
        ends = Some(Ends { low: so_far.low.max(low), high: so_far.high.max(high) });
    }
    ends
}

/// Ends of the smallest of several `min(ρᵢ, 1/ρᵢ)`: each item is the interval of one ratio `ρᵢ`, pointwise and joint.
#[must_use]
pub fn smallest_ratio(ratios: impl IntoIterator<Item = (Ends, Ends)>) -> Option<Ends> {
    let mut ends: Option<Ends> = None;
    for (pointwise, joint) in ratios {
        let low = pointwise.low.min(1.0 / pointwise.high).max(0.0);
        let high = if joint.high < 1.0 {
            joint.high
        } else if joint.low > 1.0 {
            1.0 / joint.low
        } else {
            1.0
        };
        let so_far = ends.unwrap_or(Ends { low: 1.0, high: 1.0 });
        ends = Some(Ends { low: so_far.low.min(low), high: so_far.high.min(high) });
    }
    ends
}

/// Largest minus smallest number of some groups. None for fewer than two.
///
/// ```
/// use equipoise_kernels::{GapLevels, Limits, difference_gap};
///
/// let groups = [Limits::Share { share: 0.5, n: 100.0 }, Limits::Share { share: 0.3, n: 100.0 }];
/// let gap = difference_gap(&groups, GapLevels::all_pairs(2, 1, 0.95)).unwrap();
/// let ends = gap.ends.unwrap();
/// // Newcombe's method 10 for 50/100 against 30/100.
/// assert!((ends.low - 0.064_223).abs() < 1e-6 && (ends.high - 0.325_768).abs() < 1e-6);
/// ```
#[must_use]
pub fn difference_gap(groups: &[Limits], levels: GapLevels) -> Option<Gap> {
    let (lowest, highest, low, high) = extremes(groups)?;
    let ends = pairs(groups, levels).and_then(|pairs| {
        largest_size(
            pairs
                .iter()
                .map(|[a, b]| (difference_ends(a.pointwise(), b.pointwise()), difference_ends(a.joint(), b.joint()))),
        )
    });
    Some(Gap { value: high - low, ends, lowest, highest })
}

/// Smallest over largest number of some groups, none of which is negative. None for fewer than two groups, a negative
/// number, or when all are 0.
#[must_use]
pub fn ratio_gap(groups: &[Limits], levels: GapLevels) -> Option<Gap> {
    let (lowest, highest, low, high) = extremes(groups)?;
    if low < 0.0 || high <= 0.0 {
        return None;
    }
    let ends = pairs(groups, levels).and_then(|pairs| {
        // Of a pair the smaller number goes on top; two zeros tell nothing of their ratio.
        smallest_ratio(pairs.iter().map(|[a, b]| {
            let [a, b] = if a.value <= b.value { [a, b] } else { [b, a] };
            if b.value > 0.0 {
                (ratio_ends(a.pointwise(), b.pointwise()), ratio_ends(a.joint(), b.joint()))
            } else {
                (Ends { low: 0.0, high: f64::INFINITY }, Ends { low: 0.0, high: f64::INFINITY })
            }
        }))
    });
    Some(Gap { value: low / high, ends, lowest, highest })
}

#[derive(Clone, Copy)]
struct Placed {
    value: f64,
    each: Ends,
    all: Ends,
}

impl Placed {
    fn pointwise(&self) -> (f64, Ends) {
        (self.value, self.each)
    }

    fn joint(&self) -> (f64, Ends) {
        (self.value, self.all)
    }
}

/// All pairs with the numbers' own ends; none when one of the groups has no interval.
fn pairs(groups: &[Limits], levels: GapLevels) -> Option<Vec<[Placed; 2]>> {
    let place = |limits: &Limits| {
        Some(Placed { value: limits.value(), each: limits.ends(levels.pointwise)?, all: limits.ends(levels.joint)? })
    };
    let placed: Option<Vec<Placed>> = groups.iter().map(place).collect();
    let placed = placed?;
    let later = |i: usize| placed.iter().skip(i + 1);
    Some(placed.iter().enumerate().flat_map(|(i, a)| later(i).map(|b| [*a, *b])).collect())
}

/// Places and numbers of the smallest and the largest; ties go to the first. None for fewer than two groups.
fn extremes(groups: &[Limits]) -> Option<(usize, usize, f64, f64)> {
    if groups.len() < 2 {
        return None;
    }
    let mut values = groups.iter().map(Limits::value).enumerate();
    let (first, value) = values.next()?;
    let start = (first, first, value, value);
    Some(values.fold(start, |(lowest, highest, low, high), (i, x)| {
        let (lowest, low) = if x < low { (i, x) } else { (lowest, low) };
        let (highest, high) = if x > high { (i, x) } else { (highest, high) };
        (lowest, highest, low, high)
    }))
}

/// Quantile of the range of `n` independent standard normals (the studentised range with infinitely many degrees of
/// freedom), by bisection to 1e-10.
#[must_use]
pub fn range_quantile(n: usize, level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..48 {
        let middle = 0.5 * (low + high);
        if range_cdf(n, middle) < level { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// `P(range ≤ q) = n ∫ φ(z)·[Φ(z) − Φ(z − q)]^(n−1) dz`, by the trapezoid rule, which converges geometrically here.
fn range_cdf(n: usize, q: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
    let n = n as f64;
    let step = 0.125;
    // 1/√(2π)
    let scale = 0.398_942_280_401_432_7;
    (-72..=128)
        .map(|i| {
            let z = step * f64::from(i);
            scale * libm::exp(-0.5 * z * z) * libm::pow(normal_cdf(z) - normal_cdf(z - q), n - 1.0)
        })
        .sum::<f64>()
        * n
        * step
}

/// Two-sided normal level of a critical value.
fn two_sided(z: f64) -> f64 {
    2.0 * normal_cdf(z) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draws, binomial};
    use proptest::prelude::*;

    #[test]
    fn studentised_range_of_printed_tables() {
        // Harter (1960), upper 5 % points with infinitely many degrees of freedom.
        for (n, q) in [(2, 2.772), (3, 3.314), (4, 3.633), (5, 3.858), (10, 4.474), (20, 5.012)] {
            assert!((range_quantile(n, 0.95) - q).abs() < 6e-4, "{n}: {}", range_quantile(n, 0.95));
        }
        // The range of two is √2·|z|.
        assert!((range_quantile(2, 0.95) - 1.959_963_984_540_054 * sqrt(2.0)).abs() < 1e-9);
        // Hundreds of groups still fit the largest level that a confidence can have (z = 4.89).
        assert!(range_quantile(400, 0.95) / sqrt(2.0) < 4.89);
    }

    #[test]
    fn newcombe_by_hand() {
        // Newcombe (1998), Table II, method 10: 56/70 against 48/80 → 0.0524 to 0.3339.
        let ends = difference_gap(
            &[Limits::Share { share: 56.0 / 70.0, n: 70.0 }, Limits::Share { share: 48.0 / 80.0, n: 80.0 }],
            GapLevels::all_pairs(2, 1, 0.95),
        )
        .unwrap()
        .ends
        .unwrap();
        assert!((ends.low - 0.0524).abs() < 5e-5 && (ends.high - 0.3339).abs() < 5e-5, "{ends:?}");
        // The same with no successes on one side: 9/10 against 3/10 → 0.1705 to 0.8090.
        let groups = [Limits::Share { share: 0.9, n: 10.0 }, Limits::Share { share: 0.3, n: 10.0 }];
        let ends = difference_gap(&groups, GapLevels::all_pairs(2, 1, 0.95)).unwrap().ends.unwrap();
        assert!((ends.low - 0.1705).abs() < 5e-5 && (ends.high - 0.8090).abs() < 5e-5, "{ends:?}");
    }

    #[test]
    fn a_ratio_turned_round_has_its_ends_turned_round() {
        let at = |share, n| (share, Limits::Share { share, n }.ends(Confidence::at(0.95)).unwrap());
        let (a, b) = (at(0.2, 80.0), at(0.5, 60.0));
        let (one, other) = (ratio_ends(a, b), ratio_ends(b, a));
        assert!((one.low * other.high - 1.0).abs() < 1e-12 && (one.high * other.low - 1.0).abs() < 1e-12);
        assert!(one.low < 0.4 && 0.4 < one.high);
        // Nobody of 20 selected against 10 of 20: the ratio may be 0, but not 1.
        let none = ratio_ends(at(0.0, 20.0), at(0.5, 20.0));
        assert!(none.low == 0.0 && none.high > 0.1 && none.high < 0.6, "{none:?}");
    }

    #[test]
    fn equal_groups_have_a_gap_that_may_be_nothing() {
        let groups: Vec<Limits> = (0..6).map(|i| Limits::Share { share: 0.4 + 0.01 * f64::from(i), n: 50.0 }).collect();
        let levels = GapLevels::all_pairs(6, 1, 0.95);
        let gap = difference_gap(&groups, levels).unwrap();
        assert_eq!((gap.lowest, gap.highest, gap.ends.unwrap().low), (0, 5, 0.0));
        assert!((ratio_gap(&groups, levels).unwrap().ends.unwrap().high - 1.0).abs() < 1e-15);
    }

    /// Share of simulated tables whose intervals hold the true difference and the true ratio.
    fn coverage(rates: &[f64], n: u64, tables: u64) -> (f64, f64) {
        let levels = GapLevels::all_pairs(rates.len(), 1, 0.95);
        let (low, high) = rates.iter().fold((1.0, 0.0), |(l, h): (f64, f64), r| (l.min(*r), h.max(*r)));
        let (mut difference, mut ratio) = (0.0, 0.0);
        for table in 0..tables {
            let mut draws = Draws::new(11, "gaps", table);
            let groups: Vec<Limits> = rates
                .iter()
                .map(|p| Limits::Share { share: binomial(&mut draws, n, *p) as f64 / n as f64, n: n as f64 })
                .collect();
            let holds = |gap: Option<Gap>, truth: f64| {
                let Some(ends) = gap.and_then(|g| g.ends) else { return 1.0 };
                f64::from(u8::from(ends.low <= truth + 1e-12 && truth <= ends.high + 1e-12))
            };
            difference += holds(difference_gap(&groups, levels), high - low);
            ratio += holds(ratio_gap(&groups, levels), low / high);
        }
        (difference / tables as f64, ratio / tables as f64)
    }

    #[test]
    fn gaps_cover_at_least_as_often_as_they_say() {
        // Monte-Carlo error at 2,000 tables: 0.5 points; 92.5 % is three below, and Newcombe's own dips.
        for rates in [&[0.3, 0.5][..], &[0.4, 0.4], &[0.2, 0.2, 0.2, 0.2, 0.2], &[0.3, 0.3, 0.5, 0.5], &[0.1, 0.3, 0.6]]
        {
            for n in [20, 100] {
                let (difference, ratio) = coverage(rates, n, 2000);
                assert!(difference > 0.935 && ratio > 0.935, "{rates:?} n {n}: {difference} {ratio}");
            }
        }
    }

    /// Prints the figures of the README of the fairness analysis: `cargo test -p equipoise-kernels --release --
    /// --ignored --nocapture coverage_figures`.
    #[test]
    #[ignore = "prints figures"]
    #[allow(clippy::print_stdout, reason = "it prints figures")]
    fn coverage_figures() {
        for n in [20, 50, 200, 1000] {
            for rates in [
                &[0.3, 0.5][..],
                &[0.1, 0.2],
                &[0.4, 0.4],
                &[0.05, 0.05],
                &[0.4; 5],
                &[0.1; 5],
                &[0.3, 0.35, 0.4, 0.45, 0.5],
                &[0.3, 0.3, 0.5, 0.5],
                &[0.4; 10],
            ] {
                let (difference, ratio) = coverage(rates, n, 20_000);
                println!("n {n:5} {rates:?}: difference {difference:.4} ratio {ratio:.4}");
            }
        }
    }

    proptest! {
        #[test]
        fn ends_surround_the_gap(cells in prop::collection::vec((0_u32..40, 1_u32..40), 2..8)) {
            let groups: Vec<Limits> = cells
                .iter()
                .map(|(k, more)| Limits::Share { share: f64::from(*k) / f64::from(k + more), n: f64::from(k + more) })
                .collect();
            let levels = GapLevels::all_pairs(groups.len(), 1, 0.95);
            let gap = difference_gap(&groups, levels).unwrap();
            let ends = gap.ends.unwrap();
            prop_assert!(0.0 <= ends.low && ends.low <= gap.value && gap.value <= ends.high && ends.high <= 1.0 + 1e-9);
            if let Some(gap) = ratio_gap(&groups, levels) {
                let ends = gap.ends.unwrap();
                prop_assert!(0.0 <= ends.low && ends.low <= gap.value + 1e-12);
                prop_assert!(gap.value <= ends.high + 1e-12 && ends.high <= 1.0);
            }
        }
    }
}
