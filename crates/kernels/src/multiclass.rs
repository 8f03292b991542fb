//! Label metrics of any number of classes.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use crate::undefined::{finite, ratio};
use crate::{
    Confidence, Confusion2, Defined, Ends, Measured, Share, Undefined, fisher_interval, kish, logit_interval, mover,
    wilson,
};

/// Weights of truth by prediction among `k` classes, `(k, k)` row-major: rows are the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    k: usize,
    cells: Vec<f64>,
}

/// A number over all classes. Names and definitions are scikit-learn's.
///
/// Averages run over the classes that occur in truth or prediction. In macro averages a class that occurs but was never
/// predicted has precision 0, and a class that was predicted but never occurs has recall 0, as in scikit-learn:
/// leaving it out would reward a model for ignoring a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Average {
    /// Share of rows whose class was predicted; also every micro average.
    Accuracy,
    /// Mean recall of the classes that occur in truth.
    BalancedAccuracy,
    /// Mean precision of the classes.
    MacroPrecision,
    /// Mean recall of the classes.
    MacroRecall,
    /// Mean F₁ of the classes (not the harmonic mean of macro precision and macro recall).
    MacroF1,
    /// Harmonic mean of macro precision and macro recall: a different number that some tools call macro F₁.
    HarmonicMacroF1,
    /// Mean Jaccard index of the classes.
    MacroJaccard,
    /// Precision of the classes, weighted by how often each is true.
    WeightedPrecision,
    /// F₁ of the classes, weighted by how often each is true.
    WeightedF1,
    /// Jaccard index of the classes, weighted by how often each is true.
    WeightedJaccard,
    /// Cohen's kappa: agreement beyond chance.
    CohenKappa,
    /// Matthews' correlation as generalised by Gorodkin (2004, doi:10.1016/j.compbiolchem.2004.09.006).
    MatthewsCorrelation,
}

/// What all averages depend on: the diagonal and both margins.
struct Margins {
    hit: Vec<f64>,
    truth: Vec<f64>,
    predicted: Vec<f64>,
}

impl Confusion {
    /// Out of `k·k` cells, row-major, the truth counting slowly. Missing cells are 0, surplus ones dropped.
    #[must_use]
    pub fn from_cells(k: usize, mut cells: Vec<f64>) -> Self {
        cells.resize(k * k, 0.0);
        Self { k, cells }
    }

