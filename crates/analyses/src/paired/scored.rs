//! The rows of some groups with both models' answers, side by side.

use equipoise_data::{Frame, Rows, Target};

/// One model's answers to some rows, with the truth. Slices that a task does not have are empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Scored {
    /// The true classes.
    pub classes: Vec<u16>,
    /// The true numbers.
    pub values: Vec<f64>,
    /// The predicted numbers.
    pub predicted: Vec<f64>,
    /// Probability of the second class, or of every class row by row.
    pub probability: Vec<f64>,
    /// Number of probabilities of a row.
    pub width: usize,
    pub weight: Option<Vec<f64>>,
}

impl Scored {
    /// The rows of a frame in these groups: pairs of a grouping's place and the code it must have.
    pub(super) fn of(frame: &Frame, groups: &[(usize, u16)], members: &Frame) -> Self {
        Self::picked(frame, members.with_all(|rows| places_in(rows, groups)).as_deref())
    }

    /// The rows of a frame at these places.
    pub(super) fn at(frame: &Frame, places: &[usize]) -> Self {
        Self::picked(frame, Some(places))
    }

    /// The rows at these places, or all.
    fn picked(frame: &Frame, places: Option<&[usize]>) -> Self {
        let width = frame.probability_width();
        frame.with_all(|rows| {
            let predicted = rows.predicted.unwrap_or(Target::Value(&[]));
            Self {
                classes: pick(rows.truth.classes(), 1, places),
                values: pick(rows.truth.values(), 1, places),
                predicted: pick(predicted.values(), 1, places),
                probability: pick(rows.probability.unwrap_or_default(), width, places),
                width,
                weight: rows.weight.map(|weight| pick(weight, 1, places)),
            }
        })
    }

    /// Whether each row is of the second class.
    pub(super) fn is_positive(&self) -> Vec<bool> {
        self.classes.iter().map(|class| *class == 1).collect()
    }

    /// Weight of a row.
    pub(super) fn weight_at(&self, place: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |weight| weight.get(place).copied().unwrap_or(0.0))
    }
}

/// Places of the rows in these groups; none when all are.
fn places_in(rows: &Rows<'_>, groups: &[(usize, u16)]) -> Option<Vec<usize>> {
    if groups.is_empty() {
        return None;
    }
    let is_member = |place: &usize| {
        groups.iter().all(|(grouping, code)| rows.groups(*grouping).get(*place).is_some_and(|found| found == code))
    };
    Some((0..rows.len()).filter(is_member).collect())
}

fn pick<T: Copy>(values: &[T], width: usize, places: Option<&[usize]>) -> Vec<T> {
    match places {
        None => values.to_vec(),
        Some(places) if values.is_empty() || places.is_empty() => Vec::new(),
        Some(places) => {
            let row = |place: &usize| values.get(place * width..(place + 1) * width).unwrap_or_default();
            places.iter().flat_map(row).copied().collect()
        }
    }
}
