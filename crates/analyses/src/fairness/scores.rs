//! Areas under ROC curves of all groups in one sweep over sorted scores, with DeLong's variances, and how each goes with
//! the area of all rows.

use equipoise_data::{Frame, Rows};
use equipoise_document::Missing;
use equipoise_kernels::{Merge, ScoreGrid};
use rayon::prelude::*;

use super::apart::Scored;
use super::groups::{Atoms, Slice};

/// Rows up to which scores are sorted one by one; beyond, they are counted in bins of scores.
const MOST_SORTED: usize = 1 << 20;
/// Entries of the table of bins by atom and truth.
const MOST_ENTRIES: usize = 1 << 19;
/// Tables that are filled side by side.
const MOST_TABLES: usize = 16;

/// A cohort's rows in ascending order of their scores.
pub(super) struct SortedRows {
    pub rows: Vec<ScoredRow>,
    /// True when each row stands for all rows of an atom, a truth and a bin of scores.
    pub is_binned: bool,
}

/// One row, or those of a bin, as far as scores go.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScoredRow {
    pub score: f64,
    pub weight: f64,
    /// Sum of the squares of the rows' weights.
    pub squares: f64,
    pub rows: u32,
    pub atom: u32,
    pub is_positive: bool,
}

/// Rows counted by bin of scores, truth and atom.
struct Bins {
    grid: ScoreGrid,
    n_atoms: usize,
    rows: Vec<u32>,
    /// `Σ w·score`
    scores: Vec<f64>,
    /// `Σ w` and `Σ w²`; empty when every row weighs 1.
    weights: Vec<[f64; 2]>,
}

impl Bins {
    fn new(n_atoms: usize, is_weighted: bool) -> Self {
        let grid = ScoreGrid::fitting(2 * n_atoms, MOST_ENTRIES);
        let n_entries = grid.n_bins() * 2 * n_atoms;
        let weights = if is_weighted { vec![[0.0; 2]; n_entries] } else { Vec::new() };
        Self { grid, n_atoms, rows: vec![0; n_entries], scores: vec![0.0; n_entries], weights }
    }

    #[inline]
    fn push(&mut self, row: &ScoredRow) {
        let bin = self.grid.bin(row.score.clamp(0.0, 1.0)) * 2 + usize::from(row.is_positive);
        let place = bin * self.n_atoms + row.atom as usize;
        if let Some((rows, score)) = self.rows.get_mut(place).zip(self.scores.get_mut(place)) {
            *rows += row.rows;
            *score += row.weight * row.score;
        }
        if let Some([weight, squares]) = self.weights.get_mut(place) {
            *weight += row.weight;
            *squares += row.squares;
        }
    }

    /// One row for each entry, at the mean score of its bin.
    fn rows(&self) -> Vec<ScoredRow> {
        let mut rows = Vec::new();
        let n_atoms = self.n_atoms.max(1);
        let weights_at =
            |place: usize, n: u32| self.weights.get(place).copied().unwrap_or([f64::from(n), f64::from(n)]);
        for (bin, counts) in self.rows.chunks(2 * n_atoms).enumerate() {
            let first = bin * 2 * n_atoms;
            let places = first..first + counts.len();
            let weight: f64 = places.zip(counts).map(|(place, n)| weights_at(place, *n)[0]).sum();
            let score = self.scores.iter().skip(first).take(counts.len()).sum::<f64>() / weight;
            for (at, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0 && weight > 0.0) {
                let [weight, squares] = weights_at(first + at, *n);
                let atom = u32::try_from(at % n_atoms).unwrap_or(u32::MAX);
                rows.push(ScoredRow { score, weight, squares, rows: *n, atom, is_positive: at >= n_atoms });
            }
        }
        rows
    }
}

impl Merge for Bins {
    fn merge_from(&mut self, other: Self) {
        self.rows.iter_mut().zip(other.rows).for_each(|(a, b)| *a += b);
        self.scores.iter_mut().zip(other.scores).for_each(|(a, b)| *a += b);
        self.weights.iter_mut().flatten().zip(other.weights.iter().flatten()).for_each(|(a, b)| *a += b);
    }
}

