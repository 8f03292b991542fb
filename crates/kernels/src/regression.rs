//! How far predicted numbers lie from the truth.

use libm::{log, log1p, sqrt};
use serde::{Deserialize, Serialize};

use crate::undefined::{finite, ratio};
use crate::{Confidence, Defined, Ends, Mean, Measured, Merge, Sum, Undefined, fisher_interval, log_interval};

/// What one pass over truth and prediction gathers. With `y` the truth, `p` the prediction and `e = p − y`, each field is
/// a weighted mean with its standard error. Definitions are scikit-learn's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegressionSums {
    /// `y`
    pub truth: Mean,
    /// `p`
    pub prediction: Mean,
    /// `e`
    pub error: Mean,
    /// `|e|`
    pub absolute: Mean,
    /// `e²`
    pub squared: Mean,
    /// `|e| / max(|y|, ε)` with `ε` the machine epsilon
    pub percentage: Mean,
    /// `2·|e| / (|y| + |p|)`; 0 where both are 0
    pub symmetric_percentage: Mean,
    /// `max(q·(y − p), (q − 1)·(y − p))` for each of the asked quantiles `q`
    pub pinball: Vec<Mean>,
    /// `2·(y·ln(y/p) − y + p)`
    poisson: Mean,
    /// `2·(ln(p/y) + y/p − 1)`
    gamma: Mean,
    /// `(ln(1 + p) − ln(1 + y))²`
    squared_log: Mean,
    has_poisson: Always,
    has_gamma: Always,
    has_log: Always,
    max_error: f64,
    quantiles: Vec<f64>,
}

/// True until something speaks against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Always(bool);

impl Default for Always {
    fn default() -> Self {
        Self(true)
    }
}

const BLOCK: usize = 2_048;

impl RegressionSums {
    /// Nothing seen yet; pinball losses at these quantiles.
    #[must_use]
    pub fn with_quantiles(quantiles: &[f64]) -> Self {
        Self { quantiles: quantiles.to_vec(), pinball: vec![Mean::default(); quantiles.len()], ..Self::default() }
    }

