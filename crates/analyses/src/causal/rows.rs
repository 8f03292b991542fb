//! The rows that effects are estimated from: columns of the test and the training data, one under the other.

use std::collections::BTreeMap;

use equipoise_data::{Column, Dataset, Frame, MISSING, Target, unknown_column};
use equipoise_document::{ColumnType, Task};
use equipoise_kernels::{Merge, split_mix};

use super::params::RowsToUse;
use crate::{AnalysisError, Context, Part};

/// The values of a column over all rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Places in the list of names; [`MISSING`] is missing.
    Names(Vec<u32>, Vec<String>),
}

/// Rows of the test data first, then those of the training data.
pub(super) struct Table {
    /// Columns by name.
    pub(super) columns: BTreeMap<String, Values>,
    /// The truth: a number, or the place of the class.
    pub(super) truth: Vec<f64>,
    /// Weights, where rows are weighted.
    pub(super) weight: Option<Vec<f64>>,
    /// The test data's row number of each of its rows.
    pub(super) test_rows: Vec<u64>,
    /// Name of each cohort beyond the first, and which rows of the test data belong to it.
    pub(super) cohorts: Vec<(String, Vec<bool>)>,
}

#[derive(Default)]
struct Places(Vec<u64>);

impl Merge for Places {
    fn merge_from(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl Values {
    /// Keeps some rows.
    pub(super) fn keep(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(x) => Self::Numbers(rows.iter().map(|r| x.get(*r).copied().unwrap_or(f64::NAN)).collect()),
            Self::Names(codes, names) => {
                let codes = rows.iter().map(|r| codes.get(*r).copied().unwrap_or(MISSING)).collect();
                Self::Names(codes, names.clone())
            }
        }
    }

    /// Whether a row has a value.
    pub(super) fn is_known(&self, row: usize) -> bool {
        match self {
            Self::Numbers(x) => x.get(row).is_some_and(|x| x.is_finite()),
            Self::Names(codes, _) => codes.get(row).is_some_and(|c| *c != MISSING),
        }
    }

    /// A number that two rows share when they have the same value.
    fn key(&self, row: usize) -> u64 {
        match self {
            Self::Numbers(x) => x.get(row).copied().unwrap_or(f64::NAN).to_bits(),
            // By the name, not by its code: codes hang on what else occurs.
            Self::Names(codes, names) => codes.get(row).and_then(|c| names.get(*c as usize)).map_or(1, |name| {
                name.bytes()
                    .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
            }),
        }
    }

    fn extend(&mut self, other: Self) {
        match (self, other) {
            (Self::Numbers(x), Self::Numbers(more)) => x.extend(more),
            (Self::Names(codes, names), Self::Names(more, other_names)) => {
                let place: Vec<u32> = other_names
                    .into_iter()
                    .map(|name| {
                        let at = names.iter().position(|n| *n == name).unwrap_or_else(|| {
                            names.push(name);
                            names.len() - 1
                        });
                        u32::try_from(at).unwrap_or(MISSING)
                    })
                    .collect();
                codes.extend(more.into_iter().map(|c| place.get(c as usize).copied().unwrap_or(MISSING)));
            }
            // A column of numbers here and of names there: names win, numbers become their text.
            (mine @ Self::Numbers(_), other @ Self::Names(..)) => {
                *mine = mine.named();
                mine.extend(other);
            }
            (mine @ Self::Names(..), other @ Self::Numbers(_)) => mine.extend(other.named()),
        }
    }

    /// Numbers as names.
    pub(super) fn named(&self) -> Self {
        match self {
            Self::Names(..) => self.clone(),
            Self::Numbers(x) => {
                let mut values: Vec<f64> = x.iter().copied().filter(|x| x.is_finite()).collect();
                values.sort_by(f64::total_cmp);
                values.dedup();
                let place = |x: &f64| values.binary_search_by(|v| v.total_cmp(x)).ok();
                let codes = x.iter().map(|x| place(x).and_then(|p| u32::try_from(p).ok()).unwrap_or(MISSING));
                Self::Names(codes.collect(), values.iter().map(f64::to_string).collect())
            }
        }
    }
}

impl Table {
    /// Reads the named columns of test and training data.
    pub(super) fn read(names: &[String], rows: RowsToUse, context: &Context<'_>) -> Result<Self, AnalysisError> {
        let mut table = Self::of_part(names, &context.test, context.task)?;
        let frame = context.test.frame;
        for cohort in 1..frame.cohorts().len() {
            let name = context.cohort_name(cohort).unwrap_or_default().to_owned();
            let ids = frame.reduce(cohort, Places::default, |places, rows| {
                places.0.extend((0..rows.len()).map(|i| rows.id(i)));
            });
            let mut members = vec![false; frame.n_rows()];
            for id in ids.0 {
                if let Some(member) = usize::try_from(id).ok().and_then(|id| members.get_mut(id)) {
                    *member = true;
                }
            }
            table.cohorts.push((name, members));
        }
        if let (Some(train), RowsToUse::All) = (&context.train, rows) {
            let more = Self::of_part(names, train, context.task)?;
            table.truth.extend(more.truth);
            table.weight = match (table.weight, more.weight) {
                (None, None) => None,
                (mine, theirs) => {
                    let n_test = frame.n_rows();
                    let mut weight = mine.unwrap_or_else(|| vec![1.0; n_test]);
                    weight.extend(theirs.unwrap_or_else(|| vec![1.0; train.frame.n_rows()]));
                    Some(weight)
                }
            };
            for (name, values) in more.columns {
                if let Some(mine) = table.columns.get_mut(&name) {
                    mine.extend(values);
                }
            }
        }
        Ok(table)
    }

