//! Single rows: what moved their prediction, which rows are alike, and how steady the explanation is.

use equipoise_data::{Column, Rows};
use equipoise_document::Task;
use equipoise_kernels::Draws;

use super::explainer::Explainer;
use super::groups::spearman;
use super::params::problem;
use super::pass::Kept;
use super::subject::Subject;
use super::table::{Table, shown};
use crate::AnalysisError;

/// Rows that are explained one by one at most.
const MOST_ROWS: usize = 100;
/// Disturbed copies of a row.
const COPIES: usize = 10;
/// As [`COPIES`], where the model must be asked.
const ASKED_COPIES: usize = 3;
/// Numbers are disturbed by this share of their standard deviation.
const DISTURBANCE: f64 = 0.05;
/// Rows that are most like a row.
pub(super) const NEAREST: usize = 3;

/// One row and its explanation.
pub(super) struct Local {
    /// Its number in the data.
    pub(super) row: u32,
    pub(super) why: String,
    pub(super) truth: String,
    pub(super) predicted: String,
    /// The output that is explained.
    pub(super) output: usize,
    /// One per feature.
    pub(super) values: Vec<f64>,
    /// One per feature; empty for exact methods.
    pub(super) errors: Vec<f64>,
    /// What the row holds, for people.
    pub(super) shown: Vec<String>,
    pub(super) base: f64,
    /// What the model itself says.
    pub(super) total: f64,
    /// Rows that are most alike: number in the data and Gower's distance.
    pub(super) nearest: Vec<(u32, f64)>,
    /// Mean rank correlation of the attributions with those of slightly disturbed copies.
    pub(super) stability: Option<f64>,
}

/// A place in the frame and why it is looked at.
struct Picked {
    place: u32,
    why: String,
}

/// Explains the asked rows, or a few telling ones.
pub(super) fn run(subject: &Subject<'_>, explainer: &Explainer<'_>, kept: &Kept) -> Result<Vec<Local>, AnalysisError> {
    let picked = if subject.params.rows.is_empty() { telling(subject) } else { asked(subject)? };
    // In the order of the data, as tables are read.
    let mut order: Vec<usize> = (0..picked.len()).collect();
    order.sort_by_key(|i| picked.get(*i).map(|p| p.place));
    let places: Vec<u32> = order.iter().filter_map(|i| picked.get(*i)).map(|p| p.place).collect();
    let rows = subject.rows_at(&places)?;
    let explained = explainer.explain(subject, &rows, &places)?;
    let (k, d) = (explainer.n_outputs, subject.n_features());
    let spreads = Spreads::over(kept);
    let numbers = subject.dataset_rows(&places);
    let mut all: Vec<(usize, Local)> = Vec::new();
    for (row, asked_at) in order.iter().enumerate() {
        subject.context.check_stop()?;
        let Some(picked) = picked.get(*asked_at) else { continue };
        let (truth, predicted, class) = labels(subject, picked.place);
        let output = if k > 1 { class } else { 0 };
        let of = |values: &[f64]| -> Vec<f64> { values.iter().skip(output).step_by(k.max(1)).copied().collect() };
        let values = of(explained.row(row));
        let width = d * k;
        let errors = explained.errors.get(row * width..(row + 1) * width).map(of).unwrap_or_default();
        let stability = stability(subject, explainer, &rows, row, &values, output, &spreads)?;
        all.push((
            *asked_at,
            Local {
                row: numbers.get(row).copied().unwrap_or(0),
                why: picked.why.clone(),
                truth,
                predicted,
                output,
                values,
                errors,
                shown: rows.columns.iter().map(|c| shown(c, row)).collect(),
                base: explained.base.get(output).copied().unwrap_or(0.0),
                total: explained.totals.get(row * k + output).copied().unwrap_or(f64::NAN),
                nearest: nearest(subject, kept, &spreads, &rows, row, picked.place),
                stability,
            },
        ));
    }
    all.sort_by_key(|(asked_at, _)| *asked_at);
    Ok(all.into_iter().map(|(_, local)| local).collect())
}

