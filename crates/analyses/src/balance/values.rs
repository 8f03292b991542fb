//! Who is in the data, and how often the outcome occurs: one line for each value of a column.

use equipoise_document::{Axis, Better, Block, BlockKind, Estimate, EstimateId, Missing, Table, TableColumn, Unit};
use equipoise_kernels::{Tally, t_quantile};

use super::answer::{Answer, id, part_name};
use super::labels::Labels;
use super::observed::Observed;

/// Names of tables about one column: `shares[sex]`.
pub(super) fn table_id(kind: &str, column: &str) -> String {
    format!("{kind}[{column}]")
}

/// Adds the shares of a column's values with their table and picture.
pub(super) fn add_shares(answer: &mut Answer<'_>, observed: &Observed) {
    let column = observed.column.as_str();
    let (mut parts, mut names, mut rows, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (part, values) in observed.parts.iter().enumerate() {
        let whole: Tally = values.iter().map(super::observed::Value::whole).sum();
        for (name, value) in observed.names.iter().zip(values) {
            let id = id(part, "share").of_group(&[(column, name)]);
            let mut estimate = answer.share(id.clone(), value.whole(), whole);
            estimate.small = answer.is_small(value.whole());
            answer.section.estimates.push(estimate);
            parts.push(part_name(part));
            names.push(name.clone());
            rows.push(value.whole().n);
            ids.push(Some(id));
        }
    }
    let has_parts = observed.parts.len() > 1;
    let table_id = table_id("shares", column);
    let mut table = Table::new(&table_id, &format!("Who is in the data, by {column}"));
    if has_parts {
        table = table.column(TableColumn::text("part", "Data", parts));
    }
    let wanted = answer.params.reference.get(column);
    table = table
        .column(TableColumn::text("value", column, names.iter().map(String::as_str)))
        .column(TableColumn::rows("n", "Rows", rows))
        .column(TableColumn::estimate("share", "Share", ids));
    if let Some(wanted) = wanted {
        let shares = names.iter().map(|name| wanted.get(name).copied());
        table = table.column(TableColumn::number("reference", "Reference", shares).with_unit(Unit::Share));
    }
    answer.section.tables.push(table);
    let bars = BlockKind::Bars {
        label: "value".into(),
        value: "share".into(),
        series: has_parts.then(|| "part".into()),
        axis: Axis::titled("share of rows"),
    };
    let says = format!("The share of rows with each value of `{column}`, with intervals.");
    answer.section.blocks.push(Block::new(
        &table_id,
        &format!("Who is in the data, by {column}"),
        &table_id,
        bars,
        says,
    ));
}

/// Adds how often each label occurs among the rows of each value, with table and picture.
pub(super) fn add_outcomes(answer: &mut Answer<'_>, observed: &Observed, labels: &Labels) {
    let column = observed.column.as_str();
    let (mut parts, mut names, mut said, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut rates, mut means) = (Vec::new(), Vec::new());
    for (part, values) in observed.parts.iter().enumerate() {
        for (name, value) in observed.names.iter().zip(values) {
            for label in &labels.compared {
                let id = labels.id(id(part, "base_rate").of_group(&[(column, name)]), *label);
                let estimate = answer.share(id.clone(), value.split(*label).with, value.whole());
                answer.section.estimates.push(estimate);
                parts.push(part_name(part));
                names.push(name.as_str());
                said.push(labels.name(*label));
                rows.push(value.whole().n);
                rates.push(Some(id));
                means.push(id_of_mean(part, column, name));
            }
            if labels.is_number {
                let estimate = mean(answer, id_of_mean(part, column, name), value.mean);
                answer.section.estimates.push(estimate);
            }
        }
    }
    let has_parts = observed.parts.len() > 1;
    let has_labels = labels.compared.len() > 1;
    let table_id = table_id("outcomes", column);
    let mut table = Table::new(&table_id, &format!("{} by {column}", labels.target));
    if has_parts {
        table = table.column(TableColumn::text("part", "Data", parts));
    }
    table = table
        .column(TableColumn::text("value", column, names))
        .column(TableColumn::text("label", &labels.target, said))
        .column(TableColumn::rows("n", "Rows", rows))
        .column(TableColumn::estimate("base_rate", "Share with the label", rates));
    if labels.is_number {
        let title = format!("Mean of {}", labels.target);
        table = table.column(TableColumn::estimate("mean", &title, means.into_iter().map(Some)));
    }
    answer.section.tables.push(table);
    let dots = BlockKind::Dots {
        label: "value".into(),
        value: if labels.is_number { "mean".into() } else { "base_rate".into() },
        series: if has_labels && !labels.is_number { Some("label".into()) } else { has_parts.then(|| "part".into()) },
        axis: if labels.is_number {
            Axis::titled(&format!("mean of {}", labels.target))
        } else {
            Axis::titled("share of the value's rows")
        },
        reference: None,
    };
    let says = if labels.is_number {
        format!(
            "The mean of `{}` among the rows with each value of `{column}`, with intervals, before any model.",
            labels.target
        )
    } else {
        format!(
            "The share of rows with {} among those with each value of `{column}`, with intervals, before any model.",
            labels.words()
        )
    };
    let title = format!("{} by {column}", labels.target);
    answer.section.blocks.push(Block::new(&table_id, &title, &table_id, dots, says));
}

fn id_of_mean(part: usize, column: &str, name: &str) -> EstimateId {
    id(part, "target_mean").of_group(&[(column, name)])
}

/// A mean with Student's interval.
fn mean(answer: &Answer<'_>, id: EstimateId, spread: equipoise_kernels::Spread) -> Estimate {
    let tally = spread.tally();
    let value = spread.mean().ok_or(if tally.n == 0 { Missing::Empty } else { Missing::ZeroWeight });
    let ends = value.ok().and_then(|mean| {
        #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
        let t = t_quantile(0.5 + 0.5 * answer.confidence.level(), tally.n as f64 - 1.0);
        let half = t * spread.variance_of_mean()?.sqrt();
        Some(equipoise_kernels::Ends { low: mean - half, high: mean + half })
    });
    Estimate::from_result(id, value, tally.n, Better::Neither)
        .with_unit(Unit::Target)
        .with_interval(answer.interval(ends, "t"))
        .with_n_effective(answer.n_effective(tally))
        .flagged_small(answer.is_small(tally))
}
