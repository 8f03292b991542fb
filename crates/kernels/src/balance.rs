//! How strongly a value goes together with a label, before any model.

use crate::Tally;

/// The measures of association between "the row has value `f`" and "the row has label `y`".
///
/// With `p_fy` the share of rows that have both, `p_f` and `p_y` the shares that have each:
///
/// ```text
/// statistical parity              p_fy / p_f                           = P(y | f)
/// pointwise mutual information    ln( p_fy / (p_f·p_y) )               nats
/// Sørensen–Dice                   2·p_fy / (p_f + p_y)
/// Jaccard                         p_fy / (p_f + p_y − p_fy)
/// log-likelihood ratio            ln( p_fy / p_y )                     = ln P(f | y), nats
/// φ, which is Kendall's τ_b       (p_fy − p_f·p_y) / √( p_f(1−p_f)·p_y(1−p_y) )
/// ```
///
/// A value of a measure says little by itself; the gap between two values of the same column is what is compared.
/// Reference: Aka, Burke, Bäuerle, Greer & Mitchell 2021, "Measuring model biases in the absence of ground truth",
/// table 1, doi:10.1145/3461702.3462557.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// `P(y | f)`.
    StatisticalParity,
    /// `ln( p_fy / (p_f·p_y) )`.
    PointwiseMutualInformation,
    /// `2·p_fy / (p_f + p_y)`.
    SorensenDice,
    /// `p_fy / (p_f + p_y − p_fy)`.
    Jaccard,
    /// `ln( p_fy / p_y )`.
    LogLikelihoodRatio,
    /// `(p_fy − p_f·p_y) / √( p_f(1−p_f)·p_y(1−p_y) )`.
    Phi,
}

/// Rows of one value of a column: those with the label and those without.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Split {
    /// Rows that have the label.
    pub with: Tally,
    /// Rows that have not.
    pub without: Tally,
}

/// The three shares that every [`Measure`] is a function of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Association {
    /// `P(f, y)`.
    pub p_fy: f64,
    /// `P(f)`.
    pub p_f: f64,
    /// `P(y)`.
    pub p_y: f64,
}

impl Split {
    /// All rows of the value.
    #[must_use]
    pub fn whole(self) -> Tally {
        [self.with, self.without].into_iter().sum()
    }
}

impl Association {
    /// Shares of one value among all rows; none when all rows together weigh nothing.
    #[must_use]
    pub fn between(value: Split, all: Split) -> Option<Self> {
        let whole = all.whole();
        Some(Self {
            p_fy: value.with.share_of(whole)?,
            p_f: value.whole().share_of(whole)?,
            p_y: all.with.share_of(whole)?,
        })
    }

