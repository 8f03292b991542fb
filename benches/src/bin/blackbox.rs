//! Shapley values of games that are given by all their coalitions: `blackbox GAMES PLAYERS BUDGET…` reads one table of
//! `2^PLAYERS` 64-bit numbers after the other and prints a line of JSON for each budget of coalitions: mean relative error over
//! all games, and the share of 95 % intervals that hold the exact value. `benches/peers/blackbox.py` makes the games.

use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;

use equipoise_shapley::exact::shapley_of;
use equipoise_shapley::sampled::{RegressionOptions, regression};
use equipoise_shapley::{Coalition, Game};

struct Table {
    n_players: usize,
    values: Vec<f64>,
}

impl Game for Table {
    type Error = Infallible;

    fn n_players(&self) -> usize {
        self.n_players
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn values(&self, coalitions: &[Coalition]) -> Result<Vec<f64>, Infallible> {
        let place = |c: &Coalition| (0..self.n_players).filter(|i| c.has(*i)).fold(0_usize, |bits, i| bits | 1 << i);
        Ok(coalitions.iter().map(|c| self.values.get(place(c)).copied().unwrap_or(f64::NAN)).collect())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: blackbox GAMES PLAYERS BUDGET…";
    let bytes = std::fs::read(args.next().ok_or(usage)?)?;
    let n_players: usize = args.next().ok_or(usage)?.parse()?;
    let budgets: Result<Vec<usize>, _> = args.map(|n| n.parse()).collect();
    let numbers: Vec<f64> =
        bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap_or_default())).collect();
    let games: Vec<Table> =
        numbers.chunks_exact(1 << n_players).map(|t| Table { n_players, values: t.to_vec() }).collect();
    let exact: Vec<Vec<f64>> = games.iter().map(|g| shapley_of(&g.values, n_players, 1)).collect();
    let scale: f64 = exact.iter().flatten().map(|x| x.abs()).sum();
    for budget in budgets? {
        let (mut error, mut hits, mut n, mut asked, mut reached) = (0.0, 0_u32, 0_u32, 0, 0.0);
        for (index, (game, exact)) in (0_u64..).zip(games.iter().zip(&exact)) {
            let options = RegressionOptions { most_coalitions: budget, precision: 0.0, seed: 1, index };
            let found = match regression(game, options) {
                Ok(found) => found,
                Err(never) => match never {},
            };
            for ((x, se), expected) in found.values.iter().zip(&found.standard_errors).zip(exact) {
                error += (x - expected).abs();
                hits += u32::from((x - expected).abs() <= 1.96 * se);
                n += 1;
            }
            asked += found.n_coalitions;
            reached += found.error;
        }
        let games_n = games.len().max(1);
        #[allow(clippy::cast_precision_loss, reason = "counts for the eye")]
        let (mean_asked, mean_reached) = (asked as f64 / games_n as f64, reached / games_n as f64);
        writeln!(
            std::io::stdout(),
            "{}",
            serde_json::json!({
                "budget": budget,
                "coalitions": mean_asked,
                "relative_error": error / scale,
                "estimated_error": mean_reached,
                "coverage": f64::from(hits) / f64::from(n.max(1)),
            })
        )?;
    }
    Ok(())
}
