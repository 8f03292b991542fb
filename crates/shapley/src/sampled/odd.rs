//! The regression behind the sampled values: all interactions of odd order at once, under a Gaussian prior.
//!
//! A game is `v(S) = Σ_T γ_T Π_{i∈T} z_i` with `z_i = 1` for members and `−1` for others. Shapley values depend on the
//! sets `T` of odd size alone, and
//!
//! ```text
//! (v(S) − v(S̄)) / 2 = Σ_{|T| odd} γ_T Π_{i∈T} z_i              φ_i = Σ_{T∋i, |T| odd} 2 γ_T / |T|
//! ```
//!
//! so that a pair of a coalition and its complement cancels everything of even order, the pairwise interactions among
//! it (Covert and Lee 2021; Fumagalli et al. 2026). Of the odd orders KernelSHAP fits the first; here orders 1, 3 and 5
//! are fitted together with the prior
//!
//! ```text
//! γ_T ~ N(0, σ² · ρ^((|T|−1)/2) · Π_{i∈T} λ_i)
//! ```
//!
//! which says that interactions live among the players that matter (`λ`), and how strong they are (`ρ`). The number of
//! terms does not matter: the covariance of two coalitions is a sum of elementary symmetric polynomials of `λ_i z_i z'_i`,
//! and `φ` given the answers is a linear solve in the number of pairs. `λ`, `ρ` and `σ²` maximise the likelihood of the
//! answers. The standard error of `φ_i` is its posterior deviation, scaled by how far leave-one-out predictions of the
//! answers really are from them and by the degrees of freedom that `λ` took; the coverage of it is tested.

use rayon::prelude::*;

use super::cholesky::{Cholesky, dot};
use crate::Coalition;

/// Highest order of interactions.
const MOST: usize = 5;

/// A prior never lets a player vanish: its scale is at least this share of the largest.
const LEAST_SCALE: f64 = 0.02;

/// Added to the diagonal, relative to it: far below any difference that matters, far above rounding.
const NUGGET: f64 = 1e-10;

/// What the pairs say of the values of one game.
pub(super) struct Fit {
    /// Shape `(n_players, n_outputs)`.
    pub(super) values: Vec<f64>,
    /// Same shape.
    pub(super) variances: Vec<f64>,
}

/// Scales of players and of orders.
#[derive(Clone)]
struct Prior {
    lambda: Vec<f64>,
    rho: f64,
}

/// A prior with the factored covariance of the answers.
struct Solved {
    prior: Prior,
    factor: Cholesky,
    /// Per output: `K⁻¹·y`, and `yᵀK⁻¹y / n`.
    outputs: Vec<(Vec<f64>, f64)>,
    log_likelihood: f64,
}

/// Members as 1 and others as −1: player by player, each a row of one sign per pair.
struct Signs {
    n_pairs: usize,
    by_player: Vec<Vec<f64>>,
}

/// Values given the half differences `(v(S) − v(S̄)) / 2` of pairs, `halves` of shape `(n_pairs, n_outputs)`. None where the
/// system cannot be solved (all answers alike).
pub(super) fn fit(n_players: usize, pairs: &[Coalition], halves: &[f64], n_outputs: usize) -> Option<Fit> {
    let signs = Signs::of(n_players, pairs);
    let answers: Vec<Vec<f64>> =
        (0..n_outputs).map(|k| halves.iter().skip(k).step_by(n_outputs).copied().collect()).collect();
    let mut best: Option<Solved> = None;
    let flat = vec![1.0; n_players];
    for rho in [1e-7, 1e-4, 1e-2] {
        consider(&mut best, solve(&signs, Prior { lambda: flat.clone(), rho }, &answers, &covariances(&signs, &flat)));
    }
    for _ in 0..3 {
        let lambda = scales(&signs, best.as_ref()?, n_players, n_outputs);
        let parts = covariances(&signs, &lambda);
        let before = best.as_ref()?.log_likelihood;
        // The likelihood is smooth in ln ρ with one peak: walk to it from where it was.
        let mut rho = best.as_ref()?.prior.rho;
        let mut here = solve(&signs, Prior { lambda: lambda.clone(), rho }, &answers, &parts);
        for factor in [4.0, 0.25] {
            loop {
                let next = (rho * factor).clamp(1e-9, 3.0);
                if next.total_cmp(&rho).is_eq() {
                    break;
                }
                let there = solve(&signs, Prior { lambda: lambda.clone(), rho: next }, &answers, &parts);
                if likelihood(there.as_ref()) <= likelihood(here.as_ref()) {
                    break;
                }
                (rho, here) = (next, there);
            }
        }
        consider(&mut best, here);
        if best.as_ref()?.log_likelihood <= before {
            break;
        }
    }
    Some(read(&signs, &best?, n_players, n_outputs))
}

