//! The section in the making.

use equipoise_document::{
    Better, Cells, Estimate, EstimateId, Interval, Level, Missing, Note, PValue, Section, TableColumn, Unit,
};
use equipoise_kernels::{Confidence, LossSums, Measured, Undefined};

use super::ID;
use super::matrix::ErrorMatrix;
use super::params::Params;
use crate::missing::missing;

/// A section in the making.
pub(super) struct Answer<'a> {
    pub(super) params: &'a Params,
    pub(super) matrix: &'a ErrorMatrix,
    pub(super) confidence: Confidence,
    pub(super) section: Section,
    /// The cohort that is being looked at; none for all rows.
    pub(super) cohort: Option<String>,
    notes: Vec<(f64, Note)>,
}

/// What stands behind a number.
#[derive(Clone, Copy)]
pub(super) struct Support {
    pub(super) n: u64,
    pub(super) n_effective: f64,
}

impl Support {
    pub(super) fn of(sums: &LossSums) -> Self {
        Self { n: sums.rows, n_effective: sums.mean().n_effective() }
    }
}

impl<'a> Answer<'a> {
    pub(super) fn new(params: &'a Params, matrix: &'a ErrorMatrix, confidence: Confidence, section: Section) -> Self {
        Self { params, matrix, confidence, section, cohort: None, notes: Vec::new() }
    }

    /// An id within the cohort at hand.
    pub(super) fn id(&self, metric: &str) -> EstimateId {
        EstimateId::new(ID, metric).within(self.cohort.as_deref())
    }

    /// The id of a table or block within the cohort at hand.
    pub(super) fn table_id(&self, name: &str) -> String {
        self.cohort.as_ref().map_or_else(|| name.to_owned(), |cohort| format!("{name}{{{cohort}}}"))
    }

    /// A title within the cohort at hand.
    pub(super) fn title(&self, title: &str) -> String {
        self.cohort.as_ref().map_or_else(|| title.to_owned(), |cohort| format!("{title}: {cohort}"))
    }

    /// `Of the cohort … ` where one is at hand.
    pub(super) fn lead(&self) -> String {
        self.cohort.as_ref().map_or_else(String::new, |cohort| format!("In the cohort `{cohort}`: "))
    }

    /// Adds an estimate; its id for tables.
    pub(super) fn add(
        &mut self,
        id: EstimateId,
        measured: Measured,
        support: Support,
        (better, unit): (Better, Unit),
        p_value: Option<PValue>,
    ) -> EstimateId {
        let value = measured.value.map_err(|why| reason(why, support.n));
        let interval = measured.ends.map(|e| Interval::new(e.low, e.high, self.confidence.level(), measured.method));
        let is_weighted = self.matrix.weight().is_some();
        let estimate = Estimate::from_result(id.clone(), value, support.n, better)
            .with_unit(unit)
            .with_interval(interval)
            .with_n_effective(is_weighted.then_some(support.n_effective))
            .with_p_value(p_value)
            .flagged_small(support.n < self.params.raw.min_rows);
        self.section.estimates.push(estimate);
        id
    }

    /// Adds a note; of two of a level the larger comes first.
    pub(super) fn note(&mut self, size: f64, level: Level, code: &str, text: String, about: Vec<EstimateId>) {
        self.notes.push((size, Note::new(level, code, text).about(about)));
    }

    /// The section with its notes, worst first.
    pub(super) fn finish(mut self) -> Section {
        self.notes.sort_by(|(a, x), (b, y)| x.level.rank().cmp(&y.level.rank()).then(b.total_cmp(a)));
        self.section.notes = self.notes.into_iter().map(|(_, note)| note).collect();
        self.section
    }
}

/// A column of words of which some are missing.
pub(super) fn texts(id: &str, title: &str, values: impl IntoIterator<Item = Option<String>>) -> TableColumn {
    let cells = Cells::Text(values.into_iter().collect());
    TableColumn { id: id.to_owned(), title: title.to_owned(), unit: Unit::Plain, cells }
}

/// Why a number is missing. Rows that weigh nothing look empty to a kernel.
fn reason(why: Undefined, n: u64) -> Missing {
    if why == Undefined::Empty && n > 0 { Missing::ZeroWeight } else { missing(why) }
}
