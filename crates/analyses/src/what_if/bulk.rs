//! Many rows at once: how predictions and group metrics change, row by row paired with themselves.

use equipoise_data::GroupingKind;
use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, EstimateId, Interval, Level, Missing, Note, Reference, Section, Table,
    TableColumn, Task, Unit,
};
use equipoise_kernels::{Confidence, Ends, paired_shares, t_quantile};
use equipoise_models::Model;

use super::ID;
use super::edit::edited;
use super::params::{RawParams, wrong};
use crate::explain::ask::Asker;
use crate::explain::table::Table as Rows;
use crate::explain::words::{number, percent, signed};
use crate::{AnalysisError, Context};

/// Rows a group has at least before its numbers are trusted.
const MIN_ROWS: u64 = 30;

/// A number of a row before and after; none where it does not count for the row.
type Of<'a> = Box<dyn Fn(usize) -> Option<(f64, f64)> + 'a>;

/// A group by its column and name, or all rows, with its places.
type Group = (Option<(String, String)>, Vec<usize>);

/// What is compared.
struct Metric<'a> {
    id: &'static str,
    says: &'static str,
    unit: Unit,
    better: Better,
    of: Of<'a>,
}

/// What the model says of some rows before and after the edit.
struct Said {
    places: Vec<u32>,
    n_outputs: usize,
    before: Vec<f64>,
    after: Vec<f64>,
    /// Thresholds before and after.
    thresholds: (f64, f64),
    truth_class: Vec<u16>,
    truth: Vec<f64>,
}

/// A change with what it was before and after.
struct Change {
    before: f64,
    after: f64,
    n: u64,
    ends: Option<Ends>,
    method: &'static str,
}

