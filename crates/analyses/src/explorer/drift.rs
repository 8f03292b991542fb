//! Test and training data, column by column.

use equipoise_data::{MISSING_GROUP, Schema};
use equipoise_document::{Better, BlockKind, EstimateId, Level, Note, Table, TableColumn};
use equipoise_kernels::{Tally, benjamini_hochberg};

use super::answer::{Answer, adjusted, of, short, some_of};
use super::columns::{Kind, Looked};
use super::counts::{Counted, Cut, Plan};
use super::distance::{Distance, names, numbers};
use super::grid::Grid;

/// Groups of equal weight for the stability index of numbers.
const GROUPS: usize = 10;

/// One side of a comparison.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) plan: &'a Plan,
    pub(super) counted: &'a Counted,
    pub(super) schema: &'a Schema,
}

/// Distances of a column between two sets of rows; none for text.
pub(super) fn distance(answer: &Answer<'_>, a: Side<'_>, b: Side<'_>) -> Option<Distance> {
    match (&a.plan.cut, &b.plan.cut) {
        (Cut::Grid(..), Cut::Grid(..)) => {
            let (own, other) = (cells(a.counted), cells(b.counted));
            Some(between_numbers(answer, &own, &other, &other))
        }
        (Cut::Levels(_), Cut::Levels(_)) => {
            let (own, other) = aligned(a, b);
            Some(names(&own, &other, answer.confidence))
        }
        _ => None,
    }
}

/// Distances of two sets of cells of one grid, missing values last, over groups of equal weight of `reference`.
pub(super) fn between_numbers(answer: &Answer<'_>, a: &[Tally], b: &[Tally], reference: &[Tally]) -> Distance {
    let weights: Vec<f64> = reference.split_last().map_or_else(Vec::new, |(_, v)| v.iter().map(|t| t.w).collect());
    let mut groups = Grid::groups(&weights, GROUPS);
    let last = groups.last().map_or(0, |g| g + 1);
    groups.push(last);
    // Groups without rows on either side (a heavy value fills several) are left out by numbering the others anew.
    let mut used: Vec<usize> =
        groups.iter().zip(a.iter().zip(b)).filter(|(_, (x, y))| x.n + y.n > 0).map(|(g, _)| *g).collect();
    used.sort_unstable();
    used.dedup();
    let groups: Vec<usize> = groups.iter().map(|g| used.partition_point(|u| u < g)).collect();
    let n = used.len();
    let groups: Vec<usize> = groups.into_iter().map(|g| g.min(n.saturating_sub(1))).collect();
    numbers(a, b, &groups, answer.confidence)
}

/// All cells, missing values last.
pub(super) fn cells(counted: &Counted) -> Vec<Tally> {
    (0..counted.n_cells()).map(|cell| counted.cell(cell)).collect()
}

/// Rows of the same values side by side, those of either side's values.
fn aligned(a: Side<'_>, b: Side<'_>) -> (Vec<Tally>, Vec<Tally>) {
    let named = |side: Side<'_>| {
        let levels = side.schema.columns.get(side.plan.place).map(|c| c.levels.clone());
        let levels = levels.unwrap_or_else(|| std::sync::Arc::from([]));
        let n = side.counted.n_cells();
        let name = move |cell: usize| {
            if cell + 1 == n { MISSING_GROUP.to_owned() } else { levels.get(cell).cloned().unwrap_or_default() }
        };
        (0..n).map(|cell| (name(cell), side.counted.cell(cell))).collect::<std::collections::BTreeMap<_, _>>()
    };
    let (mut own, other) = (named(a), named(b));
    let mut sides: Vec<(Tally, Tally)> = Vec::new();
    for (name, theirs) in other {
        sides.push((own.remove(&name).unwrap_or_default(), theirs));
    }
    sides.extend(own.into_values().map(|mine| (mine, Tally::default())));
    sides.retain(|(x, y)| x.n + y.n > 0);
    sides.into_iter().unzip()
}

