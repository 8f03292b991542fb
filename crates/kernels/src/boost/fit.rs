//! The fit: what may be set, the rounds, and early stopping.

use super::Loss;
use super::bins::Binned;
use super::grow::{Ground, Grown};
use super::histogram::offsets;
use super::tree::Boosted;
use crate::{Draws, Stop, split_mix};

/// What is boosted, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Boosting {
    /// The loss.
    pub loss: Loss,
    /// Largest number of trees.
    pub n_trees: u32,
    /// Share of each tree's step that is taken.
    pub learning_rate: f64,
    /// Largest number of leaves of a tree.
    pub max_leaves: usize,
    /// Largest number of splits between root and leaf.
    pub max_depth: u32,
    /// Smallest number of rows in a leaf.
    pub min_leaf_rows: u64,
    /// Smallest sum of second derivatives in a leaf.
    pub min_leaf_weight: f64,
    /// Smallest gain of a split.
    pub min_gain: f64,
    /// Added to the second derivatives of a leaf.
    pub l2: f64,
    /// Share of the rows that each tree sees, drawn anew.
    pub row_share: f64,
    /// Share of the columns that each tree sees, drawn anew.
    pub column_share: f64,
    /// Trees without a smaller loss on the watched rows after which no more are grown; none to grow all.
    pub patience: Option<u32>,
    /// Seed of rows and columns that are drawn.
    pub seed: u64,
}

/// Loss on the watched rows before the first tree and after each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Weighted mean loss (half the squared error, or the log loss).
    pub losses: Vec<f64>,
}

/// What cannot be boosted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoostError {
    /// There are no columns or no rows.
    #[error("there are no rows or no columns to learn from")]
    Empty,
    /// Lengths differ.
    #[error("a {what} has {found} values for {expected} rows")]
    Lengths {
        /// What.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The number of rows.
        expected: usize,
    },
    /// A target or weight that is not usable.
    #[error("the {what} of row {row} is not usable: {value}")]
    Value {
        /// What.
        what: &'static str,
        /// The row.
        row: u32,
        /// What it is.
        value: String,
    },
}

impl Default for Boosting {
    fn default() -> Self {
        Self {
            loss: Loss::Squared,
            n_trees: 200,
            learning_rate: 0.1,
            max_leaves: 15,
            max_depth: 16,
            min_leaf_rows: 20,
            min_leaf_weight: 1e-3,
            min_gain: 0.0,
            l2: 0.0,
            row_share: 1.0,
            column_share: 1.0,
            patience: None,
            seed: 0,
        }
    }
}

impl Trace {
    /// The number of trees with the smallest loss; the smallest of equal ones.
    #[must_use]
    pub fn best(&self) -> usize {
        let mut best = (0, f64::INFINITY);
        for (n_trees, loss) in self.losses.iter().enumerate() {
            if *loss < best.1 {
                best = (n_trees, *loss);
            }
        }
        best.0
    }
}

impl Boosting {
    /// Fits all trees on the given rows (ascending).
    ///
    /// # Errors
    /// When a target or weight of one of the rows cannot be used.
    pub fn fit(
        &self,
        data: &Binned,
        target: &[f64],
        weight: Option<&[f64]>,
        rows: &[u32],
    ) -> Result<Boosted, BoostError> {
        Ok(self.run(data, target, weight, rows, &[])?.0)
    }

    /// Fits while the loss on the watched rows is followed; with a patience the trees after the best are dropped.
    ///
    /// # Errors
    /// When a target or weight of one of the rows cannot be used.
    pub fn fit_watched(
        &self,
        data: &Binned,
        target: &[f64],
        weight: Option<&[f64]>,
        rows: &[u32],
        watched: &[u32],
    ) -> Result<(Boosted, Trace), BoostError> {
        let (mut model, trace) = self.run(data, target, weight, rows, watched)?;
        if self.patience.is_some() && !watched.is_empty() {
            model.trees.truncate(trace.best());
        }
        Ok((model, trace))
    }

    /// As [`Boosting::fit_watched`], with every tree that was grown: whoever compares several fits chooses one number of
    /// trees for all of them.
    ///
    /// # Errors
    /// When a target or weight of one of the rows cannot be used.
    pub fn run(
        &self,
        data: &Binned,
        target: &[f64],
        weight: Option<&[f64]>,
        rows: &[u32],
        watched: &[u32],
    ) -> Result<(Boosted, Trace), BoostError> {
        self.run_until(Stop::never(), data, target, weight, rows, watched)
    }

