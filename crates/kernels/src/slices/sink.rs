//! What is kept of the slices that are looked at.

use super::search::Seen;
use super::{Slice, SliceOptions, SliceTerm, ordered};
use crate::{LossSums, normal_two_sided};

/// The best so far, and the p-values of all.
pub(super) struct Sink<'a> {
    options: &'a SliceOptions,
    total: &'a LossSums,
    score: Top,
    /// None where slices are passed over: their lower bounds would be missing.
    difference: Option<Top>,
    pub(super) p: Vec<f64>,
}

/// The best `k` by one measure, and those that equal the last of them.
struct Top {
    k: usize,
    slices: Vec<Slice>,
    measure: fn(&Slice) -> f64,
}

impl Top {
    fn new(k: usize, measure: fn(&Slice) -> f64) -> Self {
        Self { k, slices: Vec::new(), measure }
    }

    /// What a slice must reach; minus infinity while there is room.
    fn threshold(&self) -> f64 {
        let last = self.k.checked_sub(1).and_then(|i| self.slices.get(i));
        last.map_or(f64::NEG_INFINITY, self.measure)
    }

    fn offer(&mut self, slice: Slice) {
        let value = (self.measure)(&slice);
        if self.k == 0 || value < self.threshold() {
            return;
        }
        let measure = self.measure;
        let before = |s: &Slice| ordered((measure(s), &s.terms), (value, &slice.terms)).is_lt();
        let place = self.slices.partition_point(before);
        self.slices.insert(place, slice);
        let threshold = self.threshold();
        // Ties of the last one stay.
        let n = self.slices.partition_point(|s| measure(s) >= threshold);
        self.slices.truncate(n);
    }
}

impl<'a> Sink<'a> {
    pub(super) fn new(options: &'a SliceOptions, total: &'a LossSums, keeps_differences: bool) -> Self {
        Self {
            options,
            total,
            score: Top::new(options.k, |s| s.score),
            difference: keeps_differences.then(|| Top::new(options.k, |s| s.low)),
            p: Vec::new(),
        }
    }

    /// Takes over what a neighbour has seen.
    pub(super) fn merge(&mut self, other: Sink<'_>) {
        other.score.slices.into_iter().for_each(|slice| self.score.offer(slice));
        if let (Some(mine), Some(theirs)) = (&mut self.difference, other.difference) {
            theirs.slices.into_iter().for_each(|slice| mine.offer(slice));
        }
        self.p.extend(other.p);
    }

    /// The best by score and by difference, and the p-values of all.
    pub(super) fn finish(self) -> (Vec<Slice>, Vec<Slice>, Vec<f64>) {
        (self.score.slices, self.difference.map(|top| top.slices).unwrap_or_default(), self.p)
    }
}

impl Seen for Sink<'_> {
    /// The score that a slice must reach to be among the best; never below 0.
    fn threshold(&self) -> f64 {
        self.score.threshold().max(0.0)
    }

    /// Looks at a slice with enough rows.
    fn offer(&mut self, prefix: &[SliceTerm], last: &[SliceTerm], sums: &LossSums) {
        let rest = self.total.without(sums);
        let score = score(sums, self.total, self.options.alpha);
        let z = sums.welch_z(&rest);
        let p_value = match z {
            Some(z) => normal_two_sided(z),
            // Both sides are constant: different constants leave no doubt, equal ones no difference.
            None if rest.rows > 0 && (mean(sums) - mean(&rest)).abs() > 0.0 => 0.0,
            None => 1.0,
        };
        self.p.push(p_value);
        let (own, others) = (mean(sums), mean(&rest));
        let difference = own - others;
        let is_large = difference >= self.options.min_difference && own >= self.options.min_ratio * others;
        if !(difference > 0.0 && is_large) {
            return;
        }
        let se = z.map_or(0.0, |z| difference / z);
        let low = difference - self.options.z * se;
        let is_high = score > 0.0 && score >= self.score.threshold();
        let is_sure = low > 0.0 && self.difference.as_ref().is_some_and(|top| low >= top.threshold());
        if !is_high && !is_sure {
            return;
        }
        let terms: Vec<SliceTerm> = prefix.iter().chain(last).copied().collect();
        let slice = Slice { terms, sums: *sums, score, z, p_value, low };
        if is_high {
            self.score.offer(slice.clone());
        }
        if is_sure && let Some(top) = &mut self.difference {
            top.offer(slice);
        }
    }
}

fn mean(sums: &LossSums) -> f64 {
    if sums.weight() > 0.0 { sums.loss() / sums.weight() } else { 0.0 }
}

/// SliceLine's score; minus infinity where the slice has no weight or there is no loss at all.
pub(super) fn score(sums: &LossSums, total: &LossSums, alpha: f64) -> f64 {
    let (size, n) = (sums.weight(), total.weight());
    if size <= 0.0 || total.loss() <= 0.0 {
        return f64::NEG_INFINITY;
    }
    alpha * ((sums.loss() / size) / (total.loss() / n) - 1.0) - (1.0 - alpha) * (n / size - 1.0)
}

/// The highest score that any part of a slice with at least `min_rows` rows can have (Sagadeeva & Boehm 2021, equation 3,
/// with the number of rows where their code has that of columns):
///
/// ```text
/// max over s of  α·(min(s·m, e)/(s·ē) − 1) − (1 − α)·(n/s − 1)      s ∈ {min_rows, max(e/m, min_rows), |S|}
/// ```
///
/// `e` is the slice's sum and `m` its largest loss.
pub(super) fn bound(sums: &LossSums, largest: Option<f64>, total: &LossSums, options: &SliceOptions) -> f64 {
    let Some(largest) = largest else { return f64::INFINITY };
    let (size, n) = (sums.weight(), total.weight());
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    let least = options.min_rows.max(1) as f64;
    if size < least || total.loss() <= 0.0 || largest <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let average = total.loss() / n;
    let at = |s: f64| {
        let loss = (s * largest).min(sums.loss());
        options.alpha * (loss / (s * average) - 1.0) - (1.0 - options.alpha) * (n / s - 1.0)
    };
    let turn = (sums.loss() / largest).max(least).min(size);
    // A rounding error must never pass over a slice that ties with the last of the best.
    let highest = at(least).max(at(turn)).max(at(size));
    highest + 1e-9 * (1.0 + highest.abs())
}
