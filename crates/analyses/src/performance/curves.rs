//! Confusion matrix, curves over all thresholds, calibration and score distributions.

use equipoise_document::{Axis, Better, Block, BlockKind, EstimateId, Level, Reference, Table, TableColumn, Unit};
use equipoise_kernels::{CalibrationRule, CellCounts, Confusion2, Measured, Share, SortedScores};

use super::ID;
use super::answer::{Answer, Support, number};
use super::multiclass::{Gathered, View};

/// Truth by prediction, in rows and as shares of the true class.
pub(super) fn confusion(answer: &mut Answer<'_>, counts: &CellCounts) {
    let classes = answer.context.classes;
    let k = classes.len();
    let weights = counts.weights();
    let of_truth = weights.truth();
    let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
    let shares =
        weights.cells().iter().enumerate().map(|(cell, weight)| {
            of_truth.get(cell / k.max(1)).filter(|truth| **truth > 0.0).map(|truth| weight / truth)
        });
    let mut table = Table::new("confusion", "Confusion matrix")
        .column(TableColumn::text("truth", "Truth", (0..k * k).map(|cell| name(cell / k))))
        .column(TableColumn::text("predicted", "Prediction", (0..k * k).map(|cell| name(cell % k))))
        .column(TableColumn::rows("n", "Rows", counts.rows().iter().copied()));
    if answer.context.test.frame.is_weighted() {
        table = table.column(TableColumn::number("weight", "Weight", weights.cells().iter().map(|w| Some(*w))));
    }
    let shares = TableColumn::number("share_of_truth", "Share of the true class", shares).with_unit(Unit::Share);
    answer.table(table.column(shares));
    let kind = |value: &str| BlockKind::Matrix { row: "truth".into(), column: "predicted".into(), value: value.into() };
    let says = "Rows by true class (down) and predicted class (across); right predictions lie on the diagonal.";
    answer.block(Block::new("confusion", "Confusion matrix", "confusion", kind("n"), says));
    let says = "The same as shares of each true class: the diagonal shows every class's recall.";
    answer.block(Block::new(
        "confusion_shares",
        "Confusion matrix, shares of the true class",
        "confusion",
        kind("share_of_truth"),
        says,
    ));
}

/// Everything that all scores of a yes/no prediction show.
pub(super) fn of_scores(answer: &mut Answer<'_>, scores: &SortedScores) {
    if scores.check().is_err() {
        return;
    }
    roc_and_precision(answer, scores);
    reliability(answer, scores, "Predicted probability", "Share truly positive");
    distribution(answer, scores);
    gains(answer, scores);
    thresholds(answer, scores);
    super::notes::scores_in_bins(answer, scores);
}