impl SortedRows {
    /// Sorts a cohort's rows once for all groupings; ties are in order of truth, atom and weight, so that the order of
    /// the rows does not matter. More than a million rows are counted in bins of scores instead.
    pub(super) fn of(frame: &Frame, cohort: usize, atoms: &Atoms) -> Self {
        let visit = |rows: &Rows<'_>, take: &mut dyn FnMut(ScoredRow)| {
            let (truth, scores) = (rows.truth.classes(), rows.probability.unwrap_or_default());
            for (i, ((y, score), atom)) in truth.iter().zip(scores).zip(atoms.of_rows(rows)).enumerate() {
                let Some(atom) = atom else { continue };
                let weight = rows.weight_at(i);
                let squares = weight * weight;
                take(ScoredRow { score: *score, weight, squares, rows: 1, atom, is_positive: *y == 1 });
            }
        };
        if frame.cohorts().get(cohort).is_some_and(|c| c.n > MOST_SORTED) {
            let start = || Bins::new(atoms.len(), frame.is_weighted());
            let push = |bins: &mut Bins, rows: &Rows<'_>| visit(rows, &mut |row| bins.push(&row));
            return Self { rows: frame.reduce_in(MOST_TABLES, cohort, start, push).rows(), is_binned: true };
        }
        let mut sorted = Vec::with_capacity(frame.cohorts().get(cohort).map_or(0, |c| c.n));
        let part = |rows: &Rows<'_>| {
            let mut part = Vec::with_capacity(rows.len());
            visit(rows, &mut |row| part.push(row));
            part
        };
        frame.visit(cohort, part, |rows| sorted.extend(rows));
        sorted.par_sort_unstable_by(|a: &ScoredRow, b: &ScoredRow| {
            a.score
                .total_cmp(&b.score)
                .then_with(|| (a.is_positive, a.atom).cmp(&(b.is_positive, b.atom)))
                .then_with(|| a.weight.total_cmp(&b.weight))
        });
        Self { rows: sorted, is_binned: false }
    }
}

impl SortedRows {
    /// The rows of a slice's groups in ascending order of their scores.
    pub(super) fn scored(&self, slice: &Slice) -> impl DoubleEndedIterator<Item = Scored> + Clone {
        self.rows.iter().filter_map(|row| {
            let group = slice.of_atom.get(row.atom as usize).copied().flatten()? as usize;
            Some(Scored { score: row.score, group, is_positive: row.is_positive, weight: row.weight })
        })
    }

    /// Half the share of pairs of a negative and a positive row that fell into one bin: how far the area of all rows can
    /// be from that of sorted rows. None where rows were sorted.
    pub(super) fn binning_error(&self) -> Option<f64> {
        if !self.is_binned {
            return None;
        }
        let (mut within, mut all) = (0.0, [0.0; 2]);
        for tie in self.rows.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
            let sides = [false, true]
                .map(|side| tie.iter().filter(|row| row.is_positive == side).map(|row| row.weight).sum::<f64>());
            let [negative, positive] = sides;
            within += negative * positive;
            all = [all[0] + negative, all[1] + positive];
        }
        let pairs = all[0] * all[1];
        Some(if pairs > 0.0 { 0.5 * within / pairs } else { 0.0 })
    }
}

/// `Σ w²·(1, V, V', V·V, V·V')` of one side, with `V` a row's share of the other side of its group that it is placed
/// right against, and `V'` the same against the other side of all rows.
#[derive(Clone, Copy, Debug, Default)]
struct Placed {
    weight: f64,
    rows: u64,
    one: f64,
    own: f64,
    all: f64,
    own_own: f64,
    own_all: f64,
    /// `Σ w·V`
    area: f64,
}

/// What the areas of a group need; sides are negative, positive.
#[derive(Clone, Debug, Default)]
pub(super) struct AucSums {
    sides: [Placed; 2],
}

