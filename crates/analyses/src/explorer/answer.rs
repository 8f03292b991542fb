//! The section as it grows: estimates of one kind are made in one place.

use std::collections::BTreeSet;

use equipoise_document::{
    Better, Block, BlockKind, Estimate, EstimateId, Interval, Missing, Note, PValue, Section, Table, Unit,
};
use equipoise_kernels::{Confidence, Ends, Tally, wilson};

use super::{ID, Params};

/// The section to be, with what every number of it needs.
pub(super) struct Answer<'a> {
    pub(super) params: &'a Params,
    pub(super) confidence: Confidence,
    pub(super) is_weighted: bool,
    pub(super) section: Section,
    notes: Vec<(f64, Note)>,
    known: BTreeSet<EstimateId>,
}

/// A number with what stands behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    pub(super) value: Result<f64, Missing>,
    pub(super) ends: Option<Ends>,
    pub(super) method: &'static str,
    pub(super) n: Tally,
}

impl<'a> Answer<'a> {
    pub(super) fn new(section: Section, params: &'a Params, confidence: Confidence, is_weighted: bool) -> Self {
        Self { params, confidence, is_weighted, section, notes: Vec::new(), known: BTreeSet::new() }
    }

    /// Adds a note; of two of the same level the one with the larger size comes first.
    pub(super) fn note(&mut self, size: f64, note: Note) {
        self.notes.push((size, note));
    }

    /// The section with its notes, worst first.
    pub(super) fn finish(mut self) -> Section {
        self.notes.sort_by(|(a, x), (b, y)| x.level.rank().cmp(&y.level.rank()).then(b.total_cmp(a)));
        self.section.notes = self.notes.into_iter().map(|(_, note)| note).collect();
        self.section
    }

    /// Adds an estimate and gives its id back; a second one of the same id changes nothing.
    pub(super) fn add(&mut self, estimate: Estimate) -> EstimateId {
        let id = estimate.id.clone();
        if self.known.insert(id.clone()) {
            self.section.estimates.push(estimate);
        }
        id
    }

    /// A number as an estimate.
    pub(super) fn estimate(&self, id: EstimateId, given: Given, better: Better) -> Estimate {
        let Given { value, ends, method, n } = given;
        Estimate::from_result(id, value, n.n, better)
            .with_interval(self.interval(ends, method))
            .with_n_effective(if self.is_weighted { n.n_effective() } else { None })
            .flagged_small(n.n < self.params.min_rows)
    }

    /// The share of some rows in a whole, with Wilson's interval at the effective number of rows.
    pub(super) fn share(&self, id: EstimateId, some: Tally, whole: Tally, better: Better) -> Estimate {
        let value = some.share_of(whole).ok_or(if whole.n == 0 { Missing::Empty } else { Missing::ZeroWeight });
        let ends = value.ok().and_then(|p| wilson(p, whole.n_effective()?, self.confidence));
        self.estimate(id, Given { value, ends, method: "wilson", n: whole }, better).with_unit(Unit::Share)
    }

    /// Ends as an interval of the document.
    pub(super) fn interval(&self, ends: Option<Ends>, method: &str) -> Option<Interval> {
        ends.map(|e| Interval::new(e.low, e.high, self.confidence.level(), method))
    }

    pub(super) fn table(&mut self, table: Table) {
        self.section.tables.push(table);
    }

    pub(super) fn block(&mut self, id: &str, title: &str, table: &str, kind: BlockKind, says: impl Into<String>) {
        self.section.blocks.push(Block::new(id, title, table, kind, says));
    }
}

/// The id of a metric: `explorer.metric`.
pub(super) fn id(metric: &str) -> EstimateId {
    EstimateId::new(ID, metric)
}

/// The id of a metric of a column.
pub(super) fn of(metric: &str, column: &str) -> EstimateId {
    id(metric).by(&[column])
}

/// A p-value adjusted for its family.
pub(super) fn adjusted(value: f64, adjusted: f64, test: &str) -> Option<PValue> {
    let method = format!("{test}, benjamini_hochberg");
    value.is_finite().then_some(PValue { value, adjusted: Some(adjusted), method })
}

/// A share in words: `33.1 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent != 0.0 && percent.abs() < 0.1 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

/// A number in words: up to four significant digits.
pub(super) fn short(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let magnitude = x.abs().log10().floor();
    if !(-4.0..=9.0).contains(&magnitude) {
        return format!("{x:.3e}");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
    let decimals = (3.0 - magnitude).clamp(0.0, 8.0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Names in words: at most `max` of them.
pub(super) fn some_of<S: AsRef<str>>(names: &[S], max: usize) -> String {
    let shown: Vec<String> = names.iter().take(max).map(|name| format!("`{}`", name.as_ref())).collect();
    let rest = names.len().saturating_sub(max);
    let shown = shown.join(", ");
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}

/// A count with its noun: `1 row`, `2 rows`.
pub(super) fn count_of(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", grouped(n)) }
}

/// A whole number with commas: `12,345`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
