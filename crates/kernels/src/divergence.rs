//! How far shares lie from other shares.

use crate::Tally;

/// Ways to say how far observed shares `p` lie from reference shares `q` of the same values. Logarithms are
/// natural throughout.
///
/// ```text
/// Kullback–Leibler          Σ p·ln(p/q)                              nats
/// Jensen–Shannon distance   √( ½Σ p·ln(p/m) + ½Σ q·ln(q/m) )         m = (p + q)/2; 0 to √ln 2
/// total variation           ½ Σ |p − q|                              0 to 1
/// infinity norm             max |p − q|                              0 to 1
/// cross-entropy             −Σ q·ln p                                nats; entropy of q when p = q
/// ```
///
/// Kullback–Leibler is undefined when a value occurs that the reference excludes; cross-entropy when a value the
/// reference has never occurs. The other three always exist. Reference: Cover & Thomas 2006, chapter 2; Lin 1991,
/// doi:10.1109/18.61115.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Divergence {
    /// `Σ p·ln(p/q)`.
    KullbackLeibler,
    /// Root of the Jensen–Shannon divergence.
    JensenShannon,
    /// `½ Σ |p − q|`.
    TotalVariation,
    /// `max |p − q|`.
    InfinityNorm,
    /// `−Σ q·ln p`.
    CrossEntropy,
}

/// Variance of a function of shares by linearisation: `Σ Σw²·(g − ḡ)² / (Σw)²` with `g` the derivative by each share and
/// `ḡ = Σ p·g`. Without weights it is the delta method of a multinomial sample.
pub(crate) fn linearised_variance(cells: &[Tally], gradient: &[f64]) -> Option<f64> {
    let w: f64 = cells.iter().map(|c| c.w).sum();
    let both = || cells.iter().zip(gradient).filter(|(c, _)| c.w > 0.0);
    let mean: f64 = both().map(|(c, g)| c.w / w * g).sum();
    let variance = both().map(|(c, g)| c.ww * (g - mean) * (g - mean)).sum::<f64>() / (w * w);
    variance.is_finite().then_some(variance)
}

/// Shares of some cells; none when they weigh nothing together.
///
/// ```
/// use equipoise_kernels::{Tally, shares};
///
/// assert_eq!(shares(&[Tally::of(1), Tally::of(3)]), Some(vec![0.25, 0.75]));
/// ```
#[must_use]
pub fn shares(cells: &[Tally]) -> Option<Vec<f64>> {
    let whole: Tally = cells.iter().copied().sum();
    cells.iter().map(|c| c.share_of(whole)).collect()
}

