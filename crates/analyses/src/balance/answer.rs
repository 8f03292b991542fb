//! The section as it grows: estimates of one kind are made in one place.

use equipoise_document::{Better, Estimate, EstimateId, Interval, Missing, Note, Section, Unit};
use equipoise_kernels::{Confidence, Ends, Tally, wilson};

use super::{ID, Params};

/// The section to be, with what every number of it needs.
pub(super) struct Answer<'a> {
    pub(super) params: &'a Params,
    pub(super) confidence: Confidence,
    pub(super) is_weighted: bool,
    pub(super) section: Section,
    notes: Vec<(f64, Note)>,
}

/// Words before the metrics of the training data.
const TRAIN: &str = "train_";

/// Names of the parts, in the order in which they are counted.
pub(super) const PARTS: [&str; 2] = ["test", "train"];

impl<'a> Answer<'a> {
    pub(super) fn new(section: Section, params: &'a Params, confidence: Confidence, is_weighted: bool) -> Self {
        Self { params, confidence, is_weighted, section, notes: Vec::new() }
    }

    /// Adds a note; of two of the same level the larger comes first.
    pub(super) fn note(&mut self, size: f64, note: Note) {
        self.notes.push((size, note));
    }

    /// The section with its notes, worst first.
    pub(super) fn finish(mut self) -> Section {
        self.notes.sort_by(|(a, x), (b, y)| x.level.rank().cmp(&y.level.rank()).then(b.total_cmp(a)));
        self.section.notes = self.notes.into_iter().map(|(_, note)| note).collect();
        self.section
    }

    /// The share of some rows in a whole, with Wilson's interval at the effective number of rows.
    pub(super) fn share(&self, id: EstimateId, some: Tally, whole: Tally) -> Estimate {
        let value = some.share_of(whole).ok_or(if whole.n == 0 { Missing::Empty } else { Missing::ZeroWeight });
        let ends = value.ok().and_then(|p| wilson(p, whole.n_effective()?, self.confidence));
        Estimate::from_result(id, value, whole.n, Better::Neither)
            .with_unit(Unit::Share)
            .with_interval(self.interval(ends, "wilson"))
            .with_n_effective(self.n_effective(whole))
            .flagged_small(self.is_small(whole))
    }

    /// Ends as an interval of the document.
    pub(super) fn interval(&self, ends: Option<Ends>, method: &str) -> Option<Interval> {
        ends.map(|e| Interval::new(e.low, e.high, self.confidence.level(), method))
    }

    /// The effective number of rows, where rows are weighted.
    pub(super) fn n_effective(&self, whole: Tally) -> Option<f64> {
        if self.is_weighted { whole.n_effective() } else { None }
    }

    /// True when so few rows should not be relied on.
    pub(super) fn is_small(&self, whole: Tally) -> bool {
        whole.n < self.params.min_rows
    }
}

/// The id of a metric in a part: `balance.share`, or `balance.train_share` for the training data.
pub(super) fn id(part: usize, metric: &str) -> EstimateId {
    if part == 0 { EstimateId::new(ID, metric) } else { EstimateId::new(ID, &format!("{TRAIN}{metric}")) }
}

/// The name of a part.
pub(super) fn part_name(part: usize) -> &'static str {
    PARTS.get(part).copied().unwrap_or("other")
}

/// A share in words: `33.1 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent != 0.0 && percent.abs() < 0.1 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

/// A p-value in words: `p < 0.001`.
pub(super) fn p_in_words(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
}

/// Names in words: at most `max` of them.
pub(super) fn some_of(names: &[String], max: usize) -> String {
    let shown: Vec<String> = names.iter().take(max).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(max);
    let shown = shown.join(", ");
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}
