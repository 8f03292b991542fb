//! Numbers that judge scores by their order and by their size.

use libm::{log, log1p, sqrt};

use crate::undefined::{finite, ratio};
use crate::{
    Confidence, Defined, Ends, Measured, Side, SortedScores, Sum, Undefined, kish, logit_interval, mover, t_quantile,
    wilson,
};

impl SortedScores {
    /// Ranking, loss and mean numbers with their intervals, in two walks.
    #[must_use]
    pub fn summary(&self, confidence: Confidence) -> ScoreSummary {
        if let Err(why) = self.check() {
            return ScoreSummary::undefined(why);
        }
        let first = self.first_walk();
        let (auc_variance, ap_variance) = self.second_walk(&first);
        let auc = self.measure_auc(first.auc, auc_variance, confidence);
        let ap_se = sqrt(ap_variance);
        let average_precision = match first.average_precision {
            Ok(ap) => match logit_interval(ap, ap_se, confidence).filter(|_| ap_se > 0.0) {
                Some(ends) => Measured::new(Ok(ap), Some(ends), "influence_logit"),
                None => Measured::new(Ok(ap), wilson(ap, self.positive().n_effective(), confidence), "wilson"),
            },
            Err(why) => Measured::undefined(why),
        };
        ScoreSummary {
            roc_auc: auc,
            gini: auc.map(|a| 2.0 * a - 1.0),
            average_precision,
            ks_statistic: self.measure_ks(&first, confidence),
            ks_threshold: first.ks_at,
            log_loss: self.measure_mean(first.log_loss, confidence),
            brier_score: self.measure_mean(first.brier, confidence),
            mean_prediction: self.measure_mean(first.score, confidence),
            calibration_in_the_large: self.measure_mean(first.excess, confidence),
            n_distinct: first.n_distinct,
        }
    }

    fn measure_auc(&self, auc: Defined, variance: f64, confidence: Confidence) -> Measured {
        let Ok(a) = auc else { return Measured::new(auc, None, "") };
        let se = sqrt(variance);
        match logit_interval(a, se, confidence).filter(|_| se > 0.0) {
            Some(ends) => Measured::new(auc, Some(ends), "delong_logit"),
            // All pairs right or all wrong: no spread is left. The smaller side bounds what can be known.
            None => {
                let n = self.positive().n_effective().min(self.negative().n_effective());
                Measured::new(auc, wilson(a, n, confidence), "wilson")
            }
        }
    }

    fn measure_ks(&self, first: &FirstWalk, confidence: Confidence) -> Measured {
        let (positive, negative) = (self.positive(), self.negative());
        let Ok(ks) = first.ks else { return Measured::new(first.ks, None, "") };
        let of = |part: Side, all: Side| {
            let p = part.weight / all.weight;
            wilson(p, all.n_effective(), confidence).map(|ends| (p, ends))
        };
        let ends = of(first.ks_below.0, positive).zip(of(first.ks_below.1, negative)).and_then(|((p, a), (q, b))| {
            let sign = if q >= p { 1.0 } else { -1.0 };
            mover(&[(sign, q, b), (-sign, p, a)])
        });
        Measured::new(Ok(ks), ends.map(|e| e.within(0.0, 1.0)), "mover_wilson")
    }

    fn measure_mean(&self, moments: Moments, confidence: Confidence) -> Measured {
        let total = self.total();
        let squares = self.positive().squares + self.negative().squares;
        let value = ratio(moments.sum.value(), total, Undefined::ZeroWeight);
        let n = kish(total, squares);
        let Ok(mean) = value else { return Measured::new(value, None, "") };
        if n <= 1.0 {
            return Measured::new(value, None, "");
        }
        let about = moments.second.value() - 2.0 * mean * moments.first.value() + mean * mean * squares;
        let se = sqrt(n / (n - 1.0) * about.max(0.0)) / total;
        let t = if n > 1e6 { confidence.z() } else { t_quantile(0.5 + 0.5 * confidence.level(), n - 1.0) };
        Measured::new(value, Some(Ends { low: mean - t * se, high: mean + t * se }), "student_t")
    }

