//! `exp` as additions and multiplications that a compiler turns into vector instructions.

/// `1/13!`, …, `1/2!`.
const COEFFICIENTS: [f64; 12] = [
    1.605_904_383_682_161_3e-10,
    2.087_675_698_786_81e-9,
    2.505_210_838_544_172e-8,
    2.755_731_922_398_589_3e-7,
    2.755_731_922_398_589e-6,
    2.480_158_730_158_73e-5,
    1.984_126_984_126_984e-4,
    1.388_888_888_888_889e-3,
    8.333_333_333_333_333e-3,
    4.166_666_666_666_666_4e-2,
    1.666_666_666_666_666_6e-1,
    0.5,
];
/// The first 33 bits of `ln 2`, so that `n·LN2_HIGH` is exact, and what is left.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// `1.5·2⁵²`: adding it rounds to a whole number, which then stands in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `exp(x)` for `x ≤ 0`; what is below −708 counts as −708.
///
/// ```text
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2        exp(x) = 2ⁿ·exp(r)        exp(r) ≈ Σ rᵏ/k!, k ≤ 13
/// ```
///
/// The series leaves out less than `r¹⁴/14!·1.03 < 4.3e-18`, or 6.1e-18 of `exp(r) ≥ 0.707`. Horner's rule ends with
/// `1 + r·(1 + r·q)`: with `u = 2⁻⁵³` its roundings add up to less than `1.42·u + 0.35·(1.2·u + …) < 2.1·u`, so that the relative
/// error is below `3·u = 3.4e-16` altogether. The same bits on every machine.
#[inline(always)]
pub(crate) fn exp_of_negative(x: f64) -> f64 {
    let x = x.max(-708.0);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut sum = 0.0;
    for c in COEFFICIENTS {
        sum = sum * r + c;
    }
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    ((sum * r + 1.0) * r + 1.0) * power
}

/// `1 / (1 + exp(−x))`, and `exp(−|x|)` beside it.
#[inline(always)]
pub(crate) fn sigmoid(x: f64) -> (f64, f64) {
    let e = exp_of_negative(-x.abs());
    let top = if x >= 0.0 { 1.0 } else { e };
    (top / (1.0 + e), e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_below_its_bound() {
        let mut worst: f64 = 0.0;
        for i in 0..2_000_000 {
            let x = -f64::from(i) * 3.54e-4;
            let exact = libm::exp(x);
            // The comparison itself may be off by one rounding.
            worst = worst.max((exp_of_negative(x) / exact - 1.0).abs());
        }
        assert!(worst < 4.0 * f64::EPSILON / 2.0, "{worst:e}");
        assert_eq!((exp_of_negative(0.0), exp_of_negative(-0.0)), (1.0, 1.0));
        assert!(exp_of_negative(f64::NEG_INFINITY) > 0.0 && exp_of_negative(-800.0) < 1e-307);
    }

    #[test]
    fn both_sides_of_a_sigmoid_add_up_to_one() {
        for i in -300..300 {
            let x = 0.1 * f64::from(i);
            let (p, e) = sigmoid(x);
            assert!((p + sigmoid(-x).0 - 1.0).abs() < 1e-15 && (p - 1.0 / (1.0 + libm::exp(-x))).abs() < 1e-15);
            assert!((e - libm::exp(-x.abs())).abs() <= 1e-15 * e);
        }
    }
}
