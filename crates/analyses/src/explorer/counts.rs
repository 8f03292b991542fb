//! What one pass counts of each column, alone and against the target.

use equipoise_data::{Column, MISSING, Rows, Target};
use equipoise_kernels::{Merge, Tally, split_mix};

use super::grid::Grid;
use super::moments::Moments;
use super::sketch::{Distinct, Frequent, HASH_MISSING, hash_number, hash_text};

/// Classes that are told apart where columns are held against the target; the later ones are one.
pub(super) const MOST_LABELS: usize = 32;

/// How the values of one column become cells. Fixed before the pass.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Place of the column in the data set.
    pub(super) place: usize,
    pub(super) cut: Cut,
    /// Where sums of numbers are centred.
    pub(super) shift: f64,
    /// Seed of the column's share in the hashes of rows.
    pub(super) seed: u64,
    /// Whether it enters the hash of a row's features.
    pub(super) is_feature: bool,
    /// Whether it enters the hash of a row's columns.
    pub(super) is_content: bool,
}

/// Cells of a column; one more holds missing values.
#[derive(Clone, Debug)]
pub(super) enum Cut {
    /// Numbers on a grid, with the group of each cell (missing values: the last) by which a numeric target is averaged.
    Grid(Grid, Vec<u16>),
    /// Hash of each level.
    Levels(Vec<u64>),
    /// Text: no cells but "has a value" and "has none".
    Text,
}

/// Counts of cells, with weights only where rows have them.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    n: Vec<u32>,
    weights: Vec<[f64; 2]>,
}

/// Sums of a numeric target in one group: rows, `Σw, Σw², Σw·y, Σw·y²` about a shift.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetSums {
    pub(super) tally: Tally,
    pub(super) first: f64,
    pub(super) second: f64,
}

/// What was counted of one column.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    /// Cell `c·n_labels + label`.
    cells: Cells,
    n_labels: usize,
    /// Where the sums of a numeric target are centred.
    pub(super) target_shift: f64,
    pub(super) moments: Moments,
    /// By group of cells: the numeric target. Empty for classes.
    pub(super) targets: Vec<TargetSums>,
    pub(super) distinct: Distinct,
    pub(super) frequent: Frequent,
    /// Sum over rows of a hash of value and row: equal columns have equal sums.
    pub(super) column_hash: u64,
}

/// What was counted of a batch of columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) columns: Vec<Counted>,
    /// Share of these columns in the hash of each row's features.
    pub(super) features: Vec<u64>,
    /// The same of all columns but those that name, weigh or foretell.
    pub(super) rows: Vec<u64>,
    /// Hash of each row's truth.
    pub(super) truths: Vec<u64>,
}

/// How a pass is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Labels that are told apart: the classes, or one for a numeric target.
    pub(super) n_labels: usize,
    /// Where a numeric target is centred; none for classes.
    pub(super) target_shift: Option<f64>,
    pub(super) is_weighted: bool,
    /// Whether rows are hashed to find copies.
    pub(super) hashes_rows: bool,
    /// Whether the truth is hashed too.
    pub(super) hashes_truth: bool,
}

impl Cut {
    /// Number of cells, that of missing values last.
    pub(super) fn n_cells(&self) -> usize {
        match self {
            Self::Grid(grid, _) => grid.n_cells() + 1,
            Self::Levels(hashes) => hashes.len() + 1,
            Self::Text => 2,
        }
    }

    fn n_groups(&self) -> usize {
        match self {
            Self::Grid(_, groups) => groups.iter().max().map_or(1, |g| usize::from(*g) + 1),
            Self::Levels(hashes) => hashes.len() + 1,
            Self::Text => 2,
        }
    }
}

impl Plan {
    /// Bytes of a state of this column.
    pub(super) fn bytes(&self, way: Way) -> usize {
        let per_cell = 4 + if way.is_weighted { 16 } else { 0 };
        let targets = if way.target_shift.is_some() { self.cut.n_groups() * size_of::<TargetSums>() } else { 0 };
        self.cut.n_cells() * way.n_labels * per_cell + targets + 1_024
    }
}

impl Cells {
    pub(super) fn new(len: usize, is_weighted: bool) -> Self {
        Self { n: vec![0; len], weights: if is_weighted { vec![[0.0; 2]; len] } else { Vec::new() } }
    }

