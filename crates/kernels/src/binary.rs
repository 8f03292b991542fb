//! Metrics of a yes/no decision.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use crate::undefined::ratio;
use crate::{Confidence, Confusion, Defined, Ends, Measured, Merge, Undefined, kish, logit_interval, wilson};

/// Weighted counts of a yes/no decision against what really happened.
///
/// With `w` the weight of a row, `y` the outcome and `d` the decision, both 0 or 1:
///
/// ```text
/// tp = Σ w·d·y    fp = Σ w·d·(1−y)    fn = Σ w·(1−d)·y    tn = Σ w·(1−d)·(1−y)
/// ```
///
/// Every rate is a quotient of sums of these cells. A rate over zero weight is undefined: it says why, and is never 0
/// and never NaN. Names and definitions are scikit-learn's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Confusion2 {
    /// Truly positive and predicted so.
    pub tp: f64,
    /// Truly negative, predicted positive.
    pub fp: f64,
    /// Truly positive, predicted negative.
    pub fn_: f64,
    /// Truly negative and predicted so.
    pub tn: f64,
}

impl Merge for Confusion2 {
    fn merge_from(&mut self, other: Self) {
        let Self { tp, fp, fn_, tn } = other;
        self.tp += tp;
        self.fp += fp;
        self.fn_ += fn_;
        self.tn += tn;
    }
}

/// A rate of a yes/no decision: weight of some cells among the weight of more cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    /// `(tp + tn) / n`
    Accuracy,
    /// `(fp + fn) / n`
    ErrorRate,
    /// `(tp + fp) / n`
    SelectionRate,
    /// `(tp + fn) / n`
    BaseRate,
    /// `tp / (tp + fn)`: recall, sensitivity
    TruePositiveRate,
    /// `fn / (tp + fn)`: miss rate
    FalseNegativeRate,
    /// `fp / (fp + tn)`: fall-out
    FalsePositiveRate,
    /// `tn / (fp + tn)`: specificity
    TrueNegativeRate,
    /// `tp / (tp + fp)`: positive predictive value
    Precision,
    /// `fp / (tp + fp)`
    FalseDiscoveryRate,
    /// `tn / (fn + tn)`
    NegativePredictiveValue,
    /// `fn / (fn + tn)`
    FalseOmissionRate,
    /// `tp / (tp + fp + fn)`
    Jaccard,
}

impl Share {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Accuracy,
        Self::ErrorRate,
        Self::SelectionRate,
        Self::BaseRate,
        Self::TruePositiveRate,
        Self::FalseNegativeRate,
        Self::FalsePositiveRate,
        Self::TrueNegativeRate,
        Self::Precision,
        Self::FalseDiscoveryRate,
        Self::NegativePredictiveValue,
        Self::FalseOmissionRate,
        Self::Jaccard,
    ];

    /// Numerator.
    #[must_use]
    pub fn top(self, c: &Confusion2) -> f64 {
        match self {
            Self::Accuracy => c.tp + c.tn,
            Self::ErrorRate => c.fp + c.fn_,
            Self::SelectionRate => c.tp + c.fp,
            Self::BaseRate => c.tp + c.fn_,
            Self::TruePositiveRate | Self::Precision | Self::Jaccard => c.tp,
            Self::FalseNegativeRate | Self::FalseOmissionRate => c.fn_,
            Self::FalsePositiveRate | Self::FalseDiscoveryRate => c.fp,
            Self::TrueNegativeRate | Self::NegativePredictiveValue => c.tn,
        }
    }

    /// Denominator.
    #[must_use]
    pub fn bottom(self, c: &Confusion2) -> f64 {
        match self {
            Self::Accuracy | Self::ErrorRate | Self::SelectionRate | Self::BaseRate => c.total(),
            Self::TruePositiveRate | Self::FalseNegativeRate => c.tp + c.fn_,
            Self::FalsePositiveRate | Self::TrueNegativeRate => c.fp + c.tn,
            Self::Precision | Self::FalseDiscoveryRate => c.tp + c.fp,
            Self::NegativePredictiveValue | Self::FalseOmissionRate => c.fn_ + c.tn,
            Self::Jaccard => c.tp + c.fp + c.fn_,
        }
    }

    /// Why it is undefined when the denominator is zero though there are rows.
    #[must_use]
    pub fn why(self) -> Undefined {
        match self {
            Self::Accuracy | Self::ErrorRate | Self::SelectionRate | Self::BaseRate => Undefined::Empty,
            Self::TruePositiveRate | Self::FalseNegativeRate => Undefined::NoPositives,
            Self::FalsePositiveRate | Self::TrueNegativeRate => Undefined::NoNegatives,
            Self::Precision | Self::FalseDiscoveryRate => Undefined::NoSelected,
            Self::NegativePredictiveValue | Self::FalseOmissionRate => Undefined::NoUnselected,
            Self::Jaccard => Undefined::ZeroDenominator,
        }
    }
}