    /// Takes in rows; without weights each weighs 1.
    pub fn push_rows(&mut self, truth: &[f64], predicted: &[f64], weight: Option<&[f64]>) {
        let mut buffer = Vec::with_capacity(BLOCK);
        let mut start = 0;
        for (y, p) in truth.chunks(BLOCK).zip(predicted.chunks(BLOCK)) {
            let weight = weight.map(|w| w.get(start..start + y.len()).unwrap_or_default());
            start += y.len();
            self.truth.push_all(y, weight);
            self.prediction.push_all(p, weight);
            let mut push = |mean: &mut Mean, of: &dyn Fn(f64, f64) -> f64| {
                buffer.clear();
                buffer.extend(y.iter().zip(p).map(|(y, p)| of(*y, *p)));
                mean.push_all(&buffer, weight);
            };
            push(&mut self.error, &|y, p| p - y);
            push(&mut self.absolute, &|y, p| (p - y).abs());
            push(&mut self.squared, &|y, p| (p - y) * (p - y));
            push(&mut self.percentage, &|y, p| (p - y).abs() / y.abs().max(f64::EPSILON));
            push(&mut self.symmetric_percentage, &|y, p| {
                let size = y.abs() + p.abs();
                if size > 0.0 { 2.0 * (p - y).abs() / size } else { 0.0 }
            });
            for (mean, q) in self.pinball.iter_mut().zip(&self.quantiles) {
                push(mean, &|y, p| (q * (y - p)).max((q - 1.0) * (y - p)));
            }
            let lowest = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
            let (y_min, p_min) = (lowest(y), lowest(p));
            self.has_poisson.0 &= y_min >= 0.0 && p_min > 0.0;
            self.has_gamma.0 &= y_min > 0.0 && p_min > 0.0;
            self.has_log.0 &= y_min > -1.0 && p_min > -1.0;
            if self.has_poisson.0 {
                push(&mut self.poisson, &|y, p| 2.0 * (if y > 0.0 { y * log(y / p) } else { 0.0 } - y + p));
            }
            if self.has_gamma.0 {
                push(&mut self.gamma, &|y, p| 2.0 * (log(p / y) + y / p - 1.0));
            }
            if self.has_log.0 {
                push(&mut self.squared_log, &|y, p| {
                    let away = log1p(p) - log1p(y);
                    away * away
                });
            }
            let largest = y.iter().zip(p).map(|(y, p)| (p - y).abs()).fold(0.0, f64::max);
            self.max_error = self.max_error.max(largest);
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.absolute.rows()
    }

    /// Kish's effective number of rows.
    #[must_use]
    pub fn n_effective(&self) -> f64 {
        self.absolute.n_effective()
    }

    /// The largest absolute error. A single row decides it, and no interval is known.
    #[must_use]
    pub fn max_error(&self) -> Measured {
        Measured::new(self.absolute.value().and_then(|_| finite(self.max_error)), None, "")
    }

    /// Mean squared error, with an interval on the logarithm.
    #[must_use]
    pub fn mean_squared_error(&self, confidence: Confidence) -> Measured {
        positive(&self.squared, confidence)
    }

    /// Root of the mean squared error.
    #[must_use]
    pub fn root_mean_squared_error(&self, confidence: Confidence) -> Measured {
        positive(&self.squared, confidence).map(sqrt)
    }

    /// Mean Poisson deviance; undefined unless every truth is at least 0 and every prediction above 0.
    #[must_use]
    pub fn mean_poisson_deviance(&self, confidence: Confidence) -> Measured {
        if self.has_poisson.0 { positive(&self.poisson, confidence) } else { Measured::undefined(Undefined::NotFinite) }
    }

    /// Mean gamma deviance; undefined unless every truth and every prediction is above 0.
    #[must_use]
    pub fn mean_gamma_deviance(&self, confidence: Confidence) -> Measured {
        if self.has_gamma.0 { positive(&self.gamma, confidence) } else { Measured::undefined(Undefined::NotFinite) }
    }

    /// Mean squared logarithmic error; undefined unless every truth and every prediction is above −1.
    #[must_use]
    pub fn mean_squared_log_error(&self, confidence: Confidence) -> Measured {
        if self.has_log.0 { positive(&self.squared_log, confidence) } else { Measured::undefined(Undefined::NotFinite) }
    }
}

/// A mean of numbers that cannot be negative: the interval is symmetric on the logarithm.
fn positive(mean: &Mean, confidence: Confidence) -> Measured {
    let value = mean.value();
    let ends = value.ok().zip(mean.standard_error()).and_then(|(m, se)| log_interval(m, se, confidence));
    Measured::new(value, ends, "log_normal")
}

impl Merge for RegressionSums {
    fn merge_from(&mut self, other: Self) {
        let Self {
            truth,
            prediction,
            error,
            absolute,
            squared,
            percentage,
            symmetric_percentage,
            pinball,
            poisson,
            gamma,
            squared_log,
            has_poisson,
            has_gamma,
            has_log,
            max_error,
            quantiles,
        } = other;
        self.truth.merge_from(truth);
        self.prediction.merge_from(prediction);
        self.error.merge_from(error);
        self.absolute.merge_from(absolute);
        self.squared.merge_from(squared);
        self.percentage.merge_from(percentage);
        self.symmetric_percentage.merge_from(symmetric_percentage);
        self.pinball.merge_from(pinball);
        self.poisson.merge_from(poisson);
        self.gamma.merge_from(gamma);
        self.squared_log.merge_from(squared_log);
        self.has_poisson.0 &= has_poisson.0;
        self.has_gamma.0 &= has_gamma.0;
        self.has_log.0 &= has_log.0;
        self.max_error = self.max_error.max(max_error);
        if self.quantiles.is_empty() {
            self.quantiles = quantiles;
        }
    }
}

/// Means about which spreads are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Centres {
    /// Mean truth.
    pub truth: f64,
    /// Mean prediction.
    pub prediction: f64,
}

/// What a second pass gathers: weighted sums of squares and products about the means. With `d = y − ȳ`, `q = p − p̄`:
/// `Σw`, `Σw·d²`, `Σw·q²`, `Σw·d·q`, `Σw·(p − y)²`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegressionSpread {
    weight: Sum,
    dd: Sum,
    qq: Sum,
    dq: Sum,
    ee: Sum,
    rows: u64,
}

