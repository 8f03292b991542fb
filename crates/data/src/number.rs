//! Text to numbers, fast for the shapes that fill files.

/// Powers of ten that are exact in binary floating point.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The number that the bytes spell (`12`, `-0.5`, `.5`, `1e-3`, `inf`), correctly rounded; `None` for
/// anything else, NaN included.
///
/// Up to 15 digits with up to 22 of them after the point, a quotient of two exactly represented numbers is
/// the correctly rounded result (Clinger 1990, doi 10.1145/93548.93557); the rest goes the long way.
pub(crate) fn parse(bytes: &[u8]) -> Option<f64> {
    plain_decimal(bytes).or_else(|| {
        let value: f64 = std::str::from_utf8(bytes).ok()?.parse().ok()?;
        (!value.is_nan()).then_some(value)
    })
}

fn plain_decimal(bytes: &[u8]) -> Option<f64> {
    let (is_negative, digits) = match bytes.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let mut mantissa: u64 = 0;
    let mut n_digits = 0_usize;
    let mut n_decimals = None;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                n_digits += 1;
                n_decimals = n_decimals.map(|n: usize| n + 1);
            }
            b'.' if n_decimals.is_none() => n_decimals = Some(0),
            _ => return None,
        }
    }
    if n_digits == 0 || n_digits > 15 {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "at most 15 digits, which is below 2^53")]
    let value = mantissa as f64 / POWERS.get(n_decimals.unwrap_or(0))?;
    Some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    #[test]
    fn shapes_of_numbers() {
        for (text, value) in [
            ("0", 0.0),
            ("12", 12.0),
            ("-7", -7.0),
            ("0.1", 0.1),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e-3", 0.001),
            ("1E5", 1e5),
            ("+3", 3.0),
            ("123456789012345", 123_456_789_012_345.0),
            ("0.30000000000000004", 0.300_000_000_000_000_04),
            ("-inf", f64::NEG_INFINITY),
            ("1e999", f64::INFINITY),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "-", ".", "1,5", "1 2", "nan", "0x1", "12a", "1.2.3", "--1", "1_000"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(text in "-?[0-9]{0,18}\\.?[0-9]{0,18}(e-?[0-9]{1,3})?") {
            let expected: Option<f64> = text.parse().ok();
            prop_assert_eq!(parse(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits));
        }
    }
}
