//! Tests of "no difference between groups".

use libm::{exp, lgamma, sqrt};

use crate::{Confidence, Draws, Ends, beta_reg, chi_squared_tail};

/// A test's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct HomogeneityTest {
    /// The statistic; absent for an exact test.
    pub statistic: Option<f64>,
    /// P-value.
    pub p_value: f64,
    /// `chi_squared`, `fisher_exact`, `permutation`, `welch`, `wald` or `cochran_mantel_haenszel`.
    pub method: &'static str,
}

/// Draws of a permutation test: p-values down to 0.0001.
const PERMUTATIONS: u64 = 9_999;

/// Tests whether groups share one rate: `(k, n)` per group, successes among rows; weighted counts are first scaled to
/// Kish's effective number of rows.
///
/// Pearson's chi-squared with `G − 1` degrees of freedom where every expected count is at least 5. Otherwise exact:
/// Fisher's test for two groups (two-sided by probability), and for more a permutation test of the same statistic with
/// 9,999 draws of the table given its margins. `None` for fewer than two groups with rows. When all rows succeed, or
/// none does, nothing speaks against equal rates: p = 1.
///
/// ```
/// use equipoise_kernels::{Draws, equal_rates};
///
/// // Fisher's tea: 3 of 4 against 1 of 4.
/// let test = equal_rates(&[(3.0, 4.0), (1.0, 4.0)], &mut Draws::new(0, "tea", 0)).unwrap();
/// assert!((test.p_value - 34.0 / 70.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn equal_rates(groups: &[(f64, f64)], draws: &mut Draws) -> Option<HomogeneityTest> {
    let groups: Vec<(f64, f64)> = groups.iter().copied().filter(|g| g.1 > 0.0).collect();
    if groups.len() < 2 {
        return None;
    }
    let (hits, rows) = groups.iter().fold((0.0, 0.0), |(k, n), g| (k + g.0, n + g.1));
    let rate = hits / rows;
    if rate <= 0.0 || rate >= 1.0 {
        return Some(HomogeneityTest { statistic: Some(0.0), p_value: 1.0, method: "chi_squared" });
    }
    let least_expected = groups.iter().map(|g| g.1 * rate.min(1.0 - rate)).fold(f64::INFINITY, f64::min);
    let statistic = chi_squared_statistic(&groups, rate);
    if least_expected >= 5.0 {
        #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
        let p_value = chi_squared_tail(statistic, (groups.len() - 1) as f64);
        return Some(HomogeneityTest { statistic: Some(statistic), p_value, method: "chi_squared" });
    }
    let whole: Vec<(u64, u64)> = groups.iter().map(|g| (whole_number(g.0), whole_number(g.1).max(1))).collect();
    if let [a, b] = whole.as_slice() {
        return Some(HomogeneityTest { statistic: None, p_value: fisher(*a, *b), method: "fisher_exact" });
    }
    Some(permutation(&whole, draws))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are not negative and below 2^53")]
fn whole_number(x: f64) -> u64 {
    x.max(0.0).round() as u64
}

/// `Σ (k − n·p)² / (n·p·(1 − p))`
fn chi_squared_statistic(groups: &[(f64, f64)], rate: f64) -> f64 {
    groups.iter().map(|(k, n)| (k - n * rate) * (k - n * rate) / (n * rate * (1.0 - rate))).sum()
}

/// `ln n!` by table up to a bound, by the gamma function beyond: the same numbers either way.
struct LnFactorial(Vec<f64>);

impl LnFactorial {
    /// Longest table: half a megabyte.
    const MOST: u64 = 65_536;

    #[allow(clippy::cast_precision_loss, reason = "at most 65,536")]
    fn up_to(n: u64) -> Self {
        Self((0..=n.min(Self::MOST)).map(|i| lgamma(i as f64 + 1.0)).collect())
    }

    #[allow(clippy::cast_precision_loss, reason = "counts below 2^53")]
    fn at(&self, n: u64) -> f64 {
        let known = usize::try_from(n).ok().and_then(|i| self.0.get(i).copied());
        known.unwrap_or_else(|| lgamma(n as f64 + 1.0))
    }

