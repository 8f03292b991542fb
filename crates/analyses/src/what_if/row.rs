//! One row: what the model says before and after, why, whether such a row occurs, and what it would say along a feature.

use std::collections::BTreeSet;

use equipoise_counterfactuals::Space;
use equipoise_data::Column;
use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, EstimateId, Level, Note, Section, Table, TableColumn, Task, Unit,
};
use equipoise_models::Model;

use super::ID;
use super::edit::edited;
use super::params::RawParams;
use crate::counterfactuals::picked::place;
use crate::counterfactuals::rows::Bridge;
use crate::explain::ask::Asker;
use crate::explain::table::{Table as Rows, joined, repeated, shown};
use crate::explain::words::{number, percent, signed};
use crate::{AnalysisError, Context, counterfactuals, explain};

/// Real rows that stand for the data.
const REFERENCE: usize = 5_000;
/// Of these, rows whose own distance to the nearest other is measured.
const MEASURED: usize = 300;
/// Values along a feature.
const GRID: usize = 25;

pub(super) fn run(
    params: &RawParams,
    context: &Context<'_>,
    model: &dyn Model,
    row: u64,
    mut section: Section,
) -> Result<Section, AnalysisError> {
    context.progress.step("the edited row");
    let place = place(context, row)?;
    let asker = Asker::new(context, model)?;
    let columns = asker.binding.columns().to_vec();
    let schema = context.test.dataset.schema();
    let names: Vec<String> = columns.iter().filter_map(|c| schema.columns.get(*c)).map(|c| c.name.clone()).collect();
    let number_in_data = counterfactuals::search::dataset_rows(&context.test, &[place]);
    let before = Rows::read(context.test.dataset, &columns, &number_in_data)?;
    let (after, unseen) = edited(params, &names, &before)?;
    let both = Rows {
        columns: before.columns.iter().zip(&after.columns).map(|(a, b)| joined(vec![a.clone(), b.clone()])).collect(),
        n_rows: 2,
    };
    let answers = asker.ask(&both.columns)?;
    let k = asker.n_outputs.max(1);
    let output = output_of(context, &answers, k);

    let differs: Vec<usize> = (0..names.len())
        .filter(|c| both.columns.get(*c).is_some_and(|column| shown(column, 0) != shown(column, 1)))
        .collect();
    predictions(&mut section, params, context, &answers, k, &both, &names, &differs, row);
    context.check_stop()?;
    attributions(&mut section, context, model, &both, output)?;
    distance(&mut section, context, asker, &names, &both)?;
    curves(&mut section, context, model, &both, &names, &differs, output)?;
    for (column, name) in unseen {
        let text =
            format!("No row has `{name}` in `{column}`; the model treats it as it treats what it has never seen.");
        section.notes.push(Note::new(Level::Caution, "what_if.unseen", text));
    }
    section.notes.push(Note::new(
        Level::Caution,
        "what_if.not_causal",
        "This is what the model would say to other values, not what would happen if somebody changed them.",
    ));
    section.notes.sort_by_key(|note| note.level.rank());
    Ok(section)
}

/// The output that is explained: the only one, or the class that was predicted before.
fn output_of(context: &Context<'_>, answers: &[f64], k: usize) -> usize {
    if context.task != Task::Multiclass {
        return 0;
    }
    let first = answers.get(..k).unwrap_or_default();
    let best = first.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    first.iter().position(|x| *x >= best).unwrap_or(0)
}

