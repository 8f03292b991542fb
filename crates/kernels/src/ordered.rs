//! Numbers in order: quantiles with intervals, histograms.

use crate::{Confidence, Ends, Measured, Merge, Undefined, kish, wilson};

/// Numbers gathered in any order, with weights for all or for none. Numbers that are not finite are counted and left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    values: Vec<f64>,
    /// As long as the values, or empty.
    weight: Vec<f64>,
    n_bad: u64,
}

impl Numbers {
    /// Takes in numbers; those of weight zero change nothing.
    pub fn push_all(&mut self, values: impl Iterator<Item = f64>, weight: Option<&[f64]>) {
        match weight {
            None => {
                for x in values {
                    if x.is_finite() { self.values.push(x) } else { self.n_bad += 1 }
                }
            }
            Some(weight) => {
                for (x, w) in values.zip(weight) {
                    if !x.is_finite() {
                        self.n_bad += 1;
                    } else if *w > 0.0 {
                        self.values.push(x);
                        self.weight.push(*w);
                    }
                }
            }
        }
    }

    /// In ascending order.
    #[must_use]
    pub fn sorted(self) -> Ordered {
        let Self { mut values, weight, n_bad } = self;
        if weight.len() != values.len() {
            // Signed zeros are told apart by the order of bits only; adding zero makes them one.
            values.sort_unstable_by(|a, b| (a + 0.0).total_cmp(&(b + 0.0)));
            let squares = values.len();
            #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53 numbers")]
            return Ordered { values, upto: Vec::new(), squares: squares as f64, n_bad };
        }
        let mut pairs: Vec<(f64, f64)> = values.into_iter().zip(weight).collect();
        pairs.sort_unstable_by(|a, b| (a.0 + 0.0).total_cmp(&(b.0 + 0.0)).then(a.1.total_cmp(&b.1)));
        let squares = pairs.iter().map(|(_, w)| w * w).sum();
        let mut sum = crate::Sum::default();
        let (values, upto) = pairs
            .into_iter()
            .map(|(x, w)| {
                sum.push(w);
                (x, sum.value())
            })
            .unzip();
        Ordered { values, upto, squares, n_bad }
    }
}

impl Merge for Numbers {
    fn merge_from(&mut self, other: Self) {
        let Self { values, weight, n_bad } = other;
        self.values.extend(values);
        self.weight.extend(weight);
        self.n_bad += n_bad;
    }
}

/// Numbers in ascending order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ordered {
    values: Vec<f64>,
    /// Weight of the numbers up to each; empty when all weigh 1.
    upto: Vec<f64>,
    squares: f64,
    n_bad: u64,
}

impl Ordered {
    /// The numbers.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Weight of all.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53 numbers")]
    pub fn total(&self) -> f64 {
        self.upto.last().copied().unwrap_or(self.values.len() as f64)
    }

    /// Their distances from zero, in order.
    #[must_use]
    pub fn magnitudes(&self) -> Self {
        let mut numbers = Numbers { values: Vec::with_capacity(self.values.len()), weight: Vec::new(), n_bad: 0 };
        numbers.values.extend(self.values.iter().map(|x| x.abs()));
        let mut before = 0.0;
        for upto in &self.upto {
            numbers.weight.push(upto - before);
            before = *upto;
        }
        let mut sorted = numbers.sorted();
        sorted.n_bad = self.n_bad;
        sorted.squares = self.squares;
        sorted
    }

    /// Weight of the numbers below `x`.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53 numbers")]
    pub fn weight_below(&self, x: f64) -> f64 {
        let n = self.values.partition_point(|value| *value < x);
        if self.upto.is_empty() {
            n as f64
        } else {
            n.checked_sub(1).and_then(|last| self.upto.get(last)).copied().unwrap_or(0.0)
        }
    }