    /// The rank correlation of Aka et al. 2021 and of the Responsible AI Toolbox's data balance:
    ///
    /// ```text
    /// (a + b) / c   with   a = n²(1 − 2p_f − 2p_y + 2p_fy + 2p_f·p_y)
    ///                      b = n(2p_f + 2p_y − 4p_fy − 1)
    ///                      c = n²·√( (p_f − p_f²)(p_y − p_y²) )
    /// ```
    ///
    /// Pairs tied on both count as concordant, so it is not Kendall's τ_b and runs up to 2; it is kept for
    /// comparison. τ_b of two yes/no variables is [`Measure::Phi`]. None when either share is 0 or 1.
    #[must_use]
    pub fn kendall_with_ties(self, n: f64) -> Option<f64> {
        let Self { p_fy, p_f, p_y } = self;
        let a = n * n * (1.0 - 2.0 * p_f - 2.0 * p_y + 2.0 * p_fy + 2.0 * p_f * p_y);
        let b = n * (2.0 * p_f + 2.0 * p_y - 4.0 * p_fy - 1.0);
        let c = n * n * ((p_f - p_f * p_f) * (p_y - p_y * p_y)).sqrt();
        (c > 0.0).then(|| (a + b) / c)
    }
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::StatisticalParity,
        Self::PointwiseMutualInformation,
        Self::SorensenDice,
        Self::Jaccard,
        Self::LogLikelihoodRatio,
        Self::Phi,
    ];

    /// The measure's value; none where a denominator is 0 or a logarithm's argument is.
    ///
    /// ```
    /// use equipoise_kernels::{Association, Measure};
    ///
    /// // 16 rows: 8 have the value, 4 the label, 2 both.
    /// let both = Association { p_fy: 0.125, p_f: 0.5, p_y: 0.25 };
    /// assert_eq!(Measure::StatisticalParity.of(both), Some(0.25));
    /// assert_eq!(Measure::SorensenDice.of(both), Some(0.25 / 0.75));
    /// ```
    #[must_use]
    pub fn of(self, association: Association) -> Option<f64> {
        let Association { p_fy, p_f, p_y } = association;
        let value = match self {
            Self::StatisticalParity => p_fy / p_f,
            Self::PointwiseMutualInformation => libm::log(p_fy / (p_f * p_y)),
            Self::SorensenDice => 2.0 * p_fy / (p_f + p_y),
            Self::Jaccard => p_fy / (p_f + p_y - p_fy),
            Self::LogLikelihoodRatio => libm::log(p_fy / p_y),
            Self::Phi => (p_fy - p_f * p_y) / (p_f * (1.0 - p_f) * p_y * (1.0 - p_y)).sqrt(),
        };
        value.is_finite().then_some(value)
    }

    /// Derivatives by `p_fy`, `p_f` and `p_y`.
    fn gradient(self, association: Association) -> [f64; 3] {
        let Association { p_fy, p_f, p_y } = association;
        match self {
            Self::StatisticalParity => [1.0 / p_f, -p_fy / (p_f * p_f), 0.0],
            Self::PointwiseMutualInformation => [1.0 / p_fy, -1.0 / p_f, -1.0 / p_y],
            Self::SorensenDice => {
                let sum = p_f + p_y;
                [2.0 / sum, -2.0 * p_fy / (sum * sum), -2.0 * p_fy / (sum * sum)]
            }
            Self::Jaccard => {
                let union = p_f + p_y - p_fy;
                [(p_f + p_y) / (union * union), -p_fy / (union * union), -p_fy / (union * union)]
            }
            Self::LogLikelihoodRatio => [1.0 / p_fy, 0.0, -1.0 / p_y],
            Self::Phi => {
                // φ = c / (s_f·s_y) with c the covariance and s² = p(1 − p); ds²/dp = 1 − 2p.
                let (v_f, v_y) = (p_f * (1.0 - p_f), p_y * (1.0 - p_y));
                let root = (v_f * v_y).sqrt();
                let phi = (p_fy - p_f * p_y) / root;
                let by = |other: f64, p: f64, v: f64| -other / root - phi * (1.0 - 2.0 * p) / (2.0 * v);
                [1.0 / root, by(p_y, p_f, v_f), by(p_f, p_y, v_y)]
            }
        }
    }

    /// The gap `measure(a) − measure(b)` between two values of one column.
    #[must_use]
    pub fn gap(self, a: Split, b: Split, all: Split) -> Option<f64> {
        let gap = self.of(Association::between(a, all)?)? - self.of(Association::between(b, all)?)?;
        gap.is_finite().then_some(gap)
    }

    /// Variance of the gap by linearisation (the delta method), with rows drawn independently and weights fixed:
    ///
    /// ```text
    /// var = Σ_cells Σw²·IF² / (Σw)²        IF = what one row of the cell adds to the gap, per unit of its share
    /// ```
    ///
    /// Without weights it is the textbook variance: `p(1−p)/n` summed for statistical parity, `1/n_Ay − 1/n_A +
    /// 1/n_By − 1/n_B` for mutual information (Katz et al. 1978, doi:10.2307/2530610). None where the gap is
    /// undefined. It says nothing where a cell is empty; for shares near 0 or 1 an interval on the shares is better.
    #[must_use]
    pub fn gap_variance(self, a: Split, b: Split, all: Split) -> Option<f64> {
        self.gap(a, b, all)?;
        let (of_a, of_b) = (Association::between(a, all)?, Association::between(b, all)?);
        let (grad_a, grad_b) = (self.gradient(of_a), self.gradient(of_b));
        // IF of a row with (in a?, in b?, labelled?).
        let influence = |in_a: f64, in_b: f64, y: f64| {
            let part = |g: [f64; 3], p: Association, f: f64| {
                let [by_fy, by_f, by_y] = g;
                by_fy * (f * y - p.p_fy) + by_f * (f - p.p_f) + by_y * (y - p.p_y)
            };
            part(grad_a, of_a, in_a) - part(grad_b, of_b, in_b)
        };
        let rest = |all: Tally, a: Tally, b: Tally| (all.ww - a.ww - b.ww).max(0.0);
        let cells = [
            (a.with.ww, influence(1.0, 0.0, 1.0)),
            (a.without.ww, influence(1.0, 0.0, 0.0)),
            (b.with.ww, influence(0.0, 1.0, 1.0)),
            (b.without.ww, influence(0.0, 1.0, 0.0)),
            (rest(all.with, a.with, b.with), influence(0.0, 0.0, 1.0)),
            (rest(all.without, a.without, b.without), influence(0.0, 0.0, 0.0)),
        ];
        let w = all.whole().w;
        let variance = cells.iter().map(|(ww, influence)| ww * influence * influence).sum::<f64>() / (w * w);
        variance.is_finite().then_some(variance)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(with: u64, without: u64) -> Split {
        Split { with: Tally::of(with), without: Tally::of(without) }
    }

    fn close(a: Option<f64>, b: f64) {
        let a = a.unwrap();
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
    }

    /// 100 rows: 40 have the value, 50 the label, 30 both.
    const HAND: Association = Association { p_fy: 0.3, p_f: 0.4, p_y: 0.5 };

    #[test]
    fn levels_by_hand() {
        close(Measure::StatisticalParity.of(HAND), 0.75);
        close(Measure::Jaccard.of(HAND), 0.3 / (0.4 + 0.5 - 0.3));
        close(Measure::LogLikelihoodRatio.of(HAND), (0.3_f64 / 0.5).ln());
        // Counts 30, 10, 20, 40: (30·40 − 10·20) / √(40·60·50·50) = 1000 / √6,000,000.
        close(Measure::Phi.of(HAND), 1000.0 / 6_000_000_f64.sqrt());
    }

    /// The Responsible AI Toolbox leaves out `P(y)`: ln 0.75 = −0.288 although the two go together *more* often
    /// than by chance (0.30 against 0.20). The sign of the right value says so.
    #[test]
    fn mutual_information_is_against_chance() {
        close(Measure::PointwiseMutualInformation.of(HAND), 1.5_f64.ln());
        let toolbox = (HAND.p_fy / HAND.p_f).ln();
        assert!(toolbox < -0.28 && 1.5_f64.ln() > 0.4);
        // The gap between two values is the same under both, because P(y) cancels.
        let (a, b, all) = (split(30, 10), split(20, 40), split(50, 50));
        close(Measure::PointwiseMutualInformation.gap(a, b, all), (0.75_f64).ln() - (1.0_f64 / 3.0).ln());
    }

    /// The Responsible AI Toolbox leaves out the factor 2: perfect agreement would be ½ there.
    #[test]
    fn dice_of_perfect_agreement_is_one() {
        let perfect = Association { p_fy: 0.4, p_f: 0.4, p_y: 0.4 };
        close(Measure::SorensenDice.of(perfect), 1.0);
        close(Measure::Jaccard.of(perfect), 1.0);
        let toolbox = perfect.p_fy / (perfect.p_f + perfect.p_y);
        close(Some(toolbox), 0.5);
        close(Measure::SorensenDice.of(HAND), 0.6 / 0.9);
    }

    /// n = 100: a = 10⁴(1 − 0.8 − 1 + 0.6 + 0.4) = 2000, b = 100(0.8 + 1 − 1.2 − 1) = −40,
    /// c = 10⁴·√(0.24·0.25); (2000 − 40) / 2449.49 = 0.800166. τ_b is half of it in large samples.
    #[test]
    fn kendall_of_the_toolbox() {
        close(HAND.kendall_with_ties(100.0), 1960.0 / (10_000.0 * 0.06_f64.sqrt()));
        let tau_b = Measure::Phi.of(HAND).unwrap();
        assert!((HAND.kendall_with_ties(1e12).unwrap() / tau_b - 2.0).abs() < 1e-9);
    }

    #[test]
    fn undefined_is_none() {
        let never = Association { p_fy: 0.0, p_f: 0.4, p_y: 0.5 };
        assert_eq!(Measure::PointwiseMutualInformation.of(never), None);
        assert_eq!(Measure::LogLikelihoodRatio.of(never), None);
        assert_eq!(Measure::StatisticalParity.of(never), Some(0.0));
        let absent = Association { p_fy: 0.0, p_f: 0.0, p_y: 0.5 };
        assert_eq!(Measure::StatisticalParity.of(absent), None);
        assert_eq!(Measure::Phi.of(Association { p_fy: 0.4, p_f: 0.4, p_y: 1.0 }), None);
        assert_eq!(Association::between(split(0, 0), split(0, 0)), None);
    }

    #[test]
    fn variances_are_the_textbook_ones() {
        let (a, b, all) = (split(30, 10), split(20, 40), split(70, 80));
        let parity = 0.75 * 0.25 / 40.0 + (1.0 / 3.0) * (2.0 / 3.0) / 60.0;
        close(Measure::StatisticalParity.gap_variance(a, b, all), parity);
        let katz = 1.0 / 30.0 - 1.0 / 40.0 + 1.0 / 20.0 - 1.0 / 60.0;
        close(Measure::PointwiseMutualInformation.gap_variance(a, b, all), katz);
        close(Measure::LogLikelihoodRatio.gap_variance(a, b, all), 1.0 / 30.0 + 1.0 / 20.0);
    }

    proptest! {
        #[test]
        fn swapping_turns_the_sign(a in (1_u64..50, 1_u64..50), b in (1_u64..50, 1_u64..50), rest in (0_u64..50, 0_u64..50)) {
            let all = split(a.0 + b.0 + rest.0, a.1 + b.1 + rest.1);
            let (a, b) = (split(a.0, a.1), split(b.0, b.1));
            for measure in Measure::ALL {
                prop_assert_eq!(measure.gap(a, b, all).unwrap(), -measure.gap(b, a, all).unwrap());
                let (there, back) = (measure.gap_variance(a, b, all).unwrap(), measure.gap_variance(b, a, all).unwrap());
                prop_assert!((there - back).abs() <= 1e-12 * there.max(1e-12));
            }
        }

        /// The gradients against differences of one row in a million.
        #[test]
        fn gradients_are_slopes(n in (1_u64..50, 1_u64..50, 1_u64..50, 1_u64..50)) {
            #[allow(clippy::cast_precision_loss, reason = "small")]
            let total = (n.0 + n.1 + n.2 + n.3) as f64;
            #[allow(clippy::cast_precision_loss, reason = "small")]
            let at = Association { p_fy: n.0 as f64 / total, p_f: (n.0 + n.1) as f64 / total, p_y: (n.0 + n.2) as f64 / total };
            let h = 1e-6 * at.p_fy.min(1.0 - at.p_f).min(1.0 - at.p_y);
            for measure in Measure::ALL {
                let slope = |step: fn(Association, f64) -> Association| {
                    (measure.of(step(at, h)).unwrap() - measure.of(step(at, -h)).unwrap()) / (2.0 * h)
                };
                let slopes = [
                    slope(|a, h| Association { p_fy: a.p_fy + h, ..a }),
                    slope(|a, h| Association { p_f: a.p_f + h, ..a }),
                    slope(|a, h| Association { p_y: a.p_y + h, ..a }),
                ];
                for (ours, slope) in measure.gradient(at).iter().zip(slopes) {
                    prop_assert!((ours - slope).abs() < 1e-3 * (1.0 + slope.abs()), "{:?}: {} {}", measure, ours, slope);
                }
            }
        }

        /// Weight 2 on every row changes no gap; the variance, which knows the number of rows, stays too.
        #[test]
        fn weight_two(a in (1_u64..50, 1_u64..50), b in (1_u64..50, 1_u64..50)) {
            let twice = |s: Split| {
                let of = |t: Tally| Tally { n: t.n, w: 2.0 * t.w, ww: 4.0 * t.ww };
                Split { with: of(s.with), without: of(s.without) }
            };
            let all = split(a.0 + b.0 + 3, a.1 + b.1 + 4);
            let (a, b) = (split(a.0, a.1), split(b.0, b.1));
            for measure in Measure::ALL {
                prop_assert_eq!(measure.gap(a, b, all), measure.gap(twice(a), twice(b), twice(all)));
                let (one, two) = (measure.gap_variance(a, b, all).unwrap(), measure.gap_variance(twice(a), twice(b), twice(all)).unwrap());
                prop_assert!((one - two).abs() <= 1e-12 * one.max(1e-12));
            }
        }
    }
}