    fn first_walk(&self) -> FirstWalk {
        let (all_positive, all_negative) = (self.positive().weight, self.negative().weight);
        let total = all_positive + all_negative;
        let (mut below_p, mut below_n) = (Side::default(), Side::default());
        let (mut auc, mut ap) = (Blocked::default(), Blocked::default());
        let mut losses = [BlockedMoments::default(); 4];
        let (mut ks, mut ks_below, mut ks_at) = (0.0_f64, (Side::default(), Side::default()), None);
        let mut n_distinct = 0_u64;
        let (per_p, per_n) = (1.0 / all_positive, 1.0 / all_negative);
        self.for_each_tie(|tie| {
            let (p, n) = (tie.positive, tie.negative);
            let gap = (below_n.weight * per_n - below_p.weight * per_p).abs();
            if gap > ks {
                (ks, ks_below, ks_at) = (gap, (below_p, below_n), Some(tie.score));
            }
            auc.push(p.weight * (below_n.weight + 0.5 * n.weight));
            if p.weight > 0.0 {
                let selected = total - below_p.weight - below_n.weight;
                ap.push(p.weight * ((all_positive - below_p.weight) / selected));
            }
            let s = tie.score;
            if p.weight > 0.0 {
                losses_push(&mut losses, p, [-log(s.max(f64::EPSILON)), (1.0 - s) * (1.0 - s), s, s - 1.0]);
            }
            if n.weight > 0.0 {
                losses_push(&mut losses, n, [-log1p(-s.min(1.0 - f64::EPSILON)), s * s, s, s]);
            }
            below_p.add(p);
            below_n.add(n);
            n_distinct += 1;
        });
        let one_class = if all_positive <= 0.0 { Some(Undefined::NoPositives) } else { None }
            .or(if all_negative <= 0.0 { Some(Undefined::NoNegatives) } else { None });
        let both = |x: f64| one_class.map_or_else(|| finite(x), Err);
        let [log_loss, brier, score, excess] = losses.map(BlockedMoments::done);
        FirstWalk {
            auc: both(auc.value() / (all_positive * all_negative)),
            average_precision: ratio(ap.value(), all_positive, Undefined::NoPositives),
            ks: both(ks),
            ks_below,
            ks_at,
            log_loss,
            brier,
            score,
            excess,
            n_distinct,
        }
    }

    /// Variances of the area under the ROC curve and of the average precision.
    ///
    /// The first is DeLong, DeLong & Clarke-Pearson's (1988, doi:10.2307/2531595) in the sorted form of Sun & Xu (2014,
    /// doi:10.1109/LSP.2014.2337313), with weights: for a positive row the share of negative weight below it (ties
    /// half), for a negative row the share of positive weight above it, each compared with the area.
    ///
    /// The second is the variance of the influence function. With `p_c` the share of rows that are positive and score
    /// `c`, `S_c` the share that scores `c` or more, `π` the base rate and `prec` the precision at a score:
    ///
    /// ```text
    /// A(s) = Σ_{c ≤ s} p_c/S_c        B(s) = Σ_{c ≤ s} p_c·prec(c)/S_c
    /// influence = ( y·(prec(s) − AP + A(s)) − B(s) ) / π
    /// ```
    fn second_walk(&self, first: &FirstWalk) -> (f64, f64) {
        let (positive, negative) = (self.positive(), self.negative());
        let total = positive.weight + negative.weight;
        let base = positive.weight / total;
        let (auc, average) = (first.auc.unwrap_or(0.5), first.average_precision.unwrap_or(0.0));
        let (mut below_p, mut below_n) = (0.0, 0.0);
        let (mut by_positive, mut by_negative, mut ap) = (Blocked::default(), Blocked::default(), Blocked::default());
        let (mut a, mut b) = (0.0, 0.0);
        let (per_p, per_n, per_total) = (1.0 / positive.weight, 1.0 / negative.weight, 1.0 / total);
        self.for_each_tie(|tie| {
            let (p, n) = (tie.positive, tie.negative);
            let for_p = (below_n + 0.5 * n.weight) * per_n - auc;
            let for_n = (positive.weight - below_p - 0.5 * p.weight) * per_p - auc;
            by_positive.push(p.squares * for_p * for_p);
            by_negative.push(n.squares * for_n * for_n);
            let mut if_p = a - b - average;
            if p.weight > 0.0 {
                let selected = total - below_p - below_n;
                let precision = (positive.weight - below_p) / selected;
                let step = p.weight / selected;
                a += step;
                b += step * precision;
                if_p = precision - average + a - b;
            }
            ap.push(p.squares * if_p * if_p + n.squares * b * b);
            below_p += p.weight;
            below_n += n.weight;
        });
        let unbiased = |n: f64| if n > 1.0 { n / (n - 1.0) } else { 1.0 };
        let auc_variance = unbiased(positive.n_effective()) * by_positive.value() * per_p * per_p
            + unbiased(negative.n_effective()) * by_negative.value() * per_n * per_n;
        let ap_variance = ap.value() * per_total * per_total / (base * base);
        (auc_variance, ap_variance)
    }
}

