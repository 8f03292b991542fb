//! What becomes of decisions when the threshold moves.

use libm::sqrt;

use crate::undefined::ratio;
use crate::{Confidence, Confusion2, Measured, Side, SortedScores, Undefined, log_interval};

impl SortedScores {
    /// Counts of "selected when the score is at least the threshold", with the sums of squared weights, for each of
    /// some thresholds in ascending order.
    #[must_use]
    pub fn at_thresholds(&self, thresholds: &[f64]) -> Vec<(Confusion2, Confusion2)> {
        let mut out = Vec::with_capacity(thresholds.len());
        let mut waiting = thresholds.iter().peekable();
        let (mut below_p, mut below_n) = (Side::default(), Side::default());
        self.for_each_tie(|tie| {
            while waiting.next_if(|t| **t <= tie.score).is_some() {
                out.push(self.cells(below_p, below_n));
            }
            below_p.add(tie.positive);
            below_n.add(tie.negative);
        });
        out.extend(waiting.map(|_| self.cells(below_p, below_n)));
        out
    }

    /// The threshold with the lowest expected cost among all scores that occur, and that cost; `None` as threshold means
    /// that selecting nobody is cheapest. The highest of equally cheap thresholds.
    ///
    /// # Errors
    /// As [`SortedScores::check`].
    pub fn cheapest(&self, costs: &Confusion2) -> Result<(Option<f64>, f64), Undefined> {
        self.check()?;
        let (mut below_p, mut below_n) = (Side::default(), Side::default());
        let mut best: Option<(Option<f64>, f64)> = None;
        let mut consider = |threshold, below_p, below_n| {
            if let Ok(cost) = self.cells(below_p, below_n).0.expected_cost(costs)
                && best.is_none_or(|(_, lowest)| cost <= lowest)
            {
                best = Some((threshold, cost));
            }
        };
        self.for_each_tie(|tie| {
            consider(Some(tie.score), below_p, below_n);
            below_p.add(tie.positive);
            below_n.add(tie.negative);
        });
        consider(None, below_p, below_n);
        best.ok_or(Undefined::NotFinite)
    }

    /// The share truly positive among the weight with the highest scores (rows of the score at the cut count in part),
    /// over the base rate, with a delta-method interval on the logarithm.
    #[must_use]
    pub fn lift(&self, share: f64, confidence: Confidence) -> Measured {
        if let Err(why) = self.check() {
            return Measured::undefined(why);
        }
        let (cells, squares) = self.top(share);
        let value = cells.precision().and_then(|top| ratio(top, cells.base_rate()?, Undefined::NoPositives));
        let Ok(lift) = value else { return Measured::new(value, None, "") };
        if lift <= 0.0 {
            return Measured::new(value, None, "");
        }
        let (selected, positive, total) = (cells.tp + cells.fp, cells.tp + cells.fn_, cells.total());
        // Slopes of ln(tp) − ln(tp + fp) − ln(tp + fn) + ln(n).
        let by_tp = 1.0 / cells.tp - 1.0 / selected - 1.0 / positive + 1.0 / total;
        let (by_fp, by_fn, by_tn) = (1.0 / total - 1.0 / selected, 1.0 / total - 1.0 / positive, 1.0 / total);
        let variance = by_tp * by_tp * squares.tp
            + by_fp * by_fp * squares.fp
            + by_fn * by_fn * squares.fn_
            + by_tn * by_tn * squares.tn;
        let se = lift * sqrt(variance);
        let ends = log_interval(lift, se, confidence).map(|e| e.within(0.0, total / positive));
        Measured::new(value, ends, "delta_log")
    }

    /// Cells when exactly this share of the weight is selected, highest scores first; of rows at the cut the same part
    /// is taken of either truth.
    #[must_use]
    pub fn top(&self, share: f64) -> (Confusion2, Confusion2) {
        self.tops(&[share]).pop().unwrap_or_default()
    }

    /// As [`SortedScores::top`] for many shares in one walk; the shares must descend.
    #[must_use]
    pub fn tops(&self, shares: &[f64]) -> Vec<(Confusion2, Confusion2)> {
        let total = self.total();
        let mut out = Vec::with_capacity(shares.len());
        let mut waiting = shares.iter().map(|share| total * (1.0 - share.clamp(0.0, 1.0))).peekable();
        let (mut below_p, mut below_n) = (Side::default(), Side::default());
        self.for_each_tie(|tie| {
            let (before, weight) = (below_p.weight + below_n.weight, tie.positive.weight + tie.negative.weight);
            while let Some(cut) = waiting.next_if(|cut| *cut < before + weight) {
                let part = ((cut - before) / weight).clamp(0.0, 1.0);
                let partly = |below: Side, at: Side| Side {
                    rows: below.rows,
                    weight: below.weight + part * at.weight,
                    squares: below.squares + part * at.squares,
                };
                out.push(self.cells(partly(below_p, tie.positive), partly(below_n, tie.negative)));
            }
            below_p.add(tie.positive);
            below_n.add(tie.negative);
        });
        out.extend(waiting.map(|_| self.cells(below_p, below_n)));
        out
    }

