//! Are people alike treated alike? Each row's decision against those of its nearest rows.

use equipoise_data::{Column, MISSING};
use equipoise_document::{Better, Estimate, Task, Unit};
use equipoise_kernels::{Confidence, Limits, Merge, split_mix};
use rayon::prelude::*;

use super::aggregate::{Settings, interval};
use crate::{AnalysisError, Context};

/// Rows that are searched.
const MOST_ROWS: usize = 20_000;
/// Rows that are asked for.
const MOST_QUERIES: usize = 2_000;

/// Sampled rows: features column by column, decision and a hash that picks rows.
#[derive(Default)]
struct Sample {
    hashes: Vec<u64>,
    decisions: Vec<f32>,
    columns: Vec<Values>,
}

enum Values {
    Number(Vec<f32>),
    Name(Vec<u32>),
}

impl Merge for Sample {
    fn merge_from(&mut self, other: Self) {
        let Self { hashes, decisions, columns } = other;
        self.hashes.extend(hashes);
        self.decisions.extend(decisions);
        if self.columns.is_empty() {
            self.columns = columns;
            return;
        }
        for pair in self.columns.iter_mut().zip(columns) {
            match pair {
                (Values::Number(mine), Values::Number(theirs)) => mine.extend(theirs),
                (Values::Name(mine), Values::Name(theirs)) => mine.extend(theirs),
                // A column keeps its type through a pass.
                (Values::Number(_), Values::Name(_)) | (Values::Name(_), Values::Number(_)) => {}
            }
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
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 2^64"
    )]
    let limit = if frame.n_rows() <= MOST_ROWS {
        u64::MAX
    } else {
        (MOST_ROWS as f64 / frame.n_rows() as f64 * u64::MAX as f64) as u64
    };
    let salt = split_mix(settings.seed ^ 0x636f_6e73_6973_7465);
    let mut sample =
        frame.reduce_with(0, context.test.dataset, &columns, Sample::default, |sample, rows, columns| {
            let picked: Vec<usize> = (0..rows.len()).filter(|i| split_mix(rows.id(*i) ^ salt) <= limit).collect();
            let predicted = rows.predicted.map(|p| p.classes()).unwrap_or_default();
            let part = Sample {
                hashes: picked.iter().map(|i| split_mix(rows.id(*i) ^ salt)).collect(),
                decisions: picked.iter().map(|i| f32::from(predicted.get(*i).copied().unwrap_or(0))).collect(),
                columns: columns
                    .iter()
                    .map(|column| match column {
                        #[allow(
                            clippy::cast_possible_truncation,
                            reason = "distances need no more than single precision"
                        )]
                        Column::Number(v) => Values::Number(
                            picked.iter().map(|i| v.get(*i).copied().unwrap_or(f64::NAN) as f32).collect(),
                        ),
                        Column::Codes { codes, .. } => {
                            Values::Name(picked.iter().map(|i| codes.get(*i).copied().unwrap_or(MISSING)).collect())
                        }
                    })
                    .collect(),
            };
            sample.merge_from(part);
        })?;
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
