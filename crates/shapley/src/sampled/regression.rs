//! KernelSHAP with paired coalitions, leverage sampling and regression adjustment.

use equipoise_kernels::Draws;

use super::design::PairedDesign;
use super::{Sampled, odd, relative_error};
use crate::{Coalition, Game};

/// Pairs that are fitted together; more are fitted in blocks whose values are averaged.
const BLOCK: usize = 512;

/// How far sampling goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegressionOptions {
    /// Coalitions to ask for at most.
    pub most_coalitions: usize,
    /// Stops when the mean standard error over the mean absolute value is not above this.
    pub precision: f64,
    /// The run's seed.
    pub seed: u64,
    /// Tells this game's draws from those of others, for example the row's number.
    pub index: u64,
}

/// Shapley values by regression over pairs of coalitions (KernelSHAP, Lundberg and Lee 2017) with
///
/// * coalitions in pairs with their complement, drawn without replacement by leverage (Musco and Witter 2025);
/// * all interactions of odd order up to 5 in the regression under a Gaussian prior, which a pair leaves as the only
///   ones, so that what KernelSHAP counts as noise is fitted;
/// * values that sum exactly to what everybody achieves beyond nobody.
///
/// Sampling ends at the asked precision, or when the coalitions are used up: then [`Sampled::reached`] is false and
/// [`Sampled::error`] says how far it came.
///
/// # Errors
/// What the game answers.
pub fn regression<G: Game>(game: &G, options: RegressionOptions) -> Result<Sampled, G::Error> {
    let (d, n_outputs) = (game.n_players(), game.n_outputs());
    let ends = game.values(&[Coalition::nobody(d), Coalition::everybody(d)])?;
    let (base, full) = ends.split_at(n_outputs.min(ends.len()));
    let gain: Vec<f64> = full.iter().zip(base).map(|(f, b)| f - b).collect();
    let mut sampled = Sampled {
        values: vec![0.0; d * n_outputs],
        standard_errors: vec![0.0; d * n_outputs],
        base: base.to_vec(),
        full: full.to_vec(),
        n_coalitions: 2,
        error: 0.0,
        reached: true,
    };
    if d <= 1 {
        sampled.values = gain;
        return Ok(sampled);
    }
    let mut design = PairedDesign::new(d, Draws::new(options.seed, "shapley.regression", options.index));
    let n_all = PairedDesign::n_all(d);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded")]
    let most = (options.most_coalitions.saturating_sub(2) / 2).max(1).min(n_all.min(1e9) as usize);
    // Everybody against nobody stands first.
    let mut pairs = vec![Coalition::everybody(d)];
    let mut halves: Vec<f64> = gain.iter().map(|g| 0.5 * g).collect();
    let mut wanted = (2 * d).max(24).min(most);
    loop {
        let added = design.grow(wanted);
        let both: Vec<Coalition> = added.iter().flat_map(|c| [c.clone(), c.complement(d)]).collect();
        let values = game.values(&both)?;
        for pair in values.chunks_exact(2 * n_outputs) {
            let (with, without) = pair.split_at(n_outputs);
            halves.extend(with.iter().zip(without).map(|(w, wo)| 0.5 * (w - wo)));
        }
        pairs.extend(added);
        sampled.n_coalitions = 2 * pairs.len();
        read(&mut sampled, d, &pairs, &halves, &gain);
        sampled.reached = sampled.error <= options.precision;
        if sampled.reached || wanted >= most {
            return Ok(sampled);
        }
        // The error falls about as n^−1.3; asking a little too little costs a fit, too much costs questions.
        let ratio = libm::pow(sampled.error / options.precision.max(1e-12), 0.75).clamp(1.2, 2.0);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded"
        )]
        let next = (wanted as f64 * ratio) as usize;
        wanted = next.max(wanted + 1).min(most);
    }
}

