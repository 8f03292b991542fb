//! The way to each leaf: who is asked on it, and what share of the training rows each player's conditions let through.

use crate::forest::{Child, Shape};

/// A player on the way to a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) player: u32,
    /// Product of the shares of training rows along the player's splits.
    pub(crate) z: f64,
    /// Level of the player's last split on the way.
    pub(crate) level: u32,
}

/// A step of the walk over a tree, left before right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Visit {
    /// The split that leads here, and whether by its left side.
    pub(crate) from: Option<(u32, bool)>,
    /// The leaf, with the range of its entries.
    pub(crate) leaf: Option<(u32, u32, u32)>,
}

/// All ways of a tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    pub(crate) visits: Vec<Visit>,
    /// Players on the way to each leaf, in the order in which they are first asked.
    pub(crate) entries: Vec<Entry>,
}

impl Paths {
    pub(crate) fn over(shape: &Shape) -> Self {
        let mut paths = Self::default();
        // The way that is being taken: by level, the player and the share of the side.
        let mut way: Vec<(u32, f64)> = Vec::new();
        let mut stack = vec![(shape.root, None::<(u32, bool)>)];
        while let Some((child, from)) = stack.pop() {
            if let Some((at, is_left)) = from
                && let Some(split) = shape.splits.get(at as usize)
            {
                way.truncate(split.level as usize);
                way.push((split.player, if is_left { split.left_share } else { 1.0 - split.left_share }));
            }
            match child {
                Child::Split(at) => {
                    paths.visits.push(Visit { from, leaf: None });
                    if let Some(split) = shape.splits.get(at as usize) {
                        stack.push((split.right, Some((at, false))));
                        stack.push((split.left, Some((at, true))));
                    }
                }
                Child::Leaf(leaf) => {
                    let start = paths.entries.len();
                    for ((player, share), level) in way.iter().zip(0..) {
                        let known = paths.entries.get_mut(start..).unwrap_or_default();
                        match known.iter_mut().find(|entry| entry.player == *player) {
                            Some(entry) => {
                                entry.z *= share;
                                entry.level = level;
                            }
                            None => paths.entries.push(Entry { player: *player, z: *share, level }),
                        }
                    }
                    let leaf = Some((leaf, start as u32, paths.entries.len() as u32));
                    paths.visits.push(Visit { from, leaf });
                }
            }
        }
        paths
    }

    /// The players on the way to a leaf.
    pub(crate) fn of(&self, start: u32, end: u32) -> &[Entry] {
        self.entries.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Prediction of the tree when nothing is known: `Σ v ∏ z` for each of its `width` outputs.
    pub(crate) fn expected(&self, shape: &Shape, width: usize) -> Vec<f64> {
        let mut out = vec![0.0; width];
        for (leaf, start, end) in self.visits.iter().filter_map(|v| v.leaf) {
            let share: f64 = self.of(start, end).iter().map(|entry| entry.z).product();
            let values = shape.values.get(leaf as usize * width..).unwrap_or_default();
            for (sum, value) in out.iter_mut().zip(values) {
                *sum += share * value;
            }
        }
        out
    }
}
