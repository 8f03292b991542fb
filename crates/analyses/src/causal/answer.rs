//! The section as it grows: effects as estimates, tables and sentences.

use equipoise_document::{Better, Estimate, EstimateId, Interval, Level, Missing, Note, Section, Unit};
use equipoise_kernels::{Confidence, normal_two_sided};

use super::ID;

/// The section to be, with what every number of it needs.
pub(super) struct Answer {
    pub(super) section: Section,
    pub(super) confidence: Confidence,
    /// What effects are measured in.
    pub(super) unit: Unit,
    /// The outcome in words.
    pub(super) outcome: String,
    /// Kish's effective number of rows, where rows are weighted.
    pub(super) n_effective: Option<f64>,
}

/// What a number is about: a treatment, and a level of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) treatment: &'a str,
    pub(super) level: Option<&'a str>,
    pub(super) cohort: Option<&'a str>,
}

impl About<'_> {
    /// `causal.metric[treatment=level]{cohort}`, or `causal.metric[treatment]` for a number.
    pub(super) fn id(&self, metric: &str) -> EstimateId {
        let id = EstimateId::new(ID, metric);
        let id = match self.level {
            Some(level) => id.of_group(&[(self.treatment, level)]),
            None => id.by(&[self.treatment]),
        };
        id.within(self.cohort)
    }
}

impl Answer {
    /// An effect with its normal interval.
    pub(super) fn effect(&self, id: EstimateId, theta: f64, se: f64, n: u64, method: &str) -> Estimate {
        if !(se.is_finite() && theta.is_finite()) {
            return Estimate::absent(id, Missing::NoVariation, n, Better::Neither).with_unit(self.unit.clone());
        }
        let z = self.confidence.z();
        Estimate::new(id, theta, n, Better::Neither)
            .with_unit(self.unit.clone())
            .with_interval(Some(Interval::new(theta - z * se, theta + z * se, self.confidence.level(), method)))
            .with_n_effective(self.n_effective)
    }

    /// A number without an interval.
    pub(super) fn plain(&self, id: EstimateId, value: f64, n: u64, better: Better) -> Estimate {
        Estimate::new(id, value, n, better).with_n_effective(self.n_effective)
    }

    /// Adds an estimate and returns its id.
    pub(super) fn add(&mut self, estimate: Estimate) -> EstimateId {
        let id = estimate.id.clone();
        self.section.estimates.push(estimate);
        id
    }

    /// Adds a note.
    pub(super) fn note(&mut self, level: Level, code: &str, text: impl Into<String>) {
        self.section.notes.push(Note::new(level, code, text));
    }

    /// Adds a note about some numbers.
    pub(super) fn note_about(&mut self, level: Level, code: &str, text: impl Into<String>, about: &[EstimateId]) {
        self.section.notes.push(Note::new(level, code, text).about(about.iter().cloned()));
    }

    /// A change of the outcome in words: `3.5`, or `3.1 points` where the outcome is a share.
    pub(super) fn change(&self, value: f64) -> String {
        if self.unit == Unit::Share { format!("{} points", number(100.0 * value)) } else { number(value) }
    }

    /// `rise by 3.5` or `fall by 3.5`.
    pub(super) fn moves(&self, value: f64) -> String {
        let way = if value < 0.0 { "fall" } else { "rise" };
        format!("{way} by {}", self.change(value.abs()))
    }

    /// `95 % interval 1.2 to 3.4`.
    pub(super) fn interval_in_words(&self, theta: f64, se: f64) -> String {
        let z = self.confidence.z();
        let percent = number(100.0 * self.confidence.level());
        format!("{percent} % interval {} to {}", self.change(theta - z * se), self.change(theta + z * se))
    }

    /// The section with its notes, worst first.
    pub(super) fn finish(mut self) -> Section {
        self.section.notes.sort_by_key(|note| note.level.rank());
        self.section
    }
}

/// Two-sided p-value of an effect of 0.
pub(super) fn p_value(theta: f64, se: f64) -> f64 {
    normal_two_sided(theta / se)
}

/// A number in words: three significant digits, and no more than needed.
pub(super) fn number(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    if x == 0.0 {
        return "0".to_owned();
    }
    #[allow(clippy::cast_possible_truncation, reason = "an order of magnitude")]
    let order = libm::floor(libm::log10(x.abs())) as i32;
    let digits = usize::try_from(2 - order).unwrap_or(0).min(12);
    let text = format!("{x:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    text.replacen('-', "−", 1)
}

/// A share in words: `33.1 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", number(100.0 * share))
}

/// A p-value in words: `p < 0.001`.
pub(super) fn p_in_words(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
}
