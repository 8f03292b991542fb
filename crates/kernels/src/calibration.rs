//! Do probabilities mean what they say?

use libm::sqrt;

use crate::scores::Side;
use crate::{Confidence, Draws, Ends, Measured, SortedScores, Undefined, chi_squared_tail, kish, wilson};

/// How probabilities are put in bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalibrationRule {
    /// This many bins of equal width; a bin holds its right edge, as in scikit-learn and Guo et al. (2017).
    Widths(u32),
    /// This many bins of about equal weight; equal probabilities stay together.
    Masses(u32),
}

/// Rows whose probability lies in one bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// Left edge (of equal widths) or smallest probability (of equal masses).
    pub low: f64,
    /// Right edge or largest probability.
    pub high: f64,
    /// Its truly positive rows.
    pub positive: Side,
    /// Its truly negative rows.
    pub negative: Side,
    /// Mean probability.
    pub predicted: f64,
    /// Share truly positive.
    pub observed: f64,
    /// The larger of Σ w²·(p − y − (predicted − observed))² and Σ w²·p·(1 − p): few rows may show no spread at all.
    spread: f64,
}

impl CalibrationBin {
    /// Rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.positive.rows + self.negative.rows
    }

    /// Weight.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.positive.weight + self.negative.weight
    }

    /// Share truly positive, with Wilson's interval.
    #[must_use]
    pub fn measure_observed(&self, confidence: Confidence) -> Measured {
        let n = kish(self.weight(), self.positive.squares + self.negative.squares);
        Measured::new(Ok(self.observed), wilson(self.observed, n, confidence), "wilson")
    }
}

/// Expected and maximum calibration error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationError {
    /// Mean over rows of the distance between mean probability and share of positives in the row's bin.
    pub expected: Measured,
    /// The largest such distance of any bin.
    pub maximum: Measured,
}

#[derive(Clone, Copy, Default)]
struct Gathered {
    low: f64,
    high: f64,
    positive: Side,
    negative: Side,
    score: f64,
    first: f64,
    second: f64,
    own: f64,
}

impl SortedScores {
    /// Bins in ascending order; empty ones are left out.
    #[must_use]
    pub fn calibration_bins(&self, rule: CalibrationRule) -> Vec<CalibrationBin> {
        let (CalibrationRule::Widths(n) | CalibrationRule::Masses(n)) = rule;
        let n = n.max(1);
        let last = n as usize - 1;
        #[allow(clippy::cast_possible_truncation, reason = "at most n")]
        let edge = |i: usize| f64::from(i as u32) / f64::from(n);
        let total = self.total();
        let mut bins = vec![Gathered::default(); n as usize];
        let mut below = 0.0;
        let mut at = 0_usize;
        self.for_each_tie(|tie| {
            let weight = tie.positive.weight + tie.negative.weight;
            // Scores ascend, and so do bins.
            match rule {
                CalibrationRule::Widths(_) => {
                    while at < last && tie.score > edge(at + 1) {
                        at += 1;
                    }
                }
                CalibrationRule::Masses(_) => {
                    while at < last && below + 0.5 * weight >= total * edge(at + 1) {
                        at += 1;
                    }
                }
            }
            below += weight;
            let Some(bin) = bins.get_mut(at) else { return };
            if bin.positive.rows + bin.negative.rows == 0 {
                bin.low = tie.score;
            }
            bin.high = tie.score;
            bin.score += weight * tie.score;
            let (of_positive, of_negative) = (tie.score - 1.0, tie.score);
            bin.first += tie.positive.squares * of_positive + tie.negative.squares * of_negative;
            bin.second +=
                tie.positive.squares * of_positive * of_positive + tie.negative.squares * of_negative * of_negative;
            bin.own += (tie.positive.squares + tie.negative.squares) * tie.score * (1.0 - tie.score);
            bin.positive.add(tie.positive);
            bin.negative.add(tie.negative);
        });
        let filled = bins.into_iter().enumerate().filter(|(_, bin)| bin.positive.weight + bin.negative.weight > 0.0);
        filled
            .map(|(i, bin)| {
                let weight = bin.positive.weight + bin.negative.weight;
                let (predicted, observed) = (bin.score / weight, bin.positive.weight / weight);
                let gap = predicted - observed;
                let squares = bin.positive.squares + bin.negative.squares;
                let (low, high) = match rule {
                    CalibrationRule::Widths(_) => (edge(i), edge(i + 1)),
                    CalibrationRule::Masses(_) => (bin.low, bin.high),
                };
                CalibrationBin {
                    low,
                    high,
                    positive: bin.positive,
                    negative: bin.negative,
                    predicted,
                    observed,
                    spread: (bin.second - 2.0 * gap * bin.first + gap * gap * squares).max(bin.own),
                }
            })
            .collect()
    }
}

