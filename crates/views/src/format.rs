//! How numbers are written. One rule for every view.
//!
//! - A number whose unit is [`Unit::Share`] is written in percent (`31.2 %`); a difference of two shares in
//!   percentage points (`19.6 pp`). Nothing else is. CSV and JSON keep the 0–1 numbers of the document, which
//!   are also those that policies compare with.
//! - The interval decides how many digits are worth reading: one unit of the last digit is at most a quarter of
//!   the interval's half-width. Without an interval, three significant digits. All numbers of a column have the
//!   same decimals, enough for three quarters of them. Percents have one at least, unless the half-width is ten
//!   points or more.
//! - Row counts have thousands separators; other whole numbers, which may be years or codes, have none.
//! - A minus is `−` (U+2212) and a missing number is `–` (U+2013).

use equipoise_document::{Estimate, Unit};

/// What stands where a number is missing.
pub(crate) const MISSING: &str = "–";

/// The kind of a number, which decides its unit sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A plain number.
    Plain,
    /// A share, in percent.
    Percent,
    /// A difference of shares, in percentage points.
    Points,
    /// A number of rows.
    Rows,
    /// A p-value: three decimals, `< 0.001` below.
    PValue,
    /// A number with the name of its unit.
    Named(String),
}

/// How the numbers of one column, axis or cell are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    kind: Kind,
    decimals: usize,
}

impl Kind {
    /// The kind of a column's own numbers.
    pub(crate) fn of_unit(unit: &Unit) -> Self {
        match unit {
            Unit::Plain | Unit::Target | Unit::TargetSquared => Self::Plain,
            Unit::Share => Self::Percent,
            Unit::Rows => Self::Rows,
            Unit::Nats => Self::Named("nats".to_owned()),
            Unit::Named(name) => Self::Named(name.clone()),
        }
    }

    /// The kind of a column: p-values have no unit but a name of their own.
    pub(crate) fn of_column(id: &str, unit: &Unit) -> Self {
        let is_p = matches!(id, "p" | "p_value" | "p_adjusted" | "adjusted_p" | "adjusted_p_value" | "q_bh" | "q_by");
        if is_p && *unit == Unit::Plain { Self::PValue } else { Self::of_unit(unit) }
    }

    /// The kind of an estimate: a share that is a difference between groups counts points.
    pub(crate) fn of_estimate(estimate: &Estimate) -> Self {
        let is_difference = estimate.id.aggregate().is_some_and(|a| a.starts_with("difference"));
        match Self::of_unit(&estimate.unit) {
            Self::Percent if is_difference => Self::Points,
            kind => kind,
        }
    }

    fn factor(&self) -> f64 {
        if matches!(self, Self::Percent | Self::Points) { 100.0 } else { 1.0 }
    }

    /// The most decimals that are ever of use.
    fn most_decimals(&self) -> usize {
        match self {
            Self::Percent | Self::Points => 2,
            Self::Rows => 0,
            Self::Plain | Self::PValue | Self::Named(_) => 6,
        }
    }

    /// What follows a number, with its space.
    pub(crate) fn sign(&self) -> String {
        match self {
            Self::Plain | Self::Rows | Self::PValue => String::new(),
            Self::Percent => "\u{a0}%".to_owned(),
            Self::Points => "\u{a0}pp".to_owned(),
            Self::Named(name) => format!("\u{a0}{name}"),
        }
    }
}

impl Style {
    /// The style of numbers with half-widths of their intervals where there are any.
    pub(crate) fn fitting(kind: Kind, numbers: impl IntoIterator<Item = (f64, Option<f64>)>) -> Self {
        let numbers: Vec<(f64, Option<f64>)> = numbers.into_iter().collect();
        let factor = kind.factor();
        let mut wanted: Vec<usize> =
            numbers.iter().filter_map(|(_, half)| half.and_then(|h| decimals_of_width(&kind, h * factor))).collect();
        wanted.sort_unstable();
        let decimals = match wanted.get(wanted.len() * 3 / 4) {
            Some(decimals) => *decimals,
            None => decimals_of_size(&kind, numbers.iter().map(|(x, _)| x * factor)),
        };
        Self { decimals: decimals.min(kind.most_decimals()), kind }
    }

