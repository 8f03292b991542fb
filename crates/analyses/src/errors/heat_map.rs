//! A metric over the bins of one or two columns.

use equipoise_kernels::{
    CodeSet, Confidence, Confusion, Confusion2, CutBin, LossSums, Losses, Measured, Merge, benjamini_hochberg,
    best_cuts,
};
use rayon::prelude::*;

use super::mask::RowMask;
use super::matrix::ErrorMatrix;
use super::metric::{CellState, Metric};
use super::params::BinRule;

/// What a heat map shows.
#[derive(Clone, Debug)]
pub struct HeatMapOptions {
    /// One or two columns, by their places.
    pub columns: Vec<usize>,
    /// How numbers are cut.
    pub rule: BinRule,
    /// Into how many bins, 2 to 20.
    pub bins: u32,
    /// Fewest rows of a supervised bin.
    pub min_rows: u64,
    /// What is shown.
    pub metric: Metric,
    /// Coverage of intervals.
    pub confidence: Confidence,
    /// Whether supervised bins are cut with other rows than the numbers' own.
    pub honest: bool,
}

/// A heat map.
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// The bins of each column, in order.
    pub axes: Vec<Axis>,
    /// The cells, the first column's bins outside and the second's inside.
    pub cells: Vec<HeatCell>,
    /// What is shown.
    pub metric: Metric,
}