/// Expected and maximum calibration error of bins (Naeini, Cooper & Hauskrecht 2015).
///
/// Both are pushed up by chance: even a perfectly calibrated model has some. The interval undoes that. Each bin's gap `d`
/// with standard error `s` is shrunk to `±√max(0, d² − s²)`, gaps are drawn around the shrunk ones `replicates` times,
/// and the quantiles of how far the drawn errors lie above the shrunk one are taken off the value (a basic bootstrap of
/// bins, at a cost that does not depend on the number of rows). The upper end is at least `value + z·√Σ share²·s²`
/// (the largest gap: `value + z·s`), which is right when no gap is near 0, and the lower end is 0 when the chi-squared test `Σ d²/s²` of perfect calibration does not speak against it.
#[must_use]
pub fn calibration_error(
    bins: &[CalibrationBin],
    confidence: Confidence,
    replicates: u32,
    draws: &mut Draws,
) -> CalibrationError {
    let total: f64 = bins.iter().map(CalibrationBin::weight).sum();
    if total <= 0.0 {
        let none = Measured::undefined(Undefined::Empty);
        return CalibrationError { expected: none, maximum: none };
    }
    let of = |gaps: &mut dyn Iterator<Item = (f64, f64)>| {
        let (mut expected, mut maximum) = (0.0, 0.0_f64);
        for (share, gap) in gaps {
            expected += share * gap.abs();
            maximum = maximum.max(gap.abs());
        }
        (expected, maximum)
    };
    let shares: Vec<(f64, f64, f64)> = bins
        .iter()
        .map(|bin| (bin.weight() / total, bin.predicted - bin.observed, sqrt(bin.spread) / bin.weight()))
        .collect();
    let (expected, maximum) = of(&mut shares.iter().map(|(share, gap, _)| (*share, *gap)));
    let shrunk: Vec<(f64, f64, f64)> = shares
        .iter()
        .map(|(share, gap, se)| (*share, sqrt((gap * gap - se * se).max(0.0)).copysign(*gap), *se))
        .collect();
    let (centre, top) = of(&mut shrunk.iter().map(|(share, gap, _)| (*share, *gap)));
    let (mut drawn, mut tops): (Vec<f64>, Vec<f64>) = (0..replicates)
        .map(|_| of(&mut shrunk.iter().map(|(share, gap, se)| (*share, gap + se * draws.normal()))))
        .unzip();
    let (statistic, df) = shares
        .iter()
        .filter(|(_, _, se)| *se > 0.0)
        .fold((0.0, 0.0), |(sum, n), (_, gap, se)| (sum + (gap / se) * (gap / se), n + 1.0));
    let may_be_perfect = chi_squared_tail(statistic, df) > 1.0 - confidence.level();
    let spread = sqrt(shares.iter().map(|(share, _, se)| share * share * se * se).sum());
    let widest = shares.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).map_or(0.0, |(_, _, se)| *se);
    let ends = |value: f64, centre: f64, se: f64, drawn: &mut Vec<f64>| {
        drawn.sort_by(f64::total_cmp);
        let tail = 0.5 - 0.5 * confidence.level();
        let low = value - (quantile(drawn, 1.0 - tail)? - centre);
        let high = value - (quantile(drawn, tail)? - centre);
        let low = if may_be_perfect { 0.0 } else { low.clamp(0.0, value) };
        Some(Ends { low, high: high.max(value + confidence.z() * se).min(1.0) })
    };
    CalibrationError {
        expected: Measured::new(Ok(expected), ends(expected, centre, spread, &mut drawn), "parametric_bootstrap"),
        maximum: Measured::new(Ok(maximum), ends(maximum, top, widest, &mut tops), "parametric_bootstrap"),
    }
}