/// What [`SortedScores::summary`] finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreSummary {
    /// Share of pairs of a positive and a negative row in which the positive one scores higher; ties count half.
    pub roc_auc: Measured,
    /// `2·AUC − 1`.
    pub gini: Measured,
    /// `Σ (R_i − R_{i−1})·P_i` over the distinct scores: scikit-learn's, without interpolation.
    pub average_precision: Measured,
    /// Largest distance of the score distributions of positives and negatives.
    pub ks_statistic: Measured,
    /// The threshold where it is reached.
    pub ks_threshold: Option<f64>,
    /// Mean of `−ln(probability of what happened)`, probabilities clipped at the machine epsilon.
    pub log_loss: Measured,
    /// Mean of `(p − y)²`.
    pub brier_score: Measured,
    /// Mean of the scores.
    pub mean_prediction: Measured,
    /// Mean of `p − y`.
    pub calibration_in_the_large: Measured,
    /// Number of distinct scores.
    pub n_distinct: u64,
}

impl ScoreSummary {
    fn undefined(why: Undefined) -> Self {
        let none = Measured::undefined(why);
        Self {
            roc_auc: none,
            gini: none,
            average_precision: none,
            ks_statistic: none,
            ks_threshold: None,
            log_loss: none,
            brier_score: none,
            mean_prediction: none,
            calibration_in_the_large: none,
            n_distinct: 0,
        }
    }
}

struct FirstWalk {
    auc: Defined,
    average_precision: Defined,
    ks: Defined,
    ks_below: (Side, Side),
    ks_at: Option<f64>,
    log_loss: Moments,
    brier: Moments,
    score: Moments,
    excess: Moments,
    n_distinct: u64,
}

/// Σ w·x, Σ w²·x and Σ w²·x².
#[derive(Clone, Copy, Default)]
struct Moments {
    sum: Sum,
    first: Sum,
    second: Sum,
}

/// A sum in blocks: plain within some thousand terms, compensated between them.
#[derive(Clone, Copy, Default)]
struct Blocked {
    part: f64,
    n: u32,
    sum: Sum,
}

impl Blocked {
    #[inline]
    fn push(&mut self, x: f64) {
        self.part += x;
        self.n += 1;
        if self.n == 1_024 {
            self.sum.push(self.part);
            self.part = 0.0;
            self.n = 0;
        }
    }

    fn value(mut self) -> f64 {
        self.sum.push(self.part);
        self.sum.value()
    }
}

#[derive(Clone, Copy, Default)]
struct BlockedMoments {
    parts: [f64; 3],
    n: u32,
    done: Moments,
}

impl BlockedMoments {
    #[inline]
    fn push(&mut self, side: Side, x: f64) {
        let [sum, first, second] = &mut self.parts;
        *sum += side.weight * x;
        *first += side.squares * x;
        *second += side.squares * x * x;
        self.n += 1;
        if self.n == 1_024 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let [sum, first, second] = self.parts;
        self.done.sum.push(sum);
        self.done.first.push(first);
        self.done.second.push(second);
        self.parts = [0.0; 3];
        self.n = 0;
    }

    fn done(mut self) -> Moments {
        self.flush();
        self.done
    }
}

