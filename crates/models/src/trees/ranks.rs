//! Where numbers stand among the thresholds of a lane.
//!
//! Few thresholds are counted, for sixteen rows at a time. Among many, the leading bits of a key say between which of
//! them it lies, and only those are counted; where they crowd together, a search halves them.

use super::plan::Key;

/// Rows whose ranks are found together.
pub(super) const ROWS: usize = 16;

/// Thresholds that are all counted.
const FEW: usize = 32;

/// Thresholds between which a bucket may leave open.
const CROWD: usize = 12;

/// Bits of the largest table of buckets.
const MOST_BITS: u32 = 13;

/// Thresholds in ascending order, prepared for the question how many of them are below a key.
#[derive(Clone, Debug)]
pub(super) struct Thresholds<K> {
    /// Ascending, then as many of the highest key as a bucket may ask for.
    sorted: Vec<K>,
    n: usize,
    buckets: Option<Buckets>,
}

/// Thresholds below each bucket of keys.
#[derive(Clone, Debug)]
struct Buckets {
    shift: u32,
    starts: Vec<u16>,
    /// The most thresholds in one bucket.
    most: usize,
}

impl<K: Key> Thresholds<K> {
    /// Sorts them and leaves each once.
    pub(super) fn of(mut thresholds: Vec<K>) -> Self {
        thresholds.sort_unstable();
        thresholds.dedup();
        let n = thresholds.len();
        let buckets = if n > FEW { Buckets::over(&thresholds) } else { None };
        let padding = buckets.as_ref().map_or(0, |b| b.most);
        thresholds.extend(std::iter::repeat_n(K::HIGHEST, padding));
        Self { sorted: thresholds, n, buckets }
    }

    pub(super) fn len(&self) -> usize {
        self.n
    }

    /// The rank of a threshold itself.
    pub(super) fn find(&self, threshold: &K) -> Option<i16> {
        let place = self.sorted.get(..self.n)?.binary_search(threshold).ok()?;
        i16::try_from(place).ok()
    }

    /// For each key the number of thresholds below it.
    #[inline(always)]
    pub(super) fn ranks(&self, keys: &[K; ROWS]) -> [i16; ROWS] {
        match &self.buckets {
            None if self.n <= FEW => self.count(keys),
            None => self.halve(keys),
            Some(buckets) => self.look_up(buckets, keys),
        }
    }

    #[inline(always)]
    fn count(&self, keys: &[K; ROWS]) -> [i16; ROWS] {
        let mut ranks = [0_i16; ROWS];
        for threshold in &self.sorted {
            for (rank, key) in ranks.iter_mut().zip(keys) {
                *rank += i16::from(*threshold < *key);
            }
        }
        ranks
    }

    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "an inner loop; starts and padding keep every place in range")]
    fn look_up(&self, buckets: &Buckets, keys: &[K; ROWS]) -> [i16; ROWS] {
        let last = buckets.starts.len() - 1;
        let lowest = self.sorted[0];
        let places: [usize; ROWS] = std::array::from_fn(|row| {
            let bucket = keys[row].max(lowest).above(lowest) >> buckets.shift;
            usize::from(buckets.starts[usize::try_from(bucket).unwrap_or(last).min(last)])
        });
        std::array::from_fn(|row| {
            let (place, key) = (places[row], keys[row]);
            let crowd = &self.sorted[place..place + buckets.most];
            let below: usize = crowd.iter().map(|t| usize::from(*t < key)).sum();
            i16::try_from(place + below).unwrap_or(i16::MAX)
        })
    }

    /// All rows halve their share of the thresholds side by side, so that none waits for another.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "an inner loop; a place plus what is left never passes the end")]
    fn halve(&self, keys: &[K; ROWS]) -> [i16; ROWS] {
        let mut places = [0_usize; ROWS];
        let mut left = self.n;
        while left > 1 {
            let half = left / 2;
            for (place, key) in places.iter_mut().zip(keys) {
                *place += if self.sorted[*place + half - 1] < *key { half } else { 0 };
            }
            left -= half;
        }
        std::array::from_fn(|row| {
            let place = places[row] + usize::from(self.sorted[places[row]] < keys[row]);
            i16::try_from(place).unwrap_or(i16::MAX)
        })
    }
}

