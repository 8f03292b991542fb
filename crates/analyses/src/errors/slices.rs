//! The slices: found in some rows, measured and confirmed in others.

use std::collections::{BTreeMap, BTreeSet};

use equipoise_kernels::{
    CodeSet, Confidence, Ends, FrequentOptions, FrequentSlices, LossSums, Losses, Measured, Slice, SliceColumn,
    SliceMaxima, SliceOptions, SliceSearch, SliceTerm, Undefined, find_slices, frequent_slices, holm, members, mover,
    overlap, ratio_ends, slice_maxima, sum_losses,
};
use rayon::prelude::*;

use super::heat_map::runs;
use super::mask::RowMask;
use super::matrix::ErrorMatrix;
use super::params::BinRule;

/// Most slices of any length that are kept.
const MOST_FREQUENT: usize = 2_000_000;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct FinderOptions {
    /// The search.
    pub search: SliceOptions,
    /// Fewest rows of a slice as a share of the rows that are searched; the larger of this and `search.min_rows` holds.
    pub min_support: f64,
    /// Quantile bins of numbers.
    pub bins: u32,
    /// Jaccard's similarity from which two slices are one.
    pub merge_overlap: f64,
    /// Whether slices are found in one half and measured in the other.
    pub honest: bool,
    /// Coverage of intervals.
    pub confidence: Confidence,
    /// Permutations behind the p-values that are adjusted by the largest statistic, and their seed; 0 for none.
    pub permutations: (u32, u64),
}

/// The slices that were found.
#[derive(Clone, Debug)]
pub struct FoundSlices {
    /// Highest score first.
    pub by_score: Vec<FoundSlice>,
    /// Surest difference first.
    pub by_difference: Vec<FoundSlice>,
    /// What was searched, and the family of p-values.
    pub search: SliceSearch,
    /// Fewest rows that a slice could have.
    pub min_rows: u64,
    /// All rows that are measured.
    pub total: LossSums,
    /// Whether these are other rows than those searched.
    pub is_honest: bool,
    /// Permutations that adjusted p-values rest on; 0 where there are none.
    pub n_permutations: usize,
}

/// A slice.
#[derive(Clone, Debug)]
pub struct FoundSlice {
    /// As it was found.
    pub found: Slice,
    /// Its conditions in words.
    pub says: String,
    /// Its conditions as a predicate of a cohort.
    pub predicate: String,
    /// Its conditions: columns with codes.
    pub conditions: Vec<(usize, CodeSet)>,
    /// The rows that are measured, and their loss.
    pub sums: LossSums,
    /// Mean loss there.
    pub mean: Measured,
    /// Mean loss there less that of the rows outside.
    pub difference: Measured,
    /// Mean loss there over that of the rows outside.
    pub ratio: Measured,
    /// Share of all loss.
    pub coverage: Option<f64>,
    /// Mean loss less the highest of its parts with one condition fewer (of all rows for one condition).
    pub gain: Option<f64>,
    /// Adjusted p-values in the rows searched: Benjamini & Hochberg's and Benjamini & Yekutieli's over all slices.
    pub searched: (f64, f64),
    /// P-value in the rows searched, adjusted by the largest statistic of all slices when errors are dealt out anew.
    pub max_t: Option<f64>,
    /// Test in rows that were not searched: p-value, adjusted over the slices named (Holm), and its name.
    pub confirmed: Option<(f64, f64, &'static str)>,
    /// Slices with nearly the same rows that are told as this one.
    pub also: Vec<String>,
    /// Its rows among those searched, 64 a word.
    members: Vec<u64>,
}

impl FoundSlice {
    /// Whether it is more than chance: by the rows that were not searched where there are such, otherwise by permutations
    /// where there are such, otherwise by the family.
    #[must_use]
    pub fn adjusted(&self) -> f64 {
        self.confirmed.map_or_else(|| self.max_t.unwrap_or(self.searched.1), |(_, adjusted, _)| adjusted)
    }

    /// Share of the smaller one's rows that two slices have in common.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    pub fn held(&self, other: &Self) -> f64 {
        let count = |words: &[u64]| words.iter().map(|w| u64::from(w.count_ones())).sum::<u64>();
        let both: u64 = self.members.iter().zip(&other.members).map(|(a, b)| u64::from((a & b).count_ones())).sum();
        both as f64 / count(&self.members).min(count(&other.members)).max(1) as f64
    }
}