/// The bins of a column.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Place of the column.
    pub column: usize,
    /// Its name.
    pub name: String,
    /// Bins: their codes and their labels. Missing values have a bin of their own, the last one.
    pub bins: Vec<(CodeSet, String)>,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct HeatCell {
    /// Places of its bins.
    pub bins: Vec<usize>,
    /// Number of rows.
    pub n: u64,
    /// Kish's effective number of rows.
    pub n_effective: f64,
    /// The metric with its interval.
    pub value: Measured,
    /// Share of the loss of all cells.
    pub coverage: Option<f64>,
    /// P-value of the mean loss against the other cells, adjusted over the cells (Benjamini & Hochberg).
    pub test: Option<(f64, f64, &'static str)>,
    /// Its condition as a predicate of a cohort.
    pub predicate: String,
}

/// Categories beyond which the rarest of an axis are put together.
const MOST_NAMES: usize = 30;
const BLOCK: usize = 65_536;

impl ErrorMatrix {
    /// The heat map of some rows.
    #[must_use]
    pub fn heat_map(&self, mask: &RowMask, options: &HeatMapOptions) -> HeatMap {
        let is_supervised = options.rule == BinRule::Supervised;
        let (learn, measure) = self.learn_and_measure(mask, options.honest && is_supervised);
        let axes: Vec<Axis> =
            options.columns.iter().filter_map(|column| self.axis(*column, options, &learn, &measure)).collect();
        let states = self.cells(&axes, &measure);
        let classes = match options.metric {
            Metric::Classes(..) => self.classes(&axes, &measure),
            _ => Vec::new(),
        };
        let mut cells = Vec::with_capacity(states.len());
        let mut total = CellState::default();
        states.iter().for_each(|state| total.merge_from(*state));
        let tests: Vec<Option<(f64, &'static str)>> = states
            .iter()
            .map(|state| state.loss.compare(&total.loss.without(&state.loss), self.is_counted()))
            .collect();
        let p: Vec<f64> = tests.iter().flatten().map(|(p, _)| *p).collect();
        let mut adjusted = benjamini_hochberg(&p).into_iter();
        let n_inner = axes.get(1).map_or(1, |axis| axis.bins.len()).max(1);
        for (place, (state, test)) in states.iter().zip(tests).enumerate() {
            let bins: Vec<usize> = if axes.len() > 1 { vec![place / n_inner, place % n_inner] } else { vec![place] };
            let conditions: Vec<(usize, CodeSet)> = axes
                .iter()
                .zip(&bins)
                .filter_map(|(axis, bin)| axis.bins.get(*bin).map(|(set, _)| (axis.column, *set)))
                .collect();
            cells.push(HeatCell {
                bins,
                n: state.loss.rows,
                n_effective: state.loss.mean().n_effective(),
                value: options.metric.measure(state, classes.get(place), options.confidence),
                coverage: (total.loss.loss() > 0.0).then(|| state.loss.loss() / total.loss.loss()),
                test: test.and_then(|(p, method)| Some((p, adjusted.next()?, method))),
                predicate: self.predicate(&conditions),
            });
        }
        HeatMap { axes, cells, metric: options.metric }
    }

    fn axis(&self, column: usize, options: &HeatMapOptions, learn: &[u32], measure: &[u32]) -> Option<Axis> {
        let coding = self.codings.get(column)?;
        let groups: Vec<CodeSet> = if coding.is_ordered() {
            let cuts = if options.rule == BinRule::Supervised {
                self.supervised(column, options, learn)
            } else {
                coding.cuts(options.rule, options.bins)
            };
            runs(&cuts, coding.n_valued())
        } else {
            self.names(column, measure)
        };
        let mut bins: Vec<(CodeSet, String)> = groups.into_iter().map(|set| (set, coding.label(&set))).collect();
        if self.has_missing(column) {
            let set = CodeSet::of(coding.missing());
            bins.push((set, coding.label(&set)));
        }
        Some(Axis { column, name: coding.name.clone(), bins })
    }

    /// The bins between which the loss of some rows differs most.
    fn supervised(&self, column: usize, options: &HeatMapOptions, rows: &[u32]) -> Vec<usize> {
        let n = self.codings.get(column).map_or(0, super::coding::Coding::n_valued);
        let mut bins = vec![CutBin::default(); n];
        let (codes, losses, weight) = (self.codes(column), self.losses(), self.weight());
        for row in rows {
            let row = *row as usize;
            if let Some(bin) = codes.get(row).and_then(|code| bins.get_mut(usize::from(*code))) {
                let w = weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0));
                bin.rows += 1;
                bin.weight += w;
                bin.loss += w * losses.at(row);
            }
        }
        best_cuts(&bins, options.bins as usize, options.min_rows)
    }

    /// A bin for each name; beyond many the rarest are one.
    fn names(&self, column: usize, rows: &[u32]) -> Vec<CodeSet> {
        let n = self.codings.get(column).map_or(0, super::coding::Coding::n_valued);
        let mut counts = vec![0_u64; n];
        let codes = self.codes(column);
        for row in rows {
            if let Some(count) = codes.get(*row as usize).and_then(|code| counts.get_mut(usize::from(*code))) {
                *count += 1;
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|i| (std::cmp::Reverse(counts.get(*i).copied().unwrap_or(0)), *i));
        let n_own = if n > MOST_NAMES { MOST_NAMES - 1 } else { n };
        let mut own: Vec<usize> = order.iter().take(n_own).copied().collect();
        own.sort_unstable();
        let code = |i: &usize| u8::try_from(*i).ok();
        let mut sets: Vec<CodeSet> = own.iter().filter_map(code).map(CodeSet::of).collect();
        let rest: CodeSet = order.iter().skip(n_own).filter_map(code).collect();
        if !rest.is_empty() {
            sets.push(rest);
        }
        sets
    }

    /// What is known of each cell; blocks of rows are merged in order.
    fn cells(&self, axes: &[Axis], rows: &[u32]) -> Vec<CellState> {
        let n_cells: usize = axes.iter().map(|axis| axis.bins.len()).product();
        let routes = self.routes(axes);
        let mut total = vec![CellState::default(); n_cells];
        if n_cells == 0 {
            return total;
        }
        if let (Losses::Flags(flags), true) = (self.losses(), self.is_counted()) {
            let outcome = Some(self.judged.outcome.as_slice()).filter(|o| !o.is_empty());
            let kinds = outcome.unwrap_or(flags);
            let one = |block: &[u32]| counted(&routes, kinds, n_cells, block);
            let parts: Vec<Vec<u32>> = rows.par_chunks(COUNTED_BLOCK).map(one).collect();
            for counts in parts {
                for (cell, own) in total.iter_mut().zip(counts.chunks_exact(N_KINDS)) {
                    cell.merge_from(of_counts(own, outcome.is_some()));
                }
            }
        } else {
            let parts: Vec<Vec<CellState>> =
                rows.par_chunks(BLOCK).map(|block| self.summed(&routes, n_cells, block)).collect();
            parts.into_iter().for_each(|part| total.merge_from(part));
        }
        total
    }

    /// For each column its codes and where they lead: the cell is the sum of the steps, and no cell where a code has no bin.
    fn routes(&self, axes: &[Axis]) -> Vec<Route<'_>> {
        let n_cells: usize = axes.iter().map(|axis| axis.bins.len()).product();
        let nowhere = u32::try_from(n_cells).unwrap_or(u32::MAX / 4);
        let mut scale = n_cells;
        axes.iter()
            .map(|axis| {
                scale /= axis.bins.len().max(1);
                let bin = |code: u8| axis.bins.iter().position(|(set, _)| set.contains(code));
                let step = |b: usize| u32::try_from(b * scale).unwrap_or(nowhere);
                let mut steps = [nowhere; 256];
                for (slot, code) in steps.iter_mut().zip(0..=u8::MAX) {
                    *slot = bin(code).map_or(nowhere, step);
                }
                (self.codes(axis.column), steps)
            })
            .collect()
    }

    /// Sums of any loss, of decisions, and of the errors of numbers.
    #[allow(clippy::indexing_slicing, reason = "a hot loop: rows are rows of the columns, and codes index 256 places")]
    fn summed(&self, routes: &[Route<'_>], n_cells: usize, block: &[u32]) -> Vec<CellState> {
        let (losses, weight) = (self.losses(), self.weight());
        let (outcome, error) = (&self.judged.outcome, &self.judged.error);
        let mut cells = vec![CellState::default(); n_cells];
        for row in block {
            let row = *row as usize;
            let place: u32 = routes.iter().map(|(codes, steps)| steps[usize::from(codes[row])]).sum();
            let Some(cell) = cells.get_mut(place as usize) else { continue };
            let w = weight.map_or(1.0, |w| w[row]);
            cell.loss.push(losses.at(row), w);
            if let Some(outcome) = outcome.get(row) {
                cell.cells.push(*outcome >= 2, outcome % 2 == 1, w);
                cell.squares.push(*outcome >= 2, outcome % 2 == 1, w * w);
            }
            if let Some(e) = error.get(row) {
                let [signed, size, square] = &mut cell.error;
                signed.push(*e, w);
                size.push(e.abs(), w);
                square.push(e * e, w);
            }
        }
        cells
    }

    /// Weights, and squared weights, by true and predicted class of each cell.
    #[allow(clippy::indexing_slicing, reason = "a hot loop: rows are rows of the columns, and codes index 256 places")]
    fn classes(&self, axes: &[Axis], rows: &[u32]) -> Vec<[Confusion; 2]> {
        let n_cells: usize = axes.iter().map(|axis| axis.bins.len()).product();
        let (k, routes) = (self.n_classes, self.routes(axes));
        let mut sums = vec![[0.0_f64; 2]; n_cells * k * k];
        for row in rows {
            let row = *row as usize;
            let place: u32 = routes.iter().map(|(codes, steps)| steps[usize::from(codes[row])]).sum();
            let Some([truth, predicted]) = self.judged.classes.get(row) else { continue };
            let cell = (place as usize * k + usize::from(*truth)) * k + usize::from(*predicted);
            if let Some([sum, squares]) = sums.get_mut(cell) {
                let w = self.weight().map_or(1.0, |w| w[row]);
                *sum += w;
                *squares += w * w;
            }
        }
        let one = |cells: &[[f64; 2]]| {
            let of = |pick: fn(&[f64; 2]) -> f64| Confusion::from_cells(k, cells.iter().map(pick).collect());
            [of(|c| c[0]), of(|c| c[1])]
        };
        sums.chunks(k * k).map(one).collect()
    }
}

/// Codes of a column and the step of each.
type Route<'a> = (&'a [u8], [u32; 256]);

