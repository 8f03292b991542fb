//! Rows counted by group, truth and both predictions at once: all that numbers of labels need to know of the pairing.

use std::collections::BTreeMap;

use equipoise_data::Frame;
use equipoise_kernels::{Confusion, Merge};

use crate::counted::{self, codes_of};

/// Rows that are alike in group, truth and both predictions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// Place among the groups.
    pub group: usize,
    pub truth: usize,
    /// Predicted by either model; see [`Joint::is_swapped`].
    pub predicted: [usize; 2],
    pub sums: counted::Cell,
}

/// The cells that occur, in order, for groups by some columns.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    pub n_classes: usize,
    /// Codes of the columns for each group that occurs, in order.
    pub groups: Vec<Vec<u16>>,
    pub cells: Vec<Cell>,
    /// True when the second model stands first. Of the two orders the one with the smaller table is taken, so that
    /// swapping the models leaves the draws as they are and changes nothing but the sign.
    pub is_swapped: bool,
}

impl Joint {
    /// Counts the rows of two frames by the first one's groupings at these places. None when there are more
    /// combinations than numbers for them.
    pub(super) fn count(a: &Frame, b: &Frame, groupings: &[usize]) -> Option<Self> {
        let k = a.classes.len().max(1);
        let sizes: Vec<u64> =
            groupings.iter().map(|g| a.groupings().get(*g).map_or(1, |g| g.levels.len().max(1) as u64)).collect();
        let n_groups = sizes.iter().try_fold(1_u64, |n, size| n.checked_mul(*size))?;
        let per_group = (k as u64).checked_pow(3)?;
        n_groups.checked_mul(per_group)?;
        let k_long = k as u64;
        let counted: BTreeMap<u64, counted::Cell> = b.with_all(|rows_b| {
            let second = rows_b.predicted.map(|p| p.classes()).unwrap_or_default();
            a.reduce(0, BTreeMap::new, |counts: &mut BTreeMap<u64, counted::Cell>, rows| {
                let first = rows.predicted.map(|p| p.classes()).unwrap_or_default();
                let codes: Vec<&[u16]> = groupings.iter().map(|g| rows.groups(*g)).collect();
                for (i, (y, p)) in rows.truth.classes().iter().zip(first).enumerate() {
                    let Some(q) = usize::try_from(rows.id(i)).ok().and_then(|place| second.get(place)) else {
                        continue;
                    };
                    let group = codes.iter().zip(&sizes).fold(0, |key, (codes, size)| {
                        key * size + codes.get(i).map_or(0, |code| u64::from(*code).min(size - 1))
                    });
                    let key = [*y, *p, *q].iter().fold(group, |key, class| key * k_long + u64::from(*class));
                    let w = rows.weight_at(i);
                    counts.entry(key).or_default().merge_from(counted::Cell::of_row(w));
                }
            })
        });
        Some(Self::of(k, &sizes, &counted))
    }

    fn of(k: usize, sizes: &[u64], counted: &BTreeMap<u64, counted::Cell>) -> Self {
        let k_long = k as u64;
        let mut straight: Vec<(u64, [u64; 3], counted::Cell)> = counted
            .iter()
            .map(|(key, sums)| {
                let (q, p, y) = (key % k_long, key / k_long % k_long, key / (k_long * k_long) % k_long);
                (key / (k_long * k_long * k_long), [y, p, q], *sums)
            })
            .collect();
        let mut turned = straight.clone();
        for (_, [_, p, q], _) in &mut turned {
            std::mem::swap(p, q);
        }
        turned.sort_unstable_by_key(|(group, classes, _)| (*group, *classes));
        let order = |(group, classes, sums): &(u64, [u64; 3], counted::Cell)| {
            (*group, *classes, sums.rows, sums.weight.to_bits())
        };
        let is_swapped = turned.iter().map(order).lt(straight.iter().map(order));
        if is_swapped {
            straight = turned;
        }
        let mut keys: Vec<u64> = straight.iter().map(|(group, ..)| *group).collect();
        keys.dedup();
        let small = |x: u64| usize::try_from(x).unwrap_or(usize::MAX);
        let cells = straight
            .into_iter()
            .map(|(group, [y, p, q], sums)| Cell {
                group: keys.binary_search(&group).unwrap_or(0),
                truth: small(y),
                predicted: [small(p), small(q)],
                sums,
            })
            .collect();
        Self { n_classes: k, groups: keys.iter().map(|key| codes_of(*key, sizes)).collect(), cells, is_swapped }
    }

    /// Truth by prediction of both models in every group, when the cells have these weights.
    pub(super) fn counts(&self, weights: &[f64]) -> [Vec<Confusion>; 2] {
        let k = self.n_classes;
        let mut flat = [vec![0.0; self.groups.len() * k * k], vec![0.0; self.groups.len() * k * k]];
        for (cell, weight) in self.cells.iter().zip(weights) {
            for (counts, predicted) in flat.iter_mut().zip(cell.predicted) {
                if let Some(count) = counts.get_mut((cell.group * k + cell.truth) * k + predicted) {
                    *count += weight;
                }
            }
        }
        flat.map(|counts| counts.chunks(k * k).map(|cells| Confusion::from_cells(k, cells.to_vec())).collect())
    }

    /// The weights that the cells have.
    pub(super) fn weights(&self) -> Vec<f64> {
        self.cells.iter().map(|cell| cell.sums.weight).collect()
    }
}
