//! Tables as whole numbers, byte by byte.
//!
//! A number `x` of a table is kept as `q = round((x − least)/step)`, of which sums over any tables of one step are exact and
//! the same in any order. `least` is added once for all rows. Numbers of 24 bits are three planes of bytes; where that is
//! not enough, 24 more bits are a table of their own.

/// Bits of a number in one table: three bytes.
pub(crate) const LIMB_BITS: u32 = 24;

/// Bytes that one instruction looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u8; 64]);

/// Planes of a limb.
pub(crate) const PLANES: usize = 3;

/// Lines of a table of one limb: parts of up to 128 patterns, plane by plane of one or two lines.
pub(crate) fn n_lines(n_bits: usize) -> usize {
    PLANES * if n_bits <= 6 { 1 } else { 1 << (n_bits - 6) }
}

/// Least and greatest number.
#[inline(always)]
pub(crate) fn bounds(numbers: &[f64]) -> (f64, f64) {
    let mut least = [f64::INFINITY; 8];
    let mut most = [f64::NEG_INFINITY; 8];
    let (whole, rest) = numbers.as_chunks::<8>();
    for part in whole {
        for ((least, most), x) in least.iter_mut().zip(&mut most).zip(part) {
            *least = if *x < *least { *x } else { *least };
            *most = if *x > *most { *x } else { *most };
        }
    }
    let least = least.iter().chain(rest).fold(f64::INFINITY, |a, b| a.min(*b));
    let most = most.iter().chain(rest).fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    if least <= most { (least, most) } else { (0.0, 0.0) }
}

/// The power of two that a range is counted in, so that it has at most so many bits.
pub(crate) fn step_of(range: f64, n_limbs: u32) -> f64 {
    let most = libm::ldexp(1.0, (LIMB_BITS * n_limbs) as i32) - 1.0;
    let (_, exponent) = libm::frexp((range / most).max(f64::MIN_POSITIVE * 1e16));
    libm::ldexp(1.0, exponent)
}

/// Appends one limb of a table's numbers as lines.
#[inline(always)]
pub(crate) fn write(numbers: &[f64], least: f64, step: f64, limb: u32, lines: &mut Vec<Line>) {
    // Adding 2^52 rounds to a whole number, which then stands in the last bits.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let shift = limb * LIMB_BITS;
    let inverse = 1.0 / step;
    for part in numbers.chunks(128) {
        let mut whole = [0_u32; 128];
        for (slot, x) in whole.iter_mut().zip(part) {
            let bits = ((x - least) * inverse + WHOLE).to_bits() & ((1 << 52) - 1);
            #[allow(clippy::cast_possible_truncation, reason = "one limb of the number is meant")]
            let limb = (bits >> shift) as u32;
            *slot = limb;
        }
        let n = part.len().div_ceil(64);
        for plane in 0..PLANES {
            for half in whole.as_chunks::<64>().0.iter().take(n) {
                let mut line = Line([0; 64]);
                for (byte, q) in line.0.iter_mut().zip(half) {
                    #[allow(clippy::cast_possible_truncation, reason = "one byte of the number is meant")]
                    let plane = (q >> (8 * plane)) as u8;
                    *byte = plane;
                }
                lines.push(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_within_half_a_step() {
        for (n_bits, n_limbs) in [(3, 1), (6, 1), (7, 2), (9, 2)] {
            let numbers: Vec<f64> = (0..1_usize << n_bits).map(|i| (i as f64 * 0.7).sin() * 3.0 - 1.0).collect();
            let (least, most) = bounds(&numbers);
            assert!(numbers.iter().all(|x| (least..=most).contains(x)) && numbers.contains(&least));
            let step = step_of(most - least, n_limbs);
            let mut found = vec![least; numbers.len()];
            for limb in 0..n_limbs {
                let mut lines = Vec::new();
                write(&numbers, least, step, limb, &mut lines);
                assert_eq!(lines.len(), n_lines(n_bits));
                let halves = lines.len() / PLANES / numbers.len().div_ceil(128);
                for (at, found) in found.iter_mut().enumerate() {
                    let (part, place) = (at / 128, at % 128);
                    let of = |plane: usize| lines[(part * PLANES + plane) * halves + place / 64].0[place % 64];
                    let q: f64 = (0..3).map(|plane| f64::from(of(plane)) * 256.0_f64.powi(plane as i32)).sum();
                    *found += q * step * 2.0_f64.powi(24 * limb as i32);
                }
            }
            for (found, x) in found.iter().zip(&numbers) {
                assert!((found - x).abs() <= 0.5 * step + 1e-15, "{found} {x} {step}");
            }
        }
    }
}
