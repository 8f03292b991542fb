//! The best way to part a node by one column.

use super::GrowOptions;
use super::histogram::{Bin, Histograms};
use crate::{BinnedColumn, CodeSet};

/// A way to part a node: two sides, and a third one where missing values are many.
#[derive(Clone, Debug)]
pub(super) struct Split {
    pub(super) column: usize,
    pub(super) gain: f64,
    /// Codes of each side; together all codes of the column.
    pub(super) sides: Vec<CodeSet>,
}

/// A sorted run of bins that is cut in two, and what does not take part in the cut.
struct Cut {
    gain: f64,
    /// How many of the run go left.
    n_left: usize,
    /// Whether missing values that are too few for a side of their own go left.
    missing_left: bool,
}

/// The split with the largest gain
///
/// ```text
/// Σ over sides (Σw·e)²/Σw  −  (Σw·e)²/Σw
/// ```
///
/// which is what the weighted sum of squares falls by. Of equal gains the first column's stays. None when no side
/// structure leaves `min_child_samples` rows on each side with different means.
pub(super) fn best(
    columns: &[BinnedColumn<'_>],
    histograms: &Histograms,
    options: &GrowOptions,
    room: usize,
) -> Option<Split> {
    let mut best: Option<Split> = None;
    for (place, (column, bins)) in columns.iter().zip(histograms).enumerate() {
        if let Some(split) = of_column(place, column, bins, options, room)
            && best.as_ref().is_none_or(|b| split.gain > b.gain)
        {
            best = Some(split);
        }
    }
    best
}

fn of_column(
    place: usize,
    column: &BinnedColumn<'_>,
    bins: &[Bin],
    options: &GrowOptions,
    room: usize,
) -> Option<Split> {
    let min_rows = options.min_child_samples.max(1);
    let is_missing = |code: usize| column.missing.is_some_and(|m| usize::from(m) == code);
    let missing = bins.iter().enumerate().filter(|(c, _)| is_missing(*c)).fold(Bin::default(), |s, (_, b)| s.plus(*b));
    let mut run: Vec<(u8, Bin)> = Vec::new();
    for (code, bin) in bins.iter().enumerate() {
        if bin.rows > 0
            && !is_missing(code)
            && let Ok(code) = u8::try_from(code)
        {
            run.push((code, *bin));
        }
    }
    if !column.is_ordered {
        // Of all subsets the best is a head of this order (Fisher 1958, doi:10.1080/01621459.1958.10501479).
        run.sort_by(|(i, a), (j, b)| mean(a).total_cmp(&mean(b)).then(i.cmp(j)));
    }
    let valued = run.iter().fold(Bin::default(), |sum, (_, bin)| sum.plus(*bin));
    let base = valued.plus(missing).explained();
    let has_own_side = missing.rows >= min_rows && room >= 3;
    let free = if has_own_side || missing.rows >= min_rows { Bin::default() } else { missing };
    let mut candidate: Option<(f64, Vec<CodeSet>)> = None;
    let all_codes = || (0..column.n_codes).filter_map(|c| u8::try_from(c).ok());
    if missing.rows < min_rows || has_own_side {
        let extra = if has_own_side { missing.explained() } else { 0.0 };
        if let Some(cut) = cut(&run, valued, free, min_rows) {
            let left: CodeSet = run.iter().take(cut.n_left).map(|(code, _)| *code).collect();
            let right: CodeSet = run.iter().skip(cut.n_left).map(|(code, _)| *code).collect();
            let mut sides = sides(column, left, right, has_own_side);
            if !has_own_side && missing.rows > 0 {
                place_missing(column, &mut sides, usize::from(!cut.missing_left));
            }
            candidate = Some((cut.gain + extra - base, sides));
        }
    }
    if missing.rows >= min_rows && valued.rows >= min_rows {
        let gain = valued.explained() + missing.explained() - base;
        if candidate.as_ref().is_none_or(|(best, _)| gain >= *best) {
            let (held, lost): (CodeSet, CodeSet) =
                (all_codes().filter(|c| !is_missing(usize::from(*c))).collect(), column.missing.into_iter().collect());
            candidate = Some((gain, vec![held, lost]));
        }
    }
    // Rounding alone must not split: a relative part in 10^12 of what there is to explain.
    let (gain, sides) = candidate.filter(|(gain, _)| *gain > base.abs() * 1e-12)?;
    Some(Split { column: place, gain, sides })
}

fn mean(bin: &Bin) -> f64 {
    if bin.weight > 0.0 { bin.loss / bin.weight } else { 0.0 }
}

/// The cut of a run that explains most; `free` rows may go to either side.
fn cut(run: &[(u8, Bin)], total: Bin, free: Bin, min_rows: u64) -> Option<Cut> {
    let mut best: Option<Cut> = None;
    let mut left = Bin::default();
    for (i, (_, bin)) in run.iter().enumerate().take(run.len().saturating_sub(1)) {
        left.add(*bin);
        let right = total.minus(left);
        for missing_left in [false, true] {
            let (a, b) = if missing_left { (left.plus(free), right) } else { (left, right.plus(free)) };
            if a.rows < min_rows || b.rows < min_rows {
                continue;
            }
            let gain = a.explained() + b.explained();
            if best.as_ref().is_none_or(|best| gain > best.gain) {
                best = Some(Cut { gain, n_left: i + 1, missing_left });
            }
            if free.rows == 0 {
                break;
            }
        }
    }
    best
}

/// Codes that no row of the node has follow their neighbours (numbers) or the larger set (names); missing values stand
/// alone or, where none were seen, go with the rest of the larger side.
fn sides(column: &BinnedColumn<'_>, left: CodeSet, right: CodeSet, has_own_side: bool) -> Vec<CodeSet> {
    let codes = (0..column.n_codes).filter_map(|c| u8::try_from(c).ok());
    let valued = codes.filter(|c| column.missing != Some(*c));
    let (mut a, mut b) = (left, right);
    if column.is_ordered {
        let last = left.iter().last().unwrap_or(0);
        (a, b) = valued.partition(|c| *c <= last);
    } else {
        let rest = valued.filter(|c| !left.contains(*c) && !right.contains(*c));
        let into = if left.len() > right.len() { &mut a } else { &mut b };
        rest.for_each(|c| into.insert(c));
    }
    let mut sides = vec![a, b];
    match column.missing {
        Some(code) if has_own_side => sides.push(CodeSet::of(code)),
        Some(_) => place_missing(column, &mut sides, 1),
        None => {}
    }
    sides
}

fn place_missing(column: &BinnedColumn<'_>, sides: &mut [CodeSet], wanted: usize) {
    let Some(code) = column.missing else { return };
    for (place, side) in sides.iter_mut().enumerate() {
        if place == wanted { side.insert(code) } else { side.remove(code) }
    }
}
