//! Are people alike treated alike? Each row's decision against those of its nearest rows.

use equipoise_data::{Column, MISSING};
use equipoise_document::{Better, Estimate, Task, Unit};
use equipoise_kernels::{Confidence, Limits, split_mix};
use rayon::prelude::*;

use super::aggregate::{Settings, interval};
use crate::{AnalysisError, Context};

/// Rows that are searched.
const MOST_ROWS: usize = 20_000;
/// Rows that are asked for.
const MOST_QUERIES: usize = 2_000;

/// Sampled rows: features column by column, decision and a hash that picks rows.
struct Sample {
    hashes: Vec<u64>,
    decisions: Vec<f32>,
    columns: Vec<Values>,
}

enum Values {
    Number(Vec<f32>),
    Name(Vec<u32>),
}

impl Sample {
    /// Up to [`MOST_ROWS`] of the rows that stand for all, those of the lowest hashes.
    fn of(context: &Context<'_>, columns: &[usize], seed: u64) -> Self {
        let (frame, sampled) = (context.test.frame, context.test.dataset.sampled());
        let salt = split_mix(seed ^ 0x636f_6e73_6973_7465);
        // Rows of the dataset that are in the frame: place in the sample, place in the frame.
        let place_of = |row: usize| match frame.row_ids() {
            None => (row < frame.n_rows()).then_some(row),
            Some(ids) => u32::try_from(row).ok().and_then(|row| ids.binary_search(&row).ok()),
        };
        let mut picked: Vec<(u64, usize, usize)> = sampled
            .rows()
            .iter()
            .enumerate()
            .filter_map(|(at, row)| place_of(*row).map(|place| (split_mix(place as u64 ^ salt), at, place)))
            .collect();
        if picked.len() > MOST_ROWS {
            picked.select_nth_unstable(MOST_ROWS);
            picked.truncate(MOST_ROWS);
        }
        picked.sort_unstable_by_key(|(_, at, _)| *at);
        let decisions = frame.with_all(|rows| {
            let predicted = rows.predicted.map(|p| p.classes()).unwrap_or_default();
            let decision = |(_, _, place): &(u64, usize, usize)| predicted.get(*place).copied().unwrap_or(0);
            picked.iter().map(|row| f32::from(decision(row))).collect()
        });
        let values = |column: &Column| match column {
            #[allow(clippy::cast_possible_truncation, reason = "distances need no more than single precision")]
            Column::Number(v) => {
                Values::Number(picked.iter().map(|p| v.get(p.1).copied().unwrap_or(f64::NAN) as f32).collect())
            }
            Column::Codes { codes, .. } => {
                Values::Name(picked.iter().map(|p| codes.get(p.1).copied().unwrap_or(MISSING)).collect())
            }
        };
        Self {
            hashes: picked.iter().map(|p| p.0).collect(),
            decisions,
            columns: columns.iter().filter_map(|c| sampled.column(*c)).map(values).collect(),
        }
    }
}