impl ErrorMatrix {
    /// The slices of some rows where the loss is high.
    #[must_use]
    pub fn slices(&self, mask: &RowMask, options: &FinderOptions, stop: &(dyn Fn() -> bool + Sync)) -> FoundSlices {
        let (learn, measure) = self.learn_and_measure(mask, options.honest);
        let columns = self.slice_columns(options.bins);
        let mut wanted = options.search;
        #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
        let share = (options.min_support * learn.len() as f64).ceil() as u64;
        wanted.min_rows = wanted.min_rows.max(share).max(1);
        let k = wanted.k;
        // Near-duplicates are merged afterwards, so that more are needed than are named.
        wanted.k = k.saturating_mul(4);
        let search = find_slices(&columns, self.losses(), self.weight(), &learn, &wanted, stop);
        let total = self.sums(&measure);
        let candidates = || search.by_score.iter().chain(&search.by_difference);
        let sets = TermSets::over(self, &columns, candidates(), &learn, &measure);
        let maxima = self.maxima(&columns, &learn, &wanted, &search, options, stop);
        let naming =
            Naming { matrix: self, columns: &columns, sets: &sets, total: &total, options, maxima: maxima.as_ref() };
        let by_score = naming.named(&search.by_score, &search, k, |s| s.score);
        let by_difference = naming.named(&search.by_difference, &search, k, |s| s.low);
        let is_honest = options.honest;
        let n_permutations = maxima.map_or(0, |m| m.n());
        let min_rows = wanted.min_rows;
        let mut found = FoundSlices { by_score, by_difference, search, min_rows, total, is_honest, n_permutations };
        if is_honest {
            self.confirm(&mut found);
        }
        found
    }

    /// Every slice of some rows with at least a share of them, however many conditions it has; numbers are cut into quantile
    /// bins.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
    pub fn frequent(&self, mask: &RowMask, bins: u32, min_support: f64) -> FrequentSlices {
        let rows = self.eligible(mask).rows();
        let min_rows = ((min_support * rows.len() as f64).ceil() as u64).max(1);
        let options = FrequentOptions { min_rows, max_terms: usize::MAX, most: MOST_FREQUENT };
        frequent_slices(&self.slice_columns(bins), self.losses(), self.weight(), &rows, &options, &|| false)
    }