    #[inline]
    pub(super) fn push(&mut self, cell: usize, w: Option<f64>) {
        if let Some(n) = self.n.get_mut(cell) {
            *n += 1;
        }
        if let Some(w) = w
            && let Some([sum, squares]) = self.weights.get_mut(cell)
        {
            *sum += w;
            *squares += w * w;
        }
    }

    pub(super) fn get(&self, cell: usize) -> Tally {
        let n = u64::from(self.n.get(cell).copied().unwrap_or(0));
        match self.weights.get(cell) {
            Some([w, ww]) => Tally { n, w: *w, ww: *ww },
            None => Tally::of(n),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.n.len()
    }
}

impl Merge for Cells {
    fn merge_from(&mut self, other: Self) {
        if self.n.is_empty() {
            *self = other;
            return;
        }
        self.n.iter_mut().zip(other.n).for_each(|(mine, theirs)| *mine += theirs);
        self.weights.iter_mut().zip(other.weights).for_each(|([w, ww], [more, more_ww])| {
            *w += more;
            *ww += more_ww;
        });
    }
}

impl TargetSums {
    #[inline]
    fn push(&mut self, d: f64, w: f64) {
        self.tally.push(w);
        self.first += w * d;
        self.second += w * d * d;
    }
}

impl Merge for TargetSums {
    fn merge_from(&mut self, other: Self) {
        self.tally.merge_from(other.tally);
        self.first += other.first;
        self.second += other.second;
    }
}

impl Counted {
    fn new(plan: &Plan, way: Way) -> Self {
        let groups = if way.target_shift.is_some() { plan.cut.n_groups() } else { 0 };
        Self {
            cells: Cells::new(plan.cut.n_cells() * way.n_labels, way.is_weighted),
            n_labels: way.n_labels,
            target_shift: way.target_shift.unwrap_or(0.0),
            moments: Moments::about(plan.shift),
            targets: vec![TargetSums::default(); groups],
            ..Self::default()
        }
    }

    pub(super) fn n_cells(&self) -> usize {
        self.cells.len() / self.n_labels.max(1)
    }

    /// Number of labels that are told apart.
    pub(super) fn n_labels(&self) -> usize {
        self.n_labels
    }

    /// Rows of a cell with a label.
    pub(super) fn at(&self, cell: usize, label: usize) -> Tally {
        self.cells.get(cell * self.n_labels + label)
    }

    /// Rows of a cell.
    pub(super) fn cell(&self, cell: usize) -> Tally {
        (0..self.n_labels).map(|label| self.at(cell, label)).sum()
    }

    /// Rows without a value.
    pub(super) fn missing(&self) -> Tally {
        self.n_cells().checked_sub(1).map_or_else(Tally::default, |last| self.cell(last))
    }

    /// Rows of every cell that holds values.
    pub(super) fn values(&self) -> Vec<Tally> {
        (0..self.n_cells().saturating_sub(1)).map(|cell| self.cell(cell)).collect()
    }
}

impl Merge for Counted {
    fn merge_from(&mut self, other: Self) {
        let Self { cells, n_labels, target_shift, moments, targets, distinct, frequent, column_hash } = other;
        self.cells.merge_from(cells);
        self.n_labels = n_labels;
        self.target_shift = target_shift;
        self.moments.merge_from(moments);
        self.targets.merge_from(targets);
        self.distinct.merge_from(distinct);
        self.frequent.merge_from(frequent);
        self.column_hash = self.column_hash.wrapping_add(column_hash);
    }
}

impl Counts {
    pub(super) fn new(plans: &[Plan], way: Way) -> Self {
        Self {
            columns: plans.iter().map(|plan| Counted::new(plan, way)).collect(),
            features: Vec::new(),
            rows: Vec::new(),
            truths: Vec::new(),
        }
    }