/// What the model says, and which values differ.
#[allow(clippy::too_many_arguments, reason = "one page of one result")]
fn predictions(
    section: &mut Section,
    params: &RawParams,
    context: &Context<'_>,
    answers: &[f64],
    k: usize,
    both: &Rows,
    names: &[String],
    differs: &[usize],
    row: u64,
) {
    let of = |i: usize| answers.get(i * k..(i + 1) * k).unwrap_or_default();
    let thresholds = context.spec.threshold.unwrap_or(0.5);
    let first = |i: usize| of(i).first().copied().unwrap_or(f64::NAN);
    // The class of an answer; none for numbers.
    let class = |i: usize| {
        let code = match context.task {
            Task::Regression => return None,
            Task::Binary => {
                let threshold = if i == 1 { params.threshold.unwrap_or(thresholds) } else { thresholds };
                usize::from(first(i) >= threshold)
            }
            Task::Multiclass => {
                let best = of(i).iter().copied().fold(f64::NEG_INFINITY, f64::max);
                of(i).iter().position(|x| *x >= best).unwrap_or(0)
            }
        };
        context.classes.get(code).cloned()
    };
    let words = |i: usize| match (context.task, class(i)) {
        (Task::Binary, Some(class)) => format!("{class} ({})", percent(first(i))),
        (_, Some(class)) => class,
        (_, None) => number(first(i)),
    };
    let unit = if context.task == Task::Regression { Unit::Target } else { Unit::Share };
    for output in 0..k {
        let class = context.classes.get(if k == 1 { 1 } else { output });
        let at = |i: usize| of(i).get(output).copied().unwrap_or(f64::NAN);
        for (metric, value) in [("before", at(0)), ("after", at(1)), ("change", at(1) - at(0))] {
            let id = EstimateId::new(ID, "prediction").aggregated(metric);
            let id = match class {
                Some(class) if k > 1 => id.of_group(&[("class", class.as_str())]),
                _ => id,
            };
            section.estimates.push(Estimate::new(id, value, 1, Better::Neither).with_unit(unit.clone()));
        }
    }
    let order: Vec<usize> = differs.iter().copied().chain((0..names.len()).filter(|c| !differs.contains(c))).collect();
    let cell = |c: &usize, i: usize| both.columns.get(*c).map_or_else(String::new, |column| shown(column, i));
    let name = |c: &usize| names.get(*c).cloned().unwrap_or_default();
    let edited = |c: &usize| if differs.contains(c) { cell(c, 1) } else { "·".to_owned() };
    let table = Table::new("row", &format!("Row {row}"))
        .column(TableColumn::text(
            "feature",
            "Feature",
            std::iter::once("prediction".to_owned()).chain(order.iter().map(name)),
        ))
        .column(TableColumn::text(
            "before",
            "As it is",
            std::iter::once(words(0)).chain(order.iter().map(|c| cell(c, 0))),
        ))
        .column(TableColumn::text("after", "Edited", std::iter::once(words(1)).chain(order.iter().map(edited))));
    section.tables.push(table);
    let list: Vec<String> =
        differs.iter().map(|c| format!("`{}` were {} instead of {}", name(c), cell(c, 1), cell(c, 0))).collect();
    let says = if list.is_empty() && params.threshold.is_none() {
        format!("Nothing differs: row {row} is predicted {}.", words(0))
    } else {
        let mut list = list;
        list.extend(params.threshold.map(|t| format!("the threshold were {t}")));
        let verb = if class(0).is_some() && class(0) == class(1) { "would stay" } else { "would be" };
        format!("Row {row} is predicted {}; it {verb} {} if {}.", words(0), words(1), list.join(" and "))
    };
    section.notes.push(Note::new(Level::Finding, "what_if.prediction", says.clone()));
    section.blocks.push(Block::new("row", &format!("Row {row} as it is and edited"), "row", BlockKind::Table {}, says));
}

/// What moved both predictions.
fn attributions(
    section: &mut Section,
    context: &Context<'_>,
    model: &dyn Model,
    both: &Rows,
    output: usize,
) -> Result<(), AnalysisError> {
    let found = explain::of_rows(context, model, both, output)?;
    let [before, after] = found.rows.as_slice() else { return Ok(()) };
    let mut order: Vec<usize> = (0..found.names.len()).collect();
    let size = |i: &usize| {
        let (a, b) = (before.get(*i).copied().unwrap_or(0.0), after.get(*i).copied().unwrap_or(0.0));
        ((b - a).abs(), a.abs().max(b.abs()))
    };
    order.sort_by(|a, b| size(b).partial_cmp(&size(a)).unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(b)));
    order.truncate(15);
    let (mut label, mut value, mut series) = (Vec::new(), Vec::new(), Vec::new());
    for i in &order {
        for (which, values) in [("as it is", before), ("edited", after)] {
            label.push(found.names.get(*i).cloned().unwrap_or_default());
            value.push(values.get(*i).copied());
            series.push(which);
        }
    }
    let table = Table::new("attributions", "Attributions before and after")
        .column(TableColumn::text("feature", "Feature", label))
        .column(TableColumn::text("row", "Row", series))
        .column(TableColumn::number("attribution", "Attribution", value));
    section.tables.push(table);
    let says = match order.first() {
        Some(i) => {
            let (a, b) = (before.get(*i).copied().unwrap_or(0.0), after.get(*i).copied().unwrap_or(0.0));
            format!(
                "The contribution of `{}` changes most: from {} to {} ({}).",
                found.names.get(*i).map_or("", String::as_str),
                signed(a),
                signed(b),
                found.of
            )
        }
        None => "There are no features.".to_owned(),
    };
    let kind = BlockKind::Bars {
        label: "feature".into(),
        value: "attribution".into(),
        series: Some("row".into()),
        axis: Axis::titled(&format!("Contribution to the {}", found.of)),
    };
    section.blocks.push(Block::new(
        "attributions",
        "What moves the prediction, before and after",
        "attributions",
        kind,
        says,
    ));
    Ok(())
}

