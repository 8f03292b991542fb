//! Numbers into estimates, tables and notes.

use equipoise_document::{
    Better, Block, BlockKind, Estimate, EstimateId, Interval, Level, Missing, Note, PValue, Section, Table,
    TableColumn, Unit,
};
use equipoise_kernels::{Confidence, Measured, Undefined};

use super::ID;
use super::metric::Said;
use super::params::Params;
use crate::Context;
use crate::missing::missing;

/// A section in the making.
pub(super) struct Answer<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) params: &'a Params,
    pub(super) confidence: Confidence,
    pub(super) section: Section,
}

/// What stands behind a number.
#[derive(Clone, Copy)]
pub(super) struct Support {
    pub(super) n: u64,
    pub(super) n_effective: Option<f64>,
}

impl Answer<'_> {
    /// A metric of a cohort, by its id alone.
    pub(super) fn id(&self, metric: &str, cohort: usize) -> EstimateId {
        self.context.id(ID, metric, cohort)
    }

    /// Adds an estimate and returns its id for tables.
    pub(super) fn add(
        &mut self,
        id: EstimateId,
        measured: Measured,
        support: Support,
        better: Better,
        unit: Unit,
    ) -> EstimateId {
        let estimate = self.estimate(id.clone(), measured, support, better, unit);
        self.section.estimates.push(estimate);
        id
    }

    /// Adds an estimate of a gap with its test.
    pub(super) fn add_gap(
        &mut self,
        id: EstimateId,
        measured: Measured,
        support: Support,
        unit: Unit,
        p_value: Option<PValue>,
    ) -> EstimateId {
        let estimate = self.estimate(id.clone(), measured, support, Better::Zero, unit).with_p_value(p_value);
        self.section.estimates.push(estimate);
        id
    }

    fn estimate(&self, id: EstimateId, measured: Measured, support: Support, better: Better, unit: Unit) -> Estimate {
        let value = measured.value.map_err(|why| reason(why, support.n));
        let interval = measured.ends.map(|e| Interval::new(e.low, e.high, self.confidence.level(), measured.method));
        Estimate::from_result(id, value, support.n, better)
            .with_unit(unit)
            .with_interval(interval)
            .with_n_effective(support.n_effective)
            .flagged_small(support.n < self.params.min_rows)
    }

    /// Adds the metrics of all cohorts: every number as an estimate, a table of all rows' metrics, a table of cohorts.
    pub(super) fn add_metrics(&mut self, cohorts: &[(Support, Vec<Said>)]) {
        for (cohort, (support, said)) in cohorts.iter().enumerate() {
            for metric in said {
                let id = self.id(&metric.id, cohort);
                let support = Support { n: metric.n, n_effective: support.n_effective };
                self.add(id, metric.measured, support, metric.better, metric.unit.clone());
            }
        }
        let Some((_, all)) = cohorts.first() else { return };
        let ids: Vec<_> = all.iter().map(|m| Some(self.id(&m.id, 0))).collect();
        let table = Table::new("metrics", "All rows")
            .column(TableColumn::text("metric", "Metric", all.iter().map(|m| m.title.clone())))
            .column(TableColumn::estimate("value", "Value", ids))
            .column(TableColumn::text("says", "What it is", all.iter().map(|m| m.says.clone())));
        self.table(table);
        self.block(Block::new(
            "metrics",
            "How good are the predictions?",
            "metrics",
            BlockKind::Table {},
            "Every metric over all rows, with its interval.",
        ));
        if cohorts.len() > 1 {
            self.add_cohort_table(cohorts);
        }
    }

    fn add_cohort_table(&mut self, cohorts: &[(Support, Vec<Said>)]) {
        let Some((_, all)) = cohorts.first() else { return };
        let names = self.context.test.frame.cohorts().iter().map(|c| c.name.clone());
        let mut table = Table::new("by_cohort", "By cohort")
            .column(TableColumn::text("cohort", "Cohort", names))
            .column(TableColumn::rows("n", "Rows", cohorts.iter().map(|(support, _)| support.n)));
        for metric in all.iter().filter(|m| m.is_headline) {
            let ids: Vec<_> = (0..cohorts.len()).map(|cohort| Some(self.id(&metric.id, cohort))).collect();
            table = table.column(TableColumn::estimate(&metric.id, &metric.title, ids).with_unit(metric.unit.clone()));
        }
        self.table(table);
        if let Some(first) = all.iter().find(|m| m.is_headline) {
            self.block(Block::new(
                "by_cohort",
                &format!("{} by cohort", first.title),
                "by_cohort",
                BlockKind::Dots {
                    label: "cohort".into(),
                    value: first.id.clone(),
                    series: None,
                    axis: equipoise_document::Axis::titled(&first.title),
                    reference: Some(equipoise_document::Reference::Estimate(self.id(&first.id, 0))),
                },
                format!("{} of each cohort; the line is all rows.", first.title),
            ));
        }
    }

    /// Adds a table.
    pub(super) fn table(&mut self, table: Table) {
        self.section.tables.push(table);
    }

    /// Adds a way to look at a table.
    pub(super) fn block(&mut self, block: Block) {
        self.section.blocks.push(block);
    }

    /// Adds a note.
    pub(super) fn note(&mut self, level: Level, code: &str, text: String, about: Vec<EstimateId>) {
        self.section.notes.push(Note::new(level, code, text).about(about));
    }

    /// The section, its notes worst first.
    pub(super) fn finish(mut self) -> Section {
        self.section.notes.sort_by_key(|note| std::cmp::Reverse(note.level));
        self.section
    }
}

/// Why a number is missing. Rows that weigh nothing look empty to a kernel.
fn reason(why: Undefined, n: u64) -> Missing {
    if why == Undefined::Empty && n > 0 { Missing::ZeroWeight } else { missing(why) }
}

/// `87.2 %`
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A number in about four significant digits.
pub(super) fn number(x: f64) -> String {
    let size = x.abs();
    if size >= 1_000.0 {
        format!("{x:.0}")
    } else if size >= 100.0 {
        format!("{x:.1}")
    } else if size >= 1.0 {
        format!("{x:.2}")
    } else {
        format!("{x:.4}")
    }
}

/// A whole number with thousands apart: `16,281`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