pub(super) fn run(
    params: &RawParams,
    context: &Context<'_>,
    model: &dyn Model,
    mut section: Section,
) -> Result<Section, AnalysisError> {
    let confidence = Confidence::at(context.level());
    context.progress.step("asking about the edited rows");
    let (said, unseen) = said(params, context, model)?;
    context.check_stop()?;
    let frame = context.test.frame;
    let metrics = metrics(params, context.task, &said);
    let mut lines: Vec<(String, String, &Metric<'_>, Change, EstimateId)> = Vec::new();
    let mut groups: Vec<Group> = vec![(None, (0..said.places.len()).collect())];
    for (place, grouping) in frame.groupings().iter().enumerate().filter(|(_, g)| g.kind == GroupingKind::Sensitive) {
        let codes: Vec<u16> = frame.with_all(|all| {
            let codes = all.groups(place);
            said.places.iter().map(|p| codes.get(*p as usize).copied().unwrap_or(u16::MAX)).collect()
        });
        for (code, level) in grouping.levels.iter().enumerate() {
            let members: Vec<usize> =
                (0..codes.len()).filter(|i| codes.get(*i).is_some_and(|c| usize::from(*c) == code)).collect();
            if !members.is_empty() {
                groups.push((Some((grouping.column.clone(), level.clone())), members));
            }
        }
    }
    for (group, members) in &groups {
        for metric in &metrics {
            let id = EstimateId::new(ID, metric.id).aggregated("change");
            let id = match group {
                Some((column, level)) => id.of_group(&[(column, level)]),
                None => id,
            };
            let id = id.within(params.cohort.as_deref());
            let pairs: Vec<(f64, f64)> = members.iter().filter_map(|row| (metric.of)(*row)).collect();
            let n = pairs.len() as u64;
            let Some(change) = change(&pairs, confidence) else {
                section
                    .estimates
                    .push(Estimate::absent(id, Missing::Empty, n, metric.better).with_unit(metric.unit.clone()));
                continue;
            };
            let is_small = (members.len() as u64) < params.min_rows.unwrap_or(MIN_ROWS);
            let interval = change.ends.map(|e| Interval::new(e.low, e.high, confidence.level(), change.method));
            let estimate = Estimate::new(id.clone(), change.after - change.before, n, metric.better)
                .with_unit(metric.unit.clone())
                .with_interval(interval)
                .flagged_small(is_small);
            section.estimates.push(estimate);
            let (column, level) = group.clone().unwrap_or_else(|| ("all rows".to_owned(), "all".to_owned()));
            lines.push((column, level, metric, change, id));
        }
    }
    write(&mut section, params, &lines);
    for (column, name) in unseen {
        let text =
            format!("No row has `{name}` in `{column}`; the model treats it as it treats what it has never seen.");
        section.notes.push(Note::new(Level::Caution, "what_if.unseen", text));
    }
    if frame.is_weighted() {
        let text = "Rows are weighted; here every row counts once.";
        section.notes.push(Note::new(Level::Caution, "what_if.unweighted", text));
    }
    section.notes.push(Note::new(
        Level::Caution,
        "what_if.not_causal",
        "Only the columns that were edited change: what would change along with them in the world does not.",
    ));
    section.notes.sort_by_key(|note| note.level.rank());
    Ok(section)
}

/// The rows of the cohort, asked as they are and as they would be.
fn said(
    params: &RawParams,
    context: &Context<'_>,
    model: &dyn Model,
) -> Result<(Said, Vec<(String, String)>), AnalysisError> {
    let frame = context.test.frame;
    let places: Vec<u32> = match &params.cohort {
        None => (0..u32::try_from(frame.n_rows()).unwrap_or(u32::MAX)).collect(),
        Some(name) => {
            let Some(cohort) = frame.cohorts().iter().position(|c| c.name == *name) else {
                let known: Vec<&str> = frame.cohorts().iter().skip(1).map(|c| c.name.as_str()).collect();
                let list = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(wrong(
                    "cohort",
                    format!("there is no cohort `{name}`"),
                    format!("cohorts of this run: {list}"),
                ));
            };
            frame.rows_of(cohort)
        }
    };
    let asker = Asker::new(context, model)?;
    let columns = asker.binding.columns().to_vec();
    let schema = context.test.dataset.schema();
    let names: Vec<String> = columns.iter().filter_map(|c| schema.columns.get(*c)).map(|c| c.name.clone()).collect();
    let rows: Vec<u32> = match frame.row_ids() {
        None => places.clone(),
        Some(ids) => places.iter().filter_map(|p| ids.get(*p as usize).copied()).collect(),
    };
    let table = Rows::read(context.test.dataset, &columns, &rows)?;
    let (new, unseen) = edited(params, &names, &table)?;
    let before = asker.ask(&table.columns)?;
    let after = asker.ask(&new.columns)?;
    let threshold = context.spec.threshold.unwrap_or(0.5);
    let (truth_class, truth) = frame.with_all(|all| {
        let classes = all.truth.classes();
        let values = all.truth.values();
        let class = places.iter().filter_map(|p| classes.get(*p as usize).copied()).collect();
        (class, places.iter().filter_map(|p| values.get(*p as usize).copied()).collect())
    });
    let thresholds = (threshold, params.threshold.unwrap_or(threshold));
    Ok((Said { places, n_outputs: asker.n_outputs.max(1), before, after, thresholds, truth_class, truth }, unseen))
}

impl Said {
    fn answer(&self, row: usize) -> (f64, f64) {
        let at = |values: &[f64]| values.get(row * self.n_outputs).copied().unwrap_or(f64::NAN);
        (at(&self.before), at(&self.after))
    }

    fn class(&self, row: usize) -> (usize, usize) {
        if self.n_outputs == 1 {
            let (before, after) = self.answer(row);
            return (usize::from(before >= self.thresholds.0), usize::from(after >= self.thresholds.1));
        }
        let largest = |values: &[f64]| {
            let row = values.get(row * self.n_outputs..(row + 1) * self.n_outputs).unwrap_or_default();
            let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter().position(|x| *x >= best).unwrap_or(0)
        };
        (largest(&self.before), largest(&self.after))
    }

    fn truth_of(&self, row: usize) -> Option<usize> {
        self.truth_class.get(row).map(|c| usize::from(*c))
    }
}

fn share(x: bool) -> f64 {
    f64::from(u8::from(x))
}

fn metrics<'a>(params: &RawParams, task: Task, said: &'a Said) -> Vec<Metric<'a>> {
    let right = move |row: usize| {
        let (before, after) = said.class(row);
        let truth = said.truth_of(row)?;
        Some((share(before == truth), share(after == truth)))
    };
    let mut all: Vec<Metric<'a>> = Vec::new();
    let mut add = |id, says, unit, better, of: Of<'a>| all.push(Metric { id, says, unit, better, of });
    match task {
        Task::Binary => {
            let positive = move |row: usize| {
                let (before, after) = said.class(row);
                (share(before == 1), share(after == 1))
            };
            let among =
                move |class: usize| move |row: usize| (said.truth_of(row) == Some(class)).then(|| positive(row));
            add(
                "selection_rate",
                "Share predicted positive",
                Unit::Share,
                Better::Neither,
                Box::new(move |r| Some(positive(r))),
            );
            add(
                "mean_probability",
                "Mean probability",
                Unit::Share,
                Better::Neither,
                Box::new(|r| Some(said.answer(r))),
            );
            add("accuracy", "Accuracy", Unit::Share, Better::Higher, Box::new(right));
            add("true_positive_rate", "True positive rate", Unit::Share, Better::Higher, Box::new(among(1)));
            add("false_positive_rate", "False positive rate", Unit::Share, Better::Lower, Box::new(among(0)));
            if let Some(costs) = params.costs {
                let cost = move |row: usize| {
                    let truth = said.truth_of(row)?;
                    let of = |said: usize| match (truth, said) {
                        (0, 1) => costs.false_positive,
                        (1, 0) => costs.false_negative,
                        _ => 0.0,
                    };
                    let (before, after) = said.class(row);
                    Some((of(before), of(after)))
                };
                add("mean_error_cost", "Mean cost of errors", Unit::Plain, Better::Lower, Box::new(cost));
            }
        }
        Task::Multiclass => {
            let differs = move |row: usize| {
                let (before, after) = said.class(row);
                Some((0.0, share(before != after)))
            };
            add(
                "changed_predictions",
                "Share of predictions that change",
                Unit::Share,
                Better::Neither,
                Box::new(differs),
            );
            add("accuracy", "Accuracy", Unit::Share, Better::Higher, Box::new(right));
        }
        Task::Regression => {
            let error = move |row: usize| {
                let (before, after) = said.answer(row);
                let truth = said.truth.get(row)?;
                Some(((before - truth).abs(), (after - truth).abs()))
            };
            add(
                "mean_prediction",
                "Mean prediction",
                Unit::Target,
                Better::Neither,
                Box::new(|r| Some(said.answer(r))),
            );
            add("mean_absolute_error", "Mean absolute error", Unit::Target, Better::Lower, Box::new(error));
        }
    }
    all
}

