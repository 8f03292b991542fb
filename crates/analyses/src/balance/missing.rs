//! Whose values are missing.

use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, EstimateId, Level, Missing, Note, PValue, Reference, Table, TableColumn,
    Unit,
};
use equipoise_kernels::{Tally, benjamini_hochberg, chi_squared_tail, compare_proportions, mover, wilson};

use super::answer::{Answer, id, p_in_words, part_name, percent};

/// Missing values of one column in one part.
#[derive(Clone, Debug)]
pub(super) struct Holes {
    pub(super) part: usize,
    pub(super) column: String,
    /// Rows with and without a value.
    pub(super) all: (Tally, Tally),
    /// By sensitive column: the rows of each group with and without a value.
    pub(super) groups: Vec<(String, Vec<Group>)>,
}

/// A group's name, its rows with a value and those without.
pub(super) type Group = (String, Tally, Tally);

/// The widest gap between the groups of a column.
struct Gap {
    part: usize,
    column: String,
    by: String,
    most: String,
    least: String,
    estimate: Estimate,
}

/// Adds the shares of missing values, by group too, and the widest gaps between groups.
pub(super) fn add(answer: &mut Answer<'_>, holes: &[Holes]) {
    if holes.is_empty() {
        return;
    }
    let mut overall: Vec<(usize, &str, u64, EstimateId)> = Vec::new();
    let mut by_group: Vec<(usize, &str, &str, &str, Tally, EstimateId)> = Vec::new();
    let mut gaps = Vec::new();
    for Holes { part, column, all: (present, missing), groups } in holes {
        let metric = id(*part, "missing_share").by(&[column]);
        let estimate = answer.share(metric.clone(), *missing, whole(*present, *missing));
        answer.section.estimates.push(estimate);
        overall.push((*part, column, missing.n, metric));
        for (by, groups) in groups {
            for (group, present, missing) in groups.iter().filter(|(_, p, m)| p.n + m.n > 0) {
                let metric = id(*part, "missing_share").by(&[column]).of_group(&[(by, group)]);
                let estimate = answer.share(metric.clone(), *missing, whole(*present, *missing));
                answer.section.estimates.push(estimate);
                by_group.push((*part, column, by, group, *missing, metric));
            }
            gaps.push(widest(answer, *part, column, by, groups));
        }
    }
    adjust(&mut gaps);
    let table = Table::new("missing", "Missing values")
        .column(TableColumn::text("part", "Data", overall.iter().map(|o| part_name(o.0))))
        .column(TableColumn::text("column", "Column", overall.iter().map(|o| o.1)))
        .column(TableColumn::rows("n_missing", "Rows without a value", overall.iter().map(|o| o.2)))
        .column(TableColumn::estimate("share", "Share", overall.iter().map(|o| Some(o.3.clone()))));
    answer.section.tables.push(table);
    let bars = BlockKind::Bars {
        label: "column".into(),
        value: "share".into(),
        series: Some("part".into()),
        axis: Axis::titled("share of rows without a value"),
    };
    let says = "The share of rows without a value, for each column that has such rows.";
    answer.section.blocks.push(Block::new("missing", "Missing values", "missing", bars, says));
    if gaps.is_empty() {
        return;
    }
    let table = Table::new("missing_by_group", "Missing values by group")
        .column(TableColumn::text("part", "Data", by_group.iter().map(|g| part_name(g.0))))
        .column(TableColumn::text("column", "Column", by_group.iter().map(|g| g.1)))
        .column(TableColumn::text("by", "By", by_group.iter().map(|g| g.2)))
        .column(TableColumn::text("group", "Group", by_group.iter().map(|g| g.3)))
        .column(TableColumn::rows("n_missing", "Rows without a value", by_group.iter().map(|g| g.4.n)))
        .column(TableColumn::estimate("share", "Share", by_group.iter().map(|g| Some(g.5.clone()))));
    answer.section.tables.push(table);
    add_gaps(answer, gaps);
}

fn whole(present: Tally, missing: Tally) -> Tally {
    [present, missing].into_iter().sum()
}

/// The gap between the groups with the largest and the smallest share of missing values, among those with enough rows.
fn widest(answer: &Answer<'_>, part: usize, column: &str, by: &str, groups: &[Group]) -> Gap {
    let metric = id(part, "missing_share").aggregated("difference").by(&[column, by]);
    let share = |g: &Group| g.2.share_of(whole(g.1, g.2)).unwrap_or(0.0);
    let is_enough = |g: &&Group| {
        let rows = whole(g.1, g.2);
        !answer.is_small(rows) && rows.w > 0.0 && g.0 != equipoise_data::MISSING_GROUP
    };
    let enough = || groups.iter().filter(is_enough);
    let most = enough().reduce(|best, g| if share(g) > share(best) { g } else { best });
    let least = enough().reduce(|best, g| if share(g) < share(best) { g } else { best });
    let n_all = groups.iter().map(|g| g.1.n + g.2.n).sum();
    let (names, estimate) = match most.zip(least) {
        Some((most, least)) if enough().count() > 1 => {
            let (rows_a, rows_b) = (whole(most.1, most.2), whole(least.1, least.2));
            let (p, q) = (share(most), share(least));
            let wilson_of = |p: f64, rows: Tally| wilson(p, rows.n_effective()?, answer.confidence);
            let ends =
                wilson_of(p, rows_a).zip(wilson_of(q, rows_b)).and_then(|(a, b)| mover(&[(1.0, p, a), (-1.0, q, b)]));
            let all: Vec<(Tally, Tally)> = enough().map(|g| (g.1, g.2)).collect();
            let test = homogeneity(answer, &all);
            let rows = whole(rows_a, rows_b);
            let p_value = test.map(|(value, method)| PValue { value, adjusted: None, method: method.to_owned() });
            let estimate = Estimate::new(metric, p - q, rows.n, Better::Zero)
                .with_unit(Unit::Share)
                .with_interval(answer.interval(ends, "newcombe"))
                .with_n_effective(answer.n_effective(rows))
                .with_p_value(p_value);
            ((most.0.clone(), least.0.clone()), estimate)
        }
        _ => {
            let why = if groups.len() < 2 { Missing::FewerThanTwoGroups } else { Missing::BelowMinSize };
            (Default::default(), Estimate::absent(metric, why, n_all, Better::Zero).with_unit(Unit::Share))
        }
    };
    Gap { part, column: column.to_owned(), by: by.to_owned(), most: names.0, least: names.1, estimate }
}

