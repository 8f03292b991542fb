//! Intervals by resampling rows, as fairlearn makes them: quantiles of resampled numbers.

use std::collections::{BTreeMap, BTreeSet};

use equipoise_data::Frame;
use equipoise_document::{Estimate, EstimateId, Interval, Task};
use equipoise_kernels::{Draws, Merge, Multinomial, Share, poisson_pair, split_mix};

use super::aggregate::Settings;
use super::groups::{Atoms, Counted, Slice};
use super::inequality::quantile;
use super::metrics::{Metric, Of, measure};
use super::params::Compat;
use crate::AnalysisError;
use crate::counted::Cell;

/// Resampled cells of every atom: `replicates × atoms × cells` weights.
pub(super) struct Resampled {
    replicates: usize,
    n_cells: usize,
    weights: Vec<f64>,
}

struct Sums(Vec<f64>);

impl Merge for Sums {
    fn merge_from(&mut self, other: Self) {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a += b;
        }
    }
}

impl Resampled {
    /// Without weights, or with few different ones: a multinomial draw over all cells (and weights), which is the
    /// distribution of resampled rows at a cost that does not depend on their number. With many weights: every row is
    /// taken a Poisson(1) number of times while rows stream by, drawn from a hash of seed, row and replicate.
    pub(super) fn of(
        frame: &Frame,
        cohort: usize,
        atoms: &Atoms,
        settings: Settings<'_>,
    ) -> Result<Self, AnalysisError> {
        let replicates = settings.params.replicates as usize;
        let n_cells = atoms.n_cells();
        let size = atoms.len() * n_cells;
        if size.saturating_mul(replicates) > 50_000_000 {
            let problem = format!("{replicates} replicates of {size} cells do not fit in memory");
            return Err(super::params::wrong("replicates", problem, "take fewer replicates or fewer intersections"));
        }
        if let Some(repeated) = Repeated::of(frame, cohort, atoms).filter(|_| frame.is_weighted()) {
            return Ok(Self { replicates, n_cells, weights: repeated.draw(replicates, settings.seed) });
        }
        if frame.is_weighted() {
            return Ok(Self {
                replicates,
                n_cells,
                weights: Self::poisson(frame, cohort, atoms, replicates, settings.seed),
            });
        }
        let counts = atoms.row_counts();
        let multinomial = Multinomial::of_counts(&counts);
        let mut drawn = vec![0_u64; counts.len()];
        let mut weights = Vec::with_capacity(size * replicates);
        for replicate in 0..replicates {
            multinomial.draw(&mut Draws::new(settings.seed, "fairness.bootstrap", replicate as u64), &mut drawn);
            #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
            weights.extend(drawn.iter().map(|c| *c as f64));
        }
        Ok(Self { replicates, n_cells, weights })
    }

    fn poisson(frame: &Frame, cohort: usize, atoms: &Atoms, replicates: usize, seed: u64) -> Vec<f64> {
        let n_cells = atoms.n_cells();
        let size = atoms.len() * n_cells;
        let salt = split_mix(seed ^ 0x626f_6f74_7374_7261);
        let sums = frame.reduce(
            cohort,
            || Sums(vec![0.0; size * replicates]),
            |sums, rows| {
                let of_rows = atoms.of_rows(rows);
                let predicted = rows.predicted.map(|p| p.classes()).unwrap_or_default();
                let k = atoms.n_classes();
                for (i, ((atom, y), d)) in of_rows.into_iter().zip(rows.truth.classes()).zip(predicted).enumerate() {
                    let Some(atom) = atom else { continue };
                    let place = atom as usize * n_cells + usize::from(*y) * k + usize::from(*d);
                    let w = rows.weight_at(i);
                    let base = split_mix(rows.id(i) ^ salt);
                    // One hash draws for two replicates; a cell's replicates lie side by side while rows are added.
                    let Some(cell) = sums.0.get_mut(place * replicates..(place + 1) * replicates) else { continue };
                    for (pair, sums) in (0_u64..).zip(cell.chunks_mut(2)) {
                        let times = poisson_pair(split_mix(base.wrapping_add(pair)));
                        for (sum, times) in sums.iter_mut().zip(times) {
                            *sum += w * f64::from(times);
                        }
                    }
                }
            },
        );
        // From cells × replicates to replicates × cells.
        let mut weights = vec![0.0; size * replicates];
        for (place, cell) in sums.0.chunks(replicates.max(1)).enumerate() {
            for (replicate, w) in cell.iter().enumerate() {
                if let Some(to) = weights.get_mut(replicate * size + place) {
                    *to = *w;
                }
            }
        }
        weights
    }

