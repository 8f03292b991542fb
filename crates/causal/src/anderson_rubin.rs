//! What an instrument says of an effect however weak it is (Anderson & Rubin 1949, doi:10.1214/aoms/1177730090).
//!
//! For a linear score the test of one value, `(mean ψ_b + θ·mean ψ_a)² ≤ z²·Var`, needs no division by `mean ψ_a`. The values
//! it does not reject are the solutions of a quadratic inequality: an interval, all but an interval, or everything.

use equipoise_kernels::normal_quantile;

use crate::score::Rows;

/// Values of the effect that a test does not reject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Region {
    /// What lies between the two.
    Between(f64, f64),
    /// What is at most the first or at least the second.
    Beyond(f64, f64),
    /// Every value: the instrument says nothing.
    Everything,
}

/// Means of a linear score's two parts, with their covariance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AndersonRubin {
    a: f64,
    b: f64,
    /// Variances of the means of `ψ_a` and `ψ_b`, and their covariance.
    spread: [f64; 3],
}

impl AndersonRubin {
    /// Out of the parts of a score.
    #[must_use]
    pub fn of(psi_a: &[f64], psi_b: &[f64], rows: Rows<'_>) -> Self {
        let (a, b) = (rows.mean(psi_a), rows.mean(psi_b));
        let of_a: Vec<f64> = psi_a.iter().map(|x| x - a).collect();
        let of_b: Vec<f64> = psi_b.iter().map(|x| x - b).collect();
        let both: Vec<f64> = of_a.iter().zip(&of_b).map(|(a, b)| a + b).collect();
        let square = |x: &[f64]| {
            let se = rows.standard_error(x);
            se * se
        };
        let (va, vb) = (square(&of_a), square(&of_b));
        Self { a, b, spread: [va, vb, 0.5 * (square(&both) - va - vb)] }
    }

    /// The values that are not rejected at `1 − level`.
    #[must_use]
    pub fn region(&self, level: f64) -> Region {
        let z = normal_quantile(0.5 + 0.5 * level);
        let [va, vb, vab] = self.spread;
        // two·θ² + 2·one·θ + zero ≤ 0.
        let two = self.a * self.a - z * z * va;
        let one = self.a * self.b - z * z * vab;
        let zero = self.b * self.b - z * z * vb;
        let discriminant = one * one - two * zero;
        if discriminant.is_nan() || discriminant <= 0.0 || two == 0.0 {
            return Region::Everything;
        }
        // The root that does not cancel first; the other by the product of both.
        let far = -(one + libm::copysign(libm::sqrt(discriminant), one));
        let (x, y) = (far / two, if far == 0.0 { 0.0 } else { zero / far });
        let (low, high) = (x.min(y), x.max(y));
        if two > 0.0 { Region::Between(low, high) } else { Region::Beyond(low, high) }
    }
}

impl Region {
    /// Whether a value is not rejected.
    #[must_use]
    pub fn holds(&self, theta: f64) -> bool {
        match *self {
            Self::Between(low, high) => low <= theta && theta <= high,
            Self::Beyond(low, high) => theta <= low || theta >= high,
            Self::Everything => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use equipoise_kernels::Draws;

    /// The test itself at one value.
    fn is_kept(psi_a: &[f64], psi_b: &[f64], theta: f64) -> bool {
        let n = psi_a.len() as f64;
        let psi: Vec<f64> = psi_a.iter().zip(psi_b).map(|(a, b)| b + theta * a).collect();
        let mean = psi.iter().sum::<f64>() / n;
        let variance = psi.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / n / n;
        mean * mean <= normal_quantile(0.975).powi(2) * variance
    }

    #[test]
    fn regions_are_those_of_the_test_at_every_value() {
        let mut seen = [0; 3];
        for seed in 0..60 {
            let mut draws = Draws::new(seed, "ar", 0);
            let strength = [1.0, 0.25, 0.02][(seed % 3) as usize];
            let (psi_a, psi_b): (Vec<f64>, Vec<f64>) = (0..100)
                .map(|_| {
                    let shared = draws.normal();
                    (-strength + draws.normal() + shared, 0.7 * strength + draws.normal() - shared)
                })
                .unzip();
            let region = AndersonRubin::of(&psi_a, &psi_b, Rows::default()).region(0.95);
            for i in -400..=400 {
                let theta = 0.05 * f64::from(i) + 1e-4;
                assert_eq!(region.holds(theta), is_kept(&psi_a, &psi_b, theta), "{seed} {theta} {region:?}");
            }
            seen[match region {
                Region::Between(..) => 0,
                Region::Beyond(..) => 1,
                Region::Everything => 2,
            }] += 1;
        }
        assert!(seen.iter().all(|n| *n > 0), "{seen:?}");
    }
}
