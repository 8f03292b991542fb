//! Rates of small groups, drawn towards what all groups have in common.

/// Empirical-Bayes rates: each group's rate is drawn towards the mean of all, the more the fewer its rows.
///
/// Groups' true rates are taken to come from a Beta distribution with mean `μ` and size `m = α + β`; `k` of `n` rows of
/// a group are binomial with its rate. Then the best guess of a group's rate is
///
/// ```text
/// (k + μ·m) / (n + m)
/// ```
///
/// `μ` and `m` are found by moments (Kleinman 1973, doi:10.1080/01621459.1973.10481332, with weights `n`). When the rates differ no more than chance explains, `m` is infinite and every group gets `μ`.
///
/// Groups are `(k, n)`, weighted counts welcome; a group without rows gets `μ`. `None` without any row. With a single
/// group nothing is drawn anywhere.
///
/// ```
/// let rates = equipoise_kernels::shrunken_rates(&[(50.0, 100.0), (90.0, 100.0), (0.0, 2.0)]).unwrap();
/// // The mean is 0.693 and the size 1.51: nobody of two becomes (0 + 0.693·1.51) / (2 + 1.51).
/// assert!((rates[2] - 0.299).abs() < 1e-3);
/// assert!((rates[1] - 0.9).abs() < 0.01);
/// ```
#[must_use]
pub fn shrunken_rates(groups: &[(f64, f64)]) -> Option<Vec<f64>> {
    let rows: f64 = groups.iter().map(|g| g.1).sum();
    if rows <= 0.0 {
        return None;
    }
    let live: Vec<(f64, f64)> = groups.iter().copied().filter(|g| g.1 > 0.0).collect();
    if live.len() < 2 {
        let rate = groups.iter().map(|g| g.0).sum::<f64>() / rows;
        return Some(vec![rate; groups.len()]);
    }
    let (mean, size) = moments(&live);
    let draw = |&(k, n): &(f64, f64)| if size.is_finite() { (k + mean * size) / (n + size) } else { mean };
    Some(groups.iter().map(draw).collect())
}

/// Mean and size of the Beta prior.
fn moments(groups: &[(f64, f64)]) -> (f64, f64) {
    let rows: f64 = groups.iter().map(|g| g.1).sum();
    let mean = groups.iter().map(|g| g.0).sum::<f64>() / rows;
    let spread: f64 = groups.iter().map(|(k, n)| n * (k / n - mean) * (k / n - mean)).sum();
    // E spread = μ(1 − μ)·[ρ·Σ n(1 − n/N) + (1 − ρ)·Σ (1 − n/N)], with ρ = 1/(m + 1).
    let level = mean * (1.0 - mean);
    let between: f64 = groups.iter().map(|g| g.1 * (1.0 - g.1 / rows)).sum();
    let chance: f64 = groups.iter().map(|g| 1.0 - g.1 / rows).sum();
    if level <= 0.0 || between <= chance {
        return (mean, f64::INFINITY);
    }
    let rho = ((spread / level - chance) / (between - chance)).min(1.0);
    if rho <= 0.0 { (mean, f64::INFINITY) } else { (mean, 1.0 / rho - 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rates_become_one() {
        let rates = shrunken_rates(&[(5.0, 10.0), (50.0, 100.0), (1.0, 2.0)]).unwrap();
        assert!(rates.iter().all(|r| (r - 0.5).abs() < 1e-12), "{rates:?}");
    }

    #[test]
    fn two_large_groups_by_hand() {
        // n = 100 each, rates 0.2 and 0.6: μ = 0.4, spread = 100·2·0.04 = 8, level 0.24, between = 2·100·½ = 100,
        // chance = 1; ρ = (8/0.24 − 1)/99 = 0.326599, m = 2.061856. First group: (20 + 0.4 m)/(100 + m).
        let rates = shrunken_rates(&[(20.0, 100.0), (60.0, 100.0)]).unwrap();
        let rho = (8.0 / 0.24 - 1.0) / 99.0;
        let m = 1.0 / rho - 1.0;
        assert!((rates[0] - (20.0 + 0.4 * m) / (100.0 + m)).abs() < 1e-12);
        assert!((rates[0] + rates[1] - 0.8).abs() < 1e-12);
    }

    #[test]
    fn shrunken_rates_are_closer_to_the_truth() {
        let mut draws = crate::Draws::new(5, "shrink", 0);
        let (mut raw, mut drawn) = (0.0, 0.0);
        for _ in 0..200 {
            let groups: Vec<(f64, f64, f64)> = (0..20)
                .map(|i| {
                    let truth = 0.3 + 0.1 * draws.uniform();
                    let n = 5 + 10 * i;
                    (crate::binomial(&mut draws, n, truth) as f64, n as f64, truth)
                })
                .collect();
            let rates = shrunken_rates(&groups.iter().map(|g| (g.0, g.1)).collect::<Vec<_>>()).unwrap();
            raw += groups.iter().map(|g| (g.0 / g.1 - g.2).powi(2)).sum::<f64>();
            drawn += groups.iter().zip(&rates).map(|(g, r)| (r - g.2).powi(2)).sum::<f64>();
        }
        assert!(drawn < 0.35 * raw, "squared errors: {drawn} against {raw}");
    }

    #[test]
    fn nothing_from_nothing() {
        assert_eq!(shrunken_rates(&[]), None);
        assert_eq!(shrunken_rates(&[(0.0, 0.0)]), None);
        assert_eq!(shrunken_rates(&[(3.0, 4.0)]), Some(vec![0.75]));
    }
}