    fn of_part(names: &[String], part: &Part<'_>, task: Task) -> Result<Self, AnalysisError> {
        let schema = part.dataset.schema();
        for name in names {
            let Some(info) = schema.get(name) else { return Err(unknown_column(name, schema).into()) };
            if info.column_type == ColumnType::Text {
                let problem = format!("`{name}` is free text");
                return Err(super::params::wrong("*", problem, "name columns of numbers or names"));
            }
        }
        let places: Vec<usize> = names.iter().filter_map(|n| schema.index_of(n)).collect();
        let columns = gather(part.dataset, part.frame, &places)?;
        let (truth, weight) = part.frame.with_all(|rows| {
            let truth: Vec<f64> = match rows.truth {
                Target::Value(values) => values.to_vec(),
                Target::Class(classes) if task == Task::Regression => classes.iter().map(|c| f64::from(*c)).collect(),
                Target::Class(classes) => classes.iter().map(|c| f64::from(*c)).collect(),
            };
            (truth, rows.weight.map(<[f64]>::to_vec))
        });
        let n = part.frame.n_rows();
        let test_rows = match part.frame.row_ids() {
            None => (0..n as u64).collect(),
            Some(ids) => ids.iter().map(|id| u64::from(*id)).collect(),
        };
        let columns = names.iter().cloned().zip(columns).collect();
        Ok(Self { columns, truth, weight, test_rows, cohorts: Vec::new() })
    }

    /// Number of rows of the test data.
    pub(super) fn n_test(&self) -> usize {
        self.test_rows.len()
    }

    /// A number for each row out of what it says, and out of how many rows before it say the same; two tables with the
    /// same rows in another order have the same numbers in that order.
    pub(super) fn keys(&self, extra: &[f64]) -> Vec<u64> {
        let mut keys: Vec<u64> = extra.iter().map(|x| split_mix(x.to_bits())).collect();
        for values in self.columns.values() {
            for (row, key) in keys.iter_mut().enumerate() {
                *key = split_mix(*key ^ values.key(row));
            }
        }
        let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
        for key in &mut keys {
            let times = seen.entry(*key).or_insert(0);
            *times += 1;
            *key = split_mix(*key ^ *times);
        }
        keys
    }
}

fn gather(dataset: &Dataset, frame: &Frame, places: &[usize]) -> Result<Vec<Values>, AnalysisError> {
    let mut out: Vec<Option<Values>> = places.iter().map(|_| None).collect();
    let mut ids = frame.row_ids().map(|ids| ids.iter().copied().peekable());
    dataset.for_each(places, &mut |chunk| {
        let keep: Option<Vec<usize>> = ids.as_mut().map(|ids| {
            let mut keep = Vec::new();
            while let Some(id) = ids.next_if(|id| (*id as usize) < chunk.start + chunk.n_rows) {
                keep.push((id as usize).saturating_sub(chunk.start));
            }
            keep
        });
        for (place, column) in out.iter_mut().zip(&chunk.columns) {
            let values = match column {
                Column::Number(x) => Values::Numbers(x.to_vec()),
                Column::Codes { codes, levels } => Values::Names(codes.to_vec(), levels.to_vec()),
            };
            let values = keep.as_ref().map_or_else(|| values.clone(), |keep| values.keep(keep));
            match place {
                None => *place = Some(values),
                Some(mine) => mine.extend(values),
            }
        }
        Ok(())
    })?;
    Ok(out.into_iter().map(|v| v.unwrap_or(Values::Numbers(Vec::new()))).collect())
}