    /// At most some `n` points of the curves over all thresholds, from "nobody selected" to "everybody": the ends are
    /// exact, and points lie about evenly along the ROC curve. The threshold is none where nobody is selected.
    #[must_use]
    pub fn curve(&self, n: usize) -> Vec<(Option<f64>, Confusion2)> {
        let (all_p, all_n) = (self.positive().weight, self.negative().weight);
        #[allow(clippy::cast_precision_loss, reason = "some hundred points")]
        let step = 2.0 / (n.max(8) as f64 / 2.0 - 2.0);
        let along =
            |p: f64, n: f64| (if all_p > 0.0 { p / all_p } else { 0.0 }) + if all_n > 0.0 { n / all_n } else { 0.0 };
        let (mut below_p, mut below_n) = (Side::default(), Side::default());
        let mut points: Vec<(Option<f64>, Confusion2)> = Vec::with_capacity(n);
        let mut last_kept = 0.0;
        let mut before: Option<(Option<f64>, Confusion2)> = None;
        self.for_each_tie(|tie| {
            let here = along(below_p.weight, below_n.weight);
            let after = along(below_p.weight + tie.positive.weight, below_n.weight + tie.negative.weight);
            let point = || (Some(tie.score), self.cells(below_p, below_n).0);
            // A point is kept when the curve has moved a step since the last one kept, and where a jump begins.
            if points.is_empty() || here - last_kept >= step || after - here >= step {
                points.push(point());
                last_kept = here;
                before = None;
            } else {
                before = Some(point());
            }
            below_p.add(tie.positive);
            below_n.add(tie.negative);
        });
        points.extend(before);
        points.push((None, self.cells(below_p, below_n).0));
        points.reverse();
        points
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "small whole numbers")]
mod tests {
    use super::*;
    use crate::Scores;
    use proptest::prelude::*;

    fn sorted(rows: &[(bool, f64)]) -> SortedScores {
        let mut scores = Scores::default();
        scores.push_rows(rows.iter().copied(), None);
        scores.sorted()
    }

    const ROWS: [(bool, f64); 8] =
        [(false, 0.1), (false, 0.2), (true, 0.3), (false, 0.4), (false, 0.5), (true, 0.6), (true, 0.7), (true, 0.9)];

    #[test]
    fn a_score_at_the_threshold_is_selected() {
        let cells = sorted(&ROWS).at_thresholds(&[0.0, 0.5, 0.65, 1.0]);
        assert_eq!(cells[0].0, Confusion2 { tp: 4.0, fp: 4.0, fn_: 0.0, tn: 0.0 });
        assert_eq!(cells[1].0, Confusion2 { tp: 3.0, fp: 1.0, fn_: 1.0, tn: 3.0 });
        assert_eq!(cells[2].0, Confusion2 { tp: 2.0, fp: 0.0, fn_: 2.0, tn: 4.0 });
        assert_eq!(cells[3].0, Confusion2 { tp: 0.0, fp: 0.0, fn_: 4.0, tn: 4.0 });
    }

    #[test]
    fn dear_misses_lower_the_threshold() {
        let scores = sorted(&ROWS);
        let costs = |fp: f64, fn_: f64| Confusion2 { fp, fn_, ..Confusion2::default() };
        // From 0.6 up: one miss, no false alarm.
        assert_eq!(scores.cheapest(&costs(1.0, 1.0)), Ok((Some(0.6), 1.0 / 8.0)));
        // From 0.3 up: two false alarms, no miss.
        assert_eq!(scores.cheapest(&costs(1.0, 5.0)), Ok((Some(0.3), 2.0 / 8.0)));
        // False alarms so dear that nobody is selected: only if even the best score is wrong.
        assert_eq!(sorted(&[(true, 0.1), (false, 0.9)]).cheapest(&costs(9.0, 1.0)), Ok((None, 0.5)));
    }

    #[test]
    fn lift_of_the_top_quarter() {
        // The two highest of eight are positive, half of all are: 1 / ½.
        let lift = sorted(&ROWS).lift(0.25, Confidence::default());
        assert_eq!(lift.value, Ok(2.0));
        // All scores equal: any part is like the whole.
        let flat = sorted(&ROWS.map(|(y, _)| (y, 0.5))).lift(0.3, Confidence::default());
        assert!((flat.value.unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn curve_has_exact_ends_and_few_points() {
        let rows: Vec<(bool, f64)> = (0..5_000).map(|i| (i % 3 == 0, f64::from(i * 7_919 % 5_000) / 5_000.0)).collect();
        let curve = sorted(&rows).curve(200);
        assert!(curve.len() <= 200 && curve.len() > 90, "{}", curve.len());
        assert_eq!(curve[0].0, None);
        assert_eq!(curve[0].1.tp + curve[0].1.fp, 0.0);
        assert_eq!(curve.last().unwrap().1.fn_ + curve.last().unwrap().1.tn, 0.0);
        assert_eq!(curve.last().unwrap().0, Some(0.0));
    }

    proptest! {
        #[test]
        fn curve_and_thresholds_agree(rows in prop::collection::vec((any::<bool>(), 0_u8..=20), 1..300)) {
            let rows: Vec<(bool, f64)> = rows.into_iter().map(|(y, s)| (y, f64::from(s) / 20.0)).collect();
            let scores = sorted(&rows);
            let curve = scores.curve(200);
            prop_assert!(curve.len() <= 200);
            for (threshold, cells) in curve {
                let threshold = threshold.unwrap_or(2.0);
                prop_assert_eq!(scores.at_thresholds(&[threshold])[0].0, cells);
                let selected = rows.iter().filter(|r| r.1 >= threshold).count() as f64;
                prop_assert_eq!(cells.tp + cells.fp, selected);
            }
        }
    }
}
