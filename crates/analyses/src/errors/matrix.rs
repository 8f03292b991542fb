//! Rows in memory, one byte for each column, ready to be searched again and again.

use equipoise_data::{Column, Rows, nearest};
use equipoise_kernels::{BinnedColumn, CodeSet, LossSums, Losses, Merge, split_mix, sum_losses};
use rayon::prelude::*;

use super::coding::Coding;
use super::loss::{Judged, LossKind};
use super::mask::RowMask;
use super::params::{BinRule, problem};
use crate::context::Part;
use crate::{AnalysisError, Context};

/// What is kept of the rows.
#[derive(Clone, Debug)]
pub struct MatrixOptions {
    /// The columns, in order.
    pub columns: Vec<String>,
    /// What a row is judged by.
    pub loss: LossKind,
    /// Cuts of numbers that must be met exactly; those into 2 to 16, 18 and 20 bins are met anyway while there is room.
    pub cuts: Vec<(BinRule, u32)>,
    /// Seed of the halves.
    pub seed: u64,
}

/// Rows with binned columns, their losses and weights: read once, it answers for any cohort in milliseconds. It takes one
/// byte for each row and column, and 2 to 17 bytes for the row.
pub struct ErrorMatrix {
    pub(super) codings: Vec<Coding>,
    codes: Vec<Vec<u8>>,
    has_missing: Vec<bool>,
    pub(super) judged: Judged,
    /// What a row is judged by.
    pub loss: LossKind,
    eligible: RowMask,
    /// The rows that structure is learned from where numbers are to be honest.
    half: RowMask,
    /// Columns that were asked for and cannot be searched.
    pub(super) left_out: Vec<String>,
    n_rows: usize,
    pub(super) n_classes: usize,
}

#[derive(Default)]
struct State {
    codes: Vec<Vec<u8>>,
    judged: Judged,
}

impl Merge for State {
    fn merge_from(&mut self, other: Self) {
        for (mine, theirs) in self.codes.iter_mut().zip(other.codes) {
            mine.extend(theirs);
        }
        self.judged.merge_from(other.judged);
    }
}

/// The columns that are searched unless others are named: features, and sensitive columns that are none.
#[must_use]
pub fn usual_columns(context: &Context<'_>) -> Vec<String> {
    let mut columns: Vec<String> = context.features.to_vec();
    for grouping in context.test.frame.groupings() {
        if !columns.contains(&grouping.column) {
            columns.push(grouping.column.clone());
        }
    }
    columns
}

impl ErrorMatrix {
    /// Reads the columns of a part once.
    ///
    /// # Errors
    /// When a column is not there, none is left, or the data cannot be read again.
    pub fn load(part: Part<'_>, options: &MatrixOptions) -> Result<Self, AnalysisError> {
        let (frame, schema) = (part.frame, part.dataset.schema());
        let mut codings = Vec::new();
        let mut places = Vec::new();
        let mut left_out = Vec::new();
        for name in &options.columns {
            let Some(info) = schema.get(name) else {
                let near = nearest(name, schema.names());
                let hint = near.map_or_else(
                    || "`equipoise show` lists the columns".to_owned(),
                    |near| format!("the nearest name is `{near}`"),
                );
                return problem("features", format!("column `{name}` is not in the dataset"), &hint);
            };
            let place = part.dataset.column(name)?;
            let counts = if Coding::is_crowded(info) { count_levels(part, place)? } else { Vec::new() };
            match Coding::of(info, part.dataset.n_rows(), &options.cuts, &counts) {
                Some(coding) => {
                    codings.push(coding);
                    places.push(place);
                }
                None => left_out.push(name.clone()),
            }
        }
        let start = || State { codes: vec![Vec::new(); codings.len()], judged: Judged::default() };
        let push = |state: &mut State, rows: &Rows<'_>, columns: &[Column]| {
            for ((coding, column), codes) in codings.iter().zip(columns).zip(&mut state.codes) {
                coding.push(column, codes);
            }
            state.judged.push(options.loss, frame, rows);
        };
        let State { codes, judged } = frame.reduce_with(0, part.dataset, &places, start, push)?;
        let n_rows = frame.n_rows();
        let has_missing = codings.iter().zip(&codes).map(|(c, codes)| codes.contains(&c.missing())).collect();
        let eligible = judged.eligible(options.loss, n_rows);
        let half = halves(&codes, &judged, n_rows, options.seed);
        let n_classes = frame.classes.len();
        Ok(Self {
            codings,
            codes,
            has_missing,
            judged,
            loss: options.loss,
            eligible,
            half,
            left_out,
            n_rows,
            n_classes,
        })
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How the columns are coded.
    #[must_use]
    pub fn codings(&self) -> &[Coding] {
        &self.codings
    }