    /// `ln` of the ways to choose `k` of `n`.
    fn ways(&self, n: u64, k: u64) -> f64 {
        self.at(n) - self.at(k) - self.at(n.saturating_sub(k))
    }
}

/// Fisher's exact test of two groups: the chance of all tables with the same margins that are no likelier than this.
fn fisher(a: (u64, u64), b: (u64, u64)) -> f64 {
    let (hits, rows) = (a.0 + b.0, a.1 + b.1);
    let (least, most) = (hits.saturating_sub(b.1), hits.min(a.1));
    let ln = LnFactorial::up_to(rows);
    let chance = |k: u64| ln.ways(a.1, k) + ln.ways(b.1, hits.saturating_sub(k)) - ln.ways(rows, hits);
    let seen = chance(a.0.clamp(least, most)) + 1e-7;
    (least..=most).map(chance).filter(|c| *c <= seen).map(exp).sum::<f64>().min(1.0)
}

/// Permutation test of the chi-squared statistic: successes are dealt anew over the groups.
#[allow(clippy::cast_precision_loss, reason = "counts below 2^53")]
fn permutation(groups: &[(u64, u64)], draws: &mut Draws) -> HomogeneityTest {
    let hits: u64 = groups.iter().map(|g| g.0.min(g.1)).sum();
    let rows: u64 = groups.iter().map(|g| g.1).sum();
    let rate = hits as f64 / rows as f64;
    let statistic = |ks: &[u64], ns: &[u64]| {
        ks.iter().zip(ns).map(|(k, n)| (*k as f64 - *n as f64 * rate).powi(2) / *n as f64).sum::<f64>()
    };
    // The largest group comes last and takes what is left, so that every draw is from a small group.
    let mut order: Vec<(u64, u64)> = groups.iter().map(|g| (g.0.min(g.1), g.1)).collect();
    order.sort_by_key(|g| g.1);
    let (seen, sizes): (Vec<u64>, Vec<u64>) = order.into_iter().unzip();
    let limit = statistic(&seen, &sizes) * (1.0 - 1e-9);
    let mut dealt = seen.clone();
    let ln = LnFactorial::up_to(rows);
    let mut beyond = 0_u64;
    for _ in 0..PERMUTATIONS {
        let (mut hits_left, mut rows_left) = (hits, rows);
        for (k, n) in dealt.iter_mut().zip(&sizes) {
            *k = hypergeometric(draws, &ln, hits_left, rows_left, *n);
            hits_left -= *k;
            rows_left -= n;
        }
        beyond += u64::from(statistic(&dealt, &sizes) >= limit);
    }
    let p_value = (1 + beyond) as f64 / (1 + PERMUTATIONS) as f64;
    HomogeneityTest {
        statistic: Some(statistic(&seen, &sizes) / (rate * (1.0 - rate))),
        p_value,
        method: "permutation",
    }
}

/// Successes among `sample` rows drawn without replacement from `rows` of which `hits` are successes: inversion
/// outwards from the mode, some two deviations of steps.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts below 2^53"
)]
fn hypergeometric(draws: &mut Draws, ln: &LnFactorial, hits: u64, rows: u64, sample: u64) -> u64 {
    let misses = rows - hits;
    let (least, most) = (sample.saturating_sub(misses), hits.min(sample));
    if least >= most {
        return most;
    }
    let (h, r, s) = (hits as f64, rows as f64, sample as f64);
    let mode = ((((h + 1.0) * (s + 1.0)) / (r + 2.0)).floor() as u64).clamp(least, most);
    let at_mode = exp(ln.ways(hits, mode) + ln.ways(misses, sample - mode) - ln.ways(rows, sample));
    loop {
        let mut u = draws.uniform();
        let (mut up, mut down) = (mode, mode);
        let (mut p_up, mut p_down) = (at_mode, at_mode);
        if u < at_mode {
            return mode;
        }
        u -= at_mode;
        while up < most || down > least {
            if up < most {
                let k = up as f64;
                p_up *= (h - k) * (s - k) / ((k + 1.0) * (r - h - s + k + 1.0));
                up += 1;
                if u < p_up {
                    return up;
                }
                u -= p_up;
            }
            if down > least {
                let k = down as f64;
                p_down *= k * (r - h - s + k) / ((h - k + 1.0) * (s - k + 1.0));
                down -= 1;
                if u < p_down {
                    return down;
                }
                u -= p_down;
            }
            if p_up <= 0.0 && p_down <= 0.0 {
                break;
            }
        }
    }
}