    /// The quantile by the averaged inverse of the distribution function: the number at which the weight up to it passes
    /// `share` of all; where the weight is exactly reached, halfway to the next. The median of equal weights is the
    /// usual one, and weighted medians are scikit-learn's.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share.clamp(0.0, 1.0) * self.total();
        let slack = 1e-12 * self.total();
        let place = if self.upto.is_empty() {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ wanted ≤ number of values")]
            let ceiling = (wanted - slack).ceil().max(0.0) as usize;
            ceiling.saturating_sub(1)
        } else {
            self.upto.partition_point(|upto| *upto < wanted - slack)
        };
        let place = place.min(self.values.len().checked_sub(1)?);
        let here = *self.values.get(place)?;
        #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53 numbers")]
        let reached = self.upto.get(place).copied().unwrap_or(place as f64 + 1.0);
        match self.values.get(place + 1) {
            Some(next) if (reached - wanted).abs() <= slack => Some(0.5 * (here + next)),
            _ => Some(here),
        }
    }

    /// The last number that has no more than `share` of the weight up to it; the first number if there is none.
    fn outward_low(&self, share: f64) -> Option<f64> {
        let n = self.n_upto(share * self.total());
        self.values.get(n.saturating_sub(1)).copied()
    }

    /// The first number that has at least `share` of the weight before it; the last number if there is none.
    fn outward_high(&self, share: f64) -> Option<f64> {
        let wanted = share * self.total();
        let n = self.n_upto(wanted);
        #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53 numbers")]
        let reached = n.checked_sub(1).map_or(0.0, |i| self.upto.get(i).copied().unwrap_or(n as f64));
        let place = if reached < wanted { n + 1 } else { n };
        self.values.get(place).or(self.values.last()).copied()
    }

    /// How many numbers have no more than this weight up to them.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ weight ≤ number of values")]
    fn n_upto(&self, weight: f64) -> usize {
        if self.upto.is_empty() {
            (weight.max(0.0).floor() as usize).min(self.values.len())
        } else {
            self.upto.partition_point(|upto| *upto <= weight)
        }
    }

    /// The quantile with Woodruff's interval (1952, doi:10.1080/01621459.1952.10483443): the quantiles at the ends of
    /// Wilson's interval of the share, each moved to the next number outward, so that the coverage of its order statistics
    /// is not below the nominal one.
    #[must_use]
    pub fn measure_quantile(&self, share: f64, confidence: Confidence) -> Measured {
        if self.n_bad > 0 {
            return Measured::undefined(Undefined::NotFinite);
        }
        let Some(value) = self.quantile(share) else { return Measured::undefined(Undefined::Empty) };
        let ends = wilson(share, kish(self.total(), self.squares), confidence)
            .and_then(|e| Some(Ends { low: self.outward_low(e.low)?, high: self.outward_high(e.high)? }));
        Measured::new(Ok(value), ends, "woodruff")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draws;
    use proptest::prelude::*;

    fn ordered(values: &[f64], weight: Option<&[f64]>) -> Ordered {
        let mut numbers = Numbers::default();
        numbers.push_all(values.iter().copied(), weight);
        numbers.sorted()
    }

    #[test]
    fn medians_by_hand() {
        assert_eq!(ordered(&[3.0, 1.0, 2.0], None).quantile(0.5), Some(2.0));
        assert_eq!(ordered(&[4.0, 1.0, 2.0, 3.0], None).quantile(0.5), Some(2.5));
        // Weights 1, 1, 2 reach half of 4 exactly at the second number.
        assert_eq!(ordered(&[1.0, 2.0, 3.0], Some(&[1.0, 1.0, 2.0])).quantile(0.5), Some(2.5));
        assert_eq!(ordered(&[1.0, 2.0, 3.0], Some(&[1.0, 1.5, 2.0])).quantile(0.5), Some(2.0));
        assert_eq!(ordered(&[], None).quantile(0.5), None);
    }

    #[test]
    fn magnitudes_and_counts() {
        let numbers = ordered(&[-3.0, 1.0, -2.0, 5.0], Some(&[1.0, 2.0, 3.0, 4.0]));
        assert_eq!(numbers.magnitudes().values(), [1.0, 2.0, 3.0, 5.0]);
        assert!((numbers.magnitudes().weight_below(2.5) - 5.0).abs() < 1e-12);
        assert!((numbers.weight_below(0.0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn medians_cover() {
        let mut draws = Draws::new(8, "woodruff", 0);
        let mut covered = 0;
        for _ in 0..2_000 {
            let sample: Vec<f64> = (0..45).map(|_| draws.normal()).collect();
            let measured = ordered(&sample, None).measure_quantile(0.5, Confidence::default());
            covered += u32::from(measured.ends.unwrap().contains(0.0));
        }
        assert!((1_880..=1_970).contains(&covered), "{covered}");
    }

    proptest! {
        #[test]
        fn weight_two_is_a_number_twice(values in prop::collection::vec(-50_i32..50, 1..60), share in 0.01..0.99_f64) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let twice: Vec<f64> = values.iter().chain(&values).copied().collect();
            let heavy = ordered(&values, Some(&vec![2.0; values.len()]));
            prop_assert_eq!(heavy.quantile(share), ordered(&twice, None).quantile(share));
        }
    }
}