/// How far the rows lie from what occurs, against how far real rows lie from each other.
fn distance(
    section: &mut Section,
    context: &Context<'_>,
    asker: Asker<'_>,
    names: &[String],
    both: &Rows,
) -> Result<(), AnalysisError> {
    let part = context.train.unwrap_or(context.test);
    let columns: Result<Vec<usize>, _> = names.iter().map(|n| part.dataset.column(n)).collect();
    let sample = counterfactuals::search::sample(context, &part, REFERENCE);
    let known = Rows::read(part.dataset, &columns?, &sample)?;
    let bridge = Bridge::over(context, asker, &[&known, both]);
    let reference = bridge.rows(&known);
    let space =
        counterfactuals::limits::space(&counterfactuals::Params::default(), &bridge, &reference, &BTreeSet::new())?;
    let n = names.len().max(1);
    let pair = bridge.rows(both);
    let is_same_data = context.train.is_none();
    let mut rows = pair.chunks_exact(n);
    let (Some(before), Some(after)) = (rows.next(), rows.next()) else { return Ok(()) };
    let near = |row: &[f64], skips: bool| nearest(&space, &reference, n, row, skips);
    let (from, to) = (near(before, is_same_data), near(after, false));
    let usual: Vec<f64> = reference.chunks_exact(n).take(MEASURED).map(|row| near(row, true)).collect();
    #[allow(clippy::cast_precision_loss, reason = "a few hundred rows")]
    let farther = usual.iter().filter(|d| **d >= to).count() as f64 / usual.len().max(1) as f64;
    for (metric, value) in [("before", from), ("after", to)] {
        let id = EstimateId::new(ID, "distance_to_data").aggregated(metric);
        section.estimates.push(Estimate::new(id, value, 1, Better::Lower));
    }
    let id = EstimateId::new(ID, "farther_rows");
    let estimate = Estimate::new(id.clone(), farther, usual.len() as u64, Better::Higher).with_unit(Unit::Share);
    section.estimates.push(estimate);
    let says = format!(
        "The edited row lies {} from the nearest real row, the row as it is {}; {} of the real rows lie that far from \
         their nearest neighbour or farther.",
        number(to),
        number(from),
        percent(farther)
    );
    let level = if farther < 0.05 { Level::Caution } else { Level::Info };
    let code = if farther < 0.05 { "what_if.implausible" } else { "what_if.distance" };
    section.notes.push(Note::new(level, code, says).about([id]));
    Ok(())
}

/// Distance to the nearest row; with `skips` to the nearest that is not the row itself.
fn nearest(space: &Space, reference: &[f64], n: usize, row: &[f64], skips: bool) -> f64 {
    let mut is_skipped = !skips;
    let mut best = f64::INFINITY;
    for other in reference.chunks_exact(n) {
        let distance = space.distance(row, other);
        if !is_skipped && distance <= 0.0 {
            // The row itself, once: a copy of it is another row.
            is_skipped = true;
            continue;
        }
        best = best.min(distance);
    }
    best
}

/// What the model would say along each edited number, from the row as it is and from the edited row.
fn curves(
    section: &mut Section,
    context: &Context<'_>,
    model: &dyn Model,
    both: &Rows,
    names: &[String],
    differs: &[usize],
    output: usize,
) -> Result<(), AnalysisError> {
    let asker = Asker::new(context, model)?;
    let k = asker.n_outputs.max(1);
    for place in differs {
        let Some(name) = names.get(*place) else { continue };
        let Some(Column::Number(own)) = both.columns.get(*place) else { continue };
        let info = context.test.dataset.schema().get(name);
        let (Some(min), Some(max)) = (info.and_then(|i| i.min), info.and_then(|i| i.max)) else { continue };
        let ends = own.iter().filter(|x| x.is_finite()).fold((min, max), |(l, h), x| (l.min(*x), h.max(*x)));
        #[allow(clippy::cast_precision_loss, reason = "a few values")]
        let mut grid: Vec<f64> = (0..GRID).map(|i| ends.0 + (ends.1 - ends.0) * i as f64 / (GRID - 1) as f64).collect();
        grid.extend(own.iter().filter(|x| x.is_finite()));
        grid.sort_by(f64::total_cmp);
        grid.dedup();
        let (mut x, mut y, mut series) = (Vec::new(), Vec::new(), Vec::new());
        for (row, which) in [(0, "from the row as it is"), (1, "from the edited row")] {
            let mut columns: Vec<Column> = both.columns.iter().map(|c| repeated(c, row, grid.len())).collect();
            if let Some(column) = columns.get_mut(*place) {
                *column = Column::Number(grid.clone().into());
            }
            let answers = asker.ask(&columns)?;
            x.extend(grid.iter().map(|v| Some(*v)));
            y.extend(answers.iter().skip(output).step_by(k).map(|v| Some(*v)));
            series.extend(std::iter::repeat_n(which, grid.len()));
        }
        let id = format!("curve_{name}");
        let table = Table::new(&id, &format!("Prediction along {name}"))
            .column(TableColumn::text("row", "Row", series))
            .column(TableColumn::number("x", name, x))
            .column(TableColumn::number("y", "Prediction", y.clone()));
        section.tables.push(table);
        let known = || y.iter().flatten().copied();
        let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
        let says = format!("Along `{name}` the prediction lies between {} and {}.", number(low), number(high));
        let kind = BlockKind::Curve {
            x: "x".into(),
            y: "y".into(),
            low: None,
            high: None,
            series: Some("row".into()),
            x_axis: Axis::titled(name),
            y_axis: Axis::titled("Prediction"),
            reference: None,
        };
        section.blocks.push(Block::new(&id, &format!("What the model would say along {name}"), &id, kind, says));
    }
    Ok(())
}
