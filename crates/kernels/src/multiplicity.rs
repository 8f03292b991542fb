//! P-values of many comparisons at once.

/// Benjamini–Hochberg: adjusted p-values that keep the expected share of false findings among all findings
/// (doi:10.1111/j.2517-6161.1995.tb02031.x, Procedure 1), for independent or positively dependent tests.
///
/// ```text
/// p̃(i) = min over j ≥ i of  min(1, m/j · p(j))      p(1) ≤ … ≤ p(m)
/// ```
///
/// ```
/// let adjusted = equipoise_kernels::benjamini_hochberg(&[0.01, 0.04, 0.03]);
/// assert_eq!(adjusted, [0.03, 0.04, 0.04]);
/// ```
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    stepped_up(p, 1.0)
}

/// Benjamini–Yekutieli: as Benjamini–Hochberg, for any dependence (doi:10.1214/aos/1013699998, Theorem 1.3). Every
/// p-value is multiplied by `1 + 1/2 + … + 1/m` first.
#[must_use]
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a number of tests")]
    let penalty = (1..=p.len()).map(|i| 1.0 / i as f64).sum();
    stepped_up(p, penalty)
}

/// Holm: adjusted p-values that keep the chance of any false finding (Holm 1979, Scand. J. Statist. 6, 65–70).
///
/// ```text
/// p̃(i) = max over j ≤ i of  min(1, (m − j + 1) · p(j))
/// ```
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![1.0; p.len()];
    let mut worst: f64 = 0.0;
    for (rank, i) in ascending(p).into_iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "a number of tests")]
        let factor = (p.len() - rank) as f64;
        if let (Some(p), Some(place)) = (p.get(i), adjusted.get_mut(i)) {
            worst = worst.max((p * factor).min(1.0));
            *place = worst;
        }
    }
    adjusted
}

/// Max-|T|: p-values adjusted by the joint distribution of the statistics, single step (Westfall & Young 1993, §2.3).
///
/// `observed[j]` is the statistic of test `j`; each item of `null` holds the same statistics under the null
/// hypothesis (one resample). `p̃(j) = (1 + #{resamples whose largest |statistic| ≥ |observed[j]|}) / (1 + B)`.
#[must_use]
pub fn max_t<'a>(observed: &[f64], null: impl IntoIterator<Item = &'a [f64]>) -> Vec<f64> {
    let mut largest: Vec<f64> = null.into_iter().map(|t| t.iter().fold(0.0, |m: f64, x| m.max(x.abs()))).collect();
    largest.sort_by(f64::total_cmp);
    observed
        .iter()
        .map(|t| {
            let beyond = largest.len() - largest.partition_point(|m| *m < t.abs());
            #[allow(clippy::cast_precision_loss, reason = "a number of replicates")]
            let p = (1 + beyond) as f64 / (1 + largest.len()) as f64;
            p
        })
        .collect()
}

fn stepped_up(p: &[f64], penalty: f64) -> Vec<f64> {
    let mut adjusted = vec![1.0; p.len()];
    let mut best: f64 = 1.0;
    #[allow(clippy::cast_precision_loss, reason = "a number of tests")]
    let m = p.len() as f64;
    for (rank, i) in ascending(p).into_iter().enumerate().rev() {
        #[allow(clippy::cast_precision_loss, reason = "a number of tests")]
        let place_in_order = (rank + 1) as f64;
        if let (Some(p), Some(place)) = (p.get(i), adjusted.get_mut(i)) {
            best = best.min(p * (m * penalty / place_in_order));
            *place = best;
        }
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| match (p.get(*a), p.get(*b)) {
        (Some(a), Some(b)) => a.total_cmp(b),
        _ => std::cmp::Ordering::Equal,
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn five_tests_by_hand() {
        let p = [0.005, 0.03, 0.011, 0.5, 0.04];
        // Ordered: .005·5/1 = .025, .011·5/2 = .0275, .03·5/3 = .05, .04·5/4 = .05, .5.
        let bh = benjamini_hochberg(&p);
        for (got, want) in bh.iter().zip([0.025, 0.05, 0.0275, 0.5, 0.05]) {
            assert!((got - want).abs() < 1e-15, "{bh:?}");
        }
        // .005·5 = .025, .011·4 = .044, .03·3 = .09, .04·2 = .08 → .09, .5.
        let holm = holm(&p);
        for (got, want) in holm.iter().zip([0.025, 0.09, 0.044, 0.5, 0.09]) {
            assert!((got - want).abs() < 1e-15, "{holm:?}");
        }
        // The penalty of five is 1 + 1/2 + 1/3 + 1/4 + 1/5 = 137/60.
        assert!((benjamini_yekutieli(&p)[0] - 0.025 * 137.0 / 60.0).abs() < 1e-15);
    }

    #[test]
    fn max_t_counts_replicates() {
        let null: [&[f64]; 4] = [&[0.1, -3.0], &[1.0, 0.0], &[-2.0, 1.0], &[0.5, 0.5]];
        // Largest per replicate: 3, 1, 2, ½.
        assert_eq!(max_t(&[2.5, -1.0, 4.0], null), [2.0 / 5.0, 4.0 / 5.0, 1.0 / 5.0]);
    }

    proptest! {
        #[test]
        fn adjustments_are_ordered(p in prop::collection::vec(0.0_f64..=1.0, 1..40)) {
            let (bh, by, holm) = (benjamini_hochberg(&p), benjamini_yekutieli(&p), holm(&p));
            for i in 0..p.len() {
                prop_assert!(bh[i] >= p[i] * (1.0 - 1e-12) && bh[i] <= by[i] * (1.0 + 1e-12));
                prop_assert!(bh[i] <= holm[i] * (1.0 + 1e-12) && holm[i] <= 1.0 && by[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || bh[i] <= bh[j]);
                }
            }
        }
    }
}
