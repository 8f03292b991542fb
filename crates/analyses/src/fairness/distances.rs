//! How far apart the scores and the ROC curves of groups lie, with how sure that is.

use equipoise_document::{Better, Estimate, Missing, PValue, Unit};
use equipoise_kernels::{Draws, Multinomial};
use rayon::prelude::*;

use super::aggregate::{Settings, interval};
use super::apart::{MOST_GROUPS, Scored, largest};
use super::groups::Slice;
use super::inequality::reflected;
use super::scores::SortedRows;

/// Bins of equal size that scores are resampled in.
const BINS: usize = 64;
/// Resamples of curves.
const REPLICATES: usize = 200;

/// Estimates of the distances, with resampled intervals and p-values of "all groups alike".
pub(super) fn distances(sorted: &SortedRows, slice: &Slice, settings: Settings<'_>) -> Vec<Estimate> {
    let n = slice.overall.rows();
    let metrics = [
        ("score_ks_distance", Unit::Share),
        ("score_wasserstein_distance", Unit::Share),
        ("area_between_roc_curves", Unit::Share),
    ];
    let n_groups = slice.groups.len();
    let found = if n_groups <= MOST_GROUPS { largest(sorted.scored(slice), n_groups) } else { [None; 3] };
    let resampled = found.iter().any(Option::is_some).then(|| resample(sorted, slice, settings));
    let (mut values, null, binned) = resampled.unwrap_or_default();
    metrics
        .into_iter()
        .enumerate()
        .map(|(i, (metric, unit))| {
            let Some(value) = found.get(i).copied().flatten() else {
                return Estimate::absent(slice.id(metric), Missing::FewerThanTwoGroups, n, Better::Zero);
            };
            let ends = values.get_mut(i).and_then(|v| reflected(value, v, settings.level));
            let beyond = null.get(i).zip(binned.get(i).copied().flatten()).map(|(null, seen)| {
                let beyond = null.iter().filter(|x| **x >= seen * (1.0 - 1e-9)).count();
                #[allow(clippy::cast_precision_loss, reason = "a number of replicates")]
                let value = (1 + beyond) as f64 / (1 + null.len()) as f64;
                PValue { value, adjusted: None, method: "resampling".to_owned() }
            });
            Estimate::new(slice.id(metric), value, n, Better::Zero)
                .with_unit(unit)
                .with_interval(ends.map(|e| interval(e, settings.level, "reflected_bootstrap")))
                .with_p_value(beyond)
        })
        .collect()
}

type Resampled = (Vec<Vec<f64>>, Vec<Vec<f64>>, [Option<f64>; 3]);

/// Resamples scores in bins of equal size: distances, distances when all groups are alike, and the distances in bins.
fn resample(sorted: &SortedRows, slice: &Slice, settings: Settings<'_>) -> Resampled {
    let n_groups = slice.groups.len();
    let edges = edges(sorted.scored(slice));
    let binned = into_bins(sorted.scored(slice), &edges, n_groups);
    // Rows of bins: those of the first edge, group by group, then those of the next.
    let rows = |groups: &[Vec<[f64; 2]>]| -> Vec<Scored> {
        let sides = |place: usize, score: f64| {
            let of_group = move |(group, bins): (usize, &Vec<[f64; 2]>)| {
                let [negative, positive] = bins.get(place).copied().unwrap_or_default();
                [(false, negative), (true, positive)].map(|(is_positive, weight)| Scored {
                    score,
                    group,
                    is_positive,
                    weight,
                })
            };
            groups.iter().enumerate().flat_map(of_group).filter(|row| row.weight > 0.0)
        };
        edges.iter().enumerate().flat_map(|(place, score)| sides(place, *score)).collect()
    };
    let largest = |groups: &[Vec<[f64; 2]>]| largest(rows(groups).into_iter(), n_groups);
    // Resampled sizes are the effective numbers of rows; shares are kept to a millionth of a row's weight.
    let size = |place: usize| {
        let n = slice.groups.get(place).map_or(0.0, |g| g.counted.n_effective());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
        let n = n.round() as u64;
        n
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "weights are not negative")]
    let whole = |w: f64| (w * 1e6).round() as u64;
    let flat = |bins: &[[f64; 2]]| -> Vec<u64> { bins.iter().flat_map(|sides| sides.map(whole)).collect() };
    let own: Vec<Multinomial> = (0..).zip(&binned).map(|(i, g)| Multinomial::of_size(size(i), &flat(g))).collect();
    let mut pooled = vec![0_u64; 2 * edges.len()];
    for group in &binned {
        for (sum, w) in pooled.iter_mut().zip(flat(group)) {
            *sum += w;
        }
    }
    let alike: Vec<Multinomial> = (0..n_groups).map(|i| Multinomial::of_size(size(i), &pooled)).collect();
    let draw = |from: &[Multinomial], stream: &str| -> Vec<Vec<f64>> {
        let mut draws = Draws::new(settings.seed, stream, 0);
        let mut counts = vec![0_u64; 2 * edges.len()];
        let mut all = vec![Vec::new(); 3];
        // Drawn one after the other, so that the numbers are the same for any number of threads.
        #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
        let mut of_group = |from: &Multinomial| -> Vec<[f64; 2]> {
            from.draw(&mut draws, &mut counts);
            counts.as_chunks::<2>().0.iter().map(|pair| pair.map(|c| c as f64)).collect()
        };
        let drawn: Vec<Vec<Vec<[f64; 2]>>> =
            (0..REPLICATES).map(|_| from.iter().map(&mut of_group).collect()).collect();
        for found in drawn.par_iter().map(|groups| largest(groups)).collect::<Vec<_>>() {
            for (all, found) in all.iter_mut().zip(found) {
                all.extend(found);
            }
        }
        all
    };
    (draw(&own, "fairness.curves"), draw(&alike, "fairness.curves_alike"), largest(&binned))
}

/// Scores that cut all rows into bins of about equal weight; a bin is named by its largest score.
fn edges(rows: impl Iterator<Item = Scored> + Clone) -> Vec<f64> {
    let total: f64 = rows.clone().map(|row| row.weight).sum();
    let mut edges: Vec<f64> = Vec::with_capacity(BINS);
    let (mut sum, mut last) = (0.0, None);
    for Scored { score, weight, .. } in rows {
        sum += weight;
        last = Some(score);
        #[allow(clippy::cast_precision_loss, reason = "a small number of bins")]
        let due = total * (edges.len() + 1) as f64 / BINS as f64;
        if sum >= due * (1.0 - 1e-12) && edges.len() < BINS && edges.last().is_none_or(|last| *last < score) {
            edges.push(score);
        }
    }
    edges.extend(last.filter(|last| edges.last().is_none_or(|edge| edge < last)));
    edges
}

/// Weights of negatives and positives by group and bin.
fn into_bins(rows: impl Iterator<Item = Scored>, edges: &[f64], n_groups: usize) -> Vec<Vec<[f64; 2]>> {
    let mut bins = vec![vec![[0.0; 2]; edges.len()]; n_groups];
    let mut bin = 0;
    for row in rows {
        while edges.get(bin).is_some_and(|edge| *edge < row.score) {
            bin += 1;
        }
        let sides = bins.get_mut(row.group).and_then(|bins| bins.get_mut(bin));
        if let Some(side) = sides.and_then(|sides| sides.get_mut(usize::from(row.is_positive))) {
            *side += row.weight;
        }
    }
    bins
}
