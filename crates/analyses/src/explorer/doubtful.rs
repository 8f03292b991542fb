//! Rows whose label the model doubts strongly: suspects for wrong labels, by confident learning.

use equipoise_data::{Frame, Rows};
use equipoise_document::{Better, BlockKind, Level, Note, Table, TableColumn, Task, Unit};
use equipoise_kernels::{Merge, Tally};

use super::answer::{Answer, count_of, id, percent};
use crate::{AnalysisError, Context};

/// More classes are not crossed with each other.
const MOST_CLASSES: usize = 200;

/// Rows by label and by the label that the model is confident of, and the rows most in doubt.
///
/// After Northcutt, Jiang and Chuang (2021, doi:10.1613/jair.1.12125): the threshold of a class is the mean probability of
/// the class among the rows labelled so; a row is confidently of the class with the largest probability among those whose
/// threshold it reaches.
struct Joint {
    n_classes: usize,
    cells: Vec<Tally>,
    top: Vec<Suspect>,
    n_top: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Suspect {
    margin: f64,
    row: u64,
    label: usize,
    other: usize,
    of_label: f64,
    of_other: f64,
}

#[derive(Clone, Default)]
struct Means(Vec<(Tally, f64)>);

impl Merge for Means {
    fn merge_from(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            mine.0.merge_from(theirs.0);
            mine.1 += theirs.1;
        }
    }
}

impl Merge for Joint {
    fn merge_from(&mut self, other: Self) {
        self.cells.merge_from(other.cells);
        self.top.extend(other.top);
        self.keep();
    }
}

impl Joint {
    fn keep(&mut self) {
        self.top.sort_by(|a, b| b.margin.total_cmp(&a.margin).then(a.row.cmp(&b.row)));
        self.top.truncate(self.n_top);
    }
}

/// Probabilities of all classes of one row.
fn probabilities(rows: &Rows<'_>, row: usize, n_classes: usize, into: &mut Vec<f64>) -> bool {
    into.clear();
    let Some(p) = rows.probability else { return false };
    if p.len() == rows.len() {
        let Some(p) = p.get(row) else { return false };
        into.extend([1.0 - p, *p]);
    } else {
        into.extend(p.iter().skip(row * n_classes).take(n_classes));
    }
    into.len() == n_classes && into.iter().all(|p| p.is_finite())
}

/// Adds the suspects; nothing without probabilities of classes.
pub(super) fn add(answer: &mut Answer<'_>, context: &Context<'_>, target: &str) -> Result<(), AnalysisError> {
    let frame: &Frame = context.test.frame;
    let classes = context.classes;
    if context.task == Task::Regression || !frame.has_probability() || classes.len() < 2 {
        return Ok(());
    }
    context.check_stop()?;
    let n_classes = classes.len();
    if n_classes > MOST_CLASSES {
        let text =
            format!("Labels were not held against the model: there are {n_classes} classes, more than {MOST_CLASSES}.");
        answer.note(0.0, Note::new(Level::Info, "too_many_classes", text));
        return Ok(());
    }
    let means = frame.reduce(
        0,
        || Means(vec![(Tally::default(), 0.0); n_classes]),
        |means, rows| {
            let mut p = Vec::with_capacity(n_classes);
            for (row, label) in rows.truth.classes().iter().enumerate() {
                if !probabilities(rows, row, n_classes, &mut p) {
                    continue;
                }
                let w = rows.weight_at(row);
                if let (Some(mean), Some(p)) = (means.0.get_mut(usize::from(*label)), p.get(usize::from(*label))) {
                    mean.0.push(w);
                    mean.1 += w * p;
                }
            }
        },
    );
    let thresholds: Vec<f64> =
        means.0.iter().map(|(t, sum)| if t.w > 0.0 { sum / t.w } else { f64::INFINITY }).collect();
    let n_top = answer.params.suspect_rows as usize;
    let start = || Joint { n_classes, cells: vec![Tally::default(); n_classes * n_classes], top: Vec::new(), n_top };
    let joint = frame.reduce(0, start, |joint, rows| {
        let mut p = Vec::with_capacity(n_classes);
        for (row, label) in rows.truth.classes().iter().enumerate() {
            if !probabilities(rows, row, n_classes, &mut p) {
                continue;
            }
            let reached = p.iter().zip(&thresholds).enumerate().filter(|(_, (p, t))| *p >= *t);
            // Of equal probabilities the label's own class, else the first.
            let label = usize::from(*label);
            let best = reached.max_by(|(i, (a, _)), (j, (b, _))| {
                a.total_cmp(b).then((*i == label).cmp(&(*j == label))).then(j.cmp(i))
            });
            let Some((other, (of_other, _))) = best else { continue };
            if let Some(cell) = joint.cells.get_mut(label * n_classes + other) {
                cell.push(rows.weight_at(row));
            }
            if other != label && joint.n_top > 0 {
                let of_label = p.get(label).copied().unwrap_or(0.0);
                let suspect = Suspect {
                    margin: of_other - of_label,
                    row: rows.id(row),
                    label,
                    other,
                    of_label,
                    of_other: *of_other,
                };
                joint.top.push(suspect);
                if joint.top.len() >= 4 * joint.n_top.max(64) {
                    joint.keep();
                }
            }
        }
        joint.keep();
    });
    write(answer, context, &joint, target);
    Ok(())
}

