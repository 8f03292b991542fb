//! Differences of numbers of labels: a closed form where there is one, otherwise the bootstrap of the joint cells.

use equipoise_document::Interval;
use equipoise_kernels::{Confidence, Draws, Multinomial, WeightedCells, paired_shares};
use rayon::prelude::*;

use super::joint::{Cell, Joint};
use super::label::Label;
use super::number::{Number, Side, What};
use super::settings::{Difference, Settings};

/// Replicates of the bootstrap.
pub(super) const REPLICATES: u64 = 2_000;

/// Numbers that are resampled at once; bounds the memory.
const AT_ONCE: usize = 512;

/// Largest share of replicates in which a number may be undefined.
const MOST_UNDEFINED: f64 = 0.05;

/// The difference of each number, in order; none where a number or the interval does not exist.
pub(super) fn differences(joint: &Joint, numbers: &[Number], settings: &Settings) -> Vec<Option<Difference>> {
    numbers.chunks(AT_ONCE).flat_map(|numbers| some_differences(joint, numbers, settings)).collect()
}

fn some_differences(joint: &Joint, numbers: &[Number], settings: &Settings) -> Vec<Option<Difference>> {
    let mut labels: Vec<Label> = Vec::new();
    for label in numbers.iter().flat_map(|n| n.what.labels()) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let sides = joint.counts(&joint.weights()).map(|counts| Side::of(counts, &labels));
    let live = sides.each_ref().map(Side::live);
    let values = |sides: &[Side; 2], number: &Number| {
        let [first, second] = sides;
        let [live_first, live_second] = &live;
        [first.number(number, &labels, live_first), second.number(number, &labels, live_second)]
    };
    let points: Vec<[f64; 2]> = numbers.iter().map(|number| values(&sides, number)).collect();
    let closed: Vec<Option<Interval>> = numbers.iter().map(|n| closed_form(joint, n, settings)).collect();
    let is_open = |place: usize| closed.get(place).is_some_and(Option::is_none);
    let open: Vec<(usize, &Number)> = numbers
        .iter()
        .enumerate()
        .filter(|(i, _)| is_open(*i) && points.get(*i).is_some_and(|p| p.iter().all(|x| x.is_finite())))
        .collect();
    let resampled = if open.is_empty() {
        Vec::new()
    } else {
        let cells = Resampled::of(joint, settings);
        let replicates: Vec<Vec<f64>> = (0..REPLICATES)
            .into_par_iter()
            .map(|replicate| {
                let weights = cells.draw(settings, replicate);
                let sides = joint.counts(&weights).map(|counts| Side::of(counts, &labels));
                let difference = |number: &Number| {
                    let [first, second] = values(&sides, number);
                    second - first
                };
                open.iter().map(|(_, number)| difference(number)).collect()
            })
            .collect();
        (0..open.len())
            .map(|place| {
                let series = replicates.iter().filter_map(|r| r.get(place)).copied().filter(|d| d.is_finite());
                percentiles(series.collect(), cells.method(), settings)
            })
            .collect()
    };
    let mut intervals = closed;
    for ((place, _), interval) in open.iter().zip(resampled) {
        if let Some(slot) = intervals.get_mut(*place) {
            *slot = interval;
        }
    }
    let oriented = |(interval, [first, second]): (Option<Interval>, [f64; 2])| {
        let made = Difference { a: first, b: second, interval: interval? };
        let is_defined = made.a.is_finite() && made.b.is_finite();
        is_defined.then(|| if joint.is_swapped { made.turned() } else { made })
    };
    intervals.into_iter().zip(points).map(oriented).collect()
}

/// Newcombe's interval for shares whose denominator is the same for both models, without weights.
fn closed_form(joint: &Joint, number: &Number, settings: &Settings) -> Option<Interval> {
    let What::Whole(label) = number.what else { return None };
    if settings.is_weighted {
        return None;
    }
    let mut counts = [0.0; 4];
    for Cell { truth, predicted: [first, second], sums, .. } in
        joint.cells.iter().filter(|cell| number.members.binary_search(&cell.group).is_ok())
    {
        let place = match (label.mark(*truth, *first)?, label.mark(*truth, *second)?) {
            (Some(true), Some(true)) => 0,
            (Some(true), Some(false)) => 1,
            (Some(false), Some(true)) => 2,
            (Some(false), Some(false)) => 3,
            _ => continue,
        };
        if let Some(count) = counts.get_mut(place) {
            *count += sums.weight;
        }
    }
    let ends = paired_shares(counts, Confidence::at(settings.level))?;
    Some(Interval::new(ends.low, ends.high, settings.level, "paired_newcombe"))
}

/// What replicates are drawn from.
enum Resampled {
    Rows(Multinomial),
    Weights(WeightedCells),
}

impl Resampled {
    fn of(joint: &Joint, settings: &Settings) -> Self {
        if settings.is_weighted {
            Self::Weights(WeightedCells::of_sums(joint.cells.iter().map(|c| (c.sums.weight, c.sums.squares))))
        } else {
            let counts: Vec<u64> = joint.cells.iter().map(|c| c.sums.rows).collect();
            Self::Rows(Multinomial::of_counts(&counts))
        }
    }

    fn draw(&self, settings: &Settings, replicate: u64) -> Vec<f64> {
        let draws = &mut Draws::new(settings.seed, "paired", replicate);
        match self {
            Self::Rows(cells) => {
                let mut counts = vec![0_u64; cells.len()];
                cells.draw(draws, &mut counts);
                #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
                counts.into_iter().map(|count| count as f64).collect()
            }
            Self::Weights(cells) => {
                let mut weights = vec![0.0; cells.len()];
                cells.draw(draws, &mut weights);
                weights
            }
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Rows(_) => "paired_multinomial_bootstrap",
            Self::Weights(_) => "paired_scaled_poisson_bootstrap",
        }
    }
}

/// The middle `level` of the replicates' differences.
pub(super) fn percentiles(mut series: Vec<f64>, method: &str, settings: &Settings) -> Option<Interval> {
    #[allow(clippy::cast_precision_loss, reason = "a number of replicates")]
    if (series.len() as f64) < (1.0 - MOST_UNDEFINED) * REPLICATES as f64 {
        return None;
    }
    series.sort_unstable_by(f64::total_cmp);
    let tail = 0.5 - 0.5 * settings.level;
    Some(Interval::new(quantile(&series, tail)?, quantile(&series, 1.0 - tail)?, settings.level, method))
}

/// The quantile between neighbours, linear (Hyndman & Fan 1996, type 7).
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a number of replicates")]
    let place = share * sorted.len().checked_sub(1)? as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the slice")]
    let below = place.floor() as usize;
    let (low, high) = (sorted.get(below)?, sorted.get(below + 1).or(sorted.get(below))?);
    Some(low + (high - low) * (place - place.floor()))
}
