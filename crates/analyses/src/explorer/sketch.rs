//! How many different values, and which are frequent, in little memory.

use std::collections::HashMap;

use equipoise_kernels::{Ends, Merge, split_mix};

/// Hashes kept; with fewer different values the count is exact.
const KEPT: usize = 4_096;

/// Number of different values by the smallest hashes (k minimum values: Beyer et al. 2007, doi:10.1145/1247480.1247504).
///
/// With `k` hashes kept and `U` the largest of them on the unit interval, `(k − 1)/U` is an unbiased estimate of the
/// number with relative standard error `1/√(k − 2)`, 1.6 % for k = 4,096. Merging and order change nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Distinct {
    hashes: Vec<u64>,
    limit: Option<u64>,
}

impl Distinct {
    #[inline]
    pub(super) fn push(&mut self, hash: u64) {
        if self.limit.is_none_or(|limit| hash < limit) {
            self.hashes.push(hash);
            if self.hashes.len() >= 4 * KEPT {
                self.thin();
            }
        }
    }

    fn thin(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        if self.hashes.len() > KEPT {
            self.hashes.truncate(KEPT);
            self.limit = self.hashes.last().copied();
        }
    }

    /// The number, and its two-sided interval at `z` standard errors where it is estimated.
    #[allow(clippy::cast_precision_loss, reason = "hashes as shares of the unit interval need 53 bits only")]
    pub(super) fn count(&self, z: f64) -> (f64, Option<Ends>) {
        let mut own = self.clone();
        own.thin();
        let n = own.hashes.len();
        if n < KEPT || own.limit.is_none() {
            return (n as f64, None);
        }
        let largest = own.hashes.last().map_or(1.0, |h| (*h as f64 + 1.0) / 2.0_f64.powi(64));
        let k = n as f64;
        let estimate = (k - 1.0) / largest;
        let half = z / (k - 2.0).sqrt();
        (estimate.round(), Some(Ends { low: estimate / (1.0 + half), high: estimate / (1.0 - half).max(0.1) }))
    }
}

impl Merge for Distinct {
    fn merge_from(&mut self, other: Self) {
        let limit = match (self.limit, other.limit) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.limit = limit;
        self.hashes.extend(other.hashes);
        self.hashes.retain(|h| limit.is_none_or(|limit| *h <= limit));
        self.thin();
    }
}

/// Values kept by [`Frequent`].
const CANDIDATES: usize = 512;

/// The most frequent texts (Misra & Gries 1982, doi:10.1016/0167-6423(82)90012-0, merged as Agarwal et al. 2012,
/// doi:10.1145/2213556.2213562): counts are never too high, and too low by at most [`Frequent::error`].
#[derive(Clone, Debug, Default)]
pub(super) struct Frequent {
    counts: HashMap<String, (u64, f64)>,
    error: f64,
}

impl Frequent {
    /// Adds rows of one text.
    pub(super) fn push(&mut self, text: &str, n: u64, weight: f64) {
        match self.counts.get_mut(text) {
            Some(count) => {
                count.0 += n;
                count.1 += weight;
            }
            None => {
                self.counts.insert(text.to_owned(), (n, weight));
            }
        }
    }

    /// Down to the candidates; what falls off is taken from all that stay.
    pub(super) fn thin(&mut self) {
        if self.counts.len() <= CANDIDATES {
            return;
        }
        let mut weights: Vec<f64> = self.counts.values().map(|c| c.1).collect();
        weights.sort_unstable_by(|a, b| b.total_cmp(a));
        let cut = weights.get(CANDIDATES).copied().unwrap_or(0.0);
        self.error += cut;
        for count in self.counts.values_mut() {
            count.1 -= cut;
        }
        self.counts.retain(|_, count| count.1 > 0.0);
    }

    /// By how much a weight may be too low.
    #[cfg(test)]
    pub(super) fn error(&self) -> f64 {
        self.error
    }

    /// Texts with rows and weight, heaviest first.
    pub(super) fn top(&self, n: usize) -> Vec<(String, f64)> {
        let mut all: Vec<(&String, f64)> = self.counts.iter().map(|(text, c)| (text, c.1)).collect();
        all.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all.into_iter().take(n).map(|(text, w)| (text.clone(), w)).collect()
    }
}

impl Merge for Frequent {
    fn merge_from(&mut self, other: Self) {
        self.error += other.error;
        for (text, (n, w)) in other.counts {
            self.push(&text, n, w);
        }
        self.thin();
    }
}

/// Hash of a text: FNV-1a, mixed.
pub(super) fn hash_text(text: &str) -> u64 {
    split_mix(text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)))
}

/// Hash of a number; all missing ones are alike, and so are both zeros.
#[inline]
pub(super) fn hash_number(x: f64) -> u64 {
    if x.is_nan() { HASH_MISSING } else { split_mix((x + 0.0).to_bits()) }
}

/// Hash of a missing value.
pub(super) const HASH_MISSING: u64 = 0x6d69_7373_696e_6721;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "counts")]
    fn few_values_are_counted_exactly_and_many_within_the_stated_error() {
        let mut few = Distinct::default();
        (0..100_000_u64).for_each(|i| few.push(split_mix(i % 4_000)));
        assert_eq!(few.count(1.96), (4_000.0, None));
        let mut parts: Vec<Distinct> = vec![Distinct::default(); 7];
        (0..300_000_u64).for_each(|i| parts[(i % 7) as usize].push(split_mix(i / 2)));
        let mut all = Distinct::default();
        parts.into_iter().for_each(|part| all.merge_from(part));
        let (n, ends) = all.count(1.96);
        assert!((n / 150_000.0 - 1.0).abs() < 0.05, "{n}");
        assert!(ends.unwrap().contains(150_000.0), "{ends:?}");
    }

    #[test]
    fn frequent_texts_survive_and_the_error_bounds_them() {
        let mut all = Frequent::default();
        for part in 0..5 {
            let mut one = Frequent::default();
            for i in 0..2_000 {
                one.push(&format!("rare {part} {i}"), 1, 1.0);
            }
            one.push("often", 700, 700.0);
            one.thin();
            all.merge_from(one);
        }
        let top = all.top(1);
        assert_eq!(top[0].0, "often");
        assert!(top[0].1 <= 3_500.0 && top[0].1 + all.error() >= 3_500.0);
        assert!(all.error() <= 13_500.0 / CANDIDATES as f64);
    }
}
