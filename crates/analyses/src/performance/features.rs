//! Where are predictions worse? Errors by cohort and by values of every feature.

use equipoise_data::{Bins, Column, ColumnInfo, MISSING_GROUP, Rows};
use equipoise_document::{
    Axis, Better, BinRule, Block, BlockKind, ColumnType, EstimateId, Level, PValue, Reference, Table, TableColumn,
    Task, Unit,
};
use equipoise_kernels::{
    Ends, Mean, Measured, Merge, benjamini_hochberg, compare_proportions, mover, t_two_sided, wilson,
};

use super::ID;
use super::answer::{Answer, Support, grouped, number, percent};
use crate::AnalysisError;

/// Name of the group of a feature's rare values.
const OTHER: &str = "(other)";

/// One feature and how its values become groups; the last group holds missing values.
struct Feature {
    name: String,
    cut: Cut,
    n_groups: usize,
}

enum Cut {
    Bins(Bins),
    Levels(Vec<String>),
}

/// Raw sums of the loss in one group: `Σw, Σw², Σw·d, Σw²·d, Σw²·d²` with `d` the loss minus a shift.
#[derive(Clone, Copy, Default)]
struct Raw {
    rows: u64,
    sums: [f64; 5],
}

impl Raw {
    #[inline]
    fn push(&mut self, d: f64, w: f64) {
        let ww = w * w;
        let [weight, squares, by_weight, by_squares, second] = &mut self.sums;
        self.rows += 1;
        *weight += w;
        *squares += ww;
        *by_weight += w * d;
        *by_squares += ww * d;
        *second += ww * d * d;
    }
}

/// A group with its loss.
struct Slice {
    feature: String,
    group: String,
    loss: Mean,
}

/// Adds the loss of every cohort against the other rows, and of every value of every feature.
pub(super) fn add(answer: &mut Answer<'_>) -> Result<(), AnalysisError> {
    let overall = overall(answer, 0);
    let mut slices: Vec<Slice> = Vec::new();
    for cohort in 1..answer.context.test.frame.cohorts().len() {
        let name = answer.context.cohort_name(cohort).unwrap_or_default().to_owned();
        slices.push(Slice { feature: COHORT.to_owned(), group: name, loss: self::overall(answer, cohort) });
    }
    let n_cohorts = slices.len();
    let features = chosen(answer);
    if !features.is_empty() {
        answer.context.progress.step("performance by feature");
        answer.context.check_stop()?;
        slices.extend(by_feature(answer, &features, &overall)?);
    }
    let found = compare(answer, &slices, &overall);
    if features.is_empty() {
        note_worst(answer, &slices, &found, &overall);
        return Ok(());
    }
    table(answer, slices.get(n_cohorts..).unwrap_or_default(), found.get(n_cohorts..).unwrap_or_default());
    note_worst(answer, &slices, &found, &overall);
    Ok(())
}

/// Stands for "cohort" where a feature's name would stand.
const COHORT: &str = "";

/// Loss of a row: 1 for a wrong class, the absolute error for a number.
fn losses(rows: &Rows<'_>) -> Vec<f64> {
    let Some(predicted) = rows.predicted else { return Vec::new() };
    if rows.truth.values().is_empty() {
        let pairs = rows.truth.classes().iter().zip(predicted.classes());
        pairs.map(|(truth, predicted)| f64::from(u8::from(truth != predicted))).collect()
    } else {
        rows.truth.values().iter().zip(predicted.values()).map(|(truth, predicted)| (predicted - truth).abs()).collect()
    }
}

fn overall(answer: &Answer<'_>, cohort: usize) -> Mean {
    answer.context.test.frame.reduce(cohort, Mean::default, |mean, rows| mean.push_all(&losses(rows), rows.weight))
}

fn is_share(answer: &Answer<'_>) -> bool {
    answer.context.task != Task::Regression
}

