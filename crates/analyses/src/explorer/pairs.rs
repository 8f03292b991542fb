//! How closely two columns go together.

use std::collections::BTreeMap;

use equipoise_data::MISSING;
use equipoise_document::Missing;
use equipoise_kernels::{
    Confidence, Ends, Tally, beta_reg, chi_squared_tail, fisher_interval, gamma_q, logit_interval, t_two_sided, wilson,
};
use libm::{exp, lgamma, log};

use super::answer::Given;
use super::picked::{Picked, Values};

/// Below this p-value an association is far enough from none for linearised intervals, which near none are too short.
const CLEAR: f64 = 1e-4;

/// A measure of association with its test.
pub(super) struct Associated {
    /// `pearson`, `spearman`, `cramers_v` or `correlation_ratio`.
    pub(super) metric: &'static str,
    pub(super) given: Given,
    pub(super) p: Option<f64>,
    /// The test's name.
    pub(super) test: &'static str,
}

/// Rows in which both columns have a value.
fn complete<'a>(picked: &'a Picked, a: &'a Values, b: &'a Values) -> impl Iterator<Item = usize> + 'a {
    (0..picked.len()).filter(|row| !a.is_missing(*row) && !b.is_missing(*row) && picked.weight_at(*row) > 0.0)
}

/// The measures that fit two columns, strongest statement last: Pearson and Spearman for two columns of numbers, Cramér's V
/// for two of names, the correlation ratio for one of each.
pub(super) fn associate(picked: &Picked, a: &Values, b: &Values, confidence: Confidence) -> Vec<Associated> {
    match (a, b) {
        (Values::Numbers(x), Values::Numbers(y)) => {
            let mut rows = Vec::new();
            for row in complete(picked, a, b) {
                if let (Some(x), Some(y)) = (x.get(row), y.get(row))
                    && x.is_finite()
                    && y.is_finite()
                {
                    rows.push((*x, *y, picked.weight_at(row)));
                }
            }
            let ranks = ranked(&rows);
            vec![correlation(&rows, "pearson", confidence), correlation(&ranks, "spearman", confidence)]
        }
        (Values::Codes(x), Values::Codes(y)) => {
            let mut table: BTreeMap<(u32, u32), Tally> = BTreeMap::new();
            for row in complete(picked, a, b) {
                let pair = (x.get(row).copied().unwrap_or(MISSING), y.get(row).copied().unwrap_or(MISSING));
                table.entry(pair).or_default().push(picked.weight_at(row));
            }
            vec![cramers_v(&table, confidence)]
        }
        (Values::Numbers(x), Values::Codes(groups)) | (Values::Codes(groups), Values::Numbers(x)) => {
            let rows = complete(picked, a, b).filter_map(|row| {
                let x = *x.get(row)?;
                x.is_finite().then_some((*groups.get(row)?, x, picked.weight_at(row)))
            });
            vec![correlation_ratio(&rows.collect::<Vec<_>>(), confidence)]
        }
    }
}

/// Mid-ranks of both numbers: the weight below, and half of that of equal ones.
fn ranked(rows: &[(f64, f64, f64)]) -> Vec<(f64, f64, f64)> {
    let ranks = |of: &dyn Fn(&(f64, f64, f64)) -> f64| {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let at = |i: &usize| rows.get(*i).map_or(0.0, of) + 0.0;
        order.sort_unstable_by(|i, j| at(i).total_cmp(&at(j)));
        let mut ranks = vec![0.0; rows.len()];
        let mut below = 0.0;
        for ties in order.chunk_by(|i, j| at(i).total_cmp(&at(j)).is_eq()) {
            let weight: f64 = ties.iter().filter_map(|i| rows.get(*i)).map(|r| r.2).sum();
            for i in ties {
                if let Some(rank) = ranks.get_mut(*i) {
                    *rank = below + 0.5 * weight;
                }
            }
            below += weight;
        }
        ranks
    };
    let (x, y) = (ranks(&|r| r.0), ranks(&|r| r.1));
    x.into_iter().zip(y).zip(rows).map(|((x, y), r)| (x, y, r.2)).collect()
}