/// `2·truth + prediction` of two classes, or whether a row is wrong.
const N_KINDS: usize = 4;
/// Rows that are counted at once.
const COUNTED_BLOCK: usize = 1 << 18;

/// Rows by cell and kind. With one or two columns, which is what heat maps have, a row is two steps and one count.
#[allow(clippy::indexing_slicing, reason = "a hot loop: rows are rows of the columns, and codes index 256 places")]
fn counted(routes: &[Route<'_>], kinds: &[u8], n_cells: usize, block: &[u32]) -> Vec<u32> {
    let mut counts = vec![0_u32; n_cells * N_KINDS];
    let mut add = |row: usize, place: u32| {
        // A row beyond all cells has a code without a bin.
        if let Some(count) = counts.get_mut(place as usize * N_KINDS + usize::from(kinds[row] & 3)) {
            *count += 1;
        }
    };
    match routes {
        [(codes, steps)] => block.iter().for_each(|row| add(*row as usize, steps[usize::from(codes[*row as usize])])),
        [(a, of_a), (b, of_b)] => {
            for row in block {
                let row = *row as usize;
                add(row, of_a[usize::from(a[row])] + of_b[usize::from(b[row])]);
            }
        }
        _ => {}
    }
    counts
}

/// What counts of kinds tell of a cell.
fn of_counts(counts: &[u32], is_outcome: bool) -> CellState {
    let at = |kind: usize| counts.get(kind).copied().unwrap_or(0);
    let rows = counts.iter().map(|n| u64::from(*n)).sum();
    if !is_outcome {
        return CellState { loss: LossSums::of_counts(rows, u64::from(at(1))), ..CellState::default() };
    }
    let wrong = u64::from(at(1)) + u64::from(at(2));
    let [tn, fp, fn_, tp] = [0, 1, 2, 3].map(|kind| f64::from(at(kind)));
    let cells = Confusion2 { tp, fp, fn_, tn };
    CellState { loss: LossSums::of_counts(rows, wrong), cells, squares: cells, ..CellState::default() }
}

impl Merge for CellState {
    fn merge_from(&mut self, other: Self) {
        let Self { loss, cells, squares, error } = other;
        self.loss.merge_from(loss);
        self.cells.merge_from(cells);
        self.squares.merge_from(squares);
        for (mine, theirs) in self.error.iter_mut().zip(error) {
            mine.merge_from(theirs);
        }
    }
}

/// Runs of codes between cuts.
pub(super) fn runs(cuts: &[usize], n_codes: usize) -> Vec<CodeSet> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([n_codes]);
    starts.zip(ends).map(|(a, b)| (a..b).filter_map(|code| u8::try_from(code).ok()).collect()).collect()
}
