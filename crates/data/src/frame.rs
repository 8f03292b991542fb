//! Scored rows: truth, prediction, probability, weight, groups and cohorts of every row, side by side.
//!
//! A frame is what analyses pass over. It is compact (some 12 bytes a row for two classes), so that it stays in memory
//! when the dataset itself is read again for every pass.

use std::sync::Arc;

use equipoise_document::Task;
use equipoise_kernels::Merge;
use rayon::prelude::*;

use crate::PARTITION_ROWS;

/// Truth or prediction of some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'a> {
    /// Index of the class.
    Class(&'a [u16]),
    /// The number.
    Value(&'a [f64]),
}

/// Truth or prediction of all rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Index of the class.
    Class(Vec<u16>),
    /// The number.
    Value(Vec<f64>),
}

/// Some rows, as a state's `push` sees them. All slices have the same length.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Place of the first row in the frame; with the place inside, the row's id for seeded draws. Rows of a cohort keep
    /// the ids they have among all rows.
    pub ids: Ids<'a>,
    /// The truth.
    pub truth: Target<'a>,
    /// The prediction; absent where no model was asked (training data).
    pub predicted: Option<Target<'a>>,
    /// Probability of the second class (two classes: one per row) or of every class (row-major).
    pub probability: Option<&'a [f64]>,
    /// Row weights.
    pub weight: Option<&'a [f64]>,
    /// Group codes, one slice per grouping in the order of [`Frame::groupings`].
    groups: &'a [&'a [u16]],
}

/// Ids of some rows.
#[derive(Clone, Copy, Debug)]
pub enum Ids<'a> {
    /// `start`, `start + 1`, …
    From(usize),
    /// One by one.
    List(&'a [u32]),
}

/// A column that rows are grouped by.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    /// The column.
    pub column: String,
    /// Names of its groups; a code indexes it. Missing values are a group of their own.
    pub levels: Arc<[String]>,
    /// Whether groups are compared by it or within it.
    pub kind: GroupingKind,
}

/// What a grouping is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupingKind {
    /// Groups that must be treated fairly.
    Sensitive,
    /// Strata within which groups are compared.
    Control,
}

/// Name of the group of rows without a value.
pub const MISSING_GROUP: &str = "(missing)";

/// A named part of the rows.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Name; `all` for all rows.
    pub name: String,
    /// Its predicate; absent for all rows.
    pub predicate: Option<String>,
    /// Which rows belong to it, 64 a word; absent for all rows.
    members: Option<Vec<u64>>,
    /// Number of rows.
    pub n: usize,
}

/// Scored rows. Invariant: every column of it has `n_rows` values.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What kind of prediction.
    pub task: Task,
    /// The classes (the second of two is the positive one); empty for regression.
    pub classes: Arc<[String]>,
    /// Rows of the dataset that are in the frame, where some had to be left out.
    row_ids: Option<Vec<u32>>,
    n_rows: usize,
    truth: Targets,
    predicted: Option<Targets>,
    probability: Option<Vec<f64>>,
    weight: Option<Vec<f64>>,
    groupings: Vec<Grouping>,
    group_codes: Vec<Vec<u16>>,
    cohorts: Vec<Cohort>,
}

/// The columns of a frame to be.
#[derive(Clone, Debug)]
pub struct FrameParts {
    /// What kind of prediction.
    pub task: Task,
    /// The classes; empty for regression.
    pub classes: Arc<[String]>,
    /// Rows of the dataset that are in the frame, ascending, where some had to be left out.
    pub row_ids: Option<Vec<u32>>,
    /// The truth.
    pub truth: Targets,
    /// The prediction.
    pub predicted: Option<Targets>,
    /// Probability of the second class, or of every class row by row.
    pub probability: Option<Vec<f64>>,
    /// Row weights.
    pub weight: Option<Vec<f64>>,
    /// Groupings with a code per row.
    pub groups: Vec<(Grouping, Vec<u16>)>,
}

/// A frame's columns do not have the same length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{column}` has {found} values for {expected} rows")]
pub struct LengthError {
    /// Which.
    pub column: String,
    /// Its length.
    pub found: usize,
    /// The length of the truth.
    pub expected: usize,
}

impl Targets {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Class(v) => v.len(),
            Self::Value(v) => v.len(),
        }
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    #[must_use]
    pub fn view(&self) -> Target<'_> {
        match self {
            Self::Class(v) => Target::Class(v),
            Self::Value(v) => Target::Value(v),
        }
    }

    fn slice(&self, range: std::ops::Range<usize>) -> Target<'_> {
        match self {
            Self::Class(v) => Target::Class(v.get(range).unwrap_or_default()),
            Self::Value(v) => Target::Value(v.get(range).unwrap_or_default()),
        }
    }

    fn gather(&self, places: &[u32]) -> Self {
        match self {
            Self::Class(v) => Self::Class(gather(v, places)),
            Self::Value(v) => Self::Value(gather(v, places)),
        }
    }
}