fn roc_and_precision(answer: &mut Answer<'_>, scores: &SortedScores) {
    let points = scores.curve(200);
    let rate = |share: Share| points.iter().map(move |(_, cells)| cells.share(share).ok()).collect::<Vec<_>>();
    if scores.positive().weight > 0.0 && scores.negative().weight > 0.0 {
        let n = scores.positive().n_effective();
        let ends: Vec<_> = points
            .iter()
            .map(|(_, cells)| {
                cells.true_positive_rate().ok().and_then(|p| equipoise_kernels::wilson(p, n, answer.confidence))
            })
            .collect();
        let table = Table::new("roc", "ROC curve")
            .column(TableColumn::number("threshold", "Threshold", points.iter().map(|(t, _)| *t)))
            .column(share("false_positive_rate", "False positive rate", rate(Share::FalsePositiveRate)))
            .column(share("true_positive_rate", "True positive rate", rate(Share::TruePositiveRate)))
            .column(share("low", "Lower end", ends.iter().map(|e| e.map(|e| e.low)).collect()))
            .column(share("high", "Upper end", ends.iter().map(|e| e.map(|e| e.high)).collect()));
        answer.table(table);
        answer.block(Block::new(
            "roc",
            "ROC curve",
            "roc",
            BlockKind::Curve {
                x: "false_positive_rate".into(),
                y: "true_positive_rate".into(),
                low: Some("low".into()),
                high: Some("high".into()),
                series: None,
                x_axis: Axis::titled("False positive rate").within(0.0, 1.0),
                y_axis: Axis::titled("True positive rate").within(0.0, 1.0),
                reference: Some(Reference::Diagonal),
            },
            "Positives found against false alarms as the threshold falls; the diagonal is guessing.",
        ));
    }
    if scores.positive().weight > 0.0 {
        // Where nobody is selected there is no precision; the curve starts at the first score.
        let shown: Vec<_> = points.iter().filter(|(threshold, _)| threshold.is_some()).collect();
        let of = |share: Share| shown.iter().map(move |(_, cells)| cells.share(share).ok()).collect::<Vec<_>>();
        let table = Table::new("precision_recall", "Precision-recall curve")
            .column(TableColumn::number("threshold", "Threshold", shown.iter().map(|(t, _)| *t)))
            .column(share("recall", "Recall", of(Share::TruePositiveRate)))
            .column(share("precision", "Precision", of(Share::Precision)));
        answer.table(table);
        let base = scores.positive().weight / scores.total();
        answer.block(Block::new(
            "precision_recall",
            "Precision-recall curve",
            "precision_recall",
            BlockKind::Curve {
                x: "recall".into(),
                y: "precision".into(),
                low: None,
                high: None,
                series: None,
                x_axis: Axis::titled("Recall").within(0.0, 1.0),
                y_axis: Axis::titled("Precision").within(0.0, 1.0),
                reference: Some(Reference::At(base)),
            },
            "Precision against the share of positives found as the threshold falls; the line is the base rate.",
        ));
    }
}

fn share(id: &str, title: &str, values: Vec<Option<f64>>) -> TableColumn {
    TableColumn::number(id, title, values).with_unit(Unit::Share)
}

/// Observed shares by bins of probability.
pub(super) fn reliability(answer: &mut Answer<'_>, scores: &SortedScores, predicted: &str, observed: &str) {
    if scores.check().is_err() {
        return;
    }
    let bins = scores.calibration_bins(answer.params.calibration);
    let measured: Vec<Measured> = bins.iter().map(|bin| bin.measure_observed(answer.confidence)).collect();
    let column =
        |id: &str, title: &str, of: &dyn Fn(usize) -> Option<f64>| share(id, title, (0..bins.len()).map(of).collect());
    let table = Table::new("reliability", "Reliability curve")
        .column(column("bin_low", "From", &|i| bins.get(i).map(|b| b.low)))
        .column(column("bin_high", "To", &|i| bins.get(i).map(|b| b.high)))
        .column(TableColumn::rows("n", "Rows", bins.iter().map(|b| b.rows())))
        .column(column("predicted", predicted, &|i| bins.get(i).map(|b| b.predicted)))
        .column(column("observed", observed, &|i| bins.get(i).map(|b| b.observed)))
        .column(column("low", "Lower end", &|i| measured.get(i).and_then(|m| m.ends).map(|e| e.low)))
        .column(column("high", "Upper end", &|i| measured.get(i).and_then(|m| m.ends).map(|e| e.high)));
    answer.table(table);
    answer.block(Block::new(
        "reliability",
        "Reliability curve",
        "reliability",
        BlockKind::Curve {
            x: "predicted".into(),
            y: "observed".into(),
            low: Some("low".into()),
            high: Some("high".into()),
            series: None,
            x_axis: Axis::titled(predicted).within(0.0, 1.0),
            y_axis: Axis::titled(observed).within(0.0, 1.0),
            reference: Some(Reference::Diagonal),
        },
        "What happened against what was predicted, in bins; on the diagonal probabilities mean what they say.",
    ));
}