impl RegressionSpread {
    /// Takes in rows; `centres` are the means of the first pass.
    pub fn push_rows(&mut self, centres: Centres, truth: &[f64], predicted: &[f64], weight: Option<&[f64]>) {
        let mut start = 0;
        for (truth, predicted) in truth.chunks(BLOCK).zip(predicted.chunks(BLOCK)) {
            let weight = weight.map(|w| w.get(start..start + truth.len()).unwrap_or_default());
            start += truth.len();
            let (mut sw, mut dd, mut qq, mut dq, mut ee) = (0.0, 0.0, 0.0, 0.0, 0.0);
            let mut weights = weight.into_iter().flatten();
            for (y, p) in truth.iter().zip(predicted) {
                let w = weights.next().copied().unwrap_or(1.0);
                let (d, q, e) = (y - centres.truth, p - centres.prediction, p - y);
                sw += w;
                dd += w * d * d;
                qq += w * q * q;
                dq += w * d * q;
                ee += w * e * e;
            }
            self.weight.push(sw);
            self.dd.push(dd);
            self.qq.push(qq);
            self.dq.push(dq);
            self.ee.push(ee);
            self.rows += truth.len() as u64;
        }
    }

    /// `R² = 1 − Σw(p − y)² / Σw(y − ȳ)²`.
    ///
    /// # Errors
    /// [`Undefined::NoVariation`] when all truths are equal (scikit-learn says 1 or 0), [`Undefined::Empty`] without rows.
    pub fn r2(&self) -> Defined {
        self.one_minus(self.ee.value())
    }

    /// `1 − Var(p − y) / Var(y)`: `R²` with the mean error forgiven.
    ///
    /// # Errors
    /// As [`RegressionSpread::r2`].
    pub fn explained_variance(&self) -> Defined {
        // Var(p − y) = Var(q − d)
        self.one_minus(self.dd.value() + self.qq.value() - 2.0 * self.dq.value())
    }

    fn one_minus(&self, residual: f64) -> Defined {
        if self.rows == 0 {
            return Err(Undefined::Empty);
        }
        ratio(residual.max(0.0), self.dd.value(), Undefined::NoVariation).map(|share| 1.0 - share)
    }

    /// Pearson's correlation of truth and prediction.
    ///
    /// # Errors
    /// [`Undefined::NoVariation`] when either is constant, [`Undefined::Empty`] without rows.
    pub fn pearson(&self) -> Defined {
        if self.rows == 0 {
            return Err(Undefined::Empty);
        }
        let size = sqrt(self.dd.value()) * sqrt(self.qq.value());
        if size > 0.0 { finite((self.dq.value() / size).clamp(-1.0, 1.0)) } else { Err(Undefined::NoVariation) }
    }
}

impl Merge for RegressionSpread {
    fn merge_from(&mut self, other: Self) {
        let Self { weight, dd, qq, dq, ee, rows } = other;
        self.weight.merge_from(weight);
        self.dd.merge_from(dd);
        self.qq.merge_from(qq);
        self.dq.merge_from(dq);
        self.ee.merge_from(ee);
        self.rows += rows;
    }
}

/// What a third pass gathers: sums of `w²·influence²` of `R²`, explained variance and correlation.
///
/// ```text
/// R²:                   −(e² − (1 − R²)·d²) / Var(y)
/// explained variance:   −(c² − (1 − EV)·d²) / Var(y)              c = q − d
/// correlation:          z·u − r·(z² + u²)/2                       z = d/σ_y, u = q/σ_p
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegressionInfluence {
    r2: Sum,
    explained: Sum,
    pearson: Sum,
}

impl RegressionInfluence {
    /// Takes in rows, given what the passes before found.
    pub fn push_rows(
        &mut self,
        centres: Centres,
        spread: &RegressionSpread,
        truth: &[f64],
        predicted: &[f64],
        weight: Option<&[f64]>,
    ) {
        let total = spread.weight.value();
        let (var_y, var_p) = (spread.dd.value() / total, spread.qq.value() / total);
        let (r2, ev, r) =
            (spread.r2().unwrap_or(0.0), spread.explained_variance().unwrap_or(0.0), spread.pearson().unwrap_or(0.0));
        let (per_y, per_p) = (1.0 / sqrt(var_y), 1.0 / sqrt(var_p));
        let mut start = 0;
        for (truth, predicted) in truth.chunks(BLOCK).zip(predicted.chunks(BLOCK)) {
            let weight = weight.map(|w| w.get(start..start + truth.len()).unwrap_or_default());
            start += truth.len();
            let (mut by_r2, mut by_ev, mut by_r) = (0.0, 0.0, 0.0);
            let mut weights = weight.into_iter().flatten();
            for (y, p) in truth.iter().zip(predicted) {
                let w = weights.next().copied().unwrap_or(1.0);
                let (d, q, e) = (y - centres.truth, p - centres.prediction, p - y);
                let (c, z, u) = (q - d, d * per_y, q * per_p);
                let (a, b, g) =
                    (e * e - (1.0 - r2) * d * d, c * c - (1.0 - ev) * d * d, z * u - 0.5 * r * (z * z + u * u));
                by_r2 += w * w * a * a;
                by_ev += w * w * b * b;
                by_r += w * w * g * g;
            }
            self.r2.push(by_r2 / (var_y * var_y));
            self.explained.push(by_ev / (var_y * var_y));
            self.pearson.push(by_r);
        }
    }