impl AucSums {
    /// Area, standard error and the rows of the smaller side.
    ///
    /// # Errors
    /// When one class is missing.
    pub(super) fn area(&self) -> Result<(f64, f64, f64), Missing> {
        let [negative, positive] = &self.sides;
        if positive.weight <= 0.0 {
            return Err(Missing::NoPositives);
        }
        if negative.weight <= 0.0 {
            return Err(Missing::NoNegatives);
        }
        let area = positive.area / positive.weight;
        let variance: f64 = self
            .sides
            .iter()
            .map(|side| {
                let n = equipoise_kernels::kish(side.weight, side.one);
                let spread = side.own_own - 2.0 * area * side.own + area * area * side.one;
                if n > 1.0 { spread.max(0.0) / (side.weight * side.weight) * n / (n - 1.0) } else { 0.0 }
            })
            .sum();
        let n = self.sides.iter().map(|s| equipoise_kernels::kish(s.weight, s.one)).fold(f64::INFINITY, f64::min);
        Ok((area, variance.sqrt(), n))
    }

    /// Variance of the group's area minus that of all rows.
    pub(super) fn variance_to(&self, all: &Self) -> Option<f64> {
        let (mine, my_se, _) = self.area().ok()?;
        let (theirs, their_se, _) = all.area().ok()?;
        let common: f64 = self
            .sides
            .iter()
            .zip(&all.sides)
            .map(|(a, b)| (a.own_all - mine * a.all - theirs * a.own + mine * theirs * a.one) / (a.weight * b.weight))
            .sum();
        Some((my_se * my_se + their_se * their_se - 2.0 * common).max(0.0))
    }
}

/// Weight of negatives and positives so far.
#[derive(Clone, Copy, Debug, Default)]
struct Below {
    passed: [f64; 2],
    tied: [f64; 2],
    total: [f64; 2],
}

impl Below {
    /// Share of the other side that a row of this tie is placed right against, ties counting half.
    fn placement(&self, is_positive: bool) -> f64 {
        let [negatives, positives] = self.passed;
        let [tied_negatives, tied_positives] = self.tied;
        let [all_negatives, all_positives] = self.total;
        if is_positive {
            (negatives + 0.5 * tied_negatives) / all_negatives
        } else {
            (all_positives - positives - 0.5 * tied_positives) / all_positives
        }
    }

    fn pass(&mut self) {
        for (passed, tied) in self.passed.iter_mut().zip(&mut self.tied) {
            *passed += *tied;
            *tied = 0.0;
        }
    }
}