/// Quantile of type 7 of ascending numbers.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53 numbers")]
    let place = share.clamp(0.0, 1.0) * last as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ place ≤ last")]
    let below = place.floor() as usize;
    let (a, b) = (*sorted.get(below)?, *sorted.get((below + 1).min(last))?);
    Some(a + (b - a) * (place - place.floor()))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::Scores;

    fn sorted(rows: &[(bool, f64)]) -> SortedScores {
        let mut scores = Scores::default();
        scores.push_rows(rows.iter().copied(), None);
        scores.sorted()
    }

    #[test]
    fn two_bins_by_hand() {
        let scores = sorted(&[(false, 0.2), (true, 0.5), (true, 0.6), (true, 0.9), (false, 1.0)]);
        let bins = scores.calibration_bins(CalibrationRule::Widths(2));
        // 0.5 lies on the edge and belongs to the left bin.
        assert_eq!(bins.iter().map(|b| (b.rows(), b.low, b.high)).collect::<Vec<_>>(), [(2, 0.0, 0.5), (3, 0.5, 1.0)]);
        let error = calibration_error(&bins, Confidence::default(), 200, &mut Draws::new(1, "ece", 0));
        // Gaps |0.35 − 0.5| and |2.5/3 − 2/3|, weighted 2 and 3 of 5.
        let (a, b) = (0.15, 2.5 / 3.0 - 2.0 / 3.0);
        assert!((error.expected.value.unwrap() - (2.0 * a + 3.0 * b) / 5.0).abs() < 1e-15);
        assert!((error.maximum.value.unwrap() - b).abs() < 1e-15);
    }

    #[test]
    fn equal_masses_keep_ties_together() {
        let scores = sorted(&[(false, 0.1), (true, 0.1), (true, 0.1), (true, 0.4), (false, 0.7), (false, 0.8)]);
        let bins = scores.calibration_bins(CalibrationRule::Masses(3));
        assert_eq!(bins.iter().map(CalibrationBin::rows).collect::<Vec<_>>(), [3, 1, 2]);
        assert_eq!(bins[0].observed, 2.0 / 3.0);
        assert_eq!((bins[2].low, bins[2].high), (0.7, 0.8));
    }

    /// Samples from a calibrated and from a miscalibrated model; the true errors are 0 and 0.1.
    #[test]
    fn the_interval_undoes_the_push_of_chance() {
        let mut draws = Draws::new(2, "calibration", 0);
        for (shift, truth) in [(0.0, 0.0), (0.1, 0.1)] {
            let (mut covered, mut sum) = (0, 0.0);
            for replicate in 0..200 {
                let rows: Vec<(bool, f64)> = (0..800)
                    .map(|_| {
                        let p = 0.2 + 0.6 * draws.uniform();
                        (draws.uniform() < p - shift, p)
                    })
                    .collect();
                let bins = sorted(&rows).calibration_bins(CalibrationRule::Widths(10));
                let error =
                    calibration_error(&bins, Confidence::default(), 300, &mut Draws::new(3, "replicate", replicate));
                covered += u32::from(error.expected.ends.unwrap().contains(truth));
                sum += error.expected.value.unwrap();
            }
            assert!(covered >= 184, "{truth}: {covered} of 200, mean {}", sum / 200.0);
        }
    }
}
