//! Scores of a yes/no truth, in order.

use crate::{Confusion2, Merge, ScoreGrid, Undefined, kish};

/// Rows up to which scores are sorted one by one; beyond, they are counted in the bins of a [`ScoreGrid`].
const MOST_SORTED: usize = 1 << 20;
/// Resolution of the bins.
const GRID_BITS: u32 = 17;

/// Scores between 0 and 1 with their truth, gathered in any order.
///
/// A row without weight takes eight bytes: no number in `[0, 1]` uses the top bit of a double, so the number moves up by
/// one and the truth takes the lowest bit. Ordering these keys orders the scores, exactly. Of more than 1,048,576 rows
/// only the counts in some 176,000 bins are kept, with the mean score of each bin
/// ([`SortedScores::binning_error`] says what that can cost).
///
/// *Exact* up to that size under any order and any cut of the rows: everything is computed from the sorted rows, and
/// rows of the same score are sorted by truth and weight too. Beyond it counts are exact, and sums of weights and
/// scores are rounded in the order of the rows.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    plain: Vec<u64>,
    weighted: Vec<(u64, f64)>,
    binned: Option<Binned>,
    n_bad: u64,
    rows: u64,
}

/// What one bin of scores holds of rows of weight 1; sides are negative, positive.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    rows: [u64; 2],
    /// `Σ score`
    score: f64,
}

/// What one bin of scores holds of weighted rows.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    rows: [u64; 2],
    weight: [f64; 2],
    squares: [f64; 2],
    /// `Σ w·score`
    score: f64,
}

/// Rows in bins. Each table is as long as the grid has bins, or empty while there are no rows for it: of rows without weight
/// less than half as much is kept, and it is the nearest cache that such counting lives of.
#[derive(Clone, Debug)]
struct Binned {
    grid: ScoreGrid,
    plain: Vec<Count>,
    weighted: Vec<Bin>,
}

impl Binned {
    fn new() -> Self {
        Self { grid: ScoreGrid::of_bits(GRID_BITS), plain: Vec::new(), weighted: Vec::new() }
    }

    #[allow(clippy::indexing_slicing, reason = "a truth is 0 or 1, the length of the arrays is 2")]
    fn push_plain(&mut self, keys: impl Iterator<Item = u64>) {
        let Self { grid, plain, .. } = self;
        plain.resize(grid.n_bins(), Count::default());
        for key in keys {
            let score = f64::from_bits(key >> 1);
            if let Some(bin) = plain.get_mut(grid.bin(score)) {
                bin.rows[usize::from(key & 1 == 1)] += 1;
                bin.score += score;
            }
        }
    }

    #[allow(clippy::indexing_slicing, reason = "a truth is 0 or 1, the length of the arrays is 2")]
    fn push_weighted(&mut self, rows: impl Iterator<Item = (u64, f64)>) {
        let Self { grid, weighted, .. } = self;
        weighted.resize(grid.n_bins(), Bin::default());
        for (key, w) in rows {
            let score = f64::from_bits(key >> 1);
            let side = usize::from(key & 1 == 1);
            if let Some(bin) = weighted.get_mut(grid.bin(score)) {
                bin.rows[side] += 1;
                bin.weight[side] += w;
                bin.squares[side] += w * w;
                bin.score += w * score;
            }
        }
    }

    /// The bins that hold rows.
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    fn ties(&self) -> Vec<Tie> {
        let mut ties = Vec::new();
        for place in 0..self.plain.len().max(self.weighted.len()) {
            let count = self.plain.get(place).copied().unwrap_or_default();
            let bin = self.weighted.get(place).copied().unwrap_or_default();
            let side = |count: u64, rows: u64, weight: f64, squares: f64| Side {
                rows: count + rows,
                weight: count as f64 + weight,
                squares: count as f64 + squares,
            };
            let ([n, p], [rows_n, rows_p], [weight_n, weight_p], [squares_n, squares_p]) =
                (count.rows, bin.rows, bin.weight, bin.squares);
            let (negative, positive) = (side(n, rows_n, weight_n, squares_n), side(p, rows_p, weight_p, squares_p));
            if negative.rows + positive.rows > 0 {
                let score = ((count.score + bin.score) / (negative.weight + positive.weight)).clamp(0.0, 1.0);
                ties.push(Tie { score, positive, negative });
            }
        }
        ties
    }
}