/// The features to split by, with a note for those that are not.
fn chosen(answer: &mut Answer<'_>) -> Vec<Feature> {
    let schema = answer.context.test.dataset.schema();
    let n_bins = answer.params.feature_bins;
    let feature = |info: &ColumnInfo| -> Option<Feature> {
        let cut = match info.column_type {
            ColumnType::Text => return None,
            ColumnType::Numeric | ColumnType::Datetime => {
                Cut::Bins(Bins::by_rule(&BinRule::Quantiles(n_bins), &info.sample))
            }
            ColumnType::Categorical | ColumnType::Boolean => Cut::Levels(info.levels.to_vec()),
        };
        let n = match &cut {
            Cut::Bins(bins) => bins.labels().len(),
            Cut::Levels(levels) => levels.len(),
        };
        Some(Feature { name: info.name.clone(), cut, n_groups: n + 1 })
    };
    let mut all: Vec<Feature> =
        answer.context.features.iter().filter_map(|name| schema.get(name)).filter_map(feature).collect();
    let max = answer.params.max_features;
    if all.len() > max {
        let text =
            format!("Performance is split by the first {max} of {} features; `max_features` asks for more.", all.len());
        answer.note(Level::Info, "features_left_out", text, Vec::new());
        all.truncate(max);
    }
    all
}

#[derive(Clone)]
struct Counted(Vec<Raw>);

impl Merge for Counted {
    fn merge_from(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            mine.rows += theirs.rows;
            for (sum, part) in mine.sums.iter_mut().zip(theirs.sums) {
                *sum += part;
            }
        }
    }
}

/// One pass over each feature's column.
fn by_feature(answer: &Answer<'_>, features: &[Feature], overall: &Mean) -> Result<Vec<Slice>, AnalysisError> {
    let part = answer.context.test;
    let columns = features.iter().map(|f| part.dataset.column(&f.name)).collect::<Result<Vec<_>, _>>()?;
    let shift = overall.value().unwrap_or(0.0);
    let start = |place: usize| Counted(vec![Raw::default(); features.get(place).map_or(0, |f| f.n_groups)]);
    let counts_errors = is_share(answer) && !part.frame.is_weighted();
    let counted = part.frame.reduce_each(part.dataset, &columns, start, |counted, place, rows, column| {
        let Some(feature) = features.get(place) else { return };
        let mut groups_of = Vec::with_capacity(rows.len());
        feature.groups_of(column, &mut groups_of);
        if counts_errors {
            count_errors(&mut counted.0, &groups_of, rows, shift);
        } else {
            let mut weights = rows.weight.into_iter().flatten();
            for (group, loss) in groups_of.iter().zip(losses(rows)) {
                let w = weights.next().copied().unwrap_or(1.0);
                if let Some(raw) = counted.0.get_mut(*group as usize) {
                    raw.push(loss - shift, w);
                }
            }
        }
    })?;
    let mut slices = Vec::new();
    for (feature, groups) in features.iter().zip(counted) {
        slices.extend(named(feature, &groups.0, shift, answer.params.max_levels));
    }
    Ok(slices)
}

impl Feature {
    /// The group of each row.
    fn groups_of(&self, column: &Column, into: &mut Vec<u32>) {
        into.clear();
        #[allow(clippy::cast_possible_truncation, reason = "a column has at most 65,536 values")]
        let last = (self.n_groups - 1) as u32;
        match (column, &self.cut) {
            (Column::Number(values), Cut::Bins(bins)) => {
                let mut codes = Vec::with_capacity(values.len());
                bins.bins_of(values, &mut codes);
                into.extend(codes.into_iter().map(u32::from));
            }
            (Column::Codes { codes, .. }, _) => into.extend(codes.iter().map(|code| (*code).min(last))),
            (Column::Number(values), Cut::Levels(_)) => into.resize(values.len(), last),
        }
    }
}

/// Unweighted rows that are right or wrong are counted; the sums follow.
fn count_errors(groups: &mut [Raw], groups_of: &[u32], rows: &Rows<'_>, shift: f64) {
    let Some(predicted) = rows.predicted else { return };
    // Rows that are right and rows that are wrong of each group, side by side.
    let mut counts = vec![0_u32; 2 * groups.len()];
    let is_wrong = rows.truth.classes().iter().zip(predicted.classes()).map(|(truth, predicted)| truth != predicted);
    for (group, is_wrong) in groups_of.iter().zip(is_wrong) {
        if let Some(n) = counts.get_mut(2 * *group as usize + usize::from(is_wrong)) {
            *n += 1;
        }
    }
    let (of_wrong, of_right) = (1.0 - shift, -shift);
    for (raw, [right, wrong]) in groups.iter_mut().zip(counts.as_chunks::<2>().0) {
        let rows = right + wrong;
        let (n, wrong) = (f64::from(rows), f64::from(*wrong));
        let first = wrong * of_wrong + (n - wrong) * of_right;
        let second = wrong * of_wrong * of_wrong + (n - wrong) * of_right * of_right;
        raw.rows += u64::from(rows);
        for (sum, part) in raw.sums.iter_mut().zip([n, n, first, first, second]) {
            *sum += part;
        }
    }
}