    /// The place of a column.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.codings.iter().position(|c| c.name == name)
    }

    /// The rows of a set that the loss speaks of.
    #[must_use]
    pub fn eligible(&self, mask: &RowMask) -> RowMask {
        mask.and(&self.eligible)
    }

    /// The two halves of a set: one to learn from, one to measure with. Which half a row is in hangs on its values and the
    /// seed, not on its place.
    #[must_use]
    pub fn halves(&self, mask: &RowMask) -> (RowMask, RowMask) {
        let mask = self.eligible(mask);
        (mask.and(&self.half), mask.without(&self.half))
    }

    /// The rows to learn from and those to measure with: halves where numbers are to be honest, all rows for both
    /// otherwise.
    pub(super) fn learn_and_measure(&self, mask: &RowMask, honest: bool) -> (Vec<u32>, Vec<u32>) {
        if honest {
            let (learn, measure) = self.halves(mask);
            (learn.rows(), measure.rows())
        } else {
            let rows = self.eligible(mask).rows();
            (rows.clone(), rows)
        }
    }

    /// The columns as kernels take them.
    #[must_use]
    pub fn columns(&self) -> Vec<BinnedColumn<'_>> {
        let mut columns = Vec::with_capacity(self.codes.len());
        for ((coding, codes), has_missing) in self.codings.iter().zip(&self.codes).zip(&self.has_missing) {
            columns.push(BinnedColumn {
                codes,
                n_codes: if *has_missing { coding.n_codes() } else { coding.n_valued() },
                missing: has_missing.then(|| coding.missing()),
                is_ordered: coding.is_ordered(),
            });
        }
        columns
    }

    /// Codes of a column.
    #[must_use]
    pub fn codes(&self, column: usize) -> &[u8] {
        self.codes.get(column).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a column has a row without a value.
    #[must_use]
    pub fn has_missing(&self, column: usize) -> bool {
        self.has_missing.get(column).copied().unwrap_or(false)
    }

    /// The losses.
    #[must_use]
    pub fn losses(&self) -> Losses<'_> {
        self.judged.losses()
    }

    /// Row weights, where rows are weighted.
    #[must_use]
    pub fn weight(&self) -> Option<&[f64]> {
        (!self.judged.weight.is_empty()).then_some(&self.judged.weight)
    }

    /// Whether errors are counted one by one.
    pub(super) fn is_counted(&self) -> bool {
        self.losses().is_flags() && self.weight().is_none()
    }

    /// The sums of some rows.
    pub(super) fn sums(&self, rows: &[u32]) -> LossSums {
        sum_losses(self.losses(), self.weight(), rows.iter().map(|r| *r as usize))
    }

    /// Conditions in plain words, joined by `and`; `all rows` without any.
    pub(super) fn says(&self, path: &[(usize, CodeSet)]) -> String {
        let words: Vec<String> = self.each(path, Coding::says);
        if words.is_empty() { "all rows".to_owned() } else { words.join(" and ") }
    }

    /// Conditions as an SQL predicate that cohorts understand; `true` without any. Missing values are left out of it where
    /// the column has none.
    #[must_use]
    pub fn predicate(&self, path: &[(usize, CodeSet)]) -> String {
        let terms = self.each(path, Coding::predicate);
        if terms.is_empty() { "true".to_owned() } else { terms.join(" and ") }
    }

    pub(super) fn each(&self, path: &[(usize, CodeSet)], write: impl Fn(&Coding, &CodeSet) -> String) -> Vec<String> {
        let one = |(column, set): &(usize, CodeSet)| {
            let coding = self.codings.get(*column)?;
            let mut set = *set;
            if !self.has_missing(*column) {
                set.remove(coding.missing());
            }
            Some(write(coding, &set))
        };
        path.iter().filter_map(one).collect()
    }
}

/// Rows of each level of a column of names.
fn count_levels(part: Part<'_>, place: usize) -> Result<Vec<u64>, AnalysisError> {
    let push = |counts: &mut Vec<u64>, _: &Rows<'_>, columns: &[Column]| {
        if let Some(Column::Codes { codes, levels }) = columns.first() {
            counts.resize(counts.len().max(levels.len()), 0);
            for code in codes.iter() {
                if let Some(count) = counts.get_mut(*code as usize) {
                    *count += 1;
                }
            }
        }
    };
    Ok(part.frame.reduce_with(0, part.dataset, &[place], Vec::new, push)?)
}

/// Half of the rows, drawn by hashing what a row holds and which of its equals it is: every row has a coin of its own, and
/// another order of the rows changes nothing but which of several equal rows it is.
fn halves(codes: &[Vec<u8>], judged: &Judged, n_rows: usize, seed: u64) -> RowMask {
    let one = |row: usize| -> u64 {
        let mut hash = split_mix(0x6572_726f_7273);
        let mut take = |word: u64| hash = split_mix(hash ^ word);
        let mut packed = 0_u64;
        for (i, column) in codes.iter().enumerate() {
            packed = packed << 8 | u64::from(column.get(row).copied().unwrap_or(0));
            if i % 8 == 7 {
                take(packed);
                packed = 0;
            }
        }
        take(packed);
        let flags = judged.flags.get(row).copied().map_or(0, u64::from);
        let outcome = judged.outcome.get(row).copied().map_or(0, u64::from);
        take(flags << 8 | outcome);
        for numbers in [&judged.values, &judged.error, &judged.weight] {
            if let Some(x) = numbers.get(row) {
                take(x.to_bits());
            }
        }
        hash
    };
    let mut keyed: Vec<(u64, u32)> =
        (0..u32::try_from(n_rows).unwrap_or(u32::MAX)).into_par_iter().map(|row| (one(row as usize), row)).collect();
    keyed.par_sort_unstable();
    let mut is_first = vec![false; n_rows];
    let (mut last, mut rank) = (None, 0_u64);
    for (hash, row) in keyed {
        rank = if last == Some(hash) { rank + 1 } else { 0 };
        last = Some(hash);
        let coin = split_mix(hash ^ split_mix(seed ^ split_mix(rank)));
        if let Some(slot) = is_first.get_mut(row as usize) {
            *slot = coin >> 63 == 1;
        }
    }
    RowMask::over(n_rows, |row| is_first.get(row).copied().unwrap_or(false))
}
