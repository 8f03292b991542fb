//! What the first pass learns: types, levels, counts, extremes, samples; and the rows, while they fit.

mod columns;

use std::sync::Arc;

use equipoise_document::ColumnType;
use rayon::prelude::*;

use crate::assemble::Partition;
use crate::encode::Encoder;
use crate::sample::{RowSample, SampledRows};
use crate::store::StoredPartition;
use crate::strings::Interner;
use crate::values::{BOOLEAN_LEVELS, Values, Want, as_boolean};
use crate::{Column, ColumnInfo, MISSING, Schema};

/// More different names than this and a column is text.
const MOST_LEVELS: usize = 65_536;

/// From this many different names on, a column in which most rows differ is text.
const FEW_LEVELS: usize = 1_000;

/// How a column is read and what the user said of it.
#[derive(Clone, Debug)]
pub(crate) struct ColumnPlan {
    pub(crate) name: String,
    pub(crate) want: Want,
    pub(crate) forced: Option<ColumnType>,
}

/// The state of the first pass.
pub(crate) struct Scan {
    columns: Vec<ColumnScan>,
    n_rows: usize,
    sample: RowSample,
    store: Option<Vec<StoredPartition>>,
    n_bytes: u64,
    memory: u64,
}

/// What the first pass leaves.
pub(crate) struct Scanned {
    pub(crate) schema: Schema,
    pub(crate) n_rows: usize,
    pub(crate) encoders: Vec<Encoder>,
    /// The rows, if they fitted.
    pub(crate) store: Option<Vec<StoredPartition>>,
    /// Rows that stand for all.
    pub(crate) sampled: SampledRows,
}

struct ColumnScan {
    plan: ColumnPlan,
    n_missing: u64,
    n_infinite: u64,
    min: f64,
    max: f64,
    sample: Vec<f64>,
    /// Codes of the sampled rows' names among `names`.
    sampled_names: Vec<u32>,
    names: Interner,
    is_text: bool,
}

impl Scan {
    /// Keeps rows as long as they take no more than `memory` bytes.
    pub(crate) fn new(plans: Vec<ColumnPlan>, memory: u64) -> Self {
        Self {
            columns: plans.into_iter().map(ColumnScan::of).collect(),
            n_rows: 0,
            sample: RowSample::default(),
            store: Some(Vec::new()),
            n_bytes: 0,
            memory,
        }
    }

    pub(crate) fn push(&mut self, partition: Partition) {
        let sampled = self.sample.offer(partition.start, partition.n_rows).rows;
        let see = |(column, values): (&mut ColumnScan, &Values)| column.push(values, &sampled);
        self.columns.par_iter_mut().zip(partition.columns.par_iter()).for_each(see);
        self.thin(false);
        self.n_rows += partition.n_rows;
        if let Some(store) = &mut self.store {
            let stored = StoredPartition::of(partition);
            self.n_bytes += stored.n_bytes();
            store.push(stored);
            if self.n_bytes > self.memory {
                self.store = None;
            }
        }
    }

    fn thin(&mut self, is_last: bool) {
        if let Some(stays) = self.sample.thin(is_last) {
            self.columns.par_iter_mut().for_each(|column| column.thin(Some(&stays)));
        }
    }

    pub(crate) fn finish(mut self) -> Scanned {
        self.thin(true);
        let n_rows = self.n_rows;
        let rows: Arc<[usize]> = self.sample.into_rows().into();
        let finished: Vec<_> = self.columns.into_par_iter().map(|c| c.finish(n_rows, rows.len())).collect();
        let (mut columns, mut encoders, mut sampled) = (Vec::new(), Vec::new(), Vec::new());
        for (info, encoder, sample) in finished {
            columns.push(info);
            encoders.push(encoder);
            sampled.push(sample);
        }
        let store = self.store.map(|mut store| {
            store.par_iter_mut().for_each(|partition| partition.settle(&encoders));
            store
        });
        Scanned { schema: Schema { columns }, n_rows, encoders, store, sampled: SampledRows { rows, columns: sampled } }
    }
}

/// Where the finite numbers of a column lie, and how many are none.
struct Extent {
    min: f64,
    max: f64,
    n_missing: u64,
    n_infinite: u64,
}

impl Extent {
    /// Looks at eight numbers at a time, without branches, so that the compiler may use wide instructions.
    fn of(values: &[f64]) -> Self {
        const LANES: usize = 8;
        let (mut min, mut max) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        let (mut missing, mut not_finite) = ([0_u32; LANES], [0_u32; LANES]);
        let (chunks, rest) = values.as_chunks::<LANES>();
        let mut see = |lane: usize, value: f64| {
            let (Some(min), Some(max)) = (min.get_mut(lane), max.get_mut(lane)) else { return };
            let (Some(missing), Some(not_finite)) = (missing.get_mut(lane), not_finite.get_mut(lane)) else { return };
            // Zero for a finite number, NaN for the others.
            let gap = value * 0.0;
            let finite = value + gap;
            *min = if finite < *min { finite } else { *min };
            *max = if finite > *max { finite } else { *max };
            *missing += u32::from(value.is_nan());
            *not_finite += u32::from(gap.is_nan());
        };
        for chunk in chunks {
            for (lane, value) in chunk.iter().enumerate() {
                see(lane, *value);
            }
        }
        for (lane, value) in rest.iter().enumerate() {
            see(lane, *value);
        }
        let n_missing = missing.iter().map(|n| u64::from(*n)).sum();
        Self {
            min: min.into_iter().fold(f64::INFINITY, f64::min),
            max: max.into_iter().fold(f64::NEG_INFINITY, f64::max),
            n_missing,
            n_infinite: not_finite.iter().map(|n| u64::from(*n)).sum::<u64>() - n_missing,
        }
    }
}