/// Groups that have rows; beyond `max` values the rarest are put together, so that no row is lost.
fn named(feature: &Feature, groups: &[Raw], shift: f64, max: usize) -> Vec<Slice> {
    let labels: &[String] = match &feature.cut {
        Cut::Bins(bins) => bins.labels(),
        Cut::Levels(levels) => levels,
    };
    let slice = |group: &str, raw: &Raw| Slice {
        feature: feature.name.clone(),
        group: group.to_owned(),
        loss: Mean::from_sums(raw.rows, shift, raw.sums),
    };
    let filled: Vec<(&String, &Raw)> = labels.iter().zip(groups).filter(|(_, raw)| raw.rows > 0).collect();
    let mut by_rows: Vec<u64> = filled.iter().map(|(_, raw)| raw.rows).collect();
    by_rows.sort_unstable_by(|a, b| b.cmp(a));
    let folds = filled.len() > max;
    // Of equally frequent values the earlier ones stay.
    let least = if folds { by_rows.get(max.saturating_sub(1)).copied().unwrap_or(0) } else { 0 };
    let mut room = if folds { max } else { usize::MAX };
    let n_above = filled.iter().filter(|(_, raw)| raw.rows > least).count();
    let mut ties = if folds { max.saturating_sub(n_above) } else { usize::MAX };
    let mut other = Counted(vec![Raw::default()]);
    let mut out = Vec::new();
    for (label, raw) in filled {
        let stays = room > 0 && (raw.rows > least || (raw.rows == least && ties > 0));
        if stays {
            room = room.saturating_sub(1);
            if raw.rows == least {
                ties = ties.saturating_sub(1);
            }
            out.push(slice(label, raw));
        } else {
            other.merge_from(Counted(vec![*raw]));
        }
    }
    if let Some(rest) = other.0.first().filter(|raw| raw.rows > 0) {
        out.push(slice(OTHER, rest));
    }
    if let Some(missing) = groups.last().filter(|raw| raw.rows > 0) {
        out.push(slice(MISSING_GROUP, missing));
    }
    out
}

/// A group's loss against that of all other rows.
struct Found {
    loss: EstimateId,
    gap: EstimateId,
    difference: Option<f64>,
    adjusted: Option<f64>,
}

