//! Numbers into estimates, tables and blocks.

use equipoise_document::{
    Axis as BlockAxis, Better, Block, BlockKind, EstimateId, PValue, Reference, Table, TableColumn, Unit,
};
use equipoise_kernels::Measured;

use super::answer::{Answer, Support, texts};
use super::association::Association;
use super::heat_map::HeatMap;
use super::mask::RowMask;
use super::slices::{FoundSlice, FoundSlices, difference};
use super::tree::ErrorTree;

/// The mean loss of all rows.
pub(super) fn overall(answer: &mut Answer<'_>, mask: &RowMask) {
    let kind = answer.params.loss;
    let sums = answer.matrix.sums(&answer.matrix.eligible(mask).rows());
    let measured = sums.measure(kind.is_share(), answer.confidence);
    let id = answer.id(kind.metric());
    answer.add(id, measured, Support::of(&sums), (kind.better(), kind.unit()), None);
}

/// The tree.
pub(super) fn tree(answer: &mut Answer<'_>, tree: &ErrorTree) {
    let kind = answer.params.loss;
    let Some(root) = tree.nodes.first() else { return };
    let (mut values, mut gaps) = (Vec::new(), Vec::new());
    for node in &tree.nodes {
        let name = node.id.to_string();
        let place = |id: EstimateId| id.of_group(&[("node", name.as_str())]);
        let measured = node.sums.measure(kind.is_share(), answer.confidence);
        let id = place(answer.id(kind.metric()));
        values.push(Some(answer.add(id, measured, Support::of(&node.sums), (kind.better(), kind.unit()), None)));
        if node.parent.is_none() {
            gaps.push(None);
            continue;
        }
        let rest = root.sums.without(&node.sums).measure(kind.is_share(), answer.confidence);
        let p_value = node.test.map(|(value, method)| PValue {
            value,
            adjusted: node.adjusted,
            method: format!("{method}, holm"),
        });
        let id = place(answer.id(kind.metric()).aggregated("difference_to_rest"));
        let gap = difference(&measured, &rest);
        gaps.push(Some(answer.add(id, gap, Support::of(&node.sums), (Better::Zero, kind.unit()), p_value)));
    }
    let nodes = &tree.nodes;
    let errors_title = if kind.is_share() { "Errors" } else { "Sum of the loss" };
    let table = Table::new(&answer.table_id("tree"), &answer.title("Error tree"))
        .column(texts("node", "Node", nodes.iter().map(|n| Some(n.id.to_string()))))
        .column(texts("parent", "Parent", nodes.iter().map(|n| n.parent.map(|p| p.to_string()))))
        .column(TableColumn::text("label", "Condition", nodes.iter().map(|n| n.label.clone())))
        .column(TableColumn::rows("n", "Rows", nodes.iter().map(|n| n.sums.rows)))
        .column(TableColumn::number("errors", errors_title, nodes.iter().map(|n| Some(n.sums.loss()))))
        .column(TableColumn::estimate("value", kind.title(), values).with_unit(kind.unit()))
        .column(
            TableColumn::number("coverage", "Error coverage", nodes.iter().map(|n| n.coverage)).with_unit(Unit::Share),
        )
        .column(TableColumn::estimate("difference", "Difference to rest", gaps).with_unit(kind.unit()))
        .column(TableColumn::number("p_adjusted", "Adjusted p", nodes.iter().map(|n| n.adjusted)))
        .column(TableColumn::text("path", "Path", nodes.iter().map(|n| n.path.clone())))
        .column(TableColumn::text("predicate", "Cohort", nodes.iter().map(|n| n.predicate.clone())));
    let says = format!(
        "Each split parts the rows between which the {} differs most. {}",
        kind.title().to_lowercase(),
        if tree.is_honest {
            "The splits were learned from one half of the rows; the numbers are those of the other half."
        } else {
            "Splits and numbers come from the same rows, so that the numbers flatter the search."
        }
    );
    let block = Block::new(
        &table.id,
        &answer.title("Where errors are frequent"),
        &table.id,
        BlockKind::Tree {
            node: "node".into(),
            parent: "parent".into(),
            label: "label".into(),
            value: "value".into(),
            weight: "n".into(),
            more: ["coverage", "p_adjusted", "path"].map(str::to_owned).to_vec(),
        },
        says,
    );
    answer.section.tables.push(table);
    answer.section.blocks.push(block);
}