impl Confusion2 {
    /// Counts one row (or many of the same kind).
    #[inline]
    pub fn push(&mut self, is_positive: bool, is_selected: bool, weight: f64) {
        match (is_positive, is_selected) {
            (true, true) => self.tp += weight,
            (false, true) => self.fp += weight,
            (true, false) => self.fn_ += weight,
            (false, false) => self.tn += weight,
        }
    }

    /// Weight of all rows.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.tp + self.fp + self.fn_ + self.tn
    }

    /// A rate.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without weight, otherwise [`Share::why`].
    pub fn share(&self, share: Share) -> Defined {
        let why = if self.total() > 0.0 { share.why() } else { Undefined::Empty };
        ratio(share.top(self), share.bottom(self), why)
    }

    /// A rate with Wilson's interval. `squares` holds the sums of squared weights: the effective number of rows is
    /// Kish's among the rows of the denominator.
    #[must_use]
    pub fn measure_share(&self, share: Share, squares: &Self, confidence: Confidence) -> Measured {
        let value = self.share(share);
        let n = kish(share.bottom(self), share.bottom(squares));
        Measured::new(value, value.ok().and_then(|p| wilson(p, n, confidence)), "wilson")
    }

    /// Share of right decisions. See [`Confusion2::share`] for errors, here and below.
    #[allow(clippy::missing_errors_doc, reason = "stated once above")]
    pub fn accuracy(&self) -> Defined {
        self.share(Share::Accuracy)
    }

    /// Share of positive decisions.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn selection_rate(&self) -> Defined {
        self.share(Share::SelectionRate)
    }

    /// Share of true positives among all rows: prevalence.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn base_rate(&self) -> Defined {
        self.share(Share::BaseRate)
    }

    /// Share selected among the truly positive: recall, sensitivity.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn true_positive_rate(&self) -> Defined {
        self.share(Share::TruePositiveRate)
    }

    /// Share selected among the truly negative: fall-out.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn false_positive_rate(&self) -> Defined {
        self.share(Share::FalsePositiveRate)
    }

    /// Share not selected among the truly negative: specificity.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn true_negative_rate(&self) -> Defined {
        self.share(Share::TrueNegativeRate)
    }

    /// Share not selected among the truly positive: miss rate.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn false_negative_rate(&self) -> Defined {
        self.share(Share::FalseNegativeRate)
    }

    /// Share truly positive among the selected.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn precision(&self) -> Defined {
        self.share(Share::Precision)
    }

    /// Share truly negative among those not selected.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn negative_predictive_value(&self) -> Defined {
        self.share(Share::NegativePredictiveValue)
    }

    /// Share truly negative among the selected.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn false_discovery_rate(&self) -> Defined {
        self.share(Share::FalseDiscoveryRate)
    }

    /// Share truly positive among those not selected.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn false_omission_rate(&self) -> Defined {
        self.share(Share::FalseOmissionRate)
    }

    /// Right positives among all that are positive in truth or decision.
    #[allow(clippy::missing_errors_doc, reason = "see accuracy")]
    pub fn jaccard(&self) -> Defined {
        self.share(Share::Jaccard)
    }

    /// `F_β = (1 + β²)·tp / ((1 + β²)·tp + β²·fn + fp)`: the weighted harmonic mean of precision and recall
    /// (van Rijsbergen 1979). 0 when rows are positive or selected but never both.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without weight, [`Undefined::ZeroDenominator`] when no row is positive or selected.
    pub fn f_beta(&self, beta: f64) -> Defined {
        let bb = beta * beta;
        let top = (1.0 + bb) * self.tp;
        let why = if self.total() > 0.0 { Undefined::ZeroDenominator } else { Undefined::Empty };
        ratio(top, top + bb * self.fn_ + self.fp, why)
    }

    /// `F₁ = 2·tp / (2·tp + fp + fn)`.
    #[allow(clippy::missing_errors_doc, reason = "see f_beta")]
    pub fn f1(&self) -> Defined {
        self.f_beta(1.0)
    }

    /// F₁ with an interval: `F₁ = 2J/(1 + J)` rises with the Jaccard share `J`, so that Wilson's interval of `J`
    /// carries over with its coverage.
    #[must_use]
    pub fn measure_f1(&self, squares: &Self, confidence: Confidence) -> Measured {
        let jaccard = self.measure_share(Share::Jaccard, squares, confidence);
        Measured::new(self.f1(), jaccard.ends.map(|ends| ends.map(|j| 2.0 * j / (1.0 + j))), "wilson_transformed")
    }

    /// `F_β` with a delta-method interval on the logit; Wilson's where the number is 0 or 1.
    #[must_use]
    pub fn measure_f_beta(&self, beta: f64, squares: &Self, confidence: Confidence) -> Measured {
        let value = self.f_beta(beta);
        let Ok(f) = value else { return Measured::new(value, None, "") };
        let bb = beta * beta;
        let bottom = (1.0 + bb) * self.tp + bb * self.fn_ + self.fp;
        // Slopes of the quotient by tp, fp and fn.
        let (by_tp, by_fp, by_fn) = ((1.0 + bb) * (1.0 - f) / bottom, -f / bottom, -bb * f / bottom);
        let variance = by_tp * by_tp * squares.tp + by_fp * by_fp * squares.fp + by_fn * by_fn * squares.fn_;
        match logit_interval(f, sqrt(variance), confidence) {
            Some(ends) => Measured::new(value, Some(ends), "delta_logit"),
            None => {
                let n = kish(self.tp + self.fp + self.fn_, squares.tp + squares.fp + squares.fn_);
                Measured::new(value, wilson(f, n, confidence), "wilson")
            }
        }
    }

    /// Mean of the true positive and the true negative rate.
    ///
    /// # Errors
    /// [`Undefined::OneClass`] when only one class occurs in truth (scikit-learn would give that class's recall),
    /// [`Undefined::Empty`] without weight.
    pub fn balanced_accuracy(&self) -> Defined {
        match (self.true_positive_rate(), self.true_negative_rate()) {
            (Ok(tpr), Ok(tnr)) => Ok(0.5 * (tpr + tnr)),
            (Err(Undefined::Empty), _) => Err(Undefined::Empty),
            _ => Err(Undefined::OneClass),
        }
    }

    /// Matthews' correlation `(tp·tn − fp·fn) / √((tp+fp)(tp+fn)(tn+fp)(tn+fn))` (1975, doi:10.1016/0005-2795(75)90109-9).
    ///
    /// # Errors
    /// [`Undefined::NoVariation`] when truth or decision is constant, [`Undefined::Empty`] without weight.
    pub fn matthews_correlation(&self) -> Defined {
        if self.total() <= 0.0 {
            return Err(Undefined::Empty);
        }
        let n = self.total();
        let (p, s) = ((self.tp + self.fn_) / n, (self.tp + self.fp) / n);
        ratio(self.tp / n - p * s, sqrt(p * (1.0 - p)) * sqrt(s * (1.0 - s)), Undefined::NoVariation)
    }

    /// Cohen's kappa `(p_o − p_e) / (1 − p_e)` (1960, doi:10.1177/001316446002000104).
    ///
    /// # Errors
    /// [`Undefined::NoVariation`] when truth and decision are the same constant, [`Undefined::Empty`] without weight.
    pub fn cohen_kappa(&self) -> Defined {
        let n = self.total();
        if n <= 0.0 {
            return Err(Undefined::Empty);
        }
        let (p, s) = ((self.tp + self.fn_) / n, (self.tp + self.fp) / n);
        // 1 − p_e = p(1−s) + s(1−p), and p_o − p_e = 2(tp/n − p·s).
        ratio(2.0 * (self.tp / n - p * s), p * (1.0 - s) + s * (1.0 - p), Undefined::NoVariation)
    }

    /// Cost of the decisions per row: `(c_fp·fp + c_fn·fn + c_tp·tp + c_tn·tn) / n`; `costs` holds the cost of one
    /// case of each kind.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without weight.
    pub fn expected_cost(&self, costs: &Self) -> Defined {
        let sum = costs.tp * self.tp + costs.fp * self.fp + costs.fn_ * self.fn_ + costs.tn * self.tn;
        ratio(sum, self.total(), Undefined::Empty)
    }

    /// The expected cost with the interval of a mean: `± z·√(Σ w²·(cost − mean)²) / Σ w`.
    #[must_use]
    pub fn measure_expected_cost(&self, costs: &Self, squares: &Self, confidence: Confidence) -> Measured {
        let value = self.expected_cost(costs);
        let Ok(mean) = value else { return Measured::new(value, None, "") };
        let away = |cost: f64| (cost - mean) * (cost - mean);
        let sum = away(costs.tp) * squares.tp
            + away(costs.fp) * squares.fp
            + away(costs.fn_) * squares.fn_
            + away(costs.tn) * squares.tn;
        let half = confidence.z() * sqrt(sum) / self.total();
        Measured::new(value, Some(Ends { low: mean - half, high: mean + half }), "normal")
    }

    /// As the counts of two classes, the negative one first.
    #[must_use]
    pub fn matrix(&self) -> Confusion {
        Confusion::from_cells(2, vec![self.tn, self.fp, self.fn_, self.tp])
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "small whole numbers divide exactly alike")]
mod tests {
    use super::*;