fn distribution(answer: &mut Answer<'_>, scores: &SortedScores) {
    let bins = scores.calibration_bins(CalibrationRule::Widths(20));
    let classes = answer.context.classes;
    let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
    let side = |class: usize| {
        let total = if class == 1 { scores.positive() } else { scores.negative() }.weight;
        bins.iter().map(move |bin| {
            let here = if class == 1 { bin.positive } else { bin.negative };
            (bin.low, bin.high, name(class), here.rows, (total > 0.0).then(|| here.weight / total))
        })
    };
    let rows: Vec<_> = side(0).chain(side(1)).collect();
    let table = Table::new("scores", "Score distribution by true class")
        .column(TableColumn::number("low", "From", rows.iter().map(|r| Some(r.0))))
        .column(TableColumn::number("high", "To", rows.iter().map(|r| Some(r.1))))
        .column(TableColumn::text("truth", "Truth", rows.iter().map(|r| r.2.clone())))
        .column(TableColumn::rows("n", "Rows", rows.iter().map(|r| r.3)))
        .column(share("share", "Share of the true class", rows.iter().map(|r| r.4).collect()));
    answer.table(table);
    answer.block(Block::new(
        "scores",
        "Scores by true class",
        "scores",
        BlockKind::Distribution {
            low: "low".into(),
            high: "high".into(),
            value: "share".into(),
            series: Some("truth".into()),
            axis: Axis::titled("Predicted probability").within(0.0, 1.0),
        },
        "How probabilities are spread among rows of each true class; the less they overlap the better.",
    ));
}

fn gains(answer: &mut Answer<'_>, scores: &SortedScores) {
    if scores.positive().weight <= 0.0 {
        return;
    }
    let descending: Vec<f64> = (0..=20_u32).rev().map(|i| f64::from(i) / 20.0).collect();
    let mut rows: Vec<(f64, Confusion2)> =
        descending.iter().copied().zip(scores.tops(&descending).into_iter().map(|(cells, _)| cells)).collect();
    rows.reverse();
    let lift = |cells: &Confusion2| Some(cells.precision().ok()? / cells.base_rate().ok()?);
    let table = Table::new("gains", "Gains and lift")
        .column(share("selected", "Share selected", rows.iter().map(|r| Some(r.0)).collect()))
        .column(share(
            "found",
            "Share of positives found",
            rows.iter().map(|r| r.1.true_positive_rate().ok()).collect(),
        ))
        .column(TableColumn::number("lift", "Lift", rows.iter().map(|r| lift(&r.1))));
    answer.table(table);
    answer.block(Block::new(
        "gains",
        "Gains",
        "gains",
        BlockKind::Curve {
            x: "selected".into(),
            y: "found".into(),
            low: None,
            high: None,
            series: None,
            x_axis: Axis::titled("Share selected, highest scores first").within(0.0, 1.0),
            y_axis: Axis::titled("Share of positives found").within(0.0, 1.0),
            reference: Some(Reference::Diagonal),
        },
        "Positives found when only the highest scores are selected; the diagonal is a random choice.",
    ));
}

