//! How unevenly a whole is spread over its parts.

use crate::{Tally, divergence::linearised_variance, shares};

/// Inequality of the sizes of `k` parts, with `b_i = k·p_i` the size of a part over the mean size:
///
/// ```text
/// Atkinson, ε = 1    1 − exp( mean(ln b) )
/// Atkinson, ε ≠ 1    1 − ( mean(b^(1−ε)) )^( 1/(1−ε) )
/// Theil L            −mean(ln b)                          nats
/// Theil T            mean(b·ln b)                         nats
/// ```
///
/// All are 0 for equal parts. Everything is computed in logarithms: the product of many small sizes would underflow.
/// An empty part makes Theil L undefined and Atkinson with ε ≥ 1 exactly 1. References: Atkinson 1970,
/// doi:10.1016/0022-0531(70)90039-6; Theil 1967; Cowell 2011, "Measuring inequality", chapter 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inequality {
    /// Atkinson's index with aversion `ε ≥ 0`.
    Atkinson(f64),
    /// Mean logarithmic deviation, generalised entropy with α = 0.
    TheilL,
    /// Theil's index, generalised entropy with α = 1.
    TheilT,
}

impl Inequality {
    /// The inequality of shares `p` that sum to 1; none where undefined or without parts.
    ///
    /// ```
    /// use equipoise_kernels::Inequality;
    ///
    /// assert_eq!(Inequality::TheilT.of(&[0.5, 0.5]), Some(0.0));
    /// assert_eq!(Inequality::TheilL.of(&[1.0, 0.0]), None);
    /// assert_eq!(Inequality::Atkinson(1.0).of(&[1.0, 0.0]), Some(1.0));
    /// ```
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "the number of parts stays below 2^53")]
    pub fn of(self, p: &[f64]) -> Option<f64> {
        let k = p.len() as f64;
        if p.is_empty() || p.iter().any(|p| p.is_nan() || *p < 0.0) {
            return None;
        }
        let has_empty = p.iter().any(|p| *p <= 0.0);
        let value = match self {
            Self::Atkinson(epsilon) if is_one(epsilon) => 1.0 - libm::exp(mean_log(p)),
            Self::Atkinson(epsilon) if epsilon > 1.0 && has_empty => 1.0,
            Self::Atkinson(epsilon) => 1.0 - libm::exp(log_mean_power(p, 1.0 - epsilon) / (1.0 - epsilon)),
            Self::TheilL => -mean_log(p),
            Self::TheilT => p.iter().map(|p| k * p).filter(|b| *b > 0.0).map(|b| b * libm::log(b)).sum::<f64>() / k,
        };
        value.is_finite().then(|| value.max(0.0))
    }

    /// Variance of the inequality of counted parts, by linearisation; none where undefined or where a part is empty and
    /// the index is not Theil T.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "the number of parts stays below 2^53")]
    pub fn variance(self, parts: &[Tally]) -> Option<f64> {
        let p = shares(parts)?;
        let k = p.len() as f64;
        self.of(&p)?;
        if self != Self::TheilT && p.iter().any(|p| *p <= 0.0) {
            return None;
        }
        let gradient: Vec<f64> = match self {
            Self::TheilT => p.iter().map(|p| libm::log(k * p) + 1.0).collect(),
            Self::TheilL => p.iter().map(|p| -1.0 / (k * p)).collect(),
            Self::Atkinson(epsilon) if is_one(epsilon) => {
                let scale = libm::exp(mean_log(&p));
                p.iter().map(|p| -scale / (k * p)).collect()
            }
            Self::Atkinson(epsilon) => {
                let scale = log_mean_power(&p, 1.0 - epsilon) * epsilon / (1.0 - epsilon);
                p.iter().map(|p| -libm::exp(scale - epsilon * libm::log(k * p))).collect()
            }
        };
        linearised_variance(parts, &gradient)
    }
}

fn is_one(epsilon: f64) -> bool {
    (epsilon - 1.0).abs() < 1e-9
}

/// `mean(ln b)`; minus infinity with an empty part.
#[allow(clippy::cast_precision_loss, reason = "the number of parts stays below 2^53")]
fn mean_log(p: &[f64]) -> f64 {
    let k = p.len() as f64;
    p.iter().map(|p| libm::log(k * p)).sum::<f64>() / k
}

