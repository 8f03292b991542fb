//! ROC curves, calibration and rates by threshold of each group.

use equipoise_document::{Axis, Block, BlockKind, Reference, Table, TableColumn, Unit};
use equipoise_kernels::{Confidence, wilson};

use super::aggregate::Settings;
use super::apart::{MOST_GROUPS, roc_curves, sides};
use super::groups::Slice;
use super::scores::SortedRows;

/// ROC curves, calibration and a sweep over thresholds, by group, with their pictures.
pub(super) fn curves(sorted: &SortedRows, slice: &Slice, settings: Settings<'_>) -> (Vec<Table>, Vec<Block>) {
    let n_groups = slice.groups.len();
    if n_groups > MOST_GROUPS || n_groups == 0 {
        return (Vec::new(), Vec::new());
    }
    let all = sides(sorted.scored(slice), n_groups);
    let mut roc: Vec<(String, f64, f64)> = Vec::new();
    for (group, pieces) in slice.groups.iter().zip(roc_curves(sorted.scored(slice), &all)) {
        // At most some hundred points a curve: those where the curve has moved by a hundredth.
        let (mut x, mut last) = (0.0, (-1.0, -1.0));
        let mut take = |point: (f64, f64), always: bool| {
            if (point.0 - last.0) + (point.1 - last.1) >= 0.01 || always {
                roc.push((group.name(), point.0, point.1));
                last = point;
            }
        };
        for (place, piece) in pieces.iter().enumerate() {
            take((x, piece.y), false);
            if place + 1 == pieces.len() {
                take((piece.x, piece.y + piece.slope * (piece.x - x)), true);
            }
            x = piece.x;
        }
    }
    let id = |what: &str| slice.table_id(what);
    let roc_table = Table::new(&id("roc"), &format!("ROC curves by {}", slice.title()))
        .column(TableColumn::text("group", "Group", roc.iter().map(|r| r.0.clone())))
        .column(
            TableColumn::number("false_positive_rate", "False positive rate", roc.iter().map(|r| Some(r.1)))
                .with_unit(Unit::Share),
        )
        .column(
            TableColumn::number("true_positive_rate", "True positive rate", roc.iter().map(|r| Some(r.2)))
                .with_unit(Unit::Share),
        );
    let calibration = calibration(slice, settings);
    let sweep = sweep(sorted, slice, &all);
    let share = |title: &str| Axis::titled(title).within(0.0, 1.0);
    let curve = |x: &str, y: &str, ends: bool, titles: (&str, &str), reference: Option<Reference>| BlockKind::Curve {
        x: x.to_owned(),
        y: y.to_owned(),
        low: ends.then(|| "low".to_owned()),
        high: ends.then(|| "high".to_owned()),
        series: Some("group".to_owned()),
        x_axis: share(titles.0),
        y_axis: share(titles.1),
        reference,
    };
    let by = slice.title();
    let blocks = vec![
        Block::new(
            &id("roc"),
            &format!("ROC curves by {by}"),
            &id("roc"),
            curve(
                "false_positive_rate",
                "true_positive_rate",
                false,
                ("False positive rate", "True positive rate"),
                Some(Reference::Diagonal),
            ),
            "Where curves lie apart, no threshold gives all groups the same rates.",
        ),
        Block::new(
            &id("calibration"),
            &format!("Calibration by {by}"),
            &id("calibration"),
            curve("predicted", "observed", true, ("Mean prediction", "Share of positives"), Some(Reference::Diagonal)),
            "A group whose curve lies above the line has more positives than the model says.",
        ),
        Block::new(
            &id("thresholds"),
            &format!("Selection rate by threshold and {by}"),
            &id("thresholds"),
            curve("threshold", "selection_rate", false, ("Threshold", "Selection rate"), None),
            "How many of each group would be selected if the threshold were another.",
        ),
    ];
    (vec![roc_table, calibration, sweep], blocks)
}

fn calibration(slice: &Slice, settings: Settings<'_>) -> Table {
    let mut rows: Vec<(String, [Option<f64>; 5])> = Vec::new();
    for group in &slice.groups {
        let bins = group.counted.moments.as_ref().and_then(|m| m.bins.as_deref());
        for [w, p, y, squares] in bins.into_iter().flatten().filter(|[w, ..]| *w > 0.0) {
            let n = equipoise_kernels::kish(*w, *squares);
            let ends = wilson(y / w, n, Confidence::at(settings.level));
            let ends = [ends.map(|e| e.low), ends.map(|e| e.high)];
            rows.push((group.name(), [Some(p / w), Some(y / w), ends[0], ends[1], Some(*w)]));
        }
    }
    let number = |id: &str, title: &str, place: usize| {
        TableColumn::number(id, title, rows.iter().map(|r| r.1.get(place).copied().flatten()))
    };
    let share = |id: &str, title: &str, place: usize| number(id, title, place).with_unit(Unit::Share);
    Table::new(&slice.table_id("calibration"), &format!("Calibration by {}", slice.title()))
        .column(TableColumn::text("group", "Group", rows.iter().map(|r| r.0.clone())))
        .column(share("predicted", "Mean prediction", 0))
        .column(share("observed", "Share of positives", 1))
        .column(share("low", "Lower end", 2))
        .column(share("high", "Upper end", 3))
        .column(number("weight", "Weight", 4))
}

/// Rates at 19 thresholds; a score at or above the threshold is selected.
fn sweep(sorted: &SortedRows, slice: &Slice, all: &[[f64; 2]]) -> Table {
    let thresholds: Vec<f64> = (1..20).map(|step| f64::from(step) / 20.0).collect();
    // Weights of each group's sides from each threshold up to the next.
    let mut steps = vec![[[0.0; 2]; 19]; all.len()];
    let mut passed = 0_usize;
    for row in sorted.scored(slice) {
        while thresholds.get(passed).is_some_and(|t| *t <= row.score) {
            passed += 1;
        }
        let step = passed.checked_sub(1).and_then(|step| steps.get_mut(row.group)?.get_mut(step));
        if let Some(side) = step.and_then(|s| s.get_mut(usize::from(row.is_positive))) {
            *side += row.weight;
        }
    }
    let mut rows: Vec<(String, f64, [Option<f64>; 3])> = Vec::new();
    for ((group, steps), all) in slice.groups.iter().zip(&steps).zip(all) {
        let mut above = [0.0, 0.0];
        let at = |(threshold, [negative, positive]): (&f64, &[f64; 2])| {
            above = [above[0] + negative, above[1] + positive];
            let share = |a: f64, b: f64| (b > 0.0).then(|| a / b);
            let rates = [share(above[0] + above[1], all[0] + all[1]), share(above[1], all[1]), share(above[0], all[0])];
            (group.name(), *threshold, rates)
        };
        let of_group: Vec<_> = thresholds.iter().zip(steps).rev().map(at).collect();
        rows.extend(of_group.into_iter().rev());
    }
    let rate = |id: &str, title: &str, place: usize| {
        TableColumn::number(id, title, rows.iter().map(|r| r.2.get(place).copied().flatten())).with_unit(Unit::Share)
    };
    Table::new(&slice.table_id("thresholds"), &format!("Rates by threshold and {}", slice.title()))
        .column(TableColumn::text("group", "Group", rows.iter().map(|r| r.0.clone())))
        .column(TableColumn::number("threshold", "Threshold", rows.iter().map(|r| Some(r.1))).with_unit(Unit::Share))
        .column(rate("selection_rate", "Selection rate", 0))
        .column(rate("true_positive_rate", "True positive rate", 1))
        .column(rate("false_positive_rate", "False positive rate", 2))
}