fn thresholds(answer: &mut Answer<'_>, scores: &SortedScores) {
    let n = answer.params.thresholds;
    let mut distinct = Vec::new();
    scores.for_each_tie(|tie| {
        if distinct.len() <= n as usize {
            distinct.push(tie.score);
        }
    });
    let list: Vec<f64> =
        if distinct.len() <= n as usize { distinct } else { (0..n).map(|i| f64::from(i) / f64::from(n - 1)).collect() };
    let cells: Vec<Confusion2> = scores.at_thresholds(&list).into_iter().map(|(cells, _)| cells).collect();
    let rate = |of: Share| cells.iter().map(|c| c.share(of).ok()).collect::<Vec<_>>();
    let costs = answer.params.costs;
    let table = Table::new("thresholds", "Thresholds")
        .column(TableColumn::number("threshold", "Threshold", list.iter().map(|t| Some(*t))))
        .column(share("selection_rate", "Selection rate", rate(Share::SelectionRate)))
        .column(share("true_positive_rate", "True positive rate", rate(Share::TruePositiveRate)))
        .column(share("false_positive_rate", "False positive rate", rate(Share::FalsePositiveRate)))
        .column(share("precision", "Precision", rate(Share::Precision)))
        .column(share("f1", "F1", cells.iter().map(|c| c.f1().ok()).collect()))
        .column(share("accuracy", "Accuracy", rate(Share::Accuracy)))
        .column(TableColumn::number(
            "expected_cost",
            "Expected cost",
            cells.iter().map(|c| c.expected_cost(&costs).ok()),
        ));
    answer.table(table);
    answer.block(Block::new(
        "thresholds",
        "Cost by threshold",
        "thresholds",
        BlockKind::Curve {
            x: "threshold".into(),
            y: "expected_cost".into(),
            low: None,
            high: None,
            series: None,
            x_axis: Axis::titled("Threshold").within(0.0, 1.0),
            y_axis: Axis::titled("Expected cost per row"),
            reference: None,
        },
        "Mean cost of a row when probabilities at or above the threshold are predicted positive.",
    ));
    if let Ok((threshold, cost)) = scores.cheapest(&costs) {
        let at = match threshold {
            Some(t) => format!("At a threshold of {}", number(t)),
            None => "With nobody predicted positive".to_owned(),
        };
        let text = format!(
            "{at} the expected cost is lowest: {} per row, with {} for a false positive and {} for a false negative. It \
             was chosen on these rows, so expect a little more on others.",
            number(cost),
            number(costs.fp),
            number(costs.fn_)
        );
        let about = vec![answer.id("expected_cost", 0)];
        let about = if answer.params.wants("expected_cost") { about } else { Vec::new() };
        answer.note(Level::Info, "cheapest_threshold", text, about);
    }
}

/// Precision, recall, F1 and areas of every class.
pub(super) fn by_class(answer: &mut Answer<'_>, gathered: &Gathered, view: &View) {
    let classes = answer.context.classes;
    let target = answer.context.spec.target.clone().unwrap_or_else(|| "target".to_owned());
    let n_effective = answer.context.test.frame.is_weighted();
    type Column<'a> = (&'a str, &'a str, Vec<Measured>);
    let of = |f: &dyn Fn(usize) -> Measured| (0..classes.len()).map(f).collect::<Vec<_>>();
    let mut columns: Vec<Column<'_>> = vec![
        ("precision", "Precision", of(&|c| view.of_class(c, Share::Precision))),
        ("recall", "Recall", of(&|c| view.of_class(c, Share::TruePositiveRate))),
        ("f1", "F1", of(&|c| view.f1_of_class(c))),
    ];
    if let Some(scored) = &gathered.scored {
        columns.push(("roc_auc", "ROC AUC", scored.areas.roc_auc.clone()));
        columns.push(("average_precision", "Average precision", scored.areas.average_precision.clone()));
    }
    let cells: Vec<[u64; 4]> = (0..classes.len()).map(|c| gathered.counts.binary_rows(c)).collect();
    let mut table = Table::new("by_class", "By class")
        .column(TableColumn::text("class", "Class", classes.iter().cloned()))
        .column(TableColumn::rows("n", "Rows", cells.iter().map(|[tp, _, fn_, _]| tp + fn_)))
        .column(TableColumn::rows("predicted", "Predicted", cells.iter().map(|[tp, fp, ..]| tp + fp)));
    for (metric, title, measured) in columns {
        let mut ids = Vec::new();
        for ((class, measured), [tp, fp, fn_, _]) in classes.iter().zip(measured).zip(&cells) {
            let id = EstimateId::new(ID, metric).of_group(&[(target.as_str(), class.as_str())]);
            let n = if metric == "precision" { tp + fp } else { tp + fn_ };
            let support = Support { n, n_effective: n_effective.then(|| gathered.counts.n_effective()) };
            ids.push(Some(answer.add(id, measured, support, Better::Higher, Unit::Share)));
        }
        table = table.column(TableColumn::estimate(metric, title, ids).with_unit(Unit::Share));
    }
    answer.table(table);
    answer.block(Block::new(
        "by_class",
        "Recall by class",
        "by_class",
        BlockKind::Dots {
            label: "class".into(),
            value: "recall".into(),
            series: None,
            axis: Axis::titled("Recall").within(0.0, 1.0),
            reference: None,
        },
        "Share of each true class that is predicted right.",
    ));
}
