//! Differences of gaps between groups in numbers of scores and of predicted numbers.
//!
//! A number of some rows moves, to first order, by the mean of the rows' influences on it. Sums of influences over the
//! rows of one group are nearly normal, so four of them (on the group's own number and on that of all rows, for either
//! model) are drawn together with their covariance, group by group, and the gaps follow. It is the bootstrap of the rows
//! to first order, at a cost that does not depend on their number.

use std::collections::BTreeMap;

use equipoise_document::Interval;
use equipoise_kernels::{Draws, kish};
use rayon::prelude::*;

use super::influence::Influence;
use super::number::Aggregate;
use super::resample::{REPLICATES, percentiles};
use super::settings::{Difference, Settings};

/// One group's number for both models.
#[derive(Clone, Debug)]
struct Group {
    values: [f64; 2],
    /// Lower triangle of the Cholesky factor of the covariance of: own number of `a` and its difference `b − a`, and both
    /// for all rows' number as far as these rows move it. Two models that are the same have no difference to be drawn.
    factor: [[f64; 4]; 4],
}

/// Gaps of one metric between groups.
#[derive(Clone, Debug)]
pub(super) struct Gaps {
    groups: Vec<Group>,
    overall: [f64; 2],
    /// True when the second model stands first, so that swapping the models changes nothing but the sign.
    is_swapped: bool,
}

/// What a group's gaps are made from: its own numbers with the influence of its rows, in order.
pub(super) struct Part<'a> {
    /// Places of its rows among all rows.
    pub places: &'a [usize],
    pub own: [Influence; 2],
}

