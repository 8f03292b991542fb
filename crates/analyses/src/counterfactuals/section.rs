//! Numbers into estimates, tables, blocks and sentences.

use equipoise_counterfactuals::{Proof, Quality, Shortage};
use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, EstimateId, Level, Missing, Note, Section, Table, TableColumn, Unit,
};
use equipoise_kernels::{Confidence, Ends, t_quantile};

use super::ID;
use super::recourse::{self, Costs, interval, is_granted, share};
use super::search::{Row, Subject};
use super::words::{answered, sentence, shortage};
use crate::explain::words::{number, percent};

/// Features in the figure of importance at most.
const LISTED: usize = 20;

/// The section.
pub(super) fn write(subject: &Subject<'_>, rows: &[Row], mut section: Section) -> Section {
    let confidence = Confidence::at(subject.context.level());
    section.notes.extend(subject.notes.iter().cloned());
    totals(&mut section, rows, confidence);
    if subject.params.feature_importance {
        importance(&mut section, subject, rows, confidence);
    }
    recourse::add(&mut section, subject, rows, confidence);
    quality(&mut section, rows, confidence);
    shown(&mut section, subject, rows);
    notes(&mut section, subject, rows);
    section.notes.sort_by_key(|note| note.level.rank());
    section
}

/// How many rows have counterfactuals, and what the cheapest cost.
fn totals(section: &mut Section, rows: &[Row], confidence: Confidence) {
    let id = |metric: &str| EstimateId::new(ID, metric);
    let asked = || rows.iter().filter(|row| !is_granted(row));
    let n = asked().count() as u64;
    let with: Vec<&Row> = asked().filter(|row| !row.found.counterfactuals.is_empty()).collect();
    section.estimates.push(share(id("found"), with.len() as u64, n, Better::Higher, confidence));
    let costs = Costs::over(rows.iter());
    section.estimates.push(costs.mean_estimate(id("mean_cost"), confidence));
    section.estimates.push(costs.median_estimate(id("median_cost"), confidence));
    section.estimates.push(costs.none_estimate(id("no_recourse"), confidence));
    let first = || with.iter().filter_map(|row| row.found.counterfactuals.first());
    let is_proving =
        first().any(|one| one.proof.is_some()) || asked().any(|r| r.found.shortage == Some(Shortage::Unreachable));
    if is_proving {
        let proved = first().filter(|one| one.proof == Some(Proof::Optimal)).count()
            + asked().filter(|row| row.found.shortage == Some(Shortage::Unreachable)).count();
        section.estimates.push(share(id("proved"), proved as u64, n, Better::Higher, confidence));
    }
    #[allow(clippy::cast_precision_loss, reason = "a few features")]
    let changes: Vec<f64> = first().map(|one| one.changed.len() as f64).collect();
    section.estimates.push(mean(id("mean_changes"), &changes, Better::Lower, confidence));
    let mut says = format!("{} of {n} rows have a counterfactual within the limits.", with.len());
    if let Some(cheapest) = section.estimate(&id("median_cost")).and_then(|e| e.value) {
        says += &format!(" Half of them cost at most {}.", number(cheapest));
    }
    let table = Table::new("totals", "Counterfactuals in numbers")
        .column(TableColumn::text("what", "", section.estimates.iter().map(|e| in_words(e.id.metric()))))
        .column(TableColumn::estimate("value", "Value", section.estimates.iter().map(|e| Some(e.id.clone()))));
    section.tables.push(table);
    section.blocks.push(Block::new(
        "totals",
        "Who could have had another prediction",
        "totals",
        BlockKind::Table {},
        says,
    ));
}

fn in_words(metric: &str) -> &'static str {
    match metric {
        "found" => "Share of rows with a counterfactual",
        "mean_cost" => "Mean cost of the cheapest",
        "median_cost" => "Median cost of the cheapest",
        "no_recourse" => "Share of rows without",
        "proved" => "Share of rows whose answer is proved",
        "mean_changes" => "Mean number of features the cheapest changes",
        _ => "",
    }
}