/// `ln mean(b^r)` without overflow: the largest term is taken out first.
#[allow(clippy::cast_precision_loss, reason = "the number of parts stays below 2^53")]
fn log_mean_power(p: &[f64], r: f64) -> f64 {
    let k = p.len() as f64;
    let logs: Vec<f64> = p.iter().map(|p| r * libm::log(k * p)).filter(|x| *x > f64::NEG_INFINITY).collect();
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + libm::log(logs.iter().map(|x| libm::exp(x - top)).sum::<f64>() / k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assert_close as close;
    use proptest::prelude::*;

    /// Sizes 3 and 1: b = 3/2 and 1/2.
    #[test]
    fn three_to_one_by_hand() {
        let p = [0.75, 0.25];
        close(Inequality::Atkinson(1.0).of(&p), 1.0 - 0.75_f64.sqrt());
        close(Inequality::TheilL.of(&p), -0.5 * 0.75_f64.ln());
        close(Inequality::TheilT.of(&p), 0.5 * (1.5 * 1.5_f64.ln() + 0.5 * 0.5_f64.ln()));
        // ε = 2 is one less the harmonic mean: 2 / (2/3 + 2) = 3/4. ε = ½: ((√1.5 + √0.5)/2)².
        close(Inequality::Atkinson(2.0).of(&p), 0.25);
        close(Inequality::Atkinson(0.5).of(&p), 1.0 - ((1.5_f64.sqrt() + 0.5_f64.sqrt()) / 2.0).powi(2));
        close(Inequality::Atkinson(0.0).of(&p), 0.0);
    }

    /// 2,000 parts, one of which holds almost everything: the Responsible AI Toolbox's product of sizes is 0 in double
    /// precision, so its index is exactly 1; the true one is less.
    #[test]
    fn many_parts_do_not_underflow() {
        let mut p = vec![0.1 / 1999.0; 1999];
        p.push(0.9);
        let product: f64 = p.iter().map(|p| 2000.0 * p).product();
        assert_eq!(product.to_bits(), 0.0_f64.to_bits());
        let expected = 1.0 - ((1999.0 * (200.0_f64 / 1999.0).ln() + 1800.0_f64.ln()) / 2000.0).exp();
        close(Inequality::Atkinson(1.0).of(&p), expected);
        assert!(expected < 0.9);
        assert!(Inequality::Atkinson(60.0).of(&p).unwrap() <= 1.0);
    }

    #[test]
    fn an_empty_part() {
        let p = [0.5, 0.5, 0.0];
        assert_eq!(Inequality::TheilL.of(&p), None);
        assert_eq!(Inequality::Atkinson(1.0).of(&p), Some(1.0));
        assert_eq!(Inequality::Atkinson(3.0).of(&p), Some(1.0));
        close(Inequality::TheilT.of(&p), 1.5_f64.ln());
        close(Inequality::Atkinson(0.5).of(&p), 1.0 - (2.0 * 1.5_f64.sqrt() / 3.0).powi(2));
        assert_eq!(Inequality::TheilT.of(&[]), None);
    }

    proptest! {
        #[test]
        fn near_one_is_continuous(n in prop::collection::vec(1_u64..100, 2..8)) {
            let p = shares(&n.iter().copied().map(Tally::of).collect::<Vec<_>>()).unwrap();
            let one = Inequality::Atkinson(1.0).of(&p).unwrap();
            let near = Inequality::Atkinson(1.0 + 1e-6).of(&p).unwrap();
            prop_assert!((one - near).abs() < 1e-4);
            prop_assert!((one - (1.0 - (-Inequality::TheilL.of(&p).unwrap()).exp())).abs() < 1e-12);
        }

        /// The variance against slopes along `p_i + h·p_i`, one part at a time.
        #[test]
        fn variances_follow_the_slopes(n in prop::collection::vec(1_u64..100, 2..6)) {
            let parts: Vec<Tally> = n.iter().copied().map(Tally::of).collect();
            let p = shares(&parts).unwrap();
            let total: f64 = parts.iter().map(|t| t.w).sum();
            for index in [Inequality::Atkinson(1.0), Inequality::Atkinson(0.5), Inequality::Atkinson(2.5), Inequality::TheilL, Inequality::TheilT] {
                // Influence of adding a little of part i: mix p with the point mass at i.
                let influence = |i: usize| {
                    let mixed = |h: f64| -> Vec<f64> { p.iter().enumerate().map(|(j, p)| (1.0 - h) * p + if i == j { h } else { 0.0 }).collect() };
                    let h = 1e-7;
                    (index.of(&mixed(h)).unwrap() - index.of(&mixed(-h)).unwrap()) / (2.0 * h)
                };
                let slope: f64 = p.iter().enumerate().map(|(i, p)| p * influence(i).powi(2)).sum::<f64>() / total;
                let ours = index.variance(&parts).unwrap();
                prop_assert!((ours - slope).abs() < 1e-3 * slope + 1e-6, "{:?} {} {}", index, ours, slope);
            }
        }
    }
}