impl Merge for Binned {
    fn merge_from(&mut self, other: Self) {
        let Self { grid: _, plain, weighted } = other;
        if self.plain.is_empty() {
            self.plain = plain;
        } else {
            for (mine, theirs) in self.plain.iter_mut().zip(plain) {
                let Count { rows: [negative, positive], score } = theirs;
                let [n, p] = &mut mine.rows;
                *n += negative;
                *p += positive;
                mine.score += score;
            }
        }
        if self.weighted.is_empty() {
            self.weighted = weighted;
            return;
        }
        for (mine, theirs) in self.weighted.iter_mut().zip(weighted) {
            for (mine, theirs) in mine.rows.iter_mut().zip(theirs.rows) {
                *mine += theirs;
            }
            let sums = mine.weight.iter_mut().chain(&mut mine.squares);
            for (mine, theirs) in sums.zip(theirs.weight.into_iter().chain(theirs.squares)) {
                *mine += theirs;
            }
            mine.score += theirs.score;
        }
    }
}

impl Scores {
    /// Room for this many rows.
    #[must_use]
    pub fn with_room(n_rows: usize, is_weighted: bool) -> Self {
        let mut scores = Self::default();
        let n_rows = n_rows.min(MOST_SORTED + 1);
        if is_weighted {
            scores.weighted.reserve_exact(n_rows);
        } else {
            scores.plain.reserve_exact(n_rows);
        }
        scores
    }

    /// For so many rows of weight 1. Where they are too many to be sorted they are counted in bins from the first on, and no
    /// room is taken for rows one by one.
    #[must_use]
    pub fn for_rows(n_rows: usize) -> Self {
        Self { binned: Self::bins(n_rows).then(Binned::new), ..Self::default() }
    }

    /// True where so many rows are counted in bins.
    #[must_use]
    pub fn bins(n_rows: usize) -> bool {
        n_rows > MOST_SORTED
    }

    /// Takes in rows `(is positive, score)`, with weights for all rows of a state or for none. Rows of weight zero change
    /// nothing. A score outside `[0, 1]` makes every answer undefined.
    pub fn push_rows(&mut self, rows: impl Iterator<Item = (bool, f64)>, weight: Option<&[f64]>) {
        let Self { plain, weighted, binned, n_bad, rows: n_rows } = self;
        let mut key = |(is_positive, score): (bool, f64)| {
            *n_rows += 1;
            if !(0.0..=1.0).contains(&score) {
                *n_bad += 1;
            }
            // Adding zero turns −0 into 0.
            (score.clamp(0.0, 1.0) + 0.0).to_bits() << 1 | u64::from(is_positive)
        };
        let room = MOST_SORTED.saturating_sub(plain.len() + weighted.len());
        let mut keys = rows.map(&mut key);
        match weight {
            None => {
                if binned.is_none() {
                    plain.extend(keys.by_ref().take(room + 1));
                    Self::spill(plain, weighted, binned);
                }
                if let Some(binned) = binned {
                    binned.push_plain(keys);
                }
            }
            Some(weight) => {
                let mut keys = keys.zip(weight.iter().copied()).filter(|row| row.1 > 0.0);
                if binned.is_none() {
                    weighted.extend(keys.by_ref().take(room + 1));
                    Self::spill(plain, weighted, binned);
                }
                if let Some(binned) = binned {
                    binned.push_weighted(keys);
                }
            }
        }
    }