impl<'a> Target<'a> {
    /// Number of rows.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Class(v) => v.len(),
            Self::Value(v) => v.len(),
        }
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The classes; empty for numbers.
    #[must_use]
    pub fn classes(self) -> &'a [u16] {
        match self {
            Self::Class(v) => v,
            Self::Value(_) => &[],
        }
    }

    /// The numbers; empty for classes.
    #[must_use]
    pub fn values(self) -> &'a [f64] {
        match self {
            Self::Class(_) => &[],
            Self::Value(v) => v,
        }
    }
}

impl<'a> Rows<'a> {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.truth.len()
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }

    /// Group codes of a grouping.
    #[must_use]
    pub fn groups(&self, grouping: usize) -> &'a [u16] {
        self.groups.get(grouping).copied().unwrap_or_default()
    }

    /// The id of the row at a place.
    #[must_use]
    pub fn id(&self, place: usize) -> u64 {
        match self.ids {
            Ids::From(start) => (start + place) as u64,
            Ids::List(ids) => ids.get(place).copied().map_or(0, u64::from),
        }
    }

    /// The weight of the row at a place; 1 without weights.
    #[must_use]
    pub fn weight_at(&self, place: usize) -> f64 {
        self.weight.map_or(1.0, |w| w.get(place).copied().unwrap_or(0.0))
    }
}

pub(crate) fn gather<T: Copy>(values: &[T], places: &[u32]) -> Vec<T> {
    places.iter().filter_map(|p| values.get(*p as usize).copied()).collect()
}

impl Frame {
    /// A frame out of its columns, with the cohort of all rows.
    ///
    /// # Errors
    /// When lengths differ.
    pub fn new(parts: FrameParts) -> Result<Self, LengthError> {
        let FrameParts { task, classes, row_ids, truth, predicted, probability, weight, groups } = parts;
        let n_rows = truth.len();
        let width = if task == Task::Multiclass { classes.len() } else { 1 };
        let check = |column: &str, found: usize, expected: usize| {
            if found == expected { Ok(()) } else { Err(LengthError { column: column.to_owned(), found, expected }) }
        };
        check("row ids", row_ids.as_ref().map_or(n_rows, Vec::len), n_rows)?;
        check("prediction", predicted.as_ref().map_or(n_rows, Targets::len), n_rows)?;
        check("probability", probability.as_ref().map_or(n_rows * width, Vec::len), n_rows * width)?;
        check("weight", weight.as_ref().map_or(n_rows, Vec::len), n_rows)?;
        for (grouping, codes) in &groups {
            check(&grouping.column, codes.len(), n_rows)?;
        }
        let (groupings, group_codes) = groups.into_iter().unzip();
        let all = Cohort { name: "all".to_owned(), predicate: None, members: None, n: n_rows };
        let cohorts = vec![all];
        Ok(Self {
            task,
            classes,
            row_ids,
            n_rows,
            truth,
            predicted,
            probability,
            weight,
            groupings,
            group_codes,
            cohorts,
        })
    }

    /// Adds a cohort by which rows of the frame belong to it; returns its index.
    pub fn add_cohort(&mut self, name: &str, predicate: &str, members: &[bool]) -> usize {
        let mut words = vec![0_u64; self.n_rows.div_ceil(64)];
        let mut n = 0;
        for (word, chunk) in words.iter_mut().zip(members.chunks(64)) {
            for (bit, is_member) in chunk.iter().enumerate() {
                *word |= u64::from(*is_member) << bit;
            }
            n += word.count_ones() as usize;
        }
        self.cohorts.push(Cohort {
            name: name.to_owned(),
            predicate: Some(predicate.to_owned()),
            members: Some(words),
            n,
        });
        self.cohorts.len() - 1
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The groupings, sensitive and control.
    #[must_use]
    pub fn groupings(&self) -> &[Grouping] {
        &self.groupings
    }

    /// The cohorts; the first is all rows.
    #[must_use]
    pub fn cohorts(&self) -> &[Cohort] {
        &self.cohorts
    }

    /// True when rows are weighted.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        self.weight.is_some()
    }

    /// True when there are probabilities.
    #[must_use]
    pub fn has_probability(&self) -> bool {
        self.probability.is_some()
    }

    /// True when there are predictions.
    #[must_use]
    pub fn has_predictions(&self) -> bool {
        self.predicted.is_some()
    }