/// Fills the areas of a slice and its groups.
pub(super) fn sweep(sorted: &SortedRows, slice: &mut Slice) {
    let n_groups = slice.groups.len();
    let group_of = |row: &ScoredRow| slice.of_atom.get(row.atom as usize).copied().flatten();
    let mut below = vec![Below::default(); n_groups];
    let mut all = Below::default();
    for row in &sorted.rows {
        let Some(group) = group_of(row) else { continue };
        let side = usize::from(row.is_positive);
        for total in [below.get_mut(group as usize), Some(&mut all)].into_iter().flatten() {
            if let Some(total) = total.total.get_mut(side) {
                *total += row.weight;
            }
        }
    }
    let mut sums = vec![AucSums::default(); n_groups];
    let mut overall = AucSums::default();
    for tie in sorted.rows.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        for row in tie {
            let Some(group) = group_of(row) else { continue };
            let side = usize::from(row.is_positive);
            for place in [below.get_mut(group as usize), Some(&mut all)].into_iter().flatten() {
                if let Some(tied) = place.tied.get_mut(side) {
                    *tied += row.weight;
                }
            }
        }
        for row in tie {
            let Some(group) = group_of(row) else { continue };
            let side = usize::from(row.is_positive);
            let of_all = all.placement(row.is_positive);
            let own = below.get(group as usize).map_or(f64::NAN, |b| b.placement(row.is_positive));
            let push = |placed: &mut Placed, v: f64| {
                let (w, ww) = (row.weight, row.squares);
                placed.weight += w;
                placed.rows += u64::from(row.rows);
                placed.one += ww;
                placed.own += ww * v;
                placed.all += ww * of_all;
                placed.own_own += ww * v * v;
                placed.own_all += ww * v * of_all;
                placed.area += w * v;
            };
            if let Some(placed) = sums.get_mut(group as usize).and_then(|s| s.sides.get_mut(side)) {
                push(placed, own);
            }
            if let Some(placed) = overall.sides.get_mut(side) {
                push(placed, of_all);
            }
        }
        for row in tie {
            if let Some(place) = group_of(row).and_then(|g| below.get_mut(g as usize)) {
                place.pass();
            }
        }
        all.pass();
    }
    for (group, sums) in slice.groups.iter_mut().zip(sums) {
        group.counted.auc = Some(sums);
    }
    slice.overall.auc = Some(overall);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_of_rows_give_the_areas_of_the_rows() {
        let mut draws = equipoise_kernels::Draws::new(3, "rows", 0);
        let mut bins = Bins::new(3, true);
        let mut rows: Vec<ScoredRow> = (0..200_000_u32)
            .map(|i| {
                let score = draws.uniform();
                let weight = 0.5 + draws.uniform();
                let is_positive = draws.uniform() < 0.2 + 0.6 * score;
                ScoredRow { score, weight, squares: weight * weight, rows: 1, atom: i % 3, is_positive }
            })
            .collect();
        rows.iter().for_each(|row| bins.push(row));
        rows.sort_by(|a, b| a.score.total_cmp(&b.score));
        let binned = SortedRows { rows: bins.rows(), is_binned: true };
        let error = binned.binning_error().unwrap();
        assert!(error < 1e-4 && binned.rows.len() < 150_000);
        let counted = |rows: &[ScoredRow]| rows.iter().map(|r| u64::from(r.rows)).sum::<u64>();
        assert_eq!(counted(&binned.rows), 200_000);
        let areas = |sorted: &SortedRows| {
            let group = || super::super::groups::Group { labels: Vec::new(), counted: Default::default() };
            let mut slice = Slice {
                columns: Vec::new(),
                stratum: Vec::new(),
                groups: vec![group(), group()],
                absent: Vec::new(),
                overall: Default::default(),
                of_atom: vec![Some(0), Some(1), Some(1)],
                cohort: None,
            };
            sweep(sorted, &mut slice);
            let of = |counted: &super::super::groups::Counted| counted.auc.clone().unwrap().area().unwrap();
            let mut all = vec![of(&slice.overall)];
            all.extend(slice.groups.iter().map(|g| of(&g.counted)));
            all
        };
        let exact = areas(&SortedRows { rows, is_binned: false });
        for ((area, se, n), (exact, exact_se, exact_n)) in areas(&binned).into_iter().zip(exact) {
            assert!((area - exact).abs() < 1e-6, "{area} {exact}");
            assert!((se - exact_se).abs() < 1e-6 && (n - exact_n).abs() < 1e-6 * n);
        }
    }

    #[test]
    fn rows_that_weigh_one_need_no_weights() {
        let mut draws = equipoise_kernels::Draws::new(4, "rows", 0);
        let (mut plain, mut weighted, mut half) = (Bins::new(2, false), Bins::new(2, true), Bins::new(2, false));
        for i in 0..5_000_u32 {
            let (score, is_positive) = (draws.uniform(), draws.uniform() < 0.5);
            let row = ScoredRow { score, weight: 1.0, squares: 1.0, rows: 1, atom: i % 2, is_positive };
            weighted.push(&row);
            if i < 2_000 { plain.push(&row) } else { half.push(&row) }
        }
        plain.merge_from(half);
        let same = |(a, b): (&ScoredRow, &ScoredRow)| {
            (a.score - b.score).abs() < 1e-15
                && (a.weight.to_bits(), a.squares.to_bits(), a.rows)
                    == (b.weight.to_bits(), b.squares.to_bits(), b.rows)
                && (a.atom, a.is_positive) == (b.atom, b.is_positive)
        };
        let (plain, weighted) = (plain.rows(), weighted.rows());
        assert_eq!(plain.len(), weighted.len());
        assert!(plain.iter().zip(&weighted).all(same));
    }
}