    const EXAMPLE: Confusion2 = Confusion2 { tp: 25.0, fp: 10.0, fn_: 15.0, tn: 50.0 };

    /// An error-analysis tool in wide use unpacks these cells in the wrong order and gives 0.286 (which is the false
    /// discovery rate), 0.231 (the false omission rate) and 0.650 (the share not selected).
    #[test]
    fn rates_of_the_cells_that_others_mix_up() {
        assert_eq!(EXAMPLE.false_positive_rate(), Ok(10.0 / 60.0));
        assert_eq!(EXAMPLE.false_negative_rate(), Ok(15.0 / 40.0));
        assert_eq!(EXAMPLE.selection_rate(), Ok(35.0 / 100.0));
        assert_eq!(EXAMPLE.false_discovery_rate(), Ok(10.0 / 35.0));
        assert_eq!(EXAMPLE.false_omission_rate(), Ok(15.0 / 65.0));
    }

    #[test]
    fn every_other_number_of_the_example() {
        let c = EXAMPLE;
        assert_eq!(c.accuracy(), Ok(75.0 / 100.0));
        assert_eq!(c.share(Share::ErrorRate), Ok(25.0 / 100.0));
        assert_eq!(c.base_rate(), Ok(40.0 / 100.0));
        assert_eq!(c.true_positive_rate(), Ok(25.0 / 40.0));
        assert_eq!(c.true_negative_rate(), Ok(50.0 / 60.0));
        assert_eq!(c.precision(), Ok(25.0 / 35.0));
        assert_eq!(c.negative_predictive_value(), Ok(50.0 / 65.0));
        assert_eq!(c.jaccard(), Ok(25.0 / 50.0));
        assert_eq!(c.f1(), Ok(50.0 / 75.0));
        // (1 + 4)·25 / (5·25 + 4·15 + 10)
        assert_eq!(c.f_beta(2.0), Ok(125.0 / 195.0));
        assert!((c.balanced_accuracy().unwrap() - 0.5 * (25.0 / 40.0 + 50.0 / 60.0)).abs() < 1e-15);
        // (25·50 − 10·15) / √(35·40·60·65)
        assert!((c.matthews_correlation().unwrap() - 1_100.0 / 5_460_000.0_f64.sqrt()).abs() < 1e-15);
        // p_o = 0.75, p_e = 0.35·0.40 + 0.65·0.60 = 0.53
        assert!((c.cohen_kappa().unwrap() - 0.22 / 0.47).abs() < 1e-15);
        // One false positive costs 1, one false negative 5.
        let costs = Confusion2 { fp: 1.0, fn_: 5.0, ..Confusion2::default() };
        assert_eq!(c.expected_cost(&costs), Ok((10.0 + 75.0) / 100.0));
    }

