//! A batch of rows as trees see it.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use equipoise_data::MISSING;

use super::{Categories, EnsembleParts, FeatureKind, Precision, Together, category};
use crate::{InputColumn, Inputs, ModelError};

/// One feature of a batch.
#[derive(Clone, Debug)]
pub(super) enum Encoding<'a> {
    /// Numbers; NaN is missing.
    Numbers(Cow<'a, [f64]>),
    /// Codes of the data with what they are to the model. Codes beyond the map are missing. In the map,
    /// `u32::MAX` is missing.
    Codes { codes: &'a [u32], map: Vec<u32>, missing: u32 },
    /// Codes of the model; `u32::MAX` is missing.
    Mapped(Vec<u32>),
}

/// Missing among the model's codes.
pub(super) const NO_CODE: u32 = u32::MAX;

/// Rows as an ensemble sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// Number of rows.
    pub n_rows: usize,
    /// Number of features, derived ones included.
    pub n_features: usize,
    /// Row by row: a number, or a category's code; NaN where missing.
    pub values: Vec<f64>,
}

impl Encoding<'_> {
    /// The model's code in a row.
    pub(super) fn code(&self, row: usize) -> u32 {
        match self {
            Self::Numbers(_) => NO_CODE,
            Self::Mapped(codes) => codes.get(row).copied().unwrap_or(NO_CODE),
            Self::Codes { codes, map, missing } => {
                let code = codes.get(row).copied().unwrap_or(MISSING);
                map.get(code as usize).copied().unwrap_or(*missing)
            }
        }
    }

    fn value(&self, row: usize) -> f64 {
        match self {
            Self::Numbers(values) => values.get(row).copied().unwrap_or(f64::NAN),
            Self::Codes { .. } | Self::Mapped(_) => match self.code(row) {
                NO_CODE => f64::NAN,
                code => f64::from(code),
            },
        }
    }
}

impl Encoded {
    pub(super) fn from_columns(parts: &EnsembleParts, n_rows: usize, columns: &[Encoding<'_>]) -> Self {
        let n_features = columns.len();
        let mut values = vec![f64::NAN; n_rows.saturating_mul(n_features)];
        for (row, out) in values.chunks_exact_mut(n_features.max(1)).enumerate() {
            for (column, x) in columns.iter().zip(out) {
                *x = in_precision(parts.features_in, column.value(row));
            }
        }
        Self { n_rows, n_features, values }
    }
}

/// A number as the ensemble holds it.
pub(super) fn in_precision(precision: Precision, x: f64) -> f64 {
    match precision {
        Precision::Double => x,
        #[allow(clippy::cast_possible_truncation, reason = "rounding to single precision is what is asked for")]
        Precision::Single => f64::from(x as f32),
    }
}

/// Features that are computed together, with their values.
type Group = (Arc<dyn Together>, Vec<Vec<f64>>);

/// The features of a batch, derived ones included.
pub(super) fn columns<'a>(parts: &EnsembleParts, batch: &Inputs<'a>) -> Result<Vec<Encoding<'a>>, ModelError> {
    let n_inputs = parts.features.iter().filter(|f| !f.is_derived()).count();
    if batch.columns.len() != n_inputs {
        return Err(ModelError::Predict {
            problem: format!("{} columns were given, {n_inputs} are needed", batch.columns.len()),
            hint: "give the columns in the order of the model's inputs".into(),
        });
    }
    let mut inputs = batch.columns.iter();
    let mut encoded = Vec::with_capacity(parts.features.len());
    // Features that are computed together, which is done once.
    let mut together: Vec<Group> = Vec::new();
    for feature in &parts.features {
        let column = match &feature.kind {
            FeatureKind::Derived(derive) => match derive.together() {
                None => Encoding::Numbers(derive.values(batch)?.into()),
                Some((group, place)) => {
                    let known = together.iter().position(|(other, _)| Arc::ptr_eq(other, &group));
                    if known.is_none() {
                        let columns = group.columns(batch)?;
                        together.push((group, columns));
                    }
                    let at = known.unwrap_or(together.len().saturating_sub(1));
                    let columns = together.get_mut(at);
                    let column = columns.and_then(|(_, columns)| columns.get_mut(place)).map(std::mem::take);
                    Encoding::Numbers(column.unwrap_or_default().into())
                }
            },
            FeatureKind::Number => match inputs.next() {
                Some(column) => Encoding::Numbers(numbers(&feature.name, column)?),
                None => continue,
            },
            FeatureKind::Category(categories) => match inputs.next() {
                Some(column) => codes(categories, column),
                None => continue,
            },
        };
        let n_values = match &column {
            Encoding::Numbers(values) => values.len(),
            Encoding::Codes { codes, .. } => codes.len(),
            Encoding::Mapped(codes) => codes.len(),
        };
        if n_values != batch.n_rows {
            return Err(ModelError::Predict {
                problem: format!("the column `{}` has {n_values} values for {} rows", feature.name, batch.n_rows),
                hint: "give one value per row".into(),
            });
        }
        encoded.push(column);
    }
    Ok(encoded)
}