impl Divergence {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::KullbackLeibler, Self::JensenShannon, Self::TotalVariation, Self::InfinityNorm, Self::CrossEntropy];

    /// The divergence of `p` from `q`; both sum to 1 and have the same length. None where undefined.
    ///
    /// ```
    /// use equipoise_kernels::Divergence;
    ///
    /// let tv = Divergence::TotalVariation.between(&[0.75, 0.25], &[0.5, 0.5]);
    /// assert_eq!(tv, Some(0.25));
    /// ```
    #[must_use]
    pub fn between(self, p: &[f64], q: &[f64]) -> Option<f64> {
        if p.is_empty() || p.len() != q.len() {
            return None;
        }
        let pairs = || p.iter().copied().zip(q.iter().copied());
        let value = match self {
            Self::KullbackLeibler => pairs().map(|(p, q)| x_ln_ratio(p, q)).sum::<f64>().max(0.0),
            Self::JensenShannon => {
                let term = |(p, q): (f64, f64)| x_ln_ratio(p, f64::midpoint(p, q)) + x_ln_ratio(q, f64::midpoint(p, q));
                (0.5 * pairs().map(term).sum::<f64>()).max(0.0).sqrt()
            }
            Self::TotalVariation => 0.5 * pairs().map(|(p, q)| (p - q).abs()).sum::<f64>(),
            Self::InfinityNorm => pairs().map(|(p, q)| (p - q).abs()).fold(0.0, f64::max),
            Self::CrossEntropy => {
                pairs().map(|(p, q)| if q > 0.0 { -q * libm::log(p) } else { 0.0 }).sum::<f64>().max(0.0)
            }
        };
        value.is_finite().then_some(value)
    }

    /// Derivatives by each `p` and by each `q`. Where the function has a kink, the slope is taken as 0.
    fn gradients(self, p: &[f64], q: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let pairs = || p.iter().copied().zip(q.iter().copied());
        let sign = |x: f64| {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                0.0
            }
        };
        match self {
            Self::KullbackLeibler => pairs().map(|(p, q)| (libm::log(p / q) + 1.0, -p / q)).unzip(),
            Self::JensenShannon => {
                let distance = self.between(p, q).unwrap_or(0.0);
                let slope = |x: f64, m: f64| if distance > 0.0 { libm::log(x / m) / (4.0 * distance) } else { 0.0 };
                pairs().map(|(p, q)| (slope(p, f64::midpoint(p, q)), slope(q, f64::midpoint(p, q)))).unzip()
            }
            Self::TotalVariation => pairs().map(|(p, q)| (0.5 * sign(p - q), -0.5 * sign(p - q))).unzip(),
            Self::InfinityNorm => {
                let largest = self.between(p, q).unwrap_or(0.0);
                let mut is_found = false;
                pairs()
                    .map(|(p, q)| {
                        let is_here = !is_found && (p - q).abs() >= largest;
                        is_found |= is_here;
                        let slope = if is_here { sign(p - q) } else { 0.0 };
                        (slope, -slope)
                    })
                    .unzip()
            }
            Self::CrossEntropy => pairs().map(|(p, q)| (if q > 0.0 { -q / p } else { 0.0 }, -libm::log(p))).unzip(),
        }
    }

    /// Variance of the divergence of counted shares from a fixed reference, by linearisation. Near a divergence of zero
    /// the slope vanishes or has a kink, so an interval made from it is too short there: read a test of equality
    /// beside it.
    #[must_use]
    pub fn variance_from(self, cells: &[Tally], q: &[f64]) -> Option<f64> {
        let p = shares(cells)?;
        self.between(&p, q)?;
        linearised_variance(cells, &self.gradients(&p, q).0)
    }

    /// The same when the reference is counted too, in rows that are independent of the first.
    #[must_use]
    pub fn variance_between(self, cells: &[Tally], reference: &[Tally]) -> Option<f64> {
        let (p, q) = (shares(cells)?, shares(reference)?);
        self.between(&p, &q)?;
        let (by_p, by_q) = self.gradients(&p, &q);
        Some(linearised_variance(cells, &by_p)? + linearised_variance(reference, &by_q)?)
    }
}

/// `x·ln(x/y)` with its limit 0 at `x = 0`.
fn x_ln_ratio(x: f64, y: f64) -> f64 {
    if x > 0.0 { x * libm::log(x / y) } else { 0.0 }
}

/// Pearson's statistic `Σ (n_i − n·q_i)² / (n·q_i)` of shares `p` of `n` rows against fixed shares `q`, with its degrees
/// of freedom (the values that the reference allows, less one). None when a value occurs that the reference excludes.
/// Under weights `n` is the effective number of rows.
#[must_use]
pub fn chi_squared_against(p: &[f64], q: &[f64], n: f64) -> Option<(f64, u64)> {
    let allowed = q.iter().filter(|q| **q > 0.0).count();
    if p.len() != q.len() || allowed < 2 || p.iter().zip(q).any(|(p, q)| *p > 0.0 && *q <= 0.0) {
        return None;
    }
    let terms = p.iter().zip(q).filter(|(_, q)| **q > 0.0);
    let statistic = n * terms.map(|(p, q)| (p - q) * (p - q) / q).sum::<f64>();
    statistic.is_finite().then_some((statistic, allowed as u64 - 1))
}

