//! Distributions of columns, one for each cohort: histograms, box statistics, distribution functions, shares of values.

use equipoise_document::{Axis, Better, BlockKind, EstimateId, Level, Note, Table, TableColumn, Unit};
use equipoise_kernels::{Tally, wilson};

use super::answer::{Answer, of, some_of};
use super::counts::{Counted, Cut};
use super::grid::{Grid, quantile};
use super::profile::{Numbers, Profile, mean, median, numbers};

/// Name of the values that are not shown one by one.
const OTHER: &str = "(other)";
/// Points of a drawn distribution function.
const POINTS: usize = 33;

/// One set of rows whose distributions are drawn.
pub(super) struct Series<'a> {
    /// What people call it.
    pub(super) name: String,
    /// Its cohort for ids; none for all rows and for the training data.
    pub(super) cohort: Option<String>,
    /// Words before its metrics: `train_` for the training data.
    pub(super) prefix: &'static str,
    /// By drawn column; none where the column is not there.
    pub(super) counted: Vec<Option<&'a Counted>>,
}

/// Adds the distributions of the drawn columns.
pub(super) fn add(
    answer: &mut Answer<'_>,
    profiles: &[Profile<'_>],
    drawn: &[usize],
    series: &[Series<'_>],
    level: &dyn Fn(usize, usize, usize) -> Option<String>,
) {
    let mut boxes = Vec::new();
    for (at, place) in drawn.iter().enumerate() {
        let Some(profile) = profiles.get(*place) else { continue };
        let of_column: Vec<(usize, &Series<'_>, &Counted)> =
            series.iter().enumerate().filter_map(|(i, s)| Some((i, s, (*s.counted.get(at)?)?))).collect();
        match &profile.plan.cut {
            Cut::Grid(grid, _) => {
                // Quartiles of dates are seconds that nobody reads.
                for (_, series, counted) in of_column.iter().filter(|_| profile.is_numeric()) {
                    boxes.push(box_of(answer, profile, grid, series, counted));
                }
                histogram(answer, profile, grid, &of_column);
                distribution_function(answer, profile, grid, &of_column);
            }
            Cut::Levels(_) => shares(answer, profile, &of_column, &|series, cell| level(*place, series, cell)),
            Cut::Text => {}
        }
    }
    add_boxes(answer, &boxes, series.len() > 1);
}

/// Box statistics of one column in one set of rows.
struct BoxOf {
    column: String,
    series: String,
    n: u64,
    n_missing: u64,
    mean: Option<EstimateId>,
    median: Option<EstimateId>,
    numbers: Numbers,
    n_outliers: u64,
}

fn box_of(
    answer: &mut Answer<'_>,
    profile: &Profile<'_>,
    grid: &Grid,
    series: &Series<'_>,
    counted: &Counted,
) -> BoxOf {
    let cells = counted.values();
    let present: Tally = cells.iter().copied().sum();
    let found = numbers(answer, grid, &cells);
    let name = profile.looked.name.as_str();
    let cohort = series.cohort.as_deref();
    let of = |metric: &str| of(&format!("{}{metric}", series.prefix), name).within(cohort);
    let estimate = mean(answer, of("mean"), counted);
    let mean_id = Some(answer.add(estimate));
    let estimate = median(answer, of("median"), grid, &cells);
    let median_id = Some(answer.add(estimate));
    let whole: Tally = [present, counted.missing()].into_iter().sum();
    let estimate = answer.share(of("missing_share"), counted.missing(), whole, Better::Lower);
    answer.add(estimate);
    BoxOf {
        column: name.to_owned(),
        series: series.name.clone(),
        n: present.n,
        n_missing: counted.missing().n,
        mean: mean_id,
        median: median_id,
        n_outliers: found.tukey.n,
        numbers: found,
    }
}

fn add_boxes(answer: &mut Answer<'_>, boxes: &[BoxOf], has_series: bool) {
    if boxes.is_empty() {
        return;
    }
    let number = |f: &dyn Fn(&Numbers) -> Option<f64>| boxes.iter().map(|b| f(&b.numbers)).collect::<Vec<_>>();
    let title = if has_series { "Box statistics by cohort" } else { "Box statistics" };
    let mut table = Table::new("boxes", title).column(TableColumn::text(
        "column",
        "Column",
        boxes.iter().map(|b| b.column.as_str()),
    ));
    if has_series {
        table = table.column(TableColumn::text("rows", "Rows of", boxes.iter().map(|b| b.series.as_str())));
    }
    table = table
        .column(TableColumn::rows("n", "Rows", boxes.iter().map(|b| b.n)))
        .column(TableColumn::rows("n_missing", "Missing", boxes.iter().map(|b| b.n_missing)))
        .column(TableColumn::number("min", "Least", number(&|n| n.min)))
        .column(TableColumn::number("low", "Lower whisker", number(&|n| n.whiskers.map(|w| w.0))))
        .column(TableColumn::number("q1", "Lower quartile", number(&|n| n.q1)))
        .column(TableColumn::estimate("median", "Median", boxes.iter().map(|b| b.median.clone())))
        .column(TableColumn::number("q3", "Upper quartile", number(&|n| n.q3)))
        .column(TableColumn::number("high", "Upper whisker", number(&|n| n.whiskers.map(|w| w.1))))
        .column(TableColumn::number("max", "Most", number(&|n| n.max)))
        .column(TableColumn::estimate("mean", "Mean", boxes.iter().map(|b| b.mean.clone())))
        .column(TableColumn::rows("n_outliers", "Outliers", boxes.iter().map(|b| b.n_outliers)));
    answer.table(table);
    let kind = BlockKind::Boxes {
        label: if has_series { "rows" } else { "column" }.into(),
        low: "low".into(),
        q1: "q1".into(),
        median: "median".into(),
        q3: "q3".into(),
        high: "high".into(),
        outliers: Some("n_outliers".into()),
        panel: Some("column".into()),
        axis: Axis::default(),
    };
    let (title, of) = if has_series {
        ("Box plots by cohort", "every drawn column of numbers and every cohort")
    } else {
        ("Box plots", "every drawn column of numbers")
    };
    let says = format!(
        "Quartiles and median of {of}, each column on an axis of its own; whiskers end at the last value within Tukey's fences{}.",
        if has_series { " of the cohort itself" } else { "" }
    );
    answer.block("boxes", title, "boxes", kind, says);
}

/// Weight in each bin `[low, high)`, the last one with its end; what lies between two points is split in proportion.
fn binned(grid: &Grid, cells: &[Tally], edges: &[f64]) -> Vec<f64> {
    let n_bins = edges.len().saturating_sub(1);
    let mut sums = vec![0.0; n_bins];
    let last = edges.last().copied().unwrap_or(f64::NEG_INFINITY);
    let bin = |x: f64| {
        let at = edges.partition_point(|edge| *edge <= x);
        if (x - last).abs() <= 0.0 { n_bins.checked_sub(1) } else { at.checked_sub(1).filter(|at| *at < n_bins) }
    };
    let mut add = |bin: usize, w: f64| {
        if let Some(sum) = sums.get_mut(bin) {
            *sum += w;
        }
    };
    for (cell, t) in cells.iter().enumerate().filter(|(_, t)| t.w > 0.0) {
        let above = cell / 2;
        let here = grid.points().get(above).copied();
        if cell % 2 == 1 {
            if let Some(bin) = here.and_then(bin) {
                add(bin, t.w);
            }
        } else if let (Some(from), Some(to)) = (above.checked_sub(1).and_then(|i| grid.points().get(i)), here) {
            let first = edges.partition_point(|edge| edge <= from).saturating_sub(1);
            for (at, (low, high)) in edges.iter().zip(edges.iter().skip(1)).enumerate().skip(first) {
                if *low >= to {
                    break;
                }
                add(at, t.w * ((to.min(*high) - from.max(*low)) / (to - from)).max(0.0));
            }
        }
    }
    sums
}

/// Edges of a histogram: equal widths between the ends, or where a few rows stretch them far beyond the bulk, between
/// Tukey's outer fences (three interquartile ranges), which then hold the rest.
pub(super) fn edges(grid: &Grid, cells: &[Tally], n_bins: usize) -> Option<(Vec<f64>, bool)> {
    let weights: Vec<f64> = cells.iter().map(|t| t.w).collect();
    let at = |share: f64| quantile(grid, &weights, share).map(|(x, _)| x);
    let (mut low, mut high) = (at(0.0)?, at(1.0)?);
    let (q1, q3) = (at(0.25)?, at(0.75)?);
    let reach = 3.0 * (q3 - q1);
    let mut is_cut = false;
    if reach > 0.0 && high - low > 5.0 * (2.0 * reach + (q3 - q1)) {
        (low, high) = (low.max(q1 - reach), high.min(q3 + reach));
        is_cut = true;
    }
    if low.is_nan() || high.is_nan() || low >= high {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "at most 100 bins")]
    let edge = |i: usize| if i == n_bins { high } else { low + (high - low) * (i as f64 / n_bins as f64) };
    Some(((0..=n_bins).map(edge).collect(), is_cut))
}

fn histogram(answer: &mut Answer<'_>, profile: &Profile<'_>, grid: &Grid, series: &[(usize, &Series<'_>, &Counted)]) {
    let name = profile.looked.name.as_str();
    let all: Vec<Tally> = series.first().map(|(_, _, c)| c.values()).unwrap_or_default();
    let Some((edges, is_cut)) = edges(grid, &all, answer.params.bins as usize) else { return };
    let (mut of_series, mut lows, mut highs, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let n_bins = edges.len() - 1;
    let mut outside: f64 = 0.0;
    for (i, series, counted) in series {
        let cells = counted.values();
        let total: f64 = cells.iter().map(|t| t.w).sum();
        if total <= 0.0 {
            continue;
        }
        let mut inside = 0.0;
        for ((low, high), sum) in edges.iter().zip(edges.iter().skip(1)).zip(binned(grid, &cells, &edges)) {
            let share = sum / total;
            inside += share;
            of_series.push(series.name.clone());
            lows.push(Some(*low));
            highs.push(Some(*high));
            values.push(Some(share));
        }
        if *i == 0 {
            outside = (1.0 - inside).max(0.0);
        }
    }
    let id = format!("histogram[{name}]");
    let title = format!("Distribution of {name}");
    let has_series = series.len() > 1;
    let mut table = Table::new(&id, &title);
    if has_series {
        table = table.column(TableColumn::text("rows", "Rows of", of_series));
    }
    table = table
        .column(TableColumn::number("low", "From", lows))
        .column(TableColumn::number("high", "To under", highs))
        .column(TableColumn::number("share", "Share", values).with_unit(Unit::Share));
    answer.table(table);
    let kind = BlockKind::Distribution {
        low: "low".into(),
        high: "high".into(),
        value: "share".into(),
        series: has_series.then(|| "rows".into()),
        axis: Axis::titled(name),
    };
    let says = format!(
        "The share of rows in each of {n_bins} bins of equal width{}.{}",
        if has_series { ", the same bins for every set of rows" } else { "" },
        if is_cut {
            format!(
                " {} of the rows lie beyond the bins, which end three interquartile ranges beyond the quartiles.",
                super::answer::percent(outside)
            )
        } else {
            String::new()
        }
    );
    answer.block(&id, &title, &id, kind, says);
}

fn distribution_function(
    answer: &mut Answer<'_>,
    profile: &Profile<'_>,
    grid: &Grid,
    series: &[(usize, &Series<'_>, &Counted)],
) {
    if series.len() < 2 {
        return;
    }
    let name = profile.looked.name.as_str();
    let (mut of_series, mut xs, mut ys, mut lows, mut highs) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (_, series, counted) in series {
        let cells = counted.values();
        let whole: Tally = cells.iter().copied().sum();
        let Some(n) = whole.n_effective() else { continue };
        let weights: Vec<f64> = cells.iter().map(|t| t.w).collect();
        let mut before = None;
        for i in 0..POINTS {
            #[allow(clippy::cast_precision_loss, reason = "a few points")]
            let share = i as f64 / (POINTS - 1) as f64;
            let Some((x, _)) = quantile(grid, &weights, share) else { continue };
            if before == Some(x) {
                continue;
            }
            before = Some(x);
            let upto: f64 = weights.iter().take(grid.cell(x) + 1).sum();
            let y = (upto / whole.w).clamp(0.0, 1.0);
            let ends = wilson(y, n, answer.confidence);
            of_series.push(series.name.clone());
            xs.push(Some(x));
            ys.push(Some(y));
            lows.push(ends.map(|e| e.low));
            highs.push(ends.map(|e| e.high));
        }
    }
    let id = format!("ecdf[{name}]");
    let title = format!("Distribution function of {name}");
    let table = Table::new(&id, &title)
        .column(TableColumn::text("rows", "Rows of", of_series))
        .column(TableColumn::number("x", name, xs))
        .column(TableColumn::number("share", "Share up to it", ys).with_unit(Unit::Share))
        .column(TableColumn::number("low", "Lower end", lows).with_unit(Unit::Share))
        .column(TableColumn::number("high", "Upper end", highs).with_unit(Unit::Share));
    answer.table(table);
    let kind = BlockKind::Curve {
        x: "x".into(),
        y: "share".into(),
        low: Some("low".into()),
        high: Some("high".into()),
        series: Some("rows".into()),
        x_axis: Axis::titled(name),
        y_axis: Axis::titled("share of rows up to it").within(0.0, 1.0),
        reference: None,
    };
    let says = "The share of rows with this value or a lower one, with pointwise intervals. Where one line lies to the right of \
                another, its rows have larger values.";
    answer.block(&id, &title, &id, kind, says);
}

/// Shares of the most frequent values, the rest and missing values, for each set of rows.
fn shares(
    answer: &mut Answer<'_>,
    profile: &Profile<'_>,
    series: &[(usize, &Series<'_>, &Counted)],
    level: &dyn Fn(usize, usize) -> Option<String>,
) {
    let name = profile.looked.name.as_str();
    let n_values = profile.counted.n_cells().saturating_sub(1);
    let n_top = answer.params.top_values as usize;
    let mut order: Vec<usize> = (0..n_values).filter(|cell| profile.counted.cell(*cell).n > 0).collect();
    order.sort_by(|a, b| profile.counted.cell(*b).w.total_cmp(&profile.counted.cell(*a).w).then(a.cmp(b)));
    let is_folded = order.len() > n_top + 1;
    let shown: Vec<String> =
        order.iter().take(if is_folded { n_top } else { order.len() }).filter_map(|cell| level(0, *cell)).collect();
    let n_folded = order.len() - shown.len();
    let (mut of_series, mut labels, mut rows, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, series, counted) in series {
        let whole: Tally = (0..counted.n_cells()).map(|cell| counted.cell(cell)).sum();
        let mut own: std::collections::BTreeMap<String, Tally> = std::collections::BTreeMap::new();
        for cell in 0..counted.n_cells().saturating_sub(1) {
            let t = counted.cell(cell);
            if t.n > 0 {
                let label = level(*i, cell).unwrap_or_default();
                let label = if shown.contains(&label) { label } else { OTHER.to_owned() };
                let sum = own.entry(label).or_default();
                *sum = [*sum, t].into_iter().sum();
            }
        }
        let mut lines: Vec<(String, Tally)> =
            shown.iter().map(|v| (v.clone(), own.get(v).copied().unwrap_or_default())).collect();
        if let Some(rest) = own.get(OTHER) {
            lines.push((OTHER.to_owned(), *rest));
        } else if n_folded > 0 {
            lines.push((OTHER.to_owned(), Tally::default()));
        }
        if profile.n_missing.n > 0 || counted.missing().n > 0 {
            lines.push((equipoise_data::MISSING_GROUP.to_owned(), counted.missing()));
        }
        for (label, t) in lines {
            let id = super::answer::id(&format!("{}share", series.prefix)).of_group(&[(name, &label)]);
            let estimate = answer.share(id.within(series.cohort.as_deref()), t, whole, Better::Neither);
            ids.push(Some(answer.add(estimate)));
            of_series.push(series.name.clone());
            labels.push(label);
            rows.push(t.n);
        }
    }
    if n_folded > 0 {
        let text = format!(
            "`{name}` has {} values: the {} most frequent are drawn by name and the other {n_folded} together as `{OTHER}`.",
            order.len(),
            shown.len()
        );
        answer.note(0.0, Note::new(Level::Info, "many_values", text));
    }
    let id = format!("values[{name}]");
    let title = format!("Values of {name}");
    let has_series = series.len() > 1;
    let mut table = Table::new(&id, &title);
    if has_series {
        table = table.column(TableColumn::text("rows", "Rows of", of_series));
    }
    table = table
        .column(TableColumn::text("value", name, labels))
        .column(TableColumn::rows("n", "Rows", rows))
        .column(TableColumn::estimate("share", "Share", ids));
    answer.table(table);
    let kind = BlockKind::Bars {
        label: "value".into(),
        value: "share".into(),
        series: has_series.then(|| "rows".into()),
        axis: Axis::titled("share of rows"),
    };
    let says = format!("How often each value of `{name}` occurs, with intervals.");
    answer.block(&id, &title, &id, kind, says);
}

/// Says which columns are not drawn.
pub(super) fn note_left_out(answer: &mut Answer<'_>, n_drawn: usize, n_left: usize, texts: &[&str]) {
    if n_left > 0 {
        let text = format!(
            "The distributions of {n_drawn} columns are drawn: the target, sensitive columns and the features that tell most of \
             the target, unless `columns` chose others. Those of {n_left} more are not; the profile has all of them. `columns` \
             chooses which, `max_columns` how many."
        );
        answer.note(0.0, Note::new(Level::Info, "columns_not_drawn", text));
    }
    if !texts.is_empty() {
        let text = format!("Free text has no distribution to draw: {}.", some_of(texts, 8));
        answer.note(0.0, Note::new(Level::Info, "text_not_drawn", text));
    }
}