/// Pearson's correlation, of numbers or of ranks. The interval is symmetric on Fisher's z with standard error `1/√(n − 3)`,
/// for ranks `√((1 + ρ²/2)/(n − 3))` (Bonett & Wright 2000, doi:10.1007/BF02294183); the test is Student's with `n − 2`
/// degrees of freedom. Under weights `n` is the effective number of rows.
fn correlation(rows: &[(f64, f64, f64)], metric: &'static str, confidence: Confidence) -> Associated {
    let mut n = Tally::default();
    rows.iter().for_each(|r| n.push(r.2));
    let absent = |why| Associated {
        metric,
        given: Given { value: Err(why), ends: None, method: "", n },
        p: None,
        test: "student_t",
    };
    let Some(effective) = n.n_effective() else { return absent(Missing::Empty) };
    let mean = |of: &dyn Fn(&(f64, f64, f64)) -> f64| rows.iter().map(|r| r.2 * of(r)).sum::<f64>() / n.w;
    let (mx, my) = (mean(&|r| r.0), mean(&|r| r.1));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y, w) in rows {
        let (dx, dy) = (x - mx, y - my);
        xx += w * dx * dx;
        yy += w * dy * dy;
        xy += w * dx * dy;
    }
    let scale = |m: f64, s: f64| s > 1e-24 * n.w * m * m && s > 0.0;
    if !(scale(mx, xx) && scale(my, yy)) {
        return absent(Missing::NoVariation);
    }
    let r = (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0);
    let variance = if metric == "spearman" { 1.0 + 0.5 * r * r } else { 1.0 };
    let ends = (effective > 3.0)
        .then(|| (variance / (effective - 3.0)).sqrt() * (1.0 - r * r))
        .and_then(|se| fisher_interval(r, se, confidence));
    let p = (effective > 2.0).then(|| {
        let left = 1.0 - r * r;
        if left <= 0.0 { 0.0 } else { t_two_sided(r * ((effective - 2.0) / left).sqrt(), effective - 2.0) }
    });
    Associated { metric, given: Given { value: Ok(r), ends, method: "fisher_z", n }, p, test: "student_t" }
}