    /// The largest statistics of permuted errors, where they were asked for and every slice was looked at.
    fn maxima(
        &self,
        columns: &[SliceColumn<'_>],
        rows: &[u32],
        wanted: &SliceOptions,
        search: &SliceSearch,
        options: &FinderOptions,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<SliceMaxima> {
        match self.losses() {
            Losses::Flags(flags) if self.is_counted() && options.permutations.0 > 0 && search.family.is_exact => {
                slice_maxima(columns, flags, rows, wanted, options.permutations, stop)
            }
            _ => None,
        }
    }

    /// Columns with the levels that conditions speak of: names, quantile bins of numbers, and missing values.
    fn slice_columns(&self, bins: u32) -> Vec<SliceColumn<'_>> {
        let mut columns = Vec::new();
        for (column, coding) in self.columns().into_iter().zip(&self.codings) {
            let mut levels: Vec<CodeSet> = if coding.is_ordered() {
                runs(&coding.cuts(BinRule::Quantile, bins), coding.n_valued())
            } else {
                // A code of many rare names is no condition that people can read.
                let named = coding.n_valued() - usize::from(coding.has_other());
                (0..named).filter_map(|code| u8::try_from(code).ok()).map(CodeSet::of).collect()
            };
            levels.extend(column.missing.map(CodeSet::of));
            levels.truncate(usize::from(u8::MAX));
            let level = |code: u8| levels.iter().position(|set| set.contains(code)).and_then(|l| u8::try_from(l).ok());
            let level_of = (0..=u8::MAX).map(level).collect();
            columns.push(SliceColumn { column, level_of, n_levels: levels.len() });
        }
        columns
    }

    /// Tests every slice that is named in the rows that were not searched.
    fn confirm(&self, found: &mut FoundSlices) {
        let mut named: Vec<(Vec<SliceTerm>, LossSums)> = Vec::new();
        for slice in found.by_score.iter().chain(&found.by_difference) {
            if !named.iter().any(|(terms, _)| *terms == slice.found.terms) {
                named.push((slice.found.terms.clone(), slice.sums));
            }
        }
        let total = found.total;
        let tests: Vec<Option<(f64, &'static str)>> = named
            .iter()
            .map(|(_, sums)| {
                let rest = total.without(sums);
                let is_worse = sums.loss() * rest.weight() > rest.loss() * sums.weight();
                // Only more loss than outside confirms: half of the two sides.
                let one_sided = |p: f64| if is_worse { 0.5 * p } else { 1.0 - 0.5 * p };
                sums.compare(&rest, self.is_counted()).map(|(p, method)| (one_sided(p), method))
            })
            .collect();
        // A slice without a test counts as not confirmed, and towards the family.
        let p: Vec<f64> = tests.iter().map(|t| t.map_or(1.0, |(p, _)| p)).collect();
        let adjusted = holm(&p);
        for slice in found.by_score.iter_mut().chain(&mut found.by_difference) {
            let at = named.iter().position(|(terms, _)| *terms == slice.found.terms);
            let pick = |i: usize| Some((*tests.get(i)?, *adjusted.get(i)?));
            slice.confirmed = at.and_then(pick).map(|(test, adjusted)| {
                let (p, method) = test.unwrap_or((1.0, "no_variation"));
                (p, adjusted, method)
            });
        }
    }
}

/// The rows of each condition that candidates are made of, 64 a word: among those searched and those measured. What a
/// conjunction holds is then a matter of a few words.
struct TermSets<'a> {
    sets: BTreeMap<SliceTerm, [Vec<u64>; 2]>,
    matrix: &'a ErrorMatrix,
    measure: &'a [u32],
    /// Rows measured that are errors, where errors are counted.
    errors: Option<Vec<u64>>,
}

impl<'a> TermSets<'a> {
    fn over<'b>(
        matrix: &'a ErrorMatrix,
        columns: &[SliceColumn<'_>],
        slices: impl Iterator<Item = &'b Slice>,
        learn: &[u32],
        measure: &'a [u32],
    ) -> Self {
        let terms: BTreeSet<SliceTerm> = slices.flat_map(|s| s.terms.iter().copied()).collect();
        let terms: Vec<SliceTerm> = terms.into_iter().collect();
        let is_same = learn == measure;
        let of_rows = |term: &SliceTerm| {
            let found = members(columns, &[*term], learn);
            let measured = if is_same { found.clone() } else { members(columns, &[*term], measure) };
            [found, measured]
        };
        let sets = terms.par_iter().map(|term| (*term, of_rows(term))).collect::<Vec<_>>().into_iter().collect();
        let is_error = |row: &u32| matrix.losses().at(*row as usize) > 0.0;
        let word = |rows: &[u32]| rows.iter().enumerate().fold(0, |w, (bit, row)| w | u64::from(is_error(row)) << bit);
        let errors = matrix.is_counted().then(|| measure.chunks(64).map(word).collect());
        Self { sets, matrix, measure, errors }
    }

    /// The rows that fulfil some conditions, among those searched (0) or measured (1).
    fn members(&self, terms: &[SliceTerm], part: usize) -> Vec<u64> {
        let mut sets = terms.iter().filter_map(|term| self.sets.get(term)?.get(part));
        let Some(first) = sets.next() else { return Vec::new() };
        let mut words = first.clone();
        for set in sets {
            words.iter_mut().zip(set).for_each(|(mine, theirs)| *mine &= theirs);
        }
        words
    }

    /// The sums of the rows measured that fulfil some conditions.
    fn measured(&self, terms: &[SliceTerm]) -> LossSums {
        let words = self.members(terms, 1);
        if let Some(errors) = &self.errors {
            let rows = words.iter().map(|w| u64::from(w.count_ones())).sum();
            let wrong = words.iter().zip(errors).map(|(w, e)| u64::from((w & e).count_ones())).sum();
            return LossSums::of_counts(rows, wrong);
        }
        let rows = self.measure.chunks(64).zip(words).flat_map(|(rows, word)| {
            rows.iter().enumerate().filter(move |(bit, _)| word >> bit & 1 == 1).map(|(_, row)| *row as usize)
        });
        sum_losses(self.matrix.losses(), self.matrix.weight(), rows)
    }
}

/// What naming slices needs.
struct Naming<'a> {
    matrix: &'a ErrorMatrix,
    columns: &'a [SliceColumn<'a>],
    sets: &'a TermSets<'a>,
    total: &'a LossSums,
    options: &'a FinderOptions,
    maxima: Option<&'a SliceMaxima>,
}