/// The rows of the parameter `rows`.
fn asked(subject: &Subject<'_>) -> Result<Vec<Picked>, AnalysisError> {
    let frame = subject.context.test.frame;
    if subject.params.rows.len() > MOST_ROWS {
        return problem(
            "rows",
            format!("{} rows are too many for a report", subject.params.rows.len()),
            format!("name up to {MOST_ROWS}; all rows are in the file of attributions"),
        );
    }
    let place = |row: u64| match frame.row_ids() {
        None => u32::try_from(row).ok().filter(|p| (*p as usize) < frame.n_rows()),
        Some(ids) => {
            u32::try_from(row).ok().and_then(|r| ids.binary_search(&r).ok()).and_then(|p| u32::try_from(p).ok())
        }
    };
    let mut seen = std::collections::BTreeSet::new();
    let rows = subject.params.rows.iter().filter(|row| seen.insert(**row));
    rows.map(|row| match place(*row) {
        Some(place) => Ok(Picked { place, why: "asked for".to_owned() }),
        None => problem(
            "rows",
            format!("there is no row `{row}` that was assessed"),
            format!("rows are counted from 0 to {}", subject.context.test.dataset.n_rows().saturating_sub(1)),
        ),
    })
    .collect()
}

/// Rows that show where the model is at its extremes, and an ordinary one.
fn telling(subject: &Subject<'_>) -> Vec<Picked> {
    let task = subject.context.task;
    let threshold = subject.context.spec.threshold.unwrap_or(0.5);
    let frame = subject.context.test.frame;
    let width = frame.probability_width();
    // Per row: whether it is right, and how sure or how far off.
    let measures: Vec<(bool, f64)> = frame.with_all(|rows| {
        (0..rows.len())
            .map(|i| match task {
                Task::Regression => {
                    let truth = rows.truth.values().get(i).copied().unwrap_or(f64::NAN);
                    let said = rows.predicted.and_then(|p| p.values().get(i).copied()).unwrap_or(f64::NAN);
                    (true, said - truth)
                }
                Task::Binary | Task::Multiclass => {
                    let said = rows.predicted.and_then(|p| p.classes().get(i).copied());
                    let is_right = said == rows.truth.classes().get(i).copied();
                    let of = |k: usize| rows.probability.and_then(|p| p.get(i * width + k)).copied().unwrap_or(0.5);
                    let sure = if width == 1 { of(0) - threshold } else { of(usize::from(said.unwrap_or(0))) };
                    (is_right, sure)
                }
            })
            .collect()
    });
    let best = |wanted: &dyn Fn(&(bool, f64)) -> Option<f64>| {
        let scored = measures.iter().zip(0_u32..).filter_map(|(m, place)| Some((wanted(m)?, place)));
        scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, place)| place)
    };
    let mut picked: Vec<Picked> = Vec::new();
    let mut add = |place: Option<u32>, why: &str| {
        if let Some(place) = place
            && picked.iter().all(|p| p.place != place)
        {
            picked.push(Picked { place, why: why.to_owned() });
        }
    };
    if task == Task::Regression {
        add(best(&|(_, error)| (*error > 0.0).then_some(*error)), "largest overestimate");
        add(best(&|(_, error)| (*error < 0.0).then_some(-error)), "largest underestimate");
        let mut errors: Vec<f64> = measures.iter().map(|(_, e)| e.abs()).collect();
        errors.sort_by(f64::total_cmp);
        let middle = errors.get(errors.len() / 2).copied().unwrap_or(0.0);
        add(best(&|(_, error)| Some(-(error.abs() - middle).abs())), "an ordinary row: its error is the median");
    } else {
        add(best(&|(is_right, sure)| (!is_right).then_some(sure.abs())), "wrong with the highest confidence");
        add(best(&|(is_right, sure)| is_right.then_some(sure.abs())), "right with the highest confidence");
        add(best(&|(_, sure)| Some(-sure.abs())), "the least certain prediction");
        let mut all: Vec<f64> = measures.iter().map(|(_, sure)| *sure).collect();
        all.sort_by(f64::total_cmp);
        let middle = all.get(all.len() / 2).copied().unwrap_or(0.0);
        add(best(&|(_, sure)| Some(-(sure - middle).abs())), "an ordinary row: its score is the median");
    }
    picked
}

/// Truth and prediction of a row for people, and the predicted class.
fn labels(subject: &Subject<'_>, place: u32) -> (String, String, usize) {
    let place = place as usize;
    let class = |c: Option<u16>| {
        c.and_then(|c| subject.context.classes.get(usize::from(c))).cloned().unwrap_or_else(|| "(none)".to_owned())
    };
    subject.context.test.frame.with_all(|rows: &Rows<'_>| match subject.context.task {
        Task::Regression => {
            let said = rows.predicted.and_then(|p| p.values().get(place).copied()).unwrap_or(f64::NAN);
            let truth = rows.truth.values().get(place).copied().unwrap_or(f64::NAN);
            (super::words::number(truth), super::words::number(said), 0)
        }
        Task::Binary | Task::Multiclass => {
            let said = rows.predicted.and_then(|p| p.classes().get(place).copied());
            let truth = rows.truth.classes().get(place).copied();
            (class(truth), class(said), usize::from(said.unwrap_or(0)))
        }
    })
}