    /// Counts the rows in bins once they are too many to sort.
    fn spill(plain: &mut Vec<u64>, weighted: &mut Vec<(u64, f64)>, binned: &mut Option<Binned>) {
        if binned.is_none() && plain.len() + weighted.len() <= MOST_SORTED {
            return;
        }
        let into = binned.get_or_insert_with(Binned::new);
        if !plain.is_empty() {
            into.push_plain(std::mem::take(plain).into_iter());
        }
        if !weighted.is_empty() {
            into.push_weighted(std::mem::take(weighted).into_iter());
        }
    }

    /// In ascending order.
    #[must_use]
    pub fn sorted(self) -> SortedScores {
        let Self { mut plain, mut weighted, binned, n_bad, rows } = self;
        if !weighted.is_empty() && !plain.is_empty() {
            weighted.extend(plain.drain(..).map(|key| (key, 1.0)));
        }
        let (mut positive, mut negative) = (Side::default(), Side::default());
        let held = if let Some(binned) = binned {
            let ties = binned.ties();
            for tie in &ties {
                positive.add(tie.positive);
                negative.add(tie.negative);
            }
            Held::Binned(ties)
        } else if weighted.is_empty() {
            plain.sort_unstable();
            let n_positive = plain.iter().map(|key| key & 1).sum::<u64>();
            positive = Side::of_rows(n_positive);
            negative = Side::of_rows(plain.len() as u64 - n_positive);
            Held::Plain(plain)
        } else {
            weighted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            for (key, w) in &weighted {
                if key & 1 == 1 { positive.push(*w) } else { negative.push(*w) }
            }
            Held::Weighted(weighted)
        };
        SortedScores { held, is_sound: n_bad == 0, rows, positive, negative }
    }
}

impl Merge for Scores {
    fn merge_from(&mut self, other: Self) {
        let Self { plain, weighted, binned, n_bad, rows } = other;
        self.n_bad += n_bad;
        self.rows += rows;
        self.plain.extend(plain);
        self.weighted.extend(weighted);
        match (&mut self.binned, binned) {
            (Some(mine), Some(theirs)) => mine.merge_from(theirs),
            (mine, theirs @ Some(_)) => *mine = theirs,
            (_, None) => {}
        }
        Self::spill(&mut self.plain, &mut self.weighted, &mut self.binned);
    }
}

/// Rows of one truth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Side {
    /// Rows of positive weight.
    pub rows: u64,
    /// Sum of weights.
    pub weight: f64,
    /// Sum of squared weights.
    pub squares: f64,
}

impl Side {
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    fn of_rows(rows: u64) -> Self {
        Self { rows, weight: rows as f64, squares: rows as f64 }
    }

    #[inline]
    fn push(&mut self, w: f64) {
        self.rows += 1;
        self.weight += w;
        self.squares += w * w;
    }

    #[inline]
    pub(crate) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.weight += other.weight;
        self.squares += other.squares;
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows - other.rows,
            weight: (self.weight - other.weight).max(0.0),
            squares: (self.squares - other.squares).max(0.0),
        }
    }

    /// Kish's effective number of rows.
    #[must_use]
    pub fn n_effective(self) -> f64 {
        kish(self.weight, self.squares)
    }
}

/// Rows of one score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tie {
    /// The score.
    pub score: f64,
    /// Its truly positive rows.
    pub positive: Side,
    /// Its truly negative rows.
    pub negative: Side,
}

/// Sorted rows, or the bins that hold some.
#[derive(Clone, Debug)]
enum Held {
    Plain(Vec<u64>),
    Weighted(Vec<(u64, f64)>),
    Binned(Vec<Tie>),
}

/// Scores in ascending order.
#[derive(Clone, Debug)]
pub struct SortedScores {
    held: Held,
    is_sound: bool,
    rows: u64,
    positive: Side,
    negative: Side,
}