/// A column as numbers. Names are read as numbers where they are (`true` is 1, `false` is 0).
pub(crate) fn numbers<'a>(name: &str, column: &InputColumn<'a>) -> Result<Cow<'a, [f64]>, ModelError> {
    let (codes, levels) = match column {
        InputColumn::Number(values) => return Ok(Cow::Borrowed(values)),
        InputColumn::Codes { codes, levels } => (*codes, *levels),
    };
    let values: Vec<Option<f64>> = levels
        .iter()
        .map(|level| match level.as_str() {
            "true" | "True" | "TRUE" => Some(1.0),
            "false" | "False" | "FALSE" => Some(0.0),
            text => text.trim().parse().ok(),
        })
        .collect();
    let number = |code: &u32| match values.get(*code as usize) {
        None => Ok(f64::NAN),
        Some(Some(number)) => Ok(*number),
        Some(None) => {
            let level = levels.get(*code as usize).map_or("", String::as_str);
            Err(ModelError::Predict {
                problem: format!("the column `{name}` holds the name `{level}`, but the model wants numbers"),
                hint: "encode the column as it was encoded when the model was trained".into(),
            })
        }
    };
    codes.iter().map(number).collect::<Result<Vec<f64>, _>>().map(Cow::Owned)
}

/// A column as the model's codes.
fn codes<'a>(categories: &Categories, column: &InputColumn<'a>) -> Encoding<'a> {
    match column {
        InputColumn::Codes { codes, levels } => Encoding::Codes {
            codes,
            map: levels.iter().map(|level| categories.code(Some(level)).unwrap_or(NO_CODE)).collect(),
            missing: categories.code(None).unwrap_or(NO_CODE),
        },
        InputColumn::Number(values) => {
            let mut known = HashMap::new();
            let code = |x: &f64| {
                let found = known.entry(x.to_bits());
                *found.or_insert_with(|| categories.code_of_number(*x).unwrap_or(NO_CODE))
            };
            Encoding::Mapped(values.iter().map(code).collect())
        }
    }
}

/// The text of each level of a column that holds categories, with the codes per row: a column of numbers is
/// taken by the text of its numbers. `None` stands for a missing value.
pub(crate) fn texts(column: &InputColumn<'_>) -> (Vec<u32>, Vec<Option<String>>) {
    match column {
        InputColumn::Codes { codes, levels } => {
            let missing = levels.len();
            let level = |code: &u32| u32::try_from((*code as usize).min(missing)).unwrap_or(u32::MAX);
            let texts = levels.iter().cloned().map(Some).chain([None]).collect();
            (codes.iter().map(level).collect(), texts)
        }
        InputColumn::Number(values) => {
            let mut known: HashMap<u64, u32> = HashMap::new();
            let mut texts = Vec::new();
            let mut code = |x: &f64| {
                *known.entry(x.to_bits()).or_insert_with(|| {
                    texts.push(if x.is_nan() { None } else { Some(category::number_text(*x)) });
                    u32::try_from(texts.len() - 1).unwrap_or(u32::MAX)
                })
            };
            let codes = values.iter().map(&mut code).collect();
            (codes, texts)
        }
    }
}
