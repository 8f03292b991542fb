//! What recourse costs in each group, and who has none.

use equipoise_data::{Grouping, GroupingKind};
use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, EstimateId, Interval, Level, Missing, Note, PValue, Section, Table,
    TableColumn, Unit,
};
use equipoise_kernels::{
    Confidence, Draws, Ends, benjamini_hochberg, equal_means, equal_rates, mover, t_quantile, wilson,
};

use super::ID;
use super::search::{Row, Subject};
use crate::explain::words::{number, percent};

/// Costs of the rows of a group.
pub(super) struct Costs {
    /// Of the cheapest counterfactual of each row that has one, ascending.
    costs: Vec<f64>,
    /// Rows that asked for one.
    pub(super) n_rows: u64,
}

impl Costs {
    /// Of rows that did not have what was wished for already.
    pub(super) fn over<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let (mut costs, mut n_rows) = (Vec::new(), 0);
        for row in rows.filter(|row| !is_granted(row)) {
            n_rows += 1;
            costs.extend(row.found.counterfactuals.first().map(|one| one.cost));
        }
        costs.sort_by(f64::total_cmp);
        Self { costs, n_rows }
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    fn n(&self) -> f64 {
        self.costs.len() as f64
    }

    fn none(&self) -> u64 {
        self.n_rows - self.costs.len() as u64
    }

    fn mean(&self) -> Option<f64> {
        (!self.costs.is_empty()).then(|| self.costs.iter().sum::<f64>() / self.n())
    }

    /// Variance of the mean.
    fn variance(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.costs.len() > 1)?;
        let squares: f64 = self.costs.iter().map(|c| (c - mean) * (c - mean)).sum();
        Some(squares / (self.n() - 1.0) / self.n())
    }

    fn mean_ends(&self, confidence: Confidence) -> Option<Ends> {
        let (mean, variance) = (self.mean()?, self.variance()?);
        let half = t_quantile(0.5 + 0.5 * confidence.level(), self.n() - 1.0) * libm::sqrt(variance);
        Some(Ends { low: (mean - half).max(0.0), high: mean + half })
    }

    /// `costs.mean` with the interval of Student's t.
    pub(super) fn mean_estimate(&self, id: EstimateId, confidence: Confidence) -> Estimate {
        let n = self.costs.len() as u64;
        let Some(mean) = self.mean() else { return Estimate::absent(id, Missing::Empty, n, Better::Lower) };
        Estimate::new(id, mean, n, Better::Lower).with_interval(interval(
            self.mean_ends(confidence),
            confidence,
            "student_t",
        ))
    }

    /// The median with the interval between two order statistics: the ranks of `n/2 ± z·√n/2`.
    pub(super) fn median_estimate(&self, id: EstimateId, confidence: Confidence) -> Estimate {
        let n = self.costs.len();
        let at = |place: f64| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
            let place = place.max(0.0) as usize;
            self.costs.get(place.min(n.saturating_sub(1))).copied()
        };
        let (Some(low), Some(high)) = (at((self.n() - 1.0) / 2.0), at(self.n() / 2.0)) else {
            return Estimate::absent(id, Missing::Empty, n as u64, Better::Lower);
        };
        let half = confidence.z() * libm::sqrt(self.n()) / 2.0;
        let (below, above) = (libm::floor(self.n() / 2.0 - half), libm::ceil(self.n() / 2.0 + half));
        let ends = match (at(below), at(above)) {
            (Some(low), Some(high)) if below >= 0.0 && above < self.n() => Some(Ends { low, high }),
            _ => None,
        };
        let value = f64::midpoint(low, high);
        Estimate::new(id, value, n as u64, Better::Lower).with_interval(interval(ends, confidence, "order_statistics"))
    }

    /// Share of rows without recourse, with Wilson's interval.
    pub(super) fn none_estimate(&self, id: EstimateId, confidence: Confidence) -> Estimate {
        if self.n_rows == 0 {
            return Estimate::absent(id, Missing::Empty, 0, Better::Lower).with_unit(Unit::Share);
        }
        share(id, self.none(), self.n_rows, Better::Lower, confidence)
    }
}