/// The test that all groups miss equally often: Fisher or z for two groups, otherwise Pearson's χ² at effective numbers
/// of rows. The groups with the widest gap were picked among all, so all are tested.
fn homogeneity(answer: &Answer<'_>, groups: &[(Tally, Tally)]) -> Option<(f64, &'static str)> {
    if let ([a, b], false) = (groups, answer.is_weighted) {
        let test = compare_proportions(a.1.n, a.0.n + a.1.n, b.1.n, b.0.n + b.1.n)?;
        return Some((test.p_value, test.method));
    }
    let sizes: Vec<(f64, f64)> = groups
        .iter()
        .filter_map(|(present, missing)| {
            let rows = whole(*present, *missing);
            Some((rows.n_effective()?, missing.share_of(rows)?))
        })
        .collect();
    let n: f64 = sizes.iter().map(|(n, _)| n).sum();
    let pooled = sizes.iter().map(|(n, p)| n * p).sum::<f64>() / n;
    let spread = pooled * (1.0 - pooled);
    if spread <= 0.0 {
        return Some((1.0, "chi_squared"));
    }
    let statistic = sizes.iter().map(|(n, p)| n * (p - pooled) * (p - pooled)).sum::<f64>() / spread;
    #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
    let df = sizes.len() as f64 - 1.0;
    Some((chi_squared_tail(statistic, df), "chi_squared"))
}

/// Benjamini–Hochberg over all columns and groupings of both parts.
fn adjust(gaps: &mut [Gap]) {
    let mut family: Vec<&mut PValue> = gaps.iter_mut().filter_map(|g| g.estimate.p_value.as_mut()).collect();
    let adjusted = benjamini_hochberg(&family.iter().map(|p| p.value).collect::<Vec<_>>());
    for (p, adjusted) in family.iter_mut().zip(adjusted) {
        p.adjusted = Some(adjusted);
        p.method.push_str(", benjamini_hochberg");
    }
}

fn add_gaps(answer: &mut Answer<'_>, mut gaps: Vec<Gap>) {
    gaps.sort_by(|a, b| b.estimate.value.unwrap_or(-1.0).total_cmp(&a.estimate.value.unwrap_or(-1.0)));
    for gap in &gaps {
        say(answer, gap);
    }
    let adjusted = |g: &Gap| g.estimate.p_value.as_ref().and_then(|p| p.adjusted);
    let table = Table::new("missing_gaps", "Widest gaps of missing values between groups")
        .column(TableColumn::text("what", "Column by group", gaps.iter().map(|g| format!("{} by {}", g.column, g.by))))
        .column(TableColumn::text("part", "Data", gaps.iter().map(|g| part_name(g.part))))
        .column(TableColumn::text("most", "Most in", gaps.iter().map(|g| g.most.as_str())))
        .column(TableColumn::text("least", "Least in", gaps.iter().map(|g| g.least.as_str())))
        .column(TableColumn::estimate("difference", "Difference", gaps.iter().map(|g| Some(g.estimate.id.clone()))))
        .column(TableColumn::number("adjusted_p_value", "p adjusted", gaps.iter().map(adjusted)));
    answer.section.tables.push(table);
    answer.section.estimates.extend(gaps.into_iter().map(|g| g.estimate));
    let dots = BlockKind::Dots {
        label: "what".into(),
        value: "difference".into(),
        series: Some("part".into()),
        axis: Axis::titled("difference of shares of missing values"),
        reference: Some(Reference::At(0.0)),
    };
    let says = "The widest difference between two groups in the share of rows without a value.";
    let title = "Are values missing unequally?";
    answer.section.blocks.push(Block::new("missing_gaps", title, "missing_gaps", dots, says));
}

fn say(answer: &mut Answer<'_>, gap: &Gap) {
    let Some(value) = gap.estimate.value else { return };
    let Some(adjusted) = gap.estimate.p_value.as_ref().and_then(|p| p.adjusted) else { return };
    if adjusted >= 1.0 - answer.confidence.level() {
        return;
    }
    let level = if value >= answer.params.concern_from { Level::Concern } else { Level::Finding };
    let text = format!(
        "In the {} data `{}` is missing more often where `{}` is `{}` than where it is `{}`: by {} points (adjusted {}).",
        part_name(gap.part),
        gap.column,
        gap.by,
        gap.most,
        gap.least,
        percent(value).trim_end_matches(" %"),
        p_in_words(adjusted)
    );
    answer.note(value, Note::new(level, "unequal_missing", text).about([gap.estimate.id.clone()]));
}
