//! Seeded draws. One seed per run; every use names its stream, so that adding a draw here changes none there.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of random numbers fixed by (seed, stream, index): the same bytes on every machine and for any number of
/// threads.
///
/// ```
/// use equipoise_kernels::Draws;
///
/// let mut a = Draws::new(17, "fairness", 0);
/// let mut b = Draws::new(17, "fairness", 0);
/// assert_eq!(a.uniform(), b.uniform());
/// assert_ne!(a.uniform(), Draws::new(17, "fairness", 1).uniform());
/// ```
#[derive(Clone, Debug)]
pub struct Draws {
    generator: ChaCha8Rng,
}

impl Draws {
    /// The stream of this name and index (for example the replicate of a bootstrap).
    #[must_use]
    pub fn new(seed: u64, stream: &str, index: u64) -> Self {
        // FNV-1a of the name keys the stream; splitmix64 spreads the three words over the 256-bit key.
        let name = stream
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        let words = [split_mix(seed), split_mix(seed ^ name), split_mix(name), split_mix(index ^ split_mix(name))];
        let mut key = [0_u8; 32];
        for (place, word) in key.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Self { generator: ChaCha8Rng::from_seed(key) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in `[0, 1)` with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (self.bits() >> 11) as f64;
        bits * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform whole number below `n` without bias (Lemire 2019); 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let limit = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            #[allow(clippy::cast_possible_truncation, reason = "the low half is wanted")]
            if product as u64 >= limit {
                #[allow(clippy::cast_possible_truncation, reason = "the high half fits")]
                return (product >> 64) as u64;
            }
        }
    }

    /// Standard normal, by the polar method of Marsaglia with portable logarithm and root.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * libm::sqrt(-2.0 * libm::log(s) / s);
            }
        }
    }
}

/// A counter-based hash with good mixing (Steele, Lea & Flood 2014): draws that depend on a row number alone.
#[inline]
#[must_use]
pub const fn split_mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut draws = Draws::new(0, "test", 0);
        let n = 200_000;
        let (mut u, mut z, mut zz) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            u += draws.uniform();
            let x = draws.normal();
            z += x;
            zz += x * x;
        }
        let n = f64::from(n);
        // Four standard errors: 4·0.2887/√n, 4/√n, 4·√2/√n.
        assert!((u / n - 0.5).abs() < 0.0026);
        assert!((z / n).abs() < 0.009);
        assert!((zz / n - 1.0).abs() < 0.0127);
    }

    #[test]
    fn below_reaches_every_value_evenly() {
        let mut draws = Draws::new(1, "test", 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[usize::try_from(draws.below(7)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|c| (9_600..10_400).contains(c)), "{counts:?}");
    }
}
