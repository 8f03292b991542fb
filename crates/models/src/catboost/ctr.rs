//! Target statistics: a category becomes a number by what training saw of it.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    MISSING_TEXT, Places, Refusal,
    city::{category_hash, combine},
    file::{CtrFeature, CtrTable, Element},
    hash_of,
};
use crate::{
    InputColumn, Inputs, ModelError,
    trees::{Derive, Feature, numbers, texts},
};

/// A statistic of one category, or of categories and conditions together.
///
/// ```text
/// value = ((good + prior) / (total + weight of the prior) + shift) · scale
/// ```
///
/// in single precision, where good and total are counts from training, by the hash of what is combined
/// (Prokhorenkova and others, 2018, "CatBoost: unbiased boosting with categorical features", section 3).
#[derive(Debug)]
pub(super) struct Ctr {
    sources: Vec<usize>,
    elements: Vec<Part>,
    values: HashMap<u64, f32>,
    /// For what training has not seen.
    unseen: f32,
    title: String,
}

/// What is combined, with its place among the features.
#[derive(Debug)]
enum Part {
    Category { place: usize },
    Above { place: usize, border: f32, nan_is_above: bool },
    Is { place: usize, hash: u32 },
}

impl Ctr {
    pub(super) fn read(ctr: &CtrFeature, tables: &HashMap<String, CtrTable>, places: &Places) -> Result<Self, Refusal> {
        let Some(table) = tables.get(&ctr.identifier) else {
            return Err(Refusal::Unsupported {
                problem: format!("the file does not hold the target statistics `{}`", ctr.identifier),
                hint: "save the model as JSON from Python with its training pool, or train with a large `one_hot_max_size`",
            });
        };
        let mut elements = Vec::new();
        // Categories come first, then numbers, then single values: the order in which the library hashes.
        for kind in ["cat_feature_value", "float_feature", "cat_feature_exact_value"] {
            for element in ctr.elements.iter().filter(|element| element.combination_element == kind) {
                let part = Part::read(element, places);
                elements.push(
                    part.ok_or_else(|| format!("`ctrs`: `{}` combines a feature that does not exist", ctr.identifier))?,
                );
            }
        }
        if elements.len() != ctr.elements.len() || elements.is_empty() {
            return Err(format!("`ctrs`: `{}` combines something that is not known", ctr.identifier).into());
        }
        let mut sources: Vec<usize> = elements.iter().map(Part::place).collect();
        sources.sort_unstable();
        sources.dedup();
        let formula = Formula::of(ctr, table)?;
        let values = formula.values(ctr, table)?;
        Ok(Self { sources, elements, values, unseen: formula.unseen(), title: ctr.ctr_type.clone() })
    }

    /// Its name, for example `Borders(job, month)`.
    pub(super) fn name(&self, features: &[Feature]) -> String {
        let names: Vec<&str> = self.sources.iter().filter_map(|i| features.get(*i)).map(|f| f.name.as_str()).collect();
        format!("{}({})", self.title, names.join(", "))
    }
}

impl Derive for Ctr {
    fn sources(&self) -> &[usize] {
        &self.sources
    }

    fn values(&self, batch: &Inputs<'_>) -> Result<Vec<f64>, ModelError> {
        let value = |hash: &u64| f64::from(self.values.get(hash).copied().unwrap_or(self.unseen));
        if let [Part::Category { place }] = self.elements.as_slice() {
            // One value per level is enough.
            let (codes, hashes) = hashes_of(batch.columns.get(*place));
            let by_level: Vec<f64> = hashes.iter().map(|hash| value(&combine(0, extended(*hash)))).collect();
            return Ok(codes.iter().map(|code| by_level.get(*code as usize).copied().unwrap_or(f64::NAN)).collect());
        }
        let mut combined = vec![0_u64; batch.n_rows];
        for part in &self.elements {
            part.stir_into(&mut combined, batch)?;
        }
        Ok(combined.iter().map(value).collect())
    }
}

impl Part {
    fn read(element: &Element, places: &Places) -> Option<Self> {
        let category = || places.categories.get(&element.cat_feature_index?).copied();
        Some(match element.combination_element.as_str() {
            "cat_feature_value" => Self::Category { place: category()? },
            "cat_feature_exact_value" => Self::Is { place: category()?, hash: hash_of(element.value?) },
            "float_feature" => {
                let (place, nan_is_above) = *places.numbers.get(&element.float_feature_index?)?;
                Self::Above { place, border: single(element.border?), nan_is_above }
            }
            _ => return None,
        })
    }

    fn place(&self) -> usize {
        match self {
            Self::Category { place } | Self::Above { place, .. } | Self::Is { place, .. } => *place,
        }
    }

