//! What is counted while rows go by.

use std::collections::BTreeMap;

use equipoise_data::{Bins, Column, MISSING, Rows, Target};
use equipoise_kernels::{Merge, Spread, Tally};

/// What one pass counts. Fixed before the pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// Number of labels: classes, or bins of a numeric target.
    pub(super) n_labels: usize,
    /// Bins of a numeric target.
    pub(super) target_bins: Option<Bins>,
    /// The columns whose values are counted by label, and how many values each has.
    pub(super) columns: Vec<(Source, usize)>,
    /// Groupings of the frame whose combinations are counted, with their numbers of groups.
    pub(super) joint: Vec<(usize, usize)>,
    /// Places among the asked columns whose missing values are counted.
    pub(super) holes: Vec<usize>,
    /// Groupings by which missing values are counted, with their numbers of groups.
    pub(super) hole_groupings: Vec<(usize, usize)>,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A grouping of the frame; missing values are among its groups.
    Grouping(usize),
    /// A place among the asked columns; missing values are counted after its levels.
    Asked(usize),
}

/// Counts of one part of the rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// By column: cell `value · n_labels + label`.
    columns: Vec<Cells>,
    /// By column and value: the target's mean; regression only.
    means: Vec<Vec<Spread>>,
    /// By combination, in mixed radix with the first grouping slowest.
    joint: BTreeMap<u64, Tally>,
    /// By column with holes: all rows, then by grouping; cell `group · 2 + is missing`.
    holes: Vec<Vec<Cells>>,
}

/// Counts of cells, with weights only where rows have them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cells {
    n: Vec<u64>,
    weights: Vec<(f64, f64)>,
}

/// Combinations up to this many are counted in an array.
const DENSE: u64 = 1 << 16;

impl Cells {
    fn new(len: usize, is_weighted: bool) -> Self {
        Self { n: vec![0; len], weights: if is_weighted { vec![(0.0, 0.0); len] } else { Vec::new() } }
    }

    fn push(&mut self, cells: impl Iterator<Item = usize>, weights: Option<&[f64]>) {
        match weights {
            None => {
                for cell in cells {
                    if let Some(n) = self.n.get_mut(cell) {
                        *n += 1;
                    }
                }
            }
            Some(weights) => {
                for (cell, weight) in cells.zip(weights) {
                    if let (Some(n), Some((w, ww))) = (self.n.get_mut(cell), self.weights.get_mut(cell)) {
                        *n += 1;
                        *w += weight;
                        *ww += weight * weight;
                    }
                }
            }
        }
    }

    fn get(&self, cell: usize) -> Tally {
        let n = self.n.get(cell).copied().unwrap_or_default();
        match self.weights.get(cell) {
            Some((w, ww)) => Tally { n, w: *w, ww: *ww },
            None => Tally::of(n),
        }
    }
}

impl Merge for Cells {
    fn merge_from(&mut self, other: Self) {
        let Self { n, weights } = other;
        for (mine, theirs) in self.n.iter_mut().zip(n) {
            *mine += theirs;
        }
        for ((w, ww), (other_w, other_ww)) in self.weights.iter_mut().zip(weights) {
            *w += other_w;
            *ww += other_ww;
        }
    }
}

impl Shape {
    /// Number of combinations; none when they do not fit 64 bits.
    pub(super) fn n_combinations(&self) -> Option<u64> {
        self.joint.iter().try_fold(1_u64, |n, (_, groups)| n.checked_mul(*groups as u64))
    }
}

impl Counts {
    pub(super) fn new(shape: &Shape, is_weighted: bool) -> Self {
        let n_values = |(source, n): &(Source, usize)| match source {
            Source::Grouping(_) => *n,
            Source::Asked(_) => n + 1,
        };
        let holes = |_: &usize| {
            let sizes = std::iter::once(1).chain(shape.hole_groupings.iter().map(|(_, n)| *n));
            sizes.map(|n| Cells::new(2 * n, is_weighted)).collect()
        };
        let means = |c| vec![Spread::default(); n_values(c)];
        Self {
            columns: shape.columns.iter().map(|c| Cells::new(n_values(c) * shape.n_labels, is_weighted)).collect(),
            means: if shape.target_bins.is_some() { shape.columns.iter().map(means).collect() } else { Vec::new() },
            joint: BTreeMap::new(),
            holes: shape.holes.iter().map(holes).collect(),
        }
    }

    /// Adds rows with the asked columns of the dataset.
    pub(super) fn push(&mut self, shape: &Shape, rows: &Rows<'_>, asked: &[Column]) {
        let binned: Vec<u16>;
        let labels = match (rows.truth, &shape.target_bins) {
            (Target::Class(classes), _) => classes,
            (Target::Value(values), Some(bins)) => {
                binned = values.iter().map(|y| u16::try_from(bins.bin(*y)).unwrap_or(u16::MAX)).collect();
                &binned
            }
            (Target::Value(_), None) => &[],
        };
        for (place, (source, n_values)) in shape.columns.iter().enumerate() {
            match source {
                Source::Grouping(grouping) => {
                    let values = rows.groups(*grouping).iter().map(|code| usize::from(*code).min(n_values - 1));
                    self.push_column(place, shape.n_labels, values, labels, rows);
                }
                Source::Asked(at) => {
                    if let Some(Column::Codes { codes, .. }) = asked.get(*at) {
                        let values = codes.iter().map(|code| (*code as usize).min(*n_values));
                        self.push_column(place, shape.n_labels, values, labels, rows);
                    }
                }
            }
        }
        self.push_holes(shape, rows, asked);
        self.push_joint(shape, rows);
    }