/// The first Wasserstein distance between two samples of numbers in ascending order: the area between their
/// distribution functions, in the numbers' own unit. None when a sample is empty. `O(n + m)`.
///
/// Numbers only: names have no distance between them, and shares of names are not numbers to compare.
///
/// ```
/// use equipoise_kernels::wasserstein_1;
///
/// assert_eq!(wasserstein_1(&[0.0, 1.0], &[3.0, 4.0]), Some(3.0));
/// ```
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "sample sizes stay below 2^53")]
pub fn wasserstein_1(a: &[f64], b: &[f64]) -> Option<f64> {
    let (n_a, n_b) = (a.len() as f64, b.len() as f64);
    let mut left = a.iter().copied().peekable();
    let mut right = b.iter().copied().peekable();
    let mut at = match (a.first(), b.first()) {
        (Some(x), Some(y)) => x.min(*y),
        _ => return None,
    };
    let (mut below_a, mut below_b, mut area) = (0.0, 0.0, 0.0);
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        area += f64::abs(below_a / n_a - below_b / n_b) * (next - at);
        at = next;
        while left.next_if(|x| *x <= at).is_some() {
            below_a += 1.0;
        }
        while right.next_if(|x| *x <= at).is_some() {
            below_b += 1.0;
        }
    }
    f64::is_finite(area).then_some(area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assert_close as close;
    use proptest::prelude::*;

    /// p = (3/4, 1/4), q = (1/2, 1/2), on paper.
    #[test]
    fn three_quarters_by_hand() {
        let (p, q) = ([0.75, 0.25], [0.5, 0.5]);
        close(Divergence::KullbackLeibler.between(&p, &q), 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln());
        close(Divergence::TotalVariation.between(&p, &q), 0.25);
        close(Divergence::InfinityNorm.between(&p, &q), 0.25);
        close(Divergence::CrossEntropy.between(&p, &q), -0.5 * (0.75_f64.ln() + 0.25_f64.ln()));
        let js = 0.5 * (0.75 * 1.2_f64.ln() + 0.25 * (2.0_f64 / 3.0).ln())
            + 0.5 * (0.5 * 0.8_f64.ln() + 0.5 * (4.0_f64 / 3.0).ln());
        close(Divergence::JensenShannon.between(&p, &q), js.sqrt());
        // 100 rows: (75 − 50)²/50 + (25 − 50)²/50 = 25, one degree of freedom.
        assert_eq!(chi_squared_against(&p, &q, 100.0), Some((25.0, 1)));
    }

    /// The Responsible AI Toolbox takes cross-entropy in bits beside Kullback–Leibler in nats, so that the two do
    /// not add up. In one unit, `H(q, p) = H(q) + KL(q‖p)`.
    #[test]
    fn one_logarithm_base() {
        let (p, q) = ([0.7, 0.2, 0.1], [0.2, 0.3, 0.5]);
        let entropy: f64 = q.iter().map(|q: &f64| -q * q.ln()).sum();
        let reverse = Divergence::KullbackLeibler.between(&q, &p).unwrap();
        close(Divergence::CrossEntropy.between(&p, &q), entropy + reverse);
        let toolbox: f64 = p.iter().zip(q).map(|(p, q): (&f64, f64)| -q * p.log2()).sum();
        assert!((toolbox - (entropy + reverse)).abs() > 0.5);
    }

    /// The Responsible AI Toolbox takes the distance between the *shares as if they were numbers*: relabelling which
    /// value is rare changes nothing there, and the result is the same for names in any order.
    #[test]
    fn wasserstein_is_about_values() {
        // Half of the people are 20 and half 60, against all 20: 40 years for half of them.
        close(wasserstein_1(&[20.0, 60.0], &[20.0, 20.0]), 20.0);
        close(wasserstein_1(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 0.0);
        close(wasserstein_1(&[0.0], &[1.0, 2.0, 3.0, 6.0]), 3.0);
        assert_eq!(wasserstein_1(&[], &[1.0]), None);
    }

    #[test]
    fn what_the_reference_excludes_is_undefined() {
        let (p, q) = ([0.5, 0.5], [1.0, 0.0]);
        assert_eq!(Divergence::KullbackLeibler.between(&p, &q), None);
        assert_eq!(chi_squared_against(&p, &q, 10.0), None);
        close(Divergence::TotalVariation.between(&p, &q), 0.5);
        assert_eq!(Divergence::CrossEntropy.between(&q, &p), None);
        assert_eq!(Divergence::TotalVariation.between(&[], &[]), None);
        close(Divergence::JensenShannon.between(&[1.0, 0.0], &[0.0, 1.0]), std::f64::consts::LN_2.sqrt());
    }

    #[test]
    fn variance_of_an_infinity_norm_is_that_of_one_share() {
        let cells = [Tally::of(75), Tally::of(25)];
        close(Divergence::InfinityNorm.variance_from(&cells, &[0.5, 0.5]), 0.75 * 0.25 / 100.0);
        let reference = [Tally::of(10), Tally::of(30)];
        let both = 0.75 * 0.25 / 100.0 + 0.25 * 0.75 / 40.0;
        close(Divergence::InfinityNorm.variance_between(&cells, &reference), both);
    }

    prop_compose! {
        fn counts()(p in prop::collection::vec(1_u64..100, 2..6)) -> Vec<u64> { p }
    }

    proptest! {
        #[test]
        fn order_of_values_does_not_matter(p in counts(), seed in 0_usize..6) {
            let cells: Vec<Tally> = p.iter().copied().map(Tally::of).collect();
            let q = vec![1.0 / p.len() as f64; p.len()];
            let mut turned = cells.clone();
            turned.rotate_left(seed % p.len());
            for divergence in Divergence::ALL {
                let one = divergence.between(&shares(&cells).unwrap(), &q).unwrap();
                let two = divergence.between(&shares(&turned).unwrap(), &q).unwrap();
                prop_assert!((one - two).abs() < 1e-12);
            }
        }

        /// Derivatives against differences along `p_i + h`, `p_j − h`, which stay on the simplex.
        #[test]
        fn gradients_are_slopes(p in counts(), other in counts()) {
            let k = p.len().min(other.len());
            let of = |c: &[u64]| shares(&c[..k].iter().copied().map(Tally::of).collect::<Vec<_>>()).unwrap();
            let (p, q) = (of(&p), of(&other));
            prop_assume!(p.iter().zip(&q).all(|(p, q)| (p - q).abs() > 1e-4));
            for divergence in [Divergence::KullbackLeibler, Divergence::JensenShannon, Divergence::TotalVariation, Divergence::CrossEntropy] {
                let (by_p, by_q) = divergence.gradients(&p, &q);
                let h = 1e-6;
                let moved = |x: &[f64], h: f64| { let mut x = x.to_vec(); x[0] += h; x[1] -= h; x };
                let slope = (divergence.between(&moved(&p, h), &q).unwrap() - divergence.between(&moved(&p, -h), &q).unwrap()) / (2.0 * h);
                prop_assert!((by_p[0] - by_p[1] - slope).abs() < 1e-3 * (1.0 + slope.abs()));
                let slope = (divergence.between(&p, &moved(&q, h)).unwrap() - divergence.between(&p, &moved(&q, -h)).unwrap()) / (2.0 * h);
                prop_assert!((by_q[0] - by_q[1] - slope).abs() < 1e-3 * (1.0 + slope.abs()));
            }
        }

        /// Against the definition: the mean distance of sorted samples of equal length.
        #[test]
        fn wasserstein_of_equal_lengths(mut a in prop::collection::vec(-10.0..10.0_f64, 1..20), mut b in prop::collection::vec(-10.0..10.0_f64, 20)) {
            b.truncate(a.len());
            a.sort_by(f64::total_cmp);
            b.sort_by(f64::total_cmp);
            let mean = a.iter().zip(&b).map(|(x, y)| (x - y).abs()).sum::<f64>() / a.len() as f64;
            prop_assert!((wasserstein_1(&a, &b).unwrap() - mean).abs() < 1e-9);
        }
    }
}
