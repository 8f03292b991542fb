//! A few different ways out of many: cheap ones that do not say the same.

use crate::Space;

/// How the set is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Diversity {
    /// The cheapest, then again and again the one that lies farthest from those chosen for what it costs; lying farther away
    /// than twice what the cheapest costs counts for nothing.
    #[default]
    Maximin,
    /// Greedy maximisation of the determinant of `K_ij = q_i q_j / (1 + distance_ij)`, `q_i = exp(−cost_i / mean cost)`
    /// (Mothilal, Sharma & Tan 2020, §3.2).
    Determinantal,
}

/// Candidates at most; the cheapest are kept.
const CANDIDATES: usize = 200;

/// Places of the chosen rows, the cheapest first. `costs` and `rows` go together.
pub(crate) fn select(space: &Space, rows: &[Vec<f64>], costs: &[f64], n: usize, how: Diversity) -> Vec<usize> {
    let cost = |i: &usize| costs.get(*i).copied().unwrap_or(f64::INFINITY);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.cmp(b)));
    order.truncate(CANDIDATES.max(n));
    let mut chosen: Vec<usize> = match how {
        Diversity::Maximin => maximin(space, rows, &order, &cost, n),
        Diversity::Determinantal => determinantal(space, rows, &order, &cost, n),
    };
    chosen.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.cmp(b)));
    chosen
}

fn between(space: &Space, rows: &[Vec<f64>], a: usize, b: usize) -> f64 {
    match (rows.get(a), rows.get(b)) {
        (Some(a), Some(b)) => space.distance(a, b),
        _ => 0.0,
    }
}

/// `min distance to the chosen / cost`, so that twice the cost must bring twice the difference.
fn maximin(space: &Space, rows: &[Vec<f64>], order: &[usize], cost: &dyn Fn(&usize) -> f64, n: usize) -> Vec<usize> {
    let Some((first, rest)) = order.split_first() else { return Vec::new() };
    let mut chosen = vec![*first];
    let enough = 2.0 * cost(first);
    let mut left: Vec<(usize, f64)> = rest.iter().map(|i| (*i, between(space, rows, *i, *first))).collect();
    while chosen.len() < n {
        let worth = |(i, away): &(usize, f64)| away.min(enough) / cost(i).max(1e-12);
        let best = left
            .iter()
            .enumerate()
            .filter(|(_, c)| c.1 > 0.0)
            .max_by(|a, b| worth(a.1).total_cmp(&worth(b.1)).then(b.0.cmp(&a.0)));
        let Some(place) = best.map(|(place, _)| place) else { break };
        let (taken, _) = left.remove(place);
        for (i, away) in &mut left {
            *away = away.min(between(space, rows, *i, taken));
        }
        chosen.push(taken);
    }
    chosen
}

/// Greedy by the Cholesky factor (Chen, Zhang & Zhou 2018, algorithm 1).
fn determinantal(
    space: &Space,
    rows: &[Vec<f64>],
    order: &[usize],
    cost: &dyn Fn(&usize) -> f64,
    n: usize,
) -> Vec<usize> {
    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    let mean = order.iter().map(cost).sum::<f64>() / order.len().max(1) as f64;
    let quality: Vec<f64> = order.iter().map(|i| libm::exp(-cost(i) / mean.max(1e-12))).collect();
    let mut left: Vec<f64> = quality.iter().map(|q| q * q).collect();
    let mut factors: Vec<Vec<f64>> = vec![Vec::new(); order.len()];
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < n.min(order.len()) {
        let best = left.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        let Some((j, gain)) = best.map(|(j, g)| (j, *g)).filter(|(_, g)| *g > 1e-12) else { break };
        let factor_j = factors.get(j).cloned().unwrap_or_default();
        let of_j = (order.get(j).copied().unwrap_or(0), quality.get(j).copied().unwrap_or(0.0));
        for (i, (factor, rest)) in factors.iter_mut().zip(left.iter_mut()).enumerate() {
            let of_i = (order.get(i).copied().unwrap_or(0), quality.get(i).copied().unwrap_or(0.0));
            let similar = of_i.1 * of_j.1 / (1.0 + between(space, rows, of_i.0, of_j.0));
            let dot: f64 = factor.iter().zip(&factor_j).map(|(a, b)| a * b).sum();
            let e = (similar - dot) / libm::sqrt(gain);
            factor.push(e);
            *rest -= e * e;
        }
        if let Some(rest) = left.get_mut(j) {
            *rest = f64::NEG_INFINITY;
        }
        chosen.push(of_j.0);
    }
    chosen
}

/// Places of the rows that together lose least and differ most: one by one the row with the largest
/// `weight · conditional variance − loss`, the variance being that of `K_ij = 1 / (1 + distance_ij)` given the rows before it.
pub(crate) fn spread(space: &Space, rows: &[Vec<f64>], losses: &[f64], n: usize, weight: f64) -> Vec<usize> {
    let mut left: Vec<f64> = vec![1.0; rows.len()];
    let mut factors: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < n.min(rows.len()) {
        let worth = |(i, (gain, loss)): (usize, (&f64, &f64))| (i, weight * gain - loss, *gain);
        let open = left.iter().zip(losses).enumerate().map(worth).filter(|(_, _, gain)| *gain > 1e-9);
        let best = open.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let Some((j, _, gain)) = best else { break };
        let factor_j = factors.get(j).cloned().unwrap_or_default();
        for (i, (factor, rest)) in factors.iter_mut().zip(left.iter_mut()).enumerate() {
            let similar = 1.0 / (1.0 + between(space, rows, i, j));
            let dot: f64 = factor.iter().zip(&factor_j).map(|(a, b)| a * b).sum();
            let e = (similar - dot) / libm::sqrt(gain);
            factor.push(e);
            *rest -= e * e;
        }
        if let Some(rest) = left.get_mut(j) {
            *rest = f64::NEG_INFINITY;
        }
        chosen.push(j);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grid, Kind, Limits, Variable};

    #[test]
    fn what_differs_goes_before_what_is_the_same() {
        let kind = Kind::Number { scale: 1.0, grid: Grid::Any, range: (0.0, 9.0) };
        let one = Variable { name: "x".into(), columns: vec![0], kind, limits: Limits::default(), cost: 1.0 };
        let space = Space::new(vec![one], Vec::new(), 1, 0.0, 1).unwrap();
        let rows: Vec<Vec<f64>> = [0.0, 0.1, 3.0, 0.0].iter().map(|x| vec![*x]).collect();
        // After 0: 0.1 keeps 1 − (1/1.1)² = 0.17 of its own, 3 keeps 1 − (1/4)² = 0.94; the copy keeps nothing.
        assert_eq!(spread(&space, &rows, &[0.0, 0.1, 0.3, 0.0], 4, 5.0), [0, 2, 1]);
        // Without weight the losses decide, and the copy is left out all the same.
        assert_eq!(spread(&space, &rows, &[0.0, 0.1, 0.3, 0.0], 4, 0.0), [0, 1, 2]);
        // Twice the cheapest cost is far enough: 9 is farther than 3 and costs too much for it.
        let costs = [1.0, 1.1, 2.0, 30.0];
        let rows: Vec<Vec<f64>> = [0.0, 0.1, 3.0, 9.0].iter().map(|x| vec![*x]).collect();
        assert_eq!(select(&space, &rows, &costs, 2, Diversity::Maximin), [0, 2]);
    }
}