/// Adds how far the test data lie from the training data, column by column.
pub(super) fn add(answer: &mut Answer<'_>, columns: &[Looked], test: &[Side<'_>], train: &[Option<Side<'_>>]) {
    let mut found: Vec<(&Looked, Distance)> = Vec::new();
    let mut apart: Vec<&str> = Vec::new();
    for ((looked, test), train) in columns.iter().zip(test).zip(train) {
        let is_compared = looked.is_input() || looked.has(equipoise_document::ColumnRole::Target);
        match train {
            Some(train) if looked.kind() != Kind::Text && is_compared => {
                found.extend(distance(answer, *test, *train).map(|d| (looked, d)));
            }
            None if looked.is_input() => apart.push(&looked.name),
            _ => {}
        }
    }
    if !apart.is_empty() {
        let text = format!(
            "The training data lacks {} or holds another kind of values there: no comparison was made.",
            some_of(&apart, 8)
        );
        answer.note(5.0, Note::new(Level::Caution, "not_in_training_data", text));
    }
    if found.is_empty() {
        return;
    }
    let p: Vec<f64> = found.iter().map(|(_, d)| d.test.map_or(1.0, |t| t.0)).collect();
    let p_adjusted = benjamini_hochberg(&p);
    let mut lines: Vec<Line> = Vec::new();
    for ((looked, distance), p_adjusted) in found.into_iter().zip(p_adjusted) {
        let Distance { psi, js, ks, test } = distance;
        let size = psi.value.unwrap_or(f64::NEG_INFINITY);
        let name = looked.name.as_str();
        let p = test.and_then(|(p, method)| adjusted(p, p_adjusted, method));
        let with_p = |answer: &Answer<'_>, metric: &str, given| {
            answer.estimate(of(metric, name).aggregated("train"), given, Better::Zero).with_p_value(p.clone())
        };
        let psi = with_p(answer, "stability_index", psi);
        let js = with_p(answer, "jensen_shannon", js);
        let ks = ks.map(|ks| with_p(answer, "kolmogorov_smirnov", ks));
        lines.push(Line {
            name: name.to_owned(),
            size,
            p: p_adjusted,
            psi: answer.add(psi),
            js: answer.add(js),
            ks: ks.map(|ks| answer.add(ks)),
        });
    }
    lines.sort_by(|a, b| b.size.total_cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    note_drifted(answer, &lines);
    let table = Table::new("drift", "Test and training data")
        .column(TableColumn::text("column", "Column", lines.iter().map(|l| l.name.as_str())))
        .column(TableColumn::estimate("psi", "Stability index", lines.iter().map(|l| Some(l.psi.clone()))))
        .column(TableColumn::estimate("js", "Jensen–Shannon", lines.iter().map(|l| Some(l.js.clone()))))
        .column(TableColumn::estimate("ks", "Kolmogorov–Smirnov", lines.iter().map(|l| l.ks.clone())))
        .column(TableColumn::number("p", "Adjusted p", lines.iter().map(|l| Some(l.p))));
    answer.table(table);
    let says = format!(
        "How far the test data lie from the training data, most drifted first. Below 0.1 the population stability index is \
         commonly taken as stable, above 0.25 as a shift; p-values are adjusted over {} columns.",
        lines.len()
    );
    answer.block("drift", "Test and training data", "drift", BlockKind::Table {}, says);
}

struct Line {
    name: String,
    size: f64,
    p: f64,
    psi: EstimateId,
    js: EstimateId,
    ks: Option<EstimateId>,
}

fn note_drifted(answer: &mut Answer<'_>, lines: &[Line]) {
    let limit = answer.params.drift_psi;
    let drifted: Vec<&Line> = lines.iter().filter(|l| l.size >= limit && l.p < 0.05).collect();
    if let Some(worst) = drifted.first() {
        let names: Vec<&str> = drifted.iter().map(|l| l.name.as_str()).collect();
        let text = format!(
            "{} between training and test data by a stability index of {} or more, worst first: {}. The index of `{}` is {}.",
            if drifted.len() == 1 {
                "One column drifted".to_owned()
            } else {
                format!("{} columns drifted", drifted.len())
            },
            short(limit),
            some_of(&names, 8),
            worst.name,
            short(worst.size)
        );
        let about = drifted.iter().take(8).map(|l| l.psi.clone());
        answer.note(800.0 + worst.size.min(50.0), Note::new(Level::Concern, "drifted_columns", text).about(about));
        return;
    }
    let unlike: Vec<&str> = lines.iter().filter(|l| l.p < 0.05).map(|l| l.name.as_str()).collect();
    let text = if unlike.is_empty() {
        "No column differs between training and test data by more than chance.".to_owned()
    } else {
        format!(
            "Training and test data differ by more than chance in {}, but by a stability index below {}.",
            some_of(&unlike, 8),
            short(limit)
        )
    };
    answer.note(1.0, Note::new(Level::Finding, "little_drift", text));
}
