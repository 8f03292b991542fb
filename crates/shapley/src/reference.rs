//! Interventional values by comparing each row with each background row.
//!
//! Of the leaves that a mixture of a row `x` and a background row `b` can reach, each has players whose conditions
//! only `x` meets (`A`) and players whose conditions only `b` meets (`B`); the leaf is reached by the coalitions that
//! hold all of `A` and none of `B`. With `n = |A|` and `m = |B|` its value `v` gives
//!
//! ```text
//! φ_i = v·(n−1)!·m!/(n+m)!  for i in A,    φ_j = −v·n!·(m−1)!/(n+m)!  for j in B
//! ```
//!
//! (Laberge and Pequignot, 2022, "Understanding interventional TreeSHAP"). Subtrees that neither can reach are
//! skipped. Cost grows with rows × background rows × trees, so this is for few of them or for trees too deep for tables.

use crate::{
    Interaction,
    block::{Ranks, goes_left},
    forest::{Child, Forest, Shape},
};

/// A leaf that a mixture can reach: its index, who must come from the row, and who from the background.
pub(crate) trait Reached {
    fn leaf(&mut self, leaf: u32, row: &[u32], background: &[u32]);
}

/// Where a player's values come from on the way that is being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Either,
    Row,
    Background,
}

/// What the walk remembers.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    from: Vec<From>,
    row: Vec<u32>,
    background: Vec<u32>,
    /// Children to visit, and players to forget.
    stack: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Visit(Child),
    Take(u32, From),
    Forget(u32),
}

impl Walk {
    pub(crate) fn new(n_players: usize) -> Self {
        Self { from: vec![From::Either; n_players], row: Vec::new(), background: Vec::new(), stack: Vec::new() }
    }

    /// Visits every leaf of a tree that a mixture of a row and a background row reaches.
    pub(crate) fn over(
        &mut self,
        forest: &Forest,
        shape: &Shape,
        row: Ranks<'_>,
        background: Ranks<'_>,
        found: &mut impl Reached,
    ) {
        self.stack.push(Step::Visit(shape.root));
        while let Some(step) = self.stack.pop() {
            match step {
                Step::Visit(Child::Leaf(leaf)) => found.leaf(leaf, &self.row, &self.background),
                Step::Visit(Child::Split(at)) => {
                    let Some(split) = shape.splits.get(at as usize) else { continue };
                    let x = goes_left(forest, split.test, row);
                    let b = goes_left(forest, split.test, background);
                    let side = |is_left: bool| Step::Visit(if is_left { split.left } else { split.right });
                    match self.from.get(split.player as usize) {
                        _ if x == b => self.stack.push(side(x)),
                        Some(From::Row) => self.stack.push(side(x)),
                        Some(From::Background) => self.stack.push(side(b)),
                        _ => self.stack.extend([
                            Step::Forget(split.player),
                            side(b),
                            Step::Take(split.player, From::Background),
                            Step::Forget(split.player),
                            side(x),
                            Step::Take(split.player, From::Row),
                        ]),
                    }
                }
                Step::Take(player, from) => {
                    match from {
                        From::Row => self.row.push(player),
                        _ => self.background.push(player),
                    }
                    if let Some(slot) = self.from.get_mut(player as usize) {
                        *slot = from;
                    }
                }
                Step::Forget(player) => {
                    if let Some(slot) = self.from.get_mut(player as usize) {
                        match slot {
                            From::Row => self.row.pop(),
                            _ => self.background.pop(),
                        };
                        *slot = From::Either;
                    }
                }
            }
        }
    }
}

/// `n!·m!/(n+m+1)!`, the integral of `t^n·(1−t)^m` over the unit interval.
pub(crate) fn beta(n: usize, m: usize) -> f64 {
    let (n, m) = (n.max(m), n.min(m));
    let mut out = 1.0 / (n as f64 + 1.0);
    for k in 1..=m {
        out *= k as f64 / (n + 1 + k) as f64;
    }
    out
}

/// Betas of small counts, which are asked for over and over.
#[derive(Clone, Debug)]
pub(crate) struct Betas {
    size: usize,
    values: Vec<f64>,
}

impl Betas {
    pub(crate) fn new() -> Self {
        let size = 32;
        Self { size, values: (0..size * size).map(|i| beta(i / size, i % size)).collect() }
    }

    pub(crate) fn get(&self, n: usize, m: usize) -> f64 {
        let known = (n < self.size && m < self.size).then(|| self.values.get(n * self.size + m)).flatten();
        known.copied().unwrap_or_else(|| beta(n, m))
    }
}

/// Sums of attributions over trees: shape `(n_players, n_outputs)`.
pub(crate) struct Singles<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) n_outputs: usize,
    pub(crate) weight: f64,
    pub(crate) betas: &'a Betas,
    pub(crate) sums: &'a mut [f64],
}