    #[test]
    fn undefined_says_why() {
        let no_positives = Confusion2 { fp: 1.0, tn: 3.0, ..Confusion2::default() };
        assert_eq!(no_positives.true_positive_rate(), Err(Undefined::NoPositives));
        assert_eq!(no_positives.false_negative_rate(), Err(Undefined::NoPositives));
        assert_eq!(no_positives.precision(), Ok(0.0));
        assert_eq!(no_positives.balanced_accuracy(), Err(Undefined::OneClass));
        assert_eq!(no_positives.matthews_correlation(), Err(Undefined::NoVariation));
        let nothing_said = Confusion2 { tn: 3.0, ..Confusion2::default() };
        assert_eq!(nothing_said.precision(), Err(Undefined::NoSelected));
        assert_eq!(nothing_said.f1(), Err(Undefined::ZeroDenominator));
        assert_eq!(nothing_said.cohen_kappa(), Err(Undefined::NoVariation));
        for share in Share::ALL {
            assert_eq!(Confusion2::default().share(share), Err(Undefined::Empty));
        }
    }

    #[test]
    fn a_perfect_classifier_has_an_interval_that_is_no_point() {
        let perfect = Confusion2 { tp: 10.0, tn: 10.0, ..Confusion2::default() };
        let f1 = perfect.measure_f1(&perfect, Confidence::default());
        let f2 = perfect.measure_f_beta(2.0, &perfect, Confidence::default());
        // Wilson at 10 of 10: low = 10 / (10 + z²) = 0.7225; F₁ of it: 2·0.7225 / 1.7225 = 0.8389.
        assert!((f1.ends.unwrap().low - 0.8389).abs() < 1e-4);
        assert!((f2.ends.unwrap().low - 0.7225).abs() < 1e-4);
    }
}