#[inline]
fn losses_push(losses: &mut [BlockedMoments; 4], side: Side, values: [f64; 4]) {
    for (loss, value) in losses.iter_mut().zip(values) {
        loss.push(side, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draws, Merge, Scores};
    use proptest::prelude::*;

    fn sorted(rows: &[(bool, f64, f64)], is_weighted: bool) -> SortedScores {
        let weight: Vec<f64> = rows.iter().map(|r| r.2).collect();
        let mut scores = Scores::default();
        scores.push_rows(rows.iter().map(|r| (r.0, r.1)), is_weighted.then_some(&weight[..]));
        scores.sorted()
    }

    fn near(measured: Measured, expected: f64) {
        assert!((measured.value.unwrap() - expected).abs() < 1e-14, "{measured:?} {expected}");
    }

    #[test]
    fn six_rows_by_hand() {
        let rows = [(false, 0.1), (true, 0.4), (false, 0.4), (true, 0.35), (true, 0.8), (false, 0.2)]
            .map(|(y, s)| (y, s, 1.0));
        let summary = sorted(&rows, false).summary(Confidence::default());
        // Pairs of 3 positives (0.35, 0.4, 0.8) and 3 negatives (0.1, 0.2, 0.4): 2 + 2½ + 3 of 9.
        near(summary.roc_auc, 7.5 / 9.0);
        near(summary.gini, 2.0 * 7.5 / 9.0 - 1.0);
        // Descending: 0.8 → 1/1; 0.4 → 2 of 3; 0.35 → 3 of 4. Each adds a third of recall.
        near(summary.average_precision, (1.0 + 2.0 / 3.0 + 3.0 / 4.0) / 3.0);
        // At 0.35 all positives and one of three negatives are at or above.
        near(summary.ks_statistic, 2.0 / 3.0);
        assert_eq!(summary.ks_threshold, Some(0.35));
        near(
            summary.log_loss,
            -(0.9_f64.ln() + 0.4_f64.ln() + 0.6_f64.ln() + 0.35_f64.ln() + 0.8_f64.ln() + 0.8_f64.ln()) / 6.0,
        );
        near(summary.brier_score, (0.01 + 0.36 + 0.16 + 0.4225 + 0.04 + 0.04) / 6.0);
        near(summary.mean_prediction, 2.25 / 6.0);
        near(summary.calibration_in_the_large, 2.25 / 6.0 - 0.5);
    }

    #[test]
    fn delong_by_hand() {
        // Positives 0.6, 0.3; negatives 0.5, 0.2, 0.1. Placements of positives: 3/3 and 2/3; of negatives: ½, 1, 1.
        let rows = [(true, 0.6), (true, 0.3), (false, 0.5), (false, 0.2), (false, 0.1)].map(|(y, s)| (y, s, 1.0));
        let scores = sorted(&rows, false);
        let first = scores.first_walk();
        let variance = scores.second_walk(&first).0;
        // Var of {1, ⅔} is 1/18 over 2, of {½, 1, 1} is 1/12 over 3.
        assert!((variance - (1.0 / 18.0 / 2.0 + 1.0 / 12.0 / 3.0)).abs() < 1e-15, "{variance}");
    }

    #[test]
    fn one_class_says_which_is_absent() {
        let rows = [(true, 0.5, 1.0), (true, 0.7, 1.0)];
        let summary = sorted(&rows, false).summary(Confidence::default());
        assert_eq!(summary.roc_auc.value, Err(Undefined::NoNegatives));
        near(summary.average_precision, 1.0);
        let rows = [(false, 0.5, 1.0), (false, 0.7, 1.0)];
        let summary = sorted(&rows, false).summary(Confidence::default());
        assert_eq!(summary.roc_auc.value, Err(Undefined::NoPositives));
        assert_eq!(summary.average_precision.value, Err(Undefined::NoPositives));
        near(summary.brier_score, (0.25 + 0.49) / 2.0);
        assert_eq!(sorted(&[], false).summary(Confidence::default()).roc_auc.value, Err(Undefined::Empty));
        let bad = sorted(&[(true, f64::NAN, 1.0), (false, 0.1, 1.0)], false);
        assert_eq!(bad.summary(Confidence::default()).brier_score.value, Err(Undefined::NotFinite));
    }

    #[test]
    fn a_perfect_ranking_has_an_interval() {
        let rows = [(true, 0.9, 1.0), (true, 0.8, 1.0), (false, 0.1, 1.0), (false, 0.2, 1.0)];
        let auc = sorted(&rows, false).summary(Confidence::default()).roc_auc;
        // Wilson at 2 of 2: 2 / (2 + z²).
        assert!((auc.ends.unwrap().low - 2.0 / (2.0 + 1.959_964_f64.powi(2))).abs() < 1e-6);
    }

    /// 600 samples from two shifted distributions: intervals hold the true values about 95 times in 100.
    #[test]
    fn intervals_cover() {
        let mut draws = Draws::new(11, "scores", 0);
        let squash = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut sample = |n: usize| -> Vec<(bool, f64, f64)> {
            let mut one = || {
                let y = draws.uniform() < 0.3;
                let p = squash(draws.normal() + if y { 0.5 } else { -1.0 });
                (y, (p * 64.0).round() / 64.0, if draws.uniform() < 0.5 { 1.0 } else { 2.0 })
            };
            (0..n).map(|_| one()).collect()
        };
        let truth = sorted(&sample(400_000), false).summary(Confidence::default());
        let picks: [fn(&ScoreSummary) -> Measured; 5] =
            [|s| s.roc_auc, |s| s.average_precision, |s| s.log_loss, |s| s.brier_score, |s| s.calibration_in_the_large];
        for is_weighted in [false, true] {
            let mut covered = [0_u32; 5];
            for _ in 0..600 {
                let summary = sorted(&sample(300), is_weighted).summary(Confidence::default());
                for (pick, covered) in picks.iter().zip(&mut covered) {
                    *covered += u32::from(pick(&summary).ends.unwrap().contains(pick(&truth).value.unwrap()));
                }
            }
            // 570 ± 3.3 standard errors of 5.3.
            assert!(covered.iter().all(|c| (552..=588).contains(c)), "{is_weighted} {covered:?}");
        }
    }

    fn rows() -> impl Strategy<Value = Vec<(bool, f64, f64)>> {
        prop::collection::vec((any::<bool>(), 0_u8..=10, 0_u8..4), 1..60)
            .prop_map(|rows| rows.into_iter().map(|(y, s, w)| (y, f64::from(s) / 10.0, f64::from(w))).collect())
    }

    proptest! {
        #[test]
        fn areas_by_brute_force(rows in rows()) {
            let summary = sorted(&rows, true).summary(Confidence::default());
            let (mut good, mut pairs) = (0.0, 0.0);
            for (_, s, w) in rows.iter().filter(|r| r.0) {
                for (_, t, v) in rows.iter().filter(|r| !r.0) {
                    pairs += w * v;
                    good += w * v * if s > t { 1.0 } else if s < t { 0.0 } else { 0.5 };
                }
            }
            if pairs > 0.0 {
                prop_assert!((summary.roc_auc.value.unwrap() - good / pairs).abs() < 1e-12);
            } else {
                prop_assert!(summary.roc_auc.value.is_err());
            }
            let positive: f64 = rows.iter().filter(|r| r.0).map(|r| r.2).sum();
            if positive > 0.0 {
                let precision = |t: f64| {
                    let above = |r: &&(bool, f64, f64)| r.1 >= t;
                    let (tp, all) = (
                        rows.iter().filter(above).filter(|r| r.0).map(|r| r.2).sum::<f64>(),
                        rows.iter().filter(above).map(|r| r.2).sum::<f64>(),
                    );
                    tp / all
                };
                let ap: f64 = rows.iter().filter(|r| r.0 && r.2 > 0.0).map(|r| r.2 / positive * precision(r.1)).sum();
                prop_assert!((summary.average_precision.value.unwrap() - ap).abs() < 1e-12);
            }
        }

        #[test]
        fn any_order_and_any_cut_to_the_last_bit(rows in rows(), cut in 0_usize..60, seed in any::<u64>()) {
            let mut shuffled = rows.clone();
            let mut draws = Draws::new(seed, "order", 0);
            for i in (1..shuffled.len()).rev() {
                shuffled.swap(i, usize::try_from(draws.below(i as u64 + 1)).unwrap());
            }
            let part = |rows: &[(bool, f64, f64)]| {
                let weight: Vec<f64> = rows.iter().map(|r| r.2).collect();
                let mut scores = Scores::default();
                scores.push_rows(rows.iter().map(|r| (r.0, r.1)), Some(&weight));
                scores
            };
            let cut = cut.min(shuffled.len());
            let mut parts = part(&shuffled[..cut]);
            parts.merge_from(part(&shuffled[cut..]));
            parts.merge_from(Scores::default());
            prop_assert_eq!(parts.sorted().summary(Confidence::default()), sorted(&rows, true).summary(Confidence::default()));
        }

        #[test]
        fn weights_repeat_rows(rows in rows()) {
            let repeated: Vec<(bool, f64, f64)> = rows
                .iter()
                .flat_map(|r| std::iter::repeat_n((r.0, r.1, 1.0), r.2 as usize))
                .collect();
            let (heavy, many) =
                (sorted(&rows, true).summary(Confidence::default()), sorted(&repeated, false).summary(Confidence::default()));
            let values = |s: &ScoreSummary| [s.roc_auc, s.average_precision, s.ks_statistic, s.log_loss, s.brier_score].map(|m| m.value.ok());
            for (a, b) in values(&heavy).into_iter().zip(values(&many)) {
                prop_assert_eq!(a.is_some(), b.is_some());
                prop_assert!((a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs() < 1e-12);
            }
        }
    }
}