/// The mean before and after, and the paired interval of its change: Newcombe's for shares, Student's t of the differences
/// for other numbers. Nothing that changes in no row is unsure.
fn change(pairs: &[(f64, f64)], confidence: Confidence) -> Option<Change> {
    if pairs.is_empty() {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    let n = pairs.len() as f64;
    let before = pairs.iter().map(|p| p.0).sum::<f64>() / n;
    let after = pairs.iter().map(|p| p.1).sum::<f64>() / n;
    let is_yes = |x: f64| x >= 1.0;
    let is_share = pairs.iter().all(|(a, b)| [a, b].iter().all(|x| x.abs() == 0.0 || (**x - 1.0).abs() == 0.0));
    if is_share {
        let mut counts = [0.0; 4];
        for (a, b) in pairs {
            let place = match (is_yes(*a), is_yes(*b)) {
                (true, true) => 0,
                (true, false) => 1,
                (false, true) => 2,
                (false, false) => 3,
            };
            if let Some(count) = counts.get_mut(place) {
                *count += 1.0;
            }
        }
        let ends = paired_shares(counts, confidence);
        return Some(Change { before, after, n: pairs.len() as u64, ends, method: "newcombe_paired" });
    }
    let mean = after - before;
    let squares: f64 = pairs.iter().map(|(a, b)| (b - a - mean) * (b - a - mean)).sum();
    let ends = (n > 1.0).then(|| {
        let half = t_quantile(0.5 + 0.5 * confidence.level(), n - 1.0) * libm::sqrt(squares / (n - 1.0) / n);
        Ends { low: mean - half, high: mean + half }
    });
    Some(Change { before, after, n: pairs.len() as u64, ends, method: "student_t_paired" })
}

/// One table a grouping: the metrics before, after, and their change.
fn write(section: &mut Section, params: &RawParams, lines: &[(String, String, &Metric<'_>, Change, EstimateId)]) {
    let mut columns: Vec<&String> = lines.iter().map(|l| &l.0).collect();
    columns.dedup();
    for column in columns {
        let of: Vec<_> = lines.iter().filter(|l| l.0 == *column).collect();
        let id = if column == "all rows" { "all".to_owned() } else { format!("by_{column}") };
        let is_all = column == "all rows";
        let label = |l: &&(String, String, &Metric<'_>, Change, EstimateId)| {
            if is_all { l.2.says.to_owned() } else { format!("{}: {}", l.1, l.2.says) }
        };
        let table = Table::new(&id, &format!("What changes: {column}"))
            .column(TableColumn::text("what", "", of.iter().map(label)))
            .column(TableColumn::rows("n", "Rows", of.iter().map(|l| l.3.n)))
            .column(TableColumn::number("before", "As it is", of.iter().map(|l| Some(l.3.before))))
            .column(TableColumn::number("after", "Edited", of.iter().map(|l| Some(l.3.after))))
            .column(TableColumn::estimate("change", "Change", of.iter().map(|l| Some(l.4.clone()))));
        section.tables.push(table);
        let says = if is_all { in_words(params, &of) } else { by_group(column, &of) };
        let kind = BlockKind::Dots {
            label: "what".into(),
            value: "change".into(),
            series: None,
            axis: Axis::titled("Change"),
            reference: Some(Reference::At(0.0)),
        };
        let title = if is_all { "What changes".to_owned() } else { format!("What changes by {column}") };
        section.blocks.push(Block::new(&id, &title, &id, kind, says.clone()));
        let table_id = format!("{id}_table");
        let says_table = "The same numbers as a table.";
        section.blocks.push(Block::new(&table_id, &format!("{title}: numbers"), &id, BlockKind::Table {}, says_table));
        if is_all {
            section.notes.push(Note::new(Level::Finding, "what_if.change", says));
        }
    }
}

/// The edit in words.
fn edit_in_words(params: &RawParams) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (name, value) in &params.set {
        parts.push(format!("`{name}` were {}", value.text().unwrap_or_else(|| "missing".to_owned())));
    }
    for (name, by) in &params.scale {
        parts.push(format!("`{name}` were {by} times as large"));
    }
    for (name, by) in &params.shift {
        let word = if *by < 0.0 { "smaller" } else { "larger" };
        parts.push(format!("`{name}` were {} {word}", number(by.abs())));
    }
    if let Some(threshold) = params.threshold {
        parts.push(format!("the threshold were {threshold}"));
    }
    parts.join(" and ")
}

fn in_words(params: &RawParams, of: &[&(String, String, &Metric<'_>, Change, EstimateId)]) -> String {
    let Some((.., metric, change, _)) = of.first().map(|l| (&l.0, &l.1, l.2, &l.3, &l.4)) else {
        return "There are no rows.".to_owned();
    };
    let shown = |x: f64| if metric.unit == Unit::Share { percent(x) } else { number(x) };
    format!(
        "If {}, {} would go from {} to {}.",
        edit_in_words(params),
        metric.says.to_lowercase(),
        shown(change.before),
        shown(change.after)
    )
}

fn by_group(column: &str, of: &[&(String, String, &Metric<'_>, Change, EstimateId)]) -> String {
    let Some(first) = of.first().map(|l| l.2) else { return String::new() };
    let changes = || of.iter().filter(|l| l.2.id == first.id).map(|l| (&l.1, l.3.after - l.3.before));
    let most = changes().max_by(|a, b| a.1.total_cmp(&b.1));
    let least = changes().min_by(|a, b| a.1.total_cmp(&b.1));
    match (most, least) {
        (Some(most), Some(least)) => format!(
            "{} changes most upwards for {column} = {} ({}) and least for {} ({}).",
            first.says,
            most.0,
            signed(most.1),
            least.0,
            signed(least.1)
        ),
        _ => String::new(),
    }
}
