//! Normal, Student's t, chi-squared and beta distributions, the same to the last bit on every machine.

use libm::{erfc, fabs, log, sqrt};

use crate::special::root_of_rising;
use crate::{beta_reg, gamma_q};

/// Distribution function of the standard normal, `Φ(z)`.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// Two-sided p-value of a standard normal statistic, `2·(1 − Φ(|z|))`, without losing small ones.
///
/// ```
/// assert!((equipoise_kernels::normal_two_sided(1.959_963_984_540_054) - 0.05).abs() < 1e-15);
/// ```
#[must_use]
pub fn normal_two_sided(z: f64) -> f64 {
    erfc(fabs(z) * std::f64::consts::FRAC_1_SQRT_2)
}

/// Quantile of the standard normal, `Φ⁻¹(p)`: Wichura's algorithm AS 241 (1988, doi:10.2307/2347330), some 1e-16
/// relative. Infinite at 0 and 1, NaN outside.
///
/// ```
/// assert!((equipoise_kernels::normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
/// ```
#[must_use]
#[allow(clippy::excessive_precision, clippy::unreadable_literal, reason = "coefficients as printed in the paper")]
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let q = p - 0.5;
    if fabs(q) <= 0.425 {
        let r = 0.180625 - q * q;
        let top = [
            3.3871328727963666080e0,
            1.3314166789178437745e2,
            1.9715909503065514427e3,
            1.3731693765509461125e4,
            4.5921953931549871457e4,
            6.7265770927008700853e4,
            3.3430575583588128105e4,
            2.5090809287301226727e3,
        ];
        let bottom = [
            1.0,
            4.2313330701600911252e1,
            6.8718700749205790830e2,
            5.3941960214247511077e3,
            2.1213794301586595867e4,
            3.9307895800092710610e4,
            2.8729085735721942674e4,
            5.2264952788528545610e3,
        ];
        return q * horner(&top, r) / horner(&bottom, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let r = sqrt(-log(tail));
    let size = if r <= 5.0 {
        let r = r - 1.6;
        let top = [
            1.42343711074968357734e0,
            4.63033784615654529590e0,
            5.76949722146069140550e0,
            3.64784832476320460504e0,
            1.27045825245236838258e0,
            2.41780725177450611770e-1,
            2.27238449892691845833e-2,
            7.74545014278341407640e-4,
        ];
        let bottom = [
            1.0,
            2.05319162663775882187e0,
            1.67638483018380384940e0,
            6.89767334985100004550e-1,
            1.48103976427480074590e-1,
            1.51986665636164571966e-2,
            5.47593808499534494600e-4,
            1.05075007164441684324e-9,
        ];
        horner(&top, r) / horner(&bottom, r)
    } else {
        let r = r - 5.0;
        let top = [
            6.65790464350110377720e0,
            5.46378491116411436990e0,
            1.78482653991729133580e0,
            2.96560571828504891230e-1,
            2.65321895265761230930e-2,
            1.24266094738807843860e-3,
            2.71155556874348757815e-5,
            2.01033439929228813265e-7,
        ];
        let bottom = [
            1.0,
            5.99832206555887937690e-1,
            1.36929880922735805310e-1,
            1.48753612908506148525e-2,
            7.86869131145613259100e-4,
            1.84631831751005468180e-5,
            1.42151175831644588870e-7,
            2.04426310338993978564e-15,
        ];
        horner(&top, r) / horner(&bottom, r)
    };
    if q < 0.0 { -size } else { size }
}

fn horner(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Two-sided p-value of Student's t with `df` degrees of freedom; the normal's where `df` is infinite.
#[must_use]
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if df.is_infinite() { normal_two_sided(t) } else { beta_reg(0.5 * df, 0.5, df / (df + t * t)) }
}

/// Distribution function of Student's t with `df` degrees of freedom.
#[must_use]
pub fn t_cdf(t: f64, df: f64) -> f64 {
    if df.is_finite() && t * t < df {
        // Near the middle x = df / (df + t²) is 1 but for its last digits: what lies between −t and t keeps all of them.
        let middle = 0.5 * beta_reg(0.5, 0.5 * df, t * t / (df + t * t));
        return if t > 0.0 { 0.5 + middle } else { 0.5 - middle };
    }
    let tail = 0.5 * t_two_sided(t, df);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// Quantile of Student's t with `df` degrees of freedom; NaN unless `df > 0` and `0 ≤ p ≤ 1`.
///
/// ```
/// // One degree of freedom is the Cauchy distribution: tan(π(p − ½)).
/// assert!((equipoise_kernels::t_quantile(0.75, 1.0) - 1.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return normal_quantile(p);
    }
    if !(df > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    let tail = 2.0 * p.min(1.0 - p);
    if tail > 0.9 {
        // The same from the middle, where 1 − x would lose its digits.
        let y = beta_quantile((2.0 * p - 1.0).abs(), 0.5, 0.5 * df);
        let size = sqrt(df * y / (1.0 - y));
        return if p < 0.5 { -size } else { size };
    }
    // With x = df / (df + t²), the two tails together weigh I_x(df/2, ½).
    let x = beta_quantile(tail, 0.5 * df, 0.5);
    let size = sqrt(df * (1.0 - x) / x);
    if p < 0.5 { -size } else { size }
}

/// Upper tail of the chi-squared distribution with `df` degrees of freedom: the p-value of a chi-squared statistic.
///
/// ```
/// // Two degrees of freedom: exp(−x/2).
/// assert!((equipoise_kernels::chi_squared_tail(3.0, 2.0) - (-1.5_f64).exp()).abs() < 1e-15);
/// ```
#[must_use]
pub fn chi_squared_tail(x: f64, df: f64) -> f64 {
    gamma_q(0.5 * df, 0.5 * x)
}

/// Quantile of the chi-squared distribution with `df` degrees of freedom; NaN unless `df > 0` and `0 ≤ p ≤ 1`.
#[must_use]
pub fn chi_squared_quantile(p: f64, df: f64) -> f64 {
    if !(df > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let mut high = df.max(1.0);
    while chi_squared_tail(high, df) > 1.0 - p && high < 1e300 {
        high *= 2.0;
    }
    root_of_rising(0.0, high, |x| (1.0 - p) - chi_squared_tail(x, df))
}

/// Quantile of the beta distribution; NaN unless `a > 0`, `b > 0` and `0 ≤ p ≤ 1`.
#[must_use]
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p <= 0.0 || p >= 1.0 {
        return p;
    }
    root_of_rising(0.0, 1.0, |x| beta_reg(a, b, x) - p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{Beta, ChiSquared, ContinuousCDF, Normal, StudentsT};

    #[test]
    fn printed_tables() {
        // SciPy 1.17; Fisher & Yates print 2.228 and 7.815.
        assert!((t_quantile(0.975, 10.0) - 2.228_138_851_986_274).abs() < 1e-12);
        assert!((chi_squared_quantile(0.95, 3.0) - 7.814_727_903_251_178).abs() < 1e-10);
        assert!((normal_cdf(1.96) - 0.975_002_104_851_779_6).abs() < 1e-15);
        assert!((normal_quantile(1e-20) + 9.262_340_089_798_409).abs() < 1e-12);
    }

    #[test]
    fn students_t_keeps_its_digits_near_the_middle() {
        let (p, df) = (0.500_061_475_127_163_6, 192.287_581_785_834_1);
        let t = t_quantile(p, df);
        assert!((t_cdf(t, df) - p).abs() < 1e-14, "{t}");
        // One degree of freedom is the Cauchy distribution.
        assert!((t_quantile(0.5 + 1e-7, 1.0) - (std::f64::consts::PI * 1e-7).tan()).abs() < 1e-15);
        assert!((t_cdf(-0.25, 1.0) - (0.5 - 0.25_f64.atan() / std::f64::consts::PI)).abs() < 1e-15);
        assert!(t_quantile(0.5, 7.0).abs() < 1e-15 && (t_cdf(0.0, 7.0) - 0.5).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn quantile_and_distribution_function_undo_each_other(p in 1e-9..0.999_999_999_f64) {
            prop_assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-14);
            let theirs = Normal::new(0.0, 1.0).unwrap().inverse_cdf(p);
            prop_assert!((normal_quantile(p) - theirs).abs() < 1e-8);
        }

        #[test]
        fn agree_with_another_implementation(p in 0.001..0.999_f64, df in 0.5..200.0_f64, b in 0.5..50.0_f64) {
            let t = t_quantile(p, df);
            prop_assert!((t_cdf(t, df) - p).abs() < 1e-10);
            prop_assert!((StudentsT::new(0.0, 1.0, df).unwrap().cdf(t) - p).abs() < 1e-9);
            let x = chi_squared_quantile(p, df);
            prop_assert!((ChiSquared::new(df).unwrap().cdf(x) - p).abs() < 1e-9);
            let x = beta_quantile(p, df, b);
            prop_assert!((Beta::new(df, b).unwrap().cdf(x) - p).abs() < 1e-9);
        }
    }
}