impl Gaps {
    /// Of groups that have a number for both models. `all` has the influences of all rows on the number of all rows.
    pub(super) fn of(parts: &[Part<'_>], all: &[Influence; 2], weight: &dyn Fn(usize) -> f64) -> Self {
        let [of_a, of_b] = [0, 1].map(|model| parts.iter().filter_map(move |p| Some(p.own.get(model)?.value)));
        let is_swapped = of_b.map(f64::to_bits).lt(of_a.map(f64::to_bits));
        let order = |pair: [f64; 2]| if is_swapped { [pair[1], pair[0]] } else { pair };
        let n_rows = all[0].rows.len();
        let total: f64 = (0..n_rows).map(weight).sum();
        let centred = all.each_ref().map(|influence| {
            let sum: f64 = influence.rows.iter().enumerate().map(|(i, x)| weight(i) * x).sum();
            let mean = sum / total;
            move |i: usize| influence.rows.get(i).copied().unwrap_or(0.0) - mean
        });
        let groups = parts
            .iter()
            .map(|part| {
                let weights: Vec<f64> = part.places.iter().map(|i| weight(*i)).collect();
                let own_total: f64 = weights.iter().sum();
                let means = part
                    .own
                    .each_ref()
                    .map(|influence| influence.rows.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() / own_total);
                let n = kish(own_total, weights.iter().map(|w| w * w).sum());
                let correction = if n > 1.0 { n / (n - 1.0) } else { f64::NAN };
                let mut covariance = [[0.0; 4]; 4];
                for (row, (place, w)) in part.places.iter().zip(&weights).enumerate() {
                    let own = |model: usize| {
                        let [a, b] = &part.own;
                        let (influence, mean) = if model == 0 { (a, means[0]) } else { (b, means[1]) };
                        (influence.rows.get(row).copied().unwrap_or(0.0) - mean) * w / own_total
                    };
                    let [own_a, own_b] = order([own(0), own(1)]);
                    let [all_a, all_b] = order([centred[0](*place) * w / total, centred[1](*place) * w / total]);
                    let moves = [own_a, own_b - own_a, all_a, all_b - all_a];
                    for (line, x) in covariance.iter_mut().zip(moves) {
                        for (cell, y) in line.iter_mut().zip(moves) {
                            *cell += correction * x * y;
                        }
                    }
                }
                Group { values: order([part.own[0].value, part.own[1].value]), factor: cholesky(covariance) }
            })
            .collect();
        Self { groups, overall: order([all[0].value, all[1].value]), is_swapped }
    }

    fn gaps(&self, aggregate: Aggregate, moves: &[[f64; 4]]) -> [f64; 2] {
        let [mut of_a, mut of_b] = self.overall;
        let (mut in_a, mut in_b) = (Vec::with_capacity(moves.len()), Vec::with_capacity(moves.len()));
        for (Group { values: [a, b], .. }, [own, own_more, all, all_more]) in self.groups.iter().zip(moves) {
            in_a.push(a + own);
            in_b.push(b + own + own_more);
            of_a += all;
            of_b += all + all_more;
        }
        [aggregate.of(&in_a, of_a), aggregate.of(&in_b, of_b)]
    }

    /// The differences of these gaps; none where one does not exist.
    pub(super) fn differences(&self, aggregates: &[Aggregate], settings: &Settings) -> Vec<Option<Difference>> {
        let still = vec![[0.0; 4]; self.groups.len()];
        let replicates: Vec<Vec<f64>> = (0..REPLICATES)
            .into_par_iter()
            .map(|replicate| {
                let mut draws = Draws::new(settings.seed, "paired.gaps", replicate);
                let moves: Vec<[f64; 4]> = self.groups.iter().map(|group| group.draw(&mut draws)).collect();
                let difference = |aggregate: &Aggregate| {
                    let [a, b] = self.gaps(*aggregate, &moves);
                    b - a
                };
                aggregates.iter().map(difference).collect()
            })
            .collect();
        let one = |(place, aggregate): (usize, &Aggregate)| {
            let [a, b] = self.gaps(*aggregate, &still);
            let series = replicates.iter().filter_map(|r| r.get(place)).copied().filter(|d| d.is_finite());
            let interval: Interval = percentiles(series.collect(), "paired_influence_bootstrap", settings)?;
            let made = Difference { a, b, interval };
            let is_defined = a.is_finite() && b.is_finite();
            is_defined.then(|| if self.is_swapped { made.turned() } else { made })
        };
        aggregates.iter().enumerate().map(one).collect()
    }
}

impl Group {
    fn draw(&self, draws: &mut Draws) -> [f64; 4] {
        let z = [draws.normal(), draws.normal(), draws.normal(), draws.normal()];
        self.factor.map(|line| line.iter().zip(z).map(|(l, z)| l * z).sum())
    }
}

/// `L` with `L·Lᵀ` the covariance; a direction without any spread of its own has none.
fn cholesky(covariance: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let at = |m: &[[f64; 4]; 4], i: usize, j: usize| m.get(i).and_then(|line| line.get(j)).copied().unwrap_or(0.0);
    let mut factor = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| at(&factor, i, k) * at(&factor, j, k)).sum();
            let left = at(&covariance, i, j) - known;
            let value = if i == j {
                if left > 1e-12 * at(&covariance, i, i) { libm::sqrt(left) } else { 0.0 }
            } else {
                let pivot = at(&factor, j, j);
                if pivot > 0.0 { left / pivot } else { 0.0 }
            };
            if let Some(cell) = factor.get_mut(i).and_then(|line| line.get_mut(j)) {
                *cell = value;
            }
        }
    }
    factor
}

/// Rows by the codes of some columns, in order of the codes.
pub(super) fn places_by_group(codes: &[&[u16]], keep: &dyn Fn(&[u16]) -> bool) -> BTreeMap<Vec<u16>, Vec<usize>> {
    let mut groups: BTreeMap<Vec<u16>, Vec<usize>> = BTreeMap::new();
    let n_rows = codes.first().map_or(0, |c| c.len());
    for i in 0..n_rows {
        let key: Vec<u16> = codes.iter().filter_map(|c| c.get(i).copied()).collect();
        if keep(&key) {
            groups.entry(key).or_default().push(i);
        }
    }
    groups
}
