//! The bootstrap of rows, when only counts of cells matter: one multinomial draw a replicate.
//!
//! Resampling `n` rows with replacement and counting them into cells gives counts that are multinomial with the
//! observed shares (Efron & Tibshirani 1993, §6.2). Drawing those counts gives the same distribution at a cost that
//! does not depend on `n`.

use crate::Draws;

/// Counts of cells to be resampled.
///
/// ```
/// use equipoise_kernels::{Draws, Multinomial};
///
/// let cells = Multinomial::of_counts(&[10, 0, 30]);
/// let mut replicate = [0_u64; 3];
/// cells.draw(&mut Draws::new(17, "example", 0), &mut replicate);
/// assert_eq!(replicate.iter().sum::<u64>(), 40);
/// assert_eq!(replicate[1], 0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Multinomial {
    n: u64,
    /// Share of a cell among itself and the later ones; 0 for an empty cell, 1 for the last that is not.
    conditional: Vec<f64>,
}

impl Multinomial {
    /// The distribution of resampled counts: `n` rows with the observed shares.
    #[must_use]
    pub fn of_counts(counts: &[u64]) -> Self {
        Self::of_size(counts.iter().sum(), counts)
    }

    /// `n` rows with the shares of these counts.
    #[must_use]
    pub fn of_size(n: u64, counts: &[u64]) -> Self {
        let mut left: u64 = counts.iter().sum();
        let conditional = counts
            .iter()
            .map(|count| {
                #[allow(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
                let share = if left == 0 { 0.0 } else { *count as f64 / left as f64 };
                left -= count;
                share
            })
            .collect();
        Self { n, conditional }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.conditional.len()
    }

    /// True without cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditional.is_empty()
    }

    /// One replicate into `counts`, which has one place for each cell; exact, by conditional binomials.
    pub fn draw(&self, draws: &mut Draws, counts: &mut [u64]) {
        let mut left = self.n;
        for (count, share) in counts.iter_mut().zip(&self.conditional) {
            *count = binomial(draws, left, *share);
            left -= *count;
        }
    }
}

/// A draw of the number of successes in `n` trials of chance `p`, exact up to the rounding of uniform numbers.
///
/// Inversion where `n·min(p, 1 − p) < 10` (Kachitvichyanukul & Schmeiser 1988, BINV), otherwise transformed rejection
/// (Hörmann 1993, BTRS, doi:10.1080/00949659308811496). Chances outside 0–1 are moved to the nearer end.
pub fn binomial(draws: &mut Draws, n: u64, p: f64) -> u64 {
    if n == 0 || p <= 0.0 {
        return 0;
    }
    if p >= 1.0 {
        return n;
    }
    if p > 0.5 {
        return n - small_half(draws, n, 1.0 - p);
    }
    small_half(draws, n, p)
}

#[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
fn small_half(draws: &mut Draws, n: u64, p: f64) -> u64 {
    if n as f64 * p < 10.0 { by_inversion(draws, n, p) } else { by_rejection(draws, n, p) }
}

/// Adds up probabilities from 0 until they pass a uniform number.
#[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
fn by_inversion(draws: &mut Draws, n: u64, p: f64) -> u64 {
    let odds = p / (1.0 - p);
    let scale = (n as f64 + 1.0) * odds;
    let none = libm::exp(n as f64 * libm::log1p(-p));
    loop {
        let (mut u, mut chance, mut k) = (draws.uniform(), none, 0_u64);
        // With a mean below 10 the tail beyond 110 is under 1e-80; getting there means that rounding ate the mass.
        while k <= n && k < 110 {
            if u < chance {
                return k;
            }
            u -= chance;
            k += 1;
            chance *= scale / k as f64 - odds;
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "row counts stay below 2^53 and a candidate is checked to lie within 0 and n"
)]
fn by_rejection(draws: &mut Draws, n: u64, p: f64) -> u64 {
    let size = n as f64;
    let deviation = (size * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let centre = size * p + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    loop {
        let u = draws.uniform() - 0.5;
        let v = draws.uniform();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + centre).floor();
        if us >= 0.07 && v <= squeeze {
            return k as u64;
        }
        if k < 0.0 || k > size {
            continue;
        }
        let odds = p / (1.0 - p);
        let alpha = (2.83 + 5.1 / b) * deviation;
        let mode = ((size + 1.0) * p).floor();
        let bound = (mode + 0.5) * libm::log((mode + 1.0) / (odds * (size - mode + 1.0)))
            + (size + 1.0) * libm::log((size - mode + 1.0) / (size - k + 1.0))
            + (k + 0.5) * libm::log(odds * (size - k + 1.0) / (k + 1.0))
            + stirling_rest(mode)
            + stirling_rest(size - mode)
            - stirling_rest(k)
            - stirling_rest(size - k);
        if libm::log(v * alpha / (a / (us * us) + b)) <= bound {
            return k as u64;
        }
    }
}

/// What Stirling's formula leaves out of `ln k!`: `ln k! − [½ ln 2π + (k + ½) ln(k + 1) − (k + 1)]`.
fn stirling_rest(k: f64) -> f64 {
    const FIRST: [f64; 10] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_09,
        0.016_644_691_189_821_19,
        0.013_876_128_823_070_75,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_09,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
    ];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "k is a count")]
    if let Some(rest) = FIRST.get(k as usize) {
        return *rest;
    }
    let (k1, k2) = (k + 1.0, (k + 1.0) * (k + 1.0));
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / k2) / k2) / k1
}