    /// Quantiles of every label metric's numbers and gaps over a slice, by id.
    pub(super) fn intervals(
        &self,
        slice: &Slice,
        metrics: &[Metric],
        settings: Settings<'_>,
    ) -> BTreeMap<EstimateId, Interval> {
        let live: Vec<&Metric> = metrics.iter().filter(|m| is_of_cells(m.of)).collect();
        let mut series = Series::of(slice, &live, self.replicates);
        let n_classes = slice.overall.n_classes;
        let size = (self.weights.len() / self.replicates.max(1)).max(1);
        let blank = Counted { n_classes, cells: vec![Cell::default(); self.n_cells], ..Counted::default() };
        let mut groups = vec![blank.clone(); slice.groups.len()];
        let mut all = blank;
        for replicate in self.weights.chunks(size) {
            for counted in groups.iter_mut().chain([&mut all]) {
                counted.cells.fill(Cell::default());
            }
            for (cells, group) in replicate.chunks(self.n_cells.max(1)).zip(&slice.of_atom) {
                let Some(group) = group.and_then(|g| groups.get_mut(g as usize)) else { continue };
                for ((to, all), w) in group.cells.iter_mut().zip(&mut all.cells).zip(cells) {
                    let cell = Cell { rows: u64::from(*w > 0.0), weight: *w, squares: *w };
                    to.merge_from(cell);
                    all.merge_from(cell);
                }
            }
            series.push(&live, &groups, &all, settings.params.compat);
        }
        let tail = 0.5 - 0.5 * settings.level;
        let ends = |(id, mut values): (EstimateId, Vec<f64>)| {
            values.sort_unstable_by(f64::total_cmp);
            let (low, high) = (quantile(&values, tail)?, quantile(&values, 1.0 - tail)?);
            Some((id, Interval::new(low, high, settings.level, "percentile_bootstrap")))
        };
        series.ids.into_iter().zip(series.values).filter_map(ends).collect()
    }
}

/// Up to this many different weights are counted one by one.
const MOST_WEIGHTS: usize = 64;

/// Rows counted by cell and weight, where few different weights occur (sampling designs, inverse class shares).
struct Repeated {
    weights: Vec<f64>,
    /// Cells × weights.
    counts: Vec<u64>,
}

/// The bits of the weights that occur; none once there are too many.
struct Distinct(Option<BTreeSet<u64>>);

impl Merge for Distinct {
    fn merge_from(&mut self, other: Self) {
        self.0 = self.0.take().zip(other.0).map(|(mut mine, theirs)| {
            mine.extend(theirs);
            mine
        });
        self.0 = self.0.take().filter(|all| all.len() <= MOST_WEIGHTS);
    }
}

impl Repeated {
    fn of(frame: &Frame, cohort: usize, atoms: &Atoms) -> Option<Self> {
        let distinct = frame.reduce(
            cohort,
            || Distinct(Some(BTreeSet::new())),
            |distinct, rows| {
                for i in 0..rows.len() {
                    let Some(all) = distinct.0.as_mut() else { return };
                    all.insert(rows.weight_at(i).to_bits());
                    if all.len() > MOST_WEIGHTS {
                        distinct.0 = None;
                    }
                }
            },
        );
        // Bits of positive numbers are in the order of the numbers.
        let weights: Vec<f64> = distinct.0?.into_iter().map(f64::from_bits).collect();
        let (n_cells, k) = (atoms.n_cells(), atoms.n_classes());
        let size = atoms.len() * n_cells * weights.len();
        let counts = frame.reduce(
            cohort,
            || vec![0_u64; size],
            |counts, rows| {
                let predicted = rows.predicted.map(|p| p.classes()).unwrap_or_default();
                let of_rows = atoms.of_rows(rows).into_iter().zip(rows.truth.classes()).zip(predicted);
                for (i, ((atom, y), d)) in of_rows.enumerate() {
                    let Some(atom) = atom else { continue };
                    let cell = atom as usize * n_cells + usize::from(*y) * k + usize::from(*d);
                    let w = rows.weight_at(i);
                    let place = cell * weights.len() + weights.partition_point(|x| *x < w);
                    if let Some(count) = counts.get_mut(place) {
                        *count += 1;
                    }
                }
            },
        );
        Some(Self { weights, counts })
    }

    /// `replicates × cells` weights.
    fn draw(&self, replicates: usize, seed: u64) -> Vec<f64> {
        let multinomial = Multinomial::of_counts(&self.counts);
        let mut drawn = vec![0_u64; self.counts.len()];
        let mut out = Vec::new();
        for replicate in 0..replicates as u64 {
            multinomial.draw(&mut Draws::new(seed, "fairness.bootstrap", replicate), &mut drawn);
            let cell = |counts: &[u64]| -> f64 {
                #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
                counts.iter().zip(&self.weights).map(|(n, w)| *n as f64 * w).sum()
            };
            out.extend(drawn.chunks(self.weights.len().max(1)).map(cell));
        }
        out
    }
}

