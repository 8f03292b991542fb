//! Differences of numbers of scores and predicted numbers, out of every row's part in them.

use equipoise_document::{Interval, Task};
use equipoise_kernels::{Confidence, Placements, normal_interval};

use super::influence::{self, mean_of};
use super::scored::Scored;
use super::settings::{Difference, Settings};

/// The difference of a number; none when it is not known, or it or its interval does not exist.
pub(super) fn difference(
    section: &str,
    metric: &str,
    task: Task,
    [a, b]: [&Scored; 2],
    settings: &Settings,
) -> Option<Difference> {
    match (metric, task) {
        ("roc_auc", Task::Binary) => areas(a, b, settings),
        ("gini", Task::Binary) => areas(a, b, settings).map(|areas| {
            let Difference { a, b, interval } = areas;
            let interval = Interval { low: 2.0 * interval.low, high: 2.0 * interval.high, ..interval };
            Difference { a: 2.0 * a - 1.0, b: 2.0 * b - 1.0, interval }
        }),
        _ => by_influence([section, metric], task, a, b, settings),
    }
}

fn areas(a: &Scored, b: &Scored, settings: &Settings) -> Option<Difference> {
    let is_positive = a.is_positive();
    let weight = a.weight.as_deref();
    let of = |rows: &Scored| {
        let is_sound = rows.probability.len() == is_positive.len() && !is_positive.is_empty();
        is_sound.then(|| Placements::of(&is_positive, &rows.probability, weight).ok()).flatten()
    };
    let (first, second) = (of(a)?, of(b)?);
    let se = first.standard_error_to(&second, &is_positive, weight).ok()?;
    let ends = normal_interval(second.area() - first.area(), se, Confidence::at(settings.level))?;
    let interval = Interval::new(ends.low, ends.high, settings.level, "paired_delong");
    Some(Difference { a: first.area(), b: second.area(), interval })
}

fn by_influence(
    [section, metric]: [&str; 2],
    task: Task,
    a: &Scored,
    b: &Scored,
    settings: &Settings,
) -> Option<Difference> {
    let (first, second) = (influence::of(section, metric, task, a)?, influence::of(section, metric, task, b)?);
    let rows: Vec<f64> = second.rows.iter().zip(&first.rows).map(|(b, a)| b - a).collect();
    let ends = mean_of(&rows, a.weight.as_deref()).measure(Confidence::at(settings.level)).ends?;
    let (half, middle) = (0.5 * (ends.high - ends.low), second.value - first.value);
    let method = if first.is_mean { "paired_mean" } else { "paired_delta" };
    let interval = Interval::new(middle - half, middle + half, settings.level, method);
    Some(Difference { a: first.value, b: second.value, interval })
}
