//! How far two counted distributions of one column lie apart.

use equipoise_document::Missing;
use equipoise_kernels::{
    Confidence, Divergence, Ends, Tally, chi_squared_tail, mover, normal_interval, shares, wilson,
};

use super::answer::Given;

/// Distances between two sets of rows, and a test that they are alike.
pub(super) struct Distance {
    /// Population stability index `Σ (p − q)·ln(p/q)`.
    pub(super) psi: Given,
    /// Root of the Jensen–Shannon divergence, natural logarithms.
    pub(super) js: Given,
    /// Largest distance of the distribution functions; numbers only.
    pub(super) ks: Option<Given>,
    /// P-value and the test's name.
    pub(super) test: Option<(f64, &'static str)>,
}

/// Compares numbers: `a` and `b` are cells of the same grid, the last one missing values. The index and the divergence are
/// over `n_groups` groups of about equal weight of `b` and one of missing values; the test is Kolmogorov and Smirnov's.
pub(super) fn numbers(a: &[Tally], b: &[Tally], groups: &[usize], confidence: Confidence) -> Distance {
    let grouped = |cells: &[Tally]| {
        let n = groups.iter().max().map_or(0, |g| g + 1);
        let mut sums = vec![Tally::default(); n];
        for (t, group) in cells.iter().zip(groups) {
            if let Some(sum) = sums.get_mut(*group) {
                *sum = [*sum, *t].into_iter().sum();
            }
        }
        sums
    };
    let (p, q) = (grouped(a), grouped(b));
    let present = |cells: &[Tally]| cells.split_last().map_or_else(Vec::new, |(_, values)| values.to_vec());
    let (a, b) = (present(a), present(b));
    let (ks, test) = kolmogorov_smirnov(&a, &b, confidence);
    Distance { psi: stability(&p, &q, confidence), js: jensen_shannon(&p, &q, confidence), ks: Some(ks), test }
}

/// Compares names: `a` and `b` are cells of the same values. Values of which fewer than five rows would be expected in
/// either are one for the index and the chi-squared test of homogeneity.
pub(super) fn names(a: &[Tally], b: &[Tally], confidence: Confidence) -> Distance {
    let (whole_a, whole_b): (Tally, Tally) = (a.iter().copied().sum(), b.iter().copied().sum());
    let (n_a, n_b) = (whole_a.n_effective().unwrap_or(0.0), whole_b.n_effective().unwrap_or(0.0));
    let (mut p, mut q) = (Vec::new(), Vec::new());
    let (mut rare_p, mut rare_q) = (Tally::default(), Tally::default());
    for (x, y) in a.iter().zip(b) {
        let (share_a, share_b) = (x.share_of(whole_a).unwrap_or(0.0), y.share_of(whole_b).unwrap_or(0.0));
        let pooled = (share_a * n_a + share_b * n_b) / (n_a + n_b).max(1.0);
        if pooled * n_a.min(n_b) < 5.0 {
            rare_p = [rare_p, *x].into_iter().sum();
            rare_q = [rare_q, *y].into_iter().sum();
        } else {
            p.push(*x);
            q.push(*y);
        }
    }
    if rare_p.n + rare_q.n > 0 {
        p.push(rare_p);
        q.push(rare_q);
    }
    let test = homogeneity(&p, &q);
    Distance { psi: stability(&p, &q, confidence), js: jensen_shannon(a, b, confidence), ks: None, test }
}

fn whole(a: &[Tally], b: &[Tally]) -> Tally {
    a.iter().chain(b).copied().sum()
}

/// Pearson's chi-squared of two rows of a table, counts scaled to the effective numbers of rows.
fn homogeneity(a: &[Tally], b: &[Tally]) -> Option<(f64, &'static str)> {
    let (p, q) = (shares(a)?, shares(b)?);
    let (whole_a, whole_b): (Tally, Tally) = (a.iter().copied().sum(), b.iter().copied().sum());
    let (n_a, n_b) = (whole_a.n_effective()?, whole_b.n_effective()?);
    let mut statistic = 0.0;
    let mut n_cells = 0_u32;
    for (p, q) in p.iter().zip(&q) {
        let pooled = (p * n_a + q * n_b) / (n_a + n_b);
        if pooled > 0.0 {
            n_cells += 1;
            statistic += n_a * (p - pooled).powi(2) / pooled + n_b * (q - pooled).powi(2) / pooled;
        }
    }
    if n_cells < 2 {
        return Some((1.0, "chi_squared"));
    }
    Some((chi_squared_tail(statistic, f64::from(n_cells - 1)), "chi_squared"))
}

/// `Σ (p − q)·ln(p/q)`, each count raised by half a row so that empty cells have a logarithm, with a linearised interval.
fn stability(a: &[Tally], b: &[Tally], confidence: Confidence) -> Given {
    let n = whole(a, b);
    let raised = |cells: &[Tally]| {
        let all: Tally = cells.iter().copied().sum();
        #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
        let half = 0.5 * all.w / all.n.max(1) as f64;
        #[allow(clippy::cast_precision_loss, reason = "a number of cells")]
        let total = all.w + half * cells.len() as f64;
        (all.n > 0 && total > 0.0).then(|| cells.iter().map(|t| (t.w + half) / total).collect::<Vec<f64>>())
    };
    let (Some(p), Some(q)) = (raised(a), raised(b)) else {
        return Given { value: Err(Missing::Empty), ends: None, method: "", n };
    };
    let value: f64 = p.iter().zip(&q).map(|(p, q)| (p - q) * libm::log(p / q)).sum();
    let slopes =
        |p: &[f64], q: &[f64]| -> Vec<f64> { p.iter().zip(q).map(|(p, q)| libm::log(p / q) + 1.0 - q / p).collect() };
    let variance = linearised(a, &slopes(&p, &q)) + linearised(b, &slopes(&q, &p));
    let ends = normal_interval(value, variance.sqrt(), confidence).map(|e| Ends { low: e.low.max(0.0), high: e.high });
    Given { value: Ok(value), ends, method: "linearised", n }
}

/// `Σ Σw²·(g − ḡ)² / (Σw)²`.
fn linearised(cells: &[Tally], slopes: &[f64]) -> f64 {
    let w: f64 = cells.iter().map(|t| t.w).sum();
    let mean: f64 = cells.iter().zip(slopes).map(|(t, g)| t.w / w * g).sum();
    cells.iter().zip(slopes).map(|(t, g)| t.ww * (g - mean).powi(2)).sum::<f64>() / (w * w)
}

fn jensen_shannon(a: &[Tally], b: &[Tally], confidence: Confidence) -> Given {
    let n = whole(a, b);
    let value = shares(a).zip(shares(b)).and_then(|(p, q)| Divergence::JensenShannon.between(&p, &q));
    let ends = value.and_then(|value| {
        let variance = Divergence::JensenShannon.variance_between(a, b)?;
        let ends = normal_interval(value, variance.sqrt(), confidence)?;
        Some(ends.within(0.0, libm::sqrt(std::f64::consts::LN_2)))
    });
    Given { value: value.ok_or(Missing::Empty), ends, method: "linearised", n }
}

/// The largest distance, with an interval out of the two shares at its place (MOVER on Wilson's), and its p-value.
fn kolmogorov_smirnov(a: &[Tally], b: &[Tally], confidence: Confidence) -> (Given, Option<(f64, &'static str)>) {
    let n = whole(a, b);
    let (all_a, all_b): (Tally, Tally) = (a.iter().copied().sum(), b.iter().copied().sum());
    let (Some(n_a), Some(n_b)) = (all_a.n_effective(), all_b.n_effective()) else {
        return (Given { value: Err(Missing::Empty), ends: None, method: "", n }, None);
    };
    let (mut f, mut g, mut best, mut at) = (0.0, 0.0, 0.0_f64, (0.0, 0.0));
    for (x, y) in a.iter().zip(b) {
        f += x.w / all_a.w;
        g += y.w / all_b.w;
        if (f - g).abs() > best {
            best = (f - g).abs();
            at = (f, g);
        }
    }
    let (p, q) = at;
    let (p, q) = (f64::clamp(p, 0.0, 1.0), f64::clamp(q, 0.0, 1.0));
    let ends = wilson(p, n_a, confidence).zip(wilson(q, n_b, confidence)).and_then(|(of_p, of_q)| {
        let sign = if p >= q { 1.0 } else { -1.0 };
        mover(&[(sign, p, of_p), (-sign, q, of_q)])
    });
    let ends = ends.map(|e| e.within(0.0, 1.0));
    let test = (kolmogorov_tail(best, n_a * n_b / (n_a + n_b)), "kolmogorov_smirnov");
    (Given { value: Ok(best), ends, method: "mover_wilson", n }, Some(test))
}

/// Tail of Kolmogorov's distribution, `2 Σ (−1)^{j−1}·exp(−2j²λ²)` at `λ = (√n + 0.12 + 0.11/√n)·D` (Stephens 1970,
/// doi:10.1111/j.2517-6161.1970.tb00821.x). With ties the test is conservative.
pub(super) fn kolmogorov_tail(d: f64, n: f64) -> f64 {
    let root = n.sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * d;
    if lambda.is_nan() || lambda <= 0.2 {
        return 1.0;
    }
    let mut sum = 0.0;
    let mut sign = 1.0;
    for j in 1..=100 {
        let term = libm::exp(-2.0 * f64::from(j * j) * lambda * lambda);
        sum += sign * term;
        sign = -sign;
        if term < 1e-300 {
            break;
        }
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(n: &[u64]) -> Vec<Tally> {
        n.iter().map(|n| Tally::of(*n)).collect()
    }

    #[test]
    fn by_hand() {
        let c = Confidence::at(0.95);
        // Shares ¼, ¾ and ¾, ¼ with half a row more each: 25.5/101 and 75.5/101.
        let found = names(&cells(&[25, 75]), &cells(&[75, 25]), c);
        let (p, q) = (25.5 / 101.0, 75.5 / 101.0_f64);
        let psi = 2.0 * (p - q) * (p / q).ln();
        assert!((found.psi.value.unwrap() - psi).abs() < 1e-12);
        // χ² = 4 · 25²/50 = 50 with one degree of freedom.
        assert!((found.test.unwrap().0 - chi_squared_tail(50.0, 1.0)).abs() < 1e-15);
        // Distribution functions of 0 0 1 1 and 1 1 1 1 (no missing): largest distance ½.
        let found = numbers(&cells(&[2, 2, 0]), &cells(&[0, 4, 0]), &[0, 0, 1], c);
        assert_eq!(found.ks.unwrap().value, Ok(0.5));
    }

    #[test]
    fn kolmogorov_quantiles() {
        // 1.358 is the 5 % point of the limit.
        let n = 1e12;
        assert!((kolmogorov_tail(1.358_10 / 1e6, n) - 0.05).abs() < 1e-4);
        assert!((kolmogorov_tail(0.0, 100.0) - 1.0).abs() < 1e-12);
    }
}