    /// `R²` with its interval, symmetric on `ln(1 − R²)`.
    #[must_use]
    pub fn measure_r2(&self, spread: &RegressionSpread, confidence: Confidence) -> Measured {
        below_one(spread.r2(), sqrt(self.r2.value()) / spread.weight.value(), confidence)
    }

    /// Explained variance with its interval, symmetric on `ln(1 − EV)`.
    #[must_use]
    pub fn measure_explained_variance(&self, spread: &RegressionSpread, confidence: Confidence) -> Measured {
        below_one(spread.explained_variance(), sqrt(self.explained.value()) / spread.weight.value(), confidence)
    }

    /// Correlation with its interval, symmetric on Fisher's z.
    #[must_use]
    pub fn measure_pearson(&self, spread: &RegressionSpread, confidence: Confidence) -> Measured {
        let value = spread.pearson();
        let se = sqrt(self.pearson.value()) / spread.weight.value();
        Measured::new(value, value.ok().and_then(|r| fisher_interval(r, se, confidence)), "influence_fisher")
    }
}

fn below_one(value: Defined, standard_error: f64, confidence: Confidence) -> Measured {
    let rest = value.map(|x| 1.0 - x);
    let ends: Option<Ends> = rest.ok().and_then(|rest| log_interval(rest, standard_error, confidence));
    Measured::new(value, ends.map(|e| e.map_falling(|x| 1.0 - x)), "influence_log")
}

impl Merge for RegressionInfluence {
    fn merge_from(&mut self, other: Self) {
        let Self { r2, explained, pearson } = other;
        self.r2.merge_from(r2);
        self.explained.merge_from(explained);
        self.pearson.merge_from(pearson);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "small whole numbers")]
mod tests {
    use super::*;
    use crate::Draws;
    use proptest::prelude::*;

    fn passes(y: &[f64], p: &[f64], w: Option<&[f64]>) -> (RegressionSums, RegressionSpread, RegressionInfluence) {
        let mut sums = RegressionSums::with_quantiles(&[0.9]);
        sums.push_rows(y, p, w);
        let centres =
            Centres { truth: sums.truth.value().unwrap_or(0.0), prediction: sums.prediction.value().unwrap_or(0.0) };
        let mut spread = RegressionSpread::default();
        spread.push_rows(centres, y, p, w);
        let mut influence = RegressionInfluence::default();
        influence.push_rows(centres, &spread, y, p, w);
        (sums, spread, influence)
    }