/// A mean with the interval of Student's t.
fn mean(id: EstimateId, values: &[f64], better: Better, confidence: Confidence) -> Estimate {
    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    let n = values.len() as f64;
    if values.is_empty() {
        return Estimate::absent(id, Missing::Empty, 0, better);
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let ends = (n > 1.0).then(|| {
        let half = t_quantile(0.5 + 0.5 * confidence.level(), n - 1.0) * libm::sqrt(squares / (n - 1.0) / n);
        Ends { low: mean - half, high: mean + half }
    });
    Estimate::new(id, mean, values.len() as u64, better).with_interval(interval(ends, confidence, "student_t"))
}

/// In what share of the cheapest counterfactuals a feature changed, and in what share of all.
fn importance(section: &mut Section, subject: &Subject<'_>, rows: &[Row], confidence: Confidence) {
    let with: Vec<&Row> = rows.iter().filter(|row| !row.found.counterfactuals.is_empty()).collect();
    if with.is_empty() {
        return;
    }
    let n = with.len() as u64;
    let mut found: Vec<(String, u64, f64)> = Vec::new();
    for (place, variable) in subject.space.variables().iter().enumerate() {
        let first = |row: &&&Row| row.found.counterfactuals.first().is_some_and(|one| one.changed.contains(&place));
        let k = with.iter().filter(first).count() as u64;
        // The mean over rows of each row's own share.
        #[allow(clippy::cast_precision_loss, reason = "a few counterfactuals")]
        let local = |row: &&Row| {
            let all = &row.found.counterfactuals;
            all.iter().filter(|one| one.changed.contains(&place)).count() as f64 / all.len() as f64
        };
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        let all = with.iter().map(local).sum::<f64>() / n as f64;
        if all > 0.0 {
            found.push((variable.name.clone(), k, all));
        }
    }
    found.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.total_cmp(&a.2)).then(a.0.cmp(&b.0)));
    found.truncate(LISTED);
    let mut ids = Vec::new();
    for (name, k, _) in &found {
        let id = EstimateId::new(ID, "changed").by(&[name]);
        section.estimates.push(share(id.clone(), *k, n, Better::Neither, confidence));
        ids.push(Some(id));
    }
    let table = Table::new("importance", "What changes in counterfactuals")
        .column(TableColumn::text("feature", "Feature", found.iter().map(|f| f.0.clone())))
        .column(TableColumn::estimate("changed", "Share of the cheapest", ids).with_unit(Unit::Share))
        .column(
            TableColumn::number("changed_all", "Share of all", found.iter().map(|f| Some(f.2))).with_unit(Unit::Share),
        );
    section.tables.push(table);
    let says = match found.first() {
        Some((name, k, _)) => {
            #[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
            let p = *k as f64 / n as f64;
            format!("The cheapest counterfactual changes `{name}` in {} of the rows.", percent(p))
        }
        None => "No feature changed.".to_owned(),
    };
    let kind = BlockKind::Ranking {
        label: "feature".into(),
        value: "changed".into(),
        axis: Axis::titled("Share of rows whose cheapest counterfactual changes it").within(0.0, 1.0),
    };
    section.blocks.push(Block::new("importance", "What would have to change", "importance", kind, says));
}

/// Quality of the sets, on average over the rows.
fn quality(section: &mut Section, rows: &[Row], confidence: Confidence) {
    type Of = fn(&Quality) -> Option<f64>;
    let all: [(&str, &str, Of, Better); 9] = [
        ("validity", "Share that the model answers as wished", |q| Some(q.validity), Better::Higher),
        ("proximity_numbers", "Size of the changes of numbers, in scales", |q| q.proximity_numbers, Better::Lower),
        ("proximity_names", "Share of names that stay", |q| q.proximity_names, Better::Higher),
        ("sparsity", "Share of features that stay", |q| Some(q.sparsity), Better::Higher),
        ("diversity", "Distance between two of a set", |q| q.diversity, Better::Higher),
        ("plausibility", "Distance to the nearest real row with that prediction", |q| q.plausibility, Better::Lower),
        ("fifth_distance", "Distance to the fifth nearest of these", |q| q.fifth, Better::Lower),
        ("isolated", "Share that lie apart from these (local outlier factor above 1.5)", |q| q.isolated, Better::Lower),
        ("robustness", "Share of slightly disturbed copies that keep it", |q| Some(q.robustness), Better::Higher),
    ];
    let mut lines = Vec::new();
    for (metric, says, of, better) in all {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.quality.as_ref()).filter_map(of).collect();
        if values.is_empty() {
            continue;
        }
        let estimate = mean(EstimateId::new(ID, metric), &values, better, confidence);
        lines.push((says, estimate.id.clone()));
        section.estimates.push(estimate);
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of calls")]
    let calls: Vec<f64> = rows.iter().map(|row| row.found.calls as f64).collect();
    let estimate = mean(EstimateId::new(ID, "model_calls"), &calls, Better::Lower, confidence);
    lines.push(("Rows the model was asked about for each row", estimate.id.clone()));
    section.estimates.push(estimate);
    let robust = section.estimate(&EstimateId::new(ID, "robustness")).and_then(|e| e.value);
    let says = robust.map_or_else(
        || "Nothing was found whose quality could be told.".to_owned(),
        |r| {
            format!(
                "Of copies of the counterfactuals that are moved by a twentieth of a scale, {} keep the prediction.",
                percent(r)
            )
        },
    );
    let table = Table::new("quality", "Quality of the sets")
        .column(TableColumn::text("what", "", lines.iter().map(|l| l.0)))
        .column(TableColumn::estimate("value", "Mean over rows", lines.iter().map(|l| Some(l.1.clone()))));
    section.tables.push(table);
    section.blocks.push(Block::new(
        "quality",
        "How good the counterfactuals are",
        "quality",
        BlockKind::Table {},
        says,
    ));
}