    /// The style of numbers of one row that belong together, such as two values and their difference: the smallest
    /// keeps two significant digits.
    pub(crate) fn of_row(numbers: impl IntoIterator<Item = f64>) -> Self {
        let (mut smallest, mut are_whole) = (f64::INFINITY, true);
        for x in numbers.into_iter().filter(|x| x.is_finite()) {
            are_whole &= x.fract() == 0.0;
            if x.abs() > 1e-12 {
                smallest = smallest.min(x.abs());
            }
        }
        let wanted =
            if are_whole || smallest.is_infinite() { 0 } else { decimals(1.0 - smallest.log10().floor()).max(3) };
        Self { kind: Kind::Plain, decimals: wanted }
    }

    /// The style of one estimate by itself.
    pub(crate) fn of_estimate(estimate: &Estimate) -> Self {
        Self::fitting(Kind::of_estimate(estimate), estimate.value.map(|v| (v, half_width(estimate))))
    }

    /// The style of axis labels that are `step` apart.
    pub(crate) fn of_ticks(kind: Kind, step: f64) -> Self {
        let scaled = step.abs() * kind.factor();
        let decimals = if scaled > 0.0 && scaled.is_finite() {
            (0..=9).find(|d| is_whole(scaled * 10f64.powi(*d))).unwrap_or(9)
        } else {
            0
        };
        Self { decimals: usize::try_from(decimals).unwrap_or(0), kind }
    }

    /// The style of differences between such numbers.
    pub(crate) fn of_differences(&self) -> Self {
        let kind = if self.kind == Kind::Percent { Kind::Points } else { self.kind.clone() };
        Self { kind, decimals: self.decimals }
    }

    /// The kind of the numbers.
    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The number without its unit: `31.2`.
    pub(crate) fn bare(&self, x: f64) -> String {
        let scaled = x * self.kind.factor();
        if !scaled.is_finite() {
            return MISSING.to_owned();
        }
        if self.kind == Kind::PValue && (0.0..=1.0).contains(&x) {
            return p_value(x);
        }
        let size = scaled.abs();
        let is_lost = size > 0.0 && self.decimals >= 6 && size < 5e-7;
        if size >= 1e12 || is_lost {
            return scientific(scaled);
        }
        let digits = format!("{size:.*}", self.decimals);
        let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
        let is_grouped = self.kind == Kind::Rows || size >= 10_000.0;
        let whole = if is_grouped { grouped(whole) } else { whole.to_owned() };
        let is_zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
        let minus = if scaled < 0.0 && !is_zero { "−" } else { "" };
        format!("{minus}{whole}{rest}")
    }

    /// The number with its unit: `31.2 %`.
    pub(crate) fn full(&self, x: f64) -> String {
        format!("{}{}", self.bare(x), self.kind.sign())
    }
}

/// An estimate in one line with its own digits: `31.2 % [30.1, 32.4]`, or a dash.
pub(crate) fn estimate_text(estimate: &Estimate) -> String {
    let style = Style::of_estimate(estimate);
    let Some(value) = estimate.value else { return MISSING.to_owned() };
    match &estimate.interval {
        Some(i) => format!("{} [{}, {}]", style.full(value), style.bare(i.low), style.bare(i.high)),
        None => style.full(value),
    }
}

/// A number of rows: `16,281`.
pub(crate) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A p-value: three decimals, `< 0.001` below.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// Half of an estimate's interval.
pub(crate) fn half_width(estimate: &Estimate) -> Option<f64> {
    estimate.interval.as_ref().map(|i| (i.high - i.low) / 2.0)
}

fn decimals_of_width(kind: &Kind, half: f64) -> Option<usize> {
    if !(half.is_finite() && half > 0.0) {
        return None;
    }
    let is_percent = matches!(kind, Kind::Percent | Kind::Points);
    let least = usize::from(is_percent && half < 10.0);
    Some(least.max(decimals((4.0 / half).log10().ceil())))
}

fn decimals_of_size(kind: &Kind, numbers: impl Iterator<Item = f64>) -> usize {
    if matches!(kind, Kind::Percent | Kind::Points) {
        return 1;
    }
    let mut largest = 0.0_f64;
    let mut are_whole = true;
    for x in numbers.filter(|x| x.is_finite()) {
        largest = largest.max(x.abs());
        are_whole &= x.fract() == 0.0;
    }
    if are_whole { 0 } else { decimals(2.0 - largest.log10().floor()) }
}

/// A wish for decimals, within 0 to 6.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=6 before the cast")]
fn decimals(wish: f64) -> usize {
    wish.clamp(0.0, 6.0) as usize
}