/// Tests whether independent numbers are equal, from their variances (Welch 1951, doi:10.2307/2332579, with degrees of
/// freedom; Wald's chi-squared where those are infinite). Items are `(value, variance, degrees of freedom)`.
///
/// ```text
/// w = 1/v    m = Σ w·x / Σ w    λ = Σ (1 − w/W)²/f    W = Σ w
/// F = [Σ w(x − m)² / (G − 1)] / [1 + 2(G − 2)λ/(G² − 1)]    with G − 1 and (G² − 1)/(3λ) degrees of freedom
/// ```
///
/// `None` for fewer than two numbers or a variance that is not positive.
#[must_use]
pub fn equal_means(groups: &[(f64, f64, f64)]) -> Option<HomogeneityTest> {
    if groups.len() < 2 || groups.iter().any(|g| !(g.1 > 0.0 && g.1.is_finite() && g.2 > 0.0)) {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
    let size = groups.len() as f64;
    let total: f64 = groups.iter().map(|g| 1.0 / g.1).sum();
    let mean = groups.iter().map(|g| g.0 / g.1).sum::<f64>() / total;
    let spread: f64 = groups.iter().map(|g| (g.0 - mean) * (g.0 - mean) / g.1).sum();
    let lambda: f64 = groups.iter().map(|g| (1.0 - 1.0 / (g.1 * total)).powi(2) / g.2).sum();
    if lambda <= 1e-9 {
        let p_value = chi_squared_tail(spread, size - 1.0);
        return Some(HomogeneityTest { statistic: Some(spread), p_value, method: "wald" });
    }
    let f = spread / (size - 1.0) / (1.0 + 2.0 * (size - 2.0) * lambda / (size * size - 1.0));
    let (d1, d2) = (size - 1.0, (size * size - 1.0) / (3.0 * lambda));
    let p_value = beta_reg(0.5 * d2, 0.5 * d1, d2 / (d2 + d1 * f));
    Some(HomogeneityTest { statistic: Some(f), p_value, method: "welch" })
}

/// Two groups in one stratum: successes and rows of each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stratum {
    /// Successes in the first group.
    pub k1: f64,
    /// Rows in the first group.
    pub n1: f64,
    /// Successes in the second group.
    pub k2: f64,
    /// Rows in the second group.
    pub n2: f64,
}

/// A difference or ratio pooled over strata.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// The pooled number.
    pub value: f64,
    /// Its standard error (of the logarithm, for a ratio).
    pub se: f64,
}

impl Pooled {
    /// `value ± z·se`
    #[must_use]
    pub fn difference_ends(self, confidence: Confidence) -> Ends {
        let half = confidence.z() * self.se;
        Ends { low: (self.value - half).max(-1.0), high: (self.value + half).min(1.0) }
    }

    /// `value · exp(±z·se)`
    #[must_use]
    pub fn ratio_ends(self, confidence: Confidence) -> Ends {
        let half = confidence.z() * self.se;
        Ends { low: self.value * exp(-half), high: self.value * exp(half) }
    }
}

