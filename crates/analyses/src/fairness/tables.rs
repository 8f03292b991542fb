//! Numbers into tables and pictures.

use equipoise_document::{Axis, Block, BlockKind, Estimate, EstimateId, Reference, Table, TableColumn, Unit};
use equipoise_kernels::{Share, shrunken_rates};

use super::aggregate::{Gaps, Row, Settings};
use super::groups::Slice;
use super::odds::Versus;
use super::worst::Standing;

/// The table of a slice's groups.
pub(super) fn by_group(slices: &[&Slice], rows: &[&[Row<'_>]], id: &str, settings: Settings<'_>) -> Option<Table> {
    let first = slices.first()?;
    let groups = || slices.iter().flat_map(|s| s.groups.iter().map(move |g| (*s, g)));
    let mut table = Table::new(id, &format!("By {}", first.columns.join(" and ")));
    if !first.stratum.is_empty() {
        let name = |s: &Slice| s.stratum.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(", ");
        table = table.column(TableColumn::text("stratum", "Stratum", groups().map(|(s, _)| name(s))));
    }
    table = table.column(TableColumn::text("group", "Group", groups().map(|(_, g)| g.name())));
    for (place, column) in first.columns.iter().enumerate().filter(|_| first.columns.len() > 1) {
        let values = groups().map(|(_, g)| g.labels.get(place).cloned().unwrap_or_default());
        table = table.column(TableColumn::text(column, column, values));
    }
    let share = |s: &Slice, w: f64| Some(w / s.overall.weight()).filter(|x| x.is_finite());
    table = table
        .column(TableColumn::rows("n", "Rows", groups().map(|(_, g)| g.counted.rows())))
        .column(
            TableColumn::number("share", "Share", groups().map(|(s, g)| share(s, g.counted.weight())))
                .with_unit(Unit::Share),
        )
        .column(TableColumn::boolean(
            "small",
            "Few rows",
            groups().map(|(_, g)| Some(g.counted.rows() < settings.params.min_rows)),
        ));
    for metric in rows.first()?.iter().map(|r| r.metric) {
        let ids = groups().map(|(s, g)| Some(s.group_id(&metric.id, g)));
        table = table.column(TableColumn::estimate(&metric.id, &metric.title, ids).with_unit(metric.unit.clone()));
    }
    if first.overall.n_classes == 2 {
        for (id, title, share) in [
            ("selection_rate_shrunken", "Selection rate, shrunken", Share::SelectionRate),
            ("zero_one_loss_shrunken", "Error rate, shrunken", Share::ErrorRate),
        ] {
            let rates = slices.iter().flat_map(|slice| {
                let counts: Vec<(f64, f64)> = slice
                    .groups
                    .iter()
                    .map(|g| {
                        let [cells, squares, _] = g.counted.against_rest(1);
                        let n = equipoise_kernels::kish(cells.total(), squares.total());
                        (cells.share(share).unwrap_or(0.0) * n, n)
                    })
                    .collect();
                let shrunken = shrunken_rates(&counts);
                (0..counts.len()).map(|i| shrunken.as_ref().and_then(|s| s.get(i).copied())).collect::<Vec<_>>()
            });
            table = table.column(TableColumn::number(id, title, rates).with_unit(Unit::Share));
        }
    }
    Some(table)
}

/// The table of a slice's gaps, one row a metric.
pub(super) fn gaps(slice: &Slice, rows: &[Row<'_>], gaps: &[Gaps], made: &[Estimate]) -> Table {
    let has = |id: &EstimateId| made.iter().any(|e| e.id == *id);
    let column = |aggregate: &str, title: &str| {
        let ids = rows.iter().map(|r| Some(slice.id(&r.metric.id).aggregated(aggregate)).filter(|id| has(id)));
        TableColumn::estimate(aggregate, title, ids)
    };
    let name = |place: Option<usize>| {
        place.and_then(|p| slice.groups.get(p)).map_or_else(|| "–".to_owned(), super::groups::Group::name)
    };
    let lowest = gaps.iter().map(|g| name(g.difference.as_ref().ok().map(|g| g.lowest)));
    let highest = gaps.iter().map(|g| name(g.difference.as_ref().ok().map(|g| g.highest)));
    Table::new(&slice.table_id("gaps"), &format!("Gaps between groups of {}", slice.title()))
        .column(TableColumn::text("metric", "Metric", rows.iter().map(|r| r.metric.title.clone())))
        .column(column("difference", "Difference"))
        .column(column("ratio", "Ratio"))
        .column(TableColumn::text("lowest", "Lowest group", lowest))
        .column(TableColumn::text("highest", "Highest group", highest))
        .column(column("difference_to_overall", "Difference to all"))
        .column(column("ratio_to_overall", "Ratio to all"))
        .column(column("group_min", "Lowest"))
        .column(column("group_max", "Highest"))
}

/// The table of named criteria.
pub(super) fn criteria(slice: &Slice, made: &[Estimate]) -> Option<Table> {
    let names = [
        ("demographic_parity", "Demographic parity"),
        ("equal_opportunity", "Equal opportunity"),
        ("predictive_equality", "Predictive equality"),
        ("equalized_odds", "Equalized odds"),
        ("predictive_parity", "Predictive parity"),
        ("error_rate_parity", "Error rate parity"),
    ];
    let find = |name: &str, aggregate: &str| {
        let id = slice.id(name).aggregated(aggregate);
        made.iter().any(|e| e.id == id).then_some(id)
    };
    let live: Vec<(&str, &str)> = names.into_iter().filter(|(id, _)| find(id, "difference").is_some()).collect();
    (!live.is_empty()).then(|| {
        Table::new(&slice.table_id("criteria"), &format!("Criteria by {}", slice.title()))
            .column(TableColumn::text("criterion", "Criterion", live.iter().map(|(_, title)| *title)))
            .column(TableColumn::estimate(
                "difference",
                "Difference",
                live.iter().map(|(id, _)| find(id, "difference")),
            ))
            .column(TableColumn::estimate("ratio", "Ratio", live.iter().map(|(id, _)| find(id, "ratio"))))
    })
}

/// The table of signed comparisons.
pub(super) fn versus(slice: &Slice, all: &[Versus]) -> Option<Table> {
    let first = all.first()?;
    let name = |v: &Versus| slice.groups.get(v.group).map_or_else(String::new, super::groups::Group::name);
    let mut table =
        Table::new(&slice.table_id("versus_reference"), &format!("Against the reference, by {}", slice.title()))
            .column(TableColumn::text("group", "Group", all.iter().map(name)))
            .column(TableColumn::text("reference", "Reference", all.iter().map(|v| v.reference.clone())));
    for (place, estimate) in first.estimates.iter().enumerate() {
        let metric = estimate.id.metric();
        let ids = all.iter().map(|v| v.estimates.get(place).map(|e| e.id.clone()));
        table = table.column(TableColumn::estimate(metric, &words(metric), ids));
    }
    Some(table)
}

/// The table of groups that stand out.
pub(super) fn worst(id: &str, all: &[Standing]) -> Table {
    Table::new(id, "Groups that stand out against all others")
        .column(TableColumn::text("grouping", "Grouping", all.iter().map(|s| s.grouping.clone())))
        .column(TableColumn::text("group", "Group", all.iter().map(|s| s.group.clone())))
        .column(TableColumn::text("metric", "Metric", all.iter().map(|s| s.title.clone())))
        .column(TableColumn::rows("n", "Rows", all.iter().map(|s| s.n)))
        .column(TableColumn::estimate(
            "difference",
            "Group minus others",
            all.iter().map(|s| Some(s.estimate.id.clone())),
        ))
        .column(TableColumn::number("at_least", "Surely worse by", all.iter().map(|s| Some(s.at_least.max(0.0)))))
        .column(TableColumn::number(
            "p_adjusted",
            "Adjusted p",
            all.iter().map(|s| s.estimate.p_value.as_ref().and_then(|p| p.adjusted)),
        ))
}

/// Pictures of a slice: dots with intervals by group for the metrics that matter, a heat map for two crossed columns.
pub(super) fn blocks(slice: &Slice, table: &str, rows: &[Row<'_>], settings: Settings<'_>) -> Vec<Block> {
    let wanted = |headline: super::metrics::Headline| match headline {
        super::metrics::Headline::Allocation => settings.params.is_about_allocation(),
        super::metrics::Headline::Quality => settings.params.is_about_quality(),
    };
    let mut blocks = Vec::new();
    for row in rows.iter().filter(|r| r.metric.headline.is_some_and(wanted)) {
        let metric = row.metric;
        let axis = Axis::titled(&metric.title);
        let axis = if metric.unit == Unit::Share { axis.within(0.0, 1.0) } else { axis };
        let title = format!("{} by {}", metric.title, slice.title());
        let says = say_range(slice, row);
        let kind = if let ([x, y], true) = (slice.columns.as_slice(), slice.groups.len() > 6) {
            BlockKind::HeatMap { x: x.clone(), y: y.clone(), value: metric.id.clone(), axis }
        } else {
            let reference = row.overall.is_ok().then(|| Reference::Estimate(slice.overall_id(&metric.id)));
            BlockKind::Dots { label: "group".to_owned(), value: metric.id.clone(), series: None, axis, reference }
        };
        let id = format!("{}_{}", metric.id, slice.table_id("by"));
        blocks.push(Block::new(&id, &title, table, kind, says));
    }
    blocks
}

fn say_range(slice: &Slice, row: &Row<'_>) -> String {
    let live = row.live();
    let least = live.iter().min_by(|a, b| a.1.value().total_cmp(&b.1.value()));
    let most = live.iter().max_by(|a, b| a.1.value().total_cmp(&b.1.value()));
    let name = |place: usize| slice.groups.get(place).map_or_else(String::new, super::groups::Group::name);
    match (least, most) {
        (Some((a, x)), Some((b, y))) if a != b => {
            let show = |v: f64| show_value(v, &row.metric.unit);
            format!(
                "{} runs from {} ({}) to {} ({}).",
                row.metric.title,
                show(x.value()),
                name(*a),
                show(y.value()),
                name(*b)
            )
        }
        _ => format!("{} has a value for fewer than two groups.", row.metric.title),
    }
}

/// A number in words: shares in percent.
pub(super) fn show_value(value: f64, unit: &Unit) -> String {
    if *unit == Unit::Share { format!("{:.1} %", 100.0 * value) } else { plain(value) }
}

/// A number with three or four significant digits.
pub(super) fn plain(value: f64) -> String {
    let size = value.abs();
    if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.01 || size == 0.0 {
        format!("{value:.3}")
    } else if size >= 1e-6 {
        // Three significant digits: places up to the first one that counts, and two more.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 3 and 6")]
        let places = (-size.log10()).ceil() as usize + 2;
        format!("{value:.places$}")
    } else {
        format!("{value:.2e}")
    }
}

/// A ratio between 0 and 1, or above, in three decimals.
pub(super) fn ratio(value: f64) -> String {
    if value > 0.0 && value < 0.0005 { "less than 0.001".to_owned() } else { format!("{value:.3}") }
}

fn words(id: &str) -> String {
    let mut words = id.replace('_', " ");
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}