impl ColumnScan {
    fn of(plan: ColumnPlan) -> Self {
        Self {
            is_text: plan.forced == Some(ColumnType::Text),
            plan,
            n_missing: 0,
            n_infinite: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sample: Vec::new(),
            sampled_names: Vec::new(),
            names: Interner::default(),
        }
    }

    /// Keeps the sampled values that stay.
    fn thin(&mut self, stays: Option<&[bool]>) {
        let Some(stays) = stays else { return };
        let (mut number, mut name) = (stays.iter(), stays.iter());
        self.sample.retain(|_| number.next().copied().unwrap_or(false));
        self.sampled_names.retain(|_| name.next().copied().unwrap_or(false));
    }

    fn push(&mut self, values: &Values, sampled: &[usize]) {
        match values {
            Values::Numbers(values) => {
                let seen = Extent::of(values);
                self.n_missing += seen.n_missing;
                self.n_infinite += seen.n_infinite;
                self.min = self.min.min(seen.min);
                self.max = self.max.max(seen.max);
                self.sample.extend(sampled.iter().map(|row| values.get(*row).copied().unwrap_or(f64::NAN)));
            }
            Values::Names { codes, levels } => {
                self.n_missing += codes.iter().filter(|c| **c == MISSING).count() as u64;
                if self.is_text {
                    return;
                }
                let code_of: Vec<u32> = levels.iter().map(|level| self.names.code(level)).collect();
                if self.names.len() > MOST_LEVELS && self.plan.forced.is_none() {
                    self.is_text = true;
                    self.names = Interner::default();
                    self.sampled_names = Vec::new();
                    return;
                }
                let code = |row: &usize| codes.get(*row).and_then(|c| code_of.get(*c as usize)).copied();
                self.sampled_names.extend(sampled.iter().map(|row| code(row).unwrap_or(MISSING)));
            }
        }
    }

    fn finish(self, n_rows: usize, n_sampled: usize) -> (ColumnInfo, Encoder, Column) {
        let column_type = self.column_type(n_rows);
        let levels: Arc<[String]> = match column_type {
            ColumnType::Boolean => BOOLEAN_LEVELS.map(str::to_owned).into(),
            ColumnType::Categorical => {
                let mut levels: Vec<String> = self.names.strings().iter().map(str::to_owned).collect();
                levels.sort_unstable();
                levels.into()
            }
            ColumnType::Numeric | ColumnType::Datetime | ColumnType::Text => Arc::new([]),
        };
        let encoder = match column_type {
            ColumnType::Numeric | ColumnType::Datetime => Encoder::Numbers,
            ColumnType::Boolean => Encoder::booleans(&levels),
            ColumnType::Categorical => Encoder::levels(&levels),
            ColumnType::Text => Encoder::Text,
        };
        let sampled = match &encoder {
            Encoder::Numbers => Column::Number(self.sample.as_slice().into()),
            Encoder::Levels { .. } | Encoder::Booleans { .. } => {
                let code_of = encoder.codes(self.names.strings().iter()).unwrap_or_default();
                let codes = self.sampled_names.iter().map(|c| code_of.get(*c as usize).copied().unwrap_or(MISSING));
                Column::Codes { codes: codes.collect(), levels: Arc::clone(&levels) }
            }
            Encoder::Text => Column::Codes { codes: vec![MISSING; n_sampled].into(), levels: Arc::new([]) },
        };
        let mut sample = self.sample;
        sample.retain(|v| v.is_finite());
        sample.sort_unstable_by(f64::total_cmp);
        let is_seen = self.min <= self.max;
        let info = ColumnInfo {
            name: self.plan.name,
            column_type,
            levels,
            n_missing: self.n_missing,
            n_infinite: self.n_infinite,
            min: is_seen.then_some(self.min),
            max: is_seen.then_some(self.max),
            sample: sample.into(),
        };
        (info, encoder, sampled)
    }

    fn column_type(&self, n_rows: usize) -> ColumnType {
        match self.plan.want {
            Want::Number => ColumnType::Numeric,
            Want::Datetime => ColumnType::Datetime,
            Want::Boolean => ColumnType::Boolean,
            Want::Names => {
                let n_levels = self.names.len();
                let is_boolean =
                    (1..=6).contains(&n_levels) && self.names.strings().iter().all(|t| as_boolean(t).is_some());
                let is_text = self.is_text || (n_levels > FEW_LEVELS && n_levels * 2 > n_rows);
                match self.plan.forced {
                    Some(forced) => forced,
                    None if is_boolean => ColumnType::Boolean,
                    None if is_text => ColumnType::Text,
                    None => ColumnType::Categorical,
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "extremes are values themselves")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => -1e9..1e9,
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
            1 => Just(f64::MAX),
            1 => Just(0.0),
        ]
    }

    proptest! {
        #[test]
        fn the_extent_is_that_of_the_finite_numbers(values in prop::collection::vec(number(), 0..40)) {
            let seen = Extent::of(&values);
            let finite = || values.iter().copied().filter(|v| v.is_finite());
            prop_assert_eq!(seen.min, finite().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(seen.max, finite().fold(f64::NEG_INFINITY, f64::max));
            prop_assert_eq!(seen.n_missing, values.iter().filter(|v| v.is_nan()).count() as u64);
            prop_assert_eq!(seen.n_infinite, values.iter().filter(|v| v.is_infinite()).count() as u64);
        }
    }
}
