//! Two shares of the same rows.

use libm::sqrt;

use crate::{Confidence, Ends, wilson};

/// Interval of `second − first`, two shares that were found on the same `n` rows: Newcombe's method 10 for paired data
/// (1998, Statistics in Medicine 17:2635, doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C).
///
/// `[both, first, second, neither]` counts the rows that both have, only the first, only the second, and neither. With
/// `p₁`, `p₂` the shares, `[lᵢ, uᵢ]` Wilson's intervals and `d = p₂ − p₁`:
///
/// ```text
/// low  = d − √((p₂ − l₂)² − 2φ·(p₂ − l₂)·(u₁ − p₁) + (u₁ − p₁)²)
/// high = d + √((u₂ − p₂)² − 2φ·(u₂ − p₂)·(p₁ − l₁) + (p₁ − l₁)²)
/// φ    = c / √((both + first)·(second + neither)·(both + second)·(first + neither))
/// c    = both·neither − first·second, less n/2 (but not below 0) where it is positive
/// ```
///
/// `φ` is 0 where its denominator is. Where no row tells the two apart they are the same thing twice, and the interval is
/// `[0, 0]`: asking only what happened in these rows, there is nothing to be unsure of. None without rows.
///
/// ```
/// use equipoise_kernels::{Confidence, paired_shares};
///
/// // Newcombe (1998), the example of 36, 12, 2 and 0 pairs: 0.0569 to 0.3404.
/// let ends = paired_shares([36.0, 2.0, 12.0, 0.0], Confidence::at(0.95)).unwrap();
/// assert!((ends.low - 0.0569).abs() < 5e-5 && (ends.high - 0.3404).abs() < 5e-5);
/// ```
#[must_use]
pub fn paired_shares(counts: [f64; 4], confidence: Confidence) -> Option<Ends> {
    let [both, first, second, neither] = counts;
    let n = both + first + second + neither;
    if !(n > 0.0 && n.is_finite()) {
        return None;
    }
    if first + second <= 0.0 {
        return Some(Ends { low: 0.0, high: 0.0 });
    }
    let (p, q) = ((both + first) / n, (both + second) / n);
    let (of_p, of_q) = (wilson(p, n, confidence)?, wilson(q, n, confidence)?);
    let joint = both * neither - first * second;
    let corrected = if joint > 0.0 { (joint - 0.5 * n).max(0.0) } else { joint };
    let size = sqrt((both + first) * (second + neither)) * sqrt((both + second) * (first + neither));
    let phi = if size > 0.0 { corrected / size } else { 0.0 };
    let away = |x: f64, y: f64| sqrt((x * x - 2.0 * phi * x * y + y * y).max(0.0));
    let d = (second - first) / n;
    Some(Ends { low: d - away(q - of_q.low, of_p.high - p), high: d + away(of_q.high - q, p - of_p.low) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draws, Multinomial};
    use proptest::prelude::*;

    #[test]
    fn published_examples() {
        // Fagerland, Lydersen & Laake (2014), airway hyper-responsiveness before and after treatment of 21 children:
        // 1, 1, 7 and 12 pairs, −0.507 to −0.026 for before minus after.
        let ends = paired_shares([1.0, 7.0, 1.0, 12.0], Confidence::at(0.95)).unwrap();
        assert!((ends.low + 0.507).abs() < 5e-4 && (ends.high + 0.026).abs() < 5e-4, "{ends:?}");
    }

    #[test]
    fn nothing_to_tell_apart() {
        let none = paired_shares([7.0, 0.0, 0.0, 3.0], Confidence::default()).unwrap();
        assert!(none.low.abs() + none.high.abs() <= 0.0);
        assert!(paired_shares([0.0; 4], Confidence::default()).is_none());
    }

    #[test]
    fn it_covers_as_often_as_it_says() {
        // Two shares of 0.8 and 0.75 that agree in 85 % of rows; 4,000 tables, Monte-Carlo error 0.35 points.
        for n in [30_u64, 200] {
            let cells = Multinomial::of_size(n, &[700, 100, 50, 150]);
            let mut out = [0_u64; 4];
            let mut held = 0;
            for table in 0..4_000 {
                cells.draw(&mut Draws::new(5, "paired_shares", table), &mut out);
                let ends = paired_shares(out.map(|c| c as f64), Confidence::at(0.95)).unwrap();
                held += u32::from(ends.contains(-0.05));
            }
            let coverage = f64::from(held) / 4_000.0;
            assert!((0.94..0.975).contains(&coverage), "n {n}: {coverage}");
        }
    }

    proptest! {
        #[test]
        fn swapping_changes_the_sign(counts in prop::array::uniform4(0_u32..60)) {
            let [e, f, g, h] = counts.map(f64::from);
            prop_assume!(e + f + g + h > 0.0);
            let one = paired_shares([e, f, g, h], Confidence::default()).unwrap();
            let other = paired_shares([e, g, f, h], Confidence::default()).unwrap();
            prop_assert!((one.low + other.high).abs() < 1e-12 && (one.high + other.low).abs() < 1e-12);
            let d = (g - f) / (e + f + g + h);
            prop_assert!(-1.0 - 1e-12 <= one.low && one.low <= d + 1e-12 && d <= one.high + 1e-12);
            prop_assert!(one.high <= 1.0 + 1e-12);
        }
    }
}
