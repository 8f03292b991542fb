//! How often each class occurs, in each part and each cohort.

use equipoise_data::{Frame, Target};
use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, EstimateId, Level, Missing, Note, Table, TableColumn,
};
use equipoise_kernels::{Tally, log_interval};

use super::answer::{Answer, id, part_name, percent};

/// A share below which the rarest class is called rare.
const RARE: f64 = 0.1;

/// One line of the table.
struct Line {
    rows: String,
    class: String,
    tally: Tally,
    share: EstimateId,
}

/// Rows by class of a cohort of a frame.
pub(super) fn count(frame: &Frame, cohort: usize, n_classes: usize) -> Vec<Tally> {
    frame.reduce(
        cohort,
        || vec![Tally::default(); n_classes],
        |tallies, rows| {
            let Target::Class(classes) = rows.truth else { return };
            match rows.weight {
                None => {
                    let mut counts = vec![0_u64; n_classes];
                    for class in classes {
                        if let Some(n) = counts.get_mut(usize::from(*class)) {
                            *n += 1;
                        }
                    }
                    for (tally, n) in tallies.iter_mut().zip(counts) {
                        let more = Tally::of(n);
                        *tally = Tally { n: tally.n + more.n, w: tally.w + more.w, ww: tally.ww + more.ww };
                    }
                }
                Some(weights) => {
                    for (class, weight) in classes.iter().zip(weights) {
                        if let Some(tally) = tallies.get_mut(usize::from(*class)) {
                            tally.push(*weight);
                        }
                    }
                }
            }
        },
    )
}

/// Adds shares and imbalance of the classes of both parts, and of the cohorts of the test data.
pub(super) fn add(answer: &mut Answer<'_>, target: &str, classes: &[String], frames: &[&Frame]) {
    let mut lines = Vec::new();
    for (part, frame) in frames.iter().enumerate() {
        for (cohort, described) in frame.cohorts().iter().enumerate().take(if part == 0 { usize::MAX } else { 1 }) {
            let name = (cohort > 0).then_some(described.name.as_str());
            let tallies = count(frame, cohort, classes.len());
            let rows = name.map_or_else(|| part_name(part).to_owned(), |name| format!("{}: {name}", part_name(part)));
            let whole: Tally = tallies.iter().copied().sum();
            for (class, tally) in classes.iter().zip(&tallies) {
                let share = id(part, "class_share").of_group(&[(target, class)]).within(name);
                let estimate = answer.share(share.clone(), *tally, whole);
                answer.section.estimates.push(estimate);
                lines.push(Line { rows: rows.clone(), class: class.clone(), tally: *tally, share });
            }
            let ratio = imbalance(answer, id(part, "imbalance_ratio").within(name), &tallies);
            if cohort == 0 {
                say(answer, part, target, classes, &tallies, &ratio);
            }
            answer.section.estimates.push(ratio);
        }
    }
    let table = Table::new("classes", "How often each class occurs")
        .column(TableColumn::text("rows", "Rows", lines.iter().map(|l| l.rows.as_str())))
        .column(TableColumn::text("class", target, lines.iter().map(|l| l.class.as_str())))
        .column(TableColumn::rows("n", "Rows of the class", lines.iter().map(|l| l.tally.n)))
        .column(TableColumn::estimate("share", "Share", lines.iter().map(|l| Some(l.share.clone()))));
    answer.section.tables.push(table);
    let bars = BlockKind::Bars {
        label: "class".into(),
        value: "share".into(),
        series: Some("rows".into()),
        axis: Axis::titled("share of rows").within(0.0, 1.0),
    };
    let says = format!("The share of rows with each value of `{target}`, with intervals.");
    answer.section.blocks.push(Block::new("classes", "Balance of the target", "classes", bars, says));
}

/// Most frequent over rarest class; the interval is that of a ratio of two counts, symmetric on the logarithm.
fn imbalance(answer: &Answer<'_>, id: EstimateId, tallies: &[Tally]) -> Estimate {
    let whole: Tally = tallies.iter().copied().sum();
    let by_weight = |a: &&Tally, b: &&Tally| a.w.total_cmp(&b.w);
    let ends = (tallies.iter().max_by(by_weight), tallies.iter().min_by(by_weight));
    let (value, interval) = match ends {
        (Some(most), Some(least)) if least.w > 0.0 => {
            let ratio = most.w / least.w;
            let error = ratio * (most.ww / (most.w * most.w) + least.ww / (least.w * least.w)).sqrt();
            (Ok(ratio), log_interval(ratio, error, answer.confidence))
        }
        _ => (Err(if whole.n == 0 { Missing::Empty } else { Missing::ZeroDenominator }), None),
    };
    Estimate::from_result(id, value, whole.n, Better::One)
        .with_interval(answer.interval(interval, "delta_log"))
        .with_n_effective(answer.n_effective(whole))
        .flagged_small(tallies.iter().any(|t| answer.is_small(*t)))
}

fn say(answer: &mut Answer<'_>, part: usize, target: &str, classes: &[String], tallies: &[Tally], ratio: &Estimate) {
    let whole: Tally = tallies.iter().copied().sum();
    let rarest = classes.iter().zip(tallies).min_by(|a, b| a.1.w.total_cmp(&b.1.w));
    let Some((class, share, n)) = rarest.and_then(|(c, t)| Some((c, t.share_of(whole)?, t.n))) else { return };
    let part = part_name(part);
    let level = if share < RARE { Level::Concern } else { Level::Finding };
    let ratio_says =
        ratio.value.map_or_else(String::new, |r| format!(", one for every {r:.1} of the most frequent class"));
    let text = format!(
        "In the {part} data the rarest class of `{target}` is `{class}`: {} of rows ({n}){ratio_says}.",
        percent(share)
    );
    answer.note(1.0 - share, Note::new(level, "class_balance", text).about([ratio.id.clone()]));
}