    /// Number of probabilities per row: 1 for two classes, otherwise the number of classes.
    #[must_use]
    pub fn probability_width(&self) -> usize {
        if self.task == Task::Multiclass { self.classes.len() } else { 1 }
    }

    /// The dataset's row numbers of the frame's rows; absent when they are all rows in order.
    #[must_use]
    pub fn row_ids(&self) -> Option<&[u32]> {
        self.row_ids.as_deref()
    }

    /// All rows at once. Statistics are made by [`Frame::reduce`]; this is for what must see all rows together
    /// (sorting, nearest neighbours) and for writing them down.
    pub fn with_all<T>(&self, f: impl FnOnce(&Rows<'_>) -> T) -> T {
        self.with_range(0..self.n_rows, f)
    }

    pub(crate) fn with_range<T>(&self, range: std::ops::Range<usize>, f: impl FnOnce(&Rows<'_>) -> T) -> T {
        let groups: Vec<&[u16]> =
            self.group_codes.iter().map(|codes| codes.get(range.clone()).unwrap_or_default()).collect();
        let width = self.probability_width();
        f(&Rows {
            ids: Ids::From(range.start),
            truth: self.truth.slice(range.clone()),
            predicted: self.predicted.as_ref().map(|p| p.slice(range.clone())),
            probability: self.probability.as_ref().and_then(|p| p.get(range.start * width..range.end * width)),
            weight: self.weight.as_ref().and_then(|w| w.get(range.clone())),
            groups: &groups,
        })
    }

    pub(crate) fn with_places<T>(&self, places: &[u32], f: impl FnOnce(&Rows<'_>) -> T) -> T {
        let truth = self.truth.gather(places);
        let predicted = self.predicted.as_ref().map(|p| p.gather(places));
        let width = self.probability_width();
        let probability = self.probability.as_ref().map(|p| {
            let mut out = Vec::with_capacity(places.len() * width);
            for place in places {
                let start = *place as usize * width;
                out.extend_from_slice(p.get(start..start + width).unwrap_or_default());
            }
            out
        });
        let weight = self.weight.as_ref().map(|w| gather(w, places));
        let codes: Vec<Vec<u16>> = self.group_codes.iter().map(|c| gather(c, places)).collect();
        let groups: Vec<&[u16]> = codes.iter().map(Vec::as_slice).collect();
        f(&Rows {
            ids: Ids::List(places),
            truth: truth.view(),
            predicted: predicted.as_ref().map(Targets::view),
            probability: probability.as_deref(),
            weight: weight.as_deref(),
            groups: &groups,
        })
    }

    /// Places of a cohort's rows within a range; none when the cohort holds all rows.
    pub(crate) fn places(&self, cohort: usize, range: std::ops::Range<usize>) -> Option<Vec<u32>> {
        let members = self.cohorts.get(cohort)?.members.as_ref()?;
        let is_member = |place: &usize| members.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1);
        #[allow(clippy::cast_possible_truncation, reason = "row numbers fit 32 bits: datasets are refused beyond that")]
        Some(range.filter(is_member).map(|place| place as u32).collect())
    }

    /// One pass over a cohort's rows: states made per partition in parallel and merged in order, so that the result is
    /// the same for any number of threads. Cohort 0 is all rows.
    pub fn reduce<S: Merge + Send>(
        &self,
        cohort: usize,
        start: impl Fn() -> S + Sync,
        push: impl Fn(&mut S, &Rows<'_>) + Sync,
    ) -> S {
        let mut total = start();
        let one = |rows: &Rows<'_>| {
            let mut state = start();
            push(&mut state, rows);
            state
        };
        self.visit(cohort, one, |state| total.merge_from(state));
        total
    }

    /// As [`Frame::reduce`], for states too large to make one of every partition: there are `n_states` of them at most,
    /// each of a run of partitions. Where runs end depends on the rows alone.
    pub fn reduce_in<S: Merge + Send>(
        &self,
        n_states: usize,
        cohort: usize,
        start: impl Fn() -> S + Sync,
        push: impl Fn(&mut S, &Rows<'_>) + Sync,
    ) -> S {
        let run = self.n_partitions().div_ceil(n_states.max(1)).max(1);
        let one = |first: &usize| {
            let mut state = start();
            for partition in *first..(first + run).min(self.n_partitions()) {
                self.with_partition(cohort, partition, |rows| push(&mut state, rows));
            }
            state
        };
        let runs: Vec<usize> = (0..self.n_partitions()).step_by(run).collect();
        let mut total: Option<S> = None;
        for wave in runs.chunks(rayon::current_num_threads().max(1)) {
            for state in wave.par_iter().map(one).collect::<Vec<S>>() {
                match &mut total {
                    None => total = Some(state),
                    Some(total) => total.merge_from(state),
                }
            }
        }
        total.unwrap_or_else(start)
    }

    fn n_partitions(&self) -> usize {
        self.n_rows.div_ceil(PARTITION_ROWS)
    }

    fn with_partition<T>(&self, cohort: usize, partition: usize, f: impl FnOnce(&Rows<'_>) -> T) -> T {
        let from = partition * PARTITION_ROWS;
        let range = from..(from + PARTITION_ROWS).min(self.n_rows);
        match self.places(cohort, range.clone()) {
            None => self.with_range(range, f),
            Some(places) => self.with_places(&places, f),
        }
    }

    /// One pass over a cohort's rows: a part is made of every partition in parallel, and `take` gets the parts in the
    /// order of the rows. For what [`Frame::reduce`] would keep too many states of.
    pub fn visit<T: Send>(&self, cohort: usize, part: impl Fn(&Rows<'_>) -> T + Sync, mut take: impl FnMut(T)) {
        let n_partitions = self.n_partitions();
        let one = |partition: usize| self.with_partition(cohort, partition, &part);
        let wave = rayon::current_num_threads().max(1) * 2;
        for first in (0..n_partitions).step_by(wave) {
            let last = (first + wave).min(n_partitions);
            let parts: Vec<T> = (first..last).into_par_iter().map(one).collect();
            parts.into_iter().for_each(&mut take);
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(n: usize) -> Frame {
        let truth = Targets::Value((0..n).map(|i| i as f64 * 0.1).collect());
        Frame::new(FrameParts {
            task: Task::Regression,
            classes: Arc::from([]),
            row_ids: None,
            truth,
            predicted: None,
            probability: None,
            weight: Some((0..n).map(|i| (i % 3) as f64).collect()),
            groups: Vec::new(),
        })
        .unwrap()
    }

    #[test]
    fn a_cohort_sees_its_rows_with_their_ids() {
        let mut frame = frame(150_000);
        let members: Vec<bool> = (0..150_000).map(|i| i % 1000 == 7).collect();
        let cohort = frame.add_cohort("sevens", "row % 1000 = 7", &members);
        let ids = frame.reduce(cohort, List::default, |ids, rows| {
            ids.0.extend((0..rows.len()).map(|i| (rows.id(i), rows.truth.values()[i], rows.weight_at(i))));
        });
        let ids = ids.0;
        assert_eq!(ids.len(), 150);
        assert_eq!(frame.cohorts()[cohort].n, 150);
        assert!(ids.iter().enumerate().all(|(i, s)| s.0 == i as u64 * 1000 + 7));
        assert!(ids.iter().all(|s| s.1 == s.0 as f64 * 0.1 && s.2 == (s.0 % 3) as f64));
    }

    #[derive(Default)]
    struct List(Vec<(u64, f64, f64)>);
    impl Merge for List {
        fn merge_from(&mut self, other: Self) {
            self.0.extend(other.0);
        }
    }

    #[test]
    fn few_states_see_what_many_see() {
        let mut frame = frame(400_000);
        let members: Vec<bool> = (0..400_000).map(|i| i % 3 == 1).collect();
        let cohort = frame.add_cohort("thirds", "row % 3 = 1", &members);
        let push = |list: &mut List, rows: &Rows<'_>| {
            list.0.extend((0..rows.len()).map(|i| (rows.id(i), rows.truth.values()[i], rows.weight_at(i))));
        };
        for cohort in [0, cohort] {
            let many = frame.reduce(cohort, List::default, push).0;
            for n_states in [0, 1, 2, 3, 100] {
                assert_eq!(frame.reduce_in(n_states, cohort, List::default, push).0, many);
            }
        }
    }

    #[test]
    fn lengths_are_checked() {
        let parts = FrameParts {
            task: Task::Regression,
            classes: Arc::from([]),
            row_ids: None,
            truth: Targets::Value(vec![1.0, 2.0]),
            predicted: Some(Targets::Value(vec![1.0])),
            probability: None,
            weight: None,
            groups: Vec::new(),
        };
        assert_eq!(Frame::new(parts).unwrap_err().to_string(), "`prediction` has 1 values for 2 rows");
    }

    proptest! {
        #[test]
        fn cohorts_hold_exactly_their_members(members in prop::collection::vec(any::<bool>(), 1..300)) {
            let mut frame = frame(members.len());
            let cohort = frame.add_cohort("c", "", &members);
            let n = frame.reduce(cohort, || 0_u64, |n, rows| *n += rows.len() as u64);
            prop_assert_eq!(n as usize, members.iter().filter(|m| **m).count());
        }
    }
}