impl Reached for Singles<'_> {
    fn leaf(&mut self, leaf: u32, row: &[u32], background: &[u32]) {
        let (n, m) = (row.len(), background.len());
        let plus = if n > 0 { self.weight * self.betas.get(n - 1, m) } else { 0.0 };
        let minus = if m > 0 { -self.weight * self.betas.get(n, m - 1) } else { 0.0 };
        let width = self.shape.width(self.n_outputs);
        let values = self.shape.values.get(leaf as usize * width..(leaf as usize + 1) * width).unwrap_or_default();
        let first = self.shape.output.unwrap_or(0);
        for (players, share) in [(row, plus), (background, minus)] {
            for player in players {
                let start = *player as usize * self.n_outputs + first;
                for (sum, value) in self.sums.iter_mut().skip(start).zip(values) {
                    *sum += share * value;
                }
            }
        }
    }
}

/// Sums of Owen values over trees, as [`Singles`] for players in groups.
///
/// Whole groups come one after the other, and members within them. A player of `A` completes the leaf when the groups of all
/// others of `A` came before its own and those of `B` come after, and within its group likewise: with `a` and `b` the other
/// groups that hold some of `A` and of `B`, and `n` and `m` those of its own group, the chance is
/// `a!·b!/(a+b+1)! · (n−1)!·m!/(n+m)!`. Another group that holds some of both rules it out.
pub(crate) struct Grouped<'a> {
    pub(crate) singles: Singles<'a>,
    /// By player.
    pub(crate) groups: &'a [u32],
}

impl Reached for Grouped<'_> {
    fn leaf(&mut self, leaf: u32, row: &[u32], background: &[u32]) {
        let group = |player: &u32| self.groups.get(*player as usize).copied().unwrap_or(*player);
        let groups_of = |players: &[u32]| {
            let mut groups: Vec<u32> = players.iter().map(group).collect();
            groups.sort_unstable();
            groups.dedup();
            groups
        };
        let (own, other) = (groups_of(row), groups_of(background));
        let Singles { shape, n_outputs, weight, betas, sums } = &mut self.singles;
        let width = shape.width(*n_outputs);
        let values = shape.values.get(leaf as usize * width..(leaf as usize + 1) * width).unwrap_or_default();
        let first = shape.output.unwrap_or(0);
        for (players, is_own) in [(row, true), (background, false)] {
            for player in players {
                let here = group(player);
                let others = |groups: &[u32]| groups.iter().filter(|g| **g != here).count();
                if own.iter().any(|g| *g != here && other.contains(g)) {
                    continue;
                }
                let within = |players: &[u32]| players.iter().filter(|p| group(p) == here).count();
                let (n, m) = (within(row), within(background));
                let inside = if is_own { betas.get(n - 1, m) } else { -betas.get(n, m - 1) };
                let share = *weight * inside * betas.get(others(&own), others(&other));
                let start = *player as usize * *n_outputs + first;
                for (sum, value) in sums.iter_mut().skip(start).zip(values) {
                    *sum += share * value;
                }
            }
        }
    }
}

/// Sums of interactions over trees: shape `(n_players, n_players, n_outputs)`, upper triangle; the diagonal as
/// [`crate::interactions::Pairs::add`] has it.
pub(crate) struct Doubles<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) n_players: usize,
    pub(crate) n_outputs: usize,
    pub(crate) weight: f64,
    pub(crate) index: Interaction,
    pub(crate) betas: &'a Betas,
    pub(crate) sums: &'a mut [f64],
}

impl Doubles<'_> {
    fn add(&mut self, leaf: u32, i: u32, j: u32, share: f64) {
        let (i, j) = (i.min(j) as usize, i.max(j) as usize);
        let width = self.shape.width(self.n_outputs);
        let values = self.shape.values.get(leaf as usize * width..(leaf as usize + 1) * width).unwrap_or_default();
        let start = (i * self.n_players + j) * self.n_outputs + self.shape.output.unwrap_or(0);
        for (sum, value) in self.sums.iter_mut().skip(start).zip(values) {
            *sum += self.weight * share * value;
        }
    }

    /// Weight of a pair when `n` others must come from the row and `m` from the background.
    fn pair(&self, n: usize, m: usize) -> f64 {
        match self.index {
            Interaction::Shapley => self.betas.get(n, m),
            Interaction::ShapleyTaylor => 2.0 * self.betas.get(n, m + 1),
        }
    }
}

impl Reached for Doubles<'_> {
    fn leaf(&mut self, leaf: u32, row: &[u32], background: &[u32]) {
        let (n, m) = (row.len(), background.len());
        for (k, i) in row.iter().enumerate() {
            let single = match self.index {
                Interaction::Shapley => self.betas.get(n - 1, m),
                // The leaf is reached by this player alone.
                Interaction::ShapleyTaylor => f64::from(u8::from(n == 1)),
            };
            self.add(leaf, *i, *i, single);
            for j in row.iter().skip(k + 1) {
                self.add(leaf, *i, *j, self.pair(n - 2, m));
            }
            for j in background {
                self.add(leaf, *i, *j, -self.pair(n - 1, m - 1));
            }
        }
        for (k, i) in background.iter().enumerate() {
            let single = match self.index {
                Interaction::Shapley => self.betas.get(n, m - 1),
                // The leaf is reached by nobody, and no more once this player is there.
                Interaction::ShapleyTaylor => f64::from(u8::from(n == 0)),
            };
            self.add(leaf, *i, *i, -single);
            for j in background.iter().skip(k + 1) {
                self.add(leaf, *i, *j, self.pair(n, m - 2));
            }
        }
    }
}