impl SortedScores {
    /// Number of rows, those of weight zero included.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.rows
    }

    /// All truly positive rows.
    #[must_use]
    pub fn positive(&self) -> Side {
        self.positive
    }

    /// All truly negative rows.
    #[must_use]
    pub fn negative(&self) -> Side {
        self.negative
    }

    /// Weight of all rows.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.positive.weight + self.negative.weight
    }

    /// Visits every distinct score once, ascending; where rows were too many to sort, every bin of scores.
    pub fn for_each_tie(&self, mut visit: impl FnMut(&Tie)) {
        let score = |key: u64| f64::from_bits(key >> 1);
        match &self.held {
            Held::Plain(keys) => {
                let mut keys = keys.as_slice();
                while let Some(first) = keys.first() {
                    let id = first >> 1;
                    let (mut n, mut n_positive) = (0_usize, 0_u64);
                    for key in keys {
                        if key >> 1 != id {
                            break;
                        }
                        n += 1;
                        n_positive += key & 1;
                    }
                    keys = keys.get(n..).unwrap_or_default();
                    visit(&Tie {
                        score: score(*first),
                        positive: Side::of_rows(n_positive),
                        negative: Side::of_rows(n as u64 - n_positive),
                    });
                }
            }
            Held::Weighted(rows) => {
                for same in rows.chunk_by(|a, b| a.0 >> 1 == b.0 >> 1) {
                    let (mut positive, mut negative) = (Side::default(), Side::default());
                    for (key, w) in same {
                        if key & 1 == 1 { positive.push(*w) } else { negative.push(*w) }
                    }
                    if let Some((key, _)) = same.first() {
                        visit(&Tie { score: score(*key), positive, negative });
                    }
                }
            }
            Held::Binned(ties) => ties.iter().for_each(visit),
        }
    }

    /// How far the area under the ROC curve can be from that of the rows themselves, where they were counted in bins:
    /// half the share of pairs of a positive and a negative row that fell into one bin. None where rows were sorted.
    #[must_use]
    pub fn binning_error(&self) -> Option<f64> {
        let Held::Binned(ties) = &self.held else { return None };
        let pairs = self.positive.weight * self.negative.weight;
        let within: f64 = ties.iter().map(|tie| tie.positive.weight * tie.negative.weight).sum();
        Some(if pairs > 0.0 { 0.5 * within / pairs } else { 0.0 })
    }

    /// Why nothing can be said at all, if so.
    ///
    /// # Errors
    /// [`Undefined::Empty`], [`Undefined::ZeroWeight`] or [`Undefined::NotFinite`] (a score outside 0 to 1).
    pub fn check(&self) -> Result<(), Undefined> {
        if self.rows == 0 {
            Err(Undefined::Empty)
        } else if !self.is_sound {
            Err(Undefined::NotFinite)
        } else if self.total() <= 0.0 {
            Err(Undefined::ZeroWeight)
        } else {
            Ok(())
        }
    }

    /// Cells when the rows below are not selected, with their sums of squared weights.
    pub(crate) fn cells(&self, below_p: Side, below_n: Side) -> (Confusion2, Confusion2) {
        let (above_p, above_n) = (self.positive.minus(below_p), self.negative.minus(below_n));
        (
            Confusion2 { tp: above_p.weight, fp: above_n.weight, fn_: below_p.weight, tn: below_n.weight },
            Confusion2 { tp: above_p.squares, fp: above_n.squares, fn_: below_p.squares, tn: below_n.squares },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Confidence, Draws};

    fn rows(n: usize) -> Vec<(bool, f64, f64)> {
        let mut draws = Draws::new(7, "scores", 0);
        (0..n)
            .map(|_| {
                let score = draws.uniform().powi(3);
                (draws.uniform() < score, score, 0.5 + draws.uniform())
            })
            .collect()
    }

    fn gathered(rows: &[(bool, f64, f64)], part: usize, is_weighted: bool) -> Scores {
        let mut all = Scores::default();
        for part in rows.chunks(part) {
            let mut state = Scores::default();
            let weight: Vec<f64> = part.iter().map(|r| r.2).collect();
            state.push_rows(part.iter().map(|r| (r.0, r.1)), is_weighted.then_some(&weight[..]));
            all.merge_from(state);
        }
        all
    }

    /// The numbers of sorted rows, for as many rows as are counted in bins otherwise.
    fn exact(rows: &[(bool, f64, f64)], is_weighted: bool) -> SortedScores {
        let key = |r: &(bool, f64, f64)| r.1.to_bits() << 1 | u64::from(r.0);
        let mut scores = Scores { rows: rows.len() as u64, ..Scores::default() };
        if is_weighted {
            scores.weighted = rows.iter().map(|r| (key(r), r.2)).collect();
        } else {
            scores.plain = rows.iter().map(key).collect();
        }
        scores.sorted()
    }

    #[test]
    fn bins_of_many_rows_give_the_numbers_of_the_rows() {
        let rows = rows(MOST_SORTED + 50_000);
        for is_weighted in [false, true] {
            let binned = gathered(&rows, 65_536, is_weighted).sorted();
            let sorted = exact(&rows, is_weighted);
            assert!(sorted.binning_error().is_none());
            let error = binned.binning_error().unwrap();
            assert!(error < 1e-5, "{error}");
            let (a, b) = (binned.summary(Confidence::at(0.95)), sorted.summary(Confidence::at(0.95)));
            assert!((a.roc_auc.value.unwrap() - b.roc_auc.value.unwrap()).abs() <= error);
            for (a, b, within) in [
                (a.roc_auc, b.roc_auc, 1e-7),
                (a.average_precision, b.average_precision, 1e-5),
                (a.ks_statistic, b.ks_statistic, 1e-5),
                (a.log_loss, b.log_loss, 1e-7),
                (a.brier_score, b.brier_score, 1e-9),
                (a.mean_prediction, b.mean_prediction, 1e-12),
                (a.calibration_in_the_large, b.calibration_in_the_large, 1e-12),
            ] {
                let (x, y) = (a.value.unwrap(), b.value.unwrap());
                assert!((x - y).abs() < within, "{x} {y}");
                let (x, y) = (a.ends.unwrap(), b.ends.unwrap());
                assert!((x.low - y.low).abs() < 1e-5 && (x.high - y.high).abs() < 1e-5);
            }
            assert_eq!(binned.positive().rows, sorted.positive().rows);
        }
    }

    #[test]
    fn whether_rows_are_counted_in_bins_depends_on_their_number_alone() {
        let rows = rows(MOST_SORTED + 1);
        for part in [rows.len(), 100_000, 65_536] {
            assert!(gathered(&rows, part, false).sorted().binning_error().is_some());
            assert!(gathered(&rows[1..], part, false).sorted().binning_error().is_none());
        }
        let bits = |part: usize| gathered(&rows, part, false).sorted().summary(Confidence::at(0.95)).roc_auc;
        assert_eq!(bits(rows.len()), bits(10_007));
    }

    #[test]
    fn counting_in_bins_from_the_start_counts_the_same() {
        assert!(!Scores::bins(MOST_SORTED) && Scores::for_rows(MOST_SORTED).binned.is_none());
        let rows = rows(MOST_SORTED + 1);
        let later = gathered(&rows, 65_536, false).sorted();
        let mut scores = Scores::for_rows(rows.len());
        for half in rows.chunks(600_000) {
            let mut part = Scores::for_rows(rows.len());
            part.push_rows(half.iter().map(|(truth, score, _)| (*truth, *score)), None);
            assert!(part.plain.is_empty());
            scores.merge_from(part);
        }
        let scores = scores.sorted();
        assert_eq!(scores.n_rows(), later.n_rows());
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        later.for_each_tie(|tie| expected.push((tie.positive, tie.negative, tie.score)));
        scores.for_each_tie(|tie| found.push((tie.positive, tie.negative, tie.score)));
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(&expected) {
            // Sums of scores are rounded in another order.
            assert!((a.0, a.1) == (b.0, b.1) && (a.2 - b.2).abs() < 1e-12);
        }
    }
}