/// Mantel and Haenszel's difference of rates, first minus second, with Sato's variance (1989, doi:10.2307/2531775),
/// which holds for few large strata and for many sparse ones:
///
/// ```text
/// w = n₁n₂/N    RD = Σ (k₁n₂ − k₂n₁)/N / Σ w    V = (RD·Σ P + Σ Q) / (Σ w)²
/// P = [n₁²k₂ − n₂²k₁ + n₁n₂(n₂ − n₁)/2] / N²    Q = [k₁(n₂ − k₂) + k₂(n₁ − k₁)] / 2N
/// ```
///
/// Strata without rows of both groups tell nothing. `None` when none does.
#[must_use]
pub fn mantel_haenszel_difference(strata: &[Stratum]) -> Option<Pooled> {
    let (mut top, mut weight, mut p, mut q) = (0.0, 0.0, 0.0, 0.0);
    for Stratum { k1, n1, k2, n2 } in both(strata) {
        let n = n1 + n2;
        top += (k1 * n2 - k2 * n1) / n;
        weight += n1 * n2 / n;
        p += (n1 * n1 * k2 - n2 * n2 * k1 + 0.5 * n1 * n2 * (n2 - n1)) / (n * n);
        q += 0.5 * (k1 * (n2 - k2) + k2 * (n1 - k1)) / n;
    }
    let value = top / weight;
    let se = sqrt(((value * p + q) / (weight * weight)).max(0.0));
    (weight > 0.0).then_some(Pooled { value, se })
}

/// Mantel and Haenszel's ratio of rates, first over second, with the variance of its logarithm by Greenland and Robins
/// (1985, doi:10.2307/2530643, equation 13):
///
/// ```text
/// R = Σ k₁n₂/N    S = Σ k₂n₁/N    RR = R/S    V = Σ [n₁n₂(k₁ + k₂) − k₁k₂N]/N² / (R·S)
/// ```
///
/// `None` when one of the groups has no success in any stratum that holds both.
#[must_use]
pub fn mantel_haenszel_ratio(strata: &[Stratum]) -> Option<Pooled> {
    let (mut r, mut s, mut v) = (0.0, 0.0, 0.0);
    for Stratum { k1, n1, k2, n2 } in both(strata) {
        let n = n1 + n2;
        r += k1 * n2 / n;
        s += k2 * n1 / n;
        v += (n1 * n2 * (k1 + k2) - k1 * k2 * n) / (n * n);
    }
    (r > 0.0 && s > 0.0).then(|| Pooled { value: r / s, se: sqrt((v / (r * s)).max(0.0)) })
}

fn both(strata: &[Stratum]) -> impl Iterator<Item = Stratum> + '_ {
    strata.iter().copied().filter(|s| s.n1 > 0.0 && s.n2 > 0.0)
}

/// Cochran, Mantel and Haenszel's test that a rate is the same in all groups within every stratum: `strata[s][g]` is
/// `(k, n)`. Generalised to any number of groups (Agresti 2013, §8.4.3), without continuity correction, chi-squared
/// with `G − 1` degrees of freedom.
///
/// `None` when no stratum has a success, a failure and two groups.
#[must_use]
pub fn cochran_mantel_haenszel(strata: &[Vec<(f64, f64)>]) -> Option<HomogeneityTest> {
    let size = strata.iter().map(Vec::len).max()?;
    let mut excess = vec![0.0; size];
    let mut covariance = vec![vec![0.0; size]; size];
    for stratum in strata {
        let (hits, rows) = stratum.iter().fold((0.0, 0.0), |(k, n), g| (k + g.0, n + g.1));
        if rows <= 1.0 {
            continue;
        }
        let factor = hits * (rows - hits) / (rows * rows * (rows - 1.0));
        for (i, (a, row)) in stratum.iter().zip(&mut covariance).enumerate() {
            if let Some(place) = excess.get_mut(i) {
                *place += a.0 - a.1 * hits / rows;
            }
            for (j, (b, cell)) in stratum.iter().zip(row).enumerate() {
                *cell += factor * (if i == j { a.1 * (rows - a.1) } else { -a.1 * b.1 });
            }
        }
    }
    let (statistic, rank) = quadratic_form(covariance, excess)?;
    let p_value = chi_squared_tail(statistic, rank);
    Some(HomogeneityTest { statistic: Some(statistic), p_value, method: "cochran_mantel_haenszel" })
}

