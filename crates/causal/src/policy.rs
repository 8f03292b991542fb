//! Whom to treat: the shallow tree with the largest mean reward (Athey & Wager 2021, doi:10.3982/ECTA15732; exact search as
//! Sverdrup et al. 2020, doi:10.21105/joss.02232).
//!
//! Two levels are searched completely over binned features: for every pair of features one table of rewards by both
//! bins holds every tree whose root parts by the one and whose child parts by the other. The cost is one pass over the
//! rows per pair and a walk over the table, whatever the number of rows.

use equipoise_kernels::boost::Binned;

use crate::{CausalError, Folds, Rows};

/// What a tree may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyOptions {
    /// Splits between root and leaf; two are searched completely, a deeper tree looks two levels ahead at every split.
    pub max_depth: u32,
    /// Smallest number of rows in a leaf.
    pub min_leaf_rows: u64,
    /// What a split must add to the mean reward.
    pub min_gain: f64,
}

/// A node of a policy.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyNode {
    /// Rows whose bin of `column` is at most `bin` go to the left; missing values do too.
    Split {
        /// The feature.
        column: usize,
        /// The last bin of the left side.
        bin: usize,
        /// Its upper edge: `x ≤ threshold` goes to the left.
        threshold: f64,
        /// Place of the left child.
        left: usize,
        /// Place of the right child.
        right: usize,
        /// Rows.
        n: u64,
    },
    /// What is done.
    Leaf {
        /// The action.
        action: usize,
        /// Rows.
        n: u64,
        /// Mean reward of the action on them.
        reward: f64,
    },
}

/// A tree of actions; the root is the first node.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The nodes; a child stands behind its parent.
    pub nodes: Vec<PolicyNode>,
}

/// Mean reward of a policy on rows it was not chosen on, and how it compares with fixed actions.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyValue {
    /// Mean reward and standard error.
    pub value: (f64, f64),
    /// Gain against each action given to everybody, with its standard error.
    pub gains: Vec<(f64, f64)>,
}

/// A best split of some rows and what it is worth.
#[derive(Clone, Copy)]
struct Best {
    column: usize,
    bin: usize,
    value: f64,
}

struct Search<'a> {
    data: &'a Binned,
    /// Reward of each action, row by row.
    rewards: &'a [f64],
    actions: usize,
    options: PolicyOptions,
    rows: Rows<'a>,
}

impl Policy {
    /// The best tree over some rows; `rewards` holds `actions` numbers per row.
    #[must_use]
    pub fn fit(
        data: &Binned,
        rewards: &[f64],
        actions: usize,
        among: &[u32],
        options: PolicyOptions,
        rows: Rows<'_>,
    ) -> Self {
        let search = Search { data, rewards, actions, options, rows };
        let mut nodes = Vec::new();
        search.grow(among, options.max_depth, &mut nodes);
        Self { nodes }
    }

    /// The action for a row.
    #[must_use]
    pub fn action(&self, data: &Binned, row: usize) -> usize {
        let mut place = 0;
        loop {
            match self.nodes.get(place) {
                Some(PolicyNode::Split { column, bin, left, right, .. }) => {
                    let here = data.bytes(row).get(*column).copied().map_or(0, usize::from);
                    place = if here <= *bin { *left } else { *right };
                }
                Some(PolicyNode::Leaf { action, .. }) => return *action,
                None => return 0,
            }
        }
    }
}

/// Mean reward of chosen actions and its gain against each fixed action.
#[must_use]
pub fn evaluate(chosen: &[usize], rewards: &[f64], actions: usize, rows: Rows<'_>) -> PolicyValue {
    let reward = |row: usize, action: usize| rewards.get(row * actions + action).copied().unwrap_or(0.0);
    let of = |values: &[f64]| {
        let mean = rows.mean(values);
        (mean, rows.standard_error(&values.iter().map(|x| x - mean).collect::<Vec<f64>>()))
    };
    let own: Vec<f64> = chosen.iter().enumerate().map(|(row, action)| reward(row, *action)).collect();
    let gains = (0..actions)
        .map(|fixed| of(&own.iter().enumerate().map(|(row, own)| own - reward(row, fixed)).collect::<Vec<f64>>()))
        .collect();
    PolicyValue { value: of(&own), gains }
}

/// The value of the procedure on rows it has not seen: each fold gets the actions of a tree found on the others.
///
/// # Errors
/// When there are too few rows.
pub fn held_out(
    data: &Binned,
    rewards: &[f64],
    actions: usize,
    folds: &Folds,
    options: PolicyOptions,
    rows: Rows<'_>,
) -> Result<PolicyValue, CausalError> {
    let mut chosen = vec![0; data.n_rows()];
    for fold in 0..folds.k() {
        let tree = Policy::fit(data, rewards, actions, &folds.outside(fold, None), options, rows);
        for row in folds.inside(fold, None) {
            if let Some(place) = chosen.get_mut(row as usize) {
                *place = tree.action(data, row as usize);
            }
        }
    }
    Ok(evaluate(&chosen, rewards, actions, rows))
}