fn likelihood(solved: Option<&Solved>) -> f64 {
    solved.map_or(f64::NEG_INFINITY, |s| s.log_likelihood)
}

fn consider(best: &mut Option<Solved>, other: Option<Solved>) {
    if likelihood(other.as_ref()) > likelihood(best.as_ref()) {
        *best = other;
    }
}

impl Signs {
    fn of(n_players: usize, pairs: &[Coalition]) -> Self {
        let sign = |is_member: bool| if is_member { 1.0 } else { -1.0 };
        let by_player = (0..n_players).map(|i| pairs.iter().map(|c| sign(c.has(i))).collect()).collect();
        Self { n_pairs: pairs.len(), by_player }
    }
}

/// Covariances of all pairs of answers by order (1, 3, 5), each the lower triangle of a square matrix.
#[allow(clippy::indexing_slicing, reason = "a hot kernel over squares of n_pairs columns")]
fn covariances(signs: &Signs, lambda: &[f64]) -> [Vec<f64>; 3] {
    let n = signs.n_pairs;
    let rows: Vec<[Vec<f64>; 3]> = (0..n)
        .into_par_iter()
        .map(|row| {
            let mut e: [Vec<f64>; MOST] = std::array::from_fn(|_| vec![0.0; row + 1]);
            for (signs, scale) in signs.by_player.iter().zip(lambda) {
                let mine = scale * signs[row];
                multiply_in(&mut e, signs, mine);
            }
            let [first, _, third, _, fifth] = e;
            [first, third, fifth]
        })
        .collect();
    let mut out: [Vec<f64>; 3] = std::array::from_fn(|_| vec![0.0; n * n]);
    for (row, parts) in rows.into_iter().enumerate() {
        for (matrix, part) in out.iter_mut().zip(parts) {
            matrix[row * n..row * n + row + 1].copy_from_slice(&part);
        }
    }
    out
}

/// Elementary symmetric polynomials of orders 1 to 5 with one more factor `p = mine · sign` for each of many products.
#[inline]
fn multiply_in(e: &mut [Vec<f64>; MOST], signs: &[f64], mine: f64) {
    let [e1, e2, e3, e4, e5] = e;
    let lower = e1.iter_mut().zip(e2.iter_mut()).zip(e3.iter_mut()).zip(e4.iter_mut()).zip(e5.iter_mut());
    for (((((e1, e2), e3), e4), e5), sign) in lower.zip(signs) {
        let p = mine * sign;
        *e5 += p * *e4;
        *e4 += p * *e3;
        *e3 += p * *e2;
        *e2 += p * *e1;
        *e1 += p;
    }
}

fn solve(signs: &Signs, prior: Prior, answers: &[Vec<f64>], parts: &[Vec<f64>; 3]) -> Option<Solved> {
    let n = signs.n_pairs;
    let [first, third, fifth] = parts;
    let (r1, r2) = (prior.rho, prior.rho * prior.rho);
    let mut matrix: Vec<f64> =
        first.iter().zip(third).zip(fifth).map(|((first, third), fifth)| first + r1 * third + r2 * fifth).collect();
    let trace: f64 = matrix.iter().step_by(n + 1).sum();
    #[allow(clippy::cast_precision_loss, reason = "some hundred pairs")]
    let size = n as f64;
    matrix.iter_mut().step_by(n + 1).for_each(|x| *x += NUGGET * trace / size);
    let factor = Cholesky::of(matrix, n)?;
    let mut log_likelihood = 0.0;
    let mut outputs = Vec::with_capacity(answers.len());
    for y in answers {
        let solved = factor.solve(y);
        let spread = dot(y, &solved) / size;
        if spread > 0.0 {
            log_likelihood -= 0.5 * size * libm::log(spread) + factor.half_log_determinant();
        }
        outputs.push((solved, spread));
    }
    log_likelihood.is_finite().then_some(Solved { prior, factor, outputs, log_likelihood })
}