/// `xᵀ V⁻ x` and the rank of `V` (symmetric, positive semi-definite), by Gauss elimination with the largest pivot
/// first; directions without variance are left out. `None` when the rank is 0.
fn quadratic_form(mut v: Vec<Vec<f64>>, mut x: Vec<f64>) -> Option<(f64, f64)> {
    let at = |v: &[Vec<f64>], i: usize, j: usize| v.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0.0);
    let scale = (0..x.len()).map(|i| at(&v, i, i)).fold(0.0, f64::max);
    let (mut form, mut rank) = (0.0, 0.0);
    let mut left: Vec<usize> = (0..x.len()).collect();
    while let Some(place) = (0..left.len()).max_by(|a, b| {
        let diagonal = |p: usize| left.get(p).map_or(0.0, |i| at(&v, *i, *i));
        diagonal(*a).total_cmp(&diagonal(*b)).then(b.cmp(a))
    }) {
        let pivot = left.remove(place);
        let d = at(&v, pivot, pivot);
        if d <= 1e-10 * scale {
            break;
        }
        let value = x.get(pivot).copied().unwrap_or(0.0);
        form += value * value / d;
        rank += 1.0;
        let pivot_row = v.get(pivot).cloned().unwrap_or_default();
        for i in &left {
            let factor = at(&v, *i, pivot) / d;
            if let Some(place) = x.get_mut(*i) {
                *place -= factor * value;
            }
            if let Some(row) = v.get_mut(*i) {
                for (cell, above) in row.iter_mut().zip(&pivot_row) {
                    *cell -= factor * above;
                }
            }
        }
    }
    (rank > 0.0).then_some((form, rank))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    fn draws() -> Draws {
        Draws::new(7, "homogeneity", 0)
    }

    #[test]
    fn chi_squared_by_hand() {
        // 30/100, 40/100, 50/100: rate 0.4, Σ (k − 40)²/24 = (100 + 0 + 100)/24 = 8.3333, p = exp(−4.16667).
        let test = equal_rates(&[(30.0, 100.0), (40.0, 100.0), (50.0, 100.0)], &mut draws()).unwrap();
        assert!((test.statistic.unwrap() - 25.0 / 3.0).abs() < 1e-12);
        assert!((test.p_value - (-25.0_f64 / 6.0).exp()).abs() < 1e-12);
    }

    #[test]
    fn a_permutation_test_is_close_to_enumeration() {
        // Margins 3 hits in groups of 2, 3 and 4 rows: 84 ways. Seen (2, 1, 0).
        let groups = [(2.0, 2.0), (1.0, 3.0), (0.0, 4.0)];
        let stat = |k: [f64; 3]| {
            [2.0, 3.0, 4.0].iter().zip(k).map(|(n, k): (&f64, f64)| (k - n / 3.0).powi(2) / n).sum::<f64>()
        };
        let choose = |n: usize, k: usize| (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
        let mut exact = 0.0;
        for a in 0..=2_usize {
            for b in 0..=3 - a {
                let c = 3 - a - b;
                if stat([a as f64, b as f64, c as f64]) >= stat([2.0, 1.0, 0.0]) - 1e-9 {
                    exact += choose(2, a) * choose(3, b) * choose(4, c) / 84.0;
                }
            }
        }
        let test = equal_rates(&groups, &mut draws()).unwrap();
        assert_eq!(test.method, "permutation");
        assert!((test.p_value - exact).abs() < 0.012, "{} against {exact}", test.p_value);
    }

    #[test]
    fn hypergeometric_draws_have_their_moments() {
        let (hits, rows, sample, n) = (300, 1000, 40, 100_000);
        let ln = LnFactorial::up_to(rows);
        let mut draws = draws();
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let k = hypergeometric(&mut draws, &ln, hits, rows, sample) as f64;
            sum += k;
            square += k * k;
        }
        let (mean, n) = (sum / f64::from(n), f64::from(n));
        let variance = 40.0 * 0.3 * 0.7 * 960.0 / 999.0;
        assert!((mean - 12.0).abs() < 4.0 * (variance / n).sqrt());
        assert!((square / n - mean * mean - variance).abs() < 0.03 * variance);
    }

    #[test]
    fn welch_for_two_groups_is_his_t_test() {
        // Means 10 and 12, variances of the means 0.5 and 0.3, 9 and 19 degrees: t = 2/√0.8,
        // f = 0.64 / (0.25/9 + 0.09/19) by Welch and Satterthwaite.
        let test = equal_means(&[(10.0, 0.5, 9.0), (12.0, 0.3, 19.0)]).unwrap();
        let f = 0.64 / (0.25 / 9.0 + 0.09 / 19.0);
        assert!((test.statistic.unwrap() - 5.0).abs() < 1e-12);
        assert!((test.p_value - crate::t_two_sided(2.0 / 0.8_f64.sqrt(), f)).abs() < 1e-10);
        let wald = equal_means(&[(10.0, 0.5, f64::INFINITY), (12.0, 0.3, f64::INFINITY)]).unwrap();
        assert!((wald.p_value - crate::chi_squared_tail(5.0, 1.0)).abs() < 1e-15);
    }

    #[test]
    fn pooled_over_one_stratum_is_the_plain_comparison() {
        let one = [Stratum { k1: 30.0, n1: 100.0, k2: 10.0, n2: 50.0 }];
        let difference = mantel_haenszel_difference(&one).unwrap();
        assert!((difference.value - 0.1).abs() < 1e-12);
        // Sato's variance differs from Wald's only in higher order.
        let wald = (0.3 * 0.7 / 100.0 + 0.2 * 0.8 / 50.0_f64).sqrt();
        assert!((difference.se / wald - 1.0).abs() < 0.03, "{} {wald}", difference.se);
        let ratio = mantel_haenszel_ratio(&one).unwrap();
        assert!((ratio.value - 1.5).abs() < 1e-12);
        // Of the logarithm: 1/30 − 1/100 + 1/10 − 1/50.
        assert!((ratio.se - (1.0 / 30.0 - 0.01 + 0.1 - 0.02_f64).sqrt()).abs() < 1e-12);
        // Turned round: the opposite.
        let turned = [Stratum { k1: 10.0, n1: 50.0, k2: 30.0, n2: 100.0 }];
        let back = mantel_haenszel_difference(&turned).unwrap();
        assert!((back.value + 0.1).abs() < 1e-12 && (back.se - difference.se).abs() < 1e-12);
    }

    #[test]
    fn berkeley_admissions() {
        // Bickel, Hammel & O'Connell (1975): admitted and applied, men and women, six departments.
        let berkeley = [
            (512.0, 825.0, 89.0, 108.0),
            (353.0, 560.0, 17.0, 25.0),
            (120.0, 325.0, 202.0, 593.0),
            (138.0, 417.0, 131.0, 375.0),
            (53.0, 191.0, 94.0, 393.0),
            (22.0, 373.0, 24.0, 341.0),
        ];
        let strata: Vec<Vec<(f64, f64)>> = berkeley.iter().map(|b| vec![(b.0, b.1), (b.2, b.3)]).collect();
        let test = cochran_mantel_haenszel(&strata).unwrap();
        // R: mantelhaen.test(UCBAdmissions, correct = FALSE) → 1.5246, p = 0.2169.
        assert!((test.statistic.unwrap() - 1.5246).abs() < 5e-5, "{test:?}");
        assert!((test.p_value - 0.2169).abs() < 5e-5);
    }

    #[test]
    fn a_group_without_rows_does_not_count() {
        let two = cochran_mantel_haenszel(&[vec![(3.0, 10.0), (6.0, 10.0)], vec![(1.0, 8.0), (5.0, 9.0)]]).unwrap();
        let three = cochran_mantel_haenszel(&[
            vec![(3.0, 10.0), (0.0, 0.0), (6.0, 10.0)],
            vec![(1.0, 8.0), (0.0, 0.0), (5.0, 9.0)],
        ])
        .unwrap();
        assert!((two.p_value - three.p_value).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_test() {
        assert_eq!(equal_rates(&[(1.0, 2.0)], &mut draws()), None);
        assert_eq!(equal_rates(&[(5.0, 5.0), (3.0, 3.0)], &mut draws()).unwrap().p_value, 1.0);
        assert_eq!(equal_means(&[(1.0, 0.0, 3.0), (2.0, 1.0, 3.0)]), None);
        assert_eq!(cochran_mantel_haenszel(&[vec![(0.0, 3.0), (0.0, 4.0)]]), None);
    }
}