/// Bias-corrected Cramér's V (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002):
///
/// ```text
/// φ̃² = max(0, χ²/n − (r−1)(c−1)/(n−1))    r̃ = r − (r−1)²/(n−1)    V = √( φ̃² / min(r̃−1, c̃−1) )
/// ```
///
/// Where the chi-squared test is clear (p < 0.0001) the interval is symmetric on the logit with the linearised standard error
/// of φ²; otherwise it holds the values under which the noncentral chi-squared is not surprised by the statistic. Under weights `n` is the effective number of rows.
fn cramers_v(table: &BTreeMap<(u32, u32), Tally>, confidence: Confidence) -> Associated {
    let n: Tally = table.values().copied().sum();
    let absent = |why| Associated {
        metric: "cramers_v",
        given: Given { value: Err(why), ends: None, method: "", n },
        p: None,
        test: "chi_squared",
    };
    let Some(effective) = n.n_effective() else { return absent(Missing::Empty) };
    let (mut rows, mut columns): (BTreeMap<u32, f64>, BTreeMap<u32, f64>) = (BTreeMap::new(), BTreeMap::new());
    for ((a, b), t) in table {
        *rows.entry(*a).or_default() += t.w / n.w;
        *columns.entry(*b).or_default() += t.w / n.w;
    }
    #[allow(clippy::cast_precision_loss, reason = "numbers of values")]
    let (r, c) = (rows.len() as f64, columns.len() as f64);
    if r < 2.0 || c < 2.0 {
        return absent(Missing::NoVariation);
    }
    if effective <= 1.0 {
        return absent(Missing::BelowMinSize);
    }
    let share = |map: &BTreeMap<u32, f64>, key: &u32| map.get(key).copied().unwrap_or(1.0);
    // φ² = Σ p²/(p_a·p_b) − 1; the sums by row and column are what its slopes need.
    let mut phi2 = -1.0;
    let (mut by_row, mut by_column): (BTreeMap<u32, f64>, BTreeMap<u32, f64>) = (BTreeMap::new(), BTreeMap::new());
    for ((a, b), t) in table {
        let p = t.w / n.w;
        let term = p * p / (share(&rows, a) * share(&columns, b));
        phi2 += term;
        *by_row.entry(*a).or_default() += term;
        *by_column.entry(*b).or_default() += term;
    }
    let phi2 = phi2.max(0.0);
    let df = (r - 1.0) * (c - 1.0);
    let p_value = chi_squared_tail(effective * phi2, df);
    let corrected = (phi2 - df / (effective - 1.0)).max(0.0);
    let (rt, ct) = (r - (r - 1.0).powi(2) / (effective - 1.0), c - (c - 1.0).powi(2) / (effective - 1.0));
    let most = rt.min(ct) - 1.0;
    if most <= 0.0 {
        return absent(Missing::BelowMinSize);
    }
    let v = (corrected / most).sqrt().min(1.0);
    let slope = |a: &u32, b: &u32, t: &Tally| {
        let (pa, pb) = (share(&rows, a), share(&columns, b));
        2.0 * (t.w / n.w) / (pa * pb)
            - by_row.get(a).copied().unwrap_or(0.0) / pa
            - by_column.get(b).copied().unwrap_or(0.0) / pb
    };
    let mean: f64 = table.iter().map(|((a, b), t)| t.w / n.w * slope(a, b, t)).sum();
    let variance: f64 =
        table.iter().map(|((a, b), t)| t.ww * (slope(a, b, t) - mean).powi(2)).sum::<f64>() / (n.w * n.w);
    let (ends, method) = if p_value < CLEAR && v > 0.0 {
        let se = variance.sqrt() / (2.0 * v * most);
        match logit_interval(v, se, confidence).filter(|_| se > 0.0 && v < 1.0) {
            Some(ends) => (Some(ends), "linearised_logit"),
            None => (wilson(v, effective, confidence), "wilson"),
        }
    } else {
        let ends = noncentrality(effective * phi2, df, confidence);
        let v_of = |lambda: f64| (lambda / (effective * most)).sqrt().min(1.0);
        (Some(Ends { low: v_of(ends.low).min(v), high: v_of(ends.high).max(v) }), "noncentral_chi_squared")
    };
    let given = Given { value: Ok(v), ends, method, n };
    Associated { metric: "cramers_v", given, p: Some(p_value), test: "chi_squared" }
}