/// Covariance of each player's value with each answer, and its own variance, both in units of σ².
fn of_values(signs: &Signs, prior: &Prior, player: usize) -> (Vec<f64>, f64) {
    let n = signs.n_pairs;
    let mut others: [Vec<f64>; MOST] = std::array::from_fn(|_| vec![0.0; n]);
    let mut scales = [0.0; MOST];
    for (j, (signs, lambda)) in signs.by_player.iter().zip(&prior.lambda).enumerate() {
        if j != player {
            multiply_in(&mut others, signs, *lambda);
            let [s1, s2, s3, s4, s5] = &mut scales;
            *s5 += lambda * *s4;
            *s4 += lambda * *s3;
            *s3 += lambda * *s2;
            *s2 += lambda * *s1;
            *s1 += lambda;
        }
    }
    let lambda = prior.lambda.get(player).copied().unwrap_or(0.0);
    let mine = signs.by_player.get(player).map(Vec::as_slice).unwrap_or_default();
    let (r1, r2) = (prior.rho, prior.rho * prior.rho);
    let [_, e2, _, e4, _] = &others;
    let covariance = mine
        .iter()
        .zip(e2)
        .zip(e4)
        .map(|((sign, e2), e4)| lambda * sign * (2.0 + r1 * 2.0 / 3.0 * e2 + r2 * 2.0 / 5.0 * e4));
    let [_, s2, _, s4, _] = scales;
    let variance = lambda * (4.0 + r1 * 4.0 / 9.0 * s2 + r2 * 4.0 / 25.0 * s4);
    (covariance.collect(), variance)
}

/// Scales of the players out of the values so far: their size, over all outputs.
fn scales(signs: &Signs, solved: &Solved, n_players: usize, n_outputs: usize) -> Vec<f64> {
    let values = means(signs, solved, n_players);
    let mut sum = vec![0.0; n_players];
    for k in 0..n_outputs {
        let of: Vec<f64> = values.iter().skip(k).step_by(n_outputs).map(|x| x.abs()).collect();
        let largest = of.iter().copied().fold(0.0, f64::max);
        if largest > 0.0 {
            sum.iter_mut().zip(&of).for_each(|(sum, x)| *sum += (x / largest) * (x / largest));
        }
    }
    let mut scales: Vec<f64> = sum.into_iter().map(libm::sqrt).collect();
    let largest = scales.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return vec![1.0; n_players];
    }
    scales.iter_mut().for_each(|x| *x = x.max(LEAST_SCALE * largest));
    #[allow(clippy::cast_precision_loss, reason = "a few hundred players")]
    let mean = scales.iter().sum::<f64>() / n_players as f64;
    scales.iter_mut().for_each(|x| *x /= mean);
    scales
}

/// Posterior means, shape `(n_players, n_outputs)`.
fn means(signs: &Signs, solved: &Solved, n_players: usize) -> Vec<f64> {
    let one = |player: usize| {
        let (covariance, _) = of_values(signs, &solved.prior, player);
        solved.outputs.iter().map(move |(weights, _)| dot(&covariance, weights)).collect::<Vec<_>>()
    };
    (0..n_players).into_par_iter().flat_map_iter(one).collect()
}

fn read(signs: &Signs, solved: &Solved, n_players: usize, n_outputs: usize) -> Fit {
    let diagonal = solved.factor.inverse_diagonal();
    #[allow(clippy::cast_precision_loss, reason = "some hundred pairs")]
    let (n, d) = (signs.n_pairs as f64, n_players as f64);
    // Leave-one-out residual i is (K⁻¹y)_i / (K⁻¹)_ii and its variance σ² / (K⁻¹)_ii (Rasmussen & Williams 2006, 5.12).
    let freedom = n / (n - d - 1.0).max(n / 2.0);
    let spreads: Vec<f64> = solved
        .outputs
        .iter()
        .map(|(weights, _)| weights.iter().zip(&diagonal).map(|(w, k)| w * w / k).sum::<f64>() / n * freedom)
        .collect();
    let one = |player: usize| {
        let (covariance, variance) = of_values(signs, &solved.prior, player);
        let explained = solved.factor.forward(&covariance);
        let left = (variance - dot(&explained, &explained)).max(0.0);
        let value = |(weights, _): &(Vec<f64>, f64)| dot(&covariance, weights);
        solved.outputs.iter().zip(&spreads).map(|(o, spread)| (value(o), left * spread)).collect::<Vec<_>>()
    };
    let both: Vec<(f64, f64)> = (0..n_players).into_par_iter().flat_map_iter(one).collect();
    debug_assert_eq!(both.len(), n_players * n_outputs);
    let (values, variances) = both.into_iter().unzip();
    Fit { values, variances }
}
