//! What a treatment is: levels against a reference, or a number.

use equipoise_data::MISSING;

use super::params::{RawParams, wrong};
use super::rows::Values;
use crate::AnalysisError;

/// Rows below which a level is refused.
pub(super) const MIN_LEVEL_ROWS: usize = 10;
/// Levels beyond which a treatment is refused.
const MAX_LEVELS: usize = 20;

/// A treatment over the rows that are used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Treatment {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// Levels or a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Level 0 is the reference.
    Levels {
        /// Level of each row.
        of: Vec<u32>,
        /// Names of the levels.
        names: Vec<String>,
    },
    /// A number.
    Number {
        /// One per row.
        values: Vec<f64>,
    },
}

impl Treatment {
    /// Reads a treatment; rows without a value were taken out before.
    pub(super) fn new(name: &str, values: &Values, params: &RawParams) -> Result<Self, AnalysisError> {
        let constant = || {
            let problem = format!("the treatment `{name}` has the same value in every row");
            Err(wrong("treatment_features", problem, "an effect needs rows with and rows without the treatment"))
        };
        let as_number = match values {
            Values::Numbers(x) => {
                let first = x.first().copied().unwrap_or(0.0);
                let second = x.iter().copied().find(|x| (x - first).abs() > 0.0);
                let Some(second) = second else { return constant() };
                x.iter().any(|x| (x - first).abs() > 0.0 && (x - second).abs() > 0.0)
            }
            Values::Names(..) => false,
        };
        if as_number && let Values::Numbers(x) = values {
            return Ok(Self { name: name.to_owned(), kind: Kind::Number { values: x.clone() } });
        }
        let Values::Names(codes, levels) = values.named() else { return constant() };
        let mut counts = vec![0_usize; levels.len()];
        for code in &codes {
            if let Some(n) = counts.get_mut(*code as usize) {
                *n += 1;
            }
        }
        let mut present: Vec<usize> = (0..levels.len()).filter(|l| counts.get(*l).is_some_and(|n| *n > 0)).collect();
        if present.len() < 2 {
            return constant();
        }
        if present.len() > MAX_LEVELS {
            let problem = format!("the treatment `{name}` has {} levels; {MAX_LEVELS} can be compared", present.len());
            return Err(wrong("treatment_features", problem, "put levels together in the data first"));
        }
        if let Some(wanted) = params.reference.get(name) {
            let Some(at) = present.iter().position(|l| levels.get(*l) == Some(wanted)) else {
                let known: Vec<String> =
                    present.iter().filter_map(|l| levels.get(*l)).map(|l| format!("`{l}`")).collect();
                let problem = format!("`{wanted}` is not a level of `{name}`");
                return Err(wrong("reference", problem, format!("the levels are {}", known.join(", "))));
            };
            let level = present.remove(at);
            present.insert(0, level);
        }
        if !params.skip_cat_limit_checks
            && let Some((level, n)) = present
                .iter()
                .filter_map(|l| Some((levels.get(*l)?, *counts.get(*l)?)))
                .find(|(_, n)| *n < MIN_LEVEL_ROWS)
        {
            let problem =
                format!("the level `{level}` of `{name}` has {n} rows; fewer than {MIN_LEVEL_ROWS} carry no estimate");
            let hint = "put levels together in the data, or set skip_cat_limit_checks = true";
            return Err(wrong("treatment_features", problem, hint));
        }
        let mut place = vec![MISSING; levels.len()];
        for (new, old) in present.iter().enumerate() {
            if let (Some(to), Ok(new)) = (place.get_mut(*old), u32::try_from(new)) {
                *to = new;
            }
        }
        let of = codes.iter().map(|c| place.get(*c as usize).copied().unwrap_or(0)).collect();
        let names = present.iter().filter_map(|l| levels.get(*l).cloned()).collect();
        Ok(Self { name: name.to_owned(), kind: Kind::Levels { of, names } })
    }

    /// What is compared, by place from 1: levels against the reference, or one step of a number.
    pub(super) fn n_contrasts(&self) -> usize {
        match &self.kind {
            Kind::Levels { names, .. } => names.len() - 1,
            Kind::Number { .. } => 1,
        }
    }

    /// The level of a contrast; none for a number.
    pub(super) fn level(&self, contrast: usize) -> Option<&str> {
        match &self.kind {
            Kind::Levels { names, .. } => names.get(contrast).map(String::as_str),
            Kind::Number { .. } => None,
        }
    }

    /// The reference level.
    pub(super) fn reference(&self) -> Option<&str> {
        self.level(0)
    }

    /// `1 against 0`, or `+1`.
    pub(super) fn contrast_name(&self, contrast: usize) -> String {
        match (self.level(contrast), self.reference()) {
            (Some(level), Some(reference)) => format!("{level} against {reference}"),
            _ => "+1".to_owned(),
        }
    }

    /// Strata that folds should hold equal shares of.
    pub(super) fn strata(&self) -> Vec<u32> {
        match &self.kind {
            Kind::Levels { of, .. } => of.clone(),
            Kind::Number { .. } => Vec::new(),
        }
    }

    /// The treatment as a number: the value, or whether a row has the level of a contrast.
    pub(super) fn numbers(&self, contrast: usize) -> Vec<f64> {
        match &self.kind {
            Kind::Levels { of, .. } => of.iter().map(|l| f64::from(u8::from(*l as usize == contrast))).collect(),
            Kind::Number { values } => values.clone(),
        }
    }
}