    #[test]
    fn four_rows_by_hand() {
        let (sums, spread, _) = passes(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0], None);
        let near = |value: Defined, expected: f64| assert!((value.unwrap() - expected).abs() < 1e-12, "{value:?}");
        near(sums.absolute.value(), (0.5 + 0.5 + 0.0 + 1.0) / 4.0);
        near(sums.mean_squared_error(Confidence::default()).value, (0.25 + 0.25 + 1.0) / 4.0);
        near(sums.root_mean_squared_error(Confidence::default()).value, 0.375_f64.sqrt());
        near(sums.error.value(), (-0.5 + 0.5 + 0.0 + 1.0) / 4.0);
        near(sums.percentage.value(), (0.5 / 3.0 + 1.0 + 0.0 + 1.0 / 7.0) / 4.0);
        near(sums.symmetric_percentage.value(), (1.0 / 5.5 + 2.0 + 0.0 + 2.0 / 15.0) / 4.0);
        // q = 0.9; y − p is 0.5, −0.5, 0, −1.
        near(sums.pinball[0].value(), (0.45 + 0.05 + 0.0 + 0.1) / 4.0);
        near(sums.max_error().value, 1.0);
        // ȳ = 2.875; Σ(y − ȳ)² = 29.1875.
        near(spread.r2(), 1.0 - 1.5 / 29.1875);
        // Var(e): Σ(e − 0.25)² = 1.25.
        near(spread.explained_variance(), 1.0 - 1.25 / 29.1875);
        assert_eq!(sums.mean_poisson_deviance(Confidence::default()).value, Err(Undefined::NotFinite));
        near(
            sums.mean_squared_log_error(Confidence::default()).value,
            ((3.5_f64 / 4.0).ln().powi(2) + 0.5_f64.ln().powi(2) + (9.0_f64 / 8.0).ln().powi(2)) / 4.0,
        );
    }

    #[test]
    fn deviances_by_hand() {
        let (sums, _, _) = passes(&[1.0, 2.0], &[2.0, 2.0], None);
        let poisson = sums.mean_poisson_deviance(Confidence::default()).value.unwrap();
        assert!((poisson - (0.5_f64.ln() + 1.0)).abs() < 1e-15);
        let gamma = sums.mean_gamma_deviance(Confidence::default()).value.unwrap();
        assert!((gamma - (2.0_f64.ln() - 0.5)).abs() < 1e-15);
    }

    #[test]
    fn a_constant_truth_has_no_r2() {
        let (_, spread, influence) = passes(&[2.0, 2.0, 2.0], &[1.0, 2.0, 3.0], None);
        assert_eq!(spread.r2(), Err(Undefined::NoVariation));
        assert_eq!(influence.measure_pearson(&spread, Confidence::default()).value, Err(Undefined::NoVariation));
        assert_eq!(RegressionSpread::default().r2(), Err(Undefined::Empty));
    }

    #[test]
    fn intervals_cover() {
        let mut draws = Draws::new(4, "regression", 0);
        let mut sample = |n: usize| -> (Vec<f64>, Vec<f64>) {
            (0..n)
                .map(|_| {
                    let x = draws.normal();
                    (10.0 + x + 0.5 * draws.normal(), 10.0 + 0.9 * x)
                })
                .unzip()
        };
        // y has variance 1.25; p − y has 0.01 + 0.25; cov(y, p) = 0.9.
        let truth = [1.0 - 0.26 / 1.25, 0.9 / (1.25_f64.sqrt() * 0.9), 0.26];
        let mut covered = [0_u32; 3];
        for _ in 0..1_000 {
            let (y, p) = sample(200);
            let (sums, spread, influence) = passes(&y, &p, None);
            let measured = [
                influence.measure_r2(&spread, Confidence::default()),
                influence.measure_pearson(&spread, Confidence::default()),
                sums.mean_squared_error(Confidence::default()),
            ];
            for ((measured, truth), covered) in measured.iter().zip(truth).zip(&mut covered) {
                *covered += u32::from(measured.ends.unwrap().contains(truth));
            }
        }
        assert!(covered.iter().all(|c| (925..=972).contains(c)), "{covered:?}");
    }

    proptest! {
        #[test]
        fn any_cut(rows in prop::collection::vec((-50.0..50.0_f64, -50.0..50.0_f64, 0.1..4.0_f64), 2..80), cut in 0_usize..80) {
            let y: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let p: Vec<f64> = rows.iter().map(|r| r.1).collect();
            let w: Vec<f64> = rows.iter().map(|r| r.2).collect();
            let cut = cut.min(y.len());
            let (whole, _, _) = passes(&y, &p, Some(&w));
            let (mut parts, _, _) = passes(&y[..cut], &p[..cut], Some(&w[..cut]));
            let (rest, _, _) = passes(&y[cut..], &p[cut..], Some(&w[cut..]));
            parts.merge_from(rest);
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
            prop_assert!(near(whole.absolute.value().unwrap(), parts.absolute.value().unwrap()));
            prop_assert!(near(whole.pinball[0].value().unwrap(), parts.pinball[0].value().unwrap()));
            prop_assert!(near(whole.squared.standard_error().unwrap(), parts.squared.standard_error().unwrap()));
            prop_assert_eq!(whole.max_error().value, parts.max_error().value);
        }

        #[test]
        fn weight_two_is_a_row_twice(rows in prop::collection::vec((-50.0..50.0_f64, -50.0..50.0_f64), 2..40)) {
            let (y, p): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let twice = |x: &[f64]| x.iter().chain(x).copied().collect::<Vec<_>>();
            let (_, heavy, _) = passes(&y, &p, Some(&vec![2.0; y.len()]));
            let (_, double, _) = passes(&twice(&y), &twice(&p), None);
            prop_assert!((heavy.r2().unwrap_or(0.0) - double.r2().unwrap_or(0.0)).abs() < 1e-9);
            prop_assert!((heavy.pearson().unwrap_or(0.0) - double.pearson().unwrap_or(0.0)).abs() < 1e-9);
        }
    }
}