/// How often each of two replicates takes a row, from 64 random bits: Poisson with mean 1, to within 2^-32.
///
/// The Poisson bootstrap takes every row a Poisson(1) number of times (Chamandy et al. 2012), so that a replicate can
/// be made while rows stream by; the draws come from a hash of seed, row and replicate, so that any cut into parts
/// gives the same replicate.
///
/// ```
/// use equipoise_kernels::{poisson_pair, split_mix};
///
/// let total: u32 = (0..10_000_u64).map(|row| poisson_pair(split_mix(row))[0]).sum();
/// assert!((9_700..10_300).contains(&total));
/// ```
#[inline]
#[must_use]
pub fn poisson_pair(bits: u64) -> [u32; 2] {
    #[allow(clippy::cast_possible_truncation, reason = "the two halves are wanted")]
    [poisson(bits as u32), poisson((bits >> 32) as u32)]
}

/// `P(K ≤ k)·2^32` for `k` = 0 … 11, rounded.
const POISSON_ENDS: [u32; 12] = [
    1_580_030_169,
    3_160_060_337,
    3_950_075_422,
    4_213_413_783,
    4_279_248_373,
    4_292_415_292,
    4_294_609_778,
    4_294_923_276,
    4_294_962_463,
    4_294_966_817,
    4_294_967_253,
    4_294_967_292,
];

#[inline]
fn poisson(u: u32) -> u32 {
    POISSON_ENDS.iter().map(|end| u32::from(u >= *end)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Chi-squared distance of draws from the binomial probabilities, cells with at least 5 expected.
    fn distance(n: u64, p: f64) -> (f64, f64) {
        let reps = 200_000_u32;
        let mut draws = Draws::new(3, "binomial", n);
        let mut counts = vec![0_u32; n as usize + 1];
        for _ in 0..reps {
            counts[binomial(&mut draws, n, p) as usize] += 1;
        }
        let ln_p = |k: f64| {
            let n = n as f64;
            libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
                + k * libm::log(p)
                + (n - k) * libm::log1p(-p)
        };
        let (mut chi, mut cells) = (0.0, 0.0);
        for (k, count) in counts.iter().enumerate() {
            let expected = f64::from(reps) * libm::exp(ln_p(k as f64));
            if expected >= 5.0 {
                chi += (f64::from(*count) - expected).powi(2) / expected;
                cells += 1.0;
            }
        }
        (chi, cells)
    }

    #[test]
    fn binomial_draws_follow_their_probabilities() {
        for (n, p) in [(5, 0.3), (40, 0.2), (60, 0.5), (400, 0.03), (400, 0.4), (1000, 0.97), (3, 0.9), (20_000, 0.5)] {
            let (chi, cells) = distance(n, p);
            // Mean `cells`, deviation √(2·cells): four deviations.
            assert!(chi < cells + 4.0 * (2.0 * cells).sqrt() + 4.0, "n {n} p {p}: {chi} over {cells} cells");
        }
    }

    #[test]
    fn multinomial_replicates_have_the_moments_of_resampled_rows() {
        let counts = [500_u64, 30, 0, 2, 468];
        let cells = Multinomial::of_counts(&counts);
        let reps = 20_000;
        let (mut sum, mut square) = ([0.0; 5], [0.0; 5]);
        let mut out = [0_u64; 5];
        for b in 0..reps {
            cells.draw(&mut Draws::new(1, "test", b), &mut out);
            assert_eq!(out.iter().sum::<u64>(), 1000);
            for c in 0..5 {
                sum[c] += out[c] as f64;
                square[c] += (out[c] as f64).powi(2);
            }
        }
        for c in 0..5 {
            let (n, share) = (1000.0, counts[c] as f64 / 1000.0);
            let mean = sum[c] / reps as f64;
            let variance = square[c] / reps as f64 - mean * mean;
            let expected = n * share * (1.0 - share);
            assert!((mean - n * share).abs() <= 4.0 * (expected / reps as f64).sqrt(), "cell {c}: {mean}");
            assert!((variance - expected).abs() <= 0.06 * expected, "cell {c}: {variance} {expected}");
        }
    }

    #[test]
    fn poisson_ends_are_the_distribution() {
        let (mut chance, mut below) = (libm::exp(-1.0), 0.0);
        for (k, end) in POISSON_ENDS.iter().enumerate() {
            below += chance;
            chance /= (k + 1) as f64;
            assert!((f64::from(*end) - below * 4_294_967_296.0).abs() < 1.0, "{k}: {end} {}", below * 4_294_967_296.0);
        }
    }

    proptest! {
        #[test]
        fn a_draw_never_leaves_its_range(n in 0_u64..2_000_000_000, p in 0.0_f64..=1.0, seed: u64) {
            prop_assert!(binomial(&mut Draws::new(seed, "p", 0), n, p) <= n);
        }
    }
}
