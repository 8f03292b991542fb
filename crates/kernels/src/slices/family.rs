//! P-values of everything that was looked at.

use crate::{benjamini_hochberg, benjamini_yekutieli};

/// All slices with enough rows. When some were passed over, `n` is an upper bound of how many there are and the p-values
/// are those of the others: taking the unknown ones as 1 makes adjusted values only larger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    /// How many there are.
    pub n: u64,
    /// False when `n` is an upper bound.
    pub is_exact: bool,
    /// P-values in ascending order.
    p: Vec<f64>,
    hochberg: Vec<f64>,
    yekutieli: Vec<f64>,
}

impl Family {
    /// A family by the p-values that are known and the number of its members.
    #[must_use]
    pub fn new(mut p: Vec<f64>, n: u64, is_exact: bool) -> Self {
        p.sort_unstable_by(f64::total_cmp);
        let n = n.max(p.len() as u64);
        #[allow(clippy::cast_precision_loss, reason = "a factor")]
        let (known, all) = (p.len().max(1) as f64, n.max(1) as f64);
        // The unknown ones rank last: their only effect is the larger family.
        let factor = all / known;
        let penalty = harmonic(all) / harmonic(known);
        let hochberg = benjamini_hochberg(&p).into_iter().map(|q| (q * factor).min(1.0)).collect();
        let yekutieli = benjamini_yekutieli(&p).into_iter().map(|q| (q * factor * penalty).min(1.0)).collect();
        Self { n, is_exact, p, hochberg, yekutieli }
    }

    /// Adjusted p-values of a member: Benjamini & Hochberg's and Benjamini & Yekutieli's. The second holds whatever the
    /// dependence between slices, which share rows.
    #[must_use]
    pub fn adjusted(&self, p: f64) -> (f64, f64) {
        let place = self.p.partition_point(|known| *known < p);
        let at = |list: &[f64]| list.get(place).copied().unwrap_or(1.0);
        (at(&self.hochberg), at(&self.yekutieli))
    }

    /// How many members have an adjusted p-value (Benjamini & Yekutieli) of at most `level`.
    #[must_use]
    pub fn n_below(&self, level: f64) -> usize {
        self.yekutieli.partition_point(|q| *q <= level)
    }
}

/// `1 + 1/2 + … + 1/n`, by Euler's approximation for large `n`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 10,000")]
fn harmonic(n: f64) -> f64 {
    if n < 10_000.0 {
        (1..=n as u32).map(|i| 1.0 / f64::from(i)).sum()
    } else {
        libm::log(n) + 0.577_215_664_901_532_9 + 0.5 / n - 1.0 / (12.0 * n * n)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_p_value() {
        let family = Family::new(vec![0.04, 0.01, 0.03], 3, true);
        assert_eq!(family.adjusted(0.01).0, 0.03);
        assert_eq!(family.adjusted(0.04).0, 0.04);
        // 1 + 1/2 + 1/3 = 11/6
        assert!((family.adjusted(0.01).1 - 0.055).abs() < 1e-15);
        assert_eq!(family.n_below(0.06), 1);
    }

    #[test]
    fn unknown_members_only_make_it_harder() {
        let known = Family::new(vec![0.001, 0.02], 2, true);
        let larger = Family::new(vec![0.001, 0.02], 20, false);
        // As though eighteen ones stood beside them: 20·0.001 and 20/2·0.02.
        let ones: Vec<f64> = [0.001, 0.02].into_iter().chain(std::iter::repeat_n(1.0, 18)).collect();
        let explicit = Family::new(ones, 20, true);
        for p in [0.001, 0.02] {
            assert!((larger.adjusted(p).0 - explicit.adjusted(p).0).abs() < 1e-15);
            assert!((larger.adjusted(p).1 - explicit.adjusted(p).1).abs() < 1e-12);
            assert!(larger.adjusted(p).0 > known.adjusted(p).0);
        }
    }

    #[test]
    fn a_long_harmonic_sum() {
        let exact: f64 = (1..=20_000).map(|i| 1.0 / f64::from(i)).sum();
        assert!((harmonic(20_000.0) - exact).abs() < 1e-12);
    }
}