/// `1 − mean |d − d̄|`, with `d̄` the mean decision of the `k` nearest other rows (all that are as near as the k-th).
/// None without features or with fewer than `k + 1` rows.
pub(super) fn consistency(context: &Context<'_>, settings: Settings<'_>) -> Result<Option<Estimate>, AnalysisError> {
    let k = settings.params.neighbours as usize;
    let frame = context.test.frame;
    if k == 0 || frame.task == Task::Regression || context.features.is_empty() {
        return Ok(None);
    }
    let mut columns = Vec::new();
    for name in context.features {
        columns.push(context.test.dataset.column(name)?);
    }
    let mut sample = Sample::of(context, &columns, settings.seed);
    let n = sample.decisions.len();
    if n <= k {
        return Ok(None);
    }
    sample.columns.iter_mut().for_each(standardise);
    let mut queries: Vec<usize> = (0..n).collect();
    if n > MOST_QUERIES {
        queries.sort_by_key(|i| sample.hashes.get(*i).copied());
        queries.truncate(MOST_QUERIES);
    }
    context.check_stop()?;
    let is_binary = frame.task == Task::Binary;
    let distances: Vec<f64> = queries
        .par_iter()
        .map_init(|| vec![0.0_f32; n], |room, query| unlike(&sample, *query, k, is_binary, room))
        .collect();
    #[allow(clippy::cast_precision_loss, reason = "at most 2,000 queries")]
    let m = distances.len() as f64;
    let mean = distances.iter().sum::<f64>() / m;
    let spread = distances.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / (m - 1.0).max(1.0);
    let limits = Limits::Unit { value: 1.0 - mean, se: (spread / m).sqrt(), n: m };
    let ends = limits.ends(Confidence::at(settings.level));
    let id = equipoise_document::EstimateId::new("fairness", "consistency");
    Ok(Some(
        Estimate::new(id, 1.0 - mean, distances.len() as u64, Better::Higher)
            .with_unit(Unit::Share)
            .with_interval(ends.map(|e| interval(e, settings.level, "normal_logit"))),
    ))
}

/// Numbers to mean 0 and deviation 1; missing ones to the mean.
fn standardise(values: &mut Values) {
    let Values::Number(values) = values else { return };
    let live = || values.iter().filter(|x| x.is_finite()).map(|x| f64::from(*x));
    #[allow(clippy::cast_precision_loss, reason = "at most some 20,000 rows")]
    let n = live().count() as f64;
    let mean = live().sum::<f64>() / n.max(1.0);
    let deviation = (live().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n.max(1.0)).sqrt();
    for x in values {
        #[allow(clippy::cast_possible_truncation, reason = "distances need no more than single precision")]
        let z = if x.is_finite() && deviation > 0.0 { ((f64::from(*x) - mean) / deviation) as f32 } else { 0.0 };
        *x = z;
    }
}

/// How far a row's decision is from the mean of its neighbours' (several classes: the share of neighbours that got
/// another class).
fn unlike(sample: &Sample, query: usize, k: usize, is_binary: bool, room: &mut [f32]) -> f64 {
    room.fill(0.0);
    for column in &sample.columns {
        match column {
            Values::Number(values) => {
                let mine = values.get(query).copied().unwrap_or(0.0);
                for (sum, x) in room.iter_mut().zip(values) {
                    *sum += (x - mine) * (x - mine);
                }
            }
            Values::Name(codes) => {
                let mine = codes.get(query).copied().unwrap_or(MISSING);
                for (sum, code) in room.iter_mut().zip(codes) {
                    *sum += if *code == mine { 0.0 } else { 1.0 };
                }
            }
        }
    }
    if let Some(own) = room.get_mut(query) {
        *own = f32::INFINITY;
    }
    // The k smallest so far, ascending.
    let mut nearest: Vec<f32> = Vec::with_capacity(k + 1);
    let mut worst = f32::INFINITY;
    for d in room.iter() {
        if *d < worst || nearest.len() < k {
            nearest.insert(nearest.partition_point(|x| x <= d), *d);
            nearest.truncate(k);
            if nearest.len() == k {
                worst = nearest.last().copied().unwrap_or(f32::INFINITY);
            }
        }
    }
    let mine = sample.decisions.get(query).copied().unwrap_or(0.0);
    let (mut sum, mut n) = (0.0_f64, 0.0_f64);
    for (d, decision) in room.iter().zip(&sample.decisions) {
        if *d <= worst && d.is_finite() {
            sum += if is_binary {
                f64::from(*decision)
            } else {
                f64::from(u8::from(decision.to_bits() != mine.to_bits()))
            };
            n += 1.0;
        }
    }
    if n <= 0.0 {
        return 0.0;
    }
    if is_binary { (f64::from(mine) - sum / n).abs() } else { sum / n }
}