/// By feature: smallest and largest number and the standard deviation; none for names.
struct Spreads(Vec<Option<Spread>>);

struct Spread {
    range: f64,
    deviation: f64,
    is_whole: bool,
}

impl Spreads {
    fn over(kept: &Kept) -> Self {
        let of = |column: &Column| {
            let Column::Number(values) = column else { return None };
            let known: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
            #[allow(clippy::cast_precision_loss, reason = "a thousand rows")]
            let n = known.len().max(1) as f64;
            let mean = known.iter().sum::<f64>() / n;
            let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
            let deviation = libm::sqrt(known.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n);
            let is_whole = known.iter().all(|x| libm::round(*x).total_cmp(x).is_eq());
            Some(Spread { range: high - low, deviation, is_whole })
        };
        Self(kept.rows.iter().flat_map(|rows| rows.columns.iter().map(of)).collect())
    }

    fn get(&self, feature: usize) -> Option<&Spread> {
        self.0.get(feature).and_then(Option::as_ref)
    }
}

/// The kept rows with the smallest Gower distance: the mean over features of `|x − y| / range` for numbers, and of 0 or 1 for
/// names and for one of two values missing (Gower 1971).
fn nearest(
    subject: &Subject<'_>,
    kept: &Kept,
    spreads: &Spreads,
    rows: &Table,
    row: usize,
    place: u32,
) -> Vec<(u32, f64)> {
    let Some(others) = &kept.rows else { return Vec::new() };
    #[allow(clippy::cast_precision_loss, reason = "a few hundred features")]
    let d = rows.columns.len().max(1) as f64;
    let distance = |other: usize| -> f64 {
        let one = |(feature, (mine, theirs)): (usize, (&Column, &Column))| match (mine, theirs) {
            (Column::Number(x), Column::Number(y)) => {
                let (x, y) = (x.get(row).copied().unwrap_or(f64::NAN), y.get(other).copied().unwrap_or(f64::NAN));
                let range = spreads.get(feature).map_or(0.0, |s| s.range);
                match (x.is_nan(), y.is_nan()) {
                    (false, false) if range > 0.0 => ((x - y).abs() / range).min(1.0),
                    (a, b) => f64::from(u8::from(a != b)),
                }
            }
            _ => f64::from(u8::from(shown(mine, row) != shown(theirs, other))),
        };
        rows.columns.iter().zip(&others.columns).enumerate().map(one).sum::<f64>() / d
    };
    let numbers = subject.dataset_rows(&kept.places);
    let mut all: Vec<(u32, f64)> = (0..others.n_rows)
        .filter(|other| kept.places.get(*other) != Some(&place))
        .filter_map(|other| Some((*numbers.get(other)?, distance(other))))
        .collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    all.truncate(NEAREST);
    all
}

/// Mean Spearman correlation of the attributions with those of copies whose numbers are moved a little (whole numbers stay
/// whole, names stay as they are).
fn stability(
    subject: &Subject<'_>,
    explainer: &Explainer<'_>,
    rows: &Table,
    row: usize,
    values: &[f64],
    output: usize,
    spreads: &Spreads,
) -> Result<Option<f64>, AnalysisError> {
    let n = if explainer.is_asked() { ASKED_COPIES } else { COPIES };
    let copies = rows.take(&vec![row; n]);
    let mut draws = Draws::new(subject.context.seed(), "explain.stability", row as u64);
    let disturb = |(feature, column): (usize, &Column)| match (column, spreads.get(feature)) {
        (Column::Number(values), Some(spread)) => {
            let moved = values.iter().map(|x| {
                let y = x + DISTURBANCE * spread.deviation * draws.normal();
                if spread.is_whole { libm::round(y) } else { y }
            });
            Column::Number(moved.collect())
        }
        _ => column.clone(),
    };
    let columns = copies.columns.iter().enumerate().map(disturb).collect();
    let disturbed = Table { columns, n_rows: n };
    let explained = explainer.explain(subject, &disturbed, &vec![u32::MAX; n])?;
    let k = explainer.n_outputs;
    let correlation = |copy: usize| {
        let other: Vec<f64> = explained.row(copy).iter().skip(output).step_by(k.max(1)).copied().collect();
        spearman(values, &other)
    };
    let all: Vec<f64> = (0..n).filter_map(correlation).collect();
    #[allow(clippy::cast_precision_loss, reason = "a few copies")]
    Ok((!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64))
}