/// Numbers over groups, in the order of their series.
const AGGREGATES: [&str; 6] =
    ["difference", "ratio", "difference_to_overall", "ratio_to_overall", "group_min", "group_max"];
const ODDS: [&str; 6] =
    ["difference", "ratio", "difference_to_overall", "ratio_to_overall", "difference_mean", "ratio_mean"];

/// One series of resampled values for each number: per metric all rows, each group and the aggregates; equalized odds last.
struct Series {
    ids: Vec<EstimateId>,
    values: Vec<Vec<f64>>,
}

impl Series {
    fn of(slice: &Slice, metrics: &[&Metric], replicates: usize) -> Self {
        let mut ids = Vec::new();
        for metric in metrics {
            ids.push(slice.overall_id(&metric.id));
            ids.extend(slice.groups.iter().map(|g| slice.group_id(&metric.id, g)));
            ids.extend(AGGREGATES.iter().map(|a| slice.id(&metric.id).aggregated(a)));
        }
        ids.extend(ODDS.iter().map(|a| slice.id("equalized_odds").aggregated(a)));
        let values = ids.iter().map(|_| Vec::with_capacity(replicates)).collect();
        Self { ids, values }
    }

    fn push(&mut self, metrics: &[&Metric], groups: &[Counted], all: &Counted, compat: Option<Compat>) {
        let mut series = self.values.iter_mut();
        let mut add = |value: Option<f64>| {
            if let (Some(series), Some(value)) = (series.next(), value.filter(|v| v.is_finite())) {
                series.push(value);
            }
        };
        let mut odds: [[f64; 6]; 2] = [[f64::NAN; 6]; 2];
        for metric in metrics {
            let overall = value_of(metric.of, all, compat);
            add(overall);
            let whole = overall.unwrap_or(f64::NAN);
            let (mut low, mut high, mut n) = (f64::INFINITY, f64::NEG_INFINITY, 0);
            let (mut away, mut least) = (0.0_f64, f64::INFINITY);
            for counted in groups {
                let value = value_of(metric.of, counted, compat);
                add(value);
                if let Some(x) = value {
                    (low, high, n) = (low.min(x), high.max(x), n + 1);
                    away = away.max((x - whole).abs());
                    let r = x / whole;
                    least = least.min(if r > 1.0 { 1.0 / r } else { r });
                }
            }
            let numbers = [high - low, low / high, away, least, low, high];
            numbers.iter().for_each(|x| add(Some(*x).filter(|_| n > 1)));
            match metric.of {
                Of::Share { class: 1, share: Share::TruePositiveRate } if n > 1 => odds[0] = numbers,
                Of::Share { class: 1, share: Share::FalsePositiveRate } if n > 1 => odds[1] = numbers,
                _ => {}
            }
        }
        let [t, f] = odds;
        // A maximum would pass over a number that is not there.
        let larger = |a: f64, b: f64| if a >= b { a } else { b + 0.0 * a };
        let smaller = |a: f64, b: f64| if a <= b { a } else { b + 0.0 * a };
        for value in [
            larger(t[0], f[0]),
            smaller(t[1], f[1]),
            larger(t[2], f[2]),
            smaller(t[3], f[3]),
            0.5 * (t[0] + f[0]),
            0.5 * (t[1] + f[1]),
        ] {
            add(Some(value));
        }
    }
}

/// The number alone; none where it is undefined.
fn value_of(of: Of, counted: &Counted, compat: Option<Compat>) -> Option<f64> {
    if let (Of::Share { class, share }, None) = (of, compat) {
        let cells = counted.weights_against_rest(class);
        return cells.share(share).ok();
    }
    measure(of, counted, compat).ok().map(|m| m.value())
}

/// Puts the resampled intervals in place of the recommended ones.
pub(super) fn replace(estimates: &mut [Estimate], intervals: &BTreeMap<EstimateId, Interval>) {
    for estimate in estimates {
        if let Some(interval) = intervals.get(&estimate.id) {
            *estimate = estimate.clone().with_interval(Some(interval.clone()));
        }
    }
}

/// True when it is a function of counts of cells.
fn is_of_cells(of: Of) -> bool {
    matches!(of, Of::Share { .. } | Of::F1 { .. } | Of::Balanced | Of::TreatmentRatio | Of::Average(_))
}

/// True when a frame's numbers can be resampled by cells.
pub(super) fn applies(frame: &Frame) -> bool {
    frame.task != Task::Regression
}
