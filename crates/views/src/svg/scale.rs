//! From numbers to places: linear and logarithmic scales with ticks at 1, 2 and 5.

use equipoise_document::{Axis, Scale as AxisScale};

use crate::format::{Kind, Style};

/// A stretch of numbers over a stretch of pixels.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

/// What an axis must show.
#[derive(Clone, Copy, Default)]
pub(super) struct Wish {
    /// Zero is part of the axis: lengths start there.
    pub(super) with_zero: bool,
    /// The ends of the axis are ticks.
    pub(super) round_ends: bool,
}

impl Scale {
    /// A scale that shows `numbers` between the pixels `from` and `to`.
    pub(super) fn over(numbers: impl IntoIterator<Item = f64>, axis: &Axis, wish: Wish, from: f64, to: f64) -> Self {
        let numbers: Vec<f64> = numbers.into_iter().filter(|x| x.is_finite()).collect();
        let is_log = axis.scale == AxisScale::Log && !numbers.is_empty() && numbers.iter().all(|x| *x > 0.0);
        let given = axis.domain.filter(|(a, b)| a.is_finite() && b.is_finite() && a < b && (!is_log || *a > 0.0));
        let (mut low, mut high) = given.unwrap_or_else(|| ends(&numbers, is_log, wish));
        let n_ticks = ((to - from).abs() / 56.0).clamp(2.0, 10.0);
        let mut ticks = if is_log { log_ticks(low, high) } else { ticks(low, high, n_ticks) };
        if given.is_none() && !is_log && wish.round_ends {
            let step = step_of(&ticks);
            low = (low / step).floor() * step;
            high = (high / step).ceil() * step;
            ticks = ticks_at(low, high, step);
        }
        Self { low, high, is_log, from, to, ticks }
    }

    /// The place of a number, kept within the axis.
    pub(super) fn place(&self, x: f64) -> f64 {
        let share = if self.is_log {
            (x.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (x - self.low) / (self.high - self.low)
        };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        self.from + share * (self.to - self.from)
    }

    /// Whether the axis shows the number.
    pub(super) fn shows(&self, x: f64) -> bool {
        let slack = (self.high - self.low) * 1e-9;
        x >= self.low - slack && x <= self.high + slack
    }

    /// The number where lengths start: zero, or the end of the axis that is nearest to it.
    pub(super) fn base(&self) -> f64 {
        if self.is_log { self.low } else { 0.0_f64.clamp(self.low, self.high) }
    }

    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Ticks and their labels.
    pub(super) fn labelled(&self, kind: &Kind) -> Vec<(f64, String)> {
        let step = if self.is_log { f64::NAN } else { step_of(&self.ticks) };
        let label = |x: f64| {
            let style =
                if self.is_log { Style::of_ticks(kind.clone(), x) } else { Style::of_ticks(kind.clone(), step) };
            // A unit with a name is named in the axis title, once.
            if matches!(kind, Kind::Named(_)) { style.bare(x) } else { style.full(x) }
        };
        self.ticks.iter().map(|x| (self.place(*x), label(*x))).collect()
    }
}

/// The axis, its given ends moved out where a value lies beyond them: a mark is never in a wrong place.
/// Ends of intervals may lie beyond.
pub(super) fn covering(axis: &Axis, values: impl IntoIterator<Item = f64>) -> Axis {
    let values = values.into_iter().filter(|x| x.is_finite());
    let domain = axis.domain.map(|given| values.fold(given, |(low, high), x| (low.min(x), high.max(x))));
    Axis { domain, ..axis.clone() }
}

fn ends(numbers: &[f64], is_log: bool, wish: Wish) -> (f64, f64) {
    let start = if wish.with_zero && !is_log { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
    let (low, high) = numbers.iter().fold(start, |(low, high), x| (low.min(*x), high.max(*x)));
    if !(low.is_finite() && high.is_finite()) {
        return (0.0, 1.0);
    }
    if is_log {
        return if high / low < 1.5 { (low / 2.0, high * 2.0) } else { (low, high) };
    }
    let span = high - low;
    if !span.is_finite() {
        return (low / 4.0, high / 4.0);
    }
    if span <= low.abs().max(high.abs()) * 1e-9 {
        let margin = if low == 0.0 { 0.5 } else { low.abs() * 0.1 };
        return if wish.with_zero && low == 0.0 { (0.0, 1.0) } else { (low - margin, high + margin) };
    }
    if wish.with_zero {
        return (low, high);
    }
    // Numbers that cannot be negative do not get an axis that is.
    let padded = low - span * 0.06;
    (if low >= 0.0 { padded.max(0.0) } else { padded }, high + span * 0.06)
}

/// Ticks 1, 2 or 5 times a power of ten apart, about `wanted` of them, within the ends.
fn ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let raw = (high - low) / wanted;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw * 0.999).unwrap_or(power * 10.0);
    ticks_at(low, high, step)
}

