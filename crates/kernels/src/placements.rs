//! Where rows stand among the rows of the other class: what the area under the ROC curve is the mean of.

use libm::sqrt;

use crate::{Defined, Undefined, kish, ratio};

/// The area under the ROC curve with the placement value of every row (DeLong, DeLong & Clarke-Pearson 1988,
/// doi:10.2307/2531595): for a positive row the share of negative weight below its score, for a negative row the share of
/// positive weight above it, ties half. The area is the weighted mean of either kind.
///
/// One sort: `O(n log n)`, as in Sun & Xu (2014, doi:10.1109/LSP.2014.2337313).
#[derive(Clone, Debug, PartialEq)]
pub struct Placements {
    area: f64,
    values: Vec<f64>,
}

impl Placements {
    /// Of rows with a score each; without weights each weighs 1.
    ///
    /// # Errors
    /// [`Undefined::NotFinite`] for a score or weight that is not a finite number, [`Undefined::NoPositives`] and
    /// [`Undefined::NoNegatives`] when a class has no weight.
    pub fn of(is_positive: &[bool], scores: &[f64], weight: Option<&[f64]>) -> Result<Self, Undefined> {
        if scores.iter().chain(weight.unwrap_or_default()).any(|x| !x.is_finite()) {
            return Err(Undefined::NotFinite);
        }
        let weight_at = |i: usize| weight.map_or(1.0, |w| w.get(i).copied().unwrap_or(0.0));
        let is_positive_at = |i: usize| is_positive.get(i).copied().unwrap_or(false);
        let score_at = |i: usize| scores.get(i).copied().unwrap_or(0.0);
        let mut order: Vec<usize> = (0..is_positive.len().min(scores.len())).collect();
        order.sort_unstable_by(|i, j| score_at(*i).total_cmp(&score_at(*j)));
        let side = |wanted: bool| -> f64 {
            order.iter().filter(|i| is_positive_at(**i) == wanted).map(|i| weight_at(*i)).sum()
        };
        let (positive, negative) = (side(true), side(false));
        let mut values = vec![0.0; scores.len()];
        let (mut below_p, mut below_n, mut sum) = (0.0, 0.0, 0.0);
        // −0 and 0 are the same score.
        for tie in order.chunk_by(|i, j| score_at(*i) >= score_at(*j)) {
            let of = |wanted: bool| -> f64 {
                tie.iter().filter(|i| is_positive_at(**i) == wanted).map(|i| weight_at(*i)).sum()
            };
            let (p, n) = (of(true), of(false));
            for i in tie {
                let Some(value) = values.get_mut(*i) else { continue };
                *value = if is_positive_at(*i) {
                    (below_n + 0.5 * n) / negative
                } else {
                    (positive - below_p - 0.5 * p) / positive
                };
            }
            sum += p * (below_n + 0.5 * n);
            below_p += p;
            below_n += n;
        }
        let area = ratio(sum, positive, Undefined::NoPositives)?;
        Ok(Self { area: ratio(area, negative, Undefined::NoNegatives)?, values })
    }

    /// The area.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.area
    }

    /// The placement value of every row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Standard error of `other − self`, two areas of the same rows: the variance of the difference of placement values,
    /// class by class. With `v` that difference, `m` its mean and `n` Kish's number of rows of a class:
    ///
    /// ```text
    /// Σ over both classes of  n/(n − 1) · Σ w²·(v − m)² / (Σ w)²
    /// ```
    ///
    /// # Errors
    /// [`Undefined::BelowMinSize`] when a class has a single row.
    pub fn standard_error_to(&self, other: &Self, is_positive: &[bool], weight: Option<&[f64]>) -> Defined {
        let variance = |wanted: bool| -> Defined {
            let (mut total, mut squares, mut sum) = (0.0, 0.0, 0.0);
            let away = || self.values.iter().zip(&other.values).zip(is_positive).enumerate();
            let weight_at = |i: usize| weight.map_or(1.0, |w| w.get(i).copied().unwrap_or(0.0));
            for (i, ((a, b), _)) in away().filter(|(_, (_, p))| **p == wanted) {
                let w = weight_at(i);
                total += w;
                squares += w * w;
                sum += w * (b - a);
            }
            let mean = sum / total;
            let n = kish(total, squares);
            if n <= 1.0 {
                return Err(Undefined::BelowMinSize);
            }
            let about: f64 = away()
                .filter(|(_, (_, p))| **p == wanted)
                .map(|(i, ((a, b), _))| {
                    let off = weight_at(i) * (b - a - mean);
                    off * off
                })
                .sum();
            ratio(n / (n - 1.0) * about, total * total, Undefined::ZeroWeight)
        };
        Ok(sqrt(variance(true)? + variance(false)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Confidence, Draws, Scores};

    #[test]
    fn three_positives_and_two_negatives() {
        // Positives 0.9, 0.4, 0.4; negatives 0.4, 0.1. Below: 0.9 → 2 of 2; 0.4 → 1 and a tie → 3/4.
        let is_positive = [true, true, false, true, false];
        let placed = Placements::of(&is_positive, &[0.9, 0.4, 0.4, 0.4, 0.1], None).unwrap();
        let expected = [1.0, 0.75, 2.0 / 3.0, 0.75, 1.0];
        assert!(placed.values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{placed:?}");
        assert!((placed.area() - 2.5 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn against_a_constant_score_it_is_the_variance_of_one_area() {
        // All placement values of a constant are ½, so that only the other area's variance is left.
        let mut draws = Draws::new(2, "placements", 0);
        let is_positive: Vec<bool> = (0..300).map(|_| draws.uniform() < 0.4).collect();
        let scores: Vec<f64> = is_positive
            .iter()
            .map(|y| libm::round(20.0 / (1.0 + libm::exp(-draws.normal() - f64::from(u8::from(*y))))) / 20.0)
            .collect();
        for weight in [None, Some((0..300).map(|i| f64::from(i % 4)).collect::<Vec<f64>>())] {
            let weight = weight.as_deref();
            let constant = Placements::of(&is_positive, &[0.5; 300], weight).unwrap();
            let placed = Placements::of(&is_positive, &scores, weight).unwrap();
            let se = constant.standard_error_to(&placed, &is_positive, weight).unwrap();
            let mut all = Scores::default();
            all.push_rows(is_positive.iter().copied().zip(scores.iter().copied()), weight);
            let measured = all.sorted().summary(Confidence::at(0.95)).roc_auc;
            let (a, ends) = (measured.value.unwrap(), measured.ends.unwrap());
            assert!((a - placed.area()).abs() < 1e-12 && measured.method == "delong_logit");
            let logit = |p: f64| libm::log(p / (1.0 - p));
            let theirs = (logit(ends.high) - logit(ends.low)) / (2.0 * Confidence::at(0.95).z()) * a * (1.0 - a);
            assert!((se - theirs).abs() < 1e-9, "{se} {theirs}");
        }
    }

    #[test]
    fn no_area_without_both_classes() {
        assert_eq!(Placements::of(&[true], &[0.5], None), Err(Undefined::NoNegatives));
        assert_eq!(Placements::of(&[false], &[0.5], None), Err(Undefined::NoPositives));
        assert_eq!(Placements::of(&[false, true], &[0.5, f64::NAN], None), Err(Undefined::NotFinite));
    }
}
