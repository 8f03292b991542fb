//! Narrow bins over `[0, 1]` for scores of more rows than are worth sorting.

/// Lower end of the middle zone, where bins have equal width; as far from 1 is its upper end.
const MIDDLE: f64 = 1.0 / 128.0;
/// `−log₂` of [`MIDDLE`].
const MIDDLE_BITS: u32 = 7;
/// `−log₂` of the smallest score that the tails resolve.
const LEAST_BITS: u32 = 53;
/// Mantissa bits of a double.
const MANTISSA: u32 = 52;
/// Exponent bias of a double.
const BIAS: u32 = 1_023;

/// Bins that keep the order of scores: of width `2^-bits` between 1/128 and 127/128; towards 0 and 1 their width falls
/// with the distance to the end, `2^(bits-8)` bins for each halving; exactly 0 and exactly 1 are bins of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreGrid {
    bits: u32,
}

impl ScoreGrid {
    /// A grid of a resolution of 8 to 24 bits; others are moved to the nearest end.
    #[must_use]
    pub fn of_bits(bits: u32) -> Self {
        Self { bits: bits.clamp(8, 24) }
    }

    /// The finest grid of 10 to 17 bits of which `copies` have at most `room` bins together.
    #[must_use]
    pub fn fitting(copies: usize, room: usize) -> Self {
        let fits = |bits: &u32| Self::of_bits(*bits).n_bins().saturating_mul(copies) <= room;
        Self::of_bits((10..=17).rev().find(fits).unwrap_or(10))
    }

    fn tail(self) -> usize {
        ((LEAST_BITS - MIDDLE_BITS) as usize) << (self.bits - 8)
    }

    /// Number of bins.
    #[must_use]
    pub fn n_bins(self) -> usize {
        let middle = (1_usize << self.bits) - (1 << (self.bits - MIDDLE_BITS + 1)) + 1;
        2 * (2 + self.tail()) + middle
    }

    /// The bin of a score between 0 and 1; a higher score is never in a lower bin.
    #[must_use]
    #[inline]
    pub fn bin(self, score: f64) -> usize {
        if score < MIDDLE {
            self.low(score)
        } else if 1.0 - score < MIDDLE {
            // The difference is exact here.
            self.n_bins() - 1 - self.low(1.0 - score)
        } else {
            let scale = f64::from(1_u32 << self.bits);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^bits")]
            let place = (score * scale) as usize;
            2 + self.tail() + place - (1 << (self.bits - MIDDLE_BITS))
        }
    }

    /// Bin of a distance below [`MIDDLE`] from an end.
    #[inline]
    fn low(self, distance: f64) -> usize {
        let mantissa = self.bits - 8;
        let least = u64::from(BIAS - LEAST_BITS) << mantissa;
        let key = distance.to_bits() >> (MANTISSA - mantissa);
        #[allow(clippy::cast_possible_truncation, reason = "below the number of bins of a tail")]
        match key.checked_sub(least) {
            Some(place) => 2 + place as usize,
            None => usize::from(distance > 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ends_and_zones_are_where_they_should_be() {
        for bits in [8, 10, 14, 17, 20] {
            let grid = ScoreGrid::of_bits(bits);
            assert_eq!(grid.bin(0.0), 0);
            assert_eq!(grid.bin(f64::MIN_POSITIVE), 1);
            assert_eq!(grid.bin(2.0_f64.powi(-53)), 2);
            assert_eq!(grid.bin(1.0), grid.n_bins() - 1);
            assert_eq!(grid.bin(1.0 - 2.0_f64.powi(-53)), grid.n_bins() - 3);
            // The last bin of the lower tail and the first of the middle are neighbours, and so at the other end.
            let below = f64::from_bits(MIDDLE.to_bits() - 1);
            assert_eq!(grid.bin(below) + 1, grid.bin(MIDDLE));
            let top = 1.0 - MIDDLE;
            assert_eq!(grid.bin(top) + 1, grid.bin(f64::from_bits(top.to_bits() + 1)));
            // A grid mirrors itself but for the side an edge belongs to.
            assert!(grid.bin(0.5).abs_diff(grid.n_bins() / 2) <= 1);
        }
        assert_eq!(ScoreGrid::of_bits(17).n_bins(), 2 * (2 + 46 * 512) + 131_072 - 2_048 + 1);
        assert_eq!(ScoreGrid::fitting(1, usize::MAX), ScoreGrid::of_bits(17));
        assert_eq!(ScoreGrid::fitting(1_000_000, 1), ScoreGrid::of_bits(10));
    }

    proptest! {
        #[test]
        fn bins_keep_the_order_and_are_narrow(a in 0.0..=1.0_f64, b in 0.0..=1.0_f64, shrink in 0..60_i32, bits in 8..=20_u32) {
            let grid = ScoreGrid::of_bits(bits);
            let (a, b) = (a * 2.0_f64.powi(-shrink), b * 2.0_f64.powi(-shrink));
            for (a, b) in [(a, b), (1.0 - a, 1.0 - b)] {
                let (low, high) = if a <= b { (a, b) } else { (b, a) };
                prop_assert!(grid.bin(low) <= grid.bin(high));
                prop_assert!(grid.bin(high) < grid.n_bins());
                if grid.bin(low) == grid.bin(high) {
                    let width = 2.0_f64.powi(-(bits as i32));
                    let near = low.min(1.0 - high).max(2.0_f64.powi(-53));
                    prop_assert!(high - low <= width.min(near * 2.0_f64.powi(8 - bits as i32)).max(2.0_f64.powi(-53)) * 1.01);
                }
            }
        }
    }
}
