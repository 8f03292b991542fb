//! Scores of a yes/no truth, in order.

use crate::{Confusion2, Merge, Undefined, kish};

/// Scores between 0 and 1 with their truth, gathered in any order.
///
/// A row without weight takes eight bytes: no number in `[0, 1]` uses the top bit of a double, so the number moves up by
/// one and the truth takes the lowest bit. Ordering these keys orders the scores, exactly.
///
/// *Exact* under any order and any cut of the rows: everything is computed from the sorted rows, and rows of the same
/// score are sorted by truth and weight too.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    plain: Vec<u64>,
    weighted: Vec<(u64, f64)>,
    n_bad: u64,
    rows: u64,
}

impl Scores {
    /// Room for this many rows.
    #[must_use]
    pub fn with_room(n_rows: usize, is_weighted: bool) -> Self {
        let mut scores = Self::default();
        if is_weighted {
            scores.weighted.reserve_exact(n_rows);
        } else {
            scores.plain.reserve_exact(n_rows);
        }
        scores
    }

    /// Takes in rows `(is positive, score)`, with weights for all rows of a state or for none. Rows of weight zero change
    /// nothing. A score outside `[0, 1]` makes every answer undefined.
    pub fn push_rows(&mut self, rows: impl Iterator<Item = (bool, f64)>, weight: Option<&[f64]>) {
        let n_bad = &mut self.n_bad;
        let n_rows = &mut self.rows;
        let mut key = |(is_positive, score): (bool, f64)| {
            *n_rows += 1;
            if !(0.0..=1.0).contains(&score) {
                *n_bad += 1;
            }
            // Adding zero turns −0 into 0.
            (score.clamp(0.0, 1.0) + 0.0).to_bits() << 1 | u64::from(is_positive)
        };
        match weight {
            None => self.plain.extend(rows.map(key)),
            Some(weight) => {
                self.weighted.extend(rows.map(&mut key).zip(weight.iter().copied()).filter(|row| row.1 > 0.0));
            }
        }
    }

    /// In ascending order.
    #[must_use]
    pub fn sorted(self) -> SortedScores {
        let Self { mut plain, mut weighted, n_bad, rows } = self;
        if !weighted.is_empty() && !plain.is_empty() {
            weighted.extend(plain.drain(..).map(|key| (key, 1.0)));
        }
        plain.sort_unstable();
        weighted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut sorted = SortedScores {
            plain,
            weighted,
            is_sound: n_bad == 0,
            rows,
            positive: Side::default(),
            negative: Side::default(),
        };
        let (mut positive, mut negative) = (Side::default(), Side::default());
        if sorted.weighted.is_empty() {
            let n_positive = sorted.plain.iter().map(|key| key & 1).sum::<u64>();
            positive = Side::of_rows(n_positive);
            negative = Side::of_rows(sorted.plain.len() as u64 - n_positive);
        } else {
            for (key, w) in &sorted.weighted {
                if key & 1 == 1 { positive.push(*w) } else { negative.push(*w) }
            }
        }
        sorted.positive = positive;
        sorted.negative = negative;
        sorted
    }
}

impl Merge for Scores {
    fn merge_from(&mut self, other: Self) {
        let Self { plain, weighted, n_bad, rows } = other;
        self.plain.extend(plain);
        self.weighted.extend(weighted);
        self.n_bad += n_bad;
        self.rows += rows;
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

/// Scores in ascending order.
#[derive(Clone, Debug)]
pub struct SortedScores {
    plain: Vec<u64>,
    weighted: Vec<(u64, f64)>,
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

    /// Visits every distinct score once, ascending.
    pub fn for_each_tie(&self, mut visit: impl FnMut(&Tie)) {
        let score = |key: u64| f64::from_bits(key >> 1);
        if self.weighted.is_empty() {
            let mut keys = self.plain.as_slice();
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
        } else {
            for same in self.weighted.chunk_by(|a, b| a.0 >> 1 == b.0 >> 1) {
                let (mut positive, mut negative) = (Side::default(), Side::default());
                for (key, w) in same {
                    if key & 1 == 1 { positive.push(*w) } else { negative.push(*w) }
                }
                if let Some((key, _)) = same.first() {
                    visit(&Tie { score: score(*key), positive, negative });
                }
            }
        }
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
