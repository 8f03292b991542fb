//! A policy: the gates that a document must pass, read from TOML.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::IdPattern;
use crate::require::{RawRequire, Require};

/// The gates that a document must pass.
///
/// ```toml
/// [[gate]]
/// id = "fairness.selection_rate.difference[sex]"   # or a pattern: "fairness.*.ratio[*]"
/// max = 0.1                                        # or min, or both, or equals with within
/// on = "interval"                                  # value (default), interval, low or high
/// because = "we want to be 95 % sure of it"
/// if_missing = "fail"                              # fail (default), warn or pass
/// severity = "error"                               # error (default) or warning
///
/// [require]
/// sections = ["performance", "fairness"]           # and none of them partial
/// max_age_days = 90
/// signatures = 2                                   # by different trusted keys
///
/// [[require.approval]]
/// role = "approver"
/// name = "Ada Lovelace"
/// key = "ada.pub"                                  # beside the policy, or `sha256:…`
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The gates, in the order of the file.
    pub gates: Vec<Gate>,
    /// What must be there beside numbers.
    pub require: Require,
}

/// One gate, checked: its bound is finite and not contradictory.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// Which numbers it speaks of.
    pub id: IdPattern,
    /// What they must satisfy.
    pub bound: Bound,
    /// Which end of a number must satisfy it.
    pub on: On,
    /// Why the gate is there, in the words of the one who wrote it.
    pub because: Option<String>,
    /// What to conclude when a number has no value or not the interval that `on` asks for.
    pub if_missing: IfMissing,
    /// What a number outside the bound means.
    pub severity: Severity,
    /// Line of the policy file where the gate begins, from 1.
    pub line: u32,
}

/// What a number must satisfy. Equality at a bound satisfies it, up to the last bits of a double (8 units of rounding).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// `x ≤ max`
    Max(f64),
    /// `x ≥ min`
    Min(f64),
    /// `min ≤ x ≤ max`
    Between(f64, f64),
    /// `|x − equals| ≤ within`
    Near(f64, f64),
}

/// Which end of a number must satisfy the bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// The number itself.
    #[default]
    Value,
    /// Both ends of its interval: one is as sure of it as the interval's level says.
    Interval,
    /// The lower end of its interval.
    Low,
    /// The upper end of its interval.
    High,
}

/// What to conclude when there is no number to judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfMissing {
    /// The gate is not passed.
    #[default]
    Fail,
    /// The gate is passed with a warning.
    Warn,
    /// The gate is passed.
    Pass,
}

/// What a number outside the bound means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The policy is not met.
    #[default]
    Error,
    /// Somebody should look; the policy may still be met.
    Warning,
}

/// A text that is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy, line {line}: {problem}\nhint: {hint}")]
pub struct PolicyError {
    /// Line of the policy file, from 1.
    pub line: u32,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub hint: String,
}

/// A policy file as it is written, for its JSON Schema; [`Policy::from_toml`] reads and checks it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// The gates.
    #[serde(default)]
    #[schemars(with = "Vec<RawGate>")]
    gate: Vec<Spanned<RawGate>>,
    /// What must be there beside numbers.
    #[schemars(with = "Option<RawRequire>")]
    require: Option<Spanned<RawRequire>>,
}

/// One gate as it is written: `max`, `min`, both, or `equals` with `within`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gate")]
struct RawGate {
    /// Id of an estimate, or a pattern in which `*` stands for any run of characters within its part.
    id: String,
    /// The number may not be above this.
    max: Option<f64>,
    /// The number may not be below this.
    min: Option<f64>,
    /// The number must be this.
    equals: Option<f64>,
    /// How far from `equals` the number may be (default 0).
    within: Option<f64>,
    /// Which end of the number must satisfy it.
    #[serde(default)]
    on: On,
    /// Why the gate is there; it is printed with the verdict.
    because: Option<String>,
    /// What to conclude when the number has no value, or no interval where `on` needs one.
    #[serde(default)]
    if_missing: IfMissing,
    /// What a number outside the bound means.
    #[serde(default)]
    severity: Severity,
}

impl Policy {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// Names the line and the field that cannot be, and how to mend it.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let line_of = |at: usize| {
            let before = text.get(..at).unwrap_or(text);
            u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
        };
        let file: PolicyFile = toml::from_str(text).map_err(|error| PolicyError {
            line: error.span().map_or(1, |span| line_of(span.start)),
            problem: error.message().trim().replace('\n', "; "),
            hint: "a gate is, for example, `[[gate]]`, `id = \"performance.accuracy\"`, `min = 0.8`".into(),
        })?;
        let require = file.require.map(|raw| {
            let line = line_of(raw.span().start);
            raw.into_inner().check(line).map_err(|(problem, hint)| PolicyError { line, problem, hint: hint.to_owned() })
        });
        let require = require.transpose()?.unwrap_or_default();
        if file.gate.is_empty() && require.is_empty() {
            return Err(PolicyError {
                line: 1,
                problem: "the policy has no gate".into(),
                hint: "begin a gate with `[[gate]]`; an empty policy would let everything pass".into(),
            });
        }
        let gates = file.gate.into_iter().map(|raw| {
            let line = line_of(raw.span().start);
            raw.into_inner().check(line)
        });
        Ok(Self { gates: gates.collect::<Result<_, _>>()?, require })
    }
}

impl RawGate {
    fn check(self, line: u32) -> Result<Gate, PolicyError> {
        let id = IdPattern::from(self.id.as_str());
        let fail = |problem: String, hint: &str| Err(PolicyError { line, problem, hint: hint.to_owned() });
        if !id.is_open()
            && let Err(error) = id.text().parse::<equipoise_document::EstimateId>()
        {
            return fail(error.to_string(), "an id is `section.metric[.aggregate][columns]{cohort}`");
        }
        let given = [("max", self.max), ("min", self.min), ("equals", self.equals), ("within", self.within)];
        if let Some((name, value)) = given.iter().find_map(|(n, v)| v.filter(|v| !v.is_finite()).map(|v| (n, v))) {
            return fail(format!("`{name}` of `{}` is `{value}`", id.text()), "give a finite number");
        }
        let bound = match (self.min, self.max, self.equals, self.within) {
            (None, Some(max), None, None) => Bound::Max(max),
            (Some(min), None, None, None) => Bound::Min(min),
            (Some(min), Some(max), None, None) if min <= max => Bound::Between(min, max),
            (Some(min), Some(max), None, None) => {
                return fail(
                    format!("`min` {min} of `{}` is above its `max` {max}", id.text()),
                    "no number is between them; swap them",
                );
            }
            (None, None, Some(equals), within) if within.unwrap_or(0.0) >= 0.0 => {
                Bound::Near(equals, within.unwrap_or(0.0))
            }
            (None, None, Some(_), _) => {
                return fail(format!("`within` of `{}` is negative", id.text()), "give the distance as 0 or more");
            }
            (_, _, None, Some(_)) => {
                return fail(format!("`within` of `{}` stands without `equals`", id.text()), "add `equals = …`");
            }
            (None, None, None, None) => {
                return fail(format!("`{}` has no bound", id.text()), "add `max = …`, `min = …` or `equals = …`");
            }
            (_, _, Some(_), _) => {
                return fail(
                    format!("`{}` has `equals` beside `min` or `max`", id.text()),
                    "write two gates, or leave one out",
                );
            }
        };
        let because = self.because.map(|b| b.trim().to_owned()).filter(|b| !b.is_empty());
        let (on, if_missing, severity) = (self.on, self.if_missing, self.severity);
        Ok(Gate { id, bound, on, because, if_missing, severity, line })
    }
}