fn ticks_at(low: f64, high: f64, step: f64) -> Vec<f64> {
    if !(step.is_finite() && step > 0.0) {
        return vec![low, high];
    }
    let first = (low / step - 1e-9).ceil();
    let mut out = Vec::new();
    for i in 0..64 {
        let tick = (first + f64::from(i)) * step;
        if tick > high + step * 1e-9 {
            break;
        }
        out.push(if tick == 0.0 { 0.0 } else { tick });
    }
    if out.is_empty() { vec![low, high] } else { out }
}

fn step_of(ticks: &[f64]) -> f64 {
    match ticks {
        [a, b, ..] => b - a,
        _ => 1.0,
    }
}

fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor(), high.log10().ceil());
    let decades = last - first;
    let within: &[f64] = if decades > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let stride = (decades / 8.0).ceil().max(1.0);
    let mut out = Vec::new();
    let mut decade = first;
    while decade <= last && out.len() < 64 {
        out.extend(within.iter().map(|m| m * 10f64.powf(decade)).filter(|t| *t >= low * 0.999 && *t <= high * 1.001));
        decade += stride;
    }
    if out.is_empty() { vec![low, high] } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(numbers: &[f64], axis: &Axis, wish: Wish) -> Vec<String> {
        let scale = Scale::over(numbers.iter().copied(), axis, wish, 0.0, 400.0);
        scale.labelled(&Kind::Plain).into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round() {
        let wish = Wish { with_zero: true, round_ends: true };
        assert_eq!(labels(&[0.31, 0.83], &Axis::default(), wish), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&[-12.0, 31.0], &Axis::default(), wish), ["−20", "−10", "0", "10", "20", "30", "40"]);
        assert_eq!(labels(&[3.0], &Axis::default().within(0.0, 1.0), wish), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn values_beyond_the_given_ends_move_them() {
        let axis = covering(&Axis::default().within(0.0, 0.5), [0.2, 0.7, f64::NAN]);
        assert_eq!(axis.domain, Some((0.0, 0.7)));
        assert_eq!(covering(&Axis::default(), [0.2]).domain, None);
    }

    #[test]
    fn logarithms_have_decades() {
        let axis = Axis { scale: AxisScale::Log, ..Axis::default() };
        assert_eq!(labels(&[0.01, 1000.0], &axis, Wish::default()), ["0.01", "0.1", "1", "10", "100", "1000"]);
        assert_eq!(labels(&[0.0, 1000.0], &axis, Wish::default())[0], "0");
    }

    #[test]
    fn odd_numbers_still_have_an_axis() {
        for numbers in [&[][..], &[0.0], &[5.0, 5.0], &[f64::MAX, -f64::MAX], &[f64::NAN], &[1e-300, 2e-300]] {
            for with_zero in [true, false] {
                let scale = Scale::over(
                    numbers.iter().copied(),
                    &Axis::default(),
                    Wish { with_zero, round_ends: true },
                    0.0,
                    400.0,
                );
                assert!(!scale.labelled(&Kind::Plain).is_empty(), "{numbers:?}");
                assert!(numbers.iter().all(|x| (0.0..=400.0).contains(&scale.place(*x))));
            }
        }
    }
}
