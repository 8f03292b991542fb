//! Areas under ROC curves of all groups in one sweep over sorted scores, with DeLong's variances, and how each goes with
//! the area of all rows.

use equipoise_data::Frame;
use equipoise_document::Missing;
use equipoise_kernels::Merge;

use super::groups::{Atoms, Slice};

/// A cohort's rows in ascending order of their scores.
pub(super) struct SortedRows {
    pub rows: Vec<ScoredRow>,
}

/// One row, as far as scores go.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScoredRow {
    pub score: f64,
    pub weight: f64,
    pub atom: u32,
    pub is_positive: bool,
}

#[derive(Default)]
struct Gathered(Vec<ScoredRow>);

impl Merge for Gathered {
    fn merge_from(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl SortedRows {
    /// Sorts a cohort's rows once for all groupings; ties are in order of truth, atom and weight, so that the order of
    /// the rows does not matter.
    pub(super) fn of(frame: &Frame, cohort: usize, atoms: &Atoms) -> Self {
        let gathered = frame.reduce(cohort, Gathered::default, |into, rows| {
            let (truth, scores) = (rows.truth.classes(), rows.probability.unwrap_or_default());
            let atoms = atoms.of_rows(rows);
            for (i, ((y, score), atom)) in truth.iter().zip(scores).zip(atoms).enumerate() {
                if let Some(atom) = atom {
                    into.0.push(ScoredRow { score: *score, weight: rows.weight_at(i), atom, is_positive: *y == 1 });
                }
            }
        });
        let mut rows = gathered.0;
        rows.sort_unstable_by(|a, b| {
            a.score
                .total_cmp(&b.score)
                .then_with(|| (a.is_positive, a.atom).cmp(&(b.is_positive, b.atom)))
                .then_with(|| a.weight.total_cmp(&b.weight))
        });
        Self { rows }
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
                let (w, ww) = (row.weight, row.weight * row.weight);
                placed.weight += w;
                placed.rows += 1;
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
