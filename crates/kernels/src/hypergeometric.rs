//! How many marked balls a handful holds.

use libm::{lgamma, log, sqrt};

use crate::Draws;

/// Draws below which balls are taken one by one.
const FEW: u64 = 10;

/// Marked balls among `n` that are taken from `marked` and `others` without putting back.
///
/// Few draws are made one by one; otherwise the ratio of uniforms under a table mountain (Stadlober 1990,
/// doi:10.1016/0377-0427(90)90349-5), whose cost does not depend on the numbers. `n` beyond all balls takes all.
#[must_use]
pub fn hypergeometric(draws: &mut Draws, marked: u64, others: u64, n: u64) -> u64 {
    let all = marked + others;
    let n = n.min(all);
    if n == 0 || marked == 0 {
        return 0;
    }
    if others == 0 {
        return n;
    }
    // By symmetry the smaller handful is drawn, and the rarer kind is counted.
    let handful = n.min(all - n);
    let (rare, common) = (marked.min(others), marked.max(others));
    let of_rare =
        if handful <= FEW { one_by_one(draws, rare, all, handful) } else { rejected(draws, rare, common, handful) };
    let of_marked = if marked <= others { of_rare } else { handful - of_rare };
    if handful == n { of_marked } else { marked - of_marked }
}

fn one_by_one(draws: &mut Draws, mut rare: u64, mut all: u64, handful: u64) -> u64 {
    let start = rare;
    for _ in 0..handful {
        if draws.below(all) < rare {
            rare -= 1;
        }
        all -= 1;
    }
    start - rare
}

#[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the size of the handful")]
fn rejected(draws: &mut Draws, rare: u64, common: u64, handful: u64) -> u64 {
    // 2·√(2/e) and 3 − 2·√(3/e): the width of the mountain's table and its slack.
    const WIDTH: f64 = 1.715_527_769_921_413_5;
    const SLACK: f64 = 0.898_916_162_058_898_8;
    let (r, c, h) = (rare as f64, common as f64, handful as f64);
    let all = r + c;
    let share = r / all;
    let centre = h * share + 0.5;
    let variance = (all - h) * h * share * (1.0 - share) / (all - 1.0);
    let spread = sqrt(variance + 0.5);
    let width = WIDTH * spread + SLACK;
    let mode = ((h + 1.0) * (r + 1.0) / (all + 2.0)).floor();
    // −ln of the probability of x, up to a constant.
    let cost = |x: f64| lgamma(x + 1.0) + lgamma(r - x + 1.0) + lgamma(h - x + 1.0) + lgamma(c - h + x + 1.0);
    let least = cost(mode);
    let end = (h.min(r) + 1.0).min((centre + 16.0 * spread).floor());
    loop {
        let (u, v) = (draws.uniform(), draws.uniform());
        let x = centre + width * (v - 0.5) / u;
        if !(x >= 0.0 && x < end) {
            continue;
        }
        let x = x.floor();
        let gain = least - cost(x);
        // Two quick tests spare the logarithm most of the time.
        if u * (4.0 - u) - 3.0 <= gain || (u * (u - gain) < 1.0 && 2.0 * log(u) <= gain) {
            return x as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frequencies of 40,000 draws against the probabilities by their definition.
    #[test]
    fn frequencies_are_the_probabilities() {
        let ln_choose = |n: f64, k: f64| lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
        for (marked, others, n) in [(5, 7, 4), (60, 40, 30), (40, 60, 70), (13, 900, 200), (900, 13, 450)] {
            let (m, o, d) = (marked as f64, others as f64, n as f64);
            let mut draws = Draws::new(3, "hypergeometric", marked);
            let mut counts = std::collections::BTreeMap::new();
            for _ in 0..40_000 {
                *counts.entry(hypergeometric(&mut draws, marked, others, n)).or_insert(0_u32) += 1;
            }
            for (x, count) in counts {
                let x = x as f64;
                let p = libm::exp(ln_choose(m, x) + ln_choose(o, d - x) - ln_choose(m + o, d));
                let se = (p * (1.0 - p) / 40_000.0).sqrt();
                let seen = f64::from(count) / 40_000.0;
                assert!((seen - p).abs() < 4.5 * se + 5e-5, "{marked} {others} {n}: {x} {seen} {p}");
            }
        }
    }

    #[test]
    fn the_ends_are_sure() {
        let mut draws = Draws::new(0, "ends", 0);
        assert_eq!(
            [(0, 5, 3), (5, 0, 3), (4, 4, 8), (4, 4, 99), (3, 4, 0)]
                .map(|(a, b, n)| hypergeometric(&mut draws, a, b, n)),
            [0, 3, 4, 4, 0]
        );
    }
}