    /// Number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.k
    }

    /// The cells, row-major, the truth counting slowly.
    #[must_use]
    pub fn cells(&self) -> &[f64] {
        &self.cells
    }

    /// Weight of all rows.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.cells.iter().sum()
    }

    /// One class against all others.
    #[must_use]
    pub fn against_rest(&self, class: usize) -> Confusion2 {
        let mut out = Confusion2::default();
        for (place, weight) in self.cells.iter().enumerate() {
            out.push(place / self.k == class, place % self.k == class, *weight);
        }
        out
    }

    /// Weight by true class.
    #[must_use]
    pub fn truth(&self) -> Vec<f64> {
        self.margins().truth
    }

    /// Weight by predicted class.
    #[must_use]
    pub fn predicted(&self) -> Vec<f64> {
        self.margins().predicted
    }

    fn margins(&self) -> Margins {
        let mut margins = Margins { hit: vec![0.0; self.k], truth: vec![0.0; self.k], predicted: vec![0.0; self.k] };
        if self.k == 0 {
            return margins;
        }
        for (i, row) in self.cells.chunks_exact(self.k).enumerate() {
            for (j, (weight, predicted)) in row.iter().zip(&mut margins.predicted).enumerate() {
                *predicted += weight;
                if i == j
                    && let Some(hit) = margins.hit.get_mut(i)
                {
                    *hit = *weight;
                }
            }
            if let Some(truth) = margins.truth.get_mut(i) {
                *truth = row.iter().sum();
            }
        }
        margins
    }

    /// A number over all classes.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without weight; [`Undefined::NoVariation`] for a correlation with a constant.
    pub fn average(&self, average: Average) -> Defined {
        self.margins().average(average)
    }

    /// A number over all classes with an interval. `squares` holds the sums of squared weights.
    ///
    /// Accuracy has Wilson's interval. Averages of recalls rest on independent samples and have the MOVER interval over
    /// Wilson's. The others have delta-method intervals: on the logit (correlations: on Fisher's z), so that no end
    /// leaves the number's range. Where the delta method sees no spread (all right, all wrong) it is Wilson's.
    #[must_use]
    pub fn measure(&self, average: Average, squares: &Self, confidence: Confidence) -> Measured {
        let margins = self.margins();
        let value = margins.average(average);
        let Ok(x) = value else { return Measured::new(value, None, "") };
        let n = kish(self.total(), squares.total());
        match average {
            Average::Accuracy => Measured::new(value, wilson(x, n, confidence), "wilson"),
            Average::BalancedAccuracy | Average::MacroRecall => {
                Measured::new(value, self.mean_recall_ends(average, squares, confidence), "mover_wilson")
            }
            Average::CohenKappa | Average::MatthewsCorrelation => {
                let se = self.standard_error(&margins, average, squares);
                match fisher_interval(x, se, confidence).filter(|_| se > 0.0) {
                    Some(ends) => Measured::new(value, Some(ends), "delta_fisher"),
                    None => {
                        let ends = wilson(0.5 * (x + 1.0), n, confidence).map(|e| e.map(|p| 2.0 * p - 1.0));
                        Measured::new(value, ends, "wilson")
                    }
                }
            }
            Average::MacroPrecision
            | Average::MacroF1
            | Average::HarmonicMacroF1
            | Average::MacroJaccard
            | Average::WeightedPrecision
            | Average::WeightedF1
            | Average::WeightedJaccard => {
                let se = self.standard_error(&margins, average, squares);
                match logit_interval(x, se, confidence).filter(|_| se > 0.0) {
                    Some(ends) => Measured::new(value, Some(ends), "delta_logit"),
                    None => Measured::new(value, wilson(x, n, confidence), "wilson"),
                }
            }
        }
    }

    fn mean_recall_ends(&self, average: Average, squares: &Self, confidence: Confidence) -> Option<Ends> {
        let mut terms = Vec::with_capacity(self.k);
        let mut n_classes = 0.0;
        for class in 0..self.k {
            let (cells, squares) = (self.against_rest(class), squares.against_rest(class));
            let occurs = cells.tp + cells.fn_ > 0.0;
            if occurs || (average == Average::MacroRecall && cells.fp > 0.0) {
                n_classes += 1.0;
            }
            let recall = cells.measure_share(Share::TruePositiveRate, &squares, confidence);
            if let (Ok(value), Some(ends)) = (recall.value, recall.ends) {
                terms.push((1.0, value, ends));
            }
        }
        for (c, _, _) in &mut terms {
            *c /= n_classes;
        }
        mover(&terms).map(|ends| ends.within(0.0, 1.0))
    }

    /// Delta method: with `g` the slope of the number by a cell's weight, the variance is `Σ (Σ_cell w²)·g²` (every
    /// average stays the same when all weights are multiplied, so that `Σ g·w = 0` and no mean is to be taken off).
    /// All averages depend on the diagonal and the margins alone: 3k slopes give those of all k² cells. They are taken
    /// by central differences, whose error (1e-9) is nothing beside the interval's own.
    fn standard_error(&self, margins: &Margins, average: Average, squares: &Self) -> f64 {
        let slope = |vary: &dyn Fn(&mut Margins) -> Option<&mut f64>, scale: f64| {
            let h = 1e-6 * scale;
            let mut moved = Margins {
                hit: margins.hit.clone(),
                truth: margins.truth.clone(),
                predicted: margins.predicted.clone(),
            };
            let mut at = |step: f64| {
                if let Some(x) = vary(&mut moved) {
                    *x += step;
                }
                moved.average(average).unwrap_or(f64::NAN)
            };
            let above = at(h);
            let below = at(-2.0 * h);
            if h > 0.0 { (above - below) / (2.0 * h) } else { 0.0 }
        };
        let scales: Vec<f64> = margins.truth.iter().zip(&margins.predicted).map(|(t, p)| t.max(*p)).collect();
        let by = |pick: fn(&mut Margins) -> &mut Vec<f64>| -> Vec<f64> {
            scales.iter().enumerate().map(|(i, scale)| slope(&|m| pick(m).get_mut(i), *scale)).collect()
        };
        let (hit, truth, predicted) = (by(|m| &mut m.hit), by(|m| &mut m.truth), by(|m| &mut m.predicted));
        let mut variance = 0.0;
        for ((i, row), (by_truth, by_hit)) in
            squares.cells.chunks_exact(self.k.max(1)).enumerate().zip(truth.iter().zip(&hit))
        {
            for (j, (square, by_predicted)) in row.iter().zip(&predicted).enumerate() {
                if *square > 0.0 {
                    let g = by_truth + by_predicted + if i == j { *by_hit } else { 0.0 };
                    variance += square * g * g;
                }
            }
        }
        sqrt(variance)
    }
}

