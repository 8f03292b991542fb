//! What the file says, and the bins of its features.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) version: String,
    pub(super) ebm: Ebm,
}

#[derive(Deserialize)]
pub(super) struct Ebm {
    pub(super) outputs: Vec<Output>,
    pub(super) intercept: Vec<Value>,
    pub(super) features: Vec<FeaturePart>,
    pub(super) terms: Vec<Term>,
}

#[derive(Deserialize)]
pub(super) struct Output {
    pub(super) link: String,
    pub(super) classes: Option<Vec<Value>>,
}

#[derive(Deserialize)]
pub(super) struct FeaturePart {
    pub(super) name: String,
    #[serde(rename = "type")]
    kind: String,
    /// By level of binning: the first for terms of one feature, the next for pairs, …
    cuts: Option<Vec<Vec<f64>>>,
    /// As `cuts`; a bin of several names is a list of them.
    categories: Option<Vec<Vec<Value>>>,
}

#[derive(Deserialize)]
pub(super) struct Term {
    pub(super) term_features: Vec<String>,
    /// Nested lists, one level for each feature and one more for several classes.
    pub(super) scores: Value,
}

/// How a feature is cut, level by level.
pub(super) enum Bins {
    Numbers {
        levels: Vec<Vec<f64>>,
    },
    Names {
        names: Vec<String>,
        /// Bin of each name (from 1), and the number of bins.
        levels: Vec<(Vec<usize>, usize)>,
    },
}

impl Bins {
    pub(super) fn of(feature: &FeaturePart) -> Result<Self, String> {
        let name = &feature.name;
        match (feature.kind.as_str(), &feature.cuts, &feature.categories) {
            ("continuous", Some(cuts), _) if !cuts.is_empty() => {
                for (level, cuts) in cuts.iter().enumerate() {
                    if !cuts.iter().all(|c| c.is_finite()) || !cuts.windows(2).all(|w| w.first() < w.last()) {
                        return Err(format!("`cuts[{level}]` of the feature `{name}` do not ascend"));
                    }
                }
                Ok(Self::Numbers { levels: cuts.clone() })
            }
            ("nominal" | "ordinal", _, Some(categories)) if !categories.is_empty() => names(name, categories),
            ("continuous" | "nominal" | "ordinal", ..) => Err(format!("the feature `{name}` has no bins")),
            (other, ..) => Err(format!("the feature `{name}` is of the unknown type `{other}`")),
        }
    }
}

fn names(feature: &str, categories: &[Vec<Value>]) -> Result<Bins, String> {
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    let mut levels = Vec::with_capacity(categories.len());
    for (level, bins) in categories.iter().enumerate() {
        let mut of: Vec<usize> = vec![0; names.len()];
        for (bin, value) in bins.iter().enumerate() {
            let several = match value {
                Value::Array(several) => several.as_slice(),
                one => std::slice::from_ref(one),
            };
            for value in several {
                let name = label(value);
                let at = *place.entry(name.clone()).or_insert_with(|| {
                    names.push(name.clone());
                    names.len() - 1
                });
                of.resize(names.len(), 0);
                match of.get_mut(at) {
                    Some(slot @ 0) => *slot = bin + 1,
                    _ => return Err(format!("`{name}` of the feature `{feature}` is in two bins of level {level}")),
                }
            }
        }
        levels.push((of, bins.len()));
    }
    // A name that a level does not list is unknown there.
    for (of, n_bins) in &mut levels {
        of.resize(names.len(), 0);
        of.iter_mut().filter(|bin| **bin == 0).for_each(|bin| *bin = *n_bins + 1);
    }
    Ok(Bins::Names { names, levels })
}

/// A class or name as text.
pub(super) fn label(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A list of numbers. Those that JSON does not know are refused: no sum with one of them is a prediction.
pub(super) fn numbers(what: &str, values: &[Value]) -> Result<Vec<f64>, String> {
    let number = |value: &Value| value.as_f64().filter(|x| x.is_finite());
    let all: Option<Vec<f64>> = values.iter().map(number).collect();
    all.filter(|all| !all.is_empty()).ok_or_else(|| format!("`{what}` is not a list of numbers"))
}
