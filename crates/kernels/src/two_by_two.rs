//! Are two proportions equal?

/// A two-sided test that two proportions are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProportionTest {
    /// The p-value.
    pub p_value: f64,
    /// Standardised difference with the pooled standard error; none when all rows agree.
    pub z: Option<f64>,
    /// `fisher_exact` or `two_proportion_z`.
    pub method: &'static str,
}

/// Compares `x_a` of `n_a` with `x_b` of `n_b` yes/no rows, two-sided.
///
/// ```text
/// z = (x_a/n_a − x_b/n_b) / √( p(1−p)(1/n_a + 1/n_b) )      p = (x_a + x_b)/(n_a + n_b)
/// ```
///
/// Fisher's exact test (sum over all tables at most as probable as the observed one) where an expected count is below 5,
/// otherwise the normal `z`, whose square is Pearson's χ². None when a side has no rows. When all rows agree the
/// p-value is 1.
///
/// References: Fisher 1935; Cochran 1954, doi:10.2307/3001616, for the limit of 5.
///
/// ```
/// use equipoise_kernels::compare_proportions;
///
/// // The lady tasting tea: 3 of 4 against 1 of 4; p = 34/70.
/// let tea = compare_proportions(3, 4, 1, 4).map(|t| t.p_value);
/// assert!(tea.is_some_and(|p| (p - 34.0 / 70.0).abs() < 1e-12));
/// ```
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
pub fn compare_proportions(x_a: u64, n_a: u64, x_b: u64, n_b: u64) -> Option<ProportionTest> {
    if n_a == 0 || n_b == 0 || x_a > n_a || x_b > n_b {
        return None;
    }
    let (a, b) = (n_a as f64, n_b as f64);
    let yes = (x_a + x_b) as f64;
    let pooled = yes / (a + b);
    let variance = pooled * (1.0 - pooled) * (1.0 / a + 1.0 / b);
    let z = (variance > 0.0).then(|| (x_a as f64 / a - x_b as f64 / b) / variance.sqrt());
    let Some(statistic) = z else {
        return Some(ProportionTest { p_value: 1.0, z: None, method: "fisher_exact" });
    };
    let smallest_expected = a.min(b) * pooled.min(1.0 - pooled);
    if smallest_expected < 5.0 {
        return Some(ProportionTest { p_value: fisher(x_a, n_a, x_b, n_b), z, method: "fisher_exact" });
    }
    let p_value = libm::erfc(statistic.abs() / std::f64::consts::SQRT_2);
    Some(ProportionTest { p_value, z, method: "two_proportion_z" })
}

/// Sum of the hypergeometric probabilities that do not exceed the observed one (within 1e-7, as R and SciPy do).
#[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
fn fisher(x_a: u64, n_a: u64, x_b: u64, n_b: u64) -> f64 {
    let yes = x_a + x_b;
    let choose = |n: u64, k: u64| {
        let ln_factorial = |m: u64| libm::lgamma(m as f64 + 1.0);
        ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
    };
    let ln_p = |x: u64| choose(n_a, x) + choose(n_b, yes - x);
    let observed = ln_p(x_a);
    let (low, high) = (yes.saturating_sub(n_b), yes.min(n_a));
    // Relative to the observed table, so that nothing underflows; their ratio is the p-value.
    let (mut extreme, mut all) = (0.0, 0.0);
    let top = (low..=high).map(ln_p).fold(f64::NEG_INFINITY, f64::max);
    for x in low..=high {
        let p = libm::exp(ln_p(x) - top);
        all += p;
        if ln_p(x) <= observed + 1e-7 {
            extreme += p;
        }
    }
    (extreme / all).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 30 of 40 against 20 of 60. Pooled p = ½, z = (0.75 − 1/3) / √(¼(1/40 + 1/60)) = 4.0825; p = 4.456e-5.
    ///
    /// The Responsible AI Toolbox's "t-test" of the first value is (p_y − p_f·p_y)/√(p_f·p_y) =
    /// (0.5 − 0.2)/√0.2 = 0.671, from neither how many share value and label nor how many rows there are.
    #[test]
    fn z_by_hand() {
        let test = compare_proportions(30, 40, 20, 60).unwrap();
        assert!((test.z.unwrap() - 4.082_482_904_638_63).abs() < 1e-12);
        assert!((test.p_value - 4.455_709_060_402_25e-5).abs() < 1e-15);
        assert_eq!(test.method, "two_proportion_z");
        // Ten times the rows: √10 times the statistic.
        let more = compare_proportions(300, 400, 200, 600).unwrap();
        assert!((more.z.unwrap() / test.z.unwrap() - 10_f64.sqrt()).abs() < 1e-12);
        let toolbox = (0.5 - 0.4 * 0.5) / (0.4_f64 * 0.5).sqrt();
        assert!((toolbox - 0.670_820_393).abs() < 1e-9);
    }

    /// 1 of 10 against 11 of 14, and 0 of 5 against 4 of 6, summed table by table.
    #[test]
    fn fisher_by_enumeration() {
        // C(10,x)·C(14,12−x)/C(24,12) for x = 1: 10·364 = 3640; x = 0: 91; x = 10: 91; x = 9: 3640.
        let p = compare_proportions(1, 10, 11, 14).unwrap();
        assert_eq!(p.method, "two_proportion_z");
        let expected = (2.0 * 91.0 + 2.0 * 3640.0) / 2_704_156.0;
        assert!((fisher(1, 10, 11, 14) - expected).abs() < 1e-12);
        // C(5,x)·C(6,4−x)/C(11,4) = 15/330 at x = 0; 5/330 at x = 4 is as small or smaller.
        assert!((compare_proportions(0, 5, 4, 6).unwrap().p_value - 20.0 / 330.0).abs() < 1e-12);
    }

    #[test]
    fn no_rows_and_no_variation() {
        assert_eq!(compare_proportions(0, 0, 1, 2), None);
        assert_eq!(compare_proportions(3, 3, 2, 2).map(|t| (t.p_value, t.z)), Some((1.0, None)));
    }

    proptest! {
        #[test]
        fn swapping_sides_changes_only_the_sign(x_a in 0_u64..40, m_a in 0_u64..40, x_b in 0_u64..40, m_b in 0_u64..40) {
            prop_assume!(x_a + m_a > 0 && x_b + m_b > 0);
            let there = compare_proportions(x_a, x_a + m_a, x_b, x_b + m_b).unwrap();
            let back = compare_proportions(x_b, x_b + m_b, x_a, x_a + m_a).unwrap();
            prop_assert!((there.p_value - back.p_value).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&there.p_value));
            prop_assert!((there.z.unwrap_or(0.0) + back.z.unwrap_or(0.0)).abs() < 1e-12);
        }
    }
}