    /// As [`Boosting::run`], with no further tree once that is asked.
    ///
    /// # Errors
    /// When a target or weight of one of the rows cannot be used.
    pub fn run_until(
        &self,
        stop: Stop<'_>,
        data: &Binned,
        target: &[f64],
        weight: Option<&[f64]>,
        rows: &[u32],
        watched: &[u32],
    ) -> Result<(Boosted, Trace), BoostError> {
        self.check(data, target, weight, rows)?;
        self.check(data, target, weight, watched).or_else(|e| if e == BoostError::Empty { Ok(()) } else { Err(e) })?;
        let weight_of = |row: u32| weight.map_or(1.0, |w| w.get(row as usize).copied().unwrap_or(0.0));
        let target_of = |row: u32| target.get(row as usize).copied().unwrap_or(0.0);
        let total: f64 = rows.iter().map(|row| weight_of(*row)).sum();
        let mean = rows.iter().map(|row| weight_of(*row) * target_of(*row)).sum::<f64>() / total;
        let base = self.loss.base(mean);
        let mut model = Boosted { loss: self.loss, base, trees: Vec::new() };
        let mut trace = Trace::default();
        let mut watched_scores = vec![base; watched.len()];
        let watched_weight: f64 = watched.iter().map(|row| weight_of(*row)).sum();
        let watch = |scores: &[f64], trace: &mut Trace| {
            if !watched.is_empty() {
                let sum: f64 =
                    watched.iter().zip(scores).map(|(r, s)| weight_of(*r) * self.loss.of(target_of(*r), *s)).sum();
                trace.losses.push(sum / watched_weight);
            }
        };
        watch(&watched_scores, &mut trace);
        let (offsets, n_cells) = offsets(data);
        let ground = Ground { data, offsets: &offsets, n_cells, task: self };
        let mut scores = vec![base; data.n_rows()];
        let mut derivatives = vec![(0.0, 0.0); data.n_rows()];
        for round in 0..self.n_trees {
            self.derive(rows, target, weight, &scores, &mut derivatives);
            let drawn = self.draw_rows(rows, round);
            let columns = self.draw_columns(data.n_columns(), round);
            let grown = ground.grow(drawn.as_deref().unwrap_or(rows), &derivatives, &columns);
            if grown.leaves.len() < 2 && drawn.is_none() && self.column_share >= 1.0 {
                // Nothing gains any more; the next round would find the same.
                break;
            }
            self.add(&grown, data, rows, drawn.is_some(), &mut scores);
            for (score, row) in watched_scores.iter_mut().zip(watched) {
                *score += grown.tree.value_of_bytes(data.row(*row as usize));
            }
            model.trees.push(grown.tree);
            watch(&watched_scores, &mut trace);
            let stale = trace.losses.len().saturating_sub(1 + trace.best());
            if stop.is_asked() {
                break;
            }
            if !watched.is_empty() && self.patience.is_some_and(|p| stale >= p as usize) {
                break;
            }
        }
        Ok((model, trace))
    }

    fn check(&self, data: &Binned, target: &[f64], weight: Option<&[f64]>, rows: &[u32]) -> Result<(), BoostError> {
        let n = data.n_rows();
        for (what, found) in [("target", target.len()), ("weight", weight.map_or(n, <[f64]>::len))] {
            if found != n {
                return Err(BoostError::Lengths { what, found, expected: n });
            }
        }
        if rows.is_empty() {
            return Err(BoostError::Empty);
        }
        for row in rows {
            let fail = |what, value: String| Err(BoostError::Value { what, row: *row, value });
            match target.get(*row as usize) {
                Some(y) if self.loss == Loss::Logistic && !(0.0..=1.0).contains(y) => {
                    return fail("target", y.to_string());
                }
                Some(y) if y.is_finite() => {}
                Some(y) => return fail("target", y.to_string()),
                None => return fail("row", format!("there are {n} rows")),
            }
            match weight.map(|w| w.get(*row as usize).copied().unwrap_or(f64::NAN)) {
                Some(w) if !(w >= 0.0 && w.is_finite()) => return fail("weight", w.to_string()),
                _ => {}
            }
        }
        Ok(())
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop: rows were checked when the fit started")]
    fn derive(&self, rows: &[u32], target: &[f64], weight: Option<&[f64]>, scores: &[f64], out: &mut [(f64, f64)]) {
        for row in rows {
            let row = *row as usize;
            let (g, h) = self.loss.derivatives(target[row], scores[row]);
            out[row] = weight.map_or((g, h), |w| (w[row] * g, w[row] * h));
        }
    }

    #[allow(clippy::indexing_slicing, reason = "hot loop: ranges lie inside the order, rows inside the data")]
    fn add(&self, grown: &Grown, data: &Binned, rows: &[u32], is_drawn: bool, scores: &mut [f64]) {
        if is_drawn {
            for row in rows {
                scores[*row as usize] += grown.tree.value_of_bytes(data.row(*row as usize));
            }
            return;
        }
        for (value, range) in &grown.leaves {
            for row in &grown.order[range.clone()] {
                scores[*row as usize] += value;
            }
        }
    }

    fn draw_rows(&self, rows: &[u32], round: u32) -> Option<Vec<u32>> {
        if self.row_share >= 1.0 {
            return None;
        }
        let key = split_mix(self.seed ^ split_mix(u64::from(round)));
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
        let uniform = |row: u32| (split_mix(key ^ u64::from(row)) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0);
        let drawn: Vec<u32> = rows.iter().copied().filter(|row| uniform(*row) < self.row_share).collect();
        (!drawn.is_empty()).then_some(drawn)
    }

    fn draw_columns(&self, n_columns: usize, round: u32) -> Vec<bool> {
        if self.column_share >= 1.0 {
            return vec![true; n_columns];
        }
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few columns"
        )]
        let wanted = (libm::ceil(self.column_share * n_columns as f64) as usize).clamp(1, n_columns.max(1));
        let mut draws = Draws::new(self.seed, "boost.columns", u64::from(round));
        let mut order: Vec<usize> = (0..n_columns).collect();
        for i in 0..wanted {
            let j = i + usize::try_from(draws.below((n_columns - i) as u64)).unwrap_or(0);
            order.swap(i, j);
        }
        let mut may = vec![false; n_columns];
        order.iter().take(wanted).for_each(|c| {
            if let Some(place) = may.get_mut(*c) {
                *place = true;
            }
        });
        may
    }
}
