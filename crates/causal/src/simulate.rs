//! Rows with a known effect, the same on every machine: a counter hash, and nothing but `+ − × ÷` and comparisons.

use equipoise_kernels::split_mix;

/// What kind of effect the rows hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A continuous treatment with the effect 0.5 on every row.
    Continuous,
    /// A treatment of two levels with the effect `0.5 + 0.5·x₁ + 0.5·1[x₃ > 0]`, 0.75 on average.
    Binary,
}

/// Simulated rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The outcome.
    pub y: Vec<f64>,
    /// The treatment.
    pub d: Vec<f64>,
    /// The covariates.
    pub x: Vec<Vec<f64>>,
    /// The true effect on each row.
    pub effect: Vec<f64>,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const STREAM: u64 = 0xd1b5_4a32_d192_ed03;

/// `split_mix` without its own first step.
const fn mix(x: u64) -> u64 {
    split_mix(x.wrapping_sub(GOLDEN))
}

pub(crate) fn uniform(seed: u64, stream: u64, n: usize) -> Vec<f64> {
    let key = mix(mix((seed + 1).wrapping_mul(GOLDEN)).wrapping_add((stream + 1).wrapping_mul(STREAM)));
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    let at = |i: u64| (mix(i.wrapping_mul(GOLDEN).wrapping_add(key)) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0);
    (1..=n as u64).map(at).collect()
}

/// Twelve uniform numbers less six: mean 0 and variance 1.
pub(crate) fn bell(seed: u64, stream: u64, n: usize) -> Vec<f64> {
    let mut sum = uniform(seed, 1000 * stream, n);
    for k in 1..12 {
        sum.iter_mut().zip(uniform(seed, 1000 * stream + k, n)).for_each(|(s, u)| *s += u);
    }
    sum.iter().map(|s| s - 6.0).collect()
}

pub(crate) fn squash(x: f64) -> f64 {
    0.5 * (1.0 + x / (1.0 + x.abs()))
}

pub(crate) fn six_digits(x: f64) -> f64 {
    (x * 1e6).round_ties_even() / 1e6
}

/// `n` rows with `p ≥ 5` covariates, neighbours correlated by 0.7; with `linear` all laws but the effect are straight.
#[must_use]
#[allow(clippy::indexing_slicing, reason = "five covariates are asked for at least; all columns hold n rows")]
pub fn simulate(kind: Kind, n: usize, p: usize, seed: u64, linear: bool) -> Simulated {
    let p = p.max(5);
    let mut x: Vec<Vec<f64>> = Vec::with_capacity(p);
    let (rho, rest) = (0.7, libm::sqrt(1.0 - 0.7 * 0.7));
    for j in 0..p {
        let noise = bell(seed, 10 + j as u64, n);
        let column = match x.last() {
            None => noise.iter().map(|e| six_digits(*e)).collect(),
            Some(before) => before.iter().zip(&noise).map(|(b, e)| six_digits(rho * b + rest * e)).collect(),
        };
        x.push(column);
    }
    let noise = bell(seed, 2, n);
    let g = |i: usize| {
        if linear {
            x[0][i] + 0.25 * x[2][i] - 0.5 * x[4][i]
        } else {
            squash(3.0 * x[0][i]) + 0.25 * x[2][i] + 0.3 * x[4][i].abs()
        }
    };
    let (d, effect): (Vec<f64>, Vec<f64>) = match kind {
        Kind::Continuous => {
            let own = bell(seed, 1, n);
            let m = |i: usize| {
                if linear { 0.7 * x[0][i] + 0.4 * x[2][i] } else { x[0][i] + 0.5 * (squash(4.0 * x[2][i]) - 0.5) }
            };
            (0..n).map(|i| (six_digits(m(i) + own[i]), 0.5)).unzip()
        }
        Kind::Binary => {
            let own = uniform(seed, 3, n);
            let chance = |i: usize| 0.05 + 0.9 * squash(0.8 * x[0][i] + 0.4 * x[2][i] - 0.3 * x[4][i]);
            let effect = |i: usize| 0.5 + 0.5 * x[1][i] + 0.5 * f64::from(u8::from(x[3][i] > 0.0));
            (0..n).map(|i| (f64::from(u8::from(own[i] < chance(i))), effect(i))).unzip()
        }
    };
    let y = (0..n).map(|i| six_digits(effect[i] * d[i] + g(i) + noise[i])).collect();
    Simulated { y, d, x, effect }
}