fn is_whole(x: f64) -> bool {
    (x - x.round()).abs() < 1e-6 * x.abs().max(1e-3)
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn scientific(x: f64) -> String {
    format!("{x:.2e}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use equipoise_document::{Better, EstimateId, Interval};

    fn share(value: f64, low: f64, high: f64) -> Estimate {
        Estimate::new(EstimateId::new("a", "rate"), value, 100, Better::Higher)
            .with_unit(Unit::Share)
            .with_interval(Some(Interval::new(low, high, 0.95, "wilson")))
    }

    #[test]
    fn the_interval_decides_the_digits() {
        // Half-widths of 1.15, 11.5 and 0.115 percent; a quarter of each is 0.29, 2.9 and 0.029, so units
        // of 0.1, 1 and 0.01 are small enough: 1, 0 and 2 decimals.
        assert_eq!(estimate_text(&share(0.312, 0.301, 0.324)), "31.2\u{a0}% [30.1, 32.4]");
        assert_eq!(estimate_text(&share(0.312, 0.2, 0.43)), "31\u{a0}% [20, 43]");
        assert_eq!(estimate_text(&share(0.312_34, 0.3112, 0.3135)), "31.23\u{a0}% [31.12, 31.35]");
    }

    #[test]
    fn only_shares_are_percent_and_their_differences_points() {
        let id = EstimateId::new("fairness", "selection_rate").aggregated("difference").by(&["sex"]);
        let gap = Estimate { id, ..share(-0.196, -0.21, -0.18) };
        assert_eq!(estimate_text(&gap), "−19.6\u{a0}pp [−21.0, −18.0]");
        let plain = Estimate { unit: Unit::Plain, ..share(0.312, 0.301, 0.324) };
        assert_eq!(estimate_text(&plain), "0.312 [0.301, 0.324]");
    }

    #[test]
    fn numbers_without_an_interval_have_three_digits() {
        let style = |xs: &[f64]| Style::fitting(Kind::Plain, xs.iter().map(|x| (*x, None)));
        assert_eq!(style(&[0.5, 0.033]).bare(0.033), "0.033");
        assert_eq!(style(&[12.34, 1.0]).bare(12.34), "12.3");
        assert_eq!(style(&[3.0, 40.0]).bare(40.0), "40");
        assert_eq!(style(&[123_456.7]).bare(123_456.7), "123,457");
        assert_eq!(style(&[-0.0001, 0.5]).bare(-0.0001), "0.000");
        assert_eq!(style(&[1e-9]).bare(1.5e-9), "1.50e−9");
    }

    #[test]
    fn a_row_shows_what_differs() {
        let style = Style::of_row([0.871_93, 0.872_25, 0.000_32, -0.000_91, 0.001_55]);
        assert_eq!(
            [style.bare(0.871_93), style.bare(0.872_25), style.bare(0.000_32)],
            ["0.87193", "0.87225", "0.00032"]
        );
        assert_eq!(Style::of_row([0.5, 0.75, 0.25]).bare(0.5), "0.500");
        assert_eq!(Style::of_row([12.0, 0.0]).bare(12.0), "12");
        assert_eq!(Style::of_row([0.0, 0.5, 0.5]).bare(0.0), "0.000");
    }

    #[test]
    fn counts_have_separators_and_codes_have_none() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(999), "999");
        assert_eq!(Style::fitting(Kind::Plain, [(1969.0, None)]).bare(1969.0), "1969");
        assert_eq!(Style::fitting(Kind::Rows, [(1969.0, None)]).bare(1969.0), "1,969");
    }

    #[test]
    fn tiny_p_values_are_below_a_bound() {
        let style = Style::fitting(Kind::of_column("p", &Unit::Plain), [(5.46e-161, None)]);
        assert_eq!([style.full(5.46e-161), style.full(0.0314)], ["< 0.001", "0.031"]);
    }

    #[test]
    fn tick_labels_have_the_decimals_of_the_step() {
        assert_eq!(Style::of_ticks(Kind::Percent, 0.2).full(0.4), "40\u{a0}%");
        assert_eq!(Style::of_ticks(Kind::Percent, 0.025).full(0.05), "5.0\u{a0}%");
        assert_eq!(Style::of_ticks(Kind::Plain, 0.25).full(0.5), "0.50");
    }

    #[test]
    fn nothing_that_is_not_finite_is_written_as_a_number() {
        assert_eq!(Style::fitting(Kind::Plain, [(f64::INFINITY, Some(f64::NAN))]).bare(f64::INFINITY), MISSING);
    }
}
