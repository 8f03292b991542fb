//! Rows that occur more than once, and rows of the test data that were trained on.

use equipoise_document::{Better, BlockKind, Level, Note, Table, TableColumn};
use equipoise_kernels::Tally;

use super::answer::{Answer, count_of, grouped, id, percent};
use super::counts::Counts;

/// Adds copies among the rows, copies with another truth, and rows that the training data has too.
///
/// Rows are told by 64-bit hashes of all columns but those that name, weigh or foretell, for contradictions of all features: among a million rows two different ones are taken for copies with
/// probability 3·10⁻⁸.
pub(super) fn add(answer: &mut Answer<'_>, test: &Counts, train: Option<&Counts>, target: &str) {
    let n = test.rows.len() as u64;
    if n == 0 {
        return;
    }
    let (mut n_copies, mut largest) = (0_u64, 0_u64);
    let mut rows = test.rows.clone();
    rows.sort_unstable();
    for group in rows.chunk_by(|a, b| a == b).filter(|group| group.len() > 1) {
        n_copies += group.len() as u64 - 1;
        largest = largest.max(group.len() as u64);
    }
    let mut pairs: Vec<(u64, u64)> = test.features.iter().copied().zip(test.truths.iter().copied()).collect();
    pairs.sort_unstable();
    let has_both = |group: &&[(u64, u64)]| group.first().map(|p| p.1) != group.last().map(|p| p.1);
    let n_contradicting = pairs.chunk_by(|a, b| a.0 == b.0).filter(has_both).map(|g| g.len() as u64).sum::<u64>();
    let whole = Tally::of(n);
    let share = |answer: &mut Answer<'_>, metric: &str, some: u64| {
        let estimate = answer.share(id(metric), Tally::of(some), whole, Better::Lower);
        (answer.add(estimate), some)
    };
    let copies = share(answer, "duplicate_share", n_copies);
    let contradicting = share(answer, "contradicting_share", n_contradicting);
    let mut lines = vec![
        ("Copies of an earlier row in all columns", copies),
        ("Rows equal to another in all features, with another truth", contradicting),
    ];
    if n_copies > 0 {
        let text = format!(
            "{} of {} are copies of another in all columns ({}); the most frequent one occurs {} times. Copies count as \
             rows in every interval, which makes intervals too short if they are one case written down twice.",
            grouped(n_copies),
            count_of(n, "row"),
            percent(fraction(n_copies, n)),
            grouped(largest)
        );
        let level = if fraction(n_copies, n) >= 0.01 { Level::Caution } else { Level::Finding };
        answer.note(80.0, Note::new(level, "duplicate_rows", text).about([id("duplicate_share")]));
    }
    if n_contradicting > 0 {
        let text = format!(
            "{} agree with another row in all features but not in `{target}`: no model can be right on both.",
            count_of(n_contradicting, "row")
        );
        answer.note(70.0, Note::new(Level::Finding, "contradicting_rows", text).about([id("contradicting_share")]));
    }
    if let Some(train) = train.filter(|train| !train.rows.is_empty()) {
        let mut known = train.rows.clone();
        known.sort_unstable();
        let n_known = test.rows.iter().filter(|row| known.binary_search(row).is_ok()).count() as u64;
        let of_train = share(answer, "train_overlap_share", n_known);
        lines.push(("Rows that the training data has too", of_train));
        if n_known > 0 {
            let text = format!(
                "{} of the test data ({}) occur in the training data too, equal in all columns: errors measured on them are too \
                 small if they are the same cases.",
                count_of(n_known, "row"),
                percent(fraction(n_known, n))
            );
            let level = if fraction(n_known, n) >= 0.01 { Level::Concern } else { Level::Caution };
            answer.note(900.0, Note::new(level, "train_test_overlap", text).about([id("train_overlap_share")]));
        }
    }
    let table = Table::new("copies", "Rows that occur more than once")
        .column(TableColumn::text("what", "What", lines.iter().map(|line| line.0)))
        .column(TableColumn::rows("n", "Rows", lines.iter().map(|line| line.1.1)))
        .column(TableColumn::estimate("share", "Share", lines.iter().map(|line| Some(line.1.0.clone()))));
    answer.table(table);
    let says = format!(
        "Of {}, {} are copies of another row in all columns. Weights do not enter.",
        count_of(n, "row"),
        grouped(n_copies)
    );
    answer.block("copies", "Rows that occur more than once", "copies", BlockKind::Table {}, says);
}

#[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
fn fraction(some: u64, all: u64) -> f64 {
    some as f64 / all.max(1) as f64
}