impl Buckets {
    /// The smallest table in which no bucket is crowded; `None` when even the largest has one.
    fn over<K: Key>(sorted: &[K]) -> Option<Self> {
        let (lowest, highest) = (*sorted.first()?, *sorted.last()?);
        let span = highest.above(lowest);
        let least = usize::BITS - sorted.len().leading_zeros();
        let tables = (least..=MOST_BITS).map(|bits| {
            let shift = (u64::BITS - span.leading_zeros()).saturating_sub(bits);
            Self::with(sorted, lowest, span, shift)
        });
        let mut best: Option<Self> = None;
        for table in tables.flatten() {
            if best.as_ref().is_none_or(|best| table.most < best.most) {
                best = Some(table);
            }
            if best.as_ref().is_some_and(|best| best.most <= 2) {
                break;
            }
        }
        best.filter(|best| best.most <= CROWD)
    }

    fn with<K: Key>(sorted: &[K], lowest: K, span: u64, shift: u32) -> Option<Self> {
        let n_buckets = usize::try_from(span >> shift).ok()? + 1;
        let mut starts = Vec::with_capacity(n_buckets + 1);
        let mut most = 0;
        let mut place = 0;
        for bucket in 0..n_buckets as u64 {
            starts.push(u16::try_from(place).ok()?);
            let rest = sorted.get(place..)?;
            let inside = rest.iter().take_while(|t| t.above(lowest) >> shift == bucket).count();
            most = most.max(inside);
            place += inside;
        }
        // Keys above the highest threshold.
        starts.push(u16::try_from(place).ok()?);
        Some(Self { shift, starts, most })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<K: Key + std::fmt::Debug>(thresholds: &[K], keys: &[K]) -> Result<(), TestCaseError> {
        let made = Thresholds::of(thresholds.to_vec());
        let mut sorted = thresholds.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(made.len(), sorted.len());
        let extremes = [K::LOWEST, K::HIGHEST, K::default()];
        let all: Vec<K> = keys.iter().chain(thresholds).chain(&extremes).copied().collect();
        for part in all.chunks(ROWS) {
            let padded = std::array::from_fn(|row| part.get(row).copied().unwrap_or_default());
            let ranks = made.ranks(&padded);
            for (rank, key) in ranks.iter().zip(&padded) {
                prop_assert_eq!(*rank as usize, sorted.partition_point(|t| t < key), "{:?}", key);
            }
        }
        for (place, threshold) in sorted.iter().enumerate() {
            prop_assert_eq!(made.find(threshold), i16::try_from(place).ok());
        }
        Ok(())
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![-10.0..10.0, -1e30..1e30, (-20..20).prop_map(f64::from), 1e-30..1e-20]
    }

    proptest! {
        #[test]
        fn ranks_count_the_thresholds_below(
            thresholds in prop::collection::vec(number(), 0..300),
            keys in prop::collection::vec(number(), 0..40),
        ) {
            let double = |x: &[f64]| x.iter().map(|x| i64::of(*x)).collect::<Vec<_>>();
            let single = |x: &[f64]| x.iter().map(|x| i32::of(*x)).collect::<Vec<_>>();
            check(&double(&thresholds), &double(&keys))?;
            check(&single(&thresholds), &single(&keys))?;
        }

        #[test]
        fn even_thresholds_need_no_search(step in 0.001..10.0, keys in prop::collection::vec(-100.0..3_000.0, 40)) {
            let thresholds: Vec<i64> = (0..1_000).map(|i| i64::of(f64::from(i) * step + 1.0)).collect();
            check(&thresholds, &keys.iter().map(|x: &f64| i64::of(*x)).collect::<Vec<_>>())?;
        }
    }

    #[test]
    fn thresholds_that_lie_alike_are_found_in_buckets() {
        let spread = Thresholds::of((0..500).map(|i| i32::of(32.0 + f64::from(i) * 0.02)).collect());
        assert!(spread.buckets.as_ref().is_some_and(|b| b.most <= 4));
        // Half of them around zero, where keys are far apart, half within a hair's breadth.
        let crowded = Thresholds::of((0..500).map(|i| if i % 2 == 0 { i } else { i32::MAX - i }).collect());
        assert!(crowded.buckets.is_none());
    }
}