/// The first few rows with their counterfactuals: what changes, next to what is.
fn shown(section: &mut Section, subject: &Subject<'_>, rows: &[Row]) {
    let asked = !subject.params.rows.is_empty();
    let worth = rows.iter().filter(|row| asked || !row.found.counterfactuals.is_empty());
    for row in worth.take(subject.params.show_rows as usize) {
        let id = format!("row_{}", row.number);
        let mut table = Table::new(&id, &format!("Row {}", row.number));
        let changed = |place: &usize| row.found.counterfactuals.iter().any(|one| one.changed.contains(place));
        // What changes somewhere comes first.
        let (first, rest): (Vec<usize>, Vec<usize>) = (0..subject.space.variables().len()).partition(changed);
        let order: Vec<usize> = first.into_iter().chain(rest).collect();
        let name = |place: &usize| subject.space.variables().get(*place).map_or("", |v| v.name.as_str()).to_owned();
        let cell = |place: &usize, values: &[f64]| {
            let Some(variable) = subject.space.variables().get(*place) else { return String::new() };
            let value = subject.space.get(*place, values);
            match variable.columns.as_slice() {
                [column] => subject.bridge.shown(*column, value),
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a group")]
                columns => {
                    columns.get(value as usize).and_then(|c| subject.bridge.names.get(*c)).cloned().unwrap_or_default()
                }
            }
        };
        let head = ["prediction".to_owned(), "cost".to_owned()];
        table = table.column(TableColumn::text("feature", "Feature", head.into_iter().chain(order.iter().map(name))));
        let present = [answered(subject, &row.found.present), String::new()];
        let values = present.into_iter().chain(order.iter().map(|place| cell(place, &row.values)));
        table = table.column(TableColumn::text("present", "As it is", values));
        for (place, one) in row.found.counterfactuals.iter().enumerate() {
            let head = [answered(subject, &one.answer), number(one.cost)];
            let shown = |v: &usize| if one.changed.contains(v) { cell(v, &one.row) } else { "·".to_owned() };
            let values = head.into_iter().chain(order.iter().map(shown));
            let id = format!("counterfactual_{}", place + 1);
            table = table.column(TableColumn::text(&id, &format!("Counterfactual {}", place + 1), values));
        }
        section.tables.push(table);
        let title = format!("Row {}: what would have changed the prediction", row.number);
        section.blocks.push(Block::new(&id, &title, &id, BlockKind::Table {}, sentence(subject, row)));
    }
}

/// What should be known beside the numbers.
fn notes(section: &mut Section, subject: &Subject<'_>, rows: &[Row]) {
    let mut say = |level, code: &str, text: String| section.notes.push(Note::new(level, code, text));
    let sampled = subject.picked.of > subject.picked.places.len();
    let of = if sampled { format!(" of {}, a seeded sample", subject.picked.of) } else { String::new() };
    say(
        Level::Info,
        "counterfactuals.how",
        format!(
            "{} rows{of}; method `{}`; {} real rows stand for what is plausible. A change costs {} plus its size in median \
             absolute deviations, and another name costs 1.",
            rows.len(),
            subject.method_name(),
            subject.n_reference(),
            number(subject.params.sparsity_weight)
        ),
    );
    say(
        Level::Caution,
        "counterfactuals.not_causal",
        "A counterfactual says what the model would have answered to other values, not what would happen if somebody \
         changed them: other features may change along, and the model itself may change."
            .to_owned(),
    );
    if subject.context.test.frame.is_weighted() {
        say(Level::Caution, "counterfactuals.unweighted", "Rows are weighted; here every row counts once.".to_owned());
    }
    if rows.is_empty() {
        say(
            Level::Caution,
            "counterfactuals.no_rows",
            "No row is left that does not have what is wished for.".to_owned(),
        );
    }
    let codes = ["already_granted", "unreachable", "nothing_may_change", "not_found", "gave_up"];
    for code in codes {
        let short = |row: &&Row| {
            row.found.counterfactuals.is_empty() && row.found.shortage.as_ref().is_some_and(|s| s.code() == code)
        };
        let n = rows.iter().filter(short).count();
        let why = rows.iter().find(short).and_then(|row| row.found.shortage.as_ref());
        if let Some(why) = why {
            let level = if code == "already_granted" { Level::Info } else { Level::Caution };
            let verb = if n == 1 { "row has" } else { "rows have" };
            say(level, &format!("counterfactuals.{code}"), format!("{n} {verb} no counterfactual. {}", shortage(why)));
        }
    }
    let open =
        rows.iter().flat_map(|r| &r.found.counterfactuals).filter(|c| matches!(c.proof, Some(Proof::AtLeast(_))));
    let n_open = open.count();
    if n_open > 0 {
        say(
            Level::Caution,
            "counterfactuals.gap",
            format!(
                "{n_open} counterfactuals are not proved to be the cheapest: the search was ended after {} parts. \
                 `max_nodes` lets it go on.",
                subject.params.max_nodes
            ),
        );
    }
    if let Some(row) = rows.iter().find(|row| !is_granted(row) && !row.found.counterfactuals.is_empty()) {
        say(Level::Finding, "counterfactuals.example", sentence(subject, row));
    }
}