    fn stir_into(&self, combined: &mut [u64], batch: &Inputs<'_>) -> Result<(), ModelError> {
        let column = batch.columns.get(self.place());
        match self {
            Self::Category { .. } | Self::Is { .. } => {
                let (codes, hashes) = hashes_of(column);
                for (combined, code) in combined.iter_mut().zip(codes) {
                    let found = hashes.get(code as usize).copied().unwrap_or(0);
                    *combined = match self {
                        Self::Is { hash, .. } => combine(*combined, u64::from(found == *hash)),
                        Self::Category { .. } | Self::Above { .. } => combine(*combined, extended(found)),
                    };
                }
            }
            Self::Above { border, nan_is_above, .. } => {
                let values = column.map_or(Ok(Vec::new().into()), |column| numbers("", column))?;
                for (combined, x) in combined.iter_mut().zip(values.iter()) {
                    let is_above = if x.is_nan() { *nan_is_above } else { single(*x) > *border };
                    *combined = combine(*combined, u64::from(is_above));
                }
            }
        }
        Ok(())
    }
}

/// Codes of a column with the hash of each code's text.
fn hashes_of(column: Option<&InputColumn<'_>>) -> (Vec<u32>, Vec<u32>) {
    let (codes, texts) = column.map(texts).unwrap_or_default();
    (codes, texts.iter().map(|text| category_hash(text.as_deref().unwrap_or(MISSING_TEXT))).collect())
}

/// The library widens a hash as a signed number.
#[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "bits are extended, not numbers")]
fn extended(hash: u32) -> u64 {
    i64::from(hash as i32) as u64
}

#[allow(clippy::cast_possible_truncation, reason = "the library computes in single precision")]
pub(super) fn single(x: f64) -> f32 {
    x as f32
}

/// How counts become a value.
struct Formula {
    kind: Kind,
    prior: f32,
    prior_weight: f32,
    shift: f32,
    scale: f32,
}

enum Kind {
    /// Share of rows in the classes above one.
    Borders { above: usize },
    /// Share of rows in one class.
    Buckets { class: usize },
    /// Mean of the target.
    Mean,
    /// Share of all rows.
    Counter { denominator: f32 },
}

impl Formula {
    fn of(ctr: &CtrFeature, table: &CtrTable) -> Result<Self, Refusal> {
        let kind = match ctr.ctr_type.as_str() {
            "Borders" => Kind::Borders { above: ctr.target_border_idx },
            "Buckets" => Kind::Buckets { class: ctr.target_border_idx },
            "BinarizedTargetMeanValue" | "FloatTargetMeanValue" => Kind::Mean,
            "Counter" | "FeatureFreq" => Kind::Counter { denominator: single(table.counter_denominator) },
            other => {
                return Err(Refusal::Unsupported {
                    problem: format!("target statistics of the kind `{other}` are not supported"),
                    hint: "train with `simple_ctr` and `combinations_ctr` among Borders, Buckets, BinarizedTargetMeanValue and Counter",
                });
            }
        };
        Ok(Self {
            kind,
            prior: single(ctr.prior_numerator),
            prior_weight: single(ctr.prior_denomerator),
            shift: single(ctr.shift),
            scale: single(ctr.scale),
        })
    }

    fn value(&self, good: f32, total: f32) -> f32 {
        ((good + self.prior) / (total + self.prior_weight) + self.shift) * self.scale
    }

    fn unseen(&self) -> f32 {
        match self.kind {
            Kind::Counter { denominator } => self.value(0.0, denominator),
            Kind::Borders { .. } | Kind::Buckets { .. } | Kind::Mean => self.value(0.0, 0.0),
        }
    }

    /// The value of each hash in the table.
    fn values(&self, ctr: &CtrFeature, table: &CtrTable) -> Result<HashMap<u64, f32>, Refusal> {
        let at = &ctr.identifier;
        if table.hash_stride < 2 || !table.hash_map.len().is_multiple_of(table.hash_stride) {
            return Err(format!("`ctr_data`: `{at}` does not hold {} numbers per hash", table.hash_stride).into());
        }
        let mut values = HashMap::new();
        for entry in table.hash_map.chunks_exact(table.hash_stride) {
            let Some((hash, counts)) = entry.split_first() else { continue };
            let hash = match hash {
                Value::String(text) => text.parse::<u64>().ok(),
                hash => hash.as_u64(),
            };
            let counts: Option<Vec<f64>> = counts.iter().map(Value::as_f64).collect();
            let (Some(hash), Some(counts)) = (hash, counts) else {
                return Err(format!("`ctr_data`: `{at}` holds something other than hashes and counts").into());
            };
            // The largest number marks a free place in the table.
            if hash == u64::MAX {
                continue;
            }
            let count = |index: usize| counts.get(index).copied();
            let all: f64 = counts.iter().sum();
            let (good, total) = match self.kind {
                Kind::Borders { above } => (Some(counts.iter().skip(above.saturating_add(1)).sum()), Some(all)),
                Kind::Buckets { class } => (count(class), Some(all)),
                Kind::Mean => (count(0), count(1)),
                Kind::Counter { denominator } => (count(0), Some(f64::from(denominator))),
            };
            let (Some(good), Some(total)) = (good, total) else {
                return Err(format!("`ctr_data`: `{at}` has too few numbers per hash").into());
            };
            values.entry(hash).or_insert(self.value(single(good), single(total)));
        }
        Ok(values)
    }
}