/// Adds loss and gap of every group as estimates; p-values are adjusted over all of them (Benjamini & Hochberg 1995).
fn compare(answer: &mut Answer<'_>, slices: &[Slice], overall: &Mean) -> Vec<Found> {
    let tests: Vec<(Measured, Option<(f64, &'static str)>)> =
        slices.iter().map(|slice| against_rest(answer, &slice.loss, &overall.without(&slice.loss))).collect();
    let p: Vec<f64> = tests.iter().filter_map(|(_, test)| test.map(|(p, _)| p)).collect();
    let mut adjusted = benjamini_hochberg(&p).into_iter();
    let metric = if is_share(answer) { "error_rate" } else { "mean_absolute_error" };
    let unit = if is_share(answer) { Unit::Share } else { Unit::Target };
    let is_weighted = answer.context.test.frame.is_weighted();
    let mut found = Vec::new();
    for (slice, (gap, test)) in slices.iter().zip(tests) {
        let support = Support { n: slice.loss.rows(), n_effective: is_weighted.then(|| slice.loss.n_effective()) };
        let place = |id: EstimateId| {
            if slice.feature == COHORT {
                id.within(Some(&slice.group))
            } else {
                id.of_group(&[(slice.feature.as_str(), slice.group.as_str())])
            }
        };
        let adjusted = test.and_then(|_| adjusted.next());
        let p_value =
            test.map(|(value, method)| PValue { value, adjusted, method: format!("{method}, benjamini_hochberg") });
        let loss_id = place(EstimateId::new(ID, metric));
        // Cohorts have this metric already where the task is regression.
        if answer.section.estimate(&loss_id).is_none() {
            let measured = measure(answer, &slice.loss);
            answer.add(loss_id.clone(), measured, support, Better::Lower, unit.clone());
        }
        let gap_id = place(EstimateId::new(ID, metric).aggregated("difference_to_rest"));
        answer.add_gap(gap_id.clone(), gap, support, unit.clone(), p_value);
        let difference = gap.value.ok();
        found.push(Found { loss: loss_id, gap: gap_id, difference, adjusted });
    }
    found
}

fn measure(answer: &Answer<'_>, loss: &Mean) -> Measured {
    if is_share(answer) {
        let value = loss.value().map(|p| p.clamp(0.0, 1.0));
        let ends = value.ok().and_then(|p| wilson(p, loss.n_effective(), answer.confidence));
        Measured::new(value, ends, "wilson")
    } else {
        loss.measure(answer.confidence)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
#[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
fn against_rest(answer: &Answer<'_>, slice: &Mean, rest: &Mean) -> (Measured, Option<(f64, &'static str)>) {
    let (Ok(a), Ok(b)) = (slice.value(), rest.value()) else {
        return (Measured::undefined(equipoise_kernels::Undefined::FewerThanTwoGroups), None);
    };
    if is_share(answer) {
        let (of_a, of_b) = (measure(answer, slice), measure(answer, rest));
        let ends = of_a.ends.zip(of_b.ends).and_then(|(ea, eb)| mover(&[(1.0, a, ea), (-1.0, b, eb)]));
        let gap = Measured::new(Ok(a - b), ends, "newcombe");
        if !answer.context.test.frame.is_weighted() {
            let count = |mean: &Mean, p: f64| (p * mean.rows() as f64).round().max(0.0) as u64;
            let test = compare_proportions(count(slice, a), slice.rows(), count(rest, b), rest.rows());
            return (gap, test.map(|test| (test.p_value, test.method)));
        }
        return (gap, welch(slice, rest, a - b));
    }
    let test = welch(slice, rest, a - b);
    let ends = slice.standard_error().zip(rest.standard_error()).map(|(sa, sb)| {
        let half = answer.confidence.z() * libm::sqrt(sa * sa + sb * sb);
        Ends { low: a - b - half, high: a - b + half }
    });
    (Measured::new(Ok(a - b), ends, "normal"), test)
}

/// Welch's test of equal means (1947, doi:10.1093/biomet/34.1-2.28) on effective numbers of rows.
fn welch(a: &Mean, b: &Mean, difference: f64) -> Option<(f64, &'static str)> {
    let (va, vb) = (a.standard_error()?.powi(2), b.standard_error()?.powi(2));
    if va + vb <= 0.0 {
        return None;
    }
    let df = (va + vb).powi(2) / (va * va / (a.n_effective() - 1.0) + vb * vb / (b.n_effective() - 1.0));
    Some((t_two_sided(difference / libm::sqrt(va + vb), df), "welch_t"))
}

fn table(answer: &mut Answer<'_>, slices: &[Slice], found: &[Found]) {
    let (metric, title) = words(answer);
    let unit = if is_share(answer) { Unit::Share } else { Unit::Target };
    let make = |id: &str, name: &str, rows: &[usize]| {
        let pick = |i: &usize| slices.get(*i).zip(found.get(*i));
        let labels = rows.iter().filter_map(pick).map(|(s, _)| format!("{}: {}", s.feature, s.group));
        Table::new(id, name)
            .column(TableColumn::text("group", "Group", labels))
            .column(TableColumn::text(
                "feature",
                "Feature",
                rows.iter().filter_map(pick).map(|(s, _)| s.feature.clone()),
            ))
            .column(TableColumn::rows("n", "Rows", rows.iter().filter_map(pick).map(|(s, _)| s.loss.rows())))
            .column(
                TableColumn::estimate(metric, title, rows.iter().filter_map(pick).map(|(_, f)| Some(f.loss.clone())))
                    .with_unit(unit.clone()),
            )
            .column(
                TableColumn::estimate(
                    "difference_to_rest",
                    "Difference to the other rows",
                    rows.iter().filter_map(pick).map(|(_, f)| Some(f.gap.clone())),
                )
                .with_unit(unit.clone()),
            )
            .column(TableColumn::number(
                "adjusted_p",
                "Adjusted p",
                rows.iter().filter_map(pick).map(|(_, f)| f.adjusted),
            ))
    };
    let all: Vec<usize> = (0..slices.len()).collect();
    let mut worst: Vec<usize> =
        (0..slices.len()).filter(|i| slices.get(*i).is_some_and(|s| s.loss.rows() >= answer.params.min_rows)).collect();
    let difference = |i: &usize| found.get(*i).and_then(|f| f.difference).unwrap_or(f64::NEG_INFINITY);
    worst.sort_by(|a, b| difference(b).total_cmp(&difference(a)).then(a.cmp(b)));
    worst.truncate(15);
    let (by_feature, worst) =
        (make("by_feature", "By feature", &all), make("worst_groups", "Where errors are most frequent", &worst));
    answer.table(by_feature);
    answer.table(worst);
    let reference = answer.section.estimate(&answer.id(overall_metric(answer), 0)).map(|e| e.id.clone());
    answer.block(Block::new(
        "worst_groups",
        &format!("{title}: the worst groups"),
        "worst_groups",
        BlockKind::Dots {
            label: "group".into(),
            value: metric.into(),
            series: None,
            axis: Axis::titled(title),
            reference: reference.map(Reference::Estimate),
        },
        format!("{title} in the fifteen groups of single features where it is highest; the line is all rows."),
    ));
    answer.block(Block::new(
        "by_feature",
        &format!("{title} by feature"),
        "by_feature",
        BlockKind::Table {},
        format!("{title} for every value or quantile bin of the features, beside the other rows."),
    ));
}

fn words(answer: &Answer<'_>) -> (&'static str, &'static str) {
    if is_share(answer) { ("error_rate", "Error rate") } else { ("mean_absolute_error", "Mean absolute error") }
}

/// The overall metric that the groups' loss is a part of.
fn overall_metric(answer: &Answer<'_>) -> &'static str {
    if is_share(answer) { "zero_one_loss" } else { "mean_absolute_error" }
}

/// The group with the largest gap that is no chance finding.
fn note_worst(answer: &mut Answer<'_>, slices: &[Slice], found: &[Found], overall: &Mean) {
    let min = answer.params.min_rows;
    let worst = slices
        .iter()
        .zip(found)
        .filter(|(s, f)| s.loss.rows() >= min && f.adjusted.is_some_and(|p| p < 0.05))
        .filter_map(|(s, f)| f.difference.map(|d| (s, f, d)))
        .filter(|(_, _, d)| *d > 0.0)
        .reduce(|best, next| if next.2 > best.2 { next } else { best });
    let Some((slice, of, difference)) = worst else {
        if !slices.is_empty() {
            let text = format!(
                "No group among {} has clearly more errors than the other rows (adjusted p below 0.05, at least {min} \
                 rows). That is no proof that there is none.",
                grouped(slices.len() as u64)
            );
            answer.note(Level::Finding, "no_worse_group", text, Vec::new());
        }
        return;
    };
    let say: fn(f64) -> String = if is_share(answer) { percent } else { number };
    let (_, title) = words(answer);
    let place = if slice.feature == COHORT {
        format!("the cohort `{}`", slice.group)
    } else {
        format!("rows with `{}` {}", slice.feature, quoted(&slice.group))
    };
    let text = format!(
        "{title} is {} among {place} ({} rows), {} more than among all others; overall it is {} (adjusted p {}).",
        say(slice.loss.value().unwrap_or(0.0)),
        grouped(slice.loss.rows()),
        if is_share(answer) { format!("{:.1} points", 100.0 * difference) } else { number(difference) },
        say(overall.value().unwrap_or(0.0)),
        of.adjusted.map_or_else(String::new, |p| if p < 0.0001 { "below 0.0001".into() } else { format!("{p:.4}") }),
    );
    let about = vec![of.loss.clone(), of.gap.clone()];
    answer.note(Level::Concern, "worst_group", text, about);
}

fn quoted(group: &str) -> String {
    format!("`{group}`")
}