impl Search<'_> {
    #[allow(clippy::indexing_slicing, reason = "hot loop: every row has all its actions")]
    fn totals(&self, among: &[u32]) -> (Vec<f64>, f64) {
        let (mut sums, mut weight) = (vec![0.0; self.actions], 0.0);
        for row in among {
            let row = *row as usize;
            let w = self.rows.weight_of(row);
            weight += w;
            for (sum, r) in sums.iter_mut().zip(&self.rewards[row * self.actions..]) {
                *sum += w * r;
            }
        }
        (sums, weight)
    }

    /// Grows a tree below a new node and returns its place.
    fn grow(&self, among: &[u32], depth: u32, nodes: &mut Vec<PolicyNode>) -> usize {
        let place = nodes.len();
        let (sums, weight) = self.totals(among);
        let (action, best) = largest(&sums);
        nodes.push(PolicyNode::Leaf { action, n: among.len() as u64, reward: best / weight });
        if depth == 0 || (among.len() as u64) < 2 * self.options.min_leaf_rows {
            return place;
        }
        let found = if depth == 1 { self.one_level(among) } else { self.two_levels(among) };
        let Some(split) = found.filter(|f| f.value > best + self.options.min_gain * weight) else { return place };
        let goes_left = |row: &u32| {
            self.data.bytes(*row as usize).get(split.column).is_some_and(|bin| usize::from(*bin) <= split.bin)
        };
        let (left, right): (Vec<u32>, Vec<u32>) = among.iter().copied().partition(goes_left);
        let left = self.grow(&left, depth - 1, nodes);
        let right = self.grow(&right, depth - 1, nodes);
        // Two leaves that do the same are one.
        let same = match (nodes.get(left), nodes.get(right)) {
            (Some(PolicyNode::Leaf { action: a, .. }), Some(PolicyNode::Leaf { action: b, .. })) => a == b,
            _ => false,
        };
        if same {
            nodes.truncate(place + 1);
            return place;
        }
        let threshold = self.data.upper_edge(split.column, split.bin).unwrap_or(f64::INFINITY);
        if let Some(node) = nodes.get_mut(place) {
            *node = PolicyNode::Split {
                column: split.column,
                bin: split.bin,
                threshold,
                left,
                right,
                n: among.len() as u64,
            };
        }
        place
    }

    /// The best split into two actions.
    #[allow(clippy::indexing_slicing, reason = "hot loop: a bin is below its column's number of bins")]
    fn one_level(&self, among: &[u32]) -> Option<Best> {
        let a = self.actions;
        let (total, _) = self.totals(among);
        let mut best: Option<Best> = None;
        for column in 0..self.data.n_columns() {
            let bins = self.data.n_bins_of(column);
            let (mut sums, mut counts) = (vec![0.0; bins * a], vec![0_u64; bins]);
            for row in among {
                let row = *row as usize;
                let bin = usize::from(self.data.bytes(row)[column]);
                counts[bin] += 1;
                let w = self.rows.weight_of(row);
                for k in 0..a {
                    sums[bin * a + k] += w * self.rewards[row * a + k];
                }
            }
            let (mut left, mut n_left) = (vec![0.0; a], 0);
            for bin in 0..bins.saturating_sub(1) {
                left.iter_mut().zip(&sums[bin * a..]).for_each(|(l, s)| *l += s);
                n_left += counts[bin];
                let n_right = among.len() as u64 - n_left;
                if n_left < self.options.min_leaf_rows || n_right < self.options.min_leaf_rows || counts[bin] == 0 {
                    continue;
                }
                let right = total.iter().zip(&left).map(|(t, l)| t - l).fold(f64::NEG_INFINITY, f64::max);
                let value = largest(&left).1 + right;
                if best.is_none_or(|b| value > b.value) {
                    best = Some(Best { column, bin, value });
                }
            }
        }
        best
    }

    /// The root of the best tree of two levels.
    #[allow(clippy::indexing_slicing, reason = "hot loop over tables of bins × bins × actions")]
    fn two_levels(&self, among: &[u32]) -> Option<Best> {
        let (a, p) = (self.actions, self.data.n_columns());
        let n = among.len() as u64;
        // Value of the best tree below each side of a root split, for every column and bin; a side may stay a leaf.
        let mut sides: Vec<Vec<[f64; 2]>> =
            (0..p).map(|c| vec![[f64::NEG_INFINITY; 2]; self.data.n_bins_of(c)]).collect();
        let mut counts: Vec<Vec<u64>> = (0..p).map(|c| vec![0; self.data.n_bins_of(c)]).collect();
        for row in among {
            for (count, bin) in counts.iter_mut().zip(self.data.bytes(*row as usize)) {
                count[usize::from(*bin)] += 1;
            }
        }
        let (width, mut table, mut numbers) = (a + 1, Vec::new(), Vec::new());
        for root in 0..p {
            for child in 0..p {
                if self.rows.stop.is_asked() {
                    return None;
                }
                let (rb, cb) = (self.data.n_bins_of(root), self.data.n_bins_of(child));
                table.clear();
                table.resize(rb * cb * width, 0.0);
                numbers.clear();
                numbers.resize(rb * cb, 0_u64);
                for row in among {
                    let row = *row as usize;
                    let bytes = self.data.bytes(row);
                    let cell = usize::from(bytes[root]) * cb + usize::from(bytes[child]);
                    numbers[cell] += 1;
                    let w = self.rows.weight_of(row);
                    for k in 0..a {
                        table[cell * width + k] += w * self.rewards[row * a + k];
                    }
                }
                self.walk(&table, &numbers, (rb, cb), &mut sides[root]);
            }
        }
        let mut best: Option<Best> = None;
        for column in 0..p {
            let mut n_left = 0;
            for (bin, [left, right]) in sides[column].iter().enumerate() {
                n_left += counts[column][bin];
                let is_last = bin + 1 == sides[column].len();
                if is_last || counts[column][bin] == 0 || n_left < self.options.min_leaf_rows {
                    continue;
                }
                let value = left + right;
                if n - n_left >= self.options.min_leaf_rows && best.is_none_or(|b| value > b.value) {
                    best = Some(Best { column, bin, value });
                }
            }
        }
        best
    }

    /// Raises the value of both sides of every root bin by the best split of the child column.
    #[allow(clippy::indexing_slicing, reason = "hot loop over tables of bins × bins × actions")]
    fn walk(&self, table: &[f64], numbers: &[u64], (rb, cb): (usize, usize), sides: &mut [[f64; 2]]) {
        let (a, width) = (self.actions, self.actions + 1);
        let (mut total, mut n_total) = (vec![0.0; cb * a], vec![0_u64; cb]);
        for r in 0..rb {
            for c in 0..cb {
                n_total[c] += numbers[r * cb + c];
                for k in 0..a {
                    total[c * a + k] += table[(r * cb + c) * width + k];
                }
            }
        }
        let (mut above, mut n_above) = (vec![0.0; cb * a], vec![0_u64; cb]);
        let (mut below, mut n_below) = (total.clone(), n_total.clone());
        let mut scratch = vec![0.0; 2 * a];
        for r in 0..rb.saturating_sub(1) {
            let mut any = false;
            for c in 0..cb {
                let n = numbers[r * cb + c];
                if n > 0 {
                    any = true;
                    n_above[c] += n;
                    n_below[c] -= n;
                    for k in 0..a {
                        above[c * a + k] += table[(r * cb + c) * width + k];
                        below[c * a + k] -= table[(r * cb + c) * width + k];
                    }
                }
            }
            if any {
                sides[r][0] = sides[r][0].max(self.best_of(&above, &n_above, &mut scratch));
                sides[r][1] = sides[r][1].max(self.best_of(&below, &n_below, &mut scratch));
            }
        }
    }

    /// The best split of one side by one column, or the side as one leaf.
    #[allow(clippy::indexing_slicing, reason = "hot loop over bins × actions")]
    fn best_of(&self, sums: &[f64], counts: &[u64], scratch: &mut [f64]) -> f64 {
        let a = self.actions;
        let (left, all) = scratch.split_at_mut(a);
        left.fill(0.0);
        all.fill(0.0);
        for bin in sums.chunks_exact(a) {
            all.iter_mut().zip(bin).for_each(|(t, s)| *t += s);
        }
        let n: u64 = counts.iter().sum();
        let mut best = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut n_left = 0;
        for (bin, count) in sums.chunks_exact(a).zip(counts) {
            if *count == 0 {
                continue;
            }
            left.iter_mut().zip(bin).for_each(|(l, s)| *l += s);
            n_left += count;
            if n_left >= self.options.min_leaf_rows && n - n_left >= self.options.min_leaf_rows && n_left < n {
                let (mut best_left, mut best_right) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
                for k in 0..a {
                    best_left = best_left.max(left[k]);
                    best_right = best_right.max(all[k] - left[k]);
                }
                best = best.max(best_left + best_right);
            }
        }
        best
    }
}

/// The first largest of some numbers.
fn largest(values: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (i, value) in values.iter().enumerate() {
        if *value > best.1 {
            best = (i, *value);
        }
    }
    best
}