/// Values out of all pairs: one fit, or the mean of several.
fn read(sampled: &mut Sampled, d: usize, pairs: &[Coalition], halves: &[f64], gain: &[f64]) {
    let n_outputs = gain.len();
    let n_blocks = pairs.len().div_ceil(BLOCK).max(1);
    let mut values = vec![0.0; d * n_outputs];
    let mut variances = vec![0.0; d * n_outputs];
    let mut n_fits = 0.0;
    for block in 0..n_blocks {
        // Pairs are dealt out in turn, so that every block has all sizes; the first pair belongs to all.
        let places = (0..pairs.len()).filter(|i| *i == 0 || i % n_blocks == block);
        let (mut some, mut answers) = (Vec::new(), Vec::new());
        for i in places {
            some.extend(pairs.get(i).cloned());
            answers.extend_from_slice(halves.get(i * n_outputs..(i + 1) * n_outputs).unwrap_or_default());
        }
        if let Some(fit) = odd::fit(d, &some, &answers, n_outputs) {
            n_fits += 1.0;
            values.iter_mut().zip(&fit.values).for_each(|(sum, x)| *sum += x);
            variances.iter_mut().zip(&fit.variances).for_each(|(sum, x)| *sum += x);
        }
    }
    if n_fits > 0.0 {
        values.iter_mut().for_each(|x| *x /= n_fits);
        variances.iter_mut().for_each(|x| *x /= n_fits * n_fits);
    }
    // The fit meets the total but for the nugget; the rest is shared out.
    for (k, gain) in gain.iter().enumerate() {
        let sum: f64 = values.iter().skip(k).step_by(n_outputs).sum();
        #[allow(clippy::cast_precision_loss, reason = "a few hundred players")]
        let share = (gain - sum) / d as f64;
        values.iter_mut().skip(k).step_by(n_outputs).for_each(|x| *x += share);
    }
    sampled.standard_errors = variances.into_iter().map(libm::sqrt).collect();
    sampled.error = relative_error(&values, &sampled.standard_errors, n_outputs);
    sampled.values = values;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::shapley;
    use crate::exact::tests::Listed;

    /// A bent function of ten players with interactions of many orders: a logistic unit over a quadratic form.
    fn bent(d: usize, seed: u64) -> Listed {
        let mut draws = Draws::new(seed, "bent", 0);
        let w: Vec<f64> = (0..d).map(|i| draws.normal() / (1.0 + i as f64 * 0.3)).collect();
        let q: Vec<f64> = (0..d * d).map(|_| 0.25 * draws.normal()).collect();
        let table = (0..1_usize << d)
            .flat_map(|s| {
                let on = |i: usize| f64::from(u8::from(s >> i & 1 == 1));
                let linear: f64 = (0..d).map(|i| w[i] * on(i)).sum();
                let pairs: f64 =
                    (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| q[i * d + j] * on(i) * on(j)).sum();
                let bend = |m: f64| 1.0 / (1.0 + (-m).exp());
                [bend(linear + pairs), bend(linear - 0.5)]
            })
            .collect();
        Listed { d, table }
    }

    fn options(most_coalitions: usize, precision: f64, index: u64) -> RegressionOptions {
        RegressionOptions { most_coalitions, precision, seed: 11, index }
    }

    #[test]
    fn all_coalitions_give_the_exact_values() {
        for d in 2..=6 {
            let game = bent(d, 3);
            let exact = shapley(&game).unwrap().unwrap();
            let found = regression(&game, options(1 << d, 0.0, 0)).unwrap();
            assert_eq!(found.n_coalitions, 1 << d);
            for (found, expected) in found.values.iter().zip(&exact.values) {
                assert!((found - expected).abs() < 1e-6, "{d}: {found} {expected}");
            }
        }
    }

    #[test]
    fn an_additive_game_is_exact_after_one_round() {
        let w = [0.5, -2.0, 3.0, 0.0, 1.0, 7.0, -1.0, 0.25];
        let table = (0..256_usize).map(|s| (0..8).filter(|i| s >> i & 1 == 1).map(|i| w[i]).sum()).collect();
        let found = regression(&Listed { d: 8, table }, options(60, 1e-6, 0)).unwrap();
        assert!(found.reached, "{}", found.error);
        for (found, expected) in found.values.iter().zip(w) {
            assert!((found - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn a_constant_game_is_worth_nothing() {
        let found = regression(&Listed { d: 8, table: vec![2.5; 256] }, options(60, 0.01, 0)).unwrap();
        assert!(found.reached && found.values.iter().all(|x| *x == 0.0) && found.base == [2.5]);
    }

    #[test]
    fn values_sum_to_the_gain() {
        let game = bent(10, 5);
        let found = regression(&game, options(100, 0.0, 1)).unwrap();
        for k in 0..2 {
            let sum: f64 = found.values.iter().skip(k).step_by(2).sum();
            assert!((sum - (found.full[k] - found.base[k])).abs() < 1e-12);
        }
        assert!(!found.reached && found.n_coalitions <= 100);
    }

    /// 95 % intervals hold the exact value in 93 to 97 % of the cases, over games, players and designs, and wider intervals
    /// in more of them.
    #[test]
    fn standard_errors_cover() {
        let (mut away, mut by_budget) = (Vec::new(), Vec::new());
        for (most, first) in [(100, 0), (150, 1), (200, 2), (300, 3), (500, 4)] {
            let mut own = Vec::new();
            for game in 0..10 {
                let game_of = bent(11, 100 + game);
                let exact = shapley(&game_of).unwrap().unwrap();
                for index in [first, first + 5] {
                    let found = regression(&game_of, options(most, 0.0, 10 * game + index)).unwrap();
                    let errors = found.values.iter().zip(&found.standard_errors).zip(&exact.values);
                    own.extend(errors.map(|((x, se), expected)| (x - expected).abs() / se));
                }
            }
            away.extend_from_slice(&own);
            by_budget.push((most, own));
        }
        let within = |all: &[f64], ses: f64| all.iter().filter(|x| **x <= ses).count() as f64 / all.len() as f64;
        let coverage = within(&away, 1.96);
        assert!((0.93..=0.97).contains(&coverage), "{coverage}");
        for (most, own) in by_budget {
            // Within what 440 correlated cases leave to chance.
            let coverage = within(&own, 1.96);
            assert!((0.92..=0.985).contains(&coverage), "{most}: {coverage}");
        }
        let levels = [0.674, 1.282, 1.645, 1.96, 2.576].map(|ses| within(&away, ses));
        assert!(levels.is_sorted_by(|a, b| a < b), "{levels:?}");
        assert!((0.45..=0.65).contains(&levels[0]) && levels[4] >= 0.975, "{levels:?}");
    }

    /// The error goes down with the questions, and is far below that of plain KernelSHAP.
    #[test]
    fn more_coalitions_less_error() {
        let game = bent(11, 42);
        let exact = shapley(&game).unwrap().unwrap();
        let scale: f64 = exact.values.iter().map(|x| x.abs()).sum();
        let error = |most: usize| {
            let runs = (0..6).map(|i| {
                let found = regression(&game, options(most, 0.0, i)).unwrap();
                found.values.iter().zip(&exact.values).map(|(a, b)| (a - b).abs()).sum::<f64>() / scale
            });
            runs.sum::<f64>() / 6.0
        };
        let (few, more, many) = (error(80), error(160), error(320));
        assert!(few > more && more > many && many < 0.02, "{few} {more} {many}");
    }
}