impl Margins {
    /// `(hit, truth, predicted)` of the classes that occur in truth or prediction.
    fn occurring(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let all = self.hit.iter().zip(&self.truth).zip(&self.predicted);
        all.map(|((h, t), p)| (*h, *t, *p)).filter(|(_, t, p)| t + p > 0.0)
    }

    fn mean(&self, of: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let (mut sum, mut n) = (0.0, 0.0);
        for (hit, truth, predicted) in self.occurring() {
            sum += of(hit, truth, predicted);
            n += 1.0;
        }
        sum / n
    }

    fn weighted(&self, total: f64, of: impl Fn(f64, f64, f64) -> f64) -> f64 {
        self.occurring().map(|(h, t, p)| t / total * of(h, t, p)).sum()
    }

    fn average(&self, average: Average) -> Defined {
        let total: f64 = self.truth.iter().sum();
        if total <= 0.0 {
            return Err(Undefined::Empty);
        }
        let precision = |h: f64, _: f64, p: f64| if p > 0.0 { h / p } else { 0.0 };
        let recall = |h: f64, t: f64, _: f64| if t > 0.0 { h / t } else { 0.0 };
        let f1 = |h: f64, t: f64, p: f64| 2.0 * h / (t + p);
        let jaccard = |h: f64, t: f64, p: f64| h / (t + p - h);
        let hits: f64 = self.hit.iter().sum();
        match average {
            Average::Accuracy => finite(hits / total),
            Average::BalancedAccuracy => {
                let n = self.truth.iter().filter(|t| **t > 0.0).count();
                #[allow(clippy::cast_precision_loss, reason = "a number of classes")]
                let sum: f64 = self.occurring().map(|(h, t, p)| recall(h, t, p)).sum();
                #[allow(clippy::cast_precision_loss, reason = "a number of classes")]
                finite(sum / n as f64)
            }
            Average::MacroPrecision => finite(self.mean(precision)),
            Average::MacroRecall => finite(self.mean(recall)),
            Average::MacroF1 => finite(self.mean(f1)),
            Average::HarmonicMacroF1 => {
                let (p, r) = (self.mean(precision), self.mean(recall));
                if p + r > 0.0 { finite(2.0 * p * r / (p + r)) } else { Ok(0.0) }
            }
            Average::MacroJaccard => finite(self.mean(jaccard)),
            Average::WeightedPrecision => finite(self.weighted(total, precision)),
            Average::WeightedF1 => finite(self.weighted(total, f1)),
            Average::WeightedJaccard => finite(self.weighted(total, jaccard)),
            Average::CohenKappa => {
                let chance: f64 = self.occurring().map(|(_, t, p)| t / total * (p / total)).sum();
                ratio(hits / total - chance, 1.0 - chance, Undefined::NoVariation)
            }
            Average::MatthewsCorrelation => {
                let (mut tp, mut tt, mut pp) = (0.0, 0.0, 0.0);
                for (_, t, p) in self.occurring() {
                    tp += t / total * (p / total);
                    tt += t / total * (t / total);
                    pp += p / total * (p / total);
                }
                // A constant leaves no more than rounding.
                let (by_truth, by_predicted) = (1.0 - tt, 1.0 - pp);
                if by_truth <= 1e-15 || by_predicted <= 1e-15 {
                    return Err(Undefined::NoVariation);
                }
                finite((hits / total - tp) / (sqrt(by_truth) * sqrt(by_predicted)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draws;

    /// Truth 0: 5 right, 1 as 1. Truth 1: 2 as 0, 3 right, 1 as 2. Truth 2: 2 as 1, 6 right. 20 rows.
    fn example() -> Confusion {
        Confusion::from_cells(3, vec![5.0, 1.0, 0.0, 2.0, 3.0, 1.0, 0.0, 2.0, 6.0])
    }

    fn near(value: Defined, expected: f64) {
        assert!((value.unwrap() - expected).abs() < 1e-14, "{value:?} {expected}");
    }

    #[test]
    fn twenty_rows_of_three_classes() {
        let c = example();
        // Precision 5/7, 3/6, 6/7; recall 5/6, 3/6, 6/8; F₁ 10/13, 6/12, 12/15.
        near(c.average(Average::Accuracy), 14.0 / 20.0);
        near(c.average(Average::MacroPrecision), (5.0 / 7.0 + 0.5 + 6.0 / 7.0) / 3.0);
        near(c.average(Average::MacroRecall), (5.0 / 6.0 + 0.5 + 0.75) / 3.0);
        near(c.average(Average::BalancedAccuracy), (5.0 / 6.0 + 0.5 + 0.75) / 3.0);
        near(c.average(Average::WeightedPrecision), (6.0 * 5.0 / 7.0 + 6.0 * 0.5 + 8.0 * 6.0 / 7.0) / 20.0);
        near(c.average(Average::WeightedF1), (6.0 * 10.0 / 13.0 + 6.0 * 0.5 + 8.0 * 0.8) / 20.0);
        // Jaccard 5/8, 3/9, 6/9.
        near(c.average(Average::MacroJaccard), (5.0 / 8.0 + 3.0 / 9.0 + 6.0 / 9.0) / 3.0);
        // p_e = (6·7 + 6·6 + 8·7)/400 = 134/400.
        near(c.average(Average::CohenKappa), (0.7 - 0.335) / (1.0 - 0.335));
        // (14·20 − 134) / √((400 − 136)(400 − 134)); Σt² = 36 + 36 + 64, Σp² = 49 + 36 + 49.
        near(c.average(Average::MatthewsCorrelation), 146.0 / (264.0_f64 * 266.0).sqrt());
    }

    #[test]
    fn macro_f1_is_the_mean_of_the_classes_and_not_the_harmonic_mean() {
        let c = example();
        near(c.average(Average::MacroF1), (10.0 / 13.0 + 0.5 + 0.8) / 3.0);
        let (p, r) = ((5.0 / 7.0 + 0.5 + 6.0 / 7.0) / 3.0, (5.0 / 6.0 + 0.5 + 0.75) / 3.0);
        near(c.average(Average::HarmonicMacroF1), 2.0 * p * r / (p + r));
    }

    #[test]
    fn a_class_that_is_never_predicted_counts_zero() {
        let c = Confusion::from_cells(3, vec![4.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        // Class 2 does not occur at all and is left out; class 1 is never predicted.
        near(c.average(Average::MacroPrecision), (4.0 / 6.0 + 0.0) / 2.0);
        near(c.average(Average::MacroF1), (8.0 / 10.0 + 0.0) / 2.0);
        assert_eq!(c.average(Average::MatthewsCorrelation), Err(Undefined::NoVariation));
        assert_eq!(Confusion::from_cells(3, vec![]).average(Average::Accuracy), Err(Undefined::Empty));
    }

    #[test]
    fn two_classes_agree_with_the_binary_formulas() {
        let c = Confusion2 { tp: 25.0, fp: 10.0, fn_: 15.0, tn: 50.0 };
        near(c.matrix().average(Average::CohenKappa), c.cohen_kappa().unwrap());
        near(c.matrix().average(Average::MatthewsCorrelation), c.matthews_correlation().unwrap());
        near(c.matrix().average(Average::BalancedAccuracy), c.balanced_accuracy().unwrap());
    }

    /// The delta method against resampling: 3,000 multinomial samples of 400 rows from the example's shares.
    #[test]
    fn standard_errors_match_resampling_and_intervals_cover() {
        let truth = example();
        let mut draws = Draws::new(5, "multiclass", 0);
        let averages = [
            Average::Accuracy,
            Average::BalancedAccuracy,
            Average::MacroPrecision,
            Average::MacroF1,
            Average::WeightedF1,
            Average::CohenKappa,
            Average::MatthewsCorrelation,
        ];
        let mut sums = vec![(0.0, 0.0, 0.0, 0_u32); averages.len()];
        let n_samples = 3_000;
        for _ in 0..n_samples {
            let mut cells = vec![0.0; 9];
            for _ in 0..400 {
                let mut u = draws.uniform() * 20.0;
                let cell = truth.cells().iter().position(|w| {
                    u -= w;
                    u < 0.0
                });
                cells[cell.unwrap_or(8)] += 1.0;
            }
            let sample = Confusion::from_cells(3, cells);
            for (average, sum) in averages.iter().zip(&mut sums) {
                let measured = sample.measure(*average, &sample, Confidence::default());
                let x = measured.value.unwrap();
                sum.0 += x;
                sum.1 += x * x;
                sum.2 += sample.standard_error(&sample.margins(), *average, &sample);
                sum.3 += u32::from(measured.ends.unwrap().contains(truth.average(*average).unwrap()));
            }
        }
        let n = f64::from(n_samples);
        for (average, (sum, sum2, se, covered)) in averages.iter().zip(sums) {
            let spread = (sum2 / n - (sum / n).powi(2)).sqrt();
            assert!((se / n / spread - 1.0).abs() < 0.05, "{average:?}: {} {spread}", se / n);
            let coverage = f64::from(covered) / n;
            assert!((0.93..=0.97).contains(&coverage), "{average:?}: {coverage}");
        }
    }
}
