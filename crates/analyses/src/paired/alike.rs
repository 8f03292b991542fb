//! Whether two frames hold the same rows.

use equipoise_data::{Frame, Rows, Target};
use equipoise_document::Task;

use super::PairedError;

/// Checks that both hold the same rows with the same truth and weights.
pub(super) fn check(a: &Frame, b: &Frame) -> Result<(), PairedError> {
    if a.task != b.task {
        return Err(PairedError::Task { a: word(a.task), b: word(b.task) });
    }
    if a.classes != b.classes {
        return Err(PairedError::Classes { a: a.classes.join(", "), b: b.classes.join(", ") });
    }
    if a.n_rows() != b.n_rows() {
        return Err(PairedError::Length { a: a.n_rows(), b: b.n_rows() });
    }
    for (frame, which) in [(a, "first"), (b, "second")] {
        if !frame.has_predictions() {
            return Err(PairedError::NoPredictions { which });
        }
    }
    let differing = (0..a.n_rows()).find(|place| row_number(a, *place) != row_number(b, *place));
    if let Some(place) = differing {
        return Err(PairedError::Rows { place, a: row_number(a, place), b: row_number(b, place) });
    }
    a.with_all(|rows_a| b.with_all(|rows_b| truths(a, rows_a, rows_b).and_then(|()| weights(a, rows_a, rows_b))))
}

/// Checks that a column has the same groups in every row. `places` are those of the column in either frame.
pub(super) fn check_groups(a: &Frame, b: &Frame, places: (usize, usize)) -> Result<(), PairedError> {
    let (Some(in_a), Some(in_b)) = (a.groupings().get(places.0), b.groupings().get(places.1)) else { return Ok(()) };
    let name = |levels: &[String], code: u16| levels.get(usize::from(code)).cloned().unwrap_or_default();
    let same: Vec<Option<usize>> =
        in_a.levels.iter().map(|level| in_b.levels.iter().position(|other| other == level)).collect();
    a.with_all(|rows_a| {
        b.with_all(|rows_b| {
            let mut pairs = rows_a.groups(places.0).iter().zip(rows_b.groups(places.1)).enumerate();
            let differs = |x: u16, y: u16| same.get(usize::from(x)).copied().flatten() != Some(usize::from(y));
            match pairs.find(|(_, (x, y))| differs(**x, **y)) {
                None => Ok(()),
                Some((place, (x, y))) => Err(PairedError::Group {
                    column: in_a.column.clone(),
                    row: row_number(a, place),
                    a: name(&in_a.levels, *x),
                    b: name(&in_b.levels, *y),
                }),
            }
        })
    })
}

fn truths(frame: &Frame, a: &Rows<'_>, b: &Rows<'_>) -> Result<(), PairedError> {
    let differs = |place: usize, x: String, y: String| PairedError::Truth { row: row_number(frame, place), a: x, b: y };
    match (a.truth, b.truth) {
        (Target::Class(x), Target::Class(y)) => {
            let class = |code: u16| frame.classes.get(usize::from(code)).cloned().unwrap_or_else(|| code.to_string());
            match x.iter().zip(y).enumerate().find(|(_, (x, y))| x != y) {
                Some((place, (x, y))) => Err(differs(place, class(*x), class(*y))),
                None => Ok(()),
            }
        }
        (Target::Value(x), Target::Value(y)) => match first_difference(x, y) {
            Some((place, x, y)) => Err(differs(place, x.to_string(), y.to_string())),
            None => Ok(()),
        },
        _ => Err(PairedError::Task { a: word(frame.task), b: "different" }),
    }
}

fn weights(frame: &Frame, a: &Rows<'_>, b: &Rows<'_>) -> Result<(), PairedError> {
    let differing = match (a.weight, b.weight) {
        (None, None) => None,
        (Some(x), Some(y)) => first_difference(x, y),
        (Some(x), None) => x.iter().position(|x| !is_same(*x, 1.0)).map(|i| (i, a.weight_at(i), 1.0)),
        (None, Some(y)) => y.iter().position(|y| !is_same(*y, 1.0)).map(|i| (i, 1.0, b.weight_at(i))),
    };
    match differing {
        Some((place, x, y)) => {
            Err(PairedError::Weight { row: row_number(frame, place), a: x.to_string(), b: y.to_string() })
        }
        None => Ok(()),
    }
}

fn first_difference(a: &[f64], b: &[f64]) -> Option<(usize, f64, f64)> {
    let mut pairs = a.iter().zip(b).enumerate();
    pairs.find(|(_, (x, y))| !is_same(**x, **y)).map(|(place, (x, y))| (place, *x, *y))
}

fn is_same(x: f64, y: f64) -> bool {
    x.total_cmp(&y).is_eq() || x.partial_cmp(&y).is_some_and(std::cmp::Ordering::is_eq)
}

/// The dataset's number of the row at a place.
fn row_number(frame: &Frame, place: usize) -> u64 {
    frame.row_ids().and_then(|ids| ids.get(place).copied()).map_or(place as u64, u64::from)
}

fn word(task: Task) -> &'static str {
    match task {
        Task::Binary => "binary",
        Task::Multiclass => "multiclass",
        Task::Regression => "regression",
    }
}