/// The heat map.
pub(super) fn heat_map(answer: &mut Answer<'_>, map: &HeatMap) {
    let metric = map.metric;
    let (Some(first), second) = (map.axes.first(), map.axes.get(1)) else { return };
    let label = |axis: Option<&super::heat_map::Axis>, bin: Option<&usize>| {
        axis.zip(bin).and_then(|(axis, bin)| axis.bins.get(*bin)).map(|(_, label)| label.clone()).unwrap_or_default()
    };
    let mut ids = Vec::new();
    for cell in &map.cells {
        let groups: Vec<(&str, String)> = map
            .axes
            .iter()
            .zip(&cell.bins)
            .map(|(axis, bin)| (axis.name.as_str(), label(Some(axis), Some(bin))))
            .collect();
        let id = answer.id(metric.id()).aggregated("cell").of_group(&groups);
        let p_value = cell.test.map(|(value, adjusted, method)| PValue {
            value,
            adjusted: Some(adjusted),
            method: format!("{method}, benjamini_hochberg"),
        });
        let support = Support { n: cell.n, n_effective: cell.n_effective };
        ids.push(Some(answer.add(id, cell.value, support, (metric.better(), metric.unit()), p_value)));
    }
    let cells = &map.cells;
    let title = metric.title();
    let mut table = Table::new(&answer.table_id("heat_map"), &answer.title(&format!("{title} by {}", named(map))));
    if let Some(second) = second {
        table = table
            .column(TableColumn::text("y", &first.name, cells.iter().map(|c| label(Some(first), c.bins.first()))))
            .column(TableColumn::text("x", &second.name, cells.iter().map(|c| label(Some(second), c.bins.get(1)))));
    } else {
        table =
            table.column(TableColumn::text("x", &first.name, cells.iter().map(|c| label(Some(first), c.bins.first()))));
    }
    let table = table
        .column(TableColumn::estimate("value", &title, ids).with_unit(metric.unit()))
        .column(TableColumn::rows("n", "Rows", cells.iter().map(|c| c.n)))
        .column(
            TableColumn::number("coverage", "Error coverage", cells.iter().map(|c| c.coverage)).with_unit(Unit::Share),
        )
        .column(TableColumn::number("p_adjusted", "Adjusted p", cells.iter().map(|c| c.test.map(|(_, a, _)| a))))
        .column(TableColumn::text("predicate", "Cohort", cells.iter().map(|c| c.predicate.clone())));
    let kind = if second.is_some() {
        BlockKind::HeatMap { x: "x".into(), y: "y".into(), value: "value".into(), axis: BlockAxis::titled(&title) }
    } else {
        BlockKind::Dots {
            label: "x".into(),
            value: "value".into(),
            series: None,
            axis: BlockAxis::titled(&title),
            reference: Some(Reference::Estimate(answer.id(answer.params.loss.metric())))
                .filter(|_| metric.id() == answer.params.loss.metric()),
        }
    };
    let says = format!(
        "{title} in the bins of {}; the p-values compare the mean loss of a cell with that of all others.",
        named(map)
    );
    let block = Block::new(&table.id, &answer.title(&format!("{title} by {}", named(map))), &table.id, kind, says);
    answer.section.tables.push(table);
    answer.section.blocks.push(block);
}

fn named(map: &HeatMap) -> String {
    let names: Vec<&str> = map.axes.iter().map(|a| a.name.as_str()).collect();
    names.join(" and ")
}

/// Both lists of slices.
pub(super) fn slices(answer: &mut Answer<'_>, found: &FoundSlices) {
    let mut known: Vec<(String, [EstimateId; 3])> = Vec::new();
    let lists = [
        (
            &found.by_score,
            "slices",
            "Slices by score",
            "The slices with the highest score, which weighs how much higher the loss is against how many rows there are.",
        ),
        (
            &found.by_difference,
            "sure_slices",
            "Slices by sure difference",
            "The slices whose difference to the other rows has the largest lower bound, however few rows they have.",
        ),
    ];
    for (list, name, title, says) in lists {
        if list.is_empty() {
            continue;
        }
        let ids: Vec<[EstimateId; 3]> = list.iter().map(|slice| estimates(answer, slice, &mut known)).collect();
        let table = table(answer, list, &ids, name, title);
        let block = Block::new(
            &table.id,
            &answer.title(title),
            &table.id,
            BlockKind::Ranking {
                label: "slice".into(),
                value: "difference".into(),
                axis: BlockAxis::titled("Difference to the other rows"),
            },
            says,
        );
        answer.section.tables.push(table);
        answer.section.blocks.push(block);
    }
}

/// The estimates of a slice, once however many lists it is on.
fn estimates(
    answer: &mut Answer<'_>,
    slice: &FoundSlice,
    known: &mut Vec<(String, [EstimateId; 3])>,
) -> [EstimateId; 3] {
    if let Some((_, ids)) = known.iter().find(|(predicate, _)| *predicate == slice.predicate) {
        return ids.clone();
    }
    let kind = answer.params.loss;
    let support = Support::of(&slice.sums);
    let place = |id: EstimateId| id.of_group(&[("slice", slice.predicate.as_str())]);
    let (adjustment, test) = match slice.confirmed {
        Some((p, adjusted, method)) => (adjusted, Some((p, format!("{method}, one-sided, holm")))),
        None => match slice.max_t {
            Some(p) => (p, Some((slice.found.p_value, "welch_z, max_t".to_owned()))),
            None => (slice.searched.1, Some((slice.found.p_value, "welch_z, benjamini_yekutieli".to_owned()))),
        },
    };
    let p_value = test.map(|(value, method)| PValue { value, adjusted: Some(adjustment), method });
    let ids = [
        (place(answer.id(kind.metric())), slice.mean, kind.better(), kind.unit(), None),
        (
            place(answer.id(kind.metric()).aggregated("difference_to_rest")),
            slice.difference,
            Better::Zero,
            kind.unit(),
            p_value,
        ),
        (place(answer.id(kind.metric()).aggregated("ratio_to_rest")), slice.ratio, Better::One, Unit::Plain, None),
    ]
    .map(|(id, measured, better, unit, p)| answer.add(id, measured, support, (better, unit), p));
    known.push((slice.predicate.clone(), ids.clone()));
    ids
}