fn write(answer: &mut Answer<'_>, context: &Context<'_>, joint: &Joint, target: &str) {
    let classes = context.classes;
    let n = joint.n_classes;
    let cell = |label: usize, other: usize| joint.cells.get(label * n + other).copied().unwrap_or_default();
    let whole: Tally = context
        .test
        .frame
        .reduce(0, Whole::default, |sum, rows| {
            (0..rows.len()).for_each(|row| sum.0.push(rows.weight_at(row)));
        })
        .0;
    let off: Tally =
        (0..n).flat_map(|a| (0..n).filter(move |b| *b != a).map(move |b| (a, b))).map(|(a, b)| cell(a, b)).sum();
    let estimate = answer.share(id("doubtful_label_share"), off, whole, Better::Lower);
    let all = answer.add(estimate);
    let (mut labels, mut others, mut rows, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut pairs: Vec<(usize, usize)> =
        (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|(a, b)| a != b).collect();
    pairs.sort_by(|(a, b), (c, d)| cell(*c, *d).w.total_cmp(&cell(*a, *b).w).then((a, b).cmp(&(c, d))));
    pairs.truncate(60);
    let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
    let labelled = |class: usize| context_labelled(joint, class);
    for (label, other) in &pairs {
        let id = id("doubtful_label_share").of_group(&[(target, name(*label)), ("confident", name(*other))]);
        let estimate = answer.share(id, cell(*label, *other), labelled(*label), Better::Lower);
        ids.push(Some(answer.add(estimate)));
        labels.push(name(*label));
        others.push(name(*other));
        rows.push(cell(*label, *other).n);
    }
    let table = Table::new("doubtful_labels", "Labels in doubt")
        .column(TableColumn::text("label", &format!("Label of {target}"), labels))
        .column(TableColumn::text("other", "The model is confident of", others))
        .column(TableColumn::rows("n", "Rows", rows))
        .column(TableColumn::estimate("share", "Share of the confident rows with this label", ids));
    answer.table(table);
    let says = "Rows that the model is confident belong to another class than their label says (confident learning: its \
                probability reaches the mean it has for rows of that class). They are suspects, not errors: a model that was \
                trained on wrong labels, or is wrong itself, doubts right ones.";
    answer.block("doubtful_labels", "Labels in doubt", "doubtful_labels", BlockKind::Table {}, says);
    if !joint.top.is_empty() {
        let row_ids = context.test.frame.row_ids();
        let row = |s: &Suspect| {
            let place = usize::try_from(s.row).unwrap_or(usize::MAX);
            let row = row_ids.map_or(s.row, |ids| ids.get(place).copied().map_or(s.row, u64::from));
            i64::try_from(row).ok().map(|row| row + 1)
        };
        let table = Table::new("doubtful_rows", "Rows most in doubt")
            .column(TableColumn::integer("row", "Row (from 1)", joint.top.iter().map(row)))
            .column(TableColumn::text("label", "Label", joint.top.iter().map(|s| name(s.label))))
            .column(
                TableColumn::number("of_label", "Probability of it", joint.top.iter().map(|s| Some(s.of_label)))
                    .with_unit(Unit::Share),
            )
            .column(TableColumn::text("other", "The model says", joint.top.iter().map(|s| name(s.other))))
            .column(
                TableColumn::number("of_other", "Probability of that", joint.top.iter().map(|s| Some(s.of_other)))
                    .with_unit(Unit::Share),
            );
        answer.table(table);
        let says = format!(
            "The {} whose label the model contradicts most strongly, by the number of the row in the data. Look at them before anything \
             is changed.",
            count_of(joint.top.len() as u64, "row")
        );
        answer.block("doubtful_rows", "Rows most in doubt", "doubtful_rows", BlockKind::Table {}, says);
    }
    if off.n > 0 {
        let text = format!(
            "{} ({}) are suspects for a wrong label: the model is confident of another class. They may as well be the model's own \
             errors.",
            count_of(off.n, "row"),
            percent(off.share_of(whole).unwrap_or(0.0))
        );
        answer.note(20.0, Note::new(Level::Finding, "label_noise_suspects", text).about([all]));
    }
}

#[derive(Default)]
struct Whole(Tally);

impl Merge for Whole {
    fn merge_from(&mut self, other: Self) {
        self.0.merge_from(other.0);
    }
}

/// Rows with a label that the model is confident of anything.
fn context_labelled(joint: &Joint, label: usize) -> Tally {
    (0..joint.n_classes).filter_map(|other| joint.cells.get(label * joint.n_classes + other)).copied().sum()
}