/// Correlation ratio η = √ε² of a number over groups, ε² = 1 − (SSW/(n−g))/(SST/(n−1)) without the bias of η² (Kelley
/// 1935), 0 where negative. The test is the F test of one-way analysis of variance. The interval, as for Cramér's V, is
/// Fisher's z with `n − g − 2` where the test is clear, otherwise by the noncentral chi-squared of `(g−1)·F`.
fn correlation_ratio(rows: &[(u32, f64, f64)], confidence: Confidence) -> Associated {
    let mut n = Tally::default();
    rows.iter().for_each(|r| n.push(r.2));
    let absent = |why| Associated {
        metric: "correlation_ratio",
        given: Given { value: Err(why), ends: None, method: "", n },
        p: None,
        test: "f",
    };
    let Some(effective) = n.n_effective() else { return absent(Missing::Empty) };
    let mean = rows.iter().map(|r| r.2 * r.1).sum::<f64>() / n.w;
    let mut groups: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    let mut all = 0.0;
    for (group, x, w) in rows {
        let d = x - mean;
        all += w * d * d;
        let sums = groups.entry(*group).or_default();
        sums.0 += w;
        sums.1 += w * d;
    }
    if all <= 1e-24 * n.w * mean * mean || all <= 0.0 {
        return absent(Missing::NoVariation);
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
    let g = groups.len() as f64;
    if g < 2.0 {
        return absent(Missing::FewerThanTwoGroups);
    }
    if effective <= g {
        return absent(Missing::BelowMinSize);
    }
    let between: f64 = groups.values().filter(|s| s.0 > 0.0).map(|s| s.1 * s.1 / s.0).sum();
    let eta2 = (between / all).clamp(0.0, 1.0);
    let epsilon2 = 1.0 - (1.0 - eta2) * (effective - 1.0) / (effective - g);
    let value = epsilon2.max(0.0).sqrt();
    let (d1, d2) = (g - 1.0, effective - g);
    let f = if eta2 < 1.0 { eta2 / (1.0 - eta2) * d2 / d1 } else { f64::INFINITY };
    let p = if f.is_finite() { beta_reg(0.5 * d2, 0.5 * d1, d2 / (d2 + d1 * f)) } else { 0.0 };
    let (ends, method) = if p < CLEAR && value > 0.0 && value < 1.0 && d2 > 2.0 {
        let se = (1.0 - value * value) / (d2 - 2.0).sqrt();
        (fisher_interval(value, se, confidence).map(|e| e.within(0.0, 1.0)), "fisher_z")
    } else if f.is_finite() {
        let ends = noncentrality(d1 * f, d1, confidence);
        let eta = |lambda: f64| (lambda / (lambda + effective)).sqrt();
        (Some(Ends { low: eta(ends.low).min(value), high: eta(ends.high).max(value) }), "noncentral_chi_squared")
    } else {
        (wilson(value, effective, confidence), "wilson")
    };
    let given = Given { value: Ok(value), ends, method, n };
    Associated { metric: "correlation_ratio", given, p: Some(p), test: "f" }
}

/// The noncentralities under which a chi-squared statistic with `df` degrees of freedom is neither surprisingly large nor
/// small: `P(X ≥ x; low) = α/2` and `P(X ≤ x; high) = α/2`, 0 where there is none.
fn noncentrality(x: f64, df: f64, confidence: Confidence) -> Ends {
    let tail = 0.5 - 0.5 * confidence.level();
    let upper = |lambda: f64| noncentral_tail(x, df, lambda);
    // The tail rises with λ; 10 standard deviations beyond the statistic lie beyond both ends.
    let most = x + 10.0 * (2.0 * df + 4.0 * x).sqrt() + 100.0;
    let find = |wanted: f64| {
        if upper(0.0) >= wanted {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, most);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if upper(middle) < wanted { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    Ends { low: find(tail), high: find(1.0 - tail) }
}

/// Upper tail of the noncentral chi-squared: the central tails with `df + 2j` degrees of freedom, mixed by the Poisson chances
/// of `j` with mean `λ/2` (Johnson, Kotz & Balakrishnan 1995, eq. 29.3), each tail out of the one before.
fn noncentral_tail(x: f64, df: f64, lambda: f64) -> f64 {
    let (a, h, m) = (0.5 * df, 0.5 * x, 0.5 * lambda);
    if h.is_nan() || h <= 0.0 {
        return 1.0;
    }
    // Chances further than 12 standard deviations below the mean are nothing.
    let mut j = (m - 12.0 * m.sqrt() - 20.0).max(0.0).floor();
    let mut chance = if m > 0.0 { exp(j * log(m) - m - lgamma(j + 1.0)) } else { 1.0 };
    let mut tail = gamma_q(a + j, h);
    let mut step = exp((a + j) * log(h) - h - lgamma(a + j + 1.0));
    let (mut sum, mut mass) = (0.0, 0.0);
    for _ in 0..100_000 {
        sum += chance * tail;
        mass += chance;
        if mass > 1.0 - 1e-13 || (j > m && chance < 1e-18) {
            break;
        }
        j += 1.0;
        tail = (tail + step).min(1.0);
        step *= h / (a + j);
        chance *= m / j;
    }
    sum.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v_of(cells: &[((u32, u32), u64)]) -> Associated {
        cramers_v(&cells.iter().map(|(at, n)| (*at, Tally::of(*n))).collect(), Confidence::at(0.95))
    }

    #[test]
    fn cramers_v_by_hand() {
        // φ² = (40² + 10² + 10² + 40²)/50² − 1 = 0.36; φ̃² = 0.36 − 1/99; r̃ − 1 = 1 − 1/99.
        let found = v_of(&[((0, 0), 40), ((0, 1), 10), ((1, 0), 10), ((1, 1), 40)]);
        let expected = ((0.36 - 1.0 / 99.0) / (1.0 - 1.0 / 99.0_f64)).sqrt();
        assert!((found.given.value.unwrap() - expected).abs() < 1e-12);
        assert!((found.p.unwrap() - chi_squared_tail(36.0, 1.0)).abs() < 1e-15);
        // One to one: 1, with an interval that stays below it.
        let one = v_of(&[((0, 0), 30), ((1, 1), 30), ((2, 2), 30)]);
        assert!((one.given.value.unwrap() - 1.0).abs() < 1e-12);
        assert!(one.given.ends.unwrap().low < 1.0);
        assert_eq!(v_of(&[((0, 0), 3), ((0, 1), 4)]).given.value, Err(Missing::NoVariation));
    }

    #[test]
    fn correlation_ratio_by_hand() {
        // Groups {1, 3} and {7, 9}: SSW 4, SST 40; ε² = 1 − (4/2)/(40/3).
        let rows = [(0, 1.0, 1.0), (0, 3.0, 1.0), (1, 7.0, 1.0), (1, 9.0, 1.0)];
        let found = correlation_ratio(&rows, Confidence::at(0.95));
        assert!((found.given.value.unwrap() - (1.0 - 2.0 / (40.0 / 3.0_f64)).sqrt()).abs() < 1e-12);
        // F = 36/(4/2) = 18 with 1 and 2 degrees of freedom: the square of t = √18 with 2.
        assert!((found.p.unwrap() - t_two_sided(18.0_f64.sqrt(), 2.0)).abs() < 1e-12);
    }

    #[test]
    fn the_noncentral_tail_is_that_of_scipy() {
        // scipy.stats.ncx2.sf
        assert!((noncentral_tail(10.0, 3.0, 5.0) - 0.293_351_352_222_548_16).abs() < 1e-12);
        assert!((noncentral_tail(3.0, 2.0, 0.0) - exp(-1.5)).abs() < 1e-12);
        let far = noncentral_tail(5_000.0, 2_400.0, 2_500.0);
        assert!((far - 0.20485647376844934).abs() < 1e-9, "{far}");
    }

    /// Intervals hold the true value about as often as they say, near none and far from it.
    #[test]
    fn intervals_cover() {
        let mut draws = equipoise_kernels::Draws::new(3, "pairs", 0);
        // A 3 × 3 table of equal margins with a share `s` on the diagonal beyond chance has V = s.
        for s in [0.0, 0.1, 0.5, 0.8] {
            let (mut hits_v, mut hits_eta) = (0, 0);
            let eta2 = s * s;
            for _ in 0..400 {
                let mut table: BTreeMap<(u32, u32), Tally> = BTreeMap::new();
                let mut rows = Vec::new();
                for _ in 0..300 {
                    let a = u32::try_from(draws.below(3)).unwrap();
                    let b = if draws.uniform() < s { a } else { u32::try_from(draws.below(3)).unwrap() };
                    table.entry((a, b)).or_default().push(1.0);
                    // Group means −d, 0, d have variance 2d²/3: with noise of variance 1 it is η²/(1 − η²).
                    let d = (1.5 * eta2 / (1.0 - eta2)).sqrt();
                    rows.push((a, (f64::from(a) - 1.0) * d + draws.normal(), 1.0));
                }
                let slack = 1e-9;
                let v = cramers_v(&table, Confidence::at(0.95)).given.ends.unwrap();
                hits_v += u32::from(v.low - slack <= s && s <= v.high + slack);
                let eta = correlation_ratio(&rows, Confidence::at(0.95)).given.ends.unwrap();
                hits_eta += u32::from(eta.low - slack <= s && s <= eta.high + slack);
            }
            assert!(hits_v >= 366 && hits_eta >= 366, "at {s}: {hits_v} and {hits_eta} of 400");
        }
    }
}