impl Naming<'_> {
    /// The first `k` slices of a list and the ties of the last, those with nearly the rows of an earlier one told with it.
    fn named(
        &self,
        slices: &[Slice],
        search: &SliceSearch,
        k: usize,
        measure: impl Fn(&Slice) -> f64,
    ) -> Vec<FoundSlice> {
        let mut named: Vec<FoundSlice> = Vec::new();
        for slice in slices {
            let own = self.sets.members(&slice.terms, 0);
            let ties = named.last().is_some_and(|last| measure(slice) >= measure(&last.found));
            let twin = named.iter_mut().find(|n| overlap(&own, &n.members) >= self.options.merge_overlap);
            if let Some(twin) = twin {
                let says = self.matrix.says(&self.conditions(&slice.terms));
                if slice.terms.len() < twin.found.terms.len() {
                    // Fewer conditions for nearly the same rows are what people should read.
                    let mut also = std::mem::take(&mut twin.also);
                    also.push(std::mem::take(&mut twin.says));
                    *twin = FoundSlice { also, ..self.slice(slice, search, own) };
                } else {
                    twin.also.push(says);
                }
            } else if named.len() < k || ties {
                named.push(self.slice(slice, search, own));
            }
        }
        // What was put in the place of its twin may rank lower than it.
        named.sort_by(|a, b| measure(&b.found).total_cmp(&measure(&a.found)));
        named
    }

    fn conditions(&self, terms: &[SliceTerm]) -> Vec<(usize, CodeSet)> {
        let codes = |term: &SliceTerm| self.columns.get(term.column).map(|c| (term.column, c.codes(term.level)));
        terms.iter().filter_map(codes).collect()
    }

    fn slice(&self, slice: &Slice, search: &SliceSearch, members: Vec<u64>) -> FoundSlice {
        let total = self.total;
        let conditions = self.conditions(&slice.terms);
        let is_share = self.matrix.loss.is_share();
        let confidence = self.options.confidence;
        let sums = self.sets.measured(&slice.terms);
        let rest = total.without(&sums);
        let (mean, others) = (sums.measure(is_share, confidence), rest.measure(is_share, confidence));
        let parts = (0..slice.terms.len()).map(|out| {
            let fewer: Vec<SliceTerm> =
                slice.terms.iter().enumerate().filter(|(i, _)| *i != out).map(|(_, t)| *t).collect();
            if fewer.is_empty() { *total } else { self.sets.measured(&fewer) }
        });
        let best_part = parts.filter_map(|part| part.mean().value().ok()).reduce(f64::max);
        FoundSlice {
            found: slice.clone(),
            says: self.matrix.says(&conditions),
            predicate: self.matrix.predicate(&conditions),
            conditions,
            sums,
            mean,
            difference: difference(&mean, &others),
            ratio: ratio(&mean, &others),
            coverage: (total.loss() > 0.0).then(|| sums.loss() / total.loss()),
            gain: mean.value.ok().zip(best_part).map(|(own, best)| own - best),
            searched: search.family.adjusted(slice.p_value),
            max_t: self.maxima.map(|m| m.adjusted(slice.z)),
            confirmed: None,
            also: Vec::new(),
            members,
        }
    }
}

/// `a − b` with the interval that their own intervals give (Newcombe's method 10 for shares).
pub(super) fn difference(a: &Measured, b: &Measured) -> Measured {
    match (a.value, b.value) {
        (Ok(x), Ok(y)) => {
            let ends = a.ends.zip(b.ends).and_then(|(ea, eb)| mover(&[(1.0, x, ea), (-1.0, y, eb)]));
            Measured::new(Ok(x - y), ends, if a.method == "wilson" { "newcombe" } else { "mover" })
        }
        (Err(why), _) | (_, Err(why)) => Measured::undefined(why),
    }
}

/// `a / b` with the interval that their own intervals give (Donner & Zou 2012).
pub(super) fn ratio(a: &Measured, b: &Measured) -> Measured {
    match (a.value, b.value) {
        (Ok(x), Ok(y)) if y > 0.0 => {
            let ends: Option<Ends> = a.ends.zip(b.ends).map(|(ea, eb)| ratio_ends((x, ea), (y, eb)));
            Measured::new(Ok(x / y), ends, "mover_ratio")
        }
        (Ok(_), Ok(_)) => Measured::undefined(Undefined::ZeroDenominator),
        (Err(why), _) | (_, Err(why)) => Measured::undefined(why),
    }
}