    fn push_column(
        &mut self,
        place: usize,
        n_labels: usize,
        values: impl Iterator<Item = usize> + Clone,
        labels: &[u16],
        rows: &Rows<'_>,
    ) {
        if let Some(cells) = self.columns.get_mut(place) {
            let pairs = values.clone().zip(labels);
            cells.push(pairs.map(|(value, label)| value * n_labels + usize::from(*label)), rows.weight);
        }
        if let Some(means) = self.means.get_mut(place) {
            for (i, (value, y)) in values.zip(rows.truth.values()).enumerate() {
                if let Some(spread) = means.get_mut(value) {
                    spread.push(rows.weight_at(i), *y);
                }
            }
        }
    }

    fn push_holes(&mut self, shape: &Shape, rows: &Rows<'_>, asked: &[Column]) {
        for (at, counted) in shape.holes.iter().zip(&mut self.holes) {
            let is_missing: Vec<bool> = match asked.get(*at) {
                Some(Column::Codes { codes, .. }) => codes.iter().map(|c| *c == MISSING).collect(),
                Some(Column::Number(values)) => values.iter().map(|x| x.is_nan()).collect(),
                None => continue,
            };
            let mut counted = counted.iter_mut();
            if let Some(cells) = counted.next() {
                cells.push(is_missing.iter().map(|m| usize::from(*m)), rows.weight);
            }
            for ((grouping, n_groups), cells) in shape.hole_groupings.iter().zip(counted) {
                let groups = rows.groups(*grouping).iter().map(|code| usize::from(*code).min(n_groups - 1));
                cells.push(groups.zip(&is_missing).map(|(group, m)| group * 2 + usize::from(*m)), rows.weight);
            }
        }
    }

    fn push_joint(&mut self, shape: &Shape, rows: &Rows<'_>) {
        let Some(n) = shape.n_combinations() else { return };
        if shape.joint.is_empty() {
            return;
        }
        let mut keys = vec![0_u64; rows.len()];
        for (grouping, n_groups) in &shape.joint {
            for (key, code) in keys.iter_mut().zip(rows.groups(*grouping)) {
                *key = *key * *n_groups as u64 + u64::from(*code).min(*n_groups as u64 - 1);
            }
        }
        if n > DENSE {
            for (i, key) in keys.into_iter().enumerate() {
                self.joint.entry(key).or_default().push(rows.weight_at(i));
            }
            return;
        }
        #[allow(clippy::cast_possible_truncation, reason = "below 2^16")]
        let mut dense = Cells::new(n as usize, rows.weight.is_some());
        #[allow(clippy::cast_possible_truncation, reason = "below 2^16")]
        dense.push(keys.into_iter().map(|key| key as usize), rows.weight);
        for (cell, _) in dense.n.iter().enumerate().filter(|(_, n)| **n > 0) {
            self.joint.entry(cell as u64).or_default().merge_from(dense.get(cell));
        }
    }

    /// Rows of a value of a column by label.
    pub(super) fn labels(&self, shape: &Shape, column: usize, value: usize) -> Vec<Tally> {
        let cells = self.columns.get(column);
        (0..shape.n_labels)
            .map(|label| cells.map(|c| c.get(value * shape.n_labels + label)).unwrap_or_default())
            .collect()
    }

    /// The target's mean at a value of a column; regression only.
    pub(super) fn mean(&self, column: usize, value: usize) -> Spread {
        self.means.get(column).and_then(|m| m.get(value)).copied().unwrap_or_default()
    }

    /// Rows by combination, those that occur, in order.
    pub(super) fn joint(&self) -> &BTreeMap<u64, Tally> {
        &self.joint
    }

    /// Rows with and without a value in a column with holes.
    pub(super) fn hole(&self, column: usize) -> (Tally, Tally) {
        self.hole_in(column, 0, 0)
    }

    /// Rows of a group with and without a value in a column with holes.
    pub(super) fn hole_of(&self, column: usize, grouping: usize, group: usize) -> (Tally, Tally) {
        self.hole_in(column, grouping + 1, group)
    }

    fn hole_in(&self, column: usize, place: usize, group: usize) -> (Tally, Tally) {
        let cells = self.holes.get(column).and_then(|c| c.get(place));
        cells.map(|c| (c.get(group * 2), c.get(group * 2 + 1))).unwrap_or_default()
    }
}

impl Merge for Counts {
    fn merge_from(&mut self, other: Self) {
        let Self { columns, means, joint, holes } = other;
        self.columns.merge_from(columns);
        self.means.merge_from(means);
        self.joint.merge_from(joint);
        self.holes.merge_from(holes);
    }
}
