//! Numbers and bounds in words, the same in every rendering.

use crate::{Bound, Gate, On};

/// A number with up to six significant digits, without an exponent where it is readable without.
pub(crate) fn number(x: f64) -> String {
    let plain = format!("{x}");
    let rounded: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    let short = format!("{rounded}");
    if (1e-5..1e15).contains(&x.abs()) || plain.len() < 12 {
        return short;
    }
    format!("{rounded:e}")
}

/// A number so that it can be told apart from the bound it is held against.
pub(crate) fn number_beside(x: f64, bound: &Bound) -> String {
    let ends = match *bound {
        Bound::Max(a) | Bound::Min(a) => [a, a],
        Bound::Between(a, b) => [a, b],
        Bound::Near(a, within) => [a - within, a + within],
    };
    let is_hidden = ends.iter().any(|end| number(*end) == number(x) && end.to_bits() != x.to_bits());
    if is_hidden { format!("{x}") } else { number(x) }
}

/// A bound as a comparison: `≤ 0.1`.
pub(crate) fn bound(bound: &Bound) -> String {
    match *bound {
        Bound::Max(max) => format!("≤ {}", number(max)),
        Bound::Min(min) => format!("≥ {}", number(min)),
        Bound::Between(min, max) => format!("between {} and {}", number(min), number(max)),
        Bound::Near(equals, within) if within > 0.0 => format!("= {} ± {}", number(equals), number(within)),
        Bound::Near(equals, _) => format!("= {}", number(equals)),
    }
}

/// What a gate asks of its numbers: `the whole interval ≤ 0.1`.
pub(crate) fn demand(gate: &Gate) -> String {
    let end = match gate.on {
        On::Value => return bound(&gate.bound),
        On::Interval => "the whole interval",
        On::Low => "the lower end",
        On::High => "the upper end",
    };
    format!("{end} {}", bound(&gate.bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_but_never_hide_a_difference() {
        assert_eq!(number(0.1), "0.1");
        assert_eq!(number(0.123_456_789), "0.123457");
        assert_eq!(number(1e-9), "0.000000001");
        assert_eq!(number(1.234_567_8e-9), "1.23457e-9");
        assert_eq!(number(123_456_789.0), "123457000");
        assert_eq!(number_beside(0.100_000_000_01, &Bound::Max(0.1)), "0.10000000001");
        assert_eq!(number_beside(0.1, &Bound::Max(0.1)), "0.1");
    }
}