    /// Takes in some rows with the planned columns in order.
    pub(super) fn push(&mut self, plans: &[Plan], way: Way, rows: &Rows<'_>, columns: &[Column]) {
        let n = rows.len();
        let from = self.rows.len();
        if way.hashes_rows {
            self.rows.resize(from + n, 0);
            self.features.resize(from + n, 0);
        }
        if way.hashes_truth {
            match rows.truth {
                Target::Class(codes) => self.truths.extend(codes.iter().map(|c| split_mix(u64::from(*c)))),
                Target::Value(values) => self.truths.extend(values.iter().map(|y| hash_number(*y))),
            }
        }
        let labels: Vec<u16> = match rows.truth {
            Target::Class(codes) if way.n_labels > 1 => {
                let last = u16::try_from(way.n_labels - 1).unwrap_or(u16::MAX);
                codes.iter().map(|c| (*c).min(last)).collect()
            }
            _ => vec![0; n],
        };
        let row_mixes: Vec<u64> = (0..n).map(|i| split_mix(rows.id(i))).collect();
        for ((plan, counted), column) in plans.iter().zip(&mut self.columns).zip(columns) {
            let hashes = counted.push(plan, way, rows, column, &labels);
            let mixed = hashes.iter().zip(&row_mixes).map(|(hash, mix)| split_mix(hash ^ mix));
            counted.column_hash = mixed.fold(counted.column_hash, u64::wrapping_add);
            if way.hashes_rows && (plan.is_content || plan.is_feature) {
                let both = self.rows.iter_mut().zip(&mut self.features).skip(from);
                for ((row, features), hash) in both.zip(&hashes) {
                    let share = split_mix(hash ^ plan.seed);
                    *row = row.wrapping_add(if plan.is_content { share } else { 0 });
                    *features = features.wrapping_add(if plan.is_feature { share } else { 0 });
                }
            }
        }
    }
}

impl Merge for Counts {
    fn merge_from(&mut self, other: Self) {
        self.columns.merge_from(other.columns);
        self.rows.extend(other.rows);
        self.features.extend(other.features);
        self.truths.extend(other.truths);
    }
}

impl Counted {
    /// Counts the rows; gives the hash of each value.
    fn push(&mut self, plan: &Plan, way: Way, rows: &Rows<'_>, column: &Column, labels: &[u16]) -> Vec<u64> {
        let missing = plan.cut.n_cells() - 1;
        let weight = |i: usize| rows.weight.map(|_| rows.weight_at(i));
        let mut cells: Vec<usize> = Vec::with_capacity(labels.len());
        let hashes: Vec<u64> = match (column, &plan.cut) {
            (Column::Number(values), Cut::Grid(grid, _)) => {
                let counts_values = !grid.is_exact();
                let one = |(i, x): (usize, &f64)| {
                    let hash = hash_number(*x);
                    if x.is_nan() {
                        cells.push(missing);
                    } else {
                        cells.push(grid.cell(*x));
                        self.moments.push(*x, weight(i).unwrap_or(1.0));
                        if counts_values {
                            self.distinct.push(hash);
                        }
                    }
                    hash
                };
                values.iter().enumerate().map(one).collect()
            }
            (Column::Codes { codes, .. }, Cut::Levels(hashes)) => {
                let one = |code: &u32| {
                    let cell = if *code == MISSING { missing } else { *code as usize };
                    cells.push(cell.min(missing));
                    hashes.get(cell).copied().unwrap_or(HASH_MISSING)
                };
                codes.iter().map(one).collect()
            }
            (Column::Codes { codes, levels }, _) => {
                let of_level: Vec<u64> = levels.iter().map(|text| hash_text(text)).collect();
                let mut seen = Cells::new(levels.len(), way.is_weighted);
                let hashes = codes.iter().enumerate().map(|(i, code)| {
                    cells.push(usize::from(*code == MISSING));
                    seen.push(*code as usize, weight(i));
                    of_level.get(*code as usize).copied().unwrap_or(HASH_MISSING)
                });
                let hashes: Vec<u64> = hashes.collect();
                for (level, text) in levels.iter().enumerate() {
                    let tally = seen.get(level);
                    if tally.n > 0 {
                        self.frequent.push(text, tally.n, tally.w);
                        self.distinct.push(of_level.get(level).copied().unwrap_or(HASH_MISSING));
                    }
                }
                self.frequent.thin();
                hashes
            }
            (Column::Number(values), _) => {
                cells.extend(values.iter().map(|x| if x.is_nan() { missing } else { 0 }));
                values.iter().map(|x| hash_number(*x)).collect()
            }
        };
        for (i, (cell, label)) in cells.iter().zip(labels).enumerate() {
            self.cells.push(cell * self.n_labels + usize::from(*label), weight(i));
        }
        if let (Some(shift), Target::Value(truth)) = (way.target_shift, rows.truth) {
            for (i, (cell, y)) in cells.iter().zip(truth).enumerate() {
                let group = match &plan.cut {
                    Cut::Grid(_, groups) => groups.get(*cell).copied().map_or(0, usize::from),
                    Cut::Levels(_) | Cut::Text => *cell,
                };
                if let Some(sums) = self.targets.get_mut(group) {
                    sums.push(y - shift, rows.weight_at(i));
                }
            }
        }
        hashes
    }
}
