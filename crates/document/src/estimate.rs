//! A number with everything that is needed to trust it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EstimateId;

/// A number, or the reason why there is none, with its uncertainty.
///
/// Invariant: exactly one of `value` and `missing` is set, and no number in it is NaN or infinite;
/// the constructors keep it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Stable dotted id; policies, gates, monitors and URLs use it.
    pub id: EstimateId,
    /// The number itself; absent when it is undefined for these rows.
    #[serde(default)]
    pub value: Option<f64>,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// Interval with its level and method; absent where none is defined.
    #[serde(default)]
    pub interval: Option<Interval>,
    /// Rows that entered the number (not weighted).
    pub n: u64,
    /// Kish's effective number of rows `(Σw)² / Σw²`, given when rows are weighted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_effective: Option<f64>,
    /// What the number is measured in.
    #[serde(default, skip_serializing_if = "Unit::is_plain")]
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Test of "no difference", where the number is a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<PValue>,
    /// True when so few rows stand behind the number that it should not be relied on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub small: bool,
}

/// An interval around a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Nominal coverage, for example 0.95.
    pub level: f64,
    /// How it was made: `wilson`, `newcombe`, `multinomial_bootstrap`, `delong`, …
    pub method: String,
}

/// A p-value and what was done about the others that were looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PValue {
    /// As the test gives it.
    pub value: f64,
    /// Adjusted for the family of comparisons it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<f64>,
    /// The test, for example `chi_squared`, and the adjustment, for example `benjamini_hochberg`.
    pub method: String,
}

/// Why a number does not exist. Codes are a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// No rows at all.
    Empty,
    /// No row is truly positive.
    NoPositives,
    /// No row is truly negative.
    NoNegatives,
    /// No row was predicted positive.
    NoSelected,
    /// No row was predicted negative.
    NoUnselected,
    /// Only one class occurs.
    OneClass,
    /// Fewer rows than the asked minimum.
    BelowMinSize,
    /// All values are equal where a spread is needed.
    NoVariation,
    /// A division by zero that none of the other codes names.
    ZeroDenominator,
    /// Needs probabilities and there are none.
    NoProbability,
    /// Fewer than two groups with a value, so there is no gap.
    FewerThanTwoGroups,
    /// The sum or the result is not a finite number.
    NotFinite,
    /// All weights are zero.
    ZeroWeight,
}

/// What a number is measured in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A plain number.
    #[default]
    Plain,
    /// A share between 0 and 1.
    Share,
    /// A number of rows.
    Rows,
    /// Nats (natural logarithms).
    Nats,
    /// The target's own unit.
    Target,
    /// The square of the target's unit.
    TargetSquared,
    /// Any other unit by name.
    Named(String),
}

impl Unit {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// Which way a number is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The higher the better.
    Higher,
    /// The lower the better.
    Lower,
    /// The closer to zero the better.
    Zero,
    /// The closer to one the better.
    One,
    /// Neither: the number describes.
    Neither,
}

impl Estimate {
    /// A number from `n` rows. A value that is not finite becomes missing, never NaN.
    #[must_use]
    pub fn new(id: EstimateId, value: f64, n: u64, better: Better) -> Self {
        if value.is_finite() {
            Self::of(id, Some(value), None, n, better)
        } else {
            Self::absent(id, Missing::NotFinite, n, better)
        }
    }

    /// No number, and why.
    #[must_use]
    pub fn absent(id: EstimateId, why: Missing, n: u64, better: Better) -> Self {
        Self::of(id, None, Some(why), n, better)
    }

    /// A number or the reason why there is none.
    #[must_use]
    pub fn from_result(id: EstimateId, value: Result<f64, Missing>, n: u64, better: Better) -> Self {
        match value {
            Ok(value) => Self::new(id, value, n, better),
            Err(why) => Self::absent(id, why, n, better),
        }
    }

    fn of(id: EstimateId, value: Option<f64>, missing: Option<Missing>, n: u64, better: Better) -> Self {
        Self {
            id,
            value,
            missing,
            interval: None,
            n,
            n_effective: None,
            unit: Unit::Plain,
            better,
            p_value: None,
            small: false,
        }
    }

    /// Adds an interval; ignored when the number is missing or an end is not finite.
    #[must_use]
    pub fn with_interval(mut self, interval: Option<Interval>) -> Self {
        self.interval = interval.filter(|i| self.value.is_some() && i.low.is_finite() && i.high.is_finite());
        self
    }

    /// Sets the unit.
    #[must_use]
    pub fn with_unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// Sets the effective number of rows under weights.
    #[must_use]
    pub fn with_n_effective(mut self, n_effective: Option<f64>) -> Self {
        self.n_effective = n_effective.filter(|n| n.is_finite());
        self
    }

    /// Sets the p-value; ignored when the number is missing.
    #[must_use]
    pub fn with_p_value(mut self, p_value: Option<PValue>) -> Self {
        self.p_value = p_value.filter(|p| self.value.is_some() && p.value.is_finite());
        self
    }

    /// Flags the number as resting on too few rows.
    #[must_use]
    pub fn flagged_small(mut self, small: bool) -> Self {
        self.small = small;
        self
    }
}

impl Interval {
    /// An interval by its ends, level and method.
    #[must_use]
    pub fn new(low: f64, high: f64, level: f64, method: &str) -> Self {
        Self { low, high, level, method: method.to_owned() }
    }
}

impl Missing {
    /// The stable code, as it stands in the document.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoPositives => "no_positives",
            Self::NoNegatives => "no_negatives",
            Self::NoSelected => "no_selected",
            Self::NoUnselected => "no_unselected",
            Self::OneClass => "one_class",
            Self::BelowMinSize => "below_min_size",
            Self::NoVariation => "no_variation",
            Self::ZeroDenominator => "zero_denominator",
            Self::NoProbability => "no_probability",
            Self::FewerThanTwoGroups => "fewer_than_two_groups",
            Self::NotFinite => "not_finite",
            Self::ZeroWeight => "zero_weight",
        }
    }

    /// The reason in plain words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Empty => "there are no rows",
            Self::NoPositives => "no row is truly positive",
            Self::NoNegatives => "no row is truly negative",
            Self::NoSelected => "no row was predicted positive",
            Self::NoUnselected => "no row was predicted negative",
            Self::OneClass => "only one class occurs",
            Self::BelowMinSize => "there are fewer rows than the asked minimum",
            Self::NoVariation => "all values are equal",
            Self::ZeroDenominator => "the denominator is zero",
            Self::NoProbability => "it needs probabilities and there are none",
            Self::FewerThanTwoGroups => "fewer than two groups have a value",
            Self::NotFinite => "the result is not a finite number",
            Self::ZeroWeight => "all weights are zero",
        }
    }
}