/// A share with Wilson's interval.
pub(super) fn share(id: EstimateId, k: u64, n: u64, better: Better, confidence: Confidence) -> Estimate {
    if n == 0 {
        return Estimate::absent(id, Missing::Empty, 0, better).with_unit(Unit::Share);
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    let (p, rows) = (k as f64 / n as f64, n as f64);
    let ends = interval(wilson(p, rows, confidence), confidence, "wilson");
    Estimate::new(id, p, n, better).with_unit(Unit::Share).with_interval(ends)
}

pub(super) fn interval(ends: Option<Ends>, confidence: Confidence, method: &str) -> Option<Interval> {
    ends.map(|e| Interval::new(e.low, e.high, confidence.level(), method))
}

/// Whether a row had what was wished for already.
pub(super) fn is_granted(row: &Row) -> bool {
    row.found.shortage == Some(equipoise_counterfactuals::Shortage::AlreadyGranted)
}

/// A gap of which the p-value is not adjusted yet.
struct Gap {
    estimate: Estimate,
    says: String,
    p: Option<(f64, &'static str)>,
}

/// Costs and shares by group of every sensitive column, and the gaps between the groups.
pub(super) fn add(section: &mut Section, subject: &Subject<'_>, rows: &[Row], confidence: Confidence) {
    let frame = subject.context.test.frame;
    let groupings: Vec<(usize, &Grouping)> =
        frame.groupings().iter().enumerate().filter(|(_, g)| g.kind == GroupingKind::Sensitive).collect();
    let mut gaps: Vec<Gap> = Vec::new();
    for (place, grouping) in groupings {
        let codes: Vec<u16> = frame.with_all(|all| {
            let groups = all.groups(place);
            rows.iter().map(|row| groups.get(row.place as usize).copied().unwrap_or(u16::MAX)).collect()
        });
        let of = |code: usize| {
            let is_in = |(_, c): &(&Row, &u16)| usize::from(**c) == code;
            Costs::over(rows.iter().zip(&codes).filter(is_in).map(|(row, _)| row))
        };
        let groups: Vec<(&String, Costs)> = grouping
            .levels
            .iter()
            .enumerate()
            .map(|(code, name)| (name, of(code)))
            .filter(|g| g.1.n_rows > 0)
            .collect();
        if groups.is_empty() {
            continue;
        }
        write_table(section, subject, grouping, &groups, confidence);
        gaps.extend(mean_gap(grouping, &groups, confidence));
        gaps.extend(none_gap(subject, grouping, &groups, confidence));
    }
    let tested: Vec<f64> = gaps.iter().filter_map(|g| g.p.map(|p| p.0)).collect();
    let mut adjusted = benjamini_hochberg(&tested).into_iter();
    for gap in gaps {
        let after = gap.p.and_then(|_| adjusted.next());
        let p_value = gap.p.map(|(value, method)| PValue {
            value,
            adjusted: after,
            method: format!("{method}, benjamini_hochberg"),
        });
        if after.is_some_and(|p| p < 1.0 - confidence.level()) {
            let note = Note::new(Level::Concern, "counterfactuals.recourse_gap", gap.says);
            section.notes.push(note.about([gap.estimate.id.clone()]));
        }
        section.estimates.push(gap.estimate.with_p_value(p_value));
    }
}

fn write_table(
    section: &mut Section,
    subject: &Subject<'_>,
    grouping: &Grouping,
    groups: &[(&String, Costs)],
    confidence: Confidence,
) {
    let column = grouping.column.as_str();
    let id = |metric: &str, name: &str| EstimateId::new(ID, metric).of_group(&[(column, name)]);
    let mut ids: [Vec<Option<EstimateId>>; 3] = Default::default();
    for (name, costs) in groups {
        let is_small = costs.n_rows < subject.params.min_rows;
        let all = [
            costs.mean_estimate(id("mean_cost", name), confidence),
            costs.median_estimate(id("median_cost", name), confidence),
            costs.none_estimate(id("no_recourse", name), confidence),
        ];
        for (estimate, ids) in all.into_iter().zip(&mut ids) {
            ids.push(Some(estimate.id.clone()));
            section.estimates.push(estimate.flagged_small(is_small));
        }
    }
    let [means, medians, none] = ids;
    let table_id = format!("recourse_by_{column}");
    let table = Table::new(&table_id, &format!("Recourse by {column}"))
        .column(TableColumn::text("group", column, groups.iter().map(|g| g.0.clone())))
        .column(TableColumn::rows("n", "Rows", groups.iter().map(|g| g.1.n_rows)))
        .column(TableColumn::estimate("mean_cost", "Mean cost", means))
        .column(TableColumn::estimate("median_cost", "Median cost", medians))
        .column(TableColumn::estimate("no_recourse", "Without recourse", none).with_unit(Unit::Share));
    section.tables.push(table);
    let kind = BlockKind::Dots {
        label: "group".into(),
        value: "mean_cost".into(),
        series: None,
        axis: Axis::titled("Mean cost of the cheapest counterfactual"),
        reference: None,
    };
    let says = said_of(column, groups);
    section.blocks.push(Block::new(&table_id, &format!("What recourse costs by {column}"), &table_id, kind, says));
}

/// The dearest and the cheapest group in words.
fn said_of(column: &str, groups: &[(&String, Costs)]) -> String {
    let means = || groups.iter().filter_map(|(name, costs)| Some((name, costs.mean()?)));
    let most = means().max_by(|a, b| a.1.total_cmp(&b.1));
    let least = means().min_by(|a, b| a.1.total_cmp(&b.1));
    match (most, least) {
        (Some(most), Some(least)) if most.0 != least.0 => format!(
            "A different prediction costs most for {column} = {} ({} on average) and least for {} ({}).",
            most.0,
            number(most.1),
            least.0,
            number(least.1)
        ),
        _ => format!("There is one group of {column} with counterfactuals."),
    }
}

/// The largest difference of means between two groups.
fn mean_gap(grouping: &Grouping, groups: &[(&String, Costs)], confidence: Confidence) -> Option<Gap> {
    let id = EstimateId::new(ID, "mean_cost").aggregated("difference").by(&[&grouping.column]);
    let known: Vec<(&String, f64, &Costs)> =
        groups.iter().filter_map(|(name, costs)| Some((*name, costs.mean()?, costs))).collect();
    let most = known.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let least = known.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let n: u64 = known.iter().map(|k| k.2.costs.len() as u64).sum();
    if known.len() < 2 {
        let estimate = Estimate::absent(id, Missing::FewerThanTwoGroups, n, Better::Zero);
        return Some(Gap { estimate, says: String::new(), p: None });
    }
    let ends = match (most.2.mean_ends(confidence), least.2.mean_ends(confidence)) {
        (Some(a), Some(b)) => mover(&[(1.0, most.1, a), (-1.0, least.1, b)]),
        _ => None,
    };
    let test: Vec<(f64, f64, f64)> =
        known.iter().filter_map(|(_, mean, costs)| Some((*mean, costs.variance()?, costs.n() - 1.0))).collect();
    let p = equal_means(&test).map(|t| (t.p_value, t.method));
    let says = format!(
        "A different prediction costs {} more for {} = {} than for {}: {} against {} on average.",
        number(most.1 - least.1),
        grouping.column,
        most.0,
        least.0,
        number(most.1),
        number(least.1)
    );
    let estimate =
        Estimate::new(id, most.1 - least.1, n, Better::Zero).with_interval(interval(ends, confidence, "mover"));
    Some(Gap { estimate, says, p })
}

/// The largest difference of the shares without recourse between two groups.
fn none_gap(
    subject: &Subject<'_>,
    grouping: &Grouping,
    groups: &[(&String, Costs)],
    confidence: Confidence,
) -> Option<Gap> {
    let id = EstimateId::new(ID, "no_recourse").aggregated("difference").by(&[&grouping.column]);
    #[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
    let counts: Vec<(f64, f64)> = groups.iter().map(|g| (g.1.none() as f64, g.1.n_rows as f64)).collect();
    let shares: Vec<(&String, f64, f64)> = groups.iter().zip(&counts).map(|(g, (k, n))| (g.0, k / n, *n)).collect();
    let most = shares.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let least = shares.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let n: u64 = groups.iter().map(|g| g.1.n_rows).sum();
    if groups.len() < 2 {
        let estimate = Estimate::absent(id, Missing::FewerThanTwoGroups, n, Better::Zero).with_unit(Unit::Share);
        return Some(Gap { estimate, says: String::new(), p: None });
    }
    let ends = match (wilson(most.1, most.2, confidence), wilson(least.1, least.2, confidence)) {
        (Some(a), Some(b)) => mover(&[(1.0, most.1, a), (-1.0, least.1, b)]),
        _ => None,
    };
    let mut draws = Draws::new(subject.context.seed(), "counterfactuals.no_recourse", 0);
    let p = equal_rates(&counts, &mut draws).map(|t| (t.p_value, t.method));
    let says = format!(
        "{} of {} = {} have no counterfactual within the limits, against {} of {}.",
        percent(most.1),
        grouping.column,
        most.0,
        percent(least.1),
        least.0
    );
    let estimate = Estimate::new(id, most.1 - least.1, n, Better::Zero)
        .with_unit(Unit::Share)
        .with_interval(interval(ends, confidence, "newcombe"));
    Some(Gap { estimate, says, p })
}