fn table(answer: &Answer<'_>, list: &[FoundSlice], ids: &[[EstimateId; 3]], name: &str, title: &str) -> Table {
    let kind = answer.params.loss;
    let pick = |i: usize| ids.iter().map(move |ids| ids.get(i).cloned());
    let p = |slice: &FoundSlice| slice.confirmed.map(|(_, adjusted, _)| adjusted);
    let mut table = Table::new(&answer.table_id(name), &answer.title(title))
        .column(TableColumn::text("slice", "Slice", list.iter().map(|s| s.says.clone())))
        .column(TableColumn::rows("n", "Rows", list.iter().map(|s| s.sums.rows)))
        .column(TableColumn::estimate("value", kind.title(), pick(0)).with_unit(kind.unit()))
        .column(TableColumn::estimate("difference", "Difference to rest", pick(1)).with_unit(kind.unit()))
        .column(TableColumn::estimate("ratio", "Ratio to rest", pick(2)))
        .column(
            TableColumn::number("coverage", "Error coverage", list.iter().map(|s| s.coverage)).with_unit(Unit::Share),
        )
        .column(TableColumn::number("gain", "Gain", list.iter().map(|s| s.gain)).with_unit(kind.unit()))
        .column(TableColumn::number("score", "Score", list.iter().map(|s| Some(s.found.score))))
        .column(TableColumn::number("q_bh", "q (BH)", list.iter().map(|s| Some(s.searched.0))))
        .column(TableColumn::number("q_by", "q (BY)", list.iter().map(|s| Some(s.searched.1))));
    if list.iter().any(|s| s.max_t.is_some()) {
        table = table.column(TableColumn::number("p_max_t", "p (max T)", list.iter().map(|s| s.max_t)));
    }
    if list.iter().any(|s| s.confirmed.is_some()) {
        table = table.column(TableColumn::number("p_adjusted", "Adjusted p", list.iter().map(p)));
    }
    table.column(texts("also", "Nearly the same rows", list.iter().map(also))).column(TableColumn::text(
        "predicate",
        "Cohort",
        list.iter().map(|s| s.predicate.clone()),
    ))
}

/// The first few slices that are told with a slice.
fn also(slice: &FoundSlice) -> Option<String> {
    let shown = slice.also.iter().take(2).cloned().collect::<Vec<_>>().join("; ");
    match slice.also.len() {
        0 => None,
        n if n > 2 => Some(format!("{shown}; and {} more", n - 2)),
        _ => Some(shown),
    }
}

/// The ranking of columns.
pub(super) fn association(answer: &mut Answer<'_>, list: &[Association]) {
    let mut ids = Vec::new();
    for association in list {
        let id = answer.id("mutual_information").by(&[association.name.as_str()]);
        let information = association.information.as_ref();
        let measured = information.map_or_else(
            || Measured::undefined(equipoise_kernels::Undefined::Empty),
            |i| Measured::new(Ok(i.corrected), i.ends, "multinomial_bootstrap"),
        );
        let p_value = information.and_then(|i| i.p_value).map(|value| PValue {
            value,
            adjusted: association.adjusted,
            method: "permutation, benjamini_hochberg".to_owned(),
        });
        #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
        let support = Support { n: association.n, n_effective: association.n as f64 };
        ids.push(Some(answer.add(id, measured, support, (Better::Neither, Unit::Nats), p_value)));
    }
    let p = |a: &Association| a.information.as_ref().and_then(|i| i.p_value);
    let table = Table::new(&answer.table_id("association"), &answer.title("What goes with the errors"))
        .column(TableColumn::text("feature", "Column", list.iter().map(|a| a.name.clone())))
        .column(TableColumn::estimate("information", "Mutual information", ids))
        .column(TableColumn::number(
            "plug_in",
            "Uncorrected",
            list.iter().map(|a| a.information.as_ref().map(|i| i.plug_in)),
        ))
        .column(TableColumn::number("p", "p", list.iter().map(p)))
        .column(TableColumn::number("p_adjusted", "Adjusted p", list.iter().map(|a| a.adjusted)))
        .column(TableColumn::integer("levels", "Levels", list.iter().map(|a| i64::try_from(a.n_levels).ok())));
    let block = Block::new(
        &table.id,
        &answer.title("What goes with the errors"),
        &table.id,
        BlockKind::Ranking {
            label: "feature".into(),
            value: "information".into(),
            axis: BlockAxis::titled("Mutual information"),
        },
        "How much the values of a column, or its quantile bins, tell of the loss of a row; missing values are a level.",
    );
    answer.section.tables.push(table);
    answer.section.blocks.push(block);
}
